/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "tracking/tracking.h"

G_BEGIN_DECLS

/**
 * AssociationTrack:
 * @box: where it is expected
 * @weight: what its claim on a detection is worth, above 0
 * @reach: how far away it may be, in sizes
 */
typedef struct {
  TrackingBox box;
  GQuark label;
  gdouble weight;
  gdouble reach;
} AssociationTrack;

/**
 * AssociationDetection:
 * @is_weak: it is below the high threshold
 */
typedef struct {
  TrackingBox box;
  GQuark label;
  gboolean is_weak;
} AssociationDetection;

typedef struct _Association Association;

Association *association_new (void);
void association_free (Association *self);
void association_start (Association *self);
void association_add_track (Association *self, const AssociationTrack *track);
void association_add_detection (
    Association *self, const AssociationDetection *detection);
const gint *association_run (
    Association *self, const TrackerSettings *settings);

G_END_DECLS
