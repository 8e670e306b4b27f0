/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The row kernels for AVX2. */

#include "letterbox/rows.h"

#include <immintrin.h>
#include <string.h>

#define ALWAYS_INLINE inline __attribute__ ((always_inline))

static ALWAYS_INLINE __m256i
load (const void *at)
{
  return _mm256_loadu_si256 (at);
}

/* the same 16 bytes in both lanes */
static ALWAYS_INLINE __m256i
load_twice (const void *at)
{
  return _mm256_broadcastsi128_si256 (_mm_loadu_si128 (at));
}

static ALWAYS_INLINE __m256i
load_lanes (const void *low, const void *high)
{
  return _mm256_inserti128_si256 (
      _mm256_castsi128_si256 (_mm_loadu_si128 (low)), _mm_loadu_si128 (high),
      1);
}

/* Sixteen outputs: of one component those of two windows, of two components
 * eight of each. With s = left + right and d = right - left, a sample is
 *   (left << 11 + d * w) >> 4 = 64 s + (128 d * 32 (w - 1024)) >> 16,
 * where no factor leaves 16 bits. */
static ALWAYS_INLINE __m256i
resample_16 (const guint8 *source, const guint32 *starts,
    const guint8 *controls, const gint16 *weights, guint n_windows,
    gboolean is_pair, gboolean is_nearest)
{
  const __m256i sum = _mm256_set1_epi16 (0x4040);
  const __m256i difference = _mm256_set1_epi16 (0x40c0);
  __m256i samples = _mm256_setzero_si256 ();
  __m256i d, w;
  guint k;

  for (k = 0; k < n_windows; k++) {
    __m256i window = is_pair ? load_twice (source + starts[k])
                             : load_lanes (source + starts[2 * k],
                                 source + starts[2 * k + 1]);
    __m256i found = _mm256_shuffle_epi8 (window, load (controls + 32 * k));

    samples = k == 0 ? found : _mm256_or_si256 (samples, found);
  }
  if (is_nearest)
    return _mm256_slli_epi16 (samples, LETTERBOX_SAMPLE_BITS);

  d = _mm256_maddubs_epi16 (samples, difference);
  w = is_pair ? load_twice (weights) : load (weights);
  return _mm256_add_epi16 (_mm256_maddubs_epi16 (samples, sum),
      _mm256_mulhi_epi16 (_mm256_add_epi16 (d, d), w));
}

static ALWAYS_INLINE void
resample_blocks (gint16 *row, gsize stride, const guint8 *source,
    const LetterboxTaps *taps, guint n_windows, gboolean is_pair,
    gboolean is_nearest)
{
  const guint n_starts = is_pair ? 1 : 2;
  gsize block;

  for (block = 0; block < taps->n_blocks; block++) {
    gsize window = block * n_windows;
    __m256i samples = resample_16 (source, taps->starts + window * n_starts,
        taps->controls + window * 32,
        taps->shuffle_weights + block * n_starts * 8, n_windows, is_pair,
        is_nearest);

    if (is_pair) {
      _mm_store_si128 (
          (__m128i *) (row + 8 * block), _mm256_castsi256_si128 (samples));
      _mm_store_si128 ((__m128i *) (row + stride + 8 * block),
          _mm256_extracti128_si256 (samples, 1));
    } else {
      _mm256_store_si256 ((__m256i *) (row + 16 * block), samples);
    }
  }
}

static ALWAYS_INLINE void
resample_windows (gint16 *row, gsize stride, const guint8 *source,
    const LetterboxTaps *taps, gboolean is_pair, gboolean is_nearest)
{
  switch (taps->n_windows) {
    case 1:
      resample_blocks (row, stride, source, taps, 1, is_pair, is_nearest);
      break;
    case 2:
      resample_blocks (row, stride, source, taps, 2, is_pair, is_nearest);
      break;
    case 3:
      resample_blocks (row, stride, source, taps, 3, is_pair, is_nearest);
      break;
    default:
      resample_blocks (
          row, stride, source, taps, taps->n_windows, is_pair, is_nearest);
      break;
  }
}

static void
resample (
    gint16 *row, gsize stride, const guint8 *source, const LetterboxTaps *taps)
{
  gboolean is_pair = taps->n_components == 2;

  if (taps->n_windows == 0)
    letterbox_resample_plain (row, stride, source, taps);
  else if (is_pair && taps->is_nearest)
    resample_windows (row, stride, source, taps, TRUE, TRUE);
  else if (is_pair)
    resample_windows (row, stride, source, taps, TRUE, FALSE);
  else if (taps->is_nearest)
    resample_windows (row, stride, source, taps, FALSE, TRUE);
  else
    resample_windows (row, stride, source, taps, FALSE, FALSE);
}

/* LetterboxQuantizer on bytes: its addend is half of what the shift drops, so
 *   (level + 2^(shift - 1)) >> shift = ((level >> (shift - 1)) + 1) >> 1,
 * the second half of which is an average with 0. Without a shift the average is
 * one with the level itself. */
typedef struct {
  __m256i ceiling;
  __m256i mask;
  __m256i self;
  __m128i shift;
} ByteQuantizer;

static ALWAYS_INLINE ByteQuantizer
make_byte_quantizer (const LetterboxQuantizer *quantizer)
{
  gint shift = 10 - __builtin_ctz (quantizer->multiplier);
  gint dropped = MAX (shift - 1, 0);
  ByteQuantizer bytes = {
    .ceiling = _mm256_set1_epi8 ((gchar) quantizer->ceiling),
    .mask = _mm256_set1_epi8 ((gchar) (0xff >> dropped)),
    .self = _mm256_set1_epi8 (shift == 0 ? -1 : 0),
    .shift = _mm_cvtsi32_si128 (dropped),
  };

  return bytes;
}

static ALWAYS_INLINE __m256i
quantize (__m256i levels, const ByteQuantizer *q)
{
  levels = _mm256_min_epu8 (levels, q->ceiling);
  levels = _mm256_and_si256 (_mm256_srl_epi16 (levels, q->shift), q->mask);
  return _mm256_avg_epu8 (levels, _mm256_and_si256 (levels, q->self));
}

/* 32 pixels; of @first_second each lane has eight of the first and the second
 * component, of @third eight of pixels 0 to 15 and of 16 to 31 */
static ALWAYS_INLINE void
store_pixels (gint8 *output, const __m256i first_second[2], __m256i third)
{
  const __m256i begin = _mm256_broadcastsi128_si256 (
      _mm_setr_epi8 (0, 8, -1, 1, 9, -1, 2, 10, -1, 3, 11, -1, 4, 12, -1, 5));
  const __m256i end = _mm256_broadcastsi128_si256 (_mm_setr_epi8 (
      13, -1, 6, 14, -1, 7, 15, -1, -1, -1, -1, -1, -1, -1, -1, -1));
  const __m256i third_begin[2] = {
    _mm256_broadcastsi128_si256 (_mm_setr_epi8 (
        -1, -1, 0, -1, -1, 1, -1, -1, 2, -1, -1, 3, -1, -1, 4, -1)),
    _mm256_broadcastsi128_si256 (_mm_setr_epi8 (
        -1, -1, 8, -1, -1, 9, -1, -1, 10, -1, -1, 11, -1, -1, 12, -1)),
  };
  const __m256i third_end[2] = {
    _mm256_broadcastsi128_si256 (_mm_setr_epi8 (
        -1, 5, -1, -1, 6, -1, -1, 7, -1, -1, -1, -1, -1, -1, -1, -1)),
    _mm256_broadcastsi128_si256 (_mm_setr_epi8 (
        -1, 13, -1, -1, 14, -1, -1, 15, -1, -1, -1, -1, -1, -1, -1, -1)),
  };
  guint i;

  for (i = 0; i < 2; i++, output += 48) {
    __m256i head =
        _mm256_or_si256 (_mm256_shuffle_epi8 (first_second[i], begin),
            _mm256_shuffle_epi8 (third, third_begin[i]));
    __m256i tail = _mm256_or_si256 (_mm256_shuffle_epi8 (first_second[i], end),
        _mm256_shuffle_epi8 (third, third_end[i]));

    _mm_storeu_si128 ((__m128i *) output, _mm256_castsi256_si128 (head));
    _mm_storel_epi64 ((__m128i *) (output + 16), _mm256_castsi256_si128 (tail));
    _mm_storeu_si128 (
        (__m128i *) (output + 24), _mm256_extracti128_si256 (head, 1));
    _mm_storel_epi64 (
        (__m128i *) (output + 40), _mm256_extracti128_si256 (tail, 1));
  }
}

static ALWAYS_INLINE void
quantize_and_store (gint8 *output, const __m256i first[2],
    const __m256i second[2], const __m256i third[2], const ByteQuantizer *q)
{
  __m256i first_second[2] = {
    quantize (_mm256_packus_epi16 (first[0], second[0]), q),
    quantize (_mm256_packus_epi16 (first[1], second[1]), q),
  };

  store_pixels (output, first_second,
      quantize (_mm256_packus_epi16 (third[0], third[1]), q));
}

static ALWAYS_INLINE __m256i
multiply (__m256i samples, gint16 factor)
{
  return _mm256_mulhi_epi16 (samples, _mm256_set1_epi16 (factor));
}

static ALWAYS_INLINE __m256i
add (__m256i samples, gint16 addend)
{
  return _mm256_add_epi16 (samples, _mm256_set1_epi16 (addend));
}

static ALWAYS_INLINE __m256i
multiply_round (__m256i samples, gint16 factor)
{
  return _mm256_mulhrs_epi16 (samples, _mm256_set1_epi16 (factor));
}

static ALWAYS_INLINE __m256i
blend_samples (const LetterboxBlend *blend, gsize at, gboolean is_single)
{
  __m256i upper = load (blend->rows[0] + at);

  if (is_single)
    return upper;
  return _mm256_add_epi16 (multiply_round (upper, blend->weights[0]),
      multiply_round (load (blend->rows[1] + at), blend->weights[1]));
}

static ALWAYS_INLINE void
convert_32 (gint8 *output, gsize x, const LetterboxBlend *luma,
    const LetterboxBlend *chroma, const LetterboxColour *colour,
    const ByteQuantizer *q, gboolean is_single_luma, gboolean is_single_chroma)
{
  __m256i first[2], second[2], third[2];
  guint i;

  for (i = 0; i < 2; i++, x += 16) {
    __m256i y = blend_samples (luma, x, is_single_luma);
    __m256i u = blend_samples (chroma, x, is_single_chroma);
    __m256i v = blend_samples (chroma, x + chroma->stride, is_single_chroma);
    __m256i light = multiply_round (y, colour->luma);

    first[i] = _mm256_add_epi16 (add (light, colour->offset_first),
        multiply_round (v, colour->v_to_first));
    second[i] = _mm256_add_epi16 (add (light, colour->offset_second),
        _mm256_add_epi16 (multiply_round (u, colour->u_to_second),
            multiply_round (v, colour->v_to_second)));
    third[i] = _mm256_add_epi16 (add (light, colour->offset_third),
        multiply_round (u, colour->u_to_third));
    first[i] = _mm256_srai_epi16 (first[i], LETTERBOX_COLOUR_SUM_BITS);
    second[i] = _mm256_srai_epi16 (second[i], LETTERBOX_COLOUR_SUM_BITS);
    third[i] = _mm256_srai_epi16 (third[i], LETTERBOX_COLOUR_SUM_BITS);
  }
  quantize_and_store (output, first, second, third, q);
}

static ALWAYS_INLINE void
convert_row (gint8 *output, const LetterboxBlend *luma,
    const LetterboxBlend *chroma, const LetterboxColour *colour_in,
    const ByteQuantizer *q, guint n, gboolean is_single_luma,
    gboolean is_single_chroma)
{
  const LetterboxColour colour = *colour_in;
  gint8 last[96];
  gsize x;

  for (x = 0; x + 32 <= n; x += 32)
    convert_32 (output + 3 * x, x, luma, chroma, &colour, q, is_single_luma,
        is_single_chroma);
  if (x < n) {
    convert_32 (
        last, x, luma, chroma, &colour, q, is_single_luma, is_single_chroma);
    memcpy (output + 3 * x, last, 3 * (n - x));
  }
}

static void
blend_convert (gint8 *output, const LetterboxBlend *luma,
    const LetterboxBlend *chroma, const LetterboxColour *colour,
    const LetterboxQuantizer *quantizer, guint n)
{
  ByteQuantizer q = make_byte_quantizer (quantizer);
  gboolean is_single_luma = luma->weights[1] == 0;
  gboolean is_single_chroma = chroma->weights[1] == 0;

  if (is_single_luma && is_single_chroma)
    convert_row (output, luma, chroma, colour, &q, n, TRUE, TRUE);
  else if (is_single_luma)
    convert_row (output, luma, chroma, colour, &q, n, TRUE, FALSE);
  else if (is_single_chroma)
    convert_row (output, luma, chroma, colour, &q, n, FALSE, TRUE);
  else
    convert_row (output, luma, chroma, colour, &q, n, FALSE, FALSE);
}

/* of RGB, levels */
static ALWAYS_INLINE __m256i
blend_levels (const LetterboxBlend *blend, gsize at)
{
  __m256i sum = _mm256_add_epi16 (
      multiply (load (blend->rows[0] + at), blend->weights[0]),
      multiply (load (blend->rows[1] + at), blend->weights[1]));

  return _mm256_srai_epi16 (add (sum, 2), 2);
}

static ALWAYS_INLINE __m256i
blend_32 (const LetterboxBlend *blend, gsize x, const ByteQuantizer *q)
{
  __m256i levels = _mm256_packus_epi16 (
      blend_levels (blend, x), blend_levels (blend, x + 16));

  return quantize (_mm256_permute4x64_epi64 (levels, 0xd8), q);
}

static void
blend (gint8 *output, const LetterboxBlend *blend_in,
    const LetterboxQuantizer *quantizer, guint n)
{
  const LetterboxBlend blend = *blend_in;
  ByteQuantizer q = make_byte_quantizer (quantizer);
  gint8 last[32];
  gsize x;

  for (x = 0; x + 32 <= n; x += 32)
    _mm256_storeu_si256 ((__m256i *) (output + x), blend_32 (&blend, x, &q));
  if (x < n) {
    _mm256_storeu_si256 ((__m256i *) last, blend_32 (&blend, x, &q));
    memcpy (output + x, last, n - x);
  }
}

static ALWAYS_INLINE void
blend_planes_32 (
    gint8 *output, const LetterboxBlend *blend, gsize x, const ByteQuantizer *q)
{
  __m256i components[3][2];
  guint c;

  for (c = 0; c < 3; c++) {
    components[c][0] = blend_levels (blend, x + c * blend->stride);
    components[c][1] = blend_levels (blend, x + c * blend->stride + 16);
  }
  quantize_and_store (output, components[0], components[1], components[2], q);
}

static void
blend_planes (gint8 *output, const LetterboxBlend *blend_in,
    const LetterboxQuantizer *quantizer, guint n)
{
  const LetterboxBlend blend = *blend_in;
  ByteQuantizer q = make_byte_quantizer (quantizer);
  gint8 last[96];
  gsize x;

  for (x = 0; x + 32 <= n; x += 32)
    blend_planes_32 (output + 3 * x, &blend, x, &q);
  if (x < n) {
    blend_planes_32 (last, &blend, x, &q);
    memcpy (output + 3 * x, last, 3 * (n - x));
  }
}

void
letterbox_kernels_init_avx2 (LetterboxKernels *kernels)
{
  kernels->shuffle = (LetterboxShuffle){
    .window_size = 16,
    .n_octets = 2,
    .alternates = TRUE,
    .weight_bias = 1024,
    .weight_shift = 5,
  };
  kernels->resample = resample;
  kernels->blend = blend;
  kernels->blend_planes = blend_planes;
  kernels->blend_convert = blend_convert;
}
