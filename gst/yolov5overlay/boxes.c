/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Under each line lies a darker one that is a little wider: whatever the ground,
 * one of the two stands out from it. */

#include "boxes.h"

#include <math.h>

/* lines as a part of the frame's shorter side: 5 pixels in 1920x1080 */
#define AUTO_THICKNESS_PART 240
#define AUTO_THICKNESS_MIN 2
/* ... and at most this part of the box, or small objects vanish below them */
#define AUTO_THICKNESS_BOX_PART 8
/* what can be seen of the darker line at each side, likewise: a pixel up to
 * 1920x1080 */
#define MARGIN_PART 1080
/* a box that is not this many lines wide has no darker line inside */
#define INNER_MARGIN_LINES 12

/* the corners' lines as a part of the box */
#define CORNER_PART 4
/* a dot's diameter in lines */
#define DOT_LINES 4

#define MAX_LINES 8

/**
 * overlay_box_get_thickness:
 * @info: size and format of the frames
 * @box: a box
 * @wanted: pixels, or 0 for what suits frame and box
 *
 * Returns: how wide the lines are, a multiple of the grid
 */
gint
overlay_box_get_thickness (
    const GstVideoInfo *info, const GstVideoRectangle *box, gint wanted)
{
  gint thickness = wanted;

  if (thickness == 0) {
    gint side = MIN (info->width, info->height);

    thickness = (side + AUTO_THICKNESS_PART / 2) / AUTO_THICKNESS_PART;
    thickness = MAX (thickness, AUTO_THICKNESS_MIN);
    thickness = MIN (thickness, MIN (box->w, box->h) / AUTO_THICKNESS_BOX_PART);
    thickness = MAX (thickness, 1);
  }
  return GST_ROUND_UP_N (thickness, overlay_get_grid (info));
}

static gint
get_margin (const GstVideoInfo *info)
{
  return MAX (
      (MIN (info->width, info->height) + MARGIN_PART / 2) / MARGIN_PART, 1);
}

/* two lines at each corner of a box that has room for them */
static guint
split_corners (const GstVideoInfo *info, const GstVideoRectangle *box,
    gint thickness, GstVideoRectangle lines[MAX_LINES])
{
  gint grid = overlay_get_grid (info);
  gint length = MAX (MIN (box->w, box->h) / CORNER_PART, 3 * thickness);
  gint right = box->x + box->w, bottom = box->y + box->h;
  guint n = 0;
  gint left_or_right, top_or_bottom;

  length = GST_ROUND_UP_N (length, grid);
  if (2 * length >= MIN (box->w, box->h))
    return overlay_split_outline (info, box, thickness, lines);

  for (top_or_bottom = 0; top_or_bottom < 2; top_or_bottom++)
    for (left_or_right = 0; left_or_right < 2; left_or_right++) {
      gint x = left_or_right ? right - length : box->x;
      gint y = top_or_bottom ? bottom - thickness : box->y;

      lines[n++] = (GstVideoRectangle){ x, y, length, thickness };
      x = left_or_right ? right - thickness : box->x;
      y = top_or_bottom ? bottom - length : box->y + thickness;
      lines[n++] = (GstVideoRectangle){ x, y, thickness, length - thickness };
    }
  return n;
}

/* around the box alone, where it has no room inside */
static void
darken_around (const OverlayCanvas *canvas, const GstVideoRectangle *box,
    gint margin, const OverlayColor *dark)
{
  const GstVideoRectangle sides[] = {
    { box->x - margin, box->y - margin, box->w + 2 * margin, margin },
    { box->x - margin, box->y + box->h, box->w + 2 * margin, margin },
    { box->x - margin, box->y, margin, box->h },
    { box->x + box->w, box->y, margin, box->h },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (sides); i++)
    overlay_canvas_darken (canvas, &sides[i], 0, dark);
}

/**
 * overlay_box_draw:
 * @box: pixels, from overlay_align_rectangle()
 * @style: a box or its corners
 * @thickness: from overlay_box_get_thickness()
 * @paint: colours of the object
 * @paints: all colours
 *
 * Draws lines that grow inwards from the edges of a box, with a thin dark one
 * around them.
 */
void
overlay_box_draw (const OverlayCanvas *canvas, const GstVideoRectangle *box,
    OverlayStyle style, gint thickness, const OverlayPaint *paint,
    const OverlayPaints *paints)
{
  gint margin = get_margin (canvas->info);
  GstVideoRectangle lines[MAX_LINES];
  guint n, i;

  if (style == OVERLAY_STYLE_CORNERS)
    n = split_corners (canvas->info, box, thickness, lines);
  else
    n = overlay_split_outline (canvas->info, box, thickness, lines);

  if (MIN (box->w, box->h) < INNER_MARGIN_LINES * thickness)
    darken_around (canvas, box, margin, &paints->dark);
  else
    for (i = 0; i < n; i++)
      overlay_canvas_darken (canvas, &lines[i], margin, &paints->dark);
  for (i = 0; i < n; i++)
    overlay_canvas_fill (canvas, &lines[i], &paint->fill);
}

/**
 * overlay_box_get_dot:
 * @thickness: from overlay_box_get_thickness()
 * @dot: (out): pixels, on the grid
 *
 * Places a dot in the middle of a box.
 *
 * Returns: whether the frame has room for it
 */
gboolean
overlay_box_get_dot (const GstVideoInfo *info, const GstVideoRectangle *box,
    gint thickness, GstVideoRectangle *dot)
{
  gint grid = overlay_get_grid (info);
  gint size =
      GST_ROUND_UP_N (DOT_LINES * thickness + 2 * get_margin (info), grid);

  if (size > MIN (info->width, info->height))
    return FALSE;
  dot->x = CLAMP (box->x + (box->w - size) / 2, 0, info->width - size);
  dot->y = CLAMP (box->y + (box->h - size) / 2, 0, info->height - size);
  dot->x -= dot->x % grid;
  dot->y -= dot->y % grid;
  dot->w = dot->h = size;
  return TRUE;
}

static OverlaySprite *
render_dot (const GstVideoInfo *info, gint size, const OverlayPaint *paint,
    const OverlayPaints *paints)
{
  g_autofree guint8 *inner = g_malloc ((gsize) size * size);
  g_autofree guint8 *outer = g_malloc ((gsize) size * size);
  OverlayPaint ring = { .fill = paints->dark, .text = paint->fill };
  gdouble radius = size / 2.0;
  gint x, y;

  for (y = 0; y < size; y++)
    for (x = 0; x < size; x++) {
      gdouble distance = hypot (x + 0.5 - radius, y + 0.5 - radius);
      gdouble left = radius + 0.5 - distance;

      outer[y * size + x] = (guint8) (255.0 * CLAMP (left, 0.0, 1.0));
      left -= get_margin (info);
      inner[y * size + x] = (guint8) (255.0 * CLAMP (left, 0.0, 1.0));
    }
  return overlay_sprite_new (info, size, size, inner, outer, &ring);
}

/**
 * overlay_box_draw_dot:
 * @sprites: (inout): those that are there, and those that are made
 * @dot: from overlay_box_get_dot()
 * @paint: colours of the object
 * @paints: all colours
 *
 * Draws a dot with a thin dark ring around it.
 */
void
overlay_box_draw_dot (const OverlayCanvas *canvas, OverlaySprites *sprites,
    const GstVideoRectangle *dot, const OverlayPaint *paint,
    const OverlayPaints *paints)
{
  OverlaySpriteKey key = {
    .kind = OVERLAY_SPRITE_DOT, .value = (guint64) dot->w, .paint = paint
  };
  const OverlaySprite *sprite = overlay_sprites_find (sprites, &key);

  if (sprite == NULL)
    sprite = overlay_sprites_add (
        sprites, &key, render_dot (canvas->info, dot->w, paint, paints));
  if (sprite)
    overlay_canvas_draw_sprite (canvas, sprite, dot->x, dot->y);
}
