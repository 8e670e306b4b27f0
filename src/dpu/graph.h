/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* A model's graph on the device that runs it: what the model and its runners
 * share, for as long as one of them, or VART, uses it. */

#pragma once

#include "devices.h"
#include "guard.h"
#include "memory.h"
#include "vart.h"

G_BEGIN_DECLS

/* milliseconds; a bitstream is loaded meanwhile */
#define DPU_OPEN_TIMEOUT 30000
#define DPU_END_TIMEOUT 5000

/**
 * DpuGraph:
 * @cancellable: (nullable): ends what is opened and made
 * @guard: (nullable): whose thread makes and ends the graph and the hardware;
 *   of the device, once that is open
 * @file: (nullable): while the model is opened; @part points into it
 * @output_names: (nullable): of the operators that are wanted as outputs
 * @n_cores: of a DPU
 * @outputs: (element-type DpuTensor):
 * @timeout: milliseconds that an execution on a DPU may take
 */
typedef struct {
  gatomicrefcount ref_count;
  GCancellable *cancellable;
  DpuGuard *guard;
  DpuDevice device;
  gchar *runner_library;
  gchar **output_names;
  Xmodel *file;
  DpuSubgraph part;
  DpuMemory memory;
  DpuHardware *hardware;
  guint n_cores;
  VartGraph *vart;
  DpuTensor input;
  GArray *outputs;
  gint timeout;
} DpuGraph;

DpuGraph *dpu_graph_new (Xmodel *file, const DpuSubgraph *part,
    const gchar *const *output_names, GCancellable *cancellable);
DpuGraph *dpu_graph_ref (DpuGraph *self);
void dpu_graph_unref (DpuGraph *self);
gboolean dpu_graph_load (DpuGraph *self, GError **error);
void dpu_graph_forget_file (DpuGraph *self);
guint dpu_graph_get_open_timeout (const DpuGraph *self);
guint dpu_graph_get_end_timeout (const DpuGraph *self);
DpuGuardDomain dpu_graph_get_domain (const DpuGraph *self);

G_END_DECLS
