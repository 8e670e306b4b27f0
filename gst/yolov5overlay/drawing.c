/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The same drawing goes into a frame or becomes a composition. The painter
 * knows the pixels, the labels the text. */

#include "drawing.h"

#include <math.h>
#include <string.h>

#include "boxes.h"
#include "captions.h"
#include "shapes.h"
#include "trails.h"

/* Sinks handle each rectangle of a composition by itself: four dark lines under
 * four others, and a label. From here on one picture as large as the frame is
 * cheaper. */
#define MAX_COMPOSED_OBJECTS 36

struct _OverlayDrawing {
  GstVideoInfo info;
  OverlaySettings settings;
  OverlayPaints paints;
  OverlaySprites *sprites;
  /* NULL if there is nothing to write, or no font to write it in */
  OverlayCaptions *captions;
  gboolean lacks_font;
  OverlayPlacement *placement;
  OverlayTrails *trails;
  /* OverlayLabelPlace of the frame's objects */
  GArray *places;

  /* the last composition, and what it was made of */
  OverlayComposition *composer;
  GstVideoOverlayComposition *composition;
  GstVideoOverlayComposition *below;
  GArray *objects;
  guint meter_serial;
  gboolean had_slanted_lines;
};

static void
drop_composition (OverlayDrawing *self)
{
  g_clear_pointer (&self->composition, gst_video_overlay_composition_unref);
  g_clear_pointer (&self->below, gst_video_overlay_composition_unref);
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
  self->objects = g_array_new (FALSE, FALSE, sizeof (OverlayObject));
  self->places = g_array_new (FALSE, TRUE, sizeof (OverlayLabelPlace));
  self->trails = overlay_trails_new ();
  self->placement = overlay_placement_new (
      info->width, info->height, overlay_get_grid (info));
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
  g_array_unref (self->objects);
  g_array_unref (self->places);
  overlay_trails_free (self->trails);
  overlay_placement_free (self->placement);
  overlay_composition_free (self->composer);
  overlay_captions_free (self->captions);
  overlay_sprites_free (self->sprites);
  overlay_paints_clear (&self->paints);
  overlay_settings_clear (&self->settings);
  g_free (self);
}

/**
 * overlay_drawing_forget:
 *
 * Forgets where things were, as the frames to come show something else.
 */
void
overlay_drawing_forget (OverlayDrawing *self)
{
  overlay_placement_forget (self->placement);
  overlay_trails_forget (self->trails);
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
  overlay_paints_convert (&self->paints, &self->info, settings);
  drop_composition (self);
  /* they have the colours of before */
  overlay_sprites_free (self->sprites);
  self->sprites = overlay_sprites_new ();
  /* it keeps a pixel of each colour */
  overlay_composition_free (self->composer);
  self->composer = overlay_composition_new ();

  if (new_font) {
    g_clear_pointer (&self->captions, overlay_captions_free);
    self->lacks_font = FALSE;
  }
  /* without a font, squares would say nothing but that there is none */
  if (self->captions == NULL && !self->lacks_font
      && (settings->draw_labels || settings->draw_stats)) {
    self->captions = overlay_captions_new (&self->info, settings->font_desc);
    self->lacks_font = self->captions == NULL;
  }
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
  return self->captions ? overlay_labels_get_unwritable (
             overlay_captions_get_labels (self->captions))
                        : NULL;
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
get_paint (const OverlayDrawing *self, const OverlayObject *object)
{
  return overlay_paints_get (&self->paints, &self->settings, object);
}

/* predicted ones are thinner as well as lighter */
static gint
get_thickness (const OverlayDrawing *self, const OverlayObject *object,
    const GstVideoRectangle *box)
{
  gint thickness = overlay_box_get_thickness (
      &self->info, box, (gint) self->settings.thickness);

  if (!object->is_predicted)
    return thickness;
  return GST_ROUND_UP_N (
      MAX (thickness / 2, 1), overlay_get_grid (&self->info));
}

static void
draw_trail (OverlayDrawing *self, const OverlayCanvas *canvas,
    const OverlayObject *object, const GstVideoRectangle *box)
{
  gint thickness = overlay_box_get_thickness (&self->info, box, 0);

  if (self->settings.trails == 0 || object->id == 0)
    return;
  overlay_trails_draw (self->trails, canvas, object->id, thickness,
      &get_paint (self, object)->fill, &self->paints.dark);
}

/* Boxes, or what is there in their place. Detectors attach the best first: drawn
 * last, it lies on top. */
static void
draw_boxes (OverlayDrawing *self, const OverlayCanvas *canvas,
    const OverlayObject *objects, guint n_objects)
{
  guint i;

  for (i = n_objects; i-- > 0;) {
    OverlayLabelPlace *place =
        &g_array_index (self->places, OverlayLabelPlace, i);
    const OverlayPaint *paint = get_paint (self, &objects[i]);
    gint thickness;

    if (!overlay_drawing_get_box (
            &self->info, &objects[i].detection, &place->object))
      continue;
    place->anchor = place->object;
    thickness = get_thickness (self, &objects[i], &place->object);
    draw_trail (self, canvas, &objects[i], &place->object);
    if (self->settings.style != OVERLAY_STYLE_DOT)
      overlay_box_draw (canvas, &place->object, self->settings.style, thickness,
          paint, &self->paints);
    else if (overlay_box_get_dot (
                 &self->info, &place->object, thickness, &place->anchor))
      overlay_box_draw_dot (
          canvas, self->sprites, &place->anchor, paint, &self->paints);
  }
}

/* No line runs through a label because all labels come after all boxes, and no
 * tag lies over a label. */
static void
draw_labels (OverlayDrawing *self, const OverlayCanvas *canvas,
    const OverlayObject *objects, guint n_objects)
{
  OverlayLabelPlace *places = (OverlayLabelPlace *) self->places->data;
  gboolean with_confidence = self->settings.draw_confidence;
  guint i, round;

  for (i = 0; i < n_objects; i++) {
    places[i].id = objects[i].id;
    places[i].kind = objects[i].detection.label;
    overlay_captions_measure (self->captions, &objects[i], with_confidence,
        n_objects == 1, &places[i]);
  }
  overlay_placement_run (self->placement, places, n_objects);
  for (round = 0; round < 2; round++)
    for (i = n_objects; i-- > 0;)
      if ((places[i].form == OVERLAY_FORM_TAG) == (round == 0)
          && places[i].sizes[places[i].form].width > 0)
        overlay_captions_draw (self->captions, canvas, self->sprites,
            &objects[i], with_confidence, get_paint (self, &objects[i]),
            &places[i]);
}

static void
draw_all (OverlayDrawing *self, const OverlayCanvas *canvas,
    const OverlayScene *scene)
{
  const OverlayObject *objects = (const OverlayObject *) scene->objects->data;
  guint n = scene->objects->len;
  OverlayLabels *labels;

  g_array_set_size (self->places, 0);
  g_array_set_size (self->places, n);
  overlay_shapes_draw (canvas, scene->zones, &self->paints);
  draw_boxes (self, canvas, objects, n);
  if (self->captions == NULL)
    return;

  labels = overlay_captions_get_labels (self->captions);
  if (self->settings.draw_stats)
    overlay_figures_draw (
        labels, canvas, scene->meter, &self->paints.figures, self->placement);
  if (self->settings.draw_labels) {
    overlay_shapes_write (
        labels, canvas, scene->zones, &self->paints, self->placement);
    draw_labels (self, canvas, objects, n);
  }
}

static void
follow_objects (OverlayDrawing *self, const OverlayScene *scene)
{
  guint i;

  if (self->settings.trails == 0)
    return;
  overlay_trails_begin_frame (self->trails, scene->now, self->settings.trails);
  for (i = 0; i < scene->objects->len; i++) {
    const OverlayObject *object =
        &g_array_index (scene->objects, OverlayObject, i);

    if (object->id != 0)
      overlay_trails_add (self->trails, object);
  }
}

/**
 * overlay_drawing_draw:
 * @frame: mapped for reading and writing
 * @scene: what to draw
 *
 * Draws into a frame.
 */
void
overlay_drawing_draw (
    OverlayDrawing *self, GstVideoFrame *frame, const OverlayScene *scene)
{
  OverlayCanvas canvas = { .info = &self->info, .frame = frame };

  follow_objects (self, scene);
  draw_all (self, &canvas, scene);
}

static void
compose_as_one (OverlayDrawing *self, const OverlayScene *scene)
{
  GstVideoFrame picture;
  OverlayCanvas canvas = {
    .info = &self->info, .frame = &picture, .is_transparent = TRUE
  };

  if (!overlay_composition_map_picture (
          self->info.width, self->info.height, &picture))
    return;
  memset (GST_VIDEO_FRAME_PLANE_DATA (&picture, 0), 0,
      GST_VIDEO_FRAME_SIZE (&picture));
  draw_all (self, &canvas, scene);
  overlay_composition_add_picture (self->composer, 0, 0, &picture);
}

/* slanted lines are many rectangles, and seldom the same on the next frame */
static gboolean
has_slanted_lines (const OverlayDrawing *self, const OverlayScene *scene)
{
  return self->settings.trails > 0 || scene->zones->shapes->len > 0;
}

static gboolean
is_composed (const OverlayDrawing *self, GstVideoOverlayComposition *below,
    const OverlayScene *scene)
{
  const GArray *objects = scene->objects;

  return self->composition != NULL && self->below == below
         && !has_slanted_lines (self, scene) && !self->had_slanted_lines
         && (!self->settings.draw_stats
             || self->meter_serial == scene->meter->serial)
         && self->objects->len == objects->len
         && (objects->len == 0
             || memcmp (self->objects->data, objects->data,
                    objects->len * sizeof (OverlayObject))
                    == 0);
}

/**
 * overlay_drawing_compose:
 * @below: (nullable): what others have attached and stays below
 * @scene: what to draw
 *
 * Makes a composition, or finds that the last one still holds, so that sinks
 * need not upload it again.
 *
 * Returns: (transfer none) (nullable): a composition, valid until the next
 *   call; %NULL if there is nothing in it
 */
GstVideoOverlayComposition *
overlay_drawing_compose (OverlayDrawing *self,
    GstVideoOverlayComposition *below, const OverlayScene *scene)
{
  OverlayCanvas canvas = { .info = &self->info, .composer = self->composer };
  const GArray *objects = scene->objects;

  follow_objects (self, scene);
  if (is_composed (self, below, scene))
    return self->composition;

  drop_composition (self);
  self->had_slanted_lines = has_slanted_lines (self, scene);
  overlay_composition_begin (self->composer, below);
  if (objects->len > MAX_COMPOSED_OBJECTS || self->had_slanted_lines)
    compose_as_one (self, scene);
  else
    draw_all (self, &canvas, scene);
  self->composition = overlay_composition_end (self->composer);

  if (below)
    self->below = gst_video_overlay_composition_ref (below);
  self->meter_serial = scene->meter->serial;
  g_array_set_size (self->objects, 0);
  g_array_append_vals (self->objects, objects->data, objects->len);
  return self->composition;
}
