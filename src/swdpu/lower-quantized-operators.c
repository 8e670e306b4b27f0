/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The quantizer's float operators, each made a layer: one function an operator,
 * and the table of them. */

#include "lower-movement.h"
#include "lower-quantized-private.h"

#include <math.h>
#include <string.h>

typedef gboolean (*LowerFunction) (
    Lowering *self, const Request *request, guint *tensor, GError **error);

static gboolean
lower_input (
    Lowering *self, const Request *request, guint *tensor, GError **error)
{
  return quantized_lower_operand (self, request->layer.op,
      quantized_get_input (request->layer.op), tensor, error);
}

/* the named parameter of a layer; %TRUE and %NULL where there is none */
static gboolean
lower_parameters (Lowering *self, const XmodelOp *op, const gchar *name,
    const LayerParameter **parameter, GError **error)
{
  const XmodelOp *source = xmodel_op_get_input (op, name, 0);

  *parameter = NULL;
  if (source == NULL)
    return TRUE;
  *parameter = quantized_lower_parameter (self, op, source, error);
  return *parameter != NULL;
}

static gboolean
lower_convolution (
    Lowering *self, const Request *request, guint *tensor, GError **error)
{
  const XmodelOp *op = request->layer.op;
  const LayerParameter *weights, *bias;
  guint input = 0;

  if (!lower_input (self, request, &input, error)
      || !lower_parameters (self, op, "weights", &weights, error)
      || !lower_parameters (self, op, "bias", &bias, error))
    return FALSE;
  if (weights == NULL)
    return quantized_fail_missing_input (op, "weights", error);
  return layer_convolution (&request->layer, input, weights, bias,
      request->activation, tensor, error);
}

/* a batch normalization that could not be folded into a convolution */
static gboolean
lower_scale (
    Lowering *self, const Request *request, guint *tensor, GError **error)
{
  const XmodelOp *op = request->layer.op;
  const LayerParameter *weights, *bias;
  guint input = 0;

  if (!lower_input (self, request, &input, error)
      || !lower_parameters (self, op, "scale", &weights, error)
      || !lower_parameters (self, op, "bias", &bias, error))
    return FALSE;
  if (weights == NULL)
    return quantized_fail_missing_input (op, "scale", error);
  return layer_scale (&request->layer, input, weights, bias,
      request->activation, tensor, error);
}

static gboolean
lower_matrix_product (
    Lowering *self, const Request *request, guint *tensor, GError **error)
{
  const XmodelOp *op = request->layer.op;
  const XmodelOp *source = xmodel_op_get_input (op, "input", 1);
  const LayerParameter *weights, *bias;
  gboolean transpose_a = FALSE, transpose_b = FALSE;
  guint input = 0;

  if (source == NULL)
    return quantized_fail_missing_input (op, "input[1]", error);
  xmodel_attributes_get_bool (op->attributes, "transpose_a", &transpose_a);
  xmodel_attributes_get_bool (op->attributes, "transpose_b", &transpose_b);
  if (transpose_a)
    return quantized_fail (
        op, SWDPU_ERROR_UNSUPPORTED, error, "transposes its first operand");
  if (!lower_input (self, request, &input, error)
      || !lower_parameters (self, op, "bias", &bias, error))
    return FALSE;
  weights = quantized_lower_parameter (self, op, source, error);
  if (weights == NULL)
    return FALSE;
  return layer_matrix_product (&request->layer, input, transpose_b, weights,
      bias, request->activation, tensor, error);
}

static gboolean
lower_operands (
    Lowering *self, const XmodelOp *op, GArray *operands, GError **error)
{
  const XmodelArgument *argument = xmodel_op_get_argument (op, "input");

  if (argument == NULL || argument->n_ops == 0)
    return quantized_fail_missing_input (op, "input", error);
  for (guint i = 0; i < argument->n_ops; i++) {
    guint tensor;

    if (!quantized_lower_operand (self, op, argument->ops[i], &tensor, error))
      return FALSE;
    g_array_append_val (operands, tensor);
  }
  return TRUE;
}

static gboolean
lower_add (
    Lowering *self, const Request *request, guint *tensor, GError **error)
{
  g_autoptr (GArray) operands = g_array_new (FALSE, FALSE, sizeof (guint));
  gint largest = G_MININT;

  if (!lower_operands (self, request->layer.op, operands, error))
    return FALSE;
  for (guint i = 0; i < operands->len; i++)
    largest = MAX (
        largest, plan_tensor (self->plan, g_array_index (operands, guint, i))
                     ->fix_point);
  return layer_sum (&request->layer, (guint *) operands->data, operands->len,
      largest, request->activation, tensor, error);
}

/* whether @op is a constant that scales what comes before it, not quantized */
static gboolean
get_scalar (const XmodelOp *op, gdouble *value)
{
  const guint8 *data;
  gfloat scalar;
  gsize size;

  if (!quantized_is_type (op, "const")
      || !xmodel_attributes_get_bytes (op->attributes, "data", &data, &size)
      || size != sizeof (scalar))
    return FALSE;
  memcpy (&scalar, data, sizeof (scalar));
  *value = scalar;
  return TRUE;
}

/* scalar / taps = numerator / 2^shift, with the least shift. The quantizer
 * writes 7 * 9 / 64 for the average of nine, as the DPU multiplies by 7/64. */
static gboolean
find_average_factor (
    gdouble scalar, guint taps, guint32 *numerator, gint *shift)
{
  for (*shift = 0; *shift <= 30; (*shift)++) {
    gdouble scaled = ldexp (scalar, *shift);

    if (scaled > 0 && scaled < G_MAXINT32 && scaled == floor (scaled)
        && (guint32) scaled % taps == 0) {
      *numerator = (guint32) scaled / taps;
      return TRUE;
    }
  }
  return FALSE;
}

/* whether windows reach beyond the end of a dimension */
static gboolean
overhangs (guint in, guint out, guint kernel, guint stride, gint pad)
{
  return (out - 1) * (gint64) stride + kernel - pad > in;
}

/* The DPU divides by the size of the kernel, wherever that lies. What a CEIL
 * leaves over beyond the padding counts as padding here, which is stricter than
 * "count_include_invalid" is. */
static gboolean
check_averaged_padding (
    const Layer *layer, guint input, const PlanWindow *window, GError **error)
{
  const guint32 *in = plan_tensor (layer->plan, input)->shape.dims;
  const guint32 *out = layer->shape.dims;
  gboolean include_pad = TRUE, include_invalid = TRUE;

  xmodel_attributes_get_bool (
      layer->op->attributes, "count_include_pad", &include_pad);
  xmodel_attributes_get_bool (
      layer->op->attributes, "count_include_invalid", &include_invalid);
  if ((!include_pad || !include_invalid)
      && (window->pad_left != 0 || window->pad_top != 0
          || overhangs (in[PLAN_W], out[PLAN_W], window->kernel_w,
              window->stride_w, window->pad_left)
          || overhangs (in[PLAN_H], out[PLAN_H], window->kernel_h,
              window->stride_h, window->pad_top)))
    return layer_fail (layer, SWDPU_ERROR_UNSUPPORTED, error,
        "leaves its padding out of the average, the DPU counts it");
  return TRUE;
}

static gboolean
lower_scaled_average_pool (Lowering *self, const Request *request,
    const XmodelOp *pool, gdouble scalar, guint *tensor, GError **error)
{
  Layer layer = request->layer;
  PlanWindow window;
  guint32 numerator = 0;
  guint input = 0;
  gint shift = 0;

  layer.op = pool;
  if (request->activation != PLAN_ACTIVATION_NONE)
    return quantized_fail (pool, SWDPU_ERROR_UNSUPPORTED, error,
        "is followed by an activation without a fix between");
  if (!quantized_lower_operand (
          self, pool, quantized_get_input (pool), &input, error)
      || !layer_read_window (&layer, input, &window, error))
    return FALSE;
  if (!check_averaged_padding (&layer, input, &window, error))
    return FALSE;
  if (!find_average_factor (
          scalar, window.kernel_h * window.kernel_w, &numerator, &shift))
    return quantized_fail (pool, SWDPU_ERROR_UNSUPPORTED, error,
        "is not scaled to a factor the DPU multiplies with");
  return layer_average_pool (
      &layer, input, &window, numerator, shift, tensor, error);
}

static gboolean
lower_average_pool (
    Lowering *self, const Request *request, guint *tensor, GError **error)
{
  return lower_scaled_average_pool (
      self, request, request->layer.op, 1.0, tensor, error);
}

static gboolean
lower_mapped (Lowering *self, const Request *request, LayerFunction function,
    const XmodelOp *op, guint *tensor, GError **error)
{
  Layer layer = request->layer;
  guint input = 0;

  layer.op = op;
  if (request->activation != PLAN_ACTIVATION_NONE)
    return quantized_fail (op, SWDPU_ERROR_UNSUPPORTED, error,
        "is followed by an activation without a fix between");
  return quantized_lower_operand (
             self, op, quantized_get_input (op), &input, error)
         && layer_map (&layer, input, function, tensor, error);
}

static gboolean
lower_multiply (
    Lowering *self, const Request *request, guint *tensor, GError **error)
{
  const XmodelOp *op = request->layer.op;
  const XmodelArgument *argument = xmodel_op_get_argument (op, "input");
  g_autoptr (GArray) operands = g_array_new (FALSE, FALSE, sizeof (guint));

  if (argument == NULL || argument->n_ops != 2)
    return layer_fail (&request->layer, SWDPU_ERROR_UNSUPPORTED, error,
        "multiplies %u operands, the DPU takes 2",
        argument == NULL ? 0 : argument->n_ops);
  for (guint i = 0; i < 2; i++) {
    const XmodelOp *scaled = xmodel_op_get_input (op, "input", i);
    const XmodelOp *factor = xmodel_op_get_input (op, "input", 1 - i);
    gdouble scalar;

    if (scaled == NULL || factor == NULL || !get_scalar (factor, &scalar))
      continue;
    if (quantized_is_type (scaled, "avgpool2d"))
      return lower_scaled_average_pool (
          self, request, scaled, scalar, tensor, error);
    /* 8193/8192 makes a sixth of the DPU's 2731/16384 */
    if (quantized_is_type (scaled, "hard-sigmoid") && scalar == 8193.0 / 8192.0)
      return lower_mapped (
          self, request, layer_function_hard_sigmoid, scaled, tensor, error);
  }

  if (!lower_operands (self, op, operands, error))
    return FALSE;
  return layer_product (&request->layer, (guint *) operands->data,
      operands->len, request->activation, tensor, error);
}

static gboolean
lower_sigmoid (
    Lowering *self, const Request *request, guint *tensor, GError **error)
{
  return lower_mapped (
      self, request, layer_function_sigmoid, request->layer.op, tensor, error);
}

/* an activation is part of the layer before it, where that has no fix */
static gboolean lower_activation (Lowering *self, const Request *request,
    PlanActivation activation, LayerFunction function, guint *tensor,
    GError **error);

static gboolean
lower_relu (
    Lowering *self, const Request *request, guint *tensor, GError **error)
{
  return lower_activation (
      self, request, PLAN_ACTIVATION_RELU, layer_function_relu, tensor, error);
}

static gboolean
lower_relu6 (
    Lowering *self, const Request *request, guint *tensor, GError **error)
{
  return lower_activation (self, request, PLAN_ACTIVATION_RELU6,
      layer_function_relu6, tensor, error);
}

static gboolean
lower_leaky_relu (
    Lowering *self, const Request *request, guint *tensor, GError **error)
{
  gdouble alpha = 0;

  if (!xmodel_attributes_get_double (
          request->layer.op->attributes, "alpha", &alpha)
      || alpha != 26.0 / 256.0)
    return layer_fail (&request->layer, SWDPU_ERROR_UNSUPPORTED, error,
        "has slope %g, the DPU's is 26/256 = 0.1015625", alpha);
  return lower_activation (self, request, PLAN_ACTIVATION_LEAKY_RELU,
      layer_function_leaky_relu, tensor, error);
}

static gboolean
lower_max_pool (
    Lowering *self, const Request *request, guint *tensor, GError **error)
{
  PlanWindow window;
  guint input = 0;

  return lower_input (self, request, &input, error)
         && layer_read_window (&request->layer, input, &window, error)
         && layer_max_pool (&request->layer, input, &window, tensor, error);
}

/* branches without a fix of their own take the concat's; fixed ones are rounded
 * a second time */
static gboolean
lower_concatenate (
    Lowering *self, const Request *request, guint *tensor, GError **error)
{
  const Layer *layer = &request->layer;
  const XmodelArgument *argument = xmodel_op_get_argument (layer->op, "input");
  g_autoptr (GArray) operands = g_array_new (FALSE, FALSE, sizeof (guint));

  if (argument == NULL || argument->n_ops == 0)
    return quantized_fail_missing_input (layer->op, "input", error);
  for (guint i = 0; i < argument->n_ops; i++) {
    const XmodelOp *branch = argument->ops[i];
    gint fix_point = layer->fix_point;
    guint operand;

    if (quantized_is_type (branch, "fix"))
      quantized_get_fix_point (branch, &fix_point);
    if (!quantized_lower_at (self, branch, fix_point, &operand, error))
      return FALSE;
    g_array_append_val (operands, operand);
  }
  return movement_lower_concatenate (layer, operands, tensor, error);
}

static gboolean
lower_resize (
    Lowering *self, const Request *request, guint *tensor, GError **error)
{
  guint input = 0;

  return lower_input (self, request, &input, error)
         && movement_lower_resize (&request->layer, input, tensor, error);
}

static gboolean
lower_pad (
    Lowering *self, const Request *request, guint *tensor, GError **error)
{
  const Layer *layer = &request->layer;
  const gfloat *values;
  gsize n_values;
  guint input = 0;

  if (xmodel_attributes_get_floats (
          layer->op->attributes, "constant_values", &values, &n_values)) {
    for (gsize i = 0; i < n_values; i++) {
      if (values[i] != 0)
        return layer_fail (layer, SWDPU_ERROR_UNSUPPORTED, error,
            "pads with %g, only zeros are supported", values[i]);
    }
  }
  return lower_input (self, request, &input, error)
         && movement_lower_pad (layer, input, 0, tensor, error);
}

/* where a slice begins or ends in a dimension of @size: negative places count
 * from its end, those outside are moved to its edge */
static gint64
resolve_place (gint64 place, gint64 size)
{
  return CLAMP (place < 0 ? place + size : place, 0, size);
}

/* TensorFlow's slice: a bit in a mask is a dimension whose begin or end does not
 * count */
static gboolean
lower_strided_slice (
    Lowering *self, const Request *request, guint *tensor, GError **error)
{
  const Layer *layer = &request->layer;
  const XmodelAttributes *attributes = layer->op->attributes;
  gint begin_mask = 0, end_mask = 0, shrink_mask = 0;
  const gint32 *begin, *end, *strides;
  gsize n_begin, n_end, n_strides;
  gint32 places[PLAN_MAX_DIMS];
  const PlanShape *in;
  guint input = 0;

  xmodel_attributes_get_int (attributes, "begin_mask", &begin_mask);
  xmodel_attributes_get_int (attributes, "end_mask", &end_mask);
  xmodel_attributes_get_int (attributes, "shrink_axis_mask", &shrink_mask);
  if (shrink_mask != 0)
    return layer_fail (layer, SWDPU_ERROR_UNSUPPORTED, error,
        "drops dimensions (shrink_axis_mask), which is not supported");
  if (!lower_input (self, request, &input, error))
    return FALSE;
  in = &plan_tensor (self->plan, input)->shape;
  if (!xmodel_attributes_get_ints (attributes, "begin", &begin, &n_begin)
      || !xmodel_attributes_get_ints (attributes, "end", &end, &n_end)
      || !xmodel_attributes_get_ints (
          attributes, "strides", &strides, &n_strides)
      || n_begin != in->n_dims || n_end != in->n_dims
      || n_strides != in->n_dims)
    return layer_fail (layer, SWDPU_ERROR_INVALID, error,
        "needs \"begin\", \"end\" and \"strides\" for %u dimensions",
        in->n_dims);

  for (guint i = 0; i < in->n_dims; i++) {
    gint64 size = in->dims[i];
    gint64 first = begin_mask & 1 << i ? 0 : resolve_place (begin[i], size);
    gint64 last = end_mask & 1 << i ? size : resolve_place (end[i], size);
    gint64 n = (last - first + strides[i] - 1) / MAX (strides[i], 1);

    if (strides[i] < 1)
      return layer_fail (layer, SWDPU_ERROR_UNSUPPORTED, error,
          "slices dimension %u in steps of %d, only positive ones are "
          "supported",
          i, strides[i]);
    if (layer->shape.n_dims == in->n_dims && n != layer->shape.dims[i])
      return layer_fail (layer, SWDPU_ERROR_INVALID, error,
          "slices %" G_GINT64_FORMAT " elements out of dimension %u, but its "
          "result has %u",
          MAX (n, 0), i, layer->shape.dims[i]);
    places[i] = first;
  }
  return layer_strided_slice (
      layer, input, places, strides, n_begin, tensor, error);
}

static gboolean
lower_reshape (
    Lowering *self, const Request *request, guint *tensor, GError **error)
{
  guint input = 0;

  return lower_input (self, request, &input, error)
         && layer_reshape (&request->layer, input, tensor, error);
}

static gboolean
lower_transpose (
    Lowering *self, const Request *request, guint *tensor, GError **error)
{
  const Layer *layer = &request->layer;
  const gint32 *order;
  gsize n_order;
  guint input = 0;

  if (!xmodel_attributes_get_ints (
          layer->op->attributes, "order", &order, &n_order))
    return layer_fail (
        layer, SWDPU_ERROR_INVALID, error, "has no attribute \"order\"");
  return lower_input (self, request, &input, error)
         && layer_permute (layer, input, order, n_order, tensor, error);
}

static gboolean
lower_reorganize (
    Lowering *self, const Request *request, guint *tensor, GError **error)
{
  guint input = 0;

  return lower_input (self, request, &input, error)
         && movement_lower_reorganize (&request->layer, input, tensor, error);
}

/* @takes_activation: an activation that follows is computed before rounding */
static const struct {
  const gchar *type;
  LowerFunction lower;
  gboolean takes_activation;
} lower_functions[] = {
  { "conv2d", lower_convolution, TRUE },
  { "depthwise-conv2d", lower_convolution, TRUE },
  { "transposed-conv2d", lower_convolution, TRUE },
  { "transposed-depthwise-conv2d", lower_convolution, TRUE },
  { "scale", lower_scale, TRUE },
  { "matmul", lower_matrix_product, TRUE },
  { "add", lower_add, TRUE },
  { "mul", lower_multiply, TRUE },
  { "relu", lower_relu, FALSE },
  { "relu6", lower_relu6, FALSE },
  { "leaky-relu", lower_leaky_relu, FALSE },
  { "sigmoid", lower_sigmoid, FALSE },
  { "maxpool2d", lower_max_pool, FALSE },
  { "avgpool2d", lower_average_pool, FALSE },
  { "concat", lower_concatenate, FALSE },
  { "resize", lower_resize, FALSE },
  { "pad", lower_pad, FALSE },
  { "strided_slice", lower_strided_slice, FALSE },
  { "reshape", lower_reshape, FALSE },
  { "flatten", lower_reshape, FALSE },
  { "squeeze", lower_reshape, FALSE },
  { "identity", lower_reshape, FALSE },
  { "transpose", lower_transpose, FALSE },
  { "reorg", lower_reorganize, FALSE },
};

gboolean
quantized_lower_operator (
    Lowering *self, const Request *request, guint *tensor, GError **error)
{
  const XmodelOp *op = request->layer.op;

  for (guint i = 0; i < G_N_ELEMENTS (lower_functions); i++) {
    if (quantized_is_type (op, lower_functions[i].type))
      return lower_functions[i].lower (self, request, tensor, error);
  }
  if (g_str_has_prefix (op->type, "aten::silu"))
    return quantized_fail (op, SWDPU_ERROR_UNSUPPORTED, error,
        "is SiLU, which is not for DPUs: train with ReLU or LeakyReLU "
        "(26 / 256) instead");
  if (g_str_has_prefix (op->type, "aten::"))
    return quantized_fail (op, SWDPU_ERROR_UNSUPPORTED, error,
        "is PyTorch's own, as the quantizer has nothing for DPUs in its place: "
        "leave it out of the model");
  return quantized_fail (op, SWDPU_ERROR_UNSUPPORTED, error,
      "the software DPU does not have this operator");
}

static gboolean
lower_activation (Lowering *self, const Request *request,
    PlanActivation activation, LayerFunction function, guint *tensor,
    GError **error)
{
  const XmodelOp *op = request->layer.op;
  const XmodelOp *source = quantized_get_input (op);
  Request fused = *request;

  if (source == NULL)
    return quantized_fail_missing_input (op, "input", error);
  if (request->activation != PLAN_ACTIVATION_NONE)
    return quantized_fail (op, SWDPU_ERROR_UNSUPPORTED, error,
        "is followed by another activation without a fix between");
  for (guint i = 0; i < G_N_ELEMENTS (lower_functions); i++) {
    if (lower_functions[i].takes_activation
        && quantized_is_type (source, lower_functions[i].type)) {
      fused.layer.op = source;
      fused.activation = activation;
      return lower_functions[i].lower (self, &fused, tensor, error);
    }
  }
  return lower_mapped (self, request, function, op, tensor, error);
}
