/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Any input at all, too much of it, and for very long. */

#include <gst/check/gstcheck.h>

#include <math.h>
#include <stdlib.h>

#include "allocations.h"
#include "tracking/tracking.h"
#include "tracking/zones.h"

#define N_LABELS 5

/* as fail_unless(), which writes to a file each time */
#define CHECK(condition)                                                       \
  G_STMT_START                                                                 \
  {                                                                            \
    if (G_UNLIKELY (!(condition)))                                             \
      fail ("%s", #condition);                                                 \
  }                                                                            \
  G_STMT_END

static const gchar config_text[] = "[line across]\n"
                                   "points=0;0.5;1;0.5\n"
                                   "[line corner]\n"
                                   "points=0.2;0.2;0.5;0.8;0.8;0.2\n"
                                   "anchor=center\n"
                                   "classes=label 0;label 1\n"
                                   "[zone middle]\n"
                                   "points=0.3;0.3;0.7;0.3;0.7;0.7;0.3;0.7\n"
                                   "dwell=3\n"
                                   "[zone star]\n"
                                   "points=0.5;0;0.8;1;0;0.4;1;0.4;0.2;1\n";

static ZonesConfig *
make_config (void)
{
  GError *error = NULL;
  ZonesConfig *config =
      zones_config_new_from_data (config_text, -1, "test", &error);

  fail_unless (config != NULL, "%s", error != NULL ? error->message : "");
  return config;
}

static GQuark
get_label (guint number)
{
  g_autofree gchar *name = g_strdup_printf ("label %u", number);

  return g_quark_from_string (name);
}

static gdouble
get_any_number (GRand *random)
{
  static const gdouble numbers[] = { 0, -1, 1e-310, 1e-9, 1e9, 1e300, -1e300,
    NAN, INFINITY, -INFINITY, G_MAXDOUBLE };

  if (g_rand_int_range (random, 0, 20) == 0)
    return numbers[g_rand_int_range (random, 0, G_N_ELEMENTS (numbers))];
  return g_rand_double_range (random, -100, 900);
}

static guint64
get_any_time (GRand *random, guint64 before)
{
  switch (g_rand_int_range (random, 0, 40)) {
    case 0:
      return TRACKING_TIME_NONE;
    case 1:
      return 0;
    case 2:
      return G_MAXUINT64 - 1;
    case 3:
      return before - MIN (before, g_rand_int (random));
    case 4:
      return (guint64) g_rand_int (random) << 32;
    case 5:
      return before;
    default:
      return before + g_rand_int_range (random, 0, 200000000);
  }
}

static void
make_any_detections (GRand *random, TrackerDetection *detections, guint n)
{
  for (guint i = 0; i < n; i++) {
    TrackingBox *box = &detections[i].box;

    box->x = get_any_number (random);
    box->y = get_any_number (random);
    box->width = get_any_number (random) / 5;
    box->height = get_any_number (random) / 5;
    detections[i].confidence = g_rand_int_range (random, 0, 20) == 0
                                   ? get_any_number (random)
                                   : g_rand_double (random);
    detections[i].label = g_rand_int_range (random, 0, 10);
  }
}

/* what holds for every result, whatever came in */
static void
check_result (const TrackerResult *result, const TrackerDetection *detections,
    guint n_detections, gboolean has_looked)
{
  CHECK (result->n_tracks <= 2 * TRACKER_MAX_DETECTIONS);
  CHECK (
      n_detections == 0 || (result->track_of_detection != NULL) == has_looked);
  for (guint i = 0; i < result->n_tracks; i++) {
    const TrackerTrack *track = &result->tracks[i];

    CHECK (track->id > 0);
    CHECK (isfinite (track->box.x) && isfinite (track->box.y));
    CHECK (track->box.width > 0 && track->box.height > 0);
    CHECK (isfinite (track->box.width) && isfinite (track->box.height));
    CHECK (track->unseen_time <= track->age);
    CHECK ((track->state == TRACKER_TRACK_DETECTED) == (track->detection >= 0));
    if (track->detection < 0)
      continue;
    CHECK (track->detection < (gint) n_detections);
    CHECK (result->track_of_detection[track->detection] == (gint) i);
    CHECK (track->box.x == detections[track->detection].box.x);
  }
}

/* an id that is not there any more never comes back */
static void
check_ids (GHashTable *ended, GHashTable **alive, const TrackerResult *result)
{
  GHashTable *now = g_hash_table_new (NULL, NULL);
  GHashTableIter iter;
  gpointer id;

  for (guint i = 0; i < result->n_tracks; i++) {
    id = GSIZE_TO_POINTER ((gsize) result->tracks[i].id);
    CHECK (!g_hash_table_contains (ended, id));
    CHECK (g_hash_table_add (now, id));
  }
  g_hash_table_iter_init (&iter, *alive);
  while (g_hash_table_iter_next (&iter, &id, NULL)) {
    if (!g_hash_table_contains (now, id))
      g_hash_table_add (ended, id);
  }
  g_hash_table_unref (*alive);
  *alive = now;
}

static void
feed_zones (Zones *zones, const TrackerResult *result, guint64 timestamp,
    gboolean has_looked)
{
  static ZonesObject objects[2 * TRACKER_MAX_DETECTIONS];
  ZonesFrame frame = {
    .timestamp = timestamp,
    .width = 768,
    .height = 576,
    .has_looked = has_looked,
    .objects = objects,
  };
  ZonesResult happened;

  for (guint i = 0; i < result->n_tracks; i++) {
    const TrackerTrack *track = &result->tracks[i];

    if (track->state == TRACKER_TRACK_LOST)
      continue;
    objects[frame.n_objects++] = (ZonesObject){
      .id = track->id,
      .box = track->box,
      .label = track->label,
      .is_predicted = track->state == TRACKER_TRACK_PREDICTED,
    };
  }
  zones_update (zones, &frame, &happened);
}

static void
change_settings (GRand *random, Tracker *tracker)
{
  TrackerSettings settings;

  tracker_settings_init (&settings);
  settings.high_threshold = g_rand_double (random);
  settings.low_threshold = g_rand_double (random);
  settings.per_class = g_rand_boolean (random);
  settings.min_hits = g_rand_int_range (random, 0, 5);
  settings.max_lost_time = get_any_time (random, TRACKING_SECOND);
  tracker_set_settings (tracker, &settings);
}

/* random detections, gaps, times and settings break no promise */
GST_START_TEST (test_anything)
{
  enum { MAX_DETECTIONS = 40 };
  g_autoptr (Tracker) tracker = tracker_new ();
  g_autoptr (ZonesConfig) config = make_config ();
  g_autoptr (Zones) zones = zones_new (config);
  GHashTable *alive = g_hash_table_new (NULL, NULL);
  GHashTable *ended = g_hash_table_new (NULL, NULL);
  GRand *random = g_rand_new_with_seed (1 + __i__);
  guint64 timestamp = 0, before = 0;

  for (guint frame = 0; frame < 5000; frame++) {
    TrackerDetection detections[MAX_DETECTIONS];
    guint n = g_rand_int_range (random, 0, MAX_DETECTIONS + 1);
    gboolean has_looked = g_rand_int_range (random, 0, 3) > 0;
    TrackerResult result;

    timestamp = get_any_time (random, timestamp);
    make_any_detections (random, detections, n);
    if (g_rand_int_range (random, 0, 100) == 0)
      change_settings (random, tracker);
    if (g_rand_int_range (random, 0, 500) == 0)
      tracker_reset (tracker);
    if (has_looked)
      tracker_update (
          tracker, timestamp, timestamp / 3, detections, n, &result);
    else
      tracker_predict (tracker, timestamp, timestamp / 3, &result);
    check_result (&result, detections, n, has_looked);
    check_ids (ended, &alive, &result);
    CHECK (result.time >= before);
    before = result.time;
    feed_zones (zones, &result, timestamp, has_looked);
  }
  g_hash_table_unref (alive);
  g_hash_table_unref (ended);
  g_rand_free (random);
}
GST_END_TEST;

static const struct {
  gdouble width;
  gdouble height;
  gdouble size;
} crowds[] = {
  /* far and wide */
  { 20000, 20000, 50 },
  /* side by side */
  { 4000, 3000, 50 },
  /* all on one spot */
  { 0.001, 0.001, 50 },
  /* each over many others */
  { 2000, 2000, 300 },
};

/* of 10,000 objects in each frame, the most confident ones are tracked */
GST_START_TEST (test_crowd)
{
  enum { N = 10000 };
  g_autoptr (Tracker) tracker = tracker_new ();
  g_autofree TrackerDetection *detections = g_new0 (TrackerDetection, N);
  GRand *random = g_rand_new_with_seed (3);
  TrackerStatistics statistics;
  TrackerResult result;

  for (guint i = 0; i < N; i++)
    detections[i] = (TrackerDetection){
      .box = { .x = g_rand_double (random) * crowds[__i__].width,
          .y = g_rand_double (random) * crowds[__i__].height,
          .width = crowds[__i__].size,
          .height = crowds[__i__].size },
      .confidence = i % 10 == 0 ? 0.95 : 0.6,
    };
  for (guint frame = 0; frame < 10; frame++) {
    for (guint i = 0; i < N; i++)
      detections[i].box.x += g_rand_double_range (random, -3, 3);
    tracker_update (
        tracker, frame * TRACKING_SECOND / 30, 0, detections, N, &result);
    fail_unless (result.n_left_out >= N - TRACKER_MAX_DETECTIONS);
    check_result (&result, detections, N, TRUE);
  }
  fail_unless (result.n_tracks > 0);
  for (guint i = 0; i < N; i++)
    CHECK (result.track_of_detection[i] < 0 || detections[i].confidence > 0.9);
  tracker_get_statistics (tracker, &statistics);
  fail_unless (statistics.left_out >= 10 * (N - TRACKER_MAX_DETECTIONS));
  g_rand_free (random);
}
GST_END_TEST;

/* new objects all over in each frame fill the tracks up to their limit */
GST_START_TEST (test_flood)
{
  enum { N = 1000 };
  g_autoptr (Tracker) tracker = tracker_new ();
  g_autofree TrackerDetection *detections = g_new0 (TrackerDetection, N);
  TrackerSettings settings;
  TrackerResult result;
  guint n_left_out = 0;

  tracker_settings_init (&settings);
  settings.min_hits = 1;
  tracker_set_settings (tracker, &settings);
  for (guint frame = 0; frame < 5; frame++) {
    for (guint i = 0; i < N; i++)
      detections[i] = (TrackerDetection){
        .box = { i * 200, frame * 5000, 50, 50 },
        .confidence = 0.9,
      };
    tracker_update (
        tracker, frame * TRACKING_SECOND / 30, 0, detections, N, &result);
    check_result (&result, detections, N, TRUE);
    n_left_out += result.n_left_out;
  }
  assert_equals_int (result.n_tracks, 2 * TRACKER_MAX_DETECTIONS);
  assert_equals_int (n_left_out, 3 * N);
}
GST_END_TEST;

/* the objects of a day: they come, walk through the frame and go */
static guint
make_day (guint64 frame, TrackerDetection *detections, const GQuark *labels)
{
  enum { N_WALKERS = 6 };
  guint n = 0;

  for (guint i = 0; i < N_WALKERS; i++) {
    guint64 at = frame + 37 * i;
    guint64 step = at % (150 + 10 * i);

    /* away for a while, and overlooked now and then */
    if (step >= 110 || (at * 2654435761u >> 8) % 11 == 0)
      continue;
    detections[n++] = (TrackerDetection){
      .box = { step * 7.0, 60.0 * i + step * (i % 3), 40, 100 },
      .confidence = 0.6 + (at % 7) * 0.05,
      .label = labels[at / 1000 % N_LABELS],
    };
  }
  return n;
}

/* after the first hour of a day nothing is allocated any more, and nothing
 * piles up */
GST_START_TEST (test_day)
{
  const guint64 period = TRACKING_SECOND / 10;
  const guint64 n_frames = 24 * 3600 * 10, n_warm = 3600 * 10;
  g_autoptr (Tracker) tracker = tracker_new ();
  g_autoptr (ZonesConfig) config = make_config ();
  g_autoptr (Zones) zones = zones_new (config);
  GQuark labels[N_LABELS];
  TrackerStatistics statistics;
  TrackerResult result;
  guint64 allocations = 0;

  for (guint i = 0; i < N_LABELS; i++)
    labels[i] = get_label (i);
  for (guint64 frame = 0; frame < n_frames; frame++) {
    TrackerDetection detections[16];
    guint n = make_day (frame, detections, labels);
    gboolean has_looked = frame % 3 == 0;

    if (frame == n_warm)
      allocations = allocations_count ();
    if (has_looked)
      tracker_update (tracker, frame * period, period, detections, n, &result);
    else
      tracker_predict (tracker, frame * period, period, &result);
    feed_zones (zones, &result, frame * period, has_looked);
  }
  assert_equals_uint64 (allocations_count () - allocations, 0);
  tracker_get_statistics (tracker, &statistics);
  fail_unless (statistics.ids > 1000);
  fail_unless (statistics.alive < 50);
  assert_equals_uint64 (result.time, (n_frames - 1) * period);
}
GST_END_TEST;

/* the counter that the test above relies on does count */
GST_START_TEST (test_counter)
{
  guint64 before = allocations_count ();
  GArray *array = g_array_sized_new (FALSE, FALSE, 1, 100000);

  fail_unless (!allocations_are_counted () || allocations_count () > before);
  g_array_unref (array);
}
GST_END_TEST;

static Suite *
endurance_suite (void)
{
  Suite *suite = suite_create ("tracking-endurance");
  TCase *chain = tcase_create ("general");

  suite_add_tcase (suite, chain);
  tcase_add_loop_test (chain, test_anything, 0, 8);
  tcase_add_loop_test (chain, test_crowd, 0, G_N_ELEMENTS (crowds));
  tcase_add_test (chain, test_flood);
  tcase_add_test (chain, test_counter);
  tcase_add_test (chain, test_day);
  return suite;
}

GST_CHECK_MAIN (endurance);
