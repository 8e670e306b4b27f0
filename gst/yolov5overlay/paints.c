/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* A class keeps its colour: that of its number, or of its name where there is no
 * number. */

#include "paints.h"

static const guint8 black[3] = { 0, 0, 0 };
/* not quite black, which would look like a hole in the picture */
static const guint8 dark[3] = { 16, 16, 16 };

/* half the way to white */
static void
lighten (guint8 rgb[3])
{
  guint c;

  for (c = 0; c < 3; c++)
    rgb[c] += (255 - rgb[c]) / 2;
}

/* a colour, and its lighter form */
static void
convert (OverlayPaint *paint, OverlayPaint *light, const GstVideoInfo *info,
    guint8 rgb[3], guint32 text_argb)
{
  overlay_paint_from_rgb (paint, info, rgb, text_argb);
  lighten (rgb);
  overlay_paint_from_rgb (light, info, rgb, text_argb);
}

/**
 * overlay_paints_convert:
 * @info: size and format of the frames
 * @settings: which colours are wanted
 *
 * Converts all colours. Those that were got before are gone.
 */
void
overlay_paints_convert (OverlayPaints *self, const GstVideoInfo *info,
    const OverlaySettings *settings)
{
  guint n = overlay_classes_get_n_entries (settings->colors), i;
  guint8 rgb[3];

  overlay_paints_clear (self);
  overlay_color_from_rgb (&self->dark, info, dark);
  overlay_paint_from_rgb (&self->figures, info, black, OVERLAY_AUTO_COLOR);
  for (i = 0; i < OVERLAY_PALETTE_SIZE; i++) {
    overlay_palette_get_rgb (i, rgb);
    convert (&self->palette[FALSE][i], &self->palette[TRUE][i], info, rgb,
        settings->labels_color);
  }
  self->classes[FALSE] = g_new (OverlayPaint, n);
  self->classes[TRUE] = g_new (OverlayPaint, n);
  for (i = 0; i < n; i++) {
    overlay_classes_get_rgb (settings->colors, i, rgb);
    convert (&self->classes[FALSE][i], &self->classes[TRUE][i], info, rgb,
        settings->labels_color);
  }
}

void
overlay_paints_clear (OverlayPaints *self)
{
  g_clear_pointer (&self->classes[FALSE], g_free);
  g_clear_pointer (&self->classes[TRUE], g_free);
}

/**
 * overlay_paints_get:
 * @object: an object
 *
 * Returns: (transfer none): its colours, valid until they are converted again
 */
const OverlayPaint *
overlay_paints_get (const OverlayPaints *self, const OverlaySettings *settings,
    const OverlayObject *object)
{
  const GstYolov5Detection *detection = &object->detection;
  gboolean light = object->is_predicted != FALSE;
  gint entry;
  guint64 index = 0;

  if (settings->color_by == OVERLAY_COLOR_BY_ID && object->id != 0) {
    index = object->id - 1;
  } else {
    entry = overlay_classes_find (settings->colors, detection);
    if (entry >= 0)
      return &self->classes[light][entry];
    if (detection->label_id >= 0)
      index = (guint) detection->label_id;
    else if (detection->label != 0)
      index = g_str_hash (g_quark_to_string (detection->label));
  }
  return &self->palette[light][index % OVERLAY_PALETTE_SIZE];
}

/**
 * overlay_paints_get_nth:
 * @index: any number; the palette repeats
 *
 * Returns: (transfer none): colours of the palette, likewise
 */
const OverlayPaint *
overlay_paints_get_nth (const OverlayPaints *self, guint index)
{
  return &self->palette[FALSE][index % OVERLAY_PALETTE_SIZE];
}
