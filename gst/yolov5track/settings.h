/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The properties of the tracking element. */

#pragma once

#include <gst/gst.h>

#include "tracking/tracking.h"

G_BEGIN_DECLS

/**
 * TrackUniqueIds:
 * @TRACK_UNIQUE_IDS_STREAM: from 1 in each element
 * @TRACK_UNIQUE_IDS_PROCESS: no two elements of a process give the same id
 */
typedef enum {
  TRACK_UNIQUE_IDS_STREAM,
  TRACK_UNIQUE_IDS_PROCESS
} TrackUniqueIds;

#define TRACK_TYPE_UNIQUE_IDS (track_unique_ids_get_type ())
GType track_unique_ids_get_type (void);

/**
 * TrackSettings:
 *
 * Values of the properties.
 */
typedef struct {
  GstClockTime max_lost_time;
  guint min_hits;
  gfloat high_threshold;
  gfloat low_threshold;
  gboolean per_class;
  gchar *classes;
  gboolean predict;
  TrackUniqueIds unique_ids;
  gboolean post_messages;
} TrackSettings;

void track_settings_install (GObjectClass *object_class);
void track_settings_get_tracker (
    const TrackSettings *self, TrackerSettings *tracker);

G_END_DECLS
