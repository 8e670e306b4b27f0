/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The class name and the confidence are rendered apart: a scene of N classes
 * then needs N + 101 texts at most, and a name too long for the frame is
 * shortened without losing its confidence. */

#include "labels.h"

#include <gst/gst.h>
#include <pango/pangocairo.h>

GST_DEBUG_CATEGORY_STATIC (CAT_PERFORMANCE);

/* bounds of the name cache; labels that change all the time, such as ones with
 * a number in them, would grow it without end */
#define MAX_NAMES 512
#define MAX_NAME_BYTES (16 * 1024 * 1024)
/* longer names are cut before Pango sees them: no frame shows that many
 * letters, and laying out a megabyte takes its time */
#define MAX_NAME_CHARACTERS 256
/* 0% to 100% */
#define N_CONFIDENCES 101
/* such as those of lines and zones, of which there are few */
#define MAX_TEXTS 64

#define DEFAULT_FONT "Sans Bold"
/* the letters' size as a part of the frame's shorter side: 24 pixels in
 * 1920x1080. Below the minimum letters run into each other. */
#define AUTO_FONT_PART 45
#define AUTO_FONT_MIN 9
/* small letters are a third smaller, but not less than this */
#define SMALL_FONT_MIN 8

typedef struct {
  GQuark text;
  OverlayMask mask;
} CachedName;

struct _OverlayLabels {
  PangoLayout *layout;
  gint font_size;
  gint ascent;
  gint descent;
  gint max_name_width;
  gboolean has_font;
  /* the first text that no font has all letters of */
  gchar *unwritable;

  /* links of names by quark; the head is the name used last */
  GHashTable *links;
  GQueue names;
  gsize name_bytes;

  OverlayMask confidences[N_CONFIDENCES];
  OverlayMask figures[10];
  /* OverlayMasks by their texts */
  GHashTable *texts;

  struct {
    gchar *text;
    OverlayMask mask;
  } lines[OVERLAY_N_LINES];
};

static gsize
get_mask_bytes (const OverlayMask *mask)
{
  return (gsize) mask->stride * mask->height;
}

/* where fonts lack a letter, Pango draws a square */
static void
note_missing_letters (OverlayLabels *self)
{
  if (!self->unwritable
      && pango_layout_get_unknown_glyphs_count (self->layout) > 0)
    self->unwritable = g_strdup (pango_layout_get_text (self->layout));
}

/* the current text of the layout; an empty text gives an empty mask */
static void
render_layout (OverlayLabels *self, gint max_width, OverlayMask *mask)
{
  PangoLayout *layout = self->layout;
  PangoRectangle ink, logical;
  cairo_surface_t *surface;
  cairo_t *cairo;
  gint left, right;

  note_missing_letters (self);
  pango_layout_get_pixel_extents (layout, &ink, &logical);
  /* slanted letters lean out of their logical extents */
  left = MIN (ink.x, logical.x);
  right = MAX (ink.x + ink.width, logical.x + logical.width);

  mask->width = CLAMP (right - left, 0, max_width);
  mask->height = MAX (logical.height, 0);
  mask->stride = cairo_format_stride_for_width (CAIRO_FORMAT_A8, mask->width);
  mask->baseline = PANGO_PIXELS (pango_layout_get_baseline (layout));
  mask->alpha = g_malloc0 (MAX (get_mask_bytes (mask), 1));
  if (mask->width == 0 || mask->height == 0)
    return;

  surface = cairo_image_surface_create_for_data (
      mask->alpha, CAIRO_FORMAT_A8, mask->width, mask->height, mask->stride);
  cairo = cairo_create (surface);
  cairo_set_source_rgba (cairo, 1.0, 1.0, 1.0, 1.0);
  cairo_move_to (cairo, -left, -logical.y);
  pango_cairo_show_layout (cairo, layout);
  cairo_destroy (cairo);
  cairo_surface_finish (surface);
  cairo_surface_destroy (surface);
}

/* the description's letters in pixels, or 0 if it names no size */
static gdouble
get_described_size (const PangoFontDescription *description)
{
  gdouble size =
      (gdouble) pango_font_description_get_size (description) / PANGO_SCALE;

  /* points, at the 96 per inch that Pango assumes for an image */
  if (!pango_font_description_get_size_is_absolute (description))
    size *= 96.0 / 72.0;
  return size;
}

/* whatever the text says, the result is a font that Pango can load at a size
 * that fits into the frame */
static PangoFontDescription *
describe_font (const gchar *text, gint frame_width, gint frame_height,
    gboolean small, gint *size)
{
  gboolean given = text != NULL && text[0] != '\0';
  g_autofree gchar *valid = g_utf8_make_valid (given ? text : DEFAULT_FONT, -1);
  PangoFontDescription *description =
      pango_font_description_from_string (valid);
  gdouble described = get_described_size (description);
  gint side = MIN (frame_width, frame_height);

  if (described > 0.0)
    *size = (gint) CLAMP (described + 0.5, 1.0, MAX (side / 2, AUTO_FONT_MIN));
  else
    *size = MAX (side / AUTO_FONT_PART, AUTO_FONT_MIN);
  if (small)
    *size = MAX (*size - *size / 3, MIN (*size, SMALL_FONT_MIN));
  pango_font_description_set_absolute_size (
      description, (gdouble) *size * PANGO_SCALE);
  return description;
}

static void
text_mask_free (OverlayMask *mask)
{
  g_free (mask->alpha);
  g_free (mask);
}

/* with a font map of its own, because the default one belongs to the thread */
static PangoContext *
new_context (void)
{
  PangoFontMap *font_map = pango_cairo_font_map_new ();
  PangoContext *context = pango_font_map_create_context (font_map);
  cairo_font_options_t *options = cairo_font_options_create ();

  cairo_font_options_set_antialias (options, CAIRO_ANTIALIAS_GRAY);
  pango_cairo_context_set_font_options (context, options);
  cairo_font_options_destroy (options);
  g_object_unref (font_map);
  return context;
}

/**
 * overlay_labels_new:
 * @font_description: (nullable): a Pango font description, %NULL for a bold
 *   sans-serif font; without a size in it the letters suit the frame
 * @frame_width: columns in pixels
 * @frame_height: rows in pixels
 * @usual: (nullable): the same labels in their usual size, where these are to
 *   have letters of two thirds of it, for where there is little room
 *
 * An object and what it returns belong to one thread at a time.
 *
 * Returns: (transfer full): an empty set of labels
 */
OverlayLabels *
overlay_labels_new (const gchar *font_description, gint frame_width,
    gint frame_height, const OverlayLabels *usual)
{
  static gsize initialized = 0;
  OverlayLabels *self = g_new0 (OverlayLabels, 1);
  /* fonts that are open need not be opened again */
  PangoContext *context =
      usual ? g_object_ref (pango_layout_get_context (usual->layout))
            : new_context ();
  PangoFontDescription *description = describe_font (font_description,
      frame_width, frame_height, usual != NULL, &self->font_size);
  PangoFontMetrics *metrics;
  gint confidence_width;

  if (g_once_init_enter (&initialized)) {
    GST_DEBUG_CATEGORY_GET (CAT_PERFORMANCE, "GST_PERFORMANCE");
    g_once_init_leave (&initialized, 1);
  }

  self->layout = pango_layout_new (context);
  pango_layout_set_font_description (self->layout, description);
  pango_layout_set_single_paragraph_mode (self->layout, TRUE);
  pango_layout_set_ellipsize (self->layout, PANGO_ELLIPSIZE_END);

  metrics = pango_context_get_metrics (context, description, NULL);
  self->ascent = PANGO_PIXELS_CEIL (pango_font_metrics_get_ascent (metrics));
  self->descent = PANGO_PIXELS_CEIL (pango_font_metrics_get_descent (metrics));
  pango_font_metrics_unref (metrics);

  pango_layout_set_text (self->layout, "100%", -1);
  pango_layout_get_pixel_size (self->layout, &confidence_width, NULL);
  note_missing_letters (self);
  self->has_font = self->unwritable == NULL;
  self->max_name_width = MAX (
      frame_width - confidence_width - 2 * self->font_size, self->font_size);

  self->links = g_hash_table_new (NULL, NULL);
  self->texts = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, (GDestroyNotify) text_mask_free);
  g_queue_init (&self->names);

  pango_font_description_free (description);
  g_object_unref (context);
  return self;
}

static void
cached_name_free (CachedName *name)
{
  g_free (name->mask.alpha);
  g_free (name);
}

/**
 * overlay_labels_free:
 * @self: (nullable) (transfer full): labels
 */
void
overlay_labels_free (OverlayLabels *self)
{
  guint i;

  if (self == NULL)
    return;
  g_hash_table_unref (self->links);
  g_queue_clear_full (&self->names, (GDestroyNotify) cached_name_free);
  g_hash_table_unref (self->texts);
  for (i = 0; i < N_CONFIDENCES; i++)
    g_free (self->confidences[i].alpha);
  for (i = 0; i < G_N_ELEMENTS (self->figures); i++)
    g_free (self->figures[i].alpha);
  for (i = 0; i < OVERLAY_N_LINES; i++) {
    g_free (self->lines[i].text);
    g_free (self->lines[i].mask.alpha);
  }
  g_object_unref (self->layout);
  g_free (self->unwritable);
  g_free (self);
}

/**
 * overlay_labels_has_font:
 * @self: labels
 *
 * Returns: whether there is any font, with figures at least
 */
gboolean
overlay_labels_has_font (const OverlayLabels *self)
{
  return self->has_font;
}

/**
 * overlay_labels_get_unwritable:
 * @self: labels
 *
 * Returns: (transfer none) (nullable): the first text so far that has letters
 *   which no font has, %NULL if all could be written
 */
const gchar *
overlay_labels_get_unwritable (const OverlayLabels *self)
{
  return self->unwritable;
}

/**
 * overlay_labels_get_font_size:
 * @self: labels
 *
 * Returns: the letters' size in pixels
 */
gint
overlay_labels_get_font_size (const OverlayLabels *self)
{
  return self->font_size;
}

/**
 * overlay_labels_get_ascent:
 * @self: labels
 *
 * Returns: how far the font's letters reach above the baseline, in pixels
 */
gint
overlay_labels_get_ascent (const OverlayLabels *self)
{
  return self->ascent;
}

/**
 * overlay_labels_get_descent:
 * @self: labels
 *
 * Returns: how far the font's letters reach below the baseline, in pixels
 */
gint
overlay_labels_get_descent (const OverlayLabels *self)
{
  return self->descent;
}

static void
drop_name_used_longest_ago (OverlayLabels *self)
{
  CachedName *name = g_queue_pop_tail (&self->names);

  GST_CAT_LOG (CAT_PERFORMANCE,
      "dropping the rendered label \"%s\", more labels are in use than the "
      "cache holds",
      g_quark_to_string (name->text));
  g_hash_table_remove (self->links, GUINT_TO_POINTER (name->text));
  self->name_bytes -= get_mask_bytes (&name->mask);
  cached_name_free (name);
}

static CachedName *
render_name (OverlayLabels *self, GQuark text)
{
  CachedName *name = g_new0 (CachedName, 1);
  /* buffers carry whatever the attaching element put in, valid or not */
  g_autofree gchar *valid = g_utf8_make_valid (g_quark_to_string (text), -1);
  gchar *end = valid;
  gint i;

  for (i = 0; i < MAX_NAME_CHARACTERS && *end != '\0'; i++)
    end = g_utf8_next_char (end);

  name->text = text;
  /* first without a width: right-to-left text would start at its far end */
  pango_layout_set_width (self->layout, -1);
  pango_layout_set_text (self->layout, valid, end - valid);
  pango_layout_get_pixel_size (self->layout, &i, NULL);
  if (i > self->max_name_width)
    pango_layout_set_width (self->layout, self->max_name_width * PANGO_SCALE);
  render_layout (self, self->max_name_width, &name->mask);
  return name;
}

/**
 * overlay_labels_get_name:
 * @self: labels
 * @name: the class as a quark
 *
 * Returns: (transfer none) (nullable): the rendered name, valid until the
 *   next call; %NULL if there is nothing to see in it
 */
const OverlayMask *
overlay_labels_get_name (OverlayLabels *self, GQuark name)
{
  GList *link;
  CachedName *cached;

  if (name == 0)
    return NULL;

  link = g_hash_table_lookup (self->links, GUINT_TO_POINTER (name));
  if (link != NULL) {
    g_queue_unlink (&self->names, link);
    g_queue_push_head_link (&self->names, link);
    cached = link->data;
  } else {
    cached = render_name (self, name);
    g_queue_push_head (&self->names, cached);
    g_hash_table_insert (self->links, GUINT_TO_POINTER (name),
        g_queue_peek_head_link (&self->names));
    self->name_bytes += get_mask_bytes (&cached->mask);
    while (self->names.length > 1
           && (self->names.length > MAX_NAMES
               || self->name_bytes > MAX_NAME_BYTES))
      drop_name_used_longest_ago (self);
  }
  return cached->mask.width > 0 ? &cached->mask : NULL;
}

/**
 * overlay_labels_get_percent:
 * @confidence: not negative
 *
 * Returns: 0 to 100
 */
guint
overlay_labels_get_percent (gdouble confidence)
{
  return (guint) (MIN (confidence, 1.0) * 100.0 + 0.5);
}

/**
 * overlay_labels_get_confidence:
 * @self: labels
 * @confidence: 0..1, or a negative number if there is none
 *
 * Returns: (transfer none) (nullable): the rendered percentage, valid as long
 *   as @self; %NULL if there is none
 */
const OverlayMask *
overlay_labels_get_confidence (OverlayLabels *self, gdouble confidence)
{
  OverlayMask *mask;
  guint percent;

  /* false for NaN, too */
  if (!(confidence >= 0.0))
    return NULL;

  percent = overlay_labels_get_percent (confidence);
  mask = &self->confidences[percent];
  if (mask->alpha == NULL) {
    gchar text[8];

    g_snprintf (text, sizeof (text), "%u%%", percent);
    pango_layout_set_width (self->layout, -1);
    pango_layout_set_text (self->layout, text, -1);
    render_layout (self, G_MAXINT, mask);
  }
  return mask->width > 0 ? mask : NULL;
}

/**
 * overlay_labels_get_figure:
 * @self: labels
 * @figure: 0 to 9
 *
 * Returns: (transfer none): the rendered figure, valid as long as @self
 */
const OverlayMask *
overlay_labels_get_figure (OverlayLabels *self, guint figure)
{
  OverlayMask *mask = &self->figures[figure];

  if (mask->alpha == NULL) {
    gchar text[2] = { (gchar) ('0' + figure), '\0' };

    pango_layout_set_width (self->layout, -1);
    pango_layout_set_text (self->layout, text, -1);
    render_layout (self, G_MAXINT, mask);
  }
  return mask;
}

/**
 * overlay_labels_get_text:
 * @self: labels
 * @text: what it says, for example the numbers of a line, which change seldom
 *
 * Returns: (transfer none) (nullable): the rendered text, valid until the next
 *   call; %NULL if there is nothing to see in it
 */
const OverlayMask *
overlay_labels_get_text (OverlayLabels *self, const gchar *text)
{
  OverlayMask *mask = g_hash_table_lookup (self->texts, text);

  if (mask == NULL) {
    g_autofree gchar *valid = g_utf8_make_valid (text, -1);
    gchar *end = valid;
    guint i;

    if (g_hash_table_size (self->texts) >= MAX_TEXTS)
      g_hash_table_remove_all (self->texts);
    for (i = 0; i < MAX_NAME_CHARACTERS && *end != '\0'; i++)
      end = g_utf8_next_char (end);
    mask = g_new0 (OverlayMask, 1);
    pango_layout_set_width (self->layout, -1);
    pango_layout_set_text (self->layout, valid, end - valid);
    render_layout (self, self->max_name_width, mask);
    g_hash_table_insert (self->texts, g_strdup (text), mask);
  }
  return mask->width > 0 ? mask : NULL;
}

/**
 * overlay_labels_get_line:
 * @self: labels
 * @line: which line
 * @text: what it says
 *
 * Returns: (transfer none) (nullable): the rendered line, valid until @line
 *   gets another text; %NULL if there is nothing to see in it
 */
const OverlayMask *
overlay_labels_get_line (
    OverlayLabels *self, OverlayLine line, const gchar *text)
{
  OverlayMask *mask = &self->lines[line].mask;

  if (g_strcmp0 (self->lines[line].text, text) != 0) {
    g_free (self->lines[line].text);
    self->lines[line].text = g_strdup (text);
    g_free (mask->alpha);
    pango_layout_set_width (self->layout, -1);
    pango_layout_set_text (self->layout, text, -1);
    render_layout (self, G_MAXINT, mask);
  }
  return mask->width > 0 ? mask : NULL;
}
