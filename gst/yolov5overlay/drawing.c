/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The same drawing goes into a frame or becomes a composition. The painter
 * knows the pixels, the labels the text. */

#include "drawing.h"

#include <math.h>
#include <string.h>

#include "composition.h"
#include "labels.h"
#include "painter.h"

/* lines as a part of the frame's shorter side: 5 pixels in 1920x1080 */
#define AUTO_THICKNESS_PART 240
#define AUTO_THICKNESS_MIN 2
/* ... and at most this part of the box, or small objects vanish below them */
#define AUTO_THICKNESS_BOX_PART 8

/* Sinks handle each rectangle of a composition by itself. From here on one
 * picture as large as the frame is cheaper. */
#define MAX_COMPOSED_DETECTIONS 64

/* a name and a confidence, or the lines of figures */
#define MAX_TEXTS 2
G_STATIC_ASSERT (OVERLAY_N_LINES <= MAX_TEXTS);

struct _OverlayDrawing {
  GstVideoInfo info;
  OverlaySettings settings;
  OverlayPaint palette[OVERLAY_PALETTE_SIZE];
  /* by entry of settings.colors */
  OverlayPaint *class_paints;
  OverlayPaint meter_paint;
  /* NULL if there is nothing to write, or no font to write it in */
  OverlayLabels *labels;
  gboolean lacks_font;

  /* the last composition, and what it was made of */
  OverlayComposition *composer;
  GstVideoOverlayComposition *composition;
  GstVideoOverlayComposition *below;
  GArray *detections;
  guint meter_serial;
};

/* where it is drawn to: a frame, or without one the drawing's composer */
typedef struct {
  OverlayDrawing *drawing;
  GstVideoFrame *frame;
} Canvas;

/* texts on a ground of one colour; their places are relative to the block's */
typedef struct {
  GstVideoRectangle place;
  const OverlayPaint *paint;
  guint n_texts;
  struct {
    const OverlayMask *mask;
    gint x;
    gint y;
  } texts[MAX_TEXTS];
} TextBlock;

static void
drop_composition (OverlayDrawing *self)
{
  g_clear_pointer (&self->composition, gst_video_overlay_composition_unref);
  g_clear_pointer (&self->below, gst_video_overlay_composition_unref);
}

static void
convert_colors (OverlayDrawing *self)
{
  static const guint8 black[3] = { 0, 0, 0 };
  const OverlayClasses *classes = self->settings.colors;
  guint n = overlay_classes_get_n_entries (classes), i;

  overlay_palette_convert (
      &self->info, self->settings.labels_color, self->palette);
  overlay_paint_from_rgb (
      &self->meter_paint, &self->info, black, OVERLAY_AUTO_COLOR);

  g_free (self->class_paints);
  self->class_paints = g_new (OverlayPaint, n);
  for (i = 0; i < n; i++) {
    guint8 rgb[3];

    overlay_classes_get_rgb (classes, i, rgb);
    overlay_paint_from_rgb (
        &self->class_paints[i], &self->info, rgb, self->settings.labels_color);
  }
}

/**
 * overlay_drawing_new:
 * @info: what to draw into: the frames, or a picture of their size in the
 *   format of overlay_composition_get_info()
 * @settings: how to draw
 *
 * Opens the font, which takes long. An object belongs to one thread at a time.
 *
 * Returns: (transfer full): a drawing
 */
OverlayDrawing *
overlay_drawing_new (const GstVideoInfo *info, const OverlaySettings *settings)
{
  OverlayDrawing *self = g_new0 (OverlayDrawing, 1);

  self->info = *info;
  self->detections = g_array_new (FALSE, FALSE, sizeof (GstYolov5Detection));
  overlay_drawing_configure (self, settings);
  return self;
}

/**
 * overlay_drawing_free:
 * @self: (nullable) (transfer full): a drawing
 */
void
overlay_drawing_free (OverlayDrawing *self)
{
  if (self == NULL)
    return;
  drop_composition (self);
  g_array_unref (self->detections);
  overlay_composition_free (self->composer);
  overlay_labels_free (self->labels);
  g_free (self->class_paints);
  overlay_settings_clear (&self->settings);
  g_free (self);
}

/* Without a font, squares would say nothing but that there is none. */
static void
open_font (OverlayDrawing *self)
{
  self->labels = overlay_labels_new (
      self->settings.font_desc, self->info.width, self->info.height);
  self->lacks_font = !overlay_labels_has_font (self->labels);
  if (self->lacks_font)
    g_clear_pointer (&self->labels, overlay_labels_free);
}

/**
 * overlay_drawing_configure:
 * @settings: how to draw from here on
 *
 * Takes other settings. A font that stays the same is not opened again.
 */
void
overlay_drawing_configure (
    OverlayDrawing *self, const OverlaySettings *settings)
{
  gboolean new_font =
      g_strcmp0 (self->settings.font_desc, settings->font_desc) != 0;

  overlay_settings_clear (&self->settings);
  overlay_settings_copy (&self->settings, settings);
  convert_colors (self);
  drop_composition (self);
  /* it keeps a pixel of each colour */
  overlay_composition_free (self->composer);
  self->composer = overlay_composition_new ();

  if (new_font) {
    g_clear_pointer (&self->labels, overlay_labels_free);
    self->lacks_font = FALSE;
  }
  if (self->labels == NULL && !self->lacks_font
      && (settings->draw_labels || settings->draw_stats))
    open_font (self);
}

/**
 * overlay_drawing_lacks_font:
 *
 * Returns: whether something is to be written, but there is no font
 */
gboolean
overlay_drawing_lacks_font (const OverlayDrawing *self)
{
  return self->lacks_font
         && (self->settings.draw_labels || self->settings.draw_stats);
}

/**
 * overlay_drawing_get_unwritable:
 *
 * Returns: (transfer none) (nullable): a text that has letters which no font
 *   has, or %NULL
 */
const gchar *
overlay_drawing_get_unwritable (const OverlayDrawing *self)
{
  return self->labels ? overlay_labels_get_unwritable (self->labels) : NULL;
}

/**
 * overlay_drawing_get_box:
 * @info: size and format of the frames
 * @detection: a detection, wherever it is
 * @box: (out): its box, clipped to the frame and widened to whole chroma
 *   samples
 *
 * Returns: %FALSE if no part of @detection lies in the frame
 */
gboolean
overlay_drawing_get_box (const GstVideoInfo *info,
    const GstYolov5Detection *detection, GstVideoRectangle *box)
{
  gdouble left = floor (detection->x + 0.5);
  gdouble top = floor (detection->y + 0.5);
  gdouble right = floor (detection->x + detection->width + 0.5);
  gdouble bottom = floor (detection->y + detection->height + 0.5);

  /* a box has a pixel at least */
  right = MAX (right, left + 1.0);
  bottom = MAX (bottom, top + 1.0);

  /* clipped before any of it becomes an integer; not met by NaN either */
  if (!(left < info->width && top < info->height && right > 0.0
          && bottom > 0.0))
    return FALSE;

  box->x = (gint) MAX (left, 0.0);
  box->y = (gint) MAX (top, 0.0);
  box->w = (gint) MIN (right, info->width) - box->x;
  box->h = (gint) MIN (bottom, info->height) - box->y;
  return overlay_align_rectangle (info, box);
}

static const OverlayPaint *
get_paint (const OverlayDrawing *self, const GstYolov5Detection *detection)
{
  gint entry = overlay_classes_find (self->settings.colors, detection);
  guint index = 0;

  if (entry >= 0)
    return &self->class_paints[entry];
  if (detection->label_id >= 0)
    index = (guint) detection->label_id;
  else if (detection->label != 0)
    index = g_str_hash (g_quark_to_string (detection->label));
  return &self->palette[index % OVERLAY_PALETTE_SIZE];
}

static gint
get_thickness (
    const GstVideoInfo *info, const GstVideoRectangle *box, gint wanted)
{
  gint thickness = wanted;

  if (thickness == 0) {
    gint side = MIN (info->width, info->height);

    thickness = (side + AUTO_THICKNESS_PART / 2) / AUTO_THICKNESS_PART;
    thickness = MIN (thickness, MIN (box->w, box->h) / AUTO_THICKNESS_BOX_PART);
    thickness = MAX (thickness, AUTO_THICKNESS_MIN);
  }
  return GST_ROUND_UP_N (thickness, overlay_get_grid (info));
}

static void
draw_outline (const Canvas *canvas, const GstVideoRectangle *box,
    const GstYolov5Detection *detection)
{
  OverlayDrawing *self = canvas->drawing;
  gint thickness =
      get_thickness (&self->info, box, (gint) self->settings.thickness);
  const OverlayColor *color = &get_paint (self, detection)->fill;
  GstVideoRectangle lines[4];
  guint n_lines, i;

  if (canvas->frame) {
    overlay_draw_outline (canvas->frame, box, thickness, color);
    return;
  }
  n_lines = overlay_split_outline (&self->info, box, thickness, lines);
  for (i = 0; i < n_lines; i++)
    overlay_composition_add_solid (self->composer, &lines[i], color);
}

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
draw_block (const Canvas *canvas, TextBlock *block)
{
  OverlayDrawing *self = canvas->drawing;
  GstVideoRectangle inside = { 0, 0 };
  GstVideoFrame picture;

  if (!overlay_align_rectangle (&self->info, &block->place))
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
      self->composer, block->place.x, block->place.y, &picture);
}

static void
add_text (TextBlock *block, const OverlayMask *mask, gint x, gint baseline)
{
  block->texts[block->n_texts].mask = mask;
  block->texts[block->n_texts].x = x;
  block->texts[block->n_texts].y = baseline - mask->baseline;
  block->n_texts++;
}

/* room for a line of text, at least as high as the font's letters */
static void
measure_line (const OverlayLabels *labels, const OverlayMask *mask,
    gint *ascent, gint *descent)
{
  *ascent = MAX (*ascent, overlay_labels_get_ascent (labels));
  *descent = MAX (*descent, overlay_labels_get_descent (labels));
  if (mask) {
    *ascent = MAX (*ascent, mask->baseline);
    *descent = MAX (*descent, mask->height - mask->baseline);
  }
}

/* above the box, or in it where there is no room, and always in the frame */
static void
place_label (const GstVideoInfo *info, const GstVideoRectangle *box,
    GstVideoRectangle *label)
{
  gint grid = overlay_get_grid (info);

  label->x = MAX (MIN (box->x, info->width - label->w), 0);
  label->y = box->y >= label->h ? box->y - label->h : box->y;
  label->y = MAX (MIN (label->y, info->height - label->h), 0);
  label->x -= label->x % grid;
  label->y -= label->y % grid;
}

static void
draw_label (const Canvas *canvas, const GstVideoRectangle *box,
    const GstYolov5Detection *detection)
{
  OverlayDrawing *self = canvas->drawing;
  const GstVideoInfo *info = &self->info;
  const OverlayMask *name, *confidence = NULL;
  gint grid = overlay_get_grid (info);
  gint font_size = overlay_labels_get_font_size (self->labels);
  gint margin_x = MAX (font_size / 4, grid), margin_y = MAX (font_size / 10, 1);
  gint x = margin_x, ascent = 0, descent = 0;
  TextBlock block = { .paint = get_paint (self, detection) };

  name = overlay_labels_get_name (self->labels, detection->label);
  if (self->settings.draw_confidence)
    confidence =
        overlay_labels_get_confidence (self->labels, detection->confidence);
  if (name == NULL && confidence == NULL)
    return;

  measure_line (self->labels, name, &ascent, &descent);
  measure_line (self->labels, confidence, &ascent, &descent);
  if (name) {
    add_text (&block, name, x, margin_y + ascent);
    x += name->width;
  }
  if (name && confidence)
    x += MAX (font_size / 3, 4);
  if (confidence) {
    add_text (&block, confidence, x, margin_y + ascent);
    x += confidence->width;
  }
  block.place.w = GST_ROUND_UP_N (x + margin_x, grid);
  block.place.h = GST_ROUND_UP_N (ascent + descent + 2 * margin_y, grid);
  /* in so small a frame a label would leave nothing to look at */
  if (block.place.h > MIN (info->width, info->height))
    return;

  place_label (info, box, &block.place);
  draw_block (canvas, &block);
}

/* the lines of figures, in the top left corner */
static void
draw_meter (const Canvas *canvas, const OverlayMeter *meter)
{
  OverlayDrawing *self = canvas->drawing;
  const gchar *texts[OVERLAY_N_LINES] = {
    [OVERLAY_LINE_RATE] = meter->rate,
    [OVERLAY_LINE_INFERENCE] = meter->inference,
  };
  gint grid = overlay_get_grid (&self->info);
  gint font_size = overlay_labels_get_font_size (self->labels);
  gint margin = MAX (font_size / 4, grid);
  gint distance = GST_ROUND_UP_N (font_size / 2, grid);
  gint width = 0, height = margin;
  TextBlock block = { .paint = &self->meter_paint };
  OverlayLine line;

  for (line = 0; line < OVERLAY_N_LINES; line++) {
    const OverlayMask *mask =
        overlay_labels_get_line (self->labels, line, texts[line]);
    gint ascent = 0, descent = 0;

    if (mask == NULL)
      continue;
    measure_line (self->labels, mask, &ascent, &descent);
    add_text (&block, mask, margin, height + ascent);
    height += ascent + descent;
    width = MAX (width, mask->width);
  }
  block.place.x = block.place.y = distance;
  block.place.w = GST_ROUND_UP_N (width + 2 * margin, grid);
  block.place.h = GST_ROUND_UP_N (height + margin, grid);
  /* figures that are cut off would be wrong */
  if (block.n_texts > 0 && distance + block.place.w <= self->info.width
      && distance + block.place.h <= self->info.height)
    draw_block (canvas, &block);
}

static void
draw_all (
    const Canvas *canvas, const GArray *detections, const OverlayMeter *meter)
{
  OverlayDrawing *self = canvas->drawing;
  const GstYolov5Detection *detection = (GstYolov5Detection *) detections->data;
  GstVideoRectangle box;
  guint i;

  /* detectors attach the best first: drawn last, it lies on top. No line runs
   * through a label because all labels come after all boxes. */
  for (i = detections->len; i-- > 0;)
    if (overlay_drawing_get_box (&self->info, &detection[i], &box))
      draw_outline (canvas, &box, &detection[i]);

  if (self->settings.draw_labels && self->labels)
    for (i = detections->len; i-- > 0;)
      if (overlay_drawing_get_box (&self->info, &detection[i], &box))
        draw_label (canvas, &box, &detection[i]);

  if (self->settings.draw_stats && self->labels)
    draw_meter (canvas, meter);
}

/**
 * overlay_drawing_draw:
 * @frame: mapped for writing
 * @detections: (element-type GstYolov5Detection): what to show, the best first
 * @meter: what to show if the statistics are wanted
 *
 * Draws into a frame.
 */
void
overlay_drawing_draw (OverlayDrawing *self, GstVideoFrame *frame,
    const GArray *detections, const OverlayMeter *meter)
{
  Canvas canvas = { .drawing = self, .frame = frame };

  draw_all (&canvas, detections, meter);
}

static void
compose_as_one (
    OverlayDrawing *self, const GArray *detections, const OverlayMeter *meter)
{
  GstVideoFrame picture;

  if (!overlay_composition_map_picture (
          self->info.width, self->info.height, &picture))
    return;
  memset (GST_VIDEO_FRAME_PLANE_DATA (&picture, 0), 0,
      GST_VIDEO_FRAME_SIZE (&picture));
  overlay_drawing_draw (self, &picture, detections, meter);
  overlay_composition_add_picture (self->composer, 0, 0, &picture);
}

static gboolean
is_composed (const OverlayDrawing *self, GstVideoOverlayComposition *below,
    const GArray *detections, const OverlayMeter *meter)
{
  return self->composition != NULL && self->below == below
         && (!self->settings.draw_stats || self->meter_serial == meter->serial)
         && self->detections->len == detections->len
         && (detections->len == 0
             || memcmp (self->detections->data, detections->data,
                    detections->len * sizeof (GstYolov5Detection))
                    == 0);
}

/**
 * overlay_drawing_compose:
 * @below: (nullable): what others have attached and stays below
 * @detections: (element-type GstYolov5Detection): what to show, the best first
 * @meter: what to show if the statistics are wanted
 *
 * Makes a composition, or finds that the last one still holds, so that sinks
 * need not upload it again.
 *
 * Returns: (transfer none) (nullable): a composition, valid until the next
 *   call; %NULL if there is nothing in it
 */
GstVideoOverlayComposition *
overlay_drawing_compose (OverlayDrawing *self,
    GstVideoOverlayComposition *below, const GArray *detections,
    const OverlayMeter *meter)
{
  Canvas canvas = { .drawing = self };

  if (is_composed (self, below, detections, meter))
    return self->composition;

  drop_composition (self);
  overlay_composition_begin (self->composer, below);
  if (detections->len > MAX_COMPOSED_DETECTIONS)
    compose_as_one (self, detections, meter);
  else
    draw_all (&canvas, detections, meter);
  self->composition = overlay_composition_end (self->composer);

  if (below)
    self->below = gst_video_overlay_composition_ref (below);
  self->meter_serial = meter->serial;
  g_array_set_size (self->detections, 0);
  g_array_append_vals (self->detections, detections->data, detections->len);
  return self->composition;
}
