/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Models that are damaged or meant for others: whatever the file, the pipeline
 * runs or ends with an error message, and the application goes on. */

#include "testfolder.h"
#include "xmodel/mutator.h"

#include <gst/check/gstcheck.h>

#define TIMEOUT (60 * GST_SECOND)
#define N_MUTATIONS 200
/* mutations a test, so that one that hangs is named */
#define MUTATIONS_PER_TEST 20

/* one frame through the model at @path: runs, or says why not */
static gboolean
run_model (const gchar *path)
{
  GstElement *pipeline = gst_parse_launch (
      "videotestsrc num-buffers=1 ! video/x-raw,width=64,height=48 ! yolov5dpu "
      "name=detector device=cpu max-in-flight=1 cpu-threads=1 ! fakesink",
      NULL);
  GstElement *detector = gst_bin_get_by_name (GST_BIN (pipeline), "detector");
  GstBus *bus = gst_element_get_bus (pipeline);
  GstMessage *message;
  gboolean runs;

  g_object_set (detector, "model", path, NULL);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (
      bus, TIMEOUT, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  fail_unless (message != NULL, "%s: neither runs nor gives an error", path);
  runs = GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS;
  if (!runs) {
    GError *error = NULL;

    gst_message_parse_error (message, &error, NULL);
    fail_unless (strlen (error->message) > 20, "%s: \"%s\" explains nothing",
        path, error->message);
    GST_INFO ("%s: %s", path, error->message);
    g_error_free (error);
  }
  gst_message_unref (message);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (bus);
  gst_object_unref (detector);
  gst_object_unref (pipeline);
  return runs;
}

/* damaged copies of a good model */
GST_START_TEST (test_mutations)
{
  g_autofree gchar *source = g_build_filename (g_getenv ("TEST_MODELS_DIR"),
      "street", "street-640x384_int.xmodel", NULL);
  g_autofree gchar *folder = testfolder_make ();
  g_autofree gchar *path = g_build_filename (folder, "mutated.xmodel", NULL);
  GMappedFile *file = g_mapped_file_new (source, FALSE, NULL);
  GBytes *model = g_mapped_file_get_bytes (file);

  fail_unless (run_model (source));
  for (guint i = 0; i < MUTATIONS_PER_TEST; i++) {
    GBytes *mutated = xmodel_mutate (model, __i__ * MUTATIONS_PER_TEST + i);

    fail_unless (g_file_set_contents (path, g_bytes_get_data (mutated, NULL),
        g_bytes_get_size (mutated), NULL));
    run_model (path);
    g_bytes_unref (mutated);
  }

  testfolder_remove (folder);
  g_bytes_unref (model);
  g_mapped_file_unref (file);
}
GST_END_TEST;

/* other people's models, compiled for other DPUs, with other heads */
GST_START_TEST (test_foreign_models)
{
  g_autofree gchar *folder =
      g_build_filename (g_getenv ("TEST_SHARED_DIR"), "xmodels", NULL);
  GDir *directory = g_dir_open (folder, 0, NULL);
  const gchar *name;
  guint n_run = 0;

  if (directory == NULL) {
    g_print ("skipped: %s is not there\n", folder);
    return;
  }
  while ((name = g_dir_read_name (directory)) != NULL) {
    g_autofree gchar *path = g_build_filename (folder, name, NULL);

    if (g_str_has_suffix (name, ".xmodel") && run_model (path))
      n_run++;
  }
  /* the only YOLOv5 among them */
  assert_equals_int (n_run, 1);
  g_dir_close (directory);
}
GST_END_TEST;

static Suite *
hostile_models_suite (void)
{
  Suite *suite = suite_create ("hostile-models");
  TCase *chain = tcase_create ("general");

  suite_add_tcase (suite, chain);
  testfolder_add (chain);
  tcase_set_timeout (chain, 300);
  tcase_add_loop_test (
      chain, test_mutations, 0, N_MUTATIONS / MUTATIONS_PER_TEST);
  tcase_add_test (chain, test_foreign_models);
  return suite;
}

GST_CHECK_MAIN (hostile_models);
