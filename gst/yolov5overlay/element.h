/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The element that draws the detections on a buffer into its picture. */

#pragma once

#include <gst/video/gstvideofilter.h>

G_BEGIN_DECLS

#define GST_TYPE_YOLOV5_OVERLAY (gst_yolov5_overlay_get_type ())
G_DECLARE_FINAL_TYPE (
    GstYolov5Overlay, gst_yolov5_overlay, GST, YOLOV5_OVERLAY, GstVideoFilter)

G_END_DECLS
