/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The row kernels in plain C, written so that compilers vectorise the loops
 * that do not gather, and the choice among all kernels. */

#include "rows.h"

#include <string.h>

/* samples that are made at a time; they fit into the first cache beside the
 * rows */
#define CHUNK 128

/* 10 bits in the lower ones of 16 */
static void
unpack_10_of_16 (
    guint8 *restrict levels, const guint8 *restrict source, guint n)
{
  gsize i;

  for (i = 0; i < n; i++)
    levels[i] = (guint8) (source[2 * i] >> 2 | source[2 * i + 1] << 6);
}

/* three times 10 bits in the lower ones of 32 */
static void
unpack_10_of_32 (
    guint8 *restrict levels, const guint8 *restrict source, guint n)
{
  gsize i;

  for (i = 0; i + 3 <= n; i += 3, source += 4) {
    guint32 word = letterbox_load_word (source);

    levels[i] = (guint8) (word >> 2);
    levels[i + 1] = (guint8) (word >> 12);
    levels[i + 2] = (guint8) (word >> 22);
  }
  if (i < n)
    levels[i] = (guint8) (letterbox_load_word (source) >> 2);
  if (i + 1 < n)
    levels[i + 1] = (guint8) (letterbox_load_word (source) >> 12);
}

static void
widen (gint16 *restrict row, const guint8 *restrict source, guint n)
{
  gsize i;

  for (i = 0; i < n; i++)
    row[i] = (gint16) (source[i] << LETTERBOX_SAMPLE_BITS);
}

static void
pick (gint16 *restrict row, const guint8 *restrict source,
    const guint32 *restrict offsets, guint n)
{
  gsize i;

  for (i = 0; i < n; i++)
    row[i] = (gint16) (source[offsets[i]] << LETTERBOX_SAMPLE_BITS);
}

/* Samples that lie in adjacent bytes are gathered with one load. A chunk is
 * gathered before it is interpolated, so that the arithmetic is left to a loop
 * that vectorises. */
static void
interpolate (gint16 *restrict row, const guint8 *restrict source,
    const guint32 *restrict offsets, const gint16 *restrict weights, guint step,
    guint n)
{
  const gint unit_bits = LETTERBOX_COLUMN_WEIGHT_BITS;
  guint16 pairs[CHUNK];
  gsize i;

  if (step == 1) {
    for (i = 0; i < n; i++)
      memcpy (&pairs[i], source + offsets[i], 2);
  } else {
    for (i = 0; i < n; i++)
      pairs[i] =
          GUINT16_TO_LE (source[offsets[i]] | source[offsets[i] + step] << 8);
  }
  for (i = 0; i < n; i++) {
    gint left = GUINT16_FROM_LE (pairs[i]) & 0xff;
    gint right = GUINT16_FROM_LE (pairs[i]) >> 8;

    row[i] = (gint16) (((left << unit_bits) + (right - left) * weights[i])
                       >> (unit_bits - LETTERBOX_SAMPLE_BITS));
  }
}

void
letterbox_resample_plain (
    gint16 *row, gsize stride, const guint8 *source, const LetterboxTaps *taps)
{
  gsize start;
  guint c;

  for (c = 0; c < taps->n_components; c++) {
    const guint8 *samples = source + taps->component_offsets[c];
    gint16 *outputs = row + c * stride;

    if (taps->is_contiguous) {
      widen (outputs, samples, taps->n);
    } else if (taps->kind == LETTERBOX_TAPS_NEAREST) {
      pick (outputs, samples, taps->offsets, taps->n);
    } else {
      for (start = 0; start < taps->n; start += CHUNK)
        interpolate (outputs + start, samples, taps->offsets + start,
            taps->weights + start, taps->step, MIN (taps->n - start, CHUNK));
    }
  }
}

/* upper half of the product: what SIMD units multiply fastest */
static inline gint16
multiply_high (gint16 a, gint16 b)
{
  return (gint16) (((gint32) a * b) >> 16);
}

static inline gint16
quantize (gint16 level, const LetterboxQuantizer *quantizer)
{
  gint16 sum = (gint16) (MIN (level, quantizer->ceiling) + quantizer->addend);

  return multiply_high ((gint16) (sum * 64), quantizer->multiplier);
}

/* sum and rounding are those of OpenCV's vertical pass for 8 bit; outputs lie
 * @step apart. GCC only trusts restrict in parameters. */
static inline void
blend_rows (gint8 *restrict output, guint step, const gint16 *restrict upper,
    const gint16 *restrict lower, gint16 upper_weight, gint16 lower_weight,
    const LetterboxQuantizer *quantizer_in, guint n)
{
  const LetterboxQuantizer quantizer = *quantizer_in;
  gsize x;

  for (x = 0; x < n; x++) {
    gint16 sum = (gint16) (multiply_high (upper[x], upper_weight)
                           + multiply_high (lower[x], lower_weight));
    gint16 level = (gint16) ((gint16) (sum + 2) >> 2);

    output[step * x] = (gint8) quantize (level, &quantizer);
  }
}

static void
blend (gint8 *output, const LetterboxBlend *blend,
    const LetterboxQuantizer *quantizer, guint n)
{
  blend_rows (output, 1, blend->rows[0], blend->rows[1], blend->weights[0],
      blend->weights[1], quantizer, n);
}

static void
blend_planes (gint8 *output, const LetterboxBlend *blend,
    const LetterboxQuantizer *quantizer, guint n)
{
  guint c;

  for (c = 0; c < 3; c++)
    blend_rows (output + c, 3, blend->rows[0] + c * blend->stride,
        blend->rows[1] + c * blend->stride, blend->weights[0],
        blend->weights[1], quantizer, n);
}

/* with rounding, as SIMD units do it in one step */
static inline gint16
multiply_round (gint16 a, gint16 b)
{
  return (gint16) (((gint32) a * b + (1 << 14)) >> 15);
}

static inline gint16
blend_sample (
    gint16 upper, gint16 lower, const gint16 *weights, gboolean is_single)
{
  if (is_single)
    return upper;
  return (gint16) (multiply_round (upper, weights[0])
                   + multiply_round (lower, weights[1]));
}

static inline gint16
round_level (gint sum)
{
  gint16 level = (gint16) ((gint16) sum >> LETTERBOX_COLOUR_SUM_BITS);

  return MAX (level, 0);
}

/* the last of the four bytes of a pixel is unused */
static inline void
convert_rows (guint32 *restrict pixels, const gint16 *restrict luma_upper,
    const gint16 *restrict luma_lower, const gint16 *restrict u_upper,
    const gint16 *restrict u_lower, const gint16 *restrict v_upper,
    const gint16 *restrict v_lower, const gint16 *luma_weights_in,
    const gint16 *chroma_weights_in, const LetterboxColour *colour_in,
    const LetterboxQuantizer *quantizer_in, guint n, gboolean is_single_luma,
    gboolean is_single_chroma)
{
  const gint16 luma_weights[2] = { luma_weights_in[0], luma_weights_in[1] };
  const gint16 chroma_weights[2] = { chroma_weights_in[0],
    chroma_weights_in[1] };
  const LetterboxColour colour = *colour_in;
  const LetterboxQuantizer quantizer = *quantizer_in;
  gsize x;

  for (x = 0; x < n; x++) {
    gint16 y = blend_sample (
        luma_upper[x], luma_lower[x], luma_weights, is_single_luma);
    gint16 u =
        blend_sample (u_upper[x], u_lower[x], chroma_weights, is_single_chroma);
    gint16 v =
        blend_sample (v_upper[x], v_lower[x], chroma_weights, is_single_chroma);
    gint16 light = multiply_round (y, colour.luma);
    gint16 first = round_level (
        light + multiply_round (v, colour.v_to_first) + colour.offset_first);
    gint16 second = round_level (light + multiply_round (u, colour.u_to_second)
                                 + multiply_round (v, colour.v_to_second)
                                 + colour.offset_second);
    gint16 third = round_level (
        light + multiply_round (u, colour.u_to_third) + colour.offset_third);

    first = quantize (first, &quantizer);
    second = quantize (second, &quantizer);
    third = quantize (third, &quantizer);
    pixels[x] = GUINT32_TO_LE (
        (guint8) first | (guint8) second << 8 | (guint8) third << 16);
  }
}

/* each store but the last writes one byte too many, which the next one
 * overwrites */
static void
pack (gint8 *output, const guint32 *pixels, guint n)
{
  gsize x;

  for (x = 0; x + 1 < n; x++)
    memcpy (output + 3 * x, &pixels[x], 4);
  memcpy (output + 3 * x, &pixels[x], 3);
}

static inline void
convert_and_pack (gint8 *output, const LetterboxBlend *luma,
    const LetterboxBlend *chroma, const LetterboxColour *colour,
    const LetterboxQuantizer *quantizer, guint n, gboolean is_single_luma,
    gboolean is_single_chroma)
{
  const gint16 *u[2] = { chroma->rows[0], chroma->rows[1] };
  const gint16 *v[2] = { u[0] + chroma->stride, u[1] + chroma->stride };
  guint32 pixels[CHUNK];
  gsize x;

  for (x = 0; x < n; x += CHUNK) {
    guint n_pixels = MIN (n - x, CHUNK);

    convert_rows (pixels, luma->rows[0] + x, luma->rows[1] + x, u[0] + x,
        u[1] + x, v[0] + x, v[1] + x, luma->weights, chroma->weights, colour,
        quantizer, n_pixels, is_single_luma, is_single_chroma);
    pack (output + 3 * x, pixels, n_pixels);
  }
}

static void
blend_convert (gint8 *output, const LetterboxBlend *luma,
    const LetterboxBlend *chroma, const LetterboxColour *colour,
    const LetterboxQuantizer *quantizer, guint n)
{
  gboolean is_single_luma = luma->weights[1] == 0;
  gboolean is_single_chroma = chroma->weights[1] == 0;

  if (is_single_luma && is_single_chroma)
    convert_and_pack (output, luma, chroma, colour, quantizer, n, TRUE, TRUE);
  else if (is_single_luma)
    convert_and_pack (output, luma, chroma, colour, quantizer, n, TRUE, FALSE);
  else if (is_single_chroma)
    convert_and_pack (output, luma, chroma, colour, quantizer, n, FALSE, TRUE);
  else
    convert_and_pack (output, luma, chroma, colour, quantizer, n, FALSE, FALSE);
}

static void
look_up (gint8 *levels, const gint8 *table, guint n)
{
  guint i;

  for (i = 0; i < n; i++)
    levels[i] = table[(guint8) levels[i]];
}

void
letterbox_kernels_init_plain (LetterboxKernels *kernels)
{
  *kernels = (LetterboxKernels){
    .unpack = { unpack_10_of_16, unpack_10_of_32 },
    .resample = letterbox_resample_plain,
    .blend = blend,
    .blend_planes = blend_planes,
    .blend_convert = blend_convert,
    .look_up = look_up,
  };
}
