/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Several trackers, and several branches of a pipeline. ThreadSanitizer cannot
 * run this: it does not see that reference counts order who reads a frame's
 * metadata and who frees them, as GStreamer is not compiled with it. */

#include "rig.h"
#include "testfolder.h"

/* where the person of frame @number is: it crosses the line to the right */
#define WAY(number) (120 + 8 * (gint) (number))

static GstPadProbeReturn
detect (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  guint *number = user_data;
  const RigObject person = { 0, "person", WAY (*number), 240 };

  info->data = gst_buffer_make_writable (GST_PAD_PROBE_INFO_BUFFER (info));
  if (*number % 3 == 0) {
    rig_look (info->data);
    rig_attach (info->data, &person);
  }
  ++*number;
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
count_marks (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  guint *n_events = user_data;
  GstYolov5ZonesMark mark;

  gst_yolov5_zones_mark_init (&mark);
  gst_yolov5_zones_mark_collect (&mark, GST_PAD_PROBE_INFO_BUFFER (info));
#if GST_CHECK_VERSION(1, 20, 0)
  assert_equals_int (mark.shapes->len, 1);
#endif
  *n_events += mark.events->len;
  gst_yolov5_zones_mark_clear (&mark);
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

static void
check_count (GstElement *pipeline, const gchar *name)
{
  GstElement *zones = gst_bin_get_by_name (GST_BIN (pipeline), name);

  assert_equals_uint64 (rig_get_count (zones, "gate", "backward"), 1);
  gst_object_unref (zones);
}

/* branches behind a tracker count the same, each on frames of its own */
GST_START_TEST (test_tee)
{
  g_autofree gchar *folder = testfolder_make ();
  g_autofree gchar *config = rig_write_config (folder, RIG_LINE);
  g_autofree gchar *description = g_strdup_printf (
      "videotestsrc num-buffers=60 ! " RIG_CAPS " ! identity name=detector ! "
      "yolov5track ! tee name=t "
      "t. ! queue ! yolov5zones name=one config=%s ! fakesink "
      "t. ! queue ! yolov5zones name=two config=%s ! fakesink",
      config, config);
  GstElement *pipeline = gst_parse_launch (description, NULL);
  GstBus *bus = gst_element_get_bus (pipeline);
  guint number = 0, n_events[2] = { 0 };
  GstMessage *message;

  add_probe (pipeline, "detector", detect, &number);
  add_probe (pipeline, "one", count_marks, &n_events[0]);
  add_probe (pipeline, "two", count_marks, &n_events[1]);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (
      bus, 60 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  fail_unless (message != NULL, "the pipeline hangs");
  assert_equals_int (GST_MESSAGE_TYPE (message), GST_MESSAGE_EOS);
  gst_message_unref (message);
  check_count (pipeline, "one");
  check_count (pipeline, "two");
#if GST_CHECK_VERSION(1, 20, 0)
  assert_equals_int (n_events[0], 1);
  assert_equals_int (n_events[1], 1);
#endif
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (bus);
  gst_object_unref (pipeline);
  testfolder_remove (folder);
}
GST_END_TEST;

/* objects of two trackers count each for themselves, as their ids differ */
GST_START_TEST (test_two_trackers)
{
  g_autoptr (Rig) rig =
      rig_new_behind ("yolov5track classes=person unique-ids=process ! "
                      "yolov5track classes=car unique-ids=process !",
          RIG_LINE);

  for (guint i = 0; i < 60; i++) {
    RigObject person = { 0, "person", WAY (i), 240 };
    RigObject car = { 0, "car", RIG_WIDTH - WAY (i), 460 };
    GstBuffer *buffer = rig_new_frame (i);

    if (i % 3 == 0) {
      rig_look (buffer);
      rig_attach (buffer, &person);
      rig_attach (buffer, &car);
    }
    gst_buffer_unref (rig_push (rig, buffer));
  }
  assert_equals_uint64 (rig_get_count (rig->zones, "gate", "backward"), 1);
  assert_equals_uint64 (rig_get_count (rig->zones, "gate", "forward"), 1);
  assert_equals_int (rig_count_warnings (rig, "nothing"), 0);
}
GST_END_TEST;

static Suite *
yolov5zones_branches_suite (void)
{
  Suite *suite = suite_create ("yolov5zones-branches");
  TCase *tcase = tcase_create ("branches");

  suite_add_tcase (suite, tcase);
  testfolder_add (tcase);
  tcase_add_test (tcase, test_tee);
  tcase_add_test (tcase, test_two_trackers);
  return suite;
}

GST_CHECK_MAIN (yolov5zones_branches);
