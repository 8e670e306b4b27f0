/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Lines and zones in the lines that yolov5json writes, read back by a JSON
 * parser. */

#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>

#include <json-glib/json-glib.h>

#include "metadata/zones.h"

#if GST_CHECK_VERSION(1, 20, 0)

static GstHarness *h;
static JsonParser *parser;
static GstYolov5ZonesMark mark;

static void
setup (void)
{
  h = gst_harness_new ("yolov5json");
  gst_harness_set_src_caps_str (
      h, "video/x-raw,format=NV12,width=640,height=480");
  parser = json_parser_new ();
  gst_yolov5_zones_mark_init (&mark);
}

static void
teardown (void)
{
  gst_yolov5_zones_mark_clear (&mark);
  g_object_unref (parser);
  gst_harness_teardown (h);
}

static void
add_shape (GstYolov5ShapeKind kind, const gchar *name, guint n_points,
    GstYolov5ShapeCounts counts)
{
  GstYolov5ShapeClass class = { g_quark_from_string ("person"), counts };
  GstYolov5Shape shape = {
    .kind = kind,
    .name = name,
    .first_point = mark.points->len,
    .n_points = n_points,
    .first_class = mark.classes->len,
    .n_classes = 1,
    .counts = counts,
  };

  for (guint i = 0; i < n_points; i++) {
    GstYolov5ShapePoint point = { 0.25 * i, 0.5 };

    g_array_append_val (mark.points, point);
  }
  g_array_append_val (mark.classes, class);
  g_array_append_val (mark.shapes, shape);
}

static void
fill_mark (void)
{
  const GstYolov5ZonesEvent events[] = {
    { GST_YOLOV5_LINE_CROSSED, "gate", NULL, 7, g_quark_from_string ("person"),
        0.25, 0.5, 0.125, 0.25, 4 * GST_SECOND, TRUE, FALSE, 0 },
    { GST_YOLOV5_ZONE_LEFT, "yard", NULL, 8, 0, 0, 0, 0, 0, GST_CLOCK_TIME_NONE,
        FALSE, TRUE, 9 * GST_SECOND },
  };

  add_shape (GST_YOLOV5_SHAPE_LINE, "gate", 2,
      (GstYolov5ShapeCounts){ .forward = 3, .backward = 1 });
  add_shape (GST_YOLOV5_SHAPE_ZONE, "yard", 3,
      (GstYolov5ShapeCounts){
          .inside = 1, .entered = 5, .left = 4, .longest = GST_SECOND });
  g_array_append_vals (mark.events, events, G_N_ELEMENTS (events));
}

static GstBuffer *
new_frame (void)
{
  GstBuffer *buffer = gst_buffer_new ();

  GST_BUFFER_PTS (buffer) = 5 * GST_SECOND;
  return buffer;
}

static JsonObject *
push (GstBuffer *buffer)
{
  GstBuffer *line;
  GstMapInfo map;

  assert_equals_int (gst_harness_push (h, buffer), GST_FLOW_OK);
  line = gst_harness_pull (h);
  fail_unless (gst_buffer_map (line, &map, GST_MAP_READ));
  fail_unless (json_parser_load_from_data (
      parser, (const gchar *) map.data, map.size, NULL));
  gst_buffer_unmap (line, &map);
  gst_buffer_unref (line);
  return json_node_get_object (json_parser_get_root (parser));
}

static JsonObject *
get_element (JsonObject *object, const gchar *list, guint index, guint n)
{
  JsonArray *array = json_object_get_array_member (object, list);

  assert_equals_int (json_array_get_length (array), n);
  return json_array_get_object_element (array, index);
}

static void
check_integers (JsonObject *object, const gchar *first_name, ...)
{
  const gchar *name;
  va_list arguments;

  va_start (arguments, first_name);
  for (name = first_name; name; name = va_arg (arguments, const gchar *)) {
    gint64 value = json_object_get_int_member (object, name);
    gint expected = va_arg (arguments, gint);

    fail_unless (
        value == expected, "%s is %d, not %d", name, (gint) value, expected);
  }
  va_end (arguments);
}

/* a line has what was counted, by name and class, with points in pixels */
GST_START_TEST (test_counts)
{
  GstBuffer *frame = new_frame ();
  JsonObject *object, *line, *zone;
  JsonArray *points;

  fill_mark ();
  gst_yolov5_zones_mark_attach (&mark, frame, "zones0", "/zones0");
  object = push (frame);
  line = get_element (object, "lines", 0, 1);
  assert_equals_string (json_object_get_string_member (line, "name"), "gate");
  check_integers (line, "forward", 3, "backward", 1, NULL);
  points = json_object_get_array_member (line, "points");
  assert_equals_int (json_array_get_length (points), 4);
  assert_equals_int64 (json_array_get_int_element (points, 2), 160);
  assert_equals_int64 (json_array_get_int_element (points, 3), 240);
  line = get_element (line, "classes", 0, 1);
  assert_equals_string (
      json_object_get_string_member (line, "label"), "person");
  check_integers (line, "forward", 3, "backward", 1, NULL);

  zone = get_element (object, "zones", 0, 1);
  assert_equals_string (json_object_get_string_member (zone, "name"), "yard");
  fail_if (json_object_has_member (zone, "element"));
  check_integers (zone, "inside", 1, "entered", 5, "left", 4, "dwelled", 0,
      "stayed", 0, "longest", (gint) GST_SECOND, NULL);
}
GST_END_TEST;

/* and what happened, with the box in pixels */
GST_START_TEST (test_events)
{
  GstBuffer *frame = new_frame ();
  JsonObject *object, *event;

  fill_mark ();
  gst_yolov5_zones_mark_attach (&mark, frame, "zones0", "/zones0");
  object = push (frame);
  event = get_element (object, "events", 0, 2);
  assert_equals_string (
      json_object_get_string_member (event, "type"), "line-crossed");
  assert_equals_string (json_object_get_string_member (event, "line"), "gate");
  assert_equals_string (
      json_object_get_string_member (event, "direction"), "forward");
  assert_equals_string (
      json_object_get_string_member (event, "label"), "person");
  check_integers (
      event, "id", 7, "x", 160, "y", 240, "width", 80, "height", 120, NULL);
  assert_equals_int64 (
      json_object_get_int_member (event, "pts"), 4 * GST_SECOND);
  fail_if (json_object_get_boolean_member (event, "gone"));

  event = get_element (object, "events", 1, 2);
  assert_equals_string (
      json_object_get_string_member (event, "type"), "zone-left");
  assert_equals_string (json_object_get_string_member (event, "zone"), "yard");
  assert_equals_int64 (
      json_object_get_int_member (event, "stayed"), 9 * GST_SECOND);
  fail_unless (json_object_get_null_member (event, "label"));
  fail_unless (json_object_get_null_member (event, "pts"));
  fail_unless (json_object_get_boolean_member (event, "gone"));
}
GST_END_TEST;

/* where nobody counts, nothing is said of it */
GST_START_TEST (test_no_zones)
{
  JsonObject *object = push (new_frame ());

  fail_if (json_object_has_member (object, "lines"));
  fail_if (json_object_has_member (object, "zones"));
  fail_if (json_object_has_member (object, "events"));
}
GST_END_TEST;

/* of several elements that count, each line and event has the name of its own */
GST_START_TEST (test_two_elements)
{
  GstBuffer *frame = new_frame ();
  JsonObject *object;

  fill_mark ();
  gst_yolov5_zones_mark_attach (&mark, frame, "a", "/a");
  gst_yolov5_zones_mark_attach (&mark, frame, "b", "/b");
  object = push (frame);
  assert_equals_string (json_object_get_string_member (
                            get_element (object, "lines", 1, 2), "element"),
      "b");
  assert_equals_string (json_object_get_string_member (
                            get_element (object, "events", 0, 4), "element"),
      "a");
}
GST_END_TEST;

/* with skip-empty, a frame without detections on which something happened has a
 * line, one on which nothing did has none */
GST_START_TEST (test_skip_empty)
{
  GstBuffer *frame = new_frame ();

  g_object_set (h->element, "skip-empty", TRUE, NULL);
  fill_mark ();
  gst_yolov5_zones_mark_attach (&mark, frame, "zones0", "/zones0");
  get_element (push (frame), "events", 0, 2);

  g_array_set_size (mark.events, 0);
  frame = new_frame ();
  gst_yolov5_zones_mark_attach (&mark, frame, "zones0", "/zones0");
  assert_equals_int (gst_harness_push (h, frame), GST_FLOW_OK);
  assert_equals_int (gst_harness_buffers_in_queue (h), 0);
}
GST_END_TEST;
#endif

static Suite *
yolov5json_zones_suite (void)
{
  Suite *suite = suite_create ("yolov5json-zones");
  TCase *tcase = tcase_create ("zones");

  suite_add_tcase (suite, tcase);
#if GST_CHECK_VERSION(1, 20, 0)
  tcase_add_checked_fixture (tcase, setup, teardown);
  tcase_add_test (tcase, test_counts);
  tcase_add_test (tcase, test_events);
  tcase_add_test (tcase, test_no_zones);
  tcase_add_test (tcase, test_two_elements);
  tcase_add_test (tcase, test_skip_empty);
#endif
  return suite;
}

GST_CHECK_MAIN (yolov5json_zones);
