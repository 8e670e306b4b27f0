/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The element that turns frames into lines of JSON. */

#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_YOLOV5_JSON (gst_yolov5_json_get_type ())
G_DECLARE_FINAL_TYPE (
    GstYolov5Json, gst_yolov5_json, GST, YOLOV5_JSON, GstElement)

G_END_DECLS
