/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "rig.h"

#include <gst/video/video.h>

#include <string.h>

#include "metadata/inference.h"

GstHarness *
new_json (void)
{
  GstHarness *h = gst_harness_new ("yolov5json");

  gst_harness_set_src_caps_str (h, CAPS);
  return h;
}

GstBuffer *
new_frame (GstClockTime pts)
{
  GstBuffer *buffer = gst_buffer_new ();

  GST_BUFFER_PTS (buffer) = pts;
  GST_BUFFER_DURATION (buffer) = 33 * GST_MSECOND;
  return buffer;
}

void
attach_region (GstBuffer *buffer, const gchar *label, gdouble confidence)
{
  GstVideoRegionOfInterestMeta *region =
      gst_buffer_add_video_region_of_interest_meta (
          buffer, label, 10, 20, 30, 40);

  gst_video_region_of_interest_meta_add_param (
      region, gst_structure_new ("detection", "label_id", G_TYPE_INT, 7,
                  "confidence", G_TYPE_DOUBLE, confidence, NULL));
}

void
mark_frame (GstBuffer *buffer, guint64 frame)
{
  GstYolov5Inference inference = {
    .frame = frame,
    .inference_time = 20 * GST_MSECOND,
  };

  gst_yolov5_inference_register ();
  gst_yolov5_inference_attach (buffer, &inference, NULL, 0);
}

JsonNode *
parse_line (const gchar *text, gsize size)
{
  JsonParser *parser = json_parser_new ();
  GError *error = NULL;
  JsonNode *json;

  fail_unless (size > 0 && text[size - 1] == '\n', "the line has no end");
  fail_unless (memchr (text, '\n', size - 1) == NULL, "more than one line");
  fail_unless (g_utf8_validate (text, (gssize) size, NULL));
  fail_unless (json_parser_load_from_data (parser, text, size, &error), "%s",
      error != NULL ? error->message : "");
  json = json_parser_steal_root (parser);
  fail_unless (JSON_NODE_HOLDS_OBJECT (json));
  g_object_unref (parser);
  return json;
}

/* takes the next line out of the harness */
JsonNode *
pull_line (GstHarness *h)
{
  GstBuffer *buffer = gst_harness_pull (h);
  GstMapInfo map;
  JsonNode *json;

  fail_unless (gst_buffer_map (buffer, &map, GST_MAP_READ));
  json = parse_line ((const gchar *) map.data, map.size);
  gst_buffer_unmap (buffer, &map);
  gst_buffer_unref (buffer);
  return json;
}

JsonNode *
push_and_pull (GstHarness *h, GstBuffer *frame)
{
  assert_equals_int (gst_harness_push (h, frame), GST_FLOW_OK);
  return pull_line (h);
}

JsonObject *
get_detection (JsonNode *json, guint i)
{
  return json_array_get_object_element (
      json_object_get_array_member (json_node_get_object (json), "detections"),
      i);
}

guint
count_detections (JsonNode *json)
{
  return json_array_get_length (
      json_object_get_array_member (json_node_get_object (json), "detections"));
}

void
check_inferred (JsonNode *json, gint expected)
{
  JsonObject *object = json_node_get_object (json);

  fail_unless (json_object_has_member (object, "inferred"));
  if (expected == UNKNOWN)
    fail_unless (json_object_get_null_member (object, "inferred"));
  else
    assert_equals_int (
        json_object_get_boolean_member (object, "inferred"), expected);
}
