/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The inner loops of tiles.c, for each level of processors that has some. */

#pragma once

#include "plan.h"

G_BEGIN_DECLS

#define SWDPU_TILE_MAX_CHANNELS 16
#define SWDPU_TILE_MAX_UNIT 16

/**
 * SwdpuTileBlock:
 * @offsets: (array length=n_entries): where the bytes of an entry begin, from
 *   where the pixel's window begins
 * @weights: of each entry, for each channel of the block, a unit of them
 * @groups: (array length=n_groups): that many entries follow each other whose
 *   products, added up, fit the 16 bits that a kernel may add them in
 *
 * Some channels of a convolution. The bytes under a window are taken a unit at a
 * time, wherever they lie.
 */
typedef struct {
  gint32 *offsets;
  gint8 *weights;
  guint16 *groups;
  guint n_entries;
  guint n_groups;
} SwdpuTileBlock;

/**
 * SwdpuTileFinish:
 * @bias: (array): of the blocks' channels, all of them; added to each sum
 * @n_channels: of the blocks, that the output has
 * @sums_stride: from the sums of a pixel to those of the next
 * @block_stride: from the sums of a block to those of the next
 * @output_stride: from a pixel of the output to the next
 * @unit: what sums are multiplied by before that
 *
 * What becomes of the sums of some blocks, none of which is beyond 2^30 with its bias,
 * see swdpu_reach_choose_path().
 */
typedef struct {
  const gint32 *bias;
  guint n_channels;
  gsize sums_stride;
  gsize block_stride;
  gsize output_stride;
  gint32 unit;
  PlanRequantize requantize;
} SwdpuTileFinish;

/**
 * SwdpuTileAddition:
 * @left: what each is multiplied by, as a shift; 0 to 6
 * @right: rounding shift of each before that; 0 to 8
 * @least: smaller sums become this one
 * @shift: rounding shift of the sum, 0 to 14
 *
 * A sum of two whose steps all fit 16 bits.
 */
typedef struct {
  guint8 left[2];
  guint8 right[2];
  gint16 least;
  guint8 shift;
} SwdpuTileAddition;

/**
 * SwdpuTileKernels:
 * @unit: bytes of the input that are multiplied at once
 * @channels: of a block
 * @finish_blocks: how many blocks @finish takes at once
 * @lane_of: (array length=unit): products of those bytes with the same lane are
 *   added up in the same 16 bits, by saturating or wrapping; %NULL: in 32 bits
 * @is_unsigned: bytes of the input are 0 to 255, 128 more than the values where
 *   these may be negative
 * @sum: adds up the products of a block, for pixels in a row whose windows begin
 *   @stride bytes apart; of each pixel, @channels sums
 * @finish: biases, activation, rounding, saturation; @output is the first block's
 *   first byte of the first pixel
 * @add: adds two tensors of @n_pixels as #SwdpuTileAddition says; pixels of the
 *   output begin @stride bytes apart
 */
typedef struct {
  const gchar *name;
  guint unit;
  guint channels;
  guint finish_blocks;
  const guint8 *lane_of;
  gboolean is_unsigned;
  void (*sum) (const SwdpuTileBlock *block, const guint8 *input, gsize stride,
      guint n_pixels, gint32 *sums);
  void (*finish) (const SwdpuTileFinish *finish, const gint32 *sums,
      guint n_pixels, gint8 *output);
  void (*add) (const SwdpuTileAddition *addition, const gint8 *a,
      const gint8 *b, gsize channels, gsize n_pixels, gint8 *output,
      gsize stride);
} SwdpuTileKernels;

gboolean swdpu_tile_addition_init (
    SwdpuTileAddition *self, const PlanSum *sum, guint n_inputs);

const SwdpuTileKernels *swdpu_tile_kernels_get (void);
const SwdpuTileKernels *const *swdpu_tile_kernels_list (void);

extern const SwdpuTileKernels swdpu_tile_kernels_plain;
extern const SwdpuTileKernels swdpu_tile_kernels_sse41;
extern const SwdpuTileKernels swdpu_tile_kernels_avx2;
extern const SwdpuTileKernels swdpu_tile_kernels_avx512;
extern const SwdpuTileKernels swdpu_tile_kernels_neon;
extern const SwdpuTileKernels swdpu_tile_kernels_dotprod;

G_END_DECLS
