/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Most formats have bytes, and these go the short way. */

#include "samples.h"

#include <string.h>

static OverlaySampleLayout
get_layout (const GstVideoFormatInfo *finfo, guint component)
{
  switch (GST_VIDEO_FORMAT_INFO_FORMAT (finfo)) {
    case GST_VIDEO_FORMAT_GRAY10_LE32:
    case GST_VIDEO_FORMAT_NV12_10LE32:
    case GST_VIDEO_FORMAT_NV16_10LE32:
      return OVERLAY_SAMPLES_10_LE32;
    default:
      if (GST_VIDEO_FORMAT_INFO_DEPTH (finfo, component) <= 8)
        return OVERLAY_SAMPLES_8;
      return GST_VIDEO_FORMAT_INFO_IS_LE (finfo) ? OVERLAY_SAMPLES_16_LE
                                                 : OVERLAY_SAMPLES_16_BE;
  }
}

/**
 * overlay_samples_are_bytes:
 * @finfo: a format
 *
 * Returns: whether all samples of the format are bytes, where GStreamer says that
 *   they are
 */
gboolean
overlay_samples_are_bytes (const GstVideoFormatInfo *finfo)
{
  guint c;

  for (c = 0; c < GST_VIDEO_FORMAT_INFO_N_COMPONENTS (finfo); c++)
    if (get_layout (finfo, c) != OVERLAY_SAMPLES_8)
      return FALSE;
  return TRUE;
}

/* what GStreamer says of pixel strides and offsets is in bytes, but of packed
 * samples nothing is said, and of P010_10LE the offset is in samples */
static void
place_samples (OverlaySamples *self, const GstVideoFrame *frame, guint c)
{
  gint offset = GST_VIDEO_FRAME_COMP_POFFSET (frame, c);
  gint capacity = ABS (self->stride);

  self->step = GST_VIDEO_FRAME_COMP_PSTRIDE (frame, c);
  switch (self->layout) {
    case OVERLAY_SAMPLES_8:
      break;
    case OVERLAY_SAMPLES_16_LE:
    case OVERLAY_SAMPLES_16_BE:
      offset = GST_ROUND_UP_2 (offset);
      break;
    case OVERLAY_SAMPLES_10_LE32:
      /* blue and red take turns */
      self->step = c == 0 ? 1 : 2;
      offset = c == 2 ? 1 : 0;
      capacity = capacity / 4 * 3;
      break;
  }
  self->first = offset;
  /* the chroma of a YUY2 row of odd width may lie beyond its stride */
  self->columns = (capacity - offset + self->step - 1) / self->step;
}

/**
 * overlay_samples_get:
 * @self: (out): the samples
 * @frame: a mapped frame
 * @component: number of a component
 * @rectangle: pixels, from overlay_align_rectangle()
 *
 * Finds the samples of a component that @rectangle covers.
 */
void
overlay_samples_get (OverlaySamples *self, const GstVideoFrame *frame,
    guint component, const GstVideoRectangle *rectangle)
{
  const GstVideoFormatInfo *finfo = frame->info.finfo;
  gint x = rectangle->x >> GST_VIDEO_FORMAT_INFO_W_SUB (finfo, component);
  gint y = rectangle->y >> GST_VIDEO_FORMAT_INFO_H_SUB (finfo, component);
  guint plane = GST_VIDEO_FORMAT_INFO_PLANE (finfo, component);

  self->layout = get_layout (finfo, component);
  self->stride = GST_VIDEO_FRAME_PLANE_STRIDE (frame, plane);
  self->shift = GST_VIDEO_FORMAT_INFO_SHIFT (finfo, component);
  self->mask = (1u << GST_VIDEO_FORMAT_INFO_DEPTH (finfo, component)) - 1;
  place_samples (self, frame, component);

  self->columns = MIN (self->columns - x,
      GST_VIDEO_FORMAT_INFO_SCALE_WIDTH (finfo, component, rectangle->w));
  self->rows =
      GST_VIDEO_FORMAT_INFO_SCALE_HEIGHT (finfo, component, rectangle->h);
  self->first += x * self->step;
  self->data = (guint8 *) GST_VIDEO_FRAME_PLANE_DATA (frame, plane)
               + (gssize) y * self->stride;
  if (self->layout != OVERLAY_SAMPLES_10_LE32)
    self->data += self->first;
}

/**
 * overlay_samples_fill:
 * @row: from 0
 * @level: of the component's own depth
 *
 * Writes all samples of a row.
 */
void
overlay_samples_fill (const OverlaySamples *self, gint row, guint level)
{
  guint8 *data = self->data + (gssize) row * self->stride;
  gint column;

  if (self->layout != OVERLAY_SAMPLES_8) {
    for (column = 0; column < self->columns; column++)
      overlay_samples_set (self, row, column, level);
  } else if (self->step == 1) {
    memset (data, (gint) level, self->columns);
  } else {
    for (column = 0; column < self->columns; column++)
      data[column * self->step] = (guint8) level;
  }
}

/**
 * overlay_samples_sum:
 * @row: from 0
 *
 * Returns: the sum of all samples of a row
 */
guint64
overlay_samples_sum (const OverlaySamples *self, gint row)
{
  const guint8 *data = self->data + (gssize) row * self->stride;
  guint64 sum = 0;
  gint column;

  if (self->layout == OVERLAY_SAMPLES_8)
    for (column = 0; column < self->columns; column++)
      sum += data[column * self->step];
  else
    for (column = 0; column < self->columns; column++)
      sum += overlay_samples_at (self, row, column);
  return sum;
}
