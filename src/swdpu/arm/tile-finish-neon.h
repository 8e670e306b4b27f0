/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What both levels of ARM do with the sums. */

#pragma once

#include "../tile-finish.h"

#include <arm_neon.h>
#include <string.h>

G_BEGIN_DECLS

/* of a call */
typedef struct {
  int32x4_t unit_shift;
  int32x4_t least;
  int32x4_t shift;
} FinishConstants;

/* Biases, activation and rounding of four channels, for the usual shifts: as
 * requantize_usual() does it. */
static inline __attribute__ ((always_inline)) int16x4_t
finish_four (const gint32 *sums, const gint32 *bias, const FinishConstants *by,
    gboolean is_leaky)
{
  int32x4_t value = vaddq_s32 (
      vshlq_s32 (vld1q_s32 (sums), by->unit_shift), vld1q_s32 (bias));

  value = vmaxq_s32 (value, by->least);
  if (is_leaky) {
    /* of a large positive one the product wraps around, but the shift makes it
     * less than the value itself all the same */
    int32x4_t slope =
        vmaxq_s32 (value, vdupq_n_s32 (G_MININT32 / SWDPU_LEAKY_NUMERATOR));

    slope = vshrq_n_s32 (
        vmulq_n_s32 (slope, SWDPU_LEAKY_NUMERATOR), SWDPU_LEAKY_SHIFT);
    value = vmaxq_s32 (value, slope);
  }
  /* rounds half up, and knows more than 32 bits while it does */
  return vqmovn_s32 (vrshlq_s32 (value, by->shift));
}

/* the sums of a pixel's channels from @c on, which is a multiple of four */
static inline const gint32 *
find_four (const SwdpuTileFinish *self, const gint32 *sums, guint c)
{
  return sums + c / CHANNELS * self->block_stride + c % CHANNELS;
}

static inline __attribute__ ((always_inline)) void
finish_usual (const SwdpuTileFinish *self, const gint32 *sums, guint n_pixels,
    gboolean is_leaky, gint8 *output)
{
  gint shift = self->requantize.fix_point - self->requantize.output_fix_point;
  gboolean is_relu = self->requantize.activation == PLAN_ACTIVATION_RELU;
  const FinishConstants by = { vdupq_n_s32 (g_bit_nth_lsf (self->unit, -1)),
    vdupq_n_s32 (is_relu ? 0 : G_MININT32), vdupq_n_s32 (-shift) };
  guint n = self->n_channels;

  for (; n_pixels > 0; n_pixels--) {
    guint c = 0;

    for (; c + 8 <= n; c += 8)
      vst1_s8 (output + c,
          vqmovn_s16 (vcombine_s16 (finish_four (find_four (self, sums, c),
                                        self->bias + c, &by, is_leaky),
              finish_four (find_four (self, sums, c + 4), self->bias + c + 4,
                  &by, is_leaky))));
    for (; c < n; c += 4) {
      int16x4_t four = finish_four (
          find_four (self, sums, c), self->bias + c, &by, is_leaky);
      gint8 bytes[8];

      vst1_s8 (bytes, vqmovn_s16 (vcombine_s16 (four, four)));
      memcpy (output + c, bytes, MIN (4, n - c));
    }
    sums += self->sums_stride;
    output += self->output_stride;
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

/* of a call; rounding shifts to the right are negative */
typedef struct {
  int16x8_t left[2];
  int16x8_t right[2];
  int16x8_t least;
  int16x8_t shift;
} AdditionConstants;

/* 16 bits hold all of it, see SwdpuTileAddition */
static inline __attribute__ ((always_inline)) void
add_eight (
    const AdditionConstants *by, const gint8 *a, const gint8 *b, gint8 *output)
{
  int16x8_t x = vrshlq_s16 (vmovl_s8 (vld1_s8 (a)), by->right[0]);
  int16x8_t y = vrshlq_s16 (vmovl_s8 (vld1_s8 (b)), by->right[1]);

  x = vaddq_s16 (vshlq_s16 (x, by->left[0]), vshlq_s16 (y, by->left[1]));
  x = vrshlq_s16 (vmaxq_s16 (x, by->least), by->shift);
  vst1_s8 (output, vqmovn_s16 (x));
}

static void
add_tensors (const SwdpuTileAddition *self, const gint8 *a, const gint8 *b,
    gsize channels, gsize n_pixels, gint8 *output, gsize stride)
{
  const AdditionConstants by = {
    .left = { vdupq_n_s16 (self->left[0]), vdupq_n_s16 (self->left[1]) },
    .right = { vdupq_n_s16 (-self->right[0]), vdupq_n_s16 (-self->right[1]) },
    .least = vdupq_n_s16 (self->least),
    .shift = vdupq_n_s16 (-self->shift),
  };

  if (stride == channels) {
    channels *= n_pixels;
    n_pixels = 1;
  }
  for (; n_pixels > 0; n_pixels--) {
    gsize c = 0;

    for (; c + 8 <= channels; c += 8)
      add_eight (&by, a + c, b + c, output + c);
    add_values (self, a + c, b + c, channels - c, output + c);
    a += channels;
    b += channels;
    output += stride;
  }
}

G_END_DECLS
