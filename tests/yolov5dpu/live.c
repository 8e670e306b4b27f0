/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What live sources and clocks ask of the detector element: latency, quality
 * of service, frames that pass without inference, and how to tell them. */

#include "rig.h"

#include <string.h>

#include "metadata/inference.h"
#include "yolov5dpu/fifo.h"
#include "yolov5dpu/settings.h"

#if GST_CHECK_VERSION(1, 20, 0)
/* whether the next frame is the one with that level, and, where frames can be
 * told apart, whether it went through the model */
static void
pull_marked (DetectorRig *rig, guint level, gboolean inferred)
{
  GstBuffer *buffer = gst_harness_pull (rig->harness);
  GstYolov5Inference inference;

  assert_equals_uint64 (GST_BUFFER_PTS (buffer), level * FRAME_DURATION);
  assert_equals_int (gst_yolov5_inference_read (buffer, &inference), inferred);
  assert_equals_int (count_detections (buffer), inferred);
  gst_buffer_unref (buffer);
}
#else
#define pull_marked(rig, level, inferred)                                      \
  gst_buffer_unref (gst_harness_pull ((rig)->harness))
#endif

static void
assert_counts (
    DetectorRig *rig, guint frames, guint inferences, guint skipped, guint late)
{
  guint64 counts[4];
  GstStructure *stats;

  g_object_get (rig->element, "stats", &stats, NULL);
  fail_unless (gst_structure_get (stats, "frames", G_TYPE_UINT64, &counts[0],
      "inferences", G_TYPE_UINT64, &counts[1], "skipped", G_TYPE_UINT64,
      &counts[2], "late", G_TYPE_UINT64, &counts[3], NULL));
  assert_equals_uint64 (counts[0], frames);
  assert_equals_uint64 (counts[1], inferences);
  assert_equals_uint64 (counts[2], skipped);
  assert_equals_uint64 (counts[3], late);
  gst_structure_free (stats);
}

/* every Nth frame goes through the model, beginning with the first, also the
 * first after a flush, and all keep their order */
GST_START_TEST (test_inference_interval)
{
  guint interval = __i__, n_inferences = 0;
  DetectorRig *rig = detector_rig_new (
      "max-in-flight", 2, "inference-interval", interval, NULL);
  GstSegment segment;

  for (guint i = 0; i < 10; i++) {
    assert_equals_int (detector_rig_push (rig, i), GST_FLOW_OK);
    pull_marked (rig, i, i % interval == 0);
    n_inferences += i % interval == 0;
  }
  assert_counts (rig, 10, n_inferences, 10 - n_inferences, 0);

  gst_harness_push_event (rig->harness, gst_event_new_flush_start ());
  gst_harness_push_event (rig->harness, gst_event_new_flush_stop (TRUE));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_push_event (rig->harness, gst_event_new_segment (&segment));
  detector_rig_push (rig, 20);
  pull_marked (rig, 20, TRUE);
  detector_rig_free (rig);
}
GST_END_TEST;

/* a new interval holds for the next frame, and counts from the last one that
 * went through the model */
GST_START_TEST (test_interval_change)
{
  DetectorRig *rig =
      detector_rig_new ("max-in-flight", 1, "inference-interval", 3, NULL);

  for (guint i = 0; i < 4; i++) {
    detector_rig_push (rig, i);
    pull_marked (rig, i, i % 3 == 0);
  }
  g_object_set (rig->element, "inference-interval", 1, NULL);
  for (guint i = 4; i < 6; i++) {
    detector_rig_push (rig, i);
    pull_marked (rig, i, TRUE);
  }
  g_object_set (rig->element, "inference-interval", 4, NULL);
  for (guint i = 6; i < 11; i++) {
    detector_rig_push (rig, i);
    pull_marked (rig, i, i == 9);
  }
  detector_rig_free (rig);
}
GST_END_TEST;

/* frames that find every slot in use pass, but not before those in front of
 * them; once a slot is free, frames go through the model again */
GST_START_TEST (test_no_block)
{
  DetectorRig *rig =
      detector_rig_new ("max-in-flight", 2, "no-block", TRUE, NULL);

  fake_dpu_hold ();
  for (guint i = 0; i < 6; i++)
    assert_equals_int (detector_rig_push (rig, i), GST_FLOW_OK);
  fake_dpu_wait_held (2);
  assert_equals_int (gst_harness_buffers_received (rig->harness), 0);

  fake_dpu_let_all ();
  for (guint i = 0; i < 6; i++)
    pull_marked (rig, i, i < 2);
  assert_counts (rig, 6, 2, 4, 0);

  detector_rig_push (rig, 6);
  pull_marked (rig, 6, TRUE);
  detector_rig_free (rig);
}
GST_END_TEST;

/* a frame that is due but found no slot leaves it to the next */
GST_START_TEST (test_no_block_with_interval)
{
  DetectorRig *rig = detector_rig_new (
      "max-in-flight", 1, "no-block", TRUE, "inference-interval", 2, NULL);

  fake_dpu_hold ();
  for (guint i = 0; i < 3; i++)
    detector_rig_push (rig, i);
  fake_dpu_let_all ();
  for (guint i = 0; i < 3; i++)
    pull_marked (rig, i, i == 0);

  for (guint i = 3; i < 6; i++) {
    detector_rig_push (rig, i);
    pull_marked (rig, i, i != 4);
  }
  detector_rig_free (rig);
}
GST_END_TEST;

/* a live source never waits for the device unless it is told to, any other does
 * unless it is told not to */
GST_START_TEST (test_live)
{
  gboolean waits = __i__;
  DetectorRig *rig = waits ? detector_rig_new_live ("max-in-flight", 1,
                         "no-block", GST_YOLOV5_DPU_NO_BLOCK_FALSE, NULL)
                           : detector_rig_new_live ("max-in-flight", 1, NULL);
  GThread *push;

  fake_dpu_hold ();
  detector_rig_push (rig, 0);
  push = detector_rig_push_in_thread (rig, 1);
  if (!waits)
    assert_equals_int (join_push (push), GST_FLOW_OK);
  fake_dpu_let_all ();
  if (waits)
    assert_equals_int (join_push (push), GST_FLOW_OK);
  pull_marked (rig, 0, TRUE);
  pull_marked (rig, 1, waits);
  detector_rig_free (rig);
}
GST_END_TEST;

/* A live picture never stands still: a frame that so many wait behind goes
 * before its results. These go with the first one that leaves once they are
 * there; it says how much older they are, and has the boxes of the old frame. */
GST_START_TEST (test_live_goes_on)
{
  DetectorRig *rig = detector_rig_new_live ("max-in-flight", 1, NULL);
  const guint n_frames = 3 * GST_YOLOV5_FIFO_MAX_PASSING;
  guint level;

  detector_rig_push (rig, 0);
  pull_marked (rig, 0, TRUE);
  fake_dpu_hold ();
  for (level = 1; level < n_frames; level++)
    assert_equals_int (detector_rig_push (rig, level), GST_FLOW_OK);
  for (level = 1; level < n_frames; level++)
    pull_marked (rig, level, FALSE);

  fake_dpu_let_all ();
  fake_dpu_wait_ended (2);
#if GST_CHECK_VERSION(1, 20, 0)
  for (gboolean marked = FALSE; !marked; level++) {
    GstYolov5Inference inference;
    GstBuffer *buffer;

    g_object_set (rig->element, "inference-interval", G_MAXUINT, NULL);
    fail_unless (level < FAKE_DPU_N_LEVELS);
    detector_rig_push (rig, level);
    buffer = gst_harness_pull (rig->harness);
    marked = gst_yolov5_inference_read (buffer, &inference);
    if (marked) {
      assert_equals_uint64 (inference.frame, 1);
      assert_equals_uint64 (inference.lag, (level - 1) * FRAME_DURATION);
      buffer = gst_buffer_make_writable (buffer);
      GST_BUFFER_PTS (buffer) = FRAME_DURATION;
      assert_frame (buffer, 1);
    }
    gst_buffer_unref (buffer);
  }
#endif
  assert_no_error (rig->bus);
  detector_rig_free (rig);
}
GST_END_TEST;

/* results that nobody waits for any more are given up by a flush, and the slot
 * is used again */
GST_START_TEST (test_flush_of_delayed)
{
  DetectorRig *rig = detector_rig_new_live ("max-in-flight", 1, NULL);
  GstSegment segment;

  fake_dpu_hold ();
  for (guint i = 0; i < GST_YOLOV5_FIFO_MAX_PASSING + 2; i++)
    detector_rig_push (rig, i);
  pull_marked (rig, 0, FALSE);
  gst_harness_push_event (rig->harness, gst_event_new_flush_start ());
  gst_harness_push_event (rig->harness, gst_event_new_flush_stop (TRUE));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_push_event (rig->harness, gst_event_new_segment (&segment));
  while (gst_harness_buffers_in_queue (rig->harness) > 0)
    gst_buffer_unref (gst_harness_pull (rig->harness));
  fake_dpu_let_all ();
  g_object_set (rig->element, "no-block", GST_YOLOV5_DPU_NO_BLOCK_FALSE, NULL);
  detector_rig_push (rig, 40);
  pull_marked (rig, 40, TRUE);
  detector_rig_free (rig);
}
GST_END_TEST;

/* a frame that waits for a slot gets one whose results are late: they would leave with
 * a frame that passes, of which none comes any more */
GST_START_TEST (test_wait_for_delayed)
{
  DetectorRig *rig = detector_rig_new_live ("max-in-flight", 1, NULL);
  const guint n_frames = GST_YOLOV5_FIFO_MAX_PASSING + 2;
  GThread *push;

  fake_dpu_hold ();
  for (guint i = 0; i < n_frames; i++)
    detector_rig_push (rig, i);
  for (guint i = 0; i < n_frames; i++)
    pull_marked (rig, i, FALSE);
  g_object_set (rig->element, "no-block", GST_YOLOV5_DPU_NO_BLOCK_FALSE, NULL);
  push = detector_rig_push_in_thread (rig, n_frames);
  fake_dpu_let_all ();
  assert_equals_int (join_push (push), GST_FLOW_OK);
  pull_marked (rig, n_frames, TRUE);
  detector_rig_free (rig);
}
GST_END_TEST;

/* even then memory is bounded: so many frames may wait behind one that the DPU
 * does not finish, the next one waits outside until a flush or that ends */
GST_START_TEST (test_no_block_is_bounded)
{
  DetectorRig *rig =
      detector_rig_new ("max-in-flight", 1, "no-block", TRUE, NULL);
  gboolean flush = __i__;
  GThread *push;

  fake_dpu_hold ();
  for (guint i = 0; i <= GST_YOLOV5_FIFO_MAX_PASSING; i++)
    assert_equals_int (detector_rig_push (rig, i), GST_FLOW_OK);
  push = detector_rig_push_in_thread (rig, GST_YOLOV5_FIFO_MAX_PASSING + 1);

  if (flush) {
    gst_harness_push_event (rig->harness, gst_event_new_flush_start ());
    assert_equals_int (join_push (push), GST_FLOW_FLUSHING);
    fake_dpu_let_all ();
  } else {
    fake_dpu_let_all ();
    assert_equals_int (join_push (push), GST_FLOW_OK);
    for (guint i = 0; i <= GST_YOLOV5_FIFO_MAX_PASSING; i++)
      pull_marked (rig, i, i == 0);
    gst_buffer_unref (gst_harness_pull (rig->harness));
  }
  detector_rig_free (rig);
}
GST_END_TEST;

static void
send_qos (DetectorRig *rig, GstClockTimeDiff diff, GstClockTime timestamp)
{
  gst_harness_push_upstream_event (rig->harness,
      gst_event_new_qos (GST_QOS_TYPE_UNDERFLOW, 2.0, diff, timestamp));
}

/* frames that downstream is past go to it without inference, and count as
 * late; a flush, or turning it off, ends that. upstream learns of it, too */
GST_START_TEST (test_qos)
{
  DetectorRig *rig = detector_rig_new ("max-in-flight", 1, NULL);
  GstSegment segment;
  GstEvent *event;

  detector_rig_push (rig, 0);
  pull_marked (rig, 0, TRUE);
  send_qos (rig, FRAME_DURATION, 0);
  do
    event = gst_harness_pull_upstream_event (rig->harness);
  while (
      GST_EVENT_TYPE (event) != GST_EVENT_QOS && (gst_event_unref (event), 1));
  gst_event_unref (event);

  for (guint i = 1; i < 6; i++) {
    detector_rig_push (rig, i);
    pull_marked (rig, i, i > 3);
  }
  assert_counts (rig, 6, 3, 0, 3);

  send_qos (rig, 20 * FRAME_DURATION, 5 * FRAME_DURATION);
  g_object_set (rig->element, "qos", FALSE, NULL);
  detector_rig_push (rig, 6);
  pull_marked (rig, 6, TRUE);
  g_object_set (rig->element, "qos", TRUE, NULL);
  detector_rig_push (rig, 7);
  pull_marked (rig, 7, FALSE);

  gst_harness_push_event (rig->harness, gst_event_new_flush_start ());
  gst_harness_push_event (rig->harness, gst_event_new_flush_stop (TRUE));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_push_event (rig->harness, gst_event_new_segment (&segment));
  detector_rig_push (rig, 8);
  pull_marked (rig, 8, TRUE);
  detector_rig_free (rig);
}
GST_END_TEST;

/* a gap has no picture, only a time: it passes as it came */
GST_START_TEST (test_gap)
{
  DetectorRig *rig = detector_rig_new ("max-in-flight", 1, NULL);
  GstBuffer *gap = gst_buffer_new ();
  GstBuffer *buffer;

  GST_BUFFER_FLAG_SET (gap, GST_BUFFER_FLAG_GAP);
  GST_BUFFER_PTS (gap) = 0;
  detector_rig_push (rig, 3);
  assert_equals_int (gst_harness_push (rig->harness, gap), GST_FLOW_OK);
  pull_marked (rig, 3, TRUE);
  buffer = gst_harness_pull (rig->harness);
  fail_unless (buffer == gap);
  gst_buffer_unref (buffer);
  assert_counts (rig, 2, 1, 1, 0);
  assert_no_error (rig->bus);
  detector_rig_free (rig);
}
GST_END_TEST;

#if GST_CHECK_VERSION(1, 20, 0)
/* a frame in which nothing was found differs from one that nobody looked at,
 * with nothing but GStreamer's own functions */
GST_START_TEST (test_empty_result)
{
  DetectorRig *rig = detector_rig_new (
      "max-in-flight", 1, "threshold", 1.0, "inference-interval", 2, NULL);
  GstCustomMeta *meta;
  GstBuffer *buffer;
  guint64 frame = 0, inference_time = 0;
  guint n_detections = 1;

  detector_rig_push (rig, 0);
  detector_rig_push (rig, 1);
  detector_rig_push (rig, 2);
  gst_buffer_unref (gst_harness_pull (rig->harness));
  buffer = gst_harness_pull (rig->harness);
  fail_if (gst_buffer_get_custom_meta (buffer, "yolov5dpu-inference"));
  gst_buffer_unref (buffer);

  buffer = gst_harness_pull (rig->harness);
  meta = gst_buffer_get_custom_meta (buffer, "yolov5dpu-inference");
  fail_unless (meta != NULL);
  fail_unless (gst_structure_get (gst_custom_meta_get_structure (meta), "frame",
      G_TYPE_UINT64, &frame, "detections", G_TYPE_UINT, &n_detections,
      "inference-time", G_TYPE_UINT64, &inference_time, NULL));
  assert_equals_uint64 (frame, 2);
  assert_equals_int (n_detections, 0);
  fail_unless (inference_time > 0);
  gst_buffer_unref (buffer);
  detector_rig_free (rig);
}
GST_END_TEST;
#endif

static GstClockTime
query_latency (DetectorRig *rig)
{
  GstQuery *query = gst_query_new_latency ();
  GstClockTime min;
  gboolean live;

  fail_unless (gst_pad_peer_query (rig->harness->sinkpad, query));
  gst_query_parse_latency (query, &live, &min, NULL);
  fail_unless (live);
  gst_query_unref (query);
  return min;
}

/* the latency of a live pipeline is upstream's and what frames spend inside;
 * when that turns out to be longer, a message says so, and the answer covers
 * it. the double's executions last as long as the test holds them */
GST_START_TEST (test_latency)
{
  const GstClockTime upstream = 33 * GST_MSECOND;
  DetectorRig *rig = detector_rig_new_live ("max-in-flight", 1, NULL);
  GstClockTime before, after, median;
  GstStructure *stats;
  GstMessage *message;

  gst_harness_set_upstream_latency (rig->harness, upstream);
  before = query_latency (rig);
  fail_unless (before > upstream);

  for (guint i = 0; i < 8; i++) {
    GstClockTime start;

    fake_dpu_hold ();
    detector_rig_push (rig, i);
    fake_dpu_wait_held (1);
    /* from when the frame is inside */
    start = gst_util_get_timestamp ();
    while (gst_util_get_timestamp () - start < 2 * (before - upstream))
      g_thread_yield ();
    fake_dpu_let_all ();
    pull_marked (rig, i, TRUE);
  }

  message = pop_message (rig->bus, GST_MESSAGE_LATENCY);
  fail_unless (GST_MESSAGE_SRC (message) == GST_OBJECT_CAST (rig->element));
  gst_message_unref (message);
  after = query_latency (rig);
  g_object_get (rig->element, "stats", &stats, NULL);
  fail_unless (gst_structure_get_clock_time (stats, "total-median", &median));
  fail_unless (median >= 2 * (before - upstream));
  fail_unless (after >= upstream + median);
  gst_structure_free (stats);
  detector_rig_free (rig);
}
GST_END_TEST;

/* what downstream takes its time for is not the element's latency */
GST_START_TEST (test_latency_without_downstream)
{
  DetectorRig *rig = detector_rig_new ("max-in-flight", 2, NULL);
  GstClockTime start = gst_util_get_timestamp (), total;
  GstStructure *stats;
  gulong probe;

  probe = gst_pad_add_probe (rig->harness->sinkpad,
      GST_PAD_PROBE_TYPE_BLOCK | GST_PAD_PROBE_TYPE_BUFFER, NULL, NULL, NULL);
  detector_rig_push (rig, 0);
  detector_rig_push (rig, 1);
  fake_dpu_wait_ended (2);
  while (gst_util_get_timestamp () - start < 100 * GST_MSECOND)
    g_thread_yield ();
  gst_pad_remove_probe (rig->harness->sinkpad, probe);
  pull_marked (rig, 0, TRUE);
  pull_marked (rig, 1, TRUE);

  g_object_get (rig->element, "stats", &stats, NULL);
  fail_unless (gst_structure_get_clock_time (stats, "total-p99", &total));
  fail_unless (total < gst_util_get_timestamp () - start - 50 * GST_MSECOND);
  gst_structure_free (stats);
  detector_rig_free (rig);
}
GST_END_TEST;

static Suite *
yolov5dpu_live_suite (void)
{
  Suite *suite = suite_create ("yolov5dpu-live");
  TCase *tcase = tcase_create ("live");

  suite_add_tcase (suite, tcase);
  testfolder_add (tcase);
  tcase_add_checked_fixture (tcase, fake_dpu_reset, NULL);
  tcase_add_loop_test (tcase, test_inference_interval, 1, 5);
  tcase_add_test (tcase, test_interval_change);
  tcase_add_test (tcase, test_no_block);
  tcase_add_test (tcase, test_no_block_with_interval);
  tcase_add_loop_test (tcase, test_no_block_is_bounded, 0, 2);
  tcase_add_loop_test (tcase, test_live, 0, 2);
  tcase_add_test (tcase, test_live_goes_on);
  tcase_add_test (tcase, test_flush_of_delayed);
  tcase_add_test (tcase, test_wait_for_delayed);
  tcase_add_test (tcase, test_qos);
  tcase_add_test (tcase, test_gap);
#if GST_CHECK_VERSION(1, 20, 0)
  tcase_add_test (tcase, test_empty_result);
#endif
  tcase_add_test (tcase, test_latency);
  tcase_add_test (tcase, test_latency_without_downstream);

  return suite;
}

GST_CHECK_MAIN (yolov5dpu_live);
