/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The file by whose lock a DPU belongs to a process may be another one under the
 * same name than it was. */

#include "testfolder.h"

#include <dpu/lock.h>

#include <fcntl.h>
#include <glib/gstdio.h>
#include <gst/check/gstcheck.h>
#include <sys/wait.h>
#include <unistd.h>

/* another process that locks the file at @path until @end is closed */
static pid_t
lock_elsewhere (const gchar *path, gint *end)
{
  gint ready[2], wait[2];
  gchar byte = 0;
  pid_t child;

  fail_unless (pipe (ready) == 0 && pipe (wait) == 0);
  child = fork ();
  if (child == 0) {
    gint file = open (path, O_RDWR | O_CREAT, 0600);

    close (wait[1]);
    if (lockf (file, F_LOCK, 0) != 0 || write (ready[1], &byte, 1) != 1)
      _exit (1);
    if (read (wait[0], &byte, 1) != 0)
      _exit (1);
    _exit (0);
  }
  close (ready[1]);
  close (wait[0]);
  fail_unless (read (ready[0], &byte, 1) == 1);
  close (ready[0]);
  *end = wait[1];
  return child;
}

static void
check_holder (const gchar *path, pid_t child)
{
  g_autofree gchar *holder = dpu_lock_find_holder (path);
  g_autofree gchar *number = g_strdup_printf ("%d", (gint) child);

  if (child == 0)
    fail_unless (holder == NULL, "%s", holder);
  else
    fail_unless (holder != NULL && strstr (holder, number) != NULL,
        "%s does not name the process %s", holder, number);
}

/* whoever has locked the file that is there now has the DPU, not who locked one
 * that was there before */
GST_START_TEST (test_file_is_replaced)
{
  g_autofree gchar *folder = testfolder_make ();
  g_autofree gchar *path = g_build_filename (folder, "lock", NULL);
  gint first_end, second_end;
  pid_t first, second;

  first = lock_elsewhere (path, &first_end);
  check_holder (path, first);
  fail_unless (g_unlink (path) == 0);
  fail_unless (g_file_set_contents (path, "", 0, NULL));
  check_holder (path, 0);
  second = lock_elsewhere (path, &second_end);
  check_holder (path, second);

  close (first_end);
  close (second_end);
  fail_unless (waitpid (first, NULL, 0) == first);
  fail_unless (waitpid (second, NULL, 0) == second);
  testfolder_remove (folder);
}
GST_END_TEST;

static Suite *
dpu_lock_suite (void)
{
  Suite *suite = suite_create ("dpu-lock");
  TCase *tcase = tcase_create ("lock");

  suite_add_tcase (suite, tcase);
  testfolder_add (tcase);
  tcase_add_test (tcase, test_file_is_replaced);
  return suite;
}

GST_CHECK_MAIN (dpu_lock)
