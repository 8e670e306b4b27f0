/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Resampled rows of a frame, for each row of the picture the two that it lies
 * between. */

#pragma once

#include "rows.h"

G_BEGIN_DECLS

/**
 * LetterboxSampler:
 * @kernels: what resamples, not owned
 * @components: those that are sampled at the same positions
 * @n_sources: rows of the frame that make a resampled one: 1 that holds all
 *     components, or one for each
 * @source_offsets: bytes from the begin of these rows to the first sample
 * @source_size: bytes from there to the end of the last sample
 * @scratch: for each of these a row of bytes that it is unpacked or copied to
 * @copies: whether the frame's rows are copied there
 * @taps: how each source row is resampled
 * @rows: for each row of the picture; %NULL when all rows are the same
 * @stride: samples from a component of a resampled row to the next one
 * @samples: the two rows that were resampled last: rows of the picture that
 *     follow each other often need the same ones
 * @source_rows: their numbers in the frame, or -1
 */
typedef struct {
  const LetterboxKernels *kernels;
  guint n_components;
  LetterboxComponent components[3];
  guint n_sources;
  guint source_offsets[3];
  gsize source_size;
  guint8 *scratch[3];
  gboolean copies;
  LetterboxTaps taps;

  LetterboxRow *rows;
  gsize stride;
  gint16 *samples[2];
  gint source_rows[2];
} LetterboxSampler;

void letterbox_sampler_init (LetterboxSampler *sampler,
    const LetterboxKernels *kernels, const GstVideoInfo *info,
    const LetterboxRectangle *picture, const guint *components,
    guint n_components);
void letterbox_sampler_init_grey (
    LetterboxSampler *sampler, const LetterboxRectangle *picture);
void letterbox_sampler_clear (LetterboxSampler *sampler);
void letterbox_sampler_start (
    LetterboxSampler *sampler, const GstVideoFrame *frame);
void letterbox_sampler_fetch (LetterboxSampler *sampler,
    const GstVideoFrame *frame, guint y, LetterboxBlend *blend);

G_END_DECLS
