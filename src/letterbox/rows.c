/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The row kernels in plain C, written so that compilers vectorise the loops
 * that do not gather. */

#include "rows.h"

#include <string.h>

/* samples gathered at a time; they fit into the first cache beside the rows */
#define GATHER_CHUNK 128

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
    guint32 word = GST_READ_UINT32_LE (source);

    levels[i] = (guint8) (word >> 2);
    levels[i + 1] = (guint8) (word >> 12);
    levels[i + 2] = (guint8) (word >> 22);
  }
  if (i < n)
    levels[i] = (guint8) (GST_READ_UINT32_LE (source) >> 2);
  if (i + 1 < n)
    levels[i + 1] = (guint8) (GST_READ_UINT32_LE (source) >> 12);
}

/* upper half of the product: what SIMD units multiply fastest */
static inline gint16
multiply_high (gint16 a, gint16 b)
{
  return (gint16) (((gint32) a * b) >> 16);
}

static inline gint16
interpolate (gint16 left, gint16 right, gint16 weight)
{
  const gint unit_bits = LETTERBOX_COLUMN_WEIGHT_BITS;

  return (gint16) ((((gint32) left << unit_bits)
                       + (gint32) (gint16) (right - left) * weight)
                   >> (unit_bits - LETTERBOX_SAMPLE_BITS));
}

static inline gint16
interpolate_at (const guint8 *left, guint step, gint16 weight)
{
  return interpolate (left[0], left[step], weight);
}

/* neighbours that lie in adjacent bytes are gathered with one load, a chunk of
 * them at a time, so that the arithmetic is left to a loop that vectorises */
static void
resample_adjacent (gint16 *restrict row, const guint8 *restrict source,
    const LetterboxColumns *columns)
{
  guint16 pairs[GATHER_CHUNK];
  gsize start, i;

  for (start = 0; start < columns->n_columns; start += GATHER_CHUNK) {
    const guint32 *restrict offsets = columns->offsets + start;
    const gint16 *restrict weights = columns->weights + start;
    gsize n = MIN (columns->n_columns - start, GATHER_CHUNK);

    for (i = 0; i < n; i++)
      memcpy (&pairs[i], source + offsets[i], 2);
    for (i = 0; i < n; i++) {
      guint16 pair = GUINT16_FROM_LE (pairs[i]);

      row[start + i] = interpolate (pair & 0xff, pair >> 8, weights[i]);
    }
  }
}

/* the same for two components that alternate, as chroma does in NV12 */
static void
resample_alternating (gint16 *restrict even_row, gint16 *restrict odd_row,
    const guint8 *restrict source, const LetterboxColumns *columns)
{
  guint32 quads[GATHER_CHUNK];
  gsize start, i;

  for (start = 0; start < columns->n_columns; start += GATHER_CHUNK) {
    const guint32 *restrict offsets = columns->offsets + start;
    const gint16 *restrict weights = columns->weights + start;
    gsize n = MIN (columns->n_columns - start, GATHER_CHUNK);

    for (i = 0; i < n; i++)
      memcpy (&quads[i], source + offsets[i], 4);
    for (i = 0; i < n; i++) {
      guint32 quad = GUINT32_FROM_LE (quads[i]);
      guint16 left = (guint16) quad;
      guint16 right = (guint16) (quad >> 16);

      even_row[start + i] = interpolate (left & 0xff, right & 0xff, weights[i]);
      odd_row[start + i] = interpolate (left >> 8, right >> 8, weights[i]);
    }
  }
}

static void
resample_1 (gint16 *row, const guint8 *const *components,
    const LetterboxColumns *columns)
{
  const guint8 *source = components[0];
  const guint32 *offsets = columns->offsets;
  const gint16 *weights = columns->weights;
  const guint step = columns->step;
  const guint n = columns->n_columns;
  gsize x;

  if (step == 1) {
    resample_adjacent (row, source, columns);
    return;
  }
  for (x = 0; x < n; x++)
    row[x] = interpolate_at (source + offsets[x], step, weights[x]);
}

static void
resample_2 (gint16 *row, const guint8 *const *components,
    const LetterboxColumns *columns)
{
  const guint8 *first = components[0];
  const guint8 *second = components[1];
  const guint32 *offsets = columns->offsets;
  const gint16 *weights = columns->weights;
  const guint step = columns->step;
  const guint n = columns->n_columns;
  gsize x;

  if (step == 1) {
    resample_adjacent (row, first, columns);
    resample_adjacent (row + n, second, columns);
  } else if (step == 2 && second == first + 1) {
    resample_alternating (row, row + n, first, columns);
  } else if (step == 2 && first == second + 1) {
    resample_alternating (row + n, row, second, columns);
  } else {
    for (x = 0; x < n; x++) {
      row[x] = interpolate_at (first + offsets[x], step, weights[x]);
      row[n + x] = interpolate_at (second + offsets[x], step, weights[x]);
    }
  }
}

static void
resample_3 (gint16 *row, const guint8 *const *components,
    const LetterboxColumns *columns)
{
  const guint8 *first = components[0];
  const guint8 *second = components[1];
  const guint8 *third = components[2];
  const guint32 *offsets = columns->offsets;
  const gint16 *weights = columns->weights;
  const guint step = columns->step;
  const guint n = columns->n_columns;
  gsize x;

  for (x = 0; x < n; x++) {
    row[3 * x] = interpolate_at (first + offsets[x], step, weights[x]);
    row[3 * x + 1] = interpolate_at (second + offsets[x], step, weights[x]);
    row[3 * x + 2] = interpolate_at (third + offsets[x], step, weights[x]);
  }
}

static inline void
copy_strided (gint16 *restrict row, guint row_stride,
    const guint8 *restrict source, guint pixel_stride, guint n)
{
  gsize x;

  for (x = 0; x < n; x++)
    row[x * row_stride] =
        (gint16) (source[x * pixel_stride] << LETTERBOX_SAMPLE_BITS);
}

/* constant strides let the compiler vectorise */
static void
copy_planar (gint16 *row, const guint8 *source, guint pixel_stride, guint n)
{
  switch (pixel_stride) {
    case 1:
      copy_strided (row, 1, source, 1, n);
      break;
    case 2:
      copy_strided (row, 1, source, 2, n);
      break;
    default:
      copy_strided (row, 1, source, pixel_stride, n);
      break;
  }
}

static void
copy_1 (gint16 *row, const guint8 *const *components,
    const LetterboxColumns *columns)
{
  copy_planar (row, components[0], columns->pixel_stride, columns->n_columns);
}

static void
copy_2 (gint16 *row, const guint8 *const *components,
    const LetterboxColumns *columns)
{
  guint n = columns->n_columns;

  copy_planar (row, components[0], columns->pixel_stride, n);
  copy_planar (row + n, components[1], columns->pixel_stride, n);
}

static void
copy_3 (gint16 *row, const guint8 *const *components,
    const LetterboxColumns *columns)
{
  guint n = columns->n_columns;
  guint c;

  if (columns->pixel_stride == 3 && components[1] == components[0] + 1
      && components[2] == components[0] + 2) {
    copy_strided (row, 1, components[0], 1, 3 * n);
    return;
  }
  for (c = 0; c < 3; c++)
    copy_strided (row + c, 3, components[c], columns->pixel_stride, n);
}

static inline gint16
quantize (gint16 level, const LetterboxQuantizer *quantizer)
{
  gint16 sum = (gint16) (MIN (level, quantizer->ceiling) + quantizer->addend);

  return multiply_high ((gint16) (sum * 64), quantizer->multiplier);
}

/* sum and rounding are those of OpenCV's vertical pass for 8 bit */
static void
blend (gint8 *output, const LetterboxBlend *blend,
    const LetterboxQuantizer *quantizer_in, guint n)
{
  const gint16 *restrict upper = blend->rows[0];
  const gint16 *restrict lower = blend->rows[1];
  const gint16 upper_weight = blend->weights[0];
  const gint16 lower_weight = blend->weights[1];
  const LetterboxQuantizer quantizer = *quantizer_in;
  gint8 *restrict out = output;
  gsize x;

  for (x = 0; x < n; x++) {
    gint16 sum = (gint16) (multiply_high (upper[x], upper_weight)
                           + multiply_high (lower[x], lower_weight));
    gint16 level = (gint16) ((gint16) (sum + 2) >> 2);

    out[x] = (gint8) quantize (level, &quantizer);
  }
}

/* level * 2^5 */
static inline gint16
blend_sample (gint16 upper, gint16 lower, const gint16 *weights)
{
  return (gint16) (multiply_high (upper, weights[0])
                   + multiply_high (lower, weights[1]));
}

static inline gint16
round_level (gint sum)
{
  gint16 level = (gint16) ((gint16) sum >> LETTERBOX_COLOUR_SUM_BITS);

  return MAX (level, 0);
}

/* GCC only trusts restrict in parameters */
static inline void
blend_convert_rows (guint32 *restrict pixels, const gint16 *restrict luma_upper,
    const gint16 *restrict luma_lower, const gint16 *restrict u_upper,
    const gint16 *restrict u_lower, const gint16 *restrict v_upper,
    const gint16 *restrict v_lower, const gint16 *luma_weights_in,
    const gint16 *chroma_weights_in, const LetterboxColour *colour_in,
    const LetterboxQuantizer *quantizer_in, guint n)
{
  const gint16 luma_weights[2] = { luma_weights_in[0], luma_weights_in[1] };
  const gint16 chroma_weights[2] = { chroma_weights_in[0],
    chroma_weights_in[1] };
  const LetterboxColour colour = *colour_in;
  const LetterboxQuantizer quantizer = *quantizer_in;
  gsize x;

  for (x = 0; x < n; x++) {
    gint16 y = blend_sample (luma_upper[x], luma_lower[x], luma_weights);
    gint16 u = blend_sample (u_upper[x], u_lower[x], chroma_weights);
    gint16 v = blend_sample (v_upper[x], v_lower[x], chroma_weights);
    gint16 light, first, second, third;

    y = (gint16) (y << 2);
    u = (gint16) ((gint16) (u - colour.chroma_zero) * 8);
    v = (gint16) ((gint16) (v - colour.chroma_zero) * 8);

    light = multiply_high (y, colour.luma);
    first = round_level (
        light + multiply_high (v, colour.v_to_first) + colour.offset_first);
    second = round_level (light + multiply_high (u, colour.u_to_second)
                          + multiply_high (v, colour.v_to_second)
                          + colour.offset_second);
    third = round_level (
        light + multiply_high (u, colour.u_to_third) + colour.offset_third);

    first = quantize (first, &quantizer);
    second = quantize (second, &quantizer);
    third = quantize (third, &quantizer);
    pixels[x] = GUINT32_TO_LE (
        (guint8) first | (guint8) second << 8 | (guint8) third << 16);
  }
}

static void
blend_convert (guint32 *pixels, const LetterboxBlend *luma,
    const LetterboxBlend *chroma, const LetterboxColour *colour,
    const LetterboxQuantizer *quantizer, guint n)
{
  blend_convert_rows (pixels, luma->rows[0], luma->rows[1], chroma->rows[0],
      chroma->rows[1], chroma->rows[0] + n, chroma->rows[1] + n, luma->weights,
      chroma->weights, colour, quantizer, n);
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

static void
look_up (gint8 *levels, const gint8 *table, guint n)
{
  guint i;

  for (i = 0; i < n; i++)
    levels[i] = table[(guint8) levels[i]];
}

static const LetterboxKernels plain_kernels = {
  .unpack = { unpack_10_of_16, unpack_10_of_32 },
  .resample = { resample_1, resample_2, resample_3 },
  .copy = { copy_1, copy_2, copy_3 },
  .blend = blend,
  .blend_convert = blend_convert,
  .pack = pack,
  .look_up = look_up,
};

/* the fastest kernels this processor runs */
const LetterboxKernels *
letterbox_kernels_get (void)
{
  return &plain_kernels;
}
