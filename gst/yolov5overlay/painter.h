/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Draws rectangles and text masks straight into a raw video frame, in the
 * frame's own format. Pixels are only written, never read. */

#pragma once

#include "color.h"

G_BEGIN_DECLS

/* GStreamer got these with 1.20 */
#if GST_CHECK_VERSION(1, 20, 0)
#define OVERLAY_FORMATS_OF_1_20 ", RGBP, BGRP"
#else
#define OVERLAY_FORMATS_OF_1_20 ""
#endif

/* the formats the painter draws into, for pad templates */
#define OVERLAY_FORMATS                                                        \
  "{ NV12, NV21, I420, YV12, A420, NV16, NV61, Y42B, YUY2, UYVY, YVYU, VYUY, " \
  "NV24, Y444, v308, IYU2, AYUV, VUYA, P010_10LE, NV12_10LE32, NV16_10LE32, "  \
  "I420_10LE, I422_10LE, RGB, BGR, RGBx, BGRx, xRGB, xBGR, RGBA, BGRA, ARGB, " \
  "ABGR, GBR" OVERLAY_FORMATS_OF_1_20                                          \
  ", GRAY8, GRAY10_LE32, GRAY16_LE, GRAY16_BE }"

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

gint overlay_get_grid (const GstVideoInfo *info);
gboolean overlay_align_rectangle (
    const GstVideoInfo *info, GstVideoRectangle *rectangle);

guint overlay_split_outline (const GstVideoInfo *info,
    const GstVideoRectangle *rectangle, gint thickness,
    GstVideoRectangle lines[4]);

void overlay_fill_rectangle (GstVideoFrame *frame,
    const GstVideoRectangle *rectangle, const OverlayColor *color);
void overlay_fill_unshared (GstVideoFrame *frame,
    const GstVideoRectangle *rectangle, const OverlayColor *color);
void overlay_fill_shared (GstVideoFrame *frame,
    const GstVideoRectangle *rectangle, const OverlayColor *color);
void overlay_draw_mask (GstVideoFrame *frame, gint x, gint y,
    const OverlayMask *mask, const OverlayPaint *paint);

G_END_DECLS
