/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What single operators of the quantizer's graphs mean, and which forms of them
 * the software DPU does not have and refuses. */

#include "graphrig.h"

#include <gst/check/gstcheck.h>
#include <math.h>
#include <string.h>

static const gint32 ones[] = { 1, 1 };
static const gint32 no_padding[] = { 0, 0, 0, 0 };

/* "in" and "out" around one operator of the type */
static XmodelFile__Op *
add_unary (XmodelFile__Graph *graph, const gchar *type, const guint32 *in,
    const guint32 *out, gint in_fix_point)
{
  XmodelFile__Op *op;

  graphrig_add_input (graph, "in", in, 4, in_fix_point);
  op = graphrig_add_op (graph, "op", type, out, 4);
  xmodel_sample_add_input (op, "input", "in");
  return op;
}

static void
check_refused (const XmodelFile__Graph *graph, const gchar *text)
{
  g_autoptr (GError) error = NULL;
  SwdpuProgram *program = graphrig_open (graph, &error);

  fail_unless (program == NULL, "taken in spite of: %s", text);
  fail_unless (strstr (error->message, text) != NULL, "\"%s\" is not in: %s",
      text, error->message);
}

/* where a slice of eight elements begins and ends, and what is in it */
static const struct {
  gint32 begin, end, stride, begin_mask, end_mask;
  guint first, n;
} slices[] = {
  { 2, 6, 1, 0, 0, 2, 4 },
  { 1, 8, 3, 0, 0, 1, 3 },
  { 3, 5, 1, 4, 0, 0, 5 },
  { 3, 5, 1, 0, 4, 3, 5 },
  { 3, 5, 2, 4, 4, 0, 4 },
  { -3, -1, 1, 0, 0, 5, 2 },
  { -100, 100, 1, 0, 0, 0, 8 },
  { 1, G_MAXINT32, 2, 0, 0, 1, 4 },
};

/* a slice begins and ends where its masks, signs and limits say */
GST_START_TEST (test_strided_slice)
{
  g_autoptr (XmodelFile__Graph) graph = graphrig_new ();
  const guint32 in[] = { 1, 1, 8, 1 };
  const guint32 out[] = { 1, 1, slices[__i__].n, 1 };
  const gint32 begin[] = { 0, 0, slices[__i__].begin, 0 };
  const gint32 end[] = { 1, 1, slices[__i__].end, 1 };
  const gint32 strides[] = { 1, 1, slices[__i__].stride, 1 };
  const gint8 input[] = { 10, 11, 12, 13, 14, 15, 16, 17 };
  XmodelFile__Op *op = add_unary (graph, "strided_slice", in, out, 0);
  g_autofree gint8 *output = NULL;

  xmodel_sample_set_ints (GRAPHRIG_ATTRIBUTES (op), "begin", begin, 4);
  xmodel_sample_set_ints (GRAPHRIG_ATTRIBUTES (op), "end", end, 4);
  xmodel_sample_set_ints (GRAPHRIG_ATTRIBUTES (op), "strides", strides, 4);
  xmodel_sample_set_int (
      GRAPHRIG_ATTRIBUTES (op), "begin_mask", slices[__i__].begin_mask);
  xmodel_sample_set_int (
      GRAPHRIG_ATTRIBUTES (op), "end_mask", slices[__i__].end_mask);
  graphrig_add_fix (graph, "out", "op", 0);
  output = graphrig_run (graph, input);
  for (guint i = 0; i < out[2]; i++)
    fail_unless_equals_int (output[i],
        10 + (gint) (slices[__i__].first + i * slices[__i__].stride));
}
GST_END_TEST;

/* a slice whose result is larger than it says is refused, with both sizes */
GST_START_TEST (test_strided_slice_of_another_size_is_refused)
{
  static const guint32 in[] = { 1, 1, 8, 1 };
  static const guint32 out[] = { 1, 1, 5, 1 };
  static const gint32 begin[] = { 0, 0, 2, 0 };
  static const gint32 end[] = { 1, 1, 5, 1 };
  static const gint32 strides[] = { 1, 1, 1, 1 };
  g_autoptr (XmodelFile__Graph) graph = graphrig_new ();
  XmodelFile__Op *op = add_unary (graph, "strided_slice", in, out, 0);

  xmodel_sample_set_ints (GRAPHRIG_ATTRIBUTES (op), "begin", begin, 4);
  xmodel_sample_set_ints (GRAPHRIG_ATTRIBUTES (op), "end", end, 4);
  xmodel_sample_set_ints (GRAPHRIG_ATTRIBUTES (op), "strides", strides, 4);
  graphrig_add_fix (graph, "out", "op", 0);
  check_refused (graph, "slices 3 elements out of dimension 2, but its result "
                        "has 5");
}
GST_END_TEST;

/* left, right, top, bottom, and whether windows reach into it */
static const struct {
  gint32 pad[4];
  gboolean refused;
} paddings[] = {
  { { 0, 0, 0, 0 }, FALSE },
  { { 1, 0, 0, 0 }, TRUE },
  { { 0, 1, 0, 0 }, TRUE },
  { { 0, 0, 1, 0 }, TRUE },
  { { 0, 0, 0, 1 }, TRUE },
};

/* an average that leaves its padding out, on whichever side, is refused */
GST_START_TEST (test_average_without_padding)
{
  const gint32 *pad = paddings[__i__].pad;
  const gint32 kernel[] = { 2, 2 };
  const guint32 in[] = { 1, 4, 4, 1 };
  const guint32 out[] = { 1, 3 + pad[2] + pad[3], 3 + pad[0] + pad[1], 1 };
  const gint8 input[16] = { 0 };
  g_autoptr (XmodelFile__Graph) graph = graphrig_new ();
  XmodelFile__Op *op = add_unary (graph, "avgpool2d", in, out, 0);

  graphrig_set_window (op, kernel, ones, NULL, pad);
  xmodel_sample_set_bool (GRAPHRIG_ATTRIBUTES (op), "count_include_pad", FALSE);
  graphrig_add_fix (graph, "out", "op", 0);
  if (paddings[__i__].refused)
    check_refused (graph, "leaves its padding out of the average");
  else
    g_free (graphrig_run (graph, input));
}
GST_END_TEST;

/* a pool that says it is global, but has another kernel, is refused */
GST_START_TEST (test_global_pool_of_another_size_is_refused)
{
  static const guint32 in[] = { 1, 6, 6, 1 };
  static const guint32 out[] = { 1, 1, 1, 1 };
  static const gint32 kernel[] = { 5, 5 };
  static const gint32 stride[] = { 2, 2 };
  g_autoptr (XmodelFile__Graph) graph = graphrig_new ();
  XmodelFile__Op *op = add_unary (graph, "maxpool2d", in, out, 0);

  graphrig_set_window (op, kernel, stride, NULL, no_padding);
  xmodel_sample_set_bool (GRAPHRIG_ATTRIBUTES (op), "global", TRUE);
  graphrig_add_fix (graph, "out", "op", 0);
  check_refused (graph, "is global");
}
GST_END_TEST;

/* types of pool, and windows of which the first or the last lies in padding
 * alone */
static const struct {
  const gchar *type;
  gint32 pad[4];
} padded_pools[] = {
  { "maxpool2d", { 2, 0, 0, 0 } },
  { "maxpool2d", { 0, 2, 0, 0 } },
  { "maxpool2d", { 0, 0, 2, 0 } },
  { "maxpool2d", { 0, 0, 0, 2 } },
  { "avgpool2d", { 2, 0, 0, 0 } },
  { "avgpool2d", { 0, 2, 0, 0 } },
  { "avgpool2d", { 0, 0, 2, 0 } },
  { "avgpool2d", { 0, 0, 0, 2 } },
};

/* a window over nothing but padding has neither maximum nor average */
GST_START_TEST (test_pools_of_padding_are_refused)
{
  const gint32 *pad = padded_pools[__i__].pad;
  const gint32 kernel[] = { 2, 2 };
  const guint32 in[] = { 1, 4, 4, 1 };
  const guint32 out[] = { 1, 3 + pad[2] + pad[3], 3 + pad[0] + pad[1], 1 };
  g_autoptr (XmodelFile__Graph) graph = graphrig_new ();
  XmodelFile__Op *op = add_unary (graph, padded_pools[__i__].type, in, out, 0);

  graphrig_set_window (op, kernel, ones, NULL, pad);
  graphrig_add_fix (graph, "out", "op", 0);
  check_refused (graph, "entirely in the padding");
}
GST_END_TEST;

/* "mul" of an average, its factor and a third operand, in every place */
GST_START_TEST (test_three_factors_are_refused)
{
  static const guint32 in[] = { 1, 2, 2, 1 };
  static const guint32 out[] = { 1, 1, 1, 1 };
  static const guint32 one[] = { 1 };
  static const gint32 kernel[] = { 2, 2 };
  static const gfloat factor[] = { 1 };
  static const gchar *const orders[][3] = { { "op", "factor", "other" },
    { "op", "other", "factor" }, { "other", "op", "factor" } };
  g_autoptr (XmodelFile__Graph) graph = graphrig_new ();
  XmodelFile__Op *op = add_unary (graph, "avgpool2d", in, out, 0);

  graphrig_set_window (op, kernel, kernel, NULL, no_padding);
  graphrig_add_floats (graph, "factor", one, 1, factor);
  graphrig_add_input (graph, "other", out, 4, 0);
  op = graphrig_add_op (graph, "product", "mul", out, 4);
  for (guint i = 0; i < 3; i++)
    xmodel_sample_add_input (op, "input", orders[__i__][i]);
  graphrig_add_fix (graph, "out", "product", 0);
  check_refused (graph, "multiplies 3 operands");
}
GST_END_TEST;

/* all that an int8 can be, for a function of one element */
static gint8 *
run_function (XmodelFile__Graph *graph)
{
  gint8 input[256];

  for (guint i = 0; i < 256; i++)
    input[i] = (gint) i - 128;
  return graphrig_run (graph, input);
}

static gint8
round_to (gdouble value, gint fix_point)
{
  return CLAMP (floor (ldexp (value, fix_point) + 0.5), -128, 127);
}

/* six is six at any fix point, alone and in a convolution; a chain of fixes is
 * what the quantizer would compute in real numbers */
GST_START_TEST (test_relu6)
{
  static const guint32 dims[] = { 1, 16, 16, 1 };
  static const guint32 weight_dims[] = { 1, 1, 1, 1 };
  static const gint8 weight = 1;
  gint in_fix_point = __i__ - 4;
  gboolean convolved;

  for (convolved = FALSE; convolved <= TRUE; convolved++) {
    for (gint out_fix_point = -3; out_fix_point < 6; out_fix_point++) {
      g_autoptr (XmodelFile__Graph) graph = graphrig_new ();
      g_autofree gint8 *output = NULL;
      XmodelFile__Op *op;

      if (ABS (in_fix_point - out_fix_point) > 7)
        continue;
      if (convolved) {
        graphrig_add_constant (graph, "weights", weight_dims, 4, 0, &weight);
        op = add_unary (graph, "conv2d", dims, dims, in_fix_point);
        xmodel_sample_add_input (op, "weights", "weights");
        graphrig_set_window (op, ones, ones, ones, no_padding);
        op = graphrig_add_op (graph, "relu6", "relu6", dims, 4);
        xmodel_sample_add_input (op, "input", "op");
        graphrig_add_fix (graph, "out", "relu6", out_fix_point);
      } else {
        add_unary (graph, "relu6", dims, dims, in_fix_point);
        graphrig_add_fix (graph, "out", "op", out_fix_point);
      }
      output = run_function (graph);
      for (gint i = 0; i < 256; i++)
        fail_unless_equals_int (
            output[i], round_to (CLAMP (ldexp (i - 128, -in_fix_point), 0, 6),
                           out_fix_point));
    }
  }
}
GST_END_TEST;

/* relu6 (x + 3) * 2731 / 2^14 at any fix point */
GST_START_TEST (test_hard_sigmoid)
{
  static const guint32 dims[] = { 1, 16, 16, 1 };
  static const guint32 one[] = { 1 };
  static const gfloat factor[] = { 8193.f / 8192 };
  gint in_fix_point = __i__ - 4;

  for (gint out_fix_point = 2; out_fix_point < 9; out_fix_point++) {
    g_autoptr (XmodelFile__Graph) graph = graphrig_new ();
    g_autofree gint8 *output = NULL;
    XmodelFile__Op *op;

    add_unary (graph, "hard-sigmoid", dims, dims, in_fix_point);
    graphrig_add_floats (graph, "factor", one, 1, factor);
    op = graphrig_add_op (graph, "product", "mul", dims, 4);
    xmodel_sample_add_input (op, "input", "op");
    xmodel_sample_add_input (op, "input", "factor");
    graphrig_add_fix (graph, "out", "product", out_fix_point);
    output = run_function (graph);
    for (gint i = 0; i < 256; i++)
      fail_unless_equals_int (output[i],
          round_to (
              CLAMP (ldexp (i - 128, -in_fix_point) + 3, 0, 6) * 2731 / 16384,
              out_fix_point));
  }
}
GST_END_TEST;

/* a sigmoid saturates at the finest fix points too */
GST_START_TEST (test_sigmoid_of_any_fix_point)
{
  static const guint32 dims[] = { 1, 16, 16, 1 };
  static const gint fix_points[][2] = { { 4, 7 }, { 40, 62 }, { 50, 63 },
    { 50, 64 }, { 60, 80 }, { 110, 127 } };

  for (guint i = 0; i < G_N_ELEMENTS (fix_points); i++) {
    g_autoptr (XmodelFile__Graph) graph = graphrig_new ();
    g_autofree gint8 *output = NULL;

    add_unary (graph, "sigmoid", dims, dims, fix_points[i][0]);
    graphrig_add_fix (graph, "out", "op", fix_points[i][1]);
    output = run_function (graph);
    fail_unless_equals_int (output[255], 127);
  }
}
GST_END_TEST;

/* weights that are no numbers are refused, and the message says which */
GST_START_TEST (test_weights_that_are_no_numbers)
{
  static const guint32 dims[] = { 1, 2, 2, 1 };
  static const guint32 weight_dims[] = { 1, 1, 1, 2 };
  const gfloat weights[][2] = { { 1, NAN }, { 1, INFINITY }, { 1, -INFINITY } };
  const guint32 in[] = { 1, 2, 2, 2 };
  g_autoptr (XmodelFile__Graph) graph = graphrig_new ();
  XmodelFile__Op *op;

  graphrig_add_floats (graph, "weights_data", weight_dims, 4, weights[__i__]);
  graphrig_add_fix (graph, "weights", "weights_data", 4);
  op = add_unary (graph, "conv2d", in, dims, 0);
  xmodel_sample_add_input (op, "weights", "weights");
  graphrig_set_window (op, ones, ones, ones, no_padding);
  graphrig_add_fix (graph, "out", "op", 0);
  check_refused (graph, "value 1 of its data is ");
}
GST_END_TEST;

static Suite *
swdpu_operators_suite (void)
{
  Suite *suite = suite_create ("swdpu-operators");
  TCase *tcase = tcase_create ("operators");

  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (tcase, test_strided_slice, 0, G_N_ELEMENTS (slices));
  tcase_add_test (tcase, test_strided_slice_of_another_size_is_refused);
  tcase_add_loop_test (
      tcase, test_average_without_padding, 0, G_N_ELEMENTS (paddings));
  tcase_add_test (tcase, test_global_pool_of_another_size_is_refused);
  tcase_add_loop_test (
      tcase, test_pools_of_padding_are_refused, 0, G_N_ELEMENTS (padded_pools));
  tcase_add_loop_test (tcase, test_three_factors_are_refused, 0, 3);
  tcase_add_loop_test (tcase, test_relu6, 0, 9);
  tcase_add_loop_test (tcase, test_hard_sigmoid, 0, 9);
  tcase_add_test (tcase, test_sigmoid_of_any_fix_point);
  tcase_add_loop_test (tcase, test_weights_that_are_no_numbers, 0, 3);
  return suite;
}

GST_CHECK_MAIN (swdpu_operators)
