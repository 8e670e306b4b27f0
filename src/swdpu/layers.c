/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The layers that compute element by element or over a window: sums, products,
 * pools, functions of one element. */

#include "layers.h"
#include "layers-private.h"
#include "arithmetic.h"

#include <math.h>

/* farther apart is no network's, and would overflow what follows */
#define MAX_FIX_POINT_DISTANCE 24
/* so many int8, shifted so far, are a sum of less than 32 bits */
#define MAX_SUM_SHIFT 16
#define MAX_SUMMANDS 128

/**
 * layer_fail:
 *
 * Sets @error to "Operator NAME (TYPE): " and the formatted text.
 *
 * Returns: %FALSE
 */
gboolean
layer_fail (const Layer *layer, SwdpuError code, GError **error,
    const gchar *format, ...)
{
  g_autofree gchar *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, SWDPU_ERROR, code, "Operator \"%s\" (%s): %s",
      layer->op->name, layer->op->type, text);
  return FALSE;
}

guint
layer_add_output (const Layer *layer)
{
  return plan_add_tensor (
      layer->plan, layer->name, &layer->shape, layer->fix_point);
}

gboolean
layer_check_feature_maps (const Layer *layer, guint input, GError **error)
{
  const PlanShape *in = &plan_tensor (layer->plan, input)->shape;
  const PlanShape *out = &layer->shape;

  if (in->n_dims != 4 || out->n_dims != 4)
    return layer_fail (layer, SWDPU_ERROR_UNSUPPORTED, error,
        "reads %u and writes %u dimensions, both must be 4 (NHWC)", in->n_dims,
        out->n_dims);
  if (in->dims[PLAN_N] != 1 || out->dims[PLAN_N] != 1)
    return layer_fail (layer, SWDPU_ERROR_UNSUPPORTED, error,
        "has batch %u, the software DPU runs batch 1", in->dims[PLAN_N]);
  return TRUE;
}

/* also keeps every later shift within range */
gboolean
layer_check_fix_points (const Layer *layer, gint from, GError **error)
{
  if (ABS (from - layer->fix_point) > MAX_FIX_POINT_DISTANCE)
    return layer_fail (layer, SWDPU_ERROR_UNSUPPORTED, error,
        "goes from fix point %d to %d, at most %d steps are supported", from,
        layer->fix_point, MAX_FIX_POINT_DISTANCE);
  return TRUE;
}

/* repeats a smaller operand so that it has the layer's shape */
static gboolean
broadcast (const Layer *layer, guint *input, GError **error)
{
  const PlanTensor *in = plan_tensor (layer->plan, *input);
  const PlanShape *out = &layer->shape;
  PlanGather gather = { .shape = *out };
  guint output, offset;
  gsize stride = 1;

  if (plan_shape_equal (&in->shape, out))
    return TRUE;
  if (in->shape.n_dims > out->n_dims)
    return layer_fail (layer, SWDPU_ERROR_INVALID, error,
        "operand \"%s\" has %u dimensions, the result %u", in->name,
        in->shape.n_dims, out->n_dims);

  offset = out->n_dims - in->shape.n_dims;
  for (guint i = in->shape.n_dims; i > 0; i--) {
    guint size = in->shape.dims[i - 1];

    if (size != 1 && size != out->dims[offset + i - 1])
      return layer_fail (layer, SWDPU_ERROR_INVALID, error,
          "dimension %u of operand \"%s\" is %u, the result's is %u", i - 1,
          in->name, size, out->dims[offset + i - 1]);
    gather.strides[offset + i - 1] = size == 1 ? 0 : stride;
    stride *= size;
  }

  output = plan_add_tensor (layer->plan, layer->name, out, in->fix_point);
  plan_add_step (layer->plan, PLAN_STEP_GATHER, layer->name, input, 1, output)
      ->gather = gather;
  *input = output;
  return TRUE;
}

/**
 * layer_sum:
 * @sum_fix_point: where the inputs meet. The quantizer adds exactly, at the
 *   largest fix point of them; the DPU rounds them to the smallest.
 */
gboolean
layer_sum (const Layer *layer, const guint *inputs, guint n_inputs,
    gint sum_fix_point, PlanActivation activation, guint *output,
    GError **error)
{
  g_autofree guint *operands = g_memdup2 (inputs, n_inputs * sizeof (guint));
  PlanStep *step;

  if (n_inputs > MAX_SUMMANDS)
    return layer_fail (layer, SWDPU_ERROR_UNSUPPORTED, error,
        "adds %u operands, at most %d are supported", n_inputs, MAX_SUMMANDS);
  if (!layer_check_fix_points (layer, sum_fix_point, error))
    return FALSE;
  for (guint i = 0; i < n_inputs; i++) {
    gint distance =
        plan_tensor (layer->plan, inputs[i])->fix_point - sum_fix_point;

    if (ABS (distance) > MAX_SUM_SHIFT)
      return layer_fail (layer, SWDPU_ERROR_UNSUPPORTED, error,
          "adds operands whose fix points are %d apart, at most %d are "
          "supported",
          ABS (distance), MAX_SUM_SHIFT);
    if (!broadcast (layer, &operands[i], error))
      return FALSE;
  }

  *output = layer_add_output (layer);
  step = plan_add_step (
      layer->plan, PLAN_STEP_SUM, layer->name, operands, n_inputs, *output);
  step->sum.shifts = g_new (gint, n_inputs);
  for (guint i = 0; i < n_inputs; i++)
    step->sum.shifts[i] =
        plan_tensor (layer->plan, operands[i])->fix_point - sum_fix_point;
  step->sum.requantize.activation = activation;
  step->sum.requantize.fix_point = sum_fix_point;
  step->sum.requantize.output_fix_point = layer->fix_point;
  return TRUE;
}

gboolean
layer_product (const Layer *layer, const guint *inputs, guint n_inputs,
    PlanActivation activation, guint *output, GError **error)
{
  guint operands[2];
  PlanStep *step;
  gint fix_point = 0;

  if (n_inputs != 2)
    return layer_fail (layer, SWDPU_ERROR_UNSUPPORTED, error,
        "multiplies %u tensors, only 2 are supported", n_inputs);
  for (guint i = 0; i < 2; i++) {
    fix_point += plan_tensor (layer->plan, inputs[i])->fix_point;
    operands[i] = inputs[i];
    if (!broadcast (layer, &operands[i], error))
      return FALSE;
  }
  if (!layer_check_fix_points (layer, fix_point, error))
    return FALSE;

  *output = layer_add_output (layer);
  step = plan_add_step (
      layer->plan, PLAN_STEP_PRODUCT, layer->name, operands, 2, *output);
  step->product.activation = activation;
  step->product.fix_point = fix_point;
  step->product.output_fix_point = layer->fix_point;
  return TRUE;
}

static gboolean
check_pool (
    const Layer *layer, guint input, const PlanWindow *window, GError **error)
{
  const PlanShape *in = &plan_tensor (layer->plan, input)->shape;
  const PlanShape *out = &layer->shape;

  if (in->dims[PLAN_C] != out->dims[PLAN_C])
    return layer_fail (layer, SWDPU_ERROR_INVALID, error,
        "makes %u channels out of %u", out->dims[PLAN_C], in->dims[PLAN_C]);
  /* a window over nothing but padding has no maximum */
  if (window->pad_top >= (gint) window->kernel_h
      || window->pad_left >= (gint) window->kernel_w
      || (out->dims[PLAN_H] - 1) * (gint64) window->stride_h
             >= (gint64) in->dims[PLAN_H] + window->pad_top
      || (out->dims[PLAN_W] - 1) * (gint64) window->stride_w
             >= (gint64) in->dims[PLAN_W] + window->pad_left)
    return layer_fail (layer, SWDPU_ERROR_INVALID, error,
        "a window lies entirely in the padding");
  if (window->dilation_h != 1 || window->dilation_w != 1)
    return layer_fail (layer, SWDPU_ERROR_UNSUPPORTED, error,
        "dilated pooling is not supported");
  return TRUE;
}

gboolean
layer_max_pool (const Layer *layer, guint input, const PlanWindow *window,
    guint *output, GError **error)
{
  if (!check_pool (layer, input, window, error)
      || !layer_convert (layer, &input, error))
    return FALSE;

  *output = layer_add_output (layer);
  plan_add_step (
      layer->plan, PLAN_STEP_MAX_POOL, layer->name, &input, 1, *output)
      ->max_pool = *window;
  return TRUE;
}

/**
 * layer_average_pool:
 *
 * average = sum * @numerator * 2^-@shift, padding counted as zeros
 */
gboolean
layer_average_pool (const Layer *layer, guint input, const PlanWindow *window,
    guint32 numerator, gint shift, guint *output, GError **error)
{
  const PlanTensor *in = plan_tensor (layer->plan, input);
  gint total = shift + in->fix_point - layer->fix_point;
  PlanStep *step;

  if (!check_pool (layer, input, window, error)
      || !layer_check_fix_points (layer, in->fix_point, error))
    return FALSE;

  *output = layer_add_output (layer);
  step = plan_add_step (
      layer->plan, PLAN_STEP_AVERAGE_POOL, layer->name, &input, 1, *output);
  step->average_pool.window = *window;
  step->average_pool.multiplier = numerator;
  step->average_pool.shift = total;
  return TRUE;
}

gint8
layer_function_identity (gint8 value, gint fix_point, gint output_fix_point)
{
  return swdpu_saturate (
      swdpu_round_shift (value, fix_point - output_fix_point));
}

gint8
layer_function_relu (gint8 value, gint fix_point, gint output_fix_point)
{
  return layer_function_identity (MAX (value, 0), fix_point, output_fix_point);
}

gint8
layer_function_relu6 (gint8 value, gint fix_point, gint output_fix_point)
{
  gint64 clipped = swdpu_clip_to_six (value, &fix_point);

  return swdpu_saturate (
      swdpu_round_shift (clipped, fix_point - output_fix_point));
}

gint8
layer_function_leaky_relu (gint8 value, gint fix_point, gint output_fix_point)
{
  gint64 exact = value < 0 ? value * SWDPU_LEAKY_NUMERATOR
                           : value * (1 << SWDPU_LEAKY_SHIFT);

  return swdpu_saturate (swdpu_round_shift (
      exact, fix_point + SWDPU_LEAKY_SHIFT - output_fix_point));
}

/* relu6 (x + 3) * 2731 / 2^14, the DPU's sixth */
gint8
layer_function_hard_sigmoid (gint8 value, gint fix_point, gint output_fix_point)
{
  /* below fix point 0 three is no whole number */
  gint64 whole = swdpu_round_shift (value, MIN (fix_point, 0));
  gint whole_fix_point = MAX (fix_point, 0);
  gint64 clipped = swdpu_clip_to_six (
      whole + swdpu_round_shift (3, -whole_fix_point), &whole_fix_point);

  return swdpu_saturate (swdpu_round_shift (
      clipped * 2731, 14 + whole_fix_point - output_fix_point));
}

/* the quantizer runs it in float and rounds to the grid */
gint8
layer_function_sigmoid (gint8 value, gint fix_point, gint output_fix_point)
{
  gfloat x = ldexpf (value, -fix_point);
  gfloat sigmoid = 1.0f / (1.0f + expf (-x));
  gdouble scaled = floor (ldexp (sigmoid, output_fix_point) + 0.5);

  /* which may be more than any integer holds */
  return CLAMP (scaled, -128, 127);
}

gboolean
layer_map (const Layer *layer, guint input, LayerFunction function,
    guint *output, GError **error)
{
  const PlanTensor *in = plan_tensor (layer->plan, input);
  gint8 *table;

  if (in->size != plan_shape_get_size (&layer->shape))
    return layer_fail (layer, SWDPU_ERROR_INVALID, error,
        "reads %" G_GSIZE_FORMAT " and writes %" G_GSIZE_FORMAT " elements",
        in->size, plan_shape_get_size (&layer->shape));
  if (!layer_check_fix_points (layer, in->fix_point, error))
    return FALSE;

  table = plan_allocate_constant (layer->plan, 256, error);
  if (table == NULL)
    return FALSE;
  for (gint i = -128; i < 128; i++)
    table[(guint8) i] = function (i, in->fix_point, layer->fix_point);

  *output = layer_add_output (layer);
  plan_add_step (layer->plan, PLAN_STEP_TABLE, layer->name, &input, 1, *output)
      ->table = table;
  return TRUE;
}

/**
 * layer_convert:
 * @input: (inout): the same tensor at the layer's fix point
 *
 * For layers that only move or compare elements: rounding commutes with them.
 */
gboolean
layer_convert (const Layer *layer, guint *input, GError **error)
{
  const PlanTensor *in = plan_tensor (layer->plan, *input);
  Layer conversion = *layer;

  if (in->fix_point == layer->fix_point)
    return TRUE;
  conversion.shape = in->shape;
  return layer_map (&conversion, *input, layer_function_identity, input, error);
}
