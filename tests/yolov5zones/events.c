/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What yolov5zones says of objects that cross lines and are in zones: messages,
 * the mark on frames, and statistics. */

#include "metadata/inference.h"
#include "rig.h"
#include "testfolder.h"

static guint64
get_uint64 (const GstStructure *structure, const gchar *field)
{
  guint64 value = 0;

  fail_unless (gst_structure_get_uint64 (structure, field, &value),
      "there is no %s", field);
  return value;
}

static gint
get_int (const GstStructure *structure, const gchar *field)
{
  gint value = 0;

  fail_unless (
      gst_structure_get_int (structure, field, &value), "no %s", field);
  return value;
}

static gboolean
get_gone (const GstStructure *structure)
{
  gboolean is_gone = FALSE;

  fail_unless (gst_structure_get_boolean (structure, "gone", &is_gone));
  return is_gone;
}

/* a message says who crossed which line, where, when, and which way */
GST_START_TEST (test_crossing_message)
{
  g_autoptr (Rig) rig = rig_new (RIG_LINE);
  const GstStructure *event;
  GstMessage *message = NULL;
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.time = 100 * GST_SECOND;
  segment.base = 10 * GST_SECOND;
  gst_harness_push_event (rig->h, gst_event_new_segment (&segment));
  /* it is clear of the line where it has moved on by 14 pixels from x = 320 */
  rig_walk (rig, 0, 7, 360, 280);
  event = rig_pop_event (rig, &message);
  fail_unless (event != NULL);
  fail_unless (GST_MESSAGE_SRC (message) == GST_OBJECT_CAST (rig->zones));
  fail_unless (gst_structure_has_name (event, "line-crossed"));
  assert_equals_string (gst_structure_get_string (event, "line"), "gate");
  assert_equals_string (
      gst_structure_get_string (event, "direction"), "forward");
  assert_equals_uint64 (get_uint64 (event, "id"), 7);
  assert_equals_string (gst_structure_get_string (event, "label"), "person");
  assert_equals_int (get_int (event, "x"), 284);
  assert_equals_int (get_int (event, "y"), 140);
  assert_equals_int (get_int (event, "width"), 40);
  assert_equals_int (get_int (event, "height"), 100);
  fail_if (get_gone (event));
  assert_equals_uint64 (get_uint64 (event, "timestamp"), 7 * RIG_FRAME_TIME);
  assert_equals_uint64 (
      get_uint64 (event, "stream-time"), 100 * GST_SECOND + 7 * RIG_FRAME_TIME);
  assert_equals_uint64 (
      get_uint64 (event, "running-time"), 10 * GST_SECOND + 7 * RIG_FRAME_TIME);
  fail_unless (rig_pop_event (rig, &message) == NULL);

  rig_walk (rig, 11, 7, 280, 360);
  event = rig_pop_event (rig, &message);
  fail_unless (event != NULL);
  assert_equals_string (
      gst_structure_get_string (event, "direction"), "backward");
  fail_unless (rig_pop_event (rig, &message) == NULL);
}
GST_END_TEST;

/* messages follow a visit: in, long enough, out, and how long it was */
GST_START_TEST (test_visit_messages)
{
  static const struct {
    const gchar *name;
    guint n_frames;
  } visit[] = { { "zone-entered", 0 }, { "zone-dwell", 50 },
    { "zone-left", 75 } };
  g_autoptr (Rig) rig = rig_new (RIG_ZONE);
  RigObject person = { 3, "person", 400, 240 };
  const GstStructure *event;
  GstMessage *message = NULL;

  for (guint i = 0; i < 75; i++)
    rig_show (rig, i, &person);
  person.x = 200;
  rig_show (rig, 75, &person);
  for (guint i = 0; i < G_N_ELEMENTS (visit); i++) {
    event = rig_pop_event (rig, &message);
    fail_unless (event != NULL);
    fail_unless (gst_structure_has_name (event, visit[i].name));
    assert_equals_string (gst_structure_get_string (event, "zone"), "yard");
    assert_equals_uint64 (get_uint64 (event, "id"), 3);
    assert_equals_uint64 (
        get_uint64 (event, "stayed"), visit[i].n_frames * RIG_FRAME_TIME);
    fail_if (get_gone (event));
  }
  fail_unless (rig_pop_event (rig, &message) == NULL);
}
GST_END_TEST;

/* who is not found any more is gone since it was seen last */
GST_START_TEST (test_gone)
{
  g_autoptr (Rig) rig = rig_new (RIG_ZONE);
  RigObject person = { 3, "person", 400, 240 };
  const GstStructure *event;
  GstMessage *message = NULL;

  g_object_set (rig->zones, "max-lost-time", GST_SECOND, NULL);
  for (guint i = 0; i < 11; i++)
    rig_show (rig, i, &person);
  for (guint i = 11; i < 40; i++)
    rig_show (rig, i, NULL);
  fail_unless (rig_pop_event (rig, &message) != NULL);
  event = rig_pop_event (rig, &message);
  fail_unless (event != NULL);
  fail_unless (gst_structure_has_name (event, "zone-left"));
  fail_unless (get_gone (event));
  assert_equals_uint64 (get_uint64 (event, "stayed"), 10 * RIG_FRAME_TIME);
  assert_equals_uint64 (get_uint64 (event, "timestamp"), 10 * RIG_FRAME_TIME);
  gst_clear_message (&message);
}
GST_END_TEST;

/* where results come late, what happened is of the time of the picture in which
 * it was found */
GST_START_TEST (test_lag)
{
  const GstYolov5Inference late = {
    .element = "detector", .path = "/d", .lag = 3 * RIG_FRAME_TIME
  };
  const RigObject person = { 3, "person", 400, 240 };
  g_autoptr (Rig) rig = rig_new (RIG_ZONE);
  GstBuffer *buffer = rig_new_frame (10);
  const GstStructure *event;
  GstMessage *message = NULL;

  gst_yolov5_inference_register ();
  gst_yolov5_inference_attach (buffer, &late, NULL, 0);
  rig_attach (buffer, &person);
  gst_buffer_unref (rig_push (rig, buffer));
  event = rig_pop_event (rig, &message);
  fail_unless (event != NULL);
#if GST_CHECK_VERSION(1, 20, 0)
  assert_equals_uint64 (get_uint64 (event, "timestamp"), 7 * RIG_FRAME_TIME);
#endif
  gst_clear_message (&message);
}
GST_END_TEST;

/* with post-messages=false all else is said, but no message posted */
GST_START_TEST (test_no_messages)
{
  g_autoptr (Rig) rig = rig_new (RIG_LINE RIG_ZONE);

  g_object_set (rig->zones, "post-messages", FALSE, NULL);
  rig_walk (rig, 0, 7, 360, 280);
  fail_unless (rig_pop (rig, GST_MESSAGE_ELEMENT) == NULL);
  assert_equals_uint64 (rig_get_count (rig->zones, "gate", "forward"), 1);
  assert_equals_uint64 (rig_get_count (rig->zones, "yard", "left"), 1);
}
GST_END_TEST;

#if GST_CHECK_VERSION(1, 20, 0)
/* each frame has a mark with the counts so far, also where nobody looked; what
 * happened is on the frame on which it did, and on no other */
GST_START_TEST (test_mark)
{
  g_autoptr (Rig) rig = rig_new (RIG_ZONE RIG_LINE);
  GstYolov5ZonesMark mark;

  gst_yolov5_zones_mark_init (&mark);
  for (guint i = 0; i < 24; i++) {
    RigObject person = { 9, "person", 400 - 16 * (gint) i, 240 };
    GstBuffer *buffer = rig_new_frame (i);
    /* looked at on every third frame, where it is at 400, 352, 304 ... */
    gboolean has_crossed = i >= 6, has_entered = i < 6;
    const GstYolov5Shape *line, *zone;

    if (i % 3 == 0) {
      rig_look (buffer);
      rig_attach (buffer, &person);
    }
    buffer = rig_push (rig, buffer);
    gst_yolov5_zones_mark_collect (&mark, buffer);
    assert_equals_int (mark.shapes->len, 2);
    line = &g_array_index (mark.shapes, GstYolov5Shape, 0);
    zone = &g_array_index (mark.shapes, GstYolov5Shape, 1);
    assert_equals_string (line->name, "gate");
    assert_equals_string (line->element, "zones");
    assert_equals_int (line->n_points, 2);
    assert_equals_string (zone->name, "yard");
    assert_equals_int (zone->n_points, 4);
    assert_equals_uint64 (line->counts.forward, has_crossed);
    assert_equals_uint64 (zone->counts.inside, has_entered);
    assert_equals_uint64 (zone->counts.left, !has_entered);
    assert_equals_int (line->n_classes, has_crossed);
    assert_equals_int (zone->n_classes, 1);
    assert_equals_int (mark.events->len, i == 0 ? 1 : i == 6 ? 2 : 0);
    if (i == 6) {
      const GstYolov5ZonesEvent *event =
          &g_array_index (mark.events, GstYolov5ZonesEvent, 0);

      assert_equals_int (event->type, GST_YOLOV5_ZONE_LEFT);
      assert_equals_uint64 (event->id, 9);
      assert_equals_float (event->x, 284.0 / RIG_WIDTH);
      assert_equals_float (event->height, 100.0 / RIG_HEIGHT);
      assert_equals_uint64 (event->timestamp, 6 * RIG_FRAME_TIME);
    }
    gst_buffer_unref (buffer);
  }
  gst_yolov5_zones_mark_clear (&mark);
}
GST_END_TEST;

/* two elements in a row have each their own mark */
GST_START_TEST (test_two_in_a_row)
{
  g_autoptr (Rig) rig = NULL;
  g_autofree gchar *folder = testfolder_make ();
  g_autofree gchar *path = rig_write_config (folder, RIG_LINE);
  g_autofree gchar *other =
      g_strdup_printf ("yolov5zones name=first config=%s !", path);
  GstYolov5ZonesMark mark;
  GstBuffer *buffer;

  rig = rig_new_behind (other, RIG_ZONE);
  buffer = rig_push (rig, rig_new_frame (0));
  gst_yolov5_zones_mark_init (&mark);
  gst_yolov5_zones_mark_collect (&mark, buffer);
  assert_equals_int (mark.shapes->len, 2);
  assert_equals_string (
      g_array_index (mark.shapes, GstYolov5Shape, 0).element, "first");
  assert_equals_string (
      g_array_index (mark.shapes, GstYolov5Shape, 1).element, "zones");
  gst_yolov5_zones_mark_clear (&mark);
  gst_buffer_unref (buffer);
  testfolder_remove (folder);
}
GST_END_TEST;
#endif

/* behind yolov5track, who crosses between two frames that were looked at is
 * counted once, and predicted boxes count nothing before */
GST_START_TEST (test_behind_tracker)
{
  const guint interval = 5;
  g_autoptr (Rig) rig = rig_new_behind ("yolov5track !", RIG_LINE);

  for (guint i = 0; i < 100; i++) {
    RigObject person = { 0, "person", 120 + 4 * (gint) i, 240 };
    GstBuffer *buffer = rig_new_frame (i);

    if (i % interval == 0) {
      rig_look (buffer);
      rig_attach (buffer, &person);
    }
    gst_buffer_unref (rig_push (rig, buffer));
    /* at 340 it is beyond 320 by 20; before, it was at 320 */
    assert_equals_uint64 (
        rig_get_count (rig->zones, "gate", "backward"), i >= 55);
  }
  assert_equals_uint64 (rig_get_count (rig->zones, "gate", "forward"), 0);
  assert_equals_uint64 (rig_get_count (rig->zones, NULL, "frames"), 100);
#if GST_CHECK_VERSION(1, 20, 0)
  assert_equals_uint64 (rig_get_count (rig->zones, NULL, "looked-at"), 20);
#endif
}
GST_END_TEST;

/* elements of others mark no frames: their ids count all the same, and who is
 * not there is gone in the end */
GST_START_TEST (test_foreign_tracker)
{
  g_autoptr (Rig) rig = rig_new (RIG_LINE RIG_ZONE);

  for (guint i = 0; i < 20; i++) {
    RigObject person = { 5, "person", 200 + 10 * (gint) i, 240 };
    GstBuffer *buffer = rig_new_frame (i);

    rig_attach (buffer, &person);
    gst_buffer_unref (rig_push (rig, buffer));
  }
  assert_equals_uint64 (rig_get_count (rig->zones, "gate", "backward"), 1);
  assert_equals_uint64 (rig_get_count (rig->zones, "yard", "inside"), 1);
  for (guint i = 20; i < 100; i++)
    gst_buffer_unref (rig_push (rig, rig_new_frame (i)));
  assert_equals_uint64 (rig_get_count (rig->zones, "yard", "inside"), 0);
}
GST_END_TEST;

/* objects without ids never count; once and no more it is said that there is no
 * tracker: after many frames with objects, or at the end of a few */
static const struct {
  guint n_frames;
  gboolean end;
  guint64 id;
  guint n_warnings;
} untracked[] = {
  { 300, TRUE, 0, 1 },
  { 99, FALSE, 0, 0 },
  { 20, TRUE, 0, 1 },
  { 5, TRUE, 0, 0 },
  { 300, TRUE, 1, 0 },
};

GST_START_TEST (test_no_tracker)
{
  g_autoptr (Rig) rig = rig_new (RIG_LINE);

  for (guint i = 0; i < untracked[__i__].n_frames; i++) {
    RigObject person = { untracked[__i__].id, "person", i % 2 ? 200 : 400,
      240 };

    rig_show (rig, i, &person);
  }
  assert_equals_int (rig_get_count (rig->zones, "gate", "forward") > 0,
      untracked[__i__].id > 0);
  if (untracked[__i__].end)
    gst_harness_push_event (rig->h, gst_event_new_eos ());
  assert_equals_int (rig_count_warnings (rig, "not one has an id"),
      untracked[__i__].n_warnings);
}
GST_END_TEST;

/* trackers that give the same ids are told of, once */
GST_START_TEST (test_same_ids)
{
  const RigObject objects[] = { { 1, "person", 200, 240 },
    { 1, "car", 400, 240 } };
  g_autoptr (Rig) rig = rig_new (RIG_ZONE);

  for (guint i = 0; i < 5; i++) {
    GstBuffer *buffer = rig_new_frame (i);

    rig_attach (buffer, &objects[0]);
    rig_attach (buffer, &objects[1]);
    gst_buffer_unref (rig_push (rig, buffer));
  }
  assert_equals_int (rig_count_warnings (rig, "the same id"), 1);
}
GST_END_TEST;

/* 10,000 objects in each frame end in a bounded time, with one warning */
GST_START_TEST (test_crowd)
{
  g_autoptr (Rig) rig = rig_new (RIG_LINE RIG_ZONE);

  for (guint i = 0; i < 3; i++) {
    GstBuffer *buffer = rig_new_frame (i);

    rig_look (buffer);
    for (guint j = 1; j <= 10000; j++) {
      RigObject person = { j, "person", 320 + (gint) (j + i) % 320, 240 };

      rig_attach (buffer, &person);
    }
    gst_buffer_unref (rig_push (rig, buffer));
  }
  assert_equals_int (rig_count_warnings (rig, "5904 objects"), 1);
  assert_equals_uint64 (rig_get_count (rig->zones, NULL, "left-out"), 3 * 5904);
}
GST_END_TEST;

static Suite *
yolov5zones_events_suite (void)
{
  Suite *suite = suite_create ("yolov5zones-events");
  TCase *tcase = tcase_create ("events");

  suite_add_tcase (suite, tcase);
  testfolder_add (tcase);
  tcase_add_test (tcase, test_crossing_message);
  tcase_add_test (tcase, test_visit_messages);
  tcase_add_test (tcase, test_gone);
  tcase_add_test (tcase, test_lag);
  tcase_add_test (tcase, test_no_messages);
#if GST_CHECK_VERSION(1, 20, 0)
  tcase_add_test (tcase, test_mark);
  tcase_add_test (tcase, test_two_in_a_row);
#endif
  tcase_add_test (tcase, test_behind_tracker);
  tcase_add_test (tcase, test_foreign_tracker);
  tcase_add_loop_test (tcase, test_no_tracker, 0, G_N_ELEMENTS (untracked));
  tcase_add_test (tcase, test_same_ids);
  tcase_add_test (tcase, test_crowd);
  return suite;
}

GST_CHECK_MAIN (yolov5zones_events);
