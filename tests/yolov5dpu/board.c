/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The plug-in as it is installed, on a DPU: AMD's runner with tests/fakedpu as
 * its hardware. Faults of it end in their messages on the bus. */

#include "boardpipeline.h"
#include "dpu/boardrig.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define N_REPETITIONS 100
/* processes at the same time */
#define FEW 10

static const gchar *const lost[] = { "failed before in this process", NULL };

/* the boxes are the software DPU's, however many cores and frames there are */
GST_START_TEST (test_same_boxes)
{
  g_autofree gchar *path = boardrig_write_detector ();
  g_autofree gchar *expected = boardpipeline_detect (path, "device=cpu");

  fail_unless (strstr (expected, "label") != NULL);
  fakedpu_set_n_cores (__i__);
  for (guint n_slots = 0; n_slots <= 4; n_slots++) {
    g_autofree gchar *properties =
        g_strdup_printf ("device=dpu max-in-flight=%u", n_slots);
    g_autofree gchar *found = boardpipeline_detect (path, properties);

    fail_unless_equals_string (found, expected);
  }
  for (gint i = 0; i < __i__; i++)
    fail_unless (fakedpu_get_n_runs (i) > 0, "core %d is idle", i);
  fail_unless_equals_int (fakedpu_get_n_buffers (), 0);
}
GST_END_TEST;

/* the padding of a frame is there also where a run destroys the input */
GST_START_TEST (test_input_that_is_not_kept)
{
  g_autofree gchar *path = boardrig_write_detector_in_one_register ();
  g_autofree gchar *expected =
      boardpipeline_detect (path, "threshold=0.01 device=cpu");
  g_autofree gchar *found =
      boardpipeline_detect (path, "threshold=0.01 device=dpu");

  fail_unless_equals_string (found, expected);
}
GST_END_TEST;

/* runs @function N_REPETITIONS times in processes of their own, up to
 * @n_at_once together: they are spoilt by a fault, or wait most of the time */
static void
repeat_in_processes (
    void (*function) (const gchar *model, const gchar *const *texts),
    const gchar *const *texts, guint n_at_once)
{
  g_autofree gchar *path = boardrig_write_detector ();

  for (guint i = 0; i < N_REPETITIONS + n_at_once; i++) {
    gint status;
    pid_t child;

    if (i >= n_at_once) {
      fail_unless (wait (&status) > 0);
      fail_unless (WIFEXITED (status) && WEXITSTATUS (status) == 0);
    }
    if (i >= N_REPETITIONS)
      continue;
    child = fork ();
    fail_unless (child >= 0, "%s", g_strerror (errno));
    if (child == 0) {
      function (path, texts);
      _exit (0);
    }
  }
}

/* more than one frame may be in flight, and any of them be the first to fail:
 * by itself, or because VART cannot be used any more. VART's last words are in
 * all messages */
static const struct {
  FakedpuFault fault;
  guint n_cores;
  const gchar *texts[4];
} fatal_faults[] = {
  { FAKEDPU_FAULT_OPEN, 1,
      { "opening the DPU failed", "cannot open context", "gives up" } },
  { FAKEDPU_FAULT_ALLOCATION, 1,
      { "Making a runner failed", "allocation failure", "CMA" } },
  { FAKEDPU_FAULT_TIMEOUT, 1, { "dpu timeout! core_idx = 0" } },
  { FAKEDPU_FAULT_MISSING_CORE, 2, { "cannot find the handle of the core 1" } },
};

static void
fail_fatally (const gchar *path, const gchar *const *texts)
{
  g_autofree gchar *found = NULL;

  boardpipeline_check_error (path, "device=dpu", texts);
  fakedpu_set_fault (FAKEDPU_FAULT_NONE);
  boardpipeline_check_error (path, "device=dpu", lost);
  found = boardpipeline_detect (path, "device=cpu");
}

/* a fatal fault of VART is an error on the bus; the pipeline stops, the DPU is
 * not tried again, and the next one runs on the software DPU */
GST_START_TEST (test_fatal_fault)
{
  fakedpu_set_n_cores (fatal_faults[__i__].n_cores);
  fakedpu_set_fault (fatal_faults[__i__].fault);
  repeat_in_processes (fail_fatally, fatal_faults[__i__].texts, FEW);
}
GST_END_TEST;

/* one warning, and no error */
static void
check_falls_back (const gchar *path)
{
  GstElement *pipeline = boardpipeline_new (path, 2, "device=auto");
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  g_autoptr (GstMessage) warning = NULL, end = NULL;
  g_autoptr (GError) error = NULL;

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  warning = gst_bus_timed_pop_filtered (
      bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_WARNING | GST_MESSAGE_ERROR);
  fail_unless_equals_int (GST_MESSAGE_TYPE (warning), GST_MESSAGE_WARNING);
  gst_message_parse_warning (warning, &error, NULL);
  fail_unless (strstr (error->message, "Running on the software DPU") != NULL);
  end = gst_bus_timed_pop_filtered (bus, GST_CLOCK_TIME_NONE,
      GST_MESSAGE_EOS | GST_MESSAGE_WARNING | GST_MESSAGE_ERROR);
  fail_unless_equals_int (GST_MESSAGE_TYPE (end), GST_MESSAGE_EOS);
  boardpipeline_stop (pipeline);
}

static void
lose_model (const gchar *path, const gchar *const *texts)
{
  GstElement *first = boardpipeline_new (path, -1, "device=auto");

  fail_unless (gst_element_set_state (first, GST_STATE_PLAYING)
               != GST_STATE_CHANGE_FAILURE);
  fakedpu_wait_runs (1);
  fakedpu_set_fault (FAKEDPU_FAULT_TIMEOUT);
  boardpipeline_wait_error (first, texts);
  check_falls_back (path);
  boardpipeline_stop (first);
}

/* with "auto", a pipeline runs on the software DPU after such a fault, also
 * while another one still has the same model on the DPU */
GST_START_TEST (test_model_that_is_lost)
{
  static const gchar *const texts[] = { "dpu timeout!", NULL };

  repeat_in_processes (lose_model, texts, FEW);
}
GST_END_TEST;

static void
run_out_of_memory (const gchar *path, const gchar *const *texts)
{
  GstElement *first = boardpipeline_new (path, -1, "device=dpu");

  gst_element_set_state (first, GST_STATE_PLAYING);
  /* on a busy machine its slots may still be starting */
  gst_element_get_state (first, NULL, NULL, GST_CLOCK_TIME_NONE);
  fakedpu_set_fault (FAKEDPU_FAULT_ALLOCATION);
  boardpipeline_check_error (path, "device=dpu", texts);
  boardpipeline_wait_error (first, lost);
  boardpipeline_stop (first);
}

/* memory that runs out when a second pipeline starts ends both, as VART cannot
 * be used any more */
GST_START_TEST (test_memory_runs_out_later)
{
  static const gchar *const texts[] = { "allocation failure", "CMA", NULL };

  repeat_in_processes (run_out_of_memory, texts, FEW);
}
GST_END_TEST;

static const struct {
  FakedpuFault fault;
  guint n_cores;
} hangs[] = {
  { FAKEDPU_FAULT_HANG, 1 },
  { FAKEDPU_FAULT_HANG, 3 },
  { FAKEDPU_FAULT_HANG_OF_FIRST_CORE, 2 },
};

/* a DPU, or one core of it, that hangs is an error on the bus, too; once it is
 * back, it is used again */
GST_START_TEST (test_hang)
{
  static const gchar *const texts[] = { "did not end within 0.02 s",
    "the DPU hangs", NULL };
  g_autofree gchar *path = boardrig_write_detector ();
  g_autofree gchar *found = NULL;

  fakedpu_set_n_cores (hangs[__i__].n_cores);
  for (guint i = 0; i < N_REPETITIONS; i++) {
    fakedpu_set_fault (hangs[__i__].fault);
    boardpipeline_check_error (path, "device=dpu timeout=20000000", texts);
    fakedpu_set_fault (FAKEDPU_FAULT_NONE);
    while (fakedpu_get_n_buffers () > 0)
      g_thread_yield ();
  }
  found = boardpipeline_detect (path, "device=dpu");
}
GST_END_TEST;

static void
stop_during_hang (const gchar *path, const gchar *const *texts)
{
  GstElement *pipeline =
      boardpipeline_new (path, -1, "device=dpu timeout=3600000000000");

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  fakedpu_hang ();
  boardpipeline_stop (pipeline);
}

/* a pipeline can be stopped while the DPU hangs for good, and without waiting
 * for the time-out */
GST_START_TEST (test_stop_during_hang)
{
  repeat_in_processes (stop_during_hang, NULL, FEW);
}
GST_END_TEST;

static void
hang_while_opening (const gchar *path, const gchar *const *texts)
{
  boardpipeline_check_error (path, "device=dpu", texts);
}

static const FakedpuFault opening_hangs[] = { FAKEDPU_FAULT_OPEN_HANG,
  FAKEDPU_FAULT_PROBE_HANG };

/* a device whose opening does not end is given up, after 30 s that all wait at
 * the same time */
GST_START_TEST (test_hang_while_opening)
{
  static const gchar *const texts[] = { "opening the DPU did not end within",
    NULL };

  fakedpu_set_fault (opening_hangs[__i__]);
  repeat_in_processes (hang_while_opening, texts, N_REPETITIONS);
}
GST_END_TEST;

static gpointer
start (gpointer pipeline)
{
  fail_unless (gst_element_set_state (pipeline, GST_STATE_PLAYING)
               != GST_STATE_CHANGE_FAILURE);
  return NULL;
}

/* those that do not need the DPU start and stop while it hangs for another */
GST_START_TEST (test_others_while_opening_hangs)
{
  g_autofree gchar *path = boardrig_write_detector ();
  GstElement *running = boardpipeline_new (path, -1, "device=cpu");
  GstElement *waiting = boardpipeline_new (path, -1, "device=dpu");
  g_autofree gchar *found = NULL;
  GstState state;
  GThread *thread;

  start (running);
  fakedpu_set_fault (FAKEDPU_FAULT_OPEN_HANG);
  thread = g_thread_new ("starts", start, waiting);
  fakedpu_wait_hang ();
  boardpipeline_stop (running);
  found = boardpipeline_detect (path, "device=cpu");

  gst_element_get_state (waiting, &state, NULL, 0);
  fail_unless_equals_int (state, GST_STATE_READY);
  fakedpu_set_fault (FAKEDPU_FAULT_NONE);
  g_thread_join (thread);
  boardpipeline_stop (waiting);
}
GST_END_TEST;

static Suite *
yolov5dpu_board_suite (void)
{
  Suite *suite = suite_create ("yolov5dpu-board");
  TCase *tcase = tcase_create ("board");

  suite_add_tcase (suite, tcase);
  testfolder_add (tcase);
  tcase_set_timeout (tcase, 120);
  tcase_add_checked_fixture (tcase, boardrig_setup, boardrig_teardown);
  tcase_add_loop_test (tcase, test_same_boxes, 1, 4);
  tcase_add_test (tcase, test_input_that_is_not_kept);
  tcase_add_loop_test (tcase, test_fatal_fault, 0, G_N_ELEMENTS (fatal_faults));
  tcase_add_test (tcase, test_model_that_is_lost);
  tcase_add_test (tcase, test_memory_runs_out_later);
  tcase_add_loop_test (tcase, test_hang, 0, G_N_ELEMENTS (hangs));
  tcase_add_test (tcase, test_stop_during_hang);
  tcase_add_loop_test (
      tcase, test_hang_while_opening, 0, G_N_ELEMENTS (opening_hangs));
  tcase_add_test (tcase, test_others_while_opening_hangs);
  return suite;
}

GST_CHECK_MAIN (yolov5dpu_board);
