/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Convolutions on oneDNN, each on one of the paths. */

#pragma once

#include "exactness.h"

#include <oneapi/dnnl/dnnl.h>

G_BEGIN_DECLS

typedef struct _SwdpuConvolution SwdpuConvolution;
typedef struct _SwdpuBoundConvolution SwdpuBoundConvolution;

SwdpuConvolution *swdpu_convolution_new (const Plan *plan, const PlanStep *step,
    const SwdpuReach *reach, dnnl_engine_t engine, SwdpuPath path);
void swdpu_convolution_free (SwdpuConvolution *self);
SwdpuPath swdpu_convolution_get_path (const SwdpuConvolution *self);
gsize swdpu_convolution_get_scratch_size (const SwdpuConvolution *self);
gsize swdpu_convolution_get_packed_size (const SwdpuConvolution *self);

SwdpuBoundConvolution *swdpu_convolution_bind (const SwdpuConvolution *self,
    const gint8 *input, gint8 *output, guint8 *scratch);
void swdpu_bound_convolution_free (SwdpuBoundConvolution *self);
gboolean swdpu_bound_convolution_run (
    SwdpuBoundConvolution *self, dnnl_stream_t stream);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SwdpuConvolution, swdpu_convolution_free)

G_END_DECLS
