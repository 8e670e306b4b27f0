/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The plug-in as it is installed, in pipelines: VART, the software DPU and the
 * demo model under the detector element. */

#include <gst/check/gstcheck.h>

#include <string.h>

#define N_FRAMES 6

/* the noise in the corner of the test picture looks like this and that */
/* clang-format off */
#define DETECT                                                                 \
  "videotestsrc num-buffers=" G_STRINGIFY (N_FRAMES) " ! %s ! "                \
  "yolov5dpu model=%s/street/street-640x384_int.xmodel threshold=0.01 "        \
  "post-messages=true %s ! fakesink"
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

/* runs to the end or to the first error */
static void
run (Outcome *outcome, const gchar *caps, const gchar *properties)
{
  gchar *description =
      g_strdup_printf (DETECT, caps, g_getenv ("TEST_MODELS_DIR"), properties);
  GstElement *pipeline = gst_parse_launch (description, NULL);
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
  gst_object_unref (pipeline);
  g_free (description);
}

static void
clear_outcome (Outcome *outcome)
{
  g_string_free (outcome->detections, TRUE);
  g_free (outcome->error);
  g_free (outcome->warning);
}

#define CAPS "video/x-raw,format=NV12,width=640,height=480"

/* the boxes are the same however many frames and threads work at once */
GST_START_TEST (test_same_boxes)
{
  static const gchar *const properties[] = {
    "device=cpu max-in-flight=1 cpu-threads=2",
    "device=cpu max-in-flight=4 cpu-threads=1",
    "device=cpu",
  };
  Outcome expected, outcome;
  guint i;

  run (&expected, CAPS, "device=cpu max-in-flight=1 cpu-threads=1");
  fail_unless (expected.error == NULL, "%s", expected.error);
  fail_unless (strstr (expected.detections->str, "label") != NULL);

  for (i = 0; i < G_N_ELEMENTS (properties); i++) {
    run (&outcome, CAPS, properties[i]);
    fail_unless (outcome.error == NULL, "%s", outcome.error);
    fail_unless (outcome.warning == NULL, "%s", outcome.warning);
    assert_equals_int (outcome.n_frames, N_FRAMES);
    assert_equals_string (outcome.detections->str, expected.detections->str);
    clear_outcome (&outcome);
  }
  clear_outcome (&expected);
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

  run (&outcome, frame_caps[__i__], "device=cpu");
  fail_unless (outcome.error == NULL, "%s", outcome.error);
  assert_equals_int (outcome.n_frames, N_FRAMES);
  clear_outcome (&outcome);
}
GST_END_TEST;

/* without a DPU, the software DPU takes over and says so; a DPU that is asked
 * for and not there is an error. with one, this tests nothing */
GST_START_TEST (test_devices)
{
  Outcome automatic, dpu;

  run (&dpu, CAPS, "device=dpu");
  if (dpu.error) {
    assert_equals_int (dpu.n_frames, 0);
    run (&automatic, CAPS, "device=auto");
    fail_unless (automatic.error == NULL, "%s", automatic.error);
    fail_unless (automatic.warning != NULL);
    assert_equals_int (automatic.n_frames, N_FRAMES);
    clear_outcome (&automatic);
  } else {
    g_print ("there is a DPU: nothing to fall back from\n");
  }
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
  tcase_add_loop_test (tcase, test_formats, 0, G_N_ELEMENTS (frame_caps));
  tcase_add_test (tcase, test_devices);

  return suite;
}

GST_CHECK_MAIN (yolov5dpu_pipeline);
