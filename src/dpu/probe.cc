/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "probe.h"

/**
 * dpu_count_devices:
 * @probe: XRT's xclProbe()
 *
 * XRT for boards lists /dev/dri/by-path and throws when there is no such
 * folder, as on a board without its bitstream.
 *
 * Returns: 0 when XRT throws
 */
guint
dpu_count_devices (guint (*probe) (void))
{
  try {
    return probe ();
  } catch (...) {
    return 0;
  }
}
