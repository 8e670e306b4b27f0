/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The reader of .xmodel files: every kind of damage is refused, in words that
 * name it. */

#include <gst/check/gstcheck.h>

#include "xmodel/xmodel.h"

#include "samples.h"

typedef XmodelFile__Graph Graph;

#define ATTRIBUTES(holder) XMODEL_SAMPLE_ATTRIBUTES (holder)

static void
replace_string (gchar **string, const gchar *with)
{
  g_free (*string);
  *string = g_strdup (with);
}

/* what a parser says of @bytes */
static void
check_refused (
    GBytes *bytes, XmodelError code, const gchar *what, const gchar *words)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Xmodel) model = xmodel_parse (bytes, &error);

  fail_if (model, "%s was taken", what);
  fail_unless (g_error_matches (error, XMODEL_ERROR, code), "%s: %s", what,
      error->message);
  fail_unless (strstr (error->message, words), "%s: %s", what, error->message);
}

/* the graph: names, order, arguments */

static void
no_operators (Graph *graph)
{
  while (graph->n_ops > 0)
    xmodel_file__op__free_unpacked (graph->ops[--graph->n_ops], NULL);
}

static void
unknown_argument (Graph *graph)
{
  replace_string (
      &xmodel_sample_find_op (graph, "conv2d-fix", 0)->arguments[0]->ops[0],
      "nowhere");
}

static void
own_argument (Graph *graph)
{
  replace_string (
      &xmodel_sample_find_op (graph, "conv2d-fix", 0)->arguments[0]->ops[0],
      "conv");
}

static void
later_argument (Graph *graph)
{
  replace_string (
      &xmodel_sample_find_op (graph, "conv2d-fix", 0)->arguments[0]->ops[0],
      "download");
}

static void
duplicate_name (Graph *graph)
{
  replace_string (&graph->ops[3]->name, "weights");
}

static void
missing_name (Graph *graph)
{
  replace_string (&graph->ops[3]->name, "");
}

static void
endless_name (Graph *graph)
{
  g_free (graph->ops[3]->name);
  graph->ops[3]->name = g_strnfill (5000, 'a');
}

static void
missing_type (Graph *graph)
{
  replace_string (&graph->ops[1]->type, "");
}

static void
missing_tensor (Graph *graph)
{
  xmodel_file__tensor__free_unpacked (graph->ops[1]->tensor, NULL);
  graph->ops[1]->tensor = NULL;
}

static void
missing_input (Graph *graph)
{
  xmodel_sample_remove_input (
      xmodel_sample_find_op (graph, "conv2d-fix", 0), "input");
}

static void
two_weights (Graph *graph)
{
  xmodel_sample_add_input (
      xmodel_sample_find_op (graph, "conv2d-fix", 0), "weights", "bias");
}

static void
strange_argument (Graph *graph)
{
  xmodel_sample_add_input (
      xmodel_sample_find_op (graph, "conv2d-fix", 0), "extra", "bias");
}

static void
argument_twice (Graph *graph)
{
  replace_string (
      &xmodel_sample_find_op (graph, "conv2d-fix", 0)->arguments[2]->name,
      "input");
}

/* tensors */

static void
zero_dim (Graph *graph)
{
  graph->ops[4]->tensor->dims[1] = 0;
}

static void
large_dim (Graph *graph)
{
  graph->ops[4]->tensor->dims[1] = G_MAXUINT32;
}

static void
large_product (Graph *graph)
{
  graph->ops[4]->tensor->dims[1] = 1 << 16;
  graph->ops[4]->tensor->dims[2] = 1 << 16;
}

static void
no_dims (Graph *graph)
{
  graph->ops[4]->tensor->n_dims = 0;
}

static void
unknown_data_type (Graph *graph)
{
  graph->ops[4]->tensor->data_type = 5;
}

static void
zero_bits (Graph *graph)
{
  graph->ops[4]->tensor->bit_width = 0;
}

static void
negative_bits (Graph *graph)
{
  graph->ops[4]->tensor->bit_width = -8;
}

static void
many_bits (Graph *graph)
{
  graph->ops[4]->tensor->bit_width = 65;
}

static void
nameless_tensor (Graph *graph)
{
  replace_string (&graph->ops[4]->tensor->name, "");
}

static void
textual_fix_point (Graph *graph)
{
  xmodel_sample_set_string (
      ATTRIBUTES (graph->ops[4]->tensor), "fix_point", "6");
}

/* attributes */

static void
missing_kernel (Graph *graph)
{
  xmodel_sample_remove_attribute (
      ATTRIBUTES (xmodel_sample_find_op (graph, "conv2d-fix", 0)), "kernel");
}

static void
set_conv (
    Graph *graph, const gchar *name, gint first, gint second, gsize n_values)
{
  gint32 values[] = { first, second, 0, 0 };

  xmodel_sample_set_ints (
      ATTRIBUTES (xmodel_sample_find_op (graph, "conv2d-fix", 0)), name, values,
      n_values);
}

static void
short_kernel (Graph *graph)
{
  set_conv (graph, "kernel", 3, 3, 1);
}

static void
long_dilation (Graph *graph)
{
  set_conv (graph, "dilation", 1, 1, 4);
}

static void
zero_stride (Graph *graph)
{
  set_conv (graph, "stride", 0, 1, 2);
}

static void
negative_pad (Graph *graph)
{
  set_conv (graph, "pad", -1, 1, 4);
}

static void
large_kernel (Graph *graph)
{
  set_conv (graph, "kernel", 3, 11, 2);
}

static void
scalar_kernel (Graph *graph)
{
  xmodel_sample_set_int (
      ATTRIBUTES (xmodel_sample_find_op (graph, "conv2d-fix", 0)), "kernel", 3);
}

static void
zero_group (Graph *graph)
{
  xmodel_sample_set_int (
      ATTRIBUTES (xmodel_sample_find_op (graph, "conv2d-fix", 0)), "group", 0);
}

static void
odd_group (Graph *graph)
{
  xmodel_sample_set_int (
      ATTRIBUTES (xmodel_sample_find_op (graph, "conv2d-fix", 0)), "group", 3);
}

static void
other_channels (Graph *graph)
{
  XmodelFile__Op *weights = graph->ops[2];

  weights->tensor->dims[3] = 1;
  xmodel_sample_set_ints (
      ATTRIBUTES (weights), "shape", (const gint32 *) weights->tensor->dims, 4);
}

static void
attribute_twice (Graph *graph)
{
  replace_string (
      &graph->ops[4]->attributes[0]->key, graph->ops[4]->attributes[1]->key);
}

static void
empty_attribute (Graph *graph)
{
  XmodelFile__AttributeEntry *entry = graph->ops[4]->attributes[0];

  xmodel_file__attribute__free_unpacked (entry->value, NULL);
  entry->value = g_new (XmodelFile__Attribute, 1);
  xmodel_file__attribute__init (entry->value);
}

static void
numeric_device (Graph *graph)
{
  xmodel_sample_set_int (ATTRIBUTES (graph->ops[4]), "device", 1);
}

static void
data_of_other_size (Graph *graph)
{
  xmodel_sample_set_bytes (
      ATTRIBUTES (graph->ops[2]), "data", (const guint8 *) "abc", 3);
}

static void
shape_of_other_size (Graph *graph)
{
  graph->ops[0]->tensor->dims[1] = 9;
}

static void
long_data_type (Graph *graph)
{
  g_autofree gchar *text = g_strnfill (200000, 'A');

  xmodel_sample_set_string (ATTRIBUTES (graph->ops[0]), "data_type", text);
}

static void
custom_without_shape (Graph *graph)
{
  replace_string (&graph->ops[1]->type, "my-own");
}

/* subgraphs */

static void
no_root (Graph *graph)
{
  xmodel_file__subgraph__free_unpacked (graph->root, NULL);
  graph->root = NULL;
}

static void
empty_subgraph (Graph *graph)
{
  xmodel_sample_add_subgraph (graph->root, "empty");
}

static void
both_in_subgraph (Graph *graph)
{
  xmodel_sample_subgraph_add_op (graph->root, "conv");
}

static void
unknown_in_subgraph (Graph *graph)
{
  replace_string (&graph->root->children[0]->ops[0], "nowhere");
}

static void
shared_between_subgraphs (Graph *graph)
{
  xmodel_sample_subgraph_add_op (graph->root->children[2], "conv");
}

static void
left_out_of_subgraphs (Graph *graph)
{
  static const guint32 dims[] = { 1, 8, 8, 4 };

  xmodel_sample_add_input (
      xmodel_sample_add_op (graph, "alone", "relu", dims, 4), "input", "conv");
}

static void
subgraph_name_twice (Graph *graph)
{
  replace_string (&graph->root->children[0]->name, "subgraph_conv");
}

static void
nameless_subgraph (Graph *graph)
{
  replace_string (&graph->root->children[0]->name, "");
}

static void
deep_subgraphs (Graph *graph)
{
  XmodelFile__Subgraph *subgraph = graph->root->children[0];
  guint i;

  g_free (subgraph->ops[0]);
  subgraph->n_ops = 0;
  for (i = 0; i < 20; i++)
    subgraph = xmodel_sample_add_subgraph (subgraph, "deeper");
  xmodel_sample_subgraph_add_op (subgraph, "input");
}

static void
numeric_subgraph_device (Graph *graph)
{
  xmodel_sample_set_int (ATTRIBUTES (graph->root->children[1]), "device", 1);
}

static void
textual_runner (Graph *graph)
{
  xmodel_sample_set_string (
      ATTRIBUTES (graph->root->children[1]), "runner", "libvart-dpu-runner.so");
}

/* registers */

static void
short_parameters (Graph *graph)
{
  XmodelSampleAttributes attributes = ATTRIBUTES (graph->root->children[1]);

  xmodel_sample_remove_attribute (attributes, "reg_id_to_parameter_value");
  xmodel_sample_map_bytes (attributes, "reg_id_to_parameter_value", "REG_0",
      (const guint8 *) "abcd", 4);
}

static void
no_parameters (Graph *graph)
{
  xmodel_sample_remove_attribute (
      ATTRIBUTES (graph->root->children[1]), "reg_id_to_parameter_value");
}

static void
far_address (Graph *graph)
{
  xmodel_sample_set_int (
      ATTRIBUTES (graph->ops[3]->tensor), "ddr_addr", G_MAXINT32);
}

static void
negative_address (Graph *graph)
{
  xmodel_sample_set_int (ATTRIBUTES (graph->ops[3]->tensor), "ddr_addr", -4);
}

static void
register_twice (Graph *graph)
{
  xmodel_sample_map_int (
      ATTRIBUTES (graph->root->children[1]), "reg_id_to_size", "REG_0", 7);
}

static void
negative_register (Graph *graph)
{
  xmodel_sample_map_int (
      ATTRIBUTES (graph->root->children[1]), "reg_id_to_size", "REG_1", -7);
}

static const struct {
  const gchar *what;
  void (*damage) (Graph *graph);
  const gchar *words;
} broken[] = {
  { "no operators", no_operators, "has no operators" },
  { "unknown argument", unknown_argument,
      "\"conv\" reads \"nowhere\" as its \"input\"" },
  { "own argument", own_argument, "reads \"conv\"" },
  { "later argument", later_argument, "reads \"download\"" },
  { "duplicate name", duplicate_name, "two operators have the name" },
  { "missing name", missing_name, "operator number 3 has no name" },
  { "endless name", endless_name, "5000 bytes" },
  { "missing type", missing_type, "\"upload\" has no type" },
  { "missing tensor", missing_tensor, "\"upload\" has no output tensor" },
  { "missing input", missing_input, "has no \"input\"" },
  { "two weights", two_weights, "2 operators as \"weights\"" },
  { "strange argument", strange_argument, "has an argument \"extra\"" },
  { "argument twice", argument_twice, "argument \"input\" twice" },

  { "zero dim", zero_dim, "dimension 1 of the tensor of operator \"conv\"" },
  { "large dim", large_dim, "is 4294967295" },
  { "large product", large_product, "2147483647 elements" },
  { "no dims", no_dims, "has 0 dimensions" },
  { "unknown data type", unknown_data_type, "of data type 5" },
  { "zero bits", zero_bits, "have 0 bits" },
  { "negative bits", negative_bits, "-8 bits" },
  { "many bits", many_bits, "have 65 bits" },
  { "nameless tensor", nameless_tensor, "tensor of operator \"conv\" has no" },
  { "textual fix point", textual_fix_point,
      "\"fix_point\" of the tensor of operator \"conv\" is of type "
      "string_value, it has to be int32_value" },

  { "missing kernel", missing_kernel, "has no attribute \"kernel\"" },
  { "short kernel", short_kernel, "has 1 values, it needs 2" },
  { "long dilation", long_dilation, "has 4 values, it needs 2" },
  { "zero stride", zero_stride, "\"stride\" of operator \"conv\" is 0" },
  { "negative pad", negative_pad, "\"pad\" of operator \"conv\" is -1" },
  { "large kernel", large_kernel, "spans 11 elements" },
  { "scalar kernel", scalar_kernel, "of type int32_value" },
  { "zero group", zero_group, "\"group\" of operator \"conv\" is 0" },
  { "odd group", odd_group, "has 3 groups" },
  { "other channels", other_channels, "are for 1 channels" },
  { "attribute twice", attribute_twice, "twice" },
  { "empty attribute", empty_attribute, "has no key or no value" },
  { "numeric device", numeric_device, "\"device\" of operator \"conv\"" },
  { "data of other size", data_of_other_size,
      "has 3 bytes of data, but its tensor takes 72" },
  { "shape of other size", shape_of_other_size,
      "is 8, but that of its tensor is 9" },
  { "long data type", long_data_type, "which is not known" },
  { "custom without shape", custom_without_shape, "no attribute \"shape\"" },

  { "no root", no_root, "no root subgraph" },
  { "empty subgraph", empty_subgraph, "\"empty\" holds neither" },
  { "both in subgraph", both_in_subgraph, "\"root\" holds both" },
  { "unknown in subgraph", unknown_in_subgraph, "holds operator \"nowhere\"" },
  { "shared", shared_between_subgraphs, "already in another place" },
  { "left out", left_out_of_subgraphs, "\"alone\" is in none" },
  { "subgraph name twice", subgraph_name_twice, "have the name" },
  { "nameless subgraph", nameless_subgraph, "has no name" },
  { "deep subgraphs", deep_subgraphs, "nested more than" },
  { "numeric subgraph device", numeric_subgraph_device,
      "\"device\" of subgraph \"subgraph_conv\"" },
  { "textual runner", textual_runner, "has to be map_of_string" },

  { "short parameters", short_parameters,
      "constant \"weights\" needs 72 bytes from byte 0 on" },
  { "no parameters", no_parameters, "have 0 bytes" },
  { "far address", far_address, "from byte 2147483647 on" },
  { "negative address", negative_address, "\"ddr_addr\"" },
  { "register twice", register_twice, "has the key \"REG_0\" twice" },
  { "negative register", negative_register, "has the size -7" },
};

/* A sound model with one thing wrong is refused for that thing. */
GST_START_TEST (test_broken)
{
  g_autoptr (XmodelFile__Graph) graph = xmodel_sample_new_compiled ();
  g_autoptr (GBytes) bytes = NULL;

  broken[__i__].damage (graph);
  bytes = xmodel_sample_pack (graph);
  check_refused (
      bytes, XMODEL_ERROR_INVALID, broken[__i__].what, broken[__i__].words);
}
GST_END_TEST;

/* an operator of every kind whose values libxir computes with */
static const struct {
  const gchar *type;
  const gchar *attribute;
  gint32 values[8];
  gsize n_values;
  const gchar *words;
} shapes[] = {
  { "transpose", "order", { 0, 1, 2 }, 3, "has 3 values" },
  { "transpose", "order", { 0, 1, 2, 4 }, 4, "is 4, its input takes 0 to 3" },
  { "transpose", "order", { 0, 1, 2, 2 }, 4, "has 2 twice" },
  { "squeeze", "axis", { 0, 0 }, 2, "has 0 twice" },
  { "squeeze", "axis", { -1 }, 1, "is -1" },
  { "reshape", "shape", { 1 << 16, 1 << 16 }, 2, "another number" },
  { "reshape", "shape", { 1, 2, 8, 16, 0 }, 5, "keeps dimension 4" },
  { "reshape-fix", "shape", { 7 }, 1, "reshapes 256 elements" },
  { "pad", "paddings", { 1, 1 }, 2, "needs 8" },
  { "reduction_sum", "axis", { 0 }, 0, "is empty" },
  { "reduction_sum", "axis", { 4 }, 1, "is 4" },
  { "strided_slice", "begin", { 0 }, 1, "has 1 values" },
};

/* Shapes that do not fit are refused before anything is divided by them. */
GST_START_TEST (test_shapes)
{
  static const guint32 dims[] = { 1, 8, 8, 4 };
  g_autoptr (XmodelFile__Graph) graph = xmodel_sample_new_compiled ();
  XmodelFile__Op *op =
      xmodel_sample_add_op (graph, "shaped", shapes[__i__].type, dims, 4);
  XmodelSampleAttributes attributes = ATTRIBUTES (op);
  g_autoptr (GBytes) bytes = NULL;

  xmodel_sample_add_input (op, "input", "conv");
  xmodel_sample_set_string (attributes, "mode", "CONSTANT");
  xmodel_sample_set_bool (attributes, "keep_dims", TRUE);
  xmodel_sample_set_ints (attributes, "end", shapes[__i__].values, 4);
  xmodel_sample_set_ints (attributes, "strides", shapes[__i__].values, 4);
  xmodel_sample_set_ints (attributes, shapes[__i__].attribute,
      shapes[__i__].values, shapes[__i__].n_values);
  xmodel_sample_subgraph_add_op (graph->root->children[2], "shaped");
  bytes = xmodel_sample_pack (graph);
  check_refused (
      bytes, XMODEL_ERROR_INVALID, shapes[__i__].type, shapes[__i__].words);
}
GST_END_TEST;

/* More operators, inputs or bytes than libxir handles in bearable time are
 * refused before anything is unpacked. */
GST_START_TEST (test_limits)
{
  static const guint32 dims[] = { 1 };
  g_autoptr (XmodelFile__Graph) graph = xmodel_sample_new_compiled ();
  g_autoptr (XmodelFile__Graph) wide = xmodel_sample_new_compiled ();
  g_autoptr (GBytes) many_ops = NULL;
  g_autoptr (GBytes) many_inputs = NULL;
  guint i;

  for (i = graph->n_ops; i <= XMODEL_MAX_OPS; i++)
    xmodel_sample_add_op (graph, "same", "relu", dims, 1);
  many_ops = xmodel_sample_pack (graph);
  check_refused (
      many_ops, XMODEL_ERROR_LIMIT, "operators", "more than 2048 operators");

  for (i = 0; i <= 2 * XMODEL_MAX_OPS; i++)
    xmodel_sample_add_input (wide->ops[4], "input", "upload");
  many_inputs = xmodel_sample_pack (wide);
  check_refused (
      many_inputs, XMODEL_ERROR_LIMIT, "inputs", "more than 4096 inputs");
}
GST_END_TEST;

static Suite *
xmodel_broken_suite (void)
{
  Suite *suite = suite_create ("xmodel-broken");
  TCase *tcase = tcase_create ("broken models");

  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (tcase, test_broken, 0, G_N_ELEMENTS (broken));
  tcase_add_loop_test (tcase, test_shapes, 0, G_N_ELEMENTS (shapes));
  tcase_add_test (tcase, test_limits);
  return suite;
}

GST_CHECK_MAIN (xmodel_broken);
