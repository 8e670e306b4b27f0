/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The plug-in as it is installed, on a DPU: AMD's runner with tests/fakedpu as
 * its hardware. */

#include "boardrig.h"

#include <string.h>

#define N_FRAMES 12
#define N_REPETITIONS 100
#define FIRMWARE_VARIABLE "XLNX_VART_FIRMWARE"

/* clang-format off */
#define DETECT                                                                 \
  "videotestsrc pattern=snow num-buffers=%d ! "                                \
  "video/x-raw,format=NV12,width=320,height=240 ! "                            \
  "yolov5dpu model=%s post-messages=true %s ! fakesink"
/* clang-format on */

static GstElement *
make_pipeline (const gchar *path, gint n_frames, const gchar *properties)
{
  g_autofree gchar *description =
      g_strdup_printf (DETECT, n_frames, path, properties);
  g_autoptr (GError) error = NULL;
  GstElement *pipeline = gst_parse_launch (description, &error);

  fail_unless (pipeline != NULL && error == NULL);
  return pipeline;
}

static void
stop (GstElement *pipeline)
{
  fail_unless_equals_int (gst_element_set_state (pipeline, GST_STATE_NULL),
      GST_STATE_CHANGE_SUCCESS);
  gst_object_unref (pipeline);
}

/* what was found in all frames; the frames are the same in all pipelines */
static gchar *
detect (const gchar *path, const gchar *properties)
{
  GstElement *pipeline = make_pipeline (path, N_FRAMES, properties);
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  GString *found = g_string_new (NULL);
  guint n_frames = 0;
  gboolean done = FALSE;

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  while (!done) {
    g_autoptr (GstMessage) message =
        gst_bus_timed_pop_filtered (bus, GST_CLOCK_TIME_NONE,
            GST_MESSAGE_EOS | GST_MESSAGE_ERROR | GST_MESSAGE_WARNING
                | GST_MESSAGE_ELEMENT);

    if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ELEMENT) {
      const GstStructure *structure = gst_message_get_structure (message);
      g_autofree gchar *text = gst_value_serialize (
          gst_structure_get_value (structure, "detections"));

      g_string_append_printf (found, "%s\n", text);
      n_frames++;
      continue;
    }
    fail_unless_equals_int (GST_MESSAGE_TYPE (message), GST_MESSAGE_EOS);
    done = TRUE;
  }
  stop (pipeline);
  fail_unless_equals_int (n_frames, N_FRAMES);
  return g_string_free (found, FALSE);
}

/* runs to the first error, whose text must have @text in it, and stops */
static void
check_error (const gchar *path, const gchar *properties, const gchar *text)
{
  GstElement *pipeline = make_pipeline (path, -1, properties);
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  g_autoptr (GstMessage) message = NULL;
  g_autoptr (GError) error = NULL;

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message =
      gst_bus_timed_pop_filtered (bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_ERROR);
  gst_message_parse_error (message, &error, NULL);
  fail_unless (strstr (error->message, text) != NULL,
      "the message lacks \"%s\": %s", text, error->message);
  stop (pipeline);
}

/* the boxes are the software DPU's, however many cores and frames there are */
GST_START_TEST (test_same_boxes)
{
  g_autofree gchar *path = boardrig_write_detector ();
  g_autofree gchar *expected = detect (path, "device=cpu");

  fail_unless (strstr (expected, "label") != NULL);
  fakedpu_set_n_cores (__i__);
  for (guint n_slots = 0; n_slots <= 4; n_slots++) {
    g_autofree gchar *properties =
        g_strdup_printf ("device=dpu max-in-flight=%u", n_slots);
    g_autofree gchar *found = detect (path, properties);

    fail_unless_equals_string (found, expected);
  }
  for (gint i = 0; i < __i__; i++)
    fail_unless (fakedpu_get_n_runs (i) > 0, "core %d is idle", i);
  fail_unless_equals_int (fakedpu_get_n_buffers (), 0);
}
GST_END_TEST;

/* the padding of a frame is there also where a run destroys the input */
GST_START_TEST (test_input_that_is_not_kept)
{
  g_autofree gchar *path = boardrig_write_detector_in_one_register ();
  g_autofree gchar *expected = detect (path, "threshold=0.01 device=cpu");
  g_autofree gchar *found = detect (path, "threshold=0.01 device=dpu");

  fail_unless_equals_string (found, expected);
}
GST_END_TEST;

/* what keeps a machine from running a model on its DPU */
static const struct {
  guint n_devices;
  guint n_cores;
  guint64 fingerprint;
  const gchar *firmware;
  const gchar *text;
} setups[] = {
  { 0, 1, FAKEDPU_FINGERPRINT, NULL, "XRT finds no DPU" },
  { 1, 0, FAKEDPU_FINGERPRINT, NULL, "no DPU core" },
  { 1, 1, G_GUINT64_CONSTANT (0x101000016010407), NULL, "0x101000016010407" },
  { 1, 1, FAKEDPU_FINGERPRINT, "/nonexistent.xclbin", "does not exist" },
};

/* every wrong setup ends in its message on the bus, again and again, and a
 * right one runs after it */
GST_START_TEST (test_wrong_setups)
{
  g_autofree gchar *path = boardrig_write_detector ();
  g_autofree gchar *firmware = g_strdup (g_getenv (FIRMWARE_VARIABLE));
  g_autofree gchar *found = NULL;

  fakedpu_set_n_devices (setups[__i__].n_devices);
  fakedpu_set_n_cores (setups[__i__].n_cores);
  fakedpu_set_fingerprint (setups[__i__].fingerprint);
  if (setups[__i__].firmware != NULL)
    g_setenv (FIRMWARE_VARIABLE, setups[__i__].firmware, TRUE);
  for (guint i = 0; i < N_REPETITIONS; i++)
    check_error (path, "device=dpu", setups[__i__].text);

  fakedpu_set_n_devices (1);
  fakedpu_set_n_cores (1);
  fakedpu_set_fingerprint (FAKEDPU_FINGERPRINT);
  g_setenv (FIRMWARE_VARIABLE, firmware, TRUE);
  found = detect (path, "device=dpu");
}
GST_END_TEST;

/* a fatal fault of VART is an error on the bus; the pipeline stops, the DPU is
 * not tried again, and the next one runs on the software DPU */
GST_START_TEST (test_fatal_fault)
{
  g_autofree gchar *path = boardrig_write_detector ();
  g_autofree gchar *found = NULL;

  fakedpu_set_fault (FAKEDPU_FAULT_TIMEOUT);
  check_error (path, "device=dpu", "dpu timeout!");
  check_error (path, "device=dpu", "failed before in this process");
  found = detect (path, "device=cpu");
}
GST_END_TEST;

/* so is a DPU that hangs; once it is back, it is used again */
GST_START_TEST (test_hang)
{
  g_autofree gchar *path = boardrig_write_detector ();
  g_autofree gchar *found = NULL;

  fakedpu_set_fault (FAKEDPU_FAULT_HANG);
  check_error (path, "device=dpu", "the DPU hangs");
  fakedpu_set_fault (FAKEDPU_FAULT_NONE);
  while (fakedpu_get_n_buffers () > 0)
    g_thread_yield ();
  found = detect (path, "device=dpu");
}
GST_END_TEST;

/* a pipeline can be stopped while the DPU hangs for good */
GST_START_TEST (test_stop_during_hang)
{
  g_autofree gchar *path = boardrig_write_detector ();
  GstElement *pipeline = make_pipeline (path, -1, "device=dpu");

  fakedpu_set_fault (FAKEDPU_FAULT_HANG);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  fakedpu_wait_runs (1);
  stop (pipeline);
}
GST_END_TEST;

static Suite *
yolov5dpu_board_suite (void)
{
  Suite *suite = suite_create ("yolov5dpu-board");
  TCase *tcase = tcase_create ("board");

  suite_add_tcase (suite, tcase);
  tcase_set_timeout (tcase, 120);
  tcase_add_checked_fixture (tcase, boardrig_setup, boardrig_teardown);
  tcase_add_loop_test (tcase, test_same_boxes, 1, 4);
  tcase_add_test (tcase, test_input_that_is_not_kept);
  tcase_add_loop_test (tcase, test_wrong_setups, 0, G_N_ELEMENTS (setups));
  tcase_add_loop_test (tcase, test_fatal_fault, 0, N_REPETITIONS);
  tcase_add_test (tcase, test_hang);
  tcase_add_test (tcase, test_stop_during_hang);
  return suite;
}

GST_CHECK_MAIN (yolov5dpu_board);
