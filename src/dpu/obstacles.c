/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "obstacles.h"
#include "dpu.h"
#include "guard.h"
#include "libraries.h"
#include "lock.h"
#include "probe.h"
#include "system.h"
#include "zocl.h"

#include <dlfcn.h>
#include <unistd.h>

/* XRT's own count of the devices it sees; libvart-dpu-controller asks it too,
 * and registers no controller when it says none */
#define XRT_LIBRARY "libxrt_core.so.2"

/* what libvart-xrt-device-handle loads when nothing else is said */
#define DEFAULT_FIRMWARE "/usr/lib/dpu.xclbin"

/* reads DPU_FIRMWARE_VARIABLE when it is loaded */
#define DEVICE_LIBRARY "vart-xrt-device-handle"

/* the file that VART locks for each device; it does not ask for TMPDIR */
#define LOCK_FORMAT "/tmp/DPU_%u"

/* "ALL" or the numbers of the devices that VART may use */
#define DEVICES_VARIABLE "XLNX_ENABLE_DEVICES"

/* the function that VART calls in this process, which is where it was loaded
 * with VART, or where VART would find it */
static gpointer
find_probe (void)
{
  gpointer probe = dlsym (RTLD_DEFAULT, "xclProbe");
  gpointer library;

  if (probe != NULL)
    return probe;
  /* XRT does not survive being unloaded */
  library = dlopen (XRT_LIBRARY, RTLD_LAZY | RTLD_LOCAL);
  return library == NULL ? NULL : dlsym (library, "xclProbe");
}

static gchar *
count_devices (guint *n_devices)
{
  guint (*probe) (void);
  gchar *denied;

  *(gpointer *) &probe = find_probe ();
  if (probe == NULL)
    return g_strdup (
        "no DPU can be used because XRT (" XRT_LIBRARY ") is not installed");
  *n_devices = dpu_count_devices (probe);
  if (*n_devices > 0)
    return NULL;
  denied = dpu_zocl_find_denied (DPU_SYSTEM_ROOT);
  return denied != NULL ? denied
                        : g_strdup_printf (
                            "XRT finds no DPU on this machine; on a board, %s",
                            dpu_system_advise_bitstream (DPU_SYSTEM_ROOT));
}

/* the value of "firmware: PATH" */
static gchar *
read_config (const gchar *path)
{
  g_autofree gchar *text = NULL;
  g_auto (GStrv) lines = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return NULL;
  lines = g_strsplit (text, "\n", 0);
  for (guint i = 0; lines[i] != NULL; i++) {
    g_auto (GStrv) parts = g_strsplit (lines[i], ":", 2);

    if (parts[0] != NULL && parts[1] != NULL
        && g_str_equal (g_strstrip (parts[0]), "firmware"))
      return g_strdup (g_strstrip (parts[1]));
  }
  return NULL;
}

/**
 * dpu_firmware_find:
 * @config_path: VART's configuration
 *
 * Returns: (transfer full): the path of the bitstream that VART loads
 */
gchar *
dpu_firmware_find (const gchar *config_path)
{
  const gchar *variable = g_getenv (DPU_FIRMWARE_VARIABLE);
  gchar *configured;

  if (variable != NULL && *variable != '\0')
    return g_strdup (variable);
  configured = read_config (config_path);
  return configured != NULL ? configured : g_strdup (DEFAULT_FIRMWARE);
}

static gchar *
check_firmware (void)
{
  g_autofree gchar *path = dpu_firmware_find (DPU_FIRMWARE_CONFIG);

  if (access (path, R_OK) == 0)
    return dpu_zocl_find_other_bitstream (DPU_SYSTEM_ROOT, path);
  return g_strdup_printf (
      "the DPU's bitstream %s %s; %s, or name the file in the property "
      "\"xclbin\", the variable " DPU_FIRMWARE_VARIABLE
      " or " DPU_FIRMWARE_CONFIG,
      path, access (path, F_OK) == 0 ? "cannot be read" : "does not exist",
      dpu_system_advise_bitstream (DPU_SYSTEM_ROOT));
}

static gboolean
is_enabled (guint device)
{
  const gchar *enabled = g_getenv (DEVICES_VARIABLE);
  g_auto (GStrv) numbers = NULL;

  if (enabled == NULL || g_str_equal (enabled, "ALL"))
    return TRUE;
  numbers = g_strsplit (enabled, ",", 0);
  for (guint i = 0; numbers[i] != NULL; i++) {
    if (g_ascii_strtoull (numbers[i], NULL, 10) == device)
      return TRUE;
  }
  return FALSE;
}

static gchar *
check_locks (guint n_devices)
{
  gchar *obstacle = NULL;

  for (guint i = 0; obstacle == NULL && i < n_devices; i++) {
    g_autofree gchar *path = g_strdup_printf (LOCK_FORMAT, i);

    if (is_enabled (i))
      obstacle = dpu_lock_find_denied (path);
    if (is_enabled (i) && obstacle == NULL)
      obstacle = dpu_lock_find_holder (path);
  }
  return obstacle;
}

/**
 * dpu_find_obstacle:
 *
 * Returns: (transfer full) (nullable): why this process cannot use a DPU, as
 *   the end of a sentence, or %NULL when nothing speaks against it
 */
gchar *
dpu_find_obstacle (void)
{
  guint n_devices = 0;
  gchar *obstacle = dpu_guard_describe_fault ();

  if (obstacle == NULL)
    obstacle = dpu_guard_describe_delay ();
  if (obstacle == NULL)
    obstacle = count_devices (&n_devices);
  if (obstacle == NULL)
    obstacle = check_firmware ();
  if (obstacle == NULL)
    obstacle = check_locks (n_devices);
  return obstacle;
}

/**
 * dpu_set_firmware:
 * @path: an .xclbin file
 *
 * Chooses the bitstream that VART loads into the DPU when it opens it first. As
 * VART reads the choice once, it holds for the whole process. To be called
 * before models are opened.
 */
gboolean
dpu_set_firmware (const gchar *path, GError **error)
{
  g_autofree gchar *present = dpu_firmware_find (DPU_FIRMWARE_CONFIG);
  g_autofree gchar *library = dpu_libraries_get_name (DEVICE_LIBRARY);

  if (g_str_equal (path, present))
    return TRUE;
  if (dlopen (library, RTLD_LAZY | RTLD_NOLOAD) != NULL) {
    g_set_error (error, DPU_ERROR, DPU_ERROR_INIT,
        "The bitstream %s cannot be chosen any more: this process uses %s, and "
        "VART reads the choice once. Name the same one everywhere, or start a "
        "process for each",
        path, present);
    return FALSE;
  }
  g_setenv (DPU_FIRMWARE_VARIABLE, path, TRUE);
  return TRUE;
}
