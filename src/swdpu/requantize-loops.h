/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The end of a layer for the usual shifts, as loops that compilers vectorize for
 * the processor that the file which includes this is compiled for. */

#pragma once

#include "arithmetic.h"
#include "plan.h"

G_BEGIN_DECLS

/* ties go up, as the sums of these bounded integers cannot overflow */
static inline void
requantize_shift_right (
    const gint32 *exact, gsize n, gint shift, gint32 least, gint8 *output)
{
  gint32 half = shift > 0 ? 1 << (shift - 1) : 0;

  for (gsize i = 0; i < n; i++) {
    gint32 value = MAX (exact[i], least);

    value = (MIN (value, G_MAXINT32 - half) + half) >> shift;
    output[i] = CLAMP (value, -128, 127);
  }
}

/* the floor in between does not change the result: the rounding that follows
 * is a floor as well */
static inline void
requantize_leaky_shift_right (
    const gint32 *exact, gsize n, gint shift, gint8 *output)
{
  gint32 half = 1 << (shift - 1);

  for (gsize i = 0; i < n; i++) {
    gint32 negative = MAX (exact[i], G_MININT32 / SWDPU_LEAKY_NUMERATOR)
                          * SWDPU_LEAKY_NUMERATOR
                      >> SWDPU_LEAKY_SHIFT;
    gint32 value = exact[i] < 0 ? negative : exact[i];

    value = (MIN (value, G_MAXINT32 - half) + half) >> shift;
    output[i] = CLAMP (value, -128, 127);
  }
}

/* Beyond 2^27 / 13 the leaky product would need more than 32 bits, but what is cut
 * off there saturates as long as the shift is small. */
static inline gboolean
requantize_is_usual (const PlanRequantize *requantize)
{
  gint shift = requantize->fix_point - requantize->output_fix_point;

  switch (requantize->activation) {
    case PLAN_ACTIVATION_NONE:
    case PLAN_ACTIVATION_RELU:
      return shift >= 0 && shift <= 16;
    case PLAN_ACTIVATION_LEAKY_RELU:
      return shift >= 1 && shift <= 16;
    case PLAN_ACTIVATION_RELU6:
      break;
  }
  return FALSE;
}

static inline void
requantize_usual (const PlanRequantize *requantize, const gint32 *exact,
    gsize n, gint8 *output)
{
  gint shift = requantize->fix_point - requantize->output_fix_point;

  if (requantize->activation == PLAN_ACTIVATION_LEAKY_RELU)
    requantize_leaky_shift_right (exact, n, shift, output);
  else
    requantize_shift_right (exact, n, shift,
        requantize->activation == PLAN_ACTIVATION_RELU ? 0 : G_MININT32,
        output);
}

G_END_DECLS
