/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* For processors that add up four products in one instruction. */

#define UNIT 4
#define CHANNELS 16
#define FINISH_BLOCKS 1

#include "tile-finish-neon.h"

#define VECTORS (CHANNELS / 4)
#define TILE_PIXELS 4

static inline __attribute__ ((always_inline)) void
sum_tile (const SwdpuTileBlock *block, const guint8 *input, gsize stride,
    gint32 *sums, const guint n_pixels)
{
  int32x4_t total[TILE_PIXELS][VECTORS];
  const gint8 *weights = block->weights;

#pragma GCC unroll 4
  for (guint p = 0; p < n_pixels; p++) {
#pragma GCC unroll 4
    for (guint v = 0; v < VECTORS; v++)
      total[p][v] = vdupq_n_s32 (0);
  }
  for (guint i = 0; i < block->n_entries; i++, weights += UNIT * CHANNELS) {
    const guint8 *window = input + block->offsets[i];
    int8x16_t factors[VECTORS];

#pragma GCC unroll 4
    for (guint v = 0; v < VECTORS; v++)
      factors[v] = vld1q_s8 (weights + 16 * v);
#pragma GCC unroll 4
    for (guint p = 0; p < n_pixels; p++) {
      gint32 word;
      int8x16_t bytes;

      memcpy (&word, window + p * stride, sizeof (word));
      bytes = vreinterpretq_s8_s32 (vdupq_n_s32 (word));
#pragma GCC unroll 4
      for (guint v = 0; v < VECTORS; v++)
        total[p][v] = vdotq_s32 (total[p][v], factors[v], bytes);
    }
  }
#pragma GCC unroll 4
  for (guint p = 0; p < n_pixels; p++) {
#pragma GCC unroll 4
    for (guint v = 0; v < VECTORS; v++)
      vst1q_s32 (sums + p * CHANNELS + 4 * v, total[p][v]);
  }
}

static void
sum_row (const SwdpuTileBlock *block, const guint8 *input, gsize stride,
    guint n_pixels, gint32 *sums)
{
  for (; n_pixels >= TILE_PIXELS; n_pixels -= TILE_PIXELS) {
    sum_tile (block, input, stride, sums, TILE_PIXELS);
    input += TILE_PIXELS * stride;
    sums += TILE_PIXELS * CHANNELS;
  }
  for (; n_pixels > 0; n_pixels--) {
    sum_tile (block, input, stride, sums, 1);
    input += stride;
    sums += CHANNELS;
  }
}

const SwdpuTileKernels swdpu_tile_kernels_dotprod = { "dotprod", UNIT, CHANNELS,
  FINISH_BLOCKS, NULL, FALSE, sum_row, finish_row, add_tensors };
