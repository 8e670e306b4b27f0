/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Colour matrices and ranges of the frames, as fixed-point coefficients. */

#include "colour.h"
#include "frames.h"

#include <math.h>

static gint16
make_factor (gdouble value)
{
  return (gint16) lrint (ldexp (value, LETTERBOX_COLOUR_FACTOR_BITS));
}

/* What a channel is too great by: black, and chroma of which 128 is no colour.
 * Levels lack the bits that samples had below eight, of which the mean is put
 * back. One half rounds when the sum is cut off to a level, but since sums are
 * whole units it rounds ties upward; half a unit less has no bias. */
static gint16
make_offset (gdouble luma, gdouble black, gint chroma_factors, gdouble dropped)
{
  const gdouble unit = 1 << LETTERBOX_COLOUR_SUM_BITS;
  gdouble chroma = ldexp (chroma_factors, -LETTERBOX_COLOUR_FACTOR_BITS);
  gdouble excess = (black - dropped) * luma + (128.0 - dropped) * chroma;

  /* to the nearest; of two the lower one */
  return (gint16) ceil (unit * (0.5 - excess) - 1.0);
}

/* Kr and Kb are those of ITU-R BT.601, BT.709 and BT.2020 (and SMPTE 240M and
 * FCC), which GStreamer knows. With Kg = 1 - Kr - Kb the standards define
 *   Cb = (B' - Y') / (2 (1 - Kb)), Cr = (R' - Y') / (2 (1 - Kr)),
 *   Y' = Kr R' + Kg G' + Kb B',
 * and here they are solved for R', G' and B'. */
void
letterbox_colour_init (LetterboxColour *colour, const GstVideoInfo *info,
    LetterboxChannelOrder channel_order)
{
  const gint dropped_bits = GST_VIDEO_FORMAT_INFO_DEPTH (info->finfo, 0) - 8;
  const gboolean has_chroma = GST_VIDEO_INFO_N_COMPONENTS (info) > 1;
  const gdouble dropped = letterbox_mean_of_dropped_bits (info);
  gdouble kr, kb, kg, luma, chroma, black;
  gint offset[GST_VIDEO_MAX_COMPONENTS], scale[GST_VIDEO_MAX_COMPONENTS];

  if (!gst_video_color_matrix_get_Kr_Kb (info->colorimetry.matrix, &kr, &kb))
    gst_video_color_matrix_get_Kr_Kb (GST_VIDEO_COLOR_MATRIX_BT601, &kr, &kb);
  kg = 1.0 - kr - kb;

  gst_video_color_range_offsets (
      info->colorimetry.range, info->finfo, offset, scale);
  luma = 255.0 / ldexp (scale[0], -dropped_bits);
  chroma = has_chroma ? 255.0 / ldexp (scale[1], -dropped_bits) : 1.0;
  black = ldexp (offset[0], -dropped_bits);

  colour->luma = make_factor (luma);
  colour->v_to_first = make_factor (2.0 * (1.0 - kr) * chroma);
  colour->u_to_second = make_factor (-2.0 * (1.0 - kb) * kb / kg * chroma);
  colour->v_to_second = make_factor (-2.0 * (1.0 - kr) * kr / kg * chroma);
  colour->u_to_third = make_factor (2.0 * (1.0 - kb) * chroma);

  if (channel_order == LETTERBOX_CHANNEL_ORDER_BGR) {
    gint16 swap = colour->v_to_first;

    colour->v_to_first = colour->u_to_third;
    colour->u_to_third = swap;
    swap = colour->u_to_second;
    colour->u_to_second = colour->v_to_second;
    colour->v_to_second = swap;
  }

  colour->offset_first = make_offset (luma, black, colour->v_to_first, dropped);
  colour->offset_second = make_offset (
      luma, black, colour->u_to_second + colour->v_to_second, dropped);
  colour->offset_third = make_offset (luma, black, colour->u_to_third, dropped);
}

/* levels of the full range for levels of an RGB frame's range */
void
letterbox_colour_expand_range (guint8 levels[256], const GstVideoInfo *info)
{
  gint offset[GST_VIDEO_MAX_COMPONENTS], scale[GST_VIDEO_MAX_COMPONENTS];
  gint i;

  gst_video_color_range_offsets (
      info->colorimetry.range, info->finfo, offset, scale);
  for (i = 0; i < 256; i++) {
    gdouble level = floor ((i - offset[0]) * 255.0 / scale[0] + 0.5);

    levels[i] = (guint8) CLAMP (level, 0.0, 255.0);
  }
}
