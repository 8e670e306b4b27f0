/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* A list is parsed once, when its property is set. Looking a class up is then
 * two hash lookups, however long the list and however many the boxes. Names are
 * compared without regard to case, and what that takes is kept for the names
 * that come. */

#include "classes.h"

#include <gst/gst.h>
#include <pango/pango.h>
#include <string.h>

#define SEPARATORS ",;"
#define NO_ENTRY -1

/* names of the detections that came, the rest is looked up again */
#define MAX_SEEN 4096

typedef struct {
  gchar *name;
  /* or NO_ENTRY */
  gint number;
  guint8 rgb[3];
} Entry;

struct _OverlayClasses {
  gint ref_count;
  /* index into entries plus 1, by quark of the folded name and by number plus
   * 1 */
  GHashTable *names;
  GHashTable *numbers;
  /* what names has for the quarks of labels, of the thread that draws */
  GHashTable *seen;
  gboolean has_names;
  /* the entry for every class, or NO_ENTRY */
  gint any;
  GArray *entries;
};

static void
clear_entry (Entry *entry)
{
  g_free (entry->name);
}

static OverlayClasses *
overlay_classes_new (void)
{
  OverlayClasses *self = g_new0 (OverlayClasses, 1);

  self->ref_count = 1;
  self->names = g_hash_table_new (NULL, NULL);
  self->numbers = g_hash_table_new (NULL, NULL);
  self->seen = g_hash_table_new (NULL, NULL);
  self->any = NO_ENTRY;
  self->entries = g_array_new (FALSE, TRUE, sizeof (Entry));
  g_array_set_clear_func (self->entries, (GDestroyNotify) clear_entry);
  return self;
}

/**
 * overlay_classes_ref:
 * @self: classes, which never change, so that threads may share them; one
 *   thread at a time looks them up
 *
 * Returns: (transfer full): @self
 */
OverlayClasses *
overlay_classes_ref (OverlayClasses *self)
{
  g_atomic_int_inc (&self->ref_count);
  return self;
}

/**
 * overlay_classes_unref:
 * @self: (transfer full): classes
 */
void
overlay_classes_unref (OverlayClasses *self)
{
  if (!g_atomic_int_dec_and_test (&self->ref_count))
    return;
  g_hash_table_unref (self->names);
  g_hash_table_unref (self->numbers);
  g_hash_table_unref (self->seen);
  g_array_unref (self->entries);
  g_free (self);
}

static void
set_error (GError **error, const gchar *format, const gchar *part)
{
  /* properties take any bytes, messages only UTF-8 */
  g_autofree gchar *valid = g_utf8_make_valid (part, -1);

  g_set_error (
      error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS, format, valid);
}

static gboolean
is_number (const gchar *text)
{
  const gchar *digits = text[0] == '-' || text[0] == '+' ? text + 1 : text;

  return digits[0] != '\0' && digits[strspn (digits, "0123456789")] == '\0';
}

/**
 * overlay_classes_fold:
 * @name: of a class, in any encoding
 *
 * Returns: what is the same for all names that differ in case alone
 */
GQuark
overlay_classes_fold (const gchar *name)
{
  g_autofree gchar *valid = g_utf8_make_valid (name, -1);
  g_autofree gchar *folded = g_utf8_casefold (valid, -1);
  g_autofree gchar *composed =
      g_utf8_normalize (folded, -1, G_NORMALIZE_DEFAULT_COMPOSE);

  return g_quark_from_string (composed);
}

/* the last entry for a class counts */
static gboolean
add_class (OverlayClasses *self, const gchar *class, const guint8 rgb[3],
    GError **error)
{
  Entry entry = { g_utf8_make_valid (class, -1), NO_ENTRY,
    { rgb[0], rgb[1], rgb[2] } };
  gpointer index;
  guint64 number;

  g_array_append_val (self->entries, entry);
  index = GUINT_TO_POINTER (self->entries->len);

  if (overlay_classes_is_any (self, self->entries->len - 1)) {
    self->any = (gint) self->entries->len - 1;
    return TRUE;
  }
  if (is_number (class)) {
    if (!g_ascii_string_to_unsigned (class, 10, 0, G_MAXINT, &number, NULL)) {
      set_error (error,
          "\"%s\" is no class, the numbers of classes go from 0 to 2147483647",
          class);
      return FALSE;
    }
    g_array_index (self->entries, Entry, self->entries->len - 1).number =
        (gint) number;
    g_hash_table_insert (
        self->numbers, GUINT_TO_POINTER ((guint) number + 1), index);
  } else {
    self->has_names = TRUE;
  }
  /* a number may be a name as well, such as that of a speed limit */
  g_hash_table_insert (
      self->names, GUINT_TO_POINTER (overlay_classes_fold (class)), index);
  return TRUE;
}

/* a name that Pango knows, #rgb, #rrggbb or 0xrrggbb */
static gboolean
parse_color (const gchar *text, guint8 rgb[3])
{
  g_autofree gchar *hex = NULL;
  PangoColor color;

  if (g_str_has_prefix (text, "0x") || g_str_has_prefix (text, "0X")) {
    if (strlen (text) != strlen ("0xrrggbb"))
      return FALSE;
    hex = g_strconcat ("#", text + 2, NULL);
    text = hex;
  }
  if (!pango_color_parse (&color, text))
    return FALSE;

  rgb[0] = color.red >> 8;
  rgb[1] = color.green >> 8;
  rgb[2] = color.blue >> 8;
  return TRUE;
}

/* cuts the colour off item and leaves the class */
static gboolean
split_color (gchar *item, guint8 rgb[3], GError **error)
{
  gchar *equals = strrchr (item, '=');

  if (equals == NULL) {
    set_error (error,
        "\"%s\" lacks a colour, which goes behind an equals sign as in "
        "person=#ff0000",
        item);
    return FALSE;
  }
  if (!parse_color (g_strstrip (equals + 1), rgb)) {
    set_error (error,
        "\"%s\" is no colour, write one like #ff0000, 0xff0000 or red",
        equals + 1);
    return FALSE;
  }
  *equals = '\0';
  g_strchomp (item);
  if (item[0] == '\0') {
    set_error (error,
        "the colour \"%s\" lacks a class, which goes before the equals sign",
        equals + 1);
    return FALSE;
  }
  return TRUE;
}

static gboolean
parse_items (const gchar *text, gboolean with_colors, OverlayClasses **classes,
    GError **error)
{
  g_auto (GStrv) items = g_strsplit_set (text ? text : "", SEPARATORS, -1);
  g_autoptr (OverlayClasses) self = overlay_classes_new ();
  guint i;

  *classes = NULL;
  for (i = 0; items[i] != NULL; i++) {
    gchar *item = g_strstrip (items[i]);
    guint8 rgb[3] = { 0 };

    if (item[0] == '\0')
      continue;
    if (with_colors && !split_color (item, rgb, error))
      return FALSE;
    if (!add_class (self, item, rgb, error))
      return FALSE;
  }
  if (self->entries->len > 0)
    *classes = g_steal_pointer (&self);
  return TRUE;
}

/**
 * overlay_classes_parse:
 * @text: (nullable): names and numbers of classes with commas or semicolons
 *   between them; "*" and "all" stand for every class
 * @classes: (out) (transfer full) (nullable): the classes, or %NULL for a list
 *   with nothing in it and on errors
 * @error: (optional): a sentence that names the part which is wrong
 *
 * Returns: %FALSE on errors
 */
gboolean
overlay_classes_parse (
    const gchar *text, OverlayClasses **classes, GError **error)
{
  return parse_items (text, FALSE, classes, error);
}

/**
 * overlay_classes_parse_colors:
 * @text: (nullable): as for overlay_classes_parse(), with an equals sign and a
 *   colour behind each class
 * @classes: (out) (transfer full) (nullable): as in overlay_classes_parse()
 * @error: (optional): a sentence that names the part which is wrong
 *
 * Returns: %FALSE on errors
 */
gboolean
overlay_classes_parse_colors (
    const gchar *text, OverlayClasses **classes, GError **error)
{
  return parse_items (text, TRUE, classes, error);
}

/* as in names */
static guint
look_label_up (const OverlayClasses *self, GQuark label)
{
  gpointer key = GUINT_TO_POINTER (label), index;

  if (g_hash_table_lookup_extended (self->seen, key, NULL, &index))
    return GPOINTER_TO_UINT (index);
  if (g_hash_table_size (self->seen) >= MAX_SEEN)
    g_hash_table_remove_all (self->seen);
  index = g_hash_table_lookup (self->names,
      GUINT_TO_POINTER (overlay_classes_fold (g_quark_to_string (label))));
  g_hash_table_insert (self->seen, key, index);
  return GPOINTER_TO_UINT (index);
}

static gboolean
is_label_number (GQuark label)
{
  return label != 0 && is_number (g_quark_to_string (label));
}

/**
 * overlay_classes_find:
 * @self: (nullable): classes
 * @detection: what was found
 *
 * Returns: the entry of @detection's class, by name before by number (only by
 *   name if that is a number), or -1 if it is not among the classes
 */
gint
overlay_classes_find (
    const OverlayClasses *self, const GstYolov5Detection *detection)
{
  guint index = 0;

  if (self == NULL)
    return NO_ENTRY;

  if (detection->label != 0)
    index = look_label_up (self, detection->label);
  if (index == 0 && detection->label_id >= 0
      && !is_label_number (detection->label))
    index = GPOINTER_TO_UINT (g_hash_table_lookup (
        self->numbers, GUINT_TO_POINTER ((guint) detection->label_id + 1)));
  return index > 0 ? (gint) index - 1 : self->any;
}

/**
 * overlay_classes_is_unclear:
 * @self: classes
 * @detection: what was found, and overlay_classes_find() has not
 *
 * Returns: whether @detection may be of one of the classes all the same: it has
 *   no name where they are named, or no number where they are numbered
 */
gboolean
overlay_classes_is_unclear (
    const OverlayClasses *self, const GstYolov5Detection *detection)
{
  if (detection->label == 0 && self->has_names)
    return TRUE;
  return detection->label_id < 0 && g_hash_table_size (self->numbers) > 0
         && !is_label_number (detection->label);
}

/**
 * overlay_classes_get_n_entries:
 * @self: (nullable): classes
 *
 * Returns: how many entries there are
 */
guint
overlay_classes_get_n_entries (const OverlayClasses *self)
{
  return self != NULL ? self->entries->len : 0;
}

/**
 * overlay_classes_get_name:
 * @self: classes
 * @entry: an entry
 *
 * Returns: (transfer none): what the list has for the class, in UTF-8
 */
const gchar *
overlay_classes_get_name (const OverlayClasses *self, guint entry)
{
  return g_array_index (self->entries, Entry, entry).name;
}

/**
 * overlay_classes_is_any:
 * @self: classes
 * @entry: an entry
 *
 * Returns: whether @entry stands for every class
 */
gboolean
overlay_classes_is_any (const OverlayClasses *self, guint entry)
{
  const gchar *name = overlay_classes_get_name (self, entry);

  return g_str_equal (name, "*") || g_ascii_strcasecmp (name, "all") == 0;
}

/**
 * overlay_classes_get_number:
 * @self: classes
 * @entry: an entry
 * @number: (out): number of the class
 *
 * Returns: whether @entry may be the number of a class
 */
gboolean
overlay_classes_get_number (
    const OverlayClasses *self, guint entry, guint *number)
{
  gint value = g_array_index (self->entries, Entry, entry).number;

  *number = (guint) value;
  return value != NO_ENTRY;
}

/**
 * overlay_classes_get_rgb:
 * @self: classes from overlay_classes_parse_colors()
 * @entry: an entry
 * @rgb: (out): red, green and blue
 */
void
overlay_classes_get_rgb (const OverlayClasses *self, guint entry, guint8 rgb[3])
{
  memcpy (rgb, g_array_index (self->entries, Entry, entry).rgb, 3);
}
