/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Clips are called by when they begin, so that names sort by age. No file with
 * another kind of name is ever touched. */

#include "folder.h"

#include <gio/gio.h>
#include <glib/gstdio.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>

#define PREFIX "record-"
#define CLIP_SUFFIX ".mp4"
#define NOTES_SUFFIX ".json"
#define PART_SUFFIX ".mp4.part"
/* record-20260101T120000.123Z */
#define CLIP_PATTERN "^record-[0-9]{8}T[0-9]{6}\\.[0-9]{3}Z(-[0-9]+)?\\.mp4"

/**
 * record_folder_name_clip:
 * @time: microseconds since 1970
 *
 * Returns: (transfer full): a path that no clip has
 */
gchar *
record_folder_name_clip (const gchar *folder, gint64 time)
{
  g_autoptr (GDateTime) utc =
      g_date_time_new_from_unix_utc (time / G_USEC_PER_SEC);
  g_autofree gchar *date = g_date_time_format (utc, "%Y%m%dT%H%M%S");
  guint i;

  for (i = 0;; i++) {
    g_autofree gchar *number =
        i > 0 ? g_strdup_printf ("-%u", i) : g_strdup ("");
    g_autofree gchar *name = g_strdup_printf (PREFIX "%s.%03dZ%s" CLIP_SUFFIX,
        date, (gint) (time % G_USEC_PER_SEC / 1000), number);
    g_autofree gchar *path = g_build_filename (folder, name, NULL);
    g_autofree gchar *part = record_folder_name_part (path);

    if (!g_file_test (path, G_FILE_TEST_EXISTS)
        && !g_file_test (part, G_FILE_TEST_EXISTS))
      return g_steal_pointer (&path);
  }
}

/* what a clip is called while it is written */
gchar *
record_folder_name_part (const gchar *clip)
{
  return g_strconcat (clip, ".part", NULL);
}

/* the JSON beside it */
gchar *
record_folder_name_notes (const gchar *clip)
{
  return g_strdup_printf (
      "%.*s" NOTES_SUFFIX, (gint) (strlen (clip) - strlen (CLIP_SUFFIX)), clip);
}

static gint
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(gchar *const *) a, *(gchar *const *) b);
}

/* Returns: (element-type filename): paths of files called as clips are, oldest
 *   first */
static GPtrArray *
list (const gchar *folder, const gchar *suffix)
{
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GDir) names = g_dir_open (folder, 0, NULL);
  const gchar *name;

  while (names != NULL && (name = g_dir_read_name (names)) != NULL)
    if (g_regex_match_simple (CLIP_PATTERN, name, 0, 0)
        && g_str_has_suffix (name, suffix))
      g_ptr_array_add (paths, g_build_filename (folder, name, NULL));
  g_ptr_array_sort (paths, compare_names);
  return g_steal_pointer (&paths);
}

static void
remove_parts (const gchar *folder)
{
  g_autoptr (GPtrArray) parts = list (folder, PART_SUFFIX);
  guint i;

  for (i = 0; i < parts->len; i++)
    g_unlink (g_ptr_array_index (parts, i));
}

/**
 * record_folder_open:
 *
 * Makes it, and removes what a program that was killed has not finished: without
 * its end such a file cannot be played. While another program writes into the
 * folder, its files look the same, and all stay.
 *
 * Returns: a file descriptor, which tells others that this program writes into
 *   the folder until it is closed; -1 with @error
 */
gint
record_folder_open (const gchar *folder, GError **error)
{
  gint lock = -1;

  if (g_mkdir_with_parents (folder, 0755) != 0
      || g_access (folder, W_OK | X_OK) != 0
      || (lock = g_open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)) < 0) {
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
        "The folder \"%s\" cannot be written into: %s", folder,
        g_strerror (errno));
    return -1;
  }
  if (flock (lock, LOCK_EX | LOCK_NB) == 0)
    remove_parts (folder);
  flock (lock, LOCK_SH);
  return lock;
}

static guint64
get_size (const gchar *path)
{
  GStatBuf info;

  return g_stat (path, &info) == 0 ? (guint64) info.st_size : 0;
}

/**
 * record_folder_make_room:
 * @newest: stays, whatever it takes
 * @max_bytes: of all clips
 *
 * Removes the oldest.
 */
void
record_folder_make_room (
    const gchar *folder, const gchar *newest, guint64 max_bytes)
{
  g_autoptr (GPtrArray) clips = list (folder, CLIP_SUFFIX);
  guint64 total = 0;
  guint i;

  for (i = 0; i < clips->len; i++)
    total += get_size (g_ptr_array_index (clips, i));
  for (i = 0; i < clips->len && total > max_bytes; i++) {
    const gchar *clip = g_ptr_array_index (clips, i);
    g_autofree gchar *notes = record_folder_name_notes (clip);
    guint64 size = get_size (clip);

    if (g_strcmp0 (clip, newest) == 0)
      continue;
    g_unlink (notes);
    if (g_unlink (clip) == 0) {
      g_print ("%s: removed, to make room\n", clip);
      total -= size;
    }
  }
}
