/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The caps say what levels a colour has: the matrix and the range are theirs.
 * Colours are converted once for the caps, never per frame. */

#include "color.h"

#include <math.h>

/* gst_video_info_from_caps() fills the colorimetry in where the caps have
 * none; this is for caps that say "unknown" outright */
static void
get_colorimetry (const GstVideoInfo *info, gdouble *kr, gdouble *kb,
    GstVideoColorRange *range)
{
  const GstVideoColorimetry *colorimetry = &info->colorimetry;

  if (!gst_video_color_matrix_get_Kr_Kb (colorimetry->matrix, kr, kb))
    gst_video_color_matrix_get_Kr_Kb (info->height > 576
                                          ? GST_VIDEO_COLOR_MATRIX_BT709
                                          : GST_VIDEO_COLOR_MATRIX_BT601,
        kr, kb);
  *range = colorimetry->range;
  if (*range == GST_VIDEO_COLOR_RANGE_UNKNOWN)
    *range = GST_VIDEO_INFO_IS_YUV (info) ? GST_VIDEO_COLOR_RANGE_16_235
                                          : GST_VIDEO_COLOR_RANGE_0_255;
}

/**
 * overlay_color_from_rgb:
 * @color: (out): the colour in @info's components
 * @info: format and colorimetry of the frames to draw into
 * @rgb: red, green and blue, 0..255 in full range
 *
 * Converts a colour with the matrix and the range of the caps. Alpha, where
 * the format has one, becomes opaque.
 */
void
overlay_color_from_rgb (
    OverlayColor *color, const GstVideoInfo *info, const guint8 rgb[3])
{
  gdouble kr, kb, luma, component[GST_VIDEO_MAX_COMPONENTS] = { 0 };
  gint offset[GST_VIDEO_MAX_COMPONENTS], scale[GST_VIDEO_MAX_COMPONENTS];
  GstVideoColorRange range;
  gdouble r = rgb[0] / 255.0, g = rgb[1] / 255.0, b = rgb[2] / 255.0;
  guint i;

  get_colorimetry (info, &kr, &kb, &range);
  gst_video_color_range_offsets (range, info->finfo, offset, scale);

  luma = kr * r + (1.0 - kr - kb) * g + kb * b;
  if (GST_VIDEO_INFO_IS_RGB (info)) {
    component[0] = r;
    component[1] = g;
    component[2] = b;
  } else {
    component[0] = luma;
    component[1] = (b - luma) / (2.0 * (1.0 - kb));
    component[2] = (r - luma) / (2.0 * (1.0 - kr));
  }

  for (i = 0; i < GST_VIDEO_MAX_COMPONENTS; i++) {
    glong level = lround (component[i] * scale[i] + offset[i]);
    glong highest = (1l << GST_VIDEO_FORMAT_INFO_DEPTH (info->finfo, i)) - 1;

    color->component[i] = (guint16) CLAMP (level, 0, highest);
  }
  if (GST_VIDEO_INFO_HAS_ALPHA (info))
    color->component[GST_VIDEO_COMP_A] =
        (guint16) ((1u << GST_VIDEO_INFO_COMP_DEPTH (info, GST_VIDEO_COMP_A))
                   - 1);
}

/* relative luminance as in the Web Content Accessibility Guidelines */
static gdouble
get_relative_luminance (const guint8 rgb[3])
{
  static const gdouble weight[3] = { 0.2126, 0.7152, 0.0722 };
  gdouble luminance = 0.0;
  guint c;

  for (c = 0; c < 3; c++) {
    gdouble level = rgb[c] / 255.0;

    luminance += weight[c]
                 * (level <= 0.04045 ? level / 12.92
                                     : pow ((level + 0.055) / 1.055, 2.4));
  }
  return luminance;
}

/* The first eight are the set whose nearest two are the farthest apart, in normal
 * vision and as seen with protanopia and deuteranopia, that a random search found
 * among vivid colours which stand out from black (3.6 : 1). Each of the others is
 * the one that is farthest from all before it, normal vision counting more.
 * Distances are CIEDE2000; tests/yolov5overlay/palette.c measures them. */
static const guint32 palette[OVERLAY_PALETTE_SIZE] = { 0x00dd55, 0x998800,
  0x22ffee, 0xbb3344, 0xbb3399, 0xff77aa, 0x3366ee, 0xbb99ee, 0x009966,
  0xaa5500, 0xffee22, 0x88aa44, 0xccee88, 0xffaa00, 0xdd6666, 0x0088dd,
  0x88ffbb, 0x9966bb, 0xffaaff, 0xff0088, 0x44cc99, 0xcc66aa, 0xff5522,
  0xdd55ff, 0xcc0066, 0x007733, 0xcc4433, 0x6688ff, 0x66bb66, 0x559944,
  0xff8888, 0xee00cc, 0x9933cc, 0xff8800, 0x5544ff, 0xff0044, 0x99ff66,
  0xccdd33, 0xdd4466, 0x99dd88, 0x447700, 0xee88cc, 0xeebb55, 0x00eebb,
  0xff55bb, 0xcc5588, 0xff5577, 0x99cc33, 0xdd9955, 0x00ddcc, 0xff77ee,
  0xff9977, 0xcc77cc, 0xdd1188, 0x7766cc, 0x7755aa, 0xdd0000, 0xaa55aa,
  0x00bb99, 0xff2222, 0xbbaa33, 0xbb66dd, 0x33ee99, 0x8877cc };

/**
 * overlay_palette_get_rgb:
 * @index: any number; the palette repeats after #OVERLAY_PALETTE_SIZE
 * @rgb: (out): red, green and blue
 */
void
overlay_palette_get_rgb (guint index, guint8 rgb[3])
{
  guint32 color = palette[index % OVERLAY_PALETTE_SIZE];

  rgb[0] = (guint8) (color >> 16);
  rgb[1] = (guint8) (color >> 8);
  rgb[2] = (guint8) color;
}

static void
set_contrasting_text (
    OverlayPaint *paint, const GstVideoInfo *info, const guint8 fill[3])
{
  static const guint8 black[3] = { 0, 0, 0 }, white[3] = { 255, 255, 255 };
  gdouble luminance = get_relative_luminance (fill);

  /* contrast is (lighter + 0.05) / (darker + 0.05) */
  if ((luminance + 0.05) / 0.05 >= 1.05 / (luminance + 0.05))
    overlay_color_from_rgb (&paint->text, info, black);
  else
    overlay_color_from_rgb (&paint->text, info, white);
}

/**
 * overlay_paint_from_rgb:
 * @paint: (out): the colours in @info's components
 * @info: format and colorimetry of the frames to draw into
 * @rgb: colour of the box
 * @text_argb: colour of the text, or %OVERLAY_AUTO_COLOR for black or white,
 *   whichever is easier to read on @rgb
 *
 * Alpha in @text_argb lets @rgb through; 0 is taken for a colour that was
 * written without alpha, because such a text could not be seen.
 */
void
overlay_paint_from_rgb (OverlayPaint *paint, const GstVideoInfo *info,
    const guint8 rgb[3], guint32 text_argb)
{
  guint alpha = text_argb >> 24, c;
  guint8 text[3];

  overlay_color_from_rgb (&paint->fill, info, rgb);
  if (text_argb == OVERLAY_AUTO_COLOR) {
    set_contrasting_text (paint, info, rgb);
    return;
  }

  alpha = alpha == 0 ? 255 : alpha;
  for (c = 0; c < 3; c++) {
    guint level = (text_argb >> (16 - 8 * c)) & 0xff;

    text[c] = (guint8) ((level * alpha + rgb[c] * (255 - alpha) + 127) / 255);
  }
  overlay_color_from_rgb (&paint->text, info, text);
}
