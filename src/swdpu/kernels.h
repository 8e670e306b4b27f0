/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Plain integer code for every kind of step. */

#pragma once

#include "plan.h"

G_BEGIN_DECLS

/**
 * SwdpuKernel:
 * @inputs: the data of @step's inputs
 * @output: the data of its output, which overlaps none of them
 *
 * Shapes and fix points are those of @plan's tensors.
 */
typedef void (*SwdpuKernel) (const Plan *plan, const PlanStep *step,
    const gint8 *const *inputs, gint8 *output);

SwdpuKernel swdpu_kernel_get (PlanStepType type);
void swdpu_kernel_convolve_row (const Plan *plan, const PlanStep *step,
    const gint8 *input, guint y, gint8 *output);
void swdpu_kernel_convolve (const Plan *plan, const PlanStep *step,
    const gint8 *input, guint y, guint x, guint first, guint stride,
    guint n_channels, gint8 *results);

void swdpu_requantize (const PlanRequantize *requantize, const gint32 *exact,
    gsize n, gint8 *output);

G_END_DECLS
