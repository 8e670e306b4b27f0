/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The row kernels: all arithmetic that is done per pixel. */

#pragma once

#include "colour.h"
#include "frames.h"
#include "quantizer.h"
#include "sampling.h"

G_BEGIN_DECLS

/* a resampled row holds 16 bit samples of level * 2^7, as OpenCV's does */
#define LETTERBOX_SAMPLE_BITS 7
/* weights of the two rows: for RGB OpenCV's 11 bit, which leave 2 fraction bits
 * in the blended level; for YUV 14 bit, which leave 5, because the conversion
 * to RGB enlarges errors */
#define LETTERBOX_RGB_ROW_WEIGHT_BITS 11
#define LETTERBOX_YUV_ROW_WEIGHT_BITS 14

/**
 * LetterboxBlend:
 * @rows: upper and lower resampled row
 * @weights: their weights
 */
typedef struct {
  const gint16 *rows[2];
  gint16 weights[2];
} LetterboxBlend;

/**
 * LetterboxResample:
 * @row: (out): @columns->n_columns samples of each component
 * @components: first sample of each component in the source row
 *
 * Resamples one source row horizontally. One component is written as it is, of
 * two the first is followed by the second (planar), three are interleaved.
 */
typedef void (*LetterboxResample) (gint16 *row, const guint8 *const *components,
    const LetterboxColumns *columns);

/**
 * LetterboxUnpackRow:
 * @levels: (out): the upper 8 bits of @n samples
 * @source: the first of them, in the form of a #LetterboxUnpack
 */
typedef void (*LetterboxUnpackRow) (
    guint8 *levels, const guint8 *source, guint n);

/**
 * LetterboxKernels:
 * @unpack: for each #LetterboxUnpack
 * @resample: bilinear, for one, two or three components
 * @copy: the same for columns that are copies
 * @blend: blends two rows of @n samples and quantizes them
 * @blend_convert: blends luma and chroma (planar U, V) of @n pixels, converts
 *     to RGB and quantizes; of the four bytes of a pixel the last is unused
 * @pack: drops each fourth byte of @n pixels
 * @look_up: replaces @n levels by their table entries
 *
 * One implementation of everything that runs per pixel.
 */
typedef struct {
  LetterboxUnpackRow unpack[LETTERBOX_N_UNPACKS];
  LetterboxResample resample[3];
  LetterboxResample copy[3];
  void (*blend) (gint8 *output, const LetterboxBlend *blend,
      const LetterboxQuantizer *quantizer, guint n);
  void (*blend_convert) (guint32 *pixels, const LetterboxBlend *luma,
      const LetterboxBlend *chroma, const LetterboxColour *colour,
      const LetterboxQuantizer *quantizer, guint n);
  void (*pack) (gint8 *output, const guint32 *pixels, guint n);
  void (*look_up) (gint8 *levels, const gint8 *table, guint n);
} LetterboxKernels;

const LetterboxKernels *letterbox_kernels_get (void);

G_END_DECLS
