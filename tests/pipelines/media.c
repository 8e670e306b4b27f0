/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What real models find in real pictures and clips, through whole pipelines.
 * The pictures and AMD's model are others' and lie outside the project. */

#include <gst/check/gstcheck.h>

#define TIMEOUT (60 * GST_SECOND)
#define COCO_MODEL "xmodels/amd-yolov5n-coco-640-b4096-vai30.xmodel"

/* classes of COCO */
enum { PERSON = 0, BICYCLE = 1, CAR = 2, DOG = 16 };

static gchar *
shared_file (const gchar *name)
{
  return g_build_filename (g_getenv ("TEST_SHARED_DIR"), name, NULL);
}

static guint
count_label (const GstStructure *message, gint wanted, gdouble confidence)
{
  const GValue *list = gst_structure_get_value (message, "detections");
  guint n = 0;

  for (guint i = 0; i < gst_value_list_get_size (list); i++) {
    const GstStructure *detection =
        gst_value_get_structure (gst_value_list_get_value (list, i));
    gdouble actual;
    gint label;

    fail_unless (gst_structure_get_int (detection, "label-id", &label));
    fail_unless (gst_structure_get_double (detection, "confidence", &actual));
    if (label == wanted && actual >= confidence)
      n++;
  }
  return n;
}

/* runs a pipeline to its end; the detections of each frame */
static GPtrArray *
run_pipeline (const gchar *description)
{
  GError *error = NULL;
  GstElement *pipeline = gst_parse_launch (description, &error);
  GPtrArray *frames =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_structure_free);
  GstBus *bus;

  fail_unless (error == NULL, "%s", error != NULL ? error->message : "");
  bus = gst_element_get_bus (pipeline);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  for (gboolean done = FALSE; !done;) {
    GstMessage *message = gst_bus_timed_pop_filtered (bus, TIMEOUT,
        GST_MESSAGE_EOS | GST_MESSAGE_ERROR | GST_MESSAGE_ELEMENT);

    fail_unless (message != NULL, "the pipeline hangs");
    if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
      gst_message_parse_error (message, &error, NULL);
      fail ("%s", error->message);
    }
    done = GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS;
    if (gst_message_has_name (message, "yolov5dpu"))
      g_ptr_array_add (
          frames, gst_structure_copy (gst_message_get_structure (message)));
    gst_message_unref (message);
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (bus);
  gst_object_unref (pipeline);
  return frames;
}

static const struct {
  const gchar *picture;
  gint label;
  guint at_least;
} finds[] = {
  { "media/dog.jpg", DOG, 1 },
  { "media/dog.jpg", BICYCLE, 1 },
  { "media/dog.jpg", CAR, 1 },
  { "media/pedestrians-mit.jpg", PERSON, 3 },
  { "media/street-mit.jpg", CAR, 1 },
};

/* AMD's compiled YOLOv5n finds what the picture shows. With videoconvert between,
 * jpegdec of GStreamer 1.20 makes xBGR and fails at unusual chroma. */
GST_START_TEST (test_picture)
{
  g_autofree gchar *picture = shared_file (finds[__i__].picture);
  g_autofree gchar *model = shared_file (COCO_MODEL);
  g_autofree gchar *pipeline = g_strdup_printf (
      "filesrc location=%s ! jpegparse ! jpegdec ! yolov5dpu model=%s "
      "device=%s post-messages=true ! fakesink",
      picture, model, g_getenv ("TEST_DEVICE"));
  GPtrArray *frames = run_pipeline (pipeline);

  assert_equals_int (frames->len, 1);
  assert_equals_int (count_label (frames->pdata[0], finds[__i__].label, 0.25)
                         >= finds[__i__].at_least,
      TRUE);
  g_ptr_array_unref (frames);
}
GST_END_TEST;

static const struct {
  const gchar *model;
  gint car;
} demo_models[] = {
  { "everyday/everyday-640x384_int.xmodel", 2 },
  { "street/street-640x384_int.xmodel", 0 },
};

/* the demo models box cars in most frames of a clip, each frame once */
GST_START_TEST (test_highway)
{
  g_autofree gchar *clip = shared_file ("media/highway-720p-mit.mp4");
  g_autofree gchar *model = g_build_filename (
      g_getenv ("TEST_MODELS_DIR"), demo_models[__i__].model, NULL);
  g_autofree gchar *pipeline = g_strdup_printf (
      "filesrc location=%s ! decodebin ! yolov5dpu model=%s device=%s "
      "post-messages=true ! yolov5overlay ! fakesink",
      clip, model, g_getenv ("TEST_DEVICE"));
  GPtrArray *frames = run_pipeline (pipeline);
  guint with_cars = 0;

  assert_equals_int (frames->len, 38);
  for (guint i = 0; i < frames->len; i++) {
    guint64 number;

    fail_unless (gst_structure_get_uint64 (frames->pdata[i], "frame", &number));
    assert_equals_uint64 (number, i);
    with_cars +=
        count_label (frames->pdata[i], demo_models[__i__].car, 0.5) > 0;
  }
  assert_equals_int (with_cars > frames->len * 3 / 4, TRUE);
  g_ptr_array_unref (frames);
}
GST_END_TEST;

static Suite *
media_suite (void)
{
  Suite *suite = suite_create ("media");
  TCase *chain = tcase_create ("general");

  suite_add_tcase (suite, chain);
  tcase_set_timeout (chain, 120);
  tcase_add_loop_test (chain, test_picture, 0, G_N_ELEMENTS (finds));
  tcase_add_loop_test (chain, test_highway, 0, G_N_ELEMENTS (demo_models));
  return suite;
}

int
main (int argc, char **argv)
{
  g_autofree gchar *picture = NULL;

  gst_check_init (&argc, &argv);
  picture = shared_file (finds[0].picture);
  if (!g_file_test (picture, G_FILE_TEST_EXISTS)) {
    g_print ("skipped: %s is not there\n", picture);
    return 77;
  }
  return gst_check_run_suite (media_suite (), "media", __FILE__);
}
