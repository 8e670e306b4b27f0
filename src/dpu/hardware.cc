/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <xir/dpu_controller.hpp>

#include <dlfcn.h>

#include <memory>
#include <string>
#include <vector>

#include "devices.h"
#include "dpu.h"
#include "exceptions.h"
#include "hardware.h"
#include "libraries.h"
#include "vart.h"

/* xir::DpuController::get_instance () of libvart-dpu-controller, which is not
 * linked: it and what it needs read their settings as soon as they are loaded
 */
#define GET_INSTANCE "_ZN3xir13DpuController12get_instanceEv"

/* VART closes the device when the last of its controllers is gone, so one is
 * kept while there are runners to be made */
struct _DpuHardware {
  std::shared_ptr<xir::DpuController> controller;
  /* of each core */
  std::vector<guint64> fingerprints;
};

namespace
{

using GetInstance = std::shared_ptr<xir::DpuController> (*) ();

GetInstance
find_get_instance ()
{
  g_autofree gchar *name = dpu_libraries_get_name (DPU_RUNNER_LIBRARY);
  gpointer library = dlopen (name, RTLD_LAZY | RTLD_LOCAL);

  if (library == nullptr)
    return nullptr;
  return reinterpret_cast<GetInstance> (dlsym (library, GET_INSTANCE));
}

void
open_device (DpuHardware *self, GetInstance get_instance)
{
  self->controller = get_instance ();
  for (std::size_t i = 0; i < self->controller->get_num_of_dpus (); i++)
    self->fingerprints.push_back (self->controller->get_fingerprint (i));
}

} // namespace

/**
 * dpu_hardware_open:
 *
 * Makes VART open the device and load its bitstream, or takes the device that
 * is open.
 */
DpuHardware *
dpu_hardware_open (GError **error)
{
  auto self = std::make_unique<DpuHardware> ();
  auto get_instance = find_get_instance ();
  std::string reason = "it has no DPU core";

  vart_tame_checks ();
  if (get_instance == nullptr) {
    g_set_error (error, DPU_ERROR, DPU_ERROR_INIT,
        "VART has no DPU controller: VART 2.5 to 3.5 is needed");
    return nullptr;
  }
  try {
    open_device (self.get (), get_instance);
    if (!self->fingerprints.empty ())
      return self.release ();
  } catch (...) {
    reason = dpu_describe_exception ();
  }
  g_set_error (error, DPU_ERROR, DPU_ERROR_NOT_FOUND,
      "VART cannot use the device: %s. Check that its bitstream is the one for "
      "this board",
      reason.c_str ());
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
  return self->fingerprints.size ();
}

/**
 * dpu_hardware_get_fingerprint:
 *
 * Returns: what instructions the core understands, 0 when it does not say
 */
guint64
dpu_hardware_get_fingerprint (const DpuHardware *self, guint core)
{
  return self->fingerprints[core];
}
