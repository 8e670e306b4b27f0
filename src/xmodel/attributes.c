/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Typed look-ups in the attributes of graphs, operators, tensors and
 * subgraphs. */

#include "xmodel-private.h"

#include <string.h>

#define VALUE(name) XMODEL_FILE__ATTRIBUTE__VALUE_##name

/* a map<string, ...> of the file: protobuf-c makes one type for each, all with
 * the same head */
#define FIND_IN_MAP(map, wanted, found)                                        \
  G_STMT_START                                                                 \
  {                                                                            \
    gsize entry_index;                                                         \
                                                                               \
    (found) = NULL;                                                            \
    for (entry_index = 0; entry_index < (map)->n_entries; entry_index++) {     \
      if (strcmp ((map)->entries[entry_index]->key, (wanted)) == 0)            \
        (found) = (map)->entries[entry_index];                                 \
    }                                                                          \
  }                                                                            \
  G_STMT_END

const XmodelFile__Attribute *
xmodel_attributes_find (const XmodelAttributes *self, const gchar *name)
{
  gsize i;

  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (name != NULL, NULL);

  for (i = 0; i < self->n_entries; i++) {
    if (strcmp (self->entries[i]->key, name) == 0)
      return self->entries[i]->value;
  }
  return NULL;
}

static const XmodelFile__Attribute *
find_of_type (const XmodelAttributes *self, const gchar *name,
    XmodelFile__Attribute__ValueCase type)
{
  const XmodelFile__Attribute *attribute = xmodel_attributes_find (self, name);

  return attribute != NULL && attribute->value_case == type ? attribute : NULL;
}

/* an integer of any width: one of the two halves holds it */
typedef struct {
  gboolean is_negative;
  gint64 negative;
  guint64 positive;
} Integer;

static Integer
integer_from_signed (gint64 value)
{
  Integer integer = { value < 0, value, (guint64) value };

  return integer;
}

static Integer
integer_from_unsigned (guint64 value)
{
  Integer integer = { FALSE, 0, value };

  return integer;
}

static gboolean
integer_fits_int (const Integer *integer, gint *value)
{
  if (integer->is_negative) {
    if (integer->negative < G_MININT)
      return FALSE;
    *value = (gint) integer->negative;
    return TRUE;
  }
  if (integer->positive > G_MAXINT)
    return FALSE;
  *value = (gint) integer->positive;
  return TRUE;
}

static gboolean
get_integer (const XmodelAttributes *self, const gchar *name, Integer *value)
{
  const XmodelFile__Attribute *attribute = xmodel_attributes_find (self, name);

  if (attribute == NULL)
    return FALSE;
  switch (attribute->value_case) {
    case VALUE (INT32_VALUE):
      *value = integer_from_signed (attribute->int32_value);
      return TRUE;
    case VALUE (INT64_VALUE):
      *value = integer_from_signed (attribute->int64_value);
      return TRUE;
    case VALUE (UINT32_VALUE):
      *value = integer_from_unsigned (attribute->uint32_value);
      return TRUE;
    case VALUE (UINT64_VALUE):
      *value = integer_from_unsigned (attribute->uint64_value);
      return TRUE;
    default:
      return FALSE;
  }
}

/**
 * xmodel_attributes_has:
 * @self: attributes of a model
 * @name: name of an attribute
 *
 * Returns: whether there is an attribute of that name, of whatever type
 */
gboolean
xmodel_attributes_has (const XmodelAttributes *self, const gchar *name)
{
  return xmodel_attributes_find (self, name) != NULL;
}

/**
 * xmodel_attributes_get_bool:
 * @self: attributes of a model
 * @name: name of an attribute
 * @value: (out): its value
 *
 * Returns: %TRUE when there is such a boolean
 */
gboolean
xmodel_attributes_get_bool (
    const XmodelAttributes *self, const gchar *name, gboolean *value)
{
  const XmodelFile__Attribute *attribute =
      find_of_type (self, name, VALUE (BOOL_VALUE));

  if (attribute == NULL)
    return FALSE;
  *value = attribute->bool_value != 0;
  return TRUE;
}

/**
 * xmodel_attributes_get_int:
 * @self: attributes of a model
 * @name: name of an attribute
 * @value: (out): its value
 *
 * Returns: %TRUE when there is such an integer and it fits a #gint
 */
gboolean
xmodel_attributes_get_int (
    const XmodelAttributes *self, const gchar *name, gint *value)
{
  Integer integer;

  return get_integer (self, name, &integer)
         && integer_fits_int (&integer, value);
}

/**
 * xmodel_attributes_get_uint64:
 * @self: attributes of a model
 * @name: name of an attribute
 * @value: (out): its value
 *
 * Returns: %TRUE when there is such an integer and it is not negative
 */
gboolean
xmodel_attributes_get_uint64 (
    const XmodelAttributes *self, const gchar *name, guint64 *value)
{
  Integer integer;

  if (!get_integer (self, name, &integer) || integer.is_negative)
    return FALSE;
  *value = integer.positive;
  return TRUE;
}

/**
 * xmodel_attributes_get_double:
 * @self: attributes of a model
 * @name: name of an attribute
 * @value: (out): its value
 *
 * Returns: %TRUE when there is such a float or double
 */
gboolean
xmodel_attributes_get_double (
    const XmodelAttributes *self, const gchar *name, gdouble *value)
{
  const XmodelFile__Attribute *attribute = xmodel_attributes_find (self, name);

  if (attribute == NULL)
    return FALSE;
  switch (attribute->value_case) {
    case VALUE (FLOAT_VALUE):
      *value = attribute->float_value;
      return TRUE;
    case VALUE (DOUBLE_VALUE):
      *value = attribute->double_value;
      return TRUE;
    default:
      return FALSE;
  }
}

/**
 * xmodel_attributes_get_string:
 * @self: attributes of a model
 * @name: name of an attribute
 * @value: (out) (transfer none): its value, UTF-8
 *
 * Returns: %TRUE when there is such a string
 */
gboolean
xmodel_attributes_get_string (
    const XmodelAttributes *self, const gchar *name, const gchar **value)
{
  const XmodelFile__Attribute *attribute =
      find_of_type (self, name, VALUE (STRING_VALUE));

  if (attribute == NULL)
    return FALSE;
  *value = attribute->string_value;
  return TRUE;
}

/**
 * xmodel_attributes_get_bytes:
 * @self: attributes of a model
 * @name: name of an attribute
 * @data: (out) (array length=size) (transfer none) (nullable): its bytes;
 *   constants of compiled models have none
 * @size: (out): how many
 *
 * Returns: %TRUE when there is such an attribute of bytes
 */
gboolean
xmodel_attributes_get_bytes (const XmodelAttributes *self, const gchar *name,
    const guint8 **data, gsize *size)
{
  const XmodelFile__Attribute *attribute =
      find_of_type (self, name, VALUE (BYTES_VALUE));

  if (attribute == NULL)
    return FALSE;
  *data = attribute->bytes_value->value.data;
  *size = attribute->bytes_value->value.len;
  return TRUE;
}

/**
 * xmodel_attributes_get_ints:
 * @self: attributes of a model
 * @name: name of an attribute
 * @values: (out) (array length=n_values) (transfer none): its values
 * @n_values: (out): how many
 *
 * Returns: %TRUE when there is such a list of 32 bit integers; an unsigned one
 *   counts as long as its values fit a #gint32
 */
gboolean
xmodel_attributes_get_ints (const XmodelAttributes *self, const gchar *name,
    const gint32 **values, gsize *n_values)
{
  const XmodelFile__Attribute *attribute = xmodel_attributes_find (self, name);
  const XmodelFile__Uint32s *list;
  gsize i;

  if (attribute == NULL)
    return FALSE;
  if (attribute->value_case == VALUE (INT32S)) {
    *values = attribute->int32s->values;
    *n_values = attribute->int32s->n_values;
    return TRUE;
  }
  if (attribute->value_case != VALUE (UINT32S))
    return FALSE;
  list = attribute->uint32s;
  for (i = 0; i < list->n_values; i++) {
    if (list->values[i] > G_MAXINT32)
      return FALSE;
  }
  *values = (const gint32 *) list->values;
  *n_values = list->n_values;
  return TRUE;
}

/**
 * xmodel_attributes_get_floats:
 * @self: attributes of a model
 * @name: name of an attribute
 * @values: (out) (array length=n_values) (transfer none): its values
 * @n_values: (out): how many
 *
 * Returns: %TRUE when there is such a list of floats
 */
gboolean
xmodel_attributes_get_floats (const XmodelAttributes *self, const gchar *name,
    const gfloat **values, gsize *n_values)
{
  const XmodelFile__Attribute *attribute =
      find_of_type (self, name, VALUE (FLOATS));

  if (attribute == NULL)
    return FALSE;
  *values = attribute->floats->values;
  *n_values = attribute->floats->n_values;
  return TRUE;
}

static gboolean
lookup_integer (
    const XmodelFile__Attribute *attribute, const gchar *key, Integer *value)
{
  switch (attribute->value_case) {
    case VALUE (MAP_OF_INT32): {
      const XmodelFile__MapOfInt32__EntriesEntry *entry;

      FIND_IN_MAP (attribute->map_of_int32, key, entry);
      if (entry != NULL)
        *value = integer_from_signed (entry->value);
      return entry != NULL;
    }
    case VALUE (MAP_OF_INT64): {
      const XmodelFile__MapOfInt64__EntriesEntry *entry;

      FIND_IN_MAP (attribute->map_of_int64, key, entry);
      if (entry != NULL)
        *value = integer_from_signed (entry->value);
      return entry != NULL;
    }
    case VALUE (MAP_OF_UINT32): {
      const XmodelFile__MapOfUint32__EntriesEntry *entry;

      FIND_IN_MAP (attribute->map_of_uint32, key, entry);
      if (entry != NULL)
        *value = integer_from_unsigned (entry->value);
      return entry != NULL;
    }
    case VALUE (MAP_OF_UINT64): {
      const XmodelFile__MapOfUint64__EntriesEntry *entry;

      FIND_IN_MAP (attribute->map_of_uint64, key, entry);
      if (entry != NULL)
        *value = integer_from_unsigned (entry->value);
      return entry != NULL;
    }
    default:
      return FALSE;
  }
}

/**
 * xmodel_attributes_lookup_int:
 * @self: attributes of a model
 * @name: name of an attribute that maps strings to integers
 * @key: a key of that map
 * @value: (out): what it maps to
 *
 * Returns: %TRUE when there is such a map with that key and a value that fits
 *   a #gint
 */
gboolean
xmodel_attributes_lookup_int (const XmodelAttributes *self, const gchar *name,
    const gchar *key, gint *value)
{
  const XmodelFile__Attribute *attribute = xmodel_attributes_find (self, name);
  Integer integer;

  return attribute != NULL && lookup_integer (attribute, key, &integer)
         && integer_fits_int (&integer, value);
}

/**
 * xmodel_attributes_lookup_string:
 * @self: attributes of a model
 * @name: name of an attribute that maps strings to strings
 * @key: a key of that map
 * @value: (out) (transfer none): what it maps to, UTF-8
 *
 * Returns: %TRUE when there is such a map with that key
 */
gboolean
xmodel_attributes_lookup_string (const XmodelAttributes *self,
    const gchar *name, const gchar *key, const gchar **value)
{
  const XmodelFile__Attribute *attribute =
      find_of_type (self, name, VALUE (MAP_OF_STRING));
  const XmodelFile__MapOfString__EntriesEntry *entry;

  if (attribute == NULL)
    return FALSE;
  FIND_IN_MAP (attribute->map_of_string, key, entry);
  if (entry == NULL)
    return FALSE;
  *value = entry->value;
  return TRUE;
}

/**
 * xmodel_attributes_lookup_bytes:
 * @self: attributes of a model
 * @name: name of an attribute that maps strings to bytes
 * @key: a key of that map
 * @data: (out) (array length=size) (transfer none) (nullable): what it maps to
 * @size: (out): how many bytes
 *
 * Returns: %TRUE when there is such a map with that key
 */
gboolean
xmodel_attributes_lookup_bytes (const XmodelAttributes *self, const gchar *name,
    const gchar *key, const guint8 **data, gsize *size)
{
  const XmodelFile__Attribute *attribute =
      find_of_type (self, name, VALUE (MAP_OF_BYTES));
  const XmodelFile__MapOfBytes__EntriesEntry *entry;

  if (attribute == NULL)
    return FALSE;
  FIND_IN_MAP (attribute->map_of_bytes, key, entry);
  if (entry == NULL)
    return FALSE;
  *data = entry->value->value.data;
  *size = entry->value->value.len;
  return TRUE;
}

/**
 * xmodel_attributes_list_keys:
 * @self: attributes of a model
 * @name: name of an attribute that maps strings to strings
 * @n_keys: (out): how many keys it has
 *
 * Returns: (transfer container) (nullable) (array length=n_keys): the keys in
 *   the order of the file, UTF-8, %NULL when there is no such map
 */
const gchar **
xmodel_attributes_list_keys (
    const XmodelAttributes *self, const gchar *name, gsize *n_keys)
{
  const XmodelFile__Attribute *attribute =
      find_of_type (self, name, VALUE (MAP_OF_STRING));
  const XmodelFile__MapOfString *map;
  const gchar **keys;
  gsize i;

  *n_keys = 0;
  if (attribute == NULL)
    return NULL;
  map = attribute->map_of_string;
  /* one more, so that an empty map is not %NULL */
  keys = g_new0 (const gchar *, map->n_entries + 1);
  for (i = 0; i < map->n_entries; i++)
    keys[i] = map->entries[i]->key;
  *n_keys = map->n_entries;
  return keys;
}
