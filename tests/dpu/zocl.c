/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What boards say of themselves, on made-up trees of their files: a DPU that is
 * not there is never touched, and advice fits the system. */

#include "testfolder.h"

#include <dpu/lock.h>
#include <dpu/system.h>
#include <dpu/zocl.h>

#include <glib/gstdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define NODE "sys/class/drm/renderD128/device/xclbinid"
#define DEVICE "dev/dri/renderD128"
#define PYNQ "sys/kernel/config/device-tree/overlays/pynq/path"
#define XMUTIL "usr/bin/xmutil"

/* of an .xclbin: bytes until the end of the UUID, and where that begins */
#define HEAD_SIZE 432
#define UUID_OFFSET 416
#define UUID "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
#define OTHER_UUID "11111111-2222-3333-4444-555555555555"

#define NOBODY 65534

static gchar *root;

/* for any user to go through */
static void
make_root (void)
{
  g_autofree gchar *parent = NULL;

  root = testfolder_make ();
  parent = g_path_get_dirname (root);
  fail_unless (g_chmod (parent, 0755) == 0 && g_chmod (root, 0755) == 0);
}

static void
free_root (void)
{
  g_free (root);
}

static gchar *
write_file (const gchar *name, const gchar *data, gssize size)
{
  gchar *path = g_build_filename (root, name, NULL);
  g_autofree gchar *folder = g_path_get_dirname (path);

  fail_unless (g_mkdir_with_parents (folder, 0755) == 0);
  fail_unless (g_file_set_contents (path, data, size, NULL));
  return path;
}

static void
put_file (const gchar *name, const gchar *text)
{
  g_free (write_file (name, text, -1));
}

static gchar *
write_xclbin (void)
{
  gchar head[HEAD_SIZE] = "xclbin2";

  for (guint i = 0; i < HEAD_SIZE - UUID_OFFSET; i++)
    head[UUID_OFFSET + i] = (gchar) (0x0f * (i + 1));
  return write_file ("dpu.xclbin", head, sizeof head);
}

static void
check_texts (const gchar *message, const gchar *const *texts)
{
  fail_unless (message != NULL);
  for (; *texts != NULL; texts++)
    fail_unless (
        strstr (message, *texts) != NULL, "no \"%s\" in: %s", *texts, message);
}

/* what is loaded is compared with the file, and each system has its advice;
 * no text: VART may go on */
static const struct {
  const gchar *loaded;
  const gchar *system;
  const gchar *texts[5];
} boards[] = {
  { UUID "\n", PYNQ, { NULL } },
  { "0F1E2D3C4B5A69788796A5B4C3D2E1F0\n", "etc/hostname", { NULL } },
  /* XRT of 2023 tells the slot, too, and there may be more than one */
  { "0 " UUID "\n", PYNQ, { NULL } },
  { "0 " OTHER_UUID "\n1 " UUID "\n", PYNQ, { NULL } },
  { OTHER_UUID "\n", PYNQ,
      { "11111111222233334444555555555555", "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
          "DpuOverlay(\"dpu.bit\")", "\"xclbin\"" } },
  { OTHER_UUID "\n", XMUTIL, { "xmutil loadapp NAME", "dpu.xclbin" } },
  { OTHER_UUID "\n", "etc/hostname", { "load the bitstream", "xmutil" } },
  /* nothing is loaded: VART does it, but not on Pynq */
  { "", PYNQ, { "no bitstream is loaded", "DpuOverlay" } },
  { "\n", PYNQ, { "no bitstream is loaded" } },
  { "(null)\n", PYNQ, { "no bitstream is loaded" } },
  { "00000000-0000-0000-0000-000000000000\n", PYNQ,
      { "no bitstream is loaded" } },
  { "", XMUTIL, { NULL } },
  { "", "etc/hostname", { NULL } },
};

GST_START_TEST (test_other_bitstream)
{
  g_autofree gchar *xclbin = write_xclbin ();
  g_autofree gchar *obstacle = NULL;

  put_file (NODE, boards[__i__].loaded);
  put_file (boards[__i__].system, "");
  /* a display's */
  put_file ("sys/class/drm/renderD129/device/vendor", "0x1234\n");
  obstacle = dpu_zocl_find_other_bitstream (root, xclbin);
  if (boards[__i__].texts[0] == NULL)
    fail_unless (obstacle == NULL, "%s", obstacle);
  else
    check_texts (obstacle, boards[__i__].texts);
}
GST_END_TEST;

/* without zocl there is nothing to compare: as on a PC */
GST_START_TEST (test_no_zocl)
{
  g_autofree gchar *xclbin = write_xclbin ();

  fail_unless (dpu_zocl_find_other_bitstream (root, xclbin) == NULL);
  put_file ("sys/class/drm/renderD128/device/vendor", "0x1234\n");
  put_file (PYNQ, "");
  fail_unless (dpu_zocl_find_other_bitstream (root, xclbin) == NULL);
  fail_unless (dpu_zocl_find_denied (root) == NULL);
}
GST_END_TEST;

/* a file that is no .xclbin, or not all of one, is not given to XRT */
GST_START_TEST (test_no_xclbin)
{
  gchar head[HEAD_SIZE] = "xclbin1";
  g_autofree gchar *other = write_file ("other", head, sizeof head);
  g_autofree gchar *cut = write_file ("cut", "xclbin2", 8);
  const gchar *const paths[] = { other, cut, "/nonexistent" };

  put_file (NODE, UUID "\n");
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++) {
    const gchar *const texts[] = { paths[i], "not the .xclbin file", NULL };
    g_autofree gchar *obstacle = dpu_zocl_find_other_bitstream (root, paths[i]);

    check_texts (obstacle, texts);
  }
}
GST_END_TEST;

/* the exit status of a process that is not root and does as the function says */
static gint
run_as_nobody (gint (*function) (void))
{
  gint status;
  pid_t child = fork ();

  fail_unless (child >= 0);
  if (child == 0) {
    if (getuid () == 0 && setuid (NOBODY) != 0)
      _exit (2);
    _exit (function ());
  }
  fail_unless (waitpid (child, &status, 0) == child && WIFEXITED (status));
  return WEXITSTATUS (status);
}

static gint
is_denied (void)
{
  g_autofree gchar *obstacle = dpu_zocl_find_denied (root);

  return obstacle != NULL && strstr (obstacle, DEVICE) != NULL
         && strstr (obstacle, "usermod -aG render") != NULL;
}

/* a device that the user may not open is told from one that is not there */
GST_START_TEST (test_device_of_group_render)
{
  g_autofree gchar *device = write_file (DEVICE, "", 0);

  put_file (NODE, UUID "\n");
  fail_unless (g_chmod (device, 0666) == 0);
  fail_unless (run_as_nobody (is_denied) == FALSE);
  fail_unless (g_chmod (device, 0) == 0);
  fail_unless (run_as_nobody (is_denied) == TRUE);
}
GST_END_TEST;

static gint
is_lock_denied (void)
{
  g_autofree gchar *path = g_build_filename (root, "DPU_0", NULL);
  g_autofree gchar *advice = g_strdup_printf ("sudo rm %s", path);
  g_autofree gchar *obstacle = dpu_lock_find_denied (path);

  return obstacle != NULL && strstr (obstacle, advice) != NULL;
}

/* a lock file that VART could not open is told, a missing one is not made */
GST_START_TEST (test_lock_of_other_user)
{
  g_autofree gchar *path = g_build_filename (root, "DPU_0", NULL);

  fail_unless (run_as_nobody (is_lock_denied) == FALSE);
  fail_if (g_file_test (path, G_FILE_TEST_EXISTS));
  g_free (write_file ("DPU_0", "", 0));
  fail_unless (g_chmod (path, 0666) == 0);
  fail_unless (run_as_nobody (is_lock_denied) == FALSE);
  fail_unless (g_chmod (path, 0444) == 0);
  fail_unless (run_as_nobody (is_lock_denied) == TRUE);
}
GST_END_TEST;

/* how VART is installed depends on whose system it is */
GST_START_TEST (test_installing_vart)
{
  static const struct {
    const gchar *os_release, *system, *text;
  } rows[] = {
    { "NAME=\"Debian\"\nID=debian\n", "etc/hostname", "apt install libvart2" },
    { "ID=ubuntu\nVERSION_ID=\"22.04\"\n", "etc/hostname", "AMD's packages" },
    { "ID=petalinux\n", "etc/hostname", "dnf install vart" },
    { "ID=\"petalinux\"\n", "etc/hostname", "dnf install vart" },
    { "ID=arch\n", "etc/hostname", "VART" },
    { "ID=ubuntu\n", "etc/profile.d/pynq_venv.sh", "DPU-PYNQ" },
  };

  fail_unless (strstr (dpu_system_advise_vart (root), "VART") != NULL);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    put_file ("etc/os-release", rows[i].os_release);
    put_file (rows[i].system, "");
    fail_unless (strstr (dpu_system_advise_vart (root), rows[i].text) != NULL,
        "%s: %s", rows[i].os_release, dpu_system_advise_vart (root));
  }
}
GST_END_TEST;

static Suite *
dpu_zocl_suite (void)
{
  Suite *suite = suite_create ("dpu-zocl");
  TCase *tcase = tcase_create ("zocl");

  suite_add_tcase (suite, tcase);
  testfolder_add (tcase);
  tcase_add_checked_fixture (tcase, make_root, free_root);
  tcase_add_loop_test (tcase, test_other_bitstream, 0, G_N_ELEMENTS (boards));
  tcase_add_test (tcase, test_no_zocl);
  tcase_add_test (tcase, test_no_xclbin);
  tcase_add_test (tcase, test_device_of_group_render);
  tcase_add_test (tcase, test_lock_of_other_user);
  tcase_add_test (tcase, test_installing_vart);
  return suite;
}

GST_CHECK_MAIN (dpu_zocl);
