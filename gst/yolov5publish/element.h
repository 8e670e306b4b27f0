/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gst/base/gstbasesink.h>

G_BEGIN_DECLS

#define GST_TYPE_YOLOV5_PUBLISH (gst_yolov5_publish_get_type ())
G_DECLARE_FINAL_TYPE (
    GstYolov5Publish, gst_yolov5_publish, GST, YOLOV5_PUBLISH, GstBaseSink)

G_END_DECLS
