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

/**
 * gst_yolov5_frame_format_answer_caps:
 * @pad: the sink pad
 * @query: a CAPS query
 *
 * Whoever can choose is told the frames that the letterbox takes. Who cannot may
 * send others: what is wrong with them is an error message then, where a failed
 * negotiation would say nothing of it.
 *
 * Returns: whether the query is answered
 */
gboolean
gst_yolov5_frame_format_answer_caps (
    GstPad *pad, GstObject *parent, GstQuery *query)
{
  GstCaps *caps, *filter, *possible, *taken;

  if (!gst_pad_query_default (pad, parent, query))
    return FALSE;
  gst_query_parse_caps (query, &filter);
  gst_query_parse_caps_result (query, &possible);
  caps = gst_caps_from_string (GST_YOLOV5_FRAME_CAPS);
  taken = gst_caps_intersect_full (possible, caps, GST_CAPS_INTERSECT_FIRST);
  gst_caps_unref (caps);
  /* where the size is what is wrong, the format need not be, too */
  if (gst_caps_is_empty (taken)) {
    gst_caps_unref (taken);
    caps = gst_caps_from_string (
        "video/x-raw, format = (string) " LETTERBOX_FORMATS);
    taken = gst_caps_intersect_full (possible, caps, GST_CAPS_INTERSECT_FIRST);
    gst_caps_unref (caps);
  }

  if (!filter)
    taken = gst_caps_merge (taken, gst_caps_ref (possible));
  if (!gst_caps_is_empty (taken))
    gst_query_set_caps_result (query, taken);
  gst_caps_unref (taken);
  return TRUE;
}

/**
 * gst_yolov5_frame_format_answer_accept_caps:
 * @pad: the sink pad
 * @query: an ACCEPT_CAPS query
 *
 * Accepts frames that the letterbox does not take, for the same reason.
 *
 * Returns: whether the query is answered
 */
gboolean
gst_yolov5_frame_format_answer_accept_caps (
    GstPad *pad, GstObject *parent, GstQuery *query)
{
  GstCaps *caps, *template;
  gboolean is_raw;

  gst_query_parse_accept_caps (query, &caps);
  template = gst_pad_get_pad_template_caps (pad);
  is_raw = gst_caps_is_subset (caps, template);
  gst_caps_unref (template);
  if (!is_raw || !gst_caps_is_fixed (caps) || letterbox_check_caps (caps, NULL))
    return gst_pad_query_default (pad, parent, query);
  gst_query_set_accept_caps_result (query, TRUE);
  return TRUE;
}

/* the element that pushes to @pad, seen through the borders of bins */
static GstElement *
find_element_before (GstPad *pad)
{
  GstPad *peer = gst_pad_get_peer (pad);

  while (peer) {
    GstElement *element = gst_pad_get_parent_element (peer);
    GstPad *next = NULL;

    if (GST_IS_GHOST_PAD (peer)) {
      next = gst_ghost_pad_get_target (GST_GHOST_PAD (peer));
    } else if (GST_IS_PROXY_PAD (peer)) {
      GstProxyPad *outside = gst_proxy_pad_get_internal (GST_PROXY_PAD (peer));

      if (outside) {
        next = gst_pad_get_peer (GST_PAD (outside));
        gst_object_unref (outside);
      }
    } else {
      gst_object_unref (peer);
      return element;
    }
    gst_clear_object (&element);
    gst_object_unref (peer);
    peer = next;
  }
  return NULL;
}

static gboolean
turns_frames (GstElement *element)
{
  GstVideoOrientationMethod method = GST_VIDEO_ORIENTATION_IDENTITY;

  if (GST_IS_VIDEO_DIRECTION (element))
    g_object_get (element, "video-direction", &method, NULL);
  return method != GST_VIDEO_ORIENTATION_IDENTITY;
}

/**
 * gst_yolov5_are_frames_turned_upstream:
 * @pad: a sink pad
 *
 * Finds out whether an element in front turns frames as the stream's tag
 * image-orientation says. It may leave the tag as it was (videoflip does).
 *
 * Returns: whether there is one
 */
gboolean
gst_yolov5_are_frames_turned_upstream (GstPad *pad)
{
  gboolean turned = FALSE;

  gst_object_ref (pad);
  while (pad && !turned) {
    GstElement *element = find_element_before (pad);

    gst_object_unref (pad);
    pad = NULL;
    if (element) {
      turned = turns_frames (element);
      pad = gst_element_get_static_pad (element, "sink");
      gst_object_unref (element);
    }
  }
  gst_clear_object (&pad);
  return turned;
}
