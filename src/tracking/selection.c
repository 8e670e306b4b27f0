/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Which of a frame's detections are tracked. */

#include "tracking/selection.h"

#include <math.h>

/* Pixels. No frame has more, no object less; between the two, doubles compute
 * without surprises. */
#define MAX_COORDINATE 1e6
#define MIN_SIDE 1e-2

/* steps in which confidences are told apart when there are too many */
#define N_LEVELS 256

void
selection_init (Selection *self)
{
  *self = (Selection){
    .labels = g_array_new (FALSE, FALSE, sizeof (GQuark)),
    .indices = g_array_new (FALSE, FALSE, sizeof (guint)),
  };
}

void
selection_clear (Selection *self)
{
  g_array_unref (self->labels);
  g_array_unref (self->indices);
}

void
selection_set_labels (Selection *self, const GQuark *labels, guint n_labels)
{
  g_array_set_size (self->labels, 0);
  g_array_append_vals (self->labels, labels, n_labels);
}

static gboolean
is_wanted (const Selection *self, GQuark label)
{
  for (guint i = 0; i < self->labels->len; i++) {
    if (g_array_index (self->labels, GQuark, i) == label)
      return TRUE;
  }
  return self->labels->len == 0;
}

/* also tells what is not a number, which compares to nothing */
static gboolean
is_usable (const TrackingBox *box)
{
  return fabs (box->x) <= MAX_COORDINATE && fabs (box->y) <= MAX_COORDINATE
         && box->width >= MIN_SIDE && box->width <= MAX_COORDINATE
         && box->height >= MIN_SIDE && box->height <= MAX_COORDINATE;
}

static guint
get_level (const TrackerDetection *detection)
{
  return CLAMP (detection->confidence, 0, 1) * (N_LEVELS - 1);
}

/* keeps the most confident ones, of nearly equals the first */
static void
cut (Selection *self, const TrackerDetection *detections)
{
  guint counts[N_LEVELS] = { 0 }, level = N_LEVELS, n_above = 0, n_kept = 0;
  guint room;

  for (guint i = 0; i < self->indices->len; i++)
    counts[get_level (&detections[g_array_index (self->indices, guint, i)])]++;
  while (n_above + counts[level - 1] <= TRACKER_MAX_DETECTIONS)
    n_above += counts[--level];

  /* all from this level on, and the first ones of that below */
  room = TRACKER_MAX_DETECTIONS - n_above;
  for (guint i = 0; i < self->indices->len; i++) {
    guint index = g_array_index (self->indices, guint, i);
    guint this_level = get_level (&detections[index]);

    if (this_level < level && (this_level + 1 < level || room == 0))
      continue;
    if (this_level < level)
      room--;
    g_array_index (self->indices, guint, n_kept++) = index;
  }
  self->n_left_out = self->indices->len - n_kept;
  g_array_set_size (self->indices, n_kept);
}

/* selects what is usable, wanted and at least so confident, up to the limit */
void
selection_run (Selection *self, const TrackerDetection *detections,
    guint n_detections, gdouble threshold)
{
  g_array_set_size (self->indices, 0);
  self->n_left_out = 0;
  for (guint i = 0; i < n_detections; i++) {
    const TrackerDetection *detection = &detections[i];

    if (detection->confidence >= threshold && isfinite (detection->confidence)
        && is_usable (&detection->box) && is_wanted (self, detection->label))
      g_array_append_val (self->indices, i);
  }
  self->n_unusable = n_detections - self->indices->len;
  if (self->indices->len > TRACKER_MAX_DETECTIONS)
    cut (self, detections);
}
