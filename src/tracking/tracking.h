/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Tracks: which boxes of a stream's frames are the same object, and where the
 * objects are on frames that nobody looked at. What happens on lines and in
 * zones is in zones.h. */

#pragma once

#include "tracking/clock.h"

G_BEGIN_DECLS

/**
 * TRACKER_MAX_DETECTIONS:
 *
 * Of one frame; what is more is left out, the least confident first. Tracks are
 * at most twice as many.
 */
#define TRACKER_MAX_DETECTIONS 1000

/**
 * TrackingBox:
 *
 * In pixels of the frame; @x and @y are the left top corner.
 */
typedef struct {
  gdouble x;
  gdouble y;
  gdouble width;
  gdouble height;
} TrackingBox;

/**
 * TrackerDetection:
 * @box: what the detector found; one that is not finite or has no area is left
 *   out
 * @confidence: 0 to 1; 1 where the detector gives none
 * @label: the class, a quark of its label, or 0
 */
typedef struct {
  TrackingBox box;
  gdouble confidence;
  GQuark label;
} TrackerDetection;

/**
 * TrackerTrackState:
 * @TRACKER_TRACK_DETECTED: found on this frame
 * @TRACKER_TRACK_PREDICTED: nobody looked at this frame; found on the last one
 *   that was looked at
 * @TRACKER_TRACK_LOST: not found on the last frame that was looked at
 */
typedef enum {
  TRACKER_TRACK_DETECTED,
  TRACKER_TRACK_PREDICTED,
  TRACKER_TRACK_LOST,
} TrackerTrackState;

/**
 * TrackerTrack:
 * @id: from 1; never given twice
 * @box: the detector's own if it was found on this frame, else where it is
 *   expected, which may be beyond the frame
 * @detection: index among the frame's detections, or -1
 * @label: the one that its detections had most, weighted by confidence
 * @confidence: of the last detection
 * @age: nanoseconds since it was found first
 * @unseen_time: nanoseconds since it was found last
 */
typedef struct {
  guint64 id;
  TrackingBox box;
  TrackerTrackState state;
  gint detection;
  GQuark label;
  gdouble confidence;
  guint64 age;
  guint64 unseen_time;
} TrackerTrack;

/**
 * TrackerTuning:
 * @box_noise: standard deviation of a detector's box, in sizes. Detectors find
 *   a standing person within a few percent of the height, and half of what
 *   limbs add while walking is noise to a tracker, too
 * @initial_speed: standard deviation of the speed of an object that was seen
 *   once, in sizes per second: people run 3, cars in towns drive 5
 * @acceleration: by how much speed changes within a second, in sizes per
 *   second: people walk 1.2 and need more than a second to change that
 * @growth: the same for width and height
 * @growth_time: seconds for which an object goes on to grow or shrink as it
 *   does; limbs swing, and who turns around does not go on turning
 * @box_margin: part of its size by which a box is grown on each side before
 *   overlaps are looked at, so that small and quick ones overlap, too
 * @min_overlap: least intersection over union (IoU) of grown boxes
 * @min_weak_overlap: the same with a detection below the high threshold.
 *   Background that looks a little like an object is everywhere; the object
 *   itself is where it is expected
 * @reach: how far from where it is expected an object may be found, in sizes
 * @reach_speed: what is added for each second that it was not seen: a turn
 *   around within a second costs a walking person 1.4
 * @max_reach: limit of the two
 * @max_size_ratio: how different widths and heights may be of boxes that do not
 *   overlap; arms and legs change a walking person's width by half
 * @lost_weight: what a lost track's claim is worth beside that of one that was
 *   found on the last frame
 * @new_weight: the same of a track without an id
 * @weak_weight: the same of a detection below the high threshold
 * @label_weight: the same of a detection with another label than its track
 * @duplicate_overlap: a detection that overlaps one of a track by this (IoU) is
 *   the same object under another label and starts no track
 * @tentative_time: nanoseconds for which a track without an id waits to be
 *   found again: some frames of any camera
 * @rare_period: from this many nanoseconds between the frames that are looked
 *   at, one detection makes a track: with two, an object would be without an id
 *   for the better part of a second
 *
 * What the tracker takes for granted about objects, cameras and detectors. No
 * user needs to change it, and results depend little on any of it.
 *
 * A size is the mean of a box's width and height; of a standing person, it is
 * about 1.2 m, of a car 3 m.
 */
typedef struct {
  gdouble box_noise;
  gdouble initial_speed;
  gdouble acceleration;
  gdouble growth;
  gdouble growth_time;
  gdouble box_margin;
  gdouble min_overlap;
  gdouble min_weak_overlap;
  gdouble reach;
  gdouble reach_speed;
  gdouble max_reach;
  gdouble max_size_ratio;
  gdouble lost_weight;
  gdouble new_weight;
  gdouble weak_weight;
  gdouble label_weight;
  gdouble duplicate_overlap;
  guint64 tentative_time;
  guint64 rare_period;
} TrackerTuning;

/**
 * TrackerSettings:
 * @high_threshold: least confidence of a detection that starts a track
 * @low_threshold: least confidence of one that continues a track
 * @per_class: only detections with a track's own label continue it
 * @min_hits: so many detections give a track its id, at least 1
 * @max_lost_time: nanoseconds after which a track ends that is not found, or
 *   only by detections below the high threshold. Counts from the first frame
 *   that was looked at in vain
 */
typedef struct {
  gdouble high_threshold;
  gdouble low_threshold;
  gboolean per_class;
  guint min_hits;
  guint64 max_lost_time;
  TrackerTuning tuning;
} TrackerSettings;

/**
 * TrackerResult:
 * @tracks: (array length=n_tracks): all tracks that have an id and did not end,
 *   the oldest first
 * @track_of_detection: (nullable): for each detection the index of its track in
 *   @tracks, or -1; %NULL on frames that nobody looked at
 * @time: nanoseconds of stream time since the first frame; never goes back
 * @n_left_out: detections over %TRACKER_MAX_DETECTIONS and those that found no
 *   room for a new track: worth a warning
 *
 * Belongs to the tracker; valid until its next call.
 */
typedef struct {
  const TrackerTrack *tracks;
  guint n_tracks;
  const gint *track_of_detection;
  guint64 time;
  guint n_left_out;
} TrackerResult;

/**
 * TrackerStatistics:
 * @updates: frames that were looked at
 * @predictions: frames that were not
 * @detections: that came in
 * @unusable: of these, were not finite, without area, of a class that is not
 *   wanted or below the low threshold
 * @left_out: of these, were over a limit
 * @ids: that were given
 * @recovered: how often a lost track was found again
 * @alive: tracks with an id now, with the lost ones
 * @lost: lost tracks now
 */
typedef struct {
  guint64 updates;
  guint64 predictions;
  guint64 detections;
  guint64 unusable;
  guint64 left_out;
  guint64 ids;
  guint64 recovered;
  guint alive;
  guint lost;
} TrackerStatistics;

/**
 * TrackerLabelStatistics:
 * @label: the class, as in #TrackerTrack
 * @tracks: how many there were with it
 * @seen_time: nanoseconds from the first to the last detection of each, summed
 */
typedef struct {
  GQuark label;
  guint64 tracks;
  guint64 seen_time;
} TrackerLabelStatistics;

/**
 * TrackerIdFunc:
 *
 * Returns: the next id, never 0 and never the same again
 */
typedef guint64 (*TrackerIdFunc) (gpointer user_data);

/**
 * Tracker:
 *
 * The tracks of one stream; for one thread at a time. Once it has seen as much
 * as it gets to see, it allocates nothing.
 */
typedef struct _Tracker Tracker;

void tracker_settings_init (TrackerSettings *settings);

Tracker *tracker_new (void);
void tracker_free (Tracker *self);
void tracker_set_id_func (
    Tracker *self, TrackerIdFunc func, gpointer user_data);
void tracker_set_settings (Tracker *self, const TrackerSettings *settings);
void tracker_set_labels (Tracker *self, const GQuark *labels, guint n_labels);

void tracker_update (Tracker *self, guint64 timestamp, guint64 frame_period,
    const TrackerDetection *detections, guint n_detections,
    TrackerResult *result);
void tracker_predict (Tracker *self, guint64 timestamp, guint64 frame_period,
    TrackerResult *result);
void tracker_reset (Tracker *self);

void tracker_get_statistics (
    const Tracker *self, TrackerStatistics *statistics);
const TrackerLabelStatistics *tracker_get_label_statistics (
    Tracker *self, guint *n_labels);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Tracker, tracker_free)

G_END_DECLS
