/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "stream.h"

#include "messages.h"
#include "metadata/buffers.h"

GST_DEBUG_CATEGORY_EXTERN (gst_yolov5_dpu_debug);
#define GST_CAT_DEFAULT gst_yolov5_dpu_debug
GST_DEBUG_CATEGORY_EXTERN (gst_yolov5_dpu_performance_debug);
#define CAT_PERFORMANCE gst_yolov5_dpu_performance_debug

/**
 * gst_yolov5_stream_init:
 * @element: the element, borrowed
 * @sinkpad: its pad, borrowed
 * @timing: learns how long frames last, borrowed
 */
void
gst_yolov5_stream_init (GstYolov5Stream *self, GstElement *element,
    GstPad *sinkpad, GstYolov5Timing *timing)
{
  self->element = element;
  self->sinkpad = sinkpad;
  self->timing = timing;
}

/**
 * gst_yolov5_stream_clear:
 *
 * Forgets the caps.
 */
void
gst_yolov5_stream_clear (GstYolov5Stream *self)
{
  g_clear_pointer (&self->format, gst_yolov5_frame_format_unref);
  gst_caps_replace (&self->refused, NULL);
}

/**
 * gst_yolov5_stream_reset:
 *
 * Nothing has come yet.
 */
void
gst_yolov5_stream_reset (GstYolov5Stream *self)
{
  gst_segment_init (&self->segment, GST_FORMAT_UNDEFINED);
  self->turned = FALSE;
}

/**
 * gst_yolov5_stream_set_caps:
 * @model: (nullable): the opened model
 *
 * Posts what is wrong.
 *
 * Returns: whether such frames can be letterboxed
 */
gboolean
gst_yolov5_stream_set_caps (
    GstYolov5Stream *self, const GstYolov5OpenedModel *model, GstCaps *caps)
{
  GstVideoInfo info;
  GError *error = NULL;

  /* pads may be activated by hand */
  if (!model) {
    GST_ELEMENT_ERROR (self->element, CORE, NEGOTIATION,
        ("Caps came before the model is open: set the element to PAUSED first"),
        (NULL));
    return FALSE;
  }
  if (!letterbox_check_caps (caps, &error)) {
    /* they come again with the first frame */
    if (!self->refused || !gst_caps_is_equal (self->refused, caps))
      gst_yolov5_post_error (self->element, error);
    g_error_free (error);
    gst_caps_replace (&self->refused, caps);
    return FALSE;
  }
  if (!gst_video_info_from_caps (&info, caps)) {
    GST_ELEMENT_ERROR (self->element, CORE, NEGOTIATION,
        ("The caps %" GST_PTR_FORMAT " do not describe raw video", caps),
        (NULL));
    return FALSE;
  }
  if (self->format && gst_video_info_is_equal (&self->format->info, &info)) {
    GST_DEBUG_OBJECT (
        self->element, "frames stay as they are: %" GST_PTR_FORMAT, caps);
    return TRUE;
  }

  g_clear_pointer (&self->format, gst_yolov5_frame_format_unref);
  self->format = gst_yolov5_frame_format_new (model, &info, &error);
  self->memory_checked = FALSE;
  if (!self->format) {
    gst_yolov5_post_error (self->element, error);
    g_error_free (error);
    return FALSE;
  }

  GST_INFO_OBJECT (self->element, "frames are %" GST_PTR_FORMAT, caps);
  gst_yolov5_timing_set_frame_duration (self->timing, &info);
  return TRUE;
}

/* A picture that is to be turned before it is shown is not what the model was
 * trained on: people that lie on their sides are rarely found. */
static void
check_orientation (GstYolov5Stream *self, GstEvent *event)
{
  g_autofree gchar *orientation = NULL;
  GstTagList *tags;

  gst_event_parse_tag (event, &tags);
  if (!gst_tag_list_get_string (tags, GST_TAG_IMAGE_ORIENTATION, &orientation)
      || g_str_equal (orientation, "rotate-0") || self->turned
      || gst_yolov5_are_frames_turned_upstream (self->sinkpad))
    return;
  self->turned = TRUE;
  GST_ELEMENT_WARNING (self->element, STREAM, FORMAT,
      ("The video is to be turned before it is shown (its tag "
       "image-orientation is \"%s\"), and objects that do not stand upright "
       "are hardly found: put \"videoflip video-direction=auto\" in front",
          orientation),
      (NULL));
}

/**
 * gst_yolov5_stream_take_event:
 * @event: a serialized event or a flush, before it passes
 */
void
gst_yolov5_stream_take_event (GstYolov5Stream *self, GstEvent *event)
{
  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_SEGMENT:
      gst_event_copy_segment (event, &self->segment);
      break;
    case GST_EVENT_TAG:
      check_orientation (self, event);
      break;
    case GST_EVENT_STREAM_START:
      self->turned = FALSE;
      break;
    case GST_EVENT_FLUSH_STOP:
      gst_segment_init (&self->segment, GST_FORMAT_UNDEFINED);
      break;
    default:
      break;
  }
}

/**
 * gst_yolov5_stream_sync_properties:
 *
 * Sets what is controlled to what it is to be for this frame. One outside of the
 * segment has no stream time.
 */
void
gst_yolov5_stream_sync_properties (GstYolov5Stream *self, GstBuffer *buffer)
{
  GstClockTime stream_time = GST_CLOCK_TIME_NONE;

  if (self->segment.format == GST_FORMAT_TIME)
    stream_time = gst_segment_to_stream_time (
        &self->segment, GST_FORMAT_TIME, GST_BUFFER_PTS (buffer));
  if (GST_CLOCK_TIME_IS_VALID (stream_time))
    gst_object_sync_values (GST_OBJECT_CAST (self->element), stream_time);
}

/* once per caps */
static void
check_memory (GstYolov5Stream *self, GstBuffer *buffer)
{
  GstMemory *memory = gst_buffer_peek_memory (buffer, 0);

  if (!gst_memory_is_type (memory, GST_ALLOCATOR_SYSMEM))
    GST_CAT_INFO_OBJECT (CAT_PERFORMANCE, self->element,
        "frames come in \"%s\" memory, which may be slow to read",
        memory->allocator ? memory->allocator->mem_type : "unknown");
  self->memory_checked = TRUE;
}

/**
 * gst_yolov5_stream_map_frame:
 * @frame: (out): for gst_video_frame_unmap()
 *
 * Posts what is wrong.
 *
 * Returns: whether the pixels of @buffer can be read
 */
gboolean
gst_yolov5_stream_map_frame (
    GstYolov5Stream *self, GstBuffer *buffer, GstVideoFrame *frame)
{
  g_autoptr (GError) error = NULL;

  if (!gst_yolov5_buffers_map_frame (
          frame, &self->format->info, buffer, GST_MAP_READ, &error)) {
    GST_ELEMENT_ERROR (
        self->element, STREAM, FORMAT, ("%s", error->message), (NULL));
    return FALSE;
  }
  if (!self->memory_checked)
    check_memory (self, buffer);
  return TRUE;
}
