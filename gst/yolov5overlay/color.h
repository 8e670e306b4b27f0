/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Colours in the levels of a video format, and the palette of the classes. */

#pragma once

#include <gst/video/video.h>

G_BEGIN_DECLS

#define OVERLAY_PALETTE_SIZE 64
/* no colour but the request to choose one */
#define OVERLAY_AUTO_COLOR 0

/**
 * OverlayColor:
 * @component: one level for each of the format's components, in
 *   #GstVideoFormatInfo's order (R G B A, Y U V or Y)
 *
 * A colour in the levels of one format, of the depth it has, and colorimetry.
 */
typedef struct {
  guint16 component[GST_VIDEO_MAX_COMPONENTS];
} OverlayColor;

/**
 * OverlayPaint:
 * @fill: boxes and the background of their labels
 * @text: what is written on @fill
 */
typedef struct {
  OverlayColor fill;
  OverlayColor text;
} OverlayPaint;

void overlay_color_from_rgb (
    OverlayColor *color, const GstVideoInfo *info, const guint8 rgb[3]);
void overlay_paint_from_rgb (OverlayPaint *paint, const GstVideoInfo *info,
    const guint8 rgb[3], guint32 text_argb);
void overlay_palette_get_rgb (guint index, guint8 rgb[3]);

G_END_DECLS
