/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What the two halves of the quantizer's lowering share: the walk over the graph
 * and the operators. */

#pragma once

#include "layers.h"
#include "plan.h"

G_BEGIN_DECLS

/**
 * Lowering:
 * @tensors: of (op index, fix point) -> tensor + 1
 * @parameters: of op index -> LayerParameter
 * @depth: operators of the chain that is being lowered
 */
typedef struct {
  const Xmodel *model;
  Plan *plan;
  GHashTable *tensors;
  GHashTable *parameters;
  guint depth;
} Lowering;

/**
 * Request:
 * @activation: that follows before the rounding
 *
 * One float operator to be made an int8 tensor at a fix point.
 */
typedef struct {
  Layer layer;
  PlanActivation activation;
} Request;

static inline gboolean
quantized_is_type (const XmodelOp *op, const gchar *type)
{
  return g_str_equal (op->type, type);
}

static inline const XmodelOp *
quantized_get_input (const XmodelOp *op)
{
  return xmodel_op_get_input (op, "input", 0);
}

gboolean quantized_fail (
    const XmodelOp *op, SwdpuError code, GError **error, const gchar *text);
gboolean quantized_fail_missing_input (
    const XmodelOp *op, const gchar *name, GError **error);

gboolean quantized_get_fix_point (const XmodelOp *op, gint *fix_point);
gboolean quantized_lower_at (Lowering *self, const XmodelOp *op, gint fix_point,
    guint *tensor, GError **error);
gboolean quantized_lower_operand (Lowering *self, const XmodelOp *consumer,
    const XmodelOp *op, guint *tensor, GError **error);
const LayerParameter *quantized_lower_parameter (Lowering *self,
    const XmodelOp *consumer, const XmodelOp *op, GError **error);

gboolean quantized_lower_operator (
    Lowering *self, const Request *request, guint *tensor, GError **error);

G_END_DECLS
