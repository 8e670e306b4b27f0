/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Lines and zones where they are in a frame, and the counts on them. */

#include "tracking/place.h"

#include <string.h>

#include "tracking/geometry.h"

/* Clearance at most, in parts of twice a zone's area over its perimeter, which
 * is the width of a narrow one: an object can be clear of both sides. */
#define MAX_CLEARANCE 0.25

#define MAX_LABELS 256

/* @shape: has to stay */
void
place_init (Place *self, const ZonesShape *shape)
{
  *self = (Place){
    .shape = shape,
    .labels = g_array_new (FALSE, TRUE, sizeof (ZonesLabelCounts)),
  };
}

void
place_clear (Place *self)
{
  g_array_unref (self->labels);
}

/* Returns: whether @shape says nothing else than its own */
gboolean
place_is_same (const Place *self, const ZonesShape *shape)
{
  const ZonesShape *own = self->shape;

  return own->kind == shape->kind && g_str_equal (own->name, shape->name)
         && own->n_points == shape->n_points && own->anchor == shape->anchor
         && own->n_labels == shape->n_labels && own->dwell == shape->dwell
         && memcmp (own->points, shape->points,
                shape->n_points * sizeof *shape->points)
                == 0
         && (shape->n_labels == 0
             || memcmp (own->labels, shape->labels,
                    shape->n_labels * sizeof *shape->labels)
                    == 0);
}

/* @self has none yet */
void
place_copy_counts (Place *self, const Place *other)
{
  self->counts = other->counts;
  g_array_append_vals (self->labels, other->labels->data, other->labels->len);
}

/* @width, @height: of the frame, in pixels */
void
place_scale (Place *self, guint width, guint height)
{
  guint n_points = self->shape->n_points;

  for (guint i = 0; i < n_points; i++) {
    self->points[i].x = self->shape->points[i].x * width;
    self->points[i].y = self->shape->points[i].y * height;
  }
  self->max_clearance = G_MAXDOUBLE;
  if (self->shape->kind == ZONES_ZONE)
    self->max_clearance = MAX_CLEARANCE * 2
                          * polygon_get_area (self->points, n_points)
                          / polygon_get_perimeter (self->points, n_points);
}

/* Returns: whether objects of this class count */
gboolean
place_wants (const Place *self, GQuark label)
{
  const ZonesShape *shape = self->shape;

  for (guint i = 0; i < shape->n_labels; i++) {
    if (shape->labels[i] == label)
      return TRUE;
  }
  return shape->n_labels == 0;
}

/* those of a class; beyond what is counted apart, those of all others */
static ZonesCounts *
get_label_counts (Place *self, GQuark label)
{
  GArray *labels = self->labels;

  for (guint i = 0; i < labels->len; i++) {
    if (g_array_index (labels, ZonesLabelCounts, i).label == label)
      return &g_array_index (labels, ZonesLabelCounts, i).counts;
  }
  if (labels->len < MAX_LABELS) {
    g_array_set_size (labels, labels->len + 1);
    g_array_index (labels, ZonesLabelCounts, labels->len - 1).label =
        labels->len < MAX_LABELS ? label : 0;
  }
  return &g_array_index (labels, ZonesLabelCounts, labels->len - 1).counts;
}

static void
count_event (ZonesCounts *counts, const ZonesEvent *event)
{
  switch (event->type) {
    case ZONES_LINE_CROSSED:
      if (event->is_forward)
        counts->forward++;
      else
        counts->backward++;
      break;
    case ZONES_ZONE_ENTERED:
      counts->entered++;
      counts->inside++;
      break;
    case ZONES_ZONE_LEFT:
      counts->left++;
      counts->inside--;
      counts->stayed += event->stayed;
      counts->longest = MAX (counts->longest, event->stayed);
      break;
    case ZONES_ZONE_DWELL:
      counts->dwelled++;
      break;
  }
}

void
place_count (Place *self, const ZonesEvent *event)
{
  count_event (&self->counts, event);
  count_event (get_label_counts (self, event->label), event);
}

static void
reset_counts (ZonesCounts *counts)
{
  *counts = (ZonesCounts){ .inside = counts->inside };
}

/* whoever is inside still is */
void
place_reset_counts (Place *self)
{
  reset_counts (&self->counts);
  for (guint i = 0; i < self->labels->len; i++)
    reset_counts (&g_array_index (self->labels, ZonesLabelCounts, i).counts);
}
