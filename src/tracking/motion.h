/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "tracking/tracking.h"

G_BEGIN_DECLS

/* MotionAxis: estimate of a value and of its change per second */
typedef struct {
  gdouble value;
  gdouble velocity;
  /* covariance of the two */
  gdouble value_variance;
  gdouble covariance;
  gdouble velocity_variance;
} MotionAxis;

/* Motion: where a box is, how large, and how both change; pixels and seconds */
typedef struct {
  MotionAxis x;
  MotionAxis y;
  MotionAxis width;
  MotionAxis height;
} Motion;

void motion_start (
    Motion *self, const TrackingBox *box, const TrackerTuning *tuning);
void motion_advance (
    Motion *self, gdouble seconds, const TrackerTuning *tuning);
void motion_correct (
    Motion *self, const TrackingBox *box, const TrackerTuning *tuning);
TrackingBox motion_get_box (const Motion *self);

G_END_DECLS
