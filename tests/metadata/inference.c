/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The marks of elements that looked at a frame, and what is found again in
 * them. */

#include "rig.h"

#include "metadata/inference.h"

#if GST_CHECK_VERSION(1, 20, 0)
/* the mark of inference is read back, also after scaling, and frames that
 * nobody looked at have none */
GST_START_TEST (test_inference_mark)
{
  const GstYolov5Inference inference = { .frame = 7,
    .letterbox_time = 1,
    .inference_time = 2,
    .postprocess_time = 3,
    .element = "detector",
    .path = "/pipeline/detector" };
  GstYolov5Inference found = { 0 };
  GstHarness *harness = gst_harness_new ("videoscale");

  gst_yolov5_inference_register ();
  fail_if (gst_yolov5_inference_read (rig.buffer, &found));
  gst_yolov5_inference_attach (rig.buffer, &inference, NULL, 0);
  gst_harness_set_caps_str (harness,
      "video/x-raw,format=RGB,width=640,height=360,framerate=25/1",
      "video/x-raw,format=RGB,width=320,height=90,framerate=25/1");
  rig.buffer = gst_harness_push_and_pull (harness, rig.buffer);

  fail_unless (gst_yolov5_inference_read (rig.buffer, &found));
  fail_unless_equals_uint64 (found.frame, 7);
  fail_unless_equals_int (found.n_detections, 0);
  fail_unless_equals_uint64 (found.letterbox_time, 1);
  fail_unless_equals_uint64 (found.inference_time, 2);
  fail_unless_equals_uint64 (found.postprocess_time, 3);
  fail_unless_equals_string (found.element, "detector");
  fail_unless_equals_string (found.path, "/pipeline/detector");
  gst_harness_teardown (harness);
}
GST_END_TEST;

static void
attach_marked (const gchar *path, GstYolov5Detection *attached, guint n)
{
  const GstYolov5Inference inference = {
    .n_detections = n, .element = "detector", .path = path
  };

  gst_yolov5_inference_register ();
  gst_yolov5_detections_attach (rig.buffer, &rig.info, attached, n, TRUE);
  gst_yolov5_inference_attach (rig.buffer, &inference, attached, n);
}

/* as elements do that scale or convert */
static void
drop_parameters (void)
{
  GstVideoRegionOfInterestMeta *region;
  guint i;

  for (i = 0; (region = get_region (i)); i++) {
    g_list_free_full (region->params, (GDestroyNotify) gst_structure_free);
    region->params = NULL;
  }
}

/* what regions lose on their way is found again in the mark that lists them,
 * also where the video is really converted and scaled */
GST_START_TEST (test_lost_parameters)
{
  static const struct {
    const gchar *element;
    const gchar *caps;
  } ways[] = {
    { NULL, NULL },
    { "videoconvert", "video/x-raw,format=I420,width=640,height=360" },
    { "videoconvert ! videoscale",
        "video/x-raw,format=I420,width=1280,height=360" },
  };
  GstYolov5Detection attached[] = {
    new_detection ("person", 1, 2, 3, 4),
    new_detection ("car", 10, 20, 30, 40),
    new_detection ("person", 5, 5, 5, 5),
  };
  guint i;

  attached[1].label_id = 0;
  attached[1].confidence = 0.25;
  attach_marked ("/a", attached, 3);
  /* one that somebody else attached, with an id of ours */
  gst_buffer_add_video_region_of_interest_meta (rig.buffer, "face", 7, 7, 7, 7)
      ->id = attached[0].id;
  if (ways[__i__].element) {
    GstHarness *harness = gst_harness_new_parse (ways[__i__].element);

    gst_harness_set_caps_str (harness,
        "video/x-raw,format=RGB,width=640,height=360,framerate=25/1",
        ways[__i__].caps);
    rig.buffer = gst_harness_push_and_pull (harness, rig.buffer);
    gst_harness_teardown (harness);
  } else {
    drop_parameters ();
  }

  gst_yolov5_detections_collect (rig.buffer, rig.detections);
  fail_unless_equals_int (rig.detections->len, 4);
  for (i = 0; i < 4; i++) {
    const GstYolov5Detection *found =
        &g_array_index (rig.detections, GstYolov5Detection, i);

    fail_unless_equals_int (found->mark, i < 3 ? 0 : -1);
    fail_unless_equals_int (found->label_id, i < 3 ? attached[i].label_id : -1);
    fail_unless_equals_float (
        found->confidence, i < 3 ? attached[i].confidence : -1);
    if (i < 3)
      fail_unless_equals_int (found->id, attached[i].id);
  }
}
GST_END_TEST;

/* each element that looked has a mark, which lists its own detections */
GST_START_TEST (test_marks_of_two_elements)
{
  GstYolov5Detection cars[] = { new_detection ("car", 1, 2, 3, 4) };
  GstYolov5Detection both[] = { new_detection ("person", 1, 2, 3, 4),
    new_detection ("car", 5, 6, 7, 8) };
  const gchar *paths[] = { "/a", "/b" };
  const gint marks[] = { 0, 1, 1 };
  GstYolov5Inference found;
  gpointer state = NULL;
  guint i;

  attach_marked ("/a", cars, 1);
  attach_marked ("/b", both, 2);
  for (i = 0; i < 2; i++) {
    fail_unless (gst_yolov5_inference_iterate (rig.buffer, &state, &found));
    fail_unless_equals_string (found.path, paths[i]);
    fail_unless_equals_int (gst_yolov5_inference_get_n_listed (&found), i + 1);
  }
  fail_if (gst_yolov5_inference_iterate (rig.buffer, &state, &found));

  gst_yolov5_detections_collect (rig.buffer, rig.detections);
  fail_unless_equals_int (rig.detections->len, 3);
  for (i = 0; i < 3; i++)
    fail_unless_equals_int (
        g_array_index (rig.detections, GstYolov5Detection, i).mark, marks[i]);
}
GST_END_TEST;

/* marks that others wrote, with lists of any length and type, do no harm */
GST_START_TEST (test_odd_marks)
{
  static const gchar *const lists[] = {
    "x",
    "x, region-ids=(int)1, labels=(string)person",
    "x, region-ids=(string)<a, b>, labels=(int)<1, 2>",
    "x, region-ids=(int)<1, 1>, labels=(string)<person>",
    ("x, region-ids=(int)<1>, labels=(string)<person>, label-ids=(string)<a>, "
     "confidences=(int)<5>"),
  };
  GstYolov5Detection detection = new_detection ("person", 1, 2, 3, 4);
  GstStructure *mark;
  GstStructure *odd = gst_structure_new_from_string (lists[__i__]);
  gint i;

  fail_unless (odd != NULL);
  attach_marked ("/a", NULL, 0);
  mark = gst_custom_meta_get_structure (
      gst_buffer_get_custom_meta (rig.buffer, GST_YOLOV5_INFERENCE_META_NAME));
  for (i = 0; i < gst_structure_n_fields (odd); i++) {
    const gchar *name = gst_structure_nth_field_name (odd, i);

    gst_structure_set_value (mark, name, gst_structure_get_value (odd, name));
  }
  gst_structure_free (odd);
  gst_yolov5_detections_attach (rig.buffer, &rig.info, &detection, 1, TRUE);
  get_region (0)->id = 1;
  drop_parameters ();
  gst_yolov5_detections_collect (rig.buffer, rig.detections);
  fail_unless_equals_int (
      g_array_index (rig.detections, GstYolov5Detection, 0).label_id, -1);
}
GST_END_TEST;
#endif

static Suite *
inference_suite (void)
{
  Suite *suite = suite_create ("inference");
  TCase *tcase = tcase_create ("metadata");

  tcase_add_checked_fixture (
      tcase, metadata_rig_set_up, metadata_rig_tear_down);
#if GST_CHECK_VERSION(1, 20, 0)
  tcase_add_test (tcase, test_inference_mark);
  tcase_add_loop_test (tcase, test_lost_parameters, 0, 3);
  tcase_add_test (tcase, test_marks_of_two_elements);
  tcase_add_loop_test (tcase, test_odd_marks, 0, 5);
#endif
  suite_add_tcase (suite, tcase);
  return suite;
}

GST_CHECK_MAIN (inference);
