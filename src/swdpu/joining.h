/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Concatenations without copies. */

#pragma once

#include "plan.h"

G_BEGIN_DECLS

guint swdpu_join_in_place (Plan *plan, const GPtrArray *convolutions);
void swdpu_join_undo (Plan *plan);

G_END_DECLS
