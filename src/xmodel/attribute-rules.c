/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Whether an attribute is what libxir and VART take it for: they look for its
 * name, and abort on another type. */

#include "attribute-rules.h"

#define VALUE(name) XMODEL_FILE__ATTRIBUTE__VALUE_##name

gboolean
xmodel_invalid (GError **error, const gchar *format, ...)
{
  g_autofree gchar *message = NULL, *printable = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  printable = xmodel_make_printable (message);
  g_set_error_literal (error, XMODEL_ERROR, XMODEL_ERROR_INVALID, printable);
  return FALSE;
}

static const gchar *
name_value_type (XmodelFile__Attribute__ValueCase type)
{
  const ProtobufCFieldDescriptor *field =
      protobuf_c_message_descriptor_get_field (
          &xmodel_file__attribute__descriptor, type);

  return field != NULL ? field->name : "nothing";
}

static gboolean
check_list_length (const XmodelAttributeRule *rule, gsize n_values,
    const gchar *kind, const gchar *owner, GError **error)
{
  if (rule->n_values == 0 || rule->n_values == n_values)
    return TRUE;
  return xmodel_invalid (error,
      "attribute \"%s\" of %s \"%s\" has %" G_GSIZE_FORMAT
      " values, it needs %" G_GSIZE_FORMAT,
      rule->name, kind, owner, n_values, rule->n_values);
}

static gboolean
check_range (const XmodelAttributeRule *rule, gint value, const gchar *kind,
    const gchar *owner, GError **error)
{
  if (rule->min >= rule->max || (value >= rule->min && value <= rule->max))
    return TRUE;
  return xmodel_invalid (error,
      "attribute \"%s\" of %s \"%s\" is %d, it has to be between %d and %d",
      rule->name, kind, owner, value, rule->min, rule->max);
}

/*
 * xmodel_check_attribute:
 * @attributes: attributes of @owner
 * @rule: what one of them has to be
 * @kind: what @owner is, as "operator"
 * @owner: the name of whose attributes these are
 *
 * Returns: %FALSE with @error set when the attribute is not as it has to be
 */
gboolean
xmodel_check_attribute (const XmodelAttributes *attributes,
    const XmodelAttributeRule *rule, const gchar *kind, const gchar *owner,
    GError **error)
{
  const XmodelFile__Attribute *attribute =
      xmodel_attributes_find (attributes, rule->name);
  gsize i;

  if (attribute == NULL) {
    if (!rule->is_required)
      return TRUE;
    return xmodel_invalid (
        error, "%s \"%s\" has no attribute \"%s\"", kind, owner, rule->name);
  }
  if (attribute->value_case != rule->type)
    return xmodel_invalid (error,
        "attribute \"%s\" of %s \"%s\" is of type %s, it has to be %s",
        rule->name, kind, owner, name_value_type (attribute->value_case),
        name_value_type (rule->type));

  switch (rule->type) {
    case VALUE (INT32_VALUE):
      return check_range (rule, attribute->int32_value, kind, owner, error);
    case VALUE (FLOATS):
      return check_list_length (
          rule, attribute->floats->n_values, kind, owner, error);
    case VALUE (INT32S):
      if (!check_list_length (
              rule, attribute->int32s->n_values, kind, owner, error))
        return FALSE;
      for (i = 0; i < attribute->int32s->n_values; i++) {
        if (!check_range (
                rule, attribute->int32s->values[i], kind, owner, error))
          return FALSE;
      }
      return TRUE;
    default:
      return TRUE;
  }
}
