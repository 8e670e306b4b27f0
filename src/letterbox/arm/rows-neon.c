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

/* octets that are resampled together */
#define N_OCTETS 4

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
    levels[i] = (guint8) (GST_READ_UINT32_LE (source + i / 3 * 4)
                          >> (2 + 10 * (i % 3)));
}

/* The left samples of an octet are in the lower half, the right ones in the
 * upper: (left << 11 + (right - left) * w) >> 4 is
 *   left << 7 + (2 * ((right - left) << 7) * (w << 4)) >> 16. */
static ALWAYS_INLINE void
interpolate (int16x8_t *outputs, const uint8x16_t *samples,
    const gint16 *weights, guint n_components)
{
  int16x8_t right[N_OCTETS];
  guint i;

  for (i = 0; i < N_OCTETS; i++) {
    outputs[i] = vreinterpretq_s16_u16 (
        vshll_n_u8 (vget_low_u8 (samples[i]), LETTERBOX_SAMPLE_BITS));
    right[i] = vreinterpretq_s16_u16 (
        vshll_high_n_u8 (samples[i], LETTERBOX_SAMPLE_BITS));
  }
  for (i = 0; i < N_OCTETS; i++)
    right[i] = vsubq_s16 (right[i], outputs[i]);
  for (i = 0; i < N_OCTETS; i++)
    right[i] =
        vqdmulhq_s16 (right[i], vld1q_s16 (weights + i / n_components * 8));
  for (i = 0; i < N_OCTETS; i++)
    outputs[i] = vaddq_s16 (outputs[i], right[i]);
}

static ALWAYS_INLINE void
find_samples (uint8x16_t *samples, const guint8 *source, const guint32 *starts,
    const guint8 *controls, guint n_windows, guint n_components)
{
  const guint n_starts = N_OCTETS / n_components;
  guint i, k;

  for (k = 0; k < n_windows; k++) {
    uint8x16x2_t windows[N_OCTETS];
    uint8x16_t places[N_OCTETS];

    for (i = 0; i < n_starts; i++) {
      const guint8 *window = source + starts[k * n_starts + i];

      windows[i].val[0] = vld1q_u8 (window);
      windows[i].val[1] = vld1q_u8 (window + 16);
    }
    for (i = 0; i < N_OCTETS; i++)
      places[i] = vld1q_u8 (controls + (k * N_OCTETS + i) * 16);
    for (i = 0; i < N_OCTETS; i++)
      samples[i] = k == 0 ? vqtbl2q_u8 (windows[i / n_components], places[i])
                          : vqtbx2q_u8 (
                              samples[i], windows[i / n_components], places[i]);
  }
}

/* the same for the left samples only */
static ALWAYS_INLINE void
find_nearest (int16x8_t *outputs, const guint8 *source, const guint32 *starts,
    const guint8 *controls, guint n_windows, guint n_components)
{
  const guint n_starts = N_OCTETS / n_components;
  uint8x8_t samples[N_OCTETS];
  guint i, k;

  for (k = 0; k < n_windows; k++) {
    uint8x16x2_t windows[N_OCTETS];
    uint8x8_t places[N_OCTETS];

    for (i = 0; i < n_starts; i++) {
      const guint8 *window = source + starts[k * n_starts + i];

      windows[i].val[0] = vld1q_u8 (window);
      windows[i].val[1] = vld1q_u8 (window + 16);
    }
    for (i = 0; i < N_OCTETS; i++)
      places[i] = vld1_u8 (controls + (k * N_OCTETS + i) * 16);
    for (i = 0; i < N_OCTETS; i++)
      samples[i] =
          k == 0 ? vqtbl2_u8 (windows[i / n_components], places[i])
                 : vqtbx2_u8 (samples[i], windows[i / n_components], places[i]);
  }
  for (i = 0; i < N_OCTETS; i++)
    outputs[i] =
        vreinterpretq_s16_u16 (vshll_n_u8 (samples[i], LETTERBOX_SAMPLE_BITS));
}

static ALWAYS_INLINE void
resample_blocks (gint16 *row, gsize stride, const guint8 *source,
    const LetterboxTaps *taps, guint n_windows, guint n_components,
    gboolean is_nearest)
{
  const guint n_starts = N_OCTETS / n_components;
  const guint32 *starts = taps->starts;
  const guint8 *controls = taps->controls;
  const gint16 *weights = taps->shuffle_weights;
  gsize block;
  guint i;

  for (block = 0; block < taps->n_blocks; block++) {
    int16x8_t outputs[N_OCTETS];

    if (is_nearest) {
      find_nearest (outputs, source, starts, controls, n_windows, n_components);
    } else {
      uint8x16_t samples[N_OCTETS];

      find_samples (samples, source, starts, controls, n_windows, n_components);
      interpolate (outputs, samples, weights, n_components);
    }
    for (i = 0; i < N_OCTETS; i++)
      vst1q_s16 (
          row + i / n_components * 8 + i % n_components * stride, outputs[i]);
    row += n_starts * 8;
    starts += n_windows * n_starts;
    controls += n_windows * N_OCTETS * 16;
    weights += n_starts * 8;
  }
}

static ALWAYS_INLINE void
resample_windows (gint16 *row, gsize stride, const guint8 *source,
    const LetterboxTaps *taps, guint n_components, gboolean is_nearest)
{
  switch (taps->n_windows) {
    case 1:
      resample_blocks (row, stride, source, taps, 1, n_components, is_nearest);
      break;
    case 2:
      resample_blocks (row, stride, source, taps, 2, n_components, is_nearest);
      break;
    default:
      resample_blocks (
          row, stride, source, taps, taps->n_windows, n_components, is_nearest);
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
  gboolean is_pair = taps->n_components == 2;

  if (taps->n_windows == 0)
    letterbox_resample_plain (row, stride, source, taps);
  else if (taps->is_contiguous)
    widen (row, source + taps->component_offsets[0], taps->n);
  else if (is_pair && taps->is_nearest)
    resample_windows (row, stride, source, taps, 2, TRUE);
  else if (is_pair)
    resample_windows (row, stride, source, taps, 2, FALSE);
  else if (taps->is_nearest)
    resample_windows (row, stride, source, taps, 1, TRUE);
  else
    resample_windows (row, stride, source, taps, 1, FALSE);
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

static ALWAYS_INLINE int16x8_t
add (int16x8_t samples, gint16 addend)
{
  return vaddq_s16 (samples, vdupq_n_s16 (addend));
}

/* pixels in both halves of a vector of bytes */
static ALWAYS_INLINE void
convert_16 (gint8 *output, gsize x, const LetterboxBlend *luma,
    const LetterboxBlend *chroma, const LetterboxColour *colour,
    const ByteQuantizer *q, gboolean is_single_luma, gboolean is_single_chroma)
{
  int16x8_t first[2], second[2], third[2];
  uint8x16x3_t pixels;
  guint i;

  for (i = 0; i < 2; i++, x += 8) {
    int16x8_t y = blend_samples (luma, x, is_single_luma);
    int16x8_t u = blend_samples (chroma, x, is_single_chroma);
    int16x8_t v = blend_samples (chroma, x + chroma->stride, is_single_chroma);
    int16x8_t light = vqrdmulhq_n_s16 (y, colour->luma);

    first[i] = vaddq_s16 (add (light, colour->offset_first),
        vqrdmulhq_n_s16 (v, colour->v_to_first));
    second[i] = vaddq_s16 (add (light, colour->offset_second),
        vaddq_s16 (vqrdmulhq_n_s16 (u, colour->u_to_second),
            vqrdmulhq_n_s16 (v, colour->v_to_second)));
    third[i] = vaddq_s16 (add (light, colour->offset_third),
        vqrdmulhq_n_s16 (u, colour->u_to_third));
  }
#define NARROW(sums)                                                           \
  vqshrun_high_n_s16 (vqshrun_n_s16 (sums[0], LETTERBOX_COLOUR_SUM_BITS),      \
      sums[1], LETTERBOX_COLOUR_SUM_BITS)
  pixels.val[0] = quantize (NARROW (first), q);
  pixels.val[1] = quantize (NARROW (second), q);
  pixels.val[2] = quantize (NARROW (third), q);
#undef NARROW
  vst3q_u8 ((guint8 *) output, pixels);
}

static ALWAYS_INLINE void
convert_row (gint8 *output, const LetterboxBlend *luma_in,
    const LetterboxBlend *chroma_in, const LetterboxColour *colour_in,
    const LetterboxQuantizer *quantizer, guint n, gboolean is_single_luma,
    gboolean is_single_chroma)
{
  const LetterboxBlend luma = *luma_in, chroma = *chroma_in;
  const LetterboxColour colour = *colour_in;
  const ByteQuantizer q = make_byte_quantizer (quantizer);
  gint8 last[48];
  gsize x;

  for (x = 0; x + 16 <= n; x += 16)
    convert_16 (output + 3 * x, x, &luma, &chroma, &colour, &q, is_single_luma,
        is_single_chroma);
  if (x < n) {
    convert_16 (
        last, x, &luma, &chroma, &colour, &q, is_single_luma, is_single_chroma);
    memcpy (output + 3 * x, last, 3 * (n - x));
  }
}

static void
blend_convert (gint8 *output, const LetterboxBlend *luma,
    const LetterboxBlend *chroma, const LetterboxColour *colour,
    const LetterboxQuantizer *q, guint n)
{
  gboolean is_single_luma = luma->weights[1] == 0;
  gboolean is_single_chroma = chroma->weights[1] == 0;

  if (is_single_luma && is_single_chroma)
    convert_row (output, luma, chroma, colour, q, n, TRUE, TRUE);
  else if (is_single_luma)
    convert_row (output, luma, chroma, colour, q, n, TRUE, FALSE);
  else if (is_single_chroma)
    convert_row (output, luma, chroma, colour, q, n, FALSE, TRUE);
  else
    convert_row (output, luma, chroma, colour, q, n, FALSE, FALSE);
}

/* a product's upper half is the doubled one's, halved again; OpenCV's rounding
 * of the sum is that of a rounding shift */
static ALWAYS_INLINE uint8x16_t
blend_levels (const LetterboxBlend *blend, gsize at)
{
  uint8x8_t levels[2];
  guint i;

  for (i = 0; i < 2; i++, at += 8) {
    int16x8_t upper =
        vqdmulhq_n_s16 (vld1q_s16 (blend->rows[0] + at), blend->weights[0]);
    int16x8_t lower =
        vqdmulhq_n_s16 (vld1q_s16 (blend->rows[1] + at), blend->weights[1]);

    levels[i] =
        vqrshrun_n_s16 (vsraq_n_s16 (vshrq_n_s16 (upper, 1), lower, 1), 2);
  }

  return vcombine_u8 (levels[0], levels[1]);
}

static void
blend (gint8 *output, const LetterboxBlend *blend_in,
    const LetterboxQuantizer *quantizer, guint n)
{
  const LetterboxBlend blend = *blend_in;
  const ByteQuantizer q = make_byte_quantizer (quantizer);
  guint8 last[16];
  gsize x;

  for (x = 0; x + 16 <= n; x += 16)
    vst1q_u8 ((guint8 *) output + x, quantize (blend_levels (&blend, x), &q));
  if (x < n) {
    vst1q_u8 (last, quantize (blend_levels (&blend, x), &q));
    memcpy (output + x, last, n - x);
  }
}

static ALWAYS_INLINE void
blend_planes_16 (guint8 *output, const LetterboxBlend *blend, gsize x,
    const ByteQuantizer *q)
{
  uint8x16x3_t pixels;
  guint c;

  for (c = 0; c < 3; c++)
    pixels.val[c] = quantize (blend_levels (blend, x + c * blend->stride), q);
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
  };
  kernels->unpack[LETTERBOX_UNPACK_10_OF_16] = unpack_10_of_16;
  kernels->unpack[LETTERBOX_UNPACK_10_OF_32] = unpack_10_of_32;
  kernels->resample = resample;
  kernels->blend = blend;
  kernels->blend_planes = blend_planes;
  kernels->blend_convert = blend_convert;
}
