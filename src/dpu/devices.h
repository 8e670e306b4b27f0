/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The choice between DPU and software DPU, and the runner library of each. */

#pragma once

#include "dpu.h"
#include "hardware.h"
#include "subgraphs.h"

G_BEGIN_DECLS

/* of VART's libraries */
#define DPU_RUNNER_LIBRARY "vart-dpu-runner"

gboolean dpu_device_check (const DpuSubgraph *part, GError **error);
gboolean dpu_device_check_fingerprint (
    const DpuHardware *hardware, const DpuSubgraph *part, GError **error);
gboolean dpu_device_fall_back (DpuDevice wanted, GError *obstacle,
    gchar **fallback_reason, GError **error);
gchar *dpu_device_find_runner (DpuDevice device, GError **error);

G_END_DECLS
