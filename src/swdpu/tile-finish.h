/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What a level's file does with the sums, compiled for its processor. */

#pragma once

#include "kernels.h"
#include "requantize-loops.h"
#include "tile-kernels.h"

G_BEGIN_DECLS

/* so many at once, on the stack */
#define FINISH_BLOCK 256

static void
finish_sums (const SwdpuTileFinish *self, const gint32 *sums, gsize sums_stride,
    guint n_pixels, gint8 *output)
{
  gint32 exact[FINISH_BLOCK];

  for (guint pixel = 0; pixel < n_pixels; pixel++, sums += sums_stride) {
    for (guint start = 0; start < self->n_channels; start += FINISH_BLOCK) {
      guint n = MIN (FINISH_BLOCK, self->n_channels - start);

      /* what wraps around here wraps back */
      for (guint c = 0; c < n; c++)
        exact[c] = (gint32) ((guint32) sums[start + c] * (guint32) self->unit
                             + (guint32) self->bias[start + c]);
      if (requantize_is_usual (&self->requantize))
        requantize_usual (&self->requantize, exact, n, output);
      else
        swdpu_requantize (&self->requantize, exact, n, output);
      output += n;
    }
  }
}

G_END_DECLS
