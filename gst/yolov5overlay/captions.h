/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What is written beside an object: the name, its number, and how sure the
 * detector is, as much of it as there is room for. */

#pragma once

#include "canvas.h"
#include "labels.h"
#include "object.h"
#include "placement.h"

G_BEGIN_DECLS

typedef struct _OverlayCaptions OverlayCaptions;

OverlayCaptions *overlay_captions_new (
    const GstVideoInfo *info, const gchar *font_description);
void overlay_captions_free (OverlayCaptions *self);

OverlayLabels *overlay_captions_get_labels (const OverlayCaptions *self);
void overlay_captions_measure (OverlayCaptions *self,
    const OverlayObject *object, gboolean with_confidence, gboolean is_alone,
    OverlayLabelPlace *place);
void overlay_captions_draw (OverlayCaptions *self, const OverlayCanvas *canvas,
    OverlaySprites *sprites, const OverlayObject *object,
    gboolean with_confidence, const OverlayPaint *paint,
    const OverlayLabelPlace *place);

G_END_DECLS
