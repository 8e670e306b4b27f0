/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What each operator has to compute, before its rounding. */

#include "randomgraph.h"

#include <math.h>

/* value * 2^-shift, ties up, as real numbers would be rounded */
gint64
node_shift_round (gint64 value, gint shift)
{
  gint64 unit;

  if (shift <= 0)
    return value * ((gint64) 1 << -shift);
  unit = (gint64) 1 << shift;
  value += unit / 2;
  return value >= 0 ? value / unit : -((-value + unit - 1) / unit);
}

static gint64
get_value (const Node *node, gint64 y, gint64 x, guint channel)
{
  if (y < 0 || x < 0 || y >= node->dims[1] || x >= node->dims[2])
    return 0;
  return node->values[(y * node->dims[2] + x) * node->dims[3] + channel];
}

/* of a transposed convolution, zeros lie between the input's pixels */
static gint64
get_dilated (const Node *in, const Node *node, gint64 y, gint64 x, guint c)
{
  if (node->type != NODE_TRANSPOSED)
    return get_value (in, y, x, c);
  if (y < 0 || x < 0 || y % node->stride[1] != 0 || x % node->stride[0] != 0)
    return 0;
  return get_value (in, y / node->stride[1], x / node->stride[0], c);
}

/* depthwise weights are [1][row][column][channel], others [out][row][column][in] */
static gint64
get_weight (const Node *node, guint out, gint row, gint column, guint in)
{
  gsize tap = (gsize) row * node->kernel[0] + column;
  gsize taps = (gsize) node->kernel[0] * node->kernel[1];

  if (node->type == NODE_DEPTHWISE)
    return node->weights[tap * node->dims[3] + out];
  return node->weights[(out * taps + tap) * node->weight_dims[3] + in];
}

static gint64
convolve (const RandomGraph *self, const Node *node, guint y, guint x, guint c)
{
  const Node *in = random_graph_input (self, node, 0);
  gboolean transposed = node->type == NODE_TRANSPOSED;
  guint n_in = in->dims[3] / node->groups;
  guint first = c / (node->dims[3] / node->groups) * n_in;
  gint64 sum = 0;

  for (gint row = 0; row < node->kernel[1]; row++) {
    for (gint column = 0; column < node->kernel[0]; column++) {
      gint64 top = transposed
                       ? (gint64) y - (node->kernel[1] - 1 - node->pad[2])
                       : (gint64) y * node->stride[1] - node->pad[2];
      gint64 left = transposed
                        ? (gint64) x - (node->kernel[0] - 1 - node->pad[0])
                        : (gint64) x * node->stride[0] - node->pad[0];

      for (guint i = 0; i < n_in; i++)
        sum += get_dilated (in, node, top + row * node->dilation[1],
                   left + column * node->dilation[0], first + i)
               * get_weight (node, c, row, column, i);
    }
  }
  return sum;
}

static NodeExact
compute_convolution (const RandomGraph *self, const Node *node)
{
  gint fix_point =
      random_graph_input (self, node, 0)->fix_point + node->weights_fix_point;
  NodeExact exact = { g_new (gint64, node_get_size (node)), fix_point };
  gint64 *next = exact.values;

  if (node->bias != NULL)
    exact.fix_point = MAX (fix_point, node->bias_fix_point);
  for (guint y = 0; y < node->dims[1]; y++) {
    for (guint x = 0; x < node->dims[2]; x++) {
      for (guint c = 0; c < node->dims[3]; c++) {
        gint64 sum = convolve (self, node, y, x, c)
                     * ((gint64) 1 << (exact.fix_point - fix_point));

        if (node->bias != NULL)
          sum += node->bias[c]
                 * ((gint64) 1 << (exact.fix_point - node->bias_fix_point));
        *next++ = sum;
      }
    }
  }
  return exact;
}

/* the quantizer adds exactly, the DPU rounds to the coarsest operand first */
static NodeExact
compute_sum (const RandomGraph *self, const Node *node)
{
  gsize n = node_get_size (node);
  NodeExact exact = { g_new0 (gint64, n),
    random_graph_input (self, node, 0)->fix_point };

  for (guint i = 1; i < node->n_inputs; i++) {
    gint fix_point = random_graph_input (self, node, i)->fix_point;

    exact.fix_point = self->compiled ? MIN (exact.fix_point, fix_point)
                                     : MAX (exact.fix_point, fix_point);
  }
  for (guint i = 0; i < node->n_inputs; i++) {
    const Node *in = random_graph_input (self, node, i);

    for (gsize j = 0; j < n; j++)
      exact.values[j] +=
          node_shift_round (in->values[j], in->fix_point - exact.fix_point);
  }
  return exact;
}

static NodeExact
compute_product (const RandomGraph *self, const Node *node)
{
  const Node *a = random_graph_input (self, node, 0),
             *b = random_graph_input (self, node, 1);
  gsize n = node_get_size (node);
  NodeExact exact = { g_new (gint64, n), a->fix_point + b->fix_point };

  for (gsize i = 0; i < n; i++)
    exact.values[i] = (gint64) a->values[i] * b->values[i];
  return exact;
}

static gint64
pool (const Node *node, const Node *in, guint y, guint x, guint c)
{
  gint64 sum = 0, largest = -128;

  for (gint row = 0; row < node->kernel[1]; row++) {
    for (gint column = 0; column < node->kernel[0]; column++) {
      gint64 at_y = (gint64) y * node->stride[1] - node->pad[2] + row;
      gint64 at_x = (gint64) x * node->stride[0] - node->pad[0] + column;

      sum += get_value (in, at_y, at_x, c);
      if (at_y >= 0 && at_x >= 0 && at_y < in->dims[1] && at_x < in->dims[2])
        largest = MAX (largest, get_value (in, at_y, at_x, c));
    }
  }
  return node->type == NODE_MAX_POOL ? largest : sum * node->numerator;
}

static NodeExact
compute_pool (const RandomGraph *self, const Node *node)
{
  const Node *in = random_graph_input (self, node, 0);
  NodeExact exact = { g_new (gint64, node_get_size (node)), in->fix_point };
  gint64 *next = exact.values;

  if (node->type == NODE_AVERAGE_POOL)
    exact.fix_point += node->shift;
  for (guint y = 0; y < node->dims[1]; y++) {
    for (guint x = 0; x < node->dims[2]; x++) {
      for (guint c = 0; c < node->dims[3]; c++)
        *next++ = pool (node, in, y, x, c);
    }
  }
  return exact;
}

static NodeExact
compute_concatenation (const RandomGraph *self, const Node *node)
{
  NodeExact exact = { g_new (gint64, node_get_size (node)), G_MININT };
  guint start = 0;

  for (guint i = 0; i < node->n_inputs; i++)
    exact.fix_point =
        MAX (exact.fix_point, random_graph_input (self, node, i)->fix_point);
  for (guint i = 0; i < node->n_inputs; i++) {
    const Node *in = random_graph_input (self, node, i);

    for (gsize j = 0; j < node_get_size (in); j++) {
      guint place[3] = { j / in->dims[3] / in->dims[2],
        j / in->dims[3] % in->dims[2], j % in->dims[3] };

      place[node->axis - 1] += start;
      exact.values[(place[0] * node->dims[2] + place[1]) * node->dims[3]
                   + place[2]] =
          node_shift_round (in->values[j], in->fix_point - exact.fix_point);
    }
    start += in->dims[node->axis];
  }
  return exact;
}

static gdouble
interpolate (const Node *node, const Node *in, guint y, guint x, guint c)
{
  gdouble offset = node->flag ? 0.5 : 0;
  gdouble at_y = (y + offset) / node->scale[1] - offset;
  gdouble at_x = (x + offset) / node->scale[0] - offset;
  gdouble sum = 0;

  for (guint i = 0; i < 4; i++) {
    gint row = floor (at_y) + i / 2, column = floor (at_x) + i % 2;

    sum += get_value (in, CLAMP (row, 0, (gint) in->dims[1] - 1),
               CLAMP (column, 0, (gint) in->dims[2] - 1), c)
           * (1 - fabs (at_y - row)) * (1 - fabs (at_x - column));
  }
  return sum;
}

static NodeExact
compute_resize (const RandomGraph *self, const Node *node)
{
  const Node *in = random_graph_input (self, node, 0);
  gint bits = node->type == NODE_BILINEAR ? 8 : 0;
  NodeExact exact = { g_new (gint64, node_get_size (node)),
    in->fix_point + bits };
  gint64 *next = exact.values;

  for (guint y = 0; y < node->dims[1]; y++) {
    for (guint x = 0; x < node->dims[2]; x++) {
      for (guint c = 0; c < node->dims[3]; c++)
        *next++ =
            node->type == NODE_BILINEAR
                ? (gint64) ldexp (interpolate (node, in, y, x, c), bits)
                : get_value (in, y / node->scale[1], x / node->scale[0], c);
    }
  }
  return exact;
}

/* relu6 (x + 3) * 2731 / 2^14 */
static NodeExact
compute_hard_sigmoid (const RandomGraph *self, const Node *node)
{
  const Node *in = random_graph_input (self, node, 0);
  gsize n = node_get_size (node);
  gint up = MAX (-in->fix_point, 0);
  gint fix_point = in->fix_point + up;
  NodeExact exact = { g_new (gint64, n), fix_point + 14 };

  for (gsize i = 0; i < n; i++)
    exact.values[i] =
        CLAMP (in->values[i] * ((gint64) 1 << up) + ((gint64) 3 << fix_point),
            0, (gint64) 6 << fix_point)
        * 2731;
  return exact;
}

/* which element of the input is at a place of the output; negative for none */
static gint64
find_source (const Node *node, const Node *in, const guint at[3])
{
  gint64 place[3] = { at[0], at[1], at[2] };
  guint scale = node->scale[0];

  switch (node->type) {
    case NODE_PAD:
      for (guint i = 0; i < 3; i++) {
        place[i] -= node->pad[2 * (i + 1)];
        if (place[i] < 0 || place[i] >= in->dims[i + 1])
          return -1;
      }
      break;
    case NODE_REORGANIZE:
      if (node->flag) {
        /* depth to space */
        place[2] =
            ((at[0] % scale) * scale + at[1] % scale) * node->dims[3] + at[2];
        place[0] = at[0] / scale;
        place[1] = at[1] / scale;
      } else {
        guint block = at[2] / in->dims[3];

        place[0] = at[0] * scale + block / scale;
        place[1] = at[1] * scale + block % scale;
        place[2] = at[2] % in->dims[3];
      }
      break;
    case NODE_RESHAPE:
      return ((gint64) at[0] * node->dims[2] + at[1]) * node->dims[3] + at[2];
    case NODE_TRANSPOSE:
      for (guint i = 0; i < 3; i++)
        place[node->order[i + 1] - 1] = at[i];
      break;
    case NODE_SLICE:
      for (guint i = 0; i < 3; i++)
        place[i] = node->begin[i + 1] + (gint64) at[i] * node->step[i + 1];
      break;
    default:
      break;
  }
  return (place[0] * in->dims[2] + place[1]) * in->dims[3] + place[2];
}

static NodeExact
compute_movement (const RandomGraph *self, const Node *node)
{
  const Node *in = random_graph_input (self, node, 0);
  NodeExact exact = { g_new (gint64, node_get_size (node)), in->fix_point };
  gint64 *next = exact.values;
  guint at[3];

  for (at[0] = 0; at[0] < node->dims[1]; at[0]++) {
    for (at[1] = 0; at[1] < node->dims[2]; at[1]++) {
      for (at[2] = 0; at[2] < node->dims[3]; at[2]++) {
        gint64 source = find_source (node, in, at);

        *next++ = source < 0 ? 0 : in->values[source];
      }
    }
  }
  return exact;
}

NodeExact
random_graph_compute (const RandomGraph *self, const Node *node)
{
  switch (node->type) {
    case NODE_CONVOLUTION:
    case NODE_DEPTHWISE:
    case NODE_TRANSPOSED:
      return compute_convolution (self, node);
    case NODE_ADD:
      return compute_sum (self, node);
    case NODE_MULTIPLY:
      return compute_product (self, node);
    case NODE_MAX_POOL:
    case NODE_AVERAGE_POOL:
      return compute_pool (self, node);
    case NODE_CONCATENATE:
      return compute_concatenation (self, node);
    case NODE_NEAREST:
    case NODE_BILINEAR:
      return compute_resize (self, node);
    case NODE_HARD_SIGMOID:
      return compute_hard_sigmoid (self, node);
    default:
      return compute_movement (self, node);
  }
}
