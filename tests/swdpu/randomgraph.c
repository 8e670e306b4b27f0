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

/* exact results and the fix point they are at */
typedef struct {
  gint64 *values;
  gint fix_point;
} Exact;

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

/* value * 2^-shift, ties up, as real numbers would be rounded */
static gint64
shift_round (gint64 value, gint shift)
{
  gint64 unit;

  if (shift <= 0)
    return value * ((gint64) 1 << -shift);
  unit = (gint64) 1 << shift;
  value += unit / 2;
  return value >= 0 ? value / unit : -((-value + unit - 1) / unit);
}

static gint8
saturate (gint64 value)
{
  return CLAMP (value, -128, 127);
}

static void
apply_activation (NodeActivation activation, Exact *exact, gsize n)
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
choose_fix_point (const RandomGraph *self, const Exact *exact, gsize n)
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

static const Node *
get_input (const RandomGraph *self, const Node *node, guint index)
{
  return random_graph_node (self, node->inputs[index]);
}

/* takes @exact */
static void
finish (const RandomGraph *self, Node *node, Exact exact)
{
  gsize n = node_get_size (node);

  apply_activation (node->activation, &exact, n);
  node->fix_point = choose_fix_point (self, &exact, n);
  /* nobody gains more bits than eight by a convolution */
  if (node->weights != NULL)
    node->fix_point = MIN (node->fix_point,
        get_input (self, node, 0)->fix_point + node->weights_fix_point + 8);
  node->values = g_malloc (n);
  for (gsize i = 0; i < n; i++)
    node->values[i] = saturate (
        shift_round (exact.values[i], exact.fix_point - node->fix_point));
  g_free (exact.values);
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
  const Node *in = get_input (self, node, 0);
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

static Exact
compute_convolution (const RandomGraph *self, const Node *node)
{
  gint fix_point =
      get_input (self, node, 0)->fix_point + node->weights_fix_point;
  Exact exact = { g_new (gint64, node_get_size (node)), fix_point };
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
static Exact
compute_sum (const RandomGraph *self, const Node *node)
{
  gsize n = node_get_size (node);
  Exact exact = { g_new0 (gint64, n), get_input (self, node, 0)->fix_point };

  for (guint i = 1; i < node->n_inputs; i++) {
    gint fix_point = get_input (self, node, i)->fix_point;

    exact.fix_point = self->compiled ? MIN (exact.fix_point, fix_point)
                                     : MAX (exact.fix_point, fix_point);
  }
  for (guint i = 0; i < node->n_inputs; i++) {
    const Node *in = get_input (self, node, i);

    for (gsize j = 0; j < n; j++)
      exact.values[j] +=
          shift_round (in->values[j], in->fix_point - exact.fix_point);
  }
  return exact;
}

static Exact
compute_product (const RandomGraph *self, const Node *node)
{
  const Node *a = get_input (self, node, 0), *b = get_input (self, node, 1);
  gsize n = node_get_size (node);
  Exact exact = { g_new (gint64, n), a->fix_point + b->fix_point };

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

static Exact
compute_pool (const RandomGraph *self, const Node *node)
{
  const Node *in = get_input (self, node, 0);
  Exact exact = { g_new (gint64, node_get_size (node)), in->fix_point };
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

static Exact
compute_concatenation (const RandomGraph *self, const Node *node)
{
  Exact exact = { g_new (gint64, node_get_size (node)), G_MININT };
  guint start = 0;

  for (guint i = 0; i < node->n_inputs; i++)
    exact.fix_point =
        MAX (exact.fix_point, get_input (self, node, i)->fix_point);
  for (guint i = 0; i < node->n_inputs; i++) {
    const Node *in = get_input (self, node, i);

    for (gsize j = 0; j < node_get_size (in); j++) {
      guint place[3] = { j / in->dims[3] / in->dims[2],
        j / in->dims[3] % in->dims[2], j % in->dims[3] };

      place[node->axis - 1] += start;
      exact.values[(place[0] * node->dims[2] + place[1]) * node->dims[3]
                   + place[2]] =
          shift_round (in->values[j], in->fix_point - exact.fix_point);
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

static Exact
compute_resize (const RandomGraph *self, const Node *node)
{
  const Node *in = get_input (self, node, 0);
  gint bits = node->type == NODE_BILINEAR ? 8 : 0;
  Exact exact = { g_new (gint64, node_get_size (node)), in->fix_point + bits };
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
static Exact
compute_hard_sigmoid (const RandomGraph *self, const Node *node)
{
  const Node *in = get_input (self, node, 0);
  gsize n = node_get_size (node);
  gint up = MAX (-in->fix_point, 0);
  gint fix_point = in->fix_point + up;
  Exact exact = { g_new (gint64, n), fix_point + 14 };

  for (gsize i = 0; i < n; i++)
    exact.values[i] =
        CLAMP (((gint64) in->values[i] << up) + ((gint64) 3 << fix_point), 0,
            (gint64) 6 << fix_point)
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

static Exact
compute_movement (const RandomGraph *self, const Node *node)
{
  const Node *in = get_input (self, node, 0);
  Exact exact = { g_new (gint64, node_get_size (node)), in->fix_point };
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

static Exact
compute (const RandomGraph *self, const Node *node)
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

static void
add_node (RandomGraph *self)
{
  NodeType last = self->compiled ? NODE_RESHAPE : N_NODE_TYPES - 1;
  Node node = { .type = draw (self, NODE_INPUT + 1, last), .n_inputs = 1 };
  const Node *in;

  node.inputs[0] = draw (self, 0, self->nodes->len - 1);
  in = random_graph_node (self, node.inputs[0]);
  memcpy (node.dims, in->dims, sizeof (node.dims));
  if (!draw_parameters (self, &node, in)
      || node_get_size (&node) > MOST_ELEMENTS) {
    node_clear (&node);
    return;
  }
  finish (self, &node, compute (self, &node));
  g_array_append_val (self->nodes, node);
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
  return self;
}

void
random_graph_free (RandomGraph *self)
{
  g_array_unref (self->nodes);
  g_rand_free (self->random);
  g_free (self);
}
