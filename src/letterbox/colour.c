/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Colour matrices and ranges of the frames, as fixed-point coefficients. */

#include "colour.h"
#include "frames.h"

#include <math.h>

static gint16
fixed_point (gdouble value, guint bits)
{
  return (gint16) lrint (ldexp (value, bits));
}

/* The bits that samples had below eight are missing: the mean of them is put
 * back. The lower half of a product is cut off, which loses half a unit on
 * average, unless the factor is 1 or there is no colour. Adding one half before
 * a sum of whole units is cut off to a level rounds, but ties upward; half a
 * unit less has no bias. What remains is the rounding of the offsets. */
static void
init_offsets (LetterboxColour *colour, gdouble luma, gdouble black_level,
    gdouble dropped, gboolean has_chroma)
{
  const gdouble unit = 1 << LETTERBOX_COLOUR_SUM_BITS;
  gdouble lost_luma = colour->luma == fixed_point (1.0, 14) ? 0.0 : 0.5;
  gdouble lost_chroma = has_chroma ? 0.5 : 0.0;
  gdouble black = unit / 2 - 0.5 - (black_level - dropped) * luma * unit;

  colour->chroma_zero = (gint16) (128 * unit);
  if (has_chroma)
    colour->chroma_zero -= (gint16) lrint (dropped * unit);
  colour->offset_first = (gint16) lrint (black + lost_luma + lost_chroma);
  colour->offset_second = (gint16) lrint (black + lost_luma + 2 * lost_chroma);
  colour->offset_third = colour->offset_first;
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
  gdouble kr, kb, kg, luma, chroma, u_to_green, v_to_green;
  gint offset[GST_VIDEO_MAX_COMPONENTS], scale[GST_VIDEO_MAX_COMPONENTS];

  if (!gst_video_color_matrix_get_Kr_Kb (info->colorimetry.matrix, &kr, &kb))
    gst_video_color_matrix_get_Kr_Kb (GST_VIDEO_COLOR_MATRIX_BT601, &kr, &kb);
  kg = 1.0 - kr - kb;

  gst_video_color_range_offsets (
      info->colorimetry.range, info->finfo, offset, scale);
  luma = 255.0 / ldexp (scale[0], -dropped_bits);
  chroma = has_chroma ? 255.0 / ldexp (scale[1], -dropped_bits) : 1.0;
  u_to_green = -2.0 * (1.0 - kb) * kb / kg * chroma;
  v_to_green = -2.0 * (1.0 - kr) * kr / kg * chroma;

  colour->luma = fixed_point (luma, 14);
  colour->v_to_first = fixed_point (2.0 * (1.0 - kr) * chroma, 13);
  colour->u_to_second = fixed_point (u_to_green, 13);
  colour->v_to_second = fixed_point (v_to_green, 13);
  colour->u_to_third = fixed_point (2.0 * (1.0 - kb) * chroma, 13);

  if (channel_order == LETTERBOX_CHANNEL_ORDER_BGR) {
    gint16 swap = colour->v_to_first;

    colour->v_to_first = colour->u_to_third;
    colour->u_to_third = swap;
    swap = colour->u_to_second;
    colour->u_to_second = colour->v_to_second;
    colour->v_to_second = swap;
  }

  init_offsets (colour, luma, ldexp (offset[0], -dropped_bits),
      letterbox_mean_of_dropped_bits (info), has_chroma);
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
