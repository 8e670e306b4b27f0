/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* A model with the operators whose shapes libxir computes with when it loads
 * them, far more than a detector has. */

#include "samples.h"

#include <string.h>

/* Inputs are argument=operator, attributes name:type=values, where the type is
 * a letter: b, i, f, s for one value, I, F for a list. */
typedef struct {
  const gchar *name;
  const gchar *type;
  const gchar *inputs;
  const gchar *attributes;
} Row;

static const Row rows[] = {
  { "image", "data", "", "shape:I=1,8,8,4 data_type:s=FLOAT32" },
  { "volume", "data", "", "shape:I=1,8,8,8,4 data_type:s=FLOAT32" },
  { "matrix", "data", "", "shape:I=8,8 data_type:s=FLOAT32" },
  { "noise", "random_standard_normal", "",
      "shape:I=1,8,8,4 data_type:s=FLOAT32 seed:i=1" },
  { "weights", "const", "", "shape:I=4,3,3,4 data_type:s=FLOAT32 data:z" },
  { "weights3", "const", "", "shape:I=4,3,3,3,4 data_type:s=FLOAT32 data:z" },
  { "factors", "const", "", "shape:I=1,3,3,4 data_type:s=FLOAT32 data:z" },
  { "bias", "const", "", "shape:I=4 data_type:s=FLOAT32 data:z" },
  { "size", "const", "", "shape:I=2 data_type:s=INT32 data:z" },
  { "divisor", "const", "", "shape:I=1 data_type:s=INT32 data:z" },
  { "shape", "shape", "input=image", "" },
  { "half", "div", "input=shape,divisor", "" },
  { "twice", "mul", "input=shape,divisor", "" },
  { "stack", "stack", "input=divisor,divisor", "axis:i=0" },
  { "conv", "conv2d", "input=image weights=weights bias=bias",
      "kernel:I=3,3 stride:I=1,1 dilation:I=1,1 pad:I=1,1,1,1 "
      "pad_mode:s=FLOOR group:i=1" },
  { "depthwise", "depthwise-conv2d", "input=image weights=factors",
      "kernel:I=3,3 stride:I=2,2 pad:I=1,0,1,0 pad_mode:s=CEIL" },
  { "transposed", "transposed-conv2d", "input=image weights=weights",
      "kernel:I=3,3 stride:I=2,2 pad_mode:s=SAME" },
  { "conv3", "conv3d", "input=volume weights=weights3",
      "kernel:I=3,3,3 stride:I=1,1,1 dilation:I=1,1,1 pad:I=1,1,1,1,1,1 "
      "pad_mode:s=VALID" },
  { "product", "inner-product", "input=matrix weights=matrix", "axis:i=1" },
  { "matmul", "matmul", "input=matrix,matrix",
      "transpose_a:b=0 transpose_b:b=1" },
  { "pool", "avgpool2d", "input=image",
      "kernel:I=2,2 stride:I=2,2 pad_mode:s=FLOOR global:b=0" },
  { "add", "add", "input=image,bias,noise", "" },
  { "batchnorm", "batchnorm",
      "input=image gamma=bias beta=bias moving_mean=bias moving_var=bias",
      "axis:i=3 epsilon:f=0.001" },
  { "sum", "reduction_sum", "input=image", "axis:I=1,2 keep_dims:b=0" },
  { "count", "reduction_product", "input=shape", "axis:I=0 keep_dims:b=1" },
  { "concat", "concat", "input=image,noise", "axis:i=-1" },
  { "resize", "resize", "input=conv size=size",
      "mode:s=BILINEAR align_corners:b=0 half_pixel_centers:b=0" },
  { "scaled", "resize", "input=conv", "mode:s=NEAREST scale:F=2,2" },
  { "upsample", "upsample-fix", "input=conv", "mode:s=NEAREST scale:F=2,2" },
  { "reorg", "reorg", "input=image", "scale:i=2 reverse:b=0" },
  { "tiling", "gstiling", "input=image", "stride:i=2 reverse:b=1" },
  { "shuffle", "pixel-shuffle", "input=image", "scale:i=2 upscale:b=1" },
  { "reshape", "reshape", "input=image", "shape:I=0,-1,4" },
  { "reshaped", "reshape", "input=matrix shape=size", "" },
  { "fixed", "reshape-fix", "input=matrix", "shape:I=4,16" },
  { "squeeze", "squeeze", "input=image", "axis:I=0" },
  { "flatten", "flatten", "input=image", "start_axis:i=1 end_axis:i=-1" },
  { "transpose", "transpose", "input=image", "order:I=0,3,1,2" },
  { "pad", "pad", "input=image", "paddings:I=0,0,1,1,1,1,0,0 mode:s=CONSTANT" },
  { "slice", "strided_slice", "input=image",
      "begin:I=0,0,1,0 end:I=1,8,8,4 strides:I=1,2,2,1 begin_mask:i=1 "
      "end_mask:i=15 shrink_axis_mask:i=1" },
  { "priors", "priorbox", "input=image",
      "min_sizes:F=1,2 aspect_ratio:F=2,3 flip:b=1 clip:b=0 "
      "variance:F=0.1 step:F=1 offset:f=0.5" },
  { "custom", "my-own", "input=image,bias",
      "shape:I=1,2,3 data_type:s=FLOAT32" },
};

static void
set_list (XmodelSampleAttributes attributes, const gchar *name, gchar **values,
    gboolean is_float)
{
  gsize n_values = g_strv_length (values), i;
  g_autofree gint32 *ints = g_new (gint32, n_values);
  g_autofree gfloat *floats = g_new (gfloat, n_values);

  for (i = 0; i < n_values; i++) {
    ints[i] = (gint32) g_ascii_strtoll (values[i], NULL, 10);
    floats[i] = g_ascii_strtod (values[i], NULL);
  }
  if (is_float)
    xmodel_sample_set_floats (attributes, name, floats, n_values);
  else
    xmodel_sample_set_ints (attributes, name, ints, n_values);
}

/* twos, as many as the shape before it says: halves of a reshape and divisors
 * alike */
static void
set_data (XmodelFile__Op *op)
{
  g_autofree gint32 *twos = NULL;
  gsize n_elements = 1, i;

  for (i = 0; i < op->tensor->n_dims; i++)
    n_elements *= op->tensor->dims[i];
  twos = g_new (gint32, n_elements);
  for (i = 0; i < n_elements; i++)
    twos[i] = strcmp (op->name, "size") == 0 ? 8 : 2;
  xmodel_sample_set_bytes (XMODEL_SAMPLE_ATTRIBUTES (op), "data",
      (const guint8 *) twos, n_elements * sizeof (*twos));
}

static void
set_attribute (XmodelFile__Op *op, const gchar *text)
{
  XmodelSampleAttributes attributes = XMODEL_SAMPLE_ATTRIBUTES (op);
  g_auto (GStrv) parts = g_strsplit_set (text, ":=", 3);
  const gchar *name = parts[0], *value = parts[2];
  g_auto (GStrv) values = value != NULL ? g_strsplit (value, ",", 0) : NULL;

  switch (parts[1][0]) {
    case 'b':
      xmodel_sample_set_bool (attributes, name, value[0] == '1');
      break;
    case 'i':
      xmodel_sample_set_int (
          attributes, name, (gint) g_ascii_strtoll (value, NULL, 10));
      break;
    case 'f':
      xmodel_sample_set_float (attributes, name, g_ascii_strtod (value, NULL));
      break;
    case 's':
      xmodel_sample_set_string (attributes, name, value);
      break;
    case 'I':
    case 'F':
      set_list (attributes, name, values, parts[1][0] == 'F');
      break;
    default:
      set_data (op);
      break;
  }
}

static void
add_inputs (XmodelFile__Op *op, const gchar *text)
{
  g_auto (GStrv) arguments = g_strsplit (text, " ", 0);
  guint i, j;

  for (i = 0; arguments[i] != NULL && *arguments[i] != '\0'; i++) {
    g_auto (GStrv) parts = g_strsplit_set (arguments[i], "=,", 0);

    for (j = 1; parts[j] != NULL; j++)
      xmodel_sample_add_input (op, parts[0], parts[j]);
  }
}

/* sources have the shape they declare; what the others have does not matter,
 * as long as those that read them can be inferred */
static void
shape_tensor (XmodelFile__Op *op)
{
  XmodelFile__Attribute *shape = NULL, *data_type;
  gsize i;

  for (i = 0; i < op->n_attributes; i++) {
    if (strcmp (op->attributes[i]->key, "shape") == 0)
      shape = op->attributes[i]->value;
  }
  if (op->n_arguments > 0 && strcmp (op->type, "my-own") != 0)
    return;
  data_type =
      xmodel_sample_get_attribute (XMODEL_SAMPLE_ATTRIBUTES (op), "data_type");
  if (strcmp (data_type->string_value, "INT32") == 0)
    op->tensor->data_type = 0;
  g_free (op->tensor->dims);
  op->tensor->n_dims = shape->int32s->n_values;
  op->tensor->dims =
      g_memdup2 (shape->int32s->values, op->tensor->n_dims * sizeof (guint32));
}

static void
add_row (XmodelFile__Graph *graph, const Row *row)
{
  static const guint32 dims[] = { 1, 8, 8, 4 };
  static const guint32 shape_dims[] = { 4 };
  g_auto (GStrv) attributes = g_strsplit (row->attributes, " ", 0);
  gboolean is_shape = strcmp (row->type, "shape") == 0
                      || g_str_has_prefix (row->inputs, "input=shape");
  XmodelFile__Op *op = xmodel_sample_add_op (graph, row->name, row->type,
      is_shape ? shape_dims : dims, is_shape ? 1 : 4);
  guint i;

  op->tensor->data_type = 4;
  op->tensor->bit_width = 32;
  add_inputs (op, row->inputs);
  for (i = 0; attributes[i] != NULL && *attributes[i] != '\0'; i++) {
    if (g_str_has_prefix (attributes[i], "data:"))
      shape_tensor (op);
    set_attribute (op, attributes[i]);
  }
  shape_tensor (op);
  if (is_shape)
    xmodel_sample_set_ints (XMODEL_SAMPLE_ATTRIBUTES (op->tensor), "shape_info",
        (const gint32 *) dims, 4);
  xmodel_sample_subgraph_add_op (graph->root, row->name);
}

XmodelFile__Graph *
xmodel_sample_new_operators (void)
{
  XmodelFile__Graph *graph = xmodel_sample_new ("operators");
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++)
    add_row (graph, &rows[i]);
  return graph;
}
