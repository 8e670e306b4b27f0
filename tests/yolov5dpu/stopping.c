/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* yolov5dpu stops, whatever it is doing, and starts again. What still comes while
 * it stops: elements deactivate their source pads first, and other threads know
 * nothing of it. */

#include "rig.h"

typedef struct {
  gboolean eos;
  GstEventType last_event;
} StoppingCase;

static const StoppingCase stopping_cases[] = {
  { FALSE, GST_EVENT_FLUSH_STOP },
  { FALSE, GST_EVENT_SEGMENT },
  { TRUE, GST_EVENT_FLUSH_STOP },
  { TRUE, GST_EVENT_SEGMENT },
  { TRUE, GST_EVENT_STREAM_START },
};

static void
send_segment (GstPad *pad)
{
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_send_event (pad, gst_event_new_segment (&segment));
}

/* no flush, segment or stream that comes late makes a frame or a query wait for
 * a task that has ended */
GST_START_TEST (test_start_of_stream)
{
  const StoppingCase *c = &stopping_cases[__i__];
  DetectorRig *rig = detector_rig_new ("max-in-flight", 1, NULL);
  GstPad *sinkpad = gst_element_get_static_pad (rig->element, "sink");
  GstPad *srcpad = gst_element_get_static_pad (rig->element, "src");
  GstQuery *query = gst_query_new_drain ();
  guint i;

  if (c->eos) {
    gst_harness_push_event (rig->harness, gst_event_new_eos ());
    detector_rig_wait_for (rig, " eos");
  }
  gst_pad_set_active (srcpad, FALSE);

  /* what a pad refuses after EOS comes through again after a flush */
  if (c->last_event == GST_EVENT_FLUSH_STOP) {
    gst_pad_send_event (sinkpad, gst_event_new_flush_start ());
    gst_pad_send_event (sinkpad, gst_event_new_flush_stop (TRUE));
  } else if (c->last_event == GST_EVENT_STREAM_START) {
    gst_pad_send_event (sinkpad, gst_event_new_stream_start ("late"));
  }
  send_segment (sinkpad);

  fail_if (gst_pad_query (sinkpad, query));
  for (i = 0; i < 3; i++)
    fail_unless (
        gst_pad_chain (sinkpad, frame_new (FAKE_DPU_SIZE, FAKE_DPU_SIZE, i))
        != GST_FLOW_OK);

  gst_query_unref (query);
  gst_object_unref (srcpad);
  gst_object_unref (sinkpad);
  detector_rig_free (rig);
}
GST_END_TEST;

typedef struct {
  gint in_hand;
  gint released;
} LoneFlush;

static GstPadProbeReturn
hold_frame (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  LoneFlush *self = data;

  g_atomic_int_set (&self->in_hand, TRUE);
  while (!g_atomic_int_get (&self->released))
    g_thread_yield ();
  return GST_PAD_PROBE_OK;
}

static gpointer
send_flush_stop (gpointer data)
{
  gst_pad_send_event (data, gst_event_new_flush_stop (TRUE));
  return NULL;
}

/* the end of a flush that began before the element was restarted does not
 * overtake the frame that is just being pushed */
GST_START_TEST (test_lone_flush_stop)
{
  DetectorRig *rig = detector_rig_new ("max-in-flight", 1, NULL);
  GstPad *sinkpad = gst_element_get_static_pad (rig->element, "sink");
  GstPad *srcpad = gst_element_get_static_pad (rig->element, "src");
  LoneFlush flush = { FALSE, FALSE };
  g_autofree gchar *log = NULL;
  gboolean overtaken = FALSE;
  GThread *thread;

  gst_pad_add_probe (
      srcpad, GST_PAD_PROBE_TYPE_BUFFER, hold_frame, &flush, NULL);
  detector_rig_push (rig, 0);
  while (!g_atomic_int_get (&flush.in_hand))
    g_thread_yield ();
  thread = g_thread_new ("flush", send_flush_stop, sinkpad);
  while (!overtaken && gst_pad_get_task_state (srcpad) == GST_TASK_STARTED) {
    g_autofree gchar *now = detector_rig_get_log (rig);

    overtaken = g_str_has_suffix (now, "flush-stop");
    g_thread_yield ();
  }
  g_atomic_int_set (&flush.released, TRUE);
  g_thread_join (thread);

  log = detector_rig_get_log (rig);
  assert_equals_string (log, "0 flush-stop");
  gst_object_unref (srcpad);
  gst_object_unref (sinkpad);
  detector_rig_free (rig);
}
GST_END_TEST;

static gint stopped;

static gpointer
ask_for_latency (gpointer data)
{
  GstPad *srcpad = gst_element_get_static_pad (data, "src");

  while (!g_atomic_int_get (&stopped)) {
    GstQuery *query = gst_query_new_latency ();

    gst_pad_query (srcpad, query);
    gst_query_unref (query);
  }
  gst_object_unref (srcpad);
  return NULL;
}

/* its latency may be asked for while it starts and stops */
GST_START_TEST (test_latency_query)
{
  DetectorRig *rig = detector_rig_new ("max-in-flight", 2, NULL);
  GThread *thread;
  guint i;

  g_atomic_int_set (&stopped, FALSE);
  thread = g_thread_new ("latency", ask_for_latency, rig->element);
  for (i = 0; i < 50; i++) {
    gst_element_set_state (rig->element, GST_STATE_READY);
    gst_element_set_state (rig->element, GST_STATE_PLAYING);
  }
  g_atomic_int_set (&stopped, TRUE);
  g_thread_join (thread);
  detector_rig_free (rig);
}
GST_END_TEST;

/* the software DPU gives up a frame that a flush drops, and the slot is used again
 * for the next; so it does when the element stops */
GST_START_TEST (test_cancelled_execution)
{
  gboolean stops = __i__;
  DetectorRig *rig;

  fake_dpu_set_device (DPU_DEVICE_CPU, NULL);
  rig = detector_rig_new ("max-in-flight", 1, NULL);
  fake_dpu_hold ();
  detector_rig_push (rig, 0);
  fake_dpu_wait_held (1);
  if (!stops) {
    GstSegment segment;

    gst_harness_push_event (rig->harness, gst_event_new_flush_start ());
    fake_dpu_wait_ended (1);
    fake_dpu_let_all ();
    gst_harness_push_event (rig->harness, gst_event_new_flush_stop (TRUE));
    gst_segment_init (&segment, GST_FORMAT_TIME);
    gst_harness_push_event (rig->harness, gst_event_new_segment (&segment));
    detector_rig_push (rig, 1);
    gst_buffer_unref (gst_harness_pull (rig->harness));
  }
  assert_no_error (rig->bus);
  detector_rig_free (rig);
}
GST_END_TEST;

static void
start_slowly (GstElement *element)
{
  fake_dpu_hold_open (TRUE);
  assert_equals_int (gst_element_set_state (element, GST_STATE_PAUSED),
      GST_STATE_CHANGE_ASYNC);
  fake_dpu_wait_opening ();
}

/* a model that takes long to open does not hold up who changes the state, and is
 * given up when that is wanted: no error, nothing open, and it can start anew */
GST_START_TEST (test_cancelled_opening)
{
  ModelFiles files;
  GstBus *bus = gst_bus_new ();
  GstElement *element;

  model_files_init (&files);
  element = detector_new (&files, bus);
  start_slowly (element);
  assert_equals_int (gst_element_set_state (element, GST_STATE_NULL),
      GST_STATE_CHANGE_SUCCESS);
  assert_no_error (bus);
  assert_equals_int (fake_dpu_get_n_models (), 0);

  fake_dpu_hold_open (FALSE);
  assert_equals_int (gst_element_set_state (element, GST_STATE_PAUSED),
      GST_STATE_CHANGE_SUCCESS);
  gst_element_set_state (element, GST_STATE_NULL);
  gst_bus_set_flushing (bus, TRUE);
  gst_element_set_bus (element, NULL);
  gst_object_unref (element);
  gst_object_unref (bus);
  model_files_clear (&files);
}
GST_END_TEST;

/* so it is where a DPU hangs in its first execution, which frames do not wait for */
GST_START_TEST (test_cancelled_warm_up)
{
  ModelFiles files;
  GstBus *bus = gst_bus_new ();
  GstElement *element;

  fake_dpu_set_device (DPU_DEVICE_DPU, NULL);
  fake_dpu_hold_warm_up ();
  model_files_init (&files);
  element = detector_new (&files, bus);
  assert_equals_int (gst_element_set_state (element, GST_STATE_PAUSED),
      GST_STATE_CHANGE_ASYNC);
  assert_equals_int (gst_element_set_state (element, GST_STATE_NULL),
      GST_STATE_CHANGE_SUCCESS);
  assert_no_error (bus);
  assert_equals_int (fake_dpu_get_n_runners (), 0);
  assert_equals_int (fake_dpu_get_n_models (), 0);

  gst_bus_set_flushing (bus, TRUE);
  gst_element_set_bus (element, NULL);
  gst_object_unref (element);
  gst_object_unref (bus);
  model_files_clear (&files);
}
GST_END_TEST;

/* once it is open, the state is committed; an opening that fails is an error
 * message then, and the state change fails */
GST_START_TEST (test_slow_opening)
{
  gboolean fails = __i__;
  ModelFiles files;
  GstBus *bus = gst_bus_new ();
  GstElement *element;

  model_files_init (&files);
  element = detector_new (&files, bus);
  start_slowly (element);
  if (fails)
    fake_dpu_fail_open (DPU_ERROR_MODEL, "Compile it for B4096");
  fake_dpu_hold_open (FALSE);
  assert_equals_int (
      gst_element_get_state (element, NULL, NULL, GST_CLOCK_TIME_NONE),
      fails ? GST_STATE_CHANGE_FAILURE : GST_STATE_CHANGE_SUCCESS);
  if (fails)
    assert_error (bus, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS,
        "Compile it for B4096");
  else
    assert_equals_int (GST_STATE (element), GST_STATE_PAUSED);
  gst_element_set_state (element, GST_STATE_NULL);
  assert_no_error (bus);
  assert_equals_int (fake_dpu_get_n_models (), 0);

  gst_bus_set_flushing (bus, TRUE);
  gst_element_set_bus (element, NULL);
  gst_object_unref (element);
  gst_object_unref (bus);
  model_files_clear (&files);
}
GST_END_TEST;

static gpointer
stop (gpointer data)
{
  gst_element_set_state (data, GST_STATE_NULL);
  return NULL;
}

/* going to NULL sends upstream home at once, and ends when the DPU does */
GST_START_TEST (test_stop_while_executing)
{
  DetectorRig *rig =
      detector_rig_new ("device", DPU_DEVICE_DPU, "max-in-flight", 1, NULL);
  GThread *push, *stopping;

  fake_dpu_hold_firmly ();
  detector_rig_push (rig, 0);
  fake_dpu_wait_held (1);
  push = detector_rig_push_in_thread (rig, 1);
  stopping = g_thread_new ("stop", stop, rig->element);
  assert_equals_int (join_push (push), GST_FLOW_FLUSHING);
  assert_equals_int (fake_dpu_get_n_runners (), 1);

  fake_dpu_let_all ();
  g_thread_join (stopping);
  assert_equals_int (fake_dpu_get_n_runners (), 0);
  detector_rig_assert_log (rig, "");
  detector_rig_free (rig);
}
GST_END_TEST;

/* a DPU that hangs does not keep the element from stopping */
GST_START_TEST (test_stop_while_hanging)
{
  DetectorRig *rig =
      detector_rig_new ("device", DPU_DEVICE_DPU, "max-in-flight", 2, NULL);

  fake_dpu_hold ();
  detector_rig_push (rig, 0);
  detector_rig_push (rig, 1);
  fake_dpu_wait_held (2);
  assert_equals_int (gst_element_set_state (rig->element, GST_STATE_NULL),
      GST_STATE_CHANGE_SUCCESS);
  assert_equals_int (fake_dpu_get_n_runners (), 0);
  assert_no_error (rig->bus);
  detector_rig_free (rig);
}
GST_END_TEST;

/* frames that wait for their runner are not executed any more */
GST_START_TEST (test_stop_with_frames)
{
  DetectorRig *rig = detector_rig_new ("max-in-flight", 4, NULL);
  guint i;

  for (i = 0; i < 10; i++)
    detector_rig_push (rig, i);
  gst_element_set_state (rig->element, GST_STATE_NULL);
  assert_equals_int (fake_dpu_get_n_runners (), 0);
  detector_rig_free (rig);
}
GST_END_TEST;

/* an element can be started and stopped for ever */
GST_START_TEST (test_start_and_stop)
{
  guint i;

  for (i = 0; i < 50; i++) {
    DetectorRig *rig = detector_rig_new ("max-in-flight", 1 + i % 4, NULL);

    assert_equals_int (detector_rig_push (rig, 1), GST_FLOW_OK);
    if (i % 2)
      detector_rig_pull (rig, 1);
    detector_rig_free (rig);
  }
}
GST_END_TEST;

/* and the same one again */
GST_START_TEST (test_restart)
{
  DetectorRig *rig = detector_rig_new ("max-in-flight", 2, NULL);
  guint i;

  for (i = 0; i < 50; i++) {
    assert_equals_int (detector_rig_push (rig, i), GST_FLOW_OK);
    detector_rig_pull (rig, i);
    assert_equals_int (gst_element_set_state (rig->element, GST_STATE_READY),
        GST_STATE_CHANGE_SUCCESS);
    assert_equals_int (fake_dpu_get_n_models (), 0);
    assert_equals_int (gst_element_set_state (rig->element, GST_STATE_PLAYING),
        GST_STATE_CHANGE_SUCCESS);
    gst_harness_push_event (rig->harness, gst_event_new_stream_start ("again"));
    detector_rig_set_size (rig, FAKE_DPU_SIZE, FAKE_DPU_SIZE);
    detector_rig_push_segment (rig);
  }
  detector_rig_free (rig);
}
GST_END_TEST;

static Suite *
yolov5dpu_stopping_suite (void)
{
  Suite *suite = suite_create ("yolov5dpu-stopping");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  testfolder_add (tcase);
  tcase_add_checked_fixture (tcase, fake_dpu_reset, NULL);
  tcase_add_loop_test (
      tcase, test_start_of_stream, 0, G_N_ELEMENTS (stopping_cases));
  tcase_add_test (tcase, test_lone_flush_stop);
  tcase_add_test (tcase, test_latency_query);
  tcase_add_loop_test (tcase, test_cancelled_execution, 0, 2);
  tcase_add_test (tcase, test_cancelled_opening);
  tcase_add_test (tcase, test_cancelled_warm_up);
  tcase_add_loop_test (tcase, test_slow_opening, 0, 2);
  tcase_add_test (tcase, test_stop_while_executing);
  tcase_add_test (tcase, test_stop_while_hanging);
  tcase_add_test (tcase, test_stop_with_frames);
  tcase_add_test (tcase, test_start_and_stop);
  tcase_add_test (tcase, test_restart);

  return suite;
}

GST_CHECK_MAIN (yolov5dpu_stopping);
