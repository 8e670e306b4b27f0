/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Defaults, documentation, setting and getting of the overlay's properties. */

#include "settings.h"

#include <gst/gst.h>
#include <string.h>

#include "color.h"

enum {
  PROP_0,
  PROP_DRAW_LABELS,
  PROP_DRAW_CONFIDENCE,
  PROP_THICKNESS,
  PROP_FONT_DESC,
  PROP_LABELS_COLOR,
  PROP_CLASS_COLORS,
  PROP_CLASSES,
  PROP_BLUR,
  PROP_EXPIRE_OVERLAY,
  PROP_DRAW_STATS,
  PROP_ATTACH_COMPOSITION
};

G_STATIC_ASSERT (PROP_ATTACH_COMPOSITION == OVERLAY_LAST_SETTING);

#define DEFAULT_DRAW_LABELS TRUE
#define DEFAULT_DRAW_CONFIDENCE TRUE
#define DEFAULT_THICKNESS 0
#define DEFAULT_LABELS_COLOR OVERLAY_AUTO_COLOR
/* the mark that tells a frame without objects from one that nobody looked at
 * came with GStreamer 1.20 */
#if GST_CHECK_VERSION(1, 20, 0)
#define DEFAULT_EXPIRE_OVERLAY GST_SECOND
#else
#define DEFAULT_EXPIRE_OVERLAY 0
#endif
#define DEFAULT_DRAW_STATS FALSE
#define DEFAULT_ATTACH_COMPOSITION OVERLAY_ATTACH_AUTO
#define MAX_THICKNESS 100

#define PLAYING_FLAGS                                                          \
  (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING)

GType
overlay_attach_get_type (void)
{
  static const GEnumValue values[] = {
    { OVERLAY_ATTACH_AUTO, "Attach where the next elements draw compositions",
        "auto" },
    { OVERLAY_ATTACH_NEVER, "Draw into the video", "never" },
    { OVERLAY_ATTACH_ALWAYS, "Attach, whatever the next elements do",
        "always" },
    { 0, NULL, NULL },
  };
  static gsize type = 0;

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("GstYolov5OverlayAttach", values));

  return type;
}

/* how boxes and labels look */
static void
install_look_properties (GObjectClass *object_class)
{
  /**
   * GstYolov5Overlay:draw-labels:
   *
   * Write the name of its class beside each box.
   */
  g_object_class_install_property (object_class, PROP_DRAW_LABELS,
      g_param_spec_boolean ("draw-labels", "Draw labels",
          "Write what was found beside each box", DEFAULT_DRAW_LABELS,
          PLAYING_FLAGS));

  /**
   * GstYolov5Overlay:draw-confidence:
   *
   * Write the confidence behind the name, where the detecting element gave
   * one. Has no effect without #GstYolov5Overlay:draw-labels.
   */
  g_object_class_install_property (object_class, PROP_DRAW_CONFIDENCE,
      g_param_spec_boolean ("draw-confidence", "Draw confidence",
          "Write into each label how sure the detector is, in percent",
          DEFAULT_DRAW_CONFIDENCE, PLAYING_FLAGS));

  /**
   * GstYolov5Overlay:thickness:
   *
   * Width of the boxes' lines. They grow inwards from the box's edges. In
   * formats with subsampled chroma an odd width becomes the next even one.
   */
  g_object_class_install_property (object_class, PROP_THICKNESS,
      g_param_spec_uint ("thickness", "Thickness",
          "Width of the boxes' lines in pixels (0 = suits the frame's size)", 0,
          MAX_THICKNESS, DEFAULT_THICKNESS, PLAYING_FLAGS));

  /**
   * GstYolov5Overlay:font-desc:
   *
   * Font of the labels, as pango_font_description_from_string() reads it. A
   * description without a size gets the one that suits the frame.
   */
  g_object_class_install_property (object_class, PROP_FONT_DESC,
      g_param_spec_string ("font-desc", "Font description",
          "Pango font description of the labels, for example \"Sans Bold 20\" "
          "(NULL = bold, in a size that suits the frame)",
          NULL, PLAYING_FLAGS));

  /**
   * GstYolov5Overlay:labels-color:
   *
   * Colour of the labels' text as 0xAARRGGBB, for example 0xffffff00 for
   * yellow. 0 is black or white, whichever is easier to read on the colour of
   * the class. Any other colour with an alpha of 0 is taken for opaque.
   */
  g_object_class_install_property (object_class, PROP_LABELS_COLOR,
      g_param_spec_uint ("labels-color", "Labels color",
          "Color (ARGB) of the labels' text (0 = black or white, whichever is "
          "easier to read)",
          0, G_MAXUINT, DEFAULT_LABELS_COLOR, PLAYING_FLAGS));

  /**
   * GstYolov5Overlay:class-colors:
   *
   * Colours of classes, for example `person=#ff0000,car=blue,2=0x00ff00`. A
   * class is named as in its label, or by its number; `*` is all others. A
   * colour is a name that pango_color_parse() knows, `#rgb`, `#rrggbb` or
   * `0xrrggbb`. Other classes have the colours of the palette. A text that
   * cannot be read is refused with a warning and changes nothing.
   */
  g_object_class_install_property (object_class, PROP_CLASS_COLORS,
      g_param_spec_string ("class-colors", "Class colors",
          "Colors of classes by name or number, for example "
          "\"person=#ff0000,car=blue,2=0x00ff00\" (NULL = a color for each)",
          NULL, PLAYING_FLAGS));
}

/* what is drawn, and where to */
static void
install_content_properties (GObjectClass *object_class)
{
  /**
   * GstYolov5Overlay:classes:
   *
   * The classes to show, by name or number, for example `person;car;2`. Others
   * stay in the metadata. A text that cannot be read is refused with a warning
   * and changes nothing.
   */
  g_object_class_install_property (object_class, PROP_CLASSES,
      g_param_spec_string ("classes", "Classes",
          "Classes to show by name or number, for example \"person,car,2\" "
          "(NULL = all)",
          NULL, PLAYING_FLAGS));

  /**
   * GstYolov5Overlay:blur:
   *
   * The classes to hide behind a mosaic, as in #GstYolov5Overlay:classes; `*`
   * or `all` is every class. The mosaic goes into the video itself, also where
   * boxes are attached, and also for classes that are not shown. It hides what
   * was found and nothing else: what the detector misses can be seen, and what
   * moves fast shows its edge on frames without inference. Elements that scale
   * the video drop the numbers of the classes, so place yolov5overlay before
   * them or give names.
   */
  g_object_class_install_property (object_class, PROP_BLUR,
      g_param_spec_string ("blur", "Blur",
          "Classes to pixelate for privacy by name or number, \"*\" = all "
          "(NULL = none)",
          NULL, PLAYING_FLAGS));

  /**
   * GstYolov5Overlay:expire-overlay:
   *
   * How long boxes stay on frames that no detector looked at, in nanoseconds of
   * running time. 0 keeps none, %GST_CLOCK_TIME_NONE (18446744073709551615)
   * keeps them until the next inference. The default is a second, or 0 before
   * GStreamer 1.20.
   */
  g_object_class_install_property (object_class, PROP_EXPIRE_OVERLAY,
      g_param_spec_uint64 ("expire-overlay", "Expire overlay",
          "How long to keep the last boxes on frames without inference, in "
          "nanoseconds (0 = not at all, 18446744073709551615 = for ever)",
          0, G_MAXUINT64, DEFAULT_EXPIRE_OVERLAY, PLAYING_FLAGS));

  /**
   * GstYolov5Overlay:draw-stats:
   *
   * Write into the top left corner how many frames pass per second, and how
   * long their inferences take, where the detector is yolov5dpu. The numbers
   * change twice a second.
   */
  g_object_class_install_property (object_class, PROP_DRAW_STATS,
      g_param_spec_boolean ("draw-stats", "Draw statistics",
          "Write frames per second and inference time into a corner",
          DEFAULT_DRAW_STATS, PLAYING_FLAGS));

  /**
   * GstYolov5Overlay:attach-composition:
   *
   * Whether boxes and labels are attached to the video as a
   * #GstVideoOverlayComposition instead of being drawn into it. Sinks such as
   * glimagesink draw them while they show the video: no pixel of it is touched
   * here, and a frame that others hold needs no copy. `auto` attaches where the
   * elements downstream name the caps feature of compositions and say in the
   * ALLOCATION query that they draw them. `always` is for applications that
   * read compositions themselves: other elements drop them, or carry them on
   * without showing anything.
   */
  g_object_class_install_property (object_class, PROP_ATTACH_COMPOSITION,
      g_param_spec_enum ("attach-composition", "Attach composition",
          "Whether to attach boxes and labels for a sink to draw, instead of "
          "drawing into the video",
          OVERLAY_TYPE_ATTACH, DEFAULT_ATTACH_COMPOSITION, PLAYING_FLAGS));
}

/**
 * overlay_settings_install:
 * @object_class: class of the overlay element
 *
 * Installs the properties with the ids from 1 to %OVERLAY_LAST_SETTING.
 */
void
overlay_settings_install (GObjectClass *object_class)
{
  install_look_properties (object_class);
  install_content_properties (object_class);
}

/**
 * overlay_settings_init:
 *
 * Sets the defaults.
 */
void
overlay_settings_init (OverlaySettings *self)
{
  memset (self, 0, sizeof (*self));
  self->draw_labels = DEFAULT_DRAW_LABELS;
  self->draw_confidence = DEFAULT_DRAW_CONFIDENCE;
  self->draw_stats = DEFAULT_DRAW_STATS;
  self->thickness = DEFAULT_THICKNESS;
  self->labels_color = DEFAULT_LABELS_COLOR;
  self->expiry = DEFAULT_EXPIRE_OVERLAY;
  self->attach = DEFAULT_ATTACH_COMPOSITION;
}

static OverlayClasses *
share_classes (OverlayClasses *classes)
{
  return classes != NULL ? overlay_classes_ref (classes) : NULL;
}

/**
 * overlay_settings_copy:
 * @self: (out): what was in it is not freed
 */
void
overlay_settings_copy (OverlaySettings *self, const OverlaySettings *source)
{
  *self = *source;
  self->font_desc = g_strdup (source->font_desc);
  self->colors_text = g_strdup (source->colors_text);
  self->colors = share_classes (source->colors);
  self->shown_text = g_strdup (source->shown_text);
  self->shown = share_classes (source->shown);
  self->blurred_text = g_strdup (source->blurred_text);
  self->blurred = share_classes (source->blurred);
}

void
overlay_settings_clear (OverlaySettings *self)
{
  g_clear_pointer (&self->font_desc, g_free);
  g_clear_pointer (&self->colors_text, g_free);
  g_clear_pointer (&self->colors, overlay_classes_unref);
  g_clear_pointer (&self->shown_text, g_free);
  g_clear_pointer (&self->shown, overlay_classes_unref);
  g_clear_pointer (&self->blurred_text, g_free);
  g_clear_pointer (&self->blurred, overlay_classes_unref);
}

/* classes and their text change together or not at all */
static gboolean
set_classes (const GValue *value, gboolean with_colors, gchar **text,
    OverlayClasses **classes, GError **error)
{
  const gchar *new_text = g_value_get_string (value);
  OverlayClasses *new_classes;

  if (!(with_colors ? overlay_classes_parse_colors : overlay_classes_parse) (
          new_text, &new_classes, error))
    return FALSE;

  g_free (*text);
  *text = g_strdup (new_text);
  g_clear_pointer (classes, overlay_classes_unref);
  *classes = new_classes;
  return TRUE;
}

/**
 * overlay_settings_set:
 * @prop_id: from 1 to %OVERLAY_LAST_SETTING
 * @error: (optional): a sentence that names the part of @value which is wrong
 *
 * Returns: %FALSE on errors; the settings are as before then
 */
gboolean
overlay_settings_set (
    OverlaySettings *self, guint prop_id, const GValue *value, GError **error)
{
  switch (prop_id) {
    case PROP_DRAW_LABELS:
      self->draw_labels = g_value_get_boolean (value);
      break;
    case PROP_DRAW_CONFIDENCE:
      self->draw_confidence = g_value_get_boolean (value);
      break;
    case PROP_THICKNESS:
      self->thickness = g_value_get_uint (value);
      break;
    case PROP_FONT_DESC:
      g_free (self->font_desc);
      self->font_desc = g_value_dup_string (value);
      break;
    case PROP_LABELS_COLOR:
      self->labels_color = g_value_get_uint (value);
      break;
    case PROP_CLASS_COLORS:
      return set_classes (
          value, TRUE, &self->colors_text, &self->colors, error);
    case PROP_CLASSES:
      return set_classes (value, FALSE, &self->shown_text, &self->shown, error);
    case PROP_BLUR:
      return set_classes (
          value, FALSE, &self->blurred_text, &self->blurred, error);
    case PROP_EXPIRE_OVERLAY:
      self->expiry = g_value_get_uint64 (value);
      break;
    case PROP_DRAW_STATS:
      self->draw_stats = g_value_get_boolean (value);
      break;
    case PROP_ATTACH_COMPOSITION:
      self->attach = g_value_get_enum (value);
      break;
    default:
      g_assert_not_reached ();
  }
  return TRUE;
}

/**
 * overlay_settings_get:
 * @prop_id: from 1 to %OVERLAY_LAST_SETTING
 */
void
overlay_settings_get (const OverlaySettings *self, guint prop_id, GValue *value)
{
  switch (prop_id) {
    case PROP_DRAW_LABELS:
      g_value_set_boolean (value, self->draw_labels);
      break;
    case PROP_DRAW_CONFIDENCE:
      g_value_set_boolean (value, self->draw_confidence);
      break;
    case PROP_THICKNESS:
      g_value_set_uint (value, self->thickness);
      break;
    case PROP_FONT_DESC:
      g_value_set_string (value, self->font_desc);
      break;
    case PROP_LABELS_COLOR:
      g_value_set_uint (value, self->labels_color);
      break;
    case PROP_CLASS_COLORS:
      g_value_set_string (value, self->colors_text);
      break;
    case PROP_CLASSES:
      g_value_set_string (value, self->shown_text);
      break;
    case PROP_BLUR:
      g_value_set_string (value, self->blurred_text);
      break;
    case PROP_EXPIRE_OVERLAY:
      g_value_set_uint64 (value, self->expiry);
      break;
    case PROP_DRAW_STATS:
      g_value_set_boolean (value, self->draw_stats);
      break;
    case PROP_ATTACH_COMPOSITION:
      g_value_set_enum (value, self->attach);
      break;
    default:
      g_assert_not_reached ();
  }
}
