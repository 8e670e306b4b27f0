/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The yolov5 room: what is read from tensors, .modelinfo and label files, and
 * decoding against YOLOv5's published formulas in float. */

#include <glib/gstdio.h>
#include <gst/check/gstcheck.h>
#include <math.h>

#include "yolov5/yolov5.h"

static const Yolov5Tensor input_640 = { 640, 640, 3, 6 };
/* in the order that compilers like to give */
static const Yolov5Tensor outputs_640[] = {
  { 20, 20, 27, 3 },
  { 80, 80, 27, 3 },
  { 40, 40, 27, 4 },
};

#define SETTINGS YOLOV5_ERROR_SETTINGS
#define NOT_FOUND YOLOV5_ERROR_NOT_FOUND

static gchar *directory;

static void
make_directory (void)
{
  directory = g_dir_make_tmp ("yolov5-XXXXXX", NULL);
  fail_unless (directory != NULL);
}

static void
remove_directory (void)
{
  GDir *dir = g_dir_open (directory, 0, NULL);
  const gchar *name;

  while ((name = g_dir_read_name (dir))) {
    gchar *path = g_build_filename (directory, name, NULL);

    fail_unless (g_remove (path) == 0);
    g_free (path);
  }
  g_dir_close (dir);
  fail_unless (g_rmdir (directory) == 0);
  g_clear_pointer (&directory, g_free);
}

static gchar *
write_file (const gchar *name, const gchar *text)
{
  gchar *path = g_build_filename (directory, name, NULL);

  fail_unless (g_file_set_contents (path, text, -1, NULL));
  return path;
}

static Yolov5Model *
new_model_640 (const gchar *info_path, const gchar *label_path, GError **error)
{
  return yolov5_model_new (&input_640, outputs_640, G_N_ELEMENTS (outputs_640),
      info_path, label_path, error);
}

/* all words must be in the message: they are what a user needs to know */
static void
check_error (GError *error, gint code, const gchar *words)
{
  gchar **list = g_strsplit (words, "|", -1);

  fail_unless (error != NULL, "no error, expected '%s'", words);
  fail_unless (
      g_error_matches (error, YOLOV5_ERROR, code), "%s", error->message);
  for (guint i = 0; list[i]; i++)
    fail_unless (strstr (error->message, list[i]) != NULL,
        "'%s' is not in '%s'", list[i], error->message);
  g_strfreev (list);
  g_error_free (error);
}

/* heads come out by stride, whatever the order of the outputs */
GST_START_TEST (test_heads_are_matched_by_size)
{
  Yolov5Model *model = new_model_640 (NULL, NULL, NULL);
  static const struct {
    guint output, stride;
    gint fix_point;
    gfloat width, height;
  } expected[] = {
    { 1, 8, 3, 10, 13 },
    { 2, 16, 4, 30, 61 },
    { 0, 32, 3, 116, 90 },
  };

  fail_unless (model != NULL);
  fail_unless_equals_int (yolov5_model_get_n_heads (model), 3);
  fail_unless_equals_int (yolov5_model_get_n_classes (model), 4);
  fail_unless_equals_int (yolov5_model_get_input (model)->fix_point, 6);
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++) {
    const Yolov5Head *head = yolov5_model_get_head (model, i);

    fail_unless_equals_int (head->output, expected[i].output);
    fail_unless_equals_int (head->stride_x, expected[i].stride);
    fail_unless_equals_int (head->stride_y, expected[i].stride);
    fail_unless_equals_int (head->tensor.fix_point, expected[i].fix_point);
    fail_unless_equals_int (head->n_anchors, 3);
    fail_unless_equals_float (head->anchors[0].width, expected[i].width);
    fail_unless_equals_float (head->anchors[0].height, expected[i].height);
  }
  fail_unless_equals_float (
      yolov5_model_get_head (model, 2)->anchors[2].width, 373);
  fail_unless_equals_float (
      yolov5_model_get_head (model, 2)->anchors[2].height, 326);
  yolov5_model_unref (model);
}
GST_END_TEST;

/* four heads on a wide input: strides 8 to 64 and the anchors of P6 models */
GST_START_TEST (test_four_heads_have_p6_anchors)
{
  const Yolov5Tensor input = { 384, 640, 3, 6 };
  const Yolov5Tensor outputs[] = {
    { 48, 80, 18, 3 },
    { 24, 40, 18, 3 },
    { 12, 20, 18, 3 },
    { 6, 10, 18, 3 },
  };
  Yolov5Model *model = yolov5_model_new (&input, outputs, 4, NULL, NULL, NULL);

  fail_unless (model != NULL);
  fail_unless_equals_int (yolov5_model_get_n_classes (model), 1);
  fail_unless_equals_float (
      yolov5_model_get_head (model, 0)->anchors[0].width, 19);
  fail_unless_equals_int (yolov5_model_get_head (model, 3)->stride_y, 64);
  fail_unless_equals_float (
      yolov5_model_get_head (model, 3)->anchors[2].width, 925);
  fail_unless_equals_float (
      yolov5_model_get_head (model, 3)->anchors[2].height, 792);
  yolov5_model_unref (model);
}
GST_END_TEST;

static const struct {
  Yolov5Tensor input;
  guint n_outputs;
  Yolov5Tensor outputs[9];
  const gchar *words;
} wrong_models[] = {
  { { 640, 640, 1 }, 3, { { 80, 80, 27 }, { 40, 40, 27 }, { 20, 20, 27 } },
      "640x640|1 channels|3 channels" },
  { { 0, 640, 3 }, 3, { { 80, 80, 27 }, { 40, 40, 27 }, { 20, 20, 27 } },
      "640x0" },
  { { 640, 640, 3 }, 0, { { 0 } }, "0 outputs" },
  { { 640, 640, 3 }, 9, { { 80, 80, 27 } }, "9 outputs|8" },
  /* a decoded output */
  { { 640, 640, 3 }, 1, { { 25200, 1, 85 } },
      "Output 0|1x25200|85 channels|640x640|raw heads" },
  { { 640, 640, 3 }, 3, { { 80, 80, 27 }, { 40, 0, 27 }, { 20, 20, 27 } },
      "Output 1|0x40" },
  { { 640, 640, 3 }, 3, { { 80, 80, 27 }, { 40, 41, 27 }, { 20, 20, 27 } },
      "Output 1|41x40|cannot be divided" },
  { { 640, 640, 3 }, 3, { { 80, 80, 27 }, { 40, 80, 27 }, { 20, 20, 27 } },
      "Output 1|80x40|8x16 pixels|square" },
  { { 640, 640, 3 }, 3, { { 80, 80, 27 }, { 20, 20, 27 }, { 80, 80, 27 } },
      "Outputs 0 and 2|80x80" },
  { { 640, 640, 3 }, 3, { { 40, 40, 27 }, { 80, 80, 112 }, { 20, 20, 27 } },
      "Output 1 is 80x80 with 112 channels|3 anchors x (5 + classes)" },
  /* 5 channels per anchor leave no class */
  { { 640, 640, 3 }, 3, { { 80, 80, 15 }, { 40, 40, 15 }, { 20, 20, 15 } },
      "Output 0|15 channels" },
  { { 640, 640, 3 }, 3, { { 80, 80, 0 }, { 40, 40, 27 }, { 20, 20, 27 } },
      "Output 0|0 channels" },
  { { 640, 640, 3 }, 3, { { 80, 80, 27 }, { 40, 40, 27 }, { 20, 20, 30 } },
      "4 classes|output 2|5 classes" },
  { { 640, 640, 3 }, 2, { { 40, 40, 27 }, { 20, 20, 27 } },
      "2 heads|anchors=|.modelinfo" },
};

/* tensors that are not YOLOv5's are refused, and the message says which */
GST_START_TEST (test_wrong_models_are_refused)
{
  GError *error = NULL;

  fail_unless (
      yolov5_model_new (&wrong_models[__i__].input, wrong_models[__i__].outputs,
          wrong_models[__i__].n_outputs, NULL, NULL, &error)
      == NULL);
  check_error (error, YOLOV5_ERROR_MODEL, wrong_models[__i__].words);
}
GST_END_TEST;

/* every key of a .modelinfo file arrives */
GST_START_TEST (test_model_info_is_read)
{
  gchar *path = write_file ("full.modelinfo",
      "# a comment\r\n[other]\r\nx=1\r\n[yolov5]\r\n"
      "anchors= 1;2.5;3;4; 5;6;7;8; 9;10;11;1.2e1;\r\n"
      "labels=red car; b\\;c ;d;e;\r\n"
      "threshold=0.4\niou-threshold = 1\nchannel-order=BGR\npad=0\n");
  Yolov5Tensor outputs[3];
  Yolov5Model *model;
  gfloat threshold = -1, iou_threshold = -1;

  memcpy (outputs, outputs_640, sizeof outputs);
  for (guint i = 0; i < 3; i++)
    outputs[i].channels = 2 * (5 + 4);
  model = yolov5_model_new (&input_640, outputs, 3, path, NULL, NULL);
  fail_unless (model != NULL);
  fail_unless_equals_int (yolov5_model_get_head (model, 0)->n_anchors, 2);
  fail_unless_equals_float (
      yolov5_model_get_head (model, 0)->anchors[0].height, 2.5);
  fail_unless_equals_float (
      yolov5_model_get_head (model, 2)->anchors[1].height, 12);
  fail_unless_equals_string (yolov5_model_get_label (model, 0), "red car");
  fail_unless_equals_string (yolov5_model_get_label (model, 1), "b;c");
  fail_unless_equals_string (yolov5_model_get_label (model, 3), "e");
  fail_unless (yolov5_model_get_threshold (model, &threshold));
  fail_unless_equals_float (threshold, 0.4f);
  fail_unless (yolov5_model_get_iou_threshold (model, &iou_threshold));
  fail_unless_equals_float (iou_threshold, 1);
  fail_unless (yolov5_model_is_bgr (model));
  fail_unless_equals_int (yolov5_model_get_pad (model), 0);
  yolov5_model_unref (model);
  g_free (path);
}
GST_END_TEST;

/* without files, and with an empty group, the defaults hold */
GST_START_TEST (test_model_info_defaults)
{
  gchar *path = write_file ("empty.modelinfo", "[yolov5]\n");
  const gchar *paths[] = { NULL, path };

  for (guint i = 0; i < G_N_ELEMENTS (paths); i++) {
    Yolov5Model *model = new_model_640 (paths[i], NULL, NULL);
    gfloat value = -1;

    fail_unless (model != NULL);
    fail_unless (!yolov5_model_get_threshold (model, &value));
    fail_unless (!yolov5_model_get_iou_threshold (model, &value));
    fail_unless_equals_float (value, -1);
    fail_unless (!yolov5_model_is_bgr (model));
    fail_unless_equals_int (yolov5_model_get_pad (model), 114);
    fail_unless_equals_string (yolov5_model_get_label (model, 0), "class 0");
    fail_unless_equals_string (yolov5_model_get_label (model, 3), "class 3");
    yolov5_model_unref (model);
  }
  g_free (path);
}
GST_END_TEST;

static const struct {
  const gchar *text;
  const gchar *words;
} wrong_infos[] = {
  { "", "no group [yolov5]" },
  { "[yolo]\npad=1\n", "no group [yolov5]" },
  { "threshold=0.5\n", "wrong.modelinfo" },
  { "[yolov5]\nnonsense\n", "nonsense" },
  { "[yolov5]\n# \xff\npad=1\n", "UTF-8" },
  { "[yolov5]\ntreshold=0.5\n", "unknown key|treshold=0.5|threshold|labels" },
  { "[yolov5]\npad=1\npad=2\n", "pad= more than once" },
  { "[yolov5]\nlabels=a;b;c;d\n[x]\n[yolov5]\nlabels=e;f;g;h\n",
      "labels= more than once" },
  { "[yolov5]\nlabels[de]=a\n", "unknown key|labels[de]" },
  { "[yolov5]\nthreshold=0,5\n", "threshold=0,5|0 to 1" },
  { "[yolov5]\nthreshold=1.01\n", "threshold=1.01|0 to 1" },
  { "[yolov5]\nthreshold=-0.1\n", "threshold=-0.1|0 to 1" },
  { "[yolov5]\nthreshold=nan\n", "threshold=nan" },
  { "[yolov5]\nthreshold=\n", "threshold=" },
  { "[yolov5]\niou-threshold=45%\n", "iou-threshold=45%|0 to 1" },
  { "[yolov5]\nchannel-order=rgb\n", "channel-order=rgb|RGB or BGR" },
  { "[yolov5]\npad=256\n", "pad=256|0 to 255" },
  { "[yolov5]\npad=-1\n", "pad=-1" },
  { "[yolov5]\npad=1.5\n", "pad=1.5" },
  { "[yolov5]\nanchors=\n", "anchors=" },
  { "[yolov5]\nanchors=1;2;3\n", "anchors=1;2;3|width;height" },
  { "[yolov5]\nanchors=1;2;;3\n", "anchors=1;2;;3" },
  { "[yolov5]\nanchors=10,13;16,30\n", "anchors=10,13" },
  { "[yolov5]\nanchors=1;0;1;1;1;1\n", "anchors=1;0|above 0" },
  { "[yolov5]\nanchors=1;inf;1;1;1;1\n", "anchors=1;inf" },
  { "[yolov5]\nanchors=1;1e-60;1;1;1;1\n", "anchors=1;1e-60|above 0" },
  { "[yolov5]\nanchors=1;1;2;2\n", "4 numbers|3 heads" },
  { "[yolov5]\nlabels=\n", "0 labels|4 classes" },
  { "[yolov5]\nlabels=a;b;c\n", "wrong.modelinfo|3 labels|4 classes" },
  { "[yolov5]\nlabels=a;b;c;d;e\n", "5 labels|4 classes" },
  { "[yolov5]\nlabels=a;;c;d\n", "place 2" },
  { "[yolov5]\nlabels=a;b\\x;c;d\n", "labels" },
};

/* a .modelinfo file with a mistake is refused, naming file, key and value */
GST_START_TEST (test_wrong_model_infos_are_refused)
{
  GError *error = NULL;
  gchar *path = write_file ("wrong.modelinfo", wrong_infos[__i__].text);
  gchar *words =
      g_strconcat ("wrong.modelinfo|", wrong_infos[__i__].words, NULL);

  fail_unless (new_model_640 (path, NULL, &error) == NULL);
  check_error (error, SETTINGS, words);
  g_free (words);
  g_free (path);
}
GST_END_TEST;

/* more anchors than a head can hold are refused, not written past its end */
GST_START_TEST (test_too_many_anchors_are_refused)
{
  GString *text = g_string_new ("[yolov5]\nanchors=");
  GError *error = NULL;
  gchar *path;

  for (guint i = 0; i < 3 * (YOLOV5_MAX_ANCHORS + 1); i++)
    g_string_append (text, "1;2;");
  path = write_file ("many.modelinfo", text->str);
  fail_unless (new_model_640 (path, NULL, &error) == NULL);
  check_error (error, SETTINGS, "102 numbers|3 heads|1 to 16");
  g_string_free (text, TRUE);
  g_free (path);
}
GST_END_TEST;

/* a named file that is not there is an error, not a default */
GST_START_TEST (test_missing_files)
{
  gchar *path = g_build_filename (directory, "absent", NULL);
  GError *error = NULL;

  fail_unless (new_model_640 (path, NULL, &error) == NULL);
  check_error (error, NOT_FOUND, path);
  error = NULL;
  fail_unless (new_model_640 (NULL, path, &error) == NULL);
  check_error (error, NOT_FOUND, path);
  g_free (path);
}
GST_END_TEST;

static const struct {
  const gchar *text;
  const gchar *last;
  const gchar *words;
} label_files[] = {
  { "a\nb\nc\nd\n", "d", NULL },
  { "a\nb\nc\nd", "d", NULL },
  { "a\r\nb\r\nc\r\nred car\r\n\r\n \n\n", "red car", NULL },
  { "\xef\xbb\xbf"
    "a\nb\nc\n\xc3\xa4\n",
      "\xc3\xa4", NULL },
  { "a\nb\nc\n", NULL, "3 labels|4 classes" },
  { "a\nb\nc\nd\ne\n", NULL, "5 labels|4 classes" },
  { "", NULL, "0 labels|4 classes" },
  { "\n\n", NULL, "0 labels|4 classes" },
  { "a\n\nc\nd\n", NULL, "line 2 is empty" },
  { "a\nb\nc\n\xff\xfe\n", NULL, "UTF-8" },
};

/* label files, and that they go before the labels of the .modelinfo file */
GST_START_TEST (test_label_files)
{
  gchar *info = write_file ("a.modelinfo", "[yolov5]\nlabels=1;2;3\n");
  gchar *path = write_file ("labels.txt", label_files[__i__].text);
  GError *error = NULL;
  Yolov5Model *model = new_model_640 (info, path, &error);

  if (label_files[__i__].words) {
    gchar *words = g_strconcat ("labels.txt|", label_files[__i__].words, NULL);

    fail_unless (model == NULL);
    check_error (error, SETTINGS, words);
    g_free (words);
  } else {
    fail_unless (model != NULL);
    fail_unless_equals_string (yolov5_model_get_label (model, 0), "a");
    fail_unless_equals_string (
        yolov5_model_get_label (model, 3), label_files[__i__].last);
    yolov5_model_unref (model);
  }
  g_free (path);
  g_free (info);
}
GST_END_TEST;

static void
check_found (const gchar *model_name, const gchar *expected)
{
  gchar *model_path = g_build_filename (directory, model_name, NULL);
  gchar *path = yolov5_model_find_info (model_path);
  gchar *name = path ? g_path_get_basename (path) : NULL;

  fail_unless_equals_string (name, expected);
  g_free (name);
  g_free (path);
  g_free (model_path);
}

/* street.xmodel.modelinfo goes before street.modelinfo */
GST_START_TEST (test_find_info)
{
  check_found ("street.xmodel", NULL);
  g_free (write_file ("street.modelinfo", ""));
  check_found ("street.xmodel", "street.modelinfo");
  check_found ("street", "street.modelinfo");
  check_found ("street-640x640_int.xmodel", NULL);
  g_free (write_file ("street.xmodel.modelinfo", ""));
  check_found ("street.xmodel", "street.xmodel.modelinfo");
  g_free (write_file (".modelinfo", ""));
  check_found (".xmodel", NULL);
}
GST_END_TEST;

/* a name without a folder, and a folder with a dot in its name */
GST_START_TEST (test_find_info_without_extension)
{
  gchar *folder = g_build_filename (directory, "a.b", NULL);
  gchar *info = write_file ("a.modelinfo", "");
  gchar *model = g_build_filename (folder, "model", NULL);

  fail_unless (g_mkdir (folder, 0700) == 0);
  fail_unless (yolov5_model_find_info (model) == NULL);
  fail_unless (yolov5_model_find_info ("") == NULL);
  fail_unless (g_rmdir (folder) == 0);
  g_free (model);
  g_free (info);
  g_free (folder);
}
GST_END_TEST;

typedef enum {
  FILL_RANDOM,
  FILL_SPARSE,
  FILL_FEW_VALUES,
  FILL_CONSTANT,
} Fill;

typedef struct {
  const gchar *name;
  guint width, height;
  guint n_heads;
  guint n_classes;
  gint fix_points[4];
  Fill fill;
  gint8 value;
  gfloat threshold;
  gfloat iou_threshold;
  guint max_detections;
  gboolean class_agnostic;
} DecodeCase;

static const DecodeCase decode_cases[] = {
  { "sparse", 640, 640, 3, 80, { 3, 4, 4 }, FILL_SPARSE, 0, 0.25, 0.45, 300 },
  { "agnostic", 640, 640, 3, 80, { 3, 4, 4 }, FILL_SPARSE, 0, 0.25, 0.45, 300,
      TRUE },
  { "dense", 320, 320, 3, 4, { 5, 5, 5 }, FILL_RANDOM, 0, 0.25, 0.45, 300 },
  { "wide", 640, 384, 3, 4, { 3, 3, 3 }, FILL_SPARSE, 0, 0.1, 0.45, 300 },
  { "tall", 192, 448, 3, 4, { 3, 3, 3 }, FILL_RANDOM, 0, 0.1, 0.6, 1000 },
  { "P6", 640, 640, 4, 7, { 3, 2, 4, 5 }, FILL_SPARSE, 0, 0.2, 0.5, 300 },
  { "one class", 320, 320, 3, 1, { 3, 3, 3 }, FILL_SPARSE, 0, 0.25, 0.45, 300 },
  { "fine steps", 320, 320, 3, 3, { 7, 6, 7 }, FILL_RANDOM, 0, 0.25, 0.45,
      300 },
  { "coarse steps", 320, 320, 3, 3, { -2, -1, 0 }, FILL_RANDOM, 0, 0.25, 0.45,
      300 },
  { "ties", 160, 160, 3, 80, { 3, 3, 3 }, FILL_FEW_VALUES, 0, 0.3, 0.45, 300 },
  { "ties between heads", 160, 160, 3, 2, { 2, 3, 4 }, FILL_FEW_VALUES, 0, 0.2,
      0.3, 300 },
  { "all equal", 160, 160, 3, 5, { 3, 3, 3 }, FILL_CONSTANT, 0, 0.2, 0.45,
      300 },
  { "all lowest", 160, 160, 3, 5, { 3, 3, 3 }, FILL_CONSTANT, -128, 0.2, 0.45,
      300 },
  { "all lowest, threshold 0", 160, 160, 3, 5, { 3, 3, 3 }, FILL_CONSTANT, -128,
      0, 0.45, 300 },
  /* sigmoid (-512) is zero in float, and zero does not exceed zero */
  { "no confidence at all", 160, 160, 3, 5, { -2, -2, -2 }, FILL_CONSTANT, -128,
      0, 0.45, 300 },
  { "all highest", 160, 160, 3, 5, { 3, 3, 3 }, FILL_CONSTANT, 127, 0.2, 0.45,
      300 },
  /* sigmoid (508) is one in float, and one does not exceed one */
  { "all highest, threshold 1", 160, 160, 3, 5, { -2, -2, -2 }, FILL_CONSTANT,
      127, 1, 0.45, 300 },
  { "threshold 0", 160, 160, 3, 5, { 3, 3, 3 }, FILL_RANDOM, 0, 0, 0.45, 300 },
  { "threshold 1", 160, 160, 3, 5, { 1, 1, 1 }, FILL_RANDOM, 0, 1, 0.45, 300 },
  { "IoU threshold 0", 160, 160, 3, 5, { 4, 4, 4 }, FILL_RANDOM, 0, 0.2, 0,
      300 },
  { "IoU threshold 1", 160, 160, 3, 5, { 4, 4, 4 }, FILL_RANDOM, 0, 0.2, 1,
      5000 },
  /* saturated offsets of cells two apart meet: boxes with an IoU of 1 */
  { "equal boxes", 160, 160, 3, 1, { -2, -2, -2 }, FILL_RANDOM, 0, 0.2, 1,
      5000 },
  { "no detections wanted", 160, 160, 3, 5, { 4, 4, 4 }, FILL_RANDOM, 0, 0.2,
      0.45, 0 },
  { "one detection wanted", 160, 160, 3, 5, { 4, 4, 4 }, FILL_RANDOM, 0, 0.2,
      0.45, 1 },
  { "no limit", 160, 160, 3, 5, { 4, 4, 4 }, FILL_RANDOM, 0, 0.01, 0.45,
      G_MAXUINT },
};

typedef struct {
  Yolov5Tensor input;
  Yolov5Tensor tensors[4];
  gint8 *data[4];
  guint n;
} Outputs;

static gint8
random_logit (GRand *random, const DecodeCase *c, gboolean objectness)
{
  static const gint8 few[] = { -20, 0, 3, 4 };

  switch (c->fill) {
    case FILL_CONSTANT:
      return c->value;
    case FILL_FEW_VALUES:
      return few[g_rand_int_range (random, 0, G_N_ELEMENTS (few))];
    case FILL_SPARSE:
      /* about one cell in a hundred holds something */
      if (objectness && g_rand_int_range (random, 0, 100) != 0)
        return g_rand_int_range (random, -128, -40);
      return g_rand_int_range (random, -40, 60);
    default:
      return g_rand_int_range (random, -128, 128);
  }
}

static void
outputs_init (Outputs *self, const DecodeCase *c, guint32 seed)
{
  GRand *random = g_rand_new_with_seed (seed);
  guint step = 5 + c->n_classes;

  self->input = (Yolov5Tensor){ c->height, c->width, 3, 6 };
  self->n = c->n_heads;
  for (guint i = 0; i < self->n; i++) {
    guint stride = 8 << i;
    guint size;

    self->tensors[i] = (Yolov5Tensor){ c->height / stride, c->width / stride,
      3 * step, c->fix_points[i] };
    size = self->tensors[i].height * self->tensors[i].width * 3 * step;
    self->data[i] = g_malloc (size);
    for (guint j = 0; j < size; j++)
      self->data[i][j] = random_logit (random, c, j % step == 4);
  }
  g_rand_free (random);
}

static void
outputs_clear (Outputs *self)
{
  for (guint i = 0; i < self->n; i++)
    g_free (self->data[i]);
}

static Yolov5Model *
outputs_new_model (const Outputs *self)
{
  Yolov5Model *model =
      yolov5_model_new (&self->input, self->tensors, self->n, NULL, NULL, NULL);

  fail_unless (model != NULL);
  return model;
}

static const Yolov5Detection *
outputs_run (const Outputs *self, Yolov5Decoder *decoder,
    const Yolov5Parameters *parameters, guint *n)
{
  return yolov5_decoder_run (
      decoder, (const gint8 *const *) self->data, parameters, n);
}

static const gfloat reference_anchors[2][4][6] = {
  { { 10, 13, 16, 30, 33, 23 }, { 30, 61, 62, 45, 59, 119 },
      { 116, 90, 156, 198, 373, 326 } },
  { { 19, 27, 44, 40, 38, 94 }, { 96, 68, 86, 152, 180, 137 },
      { 140, 301, 303, 264, 238, 542 }, { 436, 615, 739, 380, 925, 792 } },
};

static gfloat
reference_sigmoid (gint8 q, gint fix_point)
{
  return 1 / (1 + exp (-q * pow (2, -fix_point)));
}

/* Detect.forward() and the head of non_max_suppression(): decode everything,
 * then filter */
static void
reference_decode_head (
    const Outputs *outputs, guint head, gfloat threshold, GArray *boxes)
{
  const Yolov5Tensor *tensor = &outputs->tensors[head];
  const gfloat *anchors = reference_anchors[outputs->n == 4][head];
  guint step = tensor->channels / 3;
  gfloat stride = outputs->input.height / tensor->height;
  gfloat s[100];

  for (guint i = 0; i < tensor->height * tensor->width * 3; i++) {
    gfloat column = i / 3 % tensor->width;
    gfloat row = i / 3 / tensor->width;
    const gint8 *logits = outputs->data[head] + i * step;
    gfloat x, y, w, h;
    Yolov5Detection box = {
      0,
    };

    for (guint j = 0; j < step; j++)
      s[j] = reference_sigmoid (logits[j], tensor->fix_point);
    x = (s[0] * 2 - 0.5f + column) * stride;
    y = (s[1] * 2 - 0.5f + row) * stride;
    w = (s[2] * 2) * (s[2] * 2) * anchors[i % 3 * 2];
    h = (s[3] * 2) * (s[3] * 2) * anchors[i % 3 * 2 + 1];
    if (!(s[4] > threshold))
      continue;
    /* by logits: their scores may be the same once rounded to float */
    for (guint j = 6; j < step; j++) {
      if (logits[j] > logits[5 + box.class_id])
        box.class_id = j - 5;
    }
    box.confidence = s[4] * s[5 + box.class_id];
    if (!(box.confidence > threshold))
      continue;
    box.x_min = x - w / 2;
    box.y_min = y - h / 2;
    box.x_max = x + w / 2;
    box.y_max = y + h / 2;
    g_array_append_val (boxes, box);
  }
}

static gfloat
reference_iou (const Yolov5Detection *a, const Yolov5Detection *b)
{
  gfloat w = MAX (0, MIN (a->x_max, b->x_max) - MAX (a->x_min, b->x_min));
  gfloat h = MAX (0, MIN (a->y_max, b->y_max) - MAX (a->y_min, b->y_min));
  gfloat area_a = (a->x_max - a->x_min) * (a->y_max - a->y_min);
  gfloat area_b = (b->x_max - b->x_min) * (b->y_max - b->y_min);

  return w * h / (area_a + area_b - w * h);
}

/* repeatedly take the most confident box left and strike out what it covers */
static GArray *
reference_run (const Outputs *outputs, const Yolov5Parameters *parameters)
{
  GArray *boxes = g_array_new (FALSE, FALSE, sizeof (Yolov5Detection));
  GArray *result = g_array_new (FALSE, FALSE, sizeof (Yolov5Detection));

  for (guint i = 0; i < outputs->n; i++)
    reference_decode_head (outputs, i, parameters->threshold, boxes);

  while (result->len < parameters->max_detections) {
    const Yolov5Detection *best = NULL;
    Yolov5Detection taken;

    for (guint i = 0; i < boxes->len; i++) {
      const Yolov5Detection *box = &g_array_index (boxes, Yolov5Detection, i);

      if (box->confidence >= 0 && (!best || box->confidence > best->confidence))
        best = box;
    }
    if (!best)
      break;
    taken = *best;
    g_array_append_val (result, taken);
    ((Yolov5Detection *) best)->confidence = -1;
    for (guint i = 0; i < boxes->len; i++) {
      Yolov5Detection *box = &g_array_index (boxes, Yolov5Detection, i);

      if ((parameters->class_agnostic || box->class_id == taken.class_id)
          && reference_iou (box, &taken) > parameters->iou_threshold)
        box->confidence = -1;
    }
  }
  g_array_free (boxes, TRUE);
  return result;
}

static void
check_same (const Yolov5Detection *found, guint n,
    const Yolov5Detection *expected, guint n_expected, gfloat size,
    const gchar *name)
{
  fail_unless (
      n == n_expected, "%s: %u detections, expected %u", name, n, n_expected);
  for (guint i = 0; i < n; i++) {
    const Yolov5Detection *a = &found[i];
    const Yolov5Detection *b = &expected[i];

    fail_unless (a->class_id == b->class_id, "%s %u: class %u, expected %u",
        name, i, a->class_id, b->class_id);
    fail_unless (fabsf (a->confidence - b->confidence) <= 1e-6f,
        "%s %u: confidence %g, expected %g", name, i, a->confidence,
        b->confidence);
    fail_unless (fabsf (a->x_min - b->x_min) <= 1e-4f * size
                     && fabsf (a->y_min - b->y_min) <= 1e-4f * size
                     && fabsf (a->x_max - b->x_max) <= 1e-4f * size
                     && fabsf (a->y_max - b->y_max) <= 1e-4f * size,
        "%s %u: %g,%g..%g,%g, expected %g,%g..%g,%g", name, i, a->x_min,
        a->y_min, a->x_max, a->y_max, b->x_min, b->y_min, b->x_max, b->y_max);
  }
}

static Yolov5Parameters
case_parameters (const DecodeCase *c)
{
  return (Yolov5Parameters){ c->threshold, c->iou_threshold, c->max_detections,
    c->class_agnostic };
}

/* the published formulas, computed in float without any shortcut, give the
 * same boxes in the same order */
GST_START_TEST (test_decoding_equals_the_formulas)
{
  const DecodeCase *c = &decode_cases[__i__];
  Yolov5Parameters parameters = case_parameters (c);
  Outputs outputs;
  Yolov5Model *model;
  Yolov5Decoder *decoder;
  GArray *expected;
  const Yolov5Detection *found;
  guint n;

  outputs_init (&outputs, c, 1 + __i__);
  model = outputs_new_model (&outputs);
  decoder = yolov5_decoder_new (model);
  expected = reference_run (&outputs, &parameters);
  GST_INFO ("%s: %u detections", c->name, expected->len);

  /* the second run finds the decoder's memory used */
  for (guint run = 0; run < 2; run++) {
    found = outputs_run (&outputs, decoder, &parameters, &n);
    check_same (found, n, (const Yolov5Detection *) expected->data,
        expected->len, MAX (c->width, c->height), c->name);
  }

  g_array_free (expected, TRUE);
  yolov5_decoder_free (decoder);
  yolov5_model_unref (model);
  outputs_clear (&outputs);
}
GST_END_TEST;

/* a decoder whose parameters change finds what a new one finds */
GST_START_TEST (test_parameters_change_while_running)
{
  static const gfloat thresholds[] = { 0.25, 0.9, 0, 1, 0.01, 0.25 };
  Outputs outputs;
  Yolov5Model *model;
  Yolov5Decoder *decoder;
  guint least = G_MAXUINT, most = 0;

  outputs_init (&outputs, &decode_cases[2], 77);
  model = outputs_new_model (&outputs);
  decoder = yolov5_decoder_new (model);
  for (guint i = 0; i < G_N_ELEMENTS (thresholds); i++) {
    Yolov5Parameters parameters = { thresholds[i], 0.45, 50 * (i + 1), i & 1 };
    Yolov5Decoder *fresh = yolov5_decoder_new (model);
    guint n, n_fresh;
    const Yolov5Detection *found, *expected;

    found = outputs_run (&outputs, decoder, &parameters, &n);
    expected = outputs_run (&outputs, fresh, &parameters, &n_fresh);
    check_same (found, n, expected, n_fresh, 320, "changed");
    least = MIN (least, n);
    most = MAX (most, n);
    yolov5_decoder_free (fresh);
  }
  fail_unless (least == 0 && most > 50);
  yolov5_decoder_free (decoder);
  yolov5_model_unref (model);
  outputs_clear (&outputs);
}
GST_END_TEST;

/* the order of the model's outputs does not matter, ties included */
GST_START_TEST (test_heads_in_any_order)
{
  static const guint orders[][3] = {
    { 0, 1, 2 },
    { 0, 2, 1 },
    { 1, 0, 2 },
    { 1, 2, 0 },
    { 2, 0, 1 },
    { 2, 1, 0 },
  };
  Yolov5Parameters parameters = { 0.2, 0.45, 300, FALSE };
  Outputs outputs;
  GArray *expected;

  outputs_init (&outputs, &decode_cases[10], 5);
  expected = reference_run (&outputs, &parameters);
  fail_unless (expected->len > 10);
  for (guint i = 0; i < G_N_ELEMENTS (orders); i++) {
    Outputs shuffled = outputs;
    Yolov5Model *model;
    Yolov5Decoder *decoder;
    const Yolov5Detection *found;
    guint n;

    for (guint j = 0; j < 3; j++) {
      shuffled.tensors[j] = outputs.tensors[orders[i][j]];
      shuffled.data[j] = outputs.data[orders[i][j]];
    }
    model = outputs_new_model (&shuffled);
    decoder = yolov5_decoder_new (model);
    found = outputs_run (&shuffled, decoder, &parameters, &n);
    check_same (found, n, (const Yolov5Detection *) expected->data,
        expected->len, 160, "shuffled");
    yolov5_decoder_free (decoder);
    yolov5_model_unref (model);
  }
  g_array_free (expected, TRUE);
  outputs_clear (&outputs);
}
GST_END_TEST;

/* one box worked out by hand: logit 0 is sigmoid 1/2, so the centre is the
 * cell's centre, the size is the anchor's and the confidence is 1/4; a
 * threshold of 1/4 is not exceeded by it */
GST_START_TEST (test_one_box_by_hand)
{
  static const DecodeCase empty = { "empty", 640, 640, 3, 2, { 3, 3, 3 },
    FILL_CONSTANT, -128 };
  Yolov5Parameters parameters = { nextafterf (0.25f, 0), 0.45, 300, FALSE };
  Outputs outputs;
  Yolov5Model *model;
  Yolov5Decoder *decoder;
  const Yolov5Detection *found;
  guint n;

  outputs_init (&outputs, &empty, 0);
  model = outputs_new_model (&outputs);
  decoder = yolov5_decoder_new (model);
  /* stride 16, row 3, column 5, second anchor (62x45); both classes tie */
  memset (outputs.data[1] + ((3 * 40 + 5) * 3 + 1) * 7, 0, 7);

  found = outputs_run (&outputs, decoder, &parameters, &n);
  fail_unless_equals_int (n, 1);
  fail_unless_equals_int (found->class_id, 0);
  fail_unless_equals_float (found->confidence, 0.25);
  fail_unless_equals_float (found->x_min, 5.5 * 16 - 31);
  fail_unless_equals_float (found->x_max, 5.5 * 16 + 31);
  fail_unless_equals_float (found->y_min, 3.5 * 16 - 22.5);
  fail_unless_equals_float (found->y_max, 3.5 * 16 + 22.5);

  parameters.threshold = 0.25;
  outputs_run (&outputs, decoder, &parameters, &n);
  fail_unless_equals_int (n, 0);

  yolov5_decoder_free (decoder);
  yolov5_model_unref (model);
  outputs_clear (&outputs);
}
GST_END_TEST;

/* of more candidates than take part in suppression, the best ones do */
GST_START_TEST (test_too_many_candidates)
{
  static const DecodeCase many = { "many", 1280, 1280, 3, 80, { 5, 5, 5 },
    FILL_RANDOM };
  Yolov5Parameters parameters = { 0, 1, G_MAXUINT, FALSE };
  Outputs outputs;
  Yolov5Model *model;
  Yolov5Decoder *decoder;
  const Yolov5Detection *found;
  guint n;

  outputs_init (&outputs, &many, 3);
  model = outputs_new_model (&outputs);
  decoder = yolov5_decoder_new (model);
  found = outputs_run (&outputs, decoder, &parameters, &n);
  fail_unless_equals_int (n, 30000);
  for (guint i = 1; i < n; i++)
    fail_unless (found[i].confidence <= found[i - 1].confidence);
  /* 100800 boxes, uniform logits from -4 to 4: the third that stays has an
   * objectness logit above 4/3 or so */
  fail_unless (found[n - 1].confidence > 0.7);
  yolov5_decoder_free (decoder);
  yolov5_model_unref (model);
  outputs_clear (&outputs);
}
GST_END_TEST;

static gpointer
decode_in_thread (gpointer data)
{
  Yolov5Model *model = data;

  for (guint i = 0; i < 200; i++)
    yolov5_decoder_free (yolov5_decoder_new (model));
  yolov5_model_unref (model);
  return NULL;
}

/* decoders of several threads share one model */
GST_START_TEST (test_model_is_shared)
{
  Yolov5Model *model = new_model_640 (NULL, NULL, NULL);
  GThread *threads[4];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] =
        g_thread_new (NULL, decode_in_thread, yolov5_model_ref (model));
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  fail_unless_equals_string (yolov5_model_get_label (model, 0), "class 0");
  yolov5_model_unref (model);
}
GST_END_TEST;

static Suite *
yolov5_suite (void)
{
  Suite *suite = suite_create ("yolov5");
  TCase *tcase = tcase_create ("model");

  tcase_add_checked_fixture (tcase, make_directory, remove_directory);
  tcase_add_test (tcase, test_heads_are_matched_by_size);
  tcase_add_test (tcase, test_four_heads_have_p6_anchors);
  tcase_add_loop_test (
      tcase, test_wrong_models_are_refused, 0, G_N_ELEMENTS (wrong_models));
  tcase_add_test (tcase, test_model_info_is_read);
  tcase_add_test (tcase, test_model_info_defaults);
  tcase_add_loop_test (
      tcase, test_wrong_model_infos_are_refused, 0, G_N_ELEMENTS (wrong_infos));
  tcase_add_test (tcase, test_too_many_anchors_are_refused);
  tcase_add_test (tcase, test_missing_files);
  tcase_add_loop_test (tcase, test_label_files, 0, G_N_ELEMENTS (label_files));
  tcase_add_test (tcase, test_find_info);
  tcase_add_test (tcase, test_find_info_without_extension);
  suite_add_tcase (suite, tcase);

  tcase = tcase_create ("decoder");
  tcase_add_loop_test (
      tcase, test_decoding_equals_the_formulas, 0, G_N_ELEMENTS (decode_cases));
  tcase_add_test (tcase, test_parameters_change_while_running);
  tcase_add_test (tcase, test_heads_in_any_order);
  tcase_add_test (tcase, test_one_box_by_hand);
  tcase_add_test (tcase, test_too_many_candidates);
  tcase_add_test (tcase, test_model_is_shared);
  suite_add_tcase (suite, tcase);
  return suite;
}

GST_CHECK_MAIN (yolov5);
