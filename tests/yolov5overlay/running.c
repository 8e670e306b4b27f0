/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* How yolov5overlay gets on with buffers, caps, and properties that change while
 * it runs. */

#include "rig.h"

#include <string.h>

/* hands on the very buffer that came, shared or not, when there is nothing to
 * draw: no region, none within the frame, or no picture */
GST_START_TEST (test_nothing_to_draw)
{
  enum { NO_REGION, REGION_OUTSIDE, GAP, N_CASES };
  guint i, shared;

  for (i = 0; i < N_CASES; i++)
    for (shared = 0; shared < 2; shared++) {
      GstHarness *h = new_overlay ("NV12", 64, 48, NULL);
      GstBuffer *in = new_frame (h, 0), *out;
      GBytes *before = copy_pixels (in);

      if (i == REGION_OUTSIDE) {
        add_region (in, "person", 0, 0.5, 64, 0, 10, 10);
        add_region (in, "person", 0, 0.5, 0, (guint) -20, 10, 10);
      } else if (i == GAP) {
        gst_buffer_remove_all_memory (in);
        g_bytes_unref (before);
        before = g_bytes_new (NULL, 0);
        add_region (in, "person", 0, 0.5, 0, 0, 10, 10);
        GST_BUFFER_FLAG_SET (in, GST_BUFFER_FLAG_GAP);
      }
      if (shared)
        gst_buffer_ref (in);
      out = gst_harness_push_and_pull (h, in);
      fail_unless (out == in);
      fail_unless_equals_int (
          GST_BUFFER_FLAG_IS_SET (out, GST_BUFFER_FLAG_GAP) != 0, i == GAP);
      fail_unless (same_and_unref (before, copy_pixels (out)));
      if (shared)
        gst_buffer_unref (in);
      gst_buffer_unref (out);
      gst_harness_teardown (h);
    }
}
GST_END_TEST;

/* draws on a copy when somebody else holds the buffer, or only its memory */
GST_START_TEST (test_shared_buffer_is_copied)
{
  guint hold_memory;

  for (hold_memory = 0; hold_memory < 2; hold_memory++) {
    GstHarness *h = new_overlay ("NV12", 64, 48, NULL);
    GstBuffer *in = new_frame (h, 0), *held, *out;
    GBytes *before = copy_pixels (in);

    GST_BUFFER_PTS (in) = 5 * GST_SECOND;
    add_region (in, "person", 0, 0.5, 0, 0, 30, 30);
    held = hold_memory ? gst_buffer_copy (in) : gst_buffer_ref (in);
    out = gst_harness_push_and_pull (h, in);
    fail_if (out == held);
    fail_unless_equals_uint64 (GST_BUFFER_PTS (out), 5 * GST_SECOND);
    fail_unless (
        gst_buffer_get_video_region_of_interest_meta_id (out, 0) != NULL);
    fail_unless (same_and_unref (g_bytes_ref (before), copy_pixels (held)));
    fail_if (same_and_unref (before, copy_pixels (out)));
    gst_buffer_unref (held);
    gst_buffer_unref (out);
    gst_harness_teardown (h);
  }
}
GST_END_TEST;

/* draws in place when nobody else holds the buffer */
GST_START_TEST (test_own_buffer_is_not_copied)
{
  GstHarness *h = new_overlay ("NV12", 64, 48, NULL);
  GstBuffer *in = new_frame (h, 0), *out;
  GBytes *before = copy_pixels (in);

  add_region (in, "person", 0, 0.5, 0, 0, 30, 30);
  out = gst_harness_push_and_pull (h, in);
  fail_unless (out == in);
  fail_if (same_and_unref (before, copy_pixels (out)));
  gst_buffer_unref (out);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* follows its properties from one frame to the next */
GST_START_TEST (test_properties_while_running)
{
  GstHarness *h = new_overlay ("I420", 320, 240, NULL);
  GBytes *images[5];
  guint i, k;

  for (i = 0; i < G_N_ELEMENTS (images); i++) {
    if (i == 1)
      g_object_set (h->element, "draw-confidence", FALSE, NULL);
    else if (i == 2)
      g_object_set (h->element, "font-desc", "Serif 20", NULL);
    else if (i == 3)
      g_object_set (h->element, "thickness", 10, NULL);
    else if (i == 4)
      g_object_set (h->element, "draw-labels", FALSE, NULL);
    images[i] = draw_region_pixels (h, "person", 0, 0.5, 40, 60, 100, 100);
    for (k = 0; k < i; k++)
      fail_if (g_bytes_equal (images[i], images[k]));
  }

  /* and back */
  g_object_set (h->element, "draw-labels", TRUE, "draw-confidence", TRUE,
      "thickness", 0, "font-desc", NULL, NULL);
  fail_unless (same_and_unref (g_bytes_ref (images[0]),
      draw_region_pixels (h, "person", 0, 0.5, 40, 60, 100, 100)));
  for (i = 0; i < G_N_ELEMENTS (images); i++)
    g_bytes_unref (images[i]);
  gst_harness_teardown (h);
}
GST_END_TEST;

static gpointer
change_properties (gpointer data)
{
  GstHarness *h = data;
  gint i;

  for (i = 0; i < 200; i++)
    g_object_set (h->element, "draw-labels", i % 5 != 0, "draw-confidence",
        i % 2 == 0, "thickness", i % 20, "font-desc",
        i % 3 == 0 ? "Serif 12" : "Sans Bold", NULL);
  return NULL;
}

/* takes new properties from another thread while it draws */
GST_START_TEST (test_properties_from_another_thread)
{
  GstHarness *h = new_overlay ("NV12", 160, 120, NULL);
  GThread *thread = g_thread_new ("properties", change_properties, h);
  gint i;

  for (i = 0; i < 200; i++)
    gst_buffer_unref (draw_region (h, "person", 0, 0.5, 40, 60, 100, 50));
  g_thread_join (thread);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* follows the caps when they change */
GST_START_TEST (test_new_caps)
{
  GstHarness *h = new_overlay ("I420", 320, 240, NULL);
  GstHarness *fresh = new_overlay ("BGRx", 1280, 720, NULL);

  gst_buffer_unref (draw_region (h, "person", 0, 0.5, 40, 60, 100, 100));
  gst_harness_set_src_caps_str (
      h, "video/x-raw,format=BGRx,width=1280,height=720,framerate=30/1");
  fail_unless (same_and_unref (
      draw_region_pixels (h, "person", 0, 0.5, 40, 60, 100, 100),
      draw_region_pixels (fresh, "person", 0, 0.5, 40, 60, 100, 100)));
  gst_harness_teardown (h);
  gst_harness_teardown (fresh);
}
GST_END_TEST;

/* runs again after it was stopped */
GST_START_TEST (test_restart)
{
  GstHarness *h = new_overlay ("NV12", 320, 240, NULL);
  GstCaps *caps = gst_pad_get_current_caps (h->srcpad);
  GBytes *pixels = draw_region_pixels (h, "person", 0, 0.5, 40, 160, 99, 60);

  gst_element_set_state (h->element, GST_STATE_NULL);
  gst_element_set_state (h->element, GST_STATE_PLAYING);
  gst_pad_push_event (h->srcpad, gst_event_new_stream_start ("again"));
  gst_harness_set_src_caps (h, caps);
  fail_unless (same_and_unref (
      pixels, draw_region_pixels (h, "person", 0, 0.5, 40, 160, 99, 60)));
  gst_harness_teardown (h);
}
GST_END_TEST;

/* upstream learns what downstream takes, except for cropping: boxes belong to
 * the whole frame */
GST_START_TEST (test_allocation)
{
  GstHarness *h = new_overlay ("NV12", 320, 240, NULL);
  GstCaps *caps = gst_pad_get_current_caps (h->srcpad);
  GstQuery *query = gst_query_new_allocation (caps, FALSE);

  gst_harness_add_propose_allocation_meta (
      h, GST_VIDEO_CROP_META_API_TYPE, NULL);
  gst_harness_add_propose_allocation_meta (h, GST_VIDEO_META_API_TYPE, NULL);
  fail_unless (gst_pad_peer_query (h->srcpad, query));
  fail_unless (
      gst_query_find_allocation_meta (query, GST_VIDEO_META_API_TYPE, NULL));
  fail_if (gst_query_find_allocation_meta (
      query, GST_VIDEO_CROP_META_API_TYPE, NULL));
  gst_query_unref (query);
  gst_caps_unref (caps);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* frames that one sink is past still come out: behind a tee, another records */
GST_START_TEST (test_late_frame)
{
  GstHarness *h = new_overlay ("NV12", 320, 240, NULL);
  GstBuffer *buffer = new_frame (h, 0);

  GST_BUFFER_PTS (buffer) = 0;
  gst_harness_push_upstream_event (
      h, gst_event_new_qos (GST_QOS_TYPE_UNDERFLOW, 2, GST_SECOND, GST_SECOND));
  fail_unless_equals_int (gst_harness_push (h, buffer), GST_FLOW_OK);
  fail_unless_equals_int (gst_harness_buffers_received (h), 1);
  gst_harness_teardown (h);
}
GST_END_TEST;

static Suite *
yolov5overlay_running_suite (void)
{
  Suite *suite = suite_create ("yolov5overlay-running");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_nothing_to_draw);
  tcase_add_test (tcase, test_shared_buffer_is_copied);
  tcase_add_test (tcase, test_own_buffer_is_not_copied);
  tcase_add_test (tcase, test_properties_while_running);
  tcase_add_test (tcase, test_properties_from_another_thread);
  tcase_add_test (tcase, test_new_caps);
  tcase_add_test (tcase, test_restart);
  tcase_add_test (tcase, test_allocation);
  tcase_add_test (tcase, test_late_frame);
  return suite;
}

GST_CHECK_MAIN (yolov5overlay_running)
