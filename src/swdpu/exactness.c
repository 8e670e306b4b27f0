/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "exactness.h"
#include "arithmetic.h"
#include "tile-kernels.h"

#include <math.h>
#include <oneapi/dnnl/dnnl.h>

/* integers up to here are exact in a float */
#define FLOAT_EXACT (G_GINT64_CONSTANT (1) << 24)

/**
 * swdpu_best_path:
 *
 * Without VNNI oneDNN's int8 saturates 16-bit sums inside and is not exact.
 * oneDNN is asked, not the CPU, so that ONEDNN_MAX_CPU_ISA counts.
 */
SwdpuPath
swdpu_best_path (void)
{
  const guint vnni = (dnnl_cpu_isa_avx512_core_vnni & ~dnnl_cpu_isa_avx512_core)
                     | (dnnl_cpu_isa_avx2_vnni & ~dnnl_cpu_isa_avx2);

  if ((dnnl_get_effective_cpu_isa () & vnni) != 0)
    return SWDPU_PATH_INT8_FUSED;
  return swdpu_tile_kernels_get () != NULL ? SWDPU_PATH_TILES
                                           : SWDPU_PATH_FLOAT;
}

static gboolean
ends_in_relu (const PlanStep *step)
{
  PlanActivation activation = PLAN_ACTIVATION_NONE;

  if (step->type == PLAN_STEP_CONVOLUTION)
    activation = step->convolution.activation;
  else if (step->type == PLAN_STEP_SUM)
    activation = step->sum.requantize.activation;
  else if (step->type == PLAN_STEP_PRODUCT)
    activation = step->product.activation;
  return activation == PLAN_ACTIVATION_RELU
         || activation == PLAN_ACTIVATION_RELU6;
}

static gboolean
is_result_non_negative (const Plan *plan, const PlanStep *step)
{
  if (ends_in_relu (step))
    return TRUE;
  if (step->type == PLAN_STEP_CONVOLUTION)
    return FALSE;
  if (step->type == PLAN_STEP_TABLE) {
    for (guint i = 0; i < 256; i++)
      if (step->table[i] < 0)
        return FALSE;
    return TRUE;
  }
  if (step->type == PLAN_STEP_PAD && step->pad.value < 0)
    return FALSE;
  for (guint i = 0; i < step->n_inputs; i++)
    if (!plan_tensor (plan, step->inputs[i])->is_non_negative)
      return FALSE;
  return TRUE;
}

/**
 * swdpu_find_non_negative:
 *
 * Finds the tensors of @plan whose values cannot be negative, whatever its inputs
 * hold: what a ReLU made, and what other steps but convolutions make of that.
 */
void
swdpu_find_non_negative (const Plan *plan)
{
  for (guint i = 0; i < plan->steps->len; i++) {
    const PlanStep *step = plan_step (plan, i);

    plan_tensor (plan, step->output)->is_non_negative =
        is_result_non_negative (plan, step);
  }
}

/**
 * swdpu_reach_find:
 * @step: a convolution
 */
SwdpuReach
swdpu_reach_find (const Plan *plan, const PlanStep *step)
{
  const PlanConvolution *convolution = &step->convolution;
  const PlanTensor *input = plan_tensor (plan, step->inputs[0]);
  const PlanTensor *output = plan_tensor (plan, step->output);
  gint fix_point = input->fix_point + convolution->weights_fix_point;
  gsize n_weights = (gsize) convolution->window.kernel_h
                    * convolution->window.kernel_w * input->shape.dims[PLAN_C]
                    / convolution->groups;
  SwdpuReach self = { 0 };

  self.requantize.activation = convolution->activation;
  self.requantize.output_fix_point = output->fix_point;
  self.requantize.fix_point = fix_point;
  if (convolution->bias != NULL)
    self.requantize.fix_point = MAX (fix_point, convolution->bias_fix_point);
  self.accumulator_shift = self.requantize.fix_point - fix_point;

  for (guint c = 0; c < output->shape.dims[PLAN_C]; c++) {
    const gint8 *weights = convolution->weights + c * n_weights;
    gint64 sum = 0, bias = 0, exact;

    for (gsize i = 0; i < n_weights; i++)
      sum += ABS (weights[i]);
    sum *= 128;
    if (convolution->bias != NULL)
      bias = ABS (swdpu_round_shift (convolution->bias[c],
          convolution->bias_fix_point - self.requantize.fix_point));
    exact = swdpu_round_shift (sum, -self.accumulator_shift) + bias;
    self.accumulator = MAX (self.accumulator, sum);
    self.bias = MAX (self.bias, bias);
    self.exact = MAX (self.exact, exact);
  }
  return self;
}

/**
 * swdpu_reach_get_nudge:
 *
 * Whether oneDNN's epilogue, (float (accumulator) + bias) * scale, activation,
 * rounding half to even, can be made to give the DPU's result. The scale is a
 * power of two, so that it may as well come before the bias.
 *
 * In units of the exact sum, 2^-fix_point, a sum is a whole number and a tie of
 * the rounding is one as well (13ths of one with LeakyReLU's slope). A little
 * nudge, far less than the distance between two sums but positive, turns half
 * to even into half up. That holds as long as the float keeps the nudge, and it
 * need only hold where the result does not saturate: float arithmetic is
 * monotonic, so larger sums saturate too.
 *
 * Returns: the nudge, in units of the exact sum; 0 when there is none that does
 */
gfloat
swdpu_reach_get_nudge (const SwdpuReach *self)
{
  gint shift = self->requantize.fix_point - self->requantize.output_fix_point;
  gboolean leaky = self->requantize.activation == PLAN_ACTIVATION_LEAKY_RELU;
  /* sums beyond this saturate, LeakyReLU's negative side last */
  gint64 saturating = swdpu_round_shift (
      leaky ? 128 * 128 / 13 + 1 : 128, -CLAMP (shift, 0, 40));
  gint64 largest = MIN (self->exact, saturating);
  /* 13/32 of a thirteenth, or 1/4: clear of both neighbouring sums */
  gint nudge_bits = leaky ? 5 : 2;

  if (shift < 0 || (leaky && shift < 1)
      || (MAX (largest, self->bias) + 1) << nudge_bits >= FLOAT_EXACT)
    return 0;
  return ldexpf (1.0f, -nudge_bits);
}

/**
 * swdpu_reach_choose_path:
 *
 * Returns: the fastest exact path that is no faster than @best
 */
SwdpuPath
swdpu_reach_choose_path (const SwdpuReach *self, SwdpuPath best)
{
  if (best == SWDPU_PATH_PLAIN || self->exact > G_MAXINT32 / 2)
    return SWDPU_PATH_PLAIN;
  if (best == SWDPU_PATH_INT8_FUSED && swdpu_reach_get_nudge (self) > 0)
    return SWDPU_PATH_INT8_FUSED;
  /* oneDNN hands its accumulators on as floats, inside */
  if (self->accumulator < FLOAT_EXACT)
    return MIN (best, SWDPU_PATH_INT8);
  return best >= SWDPU_PATH_TILES ? SWDPU_PATH_TILES : SWDPU_PATH_PLAIN;
}
