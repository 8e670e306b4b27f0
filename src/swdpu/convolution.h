/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Convolutions on oneDNN, on a path that is proved exact for the layer. */

#pragma once

#include "plan.h"

#include <oneapi/dnnl/dnnl.h>

G_BEGIN_DECLS

/**
 * SwdpuPath:
 * @SWDPU_PATH_PLAIN: the integer kernel of kernels.h
 * @SWDPU_PATH_FLOAT: oneDNN's f32 convolution of the integers, exact below 2^24
 * @SWDPU_PATH_INT8: oneDNN's int8 convolution, exact on CPUs with VNNI
 * @SWDPU_PATH_INT8_FUSED: the same with activation and rounding in oneDNN
 */
typedef enum {
  SWDPU_PATH_PLAIN,
  SWDPU_PATH_FLOAT,
  SWDPU_PATH_INT8,
  SWDPU_PATH_INT8_FUSED,
} SwdpuPath;

typedef struct _SwdpuConvolution SwdpuConvolution;
typedef struct _SwdpuBoundConvolution SwdpuBoundConvolution;

SwdpuPath swdpu_best_path (void);

SwdpuConvolution *swdpu_convolution_new (const Plan *plan, const PlanStep *step,
    dnnl_engine_t engine, SwdpuPath best);
void swdpu_convolution_free (SwdpuConvolution *self);
SwdpuPath swdpu_convolution_get_path (const SwdpuConvolution *self);
gsize swdpu_convolution_get_scratch_size (const SwdpuConvolution *self);

SwdpuBoundConvolution *swdpu_convolution_bind (const SwdpuConvolution *self,
    const gint8 *input, gint8 *output, guint8 *scratch);
void swdpu_bound_convolution_free (SwdpuBoundConvolution *self);
gboolean swdpu_bound_convolution_run (
    SwdpuBoundConvolution *self, dnnl_stream_t stream);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SwdpuConvolution, swdpu_convolution_free)

G_END_DECLS
