/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The plug-in as it is installed, in pipelines: VART, a DPU or the software
 * DPU, as TEST_DEVICE says, and the demo model under the detector element. */

#include <gst/check/gstcheck.h>

#include <string.h>

#define N_FRAMES 6

/* the noise in the corner of the test picture looks like this and that */
/* clang-format off */
#define DETECT                                                                 \
  "videotestsrc num-buffers=" G_STRINGIFY (N_FRAMES) " ! %s ! "                \
  "yolov5dpu model=%s/street/street-640x384_int.xmodel threshold=0.01 "        \
  "post-messages=true device=%s %s ! fakesink"
/* clang-format on */

typedef struct {
  GString *detections;
  guint n_frames;
  gchar *error;
  gchar *warning;
} Outcome;

static gchar *
parse_text (
    GstMessage *message, void (*parse) (GstMessage *, GError **, gchar **))
{
  GError *error = NULL;
  gchar *text;

  parse (message, &error, NULL);
  text = g_strdup (error->message);
  g_error_free (error);
  return text;
}

static void
note_frame (Outcome *outcome, const GstStructure *structure)
{
  gchar *detections =
      gst_value_serialize (gst_structure_get_value (structure, "detections"));
  guint64 frame;

  fail_unless (gst_structure_get_uint64 (structure, "frame", &frame));
  assert_equals_uint64 (frame, outcome->n_frames++);
  g_string_append_printf (outcome->detections, "%s\n", detections);
  g_free (detections);
}

/* what is tested */
static const gchar *
get_device (void)
{
  return g_getenv ("TEST_DEVICE");
}

static GstElement *
new_pipeline (const gchar *caps, const gchar *device, const gchar *properties)
{
  gchar *description = g_strdup_printf (
      DETECT, caps, g_getenv ("TEST_MODELS_DIR"), device, properties);
  GstElement *pipeline = gst_parse_launch (description, NULL);

  g_free (description);
  return pipeline;
}

/* runs to the end or to the first error */
static void
run_pipeline (Outcome *outcome, GstElement *pipeline)
{
  GstBus *bus = gst_element_get_bus (pipeline);
  gboolean done = FALSE;

  memset (outcome, 0, sizeof (*outcome));
  outcome->detections = g_string_new (NULL);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  while (!done) {
    GstMessage *message = gst_bus_timed_pop_filtered (bus, GST_CLOCK_TIME_NONE,
        GST_MESSAGE_EOS | GST_MESSAGE_ERROR | GST_MESSAGE_WARNING
            | GST_MESSAGE_ELEMENT);

    switch (GST_MESSAGE_TYPE (message)) {
      case GST_MESSAGE_ELEMENT:
        note_frame (outcome, gst_message_get_structure (message));
        break;
      case GST_MESSAGE_WARNING:
        fail_unless (outcome->warning == NULL);
        outcome->warning = parse_text (message, gst_message_parse_warning);
        break;
      case GST_MESSAGE_ERROR:
        outcome->error = parse_text (message, gst_message_parse_error);
        done = TRUE;
        break;
      default:
        done = TRUE;
        break;
    }
    gst_message_unref (message);
  }

  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (bus);
}

static void
run (Outcome *outcome, const gchar *caps, const gchar *device,
    const gchar *properties)
{
  GstElement *pipeline = new_pipeline (caps, device, properties);

  run_pipeline (outcome, pipeline);
  gst_object_unref (pipeline);
}

static void
clear_outcome (Outcome *outcome)
{
  g_string_free (outcome->detections, TRUE);
  g_free (outcome->error);
  g_free (outcome->warning);
}

#define CAPS "video/x-raw,format=NV12,width=640,height=480"

/* the boxes are the software DPU's, however many frames and threads work at
 * once */
GST_START_TEST (test_same_boxes)
{
  static const gchar *const properties[] = {
    "max-in-flight=1 cpu-threads=2",
    "max-in-flight=4 cpu-threads=1",
    "",
  };
  Outcome expected, outcome;
  guint i;

  run (&expected, CAPS, "cpu", "max-in-flight=1 cpu-threads=1");
  fail_unless (expected.error == NULL, "%s", expected.error);
  fail_unless (strstr (expected.detections->str, "label") != NULL);

  for (i = 0; i < G_N_ELEMENTS (properties); i++) {
    run (&outcome, CAPS, get_device (), properties[i]);
    fail_unless (outcome.error == NULL, "%s", outcome.error);
    fail_unless (outcome.warning == NULL, "%s", outcome.warning);
    assert_equals_int (outcome.n_frames, N_FRAMES);
    assert_equals_string (outcome.detections->str, expected.detections->str);
    clear_outcome (&outcome);
  }
  clear_outcome (&expected);
}
GST_END_TEST;

/* what @detector finds, in a pipeline of its own, as the test picture's noise
 * goes on from run to run */
static void
run_detector (Outcome *outcome, GstElement *detector)
{
  GstElement *pipeline =
      gst_parse_launch ("videotestsrc num-buffers=" G_STRINGIFY (
                            N_FRAMES) " ! " CAPS " ! identity name=before "
                                      "fakesink name=after",
          NULL);
  GstElement *before = gst_bin_get_by_name (GST_BIN (pipeline), "before");
  GstElement *after = gst_bin_get_by_name (GST_BIN (pipeline), "after");

  gst_bin_add (GST_BIN (pipeline), detector);
  fail_unless (gst_element_link_many (before, detector, after, NULL));
  run_pipeline (outcome, pipeline);
  gst_bin_remove (GST_BIN (pipeline), detector);
  gst_object_unref (before);
  gst_object_unref (after);
  gst_object_unref (pipeline);
}

/* an element can have another model, with another input, each time it starts */
GST_START_TEST (test_model_change)
{
  static const gchar *const models[] = { "street-640x384_int.xmodel",
    "street-640x640_int.xmodel" };
  GstElement *detector = gst_element_factory_make ("yolov5dpu", NULL);
  Outcome outcomes[4];
  guint i;

  gst_object_ref_sink (detector);
  gst_util_set_object_arg (G_OBJECT (detector), "device", get_device ());
  g_object_set (detector, "threshold", 0.01, "post-messages", TRUE, NULL);
  for (i = 0; i < 4; i++) {
    gchar *path = g_build_filename (
        g_getenv ("TEST_MODELS_DIR"), "street", models[i % 2], NULL);

    g_object_set (detector, "model", path, NULL);
    run_detector (&outcomes[i], detector);
    fail_unless (outcomes[i].error == NULL, "%s", outcomes[i].error);
    fail_unless (outcomes[i].warning == NULL, "%s", outcomes[i].warning);
    fail_unless (strstr (outcomes[i].detections->str, "label") != NULL);
    g_free (path);
  }
  fail_unless (g_string_equal (outcomes[0].detections, outcomes[2].detections));
  fail_unless (g_string_equal (outcomes[1].detections, outcomes[3].detections));
  fail_if (g_string_equal (outcomes[0].detections, outcomes[1].detections));

  for (i = 0; i < 4; i++)
    clear_outcome (&outcomes[i]);
  gst_object_unref (detector);
}
GST_END_TEST;

static const gchar *const frame_caps[] = {
  "video/x-raw,format=I420,width=1920,height=1080",
  "video/x-raw,format=YUY2,width=639,height=479",
  "video/x-raw,format=GRAY8,width=33,height=77",
  "video/x-raw,format=RGB,width=1,height=1",
};

/* frames of any format and size come through */
GST_START_TEST (test_formats)
{
  Outcome outcome;

  run (&outcome, frame_caps[__i__], get_device (), "");
  fail_unless (outcome.error == NULL, "%s", outcome.error);
  assert_equals_int (outcome.n_frames, N_FRAMES);
  clear_outcome (&outcome);
}
GST_END_TEST;

/* without a DPU, the software DPU takes over and says so; a DPU that is asked
 * for and not there is an error. with one there is nothing to say */
GST_START_TEST (test_devices)
{
  Outcome automatic, dpu;

  run (&dpu, CAPS, "dpu", "");
  run (&automatic, CAPS, "auto", "");
  if (g_str_equal (get_device (), "dpu"))
    fail_unless (dpu.error == NULL, "%s", dpu.error);
  assert_equals_int (dpu.n_frames, dpu.error != NULL ? 0 : N_FRAMES);
  fail_unless (automatic.error == NULL, "%s", automatic.error);
  fail_unless ((automatic.warning != NULL) == (dpu.error != NULL));
  assert_equals_int (automatic.n_frames, N_FRAMES);
  clear_outcome (&automatic);
  clear_outcome (&dpu);
}
GST_END_TEST;

static Suite *
yolov5dpu_pipeline_suite (void)
{
  Suite *suite = suite_create ("yolov5dpu-pipeline");
  TCase *tcase = tcase_create ("pipeline");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_same_boxes);
  tcase_add_test (tcase, test_model_change);
  tcase_add_loop_test (tcase, test_formats, 0, G_N_ELEMENTS (frame_caps));
  tcase_add_test (tcase, test_devices);

  return suite;
}

GST_CHECK_MAIN (yolov5dpu_pipeline);
