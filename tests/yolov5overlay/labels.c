/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The labels that yolov5overlay writes beside its boxes. */

#include "rig.h"

#include <string.h>

/* puts the label on the box's top edge in each format, with text in it, and
 * leaves alone what lies beside box, its dark line, and label */
GST_START_TEST (test_label_in_every_format)
{
  const GstVideoRectangle box = { .x = 20, .y = 60, .w = 160, .h = 80 };
  GstHarness *h = new_overlay (overlay_colors[__i__].format, 241, 161,
      overlay_colors[__i__].colorimetry);
  GstBuffer *buffer, *blank;
  GstVideoInfo info;
  GstVideoFrame before, after;
  GstVideoRectangle label;
  guint c, text_component;
  gint x, y, n_text = 0;

  g_object_set (h->element, "thickness", 2, NULL);
  buffer = draw_region (h, "person", 0, 0.87, box.x, box.y, box.w, box.h);
  find_label (h, buffer, &box, 2, &label);
  /* one line of 11 pixel letters; two changed levels may equal those before */
  fail_unless (ABS (label.x - box.x) <= 2);
  fail_unless (label.y + label.h <= box.y && label.y + label.h >= box.y - 2);
  fail_unless (label.w > 50 && label.w < 160, "label is %d wide", label.w);
  fail_unless (label.h > 10 && label.h < 24, "label is %d high", label.h);

  blank = new_frame (h, 0);
  get_info (h, &info);
  /* class 0 is green: black letters differ from it in luma or green */
  text_component = GST_VIDEO_INFO_IS_RGB (&info) ? GST_VIDEO_COMP_G : 0;
  fail_unless (gst_video_frame_map (&before, &info, blank, GST_MAP_READ));
  fail_unless (gst_video_frame_map (&after, &info, buffer, GST_MAP_READ));
  for (c = 0; c < GST_VIDEO_INFO_N_COMPONENTS (&info); c++) {
    OverlayComponent a, b;
    guint fill;
    gint seen_through;

    get_component (&before, c, &a);
    get_component (&after, c, &b);
    fill = get_sample (&b, box.x >> b.shift_x, box.y >> b.shift_y);
    /* the ground lets some of the video through, at most an eighth */
    seen_through = (1 << b.depth) / 8;
    for (y = 0; y < b.height; y++)
      for (x = 0; x < b.width; x++) {
        guint level = get_sample (&b, x, y);
        gint px = x << b.shift_x, py = y << b.shift_y;

        if (is_on_outline (px, py, &box, 2)) {
          fail_unless_equals_int (level, fill);
        } else if (px >= label.x - 3 && px < label.x + label.w + 3
                   && py >= label.y - 3 && py < box.y) {
          n_text += c == text_component
                    && ABS ((gint) level - (gint) fill) > seen_through;
        } else if (b.shift_x + b.shift_y > 0
                   || !is_on_dark_line (px, py, &box, 2)) {
          fail_unless_equals_int (get_sample (&a, x, y), level);
        }
      }
  }
  /* letters cover some of the label, but not most of it */
  fail_unless (
      n_text > label.w * label.h / 10 && n_text < label.w * label.h * 3 / 4,
      "%d of %d pixels are text", n_text, label.w * label.h);
  gst_video_frame_unmap (&after);
  gst_video_frame_unmap (&before);
  gst_buffer_unref (blank);
  gst_buffer_unref (buffer);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* keeps the label in the frame wherever the box is */
GST_START_TEST (test_label_stays_in_frame)
{
  static const GstVideoRectangle boxes[] = { { 0, 0, 100, 80 },
    { 250, 0, 70, 80 }, { 310, 230, 10, 10 }, { 0, 230, 20, 10 },
    { 318, 100, 2, 100 }, { 0, 3, 320, 237 } };
  GstHarness *h = new_overlay ("NV12", 320, 240, NULL);
  GstVideoRectangle label;
  gint label_height = 0, label_width = 0;
  guint i;

  g_object_set (h->element, "thickness", 2, NULL);
  for (i = 0; i < G_N_ELEMENTS (boxes); i++) {
    const GstVideoRectangle nowhere = { 0 };
    GstBuffer *buffer, *outline;
    GBytes *with, *without;

    buffer = draw_region (
        h, "person", 0, 0.87, boxes[i].x, boxes[i].y, boxes[i].w, boxes[i].h);
    g_object_set (h->element, "draw-labels", FALSE, NULL);
    outline = draw_region (
        h, "person", 0, 0.87, boxes[i].x, boxes[i].y, boxes[i].w, boxes[i].h);
    g_object_set (h->element, "draw-labels", TRUE, NULL);
    with = copy_pixels (buffer);
    without = copy_pixels (outline);
    fail_if (same_and_unref (with, without));

    /* the whole of the label is there: it is as large as in other places */
    find_label (h, buffer, &nowhere, 0, &label);
    fail_unless (label.x >= 0 && label.x + label.w <= 320);
    find_label (h, buffer, &boxes[i], 2, &label);
    if (i == 2) {
      label_width = label.w;
      label_height = label.h;
    } else if (i == 3) {
      fail_unless (ABS (label.w - label_width) <= 3);
      fail_unless (ABS (label.h - label_height) <= 3);
    }
    gst_buffer_unref (buffer);
    gst_buffer_unref (outline);
  }
  gst_harness_teardown (h);
}
GST_END_TEST;

/* draws a region without a structure, as scaling elements leave it, with its
 * name alone */
GST_START_TEST (test_region_without_params)
{
  GstHarness *h = new_overlay ("I420", 320, 240, NULL);
  GstBuffer *bare = new_frame (h, 0);
  GBytes *pixels;

  gst_buffer_add_video_region_of_interest_meta (
      bare, "person", 40, 60, 100, 100);
  bare = gst_harness_push_and_pull (h, bare);
  pixels = copy_pixels (bare);
  gst_buffer_unref (bare);

  fail_if (same_and_unref (g_bytes_ref (pixels),
      draw_region_pixels (h, "person", NO_LABEL_ID, 0.5, 40, 60, 100, 100)));
  g_object_set (h->element, "draw-confidence", FALSE, NULL);
  fail_unless (same_and_unref (pixels,
      draw_region_pixels (h, "person", NO_LABEL_ID, 0.5, 40, 60, 100, 100)));
  gst_harness_teardown (h);
}
GST_END_TEST;

/* draws labels in whatever font it can make of the description */
GST_START_TEST (test_odd_font_descriptions)
{
  static const gchar *descriptions[] = { "", "Sans 0", "Sans -5", "20", "20px",
    "Sans 1000000", "Sans 99999999999999999999", "No Such Font 12",
    "Sans Bold Italic Condensed 12", ",,,", "Sans 12 #liga=0 @wght=9999",
    "\xff\xfe 12", "\n", "Sans 0.0001", "nan", "Sans nan", "Sans inf" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (descriptions); i++) {
    GstHarness *h = new_overlay ("NV12", 320, 240, NULL);
    GBytes *pixels;

    g_object_set (h->element, "font-desc", descriptions[i], NULL);
    pixels = draw_region_pixels (h, "person", 0, 0.5, 40, 160, 100, 60);
    g_object_set (h->element, "draw-labels", FALSE, NULL);
    fail_if (same_and_unref (pixels,
                 draw_region_pixels (h, "person", 0, 0.5, 40, 160, 100, 60)),
        "no label in \"%s\"", descriptions[i]);
    gst_harness_teardown (h);
  }
}
GST_END_TEST;

/* draws any text as a label, valid or not, and keeps the confidence of one too
 * long for the frame */
GST_START_TEST (test_odd_labels)
{
  g_autofree gchar *endless = g_strnfill (100000, 'w');
  const gchar *labels[] = { "自転車", "شخص",
    "\xff\xfe"
    "abc",
    "a\nb\tc", "\x01", "e\xcc\x81\xcc\x81\xcc\x81\xcc\x81", "🚲", endless, NULL,
    "", " " };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (labels); i++) {
    GstHarness *h = new_overlay ("NV12", 320, 240, NULL);
    GBytes *pixels = draw_region_pixels (h, labels[i], 0, 0.5, 40, 160, 99, 60);

    fail_if (same_and_unref (g_bytes_ref (pixels),
        draw_region_pixels (h, labels[i], 0, 0.51, 40, 160, 99, 60)));
    g_object_set (h->element, "draw-labels", FALSE, NULL);
    fail_if (same_and_unref (
        pixels, draw_region_pixels (h, labels[i], 0, 0.5, 40, 160, 99, 60)));
    gst_harness_teardown (h);
  }
}
GST_END_TEST;

/* a text of the same beginning as others: begin, then middle many times, then
 * end */
static gchar *
new_long_label (const gchar *begin, const gchar *middle, const gchar *end)
{
  GString *text = g_string_new (begin);
  guint i;

  for (i = 0; i < 150; i++)
    g_string_append (text, middle);
  g_string_append (text, end);
  return g_string_free (text, FALSE);
}

/* cuts a name that is too long for the frame at its end, in any script, and
 * keeps the whole label in the frame, on one line */
GST_START_TEST (test_long_labels)
{
  static const struct {
    const gchar *begin, *other_begin, *middle, *end, *other_end;
  } cases[] = { { "bicycle ", "person ", "wide ", "one", "two" },
    { "שלום ", "ילד ", "רחב ", "אחת", "שתים" },
    { "دراجة ", "شخص ", "طويل ", "واحد", "اثنان" },
    { "自転車", "人間", "長い", "一", "二" },
    { "👤 שלום ", "🚲 שלום ", "mixed רחב ", "1", "2" } };
  const GstVideoRectangle nowhere = { 0 };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    GstHarness *h = new_overlay ("NV12", 320, 240, NULL);
    g_autofree gchar *label =
        new_long_label (cases[i].begin, cases[i].middle, cases[i].end);
    g_autofree gchar *same =
        new_long_label (cases[i].begin, cases[i].middle, cases[i].other_end);
    g_autofree gchar *other =
        new_long_label (cases[i].other_begin, cases[i].middle, cases[i].end);
    GBytes *pixels = draw_region_pixels (h, label, 0, 0.5, 40, 160, 10, 10);
    GstVideoRectangle place, short_place;
    GstBuffer *buffer;

    fail_unless (same_and_unref (g_bytes_ref (pixels),
        draw_region_pixels (h, same, 0, 0.5, 40, 160, 10, 10)));
    fail_if (same_and_unref (
        pixels, draw_region_pixels (h, other, 0, 0.5, 40, 160, 10, 10)));

    g_object_set (h->element, "thickness", 2, NULL);
    buffer = draw_region (h, label, 0, 0.5, 40, 160, 2, 2);
    find_label (h, buffer, &nowhere, 0, &place);
    gst_buffer_unref (buffer);
    buffer = draw_region (h, cases[i].begin, 0, 0.5, 40, 160, 2, 2);
    find_label (h, buffer, &nowhere, 0, &short_place);
    gst_buffer_unref (buffer);
    fail_unless (place.w > 250 && place.x >= 0 && place.x + place.w <= 320,
        "label %u is %d wide at %d", i, place.w, place.x);
    fail_unless (ABS (place.h - short_place.h) <= 8,
        "label %u is %d high, a short one %d", i, place.h, short_place.h);
    gst_harness_teardown (h);
  }
}
GST_END_TEST;

/* draws no label for a region of neither name nor confidence */
GST_START_TEST (test_empty_label)
{
  GstHarness *h = new_overlay ("NV12", 320, 240, NULL);
  GBytes *pixels =
      draw_region_pixels (h, "", 0, NO_CONFIDENCE, 40, 160, 99, 60);

  g_object_set (h->element, "draw-labels", FALSE, NULL);
  fail_unless (same_and_unref (
      pixels, draw_region_pixels (h, "", 0, NO_CONFIDENCE, 40, 160, 99, 60)));
  gst_harness_teardown (h);
}
GST_END_TEST;

/* shows confidences beyond 0..1 as the nearest in it */
GST_START_TEST (test_odd_confidences)
{
  GstHarness *h = new_overlay ("NV12", 320, 240, NULL);

  fail_unless (
      same_and_unref (draw_region_pixels (h, "person", 0, 1.0, 40, 160, 99, 60),
          draw_region_pixels (h, "person", 0, 1e300, 40, 160, 99, 60)));
  fail_unless (same_and_unref (
      draw_region_pixels (h, "person", 0, NO_CONFIDENCE, 40, 160, 99, 60),
      draw_region_pixels (h, "person", 0, 0.0 / 0.0 * 1.0, 40, 160, 99, 60)));
  gst_harness_teardown (h);
}
GST_END_TEST;

#ifndef GST_DISABLE_GST_DEBUG
static void
count_dropped_labels (GstDebugCategory *category, GstDebugLevel level,
    const gchar *file, const gchar *function, gint line, GObject *object,
    GstDebugMessage *message, gpointer count)
{
  if (strstr (gst_debug_message_get (message), "dropping the rendered label"))
    g_atomic_int_inc ((gint *) count);
}

/* keeps rendered labels, but not without end: a label that comes again after
 * many others looks the same, and says on GST_PERFORMANCE that it was dropped */
GST_START_TEST (test_labels_are_kept_within_bounds)
{
  GstHarness *h = new_overlay ("NV12", 320, 240, NULL);
  GBytes *expected = draw_region_pixels (h, "person", 0, 0.5, 40, 160, 99, 60);
  gint n_dropped = 0, i;

  gst_debug_remove_log_function (gst_debug_log_default);
  gst_debug_add_log_function (count_dropped_labels, &n_dropped, NULL);
  gst_debug_set_threshold_for_name ("GST_PERFORMANCE", GST_LEVEL_LOG);
  for (i = 0; i < 1000; i++)
    fail_unless (same_and_unref (g_bytes_ref (expected),
        draw_region_pixels (h, "person", 0, 0.5, 40, 160, 99, 60)));
  fail_unless_equals_int (n_dropped, 0);

  /* 512 are kept */
  for (i = 0; i < 600; i++) {
    g_autofree gchar *label = g_strdup_printf ("person number %d", i);

    gst_buffer_unref (draw_region (h, label, 0, 0.5, 40, 160, 99, 60));
  }
  fail_unless_equals_int (n_dropped, 601 - 512);
  fail_unless (same_and_unref (
      expected, draw_region_pixels (h, "person", 0, 0.5, 40, 160, 99, 60)));
  fail_unless_equals_int (n_dropped, 602 - 512);

  gst_debug_unset_threshold_for_name ("GST_PERFORMANCE");
  gst_debug_remove_log_function (count_dropped_labels);
  gst_debug_add_log_function (gst_debug_log_default, NULL, NULL);
  gst_harness_teardown (h);
}
GST_END_TEST;
#endif

static Suite *
yolov5overlay_labels_suite (void)
{
  Suite *suite = suite_create ("yolov5overlay-labels");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (tcase, test_label_in_every_format, 0, N_OVERLAY_COLORS);
  tcase_add_test (tcase, test_label_stays_in_frame);
  tcase_add_test (tcase, test_region_without_params);
  tcase_add_test (tcase, test_odd_font_descriptions);
  tcase_add_test (tcase, test_odd_labels);
  tcase_add_test (tcase, test_long_labels);
  tcase_add_test (tcase, test_empty_label);
  tcase_add_test (tcase, test_odd_confidences);
#ifndef GST_DISABLE_GST_DEBUG
  tcase_add_test (tcase, test_labels_are_kept_within_bounds);
#endif
  return suite;
}

GST_CHECK_MAIN (yolov5overlay_labels)
