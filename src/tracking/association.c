/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Which detection continues which track. First by the overlap of boxes that are
 * grown a little (Yang et al.: Hard to Track Objects with Irregular Motions and
 * Similar Appearances? Make It Easier by Buffering the Matching Space, WACV
 * 2023), then, for what is left, by the distance of centres. */

#include "tracking/association.h"

#include <math.h>

#include "tracking/assignment.h"

/* Best pairs of a track that are considered. More than so many boxes on one
 * spot are not told apart anyway. */
#define MAX_CANDIDATES 16
#define NONE (-1)

typedef struct {
  /* of the grown box */
  gdouble left;
  gdouble top;
  gdouble right;
  gdouble bottom;
  gdouble area;
  /* of the box itself */
  gdouble center_x;
  gdouble center_y;
  gdouble width;
  gdouble height;
  GQuark label;
  gdouble weight;
  gdouble reach;
  gboolean is_weak;
  gboolean is_matched;
} Shape;

typedef struct {
  guint detection;
  gdouble gain;
} Candidate;

struct _Association {
  Assignment *assignment;
  GArray *tracks;
  GArray *detections;
  GArray *matches;
};

/* Returns: what speaks for the pair, above 0; 0 if it is none */
typedef gdouble (*GainFunc) (
    const Shape *track, const Shape *detection, const TrackerTuning *tuning);

Association *
association_new (void)
{
  Association *self = g_new0 (Association, 1);

  self->assignment = assignment_new ();
  self->tracks = g_array_new (FALSE, FALSE, sizeof (Shape));
  self->detections = g_array_new (FALSE, FALSE, sizeof (Shape));
  self->matches = g_array_new (FALSE, FALSE, sizeof (gint));
  return self;
}

void
association_free (Association *self)
{
  assignment_free (self->assignment);
  g_array_unref (self->tracks);
  g_array_unref (self->detections);
  g_array_unref (self->matches);
  g_free (self);
}

/* forgets all tracks and detections */
void
association_start (Association *self)
{
  g_array_set_size (self->tracks, 0);
  g_array_set_size (self->detections, 0);
}

static Shape
make_shape (const TrackingBox *box, GQuark label)
{
  return (Shape){
    .center_x = box->x + box->width / 2,
    .center_y = box->y + box->height / 2,
    .width = box->width,
    .height = box->height,
    .label = label,
  };
}

void
association_add_track (Association *self, const AssociationTrack *track)
{
  Shape shape = make_shape (&track->box, track->label);

  shape.weight = track->weight;
  shape.reach = track->reach;
  g_array_append_val (self->tracks, shape);
}

void
association_add_detection (
    Association *self, const AssociationDetection *detection)
{
  Shape shape = make_shape (&detection->box, detection->label);

  shape.is_weak = detection->is_weak;
  g_array_append_val (self->detections, shape);
}

static void
grow_shapes (GArray *shapes, gdouble margin)
{
  for (guint i = 0; i < shapes->len; i++) {
    Shape *shape = &g_array_index (shapes, Shape, i);
    gdouble half_width = shape->width * (0.5 + margin);
    gdouble half_height = shape->height * (0.5 + margin);

    shape->left = shape->center_x - half_width;
    shape->right = shape->center_x + half_width;
    shape->top = shape->center_y - half_height;
    shape->bottom = shape->center_y + half_height;
    shape->area = 4 * half_width * half_height;
  }
}

static inline gdouble
weigh (gdouble gain, const Shape *track, const Shape *detection,
    const TrackerTuning *tuning)
{
  gain *= track->weight;
  if (detection->is_weak)
    gain *= tuning->weak_weight;
  if (track->label != detection->label)
    gain *= tuning->label_weight;
  return gain;
}

static gdouble
get_overlap_gain (
    const Shape *track, const Shape *detection, const TrackerTuning *tuning)
{
  gdouble width =
      MIN (track->right, detection->right) - MAX (track->left, detection->left);
  gdouble height =
      MIN (track->bottom, detection->bottom) - MAX (track->top, detection->top);
  gdouble intersection, overlap;

  if (width <= 0 || height <= 0)
    return 0;
  intersection = width * height;
  overlap = intersection / (track->area + detection->area - intersection);
  if (overlap
      < (detection->is_weak ? tuning->min_weak_overlap : tuning->min_overlap))
    return 0;
  return weigh (overlap, track, detection, tuning);
}

static inline gboolean
is_similar (gdouble a, gdouble b, gdouble max_ratio)
{
  return a <= b * max_ratio && b <= a * max_ratio;
}

static gdouble
get_nearness_gain (
    const Shape *track, const Shape *detection, const TrackerTuning *tuning)
{
  gdouble x = track->center_x - detection->center_x;
  gdouble y = track->center_y - detection->center_y;
  gdouble reach =
      track->reach
      * (track->width + track->height + detection->width + detection->height)
      / 4;
  gdouble distance;

  if (detection->is_weak || fabs (x) >= reach || fabs (y) >= reach
      || !is_similar (track->width, detection->width, tuning->max_size_ratio)
      || !is_similar (track->height, detection->height, tuning->max_size_ratio))
    return 0;
  distance = sqrt (x * x + y * y);
  if (distance >= reach)
    return 0;
  return weigh (1 - distance / reach, track, detection, tuning);
}

/* keeps the best ones */
static void
add_candidate (Candidate *candidates, guint *n, guint detection, gdouble gain)
{
  guint worst = 0;

  if (*n < MAX_CANDIDATES) {
    candidates[(*n)++] = (Candidate){ detection, gain };
    return;
  }
  for (guint i = 1; i < MAX_CANDIDATES; i++) {
    if (candidates[i].gain < candidates[worst].gain)
      worst = i;
  }
  if (gain > candidates[worst].gain)
    candidates[worst] = (Candidate){ detection, gain };
}

static inline void
add_pairs (Association *self, guint index, GainFunc get_gain,
    const TrackerSettings *settings)
{
  const Shape *track = &g_array_index (self->tracks, Shape, index);
  Candidate candidates[MAX_CANDIDATES];
  guint n_candidates = 0;

  for (guint i = 0; i < self->detections->len; i++) {
    const Shape *detection = &g_array_index (self->detections, Shape, i);
    gdouble gain;

    if (detection->is_matched
        || (settings->per_class && track->label != detection->label))
      continue;
    gain = get_gain (track, detection, &settings->tuning);
    if (gain > 0)
      add_candidate (candidates, &n_candidates, i, gain);
  }
  for (guint i = 0; i < n_candidates; i++)
    assignment_add (
        self->assignment, index, candidates[i].detection, candidates[i].gain);
}

/* matches what is not matched yet */
static inline void
run_pass (Association *self, GainFunc get_gain, const TrackerSettings *settings)
{
  const gint *columns;

  assignment_start (self->assignment, self->tracks->len, self->detections->len);
  for (guint i = 0; i < self->tracks->len; i++) {
    if (!g_array_index (self->tracks, Shape, i).is_matched)
      add_pairs (self, i, get_gain, settings);
  }

  columns = assignment_solve (self->assignment);
  for (guint i = 0; i < self->tracks->len; i++) {
    if (columns[i] == NONE)
      continue;
    g_array_index (self->matches, gint, i) = columns[i];
    g_array_index (self->tracks, Shape, i).is_matched = TRUE;
    g_array_index (self->detections, Shape, columns[i]).is_matched = TRUE;
  }
}

/**
 * association_run:
 *
 * Returns: (transfer none): for each track the index of its detection, or -1,
 *   both in the order they were added; valid until the next run
 */
const gint *
association_run (Association *self, const TrackerSettings *settings)
{
  g_array_set_size (self->matches, self->tracks->len);
  for (guint i = 0; i < self->tracks->len; i++)
    g_array_index (self->matches, gint, i) = NONE;

  grow_shapes (self->tracks, settings->tuning.box_margin);
  grow_shapes (self->detections, settings->tuning.box_margin);
  run_pass (self, get_overlap_gain, settings);
  run_pass (self, get_nearness_gain, settings);
  return (const gint *) self->matches->data;
}
