/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* From arguments to sources: pictures, videos, folders, patterns, cameras and
 * URIs, and the names of what comes of each. */

#include "source.h"

#include <gst/base/gsttypefindhelper.h>

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* enough for GStreamer to see what a file is */
#define HEAD_SIZE (64 * 1024)

#define CAMERA_PREFIX "/dev/video"
#define DEFAULT_FOLDER "detections"

/* until it is known what is in a source: a file, or what comes over a network */
#define FILE_SECONDS 30
#define NETWORK_SECONDS 60

static const gchar *const picture_endings[] = { ".jpg", ".jpeg", ".png",
  ".webp", ".bmp", ".tif", ".tiff", ".ppm", NULL };
static const gchar *const video_endings[] = { ".mp4", ".avi", ".mkv", ".mov",
  ".webm", ".ts", ".m4v", ".mpg", ".mpeg", ".wmv", ".flv", ".3gp", ".gif",
  ".mjpg", ".mjpeg", ".h264", ".h265", ".ogv", NULL };
/* what can be written */
static const gchar *const written_endings[] = { ".jpg", ".jpeg", ".png", ".mp4",
  NULL };

GQuark
detect_error_quark (void)
{
  return g_quark_from_static_string ("detect-error-quark");
}

void
detect_source_free (DetectSource *self)
{
  g_free (self->name);
  g_free (self->path);
  g_free (self->uri);
  g_free (self->stem);
  g_free (self->output);
  g_free (self);
}

/**
 * detect_source_get_patience:
 *
 * Returns: seconds after which it should be known what is in it
 */
guint
detect_source_get_patience (const DetectSource *self)
{
  return self->uri == NULL || g_str_has_prefix (self->uri, "file:")
             ? FILE_SECONDS
             : NETWORK_SECONDS;
}

static gboolean
has_ending (const gchar *name, const gchar *const *endings)
{
  g_autofree gchar *lower = g_ascii_strdown (name, -1);

  for (guint i = 0; endings[i] != NULL; i++)
    if (g_str_has_suffix (lower, endings[i]))
      return TRUE;
  return FALSE;
}

/* (nullable): the type that a file's first bytes tell */
static gchar *
find_type (const gchar *path)
{
  g_autofree guint8 *head = NULL;
  g_autoptr (GstCaps) caps = NULL;
  gsize size;
  FILE *file;

  /* what is no file may have to be waited for */
  if (!g_file_test (path, G_FILE_TEST_IS_REGULAR))
    return NULL;
  file = fopen (path, "rb");
  if (file == NULL)
    return NULL;
  head = g_malloc (HEAD_SIZE);
  size = fread (head, 1, HEAD_SIZE, file);
  fclose (file);
  if (size > 0)
    caps = gst_type_find_helper_for_data (NULL, head, size, NULL);
  if (caps == NULL || gst_caps_is_empty (caps) || gst_caps_is_any (caps))
    return NULL;
  return g_strdup (gst_structure_get_name (gst_caps_get_structure (caps, 0)));
}

/* a series of JPEGs begins as a picture does */
static DetectKind
find_kind (const gchar *path)
{
  g_autofree gchar *type = find_type (path);

  if (has_ending (path, video_endings) || g_strcmp0 (type, "image/gif") == 0)
    return DETECT_VIDEO;
  if (type != NULL)
    return g_str_has_prefix (type, "image/") ? DETECT_PICTURE : DETECT_VIDEO;
  return has_ending (path, picture_endings) ? DETECT_PICTURE : DETECT_VIDEO;
}

/* whether a file in a folder is meant; one whose name alone says so may be
 * broken, which is to be told */
static gboolean
is_wanted (const gchar *path)
{
  g_autofree gchar *type = NULL;

  if (has_ending (path, picture_endings) || has_ending (path, video_endings))
    return TRUE;
  type = find_type (path);
  return type != NULL
         && (g_str_has_prefix (type, "image/")
             || g_str_has_prefix (type, "video/"));
}

static gchar *
make_stem (const gchar *name)
{
  gchar *stem = g_path_get_basename (name);
  gchar *dot = strrchr (stem, '.');

  if (dot != NULL && dot != stem)
    *dot = '\0';
  /* of a URI whatever a name may not have */
  g_strdelimit (stem, "/\\?*:|\"<>", '-');
  return stem;
}

/**
 * detect_source_new:
 * @name: one file, URI or camera
 *
 * Returns: (transfer full) (nullable): the source, without an output
 */
DetectSource *
detect_source_new (const gchar *name, GError **error)
{
  g_autoptr (DetectSource) self = g_new0 (DetectSource, 1);

  self->name = g_filename_display_name (name);
  if (g_str_has_prefix (name, CAMERA_PREFIX)) {
    self->kind = DETECT_CAMERA;
    self->path = g_strdup (name);
  } else if (!g_file_test (name, G_FILE_TEST_EXISTS)
             && gst_uri_is_valid (name)) {
    self->uri = g_strdup (name);
    if (g_str_has_prefix (name, "file:"))
      self->path = g_filename_from_uri (name, NULL, NULL);
  } else {
    self->path = g_strdup (name);
    self->uri = gst_filename_to_uri (name, error);
    if (self->uri == NULL)
      return NULL;
  }
  if (self->path != NULL && self->kind != DETECT_CAMERA
      && g_file_test (self->path, G_FILE_TEST_EXISTS)
      && !g_file_test (self->path, G_FILE_TEST_IS_REGULAR)) {
    /* opening a pipe may wait for good */
    g_set_error (error, DETECT_ERROR, DETECT_ERROR_NOT_FOUND,
        "%s: This is neither a file nor a folder nor a camera", self->name);
    return NULL;
  }
  if (self->kind != DETECT_CAMERA) {
    if (self->path != NULL)
      self->kind = find_kind (self->path);
    else
      self->kind =
          has_ending (name, picture_endings) ? DETECT_PICTURE : DETECT_VIDEO;
  }
  self->stem = make_stem (self->path != NULL ? self->path : name);
  return g_steal_pointer (&self);
}

/**
 * detect_sources_new:
 *
 * Returns: (transfer full) (element-type DetectSource): an empty list
 */
GPtrArray *
detect_sources_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) detect_source_free);
}

static gint
compare_names (gconstpointer a, gconstpointer b)
{
  const gchar *left = *(const gchar *const *) a;
  const gchar *right = *(const gchar *const *) b;
  g_autofree gchar *left_key = g_utf8_collate_key_for_filename (left, -1);
  g_autofree gchar *right_key = g_utf8_collate_key_for_filename (right, -1);

  return strcmp (left_key, right_key);
}

static gboolean
add_file (GPtrArray *sources, const gchar *path, GError **error)
{
  DetectSource *source = detect_source_new (path, error);

  if (source != NULL)
    g_ptr_array_add (sources, source);
  return source != NULL;
}

static gboolean
add_folder (GPtrArray *sources, const gchar *path, GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GDir) folder = g_dir_open (path, 0, error);
  const gchar *name;

  if (folder == NULL)
    return FALSE;
  while ((name = g_dir_read_name (folder)) != NULL) {
    g_autofree gchar *file = g_str_equal (path, ".")
                                 ? g_strdup (name)
                                 : g_build_filename (path, name, NULL);

    if (*name != '.' && g_file_test (file, G_FILE_TEST_IS_REGULAR)
        && is_wanted (file))
      g_ptr_array_add (names, g_steal_pointer (&file));
  }
  if (names->len == 0) {
    g_set_error (error, DETECT_ERROR, DETECT_ERROR_NOT_FOUND,
        "There is no picture and no video in the folder \"%s\"", path);
    return FALSE;
  }
  g_ptr_array_sort (names, compare_names);
  for (guint i = 0; i < names->len; i++)
    if (!add_file (sources, names->pdata[i], error))
      return FALSE;
  return TRUE;
}

/* the shell has usually done it; not where a pattern is in quotes, or there are
 * more names than a command may have */
static gboolean
add_pattern (GPtrArray *sources, const gchar *pattern, GError **error)
{
  glob_t found;
  guint n = 0;
  gboolean succeeded = TRUE;

  if (glob (pattern, 0, NULL, &found) == 0) {
    for (gsize i = 0; succeeded && i < found.gl_pathc; i++) {
      if (!g_file_test (found.gl_pathv[i], G_FILE_TEST_IS_REGULAR))
        continue;
      succeeded = add_file (sources, found.gl_pathv[i], error);
      n++;
    }
    globfree (&found);
  }
  if (succeeded && n == 0) {
    g_set_error (error, DETECT_ERROR, DETECT_ERROR_NOT_FOUND,
        "There is no file that \"%s\" stands for", pattern);
    return FALSE;
  }
  return succeeded;
}

static gchar *
list_cameras (void)
{
  GString *names = g_string_new (NULL);
  glob_t found;

  if (glob (CAMERA_PREFIX "*", 0, NULL, &found) == 0) {
    for (gsize i = 0; i < found.gl_pathc; i++)
      g_string_append_printf (
          names, "%s%s", names->len > 0 ? ", " : "", found.gl_pathv[i]);
    globfree (&found);
  }
  if (names->len == 0)
    g_string_append (names, "none");
  return g_string_free (names, FALSE);
}

/**
 * detect_sources_add:
 * @sources: (element-type DetectSource)
 * @argument: a file, folder, pattern, camera or URI
 *
 * Returns: whether there is something behind @argument
 */
gboolean
detect_sources_add (GPtrArray *sources, const gchar *argument, GError **error)
{
  if (g_str_has_prefix (argument, CAMERA_PREFIX)
      && !g_file_test (argument, G_FILE_TEST_EXISTS)) {
    g_autofree gchar *cameras = list_cameras ();

    g_set_error (error, DETECT_ERROR, DETECT_ERROR_NOT_FOUND,
        "There is no camera at %s (cameras here: %s): connect one, or name "
        "another device",
        argument, cameras);
    return FALSE;
  }
  if (g_file_test (argument, G_FILE_TEST_IS_DIR))
    return add_folder (sources, argument, error);
  if (g_file_test (argument, G_FILE_TEST_EXISTS) || gst_uri_is_valid (argument))
    return add_file (sources, argument, error);
  if (strpbrk (argument, "*?[") != NULL)
    return add_pattern (sources, argument, error);
  g_set_error (error, DETECT_ERROR, DETECT_ERROR_NOT_FOUND,
      "%s: There is no such file", argument);
  return FALSE;
}

/* results of a/x.jpg and b/x.png are x and x-2 */
static void
make_stems_unique (GPtrArray *sources)
{
  g_autoptr (GHashTable) taken =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < sources->len; i++) {
    DetectSource *source = sources->pdata[i];
    g_autofree gchar *stem = g_strdup (source->stem);

    for (guint n = 2; !g_hash_table_add (taken, g_strdup (source->stem)); n++) {
      g_free (source->stem);
      source->stem = g_strdup_printf ("%s-%u", stem, n);
    }
  }
}

/* .jpg and .png stay what they are */
static const gchar *
choose_ending (const DetectSource *source)
{
  const gchar *dot;

  if (source->kind != DETECT_PICTURE)
    return ".mp4";
  dot = strrchr (source->name, '.');
  if (dot != NULL && has_ending (dot, written_endings)
      && g_ascii_strcasecmp (dot, ".mp4") != 0)
    return dot;
  return ".jpg";
}

static gboolean
is_same_file (const gchar *a, const gchar *b)
{
  struct stat status_a, status_b;

  return a != NULL && b != NULL && stat (a, &status_a) == 0
         && stat (b, &status_b) == 0 && status_a.st_dev == status_b.st_dev
         && status_a.st_ino == status_b.st_ino;
}

/* what is written must not be what is read */
static gboolean
check_outputs (const GPtrArray *sources, GError **error)
{
  for (guint i = 0; i < sources->len; i++) {
    const DetectSource *source = sources->pdata[i];

    for (guint j = 0; source->output != NULL && j < sources->len; j++) {
      const DetectSource *other = sources->pdata[j];

      if (is_same_file (source->output, other->path)) {
        g_set_error (error, DETECT_ERROR, DETECT_ERROR_ARGUMENT,
            "\"%s\" is the source: give the output another name",
            source->output);
        return FALSE;
      }
    }
  }
  return TRUE;
}

static gboolean
choose_file (GPtrArray *sources, const gchar *output, GError **error)
{
  DetectSource *source = sources->pdata[0];

  if (sources->len != 1) {
    g_set_error (error, DETECT_ERROR, DETECT_ERROR_ARGUMENT,
        "There are %u sources and one file \"%s\" to write: name a folder",
        sources->len, output);
    return FALSE;
  }
  source->output = g_strdup (output);
  /* a video of a picture, and the first picture of a video or camera */
  if (has_ending (output, video_endings)) {
    if (source->kind == DETECT_PICTURE)
      source->kind = DETECT_VIDEO;
  } else {
    if (source->kind == DETECT_CAMERA) {
      g_set_error (error, DETECT_ERROR, DETECT_ERROR_ARGUMENT,
          "A camera's picture goes on: name an .mp4, not \"%s\"", output);
      return FALSE;
    }
    source->kind = DETECT_PICTURE;
  }
  return check_outputs (sources, error);
}

/* a name with another ending is rather a mistake than a new folder's */
static gboolean
check_folder (const gchar *output, GError **error)
{
  g_autofree gchar *name = g_path_get_basename (output);
  const gchar *dot = strrchr (name, '.');

  if (g_file_test (output, G_FILE_TEST_IS_DIR) || dot == NULL || dot == name
      || g_str_has_suffix (output, G_DIR_SEPARATOR_S))
    return TRUE;
  g_set_error (error, DETECT_ERROR, DETECT_ERROR_ARGUMENT,
      "The output is a folder, or a name that ends in .jpg, .png or .mp4, not "
      "\"%s\"",
      output);
  return FALSE;
}

static gboolean
make_folder (const gchar *folder, GError **error)
{
  if (g_mkdir_with_parents (folder, 0777) == 0)
    return TRUE;
  g_set_error (error, DETECT_ERROR, DETECT_ERROR_OUTPUT,
      "%s: The folder cannot be made: %s", folder, g_strerror (errno));
  return FALSE;
}

/**
 * detect_sources_choose_outputs:
 * @sources: (element-type DetectSource)
 * @output: (nullable): a file for the one source, or a folder
 * @saves: whether anything is to be written
 * @error: %DETECT_ERROR_ARGUMENT or %DETECT_ERROR_OUTPUT
 *
 * Gives all of them names of their own, in a folder that there is then.
 */
gboolean
detect_sources_choose_outputs (
    GPtrArray *sources, const gchar *output, gboolean saves, GError **error)
{
  make_stems_unique (sources);
  if (!saves)
    return TRUE;
  if (output == NULL)
    output = DEFAULT_FOLDER;
  if (has_ending (output, written_endings)
      && !g_file_test (output, G_FILE_TEST_IS_DIR))
    return choose_file (sources, output, error);
  if (!check_folder (output, error))
    return FALSE;
  for (guint i = 0; i < sources->len; i++) {
    DetectSource *source = sources->pdata[i];
    g_autofree gchar *name =
        g_strconcat (source->stem, choose_ending (source), NULL);

    source->output = g_build_filename (output, name, NULL);
  }
  return check_outputs (sources, error) && make_folder (output, error);
}
