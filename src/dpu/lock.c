/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* VART's */
#define LOCK_MODE 0777

/* The files whose locks were asked for. They stay open: to close one is to give
 * up the lock that VART may hold on it for this process. */
static struct {
  GMutex lock;
  /* (element-type filename gint): descriptors by path */
  GHashTable *files;
} asked;

static gboolean
is_at_path (gint file, const gchar *path)
{
  struct stat opened, present;

  return fstat (file, &opened) == 0 && stat (path, &present) == 0
         && opened.st_dev == present.st_dev && opened.st_ino == present.st_ino;
}

/* with lock; negative with errno if there is no such file, or VART could not
 * open it, either */
static gint
open_once (const gchar *path)
{
  gpointer known;
  gint file;

  if (asked.files == NULL)
    asked.files = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  if (g_hash_table_lookup_extended (asked.files, path, NULL, &known)
      && is_at_path (GPOINTER_TO_INT (known), path))
    return GPOINTER_TO_INT (known);
  /* O_CREAT is VART's: for it, Linux may forbid files of other users in /tmp
   * (fs.protected_regular) */
  if (access (path, F_OK) != 0)
    return -1;
  file = open (path, O_WRONLY | O_CREAT | O_CLOEXEC, LOCK_MODE);
  if (file >= 0)
    g_hash_table_insert (asked.files, g_strdup (path), GINT_TO_POINTER (file));
  return file;
}

/* no process has the number 0: that is one which this container cannot see */
static gchar *
describe_process (gint pid)
{
  g_autofree gchar *path = NULL, *name = NULL;

  if (pid <= 0)
    return g_strdup ("outside this container");
  path = g_strdup_printf ("/proc/%d/comm", pid);
  if (!g_file_get_contents (path, &name, NULL, NULL))
    return g_strdup_printf ("%d", pid);
  return g_strdup_printf ("%d, \"%s\"", pid, g_strchomp (name));
}

/**
 * dpu_lock_find_denied:
 * @path: the file that a process with the DPU keeps locked
 *
 * VART ends the process when it cannot open the file. Any thread may call this.
 *
 * Returns: (transfer full) (nullable): why it cannot, as the end of a sentence
 */
gchar *
dpu_lock_find_denied (const gchar *path)
{
  gint file, reason;

  g_mutex_lock (&asked.lock);
  file = open_once (path);
  reason = errno;
  g_mutex_unlock (&asked.lock);
  if (file >= 0 || reason == ENOENT)
    return NULL;
  return g_strdup_printf (
      "the lock file of the DPU, %s, cannot be opened (%s), as another user has "
      "made it: remove it with \"sudo rm %s\"",
      path, g_strerror (reason), path);
}

/**
 * dpu_lock_find_holder:
 * @path: the file that a process with the DPU keeps locked
 *
 * Asks for the lock as VART takes it, with lockf(), and takes nothing. Any
 * thread may call this.
 *
 * Returns: (transfer full) (nullable): who else has it
 */
gchar *
dpu_lock_find_holder (const gchar *path)
{
  struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
  g_autofree gchar *process = NULL;
  gboolean held;
  gint file;

  g_mutex_lock (&asked.lock);
  file = open_once (path);
  held =
      file >= 0 && fcntl (file, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
  g_mutex_unlock (&asked.lock);
  if (!held)
    return NULL;

  process = describe_process (lock.l_pid);
  return g_strdup_printf (
      "another process has the DPU (%s, by its lock on %s); a DPU works for one "
      "process at a time: end that one",
      process, path);
}
