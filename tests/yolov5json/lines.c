/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The lines that yolov5json writes, of frames of any kind. */

#include "rig.h"

#include <gst/video/video.h>

#include <math.h>
#include <string.h>

#include "testfolder.h"

/* a line says which frame it is of, and what was found where */
GST_START_TEST (test_fields)
{
  GstHarness *h = new_json ();
  GstBuffer *frame = new_frame (40 * GST_MSECOND);
  JsonObject *object;
  JsonNode *json;

  attach_region (frame, "person", 0.875);
  attach_region (frame, "car", 0.5);
  json = push_and_pull (h, frame);
  object = json_node_get_object (json);
  assert_equals_int64 (
      json_object_get_int_member (object, "pts"), 40 * GST_MSECOND);
  assert_equals_int64 (json_object_get_int_member (object, "frame"), 0);
  assert_equals_int64 (json_object_get_int_member (object, "width"), 640);
  assert_equals_int64 (json_object_get_int_member (object, "height"), 480);

  assert_equals_int (count_detections (json), 2);
  object = get_detection (json, 0);
  assert_equals_string (
      json_object_get_string_member (object, "label"), "person");
  assert_equals_int64 (json_object_get_int_member (object, "label_id"), 7);
  assert_equals_float (
      json_object_get_double_member (object, "confidence"), 0.875);
  assert_equals_int64 (json_object_get_int_member (object, "x"), 10);
  assert_equals_int64 (json_object_get_int_member (object, "y"), 20);
  assert_equals_int64 (json_object_get_int_member (object, "width"), 30);
  assert_equals_int64 (json_object_get_int_member (object, "height"), 40);
  assert_equals_string (
      json_object_get_string_member (get_detection (json, 1), "label"), "car");
  json_node_unref (json);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* a line has the times and flags of its frame */
GST_START_TEST (test_buffer)
{
  GstHarness *h = new_json ();
  GstBuffer *frame = new_frame (40 * GST_MSECOND);
  GstBuffer *line;

  GST_BUFFER_DTS (frame) = 30 * GST_MSECOND;
  GST_BUFFER_OFFSET (frame) = 12;
  GST_BUFFER_FLAG_SET (frame, GST_BUFFER_FLAG_DISCONT);
  GST_BUFFER_FLAG_SET (frame, GST_BUFFER_FLAG_GAP);
  line = gst_harness_push_and_pull (h, frame);
  assert_equals_uint64 (GST_BUFFER_PTS (line), 40 * GST_MSECOND);
  assert_equals_uint64 (GST_BUFFER_DTS (line), 30 * GST_MSECOND);
  assert_equals_uint64 (GST_BUFFER_DURATION (line), 33 * GST_MSECOND);
  assert_equals_uint64 (GST_BUFFER_OFFSET (line), 12);
  fail_unless (GST_BUFFER_IS_DISCONT (line));
  /* the line is there, even if the picture is not */
  fail_if (GST_BUFFER_FLAG_IS_SET (line, GST_BUFFER_FLAG_GAP));
  gst_buffer_unref (line);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* what nobody said is null: timestamp, label, number, confidence */
GST_START_TEST (test_unknown)
{
  static const gchar *const fields[] = { "label_id", "confidence" };
  GstHarness *h = new_json ();
  GstBuffer *frame = new_frame (GST_CLOCK_TIME_NONE);
  JsonNode *json;

  gst_buffer_add_video_region_of_interest_meta_id (frame, 0, 0, 0, 1, 1);
  gst_buffer_add_video_region_of_interest_meta (frame, "face", 1, 2, 3, 4);
  attach_region (frame, "ghost", NAN);
  attach_region (frame, "ghost", INFINITY);
  json = push_and_pull (h, frame);
  fail_unless (
      json_object_get_null_member (json_node_get_object (json), "pts"));
  assert_equals_int (count_detections (json), 4);
  fail_unless (json_object_get_null_member (get_detection (json, 0), "label"));
  assert_equals_string (
      json_object_get_string_member (get_detection (json, 1), "label"), "face");
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    fail_unless (
        json_object_get_null_member (get_detection (json, 1), fields[i]));
  for (guint i = 2; i < 4; i++)
    fail_unless (
        json_object_get_null_member (get_detection (json, i), "confidence"));
  json_node_unref (json);
  gst_harness_teardown (h);
}
GST_END_TEST;

static const struct {
  const gchar *label;
  const gchar *read;
} labels[] = {
  { "traffic light", "traffic light" },
  { "\"quoted\\", "\"quoted\\" },
  { "two\nlines\r\t\b", "two\nlines\r\t\b" },
  { "\x01\x1f\x7f", "\x01\x1f\x7f" },
  { "M\xc3\xbcll", "M\xc3\xbcll" },
  { "\xe7\x8c\xab \xf0\x9f\x90\x88", "\xe7\x8c\xab \xf0\x9f\x90\x88" },
  { "latin M\xfcll", "latin M\xef\xbf\xbdll" },
  { "cut \xe7\x8c", "cut \xef\xbf\xbd\xef\xbf\xbd" },
  { "", "" },
};

/* any label gives valid JSON on one line; what is not UTF-8 is replaced */
GST_START_TEST (test_labels)
{
  GstHarness *h = new_json ();
  GstBuffer *frame = new_frame (0);
  JsonNode *json;

  attach_region (frame, labels[__i__].label, 0.5);
  json = push_and_pull (h, frame);
  assert_equals_string (
      json_object_get_string_member (get_detection (json, 0), "label"),
      labels[__i__].read);
  json_node_unref (json);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* boxes as large as metadata can say stay what they are */
GST_START_TEST (test_large_box)
{
  GstHarness *h = new_json ();
  GstBuffer *frame = new_frame (0);
  JsonObject *object;
  JsonNode *json;

  gst_buffer_add_video_region_of_interest_meta (
      frame, "wall", G_MAXUINT, 0, G_MAXUINT, 1);
  json = push_and_pull (h, frame);
  object = get_detection (json, 0);
  assert_equals_int64 (json_object_get_int_member (object, "x"), G_MAXUINT);
  assert_equals_int64 (json_object_get_int_member (object, "width"), G_MAXUINT);
  json_node_unref (json);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* the size follows the caps, frame by frame */
GST_START_TEST (test_caps_change)
{
  GstHarness *h = new_json ();
  JsonNode *json;

  json_node_unref (push_and_pull (h, new_frame (0)));
  gst_harness_set_src_caps_str (
      h, "video/x-raw,format=RGB,width=1920,height=1080,framerate=30/1");
  json = push_and_pull (h, new_frame (0));
  assert_equals_int64 (
      json_object_get_int_member (json_node_get_object (json), "width"), 1920);
  assert_equals_int64 (
      json_object_get_int_member (json_node_get_object (json), "height"), 1080);
  json_node_unref (json);
  gst_harness_teardown (h);
}
GST_END_TEST;

static const gchar *const any_caps[] = {
  "video/x-raw(memory:DMABuf),format=NV12,width=64,height=32",
  "video/x-raw(memory:GLMemory),format=RGBA,width=64,height=32",
  "video/x-raw,format=P010_10LE,width=64,height=32",
  "video/x-raw,format=FROM_THE_FUTURE,width=64,height=32",
};

/* every format and memory does; the frames here have no pixels at all */
GST_START_TEST (test_any_memory)
{
  GstHarness *h = gst_harness_new ("yolov5json");
  JsonNode *json;

  gst_harness_set_src_caps_str (h, any_caps[__i__]);
  json = push_and_pull (h, new_frame (0));
  assert_equals_int64 (
      json_object_get_int_member (json_node_get_object (json), "width"), 64);
  json_node_unref (json);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* upstream may lay out its frames as it likes */
GST_START_TEST (test_allocation)
{
  GstHarness *h = new_json ();
  GstCaps *caps = gst_caps_from_string (CAPS);
  GstQuery *query = gst_query_new_allocation (caps, TRUE);

  fail_unless (gst_pad_peer_query (h->srcpad, query));
  fail_unless (
      gst_query_find_allocation_meta (query, GST_VIDEO_META_API_TYPE, NULL));
  gst_query_unref (query);
  gst_caps_unref (caps);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* a pipeline publishes results without code: each frame of it is a line, also
 * those that pass without inference */
GST_START_TEST (test_pipeline)
{
  g_autofree gchar *folder = testfolder_make ();
  g_autofree gchar *path = g_build_filename (folder, "out.jsonl", NULL);
  g_autofree gchar *description = g_strdup_printf (
      "videotestsrc num-buffers=5 ! yolov5dpu device=%s threshold=0.01 "
      "inference-interval=2 model=%s/street/street-640x384_int.xmodel ! yolov5json "
      "! filesink location=%s",
      g_getenv ("TEST_DEVICE"), g_getenv ("TEST_MODELS_DIR"), path);
  GstElement *pipeline = gst_parse_launch (description, NULL);
  GstBus *bus = gst_element_get_bus (pipeline);
  g_autofree gchar *text = NULL;
  g_auto (GStrv) lines = NULL;
  guint n_detections = 0;
  GstMessage *message;

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (
      bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  assert_equals_int (GST_MESSAGE_TYPE (message), GST_MESSAGE_EOS);
  gst_message_unref (message);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (bus);
  gst_object_unref (pipeline);

  fail_unless (g_file_get_contents (path, &text, NULL, NULL));
  lines = g_strsplit (text, "\n", -1);
  assert_equals_int (g_strv_length (lines), 5 + 1);
  assert_equals_string (lines[5], "");
  for (gint64 i = 0; i < 5; i++) {
    g_autofree gchar *line = g_strconcat (lines[i], "\n", NULL);
    JsonNode *json = parse_line (line, strlen (line));

    assert_equals_int64 (
        json_object_get_int_member (json_node_get_object (json), "frame"), i);
#if GST_CHECK_VERSION(1, 20, 0)
    check_inferred (json, i % 2 == 0);
#endif
    n_detections += count_detections (json);
    json_node_unref (json);
  }
  assert_equals_int (n_detections > 0, TRUE);
  testfolder_remove (folder);
}
GST_END_TEST;

static Suite *
lines_suite (void)
{
  Suite *suite = suite_create ("yolov5json-lines");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  testfolder_add (tcase);
  tcase_add_test (tcase, test_fields);
  tcase_add_test (tcase, test_buffer);
  tcase_add_test (tcase, test_unknown);
  tcase_add_loop_test (tcase, test_labels, 0, G_N_ELEMENTS (labels));
  tcase_add_test (tcase, test_large_box);
  tcase_add_test (tcase, test_caps_change);
  tcase_add_loop_test (tcase, test_any_memory, 0, G_N_ELEMENTS (any_caps));
  tcase_add_test (tcase, test_allocation);
  tcase_add_test (tcase, test_pipeline);
  return suite;
}

GST_CHECK_MAIN (lines);
