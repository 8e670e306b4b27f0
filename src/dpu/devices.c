/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "devices.h"
#include "guard.h"
#include "libraries.h"
#include "memory.h"
#include "registers.h"
#include "system.h"

#include <dlfcn.h>

/* names another software DPU than the installed one */
#define CPU_RUNNER_VARIABLE "YOLOV5DPU_RUNNER"

#ifdef HAVE_SOFTWARE_DPU
#define COMPLETE_INSTALLATION "Install yolov5dpu completely"
#else
#define COMPLETE_INSTALLATION                                                  \
  "This yolov5dpu was built without it, because there was no oneDNN: install " \
  "oneDNN 2.2 or later and build it again"
#endif

/* "0" makes VART run models for other fingerprints too */
#define FINGERPRINT_VARIABLE "XLNX_ENABLE_FINGERPRINT_CHECK"

/* milliseconds; naming a fingerprint is no work */
#define NAME_TIMEOUT 1000

static gboolean
fail (GError **error, DpuError code, const gchar *text)
{
  g_set_error_literal (error, DPU_ERROR, code, text);
  return FALSE;
}

/**
 * dpu_device_check:
 * @part: what is to run
 *
 * Returns: %FALSE when a DPU cannot run it, with the end of a sentence that
 *   says why
 */
gboolean
dpu_device_check (const DpuSubgraph *part, GError **error)
{
  g_autofree gchar *obstacle = dpu_find_obstacle ();
  DpuMemory memory;

  if (obstacle != NULL)
    return fail (error, DPU_ERROR_NOT_FOUND, obstacle);
  if (!part->compiled)
    return fail (error, DPU_ERROR_MODEL,
        "the model is the quantizer's output, which a DPU cannot run; compile "
        "it with vai_c_xir");
  if (!part->has_instructions)
    return fail (error, DPU_ERROR_MODEL,
        "the model has no instructions for a DPU (its \"mc_code\" is empty); "
        "compile it again with vai_c_xir");
  if (!dpu_registers_check (part->subgraph, error))
    return FALSE;
  dpu_memory_measure (&memory, part->subgraph);
  return dpu_memory_check (&memory, DPU_MEMORY_TABLE, error);
}

typedef struct {
  guint64 fingerprint;
  gchar *name;
} Naming;

static gboolean
name_fingerprint (gpointer data, GError **error)
{
  Naming *naming = data;

  naming->name = dpu_target_get_name (naming->fingerprint);
  return TRUE;
}

static gboolean
free_naming (gpointer data, GError **error)
{
  Naming *naming = data;

  g_free (naming->name);
  g_free (naming);
  return TRUE;
}

/* target-factory ends the process for a fingerprint that it cannot name */
static gchar *
describe_fingerprint (guint64 fingerprint)
{
  Naming *naming = g_new0 (Naming, 1);
  DpuGuard *guard = dpu_guard_new (DPU_GUARD_CPU, NULL);
  gchar *text;

  naming->fingerprint = fingerprint;
  if (guard != NULL
      && dpu_guard_call (
          guard, name_fingerprint, naming, NAME_TIMEOUT, "Naming", NULL)
      && naming->name != NULL)
    text = g_strdup_printf (
        "%s (0x%" G_GINT64_MODIFIER "x)", naming->name, fingerprint);
  else
    text = g_strdup_printf ("unknown (0x%" G_GINT64_MODIFIER "x)", fingerprint);
  if (guard != NULL)
    dpu_guard_end (guard, free_naming, naming, NAME_TIMEOUT);
  else
    free_naming (naming, NULL);
  return text;
}

/**
 * dpu_device_check_fingerprint:
 *
 * Compares as VART does, which is before each run, and ends the process when
 * they differ.
 */
gboolean
dpu_device_check_fingerprint (
    const DpuHardware *hardware, const DpuSubgraph *part, GError **error)
{
  guint64 wanted = 0;

  xmodel_attributes_get_uint64 (
      part->subgraph->attributes, "dpu_fingerprint", &wanted);
  if (wanted == 0 || g_strcmp0 (g_getenv (FINGERPRINT_VARIABLE), "0") == 0)
    return TRUE;
  for (guint i = 0; i < dpu_hardware_get_n_cores (hardware); i++) {
    guint64 present = dpu_hardware_get_fingerprint (hardware, i);
    g_autofree gchar *wanted_text = NULL, *present_text = NULL;

    if (present == 0 || present == wanted)
      continue;
    wanted_text = describe_fingerprint (wanted);
    present_text = describe_fingerprint (present);
    g_set_error (error, DPU_ERROR, DPU_ERROR_MODEL,
        "the model is compiled for another DPU, %s, than this machine has, %s; "
        "compile it again with vai_c_xir and an arch.json that reads "
        "{\"fingerprint\":\"0x%" G_GINT64_MODIFIER "X\"}, or load the "
        "bitstream it is for",
        wanted_text, present_text, present);
    return FALSE;
  }
  return TRUE;
}

/**
 * dpu_device_fall_back:
 * @obstacle: (transfer full): why no DPU runs the model
 * @fallback_reason: (out) (transfer full): the sentence for the user
 *
 * Returns: whether %DPU_DEVICE_CPU is to take over; if not, @error says why
 *   %DPU_DEVICE_DPU, which was wanted, cannot be had
 */
gboolean
dpu_device_fall_back (
    DpuDevice wanted, GError *obstacle, gchar **fallback_reason, GError **error)
{
  g_autoptr (GError) owned = obstacle;

  if (wanted == DPU_DEVICE_DPU) {
    g_set_error (error, DPU_ERROR, owned->code,
        "The device \"dpu\" was asked for, but %s. The device \"cpu\" runs the "
        "same model on the software DPU",
        owned->message);
    return FALSE;
  }
  *fallback_reason =
      g_strdup_printf ("Running on the software DPU: %s", owned->message);
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
    g_autofree gchar *name = dpu_libraries_get_name (DPU_RUNNER_LIBRARY);

    runner = locate_runner (name, &reason);
    if (runner == NULL)
      g_set_error (error, DPU_ERROR, DPU_ERROR_INIT,
          "AMD's DPU runner cannot be used: %s. %s", reason,
          dpu_system_advise_vart (DPU_SYSTEM_ROOT));
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
        "The software DPU cannot be used: %s. " COMPLETE_INSTALLATION ", or "
        "set " CPU_RUNNER_VARIABLE " to the path of " CPU_RUNNER_FILE,
        reason);
  return runner;
}
