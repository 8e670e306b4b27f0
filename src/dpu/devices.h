/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What devices this machine has, found out without VART, which aborts the
 * process when it is asked for a DPU that is not there. */

#pragma once

#include "dpu.h"

G_BEGIN_DECLS

gboolean dpu_device_choose (DpuDevice wanted, gboolean compiled,
    DpuDevice *chosen, gchar **fallback_reason, GError **error);
gchar *dpu_device_find_runner (DpuDevice device, GError **error);

G_END_DECLS
