/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What yolov5dpu-inspect does beside reading: arguments, text for people, one
 * picture through the elements, times. */

#include "rig.h"

#include <gst/check/gstcheck.h>

#include <string.h>

#define TIMEOUT (60 * GST_SECOND)
#define STREET "street/street-640x384_int.xmodel"
#define PICTURE_WIDTH 320
#define PICTURE_HEIGHT 240

/* Wrong arguments are said to be wrong, and exit with 2. */
GST_START_TEST (test_usage)
{
  static const gchar *const arguments[][4] = {
    { NULL },
    { "one.xmodel", "two.xmodel" },
    { "--unknown", "one.xmodel" },
    { "--output=a.png", "one.xmodel" },
    { "--bench", "--runs=0", "one.xmodel" },
    { "--bench", "--runs=many", "one.xmodel" },
    { "--runs" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (arguments); i++) {
    g_autoptr (InspectResult) result = inspect_command (arguments[i][0],
        arguments[i][1], arguments[i][2], arguments[i][3], NULL);

    fail_unless_equals_int (result->status, 2);
    fail_unless_equals_string (result->out, "");
    fail_unless (strstr (result->err, "--help") != NULL, "%s", result->err);
  }
}
GST_END_TEST;

/* Help is no mistake. */
GST_START_TEST (test_help)
{
  g_autoptr (InspectResult) help = inspect_command ("--help", NULL);
  g_autoptr (InspectResult) version = inspect_command ("--version", NULL);

  fail_unless_equals_int (help->status, 0);
  fail_unless (strstr (help->out, "--run=PICTURE") != NULL);
  fail_unless_equals_int (version->status, 0);
  fail_unless (strstr (version->out, "yolov5dpu-inspect ") != NULL);
}
GST_END_TEST;

static gboolean
is_on_dpu (void)
{
  return g_str_equal (g_getenv ("TEST_DEVICE"), "dpu");
}

/* The text has all that JSON has, in lines that fit a terminal. */
GST_START_TEST (test_text)
{
  const gchar *const rows[] = { "Kind", "Compiler", "Input", "Outputs", "Heads",
    "Anchors", "Classes", "Work", "Parameters", "Memory", "Verdict", "Hints",
    "1 x 384 x 640 x 3", "fix point 6", "stride 32", "116x90",
    "4: car, person, traffic light, licence plate", "2.485 GOPs",
    "1,764,577 bytes", "737,280 of input",
    is_on_dpu () ? "Runs on the DPU" : "Runs on the software DPU only" };
  g_autofree gchar *path = inspect_model (STREET);
  g_autofree gchar *folder = g_path_get_dirname (path);
  g_autoptr (InspectResult) result = inspect_command (path, NULL);
  g_auto (GStrv) lines = g_strsplit (result->out, "\n", -1);

  fail_unless_equals_int (result->status, 0);
  fail_unless_equals_string (result->err, "");
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    fail_unless (
        strstr (result->out, rows[i]) != NULL, "%s: %s", rows[i], result->out);
  for (guint i = 0; lines[i] != NULL; i++)
    fail_unless (
        g_utf8_strlen (lines[i], -1) <= 80 || strstr (lines[i], folder) != NULL,
        "%s", lines[i]);
}
GST_END_TEST;

/* Names in a file cannot drive the terminal. */
GST_START_TEST (test_escapes)
{
  g_autoptr (XmodelFile__Graph) graph = xmodel_sample_new_compiled ();
  XmodelSampleAttributes dpu =
      XMODEL_SAMPLE_ATTRIBUTES (graph->root->children[1]);
  g_autofree gchar *path = inspect_file ("model.xmodel");
  g_autoptr (InspectResult) json = NULL;
  g_autoptr (InspectResult) text = NULL;

  g_free (graph->name);
  graph->name = g_strdup ("\033[2Jname");
  xmodel_sample_set_string (dpu, "dpu_name", "\033]0;target\a");
  xmodel_sample_set_uint64 (dpu, "dpu_fingerprint", 1);
  json = inspect_graph (graph);
  text = inspect_command (path, NULL);
  fail_unless_equals_int (text->status, 1);
  fail_unless (strstr (text->out, "[2Jname") != NULL, "%s", text->out);
  fail_unless (strchr (text->out, '\033') == NULL);
  fail_unless (strchr (json->out, '\033') == NULL);
}
GST_END_TEST;

static void
run_pipeline (const gchar *description)
{
  GError *error = NULL;
  GstElement *pipeline = gst_parse_launch (description, &error);
  GstBus *bus;
  GstMessage *message;

  fail_unless (error == NULL, "%s", error != NULL ? error->message : "");
  bus = gst_element_get_bus (pipeline);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (
      bus, TIMEOUT, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  fail_unless (
      message != NULL && GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS);
  gst_message_unref (message);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (bus);
  gst_object_unref (pipeline);
}

static gchar *
make_picture (void)
{
  gchar *path = inspect_file ("picture.png");
  g_autofree gchar *pipeline =
      g_strdup_printf ("videotestsrc num-buffers=1 pattern=smpte ! "
                       "video/x-raw,format=RGB,width=%d,height=%d ! pngenc ! "
                       "filesink location=%s",
          PICTURE_WIDTH, PICTURE_HEIGHT, path);

  run_pipeline (pipeline);
  return path;
}

/* the pixels of a picture; its size must be that of make_picture() */
static GBytes *
read_pixels (const gchar *path)
{
  g_autofree gchar *raw = inspect_file ("pixels.raw");
  g_autofree gchar *pipeline = g_strdup_printf (
      "filesrc location=%s ! pngdec ! videoconvert ! video/x-raw,format=RGB ! "
      "filesink location=%s",
      path, raw);
  gchar *content;
  gsize size;

  run_pipeline (pipeline);
  fail_unless (g_file_get_contents (raw, &content, &size, NULL));
  fail_unless_equals_int (size, PICTURE_WIDTH * PICTURE_HEIGHT * 3);
  return g_bytes_new_take (content, size);
}

/* a copy of the demo's model that takes nearly anything for an object */
static gchar *
make_gullible_model (void)
{
  g_autofree gchar *source = inspect_model (STREET);
  g_autofree gchar *info = inspect_file ("gullible.modelinfo");
  gchar *path = inspect_file ("gullible.xmodel");
  g_autofree gchar *content = NULL;
  gsize size;

  fail_unless (g_file_get_contents (source, &content, &size, NULL));
  fail_unless (g_file_set_contents (path, content, size, NULL));
  fail_unless (g_file_set_contents (info,
      "[yolov5]\nlabels=car;person;light;plate\nthreshold=0.0001\n", -1, NULL));
  return path;
}

/* What --run finds lies in the picture, and is drawn into the one it writes. */
GST_START_TEST (test_run)
{
  g_autofree gchar *picture = make_picture ();
  g_autofree gchar *model = make_gullible_model ();
  g_autofree gchar *output = inspect_file ("out.png");
  g_autoptr (InspectResult) result = inspect_command (
      "--json", "--run", picture, "--output", output, model, NULL);
  JsonObject *object = inspect_result_get (result);
  JsonArray *detections = json_object_get_array_member (object, "detections");
  g_autoptr (GBytes) before = NULL;
  g_autoptr (GBytes) after = NULL;

  inspect_check_verdict (result, 0, "Runs ");
  fail_unless (json_array_get_length (detections) > 0);
  for (guint i = 0; i < json_array_get_length (detections); i++) {
    JsonObject *box = json_array_get_object_element (detections, i);
    gint64 x = json_object_get_int_member (box, "x");
    gint64 y = json_object_get_int_member (box, "y");

    fail_unless (x >= 0 && y >= 0);
    fail_unless (
        x + json_object_get_int_member (box, "width") <= PICTURE_WIDTH);
    fail_unless (
        y + json_object_get_int_member (box, "height") <= PICTURE_HEIGHT);
    fail_unless (json_object_get_double_member (box, "confidence") > 0.0001);
    fail_unless (strlen (json_object_get_string_member (box, "label")) > 2);
  }
  before = read_pixels (picture);
  after = read_pixels (output);
  fail_if (g_bytes_equal (before, after));
}
GST_END_TEST;

/* the mean difference of two pictures, in levels */
static gdouble
compare_pixels (GBytes *a, GBytes *b)
{
  gsize size;
  const guint8 *pixels_a = g_bytes_get_data (a, &size);
  const guint8 *pixels_b = g_bytes_get_data (b, NULL);
  guint64 sum = 0;

  for (gsize i = 0; i < size; i++)
    sum += ABS (pixels_a[i] - pixels_b[i]);
  return sum / (gdouble) size;
}

static const struct {
  const gchar *direction;
  const gchar *orientation;
} turns[] = {
  { "identity", "rotate-0" },
  { "90l", "rotate-90" },
  { "180", "rotate-180" },
  { "90r", "rotate-270" },
};

/* A JPEG that was taken sideways, as its EXIF data says, is turned upright. */
GST_START_TEST (test_run_turned)
{
  g_autofree gchar *upright = make_picture ();
  g_autofree gchar *turned = inspect_file ("turned.jpg");
  g_autofree gchar *model = inspect_model (STREET);
  g_autofree gchar *output = inspect_file ("out.png");
  g_autofree gchar *pipeline =
      g_strdup_printf ("filesrc location=%s ! pngdec ! videoconvert ! "
                       "videoflip video-direction=%s ! jpegenc ! "
                       "taginject tags=image-orientation=%s ! jifmux ! "
                       "filesink location=%s",
          upright, turns[__i__].direction, turns[__i__].orientation, turned);
  g_autoptr (InspectResult) result = NULL;
  g_autoptr (GBytes) before = NULL;
  g_autoptr (GBytes) after = NULL;

  run_pipeline (pipeline);
  result = inspect_command ("--run", turned, "--output", output, model, NULL);
  fail_unless (result->status == 0, "%s: %s", turns[__i__].orientation,
      result->err);
  before = read_pixels (upright);
  after = read_pixels (output);
  fail_unless (compare_pixels (before, after) < 10, "%s: %f",
      turns[__i__].orientation, compare_pixels (before, after));
}
GST_END_TEST;

/* Without --output the picture is written where the command runs. */
GST_START_TEST (test_run_default_output)
{
  g_autofree gchar *picture = make_picture ();
  g_autofree gchar *model = inspect_model (STREET);
  g_autofree gchar *output = inspect_file ("picture-detections.png");
  g_autoptr (InspectResult) result =
      inspect_command ("--run", picture, model, NULL);
  g_autoptr (GBytes) pixels = NULL;

  fail_unless_equals_int (result->status, 0);
  fail_unless (strstr (result->out, "picture-detections.png") != NULL, "%s",
      result->out);
  pixels = read_pixels (output);
}
GST_END_TEST;

/* A run that fails says why, exits with 1, and leaves what was there alone. */
GST_START_TEST (test_run_fails)
{
  g_autofree gchar *picture = make_picture ();
  g_autofree gchar *model = inspect_model (STREET);
  g_autofree gchar *text = inspect_file ("text.png");
  g_autofree gchar *missing = inspect_file ("missing.png");
  g_autofree gchar *nowhere = inspect_file ("nowhere/out.png");
  g_autofree gchar *output = inspect_file ("out.png");
  const gchar *const arguments[][2] = {
    { text, output },
    { missing, output },
    { picture, nowhere },
  };
  g_autofree gchar *content = NULL;
  g_autofree gchar *part = inspect_file ("out.png.part");

  fail_unless (g_file_set_contents (text, "no picture\n", -1, NULL));
  fail_unless (g_file_set_contents (output, "precious", -1, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (arguments); i++) {
    g_autoptr (InspectResult) result = inspect_command ("--json", "--run",
        arguments[i][0], "--output", arguments[i][1], model, NULL);
    JsonObject *object = inspect_result_get (result);

    fail_unless_equals_int (result->status, 1);
    fail_unless (strstr (json_object_get_string_member (object, "error"),
                     arguments[i][0])
                     != NULL,
        "%s", result->out);
    fail_unless (strlen (result->err) > 20, "%s", result->err);
  }
  fail_unless (g_file_get_contents (output, &content, NULL, NULL));
  fail_unless_equals_string (content, "precious");
  fail_if (g_file_test (part, G_FILE_TEST_EXISTS));
}
GST_END_TEST;

/* A model that cannot run is not run. */
GST_START_TEST (test_cannot_run)
{
  g_autofree gchar *picture = make_picture ();
  g_autofree gchar *model = inspect_model ("t_dw");
  g_autoptr (InspectResult) result =
      inspect_command ("--json", "--bench", "--run", picture, model, NULL);
  JsonObject *object = inspect_result_get (result);

  inspect_check_verdict (result, 1, "Cannot run");
  fail_if (json_object_has_member (object, "detections"));
  fail_if (json_object_has_member (object, "bench"));
}
GST_END_TEST;

/* --bench times every stage, and says what its numbers are worth. */
GST_START_TEST (test_bench)
{
  g_autofree gchar *model = inspect_model (STREET);
  g_autoptr (InspectResult) json =
      inspect_command ("--json", "--bench", "--runs=3", model, NULL);
  g_autoptr (InspectResult) text =
      inspect_command ("--bench", "--runs=1", model, NULL);
  JsonObject *bench =
      json_object_get_object_member (inspect_result_get (json), "bench");

  inspect_check_verdict (json, 0, "Runs ");
  fail_unless_equals_string (json_object_get_string_member (bench, "device"),
      g_getenv ("TEST_DEVICE"));
  fail_unless_equals_int64 (json_object_get_int_member (bench, "pictures"), 3);
  fail_unless (json_object_get_double_member (bench, "letterbox_ms") > 0);
  fail_unless (json_object_get_double_member (bench, "execute_ms") > 0);
  fail_unless (json_object_get_double_member (bench, "decode_ms") >= 0);
  fail_unless_equals_int (text->status, 0);
  fail_unless (
      (strstr (text->out, "software DPU, one thread") == NULL) == is_on_dpu ());
  fail_unless ((strstr (text->out, "says nothing") == NULL) == is_on_dpu ());
}
GST_END_TEST;

static Suite *
inspect_actions_suite (void)
{
  Suite *suite = suite_create ("inspect-actions");
  TCase *chain = tcase_create ("general");

  suite_add_tcase (suite, chain);
  testfolder_add (chain);
  tcase_set_timeout (chain, 300);
  tcase_add_checked_fixture (chain, inspect_setup, inspect_teardown);
  tcase_add_test (chain, test_usage);
  tcase_add_test (chain, test_help);
  tcase_add_test (chain, test_text);
  tcase_add_test (chain, test_escapes);
  tcase_add_test (chain, test_run);
  tcase_add_loop_test (chain, test_run_turned, 0, G_N_ELEMENTS (turns));
  tcase_add_test (chain, test_run_default_output);
  tcase_add_test (chain, test_run_fails);
  tcase_add_test (chain, test_cannot_run);
  tcase_add_test (chain, test_bench);
  return suite;
}

GST_CHECK_MAIN (inspect_actions);
