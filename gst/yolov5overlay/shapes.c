/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* They lie below the boxes, and are of one colour, which no class has: what
 * counts is what is counted. */

#include "shapes.h"

#include <math.h>

#include "boxes.h"

/* an arrow across a line, as a part of the frame's shorter side */
#define ARROW_PART 24
#define ARROW_MIN 8
/* of a name; numbers are what is looked for */
#define MAX_NAME_BYTES 80

typedef struct {
  gint x;
  gint y;
} Place;

static const GstYolov5Shape *
get_shape (const GstYolov5ZonesMark *mark, guint index)
{
  return &g_array_index (mark->shapes, GstYolov5Shape, index);
}

static Place
get_place (const OverlayCanvas *canvas, const GstYolov5ZonesMark *mark,
    const GstYolov5Shape *shape, guint index)
{
  const GstYolov5ShapePoint *point = &g_array_index (
      mark->points, GstYolov5ShapePoint, shape->first_point + index);
  gint width = canvas->info->width, height = canvas->info->height;

  /* those that others wrote may be anywhere, or no numbers */
  return (Place){ (gint) (fmin (fmax (point->x, 0.0), 1.0) * (width - 1) + 0.5),
    (gint) (fmin (fmax (point->y, 0.0), 1.0) * (height - 1) + 0.5) };
}

/* what lines are drawn with */
typedef struct {
  const OverlayCanvas *canvas;
  const GstYolov5ZonesMark *mark;
  gint thickness;
  const OverlayColor *color;
  gboolean is_dark;
} Pen;

static void
draw_line (const Pen *pen, gint from_x, gint from_y, gint to_x, gint to_y)
{
  OverlayLineSegment line = { from_x, from_y, to_x, to_y };

  if (pen->is_dark)
    overlay_canvas_darken_line (pen->canvas, &line, pen->thickness, pen->color);
  else
    overlay_canvas_draw_line (pen->canvas, &line, pen->thickness, pen->color);
}

/* towards where objects go that cross the line forward: to the right hand of one
 * who goes along it */
static void
draw_arrow (const Pen *pen, Place from, Place to)
{
  const GstVideoInfo *info = pen->canvas->info;
  gdouble length =
      MAX (MIN (info->width, info->height) / ARROW_PART, ARROW_MIN);
  gdouble along_x = to.x - from.x, along_y = to.y - from.y;
  gdouble distance = hypot (along_x, along_y);
  gint middle_x = (from.x + to.x) / 2, middle_y = (from.y + to.y) / 2;
  gint tip_x, tip_y, i;

  if (distance < 1.0)
    return;
  along_x *= length / distance;
  along_y *= length / distance;
  tip_x = middle_x - (gint) along_y;
  tip_y = middle_y + (gint) along_x;
  draw_line (pen, middle_x, middle_y, tip_x, tip_y);
  for (i = -1; i <= 1; i += 2)
    draw_line (pen, tip_x, tip_y,
        tip_x + (gint) ((along_y + i * along_x) / 2.0),
        tip_y + (gint) ((-along_x + i * along_y) / 2.0));
}

static void
draw_shape (const Pen *pen, const GstYolov5Shape *shape)
{
  gboolean is_line = shape->kind == GST_YOLOV5_SHAPE_LINE;
  guint n = is_line ? shape->n_points - 1 : shape->n_points, i;

  for (i = 0; i < n; i++) {
    Place from = get_place (pen->canvas, pen->mark, shape, i);
    Place to =
        get_place (pen->canvas, pen->mark, shape, (i + 1) % shape->n_points);

    draw_line (pen, from.x, from.y, to.x, to.y);
    if (is_line && i == n / 2)
      draw_arrow (pen, from, to);
  }
}

/**
 * overlay_shapes_draw:
 * @mark: lines and zones
 * @paints: all colours
 *
 * Draws lines, with an arrow that says which way is forward, and zones.
 */
void
overlay_shapes_draw (const OverlayCanvas *canvas,
    const GstYolov5ZonesMark *mark, const OverlayPaints *paints)
{
  const GstVideoRectangle frame = { 0, 0, canvas->info->width,
    canvas->info->height };
  gint thickness = overlay_box_get_thickness (canvas->info, &frame, 0);
  const Pen pens[] = {
    { canvas, mark, thickness + 2, &paints->dark, TRUE },
    { canvas, mark, thickness, &paints->figures.text, FALSE },
  };
  guint round, i;

  for (round = 0; round < G_N_ELEMENTS (pens); round++)
    for (i = 0; i < mark->shapes->len; i++)
      if (get_shape (mark, i)->n_points >= 2)
        draw_shape (&pens[round], get_shape (mark, i));
}

static void
describe (const GstYolov5Shape *shape, gchar *text, gsize size)
{
  const gchar *name = shape->name ? shape->name : "";
  const GstYolov5ShapeCounts *counts = &shape->counts;

  if (shape->kind == GST_YOLOV5_SHAPE_LINE)
    g_snprintf (text, size,
        "%.*s: %" G_GUINT64_FORMAT " forward, %" G_GUINT64_FORMAT " backward",
        MAX_NAME_BYTES, name, counts->forward, counts->backward);
  else
    g_snprintf (text, size,
        "%.*s: %" G_GUINT64_FORMAT " inside, %" G_GUINT64_FORMAT " entered",
        MAX_NAME_BYTES, name, counts->inside, counts->entered);
}

/**
 * overlay_shapes_write:
 * @mark: lines and zones
 * @paints: all colours
 * @placement: learns where no labels may be
 *
 * Writes names and numbers at the first point of each line, and at the highest
 * point of each zone.
 */
void
overlay_shapes_write (OverlayLabels *labels, const OverlayCanvas *canvas,
    const GstYolov5ZonesMark *mark, const OverlayPaints *paints,
    OverlayPlacement *placement)
{
  guint i, k;

  for (i = 0; i < mark->shapes->len; i++) {
    const GstYolov5Shape *shape = get_shape (mark, i);
    gchar text[MAX_NAME_BYTES + 80];
    Place place;

    if (shape->n_points < 2)
      continue;
    describe (shape, text, sizeof (text));
    place = get_place (canvas, mark, shape, 0);
    for (k = 1; k < shape->n_points && shape->kind == GST_YOLOV5_SHAPE_ZONE;
         k++) {
      Place other = get_place (canvas, mark, shape, k);

      if (other.y < place.y)
        place = other;
    }
    overlay_text_draw (
        labels, canvas, text, place.x, place.y, &paints->figures, placement);
  }
}
