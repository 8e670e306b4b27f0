/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Models on a DPU, through AMD's runner, whose hardware is tests/fakedpu. */

#include "boardrig.h"

#include <string.h>

/* milliseconds */
#define RUN_TIMEOUT 120000
#define MAX_CORES 3
#define N_FRAMES 4

/* outputs of the software DPU for N_FRAMES random inputs */
typedef struct {
  gchar *path;
  GPtrArray *inputs;
  /* per frame, all outputs after each other, by their names */
  GPtrArray *expected;
} Reference;

/* the output whose name comes after @name, or first of all without one */
static guint
find_next_output (DpuModel *model, const gchar *name)
{
  guint n_outputs = dpu_model_get_n_outputs (model), next = n_outputs;

  for (guint i = 0; i < n_outputs; i++) {
    const gchar *candidate = dpu_model_get_output (model, i)->name;

    if ((name == NULL || strcmp (candidate, name) > 0)
        && (next == n_outputs
            || strcmp (candidate, dpu_model_get_output (model, next)->name)
                   < 0))
      next = i;
  }
  fail_unless (next < n_outputs);
  return next;
}

/* in the order of their names: the two forms of a model have orders of their
 * own */
static void
read_outputs (DpuModel *model, DpuRunner *runner, gint8 *target)
{
  const gchar *name = NULL;

  for (guint i = 0; i < dpu_model_get_n_outputs (model); i++) {
    guint index = find_next_output (model, name);
    const DpuTensor *output = dpu_model_get_output (model, index);

    memcpy (target, dpu_runner_get_output (runner, index), output->size);
    target += output->size;
    name = output->name;
  }
}

static gsize
get_output_size (DpuModel *model)
{
  gsize size = 0;

  for (guint i = 0; i < dpu_model_get_n_outputs (model); i++)
    size += dpu_model_get_output (model, i)->size;
  return size;
}

static void
compute_reference (Reference *reference, const gchar *path)
{
  g_autoptr (DpuModel) model = boardrig_open (path, DPU_DEVICE_CPU);
  g_autoptr (DpuRunner) runner = dpu_runner_new (model, 1, NULL);
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  gsize size = dpu_model_get_input (model)->size;

  fail_unless (runner != NULL);
  reference->path = g_strdup (path);
  reference->inputs = g_ptr_array_new_with_free_func (g_free);
  reference->expected = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < N_FRAMES; i++) {
    gint8 *input = g_malloc (size);
    gint8 *expected = g_malloc (get_output_size (model));

    for (gsize j = 0; j < size; j++)
      input[j] = g_rand_int_range (random, 0, 64);
    memcpy (dpu_runner_get_input (runner), input, size);
    fail_unless (dpu_runner_execute (runner, NULL));
    read_outputs (model, runner, expected);
    g_ptr_array_add (reference->inputs, input);
    g_ptr_array_add (reference->expected, expected);
  }
}

static void
clear_reference (Reference *reference)
{
  g_free (reference->path);
  g_ptr_array_unref (reference->inputs);
  g_ptr_array_unref (reference->expected);
}

typedef struct {
  const Reference *reference;
  DpuModel *model;
  DpuRunner *runner;
} Job;

/* every frame, each with another before it */
static gpointer
run_frames (gpointer data)
{
  const Job *job = data;
  gsize in_size = dpu_model_get_input (job->model)->size;
  gsize out_size = get_output_size (job->model);
  g_autofree gint8 *actual = g_malloc (out_size);

  for (guint i = 0; i < 2 * N_FRAMES; i++) {
    guint frame = i % N_FRAMES;
    g_autoptr (GError) error = NULL;

    memcpy (dpu_runner_get_input (job->runner),
        job->reference->inputs->pdata[frame], in_size);
    fail_unless (dpu_runner_execute (job->runner, &error), "%s",
        error == NULL ? "" : error->message);
    read_outputs (job->model, job->runner, actual);
    fail_unless (
        memcmp (actual, job->reference->expected->pdata[frame], out_size) == 0,
        "frame %u has other bytes than the software DPU's", i);
  }
  return NULL;
}

/* runs all models at once, with @n_runners each */
static void
run_on_dpu (const Reference *references, guint n_models, guint n_runners)
{
  guint n_jobs = n_models * n_runners;
  g_autofree Job *jobs = g_new0 (Job, n_jobs);
  g_autofree GThread **threads = g_new0 (GThread *, n_jobs);

  for (guint i = 0; i < n_jobs; i++) {
    const Reference *reference = &references[i / n_runners];

    jobs[i].reference = reference;
    jobs[i].model = i % n_runners == 0
                        ? boardrig_open (reference->path, DPU_DEVICE_DPU)
                        : dpu_model_ref (jobs[i - 1].model);
    /* this DPU is a processor, which may be an emulated one */
    dpu_model_set_timeout (jobs[i].model, RUN_TIMEOUT);
    jobs[i].runner = dpu_runner_new (jobs[i].model, 0, NULL);
    fail_unless (jobs[i].runner != NULL);
  }
  for (guint i = 0; i < n_jobs; i++)
    threads[i] = g_thread_new ("runner", run_frames, &jobs[i]);
  for (guint i = 0; i < n_jobs; i++) {
    g_thread_join (threads[i]);
    dpu_runner_free (jobs[i].runner);
    dpu_model_unref (jobs[i].model);
  }
}

/* on one, two and three cores, with up to two frames for each, outputs are the
 * software DPU's in every byte, all cores work, and nothing is left behind */
GST_START_TEST (test_outputs_are_the_software_dpus)
{
  g_autofree gchar *path = boardrig_write_sample (1);
  guint n_cores = __i__;
  Reference reference;

  compute_reference (&reference, path);
  fakedpu_set_n_cores (n_cores);
  for (guint n_runners = 1; n_runners <= 2 * n_cores; n_runners++)
    run_on_dpu (&reference, 1, n_runners);
  for (guint i = 0; i < n_cores; i++)
    fail_unless (fakedpu_get_n_runs (i) > 0, "core %u is idle", i);
  fail_unless_equals_int (fakedpu_get_n_buffers (), 0);
  clear_reference (&reference);
}
GST_END_TEST;

/* the demo's models, compiled, give what their quantized forms give on the
 * software DPU */
GST_START_TEST (test_models_of_demo)
{
  static const gchar *const names[] = {
    "everyday/everyday-640x384_int.xmodel",
    "everyday/everyday-640x640_int.xmodel",
    "street/street-640x384_int.xmodel",
    "street/street-640x640_int.xmodel",
  };

  fakedpu_set_n_cores (__i__);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree gchar *quantized =
        g_build_filename (g_getenv ("TEST_MODELS_DIR"), names[i], NULL);
    Reference reference;

    compute_reference (&reference, quantized);
    g_free (reference.path);
    reference.path =
        g_build_filename (g_getenv ("TEST_COMPILED_DIR"), names[i], NULL);
    fakedpu_add_model (reference.path);
    run_on_dpu (&reference, 1, __i__ + 1);
    clear_reference (&reference);
  }
}
GST_END_TEST;

/* AMD's own model too, which leaves its input alone */
GST_START_TEST (test_model_of_amd)
{
  g_autofree gchar *path = g_build_filename (g_getenv ("TEST_SHARED_DIR"),
      "xmodels", "amd-yolov5n-coco-640-b4096-vai30.xmodel", NULL);
  Reference reference;
  DpuModel *model;

  if (!g_file_test (path, G_FILE_TEST_EXISTS)) {
    g_print ("not tried: there is no %s\n", path);
    return;
  }
  compute_reference (&reference, path);
  fakedpu_add_model (path);
  fakedpu_set_n_cores (__i__);
  run_on_dpu (&reference, 1, __i__ + 1);
  model = boardrig_open (path, DPU_DEVICE_DPU);
  fail_unless (dpu_model_keeps_input (model));
  dpu_model_unref (model);
  clear_reference (&reference);
}
GST_END_TEST;

/* two models share the DPU: neither gets what is the other's */
GST_START_TEST (test_two_models)
{
  g_autofree gchar *first = boardrig_write_sample (1),
                   *second = boardrig_write_sample (2);
  Reference references[2];

  compute_reference (&references[0], first);
  compute_reference (&references[1], second);
  fakedpu_set_n_cores (__i__);
  run_on_dpu (references, 2, 2);
  for (guint i = 0; i < 2; i++)
    clear_reference (&references[i]);
}
GST_END_TEST;

/* models with one runner each are spread over the cores as well as one model
 * with many: what a model does to learn its tensors takes no core's turn */
GST_START_TEST (test_single_runners_are_spread)
{
  g_autofree gchar *path = boardrig_write_sample (1);
  DpuModel *models[2];
  DpuRunner *runners[2];

  fakedpu_set_n_cores (2);
  for (guint i = 0; i < 2; i++) {
    models[i] = boardrig_open (path, DPU_DEVICE_DPU);
    fail_unless_equals_int (dpu_model_get_n_cores (models[i]), 2);
    runners[i] = dpu_runner_new (models[i], 0, NULL);
    fail_unless (runners[i] != NULL);
  }
  for (guint i = 0; i < 2; i++)
    fail_unless (dpu_runner_execute (runners[i], NULL));
  for (guint i = 0; i < 2; i++) {
    fail_unless_equals_int (fakedpu_get_n_runs (i), 1);
    dpu_runner_free (runners[i]);
    dpu_model_unref (models[i]);
  }
}
GST_END_TEST;

/* with a DPU there, "auto" takes it; quantizer output goes to the software DPU,
 * and the reason is told */
GST_START_TEST (test_auto_takes_the_dpu)
{
  g_autofree gchar *compiled = boardrig_write_sample (1);
  g_autofree gchar *quantized = boardrig_find_data ("t_add", "int.xmodel");
  g_autoptr (GError) error = NULL;
  g_autoptr (DpuModel) dpu = dpu_model_open (compiled, DPU_DEVICE_AUTO, &error);
  g_autoptr (DpuModel) cpu =
      dpu_model_open (quantized, DPU_DEVICE_AUTO, &error);

  fail_unless (
      dpu != NULL && cpu != NULL, "%s", error == NULL ? "" : error->message);
  fail_unless_equals_int (dpu_model_get_device (dpu), DPU_DEVICE_DPU);
  fail_unless (dpu_model_get_fallback_reason (dpu) == NULL);
  fail_unless_equals_int (dpu_model_get_device (cpu), DPU_DEVICE_CPU);
  fail_unless (strstr (dpu_model_get_fallback_reason (cpu), "vai_c_xir"));
}
GST_END_TEST;

static Suite *
dpu_board_suite (void)
{
  Suite *suite = suite_create ("dpu-board");
  TCase *tcase = tcase_create ("board");

  suite_add_tcase (suite, tcase);
  testfolder_add (tcase);
  tcase_set_timeout (tcase, 300);
  tcase_add_checked_fixture (tcase, boardrig_setup, boardrig_teardown);
  tcase_add_loop_test (
      tcase, test_outputs_are_the_software_dpus, 1, MAX_CORES + 1);
  tcase_add_loop_test (tcase, test_models_of_demo, 1, MAX_CORES + 1);
  tcase_add_loop_test (tcase, test_model_of_amd, 1, MAX_CORES + 1);
  tcase_add_loop_test (tcase, test_two_models, 1, MAX_CORES + 1);
  tcase_add_test (tcase, test_single_runners_are_spread);
  tcase_add_test (tcase, test_auto_takes_the_dpu);
  return suite;
}

GST_CHECK_MAIN (dpu_board);
