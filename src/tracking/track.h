/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "tracking/motion.h"

G_BEGIN_DECLS

/* a detector takes an object for two or three things, not for more */
#define TRACK_MAX_LABELS 4

/* TrackVotes: sum of the confidences of the detections with a label */
typedef struct {
  GQuark label;
  gdouble votes;
} TrackVotes;

/**
 * Track:
 * @id: 0 while too little speaks for it
 * @box: of the last detection
 * @detection: index of this frame's, or -1
 * @is_lost: not found on the last frame that was looked at
 * @is_doubted: the same, or the detection was below the high threshold
 * @found_at: time of the last detection
 * @doubted_at: since when it is doubted
 */
typedef struct {
  guint64 id;
  Motion motion;
  TrackingBox box;
  gdouble confidence;
  TrackVotes votes[TRACK_MAX_LABELS];
  guint n_votes;
  GQuark label;
  guint hits;
  gint detection;
  gboolean is_lost;
  gboolean is_doubted;
  guint64 started_at;
  guint64 found_at;
  guint64 doubted_at;
} Track;

void track_start (Track *self, guint64 now, const TrackerDetection *detection,
    const TrackerTuning *tuning);
void track_find (Track *self, guint64 now, const TrackerDetection *detection,
    const TrackerSettings *settings);
void track_miss (Track *self, guint64 now);
gboolean track_has_ended (
    const Track *self, guint64 now, const TrackerSettings *settings);

G_END_DECLS
