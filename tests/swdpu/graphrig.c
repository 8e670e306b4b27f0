/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Graphs as the quantizer writes them, operator by operator. */

#include "graphrig.h"

#include <gst/check/gstcheck.h>
#include <math.h>
#include <string.h>

#define FLOAT_TYPE 4

XmodelFile__Graph *
graphrig_new (void)
{
  return xmodel_sample_new ("graph");
}

XmodelFile__Op *
graphrig_add_op (XmodelFile__Graph *graph, const gchar *name, const gchar *type,
    const guint32 *dims, guint n_dims)
{
  XmodelFile__Op *op = xmodel_sample_add_op (graph, name, type, dims, n_dims);

  op->tensor->data_type = FLOAT_TYPE;
  op->tensor->bit_width = 32;
  xmodel_sample_subgraph_add_op (graph->root, name);
  return op;
}

/* the rounding of @input, an operator that is there already */
void
graphrig_add_fix (XmodelFile__Graph *graph, const gchar *name,
    const gchar *input, gint fix_point)
{
  XmodelFile__Op *source = NULL, *op;

  for (gsize i = 0; i < graph->n_ops; i++) {
    if (strcmp (graph->ops[i]->name, input) == 0)
      source = graph->ops[i];
  }
  op = graphrig_add_op (
      graph, name, "fix", source->tensor->dims, source->tensor->n_dims);
  xmodel_sample_add_input (op, "input", input);
  xmodel_sample_set_int (GRAPHRIG_ATTRIBUTES (op), "fix_point", fix_point);
  xmodel_sample_set_int (GRAPHRIG_ATTRIBUTES (op), "bit_width", 8);
  xmodel_sample_set_string (
      GRAPHRIG_ATTRIBUTES (op), "round_mode", "DPU_ROUND");
  xmodel_sample_set_bool (GRAPHRIG_ATTRIBUTES (op), "if_signed", TRUE);
}

static XmodelFile__Op *
add_source (XmodelFile__Graph *graph, const gchar *name, const gchar *type,
    const guint32 *dims, guint n_dims)
{
  XmodelFile__Op *op = graphrig_add_op (graph, name, type, dims, n_dims);

  xmodel_sample_set_ints (
      GRAPHRIG_ATTRIBUTES (op), "shape", (const gint32 *) dims, n_dims);
  xmodel_sample_set_string (GRAPHRIG_ATTRIBUTES (op), "data_type", "FLOAT32");
  return op;
}

/* @name is that of the rounded input */
void
graphrig_add_input (XmodelFile__Graph *graph, const gchar *name,
    const guint32 *dims, guint n_dims, gint fix_point)
{
  g_autofree gchar *source = g_strconcat (name, "_data", NULL);

  add_source (graph, source, "data", dims, n_dims);
  graphrig_add_fix (graph, name, source, fix_point);
}

void
graphrig_add_floats (XmodelFile__Graph *graph, const gchar *name,
    const guint32 *dims, guint n_dims, const gfloat *values)
{
  XmodelFile__Op *op = add_source (graph, name, "const", dims, n_dims);
  gsize n = 1;

  for (guint i = 0; i < n_dims; i++)
    n *= dims[i];
  xmodel_sample_set_bytes (GRAPHRIG_ATTRIBUTES (op), "data",
      (const guint8 *) values, n * sizeof (gfloat));
}

/* @name is that of the rounded constant */
void
graphrig_add_constant (XmodelFile__Graph *graph, const gchar *name,
    const guint32 *dims, guint n_dims, gint fix_point, const gint8 *values)
{
  g_autofree gchar *source = g_strconcat (name, "_data", NULL);
  g_autofree gfloat *floats = NULL;
  gsize n = 1;

  for (guint i = 0; i < n_dims; i++)
    n *= dims[i];
  floats = g_new (gfloat, n);
  for (gsize i = 0; i < n; i++)
    floats[i] = ldexpf (values[i], -fix_point);
  graphrig_add_floats (graph, source, dims, n_dims, floats);
  graphrig_add_fix (graph, name, source, fix_point);
}

/* @kernel, @stride, @dilation: width and height; @pad: left, right, top, bottom
 */
void
graphrig_set_window (XmodelFile__Op *op, const gint32 kernel[2],
    const gint32 stride[2], const gint32 dilation[2], const gint32 pad[4])
{
  XmodelSampleAttributes attributes = GRAPHRIG_ATTRIBUTES (op);

  xmodel_sample_set_ints (attributes, "kernel", kernel, 2);
  xmodel_sample_set_ints (attributes, "stride", stride, 2);
  if (dilation != NULL)
    xmodel_sample_set_ints (attributes, "dilation", dilation, 2);
  xmodel_sample_set_ints (attributes, "pad", pad, 4);
  xmodel_sample_set_string (attributes, "pad_mode", "FLOOR");
}

SwdpuProgram *
graphrig_open (const XmodelFile__Graph *graph, GError **error)
{
  g_autoptr (GBytes) bytes = xmodel_sample_pack (graph);

  return swdpu_program_get (bytes, graph->root->name, NULL, 1, error);
}

/* the graph's first output, for its only input */
gint8 *
graphrig_run (const XmodelFile__Graph *graph, const gint8 *input)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SwdpuProgram) program = graphrig_open (graph, &error);
  g_autoptr (SwdpuContext) context = NULL;

  fail_unless (
      program != NULL, "%s", error == NULL ? "no reason" : error->message);
  context = swdpu_context_new (program, &error);
  fail_unless (context != NULL);
  memcpy (swdpu_context_get_input (context, 0), input,
      swdpu_program_get_input (program, 0).size);
  fail_unless (swdpu_context_run (context, &error));
  return g_memdup2 (swdpu_context_get_output (context, 0),
      swdpu_program_get_output (program, 0).size);
}
