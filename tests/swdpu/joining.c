/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Concatenations whose inputs are written where they end up. */

#include "rig.h"

#include <gst/check/gstcheck.h>
#include <string.h>

#include <swdpu/tile-kernels.h>

/* even, as an input of the plan is half as large for the upsampling */
#define SIZE 6
#define MAX_CHANNELS 40
#define IN_CHANNELS 5
#define FIX_POINT 4

static gint8 weights[MAX_CHANNELS * IN_CHANNELS];
static gint8 biases[MAX_CHANNELS];

typedef enum {
  /* the plan's input itself is joined: it lies where the caller has it */
  PRODUCER_NONE,
  PRODUCER_CONVOLUTION,
  PRODUCER_SUM,
  PRODUCER_SHIFTED_SUM,
  PRODUCER_MAX_POOL,
  PRODUCER_UPSAMPLE,
  N_PRODUCERS,
} Producer;

static guint
add_input (Plan *plan, guint size, guint channels)
{
  PlanShape shape = rig_shape (size, size, channels);
  guint input = plan_add_tensor (plan, "input", &shape, FIX_POINT);

  plan_mark_input (plan, input);
  return input;
}

static void
add_sum (Plan *plan, guint channels, gint shift, guint output)
{
  guint inputs[] = { add_input (plan, SIZE, channels),
    add_input (plan, SIZE, channels) };
  PlanSum *sum =
      &plan_add_step (plan, PLAN_STEP_SUM, "sum", inputs, 2, output)->sum;

  /* the plan owns them */
  sum->shifts = g_new0 (gint, 2);
  sum->shifts[0] = shift;
  sum->shifts[1] = -1;
  sum->requantize =
      (PlanRequantize){ PLAN_ACTIVATION_RELU, FIX_POINT + 1, FIX_POINT };
}

/* a tensor of so many channels, by one step from inputs of the plan's own */
static guint
add_producer (Plan *plan, Producer producer, guint channels)
{
  PlanShape shape = rig_shape (SIZE, SIZE, channels);
  guint input, output;

  if (producer == PRODUCER_NONE)
    return add_input (plan, SIZE, channels);
  output = plan_add_tensor (plan, "part", &shape, FIX_POINT);
  switch (producer) {
    case PRODUCER_CONVOLUTION:
      input = add_input (plan, SIZE, IN_CHANNELS);
      plan_add_step (
          plan, PLAN_STEP_CONVOLUTION, "convolution", &input, 1, output)
          ->convolution = (PlanConvolution){
        .window = { 1, 1, 1, 1, 1, 1, 0, 0 },
        .groups = 1,
        .weights = weights,
        .weights_fix_point = 6,
        .bias = biases,
        .bias_fix_point = FIX_POINT,
      };
      break;
    case PRODUCER_SUM:
      add_sum (plan, channels, 0, output);
      break;
    case PRODUCER_SHIFTED_SUM:
      add_sum (plan, channels, 2, output);
      break;
    case PRODUCER_MAX_POOL:
      input = add_input (plan, SIZE, channels);
      plan_add_step (plan, PLAN_STEP_MAX_POOL, "pool", &input, 1, output)
          ->max_pool = (PlanWindow){ 3, 3, 1, 1, 1, 1, 1, 1 };
      break;
    default:
      input = add_input (plan, SIZE / 2, channels);
      plan_add_step (
          plan, PLAN_STEP_UPSAMPLE_NEAREST, "upsampling", &input, 1, output);
      break;
  }
  return output;
}

/* @parts: what is joined; each is an output as well where it is to be @apart,
 * which lies in a caller's memory */
static Plan *
make_plan (const Producer parts[3], const guint channels[3], gboolean apart)
{
  Plan *plan = plan_new ();
  PlanShape shape =
      rig_shape (SIZE, SIZE, channels[0] + channels[1] + channels[2]);
  PlanShape flat = shape;
  guint joined, copy, inputs[3];

  for (guint i = 0; i < 3; i++) {
    inputs[i] = add_producer (plan, parts[i], channels[i]);
    if (apart && parts[i] != PRODUCER_NONE)
      plan_mark_output (plan, inputs[i]);
  }
  joined = plan_add_tensor (plan, "joined", &shape, FIX_POINT);
  plan_add_step (
      plan, PLAN_STEP_CONCATENATE, "concatenation", inputs, 3, joined)
      ->concatenate_axis = PLAN_C;
  /* what a plan gives away is its caller's memory, too */
  copy = plan_add_tensor (plan, "copy", &flat, FIX_POINT);
  plan_add_step (plan, PLAN_STEP_GATHER, "copy", &joined, 1, copy)->gather =
      (PlanGather){ .shape = { 1, { plan_shape_get_size (&shape) } },
        .strides = { 1 } };
  plan_mark_output (plan, copy);
  fail_unless (plan_place_tensors (plan, NULL));
  return plan;
}

/* takes @plan; returns the joined tensor, and how many of its parts lay in it */
static gint8 *
run (Plan *plan, guint *n_hosted)
{
  g_autoptr (SwdpuProgram) program =
      swdpu_program_new (plan, 1, SWDPU_PATH_TILES, NULL);
  g_autoptr (SwdpuContext) context = swdpu_context_new (program, NULL);
  guint last = swdpu_program_get_n_outputs (program) - 1;
  g_autoptr (GRand) random = g_rand_new_with_seed (21);

  for (guint i = 0; i < swdpu_program_get_n_inputs (program); i++) {
    gsize size = swdpu_program_get_input (program, i).size;
    g_autofree gint8 *data = rig_random (random, size);

    memcpy (swdpu_context_get_input (context, i), data, size);
  }
  fail_unless (swdpu_context_run (context, NULL));
  *n_hosted = 0;
  for (guint i = 0; i < plan->tensors->len; i++)
    *n_hosted += plan_tensor (plan, i)->is_hosted;
  return g_memdup2 (swdpu_context_get_output (context, last),
      swdpu_program_get_output (program, last).size);
}

static void
check (const Producer parts[3], const guint channels[3])
{
  gsize size = (gsize) SIZE * SIZE * (channels[0] + channels[1] + channels[2]);
  guint n_written = 0, n_hosted, n_apart;
  g_autofree gint8 *expected =
      run (make_plan (parts, channels, TRUE), &n_apart);
  g_autofree gint8 *actual =
      run (make_plan (parts, channels, FALSE), &n_hosted);

  for (guint i = 0; i < 3; i++)
    n_written += parts[i] != PRODUCER_NONE;
  fail_unless_equals_int (n_apart, 0);
  /* without vector kernels, convolutions and sums are copied as ever */
  if (swdpu_tile_kernels_get () != NULL)
    fail_unless_equals_int (n_hosted, n_written);
  fail_unless (memcmp (actual, expected, size) == 0,
      "parts %d, %d, %d of %u, %u, %u channels: joined in place they differ",
      parts[0], parts[1], parts[2], channels[0], channels[1], channels[2]);
}

/* whoever computes a part, and whatever lies beside it, the result is the same as
 * that of copies */
GST_START_TEST (test_joined_in_place)
{
  static const guint channels[][3] = { { 16, 16, 32 }, { 32, 8, 24 },
    { 1, 3, 40 }, { 17, 40, 5 } };
  g_autoptr (GRand) random = g_rand_new_with_seed (22);

  for (guint i = 0; i < sizeof (weights); i++)
    weights[i] = g_rand_int_range (random, -128, 128);
  for (guint i = 0; i < sizeof (biases); i++)
    biases[i] = g_rand_int_range (random, -128, 128);
  for (guint i = 0; i < N_PRODUCERS; i++) {
    for (guint j = 0; j < G_N_ELEMENTS (channels); j++) {
      const Producer first[] = { i, PRODUCER_NONE, (i + j) % N_PRODUCERS };
      const Producer last[] = { PRODUCER_MAX_POOL, (i + 1) % N_PRODUCERS, i };

      check (first, channels[j]);
      check (last, channels[j]);
    }
  }
}
GST_END_TEST;

/* what somebody else reads as well, or twice, stays where it is */
GST_START_TEST (test_shared_parts)
{
  Plan *plan = plan_new ();
  guint part = add_producer (plan, PRODUCER_MAX_POOL, 16);
  guint twice[] = { part, part };
  PlanShape shape = rig_shape (SIZE, SIZE, 32);
  PlanShape half = rig_shape (SIZE, SIZE, 16);
  guint joined = plan_add_tensor (plan, "joined", &shape, FIX_POINT);
  guint sum = plan_add_tensor (plan, "pooled again", &half, FIX_POINT);
  guint inputs[] = { joined, sum };
  PlanShape all = rig_shape (SIZE, SIZE, 48);
  guint output = plan_add_tensor (plan, "output", &all, FIX_POINT);
  g_autofree gint8 *data = NULL;
  guint n_hosted;

  plan_add_step (plan, PLAN_STEP_CONCATENATE, "twice", twice, 2, joined)
      ->concatenate_axis = PLAN_C;
  plan_add_step (plan, PLAN_STEP_MAX_POOL, "pool", &part, 1, sum)->max_pool =
      (PlanWindow){ 1, 1, 1, 1, 1, 1, 0, 0 };
  plan_add_step (plan, PLAN_STEP_CONCATENATE, "output", inputs, 2, output)
      ->concatenate_axis = PLAN_C;
  plan_mark_output (plan, output);
  fail_unless (plan_place_tensors (plan, NULL));
  data = run (plan, &n_hosted);
  fail_unless_equals_int (n_hosted, 0);
  for (guint i = 0; i < SIZE * SIZE; i++) {
    fail_unless (memcmp (data + i * 48, data + i * 48 + 16, 16) == 0);
    fail_unless (memcmp (data + i * 48, data + i * 48 + 32, 16) == 0);
  }
}
GST_END_TEST;

static Suite *
swdpu_joining_suite (void)
{
  Suite *suite = suite_create ("swdpu-joining");
  TCase *tcase = tcase_create ("joining");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_joined_in_place);
  tcase_add_test (tcase, test_shared_parts);
  return suite;
}

GST_CHECK_MAIN (swdpu_joining)
