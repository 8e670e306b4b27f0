/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Every supported format is a set of components, each with its own start,
 * distance between samples and subsampling. All drawing goes component by
 * component, so that no format needs code of its own. */

#include "overlaypainter.h"

#include <math.h>
#include <string.h>

/* of a colour in the palette; 3.6 : 1 in contrast to black */
#define MIN_LUMINANCE 0.13

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

    color->component[i] = (guint8) CLAMP (level, 0, 255);
  }
  if (GST_VIDEO_INFO_HAS_ALPHA (info))
    color->component[GST_VIDEO_COMP_A] = 255;
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

/**
 * overlay_palette_get_rgb:
 * @index: any number; the palette repeats after #OVERLAY_PALETTE_SIZE
 * @rgb: (out): red, green and blue
 *
 * The palette: steps of the golden ratio around the colour wheel keep
 * neighbours far apart however many are used, and every second and third colour
 * is lighter or darker, so that similar hues still differ. Dark blues are
 * lightened until they stand out from a dark scene.
 */
void
overlay_palette_get_rgb (guint index, guint8 rgb[3])
{
  static const struct {
    gdouble saturation, value;
  } shades[] = { { 1.0, 1.0 }, { 0.6, 1.0 }, { 1.0, 0.75 } };
  const gdouble golden_ratio = 0.618033988749895;
  guint i = index % OVERLAY_PALETTE_SIZE, c;
  gdouble hue = fmod (0.35 + i * golden_ratio, 1.0);
  gdouble saturation = shades[i % G_N_ELEMENTS (shades)].saturation;
  gdouble value = shades[i % G_N_ELEMENTS (shades)].value;

  for (c = 0; c < 3; c++) {
    /* HSV to RGB: each channel is a trapezoid over the hue, a third apart */
    gdouble position = fmod (6.0 * hue + 6.0 - 2.0 * c, 6.0);
    gdouble level = CLAMP (fabs (position - 3.0) - 1.0, 0.0, 1.0);

    rgb[c] =
        (guint8) lround (255.0 * value * (1.0 - saturation * (1.0 - level)));
  }
  while (get_relative_luminance (rgb) < MIN_LUMINANCE)
    for (c = 0; c < 3; c++)
      rgb[c] += (255 - rgb[c] + 15) / 16;
}

/**
 * overlay_palette_convert:
 * @info: format and colorimetry of the frames to draw into
 * @palette: (out): the palette in @info's components
 *
 * Converts the whole palette, once for the caps.
 */
void
overlay_palette_convert (
    const GstVideoInfo *info, OverlayPaint palette[OVERLAY_PALETTE_SIZE])
{
  static const guint8 black[3] = { 0, 0, 0 }, white[3] = { 255, 255, 255 };
  guint i;

  for (i = 0; i < OVERLAY_PALETTE_SIZE; i++) {
    guint8 rgb[3];
    gdouble luminance;

    overlay_palette_get_rgb (i, rgb);
    overlay_color_from_rgb (&palette[i].fill, info, rgb);
    /* contrast is (lighter + 0.05) / (darker + 0.05) */
    luminance = get_relative_luminance (rgb);
    if ((luminance + 0.05) / 0.05 >= 1.05 / (luminance + 0.05))
      overlay_color_from_rgb (&palette[i].text, info, black);
    else
      overlay_color_from_rgb (&palette[i].text, info, white);
  }
}

/* pixels that share one chroma sample, as shifts */
static void
get_subsampling (const GstVideoInfo *info, guint *shift_x, guint *shift_y)
{
  guint c;

  *shift_x = *shift_y = 0;
  for (c = 0; c < GST_VIDEO_INFO_N_COMPONENTS (info); c++) {
    *shift_x = MAX (*shift_x, GST_VIDEO_FORMAT_INFO_W_SUB (info->finfo, c));
    *shift_y = MAX (*shift_y, GST_VIDEO_FORMAT_INFO_H_SUB (info->finfo, c));
  }
}

/**
 * overlay_get_grid:
 * @info: format of the frames to draw into
 *
 * Returns: the multiple in pixels that lengths must have for colours not to
 *   run into the pixels beside them: 2 with subsampled chroma, else 1
 */
gint
overlay_get_grid (const GstVideoInfo *info)
{
  guint shift_x, shift_y;

  get_subsampling (info, &shift_x, &shift_y);
  return 1 << MAX (shift_x, shift_y);
}

/**
 * overlay_align_rectangle:
 * @info: size and format of the frames to draw into
 * @rectangle: (inout): pixels, may reach beyond the frame
 *
 * Clips @rectangle to the frame and widens it to whole chroma samples.
 *
 * Returns: %FALSE if no part of @rectangle lies in the frame
 */
gboolean
overlay_align_rectangle (const GstVideoInfo *info, GstVideoRectangle *rectangle)
{
  gint left = MAX (rectangle->x, 0);
  gint top = MAX (rectangle->y, 0);
  gint right = MIN (rectangle->x + rectangle->w, info->width);
  gint bottom = MIN (rectangle->y + rectangle->h, info->height);
  guint shift_x, shift_y;

  if (left >= right || top >= bottom)
    return FALSE;

  get_subsampling (info, &shift_x, &shift_y);
  left = left >> shift_x << shift_x;
  top = top >> shift_y << shift_y;
  right = MIN (GST_VIDEO_SUB_SCALE (shift_x, right) << shift_x, info->width);
  bottom = MIN (GST_VIDEO_SUB_SCALE (shift_y, bottom) << shift_y, info->height);

  rectangle->x = left;
  rectangle->y = top;
  rectangle->w = right - left;
  rectangle->h = bottom - top;
  return TRUE;
}

/* the samples of one component that a rectangle of pixels covers */
typedef struct {
  guint8 *data;
  gint stride;
  gint step;
  gint columns;
  gint rows;
} ComponentArea;

/* rectangle lies in the frame and starts on a whole chroma sample */
static void
get_component_area (const GstVideoFrame *frame, guint c,
    const GstVideoRectangle *rectangle, ComponentArea *area)
{
  const GstVideoFormatInfo *finfo = frame->info.finfo;
  gint x = rectangle->x >> GST_VIDEO_FORMAT_INFO_W_SUB (finfo, c);
  gint y = rectangle->y >> GST_VIDEO_FORMAT_INFO_H_SUB (finfo, c);
  gint row_bytes;

  area->stride = GST_VIDEO_FRAME_COMP_STRIDE (frame, c);
  area->step = GST_VIDEO_FRAME_COMP_PSTRIDE (frame, c);
  area->columns = GST_VIDEO_FORMAT_INFO_SCALE_WIDTH (finfo, c, rectangle->w);
  area->rows = GST_VIDEO_FORMAT_INFO_SCALE_HEIGHT (finfo, c, rectangle->h);
  area->data = (guint8 *) GST_VIDEO_FRAME_COMP_DATA (frame, c)
               + (gssize) y * area->stride + (gssize) x * area->step;

  /* the chroma of a YUY2 row of odd width may lie beyond its stride */
  row_bytes = ABS (area->stride) - GST_VIDEO_FRAME_COMP_POFFSET (frame, c);
  area->columns =
      MIN (area->columns, (row_bytes + area->step - 1) / area->step - x);
}

/**
 * overlay_fill_rectangle:
 * @frame: mapped for writing
 * @rectangle: pixels, from overlay_align_rectangle()
 * @color: from overlay_color_from_rgb() for the frame's caps
 *
 * Fills a rectangle.
 */
void
overlay_fill_rectangle (GstVideoFrame *frame,
    const GstVideoRectangle *rectangle, const OverlayColor *color)
{
  guint c;
  gint row, column;

  for (c = 0; c < GST_VIDEO_FRAME_N_COMPONENTS (frame); c++) {
    ComponentArea area;

    get_component_area (frame, c, rectangle, &area);
    if (area.columns <= 0)
      continue;
    for (row = 0; row < area.rows; row++) {
      guint8 *samples = area.data + (gssize) row * area.stride;

      if (area.step == 1) {
        memset (samples, color->component[c], area.columns);
        continue;
      }
      for (column = 0; column < area.columns; column++)
        samples[column * area.step] = color->component[c];
    }
  }
}

/**
 * overlay_draw_outline:
 * @frame: mapped for writing
 * @rectangle: pixels, from overlay_align_rectangle()
 * @thickness: width of the lines in pixels, a multiple of overlay_get_grid()
 * @color: from overlay_color_from_rgb() for the frame's caps
 *
 * Draws the border of a rectangle, growing inwards from its edges.
 */
void
overlay_draw_outline (GstVideoFrame *frame, const GstVideoRectangle *rectangle,
    gint thickness, const OverlayColor *color)
{
  GstVideoRectangle line = *rectangle;
  guint shift_x, shift_y;
  gint right, bottom;

  /* the far lines start on whole chroma samples as well: where the frame ends
   * within one they are a pixel thinner */
  get_subsampling (&frame->info, &shift_x, &shift_y);
  right = GST_VIDEO_SUB_SCALE (shift_x, rectangle->x + rectangle->w) << shift_x;
  bottom = GST_VIDEO_SUB_SCALE (shift_y, rectangle->y + rectangle->h)
           << shift_y;
  if (right - rectangle->x <= 2 * thickness
      || bottom - rectangle->y <= 2 * thickness) {
    overlay_fill_rectangle (frame, rectangle, color);
    return;
  }

  line.h = thickness;
  overlay_fill_rectangle (frame, &line, color);
  line.y = bottom - thickness;
  line.h = rectangle->y + rectangle->h - line.y;
  overlay_fill_rectangle (frame, &line, color);

  line.y = rectangle->y + thickness;
  line.h = bottom - rectangle->y - 2 * thickness;
  line.w = thickness;
  overlay_fill_rectangle (frame, &line, color);
  line.x = right - thickness;
  line.w = rectangle->x + rectangle->w - line.x;
  overlay_fill_rectangle (frame, &line, color);
}

static guint8
mix (guint8 background, guint8 text, guint alpha)
{
  return (guint8) ((background * (255 - alpha) + text * alpha + 127) / 255);
}

/* a component with a sample in every pixel */
static void
draw_mask_component (GstVideoFrame *frame, guint c,
    const GstVideoRectangle *rectangle, const OverlayMask *mask,
    const OverlayPaint *paint)
{
  guint8 fill = paint->fill.component[c], text = paint->text.component[c];
  ComponentArea area;
  gint row, column;

  get_component_area (frame, c, rectangle, &area);
  for (row = 0; row < area.rows; row++) {
    guint8 *samples = area.data + (gssize) row * area.stride;
    const guint8 *alpha = mask->alpha + (gssize) row * mask->stride;

    for (column = 0; column < area.columns; column++)
      samples[column * area.step] = mix (fill, text, alpha[column]);
  }
}

/* mean over the pixels of one sample, which starts at left, top of the mask;
 * the mask is 0 beyond its borders */
static guint
get_mean_alpha (
    const OverlayMask *mask, gint left, gint top, guint shift_x, guint shift_y)
{
  gint right = MIN (left + (1 << shift_x), mask->width);
  gint bottom = MIN (top + (1 << shift_y), mask->height);
  guint shift = shift_x + shift_y, sum = 0;
  gint x, y;

  for (y = MAX (top, 0); y < bottom; y++)
    for (x = MAX (left, 0); x < right; x++)
      sum += mask->alpha[y * mask->stride + x];
  return (sum + ((1u << shift) >> 1)) >> shift;
}

/* a component whose samples are shared by several pixels */
static void
draw_mask_chroma (GstVideoFrame *frame, guint c,
    const GstVideoRectangle *rectangle, const OverlayMask *mask,
    const OverlayPaint *paint)
{
  guint8 fill = paint->fill.component[c], text = paint->text.component[c];
  guint shift_x = GST_VIDEO_FORMAT_INFO_W_SUB (frame->info.finfo, c);
  guint shift_y = GST_VIDEO_FORMAT_INFO_H_SUB (frame->info.finfo, c);
  GstVideoRectangle aligned = *rectangle;
  ComponentArea area;
  gint row, column;

  if (!overlay_align_rectangle (&frame->info, &aligned))
    return;
  get_component_area (frame, c, &aligned, &area);
  for (row = 0; row < area.rows; row++) {
    guint8 *samples = area.data + (gssize) row * area.stride;
    gint top = (row << shift_y) + aligned.y - rectangle->y;

    for (column = 0; column < area.columns; column++) {
      gint left = (column << shift_x) + aligned.x - rectangle->x;

      samples[column * area.step] =
          mix (fill, text, get_mean_alpha (mask, left, top, shift_x, shift_y));
    }
  }
}

/**
 * overlay_draw_mask:
 * @frame: mapped for writing
 * @x: left edge in pixels, not negative
 * @y: top edge in pixels, not negative
 * @mask: the text
 * @paint: colours of the text and of the ground it is written on
 *
 * Writes text on a ground of one colour, which has to reach beyond the mask by
 * overlay_get_grid() where chroma is subsampled. What lies beyond the frame is
 * cut.
 */
void
overlay_draw_mask (GstVideoFrame *frame, gint x, gint y,
    const OverlayMask *mask, const OverlayPaint *paint)
{
  GstVideoRectangle rectangle = { .x = x,
    .y = y,
    .w = MIN (mask->width, GST_VIDEO_FRAME_WIDTH (frame) - x),
    .h = MIN (mask->height, GST_VIDEO_FRAME_HEIGHT (frame) - y) };
  const GstVideoFormatInfo *finfo = frame->info.finfo;
  guint c;

  if (rectangle.w <= 0 || rectangle.h <= 0)
    return;

  for (c = 0; c < GST_VIDEO_FRAME_N_COMPONENTS (frame); c++) {
    if (GST_VIDEO_FORMAT_INFO_W_SUB (finfo, c) == 0
        && GST_VIDEO_FORMAT_INFO_H_SUB (finfo, c) == 0)
      draw_mask_component (frame, c, &rectangle, mask, paint);
    else
      draw_mask_chroma (frame, c, &rectangle, mask, paint);
  }
}
