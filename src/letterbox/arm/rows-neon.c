/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The row kernels for NEON of AArch64. Several independent groups are worked on
 * at a time, step by step: the processors of the boards, Cortex-A53, execute in
 * order, and nothing else hides how long an instruction takes. */

#include "letterbox/rows.h"

#include <arm_neon.h>
#include <string.h>

#define ALWAYS_INLINE inline __attribute__ ((always_inline))

/* octets that are resampled together; their loops must not be left as such, lest
 * the registers be an array in memory */
#define N_OCTETS 8
#ifdef __clang__
#define UNROLL _Pragma ("unroll")
#else
#define UNROLL _Pragma ("GCC unroll 8")
#endif

static void
unpack_10_of_16 (guint8 *levels, const guint8 *source, guint n)
{
  gsize i;

  for (i = 0; i + 16 <= n; i += 16) {
    uint16x8_t low = vreinterpretq_u16_u8 (vld1q_u8 (source + 2 * i));
    uint16x8_t high = vreinterpretq_u16_u8 (vld1q_u8 (source + 2 * i + 16));

    vst1q_u8 (levels + i, vshrn_high_n_u16 (vshrn_n_u16 (low, 2), high, 2));
  }
  for (; i < n; i++)
    levels[i] = (guint8) (source[2 * i] >> 2 | source[2 * i + 1] << 6);
}

/* Four words hold twelve samples: the two bytes that hold each of them are
 * shifted down by 2, 4 or 6. A store writes four bytes too many, which the next
 * one overwrites. */
static void
unpack_10_of_32 (guint8 *levels, const guint8 *source, guint n)
{
  static const guint8 bytes[2][16] = {
    { 0, 1, 1, 2, 2, 3, 4, 5, 5, 6, 6, 7, 8, 9, 9, 10 },
    { 10, 11, 12, 13, 13, 14, 14, 15, 255, 255, 255, 255, 255, 255, 255, 255 },
  };
  static const gint16 shifts[2][8] = {
    { -2, -4, -6, -2, -4, -6, -2, -4 },
    { -6, -2, -4, -6, 0, 0, 0, 0 },
  };
  gsize i;

  for (i = 0; i + 16 <= n; i += 12) {
    uint8x16_t words = vld1q_u8 (source + i / 3 * 4);
    uint16x8_t samples[2];
    guint half;

    for (half = 0; half < 2; half++)
      samples[half] = vshlq_u16 (
          vreinterpretq_u16_u8 (vqtbl1q_u8 (words, vld1q_u8 (bytes[half]))),
          vld1q_s16 (shifts[half]));
    vst1q_u8 (levels + i, vmovn_high_u16 (vmovn_u16 (samples[0]), samples[1]));
  }
  for (; i < n; i++)
    levels[i] = (guint8) (letterbox_load_word (source + i / 3 * 4)
                          >> (2 + 10 * (i % 3)));
}

/* The left samples of an octet are in the lower half, the right ones in the
 * upper. If w = 16 k, then (left << 11 + (right - left) * w) >> 4 is
 *   (128 - k) left + k right */
static ALWAYS_INLINE void
interpolate_coarse (int16x8_t *outputs, const uint8x16_t *samples,
    const guint8 *weights, guint n_components)
{
  uint8x16_t w[N_OCTETS];
  uint16x8_t sums[N_OCTETS];
  guint i;

  UNROLL
  for (i = 0; i < N_OCTETS; i++)
    w[i] = vld1q_u8 (weights + i / n_components * 16);
  UNROLL
  for (i = 0; i < N_OCTETS; i++)
    sums[i] = vmull_u8 (vget_low_u8 (samples[i]), vget_low_u8 (w[i]));
  UNROLL
  for (i = 0; i < N_OCTETS; i++)
    outputs[i] =
        vreinterpretq_s16_u16 (vmlal_high_u8 (sums[i], samples[i], w[i]));
}

/* ... and in general it is
 *   left << 7 + (2 * ((right - left) << 7) * (w << 4)) >> 16. */
static ALWAYS_INLINE void
interpolate_fine (int16x8_t *outputs, const uint8x16_t *samples,
    const gint16 *weights, guint n_components)
{
  int16x8_t right[N_OCTETS];
  guint i;

  UNROLL
  for (i = 0; i < N_OCTETS; i++) {
    outputs[i] = vreinterpretq_s16_u16 (
        vshll_n_u8 (vget_low_u8 (samples[i]), LETTERBOX_SAMPLE_BITS));
    right[i] = vreinterpretq_s16_u16 (
        vshll_high_n_u8 (samples[i], LETTERBOX_SAMPLE_BITS));
  }
  UNROLL
  for (i = 0; i < N_OCTETS; i++)
    right[i] = vsubq_s16 (right[i], outputs[i]);
  UNROLL
  for (i = 0; i < N_OCTETS; i++)
    right[i] =
        vqdmulhq_s16 (right[i], vld1q_s16 (weights + i / n_components * 8));
  UNROLL
  for (i = 0; i < N_OCTETS; i++)
    outputs[i] = vaddq_s16 (outputs[i], right[i]);
}

static ALWAYS_INLINE uint8x16_t
find_octet (uint8x16_t samples, uint8x16x2_t window, const guint8 *controls,
    gboolean is_first)
{
  uint8x16_t places = vld1q_u8 (controls);

  return is_first ? vqtbl2q_u8 (window, places)
                  : vqtbx2q_u8 (samples, window, places);
}

/* a window serves all components before the next one is loaded */
static ALWAYS_INLINE void
find_samples (uint8x16_t *samples, const guint8 *source, const guint32 *starts,
    const guint8 *controls, guint n_windows, guint n_components)
{
  const guint n_starts = N_OCTETS / n_components;
  guint i, k;

  for (k = 0; k < n_windows; k++) {
    const guint8 *of_window = controls + k * N_OCTETS * 16;

    UNROLL
    for (i = 0; i < n_starts; i++) {
      uint8x16x2_t window = vld1q_u8_x2 (source + starts[k * n_starts + i]);
      guint octet = i * n_components;

      samples[octet] =
          find_octet (samples[octet], window, of_window + octet * 16, k == 0);
      if (n_components == 2)
        samples[octet + 1] = find_octet (
            samples[octet + 1], window, of_window + octet * 16 + 16, k == 0);
    }
  }
}

static ALWAYS_INLINE uint8x8_t
find_nearest_octet (uint8x8_t samples, uint8x16x2_t window,
    const guint8 *controls, gboolean is_first)
{
  uint8x8_t places = vld1_u8 (controls);

  return is_first ? vqtbl2_u8 (window, places)
                  : vqtbx2_u8 (samples, window, places);
}

/* the same for the left samples only */
static ALWAYS_INLINE void
find_nearest (int16x8_t *outputs, const guint8 *source, const guint32 *starts,
    const guint8 *controls, guint n_windows, guint n_components)
{
  const guint n_starts = N_OCTETS / n_components;
  uint8x8_t samples[N_OCTETS] = { vdup_n_u8 (0) };
  guint i, k;

  for (k = 0; k < n_windows; k++) {
    const guint8 *of_window = controls + k * N_OCTETS * 16;

    UNROLL
    for (i = 0; i < n_starts; i++) {
      uint8x16x2_t window = vld1q_u8_x2 (source + starts[k * n_starts + i]);
      guint octet = i * n_components;

      samples[octet] = find_nearest_octet (
          samples[octet], window, of_window + octet * 16, k == 0);
      if (n_components == 2)
        samples[octet + 1] = find_nearest_octet (
            samples[octet + 1], window, of_window + octet * 16 + 16, k == 0);
    }
  }
  UNROLL
  for (i = 0; i < N_OCTETS; i++)
    outputs[i] =
        vreinterpretq_s16_u16 (vshll_n_u8 (samples[i], LETTERBOX_SAMPLE_BITS));
}

static ALWAYS_INLINE void
resample_blocks (gint16 *row, gsize stride, const guint8 *source,
    const LetterboxTaps *taps, guint n_windows, guint n_components,
    LetterboxTapsKind kind)
{
  const guint n_starts = N_OCTETS / n_components;
  const guint32 *starts = taps->starts;
  const guint8 *controls = taps->controls;
  const guint8 *weights = taps->shuffle_weights;
  guint n_blocks = taps->n_blocks;
  guint i;

  for (; n_blocks > 0; n_blocks--) {
    int16x8_t outputs[N_OCTETS];
    uint8x16_t samples[N_OCTETS] = { vdupq_n_u8 (0) };

    if (kind == LETTERBOX_TAPS_NEAREST) {
      find_nearest (outputs, source, starts, controls, n_windows, n_components);
    } else {
      find_samples (samples, source, starts, controls, n_windows, n_components);
      if (kind == LETTERBOX_TAPS_COARSE)
        interpolate_coarse (outputs, samples, weights, n_components);
      else
        interpolate_fine (
            outputs, samples, (const gint16 *) weights, n_components);
    }
    UNROLL
    for (i = 0; i < N_OCTETS; i++)
      vst1q_s16 (
          row + i / n_components * 8 + i % n_components * stride, outputs[i]);
    row += n_starts * 8;
    starts += n_windows * n_starts;
    controls += n_windows * N_OCTETS * 16;
    weights += n_starts * 16;
  }
}

/* a loop for each number of windows that is frequent */
static ALWAYS_INLINE void
resample_windows (gint16 *row, gsize stride, const guint8 *source,
    const LetterboxTaps *taps, guint n_components, LetterboxTapsKind kind)
{
  switch (taps->n_windows) {
    case 1:
      resample_blocks (row, stride, source, taps, 1, n_components, kind);
      break;
    case 2:
      resample_blocks (row, stride, source, taps, 2, n_components, kind);
      break;
    default:
      resample_blocks (
          row, stride, source, taps, taps->n_windows, n_components, kind);
      break;
  }
}

/* ... and for each kind */
static ALWAYS_INLINE void
resample_kinds (gint16 *row, gsize stride, const guint8 *source,
    const LetterboxTaps *taps, guint n_components)
{
  switch (taps->kind) {
    case LETTERBOX_TAPS_NEAREST:
      resample_windows (
          row, stride, source, taps, n_components, LETTERBOX_TAPS_NEAREST);
      break;
    case LETTERBOX_TAPS_COARSE:
      resample_windows (
          row, stride, source, taps, n_components, LETTERBOX_TAPS_COARSE);
      break;
    default:
      resample_windows (
          row, stride, source, taps, n_components, LETTERBOX_TAPS_FINE);
      break;
  }
}

static void
widen (gint16 *row, const guint8 *source, guint n)
{
  gsize i;

  for (i = 0; i + 16 <= n; i += 16) {
    uint8x16_t samples = vld1q_u8 (source + i);

    vst1q_s16 (row + i, vreinterpretq_s16_u16 (vshll_n_u8 (
                            vget_low_u8 (samples), LETTERBOX_SAMPLE_BITS)));
    vst1q_s16 (row + i + 8, vreinterpretq_s16_u16 (vshll_high_n_u8 (
                                samples, LETTERBOX_SAMPLE_BITS)));
  }
  for (; i < n; i++)
    row[i] = (gint16) (source[i] << LETTERBOX_SAMPLE_BITS);
}

static void
resample (
    gint16 *row, gsize stride, const guint8 *source, const LetterboxTaps *taps)
{
  if (taps->n_windows == 0)
    letterbox_resample_plain (row, stride, source, taps);
  else if (taps->is_contiguous)
    widen (row, source + taps->component_offsets[0], taps->n);
  else if (taps->n_components == 2)
    resample_kinds (row, stride, source, taps, 2);
  else
    resample_kinds (row, stride, source, taps, 1);
}

/* LetterboxQuantizer on bytes: adding half of what a shift drops is a rounding
 * shift */
typedef struct {
  uint8x16_t ceiling;
  int8x16_t shift;
} ByteQuantizer;

static ALWAYS_INLINE ByteQuantizer
make_byte_quantizer (const LetterboxQuantizer *quantizer)
{
  ByteQuantizer bytes = {
    .ceiling = vdupq_n_u8 ((guint8) quantizer->ceiling),
    .shift = vdupq_n_s8 ((gint8) (__builtin_ctz (quantizer->multiplier) - 10)),
  };

  return bytes;
}

static ALWAYS_INLINE uint8x16_t
quantize (uint8x16_t levels, const ByteQuantizer *q)
{
  return vrshlq_u8 (vminq_u8 (levels, q->ceiling), q->shift);
}

static ALWAYS_INLINE int16x8_t
blend_samples (const LetterboxBlend *blend, gsize at, gboolean is_single)
{
  int16x8_t upper = vld1q_s16 (blend->rows[0] + at);

  if (is_single)
    return upper;
  return vaddq_s16 (vqrdmulhq_n_s16 (upper, blend->weights[0]),
      vqrdmulhq_n_s16 (vld1q_s16 (blend->rows[1] + at), blend->weights[1]));
}

/* factors share a register, as the instructions take one lane of it */
enum { LUMA, V_TO_FIRST, U_TO_SECOND, V_TO_SECOND, U_TO_THIRD };

typedef struct {
  int16x8_t factors;
  int16x8_t offsets[3];
  ByteQuantizer quantizer;
  uint8x16_t greatest;
} Conversion;

/* For a shift that is known when this is compiled, the addend of the quantizer
 * joins the offsets, and one shift does for both:
 *   ((sum >> bits) + addend) >> shift = (sum + (addend << bits)) >> (bits + shift)
 * Clamping to levels first is clamping to their values afterwards. */
static ALWAYS_INLINE Conversion
make_conversion (const LetterboxColour *colour,
    const LetterboxQuantizer *quantizer, guint shift)
{
  gint16 addend =
      shift > 0 ? quantizer->addend << LETTERBOX_COLOUR_SUM_BITS : 0;
  gint greatest = (quantizer->ceiling + quantizer->addend) >> shift;
  gint16 factors[8] = { 0 };
  Conversion conversion;

  factors[LUMA] = colour->luma;
  factors[V_TO_FIRST] = colour->v_to_first;
  factors[U_TO_SECOND] = colour->u_to_second;
  factors[V_TO_SECOND] = colour->v_to_second;
  factors[U_TO_THIRD] = colour->u_to_third;
  conversion.factors = vld1q_s16 (factors);
  conversion.offsets[0] = vdupq_n_s16 (colour->offset_first + addend);
  conversion.offsets[1] = vdupq_n_s16 (colour->offset_second + addend);
  conversion.offsets[2] = vdupq_n_s16 (colour->offset_third + addend);
  conversion.quantizer = make_byte_quantizer (quantizer);
  conversion.greatest = vdupq_n_u8 ((guint8) greatest);

  return conversion;
}

/* @shift: that of the quantizer, or 0 for any */
#define NARROW(sums, bits)                                                     \
  vqshrun_high_n_s16 (vqshrun_n_s16 ((sums)[0], bits), (sums)[1], bits)
static ALWAYS_INLINE uint8x16_t
quantize_sums (
    const int16x8_t sums[2], const Conversion *conversion, guint shift)
{
  switch (shift) {
    case 1:
      return vminq_u8 (
          NARROW (sums, LETTERBOX_COLOUR_SUM_BITS + 1), conversion->greatest);
    case 2:
      return vminq_u8 (
          NARROW (sums, LETTERBOX_COLOUR_SUM_BITS + 2), conversion->greatest);
    default:
      return quantize (
          NARROW (sums, LETTERBOX_COLOUR_SUM_BITS), &conversion->quantizer);
  }
}

/* eights of pixels that are converted together */
#define N_EIGHTS 4

static ALWAYS_INLINE void
convert_32 (gint8 *output, gsize x, const LetterboxBlend *luma,
    const LetterboxBlend *chroma, const Conversion *conversion, guint shift,
    gboolean is_single_luma, gboolean is_single_chroma)
{
  const int16x8_t factors = conversion->factors;
  int16x8_t sums[3][N_EIGHTS];
  guint i;

  UNROLL
  for (i = 0; i < N_EIGHTS; i++, x += 8) {
    int16x8_t y = blend_samples (luma, x, is_single_luma);
    int16x8_t u = blend_samples (chroma, x, is_single_chroma);
    int16x8_t v = blend_samples (chroma, x + chroma->stride, is_single_chroma);
    int16x8_t light = vqrdmulhq_laneq_s16 (y, factors, LUMA);
    int16x8_t of_v = vqrdmulhq_laneq_s16 (v, factors, V_TO_FIRST);
    int16x8_t of_u = vqrdmulhq_laneq_s16 (u, factors, U_TO_THIRD);
    int16x8_t green = vaddq_s16 (vqrdmulhq_laneq_s16 (u, factors, U_TO_SECOND),
        vqrdmulhq_laneq_s16 (v, factors, V_TO_SECOND));

    sums[0][i] = vaddq_s16 (vaddq_s16 (light, conversion->offsets[0]), of_v);
    sums[1][i] = vaddq_s16 (vaddq_s16 (light, conversion->offsets[1]), green);
    sums[2][i] = vaddq_s16 (vaddq_s16 (light, conversion->offsets[2]), of_u);
  }
  UNROLL
  for (i = 0; i < N_EIGHTS; i += 2) {
    uint8x16x3_t pixels;

    pixels.val[0] = quantize_sums (sums[0] + i, conversion, shift);
    pixels.val[1] = quantize_sums (sums[1] + i, conversion, shift);
    pixels.val[2] = quantize_sums (sums[2] + i, conversion, shift);
    vst3q_u8 ((guint8 *) output + 24 * i, pixels);
  }
}

static ALWAYS_INLINE void
convert_row (gint8 *output, const LetterboxBlend *luma_in,
    const LetterboxBlend *chroma_in, const LetterboxColour *colour,
    const LetterboxQuantizer *quantizer, guint n, guint shift,
    gboolean is_single_luma, gboolean is_single_chroma)
{
  const LetterboxBlend luma = *luma_in, chroma = *chroma_in;
  const Conversion conversion = make_conversion (colour, quantizer, shift);
  gint8 last[96];
  gsize x;

  for (x = 0; x + 32 <= n; x += 32)
    convert_32 (output + 3 * x, x, &luma, &chroma, &conversion, shift,
        is_single_luma, is_single_chroma);
  if (x < n) {
    convert_32 (last, x, &luma, &chroma, &conversion, shift, is_single_luma,
        is_single_chroma);
    memcpy (output + 3 * x, last, 3 * (n - x));
  }
}

static ALWAYS_INLINE void
convert_shifted (gint8 *output, const LetterboxBlend *luma,
    const LetterboxBlend *chroma, const LetterboxColour *colour,
    const LetterboxQuantizer *q, guint n, guint shift)
{
  gboolean is_single_luma = luma->weights[1] == 0;
  gboolean is_single_chroma = chroma->weights[1] == 0;

  if (is_single_luma && is_single_chroma)
    convert_row (output, luma, chroma, colour, q, n, shift, TRUE, TRUE);
  else if (is_single_luma)
    convert_row (output, luma, chroma, colour, q, n, shift, TRUE, FALSE);
  else if (is_single_chroma)
    convert_row (output, luma, chroma, colour, q, n, shift, FALSE, TRUE);
  else
    convert_row (output, luma, chroma, colour, q, n, shift, FALSE, FALSE);
}

/* models have fix point 7 or 6 */
static void
blend_convert (gint8 *output, const LetterboxBlend *luma,
    const LetterboxBlend *chroma, const LetterboxColour *colour,
    const LetterboxQuantizer *quantizer, guint n)
{
  switch (10 - __builtin_ctz (quantizer->multiplier)) {
    case 1:
      convert_shifted (output, luma, chroma, colour, quantizer, n, 1);
      break;
    case 2:
      convert_shifted (output, luma, chroma, colour, quantizer, n, 2);
      break;
    default:
      convert_shifted (output, luma, chroma, colour, quantizer, n, 0);
      break;
  }
}

/* A product's upper half is the doubled one's, halved again; a single row has
 * the weight 2^11, which is a shift down by 5. OpenCV's rounding of the sum is
 * that of a rounding shift. */
static ALWAYS_INLINE int16x8_t
blend_sum (const LetterboxBlend *blend, gsize at, gboolean is_single)
{
  int16x8_t upper = vld1q_s16 (blend->rows[0] + at);
  int16x8_t lower;

  if (is_single)
    return vshrq_n_s16 (upper, 16 - LETTERBOX_RGB_ROW_WEIGHT_BITS);

  upper = vqdmulhq_n_s16 (upper, blend->weights[0]);
  lower = vqdmulhq_n_s16 (vld1q_s16 (blend->rows[1] + at), blend->weights[1]);
  return vsraq_n_s16 (vshrq_n_s16 (upper, 1), lower, 1);
}

static ALWAYS_INLINE uint8x16_t
blend_16 (const LetterboxBlend *blend, gsize at, const ByteQuantizer *q,
    gboolean is_single)
{
  uint8x8_t low = vqrshrun_n_s16 (blend_sum (blend, at, is_single), 2);
  int16x8_t high = blend_sum (blend, at + 8, is_single);

  return quantize (vqrshrun_high_n_s16 (low, high, 2), q);
}

/* 64 outputs at a time */
static ALWAYS_INLINE void
blend_row (gint8 *output_in, const LetterboxBlend *blend_in,
    const LetterboxQuantizer *quantizer, guint n, gboolean is_single)
{
  const LetterboxBlend blend = *blend_in;
  const ByteQuantizer q = make_byte_quantizer (quantizer);
  guint8 *output = (guint8 *) output_in;
  guint8 last[16];
  gsize x;
  guint i;

  for (x = 0; x + 64 <= n; x += 64) {
    uint8x16_t levels[4];

    UNROLL
    for (i = 0; i < 4; i++)
      levels[i] = blend_16 (&blend, x + 16 * i, &q, is_single);
    UNROLL
    for (i = 0; i < 4; i++)
      vst1q_u8 (output + x + 16 * i, levels[i]);
  }
  for (; x + 16 <= n; x += 16)
    vst1q_u8 (output + x, blend_16 (&blend, x, &q, is_single));
  if (x < n) {
    vst1q_u8 (last, blend_16 (&blend, x, &q, is_single));
    memcpy (output + x, last, n - x);
  }
}

static void
blend (gint8 *output, const LetterboxBlend *blend,
    const LetterboxQuantizer *quantizer, guint n)
{
  if (blend->weights[1] == 0)
    blend_row (output, blend, quantizer, n, TRUE);
  else
    blend_row (output, blend, quantizer, n, FALSE);
}

static ALWAYS_INLINE void
blend_planes_16 (guint8 *output, const LetterboxBlend *blend, gsize x,
    const ByteQuantizer *q)
{
  uint8x16x3_t pixels;
  guint c;

  for (c = 0; c < 3; c++)
    pixels.val[c] = blend_16 (blend, x + c * blend->stride, q, FALSE);
  vst3q_u8 (output, pixels);
}

static void
blend_planes (gint8 *output, const LetterboxBlend *blend_in,
    const LetterboxQuantizer *quantizer, guint n)
{
  const LetterboxBlend blend = *blend_in;
  const ByteQuantizer q = make_byte_quantizer (quantizer);
  guint8 last[48];
  gsize x;

  for (x = 0; x + 16 <= n; x += 16)
    blend_planes_16 ((guint8 *) output + 3 * x, &blend, x, &q);
  if (x < n) {
    blend_planes_16 (last, &blend, x, &q);
    memcpy (output + 3 * x, last, 3 * (n - x));
  }
}

void
letterbox_kernels_init_neon (LetterboxKernels *kernels)
{
  kernels->shuffle = (LetterboxShuffle){
    .window_size = 32,
    .n_octets = N_OCTETS,
    .alternates = FALSE,
    .weight_bias = 0,
    .weight_shift = 4,
    .weight_unit = 128,
  };
  kernels->unpack[LETTERBOX_UNPACK_10_OF_16] = unpack_10_of_16;
  kernels->unpack[LETTERBOX_UNPACK_10_OF_32] = unpack_10_of_32;
  kernels->resample = resample;
  kernels->blend = blend;
  kernels->blend_planes = blend_planes;
  kernels->blend_convert = blend_convert;
}
