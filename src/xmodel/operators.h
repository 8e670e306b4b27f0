/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What each type of operator needs. */

#pragma once

#include "xmodel.h"

G_BEGIN_DECLS

gboolean xmodel_validate_operator (const XmodelOp *op, GError **error);

G_END_DECLS
