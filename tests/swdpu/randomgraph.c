/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "randomgraph.h"

#include <math.h>
#include <string.h>

#define LEAST_FIX_POINT -3
#define MOST_FIX_POINT 12
#define MOST_ELEMENTS 4000

static gint
draw (const RandomGraph *self, gint least, gint most)
{
  return g_rand_int_range (self->random, least, most + 1);
}

static gint
draw_fix_point (const RandomGraph *self)
{
  return draw (self, LEAST_FIX_POINT, MOST_FIX_POINT);
}

/* small numbers too, so that not all of what is computed of them saturates */
static gint8 *
draw_values (const RandomGraph *self, gsize n)
{
  gint bits = draw (self, 0, 7);
  gint8 *values = g_malloc (n);

  for (gsize i = 0; i < n; i++)
    values[i] = draw (self, -(1 << bits), (1 << bits) - 1);
  return values;
}

static gint8
saturate (gint64 value)
{
  return CLAMP (value, -128, 127);
}

static void
apply_activation (NodeActivation activation, NodeExact *exact, gsize n)
{
  gint up = activation == NODE_ACTIVATION_LEAKY_RELU ? 8
            : activation == NODE_ACTIVATION_RELU6 ? MAX (-exact->fix_point, 0)
                                                  : 0;
  gint fix_point = exact->fix_point + up;

  for (gsize i = 0; i < n; i++) {
    gint64 value = exact->values[i];

    switch (activation) {
      case NODE_ACTIVATION_NONE:
        break;
      case NODE_ACTIVATION_RELU:
        value = MAX (value, 0);
        break;
      case NODE_ACTIVATION_RELU6:
        value = CLAMP (value * ((gint64) 1 << up), 0, (gint64) 6 << fix_point);
        break;
      case NODE_ACTIVATION_LEAKY_RELU:
        value *= value < 0 ? 26 : 256;
        break;
    }
    exact->values[i] = value;
  }
  exact->fix_point = fix_point;
}

/* a fix point at which the largest result is about as large as an int8 */
static gint
choose_fix_point (const RandomGraph *self, const NodeExact *exact, gsize n)
{
  gint64 largest = 1;
  gint bits = 0;

  for (gsize i = 0; i < n; i++)
    largest = MAX (largest, ABS (exact->values[i]));
  while (largest >> bits > 127)
    bits++;
  return CLAMP (exact->fix_point - bits + draw (self, -2, 2), LEAST_FIX_POINT,
      MOST_FIX_POINT);
}

/* nobody gains more bits than eight by a convolution */
static gint
get_most_fix_point (const RandomGraph *self, const Node *node)
{
  return node->weights == NULL ? MOST_FIX_POINT
                               : random_graph_input (self, node, 0)->fix_point
                                     + node->weights_fix_point + 8;
}

/* takes @exact, of which the fix point is one that is given, or drawn */
static void
finish (const RandomGraph *self, Node *node, NodeExact exact, const gint *given)
{
  gsize n = node_get_size (node);

  apply_activation (node->activation, &exact, n);
  node->fix_point = given ? *given : choose_fix_point (self, &exact, n);
  node->fix_point = MIN (node->fix_point, get_most_fix_point (self, node));
  node->values = g_malloc (n);
  for (gsize i = 0; i < n; i++)
    node->values[i] = saturate (
        node_shift_round (exact.values[i], exact.fix_point - node->fix_point));
  g_free (exact.values);
}

static guint
get_extent (const Node *node, guint i)
{
  return (node->kernel[i] - 1) * node->dilation[i] + 1;
}

/* a window that fits into the padded input, none of which sees only padding */
static gboolean
draw_window (const RandomGraph *self, Node *node, const Node *in)
{
  gboolean is_pool =
      node->type == NODE_MAX_POOL || node->type == NODE_AVERAGE_POOL;
  gboolean transposed = node->type == NODE_TRANSPOSED;

  for (guint i = 0; i < 2; i++) {
    guint size = in->dims[2 - i], extent;
    gint64 out;

    node->kernel[i] = draw (self, 1, 5);
    node->stride[i] = draw (self, 1, 3);
    node->dilation[i] = is_pool || transposed || draw (self, 0, 3) > 0 ? 1 : 2;
    extent = get_extent (node, i);
    node->pad[2 * i] = draw (self, 0, extent - 1);
    node->pad[2 * i + 1] = draw (self, 0, extent - 1);
    if (transposed)
      out = (gint64) (size - 1) * node->stride[i] + extent - node->pad[2 * i]
            - node->pad[2 * i + 1];
    else if (size + node->pad[2 * i] + node->pad[2 * i + 1] < extent)
      return FALSE;
    else
      out = (size + node->pad[2 * i] + node->pad[2 * i + 1] - extent)
                / node->stride[i]
            + 1;
    if (out < 1)
      return FALSE;
    node->dims[2 - i] = out;
  }
  return TRUE;
}

static gboolean
draw_convolution (const RandomGraph *self, Node *node, const Node *in)
{
  static const guint groups[] = { 1, 1, 1, 2, 3, 4 };
  gsize n_weights;

  if (!draw_window (self, node, in))
    return FALSE;
  node->groups = groups[draw (self, 0, G_N_ELEMENTS (groups) - 1)];
  if (node->type == NODE_TRANSPOSED)
    node->groups = 1;
  if (node->type == NODE_DEPTHWISE)
    node->groups = in->dims[3];
  if (in->dims[3] % node->groups != 0)
    return FALSE;
  node->dims[3] = node->type == NODE_DEPTHWISE
                      ? in->dims[3]
                      : node->groups * (guint) draw (self, 1, 12);
  node->weight_dims[0] = node->type == NODE_DEPTHWISE ? 1 : node->dims[3];
  node->weight_dims[1] = node->kernel[1];
  node->weight_dims[2] = node->kernel[0];
  node->weight_dims[3] =
      node->type == NODE_DEPTHWISE ? in->dims[3] : in->dims[3] / node->groups;
  n_weights = (gsize) node->weight_dims[0] * node->weight_dims[1]
              * node->weight_dims[2] * node->weight_dims[3];
  node->weights = draw_values (self, n_weights);
  node->weights_fix_point = draw_fix_point (self);
  if (draw (self, 0, 3) > 0) {
    node->bias = draw_values (self, node->dims[3]);
    node->bias_fix_point =
        CLAMP (in->fix_point + node->weights_fix_point + draw (self, -11, 4),
            LEAST_FIX_POINT, MOST_FIX_POINT);
    /* farther apart is no quantizer's */
    if (ABS (node->bias_fix_point - in->fix_point - node->weights_fix_point)
        > 16)
      g_clear_pointer (&node->bias, g_free);
  }
  return TRUE;
}

/* the DPU's factor for an average, from its compiler's table or search */
static void
find_factor (Node *node)
{
  static const struct {
    gint32 kernel[2];
    guint32 numerator;
    gint shift;
  } table[] = { { { 3, 3 }, 7, 6 }, { { 5, 5 }, 10, 8 } };
  guint taps = node->kernel[0] * node->kernel[1];
  gdouble least = 2;

  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    if (memcmp (table[i].kernel, node->kernel, sizeof (node->kernel)) == 0) {
      node->numerator = table[i].numerator;
      node->shift = table[i].shift;
      return;
    }
  }
  for (gint shift = 0; shift < ceil (log2 (taps * 128.0)); shift++) {
    gdouble factor = round (ldexp (1, shift) / taps);

    if (fabs (ldexp (factor, -shift) - 1.0 / taps) < least) {
      least = fabs (ldexp (factor, -shift) - 1.0 / taps);
      node->numerator = factor;
      node->shift = shift;
    }
  }
}

/* another node of the same shape, or the same once more */
static guint
find_like (const RandomGraph *self, guint index)
{
  const Node *node = random_graph_node (self, index);
  guint offset = draw (self, 0, self->nodes->len - 1);

  for (guint i = 0; i < self->nodes->len; i++) {
    guint candidate = (i + offset) % self->nodes->len;

    if (memcmp (random_graph_node (self, candidate)->dims, node->dims,
            sizeof (node->dims))
        == 0)
      return candidate;
  }
  return index;
}

static gboolean
draw_operands (const RandomGraph *self, Node *node, guint n)
{
  node->n_inputs = n;
  for (guint i = 1; i < n; i++)
    node->inputs[i] = find_like (self, node->inputs[0]);
  return TRUE;
}

static gboolean
draw_resize (const RandomGraph *self, Node *node, const Node *in)
{
  for (guint i = 0; i < 2; i++) {
    node->scale[i] = node->type == NODE_BILINEAR ? 1 << draw (self, 1, 3)
                                                 : draw (self, 1, 3);
    node->dims[2 - i] = in->dims[2 - i] * node->scale[i];
  }
  node->flag = node->type == NODE_BILINEAR && draw (self, 0, 1);
  return TRUE;
}

static gboolean
draw_reorganization (const RandomGraph *self, Node *node, const Node *in)
{
  guint scale = draw (self, 1, 3);

  node->scale[0] = scale;
  node->flag = draw (self, 0, 1);
  if (node->flag ? in->dims[3] % (scale * scale) != 0
                 : in->dims[1] % scale != 0 || in->dims[2] % scale != 0)
    return FALSE;
  for (guint i = 1; i < 3; i++)
    node->dims[i] = node->flag ? in->dims[i] * scale : in->dims[i] / scale;
  node->dims[3] =
      node->flag ? in->dims[3] / scale / scale : in->dims[3] * scale * scale;
  return TRUE;
}

static gboolean
draw_slice (const RandomGraph *self, Node *node, const Node *in)
{
  node->step[0] = 1;
  for (guint i = 1; i < 4; i++) {
    gint end;

    node->begin[i] = draw (self, 0, in->dims[i] - 1);
    node->step[i] = draw (self, 1, 3);
    end = draw (self, node->begin[i] + 1, in->dims[i]);
    node->dims[i] = (end - node->begin[i] + node->step[i] - 1) / node->step[i];
    node->pad[i] = end;
  }
  node->pad[0] = 1;
  return TRUE;
}

static gboolean
draw_shuffle (const RandomGraph *self, Node *node, const Node *in)
{
  static const gint32 orders[][4] = { { 0, 1, 2, 3 }, { 0, 2, 1, 3 },
    { 0, 3, 1, 2 }, { 0, 2, 3, 1 }, { 0, 3, 2, 1 }, { 0, 1, 3, 2 } };

  memcpy (node->order, orders[draw (self, 0, G_N_ELEMENTS (orders) - 1)],
      sizeof (node->order));
  for (guint i = 0; i < 4; i++)
    node->dims[i] = in->dims[node->order[i]];
  return TRUE;
}

/* what makes the node one of its type; %FALSE when the input does not do */
static gboolean
draw_parameters (const RandomGraph *self, Node *node, const Node *in)
{
  switch (node->type) {
    case NODE_CONVOLUTION:
    case NODE_DEPTHWISE:
    case NODE_TRANSPOSED:
      node->activation = draw (self, 0, NODE_ACTIVATION_LEAKY_RELU);
      return draw_convolution (self, node, in);
    case NODE_ADD:
      node->activation = draw (self, 0, NODE_ACTIVATION_LEAKY_RELU);
      return draw_operands (self, node, draw (self, 2, 3));
    case NODE_MULTIPLY:
      node->activation = draw (self, 0, NODE_ACTIVATION_LEAKY_RELU);
      return draw_operands (self, node, 2);
    case NODE_MAX_POOL:
      return draw_window (self, node, in);
    case NODE_AVERAGE_POOL:
      if (!draw_window (self, node, in))
        return FALSE;
      find_factor (node);
      return TRUE;
    case NODE_CONCATENATE:
      draw_operands (self, node, draw (self, 1, 3));
      node->axis = draw (self, 1, 3);
      node->dims[node->axis] *= node->n_inputs;
      return TRUE;
    case NODE_NEAREST:
    case NODE_BILINEAR:
      return draw_resize (self, node, in);
    case NODE_PAD:
      for (guint i = 2; i < 8; i++) {
        node->pad[i] = draw (self, 0, 2);
        node->dims[i / 2] += node->pad[i];
      }
      return TRUE;
    case NODE_REORGANIZE:
      return draw_reorganization (self, node, in);
    case NODE_RESHAPE:
      node->dims[1] = in->dims[3];
      node->dims[2] = in->dims[1];
      node->dims[3] = in->dims[2];
      return TRUE;
    case NODE_RELU:
    case NODE_RELU6:
    case NODE_LEAKY_RELU:
      node->activation = NODE_ACTIVATION_RELU + (node->type - NODE_RELU);
      return TRUE;
    case NODE_TRANSPOSE:
      return draw_shuffle (self, node, in);
    case NODE_SLICE:
      return draw_slice (self, node, in);
    default:
      return TRUE;
  }
}

static void
node_clear (Node *node)
{
  g_free (node->weights);
  g_free (node->bias);
  g_free (node->values);
}

/* all but the results; %FALSE when such a node cannot read that input */
static gboolean
draw_node (const RandomGraph *self, Node *node, NodeType type, guint input)
{
  const Node *in = random_graph_node (self, input);

  *node = (Node){ .type = type, .n_inputs = 1, .inputs = { input } };
  memcpy (node->dims, in->dims, sizeof (node->dims));
  if (draw_parameters (self, node, in) && node_get_size (node) <= MOST_ELEMENTS)
    return TRUE;
  node_clear (node);
  return FALSE;
}

static void
add_node (RandomGraph *self)
{
  NodeType last = self->compiled ? NODE_RESHAPE : N_NODE_TYPES - 1;
  NodeType type = draw (self, NODE_INPUT + 1, last);
  Node node;

  if (!draw_node (self, &node, type, draw (self, 0, self->nodes->len - 1)))
    return;
  finish (self, &node, random_graph_compute (self, &node), NULL);
  g_array_append_val (self->nodes, node);
}

/* one that may lie beside @first, if there is one already */
static gboolean
add_part (RandomGraph *self, guint n_nodes, const Node *first)
{
  static const NodeType types[] = { NODE_CONVOLUTION, NODE_ADD, NODE_MAX_POOL,
    NODE_NEAREST };
  NodeType type = types[draw (self, 0, G_N_ELEMENTS (types) - 1)];
  Node node;

  if (!draw_node (self, &node, type, draw (self, 0, n_nodes - 1)))
    return FALSE;
  if (first
      && (memcmp (node.dims, first->dims, 3 * sizeof (*node.dims)) != 0
          || get_most_fix_point (self, &node) < first->fix_point)) {
    node_clear (&node);
    return FALSE;
  }
  finish (self, &node, random_graph_compute (self, &node),
      first ? &first->fix_point : NULL);
  g_array_append_val (self->nodes, node);
  return TRUE;
}

/* A concatenation of channels of what nobody else reads, at one fix point, as most
 * of a network's are, and a pool that reads it. */
static void
add_joined_parts (RandomGraph *self)
{
  guint n_nodes = self->nodes->len;
  Node joined = { .type = NODE_CONCATENATE, .axis = 3 };
  Node first, reader;

  for (guint i = 0; i < 40 && joined.n_inputs < 3; i++) {
    if (add_part (self, n_nodes, joined.n_inputs > 0 ? &first : NULL)) {
      joined.inputs[joined.n_inputs] = n_nodes + joined.n_inputs;
      joined.n_inputs++;
      first = *random_graph_node (self, n_nodes);
    }
  }
  if (joined.n_inputs == 0)
    return;
  memcpy (joined.dims, first.dims, sizeof (joined.dims));
  for (guint i = 1; i < joined.n_inputs; i++)
    joined.dims[3] += random_graph_input (self, &joined, i)->dims[3];
  finish (
      self, &joined, random_graph_compute (self, &joined), &first.fix_point);
  g_array_append_val (self->nodes, joined);
  if (draw_node (self, &reader, NODE_MAX_POOL, self->nodes->len - 1)) {
    finish (self, &reader, random_graph_compute (self, &reader), NULL);
    g_array_append_val (self->nodes, reader);
  }
}

/**
 * random_graph_new:
 * @seed: of everything in it
 */
RandomGraph *
random_graph_new (guint32 seed, gboolean compiled)
{
  RandomGraph *self = g_new0 (RandomGraph, 1);
  Node input = { .type = NODE_INPUT };
  guint n_nodes;

  self->random = g_rand_new_with_seed (seed);
  self->compiled = compiled;
  self->nodes = g_array_new (FALSE, TRUE, sizeof (Node));
  g_array_set_clear_func (self->nodes, (GDestroyNotify) node_clear);
  input.dims[0] = 1;
  input.dims[1] = draw (self, 1, 9);
  input.dims[2] = draw (self, 1, 9);
  input.dims[3] = draw (self, 1, 12);
  input.fix_point = draw_fix_point (self);
  input.values = draw_values (self, node_get_size (&input));
  g_array_append_val (self->nodes, input);

  n_nodes = draw (self, 2, 8);
  while (self->nodes->len < n_nodes)
    add_node (self);
  if (draw (self, 0, 1))
    add_joined_parts (self);
  return self;
}

void
random_graph_free (RandomGraph *self)
{
  g_array_unref (self->nodes);
  g_rand_free (self->random);
  g_free (self);
}
