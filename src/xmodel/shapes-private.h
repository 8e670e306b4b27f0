/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What the checks of shapes share. */

#pragma once

#include "xmodel.h"

G_BEGIN_DECLS

const XmodelTensor *xmodel_input_tensor (const XmodelOp *op, const gchar *name);
gsize xmodel_get_list (
    const XmodelOp *op, const gchar *name, const gint32 **values);
gint xmodel_get_number (const XmodelOp *op, const gchar *name, gint fallback);
gboolean xmodel_require_rank (
    const XmodelOp *op, const gchar *name, guint rank, GError **error);
gboolean xmodel_require_text (const XmodelOp *op, const gchar *name,
    const gchar *const *choices, GError **error);

G_END_DECLS
