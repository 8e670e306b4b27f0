/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What is drawn around an object, or on it. */

#pragma once

#include "canvas.h"
#include "paints.h"

G_BEGIN_DECLS

gint overlay_box_get_thickness (
    const GstVideoInfo *info, const GstVideoRectangle *box, gint wanted);
void overlay_box_draw (const OverlayCanvas *canvas,
    const GstVideoRectangle *box, OverlayStyle style, gint thickness,
    const OverlayPaint *paint, const OverlayPaints *paints);
gboolean overlay_box_get_dot (const GstVideoInfo *info,
    const GstVideoRectangle *box, gint thickness, GstVideoRectangle *dot);
void overlay_box_draw_dot (const OverlayCanvas *canvas, OverlaySprites *sprites,
    const GstVideoRectangle *dot, const OverlayPaint *paint,
    const OverlayPaints *paints);

G_END_DECLS
