/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What a level's file does with the sums, compiled for its processor. It says
 * before that how many CHANNELS a block has, and how many blocks, FINISH_BLOCKS, are
 * finished at once. */

#pragma once

#include "kernels.h"
#include "requantize-loops.h"
#include "tile-kernels.h"

G_BEGIN_DECLS

static void
finish_sums (const SwdpuTileFinish *self, const gint32 *sums, guint n_pixels,
    gint8 *output)
{
  gint32 exact[CHANNELS * FINISH_BLOCKS];

  for (; n_pixels > 0; n_pixels--) {
    /* what wraps around here wraps back */
    for (guint c = 0; c < self->n_channels; c++) {
      const gint32 *block = sums + c / CHANNELS * self->block_stride;

      exact[c] = (gint32) ((guint32) block[c % CHANNELS] * (guint32) self->unit
                           + (guint32) self->bias[c]);
    }
    if (requantize_is_usual (&self->requantize))
      requantize_usual (&self->requantize, exact, self->n_channels, output);
    else
      swdpu_requantize (&self->requantize, exact, self->n_channels, output);
    sums += self->sums_stride;
    output += self->output_stride;
  }
}

static inline gint16
half_of (guint8 shift)
{
  return shift > 0 ? 1 << (shift - 1) : 0;
}

static inline void
add_values (const SwdpuTileAddition *self, const gint8 *restrict a,
    const gint8 *restrict b, gsize n, gint8 *restrict output)
{
  const gint16 half = half_of (self->shift);
  const gint16 half_a = half_of (self->right[0]);
  const gint16 half_b = half_of (self->right[1]);

  for (gsize i = 0; i < n; i++) {
    gint x = ((a[i] + half_a) >> self->right[0]) * (1 << self->left[0]);
    gint y = ((b[i] + half_b) >> self->right[1]) * (1 << self->left[1]);
    gint sum = (MAX (x + y, self->least) + half) >> self->shift;

    output[i] = CLAMP (sum, -128, 127);
  }
}

G_END_DECLS
