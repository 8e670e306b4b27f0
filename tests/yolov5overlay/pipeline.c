/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Detectors that run models before one yolov5overlay. */

#include "rig.h"

#include <string.h>

#include "metadata/inference.h"

typedef struct {
  GBytes *before;
  guint n_frames, n_hidden, n_looks;
} Comparison;

#if GST_CHECK_VERSION(1, 20, 0)
static GstPadProbeReturn
note_frame (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  Comparison *comparison = data;
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);
  GstYolov5Inference inference;
  gpointer state = NULL;

  comparison->before = copy_pixels (buffer);
  while (gst_yolov5_inference_iterate (buffer, &state, &inference))
    comparison->n_looks += g_strcmp0 (inference.element, "people") == 0;
  return GST_PAD_PROBE_OK;
}

#endif

static GstPadProbeReturn
compare_frame (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  Comparison *comparison = data;

  comparison->n_frames++;
  if (comparison->before)
    comparison->n_hidden += !same_and_unref (
        comparison->before, copy_pixels (GST_PAD_PROBE_INFO_BUFFER (info)));
  return GST_PAD_PROBE_OK;
}

static void
add_probe (GstElement *pipeline, const gchar *pad_name,
    GstPadProbeCallback probe, Comparison *comparison)
{
  GstElement *overlay = gst_bin_get_by_name (GST_BIN (pipeline), "overlay");
  GstPad *pad = gst_element_get_static_pad (overlay, pad_name);

  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, probe, comparison, NULL);
  gst_object_unref (pad);
  gst_object_unref (overlay);
}

#if GST_CHECK_VERSION(1, 20, 0)
/* the mosaic of a detector that looks at every fifth frame is there in all of
 * them behind one that looks at each, whatever converts frames in between and
 * however the class is written */
GST_START_TEST (test_detectors_in_a_pipeline)
{
  static const gchar *const ways[][2] = { { "identity", "person" },
    { "videoconvert ! video/x-raw,format=RGB", "PERSON" },
    { "videoconvert ! video/x-raw,format=GRAY8", "1" } };
  g_autofree gchar *detector =
      g_strdup_printf ("yolov5dpu device=cpu threshold=0.02 "
                       "model=%s/street/street-640x384_int.xmodel",
          g_getenv ("TEST_MODELS_DIR"));
  g_autofree gchar *description = g_strdup_printf (
      "videotestsrc num-buffers=12 ! "
      "video/x-raw,format=I420,width=320,height=240 ! %s "
      "classes=car ! %s classes=person name=people "
      "inference-interval=5 ! %s ! yolov5overlay name=overlay "
      "blur=%s thickness=1 classes=\"licence plate\" ! fakesink",
      detector, detector, ways[__i__][0], ways[__i__][1]);
  GstElement *pipeline = gst_parse_launch (description, NULL);
  GstBus *bus = gst_element_get_bus (pipeline);
  Comparison comparison = { NULL, 0, 0, 0 };
  GstMessage *message;

  add_probe (pipeline, "sink", note_frame, &comparison);
  add_probe (pipeline, "src", compare_frame, &comparison);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (
      bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  fail_unless_equals_int (GST_MESSAGE_TYPE (message), GST_MESSAGE_EOS);
  gst_message_unref (message);
  message = gst_bus_pop_filtered (bus, GST_MESSAGE_WARNING);
  fail_unless (message == NULL);
  gst_element_set_state (pipeline, GST_STATE_NULL);

  fail_unless_equals_int (comparison.n_looks, 3);
  fail_unless_equals_int (comparison.n_frames, 12);
  fail_unless_equals_int (comparison.n_hidden, 12);
  gst_object_unref (bus);
  gst_object_unref (pipeline);
}
GST_END_TEST;

#endif

/* a list to hide with a class that the model does not have ends the pipeline
 * before anybody is seen */
GST_START_TEST (test_unknown_class_in_a_pipeline)
{
  g_autofree gchar *description = g_strdup_printf (
      "videotestsrc num-buffers=12 ! yolov5dpu device=cpu "
      "model=%s/street/street-640x384_int.xmodel ! queue ! videoconvert ! "
      "yolov5overlay name=overlay blur=people ! fakesink",
      g_getenv ("TEST_MODELS_DIR"));
  GstElement *pipeline = gst_parse_launch (description, NULL);
  GstBus *bus = gst_element_get_bus (pipeline);
  Comparison comparison = { NULL, 0, 0, 0 };
  GstMessage *message;
  GError *error;

  add_probe (pipeline, "src", compare_frame, &comparison);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (
      bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  fail_unless_equals_int (GST_MESSAGE_TYPE (message), GST_MESSAGE_ERROR);
  gst_message_parse_error (message, &error, NULL);
  fail_unless (strstr (error->message, "\"people\"") != NULL
                   && strstr (error->message, "licence plate") != NULL,
      "%s", error->message);
  g_error_free (error);
  gst_message_unref (message);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  fail_unless_equals_int (comparison.n_frames, 0);
  gst_object_unref (bus);
  gst_object_unref (pipeline);
}
GST_END_TEST;

static Suite *
yolov5overlay_pipeline_suite (void)
{
  Suite *suite = suite_create ("yolov5overlay-pipeline");
  TCase *tcase = tcase_create ("general");

  gst_yolov5_inference_register ();
  suite_add_tcase (suite, tcase);
#if GST_CHECK_VERSION(1, 20, 0)
  tcase_add_loop_test (tcase, test_detectors_in_a_pipeline, 0, 3);
#endif
  tcase_add_test (tcase, test_unknown_class_in_a_pipeline);
  return suite;
}

GST_CHECK_MAIN (yolov5overlay_pipeline)
