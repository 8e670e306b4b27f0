/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The life of tracks: frames in, tracks out. */

#include "tracking/tracking.h"

#include "tracking/association.h"
#include "tracking/selection.h"
#include "tracking/track.h"

#define MAX_TRACKS (2 * TRACKER_MAX_DETECTIONS)
/* classes that are counted apart; more are summed up under label 0 */
#define MAX_LABELS 256
/* frames over which the time between two that are looked at is averaged */
#define PERIOD_FRAMES 4
#define NONE (-1)

struct _Tracker {
  TrackerSettings settings;
  TrackerIdFunc id_func;
  gpointer id_data;
  guint64 last_id;

  TrackingClock clock;
  /* when a frame was looked at last, and the usual time between two of them */
  gboolean has_looked;
  guint64 looked_at;
  gdouble looking_period;

  Selection selection;
  Association *association;
  /* of Track, in the order they started */
  GArray *tracks;

  /* results: of TrackerTrack, and of gint */
  GArray *visible;
  GArray *track_of_detection;

  TrackerStatistics statistics;
  /* of TrackerLabelStatistics: of tracks that ended, and of all */
  GArray *ended_labels;
  GArray *all_labels;
};

/**
 * tracker_settings_init:
 * @settings: (out): the defaults, for detections from a confidence of 0.25 on
 */
void
tracker_settings_init (TrackerSettings *settings)
{
  *settings = (TrackerSettings){
    .high_threshold = 0.5,
    .low_threshold = 0.25,
    .per_class = FALSE,
    .min_hits = 2,
    .max_lost_time = 2 * TRACKING_SECOND,
    .tuning = {
      .box_noise = 0.09,
      .initial_speed = 4,
      .acceleration = 0.5,
      .growth = 0.1,
      .growth_time = 1,
      .box_margin = 0.1,
      .min_overlap = 0.05,
      .min_weak_overlap = 0.4,
      .reach = 0.3,
      .reach_speed = 1.4,
      .max_reach = 2,
      .max_size_ratio = 1.6,
      .lost_weight = 0.8,
      .new_weight = 0.5,
      .weak_weight = 0.5,
      .label_weight = 0.7,
      .duplicate_overlap = 0.7,
      .tentative_time = TRACKING_SECOND / 5,
      .rare_period = TRACKING_SECOND * 2 / 5,
    },
  };
}

static guint64
count_up (gpointer self)
{
  return ++((Tracker *) self)->last_id;
}

/**
 * tracker_new:
 *
 * Returns: (transfer full): a tracker with default settings, whose ids are 1,
 *   2, 3 and so on
 */
Tracker *
tracker_new (void)
{
  Tracker *self = g_new0 (Tracker, 1);

  tracker_settings_init (&self->settings);
  tracker_set_id_func (self, NULL, NULL);
  selection_init (&self->selection);
  self->association = association_new ();
  self->tracks = g_array_new (FALSE, FALSE, sizeof (Track));
  self->visible = g_array_new (FALSE, FALSE, sizeof (TrackerTrack));
  self->track_of_detection = g_array_new (FALSE, FALSE, sizeof (gint));
  self->ended_labels =
      g_array_new (FALSE, FALSE, sizeof (TrackerLabelStatistics));
  self->all_labels =
      g_array_new (FALSE, FALSE, sizeof (TrackerLabelStatistics));
  return self;
}

void
tracker_free (Tracker *self)
{
  selection_clear (&self->selection);
  association_free (self->association);
  g_array_unref (self->tracks);
  g_array_unref (self->visible);
  g_array_unref (self->track_of_detection);
  g_array_unref (self->ended_labels);
  g_array_unref (self->all_labels);
  g_free (self);
}

/**
 * tracker_set_id_func:
 * @func: (nullable): gives new tracks their ids, such as from a count that
 *   several trackers share; called in the thread that updates. %NULL for the
 *   tracker's own
 * @user_data: for @func; has to stay as long as the tracker
 */
void
tracker_set_id_func (Tracker *self, TrackerIdFunc func, gpointer user_data)
{
  self->id_func = func != NULL ? func : count_up;
  self->id_data = func != NULL ? user_data : self;
}

/**
 * tracker_set_settings:
 *
 * May be called between any two frames; tracks stay.
 */
void
tracker_set_settings (Tracker *self, const TrackerSettings *settings)
{
  self->settings = *settings;
}

/**
 * tracker_set_labels:
 * @labels: (array length=n_labels) (nullable): classes that are tracked
 * @n_labels: 0 for all
 *
 * Detections of other classes are as if they were not there.
 */
void
tracker_set_labels (Tracker *self, const GQuark *labels, guint n_labels)
{
  selection_set_labels (&self->selection, labels, n_labels);
}

static inline Track *
get_track (const Tracker *self, guint index)
{
  return &g_array_index (self->tracks, Track, index);
}

static void
count_label (GArray *labels, GQuark label, guint64 seen_time)
{
  TrackerLabelStatistics unseen = { label, 0, 0 };
  TrackerLabelStatistics *counts;
  guint i = 0;

  while (i < labels->len
         && g_array_index (labels, TrackerLabelStatistics, i).label != label)
    i++;
  if (i == MAX_LABELS)
    i = MAX_LABELS - 1;
  if (i == MAX_LABELS - 1)
    unseen.label = 0;
  if (i == labels->len)
    g_array_append_val (labels, unseen);
  counts = &g_array_index (labels, TrackerLabelStatistics, i);
  counts->tracks++;
  counts->seen_time += seen_time;
}

static void
count_track (GArray *labels, const Track *track)
{
  if (track->id != 0)
    count_label (labels, track->label, track->found_at - track->started_at);
}

/* to the time of the next frame */
static void
advance (Tracker *self, guint64 timestamp, guint64 frame_period)
{
  guint64 step = tracking_clock_advance (&self->clock, timestamp, frame_period);
  gdouble seconds = (gdouble) step / TRACKING_SECOND;

  for (guint i = 0; i < self->tracks->len; i++) {
    Track *track = get_track (self, i);

    track->detection = NONE;
    motion_advance (&track->motion, seconds, &self->settings.tuning);
  }
}

static void
measure_period (Tracker *self)
{
  gdouble period = self->clock.now - self->looked_at;

  if (!self->has_looked)
    self->looking_period = 0;
  else if (self->looking_period == 0)
    self->looking_period = period;
  else
    self->looking_period += (period - self->looking_period) / PERIOD_FRAMES;
  self->has_looked = TRUE;
  self->looked_at = self->clock.now;
}

static gdouble
get_weight (const Track *track, const TrackerTuning *tuning)
{
  gdouble weight = 1;

  if (track->is_lost)
    weight *= tuning->lost_weight;
  if (track->id == 0)
    weight *= tuning->new_weight;
  return weight;
}

/* Once an object was seen to move, it is known how far it gets but for turns. */
static gdouble
get_reach (const Tracker *self, const Track *track)
{
  const TrackerTuning *tuning = &self->settings.tuning;
  gdouble unseen =
      (gdouble) (self->clock.now - track->found_at) / TRACKING_SECOND;
  gdouble speed =
      track->hits == 1 ? tuning->initial_speed : tuning->reach_speed;

  return MIN (tuning->reach + speed * unseen, tuning->max_reach);
}

static const gint *
associate (Tracker *self, const TrackerDetection *detections)
{
  association_start (self->association);
  for (guint i = 0; i < self->tracks->len; i++) {
    const Track *track = get_track (self, i);
    AssociationTrack expected = {
      .box = motion_get_box (&track->motion),
      .label = track->label,
      .weight = get_weight (track, &self->settings.tuning),
      .reach = get_reach (self, track),
    };

    association_add_track (self->association, &expected);
  }
  for (guint i = 0; i < self->selection.indices->len; i++) {
    const TrackerDetection *detection =
        &detections[g_array_index (self->selection.indices, guint, i)];
    AssociationDetection found = {
      .box = detection->box,
      .label = detection->label,
      .is_weak = detection->confidence < self->settings.high_threshold,
    };

    association_add_detection (self->association, &found);
  }
  return association_run (self->association, &self->settings);
}

static void
confirm (Tracker *self, Track *track)
{
  guint hits = self->looking_period < self->settings.tuning.rare_period
                   ? self->settings.min_hits
                   : 1;

  if (track->id != 0 || track->hits < hits)
    return;
  track->id = self->id_func (self->id_data);
  self->statistics.ids++;
}

/* @match: index of a selected detection, or -1 */
static void
continue_track (
    Tracker *self, Track *track, const TrackerDetection *detections, gint match)
{
  guint index;

  if (match == NONE) {
    track_miss (track, self->clock.now);
    return;
  }
  index = g_array_index (self->selection.indices, guint, match);
  if (track->is_lost && track->id != 0)
    self->statistics.recovered++;
  track_find (track, self->clock.now, &detections[index], &self->settings);
  track->detection = index;
  confirm (self, track);
}

static void
continue_tracks (
    Tracker *self, const TrackerDetection *detections, const gint *matches)
{
  guint n_kept = 0;

  for (guint i = 0; i < self->tracks->len; i++) {
    Track *track = get_track (self, i);

    continue_track (self, track, detections, matches[i]);
    if (track_has_ended (track, self->clock.now, &self->settings)) {
      count_track (self->ended_labels, track);
      continue;
    }
    if (n_kept != i)
      *get_track (self, n_kept) = *track;
    n_kept++;
  }
  g_array_set_size (self->tracks, n_kept);
}

/* intersection over union */
static gdouble
get_overlap (const TrackingBox *a, const TrackingBox *b)
{
  gdouble width = MIN (a->x + a->width, b->x + b->width) - MAX (a->x, b->x);
  gdouble height = MIN (a->y + a->height, b->y + b->height) - MAX (a->y, b->y);
  gdouble intersection;

  if (width <= 0 || height <= 0)
    return 0;
  intersection = width * height;
  return intersection
         / (a->width * a->height + b->width * b->height - intersection);
}

/* the same object under another label, which has its track */
static gboolean
is_duplicate (const Tracker *self, const TrackerDetection *detection)
{
  if (self->settings.per_class)
    return FALSE;
  for (guint i = 0; i < self->tracks->len; i++) {
    const Track *track = get_track (self, i);

    if (!track->is_lost
        && get_overlap (&track->box, &detection->box)
               >= self->settings.tuning.duplicate_overlap)
      return TRUE;
  }
  return FALSE;
}

/* Returns: the number of detections that there was no room for */
static guint
start_tracks (Tracker *self, const TrackerDetection *detections)
{
  const gint *taken_by = (const gint *) self->track_of_detection->data;
  guint n_left_out = 0;

  for (guint i = 0; i < self->selection.indices->len; i++) {
    guint index = g_array_index (self->selection.indices, guint, i);
    const TrackerDetection *detection = &detections[index];
    Track track;

    if (taken_by[index] != NONE
        || detection->confidence < self->settings.high_threshold
        || is_duplicate (self, detection))
      continue;
    if (self->tracks->len == MAX_TRACKS) {
      n_left_out++;
      continue;
    }
    track_start (&track, self->clock.now, detection, &self->settings.tuning);
    track.detection = index;
    confirm (self, &track);
    g_array_append_val (self->tracks, track);
  }
  return n_left_out;
}

static void
show_track (Tracker *self, const Track *track, gboolean has_looked)
{
  gboolean is_detected = has_looked && !track->is_lost;
  TrackerTrack visible = {
    .id = track->id,
    .box = is_detected ? track->box : motion_get_box (&track->motion),
    .state = TRACKER_TRACK_PREDICTED,
    .detection = track->detection,
    .label = track->label,
    .confidence = track->confidence,
    .age = self->clock.now - track->started_at,
    .unseen_time = self->clock.now - track->found_at,
  };

  if (track->is_lost)
    visible.state = TRACKER_TRACK_LOST;
  else if (has_looked)
    visible.state = TRACKER_TRACK_DETECTED;
  g_array_append_val (self->visible, visible);
}

static void
show_tracks (Tracker *self, gboolean has_looked, TrackerResult *result)
{
  g_array_set_size (self->visible, 0);
  for (guint i = 0; i < self->tracks->len; i++) {
    const Track *track = get_track (self, i);

    if (track->id != 0)
      show_track (self, track, has_looked);
  }
  *result = (TrackerResult){
    .tracks = (const TrackerTrack *) self->visible->data,
    .n_tracks = self->visible->len,
    .time = self->clock.now,
  };
}

/* which detections continue a track */
static void
mark_taken (Tracker *self, guint n_detections)
{
  gint *track_of_detection;

  g_array_set_size (self->track_of_detection, n_detections);
  track_of_detection = (gint *) self->track_of_detection->data;
  for (guint i = 0; i < n_detections; i++)
    track_of_detection[i] = NONE;
  for (guint i = 0; i < self->tracks->len; i++) {
    const Track *track = get_track (self, i);

    if (track->detection != NONE)
      track_of_detection[track->detection] = i;
  }
}

/* from all tracks to the visible ones */
static void
map_detections (Tracker *self, guint n_detections, TrackerResult *result)
{
  gint *track_of_detection = (gint *) self->track_of_detection->data;

  for (guint i = 0; i < n_detections; i++)
    track_of_detection[i] = NONE;
  for (guint i = 0; i < result->n_tracks; i++) {
    if (result->tracks[i].detection != NONE)
      track_of_detection[result->tracks[i].detection] = i;
  }
  result->track_of_detection = track_of_detection;
}

/**
 * tracker_update:
 * @timestamp: of the frame, in nanoseconds, or %TRACKING_TIME_NONE
 * @frame_period: nanoseconds from one frame to the next, for frames without a
 *   timestamp and those whose timestamps go back; 0 if it is unknown
 * @detections: (array length=n_detections) (nullable): what was found
 * @result: (out caller-allocates)
 *
 * Moves on to a frame that was looked at.
 */
void
tracker_update (Tracker *self, guint64 timestamp, guint64 frame_period,
    const TrackerDetection *detections, guint n_detections,
    TrackerResult *result)
{
  const gint *matches;
  guint n_left_out;

  advance (self, timestamp, frame_period);
  measure_period (self);
  selection_run (
      &self->selection, detections, n_detections, self->settings.low_threshold);
  matches = associate (self, detections);

  continue_tracks (self, detections, matches);
  mark_taken (self, n_detections);
  n_left_out = self->selection.n_left_out + start_tracks (self, detections);

  show_tracks (self, TRUE, result);
  map_detections (self, n_detections, result);
  result->n_left_out = n_left_out;

  self->statistics.updates++;
  self->statistics.detections += n_detections;
  self->statistics.unusable += self->selection.n_unusable;
  self->statistics.left_out += n_left_out;
}

/**
 * tracker_predict:
 * @timestamp: as for tracker_update()
 * @frame_period: as for tracker_update()
 * @result: (out caller-allocates): where tracks are expected to be
 *
 * Moves on to a frame that nobody looked at. Tracks neither end nor become lost
 * on it.
 */
void
tracker_predict (Tracker *self, guint64 timestamp, guint64 frame_period,
    TrackerResult *result)
{
  advance (self, timestamp, frame_period);
  show_tracks (self, FALSE, result);
  self->statistics.predictions++;
}

/**
 * tracker_reset:
 *
 * Ends all tracks, since what comes is another scene or time. Ids and
 * statistics go on.
 */
void
tracker_reset (Tracker *self)
{
  for (guint i = 0; i < self->tracks->len; i++)
    count_track (self->ended_labels, get_track (self, i));
  g_array_set_size (self->tracks, 0);
  self->clock.is_running = FALSE;
  self->has_looked = FALSE;
}

/**
 * tracker_get_statistics:
 * @statistics: (out): since the tracker was made
 */
void
tracker_get_statistics (const Tracker *self, TrackerStatistics *statistics)
{
  *statistics = self->statistics;
  for (guint i = 0; i < self->tracks->len; i++) {
    const Track *track = get_track (self, i);

    statistics->alive += track->id != 0;
    statistics->lost += track->id != 0 && track->is_lost;
  }
}

/**
 * tracker_get_label_statistics:
 * @n_labels: (out)
 *
 * Counts each track, with the label it has now or had at its end.
 *
 * Returns: (transfer none) (array length=n_labels): valid until the next call
 */
const TrackerLabelStatistics *
tracker_get_label_statistics (Tracker *self, guint *n_labels)
{
  g_array_set_size (self->all_labels, 0);
  g_array_append_vals (
      self->all_labels, self->ended_labels->data, self->ended_labels->len);
  for (guint i = 0; i < self->tracks->len; i++)
    count_track (self->all_labels, get_track (self, i));
  *n_labels = self->all_labels->len;
  return (const TrackerLabelStatistics *) self->all_labels->data;
}
