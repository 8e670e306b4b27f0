/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Names of DPU architectures, which target-factory knows. */

#ifdef HAVE_TARGET_FACTORY
#include <vitis/ai/target_factory.hpp>
#endif

#include "hardware.h"

/**
 * dpu_target_get_name:
 *
 * A fingerprint that no architecture has is fatal: to be called on a guard's
 * thread.
 *
 * Returns: (transfer full) (nullable): the name as vai_c_xir takes it, or %NULL
 *   when that is not known
 */
gchar *
dpu_target_get_name (guint64 fingerprint)
{
#ifdef HAVE_TARGET_FACTORY
  try {
    return g_strdup (
        vitis::ai::target_factory ()->create (fingerprint).name ().c_str ());
  } catch (...) {
  }
#endif
  return nullptr;
}
