/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Finds installed models by name: "everyday" is
 * /usr/share/yolov5dpu/models/everyday-640x640_int.xmodel. */

#include "model.h"
#include "source.h"

#include <glob.h>
#include <string.h>

#define ENDING ".xmodel"

/* instead of the installed ones: the source tree's, which has a folder for each
 * model */
#define FOLDER_VARIABLE "YOLOV5DPU_MODELS"

static const gchar *
get_folder (void)
{
  const gchar *folder = g_getenv (FOLDER_VARIABLE);

  return folder != NULL && *folder != '\0' ? folder : MODEL_DIR;
}

/* (element-type utf8): in the order of their names */
static GPtrArray *
list_models (const gchar *folder)
{
  static const gchar *const patterns[] = { "*" ENDING, "*/*" ENDING };
  GPtrArray *models = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < G_N_ELEMENTS (patterns); i++) {
    g_autofree gchar *pattern = g_build_filename (folder, patterns[i], NULL);
    glob_t found;

    if (glob (pattern, 0, NULL, &found) != 0)
      continue;
    for (gsize j = 0; j < found.gl_pathc; j++)
      g_ptr_array_add (models, g_strdup (found.gl_pathv[j]));
    globfree (&found);
  }
  return models;
}

/* "everyday", "everyday-640x640" and "everyday-640x640_int" all mean
 * everyday-640x640_int.xmodel */
static gboolean
is_called (const gchar *path, const gchar *name)
{
  g_autofree gchar *base = g_path_get_basename (path);
  gsize length = strlen (name);

  return g_str_has_prefix (base, name) && strchr ("-_.", base[length]) != NULL
         && base[length] != '\0';
}

static gchar *
name_models (const GPtrArray *models)
{
  GString *names = g_string_new (NULL);

  for (guint i = 0; i < models->len; i++) {
    g_autofree gchar *base = g_path_get_basename (models->pdata[i]);

    g_string_append_printf (names, "%s%.*s", i > 0 ? ", " : "",
        (gint) (strlen (base) - strlen (ENDING)), base);
  }
  if (names->len == 0)
    g_string_append (names, "none");
  return g_string_free (names, FALSE);
}

/**
 * detect_model_find:
 * @name: of a file, or of an installed model, also without its size and what
 *   follows; of several sizes the largest is taken
 *
 * Returns: (transfer full) (nullable): the file, or %NULL with
 *   %DETECT_ERROR_NOT_FOUND
 */
gchar *
detect_model_find (const gchar *name, GError **error)
{
  const gchar *folder = get_folder ();
  g_autoptr (GPtrArray) models = NULL;
  g_autofree gchar *names = NULL;

  if (g_file_test (name, G_FILE_TEST_IS_REGULAR))
    return g_strdup (name);
  models = list_models (folder);
  if (*name != '\0' && strchr (name, G_DIR_SEPARATOR) == NULL)
    for (guint i = models->len; i > 0; i--)
      if (is_called (models->pdata[i - 1], name))
        return g_strdup (models->pdata[i - 1]);

  names = name_models (models);
  g_set_error (error, DETECT_ERROR, DETECT_ERROR_NOT_FOUND,
      "There is no model \"%s\": name an .xmodel file, or an installed model "
      "(in %s: %s)",
      name, folder, names);
  return NULL;
}
