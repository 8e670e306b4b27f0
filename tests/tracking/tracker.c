/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What a tracker promises, one thing at a time. */

#include <gst/check/gstcheck.h>

#include <math.h>

#include "tracking/tracking.h"

#define PERIOD (TRACKING_SECOND / 10)
#define MAX_BOXES 4

static Tracker *tracker;
static TrackerSettings settings;
static TrackerResult result;
static guint64 now;
static GQuark person, car;

static void
setup (void)
{
  tracker = tracker_new ();
  tracker_settings_init (&settings);
  now = 0;
  person = g_quark_from_static_string ("person");
  car = g_quark_from_static_string ("car");
}

static void
teardown (void)
{
  tracker_free (tracker);
}

static TrackerDetection
make_detection (gdouble x, gdouble confidence, GQuark label)
{
  return (TrackerDetection){
    .box = { x, 100, 40, 100 },
    .confidence = confidence,
    .label = label,
  };
}

/* a frame with one detection; its id, or 0 */
static guint64
look (gdouble x, gdouble confidence, GQuark label)
{
  TrackerDetection detection = make_detection (x, confidence, label);
  gint index;

  tracker_update (tracker, now, PERIOD, &detection, 1, &result);
  now += PERIOD;
  index = result.track_of_detection[0];
  return index < 0 ? 0 : result.tracks[index].id;
}

static void
look_at_nothing (guint n_frames)
{
  while (n_frames-- > 0) {
    tracker_update (tracker, now, PERIOD, NULL, 0, &result);
    now += PERIOD;
  }
}

static void
predict (guint n_frames)
{
  while (n_frames-- > 0) {
    tracker_predict (tracker, now, PERIOD, &result);
    now += PERIOD;
  }
}

static void
assert_near (gdouble actual, gdouble expected, gdouble tolerance)
{
  fail_unless (fabs (actual - expected) <= tolerance, "%g instead of %g",
      actual, expected);
}

/* the second detection gives the id, and the detector's own box goes out */
GST_START_TEST (test_start)
{
  assert_equals_uint64 (look (100, 0.9, person), 0);
  assert_equals_int (result.n_tracks, 0);
  assert_equals_uint64 (look (105, 0.9, person), 1);
  assert_equals_int (result.n_tracks, 1);
  assert_equals_int (result.tracks[0].state, TRACKER_TRACK_DETECTED);
  assert_equals_int (result.tracks[0].detection, 0);
  assert_equals_float (result.tracks[0].box.x, 105);
  assert_equals_float (result.tracks[0].box.width, 40);
  assert_equals_uint64 (result.tracks[0].age, PERIOD);
  assert_equals_uint64 (result.tracks[0].unseen_time, 0);
  assert_equals_int (result.tracks[0].label, person);
}
GST_END_TEST;

/* min-hits says how many detections give an id */
GST_START_TEST (test_min_hits)
{
  settings.min_hits = __i__;
  tracker_set_settings (tracker, &settings);
  for (gint i = 1; i < MAX (__i__, 1); i++)
    assert_equals_uint64 (look (100, 0.9, person), 0);
  assert_equals_uint64 (look (100, 0.9, person), 1);
}
GST_END_TEST;

/* what flickers once uses up no id */
GST_START_TEST (test_flash)
{
  for (guint i = 0; i < 10; i++) {
    assert_equals_uint64 (look (100 * i, 0.9, person), 0);
    look_at_nothing (5);
  }
  look (100, 0.9, person);
  assert_equals_uint64 (look (100, 0.9, person), 1);
}
GST_END_TEST;

/* where frames are looked at rarely, one detection gives the id */
GST_START_TEST (test_rare)
{
  look_at_nothing (1);
  predict (4);
  look_at_nothing (1);
  predict (4);
  assert_equals_uint64 (look (100, 0.9, person), 1);
}
GST_END_TEST;

/* one pause of the detector does not make it a rare one */
GST_START_TEST (test_pause)
{
  look_at_nothing (20);
  predict (9);
  assert_equals_uint64 (look (100, 0.9, person), 0);
}
GST_END_TEST;

/* weak detections continue a track where it is expected, but start none */
GST_START_TEST (test_weak)
{
  for (guint i = 0; i < 5; i++)
    assert_equals_uint64 (look (100, 0.4, person), 0);
  look (100, 0.9, person);
  look (100, 0.9, person);
  assert_equals_uint64 (look (102, 0.3, person), 1);
  /* beside it */
  assert_equals_uint64 (look (130, 0.3, person), 0);
  /* below the low threshold */
  assert_equals_uint64 (look (100, 0.2, person), 0);
  assert_equals_uint64 (look (100, 0.9, person), 1);
}
GST_END_TEST;

/* what is found by weak detections alone ends as if it were lost */
GST_START_TEST (test_weak_for_long)
{
  look (100, 0.9, person);
  look (100, 0.9, person);
  for (guint i = 0; i < 21; i++)
    assert_equals_uint64 (look (100, 0.3, person), 1);
  assert_equals_uint64 (look (100, 0.3, person), 0);
  assert_equals_int (result.n_tracks, 0);
}
GST_END_TEST;

/* lost tracks are there for max-lost-time, and are found again until then */
GST_START_TEST (test_lost)
{
  TrackerStatistics statistics;

  look (100, 0.9, person);
  look (100, 0.9, person);
  look_at_nothing (15);
  assert_equals_int (result.n_tracks, 1);
  assert_equals_int (result.tracks[0].state, TRACKER_TRACK_LOST);
  assert_equals_int (result.tracks[0].detection, -1);
  assert_equals_uint64 (result.tracks[0].unseen_time, 15 * PERIOD);
  assert_equals_uint64 (look (100, 0.9, person), 1);
  tracker_get_statistics (tracker, &statistics);
  assert_equals_uint64 (statistics.recovered, 1);

  look_at_nothing (21);
  assert_equals_int (result.n_tracks, 1);
  look_at_nothing (1);
  assert_equals_int (result.n_tracks, 0);
  look (100, 0.9, person);
  assert_equals_uint64 (look (100, 0.9, person), 2);
}
GST_END_TEST;

/* frames that nobody looks at make no track older in the sense of lost */
GST_START_TEST (test_nobody_looks)
{
  look (100, 0.9, person);
  look (100, 0.9, person);
  predict (100);
  assert_equals_int (result.n_tracks, 1);
  assert_equals_int (result.tracks[0].state, TRACKER_TRACK_PREDICTED);
  fail_unless (result.track_of_detection == NULL);
  assert_equals_uint64 (look (100, 0.9, person), 1);

  /* nor one that is lost already */
  look_at_nothing (1);
  predict (100);
  assert_equals_int (result.tracks[0].state, TRACKER_TRACK_LOST);
  assert_equals_uint64 (look (100, 0.9, person), 1);
}
GST_END_TEST;

/* predicted boxes move on as the object did, by time and not by frames */
GST_START_TEST (test_prediction)
{
  gdouble x = 100;

  for (guint i = 0; i < 20; i++, x += 10)
    look (x, 0.9, person);
  predict (4);
  assert_near (result.tracks[0].box.x, x + 30, 2);
  assert_near (result.tracks[0].box.y, 100, 0.1);
  assert_near (result.tracks[0].box.width, 40, 0.1);
  assert_equals_uint64 (result.tracks[0].unseen_time, 4 * PERIOD);

  /* six periods later at once */
  now += 5 * PERIOD;
  predict (1);
  assert_near (result.tracks[0].box.x, x + 90, 5);
}
GST_END_TEST;

/* a track has the label it was given most, by confidence; the ids stay */
GST_START_TEST (test_label_flips)
{
  static const struct {
    gboolean is_car;
    gdouble confidence;
    gboolean expect_car;
  } rows[] = {
    { FALSE, 0.6, FALSE },
    { TRUE, 0.55, FALSE },
    { TRUE, 0.9, TRUE },
    { FALSE, 0.6, TRUE },
    { FALSE, 0.9, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    guint64 id = look (100, rows[i].confidence, rows[i].is_car ? car : person);

    assert_equals_uint64 (id, i > 0);
    if (id != 0)
      assert_equals_int (
          result.tracks[0].label, rows[i].expect_car ? car : person);
  }
}
GST_END_TEST;

/* any number of labels fit into a track, and the usual one wins */
GST_START_TEST (test_many_labels)
{
  for (guint i = 0; i < 100; i++) {
    g_autofree gchar *name = g_strdup_printf ("label %u", i);

    look (100, 0.6, i % 2 == 0 ? person : g_quark_from_string (name));
  }
  assert_equals_int (result.n_tracks, 1);
  assert_equals_int (result.tracks[0].label, person);
}
GST_END_TEST;

/* per class, another label is another object; otherwise it is the same */
GST_START_TEST (test_per_class)
{
  guint64 id;

  settings.per_class = __i__;
  tracker_set_settings (tracker, &settings);
  look (100, 0.9, person);
  look (100, 0.9, person);
  look (100, 0.9, car);
  id = look (100, 0.9, car);
  assert_equals_uint64 (id, __i__ ? 2 : 1);
}
GST_END_TEST;

/* two labels on one object are one track, unless classes are kept apart */
GST_START_TEST (test_two_labels_at_once)
{
  TrackerDetection detections[] = { make_detection (100, 0.9, person),
    make_detection (102, 0.8, car) };

  settings.per_class = __i__;
  tracker_set_settings (tracker, &settings);
  for (guint i = 0; i < 5; i++) {
    tracker_update (tracker, now, PERIOD, detections, 2, &result);
    now += PERIOD;
  }
  assert_equals_int (result.n_tracks, __i__ ? 2 : 1);
}
GST_END_TEST;

/* classes that are not wanted are as if they were not there */
GST_START_TEST (test_wanted_labels)
{
  TrackerDetection detections[] = { make_detection (100, 0.9, car),
    make_detection (300, 0.9, person) };
  TrackerStatistics statistics;

  tracker_set_labels (tracker, &person, 1);
  for (guint i = 0; i < 3; i++) {
    tracker_update (tracker, now, PERIOD, detections, 2, &result);
    now += PERIOD;
  }
  assert_equals_int (result.n_tracks, 1);
  assert_equals_int (result.track_of_detection[0], -1);
  assert_equals_int (result.track_of_detection[1], 0);
  tracker_get_statistics (tracker, &statistics);
  assert_equals_uint64 (statistics.unusable, 3);

  tracker_set_labels (tracker, NULL, 0);
  for (guint i = 0; i < 3; i++) {
    tracker_update (tracker, now, PERIOD, detections, 2, &result);
    now += PERIOD;
  }
  assert_equals_int (result.n_tracks, 2);
}
GST_END_TEST;

/* after a reset, the same boxes are new objects, and ids go on */
GST_START_TEST (test_reset)
{
  look (100, 0.9, person);
  assert_equals_uint64 (look (100, 0.9, person), 1);
  tracker_reset (tracker);
  now = 0;
  assert_equals_uint64 (look (100, 0.9, person), 0);
  assert_equals_uint64 (look (100, 0.9, person), 2);
}
GST_END_TEST;

static guint64
next_id (gpointer user_data)
{
  return (*(guint64 *) user_data)++;
}

/* trackers may share a source of ids */
GST_START_TEST (test_shared_ids)
{
  g_autoptr (Tracker) other = tracker_new ();
  TrackerDetection detection = make_detection (100, 0.9, person);
  guint64 next = 1000;

  tracker_set_id_func (tracker, next_id, &next);
  tracker_set_id_func (other, next_id, &next);
  look (100, 0.9, person);
  assert_equals_uint64 (look (100, 0.9, person), 1000);
  for (guint i = 0; i < 2; i++)
    tracker_update (other, i * PERIOD, PERIOD, &detection, 1, &result);
  assert_equals_uint64 (result.tracks[0].id, 1001);
}
GST_END_TEST;

static const struct {
  const gchar *name;
  guint64 timestamps[4];
  guint64 frame_period;
  guint64 time;
} clocks[] = {
  { "as they should be", { 0, PERIOD, 2 * PERIOD, 3 * PERIOD }, PERIOD,
      3 * PERIOD },
  { "from anywhere on",
      { 1000 * PERIOD, 1001 * PERIOD, 1002 * PERIOD, 1003 * PERIOD }, PERIOD,
      3 * PERIOD },
  { "none at all",
      { TRACKING_TIME_NONE, TRACKING_TIME_NONE, TRACKING_TIME_NONE,
          TRACKING_TIME_NONE },
      PERIOD, 3 * PERIOD },
  { "neither timestamps nor a period",
      { TRACKING_TIME_NONE, TRACKING_TIME_NONE, TRACKING_TIME_NONE,
          TRACKING_TIME_NONE },
      0, 3 * (TRACKING_SECOND / 30) },
  { "a frame without one", { 0, PERIOD, TRACKING_TIME_NONE, 3 * PERIOD },
      PERIOD, 3 * PERIOD },
  { "back", { 100 * PERIOD, 101 * PERIOD, 50 * PERIOD, 51 * PERIOD }, PERIOD,
      3 * PERIOD },
  { "the same again", { PERIOD, PERIOD, PERIOD, PERIOD }, PERIOD, 0 },
  { "a huge one", { 0, G_MAXUINT64 - 1, 0, PERIOD }, PERIOD,
      60 * TRACKING_SECOND + 2 * PERIOD },
  { "a huge period",
      { TRACKING_TIME_NONE, TRACKING_TIME_NONE, TRACKING_TIME_NONE,
          TRACKING_TIME_NONE },
      G_MAXUINT64 - 1, 180 * TRACKING_SECOND },
};

/* time goes on, whatever timestamps do */
GST_START_TEST (test_timestamps)
{
  for (guint i = 0; i < G_N_ELEMENTS (clocks[__i__].timestamps); i++)
    tracker_update (tracker, clocks[__i__].timestamps[i],
        clocks[__i__].frame_period, NULL, 0, &result);
  fail_unless (result.time == clocks[__i__].time,
      "%s: %" G_GUINT64_FORMAT " ns instead of %" G_GUINT64_FORMAT,
      clocks[__i__].name, result.time, clocks[__i__].time);
}
GST_END_TEST;

static const TrackingBox unusable_boxes[] = {
  { NAN, 100, 40, 100 },
  { 100, NAN, 40, 100 },
  { 100, 100, NAN, 100 },
  { 100, 100, 40, NAN },
  { INFINITY, 100, 40, 100 },
  { 100, -INFINITY, 40, 100 },
  { 100, 100, INFINITY, 100 },
  { 100, 100, 0, 100 },
  { 100, 100, 40, -100 },
  { 100, 100, 1e-300, 1e-300 },
  { 1e300, 100, 40, 100 },
  { 100, 100, 1e300, 1e300 },
};

/* boxes that are none are left out and harm no track */
GST_START_TEST (test_unusable_box)
{
  TrackerDetection detections[] = { make_detection (100, 0.9, person),
    make_detection (100, 0.9, person) };
  TrackerStatistics statistics;

  detections[0].box = unusable_boxes[__i__];
  for (guint i = 0; i < 5; i++) {
    tracker_update (tracker, now, PERIOD, detections, 2, &result);
    now += PERIOD;
    assert_equals_int (result.track_of_detection[0], -1);
  }
  assert_equals_int (result.n_tracks, 1);
  assert_equals_int (result.track_of_detection[1], 0);
  predict (1);
  assert_near (result.tracks[0].box.x, 100, 0.001);
  tracker_get_statistics (tracker, &statistics);
  assert_equals_uint64 (statistics.unusable, 5);
}
GST_END_TEST;

/* so are confidences that are none */
GST_START_TEST (test_unusable_confidence)
{
  static const gdouble confidences[] = { NAN, INFINITY, -INFINITY, -1 };

  for (guint i = 0; i < 5; i++)
    assert_equals_uint64 (look (100, confidences[__i__], person), 0);
  assert_equals_int (result.n_tracks, 0);
}
GST_END_TEST;

/* settings hold from the next frame on, and tracks live through it */
GST_START_TEST (test_live_settings)
{
  look (100, 0.9, person);
  look (100, 0.9, person);
  settings.high_threshold = 0.95;
  settings.max_lost_time = TRACKING_SECOND / 2;
  tracker_set_settings (tracker, &settings);
  assert_equals_uint64 (look (100, 0.9, person), 1);
  look_at_nothing (7);
  assert_equals_int (result.n_tracks, 0);
  look (100, 0.9, person);
  assert_equals_uint64 (look (100, 0.9, person), 0);
}
GST_END_TEST;

/* statistics count frames, detections, ids, and objects of each class */
GST_START_TEST (test_statistics)
{
  TrackerStatistics statistics;
  const TrackerLabelStatistics *labels;
  guint n_labels;

  for (guint i = 0; i < 11; i++)
    look (100, 0.9, person);
  look_at_nothing (30);
  predict (2);
  for (guint i = 0; i < 6; i++)
    look (100, 0.9, car);
  look_at_nothing (1);

  tracker_get_statistics (tracker, &statistics);
  assert_equals_uint64 (statistics.updates, 48);
  assert_equals_uint64 (statistics.predictions, 2);
  assert_equals_uint64 (statistics.detections, 17);
  assert_equals_uint64 (statistics.ids, 2);
  assert_equals_int (statistics.alive, 1);
  assert_equals_int (statistics.lost, 1);

  labels = tracker_get_label_statistics (tracker, &n_labels);
  assert_equals_int (n_labels, 2);
  assert_equals_int (labels[0].label, person);
  assert_equals_uint64 (labels[0].tracks, 1);
  assert_equals_uint64 (labels[0].seen_time, 10 * PERIOD);
  assert_equals_int (labels[1].label, car);
  assert_equals_uint64 (labels[1].tracks, 1);
  assert_equals_uint64 (labels[1].seen_time, 5 * PERIOD);
}
GST_END_TEST;

static Suite *
tracker_suite (void)
{
  Suite *suite = suite_create ("tracking-tracker");
  TCase *chain = tcase_create ("general");

  suite_add_tcase (suite, chain);
  tcase_add_checked_fixture (chain, setup, teardown);
  tcase_add_test (chain, test_start);
  tcase_add_loop_test (chain, test_min_hits, 0, 4);
  tcase_add_test (chain, test_flash);
  tcase_add_test (chain, test_rare);
  tcase_add_test (chain, test_pause);
  tcase_add_test (chain, test_weak);
  tcase_add_test (chain, test_weak_for_long);
  tcase_add_test (chain, test_lost);
  tcase_add_test (chain, test_nobody_looks);
  tcase_add_test (chain, test_prediction);
  tcase_add_test (chain, test_label_flips);
  tcase_add_test (chain, test_many_labels);
  tcase_add_loop_test (chain, test_per_class, 0, 2);
  tcase_add_loop_test (chain, test_two_labels_at_once, 0, 2);
  tcase_add_test (chain, test_wanted_labels);
  tcase_add_test (chain, test_reset);
  tcase_add_test (chain, test_shared_ids);
  tcase_add_loop_test (chain, test_timestamps, 0, G_N_ELEMENTS (clocks));
  tcase_add_loop_test (
      chain, test_unusable_box, 0, G_N_ELEMENTS (unusable_boxes));
  tcase_add_loop_test (chain, test_unusable_confidence, 0, 4);
  tcase_add_test (chain, test_live_settings);
  tcase_add_test (chain, test_statistics);
  return suite;
}

GST_CHECK_MAIN (tracker);
