/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The loops of the x86 levels. A file that includes this says what a vector is:
 * Vector, VECTOR_BYTES, LOAD (), LOAD_ALIGNED () of weights and of sums that are to be
 * folded, STORE (), BROADCAST () of load_unit (), MULTIPLY_BYTES () (unsigned by signed,
 * neighbours added in 16 bits), KEEP () in a register, ADD_16 (), ADD_NEIGHBOURS ()
 * (of 16 bits, in 32), ADD_32 () and so on; how many bytes of the input are broadcast,
 * UNIT, 4 or 8, in which case FOLD () adds neighbours of two vectors of 32 bits; how
 * many vectors the products of a block are, TILE_VECTORS, and how many pixels a tile
 * has, TILE_PIXELS; store_saturated (), of a block's results; and for sums of two
 * tensors Words of 16 bits, N_WORDS of them, with LOAD_WORDS () of bytes and
 * store_words (). */

#define CHANNELS (TILE_VECTORS * VECTOR_BYTES / UNIT)
#define FINISH_BLOCKS 1
/* of 32 bits, in a vector */
#define VECTOR_SUMS (VECTOR_BYTES / 4)
/* that hold one sum for each channel of a block */
#define CHANNEL_VECTORS (CHANNELS / VECTOR_SUMS)
/* of a pixel; for each channel two where a unit is 8, until they are folded */
#define TILE_SUMS (TILE_VECTORS * VECTOR_SUMS)

#include "../tile-finish.h"

static const guint8 lane_of[] = { 0, 0, 1, 1, 2, 2, 3, 3 };

#if UNIT == 8
typedef gint64 Unit;
#else
typedef gint32 Unit;
#endif

static inline Unit
load_unit (const guint8 *bytes)
{
  Unit unit;

  memcpy (&unit, bytes, sizeof (unit));
  return unit;
}

/* The assembly, empty or not, keeps each sum in its register: gcc 12 moves it to
 * and fro otherwise. */
static inline __attribute__ ((always_inline)) void
multiply_entry (Vector part[TILE_PIXELS][TILE_VECTORS], const guint8 *window,
    gsize stride, gsize stride_3, const gint8 *weights, const gboolean is_first,
    const guint n_pixels)
{
  Vector weight[TILE_VECTORS];

#pragma GCC unroll 16
  for (guint v = 0; v < TILE_VECTORS; v++)
    weight[v] = LOAD_ALIGNED (weights + v * VECTOR_BYTES);
#pragma GCC unroll 16
  for (guint p = 0; p < n_pixels; p++) {
    const guint8 *pixel = window + p / 3 * stride_3 + p % 3 * stride;
    Vector bytes = BROADCAST (pixel);

#pragma GCC unroll 16
    for (guint v = 0; v < TILE_VECTORS; v++) {
      Vector products = MULTIPLY_BYTES (bytes, weight[v]);

      if (is_first) {
        part[p][v] = products;
        KEEP (part[p][v]);
      } else {
        ADD_16 (part[p][v], products);
      }
    }
  }
}

/* 16 bits to the 32 bits of the sums, which lie in memory so that more of the
 * former have registers */
static inline __attribute__ ((always_inline)) void
add_group (Vector part[TILE_PIXELS][TILE_VECTORS], gint32 *sums,
    const gboolean is_first, const guint n_pixels)
{
#pragma GCC unroll 16
  for (guint p = 0; p < n_pixels; p++) {
#pragma GCC unroll 16
    for (guint v = 0; v < TILE_VECTORS; v++) {
      gint32 *sum = sums + p * TILE_SUMS + v * VECTOR_SUMS;
      Vector added = ADD_NEIGHBOURS (part[p][v]);

      STORE (sum, is_first ? added : ADD_32 (added, LOAD_ALIGNED (sum)));
    }
  }
}

#if UNIT == 8
static inline void
fold_sums (const gint32 *unfolded, guint n_pixels, gint32 *sums)
{
  for (guint i = 0; i < n_pixels * CHANNEL_VECTORS; i++)
    STORE (sums + i * VECTOR_SUMS,
        FOLD (LOAD_ALIGNED (unfolded + 2 * i * VECTOR_SUMS),
            LOAD_ALIGNED (unfolded + (2 * i + 1) * VECTOR_SUMS)));
}
#endif

static inline __attribute__ ((always_inline)) void
sum_groups (const SwdpuTileBlock *block, const guint8 *input, gsize stride,
    gint32 *sums, const guint n_pixels)
{
  Vector part[TILE_PIXELS][TILE_VECTORS];
  const gint32 *offset = block->offsets;
  const gint8 *weights = block->weights;
  gsize stride_3 = 3 * stride;
  guint group = 0;

  /* with 1, 2, 3 and 4 strides in an address, few are added up in the loop */
  __asm__("" : "+r"(stride_3));
  do {
    const gint32 *end = offset + block->groups[group];

    multiply_entry (
        part, input + *offset, stride, stride_3, weights, TRUE, n_pixels);
    weights += UNIT * CHANNELS;
    while (++offset < end) {
      /* gcc would compute both anew behind the loop, which is a short one */
      __asm__("" : "+r"(weights), "+r"(offset));
      multiply_entry (
          part, input + *offset, stride, stride_3, weights, FALSE, n_pixels);
      weights += UNIT * CHANNELS;
    }
    if (group == 0)
      add_group (part, sums, TRUE, n_pixels);
    else
      add_group (part, sums, FALSE, n_pixels);
  } while (++group < block->n_groups);
}

static inline __attribute__ ((always_inline)) void
sum_tile (const SwdpuTileBlock *block, const guint8 *input, gsize stride,
    gint32 *sums, const guint n_pixels)
{
#if UNIT == 8
  gint32 unfolded[TILE_PIXELS * TILE_SUMS]
      __attribute__ ((aligned (VECTOR_BYTES)));

  /* gcc 14 does not see that the first group writes them before others add */
  __asm__("" : "=m"(unfolded));
  sum_groups (block, input, stride, unfolded, n_pixels);
  fold_sums (unfolded, n_pixels, sums);
#else
  sum_groups (block, input, stride, sums, n_pixels);
#endif
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
  for (; TILE_PIXELS > 4 && n_pixels >= 4; n_pixels -= 4) {
    sum_tile (block, input, stride, sums, MIN (4, TILE_PIXELS));
    input += 4 * stride;
    sums += 4 * CHANNELS;
  }
  if (n_pixels >= 2) {
    sum_tile (block, input, stride, sums, 2);
    input += 2 * stride;
    sums += 2 * CHANNELS;
    n_pixels -= 2;
  }
  if (n_pixels > 0)
    sum_tile (block, input, stride, sums, 1);
}

/* Biases, LeakyReLU and rounding of a block's channels, for the usual shifts: as
 * requantize_usual() does it, but that no sum is so large that half of a unit of
 * the output makes it overflow. @bias has that half already where there is no
 * LeakyReLU. */
static inline __attribute__ ((always_inline)) void
finish_block (const gint32 *sums, const Vector bias[CHANNEL_VECTORS],
    gint unit_shift, gint32 half, const gboolean is_leaky, gint shift,
    Vector value[CHANNEL_VECTORS])
{
#pragma GCC unroll 16
  for (guint v = 0; v < CHANNEL_VECTORS; v++) {
    value[v] = LOAD (sums + v * VECTOR_SUMS);
    value[v] = ADD_32 (SHIFT_LEFT (value[v], unit_shift), bias[v]);
    if (is_leaky) {
      /* of a large positive one the product wraps around, but the shift makes it
       * less than the value itself all the same */
      Vector slope =
          MAX_32 (value[v], SET_32 (G_MININT32 / SWDPU_LEAKY_NUMERATOR));

      slope = SHIFT_RIGHT (MULTIPLY_32 (slope, SET_32 (SWDPU_LEAKY_NUMERATOR)),
          SWDPU_LEAKY_SHIFT);
      value[v] = ADD_32 (MAX_32 (value[v], slope), SET_32 (half));
    }
    value[v] = SHIFT_RIGHT (value[v], shift);
  }
}

static inline __attribute__ ((always_inline)) void
finish_usual (const SwdpuTileFinish *self, const gint32 *sums, guint n_pixels,
    const gboolean is_leaky, gint8 *output)
{
  gint shift = self->requantize.fix_point - self->requantize.output_fix_point;
  gint32 half = shift > 0 ? 1 << (shift - 1) : 0;
  gint8 least =
      self->requantize.activation == PLAN_ACTIVATION_RELU ? 0 : G_MININT8;
  gint unit_shift = g_bit_nth_lsf (self->unit, -1);
  gsize n_channels = self->n_channels, stride = self->output_stride;
  Vector bias[CHANNEL_VECTORS];

  for (guint v = 0; v < CHANNEL_VECTORS; v++)
    bias[v] = ADD_32 (
        LOAD (self->bias + v * VECTOR_SUMS), SET_32 (is_leaky ? 0 : half));
  for (; n_pixels > 0; n_pixels--) {
    Vector value[CHANNEL_VECTORS];

    finish_block (sums, bias, unit_shift, half, is_leaky, shift, value);
    if (n_channels == CHANNELS) {
      store_saturated (value, least, output);
    } else {
      gint8 block[CHANNELS];

      store_saturated (value, least, block);
      memcpy (output, block, n_channels);
    }
    sums += self->sums_stride;
    output += stride;
  }
}

static void
finish_row (const SwdpuTileFinish *self, const gint32 *sums, guint n_pixels,
    gint8 *output)
{
  if (!requantize_is_usual (&self->requantize))
    finish_sums (self, sums, n_pixels, output);
  else if (self->requantize.activation == PLAN_ACTIVATION_LEAKY_RELU)
    finish_usual (self, sums, n_pixels, TRUE, output);
  else
    finish_usual (self, sums, n_pixels, FALSE, output);
}

/* of a call; counts of bits to shift by */
typedef struct {
  __m128i left[2];
  __m128i right[2];
  Words half[2];
  Words least;
  Words half_unit;
  __m128i shift;
} AdditionConstants;

/* 16 bits hold all of it, see SwdpuTileAddition */
static inline __attribute__ ((always_inline)) void
add_words (const AdditionConstants *by, const gint8 *a, const gint8 *b,
    const gboolean is_shifted_right, gint8 *output)
{
  Words x = LOAD_WORDS (a), y = LOAD_WORDS (b);

  if (is_shifted_right) {
    x = SHIFT_RIGHT_16 (ADD_WORDS (x, by->half[0]), by->right[0]);
    y = SHIFT_RIGHT_16 (ADD_WORDS (y, by->half[1]), by->right[1]);
  }
  x = ADD_WORDS (
      SHIFT_LEFT_16 (x, by->left[0]), SHIFT_LEFT_16 (y, by->left[1]));
  x = ADD_WORDS (MAX_16 (x, by->least), by->half_unit);
  store_words (SHIFT_RIGHT_16 (x, by->shift), output);
}

static inline __attribute__ ((always_inline)) void
add_pixels (const SwdpuTileAddition *self, const gint8 *a, const gint8 *b,
    gsize channels, gsize n_pixels, const gboolean is_shifted_right,
    gint8 *output, gsize stride)
{
  const AdditionConstants by = {
    .left = { _mm_cvtsi32_si128 (self->left[0]),
        _mm_cvtsi32_si128 (self->left[1]) },
    .right = { _mm_cvtsi32_si128 (self->right[0]),
        _mm_cvtsi32_si128 (self->right[1]) },
    .half = { SET_16 (half_of (self->right[0])),
        SET_16 (half_of (self->right[1])) },
    .least = SET_16 (self->least),
    .half_unit = SET_16 (half_of (self->shift)),
    .shift = _mm_cvtsi32_si128 (self->shift),
  };

  for (; n_pixels > 0; n_pixels--) {
    gsize c = 0;

    for (; c + N_WORDS <= channels; c += N_WORDS)
      add_words (&by, a + c, b + c, is_shifted_right, output + c);
    if (c < channels)
      add_values (self, a + c, b + c, channels - c, output + c);
    a += channels;
    b += channels;
    output += stride;
  }
}

static void
add_tensors (const SwdpuTileAddition *self, const gint8 *a, const gint8 *b,
    gsize channels, gsize n_pixels, gint8 *output, gsize stride)
{
  if (stride == channels) {
    channels *= n_pixels;
    n_pixels = 1;
  }
  if (self->right[0] > 0 || self->right[1] > 0)
    add_pixels (self, a, b, channels, n_pixels, TRUE, output, stride);
  else
    add_pixels (self, a, b, channels, n_pixels, FALSE, output, stride);
}
