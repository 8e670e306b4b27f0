/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* All that is drawn on a frame, in its order. */

#pragma once

#include "meter.h"
#include "object.h"
#include "settings.h"

G_BEGIN_DECLS

typedef struct _OverlayDrawing OverlayDrawing;

OverlayDrawing *overlay_drawing_new (
    const GstVideoInfo *info, const OverlaySettings *settings);
void overlay_drawing_free (OverlayDrawing *self);
void overlay_drawing_configure (
    OverlayDrawing *self, const OverlaySettings *settings);
void overlay_drawing_forget (OverlayDrawing *self);

gboolean overlay_drawing_lacks_font (const OverlayDrawing *self);
const gchar *overlay_drawing_get_unwritable (const OverlayDrawing *self);
gboolean overlay_drawing_get_box (const GstVideoInfo *info,
    const GstYolov5Detection *detection, GstVideoRectangle *box);

void overlay_drawing_draw (OverlayDrawing *self, GstVideoFrame *frame,
    const GArray *objects, const OverlayMeter *meter, GstClockTime now);
GstVideoOverlayComposition *overlay_drawing_compose (OverlayDrawing *self,
    GstVideoOverlayComposition *below, const GArray *objects,
    const OverlayMeter *meter, GstClockTime now);

G_END_DECLS
