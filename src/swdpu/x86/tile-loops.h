/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The loops of the x86 levels. A file that includes this says what a vector is:
 * Vector, VECTOR_BYTES, ZERO (), LOAD (), STORE (), BROADCAST () of 4 bytes,
 * MULTIPLY_BYTES () (unsigned by signed, neighbours added in 16 bits), ADD_16 (),
 * ADD_32 (), ADD_NEIGHBOURS () (of 16 bits, in 32), MIN_32 () and so on; how many a
 * block is wide, TILE_VECTORS, how many pixels a tile has, TILE_PIXELS; and
 * store_saturated (), of a block's results. */

#include "../tile-finish.h"

#define UNIT 4
#define CHANNELS (TILE_VECTORS * VECTOR_BYTES / UNIT)

static const guint8 lane_of[UNIT] = { 0, 0, 1, 1 };

/* the empty assembly keeps each sum in its register: gcc 12 moves it to and fro */
static inline __attribute__ ((always_inline)) void
multiply_entry (Vector part[TILE_PIXELS][TILE_VECTORS], const guint8 *window,
    gsize stride, const gint8 *weights, const gboolean is_first,
    const guint n_pixels)
{
#pragma GCC unroll 16
  for (guint p = 0; p < n_pixels; p++) {
    Vector bytes = BROADCAST (window + p * stride);

#pragma GCC unroll 16
    for (guint v = 0; v < TILE_VECTORS; v++) {
      Vector products =
          MULTIPLY_BYTES (bytes, LOAD (weights + v * VECTOR_BYTES));

      part[p][v] = is_first ? products : ADD_16 (part[p][v], products);
      __asm__("" : "+v"(part[p][v]));
    }
  }
}

static inline __attribute__ ((always_inline)) void
sum_tile (const SwdpuTileBlock *block, const guint8 *input, gsize stride,
    gint32 *sums, gsize sums_stride, const guint n_pixels)
{
  Vector total[TILE_PIXELS][TILE_VECTORS], part[TILE_PIXELS][TILE_VECTORS];
  const gint32 *offset = block->offsets;
  const gint8 *weights = block->weights;

#pragma GCC unroll 16
  for (guint i = 0; i < n_pixels * TILE_VECTORS; i++)
    total[i / TILE_VECTORS][i % TILE_VECTORS] = ZERO ();
  for (guint group = 0; group < block->n_groups; group++) {
    const gint32 *end = offset + block->groups[group];

    multiply_entry (part, input + *offset, stride, weights, TRUE, n_pixels);
    weights += UNIT * CHANNELS;
    while (++offset < end) {
      multiply_entry (part, input + *offset, stride, weights, FALSE, n_pixels);
      weights += UNIT * CHANNELS;
    }
#pragma GCC unroll 16
    for (guint p = 0; p < n_pixels; p++) {
#pragma GCC unroll 16
      for (guint v = 0; v < TILE_VECTORS; v++) {
        total[p][v] = ADD_32 (total[p][v], ADD_NEIGHBOURS (part[p][v]));
        __asm__("" : "+v"(total[p][v]));
      }
    }
  }
#pragma GCC unroll 16
  for (guint p = 0; p < n_pixels; p++) {
#pragma GCC unroll 16
    for (guint v = 0; v < TILE_VECTORS; v++)
      STORE (sums + p * sums_stride + v * (VECTOR_BYTES / UNIT), total[p][v]);
  }
}

static void
sum_row (const SwdpuTileBlock *block, const guint8 *input, gsize stride,
    guint n_pixels, gint32 *sums, gsize sums_stride)
{
  for (; n_pixels >= TILE_PIXELS; n_pixels -= TILE_PIXELS) {
    sum_tile (block, input, stride, sums, sums_stride, TILE_PIXELS);
    input += TILE_PIXELS * stride;
    sums += TILE_PIXELS * sums_stride;
  }
  if (TILE_PIXELS > 4 && n_pixels >= 4) {
    sum_tile (block, input, stride, sums, sums_stride, MIN (4, TILE_PIXELS));
    input += 4 * stride;
    sums += 4 * sums_stride;
    n_pixels -= 4;
  }
  if (n_pixels >= 2) {
    sum_tile (block, input, stride, sums, sums_stride, 2);
    input += 2 * stride;
    sums += 2 * sums_stride;
    n_pixels -= 2;
  }
  if (n_pixels > 0)
    sum_tile (block, input, stride, sums, sums_stride, 1);
}

/* Biases, activation and rounding of a block's channels, for the usual shifts: as
 * requantize_usual() does it. */
static inline __attribute__ ((always_inline)) void
finish_block (const gint32 *sums, const gint32 *bias, gint unit_shift,
    gint32 least, gboolean is_leaky, gint shift, gint8 *output)
{
  gint32 half = shift > 0 ? 1 << (shift - 1) : 0;
  Vector value[TILE_VECTORS];

#pragma GCC unroll 16
  for (guint v = 0; v < TILE_VECTORS; v++) {
    value[v] = LOAD (sums + v * (VECTOR_BYTES / UNIT));
    value[v] = ADD_32 (SHIFT_LEFT (value[v], unit_shift),
        LOAD (bias + v * (VECTOR_BYTES / UNIT)));
    value[v] = MAX_32 (value[v], SET_32 (least));
    if (is_leaky) {
      Vector negative = MAX_32 (MIN_32 (value[v], ZERO ()),
          SET_32 (G_MININT32 / SWDPU_LEAKY_NUMERATOR));

      negative =
          SHIFT_RIGHT (MULTIPLY_32 (negative, SET_32 (SWDPU_LEAKY_NUMERATOR)),
              SWDPU_LEAKY_SHIFT);
      value[v] = MAX_32 (value[v], negative);
    }
    value[v] = MIN_32 (value[v], SET_32 (G_MAXINT32 - half));
    value[v] = SHIFT_RIGHT (ADD_32 (value[v], SET_32 (half)), shift);
  }
  store_saturated (value, output);
}

static inline __attribute__ ((always_inline)) void
finish_usual (const SwdpuTileFinish *self, const gint32 *sums,
    gsize sums_stride, guint n_pixels, gboolean is_leaky, gint8 *output)
{
  gint shift = self->requantize.fix_point - self->requantize.output_fix_point;
  gint32 least =
      self->requantize.activation == PLAN_ACTIVATION_RELU ? 0 : G_MININT32;
  gint unit_shift = g_bit_nth_lsf (self->unit, -1);
  guint whole = self->n_channels / CHANNELS * CHANNELS;

  for (; n_pixels > 0; n_pixels--, sums += sums_stride) {
    gint8 rest[CHANNELS];

    for (guint c = 0; c < whole; c += CHANNELS)
      finish_block (sums + c, self->bias + c, unit_shift, least, is_leaky,
          shift, output + c);
    if (whole < self->n_channels) {
      finish_block (sums + whole, self->bias + whole, unit_shift, least,
          is_leaky, shift, rest);
      memcpy (output + whole, rest, self->n_channels - whole);
    }
    output += self->n_channels;
  }
}

static void
finish_row (const SwdpuTileFinish *self, const gint32 *sums, gsize sums_stride,
    guint n_pixels, gint8 *output)
{
  if (!requantize_is_usual (&self->requantize))
    finish_sums (self, sums, sums_stride, n_pixels, output);
  else if (self->requantize.activation == PLAN_ACTIVATION_LEAKY_RELU)
    finish_usual (self, sums, sums_stride, n_pixels, TRUE, output);
  else
    finish_usual (self, sums, sums_stride, n_pixels, FALSE, output);
}
