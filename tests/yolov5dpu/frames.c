/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Which frames the detector element takes, and what it does to them. */

#include "rig.h"

#ifdef HAVE_GST_ALLOCATORS
#include <gst/allocators/gstdmabuf.h>
#include <sys/mman.h>
#include <unistd.h>
#endif

/* every cell's box is found where it is, those at the border reach up to it */
GST_START_TEST (test_boxes)
{
  DetectorRig *rig = detector_rig_new ("max-in-flight", 2, NULL);
  guint i;

  for (i = 0; i < FAKE_DPU_N_LEVELS; i++) {
    GstBuffer *buffer = detector_rig_push_and_pull (
        rig, frame_new (FAKE_DPU_SIZE, FAKE_DPU_SIZE, i));

    assert_frame (buffer, i);
    gst_buffer_unref (buffer);
  }
  detector_rig_free (rig);
}
GST_END_TEST;

/* frames in flight keep the size they came with, also when a larger one
 * follows, and so do their boxes */
GST_START_TEST (test_caps_change)
{
  DetectorRig *rig = detector_rig_new ("max-in-flight", 4, NULL);
  GstBuffer *buffer;

  fake_dpu_hold ();
  detector_rig_push (rig, 27);
  detector_rig_set_size (rig, 128, 64);
  gst_harness_push (rig->harness, frame_new (128, 64, 28));
  detector_rig_set_size (rig, FAKE_DPU_SIZE, FAKE_DPU_SIZE);
  detector_rig_push (rig, 29);
  detector_rig_set_size (rig, 32, 64);
  gst_harness_push (rig->harness, frame_new (32, 64, 26));
  fake_dpu_wait_held (4);
  fake_dpu_let_all ();

  buffer = gst_harness_pull (rig->harness);
  assert_frame (buffer, 27);
  gst_buffer_unref (buffer);
  /* half the size, 16 rows of padding above: the box is at 31, 21.5 and its
   * height is 13 in the model's input */
  buffer = gst_harness_pull (rig->harness);
  assert_box (buffer, 28, 62, 11, 20, 26);
  gst_buffer_unref (buffer);
  buffer = gst_harness_pull (rig->harness);
  assert_frame (buffer, 29);
  gst_buffer_unref (buffer);
  /* 16 columns of padding on the left: the box is at 15, 21.5 and loses one */
  buffer = gst_harness_pull (rig->harness);
  assert_box (buffer, 26, 0, 22, 9, 13);
  gst_buffer_unref (buffer);
  detector_rig_free (rig);
}
GST_END_TEST;

/* what a model is like is asked when it is opened, not for each frame or new
 * caps */
GST_START_TEST (test_model_is_asked_once)
{
  DetectorRig *rig = detector_rig_new ("max-in-flight", 2, NULL);
  guint n_questions = fake_dpu_get_n_questions ();
  GstBuffer *buffer;
  guint i;

  fail_unless (n_questions > 0);
  for (i = 0; i < 5; i++)
    detector_rig_count (rig, i);
  detector_rig_set_size (rig, 2 * FAKE_DPU_SIZE, 2 * FAKE_DPU_SIZE);
  buffer = detector_rig_push_and_pull (
      rig, frame_new (2 * FAKE_DPU_SIZE, 2 * FAKE_DPU_SIZE, 5));
  gst_buffer_unref (buffer);
  assert_equals_int (fake_dpu_get_n_questions (), n_questions);
  detector_rig_free (rig);
}
GST_END_TEST;

/* the padding is written anew when its place changes, and stays otherwise: 114
 * is 29 in the double's input */
GST_START_TEST (test_padding)
{
  static const guint widths[] = { 64, 128, 128, 64, 32, 64 };
  static const gint corners[] = { 10, 29, 29, 10, 29, 10 };
  DetectorRig *rig = detector_rig_new ("max-in-flight", 1, NULL);
  guint i;

  for (i = 0; i < G_N_ELEMENTS (widths); i++) {
    detector_rig_set_size (rig, widths[i], 64);
    gst_buffer_unref (
        detector_rig_push_and_pull (rig, frame_new (widths[i], 64, 10)));
    assert_equals_int (fake_dpu_get_corner (), corners[i]);
  }
  detector_rig_free (rig);
}
GST_END_TEST;

/* a box in the padding has no place on the frame */
GST_START_TEST (test_box_in_padding)
{
  DetectorRig *rig = detector_rig_new ("max-in-flight", 1, NULL);
  GstBuffer *buffer;

  detector_rig_set_size (rig, 128, 64);
  buffer = detector_rig_push_and_pull (rig, frame_new (128, 64, 3));
  assert_equals_int (count_detections (buffer), 0);
  gst_buffer_unref (buffer);
  detector_rig_free (rig);
}
GST_END_TEST;

/* a buffer that somebody else holds keeps its metadata, and its pixels are
 * shared, not copied */
GST_START_TEST (test_shared_buffer)
{
  DetectorRig *rig = detector_rig_new ("max-in-flight", 1, NULL);
  GstBuffer *frame = frame_new (FAKE_DPU_SIZE, FAKE_DPU_SIZE, 5);
  gsize size = gst_buffer_get_size (frame);
  GstMemory *memory = gst_buffer_peek_memory (frame, 0);
  gpointer pixels = g_malloc (size);
  GstBuffer *buffer;

  gst_buffer_extract (frame, 0, pixels, size);
  GST_BUFFER_FLAG_SET (frame, GST_BUFFER_FLAG_DISCONT);
  buffer = detector_rig_push_and_pull (rig, gst_buffer_ref (frame));
  fail_if (buffer == frame);
  fail_unless (gst_buffer_peek_memory (buffer, 0) == memory);
  fail_unless (gst_buffer_memcmp (buffer, 0, pixels, size) == 0);
  fail_unless (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT));
  assert_equals_uint64 (GST_BUFFER_DURATION (buffer), FRAME_DURATION);
  assert_frame (buffer, 5);
  assert_equals_int (count_detections (frame), 0);

  gst_buffer_unref (buffer);
  gst_buffer_unref (frame);
  g_free (pixels);
  detector_rig_free (rig);
}
GST_END_TEST;

/* a buffer that nobody else holds is the one that leaves */
GST_START_TEST (test_own_buffer)
{
  DetectorRig *rig = detector_rig_new ("max-in-flight", 1, NULL);
  GstBuffer *frame = frame_new (FAKE_DPU_SIZE, FAKE_DPU_SIZE, 5);
  GstBuffer *buffer = detector_rig_push_and_pull (rig, frame);

  fail_unless (buffer == frame);
  gst_buffer_unref (buffer);
  detector_rig_free (rig);
}
GST_END_TEST;

/* rows may be further apart than the caps say, as GstVideoMeta tells */
GST_START_TEST (test_video_meta)
{
  static const guint stride = 3 * FAKE_DPU_SIZE + 64, start = 100;
  DetectorRig *rig = detector_rig_new ("max-in-flight", 1, NULL);
  gsize offsets[GST_VIDEO_MAX_PLANES] = { start };
  gint strides[GST_VIDEO_MAX_PLANES] = { stride };
  GstBuffer *buffer =
      gst_buffer_new_allocate (NULL, start + stride * FAKE_DPU_SIZE, NULL);
  guint row;

  /* what is not the frame is white */
  gst_buffer_memset (buffer, 0, 255, -1);
  for (row = 0; row < FAKE_DPU_SIZE; row++)
    gst_buffer_memset (buffer, start + row * stride,
        fake_dpu_level_to_pixel (5), 3 * FAKE_DPU_SIZE);
  gst_buffer_add_video_meta_full (buffer, GST_VIDEO_FRAME_FLAG_NONE,
      GST_VIDEO_FORMAT_RGB, FAKE_DPU_SIZE, FAKE_DPU_SIZE, 1, offsets, strides);
  GST_BUFFER_PTS (buffer) = 5 * FRAME_DURATION;
  buffer = detector_rig_push_and_pull (rig, buffer);
  assert_frame (buffer, 5);
  gst_buffer_unref (buffer);
  detector_rig_free (rig);
}
GST_END_TEST;

#ifdef HAVE_GST_ALLOCATORS
/* frames in DMABuf memory are read where they are, and leave in it */
GST_START_TEST (test_dmabuf)
{
  DetectorRig *rig = detector_rig_new ("max-in-flight", 1, NULL);
  GstAllocator *allocator = gst_dmabuf_allocator_new ();
  gsize size = 3 * FAKE_DPU_SIZE * FAKE_DPU_SIZE;
  gint file = memfd_create ("frame", MFD_CLOEXEC);
  GstBuffer *buffer = gst_buffer_new ();

  fail_unless (file >= 0 && ftruncate (file, size) == 0);
  gst_buffer_append_memory (
      buffer, gst_dmabuf_allocator_alloc (allocator, file, size));
  gst_buffer_memset (buffer, 0, fake_dpu_level_to_pixel (5), size);
  GST_BUFFER_PTS (buffer) = 5 * FRAME_DURATION;
  buffer = detector_rig_push_and_pull (rig, buffer);
  assert_frame (buffer, 5);
  fail_unless (gst_is_dmabuf_memory (gst_buffer_peek_memory (buffer, 0)));
  assert_equals_int (
      gst_dmabuf_memory_get_fd (gst_buffer_peek_memory (buffer, 0)), file);
  gst_buffer_unref (buffer);
  gst_object_unref (allocator);
  detector_rig_free (rig);
}
GST_END_TEST;
#endif

typedef struct {
  const gchar *caps;
  gboolean accepted;
  const gchar *sentence;
} CapsCase;

static const CapsCase caps_cases[] = {
  { "video/x-raw,format=NV12,width=1920,height=1080,framerate=30/1", TRUE },
  { "video/x-raw,format=GRAY8,width=1,height=1,framerate=0/1", TRUE },
  { "video/x-raw,format=RGB,width=8192,height=8192,framerate=1/1", TRUE },
  { "video/x-raw,format=RGB,width=64,height=64", TRUE },
  { "video/x-raw,format=RGB,width=8193,height=64,framerate=1/1", TRUE,
      "Frames are 8193x64" },
  { "video/x-raw,format=v210,width=64,height=64,framerate=1/1", TRUE,
      "put videoconvert in front" },
  { "video/x-raw(memory:GLMemory),format=RGB,width=64,height=64,"
    "framerate=1/1",
      FALSE },
  { "video/x-raw(format:Interlaced),format=NV12,width=64,height=64,"
    "interlace-mode=alternate,framerate=25/1",
      FALSE },
  { "image/jpeg,width=64,height=64,framerate=1/1", FALSE },
};

/* what is no raw video in memory is refused while caps are negotiated; raw video
 * that cannot be read is an error that says so, even where no frame follows */
GST_START_TEST (test_caps_negotiation)
{
  const CapsCase *c = &caps_cases[__i__];
  DetectorRig *rig = detector_rig_new ("max-in-flight", 1, NULL);
  GstCaps *caps = gst_caps_from_string (c->caps), *possible;
  GstQuery *query = gst_query_new_accept_caps (caps);
  gboolean accepted;

  fail_unless (gst_pad_peer_query (rig->harness->srcpad, query));
  gst_query_parse_accept_caps_result (query, &accepted);
  assert_equals_int (accepted, c->accepted);
  possible = gst_pad_peer_query_caps (rig->harness->srcpad, caps);
  assert_equals_int (!gst_caps_is_empty (possible), c->accepted);
  assert_no_error (rig->bus);
  if (c->sentence) {
    gst_harness_push_event (rig->harness, gst_event_new_caps (caps));
    gst_harness_push_event (rig->harness, gst_event_new_caps (caps));
    assert_error (
        rig->bus, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT, c->sentence);
    assert_no_error (rig->bus);
  }

  gst_caps_unref (possible);
  gst_query_unref (query);
  gst_caps_unref (caps);
  detector_rig_free (rig);
}
GST_END_TEST;

/* whoever can choose formats is offered those that can be read and no others */
GST_START_TEST (test_offered_formats)
{
  DetectorRig *rig = detector_rig_new ("max-in-flight", 1, NULL);
  GstCaps *filter = gst_caps_from_string (
      "video/x-raw,format={v210,Y41B,NV12},width=64,height=64");
  GstCaps *offered = gst_pad_peer_query_caps (rig->harness->srcpad, filter);
  const gchar *format =
      gst_structure_get_string (gst_caps_get_structure (offered, 0), "format");

  assert_equals_int (gst_caps_get_size (offered), 1);
  assert_equals_string (format, "NV12");
  gst_caps_unref (offered);
  gst_caps_unref (filter);
  detector_rig_free (rig);
}
GST_END_TEST;

typedef struct {
  const gchar *orientation;
  guint n_warnings;
} OrientationCase;

/* a stream that is to be turned is worth one warning, with the cure in it */
static const OrientationCase orientation_cases[] = {
  { "rotate-0", 0 },
  { "rotate-90", 1 },
  { "flip-rotate-180", 1 },
};

GST_START_TEST (test_orientation)
{
  const OrientationCase *c = &orientation_cases[__i__];
  DetectorRig *rig = detector_rig_new ("max-in-flight", 1, NULL);

  for (guint i = 0; i < 3; i++)
    gst_harness_push_event (
        rig->harness, gst_event_new_tag (gst_tag_list_new (
                          GST_TAG_IMAGE_ORIENTATION, c->orientation, NULL)));
  for (guint i = 0; i < c->n_warnings; i++) {
    GstMessage *message = pop_message (rig->bus, GST_MESSAGE_WARNING);
    GError *error = NULL;

    gst_message_parse_warning (message, &error, NULL);
    fail_unless (strstr (error->message, "videoflip video-direction=auto"));
    g_error_free (error);
    gst_message_unref (message);
  }
  fail_if (gst_bus_pop_filtered (rig->bus, GST_MESSAGE_WARNING));
  detector_rig_free (rig);
}
GST_END_TEST;

static gboolean
answer_allocation (GstPad *pad, GstObject *parent, GstQuery *query)
{
  guint *answer = gst_pad_get_element_private (pad);

  if (GST_QUERY_TYPE (query) != GST_QUERY_ALLOCATION)
    return gst_pad_query_default (pad, parent, query);
  if (*answer == 0)
    return FALSE;
  if (*answer > 1)
    gst_query_add_allocation_pool (query, NULL, 1000, *answer, 0);
  if (*answer != 4)
    gst_query_add_allocation_meta (query, GST_VIDEO_META_API_TYPE, NULL);
  gst_query_add_allocation_meta (query, GST_VIDEO_CROP_META_API_TYPE, NULL);
  return TRUE;
}

/* upstream's pool has buffers for downstream and for those in flight, and
 * GstVideoMeta is offered where downstream takes the frames as they are, but
 * no cropping, as boxes belong to the whole frame. what downstream does not
 * answer is not answered */
GST_START_TEST (test_allocation)
{
  static const guint answers[] = { 0, 1, 2, 4 };
  static const guint least[] = { 0, 4, 5, 7 };
  DetectorRig *rig = detector_rig_new ("max-in-flight", 3, NULL);
  guint answer = answers[__i__], size, min, max;
  GstCaps *caps = gst_pad_get_current_caps (rig->harness->srcpad);
  GstQuery *query = gst_query_new_allocation (caps, TRUE);

  gst_pad_set_element_private (rig->harness->sinkpad, &answer);
  gst_pad_set_query_function (rig->harness->sinkpad, answer_allocation);
  assert_equals_int (
      gst_pad_peer_query (rig->harness->srcpad, query), answer > 0);
  if (answer > 0) {
    assert_equals_int (gst_query_get_n_allocation_pools (query), 1);
    gst_query_parse_nth_allocation_pool (query, 0, NULL, &size, &min, &max);
    assert_equals_int (
        size, answer == 1 ? 3 * FAKE_DPU_SIZE * FAKE_DPU_SIZE : 1000);
    assert_equals_int (min, least[__i__]);
    assert_equals_int (max, 0);
    assert_equals_int (
        gst_query_find_allocation_meta (query, GST_VIDEO_META_API_TYPE, NULL),
        answer != 4);
    fail_if (gst_query_find_allocation_meta (
        query, GST_VIDEO_CROP_META_API_TYPE, NULL));
  }
  gst_query_unref (query);
  gst_caps_unref (caps);
  detector_rig_free (rig);
}
GST_END_TEST;

/* a frame that is shorter than its caps say is an error with both sizes */
GST_START_TEST (test_short_frame)
{
  DetectorRig *rig = detector_rig_new ("max-in-flight", 1, NULL);
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, 1000, NULL);

  assert_equals_int (gst_harness_push (rig->harness, buffer), GST_FLOW_ERROR);
  assert_error (
      rig->bus, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT, "1000 bytes");
  /* the slot is free again */
  assert_equals_int (detector_rig_count (rig, 0), 1);
  detector_rig_free (rig);
}
GST_END_TEST;

/* frames without caps are not negotiated */
GST_START_TEST (test_no_caps)
{
  ModelFiles files;
  GstBus *bus = gst_bus_new ();
  GstElement *element;
  GstPad *pad;
  GstSegment segment;

  model_files_init (&files);
  element = detector_new (&files, bus);
  gst_element_set_state (element, GST_STATE_PLAYING);
  pad = gst_element_get_static_pad (element, "sink");
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_send_event (pad, gst_event_new_stream_start ("test"));
  gst_pad_send_event (pad, gst_event_new_segment (&segment));
  assert_equals_int (
      gst_pad_chain (pad, frame_new (64, 64, 0)), GST_FLOW_NOT_NEGOTIATED);

  gst_element_set_state (element, GST_STATE_NULL);
  gst_object_unref (pad);
  gst_element_set_bus (element, NULL);
  gst_object_unref (element);
  gst_object_unref (bus);
  model_files_clear (&files);
}
GST_END_TEST;

static Suite *
yolov5dpu_suite (void)
{
  Suite *suite = suite_create ("yolov5dpu");
  TCase *tcase = tcase_create ("element");

  suite_add_tcase (suite, tcase);
  testfolder_add (tcase);
  tcase_add_checked_fixture (tcase, fake_dpu_reset, NULL);
  tcase_add_test (tcase, test_boxes);
  tcase_add_test (tcase, test_caps_change);
  tcase_add_test (tcase, test_model_is_asked_once);
  tcase_add_test (tcase, test_padding);
  tcase_add_test (tcase, test_box_in_padding);
  tcase_add_test (tcase, test_shared_buffer);
  tcase_add_test (tcase, test_own_buffer);
  tcase_add_test (tcase, test_video_meta);
#ifdef HAVE_GST_ALLOCATORS
  tcase_add_test (tcase, test_dmabuf);
#endif
  tcase_add_test (tcase, test_offered_formats);
  tcase_add_loop_test (
      tcase, test_orientation, 0, G_N_ELEMENTS (orientation_cases));
  tcase_add_loop_test (
      tcase, test_caps_negotiation, 0, G_N_ELEMENTS (caps_cases));
  tcase_add_loop_test (tcase, test_allocation, 0, 4);
  tcase_add_test (tcase, test_short_frame);
  tcase_add_test (tcase, test_no_caps);

  return suite;
}

GST_CHECK_MAIN (yolov5dpu);
