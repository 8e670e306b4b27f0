/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The yolov5 room: what is read from tensors, .modelinfo and label files, and
 * which of them are refused. */

#include <glib/gstdio.h>
#include <gst/check/gstcheck.h>

#include "testfolder.h"
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
  directory = testfolder_make ();
}

static void
remove_directory (void)
{
  testfolder_remove (directory);
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

/* of YOLOv5's models/hub/yolov5n6.yaml, width and height in pixels, from P3 */
static const gfloat p6_anchors[4][6] = {
  { 19, 27, 44, 40, 38, 94 },
  { 96, 68, 86, 152, 180, 137 },
  { 140, 301, 303, 264, 238, 542 },
  { 436, 615, 739, 380, 925, 792 },
};

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
  for (guint i = 0; i < 4; i++) {
    const Yolov5Head *head = yolov5_model_get_head (model, i);

    fail_unless_equals_int (head->stride_y, 8 << i);
    fail_unless_equals_int (head->n_anchors, 3);
    for (guint k = 0; k < 3; k++) {
      fail_unless_equals_float (head->anchors[k].width, p6_anchors[i][2 * k]);
      fail_unless_equals_float (
          head->anchors[k].height, p6_anchors[i][2 * k + 1]);
    }
  }
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
      "anchors= 1;2.5;3;4; 5;6;7;8; 9;10;65536;1.2e1;\r\n"
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
      yolov5_model_get_head (model, 2)->anchors[1].width, 65536);
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
  { "[yolov5]\nanchors=1;65536.1;1;1;1;1\n", "anchors=1;65536.1" },
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

static const struct {
  const gchar *text;
  const gchar *second;
  const gchar *words;
} data_files[] = {
  /* as YOLOv5's own files, and as PyYAML and labelling tools write them */
  { "# COCO\npath: ../data\ntrain: images\n\n# Classes\nnames:\n"
    "  0: a\n  1: red car # or so\n  2: c\n  3: d\n\n# Download\n"
    "download: https://host/file.zip\n",
      "red car", NULL },
  { "nc: 4\nnames: ['a', 'it''s', 'c', 'd']\n", "it's", NULL },
  { "names: [ a, \"b \\\"x\\\" \\\\\", c, d ]  # four\nnc: 4", "b \"x\" \\",
      NULL },
  { "names:\n- a\n- traffic light\n- c\n- d\nnc: 4\n", "traffic light", NULL },
  { "names:\r\n  - a\r\n  - b\r\n  - c\r\n  - d\r\n", "b", NULL },
  { "names: [a, traffic\n    light,\n  c, d,\n]\n", "traffic light", NULL },
  { "names: {0: a, 1: b, 2: c, 3: d}", "b", NULL },
  { "names: {\"0\":\"a\",\"1\":\"b\",\"2\":\"c\",\"3\":\"d\"}", "b", NULL },
  { "\xef\xbb\xbfnames:\n  3: d\n  1: b#b\n  0: a\n  2: c\n", "b#b", NULL },
  { "roboflow:\n  names: x\nnames: [a, b, c, d]\n", "b", NULL },
  /* what is not understood is said, with its line */
  { "", NULL, "no \"names:\"" },
  { "a\nb\nc\nd\n", NULL, "no \"names:\"" },
  { "nc: 4\nnames:\n", NULL, "there are no names" },
  { "names: []\n", NULL, "there are no names" },
  { "names: [a, b, c]\n", NULL, "3 labels|4 classes" },
  { "names: [a, b, c, d\n", NULL, "does not go on or end" },
  { "names: [a, b c: d]\n", NULL, "line 1|does not go on or end" },
  { "names: [a, , c, d]\n", NULL, "a name is missing" },
  { "names: [a, [b], c, d]\n", NULL, "more YAML than is understood" },
  { "names: [a, *b, c, d]\n", NULL, "more YAML than is understood" },
  { "names: [a, 'b, c, d]\n", NULL, "a quotation has no end" },
  { "names: [a, \"\\n\", c, d]\n", NULL, "only \\\" and \\\\" },
  { "names: [a, '  ', c, d]\n", NULL, "a name is empty" },
  { "names: [a, b, c, d] e\n", NULL, "something behind the names" },
  { "names: a\n", NULL, "no number of a class" },
  { "names:[a]\n", NULL, "no blank behind \"names:\"" },
  { "names:\n- a\n  - b\n", NULL, "line 3|below the others" },
  { "names:\n- a\n1: b\n- c\n- d\n", NULL, "1 labels|4 classes" },
  { "names:\n-a\n", NULL, "no blank behind \"-\"" },
  { "names:\n- 'a' b\n", NULL, "something behind a name" },
  { "names:\n  0: a\n  - b\n", NULL, "line 3|below the others" },
  { "names:\n  0: a\n  1:b\n", NULL, "no blank behind a colon" },
  { "names:\n  0: a\n  1 b\n", NULL, "no colon" },
  { "names:\n  0: a\n  0: b\n", NULL, "line 3|twice" },
  { "names:\n  0: a\n  2: b\n", NULL, "none for class 1|without a gap" },
  { "names:\n  1: a\n  99999999999999999999: b\n", NULL, "no number" },
  { "names:\n  0: a\nnames: [b]\n", NULL, "more than once" },
  { "names:\n  0: \xff\n", NULL, "UTF-8" },
};

/* the data.yaml of a training: its names, and nothing that is guessed */
GST_START_TEST (test_data_files)
{
  g_autofree gchar *path = write_file ("data.yaml", data_files[__i__].text);
  GError *error = NULL;
  Yolov5Model *model = new_model_640 (NULL, path, &error);

  if (data_files[__i__].words) {
    g_autofree gchar *words =
        g_strconcat ("data.yaml|", data_files[__i__].words, NULL);

    fail_unless (model == NULL, "%s", data_files[__i__].text);
    check_error (error, SETTINGS, words);
  } else {
    fail_unless (model != NULL, "%s", error != NULL ? error->message : "");
    fail_unless_equals_string (yolov5_model_get_label (model, 0), "a");
    fail_unless_equals_string (
        yolov5_model_get_label (model, 1), data_files[__i__].second);
    fail_unless_equals_string (yolov5_model_get_label (model, 3), "d");
    yolov5_model_unref (model);
  }
}
GST_END_TEST;

/* 80 classes that nobody named are COCO's, as labels/coco.txt has them */
GST_START_TEST (test_coco_labels)
{
  static const Yolov5Tensor outputs[] = {
    { 20, 20, 255, 3 },
    { 80, 80, 255, 3 },
    { 40, 40, 255, 4 },
  };
  g_autofree gchar *list =
      g_build_filename (g_getenv ("TEST_LABELS_DIR"), "coco.txt", NULL);
  g_autofree gchar *info =
      write_file ("a.modelinfo", "[yolov5]\nthreshold=0.5\n");
  Yolov5Model *assumed =
      yolov5_model_new (&input_640, outputs, 3, info, NULL, NULL);
  Yolov5Model *told =
      yolov5_model_new (&input_640, outputs, 3, NULL, list, NULL);

  fail_unless (assumed != NULL && told != NULL);
  fail_unless (yolov5_model_has_assumed_labels (assumed));
  fail_unless (!yolov5_model_has_assumed_labels (told));
  for (guint i = 0; i < 80; i++)
    fail_unless_equals_string (
        yolov5_model_get_label (assumed, i), yolov5_model_get_label (told, i));
  fail_unless_equals_string (yolov5_model_get_label (assumed, 16), "dog");
  yolov5_model_unref (assumed);
  yolov5_model_unref (told);
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
  tcase_add_loop_test (tcase, test_data_files, 0, G_N_ELEMENTS (data_files));
  tcase_add_test (tcase, test_coco_labels);
  tcase_add_test (tcase, test_find_info);
  tcase_add_test (tcase, test_find_info_without_extension);
  tcase_add_test (tcase, test_model_is_shared);
  suite_add_tcase (suite, tcase);
  testfolder_add (tcase);
  return suite;
}

GST_CHECK_MAIN (yolov5);
