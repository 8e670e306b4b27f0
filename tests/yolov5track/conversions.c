/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Ids behind elements that convert frames, and in yolov5json's lines. */

#include <json-glib/json-glib.h>
#include <math.h>

#include "rig.h"

#ifdef HAVE_GST_ANALYTICS
#include <gst/analytics/analytics.h>
#endif

/* frames that can be converted */
static GstBuffer *
new_picture (guint number)
{
  GstBuffer *buffer = rig_new_frame (number);
  gsize size = RIG_WIDTH * RIG_HEIGHT * 3 / 2;

  gst_buffer_append_memory (buffer, gst_allocator_alloc (NULL, size, NULL));
  gst_buffer_memset (buffer, 0, 128, size);
  return buffer;
}

static const RigBox two_persons[] = { { "person", 100, 100, 40, 100, 0.9 },
  { "person", 300, 200, 40, 100, 0.8 }, { NULL } };

/* those that scale drop what regions have beside their boxes, which marks keep */
static const struct {
  const gchar *elements;
  gdouble scale;
} conversions[] = {
  { "videoconvert ! capsfilter caps=video/x-raw,format=RGB", 1 },
  { "queue ! identity", 1 },
#if GST_CHECK_VERSION(1, 20, 0)
  { "videoscale ! capsfilter caps=video/x-raw,width=320,height=240", 0.5 },
  { "videoscale ! videoconvert ! "
    "capsfilter caps=video/x-raw,width=1280,height=960,format=BGRx",
      2 },
#endif
};

/* id, prediction, class and confidence come through scaling and conversion, also
 * of detectors that give no ids to regions */
GST_START_TEST (test_conversions)
{
  gboolean is_foreign = __i__ % 2;
  g_autofree gchar *launch =
      g_strconcat ("yolov5track ! ", conversions[__i__ / 2].elements, NULL);
  GstHarness *h = gst_harness_new_parse (launch);

  gst_harness_set_src_caps_str (h, RIG_CAPS);
  for (guint i = 0; i < 9; i++) {
    GstBuffer *buffer = new_picture (i);
    g_autoptr (RigFrame) frame = NULL;

    if (i % 3 == 0) {
      if (is_foreign)
        rig_attach_foreign (buffer, two_persons);
      else
        rig_look (buffer, "detector", 0, two_persons);
    }
    frame = rig_push (h, buffer);
    if (i < 4)
      continue;
    assert_equals_int (rig_frame_get_n (frame), 2);
    for (guint j = 0; j < 2; j++) {
      const GstYolov5Detection *box = rig_frame_get_detection (frame, j);
      const GstYolov5TrackedObject *track = rig_frame_get_track (frame, j);

      assert_equals_uint64 (track->id, j + 1);
      assert_equals_uint64 (
          track->age, RIG_HAS_MARKS ? i * RIG_FRAME_TIME : GST_CLOCK_TIME_NONE);
      fail_unless (track->is_predicted == (i % 3 != 0));
      assert_equals_string (g_quark_to_string (track->label), "person");
      fail_unless (
          fabs (box->x - two_persons[j].x * conversions[__i__ / 2].scale) <= 4);
      assert_equals_int (box->label_id, is_foreign ? 3 : 7);
      fail_unless (fabs (box->confidence - two_persons[j].confidence) < 1e-6);
    }
  }
  gst_harness_teardown (h);
}

GST_END_TEST;

static JsonObject *
pull_line (GstHarness *h, JsonParser *parser)
{
  GstBuffer *line = gst_harness_pull (h);
  GstMapInfo map;

  fail_unless (gst_buffer_map (line, &map, GST_MAP_READ));
  fail_unless (json_parser_load_from_data (
      parser, (const gchar *) map.data, map.size, NULL));
  gst_buffer_unmap (line, &map);
  gst_buffer_unref (line);
  return json_node_get_object (json_parser_get_root (parser));
}

/* lines have id, predicted and age of what is tracked; frames with nothing but
 * predicted boxes do not count as inferred */
GST_START_TEST (test_json)
{
  gboolean is_foreign = __i__;
  GstHarness *h = gst_harness_new_parse ("yolov5track ! yolov5json");
  g_autoptr (JsonParser) parser = json_parser_new ();

  gst_harness_set_src_caps_str (h, RIG_CAPS);
  for (guint i = 0; i < 9; i++) {
    GstBuffer *buffer = rig_new_frame (i);
    JsonObject *object, *detection;
    JsonArray *detections;

    if (i % 3 == 0) {
      if (is_foreign)
        rig_attach_foreign (buffer, two_persons);
      else
        rig_look (buffer, "detector", 0, two_persons);
    }
    assert_equals_int (gst_harness_push (h, buffer), GST_FLOW_OK);
    object = pull_line (h, parser);
    detections = json_object_get_array_member (object, "detections");
    if (i == 0) {
      detection = json_array_get_object_element (detections, 0);
      fail_if (json_object_has_member (detection, "id"));
      fail_if (json_object_has_member (detection, "predicted"));
      fail_if (json_object_has_member (detection, "age"));
    }
    if (i < 4)
      continue;
    assert_equals_int (json_array_get_length (detections), 2);
    detection = json_array_get_object_element (detections, 1);
    assert_equals_int64 (json_object_get_int_member (detection, "id"), 2);
    fail_unless (json_object_get_boolean_member (detection, "predicted")
                 == (i % 3 != 0));
    fail_unless (json_object_has_member (detection, "age") == RIG_HAS_MARKS);
    if (RIG_HAS_MARKS)
      assert_equals_int64 (
          json_object_get_int_member (detection, "age"), i * RIG_FRAME_TIME);
    if ((is_foreign || !RIG_HAS_MARKS) && i % 3 != 0)
      fail_unless (json_object_get_null_member (object, "inferred"));
    else
      fail_unless (
          json_object_get_boolean_member (object, "inferred") == (i % 3 == 0));
  }
  gst_harness_teardown (h);
}

GST_END_TEST;

/* ids of other trackers are written, too, and not replaced */
GST_START_TEST (test_other_tracker)
{
  GstHarness *h = gst_harness_new_parse ("yolov5track ! yolov5json");
  g_autoptr (JsonParser) parser = json_parser_new ();

  gst_harness_set_src_caps_str (h, RIG_CAPS);
  for (guint i = 0; i < 4; i++) {
    GstBuffer *buffer = rig_new_frame (i);
    GstVideoRegionOfInterestMeta *region;
    JsonObject *detection;

    rig_attach_foreign (buffer, two_persons);
    region = (gpointer) gst_buffer_get_meta (
        buffer, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE);
    gst_video_region_of_interest_meta_add_param (
        region, gst_structure_new ("object_id", "id", G_TYPE_INT, 77, NULL));
    assert_equals_int (gst_harness_push (h, buffer), GST_FLOW_OK);
    detection = json_array_get_object_element (
        json_object_get_array_member (pull_line (h, parser), "detections"), 0);
    assert_equals_int64 (json_object_get_int_member (detection, "id"), 77);
    fail_if (json_object_get_boolean_member (detection, "predicted"));
    fail_if (json_object_has_member (detection, "age"));
  }
  gst_harness_teardown (h);
}

GST_END_TEST;

#ifdef HAVE_GST_ANALYTICS
/* GstAnalytics has the id, and since when it is known, related to the object;
 * videoscale keeps that */
GST_START_TEST (test_analytics)
{
  GstHarness *h =
      gst_harness_new_parse ("yolov5track ! videoscale ! capsfilter "
                             "caps=video/x-raw,width=320,height=240");

  gst_harness_set_src_caps_str (h, RIG_CAPS);
  for (guint i = 0; i < 9; i++) {
    GstBuffer *buffer = new_picture (i);
    g_autoptr (RigFrame) frame = NULL;
    GstAnalyticsRelationMeta *relations;

    if (i % 3 == 0)
      rig_look (buffer, "detector", 0, two_persons);
    frame = rig_push (h, buffer);
    if (i < 4)
      continue;
    relations = gst_buffer_get_analytics_relation_meta (frame->buffer);
    for (guint j = 0; j < 2; j++) {
      GstClockTime first_seen, last_seen;
      GstAnalyticsTrackingMtd tracking;
      gpointer state = NULL;
      gboolean lost;
      guint64 id;

      fail_unless (gst_analytics_relation_meta_get_direct_related (relations,
          rig_frame_get_detection (frame, j)->id,
          GST_ANALYTICS_REL_TYPE_RELATE_TO,
          gst_analytics_tracking_mtd_get_mtd_type (), &state, &tracking));
      fail_unless (gst_analytics_tracking_mtd_get_info (
          &tracking, &id, &first_seen, &last_seen, &lost));
      assert_equals_uint64 (id, j + 1);
      assert_equals_uint64 (first_seen, 0);
      if (i % 3 == 0)
        assert_equals_uint64 (last_seen, i * RIG_FRAME_TIME);
      fail_if (lost);
    }
  }
  gst_harness_teardown (h);
}

GST_END_TEST;
#endif

static Suite *
yolov5track_conversions_suite (void)
{
  Suite *suite = suite_create ("yolov5track-conversions");
  TCase *tcase = tcase_create ("conversions");

  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (
      tcase, test_conversions, 0, 2 * G_N_ELEMENTS (conversions));
  tcase_add_loop_test (tcase, test_json, 0, 2);
  tcase_add_test (tcase, test_other_tracker);
#ifdef HAVE_GST_ANALYTICS
  tcase_add_test (tcase, test_analytics);
#endif
  return suite;
}

GST_CHECK_MAIN (yolov5track_conversions);
