/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Convolutions of int8 by kernels of our own, for processors on which oneDNN has
 * none that are exact. A tile is a few pixels times a few channels, whose sums of
 * 16 bits stay in registers. */

#pragma once

#include "exactness.h"
#include "tile-kernels.h"

G_BEGIN_DECLS

typedef struct _SwdpuTiles SwdpuTiles;

SwdpuTiles *swdpu_tiles_new (const Plan *plan, const PlanStep *step,
    const SwdpuReach *reach, const SwdpuTileKernels *kernels, guint threads);
void swdpu_tiles_free (SwdpuTiles *self);
gsize swdpu_tiles_get_scratch_size (const SwdpuTiles *self);
void swdpu_tiles_run (
    const SwdpuTiles *self, const gint8 *input, gint8 *output, guint8 *scratch);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SwdpuTiles, swdpu_tiles_free)

G_END_DECLS
