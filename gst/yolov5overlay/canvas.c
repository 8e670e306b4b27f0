/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "canvas.h"

#include <string.h>

/**
 * overlay_canvas_fill:
 * @rectangle: pixels, wherever they are
 * @color: in @info's format
 *
 * Fills what of a rectangle lies in the frame, widened to whole chroma samples.
 */
void
overlay_canvas_fill (const OverlayCanvas *self,
    const GstVideoRectangle *rectangle, const OverlayColor *color)
{
  GstVideoRectangle aligned = *rectangle;

  if (!overlay_align_rectangle (self->info, &aligned))
    return;
  if (self->frame)
    overlay_fill_rectangle (self->frame, &aligned, color);
  else
    overlay_composition_add_solid (self->composer, &aligned, color);
}

/**
 * overlay_canvas_darken:
 * @rectangle: pixels, wherever they are
 * @margin: how far to go beyond @rectangle
 * @dark: in @info's format
 *
 * Darkens what is to lie around a rectangle of another colour. What several pixels
 * share stays as it was.
 */
void
overlay_canvas_darken (const OverlayCanvas *self,
    const GstVideoRectangle *rectangle, gint margin, const OverlayColor *dark)
{
  gint left = MAX (rectangle->x - margin, 0);
  gint top = MAX (rectangle->y - margin, 0);
  gint right = MIN (rectangle->x + rectangle->w + margin, self->info->width);
  gint bottom = MIN (rectangle->y + rectangle->h + margin, self->info->height);
  GstVideoRectangle clipped = { left, top, right - left, bottom - top };

  if (left >= right || top >= bottom)
    return;
  if (self->frame)
    overlay_darken_rectangle (self->frame, &clipped, dark);
  else
    overlay_composition_add_solid (self->composer, &clipped, dark);
}

/**
 * overlay_canvas_draw_sprite:
 * @x: left edge in pixels, on the grid and in the frame
 * @y: top edge in pixels, likewise
 *
 * Lays a sprite over what was drawn.
 */
void
overlay_canvas_draw_sprite (
    const OverlayCanvas *self, const OverlaySprite *sprite, gint x, gint y)
{
  GstVideoFrame picture;

  if (self->frame && self->is_transparent) {
    overlay_sprite_draw_transparent (sprite, self->frame, x, y);
  } else if (self->frame) {
    overlay_sprite_draw (sprite, self->frame, x, y);
  } else if (overlay_composition_map_picture (
                 MIN (sprite->width, self->info->width - x),
                 MIN (sprite->height, self->info->height - y), &picture)) {
    memset (GST_VIDEO_FRAME_PLANE_DATA (&picture, 0), 0,
        GST_VIDEO_FRAME_SIZE (&picture));
    overlay_sprite_draw_transparent (sprite, &picture, 0, 0);
    overlay_composition_add_picture (self->composer, x, y, &picture);
  }
}

/**
 * overlay_canvas_draw_line:
 * @from_x: a point in pixels, wherever it is
 * @thickness: in pixels
 * @color: in @info's format
 *
 * Draws a straight line from one point to another, in steps of the grid along its
 * longer extent.
 */
void
overlay_canvas_draw_line (const OverlayCanvas *self, gint from_x, gint from_y,
    gint to_x, gint to_y, gint thickness, const OverlayColor *color)
{
  gint grid = overlay_get_grid (self->info);
  gint width = to_x - from_x, height = to_y - from_y;
  gboolean is_flat = ABS (width) >= ABS (height);
  gint length = is_flat ? ABS (width) : ABS (height), i;
  GstVideoRectangle dab = { .w = is_flat ? grid : thickness,
    .h = is_flat ? thickness : grid };

  for (i = 0; i <= length; i += grid) {
    dab.x = from_x - dab.w / 2;
    dab.y = from_y - dab.h / 2;
    if (length > 0) {
      dab.x += (gint) ((gint64) width * i / length);
      dab.y += (gint) ((gint64) height * i / length);
    }
    /* whole samples of both thickness and step, or lines would come out wider */
    dab.x -= dab.x & (grid - 1);
    dab.y -= dab.y & (grid - 1);
    overlay_canvas_fill (self, &dab, color);
  }
}
