/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What upstream is told about buffers, and the frames in those that come. */

#pragma once

#include <gst/video/video.h>

G_BEGIN_DECLS

void gst_yolov5_buffers_refuse_cropping (GstQuery *query);
void gst_yolov5_buffers_add_buffers (GstQuery *query, guint n_inside);
gboolean gst_yolov5_buffers_map_frame (GstVideoFrame *frame,
    const GstVideoInfo *info, GstBuffer *buffer, GstMapFlags flags,
    GError **error);

G_END_DECLS
