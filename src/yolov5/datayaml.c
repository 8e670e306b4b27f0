/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Reads `names:` of a data.yaml, and nothing else of it: a list or a mapping
 * from 0 on, on one line or on several. That is what YOLOv5's own files, PyYAML
 * and the known labelling tools write; what else YAML knows (anchors, tags,
 * block scalars, nesting) is refused in words, not guessed at. */

#include "yolov5/datayaml.h"

#include <string.h>

#define KEY "names:"

/* characters that begin what is no plain name */
#define INDICATORS "&*!|>%@`?,[]{}#\"'"

/**
 * Reader:
 * @names: (element-type utf8): by number
 * @is_mapping: whether entries have numbers; the first one decides
 */
typedef struct {
  const gchar *path;
  const gchar *start;
  const gchar *cursor;
  const gchar *end;
  GHashTable *names;
  gboolean is_mapping;
} Reader;

static gboolean
fail (const Reader *self, GError **error, const gchar *problem)
{
  guint line = 1;

  for (const gchar *c = self->start; c < self->cursor; c++)
    line += *c == '\n';
  g_set_error (error, YOLOV5_ERROR, YOLOV5_ERROR_SETTINGS,
      "%s: line %u: %s; names is a list or a mapping of numbers to names. Any "
      "other file is understood with one label per line, and a name that does "
      "not end in .yaml",
      self->path, line, problem);
  return FALSE;
}

static gboolean
is_at (const Reader *self, gchar c)
{
  return self->cursor < self->end && *self->cursor == c;
}

static gboolean
is_blank (gchar c)
{
  return c == ' ' || c == '\t' || c == '\r';
}

/* on this line; a comment is part of what is blank, if something blank or
 * nothing stands before it */
static void
skip_blank (Reader *self)
{
  while (self->cursor < self->end && is_blank (*self->cursor))
    self->cursor++;
  if (is_at (self, '#')
      && (self->cursor == self->start || g_ascii_isspace (self->cursor[-1])))
    while (self->cursor < self->end && *self->cursor != '\n')
      self->cursor++;
}

static void
skip_blank_lines (Reader *self)
{
  skip_blank (self);
  while (is_at (self, '\n')) {
    self->cursor++;
    skip_blank (self);
  }
}

static gchar *
read_quoted (Reader *self, GError **error)
{
  gchar quote = *self->cursor++;
  GString *text = g_string_new (NULL);

  while (self->cursor < self->end && *self->cursor != '\n') {
    gchar c = *self->cursor++;

    if (c == quote) {
      if (quote == '"' || !is_at (self, quote))
        return g_string_free (text, FALSE);
      /* '' is one of them */
      self->cursor++;
    } else if (c == '\\' && quote == '"') {
      if (!is_at (self, '"') && !is_at (self, '\\')) {
        g_string_free (text, TRUE);
        fail (self, error, "only \\\" and \\\\ are understood in quotes");
        return NULL;
      }
      c = *self->cursor++;
    }
    g_string_append_c (text, c);
  }
  g_string_free (text, TRUE);
  fail (self, error, "a quotation has no end on its line");
  return NULL;
}

/* a plain name ends before a comment, at a colon, and inside brackets at what
 * separates entries; there it may be broken at a blank, as PyYAML does */
static gchar *
read_plain (Reader *self, gboolean is_in_brackets, GError **error)
{
  GString *text = g_string_new (NULL);

  while (self->cursor < self->end) {
    gchar c = *self->cursor;
    gboolean is_last = self->cursor + 1 == self->end;

    if (c == ':' && (is_last || g_ascii_isspace (self->cursor[1])))
      break;
    if (c == '#' && text->len > 0 && g_ascii_isspace (self->cursor[-1]))
      break;
    if (c == '\n' && !is_in_brackets)
      break;
    if (is_in_brackets && strchr (",[]{}", c) != NULL)
      break;
    if (!g_ascii_isspace (c))
      g_string_append_c (text, c);
    else if (text->len > 0 && text->str[text->len - 1] != ' ')
      g_string_append_c (text, ' ');
    self->cursor++;
  }
  g_strchomp (text->str);
  if (*text->str != '\0')
    return g_string_free (text, FALSE);
  g_string_free (text, TRUE);
  fail (self, error, "a name is missing");
  return NULL;
}

static gchar *
read_name (Reader *self, gboolean is_in_brackets, GError **error)
{
  skip_blank (self);
  if (is_at (self, '"') || is_at (self, '\'')) {
    g_autofree gchar *name = read_quoted (self, error);

    if (name == NULL || *g_strstrip (name) != '\0')
      return g_steal_pointer (&name);
    fail (self, error, "a name is empty");
    return NULL;
  }
  if (self->cursor < self->end && strchr (INDICATORS, *self->cursor) != NULL) {
    fail (self, error,
        *self->cursor == '#' || strchr (",]}", *self->cursor) != NULL
            ? "a name is missing"
            : "this is more YAML than is understood; put the name into quotes");
    return NULL;
  }
  return read_plain (self, is_in_brackets, error);
}

/* takes the number of an entry of a mapping and the colon behind it */
static gboolean
read_number (Reader *self, guint *number, GError **error)
{
  guint64 value = 0;
  const gchar *first;
  gchar quote = '\0';

  skip_blank (self);
  if (is_at (self, '"') || is_at (self, '\''))
    quote = *self->cursor++;
  first = self->cursor;
  while (self->cursor < self->end && g_ascii_isdigit (*self->cursor)
         && value <= G_MAXUINT)
    value = value * 10 + (guint) (*self->cursor++ - '0');
  if (self->cursor == first || value > G_MAXUINT)
    return fail (self, error, "an entry has no number of a class");
  if (quote != '\0' && !is_at (self, quote))
    return fail (self, error, "an entry has no number of a class");
  if (quote != '\0')
    self->cursor++;
  skip_blank (self);
  if (!is_at (self, ':'))
    return fail (self, error, "there is no colon behind the number of a class");
  self->cursor++;
  if (quote == '\0' && self->cursor < self->end
      && !g_ascii_isspace (*self->cursor))
    return fail (self, error, "there is no blank behind a colon");
  *number = value;
  return TRUE;
}

static gboolean
add_entry (Reader *self, gboolean is_in_brackets, GError **error)
{
  guint number = g_hash_table_size (self->names);
  gchar *name;

  if (self->is_mapping && !read_number (self, &number, error))
    return FALSE;
  name = read_name (self, is_in_brackets, error);
  if (name == NULL)
    return FALSE;
  if (g_hash_table_insert (self->names, GUINT_TO_POINTER (number), name))
    return TRUE;
  return fail (self, error, "the number of a class is there twice");
}

/* [person, car] or {0: person, 1: car} */
static gboolean
read_brackets (Reader *self, GError **error)
{
  gchar closing = *self->cursor++ == '[' ? ']' : '}';

  self->is_mapping = closing == '}';
  for (skip_blank_lines (self); !is_at (self, closing);
       skip_blank_lines (self)) {
    if (!add_entry (self, TRUE, error))
      return FALSE;
    skip_blank_lines (self);
    if (is_at (self, ','))
      self->cursor++;
    else if (!is_at (self, closing))
      return fail (
          self, error, "a list in brackets does not go on or end here");
  }
  self->cursor++;
  return TRUE;
}

/* entries below each other, with "- " or a number each */
static gboolean
read_lines (Reader *self, GError **error)
{
  gsize indent = 0;

  while (self->cursor < self->end) {
    const gchar *line = self->cursor;

    while (line > self->start && line[-1] != '\n')
      line--;
    if (g_hash_table_size (self->names) == 0) {
      indent = self->cursor - line;
      self->is_mapping = !is_at (self, '-');
    }
    if ((gsize) (self->cursor - line) != indent
        || is_at (self, '-') == self->is_mapping)
      return fail (self, error, "an entry does not stand below the others");
    if (!self->is_mapping) {
      self->cursor++;
      if (self->cursor < self->end && !g_ascii_isspace (*self->cursor))
        return fail (self, error, "there is no blank behind \"-\"");
    }
    if (!add_entry (self, FALSE, error))
      return FALSE;
    skip_blank (self);
    if (self->cursor < self->end && !is_at (self, '\n'))
      return fail (self, error, "there is something behind a name");
    skip_blank_lines (self);
  }
  return TRUE;
}

/* the value of the one key `names` of the file itself, which begins a line */
static gboolean
find_names (Reader *self, const gchar *text, GError **error)
{
  gboolean is_found = FALSE;

  for (const gchar *line = text; line != NULL;) {
    const gchar *next = strchr (line, '\n');

    next = next != NULL ? next + 1 : NULL;
    /* what belongs to a key is indented, or begins with what a list's entry or
     * the end of one does */
    if (is_found && self->end == NULL && strchr (" \t\r\n#-]}", *line) == NULL)
      self->end = line;
    if (g_str_has_prefix (line, KEY)) {
      self->cursor = line + strlen (KEY);
      if (is_found)
        return fail (self, error, "names is there more than once");
      is_found = TRUE;
    }
    line = next;
    if (line != NULL && *line == '\0')
      line = NULL;
  }
  if (!is_found)
    return fail (self, error, "there is no \"names:\" in it");
  return TRUE;
}

static gchar **
take_names (Reader *self, GError **error)
{
  guint n = g_hash_table_size (self->names);
  g_auto (GStrv) names = g_new0 (gchar *, (gsize) n + 1);

  for (guint i = 0; i < n; i++) {
    const gchar *name = g_hash_table_lookup (self->names, GUINT_TO_POINTER (i));

    if (name == NULL) {
      g_set_error (error, YOLOV5_ERROR, YOLOV5_ERROR_SETTINGS,
          "%s: names has %u entries, and none for class %u; classes count from "
          "0, without a gap",
          self->path, n, i);
      return NULL;
    }
    names[i] = g_strdup (name);
  }
  return g_steal_pointer (&names);
}

/**
 * yolov5_data_yaml_parse:
 * @text: UTF-8
 * @path: of the file, for messages
 *
 * Returns: (transfer full) (array zero-terminated=1): what is below `names`, or
 *   %NULL with %YOLOV5_ERROR_SETTINGS
 */
gchar **
yolov5_data_yaml_parse (const gchar *text, const gchar *path, GError **error)
{
  g_autoptr (GHashTable) names =
      g_hash_table_new_full (NULL, NULL, NULL, g_free);
  Reader self = { .path = path, .start = text, .cursor = text, .names = names };
  const gchar *value;
  gboolean is_read;

  if (!find_names (&self, text, error))
    return NULL;
  for (value = text; !g_str_has_prefix (value, KEY);)
    value = strchr (value, '\n') + 1;
  self.cursor = value + strlen (KEY);
  if (self.end == NULL)
    self.end = text + strlen (text);
  if (self.cursor < self.end && !g_ascii_isspace (*self.cursor)) {
    fail (&self, error, "there is no blank behind \"names:\"");
    return NULL;
  }

  skip_blank_lines (&self);
  if (is_at (&self, '[') || is_at (&self, '{')) {
    is_read = read_brackets (&self, error);
    skip_blank_lines (&self);
    if (is_read && self.cursor < self.end)
      is_read = fail (&self, error, "there is something behind the names");
  } else {
    is_read = read_lines (&self, error);
  }
  if (!is_read)
    return NULL;
  if (g_hash_table_size (names) == 0) {
    fail (&self, error, "there are no names");
    return NULL;
  }
  return take_names (&self, error);
}
