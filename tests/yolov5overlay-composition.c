/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "overlayrig.h"
static Suite *
s_suite (void)
{
  return suite_create ("x");
}
GST_CHECK_MAIN (s)
