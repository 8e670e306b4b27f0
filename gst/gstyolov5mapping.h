/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Frames in memory, for elements that read or write pixels. */

#pragma once

#include <gst/video/video.h>

G_BEGIN_DECLS

gboolean gst_yolov5_mapping_map (GstVideoFrame *frame, const GstVideoInfo *info,
    GstBuffer *buffer, GstMapFlags flags, GError **error);

G_END_DECLS
