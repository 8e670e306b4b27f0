/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Puts a GstVideoOverlayComposition together, rectangle by rectangle. */

#pragma once

#include "painter.h"

G_BEGIN_DECLS

typedef struct _OverlayComposition OverlayComposition;

OverlayComposition *overlay_composition_new (void);
void overlay_composition_free (OverlayComposition *self);

void overlay_composition_get_info (GstVideoInfo *info, gint width, gint height);

void overlay_composition_begin (
    OverlayComposition *self, GstVideoOverlayComposition *below);
void overlay_composition_add_solid (OverlayComposition *self,
    const GstVideoRectangle *rectangle, const OverlayColor *color);
gboolean overlay_composition_map_picture (
    gint width, gint height, GstVideoFrame *picture);
void overlay_composition_add_picture (
    OverlayComposition *self, gint x, gint y, GstVideoFrame *picture);
GstVideoOverlayComposition *overlay_composition_end (OverlayComposition *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OverlayComposition, overlay_composition_free)

G_END_DECLS
