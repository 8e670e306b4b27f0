/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The reader of .modelinfo files. It is strict: what it does not understand is
 * an error, so that a typing error never goes unnoticed. */

#include "yolov5/modelinfo.h"

#include <glib/gstdio.h>
#include <string.h>

#define GROUP "yolov5"

/* what a YOLOv5 anchor may measure; keeps boxes finite */
#define MAX_ANCHOR 65536.0
/* more than any list of labels has */
#define MAX_TEXT_SIZE (4 * 1024 * 1024)

typedef gboolean (*ReadKey) (Yolov5ModelInfo *self, const gchar *value);

static gboolean
parse_number (
    const gchar *text, gdouble minimum, gdouble maximum, gdouble *number)
{
  gchar *end;

  *number = g_ascii_strtod (text, &end);
  if (end == text)
    return FALSE;
  while (g_ascii_isspace (*end))
    end++;
  /* written so that not-a-number fails, too */
  return *end == '\0' && *number >= minimum && *number <= maximum;
}

static gboolean
read_anchors (Yolov5ModelInfo *self, const gchar *value)
{
  g_auto (GStrv) numbers = g_strsplit (value, ";", -1);
  guint n = g_strv_length (numbers);

  /* a list may end in its separator */
  if (n > 0 && *g_strstrip (numbers[n - 1]) == '\0')
    n--;
  if (n == 0 || n % 2 != 0)
    return FALSE;

  self->anchors = g_array_new (FALSE, FALSE, sizeof (Yolov5Anchor));
  for (guint i = 0; i < n; i += 2) {
    gdouble width, height;
    Yolov5Anchor anchor;

    if (!parse_number (numbers[i], 0, MAX_ANCHOR, &width)
        || !parse_number (numbers[i + 1], 0, MAX_ANCHOR, &height))
      return FALSE;
    anchor.width = width;
    anchor.height = height;
    if (!(anchor.width > 0 && anchor.height > 0))
      return FALSE;
    g_array_append_val (self->anchors, anchor);
  }
  return TRUE;
}

static gboolean
read_threshold (Yolov5ModelInfo *self, const gchar *value)
{
  gdouble number;

  if (!parse_number (value, 0, 1, &number))
    return FALSE;
  self->threshold = number;
  self->has_threshold = TRUE;
  return TRUE;
}

static gboolean
read_iou_threshold (Yolov5ModelInfo *self, const gchar *value)
{
  gdouble number;

  if (!parse_number (value, 0, 1, &number))
    return FALSE;
  self->iou_threshold = number;
  self->has_iou_threshold = TRUE;
  return TRUE;
}

static gboolean
read_channel_order (Yolov5ModelInfo *self, const gchar *value)
{
  self->bgr = g_str_equal (value, "BGR");
  return self->bgr || g_str_equal (value, "RGB");
}

static gboolean
read_pad (Yolov5ModelInfo *self, const gchar *value)
{
  guint64 number;

  if (!g_ascii_string_to_unsigned (value, 10, 0, 255, &number, NULL))
    return FALSE;
  self->pad = number;
  return TRUE;
}

static const struct {
  const gchar *key;
  ReadKey read;
  const gchar *allowed;
} keys[] = {
  { "anchors", read_anchors,
      "width;height;width;height;... in pixels of the model's input, above 0 "
      "and with a point for decimals, heads from the smallest stride to the "
      "largest" },
  { "threshold", read_threshold, "a number from 0 to 1" },
  { "iou-threshold", read_iou_threshold, "a number from 0 to 1" },
  { "channel-order", read_channel_order, "RGB or BGR" },
  { "pad", read_pad, "a whole number from 0 to 255" },
};

/* labels are the one list of strings, with GKeyFile's escapes */
static gboolean
read_labels (
    Yolov5ModelInfo *self, GKeyFile *file, const gchar *path, GError **error)
{
  g_autoptr (GError) local_error = NULL;

  self->labels =
      g_key_file_get_string_list (file, GROUP, "labels", NULL, &local_error);
  if (!self->labels) {
    g_set_error (error, YOLOV5_ERROR, YOLOV5_ERROR_SETTINGS,
        "%s: labels cannot be read: %s", path, local_error->message);
    return FALSE;
  }
  for (guint i = 0; self->labels[i]; i++) {
    if (*g_strstrip (self->labels[i]) == '\0') {
      g_set_error (error, YOLOV5_ERROR, YOLOV5_ERROR_SETTINGS,
          "%s: labels has nothing at place %u; give every class a name, "
          "separated by semicolons",
          path, i + 1);
      return FALSE;
    }
  }
  return TRUE;
}

static gboolean
read_key (Yolov5ModelInfo *self, GKeyFile *file, const gchar *path,
    const gchar *key, GError **error)
{
  g_autofree gchar *value = NULL;
  GString *known;

  if (g_str_equal (key, "labels"))
    return read_labels (self, file, path, error);

  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++) {
    if (!g_str_equal (key, keys[i].key))
      continue;
    value = g_key_file_get_value (file, GROUP, key, NULL);
    if (keys[i].read (self, g_strstrip (value)))
      return TRUE;
    g_set_error (error, YOLOV5_ERROR, YOLOV5_ERROR_SETTINGS,
        "%s: %s=%s is not understood; it must be %s", path, key, value,
        keys[i].allowed);
    return FALSE;
  }

  known = g_string_new ("labels");
  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    g_string_append_printf (known, ", %s", keys[i].key);
  value = g_key_file_get_value (file, GROUP, key, NULL);
  g_set_error (error, YOLOV5_ERROR, YOLOV5_ERROR_SETTINGS,
      "%s: group [" GROUP "] has an unknown key %s=%s; it may have %s", path,
      key, value, known->str);
  g_string_free (known, TRUE);
  return FALSE;
}

/* A pipe would be waited for, and a device read for ever. */
static gboolean
is_readable_file (const gchar *path, GError **error)
{
  GStatBuf status;

  /* what cannot be asked about cannot be read either, and reading says why */
  if (g_stat (path, &status) != 0)
    return TRUE;
  if (!S_ISREG (status.st_mode)) {
    g_set_error (error, YOLOV5_ERROR, YOLOV5_ERROR_NOT_FOUND,
        "\"%s\" is %s, not a text file", path,
        S_ISDIR (status.st_mode)    ? "a folder"
        : S_ISFIFO (status.st_mode) ? "a pipe"
                                    : "no file on a disk");
    return FALSE;
  }
  if (status.st_size > MAX_TEXT_SIZE) {
    g_set_error (error, YOLOV5_ERROR, YOLOV5_ERROR_SETTINGS,
        "\"%s\" has %" G_GINT64_FORMAT
        " bytes, a file of labels or about a model at most %d",
        path, (gint64) status.st_size, MAX_TEXT_SIZE);
    return FALSE;
  }
  return TRUE;
}

/**
 * yolov5_text_read:
 * @path: a file that people write
 * @hint: (nullable): what to say of it where it is no text
 *
 * Returns: (transfer full) (nullable): its UTF-8, or %NULL with
 *   %YOLOV5_ERROR_NOT_FOUND or %YOLOV5_ERROR_SETTINGS
 */
gchar *
yolov5_text_read (const gchar *path, const gchar *hint, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autofree gchar *text = NULL;
  gsize size;

  if (!is_readable_file (path, error))
    return NULL;
  /* its messages name the file */
  if (!g_file_get_contents (path, &text, &size, &local_error)) {
    g_set_error_literal (
        error, YOLOV5_ERROR, YOLOV5_ERROR_NOT_FOUND, local_error->message);
    return NULL;
  }
  if (!g_utf8_validate (text, size, NULL)) {
    g_set_error (error, YOLOV5_ERROR, YOLOV5_ERROR_SETTINGS,
        "%s is not a text file in UTF-8%s", path, hint != NULL ? hint : "");
    return NULL;
  }
  return g_steal_pointer (&text);
}

/**
 * yolov5_model_info_read:
 * @self: initialised with %YOLOV5_MODEL_INFO_INIT
 * @path: a GKeyFile with a group [yolov5]; other groups are others' business
 *
 * Does not know the model: whether the numbers of anchors and labels fit it is
 * for the caller to check.
 *
 * Returns: %FALSE with %YOLOV5_ERROR_NOT_FOUND or %YOLOV5_ERROR_SETTINGS; clear
 *   @self in either case
 */
gboolean
yolov5_model_info_read (
    Yolov5ModelInfo *self, const gchar *path, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GError) local_error = NULL;
  g_autofree gchar *text = NULL;
  g_auto (GStrv) found = NULL;

  text = yolov5_text_read (path, NULL, error);
  if (text == NULL)
    return FALSE;
  /* else GLib would drop a key like labels[de] in silence */
  if (!g_key_file_load_from_data (
          file, text, -1, G_KEY_FILE_KEEP_TRANSLATIONS, &local_error)) {
    g_set_error (error, YOLOV5_ERROR, YOLOV5_ERROR_SETTINGS, "%s: %s", path,
        local_error->message);
    return FALSE;
  }

  found = g_key_file_get_keys (file, GROUP, NULL, NULL);
  if (!found) {
    g_set_error (error, YOLOV5_ERROR, YOLOV5_ERROR_SETTINGS,
        "%s has no group [" GROUP "]; its settings must stand below a line "
        "[" GROUP "]",
        path);
    return FALSE;
  }
  for (guint i = 0; found[i]; i++) {
    if (g_strv_contains ((const gchar *const *) found + i + 1, found[i])) {
      g_set_error (error, YOLOV5_ERROR, YOLOV5_ERROR_SETTINGS,
          "%s: group [" GROUP "] has %s= more than once; leave one of them",
          path, found[i]);
      return FALSE;
    }
    if (!read_key (self, file, path, found[i], error))
      return FALSE;
  }
  return TRUE;
}

void
yolov5_model_info_clear (Yolov5ModelInfo *self)
{
  g_clear_pointer (&self->anchors, g_array_unref);
  g_clear_pointer (&self->labels, g_strfreev);
}
