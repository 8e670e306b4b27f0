/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* A label is put together of parts side by side, each a sprite: names, numbers
 * and percentages come again and again, but seldom in the same company. */

#include "captions.h"

#include <math.h>

/* name, number, confidence */
#define MAX_PARTS 3
/* figures of a number of 64 bits */
#define MAX_FIGURES 20
/* how opaque the ground of a label is, of 255 */
#define GROUND_OPACITY 226
/* its corners' radius as a part of its height */
#define RADIUS_PART 5

typedef struct {
  OverlaySpriteKind kind;
  guint64 value;
  /* NULL for a number */
  const OverlayMask *mask;
  gint text_width;
  gint lead;
  gint width;
} Part;

typedef struct {
  Part parts[MAX_PARTS];
  guint n_parts;
  gboolean is_small;
  gint ascent;
  gint descent;
  gint width;
  gint height;
} Layout;

struct _OverlayCaptions {
  GstVideoInfo info;
  gint grid;
  /* of usual and of small letters */
  OverlayLabels *labels[2];
};

/**
 * overlay_captions_new:
 * @info: size and format of the frames
 * @font_description: (nullable): as for overlay_labels_new()
 *
 * Opens the font, which takes long. An object belongs to one thread at a time.
 *
 * Returns: (transfer full) (nullable): captions, or %NULL if there is no font
 */
OverlayCaptions *
overlay_captions_new (const GstVideoInfo *info, const gchar *font_description)
{
  OverlayCaptions *self = g_new0 (OverlayCaptions, 1);
  guint i;

  self->info = *info;
  self->grid = overlay_get_grid (info);
  for (i = 0; i < G_N_ELEMENTS (self->labels); i++)
    self->labels[i] = overlay_labels_new (font_description, info->width,
        info->height, i == 0 ? NULL : self->labels[0]);
  if (!overlay_labels_has_font (self->labels[0]))
    g_clear_pointer (&self, overlay_captions_free);
  return self;
}

/**
 * overlay_captions_free:
 * @self: (nullable) (transfer full): captions
 */
void
overlay_captions_free (OverlayCaptions *self)
{
  guint i;

  if (self == NULL)
    return;
  for (i = 0; i < G_N_ELEMENTS (self->labels); i++)
    overlay_labels_free (self->labels[i]);
  g_free (self);
}

/**
 * overlay_captions_get_labels:
 *
 * Returns: (transfer none): the texts of usual size
 */
OverlayLabels *
overlay_captions_get_labels (const OverlayCaptions *self)
{
  return self->labels[0];
}

/* the last figure comes first */
static guint
get_figures (guint64 number, guint figures[MAX_FIGURES])
{
  guint n = 0;

  do {
    figures[n++] = number % 10;
    number /= 10;
  } while (number > 0);
  return n;
}

static gint
get_number_width (OverlayLabels *labels, guint64 number)
{
  guint figures[MAX_FIGURES];
  guint n = get_figures (number, figures);
  gint width = 0;

  while (n-- > 0)
    width += overlay_labels_get_figure (labels, figures[n])->width;
  return width;
}

static void
add_part (Layout *layout, OverlaySpriteKind kind, guint64 value,
    const OverlayMask *mask, gint text_width)
{
  layout->parts[layout->n_parts++] = (Part){
    .kind = kind, .value = value, .mask = mask, .text_width = text_width
  };
  if (mask) {
    layout->ascent = MAX (layout->ascent, mask->baseline);
    layout->descent = MAX (layout->descent, mask->height - mask->baseline);
  }
}

static gint
get_margin_y (const OverlayLabels *labels)
{
  return MAX (overlay_labels_get_font_size (labels) / 10, 1);
}

/* what a form of an object's label is made of, and how large */
static void
lay_out (OverlayCaptions *self, const OverlayObject *object,
    gboolean with_confidence, gboolean small, Layout *layout)
{
  const GstYolov5Detection *detection = &object->detection;
  OverlayLabels *labels = self->labels[small];
  gint font_size = overlay_labels_get_font_size (labels);
  gint margin_x = MAX (font_size / 4, self->grid);
  const OverlayMask *mask;
  guint i;

  *layout = (Layout){ .is_small = small,
    .ascent = overlay_labels_get_ascent (labels),
    .descent = overlay_labels_get_descent (labels) };

  mask = overlay_labels_get_name (labels, detection->label);
  if (mask)
    add_part (layout, OVERLAY_SPRITE_NAME, detection->label, mask, mask->width);
  if (object->id != 0)
    add_part (layout, OVERLAY_SPRITE_ID, object->id, NULL,
        get_number_width (labels, object->id));
  mask = with_confidence
             ? overlay_labels_get_confidence (labels, detection->confidence)
             : NULL;
  if (mask)
    add_part (layout, OVERLAY_SPRITE_CONFIDENCE,
        overlay_labels_get_percent (detection->confidence), mask, mask->width);

  for (i = 0; i < layout->n_parts; i++) {
    Part *part = &layout->parts[i];

    part->lead = i == 0 ? margin_x : MAX (font_size / 3, 4);
    part->width =
        GST_ROUND_UP_N (part->lead + part->text_width
                            + (i + 1 == layout->n_parts ? margin_x : 0),
            self->grid);
    layout->width += part->width;
  }
  layout->height = GST_ROUND_UP_N (
      layout->ascent + layout->descent + 2 * get_margin_y (labels), self->grid);
}

static gint
get_tag_size (const OverlayCaptions *self)
{
  gint size = overlay_labels_get_font_size (self->labels[0]) / 2;

  return GST_ROUND_UP_N (MAX (size, 4), self->grid);
}

/**
 * overlay_captions_measure:
 * @with_confidence: write how sure the detector is, where there is room
 * @is_alone: no other object is there, so that small letters are not needed
 * @place: (inout): gets the sizes of the label's forms
 */
void
overlay_captions_measure (OverlayCaptions *self, const OverlayObject *object,
    gboolean with_confidence, gboolean is_alone, OverlayLabelPlace *place)
{
  gint side = MIN (self->info.width, self->info.height);
  gint tag = get_tag_size (self);
  Layout layout;
  guint form;

  for (form = 0; form < OVERLAY_N_FORMS; form++)
    place->sizes[form].width = place->sizes[form].height = 0;
  for (form = 0; form < OVERLAY_FORM_TAG; form++) {
    if (form == OVERLAY_FORM_SMALL && is_alone)
      continue;
    lay_out (self, object, with_confidence && form == OVERLAY_FORM_WHOLE,
        form == OVERLAY_FORM_SMALL, &layout);
    /* in so small a frame a label would leave nothing to look at */
    if (layout.n_parts == 0 || layout.height > side)
      continue;
    place->sizes[form].width = layout.width;
    place->sizes[form].height = layout.height;
    place->sizes[OVERLAY_FORM_TAG].width = tag;
    place->sizes[OVERLAY_FORM_TAG].height = tag;
  }
}

/* how much of a pixel lies within the rounded corners of a label */
static gdouble
get_corner_coverage (gint x, gint y, gint width, gint height, gdouble radius,
    gboolean is_left_round, gboolean is_right_round)
{
  gdouble middle_x = x + 0.5, middle_y = y + 0.5, distance_x, distance_y;

  if (middle_x < radius && is_left_round)
    distance_x = radius - middle_x;
  else if (middle_x > width - radius && is_right_round)
    distance_x = middle_x - (width - radius);
  else
    return 1.0;
  if (middle_y < radius)
    distance_y = radius - middle_y;
  else if (middle_y > height - radius)
    distance_y = middle_y - (height - radius);
  else
    return 1.0;
  return CLAMP (
      radius + 0.5 - sqrt (distance_x * distance_x + distance_y * distance_y),
      0.0, 1.0);
}

static void
copy_mask (guint8 *text, gint width, gint height, const OverlayMask *mask,
    gint left, gint top)
{
  gint x, y;

  for (y = MAX (top, 0); y < MIN (top + mask->height, height); y++)
    for (x = MAX (left, 0); x < MIN (left + mask->width, width); x++)
      text[y * width + x] = MAX (text[y * width + x],
          mask->alpha[(y - top) * mask->stride + x - left]);
}

static void
write_number (OverlayLabels *labels, guint8 *text, const Part *part,
    gint height, gint baseline)
{
  guint figures[MAX_FIGURES];
  guint n = get_figures (part->value, figures);
  gint x = part->lead;

  while (n-- > 0) {
    const OverlayMask *mask = overlay_labels_get_figure (labels, figures[n]);

    copy_mask (text, part->width, height, mask, x, baseline - mask->baseline);
    x += mask->width;
  }
}

static OverlaySprite *
render_part (OverlayCaptions *self, const Layout *layout, guint index,
    const OverlayPaint *paint)
{
  OverlayLabels *labels = self->labels[layout->is_small];
  const Part *part = &layout->parts[index];
  gint width = part->width, height = layout->height, x, y;
  gint baseline = get_margin_y (labels) + layout->ascent;
  gdouble radius = (gdouble) height / RADIUS_PART;
  g_autofree guint8 *text = g_malloc0 ((gsize) width * height);
  g_autofree guint8 *ground = g_malloc ((gsize) width * height);

  for (y = 0; y < height; y++)
    for (x = 0; x < width; x++)
      ground[y * width + x] =
          (guint8) (GROUND_OPACITY
                        * get_corner_coverage (x, y, width, height, radius,
                            index == 0, index + 1 == layout->n_parts)
                    + 0.5);
  if (part->mask)
    copy_mask (text, width, height, part->mask, part->lead,
        baseline - part->mask->baseline);
  else
    write_number (labels, text, part, height, baseline);
  return overlay_sprite_new (&self->info, width, height, text, ground, paint);
}

/* a square in the colour of the class, with a darker edge */
static OverlaySprite *
render_tag (OverlayCaptions *self, gint size, const OverlayPaint *paint)
{
  g_autofree guint8 *text = g_malloc0 ((gsize) size * size);
  g_autofree guint8 *ground = g_malloc ((gsize) size * size);
  gint x, y;

  for (y = 0; y < size; y++)
    for (x = 0; x < size; x++) {
      gboolean is_edge = x == 0 || y == 0 || x + 1 == size || y + 1 == size;

      ground[y * size + x] = 255;
      text[y * size + x] = is_edge ? 128 : 0;
    }
  return overlay_sprite_new (&self->info, size, size, text, ground, paint);
}

static void
draw_tag (OverlayCaptions *self, const OverlayCanvas *canvas,
    OverlaySprites *sprites, const OverlayPaint *paint,
    const GstVideoRectangle *place)
{
  OverlaySpriteKey key = {
    .kind = OVERLAY_SPRITE_TAG, .value = (guint64) place->w, .paint = paint
  };
  const OverlaySprite *sprite = overlay_sprites_find (sprites, &key);

  if (sprite == NULL)
    sprite =
        overlay_sprites_add (sprites, &key, render_tag (self, place->w, paint));
  if (sprite)
    overlay_canvas_draw_sprite (canvas, sprite, place->x, place->y);
}

/**
 * overlay_captions_draw:
 * @sprites: (inout): those that are there, and those that are made
 * @with_confidence: as for overlay_captions_measure()
 * @paint: colours of the label
 * @place: where it comes, in which form
 */
void
overlay_captions_draw (OverlayCaptions *self, const OverlayCanvas *canvas,
    OverlaySprites *sprites, const OverlayObject *object,
    gboolean with_confidence, const OverlayPaint *paint,
    const OverlayLabelPlace *place)
{
  OverlayLabelForm form = place->form;
  gint x = place->place.x;
  Layout layout;
  guint i;

  if (form == OVERLAY_FORM_TAG) {
    draw_tag (self, canvas, sprites, paint, &place->place);
    return;
  }
  lay_out (self, object, with_confidence && form == OVERLAY_FORM_WHOLE,
      form == OVERLAY_FORM_SMALL, &layout);
  for (i = 0; i < layout.n_parts; i++) {
    const Part *part = &layout.parts[i];
    OverlaySpriteKey key = { .kind = part->kind,
      .value = part->value,
      .paint = paint,
      .is_small = layout.is_small,
      .is_first = i == 0,
      .is_last = i + 1 == layout.n_parts,
      .ascent = layout.ascent,
      .descent = layout.descent };
    const OverlaySprite *sprite = overlay_sprites_find (sprites, &key);

    if (sprite == NULL)
      sprite = overlay_sprites_add (
          sprites, &key, render_part (self, &layout, i, paint));
    if (sprite)
      overlay_canvas_draw_sprite (canvas, sprite, x, place->place.y);
    x += part->width;
  }
}
