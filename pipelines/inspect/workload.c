/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What a picture costs: multiplications with weights, each with its addition,
 * and the weights themselves. */

#include "facts.h"

#include <string.h>

static const XmodelOp *
find_constant (const XmodelOp *op)
{
  while (op != NULL && strcmp (op->type, "fix") == 0)
    op = xmodel_op_get_input (op, "input", 0);
  return op != NULL && g_str_has_prefix (op->type, "const") ? op : NULL;
}

/* elements of the tensor in one channel */
static guint64
count_pixels (const XmodelTensor *tensor)
{
  guint64 n_elements;

  if (tensor->n_dims == 0
      || !xmodel_tensor_get_n_elements (tensor, &n_elements))
    return 0;
  return n_elements / tensor->dims[tensor->n_dims - 1];
}

/* Weights are [out channels][window...][in channels of a group], of depthwise
 * layers [multiplier][window...][channels]. Either way each pixel meets every
 * weight once: pixels of the output, or of the input where it is the input's
 * pixels that are spread. */
static guint64
count_multiply_adds (const XmodelOp *op)
{
  const XmodelOp *weights = xmodel_op_get_input (op, "weights", 0);
  const XmodelOp *input = xmodel_op_get_input (op, "input", 0);
  guint64 n_weights;

  if (weights == NULL || input == NULL
      || !xmodel_tensor_get_n_elements (&weights->tensor, &n_weights))
    return 0;
  if (g_str_has_prefix (op->type, "transposed"))
    return count_pixels (&input->tensor) * n_weights;
  return count_pixels (&op->tensor) * n_weights;
}

static guint64
get_parameter_size (const XmodelOp *constant)
{
  guint64 n_elements;

  /* a quantizer's file has floats, of which the DPU gets int8 */
  return xmodel_tensor_get_n_elements (&constant->tensor, &n_elements)
             ? n_elements
             : 0;
}

/**
 * inspect_count_workload:
 *
 * Counts the layers that have weights; all others together are small beside
 * them. Numbers that do not fit end at the largest one.
 */
void
inspect_count_workload (InspectReport *report)
{
  const Xmodel *model = report->model;
  g_autofree gboolean *is_counted = g_new0 (gboolean, xmodel_get_n_ops (model));
  static const gchar *const parameters[] = { "weights", "bias" };

  for (guint i = 0; i < xmodel_get_n_ops (model); i++) {
    const XmodelOp *op = xmodel_get_op (model, i);

    if (!g_uint64_checked_add (&report->multiply_adds, report->multiply_adds,
            count_multiply_adds (op)))
      report->multiply_adds = G_MAXUINT64;
    for (guint j = 0; j < G_N_ELEMENTS (parameters); j++) {
      const XmodelOp *constant =
          find_constant (xmodel_op_get_input (op, parameters[j], 0));

      if (constant == NULL || is_counted[constant->index])
        continue;
      is_counted[constant->index] = TRUE;
      report->parameter_size += get_parameter_size (constant);
    }
  }
}
