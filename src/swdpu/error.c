/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "error.h"

GQuark
swdpu_error_quark (void)
{
  return g_quark_from_static_string ("swdpu-error-quark");
}

/**
 * swdpu_check_cancelled:
 * @cancelled: (nullable): somebody sets it to another number than 0, on whichever
 *   thread
 *
 * Returns: %FALSE with %SWDPU_ERROR_CANCELLED when that has happened
 */
gboolean
swdpu_check_cancelled (const gint *cancelled, GError **error)
{
  if (cancelled == NULL || g_atomic_int_get (cancelled) == 0)
    return TRUE;
  g_set_error (error, SWDPU_ERROR, SWDPU_ERROR_CANCELLED,
      "The software DPU was stopped");
  return FALSE;
}
