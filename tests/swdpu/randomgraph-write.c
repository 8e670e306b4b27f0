/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Random graphs as the quantizer and the compiler would write them. */

#include "graphrig.h"
#include "randomgraph.h"

#include <math.h>
#include <string.h>

#define PARAMETER_ALIGNMENT 64

/* of each type, before and after compilation */
static const struct {
  const gchar *quantized;
  const gchar *compiled;
} types[N_NODE_TYPES] = {
  [NODE_INPUT] = { "data", "data-fix" },
  [NODE_CONVOLUTION] = { "conv2d", "conv2d-fix" },
  [NODE_DEPTHWISE] = { "depthwise-conv2d", "depthwise-conv2d-fix" },
  [NODE_TRANSPOSED] = { "transposed-conv2d", "transposed-conv2d-fix" },
  [NODE_ADD] = { "add", "eltwise-fix" },
  [NODE_MULTIPLY] = { "mul", "eltwise-fix" },
  [NODE_MAX_POOL] = { "maxpool2d", "pool-fix" },
  [NODE_AVERAGE_POOL] = { "avgpool2d", "pool-fix" },
  [NODE_CONCATENATE] = { "concat", "concat-fix" },
  [NODE_NEAREST] = { "resize", "upsample-fix" },
  [NODE_BILINEAR] = { "resize", "upsample-fix" },
  [NODE_HARD_SIGMOID] = { "hard-sigmoid", "hard-sigmoid-fix" },
  [NODE_PAD] = { "pad", "pad-fix" },
  [NODE_REORGANIZE] = { "reorg", "reorg-fix" },
  [NODE_RESHAPE] = { "reshape", "reshape-fix" },
  [NODE_RELU] = { "relu", NULL },
  [NODE_RELU6] = { "relu6", NULL },
  [NODE_LEAKY_RELU] = { "leaky-relu", NULL },
  [NODE_TRANSPOSE] = { "transpose", NULL },
  [NODE_SLICE] = { "strided_slice", NULL },
};

static gboolean
is_convolution (const Node *node)
{
  return node->type == NODE_CONVOLUTION || node->type == NODE_DEPTHWISE
         || node->type == NODE_TRANSPOSED;
}

/* what an operator has in both forms */
static void
set_attributes (XmodelFile__Op *op, const Node *node)
{
  const gfloat scale[] = { node->scale[0], node->scale[1] };
  const gint32 shape[] = { 1, node->dims[1], node->dims[2], node->dims[3] };
  XmodelSampleAttributes attributes = GRAPHRIG_ATTRIBUTES (op);

  switch (node->type) {
    case NODE_CONVOLUTION:
    case NODE_DEPTHWISE:
    case NODE_TRANSPOSED:
      graphrig_set_window (
          op, node->kernel, node->stride, node->dilation, node->pad);
      if (node->type == NODE_CONVOLUTION)
        xmodel_sample_set_int (attributes, "group", node->groups);
      break;
    case NODE_MAX_POOL:
    case NODE_AVERAGE_POOL:
      graphrig_set_window (op, node->kernel, node->stride, NULL, node->pad);
      break;
    case NODE_CONCATENATE:
      xmodel_sample_set_int (attributes, "axis", node->axis);
      break;
    case NODE_NEAREST:
    case NODE_BILINEAR:
      xmodel_sample_set_string (attributes, "mode",
          node->type == NODE_BILINEAR ? "BILINEAR" : "NEAREST");
      xmodel_sample_set_bool (attributes, "half_pixel_centers", node->flag);
      xmodel_sample_set_floats (attributes, "scale", scale, 2);
      break;
    case NODE_PAD:
      xmodel_sample_set_string (attributes, "mode", "CONSTANT");
      xmodel_sample_set_ints (attributes, "paddings", node->pad, 8);
      break;
    case NODE_REORGANIZE:
      xmodel_sample_set_int (attributes, "scale", node->scale[0]);
      xmodel_sample_set_bool (attributes, "reverse", node->flag);
      break;
    case NODE_RESHAPE:
      xmodel_sample_set_ints (attributes, "shape", shape, 4);
      break;
    case NODE_TRANSPOSE:
      xmodel_sample_set_ints (attributes, "order", node->order, 4);
      break;
    case NODE_SLICE:
      xmodel_sample_set_ints (attributes, "begin", node->begin, 4);
      xmodel_sample_set_ints (attributes, "end", node->pad, 4);
      xmodel_sample_set_ints (attributes, "strides", node->step, 4);
      break;
    case NODE_LEAKY_RELU:
      xmodel_sample_set_float (attributes, "alpha", 26.f / 256);
      break;
    default:
      break;
  }
}

static void
add_inputs (XmodelFile__Op *op, const Node *node)
{
  for (guint i = 0; i < node->n_inputs; i++) {
    g_autofree gchar *input = node_get_name (node->inputs[i]);

    xmodel_sample_add_input (op, "input", input);
  }
}

/* @name: of the last operator before the rounding, which is followed by an
 * activation or a factor; returns that one's */
static gchar *
add_factor (XmodelFile__Graph *graph, const Node *node, gchar *name)
{
  static const guint32 one[] = { 1 };
  g_autofree gchar *before = name;
  g_autofree gchar *constant = g_strconcat (name, "_factor", NULL);
  gchar *product = g_strconcat (name, "_product", NULL);
  gfloat factor =
      node->type == NODE_HARD_SIGMOID
          ? 8193.f / 8192
          : ldexpf (node->numerator * node->kernel[0] * node->kernel[1],
              -node->shift);
  XmodelFile__Op *op;

  graphrig_add_floats (graph, constant, one, 1, &factor);
  op = graphrig_add_op (graph, product, "mul", node->dims, 4);
  xmodel_sample_add_input (op, "input", before);
  xmodel_sample_add_input (op, "input", constant);
  return product;
}

static gchar *
add_activation (XmodelFile__Graph *graph, const Node *node, gchar *name)
{
  static const gchar *const activations[] = {
    [NODE_ACTIVATION_RELU] = "relu",
    [NODE_ACTIVATION_RELU6] = "relu6",
    [NODE_ACTIVATION_LEAKY_RELU] = "leaky-relu",
  };
  g_autofree gchar *before = name;
  gchar *after = g_strconcat (name, "_activation", NULL);
  XmodelFile__Op *op = graphrig_add_op (
      graph, after, activations[node->activation], node->dims, 4);

  xmodel_sample_add_input (op, "input", before);
  if (node->activation == NODE_ACTIVATION_LEAKY_RELU)
    xmodel_sample_set_float (GRAPHRIG_ATTRIBUTES (op), "alpha", 26.f / 256);
  return after;
}

static void
write_quantized_node (XmodelFile__Graph *graph, const Node *node, guint index)
{
  g_autofree gchar *fix = node_get_name (index);
  gchar *name = g_strconcat (fix, "_op", NULL);
  g_autofree gchar *weights = g_strconcat (fix, "_weights", NULL);
  g_autofree gchar *bias = g_strconcat (fix, "_bias", NULL);
  XmodelFile__Op *op;

  if (is_convolution (node)) {
    graphrig_add_constant (graph, weights, node->weight_dims, 4,
        node->weights_fix_point, node->weights);
    if (node->bias != NULL)
      graphrig_add_constant (
          graph, bias, &node->dims[3], 1, node->bias_fix_point, node->bias);
  }
  op =
      graphrig_add_op (graph, name, types[node->type].quantized, node->dims, 4);
  add_inputs (op, node);
  set_attributes (op, node);
  if (is_convolution (node)) {
    xmodel_sample_add_input (op, "weights", weights);
    if (node->bias != NULL)
      xmodel_sample_add_input (op, "bias", bias);
  }
  if (node->type == NODE_AVERAGE_POOL || node->type == NODE_HARD_SIGMOID)
    name = add_factor (graph, node, name);
  if (node->activation != NODE_ACTIVATION_NONE && node->type < NODE_RELU)
    name = add_activation (graph, node, name);
  graphrig_add_fix (graph, fix, name, node->fix_point);
  g_free (name);
}

GBytes *
random_graph_write_quantized (const RandomGraph *self)
{
  g_autoptr (XmodelFile__Graph) graph = graphrig_new ();
  g_autofree gchar *input = node_get_name (0);

  graphrig_add_input (graph, input, random_graph_node (self, 0)->dims, 4,
      random_graph_node (self, 0)->fix_point);
  for (guint i = 1; i < self->nodes->len; i++)
    write_quantized_node (graph, random_graph_node (self, i), i);
  return xmodel_sample_pack (graph);
}

typedef struct {
  XmodelFile__Graph *graph;
  XmodelFile__Subgraph *dpu;
  GByteArray *parameters;
} Compiler;

/* as one for each operator, a subgraph of the DPU's holds them */
static XmodelFile__Subgraph *
add_layer (Compiler *self, const gchar *name)
{
  return xmodel_sample_add_subgraph (self->dpu, name);
}

static void
add_parameter (Compiler *self, XmodelFile__Subgraph *layer, const gchar *name,
    const guint32 *dims, guint n_dims, gint fix_point, const gint8 *values)
{
  static const guint8 gap[PARAMETER_ALIGNMENT];
  XmodelFile__Op *op =
      xmodel_sample_add_source (self->graph, name, "const-fix", dims, n_dims);
  gsize n = 1;

  for (guint i = 0; i < n_dims; i++)
    n *= dims[i];
  g_byte_array_append (self->parameters, gap,
      -self->parameters->len & (PARAMETER_ALIGNMENT - 1));
  xmodel_sample_place_tensor (op, fix_point, 0, self->parameters->len);
  g_byte_array_append (self->parameters, (const guint8 *) values, n);
  xmodel_sample_subgraph_add_op (layer, name);
}

static void
set_compiled_attributes (XmodelFile__Op *op, const Node *node)
{
  static const gchar *const activations[] = { "NONE", "RELU", "RELU6",
    "LEAKYRELU" };
  XmodelSampleAttributes attributes = GRAPHRIG_ATTRIBUTES (op);

  if (is_convolution (node) || node->type == NODE_ADD
      || node->type == NODE_MULTIPLY) {
    xmodel_sample_set_string (
        attributes, "nonlinear", activations[node->activation]);
    if (node->activation == NODE_ACTIVATION_LEAKY_RELU)
      xmodel_sample_set_float (attributes, "LEAKYRELU_alpha", 26.f / 256);
  }
  if (node->type == NODE_ADD || node->type == NODE_MULTIPLY)
    xmodel_sample_set_string (
        attributes, "type", node->type == NODE_ADD ? "ADD" : "MUL");
  if (node->type == NODE_MAX_POOL || node->type == NODE_AVERAGE_POOL)
    xmodel_sample_set_string (
        attributes, "type", node->type == NODE_MAX_POOL ? "MAX" : "AVG");
}

static void
write_compiled_node (Compiler *self, const Node *node, guint index)
{
  g_autofree gchar *name = node_get_name (index);
  g_autofree gchar *weights = g_strconcat (name, "_weights", NULL);
  g_autofree gchar *bias = g_strconcat (name, "_bias", NULL);
  XmodelFile__Subgraph *layer = add_layer (self, name);
  XmodelFile__Op *op;

  if (is_convolution (node)) {
    add_parameter (self, layer, weights, node->weight_dims, 4,
        node->weights_fix_point, node->weights);
    if (node->bias != NULL)
      add_parameter (self, layer, bias, &node->dims[3], 1, node->bias_fix_point,
          node->bias);
  }
  op = xmodel_sample_add_op (
      self->graph, name, types[node->type].compiled, node->dims, 4);
  xmodel_sample_place_tensor (op, node->fix_point, 1, 0);
  add_inputs (op, node);
  set_attributes (op, node);
  set_compiled_attributes (op, node);
  if (is_convolution (node)) {
    xmodel_sample_add_input (op, "weights", weights);
    if (node->bias != NULL)
      xmodel_sample_add_input (op, "bias", bias);
  }
  xmodel_sample_subgraph_add_op (layer, name);
}

GBytes *
random_graph_write_compiled (const RandomGraph *self)
{
  g_autoptr (XmodelFile__Graph) graph = xmodel_sample_new ("graph");
  g_autoptr (GByteArray) parameters = g_byte_array_new ();
  const Node *input = random_graph_node (self, 0);
  g_autofree gchar *name = node_get_name (0);
  XmodelFile__Subgraph *user =
      xmodel_sample_add_subgraph (graph->root, "subgraph_input");
  Compiler compiler = { graph,
    xmodel_sample_add_subgraph (graph->root, "subgraph_dpu"), parameters };
  /* the first bytes are taken for instructions */
  static const guint8 start[PARAMETER_ALIGNMENT];

  g_byte_array_append (parameters, start, sizeof (start));
  xmodel_sample_set_string (XMODEL_SAMPLE_ATTRIBUTES (user), "device", "USER");
  xmodel_sample_place_tensor (
      xmodel_sample_add_source (graph, name, "data-fix", input->dims, 4),
      input->fix_point, -1, 0);
  xmodel_sample_subgraph_add_op (user, name);
  for (guint i = 1; i < self->nodes->len; i++)
    write_compiled_node (&compiler, random_graph_node (self, i), i);
  xmodel_sample_describe_dpu (
      compiler.dpu, parameters->data, parameters->len, 1, 1, 1);
  return xmodel_sample_pack (graph);
}
