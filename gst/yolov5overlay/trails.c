/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* A trail goes where its object stood: along the middle of the lower edge of its
 * box. */

#include "trails.h"

#include <math.h>
#include <string.h>

/* of a trail; a longer one loses its oldest */
#define MAX_POINTS 256
/* of objects that were seen of late */
#define MAX_TRAILS 1024
/* points nearer than this to the last one, in pixels, take its place */
#define MIN_DISTANCE 4.0

typedef struct {
  gint x;
  gint y;
  GstClockTime time;
} Point;

typedef struct {
  guint64 id;
  /* the oldest first */
  Point points[MAX_POINTS];
  guint n_points;
} Trail;

struct _OverlayTrails {
  /* by their ids, which they have themselves */
  GHashTable *trails;
  GstClockTime now;
};

/**
 * overlay_trails_new:
 *
 * Returns: (transfer full): trails
 */
OverlayTrails *
overlay_trails_new (void)
{
  OverlayTrails *self = g_new0 (OverlayTrails, 1);

  self->trails =
      g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, g_free);
  return self;
}

/**
 * overlay_trails_free:
 * @self: (nullable) (transfer full): trails
 */
void
overlay_trails_free (OverlayTrails *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->trails);
  g_free (self);
}

void
overlay_trails_forget (OverlayTrails *self)
{
  g_hash_table_remove_all (self->trails);
}

static void
drop_points (Trail *trail, guint n)
{
  trail->n_points -= n;
  memmove (trail->points, trail->points + n,
      trail->n_points * sizeof (trail->points[0]));
}

/**
 * overlay_trails_begin_frame:
 * @now: time of the frame
 * @length: how long trails are in time
 *
 * Shortens all trails to what is not older than @length. Timestamps that jump
 * back end them.
 */
void
overlay_trails_begin_frame (
    OverlayTrails *self, GstClockTime now, GstClockTime length)
{
  GHashTableIter iter;
  gpointer value;

  self->now = now;
  g_hash_table_iter_init (&iter, self->trails);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    Trail *trail = value;
    guint n = 0;

    while (n < trail->n_points
           && (trail->points[n].time > now
               || now - trail->points[n].time > length))
      n++;
    drop_points (trail, n);
    if (trail->n_points == 0)
      g_hash_table_iter_remove (&iter);
  }
}

/**
 * overlay_trails_add:
 * @object: an object of the frame, with an id
 */
void
overlay_trails_add (OverlayTrails *self, const OverlayObject *object)
{
  const GstYolov5Detection *box = &object->detection;
  gdouble x = box->x + box->width / 2.0, y = box->y + box->height;
  Trail *trail = g_hash_table_lookup (self->trails, &object->id);
  const Point *before;

  /* not met by NaN either */
  if (!(fabs (x) < G_MAXSHORT && fabs (y) < G_MAXSHORT))
    return;
  if (trail == NULL) {
    if (g_hash_table_size (self->trails) >= MAX_TRAILS)
      return;
    trail = g_new (Trail, 1);
    trail->id = object->id;
    trail->n_points = 0;
    g_hash_table_insert (self->trails, &trail->id, trail);
  }
  /* the last one is where the object is now */
  if (trail->n_points > 1) {
    before = &trail->points[trail->n_points - 2];
    if (hypot (before->x - x, before->y - y) < MIN_DISTANCE)
      trail->n_points--;
  }
  if (trail->n_points == MAX_POINTS)
    drop_points (trail, 1);
  trail->points[trail->n_points++] =
      (Point){ (gint) floor (x + 0.5), (gint) floor (y + 0.5), self->now };
}

/**
 * overlay_trails_draw:
 * @id: of an object
 * @thickness: in pixels
 * @color: of the object
 * @dark: what lies under lines
 *
 * Draws the trail of one object.
 */
void
overlay_trails_draw (const OverlayTrails *self, const OverlayCanvas *canvas,
    guint64 id, gint thickness, const OverlayColor *color,
    const OverlayColor *dark)
{
  const Trail *trail = g_hash_table_lookup (self->trails, &id);
  guint round, i;

  for (round = 0; trail && round < 2; round++)
    for (i = 1; i < trail->n_points; i++) {
      const Point *from = &trail->points[i - 1], *to = &trail->points[i];
      OverlayLineSegment line = { from->x, from->y, to->x, to->y };

      if (round == 0)
        overlay_canvas_darken_line (canvas, &line, thickness + 2, dark);
      else
        overlay_canvas_draw_line (canvas, &line, thickness, color);
    }
}
