/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The metadata of other elements, as yolov5overlay draws it. */

#include "rig.h"

#ifdef HAVE_GST_ANALYTICS
#include <gst/analytics/analytics.h>
#endif

static GBytes *
draw_person (GstHarness *h)
{
  return draw_region_pixels (h, "person", 0, 0.87, 40, 60, 100, 100);
}

/* draws a region as DL Streamer's gvadetect attaches it, with more in it than is
 * needed */
GST_START_TEST (test_region_of_dlstreamer)
{
  GstHarness *h = new_overlay ("NV12", 320, 240, NULL);
  GstBuffer *buffer = new_frame (h, 0);
  GstVideoRegionOfInterestMeta *region =
      gst_buffer_add_video_region_of_interest_meta (
          buffer, "person", 40, 60, 100, 100);

  region->id = 7;
  region->parent_id = 0;
  gst_video_region_of_interest_meta_add_param (region,
      gst_structure_new ("detection", "model_name", G_TYPE_STRING, "a model",
          "layer_name", G_TYPE_STRING, "output", "label_id", G_TYPE_INT, 0,
          "confidence", G_TYPE_DOUBLE, 0.87, "x_min", G_TYPE_DOUBLE, 0.125,
          "x_max", G_TYPE_DOUBLE, 0.4375, "y_min", G_TYPE_DOUBLE, 0.25, "y_max",
          G_TYPE_DOUBLE, 0.6667, "rotation", G_TYPE_DOUBLE, 0.0, NULL));
  gst_video_region_of_interest_meta_add_param (region,
      gst_structure_new ("attributes", "label", G_TYPE_STRING, "red", NULL));
  fail_unless (same_and_unref (push_pixels (h, buffer), draw_person (h)));
  gst_harness_teardown (h);
}
GST_END_TEST;

/* draws a region whose parameter has other types than usual, or lacks fields,
 * as one without */
GST_START_TEST (test_odd_parameter)
{
  GstHarness *h = new_overlay ("NV12", 320, 240, NULL);
  GstBuffer *buffer = new_frame (h, 0), *bare = new_frame (h, 0);
  GstVideoRegionOfInterestMeta *region =
      gst_buffer_add_video_region_of_interest_meta (
          buffer, "person", 40, 60, 100, 100);
  GBytes *pixels;

  gst_video_region_of_interest_meta_add_param (
      region, gst_structure_new ("detection", "label_id", G_TYPE_STRING, "0",
                  "confidence", G_TYPE_STRING, "87%", NULL));
  gst_buffer_add_video_region_of_interest_meta (
      bare, "person", 40, 60, 100, 100);
  pixels = push_pixels (h, buffer);
  fail_unless (same_and_unref (pixels, push_pixels (h, bare)));
  gst_harness_teardown (h);
}
GST_END_TEST;

/* an element that scales may leave the old region beside the scaled one, and
 * only the id tells that they are one */
static void
give_id (GstBuffer *buffer)
{
  GstMeta *region =
      gst_buffer_get_meta (buffer, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE);

  ((GstVideoRegionOfInterestMeta *) region)->id = 1;
}

/* draws boxes and names where they belong after the video was scaled */
GST_START_TEST (test_scaled_video)
{
  GstHarness *h = gst_harness_new_parse (
      "videoscale ! video/x-raw,width=640,height=240 ! yolov5overlay "
      "name=overlay thickness=2");
  GstHarness *fresh = new_overlay ("I420", 640, 240, NULL);
  GstVideoRectangle box = { .x = 80, .y = 60, .w = 200, .h = 100 }, label;
  GstVideoRectangle outline = { .x = 79, .y = 59, .w = 202, .h = 102 };
  GstBuffer *scaled, *blank;
  GstVideoInfo info;
  GstVideoFrame frame;
  const guint8 *luma;
  gint x, y, stride;

  gst_harness_set_src_caps_str (
      h, "video/x-raw,format=I420,width=320,height=240,framerate=30/1");
  get_info (h, &info);
  blank = gst_buffer_new_and_alloc (info.size);
  gst_buffer_memset (blank, 0, 128, info.size);
  add_region (blank, "person", 0, 0.87, 40, 60, 100, 100);
  give_id (blank);
  scaled = gst_harness_push_and_pull (h, blank);

  get_info (fresh, &info);
  fail_unless (gst_video_frame_map (&frame, &info, scaled, GST_MAP_READ));
  luma = GST_VIDEO_FRAME_COMP_DATA (&frame, 0);
  stride = GST_VIDEO_FRAME_COMP_STRIDE (&frame, 0);
  label = (GstVideoRectangle){ G_MAXINT, G_MAXINT, 0, 0 };
  for (y = 0; y < info.height; y++)
    for (x = 0; x < info.width; x++) {
      if (is_on_outline (x, y, &box, 2)) {
        fail_if (luma[y * stride + x] == 128, "no line at %d,%d", x, y);
      } else if (!is_on_outline (x, y, &outline, 4)
                 && luma[y * stride + x] != 128) {
        label.x = MIN (label.x, x);
        label.y = MIN (label.y, y);
        label.w = MAX (label.w, x + 1 - label.x);
        label.h = MAX (label.h, y + 1 - label.y);
      }
    }
  /* the name alone stands above the box, on its dark line */
  fail_unless_equals_int (label.x, box.x);
  fail_unless_equals_int (label.y + label.h, outline.y);
  fail_unless (label.w > 30 && label.w < 80, "label is %d wide", label.w);
  gst_video_frame_unmap (&frame);
  gst_buffer_unref (scaled);
  gst_harness_teardown (fresh);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* chooses, colours and hides classes by name after the video was scaled */
GST_START_TEST (test_classes_in_scaled_video)
{
  static const gchar *classes[] = { "person", "car" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (classes); i++) {
    g_autofree gchar *description =
        g_strdup_printf ("videoscale ! video/x-raw,width=160,height=120 ! "
                         "yolov5overlay classes=%s",
            classes[i]);
    GstHarness *h = gst_harness_new_parse (description);
    GstBuffer *buffer = gst_buffer_new_and_alloc (320 * 240);
    GstMapInfo map;
    guint n_changed = 0;
    gsize k;

    gst_harness_set_src_caps_str (
        h, "video/x-raw,format=GRAY8,width=320,height=240,framerate=30/1");
    gst_buffer_memset (buffer, 0, 128, 320 * 240);
    add_region (buffer, "person", 0, 0.87, 40, 60, 100, 100);
    buffer = gst_harness_push_and_pull (h, buffer);
    fail_unless (gst_buffer_map (buffer, &map, GST_MAP_READ));
    for (k = 0; k < map.size; k++)
      n_changed += map.data[k] != 128;
    gst_buffer_unmap (buffer, &map);
    fail_unless_equals_int (n_changed > 0, i == 0);
    gst_buffer_unref (buffer);
    gst_harness_teardown (h);
  }
}
GST_END_TEST;

#ifdef HAVE_GST_ANALYTICS
/* draws an object detection alone, as upstream's tensor decoders attach it, and
 * one to which DL Streamer relates all the classes there are */
GST_START_TEST (test_object_detection)
{
  guint with_classes;

  for (with_classes = 0; with_classes < 2; with_classes++) {
    GstHarness *h = new_overlay ("NV12", 320, 240, NULL);
    GstBuffer *buffer = new_frame (h, 0), *region = new_frame (h, 0);
    GstAnalyticsRelationMeta *relations =
        gst_buffer_add_analytics_relation_meta (buffer);
    GstAnalyticsODMtd object;
    GstAnalyticsClsMtd classes;
    GQuark quarks[2] = { g_quark_from_string ("bicycle"),
      g_quark_from_string ("person") };
    gfloat levels[2] = { 0, 0 };
    GBytes *pixels;

    fail_unless (gst_analytics_relation_meta_add_od_mtd (
        relations, quarks[1], 40, 60, 100, 100, 0.87, &object));
    if (with_classes) {
      fail_unless (gst_analytics_relation_meta_add_cls_mtd (
          relations, 2, levels, quarks, &classes));
      fail_unless (gst_analytics_relation_meta_set_relation (
          relations, GST_ANALYTICS_REL_TYPE_RELATE_TO, object.id, classes.id));
    }
    add_region (region, "person", NO_LABEL_ID, 0.87, 40, 60, 100, 100);
    pixels = push_pixels (h, buffer);
    fail_unless (same_and_unref (pixels, push_pixels (h, region)));
    gst_harness_teardown (h);
  }
}
GST_END_TEST;

/* analytics that are no object detections, as those of a tracker or a
 * classifier, are no look of a detector: what it found last stays */
GST_START_TEST (test_no_objects)
{
  enum { NOTHING, TRACKING, CLASS, N_CASES };
  guint i;

  for (i = 0; i < N_CASES; i++) {
    GstHarness *h = new_overlay ("NV12", 320, 240, NULL);
    GstBuffer *buffer;
    GstAnalyticsRelationMeta *relations;
    GstAnalyticsTrackingMtd tracking;
    GstAnalyticsClsMtd class;

    fail_if (same_and_unref (draw_person (h), blank_pixels (h)));
    buffer = new_frame (h, 0);
    relations = gst_buffer_add_analytics_relation_meta (buffer);
    if (i == TRACKING)
      fail_unless (gst_analytics_relation_meta_add_tracking_mtd (
          relations, 1, 0, &tracking));
    else if (i == CLASS)
      fail_unless (gst_analytics_relation_meta_add_one_cls_mtd (
          relations, 0.5, g_quark_from_string ("red"), &class));
    fail_unless (is_drawn_on (h, buffer));
    gst_harness_teardown (h);
  }
}
GST_END_TEST;
#endif

static Suite *
yolov5overlay_foreign_suite (void)
{
  Suite *suite = suite_create ("yolov5overlay-foreign");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_region_of_dlstreamer);
  tcase_add_test (tcase, test_odd_parameter);
  tcase_add_test (tcase, test_scaled_video);
  tcase_add_test (tcase, test_classes_in_scaled_video);
#ifdef HAVE_GST_ANALYTICS
  tcase_add_test (tcase, test_object_detection);
  tcase_add_test (tcase, test_no_objects);
#endif
  return suite;
}

GST_CHECK_MAIN (yolov5overlay_foreign)
