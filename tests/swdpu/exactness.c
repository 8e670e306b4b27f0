/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The bounds within which the paths of a convolution are exact, each from both
 * sides, and what lies at the ends of 32 bits. */

#include "rig.h"

#include <swdpu/kernels.h>

#include <gst/check/gstcheck.h>
#include <math.h>
#include <string.h>

/* sums that reach far; @nudged: whether the rounding inside oneDNN can be made to
 * tie upwards */
static const struct {
  gint64 exact, bias;
  gint shift;
  PlanActivation activation;
  gboolean nudged;
} nudges[] = {
  /* 2^22 is a quarter of what floats hold: there a quarter is lost */
  { (1 << 22) - 2, 0, 16, PLAN_ACTIVATION_NONE, TRUE },
  { (1 << 22) - 1, 0, 16, PLAN_ACTIVATION_NONE, FALSE },
  /* what saturates may be lost: 128 << 14 is below 2^22, 128 << 15 is not */
  { G_MAXINT32, 0, 14, PLAN_ACTIVATION_NONE, TRUE },
  { G_MAXINT32, 0, 15, PLAN_ACTIVATION_NONE, FALSE },
  /* the bias counts for itself: sums may cancel it */
  { 1 << 23, (1 << 22) - 2, 1, PLAN_ACTIVATION_NONE, TRUE },
  { 1 << 23, (1 << 22) - 1, 1, PLAN_ACTIVATION_NONE, FALSE },
  /* a 32nd is left of 2^19; on LeakyReLU's negative side 1261 << 8 still count */
  { (1 << 19) - 2, 0, 16, PLAN_ACTIVATION_LEAKY_RELU, TRUE },
  { (1 << 19) - 1, 0, 16, PLAN_ACTIVATION_LEAKY_RELU, FALSE },
  { G_MAXINT32, 0, 8, PLAN_ACTIVATION_LEAKY_RELU, TRUE },
  { G_MAXINT32, 0, 9, PLAN_ACTIVATION_LEAKY_RELU, FALSE },
  { 1 << 20, (1 << 19) - 2, 1, PLAN_ACTIVATION_LEAKY_RELU, TRUE },
  { 1 << 20, (1 << 19) - 1, 1, PLAN_ACTIVATION_LEAKY_RELU, FALSE },
  /* nothing is rounded without a shift to the right */
  { 1, 0, 0, PLAN_ACTIVATION_NONE, TRUE },
  { 1, 0, -1, PLAN_ACTIVATION_NONE, FALSE },
  { 1, 0, 0, PLAN_ACTIVATION_LEAKY_RELU, FALSE },
};

/* oneDNN rounds for us as long as a float holds the nudge beside the sum */
GST_START_TEST (test_nudge)
{
  const SwdpuReach reach = {
    .accumulator = nudges[__i__].exact,
    .bias = nudges[__i__].bias,
    .exact = nudges[__i__].exact,
    .requantize = { nudges[__i__].activation, 10, 10 - nudges[__i__].shift },
  };

  fail_unless_equals_int (
      swdpu_reach_get_nudge (&reach) > 0, nudges[__i__].nudged);
}
GST_END_TEST;

/* the fastest path that is allowed, for sums that reach so far */
static const struct {
  gint64 accumulator, exact;
  SwdpuPath best, path;
} choices[] = {
  { 1000, 1000, SWDPU_PATH_INT8_FUSED, SWDPU_PATH_INT8_FUSED },
  { 1000, 1000, SWDPU_PATH_INT8, SWDPU_PATH_INT8 },
  { 1000, 1000, SWDPU_PATH_FLOAT, SWDPU_PATH_FLOAT },
  { 1000, 1000, SWDPU_PATH_PLAIN, SWDPU_PATH_PLAIN },
  { (1 << 24) - 1, (1 << 24) - 1, SWDPU_PATH_INT8_FUSED, SWDPU_PATH_INT8 },
  { (1 << 24) - 1, (1 << 24) - 1, SWDPU_PATH_FLOAT, SWDPU_PATH_FLOAT },
  { 1 << 24, 1 << 24, SWDPU_PATH_INT8_FUSED, SWDPU_PATH_TILES },
  { 1 << 24, 1 << 24, SWDPU_PATH_TILES, SWDPU_PATH_TILES },
  { 1 << 24, 1 << 24, SWDPU_PATH_FLOAT, SWDPU_PATH_PLAIN },
  { 1000, G_MAXINT32 / 2, SWDPU_PATH_FLOAT, SWDPU_PATH_FLOAT },
  { 1000, G_MAXINT32 / 2 + 1, SWDPU_PATH_FLOAT, SWDPU_PATH_PLAIN },
  { 1000, G_MAXINT32 / 2 + 1, SWDPU_PATH_TILES, SWDPU_PATH_PLAIN },
};

/* each path is taken up to where it is exact */
GST_START_TEST (test_choice)
{
  const SwdpuReach reach = {
    .accumulator = choices[__i__].accumulator,
    .exact = choices[__i__].exact,
    .requantize = { PLAN_ACTIVATION_NONE, 20, 4 },
  };

  fail_unless_equals_int (swdpu_reach_choose_path (&reach, choices[__i__].best),
      choices[__i__].path);
}
GST_END_TEST;

/* a bias that sums cancel down to ties: where a float beside it held no fraction,
 * these were rounded to even */
GST_START_TEST (test_ties_beside_a_large_bias)
{
  enum { N_IN = 1024, N_OUT = 16, BIAS = 127 << 16 };
  gint8 weights[N_OUT * N_IN], bias[N_OUT], input[N_IN];
  PlanShape in = rig_shape (1, 1, N_IN), out = rig_shape (1, 1, N_OUT);
  Plan *plan = plan_new ();
  guint from = plan_add_tensor (plan, "input", &in, 8);
  guint to = plan_add_tensor (plan, "output", &out, 15);
  g_autoptr (SwdpuProgram) program = NULL;
  g_autoptr (SwdpuContext) context = NULL;

  /* -127 * 128 each, but for the last, which leave c + 1/2 in units of the output */
  memset (bias, 127, sizeof (bias));
  for (guint c = 0; c < N_OUT; c++) {
    gint rest = 2 * (gint) c + 1 - BIAS;

    for (guint i = 0; i < N_IN; i++) {
      gint value = CLAMP (rest, -128 * 127, 128 * 127);

      input[i] = i < N_IN - 2 ? 127 : 1;
      weights[c * N_IN + i] = CLAMP (value / input[i], -128, 127);
      rest -= input[i] * weights[c * N_IN + i];
    }
    fail_unless_equals_int (rest, 0);
  }
  plan_mark_input (plan, from);
  plan_mark_output (plan, to);
  plan_add_step (plan, PLAN_STEP_CONVOLUTION, "convolution", &from, 1, to)
      ->convolution = (PlanConvolution){
    .window = { 1, 1, 1, 1, 1, 1, 0, 0 },
    .groups = 1,
    .weights = weights,
    .weights_fix_point = 8,
    .bias = bias,
    .bias_fix_point = 0,
  };
  fail_unless (plan_place_tensors (plan, NULL));
  program = swdpu_program_new (plan, 1, swdpu_best_path (), NULL);
  context = swdpu_context_new (program, NULL);
  memcpy (swdpu_context_get_input (context, 0), input, N_IN);
  fail_unless (swdpu_context_run (context, NULL));
  for (guint c = 0; c < N_OUT; c++)
    fail_unless_equals_int (swdpu_context_get_output (context, 0)[c], c + 1);
}
GST_END_TEST;

static const gint32 extremes[] = { G_MININT32, G_MININT32 + 1,
  G_MININT32 / 13 - 1, G_MININT32 / 13, G_MININT32 / 13 + 1, G_MININT32 / 26,
  -(1 << 24), -1261 * 65536, -65536, -129, -128, -1, 0, 1, 127, 128, 1 << 24,
  G_MAXINT32 / 13, G_MAXINT32 - 65536, G_MAXINT32 - 1, G_MAXINT32 };

/* activations and rounding hold up to the ends of 32 bits */
GST_START_TEST (test_ends_of_an_integer)
{
  for (gint shift = -8; shift <= 40; shift++) {
    for (guint activation = 0; activation <= PLAN_ACTIVATION_LEAKY_RELU;
         activation++) {
      const PlanRequantize requantize = { activation, 10, 10 - shift };
      gint8 output[G_N_ELEMENTS (extremes)];

      swdpu_requantize (&requantize, extremes, G_N_ELEMENTS (extremes), output);
      for (guint i = 0; i < G_N_ELEMENTS (extremes); i++) {
        /* a double holds all of it */
        gdouble value = extremes[i];

        if (activation == PLAN_ACTIVATION_RELU)
          value = MAX (value, 0);
        else if (activation == PLAN_ACTIVATION_RELU6)
          value = CLAMP (value, 0, 6 * 1024);
        else if (activation == PLAN_ACTIVATION_LEAKY_RELU && value < 0)
          value *= 26.0 / 256;
        fail_unless_equals_int (output[i], rig_round (ldexp (value, -shift)));
      }
    }
  }
}
GST_END_TEST;

static Suite *
swdpu_exactness_suite (void)
{
  Suite *suite = suite_create ("swdpu-exactness");
  TCase *tcase = tcase_create ("bounds");

  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (tcase, test_nudge, 0, G_N_ELEMENTS (nudges));
  tcase_add_loop_test (tcase, test_choice, 0, G_N_ELEMENTS (choices));
  tcase_add_test (tcase, test_ties_beside_a_large_bias);
  tcase_add_test (tcase, test_ends_of_an_integer);
  return suite;
}

GST_CHECK_MAIN (swdpu_exactness)
