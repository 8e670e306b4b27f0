/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The choice between DPU and software DPU, and the runner library of each. */

#include "devices.h"

#include <dlfcn.h>

/* XRT's own count of the devices it sees; libvart-dpu-controller asks it too,
 * and registers no controller when it says none */
#define XRT_LIBRARY "libxrt_core.so.2"

/* libvart-dpu-runner.so without a version is only in -dev packages */
#define DPU_RUNNER "libvart-dpu-runner.so.2"

/* names another software DPU than the installed one */
#define CPU_RUNNER_VARIABLE "YOLOV5DPU_RUNNER"

/* the sentence why no DPU can be used, or %NULL when one can */
static gchar *
find_obstacle (void)
{
  guint (*probe) (void);
  gpointer library = dlopen (XRT_LIBRARY, RTLD_LAZY | RTLD_LOCAL);
  guint n_devices;

  if (library == NULL)
    return g_strdup (
        "no DPU can be used because XRT (" XRT_LIBRARY ") is not installed");
  *(gpointer *) &probe = dlsym (library, "xclProbe");
  n_devices = probe == NULL ? 0 : probe ();
  /* XRT does not survive being unloaded */
  if (n_devices == 0)
    return g_strdup ("XRT finds no DPU on this machine; on a board, check that "
                     "its bitstream is loaded (Kria: xmutil loadapp)");
  return NULL;
}

/**
 * dpu_device_choose:
 * @compiled: whether the model holds a DPU's instructions
 * @chosen: (out): %DPU_DEVICE_DPU or %DPU_DEVICE_CPU
 * @fallback_reason: (out) (nullable) (transfer full): why %DPU_DEVICE_AUTO
 *   became %DPU_DEVICE_CPU
 */
gboolean
dpu_device_choose (DpuDevice wanted, gboolean compiled, DpuDevice *chosen,
    gchar **fallback_reason, GError **error)
{
  g_autofree gchar *obstacle = NULL;

  *chosen = DPU_DEVICE_CPU;
  *fallback_reason = NULL;
  if (wanted == DPU_DEVICE_CPU)
    return TRUE;

  obstacle = find_obstacle ();
  if (obstacle == NULL && !compiled)
    obstacle = g_strdup ("the model is the quantizer's output, which a DPU "
                         "cannot run; compile it with vai_c_xir");
  if (obstacle == NULL) {
    *chosen = DPU_DEVICE_DPU;
    return TRUE;
  }
  if (wanted == DPU_DEVICE_DPU) {
    g_set_error (error, DPU_ERROR,
        compiled ? DPU_ERROR_NOT_FOUND : DPU_ERROR_MODEL,
        "The device \"dpu\" was asked for, but %s. The device \"cpu\" runs the "
        "same model on the software DPU",
        obstacle);
    return FALSE;
  }
  *fallback_reason =
      g_strdup_printf ("Running on the software DPU: %s", obstacle);
  return TRUE;
}

/* Where the runner @library lies. VART aborts on one it cannot load, so it is
 * loaded here first, and stays: VART does not unload runners either. */
static gchar *
locate_runner (const gchar *library, gchar **reason)
{
  gpointer handle = dlopen (library, RTLD_LAZY | RTLD_LOCAL);
  gpointer factory =
      handle == NULL ? NULL : dlsym (handle, "create_runner_with_attrs");
  Dl_info info;

  if (factory != NULL && dladdr (factory, &info) != 0)
    return g_strdup (info.dli_fname);
  g_free (*reason);
  *reason = g_strdup (
      handle == NULL
          ? dlerror ()
          : "it has no create_runner_with_attrs, so it is no VART runner");
  return NULL;
}

/**
 * dpu_device_find_runner:
 * @device: %DPU_DEVICE_DPU or %DPU_DEVICE_CPU
 *
 * Returns: (transfer full) (nullable): what VART is to load: AMD's runner, or
 *   ours as YOLOV5DPU_RUNNER, the installation or the linker's path name it
 */
gchar *
dpu_device_find_runner (DpuDevice device, GError **error)
{
  const gchar *override = g_getenv (CPU_RUNNER_VARIABLE);
  g_autofree gchar *reason = NULL;
  gchar *runner;

  if (device == DPU_DEVICE_DPU) {
    runner = locate_runner (DPU_RUNNER, &reason);
    if (runner == NULL)
      g_set_error (error, DPU_ERROR, DPU_ERROR_INIT,
          "AMD's DPU runner cannot be used: %s. Install the package libvart2",
          reason);
    return runner;
  }

  if (override != NULL) {
    runner = locate_runner (override, &reason);
    if (runner == NULL)
      g_set_error (error, DPU_ERROR, DPU_ERROR_INIT,
          "The software DPU that " CPU_RUNNER_VARIABLE
          " names cannot be used: %s",
          reason);
    return runner;
  }

  runner = locate_runner (CPU_RUNNER_PATH, &reason);
  if (runner == NULL)
    runner = locate_runner (CPU_RUNNER_FILE, &reason);
  if (runner == NULL)
    g_set_error (error, DPU_ERROR, DPU_ERROR_INIT,
        "The software DPU cannot be used: %s. Install yolov5dpu completely, or "
        "set " CPU_RUNNER_VARIABLE " to the path of " CPU_RUNNER_FILE,
        reason);
  return runner;
}
