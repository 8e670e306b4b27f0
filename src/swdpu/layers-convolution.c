/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The layers that slide a window with weights, and how windows are read. */

#include "layers.h"
#include "layers-private.h"

#include <string.h>

/* larger ones are no network's, and would overflow what follows */
#define MAX_WINDOW 4096
/* with 31 bits of accumulator, bits that alignment with the bias, LeakyReLU's
 * factor and the output may add to stay within 64; the quantizer keeps shifts
 * to the output within 0 to 16 and distances to the bias within 11 */
#define MAX_BIAS_DISTANCE 16
#define MAX_LEFT_SHIFT 8
#define MAX_RIGHT_SHIFT 40
/* products of two int8 that a 32-bit accumulator holds for certain */
#define MAX_PRODUCTS ((1 << 17) - 1)

static gboolean
read_pair (const Layer *layer, const gchar *name, gboolean required,
    guint *width, guint *height, GError **error)
{
  const gint32 *values;
  gsize n;

  if (!xmodel_attributes_get_ints (layer->op->attributes, name, &values, &n)) {
    if (!required)
      return TRUE;
    return layer_fail (
        layer, SWDPU_ERROR_INVALID, error, "has no attribute \"%s\"", name);
  }
  if (n != 2 || values[0] < 1 || values[1] < 1 || values[0] > MAX_WINDOW
      || values[1] > MAX_WINDOW)
    return layer_fail (layer, SWDPU_ERROR_INVALID, error,
        "attribute \"%s\" is not a width and height from 1 to %d", name,
        MAX_WINDOW);
  *width = values[0];
  *height = values[1];
  return TRUE;
}

static gboolean
check_extent (const Layer *layer, const gchar *what, gint64 in, gint64 out,
    gint64 kernel, gint64 stride, gint64 pad_before, gint64 pad_after,
    gboolean ceil, GError **error)
{
  gint64 span = in + pad_before + pad_after - kernel;
  gint64 floor_out = span / stride + 1;
  gint64 ceil_out = (span + stride - 1) / stride + 1;

  if (span < 0 || (out != floor_out && !(ceil && out == ceil_out)))
    return layer_fail (layer, SWDPU_ERROR_INVALID, error,
        "makes %" G_GINT64_FORMAT " %s out of %" G_GINT64_FORMAT
        ", but a window of %" G_GINT64_FORMAT ", stride %" G_GINT64_FORMAT
        " and padding %" G_GINT64_FORMAT "+%" G_GINT64_FORMAT
        " makes %" G_GINT64_FORMAT,
        out, what, in, kernel, stride, pad_before, pad_after,
        span < 0 ? 0 : floor_out);
  return TRUE;
}

/* TensorFlow's SAME: what the output's size needs, the odd one at the end */
static gint
same_padding (gint64 in, gint64 out, gint64 kernel, gint64 stride)
{
  return MAX ((out - 1) * stride + kernel - in, 0);
}

static gboolean
read_padding (const Layer *layer, const PlanShape *in, const PlanWindow *window,
    gint pad[4], gboolean *ceil, GError **error)
{
  const XmodelAttributes *attributes = layer->op->attributes;
  const PlanShape *out = &layer->shape;
  guint kernel_w = (window->kernel_w - 1) * window->dilation_w + 1;
  guint kernel_h = (window->kernel_h - 1) * window->dilation_h + 1;
  const gchar *mode = "FLOOR";
  const gint32 *values;
  gsize n;

  if (xmodel_attributes_get_ints (attributes, "pad", &values, &n)) {
    if (n != 4)
      return layer_fail (layer, SWDPU_ERROR_INVALID, error,
          "attribute \"pad\" has %" G_GSIZE_FORMAT " values, it needs 4", n);
    for (guint i = 0; i < 4; i++) {
      if (values[i] < 0 || values[i] > MAX_WINDOW)
        return layer_fail (layer, SWDPU_ERROR_INVALID, error,
            "padding %d is not within 0 to %d", values[i], MAX_WINDOW);
      pad[i] = values[i];
    }
  }

  xmodel_attributes_get_string (attributes, "pad_mode", &mode);
  *ceil = g_str_equal (mode, "CEIL");
  if (g_str_equal (mode, "SAME")) {
    gint total_w = same_padding (
        in->dims[PLAN_W], out->dims[PLAN_W], kernel_w, window->stride_w);
    gint total_h = same_padding (
        in->dims[PLAN_H], out->dims[PLAN_H], kernel_h, window->stride_h);

    pad[0] = total_w / 2;
    pad[1] = total_w - pad[0];
    pad[2] = total_h / 2;
    pad[3] = total_h - pad[2];
  } else if (g_str_equal (mode, "VALID")) {
    pad[0] = pad[1] = pad[2] = pad[3] = 0;
  } else if (!*ceil && !g_str_equal (mode, "FLOOR")) {
    return layer_fail (layer, SWDPU_ERROR_UNSUPPORTED, error,
        "pad_mode \"%s\" is none of FLOOR, CEIL, SAME and VALID", mode);
  }
  return TRUE;
}

/* kernel, stride, dilation, pad as [left, right, top, bottom], and pad_mode */
static gboolean
read_window_attributes (const Layer *layer, guint input, PlanWindow *window,
    gint pad[4], gboolean *ceil, GError **error)
{
  if (!layer_check_feature_maps (layer, input, error))
    return FALSE;

  window->stride_w = window->stride_h = 1;
  window->dilation_w = window->dilation_h = 1;
  return read_pair (
             layer, "kernel", TRUE, &window->kernel_w, &window->kernel_h, error)
         && read_pair (layer, "stride", FALSE, &window->stride_w,
             &window->stride_h, error)
         && read_pair (layer, "dilation", FALSE, &window->dilation_w,
             &window->dilation_h, error)
         && read_padding (layer, &plan_tensor (layer->plan, input)->shape,
             window, pad, ceil, error);
}

/**
 * layer_read_window:
 *
 * Reads the operator's window and checks it against the sizes of @input and of
 * the layer.
 */
gboolean
layer_read_window (
    const Layer *layer, guint input, PlanWindow *window, GError **error)
{
  const PlanShape *in = &plan_tensor (layer->plan, input)->shape;
  gint pad[4] = { 0, 0, 0, 0 };
  gboolean ceil, global = FALSE;

  if (!read_window_attributes (layer, input, window, pad, &ceil, error))
    return FALSE;
  xmodel_attributes_get_bool (layer->op->attributes, "global", &global);
  if (global
      && (window->kernel_w != in->dims[PLAN_W]
          || window->kernel_h != in->dims[PLAN_H]))
    return layer_fail (layer, SWDPU_ERROR_INVALID, error,
        "is global, but has a kernel of %ux%u for an input of %ux%u",
        window->kernel_w, window->kernel_h, in->dims[PLAN_W], in->dims[PLAN_H]);

  window->pad_left = pad[0];
  window->pad_top = pad[2];
  return check_extent (layer, "columns", in->dims[PLAN_W],
             layer->shape.dims[PLAN_W],
             (window->kernel_w - 1) * window->dilation_w + 1, window->stride_w,
             pad[0], pad[1], ceil, error)
         && check_extent (layer, "rows", in->dims[PLAN_H],
             layer->shape.dims[PLAN_H],
             (window->kernel_h - 1) * window->dilation_h + 1, window->stride_h,
             pad[2], pad[3], ceil, error);
}

/* [1][kernel row][kernel column][channel] as a convolution with one group a
 * channel has it, [channel][kernel row][kernel column][1] */
static const gint8 *
transpose_depthwise (Plan *plan, const gint8 *weights, gsize taps,
    gsize channels, GError **error)
{
  gint8 *transposed = plan_allocate_constant (plan, taps * channels, error);

  for (gsize c = 0; transposed != NULL && c < channels; c++) {
    for (gsize i = 0; i < taps; i++)
      transposed[c * taps + i] = weights[i * channels + c];
  }
  return transposed;
}

static gboolean
read_weights (const Layer *layer, guint in_channels,
    const LayerParameter *weights, gboolean depthwise,
    PlanConvolution *convolution, GError **error)
{
  const PlanWindow *window = &convolution->window;
  const guint32 *dims = weights->shape.dims;
  guint out_channels = layer->shape.dims[PLAN_C];

  if (weights->shape.n_dims != 4 || dims[1] != window->kernel_h
      || dims[2] != window->kernel_w)
    return layer_fail (layer, SWDPU_ERROR_INVALID, error,
        "its weights are not those of a %ux%u kernel", window->kernel_w,
        window->kernel_h);

  convolution->weights_fix_point = weights->fix_point;
  if (depthwise) {
    if (dims[0] != 1)
      return layer_fail (layer, SWDPU_ERROR_UNSUPPORTED, error,
          "makes %u channels out of each, only 1 is supported", dims[0]);
    if (dims[3] != in_channels || out_channels != in_channels)
      return layer_fail (layer, SWDPU_ERROR_INVALID, error,
          "has weights for %u channels, reads %u and writes %u", dims[3],
          in_channels, out_channels);
    convolution->groups = in_channels;
    convolution->weights = transpose_depthwise (layer->plan, weights->data,
        (gsize) dims[1] * dims[2], in_channels, error);
    return convolution->weights != NULL;
  }

  if (dims[0] != out_channels || in_channels % dims[3] != 0)
    return layer_fail (layer, SWDPU_ERROR_INVALID, error,
        "has weights for %u output channels from %u each, but writes %u and "
        "reads %u",
        dims[0], dims[3], out_channels, in_channels);
  convolution->groups = in_channels / dims[3];
  convolution->weights = weights->data;
  return TRUE;
}

static gboolean
read_bias (const Layer *layer, const LayerParameter *bias,
    PlanConvolution *convolution, GError **error)
{
  guint out_channels = layer->shape.dims[PLAN_C];

  convolution->bias = NULL;
  convolution->bias_fix_point = 0;
  if (bias == NULL)
    return TRUE;
  if (plan_shape_get_size (&bias->shape) != out_channels)
    return layer_fail (layer, SWDPU_ERROR_INVALID, error,
        "has %" G_GSIZE_FORMAT " biases for %u output channels",
        plan_shape_get_size (&bias->shape), out_channels);
  convolution->bias = bias->data;
  convolution->bias_fix_point = bias->fix_point;
  return TRUE;
}

static gboolean
add_convolution (const Layer *layer, guint input,
    const PlanConvolution *convolution, guint *output, GError **error)
{
  const PlanTensor *in = plan_tensor (layer->plan, input);
  gint fix_point = in->fix_point + convolution->weights_fix_point;
  guint64 n_products;

  if (convolution->groups == 0
      || layer->shape.dims[PLAN_C] % convolution->groups != 0)
    return layer_fail (layer, SWDPU_ERROR_INVALID, error,
        "%u groups do not divide %u output channels", convolution->groups,
        layer->shape.dims[PLAN_C]);
  n_products = (guint64) convolution->window.kernel_h
               * convolution->window.kernel_w * in->shape.dims[PLAN_C]
               / convolution->groups;
  if (n_products > MAX_PRODUCTS)
    return layer_fail (layer, SWDPU_ERROR_UNSUPPORTED, error,
        "sums %" G_GUINT64_FORMAT " products, at most %d are supported",
        n_products, MAX_PRODUCTS);
  if (fix_point - layer->fix_point < -MAX_LEFT_SHIFT
      || fix_point - layer->fix_point > MAX_RIGHT_SHIFT)
    return layer_fail (layer, SWDPU_ERROR_UNSUPPORTED, error,
        "goes from fix point %d to %d, supported are %d less to %d more",
        fix_point, layer->fix_point, MAX_LEFT_SHIFT, MAX_RIGHT_SHIFT);
  if (convolution->bias != NULL
      && ABS (convolution->bias_fix_point - fix_point) > MAX_BIAS_DISTANCE)
    return layer_fail (layer, SWDPU_ERROR_UNSUPPORTED, error,
        "adds biases of fix point %d to sums of %d, at most %d apart are "
        "supported",
        convolution->bias_fix_point, fix_point, MAX_BIAS_DISTANCE);

  *output = layer_add_output (layer);
  plan_add_step (
      layer->plan, PLAN_STEP_CONVOLUTION, layer->name, &input, 1, *output)
      ->convolution = *convolution;
  return TRUE;
}

/* zeros between the rows and columns, which makes a transposed convolution an
 * ordinary one */
static gboolean
add_dilation (
    const Layer *layer, guint *input, const PlanWindow *window, GError **error)
{
  const PlanTensor *in = plan_tensor (layer->plan, *input);
  PlanShape shape = in->shape;
  gint64 rows = (gint64) (shape.dims[PLAN_H] - 1) * window->stride_h + 1;
  gint64 columns = (gint64) (shape.dims[PLAN_W] - 1) * window->stride_w + 1;
  PlanStep *step;
  guint dilated;

  if (window->stride_h == 1 && window->stride_w == 1)
    return TRUE;
  if (rows > PLAN_MAX_TENSOR_SIZE || columns > PLAN_MAX_TENSOR_SIZE / rows
      || shape.dims[PLAN_C] > PLAN_MAX_TENSOR_SIZE / (rows * columns))
    return layer_fail (layer, SWDPU_ERROR_UNSUPPORTED, error,
        "stride %ux%u makes it too large", window->stride_w, window->stride_h);

  shape.dims[PLAN_H] = rows;
  shape.dims[PLAN_W] = columns;
  dilated = plan_add_tensor (layer->plan, layer->name, &shape, in->fix_point);
  step = plan_add_step (
      layer->plan, PLAN_STEP_DILATE, layer->name, input, 1, dilated);
  step->dilate.stride_h = window->stride_h;
  step->dilate.stride_w = window->stride_w;
  *input = dilated;
  return TRUE;
}

static gboolean
check_transposed_extent (const Layer *layer, const gchar *what, gint64 in,
    gint64 out, gint64 kernel, gint64 stride, gint64 pad_before,
    gint64 pad_after, GError **error)
{
  gint64 least = (in - 1) * stride + kernel - pad_before - pad_after;

  /* output_padding adds less than a stride at the end */
  if (out < least || out >= least + stride)
    return layer_fail (layer, SWDPU_ERROR_INVALID, error,
        "makes %" G_GINT64_FORMAT " %s out of %" G_GINT64_FORMAT
        ", but a window of %" G_GINT64_FORMAT ", stride %" G_GINT64_FORMAT
        " and padding %" G_GINT64_FORMAT "+%" G_GINT64_FORMAT
        " makes %" G_GINT64_FORMAT,
        out, what, in, kernel, stride, pad_before, pad_after, least);
  return TRUE;
}

static gboolean
read_transposed_window (
    const Layer *layer, guint input, PlanWindow *window, GError **error)
{
  const PlanShape *in = &plan_tensor (layer->plan, input)->shape;
  gint pad[4] = { 0, 0, 0, 0 };
  gint kernel_h, kernel_w;
  gboolean ceil;

  if (!read_window_attributes (layer, input, window, pad, &ceil, error))
    return FALSE;
  kernel_h = (window->kernel_h - 1) * window->dilation_h + 1;
  kernel_w = (window->kernel_w - 1) * window->dilation_w + 1;
  window->pad_left = kernel_w - 1 - pad[0];
  window->pad_top = kernel_h - 1 - pad[2];
  if (window->pad_left < 0 || window->pad_top < 0)
    return layer_fail (layer, SWDPU_ERROR_UNSUPPORTED, error,
        "padding %d or %d is larger than kernel - 1", pad[0], pad[2]);
  return check_transposed_extent (layer, "columns", in->dims[PLAN_W],
             layer->shape.dims[PLAN_W], kernel_w, window->stride_w, pad[0],
             pad[1], error)
         && check_transposed_extent (layer, "rows", in->dims[PLAN_H],
             layer->shape.dims[PLAN_H], kernel_h, window->stride_h, pad[2],
             pad[3], error);
}

/**
 * layer_convolution:
 * @weights: [out channel][kernel row][kernel column][in channel / groups], or
 *   [1][kernel row][kernel column][channel] where the operator is depthwise
 * @bias: (nullable): one per out channel
 *
 * A transposed convolution is the same as one without stride over the input
 * with zeros between its rows and columns; the file's weights are flipped for
 * that already, and its padding is PyTorch's.
 */
gboolean
layer_convolution (const Layer *layer, guint input,
    const LayerParameter *weights, const LayerParameter *bias,
    PlanActivation activation, guint *output, GError **error)
{
  /* operators are named alike before and after compilation */
  gboolean transposed = g_str_has_prefix (layer->op->type, "transposed-");
  gboolean depthwise = strstr (layer->op->type, "depthwise-") != NULL;
  PlanConvolution convolution = { .activation = activation };
  PlanWindow *window = &convolution.window;

  if (transposed) {
    if (!read_transposed_window (layer, input, window, error)
        || !add_dilation (layer, &input, window, error))
      return FALSE;
    window->stride_h = window->stride_w = 1;
  } else if (!layer_read_window (layer, input, window, error)) {
    return FALSE;
  }

  return read_weights (layer,
             plan_tensor (layer->plan, input)->shape.dims[PLAN_C], weights,
             depthwise, &convolution, error)
         && read_bias (layer, bias, &convolution, error)
         && add_convolution (layer, input, &convolution, output, error);
}

/**
 * layer_scale:
 * @weights: one per channel, multiplied
 * @bias: (nullable): one per channel, added
 */
gboolean
layer_scale (const Layer *layer, guint input, const LayerParameter *weights,
    const LayerParameter *bias, PlanActivation activation, guint *output,
    GError **error)
{
  PlanConvolution convolution = {
    .window = { 1, 1, 1, 1, 1, 1, 0, 0 },
    .activation = activation,
    .weights = weights->data,
    .weights_fix_point = weights->fix_point,
  };

  if (!layer_check_feature_maps (layer, input, error)
      || !read_bias (layer, bias, &convolution, error))
    return FALSE;
  if (!plan_shape_equal (
          &plan_tensor (layer->plan, input)->shape, &layer->shape)
      || plan_shape_get_size (&weights->shape) != layer->shape.dims[PLAN_C])
    return layer_fail (layer, SWDPU_ERROR_INVALID, error,
        "has %" G_GSIZE_FORMAT " factors for %u channels",
        plan_shape_get_size (&weights->shape), layer->shape.dims[PLAN_C]);
  convolution.groups = layer->shape.dims[PLAN_C];
  return add_convolution (layer, input, &convolution, output, error);
}

static guint
add_flat_view (const Layer *layer, guint input)
{
  const PlanTensor *in = plan_tensor (layer->plan, input);
  PlanShape flat = { 4, { 1, 1, 1, in->size } };
  PlanGather gather = { .shape = { 1, { in->size } }, .strides = { 1 } };
  guint output =
      plan_add_tensor (layer->plan, layer->name, &flat, in->fix_point);

  plan_add_step (layer->plan, PLAN_STEP_GATHER, layer->name, &input, 1, output)
      ->gather = gather;
  return output;
}

/**
 * layer_matrix_product:
 * @weights: [out][in], or [in][out] without @transposed
 *
 * A fully connected layer: a 1x1 convolution of a single pixel.
 */
gboolean
layer_matrix_product (const Layer *layer, guint input, gboolean transposed,
    const LayerParameter *weights, const LayerParameter *bias,
    PlanActivation activation, guint *output, GError **error)
{
  Layer pixel = *layer;
  PlanConvolution convolution = {
    .window = { 1, 1, 1, 1, 1, 1, 0, 0 },
    .groups = 1,
    .activation = activation,
    .weights = weights->data,
    .weights_fix_point = weights->fix_point,
  };
  gsize out_size = plan_shape_get_size (&layer->shape);
  gsize in_size = plan_tensor (layer->plan, input)->size;
  guint flat;

  if (weights->shape.n_dims != 2
      || weights->shape.dims[transposed ? 0 : 1] != out_size
      || weights->shape.dims[transposed ? 1 : 0] != in_size)
    return layer_fail (layer, SWDPU_ERROR_UNSUPPORTED, error,
        "its weights do not map %" G_GSIZE_FORMAT " to %" G_GSIZE_FORMAT
        " values of one sample",
        in_size, out_size);
  if (!transposed)
    convolution.weights = transpose_depthwise (
        layer->plan, weights->data, in_size, out_size, error);
  if (convolution.weights == NULL)
    return FALSE;

  pixel.shape = (PlanShape){ 4, { 1, 1, 1, out_size } };
  if (!read_bias (&pixel, bias, &convolution, error)
      || !add_convolution (
          &pixel, add_flat_view (layer, input), &convolution, &flat, error))
    return FALSE;
  return layer_reshape (layer, flat, output, error);
}
