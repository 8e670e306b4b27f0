/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Weights in the order in which kernels of tiles read them. */

#pragma once

#include "tile-kernels.h"

G_BEGIN_DECLS

/**
 * SwdpuTileRun:
 * @offset: from where the window begins
 * @n: how many
 * @first: of a channel's weights, how many come before
 *
 * Bytes under a window that lie side by side.
 */
typedef struct {
  gint32 offset;
  guint n;
  guint first;
} SwdpuTileRun;

/**
 * SwdpuTileRange:
 *
 * What bytes of an input can be, as the kernel reads them.
 */
typedef struct {
  gint least;
  gint largest;
} SwdpuTileRange;

void swdpu_tile_block_init (SwdpuTileBlock *self,
    const SwdpuTileKernels *kernels, const GArray *runs, SwdpuTileRange range,
    const gint8 *weights, gsize n_weights, guint n_channels);
void swdpu_tile_block_clear (SwdpuTileBlock *self);

G_END_DECLS
