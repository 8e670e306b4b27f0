/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "messages.h"

#include "metadata/detections.h"

static void
set_label (GstStructure *structure, GQuark label)
{
  if (label != 0) {
    /* labels come from anywhere */
    g_autofree gchar *text = g_utf8_make_valid (g_quark_to_string (label), -1);

    gst_structure_set (structure, "label", G_TYPE_STRING, text, NULL);
  }
}

static void
set_box (GstStructure *structure, const GstYolov5ZonesEvent *event,
    const GstVideoInfo *info)
{
  GstYolov5Detection detection = {
    .x = event->x * GST_VIDEO_INFO_WIDTH (info),
    .y = event->y * GST_VIDEO_INFO_HEIGHT (info),
    .width = event->width * GST_VIDEO_INFO_WIDTH (info),
    .height = event->height * GST_VIDEO_INFO_HEIGHT (info),
  };
  GstVideoRectangle box;

  gst_yolov5_detection_get_pixels (&detection, info, &box);
  gst_structure_set (structure, "x", G_TYPE_INT, box.x, "y", G_TYPE_INT, box.y,
      "width", G_TYPE_INT, box.w, "height", G_TYPE_INT, box.h, NULL);
}

static void
set_times (
    GstStructure *structure, GstClockTime timestamp, const GstSegment *segment)
{
  GstClockTime stream_time = GST_CLOCK_TIME_NONE;
  GstClockTime running_time = GST_CLOCK_TIME_NONE;

  if (segment->format == GST_FORMAT_TIME) {
    stream_time =
        gst_segment_to_stream_time (segment, GST_FORMAT_TIME, timestamp);
    running_time =
        gst_segment_to_running_time (segment, GST_FORMAT_TIME, timestamp);
  }
  /* clang-format off */
  gst_structure_set (structure,
      "timestamp", G_TYPE_UINT64, timestamp,
      "stream-time", G_TYPE_UINT64, stream_time,
      "running-time", G_TYPE_UINT64, running_time,
      NULL);
  /* clang-format on */
}

/**
 * zones_message_new:
 * @element: whose message it is
 * @event: what happened
 * @info: size of the frames
 * @segment: of its timestamp
 *
 * Returns: (transfer full): a message with the fields listed in the element's
 *   documentation
 */
GstMessage *
zones_message_new (GstElement *element, const GstYolov5ZonesEvent *event,
    const GstVideoInfo *info, const GstSegment *segment)
{
  GstStructure *structure = gst_structure_new_empty (
      gst_yolov5_zones_event_type_get_name (event->type));

  if (event->type == GST_YOLOV5_LINE_CROSSED)
    gst_structure_set (structure, "line", G_TYPE_STRING, event->shape,
        "direction", G_TYPE_STRING, event->is_forward ? "forward" : "backward",
        NULL);
  else
    gst_structure_set (structure, "zone", G_TYPE_STRING, event->shape, "stayed",
        G_TYPE_UINT64, event->stayed, NULL);
  gst_structure_set (structure, "id", G_TYPE_UINT64, event->id, NULL);
  set_label (structure, event->label);
  set_box (structure, event, info);
  gst_structure_set (structure, "gone", G_TYPE_BOOLEAN, event->is_gone, NULL);
  set_times (structure, event->timestamp, segment);
  return gst_message_new_element (GST_OBJECT_CAST (element), structure);
}
