/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The DPU's rounding. Everything bit exact in the software DPU comes down to
 * these few lines. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* LeakyReLU's slope on the DPU is 26/256 whatever the network was trained with,
 * here as 13 / 2^7 */
#define SWDPU_LEAKY_NUMERATOR 13
#define SWDPU_LEAKY_SHIFT 7

static inline gint8
swdpu_saturate (gint64 value)
{
  return (gint8) CLAMP (value, -128, 127);
}

/* value * 2^-shift, ties toward plus infinity ("DPU_ROUND"); a negative shift
 * multiplies. Shifts beyond what 64 bits hold have the result of the limit. */
static inline gint64
swdpu_round_shift (gint64 value, gint shift)
{
  if (shift <= 0)
    return value * ((gint64) 1 << MIN (-shift, 40));
  if (shift > 62)
    return 0;
  return (value + ((gint64) 1 << (shift - 1))) >> shift;
}

/* ReLU6. Below fix point 0 six is no whole number: there the result has fix point
 * 0, which @fix_point is set to. */
static inline gint64
swdpu_clip_to_six (gint64 value, gint *fix_point)
{
  if (*fix_point < 0) {
    /* the clamp before keeps the product small, and changes nothing */
    value = CLAMP (value, 0, 6) * ((gint64) 1 << MIN (-*fix_point, 40));
    *fix_point = 0;
  }
  return CLAMP (value, 0, swdpu_round_shift (6, -*fix_point));
}

G_END_DECLS
