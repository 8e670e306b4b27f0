/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* oneDNN is wrong for some rare shapes, other ones in each version. So every kind
 * of convolution is tried once on random numbers, and what comes out compared
 * with plain integers, before it is used. */

#pragma once

#include "convolution.h"

G_BEGIN_DECLS

typedef struct _SwdpuProof SwdpuProof;

SwdpuProof *swdpu_proof_new (dnnl_engine_t engine);
void swdpu_proof_free (SwdpuProof *self);
SwdpuConvolution *swdpu_proof_make (SwdpuProof *self, const Plan *plan,
    const PlanStep *step, SwdpuPath best, gboolean prefers_tiles);
gint64 swdpu_proof_get_time (const SwdpuProof *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SwdpuProof, swdpu_proof_free)

G_END_DECLS
