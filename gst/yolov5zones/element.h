/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The element that counts what crosses lines and is in zones. */

#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_YOLOV5_ZONES (gst_yolov5_zones_get_type ())
G_DECLARE_FINAL_TYPE (
    GstYolov5Zones, gst_yolov5_zones, GST, YOLOV5_ZONES, GstElement)

G_END_DECLS
