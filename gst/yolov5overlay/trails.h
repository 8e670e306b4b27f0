/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The ways that objects have come. */

#pragma once

#include "canvas.h"
#include "object.h"

G_BEGIN_DECLS

typedef struct _OverlayTrails OverlayTrails;

OverlayTrails *overlay_trails_new (void);
void overlay_trails_free (OverlayTrails *self);
void overlay_trails_forget (OverlayTrails *self);

void overlay_trails_begin_frame (
    OverlayTrails *self, GstClockTime now, GstClockTime length);
void overlay_trails_add (OverlayTrails *self, const OverlayObject *object);
void overlay_trails_draw (const OverlayTrails *self,
    const OverlayCanvas *canvas, guint64 id, gint thickness,
    const OverlayColor *color, const OverlayColor *dark);

G_END_DECLS
