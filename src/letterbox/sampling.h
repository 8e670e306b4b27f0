/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Where each pixel of the picture is sampled: tables from the picture's
 * columns and rows to the two source samples they lie between. */

#pragma once

#include <gst/video/video.h>

G_BEGIN_DECLS

/* weights of columns are 11 bit fixed point as in OpenCV */
#define LETTERBOX_COLUMN_WEIGHT_BITS 11

/**
 * LetterboxAxis:
 * @frame_size: luma samples of the frame along the axis
 * @picture_size: pixels of the picture along the axis
 * @subsampling: log2 of luma samples per sample of the plane
 * @cosited: whether a subsampled sample lies on a luma sample, not between two
 *
 * How a plane is sampled along one axis.
 */
typedef struct {
  guint frame_size;
  guint picture_size;
  guint subsampling;
  gboolean cosited;
} LetterboxAxis;

/**
 * LetterboxColumns:
 * @n_columns: columns of the picture
 * @offsets: byte offset of the left sample in a row of the plane
 * @weights: weight of the right sample, 0..2^LETTERBOX_COLUMN_WEIGHT_BITS
 * @step: bytes from the left sample to the right one; 0 in a plane of one
 *     column, so that nothing beside it is read
 * @span: bytes from the first sample of a row to the end of the last one
 */
typedef struct {
  guint n_columns;
  guint32 *offsets;
  gint16 *weights;
  guint step;
  guint span;
} LetterboxColumns;

/**
 * LetterboxRow:
 * @source: the upper and the lower row of the plane
 * @weights: their weights, which add up to 2^weight_bits, but for %G_MAXINT16 in
 *     place of 2^15
 *
 * A row that is not needed because its weight is 0 equals the other one, and is
 * the lower one.
 */
typedef struct {
  guint source[2];
  gint16 weights[2];
} LetterboxRow;

void letterbox_columns_init (
    LetterboxColumns *columns, const LetterboxAxis *axis, guint pixel_stride);
void letterbox_columns_clear (LetterboxColumns *columns);
LetterboxRow *letterbox_rows_new (const LetterboxAxis *axis, guint weight_bits);

G_END_DECLS
