/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Which ids detections get, and which boxes are predicted. */

#include "rig.h"

#include <math.h>

static GstHarness *
new_tracker (void)
{
  GstHarness *h = gst_harness_new ("yolov5track");

  gst_harness_set_src_caps_str (h, RIG_CAPS);
  return h;
}

/* frames without detections that nobody looked at pass as they are, shared or
 * not */
GST_START_TEST (test_nothing_to_do)
{
  GstHarness *h = new_tracker ();
  GstBuffer *buffer = gst_buffer_ref (rig_new_frame (0)), *out;

  assert_equals_int (gst_harness_push (h, buffer), GST_FLOW_OK);
  out = gst_harness_pull (h);
  fail_unless (out == buffer);
  gst_buffer_unref (out);
  gst_buffer_unref (buffer);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* an object has one id, however many frames are skipped, and a box on each */
GST_START_TEST (test_skipped_frames)
{
  static const guint intervals[] = { 1, 2, 3, 5, 12 };
  guint interval = intervals[__i__], n_predicted = 0, n_known = 0;
  GstHarness *h = new_tracker ();

  for (guint i = 0; i < 61; i++) {
    g_autoptr (RigFrame) frame = rig_push_walker (h, i, i % interval == 0);

    if (i % interval == 0)
      assert_equals_int (rig_frame_get_n (frame), 1);
    for (guint j = 0; j < rig_frame_get_n (frame); j++) {
      /* it may have no id yet */
      fail_unless (rig_frame_get_id (frame, j) <= 1);
      n_known += rig_frame_get_id (frame, j) == 1;
    }
    n_predicted += rig_frame_get_n_predicted (frame);
    if (i > 2 * interval)
      assert_equals_int (rig_frame_get_n (frame), 1);
  }
  fail_unless (n_known >= 60 - interval, "known on %u frames", n_known);
  if (interval == 1)
    assert_equals_int (n_predicted, 0);
  assert_equals_uint64 (
      rig_get_count (h->element, "looked-at"), 1 + 60 / interval);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* a predicted box is where the object is, and says that it is predicted */
GST_START_TEST (test_predicted_box)
{
  GstHarness *h = new_tracker ();

  rig_walk (h, 0, 31, 5);
  for (guint i = 31; i < 35; i++) {
    g_autoptr (RigFrame) frame = rig_push_walker (h, i, FALSE);
    const GstYolov5Detection *box = rig_frame_get_detection (frame, 0);
    const GstYolov5TrackedObject *track = rig_frame_get_track (frame, 0);

    assert_equals_int (rig_frame_get_n (frame), 1);
    fail_unless (fabs (box->x - (20 + RIG_STEP * i)) <= 3,
        "frame %u: x is %g, not %u", i, box->x, 20 + RIG_STEP * i);
    fail_unless (fabs (box->y - 100) <= 3);
    fail_unless (fabs (box->width - 40) <= 3);
    fail_unless (fabs (box->height - 100) <= 3);
    assert_equals_string (g_quark_to_string (box->label), "person");
    assert_equals_int (box->label_id, 7);
    fail_unless (fabs (box->confidence - 0.9) < 1e-6);
    fail_unless (track->is_predicted);
    assert_equals_uint64 (track->id, 1);
    assert_equals_uint64 (
        track->age, RIG_HAS_MARKS ? i * RIG_FRAME_TIME : GST_CLOCK_TIME_NONE);
    assert_equals_int (rig_frame_get_object_id (frame, 0), 1);
  }
  gst_harness_teardown (h);
}

GST_END_TEST;

/* where the detector looked, its box stays as it is */
GST_START_TEST (test_detected_box)
{
  GstHarness *h = new_tracker ();
  const RigBox boxes[] = { { "person", 175, 93, 37, 111, 0.8 }, { NULL } };
  GstBuffer *buffer = rig_new_frame (40);
  g_autoptr (RigFrame) frame = NULL;
  const GstYolov5Detection *box;

  rig_walk (h, 0, 40, 5);
  rig_look (buffer, "detector", 0, boxes);
  frame = rig_push (h, buffer);
  box = rig_frame_get_detection (frame, 0);
  assert_equals_int (rig_frame_get_n (frame), 1);
  fail_unless (box->x == 175 && box->y == 93);
  fail_unless (box->width == 37 && box->height == 111);
  fail_if (rig_frame_get_track (frame, 0)->is_predicted);
  assert_equals_uint64 (rig_frame_get_id (frame, 0), 1);
  assert_equals_int (rig_frame_get_object_id (frame, 0), 1);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* with predict=false nothing is attached where nobody looked; it may change at
 * any time */
GST_START_TEST (test_predict)
{
  GstHarness *h = new_tracker ();

  g_object_set (h->element, "predict", FALSE, NULL);
  assert_equals_uint64 (rig_walk (h, 0, 20, 5), 1);
  for (guint i = 21; i < 25; i++) {
    g_autoptr (RigFrame) frame = rig_push_walker (h, i, FALSE);

    assert_equals_int (rig_frame_get_n (frame), 0);
    fail_if (gst_buffer_get_meta (
        frame->buffer, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE));
  }
  g_object_set (h->element, "predict", TRUE, NULL);
  {
    g_autoptr (RigFrame) frame = rig_push_walker (h, 25, FALSE);

    assert_equals_int (rig_frame_get_n_predicted (frame), 1);
  }
  gst_harness_teardown (h);
}

GST_END_TEST;

/* predicted boxes lie inside the frame, and there are none of objects outside;
 * not one is there for longer than max-lost-time */
GST_START_TEST (test_predicted_at_border)
{
  GstHarness *h = new_tracker ();
  gboolean has_gone = FALSE;

  /* at x = 580, of 640 pixels */
  rig_walk (h, 0, 141, 1);
  for (guint i = 141; i < 200; i++) {
    g_autoptr (RigFrame) frame = rig_push_walker (h, i, FALSE);

    has_gone |= rig_frame_get_n (frame) == 0;
    /* it leaves at the frame 155 */
    fail_unless (has_gone || i < 165);
    if (has_gone) {
      assert_equals_int (rig_frame_get_n (frame), 0);
    } else {
      const GstYolov5Detection *box = rig_frame_get_detection (frame, 0);

      fail_unless (box->x >= 0 && box->x + box->width <= RIG_WIDTH);
      fail_unless (box->y >= 0 && box->y + box->height <= RIG_HEIGHT);
    }
  }
  fail_unless (has_gone);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* a standing object that nobody looks at any more is predicted for
 * max-lost-time */
GST_START_TEST (test_prediction_ends)
{
  GstHarness *h = new_tracker ();
  const RigBox boxes[] = { { "car", 200, 200, 80, 60, 0.9 }, { NULL } };
  guint n_predicted = 0;

  g_object_set (h->element, "max-lost-time", GST_SECOND, NULL);
  for (guint i = 0; i < 100; i++) {
    GstBuffer *buffer = rig_new_frame (i);
    g_autoptr (RigFrame) frame = NULL;

    if (i < 10)
      rig_look (buffer, "detector", 0, boxes);
    frame = rig_push (h, buffer);
    n_predicted += rig_frame_get_n_predicted (frame);
  }
  assert_equals_int (n_predicted, 25);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* who is hidden for less than max-lost-time has the same id again; for longer, a
 * new one; the property may change at any time */
GST_START_TEST (test_max_lost_time)
{
  static const struct {
    GstClockTime max_lost_time;
    guint64 id;
  } rows[] = { { 2 * GST_SECOND, 1 }, { GST_SECOND / 2, 2 } };
  GstHarness *h = new_tracker ();

  rig_walk (h, 0, 20, 1);
  g_object_set (h->element, "max-lost-time", rows[__i__].max_lost_time, NULL);
  for (guint i = 20; i < 45; i++) {
    GstBuffer *buffer = rig_new_frame (i);
    g_autoptr (RigFrame) frame = NULL;

    rig_look (buffer, "detector", 0, NULL);
    frame = rig_push (h, buffer);
    if (RIG_HAS_MARKS)
      assert_equals_int (rig_frame_get_n (frame), 0);
  }
  assert_equals_uint64 (rig_walk (h, 45, 60, 1), rows[__i__].id);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* what the settings mean to one object that is seen on all frames */
GST_START_TEST (test_properties)
{
  static const struct {
    const gchar *property;
    const gchar *value;
    gdouble confidence;
    /* first frame on which it has an id, or -1 */
    gint known_from;
  } rows[] = {
    { "min-hits", "1", 0.9, 0 },
    { "min-hits", "2", 0.9, 1 },
    { "min-hits", "5", 0.9, 4 },
    { "high-threshold", "0", 0.51, 1 },
    { "high-threshold", "0", 0.49, -1 },
    { "high-threshold", "0.3", 0.31, 1 },
    { "high-threshold", "0.95", 0.9, -1 },
    { "low-threshold", "0.7", 0.6, -1 },
    { "low-threshold", "0.7", 0.8, 1 },
    { "classes", "car", 0.9, -1 },
    { "classes", "", 0.9, 1 },
    { "classes", "car, Person", 0.9, 1 },
    { "classes", "7", 0.9, 1 },
    { "classes", "6;8", 0.9, -1 },
  };
  GstHarness *h = new_tracker ();
  gint known_from = -1;

  gst_util_set_object_arg (
      G_OBJECT (h->element), rows[__i__].property, rows[__i__].value);
  for (gint i = 0; i < 10; i++) {
    GstBuffer *buffer = rig_new_frame (i);
    const RigBox boxes[] = {
      { "person", 100, 100, 40, 100, rows[__i__].confidence }, { NULL }
    };
    g_autoptr (RigFrame) frame = NULL;

    rig_look (buffer, "detector", 0, boxes);
    frame = rig_push (h, buffer);
    assert_equals_int (rig_frame_get_n (frame), 1);
    if (known_from < 0 && rig_frame_get_id (frame, 0) != 0)
      known_from = i;
  }
  assert_equals_int (known_from, rows[__i__].known_from);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* classes may change while frames come */
GST_START_TEST (test_live_classes)
{
  GstHarness *h = new_tracker ();

  g_object_set (h->element, "classes", "car", NULL);
  assert_equals_uint64 (rig_walk (h, 0, 5, 1), 0);
  g_object_set (h->element, "classes", "car,person", NULL);
  assert_equals_uint64 (rig_walk (h, 5, 10, 1), 1);
  g_object_set (h->element, "classes", "car", NULL);
  assert_equals_uint64 (rig_walk (h, 10, 15, 1), 0);
  g_object_set (h->element, "classes", NULL, NULL);
  assert_equals_uint64 (rig_walk (h, 15, 20, 1), 1);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* a detection below the high threshold continues a track */
GST_START_TEST (test_weak_detection)
{
  GstHarness *h = new_tracker ();
  const RigBox boxes[] = { { "person", 60, 100, 40, 100, 0.3 }, { NULL } };
  GstBuffer *buffer = rig_new_frame (10);
  g_autoptr (RigFrame) frame = NULL;

  rig_walk (h, 0, 10, 1);
  rig_look (buffer, "detector", 0, boxes);
  frame = rig_push (h, buffer);
  assert_equals_uint64 (rig_frame_get_id (frame, 0), 1);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* the class of a track is the one seen most; its detections keep theirs. With
 * per-class another class is another object */
GST_START_TEST (test_class_flip)
{
  gboolean per_class = __i__;
  GstHarness *h = new_tracker ();

  g_object_set (h->element, "per-class", per_class, NULL);
  for (guint i = 0; i < 20; i++) {
    GstBuffer *buffer = rig_new_frame (i);
    const gchar *label = i % 4 == 3 ? "truck" : "car";
    const RigBox boxes[] = { { label, 100, 100, 80, 60, 0.9 }, { NULL } };
    g_autoptr (RigFrame) frame = NULL;
    const GstYolov5TrackedObject *track;

    rig_look (buffer, "detector", 0, boxes);
    frame = rig_push (h, buffer);
    track = rig_frame_get_track (frame, 0);
    assert_equals_string (
        g_quark_to_string (rig_frame_get_detection (frame, 0)->label), label);
    if (i < 4)
      continue;
    if (per_class) {
      fail_unless ((track->id == 1) == (i % 4 != 3));
    } else {
      assert_equals_uint64 (track->id, 1);
      assert_equals_string (
          g_quark_to_string (track->label), RIG_HAS_MARKS ? "car" : label);
    }
  }
  gst_harness_teardown (h);
}

GST_END_TEST;

/* results that come with a later frame are of the time at which they were seen:
 * when the lag changes, speed stays right, and so do the boxes between */
GST_START_TEST (test_lag)
{
  GstHarness *h = new_tracker ();

  for (guint i = 10; i < 50; i++) {
    guint lag = i < 33 ? 6 : 1;
    gdouble x = 20 + RIG_STEP * (gdouble) (i - lag);
    const RigBox boxes[] = { { "person", x, 100, 40, 100, 0.9 }, { NULL } };
    GstBuffer *buffer = rig_new_frame (i);
    g_autoptr (RigFrame) frame = NULL;

    if (i % 5 == 0)
      rig_look (buffer, "detector", lag * RIG_FRAME_TIME, boxes);
    frame = rig_push (h, buffer);
    /* the change is known from the next results on */
    if (i < 20 || i == 33 || i == 34)
      continue;
    assert_equals_uint64 (rig_frame_get_id (frame, 0), 1);
    fail_unless (fabs (rig_frame_get_detection (frame, 0)->x - x) <= 3,
        "frame %u: x is %g, not %g", i, rig_frame_get_detection (frame, 0)->x,
        x);
  }
  gst_harness_teardown (h);
}

GST_END_TEST;

/* detections of other elements have neither marks nor ids: a frame with some was
 * looked at, one without was not */
GST_START_TEST (test_foreign)
{
  GstHarness *h = new_tracker ();

  for (guint i = 0; i < 40; i++) {
    GstBuffer *buffer = rig_new_frame (i);
    const RigBox boxes[] = { { "person", 20 + RIG_STEP * i, 100, 40, 100, 0.9 },
      { "person", 400 - RIG_STEP * i, 300, 40, 100, 0.9 }, { NULL } };
    g_autoptr (RigFrame) frame = NULL;

    if (i % 3 == 0)
      rig_attach_foreign (buffer, boxes);
    frame = rig_push (h, buffer);
    if (i < 4)
      continue;
    assert_equals_int (rig_frame_get_n (frame), 2);
    for (guint j = 0; j < 2; j++) {
      const GstYolov5Detection *box = rig_frame_get_detection (frame, j);

      assert_equals_uint64 (rig_frame_get_id (frame, j), j + 1);
      assert_equals_int (rig_frame_get_object_id (frame, j), j + 1);
      fail_unless (fabs (box->x - boxes[j].x) <= 4, "frame %u: x is %g, not %g",
          i, box->x, boxes[j].x);
    }
    assert_equals_int (rig_frame_get_n_predicted (frame), i % 3 == 0 ? 0 : 2);
  }
  gst_harness_teardown (h);
}

GST_END_TEST;

/* when other elements find nothing for max-lost-time, nothing is there any
 * more */
GST_START_TEST (test_foreign_gone)
{
  GstHarness *h = new_tracker ();
  const RigBox boxes[] = { { "person", 100, 100, 40, 100, 0.9 }, { NULL } };

  for (guint i = 0; i < 120; i++) {
    GstBuffer *buffer = rig_new_frame (i);
    g_autoptr (RigFrame) frame = NULL;

    if (i < 10 || i >= 100)
      rig_attach_foreign (buffer, boxes);
    frame = rig_push (h, buffer);
    if (i >= 9 + 51 && i < 100)
      assert_equals_int (rig_frame_get_n (frame), 0);
    if (i >= 102)
      assert_equals_uint64 (rig_frame_get_id (frame, 0), 2);
  }
  gst_harness_teardown (h);
}

GST_END_TEST;

/* two detectors that look at different frames do not make each other's objects
 * lost */
GST_START_TEST (test_two_detectors)
{
  GstHarness *h = new_tracker ();

  for (guint i = 0; i < 60; i++) {
    GstBuffer *buffer = rig_new_frame (i);
    const RigBox person[] = {
      { "person", 20 + RIG_STEP * i, 100, 40, 100, 0.9 }, { NULL }
    };
    const RigBox car[] = { { "car", 300, 300, 80, 60, 0.9 }, { NULL } };
    g_autoptr (RigFrame) frame = NULL;

    rig_look (buffer, "persons", 0, person);
    if (i % 5 == 0)
      rig_look (buffer, "cars", 0, car);
    frame = rig_push (h, buffer);
    if (i < 10)
      continue;
    assert_equals_int (rig_frame_get_n (frame), 2);
    assert_equals_int (rig_frame_get_n_predicted (frame), i % 5 != 0);
    for (guint j = 0; j < 2; j++)
      assert_equals_uint64 (
          rig_frame_get_id (frame, j), rig_frame_get_detection (frame, j)->label
                                               == g_quark_from_string ("person")
                                           ? 1
                                           : 2);
  }
  assert_equals_uint64 (rig_get_count (h->element, "tracks"), 2);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* of more detections than can be tracked the best are; there is one warning */
GST_START_TEST (test_too_many)
{
  GstHarness *h = new_tracker ();
  GstBus *bus = gst_bus_new ();
  GstMessage *message;

  gst_element_set_bus (h->element, bus);
  for (guint i = 0; i < 3; i++) {
    GstBuffer *buffer = rig_new_frame (i);
    RigBox boxes[1101] = { { NULL } };
    g_autoptr (RigFrame) frame = NULL;
    guint n_known = 0;

    for (guint j = 0; j < 1100; j++)
      boxes[j] = (RigBox){ "person", j % 40 * 16, j / 40 * 16, 12, 12,
        0.95 - j * 1e-4 };
    rig_look (buffer, "detector", 0, boxes);
    frame = rig_push (h, buffer);
    assert_equals_int (rig_frame_get_n (frame), 1100);
    for (guint j = 0; j < 1100; j++)
      n_known += rig_frame_get_id (frame, j) != 0;
    assert_equals_int (n_known, i == 0 ? 0 : 1000);
  }
  message = gst_bus_pop_filtered (bus, GST_MESSAGE_WARNING);
  fail_unless (message != NULL);
  gst_message_unref (message);
  fail_unless (gst_bus_pop_filtered (bus, GST_MESSAGE_WARNING) == NULL);
  assert_equals_uint64 (rig_get_count (h->element, "left-out"), 300);
  gst_element_set_bus (h->element, NULL);
  gst_object_unref (bus);
  gst_harness_teardown (h);
}

GST_END_TEST;

static guint64
get_uint64 (const GstStructure *structure, const gchar *field)
{
  guint64 value = 0;

  fail_unless (gst_structure_get_uint64 (structure, field, &value),
      "there is no %s", field);
  return value;
}

static void
check_object (const GstStructure *message, const RigFrame *frame, guint number)
{
  const GValue *list = gst_structure_get_value (message, "detections");
  const GstStructure *object;
  gboolean is_predicted;
  gint x;

  assert_equals_int (gst_value_list_get_size (list), number >= 4);
  if (number < 4)
    return;
  object = gst_value_get_structure (gst_value_list_get_value (list, 0));
  assert_equals_string (gst_structure_get_string (object, "label"), "person");
  assert_equals_uint64 (get_uint64 (object, "id"), 1);
  assert_equals_uint64 (get_uint64 (object, "age"), number * RIG_FRAME_TIME);
  fail_unless (gst_structure_get_boolean (object, "predicted", &is_predicted));
  fail_unless (is_predicted == (number % 4 != 0));
  fail_unless (gst_structure_get_int (object, "x", &x));
  assert_equals_int (x, (gint) rig_frame_get_detection (frame, 0)->x);
}

/* with post-messages=true, frames that were looked at or have predicted boxes
 * have a message with their objects; otherwise there is none */
GST_START_TEST (test_messages)
{
  GstHarness *h = new_tracker ();
  GstBus *bus = gst_bus_new ();
  gboolean is_looked_at;

  gst_element_set_bus (h->element, bus);
  for (guint i = 0; i < 12; i++) {
    g_autoptr (RigFrame) frame = NULL;
    GstMessage *message;
    const GstStructure *structure;

    g_object_set (h->element, "post-messages", i < 10, NULL);
    frame = rig_push_walker (h, i, i % 4 == 0);
    message = gst_bus_pop_filtered (bus, GST_MESSAGE_ELEMENT);
    /* it has an id after two times; before, there is nothing to predict */
    assert_equals_int (message != NULL, i == 0 || (i >= 4 && i < 10));
    if (!message)
      continue;
    structure = gst_message_get_structure (message);
    fail_unless (gst_structure_has_name (structure, "yolov5track"));
    assert_equals_uint64 (get_uint64 (structure, "frame"), i);
    assert_equals_uint64 (
        get_uint64 (structure, "timestamp"), i * RIG_FRAME_TIME);
    assert_equals_uint64 (
        get_uint64 (structure, "running-time"), i * RIG_FRAME_TIME);
    assert_equals_uint64 (get_uint64 (structure, "duration"), RIG_FRAME_TIME);
    fail_unless (
        gst_structure_get_boolean (structure, "looked-at", &is_looked_at));
    fail_unless (is_looked_at == (i % 4 == 0));
    check_object (structure, frame, i);
    gst_message_unref (message);
  }
  gst_element_set_bus (h->element, NULL);
  gst_object_unref (bus);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* stats count objects and the time they were seen, class by class */
GST_START_TEST (test_stats)
{
  GstHarness *h = new_tracker ();
  g_autoptr (GstStructure) stats = NULL;
  const GstStructure *persons;
  const GValue *classes;
  guint64 count;
  guint number;

  rig_walk (h, 0, 51, 5);
  g_object_get (h->element, "stats", &stats, NULL);
  assert_equals_uint64 (rig_get_count (h->element, "frames"), 51);
  assert_equals_uint64 (rig_get_count (h->element, "looked-at"), 11);
  assert_equals_uint64 (rig_get_count (h->element, "detections"), 11);
  assert_equals_uint64 (rig_get_count (h->element, "tracks"), 1);
  assert_equals_uint64 (rig_get_count (h->element, "recovered"), 0);
  fail_unless (gst_structure_get_uint (stats, "alive", &number));
  assert_equals_int (number, 1);
  fail_unless (gst_structure_get_uint (stats, "lost", &number));
  assert_equals_int (number, 0);
  classes = gst_structure_get_value (stats, "classes");
  assert_equals_int (gst_value_array_get_size (classes), 1);
  persons = gst_value_get_structure (gst_value_array_get_value (classes, 0));
  assert_equals_string (gst_structure_get_string (persons, "label"), "person");
  fail_unless (gst_structure_get_uint64 (persons, "tracks", &count));
  assert_equals_uint64 (count, 1);
  fail_unless (gst_structure_get_uint64 (persons, "seen-time", &count));
  assert_equals_uint64 (count, 50 * RIG_FRAME_TIME);
  gst_harness_teardown (h);
}

GST_END_TEST;

static Suite *
yolov5track_ids_suite (void)
{
  Suite *suite = suite_create ("yolov5track-ids");
  TCase *tcase = tcase_create ("ids");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_nothing_to_do);
  tcase_add_loop_test (tcase, test_skipped_frames, 0, 5);
  tcase_add_test (tcase, test_predicted_box);
  tcase_add_test (tcase, test_detected_box);
  tcase_add_test (tcase, test_predict);
  tcase_add_test (tcase, test_predicted_at_border);
  tcase_add_test (tcase, test_prediction_ends);
  tcase_add_loop_test (tcase, test_max_lost_time, 0, 2);
  tcase_add_loop_test (tcase, test_properties, 0, 14);
  tcase_add_test (tcase, test_live_classes);
  tcase_add_test (tcase, test_weak_detection);
  tcase_add_loop_test (tcase, test_class_flip, 0, 2);
  tcase_add_test (tcase, test_foreign);
  tcase_add_test (tcase, test_foreign_gone);
  tcase_add_test (tcase, test_too_many);
  tcase_add_test (tcase, test_messages);
  tcase_add_test (tcase, test_stats);
  if (RIG_HAS_MARKS) {
    tcase_add_test (tcase, test_lag);
    tcase_add_test (tcase, test_two_detectors);
  }
  return suite;
}

GST_CHECK_MAIN (yolov5track_ids);
