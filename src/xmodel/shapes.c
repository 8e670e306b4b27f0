/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* One check for each way in which libxir infers an output's shape. */

#include "shapes.h"

#include "shape-values.h"
#include "shapes-private.h"
#include "attribute-rules.h"

#include <math.h>
#include <string.h>

const XmodelTensor *
xmodel_input_tensor (const XmodelOp *op, const gchar *name)
{
  return &xmodel_op_get_input (op, name, 0)->tensor;
}

/* a list that the operator's attribute rules have made sure of, or none */
gsize
xmodel_get_list (const XmodelOp *op, const gchar *name, const gint32 **values)
{
  gsize n_values = 0;

  *values = NULL;
  xmodel_attributes_get_ints (op->attributes, name, values, &n_values);
  return n_values;
}

gint
xmodel_get_number (const XmodelOp *op, const gchar *name, gint fallback)
{
  gint value = fallback;

  xmodel_attributes_get_int (op->attributes, name, &value);
  return value;
}

gboolean
xmodel_require_rank (
    const XmodelOp *op, const gchar *name, guint rank, GError **error)
{
  guint n_dims = xmodel_input_tensor (op, name)->n_dims;

  if (n_dims == rank)
    return TRUE;
  return xmodel_invalid (error,
      "the \"%s\" of operator \"%s\" of type %s has %u dimensions, it needs "
      "%u",
      name, op->name, op->type, n_dims, rank);
}

static gboolean
require_axis (const XmodelOp *op, const gchar *name, gint axis, gint least,
    gint most, GError **error)
{
  if (axis >= least && axis <= most)
    return TRUE;
  return xmodel_invalid (error,
      "\"%s\" of operator \"%s\" is %d, its input takes %d to %d", name,
      op->name, axis, least, most);
}

gboolean
xmodel_require_text (const XmodelOp *op, const gchar *name,
    const gchar *const *choices, GError **error)
{
  const gchar *text;

  if (!xmodel_attributes_get_string (op->attributes, name, &text)
      || g_strv_contains (choices, text))
    return TRUE;
  return xmodel_invalid (error,
      "\"%s\" of operator \"%s\" is \"%.32s\", which is not known", name,
      op->name, text);
}

gboolean
xmodel_check_inner_product (const XmodelOp *op, GError **error)
{
  const XmodelTensor *input = xmodel_input_tensor (op, "input");
  gint axis = xmodel_get_number (op, "axis", 0);
  guint64 n_inputs = 1, n_weights = 0;
  guint i;

  if (!require_axis (op, "axis", axis, -1, input->n_dims, error))
    return FALSE;
  for (i = MAX (axis, 0); i < input->n_dims; i++)
    n_inputs *= input->dims[i];
  xmodel_tensor_get_n_elements (
      xmodel_input_tensor (op, "weights"), &n_weights);
  if (n_weights % n_inputs != 0)
    return xmodel_invalid (error,
        "operator \"%s\" has %" G_GUINT64_FORMAT
        " weights, which is no multiple of its %" G_GUINT64_FORMAT " inputs",
        op->name, n_weights, n_inputs);
  return TRUE;
}

gboolean
xmodel_check_matmul (const XmodelOp *op, GError **error)
{
  const XmodelArgument *inputs = xmodel_op_get_argument (op, "input");
  const XmodelTensor *a, *b;
  gboolean transpose_a = FALSE, transpose_b = FALSE;
  guint32 n_columns, n_rows;

  if (inputs->n_ops != 2)
    return xmodel_invalid (error,
        "operator \"%s\" multiplies %u matrices, not 2", op->name,
        inputs->n_ops);
  a = &inputs->ops[0]->tensor;
  b = &inputs->ops[1]->tensor;
  if (a->n_dims < 2 || b->n_dims < 2)
    return xmodel_invalid (
        error, "an input of operator \"%s\" is no matrix", op->name);
  xmodel_attributes_get_bool (op->attributes, "transpose_a", &transpose_a);
  xmodel_attributes_get_bool (op->attributes, "transpose_b", &transpose_b);
  n_columns = a->dims[a->n_dims - (transpose_a ? 2 : 1)];
  n_rows = b->dims[b->n_dims - (transpose_b ? 1 : 2)];
  if (n_columns != n_rows)
    return xmodel_invalid (error,
        "operator \"%s\" multiplies %u columns with %u rows", op->name,
        n_columns, n_rows);
  return TRUE;
}

/* where libxir computes with shapes while it loads */
static gboolean
check_computed_shape (
    const XmodelOp *op, const XmodelArgument *inputs, GError **error)
{
  gboolean is_division = strcmp (op->type, "div") == 0;
  const XmodelOp *first = inputs->ops[0];
  XmodelShapeValues shape, other;
  guint i, j;

  if (inputs->n_ops < 2
      || !xmodel_attributes_has (first->tensor.attributes, "shape_info"))
    return TRUE;
  if (!xmodel_get_shape_values (first, &shape, error))
    return FALSE;
  for (i = 1; i < inputs->n_ops; i++) {
    const XmodelOp *operand = inputs->ops[i];

    if (is_division && !xmodel_attributes_has (operand->attributes, "data"))
      return xmodel_invalid (error,
          "operator \"%s\" divides a shape by \"%s\", which is no constant",
          op->name, operand->name);
    if (!xmodel_has_shape_values (operand))
      continue;
    if (!xmodel_get_shape_values (operand, &other, error))
      return FALSE;
    if (other.n_values != 1 && other.n_values != shape.n_values)
      return xmodel_invalid (error,
          "operator \"%s\" computes with shapes of %u and %u dimensions",
          op->name, shape.n_values, other.n_values);
    for (j = 0; is_division && j < other.n_values; j++) {
      /* -1 overflows with the smallest integer */
      if (other.values[j] < 1)
        return xmodel_invalid (error, "operator \"%s\" divides a shape by %d",
            op->name, other.values[j]);
    }
  }
  return TRUE;
}

gboolean
xmodel_check_broadcast (const XmodelOp *op, GError **error)
{
  const XmodelArgument *inputs = xmodel_op_get_argument (op, "input");
  guint32 shape[XMODEL_MAX_DIMS];
  guint i, j;

  /* innermost first, ones where a shape ends */
  for (j = 0; j < XMODEL_MAX_DIMS; j++)
    shape[j] = 1;
  for (i = 0; i < inputs->n_ops; i++) {
    const XmodelTensor *input = &inputs->ops[i]->tensor;

    for (j = 0; j < input->n_dims; j++) {
      guint32 dim = input->dims[input->n_dims - 1 - j];

      if (shape[j] != 1 && dim != 1 && shape[j] != dim)
        return xmodel_invalid (error,
            "the inputs of operator \"%s\" do not fit each other: \"%s\" has "
            "%u where another has %u elements",
            op->name, inputs->ops[i]->name, dim, shape[j]);
      if (dim != 1)
        shape[j] = dim;
    }
  }
  return check_computed_shape (op, inputs, error);
}

gboolean
xmodel_check_batchnorm (const XmodelOp *op, GError **error)
{
  return require_axis (op, "axis", xmodel_get_number (op, "axis", 0), 0,
      xmodel_input_tensor (op, "input")->n_dims - 1, error);
}

gboolean
xmodel_check_reduction (const XmodelOp *op, GError **error)
{
  gint n_dims = xmodel_input_tensor (op, "input")->n_dims;
  const gint32 *axes;
  gsize n_axes = xmodel_get_list (op, "axis", &axes);
  gsize i;

  if (n_axes == 0)
    return xmodel_invalid (
        error, "\"axis\" of operator \"%s\" is empty", op->name);
  for (i = 0; i < n_axes; i++) {
    if (!require_axis (op, "axis", axes[i], -n_dims, n_dims - 1, error))
      return FALSE;
  }
  return TRUE;
}

gboolean
xmodel_check_concat (const XmodelOp *op, GError **error)
{
  const XmodelArgument *inputs = xmodel_op_get_argument (op, "input");
  const XmodelTensor *first = &inputs->ops[0]->tensor;
  gint n_dims = first->n_dims;
  gint axis = xmodel_get_number (op, "axis", 0);
  gint d;
  guint i;

  if (!require_axis (op, "axis", axis, -n_dims, n_dims - 1, error))
    return FALSE;
  if (axis < 0)
    axis += n_dims;
  for (i = 1; i < inputs->n_ops; i++) {
    const XmodelTensor *input = &inputs->ops[i]->tensor;

    if (input->n_dims != first->n_dims)
      return xmodel_invalid (error,
          "input %u of operator \"%s\" has %u dimensions, its first has %u", i,
          op->name, input->n_dims, first->n_dims);
    for (d = 0; d < n_dims; d++) {
      if (d != axis && input->dims[d] != first->dims[d])
        return xmodel_invalid (error,
            "dimension %d of input %u of operator \"%s\" is %u, of its first "
            "it is %u",
            d, i, op->name, input->dims[d], first->dims[d]);
    }
  }
  return TRUE;
}

gboolean
xmodel_check_stack (const XmodelOp *op, GError **error)
{
  const XmodelArgument *inputs = xmodel_op_get_argument (op, "input");
  XmodelShapeValues values;
  guint i;

  if (!require_axis (op, "axis", xmodel_get_number (op, "axis", 0), 0,
          inputs->ops[0]->tensor.n_dims, error))
    return FALSE;
  /* libxir stacks nothing else */
  for (i = 0; i < inputs->n_ops; i++) {
    if (!xmodel_get_shape_values (inputs->ops[i], &values, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
check_scale (const XmodelOp *op, gsize n_wanted, GError **error)
{
  const gfloat *scale = NULL;
  gsize n_values = 0, i;

  xmodel_attributes_get_floats (op->attributes, "scale", &scale, &n_values);
  if (n_values != n_wanted)
    return xmodel_invalid (error,
        "\"scale\" of operator \"%s\" has %" G_GSIZE_FORMAT
        " values, it needs %" G_GSIZE_FORMAT,
        op->name, n_values, n_wanted);
  for (i = 0; i < n_values; i++) {
    if (!(scale[i] > 0 && scale[i] <= XMODEL_MAX_SCALE))
      return xmodel_invalid (error,
          "\"scale\" of operator \"%s\" is %g, it has to be above 0 and at "
          "most %d",
          op->name, scale[i], XMODEL_MAX_SCALE);
  }
  return TRUE;
}

gboolean
xmodel_check_resize (const XmodelOp *op, GError **error)
{
  static const gchar *const modes[] = { "NEAREST", "BILINEAR", "TRILINEAR",
    NULL };
  const XmodelOp *size = xmodel_op_get_input (op, "size", 0);
  const gchar *mode = "";
  guint n_scaled;
  XmodelShapeValues values;

  if (!xmodel_require_text (op, "mode", modes, error))
    return FALSE;
  xmodel_attributes_get_string (op->attributes, "mode", &mode);
  n_scaled = strcmp (mode, "TRILINEAR") == 0 ? 3 : 2;
  if (!xmodel_require_rank (op, "input", n_scaled + 2, error))
    return FALSE;
  if (size == NULL)
    return check_scale (op, n_scaled, error);

  /* libxir looks for a size in all inputs */
  if (xmodel_has_shape_values (xmodel_op_get_input (op, "input", 0)))
    return xmodel_invalid (
        error, "operator \"%s\" resizes a constant or a shape", op->name);
  if (!xmodel_get_shape_values (size, &values, error))
    return FALSE;
  if (values.n_values != n_scaled)
    return xmodel_invalid (error,
        "the size of operator \"%s\" has %u values, it needs %u", op->name,
        values.n_values, n_scaled);
  return TRUE;
}

gboolean
xmodel_check_resize_fix (const XmodelOp *op, GError **error)
{
  return xmodel_require_rank (op, "input", 4, error)
         && check_scale (op, 2, error);
}

gboolean
xmodel_check_tiling (const XmodelOp *op, GError **error)
{
  return xmodel_require_rank (op, "input", 4, error);
}

/* zeros keep the input's dimension, negative ones take what is left */
static gboolean
check_new_shape (
    const XmodelOp *op, const gint32 *shape, gsize n_dims, GError **error)
{
  const XmodelTensor *input = xmodel_input_tensor (op, "input");
  guint64 n_elements = 0, known = 1, product = 1;
  gsize i;

  xmodel_tensor_get_n_elements (input, &n_elements);
  if (n_dims > XMODEL_MAX_DIMS)
    return xmodel_invalid (error,
        "operator \"%s\" reshapes to %" G_GSIZE_FORMAT " dimensions", op->name,
        n_dims);
  for (i = 0; i < n_dims; i++) {
    if (shape[i] == 0 && i >= input->n_dims)
      return xmodel_invalid (error,
          "operator \"%s\" keeps dimension %" G_GSIZE_FORMAT
          " of an input that has %u",
          op->name, i, input->n_dims);
    if (shape[i] > 0)
      known *= shape[i];
    if (known > n_elements)
      break;
  }
  for (i = 0; i < n_dims && known <= n_elements && product <= n_elements; i++) {
    if (shape[i] > 0)
      product *= shape[i];
    else
      product *= shape[i] == 0 ? input->dims[i] : n_elements / known;
  }
  if (known > n_elements || product != n_elements)
    return xmodel_invalid (error,
        "operator \"%s\" reshapes %" G_GUINT64_FORMAT
        " elements to a shape with another number of them",
        op->name, n_elements);
  return TRUE;
}

gboolean
xmodel_check_reshape (const XmodelOp *op, GError **error)
{
  const XmodelOp *source = xmodel_op_get_input (op, "shape", 0);
  XmodelShapeValues values;
  const gint32 *shape;
  gsize n_dims;

  if (source == NULL) {
    n_dims = xmodel_get_list (op, "shape", &shape);
    return check_new_shape (op, shape, n_dims, error);
  }
  return xmodel_get_shape_values (source, &values, error)
         && check_new_shape (op, values.values, values.n_values, error);
}

gboolean
xmodel_check_reshape_fix (const XmodelOp *op, GError **error)
{
  const gint32 *shape;
  gsize n_dims = xmodel_get_list (op, "shape", &shape);

  return check_new_shape (op, shape, n_dims, error);
}

/* each axis of the input once, at most */
static gboolean
check_distinct_axes (const XmodelOp *op, const gchar *name, const gint32 *axes,
    gsize n_axes, GError **error)
{
  gint n_dims = xmodel_input_tensor (op, "input")->n_dims;
  guint seen = 0;
  gsize i;

  for (i = 0; i < n_axes; i++) {
    if (!require_axis (op, name, axes[i], 0, n_dims - 1, error))
      return FALSE;
    if (seen & (1u << axes[i]))
      return xmodel_invalid (error, "\"%s\" of operator \"%s\" has %d twice",
          name, op->name, axes[i]);
    seen |= 1u << axes[i];
  }
  return TRUE;
}

gboolean
xmodel_check_squeeze (const XmodelOp *op, GError **error)
{
  const gint32 *axes;
  gsize n_axes = xmodel_get_list (op, "axis", &axes);

  return check_distinct_axes (op, "axis", axes, n_axes, error);
}

gboolean
xmodel_check_transpose (const XmodelOp *op, GError **error)
{
  const gint32 *order;
  gsize n_axes = xmodel_get_list (op, "order", &order);

  if (n_axes != xmodel_input_tensor (op, "input")->n_dims)
    return xmodel_invalid (error,
        "\"order\" of operator \"%s\" has %" G_GSIZE_FORMAT
        " values, its input has %u dimensions",
        op->name, n_axes, xmodel_input_tensor (op, "input")->n_dims);
  return check_distinct_axes (op, "order", order, n_axes, error);
}

gboolean
xmodel_check_flatten (const XmodelOp *op, GError **error)
{
  gint n_dims = xmodel_input_tensor (op, "input")->n_dims;
  gint start = xmodel_get_number (op, "start_axis", 0);
  gint end = xmodel_get_number (op, "end_axis", 0);

  if (!require_axis (op, "start_axis", start, -n_dims, n_dims - 1, error)
      || !require_axis (op, "end_axis", end, -n_dims, n_dims - 1, error))
    return FALSE;
  if ((start < 0 ? start + n_dims : start) > (end < 0 ? end + n_dims : end))
    return xmodel_invalid (error,
        "operator \"%s\" flattens from axis %d to axis %d", op->name, start,
        end);
  return TRUE;
}

gboolean
xmodel_check_pad (const XmodelOp *op, GError **error)
{
  const XmodelTensor *input = xmodel_input_tensor (op, "input");
  const gint32 *paddings;
  gsize n_paddings = xmodel_get_list (op, "paddings", &paddings);

  if (n_paddings == 2 * input->n_dims)
    return TRUE;
  return xmodel_invalid (error,
      "\"paddings\" of operator \"%s\" has %" G_GSIZE_FORMAT
      " values, its input of %u dimensions needs %u",
      op->name, n_paddings, input->n_dims, 2 * input->n_dims);
}

/* an axis that is dropped takes one element that is there */
static gboolean
check_picked_elements (const XmodelOp *op, GError **error)
{
  const XmodelTensor *input = xmodel_input_tensor (op, "input");
  gint shrink_mask = xmodel_get_number (op, "shrink_axis_mask", 0);
  const gint32 *begin, *strides;
  guint i;

  xmodel_get_list (op, "begin", &begin);
  xmodel_get_list (op, "strides", &strides);
  for (i = 0; i < input->n_dims; i++) {
    gint64 dim = input->dims[i];

    if ((shrink_mask & (1 << i)) == 0)
      continue;
    if (strides[i] != 1 || begin[i] < -dim || begin[i] >= dim)
      return xmodel_invalid (error,
          "operator \"%s\" picks element %d of dimension %u in steps of %d, "
          "it has %u",
          op->name, begin[i], i, strides[i], input->dims[i]);
  }
  return TRUE;
}

gboolean
xmodel_check_strided_slice (const XmodelOp *op, GError **error)
{
  static const gchar *const lists[] = { "begin", "end", "strides" };
  const XmodelTensor *input = xmodel_input_tensor (op, "input");
  const gint32 *values;
  gsize n_values, i;

  for (i = 0; i < G_N_ELEMENTS (lists); i++) {
    n_values = xmodel_get_list (op, lists[i], &values);
    if (n_values != input->n_dims)
      return xmodel_invalid (error,
          "\"%s\" of operator \"%s\" has %" G_GSIZE_FORMAT
          " values, its input has %u dimensions",
          lists[i], op->name, n_values, input->n_dims);
  }
  for (i = 0; i < n_values; i++) {
    if (values[i] == 0)
      return xmodel_invalid (
          error, "\"strides\" of operator \"%s\" has a zero", op->name);
  }
  if (xmodel_get_number (op, "ellipsis_mask", 0) != 0
      || xmodel_get_number (op, "new_axis_mask", 0) != 0)
    return xmodel_invalid (error,
        "operator \"%s\" slices with ellipses or new axes, which are not "
        "supported",
        op->name);
  /* libxir copies as many values as the tensor has elements */
  if (xmodel_attributes_has (input->attributes, "shape_info"))
    return xmodel_invalid (error,
        "operator \"%s\" slices a computed shape, which is not supported",
        op->name);
  return check_picked_elements (op, error);
}

gboolean
xmodel_check_priorbox (const XmodelOp *op, GError **error)
{
  const gfloat *ratios;
  gsize n_ratios = 0;

  xmodel_attributes_get_floats (
      op->attributes, "aspect_ratio", &ratios, &n_ratios);
  if (n_ratios > XMODEL_MAX_RATIOS)
    return xmodel_invalid (error,
        "operator \"%s\" has %" G_GSIZE_FORMAT
        " aspect ratios, more than the %d that are taken",
        op->name, n_ratios, XMODEL_MAX_RATIOS);
  return xmodel_require_rank (op, "input", 4, error);
}
