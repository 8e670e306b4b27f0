/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What layers.c and layers-movement.c share. */

#pragma once

#include "layers.h"

G_BEGIN_DECLS

guint layer_add_output (const Layer *layer);
gboolean layer_check_feature_maps (
    const Layer *layer, guint input, GError **error);
gboolean layer_check_fix_points (const Layer *layer, gint from, GError **error);
gboolean layer_convert (const Layer *layer, guint *input, GError **error);

G_END_DECLS
