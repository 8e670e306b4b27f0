/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "testfolder.h"

#include <glib/gstdio.h>

static gchar *all;

static void
make_all (void)
{
  all = g_dir_make_tmp ("yolov5dpu-test-XXXXXX", NULL);
  fail_unless (all != NULL);
}

static void
remove_all (void)
{
  testfolder_remove (all);
  g_clear_pointer (&all, g_free);
}

/* for each test case that makes folders */
void
testfolder_add (TCase *tcase)
{
  tcase_add_unchecked_fixture (tcase, make_all, remove_all);
}

/* Returns: (transfer full): an empty one */
gchar *
testfolder_make (void)
{
  gchar *path;

  fail_unless (all != NULL, "testfolder_add() was not called");
  path = g_build_filename (all, "XXXXXX", NULL);
  fail_unless (g_mkdtemp (path) != NULL);
  return path;
}

/* and all that is in it */
void
testfolder_remove (const gchar *path)
{
  g_autoptr (GDir) names = g_dir_open (path, 0, NULL);
  const gchar *name;

  while (names != NULL && (name = g_dir_read_name (names)) != NULL) {
    g_autofree gchar *inside = g_build_filename (path, name, NULL);

    if (g_file_test (inside, G_FILE_TEST_IS_DIR)
        && !g_file_test (inside, G_FILE_TEST_IS_SYMLINK))
      testfolder_remove (inside);
    else
      g_unlink (inside);
  }
  g_rmdir (path);
}
