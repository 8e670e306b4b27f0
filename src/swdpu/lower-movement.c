/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "lower-movement.h"

static gboolean
fail_missing (const Layer *layer, const gchar *name, GError **error)
{
  return layer_fail (
      layer, SWDPU_ERROR_INVALID, error, "has no attribute \"%s\"", name);
}

/**
 * movement_lower_concatenate:
 * @inputs: (element-type guint): tensors
 */
gboolean
movement_lower_concatenate (
    const Layer *layer, const GArray *inputs, guint *output, GError **error)
{
  gint axis;

  if (!xmodel_attributes_get_int (layer->op->attributes, "axis", &axis))
    return fail_missing (layer, "axis", error);
  return layer_concatenate (
      layer, (const guint *) inputs->data, inputs->len, axis, output, error);
}

gboolean
movement_lower_resize (
    const Layer *layer, guint input, guint *output, GError **error)
{
  const XmodelAttributes *attributes = layer->op->attributes;
  gboolean align_corners = FALSE, half_pixel_centers = FALSE;
  const gchar *mode = "NEAREST";

  xmodel_attributes_get_string (attributes, "mode", &mode);
  xmodel_attributes_get_bool (attributes, "align_corners", &align_corners);
  xmodel_attributes_get_bool (
      attributes, "half_pixel_centers", &half_pixel_centers);
  if (align_corners)
    return layer_fail (layer, SWDPU_ERROR_UNSUPPORTED, error,
        "aligns corners, which the DPU does not");
  if (g_str_equal (mode, "BILINEAR"))
    return layer_upsample_bilinear (
        layer, input, half_pixel_centers, output, error);
  if (!g_str_equal (mode, "NEAREST") || half_pixel_centers)
    return layer_fail (layer, SWDPU_ERROR_UNSUPPORTED, error,
        "resizes %s%s, supported are NEAREST and BILINEAR", mode,
        half_pixel_centers ? " with half-pixel centers" : "");
  return layer_upsample_nearest (layer, input, output, error);
}

/**
 * movement_lower_pad:
 * @value: what the padding holds, which each form says in its own way
 */
gboolean
movement_lower_pad (
    const Layer *layer, guint input, gint8 value, guint *output, GError **error)
{
  const XmodelAttributes *attributes = layer->op->attributes;
  const gchar *mode = "CONSTANT";
  const gint32 *paddings;
  gsize n_paddings;

  xmodel_attributes_get_string (attributes, "mode", &mode);
  if (!g_str_equal (mode, "CONSTANT"))
    return layer_fail (layer, SWDPU_ERROR_UNSUPPORTED, error,
        "pads in mode \"%s\", only CONSTANT is supported", mode);
  if (!xmodel_attributes_get_ints (
          attributes, "paddings", &paddings, &n_paddings))
    return fail_missing (layer, "paddings", error);
  return layer_pad (layer, input, paddings, n_paddings, value, output, error);
}

gboolean
movement_lower_reorganize (
    const Layer *layer, guint input, guint *output, GError **error)
{
  gboolean reverse = FALSE;
  gint scale = 0;

  xmodel_attributes_get_int (layer->op->attributes, "scale", &scale);
  xmodel_attributes_get_bool (layer->op->attributes, "reverse", &reverse);
  if (scale < 1)
    return layer_fail (layer, SWDPU_ERROR_INVALID, error,
        "has no positive attribute \"scale\"");
  return layer_reorganize (layer, input, scale, reverse, output, error);
}
