/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Persons of a real clip, found by a real model in every fifth frame. Both are
 * others' and lie outside the project. */

#include "rig.h"

#define TIMEOUT (600 * GST_SECOND)
#define COCO_MODEL "xmodels/amd-yolov5n-coco-640-b4096-vai30.xmodel"
/* as many as there are in the ground truth of PETS09-S2L1 */
#define LINE_X 560
#define RIGHTWARD 15
#define LEFTWARD 19

typedef struct {
  GHashTable *sides;
  guint n_rightward;
  guint n_leftward;
  guint n_frames;
  guint n_predicted;
} Crossings;

static gchar *
find_model (void)
{
  return g_build_filename (g_getenv ("TEST_SHARED_DIR"), COCO_MODEL, NULL);
}

static void
see_object (Crossings *self, guint64 id, gboolean is_right)
{
  gpointer key = GSIZE_TO_POINTER (id), was_right;

  if (g_hash_table_lookup_extended (self->sides, key, NULL, &was_right)
      && GPOINTER_TO_INT (was_right) != is_right) {
    self->n_rightward += is_right;
    self->n_leftward += !is_right;
  }
  g_hash_table_insert (self->sides, key, GINT_TO_POINTER (is_right));
}

static GstPadProbeReturn
see_frame (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Crossings *self = user_data;
  g_autoptr (RigFrame) frame =
      rig_frame_new (gst_buffer_ref (GST_PAD_PROBE_INFO_BUFFER (info)));

  self->n_frames++;
  self->n_predicted += rig_frame_get_n_predicted (frame);
  for (guint i = 0; i < rig_frame_get_n (frame); i++) {
    const GstYolov5Detection *box = rig_frame_get_detection (frame, i);

    if (rig_frame_get_id (frame, i) != 0)
      see_object (
          self, rig_frame_get_id (frame, i), box->x + box->width / 2 >= LINE_X);
  }
  return GST_PAD_PROBE_OK;
}

/* who crosses a line is counted once, although four of five frames are not
 * looked at */
GST_START_TEST (test_crossings)
{
  g_autofree gchar *model = find_model ();
  g_autofree gchar *description = g_strdup_printf (
      "filesrc location=%s ! decodebin ! yolov5dpu model=%s device=%s "
      "classes=0 inference-interval=5 ! yolov5track ! fakesink name=sink",
      g_getenv ("TEST_CLIP"), model, g_getenv ("TEST_DEVICE"));
  GstElement *pipeline = gst_parse_launch (description, NULL);
  g_autoptr (GHashTable) sides = g_hash_table_new (NULL, NULL);
  Crossings crossings = { .sides = sides };
  GstElement *sink = gst_bin_get_by_name (GST_BIN (pipeline), "sink");
  GstPad *pad = gst_element_get_static_pad (sink, "sink");
  GstBus *bus = gst_element_get_bus (pipeline);
  GstMessage *message;

  gst_pad_add_probe (
      pad, GST_PAD_PROBE_TYPE_BUFFER, see_frame, &crossings, NULL);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (
      bus, TIMEOUT, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  fail_unless (message != NULL, "the pipeline hangs");
  assert_equals_int (GST_MESSAGE_TYPE (message), GST_MESSAGE_EOS);
  gst_message_unref (message);
  gst_element_set_state (pipeline, GST_STATE_NULL);

  assert_equals_int (crossings.n_frames, 795);
  fail_unless (crossings.n_predicted > 2000);
  assert_equals_int (crossings.n_rightward, RIGHTWARD);
  assert_equals_int (crossings.n_leftward, LEFTWARD);
  gst_object_unref (bus);
  gst_object_unref (pad);
  gst_object_unref (sink);
  gst_object_unref (pipeline);
}

GST_END_TEST;

static Suite *
yolov5track_clip_suite (void)
{
  Suite *suite = suite_create ("yolov5track-clip");
  TCase *tcase = tcase_create ("clip");

  suite_add_tcase (suite, tcase);
  tcase_set_timeout (tcase, 600);
  tcase_add_test (tcase, test_crossings);
  return suite;
}

int
main (int argc, char **argv)
{
  g_autofree gchar *model = find_model ();

  gst_check_init (&argc, &argv);
  if (!g_file_test (model, G_FILE_TEST_EXISTS)) {
    g_print ("skipped: %s is not there\n", model);
    return 77;
  }
  if (!g_file_test (g_getenv ("TEST_CLIP"), G_FILE_TEST_EXISTS)) {
    g_print ("skipped: %s is not there, pipelines/demo.sh fetches it\n",
        g_getenv ("TEST_CLIP"));
    return 77;
  }
  return gst_check_run_suite (
      yolov5track_clip_suite (), "yolov5track-clip", __FILE__);
}
