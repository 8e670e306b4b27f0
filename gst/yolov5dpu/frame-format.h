/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What follows from the caps of frames. */

#pragma once

#include "letterbox/letterbox.h"
#include "opened-model.h"

G_BEGIN_DECLS

/* a framerate is not needed, and applications leave it out */
/* clang-format off */
#define GST_YOLOV5_FRAME_CAPS                                                             \
  "video/x-raw, format = (string) " LETTERBOX_FORMATS ", "                     \
  "width = (int) [ 1, " G_STRINGIFY (LETTERBOX_MAX_FRAME_SIZE) " ], "          \
  "height = (int) [ 1, " G_STRINGIFY (LETTERBOX_MAX_FRAME_SIZE) " ]"
/* clang-format on */

/**
 * GstYolov5FrameFormat:
 * @info: the caps
 * @letterbox: from such frames into the model's input
 *
 * Reference counted, as frames of the old caps may still be in flight when new
 * caps come. Any thread may read it.
 */
typedef struct {
  GstVideoInfo info;
  Letterbox *letterbox;
} GstYolov5FrameFormat;

GstYolov5FrameFormat *gst_yolov5_frame_format_new (
    const GstYolov5OpenedModel *model, const GstVideoInfo *info,
    GError **error);
void gst_yolov5_frame_format_find_limits (const GstYolov5FrameFormat *self,
    guint min_size, guint max_size, Yolov5SizeLimits *limits);
GstYolov5FrameFormat *gst_yolov5_frame_format_ref (GstYolov5FrameFormat *self);
void gst_yolov5_frame_format_unref (GstYolov5FrameFormat *self);

gboolean gst_yolov5_frame_format_answer_caps (
    GstPad *pad, GstObject *parent, GstQuery *query);
gboolean gst_yolov5_frame_format_answer_accept_caps (
    GstPad *pad, GstObject *parent, GstQuery *query);

gboolean gst_yolov5_are_frames_turned_upstream (GstPad *pad);

G_END_DECLS
