/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Frames of known content for the tests of the letterbox. */

#include "rig.h"

#include <string.h>

/* draw() in data/letterbox/make-references.py */
static guint8
draw_byte (gboolean is_ramp, guint width, guint32 i)
{
  guint32 noise = i * 2654435761u + 0x9e3779b9u;
  guint32 ramp;

  noise ^= noise >> 15;
  noise *= 2246822519u;
  noise >>= 24;
  if (!is_ramp)
    return noise;

  ramp = (i / 3 % width * 2 + i / 3 / width * 3 + i % 3 * 70) % 512;
  return MIN (ramp, 511 - ramp) * 15 / 16 + noise / 16;
}

GstVideoInfo
make_info (const gchar *format, gint width, gint height)
{
  GstVideoInfo info;

  fail_unless (gst_video_info_set_format (
      &info, gst_video_format_from_string (format), width, height));
  return info;
}

guint8 *
sample_at (const GstVideoFrame *frame, guint component, gint x, gint y)
{
  return (guint8 *) GST_VIDEO_FRAME_COMP_DATA (frame, component)
         + y * GST_VIDEO_FRAME_COMP_STRIDE (frame, component)
         + x * GST_VIDEO_FRAME_COMP_PSTRIDE (frame, component);
}

/* a frame of noise whose planes lie apart and have no byte after the last
 * sample, with rows @gap bytes apart */
GstVideoFrame
new_frame (const GstVideoInfo *info, guint gap)
{
  GstVideoFrame frame = { .info = *info };
  gsize row_sizes[GST_VIDEO_MAX_PLANES] = { 0 };
  guint heights[GST_VIDEO_MAX_PLANES] = { 0 };
  guint c, p;

  for (c = 0; c < GST_VIDEO_INFO_N_COMPONENTS (info); c++) {
    gsize size = GST_VIDEO_INFO_COMP_POFFSET (info, c) + 1
                 + GST_VIDEO_INFO_COMP_PSTRIDE (info, c)
                       * (GST_VIDEO_INFO_COMP_WIDTH (info, c) - 1);

    p = GST_VIDEO_INFO_COMP_PLANE (info, c);
    row_sizes[p] = MAX (row_sizes[p], size);
    heights[p] = GST_VIDEO_INFO_COMP_HEIGHT (info, c);
  }
  for (p = 0; p < GST_VIDEO_INFO_N_PLANES (info); p++) {
    gsize stride = row_sizes[p] + gap;
    gsize size = stride * (heights[p] - 1) + row_sizes[p];
    guint8 *data = g_malloc (size);
    gsize i;

    for (i = 0; i < size; i++)
      data[i] = draw_byte (FALSE, 1, i + 7919 * p);
    frame.data[p] = data;
    frame.info.stride[p] = stride;
  }

  return frame;
}

void
free_frame (GstVideoFrame *frame)
{
  guint p;

  for (p = 0; p < GST_VIDEO_FRAME_N_PLANES (frame); p++)
    g_free (frame->data[p]);
}

Letterbox *
new_letterbox (const GstVideoInfo *info, guint width, guint height,
    gint fix_point, LetterboxChannelOrder order)
{
  LetterboxTarget target = { width, height, fix_point, order, PAD };
  GError *error = NULL;
  Letterbox *self = letterbox_new (info, &target, &error);

  fail_unless (self != NULL, "%s", error ? error->message : "no error");
  return self;
}

/* the whole input as levels, bars included */
guint8 *
letterbox_levels (const GstVideoFrame *frame, guint width, guint height,
    LetterboxChannelOrder order)
{
  Letterbox *self = new_letterbox (&frame->info, width, height, 7, order);
  guint8 *levels = g_malloc (3 * width * height);

  letterbox_keep_levels (self);
  memset (levels, PAD, 3 * width * height);
  letterbox_write_picture (self, frame, (gint8 *) levels);
  letterbox_free (self);

  return levels;
}

void
draw_rgb (GstVideoFrame *frame, gboolean is_ramp)
{
  gint width = GST_VIDEO_FRAME_WIDTH (frame);
  gint x, y, c;

  for (y = 0; y < GST_VIDEO_FRAME_HEIGHT (frame); y++) {
    for (x = 0; x < width; x++) {
      for (c = 0; c < 3; c++)
        *sample_at (frame, c, x, y) =
            draw_byte (is_ramp, width, 3 * (y * width + x) + c);
    }
  }
}
