/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Models and runners through the real VART, on the software DPU, and the errors
 * that take the place of VART's aborts. */

#include "testfolder.h"
#include "xmodel/samples.h"

#include <dpu/dpu.h>
#include <dpu/obstacles.h>

#include <fcntl.h>
#include <gst/check/gstcheck.h>
#include <math.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define RUNNER_VARIABLE "YOLOV5DPU_RUNNER"
/* seconds until a model that is being opened counts as hanging */
#define OPEN_TIMEOUT 120

static gchar *folder;

static void
setup (void)
{
  folder = testfolder_make ();
}

static void
teardown (void)
{
  testfolder_remove (folder);
  g_clear_pointer (&folder, g_free);
}

static gchar *
data_file (const gchar *name)
{
  return g_build_filename (
      g_getenv ("TEST_DATA_DIR"), "golden", "t_add", name, NULL);
}

static DpuModel *
open_t_add (void)
{
  g_autofree gchar *path = data_file ("int.xmodel");
  g_autoptr (GError) error = NULL;
  DpuModel *model = dpu_model_open (path, DPU_DEVICE_CPU, &error);

  fail_unless (model != NULL, "%s", error == NULL ? "" : error->message);
  return model;
}

static gchar *
write_file (const gchar *name, const void *data, gsize size)
{
  gchar *path = g_build_filename (folder, name, NULL);

  fail_unless (g_file_set_contents (path, data, size, NULL));
  return path;
}

static gchar *
write_model (const XmodelFile__Graph *graph)
{
  g_autoptr (GBytes) bytes = xmodel_sample_pack (graph);
  gsize size;
  gconstpointer data = g_bytes_get_data (bytes, &size);

  return write_file ("model.xmodel", data, size);
}

/* opening @path must give an error of @code whose message has @text in it */
static void
check_refused (
    const gchar *path, DpuDevice device, DpuError code, const gchar *text)
{
  g_autoptr (GError) error = NULL;
  DpuModel *model = dpu_model_open (path, device, &error);

  fail_unless (model == NULL, "%s was accepted", path);
  fail_unless (g_error_matches (error, DPU_ERROR, code), "not the error %d: %s",
      code, error->message);
  fail_unless (strstr (error->message, text) != NULL,
      "the message lacks \"%s\": %s", text, error->message);
}

static void
check_tensor (const DpuTensor *tensor, const GKeyFile *ini, const gchar *group)
{
  gsize n;
  g_autofree gint *shape =
      g_key_file_get_integer_list ((GKeyFile *) ini, group, "shape", &n, NULL);

  fail_unless_equals_int (n, 4);
  fail_unless_equals_int (tensor->height, shape[1]);
  fail_unless_equals_int (tensor->width, shape[2]);
  fail_unless_equals_int (tensor->channels, shape[3]);
  fail_unless_equals_int (tensor->size, shape[1] * shape[2] * shape[3]);
  fail_unless_equals_int (tensor->fix_point,
      g_key_file_get_integer ((GKeyFile *) ini, group, "fix_point", NULL));
}

/* a model tells the names, shapes and fix points of its tensors */
GST_START_TEST (test_tensors_are_described)
{
  g_autoptr (DpuModel) model = open_t_add ();
  g_autoptr (GKeyFile) ini = g_key_file_new ();
  g_autofree gchar *path = data_file ("golden.ini");

  fail_unless (g_key_file_load_from_file (ini, path, 0, NULL));
  fail_unless_equals_int (dpu_model_get_device (model), DPU_DEVICE_CPU);
  fail_unless (dpu_model_get_fallback_reason (model) == NULL);
  fail_unless_equals_int (dpu_model_get_n_outputs (model), 2);
  check_tensor (dpu_model_get_input (model), ini, "input");
  for (guint i = 0; i < 2; i++) {
    g_autofree gchar *group = g_strdup_printf ("output%u", i);
    g_autofree gchar *name = g_key_file_get_string (ini, group, "op", NULL);

    check_tensor (dpu_model_get_output (model, i), ini, group);
    fail_unless_equals_string (dpu_model_get_output (model, i)->name, name);
  }
}
GST_END_TEST;

typedef struct {
  DpuModel *model;
  const gchar *input;
  const gchar *expected;
} Job;

static gpointer
run_job (gpointer user_data)
{
  const Job *job = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DpuRunner) runner = dpu_runner_new (job->model, 1, &error);
  gsize in_size = dpu_model_get_input (job->model)->size;
  gsize out_size = dpu_model_get_output (job->model, 0)->size;

  fail_unless (runner != NULL);
  memcpy (dpu_runner_get_input (runner), job->input, in_size);
  for (guint i = 0; i < 50; i++) {
    fail_unless (dpu_runner_execute (runner, &error));
    fail_unless (
        memcmp (dpu_runner_get_output (runner, 0), job->expected, out_size)
            == 0,
        "run %u gave other bytes", i);
  }
  fail_unless (
      memcmp (dpu_runner_get_input (runner), job->input, in_size) == 0);
  return NULL;
}

/* two runners of a model, each on its thread with its own picture, do not
 * disturb each other, and leave their inputs as they were */
GST_START_TEST (test_runners_are_independent)
{
  g_autoptr (DpuModel) model = open_t_add ();
  GThread *threads[2];
  Job jobs[2];

  for (guint i = 0; i < 2; i++) {
    g_autofree gchar *in_name = g_strdup_printf ("input%u.s8", i);
    g_autofree gchar *out_name = g_strdup_printf ("input%u.out0.s8", i);
    g_autofree gchar *in_path = data_file (in_name);
    g_autofree gchar *out_path = data_file (out_name);
    gchar *input, *expected;

    fail_unless (g_file_get_contents (in_path, &input, NULL, NULL));
    fail_unless (g_file_get_contents (out_path, &expected, NULL, NULL));
    jobs[i] = (Job){ model, input, expected };
    threads[i] = g_thread_new ("runner", run_job, &jobs[i]);
  }
  for (guint i = 0; i < 2; i++) {
    g_thread_join (threads[i]);
    g_free ((gchar *) jobs[i].input);
    g_free ((gchar *) jobs[i].expected);
  }
}
GST_END_TEST;

/* a runner keeps its model, and with it the memory of both */
GST_START_TEST (test_runner_outlives_its_model)
{
  DpuModel *model = open_t_add ();
  g_autoptr (GError) error = NULL;
  g_autoptr (DpuRunner) runner = dpu_runner_new (model, 0, &error);

  dpu_model_unref (model);
  fail_unless (dpu_runner_execute (runner, &error));
}
GST_END_TEST;

/* one output of the compiled sample: 3x3 over 2 channels, RELU; weights are the
 * bytes 0 to 71, biases 72 to 75 */
static gint8
compute_compiled (const gint8 *input, gint y, gint x, gint channel)
{
  gint sum = 0;
  gdouble value;

  for (gint i = 0; i < 18; i++) {
    gint row = y + i / 6 - 1, column = x + i / 2 % 3 - 1;

    if (row >= 0 && row < 8 && column >= 0 && column < 8)
      sum += input[(row * 8 + column) * 2 + i % 2] * (channel * 18 + i);
  }
  value = ldexp (sum, -6 - 7) + ldexp (72 + channel, -8);
  return CLAMP (floor (ldexp (MAX (value, 0), 4) + 0.5), -128, 127);
}

/* the compiler's form of a model gives the formula's bytes */
GST_START_TEST (test_compiled_model)
{
  g_autoptr (XmodelFile__Graph) graph = xmodel_sample_new_compiled ();
  g_autofree gchar *path = write_model (graph);
  g_autoptr (GError) error = NULL;
  g_autoptr (DpuModel) model = dpu_model_open (path, DPU_DEVICE_CPU, &error);
  g_autoptr (DpuRunner) runner = NULL;
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  gint8 *input;

  fail_unless (model != NULL, "%s", error == NULL ? "" : error->message);
  fail_unless_equals_int (dpu_model_get_input (model)->fix_point, 6);
  fail_unless_equals_int (dpu_model_get_output (model, 0)->fix_point, 4);
  runner = dpu_runner_new (model, 1, &error);
  fail_unless (runner != NULL);
  input = dpu_runner_get_input (runner);
  for (guint i = 0; i < 8 * 8 * 2; i++)
    input[i] = g_rand_int_range (random, -128, 128) / 8;
  fail_unless (dpu_runner_execute (runner, &error));
  for (gint i = 0; i < 8 * 8 * 4; i++)
    fail_unless_equals_int (dpu_runner_get_output (runner, 0)[i],
        compute_compiled (input, i / 32, i / 4 % 8, i % 4));
}
GST_END_TEST;

/* the quantizer's output is nothing for a DPU; a compiled model needs one */
GST_START_TEST (test_missing_dpu_is_an_error)
{
  g_autofree gchar *quantized = data_file ("int.xmodel");
  g_autoptr (XmodelFile__Graph) graph = xmodel_sample_new_compiled ();
  g_autofree gchar *compiled = write_model (graph);
  g_autofree gchar *obstacle = dpu_find_obstacle ();

  if (obstacle == NULL) {
    g_print ("not tried: this machine has a DPU\n");
    return;
  }
  check_refused (quantized, DPU_DEVICE_DPU, DPU_ERROR_NOT_FOUND, "\"cpu\"");
  check_refused (compiled, DPU_DEVICE_DPU, DPU_ERROR_NOT_FOUND, "\"cpu\"");
}
GST_END_TEST;

/* the bitstream can be chosen until VART opens a DPU; the software DPU does not
 * count */
GST_START_TEST (test_bitstream_can_be_chosen)
{
  g_autoptr (DpuModel) model = open_t_add ();
  g_autoptr (GError) error = NULL;
  g_autofree gchar *chosen = NULL;

  fail_unless (dpu_set_firmware ("/first.xclbin", &error));
  fail_unless (dpu_set_firmware ("/second.xclbin", &error));
  chosen = dpu_firmware_find (DPU_FIRMWARE_CONFIG);
  fail_unless_equals_string (chosen, "/second.xclbin");
  fail_unless_equals_int (dpu_model_get_device (model), DPU_DEVICE_CPU);
}
GST_END_TEST;

/* where no DPU can run the model, auto takes the software DPU and says why */
GST_START_TEST (test_auto_falls_back)
{
  g_autofree gchar *path = data_file ("int.xmodel");
  g_autoptr (GError) error = NULL;
  g_autoptr (DpuModel) model = dpu_model_open (path, DPU_DEVICE_AUTO, &error);

  fail_unless (model != NULL, "%s", error == NULL ? "" : error->message);
  fail_unless_equals_int (dpu_model_get_device (model), DPU_DEVICE_CPU);
  fail_unless (g_str_has_prefix (
      dpu_model_get_fallback_reason (model), "Running on the software DPU: "));
}
GST_END_TEST;

/* a runner that cannot be loaded is an error that names the variable */
GST_START_TEST (test_unusable_runners_are_refused)
{
  static const gchar *const runners[] = { "/nonexistent/runner.so",
    "libm.so.6" };
  static const gchar *const texts[] = { "/nonexistent/runner.so",
    "no VART runner" };
  g_autofree gchar *path = data_file ("int.xmodel");
  g_autofree gchar *usable = g_strdup (g_getenv (RUNNER_VARIABLE));

  g_setenv (RUNNER_VARIABLE, runners[__i__], TRUE);
  check_refused (path, DPU_DEVICE_CPU, DPU_ERROR_INIT, RUNNER_VARIABLE);
  check_refused (path, DPU_DEVICE_CPU, DPU_ERROR_INIT, texts[__i__]);
  g_setenv (RUNNER_VARIABLE, usable, TRUE);
}
GST_END_TEST;

/* files that are no models */
GST_START_TEST (test_files_that_are_no_models)
{
  g_autofree gchar *text = write_file ("text", "no model at all\n", 16);
  g_autofree gchar *empty = write_file ("empty", "", 0);
  g_autofree gchar *missing = g_build_filename (folder, "missing", NULL);

  check_refused (missing, DPU_DEVICE_CPU, DPU_ERROR_NOT_FOUND, missing);
  check_refused (folder, DPU_DEVICE_CPU, DPU_ERROR_NOT_FOUND, folder);
  check_refused (text, DPU_DEVICE_CPU, DPU_ERROR_MODEL, text);
  check_refused (empty, DPU_DEVICE_CPU, DPU_ERROR_MODEL, empty);
}
GST_END_TEST;

static XmodelFile__Subgraph *
find_subgraph (XmodelFile__Graph *graph, const gchar *name)
{
  for (gsize i = 0; i < graph->root->n_children; i++) {
    if (strcmp (graph->root->children[i]->name, name) == 0)
      return graph->root->children[i];
  }
  g_error ("the sample has no subgraph %s", name);
}

static void
set_device (XmodelFile__Graph *graph, const gchar *name, const gchar *device)
{
  xmodel_sample_set_string (
      XMODEL_SAMPLE_ATTRIBUTES (find_subgraph (graph, name)), "device", device);
}

static XmodelFile__Op *
add_relu (XmodelFile__Graph *graph, const gchar *name, const gchar *input,
    const guint32 *dims)
{
  XmodelFile__Op *op = xmodel_sample_add_op (graph, name, "relu", dims, 4);

  xmodel_sample_add_input (op, "input", input);
  return op;
}

/* a model with none, two, or something before its DPU subgraph would not be run
 * as a whole; the message says what to do and which operators are to blame */
GST_START_TEST (test_models_of_more_parts_are_refused)
{
  static const guint32 dims[] = { 1, 8, 8, 4 };
  g_autoptr (XmodelFile__Graph) none = xmodel_sample_new_compiled ();
  g_autoptr (XmodelFile__Graph) two = xmodel_sample_new_compiled ();
  g_autofree gchar *path = NULL;
  XmodelFile__Subgraph *subgraph;

  set_device (none, "subgraph_conv", "CPU");
  path = write_model (none);
  check_refused (path, DPU_DEVICE_CPU, DPU_ERROR_MODEL, "no DPU subgraph");
  check_refused (path, DPU_DEVICE_CPU, DPU_ERROR_MODEL, "conv (conv2d-fix)");
  check_refused (path, DPU_DEVICE_CPU, DPU_ERROR_MODEL, "SiLU");

  add_relu (two, "cpu_relu", "output", dims);
  xmodel_sample_subgraph_add_op (
      find_subgraph (two, "subgraph_output"), "cpu_relu");
  add_relu (two, "second_relu", "cpu_relu", dims);
  subgraph = xmodel_sample_add_subgraph (two->root, "subgraph_second");
  xmodel_sample_set_string (
      XMODEL_SAMPLE_ATTRIBUTES (subgraph), "device", "DPU");
  xmodel_sample_subgraph_add_op (subgraph, "second_relu");
  g_free (path);
  path = write_model (two);
  check_refused (path, DPU_DEVICE_CPU, DPU_ERROR_MODEL, "2 DPU subgraphs");
  check_refused (path, DPU_DEVICE_CPU, DPU_ERROR_MODEL, "cpu_relu (relu)");
}
GST_END_TEST;

/* the DPU subgraph is not the first that computes */
GST_START_TEST (test_computing_before_the_dpu_is_refused)
{
  static const guint32 dims[] = { 1, 8, 8, 4 };
  g_autoptr (XmodelFile__Graph) graph = xmodel_sample_new_compiled ();
  g_autofree gchar *path = NULL;
  XmodelFile__Subgraph *subgraph;

  set_device (graph, "subgraph_conv", "CPU");
  add_relu (graph, "late_relu", "output", dims);
  subgraph = xmodel_sample_add_subgraph (graph->root, "subgraph_late");
  xmodel_sample_set_string (
      XMODEL_SAMPLE_ATTRIBUTES (subgraph), "device", "DPU");
  xmodel_sample_subgraph_add_op (subgraph, "late_relu");
  path = write_model (graph);
  check_refused (
      path, DPU_DEVICE_CPU, DPU_ERROR_MODEL, "computes on the CPU before");
}
GST_END_TEST;

/* opens a model and gives what came to stderr meanwhile */
static gchar *
listen_to_opening (const gchar *path)
{
  g_autofree gchar *log = g_build_filename (folder, "stderr", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (DpuModel) model = NULL;
  gchar *text = NULL;
  gint before = dup (STDERR_FILENO);
  gint file = open (log, O_RDWR | O_CREAT | O_TRUNC, 0600);

  fail_unless (before >= 0 && file >= 0);
  fail_unless (dup2 (file, STDERR_FILENO) >= 0);
  model = dpu_model_open (path, DPU_DEVICE_CPU, &error);
  fail_unless (dup2 (before, STDERR_FILENO) >= 0);
  close (before);
  close (file);
  fail_unless (model != NULL, "%s", error == NULL ? "" : error->message);
  fail_unless (g_file_get_contents (log, &text, NULL, NULL));
  return text;
}

/* libxir's warnings of an operator that it does not know, behind the heads, do
 * not reach the user; what is heard without them is as loud as before */
GST_START_TEST (test_silence)
{
  static const guint32 dims[] = { 1, 8, 8, 4 };
  g_autoptr (XmodelFile__Graph) graph = xmodel_sample_new_compiled ();
  g_autofree gchar *known = write_model (graph);
  g_autofree gchar *expected = listen_to_opening (known);
  g_autofree gchar *path = NULL;
  g_autofree gchar *text = NULL;
  XmodelFile__Op *op;

  op = xmodel_sample_add_op (graph, "decode", "aten::decode", dims, 4);
  xmodel_sample_add_input (op, "input", "output");
  xmodel_sample_set_ints (
      XMODEL_SAMPLE_ATTRIBUTES (op), "shape", (const gint32 *) dims, 4);
  xmodel_sample_set_string (
      XMODEL_SAMPLE_ATTRIBUTES (op), "data_type", "float32");
  xmodel_sample_subgraph_add_op (graph->root->children[2], "decode");
  path = write_model (graph);
  text = listen_to_opening (path);
  fail_unless_equals_string (text, expected);
  fail_unless (strstr (text, "UNILOG") == NULL, "%s", text);
}
GST_END_TEST;

/* 0: it opened, 1: it gave an error; anything else is a crash or a hang */
static gint
open_in_child (const gchar *path)
{
  pid_t child = fork ();
  gint status;

  fail_unless (child >= 0);
  if (child == 0) {
    g_autoptr (GError) error = NULL;
    DpuModel *model;

    alarm (OPEN_TIMEOUT);
    model = dpu_model_open (path, DPU_DEVICE_CPU, &error);
    if (model == NULL)
      g_print ("%s\n", error->message);
    _exit (model == NULL ? 1 : 0);
  }
  fail_unless (waitpid (child, &status, 0) == child);
  fail_unless (WIFEXITED (status), "%s ended the process with signal %d", path,
      WTERMSIG (status));
  return WEXITSTATUS (status);
}

/* real models of others: each opens or gives an error, none ends the process */
GST_START_TEST (test_models_of_others)
{
  static const struct {
    const gchar *name;
    gint expected;
  } known[] = {
    { "amd-yolov5n-coco-640-b4096-vai30.xmodel", 0 },
    { "pointpillars-two-dpu-subgraphs-b4096-vai25.xmodel", 1 },
    { "yolov3-u50-vai11-aborts-libxir.xmodel", 1 },
  };
  g_autofree gchar *others =
      g_build_filename (g_getenv ("TEST_SHARED_DIR"), "xmodels", NULL);
  g_autoptr (GDir) files = g_dir_open (others, 0, NULL);
  const gchar *name;

  if (files == NULL) {
    g_print ("not tried: there is no folder %s\n", others);
    return;
  }
  while ((name = g_dir_read_name (files)) != NULL) {
    g_autofree gchar *path = g_build_filename (others, name, NULL);
    gint status = open_in_child (path);

    fail_unless (status == 0 || status == 1);
    for (guint i = 0; i < G_N_ELEMENTS (known); i++) {
      if (g_str_equal (known[i].name, name))
        fail_unless_equals_int (status, known[i].expected);
    }
  }
}
GST_END_TEST;

static Suite *
dpu_suite (void)
{
  Suite *suite = suite_create ("dpu");
  TCase *tcase = tcase_create ("vart");

  suite_add_tcase (suite, tcase);
  testfolder_add (tcase);
  tcase_set_timeout (tcase, 300);
  tcase_add_checked_fixture (tcase, setup, teardown);
  tcase_add_test (tcase, test_tensors_are_described);
  tcase_add_test (tcase, test_runners_are_independent);
  tcase_add_test (tcase, test_runner_outlives_its_model);
  tcase_add_test (tcase, test_compiled_model);
  tcase_add_test (tcase, test_missing_dpu_is_an_error);
  tcase_add_test (tcase, test_bitstream_can_be_chosen);
  tcase_add_test (tcase, test_auto_falls_back);
  tcase_add_loop_test (tcase, test_unusable_runners_are_refused, 0, 2);
  tcase_add_test (tcase, test_files_that_are_no_models);
  tcase_add_test (tcase, test_models_of_more_parts_are_refused);
  tcase_add_test (tcase, test_computing_before_the_dpu_is_refused);
  tcase_add_test (tcase, test_silence);
  tcase_add_test (tcase, test_models_of_others);
  return suite;
}

GST_CHECK_MAIN (dpu);
