/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "settings.h"

#include <gio/gio.h>
#include <string.h>

#define MODELS_OWN (-1.0)

/* what is asked for; all of it is checked before any of it is done */
typedef struct {
  gboolean has_threshold, has_iou_threshold;
  gdouble threshold, iou_threshold;
  /* label to threshold, MODELS_OWN to have none of its own */
  JsonObject *class_thresholds;
  gint camera;
} Changes;

static const gchar *const number_names[] = { "threshold", "iou_threshold" };

static gboolean fail (GError **error, const gchar *format, ...)
    G_GNUC_PRINTF (2, 3);

static gboolean
fail (GError **error, const gchar *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  if (error != NULL)
    *error = g_error_new_valist (
        G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, format, arguments);
  va_end (arguments);
  return FALSE;
}

/* null is the model's own, or the general one */
static gboolean
parse_threshold (
    const gchar *name, JsonNode *node, gdouble *threshold, GError **error)
{
  GType type = json_node_get_value_type (node);

  *threshold = MODELS_OWN;
  if (JSON_NODE_HOLDS_NULL (node))
    return TRUE;
  if (!JSON_NODE_HOLDS_VALUE (node)
      || (type != G_TYPE_DOUBLE && type != G_TYPE_INT64))
    return fail (error, "\"%s\" takes a number from 0 to 1, or null", name);
  *threshold = json_node_get_double (node);
  if (!(*threshold >= 0 && *threshold <= 1))
    return fail (error, "\"%s\" is %g, it takes 0 to 1", name, *threshold);
  return TRUE;
}

static gboolean
parse_camera (JsonNode *node, guint n_cameras, gint *camera, GError **error)
{
  if (!JSON_NODE_HOLDS_VALUE (node)
      || json_node_get_value_type (node) != G_TYPE_INT64)
    return fail (error, "\"camera\" takes the number of a camera");
  if (json_node_get_int (node) < 0
      || json_node_get_int (node) >= (gint64) n_cameras)
    return fail (error,
        "There is no camera %" G_GINT64_FORMAT ", the last one is %u",
        json_node_get_int (node), n_cameras - 1);
  *camera = (gint) json_node_get_int (node);
  return TRUE;
}

static gboolean
parse_member (Changes *self, const gchar *name, JsonNode *node, guint n_cameras,
    GError **error)
{
  if (g_str_equal (name, number_names[0])) {
    self->has_threshold = TRUE;
    return parse_threshold (name, node, &self->threshold, error);
  }
  if (g_str_equal (name, number_names[1])) {
    self->has_iou_threshold = TRUE;
    return parse_threshold (name, node, &self->iou_threshold, error);
  }
  if (g_str_equal (name, "camera"))
    return parse_camera (node, n_cameras, &self->camera, error);
  if (g_str_equal (name, "class_thresholds")) {
    if (!JSON_NODE_HOLDS_OBJECT (node))
      return fail (error,
          "\"class_thresholds\" takes an object with a number from 0 to 1, or "
          "null, for each class to change");
    self->class_thresholds = json_node_get_object (node);
    return TRUE;
  }
  return fail (error,
      "There is no setting of that name, only threshold, iou_threshold, "
      "class_thresholds and camera");
}

static gboolean
parse (Changes *self, JsonNode *node, guint n_cameras, GError **error)
{
  JsonObjectIter iter;
  const gchar *name;
  JsonNode *member;

  self->camera = -1;
  if (node == NULL || !JSON_NODE_HOLDS_OBJECT (node))
    return fail (error, "Settings are a JSON object");
  json_object_iter_init (&iter, json_node_get_object (node));
  while (json_object_iter_next (&iter, &name, &member))
    if (!parse_member (self, name, member, n_cameras, error))
      return FALSE;
  return TRUE;
}

static gint
find_label (gchar **labels, const gchar *label)
{
  for (guint i = 0; labels[i] != NULL; i++)
    if (g_str_equal (labels[i], label))
      return (gint) i;
  return -1;
}

/* label to threshold of those classes that have one of their own */
static GHashTable *
read_class_thresholds (ViewCamera *camera, gchar **labels)
{
  g_autofree gchar *text = NULL;
  g_auto (GStrv) parts = NULL;
  GHashTable *thresholds =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  guint n_labels = g_strv_length (labels);

  g_object_get (
      view_camera_get_detector (camera), "class-thresholds", &text, NULL);
  parts = g_strsplit_set (text != NULL ? text : "", ",;", -1);
  for (guint i = 0; parts[i] != NULL; i++) {
    gchar *equals = strrchr (parts[i], '=');
    guint64 number;
    const gchar *label;
    gdouble threshold;

    if (equals == NULL)
      continue;
    *equals = '\0';
    label = g_strstrip (parts[i]);
    if (find_label (labels, label) < 0 && n_labels > 0
        && g_ascii_string_to_unsigned (
            label, 10, 0, n_labels - 1, &number, NULL))
      label = labels[number];
    threshold = g_ascii_strtod (equals + 1, NULL);
    g_hash_table_insert (
        thresholds, g_strdup (label), g_memdup2 (&threshold, sizeof threshold));
  }
  return thresholds;
}

/* a list cannot have a label in it that looks like a list */
static gchar *
format_class_thresholds (GHashTable *thresholds, gchar **labels)
{
  GString *text = g_string_new (NULL);
  gchar buffer[G_ASCII_DTOSTR_BUF_SIZE];

  for (guint i = 0; labels[i] != NULL; i++) {
    const gdouble *threshold = g_hash_table_lookup (thresholds, labels[i]);

    if (threshold == NULL)
      continue;
    if (text->len > 0)
      g_string_append_c (text, ',');
    if (strpbrk (labels[i], ",;=") != NULL)
      g_string_append_printf (text, "%u", i);
    else
      g_string_append (text, labels[i]);
    g_string_append_printf (text, "=%s",
        g_ascii_formatd (buffer, sizeof buffer, "%.4g", *threshold));
  }
  return g_string_free (text, FALSE);
}

static gboolean
merge_class_thresholds (
    GHashTable *thresholds, JsonObject *changes, gchar **labels, GError **error)
{
  JsonObjectIter iter;
  const gchar *label;
  JsonNode *node;
  gdouble threshold;

  json_object_iter_init (&iter, changes);
  while (json_object_iter_next (&iter, &label, &node)) {
    if (find_label (labels, label) < 0)
      return fail (error, "The model has no class \"%s\"", label);
    if (!parse_threshold (label, node, &threshold, error))
      return FALSE;
    if (threshold < 0)
      g_hash_table_remove (thresholds, label);
    else
      g_hash_table_insert (thresholds, g_strdup (label),
          g_memdup2 (&threshold, sizeof threshold));
  }
  return TRUE;
}

/* checks and, when @apply, does it */
static gboolean
change_camera (
    const Changes *self, ViewCamera *camera, gboolean apply, GError **error)
{
  GstElement *detector = view_camera_get_detector (camera);
  g_auto (GStrv) labels = view_camera_get_labels (camera);
  g_autoptr (GHashTable) thresholds = NULL;
  g_autofree gchar *text = NULL;

  if (self->class_thresholds != NULL) {
    if (labels[0] == NULL)
      return fail (error, "The model is not open yet: try again");
    thresholds = read_class_thresholds (camera, labels);
    if (!merge_class_thresholds (
            thresholds, self->class_thresholds, labels, error))
      return FALSE;
    text = format_class_thresholds (thresholds, labels);
  }
  if (!apply)
    return TRUE;
  if (self->has_threshold)
    g_object_set (detector, "threshold", self->threshold, NULL);
  if (self->has_iou_threshold)
    g_object_set (detector, "iou-threshold", self->iou_threshold, NULL);
  if (text != NULL)
    g_object_set (detector, "class-thresholds", text, NULL);
  return TRUE;
}

/**
 * view_settings_apply:
 * @cameras: the cameras
 * @n_cameras: how many
 * @changes: (nullable): an object with what is to change
 * @error: return location
 *
 * Returns: whether all of it was done; if not, none of it was
 */
gboolean
view_settings_apply (ViewCamera *const *cameras, guint n_cameras,
    JsonNode *changes, GError **error)
{
  Changes parsed = { 0 };

  if (!parse (&parsed, changes, n_cameras, error))
    return FALSE;
  for (guint apply = 0; apply < 2; apply++)
    for (guint i = 0; i < n_cameras; i++)
      if ((parsed.camera < 0 || (guint) parsed.camera == i)
          && !change_camera (&parsed, cameras[i], apply, error))
        return FALSE;
  return TRUE;
}

static gdouble
read_number (GstElement *detector, const gchar *name)
{
  GValue value = G_VALUE_INIT;
  gdouble number;

  g_value_init (&value, G_TYPE_DOUBLE);
  g_object_get_property (G_OBJECT (detector), name, &value);
  number = g_value_get_double (&value);
  g_value_unset (&value);
  /* a float says more digits than it knows */
  return (gdouble) (gint64) (number * 1e6 + 0.5) / 1e6;
}

static void
add_camera_json (ViewCamera *camera, JsonBuilder *builder)
{
  GstElement *detector = view_camera_get_detector (camera);
  g_auto (GStrv) labels = view_camera_get_labels (camera);
  g_autoptr (GHashTable) thresholds = read_class_thresholds (camera, labels);

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "name");
  json_builder_add_string_value (builder, view_camera_get_name (camera));
  json_builder_set_member_name (builder, "threshold");
  json_builder_add_double_value (builder, read_number (detector, "threshold"));
  json_builder_set_member_name (builder, "iou_threshold");
  json_builder_add_double_value (
      builder, read_number (detector, "iou-threshold"));
  json_builder_set_member_name (builder, "class_thresholds");
  json_builder_begin_object (builder);
  for (guint i = 0; labels[i] != NULL; i++) {
    const gdouble *threshold = g_hash_table_lookup (thresholds, labels[i]);

    if (threshold == NULL)
      continue;
    json_builder_set_member_name (builder, labels[i]);
    json_builder_add_double_value (builder, *threshold);
  }
  json_builder_end_object (builder);
  json_builder_set_member_name (builder, "labels");
  json_builder_begin_array (builder);
  for (guint i = 0; labels[i] != NULL; i++)
    json_builder_add_string_value (builder, labels[i]);
  json_builder_end_array (builder);
  json_builder_end_object (builder);
}

/**
 * view_settings_add_json:
 * @cameras: the cameras
 * @n_cameras: how many
 * @builder: gets an array with an object for each
 */
void
view_settings_add_json (
    ViewCamera *const *cameras, guint n_cameras, JsonBuilder *builder)
{
  json_builder_begin_array (builder);
  for (guint i = 0; i < n_cameras; i++)
    add_camera_json (cameras[i], builder);
  json_builder_end_array (builder);
}
