/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The parts of a model, what goes in and out of each, and the memory of those
 * on the DPU. */

#include "facts.h"

#include <string.h>

/* an instruction names at most so many */
#define MAX_REGISTERS 16

static gboolean
is_constant (const XmodelOp *op)
{
  return g_str_has_prefix (op->type, "const");
}

/* the fix point of an operator's result, where something says it */
static gboolean
get_fix_point (const XmodelOp *op, gint *fix_point)
{
  return xmodel_attributes_get_int (
             op->tensor.attributes, "fix_point", fix_point)
         || (strcmp (op->type, "fix") == 0
             && xmodel_attributes_get_int (
                 op->attributes, "fix_point", fix_point));
}

static void
append_tensor (GArray *tensors, InspectKind kind, const XmodelOp *op)
{
  InspectTensor tensor = {
    .name = op->tensor.name,
    .dims = op->tensor.dims,
    .n_dims = op->tensor.n_dims,
  };
  guint64 n_elements = 0;

  for (guint i = 0; i < tensors->len; i++) {
    if (g_array_index (tensors, InspectTensor, i).dims == tensor.dims)
      return;
  }
  if (*tensor.name == '\0')
    tensor.name = op->name;
  tensor.has_fix_point = get_fix_point (op, &tensor.fix_point);
  xmodel_tensor_get_n_elements (&op->tensor, &n_elements);
  /* the quantizer calls floats what the DPU holds in 8 bits */
  tensor.size = kind == INSPECT_KIND_COMPILED
                    ? (n_elements * op->tensor.bit_width + 7) / 8
                    : n_elements;
  g_array_append_val (tensors, tensor);
}

/* VART's order */
static gint
compare_tensors (gconstpointer a, gconstpointer b)
{
  return strcmp (
      ((const InspectTensor *) a)->name, ((const InspectTensor *) b)->name);
}

static void
find_registers (const XmodelSubgraph *subgraph, GArray *registers)
{
  for (guint i = 0; i < MAX_REGISTERS; i++) {
    gchar name[sizeof ("REG_") + 2];
    InspectRegister entry = { NULL };

    g_snprintf (name, sizeof (name), "REG_%u", i);
    if (!xmodel_attributes_lookup_int (
            subgraph->attributes, "reg_id_to_size", name, &entry.size))
      continue;
    if (!xmodel_attributes_lookup_string (subgraph->attributes,
            "reg_id_to_context_type_v2", name, &entry.use))
      xmodel_attributes_lookup_string (
          subgraph->attributes, "reg_id_to_context_type", name, &entry.use);
    entry.name = g_strdup (name);
    g_array_append_val (registers, entry);
  }
}

static void
clear_register (gpointer data)
{
  InspectRegister *self = data;

  g_free (self->name);
}

/* tensors that cross the border of @subgraph, of which operator i is a member
 * when @members[i] is set */
static void
find_edges (
    const InspectReport *report, InspectSubgraph *self, const gboolean *members)
{
  const Xmodel *model = report->model;
  g_autofree gboolean *read = g_new0 (gboolean, xmodel_get_n_ops (model));

  for (guint i = 0; i < xmodel_get_n_ops (model); i++) {
    const XmodelOp *op = xmodel_get_op (model, i);

    for (guint j = 0; j < op->n_arguments; j++) {
      for (guint k = 0; k < op->arguments[j].n_ops; k++) {
        const XmodelOp *source = op->arguments[j].ops[k];

        read[source->index] = TRUE;
        if (is_constant (source) || members[i] == members[source->index])
          continue;
        append_tensor (
            members[i] ? self->inputs : self->outputs, report->kind, source);
      }
    }
  }
  for (guint i = 0; i < xmodel_get_n_ops (model); i++) {
    const XmodelOp *op = xmodel_get_op (model, i);

    if (members[i] && !read[i] && !is_constant (op))
      append_tensor (self->outputs, report->kind, op);
  }
  g_array_sort (self->inputs, compare_tensors);
  g_array_sort (self->outputs, compare_tensors);
}

static InspectSubgraph *
describe_subgraph (const InspectReport *report, const XmodelSubgraph *subgraph)
{
  InspectSubgraph *self = g_new0 (InspectSubgraph, 1);
  g_autofree gboolean *members =
      g_new0 (gboolean, xmodel_get_n_ops (report->model));

  self->name = subgraph->name;
  self->device = "unknown";
  xmodel_attributes_get_string (subgraph->attributes, "device", &self->device);
  self->n_ops = subgraph->n_ops;
  self->inputs = g_array_new (FALSE, FALSE, sizeof (InspectTensor));
  self->outputs = g_array_new (FALSE, FALSE, sizeof (InspectTensor));
  self->registers = g_array_new (FALSE, FALSE, sizeof (InspectRegister));
  g_array_set_clear_func (self->registers, clear_register);
  for (guint i = 0; i < subgraph->n_ops; i++)
    members[subgraph->ops[i]->index] = TRUE;
  find_edges (report, self, members);
  find_registers (subgraph, self->registers);
  return self;
}

/* the quantizer's input is the float before its first rounding */
static void
find_quantized_inputs (InspectReport *report)
{
  const Xmodel *model = report->model;

  for (guint i = 0; i < xmodel_get_n_ops (model); i++) {
    const XmodelOp *op = xmodel_get_op (model, i);
    const XmodelOp *source = xmodel_op_get_input (op, "input", 0);

    if (source != NULL && strcmp (source->type, "data") == 0)
      append_tensor (report->inputs, report->kind,
          strcmp (op->type, "fix") == 0 ? op : source);
  }
}

static void
find_quantized_outputs (InspectReport *report)
{
  g_autoptr (GPtrArray) results = xmodel_find_results (report->model);

  for (guint i = 0; i < results->len; i++)
    append_tensor (report->outputs, report->kind, results->pdata[i]);
  g_array_sort (report->outputs, compare_tensors);
}

/* one DPU subgraph is the model, as far as yolov5dpu is concerned */
static void
find_dpu_edges (InspectReport *report)
{
  const InspectSubgraph *found = NULL;

  for (guint i = 0; i < report->subgraphs->len; i++) {
    const InspectSubgraph *subgraph = report->subgraphs->pdata[i];

    if (strcmp (subgraph->device, "DPU") != 0)
      continue;
    if (found != NULL)
      return;
    found = subgraph;
  }
  if (found == NULL)
    return;
  g_array_append_vals (report->inputs, found->inputs->data, found->inputs->len);
  g_array_append_vals (
      report->outputs, found->outputs->data, found->outputs->len);
}

/**
 * inspect_find_subgraphs:
 *
 * Quantizer output has no subgraphs; all of it is taken as the DPU's part. A
 * compiled model with other than one DPU subgraph has no inputs and outputs of
 * its own here, only its subgraphs have.
 */
void
inspect_find_subgraphs (InspectReport *report)
{
  const XmodelSubgraph *root = xmodel_get_root (report->model);

  for (guint i = 0; i < root->n_children; i++)
    g_ptr_array_add (
        report->subgraphs, describe_subgraph (report, root->children[i]));
  if (root->n_children > 0) {
    find_dpu_edges (report);
  } else {
    find_quantized_inputs (report);
    find_quantized_outputs (report);
  }
}
