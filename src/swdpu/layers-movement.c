/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The layers that move elements: concatenation, upsampling, padding, slices,
 * and changes of shape. */

#include "layers.h"
#include "layers-private.h"

gboolean
layer_concatenate (const Layer *layer, const guint *inputs, guint n_inputs,
    gint axis, guint *output, GError **error)
{
  const PlanShape *out = &layer->shape;
  guint64 joined = 0;

  if (axis < 0)
    axis += out->n_dims;
  if (axis < 0 || axis >= (gint) out->n_dims)
    return layer_fail (layer, SWDPU_ERROR_INVALID, error,
        "axis %d is not one of its %u dimensions", axis, out->n_dims);

  for (guint i = 0; i < n_inputs; i++) {
    const PlanTensor *in = plan_tensor (layer->plan, inputs[i]);
    PlanShape expected = *out;

    if (!layer_check_fix_points (layer, in->fix_point, error))
      return FALSE;
    if (in->shape.n_dims == out->n_dims)
      expected.dims[axis] = in->shape.dims[axis];
    if (!plan_shape_equal (&in->shape, &expected))
      return layer_fail (layer, SWDPU_ERROR_INVALID, error,
          "input \"%s\" differs from the result in more than axis %d", in->name,
          axis);
    joined += in->shape.dims[axis];
  }
  if (joined != out->dims[axis])
    return layer_fail (layer, SWDPU_ERROR_INVALID, error,
        "its inputs have %" G_GUINT64_FORMAT " entries along axis %d, the "
        "result %u",
        joined, axis, out->dims[axis]);

  *output = layer_add_output (layer);
  plan_add_step (layer->plan, PLAN_STEP_CONCATENATE, layer->name, inputs,
      n_inputs, *output)
      ->concatenate_axis = axis;
  return TRUE;
}

static gboolean
check_upsampling (const Layer *layer, guint input, GError **error)
{
  const PlanShape *in = &plan_tensor (layer->plan, input)->shape;

  if (!layer_check_feature_maps (layer, input, error))
    return FALSE;
  if (in->dims[PLAN_C] != layer->shape.dims[PLAN_C])
    return layer_fail (layer, SWDPU_ERROR_INVALID, error,
        "makes %u channels out of %u", layer->shape.dims[PLAN_C],
        in->dims[PLAN_C]);
  return TRUE;
}

gboolean
layer_upsample_nearest (
    const Layer *layer, guint input, guint *output, GError **error)
{
  if (!check_upsampling (layer, input, error)
      || !layer_convert (layer, &input, error))
    return FALSE;

  *output = layer_add_output (layer);
  plan_add_step (
      layer->plan, PLAN_STEP_UPSAMPLE_NEAREST, layer->name, &input, 1, *output);
  return TRUE;
}

/**
 * layer_upsample_bilinear:
 *
 * Only by powers of two up to 8: there the weights are exact in binary.
 */
gboolean
layer_upsample_bilinear (const Layer *layer, guint input,
    gboolean half_pixel_centers, guint *output, GError **error)
{
  const PlanTensor *in = plan_tensor (layer->plan, input);

  if (!check_upsampling (layer, input, error)
      || !layer_check_fix_points (layer, in->fix_point, error))
    return FALSE;
  for (guint i = PLAN_H; i <= PLAN_W; i++) {
    guint scale = layer->shape.dims[i] / in->shape.dims[i];

    if (layer->shape.dims[i] % in->shape.dims[i] != 0
        || (scale != 1 && scale != 2 && scale != 4 && scale != 8))
      return layer_fail (layer, SWDPU_ERROR_UNSUPPORTED, error,
          "scales bilinearly from %u to %u, supported are factors 2, 4 and 8",
          in->shape.dims[i], layer->shape.dims[i]);
  }

  *output = layer_add_output (layer);
  plan_add_step (
      layer->plan, PLAN_STEP_UPSAMPLE_BILINEAR, layer->name, &input, 1, *output)
      ->bilinear.half_pixel_centers = half_pixel_centers;
  return TRUE;
}

/**
 * layer_pad:
 * @paddings: per dimension, elements before and after
 */
gboolean
layer_pad (const Layer *layer, guint input, const gint32 *paddings,
    gsize n_paddings, gint8 value, guint *output, GError **error)
{
  const PlanShape *in = &plan_tensor (layer->plan, input)->shape;
  PlanStep *step;

  if (in->n_dims != layer->shape.n_dims || n_paddings != 2 * in->n_dims)
    return layer_fail (layer, SWDPU_ERROR_INVALID, error,
        "has %" G_GSIZE_FORMAT " paddings for %u dimensions", n_paddings,
        in->n_dims);
  for (guint i = 0; i < in->n_dims; i++) {
    gint64 before = paddings[2 * i], after = paddings[2 * i + 1];

    if (before < 0 || after < 0
        || before + after + in->dims[i] != layer->shape.dims[i])
      return layer_fail (layer, SWDPU_ERROR_INVALID, error,
          "paddings %" G_GINT64_FORMAT " and %" G_GINT64_FORMAT
          " do not turn %u into %u",
          before, after, in->dims[i], layer->shape.dims[i]);
  }
  if (!layer_convert (layer, &input, error))
    return FALSE;

  *output = layer_add_output (layer);
  step = plan_add_step (
      layer->plan, PLAN_STEP_PAD, layer->name, &input, 1, *output);
  for (guint i = 0; i < layer->shape.n_dims; i++)
    step->pad.before[i] = paddings[2 * i];
  step->pad.value = value;
  return TRUE;
}

static gboolean
add_gather (const Layer *layer, guint input, const PlanGather *gather,
    guint *output, GError **error)
{
  if (!layer_convert (layer, &input, error))
    return FALSE;

  *output = layer_add_output (layer);
  plan_add_step (layer->plan, PLAN_STEP_GATHER, layer->name, &input, 1, *output)
      ->gather = *gather;
  return TRUE;
}

static void
dense_strides (const PlanShape *shape, gsize strides[PLAN_MAX_DIMS])
{
  gsize stride = 1;

  for (guint i = shape->n_dims; i > 0; i--) {
    strides[i - 1] = stride;
    stride *= shape->dims[i - 1];
  }
}

/**
 * layer_strided_slice:
 * @begin: (array length=n_dims): where each dimension starts
 * @strides: (array length=n_dims): positive
 *
 * NumPy's input[begin:end:strides]; the end is in the layer's shape.
 */
gboolean
layer_strided_slice (const Layer *layer, guint input, const gint32 *begin,
    const gint32 *strides, gsize n_dims, guint *output, GError **error)
{
  const PlanShape *in = &plan_tensor (layer->plan, input)->shape;
  PlanGather gather = { .shape = layer->shape };
  gsize in_strides[PLAN_MAX_DIMS];

  if (n_dims != in->n_dims || n_dims != layer->shape.n_dims)
    return layer_fail (layer, SWDPU_ERROR_INVALID, error,
        "slices %" G_GSIZE_FORMAT " of %u dimensions", n_dims, in->n_dims);

  dense_strides (in, in_strides);
  for (guint i = 0; i < n_dims; i++) {
    gint64 first = begin[i] < 0 ? (gint64) begin[i] + in->dims[i] : begin[i];
    gint64 last = first + (layer->shape.dims[i] - 1) * (gint64) strides[i];

    if (strides[i] < 1 || first < 0 || last >= in->dims[i])
      return layer_fail (layer, SWDPU_ERROR_INVALID, error,
          "slice from %d by %d does not fit into dimension %u of size %u",
          begin[i], strides[i], i, in->dims[i]);
    gather.start += first * in_strides[i];
    gather.strides[i] = strides[i] * in_strides[i];
  }
  return add_gather (layer, input, &gather, output, error);
}

gboolean
layer_reshape (const Layer *layer, guint input, guint *output, GError **error)
{
  const PlanTensor *in = plan_tensor (layer->plan, input);
  PlanGather gather = {
    .shape = { .n_dims = 1, .dims = { in->size } },
    .strides = { 1 },
  };

  if (in->size != plan_shape_get_size (&layer->shape))
    return layer_fail (layer, SWDPU_ERROR_INVALID, error,
        "reads %" G_GSIZE_FORMAT " and writes %" G_GSIZE_FORMAT " elements",
        in->size, plan_shape_get_size (&layer->shape));
  return add_gather (layer, input, &gather, output, error);
}

/**
 * layer_permute:
 * @order: (array length=n_dims): the input dimension each output one is
 */
gboolean
layer_permute (const Layer *layer, guint input, const gint32 *order,
    gsize n_dims, guint *output, GError **error)
{
  const PlanShape *in = &plan_tensor (layer->plan, input)->shape;
  PlanGather gather = { .shape = layer->shape };
  gsize in_strides[PLAN_MAX_DIMS];
  guint seen = 0;

  if (n_dims != in->n_dims || n_dims != layer->shape.n_dims)
    return layer_fail (layer, SWDPU_ERROR_INVALID, error,
        "orders %" G_GSIZE_FORMAT " of %u dimensions", n_dims, in->n_dims);

  dense_strides (in, in_strides);
  for (guint i = 0; i < n_dims; i++) {
    if (order[i] < 0 || order[i] >= (gint) n_dims
        || (seen & (1u << order[i])) != 0
        || in->dims[order[i]] != layer->shape.dims[i])
      return layer_fail (layer, SWDPU_ERROR_INVALID, error,
          "entry %d of its order does not fit the shapes", order[i]);
    seen |= 1u << order[i];
    gather.strides[i] = in_strides[order[i]];
  }
  return add_gather (layer, input, &gather, output, error);
}

/**
 * layer_reorganize:
 * @reverse: depth to space instead of space to depth
 *
 * Channel (row in block * @scale + column in block) * C + c of the deep tensor
 * is channel c of a pixel in the wide one.
 */
gboolean
layer_reorganize (const Layer *layer, guint input, guint scale,
    gboolean reverse, guint *output, GError **error)
{
  const PlanShape *in = &plan_tensor (layer->plan, input)->shape;
  const PlanShape *wide = reverse ? &layer->shape : in;
  const PlanShape *deep = reverse ? in : &layer->shape;
  gsize channels, row;

  if (!layer_check_feature_maps (layer, input, error))
    return FALSE;
  if (scale < 1 || wide->dims[PLAN_H] != (guint64) deep->dims[PLAN_H] * scale
      || wide->dims[PLAN_W] != (guint64) deep->dims[PLAN_W] * scale
      || deep->dims[PLAN_C] != (guint64) wide->dims[PLAN_C] * scale * scale)
    return layer_fail (layer, SWDPU_ERROR_INVALID, error,
        "blocks of %u do not turn %ux%ux%u into %ux%ux%u", scale,
        in->dims[PLAN_H], in->dims[PLAN_W], in->dims[PLAN_C],
        layer->shape.dims[PLAN_H], layer->shape.dims[PLAN_W],
        layer->shape.dims[PLAN_C]);

  channels = wide->dims[PLAN_C];
  if (reverse) {
    PlanGather gather = {
      .shape = { 5,
          { deep->dims[PLAN_H], scale, deep->dims[PLAN_W], scale, channels } },
    };

    row = (gsize) deep->dims[PLAN_W] * deep->dims[PLAN_C];
    gather.strides[0] = row;
    gather.strides[1] = scale * channels;
    gather.strides[2] = deep->dims[PLAN_C];
    gather.strides[3] = channels;
    gather.strides[4] = 1;
    return add_gather (layer, input, &gather, output, error);
  } else {
    PlanGather gather = {
      .shape = { 5,
          { deep->dims[PLAN_H], deep->dims[PLAN_W], scale, scale, channels } },
    };

    row = (gsize) wide->dims[PLAN_W] * channels;
    gather.strides[0] = scale * row;
    gather.strides[1] = scale * channels;
    gather.strides[2] = row;
    gather.strides[3] = channels;
    gather.strides[4] = 1;
    return add_gather (layer, input, &gather, output, error);
  }
}
