/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Properties of the detector element while it runs: what changes, from when
 * on, and what is refused. The double finds a box of 10x13 pixels of the class
 * "even" or "odd" in each frame. */

#include "rig.h"

#include <gst/controller/controller.h>

#include <string.h>

/* one warning, with these texts in its sentence, and no error */
static void
assert_warning (GstBus *bus, const gchar *text, const gchar *other_text)
{
  GstMessage *message = pop_message (bus, GST_MESSAGE_WARNING);
  GError *error = NULL;

  gst_message_parse_warning (message, &error, NULL);
  fail_unless (
      g_error_matches (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS));
  fail_unless (strstr (error->message, text) != NULL, "\"%s\" lacks \"%s\"",
      error->message, text);
  fail_unless (strstr (error->message, other_text) != NULL,
      "\"%s\" lacks \"%s\"", error->message, other_text);
  g_error_free (error);
  gst_message_unref (message);
  fail_if (gst_bus_pop_filtered (bus, GST_MESSAGE_WARNING));
  assert_no_error (bus);
}

typedef struct {
  const gchar *property;
  const gchar *value;
  /* whether boxes of "even" and "odd" are found then */
  guint even;
  guint odd;
} TuningCase;

static const TuningCase tuning_cases[] = {
  { "threshold", "1.0", 0, 0 },
  { "classes", "odd", 0, 1 },
  { "classes", "0", 1, 0 },
  { "classes", "even,odd", 1, 1 },
  { "classes", "", 1, 1 },
  { "class-thresholds", "odd=1", 1, 0 },
  { "class-thresholds", "even=1.0, odd=0.5", 0, 1 },
  { "agnostic-nms", "true", 1, 1 },
  { "min-box-size", "10", 1, 1 },
  { "min-box-size", "11", 0, 0 },
  { "max-box-size", "13", 1, 1 },
  { "max-box-size", "12", 0, 0 },
};

/* what is set while frames are in flight takes effect with the next frame */
GST_START_TEST (test_next_frame)
{
  const TuningCase *c = &tuning_cases[__i__];
  DetectorRig *rig = detector_rig_new ("max-in-flight", 4, NULL);
  GstBuffer *buffer;

  fake_dpu_hold ();
  detector_rig_push (rig, 0);
  detector_rig_push (rig, 1);
  gst_util_set_object_arg (G_OBJECT (rig->element), c->property, c->value);
  detector_rig_push (rig, 2);
  detector_rig_push (rig, 3);
  fake_dpu_let_all ();

  for (guint level = 0; level < 4; level++) {
    const guint expected[] = { 1, 1, c->even, c->odd };

    buffer = gst_harness_pull (rig->harness);
    assert_equals_int (count_detections (buffer), expected[level]);
    gst_buffer_unref (buffer);
  }
  fail_if (gst_bus_pop_filtered (rig->bus, GST_MESSAGE_WARNING));
  detector_rig_free (rig);
}
GST_END_TEST;

/* sizes are in pixels of the frame, whatever the model's input is: the frame
 * is twice as large here, and so is the box */
GST_START_TEST (test_box_size_in_frame_pixels)
{
  DetectorRig *rig = detector_rig_new ("max-in-flight", 1, NULL);
  static const struct {
    guint min_size, max_size, n_found;
  } cases[] = { { 20, 0, 1 }, { 21, 0, 0 }, { 0, 26, 1 }, { 0, 25, 0 } };

  detector_rig_set_size (rig, 2 * FAKE_DPU_SIZE, 2 * FAKE_DPU_SIZE);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    GstBuffer *buffer;

    g_object_set (rig->element, "min-box-size", cases[i].min_size,
        "max-box-size", cases[i].max_size, NULL);
    assert_equals_int (
        gst_harness_push (
            rig->harness, frame_new (2 * FAKE_DPU_SIZE, 2 * FAKE_DPU_SIZE, 27)),
        GST_FLOW_OK);
    buffer = gst_harness_pull (rig->harness);
    assert_equals_int (count_detections (buffer), cases[i].n_found);
    gst_buffer_unref (buffer);
  }
  detector_rig_free (rig);
}
GST_END_TEST;

typedef struct {
  const gchar *property;
  const gchar *good;
  const gchar *bad;
  const gchar *text;
} WrongCase;

static const WrongCase wrong_cases[] = {
  { "classes", "odd", "odd,bus", "\"bus\"" },
  { "classes", "odd", "2", "\"2\"" },
  { "class-thresholds", "even=1", "even=2", "\"2\"" },
  { "class-thresholds", "even=1", "even", "\"even\"" },
  { "class-thresholds", "even=1", "bus=0.5", "\"bus\"" },
  /* not UTF-8, which messages are */
  { "classes", "odd", "\xe9t\xe9", "\"\ufffdt\ufffd\"" },
  { "class-thresholds", "even=1", "\xe9=2", "\"\ufffd\"" },
};

/* a wrong value is refused with a warning that names it, and the one before
 * stays in force */
GST_START_TEST (test_wrong_value)
{
  const WrongCase *c = &wrong_cases[__i__];
  DetectorRig *rig = detector_rig_new ("max-in-flight", 1, NULL);
  gchar *value = NULL;

  g_object_set (rig->element, c->property, c->good, NULL);
  g_object_set (rig->element, c->property, c->bad, NULL);
  assert_warning (rig->bus, c->property, c->text);
  g_object_get (rig->element, c->property, &value, NULL);
  assert_equals_string (value, c->good);
  assert_equals_int (detector_rig_count (rig, 0), 0);
  assert_equals_int (detector_rig_count (rig, 1), 1);
  g_free (value);
  detector_rig_free (rig);
}
GST_END_TEST;

/* before there is a model nobody can tell; when it opens, what it does not have
 * is an error that names it, the value stays the user's, and with a good one the
 * element starts */
GST_START_TEST (test_wrong_value_at_start)
{
  const WrongCase *c = &wrong_cases[__i__];
  ModelFiles files;
  GstBus *bus = gst_bus_new ();
  GstElement *element;
  gchar *value = NULL;

  model_files_init (&files);
  element = detector_new (&files, bus);
  g_object_set (element, c->property, c->bad, NULL);
  assert_equals_int (gst_element_set_state (element, GST_STATE_PAUSED),
      GST_STATE_CHANGE_FAILURE);
  assert_error (bus, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS, c->text);
  g_object_get (element, c->property, &value, NULL);
  assert_equals_string (value, c->bad);
  g_object_set (element, c->property, c->good, NULL);
  gst_element_set_state (element, GST_STATE_NULL);
  fail_unless (gst_element_set_state (element, GST_STATE_PAUSED)
               != GST_STATE_CHANGE_FAILURE);
  assert_no_error (bus);

  gst_element_set_state (element, GST_STATE_NULL);
  g_free (value);
  gst_element_set_bus (element, NULL);
  gst_object_unref (element);
  gst_object_unref (bus);
  model_files_clear (&files);
}
GST_END_TEST;

/* thresholds follow a controller, by the stream time of each frame */
GST_START_TEST (test_controlled_threshold)
{
  DetectorRig *rig = detector_rig_new ("max-in-flight", 1, NULL);
  GstControlSource *source = gst_interpolation_control_source_new ();
  GstTimedValueControlSource *values = GST_TIMED_VALUE_CONTROL_SOURCE (source);

  g_object_set (source, "mode", GST_INTERPOLATION_MODE_NONE, NULL);
  gst_timed_value_control_source_set (values, 0, 0.25);
  gst_timed_value_control_source_set (values, 2 * FRAME_DURATION, 1.0);
  fail_unless (gst_object_add_control_binding (GST_OBJECT (rig->element),
      gst_direct_control_binding_new_absolute (
          GST_OBJECT (rig->element), "threshold", source)));
  assert_equals_int (detector_rig_count (rig, 1), 1);
  assert_equals_int (detector_rig_count (rig, 2), 0);
  gst_object_unref (source);
  detector_rig_free (rig);
}
GST_END_TEST;

static const gchar *const fixed_properties[][2] = {
  { "model", "other.xmodel" },
  { "model-info", "other.modelinfo" },
  { "label-file", "other.txt" },
  { "device", "dpu" },
  { "max-in-flight", "7" },
  { "cpu-threads", "3" },
  { "timeout", "2000000000" },
  { "xclbin", "other.xclbin" },
};

/* what the model was opened with does not change until it is closed; the
 * attempt is worth a warning and changes nothing */
GST_START_TEST (test_fixed_while_open)
{
  const gchar *const *property = fixed_properties[__i__];
  DetectorRig *rig = detector_rig_new ("max-in-flight", 2, NULL);
  GValue before = G_VALUE_INIT, after = G_VALUE_INIT;
  GParamSpec *pspec = g_object_class_find_property (
      G_OBJECT_GET_CLASS (rig->element), property[0]);

  g_value_init (&before, pspec->value_type);
  g_value_init (&after, pspec->value_type);
  g_object_get_property (G_OBJECT (rig->element), property[0], &before);
  gst_util_set_object_arg (G_OBJECT (rig->element), property[0], property[1]);
  assert_warning (rig->bus, property[0], "READY");
  g_object_get_property (G_OBJECT (rig->element), property[0], &after);
  assert_equals_int (gst_value_compare (&before, &after), GST_VALUE_EQUAL);
  assert_equals_int (detector_rig_count (rig, 1), 1);

  gst_element_set_state (rig->element, GST_STATE_READY);
  gst_util_set_object_arg (G_OBJECT (rig->element), property[0], property[1]);
  fail_if (gst_bus_pop_filtered (rig->bus, GST_MESSAGE_WARNING));
  g_object_get_property (G_OBJECT (rig->element), property[0], &after);
  fail_if (gst_value_compare (&before, &after) == GST_VALUE_EQUAL);

  g_value_unset (&before);
  g_value_unset (&after);
  detector_rig_free (rig);
}
GST_END_TEST;

/* a failed start leaves everything free to be set */
GST_START_TEST (test_free_after_failed_start)
{
  ModelFiles files;
  GstBus *bus = gst_bus_new ();
  GstElement *element;

  model_files_init (&files);
  element = detector_new (&files, bus);
  fake_dpu_fail_open (DPU_ERROR_MODEL, "No");
  assert_equals_int (gst_element_set_state (element, GST_STATE_PAUSED),
      GST_STATE_CHANGE_FAILURE);
  gst_message_unref (pop_message (bus, GST_MESSAGE_ERROR));
  g_object_set (element, "max-in-flight", 3, NULL);
  fail_if (gst_bus_pop_filtered (bus, GST_MESSAGE_WARNING));

  gst_element_set_state (element, GST_STATE_NULL);
  gst_element_set_bus (element, NULL);
  gst_object_unref (element);
  gst_object_unref (bus);
  model_files_clear (&files);
}
GST_END_TEST;

static guint
count_regions (GstBuffer *buffer)
{
  gpointer state = NULL;
  guint n_regions = 0;

  while (gst_buffer_iterate_meta_filtered (
      buffer, &state, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE))
    n_regions++;
  return n_regions;
}

/* encoders need not see regions of interest; other metadata stay */
GST_START_TEST (test_attach_roi_meta)
{
  DetectorRig *rig =
      detector_rig_new ("max-in-flight", 1, "attach-roi-meta", FALSE, NULL);
  GstBuffer *buffer;

  detector_rig_push (rig, 1);
  buffer = gst_harness_pull (rig->harness);
  assert_equals_int (count_regions (buffer), 0);
#ifdef HAVE_GST_ANALYTICS
  assert_equals_int (count_detections (buffer), 1);
#endif
  gst_buffer_unref (buffer);

  g_object_set (rig->element, "attach-roi-meta", TRUE, NULL);
  detector_rig_push (rig, 1);
  buffer = gst_harness_pull (rig->harness);
  assert_equals_int (count_regions (buffer), 1);
  gst_buffer_unref (buffer);
  detector_rig_free (rig);
}
GST_END_TEST;

static Suite *
yolov5dpu_tuning_suite (void)
{
  Suite *suite = suite_create ("yolov5dpu-tuning");
  TCase *tcase = tcase_create ("tuning");

  suite_add_tcase (suite, tcase);
  testfolder_add (tcase);
  tcase_add_checked_fixture (tcase, fake_dpu_reset, NULL);
  tcase_add_loop_test (tcase, test_next_frame, 0, G_N_ELEMENTS (tuning_cases));
  tcase_add_test (tcase, test_box_size_in_frame_pixels);
  tcase_add_loop_test (tcase, test_wrong_value, 0, G_N_ELEMENTS (wrong_cases));
  tcase_add_loop_test (
      tcase, test_wrong_value_at_start, 0, G_N_ELEMENTS (wrong_cases));
  tcase_add_loop_test (
      tcase, test_fixed_while_open, 0, G_N_ELEMENTS (fixed_properties));
  tcase_add_test (tcase, test_free_after_failed_start);
  tcase_add_test (tcase, test_attach_roi_meta);
  tcase_add_test (tcase, test_controlled_threshold);

  return suite;
}

GST_CHECK_MAIN (yolov5dpu_tuning);
