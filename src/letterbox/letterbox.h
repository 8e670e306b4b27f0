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

/* the formats letterbox_new() takes, for pad templates */
#define LETTERBOX_FORMATS                                                      \
  "{ NV12, NV21, I420, YV12, Y42B, YUY2, UYVY, RGB, BGR, RGBx, BGRx, xRGB, "   \
  "xBGR, RGBA, BGRA, ARGB, ABGR, GRAY8 }"

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
