/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What still comes to yolov5overlay while it stops. */

#include "rig.h"

#include <gst/base/gstbasetransform.h>

#define N_STOPS 200

static gint stopped;

static gpointer
ask_for_allocation (gpointer data)
{
  GstElement *element = data;
  GstPad *sinkpad = gst_element_get_static_pad (element, "sink");
  GstPad *srcpad = gst_element_get_static_pad (element, "src");
  GstCaps *caps = gst_caps_from_string (
      "video/x-raw, format=NV12, width=320, height=240, framerate=30/1");

  while (!g_atomic_int_get (&stopped)) {
    GstQuery *query = gst_query_new_allocation (caps, FALSE);

    gst_pad_mark_reconfigure (srcpad);
    gst_pad_query (sinkpad, query);
    gst_query_unref (query);
  }
  gst_caps_unref (caps);
  gst_object_unref (srcpad);
  gst_object_unref (sinkpad);
  return NULL;
}

/* can be stopped while upstream asks for buffers: with each question the base
 * class sets the caps again where downstream has changed */
GST_START_TEST (test_allocation_query)
{
  GstHarness *h = new_overlay ("NV12", 320, 240, NULL);
  GstCaps *caps = gst_pad_get_current_caps (h->srcpad);
  GstSegment segment;
  GThread *thread;
  guint i;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  g_atomic_int_set (&stopped, FALSE);
  thread = g_thread_new ("upstream", ask_for_allocation, h->element);
  for (i = 0; i < N_STOPS; i++) {
    /* so that setting the caps takes a while */
    g_object_set (
        h->element, "font-desc", i % 2 ? "Sans 20" : "Serif 10", NULL);
    gst_element_set_state (h->element, GST_STATE_READY);
    gst_element_set_state (h->element, GST_STATE_PLAYING);
    gst_pad_push_event (h->srcpad, gst_event_new_stream_start ("again"));
    gst_pad_push_event (h->srcpad, gst_event_new_caps (caps));
    gst_pad_push_event (h->srcpad, gst_event_new_segment (&segment));
    gst_buffer_unref (draw_region (h, "person", 0, 0.9, 40, 60, 100, 100));
  }
  g_atomic_int_set (&stopped, TRUE);
  g_thread_join (thread);

  gst_caps_unref (caps);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* draws also when the base class goes on with the caps from before it stopped
 * the element: such a query may come between that and the stop */
GST_START_TEST (test_frame_after_stop)
{
  GstHarness *h = new_overlay ("NV12", 320, 240, NULL);
  GstBaseTransform *trans = GST_BASE_TRANSFORM (h->element);

  gst_buffer_unref (draw_region (h, "person", 0, 0.9, 40, 60, 100, 100));
  fail_unless (GST_BASE_TRANSFORM_GET_CLASS (trans)->stop (trans));
  gst_buffer_unref (draw_region (h, "person", 0, 0.9, 40, 60, 100, 100));
  gst_harness_teardown (h);
}
GST_END_TEST;

static Suite *
yolov5overlay_stopping_suite (void)
{
  Suite *suite = suite_create ("yolov5overlay-stopping");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_allocation_query);
  tcase_add_test (tcase, test_frame_after_stop);
  return suite;
}

GST_CHECK_MAIN (yolov5overlay_stopping)
