/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* How the detector element starts: what it takes from its properties and from
 * the model, and what it says when it cannot. */

#include "rig.h"

#include <glib/gstdio.h>
#include <sys/stat.h>

/* thresholds come from the model's information unless they are set; a model
 * without any does not keep those of the last */
GST_START_TEST (test_model_thresholds)
{
  ModelFiles files;
  GstBus *bus = gst_bus_new ();
  GstElement *element;
  gfloat threshold, iou_threshold;

  model_files_init (&files);
  model_files_write_info (&files, "[yolov5]\nthreshold=0.5\n"
                                  "iou-threshold=0.75\n");
  element = detector_new (&files, bus);
  g_object_set (element, "threshold", 0.125, NULL);
  assert_equals_int (gst_element_set_state (element, GST_STATE_PAUSED),
      GST_STATE_CHANGE_SUCCESS);
  g_object_get (
      element, "threshold", &threshold, "iou-threshold", &iou_threshold, NULL);
  assert_equals_float (threshold, 0.125);
  assert_equals_float (iou_threshold, 0.75);

  gst_element_set_state (element, GST_STATE_READY);
  model_files_write_info (&files, "[yolov5]\n");
  gst_element_set_state (element, GST_STATE_PAUSED);
  g_object_get (
      element, "threshold", &threshold, "iou-threshold", &iou_threshold, NULL);
  assert_equals_float (threshold, 0.125);
  assert_equals_float (iou_threshold, 0.45f);

  gst_element_set_state (element, GST_STATE_NULL);
  gst_element_set_bus (element, NULL);
  gst_object_unref (element);
  gst_object_unref (bus);
  model_files_clear (&files);
}
GST_END_TEST;

static void
count_notify (GObject *object, GParamSpec *pspec, guint *count)
{
  (*count)++;
}

/* what the model says of a threshold that is not set can be seen, and is told;
 * what the user sets stays the user's until it is unset with -1 */
GST_START_TEST (test_unset_threshold)
{
  ModelFiles files;
  GstBus *bus = gst_bus_new ();
  GstElement *element;
  guint n_notified = 0;
  gfloat threshold;

  model_files_init (&files);
  model_files_write_info (&files, "[yolov5]\nthreshold=0.5\n");
  element = detector_new (&files, bus);
  g_signal_connect (
      element, "notify::threshold", G_CALLBACK (count_notify), &n_notified);
  g_object_get (element, "threshold", &threshold, NULL);
  assert_equals_float (threshold, 0.25);
  gst_element_set_state (element, GST_STATE_PAUSED);
  g_object_get (element, "threshold", &threshold, NULL);
  assert_equals_float (threshold, 0.5);
  assert_equals_int (n_notified, 1);

  g_object_set (element, "threshold", 0.125, NULL);
  gst_element_set_state (element, GST_STATE_NULL);
  assert_equals_int (n_notified, 2);
  g_object_get (element, "threshold", &threshold, NULL);
  assert_equals_float (threshold, 0.125);
  g_object_set (element, "threshold", -1.0, NULL);
  gst_element_set_state (element, GST_STATE_PAUSED);
  g_object_get (element, "threshold", &threshold, NULL);
  assert_equals_float (threshold, 0.5);

  gst_element_set_state (element, GST_STATE_NULL);
  gst_element_set_bus (element, NULL);
  gst_object_unref (element);
  gst_object_unref (bus);
  model_files_clear (&files);
}
GST_END_TEST;

/* pads that are activated by hand bring no model: caps are refused in words, and
 * frames are, too */
GST_START_TEST (test_caps_before_start)
{
  ModelFiles files;
  GstBus *bus = gst_bus_new ();
  GstElement *element;
  GstCaps *caps = gst_caps_from_string (
      "video/x-raw,format=RGB,width=64,height=64,framerate=25/1");
  GstSegment segment;
  GstPad *pad;

  model_files_init (&files);
  element = detector_new (&files, bus);
  pad = gst_element_get_static_pad (element, "sink");
  gst_pad_set_active (pad, TRUE);
  gst_pad_send_event (pad, gst_event_new_stream_start ("stream"));
  gst_pad_send_event (pad, gst_event_new_caps (caps));
  assert_error (bus, GST_CORE_ERROR, GST_CORE_ERROR_NEGOTIATION, "PAUSED");
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_send_event (pad, gst_event_new_segment (&segment));
  fail_unless (gst_pad_chain (pad, frame_new (64, 64, 0)) != GST_FLOW_OK);
  gst_pad_set_active (pad, FALSE);

  gst_element_set_bus (element, NULL);
  gst_object_unref (pad);
  gst_object_unref (element);
  gst_object_unref (bus);
  gst_caps_unref (caps);
  model_files_clear (&files);
}
GST_END_TEST;

static void
break_nothing (GstElement *element, const ModelFiles *files)
{
}

static void
set_no_model (GstElement *element, const ModelFiles *files)
{
  g_object_set (element, "model", NULL, NULL);
}

static void
set_missing_model (GstElement *element, const ModelFiles *files)
{
  g_object_set (element, "model", "/nowhere/yolov5.xmodel", NULL);
}

/* a path is bytes, a message is text */
static void
set_model_in_latin1 (GstElement *element, const ModelFiles *files)
{
  g_object_set (element, "model", "/nowhere/mod\xe8le", NULL);
}

static void
set_labels_in_latin1 (GstElement *element, const ModelFiles *files)
{
  g_object_set (element, "label-file", "/nowhere/\xe9tiquettes", NULL);
}

static void
set_empty_paths (GstElement *element, const ModelFiles *files)
{
  g_object_set (
      element, "model-info", "", "label-file", "", "xclbin", "", NULL);
}

static void
set_empty_model (GstElement *element, const ModelFiles *files)
{
  g_object_set (element, "model", "", NULL);
}

static void
set_missing_labels (GstElement *element, const ModelFiles *files)
{
  g_object_set (element, "label-file", "/nowhere/labels.txt", NULL);
}

static void
set_missing_info (GstElement *element, const ModelFiles *files)
{
  g_object_set (element, "model-info", "/nowhere/yolov5.modelinfo", NULL);
}

static void
set_too_many_labels (GstElement *element, const ModelFiles *files)
{
  fail_unless (g_file_set_contents (files->labels, "a\nb\nc\n", -1, NULL));
}

static void
set_pipe_as_labels (GstElement *element, const ModelFiles *files)
{
  g_remove (files->labels);
  fail_unless (mkfifo (files->labels, 0600) == 0);
}

static void
set_device_as_labels (GstElement *element, const ModelFiles *files)
{
  g_object_set (element, "label-file", "/dev/zero", NULL);
}

static void
set_folder_as_info (GstElement *element, const ModelFiles *files)
{
  g_object_set (element, "model-info", files->directory, NULL);
}

static void
fail_not_found (GstElement *element, const ModelFiles *files)
{
  fake_dpu_fail_open (DPU_ERROR_NOT_FOUND, "There is no DPU");
}

static void
fail_model (GstElement *element, const ModelFiles *files)
{
  fake_dpu_fail_open (DPU_ERROR_MODEL, "Compile it for B4096");
}

static void
fail_init (GstElement *element, const ModelFiles *files)
{
  fake_dpu_fail_open (DPU_ERROR_INIT, "Load the bitstream");
}

static void
fail_first_runner (GstElement *element, const ModelFiles *files)
{
  fake_dpu_fail_runner (0, DPU_ERROR_INIT, "No memory for a runner");
}

static void
fail_last_runner (GstElement *element, const ModelFiles *files)
{
  g_object_set (element, "max-in-flight", 3, NULL);
  fake_dpu_fail_runner (2, DPU_ERROR_INIT, "No memory for a runner");
}

static void
fail_warm_up (GstElement *element, const ModelFiles *files)
{
  fake_dpu_fail_warm_up ("The DPU was built for another model");
}

static void
refuse_bitstream (GstElement *element, const ModelFiles *files)
{
  g_object_set (element, "xclbin", "/nowhere/dpu.xclbin", NULL);
  fake_dpu_fail_firmware ("There is no bitstream /nowhere/dpu.xclbin");
}

static void
set_other_outputs (GstElement *element, const ModelFiles *files)
{
  fake_dpu_set_output_channels (7);
}

typedef struct {
  void (*prepare) (GstElement *element, const ModelFiles *files);
  GstState last_state;
  GQuark (*domain) (void);
  gint code;
  const gchar *text;
} StartCase;

#define NOT_FOUND gst_resource_error_quark, GST_RESOURCE_ERROR_NOT_FOUND
#define SETTINGS gst_resource_error_quark, GST_RESOURCE_ERROR_SETTINGS
#define INIT gst_library_error_quark, GST_LIBRARY_ERROR_INIT
#define FAILED gst_stream_error_quark, GST_STREAM_ERROR_FAILED

static const StartCase start_cases[] = {
  { break_nothing, GST_STATE_PAUSED, NULL, 0, NULL },
  { set_no_model, GST_STATE_NULL, SETTINGS, "Set the property \"model\"" },
  { set_empty_model, GST_STATE_NULL, SETTINGS, "Set the property \"model\"" },
  { set_empty_paths, GST_STATE_PAUSED, NULL, 0, NULL },
  { set_missing_model, GST_STATE_NULL, NOT_FOUND, "/nowhere/yolov5.xmodel" },
  { set_model_in_latin1, GST_STATE_NULL, NOT_FOUND, "/nowhere/mod\ufffdle" },
  { set_labels_in_latin1, GST_STATE_READY, NOT_FOUND,
      "/nowhere/\ufffdtiquettes" },
  { set_missing_labels, GST_STATE_READY, NOT_FOUND, "/nowhere/labels.txt" },
  { set_missing_info, GST_STATE_READY, NOT_FOUND, "/nowhere/yolov5.modelinfo" },
  { set_too_many_labels, GST_STATE_READY, SETTINGS, "label" },
  { set_pipe_as_labels, GST_STATE_READY, NOT_FOUND, "is a pipe" },
  { set_device_as_labels, GST_STATE_READY, NOT_FOUND, "\"/dev/zero\"" },
  { set_folder_as_info, GST_STATE_READY, NOT_FOUND, "is a folder" },
  { fail_not_found, GST_STATE_READY, NOT_FOUND, "There is no DPU" },
  { fail_model, GST_STATE_READY, SETTINGS, "Compile it for B4096" },
  { fail_init, GST_STATE_READY, INIT, "Load the bitstream" },
  { fail_first_runner, GST_STATE_READY, INIT, "No memory for a runner" },
  { fail_last_runner, GST_STATE_READY, INIT, "No memory for a runner" },
  { refuse_bitstream, GST_STATE_READY, INIT, "/nowhere/dpu.xclbin" },
  { fail_warm_up, GST_STATE_READY, FAILED, "built for another model" },
  { set_other_outputs, GST_STATE_READY, SETTINGS, "channels" },
};

/* what keeps the element from starting is one message with the reason; nothing
 * stays open, and with the reason gone it starts */
GST_START_TEST (test_start)
{
  const StartCase *start = &start_cases[__i__];
  GstBus *bus = gst_bus_new ();
  ModelFiles files;
  GstElement *element;

  model_files_init (&files);
  element = detector_new (&files, bus);
  start->prepare (element, &files);
  assert_equals_int (gst_element_set_state (element, GST_STATE_PAUSED),
      start->text ? GST_STATE_CHANGE_FAILURE : GST_STATE_CHANGE_SUCCESS);
  assert_equals_int (GST_STATE (element), start->last_state);

  if (start->text) {
    assert_error (bus, start->domain (), start->code, start->text);
    assert_no_error (bus);
    assert_equals_int (fake_dpu_get_n_runners (), 0);
    assert_equals_int (fake_dpu_get_n_models (), 0);

    fake_dpu_reset ();
    g_remove (files.labels);
    fail_unless (g_file_set_contents (files.labels, "a\nb\n", -1, NULL));
    g_object_set (element, "model", files.model, "model-info", NULL,
        "label-file", files.labels, NULL);
    assert_equals_int (gst_element_set_state (element, GST_STATE_PAUSED),
        GST_STATE_CHANGE_SUCCESS);
  }

  assert_equals_int (gst_element_set_state (element, GST_STATE_NULL),
      GST_STATE_CHANGE_SUCCESS);
  gst_bus_set_flushing (bus, TRUE);
  gst_element_set_bus (element, NULL);
  ASSERT_OBJECT_REFCOUNT (element, "element", 1);
  gst_object_unref (element);
  gst_object_unref (bus);
  model_files_clear (&files);
}
GST_END_TEST;

/* falling back to the software DPU is worth one warning */
GST_START_TEST (test_fallback)
{
  DetectorRig *rig;
  GstMessage *message;
  GError *error = NULL;

  fake_dpu_set_device (DPU_DEVICE_CPU, "The software DPU runs, as there is no "
                                       "device");
  rig = detector_rig_new ("max-in-flight", 1, NULL);
  assert_equals_int (detector_rig_push (rig, 0), GST_FLOW_OK);
  message = pop_message (rig->bus, GST_MESSAGE_WARNING);
  gst_message_parse_warning (message, &error, NULL);
  fail_unless (g_str_has_prefix (error->message, "The software DPU runs"));
  fail_if (gst_bus_pop_filtered (rig->bus, GST_MESSAGE_WARNING));
  g_error_free (error);
  gst_message_unref (message);
  detector_rig_free (rig);
}
GST_END_TEST;

typedef struct {
  DpuDevice device;
  guint max_in_flight;
  guint cpu_threads;
  guint n_cores;
} SlotCase;

/* slots times threads is about the number of processors, one thread a frame
 * unless told otherwise; each core of a DPU has two slots, a single one three */
static const SlotCase slot_cases[] = {
  { DPU_DEVICE_DPU, 0, 0, 1 },
  { DPU_DEVICE_DPU, 0, 0, 3 },
  { DPU_DEVICE_DPU, 0, 0, 9 },
  { DPU_DEVICE_DPU, 5, 0, 1 },
  { DPU_DEVICE_CPU, 0, 0, 0 },
  { DPU_DEVICE_CPU, 3, 0, 0 },
  { DPU_DEVICE_CPU, 0, 2, 0 },
  { DPU_DEVICE_CPU, 0, 5, 0 },
  { DPU_DEVICE_CPU, 16, 7, 0 },
};

GST_START_TEST (test_slots)
{
  const SlotCase *slot_case = &slot_cases[__i__];
  guint n_processors = g_get_num_processors ();
  guint n_slots = slot_case->max_in_flight;
  guint cpu_threads = MAX (slot_case->cpu_threads, 1);
  GstBuffer *buffer;
  DetectorRig *rig;

  if (!n_slots && slot_case->device == DPU_DEVICE_DPU)
    n_slots = MIN (MAX (2 * slot_case->n_cores, 3), 16);
  else if (!n_slots)
    n_slots = MIN (MAX (n_processors / cpu_threads, 1) + 1, 16);

  fake_dpu_set_n_cores (slot_case->n_cores);
  rig = detector_rig_new ("device", slot_case->device, "max-in-flight",
      slot_case->max_in_flight, "cpu-threads", slot_case->cpu_threads, NULL);
  assert_equals_int (fake_dpu_get_n_runners (), n_slots);
  assert_equals_int (fake_dpu_get_cpu_threads (), cpu_threads);

  assert_equals_int (detector_rig_push (rig, 0), GST_FLOW_OK);
  buffer = gst_harness_pull (rig->harness);
  assert_frame (buffer, 0);
  gst_buffer_unref (buffer);
  assert_equals_int (fake_dpu_get_n_runners (), n_slots);
  detector_rig_free (rig);
}
GST_END_TEST;

/* a bitstream is nothing that the software DPU asks for */
GST_START_TEST (test_bitstream_without_dpu)
{
  DetectorRig *rig;

  fake_dpu_fail_firmware ("There is no bitstream /nowhere/dpu.xclbin");
  rig = detector_rig_new (
      "device", DPU_DEVICE_CPU, "xclbin", "/nowhere/dpu.xclbin", NULL);
  assert_no_error (rig->bus);
  detector_rig_free (rig);
}
GST_END_TEST;

/* the time-out and the bitstream reach the DPU, before the model is opened */
GST_START_TEST (test_dpu_settings)
{
  DetectorRig *rig;
  gchar *firmware;

  fake_dpu_set_n_cores (1);
  rig = detector_rig_new ("device", DPU_DEVICE_DPU, "timeout",
      1500 * GST_MSECOND, "xclbin", "/boot/dpu.xclbin", NULL);
  firmware = fake_dpu_get_firmware ();
  assert_equals_int (fake_dpu_get_timeout (), 1500);
  assert_equals_string (firmware, "/boot/dpu.xclbin");
  g_free (firmware);
  detector_rig_free (rig);
}
GST_END_TEST;

static Suite *
yolov5dpu_start_suite (void)
{
  Suite *suite = suite_create ("yolov5dpu-start");
  TCase *tcase = tcase_create ("start");

  suite_add_tcase (suite, tcase);
  testfolder_add (tcase);
  tcase_add_checked_fixture (tcase, fake_dpu_reset, NULL);
  tcase_add_test (tcase, test_model_thresholds);
  tcase_add_test (tcase, test_unset_threshold);
  tcase_add_test (tcase, test_caps_before_start);
  tcase_add_loop_test (tcase, test_start, 0, G_N_ELEMENTS (start_cases));
  tcase_add_test (tcase, test_fallback);
  tcase_add_loop_test (tcase, test_slots, 0, G_N_ELEMENTS (slot_cases));
  tcase_add_test (tcase, test_bitstream_without_dpu);
  tcase_add_test (tcase, test_dpu_settings);

  return suite;
}

GST_CHECK_MAIN (yolov5dpu_start);
