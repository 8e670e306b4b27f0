/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Draws rectangles and text masks straight into a raw video frame, in the
 * frame's own format. Pixels are only written, never read, so that frames in
 * uncached memory cost no more than others. */

#pragma once

#include <gst/video/video.h>

G_BEGIN_DECLS

/* the formats the painter draws into, for pad templates */
#define OVERLAY_FORMATS                                                        \
  "{ NV12, NV21, I420, YV12, Y42B, YUY2, UYVY, RGB, BGR, RGBx, BGRx, xRGB, "   \
  "xBGR, RGBA, BGRA, ARGB, ABGR, GRAY8 }"

#define OVERLAY_PALETTE_SIZE 64

/**
 * OverlayColor:
 * @component: one level for each of the format's components, in
 *   #GstVideoFormatInfo's order (R G B A, Y U V or Y)
 *
 * A colour in the levels of one format and colorimetry.
 */
typedef struct {
  guint8 component[GST_VIDEO_MAX_COMPONENTS];
} OverlayColor;

/**
 * OverlayPaint:
 * @fill: boxes and the background of their labels
 * @text: black or white, whichever is easier to read on @fill
 */
typedef struct {
  OverlayColor fill;
  OverlayColor text;
} OverlayPaint;

/**
 * OverlayMask:
 * @width: columns in pixels
 * @height: rows in pixels
 * @stride: bytes from one row to the next
 * @baseline: row on which the letters stand
 * @alpha: 0 (background) to 255 (text)
 *
 * A rendered text.
 */
typedef struct {
  gint width;
  gint height;
  gint stride;
  gint baseline;
  guint8 *alpha;
} OverlayMask;

void overlay_color_from_rgb (
    OverlayColor *color, const GstVideoInfo *info, const guint8 rgb[3]);
void overlay_palette_get_rgb (guint index, guint8 rgb[3]);
void overlay_palette_convert (
    const GstVideoInfo *info, OverlayPaint palette[OVERLAY_PALETTE_SIZE]);

gint overlay_get_grid (const GstVideoInfo *info);
gboolean overlay_align_rectangle (
    const GstVideoInfo *info, GstVideoRectangle *rectangle);

void overlay_fill_rectangle (GstVideoFrame *frame,
    const GstVideoRectangle *rectangle, const OverlayColor *color);
void overlay_draw_outline (GstVideoFrame *frame,
    const GstVideoRectangle *rectangle, gint thickness,
    const OverlayColor *color);
void overlay_draw_mask (GstVideoFrame *frame, gint x, gint y,
    const OverlayMask *mask, const OverlayPaint *paint);

G_END_DECLS
