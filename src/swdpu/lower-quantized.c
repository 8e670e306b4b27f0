/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Lowers the quantizer's form of a model: float operators with "fix" operators
 * between them. A chain of operators up to and including a fix is one layer
 * with one rounding, at the end; a branch into a concat without a fix of its
 * own takes the concat's. */

#include "lower-quantized-private.h"

#include <math.h>
#include <string.h>

/* float operators between two roundings; real models have three */
#define MAX_CHAIN 32

/* operators whose result lies on the grid of their input */
static gboolean
keeps_grid (const XmodelOp *op)
{
  const gchar *mode;

  if (quantized_is_type (op, "resize"))
    return xmodel_attributes_get_string (op->attributes, "mode", &mode)
           && g_str_equal (mode, "NEAREST");
  return xmodel_op_is_movement (op) || quantized_is_type (op, "relu")
         || quantized_is_type (op, "maxpool2d")
         || quantized_is_type (op, "pad");
}

/* the fix point an operator's result has without any rounding of ours */
gboolean
quantized_get_fix_point (const XmodelOp *op, gint *fix_point)
{
  for (guint i = 0; i < MAX_CHAIN && op != NULL; i++) {
    if (quantized_is_type (op, "fix"))
      return xmodel_attributes_get_int (op->attributes, "fix_point", fix_point);
    if (!keeps_grid (op))
      return FALSE;
    op = quantized_get_input (op);
  }
  return FALSE;
}

gboolean
quantized_fail (
    const XmodelOp *op, SwdpuError code, GError **error, const gchar *text)
{
  Layer layer = { .op = op };

  return layer_fail (&layer, code, error, "%s", text);
}

gboolean
quantized_fail_missing_input (
    const XmodelOp *op, const gchar *name, GError **error)
{
  Layer layer = { .op = op };

  return layer_fail (
      &layer, SWDPU_ERROR_INVALID, error, "has no argument \"%s\"", name);
}

gboolean
quantized_lower_operand (Lowering *self, const XmodelOp *consumer,
    const XmodelOp *op, guint *tensor, GError **error)
{
  Layer layer = { .op = consumer };
  gint fix_point;

  if (op == NULL)
    return quantized_fail_missing_input (consumer, "input", error);
  if (!quantized_get_fix_point (op, &fix_point))
    return layer_fail (&layer, SWDPU_ERROR_UNSUPPORTED, error,
        "reads the float result of \"%s\" (%s), which has no fix operator; "
        "quantize the whole model",
        op->name, op->type);
  return quantized_lower_at (self, op, fix_point, tensor, error);
}

/* weights and biases: a fix of a float constant. The quantizer has put them on
 * the grid already, half away from zero; this only undoes the scale. */
static const gint8 *
quantize_constant (Plan *plan, const XmodelOp *constant, const PlanShape *shape,
    gint fix_point, GError **error)
{
  gsize n_values = plan_shape_get_size (shape);
  gdouble scale = ldexp (1.0, fix_point);
  gint8 *values;
  const guint8 *data;
  gsize size;

  if (!xmodel_attributes_get_bytes (constant->attributes, "data", &data, &size)
      || size / sizeof (gfloat) != n_values) {
    quantized_fail (constant, SWDPU_ERROR_INVALID, error,
        "its data do not have the size of its shape");
    return NULL;
  }

  values = plan_allocate_constant (plan, n_values, error);
  for (gsize i = 0; values != NULL && i < n_values; i++) {
    gfloat value;

    memcpy (&value, data + i * sizeof (gfloat), sizeof (gfloat));
    if (!isfinite (value)) {
      Layer layer = { .op = constant };

      layer_fail (&layer, SWDPU_ERROR_INVALID, error,
          "value %" G_GSIZE_FORMAT " of its data is %g, which is no number; "
          "the training has diverged: train and quantize again",
          i, value);
      return NULL;
    }
    values[i] = CLAMP (round (value * scale), -128, 127);
  }
  return values;
}

const LayerParameter *
quantized_lower_parameter (Lowering *self, const XmodelOp *consumer,
    const XmodelOp *op, GError **error)
{
  const XmodelOp *constant = op;
  LayerParameter *parameter;
  gint fix_point;

  parameter =
      g_hash_table_lookup (self->parameters, GUINT_TO_POINTER (op->index));
  if (parameter != NULL)
    return parameter;

  if (quantized_is_type (op, "fix"))
    constant = quantized_get_input (op);
  if (constant == op || constant == NULL
      || !quantized_is_type (constant, "const")
      || !xmodel_attributes_get_int (op->attributes, "fix_point", &fix_point)) {
    quantized_fail (consumer, SWDPU_ERROR_UNSUPPORTED, error,
        "its weights or biases are not quantized constants");
    return NULL;
  }

  parameter = g_new0 (LayerParameter, 1);
  g_hash_table_insert (
      self->parameters, GUINT_TO_POINTER (op->index), parameter);
  parameter->fix_point = fix_point;
  if (!plan_shape_from_tensor (&parameter->shape, &constant->tensor, error))
    return NULL;
  parameter->data = quantize_constant (
      self->plan, constant, &parameter->shape, fix_point, error);
  return parameter->data == NULL ? NULL : parameter;
}

static gboolean
add_input (Lowering *self, const XmodelOp *fix, gint fix_point, guint *tensor,
    GError **error)
{
  PlanShape shape;

  if (!plan_shape_from_tensor (&shape, &fix->tensor, error))
    return FALSE;
  if (shape.n_dims == 0 || shape.dims[0] != 1)
    return quantized_fail (fix, SWDPU_ERROR_UNSUPPORTED, error,
        "the model's input must have batch 1; export it with batch 1");
  *tensor = plan_add_tensor (self->plan, fix->name, &shape, fix_point);
  plan_mark_input (self->plan, *tensor);
  return TRUE;
}

static gboolean
lower_constant (
    Lowering *self, const XmodelOp *fix, guint *tensor, GError **error)
{
  const LayerParameter *parameter =
      quantized_lower_parameter (self, fix, fix, error);

  if (parameter == NULL)
    return FALSE;
  *tensor = plan_add_constant (self->plan, fix->name, &parameter->shape,
      parameter->fix_point, parameter->data);
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
    return quantized_fail (op, SWDPU_ERROR_UNSUPPORTED, error,
        "does not round to 8 signed bits with DPU_ROUND");
  return TRUE;
}

static gboolean
lower_fix (Lowering *self, const XmodelOp *op, gint fix_point, guint *tensor,
    GError **error)
{
  const XmodelOp *source = quantized_get_input (op);
  Request request = { { self->plan, op, op->name, { 0 }, fix_point }, 0 };
  gint own;

  if (source == NULL)
    return quantized_fail_missing_input (op, "input", error);
  if (!xmodel_attributes_get_int (op->attributes, "fix_point", &own))
    return quantized_fail (
        op, SWDPU_ERROR_INVALID, error, "has no attribute \"fix_point\"");
  if (!check_fix (op, error)
      || !plan_shape_from_tensor (&request.layer.shape, &op->tensor, error))
    return FALSE;

  /* rounded twice */
  if (own != fix_point) {
    guint rounded;

    return quantized_lower_at (self, op, own, &rounded, error)
           && layer_map (
               &request.layer, rounded, layer_function_identity, tensor, error);
  }
  if (quantized_is_type (source, "data"))
    return add_input (self, op, own, tensor, error);
  if (quantized_is_type (source, "const"))
    return lower_constant (self, op, tensor, error);
  if (quantized_is_type (source, "fix")) {
    guint rounded;

    return quantized_lower_operand (self, op, source, &rounded, error)
           && layer_map (
               &request.layer, rounded, layer_function_identity, tensor, error);
  }
  request.layer.op = source;
  return quantized_lower_operator (self, &request, tensor, error);
}

/* the result of @op as int8 at @fix_point, after one rounding */
gboolean
quantized_lower_at (Lowering *self, const XmodelOp *op, gint fix_point,
    guint *tensor, GError **error)
{
  gint64 key = (gint64) op->index << 32 | (guint32) fix_point;
  gpointer known = g_hash_table_lookup (self->tensors, &key);
  gboolean lowered;

  if (known != NULL) {
    *tensor = GPOINTER_TO_UINT (known) - 1;
    return TRUE;
  }
  if (self->depth == MAX_CHAIN)
    return quantized_fail (op, SWDPU_ERROR_UNSUPPORTED, error,
        "is in a chain of too many operators without a fix");

  self->depth++;
  if (quantized_is_type (op, "fix")) {
    lowered = lower_fix (self, op, fix_point, tensor, error);
  } else {
    Request request = { { self->plan, op, op->name, { 0 }, fix_point }, 0 };

    lowered = plan_shape_from_tensor (&request.layer.shape, &op->tensor, error)
              && quantized_lower_operator (self, &request, tensor, error);
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
    const XmodelOp *source = quantized_get_input (op);
    guint tensor;

    if (needed[i] && quantized_is_type (op, "fix") && source != NULL
        && !quantized_is_type (source, "const")
        && !quantized_lower_operand (self, op, op, &tensor, error))
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

    if (!quantized_lower_operand (self, op, op, &tensor, error))
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

static gboolean
check_heads (const GPtrArray *heads, GError **error)
{
  for (guint i = 0; i < heads->len; i++) {
    const XmodelOp *op = heads->pdata[i];

    if (!quantized_is_type (op, "fix"))
      return quantized_fail (op, SWDPU_ERROR_UNSUPPORTED, error,
          "ends the model without a fix operator; quantize the model with "
          "vai_q_pytorch and leave it to end in YOLOv5's raw heads");
  }
  return TRUE;
}

/**
 * plan_new_from_quantized:
 * @outputs: (nullable) (array zero-terminated=1): names of the operators whose
 *   results are wanted; %NULL for the heads, in libxir's order
 */
Plan *
plan_new_from_quantized (
    const Xmodel *model, const gchar *const *outputs, GError **error)
{
  g_autoptr (Plan) plan = plan_new ();
  g_autoptr (GPtrArray) ops = outputs != NULL
                                  ? plan_find_ops (model, outputs, error)
                                  : xmodel_find_results (model);
  g_autoptr (GHashTable) tensors =
      g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  g_autoptr (GHashTable) parameters =
      g_hash_table_new_full (NULL, NULL, NULL, g_free);
  Lowering self = { model, plan, tensors, parameters, 0 };

  if (ops == NULL || (outputs == NULL && !check_heads (ops, error)))
    return NULL;
  if (outputs == NULL)
    xmodel_sort_ops (model, ops);
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
