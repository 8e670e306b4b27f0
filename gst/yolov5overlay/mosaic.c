/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The cells lie on a grid that belongs to the frame, and their sizes are powers
 * of two: a box that trembles from frame to frame keeps its cells. The mosaic
 * then does not flicker, and its frames do not add up to a sharper picture. */

#include "mosaic.h"

#include "samples.h"

/* The longer side of a box is at most as long as this many cells. A face is a
 * seventh of a person's height, so that it has about one of them. */
#define MAX_CELLS 8
/* a multiple of every chroma sample */
#define MIN_CELL_SIZE 8

/* all of them become their mean */
static void
flatten (const OverlaySamples *samples)
{
  guint64 sum = 0, n = (guint64) samples->columns * samples->rows;
  gint row;

  for (row = 0; row < samples->rows; row++)
    sum += overlay_samples_sum (samples, row);
  for (row = 0; row < samples->rows; row++)
    overlay_samples_fill (samples, row, (guint) ((sum + n / 2) / n));
}

/* where the cell that starts at position ends: on the grid, but no cell becomes
 * so thin at the box's edges that it would show something */
static gint
get_cell_end (gint position, gint end, gint cell_size)
{
  gint cell_end = position - position % cell_size + cell_size;

  if (cell_end - position < cell_size / 2)
    cell_end += cell_size;
  return end - cell_end < cell_size / 2 ? end : cell_end;
}

/**
 * overlay_pixelate_rectangle:
 * @frame: mapped for reading and writing
 * @rectangle: pixels, from overlay_align_rectangle()
 *
 * Replaces the picture in a rectangle by a mosaic of mean colours. Its cells
 * grow with the rectangle, and have 8 pixels at least.
 */
void
overlay_pixelate_rectangle (
    GstVideoFrame *frame, const GstVideoRectangle *rectangle)
{
  gint right = rectangle->x + rectangle->w,
       bottom = rectangle->y + rectangle->h;
  gint cell_size = MIN_CELL_SIZE;
  GstVideoRectangle cell;
  guint c;

  while (cell_size * MAX_CELLS < MAX (rectangle->w, rectangle->h))
    cell_size *= 2;

  for (cell.y = rectangle->y; cell.y < bottom; cell.y += cell.h) {
    cell.h = get_cell_end (cell.y, bottom, cell_size) - cell.y;
    for (cell.x = rectangle->x; cell.x < right; cell.x += cell.w) {
      cell.w = get_cell_end (cell.x, right, cell_size) - cell.x;
      for (c = 0; c < GST_VIDEO_FRAME_N_COMPONENTS (frame); c++) {
        OverlaySamples samples;

        overlay_samples_get (&samples, frame, c, &cell);
        if (samples.columns > 0 && samples.rows > 0)
          flatten (&samples);
      }
    }
  }
}
