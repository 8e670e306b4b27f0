/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Several detector elements in one process. */

#include "rig.h"

#include "yolov5dpu/settings.h"

#include <glib/gstdio.h>
#include <string.h>

#define N_STREAMS 4

/* lets two elements have the same model */
static void
use_model_of (DetectorRig *rig, const DetectorRig *other)
{
  gst_element_set_state (rig->element, GST_STATE_READY);
  g_object_set (rig->element, "model", other->files.model, "label-file",
      other->files.labels, NULL);
  gst_element_set_state (rig->element, GST_STATE_PLAYING);
  gst_harness_push_event (rig->harness, gst_event_new_stream_start ("again"));
  detector_rig_set_size (rig, FAKE_DPU_SIZE, FAKE_DPU_SIZE);
}

/* elements with the same model open it once, have slots of their own, and the
 * last of them closes it */
GST_START_TEST (test_shared_model)
{
  DetectorRig *rigs[N_STREAMS];

  for (guint i = 0; i < N_STREAMS; i++)
    rigs[i] = detector_rig_new ("max-in-flight", 2, NULL);
  assert_equals_int (fake_dpu_get_n_models (), N_STREAMS);
  for (guint i = 1; i < N_STREAMS; i++) {
    use_model_of (rigs[i], rigs[0]);
    detector_rig_push_segment (rigs[i]);
  }
  assert_equals_int (fake_dpu_get_n_models (), 1);
  assert_equals_int (fake_dpu_get_n_runners (), 2 * N_STREAMS);

  /* the first one may go first */
  gst_element_set_state (rigs[0]->element, GST_STATE_NULL);
  for (guint i = 1; i < N_STREAMS; i++) {
    assert_equals_int (detector_rig_push (rigs[i], i), GST_FLOW_OK);
    detector_rig_pull (rigs[i], i);
  }
  for (guint i = 1; i < N_STREAMS; i++)
    gst_element_set_state (rigs[i]->element, GST_STATE_NULL);
  assert_equals_int (fake_dpu_get_n_models (), 0);
  for (guint i = 0; i < N_STREAMS; i++)
    detector_rig_free (rigs[i]);
}
GST_END_TEST;

/* another device or another file is another model, also when it has the same
 * path as one that is open */
GST_START_TEST (test_other_model)
{
  DetectorRig *owner = detector_rig_new ("max-in-flight", 1, NULL);
  DetectorRig *other = detector_rig_new ("max-in-flight", 1, NULL);
  gchar *replacement = g_strconcat (owner->files.model, ".new", NULL);

  use_model_of (other, owner);
  detector_rig_push_segment (other);
  assert_equals_int (fake_dpu_get_n_models (), 1);

  gst_element_set_state (other->element, GST_STATE_READY);
  g_object_set (other->element, "device", DPU_DEVICE_CPU, NULL);
  gst_element_set_state (other->element, GST_STATE_PLAYING);
  assert_equals_int (fake_dpu_get_n_models (), 2);

  gst_element_set_state (other->element, GST_STATE_READY);
  assert_equals_int (fake_dpu_get_n_models (), 1);
  fail_unless (g_file_set_contents (replacement, "other", -1, NULL));
  assert_equals_int (g_rename (replacement, owner->files.model), 0);
  g_object_set (other->element, "device", DPU_DEVICE_AUTO, NULL);
  gst_element_set_state (other->element, GST_STATE_PLAYING);
  assert_equals_int (fake_dpu_get_n_models (), 2);

  g_free (replacement);
  gst_element_set_state (owner->element, GST_STATE_NULL);
  detector_rig_free (other);
  detector_rig_free (owner);
}
GST_END_TEST;

/* a stream whose downstream stands still, and one whose frame is stuck in the
 * DPU, keep no other from going on */
GST_START_TEST (test_slow_stream)
{
  DetectorRig *rigs[3];
  GThread *push;
  gulong probe;

  for (guint i = 0; i < 3; i++)
    rigs[i] = detector_rig_new ("max-in-flight", 1, NULL);
  probe = gst_pad_add_probe (rigs[0]->harness->sinkpad,
      GST_PAD_PROBE_TYPE_BLOCK | GST_PAD_PROBE_TYPE_BUFFER, NULL, NULL, NULL);
  detector_rig_push (rigs[0], 60);
  fake_dpu_wait_ended (1);
  detector_rig_push (rigs[0], 61);
  push = detector_rig_push_in_thread (rigs[0], 62);
  fake_dpu_wait_ended (2);
  fake_dpu_hold ();
  detector_rig_push (rigs[1], 63);
  fake_dpu_wait_held (1);

  for (guint i = 0; i < 20; i++) {
    detector_rig_push (rigs[2], i);
    fake_dpu_let (i);
    detector_rig_pull (rigs[2], i);
  }

  fake_dpu_let_all ();
  detector_rig_pull (rigs[1], 63);
  gst_pad_remove_probe (rigs[0]->harness->sinkpad, probe);
  assert_equals_int (join_push (push), GST_FLOW_OK);
  for (guint i = 60; i < 63; i++)
    detector_rig_pull (rigs[0], i);
  for (guint i = 0; i < 3; i++)
    gst_element_set_state (rigs[i]->element, GST_STATE_NULL);
  for (guint i = 0; i < 3; i++)
    detector_rig_free (rigs[i]);
}
GST_END_TEST;

/* elements with the same model share the processors of a software DPU: each works on
 * as many frames as its part of them and one, and on more where others leave them
 * idle, unless it is told how many */
GST_START_TEST (test_shared_processors)
{
  const guint wanted[] = { 0, 0, 0, 7 };
  guint n_processors = g_get_num_processors ();
  guint part = MAX (n_processors / G_N_ELEMENTS (wanted), 1);
  DetectorRig *rigs[G_N_ELEMENTS (wanted)];
  guint i, frame, n = 0;

  for (i = 0; i < G_N_ELEMENTS (wanted); i++) {
    rigs[i] = detector_rig_new ("max-in-flight", wanted[i], "no-block",
        GST_YOLOV5_DPU_NO_BLOCK_TRUE, NULL);
    if (i > 0)
      use_model_of (rigs[i], rigs[0]);
    detector_rig_push_segment (rigs[i]);
  }
  fake_dpu_hold ();
  for (i = 0; i < G_N_ELEMENTS (wanted); i++) {
    guint idle = n_processors - MIN (n, n_processors);
    guint most = wanted[i] > 0
                     ? wanted[i]
                     : MIN (MAX (part + 1, idle), GST_YOLOV5_MAX_SLOTS);

    for (frame = 0; frame < GST_YOLOV5_MAX_SLOTS + 1; frame++)
      assert_equals_int (detector_rig_push (rigs[i], frame), GST_FLOW_OK);
    n += most;
    fake_dpu_wait_held (n);
  }
  fake_dpu_let_all ();
  for (i = 0; i < G_N_ELEMENTS (wanted); i++)
    gst_element_set_state (rigs[i]->element, GST_STATE_NULL);
  for (i = 0; i < G_N_ELEMENTS (wanted); i++)
    detector_rig_free (rigs[i]);
  assert_equals_int (fake_dpu_get_most_executing (), n);
}
GST_END_TEST;

static gpointer
start_and_stop (gpointer data)
{
  for (guint i = 0; i < 20; i++) {
    gst_element_set_state (data, GST_STATE_PAUSED);
    gst_element_set_state (data, GST_STATE_NULL);
  }
  return NULL;
}

/* elements with the same model may start and stop at the same time */
GST_START_TEST (test_start_together)
{
  GstElement *elements[N_STREAMS];
  GThread *threads[N_STREAMS];
  GstBus *bus = gst_bus_new ();
  ModelFiles files;

  model_files_init (&files);
  for (guint i = 0; i < N_STREAMS; i++) {
    elements[i] = detector_new (&files, bus);
    threads[i] = g_thread_new ("start", start_and_stop, elements[i]);
  }
  for (guint i = 0; i < N_STREAMS; i++) {
    g_thread_join (threads[i]);
    gst_element_set_bus (elements[i], NULL);
    gst_object_unref (elements[i]);
  }
  assert_no_error (bus);
  assert_equals_int (fake_dpu_get_n_models (), 0);
  assert_equals_int (fake_dpu_get_n_runners (), 0);
  gst_object_unref (bus);
  model_files_clear (&files);
}
GST_END_TEST;

/* lines of the log that tell what waits */
static gint n_waits;

static void
count_waits (GstDebugCategory *category, GstDebugLevel level, const gchar *file,
    const gchar *function, gint line, GObject *object, GstDebugMessage *message,
    gpointer data)
{
  if (g_str_equal (gst_debug_category_get_name (category), "yolov5dpu")
      && strstr (
          gst_debug_message_get (message), "waiting for frame 0 in slot"))
    g_atomic_int_inc (&n_waits);
}

/* a pipeline that waits for a slow device says so in the log */
GST_START_TEST (test_wait_is_logged)
{
  DetectorRig *rig = detector_rig_new ("max-in-flight", 1, NULL);

  n_waits = 0;
  gst_debug_set_active (TRUE);
  gst_debug_set_threshold_for_name ("yolov5dpu", GST_LEVEL_LOG);
  gst_debug_remove_log_function (NULL);
  gst_debug_add_log_function (count_waits, NULL, NULL);
  fake_dpu_hold ();
  detector_rig_push (rig, 0);
  while (g_atomic_int_get (&n_waits) == 0)
    g_thread_yield ();
  fake_dpu_let_all ();
  gst_buffer_unref (gst_harness_pull (rig->harness));
  gst_debug_remove_log_function (count_waits);
  assert_equals_int (n_waits, 1);
  detector_rig_free (rig);
}
GST_END_TEST;

static Suite *
yolov5dpu_streams_suite (void)
{
  Suite *suite = suite_create ("yolov5dpu-streams");
  TCase *tcase = tcase_create ("streams");

  suite_add_tcase (suite, tcase);
  testfolder_add (tcase);
  tcase_add_checked_fixture (tcase, fake_dpu_reset, NULL);
  tcase_add_test (tcase, test_shared_model);
  tcase_add_test (tcase, test_other_model);
  tcase_add_test (tcase, test_slow_stream);
  tcase_add_test (tcase, test_shared_processors);
  tcase_add_test (tcase, test_start_together);
  tcase_add_test (tcase, test_wait_is_logged);

  return suite;
}

GST_CHECK_MAIN (yolov5dpu_streams);
