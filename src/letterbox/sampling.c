/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Tables from the picture's columns and rows to source samples, computed as
 * OpenCV's INTER_LINEAR does for 8 bit. */

#include "sampling.h"

#include <math.h>

static guint
plane_size (const LetterboxAxis *axis)
{
  return GST_VIDEO_SUB_SCALE (axis->subsampling, axis->frame_size);
}

/* the sample left of (above) a pixel of the picture, -1 when the pixel lies
 * before the first one, and how far the pixel lies behind it. Rounding to
 * float is OpenCV's, and so is the reciprocal of a quotient. */
static gint
locate (const LetterboxAxis *axis, guint pixel, gfloat *fraction)
{
  gdouble scale = 1.0 / ((gdouble) axis->picture_size / axis->frame_size);
  gdouble samples_per_luma = 1.0 / (1 << axis->subsampling);
  gdouble position = (pixel + 0.5) * scale - 0.5;
  gfloat rounded;
  gint sample;

  if (axis->cosited)
    position *= samples_per_luma;
  else
    position = (position + 0.5) * samples_per_luma - 0.5;

  rounded = (gfloat) position;
  sample = (gint) floorf (rounded);
  *fraction = rounded - sample;

  return sample;
}

void
letterbox_columns_init (
    LetterboxColumns *columns, const LetterboxAxis *axis, guint pixel_stride)
{
  const gint unit = 1 << LETTERBOX_COLUMN_WEIGHT_BITS;
  gint last = (gint) plane_size (axis) - 1;
  guint i;

  columns->n_columns = axis->picture_size;
  columns->offsets = g_new (guint32, axis->picture_size);
  columns->weights = g_new (gint16, axis->picture_size);
  columns->step = last > 0 ? pixel_stride : 0;
  columns->span = last * pixel_stride + 1;

  for (i = 0; i < axis->picture_size; i++) {
    gfloat fraction;
    gint left = locate (axis, i, &fraction);
    gint weight = (gint) lrintf (fraction * unit);

    if (left < 0) {
      left = 0;
      weight = 0;
    } else if (left >= last) {
      /* all weight on the right sample, there is none beyond it */
      left = MAX (last - 1, 0);
      weight = unit;
    }

    columns->offsets[i] = left * pixel_stride;
    columns->weights[i] = weight;
  }
}

void
letterbox_columns_clear (LetterboxColumns *columns)
{
  g_clear_pointer (&columns->offsets, g_free);
  g_clear_pointer (&columns->weights, g_free);
}

/* one entry for each row of the picture */
LetterboxRow *
letterbox_rows_new (const LetterboxAxis *axis, guint weight_bits)
{
  LetterboxRow *rows = g_new (LetterboxRow, axis->picture_size);
  gint last = (gint) plane_size (axis) - 1;
  gfloat unit = 1 << weight_bits;
  guint i;

  for (i = 0; i < axis->picture_size; i++) {
    gfloat fraction;
    gint upper = locate (axis, i, &fraction);
    LetterboxRow *row = &rows[i];
    glong weights[2];

    row->source[0] = CLAMP (upper, 0, last);
    row->source[1] = CLAMP (upper + 1, 0, last);
    weights[0] = lrintf ((1.0f - fraction) * unit);
    weights[1] = lrintf (fraction * unit);

    if (weights[0] == 0) {
      row->source[0] = row->source[1];
      weights[0] = weights[1];
      weights[1] = 0;
    }
    if (weights[1] == 0)
      row->source[1] = row->source[0];
    row->weights[0] = (gint16) MIN (weights[0], G_MAXINT16);
    row->weights[1] = (gint16) weights[1];
  }

  return rows;
}
