/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What yolov5overlay draws, what it leaves alone, and in which colours. */

#include "rig.h"

#include <string.h>

/* the full-range colour of a pixel, from the definition of the caps' colours */
static void
get_full_range_rgb (const OverlayColors *colors, GstVideoFrame *frame, gint x,
    gint y, gdouble rgb[3])
{
  gdouble level[3] = { 0.0, 128.0, 128.0 }, luma, blue, red;
  gdouble black = colors->full_range ? 0.0 : 16.0;
  gdouble luma_levels = colors->full_range ? 255.0 : 219.0;
  gdouble chroma_levels = colors->full_range ? 255.0 : 224.0;
  guint c;

  for (c = 0; c < MIN (GST_VIDEO_FRAME_N_COMPONENTS (frame), 3); c++) {
    OverlayComponent component;

    get_component (frame, c, &component);
    level[c] = get_level (&component, x >> component.shift_x,
        y >> component.shift_y, colors->full_range);
  }

  if (GST_VIDEO_INFO_IS_RGB (&frame->info)) {
    for (c = 0; c < 3; c++)
      rgb[c] = (level[c] - black) * 255.0 / luma_levels;
    return;
  }
  luma = (level[0] - black) * 255.0 / luma_levels;
  blue = (level[1] - 128.0) * 255.0 / chroma_levels;
  red = (level[2] - 128.0) * 255.0 / chroma_levels;
  rgb[0] = luma + 2.0 * (1.0 - colors->kr) * red;
  rgb[2] = luma + 2.0 * (1.0 - colors->kb) * blue;
  rgb[1] = (luma - colors->kr * rgb[0] - colors->kb * rgb[2])
           / (1.0 - colors->kr - colors->kb);
}

/* the byte between pixels that is no sample, as in BGRx, or -1 */
static gint
find_padding (const GstVideoFormatInfo *finfo)
{
  static const gchar *names[] = { "RGBx", "BGRx", "xRGB", "xBGR" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_str_equal (finfo->name, names[i]))
      return i < 2 ? 3 : 0;
  return -1;
}

/* colours every sample of the outline as its first sample is in drawn, and those
 * of the dark line that belong to one pixel alone likewise; the box and the
 * thickness are multiples of two */
static void
draw_expected_outline (GstVideoFrame *expected, GstVideoFrame *drawn,
    const GstVideoRectangle *box, gint thickness)
{
  gint padding = find_padding (expected->info.finfo);
  guint c;
  gint x, y;

  for (c = 0; c < GST_VIDEO_FRAME_N_COMPONENTS (expected); c++) {
    OverlayComponent to, from;
    guint level, dark;

    get_component (expected, c, &to);
    get_component (drawn, c, &from);
    level = get_sample (&from, box->x >> to.shift_x, box->y >> to.shift_y);
    dark = get_sample (
        &from, (box->x - 1) >> to.shift_x, (box->y - 1) >> to.shift_y);
    for (y = 0; y < to.height; y++)
      for (x = 0; x < to.width; x++) {
        gboolean is_dark = to.shift_x + to.shift_y == 0
                           && is_on_dark_line (x, y, box, thickness);

        if (is_on_outline (x << to.shift_x, y << to.shift_y, box, thickness))
          set_sample (&to, x, y, level);
        else if (is_dark)
          set_sample (&to, x, y, dark);
        else
          continue;
        /* which is to look opaque to those who take it for alpha */
        if (padding >= 0)
          to.plane[y * to.stride + 4 * x + padding] = 255;
      }
  }
}

/* every pixel of the outline has the colour of the class, within what the
 * rounding of its components to 8 bits makes of it, and every one of the dark
 * line is dark, at least in luma */
static void
check_outline_color (const OverlayColors *colors, GstVideoFrame *frame,
    const GstVideoRectangle *box, gint thickness, gint label_id)
{
  gboolean is_gray = GST_VIDEO_INFO_IS_GRAY (&frame->info);
  guint8 class_rgb[3];
  gdouble expected[3], drawn[3];
  gint x, y, c;

  get_class_rgb (label_id, class_rgb);
  for (c = 0; c < 3; c++)
    expected[c] = is_gray
                      ? colors->kr * class_rgb[0] + colors->kb * class_rgb[2]
                            + (1.0 - colors->kr - colors->kb) * class_rgb[1]
                      : class_rgb[c];

  for (y = box->y - 1; y < box->y + box->h + 1; y++)
    for (x = box->x - 1; x < box->x + box->w + 1; x++) {
      gboolean is_line = is_on_outline (x, y, box, thickness);

      if (!is_line && !is_on_dark_line (x, y, box, thickness))
        continue;
      get_full_range_rgb (colors, frame, x, y, drawn);
      if (is_line) {
        for (c = 0; c < 3; c++)
          fail_unless (ABS (drawn[c] - expected[c]) <= 2.0,
              "class %d at %d,%d: channel %d is %f, not %f", label_id, x, y, c,
              drawn[c], expected[c]);
      } else {
        gdouble luma = colors->kr * drawn[0] + colors->kb * drawn[2]
                       + (1.0 - colors->kr - colors->kb) * drawn[1];

        fail_unless (ABS (luma - 16.0) <= 2.0,
            "the dark line has luma %f at %d,%d", luma, x, y);
      }
    }
}

/* draws a box in each format: every line has the colour of the class and a thin
 * dark one around it, and each other byte of the frame, the space between its
 * rows and around it is as it was */
GST_START_TEST (test_outline_in_every_format)
{
  const GstVideoRectangle box = { .x = 8, .y = 6, .w = 40, .h = 36 };
  const OverlayColors *colors = &overlay_colors[__i__];
  GstHarness *h = new_overlay (colors->format, 67, 51, colors->colorimetry);
  GstVideoInfo info;
  GstVideoFrame expected_frame, frame;
  gint label_id;

  g_object_set (h->element, "draw-labels", FALSE, "thickness", 2, NULL);
  get_info (h, &info);

  for (label_id = 0; label_id < 10; label_id++) {
    GstBuffer *expected = new_frame (h, 12);
    GstBuffer *buffer = new_frame (h, 12);

    add_region (buffer, "thing", label_id, 0.5, box.x, box.y, box.w, box.h);
    buffer = gst_harness_push_and_pull (h, buffer);
    check_guards (buffer);

    fail_unless (gst_video_frame_map (
        &expected_frame, &info, expected, GST_MAP_READWRITE));
    fail_unless (gst_video_frame_map (&frame, &info, buffer, GST_MAP_READ));
    check_outline_color (colors, &frame, &box, 2, label_id);
    draw_expected_outline (&expected_frame, &frame, &box, 2);
    gst_video_frame_unmap (&frame);
    gst_video_frame_unmap (&expected_frame);
    fail_unless (same_and_unref (copy_pixels (expected), copy_pixels (buffer)));
    gst_buffer_unref (expected);
    gst_buffer_unref (buffer);
  }
  gst_harness_teardown (h);
}
GST_END_TEST;

/* draws into frames of any size, from a single pixel on */
GST_START_TEST (test_odd_sizes)
{
  static const gint sizes[][2] = { { 1, 1 }, { 2, 1 }, { 1, 2 }, { 3, 5 },
    { 5, 3 }, { 1, 40 }, { 40, 1 }, { 17, 19 }, { 33, 31 }, { 101, 99 } };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (sizes); i++) {
    gint width = sizes[i][0], height = sizes[i][1];
    GstHarness *h = new_overlay (overlay_colors[__i__].format, width, height,
        overlay_colors[__i__].colorimetry);
    guint padding;

    for (padding = 0; padding < 3; padding++) {
      GstBuffer *buffer = new_frame (h, padding);

      add_region (buffer, "person", 0, 0.87, 0, 0, width, height);
      add_region (buffer, "car", 2, 0.5, width - 1, height - 1, 1, 1);
      buffer = gst_harness_push_and_pull (h, buffer);
      check_guards (buffer);
      gst_buffer_unref (buffer);
    }
    fail_if (same_and_unref (blank_pixels (h),
        draw_region_pixels (h, "car", 2, 0.5, 0, 0, width, height)));
    gst_harness_teardown (h);
  }
}
GST_END_TEST;

/* neither takes a chroma sample beyond a tight row for its own */
GST_START_TEST (test_tight_rows_of_odd_width)
{
  GstHarness *h = new_overlay ("YUY2", 3, 4, NULL);
  gsize offset[GST_VIDEO_MAX_PLANES] = { 0 };
  gint stride[GST_VIDEO_MAX_PLANES] = { 6 };
  guint8 *data = g_malloc (24 + GUARD_BYTES);
  GstBuffer *buffer;
  gint i;

  memset (data, GUARD_LEVEL, 24 + GUARD_BYTES);
  buffer = gst_buffer_new_wrapped_full (
      0, data, 24 + GUARD_BYTES, 0, 24, data, g_free);
  gst_buffer_add_video_meta_full (buffer, GST_VIDEO_FRAME_FLAG_NONE,
      GST_VIDEO_FORMAT_YUY2, 3, 4, 1, offset, stride);
  add_region (buffer, "person", 0, 0.87, 0, 0, 3, 4);
  gst_harness_push (h, buffer);
  buffer = gst_harness_try_pull (h);
  if (buffer != NULL) {
    for (i = 0; i < GUARD_BYTES; i++)
      fail_unless_equals_int (data[24 + i], GUARD_LEVEL);
    gst_buffer_unref (buffer);
  }
  gst_harness_teardown (h);
}
GST_END_TEST;

/* draws a box whose corner is the frame's */
GST_START_TEST (test_box_at_origin)
{
  GstHarness *h = new_overlay ("RGB", 64, 48, NULL);
  guint8 class_rgb[3], rgb[3];
  GstBuffer *buffer;

  g_object_set (h->element, "draw-labels", FALSE, NULL);
  buffer = draw_region (h, "person", 3, 0.5, 0, 0, 20, 20);
  get_class_rgb (3, class_rgb);
  get_buffer_rgb (h, buffer, 0, 0, rgb);
  fail_unless (memcmp (rgb, class_rgb, 3) == 0);
  get_buffer_rgb (h, buffer, 19, 19, rgb);
  fail_unless (memcmp (rgb, class_rgb, 3) == 0);
  get_buffer_rgb (h, buffer, 20, 20, rgb);
  fail_if (memcmp (rgb, class_rgb, 3) == 0);
  gst_buffer_unref (buffer);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* clips a box that reaches beyond the frame: its lines run along the border */
GST_START_TEST (test_box_beyond_frame)
{
  GstHarness *h = new_overlay ("RGB", 64, 48, NULL);

  g_object_set (h->element, "draw-labels", FALSE, NULL);
  fail_unless (same_and_unref (
      draw_region_pixels (h, "person", 3, 0.5, 10, 10, G_MAXUINT, G_MAXUINT),
      draw_region_pixels (h, "person", 3, 0.5, 10, 10, 54, 38)));
  fail_if (same_and_unref (blank_pixels (h),
      draw_region_pixels (h, "person", 3, 0.5, 0, 0, 1000, 1000)));
  gst_harness_teardown (h);
}
GST_END_TEST;

/* widens boxes and lines to whole chroma samples, so that no colour runs into
 * the pixels beside them */
GST_START_TEST (test_box_between_chroma_samples)
{
  static const struct {
    const gchar *format;
    GstVideoRectangle whole;
  } cases[] = {
    { "NV12", { .x = 8, .y = 6, .w = 32, .h = 26 } },
    { "YV12", { .x = 8, .y = 6, .w = 32, .h = 26 } },
    /* subsampled in rows alone */
    { "Y42B", { .x = 8, .y = 7, .w = 32, .h = 24 } },
    { "UYVY", { .x = 8, .y = 7, .w = 32, .h = 24 } },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    const GstVideoRectangle *whole = &cases[i].whole;
    GstHarness *h = new_overlay (cases[i].format, 64, 48, NULL);
    GBytes *narrow;

    g_object_set (h->element, "draw-labels", FALSE, "thickness", 1, NULL);
    narrow = draw_region_pixels (h, "person", 3, 0.5, 9, 7, 30, 24);
    g_object_set (h->element, "thickness", 2, NULL);
    fail_unless (
        same_and_unref (narrow, draw_region_pixels (h, "person", 3, 0.5,
                                    whole->x, whole->y, whole->w, whole->h)));
    gst_harness_teardown (h);
  }
}
GST_END_TEST;

/* draws boxes without extent as well, as a pixel */
GST_START_TEST (test_smallest_boxes)
{
  static const guint sizes[][2] = { { 1, 1 }, { 1, 30 }, { 30, 1 }, { 0, 0 } };
  GstHarness *h = new_overlay ("RGB", 64, 48, NULL);
  guint8 class_rgb[3], rgb[3];
  guint i;

  get_class_rgb (3, class_rgb);
  g_object_set (h->element, "draw-labels", FALSE, NULL);
  for (i = 0; i < G_N_ELEMENTS (sizes); i++) {
    guint width = MAX (sizes[i][0], 1), height = MAX (sizes[i][1], 1);
    GstBuffer *buffer =
        draw_region (h, "person", 3, 0.5, 11, 13, sizes[i][0], sizes[i][1]);

    get_buffer_rgb (h, buffer, 11, 13, rgb);
    fail_unless (memcmp (rgb, class_rgb, 3) == 0);
    get_buffer_rgb (h, buffer, 10 + width, 12 + height, rgb);
    fail_unless (memcmp (rgb, class_rgb, 3) == 0);
    get_buffer_rgb (h, buffer, 11 + width, 13, rgb);
    fail_if (memcmp (rgb, class_rgb, 3) == 0);
    get_buffer_rgb (h, buffer, 11, 13 + height, rgb);
    fail_if (memcmp (rgb, class_rgb, 3) == 0);
    gst_buffer_unref (buffer);
  }
  gst_harness_teardown (h);
}
GST_END_TEST;

/* columns that the left line of a large box is wide, in the colour of its
 * class */
static gint
measure_thickness (GstHarness *h)
{
  GstBuffer *drawn;
  GstVideoInfo info;
  guint8 class_rgb[3], rgb[3];
  gint thickness;

  get_info (h, &info);
  get_class_rgb (0, class_rgb);
  drawn = draw_region (h, "person", 0, 0.5, 0, 0, info.width, info.height);
  for (thickness = 0; thickness < info.width; thickness++) {
    get_buffer_rgb (h, drawn, thickness, info.height / 2, rgb);
    if (memcmp (rgb, class_rgb, 3) != 0)
      break;
  }
  gst_buffer_unref (drawn);
  return thickness;
}

/* draws lines as wide as asked for, by default after the frame's size */
GST_START_TEST (test_thickness)
{
  static const struct {
    gint width, height;
    guint wanted;
    gint drawn;
  } cases[] = { { 320, 240, 0, 2 }, { 640, 480, 0, 2 }, { 1280, 720, 0, 3 },
    { 1920, 1080, 0, 5 }, { 1080, 1920, 0, 5 }, { 3840, 2160, 0, 9 },
    { 320, 240, 1, 1 }, { 320, 240, 7, 7 }, { 320, 240, 100, 100 } };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    GstHarness *h = new_overlay ("RGB", cases[i].width, cases[i].height, NULL);

    g_object_set (
        h->element, "draw-labels", FALSE, "thickness", cases[i].wanted, NULL);
    fail_unless_equals_int (measure_thickness (h), cases[i].drawn);
    gst_harness_teardown (h);
  }
}
GST_END_TEST;

/* gives each class a colour of its own, by its number or else by its name */
GST_START_TEST (test_class_colors)
{
  guint8 rgb[20][3], named[3], other[3];
  GstHarness *h = new_overlay ("RGB", 16, 16, NULL);
  GstBuffer *buffer;
  gint i, k;

  for (i = 0; i < 20; i++) {
    get_class_rgb (i, rgb[i]);
    for (k = 0; k < i; k++) {
      gint difference = ABS (rgb[i][0] - rgb[k][0])
                        + ABS (rgb[i][1] - rgb[k][1])
                        + ABS (rgb[i][2] - rgb[k][2]);

      fail_unless (difference > 40, "classes %d and %d look the same", i, k);
    }
  }

  g_object_set (h->element, "draw-labels", FALSE, NULL);
  buffer = draw_region (h, "person", NO_LABEL_ID, 0.5, 0, 0, 16, 16);
  get_buffer_rgb (h, buffer, 0, 0, named);
  gst_buffer_unref (buffer);
  buffer = draw_region (h, "car", NO_LABEL_ID, 0.5, 0, 0, 16, 16);
  get_buffer_rgb (h, buffer, 0, 0, other);
  gst_buffer_unref (buffer);
  fail_if (memcmp (named, other, 3) == 0);
  buffer = draw_region (h, "person", NO_LABEL_ID, 0.9, 0, 0, 16, 16);
  get_buffer_rgb (h, buffer, 0, 0, other);
  gst_buffer_unref (buffer);
  fail_unless (memcmp (named, other, 3) == 0);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* draws a thousand boxes, the first on top of the others, with labels and
 * without */
GST_START_TEST (test_thousand_boxes)
{
  GstHarness *h = new_overlay ("RGB", 640, 480, NULL);
  guint8 class_rgb[3], rgb[3];
  guint labels;
  gint i;

  get_class_rgb (0, class_rgb);
  for (labels = 0; labels < 2; labels++) {
    GstBuffer *buffer = new_frame (h, 0);
    GRand *random = g_rand_new_with_seed (1);

    g_object_set (h->element, "draw-labels", labels, NULL);
    add_region (buffer, "person", 0, 0.99, 100, 200, 200, 200);
    for (i = 1; i < 1000; i++)
      add_region (buffer, "thing", i, g_rand_double (random),
          g_rand_int_range (random, 0, 700), g_rand_int_range (random, 0, 500),
          g_rand_int_range (random, 0, 700), g_rand_int_range (random, 0, 500));
    g_rand_free (random);
    buffer = gst_harness_push_and_pull (h, buffer);
    check_guards (buffer);

    /* in the middle of its left line, unless a label is there */
    get_buffer_rgb (h, buffer, 100, 300, rgb);
    fail_unless (labels || memcmp (rgb, class_rgb, 3) == 0);
    gst_buffer_unref (buffer);
  }
  gst_harness_teardown (h);
}
GST_END_TEST;

/* draws thousands of boxes with a name each, more than it keeps rendered, and
 * hides them, and does so the same way every time */
GST_START_TEST (test_thousands_of_names)
{
  GstHarness *h = new_overlay ("NV12", 320, 240, NULL);
  GBytes *first = NULL;
  gint round, i;

  g_object_set (h->element, "blur", "*", NULL);
  for (round = 0; round < 2; round++) {
    GstBuffer *buffer = new_frame (h, 0);
    GBytes *pixels;

    for (i = 0; i < 3000; i++) {
      g_autofree gchar *label = g_strdup_printf ("thing %d", i);

      add_region (
          buffer, label, i, 0.5, i * 7 % 320, i * 13 % 240, i % 40, i % 30);
    }
    pixels = push_pixels (h, buffer);
    if (first == NULL)
      first = g_bytes_ref (pixels);
    fail_unless (same_and_unref (g_bytes_ref (first), pixels));
  }
  g_bytes_unref (first);
  gst_harness_teardown (h);
}
GST_END_TEST;

static Suite *
yolov5overlay_suite (void)
{
  Suite *suite = suite_create ("yolov5overlay");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (
      tcase, test_outline_in_every_format, 0, N_OVERLAY_COLORS);
  tcase_add_loop_test (tcase, test_odd_sizes, 0, N_OVERLAY_COLORS);
  tcase_add_test (tcase, test_tight_rows_of_odd_width);
  tcase_add_test (tcase, test_box_at_origin);
  tcase_add_test (tcase, test_box_beyond_frame);
  tcase_add_test (tcase, test_box_between_chroma_samples);
  tcase_add_test (tcase, test_smallest_boxes);
  tcase_add_test (tcase, test_thickness);
  tcase_add_test (tcase, test_class_colors);
  tcase_add_test (tcase, test_thousand_boxes);
  tcase_add_test (tcase, test_thousands_of_names);
  return suite;
}

GST_CHECK_MAIN (yolov5overlay)
