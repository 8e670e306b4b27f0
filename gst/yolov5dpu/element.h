/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The detector element. */

#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_YOLOV5_DPU (gst_yolov5_dpu_get_type ())
G_DECLARE_FINAL_TYPE (GstYolov5Dpu, gst_yolov5_dpu, GST, YOLOV5_DPU, GstElement)

G_END_DECLS
