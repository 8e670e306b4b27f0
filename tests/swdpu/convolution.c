/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The software DPU's convolutions, on every path that this CPU has, against
 * the formula: an exact sum, the activation, one rounding with ties up. */

#include "rig.h"

#include <gst/check/gstcheck.h>
#include <math.h>
#include <string.h>

#define INPUT_FIX_POINT 4
#define WEIGHTS_FIX_POINT 6

typedef struct {
  const gchar *name;
  guint in_h, in_w, in_c, out_c;
  guint kernel_h, kernel_w, stride, dilation;
  guint pad_top, pad_left, pad_bottom, pad_right;
  guint groups;
  gboolean has_bias;
  /* fraction bits of the bias less those of the accumulator */
  gint bias_bits;
} Shape;

static const Shape shapes[] = {
  { "1x1", 5, 7, 16, 32, 1, 1, 1, 1, 0, 0, 0, 0, 1, TRUE, -4 },
  { "1x1 of a few channels", 3, 3, 5, 7, 1, 1, 1, 1, 0, 0, 0, 0, 1, TRUE, 0 },
  { "1x1 of many", 1, 2, 1100, 3, 1, 1, 1, 1, 0, 0, 0, 0, 1, TRUE, -2 },
  { "3x3", 6, 5, 16, 16, 3, 3, 1, 1, 1, 1, 1, 1, 1, TRUE, -3 },
  { "3x3 by 2", 9, 11, 8, 16, 3, 3, 2, 1, 1, 1, 1, 1, 1, TRUE, -5 },
  { "3x3 by 2 padded on one side", 8, 8, 8, 16, 3, 3, 2, 1, 1, 1, 0, 0, 1, TRUE,
      -5 },
  { "6x6 by 2 of a picture", 16, 14, 3, 16, 6, 6, 2, 1, 2, 2, 2, 2, 1, TRUE,
      -6 },
  { "5x1", 7, 6, 4, 8, 5, 1, 1, 1, 2, 0, 2, 0, 1, TRUE, -1 },
  { "1x7", 4, 9, 3, 5, 1, 7, 1, 1, 0, 3, 0, 3, 1, TRUE, -1 },
  { "grouped", 5, 5, 12, 18, 3, 3, 1, 1, 1, 1, 1, 1, 3, TRUE, -2 },
  { "depthwise", 6, 7, 19, 19, 3, 3, 1, 1, 1, 1, 1, 1, 19, TRUE, -2 },
  { "depthwise by 2", 7, 8, 32, 32, 5, 5, 2, 1, 2, 2, 2, 2, 32, TRUE, 0 },
  { "dilated", 9, 9, 8, 8, 3, 3, 1, 2, 2, 2, 2, 2, 1, TRUE, -3 },
  { "padding of four sizes", 5, 6, 4, 8, 4, 4, 1, 1, 0, 1, 2, 3, 1, TRUE, -3 },
  { "no bias", 6, 6, 8, 9, 3, 3, 1, 1, 1, 1, 1, 1, 1, FALSE, 0 },
  { "finer bias", 5, 5, 8, 8, 3, 3, 1, 1, 1, 1, 1, 1, 1, TRUE, 3 },
};

typedef enum {
  DATA_RANDOM,
  /* sums are multiples of half the rounding's step */
  DATA_TIES,
  /* the same for LeakyReLU's negative side */
  DATA_LEAKY_TIES,
  DATA_EXTREME,
  N_DATA,
} Data;

typedef struct {
  const Shape *shape;
  PlanActivation activation;
  gint shift;
  PlanShape in, out;
  gint8 *weights;
  gint8 *bias;
  gint8 *input;
  guint *n_ties;
} Case;

static gint
get_accumulator_fix_point (const Case *self)
{
  return INPUT_FIX_POINT + WEIGHTS_FIX_POINT;
}

static gint
get_bias_fix_point (const Case *self)
{
  return get_accumulator_fix_point (self) + self->shape->bias_bits;
}

static gint
get_output_fix_point (const Case *self)
{
  return get_accumulator_fix_point (self) - self->shift;
}

static gint8 *
new_values (GRand *random, Data data, gsize n, gint tie_bits)
{
  gint8 *values = rig_random (random, n);

  for (gsize i = 0; i < n; i++) {
    if (data == DATA_EXTREME)
      values[i] = values[i] < 0 ? -128 : 127;
    else if (data != DATA_RANDOM)
      values[i] = CLAMP ((values[i] % 3) * (1 << tie_bits), -128, 127);
  }
  return values;
}

static void
case_init (Case *self, GRand *random, const Shape *shape, Data data)
{
  guint reach_h = (shape->kernel_h - 1) * shape->dilation + 1;
  guint reach_w = (shape->kernel_w - 1) * shape->dilation + 1;
  gint tie_bits = data == DATA_TIES ? self->shift - 1 : self->shift + 6;
  gint input_bits = CLAMP (tie_bits, 0, 6);

  self->shape = shape;
  self->in = rig_shape (shape->in_h, shape->in_w, shape->in_c);
  self->out =
      rig_shape ((shape->in_h + shape->pad_top + shape->pad_bottom - reach_h)
                         / shape->stride
                     + 1,
          (shape->in_w + shape->pad_left + shape->pad_right - reach_w)
                  / shape->stride
              + 1,
          shape->out_c);
  self->input =
      new_values (random, data, plan_shape_get_size (&self->in), input_bits);
  self->weights = new_values (random, data,
      (gsize) shape->out_c * shape->kernel_h * shape->kernel_w * shape->in_c
          / shape->groups,
      CLAMP (tie_bits - input_bits, 0, 6));
  self->bias = new_values (
      random, data == DATA_EXTREME ? data : DATA_RANDOM, shape->out_c, 0);
  if (data == DATA_TIES || data == DATA_LEAKY_TIES)
    memset (self->bias, 0, shape->out_c);
}

static void
case_clear (Case *self)
{
  g_free (self->input);
  g_free (self->weights);
  g_free (self->bias);
}

/* real value of one output before its rounding, in units of the output */
static gdouble
compute_exact (const Case *self, gint row, gint column, guint channel)
{
  const Shape *shape = self->shape;
  guint n_in = shape->in_c / shape->groups;
  guint first = channel / (shape->out_c / shape->groups) * n_in;
  gint64 sum = 0;
  gdouble value;

  for (guint i = 0; i < shape->kernel_h; i++) {
    for (guint j = 0; j < shape->kernel_w; j++) {
      gint y = row * shape->stride + i * shape->dilation - shape->pad_top;
      gint x = column * shape->stride + j * shape->dilation - shape->pad_left;

      if (y < 0 || x < 0 || y >= (gint) shape->in_h || x >= (gint) shape->in_w)
        continue;
      for (guint k = 0; k < n_in; k++)
        sum +=
            self->input[(y * shape->in_w + x) * shape->in_c + first + k]
            * self->weights[((channel * shape->kernel_h + i) * shape->kernel_w
                                + j)
                                * n_in
                            + k];
    }
  }

  value = ldexp (sum, -get_accumulator_fix_point (self));
  if (shape->has_bias)
    value += ldexp (self->bias[channel], -get_bias_fix_point (self));
  if (self->activation == PLAN_ACTIVATION_RELU)
    value = MAX (value, 0);
  else if (self->activation == PLAN_ACTIVATION_RELU6)
    value = CLAMP (value, 0, 6);
  else if (self->activation == PLAN_ACTIVATION_LEAKY_RELU && value < 0)
    value *= 26.0 / 256.0;
  return ldexp (value, get_output_fix_point (self));
}

static gint8 *
compute_expected (const Case *self)
{
  gint8 *expected = g_malloc (plan_shape_get_size (&self->out)), *next;

  next = expected;
  for (guint y = 0; y < self->out.dims[PLAN_H]; y++) {
    for (guint x = 0; x < self->out.dims[PLAN_W]; x++) {
      for (guint c = 0; c < self->out.dims[PLAN_C]; c++) {
        gdouble exact = compute_exact (self, y, x, c);

        if (fabs (exact) < 128 && exact - floor (exact) == 0.5)
          self->n_ties[exact < 0]++;
        *next++ = rig_round (exact);
      }
    }
  }
  return expected;
}

static Plan *
make_plan (const Case *self)
{
  Plan *plan = plan_new ();
  guint input = plan_add_tensor (plan, "input", &self->in, INPUT_FIX_POINT);
  guint output =
      plan_add_tensor (plan, "output", &self->out, get_output_fix_point (self));
  const Shape *shape = self->shape;

  plan_mark_input (plan, input);
  plan_mark_output (plan, output);
  plan_add_step (plan, PLAN_STEP_CONVOLUTION, "convolution", &input, 1, output)
      ->convolution = (PlanConvolution){
    .window = { shape->kernel_h, shape->kernel_w, shape->stride, shape->stride,
        shape->dilation, shape->dilation, shape->pad_top, shape->pad_left },
    .groups = shape->groups,
    .weights = self->weights,
    .weights_fix_point = WEIGHTS_FIX_POINT,
    .bias = shape->has_bias ? self->bias : NULL,
    .bias_fix_point = get_bias_fix_point (self),
    .activation = self->activation,
  };
  fail_unless (plan_place_tensors (plan, NULL));
  return plan;
}

/* returns the path that was taken */
static SwdpuPath
check_path (
    const Case *self, SwdpuPath path, guint threads, const gint8 *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SwdpuProgram) program =
      swdpu_program_new (make_plan (self), threads, path, &error);
  g_autoptr (SwdpuContext) context = swdpu_context_new (program, &error);
  gsize size = plan_shape_get_size (&self->out);
  SwdpuPath taken =
      swdpu_convolution_get_path (program->convolutions->pdata[0]);
  const gint8 *actual = swdpu_context_get_output (context, 0);

  memcpy (swdpu_context_get_input (context, 0), self->input,
      plan_shape_get_size (&self->in));
  fail_unless (swdpu_context_run (context, &error));
  for (gsize i = 0; i < size; i++)
    fail_unless (actual[i] == expected[i],
        "%s, activation %d, shift %d, path %d, %u threads: output %" G_GSIZE_FORMAT
        " is %d instead of %d",
        self->shape->name, self->activation, self->shift, taken, threads, i,
        actual[i], expected[i]);
  return taken;
}

/* every shape, activation, shift and kind of data, on one path */
static void
check_all (SwdpuPath path)
{
  static const gint shifts[] = { -3, 0, 1, 2, 3, 5, 8, 11, 16 };
  g_autoptr (GRand) random = g_rand_new_with_seed (7);
  guint n_ties[2] = { 0, 0 };
  guint n_taken = 0, threads = 1;

  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++) {
    for (guint j = 0; j <= PLAN_ACTIVATION_LEAKY_RELU; j++) {
      for (guint k = 0; k < G_N_ELEMENTS (shifts); k++) {
        for (guint data = 0; data < N_DATA; data++) {
          Case self = { .activation = j, .shift = shifts[k], .n_ties = n_ties };
          g_autofree gint8 *expected = NULL;

          case_init (&self, random, &shapes[i], data);
          expected = compute_expected (&self);
          n_taken += check_path (&self, path, threads, expected) == path;
          threads = 3 - threads;
          case_clear (&self);
        }
      }
    }
  }
  fail_unless (n_ties[0] > 10000 && n_ties[1] > 10000,
      "the data made %u positive and %u negative ties", n_ties[0], n_ties[1]);
  fail_unless (n_taken > 1000, "only %u cases took path %d", n_taken, path);
}

/* the integer kernel is the formula */
GST_START_TEST (test_plain_path_is_exact)
{
  check_all (SWDPU_PATH_PLAIN);
}
GST_END_TEST;

/* oneDNN's float convolution gives the same bytes, with 1 and 2 threads */
GST_START_TEST (test_float_path_is_exact)
{
  check_all (SWDPU_PATH_FLOAT);
}
GST_END_TEST;

/* so do tiles, with the kernels that this CPU has */
GST_START_TEST (test_tiles_path_is_exact)
{
  if (swdpu_best_path () >= SWDPU_PATH_TILES)
    check_all (SWDPU_PATH_TILES);
}
GST_END_TEST;

static gboolean
has_int8 (void)
{
  if (swdpu_best_path () == SWDPU_PATH_INT8_FUSED)
    return TRUE;
  g_print ("not tried: this CPU, as ONEDNN_MAX_CPU_ISA has it, has no VNNI\n");
  return FALSE;
}

/* so does its int8 convolution followed by our rounding */
GST_START_TEST (test_int8_path_is_exact)
{
  if (has_int8 ())
    check_all (SWDPU_PATH_INT8);
}
GST_END_TEST;

/* and its int8 convolution with our rounding inside */
GST_START_TEST (test_fused_path_is_exact)
{
  if (has_int8 ())
    check_all (SWDPU_PATH_INT8_FUSED);
}
GST_END_TEST;

static Suite *
swdpu_convolution_suite (void)
{
  Suite *suite = suite_create ("swdpu-convolution");
  TCase *tcase = tcase_create ("paths");

  tcase_set_timeout (tcase, 300);
  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_plain_path_is_exact);
  tcase_add_test (tcase, test_float_path_is_exact);
  tcase_add_test (tcase, test_tiles_path_is_exact);
  tcase_add_test (tcase, test_int8_path_is_exact);
  tcase_add_test (tcase, test_fused_path_is_exact);
  return suite;
}

GST_CHECK_MAIN (swdpu_convolution);
