/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Models that the software DPU takes minutes for can be stopped, while they are
 * opened and while they run. Where that does not work, these tests run out of
 * time. */

#include "swdpu/graphrig.h"
#include "testfolder.h"

#include <dpu/dpu.h>
#include <gst/check/gstcheck.h>

static const gint32 ones[] = { 1, 1 };

static void
write_model (const XmodelFile__Graph *graph, const gchar *path)
{
  g_autoptr (GBytes) bytes = xmodel_sample_pack (graph);

  fail_unless (g_file_set_contents (
      path, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), NULL));
}

/* one convolution of 64x64, as large as @pad makes it */
static XmodelFile__Graph *
new_slow_graph (const gint32 pad[4])
{
  const guint32 in[] = { 1, 1024, 1024, 8 };
  const guint32 out[] = { 1, 961 + pad[2] + pad[3], 961 + pad[0] + pad[1], 8 };
  static const guint32 weight_dims[] = { 8, 64, 64, 8 };
  static const gint32 kernel[] = { 64, 64 };
  g_autofree gint8 *weights = g_malloc (8 * 64 * 64 * 8);
  XmodelFile__Graph *graph = graphrig_new ();
  XmodelFile__Op *op;

  memset (weights, 1, 8 * 64 * 64 * 8);
  graphrig_add_input (graph, "in", in, 4, 4);
  graphrig_add_constant (graph, "weights", weight_dims, 4, 4, weights);
  op = graphrig_add_op (graph, "conv", "conv2d", out, 4);
  xmodel_sample_add_input (op, "input", "in");
  xmodel_sample_add_input (op, "weights", "weights");
  graphrig_set_window (op, kernel, ones, ones, pad);
  graphrig_add_fix (graph, "out", "conv", 4);
  return graph;
}

/* windows that see nothing but padding are left to plain integers, which take
 * minutes for this */
static gchar *
write_slow_model (const gchar *folder)
{
  static const gint32 pad[] = { 0, 0, 0, 64 };
  g_autoptr (XmodelFile__Graph) graph = new_slow_graph (pad);
  gchar *path = g_build_filename (folder, "slow.xmodel", NULL);

  write_model (graph, path);
  return path;
}

static gchar *
get_quick_model (void)
{
  return g_build_filename (
      g_getenv ("TEST_DATA_DIR"), "golden", "t_leaky", "int.xmodel", NULL);
}

static DpuModel *
open_model (const gchar *path)
{
  g_autoptr (GError) error = NULL;
  DpuModel *model = dpu_model_open (path, DPU_DEVICE_CPU, &error);

  fail_unless (model != NULL, "%s", error == NULL ? "" : error->message);
  return model;
}

static void
check_cancelled (const GError *error)
{
  fail_unless (g_error_matches (error, DPU_ERROR, DPU_ERROR_CANCELLED), "%s",
      error == NULL ? "no error" : error->message);
}

/* what is cancelled already is not opened; a model that is open stays usable, as
 * others may share it */
GST_START_TEST (test_cancelled_before)
{
  g_autofree gchar *path = get_quick_model ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (DpuModel) model =
      dpu_model_open_cancellable (path, DPU_DEVICE_CPU, cancellable, &error);
  g_autoptr (DpuRunner) runner = NULL;

  fail_unless (model != NULL, "%s", error == NULL ? "" : error->message);
  g_cancellable_cancel (cancellable);
  runner = dpu_runner_new (model, 1, &error);
  fail_unless (runner != NULL, "%s", error == NULL ? "" : error->message);
  fail_unless (
      dpu_model_open_cancellable (path, DPU_DEVICE_CPU, cancellable, &error)
      == NULL);
  check_cancelled (error);
}
GST_END_TEST;

/* when the software DPU says that it begins */
static void
cancel_when_building (const gchar *domain, GLogLevelFlags level,
    const gchar *message, gpointer cancellable)
{
  if (g_str_has_prefix (message, "building for"))
    g_cancellable_cancel (cancellable);
}

/* an opening that takes long, as it tries what takes long, ends when it is
 * cancelled meanwhile */
GST_START_TEST (test_cancelled_while_opening)
{
  static const gint32 pad[] = { 32, 31, 32, 31 };
  g_autofree gchar *folder = testfolder_make ();
  g_autofree gchar *path = g_build_filename (folder, "large.xmodel", NULL);
  g_autoptr (XmodelFile__Graph) graph = new_slow_graph (pad);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  write_model (graph, path);
  g_log_set_default_handler (cancel_when_building, cancellable);
  fail_unless (
      dpu_model_open_cancellable (path, DPU_DEVICE_CPU, cancellable, &error)
      == NULL);
  g_log_set_default_handler (g_log_default_handler, NULL);
  check_cancelled (error);
  testfolder_remove (folder);
}
GST_END_TEST;

/* nothing runs while a runner is cancelled, and everything does afterwards */
GST_START_TEST (test_cancelled_for_a_while)
{
  g_autofree gchar *path = get_quick_model ();
  g_autoptr (DpuModel) model = open_model (path);
  g_autoptr (DpuRunner) runner = dpu_runner_new (model, 1, NULL);
  g_autoptr (GError) error = NULL;

  dpu_runner_set_cancelled (runner, TRUE);
  fail_if (dpu_runner_execute (runner, &error));
  check_cancelled (error);
  g_clear_error (&error);
  dpu_runner_set_cancelled (runner, FALSE);
  fail_unless (dpu_runner_execute (runner, &error));
}
GST_END_TEST;

/* the first row of the result is there. That the other thread writes it at the same
 * time is as it should be. */
__attribute__ ((no_sanitize ("thread"))) static gboolean
has_begun (DpuRunner *runner)
{
  return *(const volatile gint8 *) dpu_runner_get_output (runner, 0) != 0;
}

static gpointer
execute (gpointer runner)
{
  GError *error = NULL;

  fail_if (dpu_runner_execute (runner, &error));
  return error;
}

static void
set_cancelled (DpuRunner *runner)
{
  dpu_runner_set_cancelled (runner, TRUE);
}

static void (*const stops[]) (
    DpuRunner *runner) = { set_cancelled, dpu_runner_interrupt };

/* a frame that takes minutes ends at once, and so does its runner */
GST_START_TEST (test_stopped_while_running)
{
  g_autofree gchar *folder = testfolder_make ();
  g_autofree gchar *path = write_slow_model (folder);
  g_autoptr (DpuModel) model = open_model (path);
  g_autoptr (DpuRunner) runner = dpu_runner_new (model, 1, NULL);
  g_autoptr (GError) error = NULL;
  GThread *thread;

  memset (dpu_runner_get_input (runner), 1, dpu_model_get_input (model)->size);
  thread = g_thread_new ("execute", execute, runner);
  while (!has_begun (runner))
    g_thread_yield ();
  stops[__i__](runner);
  error = g_thread_join (thread);
  check_cancelled (error);
  testfolder_remove (folder);
}
GST_END_TEST;

static Suite *
dpu_cancel_suite (void)
{
  Suite *suite = suite_create ("dpu-cancel");
  TCase *tcase = tcase_create ("cancel");

  suite_add_tcase (suite, tcase);
  testfolder_add (tcase);
  tcase_add_test (tcase, test_cancelled_before);
  tcase_add_test (tcase, test_cancelled_while_opening);
  tcase_add_test (tcase, test_cancelled_for_a_while);
  tcase_add_loop_test (
      tcase, test_stopped_while_running, 0, G_N_ELEMENTS (stops));
  return suite;
}

GST_CHECK_MAIN (dpu_cancel)
