/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Faults of a DPU: each ends in its message, the process lives, nothing waits
 * for good, and the software DPU goes on. Every test has a process of its own,
 * which VART's fatal faults spoil. */

#include "boardrig.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define N_REPETITIONS 100
/* milliseconds until a DPU that hangs is given up, in tests where it does */
#define HANG_TIMEOUT 20
/* the same where the other core has to do its work in that time */
#define OTHER_CORE_TIMEOUT 2000
/* what a process exits with when somebody's failure function was called */
#define FAILURE_STATUS 42

/* the software DPU in the same process */
static void
check_cpu_runs (const gchar *path)
{
  g_autoptr (DpuModel) model = boardrig_open (path, DPU_DEVICE_CPU);
  g_autoptr (GError) error = NULL;
  g_autoptr (DpuRunner) runner = dpu_runner_new (model, 1, &error);

  fail_unless (runner != NULL && dpu_runner_execute (runner, &error), "%s",
      error == NULL ? "" : error->message);
}

/* nothing of the DPU is tried again, and "auto" says why */
static void
check_dpu_is_lost (const gchar *path)
{
  static const gchar *const texts[] = { "failed before in this process",
    "restart the application", NULL };
  g_autofree gchar *obstacle = dpu_find_obstacle ();
  g_autoptr (DpuModel) model = NULL;

  fail_unless (obstacle != NULL);
  boardrig_check_refused (path, DPU_DEVICE_DPU, DPU_ERROR_NOT_FOUND, texts);
  model = dpu_model_open (path, DPU_DEVICE_AUTO, NULL);
  fail_unless (model != NULL);
  fail_unless_equals_int (dpu_model_get_device (model), DPU_DEVICE_CPU);
  fail_unless (strstr (dpu_model_get_fallback_reason (model), texts[0]));
  check_cpu_runs (path);
}

static const struct {
  FakedpuFault fault;
  DpuError code;
  const gchar *texts[4];
} fatal_opens[] = {
  { FAKEDPU_FAULT_OPEN, DPU_ERROR_INIT,
      { "opening the DPU failed", "cannot open context", "gives up" } },
  { FAKEDPU_FAULT_ALLOCATION, DPU_ERROR_INIT,
      { "Making a runner failed", "allocation failure", "CMA" } },
};

/* a device that cannot be opened, and one without memory */
GST_START_TEST (test_fatal_while_opening)
{
  guint index = __i__ % G_N_ELEMENTS (fatal_opens);
  g_autofree gchar *path = boardrig_write_sample (1);

  fakedpu_set_fault (fatal_opens[index].fault);
  boardrig_check_refused (
      path, DPU_DEVICE_DPU, fatal_opens[index].code, fatal_opens[index].texts);
  fakedpu_set_fault (FAKEDPU_FAULT_NONE);
  check_dpu_is_lost (path);
}
GST_END_TEST;

/* where VART fails while "auto" looks for a DPU, the software DPU takes over */
GST_START_TEST (test_auto_survives_fatal)
{
  g_autofree gchar *path = boardrig_write_sample (1);
  g_autoptr (GError) error = NULL;
  g_autoptr (DpuModel) model = NULL;

  fakedpu_set_fault (FAKEDPU_FAULT_OPEN);
  model = dpu_model_open (path, DPU_DEVICE_AUTO, &error);
  fail_unless (model != NULL, "%s", error == NULL ? "" : error->message);
  fail_unless_equals_int (dpu_model_get_device (model), DPU_DEVICE_CPU);
  fail_unless (
      strstr (dpu_model_get_fallback_reason (model), "cannot open context"));
  check_cpu_runs (path);
}
GST_END_TEST;

/* memory that runs out at a later runner: the ones there are cannot be used any
 * more either, and everything can be freed */
GST_START_TEST (test_memory_runs_out_later)
{
  static const gchar *const texts[] = { "allocation failure", "CMA", NULL };
  static const gchar *const later[] = { "failed before in this process", NULL };
  g_autofree gchar *path = boardrig_write_sample (1);
  g_autoptr (DpuModel) model = boardrig_open (path, DPU_DEVICE_DPU);
  g_autoptr (DpuRunner) runner = dpu_runner_new (model, 0, NULL);
  g_autoptr (GError) error = NULL;

  fail_unless (dpu_runner_execute (runner, NULL));
  fakedpu_set_fault (FAKEDPU_FAULT_ALLOCATION);
  fail_unless (dpu_runner_new (model, 0, &error) == NULL);
  boardrig_check_error (error, DPU_ERROR_INIT, texts);
  g_clear_error (&error);
  fail_if (dpu_runner_execute (runner, &error));
  boardrig_check_error (error, DPU_ERROR_FAILED, later);
  check_dpu_is_lost (path);
}
GST_END_TEST;

static const struct {
  FakedpuFault fault;
  const gchar *texts[4];
} fatal_runs[] = {
  { FAKEDPU_FAULT_TIMEOUT,
      { "Running the model failed", "dpu timeout", "gives up" } },
  { FAKEDPU_FAULT_MISSING_CORE, { "handle of the core 1", "gives up" } },
};

/* a core that VART gives up, and one that is not there: the runner on the other
 * core fails at once from then on */
GST_START_TEST (test_fatal_while_running)
{
  static const gchar *const later[] = { "failed before in this process", NULL };
  guint index = __i__ % G_N_ELEMENTS (fatal_runs);
  g_autofree gchar *path = boardrig_write_sample (1);
  g_autoptr (DpuModel) model = NULL;
  DpuRunner *runners[2];
  guint n_failed = 0;

  fakedpu_set_n_cores (2);
  model = boardrig_open (path, DPU_DEVICE_DPU);
  for (guint i = 0; i < 2; i++) {
    runners[i] = dpu_runner_new (model, 0, NULL);
    fail_unless (dpu_runner_execute (runners[i], NULL));
  }
  fakedpu_set_fault (fatal_runs[index].fault);
  for (guint i = 0; i < 2; i++) {
    g_autoptr (GError) error = NULL;

    if (dpu_runner_execute (runners[i], &error))
      continue;
    boardrig_check_error (error, DPU_ERROR_FAILED,
        n_failed == 0 ? fatal_runs[index].texts : later);
    n_failed++;
  }
  fail_unless (n_failed > 0);
  for (guint i = 0; i < 2; i++) {
    fail_if (dpu_runner_execute (runners[i], NULL));
    dpu_runner_free (runners[i]);
  }
  check_dpu_is_lost (path);
}
GST_END_TEST;

static gpointer
execute (gpointer runner)
{
  GError *error = NULL;

  fail_if (dpu_runner_execute (runner, &error));
  return error;
}

/* a fatal fault of one runner also ends the wait of those behind it, however
 * long they were told to wait: VART holds the core's lock for good */
GST_START_TEST (test_fatal_before_others)
{
  static const gchar *const texts[] = { "failed before in this process", NULL };
  g_autofree gchar *path = boardrig_write_sample (1);
  g_autoptr (DpuModel) model = boardrig_open (path, DPU_DEVICE_DPU);
  DpuRunner *runners[3];
  GThread *threads[3];
  guint n_later = 0;

  dpu_model_set_timeout (model, G_MAXINT);
  for (guint i = 0; i < 3; i++)
    runners[i] = dpu_runner_new (model, 0, NULL);
  fakedpu_set_fault (FAKEDPU_FAULT_HANG);
  for (guint i = 0; i < 3; i++)
    threads[i] = g_thread_new ("executes", execute, runners[i]);
  fakedpu_wait_runs (1);
  fakedpu_set_fault (FAKEDPU_FAULT_TIMEOUT);
  for (guint i = 0; i < 3; i++) {
    g_autoptr (GError) error = g_thread_join (threads[i]);

    if (strstr (error->message, "gives up") != NULL)
      continue;
    boardrig_check_error (error, DPU_ERROR_FAILED, texts);
    n_later++;
  }
  fail_unless_equals_int (n_later, 2);
  for (guint i = 0; i < 3; i++)
    dpu_runner_free (runners[i]);
}
GST_END_TEST;

/* a DPU that hangs is an error after the time-out, again and again; while it
 * does, the runner is not used and none is opened; once it comes back, all is
 * well again */
GST_START_TEST (test_hang)
{
  static const gchar *const texts[] = { "did not end within 0.02 s", "hangs",
    NULL };
  static const gchar *const not_tried[] = { "has not returned", NULL };
  static const gchar *const busy[] = { "has not come back", NULL };
  g_autofree gchar *path = boardrig_write_sample (1);

  for (guint i = 0; i < N_REPETITIONS; i++) {
    g_autoptr (DpuModel) model = boardrig_open (path, DPU_DEVICE_DPU);
    DpuRunner *runner = dpu_runner_new (model, 0, NULL);
    g_autoptr (GError) error = NULL;

    dpu_model_set_timeout (model, HANG_TIMEOUT);
    fakedpu_set_fault (FAKEDPU_FAULT_HANG);
    fail_if (dpu_runner_execute (runner, &error));
    boardrig_check_error (error, DPU_ERROR_FAILED, texts);
    g_clear_error (&error);
    fail_if (dpu_runner_execute (runner, &error));
    boardrig_check_error (error, DPU_ERROR_FAILED, not_tried);
    boardrig_check_refused (path, DPU_DEVICE_DPU, DPU_ERROR_NOT_FOUND, busy);
    if (i % 10 == 0)
      check_cpu_runs (path);
    dpu_runner_free (runner);
    g_clear_pointer (&model, dpu_model_unref);

    fakedpu_set_fault (FAKEDPU_FAULT_NONE);
    while (fakedpu_get_n_buffers () > 0)
      g_thread_yield ();
  }
}
GST_END_TEST;

/* one core that hangs does not keep the other from working */
GST_START_TEST (test_hang_of_one_core)
{
  g_autofree gchar *path = boardrig_write_sample (1);
  g_autoptr (DpuModel) model = NULL;
  DpuRunner *runners[2];
  guint n_failed = 0;

  fakedpu_set_n_cores (2);
  model = boardrig_open (path, DPU_DEVICE_DPU);
  for (guint i = 0; i < 2; i++)
    runners[i] = dpu_runner_new (model, 0, NULL);
  fakedpu_set_fault (FAKEDPU_FAULT_HANG_OF_FIRST_CORE);
  dpu_model_set_timeout (model, OTHER_CORE_TIMEOUT);
  for (guint i = 0; i < 2; i++) {
    if (!dpu_runner_execute (runners[i], NULL))
      n_failed++;
    dpu_runner_free (runners[i]);
  }
  fail_unless_equals_int (n_failed, 1);
}
GST_END_TEST;

/* what hangs for good is left alone */
GST_START_TEST (test_hang_for_good)
{
  g_autofree gchar *path = boardrig_write_sample (1);
  g_autoptr (DpuModel) model = boardrig_open (path, DPU_DEVICE_DPU);
  g_autoptr (DpuRunner) runner = dpu_runner_new (model, 0, NULL);

  dpu_model_set_timeout (model, HANG_TIMEOUT);
  fakedpu_set_fault (FAKEDPU_FAULT_HANG);
  fail_if (dpu_runner_execute (runner, NULL));
  check_cpu_runs (path);
}
GST_END_TEST;

/* who stops does not wait for the time-out */
GST_START_TEST (test_interrupt)
{
  static const gchar *const texts[] = { "interrupted", NULL };
  g_autofree gchar *path = boardrig_write_sample (1);
  g_autoptr (DpuModel) model = boardrig_open (path, DPU_DEVICE_DPU);
  g_autoptr (DpuRunner) runner = dpu_runner_new (model, 0, NULL);
  g_autoptr (GError) error = NULL;
  GThread *thread;

  dpu_model_set_timeout (model, G_MAXINT);
  fakedpu_set_fault (FAKEDPU_FAULT_HANG);
  thread = g_thread_new ("executes", execute, runner);
  fakedpu_wait_runs (1);
  dpu_runner_interrupt (runner);
  error = g_thread_join (thread);
  boardrig_check_error (error, DPU_ERROR_FAILED, texts);
}
GST_END_TEST;

/* an interrupted runner of a DPU that does not hang still runs */
GST_START_TEST (test_interrupt_without_need)
{
  g_autofree gchar *path = boardrig_write_sample (1);
  g_autoptr (DpuModel) model = boardrig_open (path, DPU_DEVICE_DPU);
  g_autoptr (DpuRunner) runner = dpu_runner_new (model, 0, NULL);

  dpu_runner_interrupt (runner);
  fail_unless (dpu_runner_execute (runner, NULL));
}
GST_END_TEST;

static gpointer
open_on_dpu (gpointer path)
{
  GError *error = NULL;

  fail_unless (dpu_model_open (path, DPU_DEVICE_DPU, &error) == NULL);
  return error;
}

static const FakedpuFault opening_hangs[] = { FAKEDPU_FAULT_OPEN_HANG,
  FAKEDPU_FAULT_PROBE_HANG };

/* a device whose opening does not end is given up, too */
GST_START_TEST (test_hang_while_opening)
{
  static const gchar *const texts[] = { "opening the DPU did not end", NULL };
  g_autofree gchar *path = boardrig_write_sample (1);
  g_autoptr (GError) error = NULL;
  GThread *thread;

  fakedpu_set_fault (opening_hangs[__i__]);
  thread = g_thread_new ("opens", open_on_dpu, path);
  check_cpu_runs (path);
  error = g_thread_join (thread);
  boardrig_check_error (error, DPU_ERROR_INIT, texts);
}
GST_END_TEST;

/* somebody else's fault ends the process as it always did */
GST_START_TEST (test_fault_of_others)
{
  g_autofree gchar *path = boardrig_write_sample (1);
  g_autoptr (DpuModel) model = boardrig_open (path, DPU_DEVICE_DPU);

  fail_unless (dpu_model_is_usable (model));
  fakedpu_fail ();
}
GST_END_TEST;

static void
exit_with_status (void)
{
  _exit (FAILURE_STATUS);
}

/* and is handled by who wanted to handle it */
GST_START_TEST (test_fault_of_others_with_handler)
{
  g_autofree gchar *path = boardrig_write_sample (1);
  g_autoptr (DpuModel) model = NULL;

  fakedpu_set_failure_function (exit_with_status);
  model = boardrig_open (path, DPU_DEVICE_DPU);
  fakedpu_fail ();
}
GST_END_TEST;

static Suite *
dpu_faults_suite (void)
{
  Suite *suite = suite_create ("dpu-faults");
  TCase *tcase = tcase_create ("faults");

  suite_add_tcase (suite, tcase);
  testfolder_add (tcase);
  tcase_set_timeout (tcase, 120);
  tcase_add_checked_fixture (tcase, boardrig_setup, boardrig_teardown);
  tcase_add_loop_test (tcase, test_fatal_while_opening, 0,
      N_REPETITIONS * G_N_ELEMENTS (fatal_opens));
  tcase_add_loop_test (tcase, test_auto_survives_fatal, 0, N_REPETITIONS);
  tcase_add_loop_test (tcase, test_memory_runs_out_later, 0, N_REPETITIONS);
  tcase_add_loop_test (tcase, test_fatal_while_running, 0,
      N_REPETITIONS * G_N_ELEMENTS (fatal_runs));
  tcase_add_loop_test (tcase, test_fatal_before_others, 0, 10);
  tcase_add_test (tcase, test_hang);
  tcase_add_test (tcase, test_hang_of_one_core);
  tcase_add_loop_test (tcase, test_hang_for_good, 0, N_REPETITIONS);
  tcase_add_test (tcase, test_interrupt);
  tcase_add_test (tcase, test_interrupt_without_need);
  tcase_add_loop_test (
      tcase, test_hang_while_opening, 0, G_N_ELEMENTS (opening_hangs));
  tcase_add_test_raise_signal (tcase, test_fault_of_others, SIGABRT);
  tcase_add_exit_test (
      tcase, test_fault_of_others_with_handler, FAILURE_STATUS);
  return suite;
}

GST_CHECK_MAIN (dpu_faults);
