/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* How frames, events and queries go through the detector element: order,
 * flushes, end of stream, errors, state changes. */

#include "rig.h"

/* frames leave in the order they came, also when later ones are done first */
GST_START_TEST (test_order)
{
  DetectorRig *rig = detector_rig_new ("max-in-flight", 4, NULL);
  guint i;

  fake_dpu_hold ();
  for (i = 0; i < 4; i++)
    assert_equals_int (detector_rig_push (rig, i), GST_FLOW_OK);
  fake_dpu_wait_held (4);

  for (i = 3; i > 0; i--) {
    fake_dpu_let (i);
    fake_dpu_wait_ended (4 - i);
  }
  assert_equals_int (gst_harness_buffers_received (rig->harness), 0);

  fake_dpu_let (0);
  for (i = 0; i < 4; i++)
    detector_rig_pull (rig, i);
  detector_rig_free (rig);
}
GST_END_TEST;

/* any number of slots gives the same stream, and uses them all, but no more */
GST_START_TEST (test_max_in_flight)
{
  guint n_slots = __i__;
  DetectorRig *rig = detector_rig_new ("max-in-flight", n_slots, NULL);
  guint i;

  assert_equals_int (fake_dpu_get_n_runners (), n_slots);
  fake_dpu_hold ();
  for (i = 0; i < n_slots; i++)
    assert_equals_int (detector_rig_push (rig, i), GST_FLOW_OK);
  fake_dpu_wait_held (n_slots);
  fake_dpu_let_all ();

  for (; i < FAKE_DPU_N_LEVELS; i++)
    assert_equals_int (detector_rig_push (rig, i), GST_FLOW_OK);
  for (i = 0; i < FAKE_DPU_N_LEVELS; i++)
    detector_rig_pull (rig, i);
  assert_equals_int (fake_dpu_get_most_executing (), n_slots);
  detector_rig_free (rig);
}
GST_END_TEST;

/* frames go to a DPU's runners in the order of these, which is that of its cores; on
 * the software DPU to the first that is free. There, others need no memory, and are
 * not executed before they have a frame, either. */
GST_START_TEST (test_order_of_runners)
{
  const DpuDevice devices[] = { DPU_DEVICE_DPU, DPU_DEVICE_CPU };
  guint n_slots = __i__, d, i;

  for (d = 0; d < G_N_ELEMENTS (devices); d++) {
    gboolean is_dpu = devices[d] == DPU_DEVICE_DPU;
    guint n_warm_ups = fake_dpu_get_n_warm_ups ();
    DetectorRig *rig =
        detector_rig_new ("device", devices[d], "max-in-flight", n_slots, NULL);
    guint n_before = fake_dpu_get_n_runners_created () - n_slots;

    assert_equals_int (
        fake_dpu_get_n_warm_ups () - n_warm_ups, is_dpu ? n_slots : 1);
    for (i = 0; i < 2 * n_slots; i++) {
      guint next = is_dpu ? i % n_slots : 0;

      assert_equals_int (detector_rig_push (rig, i), GST_FLOW_OK);
      detector_rig_pull (rig, i);
      assert_equals_int (fake_dpu_get_last_runner (), n_before + next);
    }
    detector_rig_free (rig);
  }
}
GST_END_TEST;

/* the end of a stream without frames passes */
GST_START_TEST (test_eos_without_frames)
{
  DetectorRig *rig = detector_rig_new ("max-in-flight", 2, NULL);

  fail_unless (gst_harness_push_event (rig->harness, gst_event_new_eos ()));
  detector_rig_wait_for (rig, " eos");
  detector_rig_assert_log (rig, "eos");
  assert_equals_int (detector_rig_push (rig, 0), GST_FLOW_EOS);
  assert_no_error (rig->bus);
  detector_rig_free (rig);
}
GST_END_TEST;

/* the end comes after the last frame in flight */
GST_START_TEST (test_eos_drains)
{
  DetectorRig *rig = detector_rig_new ("max-in-flight", 3, NULL);
  guint i;

  fake_dpu_hold ();
  for (i = 0; i < 3; i++)
    assert_equals_int (detector_rig_push (rig, i), GST_FLOW_OK);
  fail_unless (gst_harness_push_event (rig->harness, gst_event_new_eos ()));
  fake_dpu_wait_held (3);
  detector_rig_assert_log (rig, "");
  fake_dpu_let_all ();

  detector_rig_wait_for (rig, " eos");
  detector_rig_assert_log (rig, "0 1 2 eos");
  detector_rig_free (rig);
}
GST_END_TEST;

/* a new stream may follow the end of one, also before that end has left */
GST_START_TEST (test_stream_after_eos)
{
  gboolean wait = __i__;
  DetectorRig *rig = detector_rig_new ("max-in-flight", 2, NULL);
  GstSegment segment;

  fake_dpu_hold ();
  assert_equals_int (detector_rig_push (rig, 0), GST_FLOW_OK);
  fail_unless (gst_harness_push_event (rig->harness, gst_event_new_eos ()));
  assert_equals_int (detector_rig_push (rig, 0), GST_FLOW_EOS);
  if (wait) {
    fake_dpu_let_all ();
    detector_rig_wait_for (rig, " eos");
  }

  fail_unless (gst_harness_push_event (
      rig->harness, gst_event_new_stream_start ("another")));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  fail_unless (
      gst_harness_push_event (rig->harness, gst_event_new_segment (&segment)));
  assert_equals_int (detector_rig_push (rig, 1), GST_FLOW_OK);
  fail_unless (gst_harness_push_event (rig->harness, gst_event_new_eos ()));
  fake_dpu_let_all ();
  detector_rig_wait_for (rig, " 1 eos");
  detector_rig_assert_log (rig, "0 eos stream-start segment 1 eos");
  detector_rig_free (rig);
}
GST_END_TEST;

/* serialized events keep their place between frames, others overtake them */
GST_START_TEST (test_event_order)
{
  DetectorRig *rig = detector_rig_new ("max-in-flight", 3, NULL);
  GstHarness *harness = rig->harness;

  fake_dpu_hold ();
  detector_rig_push (rig, 0);
  gst_harness_push_event (
      harness, gst_event_new_tag (gst_tag_list_new_empty ()));
  detector_rig_push (rig, 1);
  gst_harness_push_event (
      harness, gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM,
                   gst_structure_new_empty ("serialized")));
  gst_harness_push_event (
      harness, gst_event_new_gap (FRAME_DURATION, FRAME_DURATION));
  detector_rig_push (rig, 2);
  gst_harness_push_event (
      harness, gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM_OOB,
                   gst_structure_new_empty ("not-serialized")));
  detector_rig_assert_log (rig, "custom-downstream-oob");
  fake_dpu_let_all ();

  detector_rig_wait_for (rig, " 2");
  detector_rig_assert_log (
      rig, "custom-downstream-oob 0 tag 1 custom-downstream gap 2");
  detector_rig_free (rig);
}
GST_END_TEST;

static gpointer
ask_drain (gpointer data)
{
  GstQuery *query = gst_query_new_drain ();
  gboolean answer = gst_pad_peer_query (data, query);

  gst_query_unref (query);
  return GINT_TO_POINTER (answer);
}

static gboolean
answer_drain (GstPad *pad, GstObject *parent, GstQuery *query)
{
  return GST_QUERY_TYPE (query) == GST_QUERY_DRAIN
         || gst_pad_query_default (pad, parent, query);
}

/* a serialized query is asked when the frames before it have left */
GST_START_TEST (test_query_order)
{
  DetectorRig *rig = detector_rig_new ("max-in-flight", 2, NULL);
  GThread *thread;

  gst_pad_set_query_function (rig->harness->sinkpad, answer_drain);
  fake_dpu_hold ();
  detector_rig_push (rig, 0);
  fake_dpu_wait_held (1);
  thread = g_thread_new ("query", ask_drain, rig->harness->srcpad);
  fake_dpu_let_all ();

  fail_unless (GPOINTER_TO_INT (g_thread_join (thread)));
  detector_rig_assert_log (rig, "0 drain");
  detector_rig_free (rig);
}
GST_END_TEST;

/* nobody waits for an answer that cannot come */
GST_START_TEST (test_query_flushed)
{
  DetectorRig *rig = detector_rig_new ("max-in-flight", 2, NULL);
  GThread *thread;

  gst_pad_set_query_function (rig->harness->sinkpad, answer_drain);
  fake_dpu_hold ();
  detector_rig_push (rig, 0);
  fake_dpu_wait_held (1);
  thread = g_thread_new ("query", ask_drain, rig->harness->srcpad);
  gst_harness_push_event (rig->harness, gst_event_new_flush_start ());

  fail_if (GPOINTER_TO_INT (g_thread_join (thread)));
  fake_dpu_let_all ();
  detector_rig_free (rig);
}
GST_END_TEST;

static void
flush (DetectorRig *rig)
{
  gst_harness_push_event (rig->harness, gst_event_new_flush_start ());
  gst_harness_push_event (rig->harness, gst_event_new_flush_stop (TRUE));
  detector_rig_push_segment (rig);
}

/* a flush drops what is in flight, without waiting for it, but what the DPU
 * still works on is not given to the next frame */
GST_START_TEST (test_flush)
{
  DetectorRig *rig;

  /* the software DPU would give it up */
  fake_dpu_set_device (DPU_DEVICE_DPU, NULL);
  rig = detector_rig_new ("max-in-flight", 2, NULL);
  fake_dpu_hold ();
  detector_rig_push (rig, 0);
  detector_rig_push (rig, 1);
  fake_dpu_wait_held (2);
  flush (rig);
  fake_dpu_let (1);
  fake_dpu_wait_ended (1);
  detector_rig_push (rig, 2);
  fake_dpu_wait_held (2);
  fake_dpu_let (2);
  detector_rig_pull (rig, 2);

  /* the slots of the dropped frames are of use again */
  fake_dpu_let_all ();
  detector_rig_push (rig, 3);
  detector_rig_push (rig, 4);
  detector_rig_push (rig, 5);
  detector_rig_wait_for (rig, " 5");
  detector_rig_assert_log (rig, "flush-start flush-stop segment 2 3 4 5");
  detector_rig_free (rig);
}
GST_END_TEST;

/* sticky events that a flush overtakes are not lost, frames waiting for a slot
 * are */
GST_START_TEST (test_flush_while_full)
{
  DetectorRig *rig = detector_rig_new ("max-in-flight", 1, NULL);
  GstEvent *tag;
  GThread *thread;

  fake_dpu_hold ();
  detector_rig_push (rig, 0);
  gst_harness_push_event (
      rig->harness, gst_event_new_tag (gst_tag_list_new_empty ()));
  thread = detector_rig_push_in_thread (rig, 1);
  gst_harness_push_event (rig->harness, gst_event_new_flush_start ());
  assert_equals_int (join_push (thread), GST_FLOW_FLUSHING);

  gst_harness_push_event (rig->harness, gst_event_new_flush_stop (TRUE));
  detector_rig_push_segment (rig);
  fake_dpu_let_all ();
  detector_rig_push (rig, 2);
  detector_rig_wait_for (rig, " 2");
  tag = gst_pad_get_sticky_event (rig->harness->sinkpad, GST_EVENT_TAG, 0);
  fail_unless (tag != NULL);
  gst_event_unref (tag);
  detector_rig_free (rig);
}
GST_END_TEST;

/* an atomic int, so that tests can change it while frames flow */
static gint downstream_flow;

static GstFlowReturn
return_downstream_flow (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  gst_buffer_unref (buffer);
  return g_atomic_int_get (&downstream_flow);
}

static void
set_downstream_flow (DetectorRig *rig, GstFlowReturn flow)
{
  g_atomic_int_set (&downstream_flow, flow);
  gst_pad_set_chain_function (rig->harness->sinkpad, return_downstream_flow);
}

static const GstFlowReturn flows[] = { GST_FLOW_NOT_LINKED, GST_FLOW_FLUSHING,
  GST_FLOW_EOS, GST_FLOW_NOT_NEGOTIATED, GST_FLOW_ERROR,
  GST_FLOW_CUSTOM_ERROR };

/* what downstream says to a frame reaches upstream: one slot takes one more
 * frame while the first is being pushed, and the next cannot pass */
GST_START_TEST (test_flow_return)
{
  DetectorRig *rig = detector_rig_new ("max-in-flight", 1, NULL);
  GstFlowReturn flow;

  set_downstream_flow (rig, flows[__i__]);
  assert_equals_int (detector_rig_push (rig, 0), GST_FLOW_OK);
  flow = detector_rig_push (rig, 1);
  if (flow == GST_FLOW_OK)
    flow = detector_rig_push (rig, 2);
  assert_equals_int (flow, flows[__i__]);
  assert_no_error (rig->bus);
  detector_rig_free (rig);
}
GST_END_TEST;

/* an error that upstream cannot see, as it has sent EOS, is posted */
GST_START_TEST (test_error_before_eos)
{
  DetectorRig *rig = detector_rig_new ("max-in-flight", 2, NULL);

  set_downstream_flow (rig, GST_FLOW_ERROR);
  fake_dpu_hold ();
  detector_rig_push (rig, 0);
  fail_unless (gst_harness_push_event (rig->harness, gst_event_new_eos ()));
  fake_dpu_let_all ();

  detector_rig_wait_for (rig, " eos");
  assert_error (
      rig->bus, GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED, "data stream error");
  detector_rig_free (rig);
}
GST_END_TEST;

/* so is one that upstream saw, but answers with EOS */
GST_START_TEST (test_eos_after_error)
{
  DetectorRig *rig = detector_rig_new ("max-in-flight", 1, NULL);

  set_downstream_flow (rig, GST_FLOW_ERROR);
  while (detector_rig_push (rig, 0) == GST_FLOW_OK)
    continue;
  fail_if (gst_harness_push_event (rig->harness, gst_event_new_eos ()));
  assert_error (
      rig->bus, GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED, "data stream error");
  detector_rig_free (rig);
}
GST_END_TEST;

/* after EOS from downstream, EOS still goes there, and so does a new segment
 * with its frames */
GST_START_TEST (test_segment_after_downstream_eos)
{
  DetectorRig *rig = detector_rig_new ("max-in-flight", 1, NULL);

  set_downstream_flow (rig, GST_FLOW_EOS);
  while (detector_rig_push (rig, 0) == GST_FLOW_OK)
    continue;
  set_downstream_flow (rig, GST_FLOW_OK);
  detector_rig_push_segment (rig);
  assert_equals_int (detector_rig_push (rig, 1), GST_FLOW_OK);
  fail_unless (gst_harness_push_event (rig->harness, gst_event_new_eos ()));
  detector_rig_wait_for (rig, " segment 1 eos");
  detector_rig_free (rig);
}
GST_END_TEST;

static GstFlowReturn
want_no_first_frame (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  gboolean first = GST_BUFFER_PTS (buffer) == 0;

  gst_buffer_unref (buffer);
  return first ? GST_FLOW_EOS : GST_FLOW_OK;
}

/* also when these were inside already; the frames before them are dropped, but
 * not what the frames after them have to be known by */
GST_START_TEST (test_segment_before_downstream_eos)
{
  DetectorRig *rig = detector_rig_new ("max-in-flight", 3, NULL);
  GstCaps *caps = gst_caps_from_string (
      "video/x-raw, format=BGR, width=64, height=64, framerate=25/1");

  gst_pad_set_chain_function (rig->harness->sinkpad, want_no_first_frame);
  fake_dpu_hold ();
  detector_rig_push (rig, 0);
  detector_rig_push (rig, 1);
  fail_unless (
      gst_harness_push_event (rig->harness, gst_event_new_caps (caps)));
  gst_caps_unref (caps);
  detector_rig_push_segment (rig);
  detector_rig_push (rig, 2);
  fail_unless (gst_harness_push_event (rig->harness, gst_event_new_eos ()));
  fake_dpu_let_all ();
  detector_rig_wait_for (rig, " eos");
  detector_rig_assert_log (rig, "0 caps segment 2 eos");
  detector_rig_free (rig);
}
GST_END_TEST;

/* frames that could not be pushed do not survive a flush */
GST_START_TEST (test_flush_while_not_linked)
{
  DetectorRig *rig = detector_rig_new ("max-in-flight", 2, NULL);

  set_downstream_flow (rig, GST_FLOW_NOT_LINKED);
  fake_dpu_hold ();
  detector_rig_push (rig, 0);
  detector_rig_push (rig, 1);
  fake_dpu_let_all ();
  while (detector_rig_push (rig, 2) == GST_FLOW_OK)
    continue;

  flush (rig);
  set_downstream_flow (rig, GST_FLOW_OK);
  assert_equals_int (detector_rig_push (rig, 3), GST_FLOW_OK);
  detector_rig_wait_for (rig, " 3");
  detector_rig_assert_log (rig, "0 flush-start flush-stop segment 3");
  detector_rig_free (rig);
}
GST_END_TEST;

/* once linked again, the stream goes on */
GST_START_TEST (test_relink)
{
  DetectorRig *rig = detector_rig_new ("max-in-flight", 1, NULL);

  set_downstream_flow (rig, GST_FLOW_NOT_LINKED);
  while (detector_rig_push (rig, 0) == GST_FLOW_OK)
    continue;
  set_downstream_flow (rig, GST_FLOW_OK);
  gst_harness_push_upstream_event (rig->harness, gst_event_new_reconfigure ());
  assert_equals_int (detector_rig_push (rig, 1), GST_FLOW_OK);
  detector_rig_wait_for (rig, " 1");
  detector_rig_free (rig);
}
GST_END_TEST;

/* a frame that cannot be executed ends the stream with one message that says
 * so, and downstream can finish its files */
GST_START_TEST (test_execution_fails)
{
  DetectorRig *rig = detector_rig_new ("max-in-flight", 3, NULL);
  guint i;

  fake_dpu_fail_execution (2, "The DPU timed out");
  fake_dpu_hold ();
  for (i = 0; i < 3; i++)
    assert_equals_int (detector_rig_push (rig, i), GST_FLOW_OK);
  fake_dpu_let_all ();
  detector_rig_wait_for (rig, " eos");
  detector_rig_assert_log (rig, "0 1 eos");

  assert_equals_int (detector_rig_push (rig, 3), GST_FLOW_ERROR);
  fail_if (gst_harness_push_event (rig->harness, gst_event_new_eos ()));
  assert_error (
      rig->bus, GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED, "The DPU timed out");
  assert_no_error (rig->bus);
  detector_rig_free (rig);
}
GST_END_TEST;

static Suite *
yolov5dpu_flow_suite (void)
{
  Suite *suite = suite_create ("yolov5dpu-flow");
  TCase *tcase = tcase_create ("flow");

  suite_add_tcase (suite, tcase);
  testfolder_add (tcase);
  tcase_add_checked_fixture (tcase, fake_dpu_reset, NULL);
  tcase_add_test (tcase, test_order);
  tcase_add_loop_test (tcase, test_max_in_flight, 1, 5);
  tcase_add_loop_test (tcase, test_order_of_runners, 1, 9);
  tcase_add_test (tcase, test_eos_without_frames);
  tcase_add_test (tcase, test_eos_drains);
  tcase_add_loop_test (tcase, test_stream_after_eos, 0, 2);
  tcase_add_test (tcase, test_event_order);
  tcase_add_test (tcase, test_query_order);
  tcase_add_test (tcase, test_query_flushed);
  tcase_add_test (tcase, test_flush);
  tcase_add_test (tcase, test_flush_while_full);
  tcase_add_loop_test (tcase, test_flow_return, 0, G_N_ELEMENTS (flows));
  tcase_add_test (tcase, test_error_before_eos);
  tcase_add_test (tcase, test_eos_after_error);
  tcase_add_test (tcase, test_segment_after_downstream_eos);
  tcase_add_test (tcase, test_segment_before_downstream_eos);
  tcase_add_test (tcase, test_flush_while_not_linked);
  tcase_add_test (tcase, test_relink);
  tcase_add_test (tcase, test_execution_fails);

  return suite;
}

GST_CHECK_MAIN (yolov5dpu_flow);
