/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Made-up scenes that trackers are known to fail in. */

#include <gst/check/gstcheck.h>

#include "scene.h"

/* a person of 100 pixels walks 1.4 m/s, 80 pixels */
#define PERSON .width = 40, .height = 100

static const Scene scenes[] = {
  {
      .name = "one walks",
      .walkers = { { .x = 50, .y = 200, .speed_x = 80, PERSON } },
      .seconds = 8,
      .fps = 30,
      .interval = 1,
      .noise = 0.05,
  },
  {
      .name = "one stands",
      .walkers = { { .x = 50, .y = 200, PERSON } },
      .seconds = 20,
      .fps = 30,
      .interval = 1,
      .noise = 0.08,
  },
  {
      .name = "every fifth frame",
      .walkers = { { .x = 50, .y = 200, .speed_x = 80, PERSON },
          { .x = 600, .y = 300, .speed_x = -120, PERSON } },
      .seconds = 5,
      .fps = 10,
      .interval = 5,
      .noise = 0.05,
  },
  {
      .name = "one frame a second",
      .walkers = { { .x = 50, .y = 200, .speed_x = 80, PERSON },
          { .x = 600, .y = 300, .speed_x = -80, PERSON } },
      .seconds = 10,
      .fps = 10,
      .interval = 10,
      .noise = 0.03,
  },
  {
      .name = "a car as fast as in towns, on every third frame",
      .walkers = { { .x = 0,
          .y = 200,
          .speed_x = 450,
          .width = 150,
          .height = 50 } },
      .seconds = 4,
      .fps = 10,
      .interval = 3,
      .noise = 0.05,
  },
  {
      .name = "a motorcycle passes, its boxes do not overlap",
      .walkers = { { .x = 0,
          .y = 200,
          .speed_x = 300,
          .width = 60,
          .height = 60 } },
      .seconds = 3,
      .fps = 10,
      .interval = 2,
      .noise = 0.05,
  },
  {
      .name = "behind a van for a second and a half",
      .walkers = { { .x = 50,
          .y = 200,
          .speed_x = 80,
          .hidden_from = 3,
          .hidden_to = 4.5,
          PERSON } },
      .seconds = 8,
      .fps = 30,
      .interval = 1,
      .noise = 0.05,
  },
  {
      .name = "behind a pillar, looked at every third frame",
      .walkers = { { .x = 50,
          .y = 200,
          .speed_x = 80,
          .hidden_from = 3,
          .hidden_to = 4,
          PERSON } },
      .seconds = 8,
      .fps = 15,
      .interval = 3,
      .noise = 0.05,
  },
  {
      .name = "two meet and one hides the other",
      .walkers = { { .x = 100,
                       .y = 200,
                       .speed_x = 80,
                       .hidden_from = 3.4,
                       .hidden_to = 4.1,
                       PERSON },
          { .x = 700, .y = 205, .speed_x = -80, PERSON } },
      .seconds = 8,
      .fps = 25,
      .interval = 1,
      .noise = 0.05,
  },
  {
      .name = "two walk side by side",
      .walkers = { { .x = 100, .y = 200, .speed_x = 80, PERSON },
          { .x = 135, .y = 204, .speed_x = 80, PERSON } },
      .seconds = 8,
      .fps = 25,
      .interval = 1,
      .noise = 0.05,
  },
  {
      .name = "a detector that overlooks a third",
      .walkers = { { .x = 50, .y = 200, .speed_x = 80, PERSON },
          { .x = 600, .y = 300, .speed_x = -80, PERSON },
          { .x = 900, .y = 100, .speed_y = 40, PERSON } },
      .seconds = 8,
      .fps = 25,
      .interval = 1,
      .noise = 0.05,
      .flicker = 0.33,
  },
  {
      .name = "a crowd of six, every second frame",
      .walkers = { { .x = 50, .y = 100, .speed_x = 80, PERSON },
          { .x = 120, .y = 180, .speed_x = 70, PERSON },
          { .x = 200, .y = 260, .speed_x = 90, PERSON },
          { .x = 800, .y = 140, .speed_x = -80, PERSON },
          { .x = 760, .y = 320, .speed_x = -90, PERSON },
          { .x = 400, .y = 420, .speed_y = -20, PERSON } },
      .seconds = 9,
      .fps = 20,
      .interval = 2,
      .noise = 0.03,
  },
  {
      .name = "up and left, as unsigned arithmetic loses it",
      .walkers = { { .x = 400,
          .y = 400,
          .speed_x = -90,
          .speed_y = -90,
          PERSON } },
      .seconds = 5,
      .fps = 25,
      .interval = 1,
      .noise = 0.05,
  },
};

/* every walker keeps one id, and no id is given to anything else */
GST_START_TEST (test_one_id_each)
{
  const Scene *scene = &scenes[__i__];
  SceneOutcome outcome;
  guint n_walkers = 0;

  scene_run (scene, NULL, &outcome);
  while (scene->walkers[n_walkers].width > 0) {
    fail_unless (outcome.ids[n_walkers] == 1, "%s: walker %u had %u ids",
        scene->name, n_walkers, outcome.ids[n_walkers]);
    n_walkers++;
  }
  fail_unless (outcome.n_ids == n_walkers, "%s: %u ids for %u walkers",
      scene->name, outcome.n_ids, n_walkers);
  fail_unless (outcome.coverage > 0.7, "%s: ids on %.0f %% of the boxes",
      scene->name, 100 * outcome.coverage);
  fail_unless (outcome.worst_prediction < 1.2,
      "%s: a prediction was %.2f sizes off", scene->name,
      outcome.worst_prediction);
}
GST_END_TEST;

/* the scenes that do not depend on two objects' order */
static const guint fast_scenes[] = { 0, 2, 4, 5, 6, 9, 10 };

/* the same at other frame rates: time counts, not frames */
GST_START_TEST (test_other_frame_rates)
{
  static const gdouble factors[] = { 2, 4 };

  for (guint i = 0; i < G_N_ELEMENTS (factors); i++) {
    Scene scene = scenes[fast_scenes[__i__]];
    SceneOutcome outcome;

    scene.fps *= factors[i];
    scene.interval *= factors[i];
    scene_run (&scene, NULL, &outcome);
    for (guint j = 0; scene.walkers[j].width > 0; j++)
      fail_unless (outcome.ids[j] == 1, "%s at %.0f fps: walker %u had %u ids",
          scene.name, scene.fps, j, outcome.ids[j]);
  }
}
GST_END_TEST;

/* who comes back after max-lost-time is somebody new */
GST_START_TEST (test_hidden_for_too_long)
{
  Scene scene = {
    .walkers = { { .x = 50,
        .y = 200,
        .speed_x = 40,
        .hidden_from = 3,
        .hidden_to = 6,
        PERSON } },
    .seconds = 9,
    .fps = 20,
    .interval = 1,
    .noise = 0.02,
  };
  TrackerSettings settings;
  SceneOutcome outcome;

  tracker_settings_init (&settings);
  scene_run (&scene, &settings, &outcome);
  assert_equals_int (outcome.n_ids, 2);

  settings.max_lost_time = 4 * TRACKING_SECOND;
  scene_run (&scene, &settings, &outcome);
  assert_equals_int (outcome.n_ids, 1);
}
GST_END_TEST;

static Suite *
scenes_suite (void)
{
  Suite *suite = suite_create ("tracking-scenes");
  TCase *chain = tcase_create ("general");

  suite_add_tcase (suite, chain);
  tcase_add_loop_test (chain, test_one_id_each, 0, G_N_ELEMENTS (scenes));
  tcase_add_loop_test (
      chain, test_other_frame_rates, 0, G_N_ELEMENTS (fast_scenes));
  tcase_add_test (chain, test_hidden_for_too_long);
  return suite;
}

GST_CHECK_MAIN (scenes);
