/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What tests need and nobody else should. */

#pragma once

#include "letterbox.h"

G_BEGIN_DECLS

void letterbox_keep_levels (Letterbox *self);

G_END_DECLS
