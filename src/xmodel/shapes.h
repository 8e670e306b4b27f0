/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Checks of operators whose arguments and attributes are there and of the
 * right types: do shapes and values fit each other? libxir infers the shape of
 * every output when it loads a file, and divides and indexes as it goes. */

#pragma once

#include "xmodel.h"

G_BEGIN_DECLS

gboolean xmodel_check_source (const XmodelOp *op, GError **error);
gboolean xmodel_check_constant (const XmodelOp *op, GError **error);
gboolean xmodel_check_custom (const XmodelOp *op, GError **error);
gboolean xmodel_check_convolution_2d (const XmodelOp *op, GError **error);
gboolean xmodel_check_depthwise_2d (const XmodelOp *op, GError **error);
gboolean xmodel_check_transposed_2d (const XmodelOp *op, GError **error);
gboolean xmodel_check_convolution_3d (const XmodelOp *op, GError **error);
gboolean xmodel_check_inner_product (const XmodelOp *op, GError **error);
gboolean xmodel_check_matmul (const XmodelOp *op, GError **error);
gboolean xmodel_check_pool (const XmodelOp *op, GError **error);
gboolean xmodel_check_broadcast (const XmodelOp *op, GError **error);
gboolean xmodel_check_batchnorm (const XmodelOp *op, GError **error);
gboolean xmodel_check_reduction (const XmodelOp *op, GError **error);
gboolean xmodel_check_concat (const XmodelOp *op, GError **error);
gboolean xmodel_check_stack (const XmodelOp *op, GError **error);
gboolean xmodel_check_resize (const XmodelOp *op, GError **error);
gboolean xmodel_check_resize_fix (const XmodelOp *op, GError **error);
gboolean xmodel_check_tiling (const XmodelOp *op, GError **error);
gboolean xmodel_check_reshape (const XmodelOp *op, GError **error);
gboolean xmodel_check_reshape_fix (const XmodelOp *op, GError **error);
gboolean xmodel_check_squeeze (const XmodelOp *op, GError **error);
gboolean xmodel_check_flatten (const XmodelOp *op, GError **error);
gboolean xmodel_check_transpose (const XmodelOp *op, GError **error);
gboolean xmodel_check_pad (const XmodelOp *op, GError **error);
gboolean xmodel_check_strided_slice (const XmodelOp *op, GError **error);
gboolean xmodel_check_priorbox (const XmodelOp *op, GError **error);

G_END_DECLS
