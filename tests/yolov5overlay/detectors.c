/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Several detectors before one yolov5overlay, and how long what one of them
 * found is hidden. */

#include "rig.h"

#include <string.h>

#include "metadata/inference.h"

#ifdef HAVE_GST_ANALYTICS
#include <gst/analytics/analytics.h>
#endif

/* draws mosaics alone */
static GstHarness *
new_blur (const gchar *classes)
{
  GstHarness *h = new_overlay ("NV12", 320, 240, NULL);

  g_object_set (h->element, "blur", classes, "classes", "nothing", NULL);
  return h;
}

static GstBuffer *
new_frame_at (GstHarness *h, GstClockTime pts)
{
  GstBuffer *buffer = new_frame (h, 0);

  GST_BUFFER_PTS (buffer) = pts;
  return buffer;
}

#if GST_CHECK_VERSION(1, 20, 0)
/* what one detector finds does not uncover what another one found, though that
 * one looks at fewer frames; nor does what carries no mark */
GST_START_TEST (test_detectors_of_different_pace)
{
  enum { MARKED, UNMARKED, N_CASES };
  guint i, k;

  for (k = 0; k < N_CASES; k++) {
    GstHarness *h = new_blur ("person");

    for (i = 0; i < 20; i++) {
      GstBuffer *buffer = new_frame_at (h, i * 40 * GST_MSECOND);

      if (k == MARKED)
        mark_found (h, buffer, "/a", "car", 2, 10, 10, 50, 50);
      else
        add_region (buffer, "car", 2, 0.5, 10, 10, 50, 50);
      if (i % 5 == 0 && i < 15)
        mark_found (h, buffer, "/b", "person", 0, 100, 100, 64, 64);
      else if (i % 5 == 0)
        mark_found (h, buffer, "/b", NULL, 0, 0, 0, 0, 0);
      fail_unless_equals_int (is_drawn_on (h, buffer), i < 15);
    }
    gst_harness_teardown (h);
  }
}
GST_END_TEST;

/* the mosaic stays until its detector looks again, longer than boxes do, or as
 * long as it is told to */
GST_START_TEST (test_blur_hold)
{
  static const struct {
    GstClockTime blur_hold;
    GstClockTime expiry;
    guint milliseconds;
    gboolean hidden;
  } cases[] = {
    { GST_CLOCK_TIME_NONE, GST_SECOND, 40, TRUE },
    { GST_CLOCK_TIME_NONE, GST_SECOND, 4000000, TRUE },
    { GST_CLOCK_TIME_NONE, 0, 4000000, TRUE },
    { 2 * GST_SECOND, 0, 2000, TRUE },
    { 2 * GST_SECOND, GST_CLOCK_TIME_NONE, 2001, FALSE },
    { 0, GST_SECOND, 40, FALSE },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    GstHarness *h = new_blur ("person");
    GstBuffer *buffer;

    g_object_set (h->element, "blur-hold", cases[i].blur_hold, "expire-overlay",
        cases[i].expiry, NULL);
    buffer = new_frame_at (h, 0);
    mark_found (h, buffer, "/a", "person", 0, 100, 100, 64, 64);
    fail_unless (is_drawn_on (h, buffer));
    fail_unless_equals_int (
        is_drawn_on (h, new_frame_at (h, cases[i].milliseconds * GST_MSECOND)),
        cases[i].hidden);
    buffer = new_frame_at (h, 0);
    mark_found (h, buffer, "/a", NULL, 0, 0, 0, 0, 0);
    fail_if (is_drawn_on (h, buffer));
    fail_if (is_drawn_on (h, new_frame_at (h, 0)));
    gst_harness_teardown (h);
  }
}
GST_END_TEST;

/* another segment shows the boxes no longer, but uncovers nothing; a flush
 * does */
GST_START_TEST (test_segments_uncover_nothing)
{
  GstHarness *h = new_blur ("person");
  GstBuffer *buffer = new_frame_at (h, 0);
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  mark_found (h, buffer, "/a", "person", 0, 100, 100, 64, 64);
  fail_unless (is_drawn_on (h, buffer));
  fail_unless (gst_harness_push_event (h, gst_event_new_segment (&segment)));
  fail_unless (is_drawn_on (h, new_frame_at (h, 0)));
  gst_harness_push_event (h, gst_event_new_flush_start ());
  gst_harness_push_event (h, gst_event_new_flush_stop (TRUE));
  gst_harness_push_event (h, gst_event_new_segment (&segment));
  fail_if (is_drawn_on (h, new_frame_at (h, 0)));
  gst_harness_teardown (h);
}
GST_END_TEST;

/* whoever is to be hidden was found, but where got lost on the way: nothing of
 * the frame is to be seen, on the frames that follow neither, and one warning
 * says so */
GST_START_TEST (test_lost_regions)
{
  GstHarness *h = new_blur ("person");
  GstHarness *whole = new_blur ("person");
  GstBus *bus = gst_bus_new ();
  GBytes *hidden = draw_region_pixels (whole, "person", 0, 0.5, 0, 0, 320, 240);
  guint i;

  gst_element_set_bus (h->element, bus);
  for (i = 0; i < 3; i++) {
    GstBuffer *buffer = new_frame_at (h, 0);
    GstMeta *region;

    if (i < 2) {
      mark_found (h, buffer, "/a", "person", 0, 100, 100, 64, 64);
      region = gst_buffer_get_meta (
          buffer, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE);
      gst_buffer_remove_meta (buffer, region);
#ifdef HAVE_GST_ANALYTICS
      region =
          gst_buffer_get_meta (buffer, GST_ANALYTICS_RELATION_META_API_TYPE);
      gst_buffer_remove_meta (buffer, region);
#endif
    }
    fail_unless (
        same_and_unref (g_bytes_ref (hidden), push_pixels (h, buffer)));
  }
  {
    GstMessage *message = gst_bus_pop_filtered (bus, GST_MESSAGE_WARNING);
    GError *error;

    fail_unless (message != NULL);
    gst_message_parse_warning (message, &error, NULL);
    fail_unless (strstr (error->message, "\"person\"") != NULL);
    g_error_free (error);
    gst_message_unref (message);
    fail_if (gst_bus_have_pending (bus));
  }

  /* what need not be hidden may get lost */
  g_object_set (h->element, "blur", "car", NULL);
  fail_if (is_drawn_on (h, new_frame_at (h, 0)));

  g_bytes_unref (hidden);
  gst_element_set_bus (h->element, NULL);
  gst_object_unref (bus);
  gst_harness_teardown (whole);
  gst_harness_teardown (h);
}
GST_END_TEST;
#endif

/* without marks nobody says who found what: a look of one detector uncovers
 * nothing of another class, and what is seen no longer is uncovered after a
 * second */
GST_START_TEST (test_detectors_without_marks)
{
  GstHarness *h = new_blur ("person");
  GstBuffer *buffer = new_frame_at (h, 0);
  guint i;

  add_region (buffer, "person", 0, 0.5, 100, 100, 64, 64);
  fail_unless (is_drawn_on (h, buffer));
  for (i = 1; i < 30; i++) {
    buffer = new_frame_at (h, i * 40 * GST_MSECOND);
    add_region (buffer, "car", 2, 0.5, 10, 10, 50, 50);
    fail_unless_equals_int (is_drawn_on (h, buffer), i <= 25);
  }

  /* where the object is now, not where it was as well */
  buffer = new_frame_at (h, 2 * GST_SECOND);
  add_region (buffer, "person", 0, 0.5, 100, 100, 64, 64);
  fail_unless (is_drawn_on (h, buffer));
  buffer = new_frame_at (h, 2 * GST_SECOND);
  add_region (buffer, "person", 0, 0.5, 4000, 100, 64, 64);
  fail_if (is_drawn_on (h, buffer));
  gst_harness_teardown (h);
}
GST_END_TEST;

/* frames that videorate repeats are gaps by their flag, but show what the first
 * one shows */
GST_START_TEST (test_repeated_frames)
{
  GstHarness *h = new_overlay ("NV12", 320, 240, NULL);
  GstBuffer *buffer;
  GBytes *pixels;

  g_object_set (h->element, "blur", "person", "expire-overlay",
      (guint64) GST_SECOND, NULL);
  buffer = new_frame_at (h, 0);
  add_region (buffer, "person", 0, 0.5, 100, 100, 64, 64);
  pixels = push_pixels (h, buffer);
  buffer = new_frame_at (h, 40 * GST_MSECOND);
  add_region (buffer, "person", 0, 0.5, 100, 100, 64, 64);
  GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_GAP);
  fail_unless (same_and_unref (g_bytes_ref (pixels), push_pixels (h, buffer)));
  buffer = new_frame_at (h, 80 * GST_MSECOND);
  GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_GAP);
  fail_unless (same_and_unref (pixels, push_pixels (h, buffer)));
  gst_harness_teardown (h);
}
GST_END_TEST;

static Suite *
yolov5overlay_detectors_suite (void)
{
  Suite *suite = suite_create ("yolov5overlay-detectors");
  TCase *tcase = tcase_create ("general");

  gst_yolov5_inference_register ();
  suite_add_tcase (suite, tcase);
#if GST_CHECK_VERSION(1, 20, 0)
  tcase_add_test (tcase, test_detectors_of_different_pace);
  tcase_add_test (tcase, test_blur_hold);
  tcase_add_test (tcase, test_segments_uncover_nothing);
  tcase_add_test (tcase, test_lost_regions);
#endif
  tcase_add_test (tcase, test_detectors_without_marks);
  tcase_add_test (tcase, test_repeated_frames);
  return suite;
}

GST_CHECK_MAIN (yolov5overlay_detectors)
