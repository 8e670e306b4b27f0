/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What begins and ends tracks, and several trackers in one pipeline. */

#include "rig.h"

static GstHarness *
new_tracker (void)
{
  GstHarness *h = gst_harness_new ("yolov5track");

  gst_harness_set_src_caps_str (h, RIG_CAPS);
  return h;
}

/* the person of frame @number, in a frame with a timestamp of its own */
static guint64
push_at (GstHarness *h, guint number, GstClockTime pts, gboolean discont)
{
  GstBuffer *buffer = rig_new_frame (number);
  const RigBox boxes[] = {
    { "person", 20 + RIG_STEP * number, 100, 40, 100, 0.9 }, { NULL }
  };
  g_autoptr (RigFrame) frame = NULL;

  GST_BUFFER_PTS (buffer) = pts;
  if (discont)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  rig_look (buffer, "detector", 0, boxes);
  frame = rig_push (h, buffer);
  return rig_frame_get_id (frame, 0);
}

static void
do_nothing (GstHarness *h)
{
}

static void
send_segment (GstHarness *h)
{
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.start = segment.position = GST_SECOND;
  gst_harness_push_event (h, gst_event_new_segment (&segment));
}

static void
flush (GstHarness *h)
{
  gst_harness_push_event (h, gst_event_new_flush_start ());
  gst_harness_push_event (h, gst_event_new_flush_stop (TRUE));
  send_segment (h);
}

static void
start_stream (GstHarness *h)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string (RIG_CAPS);

  gst_harness_push_event (h, gst_event_new_stream_start ("another"));
  gst_harness_push_event (h, gst_event_new_caps (caps));
  send_segment (h);
}

static void
set_other_size (GstHarness *h)
{
  gst_harness_set_src_caps_str (
      h, "video/x-raw,format=NV12,width=800,height=480,framerate=25/1");
}

static void
set_other_format (GstHarness *h)
{
  gst_harness_set_src_caps_str (
      h, "video/x-raw,format=RGB,width=640,height=480,framerate=25/1");
}

static void
send_gap (GstHarness *h)
{
  gst_harness_push_event (
      h, gst_event_new_gap (20 * RIG_FRAME_TIME, RIG_FRAME_TIME));
}

static void
stop (GstHarness *h)
{
  gst_element_set_state (h->element, GST_STATE_READY);
  gst_element_set_state (h->element, GST_STATE_PLAYING);
  start_stream (h);
}

/* what ends all tracks, so that the same object gets another id, and what does
 * not; ids go on, but for those of an element that was stopped */
static const struct {
  const gchar *what;
  void (*function) (GstHarness *h);
  gint64 pts_step;
  gboolean discont;
  guint64 id;
} breaks[] = {
  { "nothing", do_nothing, 1, FALSE, 1 },
  { "a flush", flush, 1, FALSE, 2 },
  { "a segment", send_segment, 1, FALSE, 1 },
  { "another stream", start_stream, 1, FALSE, 2 },
  { "another size", set_other_size, 1, FALSE, 2 },
  { "another format", set_other_format, 1, FALSE, 1 },
  { "a gap", send_gap, 1, FALSE, 1 },
  { "a stop", stop, 1, FALSE, 1 },
  { "a lost frame", do_nothing, 2, TRUE, 1 },
  { "a discontinuity without a jump", do_nothing, 1, TRUE, 1 },
  { "a jump back", do_nothing, -18, TRUE, 2 },
  { "a jump ahead", do_nothing, 100, TRUE, 2 },
  { "odd timestamps", do_nothing, -5, FALSE, 1 },
};

GST_START_TEST (test_breaks)
{
  GstHarness *h = new_tracker ();
  guint64 id = 0;

  assert_equals_uint64 (rig_walk (h, 0, 20, 1), 1);
  breaks[__i__].function (h);
  for (guint i = 0; i < 3; i++)
    id = push_at (h, 20 + i,
        (GstClockTime) (19 + breaks[__i__].pts_step + i) * RIG_FRAME_TIME,
        i == 0 && breaks[__i__].discont);
  fail_unless (id == breaks[__i__].id,
      "after %s it has the id %" G_GUINT64_FORMAT ", not %" G_GUINT64_FORMAT,
      breaks[__i__].what, id, breaks[__i__].id);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* a new run begins with new statistics */
GST_START_TEST (test_restart)
{
  GstHarness *h = new_tracker ();

  rig_walk (h, 0, 20, 1);
  stop (h);
  assert_equals_uint64 (rig_get_count (h->element, "frames"), 0);
  assert_equals_uint64 (rig_get_count (h->element, "tracks"), 0);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* frames without timestamps come at the rate of the caps */
GST_START_TEST (test_no_timestamps)
{
  GstHarness *h = new_tracker ();

  for (guint i = 0; i < 40; i++) {
    GstBuffer *buffer = rig_new_frame (i);
    const RigBox boxes[] = { { "person", 20 + RIG_STEP * i, 100, 40, 100, 0.9 },
      { NULL } };
    g_autoptr (RigFrame) frame = NULL;

    GST_BUFFER_PTS (buffer) = GST_CLOCK_TIME_NONE;
    if (i % 4 == 0)
      rig_look (buffer, "detector", 0, boxes);
    frame = rig_push (h, buffer);
    if (i >= 5)
      assert_equals_uint64 (rig_frame_get_id (frame, 0), 1);
    if (i == 39 && RIG_HAS_MARKS)
      assert_equals_uint64 (
          rig_frame_get_track (frame, 0)->age, 39 * RIG_FRAME_TIME);
  }
  gst_harness_teardown (h);
}

GST_END_TEST;

/* pixels are not read: every format and every kind of memory will do */
GST_START_TEST (test_any_memory)
{
  static const gchar *caps[] = {
    "video/x-raw,format=NV12,width=640,height=480",
    "video/x-raw(memory:DMABuf),format=NV12,width=640,height=480",
    "video/x-raw(memory:DMABuf),format=DMA_DRM,width=640,height=480",
    "video/x-raw(memory:NVMM),format=NV12,width=640,height=480,framerate=0/1",
    "video/x-raw(memory:GLMemory),format=RGBA,width=640,height=480",
  };
  GstHarness *h = gst_harness_new ("yolov5track");

  gst_harness_set_src_caps_str (h, caps[__i__]);
  assert_equals_uint64 (rig_walk (h, 0, 20, 3), 1);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* caps that do not say how large frames are, are an error with a sentence */
GST_START_TEST (test_no_size)
{
  GstHarness *h = gst_harness_new ("yolov5track");
  GstBus *bus = gst_bus_new ();
  GstMessage *message;

  gst_element_set_bus (h->element, bus);
  gst_harness_set_src_caps_str (h, "video/x-raw,format=NV12");
  assert_equals_int (
      gst_harness_push (h, rig_new_frame (0)), GST_FLOW_NOT_NEGOTIATED);
  message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  fail_unless (message != NULL);
  gst_message_unref (message);
  gst_element_set_bus (h->element, NULL);
  gst_object_unref (bus);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* what downstream says of buffers holds upstream */
GST_START_TEST (test_allocation)
{
  GstHarness *h = new_tracker ();
  g_autoptr (GstCaps) caps = gst_caps_from_string (RIG_CAPS);
  GstQuery *query;

  gst_harness_add_propose_allocation_meta (h, GST_VIDEO_META_API_TYPE, NULL);
  query = gst_query_new_allocation (caps, FALSE);
  fail_unless (gst_pad_peer_query (h->srcpad, query));
  fail_unless (
      gst_query_find_allocation_meta (query, GST_VIDEO_META_API_TYPE, NULL));
  gst_query_unref (query);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* frames that branches share stay as they are for the others */
GST_START_TEST (test_shared_frame)
{
  GstHarness *h = new_tracker ();

  for (guint i = 0; i < 20; i++) {
    GstBuffer *buffer = rig_new_frame (i);
    const RigBox boxes[] = { { "person", 100, 100, 40, 100, 0.9 }, { NULL } };
    g_autoptr (GstBuffer) shared = gst_buffer_ref (buffer);
    g_autoptr (RigFrame) other = NULL, frame = NULL;

    if (i % 2 == 0) {
      gst_clear_buffer (&shared);
      rig_look (buffer, "detector", 0, boxes);
      shared = gst_buffer_ref (buffer);
    }
    frame = rig_push (h, buffer);
    if (i < 3)
      continue;
    fail_unless (frame->buffer != shared);
    assert_equals_uint64 (rig_frame_get_id (frame, 0), 1);
    other = rig_frame_new (g_steal_pointer (&shared));
    assert_equals_int (rig_frame_get_n (other), i % 2 == 0);
    if (i % 2 == 0)
      assert_equals_uint64 (rig_frame_get_id (other, 0), 0);
  }
  gst_harness_teardown (h);
}

GST_END_TEST;

/* a second tracker leaves what has an id alone, predicts nothing twice, and does
 * not take predicted boxes for detections */
GST_START_TEST (test_two_in_a_row)
{
  gboolean is_foreign = __i__;
  GstHarness *h = gst_harness_new_parse (
      "yolov5track ! yolov5track name=second min-hits=1");
  GstElement *other = gst_bin_get_by_name (GST_BIN (h->element), "second");

  gst_harness_set_src_caps_str (h, RIG_CAPS);
  for (guint i = 0; i < 60; i++) {
    GstBuffer *buffer = rig_new_frame (i);
    const RigBox boxes[] = { { "person", 20 + RIG_STEP * i, 100, 40, 100, 0.9 },
      { NULL } };
    g_autoptr (RigFrame) frame = NULL;

    if (i % 3 == 0 && is_foreign)
      rig_attach_foreign (buffer, boxes);
    else if (i % 3 == 0)
      rig_look (buffer, "detector", 0, boxes);
    frame = rig_push (h, buffer);
    if (i < 12)
      continue;
    assert_equals_int (rig_frame_get_n (frame), 1);
    assert_equals_int (rig_frame_get_n_predicted (frame), i % 3 != 0);
    assert_equals_uint64 (rig_frame_get_id (frame, 0), 1);
  }
  assert_equals_uint64 (rig_get_count (other, "looked-at"), 20);
  gst_object_unref (other);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* two trackers may share the classes; with unique-ids=process their ids differ */
GST_START_TEST (test_unique_ids)
{
  GstHarness *h =
      gst_harness_new_parse ("yolov5track classes=person unique-ids=process ! "
                             "yolov5track classes=car unique-ids=process");
  guint64 ids[2] = { 0 };

  gst_harness_set_src_caps_str (h, RIG_CAPS);
  for (guint i = 0; i < 30; i++) {
    GstBuffer *buffer = rig_new_frame (i);
    const RigBox boxes[] = { { "person", 100, 100, 40, 100, 0.9 },
      { "car", 300, 300, 80, 60, 0.9 }, { NULL } };
    g_autoptr (RigFrame) frame = NULL;

    if (i % 3 == 0)
      rig_look (buffer, "detector", 0, boxes);
    frame = rig_push (h, buffer);
    if (i < 4)
      continue;
    assert_equals_int (rig_frame_get_n (frame), 2);
    assert_equals_int (rig_frame_get_n_predicted (frame), i % 3 == 0 ? 0 : 2);
    for (guint j = 0; j < 2; j++) {
      if (ids[j] == 0)
        ids[j] = rig_frame_get_id (frame, j);
      assert_equals_uint64 (rig_frame_get_id (frame, j), ids[j]);
    }
  }
  fail_unless (ids[0] != 0 && ids[1] != 0 && ids[0] != ids[1]);
  gst_harness_teardown (h);

  /* and another element goes on where these were */
  h = new_tracker ();
  g_object_set (h->element, "unique-ids", 1, NULL);
  fail_unless (rig_walk (h, 0, 10, 1) > MAX (ids[0], ids[1]));
  gst_harness_teardown (h);
}

GST_END_TEST;

static void
attach_anything (GstBuffer *buffer, GRand *random)
{
  static const gchar *labels[] = { "person", "car", "" };
  guint n = g_rand_int_range (random, 0, 20);

  for (guint i = 0; i < n; i++) {
    guint shift =
        g_rand_boolean (random) ? 23 : g_rand_int_range (random, 0, 32);
    GstVideoRegionOfInterestMeta *region =
        gst_buffer_add_video_region_of_interest_meta (buffer,
            labels[g_rand_int_range (random, 0, 3)],
            g_rand_int (random) >> shift, g_rand_int (random) >> shift,
            g_rand_int (random) >> shift, g_rand_int (random) >> shift);

    region->id = g_rand_int (random) >> g_rand_int_range (random, 0, 32);
    if (g_rand_boolean (random))
      gst_video_region_of_interest_meta_add_param (
          region, gst_structure_new ("detection", "confidence", G_TYPE_DOUBLE,
                      g_rand_double_range (random, -1, 2), NULL));
  }
}

static void
check_anything (const RigFrame *frame)
{
  g_autoptr (GHashTable) ids = g_hash_table_new (NULL, NULL);

  for (guint i = 0; i < rig_frame_get_n (frame); i++) {
    const GstYolov5Detection *box = rig_frame_get_detection (frame, i);
    const GstYolov5TrackedObject *track = rig_frame_get_track (frame, i);

    if (track->id == 0)
      continue;
    fail_unless (g_hash_table_add (ids, GSIZE_TO_POINTER (track->id)),
        "two boxes of the id %" G_GUINT64_FORMAT, track->id);
    if (track->is_predicted)
      fail_unless (box->x >= 0 && box->y >= 0
                   && box->x + box->width <= RIG_WIDTH
                   && box->y + box->height <= RIG_HEIGHT);
  }
}

/* whatever comes, no id is there twice in a frame, and predicted boxes lie in
 * it */
GST_START_TEST (test_anything)
{
  GstHarness *h = new_tracker ();
  GRand *random = g_rand_new_with_seed (__i__);

  for (guint i = 0; i < 1000; i++) {
    GstBuffer *buffer = rig_new_frame (i);
    g_autoptr (RigFrame) frame = NULL;

    if (g_rand_int_range (random, 0, 20) == 0)
      GST_BUFFER_PTS (buffer) =
          ((guint64) g_rand_int (random) << 32 | g_rand_int (random))
          >> g_rand_int_range (random, 0, 64);
    if (g_rand_int_range (random, 0, 50) == 0)
      GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
    if (g_rand_boolean (random))
      attach_anything (buffer, random);
    if (g_rand_int_range (random, 0, 4) == 0)
      rig_look (buffer, "detector",
          g_rand_int (random) >> g_rand_int_range (random, 0, 32), NULL);
    frame = rig_push (h, buffer);
    check_anything (frame);
  }
  g_rand_free (random);
  gst_harness_teardown (h);
}

GST_END_TEST;

/* statistics and properties from other threads while frames come */
static gpointer
disturb (gpointer user_data)
{
  GstElement *tracker = user_data;

  for (guint i = 0; i < 300; i++) {
    g_object_set (tracker, "min-hits", 1 + i % 3, "classes",
        i % 2 == 0 ? "person" : NULL, "unique-ids", i % 2, NULL);
    rig_get_count (tracker, "frames");
  }
  return NULL;
}

GST_START_TEST (test_threads)
{
  GstHarness *h = new_tracker ();
  GThread *thread = g_thread_new ("disturb", disturb, h->element);

  rig_walk (h, 0, 100, 2);
  g_thread_join (thread);
  assert_equals_uint64 (rig_get_count (h->element, "frames"), 100);
  gst_harness_teardown (h);
}

GST_END_TEST;

static Suite *
yolov5track_streams_suite (void)
{
  Suite *suite = suite_create ("yolov5track-streams");
  TCase *tcase = tcase_create ("streams");

  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (tcase, test_breaks, 0, G_N_ELEMENTS (breaks));
  tcase_add_test (tcase, test_restart);
  tcase_add_test (tcase, test_no_timestamps);
  tcase_add_loop_test (tcase, test_any_memory, 0, 5);
  tcase_add_test (tcase, test_no_size);
  tcase_add_test (tcase, test_allocation);
  tcase_add_test (tcase, test_shared_frame);
  tcase_add_loop_test (tcase, test_two_in_a_row, 0, 2);
  tcase_add_test (tcase, test_unique_ids);
  tcase_add_loop_test (tcase, test_anything, 0, 8);
  tcase_add_test (tcase, test_threads);
  return suite;
}

GST_CHECK_MAIN (yolov5track_streams);
