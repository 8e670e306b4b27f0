/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The reader of .xmodel files: sound models and what can be asked of them. */

#include <gst/check/gstcheck.h>

#include "xmodel/xmodel.h"

#include "samples.h"

static gchar *
golden_path (const gchar *name)
{
  return g_build_filename (
      g_getenv ("TEST_DATA_DIR"), "golden", name, "int.xmodel", NULL);
}

static Xmodel *
load_golden (const gchar *name)
{
  g_autofree gchar *path = golden_path (name);
  GError *error = NULL;
  Xmodel *model = xmodel_load (path, &error);

  fail_if (error, "%s", error ? error->message : "");
  return model;
}

static Xmodel *
parse_sample (XmodelFile__Graph *graph)
{
  g_autoptr (GBytes) bytes = xmodel_sample_pack (graph);
  GError *error = NULL;
  Xmodel *model = xmodel_parse (bytes, &error);

  fail_if (error, "%s", error ? error->message : "");
  return model;
}

/* loads all .xmodel files of a folder and of those in it; returns how many,
 * except the one that is not sound */
static guint
load_folder (const gchar *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const gchar *name;
  guint n_models = 0;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree gchar *path = g_build_filename (folder, name, NULL);
    g_autoptr (GError) error = NULL;
    g_autoptr (Xmodel) model = NULL;

    if (g_file_test (path, G_FILE_TEST_IS_DIR)) {
      n_models += load_folder (path);
    } else if (g_str_has_suffix (name, ".xmodel")
               && strstr (name, "aborts-libxir") == NULL) {
      model = xmodel_load (path, &error);
      fail_if (error, "%s", error ? error->message : "");
      n_models++;
    }
  }
  return n_models;
}

/* Everything the quantizer wrote for our own graphs is taken. */
GST_START_TEST (test_golden)
{
  g_autofree gchar *folder =
      g_build_filename (g_getenv ("TEST_DATA_DIR"), "golden", NULL);

  fail_unless (load_folder (folder) >= 15);
}
GST_END_TEST;

/* So are real models, compiled and not, wherever they are at hand. */
GST_START_TEST (test_shared)
{
  const gchar *shared = g_getenv ("TEST_SHARED_DIR");
  g_autofree gchar *old = g_build_filename (
      shared, "xmodels", "yolov3-u50-vai11-aborts-libxir.xmodel", NULL);
  g_autoptr (GError) error = NULL;

  if (!g_file_test (old, G_FILE_TEST_EXISTS)) {
    g_print ("skipping: no models in %s\n", shared);
    return;
  }
  fail_unless (load_folder (shared) >= 20);
  fail_if (xmodel_load (old, &error));
  fail_unless (g_error_matches (error, XMODEL_ERROR, XMODEL_ERROR_INVALID));
  fail_unless (strstr (error->message, "0 bits"), "%s", error->message);
}
GST_END_TEST;

/* Operators come in the order of the file, with their inputs resolved. */
GST_START_TEST (test_operators)
{
  g_autoptr (Xmodel) model = load_golden ("t_add");
  guint i, j, k, n_inputs = 0;

  fail_unless_equals_string (xmodel_get_name (model), "T_add");
  fail_unless_equals_int (xmodel_get_n_ops (model), 40);
  for (i = 0; i < xmodel_get_n_ops (model); i++) {
    const XmodelOp *op = xmodel_get_op (model, i);
    guint64 n_elements;

    fail_unless_equals_int (op->index, i);
    fail_unless (xmodel_find_op (model, op->name) == op);
    fail_unless (xmodel_tensor_get_n_elements (&op->tensor, &n_elements));
    for (j = 0; j < op->n_arguments; j++) {
      const XmodelArgument *argument = &op->arguments[j];

      fail_unless (xmodel_op_get_argument (op, argument->name) == argument);
      for (k = 0; k < argument->n_ops; k++, n_inputs++) {
        fail_unless (argument->ops[k]->index < i);
        fail_unless (
            xmodel_op_get_input (op, argument->name, k) == argument->ops[k]);
      }
      fail_if (xmodel_op_get_input (op, argument->name, argument->n_ops));
    }
    fail_if (xmodel_op_get_argument (op, "no-such"));
  }
  fail_unless (n_inputs > 30);
  fail_if (xmodel_find_op (model, "no-such"));
}
GST_END_TEST;

/* The operators libxir knows are known here, those of others need a shape. */
GST_START_TEST (test_operator_types)
{
  g_autoptr (XmodelFile__Graph) graph = xmodel_sample_new_operators ();
  g_autoptr (Xmodel) model = parse_sample (graph);

  fail_unless_equals_int (xmodel_get_n_ops (model), graph->n_ops);
}
GST_END_TEST;

static const XmodelOp *
find_type (const Xmodel *model, const gchar *type)
{
  guint i;

  for (i = 0; i < xmodel_get_n_ops (model); i++) {
    if (strcmp (xmodel_get_op (model, i)->type, type) == 0)
      return xmodel_get_op (model, i);
  }
  fail ("no operator of type %s", type);
  return NULL;
}

/* A convolution without a bias has an empty argument for it. */
GST_START_TEST (test_empty_argument)
{
  g_autoptr (Xmodel) model = load_golden ("x_nobias");
  const XmodelOp *conv = find_type (model, "conv2d");
  const XmodelArgument *bias = xmodel_op_get_argument (conv, "bias");

  fail_unless (bias != NULL);
  fail_unless_equals_int (bias->n_ops, 0);
  fail_if (xmodel_op_get_input (conv, "bias", 0));
  fail_unless (xmodel_op_get_input (conv, "weights", 0) != NULL);
}
GST_END_TEST;

/* What the quantizer says of an input can be read as it wrote it. */
GST_START_TEST (test_quantized_attributes)
{
  g_autoptr (Xmodel) model = load_golden ("t_leaky");
  const XmodelOp *fix = find_type (model, "fix");
  const XmodelOp *conv = find_type (model, "conv2d");
  const XmodelOp *leaky = find_type (model, "leaky-relu");
  const XmodelOp *constant = find_type (model, "const");
  const gint32 *kernel;
  const gchar *round_mode, *data_type;
  const guint8 *data;
  gsize n_values;
  gint bit_width;
  gboolean is_signed = FALSE;
  gdouble alpha;
  guint64 n_elements;

  fail_unless (
      xmodel_attributes_get_int (fix->attributes, "bit_width", &bit_width));
  fail_unless_equals_int (bit_width, 8);
  fail_unless (
      xmodel_attributes_get_bool (fix->attributes, "if_signed", &is_signed));
  fail_unless (is_signed);
  fail_unless (xmodel_attributes_get_string (
      fix->attributes, "round_mode", &round_mode));
  fail_unless_equals_string (round_mode, "DPU_ROUND");
  fail_unless (xmodel_attributes_get_ints (
      conv->attributes, "kernel", &kernel, &n_values));
  fail_unless_equals_int (n_values, 2);
  fail_unless (kernel[0] >= 1 && kernel[1] >= 1);
  fail_unless (
      xmodel_attributes_get_double (leaky->attributes, "alpha", &alpha));
  fail_unless_equals_float (alpha, 0.1015625);

  fail_unless (xmodel_attributes_get_string (
      constant->attributes, "data_type", &data_type));
  fail_unless_equals_string (data_type, "float32");
  fail_unless_equals_int (constant->tensor.data_type, XMODEL_DATA_TYPE_FLOAT);
  fail_unless_equals_int (constant->tensor.bit_width, 32);
  fail_unless (xmodel_attributes_get_bytes (
      constant->attributes, "data", &data, &n_values));
  fail_unless (xmodel_tensor_get_n_elements (&constant->tensor, &n_elements));
  fail_unless_equals_uint64 (n_values, 4 * n_elements);
}
GST_END_TEST;

/* Integers are taken in any width as long as the value fits, nothing else is
 * converted, and outputs stay as they were when there is nothing. */
GST_START_TEST (test_attribute_types)
{
  g_autoptr (XmodelFile__Graph) graph = xmodel_sample_new_compiled ();
  XmodelSampleAttributes sample = XMODEL_SAMPLE_ATTRIBUTES (graph);
  XmodelFile__Attribute *attribute;
  g_autoptr (Xmodel) model = NULL;
  const XmodelAttributes *attributes;
  const gchar *string = "untouched";
  gint number = 77;
  guint64 wide = 77;
  gdouble real = 77;

  xmodel_sample_set_uint64 (sample, "small", 5);
  xmodel_sample_set_uint64 (sample, "large", G_MAXUINT64);
  xmodel_sample_set_int (sample, "negative", -3);
  xmodel_sample_set_string (sample, "text", "five");
  attribute = xmodel_sample_get_attribute (sample, "long");
  attribute->value_case = XMODEL_FILE__ATTRIBUTE__VALUE_INT64_VALUE;
  attribute->int64_value = G_MININT32;
  attribute = xmodel_sample_get_attribute (sample, "longer");
  attribute->value_case = XMODEL_FILE__ATTRIBUTE__VALUE_INT64_VALUE;
  attribute->int64_value = G_MININT32 - G_GINT64_CONSTANT (1);
  attribute = xmodel_sample_get_attribute (sample, "double");
  attribute->value_case = XMODEL_FILE__ATTRIBUTE__VALUE_DOUBLE_VALUE;
  attribute->double_value = 0.1;
  model = parse_sample (graph);
  attributes = xmodel_get_attributes (model);

  fail_if (xmodel_attributes_get_int (attributes, "absent", &number));
  fail_if (xmodel_attributes_get_int (attributes, "text", &number));
  fail_if (xmodel_attributes_get_int (attributes, "large", &number));
  fail_if (xmodel_attributes_get_int (attributes, "longer", &number));
  fail_unless_equals_int (number, 77);
  fail_unless (xmodel_attributes_get_int (attributes, "small", &number));
  fail_unless_equals_int (number, 5);
  fail_unless (xmodel_attributes_get_int (attributes, "long", &number));
  fail_unless_equals_int (number, G_MININT32);

  fail_if (xmodel_attributes_get_uint64 (attributes, "negative", &wide));
  fail_unless_equals_uint64 (wide, 77);
  fail_unless (xmodel_attributes_get_uint64 (attributes, "large", &wide));
  fail_unless_equals_uint64 (wide, G_MAXUINT64);

  fail_if (xmodel_attributes_get_double (attributes, "small", &real));
  fail_unless_equals_float (real, 77);
  fail_unless (xmodel_attributes_get_double (attributes, "double", &real));
  fail_unless_equals_float (real, 0.1);

  fail_if (xmodel_attributes_get_string (attributes, "small", &string));
  fail_unless_equals_string (string, "untouched");
  fail_unless (xmodel_attributes_has (attributes, "text"));
  fail_if (xmodel_attributes_has (attributes, "absent"));
}
GST_END_TEST;

/* Lists come as arrays, unsigned ones as long as they fit. */
GST_START_TEST (test_attribute_lists)
{
  g_autoptr (XmodelFile__Graph) graph = xmodel_sample_new_compiled ();
  XmodelSampleAttributes sample = XMODEL_SAMPLE_ATTRIBUTES (graph);
  XmodelFile__Attribute *attribute;
  XmodelFile__Uint32s *unsigned_list = g_new (XmodelFile__Uint32s, 1);
  XmodelFile__Floats *floats_list = g_new (XmodelFile__Floats, 1);
  g_autoptr (Xmodel) fitting = NULL;
  g_autoptr (Xmodel) model = NULL;
  const gint32 *ints;
  const gfloat *floats;
  gsize n_values;

  attribute = xmodel_sample_get_attribute (sample, "unsigned");
  attribute->value_case = XMODEL_FILE__ATTRIBUTE__VALUE_UINT32S;
  attribute->uint32s = unsigned_list;
  xmodel_file__uint32s__init (unsigned_list);
  unsigned_list->n_values = 2;
  unsigned_list->values = g_new0 (guint32, 2);
  unsigned_list->values[1] = G_MAXINT32;
  attribute = xmodel_sample_get_attribute (sample, "floats");
  attribute->value_case = XMODEL_FILE__ATTRIBUTE__VALUE_FLOATS;
  attribute->floats = floats_list;
  xmodel_file__floats__init (floats_list);
  floats_list->n_values = 1;
  floats_list->values = g_new (gfloat, 1);
  floats_list->values[0] = 2.5;

  fitting = parse_sample (graph);
  unsigned_list->values[1] = G_MAXUINT32;
  model = parse_sample (graph);
  fail_unless (xmodel_attributes_get_ints (
      xmodel_get_attributes (fitting), "unsigned", &ints, &n_values));
  fail_unless_equals_int (n_values, 2);
  fail_unless_equals_int (ints[1], G_MAXINT32);
  fail_if (xmodel_attributes_get_ints (
      xmodel_get_attributes (model), "unsigned", &ints, &n_values));
  fail_unless (xmodel_attributes_get_floats (
      xmodel_get_attributes (model), "floats", &floats, &n_values));
  fail_unless_equals_float (floats[0], 2.5);
}
GST_END_TEST;

/* Subgraphs hold their operators in the order of the file, at every level. */
GST_START_TEST (test_subgraphs)
{
  g_autoptr (XmodelFile__Graph) graph = xmodel_sample_new_compiled ();
  g_autoptr (Xmodel) model = parse_sample (graph);
  const XmodelSubgraph *root = xmodel_get_root (model);
  const XmodelSubgraph *dpu = root->children[1];
  const gchar *device;
  guint i;

  fail_unless_equals_string (root->name, "root");
  fail_unless_equals_int (root->n_children, 3);
  fail_unless_equals_int (root->n_ops, xmodel_get_n_ops (model));
  for (i = 0; i < root->n_ops; i++)
    fail_unless (root->ops[i] == xmodel_get_op (model, i));

  fail_unless (
      xmodel_attributes_get_string (dpu->attributes, "device", &device));
  fail_unless_equals_string (device, "DPU");
  fail_unless_equals_int (dpu->n_children, 3);
  fail_unless_equals_int (dpu->n_ops, 5);
  fail_unless (dpu->ops[0] == xmodel_find_op (model, "upload"));
  fail_unless (dpu->ops[4] == xmodel_find_op (model, "download"));
  fail_unless_equals_int (dpu->children[1]->n_ops, 3);
  fail_unless_equals_int (dpu->children[1]->n_children, 0);
}
GST_END_TEST;

/* The DPU's registers are maps; constants of compiled models have no data. */
GST_START_TEST (test_registers)
{
  g_autoptr (XmodelFile__Graph) graph = xmodel_sample_new_compiled ();
  g_autoptr (Xmodel) model = parse_sample (graph);
  const XmodelSubgraph *dpu = xmodel_get_root (model)->children[1];
  const XmodelOp *bias = xmodel_find_op (model, "bias");
  const guint8 *data = (const guint8 *) "";
  const gchar *text;
  gsize size = 1;
  gint number;
  guint64 fingerprint;

  fail_unless (
      xmodel_attributes_get_bytes (bias->attributes, "data", &data, &size));
  fail_unless_equals_int (size, 0);
  fail_unless (
      xmodel_attributes_get_int (bias->tensor.attributes, "ddr_addr", &number));
  fail_unless_equals_int (number, 72);
  fail_unless (xmodel_attributes_lookup_bytes (
      dpu->attributes, "reg_id_to_parameter_value", "REG_0", &data, &size));
  fail_unless_equals_int (size, 76);
  fail_unless_equals_int (data[number], 72);
  fail_if (xmodel_attributes_lookup_bytes (
      dpu->attributes, "reg_id_to_parameter_value", "REG_9", &data, &size));
  fail_unless (xmodel_attributes_lookup_int (
      dpu->attributes, "reg_id_to_size", "REG_3", &number));
  fail_unless_equals_int (number, 288);
  fail_if (
      xmodel_attributes_lookup_int (dpu->attributes, "runner", "run", &number));
  fail_unless (xmodel_attributes_lookup_string (
      dpu->attributes, "runner", "run", &text));
  fail_unless_equals_string (text, "libvart-dpu-runner.so");
  fail_unless (xmodel_attributes_get_uint64 (
      dpu->attributes, "dpu_fingerprint", &fingerprint));
  fail_unless_equals_uint64 (
      fingerprint, G_GUINT64_CONSTANT (0x101000056010407));
}
GST_END_TEST;

/* The keys of a map of strings can be listed, those of others cannot. */
GST_START_TEST (test_keys)
{
  g_autoptr (XmodelFile__Graph) graph = xmodel_sample_new_compiled ();
  g_autoptr (Xmodel) model = parse_sample (graph);
  const XmodelSubgraph *dpu = xmodel_get_root (model)->children[1];
  gsize n_keys;
  g_autofree const gchar **keys =
      xmodel_attributes_list_keys (dpu->attributes, "runner", &n_keys);

  fail_unless_equals_int (n_keys, 1);
  fail_unless_equals_string (keys[0], "run");
  fail_if (
      xmodel_attributes_list_keys (dpu->attributes, "reg_id_to_size", &n_keys));
  fail_unless_equals_int (n_keys, 0);
  fail_if (xmodel_attributes_list_keys (dpu->attributes, "device", &n_keys));
}
GST_END_TEST;

/* The bytes that were checked are handed on, not copied. */
GST_START_TEST (test_bytes)
{
  g_autoptr (XmodelFile__Graph) graph = xmodel_sample_new_compiled ();
  GBytes *bytes = xmodel_sample_pack (graph);
  Xmodel *model = xmodel_parse (bytes, NULL);
  gconstpointer data = g_bytes_get_data (bytes, NULL);

  g_bytes_unref (bytes);
  fail_unless (xmodel_ref (model) == model);
  xmodel_unref (model);
  fail_unless (g_bytes_get_data (xmodel_get_bytes (model), NULL) == data);
  xmodel_unref (model);
}
GST_END_TEST;

/* Products are computed in 64 bits and bounded. */
GST_START_TEST (test_n_elements)
{
  static const guint32 dims[] = { 1 << 20, 1 << 20, 1 << 20, 1 << 4 };
  XmodelTensor tensor = { .dims = dims };
  guint64 n_elements = 0;

  fail_unless (xmodel_tensor_get_n_elements (&tensor, &n_elements));
  fail_unless_equals_uint64 (n_elements, 1);
  tensor.n_dims = 1;
  fail_unless (xmodel_tensor_get_n_elements (&tensor, &n_elements));
  fail_unless_equals_uint64 (n_elements, 1 << 20);
  tensor.n_dims = 4;
  fail_if (xmodel_tensor_get_n_elements (&tensor, &n_elements));
}
GST_END_TEST;

static Suite *
xmodel_suite (void)
{
  Suite *suite = suite_create ("xmodel");
  TCase *tcase = tcase_create ("sound models");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_golden);
  tcase_add_test (tcase, test_shared);
  tcase_add_test (tcase, test_operators);
  tcase_add_test (tcase, test_operator_types);
  tcase_add_test (tcase, test_empty_argument);
  tcase_add_test (tcase, test_quantized_attributes);
  tcase_add_test (tcase, test_attribute_types);
  tcase_add_test (tcase, test_attribute_lists);
  tcase_add_test (tcase, test_subgraphs);
  tcase_add_test (tcase, test_registers);
  tcase_add_test (tcase, test_keys);
  tcase_add_test (tcase, test_bytes);
  tcase_add_test (tcase, test_n_elements);
  return suite;
}

GST_CHECK_MAIN (xmodel);
