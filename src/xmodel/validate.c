/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The checks that do not depend on what an operator computes: attributes,
 * tensors, constants and the subgraphs with the DPU's memory. */

#include "validate.h"

#include "attribute-rules.h"
#include "operators.h"
#include "xmodel-private.h"

#include <string.h>

#define VALUE(name) XMODEL_FILE__ATTRIBUTE__VALUE_##name

/* attributes are looked for by name and type in libxir and VART */
static const XmodelAttributeRule tensor_rules[] = {
  { "fix_point", VALUE (INT32_VALUE), FALSE, 0, -XMODEL_MAX_FIX_POINT,
      XMODEL_MAX_FIX_POINT },
  { "bit_width", VALUE (INT32_VALUE), FALSE, 0, 1, XMODEL_MAX_BITS },
  { "round_mode", VALUE (STRING_VALUE) },
  { "if_signed", VALUE (BOOL_VALUE) },
  { "location", VALUE (INT32_VALUE) },
  { "reg_id", VALUE (INT32_VALUE), FALSE, 0, 0, G_MAXINT },
  { "ddr_addr", VALUE (INT32_VALUE), FALSE, 0, 0, G_MAXINT },
  { "stride", VALUE (INT32S), FALSE, 0, 0, G_MAXINT },
  { "shape_info", VALUE (INT32S) },
};

static const XmodelAttributeRule subgraph_rules[] = {
  { "device", VALUE (STRING_VALUE) },
  { "dpu_name", VALUE (STRING_VALUE) },
  { "dpu_fingerprint", VALUE (UINT64_VALUE) },
  { "runner", VALUE (MAP_OF_STRING) },
  { "mc_code", VALUE (BYTES_VALUE) },
  { "mc_code_preload", VALUE (BYTES_VALUE) },
  { "reg_id_to_parameter_value", VALUE (MAP_OF_BYTES) },
  { "reg_id_to_context_type", VALUE (MAP_OF_STRING) },
  { "reg_id_to_context_type_v2", VALUE (MAP_OF_STRING) },
  { "reg_id_to_hw_segment", VALUE (MAP_OF_STRING) },
  { "reg_id_to_size", VALUE (MAP_OF_INT32) },
  { "children_topological_sort", VALUE (STRINGS) },
  { "if_prefetch", VALUE (BOOL_VALUE) },
  { "debug_mode", VALUE (STRING_VALUE) },
  { "workload", VALUE (UINT64_VALUE) },
  { "workload_on_arch", VALUE (UINT64_VALUE) },
};

static gboolean
check_attributes (const XmodelAttributes *attributes,
    const XmodelAttributeRule *rules, gsize n_rules, const gchar *kind,
    const gchar *owner, GError **error)
{
  gsize i;

  for (i = 0; i < n_rules; i++) {
    if (!xmodel_check_attribute (attributes, &rules[i], kind, owner, error))
      return FALSE;
  }
  return TRUE;
}

static gint
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const gchar *const *) a, *(const gchar *const *) b);
}

/* a name that is there twice, %NULL when there is none. Sorting does not become
 * slow by any choice of names, as hashing does. */
static const gchar *
find_twice (GPtrArray *names)
{
  guint i;

  if (names->len < 2)
    return NULL;
  qsort (names->pdata, names->len, sizeof (gpointer), compare_names);
  for (i = 1; i < names->len; i++) {
    if (strcmp (names->pdata[i - 1], names->pdata[i]) == 0)
      return names->pdata[i];
  }
  return NULL;
}

/* @what: "attributes" or the like */
static gboolean
check_number (gsize n_entries, const gchar *what, const gchar *kind,
    const gchar *owner, GError **error)
{
  g_autofree gchar *name = NULL;

  if (n_entries <= XMODEL_MAX_ENTRIES)
    return TRUE;
  name = xmodel_make_printable (owner);
  g_set_error (error, XMODEL_ERROR, XMODEL_ERROR_LIMIT,
      "%s \"%s\" has %" G_GSIZE_FORMAT " %s, more than the %d that are taken",
      kind, name, n_entries, what, XMODEL_MAX_ENTRIES);
  return FALSE;
}

/* whichever of the maps an attribute can be: protobuf-c has a type for each */
static gboolean
check_map_keys (const XmodelFile__AttributeEntry *attribute, GPtrArray *names,
    const gchar *kind, const gchar *owner, GError **error)
{
  const ProtobufCFieldDescriptor *value =
      protobuf_c_message_descriptor_get_field (
          &xmodel_file__attribute__descriptor, attribute->value->value_case);
  const ProtobufCFieldDescriptor *entries, *key;
  const ProtobufCMessage *map;
  const ProtobufCMessage *const *items;
  const gchar *twice;
  gsize n_items, i;

  if (value->id < VALUE (MAP_OF_INT32))
    return TRUE;
  map = G_STRUCT_MEMBER (ProtobufCMessage *, attribute->value, value->offset);
  entries = protobuf_c_message_descriptor_get_field (value->descriptor, 1);
  key = protobuf_c_message_descriptor_get_field (entries->descriptor, 1);
  n_items = G_STRUCT_MEMBER (size_t, map, entries->quantifier_offset);
  items =
      G_STRUCT_MEMBER (const ProtobufCMessage *const *, map, entries->offset);
  if (!check_number (n_items, "entries", "the map", attribute->key, error))
    return FALSE;

  g_ptr_array_set_size (names, 0);
  for (i = 0; i < n_items; i++)
    g_ptr_array_add (names, G_STRUCT_MEMBER (gchar *, items[i], key->offset));
  twice = find_twice (names);
  if (twice == NULL)
    return TRUE;
  return xmodel_invalid (error,
      "attribute \"%s\" of %s \"%s\" has the key \"%s\" twice", attribute->key,
      kind, owner, twice);
}

/* libxir takes the last of two, this reader would take the first */
static gboolean
check_keys (const XmodelAttributes *attributes, GPtrArray *names,
    const gchar *kind, const gchar *owner, GError **error)
{
  const gchar *twice;
  gsize i;

  if (!check_number (attributes->n_entries, "attributes", kind, owner, error))
    return FALSE;
  g_ptr_array_set_size (names, 0);
  for (i = 0; i < attributes->n_entries; i++)
    g_ptr_array_add (names, attributes->entries[i]->key);
  twice = find_twice (names);
  if (twice != NULL)
    return xmodel_invalid (
        error, "%s \"%s\" has attribute \"%s\" twice", kind, owner, twice);
  for (i = 0; i < attributes->n_entries; i++) {
    if (!check_map_keys (attributes->entries[i], names, kind, owner, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
check_tensor (const XmodelOp *op, GError **error)
{
  const XmodelTensor *tensor = &op->tensor;
  guint64 n_elements;
  guint i;

  if (tensor->n_dims == 0 || tensor->n_dims > XMODEL_MAX_DIMS)
    return xmodel_invalid (error,
        "the tensor of operator \"%s\" has %u dimensions, it has to have "
        "between 1 and %d",
        op->name, tensor->n_dims, XMODEL_MAX_DIMS);
  for (i = 0; i < tensor->n_dims; i++) {
    if (tensor->dims[i] == 0 || tensor->dims[i] > XMODEL_MAX_DIM)
      return xmodel_invalid (error,
          "dimension %u of the tensor of operator \"%s\" is %u, it has to be "
          "between 1 and %d",
          i, op->name, tensor->dims[i], XMODEL_MAX_DIM);
  }
  if (!xmodel_tensor_get_n_elements (tensor, &n_elements))
    return xmodel_invalid (error,
        "the tensor of operator \"%s\" has more than %" G_GUINT64_FORMAT
        " elements",
        op->name, XMODEL_MAX_ELEMENTS);
  if (tensor->data_type > XMODEL_DATA_TYPE_FLOAT)
    return xmodel_invalid (error,
        "the tensor of operator \"%s\" is of data type %d, which is not known",
        op->name, tensor->data_type);
  if (tensor->bit_width == 0 || tensor->bit_width > XMODEL_MAX_BITS)
    return xmodel_invalid (error,
        "the elements of the tensor of operator \"%s\" have %u bits, they "
        "have to have between 1 and %d (files of Vitis AI 1.1 are written "
        "in another way: compile the model with a later one)",
        op->name, tensor->bit_width, XMODEL_MAX_BITS);
  if (*tensor->name == '\0')
    return xmodel_invalid (
        error, "the tensor of operator \"%s\" has no name", op->name);
  return check_attributes (tensor->attributes, tensor_rules,
      G_N_ELEMENTS (tensor_rules), "the tensor of operator", op->name, error);
}

/* the constants of a DPU's subgraph are read from this blob at their address */
static gboolean
check_parameters (const XmodelSubgraph *subgraph, GError **error)
{
  const guint8 *data;
  gsize size = 0;
  guint i;

  xmodel_attributes_lookup_bytes (
      subgraph->attributes, "reg_id_to_parameter_value", "REG_0", &data, &size);
  for (i = 0; i < subgraph->n_ops; i++) {
    const XmodelOp *op = subgraph->ops[i];
    gint register_id, address;
    guint64 n_elements, n_bytes;

    if (strcmp (op->type, "const-fix") != 0
        || !xmodel_attributes_get_int (
            op->tensor.attributes, "reg_id", &register_id)
        || register_id != 0
        || !xmodel_attributes_get_int (
            op->tensor.attributes, "ddr_addr", &address)
        || !xmodel_tensor_get_n_elements (&op->tensor, &n_elements))
      continue;
    n_bytes = (n_elements * op->tensor.bit_width + 7) / 8;
    if ((guint64) address + n_bytes > size)
      return xmodel_invalid (error,
          "constant \"%s\" needs %" G_GUINT64_FORMAT " bytes from byte %d on, "
          "but the parameters of subgraph \"%s\" have %" G_GSIZE_FORMAT
          " bytes",
          op->name, n_bytes, address, subgraph->name, size);
  }
  return TRUE;
}

static gboolean
check_register_sizes (const XmodelSubgraph *subgraph, GError **error)
{
  const XmodelFile__Attribute *attribute =
      xmodel_attributes_find (subgraph->attributes, "reg_id_to_size");
  gsize i;

  if (attribute == NULL)
    return TRUE;
  for (i = 0; i < attribute->map_of_int32->n_entries; i++) {
    gint size = attribute->map_of_int32->entries[i]->value;

    if (size < 0)
      return xmodel_invalid (error,
          "register \"%s\" of subgraph \"%s\" has the size %d",
          attribute->map_of_int32->entries[i]->key, subgraph->name, size);
  }
  return TRUE;
}

static gboolean
check_subgraph (
    const XmodelSubgraph *subgraph, GPtrArray *names, GError **error)
{
  const gchar *twice;
  guint i;

  if (!check_keys (
          subgraph->attributes, names, "subgraph", subgraph->name, error)
      || !check_attributes (subgraph->attributes, subgraph_rules,
          G_N_ELEMENTS (subgraph_rules), "subgraph", subgraph->name, error))
    return FALSE;

  if (xmodel_subgraph_is_on (subgraph, "DPU")
      && (!check_parameters (subgraph, error)
          || !check_register_sizes (subgraph, error)))
    return FALSE;

  g_ptr_array_set_size (names, 0);
  for (i = 0; i < subgraph->n_children; i++) {
    const gchar *name = subgraph->children[i]->name;

    if (*name == '\0')
      return xmodel_invalid (
          error, "a subgraph of \"%s\" has no name", subgraph->name);
    g_ptr_array_add (names, (gpointer) name);
  }
  twice = find_twice (names);
  if (twice != NULL)
    return xmodel_invalid (error,
        "two subgraphs of \"%s\" have the name \"%s\"", subgraph->name, twice);
  for (i = 0; i < subgraph->n_children; i++) {
    if (!check_subgraph (subgraph->children[i], names, error))
      return FALSE;
  }
  return TRUE;
}

/*
 * xmodel_validate:
 * @self: a model whose operators and subgraphs are in place
 *
 * Returns: %FALSE with @error set when libxir, VART or whoever computes the
 *   model could stumble over it
 */
gboolean
xmodel_validate (const Xmodel *self, GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  guint i;

  if (!check_keys (xmodel_get_attributes (self), names, "graph",
          xmodel_get_name (self), error))
    return FALSE;
  for (i = 0; i < xmodel_get_n_ops (self); i++) {
    const XmodelOp *op = xmodel_get_op (self, i);

    if (!check_keys (op->attributes, names, "operator", op->name, error)
        || !check_keys (op->tensor.attributes, names, "the tensor of operator",
            op->name, error)
        || !check_tensor (op, error) || !xmodel_validate_operator (op, error))
      return FALSE;
  }
  return check_subgraph (xmodel_get_root (self), names, error);
}
