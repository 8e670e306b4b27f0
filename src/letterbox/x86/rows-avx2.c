/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The row kernels for AVX2. */

#include "letterbox/rows.h"

#include <immintrin.h>
#include <string.h>

/* what a blended level of RGB has below it */
#define RGB_SUM_BITS 2

#define ALWAYS_INLINE inline __attribute__ ((always_inline))

static ALWAYS_INLINE __m256i
load (const void *at)
{
  return _mm256_loadu_si256 (at);
}

static ALWAYS_INLINE void
store (void *at, __m256i value)
{
  _mm256_storeu_si256 (at, value);
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

/* With s = left + right and d = right - left, a sample is
 *   (left << 11 + d * w) >> 4 = 64 s + (128 d * 32 (w - 1024)) >> 16,
 * where no factor leaves 16 bits; and if w = 32 k, it is
 *   2 ((64 - k) left + k right). */
static ALWAYS_INLINE __m256i
interpolate (__m256i samples, __m256i weights, LetterboxTapsKind kind)
{
  const __m256i sum = _mm256_set1_epi16 (0x4040);
  const __m256i difference = _mm256_set1_epi16 (0x40c0);
  __m256i d;

  if (kind == LETTERBOX_TAPS_NEAREST)
    return _mm256_slli_epi16 (samples, LETTERBOX_SAMPLE_BITS);
  if (kind == LETTERBOX_TAPS_COARSE)
    return _mm256_slli_epi16 (_mm256_maddubs_epi16 (samples, weights), 1);

  d = _mm256_maddubs_epi16 (samples, difference);
  return _mm256_add_epi16 (_mm256_maddubs_epi16 (samples, sum),
      _mm256_mulhi_epi16 (_mm256_add_epi16 (d, d), weights));
}

/* sixteen outputs at a time: of one component those of two octets, of two
 * components one of each */
static ALWAYS_INLINE void
resample_blocks (gint16 *row, gsize stride, const guint8 *source,
    const LetterboxTaps *taps, guint n_windows, gboolean is_pair,
    LetterboxTapsKind kind)
{
  const guint n_starts = is_pair ? 1 : 2;
  const guint32 *starts = taps->starts;
  const guint8 *controls = taps->controls;
  const guint8 *weights = taps->shuffle_weights;
  guint n_blocks = taps->n_blocks;
  guint k;

  for (; n_blocks > 0; n_blocks--) {
    __m256i samples = _mm256_setzero_si256 ();
    __m256i w = _mm256_setzero_si256 ();

    for (k = 0; k < n_windows; k++) {
      __m256i window = is_pair ? load_twice (source + starts[k])
                               : load_lanes (source + starts[2 * k],
                                   source + starts[2 * k + 1]);
      __m256i found = _mm256_shuffle_epi8 (window, load (controls + 32 * k));

      samples = k == 0 ? found : _mm256_or_si256 (samples, found);
    }
    if (kind != LETTERBOX_TAPS_NEAREST)
      w = is_pair ? load_twice (weights) : load (weights);
    samples = interpolate (samples, w, kind);

    if (is_pair) {
      _mm_store_si128 ((__m128i *) row, _mm256_castsi256_si128 (samples));
      _mm_store_si128 (
          (__m128i *) (row + stride), _mm256_extracti128_si256 (samples, 1));
    } else {
      _mm256_store_si256 ((__m256i *) row, samples);
    }
    row += 8 * n_starts;
    starts += n_windows * n_starts;
    controls += n_windows * 32;
    weights += n_starts * 16;
  }
}

/* LetterboxQuantizer in one shift with the bits that a sum has below a level:
 *   ((sum >> bits) + addend) >> shift = (sum + (addend << bits)) >> (bits + shift)
 * Clamping to levels first is clamping to their values afterwards. */
typedef struct {
  __m128i shift;
  __m256i greatest;
  gint16 addend;
} Rounding;

static ALWAYS_INLINE Rounding
make_rounding (const LetterboxQuantizer *quantizer, guint bits)
{
  gint shift = 10 - __builtin_ctz (quantizer->multiplier);
  gint greatest = (quantizer->ceiling + quantizer->addend) >> shift;
  Rounding rounding = {
    .shift = _mm_cvtsi32_si128 (shift + (gint) bits),
    .greatest = _mm256_set1_epi8 ((gchar) greatest),
    .addend = (gint16) (quantizer->addend * (1 << bits)),
  };

  return rounding;
}

/* two vectors of sums; packing clamps to 0 */
static ALWAYS_INLINE __m256i
quantize (__m256i low, __m256i high, const Rounding *rounding)
{
  return _mm256_min_epu8 (
      _mm256_packus_epi16 (_mm256_sra_epi16 (low, rounding->shift),
          _mm256_sra_epi16 (high, rounding->shift)),
      rounding->greatest);
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
    const __m256i second[2], const __m256i third[2], const Rounding *rounding)
{
  __m256i first_second[2] = {
    quantize (first[0], second[0], rounding),
    quantize (first[1], second[1], rounding),
  };

  store_pixels (output, first_second, quantize (third[0], third[1], rounding));
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
convert_pixels (gint8 *output, gsize x, const LetterboxBlend *luma,
    const LetterboxBlend *chroma, const LetterboxColour *colour,
    const Rounding *rounding, gboolean is_single_luma,
    gboolean is_single_chroma)
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
  }
  quantize_and_store (output, first, second, third, rounding);
}

/* of RGB, level * 2^2 */
static ALWAYS_INLINE __m256i
blend_sums (const LetterboxBlend *blend, gsize at, const Rounding *rounding,
    gboolean is_single)
{
  __m256i sum = multiply (load (blend->rows[0] + at), blend->weights[0]);

  if (!is_single)
    sum = _mm256_add_epi16 (
        sum, multiply (load (blend->rows[1] + at), blend->weights[1]));

  return add (sum, 2 + rounding->addend);
}

static ALWAYS_INLINE __m256i
blend_pixels (const LetterboxBlend *blend, gsize x, const Rounding *rounding,
    gboolean is_single)
{
  __m256i bytes = quantize (blend_sums (blend, x, rounding, is_single),
      blend_sums (blend, x + 16, rounding, is_single), rounding);

  /* packing works on lanes */
  return _mm256_permute4x64_epi64 (bytes, 0xd8);
}

static ALWAYS_INLINE void
blend_planes_pixels (gint8 *output, const LetterboxBlend *blend, gsize x,
    const Rounding *rounding)
{
  __m256i components[3][2];
  guint c;

  for (c = 0; c < 3; c++) {
    components[c][0] =
        blend_sums (blend, x + c * blend->stride, rounding, FALSE);
    components[c][1] =
        blend_sums (blend, x + c * blend->stride + 16, rounding, FALSE);
  }
  quantize_and_store (
      output, components[0], components[1], components[2], rounding);
}

/* pixels that are worked on together */
#define N_PIXELS 32
#include "letterbox/x86/rows-loops.h"

void
letterbox_kernels_init_avx2 (LetterboxKernels *kernels)
{
  kernels->shuffle = (LetterboxShuffle){
    .window_size = 16,
    .n_octets = 2,
    .alternates = TRUE,
    .weight_bias = 1024,
    .weight_shift = 5,
    .weight_unit = 64,
  };
  kernels->resample = resample;
  kernels->blend = blend;
  kernels->blend_planes = blend_planes;
  kernels->blend_convert = blend_convert;
}
