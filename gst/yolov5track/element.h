/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The element that gives detections ids. */

#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_YOLOV5_TRACK (gst_yolov5_track_get_type ())
G_DECLARE_FINAL_TYPE (
    GstYolov5Track, gst_yolov5_track, GST, YOLOV5_TRACK, GstElement)

G_END_DECLS
