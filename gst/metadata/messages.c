/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "messages.h"

/**
 * gst_yolov5_message_set_label:
 * @label: a class, or 0, then nothing is set
 *
 * Sets `label` (string). Labels come from anywhere; structures take UTF-8 alone.
 */
void
gst_yolov5_message_set_label (GstStructure *structure, GQuark label)
{
  const gchar *text = g_quark_to_string (label);

  if (!text)
    return;
  if (g_utf8_validate (text, -1, NULL)) {
    gst_structure_set (structure, "label", G_TYPE_STRING, text, NULL);
  } else {
    g_autofree gchar *valid = g_utf8_make_valid (text, -1);

    gst_structure_set (structure, "label", G_TYPE_STRING, valid, NULL);
  }
}

/**
 * gst_yolov5_message_set_box:
 * @info: of the frame
 *
 * Sets `x`, `y`, `width` and `height` (int) in pixels of the frame.
 */
void
gst_yolov5_message_set_box (GstStructure *structure, const GstVideoInfo *info,
    const GstYolov5Detection *detection)
{
  GstVideoRectangle box;

  gst_yolov5_detection_get_pixels (detection, info, &box);
  /* clang-format off */
  gst_structure_set (structure,
      "x", G_TYPE_INT, box.x,
      "y", G_TYPE_INT, box.y,
      "width", G_TYPE_INT, box.w,
      "height", G_TYPE_INT, box.h,
      NULL);
  /* clang-format on */
}

/**
 * gst_yolov5_message_set_times:
 * @segment: (nullable): which @timestamp is in
 * @timestamp: of a frame, or %GST_CLOCK_TIME_NONE
 *
 * Sets `timestamp`, `stream-time` and `running-time` (uint64).
 */
void
gst_yolov5_message_set_times (
    GstStructure *structure, const GstSegment *segment, GstClockTime timestamp)
{
  GstClockTime stream_time = GST_CLOCK_TIME_NONE;
  GstClockTime running_time = GST_CLOCK_TIME_NONE;

  if (segment && segment->format == GST_FORMAT_TIME) {
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
 * gst_yolov5_message_new_detection:
 * @info: of the frame
 *
 * Returns: (transfer full): a structure `detection` with `label`, `label-id`
 *   (int), `confidence` (double), and the box
 */
GstStructure *
gst_yolov5_message_new_detection (
    const GstVideoInfo *info, const GstYolov5Detection *detection)
{
  GstStructure *structure = gst_structure_new_empty ("detection");

  gst_yolov5_message_set_label (structure, detection->label);
  /* clang-format off */
  gst_structure_set (structure,
      "label-id", G_TYPE_INT, detection->label_id,
      "confidence", G_TYPE_DOUBLE, detection->confidence,
      NULL);
  /* clang-format on */
  gst_yolov5_message_set_box (structure, info, detection);
  return structure;
}

/**
 * gst_yolov5_message_append:
 * @list: a #GstValueList
 * @structure: (transfer full): goes to its end
 */
void
gst_yolov5_message_append (GValue *list, GstStructure *structure)
{
  GValue value = G_VALUE_INIT;

  g_value_init (&value, GST_TYPE_STRUCTURE);
  g_value_take_boxed (&value, structure);
  gst_value_list_append_and_take_value (list, &value);
}
