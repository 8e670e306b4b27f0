/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Reads the lines of yolov5json. */

#include "frame.h"

#include <json-glib/json-glib.h>
#include <string.h>

/* (nullable): what is neither missing nor null */
static JsonNode *
get_value (JsonObject *object, const gchar *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return node != NULL && JSON_NODE_HOLDS_VALUE (node) ? node : NULL;
}

static gint64
get_integer (JsonObject *object, const gchar *name, gint64 otherwise)
{
  JsonNode *node = get_value (object, name);

  return node != NULL ? json_node_get_int (node) : otherwise;
}

static void
read_box (JsonObject *object, DetectBox *box)
{
  JsonNode *label = get_value (object, "label");
  JsonNode *confidence = get_value (object, "confidence");
  JsonNode *predicted = get_value (object, "predicted");

  box->label =
      g_intern_string (label != NULL ? json_node_get_string (label) : "object");
  box->label_id = get_integer (object, "label_id", -1);
  box->confidence = confidence != NULL ? json_node_get_double (confidence) : 0;
  box->x = get_integer (object, "x", 0);
  box->y = get_integer (object, "y", 0);
  box->width = get_integer (object, "width", 0);
  box->height = get_integer (object, "height", 0);
  box->id = get_integer (object, "id", 0);
  box->is_predicted = predicted != NULL && json_node_get_boolean (predicted);
}

/**
 * detect_frame_new:
 * @line: (transfer full): one of yolov5json
 *
 * Returns: (transfer full) (nullable): what it says
 */
DetectFrame *
detect_frame_new (gchar *line)
{
  g_autofree gchar *text = g_strchomp (line);
  g_autoptr (JsonNode) root = json_from_string (text, NULL);
  DetectFrame *self;
  JsonObject *object;
  JsonArray *list;

  g_return_val_if_fail (root != NULL && JSON_NODE_HOLDS_OBJECT (root), NULL);
  object = json_node_get_object (root);
  self = g_new0 (DetectFrame, 1);
  self->line = g_steal_pointer (&text);
  self->number = get_integer (object, "frame", 0);
  /* no time is null */
  self->pts = get_integer (object, "pts", -1);
  self->width = get_integer (object, "width", 0);
  self->height = get_integer (object, "height", 0);
  self->inference_time = get_integer (object, "inference_time", 0);

  list = json_object_get_array_member (object, "detections");
  self->boxes = g_array_new (FALSE, TRUE, sizeof (DetectBox));
  g_array_set_size (self->boxes, json_array_get_length (list));
  for (guint i = 0; i < self->boxes->len; i++)
    read_box (json_array_get_object_element (list, i),
        &g_array_index (self->boxes, DetectBox, i));
  return self;
}

void
detect_frame_free (DetectFrame *self)
{
  g_free (self->line);
  g_array_unref (self->boxes);
  g_free (self);
}

static gint
compare_counts (gconstpointer a, gconstpointer b, gpointer counts)
{
  const gchar *left = *(const gchar *const *) a;
  const gchar *right = *(const gchar *const *) b;
  guint n_left = GPOINTER_TO_UINT (g_hash_table_lookup (counts, left));
  guint n_right = GPOINTER_TO_UINT (g_hash_table_lookup (counts, right));

  if (n_left != n_right)
    return n_left < n_right ? 1 : -1;
  return strcmp (left, right);
}

/**
 * detect_describe_counts:
 * @counts: label to number
 *
 * Returns: (transfer full): "3 person, 1 dog", the most first
 */
gchar *
detect_describe_counts (GHashTable *counts)
{
  guint n;
  g_autofree gchar **labels =
      (gchar **) g_hash_table_get_keys_as_array (counts, &n);
  GString *text = g_string_new (n == 0 ? "nothing" : NULL);

  g_qsort_with_data (
      labels, (gint) n, sizeof (gchar *), compare_counts, counts);
  for (guint i = 0; i < n; i++)
    g_string_append_printf (text, "%s%u %s", i > 0 ? ", " : "",
        GPOINTER_TO_UINT (g_hash_table_lookup (counts, labels[i])), labels[i]);
  return g_string_free (text, FALSE);
}

/**
 * detect_frame_describe:
 *
 * Returns: (transfer full): how many there are of each class
 */
gchar *
detect_frame_describe (const DetectFrame *self)
{
  g_autoptr (GHashTable) counts = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < self->boxes->len; i++) {
    gpointer label = (gpointer) g_array_index (self->boxes, DetectBox, i).label;

    g_hash_table_insert (counts, label,
        GUINT_TO_POINTER (
            GPOINTER_TO_UINT (g_hash_table_lookup (counts, label)) + 1));
  }
  return detect_describe_counts (counts);
}
