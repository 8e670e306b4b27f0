/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Finds the one subgraph to run, and explains models that have another number
 * of them. */

#include "subgraphs.h"
#include "dpu.h"

/* operators to name in a message */
#define MAX_NAMED_OPS 6

#define ADVICE                                                                  \
  "The whole network from the picture to the raw heads must compile into one "  \
  "DPU subgraph. SiLU is the usual cause: train with ReLU or LeakyReLU, leave " \
  "the decoding of the heads out of the model and compile again"

/* operators that only cross between float and fixed point, or hold numbers */
static gboolean
is_transparent (const XmodelOp *op)
{
  static const gchar *const types[] = { "fix2float", "float2fix", "fix", "data",
    "data-fix", "const", "const-fix" };

  for (guint i = 0; i < G_N_ELEMENTS (types); i++) {
    if (g_str_equal (op->type, types[i]))
      return TRUE;
  }
  return FALSE;
}

static void
append_op (GString *text, guint *n_named, const XmodelOp *op)
{
  if (*n_named == MAX_NAMED_OPS)
    g_string_append (text, ", ...");
  if (*n_named < MAX_NAMED_OPS)
    g_string_append_printf (
        text, "%s%s (%s)", *n_named > 0 ? ", " : "", op->name, op->type);
  (*n_named)++;
}

/* the operators left to the CPU, as the user can find them */
static gchar *
describe_cpu_ops (const XmodelSubgraph *root)
{
  GString *text = g_string_new (NULL);
  guint n_named = 0;

  for (guint i = 0; i < root->n_children; i++) {
    const XmodelSubgraph *child = root->children[i];

    if (!xmodel_subgraph_is_on (child, "CPU"))
      continue;
    for (guint j = 0; j < child->n_ops; j++) {
      if (!is_transparent (child->ops[j]) && n_named <= MAX_NAMED_OPS)
        append_op (text, &n_named, child->ops[j]);
    }
  }
  if (n_named == 0)
    g_string_append (text, "none");
  return g_string_free (text, FALSE);
}

static gboolean
fail (const XmodelSubgraph *root, GError **error, const gchar *what)
{
  g_autofree gchar *ops = describe_cpu_ops (root);

  g_set_error (error, DPU_ERROR, DPU_ERROR_MODEL,
      "%s. Operators left to the CPU: %s. " ADVICE, what, ops);
  return FALSE;
}

/* marks the operators that @op's result depends on, @op's own included */
static void
mark_ancestors (
    const Xmodel *model, const XmodelSubgraph *subgraph, gboolean *ancestors)
{
  for (guint i = 0; i < subgraph->n_ops; i++)
    ancestors[subgraph->ops[i]->index] = TRUE;
  for (guint i = xmodel_get_n_ops (model); i > 0; i--) {
    const XmodelOp *op = xmodel_get_op (model, i - 1);

    for (guint j = 0; ancestors[i - 1] && j < op->n_arguments; j++) {
      for (guint k = 0; k < op->arguments[j].n_ops; k++)
        ancestors[op->arguments[j].ops[k]->index] = TRUE;
    }
  }
}

/* what runs on the CPU before the DPU would be skipped by us */
static gboolean
check_nothing_before (
    const Xmodel *model, const XmodelSubgraph *subgraph, GError **error)
{
  const XmodelSubgraph *root = xmodel_get_root (model);
  g_autofree gboolean *ancestors = g_new0 (gboolean, xmodel_get_n_ops (model));

  mark_ancestors (model, subgraph, ancestors);
  for (guint i = 0; i < root->n_children; i++) {
    const XmodelSubgraph *child = root->children[i];

    if (child == subgraph || !xmodel_subgraph_is_on (child, "CPU"))
      continue;
    for (guint j = 0; j < child->n_ops; j++) {
      if (ancestors[child->ops[j]->index] && !is_transparent (child->ops[j]))
        return fail (root, error,
            "The model computes on the CPU before its DPU subgraph");
    }
  }
  return TRUE;
}

static gboolean
has_instructions (const XmodelSubgraph *subgraph)
{
  const guint8 *code;
  gsize size;

  return xmodel_attributes_get_bytes (
             subgraph->attributes, "mc_code", &code, &size)
         && size > 0;
}

/**
 * dpu_subgraph_find:
 * @found: (out caller-allocates): points into @model
 *
 * Returns: %FALSE with %DPU_ERROR_MODEL when running one subgraph does not run
 *   the model
 */
gboolean
dpu_subgraph_find (const Xmodel *model, DpuSubgraph *found, GError **error)
{
  const XmodelSubgraph *root = xmodel_get_root (model);
  g_autofree gchar *what = NULL;
  guint n_dpu = 0;

  if (root->n_children == 0) {
    found->subgraph = root;
    found->compiled = FALSE;
    found->has_instructions = FALSE;
    return TRUE;
  }

  found->compiled = TRUE;
  for (guint i = 0; i < root->n_children; i++) {
    if (xmodel_subgraph_is_on (root->children[i], "DPU")) {
      found->subgraph = root->children[i];
      n_dpu++;
    }
  }
  if (n_dpu == 0)
    return fail (root, error, "The model has no DPU subgraph");
  if (n_dpu > 1) {
    what = g_strdup_printf (
        "The model has %u DPU subgraphs, exactly one is needed", n_dpu);
    return fail (root, error, what);
  }
  found->has_instructions = has_instructions (found->subgraph);
  return check_nothing_before (model, found->subgraph, error);
}
