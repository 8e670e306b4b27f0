/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What is shared by all contexts of a model, for context.c and the tests. */

#pragma once

#include "convolution.h"
#include "plan.h"
#include "swdpu.h"
#include "workspaces.h"

G_BEGIN_DECLS

/**
 * SwdpuProgram:
 * @threads: oneDNN's threads, fixed when primitives are created
 * @convolutions: (element-type SwdpuConvolution): per step, %NULL for others
 * @scratch_size: of the convolution that needs most
 * @workspaces: for as many frames at once as the processors can compute
 */
struct _SwdpuProgram {
  gatomicrefcount ref_count;
  gchar *key;
  guint threads;
  Plan *plan;
  dnnl_engine_t engine;
  GPtrArray *convolutions;
  gsize scratch_size;
  SwdpuWorkspaces *workspaces;
};

SwdpuProgram *swdpu_program_new (
    Plan *plan, guint threads, SwdpuPath best, GError **error);

G_END_DECLS
