/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* YOLOv5's letterbox in one pass: crop-free resize, colour conversion and
 * quantization, from any raw video format into the DPU's int8 input. */

#pragma once

#include <gst/video/video.h>

G_BEGIN_DECLS

#define LETTERBOX_ERROR (letterbox_error_quark ())
GQuark letterbox_error_quark (void);

typedef enum {
  LETTERBOX_ERROR_FORMAT,
  LETTERBOX_ERROR_SIZE,
} LetterboxError;

/* GStreamer got these with 1.20 */
#if GST_CHECK_VERSION(1, 20, 0)
#define LETTERBOX_FORMATS_OF_1_20 ", RGBP, BGRP"
#else
#define LETTERBOX_FORMATS_OF_1_20 ""
#endif

/* the formats letterbox_new() takes, as a list for the caps of pad templates;
 * of more than 8 bits the upper 8 are used */
#define LETTERBOX_FORMATS                                                      \
  "{ NV12, NV21, I420, YV12, A420, NV16, NV61, Y42B, YUY2, UYVY, YVYU, VYUY, " \
  "NV24, Y444, v308, IYU2, AYUV, VUYA, P010_10LE, NV12_10LE32, NV16_10LE32, "  \
  "I420_10LE, I422_10LE, RGB, BGR, RGBx, BGRx, xRGB, xBGR, RGBA, BGRA, ARGB, " \
  "ABGR, GBR" LETTERBOX_FORMATS_OF_1_20                                        \
  ", GRAY8, GRAY10_LE32, GRAY16_LE, GRAY16_BE }"

#define LETTERBOX_MAX_FRAME_SIZE 8192

typedef enum {
  LETTERBOX_CHANNEL_ORDER_RGB,
  LETTERBOX_CHANNEL_ORDER_BGR,
} LetterboxChannelOrder;

/**
 * LetterboxTarget:
 * @width: columns of the model's input
 * @height: rows of the model's input
 * @fix_point: q = clamp (floor (level / 255 * 2^@fix_point + 1/2))
 * @channel_order: which colour the model wants first
 * @pad: level (0..255) of the bars beside or above the picture
 *
 * What the model wants: an int8 NHWC tensor of @height x @width x 3.
 */
typedef struct {
  guint width;
  guint height;
  gint fix_point;
  LetterboxChannelOrder channel_order;
  guint8 pad;
} LetterboxTarget;

/**
 * LetterboxRectangle:
 *
 * Where the picture lies in the model's input, in input pixels.
 */
typedef struct {
  guint x;
  guint y;
  guint width;
  guint height;
} LetterboxRectangle;

typedef struct _Letterbox Letterbox;

gboolean letterbox_check_frames (const GstVideoInfo *info, GError **error);
gboolean letterbox_check_caps (const GstCaps *caps, GError **error);

Letterbox *letterbox_new (
    const GstVideoInfo *info, const LetterboxTarget *target, GError **error);
void letterbox_free (Letterbox *self);

void letterbox_get_picture (
    const Letterbox *self, LetterboxRectangle *rectangle);
void letterbox_fill_padding (const Letterbox *self, gint8 *input);
void letterbox_write_picture (
    Letterbox *self, const GstVideoFrame *frame, gint8 *input);
void letterbox_map_to_frame (const Letterbox *self, gfloat *x, gfloat *y);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Letterbox, letterbox_free)

G_END_DECLS
