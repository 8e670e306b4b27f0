/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "system.h"

#include <string.h>

/* Pynq's own device tree, from its start on */
#define PYNQ_OVERLAY "sys/kernel/config/device-tree/overlays/pynq"

static const gchar *const pynq_files[] = { PYNQ_OVERLAY,
  "etc/profile.d/pynq_venv.sh", "usr/local/share/pynq-venv", NULL };
static const gchar *const xmutil_files[] = { "usr/bin/xmutil",
  "usr/sbin/xmutil", "usr/local/bin/xmutil", "snap/bin/xmutil", NULL };

static gboolean
has_any (const gchar *root, const gchar *const *files)
{
  for (; *files != NULL; files++) {
    g_autofree gchar *path = g_build_filename (root, *files, NULL);

    if (g_file_test (path, G_FILE_TEST_EXISTS))
      return TRUE;
  }
  return FALSE;
}

/* the value of "ID=" in os-release, which may stand in quotes */
static gchar *
read_id (const gchar *root)
{
  g_autofree gchar *path = g_build_filename (root, "etc/os-release", NULL);
  g_autofree gchar *text = NULL;
  g_auto (GStrv) lines = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return NULL;
  lines = g_strsplit (text, "\n", 0);
  for (guint i = 0; lines[i] != NULL; i++) {
    if (g_str_has_prefix (lines[i], "ID="))
      return g_strdup (g_strdelimit (g_strstrip (lines[i] + 3), "\"'", ' '));
  }
  return NULL;
}

static gboolean
is_id (const gchar *id, const gchar *wanted)
{
  return id != NULL && strstr (id, wanted) != NULL;
}

/**
 * dpu_system_is_pynq:
 * @root: %DPU_SYSTEM_ROOT
 */
gboolean
dpu_system_is_pynq (const gchar *root)
{
  return has_any (root, pynq_files);
}

/**
 * dpu_system_advise_bitstream:
 * @root: %DPU_SYSTEM_ROOT
 *
 * Returns: how a DPU is loaded here, within a sentence
 */
const gchar *
dpu_system_advise_bitstream (const gchar *root)
{
  if (dpu_system_is_pynq (root))
    return "load the DPU as root in Python: from pynq_dpu import DpuOverlay; "
           "DpuOverlay(\"dpu.bit\")";
  if (has_any (root, xmutil_files))
    return "load an application that has a DPU: \"sudo xmutil listapps\" names "
           "them, \"sudo xmutil unloadapp\" and \"sudo xmutil loadapp NAME\" "
           "change them";
  return "load the bitstream of a DPU (Kria: xmutil loadapp; Pynq: "
         "DpuOverlay(\"dpu.bit\") in Python)";
}

/**
 * dpu_system_advise_vart:
 * @root: %DPU_SYSTEM_ROOT
 *
 * Returns: how VART is installed here, as a sentence without its full stop
 */
const gchar *
dpu_system_advise_vart (const gchar *root)
{
  g_autofree gchar *id = read_id (root);

  if (is_id (id, "debian"))
    return "Install the package libvart2 (sudo apt install libvart2)";
  if (dpu_system_is_pynq (root))
    return "Install DPU-PYNQ, which brings AMD's packages libunilog, libxir, "
           "libtarget-factory and libvart (pip3 install pynq-dpu)";
  if (is_id (id, "ubuntu"))
    return "Install AMD's packages libunilog, libxir, libtarget-factory and "
           "libvart; Ubuntu's own libxir is too old for them";
  if (is_id (id, "petalinux"))
    return "Install the package vart (sudo dnf install vart)";
  return "Install the Vitis AI runtime (VART) 2.5 to 3.5 with its runner for "
         "DPUs";
}
