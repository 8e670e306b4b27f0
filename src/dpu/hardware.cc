/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <xir/dpu_controller.hpp>

#include <dlfcn.h>

#include <exception>
#include <memory>

#include "devices.h"
#include "dpu.h"
#include "hardware.h"

/* xir::DpuController::get_instance () of libvart-dpu-controller, which is not
 * linked: it and what it needs read their settings as soon as they are loaded */
#define GET_INSTANCE "_ZN3xir13DpuController12get_instanceEv"

/* VART closes the device when the last of these is gone, so one is kept while
 * there are runners to be made */
struct _DpuHardware {
  std::shared_ptr<xir::DpuController> controller;
};

/**
 * dpu_hardware_open:
 *
 * Makes VART open the device and load its bitstream, or takes the device that
 * is open.
 */
DpuHardware *
dpu_hardware_open (GError **error)
{
  std::shared_ptr<xir::DpuController> (*get_instance) ();
  gpointer library = dlopen (DPU_RUNNER_LIBRARY, RTLD_LAZY | RTLD_LOCAL);
  std::shared_ptr<xir::DpuController> controller;
  const char *reason = "it has no DPU core";

  *(gpointer *) &get_instance =
      library == nullptr ? nullptr : dlsym (library, GET_INSTANCE);
  if (get_instance == nullptr) {
    g_set_error (error, DPU_ERROR, DPU_ERROR_INIT,
        "VART has no DPU controller: libvart 2.5 is needed");
    return nullptr;
  }
  try {
    controller = get_instance ();
    if (controller != nullptr && controller->get_num_of_dpus () > 0)
      return new DpuHardware{ controller };
  } catch (const std::exception &exception) {
    g_set_error (error, DPU_ERROR, DPU_ERROR_NOT_FOUND,
        "VART cannot open the device: %s", exception.what ());
    return nullptr;
  } catch (...) {
    reason = "a check of VART failed";
  }
  g_set_error (error, DPU_ERROR, DPU_ERROR_NOT_FOUND,
      "VART cannot use the device: %s. Check that its bitstream is the one for "
      "this board",
      reason);
  return nullptr;
}

void
dpu_hardware_close (DpuHardware *self)
{
  delete self;
}

guint
dpu_hardware_get_n_cores (const DpuHardware *self)
{
  return self->controller->get_num_of_dpus ();
}

/**
 * dpu_hardware_get_fingerprint:
 *
 * Returns: what instructions the core understands, 0 when it does not say
 */
guint64
dpu_hardware_get_fingerprint (const DpuHardware *self, guint core)
{
  return self->controller->get_fingerprint (core);
}
