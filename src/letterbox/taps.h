/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* From a source row to resampled ones: which bytes make each output, and the
 * same in the form that byte shuffles want it. */

#pragma once

#include "sampling.h"

G_BEGIN_DECLS

/* resampled rows hold whole multiples of these, whatever a kernel writes at once */
#define LETTERBOX_ROW_MULTIPLE 64

/**
 * LetterboxShuffle:
 * @window_size: bytes that one look-up reaches; 0 for kernels without any
 * @n_octets: eights of outputs that are made together
 * @alternates: left and right samples alternate in the looked-up bytes; else
 *     eight left ones are followed by eight right ones
 * @weight_bias: is taken off the weights,
 * @weight_shift: and the rest shifted up by this
 * @weight_unit: what the two weights of a pair of samples add up to when they
 *     are bytes
 *
 * How a level of the processor wants its taps.
 */
typedef struct {
  guint window_size;
  guint n_octets;
  gboolean alternates;
  gint16 weight_bias;
  guint weight_shift;
  guint weight_unit;
} LetterboxShuffle;

/* weights that are sixty-fourths, as most are between sizes that video has, fit
 * bytes beside their samples */
typedef enum {
  LETTERBOX_TAPS_NEAREST,
  LETTERBOX_TAPS_COARSE,
  LETTERBOX_TAPS_FINE,
} LetterboxTapsKind;

/**
 * LetterboxTaps:
 * @n: outputs of each component
 * @n_components: 1, or 2 that are sampled at the same positions
 * @component_offsets: bytes from the source to the first sample of each
 * @offsets: from there to the left sample of each output
 * @weights: of the right sample, 0..2^LETTERBOX_COLUMN_WEIGHT_BITS
 * @step: bytes from the left sample to the right one
 * @kind: in the nearest kind the left sample is all of every output, and @step
 *     is 0
 * @is_contiguous: these samples are the source's bytes in their order
 * @n_windows: windows that hold all samples of the outputs of any octet; 0 where
 *     a source is too short for one
 * @n_blocks: of shuffle->n_octets octets of outputs
 * @starts: [block][window][octet of columns]: where each window begins
 * @controls: [block][window][octet of columns][component][16]: places in the
 *     window; 0xff for samples that lie in another one
 * @shuffle_weights: [block][octet of columns][16]: @weights as the shuffle wants
 *     them: eight of 16 bits, or where they are coarse bytes in the order of the
 *     samples
 *
 * What makes the outputs of one source row. Outputs beyond @n that fill the last
 * block repeat the last one.
 */
typedef struct {
  guint n;
  guint n_components;
  guint component_offsets[2];
  guint32 *offsets;
  gint16 *weights;
  guint step;
  LetterboxTapsKind kind;
  gboolean is_contiguous;

  guint n_windows;
  guint n_blocks;
  guint32 *starts;
  guint8 *controls;
  guint8 *shuffle_weights;
} LetterboxTaps;

void letterbox_taps_init (LetterboxTaps *taps, const LetterboxColumns *columns,
    const guint *component_offsets, guint n_components,
    const LetterboxShuffle *shuffle);
void letterbox_taps_clear (LetterboxTaps *taps);

G_END_DECLS
