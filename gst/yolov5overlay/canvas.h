/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What it is drawn on: a frame, a picture that is laid over frames, or a
 * composition. */

#pragma once

#include "composition.h"
#include "sprites.h"

G_BEGIN_DECLS

/**
 * OverlayCanvas:
 * @info: size and format of the frame, or of what a composition is made of
 * @frame: (nullable): what to draw into, mapped for reading and writing
 * @is_transparent: @frame is a picture that nothing was drawn on
 * @composer: where it goes without a frame
 */
typedef struct {
  const GstVideoInfo *info;
  GstVideoFrame *frame;
  gboolean is_transparent;
  OverlayComposition *composer;
} OverlayCanvas;

/* OverlayLineSegment: two points in pixels, wherever they are */
typedef struct {
  gint from_x;
  gint from_y;
  gint to_x;
  gint to_y;
} OverlayLineSegment;

void overlay_canvas_fill (const OverlayCanvas *self,
    const GstVideoRectangle *rectangle, const OverlayColor *color);
void overlay_canvas_darken (const OverlayCanvas *self,
    const GstVideoRectangle *rectangle, gint margin, const OverlayColor *dark);
void overlay_canvas_draw_sprite (
    const OverlayCanvas *self, const OverlaySprite *sprite, gint x, gint y);
void overlay_canvas_draw_line (const OverlayCanvas *self,
    const OverlayLineSegment *line, gint thickness, const OverlayColor *color);
void overlay_canvas_darken_line (const OverlayCanvas *self,
    const OverlayLineSegment *line, gint thickness, const OverlayColor *dark);

G_END_DECLS
