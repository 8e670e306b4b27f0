/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The figures that yolov5overlay writes into a corner. */

#include "rig.h"

#include "yolov5overlay/meter.h"

/* counts frames at the given distance in microseconds */
static void
count_frames (OverlayMeter *meter, gint64 *now, guint n, gint64 distance)
{
  guint i;

  for (i = 0; i < n; i++) {
    overlay_meter_count_frame (meter, *now);
    *now += distance;
  }
}

/* measures the rate of the last second, whatever it was before */
GST_START_TEST (test_rate)
{
  static const struct {
    gint64 distance;
    const gchar *text;
  } cases[] = { { 33333, "30.0 frames/s" }, { 40000, "25.0 frames/s" },
    { 16667, "60.0 frames/s" }, { 1000, "1000.0 frames/s" },
    { 500000, "2.0 frames/s" }, { 5000000, "0.2 frames/s" },
    { G_GINT64_CONSTANT (3600000000), "0.0 frames/s" } };
  OverlayMeter meter = { "" };
  gint64 now = 123456789;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    count_frames (&meter, &now, 3 + 2 * G_USEC_PER_SEC / cases[i].distance,
        cases[i].distance);
    fail_unless_equals_string (meter.rate, cases[i].text);
  }
}
GST_END_TEST;

/* says nothing before half a second has passed, and afterwards nothing new more
 * often than that */
GST_START_TEST (test_texts_change_seldom)
{
  OverlayMeter meter = { "" };
  gint64 now = 1000;
  guint serial, n_changes = 0, i;

  count_frames (&meter, &now, 50, 10000);
  fail_if (overlay_meter_has_text (&meter));
  count_frames (&meter, &now, 1, 10000);
  fail_unless (overlay_meter_has_text (&meter));
  fail_unless_equals_string (meter.rate, "100.0 frames/s");

  for (i = 0; i < 1000; i++) {
    serial = meter.serial;
    /* never twice the same */
    count_frames (&meter, &now, 1, 9500 + i);
    n_changes += meter.serial != serial;
  }
  fail_unless_equals_int (n_changes, 19);
}
GST_END_TEST;

/* shows the first inference time at once, and then the mean of half a second */
GST_START_TEST (test_inference_time)
{
  OverlayMeter meter = { "" };
  gint64 now = 0;
  guint i;

  overlay_meter_count_frame (&meter, now);
  overlay_meter_count_inference (&meter, 12340 * GST_USECOND);
  fail_unless_equals_string (meter.inference, "inference 12.3 ms");
  for (i = 0; i < 5; i++) {
    now += 100000;
    fail_unless_equals_string (meter.inference, "inference 12.3 ms");
    overlay_meter_count_inference (
        &meter, 12340 * GST_USECOND + i * GST_MSECOND);
    overlay_meter_count_frame (&meter, now);
  }
  fail_unless_equals_string (meter.inference, "inference 14.0 ms");
  /* stays when there is none */
  count_frames (&meter, &now, 20, 100000);
  fail_unless_equals_string (meter.inference, "inference 14.0 ms");
  overlay_meter_reset (&meter);
  fail_if (overlay_meter_has_text (&meter));
}
GST_END_TEST;

/* begins anew when another clock takes over that is behind */
GST_START_TEST (test_another_clock)
{
  OverlayMeter meter = { "" };
  gint64 now = G_GINT64_CONSTANT (1000000000000);

  count_frames (&meter, &now, 60, 40000);
  now = 5;
  count_frames (&meter, &now, 60, 20000);
  fail_unless_equals_string (meter.rate, "50.0 frames/s");
}
GST_END_TEST;

#if GST_CHECK_VERSION(1, 20, 0)
static GBytes *
draw_marked_frame (GstHarness *h, GstClockTime inference_time)
{
  GstBuffer *buffer = new_frame (h, 0);

  mark_inference (buffer, inference_time);
  return push_pixels (h, buffer);
}

/* writes white on black into the corner in each format, and nothing beside it;
 * by default nothing at all */
GST_START_TEST (test_figures_in_every_format)
{
  const GstVideoRectangle nowhere = { 0 };
  GstHarness *h = new_overlay (overlay_colors[__i__].format, 321, 241,
      overlay_colors[__i__].colorimetry);
  GstBuffer *buffer = new_frame (h, 0);
  GstVideoRectangle figures;
  GstVideoInfo info;
  GstVideoFrame frame;
  guint n_black = 0, n_white = 0;
  gint x, y, black, white;
  OverlayComponent component;

  fail_unless (same_and_unref (
      draw_marked_frame (h, 12300 * GST_USECOND), blank_pixels (h)));
  g_object_set (h->element, "draw-stats", TRUE, NULL);
  mark_inference (buffer, 12300 * GST_USECOND);
  buffer = gst_harness_push_and_pull (h, buffer);
  check_guards (buffer);
  find_label (h, buffer, &nowhere, 0, &figures);
  fail_unless (figures.x >= 4 && figures.x <= 8 && figures.y >= 4);
  fail_unless (figures.w > 80 && figures.w < 200);
  /* one line of it, since no rate is known so far, or two */
  fail_unless (figures.h > 10 && figures.h < 50);

  get_info (h, &info);
  fail_unless (gst_video_frame_map (&frame, &info, buffer, GST_MAP_READ));
  get_component (&frame, 0, &component);
  black = overlay_colors[__i__].full_range ? 0 : 16;
  white = overlay_colors[__i__].full_range ? 255 : 235;
  for (y = figures.y + 1; y < figures.y + figures.h - 1; y++)
    for (x = figures.x + 1; x < figures.x + figures.w - 1; x++) {
      gdouble level =
          get_level (&component, x, y, overlay_colors[__i__].full_range);

      n_black += level == black;
      n_white += level > white - 30;
    }
  fail_unless (n_black > (guint) (figures.w * figures.h) / 2);
  fail_unless (n_white > (guint) (figures.w * figures.h) / 20,
      "%u of %d pixels are white", n_white, figures.w * figures.h);
  gst_video_frame_unmap (&frame);
  gst_buffer_unref (buffer);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* writes no figures on frames too small for them, and none on gaps */
GST_START_TEST (test_no_room_for_figures)
{
  static const gint sizes[][2] = { { 1, 1 }, { 2, 2 }, { 64, 48 }, { 320, 8 },
    { 8, 240 } };
  GstHarness *h;
  GstBuffer *buffer;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (sizes); i++) {
    h = new_overlay ("NV12", sizes[i][0], sizes[i][1], NULL);
    g_object_set (h->element, "draw-stats", TRUE, NULL);
    fail_unless (
        same_and_unref (draw_marked_frame (h, GST_MSECOND), blank_pixels (h)));
    gst_harness_teardown (h);
  }

  h = new_overlay ("NV12", 320, 240, NULL);
  g_object_set (h->element, "draw-stats", TRUE, NULL);
  fail_if (
      same_and_unref (draw_marked_frame (h, GST_MSECOND), blank_pixels (h)));
  buffer = gst_buffer_new ();
  GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_GAP);
  buffer = gst_harness_push_and_pull (h, buffer);
  fail_unless_equals_int (gst_buffer_get_size (buffer), 0);
  gst_buffer_unref (buffer);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* keeps the figures on frames that were skipped, and forgets them on flushes */
GST_START_TEST (test_figures_between_inferences)
{
  GstHarness *h = new_overlay ("NV12", 320, 240, NULL);
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  g_object_set (h->element, "draw-stats", TRUE, NULL);
  fail_if (
      same_and_unref (draw_marked_frame (h, GST_MSECOND), blank_pixels (h)));
  fail_unless (is_drawn_on (h, new_frame (h, 0)));

  gst_harness_push_event (h, gst_event_new_flush_start ());
  gst_harness_push_event (h, gst_event_new_flush_stop (TRUE));
  gst_harness_push_event (h, gst_event_new_segment (&segment));
  fail_if (is_drawn_on (h, new_frame (h, 0)));
  gst_harness_teardown (h);
}
GST_END_TEST;
#endif

static Suite *
yolov5overlay_stats_suite (void)
{
  Suite *suite = suite_create ("yolov5overlay-stats");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_rate);
  tcase_add_test (tcase, test_texts_change_seldom);
  tcase_add_test (tcase, test_inference_time);
  tcase_add_test (tcase, test_another_clock);
#if GST_CHECK_VERSION(1, 20, 0)
  tcase_add_loop_test (
      tcase, test_figures_in_every_format, 0, N_OVERLAY_COLORS);
  tcase_add_test (tcase, test_no_room_for_figures);
  tcase_add_test (tcase, test_figures_between_inferences);
#endif
  return suite;
}

GST_CHECK_MAIN (yolov5overlay_stats)
