/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Random graphs of all operators, with what each has to compute, straight from the
 * formulas in 64-bit integers. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  NODE_INPUT,
  NODE_CONVOLUTION,
  NODE_DEPTHWISE,
  NODE_TRANSPOSED,
  NODE_ADD,
  NODE_MULTIPLY,
  NODE_MAX_POOL,
  NODE_AVERAGE_POOL,
  NODE_CONCATENATE,
  NODE_NEAREST,
  NODE_BILINEAR,
  NODE_HARD_SIGMOID,
  NODE_PAD,
  NODE_REORGANIZE,
  NODE_RESHAPE,
  /* the compiler leaves these to the CPU */
  NODE_RELU,
  NODE_RELU6,
  NODE_LEAKY_RELU,
  NODE_TRANSPOSE,
  NODE_SLICE,
  N_NODE_TYPES,
} NodeType;

typedef enum {
  NODE_ACTIVATION_NONE,
  NODE_ACTIVATION_RELU,
  NODE_ACTIVATION_RELU6,
  NODE_ACTIVATION_LEAKY_RELU,
} NodeActivation;

#define NODE_MAX_INPUTS 3

/**
 * Node:
 * @inputs: indices of nodes
 * @dims: NHWC
 * @fix_point: of @values
 * @kernel: width and height, as @stride and @dilation
 * @pad: left, right, top, bottom; of pads before and after each dimension
 * @weights: as the file has them
 * @bias: (nullable):
 * @numerator: of the average's factor @numerator * 2^-@shift
 * @scale: of resizes, for width and height, and of reorganizing
 * @values: what the operator has to give
 */
typedef struct {
  NodeType type;
  guint inputs[NODE_MAX_INPUTS];
  guint n_inputs;
  guint32 dims[4];
  gint fix_point;
  NodeActivation activation;

  gint32 kernel[2], stride[2], dilation[2], pad[8];
  guint groups;
  guint32 weight_dims[4];
  gint8 *weights, *bias;
  gint weights_fix_point, bias_fix_point;
  guint32 numerator;
  gint shift;
  gint axis;
  gint32 scale[2];
  gboolean flag;
  gint32 order[4], begin[4], step[4];

  gint8 *values;
} Node;

/**
 * RandomGraph:
 * @nodes: (element-type Node): the first is the input
 * @compiled: whether it is what a compiler makes: adds as a DPU does, and without
 *   what it leaves to the CPU
 */
typedef struct {
  GRand *random;
  GArray *nodes;
  gboolean compiled;
} RandomGraph;

/**
 * NodeExact:
 * @values: (transfer full): of all elements, in the order of the node's
 * @fix_point: of @values
 *
 * A result before its activation and its one rounding.
 */
typedef struct {
  gint64 *values;
  gint fix_point;
} NodeExact;

gint64 node_shift_round (gint64 value, gint shift);
NodeExact random_graph_compute (const RandomGraph *self, const Node *node);
RandomGraph *random_graph_new (guint32 seed, gboolean compiled);
void random_graph_free (RandomGraph *self);
GBytes *random_graph_write_quantized (const RandomGraph *self);
GBytes *random_graph_write_compiled (const RandomGraph *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RandomGraph, random_graph_free)

static inline Node *
random_graph_node (const RandomGraph *self, guint index)
{
  return &g_array_index (self->nodes, Node, index);
}

static inline const Node *
random_graph_input (const RandomGraph *self, const Node *node, guint index)
{
  return random_graph_node (self, node->inputs[index]);
}

static inline gsize
node_get_size (const Node *self)
{
  return (gsize) self->dims[1] * self->dims[2] * self->dims[3];
}

static inline gchar *
node_get_name (guint index)
{
  return g_strdup_printf ("node%03u", index);
}

G_END_DECLS
