/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Lines of text on a ground of one colour. */

#pragma once

#include "canvas.h"
#include "labels.h"
#include "meter.h"
#include "placement.h"

G_BEGIN_DECLS

void overlay_figures_draw (OverlayLabels *labels, const OverlayCanvas *canvas,
    const OverlayMeter *meter, const OverlayPaint *paint,
    OverlayPlacement *placement);
void overlay_text_draw (OverlayLabels *labels, const OverlayCanvas *canvas,
    const gchar *text, gint x, gint y, const OverlayPaint *paint,
    OverlayPlacement *placement);

G_END_DECLS
