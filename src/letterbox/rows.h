/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The row kernels: all arithmetic that is done per pixel. Those of plain C are
 * the specification; all others give the same bits. */

#pragma once

#include "colour.h"
#include "frames.h"
#include "quantizer.h"
#include "taps.h"

#include <string.h>

G_BEGIN_DECLS

/* a resampled row holds 16 bit samples of level * 2^7, as OpenCV's does */
#define LETTERBOX_SAMPLE_BITS 7
/* weights of the two rows: for RGB OpenCV's 11 bit, which leave 2 fraction bits
 * in the blended level; for YUV 15 bit, which leave all 7, because the
 * conversion to RGB enlarges errors */
#define LETTERBOX_RGB_ROW_WEIGHT_BITS 11
#define LETTERBOX_YUV_ROW_WEIGHT_BITS 15

/**
 * LetterboxBlend:
 * @rows: upper and lower resampled row
 * @weights: their weights; when that of the lower one is 0 there is only the
 *     upper one
 * @stride: samples from a component of a row to the next one
 *
 * Rows and @stride are multiples of %LETTERBOX_ROW_MULTIPLE samples, and
 * aligned to 64 bytes.
 */
typedef struct {
  const gint16 *rows[2];
  gint16 weights[2];
  gsize stride;
} LetterboxBlend;

/**
 * LetterboxKernels:
 * @shuffle: what @resample wants of its taps
 * @unpack: for each #LetterboxUnpack, the upper 8 bits of @n samples
 * @resample: makes @taps->n outputs of each component from one source row, and
 *     those that fill a %LETTERBOX_ROW_MULTIPLE with anything; components are
 *     @stride samples apart
 * @blend: blends two rows of @n samples and quantizes them
 * @blend_planes: the same for three components of @n samples each, which
 *     alternate in @output
 * @blend_convert: blends luma and chroma (U and V) of @n pixels, converts to RGB
 *     and quantizes; all products are (a * b + 2^14) >> 15
 * @look_up: replaces @n levels by their table entries
 *
 * One implementation of everything that runs per pixel.
 */
typedef struct {
  LetterboxShuffle shuffle;
  void (*unpack[LETTERBOX_N_UNPACKS]) (
      guint8 *levels, const guint8 *source, guint n);
  void (*resample) (gint16 *row, gsize stride, const guint8 *source,
      const LetterboxTaps *taps);
  void (*blend) (gint8 *output, const LetterboxBlend *blend,
      const LetterboxQuantizer *quantizer, guint n);
  void (*blend_planes) (gint8 *output, const LetterboxBlend *blend,
      const LetterboxQuantizer *quantizer, guint n);
  void (*blend_convert) (gint8 *output, const LetterboxBlend *luma,
      const LetterboxBlend *chroma, const LetterboxColour *colour,
      const LetterboxQuantizer *quantizer, guint n);
  void (*look_up) (gint8 *levels, const gint8 *table, guint n);
} LetterboxKernels;

/* planes may begin anywhere, also at odd addresses */
static inline guint32
letterbox_load_word (const guint8 *source)
{
  guint32 word;

  memcpy (&word, source, sizeof (word));
  return GUINT32_FROM_LE (word);
}

void letterbox_kernels_init (LetterboxKernels *kernels, guint cpu);

/* each overwrites what it has */
void letterbox_kernels_init_plain (LetterboxKernels *kernels);
void letterbox_kernels_init_ssse3 (LetterboxKernels *kernels);
void letterbox_kernels_init_avx2 (LetterboxKernels *kernels);
void letterbox_kernels_init_neon (LetterboxKernels *kernels);

/* for sources that are shorter than a window */
void letterbox_resample_plain (
    gint16 *row, gsize stride, const guint8 *source, const LetterboxTaps *taps);

G_END_DECLS
