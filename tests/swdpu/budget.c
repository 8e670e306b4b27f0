/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Small files may ask for much memory and arithmetic: the software DPU refuses
 * that before it begins, with what is asked for and what it gives. */

#include "graphrig.h"

#include <gst/check/gstcheck.h>
#include <string.h>

#include <swdpu/program.h>
#include <swdpu/tile-kernels.h>

static const gint32 ones[] = { 1, 1 };
static const gint32 no_padding[] = { 0, 0, 0, 0 };

static void
check_refused (
    const XmodelFile__Graph *graph, const gchar *asked, const gchar *given)
{
  g_autoptr (GError) error = NULL;
  SwdpuProgram *program = graphrig_open (graph, &error);

  fail_unless (program == NULL, "%s were granted", asked);
  fail_unless (strstr (error->message, asked) != NULL
                   && strstr (error->message, given) != NULL,
      "%s and %s are not in: %s", asked, given, error->message);
}

/* what a caller fills and reads counts, not only what lies between */
GST_START_TEST (test_inputs_and_outputs_count)
{
  static const guint32 dims[] = { 1, 16384, 16384, 1 };
  g_autoptr (XmodelFile__Graph) graph = graphrig_new ();

  for (guint i = 0; i < 3; i++) {
    g_autofree gchar *in = g_strdup_printf ("in%u", i);
    g_autofree gchar *op = g_strdup_printf ("op%u", i);
    g_autofree gchar *out = g_strdup_printf ("out%u", i);

    graphrig_add_input (graph, in, dims, 4, 0);
    xmodel_sample_add_input (
        graphrig_add_op (graph, op, "relu", dims, 4), "input", in);
    graphrig_add_fix (graph, out, op, 0);
  }
  check_refused (graph, "1610612736", "268435456");
}
GST_END_TEST;

static void
add_convolution_of_type (XmodelFile__Graph *graph, const gchar *type,
    const gchar *name, const gchar *input, const gchar *weights,
    const gint32 kernel[2], const guint32 *dims)
{
  g_autofree gchar *convolution = g_strconcat (name, "_conv", NULL);
  XmodelFile__Op *op = graphrig_add_op (graph, convolution, type, dims, 4);

  xmodel_sample_add_input (op, "input", input);
  xmodel_sample_add_input (op, "weights", weights);
  graphrig_set_window (op, kernel, ones, ones, no_padding);
  graphrig_add_fix (graph, name, convolution, 0);
}

static void
add_convolution (XmodelFile__Graph *graph, const gchar *name,
    const gchar *input, const gchar *weights, const gint32 kernel[2],
    const guint32 *dims)
{
  add_convolution_of_type (graph, "conv2d", name, input, weights, kernel, dims);
}

/* nobody gets much memory for a small file, and a large model what it needs */
GST_START_TEST (test_memory_is_earned_by_weights)
{
  static const guint32 frame[] = { 1, 12000, 12000, 1 };
  static const guint32 small[] = { 1, 1, 1, 5440 };
  static const guint32 weight_dims[] = { 5440, 1, 1, 5440 };
  gboolean has_weights = __i__;
  g_autofree gint8 *weights = g_new0 (gint8, 5440 * 5440);
  g_autoptr (XmodelFile__Graph) graph = graphrig_new ();
  g_autoptr (GError) error = NULL;
  SwdpuProgram *program;

  graphrig_add_input (graph, "in", frame, 4, 0);
  xmodel_sample_add_input (
      graphrig_add_op (graph, "op", "relu", frame, 4), "input", "in");
  graphrig_add_fix (graph, "out", "op", 0);
  if (!has_weights) {
    check_refused (graph, "288000000", "268435456");
    return;
  }
  graphrig_add_input (graph, "small", small, 4, 0);
  graphrig_add_constant (graph, "weights", weight_dims, 4, 0, weights);
  add_convolution (graph, "large", "small", "weights", ones, small);
  program = graphrig_open (graph, &error);
  fail_unless (program != NULL, "%s", error ? error->message : "");
  swdpu_program_unref (program);
}
GST_END_TEST;

/* arithmetic counts, however little memory it takes */
GST_START_TEST (test_arithmetic_counts)
{
  static const guint32 in[] = { 1, 8192, 8192, 1 };
  static const guint32 out[] = { 1, 8001, 8001, 1 };
  static const guint32 weight_dims[] = { 1, 192, 192, 1 };
  static const gint32 kernel[] = { 192, 192 };
  static const gint8 weights[192 * 192] = { 0 };
  g_autoptr (XmodelFile__Graph) graph = graphrig_new ();

  graphrig_add_input (graph, "in", in, 4, 0);
  graphrig_add_constant (graph, "weights", weight_dims, 4, 0, weights);
  add_convolution (graph, "out", "in", "weights", kernel, out);
  check_refused (graph, "2359885860864", "1000000000000");
}
GST_END_TEST;

/* weights that many convolutions share are packed for each */
GST_START_TEST (test_shared_weights_count)
{
  static const guint32 dims[] = { 1, 1, 1, 1024 };
  static const guint32 weight_dims[] = { 1024, 1, 1, 1024 };
  g_autofree gint8 *weights = g_new0 (gint8, 1024 * 1024);
  g_autoptr (XmodelFile__Graph) graph = graphrig_new ();

  graphrig_add_input (graph, "in", dims, 4, 0);
  graphrig_add_constant (graph, "weights", weight_dims, 4, 0, weights);
  for (guint i = 0; i < 257; i++) {
    g_autofree gchar *name = g_strdup_printf ("out%u", i);

    add_convolution (graph, name, "in", "weights", ones, dims);
  }
  check_refused (graph, "269484032", "268435456");
}
GST_END_TEST;

/* but a few may be shared, and shared a little more */
GST_START_TEST (test_few_weights_are_shared)
{
  static const guint32 dims[] = { 1, 1, 1, 1024 };
  static const guint32 weight_dims[] = { 1024, 1, 1, 1024 };
  g_autofree gint8 *weights = g_new0 (gint8, 1024 * 1024);
  guint n = __i__ ? 13 : 12;
  g_autoptr (XmodelFile__Graph) graph = graphrig_new ();
  g_autoptr (GError) error = NULL;
  SwdpuProgram *program;

  graphrig_add_input (graph, "in", dims, 4, 0);
  graphrig_add_constant (graph, "weights", weight_dims, 4, 0, weights);
  for (guint i = 0; i < n; i++) {
    g_autofree gchar *name = g_strdup_printf ("out%u", i);

    add_convolution (graph, name, "in", "weights", ones, dims);
  }
  if (n == 13) {
    check_refused (graph, "13631488", "12582912");
    return;
  }
  program = graphrig_open (graph, &error);
  fail_unless (program != NULL, "%s", error ? error->message : "");
  swdpu_program_unref (program);
}
GST_END_TEST;

/* a wide kernel of one channel, which oneDNN and tiles fill up with zeros, takes
 * little more memory than its weights all the same */
GST_START_TEST (test_padding_is_limited)
{
  static const guint32 in[] = { 1, 361, 363, 1 };
  static const guint32 out[] = { 1, 1, 1, 1 };
  static const guint32 weight_dims[] = { 1, 361, 363, 1 };
  static const gint32 kernel[] = { 363, 361 };
  const guint n_weights = 361 * 363;
  g_autofree gint8 *weights = g_new0 (gint8, n_weights);
  g_autoptr (XmodelFile__Graph) graph = graphrig_new ();
  g_autoptr (GError) error = NULL;
  SwdpuProgram *program;

  graphrig_add_input (graph, "in", in, 4, 0);
  graphrig_add_constant (graph, "weights", weight_dims, 4, 0, weights);
  add_convolution (graph, "out", "in", "weights", kernel, out);
  program = graphrig_open (graph, &error);
  fail_unless (program != NULL, "%s", error ? error->message : "");
  fail_unless (swdpu_convolution_get_packed_size (
                   program->convolutions->pdata[program->plan->steps->len - 1])
               <= 16 * n_weights);
  swdpu_program_unref (program);
}
GST_END_TEST;

static guint
count_primitives (const SwdpuProgram *program)
{
  guint n = 0;

  for (guint i = 0; i < program->convolutions->len; i++) {
    const SwdpuConvolution *convolution = program->convolutions->pdata[i];

    n += convolution != NULL
         && swdpu_convolution_get_path (convolution) > SWDPU_PATH_TILES;
  }
  return n;
}

static const struct {
  const gchar *type;
  guint n_in;
  guint most;
} limits[] = {
  { "conv2d", 8, 128 },
  /* for a kernel for each channel there are no tiles */
  { "depthwise-conv2d", 1, 200 },
};

/* primitives of oneDNN are made for as many convolutions as networks have: of more
 * of them the rest are tiles, where these take them */
GST_START_TEST (test_primitives_are_limited)
{
  gboolean is_depthwise = limits[__i__].n_in == 1;
  static const guint32 dims[] = { 1, 4, 4, 8 };
  const guint32 weight_dims[] = { is_depthwise ? 1 : 8, 1, 1, 8 };
  static const gint8 weights[64] = { 1, 2, 3 };
  g_autoptr (XmodelFile__Graph) graph = graphrig_new ();
  g_autoptr (GError) error = NULL;
  SwdpuProgram *program;

  graphrig_add_input (graph, "in", dims, 4, 0);
  graphrig_add_constant (graph, "weights", weight_dims, 4, 0, weights);
  for (guint i = 0; i < 200; i++) {
    g_autofree gchar *name = g_strdup_printf ("out%u", i);

    add_convolution_of_type (
        graph, limits[__i__].type, name, "in", "weights", ones, dims);
  }
  program = graphrig_open (graph, &error);
  fail_unless (program != NULL, "%s", error ? error->message : "");
  /* without kernels of our own, it is floats by oneDNN or nothing */
  if (swdpu_tile_kernels_get () != NULL)
    fail_unless_equals_int (count_primitives (program),
        swdpu_best_path () > SWDPU_PATH_TILES ? limits[__i__].most : 0);
  swdpu_program_unref (program);
}
GST_END_TEST;

static Suite *
swdpu_budget_suite (void)
{
  Suite *suite = suite_create ("swdpu-budget");
  TCase *tcase = tcase_create ("budget");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_inputs_and_outputs_count);
  tcase_add_loop_test (tcase, test_memory_is_earned_by_weights, 0, 2);
  tcase_add_test (tcase, test_arithmetic_counts);
  tcase_add_test (tcase, test_shared_weights_count);
  tcase_add_loop_test (tcase, test_few_weights_are_shared, 0, 2);
  tcase_add_test (tcase, test_padding_is_limited);
  tcase_add_loop_test (
      tcase, test_primitives_are_limited, 0, G_N_ELEMENTS (limits));
  return suite;
}

GST_CHECK_MAIN (swdpu_budget)
