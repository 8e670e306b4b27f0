/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Frames share the memory in which they are computed: there is as much of it as
 * there are processors, and no frame sees another one's. */

#include "graphrig.h"

#include <gst/check/gstcheck.h>
#include <string.h>
#include <swdpu/program.h>

#define N_CONTEXTS 6
#define N_RUNS 20

static SwdpuProgram *
open_model (void)
{
  g_autofree gchar *path = g_build_filename (
      g_getenv ("TEST_DATA_DIR"), "golden", "t_leaky", "int.xmodel", NULL);
  g_autoptr (XmodelFile__Graph) graph = xmodel_sample_load (path);
  SwdpuProgram *program = graphrig_open (graph, NULL);

  fail_unless (program != NULL);
  return program;
}

static SwdpuWorkspaces *
make_workspaces (const SwdpuProgram *program, guint most)
{
  return swdpu_workspaces_new (program->plan, program->convolutions,
      program->engine, program->scratch_size, most);
}

/* there are no more than there may be; who does not get one can be told to wait
 * no longer, and the one that was used last is the next to be used */
GST_START_TEST (test_limit)
{
  const gint cancelled = 1;
  g_autoptr (SwdpuProgram) program = open_model ();
  SwdpuWorkspaces *workspaces = make_workspaces (program, 2);
  g_autoptr (GError) error = NULL;
  SwdpuWorkspace *first, *second;

  fail_unless (swdpu_workspaces_reserve (workspaces, NULL));
  first = swdpu_workspaces_take (workspaces, &cancelled, NULL);
  second = swdpu_workspaces_take (workspaces, &cancelled, NULL);
  fail_unless (first != NULL && second != NULL && first != second);
  fail_unless (swdpu_workspaces_take (workspaces, &cancelled, &error) == NULL);
  fail_unless (g_error_matches (error, SWDPU_ERROR, SWDPU_ERROR_CANCELLED));

  swdpu_workspaces_give_back (workspaces, second);
  swdpu_workspaces_give_back (workspaces, first);
  fail_unless (swdpu_workspaces_take (workspaces, NULL, NULL) == first);
  swdpu_workspaces_give_back (workspaces, first);
  swdpu_workspaces_free (workspaces);
}
GST_END_TEST;

static gpointer
take_one (gpointer data)
{
  return swdpu_workspaces_take (data, NULL, NULL);
}

/* who waits gets the one that is given back, and nobody else does */
GST_START_TEST (test_wait)
{
  g_autoptr (SwdpuProgram) program = open_model ();
  SwdpuWorkspaces *workspaces = make_workspaces (program, 1);
  SwdpuWorkspace *only = swdpu_workspaces_take (workspaces, NULL, NULL);
  GThread *thread = g_thread_new ("waits", take_one, workspaces);

  swdpu_workspaces_give_back (workspaces, only);
  fail_unless (g_thread_join (thread) == only);
  swdpu_workspaces_give_back (workspaces, only);
  swdpu_workspaces_free (workspaces);
}
GST_END_TEST;

typedef struct {
  SwdpuProgram *program;
  guint8 seed;
  gint8 *output;
  gsize size;
} Job;

static SwdpuContext *
new_context (const Job *job)
{
  SwdpuContext *context = swdpu_context_new (job->program, NULL);
  gsize size = swdpu_program_get_input (job->program, 0).size;
  gint8 *input = swdpu_context_get_input (context, 0);
  g_autoptr (GRand) random = g_rand_new_with_seed (job->seed);

  for (gsize i = 0; i < size; i++)
    input[i] = g_rand_int_range (random, 0, 100);
  return context;
}

/* returns how many runs gave something else */
static gpointer
run_often (gpointer data)
{
  const Job *job = data;
  g_autoptr (SwdpuContext) context = new_context (job);
  guint n_wrong = 0;

  for (guint i = 0; i < N_RUNS; i++)
    if (!swdpu_context_run (context, NULL)
        || memcmp (
               swdpu_context_get_output (context, 0), job->output, job->size)
               != 0)
      n_wrong++;
  return GUINT_TO_POINTER (n_wrong);
}

/* frames that are computed at the same time, more than there are processors, are
 * what they are alone */
GST_START_TEST (test_frames_side_by_side)
{
  g_autoptr (SwdpuProgram) program = open_model ();
  gsize size = swdpu_program_get_output (program, 0).size;
  Job jobs[N_CONTEXTS];
  GThread *threads[N_CONTEXTS];

  for (guint i = 0; i < N_CONTEXTS; i++) {
    g_autoptr (SwdpuContext) context = NULL;

    jobs[i] = (Job){ program, i, NULL, size };
    context = new_context (&jobs[i]);
    fail_unless (swdpu_context_run (context, NULL));
    jobs[i].output = g_memdup2 (swdpu_context_get_output (context, 0), size);
  }
  fail_unless (memcmp (jobs[0].output, jobs[1].output, size) != 0);

  for (guint i = 0; i < N_CONTEXTS; i++)
    threads[i] = g_thread_new ("frames", run_often, &jobs[i]);
  for (guint i = 0; i < N_CONTEXTS; i++) {
    fail_unless_equals_int (GPOINTER_TO_UINT (g_thread_join (threads[i])), 0);
    g_free (jobs[i].output);
  }
}
GST_END_TEST;

/* what a context holds stays until it runs again, whoever else does */
GST_START_TEST (test_outputs_stay)
{
  g_autoptr (SwdpuProgram) program = open_model ();
  gsize size = swdpu_program_get_output (program, 0).size;
  const Job jobs[] = { { program, 1, NULL, size }, { program, 2, NULL, size } };
  g_autoptr (SwdpuContext) first = new_context (&jobs[0]);
  g_autoptr (SwdpuContext) second = new_context (&jobs[1]);
  g_autofree gint8 *expected = NULL;

  fail_unless (swdpu_context_run (first, NULL));
  expected = g_memdup2 (swdpu_context_get_output (first, 0), size);
  fail_unless (swdpu_context_run (second, NULL));
  fail_unless (
      memcmp (swdpu_context_get_output (first, 0), expected, size) == 0);
  fail_unless (
      memcmp (swdpu_context_get_output (second, 0), expected, size) != 0);
}
GST_END_TEST;

static Suite *
swdpu_workspaces_suite (void)
{
  Suite *suite = suite_create ("swdpu-workspaces");
  TCase *tcase = tcase_create ("workspaces");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_limit);
  tcase_add_test (tcase, test_wait);
  tcase_add_test (tcase, test_frames_side_by_side);
  tcase_add_test (tcase, test_outputs_stay);
  return suite;
}

GST_CHECK_MAIN (swdpu_workspaces)
