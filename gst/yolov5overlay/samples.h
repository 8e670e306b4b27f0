/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The samples of a frame's components, in whatever way the format has them in
 * memory. */

#pragma once

#include <gst/video/video.h>
#include <string.h>

G_BEGIN_DECLS

/**
 * OverlaySampleLayout:
 * @OVERLAY_SAMPLES_8: a byte each
 * @OVERLAY_SAMPLES_16_LE: two bytes each, of which some bits may be unused
 * @OVERLAY_SAMPLES_16_BE: likewise, the higher byte first
 * @OVERLAY_SAMPLES_10_LE32: three in the lower 30 bits of a little-endian word,
 *   the first in the lowest bits
 */
typedef enum {
  OVERLAY_SAMPLES_8,
  OVERLAY_SAMPLES_16_LE,
  OVERLAY_SAMPLES_16_BE,
  OVERLAY_SAMPLES_10_LE32
} OverlaySampleLayout;

/**
 * OverlaySamples:
 * @data: the first sample; of packed ones, the start of its row
 * @stride: bytes from one row to the next
 * @layout: how samples lie in memory
 * @step: bytes from one sample to the next; of packed ones, how many samples
 * @first: of packed samples, the number of the first one in its row
 * @shift: how far the samples are shifted to the left
 * @mask: their highest level
 * @columns: samples in a row; at most 0 if the frame has none there
 * @rows: rows of samples
 *
 * The samples of one component that a rectangle of pixels covers.
 */
typedef struct {
  guint8 *data;
  gint stride;
  OverlaySampleLayout layout;
  gint step;
  gint first;
  guint shift;
  guint mask;
  gint columns;
  gint rows;
} OverlaySamples;

gboolean overlay_samples_are_bytes (const GstVideoFormatInfo *finfo);
void overlay_samples_get (OverlaySamples *self, const GstVideoFrame *frame,
    guint component, const GstVideoRectangle *rectangle);
void overlay_samples_fill (const OverlaySamples *self, gint row, guint level);
guint64 overlay_samples_sum (const OverlaySamples *self, gint row);

/* rows may begin anywhere, so that words need not be aligned */
static inline guint32
overlay_samples_load_word (const guint8 *data)
{
  guint32 word;

  memcpy (&word, data, sizeof (word));
  return GUINT32_FROM_LE (word);
}

static inline void
overlay_samples_store_word (guint8 *data, guint32 word)
{
  word = GUINT32_TO_LE (word);
  memcpy (data, &word, sizeof (word));
}

static inline guint
overlay_samples_load_half (const guint8 *data, gboolean big_endian)
{
  return big_endian ? data[0] << 8 | data[1] : data[1] << 8 | data[0];
}

static inline void
overlay_samples_store_half (guint8 *data, guint half, gboolean big_endian)
{
  data[big_endian ? 0 : 1] = (guint8) (half >> 8);
  data[big_endian ? 1 : 0] = (guint8) half;
}

/**
 * overlay_samples_set:
 * @row: from 0
 * @column: from 0
 * @level: of the component's own depth
 *
 * Writes one sample, and all bits that are its own.
 */
static inline void
overlay_samples_set (
    const OverlaySamples *self, gint row, gint column, guint level)
{
  guint8 *data = self->data + (gssize) row * self->stride;
  guint number, bit;
  guint32 word;

  switch (self->layout) {
    case OVERLAY_SAMPLES_8:
      data[column * self->step] = (guint8) level;
      break;
    case OVERLAY_SAMPLES_16_LE:
      overlay_samples_store_half (
          data + column * self->step, level << self->shift, FALSE);
      break;
    case OVERLAY_SAMPLES_16_BE:
      overlay_samples_store_half (
          data + column * self->step, level << self->shift, TRUE);
      break;
    case OVERLAY_SAMPLES_10_LE32:
      number = (guint) (self->first + column * self->step);
      data += number / 3 * 4;
      bit = number % 3 * 10;
      word = overlay_samples_load_word (data) & ~(0x3ffu << bit);
      overlay_samples_store_word (data, word | level << bit);
      break;
  }
}

/**
 * overlay_samples_at:
 * @row: from 0
 * @column: from 0
 *
 * Returns: the level of one sample, in the component's own depth
 */
static inline guint
overlay_samples_at (const OverlaySamples *self, gint row, gint column)
{
  const guint8 *data = self->data + (gssize) row * self->stride;
  guint number;

  switch (self->layout) {
    case OVERLAY_SAMPLES_16_LE:
      return (overlay_samples_load_half (data + column * self->step, FALSE)
                 >> self->shift)
             & self->mask;
    case OVERLAY_SAMPLES_16_BE:
      return (overlay_samples_load_half (data + column * self->step, TRUE)
                 >> self->shift)
             & self->mask;
    case OVERLAY_SAMPLES_10_LE32:
      number = (guint) (self->first + column * self->step);
      return overlay_samples_load_word (data + number / 3 * 4)
                 >> number % 3 * 10
             & self->mask;
    default:
      return data[column * self->step];
  }
}

G_END_DECLS
