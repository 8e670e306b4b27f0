/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Frames of known content for the tests of the letterbox. They end with their
 * last sample, so that the address sanitizer sees reads beyond. */

#pragma once

#include <gst/check/gstcheck.h>

#include "letterbox/letterbox-private.h"

G_BEGIN_DECLS

#define RGB LETTERBOX_CHANNEL_ORDER_RGB
#define BGR LETTERBOX_CHANNEL_ORDER_BGR
#define PAD 114

GstVideoInfo make_info (const gchar *format, gint width, gint height);
guint8 *sample_at (const GstVideoFrame *frame, guint component, gint x, gint y);
gdouble level_at (const GstVideoFrame *frame, guint component, gint x, gint y);
void set_level (
    const GstVideoFrame *frame, guint component, gint x, gint y, gdouble level);
GstVideoFrame new_frame (const GstVideoInfo *info, guint gap);
void free_frame (GstVideoFrame *frame);
void draw_rgb (GstVideoFrame *frame, gboolean is_ramp);
Letterbox *new_letterbox (const GstVideoInfo *info, guint width, guint height,
    gint fix_point, LetterboxChannelOrder order);
guint8 *letterbox_levels (const GstVideoFrame *frame, guint width, guint height,
    LetterboxChannelOrder order);

G_END_DECLS
