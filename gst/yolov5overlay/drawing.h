/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What is drawn where: boxes, the width and the colour of their lines, and the
 * place of their labels. */

#pragma once

#include "metadata/detections.h"
#include "meter.h"
#include "settings.h"

G_BEGIN_DECLS

typedef struct _OverlayDrawing OverlayDrawing;

OverlayDrawing *overlay_drawing_new (
    const GstVideoInfo *info, const OverlaySettings *settings);
void overlay_drawing_free (OverlayDrawing *self);
void overlay_drawing_configure (
    OverlayDrawing *self, const OverlaySettings *settings);

gboolean overlay_drawing_lacks_font (const OverlayDrawing *self);
const gchar *overlay_drawing_get_unwritable (const OverlayDrawing *self);
gboolean overlay_drawing_get_box (const GstVideoInfo *info,
    const GstYolov5Detection *detection, GstVideoRectangle *box);

void overlay_drawing_draw (OverlayDrawing *self, GstVideoFrame *frame,
    const GArray *detections, const OverlayMeter *meter);
GstVideoOverlayComposition *overlay_drawing_compose (OverlayDrawing *self,
    GstVideoOverlayComposition *below, const GArray *detections,
    const OverlayMeter *meter);

G_END_DECLS
