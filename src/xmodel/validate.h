/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Structure and storage, whatever the operators do. */

#pragma once

#include "xmodel.h"

G_BEGIN_DECLS

gboolean xmodel_validate (const Xmodel *self, GError **error);

G_END_DECLS
