/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* libyuv scales planes with its bilinear filter and converts the small picture,
 * replicating chroma. A pass of ours quantizes it in place, as it has none. */

#include "libyuv-peer.h"

#include <libyuv.h>
#include <libyuv/scale_rgb.h>

struct _LibyuvPeer {
  GstVideoInfo info;
  gint width;
  gint height;
  /* planes of the frame's size, and of the picture's */
  guint8 *unpacked[2];
  guint8 *scaled[3];
};

LibyuvPeer *
libyuv_peer_new (
    const GstVideoInfo *info, guint picture_width, guint picture_height)
{
  LibyuvPeer *self;
  guint i;

  switch (GST_VIDEO_INFO_FORMAT (info)) {
    case GST_VIDEO_FORMAT_NV12:
    case GST_VIDEO_FORMAT_I420:
    case GST_VIDEO_FORMAT_YUY2:
    case GST_VIDEO_FORMAT_RGB:
    case GST_VIDEO_FORMAT_BGRx:
      break;
    default:
      return NULL;
  }

  self = g_new0 (LibyuvPeer, 1);
  self->info = *info;
  self->width = (gint) picture_width;
  self->height = (gint) picture_height;
  for (i = 0; i < 2; i++)
    self->unpacked[i] =
        g_malloc0 ((gsize) (info->width + 1) * (info->height + 1));
  for (i = 0; i < 3; i++)
    self->scaled[i] =
        g_malloc0 (4 * (gsize) (picture_width + 1) * (picture_height + 1));

  return self;
}

void
libyuv_peer_free (LibyuvPeer *self)
{
  guint i;

  if (self == NULL)
    return;

  for (i = 0; i < 2; i++)
    g_free (self->unpacked[i]);
  for (i = 0; i < 3; i++)
    g_free (self->scaled[i]);
  g_free (self);
}

static void
write_nv12 (LibyuvPeer *self, const guint8 *luma, gint luma_stride,
    const guint8 *chroma, gint chroma_stride, guint8 *rgb, gint rgb_stride)
{
  const gint width = self->width, height = self->height;

  if (width != self->info.width || height != self->info.height) {
    NV12Scale (luma, luma_stride, chroma, chroma_stride, self->info.width,
        self->info.height, self->scaled[0], width, self->scaled[1],
        GST_ROUND_UP_2 (width), width, height, kFilterBilinear);
    luma = self->scaled[0];
    luma_stride = width;
    chroma = self->scaled[1];
    chroma_stride = GST_ROUND_UP_2 (width);
  }
  NV12ToRAW (
      luma, luma_stride, chroma, chroma_stride, rgb, rgb_stride, width, height);
}

static void
write_i420 (
    LibyuvPeer *self, const GstVideoFrame *frame, guint8 *rgb, gint rgb_stride)
{
  const gint half = (self->width + 1) / 2;

  I420Scale (frame->data[0], frame->info.stride[0], frame->data[1],
      frame->info.stride[1], frame->data[2], frame->info.stride[2],
      self->info.width, self->info.height, self->scaled[0], self->width,
      self->scaled[1], half, self->scaled[2], half, self->width, self->height,
      kFilterBilinear);
  I420ToRAW (self->scaled[0], self->width, self->scaled[1], half,
      self->scaled[2], half, rgb, rgb_stride, self->width, self->height);
}

/* plain C, for the vectoriser of the widest units there are */
#if defined(__x86_64__) && defined(__GLIBC__)
__attribute__ ((target_clones ("avx2", "default")))
#endif
static void
quantize (guint8 *levels, gsize n)
{
  gsize i;

  for (i = 0; i < n; i++)
    levels[i] = (guint8) ((MIN (levels[i], 254) + 1) >> 1);
}

/* @output: the picture's first pixel, of fix point 7 */
void
libyuv_peer_write_picture (LibyuvPeer *self, const GstVideoFrame *frame,
    gint8 *output, gsize output_stride)
{
  const gint frame_width = self->info.width, frame_height = self->info.height;
  guint8 *rgb = (guint8 *) output;
  gint rgb_stride = (gint) output_stride;
  gint y;

  switch (GST_VIDEO_INFO_FORMAT (&self->info)) {
    case GST_VIDEO_FORMAT_NV12:
      write_nv12 (self, frame->data[0], frame->info.stride[0], frame->data[1],
          frame->info.stride[1], rgb, rgb_stride);
      break;
    case GST_VIDEO_FORMAT_I420:
      write_i420 (self, frame, rgb, rgb_stride);
      break;
    case GST_VIDEO_FORMAT_YUY2:
      YUY2ToNV12 (frame->data[0], frame->info.stride[0], self->unpacked[0],
          frame_width, self->unpacked[1], GST_ROUND_UP_2 (frame_width),
          frame_width, frame_height);
      write_nv12 (self, self->unpacked[0], frame_width, self->unpacked[1],
          GST_ROUND_UP_2 (frame_width), rgb, rgb_stride);
      break;
    case GST_VIDEO_FORMAT_RGB:
      RGBScale (frame->data[0], frame->info.stride[0], frame_width,
          frame_height, rgb, rgb_stride, self->width, self->height,
          kFilterBilinear);
      break;
    default:
      ARGBScale (frame->data[0], frame->info.stride[0], frame_width,
          frame_height, self->scaled[0], 4 * self->width, self->width,
          self->height, kFilterBilinear);
      ARGBToRAW (self->scaled[0], 4 * self->width, rgb, rgb_stride, self->width,
          self->height);
      break;
  }
  for (y = 0; y < self->height; y++)
    quantize (rgb + y * output_stride, 3 * (gsize) self->width);
}
