/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The row kernels for SSSE3. Formulas are explained in rows-avx2.c, which does
 * the same on vectors of twice the size. */

#include "letterbox/rows.h"

#include <string.h>
#include <tmmintrin.h>

/* what a blended level of RGB has below it */
#define RGB_SUM_BITS 2

#define ALWAYS_INLINE inline __attribute__ ((always_inline))

static ALWAYS_INLINE __m128i
load (const void *at)
{
  return _mm_loadu_si128 (at);
}

static ALWAYS_INLINE void
store (void *at, __m128i value)
{
  _mm_storeu_si128 (at, value);
}

static void
unpack_10_of_16 (guint8 *levels, const guint8 *source, guint n)
{
  const __m128i mask = _mm_set1_epi16 (0xff);
  gsize i;

  for (i = 0; i + 16 <= n; i += 16) {
    __m128i low = _mm_srli_epi16 (load (source + 2 * i), 2);
    __m128i high = _mm_srli_epi16 (load (source + 2 * i + 16), 2);

    store (levels + i, _mm_packus_epi16 (_mm_and_si128 (low, mask),
                           _mm_and_si128 (high, mask)));
  }
  for (; i < n; i++)
    levels[i] = (guint8) (source[2 * i] >> 2 | source[2 * i + 1] << 6);
}

/* Twelve samples of four words: the two bytes that hold each of them, shifted
 * down by 2, 4 or 6 by taking the upper half of a product. */
static ALWAYS_INLINE __m128i
unpack_four_words (__m128i words)
{
  const __m128i mask = _mm_set1_epi16 (0xff);
  const __m128i low_bytes =
      _mm_setr_epi8 (0, 1, 1, 2, 2, 3, 4, 5, 5, 6, 6, 7, 8, 9, 9, 10);
  const __m128i high_bytes = _mm_setr_epi8 (
      10, 11, 12, 13, 13, 14, 14, 15, -1, -1, -1, -1, -1, -1, -1, -1);
  const __m128i low_shifts = _mm_setr_epi16 (
      1 << 14, 1 << 12, 1 << 10, 1 << 14, 1 << 12, 1 << 10, 1 << 14, 1 << 12);
  const __m128i high_shifts =
      _mm_setr_epi16 (1 << 10, 1 << 14, 1 << 12, 1 << 10, 0, 0, 0, 0);
  __m128i low =
      _mm_mulhi_epu16 (_mm_shuffle_epi8 (words, low_bytes), low_shifts);
  __m128i high =
      _mm_mulhi_epu16 (_mm_shuffle_epi8 (words, high_bytes), high_shifts);

  return _mm_packus_epi16 (
      _mm_and_si128 (low, mask), _mm_and_si128 (high, mask));
}

/* a store writes four bytes too many, which the next one overwrites */
static void
unpack_10_of_32 (guint8 *levels, const guint8 *source, guint n)
{
  gsize i;

  for (i = 0; i + 16 <= n; i += 12)
    store (levels + i, unpack_four_words (load (source + i / 3 * 4)));
  for (; i < n; i++)
    levels[i] = (guint8) (letterbox_load_word (source + i / 3 * 4)
                          >> (2 + 10 * (i % 3)));
}

static ALWAYS_INLINE __m128i
find_samples (const guint8 *source, const guint32 *starts, guint n_starts,
    const guint8 *controls, guint n_windows)
{
  __m128i samples = _mm_setzero_si128 ();
  guint k;

  for (k = 0; k < n_windows; k++) {
    __m128i found = _mm_shuffle_epi8 (
        load (source + starts[n_starts * k]), load (controls + 32 * k));

    samples = k == 0 ? found : _mm_or_si128 (samples, found);
  }

  return samples;
}

static ALWAYS_INLINE __m128i
interpolate (__m128i samples, const guint8 *weights, LetterboxTapsKind kind)
{
  const __m128i sum = _mm_set1_epi16 (0x4040);
  const __m128i difference = _mm_set1_epi16 (0x40c0);
  __m128i d;

  if (kind == LETTERBOX_TAPS_NEAREST)
    return _mm_slli_epi16 (samples, LETTERBOX_SAMPLE_BITS);
  if (kind == LETTERBOX_TAPS_COARSE)
    return _mm_slli_epi16 (_mm_maddubs_epi16 (samples, load (weights)), 1);

  d = _mm_maddubs_epi16 (samples, difference);
  return _mm_add_epi16 (_mm_maddubs_epi16 (samples, sum),
      _mm_mulhi_epi16 (_mm_add_epi16 (d, d), load (weights)));
}

static ALWAYS_INLINE void
resample_blocks (gint16 *row, gsize stride, const guint8 *source,
    const LetterboxTaps *taps, guint n_windows, gboolean is_pair,
    LetterboxTapsKind kind)
{
  const guint n_starts = is_pair ? 1 : 2;
  /* where the second octet goes */
  const gsize second = is_pair ? stride : 8;
  const guint32 *starts = taps->starts;
  const guint8 *controls = taps->controls;
  const guint8 *weights = taps->shuffle_weights;
  guint n_blocks = taps->n_blocks;

  for (; n_blocks > 0; n_blocks--) {
    __m128i low = find_samples (source, starts, n_starts, controls, n_windows);
    __m128i high = find_samples (
        source, starts + n_starts - 1, n_starts, controls + 16, n_windows);

    store (row, interpolate (low, weights, kind));
    store (
        row + second, interpolate (high, weights + 16 * (n_starts - 1), kind));
    row += 8 * n_starts;
    starts += n_windows * n_starts;
    controls += n_windows * 32;
    weights += n_starts * 16;
  }
}

typedef struct {
  __m128i shift;
  __m128i greatest;
  gint16 addend;
} Rounding;

static ALWAYS_INLINE Rounding
make_rounding (const LetterboxQuantizer *quantizer, guint bits)
{
  gint shift = 10 - __builtin_ctz (quantizer->multiplier);
  gint greatest = (quantizer->ceiling + quantizer->addend) >> shift;
  Rounding rounding = {
    .shift = _mm_cvtsi32_si128 (shift + (gint) bits),
    .greatest = _mm_set1_epi8 ((gchar) greatest),
    .addend = (gint16) (quantizer->addend * (1 << bits)),
  };

  return rounding;
}

/* two vectors of sums; packing clamps to 0 */
static ALWAYS_INLINE __m128i
quantize (__m128i low, __m128i high, const Rounding *rounding)
{
  return _mm_min_epu8 (_mm_packus_epi16 (_mm_sra_epi16 (low, rounding->shift),
                           _mm_sra_epi16 (high, rounding->shift)),
      rounding->greatest);
}

/* 16 pixels of which the components come in eights */
static ALWAYS_INLINE void
quantize_and_store (gint8 *output, const __m128i first[2],
    const __m128i second[2], const __m128i third[2], const Rounding *rounding)
{
  const __m128i begin =
      _mm_setr_epi8 (0, 8, -1, 1, 9, -1, 2, 10, -1, 3, 11, -1, 4, 12, -1, 5);
  const __m128i end = _mm_setr_epi8 (
      13, -1, 6, 14, -1, 7, 15, -1, -1, -1, -1, -1, -1, -1, -1, -1);
  const __m128i third_begin[2] = {
    _mm_setr_epi8 (-1, -1, 0, -1, -1, 1, -1, -1, 2, -1, -1, 3, -1, -1, 4, -1),
    _mm_setr_epi8 (
        -1, -1, 8, -1, -1, 9, -1, -1, 10, -1, -1, 11, -1, -1, 12, -1),
  };
  const __m128i third_end[2] = {
    _mm_setr_epi8 (-1, 5, -1, -1, 6, -1, -1, 7, -1, -1, -1, -1, -1, -1, -1, -1),
    _mm_setr_epi8 (
        -1, 13, -1, -1, 14, -1, -1, 15, -1, -1, -1, -1, -1, -1, -1, -1),
  };
  __m128i thirds = quantize (third[0], third[1], rounding);
  guint i;

  for (i = 0; i < 2; i++, output += 24) {
    __m128i first_second = quantize (first[i], second[i], rounding);

    store (output, _mm_or_si128 (_mm_shuffle_epi8 (first_second, begin),
                       _mm_shuffle_epi8 (thirds, third_begin[i])));
    _mm_storel_epi64 ((__m128i *) (output + 16),
        _mm_or_si128 (_mm_shuffle_epi8 (first_second, end),
            _mm_shuffle_epi8 (thirds, third_end[i])));
  }
}

static ALWAYS_INLINE __m128i
multiply (__m128i samples, gint16 factor)
{
  return _mm_mulhi_epi16 (samples, _mm_set1_epi16 (factor));
}

static ALWAYS_INLINE __m128i
add (__m128i samples, gint16 addend)
{
  return _mm_add_epi16 (samples, _mm_set1_epi16 (addend));
}

static ALWAYS_INLINE __m128i
multiply_round (__m128i samples, gint16 factor)
{
  return _mm_mulhrs_epi16 (samples, _mm_set1_epi16 (factor));
}

static ALWAYS_INLINE __m128i
blend_samples (const LetterboxBlend *blend, gsize at, gboolean is_single)
{
  __m128i upper = load (blend->rows[0] + at);

  if (is_single)
    return upper;
  return _mm_add_epi16 (multiply_round (upper, blend->weights[0]),
      multiply_round (load (blend->rows[1] + at), blend->weights[1]));
}

static ALWAYS_INLINE void
convert_pixels (gint8 *output, gsize x, const LetterboxBlend *luma,
    const LetterboxBlend *chroma, const LetterboxColour *colour,
    const Rounding *rounding, gboolean is_single_luma,
    gboolean is_single_chroma)
{
  __m128i first[2], second[2], third[2];
  guint i;

  for (i = 0; i < 2; i++, x += 8) {
    __m128i y = blend_samples (luma, x, is_single_luma);
    __m128i u = blend_samples (chroma, x, is_single_chroma);
    __m128i v = blend_samples (chroma, x + chroma->stride, is_single_chroma);
    __m128i light = multiply_round (y, colour->luma);

    first[i] = _mm_add_epi16 (add (light, colour->offset_first),
        multiply_round (v, colour->v_to_first));
    second[i] = _mm_add_epi16 (add (light, colour->offset_second),
        _mm_add_epi16 (multiply_round (u, colour->u_to_second),
            multiply_round (v, colour->v_to_second)));
    third[i] = _mm_add_epi16 (add (light, colour->offset_third),
        multiply_round (u, colour->u_to_third));
  }
  quantize_and_store (output, first, second, third, rounding);
}

static ALWAYS_INLINE __m128i
blend_sums (const LetterboxBlend *blend, gsize at, const Rounding *rounding,
    gboolean is_single)
{
  __m128i sum = multiply (load (blend->rows[0] + at), blend->weights[0]);

  if (!is_single)
    sum = _mm_add_epi16 (
        sum, multiply (load (blend->rows[1] + at), blend->weights[1]));

  return add (sum, 2 + rounding->addend);
}

static ALWAYS_INLINE __m128i
blend_pixels (const LetterboxBlend *blend, gsize x, const Rounding *rounding,
    gboolean is_single)
{
  __m128i bytes = quantize (blend_sums (blend, x, rounding, is_single),
      blend_sums (blend, x + 8, rounding, is_single), rounding);

  return bytes;
}

static ALWAYS_INLINE void
blend_planes_pixels (gint8 *output, const LetterboxBlend *blend, gsize x,
    const Rounding *rounding)
{
  __m128i components[3][2];
  guint c;

  for (c = 0; c < 3; c++) {
    components[c][0] =
        blend_sums (blend, x + c * blend->stride, rounding, FALSE);
    components[c][1] =
        blend_sums (blend, x + c * blend->stride + 8, rounding, FALSE);
  }
  quantize_and_store (
      output, components[0], components[1], components[2], rounding);
}

/* pixels that are worked on together */
#define N_PIXELS 16
#include "letterbox/x86/rows-loops.h"

void
letterbox_kernels_init_ssse3 (LetterboxKernels *kernels)
{
  kernels->shuffle = (LetterboxShuffle){
    .window_size = 16,
    .n_octets = 2,
    .alternates = TRUE,
    .weight_bias = 1024,
    .weight_shift = 5,
    .weight_unit = 64,
  };
  kernels->unpack[LETTERBOX_UNPACK_10_OF_16] = unpack_10_of_16;
  kernels->unpack[LETTERBOX_UNPACK_10_OF_32] = unpack_10_of_32;
  kernels->resample = resample;
  kernels->blend = blend;
  kernels->blend_planes = blend_planes;
  kernels->blend_convert = blend_convert;
}
