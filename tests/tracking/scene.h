/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Made-up scenes: objects that walk straight on, a detector that is not quite
 * exact, and what a tracker makes of it. */

#pragma once

#include "tracking/tracking.h"

G_BEGIN_DECLS

#define SCENE_MAX_WALKERS 16

/**
 * SceneWalker:
 * @x: of its centre at second 0, in pixels
 * @speed_x: pixels per second
 * @enters: second from which it is there
 * @leaves: second from which it is not; 0 for never
 * @hidden_from: second from which nothing of it can be seen
 * @hidden_to: until this one
 */
typedef struct {
  gdouble x;
  gdouble y;
  gdouble speed_x;
  gdouble speed_y;
  gdouble width;
  gdouble height;
  gdouble enters;
  gdouble leaves;
  gdouble hidden_from;
  gdouble hidden_to;
} SceneWalker;

/**
 * Scene:
 * @walkers: up to the first without a width
 * @interval: every so manieth frame is looked at
 * @noise: standard deviation of the detector's boxes, in sizes
 * @flicker: probability that the detector overlooks an object
 */
typedef struct {
  const gchar *name;
  SceneWalker walkers[SCENE_MAX_WALKERS];
  gdouble seconds;
  gdouble fps;
  guint interval;
  gdouble noise;
  gdouble flicker;
} Scene;

/**
 * SceneOutcome:
 * @ids: of each walker: how many it had one after the other
 * @n_ids: that were given in all
 * @worst_prediction: distance of a predicted box's centre from the walker's, in
 *   sizes, at most
 * @coverage: part of the frames that walkers were seen on on which they have an
 *   id
 */
typedef struct {
  guint ids[SCENE_MAX_WALKERS];
  guint n_ids;
  gdouble worst_prediction;
  gdouble coverage;
} SceneOutcome;

TrackingBox scene_get_box (const SceneWalker *walker, gdouble seconds);
void scene_run (
    const Scene *scene, const TrackerSettings *settings, SceneOutcome *outcome);

G_END_DECLS
