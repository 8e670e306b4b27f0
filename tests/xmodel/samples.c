/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Small models for tests, and the hands to change them with. Memory is as
 * protobuf-c's unpacking leaves it, so that its free function takes all. */

#include "samples.h"

#include <string.h>

/* of the compiled sample, in bytes: 4 filters of 3x3x2 and their biases, and
 * where the tensors lie in their registers */
#define N_PARAMETERS 76
#define N_INSTRUCTIONS 8
#define INPUT_ADDRESS 16
#define OUTPUT_ADDRESS 32

#define CASE(name) XMODEL_FILE__ATTRIBUTE__VALUE_##name

/* appends to one of protobuf-c's counted arrays */
#define APPEND(array, n, item)                                                 \
  G_STMT_START                                                                 \
  {                                                                            \
    (array) = g_realloc ((array), ((n) + 1) * sizeof (*(array)));              \
    (array)[(n)++] = (item);                                                   \
  }                                                                            \
  G_STMT_END

#define NEW(type, init)                                                        \
  ({                                                                           \
    type *message_ = g_new (type, 1);                                          \
    init (message_);                                                           \
    message_;                                                                  \
  })

XmodelFile__Graph *
xmodel_sample_load (const gchar *path)
{
  g_autofree gchar *content = NULL;
  g_autoptr (GError) error = NULL;
  gsize size;

  if (!g_file_get_contents (path, &content, &size, &error))
    g_error ("%s", error->message);
  return xmodel_file__graph__unpack (NULL, size, (const guint8 *) content);
}

/* the operators' definitions are the larger part of a small file, and neither
 * reader needs them */
void
xmodel_sample_strip_definitions (XmodelFile__Graph *graph)
{
  guint i;

  for (i = 0; i < graph->base.n_unknown_fields; i++)
    g_free (graph->base.unknown_fields[i].data);
  g_clear_pointer (&graph->base.unknown_fields, g_free);
  graph->base.n_unknown_fields = 0;
}

GBytes *
xmodel_sample_pack (const XmodelFile__Graph *graph)
{
  gsize size = xmodel_file__graph__get_packed_size (graph);
  guint8 *data = g_malloc (MAX (size, 1));

  xmodel_file__graph__pack (graph, data);
  return g_bytes_new_take (data, size);
}

void
xmodel_sample_free (XmodelFile__Graph *graph)
{
  xmodel_file__graph__free_unpacked (graph, NULL);
}

/* the index-th operator of a type */
XmodelFile__Op *
xmodel_sample_find_op (XmodelFile__Graph *graph, const gchar *type, guint index)
{
  gsize i;

  for (i = 0; i < graph->n_ops; i++) {
    if (strcmp (graph->ops[i]->type, type) == 0 && index-- == 0)
      return graph->ops[i];
  }
  g_error ("the sample has no such operator: %s", type);
}

XmodelFile__Op *
xmodel_sample_add_op (XmodelFile__Graph *graph, const gchar *name,
    const gchar *type, const guint32 *dims, guint n_dims)
{
  XmodelFile__Op *op = NEW (XmodelFile__Op, xmodel_file__op__init);

  op->name = g_strdup (name);
  op->type = g_strdup (type);
  op->tensor = NEW (XmodelFile__Tensor, xmodel_file__tensor__init);
  op->tensor->name = g_strdup (name);
  op->tensor->dims = g_memdup2 (dims, n_dims * sizeof (*dims));
  op->tensor->n_dims = n_dims;
  op->tensor->data_type = 2;
  op->tensor->bit_width = 8;
  APPEND (graph->ops, graph->n_ops, op);
  return op;
}

static XmodelFile__Argument *
find_argument (XmodelFile__Op *op, const gchar *name)
{
  XmodelFile__Argument *argument;
  gsize i;

  for (i = 0; i < op->n_arguments; i++) {
    if (strcmp (op->arguments[i]->name, name) == 0)
      return op->arguments[i];
  }
  argument = NEW (XmodelFile__Argument, xmodel_file__argument__init);
  argument->name = g_strdup (name);
  APPEND (op->arguments, op->n_arguments, argument);
  return argument;
}

void
xmodel_sample_add_input (
    XmodelFile__Op *op, const gchar *name, const gchar *input)
{
  XmodelFile__Argument *argument = find_argument (op, name);

  APPEND (argument->ops, argument->n_ops, g_strdup (input));
}

void
xmodel_sample_remove_input (XmodelFile__Op *op, const gchar *name)
{
  XmodelFile__Argument *argument = find_argument (op, name);

  g_free (argument->ops[--argument->n_ops]);
}

/* its old value is forgotten: these models do not live long */
XmodelFile__Attribute *
xmodel_sample_get_attribute (
    XmodelSampleAttributes attributes, const gchar *name)
{
  XmodelFile__AttributeEntry *entry;
  gsize i;

  for (i = 0; i < *attributes.n_entries; i++) {
    if (strcmp ((*attributes.entries)[i]->key, name) == 0)
      return (*attributes.entries)[i]->value;
  }
  entry = NEW (XmodelFile__AttributeEntry, xmodel_file__attribute_entry__init);
  entry->key = g_strdup (name);
  entry->value = NEW (XmodelFile__Attribute, xmodel_file__attribute__init);
  APPEND (*attributes.entries, *attributes.n_entries, entry);
  return entry->value;
}

void
xmodel_sample_remove_attribute (
    XmodelSampleAttributes attributes, const gchar *name)
{
  XmodelFile__AttributeEntry **entries = *attributes.entries;
  gsize i;

  for (i = 0; i < *attributes.n_entries; i++) {
    if (strcmp (entries[i]->key, name) == 0) {
      xmodel_file__attribute_entry__free_unpacked (entries[i], NULL);
      entries[i] = entries[--*attributes.n_entries];
      return;
    }
  }
  g_error ("the sample has no such attribute: %s", name);
}

static XmodelFile__Attribute *
reset_attribute (XmodelSampleAttributes attributes, const gchar *name,
    XmodelFile__Attribute__ValueCase value_case)
{
  XmodelFile__Attribute *attribute;
  gsize i;

  for (i = 0; i < *attributes.n_entries; i++) {
    if (strcmp ((*attributes.entries)[i]->key, name) == 0) {
      xmodel_sample_remove_attribute (attributes, name);
      break;
    }
  }
  attribute = xmodel_sample_get_attribute (attributes, name);
  attribute->value_case = value_case;
  return attribute;
}

void
xmodel_sample_set_bool (
    XmodelSampleAttributes attributes, const gchar *name, gboolean value)
{
  reset_attribute (attributes, name, CASE (BOOL_VALUE))->bool_value = value;
}

void
xmodel_sample_set_int (
    XmodelSampleAttributes attributes, const gchar *name, gint value)
{
  reset_attribute (attributes, name, CASE (INT32_VALUE))->int32_value = value;
}

void
xmodel_sample_set_uint64 (
    XmodelSampleAttributes attributes, const gchar *name, guint64 value)
{
  reset_attribute (attributes, name, CASE (UINT64_VALUE))->uint64_value = value;
}

void
xmodel_sample_set_float (
    XmodelSampleAttributes attributes, const gchar *name, gfloat value)
{
  reset_attribute (attributes, name, CASE (FLOAT_VALUE))->float_value = value;
}

void
xmodel_sample_set_string (
    XmodelSampleAttributes attributes, const gchar *name, const gchar *value)
{
  reset_attribute (attributes, name, CASE (STRING_VALUE))->string_value =
      g_strdup (value);
}

static XmodelFile__Bytes *
new_bytes (const guint8 *data, gsize size)
{
  XmodelFile__Bytes *bytes = NEW (XmodelFile__Bytes, xmodel_file__bytes__init);

  bytes->value.data = g_memdup2 (data, size);
  bytes->value.len = size;
  return bytes;
}

void
xmodel_sample_set_bytes (XmodelSampleAttributes attributes, const gchar *name,
    const guint8 *data, gsize size)
{
  reset_attribute (attributes, name, CASE (BYTES_VALUE))->bytes_value =
      new_bytes (data, size);
}

void
xmodel_sample_set_ints (XmodelSampleAttributes attributes, const gchar *name,
    const gint32 *values, gsize n_values)
{
  XmodelFile__Int32s *list =
      NEW (XmodelFile__Int32s, xmodel_file__int32s__init);

  list->values = g_memdup2 (values, n_values * sizeof (*values));
  list->n_values = n_values;
  reset_attribute (attributes, name, CASE (INT32S))->int32s = list;
}

void
xmodel_sample_set_floats (XmodelSampleAttributes attributes, const gchar *name,
    const gfloat *values, gsize n_values)
{
  XmodelFile__Floats *list =
      NEW (XmodelFile__Floats, xmodel_file__floats__init);

  list->values = g_memdup2 (values, n_values * sizeof (*values));
  list->n_values = n_values;
  reset_attribute (attributes, name, CASE (FLOATS))->floats = list;
}

void
xmodel_sample_map_int (XmodelSampleAttributes attributes, const gchar *name,
    const gchar *key, gint value)
{
  XmodelFile__Attribute *attribute =
      xmodel_sample_get_attribute (attributes, name);
  XmodelFile__MapOfInt32__EntriesEntry *entry =
      NEW (XmodelFile__MapOfInt32__EntriesEntry,
          xmodel_file__map_of_int32__entries_entry__init);

  if (attribute->value_case != CASE (MAP_OF_INT32)) {
    attribute->value_case = CASE (MAP_OF_INT32);
    attribute->map_of_int32 =
        NEW (XmodelFile__MapOfInt32, xmodel_file__map_of_int32__init);
  }
  entry->key = g_strdup (key);
  entry->value = value;
  APPEND (attribute->map_of_int32->entries, attribute->map_of_int32->n_entries,
      entry);
}

void
xmodel_sample_map_string (XmodelSampleAttributes attributes, const gchar *name,
    const gchar *key, const gchar *value)
{
  XmodelFile__Attribute *attribute =
      xmodel_sample_get_attribute (attributes, name);
  XmodelFile__MapOfString__EntriesEntry *entry =
      NEW (XmodelFile__MapOfString__EntriesEntry,
          xmodel_file__map_of_string__entries_entry__init);

  if (attribute->value_case != CASE (MAP_OF_STRING)) {
    attribute->value_case = CASE (MAP_OF_STRING);
    attribute->map_of_string =
        NEW (XmodelFile__MapOfString, xmodel_file__map_of_string__init);
  }
  entry->key = g_strdup (key);
  entry->value = g_strdup (value);
  APPEND (attribute->map_of_string->entries,
      attribute->map_of_string->n_entries, entry);
}

void
xmodel_sample_map_bytes (XmodelSampleAttributes attributes, const gchar *name,
    const gchar *key, const guint8 *data, gsize size)
{
  XmodelFile__Attribute *attribute =
      xmodel_sample_get_attribute (attributes, name);
  XmodelFile__MapOfBytes__EntriesEntry *entry =
      NEW (XmodelFile__MapOfBytes__EntriesEntry,
          xmodel_file__map_of_bytes__entries_entry__init);

  if (attribute->value_case != CASE (MAP_OF_BYTES)) {
    attribute->value_case = CASE (MAP_OF_BYTES);
    attribute->map_of_bytes =
        NEW (XmodelFile__MapOfBytes, xmodel_file__map_of_bytes__init);
  }
  entry->key = g_strdup (key);
  entry->value = new_bytes (data, size);
  APPEND (attribute->map_of_bytes->entries, attribute->map_of_bytes->n_entries,
      entry);
}

static XmodelFile__Subgraph *
new_subgraph (const gchar *name)
{
  XmodelFile__Subgraph *subgraph =
      NEW (XmodelFile__Subgraph, xmodel_file__subgraph__init);

  subgraph->name = g_strdup (name);
  return subgraph;
}

XmodelFile__Subgraph *
xmodel_sample_add_subgraph (XmodelFile__Subgraph *parent, const gchar *name)
{
  XmodelFile__Subgraph *subgraph = new_subgraph (name);

  APPEND (parent->children, parent->n_children, subgraph);
  return subgraph;
}

void
xmodel_sample_subgraph_add_op (XmodelFile__Subgraph *subgraph, const gchar *op)
{
  APPEND (subgraph->ops, subgraph->n_ops, g_strdup (op));
}

/* as the compiler leaves tensors: where they lie and how to read them */
void
xmodel_sample_place_tensor (
    XmodelFile__Op *op, gint fix_point, gint register_id, gint address)
{
  XmodelSampleAttributes tensor = XMODEL_SAMPLE_ATTRIBUTES (op->tensor);

  xmodel_sample_set_int (tensor, "fix_point", fix_point);
  xmodel_sample_set_int (tensor, "bit_width", 8);
  xmodel_sample_set_string (tensor, "round_mode", "DPU_ROUND");
  xmodel_sample_set_bool (tensor, "if_signed", TRUE);
  if (register_id >= 0) {
    xmodel_sample_set_int (tensor, "location", 1);
    xmodel_sample_set_int (tensor, "reg_id", register_id);
    xmodel_sample_set_int (tensor, "ddr_addr", address);
  }
}

XmodelFile__Op *
xmodel_sample_add_source (XmodelFile__Graph *graph, const gchar *name,
    const gchar *type, const guint32 *dims, guint n_dims)
{
  XmodelFile__Op *op = xmodel_sample_add_op (graph, name, type, dims, n_dims);
  XmodelSampleAttributes attributes = XMODEL_SAMPLE_ATTRIBUTES (op);

  xmodel_sample_set_ints (attributes, "shape", (const gint32 *) dims, n_dims);
  xmodel_sample_set_string (attributes, "data_type", "XINT8");
  if (strcmp (type, "const-fix") == 0)
    xmodel_sample_set_bytes (attributes, "data", NULL, 0);
  return op;
}

static void
add_convolution (XmodelFile__Graph *graph, const guint32 *dims)
{
  static const gint32 ones[] = { 1, 1 };
  static const gint32 threes[] = { 3, 3 };
  static const gint32 pad[] = { 1, 1, 1, 1 };
  XmodelFile__Op *op =
      xmodel_sample_add_op (graph, "conv", "conv2d-fix", dims, 4);
  XmodelSampleAttributes attributes = XMODEL_SAMPLE_ATTRIBUTES (op);

  xmodel_sample_add_input (op, "input", "upload");
  xmodel_sample_add_input (op, "weights", "weights");
  xmodel_sample_add_input (op, "bias", "bias");
  xmodel_sample_set_ints (attributes, "kernel", threes, 2);
  xmodel_sample_set_ints (attributes, "stride", ones, 2);
  xmodel_sample_set_ints (attributes, "dilation", ones, 2);
  xmodel_sample_set_ints (attributes, "pad", pad, 4);
  xmodel_sample_set_string (attributes, "pad_mode", "FLOOR");
  xmodel_sample_set_string (attributes, "nonlinear", "RELU");
  xmodel_sample_set_int (attributes, "group", 1);
  xmodel_sample_place_tensor (op, 4, 3, OUTPUT_ADDRESS);
}

/* the way out, on the CPU */
XmodelFile__Op *
xmodel_sample_add_fix2float (XmodelFile__Graph *graph, const gchar *name,
    const gchar *input, const guint32 *dims, gint fix_point)
{
  XmodelFile__Op *op = xmodel_sample_add_op (graph, name, "fix2float", dims, 4);
  XmodelSampleAttributes attributes = XMODEL_SAMPLE_ATTRIBUTES (op);

  op->tensor->data_type = 4;
  op->tensor->bit_width = 32;
  xmodel_sample_add_input (op, "input", input);
  xmodel_sample_set_int (attributes, "fix_point", fix_point);
  xmodel_sample_set_int (attributes, "bit_width", 8);
  xmodel_sample_set_string (attributes, "round_mode", "DPU_ROUND");
  xmodel_sample_set_bool (attributes, "if_signed", TRUE);
  return op;
}

static void
add_operators (XmodelFile__Graph *graph)
{
  static const guint32 input_dims[] = { 1, 8, 8, 2 };
  static const guint32 output_dims[] = { 1, 8, 8, 4 };
  static const guint32 weight_dims[] = { 4, 3, 3, 2 };
  static const guint32 bias_dims[] = { 4 };
  XmodelFile__Op *op;

  op = xmodel_sample_add_source (graph, "input", "data-fix", input_dims, 4);
  xmodel_sample_place_tensor (op, 6, -1, 0);
  op = xmodel_sample_add_op (graph, "upload", "upload", input_dims, 4);
  xmodel_sample_add_input (op, "input", "input");
  xmodel_sample_place_tensor (op, 6, 2, INPUT_ADDRESS);
  op = xmodel_sample_add_source (graph, "weights", "const-fix", weight_dims, 4);
  xmodel_sample_place_tensor (op, 7, 0, 0);
  op = xmodel_sample_add_source (graph, "bias", "const-fix", bias_dims, 1);
  xmodel_sample_place_tensor (op, 8, 0, 72);
  add_convolution (graph, output_dims);
  op = xmodel_sample_add_op (graph, "download", "download", output_dims, 4);
  xmodel_sample_add_input (op, "input", "conv");
  xmodel_sample_place_tensor (op, 4, -1, 0);

  xmodel_sample_add_fix2float (graph, "output", "download", output_dims, 4);
}

/* what AMD's runner takes for each register */
static void
describe_register (XmodelSampleAttributes attributes, const gchar *name,
    gint size, const gchar *type, const gchar *type_v2)
{
  xmodel_sample_map_int (attributes, "reg_id_to_size", name, size);
  xmodel_sample_map_string (attributes, "reg_id_to_context_type", name, type);
  xmodel_sample_map_string (
      attributes, "reg_id_to_context_type_v2", name, type_v2);
}

/* @parameters: of REG_0, whose first bytes also serve as instructions
 * @workspace_size: bytes of REG_1, which is left out when there are none
 * @input_size: bytes of REG_2
 * @output_size: bytes of REG_3, 0 for none */
void
xmodel_sample_describe_dpu (XmodelFile__Subgraph *dpu, const guint8 *parameters,
    gsize n_parameters, gint workspace_size, gint input_size, gint output_size)
{
  XmodelSampleAttributes attributes = XMODEL_SAMPLE_ATTRIBUTES (dpu);

  xmodel_sample_set_string (attributes, "device", "DPU");
  xmodel_sample_set_string (attributes, "dpu_name", "DPUCZDX8G_ISA1_B4096");
  xmodel_sample_set_uint64 (
      attributes, "dpu_fingerprint", G_GUINT64_CONSTANT (0x101000056010407));
  xmodel_sample_set_uint64 (attributes, "workload", 0);
  xmodel_sample_set_bytes (attributes, "mc_code", parameters, N_INSTRUCTIONS);
  xmodel_sample_map_string (
      attributes, "runner", "run", "libvart-dpu-runner.so");
  xmodel_sample_map_bytes (attributes, "reg_id_to_parameter_value", "REG_0",
      parameters, n_parameters);
  describe_register (attributes, "REG_0", n_parameters, "CONST", "CONST");
  if (workspace_size > 0)
    describe_register (
        attributes, "REG_1", workspace_size, "DATA", "WORKSPACE");
  describe_register (attributes, "REG_2", input_size, "DATA", "INTERFACE");
  if (output_size > 0)
    describe_register (attributes, "REG_3", output_size, "DATA", "INTERFACE");
}

static void
fill_parameters (guint8 *parameters, guint8 seed)
{
  guint i;

  for (i = 0; i < N_PARAMETERS; i++)
    parameters[i] = i + seed;
}

/* models of other seeds have other instructions and parameters */
void
xmodel_sample_seed_compiled (XmodelFile__Graph *graph, guint8 seed)
{
  XmodelSampleAttributes attributes;
  guint8 parameters[N_PARAMETERS];
  guint i;

  fill_parameters (parameters, seed);
  for (i = 0; i < graph->root->n_children; i++) {
    if (strcmp (graph->root->children[i]->name, "subgraph_conv") == 0)
      attributes = XMODEL_SAMPLE_ATTRIBUTES (graph->root->children[i]);
  }
  xmodel_sample_set_bytes (attributes, "mc_code", parameters, N_INSTRUCTIONS);
  xmodel_sample_remove_attribute (attributes, "reg_id_to_parameter_value");
  xmodel_sample_map_bytes (attributes, "reg_id_to_parameter_value", "REG_0",
      parameters, sizeof (parameters));
}

/* a graph with a root subgraph and nothing in it */
XmodelFile__Graph *
xmodel_sample_new (const gchar *name)
{
  XmodelFile__Graph *graph = NEW (XmodelFile__Graph, xmodel_file__graph__init);

  graph->name = g_strdup (name);
  graph->root = new_subgraph ("root");
  return graph;
}

/* one convolution, 2 channels of 8x8 to 4, as the compiler writes it */
XmodelFile__Graph *
xmodel_sample_new_compiled (void)
{
  XmodelFile__Graph *graph = xmodel_sample_new ("sample");
  XmodelFile__Subgraph *user, *dpu, *cpu, *layer;
  guint8 parameters[N_PARAMETERS];

  add_operators (graph);
  user = xmodel_sample_add_subgraph (graph->root, "subgraph_input");
  xmodel_sample_set_string (XMODEL_SAMPLE_ATTRIBUTES (user), "device", "USER");
  xmodel_sample_subgraph_add_op (user, "input");
  dpu = xmodel_sample_add_subgraph (graph->root, "subgraph_conv");
  fill_parameters (parameters, 0);
  xmodel_sample_describe_dpu (dpu, parameters, sizeof (parameters), 0,
      INPUT_ADDRESS + 128, OUTPUT_ADDRESS + 256);
  layer = xmodel_sample_add_subgraph (dpu, "layer_upload");
  xmodel_sample_subgraph_add_op (layer, "upload");
  layer = xmodel_sample_add_subgraph (dpu, "layer_conv");
  xmodel_sample_subgraph_add_op (layer, "weights");
  xmodel_sample_subgraph_add_op (layer, "bias");
  xmodel_sample_subgraph_add_op (layer, "conv");
  layer = xmodel_sample_add_subgraph (dpu, "layer_download");
  xmodel_sample_subgraph_add_op (layer, "download");
  cpu = xmodel_sample_add_subgraph (graph->root, "subgraph_output");
  xmodel_sample_set_string (XMODEL_SAMPLE_ATTRIBUTES (cpu), "device", "CPU");
  xmodel_sample_subgraph_add_op (cpu, "output");
  return graph;
}
