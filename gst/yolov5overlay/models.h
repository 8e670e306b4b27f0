/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What the detectors upstream have said of their models, and what follows for
 * lists of classes. */

#pragma once

#include "classes.h"

G_BEGIN_DECLS

typedef struct _OverlayModels OverlayModels;

OverlayModels *overlay_models_new (void);
void overlay_models_free (OverlayModels *self);

gboolean overlay_models_learn (OverlayModels *self, GstEvent *event);
void overlay_models_forget (OverlayModels *self);
gboolean overlay_models_is_known (const OverlayModels *self);
gint overlay_models_find_label_id (OverlayModels *self, GQuark label);
gchar *overlay_models_list_unknown (
    const OverlayModels *self, const OverlayClasses *classes);
gchar *overlay_models_list_labels (const OverlayModels *self);

G_END_DECLS
