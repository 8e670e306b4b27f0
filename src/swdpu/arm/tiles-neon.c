/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* For each ARMv8, with an eye on those that execute in order: no lane is
 * broadcast, and a product and its sum are one instruction. */

#define UNIT 16
#define CHANNELS 4
#define FINISH_BLOCKS 4

#include "tile-finish-neon.h"

#define TILE_PIXELS 2

static const guint8 lane_of[UNIT] = { 0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5,
  6, 7 };

static inline __attribute__ ((always_inline)) void
multiply_entry (int16x8_t part[TILE_PIXELS][CHANNELS], const gint8 *input,
    gsize stride, const gint8 *weights, gboolean is_first, const guint n_pixels)
{
  int8x16_t bytes[TILE_PIXELS];

#pragma GCC unroll 4
  for (guint p = 0; p < n_pixels; p++)
    bytes[p] = vld1q_s8 (input + p * stride);
#pragma GCC unroll 4
  for (guint c = 0; c < CHANNELS; c++) {
    int8x16_t factors = vld1q_s8 (weights + UNIT * c);

#pragma GCC unroll 4
    for (guint p = 0; p < n_pixels; p++) {
      int8x8_t low = vget_low_s8 (bytes[p]);

      part[p][c] = is_first ? vmull_s8 (low, vget_low_s8 (factors))
                            : vmlal_s8 (part[p][c], low, vget_low_s8 (factors));
    }
#pragma GCC unroll 4
    for (guint p = 0; p < n_pixels; p++)
      part[p][c] = vmlal_high_s8 (part[p][c], bytes[p], factors);
  }
}

static inline __attribute__ ((always_inline)) void
sum_tile (const SwdpuTileBlock *block, const gint8 *input, gsize stride,
    gint32 *sums, const guint n_pixels)
{
  int32x4_t total[TILE_PIXELS][CHANNELS];
  int16x8_t part[TILE_PIXELS][CHANNELS];
  const gint32 *offset = block->offsets;
  const gint8 *weights = block->weights;

#pragma GCC unroll 4
  for (guint p = 0; p < n_pixels; p++) {
#pragma GCC unroll 4
    for (guint c = 0; c < CHANNELS; c++)
      total[p][c] = vdupq_n_s32 (0);
  }
  for (guint group = 0; group < block->n_groups; group++) {
    const gint32 *end = offset + block->groups[group];

    multiply_entry (part, input + *offset, stride, weights, TRUE, n_pixels);
    weights += UNIT * CHANNELS;
    for (offset++; offset < end; offset++, weights += UNIT * CHANNELS)
      multiply_entry (part, input + *offset, stride, weights, FALSE, n_pixels);
#pragma GCC unroll 4
    for (guint p = 0; p < n_pixels; p++) {
#pragma GCC unroll 4
      for (guint c = 0; c < CHANNELS; c++)
        total[p][c] = vpadalq_s16 (total[p][c], part[p][c]);
    }
  }
#pragma GCC unroll 4
  for (guint p = 0; p < n_pixels; p++)
    vst1q_s32 (
        sums + p * CHANNELS, vpaddq_s32 (vpaddq_s32 (total[p][0], total[p][1]),
                                 vpaddq_s32 (total[p][2], total[p][3])));
}

static void
sum_row (const SwdpuTileBlock *block, const guint8 *input, gsize stride,
    guint n_pixels, gint32 *sums)
{
  for (; n_pixels >= TILE_PIXELS; n_pixels -= TILE_PIXELS) {
    sum_tile (block, (const gint8 *) input, stride, sums, TILE_PIXELS);
    input += TILE_PIXELS * stride;
    sums += TILE_PIXELS * CHANNELS;
  }
  if (n_pixels > 0)
    sum_tile (block, (const gint8 *) input, stride, sums, 1);
}

const SwdpuTileKernels swdpu_tile_kernels_neon = { "neon", UNIT, CHANNELS,
  FINISH_BLOCKS, lane_of, FALSE, sum_row, finish_row, add_tensors };
