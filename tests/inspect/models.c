/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What yolov5dpu-inspect finds in models, good ones and all others. */

#include "rig.h"
#include "xmodel/mutator.h"

#include <glib/gstdio.h>
#include <gst/check/gstcheck.h>

#include <string.h>

#define N_MUTATIONS 60
/* mutations a test, so that one that hangs is named */
#define MUTATIONS_PER_TEST 20

#define NOT_COMPILED                                                           \
  "Runs on the software DPU only, because it is the quantizer's"
#define RAW_HEADS "the model must end in YOLOv5's raw heads"

/* multiplications with weights, from the shapes of the layers */
#define YOLOV5N_STREET_384_ADDS 1242378240
/* eight more classes in three anchors of each head */
#define EVERYDAY_384_MORE_ADDS                                                 \
  (8 * 3 * (80 * 48 * 64 + 40 * 24 * 128 + 20 * 12 * 256))
#define DEPTHWISE_ADDS                                                         \
  (32 * 40 * 16 * 27 + 32 * 40 * 16 * 9 + 32 * 40 * 24 * 16 + 16 * 20 * 24 * 9 \
      + 16 * 20 * 32 * 24 + 16 * 20 * 32 * 25)
#define TRANSPOSED_ADDS                                                        \
  (32 * 32 * 16 * 27 + 32 * 32 * 16 * 12 * 16 + 64 * 64 * 12 * 8 * 4)

static const struct {
  const gchar *model;
  gint status;
  const gchar *verdict;
  gint64 operators;
  /* 0 where nobody counted */
  gint64 multiply_adds;
  gint64 parameters;
} models[] = {
  { "everyday/everyday-640x384_int.xmodel", 0, NOT_COMPILED, 448,
      YOLOV5N_STREET_384_ADDS + EVERYDAY_384_MORE_ADDS, 1775401 },
  { "everyday/everyday-640x640_int.xmodel", 0, NOT_COMPILED, 448,
      (YOLOV5N_STREET_384_ADDS + EVERYDAY_384_MORE_ADDS) / 384 * 640, 1775401 },
  { "street/street-640x384_int.xmodel", 0, NOT_COMPILED, 448,
      YOLOV5N_STREET_384_ADDS, 1764577 },
  { "street/street-640x640_int.xmodel", 0, NOT_COMPILED, 448,
      YOLOV5N_STREET_384_ADDS / 384 * 640, 1764577 },
  { "t_add", 1, "Cannot run because outputs 0 and 1 are both 32x32", 40 },
  { "t_add2", 1, "Cannot run because outputs 0 and 1 are both 32x32", 44 },
  { "t_cat", 1, "Cannot run because the model has 1 heads", 36 },
  { "t_dw", 1, "Cannot run because the model has 1 heads", 42, DEPTHWISE_ADDS },
  { "t_leaky", 1, "Cannot run because the model has 1 heads", 22 },
  { "t_leaky01", 1, "Cannot run because the model has 1 heads", 15 },
  { "t_pool", 1, "Cannot run because outputs 1 and 2 are both 12x12", 73 },
  { "t_poolneg", 1, "Cannot run because the model has 2 heads", 26 },
  { "t_ties", 1, "Cannot run because outputs 0 and 1 are both 64x64", 22 },
  { "x_deconv", 1, RAW_HEADS, 22, TRANSPOSED_ADDS },
  { "x_focus", 1, "Cannot run because the model has 1 heads", 19 },
  { "x_hsig", 1, "Cannot run because the model has 1 heads", 18 },
  { "x_nobias", 1, "Cannot run because the model has 1 heads", 11 },
  { "x_padceil", 1, "Cannot run because the model has 1 heads", 25 },
  { "x_relu6", 1, "Cannot run because the model has 1 heads", 15 },
};

/* The models of the project: what they are, what they cost, what becomes of
 * them. */
GST_START_TEST (test_models)
{
  g_autofree gchar *path = inspect_model (models[__i__].model);
  g_autoptr (InspectResult) result = inspect_json (path);
  JsonObject *object = inspect_result_get (result);

  inspect_check_verdict (result, models[__i__].status, models[__i__].verdict);
  fail_unless_equals_string (
      json_object_get_string_member (object, "kind"), "quantized");
  fail_unless_equals_int64 (json_object_get_int_member (object, "operators"),
      models[__i__].operators);
  if (models[__i__].multiply_adds > 0)
    fail_unless_equals_int64 (
        json_object_get_int_member (object, "multiply_adds"),
        models[__i__].multiply_adds);
  if (models[__i__].parameters > 0)
    fail_unless_equals_int64 (
        json_object_get_int_member (object, "parameter_bytes"),
        models[__i__].parameters);
  fail_unless (json_object_get_null_member (object, "compiler"));
  fail_unless_equals_int (json_array_get_length (json_object_get_array_member (
                              object, "cpu_operators")),
      0);
}
GST_END_TEST;

static const struct {
  const gchar *file;
  const gchar *kind;
  gint status;
  const gchar *verdict;
  const gchar *compiler;
  const gchar *target;
  const gchar *release;
} foreign[] = {
  { "xmodels/amd-yolov5n-coco-640-b4096-vai30.xmodel", "compiled", 0,
      "Runs on the software DPU only", "xcompiler 3.0.0",
      "DPUCZDX8G_ISA1_B4096", "3.0 and 3.5" },
  { "xmodels/densebox-b3136-vai25.xmodel", "compiled", 1, RAW_HEADS,
      "xcompiler 2.5.0", "DPUCZDX8G_ISA1_B3136", "2.5" },
  { "xmodels/densebox-vck190-vai14.xmodel", "compiled", 1,
      "compiled for the DPU DPUCVDX8G", "xcompiler 1.4.1",
      "DPUCVDX8G_ISA1_C32B1_0601001036088111", NULL },
  { "xmodels/mnist-cnn-b4096-vai35.xmodel", "compiled", 1,
      "a YOLOv5 takes pictures with 3 channels", "xcompiler 3.5.0",
      "DPUCZDX8G_ISA1_B4096", "3.0 and 3.5" },
  { "xmodels/mnist-cnn_int.xmodel", "quantized", 1,
      "a YOLOv5 takes pictures with 3 channels" },
  { "xmodels/pointpillars-two-dpu-subgraphs-b4096-vai25.xmodel", "compiled", 1,
      "Cannot run because the model has 2 DPU subgraphs", "xcompiler 2.5.0",
      "DPUCZDX8G_ISA1_B4096", "2.5" },
  { "xmodels/yolov3-u50-vai11-aborts-libxir.xmodel", "unsound", 1,
      "files of Vitis AI 1.1 are written in another way" },
  /* heads without anchors; compiled by 3.5 for a DPU of 2.5 */
  { "xmodels/yolox-nano-coco-416-b4096-vai35.xmodel", "compiled", 1,
      "which is not 3 anchors x (5 + classes)", "xcompiler 3.5.0",
      "DPUCZDX8G_ISA1_B4096", "2.5" },
  { "golden/yolov5n_leaky_nc7_320/int.xmodel", "quantized", 0, NOT_COMPILED },
  { "golden/yolov5n_relu_nc7_320/int.xmodel", "quantized", 0, NOT_COMPILED },
  { "golden/yolov5n_relu_nc80_320/int.xmodel", "quantized", 0, NOT_COMPILED },
};

static const gchar *
get_string (JsonObject *object, const gchar *name)
{
  return json_object_get_string_member_with_default (object, name, NULL);
}

/* Models of others, wherever they are at hand. */
GST_START_TEST (test_foreign)
{
  g_autofree gchar *path = g_build_filename (
      g_getenv ("TEST_SHARED_DIR"), foreign[__i__].file, NULL);
  g_autoptr (InspectResult) result = NULL;
  JsonObject *object, *target;

  if (!g_file_test (path, G_FILE_TEST_EXISTS)) {
    g_print ("skipped: %s is not there\n", path);
    return;
  }
  result = inspect_json (path);
  object = inspect_result_get (result);
  inspect_check_verdict (result, foreign[__i__].status, foreign[__i__].verdict);
  fail_unless_equals_string (
      json_object_get_string_member (object, "kind"), foreign[__i__].kind);
  fail_unless_equals_string (
      get_string (object, "compiler"), foreign[__i__].compiler);
  if (foreign[__i__].target == NULL)
    return;
  target = json_object_get_object_member (object, "target");
  fail_unless_equals_string (
      get_string (target, "name"), foreign[__i__].target);
  fail_unless_equals_string (
      get_string (target, "vitis_ai"), foreign[__i__].release);
}
GST_END_TEST;

/* 80 classes that nobody named are COCO's, and it says that this is assumed */
GST_START_TEST (test_coco_labels)
{
  g_autofree gchar *path = g_build_filename (g_getenv ("TEST_SHARED_DIR"),
      "golden", "yolov5n_relu_nc80_320", "int.xmodel", NULL);
  g_autoptr (InspectResult) json = NULL;
  g_autoptr (InspectResult) text = NULL;
  JsonObject *yolov5;

  if (!g_file_test (path, G_FILE_TEST_EXISTS)) {
    g_print ("skipped: %s is not there\n", path);
    return;
  }
  json = inspect_json (path);
  yolov5 = json_object_get_object_member (inspect_result_get (json), "yolov5");
  fail_if (json_object_get_boolean_member (yolov5, "own_labels"));
  fail_unless_equals_string (
      json_array_get_string_element (
          json_object_get_array_member (yolov5, "labels"), 79),
      "toothbrush");
  text = inspect_command (path, NULL);
  fail_unless (strstr (text->out, "by COCO's names: person, bicycle") != NULL,
      "%s", text->out);
  fail_unless (strstr (text->out, "taken for COCO's") != NULL, "%s", text->out);
}
GST_END_TEST;

static gboolean
has_expectation (const gchar *file)
{
  for (guint i = 0; i < G_N_ELEMENTS (foreign); i++) {
    if (strcmp (foreign[i].file, file) == 0)
      return TRUE;
  }
  return FALSE;
}

/* None of the models at hand is left out of the table. */
GST_START_TEST (test_foreign_complete)
{
  g_autofree gchar *folder =
      g_build_filename (g_getenv ("TEST_SHARED_DIR"), "xmodels", NULL);
  g_autoptr (GDir) directory = g_dir_open (folder, 0, NULL);
  const gchar *name;

  if (directory == NULL) {
    g_print ("skipped: %s is not there\n", folder);
    return;
  }
  while ((name = g_dir_read_name (directory)) != NULL) {
    g_autofree gchar *file = g_build_filename ("xmodels", name, NULL);

    fail_unless (!g_str_has_suffix (name, ".xmodel") || has_expectation (file),
        "nobody knows what to expect of %s", name);
  }
}
GST_END_TEST;

/* What is no model gets a verdict, too. */
GST_START_TEST (test_no_models)
{
  static const struct {
    const gchar *content;
    const gchar *kind;
    const gchar *verdict;
  } files[] = {
    { NULL, "unreadable", "Cannot run because the file cannot be read: " },
    { "", "unsound", "Cannot run because the file is empty" },
    { "#!/bin/sh\n", "unsound", "Cannot run because the file is a text" },
    { "PK\003\004", "unsound", "zip archive" },
    { "\012\001a", "unsound", "the model has no operators" },
  };
  g_autoptr (InspectResult) directory = inspect_json (inspect_folder);
  g_autofree gchar *path = inspect_file ("file.xmodel");

  inspect_check_verdict (
      directory, 1, "Cannot run because the file cannot be read: ");
  for (guint i = 0; i < G_N_ELEMENTS (files); i++) {
    g_autoptr (InspectResult) result = NULL;

    if (files[i].content != NULL)
      fail_unless (g_file_set_contents (path, files[i].content, -1, NULL));
    result = inspect_json (path);
    inspect_check_verdict (result, 1, files[i].verdict);
    fail_unless_equals_string (
        get_string (inspect_result_get (result), "kind"), files[i].kind);
  }
}
GST_END_TEST;

/* Heads are in the order of their strides, with anchors and labels. */
GST_START_TEST (test_heads)
{
  g_autofree gchar *path = inspect_model ("street/street-640x384_int.xmodel");
  g_autoptr (InspectResult) result = inspect_json (path);
  JsonObject *object = inspect_result_get (result);
  JsonObject *yolov5 = json_object_get_object_member (object, "yolov5");
  JsonArray *heads = json_object_get_array_member (yolov5, "heads");
  JsonArray *labels = json_object_get_array_member (yolov5, "labels");
  JsonObject *memory =
      json_object_get_object_member (object, "memory_per_slot");

  fail_unless_equals_int (json_array_get_length (heads), 3);
  for (guint i = 0; i < 3; i++) {
    JsonObject *head = json_array_get_object_element (heads, i);
    gint64 stride = 8 << i;

    fail_unless_equals_int64 (
        json_object_get_int_member (head, "stride"), stride);
    fail_unless_equals_int64 (
        json_object_get_int_member (head, "width"), 640 / stride);
    fail_unless_equals_int64 (
        json_object_get_int_member (head, "height"), 384 / stride);
    fail_unless_equals_int64 (
        json_object_get_int_member (head, "fix_point"), 3);
    fail_unless_equals_int (
        json_array_get_length (json_object_get_array_member (head, "anchors")),
        3);
  }
  fail_unless_equals_int64 (json_object_get_int_member (yolov5, "classes"), 4);
  fail_unless_equals_string (
      json_array_get_string_element (labels, 3), "licence plate");
  fail_if (json_object_get_boolean_member (yolov5, "own_anchors"));
  fail_unless_equals_int64 (
      json_object_get_int_member (memory, "input_bytes"), 640 * 384 * 3);
  fail_unless_equals_int64 (json_object_get_int_member (memory, "output_bytes"),
      (80 * 48 + 40 * 24 + 20 * 12) * 27);
}
GST_END_TEST;

/* writes a model info beside a copy of the demo's model */
static InspectResult *
inspect_with_info (const gchar *info)
{
  g_autofree gchar *source = inspect_model ("street/street-640x384_int.xmodel");
  g_autofree gchar *path = inspect_file ("own.xmodel");
  g_autofree gchar *info_path = inspect_file ("own.modelinfo");
  g_autofree gchar *content = NULL;
  gsize size;

  fail_unless (g_file_get_contents (source, &content, &size, NULL));
  fail_unless (g_file_set_contents (path, content, size, NULL));
  fail_unless (g_file_set_contents (info_path, info, -1, NULL));
  return inspect_json (path);
}

/* Anchors of a model info are named as such, and a wrong one is the verdict. */
GST_START_TEST (test_model_info)
{
  g_autoptr (InspectResult) own = inspect_with_info (
      "[yolov5]\nanchors=1;2;3;4;5;6;7;8;9;10;11;12;13;14;15;16;17;18\n");
  g_autoptr (InspectResult) wrong =
      inspect_with_info ("[yolov5]\nanchors=1;2;3;4\n");
  JsonObject *yolov5 =
      json_object_get_object_member (inspect_result_get (own), "yolov5");
  JsonArray *anchors = json_object_get_array_member (
      json_array_get_object_element (
          json_object_get_array_member (yolov5, "heads"), 2),
      "anchors");
  g_autofree gchar *info_path = inspect_file ("own.modelinfo");

  inspect_check_verdict (own, 0, NOT_COMPILED);
  fail_unless (json_object_get_boolean_member (yolov5, "own_anchors"));
  fail_unless_equals_string (get_string (yolov5, "model_info"), info_path);
  fail_unless_equals_float (json_array_get_double_element (
                                json_array_get_array_element (anchors, 2), 1),
      18);
  inspect_check_verdict (wrong, 1, "anchors has 4 numbers");
}
GST_END_TEST;

static const struct {
  guint64 fingerprint;
  const gchar *name_in_file;
  const gchar *name;
  const gchar *release;
} targets[] = {
  { G_GUINT64_CONSTANT (0x1000020f6014407), "DPUCZDX8G_ISA0_B4096_MAX_BG2",
      "DPUCZDX8G_ISA0_B4096_MAX_BG2", "2.0" },
  { G_GUINT64_CONSTANT (0x101000016010407), "DPUCZDX8G_ISA1_B4096_x",
      "DPUCZDX8G_ISA1_B4096", "2.5" },
  { G_GUINT64_CONSTANT (0x101000056010407), NULL, "DPUCZDX8G_ISA1_B4096",
      "3.0 and 3.5" },
  { G_GUINT64_CONSTANT (0x101000016010200), NULL, "DPUCZDX8G_ISA1_B512",
      "2.5" },
  /* nobody's, but its size can be told */
  { G_GUINT64_CONSTANT (0x101000099990404), NULL, "DPUCZDX8G_ISA1_B1600",
      NULL },
  { G_GUINT64_CONSTANT (0x601001036088111), "DPUCVDX8G", "DPUCVDX8G", NULL },
  { G_GUINT64_CONSTANT (0x601001036088111), NULL, NULL, NULL },
};

/* Fingerprints have the names that Vitis AI gives them. */
GST_START_TEST (test_targets)
{
  g_autoptr (XmodelFile__Graph) graph = xmodel_sample_new_compiled ();
  XmodelSampleAttributes dpu =
      XMODEL_SAMPLE_ATTRIBUTES (graph->root->children[1]);
  g_autofree gchar *fingerprint =
      g_strdup_printf ("0x%" G_GINT64_MODIFIER "x", targets[__i__].fingerprint);
  g_autoptr (InspectResult) result = NULL;
  JsonObject *target;

  xmodel_sample_set_uint64 (dpu, "dpu_fingerprint", targets[__i__].fingerprint);
  if (targets[__i__].name_in_file != NULL)
    xmodel_sample_set_string (dpu, "dpu_name", targets[__i__].name_in_file);
  else
    xmodel_sample_remove_attribute (dpu, "dpu_name");
  result = inspect_graph (graph);
  target =
      json_object_get_object_member (inspect_result_get (result), "target");
  fail_unless_equals_string (get_string (target, "fingerprint"), fingerprint);
  fail_unless_equals_string (get_string (target, "name"), targets[__i__].name);
  fail_unless_equals_string (
      get_string (target, "vitis_ai"), targets[__i__].release);
}
GST_END_TEST;

/* A compiled model tells its subgraphs, its registers and its work. */
GST_START_TEST (test_compiled)
{
  g_autoptr (XmodelFile__Graph) graph = xmodel_sample_new_compiled ();
  g_autoptr (InspectResult) result = inspect_graph (graph);
  JsonObject *object = inspect_result_get (result);
  JsonObject *dpu = json_array_get_object_element (
      json_object_get_array_member (object, "subgraphs"), 1);
  JsonObject *entry = json_object_get_object_member (
      json_object_get_object_member (dpu, "registers"), "REG_0");
  JsonArray *outputs = json_object_get_array_member (object, "outputs");

  fail_unless_equals_string (get_string (object, "kind"), "compiled");
  fail_unless_equals_string (get_string (dpu, "device"), "DPU");
  fail_unless_equals_string (get_string (dpu, "name"), "subgraph_conv");
  fail_unless_equals_int64 (json_object_get_int_member (entry, "bytes"), 76);
  fail_unless_equals_string (get_string (entry, "use"), "CONST");
  fail_unless_equals_int64 (
      json_object_get_int_member (object, "multiply_adds"),
      8 * 8 * 4 * 3 * 3 * 2);
  fail_unless_equals_int64 (
      json_object_get_int_member (object, "parameter_bytes"), 72 + 4);
  fail_unless_equals_int (json_array_get_length (outputs), 1);
  fail_unless_equals_int64 (
      json_object_get_int_member (
          json_array_get_object_element (outputs, 0), "fix_point"),
      4);
}
GST_END_TEST;

/* the group of operators of @type, which must be there */
static JsonObject *
find_cpu_operators (const InspectResult *result, const gchar *type)
{
  JsonArray *groups = json_object_get_array_member (
      inspect_result_get (result), "cpu_operators");

  for (guint i = 0; i < json_array_get_length (groups); i++) {
    JsonObject *group = json_array_get_object_element (groups, i);

    if (strcmp (get_string (group, "type"), type) == 0)
      return group;
  }
  fail ("there is no group of %s: %s", type, result->out);
  return NULL;
}

static void
check_cpu_operators (const InspectResult *result, const gchar *type,
    gboolean needed, const gchar *why)
{
  JsonObject *group = find_cpu_operators (result, type);

  fail_unless (strstr (get_string (group, "why"), why) != NULL, "%s: %s", type,
      get_string (group, "why"));
  fail_unless_equals_int (
      json_object_get_boolean_member (group, "needed"), needed);
}

/* The usual CPU operators need no care: those after the heads. */
GST_START_TEST (test_operators_after_dpu)
{
  static const guint32 dims[] = { 1, 8, 8, 4 };
  g_autoptr (XmodelFile__Graph) graph = xmodel_sample_new_compiled ();
  g_autoptr (InspectResult) result = NULL;
  XmodelFile__Op *op =
      xmodel_sample_add_op (graph, "decode", "sigmoid", dims, 4);

  xmodel_sample_add_input (op, "input", "output");
  xmodel_sample_subgraph_add_op (graph->root->children[2], "decode");
  result = inspect_graph (graph);
  check_cpu_operators (result, "fix2float", FALSE, "decodes them as int8");
  check_cpu_operators (result, "sigmoid", FALSE, "comes after the heads");
}
GST_END_TEST;

static void
add_silu (XmodelFile__Graph *graph, const gchar *input, guint32 *dims)
{
  XmodelFile__Op *op =
      xmodel_sample_add_op (graph, "sigmoid", "sigmoid", dims, 4);

  xmodel_sample_add_input (op, "input", input);
  op = xmodel_sample_add_op (graph, "silu", "mul", dims, 4);
  xmodel_sample_add_input (op, "input", input);
  xmodel_sample_add_input (op, "input", "sigmoid");
}

/* A SiLU between two DPU subgraphs is named, and what to do about it. */
GST_START_TEST (test_operators_between)
{
  static guint32 dims[] = { 1, 8, 8, 4 };
  g_autoptr (XmodelFile__Graph) graph = xmodel_sample_new_compiled ();
  g_autoptr (InspectResult) result = NULL;
  XmodelFile__Subgraph *cpu = graph->root->children[2];
  XmodelFile__Subgraph *dpu;
  XmodelFile__Op *op;
  XmodelSampleAttributes attributes;

  add_silu (graph, "output", dims);
  op = xmodel_sample_add_op (graph, "quantize", "float2fix", dims, 4);
  attributes = XMODEL_SAMPLE_ATTRIBUTES (op);
  xmodel_sample_add_input (op, "input", "silu");
  xmodel_sample_set_int (attributes, "fix_point", 4);
  xmodel_sample_set_int (attributes, "bit_width", 8);
  xmodel_sample_set_string (attributes, "round_mode", "DPU_ROUND");
  xmodel_sample_set_bool (attributes, "if_signed", TRUE);
  op = xmodel_sample_add_op (graph, "upload2", "upload", dims, 4);
  xmodel_sample_add_input (op, "input", "quantize");
  xmodel_sample_subgraph_add_op (cpu, "sigmoid");
  xmodel_sample_subgraph_add_op (cpu, "silu");
  xmodel_sample_subgraph_add_op (cpu, "quantize");
  dpu = xmodel_sample_add_subgraph (graph->root, "subgraph_second");
  xmodel_sample_set_string (XMODEL_SAMPLE_ATTRIBUTES (dpu), "device", "DPU");
  xmodel_sample_subgraph_add_op (
      xmodel_sample_add_subgraph (dpu, "layer_second"), "upload2");

  result = inspect_graph (graph);
  inspect_check_verdict (result, 1, "the model has 2 DPU subgraphs");
  check_cpu_operators (result, "fix2float", TRUE, "of the DPU to operators");
  check_cpu_operators (result, "sigmoid", TRUE, "part of SiLU");
  check_cpu_operators (result, "mul", TRUE, "part of SiLU");
  check_cpu_operators (result, "float2fix", TRUE, "of the CPU to the DPU");
  fail_unless (
      strstr (get_string (find_cpu_operators (result, "mul"), "advice"),
          "ReLU or LeakyReLU")
      != NULL);
}
GST_END_TEST;

/* Of quantizer output those are named that a DPU will not take. */
GST_START_TEST (test_operators_not_for_dpus)
{
  g_autofree gchar *path = inspect_model ("t_leaky");
  g_autoptr (XmodelFile__Graph) graph = xmodel_sample_load (path);
  g_autoptr (InspectResult) result = NULL;
  XmodelFile__Op *steep = xmodel_sample_find_op (graph, "leaky-relu", 0);
  XmodelFile__Op *swish = xmodel_sample_find_op (graph, "leaky-relu", 1);
  XmodelFile__Op *last = graph->ops[graph->n_ops - 1];

  xmodel_sample_set_float (XMODEL_SAMPLE_ATTRIBUTES (steep), "alpha", 0.2);
  g_free (swish->type);
  swish->type = g_strdup ("swish");
  add_silu (graph, last->name, last->tensor->dims);
  xmodel_sample_subgraph_add_op (graph->root, "sigmoid");
  xmodel_sample_subgraph_add_op (graph->root, "silu");

  result = inspect_graph (graph);
  fail_unless_equals_int (result->status, 1);
  check_cpu_operators (result, "leaky-relu", TRUE, "26/256");
  check_cpu_operators (result, "swish", TRUE, "no SiLU");
  check_cpu_operators (result, "sigmoid", TRUE, "part of SiLU");
}
GST_END_TEST;

/* SiLU as the real quantizer writes it, and whatever else is PyTorch's own: to
 * compile that is no advice. */
GST_START_TEST (test_operators_of_pytorch)
{
  static const struct {
    const gchar *type, *why, *verdict;
  } rows[] = {
    { "aten::silu_", "SiLU is not for DPUs", "train with ReLU" },
    { "aten::silu", "SiLU is not for DPUs", "train with ReLU" },
    { "aten::einsum", "operator of PyTorch", "is PyTorch's own" },
  };
  g_autofree gchar *path = inspect_model ("t_leaky");

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (XmodelFile__Graph) graph = xmodel_sample_load (path);
    g_autoptr (InspectResult) result = NULL;
    XmodelFile__Op *op = xmodel_sample_find_op (graph, "leaky-relu", 1);

    g_free (op->type);
    op->type = g_strdup (rows[i].type);
    /* which libxir asks of operators that it does not know */
    xmodel_sample_set_ints (XMODEL_SAMPLE_ATTRIBUTES (op), "shape",
        (const gint32 *) op->tensor->dims, op->tensor->n_dims);
    xmodel_sample_set_string (
        XMODEL_SAMPLE_ATTRIBUTES (op), "data_type", "FLOAT32");
    result = inspect_graph (graph);
    fail_unless_equals_int (result->status, 1);
    check_cpu_operators (result, rows[i].type, TRUE, rows[i].why);
    fail_unless (strstr (result->out, "For a board, compile it") == NULL);
    /* nor of libxir */
    fail_unless (strstr (result->err, "UNILOG") == NULL, "%s", result->err);
    /* the element's own words */
    inspect_check_verdict (result, 1, rows[i].verdict);
  }
}
GST_END_TEST;

/* A model without any rounding was not quantized. */
GST_START_TEST (test_float)
{
  static const guint32 dims[] = { 1, 8, 8, 3 };
  g_autoptr (XmodelFile__Graph) graph = xmodel_sample_new ("float");
  g_autoptr (InspectResult) result = NULL;
  XmodelFile__Op *op = xmodel_sample_add_op (graph, "in", "data", dims, 4);
  XmodelSampleAttributes attributes = XMODEL_SAMPLE_ATTRIBUTES (op);

  xmodel_sample_set_ints (attributes, "shape", (const gint32 *) dims, 4);
  xmodel_sample_set_string (attributes, "data_type", "FLOAT32");
  op = xmodel_sample_add_op (graph, "out", "relu", dims, 4);
  xmodel_sample_add_input (op, "input", "in");
  xmodel_sample_subgraph_add_op (graph->root, "in");
  xmodel_sample_subgraph_add_op (graph->root, "out");
  result = inspect_graph (graph);
  fail_unless_equals_string (
      get_string (inspect_result_get (result), "kind"), "float");
  inspect_check_verdict (result, 1, "ends the model without a fix operator");
}
GST_END_TEST;

/* Damaged models are never more than a verdict. */
GST_START_TEST (test_mutations)
{
  g_autofree gchar *source = inspect_model ("street/street-640x384_int.xmodel");
  g_autofree gchar *path = inspect_file ("mutated.xmodel");
  GMappedFile *file = g_mapped_file_new (source, FALSE, NULL);
  g_autoptr (GBytes) model = g_mapped_file_get_bytes (file);

  for (guint i = 0; i < MUTATIONS_PER_TEST; i++) {
    g_autoptr (GBytes) mutated =
        xmodel_mutate (model, __i__ * MUTATIONS_PER_TEST + i);
    g_autoptr (InspectResult) result = NULL;

    fail_unless (g_file_set_contents (path, g_bytes_get_data (mutated, NULL),
        g_bytes_get_size (mutated), NULL));
    result = inspect_json (path);
    inspect_check_verdict (
        result, result->status, result->status == 0 ? "Runs " : "Cannot run ");
  }
  g_mapped_file_unref (file);
}
GST_END_TEST;

static Suite *
inspect_suite (void)
{
  Suite *suite = suite_create ("inspect");
  TCase *chain = tcase_create ("general");

  suite_add_tcase (suite, chain);
  testfolder_add (chain);
  tcase_set_timeout (chain, 300);
  tcase_add_checked_fixture (chain, inspect_setup, inspect_teardown);
  tcase_add_loop_test (chain, test_models, 0, G_N_ELEMENTS (models));
  tcase_add_loop_test (chain, test_foreign, 0, G_N_ELEMENTS (foreign));
  tcase_add_test (chain, test_foreign_complete);
  tcase_add_test (chain, test_coco_labels);
  tcase_add_test (chain, test_no_models);
  tcase_add_test (chain, test_heads);
  tcase_add_test (chain, test_model_info);
  tcase_add_loop_test (chain, test_targets, 0, G_N_ELEMENTS (targets));
  tcase_add_test (chain, test_compiled);
  tcase_add_test (chain, test_operators_after_dpu);
  tcase_add_test (chain, test_operators_between);
  tcase_add_test (chain, test_operators_not_for_dpus);
  tcase_add_test (chain, test_operators_of_pytorch);
  tcase_add_test (chain, test_float);
  tcase_add_loop_test (
      chain, test_mutations, 0, N_MUTATIONS / MUTATIONS_PER_TEST);
  return suite;
}

GST_CHECK_MAIN (inspect);
