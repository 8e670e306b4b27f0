/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Trackers of several branches of a pipeline. ThreadSanitizer cannot run this:
 * it does not see that reference counts order who reads a frame's metadata and
 * who frees them, as GStreamer is not compiled with it. */

#include "rig.h"

static GstPadProbeReturn
detect (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  guint *number = user_data;
  const RigBox boxes[] = {
    { "person", 20 + RIG_STEP * *number, 100, 40, 100, 0.9 }, { NULL }
  };

  info->data = gst_buffer_make_writable (GST_PAD_PROBE_INFO_BUFFER (info));
  if (*number % 3 == 0)
    rig_look (info->data, "detector", 0, boxes);
  ++*number;
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
check_branch (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  guint *number = user_data;
  g_autoptr (RigFrame) frame =
      rig_frame_new (gst_buffer_ref (GST_PAD_PROBE_INFO_BUFFER (info)));

  if (*number >= 9) {
    assert_equals_int (rig_frame_get_n (frame), 1);
    assert_equals_uint64 (rig_frame_get_id (frame, 0), 1);
    assert_equals_int (rig_frame_get_n_predicted (frame), *number % 3 != 0);
  }
  ++*number;
  return GST_PAD_PROBE_OK;
}

static void
add_probe (GstElement *pipeline, const gchar *name,
    GstPadProbeCallback callback, guint *number)
{
  GstElement *element = gst_bin_get_by_name (GST_BIN (pipeline), name);
  GstPad *pad = gst_element_get_static_pad (element, "src");

  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, callback, number, NULL);
  gst_object_unref (pad);
  gst_object_unref (element);
}

/* trackers behind a tee know nothing of each other */
GST_START_TEST (test_tee)
{
  GstElement *pipeline = gst_parse_launch (
      "videotestsrc num-buffers=60 ! " RIG_CAPS " ! identity name=detector ! "
      "tee name=t t. ! queue ! yolov5track name=one ! fakesink "
      "t. ! queue ! yolov5track name=two min-hits=3 ! fakesink",
      NULL);
  GstBus *bus = gst_element_get_bus (pipeline);
  guint numbers[3] = { 0 };
  GstMessage *message;

  add_probe (pipeline, "detector", detect, &numbers[0]);
  add_probe (pipeline, "one", check_branch, &numbers[1]);
  add_probe (pipeline, "two", check_branch, &numbers[2]);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (
      bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  assert_equals_int (GST_MESSAGE_TYPE (message), GST_MESSAGE_EOS);
  gst_message_unref (message);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  for (guint i = 0; i < 3; i++)
    assert_equals_int (numbers[i], 60);
  gst_object_unref (bus);
  gst_object_unref (pipeline);
}

GST_END_TEST;

static Suite *
yolov5track_branches_suite (void)
{
  Suite *suite = suite_create ("yolov5track-branches");
  TCase *tcase = tcase_create ("branches");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_tee);
  return suite;
}

GST_CHECK_MAIN (yolov5track_branches);
