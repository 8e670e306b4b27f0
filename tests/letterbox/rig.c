/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Frames of known content for the tests of the letterbox. */

#include "rig.h"

#include <math.h>
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

/* bytes before the first sample of a row; of P010_10LE's V GStreamer gives 1 */
static guint
first_offset (const GstVideoFormatInfo *finfo, guint component)
{
  guint offset = GST_VIDEO_FORMAT_INFO_POFFSET (finfo, component);

  if (GST_VIDEO_FORMAT_INFO_DEPTH (finfo, component) > 8)
    return GST_ROUND_UP_2 (offset);
  return offset;
}

guint8 *
sample_at (const GstVideoFrame *frame, guint component, gint x, gint y)
{
  guint plane = GST_VIDEO_FRAME_COMP_PLANE (frame, component);

  return (guint8 *) GST_VIDEO_FRAME_PLANE_DATA (frame, plane)
         + first_offset (frame->info.finfo, component)
         + y * GST_VIDEO_FRAME_COMP_STRIDE (frame, component)
         + x * GST_VIDEO_FRAME_COMP_PSTRIDE (frame, component);
}

/* three samples of 10 bits share a word; they have no stride */
static gboolean
is_in_words (const GstVideoFormatInfo *finfo)
{
  return GST_VIDEO_FORMAT_INFO_PSTRIDE (finfo, 0) == 0;
}

/* the word of a sample, and how far up it lies there */
static guint8 *
word_at (
    const GstVideoFrame *frame, guint component, gint x, gint y, guint *shift)
{
  gint place = x;

  /* U and V alternate */
  if (component > 0)
    place = 2 * x + component - 1;
  *shift = 10 * (place % 3);

  return (guint8 *) GST_VIDEO_FRAME_PLANE_DATA (frame, MIN (component, 1))
         + y * GST_VIDEO_FRAME_PLANE_STRIDE (frame, MIN (component, 1))
         + place / 3 * 4;
}

/* planes lie anywhere, also at odd addresses */
static guint32
read_word (const guint8 *at)
{
  guint32 word;

  memcpy (&word, at, sizeof word);
  return GUINT32_FROM_LE (word);
}

/* a sample in levels of 8 bits, with a fraction where it has more */
gdouble
level_at (const GstVideoFrame *frame, guint component, gint x, gint y)
{
  const GstVideoFormatInfo *finfo = frame->info.finfo;
  guint depth = GST_VIDEO_FORMAT_INFO_DEPTH (finfo, component);
  guint shift = GST_VIDEO_FORMAT_INFO_SHIFT (finfo, component);
  const guint8 *at;
  guint value;

  if (is_in_words (finfo)) {
    at = word_at (frame, component, x, y, &shift);
    value = read_word (at);
  } else {
    at = sample_at (frame, component, x, y);
    if (depth == 8)
      value = *at;
    else if (GST_VIDEO_FORMAT_INFO_IS_LE (finfo))
      value = at[0] | at[1] << 8;
    else
      value = at[0] << 8 | at[1];
  }

  return ldexp (value >> shift & ((1u << depth) - 1), 8 - (gint) depth);
}

/* the nearest the format has to a level */
void
set_level (
    const GstVideoFrame *frame, guint component, gint x, gint y, gdouble level)
{
  const GstVideoFormatInfo *finfo = frame->info.finfo;
  guint depth = GST_VIDEO_FORMAT_INFO_DEPTH (finfo, component);
  guint shift = GST_VIDEO_FORMAT_INFO_SHIFT (finfo, component);
  guint value = (guint) floor (ldexp (level, (gint) depth - 8) + 0.5);
  guint8 *at;

  if (is_in_words (finfo)) {
    at = word_at (frame, component, x, y, &shift);
    value =
        GUINT32_TO_LE ((read_word (at) & ~(0x3ffu << shift)) | value << shift);
    memcpy (at, &value, sizeof value);
    return;
  }
  at = sample_at (frame, component, x, y);
  if (depth == 8) {
    *at = value;
    return;
  }
  value <<= shift;
  at[0] = GST_VIDEO_FORMAT_INFO_IS_LE (finfo) ? value : value >> 8;
  at[1] = GST_VIDEO_FORMAT_INFO_IS_LE (finfo) ? value >> 8 : value;
}

/* bytes of a row up to the end of a component's last sample */
static gsize
row_size (const GstVideoInfo *info, guint component)
{
  gsize width = GST_VIDEO_INFO_COMP_WIDTH (info, component);

  if (is_in_words (info->finfo))
    return ((component > 0 ? 2 * width : width) + 2) / 3 * 4;

  return first_offset (info->finfo, component)
         + (GST_VIDEO_INFO_COMP_DEPTH (info, component) + 7) / 8
         + GST_VIDEO_INFO_COMP_PSTRIDE (info, component) * (width - 1);
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
    p = GST_VIDEO_INFO_COMP_PLANE (info, c);
    row_sizes[p] = MAX (row_sizes[p], row_size (info, c));
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
