/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What is known of one object. */

#include "tracking/track.h"

static void
count_vote (Track *self, GQuark label, gdouble confidence)
{
  guint place = 0;

  while (place < self->n_votes && self->votes[place].label != label)
    place++;
  if (place == TRACK_MAX_LABELS) {
    place = 0;
    for (guint i = 1; i < TRACK_MAX_LABELS; i++) {
      if (self->votes[i].votes < self->votes[place].votes)
        place = i;
    }
    self->votes[place] = (TrackVotes){ label, 0 };
  } else if (place == self->n_votes) {
    self->votes[self->n_votes++] = (TrackVotes){ label, 0 };
  }
  self->votes[place].votes += confidence;
}

/* of equals, the one that was seen first */
static GQuark
get_elected (const Track *self)
{
  guint most = 0;

  for (guint i = 1; i < self->n_votes; i++) {
    if (self->votes[i].votes > self->votes[most].votes)
      most = i;
  }
  return self->votes[most].label;
}

static void
take_detection (Track *self, guint64 now, const TrackerDetection *detection)
{
  self->box = detection->box;
  self->confidence = detection->confidence;
  self->found_at = now;
  self->is_lost = FALSE;
  count_vote (self, detection->label, detection->confidence);
  self->label = get_elected (self);
}

static void
doubt (Track *self, guint64 now)
{
  if (!self->is_doubted)
    self->doubted_at = now;
  self->is_doubted = TRUE;
}

void
track_start (Track *self, guint64 now, const TrackerDetection *detection,
    const TrackerTuning *tuning)
{
  *self = (Track){
    .hits = 1,
    .started_at = now,
  };
  motion_start (&self->motion, &detection->box, tuning);
  take_detection (self, now, detection);
}

void
track_find (Track *self, guint64 now, const TrackerDetection *detection,
    const TrackerSettings *settings)
{
  self->hits += self->hits < G_MAXUINT;
  if (detection->confidence < settings->high_threshold)
    doubt (self, now);
  else
    self->is_doubted = FALSE;
  motion_correct (&self->motion, &detection->box, &settings->tuning);
  take_detection (self, now, detection);
}

void
track_miss (Track *self, guint64 now)
{
  self->is_lost = TRUE;
  doubt (self, now);
}

/* What only weak detections continue ends, too: else a lost track that comes
 * upon a piece of background that a detector always half takes for an object
 * would stay there for good. */
gboolean
track_has_ended (
    const Track *self, guint64 now, const TrackerSettings *settings)
{
  if (self->id == 0 && self->is_lost)
    return now - self->found_at > settings->tuning.tentative_time;
  return self->is_doubted && now - self->doubted_at > settings->max_lost_time;
}
