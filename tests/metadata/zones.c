/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The mark of lines and zones: what is read back, on which ways, and from marks
 * that others wrote. */

#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>
#include <gst/video/video.h>

#include "metadata/zones.h"
#include "tracking/allocations.h"

#if GST_CHECK_VERSION(1, 20, 0)

static GstBuffer *buffer;
/* what is attached, and what is read */
static GstYolov5ZonesMark mark;
static GstYolov5ZonesMark found;

static void
setup (void)
{
  GstVideoInfo info;

  gst_video_info_set_format (&info, GST_VIDEO_FORMAT_RGB, 640, 360);
  buffer = gst_buffer_new_allocate (NULL, GST_VIDEO_INFO_SIZE (&info), NULL);
  gst_buffer_memset (buffer, 0, 0, GST_VIDEO_INFO_SIZE (&info));
  gst_yolov5_zones_mark_register ();
  gst_yolov5_zones_mark_init (&mark);
  gst_yolov5_zones_mark_init (&found);
}

static void
teardown (void)
{
  gst_yolov5_zones_mark_clear (&mark);
  gst_yolov5_zones_mark_clear (&found);
  gst_clear_buffer (&buffer);
}

static void
add_shape (GstYolov5ShapeKind kind, const gchar *name, guint n_points,
    guint n_classes, GstYolov5ShapeCounts counts)
{
  static const gchar *labels[] = { "person", "car" };
  GstYolov5Shape shape = {
    .kind = kind,
    .name = name,
    .first_point = mark.points->len,
    .n_points = n_points,
    .first_class = mark.classes->len,
    .n_classes = n_classes,
    .counts = counts,
  };

  for (guint i = 0; i < n_points; i++) {
    GstYolov5ShapePoint point = { i / 8.0, (i % 2) / 2.0 };

    g_array_append_val (mark.points, point);
  }
  for (guint i = 0; i < n_classes; i++) {
    GstYolov5ShapeClass class = { g_quark_from_string (labels[i]), counts };

    g_array_append_val (mark.classes, class);
  }
  g_array_append_val (mark.shapes, shape);
}

static void
fill_mark (void)
{
  const GstYolov5ZonesEvent events[] = {
    { GST_YOLOV5_LINE_CROSSED, "gate", NULL, 7, g_quark_from_string ("person"),
        0.25, 0.5, 0.125, 0.25, 4 * GST_SECOND, TRUE, FALSE, 0 },
    { GST_YOLOV5_ZONE_LEFT, "yard", NULL, G_MAXUINT64, 0, 0, 0, 0, 0,
        GST_CLOCK_TIME_NONE, FALSE, TRUE, 9 * GST_SECOND },
  };

  add_shape (GST_YOLOV5_SHAPE_LINE, "gate", 2, 2,
      (GstYolov5ShapeCounts){ .forward = 3, .backward = G_MAXUINT64 });
  add_shape (GST_YOLOV5_SHAPE_ZONE, "yard", 4, 1,
      (GstYolov5ShapeCounts){
          .inside = 1,
          .entered = 5,
          .left = 4,
          .dwelled = 2,
          .stayed = 11 * GST_SECOND,
          .longest = 6 * GST_SECOND,
      });
  add_shape (
      GST_YOLOV5_SHAPE_LINE, "door \"2\"", 3, 0, (GstYolov5ShapeCounts){ 0 });
  g_array_append_vals (mark.events, events, G_N_ELEMENTS (events));
}

static void
push_through (const gchar *elements, const gchar *caps)
{
  GstHarness *harness = gst_harness_new_parse (elements);

  gst_harness_set_caps_str (harness,
      "video/x-raw,format=RGB,width=640,height=360,framerate=25/1", caps);
  buffer = gst_harness_push_and_pull (harness, buffer);
  gst_harness_teardown (harness);
}

static void
check_shape (guint index, guint original)
{
  const GstYolov5Shape *shape =
      &g_array_index (found.shapes, GstYolov5Shape, index);
  const GstYolov5Shape *expected =
      &g_array_index (mark.shapes, GstYolov5Shape, original);

  fail_unless_equals_int (shape->kind, expected->kind);
  fail_unless_equals_string (shape->name, expected->name);
  fail_unless_equals_string (shape->element, "zones0");
  fail_unless_equals_int (shape->n_points, expected->n_points);
  fail_unless_equals_int (shape->n_classes, expected->n_classes);
  fail_unless (
      memcmp (&shape->counts, &expected->counts, sizeof shape->counts) == 0);
  fail_unless (memcmp (&g_array_index (found.points, GstYolov5ShapePoint,
                           shape->first_point),
                   &g_array_index (
                       mark.points, GstYolov5ShapePoint, expected->first_point),
                   shape->n_points * sizeof (GstYolov5ShapePoint))
               == 0);
  for (guint i = 0; i < shape->n_classes; i++) {
    const GstYolov5ShapeClass *class = &g_array_index (
        found.classes, GstYolov5ShapeClass, shape->first_class + i);
    const GstYolov5ShapeClass *expected_class = &g_array_index (
        mark.classes, GstYolov5ShapeClass, expected->first_class + i);

    fail_unless_equals_int (class->label, expected_class->label);
    fail_unless (
        memcmp (&class->counts, &expected_class->counts, sizeof class->counts)
        == 0);
  }
}

static void
check_event (guint index)
{
  const GstYolov5ZonesEvent *event =
      &g_array_index (found.events, GstYolov5ZonesEvent, index);
  const GstYolov5ZonesEvent *expected =
      &g_array_index (mark.events, GstYolov5ZonesEvent, index);

  fail_unless_equals_int (event->type, expected->type);
  fail_unless_equals_string (event->shape, expected->shape);
  fail_unless_equals_string (event->element, "zones0");
  fail_unless_equals_uint64 (event->id, expected->id);
  fail_unless_equals_int (event->label, expected->label);
  fail_unless_equals_float (event->x, expected->x);
  fail_unless_equals_float (event->y, expected->y);
  fail_unless_equals_float (event->width, expected->width);
  fail_unless_equals_float (event->height, expected->height);
  fail_unless_equals_uint64 (event->timestamp, expected->timestamp);
  fail_unless_equals_int (event->is_forward, expected->is_forward);
  fail_unless_equals_int (event->is_gone, expected->is_gone);
  fail_unless_equals_uint64 (event->stayed, expected->stayed);
}

/* what is attached is read back, lines before zones, also where the video was
 * converted and scaled on the way */
GST_START_TEST (test_round_trip)
{
  static const struct {
    const gchar *elements;
    const gchar *caps;
  } ways[] = {
    { NULL, NULL },
    { "videoconvert", "video/x-raw,format=I420,width=640,height=360" },
    { "videoconvert ! videoscale",
        "video/x-raw,format=I420,width=1280,height=90" },
  };

  fill_mark ();
  gst_yolov5_zones_mark_attach (&mark, buffer, "zones0", "/pipeline/zones0");
  if (ways[__i__].elements)
    push_through (ways[__i__].elements, ways[__i__].caps);
  gst_yolov5_zones_mark_collect (&found, buffer);

  fail_unless_equals_int (found.shapes->len, 3);
  check_shape (0, 0);
  check_shape (1, 2);
  check_shape (2, 1);
  fail_unless_equals_int (found.events->len, 2);
  check_event (0);
  check_event (1);
}
GST_END_TEST;

/* a buffer that no element counted on has nothing, whatever was read before */
GST_START_TEST (test_nothing_to_read)
{
  GstBuffer *other = gst_buffer_new ();

  fill_mark ();
  gst_yolov5_zones_mark_attach (&mark, buffer, "zones0", "/zones0");
  gst_yolov5_zones_mark_collect (&found, buffer);
  gst_yolov5_zones_mark_collect (&found, other);
  fail_unless_equals_int (found.shapes->len, 0);
  fail_unless_equals_int (found.points->len, 0);
  fail_unless_equals_int (found.classes->len, 0);
  fail_unless_equals_int (found.events->len, 0);
  gst_buffer_unref (other);
}
GST_END_TEST;

/* several elements that count each have a mark, and all of them are read */
GST_START_TEST (test_marks_of_two_elements)
{
  fill_mark ();
  gst_yolov5_zones_mark_attach (&mark, buffer, "a", "/bin/a");
  gst_yolov5_zones_mark_attach (&mark, buffer, "b", "/bin/b");
  gst_yolov5_zones_mark_collect (&found, buffer);
  fail_unless_equals_int (found.shapes->len, 6);
  fail_unless_equals_int (found.events->len, 4);
  for (guint i = 0; i < 6; i++)
    fail_unless_equals_string (
        g_array_index (found.shapes, GstYolov5Shape, i).element,
        i < 3 ? "a" : "b");
}
GST_END_TEST;

/* labels in other encodings are carried as good as UTF-8 can */
GST_START_TEST (test_labels_of_any_encoding)
{
  add_shape (GST_YOLOV5_SHAPE_LINE, "gate", 2, 1, (GstYolov5ShapeCounts){ 0 });
  g_array_index (mark.classes, GstYolov5ShapeClass, 0).label =
      g_quark_from_string ("caf\xe9");
  gst_yolov5_zones_mark_attach (&mark, buffer, "zones0", "/zones0");
  gst_yolov5_zones_mark_collect (&found, buffer);
  fail_unless_equals_string (
      g_quark_to_string (
          g_array_index (found.classes, GstYolov5ShapeClass, 0).label),
      "caf\xef\xbf\xbd");
}
GST_END_TEST;

/* what others wrote, and how much of it is to be read */
static const struct {
  const gchar *fields;
  guint n_shapes;
  guint n_points;
  guint n_events;
} odd_marks[] = {
  { "x", 0, 0, 0 },
  { "x, lines=(int)1, zones=(string)yard, events=(double)<1>", 0, 0, 0 },
  { "x, lines=(structure)<[line, name=(string)a]>", 0, 0, 0 },
  /* a line of one point, a point and a half, no numbers, beyond the frame */
  { "x, lines=(structure)<[line, name=(string)a, points=(double)<0, 1>]>", 0, 0,
      0 },
  { "x, lines=(structure)<[line, name=(string)a, points=(double)<0, 1, 0>]>", 0,
      0, 0 },
  { "x, lines=(structure)<[line, name=(string)a, points=(int)<0, 0, 1, 1>]>", 0,
      0, 0 },
  { "x, lines=(structure)<[line, name=(string)a, points=(double)<0, 0, 1, 7>]>",
      0, 0, 0 },
  { "x, lines=(structure)<[line, name=(int)5, points=(double)<0, 0, 1, 1>]>", 0,
      0, 0 },
  /* one that is whole beside one that is not */
  { "x, lines=(structure)<[line, name=(string)a, points=(double)<0, 0, 1, 1>, "
    "forward=(int)5, classes=(int)<3>], [line, name=(string)b, "
    "points=(double)<0, 0, 1, -1>]>",
      1, 2, 0 },
  { "x, zones=(structure)<[zone, name=(string)b, points=(double)<0, 0, 1, 1>], "
    "[zone, name=(string)a, points=(double)<0, 0, 1, 1, 1, 0>]>",
      1, 3, 0 },
  { "x, events=(structure)<[line-crossed], [zone-born, zone=(string)a, "
    "box=(double)<0, 0, 1, 1>]>",
      0, 0, 0 },
  { "x, events=(structure)<[zone-left, line=(string)a, box=(double)<0, 0, 1, "
    "1>], [zone-left, zone=(string)a, box=(double)<0, 0, 1, -1>], "
    "[zone-left, zone=(string)a, box=(double)<0, 0, 1>], "
    "[zone-left, zone=(string)a, box=(double)<0, 0, 1, 1>, id=(int)4]>",
      0, 0, 1 },
};

/* marks that others wrote, of any type and length, do no harm */
GST_START_TEST (test_odd_marks)
{
  GstStructure *odd = gst_structure_new_from_string (odd_marks[__i__].fields);
  GstStructure *fields;

  fail_unless (odd != NULL);
  fields = gst_custom_meta_get_structure (
      gst_buffer_add_custom_meta (buffer, GST_YOLOV5_ZONES_META_NAME));
  for (gint i = 0; i < gst_structure_n_fields (odd); i++) {
    const gchar *name = gst_structure_nth_field_name (odd, i);

    gst_structure_set_value (fields, name, gst_structure_get_value (odd, name));
  }
  gst_structure_free (odd);
  gst_yolov5_zones_mark_collect (&found, buffer);
  fail_unless_equals_int (found.shapes->len, odd_marks[__i__].n_shapes);
  fail_unless_equals_int (found.points->len, odd_marks[__i__].n_points);
  fail_unless_equals_int (found.classes->len, 0);
  fail_unless_equals_int (found.events->len, odd_marks[__i__].n_events);
}
GST_END_TEST;

/* whoever reads marks allocates nothing for it, once there is room */
GST_START_TEST (test_reading_allocates_nothing)
{
  guint64 before;

  if (!allocations_are_counted ())
    return;
  fill_mark ();
  gst_yolov5_zones_mark_attach (&mark, buffer, "zones0", "/zones0");
  gst_yolov5_zones_mark_collect (&found, buffer);
  before = allocations_count ();
  for (guint i = 0; i < 100; i++)
    gst_yolov5_zones_mark_collect (&found, buffer);
  fail_unless_equals_uint64 (allocations_count () - before, 0);
  /* attaching does, so that counting is seen to work */
  gst_yolov5_zones_mark_attach (&mark, buffer, "zones0", "/zones0");
  fail_unless (allocations_count () > before);
}
GST_END_TEST;
#endif

static Suite *
zones_suite (void)
{
  Suite *suite = suite_create ("zones");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
#if GST_CHECK_VERSION(1, 20, 0)
  tcase_add_checked_fixture (tcase, setup, teardown);
  tcase_add_loop_test (tcase, test_round_trip, 0, 3);
  tcase_add_test (tcase, test_nothing_to_read);
  tcase_add_test (tcase, test_marks_of_two_elements);
  tcase_add_test (tcase, test_labels_of_any_encoding);
  tcase_add_loop_test (tcase, test_odd_marks, 0, G_N_ELEMENTS (odd_marks));
  tcase_add_test (tcase, test_reading_allocates_nothing);
#endif
  return suite;
}

GST_CHECK_MAIN (zones);
