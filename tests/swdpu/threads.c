/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* OpenMP's number of threads belongs to the thread that calls. The software DPU
 * sets it for its own work, and leaves the host's as it was. */

#include "graphrig.h"

#include <dlfcn.h>
#include <gst/check/gstcheck.h>
#include <omp.h>
#include <string.h>

#define HOST_THREADS 5
#define MODEL_THREADS 2

static guint n_set;
static gint most_set;

/* stands before OpenMP's own: the program's symbols come first */
void
omp_set_num_threads (int n_threads)
{
  void (*set) (int) =
      (void (*) (int)) (guintptr) dlsym (RTLD_NEXT, "omp_set_num_threads");

  n_set++;
  if (n_threads != HOST_THREADS)
    most_set = MAX (most_set, n_threads);
  set (n_threads);
}

static SwdpuProgram *
open_model (void)
{
  g_autofree gchar *path = g_build_filename (
      g_getenv ("TEST_DATA_DIR"), "golden", "t_leaky", "int.xmodel", NULL);
  g_autoptr (XmodelFile__Graph) graph = xmodel_sample_load (path);
  g_autoptr (GBytes) bytes = xmodel_sample_pack (graph);
  SwdpuProgram *program =
      swdpu_program_get (bytes, graph->root->name, NULL, MODEL_THREADS, NULL);

  fail_unless (program != NULL);
  return program;
}

/* a frame runs with the model's number of threads, whoever calls, and the host
 * keeps its own, also when the frame is cancelled */
GST_START_TEST (test_number_of_threads)
{
  const gint cancelled = 1;
  g_autoptr (SwdpuProgram) program = NULL;
  g_autoptr (SwdpuContext) context = NULL;

  omp_set_num_threads (HOST_THREADS);
  program = open_model ();
  fail_unless_equals_int (omp_get_max_threads (), HOST_THREADS);
  context = swdpu_context_new (program, NULL);

  n_set = 0;
  most_set = 0;
  fail_unless (swdpu_context_run (context, NULL));
  fail_unless (n_set >= 2);
  fail_unless_equals_int (most_set, MODEL_THREADS);
  fail_unless_equals_int (omp_get_max_threads (), HOST_THREADS);

  swdpu_context_watch (context, &cancelled);
  fail_if (swdpu_context_run (context, NULL));
  fail_unless_equals_int (omp_get_max_threads (), HOST_THREADS);
}
GST_END_TEST;

static Suite *
swdpu_threads_suite (void)
{
  Suite *suite = suite_create ("swdpu-threads");
  TCase *tcase = tcase_create ("threads");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_number_of_threads);
  return suite;
}

GST_CHECK_MAIN (swdpu_threads)
