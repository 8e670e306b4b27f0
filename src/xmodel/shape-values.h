/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Constants, and shapes that operators compute. */

#pragma once

#include "xmodel.h"

G_BEGIN_DECLS

/* two for each dimension, as paddings have */
#define XMODEL_MAX_SHAPE_VALUES 16

typedef struct {
  gint32 values[XMODEL_MAX_SHAPE_VALUES];
  guint n_values;
} XmodelShapeValues;

gboolean xmodel_has_shape_values (const XmodelOp *op);
gboolean xmodel_get_shape_values (
    const XmodelOp *op, XmodelShapeValues *result, GError **error);
gboolean xmodel_parse_data_type (
    const gchar *text, XmodelDataType *type, guint *bit_width);

G_END_DECLS
