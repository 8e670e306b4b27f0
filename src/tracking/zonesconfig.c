/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Lines and zones as users write them: a GKeyFile with a group for each,
 * [line NAME] or [zone NAME]. */

#include "tracking/zones.h"

#include <math.h>
#include <string.h>

#include "tracking/geometry.h"

/* of a file; more was not written by hand */
#define MAX_BYTES (1 << 20)
#define LIST_SEPARATORS ";,"

G_DEFINE_QUARK (zones - error - quark, zones_error)

struct _ZonesConfig {
  gatomicrefcount ref_count;
  GArray *shapes;
};

/* where in which file; what messages begin with */
typedef struct {
  const gchar *file;
  const gchar *group;
  GKeyFile *keys;
} Group;

static const gchar *const anchor_names[] = {
  [ZONES_ANCHOR_BOTTOM] = "bottom",
  [ZONES_ANCHOR_CENTER] = "center",
  [ZONES_ANCHOR_TOP] = "top",
  [ZONES_ANCHOR_LEFT] = "left",
  [ZONES_ANCHOR_RIGHT] = "right",
};

static void
clear_shape (ZonesShape *shape)
{
  g_free (shape->name);
  g_free (shape->points);
  g_free (shape->labels);
}

G_GNUC_PRINTF (3, 4)
static gboolean
fail (const Group *group, GError **error, const gchar *format, ...)
{
  g_autofree gchar *text = NULL;
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error (error, ZONES_ERROR, ZONES_ERROR_SETTINGS, "%s: [%s]: %s",
      group->file, group->group, text);
  return FALSE;
}

/* Returns: (nullable): the value, or %NULL with or without an error */
static gchar *
get_value (const Group *group, const gchar *key, GError **error)
{
  GError *cause = NULL;
  gchar *value;

  if (!g_key_file_has_key (group->keys, group->group, key, NULL))
    return NULL;
  value = g_key_file_get_string (group->keys, group->group, key, &cause);
  /* some errors come with a value */
  if (cause != NULL) {
    fail (group, error, "%s cannot be read: %s", key, cause->message);
    g_error_free (cause);
    g_clear_pointer (&value, g_free);
  }
  return value;
}

static gboolean
parse_number (const gchar *text, gdouble *number)
{
  gchar *end = NULL;

  *number = g_ascii_strtod (text, &end);
  return end != text && *end == '\0' && isfinite (*number);
}

static gboolean
parse_coordinates (
    const Group *group, gchar **parts, GArray *numbers, GError **error)
{
  for (guint i = 0; parts[i] != NULL; i++) {
    gdouble number;

    /* a list may end with a separator */
    if (*g_strstrip (parts[i]) == '\0' && parts[i + 1] == NULL)
      break;
    if (!parse_number (parts[i], &number))
      return fail (group, error, "\"%s\" in points is not a number", parts[i]);
    if (number < 0 || number > 1)
      return fail (group, error,
          "%s in points is not a fraction of the frame, from 0 to 1: divide "
          "pixels by its width or height",
          parts[i]);
    g_array_append_val (numbers, number);
  }
  return TRUE;
}

static gboolean
check_extent (const Group *group, const ZonesShape *shape, GError **error)
{
  if (shape->kind == ZONES_LINE
      && !(polyline_get_length (shape->points, shape->n_points) > 0))
    return fail (group, error,
        "points has the same point again and again: a line needs two");
  if (shape->kind == ZONES_ZONE
      && !(polygon_get_area (shape->points, shape->n_points) > 0))
    return fail (group, error,
        "points has no area: a zone needs three points that do not lie on one "
        "line");
  return TRUE;
}

static gboolean
parse_points (const Group *group, ZonesShape *shape, GError **error)
{
  GError *cause = NULL;
  g_autofree gchar *text = get_value (group, "points", &cause);
  g_auto (GStrv) parts = NULL;
  g_autoptr (GArray) numbers = g_array_new (FALSE, FALSE, sizeof (gdouble));
  guint least = shape->kind == ZONES_LINE ? 2 : 3;

  if (cause != NULL) {
    g_propagate_error (error, cause);
    return FALSE;
  }
  if (text == NULL)
    return fail (group, error,
        "there is no points: write points=x;y;x;y;... in fractions of the "
        "frame");

  parts = g_strsplit_set (text, LIST_SEPARATORS, -1);
  if (!parse_coordinates (group, parts, numbers, error))
    return FALSE;
  if (numbers->len % 2 != 0)
    return fail (group, error,
        "points has %u numbers: each point needs two, x and y", numbers->len);
  if (numbers->len / 2 < least || numbers->len / 2 > ZONES_MAX_POINTS)
    return fail (group, error, "points has %u points: a %s needs from %u to %u",
        numbers->len / 2, shape->kind == ZONES_LINE ? "line" : "zone", least,
        ZONES_MAX_POINTS);

  shape->n_points = numbers->len / 2;
  shape->points = g_new (ZonesPoint, shape->n_points);
  for (guint i = 0; i < shape->n_points; i++) {
    shape->points[i].x = g_array_index (numbers, gdouble, 2 * i);
    shape->points[i].y = g_array_index (numbers, gdouble, 2 * i + 1);
  }
  return check_extent (group, shape, error);
}

static gboolean
parse_anchor (const Group *group, ZonesShape *shape, GError **error)
{
  GError *cause = NULL;
  g_autofree gchar *text = get_value (group, "anchor", &cause);

  if (cause != NULL) {
    g_propagate_error (error, cause);
    return FALSE;
  }
  if (text == NULL)
    return TRUE;

  g_strstrip (text);
  for (guint i = 0; i < G_N_ELEMENTS (anchor_names); i++) {
    if (g_str_equal (text, anchor_names[i])) {
      shape->anchor = i;
      return TRUE;
    }
  }
  return fail (group, error,
      "anchor=%s is none of bottom, center, top, left and right", text);
}

static gboolean
parse_classes (const Group *group, ZonesShape *shape, GError **error)
{
  GError *cause = NULL;
  g_autofree gchar *text = get_value (group, "classes", &cause);
  g_auto (GStrv) parts = NULL;

  if (cause != NULL) {
    g_propagate_error (error, cause);
    return FALSE;
  }
  if (text == NULL)
    return TRUE;

  parts = g_strsplit_set (text, LIST_SEPARATORS, -1);
  shape->labels = g_new (GQuark, g_strv_length (parts));
  for (guint i = 0; parts[i] != NULL; i++) {
    if (*g_strstrip (parts[i]) != '\0')
      shape->labels[shape->n_labels++] = g_quark_from_string (parts[i]);
  }
  return TRUE;
}

static gboolean
parse_dwell (const Group *group, ZonesShape *shape, GError **error)
{
  GError *cause = NULL;
  g_autofree gchar *text = get_value (group, "dwell", &cause);
  gdouble seconds;

  if (cause != NULL) {
    g_propagate_error (error, cause);
    return FALSE;
  }
  if (text == NULL)
    return TRUE;

  /* a century, which is far from what 64 bits hold of nanoseconds */
  if (!parse_number (g_strstrip (text), &seconds) || seconds < 0
      || seconds > 3e9)
    return fail (
        group, error, "dwell=%s is not a number of seconds from 0 on", text);
  shape->dwell = seconds * TRACKING_SECOND;
  return TRUE;
}

static gboolean
check_keys (const Group *group, const ZonesShape *shape, GError **error)
{
  const gchar *known[] = { "points", "classes", "anchor",
    shape->kind == ZONES_ZONE ? "dwell" : NULL, NULL };
  g_auto (GStrv) keys =
      g_key_file_get_keys (group->keys, group->group, NULL, NULL);

  for (guint i = 0; keys != NULL && keys[i] != NULL; i++) {
    if (!g_strv_contains (known, keys[i]))
      return fail (group, error,
          "there is no key \"%s\": a %s has points, classes%s", keys[i],
          shape->kind == ZONES_ZONE ? "zone" : "line",
          shape->kind == ZONES_ZONE ? ", anchor and dwell" : " and anchor");
  }
  return TRUE;
}

static gboolean
parse_heading (const Group *group, ZonesShape *shape, GError **error)
{
  const gchar *name = group->group;

  if (g_str_has_prefix (name, "line ")) {
    shape->kind = ZONES_LINE;
  } else if (g_str_has_prefix (name, "zone ")) {
    shape->kind = ZONES_ZONE;
  } else {
    return fail (group, error,
        "this is no line and no zone: write [line NAME] or [zone NAME]");
  }
  shape->name = g_strstrip (g_strdup (name + strlen ("line ")));
  if (*shape->name == '\0')
    return fail (group, error, "the name is missing");
  return TRUE;
}

static gboolean
parse_shape (const Group *group, ZonesShape *shape, GError **error)
{
  return parse_heading (group, shape, error) && check_keys (group, shape, error)
         && parse_points (group, shape, error)
         && parse_anchor (group, shape, error)
         && parse_classes (group, shape, error)
         && parse_dwell (group, shape, error);
}

/* GKeyFile makes one of two groups with the same name */
static gboolean
check_repeated (const gchar *file, const gchar *data, GError **error)
{
  g_auto (GStrv) lines = g_strsplit (data, "\n", -1);
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; lines[i] != NULL; i++) {
    if (*g_strstrip (lines[i]) != '[' || g_hash_table_add (seen, lines[i]))
      continue;
    g_set_error (error, ZONES_ERROR, ZONES_ERROR_SETTINGS,
        "%s: %s: this is there twice; give each its own name", file, lines[i]);
    return FALSE;
  }
  return TRUE;
}

static gboolean
parse_groups (
    ZonesConfig *self, const gchar *file, GKeyFile *keys, GError **error)
{
  g_auto (GStrv) groups = g_key_file_get_groups (keys, NULL);
  guint n_groups = g_strv_length (groups);

  if (n_groups == 0 || n_groups > ZONES_MAX_SHAPES) {
    g_set_error (error, ZONES_ERROR, ZONES_ERROR_SETTINGS,
        "%s has %u lines and zones: it needs from 1 to %u, each a group "
        "[line NAME] or [zone NAME]",
        file, n_groups, ZONES_MAX_SHAPES);
    return FALSE;
  }
  for (guint i = 0; i < n_groups; i++) {
    Group group = { file, groups[i], keys };
    ZonesShape *shape;

    g_array_set_size (self->shapes, i + 1);
    shape = &g_array_index (self->shapes, ZonesShape, i);
    if (!parse_shape (&group, shape, error))
      return FALSE;
  }
  return TRUE;
}

/**
 * zones_config_new_from_data:
 * @data: a GKeyFile's text
 * @length: its bytes, or -1 if a nul ends it
 * @name: what messages call it, such as its file's name
 * @error: %ZONES_ERROR_SETTINGS, naming the group
 *
 * Returns: (transfer full) (nullable): the lines and zones
 */
ZonesConfig *
zones_config_new_from_data (
    const gchar *data, gssize length, const gchar *name, GError **error)
{
  g_autofree gchar *file = g_utf8_make_valid (name, -1);
  /* messages have parts of it */
  g_autofree gchar *text = g_utf8_make_valid (data, length);
  g_autoptr (GKeyFile) keys = g_key_file_new ();
  g_autoptr (ZonesConfig) self = g_new0 (ZonesConfig, 1);
  g_autoptr (GError) cause = NULL;

  g_atomic_ref_count_init (&self->ref_count);
  self->shapes = g_array_new (FALSE, TRUE, sizeof (ZonesShape));
  g_array_set_clear_func (self->shapes, (GDestroyNotify) clear_shape);

  if (!g_key_file_load_from_data (keys, text, -1, G_KEY_FILE_NONE, &cause)) {
    g_set_error (error, ZONES_ERROR, ZONES_ERROR_SETTINGS,
        "%s cannot be read as groups of key=value: %s", file, cause->message);
    return NULL;
  }
  if (!check_repeated (file, text, error)
      || !parse_groups (self, file, keys, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * zones_config_new_from_file:
 * @path: a file in the form of zones_config_new_from_data()
 * @error: %ZONES_ERROR_NOT_FOUND or %ZONES_ERROR_SETTINGS, naming the file
 *
 * Returns: (transfer full) (nullable): the lines and zones
 */
ZonesConfig *
zones_config_new_from_file (const gchar *path, GError **error)
{
  g_autofree gchar *display = g_filename_display_name (path);
  g_autofree gchar *data = NULL;
  g_autoptr (GError) cause = NULL;
  gsize length;

  /* others may have no end */
  if (g_file_test (path, G_FILE_TEST_EXISTS)
      && !g_file_test (path, G_FILE_TEST_IS_REGULAR)) {
    g_set_error (error, ZONES_ERROR, ZONES_ERROR_NOT_FOUND,
        "%s is not a file: name one with [line NAME] and [zone NAME] groups",
        display);
    return NULL;
  }
  if (!g_file_get_contents (path, &data, &length, &cause)) {
    g_set_error (error, ZONES_ERROR, ZONES_ERROR_NOT_FOUND,
        "The lines and zones in %s cannot be read: %s", display,
        cause->message);
    return NULL;
  }
  if (length > MAX_BYTES) {
    g_set_error (error, ZONES_ERROR, ZONES_ERROR_SETTINGS,
        "%s has %" G_GSIZE_FORMAT " bytes: a file with lines and zones has at "
        "most %d",
        display, length, MAX_BYTES);
    return NULL;
  }
  return zones_config_new_from_data (data, length, display, error);
}

ZonesConfig *
zones_config_ref (ZonesConfig *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
zones_config_unref (ZonesConfig *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_array_unref (self->shapes);
  g_free (self);
}

guint
zones_config_get_n_shapes (const ZonesConfig *self)
{
  return self->shapes->len;
}

/**
 * zones_config_get_shape:
 * @index: in the order of the file
 *
 * Returns: (transfer none): the line or zone
 */
const ZonesShape *
zones_config_get_shape (const ZonesConfig *self, guint index)
{
  g_return_val_if_fail (index < self->shapes->len, NULL);
  return &g_array_index (self->shapes, ZonesShape, index);
}
