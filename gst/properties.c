/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What is alike for all properties follows from their GParamSpecs: type,
 * default, and by the id the place of the field. */

#include "properties.h"

#define FIELD(settings, pspec, type)                                           \
  (*(type *) ((guint8 *) (settings) + (pspec)->param_id - 1))

/**
 * gst_yolov5_properties_set:
 * @settings: a structure with the field of @pspec
 * @value: what to put into it
 */
void
gst_yolov5_properties_set (
    gpointer settings, GParamSpec *pspec, const GValue *value)
{
  switch (G_TYPE_FUNDAMENTAL (pspec->value_type)) {
    case G_TYPE_BOOLEAN:
      FIELD (settings, pspec, gboolean) = g_value_get_boolean (value);
      break;
    case G_TYPE_UINT:
      FIELD (settings, pspec, guint) = g_value_get_uint (value);
      break;
    case G_TYPE_UINT64:
      FIELD (settings, pspec, guint64) = g_value_get_uint64 (value);
      break;
    case G_TYPE_FLOAT:
      FIELD (settings, pspec, gfloat) = g_value_get_float (value);
      break;
    case G_TYPE_ENUM:
      FIELD (settings, pspec, gint) = g_value_get_enum (value);
      break;
    case G_TYPE_STRING:
      g_free (FIELD (settings, pspec, gchar *));
      FIELD (settings, pspec, gchar *) = g_value_dup_string (value);
      break;
    default:
      g_assert_not_reached ();
  }
}

/**
 * gst_yolov5_properties_get:
 * @settings: a structure with the field of @pspec
 * @value: (out): what is in it
 */
void
gst_yolov5_properties_get (
    gconstpointer settings, GParamSpec *pspec, GValue *value)
{
  switch (G_TYPE_FUNDAMENTAL (pspec->value_type)) {
    case G_TYPE_BOOLEAN:
      g_value_set_boolean (value, FIELD (settings, pspec, const gboolean));
      break;
    case G_TYPE_UINT:
      g_value_set_uint (value, FIELD (settings, pspec, const guint));
      break;
    case G_TYPE_UINT64:
      g_value_set_uint64 (value, FIELD (settings, pspec, const guint64));
      break;
    case G_TYPE_FLOAT:
      g_value_set_float (value, FIELD (settings, pspec, const gfloat));
      break;
    case G_TYPE_ENUM:
      g_value_set_enum (value, FIELD (settings, pspec, const gint));
      break;
    case G_TYPE_STRING:
      g_value_set_string (value, FIELD (settings, pspec, gchar *const));
      break;
    default:
      g_assert_not_reached ();
  }
}

/* the element's own properties that can be set; those of its parents and what
 * can only be read have no field */
static void
for_each_field (gpointer settings, GObject *object,
    void (*function) (gpointer settings, GParamSpec *pspec))
{
  guint i, n_properties;
  g_autofree GParamSpec **properties = g_object_class_list_properties (
      G_OBJECT_GET_CLASS (object), &n_properties);

  for (i = 0; i < n_properties; i++)
    if (properties[i]->owner_type == G_OBJECT_TYPE (object)
        && (properties[i]->flags & G_PARAM_WRITABLE))
      function (settings, properties[i]);
}

static void
set_default (gpointer settings, GParamSpec *pspec)
{
  gst_yolov5_properties_set (
      settings, pspec, g_param_spec_get_default_value (pspec));
}

/**
 * gst_yolov5_properties_reset:
 * @settings: a structure whose strings are %NULL or its own
 * @object: whose class has the properties
 *
 * Gives each field the default of its property.
 */
void
gst_yolov5_properties_reset (gpointer settings, GObject *object)
{
  for_each_field (settings, object, set_default);
}

static void
dup_string (gpointer settings, GParamSpec *pspec)
{
  if (pspec->value_type == G_TYPE_STRING)
    FIELD (settings, pspec, gchar *) =
        g_strdup (FIELD (settings, pspec, gchar *));
}

/**
 * gst_yolov5_properties_dup_strings:
 * @settings: a structure that was just copied as a whole
 * @object: whose class has the properties
 *
 * Gives the copy strings of its own.
 */
void
gst_yolov5_properties_dup_strings (gpointer settings, GObject *object)
{
  for_each_field (settings, object, dup_string);
}

static void
free_string (gpointer settings, GParamSpec *pspec)
{
  if (pspec->value_type == G_TYPE_STRING)
    g_clear_pointer (&FIELD (settings, pspec, gchar *), g_free);
}

/**
 * gst_yolov5_properties_free_strings:
 * @settings: a structure
 * @object: whose class has the properties
 */
void
gst_yolov5_properties_free_strings (gpointer settings, GObject *object)
{
  for_each_field (settings, object, free_string);
}
