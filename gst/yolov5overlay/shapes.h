/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The lines and zones in which objects are counted, with their numbers. */

#pragma once

#include "figures.h"
#include "metadata/zones.h"
#include "paints.h"

G_BEGIN_DECLS

void overlay_shapes_draw (const OverlayCanvas *canvas,
    const GstYolov5ZonesMark *mark, const OverlayPaints *paints);
void overlay_shapes_write (OverlayLabels *labels, const OverlayCanvas *canvas,
    const GstYolov5ZonesMark *mark, const OverlayPaints *paints,
    OverlayPlacement *placement);

G_END_DECLS
