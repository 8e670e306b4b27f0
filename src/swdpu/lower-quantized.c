/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Lowers the quantizer's form of a model: float operators with "fix" operators
 * between them. A chain of operators up to and including a fix is one layer
 * with one rounding, at the end; a branch into a concat without a fix of its
 * own takes the concat's. */

#include "plan.h"
#include "layers.h"

#include <math.h>
#include <string.h>

/* float operators between two roundings; real models have three */
#define MAX_CHAIN 32

typedef struct {
  const Xmodel *model;
  Plan *plan;
  /* of (op index, fix point) -> tensor + 1 */
  GHashTable *tensors;
  /* of op index -> LayerParameter */
  GHashTable *parameters;
  guint depth;
} Lowering;

/* one float operator to be made an int8 tensor at a fix point */
typedef struct {
  Layer layer;
  PlanActivation activation;
} Request;

typedef gboolean (*LowerFunction) (Lowering *self, const Request *request,
    guint *tensor, GError **error);

static gboolean lower_at (Lowering *self, const XmodelOp *op, gint fix_point,
    guint *tensor, GError **error);

static gboolean
is_type (const XmodelOp *op, const gchar *type)
{
  return g_str_equal (op->type, type);
}

/* operators that move numbers without changing them */
static gboolean
is_movement (const XmodelOp *op)
{
  static const gchar *const types[] = { "reshape", "transpose", "flatten",
    "squeeze", "strided_slice", "identity", "reorg", "pixel-shuffle" };

  for (guint i = 0; i < G_N_ELEMENTS (types); i++) {
    if (is_type (op, types[i]))
      return TRUE;
  }
  return FALSE;
}

/* operators whose result lies on the grid of their input */
static gboolean
keeps_grid (const XmodelOp *op)
{
  const gchar *mode;

  if (is_type (op, "resize"))
    return xmodel_attributes_get_string (op->attributes, "mode", &mode)
        && g_str_equal (mode, "NEAREST");
  return is_movement (op) || is_type (op, "relu") || is_type (op, "maxpool2d")
      || is_type (op, "pad");
}

static const XmodelOp *
get_input (const XmodelOp *op)
{
  return xmodel_op_get_input (op, "input", 0);
}

/* the fix point an operator's result has without any rounding of ours */
static gboolean
get_natural_fix_point (const XmodelOp *op, gint *fix_point)
{
  for (guint i = 0; i < MAX_CHAIN && op != NULL; i++) {
    if (is_type (op, "fix"))
      return xmodel_attributes_get_int (op->attributes, "fix_point",
          fix_point);
    if (!keeps_grid (op))
      return FALSE;
    op = get_input (op);
  }
  return FALSE;
}

static gboolean
fail_op (const XmodelOp *op, SwdpuError code, GError **error,
    const gchar *text)
{
  Layer layer = { .op = op };

  return layer_fail (&layer, code, error, "%s", text);
}

static gboolean
fail_missing_input (const XmodelOp *op, const gchar *name, GError **error)
{
  Layer layer = { .op = op };

  return layer_fail (&layer, SWDPU_ERROR_INVALID, error,
      "has no argument \"%s\"", name);
}

static gboolean
lower_operand (Lowering *self, const XmodelOp *consumer, const XmodelOp *op,
    guint *tensor, GError **error)
{
  Layer layer = { .op = consumer };
  gint fix_point;

  if (op == NULL)
    return fail_missing_input (consumer, "input", error);
  if (!get_natural_fix_point (op, &fix_point))
    return layer_fail (&layer, SWDPU_ERROR_UNSUPPORTED, error,
        "reads the float result of \"%s\" (%s), which has no fix operator; "
        "quantize the whole model", op->name, op->type);
  return lower_at (self, op, fix_point, tensor, error);
}

static gboolean
lower_input (Lowering *self, const Request *request, guint *tensor,
    GError **error)
{
  return lower_operand (self, request->layer.op, get_input (request->layer.op),
      tensor, error);
}

/* weights and biases: a fix of a float constant. The quantizer has put them on
 * the grid already, half away from zero; this only undoes the scale. */
static gint8 *
quantize_constant (const XmodelOp *constant, gint fix_point, gsize *n_values)
{
  const guint8 *data;
  gsize size;
  gint8 *values;

  if (!xmodel_attributes_get_bytes (constant->attributes, "data", &data, &size))
    return NULL;

  *n_values = size / sizeof (gfloat);
  values = g_malloc (*n_values);
  for (gsize i = 0; i < *n_values; i++) {
    gfloat value;

    memcpy (&value, data + i * sizeof (gfloat), sizeof (gfloat));
    values[i] = CLAMP (round (ldexp (value, fix_point)), -128, 127);
  }
  return values;
}

static const LayerParameter *
lower_parameter (Lowering *self, const XmodelOp *consumer, const XmodelOp *op,
    GError **error)
{
  const XmodelOp *constant = op;
  LayerParameter *parameter;
  gint8 *data;
  gsize n_values;
  gint fix_point;

  parameter = g_hash_table_lookup (self->parameters,
      GUINT_TO_POINTER (op->index));
  if (parameter != NULL)
    return parameter;

  if (is_type (op, "fix"))
    constant = get_input (op);
  if (constant == op || constant == NULL || !is_type (constant, "const")
      || !xmodel_attributes_get_int (op->attributes, "fix_point", &fix_point)) {
    fail_op (consumer, SWDPU_ERROR_UNSUPPORTED, error,
        "its weights or biases are not quantized constants");
    return NULL;
  }

  parameter = g_new0 (LayerParameter, 1);
  g_hash_table_insert (self->parameters, GUINT_TO_POINTER (op->index),
      parameter);
  parameter->fix_point = fix_point;
  if (!plan_shape_from_tensor (&parameter->shape, &constant->tensor, error))
    return NULL;
  data = quantize_constant (constant, fix_point, &n_values);
  if (data == NULL || n_values != plan_shape_get_size (&parameter->shape)) {
    g_free (data);
    fail_op (constant, SWDPU_ERROR_INVALID, error,
        "its data do not have the size of its shape");
    return NULL;
  }
  g_ptr_array_add (self->plan->constants, data);
  parameter->data = data;
  return parameter;
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
  *parameter = lower_parameter (self, op, source, error);
  return *parameter != NULL;
}

static gboolean
lower_any_convolution (Lowering *self, const Request *request,
    LayerConvolutionFlags flags, guint *tensor, GError **error)
{
  const XmodelOp *op = request->layer.op;
  const LayerParameter *weights, *bias;
  guint input = 0;

  if (!lower_input (self, request, &input, error)
      || !lower_parameters (self, op, "weights", &weights, error)
      || !lower_parameters (self, op, "bias", &bias, error))
    return FALSE;
  if (weights == NULL)
    return fail_missing_input (op, "weights", error);
  return layer_convolution (&request->layer, input, flags, weights, bias,
      request->activation, tensor, error);
}

static gboolean
lower_convolution (Lowering *self, const Request *request, guint *tensor,
    GError **error)
{
  return lower_any_convolution (self, request, 0, tensor, error);
}

static gboolean
lower_depthwise_convolution (Lowering *self, const Request *request,
    guint *tensor, GError **error)
{
  return lower_any_convolution (self, request, LAYER_DEPTHWISE, tensor, error);
}

static gboolean
lower_transposed_convolution (Lowering *self, const Request *request,
    guint *tensor, GError **error)
{
  return lower_any_convolution (self, request, LAYER_TRANSPOSED, tensor, error);
}

static gboolean
lower_transposed_depthwise_convolution (Lowering *self, const Request *request,
    guint *tensor, GError **error)
{
  return lower_any_convolution (self, request,
      LAYER_TRANSPOSED | LAYER_DEPTHWISE, tensor, error);
}

/* a batch normalization that could not be folded into a convolution */
static gboolean
lower_scale (Lowering *self, const Request *request, guint *tensor,
    GError **error)
{
  const XmodelOp *op = request->layer.op;
  const LayerParameter *weights, *bias;
  guint input = 0;

  if (!lower_input (self, request, &input, error)
      || !lower_parameters (self, op, "scale", &weights, error)
      || !lower_parameters (self, op, "bias", &bias, error))
    return FALSE;
  if (weights == NULL)
    return fail_missing_input (op, "scale", error);
  return layer_scale (&request->layer, input, weights, bias,
      request->activation, tensor, error);
}

static gboolean
lower_matrix_product (Lowering *self, const Request *request, guint *tensor,
    GError **error)
{
  const XmodelOp *op = request->layer.op;
  const XmodelOp *source = xmodel_op_get_input (op, "input", 1);
  const LayerParameter *weights, *bias;
  gboolean transpose_a = FALSE, transpose_b = FALSE;
  guint input = 0;

  if (source == NULL)
    return fail_missing_input (op, "input[1]", error);
  xmodel_attributes_get_bool (op->attributes, "transpose_a", &transpose_a);
  xmodel_attributes_get_bool (op->attributes, "transpose_b", &transpose_b);
  if (transpose_a)
    return fail_op (op, SWDPU_ERROR_UNSUPPORTED, error,
        "transposes its first operand");
  if (!lower_input (self, request, &input, error)
      || !lower_parameters (self, op, "bias", &bias, error))
    return FALSE;
  weights = lower_parameter (self, op, source, error);
  if (weights == NULL)
    return FALSE;
  return layer_matrix_product (&request->layer, input, transpose_b, weights,
      bias, request->activation, tensor, error);
}

static gboolean
lower_operands (Lowering *self, const XmodelOp *op, GArray *operands,
    GError **error)
{
  const XmodelArgument *argument = xmodel_op_get_argument (op, "input");

  if (argument == NULL || argument->n_ops == 0)
    return fail_missing_input (op, "input", error);
  for (guint i = 0; i < argument->n_ops; i++) {
    guint tensor;

    if (!lower_operand (self, op, argument->ops[i], &tensor, error))
      return FALSE;
    g_array_append_val (operands, tensor);
  }
  return TRUE;
}

static gboolean
lower_add (Lowering *self, const Request *request, guint *tensor,
    GError **error)
{
  g_autoptr (GArray) operands = g_array_new (FALSE, FALSE, sizeof (guint));
  gint largest = G_MININT;

  if (!lower_operands (self, request->layer.op, operands, error))
    return FALSE;
  for (guint i = 0; i < operands->len; i++)
    largest = MAX (largest,
        plan_tensor (self->plan, g_array_index (operands, guint, i))
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

  if (!is_type (op, "const")
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
find_average_factor (gdouble scalar, guint taps, guint32 *numerator,
    gint *shift)
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

static gboolean
lower_scaled_average_pool (Lowering *self, const Request *request,
    const XmodelOp *pool, gdouble scalar, guint *tensor, GError **error)
{
  Layer layer = request->layer;
  gboolean include_pad = TRUE;
  PlanWindow window;
  guint32 numerator = 0;
  guint input = 0;
  gint shift = 0;

  layer.op = pool;
  if (request->activation != PLAN_ACTIVATION_NONE)
    return fail_op (pool, SWDPU_ERROR_UNSUPPORTED, error,
        "is followed by an activation without a fix between");
  if (!lower_operand (self, pool, get_input (pool), &input, error)
      || !layer_read_window (&layer, input, &window, error))
    return FALSE;
  xmodel_attributes_get_bool (pool->attributes, "count_include_pad",
      &include_pad);
  if (!include_pad && (window.pad_left != 0 || window.pad_top != 0))
    return fail_op (pool, SWDPU_ERROR_UNSUPPORTED, error,
        "leaves its padding out of the average, the DPU counts it");
  if (!find_average_factor (scalar, window.kernel_h * window.kernel_w,
          &numerator, &shift))
    return fail_op (pool, SWDPU_ERROR_UNSUPPORTED, error,
        "is not scaled to a factor the DPU multiplies with");
  return layer_average_pool (&layer, input, &window, numerator, shift, tensor,
      error);
}

static gboolean
lower_average_pool (Lowering *self, const Request *request, guint *tensor,
    GError **error)
{
  return lower_scaled_average_pool (self, request, request->layer.op, 1.0,
      tensor, error);
}

static gboolean
lower_mapped (Lowering *self, const Request *request, LayerFunction function,
    const XmodelOp *op, guint *tensor, GError **error)
{
  Layer layer = request->layer;
  guint input = 0;

  layer.op = op;
  if (request->activation != PLAN_ACTIVATION_NONE)
    return fail_op (op, SWDPU_ERROR_UNSUPPORTED, error,
        "is followed by an activation without a fix between");
  return lower_operand (self, op, get_input (op), &input, error)
      && layer_map (&layer, input, function, tensor, error);
}

static gboolean
lower_multiply (Lowering *self, const Request *request, guint *tensor,
    GError **error)
{
  const XmodelOp *op = request->layer.op;
  g_autoptr (GArray) operands = g_array_new (FALSE, FALSE, sizeof (guint));

  for (guint i = 0; i < 2; i++) {
    const XmodelOp *scaled = xmodel_op_get_input (op, "input", i);
    const XmodelOp *factor = xmodel_op_get_input (op, "input", 1 - i);
    gdouble scalar;

    if (scaled == NULL || factor == NULL || !get_scalar (factor, &scalar))
      continue;
    if (is_type (scaled, "avgpool2d"))
      return lower_scaled_average_pool (self, request, scaled, scalar, tensor,
          error);
    /* 8193/8192 makes a sixth of the DPU's 2731/16384 */
    if (is_type (scaled, "hard-sigmoid") && scalar == 8193.0 / 8192.0)
      return lower_mapped (self, request, layer_function_hard_sigmoid, scaled,
          tensor, error);
  }

  if (!lower_operands (self, op, operands, error))
    return FALSE;
  return layer_product (&request->layer, (guint *) operands->data,
      operands->len, request->activation, tensor, error);
}

static gboolean
lower_sigmoid (Lowering *self, const Request *request, guint *tensor,
    GError **error)
{
  return lower_mapped (self, request, layer_function_sigmoid,
      request->layer.op, tensor, error);
}

/* an activation is part of the layer before it, where that has no fix */
static gboolean
lower_activation (Lowering *self, const Request *request,
    PlanActivation activation, LayerFunction function, guint *tensor,
    GError **error);

static gboolean
lower_relu (Lowering *self, const Request *request, guint *tensor,
    GError **error)
{
  return lower_activation (self, request, PLAN_ACTIVATION_RELU,
      layer_function_relu, tensor, error);
}

static gboolean
lower_relu6 (Lowering *self, const Request *request, guint *tensor,
    GError **error)
{
  return lower_activation (self, request, PLAN_ACTIVATION_RELU6,
      layer_function_relu6, tensor, error);
}

static gboolean
lower_leaky_relu (Lowering *self, const Request *request, guint *tensor,
    GError **error)
{
  gdouble alpha = 0;

  if (!xmodel_attributes_get_double (request->layer.op->attributes, "alpha",
          &alpha)
      || alpha != 26.0 / 256.0)
    return layer_fail (&request->layer, SWDPU_ERROR_UNSUPPORTED, error,
        "has slope %g, the DPU's is 26/256 = 0.1015625", alpha);
  return lower_activation (self, request, PLAN_ACTIVATION_LEAKY_RELU,
      layer_function_leaky_relu, tensor, error);
}

static gboolean
lower_max_pool (Lowering *self, const Request *request, guint *tensor,
    GError **error)
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
lower_concatenate (Lowering *self, const Request *request, guint *tensor,
    GError **error)
{
  const Layer *layer = &request->layer;
  const XmodelArgument *argument =
      xmodel_op_get_argument (layer->op, "input");
  g_autoptr (GArray) operands = g_array_new (FALSE, FALSE, sizeof (guint));
  gint axis;

  if (argument == NULL || argument->n_ops == 0)
    return fail_missing_input (layer->op, "input", error);
  if (!xmodel_attributes_get_int (layer->op->attributes, "axis", &axis))
    return layer_fail (layer, SWDPU_ERROR_INVALID, error,
        "has no attribute \"axis\"");

  for (guint i = 0; i < argument->n_ops; i++) {
    const XmodelOp *branch = argument->ops[i];
    gint fix_point = layer->fix_point;
    guint operand;

    if (is_type (branch, "fix"))
      get_natural_fix_point (branch, &fix_point);
    if (!lower_at (self, branch, fix_point, &operand, error))
      return FALSE;
    g_array_append_val (operands, operand);
  }
  return layer_concatenate (layer, (guint *) operands->data, operands->len,
      axis, tensor, error);
}

static gboolean
lower_resize (Lowering *self, const Request *request, guint *tensor,
    GError **error)
{
  const Layer *layer = &request->layer;
  const XmodelAttributes *attributes = layer->op->attributes;
  gboolean align_corners = FALSE, half_pixel_centers = FALSE;
  const gchar *mode = "NEAREST";
  guint input = 0;

  xmodel_attributes_get_string (attributes, "mode", &mode);
  xmodel_attributes_get_bool (attributes, "align_corners", &align_corners);
  xmodel_attributes_get_bool (attributes, "half_pixel_centers",
      &half_pixel_centers);
  if (align_corners)
    return layer_fail (layer, SWDPU_ERROR_UNSUPPORTED, error,
        "aligns corners, which the DPU does not");
  if (!lower_input (self, request, &input, error))
    return FALSE;

  if (g_str_equal (mode, "BILINEAR"))
    return layer_upsample_bilinear (layer, input, half_pixel_centers, tensor,
        error);
  if (!g_str_equal (mode, "NEAREST") || half_pixel_centers)
    return layer_fail (layer, SWDPU_ERROR_UNSUPPORTED, error,
        "resizes %s%s, supported are NEAREST and BILINEAR", mode,
        half_pixel_centers ? " with half-pixel centers" : "");
  return layer_upsample_nearest (layer, input, tensor, error);
}

static gboolean
lower_pad (Lowering *self, const Request *request, guint *tensor,
    GError **error)
{
  const Layer *layer = &request->layer;
  const gint32 *paddings;
  const gfloat *values;
  const gchar *mode = "CONSTANT";
  gsize n_paddings, n_values;
  guint input = 0;

  xmodel_attributes_get_string (layer->op->attributes, "mode", &mode);
  if (!g_str_equal (mode, "CONSTANT"))
    return layer_fail (layer, SWDPU_ERROR_UNSUPPORTED, error,
        "pads in mode %s, only CONSTANT is supported", mode);
  if (xmodel_attributes_get_floats (layer->op->attributes, "constant_values",
          &values, &n_values)) {
    for (gsize i = 0; i < n_values; i++) {
      if (values[i] != 0)
        return layer_fail (layer, SWDPU_ERROR_UNSUPPORTED, error,
            "pads with %g, only zeros are supported", values[i]);
    }
  }
  if (!xmodel_attributes_get_ints (layer->op->attributes, "paddings", &paddings,
          &n_paddings))
    return layer_fail (layer, SWDPU_ERROR_INVALID, error,
        "has no attribute \"paddings\"");
  return lower_input (self, request, &input, error)
      && layer_pad (layer, input, paddings, n_paddings, 0, tensor, error);
}

static gboolean
lower_strided_slice (Lowering *self, const Request *request, guint *tensor,
    GError **error)
{
  const Layer *layer = &request->layer;
  const gint32 *begin, *strides;
  gsize n_begin, n_strides;
  guint input = 0;

  if (!xmodel_attributes_get_ints (layer->op->attributes, "begin", &begin,
          &n_begin)
      || !xmodel_attributes_get_ints (layer->op->attributes, "strides",
          &strides, &n_strides)
      || n_begin != n_strides)
    return layer_fail (layer, SWDPU_ERROR_INVALID, error,
        "needs as many \"begin\" as \"strides\"");
  return lower_input (self, request, &input, error)
      && layer_strided_slice (layer, input, begin, strides, n_begin, tensor,
          error);
}

static gboolean
lower_reshape (Lowering *self, const Request *request, guint *tensor,
    GError **error)
{
  guint input = 0;

  return lower_input (self, request, &input, error)
      && layer_reshape (&request->layer, input, tensor, error);
}

static gboolean
lower_transpose (Lowering *self, const Request *request, guint *tensor,
    GError **error)
{
  const Layer *layer = &request->layer;
  const gint32 *order;
  gsize n_order;
  guint input = 0;

  if (!xmodel_attributes_get_ints (layer->op->attributes, "order", &order,
          &n_order))
    return layer_fail (layer, SWDPU_ERROR_INVALID, error,
        "has no attribute \"order\"");
  return lower_input (self, request, &input, error)
      && layer_permute (layer, input, order, n_order, tensor, error);
}

static gboolean
lower_reorganize (Lowering *self, const Request *request, guint *tensor,
    GError **error)
{
  const Layer *layer = &request->layer;
  gboolean reverse = FALSE;
  gint scale = 0;
  guint input = 0;

  xmodel_attributes_get_int (layer->op->attributes, "scale", &scale);
  xmodel_attributes_get_bool (layer->op->attributes, "reverse", &reverse);
  if (scale < 1)
    return layer_fail (layer, SWDPU_ERROR_INVALID, error,
        "has no positive attribute \"scale\"");
  return lower_input (self, request, &input, error)
      && layer_reorganize (layer, input, scale, reverse, tensor, error);
}

/* @takes_activation: an activation that follows is computed before rounding */
static const struct {
  const gchar *type;
  LowerFunction lower;
  gboolean takes_activation;
} lower_functions[] = {
  { "conv2d", lower_convolution, TRUE },
  { "depthwise-conv2d", lower_depthwise_convolution, TRUE },
  { "transposed-conv2d", lower_transposed_convolution, TRUE },
  { "transposed-depthwise-conv2d", lower_transposed_depthwise_convolution,
      TRUE },
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

static gboolean
lower_operator (Lowering *self, const Request *request, guint *tensor,
    GError **error)
{
  const XmodelOp *op = request->layer.op;

  for (guint i = 0; i < G_N_ELEMENTS (lower_functions); i++) {
    if (is_type (op, lower_functions[i].type))
      return lower_functions[i].lower (self, request, tensor, error);
  }
  return fail_op (op, SWDPU_ERROR_UNSUPPORTED, error,
      "the software DPU does not have this operator");
}

static gboolean
lower_activation (Lowering *self, const Request *request,
    PlanActivation activation, LayerFunction function, guint *tensor,
    GError **error)
{
  const XmodelOp *op = request->layer.op;
  const XmodelOp *source = get_input (op);
  Request fused = *request;

  if (source == NULL)
    return fail_missing_input (op, "input", error);
  if (request->activation != PLAN_ACTIVATION_NONE)
    return fail_op (op, SWDPU_ERROR_UNSUPPORTED, error,
        "is followed by another activation without a fix between");
  for (guint i = 0; i < G_N_ELEMENTS (lower_functions); i++) {
    if (lower_functions[i].takes_activation
        && is_type (source, lower_functions[i].type)) {
      fused.layer.op = source;
      fused.activation = activation;
      return lower_functions[i].lower (self, &fused, tensor, error);
    }
  }
  return lower_mapped (self, request, function, op, tensor, error);
}

static gboolean
add_input (Lowering *self, const XmodelOp *fix, gint fix_point, guint *tensor,
    GError **error)
{
  PlanShape shape;

  if (!plan_shape_from_tensor (&shape, &fix->tensor, error))
    return FALSE;
  if (shape.n_dims == 0 || shape.dims[0] != 1)
    return fail_op (fix, SWDPU_ERROR_UNSUPPORTED, error,
        "the model's input must have batch 1; export it with batch 1");
  *tensor = plan_add_tensor (self->plan, fix->name, &shape, fix_point);
  plan_mark_input (self->plan, *tensor);
  return TRUE;
}

static gboolean
lower_constant (Lowering *self, const XmodelOp *fix, guint *tensor,
    GError **error)
{
  const LayerParameter *parameter = lower_parameter (self, fix, fix, error);

  if (parameter == NULL)
    return FALSE;
  *tensor = plan_add_constant (self->plan, fix->name, &parameter->shape,
      parameter->fix_point,
      g_memdup2 (parameter->data, plan_shape_get_size (&parameter->shape)));
  return TRUE;
}

static gboolean
check_fix (const XmodelOp *op, GError **error)
{
  const gchar *round_mode = "DPU_ROUND";
  gboolean is_signed = TRUE;
  gint bit_width = 8;

  xmodel_attributes_get_int (op->attributes, "bit_width", &bit_width);
  xmodel_attributes_get_bool (op->attributes, "if_signed", &is_signed);
  xmodel_attributes_get_string (op->attributes, "round_mode", &round_mode);
  if (bit_width != 8 || !is_signed || !g_str_equal (round_mode, "DPU_ROUND"))
    return fail_op (op, SWDPU_ERROR_UNSUPPORTED, error,
        "does not round to 8 signed bits with DPU_ROUND");
  return TRUE;
}

static gboolean
lower_fix (Lowering *self, const XmodelOp *op, gint fix_point, guint *tensor,
    GError **error)
{
  const XmodelOp *source = get_input (op);
  Request request = { { self->plan, op, op->name, { 0 }, fix_point }, 0 };
  gint own;

  if (source == NULL)
    return fail_missing_input (op, "input", error);
  if (!xmodel_attributes_get_int (op->attributes, "fix_point", &own))
    return fail_op (op, SWDPU_ERROR_INVALID, error,
        "has no attribute \"fix_point\"");
  if (!check_fix (op, error)
      || !plan_shape_from_tensor (&request.layer.shape, &op->tensor, error))
    return FALSE;

  /* rounded twice */
  if (own != fix_point) {
    guint rounded;

    return lower_at (self, op, own, &rounded, error)
        && layer_map (&request.layer, rounded, layer_function_identity, tensor,
            error);
  }
  if (is_type (source, "data"))
    return add_input (self, op, own, tensor, error);
  if (is_type (source, "const"))
    return lower_constant (self, op, tensor, error);
  if (is_type (source, "fix")) {
    guint rounded;

    return lower_operand (self, op, source, &rounded, error)
        && layer_map (&request.layer, rounded, layer_function_identity, tensor,
            error);
  }
  request.layer.op = source;
  return lower_operator (self, &request, tensor, error);
}

/* the result of @op as int8 at @fix_point, after one rounding */
static gboolean
lower_at (Lowering *self, const XmodelOp *op, gint fix_point, guint *tensor,
    GError **error)
{
  gint64 key = (gint64) op->index << 32 | (guint32) fix_point;
  gpointer known = g_hash_table_lookup (self->tensors, &key);
  gboolean lowered;

  if (known != NULL) {
    *tensor = GPOINTER_TO_UINT (known) - 1;
    return TRUE;
  }
  if (self->depth == MAX_CHAIN)
    return fail_op (op, SWDPU_ERROR_UNSUPPORTED, error,
        "is in a chain of too many operators without a fix");

  self->depth++;
  if (is_type (op, "fix")) {
    lowered = lower_fix (self, op, fix_point, tensor, error);
  } else {
    Request request = { { self->plan, op, op->name, { 0 }, fix_point }, 0 };

    lowered = plan_shape_from_tensor (&request.layer.shape, &op->tensor, error)
        && lower_operator (self, &request, tensor, error);
  }
  self->depth--;
  if (!lowered)
    return FALSE;

  g_hash_table_insert (self->tensors, g_memdup2 (&key, sizeof (key)),
      GUINT_TO_POINTER (*tensor + 1));
  return TRUE;
}

/* lowers what the outputs need, in the order of the file: by the time a layer's
 * turn comes, the fixed tensors it reads are there */
static gboolean
lower_needed (Lowering *self, const GPtrArray *outputs, GError **error)
{
  guint n_ops = xmodel_get_n_ops (self->model);
  g_autofree gboolean *needed = g_new0 (gboolean, n_ops);

  for (guint i = 0; i < outputs->len; i++)
    needed[((const XmodelOp *) outputs->pdata[i])->index] = TRUE;
  for (guint i = n_ops; i > 0; i--) {
    const XmodelOp *op = xmodel_get_op (self->model, i - 1);

    if (!needed[i - 1])
      continue;
    for (guint j = 0; j < op->n_arguments; j++) {
      for (guint k = 0; k < op->arguments[j].n_ops; k++)
        needed[op->arguments[j].ops[k]->index] = TRUE;
    }
  }

  for (guint i = 0; i < n_ops; i++) {
    const XmodelOp *op = xmodel_get_op (self->model, i);
    const XmodelOp *source = get_input (op);
    guint tensor;

    if (needed[i] && is_type (op, "fix") && source != NULL
        && !is_type (source, "const")
        && !lower_operand (self, op, op, &tensor, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
mark_outputs (Lowering *self, const GPtrArray *outputs, GError **error)
{
  for (guint i = 0; i < outputs->len; i++) {
    const XmodelOp *op = outputs->pdata[i];
    guint tensor;

    if (!lower_operand (self, op, op, &tensor, error))
      return FALSE;
    if (plan_tensor (self->plan, tensor)->place != PLAN_PLACE_ARENA) {
      const PlanTensor *source = plan_tensor (self->plan, tensor);
      Layer copy = { self->plan, op, op->name, source->shape,
        source->fix_point };

      if (!layer_reshape (&copy, tensor, &tensor, error))
        return FALSE;
    }
    plan_mark_output (self->plan, tensor);
  }
  return TRUE;
}

/* the heads: results nobody reads, seen through what only changes their shape,
 * as the DPU would leave that to the CPU */
static gboolean
find_heads (const Xmodel *model, const XmodelSubgraph *subgraph,
    GPtrArray *heads, GError **error)
{
  g_autofree gboolean *read = g_new0 (gboolean, xmodel_get_n_ops (model));

  for (guint i = 0; i < subgraph->n_ops; i++) {
    const XmodelOp *op = subgraph->ops[i];

    for (guint j = 0; j < op->n_arguments; j++) {
      for (guint k = 0; k < op->arguments[j].n_ops; k++)
        read[op->arguments[j].ops[k]->index] = TRUE;
    }
  }

  for (guint i = 0; i < subgraph->n_ops; i++) {
    const XmodelOp *op = subgraph->ops[i];

    if (read[op->index] || is_type (op, "const") || is_type (op, "data"))
      continue;
    while (is_movement (op) && get_input (op) != NULL)
      op = get_input (op);
    if (!is_type (op, "fix"))
      return fail_op (op, SWDPU_ERROR_UNSUPPORTED, error,
          "ends the model without a fix operator; quantize the model with "
          "vai_q_pytorch and leave it to end in YOLOv5's raw heads");
    if (!g_ptr_array_find (heads, op, NULL))
      g_ptr_array_add (heads, (gpointer) op);
  }
  return TRUE;
}

/**
 * plan_new_from_quantized:
 * @subgraph: the root of the quantizer's graph
 * @outputs: (nullable) (array zero-terminated=1): names of the operators whose
 *   results are wanted; %NULL for the heads
 */
Plan *
plan_new_from_quantized (const Xmodel *model, const XmodelSubgraph *subgraph,
    const gchar *const *outputs, GError **error)
{
  g_autoptr (Plan) plan = plan_new ();
  g_autoptr (GPtrArray) ops = g_ptr_array_new ();
  g_autoptr (GHashTable) tensors =
      g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  g_autoptr (GHashTable) parameters =
      g_hash_table_new_full (NULL, NULL, NULL, g_free);
  Lowering self = { model, plan, tensors, parameters, 0 };

  if (!(outputs != NULL ? plan_find_ops (model, outputs, ops, error)
                        : find_heads (model, subgraph, ops, error)))
    return NULL;
  if (ops->len == 0) {
    g_set_error (error, SWDPU_ERROR, SWDPU_ERROR_INVALID,
        "The model has no result to read");
    return NULL;
  }
  if (!lower_needed (&self, ops, error) || !mark_outputs (&self, ops, error)
      || !plan_place_tensors (plan, error))
    return NULL;
  return g_steal_pointer (&plan);
}
