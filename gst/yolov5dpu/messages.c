/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Errors of the rooms below as GStreamer's errors, and detections as metadata
 * and as element messages. */

#include "messages.h"

#include "metadata/messages.h"

static void
find_gst_error (const GError *error, GQuark *domain, gint *code)
{
  *domain = GST_RESOURCE_ERROR;
  *code = GST_RESOURCE_ERROR_SETTINGS;

  if (error->domain == GST_RESOURCE_ERROR)
    *code = error->code;
  else if (g_error_matches (error, DPU_ERROR, DPU_ERROR_NOT_FOUND)
           || g_error_matches (error, YOLOV5_ERROR, YOLOV5_ERROR_NOT_FOUND)) {
    *code = GST_RESOURCE_ERROR_NOT_FOUND;
  } else if (g_error_matches (error, DPU_ERROR, DPU_ERROR_INIT)) {
    *domain = GST_LIBRARY_ERROR;
    *code = GST_LIBRARY_ERROR_INIT;
  } else if (g_error_matches (error, DPU_ERROR, DPU_ERROR_FAILED)) {
    *domain = GST_STREAM_ERROR;
    *code = GST_STREAM_ERROR_FAILED;
  } else if (error->domain == LETTERBOX_ERROR) {
    *domain = GST_STREAM_ERROR;
    *code = GST_STREAM_ERROR_FORMAT;
  } else if (error->domain == G_THREAD_ERROR) {
    *domain = GST_CORE_ERROR;
    *code = GST_CORE_ERROR_THREAD;
  }
}

/**
 * gst_yolov5_post_error_from:
 * @file: where it is reported, for gst_yolov5_post_error()
 *
 * Paths in the sentence may be in any encoding, the message is UTF-8.
 */
void
gst_yolov5_post_error_from (GstElement *element, const GError *error,
    const gchar *file, const gchar *function, gint line)
{
  GQuark domain;
  gint code;

  find_gst_error (error, &domain, &code);
  gst_element_message_full (element, GST_MESSAGE_ERROR, domain, code,
      g_utf8_make_valid (error->message, -1), NULL, file, function, line);
}

/**
 * gst_yolov5_attach_results:
 * @buffer: (transfer full): a frame
 * @slot: what was found in it, or in one before it
 * @mark: who found it, and how much older the frame is in which it was found;
 *   the rest is filled in
 * @regions: whether to attach regions of interest
 *
 * Only the buffer's metadata are copied, and only where somebody else still
 * holds it; the memory is shared.
 *
 * Returns: (transfer full): the frame with its detections and the mark
 */
GstBuffer *
gst_yolov5_attach_results (GstBuffer *buffer, const GstYolov5Slot *slot,
    GstYolov5Inference mark, gboolean regions)
{
  GstYolov5Detection *detections =
      (GstYolov5Detection *) slot->detections->data;

  mark.frame = slot->frame;
  mark.n_detections = slot->detections->len;
  mark.letterbox_time = slot->letterbox_time;
  mark.inference_time = slot->inference_time;
  mark.postprocess_time = slot->postprocess_time;

  buffer = gst_buffer_make_writable (buffer);
  gst_yolov5_detections_attach (
      buffer, &slot->format->info, detections, slot->detections->len, regions);
  gst_yolov5_inference_attach (
      buffer, &mark, detections, slot->detections->len);
  return buffer;
}

/**
 * gst_yolov5_find_lag:
 * @srcpad: the pad that @buffer is going to be pushed from
 * @buffer: a frame
 * @slot: a frame before it
 *
 * Returns: how much older the frame in @slot is; 0 where that cannot be told, or
 *   where boxes of the one have no place on the other
 */
GstClockTime
gst_yolov5_find_lag (
    GstPad *srcpad, GstBuffer *buffer, const GstYolov5Slot *slot)
{
  GstCaps *caps = gst_pad_get_current_caps (srcpad);
  GstVideoInfo info;
  gboolean same_size;

  same_size = caps && gst_video_info_from_caps (&info, caps)
              && info.width == slot->format->info.width
              && info.height == slot->format->info.height;
  gst_clear_caps (&caps);
  if (!same_size || !GST_BUFFER_PTS_IS_VALID (buffer)
      || !GST_CLOCK_TIME_IS_VALID (slot->timestamp)
      || GST_BUFFER_PTS (buffer) <= slot->timestamp)
    return 0;
  return GST_BUFFER_PTS (buffer) - slot->timestamp;
}

/**
 * gst_yolov5_post_detections:
 * @element: whose message it is
 * @srcpad: the pad that frames are pushed from
 * @slot: a frame and what was found in it
 *
 * Posts an element message with the fields listed in the element's
 * documentation.
 */
void
gst_yolov5_post_detections (
    GstElement *element, GstPad *srcpad, const GstYolov5Slot *slot)
{
  GstEvent *event = gst_pad_get_sticky_event (srcpad, GST_EVENT_SEGMENT, 0);
  const GstSegment *segment = NULL;
  GValue list = G_VALUE_INIT;
  GstStructure *structure;
  guint i;

  g_value_init (&list, GST_TYPE_LIST);
  for (i = 0; i < slot->detections->len; i++)
    gst_yolov5_message_append (
        &list, gst_yolov5_message_new_detection (&slot->format->info,
                   &g_array_index (slot->detections, GstYolov5Detection, i)));

  if (event)
    gst_event_parse_segment (event, &segment);
  structure = gst_structure_new (
      "yolov5dpu", "frame", G_TYPE_UINT64, slot->frame, NULL);
  gst_yolov5_message_set_times (structure, segment, slot->timestamp);
  gst_structure_set (
      structure, "duration", G_TYPE_UINT64, slot->duration, NULL);
  gst_structure_take_value (structure, "detections", &list);
  gst_clear_event (&event);

  gst_element_post_message (
      element, gst_message_new_element (GST_OBJECT_CAST (element), structure));
}
