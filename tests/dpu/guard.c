/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Calls on a guard's thread: what returns, what does not, and what is fatal. */

#include "boardrig.h"

#include <dpu/guard.h>

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* milliseconds, in tests where they pass */
#define SHORT_TIMEOUT 20

/* a call that ends when the test says so */
typedef struct {
  GMutex lock;
  GCond changed;
  gboolean begun;
  gboolean let;
  guint n_ended;
} Gate;

static void
set (Gate *gate, gboolean *flag)
{
  g_mutex_lock (&gate->lock);
  *flag = TRUE;
  g_cond_broadcast (&gate->changed);
  g_mutex_unlock (&gate->lock);
}

static void
wait_for (Gate *gate, const gboolean *flag)
{
  g_mutex_lock (&gate->lock);
  while (!*flag)
    g_cond_wait (&gate->changed, &gate->lock);
  g_mutex_unlock (&gate->lock);
}

static gboolean
pass (gpointer data, GError **error)
{
  Gate *gate = data;

  set (gate, &gate->begun);
  wait_for (gate, &gate->let);
  return TRUE;
}

static gboolean
count_end (gpointer data, GError **error)
{
  Gate *gate = data;

  g_mutex_lock (&gate->lock);
  gate->n_ended++;
  g_cond_broadcast (&gate->changed);
  g_mutex_unlock (&gate->lock);
  return TRUE;
}

static void
wait_for_end (Gate *gate)
{
  g_mutex_lock (&gate->lock);
  while (gate->n_ended == 0)
    g_cond_wait (&gate->changed, &gate->lock);
  fail_unless_equals_int (gate->n_ended, 1);
  g_mutex_unlock (&gate->lock);
}

static gboolean
note_thread (gpointer data, GError **error)
{
  *(GThread **) data = g_thread_self ();
  return TRUE;
}

static gboolean
fail_as_told (gpointer data, GError **error)
{
  g_set_error_literal (error, DPU_ERROR, DPU_ERROR_MODEL, data);
  return FALSE;
}

static gboolean
fail_fatally (gpointer data, GError **error)
{
  fakedpu_fail ();
  return TRUE;
}

static gboolean
call (DpuGuard *guard, DpuGuardFunction function, gpointer data, guint timeout,
    GError **error)
{
  return dpu_guard_call (guard, function, data, timeout, "The call", error);
}

static gboolean
is_delayed (void)
{
  g_autofree gchar *text = dpu_guard_describe_delay ();

  return text != NULL;
}

static gboolean
is_faulty (void)
{
  g_autofree gchar *text = dpu_guard_describe_fault ();

  return text != NULL;
}

/* all calls of a guard are on one thread, which is not the caller's; results
 * and errors come back */
GST_START_TEST (test_calls_return)
{
  DpuGuard *guard = dpu_guard_new (DPU_GUARD_DPU, NULL);
  GThread *once = NULL, *again = NULL;
  g_autoptr (GError) error = NULL;
  Gate gate = { 0 };

  fail_unless (call (guard, note_thread, &once, 0, &error));
  fail_if (call (guard, fail_as_told, (gpointer) "as told", 1000, &error));
  fail_unless_equals_string (error->message, "as told");
  fail_unless (g_error_matches (error, DPU_ERROR, DPU_ERROR_MODEL));
  fail_unless (call (guard, note_thread, &again, G_MAXINT, NULL));
  fail_unless (once == again && once != g_thread_self ());
  dpu_guard_end (guard, count_end, &gate, 0);
  fail_unless_equals_int (gate.n_ended, 1);
}
GST_END_TEST;

/* a call that takes too long is an error, a second one is not begun meanwhile,
 * and when it has ended all is well again */
GST_START_TEST (test_overdue_call)
{
  static const gchar *const texts[] = { "The call did not end within 0.02 s",
    NULL };
  static const gchar *const not_tried[] = { "The call is not tried", NULL };
  DpuGuardDomain domain = __i__;
  DpuGuard *guard = dpu_guard_new (domain, NULL);
  GThread *thread;
  g_autoptr (GError) error = NULL;
  Gate gate = { 0 };

  fail_if (call (guard, pass, &gate, SHORT_TIMEOUT, &error));
  boardrig_check_error (error, DPU_ERROR_FAILED, texts);
  g_clear_error (&error);
  fail_if (call (guard, note_thread, &thread, 0, &error));
  boardrig_check_error (error, DPU_ERROR_FAILED, not_tried);
  fail_unless (is_delayed () == (domain == DPU_GUARD_DPU));

  set (&gate, &gate.let);
  while (!call (guard, note_thread, &thread, 0, NULL))
    g_thread_yield ();
  fail_unless (!is_delayed ());
  dpu_guard_end (guard, NULL, NULL, 0);
}
GST_END_TEST;

static gpointer
interrupt_when_begun (gpointer data)
{
  DpuGuard *guard = ((gpointer *) data)[0];
  Gate *gate = ((gpointer *) data)[1];

  wait_for (gate, &gate->begun);
  dpu_guard_interrupt (guard);
  return NULL;
}

/* an interrupted call fails without waiting for its time-out; it is not held
 * against others that it does not end */
GST_START_TEST (test_interrupted_call)
{
  static const gchar *const texts[] = { "The call was interrupted", NULL };
  DpuGuard *guard = dpu_guard_new (DPU_GUARD_DPU, NULL);
  DpuGuard *other = dpu_guard_new (DPU_GUARD_DPU, NULL);
  GThread *thread = NULL;
  g_autoptr (GError) error = NULL;
  Gate gate = { 0 };
  gpointer both[] = { guard, &gate };
  GThread *interrupter =
      g_thread_new ("interrupts", interrupt_when_begun, both);

  fail_if (call (guard, pass, &gate, __i__, &error));
  boardrig_check_error (error, DPU_ERROR_FAILED, texts);
  g_thread_join (interrupter);
  fail_unless (!is_delayed ());
  fail_unless (call (other, note_thread, &thread, 0, NULL));
  dpu_guard_end (other, NULL, NULL, 0);
  dpu_guard_end (guard, count_end, &gate, 0);
  set (&gate, &gate.let);
  wait_for_end (&gate);
}
GST_END_TEST;

/* ending a guard does not wait for an overdue call; what is to be done last is
 * done after it */
GST_START_TEST (test_end_of_overdue_call)
{
  DpuGuard *guard = dpu_guard_new (DPU_GUARD_DPU, NULL);
  Gate gate = { 0 };

  fail_if (call (guard, pass, &gate, SHORT_TIMEOUT, NULL));
  dpu_guard_end (guard, count_end, &gate, 0);
  fail_unless_equals_int (gate.n_ended, 0);
  set (&gate, &gate.let);
  wait_for_end (&gate);
}
GST_END_TEST;

/* nor does it wait for longer than told when that last thing does not end */
GST_START_TEST (test_end_that_does_not_end)
{
  DpuGuard *guard = dpu_guard_new (DPU_GUARD_DPU, NULL);
  Gate gate = { 0 };

  dpu_guard_end (guard, pass, &gate, SHORT_TIMEOUT);
  wait_for (&gate, &gate.begun);
  fail_unless (is_delayed ());
  set (&gate, &gate.let);
  while (is_delayed ())
    g_thread_yield ();
}
GST_END_TEST;

/* a fatal fault is an error with its text, of whatever domain; only the DPU's
 * concerns other guards, and then all of that domain */
GST_START_TEST (test_fatal_call)
{
  static const gchar *const texts[] = { "The call failed", "none of the DPU's",
    NULL };
  DpuGuardDomain domain = __i__;
  DpuGuard *guard = dpu_guard_new (domain, NULL);
  DpuGuard *dpu = dpu_guard_new (DPU_GUARD_DPU, NULL);
  DpuGuard *cpu = dpu_guard_new (DPU_GUARD_CPU, NULL);
  GThread *thread;
  g_autoptr (GError) error = NULL;
  Gate gate = { 0 };

  fail_if (call (guard, fail_fatally, NULL, 0, &error));
  boardrig_check_error (error, DPU_ERROR_FAILED, texts);
  fail_if (call (guard, note_thread, &thread, 0, NULL));
  fail_unless (call (cpu, note_thread, &thread, 0, NULL));
  fail_unless (
      call (dpu, note_thread, &thread, 0, NULL) == (domain == DPU_GUARD_CPU));
  dpu_guard_end (guard, count_end, &gate, 0);
  fail_unless_equals_int (gate.n_ended, 0);
  dpu_guard_end (dpu, count_end, &gate, 0);
  fail_unless_equals_int (gate.n_ended, domain == DPU_GUARD_CPU ? 1 : 0);
  gate.n_ended = 0;
  dpu_guard_end (cpu, count_end, &gate, 0);
  fail_unless_equals_int (gate.n_ended, 1);
}
GST_END_TEST;

/* an end that is fatal is an end */
GST_START_TEST (test_fatal_end)
{
  dpu_guard_end (dpu_guard_new (DPU_GUARD_DPU, NULL), fail_fatally, NULL, 0);
  fail_unless (is_faulty ());
  fail_unless (!is_delayed ());
}
GST_END_TEST;

/* a program's end: what comes first, a call left behind and what comes last */
static Gate at_exit;

static void
begin_exit (void)
{
  set (&at_exit, &at_exit.let);
}

static void
check_call_ended (void)
{
  if (at_exit.n_ended == 0)
    _exit (EXIT_FAILURE);
}

/* works on after the exit has begun */
static gboolean
outlast_caller (gpointer data, GError **error)
{
  dpu_guard_interrupt (data);
  wait_for (&at_exit, &at_exit.let);
  g_usleep (G_USEC_PER_SEC / 5);
  return TRUE;
}

static void
leave_call_behind (DpuGuardDomain domain)
{
  DpuGuard *guard;

  atexit (check_call_ended);
  guard = dpu_guard_new (domain, NULL);
  call (guard, outlast_caller, guard, 0, NULL);
  dpu_guard_end (guard, count_end, &at_exit, 0);
  atexit (begin_exit);
  exit (EXIT_SUCCESS);
}

/* a program's end waits for the call a caller in a hurry left behind, so that
 * the libraries' statics are not destroyed under it */
GST_START_TEST (test_exit_during_interrupted_call)
{
  pid_t child = fork ();
  int status;

  if (child == 0)
    leave_call_behind (__i__);
  fail_unless_equals_int (waitpid (child, &status, 0), child);
  fail_unless (WIFEXITED (status));
  fail_unless_equals_int (WEXITSTATUS (status), EXIT_SUCCESS);
}
GST_END_TEST;

static Suite *
dpu_guard_suite (void)
{
  Suite *suite = suite_create ("dpu-guard");
  TCase *tcase = tcase_create ("guard");

  suite_add_tcase (suite, tcase);
  tcase_set_timeout (tcase, 60);
  tcase_add_test (tcase, test_calls_return);
  tcase_add_loop_test (tcase, test_overdue_call, 0, 2);
  /* without a time-out, and with a long one */
  tcase_add_loop_test (tcase, test_interrupted_call, 0, 1);
  tcase_add_loop_test (tcase, test_interrupted_call, G_MAXINT - 1, G_MAXINT);
  tcase_add_test (tcase, test_end_of_overdue_call);
  tcase_add_test (tcase, test_end_that_does_not_end);
  tcase_add_loop_test (tcase, test_fatal_call, 0, 2);
  tcase_add_test (tcase, test_fatal_end);
  tcase_add_loop_test (
      tcase, test_exit_during_interrupted_call, 0, DPU_GUARD_CPU + 1);
  return suite;
}

GST_CHECK_MAIN (dpu_guard);
