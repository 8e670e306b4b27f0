/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The letterbox from frames of one format into one model's input, and back. */

#include "frame-format.h"

static void
find_target (const Yolov5Model *yolov5, LetterboxTarget *target)
{
  const Yolov5Tensor *input = yolov5_model_get_input (yolov5);

  target->width = input->width;
  target->height = input->height;
  target->fix_point = input->fix_point;
  target->channel_order = yolov5_model_is_bgr (yolov5)
                              ? LETTERBOX_CHANNEL_ORDER_BGR
                              : LETTERBOX_CHANNEL_ORDER_RGB;
  target->pad = yolov5_model_get_pad (yolov5);
}

/**
 * gst_yolov5_frame_format_new:
 * @model: the model the frames are for
 * @info: caps of the frames
 * @error: #LetterboxError
 *
 * Returns: (transfer full) (nullable): the format
 */
GstYolov5FrameFormat *
gst_yolov5_frame_format_new (
    const GstYolov5OpenedModel *model, const GstVideoInfo *info, GError **error)
{
  LetterboxTarget target;
  Letterbox *letterbox;
  GstYolov5FrameFormat *self;

  find_target (model->yolov5, &target);
  letterbox = letterbox_new (info, &target, error);
  if (!letterbox)
    return NULL;

  self = g_atomic_rc_box_new0 (GstYolov5FrameFormat);
  self->info = *info;
  self->letterbox = letterbox;
  return self;
}

/**
 * gst_yolov5_frame_format_find_limits:
 * @min_size: shortest side of a box in pixels of the frame
 * @max_size: longest side of a box in pixels of the frame, or 0
 * @limits: (out): the same in pixels of the model's input
 */
void
gst_yolov5_frame_format_find_limits (const GstYolov5FrameFormat *self,
    guint min_size, guint max_size, Yolov5SizeLimits *limits)
{
  LetterboxRectangle picture;
  gfloat scale_x, scale_y;

  letterbox_get_picture (self->letterbox, &picture);
  scale_x = (gfloat) picture.width / GST_VIDEO_INFO_WIDTH (&self->info);
  scale_y = (gfloat) picture.height / GST_VIDEO_INFO_HEIGHT (&self->info);
  limits->min_width = min_size * scale_x;
  limits->min_height = min_size * scale_y;
  limits->max_width = max_size * scale_x;
  limits->max_height = max_size * scale_y;
}

GstYolov5FrameFormat *
gst_yolov5_frame_format_ref (GstYolov5FrameFormat *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear_frame_format (gpointer data)
{
  GstYolov5FrameFormat *self = data;

  letterbox_free (self->letterbox);
}

void
gst_yolov5_frame_format_unref (GstYolov5FrameFormat *self)
{
  g_atomic_rc_box_release_full (self, clear_frame_format);
}
