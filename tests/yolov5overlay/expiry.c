/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* How long yolov5overlay keeps boxes on frames that no detector looked at. */

#include "rig.h"

#include <string.h>

typedef enum {
  /* with a region */
  FOUND,
  /* with a region and the mark of yolov5dpu */
  FOUND_MARKED,
  /* with the mark and nothing else */
  LOOKED_AT,
  /* with a region that lies outside */
  FOUND_OUTSIDE,
  /* as no detector has seen it */
  SKIPPED,
  /* without a picture */
  GAP,
  END
} FrameKind;

static GstBuffer *
new_kind_of_frame (GstHarness *h, FrameKind kind, GstClockTime pts)
{
  GstBuffer *buffer = kind == GAP ? gst_buffer_new () : new_frame (h, 0);

  GST_BUFFER_PTS (buffer) = pts;
  if (kind == FOUND_MARKED)
    mark_found (h, buffer, NULL, "person", 0, 40, 60, 100, 100);
  else if (kind == FOUND)
    add_region (buffer, "person", 0, 0.9, 40, 60, 100, 100);
  else if (kind == FOUND_OUTSIDE)
    add_region (buffer, "person", 0, 0.9, 4000, 60, 100, 100);
  else if (kind == LOOKED_AT)
    mark_inference (buffer, 5 * GST_MSECOND);
  else if (kind == GAP)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_GAP);
  return buffer;
}

/* keeps the last boxes on frames that were skipped, as long as it is told to,
 * and not on frames in which nothing was found */
GST_START_TEST (test_boxes_on_skipped_frames)
{
  static const struct {
    GstClockTime expiry;
    struct {
      FrameKind kind;
      guint milliseconds;
      gboolean drawn;
    } frames[6];
  } cases[] = {
    /* a second */
    { GST_SECOND,
        { { FOUND, 0, TRUE }, { SKIPPED, 40, TRUE }, { SKIPPED, 1000, TRUE },
            { SKIPPED, 1001, FALSE }, { SKIPPED, 1040, FALSE }, { END } } },
    /* from the last inference on */
    { GST_SECOND,
        { { FOUND, 0, TRUE }, { FOUND, 900, TRUE }, { SKIPPED, 1900, TRUE },
            { SKIPPED, 1901, FALSE }, { END } } },
    /* frames of cameras that jump back a little */
    { GST_SECOND, { { FOUND, 5000, TRUE }, { SKIPPED, 4990, TRUE }, { END } } },
    { 0, { { FOUND, 0, TRUE }, { SKIPPED, 0, FALSE }, { END } } },
    { GST_CLOCK_TIME_NONE,
        { { FOUND, 0, TRUE }, { SKIPPED, 4000000, TRUE }, { END } } },
#if GST_CHECK_VERSION(1, 20, 0)
    { GST_SECOND, { { FOUND_MARKED, 0, TRUE }, { LOOKED_AT, 40, FALSE },
                      { SKIPPED, 80, FALSE }, { FOUND_MARKED, 120, TRUE },
                      { SKIPPED, 160, TRUE }, { END } } },
    { GST_CLOCK_TIME_NONE,
        { { FOUND_MARKED, 0, TRUE }, { LOOKED_AT, 40, FALSE },
            { SKIPPED, 80, FALSE }, { END } } },
    /* with a mark once seen, marks alone count */
    { GST_SECOND, { { FOUND, 0, TRUE }, { LOOKED_AT, 40, FALSE },
                      { SKIPPED, 80, FALSE }, { END } } },
    { GST_SECOND, { { LOOKED_AT, 0, FALSE }, { FOUND, 40, TRUE },
                      { SKIPPED, 80, FALSE }, { END } } },
#endif
    { GST_SECOND, { { FOUND, 0, TRUE }, { FOUND_OUTSIDE, 40, FALSE },
                      { SKIPPED, 80, FALSE }, { END } } },
    { GST_SECOND, { { FOUND, 0, TRUE }, { GAP, 40, FALSE },
                      { SKIPPED, 80, TRUE }, { END } } },
    { GST_SECOND, { { SKIPPED, 0, FALSE }, { SKIPPED, 40, FALSE }, { END } } },
  };
  guint i, k;

  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    GstHarness *h = new_overlay ("NV12", 320, 240, NULL);

    g_object_set (h->element, "expire-overlay", cases[i].expiry, NULL);
    for (k = 0; cases[i].frames[k].kind != END; k++) {
      GstBuffer *buffer = new_kind_of_frame (h, cases[i].frames[k].kind,
          cases[i].frames[k].milliseconds * GST_MSECOND);

      if (cases[i].frames[k].kind == GAP)
        gst_buffer_unref (gst_harness_push_and_pull (h, buffer));
      else
        fail_unless_equals_int (
            is_drawn_on (h, buffer), cases[i].frames[k].drawn);
    }
    gst_harness_teardown (h);
  }
}
GST_END_TEST;

#if GST_CHECK_VERSION(1, 20, 0)
/* keeps boxes for a second unless it is told otherwise */
GST_START_TEST (test_default)
{
  GstHarness *h = new_overlay ("NV12", 320, 240, NULL);
  guint64 expiry;

  g_object_get (h->element, "expire-overlay", &expiry, NULL);
  fail_unless_equals_uint64 (expiry, GST_SECOND);
  gst_harness_teardown (h);
}
GST_END_TEST;
#endif

/* draws what it keeps as it was drawn at first, and hides it as well */
GST_START_TEST (test_kept_boxes_look_the_same)
{
  static const gchar *blurred[] = { NULL, "person" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (blurred); i++) {
    GstHarness *h = new_overlay ("NV12", 320, 240, NULL);
    GBytes *found;

    g_object_set (h->element, "blur", blurred[i], "expire-overlay",
        (guint64) GST_SECOND, NULL);
    found = push_pixels (h, new_kind_of_frame (h, FOUND, 0));
    fail_unless (same_and_unref (
        found, push_pixels (h, new_kind_of_frame (h, SKIPPED, GST_MSECOND))));
    gst_harness_teardown (h);
  }
}
GST_END_TEST;

/* follows its properties with the boxes that it keeps */
GST_START_TEST (test_properties_and_kept_boxes)
{
  GstHarness *h = new_overlay ("NV12", 320, 240, NULL);

  g_object_set (h->element, "expire-overlay", (guint64) GST_SECOND, "classes",
      "car", NULL);
  fail_if (is_drawn_on (h, new_kind_of_frame (h, FOUND, 0)));
  g_object_set (h->element, "classes", "person", NULL);
  fail_unless (is_drawn_on (h, new_kind_of_frame (h, SKIPPED, GST_MSECOND)));
  g_object_set (h->element, "expire-overlay", (guint64) 0, NULL);
  fail_if (is_drawn_on (h, new_kind_of_frame (h, SKIPPED, GST_MSECOND)));
  gst_harness_teardown (h);
}
GST_END_TEST;

/* draws on a copy when somebody else holds a skipped frame */
GST_START_TEST (test_shared_skipped_frame)
{
  GstHarness *h = new_overlay ("NV12", 320, 240, NULL);
  GstBuffer *held, *buffer;

  g_object_set (h->element, "expire-overlay", (guint64) GST_SECOND, NULL);
  fail_unless (is_drawn_on (h, new_kind_of_frame (h, FOUND, 0)));
  held = new_kind_of_frame (h, SKIPPED, GST_MSECOND);
  buffer = gst_harness_push_and_pull (h, gst_buffer_ref (held));
  fail_if (same_and_unref (blank_pixels (h), copy_pixels (buffer)));
  fail_unless (same_and_unref (blank_pixels (h), copy_pixels (held)));
  gst_buffer_unref (held);
  gst_buffer_unref (buffer);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* counts in running time: at twice the speed a second lasts two of the film */
GST_START_TEST (test_expiry_in_running_time)
{
  GstHarness *h = new_overlay ("NV12", 320, 240, NULL);
  GstSegment segment;

  g_object_set (h->element, "expire-overlay", (guint64) GST_SECOND, NULL);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.rate = 2.0;
  fail_unless (gst_harness_push_event (h, gst_event_new_segment (&segment)));
  fail_unless (is_drawn_on (h, new_kind_of_frame (h, FOUND, 0)));
  fail_unless (
      is_drawn_on (h, new_kind_of_frame (h, SKIPPED, 1900 * GST_MSECOND)));
  fail_if (is_drawn_on (h, new_kind_of_frame (h, SKIPPED, 2100 * GST_MSECOND)));
  gst_harness_teardown (h);
}
GST_END_TEST;

/* keeps boxes on frames without timestamps, too, also where only some of the
 * frames have one */
GST_START_TEST (test_frames_without_timestamps)
{
  static const GstClockTime times[][2] = {
    { GST_CLOCK_TIME_NONE, GST_CLOCK_TIME_NONE },
    { 40 * GST_MSECOND, GST_CLOCK_TIME_NONE },
    { GST_CLOCK_TIME_NONE, 40 * GST_MSECOND },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (times); i++) {
    GstHarness *h = new_overlay ("NV12", 320, 240, NULL);

    g_object_set (
        h->element, "expire-overlay", (guint64) 60 * GST_SECOND, NULL);
    fail_unless (is_drawn_on (h, new_kind_of_frame (h, FOUND, times[i][0])));
    fail_unless (is_drawn_on (h, new_kind_of_frame (h, SKIPPED, times[i][1])));
    gst_harness_teardown (h);
  }
}
GST_END_TEST;

/* drops what it keeps when the stream is flushed, begins another segment, or
 * the element is stopped */
GST_START_TEST (test_kept_boxes_are_dropped)
{
  enum { FLUSH, SEGMENT, STOP, N_CASES };
  guint i;

  for (i = 0; i < N_CASES; i++) {
    GstHarness *h = new_overlay ("NV12", 320, 240, NULL);
    GstCaps *caps = gst_pad_get_current_caps (h->srcpad);
    GstSegment segment;

    gst_segment_init (&segment, GST_FORMAT_TIME);
    g_object_set (h->element, "expire-overlay", GST_CLOCK_TIME_NONE, NULL);
    fail_unless (is_drawn_on (h, new_kind_of_frame (h, FOUND, 0)));
    if (i == FLUSH) {
      gst_harness_push_event (h, gst_event_new_flush_start ());
      gst_harness_push_event (h, gst_event_new_flush_stop (TRUE));
      gst_harness_push_event (h, gst_event_new_segment (&segment));
    } else if (i == SEGMENT) {
      gst_harness_push_event (h, gst_event_new_segment (&segment));
    } else {
      gst_element_set_state (h->element, GST_STATE_NULL);
      gst_element_set_state (h->element, GST_STATE_PLAYING);
      gst_pad_push_event (h->srcpad, gst_event_new_stream_start ("again"));
      gst_pad_push_event (h->srcpad, gst_event_new_caps (caps));
      gst_pad_push_event (h->srcpad, gst_event_new_segment (&segment));
    }
    fail_if (is_drawn_on (h, new_kind_of_frame (h, SKIPPED, 0)));
    gst_caps_unref (caps);
    gst_harness_teardown (h);
  }
}
GST_END_TEST;

/* fits the boxes that it keeps to frames of another size or format */
GST_START_TEST (test_kept_boxes_after_new_caps)
{
  GstHarness *h = new_overlay ("NV12", 320, 240, NULL);
  GstHarness *fresh = new_overlay ("I420", 640, 120, NULL);
  GstCaps *caps = gst_pad_get_current_caps (fresh->srcpad);
  GBytes *pixels;

  g_object_set (h->element, "expire-overlay", (guint64) GST_SECOND, NULL);
  fail_unless (is_drawn_on (h, new_kind_of_frame (h, FOUND, 0)));
  /* the harness would begin a segment, too */
  fail_unless (gst_harness_push_event (h, gst_event_new_caps (caps)));
  gst_caps_unref (caps);
  pixels = push_pixels (h, new_kind_of_frame (h, SKIPPED, GST_MSECOND));
  fail_unless (same_and_unref (
      pixels, draw_region_pixels (fresh, "person", 0, 0.9, 80, 30, 200, 50)));
  gst_harness_teardown (h);
  gst_harness_teardown (fresh);
}
GST_END_TEST;

static Suite *
yolov5overlay_expiry_suite (void)
{
  Suite *suite = suite_create ("yolov5overlay-expiry");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_boxes_on_skipped_frames);
#if GST_CHECK_VERSION(1, 20, 0)
  tcase_add_test (tcase, test_default);
#endif
  tcase_add_test (tcase, test_kept_boxes_look_the_same);
  tcase_add_test (tcase, test_properties_and_kept_boxes);
  tcase_add_test (tcase, test_shared_skipped_frame);
  tcase_add_test (tcase, test_expiry_in_running_time);
  tcase_add_test (tcase, test_frames_without_timestamps);
  tcase_add_test (tcase, test_kept_boxes_are_dropped);
  tcase_add_test (tcase, test_kept_boxes_after_new_caps);
  return suite;
}

GST_CHECK_MAIN (yolov5overlay_expiry)
