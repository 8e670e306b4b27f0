/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "registers.h"
#include "dpu.h"

#include <string.h>

static gboolean fail (GError **error, const gchar *format, ...)
    G_GNUC_PRINTF (2, 3);

/* with the end of a sentence */
static gboolean
fail (GError **error, const gchar *format, ...)
{
  g_autofree gchar *reason = NULL;
  va_list args;

  va_start (args, format);
  reason = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, DPU_ERROR, DPU_ERROR_MODEL,
      "the model's instructions for the DPU are incomplete: %s; compile it "
      "again with vai_c_xir",
      reason);
  return FALSE;
}

/**
 * dpu_register_get_name:
 *
 * Returns: (transfer full): the key of a register in a subgraph's attributes
 */
gchar *
dpu_register_get_name (guint index)
{
  return g_strdup_printf ("REG_%u", index);
}

/* a register that has a type has to have a size, and values when it is for
 * parameters */
static gboolean
check_register (const XmodelSubgraph *subgraph, guint index, GError **error)
{
  g_autofree gchar *name = dpu_register_get_name (index);
  const gchar *type;
  const guint8 *data;
  gsize n_values;
  gint size = 0;

  if (!xmodel_attributes_lookup_string (
          subgraph->attributes, "reg_id_to_context_type", name, &type))
    return TRUE;
  if (!xmodel_attributes_lookup_int (
          subgraph->attributes, "reg_id_to_size", name, &size)
      || size <= 0)
    return fail (error, "the register %s has no size", name);
  if (!g_str_equal (type, "CONST"))
    return TRUE;
  if (!xmodel_attributes_lookup_bytes (subgraph->attributes,
          "reg_id_to_parameter_value", name, &data, &n_values))
    return fail (error, "the register %s has no parameters", name);
  if (n_values > (gsize) size)
    return fail (error,
        "the register %s has %" G_GSIZE_FORMAT
        " bytes of parameters, and a size of %d",
        name, n_values, size);
  return TRUE;
}

/* every tensor is somewhere: in the DPU's memory or, with location 0, inside
 * it. What is downloaded is where the operator before it says */
static gboolean
check_location (const XmodelOp *op, GError **error)
{
  gint value;

  if (g_str_equal (op->type, "download"))
    return TRUE;
  if (!xmodel_attributes_get_int (op->tensor.attributes, "location", &value))
    return fail (error, "\"%s\" has no location", op->name);
  if (value == 0)
    return TRUE;
  if (!xmodel_attributes_get_int (op->tensor.attributes, "reg_id", &value)
      || !xmodel_attributes_get_int (op->tensor.attributes, "ddr_addr", &value))
    return fail (error, "\"%s\" has no register or address", op->name);
  return TRUE;
}

/* whether rows and pixels follow each other without gaps */
static gboolean
is_dense (const XmodelTensor *tensor)
{
  const gint32 *strides;
  gsize n_strides;
  gint64 stride = 1;

  if (!xmodel_attributes_get_ints (
          tensor->attributes, "stride", &strides, &n_strides))
    return TRUE;
  if (n_strides != tensor->n_dims)
    return FALSE;
  for (guint i = tensor->n_dims; i > 0; i--) {
    if (tensor->dims[i - 1] > 1 && strides[i - 1] != stride)
      return FALSE;
    stride *= tensor->dims[i - 1];
  }
  return TRUE;
}

/* an input or output, which others than the DPU touch */
static gboolean
check_edge (const XmodelSubgraph *subgraph, const XmodelOp *op, GError **error)
{
  g_autofree gchar *name = NULL;
  gint register_id = -1, address = -1, size = 0;
  guint64 n_elements = 0;
  const gchar *type;

  xmodel_attributes_get_int (op->tensor.attributes, "reg_id", &register_id);
  xmodel_attributes_get_int (op->tensor.attributes, "ddr_addr", &address);
  if (register_id < 0 || register_id >= DPU_N_REGISTERS || address < 0
      || !xmodel_tensor_get_n_elements (&op->tensor, &n_elements))
    return fail (error, "\"%s\" has no register or address", op->name);
  name = dpu_register_get_name (register_id);
  xmodel_attributes_lookup_int (
      subgraph->attributes, "reg_id_to_size", name, &size);
  if (n_elements > (guint64) MAX (size, 0)
      || (guint64) address > size - n_elements)
    return fail (error,
        "\"%s\" takes %" G_GUINT64_FORMAT
        " bytes from %d on in the register %s, which has %d",
        op->name, n_elements, address, name, size);
  if (xmodel_attributes_lookup_string (
          subgraph->attributes, "reg_id_to_context_type_v2", name, &type)
      && !g_str_equal (type, "INTERFACE"))
    return fail (error,
        "\"%s\" lies in the register %s, which frames in flight share as "
        "\"%s\"",
        op->name, name, type);
  if (!is_dense (&op->tensor))
    return fail (error, "\"%s\" has gaps between its elements", op->name);
  return TRUE;
}

/* the register of an operator's result, -1 if it has none */
static gint
get_register (const XmodelOp *op)
{
  gint register_id = -1;

  xmodel_attributes_get_int (op->tensor.attributes, "reg_id", &register_id);
  return register_id;
}

static gboolean
check_op (const XmodelSubgraph *subgraph, const XmodelOp *op, GError **error)
{
  const XmodelOp *edge = NULL;

  if (g_str_equal (op->type, "upload"))
    edge = op;
  else if (g_str_equal (op->type, "download"))
    edge = xmodel_op_get_input (op, "input", 0);
  return check_location (op, error)
         && (edge == NULL || check_edge (subgraph, edge, error));
}

/**
 * dpu_registers_check:
 * @subgraph: a compiled one
 *
 * Returns: %FALSE with the end of a sentence when VART or the DPU would not
 *   know where things are
 */
gboolean
dpu_registers_check (const XmodelSubgraph *subgraph, GError **error)
{
  static const gchar *const needed[] = { "reg_id_to_size",
    "reg_id_to_context_type", "reg_id_to_parameter_value" };
  const gchar *runner;

  for (guint i = 0; i < G_N_ELEMENTS (needed); i++) {
    if (!xmodel_attributes_has (subgraph->attributes, needed[i]))
      return fail (error, "the attribute \"%s\" is missing", needed[i]);
  }
  if (!xmodel_attributes_lookup_string (
          subgraph->attributes, "runner", "run", &runner))
    return fail (error, "the attribute \"runner\" has nothing for \"run\"");
  for (guint i = 0; i < DPU_N_REGISTERS; i++) {
    if (!check_register (subgraph, i, error))
      return FALSE;
  }
  for (guint i = 0; i < subgraph->n_ops; i++) {
    if (!check_op (subgraph, subgraph->ops[i], error))
      return FALSE;
  }
  return TRUE;
}

/* whether anything but inputs lies in a register */
static gboolean
has_results (const XmodelSubgraph *subgraph, gint register_id)
{
  for (guint i = 0; i < subgraph->n_ops; i++) {
    const XmodelOp *op = subgraph->ops[i];

    if (!g_str_equal (op->type, "upload") && get_register (op) == register_id)
      return TRUE;
  }
  return FALSE;
}

/**
 * dpu_registers_keep_input:
 * @subgraph: a checked one
 *
 * Compilers use memory again once what is in it has been read, so an input
 * that shares a register with results may be gone after a run.
 *
 * Returns: whether inputs are still there after a run
 */
gboolean
dpu_registers_keep_input (const XmodelSubgraph *subgraph)
{
  for (guint i = 0; i < subgraph->n_ops; i++) {
    const XmodelOp *op = subgraph->ops[i];

    if (g_str_equal (op->type, "upload")
        && has_results (subgraph, get_register (op)))
      return FALSE;
  }
  return TRUE;
}
