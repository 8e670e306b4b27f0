/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* When yolov5overlay attaches a GstVideoOverlayComposition, and what is in
 * it. */

#include "rig.h"

#include <string.h>

#define FEATURE GST_CAPS_FEATURE_META_GST_VIDEO_OVERLAY_COMPOSITION
#define FEATURE_CAPS                                                           \
  "video/x-raw(memory:SystemMemory, meta:GstVideoOverlayComposition)"
#define PLAIN_CAPS "video/x-raw"

/* a harness whose other end takes sink_caps, or anything, and says in the
 * ALLOCATION query whether it draws compositions */
static GstHarness *
new_overlay_before (const gchar *sink_caps, gboolean draws, const gchar *attach)
{
  GstHarness *h = gst_harness_new ("yolov5overlay");

  gst_util_set_object_arg (G_OBJECT (h->element), "attach-composition", attach);
  if (sink_caps)
    gst_harness_set_sink_caps_str (h, sink_caps);
  if (draws)
    gst_harness_add_propose_allocation_meta (
        h, GST_VIDEO_OVERLAY_COMPOSITION_META_API_TYPE, NULL);
  gst_harness_set_src_caps_str (
      h, "video/x-raw,format=RGB,width=320,height=240,framerate=30/1");
  return h;
}

static GstBuffer *
new_frame_with_person (GstHarness *h)
{
  GstBuffer *buffer = new_frame (h, 0);

  add_region (buffer, "person", 0, 0.87, 40, 60, 100, 100);
  return buffer;
}

static GstVideoOverlayComposition *
get_composition (GstBuffer *buffer)
{
  GstVideoOverlayCompositionMeta *meta =
      gst_buffer_get_video_overlay_composition_meta (buffer);

  return meta ? meta->overlay : NULL;
}

/* what a sink shows that draws the composition of buffer */
static GBytes *
blend_pixels (GstHarness *h, GstBuffer *buffer)
{
  GstVideoOverlayComposition *composition = get_composition (buffer);
  GstBuffer *copy = gst_buffer_copy_deep (buffer);
  GstVideoInfo info;
  GstVideoFrame frame;
  GBytes *pixels;

  get_info (h, &info);
  fail_unless (gst_video_frame_map (&frame, &info, copy, GST_MAP_READWRITE));
  if (composition)
    fail_unless (gst_video_overlay_composition_blend (composition, &frame));
  gst_video_frame_unmap (&frame);
  pixels = copy_pixels (copy);
  gst_buffer_unref (copy);
  return pixels;
}

static gboolean
has_feature (GstHarness *h)
{
  GstCaps *caps = gst_pad_get_current_caps (h->sinkpad);
  gboolean has =
      gst_caps_features_contains (gst_caps_get_features (caps, 0), FEATURE);

  gst_caps_unref (caps);
  return has;
}

/* attaches when downstream says that it draws, or takes nothing else, and draws
 * into the video otherwise; the properties may say so, too */
GST_START_TEST (test_when_to_attach)
{
  static const struct {
    const gchar *sink_caps;
    gboolean draws;
    const gchar *attach;
    gboolean attached, feature;
  } cases[] = {
    { FEATURE_CAPS, TRUE, "auto", TRUE, TRUE },
    { FEATURE_CAPS ";" PLAIN_CAPS, TRUE, "auto", TRUE, TRUE },
    { PLAIN_CAPS ";" FEATURE_CAPS, TRUE, "auto", TRUE, TRUE },
    /* whoever takes anything may still not work with it */
    { NULL, TRUE, "auto", FALSE, FALSE },
    { FEATURE_CAPS, FALSE, "auto", TRUE, TRUE },
    { FEATURE_CAPS ";" PLAIN_CAPS, FALSE, "auto", FALSE, FALSE },
    { NULL, FALSE, "auto", FALSE, FALSE },
    { PLAIN_CAPS, TRUE, "auto", FALSE, FALSE },
    { PLAIN_CAPS, FALSE, "auto", FALSE, FALSE },
    { FEATURE_CAPS ";" PLAIN_CAPS, TRUE, "never", FALSE, FALSE },
    { NULL, TRUE, "never", FALSE, FALSE },
    { FEATURE_CAPS ";" PLAIN_CAPS, FALSE, "always", TRUE, TRUE },
    { NULL, FALSE, "always", TRUE, FALSE },
    { PLAIN_CAPS, FALSE, "always", TRUE, FALSE },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    GstHarness *h = new_overlay_before (
        cases[i].sink_caps, cases[i].draws, cases[i].attach);
    GstBuffer *buffer =
        gst_harness_push_and_pull (h, new_frame_with_person (h));

    fail_unless (buffer != NULL, "case %u", i);
    fail_unless_equals_int (
        get_composition (buffer) != NULL, cases[i].attached);
    fail_unless_equals_int (
        same_and_unref (copy_pixels (buffer), blank_pixels (h)),
        cases[i].attached);
    fail_unless_equals_int (has_feature (h), cases[i].feature);
    gst_buffer_unref (buffer);
    gst_harness_teardown (h);
  }
}
GST_END_TEST;

/* takes from upstream what downstream takes: compositions only when somebody
 * draws them */
GST_START_TEST (test_accepted_caps)
{
  static const struct {
    const gchar *sink_caps;
    const gchar *attach;
    gboolean takes_plain, takes_feature;
  } cases[] = {
    { FEATURE_CAPS, "auto", TRUE, TRUE },
    { FEATURE_CAPS, "never", FALSE, TRUE },
    { PLAIN_CAPS, "auto", TRUE, FALSE },
    { PLAIN_CAPS, "always", TRUE, FALSE },
    { NULL, "auto", TRUE, TRUE },
    { NULL, "never", TRUE, TRUE },
  };
  GstCaps *plain = gst_caps_from_string (PLAIN_CAPS);
  GstCaps *feature = gst_caps_from_string (FEATURE_CAPS);
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    GstHarness *h = gst_harness_new ("yolov5overlay");
    GstCaps *caps;

    gst_util_set_object_arg (
        G_OBJECT (h->element), "attach-composition", cases[i].attach);
    if (cases[i].sink_caps)
      gst_harness_set_sink_caps_str (h, cases[i].sink_caps);
    caps = gst_pad_peer_query_caps (h->srcpad, NULL);
    fail_unless_equals_int (
        gst_caps_can_intersect (caps, plain), cases[i].takes_plain);
    fail_unless_equals_int (
        gst_caps_can_intersect (caps, feature), cases[i].takes_feature);
    gst_caps_unref (caps);
    gst_harness_teardown (h);
  }
  gst_caps_unref (plain);
  gst_caps_unref (feature);
}
GST_END_TEST;

/* puts into the composition what it would draw, however many boxes there are,
 * wherever they are, with figures or without */
GST_START_TEST (test_composition_shows_the_same)
{
  static const guint n_boxes[] = { 1, 2, 10, 64, 65, 1000 };
  guint i, k;

  for (i = 0; i < G_N_ELEMENTS (n_boxes); i++) {
    GstHarness *attaching = new_overlay_before (FEATURE_CAPS, TRUE, "auto");
    GstHarness *drawing = new_overlay_before (PLAIN_CAPS, FALSE, "auto");
    GRand *random = g_rand_new_with_seed (i);
    GstBuffer *buffer = new_frame (attaching, 0), *other;
    GstVideoOverlayComposition *composition;

    for (k = 0; k < n_boxes[i]; k++)
      add_region (buffer, k % 3 ? "person" : NULL, k, g_rand_double (random),
          g_rand_int_range (random, 0, 340), g_rand_int_range (random, 0, 260),
          g_rand_int_range (random, 0, 300), g_rand_int_range (random, 0, 200));
    add_region (buffer, "corner", 0, 0.5, 0, 0, 1, 1);
    mark_inference (buffer, 5 * GST_MSECOND);
    other = gst_buffer_copy_deep (buffer);
    g_object_set (attaching->element, "draw-stats", i % 2, NULL);
    g_object_set (drawing->element, "draw-stats", i % 2, NULL);

    buffer = gst_harness_push_and_pull (attaching, buffer);
    other = gst_harness_push_and_pull (drawing, other);
    composition = get_composition (buffer);
    fail_unless (composition != NULL);
    fail_unless (
        same_and_unref (copy_pixels (buffer), blank_pixels (attaching)));
    fail_unless (
        same_and_unref (blend_pixels (attaching, buffer), copy_pixels (other)),
        "%u boxes look different", n_boxes[i]);
    /* sinks choke on thousands of rectangles */
    fail_unless (
        gst_video_overlay_composition_n_rectangles (composition) <= 65 * 5 + 1);
    gst_buffer_unref (buffer);
    gst_buffer_unref (other);
    g_rand_free (random);
    gst_harness_teardown (attaching);
    gst_harness_teardown (drawing);
  }
}
GST_END_TEST;

/* hides objects in the pixels also where boxes are attached */
GST_START_TEST (test_mosaic_is_in_the_pixels)
{
  GstHarness *attaching = new_overlay_before (FEATURE_CAPS, TRUE, "auto");
  GstHarness *drawing = new_overlay_before (PLAIN_CAPS, FALSE, "auto");
  GstBuffer *buffer;

  g_object_set (attaching->element, "blur", "person", NULL);
  g_object_set (drawing->element, "blur", "person", "classes", "no", NULL);
  buffer =
      gst_harness_push_and_pull (attaching, new_frame_with_person (attaching));
  fail_unless (get_composition (buffer) != NULL);
  fail_unless (same_and_unref (copy_pixels (buffer),
      push_pixels (drawing, new_frame_with_person (drawing))));
  gst_buffer_unref (buffer);

  /* and with nothing to attach */
  g_object_set (attaching->element, "classes", "no", NULL);
  buffer =
      gst_harness_push_and_pull (attaching, new_frame_with_person (attaching));
  fail_unless (get_composition (buffer) == NULL);
  fail_unless (same_and_unref (copy_pixels (buffer),
      push_pixels (drawing, new_frame_with_person (drawing))));
  gst_buffer_unref (buffer);
  gst_harness_teardown (attaching);
  gst_harness_teardown (drawing);
}
GST_END_TEST;

/* touches no pixel to attach: a shared buffer is copied, but not its memory,
 * and one without detections is the very buffer that came */
GST_START_TEST (test_memory_is_not_copied)
{
  GstHarness *h = new_overlay_before (FEATURE_CAPS, TRUE, "auto");
  GstBuffer *held = new_frame_with_person (h), *buffer;

  buffer = gst_harness_push_and_pull (h, gst_buffer_ref (held));
  fail_if (buffer == held);
  fail_unless (
      gst_buffer_peek_memory (buffer, 0) == gst_buffer_peek_memory (held, 0));
  fail_unless (get_composition (buffer) != NULL);
  fail_unless (get_composition (held) == NULL);
  gst_buffer_unref (buffer);
  gst_buffer_unref (held);

  g_object_set (h->element, "expire-overlay", (guint64) 0, NULL);
  held = new_frame (h, 0);
  buffer = gst_harness_push_and_pull (h, gst_buffer_ref (held));
  fail_unless (buffer == held);
  gst_buffer_unref (buffer);
  gst_buffer_unref (held);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* attaches the same composition again when nothing has changed, so that sinks
 * need not upload it again, and another one when something has */
GST_START_TEST (test_composition_is_used_again)
{
  GstHarness *h = new_overlay_before (FEATURE_CAPS, TRUE, "auto");
  GstVideoOverlayComposition *first, *next;
  GstBuffer *buffer;

  g_object_set (h->element, "expire-overlay", (guint64) GST_SECOND, NULL);
  buffer = gst_harness_push_and_pull (h, new_frame_with_person (h));
  first = gst_video_overlay_composition_ref (get_composition (buffer));
  gst_buffer_unref (buffer);

  buffer = gst_harness_push_and_pull (h, new_frame_with_person (h));
  fail_unless (get_composition (buffer) == first);
  gst_buffer_unref (buffer);
  /* a frame that was skipped */
  buffer = gst_harness_push_and_pull (h, new_frame (h, 0));
  fail_unless (get_composition (buffer) == first);
  gst_buffer_unref (buffer);

  g_object_set (h->element, "class-colors", "person=red", NULL);
  buffer = gst_harness_push_and_pull (h, new_frame_with_person (h));
  next = gst_video_overlay_composition_ref (get_composition (buffer));
  fail_if (next == first);
  gst_buffer_unref (buffer);
  buffer = new_frame_with_person (h);
  add_region (buffer, "car", 2, 0.5, 0, 0, 10, 10);
  buffer = gst_harness_push_and_pull (h, buffer);
  fail_if (get_composition (buffer) == next);
  gst_buffer_unref (buffer);

  gst_harness_teardown (h);
  /* nobody else holds them any more */
  ASSERT_MINI_OBJECT_REFCOUNT (first, "composition", 1);
  ASSERT_MINI_OBJECT_REFCOUNT (next, "composition", 1);
  gst_video_overlay_composition_unref (first);
  gst_video_overlay_composition_unref (next);
}
GST_END_TEST;

#if GST_CHECK_VERSION(1, 20, 0)
/* attaches another composition when the figures change */
GST_START_TEST (test_changing_figures)
{
  GstHarness *h = new_overlay_before (FEATURE_CAPS, TRUE, "auto");
  GBytes *shown[2];
  GstSegment segment;
  guint i;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  g_object_set (h->element, "draw-stats", TRUE, NULL);
  for (i = 0; i < 2; i++) {
    GstBuffer *buffer = new_frame_with_person (h);

    mark_inference (buffer, (5 + 4 * i) * GST_MSECOND);
    buffer = gst_harness_push_and_pull (h, buffer);
    shown[i] = blend_pixels (h, buffer);
    gst_buffer_unref (buffer);
    gst_harness_push_event (h, gst_event_new_flush_start ());
    gst_harness_push_event (h, gst_event_new_flush_stop (TRUE));
    gst_harness_push_event (h, gst_event_new_segment (&segment));
  }
  fail_if (same_and_unref (shown[0], shown[1]));
  gst_harness_teardown (h);
}
GST_END_TEST;
#endif

/* a white square as another element attaches it */
static GstVideoOverlayComposition *
new_square (void)
{
  GstBuffer *pixels = gst_buffer_new_and_alloc (16 * 16 * 4);
  GstVideoOverlayRectangle *rectangle;
  GstVideoOverlayComposition *composition;

  gst_buffer_memset (pixels, 0, 255, 16 * 16 * 4);
  gst_buffer_add_video_meta (pixels, GST_VIDEO_FRAME_FLAG_NONE,
      GST_VIDEO_OVERLAY_COMPOSITION_FORMAT_RGB, 16, 16);
  rectangle = gst_video_overlay_rectangle_new_raw (
      pixels, 200, 150, 16, 16, GST_VIDEO_OVERLAY_FORMAT_FLAG_NONE);
  composition = gst_video_overlay_composition_new (rectangle);
  gst_video_overlay_rectangle_unref (rectangle);
  gst_buffer_unref (pixels);
  return composition;
}

/* keeps what others have attached below its own, and attaches one composition,
 * not two */
GST_START_TEST (test_composition_of_others_stays)
{
  GstHarness *h = new_overlay_before (FEATURE_CAPS, TRUE, "auto");
  GstVideoOverlayComposition *square = new_square (), *both;
  GstBuffer *buffer, *alone;
  gpointer state = NULL;
  guint n_metas = 0, n_alone;

  alone = gst_harness_push_and_pull (h, new_frame_with_person (h));
  n_alone =
      gst_video_overlay_composition_n_rectangles (get_composition (alone));

  gst_harness_set_src_caps_str (
      h, FEATURE_CAPS ",format=RGB,width=320,height=240,framerate=30/1");
  buffer = new_frame_with_person (h);
  gst_buffer_add_video_overlay_composition_meta (buffer, square);
  buffer = gst_harness_push_and_pull (h, buffer);
  while (gst_buffer_iterate_meta_filtered (
      buffer, &state, GST_VIDEO_OVERLAY_COMPOSITION_META_API_TYPE))
    n_metas++;
  fail_unless_equals_int (n_metas, 1);
  both = get_composition (buffer);
  fail_unless_equals_int (
      gst_video_overlay_composition_n_rectangles (both), n_alone + 1);
  fail_unless (gst_video_overlay_composition_get_rectangle (both, 0)
               == gst_video_overlay_composition_get_rectangle (square, 0));
  fail_unless_equals_int (
      gst_video_overlay_composition_n_rectangles (square), 1);
  gst_buffer_unref (buffer);
  gst_buffer_unref (alone);

  /* without detections it is the other's own */
  g_object_set (h->element, "expire-overlay", (guint64) 0, NULL);
  buffer = new_frame (h, 0);
  gst_buffer_add_video_overlay_composition_meta (buffer, square);
  buffer = gst_harness_push_and_pull (h, buffer);
  fail_unless (get_composition (buffer) == square);
  gst_buffer_unref (buffer);

  gst_harness_teardown (h);
  ASSERT_MINI_OBJECT_REFCOUNT (square, "composition", 1);
  gst_video_overlay_composition_unref (square);
}
GST_END_TEST;

/* changes between drawing and attaching from one frame to the next, and what is
 * to be seen stays the same */
GST_START_TEST (test_changing_while_running)
{
  static const struct {
    const gchar *attach;
    gboolean attached, attached_before_plain;
  } steps[] = { { "auto", TRUE, FALSE }, { "never", FALSE, FALSE },
    { "never", FALSE, FALSE }, { "always", TRUE, TRUE },
    { "never", FALSE, FALSE }, { "auto", TRUE, FALSE },
    { "always", TRUE, TRUE } };
  GstHarness *drawing = new_overlay_before (PLAIN_CAPS, FALSE, "never");
  GBytes *expected = push_pixels (drawing, new_frame_with_person (drawing));
  guint plain, i;

  for (plain = 0; plain < 2; plain++) {
    GstHarness *h = new_overlay_before (
        plain ? PLAIN_CAPS : FEATURE_CAPS ";" PLAIN_CAPS, TRUE, "auto");

    for (i = 0; i < G_N_ELEMENTS (steps); i++) {
      gboolean attached =
          plain ? steps[i].attached_before_plain : steps[i].attached;
      GstBuffer *buffer;

      gst_util_set_object_arg (
          G_OBJECT (h->element), "attach-composition", steps[i].attach);
      buffer = gst_harness_push_and_pull (h, new_frame_with_person (h));
      fail_unless_equals_int (get_composition (buffer) != NULL, attached);
      fail_unless_equals_int (has_feature (h), attached && !plain);
      fail_unless (
          same_and_unref (g_bytes_ref (expected), blend_pixels (h, buffer)),
          "another picture in step %u", i);
      gst_buffer_unref (buffer);
    }
    gst_harness_teardown (h);
  }
  g_bytes_unref (expected);
  gst_harness_teardown (drawing);
}
GST_END_TEST;

/* attaches also when elements that let everything pass are in between, which
 * answer nothing before they have caps */
GST_START_TEST (test_attaching_through_others)
{
  guint draws;

  for (draws = 0; draws < 2; draws++) {
    GstHarness *h =
        gst_harness_new_parse ("yolov5overlay ! identity ! queue ! identity");
    GstBuffer *buffer;

    gst_harness_set_sink_caps_str (h, FEATURE_CAPS ";" PLAIN_CAPS);
    if (draws)
      gst_harness_add_propose_allocation_meta (
          h, GST_VIDEO_OVERLAY_COMPOSITION_META_API_TYPE, NULL);
    gst_harness_set_src_caps_str (
        h, "video/x-raw,format=RGB,width=320,height=240,framerate=30/1");
    buffer = gst_harness_push_and_pull (h, new_frame_with_person (h));
    fail_unless_equals_int (get_composition (buffer) != NULL, draws);
    fail_unless_equals_int (has_feature (h), draws);
    gst_buffer_unref (buffer);
    gst_harness_teardown (h);
  }
}
GST_END_TEST;

/* asks downstream again when that says that something has changed, and goes on
 * with the caps that downstream knows */
GST_START_TEST (test_downstream_changes_its_mind)
{
  GstHarness *h =
      new_overlay_before (FEATURE_CAPS ";" PLAIN_CAPS, FALSE, "auto");
  guint i;

  for (i = 0; i < 3; i++) {
    GstBuffer *buffer;

    if (i == 2)
      gst_harness_add_propose_allocation_meta (
          h, GST_VIDEO_OVERLAY_COMPOSITION_META_API_TYPE, NULL);
    gst_harness_push_upstream_event (h, gst_event_new_reconfigure ());
    buffer = gst_harness_push_and_pull (h, new_frame_with_person (h));
    fail_unless_equals_int (get_composition (buffer) != NULL, i == 2);
    fail_unless_equals_int (has_feature (h), i == 2);
    gst_buffer_unref (buffer);
  }
  gst_harness_teardown (h);
}
GST_END_TEST;

/* works between elements that attach or draw text themselves, and before tees
 * and queues */
GST_START_TEST (test_neighbours)
{
  static const gchar *descriptions[] = {
    "overlaycomposition ! yolov5overlay ! fakesink",
    "yolov5overlay ! overlaycomposition ! fakesink",
    "yolov5overlay ! yolov5overlay ! yolov5overlay ! fakesink",
    "yolov5overlay ! tee name=t ! queue ! fakesink t. ! queue ! fakesink",
    "yolov5overlay ! identity ! videoscale ! video/x-raw,width=99 ! fakesink",
    ("yolov5overlay attach-composition=always ! videoconvert ! "
     "video/x-raw,format=I420 ! fakesink"),
    "overlaycomposition ! yolov5overlay attach-composition=never ! fakesink",
    "yolov5overlay ! videocrop top=2 ! videobalance ! fakesink",
    "yolov5overlay attach-composition=always ! videocrop top=2 ! fakesink",
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (descriptions); i++) {
    g_autofree gchar *description =
        g_strconcat ("videotestsrc num-buffers=5 ! ", descriptions[i], NULL);
    GError *error = NULL;
    GstElement *pipeline = gst_parse_launch (description, &error);
    GstBus *bus;
    GstMessage *message;

    fail_unless (
        error == NULL, "%s: %s", description, error ? error->message : "");
    bus = gst_element_get_bus (pipeline);
    gst_element_set_state (pipeline, GST_STATE_PLAYING);
    message = gst_bus_timed_pop_filtered (
        bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
    fail_unless (
        GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS, "%s", description);
    gst_element_set_state (pipeline, GST_STATE_NULL);
    gst_message_unref (message);
    gst_object_unref (bus);
    gst_object_unref (pipeline);
  }
}
GST_END_TEST;

static Suite *
yolov5overlay_composition_suite (void)
{
  Suite *suite = suite_create ("yolov5overlay-composition");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_when_to_attach);
  tcase_add_test (tcase, test_accepted_caps);
  tcase_add_test (tcase, test_composition_shows_the_same);
  tcase_add_test (tcase, test_mosaic_is_in_the_pixels);
  tcase_add_test (tcase, test_memory_is_not_copied);
  tcase_add_test (tcase, test_composition_is_used_again);
#if GST_CHECK_VERSION(1, 20, 0)
  tcase_add_test (tcase, test_changing_figures);
#endif
  tcase_add_test (tcase, test_composition_of_others_stays);
  tcase_add_test (tcase, test_changing_while_running);
  tcase_add_test (tcase, test_attaching_through_others);
  tcase_add_test (tcase, test_downstream_changes_its_mind);
  tcase_add_test (tcase, test_neighbours);
  return suite;
}

GST_CHECK_MAIN (yolov5overlay_composition)
