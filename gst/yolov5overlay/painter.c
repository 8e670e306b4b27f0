/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Every supported format is a set of components, each with its own samples and
 * subsampling. All drawing goes component by component, so that no format needs
 * code of its own. */

#include "painter.h"

#include <string.h>

#include "samples.h"

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

/* bytes of a row that are made once and then copied */
#define MAX_PATTERN 256

/* What a rectangle is in one plane: the same bytes in each row. */
typedef struct {
  guint8 *data;
  gint stride;
  gint n_bytes;
  gint n_rows;
  guint8 pattern[MAX_PATTERN];
  /* of the pattern; more bytes repeat it */
  gint n_pattern;
} PlaneFill;

static gboolean
is_shared (const GstVideoFormatInfo *finfo, guint c)
{
  return GST_VIDEO_FORMAT_INFO_W_SUB (finfo, c) != 0
         || GST_VIDEO_FORMAT_INFO_H_SUB (finfo, c) != 0;
}

static gboolean
is_in_plane (const GstVideoFormatInfo *finfo, guint c, guint plane)
{
  return (guint) GST_VIDEO_FORMAT_INFO_PLANE (finfo, c) == plane;
}

/* Puts the samples of all components in the plane, of bytes each, into the
 * pattern. What is between them, as in BGRx, becomes opaque in case that somebody
 * takes it for alpha. */
static void
make_pattern (PlaneFill *fill, const GstVideoFrame *frame, guint plane,
    const OverlayColor *color)
{
  const GstVideoFormatInfo *finfo = frame->info.finfo;
  guint c;
  gint i;

  memset (fill->pattern, 0xff, fill->n_pattern);
  for (c = 0; c < GST_VIDEO_FRAME_N_COMPONENTS (frame); c++) {
    gint step = GST_VIDEO_FRAME_COMP_PSTRIDE (frame, c);

    if (is_in_plane (finfo, c, plane))
      for (i = GST_VIDEO_FRAME_COMP_POFFSET (frame, c); i < fill->n_pattern;
           i += step)
        fill->pattern[i] = (guint8) color->component[c];
  }
}

/* finds the bytes of a rectangle in a plane whose samples are bytes */
static void
find_plane (PlaneFill *fill, const GstVideoFrame *frame, guint plane,
    const GstVideoRectangle *rectangle)
{
  const GstVideoFormatInfo *finfo = frame->info.finfo;
  gint first = 0, row = 0, period = 1;
  guint c;

  fill->n_bytes = fill->n_rows = 0;
  for (c = 0; c < GST_VIDEO_FRAME_N_COMPONENTS (frame); c++) {
    gint step = GST_VIDEO_FRAME_COMP_PSTRIDE (frame, c);

    if (!is_in_plane (finfo, c, plane))
      continue;
    first = (rectangle->x >> GST_VIDEO_FORMAT_INFO_W_SUB (finfo, c)) * step;
    row = rectangle->y >> GST_VIDEO_FORMAT_INFO_H_SUB (finfo, c);
    period = MAX (period, step);
    fill->n_bytes = MAX (fill->n_bytes,
        GST_VIDEO_FORMAT_INFO_SCALE_WIDTH (finfo, c, rectangle->w) * step);
    fill->n_rows = GST_VIDEO_FORMAT_INFO_SCALE_HEIGHT (finfo, c, rectangle->h);
  }
  fill->stride = GST_VIDEO_FRAME_PLANE_STRIDE (frame, plane);
  /* the chroma of a YUY2 row of odd width may lie beyond its stride */
  fill->n_bytes = MIN (fill->n_bytes, ABS (fill->stride) - first);
  fill->n_pattern = CLAMP (fill->n_bytes, 0, MAX_PATTERN / period * period);
  fill->data = (guint8 *) GST_VIDEO_FRAME_PLANE_DATA (frame, plane)
               + (gssize) row * fill->stride + first;
}

/* copies of a constant size are a move or two */
#define WRITE_ROWS(size)                                                       \
  for (row = 0; row < fill->n_rows; row++, data += fill->stride) {             \
    memcpy (data, fill->pattern, size);                                        \
    memcpy (data + n - (size), fill->pattern + n - (size), size);              \
  }

/* Lines down the frame are a few bytes in each of many rows: two overlapping
 * moves. */
static void
write_plane (const PlaneFill *fill)
{
  guint8 *data = fill->data;
  gint n = fill->n_bytes, row, i;

  if (n > 32) {
    for (row = 0; row < fill->n_rows; row++, data += fill->stride)
      for (i = 0; i < n; i += fill->n_pattern)
        memcpy (data + i, fill->pattern, MIN (fill->n_pattern, n - i));
  } else if (n >= 16) {
    WRITE_ROWS (16)
  } else if (n >= 8) {
    WRITE_ROWS (8)
  } else if (n >= 4) {
    WRITE_ROWS (4)
  } else if (n >= 2) {
    WRITE_ROWS (2)
  } else if (n == 1) {
    WRITE_ROWS (1)
  }
}

static void
fill_component (GstVideoFrame *frame, guint c,
    const GstVideoRectangle *rectangle, const OverlayColor *color)
{
  OverlaySamples samples;
  gint row;

  overlay_samples_get (&samples, frame, c, rectangle);
  for (row = 0; row < samples.rows && samples.columns > 0; row++)
    overlay_samples_fill (&samples, row, color->component[c]);
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
  guint c, plane;

  if (!overlay_samples_are_bytes (frame->info.finfo)) {
    for (c = 0; c < GST_VIDEO_FRAME_N_COMPONENTS (frame); c++)
      fill_component (frame, c, rectangle, color);
    return;
  }
  for (plane = 0; plane < GST_VIDEO_FRAME_N_PLANES (frame); plane++) {
    PlaneFill fill;

    find_plane (&fill, frame, plane, rectangle);
    make_pattern (&fill, frame, plane, color);
    write_plane (&fill);
  }
}

/* whether each byte of a plane belongs to one pixel alone */
static gboolean
is_plane_unshared (const GstVideoFormatInfo *finfo, guint plane)
{
  guint c;

  for (c = 0; c < GST_VIDEO_FORMAT_INFO_N_COMPONENTS (finfo); c++)
    if (is_in_plane (finfo, c, plane) && is_shared (finfo, c))
      return FALSE;
  return TRUE;
}

/**
 * overlay_fill_unshared:
 * @frame: mapped for writing
 * @rectangle: pixels, which lie in the frame
 * @color: from overlay_color_from_rgb() for the frame's caps
 *
 * Fills a rectangle of any place and size, but leaves alone what several pixels
 * share: where chroma is subsampled, that stays as it was.
 */
void
overlay_fill_unshared (GstVideoFrame *frame, const GstVideoRectangle *rectangle,
    const OverlayColor *color)
{
  const GstVideoFormatInfo *finfo = frame->info.finfo;
  gboolean are_bytes = overlay_samples_are_bytes (finfo);
  guint c, plane;

  for (plane = 0; are_bytes && plane < GST_VIDEO_FRAME_N_PLANES (frame);
       plane++) {
    PlaneFill fill;

    if (!is_plane_unshared (finfo, plane))
      continue;
    find_plane (&fill, frame, plane, rectangle);
    make_pattern (&fill, frame, plane, color);
    write_plane (&fill);
  }
  for (c = 0; c < GST_VIDEO_FRAME_N_COMPONENTS (frame); c++)
    if (!is_shared (finfo, c)
        && !(are_bytes
             && is_plane_unshared (
                 finfo, GST_VIDEO_FORMAT_INFO_PLANE (finfo, c))))
      fill_component (frame, c, rectangle, color);
}

/**
 * overlay_fill_shared:
 * @frame: mapped for writing
 * @rectangle: pixels, from overlay_align_rectangle()
 * @color: from overlay_color_from_rgb() for the frame's caps
 *
 * Fills what overlay_fill_unshared() leaves alone.
 */
void
overlay_fill_shared (GstVideoFrame *frame, const GstVideoRectangle *rectangle,
    const OverlayColor *color)
{
  guint c;

  for (c = 0; c < GST_VIDEO_FRAME_N_COMPONENTS (frame); c++)
    if (is_shared (frame->info.finfo, c))
      fill_component (frame, c, rectangle, color);
}

/**
 * overlay_split_outline:
 * @info: size and format of the frames to draw into
 * @rectangle: pixels, from overlay_align_rectangle()
 * @thickness: width of the lines in pixels, a multiple of overlay_get_grid()
 * @lines: (out): the lines, which do not overlap
 *
 * Makes the border of a rectangle, growing inwards from its edges. There is one
 * line if it fills the rectangle.
 *
 * Returns: how many lines there are
 */
guint
overlay_split_outline (const GstVideoInfo *info,
    const GstVideoRectangle *rectangle, gint thickness,
    GstVideoRectangle lines[4])
{
  gint left = rectangle->x, top = rectangle->y;
  guint shift_x, shift_y;
  gint right, bottom;

  /* the far lines start on whole chroma samples as well: where the frame ends
   * within one they are a pixel thinner */
  get_subsampling (info, &shift_x, &shift_y);
  right = GST_VIDEO_SUB_SCALE (shift_x, left + rectangle->w) << shift_x;
  bottom = GST_VIDEO_SUB_SCALE (shift_y, top + rectangle->h) << shift_y;
  if (right - left <= 2 * thickness || bottom - top <= 2 * thickness) {
    lines[0] = *rectangle;
    return 1;
  }

  right -= thickness;
  bottom -= thickness;
  lines[0] = (GstVideoRectangle){ left, top, rectangle->w, thickness };
  lines[1] = (GstVideoRectangle){ left, bottom, rectangle->w,
    top + rectangle->h - bottom };
  top += thickness;
  lines[2] = (GstVideoRectangle){ left, top, thickness, bottom - top };
  lines[3] = (GstVideoRectangle){ right, top, left + rectangle->w - right,
    bottom - top };
  return 4;
}

static guint
mix (guint background, guint text, guint alpha)
{
  return (background * (255 - alpha) + text * alpha + 127) / 255;
}

/* a component with a sample in every pixel */
static void
draw_mask_component (GstVideoFrame *frame, guint c,
    const GstVideoRectangle *rectangle, const OverlayMask *mask,
    const OverlayPaint *paint)
{
  guint fill = paint->fill.component[c], text = paint->text.component[c];
  OverlaySamples samples;
  gint row, column;

  overlay_samples_get (&samples, frame, c, rectangle);
  for (row = 0; row < samples.rows; row++) {
    const guint8 *alpha = mask->alpha + (gssize) row * mask->stride;

    for (column = 0; column < samples.columns; column++)
      overlay_samples_set (
          &samples, row, column, mix (fill, text, alpha[column]));
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
  guint fill = paint->fill.component[c], text = paint->text.component[c];
  guint shift_x = GST_VIDEO_FORMAT_INFO_W_SUB (frame->info.finfo, c);
  guint shift_y = GST_VIDEO_FORMAT_INFO_H_SUB (frame->info.finfo, c);
  GstVideoRectangle aligned = *rectangle;
  OverlaySamples samples;
  gint row, column;

  if (!overlay_align_rectangle (&frame->info, &aligned))
    return;
  overlay_samples_get (&samples, frame, c, &aligned);
  for (row = 0; row < samples.rows; row++) {
    gint top = (row << shift_y) + aligned.y - rectangle->y;

    for (column = 0; column < samples.columns; column++) {
      gint left = (column << shift_x) + aligned.x - rectangle->x;
      guint alpha = get_mean_alpha (mask, left, top, shift_x, shift_y);

      overlay_samples_set (&samples, row, column, mix (fill, text, alpha));
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
    if (!is_shared (finfo, c))
      draw_mask_component (frame, c, &rectangle, mask, paint);
    else
      draw_mask_chroma (frame, c, &rectangle, mask, paint);
  }
}
