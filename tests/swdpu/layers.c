/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The software DPU's layers without weights, each against its formula in real
 * numbers. */

#include "rig.h"

#include <gst/check/gstcheck.h>
#include <math.h>
#include <string.h>
#include <swdpu/arithmetic.h>

static GRand *random_numbers;

static void
setup (void)
{
  random_numbers = g_rand_new_with_seed (3);
}

static void
teardown (void)
{
  g_clear_pointer (&random_numbers, g_rand_free);
}

static gsize
place (const PlanShape *shape, guint y, guint x, guint c)
{
  return ((gsize) y * shape->dims[PLAN_W] + x) * shape->dims[PLAN_C] + c;
}

static guint
add_random_input (
    LayerRig *rig, const PlanShape *shape, gint fix_point, gint8 **data)
{
  *data = rig_random (random_numbers, plan_shape_get_size (shape));
  return layer_rig_add_input (rig, shape, fix_point, *data);
}

/* ties go up, negative shifts multiply, huge ones have their limits */
GST_START_TEST (test_rounding)
{
  static const struct {
    gint64 value;
    gint shift;
    gint64 expected;
  } rows[] = {
    { 5, 1, 3 },
    { -5, 1, -2 },
    { 3, 1, 2 },
    { -3, 1, -1 },
    { 1, 1, 1 },
    { -1, 1, 0 },
    { 2, 2, 1 },
    { -2, 2, 0 },
    { -3, 2, -1 },
    { 6, 2, 2 },
    { -6, 2, -1 },
    { 5, 0, 5 },
    { 5, -3, 40 },
    { -5, -3, -40 },
    { G_MAXINT32, 62, 0 },
    { G_MININT32, 200, 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    fail_unless_equals_int64 (
        swdpu_round_shift (rows[i].value, rows[i].shift), rows[i].expected);
  fail_unless_equals_int (swdpu_saturate (128), 127);
  fail_unless_equals_int (swdpu_saturate (-129), -128);
  fail_unless_equals_int (swdpu_saturate (-128), -128);
}
GST_END_TEST;

/* fix points of the two inputs and the output */
static const gint sums[][3] = { { 4, 4, 3 }, { 6, 4, 3 }, { 3, 7, 5 },
  { 2, 7, 1 }, { 5, 5, 7 }, { 4, 9, 4 } };

static gdouble
expect_sum (const gint *fix_points, gint a, gint b, gint sum_fix_point)
{
  gdouble sum = floor (ldexp (a, sum_fix_point - fix_points[0]) + 0.5)
                + floor (ldexp (b, sum_fix_point - fix_points[1]) + 0.5);

  return ldexp (sum, fix_points[2] - sum_fix_point);
}

/* the quantizer adds exactly, the DPU rounds to the coarser input first */
GST_START_TEST (test_sum)
{
  PlanShape shape = rig_shape (7, 9, 70);
  const gint *fix_points = sums[__i__ / 2];
  gint coarsest = MIN (fix_points[0], fix_points[1]);
  gint finest = MAX (fix_points[0], fix_points[1]);
  gint meet = __i__ % 2 == 0 ? finest : coarsest;
  g_autofree gint8 *a = NULL, *b = NULL, *actual = NULL;
  guint inputs[2], output;
  LayerRig rig;

  layer_rig_init (&rig, &shape, fix_points[2]);
  inputs[0] = add_random_input (&rig, &shape, fix_points[0], &a);
  inputs[1] = add_random_input (&rig, &shape, fix_points[1], &b);
  fail_unless (layer_sum (
      &rig.layer, inputs, 2, meet, PLAN_ACTIVATION_NONE, &output, NULL));
  actual = layer_rig_run (&rig, output);
  for (gsize i = 0; i < plan_shape_get_size (&shape); i++)
    fail_unless_equals_int (
        actual[i], rig_round (expect_sum (fix_points, a[i], b[i], meet)));
  layer_rig_clear (&rig);
}
GST_END_TEST;

/* an operand of one pixel is repeated over all of them */
GST_START_TEST (test_product_repeats_the_smaller_operand)
{
  PlanShape shape = rig_shape (5, 6, 13), pixel = rig_shape (1, 1, 13);
  g_autofree gint8 *a = NULL, *b = NULL, *actual = NULL;
  guint inputs[2], output;
  LayerRig rig;

  layer_rig_init (&rig, &shape, 5);
  inputs[0] = add_random_input (&rig, &shape, 4, &a);
  inputs[1] = add_random_input (&rig, &pixel, 7, &b);
  fail_unless (layer_product (
      &rig.layer, inputs, 2, PLAN_ACTIVATION_NONE, &output, NULL));
  actual = layer_rig_run (&rig, output);
  for (gsize i = 0; i < plan_shape_get_size (&shape); i++)
    fail_unless_equals_int (
        actual[i], rig_round (ldexp (a[i] * b[i % 13], 5 - 4 - 7)));
  layer_rig_clear (&rig);
}
GST_END_TEST;

/* padding never wins, not even over negative numbers */
GST_START_TEST (test_max_pool)
{
  PlanShape in = rig_shape (6, 7, 5), out = rig_shape (6, 7, 5);
  PlanWindow window = { 5, 5, 1, 1, 1, 1, 2, 2 };
  g_autofree gint8 *data = g_malloc (plan_shape_get_size (&in));
  g_autofree gint8 *actual = NULL;
  guint output;
  LayerRig rig;

  for (gsize i = 0; i < plan_shape_get_size (&in); i++)
    data[i] = g_rand_int_range (random_numbers, -128, __i__ == 0 ? 0 : 128);
  layer_rig_init (&rig, &out, 4);
  fail_unless (layer_max_pool (&rig.layer,
      layer_rig_add_input (&rig, &in, __i__ == 0 ? 4 : 6, data), &window,
      &output, NULL));
  actual = layer_rig_run (&rig, output);
  for (gint y = 0; y < 6; y++) {
    for (gint x = 0; x < 7; x++) {
      for (gint c = 0; c < 5; c++) {
        gint largest = -1000;

        for (gint i = MAX (y - 2, 0); i <= MIN (y + 2, 5); i++) {
          for (gint j = MAX (x - 2, 0); j <= MIN (x + 2, 6); j++)
            largest = MAX (largest, data[place (&in, i, j, c)]);
        }
        fail_unless_equals_int (actual[place (&out, y, x, c)],
            rig_round (ldexp (largest, __i__ == 0 ? 0 : -2)));
      }
    }
  }
  layer_rig_clear (&rig);
}
GST_END_TEST;

/* the DPU's fractions of an average */
static const struct {
  guint size;
  guint32 numerator;
  gint shift;
} averages[] = { { 2, 1, 2 }, { 3, 7, 6 }, { 5, 10, 8 }, { 7, 21, 10 },
  { 14, 21, 12 }, { 20, 41, 14 } };

/* averages are multiples of the DPU's fraction, rounded once */
GST_START_TEST (test_average_pool)
{
  guint size = averages[__i__].size;
  PlanShape in = rig_shape (2 * size, size, 67), out = rig_shape (2, 1, 67);
  PlanWindow window = { size, size, size, size, 1, 1, 0, 0 };
  g_autofree gint8 *data = NULL, *actual = NULL;
  guint input, output;
  LayerRig rig;

  layer_rig_init (&rig, &out, 6);
  input = add_random_input (&rig, &in, 5, &data);
  fail_unless (layer_average_pool (&rig.layer, input, &window,
      averages[__i__].numerator, averages[__i__].shift, &output, NULL));
  actual = layer_rig_run (&rig, output);
  for (guint y = 0; y < 2; y++) {
    for (guint c = 0; c < 67; c++) {
      gint sum = 0;

      for (guint i = 0; i < size * size; i++)
        sum += data[place (&in, y * size + i / size, i % size, c)];
      fail_unless_equals_int (actual[place (&out, y, 0, c)],
          rig_round (ldexp (sum * (gdouble) averages[__i__].numerator,
              1 - averages[__i__].shift)));
    }
  }
  layer_rig_clear (&rig);
}
GST_END_TEST;

/* every input is brought to the result's fix point */
GST_START_TEST (test_concatenate)
{
  static const guint channels[] = { 3, 16, 1 };
  static const gint fix_points[] = { 5, 3, 8 };
  PlanShape out = rig_shape (4, 3, 20);
  gint8 *data[3] = { NULL };
  g_autofree gint8 *actual = NULL;
  guint inputs[3], output, start = 0;
  LayerRig rig;

  layer_rig_init (&rig, &out, 5);
  for (guint i = 0; i < 3; i++) {
    PlanShape in = rig_shape (4, 3, channels[i]);

    inputs[i] = add_random_input (&rig, &in, fix_points[i], &data[i]);
  }
  fail_unless (layer_concatenate (&rig.layer, inputs, 3, -1, &output, NULL));
  actual = layer_rig_run (&rig, output);
  for (guint i = 0; i < 3; i++) {
    for (guint j = 0; j < 12 * channels[i]; j++)
      fail_unless_equals_int (
          actual[j / channels[i] * 20 + start + j % channels[i]],
          rig_round (ldexp (data[i][j], 5 - fix_points[i])));
    start += channels[i];
    g_free (data[i]);
  }
  layer_rig_clear (&rig);
}
GST_END_TEST;

/* pixels become squares of pixels */
GST_START_TEST (test_upsample_nearest)
{
  PlanShape in = rig_shape (3, 4, 5), out = rig_shape (6, 12, 5);
  g_autofree gint8 *data = NULL, *actual = NULL;
  guint input, output;
  LayerRig rig;

  layer_rig_init (&rig, &out, 4);
  input = add_random_input (&rig, &in, 4, &data);
  fail_unless (layer_upsample_nearest (&rig.layer, input, &output, NULL));
  actual = layer_rig_run (&rig, output);
  for (guint i = 0; i < 6 * 12 * 5; i++)
    fail_unless_equals_int (
        actual[i], data[place (&in, i / 60 / 2, i / 5 % 12 / 3, i % 5)]);
  layer_rig_clear (&rig);
}
GST_END_TEST;

/* doubling weighs the four nearest pixels 9, 3, 3 and 1 sixteenth */
GST_START_TEST (test_upsample_bilinear)
{
  PlanShape in = rig_shape (4, 3, 5), out = rig_shape (8, 6, 5);
  g_autofree gint8 *data = NULL, *actual = NULL;
  guint input, output;
  LayerRig rig;

  layer_rig_init (&rig, &out, 5);
  input = add_random_input (&rig, &in, 4, &data);
  fail_unless (
      layer_upsample_bilinear (&rig.layer, input, TRUE, &output, NULL));
  actual = layer_rig_run (&rig, output);
  for (gint y = 0; y < 8; y++) {
    for (gint x = 0; x < 6; x++) {
      gint far_y = CLAMP (y / 2 + (y % 2 == 0 ? -1 : 1), 0, 3);
      gint far_x = CLAMP (x / 2 + (x % 2 == 0 ? -1 : 1), 0, 2);

      for (gint c = 0; c < 5; c++) {
        gint sum = 9 * data[place (&in, y / 2, x / 2, c)]
                   + 3 * data[place (&in, far_y, x / 2, c)]
                   + 3 * data[place (&in, y / 2, far_x, c)]
                   + data[place (&in, far_y, far_x, c)];

        fail_unless_equals_int (
            actual[place (&out, y, x, c)], rig_round (sum / 16.0 * 2));
      }
    }
  }
  layer_rig_clear (&rig);
}
GST_END_TEST;

/* a dilated input makes an ordinary convolution a transposed one, where every
 * pixel of the input adds the (flipped) kernel to the result */
GST_START_TEST (test_transposed_convolution)
{
  PlanShape in = rig_shape (3, 4, 1), between = rig_shape (5, 7, 1);
  PlanShape out = rig_shape (7, 9, 1);
  g_autofree gint8 *weights = rig_random (random_numbers, 9);
  g_autofree gint8 *data = NULL, *actual = NULL;
  gint expected[7 * 9] = { 0 };
  guint input, dilated, output;
  PlanStep *step;
  LayerRig rig;

  layer_rig_init (&rig, &out, 0);
  input = add_random_input (&rig, &in, 4, &data);
  dilated = plan_add_tensor (rig.layer.plan, "dilated", &between, 4);
  output = plan_add_tensor (rig.layer.plan, "output", &out, 4);
  step = plan_add_step (
      rig.layer.plan, PLAN_STEP_DILATE, "dilate", &input, 1, dilated);
  step->dilate.stride_h = step->dilate.stride_w = 2;
  step = plan_add_step (rig.layer.plan, PLAN_STEP_CONVOLUTION, "convolution",
      &dilated, 1, output);
  step->convolution.window = (PlanWindow){ 3, 3, 1, 1, 1, 1, 2, 2 };
  step->convolution.groups = 1;
  step->convolution.weights = weights;
  step->convolution.weights_fix_point = 7;
  actual = layer_rig_run (&rig, output);
  for (gint i = 0; i < 12 * 9; i++) {
    gint pixel = i / 9, row = i % 9 / 3, column = i % 3;

    expected[(pixel / 4 * 2 + row) * 9 + pixel % 4 * 2 + column] +=
        data[pixel] * weights[8 - i % 9];
  }
  for (gint i = 0; i < 7 * 9; i++)
    fail_unless_equals_int (actual[i], rig_round (expected[i] / 128.0));
  layer_rig_clear (&rig);
}
GST_END_TEST;

/* zeros on each side, as many as asked for */
GST_START_TEST (test_pad)
{
  static const gint32 paddings[] = { 0, 0, 1, 2, 3, 0, 0, 1 };
  PlanShape in = rig_shape (2, 3, 4), out = rig_shape (5, 6, 5);
  g_autofree gint8 *data = NULL, *actual = NULL;
  guint input, output;
  LayerRig rig;

  layer_rig_init (&rig, &out, 4);
  input = add_random_input (&rig, &in, 4, &data);
  fail_unless (layer_pad (&rig.layer, input, paddings, 8, 0, &output, NULL));
  actual = layer_rig_run (&rig, output);
  for (guint i = 0; i < 5 * 6 * 5; i++) {
    guint y = i / 30, x = i / 5 % 6, c = i % 5;
    gboolean inside = y >= 1 && y < 3 && x >= 3 && c < 4;

    fail_unless_equals_int (
        actual[i], inside ? data[place (&in, y - 1, x - 3, c)] : 0);
  }
  layer_rig_clear (&rig);
}
GST_END_TEST;

/* the slices of YOLOv5's Focus layer: every other pixel */
GST_START_TEST (test_strided_slice)
{
  const gint32 begin[] = { 0, __i__ / 2, __i__ % 2, 0 };
  static const gint32 strides[] = { 1, 2, 2, 1 };
  PlanShape in = rig_shape (6, 8, 3), out = rig_shape (3, 4, 3);
  g_autofree gint8 *data = NULL, *actual = NULL;
  guint input, output;
  LayerRig rig;

  layer_rig_init (&rig, &out, 4);
  input = add_random_input (&rig, &in, 4, &data);
  fail_unless (layer_strided_slice (
      &rig.layer, input, begin, strides, 4, &output, NULL));
  actual = layer_rig_run (&rig, output);
  for (guint i = 0; i < 3 * 4 * 3; i++)
    fail_unless_equals_int (actual[i], data[place (&in, i / 12 * 2 + begin[1],
                                           i / 3 % 4 * 2 + begin[2], i % 3)]);
  layer_rig_clear (&rig);
}
GST_END_TEST;

/* dimensions change places */
GST_START_TEST (test_permute)
{
  static const gint32 order[] = { 0, 3, 1, 2 };
  PlanShape in = rig_shape (2, 3, 4), out = rig_shape (4, 2, 3);
  g_autofree gint8 *data = NULL, *actual = NULL;
  guint input, output;
  LayerRig rig;

  layer_rig_init (&rig, &out, 4);
  input = add_random_input (&rig, &in, 4, &data);
  fail_unless (layer_permute (&rig.layer, input, order, 4, &output, NULL));
  actual = layer_rig_run (&rig, output);
  for (guint i = 0; i < 24; i++)
    fail_unless_equals_int (
        actual[i], data[place (&in, i / 3 % 2, i % 3, i / 6)]);
  layer_rig_clear (&rig);
}
GST_END_TEST;

/* blocks become channels, row by row, and back */
GST_START_TEST (test_reorganize_and_back)
{
  PlanShape wide = rig_shape (4, 6, 5), deep = rig_shape (2, 3, 20);
  g_autofree gint8 *data = NULL, *deeper = NULL, *back = NULL;
  guint input, output;
  LayerRig rig;

  layer_rig_init (&rig, &deep, 4);
  input = add_random_input (&rig, &wide, 4, &data);
  fail_unless (layer_reorganize (&rig.layer, input, 2, FALSE, &output, NULL));
  deeper = layer_rig_run (&rig, output);
  layer_rig_clear (&rig);
  for (guint i = 0; i < 120; i++)
    fail_unless_equals_int (
        deeper[i], data[place (&wide, i / 60 * 2 + i % 20 / 10,
                       i / 20 % 3 * 2 + i % 10 / 5, i % 5)]);

  layer_rig_init (&rig, &wide, 4);
  input = layer_rig_add_input (&rig, &deep, 4, deeper);
  fail_unless (layer_reorganize (&rig.layer, input, 2, TRUE, &output, NULL));
  back = layer_rig_run (&rig, output);
  layer_rig_clear (&rig);
  fail_unless (memcmp (back, data, 120) == 0);
}
GST_END_TEST;

static gdouble
hard_sigmoid (gdouble x)
{
  return CLAMP (x + 3, 0, 6) * 2731 / 16384;
}

static gdouble
sigmoid (gdouble x)
{
  return (gfloat) (1 / (1 + exp (-x)));
}

static gdouble
leaky_relu (gdouble x)
{
  return x < 0 ? x * 26 / 256 : x;
}

static gdouble
relu6 (gdouble x)
{
  return CLAMP (x, 0, 6);
}

static const struct {
  LayerFunction function;
  gdouble (*formula) (gdouble x);
  gint fix_point, output_fix_point;
} functions[] = {
  { layer_function_hard_sigmoid, hard_sigmoid, 2, 7 },
  { layer_function_hard_sigmoid, hard_sigmoid, 5, 6 },
  { layer_function_hard_sigmoid, hard_sigmoid, 6, 6 },
  { layer_function_sigmoid, sigmoid, 4, 7 },
  { layer_function_sigmoid, sigmoid, 3, 6 },
  { layer_function_leaky_relu, leaky_relu, 4, 3 },
  { layer_function_leaky_relu, leaky_relu, 4, 6 },
  { layer_function_relu6, relu6, 4, 4 },
};

/* a function of one element, for all that it can be */
GST_START_TEST (test_function)
{
  PlanShape shape = rig_shape (16, 16, 1);
  gint fix_point = functions[__i__].fix_point;
  gint output_fix_point = functions[__i__].output_fix_point;
  gint8 all[256];
  g_autofree gint8 *actual = NULL;
  guint input, output;
  LayerRig rig;

  for (gint i = 0; i < 256; i++)
    all[i] = i - 128;
  layer_rig_init (&rig, &shape, output_fix_point);
  input = layer_rig_add_input (&rig, &shape, fix_point, all);
  fail_unless (
      layer_map (&rig.layer, input, functions[__i__].function, &output, NULL));
  actual = layer_rig_run (&rig, output);
  for (gint i = 0; i < 256; i++)
    fail_unless_equals_int (actual[i],
        rig_round (ldexp (functions[__i__].formula (ldexp (all[i], -fix_point)),
            output_fix_point)));
  layer_rig_clear (&rig);
}
GST_END_TEST;

/* shapes that contradict each other are errors that name the operator */
GST_START_TEST (test_contradictions_are_refused)
{
  PlanShape in = rig_shape (4, 4, 3), out = rig_shape (9, 8, 3);
  static const gint32 paddings[] = { 0, 0, 1, 1, 1, 1, 0, 0 };
  static const gint32 order[] = { 0, 1, 1, 3 };
  PlanWindow window = { 2, 2, 2, 2, 1, 1, 5, 0 };
  g_autofree gint8 *data = NULL;
  GError *errors[8] = { NULL };
  guint input, output;
  LayerRig rig;

  layer_rig_init (&rig, &out, 4);
  input = add_random_input (&rig, &in, 4, &data);
  layer_upsample_bilinear (&rig.layer, input, TRUE, &output, &errors[0]);
  layer_pad (&rig.layer, input, paddings, 8, 0, &output, &errors[1]);
  layer_permute (&rig.layer, input, order, 4, &output, &errors[2]);
  layer_concatenate (&rig.layer, &input, 1, 3, &output, &errors[3]);
  layer_reorganize (&rig.layer, input, 2, FALSE, &output, &errors[4]);
  layer_max_pool (&rig.layer, input, &window, &output, &errors[5]);
  layer_reshape (&rig.layer, input, &output, &errors[6]);
  layer_sum (
      &rig.layer, &input, 1, 4, PLAN_ACTIVATION_NONE, &output, &errors[7]);
  for (guint i = 0; i < G_N_ELEMENTS (errors); i++) {
    fail_unless (errors[i] != NULL, "contradiction %u was accepted", i);
    fail_unless (
        g_str_has_prefix (errors[i]->message, "Operator \"name\" (type): "));
    g_error_free (errors[i]);
  }
  layer_rig_clear (&rig);
}
GST_END_TEST;

/* as many products as 32 bits surely hold are summed, one more is refused */
GST_START_TEST (test_accumulator_is_bounded)
{
  for (guint n = (1 << 17) - 1; n <= 1 << 17; n++) {
    PlanShape in = rig_shape (1, 1, n), out = rig_shape (1, 1, 1);
    g_autofree gint8 *data = NULL;
    g_autofree gint8 *weights = g_new0 (gint8, n);
    LayerParameter parameter = { weights, { 2, { 1, n } }, 4 };
    GError *error = NULL;
    gboolean accepted;
    guint input, output;
    LayerRig rig;

    layer_rig_init (&rig, &out, 4);
    input = add_random_input (&rig, &in, 4, &data);
    accepted = layer_matrix_product (&rig.layer, input, TRUE, &parameter, NULL,
        PLAN_ACTIVATION_NONE, &output, &error);
    fail_unless_equals_int (accepted, n < 1 << 17);
    if (!accepted)
      fail_unless (strstr (error->message, "131072 products") != NULL);
    g_clear_error (&error);
    layer_rig_clear (&rig);
  }
}
GST_END_TEST;

static const struct {
  gint input, weights, bias, output;
  gboolean accepted;
} distances[] = {
  { 4, 4, 4, 4, TRUE },
  { 4, 20, 24, 1, TRUE },
  { 4, 4, 24, 4, TRUE },
  { 4, 4, 25, 4, FALSE },
  { 4, 4, -8, 4, TRUE },
  { 4, 4, -9, 4, FALSE },
  { 4, 4, 8, 16, TRUE },
  { 4, 4, 8, 17, FALSE },
  { 40, 4, 44, 4, TRUE },
  { 41, 4, 45, 4, FALSE },
};

/* fix points may lie as far apart as no integer on the way overflows */
GST_START_TEST (test_fix_point_distance)
{
  PlanShape in = rig_shape (1, 1, 2), out = rig_shape (1, 1, 1);
  g_autofree gint8 *data = NULL;
  gint8 weights[] = { -128, 127 }, bias[] = { -128 };
  LayerParameter weights_parameter = { weights, { 2, { 1, 2 } },
    distances[__i__].weights };
  LayerParameter bias_parameter = { bias, { 1, { 1 } }, distances[__i__].bias };
  guint input, output;
  LayerRig rig;

  layer_rig_init (&rig, &out, distances[__i__].output);
  input = add_random_input (&rig, &in, distances[__i__].input, &data);
  fail_unless_equals_int (
      layer_matrix_product (&rig.layer, input, TRUE, &weights_parameter,
          &bias_parameter, PLAN_ACTIVATION_LEAKY_RELU, &output, NULL),
      distances[__i__].accepted);
  if (distances[__i__].accepted) {
    gdouble exact =
        ldexp ((gdouble) data[0] * weights[0] + (gdouble) data[1] * weights[1],
            -distances[__i__].input - distances[__i__].weights)
        + ldexp (bias[0], -distances[__i__].bias);
    g_autofree gint8 *actual = layer_rig_run (&rig, output);

    fail_unless_equals_int (actual[0],
        rig_round (ldexp (leaky_relu (exact), distances[__i__].output)));
  }
  layer_rig_clear (&rig);
}
GST_END_TEST;

static Suite *
swdpu_layers_suite (void)
{
  Suite *suite = suite_create ("swdpu-layers");
  TCase *tcase = tcase_create ("formulas");

  suite_add_tcase (suite, tcase);
  tcase_add_checked_fixture (tcase, setup, teardown);
  tcase_add_test (tcase, test_rounding);
  tcase_add_loop_test (tcase, test_sum, 0, 2 * G_N_ELEMENTS (sums));
  tcase_add_test (tcase, test_product_repeats_the_smaller_operand);
  tcase_add_loop_test (tcase, test_max_pool, 0, 2);
  tcase_add_loop_test (tcase, test_average_pool, 0, G_N_ELEMENTS (averages));
  tcase_add_test (tcase, test_concatenate);
  tcase_add_test (tcase, test_upsample_nearest);
  tcase_add_test (tcase, test_upsample_bilinear);
  tcase_add_test (tcase, test_transposed_convolution);
  tcase_add_test (tcase, test_pad);
  tcase_add_loop_test (tcase, test_strided_slice, 0, 4);
  tcase_add_test (tcase, test_permute);
  tcase_add_test (tcase, test_reorganize_and_back);
  tcase_add_loop_test (tcase, test_function, 0, G_N_ELEMENTS (functions));
  tcase_add_test (tcase, test_contradictions_are_refused);
  tcase_add_test (tcase, test_accumulator_is_bounded);
  tcase_add_loop_test (
      tcase, test_fix_point_distance, 0, G_N_ELEMENTS (distances));
  return suite;
}

GST_CHECK_MAIN (swdpu_layers);
