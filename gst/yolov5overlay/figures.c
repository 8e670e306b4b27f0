/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* These change now and then, so that a finished picture of them would seldom be
 * used twice. */

#include "figures.h"

/* texts on a ground of one colour; their places are relative to the block's */
typedef struct {
  GstVideoRectangle place;
  const OverlayPaint *paint;
  guint n_texts;
  struct {
    const OverlayMask *mask;
    gint x;
    gint y;
  } texts[OVERLAY_N_LINES];
} TextBlock;

static void
write_block (GstVideoFrame *frame, const GstVideoRectangle *place,
    const TextBlock *block)
{
  guint i;

  overlay_fill_rectangle (frame, place, &block->paint->fill);
  for (i = 0; i < block->n_texts; i++)
    overlay_draw_mask (frame, place->x + block->texts[i].x,
        place->y + block->texts[i].y, block->texts[i].mask, block->paint);
}

static void
draw_block (const OverlayCanvas *canvas, TextBlock *block)
{
  GstVideoRectangle inside = { 0, 0 };
  GstVideoFrame picture;

  if (!overlay_align_rectangle (canvas->info, &block->place))
    return;
  if (canvas->frame) {
    write_block (canvas->frame, &block->place, block);
    return;
  }
  if (!overlay_composition_map_picture (
          block->place.w, block->place.h, &picture))
    return;
  inside.w = block->place.w;
  inside.h = block->place.h;
  write_block (&picture, &inside, block);
  overlay_composition_add_picture (
      canvas->composer, block->place.x, block->place.y, &picture);
}

/* below those that are there; makes room for it, at least as high as the font's
 * letters */
static void
add_line (TextBlock *block, const OverlayLabels *labels,
    const OverlayMask *mask, gint margin)
{
  gint ascent = MAX (overlay_labels_get_ascent (labels), mask->baseline);
  gint descent =
      MAX (overlay_labels_get_descent (labels), mask->height - mask->baseline);

  block->texts[block->n_texts].mask = mask;
  block->texts[block->n_texts].x = margin;
  block->texts[block->n_texts].y = block->place.h + ascent - mask->baseline;
  block->n_texts++;
  block->place.h += ascent + descent;
  block->place.w = MAX (block->place.w, mask->width + 2 * margin);
}

/**
 * overlay_figures_draw:
 * @meter: what to say
 * @paint: colours of the text
 * @placement: learns where no labels may be
 *
 * Draws the lines of figures into the top left corner.
 */
void
overlay_figures_draw (OverlayLabels *labels, const OverlayCanvas *canvas,
    const OverlayMeter *meter, const OverlayPaint *paint,
    OverlayPlacement *placement)
{
  const GstVideoInfo *info = canvas->info;
  const gchar *texts[OVERLAY_N_LINES] = {
    [OVERLAY_LINE_RATE] = meter->rate,
    [OVERLAY_LINE_INFERENCE] = meter->inference,
  };
  gint grid = overlay_get_grid (info);
  gint font_size = overlay_labels_get_font_size (labels);
  gint margin = MAX (font_size / 4, grid);
  gint distance = GST_ROUND_UP_N (font_size / 2, grid);
  TextBlock block = { .paint = paint, .place.h = margin };
  OverlayLine line;

  for (line = 0; line < OVERLAY_N_LINES; line++) {
    const OverlayMask *mask =
        overlay_labels_get_line (labels, line, texts[line]);

    if (mask)
      add_line (&block, labels, mask, margin);
  }
  block.place.x = block.place.y = distance;
  block.place.w = GST_ROUND_UP_N (block.place.w, grid);
  block.place.h = GST_ROUND_UP_N (block.place.h + margin, grid);
  /* figures that are cut off would be wrong */
  if (block.n_texts == 0 || distance + block.place.w > info->width
      || distance + block.place.h > info->height)
    return;
  draw_block (canvas, &block);
  overlay_placement_block (placement, &block.place);
}

/**
 * overlay_text_draw:
 * @text: what to say
 * @x: where the text begins, as far as the frame has room for it
 * @y: where it ends below, likewise
 * @paint: its colours
 * @placement: learns where no labels may be
 *
 * Draws a line of text.
 */
void
overlay_text_draw (OverlayLabels *labels, const OverlayCanvas *canvas,
    const gchar *text, gint x, gint y, const OverlayPaint *paint,
    OverlayPlacement *placement)
{
  const GstVideoInfo *info = canvas->info;
  const OverlayMask *mask = overlay_labels_get_text (labels, text);
  gint grid = overlay_get_grid (info);
  gint margin = MAX (overlay_labels_get_font_size (labels) / 4, grid);
  TextBlock block = { .paint = paint };

  if (mask == NULL)
    return;
  add_line (&block, labels, mask, margin);
  block.place.w = GST_ROUND_UP_N (block.place.w, grid);
  block.place.h = GST_ROUND_UP_N (block.place.h, grid);
  if (block.place.w > info->width || block.place.h > info->height)
    return;
  x = CLAMP (x, 0, info->width - block.place.w);
  y = CLAMP (y - block.place.h, 0, info->height - block.place.h);
  block.place.x = x - x % grid;
  block.place.y = y - y % grid;
  draw_block (canvas, &block);
  overlay_placement_block (placement, &block.place);
}
