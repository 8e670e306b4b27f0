/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The operators that move elements: their attributes are the same in both forms
 * of a model. Each function reads those of @layer's operator. */

#pragma once

#include "layers.h"

G_BEGIN_DECLS

gboolean movement_lower_concatenate (
    const Layer *layer, const GArray *inputs, guint *output, GError **error);
gboolean movement_lower_resize (
    const Layer *layer, guint input, guint *output, GError **error);
gboolean movement_lower_pad (const Layer *layer, guint input, gint8 value,
    guint *output, GError **error);
gboolean movement_lower_reorganize (
    const Layer *layer, guint input, guint *output, GError **error);

G_END_DECLS
