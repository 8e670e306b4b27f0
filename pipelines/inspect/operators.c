/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The operators that are not on the DPU: why not, and what can be done. Of
 * quantizer output those that no DPU of the type DPUCZDX8G has. */

#include "facts.h"

#include <math.h>
#include <string.h>

/* the slope of LeakyReLU in the DPU's integers */
#define DPU_LEAKY_SLOPE (26.0 / 256.0)

/* limits of a convolution on a DPUCZDX8G */
#define MAX_KERNEL 16
#define MAX_STRIDE 8

static const gchar train_with_relu[] =
    "replace it with ReLU or LeakyReLU in the float model and train again";
static const gchar end_in_heads[] =
    "let the model end in the convolutions of its heads, without their "
    "decoding";

typedef struct {
  const gchar *type;
  const gchar *why;
  const gchar *advice;
} Explanation;

static const Explanation silu = { NULL,
  "part of SiLU, x * sigmoid (x), which the DPU does not have",
  train_with_relu };
static const Explanation head_sigmoid = { NULL, "the DPU has no sigmoid",
  end_in_heads };
static const Explanation leaky_slope = { NULL,
  "its slope is not the DPU's 26/256 = 0.1015625",
  "train and quantize with LeakyReLU (26 / 256)" };
static const Explanation large_window = { NULL,
  "its kernel or stride is larger than the DPU's 16 and 8",
  "use a smaller kernel or stride" };
static const Explanation anything = { NULL,
  "the compiler found no place for it on the DPU",
  "leave it out, or do it with an operator that the DPU has" };

/* what happens on the way between DPU and CPU; NULL advice: nothing to do */
static const Explanation dequantize_results = { NULL,
  "converts the results to float; yolov5dpu decodes them as int8 and does not "
  "need it",
  NULL };
static const Explanation quantize_input = { NULL,
  "quantizes the picture; yolov5dpu does that while it letterboxes", NULL };
static const Explanation after_dpu = { NULL,
  "comes after the heads; yolov5dpu decodes them itself and does not need it",
  NULL };
static const Explanation to_cpu = { NULL,
  "hands numbers of the DPU to operators on the CPU", NULL };
static const Explanation to_dpu = { NULL, "hands numbers of the CPU to the DPU",
  NULL };
static const Explanation on_cpu = { NULL, "rounds numbers that stay on the CPU",
  NULL };

static const Explanation of_pytorch = { NULL,
  "the quantizer left this operator of PyTorch as it was, and no DPU has it",
  "replace it in the float model with layers that the quantizer knows" };

/* operators that no DPU has */
static const Explanation unsupported[] = {
  { "swish", "the DPU has no SiLU", train_with_relu },
  /* as PyTorch's own modules come through the quantizer */
  { "aten::silu", "SiLU is not for DPUs", train_with_relu },
  { "aten::silu_", "SiLU is not for DPUs", train_with_relu },
  { "hard-swish", "the DPU has it only as hard-sigmoid and multiplication",
      train_with_relu },
  { "gelu", "the DPU has no GELU", train_with_relu },
  { "elu", "the DPU has no ELU", train_with_relu },
  { "celu", "the DPU has no CELU", train_with_relu },
  { "selu", "the DPU has no SELU", train_with_relu },
  { "tanh", "the DPU has no tanh", train_with_relu },
  { "hard-tanh", "the DPU has no hard tanh", train_with_relu },
  { "exp", "the DPU has no exponential function", end_in_heads },
  { "softmax", "the DPU has no softmax", end_in_heads },
};

/**
 * Survey:
 * @feeds_dpu: per operator: something on the DPU depends on it
 * @follows_dpu: per operator: it depends on something on the DPU
 * @is_silu: per operator: it is the sigmoid or the product of a SiLU
 */
typedef struct {
  const Xmodel *model;
  GPtrArray *groups;
  gboolean *feeds_dpu;
  gboolean *follows_dpu;
  gboolean *is_silu;
} Survey;

static gboolean
is_type (const XmodelOp *op, const gchar *type)
{
  return strcmp (op->type, type) == 0;
}

static gboolean
is_carrier (const XmodelOp *op)
{
  static const gchar *const types[] = { "fix", "fix2float", "float2fix",
    "upload", "download" };

  for (guint i = 0; i < G_N_ELEMENTS (types); i++) {
    if (is_type (op, types[i]))
      return TRUE;
  }
  return FALSE;
}

/* the operator that computed what @op only rounds, converts or carries */
static const XmodelOp *
skip_carriers (const XmodelOp *op)
{
  while (op != NULL && is_carrier (op))
    op = xmodel_op_get_input (op, "input", 0);
  return op;
}

static const XmodelOp *
get_operand (const XmodelOp *op, guint index)
{
  return skip_carriers (xmodel_op_get_input (op, "input", index));
}

/* x * sigmoid (x), in either order */
static void
find_silu (Survey *self)
{
  for (guint i = 0; i < xmodel_get_n_ops (self->model); i++) {
    const XmodelOp *product = xmodel_get_op (self->model, i);

    if (!is_type (product, "mul") && !is_type (product, "eltwise-fix"))
      continue;
    for (guint j = 0; j < 2; j++) {
      const XmodelOp *sigmoid = get_operand (product, j);

      if (sigmoid == NULL || !is_type (sigmoid, "sigmoid")
          || get_operand (sigmoid, 0) != get_operand (product, 1 - j))
        continue;
      self->is_silu[i] = TRUE;
      self->is_silu[sigmoid->index] = TRUE;
    }
  }
}

static void
mark_dpu (Survey *self)
{
  const XmodelSubgraph *root = xmodel_get_root (self->model);

  for (guint i = 0; i < root->n_children; i++) {
    const XmodelSubgraph *child = root->children[i];

    for (guint j = 0; xmodel_subgraph_is_on (child, "DPU") && j < child->n_ops;
         j++) {
      self->feeds_dpu[child->ops[j]->index] = TRUE;
      self->follows_dpu[child->ops[j]->index] = TRUE;
    }
  }
}

static void
mark_from_sources (Survey *self, const XmodelOp *op)
{
  for (guint i = 0; i < op->n_arguments; i++) {
    for (guint j = 0; j < op->arguments[i].n_ops; j++) {
      if (self->follows_dpu[op->arguments[i].ops[j]->index])
        self->follows_dpu[op->index] = TRUE;
    }
  }
}

static void
mark_sources (Survey *self, const XmodelOp *op)
{
  if (!self->feeds_dpu[op->index])
    return;
  for (guint i = 0; i < op->n_arguments; i++) {
    for (guint j = 0; j < op->arguments[i].n_ops; j++)
      self->feeds_dpu[op->arguments[i].ops[j]->index] = TRUE;
  }
}

/* operators come after those they read: one pass each way is enough */
static void
spread_marks (Survey *self)
{
  guint n_ops = xmodel_get_n_ops (self->model);

  for (guint i = 0; i < n_ops; i++)
    mark_from_sources (self, xmodel_get_op (self->model, i));
  for (guint i = n_ops; i > 0; i--)
    mark_sources (self, xmodel_get_op (self->model, i - 1));
}

static void
add_op (Survey *self, const XmodelOp *op, const Explanation *explanation,
    gboolean needed)
{
  InspectCpuOps *group;

  for (guint i = 0; i < self->groups->len; i++) {
    group = self->groups->pdata[i];
    if (is_type (op, group->type) && group->why == explanation->why
        && group->needed == needed) {
      g_ptr_array_add (group->names, (gpointer) op->name);
      return;
    }
  }
  group = g_new0 (InspectCpuOps, 1);
  group->type = op->type;
  group->names = g_ptr_array_new ();
  group->needed = needed;
  group->why = explanation->why;
  group->advice = explanation->advice;
  g_ptr_array_add (group->names, (gpointer) op->name);
  g_ptr_array_add (self->groups, group);
}

static gboolean
exceeds (const XmodelOp *op, const gchar *name, gint limit)
{
  const gint32 *values;
  gsize n_values;

  if (!xmodel_attributes_get_ints (op->attributes, name, &values, &n_values))
    return FALSE;
  for (gsize i = 0; i < n_values; i++) {
    if (values[i] > limit)
      return TRUE;
  }
  return FALSE;
}

/* what keeps @op off every DPU; %NULL where nothing is known to */
static const Explanation *
find_obstacle (const Survey *self, const XmodelOp *op)
{
  gdouble slope;

  if (self->is_silu[op->index])
    return &silu;
  if (is_type (op, "sigmoid"))
    return &head_sigmoid;
  if (is_type (op, "leaky-relu")
      && xmodel_attributes_get_double (op->attributes, "alpha", &slope)
      && fabs (slope - DPU_LEAKY_SLOPE) > 1e-6)
    return &leaky_slope;
  if (g_str_has_suffix (op->type, "conv2d")
      && (exceeds (op, "kernel", MAX_KERNEL)
          || exceeds (op, "stride", MAX_STRIDE)))
    return &large_window;
  for (guint i = 0; i < G_N_ELEMENTS (unsupported); i++) {
    if (is_type (op, unsupported[i].type))
      return &unsupported[i];
  }
  return g_str_has_prefix (op->type, "aten::") ? &of_pytorch : NULL;
}

static const Explanation *
explain_carrier (const Survey *self, const XmodelOp *op)
{
  gboolean feeds = self->feeds_dpu[op->index];
  gboolean follows = self->follows_dpu[op->index];

  if (is_type (op, "fix2float"))
    return feeds ? &to_cpu : follows ? &dequantize_results : &on_cpu;
  if (is_type (op, "float2fix"))
    return follows ? &to_dpu : &quantize_input;
  if (is_type (op, "fix"))
    return follows && !feeds ? &after_dpu : &on_cpu;
  return NULL;
}

/* whether a model goes on at @op, wherever it is computed: what else comes after
 * the DPU is taken for the decoding of the heads */
static gboolean
is_network (const XmodelOp *op, const Explanation *explanation)
{
  return strstr (op->type, "conv2d") != NULL
         || (explanation != NULL && explanation->advice == train_with_relu);
}

/* an operator the compiler has put on the CPU */
static void
survey_cpu_op (Survey *self, const XmodelOp *op)
{
  gboolean feeds = self->feeds_dpu[op->index];
  gboolean follows = self->follows_dpu[op->index];
  const Explanation *explanation;

  if (is_type (op, "data") || g_str_has_prefix (op->type, "const"))
    return;
  explanation = explain_carrier (self, op);
  if (explanation != NULL) {
    add_op (self, op, explanation, feeds && follows);
    return;
  }

  explanation = find_obstacle (self, op);
  if (follows && !feeds && !is_network (op, explanation))
    explanation = &after_dpu;
  add_op (self, op, explanation != NULL ? explanation : &anything,
      explanation != &after_dpu);
}

static void
survey (Survey *self)
{
  const XmodelSubgraph *root = xmodel_get_root (self->model);

  find_silu (self);
  mark_dpu (self);
  spread_marks (self);

  for (guint i = 0; i < root->n_children; i++) {
    const XmodelSubgraph *child = root->children[i];

    for (guint j = 0; xmodel_subgraph_is_on (child, "CPU") && j < child->n_ops;
         j++)
      survey_cpu_op (self, child->ops[j]);
  }
  for (guint i = 0; root->n_children == 0 && i < root->n_ops; i++) {
    const Explanation *obstacle = find_obstacle (self, root->ops[i]);

    if (obstacle != NULL)
      add_op (self, root->ops[i], obstacle, TRUE);
  }
}

/**
 * inspect_find_cpu_operators:
 *
 * One group for all operators of a type that are on the CPU for one reason.
 */
void
inspect_find_cpu_operators (InspectReport *report)
{
  guint n_ops = xmodel_get_n_ops (report->model);
  g_autofree gboolean *feeds_dpu = g_new0 (gboolean, n_ops);
  g_autofree gboolean *follows_dpu = g_new0 (gboolean, n_ops);
  g_autofree gboolean *is_silu = g_new0 (gboolean, n_ops);
  Survey self = { report->model, report->cpu_ops, feeds_dpu, follows_dpu,
    is_silu };

  survey (&self);
}
