/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The metadata contract other elements rely on, field by field, and what is
 * read back from metadata of any origin. */

#include "rig.h"

#ifdef HAVE_GST_ANALYTICS
#include <gst/analytics/analytics.h>
#endif

static gdouble
get_double (const GstStructure *structure, const gchar *field)
{
  gdouble value = -1;

  fail_unless_equals_string (
      g_type_name (gst_structure_get_field_type (structure, field)), "gdouble");
  fail_unless (gst_structure_get_double (structure, field, &value));
  return value;
}

/* every field that DL Streamer's elements and applications read */
GST_START_TEST (test_region_contract)
{
  GstYolov5Detection detection = new_detection ("person", 64, 90, 320, 180);
  GstVideoRegionOfInterestMeta *region;
  GstStructure *param;
  gint label_id = -1;

  gst_yolov5_detections_attach (rig.buffer, &rig.info, &detection, 1, TRUE);
  region = get_region (0);
  fail_unless (region != NULL);
  fail_unless (get_region (1) == NULL);
  fail_unless_equals_string (g_quark_to_string (region->roi_type), "person");
  fail_unless_equals_int (region->x, 64);
  fail_unless_equals_int (region->y, 90);
  fail_unless_equals_int (region->w, 320);
  fail_unless_equals_int (region->h, 180);
  fail_unless_equals_int (region->parent_id, 0);

  fail_unless_equals_int (g_list_length (region->params), 1);
  param = gst_video_region_of_interest_meta_get_param (region, "detection");
  fail_unless (param != NULL);
  fail_unless_equals_int (gst_structure_n_fields (param), 6);
  fail_unless (gst_structure_has_field_typed (param, "label_id", G_TYPE_INT));
  fail_unless (gst_structure_get_int (param, "label_id", &label_id));
  fail_unless_equals_int (label_id, 3);
  fail_unless_equals_float (get_double (param, "confidence"), 0.75);
  fail_unless_equals_float (get_double (param, "x_min"), 0.1);
  fail_unless_equals_float (get_double (param, "x_max"), 0.6);
  fail_unless_equals_float (get_double (param, "y_min"), 0.25);
  fail_unless_equals_float (get_double (param, "y_max"), 0.75);
}
GST_END_TEST;

static const struct {
  gdouble x, y, width, height;
  gint left, top, pixel_width, pixel_height;
} roundings[] = {
  { 0, 0, 10, 10, 0, 0, 10, 10 },
  { 0, 0, WIDTH, HEIGHT, 0, 0, WIDTH, HEIGHT },
  { 10.4, 10.6, 5, 5, 10, 11, 5, 5 },
  /* the right edge is rounded, not the width */
  { 10.4, 10.4, 5.3, 5.3, 10, 10, 6, 6 },
  { 15.7, 15.7, 4, 4, 16, 16, 4, 4 },
  { 10.6, 10.6, 0.2, 0.2, 11, 11, 1, 1 },
  { 5, 5, 0, 0, 5, 5, 1, 1 },
  { 0, 0, 0.1, 0.1, 0, 0, 1, 1 },
  { 639.9, 359.9, 0.1, 0.1, 639, 359, 1, 1 },
  { WIDTH, HEIGHT, 0, 0, 639, 359, 1, 1 },
  { 600, 300, 40.4, 60.4, 600, 300, 40, 60 },
  { 600, 300, 100, 100, 600, 300, 40, 60 },
  { -3, -5, 10, 10, 0, 0, 7, 5 },
};

/* whole pixels inside the frame, at least one of them */
GST_START_TEST (test_rounding)
{
  GstYolov5Detection detection = new_detection ("car", roundings[__i__].x,
      roundings[__i__].y, roundings[__i__].width, roundings[__i__].height);
  GstVideoRegionOfInterestMeta *region;
  GstStructure *param;

  gst_yolov5_detections_attach (rig.buffer, &rig.info, &detection, 1, TRUE);
  region = get_region (0);
  fail_unless_equals_int (region->x, roundings[__i__].left);
  fail_unless_equals_int (region->y, roundings[__i__].top);
  fail_unless_equals_int (region->w, roundings[__i__].pixel_width);
  fail_unless_equals_int (region->h, roundings[__i__].pixel_height);

  param = gst_video_region_of_interest_meta_get_param (region, "detection");
  fail_unless (get_double (param, "x_min") >= 0);
  fail_unless (get_double (param, "y_min") >= 0);
  fail_unless (get_double (param, "x_max") <= 1);
  fail_unless (get_double (param, "y_max") <= 1);
}
GST_END_TEST;

/* no detection leaves no trace */
GST_START_TEST (test_nothing_to_attach)
{
  gpointer state = NULL;

  gst_yolov5_detections_attach (rig.buffer, &rig.info, NULL, 0, TRUE);
  fail_unless (gst_buffer_iterate_meta (rig.buffer, &state) == NULL);
  gst_yolov5_detections_collect (rig.buffer, rig.detections);
  fail_unless_equals_int (rig.detections->len, 0);
}
GST_END_TEST;

/* ids of regions from upstream elements; most set none, which leaves 0 */
static const gint upstream_ids[][3] = {
  { 0, 1, 2 },
  { 2, 4, 0 },
  { 0, 0, 0 },
  { -7, -1, 5 },
  { 1, 100000, 3 },
  { G_MAXINT, 1, 0 },
};

/* an id names one region in the buffer, whoever attached it and when */
GST_START_TEST (test_ids_are_unique)
{
  GstYolov5Detection attached[3];
  GHashTable *ids = g_hash_table_new (NULL, NULL);
  guint n = 0;

  for (guint i = 0; i < G_N_ELEMENTS (attached); i++) {
    GstVideoRegionOfInterestMeta *region =
        gst_buffer_add_video_region_of_interest_meta (
            rig.buffer, "face", i, i, 10, 10);

    region->id = upstream_ids[__i__][i];
    g_hash_table_add (ids, GINT_TO_POINTER (region->id));
    attached[i] = new_detection ("person", 10 * i, 20, 30, 40);
  }
  gst_yolov5_detections_attach (rig.buffer, &rig.info, attached, 3, TRUE);
  gst_yolov5_detections_attach (rig.buffer, &rig.info, attached, 3, TRUE);

  for (guint i = 0; i < 9; i++) {
    GstVideoRegionOfInterestMeta *region = get_region (i);

    fail_unless (region != NULL);
    if (i < 3) {
      fail_unless_equals_int (region->id, upstream_ids[__i__][i]);
    } else {
      fail_unless (g_hash_table_add (ids, GINT_TO_POINTER (region->id)),
          "id %d is taken", region->id);
      n++;
    }
  }
  fail_unless_equals_int (n, 6);
  gst_yolov5_detections_collect (rig.buffer, rig.detections);
  fail_unless_equals_int (rig.detections->len, 9);
  g_hash_table_unref (ids);
}
GST_END_TEST;

/* what was attached is collected, in its order, after what the array had */
GST_START_TEST (test_collect_what_was_attached)
{
  GstYolov5Detection attached[] = {
    new_detection ("person", 1, 2, 3, 4),
    new_detection ("car", 0, 0, 1, 1),
    new_detection ("person", 600.2, 300.4, 39.8, 59.6),
  };

  attached[1].label_id = 0;
  attached[1].confidence = 0.25;
  gst_yolov5_detections_attach (rig.buffer, &rig.info, attached, 3, TRUE);
  g_array_append_val (rig.detections, attached[0]);
  gst_yolov5_detections_collect (rig.buffer, rig.detections);
  fail_unless_equals_int (rig.detections->len, 4);
  check_detection (1, "person", 3, 0.75, 1, 2, 3, 4);
  check_detection (2, "car", 0, 0.25, 0, 0, 1, 1);
  check_detection (3, "person", 3, 0.75, 600, 300, 40, 60);
}
GST_END_TEST;

/* regions of other elements: pixels count, parameters may be missing, partial
 * or of an unexpected type, and there may be no type */
GST_START_TEST (test_collect_regions_of_others)
{
  GstVideoRegionOfInterestMeta *region;

  gst_buffer_add_video_region_of_interest_meta (rig.buffer, "face", 1, 2, 3, 4);
  region = gst_buffer_add_video_region_of_interest_meta (
      rig.buffer, "dog", 5, 6, 7, 8);
  gst_video_region_of_interest_meta_add_param (region,
      gst_structure_new ("roi/omx-alg", "label_id", G_TYPE_INT, 9, NULL));
  gst_video_region_of_interest_meta_add_param (region,
      gst_structure_new ("detection", "confidence", G_TYPE_DOUBLE, 0.5, "x_min",
          G_TYPE_DOUBLE, 0.9, "x_max", G_TYPE_DOUBLE, 1.0, NULL));
  region = gst_buffer_add_video_region_of_interest_meta_id (
      rig.buffer, 0, 9, 9, 9, 9);
  gst_video_region_of_interest_meta_add_param (
      region, gst_structure_new ("detection", "label_id", G_TYPE_INT, 4,
                  "confidence", G_TYPE_STRING, "high", NULL));

  gst_yolov5_detections_collect (rig.buffer, rig.detections);
  fail_unless_equals_int (rig.detections->len, 3);
  check_detection (0, "face", -1, -1, 1, 2, 3, 4);
  check_detection (1, "dog", -1, 0.5, 5, 6, 7, 8);
  check_detection (2, NULL, 4, -1, 9, 9, 9, 9);
}
GST_END_TEST;

/* Scaling carries boxes and labels along. A region loses its parameters on the
 * way in the GStreamer versions known today, an object keeps its confidence. */
GST_START_TEST (test_scaling)
{
  GstYolov5Detection detection = new_detection ("person", 64, 90, 320, 180);
  GstHarness *harness;
  GstYolov5Detection *scaled;

  if (!gst_registry_check_feature_version (
          gst_registry_get (), "videoscale", 1, 0, 0)) {
    g_print ("skipped: there is no videoscale element\n");
    return;
  }
  harness = gst_harness_new ("videoscale");
  gst_harness_set_caps_str (harness,
      "video/x-raw,format=RGB,width=640,height=360,framerate=25/1",
      "video/x-raw,format=RGB,width=320,height=90,framerate=25/1");
  gst_yolov5_detections_attach (rig.buffer, &rig.info, &detection, 1, TRUE);
  rig.buffer = gst_harness_push_and_pull (harness, rig.buffer);
  fail_unless (rig.buffer != NULL);

  gst_yolov5_detections_collect (rig.buffer, rig.detections);
  fail_unless_equals_int (rig.detections->len, 1);
  scaled = &g_array_index (rig.detections, GstYolov5Detection, 0);
#ifndef HAVE_GST_ANALYTICS
  if (scaled->confidence == -1)
    scaled->confidence = 0.75;
#endif
  if (scaled->label_id == -1)
    scaled->label_id = 3;
  check_detection (0, "person", 3, 0.75, 32, 22, 160, 45);
  gst_harness_teardown (harness);
}
GST_END_TEST;

#ifndef HAVE_GST_ANALYTICS
/* of two regions of the same id and label the scaled one counts, as videoscale
 * leaves them before GStreamer 1.22, whichever comes first, or else the later */
GST_START_TEST (test_scaled_region_beside_the_old_one)
{
  static const struct {
    gboolean params[2];
    gint expected;
  } cases[] = { { { TRUE, FALSE }, 1 }, { { FALSE, TRUE }, 0 },
    { { FALSE, FALSE }, 1 }, { { TRUE, TRUE }, 1 } };
  gint i, with_params = cases[__i__].params[0] || cases[__i__].params[1];

  for (i = 0; i < 2; i++) {
    GstVideoRegionOfInterestMeta *region =
        gst_buffer_add_video_region_of_interest_meta (
            rig.buffer, "person", 10 + i, 10, 10, 10);

    region->id = 5;
    if (cases[__i__].params[i])
      gst_video_region_of_interest_meta_add_param (
          region, gst_structure_new ("detection", "label_id", G_TYPE_INT, 3,
                      "confidence", G_TYPE_DOUBLE, 0.75, NULL));
  }
  /* the same id but another label, and no ids */
  gst_buffer_add_video_region_of_interest_meta (
      rig.buffer, "car", 20, 10, 10, 10)
      ->id = 5;
  gst_buffer_add_video_region_of_interest_meta (
      rig.buffer, "dog", 30, 10, 10, 10);
  gst_buffer_add_video_region_of_interest_meta (
      rig.buffer, "dog", 40, 10, 10, 10);

  gst_yolov5_detections_collect (rig.buffer, rig.detections);
  fail_unless_equals_int (rig.detections->len, 4);
  check_detection (0, "person", with_params ? 3 : -1, with_params ? 0.75 : -1,
      10 + cases[__i__].expected, 10, 10, 10);
  check_detection (1, "car", -1, -1, 20, 10, 10, 10);
  check_detection (2, "dog", -1, -1, 30, 10, 10, 10);
  check_detection (3, "dog", -1, -1, 40, 10, 10, 10);
}
GST_END_TEST;
#endif

#ifdef HAVE_GST_ANALYTICS
/* each region has an object with its id, whatever ids were there before */
GST_START_TEST (test_objects_have_the_ids_of_their_regions)
{
  GstYolov5Detection detection = new_detection ("person", 64, 90, 320, 180);
  GstAnalyticsRelationMeta *relations;
  GstAnalyticsODMtd object;
  gpointer state = NULL;

  for (guint i = 0; i < 3; i++)
    gst_buffer_add_video_region_of_interest_meta (
        rig.buffer, "face", i, i, 10, 10)
        ->id = upstream_ids[__i__][i];
  gst_yolov5_detections_attach (rig.buffer, &rig.info, &detection, 1, TRUE);

  relations = gst_buffer_get_analytics_relation_meta (rig.buffer);
  fail_unless (relations != NULL);
  fail_unless (gst_analytics_relation_meta_iterate (
      relations, &state, gst_analytics_od_mtd_get_mtd_type (), &object));
  fail_unless_equals_int (object.id, get_region (3)->id);
  fail_unless_equals_string (
      g_quark_to_string (gst_analytics_od_mtd_get_obj_type (&object)),
      "person");
  fail_unless (!gst_analytics_relation_meta_iterate (
      relations, &state, gst_analytics_od_mtd_get_mtd_type (), &object));

  gst_yolov5_detections_collect (rig.buffer, rig.detections);
  fail_unless_equals_int (rig.detections->len, 4);
  check_detection (3, "person", 3, 0.75, 64, 90, 320, 180);
}
GST_END_TEST;

/* objects without a region are collected, and a region that only happens to
 * have the id of an object neither swallows it nor gets its confidence */
GST_START_TEST (test_collect_objects_of_others)
{
  GstAnalyticsRelationMeta *relations =
      gst_buffer_add_analytics_relation_meta (rig.buffer);
  GstAnalyticsODMtd object;

  gst_analytics_relation_meta_add_od_mtd (
      relations, g_quark_from_string ("dog"), 1, 2, 3, 4, 0.5, &object);
  gst_buffer_add_video_region_of_interest_meta (rig.buffer, "face", 5, 6, 7, 8);
  gst_buffer_add_video_region_of_interest_meta (rig.buffer, "face", 6, 6, 7, 8);
  gst_analytics_relation_meta_add_od_mtd (
      relations, g_quark_from_string ("cat"), 9, 9, 9, 9, 0.25, &object);
  gst_buffer_add_video_region_of_interest_meta (rig.buffer, "cat", 9, 9, 9, 9)
      ->id = object.id;
  gst_buffer_add_video_region_of_interest_meta (rig.buffer, "cat", 8, 8, 8, 8)
      ->id = object.id;

  gst_yolov5_detections_collect (rig.buffer, rig.detections);
  fail_unless_equals_int (rig.detections->len, 5);
  check_detection (0, "face", -1, -1, 5, 6, 7, 8);
  check_detection (1, "face", -1, -1, 6, 6, 7, 8);
  check_detection (2, "cat", -1, 0.25, 9, 9, 9, 9);
  check_detection (3, "cat", -1, -1, 8, 8, 8, 8);
  check_detection (4, "dog", -1, 0.5, 1, 2, 3, 4);
}
GST_END_TEST;

static guint8
get_level (GstBuffer *frame, gint x, gint y)
{
  guint8 level = 0;

  gst_buffer_extract (
      frame, y * GST_VIDEO_INFO_PLANE_STRIDE (&rig.info, 0) + 3 * x, &level, 1);
  return level;
}

/* bytes that upstream's overlay draws above the box, where its label is, and
 * checks of the box itself */
static guint
draw_upstream (GstHarness *harness, gboolean draw_labels)
{
  GstYolov5Detection detection = new_detection ("person", 64, 90, 320, 180);
  GstBuffer *frame = gst_buffer_copy_deep (rig.buffer);
  guint n_drawn = 0;

  g_object_set (harness->element, "draw-labels", draw_labels, NULL);
  gst_yolov5_detections_attach (frame, &rig.info, &detection, 1, TRUE);
  frame = gst_harness_push_and_pull (harness, frame);
  fail_unless (frame != NULL);
  /* in the middle of each edge, away from the label, and in the box */
  fail_unless (get_level (frame, 64, 180) > 0);
  fail_unless (get_level (frame, 64 + 320, 180) > 0);
  fail_unless (get_level (frame, 300, 90) > 0);
  fail_unless (get_level (frame, 300, 90 + 180) > 0);
  fail_unless_equals_int (get_level (frame, 300, 220), 0);
  for (gint y = 0; y < 85; y++) {
    for (gint x = 0; x < WIDTH; x++)
      n_drawn += get_level (frame, x, y) > 0;
  }
  gst_buffer_unref (frame);
  return n_drawn;
}

/* upstream's own overlay draws our boxes and labels, and nothing without */
GST_START_TEST (test_upstream_overlay_draws_detections)
{
  GstHarness *harness;
  GstBuffer *plain;

  if (!gst_registry_check_feature_version (
          gst_registry_get (), "objectdetectionoverlay", 1, 24, 0)) {
    g_print ("skipped: there is no objectdetectionoverlay element\n");
    return;
  }
  harness = gst_harness_new ("objectdetectionoverlay");
  gst_harness_set_caps_str (harness,
      "video/x-raw,format=RGB,width=640,height=360,framerate=25/1",
      "video/x-raw,format=RGB,width=640,height=360,framerate=25/1");
  /* first, for upstream's element repeats what it drew last */
  plain =
      gst_harness_push_and_pull (harness, gst_buffer_copy_deep (rig.buffer));
  fail_unless (plain != NULL);
  for (gint y = 0; y < HEIGHT; y++) {
    for (gint x = 0; x < WIDTH; x++)
      fail_unless_equals_int (get_level (plain, x, y), 0);
  }
  gst_buffer_unref (plain);

  fail_unless_equals_int (draw_upstream (harness, FALSE), 0);
  fail_unless (draw_upstream (harness, TRUE) > 0);
  gst_harness_teardown (harness);
}
GST_END_TEST;
#endif

static Suite *
detection_suite (void)
{
  Suite *suite = suite_create ("detection");
  TCase *tcase = tcase_create ("metadata");

  tcase_add_checked_fixture (
      tcase, metadata_rig_set_up, metadata_rig_tear_down);
  tcase_add_test (tcase, test_region_contract);
  tcase_add_loop_test (tcase, test_rounding, 0, G_N_ELEMENTS (roundings));
  tcase_add_test (tcase, test_nothing_to_attach);
  tcase_add_loop_test (
      tcase, test_ids_are_unique, 0, G_N_ELEMENTS (upstream_ids));
  tcase_add_test (tcase, test_collect_what_was_attached);
  tcase_add_test (tcase, test_collect_regions_of_others);
  tcase_add_test (tcase, test_scaling);
#ifndef HAVE_GST_ANALYTICS
  tcase_add_loop_test (tcase, test_scaled_region_beside_the_old_one, 0, 4);
#endif
#ifdef HAVE_GST_ANALYTICS
  tcase_add_loop_test (tcase, test_objects_have_the_ids_of_their_regions, 0,
      G_N_ELEMENTS (upstream_ids));
  tcase_add_test (tcase, test_collect_objects_of_others);
  tcase_add_test (tcase, test_upstream_overlay_draws_detections);
#endif
  suite_add_tcase (suite, tcase);
  return suite;
}

GST_CHECK_MAIN (detection);
