/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What ends the stay of objects, frames of any kind and content, and other
 * threads. */

#include <gst/video/video.h>
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 33)
#include <malloc.h>
#endif

#include "rig.h"
#include "testfolder.h"
#include "tracking/allocations.h"

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

/* what makes objects gone, and what does not: the same as ends yolov5track's
 * tracks */
static const struct {
  const gchar *what;
  void (*function) (GstHarness *h);
  gint64 pts_step;
  gboolean discont;
  gboolean is_gone;
} breaks[] = {
  { "nothing", do_nothing, 1, FALSE, FALSE },
  { "a flush", flush, 1, FALSE, TRUE },
  { "a segment", send_segment, 1, FALSE, FALSE },
  { "another stream", start_stream, 1, FALSE, TRUE },
  { "another size", set_other_size, 1, FALSE, TRUE },
  { "another format", set_other_format, 1, FALSE, FALSE },
  { "a gap", send_gap, 1, FALSE, FALSE },
  { "a lost frame", do_nothing, 2, TRUE, FALSE },
  { "a discontinuity without a jump", do_nothing, 1, TRUE, FALSE },
  { "a jump back", do_nothing, -18, TRUE, TRUE },
  { "a jump ahead", do_nothing, 100, TRUE, TRUE },
  { "odd timestamps", do_nothing, -5, FALSE, FALSE },
};

/* who is gone has left; the frame that comes next has the event, and the message
 * is of the time at which it was seen last */
GST_START_TEST (test_breaks)
{
  g_autoptr (Rig) rig = rig_new (RIG_ZONE);
  RigObject person = { 1, "person", 400, 240 };
  GstBuffer *buffer = rig_new_frame (19 + breaks[__i__].pts_step);
  GstMessage *message = NULL;
  GstYolov5ZonesMark mark;
  guint64 timestamp = 0;

  for (guint i = 0; i < 20; i++)
    rig_show (rig, i, &person);
  fail_unless (rig_pop_event (rig, &message) != NULL);
  breaks[__i__].function (rig->h);
  if (breaks[__i__].discont)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  rig_look (buffer);
  buffer = rig_push (rig, buffer);

  fail_unless (rig_get_count (rig->zones, "yard", "left")
                   == (guint64) breaks[__i__].is_gone,
      "after %s", breaks[__i__].what);
  assert_equals_uint64 (rig_get_count (rig->zones, "yard", "entered"), 1);
  gst_yolov5_zones_mark_init (&mark);
  gst_yolov5_zones_mark_collect (&mark, buffer);
#if GST_CHECK_VERSION(1, 20, 0)
  assert_equals_int (mark.events->len, breaks[__i__].is_gone);
#endif
  gst_yolov5_zones_mark_clear (&mark);
  gst_buffer_unref (buffer);
  if (breaks[__i__].is_gone) {
    const GstStructure *event = rig_pop_event (rig, &message);

    fail_unless (event != NULL);
    fail_unless (gst_structure_has_name (event, "zone-left"));
    fail_unless (gst_structure_get_uint64 (event, "timestamp", &timestamp));
    assert_equals_uint64 (timestamp, 19 * RIG_FRAME_TIME);
  }
  fail_unless (rig_pop_event (rig, &message) == NULL);
}
GST_END_TEST;

/* a new run begins with new counts */
GST_START_TEST (test_restart)
{
  g_autoptr (Rig) rig = rig_new (RIG_LINE);

  rig_walk (rig, 0, 1, 360, 280);
  gst_element_set_state (rig->h->element, GST_STATE_READY);
  assert_equals_uint64 (rig_get_count (rig->zones, "gate", "forward"), 1);
  gst_element_set_state (rig->h->element, GST_STATE_PLAYING);
  assert_equals_uint64 (rig_get_count (rig->zones, "gate", "forward"), 0);
  assert_equals_uint64 (rig_get_count (rig->zones, NULL, "frames"), 0);
}
GST_END_TEST;

/* frames without timestamps come at the rate of the caps */
GST_START_TEST (test_no_timestamps)
{
  g_autoptr (Rig) rig = rig_new (RIG_ZONE);
  RigObject person = { 1, "person", 400, 240 };
  guint64 timestamp = 0;

  for (guint i = 0; i < 60; i++) {
    GstBuffer *buffer = rig_new_frame (i);
    const GstStructure *event;
    GstMessage *message = NULL;

    GST_BUFFER_PTS (buffer) = GST_CLOCK_TIME_NONE;
    rig_look (buffer);
    rig_attach (buffer, &person);
    gst_buffer_unref (rig_push (rig, buffer));
    event = rig_pop_event (rig, &message);
    assert_equals_int (event != NULL, i == 0 || i == 50);
    if (!event)
      continue;
    fail_unless (gst_structure_get_uint64 (event, "timestamp", &timestamp));
    assert_equals_uint64 (timestamp, GST_CLOCK_TIME_NONE);
    gst_clear_message (&message);
  }
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
  g_autoptr (Rig) rig = rig_new (RIG_LINE);

  gst_harness_set_src_caps_str (rig->h, caps[__i__]);
  rig_walk (rig, 0, 1, 360, 280);
  assert_equals_uint64 (rig_get_count (rig->zones, "gate", "forward"), 1);
}
GST_END_TEST;

/* caps that do not say how large frames are, are an error with a sentence */
GST_START_TEST (test_no_size)
{
  g_autoptr (Rig) rig = rig_new (RIG_LINE);
  GstMessage *message;

  gst_harness_set_src_caps_str (rig->h, "video/x-raw,format=NV12");
  message = rig_pop (rig, GST_MESSAGE_ERROR);
  fail_unless (message != NULL);
  gst_message_unref (message);
}
GST_END_TEST;

/* what downstream says of buffers holds upstream */
GST_START_TEST (test_allocation)
{
  g_autoptr (Rig) rig = rig_new (RIG_LINE);
  g_autoptr (GstCaps) caps = gst_caps_from_string (RIG_CAPS);
  GstQuery *query;

  gst_harness_add_propose_allocation_meta (
      rig->h, GST_VIDEO_META_API_TYPE, NULL);
  query = gst_query_new_allocation (caps, FALSE);
  fail_unless (gst_pad_peer_query (rig->h->srcpad, query));
  fail_unless (
      gst_query_find_allocation_meta (query, GST_VIDEO_META_API_TYPE, NULL));
  gst_query_unref (query);
}
GST_END_TEST;

#if GST_CHECK_VERSION(1, 20, 0)
/* frames that branches share stay as they are for the others, and one that
 * nobody else has is not copied */
GST_START_TEST (test_shared_frame)
{
  g_autoptr (Rig) rig = rig_new (RIG_LINE);
  GstBuffer *buffer = rig_new_frame (0);
  GstBuffer *shared = gst_buffer_ref (buffer), *out;

  out = rig_push (rig, buffer);
  fail_unless (out != shared);
  fail_if (gst_buffer_get_custom_meta (shared, GST_YOLOV5_ZONES_META_NAME));
  gst_buffer_unref (shared);
  gst_buffer_unref (out);

  buffer = rig_new_frame (1);
  out = rig_push (rig, buffer);
  fail_unless (out == buffer);
  gst_buffer_unref (out);
}
GST_END_TEST;
#endif

static void
attach_anything (GstBuffer *buffer, GRand *random)
{
  static const gchar *labels[] = { "person", "car", "caf\xe9", "" };
  guint n = g_rand_int_range (random, 0, 20);

  for (guint i = 0; i < n; i++) {
    guint shift =
        g_rand_boolean (random) ? 23 : g_rand_int_range (random, 0, 32);
    GstVideoRegionOfInterestMeta *region =
        gst_buffer_add_video_region_of_interest_meta (buffer,
            labels[g_rand_int_range (random, 0, 4)],
            g_rand_int (random) >> shift, g_rand_int (random) >> shift,
            g_rand_int (random) >> shift, g_rand_int (random) >> shift);

    if (g_rand_boolean (random))
      gst_video_region_of_interest_meta_add_param (
          region, gst_structure_new ("object_id", "id", G_TYPE_INT,
                      g_rand_int_range (random, -2, 40), NULL));
  }
}

static void
check_anything (GstElement *zones)
{
  guint64 entered = rig_get_count (zones, "yard", "entered");
  guint64 left = rig_get_count (zones, "yard", "left");
  guint64 inside = rig_get_count (zones, "yard", "inside");

  fail_unless (entered == left + inside);
  fail_unless (inside <= 40);
}

static void
disturb_stream (GstHarness *h, GRand *random)
{
  switch (g_rand_int_range (random, 0, 60)) {
    case 0:
      flush (h);
      break;
    case 1:
      start_stream (h);
      break;
    case 2:
      set_other_size (h);
      break;
    case 3:
      gst_harness_set_src_caps_str (h, RIG_CAPS);
      break;
    default:
      break;
  }
}

/* whatever comes, who came in is in or has left */
GST_START_TEST (test_anything)
{
  g_autoptr (Rig) rig = rig_new (RIG_ZONE RIG_LINE);
  GRand *random = g_rand_new_with_seed (__i__);

  for (guint i = 0; i < 1000; i++) {
    GstBuffer *buffer = rig_new_frame (i);

    disturb_stream (rig->h, random);
    if (g_rand_int_range (random, 0, 20) == 0)
      GST_BUFFER_PTS (buffer) =
          ((guint64) g_rand_int (random) << 32 | g_rand_int (random))
          >> g_rand_int_range (random, 0, 64);
    if (g_rand_int_range (random, 0, 50) == 0)
      GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
    if (g_rand_boolean (random))
      attach_anything (buffer, random);
    if (g_rand_int_range (random, 0, 4) == 0)
      rig_look (buffer);
    gst_buffer_unref (rig_push (rig, buffer));
    if (i % 10 == 0)
      check_anything (rig->zones);
  }
  fail_unless (rig_get_count (rig->zones, "yard", "left") > 10);
  g_rand_free (random);
}
GST_END_TEST;

#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 33)
/* a day at a frame a second: objects come and go, and nothing piles up */
GST_START_TEST (test_day)
{
  enum { HOUR = 3600 };
  /* where nothing is counted, it takes too long to no use */
  const guint n_frames = allocations_are_counted () ? 24 * HOUR : 2 * HOUR;
  g_autoptr (Rig) rig = rig_new_behind ("yolov5track !", RIG_ZONE RIG_LINE);
  gsize in_use = 0;

  gst_element_set_bus (rig->h->element, NULL);
  for (guint i = 0; i < n_frames; i++) {
    RigObject person = { 0, "person", 620 - (gint) i % 40 * 16, 240 };
    GstBuffer *buffer = rig_new_frame (25 * i);

    if (i == HOUR)
      in_use = mallinfo2 ().uordblks;
    rig_look (buffer);
    if (i % 40 < 35)
      rig_attach (buffer, &person);
    gst_buffer_unref (rig_push (rig, buffer));
  }
  fail_unless (rig_get_count (rig->zones, "gate", "forward") > n_frames / 80);
  if (allocations_are_counted ())
    fail_unless (mallinfo2 ().uordblks < in_use + 100000,
        "%" G_GSIZE_FORMAT " bytes after an hour, %" G_GSIZE_FORMAT
        " after a day",
        in_use, mallinfo2 ().uordblks);
}
GST_END_TEST;
#endif

/* counts, files and properties from other threads while frames come */
static gpointer
disturb (gpointer user_data)
{
  Rig *rig = user_data;
  gboolean is_read;

  for (guint i = 0; i < 300; i++) {
    g_object_set (rig->zones, "max-lost-time", i * GST_MSECOND, "config",
        i % 3 == 0 ? NULL : rig->config, "post-messages", i % 2, NULL);
    g_signal_emit_by_name (rig->zones, "reload", &is_read);
    g_signal_emit_by_name (rig->zones, "reset-counts");
    rig_get_count (rig->zones, NULL, "frames");
  }
  return NULL;
}

GST_START_TEST (test_threads)
{
  g_autoptr (Rig) rig = rig_new (RIG_ZONE RIG_LINE);
  GThread *thread = g_thread_new ("disturb", disturb, rig);

  for (guint i = 0; i < 10; i++)
    rig_walk (rig, i * 20, i + 1, 400, 240);
  g_thread_join (thread);
  assert_equals_uint64 (rig_get_count (rig->zones, NULL, "frames"), 210);
}
GST_END_TEST;

static Suite *
yolov5zones_streams_suite (void)
{
  Suite *suite = suite_create ("yolov5zones-streams");
  TCase *tcase = tcase_create ("streams");

  suite_add_tcase (suite, tcase);
  testfolder_add (tcase);
  tcase_add_loop_test (tcase, test_breaks, 0, G_N_ELEMENTS (breaks));
  tcase_add_test (tcase, test_restart);
  tcase_add_test (tcase, test_no_timestamps);
  tcase_add_loop_test (tcase, test_any_memory, 0, 5);
  tcase_add_test (tcase, test_no_size);
  tcase_add_test (tcase, test_allocation);
#if GST_CHECK_VERSION(1, 20, 0)
  tcase_add_test (tcase, test_shared_frame);
#endif
  tcase_add_loop_test (tcase, test_anything, 0, 8);
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 33)
  tcase_add_test (tcase, test_day);
#endif
  tcase_add_test (tcase, test_threads);
  return suite;
}

GST_CHECK_MAIN (yolov5zones_streams);
