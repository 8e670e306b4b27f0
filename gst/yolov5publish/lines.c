/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Lines of yolov5json are read only where a rule is about what is in them; any
 * other text has no objects, no classes and no events. */

#include "lines.h"

#include <json-glib/json-glib.h>
#include <string.h>

#define FIELD_DETECTIONS "detections"
#define FIELD_EVENTS "events"
#define FIELD_LABEL "label"
/* lists and objects in each other, more than any line has */
#define MAX_DEPTH 64

void
publish_lines_init (PublishLines *self)
{
  self->last_time = GST_CLOCK_TIME_NONE;
  self->last_content = NULL;
}

void
publish_lines_clear (PublishLines *self)
{
  g_clear_pointer (&self->last_content, g_free);
}

/* the parser calls itself at each bracket */
static gboolean
is_flat (const gchar *text, gsize length)
{
  gboolean in_string = FALSE;
  guint depth = 0;
  gsize i;

  for (i = 0; i < length && depth <= MAX_DEPTH; i++) {
    if (in_string && text[i] == '\\')
      i++;
    else if (text[i] == '"')
      in_string = !in_string;
    else if (!in_string && (text[i] == '[' || text[i] == '{'))
      depth++;
    else if (!in_string && (text[i] == ']' || text[i] == '}') && depth > 0)
      depth--;
  }
  return depth <= MAX_DEPTH;
}

/* Returns: (transfer full) (nullable): %NULL for what is no object of JSON */
static JsonNode *
parse (const gchar *text, gsize length)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonNode *root;

  if (!is_flat (text, length)
      || !json_parser_load_from_data (parser, text, (gssize) length, NULL))
    return NULL;
  root = json_parser_get_root (parser);
  return root != NULL && JSON_NODE_HOLDS_OBJECT (root)
             ? json_parser_steal_root (parser)
             : NULL;
}

/* Returns: (transfer none) (nullable) */
static JsonArray *
get_list (JsonObject *line, const gchar *field)
{
  JsonNode *node = json_object_get_member (line, field);

  return node != NULL && JSON_NODE_HOLDS_ARRAY (node)
             ? json_node_get_array (node)
             : NULL;
}

static guint
get_length (JsonArray *list)
{
  return list != NULL ? json_array_get_length (list) : 0;
}

/* Returns: (transfer none) (nullable): the object at @i, if it is one */
static JsonObject *
get_object (JsonArray *list, guint i)
{
  JsonNode *node = json_array_get_element (list, i);

  return JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

static const gchar *
get_label (JsonObject *object)
{
  JsonNode *node =
      object != NULL ? json_object_get_member (object, FIELD_LABEL) : NULL;

  return node != NULL && json_node_get_value_type (node) == G_TYPE_STRING
             ? json_node_get_string (node)
             : NULL;
}

static gint
compare_texts (gconstpointer a, gconstpointer b)
{
  return strcmp (*(gchar *const *) a, *(gchar *const *) b);
}

/* What a line says, without where and when: each object's id, or its class.
 * %NULL if nobody looked. */
static gchar *
get_content (JsonObject *line)
{
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
  JsonArray *detections = get_list (line, FIELD_DETECTIONS);
  JsonNode *inferred = json_object_get_member (line, "inferred");
  guint i;

  for (i = 0; i < get_length (detections); i++) {
    JsonObject *detection = get_object (detections, i);
    JsonNode *id =
        detection != NULL ? json_object_get_member (detection, "id") : NULL;
    const gchar *label = get_label (detection);

    if (id != NULL && JSON_NODE_HOLDS_VALUE (id))
      g_ptr_array_add (texts,
          g_strdup_printf ("#%" G_GINT64_FORMAT, json_node_get_int (id)));
    else
      g_ptr_array_add (texts, g_strdup (label != NULL ? label : ""));
  }
  if (texts->len == 0 && inferred != NULL && JSON_NODE_HOLDS_VALUE (inferred)
      && !json_node_get_boolean (inferred))
    return NULL;
  g_ptr_array_sort (texts, compare_texts);
  g_ptr_array_add (texts, NULL);
  return g_strjoinv ("\n", (gchar **) texts->pdata);
}

/* whether @line, or @text where it is none, is to be sent */
static gboolean
is_wanted (PublishLines *self, const PublishRules *rules, JsonObject *line,
    const gchar *text, gsize length, GstClockTime time)
{
  gboolean has_events =
      line != NULL && get_length (get_list (line, FIELD_EVENTS)) > 0;
  g_autofree gchar *content = NULL;

  if (rules->events_only && !has_events)
    return FALSE;
  if (rules->only_changes) {
    content = line != NULL ? get_content (line) : g_strndup (text, length);
    if (!has_events
        && (content == NULL || g_strcmp0 (content, self->last_content) == 0))
      return FALSE;
  }
  /* time that goes back is another stream's */
  if (!has_events && rules->min_interval > 0
      && GST_CLOCK_TIME_IS_VALID (self->last_time) && time >= self->last_time
      && time - self->last_time < rules->min_interval)
    return FALSE;

  self->last_time = time;
  if (content != NULL) {
    g_free (self->last_content);
    self->last_content = g_steal_pointer (&content);
  }
  return TRUE;
}

/* the objects of @list that are of @label */
static JsonArray *
select_label (JsonArray *list, const gchar *label)
{
  JsonArray *selected = json_array_new ();
  guint i;

  for (i = 0; i < get_length (list); i++)
    if (g_strcmp0 (get_label (get_object (list, i)), label) == 0)
      json_array_add_element (
          selected, json_node_copy (json_array_get_element (list, i)));
  return selected;
}

static GBytes *
line_of_label (JsonObject *line, const gchar *label)
{
  static const gchar *const fields[] = { FIELD_DETECTIONS, FIELD_EVENTS };
  g_autoptr (JsonNode) root = json_node_new (JSON_NODE_OBJECT);
  g_autoptr (JsonGenerator) generator = json_generator_new ();
  g_autoptr (GList) members = json_object_get_members (line);
  JsonObject *copy = json_object_new ();
  gsize length;
  gchar *text;
  guint i;
  GList *l;

  for (l = members; l != NULL; l = l->next)
    json_object_set_member (
        copy, l->data, json_node_copy (json_object_get_member (line, l->data)));
  for (i = 0; i < G_N_ELEMENTS (fields); i++)
    if (get_list (line, fields[i]) != NULL)
      json_object_set_array_member (
          copy, fields[i], select_label (get_list (line, fields[i]), label));
  json_node_take_object (root, copy);
  json_generator_set_root (generator, root);
  text = json_generator_to_data (generator, &length);
  return g_bytes_new_take (text, length);
}

static void
add_labels (GHashTable *labels, JsonArray *list)
{
  guint i;

  for (i = 0; i < get_length (list); i++) {
    const gchar *label = get_label (get_object (list, i));

    if (label != NULL)
      g_hash_table_add (labels, (gpointer) label);
  }
}

/* Returns: for how many classes something was sent */
static guint
send_per_label (JsonObject *line, PublishSend send, gpointer user_data)
{
  g_autoptr (GHashTable) labels = g_hash_table_new (g_str_hash, g_str_equal);
  GHashTableIter iter;
  gpointer label;

  add_labels (labels, get_list (line, FIELD_DETECTIONS));
  add_labels (labels, get_list (line, FIELD_EVENTS));
  g_hash_table_iter_init (&iter, labels);
  while (g_hash_table_iter_next (&iter, &label, NULL)) {
    g_autoptr (GBytes) payload = line_of_label (line, label);

    send (label, payload, user_data);
  }
  return g_hash_table_size (labels);
}

/**
 * publish_lines_send:
 * @text: a line without its end
 * @time: of the line, in the stream or by a clock
 * @send: called for what is to be sent
 *
 * Returns: whether something is
 */
gboolean
publish_lines_send (PublishLines *self, const PublishRules *rules,
    const gchar *text, gsize length, GstClockTime time, PublishSend send,
    gpointer user_data)
{
  gboolean reads = rules->min_interval > 0 || rules->only_changes
                   || rules->events_only || rules->per_label;
  g_autoptr (JsonNode) root = reads ? parse (text, length) : NULL;
  JsonObject *line = root != NULL ? json_node_get_object (root) : NULL;
  g_autoptr (GBytes) payload = NULL;

  if (!is_wanted (self, rules, line, text, length, time))
    return FALSE;
  if (rules->per_label)
    return line != NULL && send_per_label (line, send, user_data) > 0;

  payload = g_bytes_new (text, length);
  send (NULL, payload, user_data);
  return TRUE;
}
