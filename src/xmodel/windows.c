/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Operators that slide a window over their input: it has to fit, or libxir
 * infers an output without elements. */

#include "shapes.h"

#include "shapes-private.h"
#include "attribute-rules.h"

#include <string.h>

static gboolean
require_pad_mode (const XmodelOp *op, GError **error)
{
  static const gchar *const modes[] = { "FLOOR", "CEIL", "SAME", "VALID",
    NULL };

  return xmodel_require_text (op, "pad_mode", modes, error);
}

/* The dimensions of a kernel and the tensor's they belong to: width first in
 * the attributes, then height and depth, in a tensor height comes first. */
static const guint tensor_axes[] = { 2, 1, 3 };

static gboolean
check_fits (const XmodelOp *op, GError **error)
{
  const XmodelTensor *input = xmodel_input_tensor (op, "input");
  const gint32 *kernel, *stride, *dilation, *pad;
  gsize n_axes = xmodel_get_list (op, "kernel", &kernel);
  const gchar *mode = "FLOOR";
  gsize i;

  xmodel_get_list (op, "stride", &stride);
  xmodel_get_list (op, "dilation", &dilation);
  xmodel_get_list (op, "pad", &pad);
  xmodel_attributes_get_string (op->attributes, "pad_mode", &mode);
  if (strcmp (mode, "SAME") == 0)
    return TRUE;
  for (i = 0; i < n_axes; i++) {
    gint64 extent =
        (gint64) (kernel[i] - 1) * (dilation != NULL ? dilation[i] : 1) + 1;
    gint64 room = input->dims[tensor_axes[i]];

    if (pad != NULL)
      room += (gint64) pad[2 * i] + pad[2 * i + 1];
    if (strcmp (mode, "CEIL") == 0)
      room += stride[i] - 1;
    if (extent > room)
      return xmodel_invalid (error,
          "the kernel of operator \"%s\" spans %" G_GINT64_FORMAT
          " elements, but its padded input has %" G_GINT64_FORMAT,
          op->name, extent, room);
  }
  return TRUE;
}

static gboolean
check_fits_transposed (const XmodelOp *op, GError **error)
{
  const XmodelTensor *input = xmodel_input_tensor (op, "input");
  const gint32 *kernel, *stride, *dilation, *pad;
  gsize n_axes = xmodel_get_list (op, "kernel", &kernel);
  gsize i;

  xmodel_get_list (op, "stride", &stride);
  xmodel_get_list (op, "dilation", &dilation);
  if (xmodel_get_list (op, "pad", &pad) == 0)
    return TRUE;
  for (i = 0; i < n_axes; i++) {
    gint64 size =
        (gint64) (input->dims[tensor_axes[i]] - 1) * stride[i]
        + (gint64) (kernel[i] - 1) * (dilation != NULL ? dilation[i] : 1) + 1;

    if ((gint64) pad[2 * i] + pad[2 * i + 1] >= size)
      return xmodel_invalid (error,
          "operator \"%s\" takes %d and %d off an output of %" G_GINT64_FORMAT,
          op->name, pad[2 * i], pad[2 * i + 1], size);
  }
  return TRUE;
}

static gboolean
check_window (const XmodelOp *op, guint rank, GError **error)
{
  if (!xmodel_require_rank (op, "input", rank, error)
      || !xmodel_require_rank (op, "weights", rank, error)
      || !require_pad_mode (op, error))
    return FALSE;
  return g_str_has_prefix (op->type, "transposed-")
             ? check_fits_transposed (op, error)
             : check_fits (op, error);
}

gboolean
xmodel_check_convolution_2d (const XmodelOp *op, GError **error)
{
  const XmodelTensor *input, *weights;
  guint32 group = xmodel_get_number (op, "group", 1);

  if (!check_window (op, 4, error))
    return FALSE;
  input = xmodel_input_tensor (op, "input");
  weights = xmodel_input_tensor (op, "weights");
  if (input->dims[3] % group != 0 || weights->dims[0] % group != 0)
    return xmodel_invalid (error,
        "operator \"%s\" has %u groups, which divide not both its %u input "
        "and %u output channels",
        op->name, group, input->dims[3], weights->dims[0]);
  if (weights->dims[3] != input->dims[3] / group)
    return xmodel_invalid (error,
        "the weights of operator \"%s\" are for %u channels, but its input "
        "has %u in %u groups",
        op->name, weights->dims[3], input->dims[3], group);
  return TRUE;
}

gboolean
xmodel_check_depthwise_2d (const XmodelOp *op, GError **error)
{
  const XmodelTensor *input, *weights;

  if (!check_window (op, 4, error))
    return FALSE;
  input = xmodel_input_tensor (op, "input");
  weights = xmodel_input_tensor (op, "weights");
  if (weights->dims[3] != input->dims[3])
    return xmodel_invalid (error,
        "the weights of operator \"%s\" are for %u channels, but its input "
        "has %u",
        op->name, weights->dims[3], input->dims[3]);
  return TRUE;
}

gboolean
xmodel_check_transposed_2d (const XmodelOp *op, GError **error)
{
  return check_window (op, 4, error);
}

gboolean
xmodel_check_convolution_3d (const XmodelOp *op, GError **error)
{
  return check_window (op, 5, error);
}

gboolean
xmodel_check_pool (const XmodelOp *op, GError **error)
{
  gboolean is_global = FALSE;

  if (!xmodel_require_rank (op, "input", 4, error)
      || !require_pad_mode (op, error))
    return FALSE;
  xmodel_attributes_get_bool (op->attributes, "global", &is_global);
  return is_global || check_fits (op, error);
}
