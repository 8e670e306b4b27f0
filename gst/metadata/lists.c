/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "lists.h"

#include <gobject/gvaluecollector.h>

/* @...: of the type, as g_object_set() takes them */
static void
append (GValue *list, GType type, ...)
{
  GValue value = G_VALUE_INIT;
  g_autofree gchar *error = NULL;
  va_list args;

  va_start (args, type);
  /* a string is one that stays, so that no copy is made */
  G_VALUE_COLLECT_INIT (&value, type, args, G_VALUE_NOCOPY_CONTENTS, &error);
  va_end (args);
  gst_value_array_append_and_take_value (list, &value);
}

void
gst_yolov5_list_append_int (GValue *list, gint number)
{
  append (list, G_TYPE_INT, number);
}

void
gst_yolov5_list_append_boolean (GValue *list, gboolean truth)
{
  append (list, G_TYPE_BOOLEAN, truth);
}

void
gst_yolov5_list_append_uint64 (GValue *list, guint64 number)
{
  append (list, G_TYPE_UINT64, number);
}

void
gst_yolov5_list_append_double (GValue *list, gdouble number)
{
  append (list, G_TYPE_DOUBLE, number);
}

void
gst_yolov5_list_append_label (GValue *list, GQuark label)
{
  append (list, G_TYPE_STRING, g_quark_to_string (label));
}

static guint
get_length (const GValue *list)
{
  return list && GST_VALUE_HOLDS_ARRAY (list) ? gst_value_array_get_size (list)
                                              : 0;
}

static const GValue *
get_element (const GValue *list, guint index, GType type)
{
  const GValue *value;

  if (index >= get_length (list))
    return NULL;
  value = gst_value_array_get_value (list, index);
  return G_VALUE_HOLDS (value, type) ? value : NULL;
}

static const GValue *
get_from_field (
    const GstStructure *structure, const gchar *field, guint index, GType type)
{
  return get_element (gst_structure_get_value (structure, field), index, type);
}

/**
 * gst_yolov5_list_get_length:
 *
 * Returns: how many elements @field has, 0 where it is no array
 */
guint
gst_yolov5_list_get_length (const GstStructure *structure, const gchar *field)
{
  return get_length (gst_structure_get_value (structure, field));
}

/**
 * gst_yolov5_list_get_int:
 *
 * Returns: -1 where there is none
 */
gint
gst_yolov5_list_get_int (
    const GstStructure *structure, const gchar *field, guint index)
{
  const GValue *value = get_from_field (structure, field, index, G_TYPE_INT);

  return value ? g_value_get_int (value) : -1;
}

/**
 * gst_yolov5_list_get_boolean:
 *
 * Returns: %FALSE where there is none
 */
gboolean
gst_yolov5_list_get_boolean (
    const GstStructure *structure, const gchar *field, guint index)
{
  const GValue *value =
      get_from_field (structure, field, index, G_TYPE_BOOLEAN);

  return value && g_value_get_boolean (value);
}

/**
 * gst_yolov5_list_get_uint64:
 *
 * Returns: 0 where there is none
 */
guint64
gst_yolov5_list_get_uint64 (
    const GstStructure *structure, const gchar *field, guint index)
{
  const GValue *value = get_from_field (structure, field, index, G_TYPE_UINT64);

  return value ? g_value_get_uint64 (value) : 0;
}

/**
 * gst_yolov5_list_get_double:
 *
 * Returns: -1 where there is none
 */
gdouble
gst_yolov5_list_get_double (
    const GstStructure *structure, const gchar *field, guint index)
{
  const GValue *value = get_from_field (structure, field, index, G_TYPE_DOUBLE);

  return value ? g_value_get_double (value) : -1.0;
}

/**
 * gst_yolov5_list_get_label:
 *
 * Returns: (nullable): %NULL where there is none
 */
const gchar *
gst_yolov5_list_get_label (
    const GstStructure *structure, const gchar *field, guint index)
{
  const GValue *value = get_from_field (structure, field, index, G_TYPE_STRING);

  return value ? g_value_get_string (value) : NULL;
}

/**
 * gst_yolov5_list_get_structure:
 *
 * Returns: (nullable) (transfer none): %NULL where there is none
 */
const GstStructure *
gst_yolov5_list_get_structure (
    const GstStructure *structure, const gchar *field, guint index)
{
  const GValue *value = get_element (
      gst_structure_get_value (structure, field), index, GST_TYPE_STRUCTURE);

  return value ? gst_value_get_structure (value) : NULL;
}

/**
 * gst_yolov5_list_find:
 * @ids: field with the ids of regions of interest
 * @labels: field with their labels
 * @place: (inout): where the search begins, and where it ended. Most come in
 *   the order of the list
 *
 * Returns: whether the region @id with @label is listed
 */
gboolean
gst_yolov5_list_find (const GstStructure *structure, const gchar *ids,
    const gchar *labels, gint id, GQuark label, guint *place)
{
  const GValue *numbers = gst_structure_get_value (structure, ids);
  const GValue *texts = gst_structure_get_value (structure, labels);
  const gchar *text = g_quark_to_string (label);
  guint n = get_length (numbers);

  for (guint i = 0; i < n; i++) {
    guint index = (*place + i) % n;
    const GValue *number = get_element (numbers, index, G_TYPE_INT);
    const GValue *other;

    if (!number || g_value_get_int (number) != id)
      continue;
    other = get_element (texts, index, G_TYPE_STRING);
    if (g_strcmp0 (other ? g_value_get_string (other) : NULL, text) == 0) {
      *place = index;
      return TRUE;
    }
  }
  return FALSE;
}
