/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What the detector element says about frames: metadata, messages, statistics. */

#include "rig.h"

/* regions of interest follow DL Streamer's contract, and their label is the
 * class */
GST_START_TEST (test_region_of_interest)
{
  DetectorRig *rig = detector_rig_new ("max-in-flight", 1, NULL);
  GstBuffer *buffer = detector_rig_push_and_pull (
      rig, frame_new (FAKE_DPU_SIZE, FAKE_DPU_SIZE, 27));
  GstVideoRegionOfInterestMeta *region =
      gst_buffer_get_video_region_of_interest_meta (buffer);
  GstStructure *param;
  gdouble x_min, confidence;
  gint label_id;

  fail_unless (region != NULL);
  assert_equals_string (g_quark_to_string (region->roi_type), "odd");
  assert_equals_int (region->x, 23);
  assert_equals_int (region->w, 10);
  param = gst_video_region_of_interest_meta_get_param (region, "detection");
  fail_unless (
      gst_structure_get (param, "label_id", G_TYPE_INT, &label_id, "confidence",
          G_TYPE_DOUBLE, &confidence, "x_min", G_TYPE_DOUBLE, &x_min, NULL));
  assert_equals_int (label_id, 1);
  assert_equals_float (x_min, 23. / FAKE_DPU_SIZE);
  gst_buffer_unref (buffer);
  detector_rig_free (rig);
}
GST_END_TEST;

static void
check_detection (const GstStructure *detection)
{
  const gchar *label;
  gint label_id, x, y, width, height;
  gdouble confidence;

  assert_equals_string (gst_structure_get_name (detection), "detection");
  label = gst_structure_get_string (detection, "label");
  assert_equals_string (label, "odd");
  fail_unless (gst_structure_get (detection, "label-id", G_TYPE_INT, &label_id,
      "confidence", G_TYPE_DOUBLE, &confidence, "x", G_TYPE_INT, &x, "y",
      G_TYPE_INT, &y, "width", G_TYPE_INT, &width, "height", G_TYPE_INT,
      &height, NULL));
  assert_equals_int (label_id, 1);
  fail_unless (confidence > 0.99 && confidence <= 1);
  assert_equals_int (x, 23);
  assert_equals_int (y, 22);
  assert_equals_int (width, 10);
  assert_equals_int (height, 13);
}

/* with post-messages, each frame has a message with its times and boxes */
GST_START_TEST (test_post_messages)
{
  DetectorRig *rig =
      detector_rig_new ("max-in-flight", 1, "post-messages", TRUE, NULL);
  guint64 frame, timestamp, stream_time, running_time, duration;
  const GstStructure *structure;
  const GValue *detections;
  GstSegment segment;
  GstMessage *message;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.start = 7 * FRAME_DURATION;
  segment.time = 100 * FRAME_DURATION;
  segment.base = 1000 * FRAME_DURATION;
  gst_harness_push_event (rig->harness, gst_event_new_segment (&segment));
  detector_rig_count (rig, 8);
  detector_rig_count (rig, 27);

  gst_message_unref (pop_message (rig->bus, GST_MESSAGE_ELEMENT));
  message = pop_message (rig->bus, GST_MESSAGE_ELEMENT);
  fail_unless (GST_MESSAGE_SRC (message) == GST_OBJECT_CAST (rig->element));
  structure = gst_message_get_structure (message);
  assert_equals_string (gst_structure_get_name (structure), "yolov5dpu");
  fail_unless (gst_structure_get (structure, "frame", G_TYPE_UINT64, &frame,
      "timestamp", G_TYPE_UINT64, &timestamp, "stream-time", G_TYPE_UINT64,
      &stream_time, "running-time", G_TYPE_UINT64, &running_time, "duration",
      G_TYPE_UINT64, &duration, NULL));
  assert_equals_uint64 (frame, 1);
  assert_equals_uint64 (timestamp, 27 * FRAME_DURATION);
  assert_equals_uint64 (stream_time, 120 * FRAME_DURATION);
  assert_equals_uint64 (running_time, 1020 * FRAME_DURATION);
  assert_equals_uint64 (duration, FRAME_DURATION);

  detections = gst_structure_get_value (structure, "detections");
  fail_unless (GST_VALUE_HOLDS_LIST (detections));
  assert_equals_int (gst_value_list_get_size (detections), 1);
  check_detection (
      gst_value_get_structure (gst_value_list_get_value (detections, 0)));
  gst_message_unref (message);

  /* a frame in which nothing is found has one, too, unless there are none */
  g_object_set (rig->element, "threshold", 1.0, NULL);
  detector_rig_count (rig, 9);
  message = pop_message (rig->bus, GST_MESSAGE_ELEMENT);
  detections = gst_structure_get_value (
      gst_message_get_structure (message), "detections");
  assert_equals_int (gst_value_list_get_size (detections), 0);
  gst_message_unref (message);
  g_object_set (rig->element, "post-messages", FALSE, NULL);
  detector_rig_count (rig, 10);
  fail_if (gst_bus_pop_filtered (rig->bus, GST_MESSAGE_ELEMENT));
  detector_rig_free (rig);
}
GST_END_TEST;

/* thresholds take effect with the next frame, not with those in flight */
GST_START_TEST (test_threshold_change)
{
  DetectorRig *rig = detector_rig_new ("max-in-flight", 2, NULL);
  GstBuffer *buffer;

  fake_dpu_hold ();
  detector_rig_push (rig, 0);
  g_object_set (rig->element, "threshold", 1.0, NULL);
  detector_rig_push (rig, 1);
  fake_dpu_let_all ();

  buffer = gst_harness_pull (rig->harness);
  assert_equals_int (count_detections (buffer), 1);
  gst_buffer_unref (buffer);
  buffer = gst_harness_pull (rig->harness);
  assert_equals_int (count_detections (buffer), 0);
  gst_buffer_unref (buffer);
  detector_rig_free (rig);
}
GST_END_TEST;

/* what the statistics count, and that no time is longer than the whole */
GST_START_TEST (test_stats)
{
  static const gchar *const stages[] = { "letterbox", "inference",
    "postprocess", "total" };
  DetectorRig *rig = detector_rig_new ("max-in-flight", 2, NULL);
  GstClockTime start = gst_util_get_timestamp ();
  guint64 frames, inferences, detections;
  GstStructure *stats;
  gdouble fps;
  guint i;

  for (i = 0; i < 5; i++) {
    g_object_set (rig->element, "threshold", i < 3 ? 0.5 : 1.0, NULL);
    detector_rig_count (rig, i);
  }

  g_object_get (rig->element, "stats", &stats, NULL);
  assert_equals_string (gst_structure_get_name (stats), "yolov5dpu-stats");
  fail_unless (gst_structure_get (stats, "frames", G_TYPE_UINT64, &frames,
      "inferences", G_TYPE_UINT64, &inferences, "detections", G_TYPE_UINT64,
      &detections, "fps", G_TYPE_DOUBLE, &fps, NULL));
  assert_equals_uint64 (frames, 5);
  assert_equals_uint64 (inferences, 5);
  assert_equals_uint64 (detections, 3);
  fail_unless (fps > 0);
  for (i = 0; i < G_N_ELEMENTS (stages); i++) {
    gchar *median_field = g_strconcat (stages[i], "-median", NULL);
    gchar *slow_field = g_strconcat (stages[i], "-p99", NULL);
    GstClockTime median, slow;

    fail_unless (gst_structure_get_clock_time (stats, median_field, &median));
    fail_unless (gst_structure_get_clock_time (stats, slow_field, &slow));
    fail_unless (median > 0 && median <= slow);
    fail_unless (slow < gst_util_get_timestamp () - start);
    g_free (median_field);
    g_free (slow_field);
  }
  gst_structure_free (stats);
  detector_rig_free (rig);
}
GST_END_TEST;

static Suite *
yolov5dpu_results_suite (void)
{
  Suite *suite = suite_create ("yolov5dpu-results");
  TCase *tcase = tcase_create ("results");

  suite_add_tcase (suite, tcase);
  testfolder_add (tcase);
  tcase_add_checked_fixture (tcase, fake_dpu_reset, NULL);
  tcase_add_test (tcase, test_region_of_interest);
  tcase_add_test (tcase, test_post_messages);
  tcase_add_test (tcase, test_threshold_change);
  tcase_add_test (tcase, test_stats);

  return suite;
}

GST_CHECK_MAIN (yolov5dpu_results);
