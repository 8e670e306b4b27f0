/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The reader never crashes, and what it takes can be walked. */

#include "xmodel/xmodel.h"

#include "fuzz/mutate.h"

#include <string.h>

int LLVMFuzzerTestOneInput (const guint8 *data, size_t size);

/* the sum keeps the reads from being optimized away */
static guint64
read_attributes (const XmodelAttributes *attributes)
{
  static const gchar *const names[] = { "shape", "data", "fix_point", "device",
    "scale", "kernel", "runner", "reg_id_to_size", "reg_id_to_parameter_value",
    "stride" };
  const guint8 *bytes;
  const gint32 *ints;
  const gfloat *floats;
  const gchar *string;
  gsize n_values;
  guint64 sum = 0, wide;
  gdouble real;
  gboolean truth;
  gint number;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (names); i++) {
    if (xmodel_attributes_get_bytes (attributes, names[i], &bytes, &n_values)
        && n_values > 0)
      sum += bytes[0] + bytes[n_values - 1];
    if (xmodel_attributes_get_ints (attributes, names[i], &ints, &n_values)
        && n_values > 0)
      sum += ints[0] + ints[n_values - 1];
    if (xmodel_attributes_get_floats (attributes, names[i], &floats, &n_values)
        && n_values > 0)
      sum += floats[0] > floats[n_values - 1];
    if (xmodel_attributes_get_string (attributes, names[i], &string))
      sum += strlen (string);
    sum += xmodel_attributes_get_bool (attributes, names[i], &truth);
    sum += xmodel_attributes_get_int (attributes, names[i], &number);
    sum += xmodel_attributes_get_uint64 (attributes, names[i], &wide);
    sum += xmodel_attributes_get_double (attributes, names[i], &real);
    sum +=
        xmodel_attributes_lookup_int (attributes, names[i], "REG_0", &number);
    if (xmodel_attributes_lookup_bytes (
            attributes, names[i], "REG_0", &bytes, &n_values)
        && n_values > 0)
      sum += bytes[n_values - 1];
    if (xmodel_attributes_lookup_string (attributes, names[i], "run", &string))
      sum += strlen (string);
  }
  return sum;
}

static guint64
read_op (const Xmodel *model, const XmodelOp *op)
{
  guint64 sum = read_attributes (op->attributes), n_elements;
  guint i, j;

  sum += read_attributes (op->tensor.attributes);
  if (xmodel_find_op (model, op->name) != op
      || !xmodel_tensor_get_n_elements (&op->tensor, &n_elements))
    g_error ("operator \"%s\" is not what it was", op->name);
  for (i = 0; i < op->n_arguments; i++) {
    for (j = 0; j < op->arguments[i].n_ops; j++) {
      if (op->arguments[i].ops[j]->index >= op->index)
        g_error ("operator \"%s\" comes before its input", op->name);
    }
  }
  return sum + n_elements;
}

static guint64
read_subgraph (const XmodelSubgraph *subgraph)
{
  guint64 sum = read_attributes (subgraph->attributes);
  guint i, n_ops = 0;

  for (i = 0; i < subgraph->n_children; i++) {
    sum += read_subgraph (subgraph->children[i]);
    n_ops += subgraph->children[i]->n_ops;
  }
  if (subgraph->n_ops == 0
      || (subgraph->n_children && n_ops != subgraph->n_ops))
    g_error ("subgraph \"%s\" is not the sum of its parts", subgraph->name);
  return sum;
}

int
LLVMFuzzerTestOneInput (const guint8 *data, size_t size)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (data, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (Xmodel) model = xmodel_parse (bytes, &error);
  guint64 sum = 0;
  guint i;

  if ((model == NULL) != (error != NULL))
    g_error ("a model or an error, not both or none");
  if (model == NULL)
    return 0;
  for (i = 0; i < xmodel_get_n_ops (model); i++)
    sum += read_op (model, xmodel_get_op (model, i));
  sum += read_subgraph (xmodel_get_root (model));
  if (sum == 0)
    g_error ("a model without elements");
  return 0;
}
