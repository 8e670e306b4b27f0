/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Persons of a real clip who cross a line, found by real models on all frames
 * and on few. The clip is Debian's, the COCO model is AMD's; neither is in the
 * project. */

#include "rig.h"
#include "testfolder.h"

#define TIMEOUT (600 * GST_SECOND)
#define COCO_MODEL "xmodels/amd-yolov5n-coco-640-b4096-vai30.xmodel"
#define STREET_MODEL "street/street-640x640_int.xmodel"

/* x = 560, and as many as cross it in the ground truth of PETS09-S2L1 */
#define LINE                                                                   \
  "[line x560]\npoints=0.7291666666667;0;0.7291666666667;1\nanchor=center\n"
#define LEFTWARD 19
#define RIGHTWARD 15

static gchar *
find_coco_model (void)
{
  return g_build_filename (g_getenv ("TEST_SHARED_DIR"), COCO_MODEL, NULL);
}

/* Returns: (transfer full): at its end */
static GstElement *
run (const gchar *model, const gchar *classes, guint interval,
    const gchar *config)
{
  g_autofree gchar *description = g_strdup_printf (
      "filesrc location=%s ! decodebin ! yolov5dpu model=%s device=%s "
      "inference-interval=%u ! yolov5track classes=%s ! "
      "yolov5zones name=zones config=%s ! fakesink",
      g_getenv ("TEST_CLIP"), model, g_getenv ("TEST_DEVICE"), interval,
      classes, config);
  GstElement *pipeline = gst_parse_launch (description, NULL);
  GstBus *bus = gst_element_get_bus (pipeline);
  GstMessage *message;

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (
      bus, TIMEOUT, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  fail_unless (message != NULL, "the pipeline hangs");
  assert_equals_int (GST_MESSAGE_TYPE (message), GST_MESSAGE_EOS);
  gst_message_unref (message);
  gst_object_unref (bus);
  return pipeline;
}

static void
check_crossings (const gchar *model, const gchar *classes, guint interval,
    const gchar *config, const gchar *line)
{
  GstElement *pipeline = run (model, classes, interval, config);
  GstElement *zones = gst_bin_get_by_name (GST_BIN (pipeline), "zones");

  assert_equals_uint64 (rig_get_count (zones, NULL, "frames"), 795);
  assert_equals_uint64 (rig_get_count (zones, line, "forward"), LEFTWARD);
  assert_equals_uint64 (rig_get_count (zones, line, "backward"), RIGHTWARD);
  gst_object_unref (zones);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
}

static const guint intervals[] = { 1, 2, 3, 5 };

/* who crosses the line is counted once, however many frames are not looked at */
GST_START_TEST (test_crossings)
{
  g_autofree gchar *model = find_coco_model ();
  g_autofree gchar *folder = testfolder_make ();
  g_autofree gchar *config = rig_write_config (folder, LINE);

  if (g_file_test (model, G_FILE_TEST_EXISTS))
    check_crossings (model, "0", intervals[__i__], config, "x560");
  else
    g_print ("skipped: %s is not there\n", model);
  testfolder_remove (folder);
}
GST_END_TEST;

/* so it is at the line of the demo's example, with the demo's model */
GST_START_TEST (test_demo)
{
  g_autofree gchar *model =
      g_build_filename (g_getenv ("TEST_MODELS_DIR"), STREET_MODEL, NULL);

  check_crossings (model, "person", 3, g_getenv ("TEST_DEMO_ZONES"), "road");
}
GST_END_TEST;

static Suite *
yolov5zones_clip_suite (void)
{
  Suite *suite = suite_create ("yolov5zones-clip");
  TCase *tcase = tcase_create ("clip");

  suite_add_tcase (suite, tcase);
  testfolder_add (tcase);
  tcase_set_timeout (tcase, 600);
  tcase_add_loop_test (tcase, test_crossings, 0, G_N_ELEMENTS (intervals));
  tcase_add_test (tcase, test_demo);
  return suite;
}

int
main (int argc, char **argv)
{
  gst_check_init (&argc, &argv);
  if (!g_file_test (g_getenv ("TEST_CLIP"), G_FILE_TEST_EXISTS)) {
    g_print ("skipped: %s is not there, pipelines/demo.sh fetches it\n",
        g_getenv ("TEST_CLIP"));
    return 77;
  }
  return gst_check_run_suite (
      yolov5zones_clip_suite (), "yolov5zones-clip", __FILE__);
}
