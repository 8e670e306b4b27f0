/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* A compiled model in the form of a YOLOv5, small and of random weights: each
 * of the three heads is one convolution of the picture. */

#include "samples.h"

#define INPUT_SIZE 64
#define N_CHANNELS 3
#define INPUT_BYTES (INPUT_SIZE * INPUT_SIZE * N_CHANNELS)
#define INPUT_FIX_POINT 6
#define HEAD_FIX_POINT 4
/* three anchors of a box, an objectness and two classes */
#define N_OUTPUTS (3 * (5 + 2))
#define N_HEADS 3
#define MIN_STRIDE 8

/* where the next tensor lies in its register */
typedef struct {
  XmodelFile__Graph *graph;
  XmodelFile__Subgraph *dpu;
  XmodelFile__Subgraph *cpu;
  GRand *random;
  GByteArray *parameters;
  gint output_register;
  gint output_address;
} Detector;

static void
add_parameters (Detector *self, const gchar *name, const guint32 *dims,
    guint n_dims, gint fix_point, gint32 range)
{
  XmodelFile__Op *op =
      xmodel_sample_add_source (self->graph, name, "const-fix", dims, n_dims);
  guint size = 1, i;

  xmodel_sample_place_tensor (op, fix_point, 0, self->parameters->len);
  for (i = 0; i < n_dims; i++)
    size *= dims[i];
  for (i = 0; i < size; i++) {
    gint8 value = g_rand_int_range (self->random, -range, range + 1);

    g_byte_array_append (self->parameters, (const guint8 *) &value, 1);
  }
}

static void
add_convolution (Detector *self, const gchar *name, guint stride,
    const gchar *weights, const gchar *bias)
{
  const guint32 dims[] = { 1, INPUT_SIZE / stride, INPUT_SIZE / stride,
    N_OUTPUTS };
  const gint32 window[] = { stride, stride };
  static const gint32 ones[] = { 1, 1 };
  static const gint32 pad[] = { 0, 0, 0, 0 };
  XmodelFile__Op *op =
      xmodel_sample_add_op (self->graph, name, "conv2d-fix", dims, 4);
  XmodelSampleAttributes attributes = XMODEL_SAMPLE_ATTRIBUTES (op);

  xmodel_sample_add_input (op, "input", "upload");
  xmodel_sample_add_input (op, "weights", weights);
  xmodel_sample_add_input (op, "bias", bias);
  xmodel_sample_set_ints (attributes, "kernel", window, 2);
  xmodel_sample_set_ints (attributes, "stride", window, 2);
  xmodel_sample_set_ints (attributes, "dilation", ones, 2);
  xmodel_sample_set_ints (attributes, "pad", pad, 4);
  xmodel_sample_set_string (attributes, "pad_mode", "FLOOR");
  xmodel_sample_set_string (attributes, "nonlinear", "NONE");
  xmodel_sample_set_int (attributes, "group", 1);
  xmodel_sample_place_tensor (
      op, HEAD_FIX_POINT, self->output_register, self->output_address);
  self->output_address += dims[1] * dims[2] * dims[3];
}

static void
add_output (
    Detector *self, const gchar *name, guint stride, const gchar *convolution)
{
  const guint32 dims[] = { 1, INPUT_SIZE / stride, INPUT_SIZE / stride,
    N_OUTPUTS };
  g_autofree gchar *download = g_strconcat (name, "_download", NULL);
  XmodelFile__Op *op =
      xmodel_sample_add_op (self->graph, download, "download", dims, 4);

  xmodel_sample_add_input (op, "input", convolution);
  xmodel_sample_place_tensor (op, HEAD_FIX_POINT, -1, 0);
  xmodel_sample_subgraph_add_op (
      xmodel_sample_add_subgraph (self->dpu, download), download);
  xmodel_sample_add_fix2float (
      self->graph, name, download, dims, HEAD_FIX_POINT);
  xmodel_sample_subgraph_add_op (
      xmodel_sample_add_subgraph (self->cpu, name), name);
}

static void
add_head (Detector *self, guint stride)
{
  const guint32 weight_dims[] = { N_OUTPUTS, stride, stride, N_CHANNELS };
  const guint32 bias_dims[] = { N_OUTPUTS };
  g_autofree gchar *name = g_strdup_printf ("head%u", stride);
  g_autofree gchar *convolution = g_strconcat (name, "_conv", NULL);
  g_autofree gchar *weights = g_strconcat (name, "_weights", NULL);
  g_autofree gchar *bias = g_strconcat (name, "_bias", NULL);
  XmodelFile__Subgraph *layer =
      xmodel_sample_add_subgraph (self->dpu, convolution);

  add_parameters (self, weights, weight_dims, 4, 8, MAX (64 / stride, 1));
  add_parameters (self, bias, bias_dims, 1, 5, 40);
  add_convolution (self, convolution, stride, weights, bias);
  xmodel_sample_subgraph_add_op (layer, weights);
  xmodel_sample_subgraph_add_op (layer, bias);
  xmodel_sample_subgraph_add_op (layer, convolution);
  add_output (self, name, stride, convolution);
}

static void
add_input (Detector *self)
{
  static const guint32 dims[] = { 1, INPUT_SIZE, INPUT_SIZE, N_CHANNELS };
  XmodelFile__Op *op;

  op = xmodel_sample_add_source (self->graph, "input", "data-fix", dims, 4);
  xmodel_sample_place_tensor (op, INPUT_FIX_POINT, -1, 0);
  op = xmodel_sample_add_op (self->graph, "upload", "upload", dims, 4);
  xmodel_sample_add_input (op, "input", "input");
  xmodel_sample_place_tensor (op, INPUT_FIX_POINT, 2, 0);
  xmodel_sample_subgraph_add_op (
      xmodel_sample_add_subgraph (self->dpu, "upload"), "upload");
}

/* @shared: whether input and outputs lie in one register */
XmodelFile__Graph *
xmodel_sample_new_detector (guint32 seed, gboolean shared)
{
  XmodelFile__Graph *graph = xmodel_sample_new ("detector");
  Detector self = { graph };
  XmodelFile__Subgraph *user;
  guint i;

  self.random = g_rand_new_with_seed (seed);
  self.parameters = g_byte_array_new ();
  user = xmodel_sample_add_subgraph (graph->root, "subgraph_input");
  xmodel_sample_set_string (XMODEL_SAMPLE_ATTRIBUTES (user), "device", "USER");
  xmodel_sample_subgraph_add_op (user, "input");
  self.dpu = xmodel_sample_add_subgraph (graph->root, "subgraph_heads");
  self.cpu = xmodel_sample_add_subgraph (graph->root, "subgraph_output");
  xmodel_sample_set_string (
      XMODEL_SAMPLE_ATTRIBUTES (self.cpu), "device", "CPU");

  self.output_register = shared ? 2 : 3;
  self.output_address = shared ? INPUT_BYTES : 0;
  add_input (&self);
  for (i = 0; i < N_HEADS; i++)
    add_head (&self, MIN_STRIDE << i);
  xmodel_sample_describe_dpu (self.dpu, self.parameters->data,
      self.parameters->len, 0, shared ? self.output_address : INPUT_BYTES,
      shared ? 0 : self.output_address);

  g_byte_array_unref (self.parameters);
  g_rand_free (self.random);
  return graph;
}
