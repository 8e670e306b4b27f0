/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Which part of a model runs on a DPU, and whether that is all that is needed. */

#pragma once

#include <xmodel/xmodel.h>

G_BEGIN_DECLS

/**
 * DpuSubgraph:
 * @subgraph: the root of quantizer output, or the one DPU subgraph
 * @compiled: whether it is the compiler's form
 * @has_instructions: whether that holds a DPU's instructions
 */
typedef struct {
  const XmodelSubgraph *subgraph;
  gboolean compiled;
  gboolean has_instructions;
} DpuSubgraph;

gboolean dpu_subgraph_find (
    const Xmodel *model, DpuSubgraph *found, GError **error);

G_END_DECLS
