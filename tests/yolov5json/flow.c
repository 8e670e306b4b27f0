/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What passes yolov5json beside lines: gaps, events, flow returns and errors. */

#include "rig.h"

#include <string.h>

/* skip-empty: only frames with detections give lines, sinks hear of the rest */
GST_START_TEST (test_skip_empty)
{
  GstHarness *h = new_json ();
  GstBuffer *frame = new_frame (66 * GST_MSECOND);
  GstEvent *event;
  GstClockTime time, duration;
  JsonNode *json;

  g_object_set (h->element, "skip-empty", TRUE, NULL);
  while ((event = gst_harness_try_pull_event (h)))
    gst_event_unref (event);

  assert_equals_int (
      gst_harness_push (h, new_frame (33 * GST_MSECOND)), GST_FLOW_OK);
  assert_equals_int (gst_harness_buffers_in_queue (h), 0);
  event = gst_harness_pull_event (h);
  assert_equals_int (GST_EVENT_TYPE (event), GST_EVENT_GAP);
  gst_event_parse_gap (event, &time, &duration);
  assert_equals_uint64 (time, 33 * GST_MSECOND);
  assert_equals_uint64 (duration, 33 * GST_MSECOND);
  gst_event_unref (event);
  assert_equals_int (
      gst_harness_push (h, new_frame (GST_CLOCK_TIME_NONE)), GST_FLOW_OK);

  attach_region (frame, "person", 0.5);
  json = push_and_pull (h, frame);
  assert_equals_int64 (
      json_object_get_int_member (json_node_get_object (json), "frame"), 2);
  json_node_unref (json);

  /* may change at any time */
  g_object_set (h->element, "skip-empty", FALSE, NULL);
  json_node_unref (push_and_pull (h, new_frame (0)));
  gst_harness_teardown (h);
}
GST_END_TEST;

/* events go through in order, and lines go on after a flush */
GST_START_TEST (test_events)
{
  static const GstEventType expected[] = { GST_EVENT_GAP, GST_EVENT_FLUSH_START,
    GST_EVENT_FLUSH_STOP, GST_EVENT_SEGMENT, GST_EVENT_EOS };
  GstHarness *h = new_json ();
  GstSegment segment;
  GstEvent *event;

  json_node_unref (push_and_pull (h, new_frame (0)));
  while ((event = gst_harness_try_pull_event (h)))
    gst_event_unref (event);

  gst_segment_init (&segment, GST_FORMAT_TIME);
  fail_unless (gst_harness_push_event (h, gst_event_new_gap (1, 2)));
  fail_unless (gst_harness_push_event (h, gst_event_new_flush_start ()));
  assert_equals_int (gst_harness_push (h, new_frame (0)), GST_FLOW_FLUSHING);
  fail_unless (gst_harness_push_event (h, gst_event_new_flush_stop (TRUE)));
  fail_unless (gst_harness_push_event (h, gst_event_new_segment (&segment)));
  json_node_unref (push_and_pull (h, new_frame (0)));
  fail_unless (gst_harness_push_event (h, gst_event_new_eos ()));

  for (guint i = 0; i < G_N_ELEMENTS (expected); i++) {
    event = gst_harness_pull_event (h);
    assert_equals_int (GST_EVENT_TYPE (event), expected[i]);
    gst_event_unref (event);
  }
  assert_equals_int (gst_harness_push (h, new_frame (0)), GST_FLOW_EOS);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* what downstream answers comes back upstream, also for a skipped frame */
GST_START_TEST (test_flow)
{
  GstHarness *h = new_json ();

  gst_pad_set_active (h->sinkpad, FALSE);
  assert_equals_int (gst_harness_push (h, new_frame (0)), GST_FLOW_FLUSHING);
  g_object_set (h->element, "skip-empty", TRUE, NULL);
  assert_equals_int (gst_harness_push (h, new_frame (0)), GST_FLOW_FLUSHING);
  gst_harness_teardown (h);
}
GST_END_TEST;

static GstFlowReturn
want_no_more (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  gst_buffer_unref (buffer);
  return GST_FLOW_EOS;
}

/* what downstream answered once does not end what begins after it: another
 * segment, and what is linked anew */
GST_START_TEST (test_flow_after_restart)
{
  enum { SEGMENT, STREAM, RELINK, N_CASES };
  guint i;

  for (i = 0; i < N_CASES; i++) {
    GstHarness *h = new_json ();
    GstPad *srcpad = gst_element_get_static_pad (h->element, "src");
    GstSegment segment;

    if (i == RELINK)
      gst_pad_unlink (srcpad, h->sinkpad);
    else
      gst_pad_set_chain_function (h->sinkpad, want_no_more);
    fail_unless (gst_harness_push (h, new_frame (0)) != GST_FLOW_OK);
    g_object_set (h->element, "skip-empty", TRUE, NULL);
    fail_unless (gst_harness_push (h, new_frame (0)) != GST_FLOW_OK);

    gst_segment_init (&segment, GST_FORMAT_TIME);
    if (i == RELINK)
      gst_pad_link (srcpad, h->sinkpad);
    else if (i == STREAM)
      gst_harness_push_event (h, gst_event_new_stream_start ("again"));
    else
      gst_harness_push_event (h, gst_event_new_segment (&segment));
    assert_equals_int (gst_harness_push (h, new_frame (0)), GST_FLOW_OK);
    gst_object_unref (srcpad);
    gst_harness_teardown (h);
  }
}
GST_END_TEST;

/* a frame of no known size is refused */
GST_START_TEST (test_no_caps)
{
  GstHarness *h = gst_harness_new ("yolov5json");
  GstSegment segment;

  gst_harness_play (h);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_push_event (h, gst_event_new_stream_start ("frames"));
  gst_harness_push_event (h, gst_event_new_segment (&segment));
  assert_equals_int (
      gst_harness_push (h, new_frame (0)), GST_FLOW_NOT_NEGOTIATED);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* caps without a size are an error that quotes them */
GST_START_TEST (test_no_size)
{
  GstHarness *h = gst_harness_new ("yolov5json");
  GstCaps *caps = gst_caps_from_string ("video/x-raw,format=NV12,width=64");
  GstBus *bus = gst_bus_new ();
  GstMessage *message;
  GError *error = NULL;

  gst_element_set_bus (h->element, bus);
  gst_harness_play (h);
  gst_harness_push_event (h, gst_event_new_stream_start ("frames"));
  gst_harness_push_event (h, gst_event_new_caps (caps));
  message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  fail_unless (message != NULL);
  gst_message_parse_error (message, &error, NULL);
  fail_unless (
      strstr (error->message, "width=(int)64") != NULL, "%s", error->message);
  g_error_free (error);
  gst_message_unref (message);
  gst_caps_unref (caps);
  gst_element_set_bus (h->element, NULL);
  gst_object_unref (bus);
  gst_harness_teardown (h);
}
GST_END_TEST;

static Suite *
flow_suite (void)
{
  Suite *suite = suite_create ("yolov5json-flow");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_skip_empty);
  tcase_add_test (tcase, test_events);
  tcase_add_test (tcase, test_flow);
  tcase_add_test (tcase, test_flow_after_restart);
  tcase_add_test (tcase, test_no_caps);
  tcase_add_test (tcase, test_no_size);
  return suite;
}

GST_CHECK_MAIN (flow);
