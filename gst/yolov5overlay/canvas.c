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
    overlay_fill_unshared (self->frame, &clipped, dark);
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

/* one column or row of a line, @i pixels along its longer extent */
static GstVideoRectangle
get_dab (const OverlayLineSegment *line, gint thickness, gint i, gint length)
{
  gint width = line->to_x - line->from_x, height = line->to_y - line->from_y;
  gboolean is_flat = ABS (width) >= ABS (height);
  GstVideoRectangle dab = { line->from_x, line->from_y, is_flat ? 1 : thickness,
    is_flat ? thickness : 1 };

  if (length > 0) {
    dab.x += (gint) ((gint64) width * i / length);
    dab.y += (gint) ((gint64) height * i / length);
  }
  dab.x -= dab.w / 2;
  dab.y -= dab.h / 2;
  return dab;
}

static gint
get_length (const OverlayLineSegment *line)
{
  return MAX (ABS (line->to_x - line->from_x), ABS (line->to_y - line->from_y));
}

/**
 * overlay_canvas_draw_line:
 * @thickness: in pixels
 * @color: in @info's format
 *
 * Draws a straight line from one point to another. What several pixels share has
 * the line's colour where it has any of it.
 */
void
overlay_canvas_draw_line (const OverlayCanvas *self,
    const OverlayLineSegment *line, gint thickness, const OverlayColor *color)
{
  gint length = get_length (line), i;

  overlay_canvas_darken_line (self, line, thickness, color);
  if (!self->frame || overlay_get_grid (self->info) == 1)
    return;
  for (i = 0; i <= length; i++) {
    GstVideoRectangle dab = get_dab (line, thickness, i, length);

    if (overlay_align_rectangle (self->info, &dab))
      overlay_fill_shared (self->frame, &dab, color);
  }
}

/**
 * overlay_canvas_darken_line:
 * @thickness: in pixels
 * @dark: in @info's format
 *
 * Darkens what is to lie under a straight line of another colour, as
 * overlay_canvas_darken() does.
 */
void
overlay_canvas_darken_line (const OverlayCanvas *self,
    const OverlayLineSegment *line, gint thickness, const OverlayColor *dark)
{
  gint length = get_length (line), i;

  for (i = 0; i <= length; i++) {
    GstVideoRectangle dab = get_dab (line, thickness, i, length);

    overlay_canvas_darken (self, &dab, 0, dark);
  }
}
