/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The objects of a stream: a tracker for each detector in front, which may look
 * at other frames than the next one does. */

#pragma once

#include "metadata/tracks.h"
#include "settings.h"

G_BEGIN_DECLS

/**
 * TrackFrame:
 * @detections: (element-type GstYolov5Detection): those collected from a
 *   buffer, behind them the predicted ones
 * @tracks: (element-type GstYolov5TrackedObject): of each detection
 * @number: of the frame, from 0
 * @has_looked: a detector looked at it
 * @n_collected: how many were collected
 * @n_tracked: how many of @tracks are new
 * @n_left_out: detections over the trackers' limit
 */
typedef struct {
  GArray *detections;
  GArray *tracks;
  guint64 number;
  gboolean has_looked;
  guint n_collected;
  guint n_tracked;
  guint n_left_out;
} TrackFrame;

/**
 * TrackStream:
 *
 * For one thread at a time.
 */
typedef struct _TrackStream TrackStream;

void track_frame_init (TrackFrame *self);
void track_frame_clear (TrackFrame *self);

TrackStream *track_stream_new (TrackerIdFunc id_func, gpointer user_data);
void track_stream_free (TrackStream *self);
void track_stream_set_settings (
    TrackStream *self, const TrackSettings *settings);
void track_stream_follow (TrackStream *self, GstBuffer *buffer,
    const GstVideoInfo *info, TrackFrame *frame);
void track_stream_reset (TrackStream *self);
GstStructure *track_stream_get_statistics (TrackStream *self);

G_END_DECLS
