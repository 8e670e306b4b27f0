/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What yolov5overlay draws in the place of whole boxes. */

#include "rig.h"

#include <string.h>

#define BOX_X 40
#define BOX_Y 60
#define BOX_WIDTH 120
#define BOX_HEIGHT 100

static GstHarness *
new_style (const gchar *format, gint width, gint height, const gchar *style)
{
  GstHarness *h = new_overlay (format, width, height, NULL);

  gst_util_set_object_arg (G_OBJECT (h->element), "style", style);
  g_object_set (h->element, "draw-labels", FALSE, "thickness", 4, NULL);
  return h;
}

/* whether the pixel at a place has the colour of class 3, or is as it was */
static void
check_pixel (const gchar *style, gint x, gint y, gboolean drawn)
{
  GstHarness *h = new_style ("RGB", 320, 240, style);
  GstBuffer *blank = new_frame (h, 0), *buffer;
  guint8 class_rgb[3], before[3], rgb[3];

  get_class_rgb (3, class_rgb);
  buffer =
      draw_region (h, "thing", 3, 0.5, BOX_X, BOX_Y, BOX_WIDTH, BOX_HEIGHT);
  get_buffer_rgb (h, blank, x, y, before);
  get_buffer_rgb (h, buffer, x, y, rgb);
  fail_unless (memcmp (rgb, drawn ? class_rgb : before, 3) == 0,
      "%s: #%02x%02x%02x at %d,%d", style, rgb[0], rgb[1], rgb[2], x, y);
  gst_buffer_unref (blank);
  gst_buffer_unref (buffer);
  gst_harness_teardown (h);
}

/* draws all of the lines, their ends at the corners, or a dot in the middle, and
 * no more */
GST_START_TEST (test_styles)
{
  static const struct {
    gint x, y;
    gboolean box, corners, dot;
  } places[] = {
    { BOX_X, BOX_Y, TRUE, TRUE, FALSE },
    { BOX_X + BOX_WIDTH - 1, BOX_Y + BOX_HEIGHT - 1, TRUE, TRUE, FALSE },
    { BOX_X + 20, BOX_Y + 2, TRUE, TRUE, FALSE },
    { BOX_X + 2, BOX_Y + BOX_HEIGHT - 20, TRUE, TRUE, FALSE },
    { BOX_X + BOX_WIDTH / 2, BOX_Y + 1, TRUE, FALSE, FALSE },
    { BOX_X + 1, BOX_Y + BOX_HEIGHT / 2, TRUE, FALSE, FALSE },
    { BOX_X + BOX_WIDTH / 2, BOX_Y + BOX_HEIGHT / 2, FALSE, FALSE, TRUE },
    { BOX_X + BOX_WIDTH / 2 - 5, BOX_Y + BOX_HEIGHT / 2, FALSE, FALSE, TRUE },
    { BOX_X + BOX_WIDTH / 2 - 12, BOX_Y + BOX_HEIGHT / 2, FALSE, FALSE, FALSE },
    { BOX_X + 20, BOX_Y + 20, FALSE, FALSE, FALSE },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (places); i++) {
    check_pixel ("box", places[i].x, places[i].y, places[i].box);
    check_pixel ("corners", places[i].x, places[i].y, places[i].corners);
    check_pixel ("dot", places[i].x, places[i].y, places[i].dot);
  }
}
GST_END_TEST;

/* draws them in every format, in frames of any size, wherever the box is, and no
 * byte beside the frame */
GST_START_TEST (test_styles_in_every_format)
{
  static const gint sizes[][2] = { { 1, 1 }, { 3, 5 }, { 67, 51 } };
  static const gchar *styles[] = { "corners", "dot" };
  guint i, k;

  for (i = 0; i < G_N_ELEMENTS (sizes); i++)
    for (k = 0; k < G_N_ELEMENTS (styles); k++) {
      gint width = sizes[i][0], height = sizes[i][1];
      GstHarness *h =
          new_style (overlay_colors[__i__].format, width, height, styles[k]);
      GstBuffer *buffer = new_frame (h, 3);

      g_object_set (h->element, "draw-labels", TRUE, "thickness", 0, NULL);
      add_region (buffer, "person", 0, 0.87, 0, 0, width, height);
      add_region (buffer, "car", 2, 0.5, width - 1, height - 1, 1, 1);
      add_region (buffer, "car", 2, 0.5, width / 2, height / 2, 20, 30);
      buffer = gst_harness_push_and_pull (h, buffer);
      check_guards (buffer);
      gst_buffer_unref (buffer);
      gst_harness_teardown (h);
    }
}
GST_END_TEST;

/* a small box has all of its lines */
GST_START_TEST (test_corners_of_small_boxes)
{
  GstHarness *corners = new_style ("NV12", 320, 240, "corners");
  GstHarness *box = new_style ("NV12", 320, 240, "box");

  fail_unless (same_and_unref (
      draw_region_pixels (corners, "thing", 3, 0.5, 40, 60, 20, 100),
      draw_region_pixels (box, "thing", 3, 0.5, 40, 60, 20, 100)));
  gst_harness_teardown (corners);
  gst_harness_teardown (box);
}
GST_END_TEST;

/* a composition of them looks as they do in the video */
GST_START_TEST (test_styles_in_compositions)
{
  static const gchar *styles[] = { "box", "corners", "dot" };
  guint i, k;

  for (i = 0; i < G_N_ELEMENTS (styles); i++) {
    GstHarness *drawing = new_style ("RGB", 320, 240, styles[i]);
    GstHarness *attaching = new_style ("RGB", 320, 240, styles[i]);
    GstBuffer *frames[2];
    GstVideoOverlayCompositionMeta *meta;
    GstVideoInfo info;
    GstVideoFrame frame;

    get_info (drawing, &info);
    gst_util_set_object_arg (
        G_OBJECT (attaching->element), "attach-composition", "always");
    for (k = 0; k < 2; k++) {
      GstHarness *h = k ? attaching : drawing;

      g_object_set (h->element, "draw-labels", TRUE, NULL);
      frames[k] = new_frame (h, 0);
      add_region (frames[k], "person", 0, 0.87, 20, 60, 60, 120);
      add_region (frames[k], "person", 0, 0.77, 60, 64, 60, 120);
      add_region (frames[k], "car", 2, 0.5, 200, 100, 110, 70);
      frames[k] = gst_harness_push_and_pull (h, frames[k]);
    }
    meta = gst_buffer_get_video_overlay_composition_meta (frames[1]);
    fail_unless (
        gst_video_frame_map (&frame, &info, frames[1], GST_MAP_READWRITE));
    fail_unless (gst_video_overlay_composition_blend (meta->overlay, &frame));
    gst_video_frame_unmap (&frame);
    fail_unless (
        same_and_unref (copy_pixels (frames[0]), copy_pixels (frames[1])),
        "%s looks different", styles[i]);
    gst_buffer_unref (frames[0]);
    gst_buffer_unref (frames[1]);
    gst_harness_teardown (drawing);
    gst_harness_teardown (attaching);
  }
}
GST_END_TEST;

static Suite *
yolov5overlay_styles_suite (void)
{
  Suite *suite = suite_create ("yolov5overlay-styles");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_styles);
  tcase_add_loop_test (tcase, test_styles_in_every_format, 0, N_OVERLAY_COLORS);
  tcase_add_test (tcase, test_corners_of_small_boxes);
  tcase_add_test (tcase, test_styles_in_compositions);
  return suite;
}

GST_CHECK_MAIN (yolov5overlay_styles)
