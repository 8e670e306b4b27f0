/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The lines and zones that yolov5overlay draws. */

#include "rig.h"

#include <string.h>

#include "metadata/zones.h"

#if GST_CHECK_VERSION(1, 20, 0)

typedef struct {
  GstYolov5ShapeKind kind;
  const gchar *name;
  guint n_points;
  GstYolov5ShapePoint points[4];
  GstYolov5ShapeCounts counts;
} Shape;

static const Shape road = { GST_YOLOV5_SHAPE_LINE, "road", 2,
  { { 0.25, 0.5 }, { 0.75, 0.5 } }, { .forward = 12, .backward = 3 } };
static const Shape lawn = { GST_YOLOV5_SHAPE_ZONE, "lawn", 4,
  { { 0.25, 0.5 }, { 0.75, 0.5 }, { 0.75, 0.9 }, { 0.25, 0.9 } },
  { .inside = 2, .entered = 5 } };

/* as yolov5zones marks a frame */
static void
mark_shape (GstBuffer *buffer, const Shape *shape)
{
  GstYolov5Shape marked = { .kind = shape->kind,
    .name = shape->name,
    .n_points = shape->n_points,
    .counts = shape->counts };
  GstYolov5ZonesMark mark;

  gst_yolov5_zones_mark_init (&mark);
  g_array_append_val (mark.shapes, marked);
  g_array_append_vals (mark.points, shape->points, shape->n_points);
  gst_yolov5_zones_mark_attach (&mark, buffer, "zones", "/zones");
  gst_yolov5_zones_mark_clear (&mark);
}

static GBytes *
draw_shape (GstHarness *h, const Shape *shape)
{
  GstBuffer *buffer = new_frame (h, 0);

  mark_shape (buffer, shape);
  return push_pixels (h, buffer);
}

static guint8
get_level_at (GstHarness *h, GBytes *pixels, gint x, gint y)
{
  GstVideoInfo info;

  get_info (h, &info);
  return (
      (const guint8 *) g_bytes_get_data (pixels, NULL))[y * info.stride[0] + x];
}

/* draws a line along its points and a zone around its own, in white with a dark
 * margin, and nothing inside; not if it is not to */
GST_START_TEST (test_lines_and_zones)
{
  static const struct {
    const Shape *shape;
    gint x, y;
    gboolean white;
  } cases[] = {
    { &road, 160, 120, TRUE },
    { &road, 100, 120, TRUE },
    { &road, 60, 120, FALSE },
    { &road, 260, 120, FALSE },
    { &road, 100, 170, FALSE },
    { &lawn, 160, 120, TRUE },
    { &lawn, 160, 215, TRUE },
    { &lawn, 80, 170, TRUE },
    { &lawn, 239, 170, TRUE },
    { &lawn, 160, 170, FALSE },
  };
  GstHarness *h = new_overlay ("GRAY8", 320, 240, NULL);
  GBytes *blank = blank_pixels (h);
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    GBytes *pixels;
    guint8 level;

    g_object_set (h->element, "draw-zones", TRUE, "draw-labels", FALSE, NULL);
    pixels = draw_shape (h, cases[i].shape);
    level = get_level_at (h, pixels, cases[i].x, cases[i].y);
    fail_unless_equals_int (level,
        cases[i].white ? 255 : get_level_at (h, blank, cases[i].x, cases[i].y));
    g_bytes_unref (pixels);

    g_object_set (h->element, "draw-zones", FALSE, NULL);
    fail_unless (
        same_and_unref (g_bytes_ref (blank), draw_shape (h, cases[i].shape)));
  }
  g_bytes_unref (blank);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* an arrow says which way is forward: to the right hand of one who goes along
 * the line, in either direction */
GST_START_TEST (test_arrow)
{
  GstHarness *h = new_overlay ("GRAY8", 320, 240, NULL);
  Shape back = road;
  GBytes *pixels, *blank = blank_pixels (h);

  g_object_set (h->element, "draw-labels", FALSE, NULL);
  back.points[0] = road.points[1];
  back.points[1] = road.points[0];
  pixels = draw_shape (h, &road);
  fail_unless_equals_int (get_level_at (h, pixels, 159, 126), 255);
  fail_unless_equals_int (
      get_level_at (h, pixels, 159, 112), get_level_at (h, blank, 159, 112));
  g_bytes_unref (pixels);
  pixels = draw_shape (h, &back);
  fail_unless_equals_int (get_level_at (h, pixels, 159, 114), 255);
  fail_unless_equals_int (
      get_level_at (h, pixels, 159, 128), get_level_at (h, blank, 159, 128));
  g_bytes_unref (pixels);
  g_bytes_unref (blank);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* writes names and numbers, and other ones when these change */
GST_START_TEST (test_numbers)
{
  static const Shape *shapes[] = { &road, &lawn };
  GstHarness *h = new_overlay ("NV12", 320, 240, NULL);
  guint i;

  for (i = 0; i < G_N_ELEMENTS (shapes); i++) {
    GBytes *first, *without;
    Shape changed = *shapes[i];

    g_object_set (h->element, "draw-labels", TRUE, NULL);
    first = draw_shape (h, shapes[i]);
    fail_unless (
        same_and_unref (g_bytes_ref (first), draw_shape (h, shapes[i])));
    changed.counts.forward = changed.counts.inside = 4;
    fail_if (same_and_unref (g_bytes_ref (first), draw_shape (h, &changed)));
    g_object_set (h->element, "draw-labels", FALSE, NULL);
    without = draw_shape (h, shapes[i]);
    fail_if (same_and_unref (first, g_bytes_ref (without)));
    fail_unless (same_and_unref (without, draw_shape (h, &changed)));
  }
  gst_harness_teardown (h);
}
GST_END_TEST;

/* draws them in every format and in frames of any size, wherever they are, and
 * no byte beside the frame */
GST_START_TEST (test_shapes_in_every_format)
{
  static const gint sizes[][2] = { { 1, 1 }, { 3, 2 }, { 67, 51 },
    { 320, 240 } };
  static const Shape odd = { GST_YOLOV5_SHAPE_ZONE, "R\xc3\xb6\xc3\x9fler", 3,
    { { 0.0, 0.0 }, { 1.0, 0.0 }, { 1.0, 1.0 } }, { .inside = G_MAXUINT64 } };
  static const Shape *shapes[] = { &road, &lawn, &odd };
  guint i, k;

  for (i = 0; i < G_N_ELEMENTS (sizes); i++) {
    GstHarness *h = new_overlay (overlay_colors[__i__].format, sizes[i][0],
        sizes[i][1], overlay_colors[__i__].colorimetry);

    for (k = 0; k < G_N_ELEMENTS (shapes); k++)
      fail_if (same_and_unref (draw_shape (h, shapes[k]), blank_pixels (h)),
          "%s is not in a frame %d pixels wide", shapes[k]->name, sizes[i][0]);
    gst_harness_teardown (h);
  }
}
GST_END_TEST;

/* attaches them as well, with what they would look like in the video */
GST_START_TEST (test_shapes_in_compositions)
{
  GstHarness *drawing = new_overlay ("RGB", 320, 240, NULL);
  GstHarness *attaching = new_overlay ("RGB", 320, 240, NULL);
  GstVideoOverlayCompositionMeta *meta;
  GstBuffer *buffer;
  GstVideoInfo info;
  GstVideoFrame frame;
  guint i;

  get_info (attaching, &info);
  gst_util_set_object_arg (
      G_OBJECT (attaching->element), "attach-composition", "always");
  for (i = 0; i < 2; i++) {
    Shape shape = road;

    shape.counts.forward = i;
    buffer = new_frame (attaching, 0);
    mark_shape (buffer, &shape);
    buffer = gst_harness_push_and_pull (attaching, buffer);
    meta = gst_buffer_get_video_overlay_composition_meta (buffer);
    fail_unless (meta != NULL);
    fail_unless (
        gst_video_frame_map (&frame, &info, buffer, GST_MAP_READWRITE));
    fail_unless (gst_video_overlay_composition_blend (meta->overlay, &frame));
    gst_video_frame_unmap (&frame);
    fail_unless (
        same_and_unref (copy_pixels (buffer), draw_shape (drawing, &shape)));
    gst_buffer_unref (buffer);
  }
  gst_harness_teardown (drawing);
  gst_harness_teardown (attaching);
}
GST_END_TEST;
#endif

static Suite *
yolov5overlay_zones_suite (void)
{
  Suite *suite = suite_create ("yolov5overlay-zones");
  TCase *tcase = tcase_create ("general");

  gst_yolov5_zones_mark_register ();
  suite_add_tcase (suite, tcase);
#if GST_CHECK_VERSION(1, 20, 0)
  tcase_add_test (tcase, test_lines_and_zones);
  tcase_add_test (tcase, test_arrow);
  tcase_add_test (tcase, test_numbers);
  tcase_add_loop_test (tcase, test_shapes_in_every_format, 0, N_OVERLAY_COLORS);
  tcase_add_test (tcase, test_shapes_in_compositions);
#endif
  return suite;
}

GST_CHECK_MAIN (yolov5overlay_zones)
