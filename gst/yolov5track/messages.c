/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "messages.h"

#include "metadata/messages.h"

static GstStructure *
new_object (const GstVideoInfo *info, const GstYolov5Detection *detection,
    const GstYolov5TrackedObject *track)
{
  GstStructure *structure = gst_yolov5_message_new_detection (info, detection);

  /* clang-format off */
  gst_structure_set (structure,
      "id", G_TYPE_UINT64, track->id,
      "predicted", G_TYPE_BOOLEAN, track->is_predicted,
      "age", G_TYPE_UINT64, track->age,
      NULL);
  /* clang-format on */
  return structure;
}

/**
 * track_message_post:
 * @element: whose message it is
 * @srcpad: the pad that frames are pushed from
 * @buffer: a frame
 * @info: its size
 * @frame: what is in it
 *
 * Posts an element message with the fields listed in the element's
 * documentation.
 */
void
track_message_post (GstElement *element, GstPad *srcpad, GstBuffer *buffer,
    const GstVideoInfo *info, const TrackFrame *frame)
{
  GstEvent *event = gst_pad_get_sticky_event (srcpad, GST_EVENT_SEGMENT, 0);
  const GstSegment *segment = NULL;
  GValue list = G_VALUE_INIT;
  GstStructure *structure;

  g_value_init (&list, GST_TYPE_LIST);
  for (guint i = 0; i < frame->tracks->len; i++) {
    const GstYolov5TrackedObject *track =
        &g_array_index (frame->tracks, GstYolov5TrackedObject, i);

    if (track->id != 0)
      gst_yolov5_message_append (
          &list, new_object (info,
                     &g_array_index (frame->detections, GstYolov5Detection, i),
                     track));
  }

  if (event)
    gst_event_parse_segment (event, &segment);
  /* clang-format off */
  structure = gst_structure_new ("yolov5track",
      "frame", G_TYPE_UINT64, frame->number,
      "looked-at", G_TYPE_BOOLEAN, frame->has_looked,
      NULL);
  /* clang-format on */
  gst_yolov5_message_set_times (structure, segment, GST_BUFFER_PTS (buffer));
  gst_structure_set (
      structure, "duration", G_TYPE_UINT64, GST_BUFFER_DURATION (buffer), NULL);
  gst_structure_take_value (structure, "detections", &list);
  gst_clear_event (&event);

  gst_element_post_message (
      element, gst_message_new_element (GST_OBJECT_CAST (element), structure));
}
