/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The contiguous memory (CMA) that a model takes on a board. */

#pragma once

#include <xmodel/xmodel.h>

G_BEGIN_DECLS

#define DPU_MEMORY_TABLE "/proc/meminfo"

/**
 * DpuMemory:
 * @shared: bytes that all runners of the model use: parameters and workspace,
 *   of which each core has one
 * @per_runner: bytes of one runner's inputs and outputs
 */
typedef struct {
  guint64 shared;
  guint64 per_runner;
} DpuMemory;

void dpu_memory_measure (DpuMemory *self, const XmodelSubgraph *subgraph);
gboolean dpu_memory_check (
    const DpuMemory *self, const gchar *table_path, GError **error);
gchar *dpu_memory_describe (const DpuMemory *self, const gchar *table_path);

G_END_DECLS
