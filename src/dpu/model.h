/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What a model and its runners know of each other. */

#pragma once

#include "devices.h"
#include "guard.h"
#include "memory.h"
#include "vart.h"

G_BEGIN_DECLS

/**
 * DpuModel:
 * @guard: whose thread makes and ends the graph and the hardware
 * @file: (nullable): while the model is opened; @part points into it
 * @outputs: (element-type DpuTensor):
 * @output_names: (nullable): of the operators that are wanted as outputs
 * @keeps_input: whether a run leaves the input as it was
 * @timeout: milliseconds that an execution may take
 * @probe: (nullable): the runner that told the tensors. On a DPU it becomes the
 *   first that is asked for, as VART deals runners out to the cores in turn. On
 *   the software DPU it is kept until there is another: what runners share need
 *   not be made twice
 */
struct _DpuModel {
  gatomicrefcount ref_count;
  DpuGuard *guard;
  DpuDevice device;
  gchar *fallback_reason;
  gchar *runner_library;
  gchar **output_names;
  Xmodel *file;
  DpuSubgraph part;
  DpuMemory memory;
  DpuHardware *hardware;
  guint n_cores;
  VartGraph *graph;
  DpuTensor input;
  GArray *outputs;
  gboolean keeps_input;
  gint timeout;

  GMutex probe_lock;
  DpuRunner *probe;
};

/* milliseconds; a DPU's bitstream is loaded meanwhile. The software DPU, once
 * its library is loaded, may take any time */
guint dpu_model_get_open_timeout (const DpuModel *self);
guint dpu_model_get_end_timeout (const DpuModel *self);
DpuGuardDomain dpu_model_get_domain (const DpuModel *self);

DpuRunner *dpu_runner_new_probe (DpuModel *model, GError **error);
void dpu_runner_free_probe (DpuRunner *self);

G_END_DECLS
