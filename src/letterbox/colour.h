/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* From a frame's Y'CbCr to the R'G'B' the model was trained on, in 16 bit
 * fixed point. */

#pragma once

#include "letterbox.h"

G_BEGIN_DECLS

/* fraction bits of the sums that become levels */
#define LETTERBOX_COLOUR_SUM_BITS 5
/* ... and of the factors: a product of a sample of level * 2^7 loses 15 bits */
#define LETTERBOX_COLOUR_FACTOR_BITS 13

/**
 * LetterboxColour:
 * @luma: Y' to every channel, times 2^LETTERBOX_COLOUR_FACTOR_BITS
 * @v_to_first: the same, as are the others
 * @offset_first: times 2^LETTERBOX_COLOUR_SUM_BITS; takes off black and the
 *     chroma of grey, and rounds
 *
 * First, second and third are the channels in the model's order. For BGR the
 * caller exchanges U and V: the two conversions have the same shape.
 */
typedef struct {
  gint16 luma;
  gint16 v_to_first;
  gint16 u_to_second;
  gint16 v_to_second;
  gint16 u_to_third;
  gint16 offset_first;
  gint16 offset_second;
  gint16 offset_third;
} LetterboxColour;

void letterbox_colour_init (LetterboxColour *colour, const GstVideoInfo *info,
    LetterboxChannelOrder channel_order);
void letterbox_colour_expand_range (
    guint8 levels[256], const GstVideoInfo *info);

G_END_DECLS
