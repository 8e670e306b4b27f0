/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What lines say of who looked at a frame. */

#include "rig.h"

#include "metadata/inference.h"
#include "metadata/model-event.h"

/* another element's frames count as inferred if there is something in them */
GST_START_TEST (test_inferred_without_mark)
{
  GstHarness *h = new_json ();
  GstBuffer *frame = new_frame (0);
  JsonNode *json;

  json = push_and_pull (h, new_frame (0));
  check_inferred (json, UNKNOWN);
  json_node_unref (json);

  attach_region (frame, "person", 0.5);
  json = push_and_pull (h, frame);
  check_inferred (json, YES);
  fail_if (
      json_object_has_member (json_node_get_object (json), "inference_time"));
  json_node_unref (json);
  gst_harness_teardown (h);
}
GST_END_TEST;

#if GST_CHECK_VERSION(1, 20, 0)
/* a mark tells an empty result from a frame that nobody looked at */
GST_START_TEST (test_inferred_with_mark)
{
  GstHarness *h = new_json ();
  GstBuffer *frame = new_frame (0);
  JsonNode *json;

  mark_frame (frame, 0);
  json = push_and_pull (h, frame);
  check_inferred (json, YES);
  assert_equals_int (count_detections (json), 0);
  assert_equals_int64 (json_object_get_int_member (
                           json_node_get_object (json), "inference_time"),
      20 * GST_MSECOND);
  json_node_unref (json);

  json = push_and_pull (h, new_frame (0));
  check_inferred (json, NO);
  json_node_unref (json);

  /* carried on by a tracker, say */
  frame = new_frame (0);
  attach_region (frame, "person", 0.5);
  json = push_and_pull (h, frame);
  check_inferred (json, NO);
  json_node_unref (json);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* results that come late say by how much, and leave the numbers of frames alone */
GST_START_TEST (test_lag)
{
  GstHarness *h = new_json ();
  GstYolov5Inference late = { .frame = 3, .lag = 40 * GST_MSECOND };
  GstBuffer *frame = new_frame (0);
  JsonObject *object;
  JsonNode *json;

  mark_frame (frame, 7);
  json = push_and_pull (h, frame);
  fail_if (json_object_has_member (json_node_get_object (json), "lag"));
  json_node_unref (json);

  frame = new_frame (0);
  gst_yolov5_inference_attach (frame, &late, NULL, 0);
  json = push_and_pull (h, frame);
  object = json_node_get_object (json);
  assert_equals_int64 (json_object_get_int_member (object, "frame"), 8);
  assert_equals_int64 (
      json_object_get_int_member (object, "lag"), 40 * GST_MSECOND);
  json_node_unref (json);
  gst_harness_teardown (h);
}
GST_END_TEST;

static void
mark_found (GstBuffer *frame, const gchar *name, const gchar *path,
    const gchar *label, guint64 number)
{
  GstYolov5Inference inference = { .frame = number,
    .inference_time = 20 * GST_MSECOND,
    .element = name,
    .path = path };
  GstYolov5Detection detection = { .label = g_quark_from_string (label),
    .label_id = 3,
    .confidence = 0.5,
    .width = 10,
    .height = 10 };
  GstVideoInfo info;

  gst_video_info_set_format (&info, GST_VIDEO_FORMAT_I420, 640, 480);
  gst_yolov5_inference_register ();
  gst_yolov5_detections_attach (frame, &info, &detection, 1, TRUE);
  gst_yolov5_inference_attach (frame, &inference, &detection, 1);
}

/* with several detectors, a line says which of them looked and who found what;
 * the frame is inferred when all of them looked. They are known by what they
 * say of their models, or by their marks. */
GST_START_TEST (test_several_detectors)
{
  static const gchar *const classes[] = { "car", "person" };
  guint with_events;

  for (with_events = 0; with_events < 2; with_events++) {
    GstHarness *h = new_json ();
    guint i;

    if (with_events) {
      gst_harness_push_event (
          h, gst_yolov5_model_event_new ("cars", "/p/cars", classes, 2));
      gst_harness_push_event (
          h, gst_yolov5_model_event_new ("people", "/p/people", classes, 2));
    }
    for (i = 0; i < 4; i++) {
      gboolean both = i % 2 == with_events;
      GstBuffer *frame = new_frame (0);
      JsonObject *detectors, *object;
      JsonNode *json;

      mark_found (frame, "cars", "/p/cars", "car", 10 + i);
      if (both)
        mark_found (frame, "people", "/p/people", "person", 100 + i);
      gst_buffer_add_video_region_of_interest_meta (frame, "face", 1, 2, 3, 4);
      json = push_and_pull (h, frame);
      check_inferred (json, both);
      object = json_node_get_object (json);
      assert_equals_int64 (
          json_object_get_int_member (object, "frame"), 10 + i);
      assert_equals_int64 (
          json_object_get_int_member (object, "inference_time"),
          (both ? 40 : 20) * GST_MSECOND);
      detectors = json_object_get_object_member (object, "detectors");
      object = json_object_get_object_member (detectors, "cars");
      fail_unless (json_object_get_boolean_member (object, "inferred"));
      object = json_object_get_object_member (detectors, "people");
      assert_equals_int (
          json_object_get_boolean_member (object, "inferred"), both);
      assert_equals_int (
          json_object_has_member (object, "inference_time"), both);

      object = get_detection (json, 0);
      assert_equals_string (
          json_object_get_string_member (object, "detector"), "cars");
      if (both)
        assert_equals_string (
            json_object_get_string_member (get_detection (json, 1), "detector"),
            "people");
      object = get_detection (json, 1 + both);
      fail_unless (json_object_get_null_member (object, "detector"));
      json_node_unref (json);
    }
    gst_harness_teardown (h);
  }
}
GST_END_TEST;

/* two of one name, as in bins of the same kind, are told apart by their paths */
GST_START_TEST (test_detectors_of_one_name)
{
  GstHarness *h = new_json ();
  GstBuffer *frame = new_frame (0);
  JsonObject *detectors;
  JsonNode *json;

  mark_found (frame, "detector", "/p/a/detector", "car", 0);
  mark_found (frame, "detector", "/p/b/detector", "car", 0);
  json = push_and_pull (h, frame);
  detectors =
      json_object_get_object_member (json_node_get_object (json), "detectors");
  fail_unless (json_object_has_member (detectors, "detector"));
  fail_unless (json_object_has_member (detectors, "/p/b/detector"));
  json_node_unref (json);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* a detector that has said what its model is marks what it looks at: frames
 * without its mark passed without inference, from the first on */
GST_START_TEST (test_expected_marks)
{
  static const gchar *const classes[] = { "car" };
  GstHarness *h = new_json ();
  JsonNode *json;

  gst_harness_push_event (
      h, gst_yolov5_model_event_new ("cars", "/p/cars", classes, 1));
  json = push_and_pull (h, new_frame (0));
  check_inferred (json, NO);
  json_node_unref (json);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* conversions keep confidence and number of the class in the mark */
GST_START_TEST (test_converted_frames)
{
  GstHarness *h = gst_harness_new_parse (
      "videoconvert ! video/x-raw,format=RGB ! yolov5json");
  GstBuffer *frame = gst_buffer_new_and_alloc (640 * 480 * 3 / 2);
  JsonObject *object;
  JsonNode *json;

  gst_buffer_memset (frame, 0, 0, -1);
  gst_harness_set_src_caps_str (
      h, "video/x-raw,format=I420,width=640,height=480,framerate=30/1");
  mark_found (frame, "cars", "/p/cars", "car", 0);
  json = push_and_pull (h, frame);
  object = get_detection (json, 0);
  assert_equals_int64 (json_object_get_int_member (object, "label_id"), 3);
  assert_equals_float (
      json_object_get_double_member (object, "confidence"), 0.5);
  json_node_unref (json);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* frames are numbered as the detector does, also when some got lost since, and
 * anew after a restart */
GST_START_TEST (test_numbers)
{
  static const struct {
    gint64 marked;
    gint64 expected;
  } frames[] = { { -1, 0 }, { 1, 1 }, { -1, 2 }, { 7, 7 }, { -1, 8 } };
  GstHarness *h = new_json ();
  JsonNode *json;

  for (guint i = 0; i < G_N_ELEMENTS (frames); i++) {
    GstBuffer *frame = new_frame (0);

    if (frames[i].marked >= 0)
      mark_frame (frame, (guint64) frames[i].marked);
    json = push_and_pull (h, frame);
    assert_equals_int64 (
        json_object_get_int_member (json_node_get_object (json), "frame"),
        frames[i].expected);
    json_node_unref (json);
  }

  gst_element_set_state (h->element, GST_STATE_READY);
  gst_element_set_state (h->element, GST_STATE_PLAYING);
  gst_harness_set_src_caps_str (h, CAPS);
  json = push_and_pull (h, new_frame (0));
  assert_equals_int64 (
      json_object_get_int_member (json_node_get_object (json), "frame"), 0);
  check_inferred (json, UNKNOWN);
  json_node_unref (json);
  gst_harness_teardown (h);
}
GST_END_TEST;
#endif

static Suite *
detectors_suite (void)
{
  Suite *suite = suite_create ("yolov5json-detectors");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_inferred_without_mark);
#if GST_CHECK_VERSION(1, 20, 0)
  tcase_add_test (tcase, test_inferred_with_mark);
  tcase_add_test (tcase, test_lag);
  tcase_add_test (tcase, test_several_detectors);
  tcase_add_test (tcase, test_detectors_of_one_name);
  tcase_add_test (tcase, test_expected_marks);
  tcase_add_test (tcase, test_converted_frames);
  tcase_add_test (tcase, test_numbers);
#endif
  return suite;
}

GST_CHECK_MAIN (detectors);
