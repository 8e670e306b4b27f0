/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The kernels that swdpu_kernel_get() finds in other files, each a SwdpuKernel. */

#pragma once

#include "plan.h"

G_BEGIN_DECLS

void kernel_concatenate (const Plan *plan, const PlanStep *step,
    const gint8 *const *inputs, gint8 *output);
void kernel_upsample_nearest (const Plan *plan, const PlanStep *step,
    const gint8 *const *inputs, gint8 *output);
void kernel_upsample_bilinear (const Plan *plan, const PlanStep *step,
    const gint8 *const *inputs, gint8 *output);
void kernel_dilate (const Plan *plan, const PlanStep *step,
    const gint8 *const *inputs, gint8 *output);
void kernel_pad (const Plan *plan, const PlanStep *step,
    const gint8 *const *inputs, gint8 *output);
void kernel_gather (const Plan *plan, const PlanStep *step,
    const gint8 *const *inputs, gint8 *output);

G_END_DECLS
