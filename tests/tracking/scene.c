/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "scene.h"

#include <math.h>

#define SEED 14

typedef struct {
  const Scene *scene;
  Tracker *tracker;
  GRand *random;
  guint n_walkers;
  TrackerDetection detections[SCENE_MAX_WALKERS];
  guint walkers[SCENE_MAX_WALKERS];
  guint n_detections;
  guint64 ids[SCENE_MAX_WALKERS];
  guint n_seen;
  guint n_with_id;
} Run;

/* where it is, had nobody to find it */
TrackingBox
scene_get_box (const SceneWalker *walker, gdouble seconds)
{
  return (TrackingBox){
    .x = walker->x + walker->speed_x * seconds - walker->width / 2,
    .y = walker->y + walker->speed_y * seconds - walker->height / 2,
    .width = walker->width,
    .height = walker->height,
  };
}

static gboolean
is_there (const SceneWalker *walker, gdouble seconds)
{
  return seconds >= walker->enters
         && (walker->leaves == 0 || seconds < walker->leaves);
}

static gboolean
is_visible (const SceneWalker *walker, gdouble seconds)
{
  return is_there (walker, seconds)
         && !(seconds >= walker->hidden_from && seconds < walker->hidden_to);
}

/* nearly normal, of variance 1 */
static gdouble
get_noise (GRand *random)
{
  gdouble sum = 0;

  for (guint i = 0; i < 12; i++)
    sum += g_rand_double (random);
  return sum - 6;
}

static void
detect (Run *run, gdouble seconds)
{
  run->n_detections = 0;
  for (guint i = 0; i < run->n_walkers; i++) {
    const SceneWalker *walker = &run->scene->walkers[i];
    TrackerDetection *detection = &run->detections[run->n_detections];
    gdouble noise = run->scene->noise * (walker->width + walker->height) / 2;

    if (!is_visible (walker, seconds)
        || g_rand_double (run->random) < run->scene->flicker)
      continue;
    detection->box = scene_get_box (walker, seconds);
    detection->box.x += noise * get_noise (run->random);
    detection->box.y += noise * get_noise (run->random);
    detection->box.width += noise * get_noise (run->random);
    detection->box.height += noise * get_noise (run->random);
    detection->confidence = 0.8;
    detection->label = g_quark_from_static_string ("person");
    run->walkers[run->n_detections++] = i;
  }
}

static void
check_ids (Run *run, const TrackerResult *result, SceneOutcome *outcome)
{
  for (guint i = 0; i < run->n_detections; i++) {
    guint walker = run->walkers[i];
    gint index = result->track_of_detection[i];

    run->n_seen++;
    if (index < 0)
      continue;
    run->n_with_id++;
    outcome->n_ids = MAX (outcome->n_ids, result->tracks[index].id);
    if (result->tracks[index].id != run->ids[walker])
      outcome->ids[walker]++;
    run->ids[walker] = result->tracks[index].id;
  }
}

static void
check_predictions (Run *run, const TrackerResult *result, gdouble seconds,
    SceneOutcome *outcome)
{
  for (guint i = 0; i < run->n_walkers; i++) {
    const SceneWalker *walker = &run->scene->walkers[i];
    TrackingBox truth = scene_get_box (walker, seconds);

    for (guint j = 0; j < result->n_tracks; j++) {
      const TrackerTrack *track = &result->tracks[j];
      gdouble size = (walker->width + walker->height) / 2;
      gdouble distance =
          hypot (
              track->box.x + track->box.width / 2 - truth.x - truth.width / 2,
              track->box.y + track->box.height / 2 - truth.y - truth.height / 2)
          / size;

      if (is_visible (walker, seconds) && track->id == run->ids[i]
          && track->state == TRACKER_TRACK_PREDICTED)
        outcome->worst_prediction = MAX (outcome->worst_prediction, distance);
    }
  }
}

/**
 * scene_run:
 * @settings: (nullable): the defaults if %NULL
 * @outcome: (out)
 */
void
scene_run (
    const Scene *scene, const TrackerSettings *settings, SceneOutcome *outcome)
{
  Run run = {
    .scene = scene,
    .tracker = tracker_new (),
    .random = g_rand_new_with_seed (SEED),
  };
  guint64 period = TRACKING_SECOND / scene->fps;

  *outcome = (SceneOutcome){ .n_ids = 0 };
  if (settings != NULL)
    tracker_set_settings (run.tracker, settings);
  while (run.n_walkers < SCENE_MAX_WALKERS
         && scene->walkers[run.n_walkers].width > 0)
    run.n_walkers++;

  for (guint frame = 0; frame < scene->seconds * scene->fps; frame++) {
    gdouble seconds = (gdouble) frame * period / TRACKING_SECOND;
    TrackerResult result;

    if (frame % scene->interval == 0) {
      detect (&run, seconds);
      tracker_update (run.tracker, frame * period, period, run.detections,
          run.n_detections, &result);
      check_ids (&run, &result, outcome);
    } else {
      tracker_predict (run.tracker, frame * period, period, &result);
      check_predictions (&run, &result, seconds, outcome);
    }
  }
  outcome->coverage = (gdouble) run.n_with_id / MAX (run.n_seen, 1);
  g_rand_free (run.random);
  tracker_free (run.tracker);
}
