/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Draws rectangles and text masks straight into a raw video frame, in the
 * frame's own format. Pixels are only written, never read, so that frames in
 * uncached memory cost no more than others. */

#pragma once

#include "color.h"

G_BEGIN_DECLS

/* the formats the painter draws into, for pad templates */
#define OVERLAY_FORMATS                                                        \
  "{ NV12, NV21, I420, YV12, Y42B, YUY2, UYVY, RGB, BGR, RGBx, BGRx, xRGB, "   \
  "xBGR, RGBA, BGRA, ARGB, ABGR, GRAY8 }"

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

/**
 * OverlayComponentArea:
 * @data: the first sample
 * @stride: bytes from one row to the next
 * @step: bytes from one sample to the next
 * @columns: samples in a row; at most 0 if the frame has none there
 * @rows: rows of samples
 *
 * The samples of one component that a rectangle of pixels covers.
 */
typedef struct {
  guint8 *data;
  gint stride;
  gint step;
  gint columns;
  gint rows;
} OverlayComponentArea;

void overlay_get_component_area (const GstVideoFrame *frame, guint component,
    const GstVideoRectangle *rectangle, OverlayComponentArea *area);
guint overlay_split_outline (const GstVideoInfo *info,
    const GstVideoRectangle *rectangle, gint thickness,
    GstVideoRectangle lines[4]);

void overlay_fill_rectangle (GstVideoFrame *frame,
    const GstVideoRectangle *rectangle, const OverlayColor *color);
void overlay_draw_outline (GstVideoFrame *frame,
    const GstVideoRectangle *rectangle, gint thickness,
    const OverlayColor *color);
void overlay_draw_mask (GstVideoFrame *frame, gint x, gint y,
    const OverlayMask *mask, const OverlayPaint *paint);

G_END_DECLS
