/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Lowers a compiled DPU subgraph: each "-fix" operator is one layer, weights
 * lie in the parameters of REG_0 at the ddr_addr of their tensors. */

#include "plan.h"
#include "layers.h"
#include "lower-movement.h"

#include <math.h>
#include <string.h>

typedef struct {
  Plan *plan;
  /* the subgraph's own operators */
  GHashTable *members;
  /* of op -> tensor + 1 */
  GHashTable *tensors;
  const gint8 *parameters;
  gsize parameters_size;
} Lowering;

typedef gboolean (*LowerFunction) (
    Lowering *self, const Layer *layer, guint *tensor, GError **error);

static gboolean
get_operand (Lowering *self, const Layer *layer, const XmodelOp *op,
    guint *tensor, GError **error)
{
  gpointer known = op == NULL ? NULL : g_hash_table_lookup (self->tensors, op);

  if (known == NULL)
    return layer_fail (layer, SWDPU_ERROR_INVALID, error,
        "reads \"%s\", which is neither in its subgraph nor one of its inputs",
        op == NULL ? "nothing" : op->name);
  *tensor = GPOINTER_TO_UINT (known) - 1;
  return TRUE;
}

static gboolean
get_input (Lowering *self, const Layer *layer, guint *tensor, GError **error)
{
  return get_operand (
      self, layer, xmodel_op_get_input (layer->op, "input", 0), tensor, error);
}

static gboolean
get_operands (
    Lowering *self, const Layer *layer, GArray *operands, GError **error)
{
  const XmodelArgument *argument = xmodel_op_get_argument (layer->op, "input");

  if (argument == NULL || argument->n_ops == 0)
    return layer_fail (layer, SWDPU_ERROR_INVALID, error, "reads nothing");
  for (guint i = 0; i < argument->n_ops; i++) {
    guint tensor;

    if (!get_operand (self, layer, argument->ops[i], &tensor, error))
      return FALSE;
    g_array_append_val (operands, tensor);
  }
  return TRUE;
}

/* weights or biases; %TRUE and no data where the layer has none */
static gboolean
get_parameter (Lowering *self, const Layer *layer, const gchar *name,
    LayerParameter *parameter, GError **error)
{
  const XmodelOp *op = xmodel_op_get_input (layer->op, name, 0);
  gint address;
  gsize size;

  parameter->data = NULL;
  if (op == NULL)
    return TRUE;
  if (!g_str_equal (op->type, "const-fix"))
    return layer_fail (layer, SWDPU_ERROR_UNSUPPORTED, error,
        "its %s are computed by \"%s\" (%s), they must be constants", name,
        op->name, op->type);
  if (!xmodel_attributes_get_int (
          op->tensor.attributes, "fix_point", &parameter->fix_point)
      || !xmodel_attributes_get_int (
          op->tensor.attributes, "ddr_addr", &address))
    return layer_fail (layer, SWDPU_ERROR_INVALID, error,
        "its %s have no fix_point or ddr_addr", name);
  if (!plan_shape_from_tensor (&parameter->shape, &op->tensor, error))
    return FALSE;

  size = plan_shape_get_size (&parameter->shape);
  if (address < 0 || size > self->parameters_size
      || (gsize) address > self->parameters_size - size)
    return layer_fail (layer, SWDPU_ERROR_INVALID, error,
        "its %s take %" G_GSIZE_FORMAT
        " bytes from %d on, REG_0 has %" G_GSIZE_FORMAT,
        name, size, address, self->parameters_size);
  parameter->data = self->parameters + address;
  return TRUE;
}

static gboolean
get_activation (const Layer *layer, PlanActivation *activation, GError **error)
{
  static const struct {
    const gchar *name;
    PlanActivation activation;
  } names[] = {
    { "", PLAN_ACTIVATION_NONE },
    { "NONE", PLAN_ACTIVATION_NONE },
    { "RELU", PLAN_ACTIVATION_RELU },
    { "RELU6", PLAN_ACTIVATION_RELU6 },
    { "LEAKYRELU", PLAN_ACTIVATION_LEAKY_RELU },
  };
  const gchar *nonlinear = "NONE";
  gdouble alpha;

  xmodel_attributes_get_string (layer->op->attributes, "nonlinear", &nonlinear);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    if (!g_str_equal (nonlinear, names[i].name))
      continue;
    *activation = names[i].activation;
    if (*activation == PLAN_ACTIVATION_LEAKY_RELU
        && xmodel_attributes_get_double (
            layer->op->attributes, "LEAKYRELU_alpha", &alpha)
        && alpha != 26.0 / 256.0)
      return layer_fail (layer, SWDPU_ERROR_UNSUPPORTED, error,
          "has slope %g, the DPU's is 26/256 = 0.1015625", alpha);
    return TRUE;
  }
  return layer_fail (layer, SWDPU_ERROR_UNSUPPORTED, error,
      "has the activation %s, the software DPU has RELU, RELU6 and LEAKYRELU",
      nonlinear);
}

static gboolean
lower_convolution (
    Lowering *self, const Layer *layer, guint *tensor, GError **error)
{
  LayerParameter weights, bias;
  PlanActivation activation;
  guint input = 0;

  if (!get_input (self, layer, &input, error)
      || !get_activation (layer, &activation, error)
      || !get_parameter (self, layer, "weights", &weights, error)
      || !get_parameter (self, layer, "bias", &bias, error))
    return FALSE;
  if (weights.data == NULL)
    return layer_fail (layer, SWDPU_ERROR_INVALID, error, "has no weights");
  return layer_convolution (layer, input, &weights,
      bias.data == NULL ? NULL : &bias, activation, tensor, error);
}

/* what the DPU multiplies a sum of @taps with, for 1 / @taps: numbers of its
 * compiler for common kernels, else the nearest of the shortest that serve */
static void
find_average_factor (
    guint kernel_w, guint kernel_h, guint32 *numerator, gint *shift)
{
  static const struct {
    guint kernel_w, kernel_h;
    guint32 numerator;
    gint shift;
  } known[] = {
    { 3, 3, 7, 6 },
    { 5, 5, 10, 8 },
    { 6, 6, 7, 8 },
    /* the quantizer's 36 * 7/256 of 18 taps */
    { 3, 6, 7, 7 },
    { 6, 3, 7, 7 },
    { 7, 7, 21, 10 },
    { 14, 14, 21, 12 },
  };
  guint taps = kernel_w * kernel_h;
  gdouble least = G_MAXDOUBLE;
  gint n_shifts = ceil (log2 (taps * 128.0));

  for (guint i = 0; i < G_N_ELEMENTS (known); i++) {
    if (known[i].kernel_w == kernel_w && known[i].kernel_h == kernel_h) {
      *numerator = known[i].numerator;
      *shift = known[i].shift;
      return;
    }
  }
  for (gint candidate = 0; candidate < n_shifts; candidate++) {
    gdouble factor = round (ldexp (1.0, candidate) / taps);
    gdouble distance = fabs (ldexp (factor, -candidate) - 1.0 / taps);

    if (distance < least) {
      least = distance;
      *numerator = factor;
      *shift = candidate;
    }
  }
}

static gboolean
lower_pool (Lowering *self, const Layer *layer, guint *tensor, GError **error)
{
  const gchar *type = "";
  PlanWindow window;
  guint32 numerator = 0;
  guint input = 0;
  gint shift = 0;

  xmodel_attributes_get_string (layer->op->attributes, "type", &type);
  if (!get_input (self, layer, &input, error)
      || !layer_read_window (layer, input, &window, error))
    return FALSE;
  if (g_str_equal (type, "MAX"))
    return layer_max_pool (layer, input, &window, tensor, error);
  if (!g_str_equal (type, "AVG"))
    return layer_fail (layer, SWDPU_ERROR_UNSUPPORTED, error,
        "pools by \"%s\", supported are MAX and AVG", type);
  find_average_factor (window.kernel_w, window.kernel_h, &numerator, &shift);
  return layer_average_pool (
      layer, input, &window, numerator, shift, tensor, error);
}

static gboolean
lower_elementwise (
    Lowering *self, const Layer *layer, guint *tensor, GError **error)
{
  g_autoptr (GArray) operands = g_array_new (FALSE, FALSE, sizeof (guint));
  const gchar *type = "ADD";
  PlanActivation activation;
  gint smallest = G_MAXINT;

  xmodel_attributes_get_string (layer->op->attributes, "type", &type);
  if (!get_operands (self, layer, operands, error)
      || !get_activation (layer, &activation, error))
    return FALSE;
  if (g_str_equal (type, "MUL"))
    return layer_product (layer, (guint *) operands->data, operands->len,
        activation, tensor, error);
  if (!g_str_equal (type, "ADD"))
    return layer_fail (layer, SWDPU_ERROR_UNSUPPORTED, error,
        "combines by \"%s\", supported are ADD and MUL", type);

  /* the compiled code shifts every operand right to the smallest fix point */
  for (guint i = 0; i < operands->len; i++)
    smallest = MIN (
        smallest, plan_tensor (self->plan, g_array_index (operands, guint, i))
                      ->fix_point);
  return layer_sum (layer, (guint *) operands->data, operands->len, smallest,
      activation, tensor, error);
}

static gboolean
lower_concatenate (
    Lowering *self, const Layer *layer, guint *tensor, GError **error)
{
  g_autoptr (GArray) operands = g_array_new (FALSE, FALSE, sizeof (guint));

  return get_operands (self, layer, operands, error)
         && movement_lower_concatenate (layer, operands, tensor, error);
}

static gboolean
lower_upsample (
    Lowering *self, const Layer *layer, guint *tensor, GError **error)
{
  guint input = 0;

  return get_input (self, layer, &input, error)
         && movement_lower_resize (layer, input, tensor, error);
}

static gboolean
lower_hard_sigmoid (
    Lowering *self, const Layer *layer, guint *tensor, GError **error)
{
  guint input = 0;

  return get_input (self, layer, &input, error)
         && layer_map (
             layer, input, layer_function_hard_sigmoid, tensor, error);
}

static gboolean
lower_reshape (
    Lowering *self, const Layer *layer, guint *tensor, GError **error)
{
  guint input = 0;

  return get_input (self, layer, &input, error)
         && layer_reshape (layer, input, tensor, error);
}

static gboolean
lower_pad (Lowering *self, const Layer *layer, guint *tensor, GError **error)
{
  const guint8 *values;
  gsize n_values;
  gint8 value = 0;
  guint input = 0;

  if (xmodel_attributes_get_bytes (
          layer->op->attributes, "constant_values", &values, &n_values)
      && n_values > 0) {
    value = (gint8) values[0];
    for (gsize i = 1; i < n_values; i++) {
      if (values[i] != values[0])
        return layer_fail (layer, SWDPU_ERROR_UNSUPPORTED, error,
            "pads with several values, only one is supported");
    }
  }
  return get_input (self, layer, &input, error)
         && movement_lower_pad (layer, input, value, tensor, error);
}

static gboolean
lower_reorganize (
    Lowering *self, const Layer *layer, guint *tensor, GError **error)
{
  guint input = 0;

  return get_input (self, layer, &input, error)
         && movement_lower_reorganize (layer, input, tensor, error);
}

/* upload and download: the borders of DPU memory, nothing happens there */
static gboolean
lower_transfer (
    Lowering *self, const Layer *layer, guint *tensor, GError **error)
{
  const PlanTensor *source;

  if (!get_input (self, layer, tensor, error))
    return FALSE;
  source = plan_tensor (self->plan, *tensor);
  if (source->fix_point != layer->fix_point
      || !plan_shape_equal (&source->shape, &layer->shape))
    return layer_fail (layer, SWDPU_ERROR_INVALID, error,
        "changes the shape or fix point of \"%s\"", source->name);
  return TRUE;
}

static const struct {
  const gchar *type;
  LowerFunction lower;
} lower_functions[] = {
  { "conv2d-fix", lower_convolution },
  { "depthwise-conv2d-fix", lower_convolution },
  { "transposed-conv2d-fix", lower_convolution },
  { "transposed-depthwise-conv2d-fix", lower_convolution },
  { "pool-fix", lower_pool },
  { "eltwise-fix", lower_elementwise },
  { "concat-fix", lower_concatenate },
  { "upsample-fix", lower_upsample },
  { "hard-sigmoid-fix", lower_hard_sigmoid },
  { "reshape-fix", lower_reshape },
  { "pad-fix", lower_pad },
  { "reorg-fix", lower_reorganize },
  { "upload", lower_transfer },
  { "download", lower_transfer },
};

static gboolean
read_layer (Lowering *self, const XmodelOp *op, Layer *layer, GError **error)
{
  gint bit_width = 8;

  *layer = (Layer){ self->plan, op, op->tensor.name, { 0 }, 0 };
  if (!plan_shape_from_tensor (&layer->shape, &op->tensor, error))
    return FALSE;
  xmodel_attributes_get_int (op->tensor.attributes, "bit_width", &bit_width);
  if (bit_width != 8)
    return layer_fail (layer, SWDPU_ERROR_UNSUPPORTED, error,
        "has %d bits, the software DPU computes with 8", bit_width);
  if (!xmodel_attributes_get_int (
          op->tensor.attributes, "fix_point", &layer->fix_point))
    return layer_fail (
        layer, SWDPU_ERROR_INVALID, error, "its tensor has no fix_point");
  return TRUE;
}

static gboolean
add_inputs (Lowering *self, const XmodelOp *op, GError **error)
{
  const XmodelArgument *argument = xmodel_op_get_argument (op, "input");

  for (guint i = 0; argument != NULL && i < argument->n_ops; i++) {
    const XmodelOp *source = argument->ops[i];
    Layer layer;
    guint tensor;

    if (g_hash_table_contains (self->members, source)
        || g_hash_table_contains (self->tensors, source))
      continue;
    if (!read_layer (self, source, &layer, error))
      return FALSE;
    tensor =
        plan_add_tensor (self->plan, layer.name, &layer.shape, layer.fix_point);
    plan_mark_input (self->plan, tensor);
    g_hash_table_insert (
        self->tensors, (gpointer) source, GUINT_TO_POINTER (tensor + 1));
  }
  return TRUE;
}

static gboolean
lower_op (Lowering *self, const XmodelOp *op, GError **error)
{
  Layer layer;
  guint tensor = 0;

  if (g_str_equal (op->type, "const-fix"))
    return TRUE;
  if (!read_layer (self, op, &layer, error) || !add_inputs (self, op, error))
    return FALSE;

  for (guint i = 0; i < G_N_ELEMENTS (lower_functions); i++) {
    if (!g_str_equal (op->type, lower_functions[i].type))
      continue;
    if (!lower_functions[i].lower (self, &layer, &tensor, error))
      return FALSE;
    g_hash_table_insert (
        self->tensors, (gpointer) op, GUINT_TO_POINTER (tensor + 1));
    return TRUE;
  }
  return layer_fail (&layer, SWDPU_ERROR_UNSUPPORTED, error,
      "the software DPU does not have this operator");
}

static gint
compare_tensor_names (gconstpointer a, gconstpointer b)
{
  const XmodelOp *left = *(const XmodelOp *const *) a;
  const XmodelOp *right = *(const XmodelOp *const *) b;

  return strcmp (left->tensor.name, right->tensor.name);
}

/* what others read of the subgraph, in VART's order: by the tensor's name */
static GPtrArray *
find_results (Lowering *self, const Xmodel *model)
{
  GPtrArray *results = g_ptr_array_new ();

  for (guint i = 0; i < xmodel_get_n_ops (model); i++) {
    const XmodelOp *op = xmodel_get_op (model, i);

    if (g_hash_table_contains (self->members, op)) {
      if (g_str_equal (op->type, "download")
          && !g_ptr_array_find (results, op, NULL))
        g_ptr_array_add (results, (gpointer) op);
      continue;
    }
    for (guint j = 0; j < op->n_arguments; j++) {
      for (guint k = 0; k < op->arguments[j].n_ops; k++) {
        const XmodelOp *source = op->arguments[j].ops[k];

        if (g_hash_table_contains (self->members, source)
            && !g_ptr_array_find (results, source, NULL))
          g_ptr_array_add (results, (gpointer) source);
      }
    }
  }
  g_ptr_array_sort (results, compare_tensor_names);
  return results;
}

static gboolean
mark_outputs (Lowering *self, const GPtrArray *results, GError **error)
{
  for (guint i = 0; i < results->len; i++) {
    const XmodelOp *op = results->pdata[i];
    Layer layer;
    PlanTensor *source;
    guint tensor;

    if (!read_layer (self, op, &layer, error)
        || !get_operand (self, &layer, op, &tensor, error))
      return FALSE;
    if (plan_tensor (self->plan, tensor)->place != PLAN_PLACE_ARENA
        && !layer_reshape (&layer, tensor, &tensor, error))
      return FALSE;
    plan_mark_output (self->plan, tensor);
    source = plan_tensor (self->plan, tensor);
    g_free (source->name);
    source->name = g_strdup (op->tensor.name);
  }
  if (results->len == 0) {
    g_set_error (error, SWDPU_ERROR, SWDPU_ERROR_INVALID,
        "The DPU subgraph has no result to read");
    return FALSE;
  }
  return TRUE;
}

/* other DPUs lay their parameters out in other ways */
static gboolean
check_target (const XmodelSubgraph *subgraph, GError **error)
{
  const gchar *target;

  if (!xmodel_attributes_get_string (subgraph->attributes, "dpu_name", &target)
      || g_str_has_prefix (target, "DPUCZDX8G"))
    return TRUE;
  g_set_error (error, SWDPU_ERROR, SWDPU_ERROR_UNSUPPORTED,
      "It is compiled for the DPU %s, the software DPU runs models for "
      "DPUCZDX8G (Kria, Zynq UltraScale+); compile it for one of those, or use "
      "the quantizer's output",
      target);
  return FALSE;
}

/* the plan outlives the model */
static gboolean
keep_parameters (Lowering *self, const XmodelSubgraph *subgraph, GError **error)
{
  const guint8 *parameters;
  gint8 *copy;

  if (!xmodel_attributes_lookup_bytes (subgraph->attributes,
          "reg_id_to_parameter_value", "REG_0", &parameters,
          &self->parameters_size))
    return TRUE;
  copy = plan_allocate_constant (self->plan, self->parameters_size, error);
  if (copy == NULL)
    return FALSE;
  if (self->parameters_size > 0)
    memcpy (copy, parameters, self->parameters_size);
  self->parameters = copy;
  return TRUE;
}

/**
 * plan_new_from_compiled:
 * @subgraph: a subgraph for the device "DPU"
 * @outputs: (nullable) (array zero-terminated=1): names of the operators whose
 *   results are wanted; %NULL for those others read
 */
Plan *
plan_new_from_compiled (const Xmodel *model, const XmodelSubgraph *subgraph,
    const gchar *const *outputs, GError **error)
{
  g_autoptr (Plan) plan = plan_new ();
  g_autoptr (GHashTable) members = g_hash_table_new (NULL, NULL);
  g_autoptr (GHashTable) tensors = g_hash_table_new (NULL, NULL);
  g_autoptr (GPtrArray) results = NULL;
  Lowering self = { plan, members, tensors, NULL, 0 };

  if (!check_target (subgraph, error)
      || !keep_parameters (&self, subgraph, error))
    return NULL;
  for (guint i = 0; i < subgraph->n_ops; i++)
    g_hash_table_add (members, (gpointer) subgraph->ops[i]);
  for (guint i = 0; i < subgraph->n_ops; i++) {
    if (!lower_op (&self, subgraph->ops[i], error))
      return NULL;
  }

  results = outputs != NULL ? plan_find_ops (model, outputs, error)
                            : find_results (&self, model);
  if (results == NULL || !mark_outputs (&self, results, error)
      || !plan_place_tensors (plan, error))
    return NULL;
  return g_steal_pointer (&plan);
}
