/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What yolov5overlay makes of what trackers know. */

#include "rig.h"

#include <string.h>

#include "metadata/inference.h"
#include "metadata/tracks.h"

#define LABEL "person"

/* a person that a tracker knows, where the box is or is expected; id 0 is a person
 * that none knows */
static void
add_tracked (GstHarness *h, GstBuffer *buffer, guint64 id, const gchar *label,
    const gchar *track_label, gint x, gint y, gboolean is_predicted)
{
  GstYolov5Detection detection = { .label = g_quark_from_string (label),
    .label_id = 0,
    .confidence = 0.87,
    .x = x,
    .y = y,
    .width = 60,
    .height = 100 };
  GstYolov5TrackedObject track = { .id = id,
    .is_predicted = is_predicted,
    .age = GST_SECOND,
    .label = g_quark_from_string (track_label) };
  GstVideoInfo info;

  get_info (h, &info);
  gst_yolov5_detections_attach (buffer, &info, &detection, 1, TRUE);
  if (id != 0)
    gst_yolov5_tracks_attach (buffer, &detection, &track, 1);
}

static GBytes *
draw_tracked (GstHarness *h, guint64 id, gboolean is_predicted)
{
  GstBuffer *buffer = new_frame (h, 0);

  add_tracked (h, buffer, id, LABEL, LABEL, 40, 80, is_predicted);
  return push_pixels (h, buffer);
}

/* writes the number that a tracker gave behind the name, also one of other
 * plug-ins */
GST_START_TEST (test_numbers_in_labels)
{
  GstHarness *h = new_overlay ("NV12", 320, 240, NULL);
  GBytes *twelve = draw_tracked (h, 12, FALSE);
  GstBuffer *buffer = new_frame (h, 0);
  GstVideoRegionOfInterestMeta *region;

  fail_if (same_and_unref (g_bytes_ref (twelve), draw_tracked (h, 0, FALSE)));
  fail_if (same_and_unref (g_bytes_ref (twelve), draw_tracked (h, 13, FALSE)));
  fail_unless (
      same_and_unref (g_bytes_ref (twelve), draw_tracked (h, 12, FALSE)));

  /* as DL Streamer's gvatrack writes it */
  add_region (buffer, LABEL, 0, 0.87, 40, 80, 60, 100);
  region = gst_buffer_get_video_region_of_interest_meta_id (buffer, 0);
  gst_video_region_of_interest_meta_add_param (
      region, gst_structure_new ("object_id", "id", G_TYPE_INT, 12, NULL));
  fail_unless (same_and_unref (twelve, push_pixels (h, buffer)));

  /* the number is no part of the box */
  g_object_set (h->element, "draw-labels", FALSE, NULL);
  fail_unless (
      same_and_unref (draw_tracked (h, 12, FALSE), draw_tracked (h, 0, FALSE)));
  gst_harness_teardown (h);
}
GST_END_TEST;

/* the colour of a line of the box at 40,80 */
static void
get_line_rgb (GstHarness *h, guint64 id, const gchar *label,
    gboolean is_predicted, guint8 rgb[3])
{
  GstBuffer *buffer = new_frame (h, 0);

  add_tracked (h, buffer, id, label, label, 40, 80, is_predicted);
  buffer = gst_harness_push_and_pull (h, buffer);
  get_buffer_rgb (h, buffer, 40, 150, rgb);
  gst_buffer_unref (buffer);
}

/* gives each object a colour of its own if it is to, the same one on all frames
 * whatever its class, and without a tracker that of the class */
GST_START_TEST (test_colors_by_id)
{
  GstHarness *h = new_overlay ("RGB", 320, 240, NULL);
  guint8 class_rgb[3], rgb[3], first[3];

  get_class_rgb (0, class_rgb);
  get_line_rgb (h, 5, LABEL, FALSE, rgb);
  fail_unless (memcmp (rgb, class_rgb, 3) == 0);

  gst_util_set_object_arg (G_OBJECT (h->element), "color-by", "id");
  get_line_rgb (h, 5, LABEL, FALSE, first);
  fail_if (memcmp (first, class_rgb, 3) == 0);
  get_line_rgb (h, 6, LABEL, FALSE, rgb);
  fail_if (memcmp (rgb, first, 3) == 0);
  get_line_rgb (h, 5, "car", FALSE, rgb);
  fail_unless (memcmp (rgb, first, 3) == 0);
  get_line_rgb (h, 0, LABEL, FALSE, rgb);
  fail_unless (memcmp (rgb, class_rgb, 3) == 0);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* a class keeps its colour when the video is converted behind the tracker, which
 * drops its number */
GST_START_TEST (test_color_after_conversion)
{
  GstHarness *h = new_overlay ("RGB", 320, 240, NULL);
  GstHarness *converted = gst_harness_new_parse (
      "videoconvert ! video/x-raw,format=RGB ! yolov5overlay");
  GstBuffer *buffer;
  guint8 class_rgb[3], rgb[3];

  get_class_rgb (0, class_rgb);
  gst_harness_set_src_caps_str (
      converted, "video/x-raw,format=BGRx,width=320,height=240,framerate=30/1");
  buffer = new_frame (converted, 0);
  add_tracked (converted, buffer, 5, LABEL, LABEL, 40, 80, FALSE);
  buffer = gst_harness_push_and_pull (converted, buffer);
  get_buffer_rgb (h, buffer, 40, 150, rgb);
  fail_unless (memcmp (rgb, class_rgb, 3) == 0);
  gst_buffer_unref (buffer);
  gst_harness_teardown (converted);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* draws what is predicted lighter */
GST_START_TEST (test_predicted_boxes)
{
  GstHarness *h = new_overlay ("RGB", 320, 240, NULL);
  guint8 found[3], predicted[3];
  guint c;

  get_line_rgb (h, 5, LABEL, FALSE, found);
  get_line_rgb (h, 5, LABEL, TRUE, predicted);
  for (c = 0; c < 3; c++)
    fail_unless (
        predicted[c] > found[c] || (predicted[c] == 255 && found[c] == 255));
  gst_harness_teardown (h);
}
GST_END_TEST;

/* a frame that yolov5dpu looked at and a tracker has numbered */
static GstBuffer *
new_looked_at_frame (GstHarness *h, gint x)
{
  GstBuffer *buffer = new_frame (h, 0);
  GstYolov5Detection detection = { .label = g_quark_from_string (LABEL),
    .label_id = 0,
    .confidence = 0.87,
    .x = x,
    .y = 80,
    .width = 60,
    .height = 100 };
  GstYolov5TrackedObject track = {
    .id = 12, .age = GST_SECOND, .label = g_quark_from_string (LABEL)
  };
  GstYolov5Inference inference = {
    .n_detections = 1, .element = "detector", .path = "/detector"
  };
  GstVideoInfo info;

  get_info (h, &info);
  gst_yolov5_detections_attach (buffer, &info, &detection, 1, TRUE);
  gst_yolov5_inference_attach (buffer, &inference, &detection, 1);
  gst_yolov5_tracks_attach (buffer, &detection, &track, 1);
  return buffer;
}

/* a box that a tracker predicts takes the place of the one that was found, with
 * the same properties; so it does when the object is gone. What the tracker does
 * not follow stays as ever. */
GST_START_TEST (test_no_old_boxes_beside_predicted)
{
  GstHarness *h = new_overlay ("NV12", 320, 240, NULL);
  GstHarness *fresh = new_overlay ("NV12", 320, 240, NULL);
  GstBuffer *buffer, *expected;

  g_object_set (h->element, "expire-overlay", (guint64) GST_SECOND, NULL);
  g_object_set (fresh->element, "expire-overlay", (guint64) GST_SECOND, NULL);
  /* without prediction, the box stays */
  gst_buffer_unref (gst_harness_push_and_pull (h, new_looked_at_frame (h, 40)));
  fail_unless (is_drawn_on (h, new_frame (h, 0)));

  buffer = new_frame (h, 0);
  add_tracked (h, buffer, 12, LABEL, LABEL, 200, 80, TRUE);
  expected = new_frame (fresh, 0);
  add_tracked (fresh, expected, 12, LABEL, LABEL, 200, 80, TRUE);
  fail_unless (
      same_and_unref (push_pixels (h, buffer), push_pixels (fresh, expected)));
  fail_if (is_drawn_on (h, new_frame (h, 0)));

  buffer = new_frame (h, 0);
  mark_found (h, buffer, "/detector", "car", 2, 100, 100, 80, 60);
  gst_buffer_unref (gst_harness_push_and_pull (h, buffer));
  fail_unless (is_drawn_on (h, new_frame (h, 0)));
  gst_harness_teardown (fresh);
  gst_harness_teardown (h);
}
GST_END_TEST;

static gboolean
is_hidden (GstHarness *h, GBytes *pixels, gint x, gint y)
{
  GBytes *blank = blank_pixels (h);
  GstVideoInfo info;
  const guint8 *before = g_bytes_get_data (blank, NULL);
  const guint8 *after = g_bytes_get_data (pixels, NULL);
  guint n_same = 0;
  gint i;

  get_info (h, &info);
  for (i = 0; i < 16; i++)
    n_same +=
        before[y * info.stride[0] + x + i] == after[y * info.stride[0] + x + i];
  g_bytes_unref (blank);
  return n_same < 8;
}

/* a mosaic is where an object is expected, and stays where it was seen last, as
 * the tracker may be wrong */
GST_START_TEST (test_mosaic_follows_predicted_boxes)
{
  GstHarness *h = new_overlay ("GRAY8", 320, 240, NULL);
  GstBuffer *buffer;
  GBytes *pixels;

  g_object_set (h->element, "blur", LABEL, "classes", "none", NULL);
  pixels = push_pixels (h, new_looked_at_frame (h, 40));
  fail_unless (is_hidden (h, pixels, 60, 120));
  fail_if (is_hidden (h, pixels, 220, 120));
  g_bytes_unref (pixels);

  buffer = new_frame (h, 0);
  add_tracked (h, buffer, 12, LABEL, LABEL, 200, 80, TRUE);
  pixels = push_pixels (h, buffer);
  fail_unless (is_hidden (h, pixels, 220, 120));
  fail_unless (is_hidden (h, pixels, 60, 120));
  g_bytes_unref (pixels);

  /* nobody says anything of this one */
  pixels = push_pixels (h, new_frame (h, 0));
  fail_unless (is_hidden (h, pixels, 60, 120));
  g_bytes_unref (pixels);
  gst_harness_teardown (h);
}
GST_END_TEST;

#if GST_CHECK_VERSION(1, 20, 0)
/* hides an object for what it was taken for on the frame, and for what its
 * tracker takes it for */
GST_START_TEST (test_mosaic_of_uncertain_class)
{
  static const struct {
    const gchar *label, *track_label;
    gboolean hidden;
  } cases[] = { { LABEL, LABEL, TRUE }, { LABEL, "dog", TRUE },
    { "dog", LABEL, TRUE }, { "dog", "dog", FALSE } };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    GstHarness *h = new_overlay ("GRAY8", 320, 240, NULL);
    GstBuffer *buffer = new_frame (h, 0);
    GBytes *pixels;

    g_object_set (h->element, "blur", LABEL, "classes", "none", NULL);
    add_tracked (
        h, buffer, 3, cases[i].label, cases[i].track_label, 40, 80, FALSE);
    pixels = push_pixels (h, buffer);
    fail_unless_equals_int (is_hidden (h, pixels, 60, 120), cases[i].hidden);
    g_bytes_unref (pixels);
    gst_harness_teardown (h);
  }
}
GST_END_TEST;

/* shows a name, and chooses by it, as the tracker has it */
GST_START_TEST (test_class_of_tracker)
{
  GstHarness *h = new_overlay ("NV12", 320, 240, NULL);
  GstBuffer *buffer = new_frame (h, 0);

  g_object_set (h->element, "classes", LABEL, NULL);
  add_tracked (h, buffer, 3, "dog", LABEL, 40, 80, FALSE);
  fail_unless (is_drawn_on (h, buffer));
  buffer = new_frame (h, 0);
  add_tracked (h, buffer, 3, LABEL, "dog", 40, 80, FALSE);
  fail_if (is_drawn_on (h, buffer));
  gst_harness_teardown (h);
}
GST_END_TEST;
#endif

/* whether the frame has changed around the way of an object, between two boxes */
static gboolean
has_trail (GstHarness *h, guint frames, guint64 milliseconds)
{
  GBytes *pixels = NULL, *blank = blank_pixels (h);
  const guint8 *before, *after;
  GstVideoInfo info;
  gboolean changed = FALSE;
  guint i;
  gint y;

  for (i = 0; i <= frames; i++) {
    GstBuffer *buffer = new_frame (h, 0);

    GST_BUFFER_PTS (buffer) = i * milliseconds * GST_MSECOND;
    add_tracked (
        h, buffer, 12, LABEL, LABEL, (gint) (i * 200 / frames), 80, i % 2 == 1);
    g_clear_pointer (&pixels, g_bytes_unref);
    pixels = push_pixels (h, buffer);
  }
  /* the lower edge of the boxes is at 180, and x = 120 is between them */
  get_info (h, &info);
  before = g_bytes_get_data (blank, NULL);
  after = g_bytes_get_data (pixels, NULL);
  for (y = 176; y < 186; y++)
    changed |=
        before[y * info.stride[0] + 120] != after[y * info.stride[0] + 120];
  g_bytes_unref (blank);
  g_bytes_unref (pixels);
  return changed;
}

/* draws the way of an object as far back as wanted */
GST_START_TEST (test_trails)
{
  static const struct {
    guint64 length;
    guint64 milliseconds;
    gboolean drawn;
  } cases[] = { { 0, 100, FALSE }, { GST_SECOND, 100, TRUE },
    { GST_CLOCK_TIME_NONE, 10000, TRUE },
    /* the frame before is too long ago */
    { GST_SECOND, 1100, FALSE } };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    GstHarness *h = new_overlay ("GRAY8", 320, 240, NULL);

    g_object_set (
        h->element, "draw-trails", cases[i].length, "draw-labels", FALSE, NULL);
    fail_unless_equals_int (
        has_trail (h, 4, cases[i].milliseconds), cases[i].drawn);
    gst_harness_teardown (h);
  }
}
GST_END_TEST;

static Suite *
yolov5overlay_tracks_suite (void)
{
  Suite *suite = suite_create ("yolov5overlay-tracks");
  TCase *tcase = tcase_create ("general");

  gst_yolov5_inference_register ();
  gst_yolov5_tracks_register ();
  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_numbers_in_labels);
  tcase_add_test (tcase, test_colors_by_id);
  tcase_add_test (tcase, test_color_after_conversion);
  tcase_add_test (tcase, test_predicted_boxes);
  tcase_add_test (tcase, test_mosaic_follows_predicted_boxes);
  tcase_add_test (tcase, test_no_old_boxes_beside_predicted);
#if GST_CHECK_VERSION(1, 20, 0)
  tcase_add_test (tcase, test_mosaic_of_uncertain_class);
  tcase_add_test (tcase, test_class_of_tracker);
#endif
  tcase_add_test (tcase, test_trails);
  return suite;
}

GST_CHECK_MAIN (yolov5overlay_tracks)
