/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What happens on lines and in zones. */

#include <gst/check/gstcheck.h>

#include <math.h>
#include <string.h>

#include "tracking/zones.h"

#define PERIOD (TRACKING_SECOND / 10)
#define WIDTH 1000
#define HEIGHT 500
#define MAX_STEPS 16

static Zones *zones;
static ZonesResult result;
static guint64 now;
static GQuark person, car;

static void
setup (void)
{
  zones = NULL;
  now = 0;
  person = g_quark_from_static_string ("person");
  car = g_quark_from_static_string ("car");
}

static void
teardown (void)
{
  g_clear_pointer (&zones, zones_free);
}

static ZonesConfig *
make_config (const gchar *text)
{
  GError *error = NULL;
  ZonesConfig *config = zones_config_new_from_data (text, -1, "test", &error);

  fail_unless (config != NULL, "%s", error != NULL ? error->message : "");
  return config;
}

static void
start (const gchar *text)
{
  g_autoptr (ZonesConfig) config = make_config (text);

  zones = zones_new (config);
}

/* whose anchors at the bottom and the centre are the same but for 50 pixels */
static ZonesObject
make_object (guint64 id, gdouble x, gdouble y)
{
  return (ZonesObject){
    .id = id,
    .box = { x - 20, y - 100, 40, 100 },
    .label = person,
  };
}

static void
show (const ZonesObject *objects, guint n_objects, gboolean has_looked)
{
  ZonesFrame frame = {
    .timestamp = now,
    .frame_period = PERIOD,
    .width = WIDTH,
    .height = HEIGHT,
    .has_looked = has_looked,
    .objects = objects,
    .n_objects = n_objects,
  };

  zones_update (zones, &frame, &result);
  now += PERIOD;
}

static void
show_one (guint64 id, gdouble x, gdouble y)
{
  ZonesObject object = make_object (id, x, y);

  show (&object, 1, TRUE);
}

/* its place is where the tracker thinks it is */
static void
predict_one (guint64 id, gdouble x, gdouble y)
{
  ZonesObject object = make_object (id, x, y);

  object.is_predicted = TRUE;
  show (&object, 1, FALSE);
}

static void
show_nothing (guint n_frames)
{
  while (n_frames-- > 0)
    show (NULL, 0, TRUE);
}

static void
assert_crossings (guint shape, guint64 forward, guint64 backward)
{
  assert_equals_uint64 (zones_get_counts (zones, shape)->forward, forward);
  assert_equals_uint64 (zones_get_counts (zones, shape)->backward, backward);
}

/* A level line at 250 from 200 to 800: forward is down. The box has a size of
 * 70, and is clear of the line at 14. */
#define LEVEL "[line level]\npoints=0.2;0.5;0.8;0.5\n"
/* down to the middle, up again: a V */
#define CORNER "[line corner]\npoints=0.2;0.2;0.5;0.8;0.8;0.2\n"
#define UPRIGHT "[line upright]\npoints=0.5;0;0.5;1\n"

static const struct {
  const gchar *name;
  const gchar *config;
  ZonesPoint way[MAX_STEPS];
  guint forward;
  guint backward;
} ways[] = {
  { "down", LEVEL, { { 500, 200 }, { 500, 240 }, { 500, 300 } }, 1, 0 },
  { "up", LEVEL, { { 500, 300 }, { 500, 240 }, { 500, 200 } }, 0, 1 },
  { "in one leap", LEVEL, { { 500, 50 }, { 500, 450 } }, 1, 0 },
  { "down and up", LEVEL,
      { { 500, 200 }, { 500, 300 }, { 500, 301 }, { 500, 200 } }, 1, 1 },
  { "past its end", LEVEL, { { 900, 200 }, { 900, 300 } }, 0, 0 },
  { "down, round its end and down again", LEVEL,
      { { 700, 200 }, { 700, 300 }, { 900, 300 }, { 900, 200 }, { 700, 200 },
          { 700, 300 } },
      2, 0 },
  { "along it", LEVEL, { { 250, 240 }, { 500, 240 }, { 750, 240 } }, 0, 0 },
  { "to it and back", LEVEL,
      { { 500, 200 }, { 500, 249 }, { 500, 251 }, { 500, 245 }, { 500, 200 } },
      0, 0 },
  { "hovers on it", LEVEL,
      { { 500, 200 }, { 500, 252 }, { 500, 247 }, { 500, 255 }, { 500, 248 },
          { 500, 253 }, { 500, 246 }, { 500, 262 }, { 500, 239 }, { 500, 262 },
          { 500, 239 }, { 500, 300 } },
      1, 0 },
  { "starts on it and goes down", LEVEL,
      { { 500, 248 }, { 500, 252 }, { 500, 300 } }, 1, 0 },
  { "starts on it and goes up", LEVEL,
      { { 500, 248 }, { 500, 252 }, { 500, 200 } }, 0, 0 },
  { "stops exactly on it, then goes on", LEVEL,
      { { 500, 200 }, { 500, 250 }, { 500, 250 }, { 500, 300 } }, 1, 0 },
  { "stops exactly on it, then turns", LEVEL,
      { { 500, 200 }, { 500, 250 }, { 500, 250 }, { 500, 200 } }, 0, 0 },
  { "through the corner", CORNER, { { 500, 300 }, { 500, 450 } }, 1, 0 },
  { "in and out", CORNER, { { 100, 150 }, { 500, 150 }, { 900, 150 } }, 1, 1 },
  { "in and out in one leap", CORNER, { { 100, 150 }, { 900, 150 } }, 0, 0 },
  { "into one side", CORNER, { { 100, 150 }, { 500, 150 } }, 0, 1 },
  { "to the right", UPRIGHT, { { 400, 200 }, { 600, 250 } }, 0, 1 },
  { "to the left", UPRIGHT, { { 600, 200 }, { 400, 250 } }, 1, 0 },
};

/* each way crosses as often as it does, whatever lies on the line between */
GST_START_TEST (test_way)
{
  const ZonesPoint *way = ways[__i__].way;
  const ZonesCounts *counts;

  start (ways[__i__].config);
  for (guint i = 0; i < MAX_STEPS && way[i].x > 0; i++)
    show_one (1, way[i].x, way[i].y);
  counts = zones_get_counts (zones, 0);
  fail_unless (counts->forward == ways[__i__].forward
                   && counts->backward == ways[__i__].backward,
      "%s: %" G_GUINT64_FORMAT " forward, %" G_GUINT64_FORMAT " backward",
      ways[__i__].name, counts->forward, counts->backward);
}
GST_END_TEST;

/* the event says who, what, where and which way */
GST_START_TEST (test_crossing_event)
{
  start (UPRIGHT LEVEL);
  show_one (7, 300, 200);
  assert_equals_int (result.n_events, 0);
  show_one (7, 300, 300);
  assert_equals_int (result.n_events, 1);
  assert_equals_int (result.events[0].type, ZONES_LINE_CROSSED);
  assert_equals_int (result.events[0].shape, 1);
  assert_equals_uint64 (result.events[0].id, 7);
  assert_equals_int (result.events[0].label, person);
  fail_unless (result.events[0].is_forward);
  fail_if (result.events[0].is_gone);
  fail_unless (fabs (result.events[0].box.x - 280) < 1e-6);
  fail_unless (fabs (result.events[0].box.height - 100) < 1e-6);
}
GST_END_TEST;

/* what a tracker predicts crosses nothing; what is found after it does */
GST_START_TEST (test_predicted_crossing)
{
  start (LEVEL);
  show_one (1, 500, 200);
  predict_one (1, 500, 300);
  predict_one (1, 500, 400);
  show_one (1, 500, 210);
  assert_crossings (0, 0, 0);
  predict_one (1, 500, 240);
  show_one (1, 500, 300);
  assert_crossings (0, 1, 0);
}
GST_END_TEST;

/* who is lost on one side and found on the other has crossed */
GST_START_TEST (test_lost_crossing)
{
  start (LEVEL);
  show_one (1, 500, 200);
  show_nothing (20);
  show_one (1, 500, 300);
  assert_crossings (0, 1, 0);

  /* but somebody new on the other side has not */
  show_nothing (40);
  show_one (1, 500, 200);
  assert_crossings (0, 1, 0);
}
GST_END_TEST;

/* who vanishes on the line, as in a door, is beyond it */
GST_START_TEST (test_vanish_on_line)
{
  start (LEVEL);
  show_one (1, 500, 200);
  show_one (1, 500, 255);
  assert_crossings (0, 0, 0);
  show_nothing (40);
  assert_crossings (0, 1, 0);

  /* who was never clear of it may have come from anywhere */
  show_one (2, 500, 255);
  show_one (2, 500, 245);
  show_nothing (40);
  assert_crossings (0, 1, 0);
}
GST_END_TEST;

/* classes count apart, and only those that are wanted do */
GST_START_TEST (test_labels)
{
  const ZonesLabelCounts *labels;
  guint n_labels;

  start (LEVEL "[line cars]\npoints=0.2;0.5;0.8;0.5\nclasses=car\n");
  for (guint i = 0; i < 2; i++) {
    ZonesObject objects[] = { make_object (1, 300, 200 + 100 * i),
      make_object (2, 500, 300 - 100 * i),
      make_object (3, 700, 200 + 100 * i) };

    objects[2].label = car;
    show (objects, 3, TRUE);
  }
  assert_crossings (0, 2, 1);
  assert_crossings (1, 1, 0);
  labels = zones_get_label_counts (zones, 0, &n_labels);
  assert_equals_int (n_labels, 2);
  assert_equals_int (labels[0].label, person);
  assert_equals_uint64 (labels[0].counts.forward, 1);
  assert_equals_uint64 (labels[0].counts.backward, 1);
  assert_equals_int (labels[1].label, car);
  assert_equals_uint64 (labels[1].counts.forward, 1);
}
GST_END_TEST;

/* the anchor is the point of the box that counts */
GST_START_TEST (test_anchors)
{
  /* of a box from 480 to 520 and from 150 to 250 */
  static const struct {
    const gchar *name;
    ZonesPoint point;
  } anchors[] = {
    { "bottom", { 500, 250 } },
    { "center", { 500, 200 } },
    { "top", { 500, 150 } },
    { "left", { 480, 200 } },
    { "right", { 520, 200 } },
  };
  g_autoptr (GString) config = g_string_new (NULL);

  /* a small zone around each point, all for the same anchor */
  for (guint i = 0; i < G_N_ELEMENTS (anchors); i++) {
    gdouble left = (anchors[i].point.x - 8) / WIDTH;
    gdouble right = (anchors[i].point.x + 8) / WIDTH;
    gdouble top = (anchors[i].point.y - 8) / HEIGHT;
    gdouble bottom = (anchors[i].point.y + 8) / HEIGHT;

    g_string_append_printf (config,
        "[zone %s]\npoints=%g;%g;%g;%g;%g;%g;%g;%g\nanchor=%s\n",
        anchors[i].name, left, top, right, top, right, bottom, left, bottom,
        anchors[__i__].name);
  }
  start (config->str);
  show_one (1, 500, 250);
  for (gint i = 0; i < (gint) G_N_ELEMENTS (anchors); i++)
    assert_equals_int (zones_get_counts (zones, i)->inside, i == __i__);
}
GST_END_TEST;

/* from 300 to 700 and from 100 to 400 */
#define YARD                                                                   \
  "[zone yard]\n"                                                              \
  "points=0.3;0.2;0.7;0.2;0.7;0.8;0.3;0.8\n"                                   \
  "dwell=2\n"

/* who comes, stays and goes is counted, and how long it stayed */
GST_START_TEST (test_visit)
{
  const ZonesCounts *counts;

  start (YARD);
  counts = zones_get_counts (zones, 0);
  show_one (1, 200, 250);
  assert_equals_int (counts->inside, 0);
  show_one (1, 400, 250);
  assert_equals_int (result.n_events, 1);
  assert_equals_int (result.events[0].type, ZONES_ZONE_ENTERED);
  assert_equals_int (counts->inside, 1);
  assert_equals_uint64 (counts->entered, 1);

  for (guint i = 0; i < 19; i++) {
    show_one (1, 400, 250);
    assert_equals_int (result.n_events, 0);
  }
  show_one (1, 400, 250);
  assert_equals_int (result.n_events, 1);
  assert_equals_int (result.events[0].type, ZONES_ZONE_DWELL);
  assert_equals_uint64 (result.events[0].stayed, 2 * TRACKING_SECOND);
  for (guint i = 0; i < 9; i++) {
    show_one (1, 400, 250);
    assert_equals_int (result.n_events, 0);
  }

  show_one (1, 800, 250);
  assert_equals_int (result.n_events, 1);
  assert_equals_int (result.events[0].type, ZONES_ZONE_LEFT);
  assert_equals_uint64 (result.events[0].stayed, 3 * TRACKING_SECOND);
  fail_if (result.events[0].is_gone);
  assert_equals_int (counts->inside, 0);
  assert_equals_uint64 (counts->left, 1);
  assert_equals_uint64 (counts->dwelled, 1);
  assert_equals_uint64 (counts->stayed, 3 * TRACKING_SECOND);
  assert_equals_uint64 (counts->longest, 3 * TRACKING_SECOND);
}
GST_END_TEST;

/* who stands on the border is in or out, not now this and now that */
GST_START_TEST (test_hover_on_border)
{
  start (YARD);
  show_one (1, 200, 250);
  for (guint i = 0; i < 50; i++)
    show_one (1, i % 2 == 0 ? 295 : 305, 250);
  assert_equals_uint64 (zones_get_counts (zones, 0)->entered, 0);
  show_one (1, 400, 250);
  for (guint i = 0; i < 50; i++)
    show_one (1, i % 2 == 0 ? 295 : 305, 250);
  assert_equals_uint64 (zones_get_counts (zones, 0)->entered, 1);
  assert_equals_uint64 (zones_get_counts (zones, 0)->left, 0);
}
GST_END_TEST;

/* a zone that is narrower than a box's jitter can be entered all the same */
GST_START_TEST (test_narrow_zone)
{
  start ("[zone kerb]\npoints=0;0.5;1;0.5;1;0.54;0;0.54\n");
  show_one (1, 500, 200);
  show_one (1, 500, 260);
  assert_equals_int (zones_get_counts (zones, 0)->inside, 1);
  show_one (1, 500, 300);
  assert_equals_int (zones_get_counts (zones, 0)->inside, 0);
}
GST_END_TEST;

/* who is first seen in a zone has entered it */
GST_START_TEST (test_begins_inside)
{
  start (YARD);
  show_one (1, 500, 250);
  assert_equals_int (zones_get_counts (zones, 0)->inside, 1);
  assert_equals_uint64 (zones_get_counts (zones, 0)->entered, 1);
}
GST_END_TEST;

/* who is lost in a zone is in it until it is given up, and stayed until seen
 * last */
GST_START_TEST (test_lost_inside)
{
  start (YARD);
  for (guint i = 0; i < 11; i++)
    show_one (1, 500, 250);
  show_nothing (31);
  assert_equals_int (zones_get_counts (zones, 0)->inside, 1);
  show_nothing (1);
  assert_equals_int (zones_get_counts (zones, 0)->inside, 0);
  assert_equals_int (result.n_events, 1);
  assert_equals_int (result.events[0].type, ZONES_ZONE_LEFT);
  fail_unless (result.events[0].is_gone);
  assert_equals_uint64 (result.events[0].stayed, TRACKING_SECOND);
  assert_equals_uint64 (result.events[0].ago, 32 * TRACKING_SECOND / 10);
}
GST_END_TEST;

/* frames that nobody looked at give nobody up */
GST_START_TEST (test_nobody_looks)
{
  start (YARD);
  show_one (1, 500, 250);
  for (guint i = 0; i < 100; i++)
    show (NULL, 0, FALSE);
  assert_equals_int (zones_get_counts (zones, 0)->inside, 1);
  zones_set_max_lost_time (zones, TRACKING_SECOND);
  show_nothing (12);
  assert_equals_int (zones_get_counts (zones, 0)->inside, 0);
}
GST_END_TEST;

/* dwelling goes on while the tracker predicts, but not while nobody is seen */
GST_START_TEST (test_dwell_while_predicted)
{
  start (YARD);
  show_one (1, 500, 250);
  for (guint i = 0; i < 20; i++)
    predict_one (1, 500, 250);
  assert_equals_uint64 (zones_get_counts (zones, 0)->dwelled, 1);

  show_one (2, 500, 250);
  show_nothing (25);
  assert_equals_uint64 (zones_get_counts (zones, 0)->dwelled, 1);
  show_one (2, 500, 250);
  assert_equals_uint64 (zones_get_counts (zones, 0)->dwelled, 2);
}
GST_END_TEST;

/* what turns out to be of another class leaves the zone */
GST_START_TEST (test_label_flip)
{
  ZonesObject object = make_object (1, 500, 250);

  start (YARD "classes=person\n");
  show (&object, 1, TRUE);
  assert_equals_int (zones_get_counts (zones, 0)->inside, 1);
  object.label = car;
  show (&object, 1, TRUE);
  assert_equals_int (zones_get_counts (zones, 0)->inside, 0);
  show (&object, 1, TRUE);
  assert_equals_uint64 (zones_get_counts (zones, 0)->left, 1);
}
GST_END_TEST;

/* lines and zones scale with the frame */
GST_START_TEST (test_frame_size)
{
  ZonesObject object = make_object (1, 500, 200);
  ZonesFrame frame = { .width = 2 * WIDTH,
    .height = 2 * HEIGHT,
    .has_looked = TRUE,
    .objects = &object,
    .n_objects = 1 };

  start (LEVEL);
  show_one (1, 500, 200);
  /* the same place in a frame that is twice as large */
  object.box = (TrackingBox){ 960, 200, 80, 200 };
  frame.timestamp = now;
  zones_update (zones, &frame, &result);
  assert_equals_int (result.n_events, 0);
  object.box.y += 200;
  zones_update (zones, &frame, &result);
  assert_equals_int (result.n_events, 1);
}
GST_END_TEST;

/* counts begin anew, but who is inside still is */
GST_START_TEST (test_reset_counts)
{
  const ZonesLabelCounts *labels;
  guint n_labels;

  start (YARD LEVEL);
  show_one (1, 500, 200);
  show_one (1, 500, 300);
  zones_reset_counts (zones);
  assert_crossings (1, 0, 0);
  assert_equals_uint64 (zones_get_counts (zones, 0)->entered, 0);
  assert_equals_int (zones_get_counts (zones, 0)->inside, 1);
  labels = zones_get_label_counts (zones, 0, &n_labels);
  assert_equals_int (n_labels, 1);
  assert_equals_int (labels[0].counts.inside, 1);
  assert_equals_uint64 (labels[0].counts.entered, 0);
}
GST_END_TEST;

/* a new config keeps what is the same and begins the rest anew */
GST_START_TEST (test_new_config)
{
  g_autoptr (ZonesConfig) other =
      make_config ("[zone all]\npoints=0;0;1;0;1;1;0;1\n" LEVEL UPRIGHT);

  start (YARD LEVEL);
  show_one (1, 510, 200);
  show_one (1, 510, 300);
  show_one (1, 510, 255);
  zones_set_config (zones, other);
  fail_unless (zones_get_config (zones) == other);
  assert_crossings (1, 1, 0);
  assert_crossings (2, 0, 0);
  assert_equals_int (zones_get_counts (zones, 0)->inside, 0);

  /* it was on the line's far side, and is in the new zone now */
  show_one (1, 400, 200);
  assert_crossings (1, 1, 1);
  assert_equals_int (zones_get_counts (zones, 0)->inside, 1);
  assert_crossings (2, 1, 0);
}
GST_END_TEST;

/* after a reset nobody is there, and a jump of the scene crosses nothing */
GST_START_TEST (test_reset)
{
  start (YARD LEVEL);
  show_one (1, 500, 200);
  zones_reset (zones, &result);
  assert_equals_int (result.n_events, 1);
  assert_equals_int (result.events[0].type, ZONES_ZONE_LEFT);
  fail_unless (result.events[0].is_gone);
  show_one (1, 500, 300);
  assert_crossings (1, 0, 0);
  assert_equals_uint64 (zones_get_counts (zones, 0)->entered, 2);
}
GST_END_TEST;

/* objects that are none, or twice there, do no harm, and the latter are told */
GST_START_TEST (test_odd_objects)
{
  ZonesObject objects[] = { make_object (0, 500, 250),
    make_object (1, 500, 250), make_object (1, 100, 250),
    make_object (2, NAN, 250), make_object (3, 500, INFINITY),
    make_object (4, 500, 250) };

  objects[5].is_predicted = TRUE;
  start (YARD);
  show (objects, G_N_ELEMENTS (objects), TRUE);
  assert_equals_int (result.n_repeated, 1);
  show (objects, G_N_ELEMENTS (objects), TRUE);
  assert_equals_int (zones_get_counts (zones, 0)->inside, 1);
  assert_equals_uint64 (zones_get_counts (zones, 0)->left, 0);
}
GST_END_TEST;

/* more objects than there is room for are left out and told */
GST_START_TEST (test_too_many)
{
  enum { N = ZONES_MAX_OBJECTS + 10 };
  g_autofree ZonesObject *objects = g_new (ZonesObject, N);

  start (YARD);
  for (guint i = 0; i < N; i++)
    /* from the last to the first */
    objects[i] = make_object (N - i, 500, 250);
  show (objects, N, TRUE);
  assert_equals_int (result.n_left_out, 10);
  assert_equals_int (zones_get_counts (zones, 0)->inside, ZONES_MAX_OBJECTS);
  show_nothing (40);
  assert_equals_int (zones_get_counts (zones, 0)->inside, 0);
  show (objects, N, TRUE);
  assert_equals_int (zones_get_counts (zones, 0)->inside, ZONES_MAX_OBJECTS);
}
GST_END_TEST;

static Suite *
zones_suite (void)
{
  Suite *suite = suite_create ("tracking-zones");
  TCase *chain = tcase_create ("general");

  suite_add_tcase (suite, chain);
  tcase_add_checked_fixture (chain, setup, teardown);
  tcase_add_loop_test (chain, test_way, 0, G_N_ELEMENTS (ways));
  tcase_add_test (chain, test_crossing_event);
  tcase_add_test (chain, test_predicted_crossing);
  tcase_add_test (chain, test_lost_crossing);
  tcase_add_test (chain, test_vanish_on_line);
  tcase_add_test (chain, test_labels);
  tcase_add_loop_test (chain, test_anchors, 0, 5);
  tcase_add_test (chain, test_visit);
  tcase_add_test (chain, test_hover_on_border);
  tcase_add_test (chain, test_narrow_zone);
  tcase_add_test (chain, test_begins_inside);
  tcase_add_test (chain, test_lost_inside);
  tcase_add_test (chain, test_nobody_looks);
  tcase_add_test (chain, test_dwell_while_predicted);
  tcase_add_test (chain, test_label_flip);
  tcase_add_test (chain, test_frame_size);
  tcase_add_test (chain, test_reset_counts);
  tcase_add_test (chain, test_new_config);
  tcase_add_test (chain, test_reset);
  tcase_add_test (chain, test_odd_objects);
  tcase_add_test (chain, test_too_many);
  return suite;
}

GST_CHECK_MAIN (zones);
