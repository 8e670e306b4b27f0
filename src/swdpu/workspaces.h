/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The memory that a frame needs while it is computed, and no longer: as many of
 * them as there are processors to compute frames on. */

#pragma once

#include "convolution.h"
#include "plan.h"

G_BEGIN_DECLS

/* what oneDNN's widest loads like */
#define SWDPU_MEMORY_ALIGNMENT 64

/**
 * SwdpuWorkspace:
 * @arena: of the plan
 * @scratch: of one convolution at a time
 * @convolutions: per step, on this memory; %NULL for those that have a caller's
 *   memory as an input or output, and for other steps
 */
typedef struct {
  gint8 *arena;
  guint8 *scratch;
  dnnl_stream_t stream;
  SwdpuBoundConvolution **convolutions;
} SwdpuWorkspace;

typedef struct _SwdpuWorkspaces SwdpuWorkspaces;

SwdpuWorkspaces *swdpu_workspaces_new (const Plan *plan,
    const GPtrArray *convolutions, dnnl_engine_t engine, gsize scratch_size,
    guint most);
void swdpu_workspaces_free (SwdpuWorkspaces *self);
gboolean swdpu_workspaces_reserve (SwdpuWorkspaces *self, GError **error);
SwdpuWorkspace *swdpu_workspaces_take (
    SwdpuWorkspaces *self, const gint *cancelled, GError **error);
void swdpu_workspaces_give_back (
    SwdpuWorkspaces *self, SwdpuWorkspace *workspace);

const gint8 *swdpu_workspace_locate (
    const SwdpuWorkspace *self, const PlanTensor *tensor);

G_END_DECLS
