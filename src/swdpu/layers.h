/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Checked construction of a plan, layer by layer: what both lowerings share.
 * Each function verifies that shapes agree and adds the steps that compute
 * @output, an int8 tensor of @shape at @fix_point, under the name of @op. */

#pragma once

#include "plan.h"

G_BEGIN_DECLS

/* the tensor a layer makes */
typedef struct {
  Plan *plan;
  const XmodelOp *op;
  const gchar *name;
  PlanShape shape;
  gint fix_point;
} Layer;

/**
 * LayerParameter:
 * @data: int8, in the order of @shape; lives as long as the plan
 */
typedef struct {
  const gint8 *data;
  PlanShape shape;
  gint fix_point;
} LayerParameter;

gboolean layer_fail (const Layer *layer, SwdpuError code, GError **error,
    const gchar *format, ...) G_GNUC_PRINTF (4, 5);

gboolean layer_read_window (
    const Layer *layer, guint input, PlanWindow *window, GError **error);
gboolean layer_convolution (const Layer *layer, guint input,
    const LayerParameter *weights, const LayerParameter *bias,
    PlanActivation activation, guint *output, GError **error);
gboolean layer_scale (const Layer *layer, guint input,
    const LayerParameter *weights, const LayerParameter *bias,
    PlanActivation activation, guint *output, GError **error);
gboolean layer_matrix_product (const Layer *layer, guint input,
    gboolean transposed, const LayerParameter *weights,
    const LayerParameter *bias, PlanActivation activation, guint *output,
    GError **error);
gboolean layer_sum (const Layer *layer, const guint *inputs, guint n_inputs,
    gint sum_fix_point, PlanActivation activation, guint *output,
    GError **error);
gboolean layer_product (const Layer *layer, const guint *inputs, guint n_inputs,
    PlanActivation activation, guint *output, GError **error);
gboolean layer_max_pool (const Layer *layer, guint input,
    const PlanWindow *window, guint *output, GError **error);
gboolean layer_average_pool (const Layer *layer, guint input,
    const PlanWindow *window, guint32 numerator, gint shift, guint *output,
    GError **error);
gboolean layer_concatenate (const Layer *layer, const guint *inputs,
    guint n_inputs, gint axis, guint *output, GError **error);
gboolean layer_upsample_nearest (
    const Layer *layer, guint input, guint *output, GError **error);
gboolean layer_upsample_bilinear (const Layer *layer, guint input,
    gboolean half_pixel_centers, guint *output, GError **error);
gboolean layer_pad (const Layer *layer, guint input, const gint32 *paddings,
    gsize n_paddings, gint8 value, guint *output, GError **error);
gboolean layer_strided_slice (const Layer *layer, guint input,
    const gint32 *begin, const gint32 *strides, gsize n_dims, guint *output,
    GError **error);
gboolean layer_reshape (
    const Layer *layer, guint input, guint *output, GError **error);
gboolean layer_permute (const Layer *layer, guint input, const gint32 *order,
    gsize n_dims, guint *output, GError **error);
gboolean layer_reorganize (const Layer *layer, guint input, guint scale,
    gboolean reverse, guint *output, GError **error);

/* element by element, by a function of the input as an integer */
typedef gint8 (*LayerFunction) (
    gint8 value, gint fix_point, gint output_fix_point);
gboolean layer_map (const Layer *layer, guint input, LayerFunction function,
    guint *output, GError **error);
gint8 layer_function_identity (
    gint8 value, gint fix_point, gint output_fix_point);
gint8 layer_function_relu (gint8 value, gint fix_point, gint output_fix_point);
gint8 layer_function_relu6 (gint8 value, gint fix_point, gint output_fix_point);
gint8 layer_function_leaky_relu (
    gint8 value, gint fix_point, gint output_fix_point);
gint8 layer_function_hard_sigmoid (
    gint8 value, gint fix_point, gint output_fix_point);
gint8 layer_function_sigmoid (
    gint8 value, gint fix_point, gint output_fix_point);

G_END_DECLS
