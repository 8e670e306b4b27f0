/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Defaults, documentation, setting and getting of the overlay's properties. */

#include "settings.h"

#include <gst/gst.h>
#include <string.h>

#include "color.h"
#include "properties.h"

#define ID(field) GST_YOLOV5_PROPERTY_ID (OverlaySettings, field)

/* the mark that tells a frame without objects from one that nobody looked at
 * came with GStreamer 1.20 */
#if GST_CHECK_VERSION(1, 20, 0)
#define DEFAULT_EXPIRE_OVERLAY GST_SECOND
#else
#define DEFAULT_EXPIRE_OVERLAY 0
#endif
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

GType
overlay_style_get_type (void)
{
  static const GEnumValue values[] = {
    { OVERLAY_STYLE_BOX, "Lines around the object", "box" },
    { OVERLAY_STYLE_CORNERS, "Its corners alone", "corners" },
    { OVERLAY_STYLE_DOT, "A dot in its middle", "dot" },
    { 0, NULL, NULL },
  };
  static gsize type = 0;

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("GstYolov5OverlayStyle", values));

  return type;
}

GType
overlay_color_by_get_type (void)
{
  static const GEnumValue values[] = {
    { OVERLAY_COLOR_BY_CLASS, "Objects of a class have the same colour",
        "class" },
    { OVERLAY_COLOR_BY_ID, "Each object that is tracked has its own", "id" },
    { 0, NULL, NULL },
  };
  static gsize type = 0;

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("GstYolov5OverlayColorBy", values));

  return type;
}

static void
install_label_properties (GObjectClass *object_class)
{
  /**
   * GstYolov5Overlay:draw-labels:
   *
   * Write the name of its class beside each box.
   */
  g_object_class_install_property (object_class, ID (draw_labels),
      g_param_spec_boolean ("draw-labels", "Draw labels",
          "Write what was found beside each box", TRUE, PLAYING_FLAGS));

  /**
   * GstYolov5Overlay:draw-confidence:
   *
   * Write the confidence behind the name, where the detecting element gave
   * one. Has no effect without #GstYolov5Overlay:draw-labels.
   */
  g_object_class_install_property (object_class, ID (draw_confidence),
      g_param_spec_boolean ("draw-confidence", "Draw confidence",
          "Write into each label how sure the detector is, in percent", TRUE,
          PLAYING_FLAGS));

  /**
   * GstYolov5Overlay:font-desc:
   *
   * Font of the labels, as pango_font_description_from_string() reads it. A
   * description without a size gets the one that suits the frame.
   */
  g_object_class_install_property (object_class, ID (font_desc),
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
  g_object_class_install_property (object_class, ID (labels_color),
      g_param_spec_uint ("labels-color", "Labels color",
          "Color (ARGB) of the labels' text (0 = black or white, whichever is "
          "easier to read)",
          0, G_MAXUINT, OVERLAY_AUTO_COLOR, PLAYING_FLAGS));
}

static void
install_box_properties (GObjectClass *object_class)
{
  /**
   * GstYolov5Overlay:style:
   *
   * How an object is shown: by lines around it, by its corners alone, or by a dot
   * in its middle.
   *
   * Since: 0.2.0
   */
  g_object_class_install_property (object_class, ID (style),
      g_param_spec_enum ("style", "Style", "What is drawn around an object",
          OVERLAY_TYPE_STYLE, OVERLAY_STYLE_BOX, PLAYING_FLAGS));

  /**
   * GstYolov5Overlay:thickness:
   *
   * Width of the boxes' lines. They grow inwards from the box's edges. In
   * formats with subsampled chroma an odd width becomes the next even one.
   */
  g_object_class_install_property (object_class, ID (thickness),
      g_param_spec_uint ("thickness", "Thickness",
          "Width of the boxes' lines in pixels (0 = suits the frame's size)", 0,
          MAX_THICKNESS, 0, PLAYING_FLAGS));

  /**
   * GstYolov5Overlay:class-colors:
   *
   * Colours of classes, for example `person=#ff0000,car=blue,2=0x00ff00`. A
   * class is named as in its label, in any case, or by its number; `*` is all
   * others. A colour is a name that pango_color_parse() knows, `#rgb`, `#rrggbb`
   * or `0xrrggbb`. Other classes have the colours of the palette. A text that
   * cannot be read is refused with a warning and changes nothing. A class that
   * no yolov5dpu upstream finds is worth a warning.
   */
  g_object_class_install_property (object_class, ID (colors_text),
      g_param_spec_string ("class-colors", "Class colors",
          "Colors of classes by name or number, for example "
          "\"person=#ff0000,car=blue,2=0x00ff00\" (NULL = a color for each)",
          NULL, PLAYING_FLAGS));
}

/* what a tracker knows */
static void
install_track_properties (GObjectClass *object_class)
{
  /**
   * GstYolov5Overlay:color-by:
   *
   * What the colour of an object means: its class, or the number that a tracker
   * gave it. Objects without a number have the colour of their class, and
   * #GstYolov5Overlay:class-colors counts for these alone then.
   *
   * Since: 0.2.0
   */
  g_object_class_install_property (object_class, ID (color_by),
      g_param_spec_enum ("color-by", "Color by",
          "Whether each class or each tracked object has a color of its own",
          OVERLAY_TYPE_COLOR_BY, OVERLAY_COLOR_BY_CLASS, PLAYING_FLAGS));

  /**
   * GstYolov5Overlay:draw-trails:
   *
   * How long a way to draw behind each tracked object, in nanoseconds: where the
   * middle of the lower edge of its box was.
   *
   * Since: 0.2.0
   */
  g_object_class_install_property (object_class, ID (trails),
      g_param_spec_uint64 ("draw-trails", "Draw trails",
          "How far back in time to draw the way of each tracked object, in "
          "nanoseconds (0 = not at all)",
          0, G_MAXUINT64, 0, PLAYING_FLAGS));

  /**
   * GstYolov5Overlay:draw-zones:
   *
   * Draw the lines and zones in which yolov5zones counts, with names and numbers;
   * those also need #GstYolov5Overlay:draw-labels.
   *
   * Since: 0.2.0
   */
  g_object_class_install_property (object_class, ID (draw_zones),
      g_param_spec_boolean ("draw-zones", "Draw zones",
          "Draw the lines and zones in which objects are counted", TRUE,
          PLAYING_FLAGS));
}

/* what is shown and what is hidden */
static void
install_class_properties (GObjectClass *object_class)
{
  /**
   * GstYolov5Overlay:classes:
   *
   * The classes to show, by name in any case or by number, for example
   * `person;car;2`. Others stay in the metadata. A text that cannot be read is
   * refused with a warning and changes nothing. A class that no yolov5dpu
   * upstream finds is worth a warning.
   */
  g_object_class_install_property (object_class, ID (shown_text),
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
   * moves fast shows its edge on frames without inference.
   *
   * A list that cannot be read, or that has a class which no yolov5dpu upstream
   * finds, is an error, and no frame passes; while the element runs such a list
   * is refused with a warning, and the one before stays. An object of which
   * nobody says its class is hidden as well. Where the place of an object got
   * lost, the whole frame is hidden.
   */
  g_object_class_install_property (object_class, ID (blurred_text),
      g_param_spec_string ("blur", "Blur",
          "Classes to pixelate for privacy by name or number, \"*\" = all "
          "(NULL = none)",
          NULL, PLAYING_FLAGS));
}

/* how long it stays */
static void
install_time_properties (GObjectClass *object_class)
{
  /**
   * GstYolov5Overlay:expire-overlay:
   *
   * How long boxes stay on frames that their detector did not look at, in
   * nanoseconds of running time. 0 keeps none, %GST_CLOCK_TIME_NONE
   * (18446744073709551615) keeps them until it looks again. The default is a
   * second, or 0 before GStreamer 1.20. The mosaic has a time of its own, see
   * #GstYolov5Overlay:blur-hold.
   */
  g_object_class_install_property (object_class, ID (expiry),
      g_param_spec_uint64 ("expire-overlay", "Expire overlay",
          "How long to keep the last boxes on frames without inference, in "
          "nanoseconds (0 = not at all, 18446744073709551615 = for ever)",
          0, G_MAXUINT64, DEFAULT_EXPIRE_OVERLAY, PLAYING_FLAGS));

  /**
   * GstYolov5Overlay:blur-hold:
   *
   * How long the mosaic stays where an object was found last, on frames that its
   * detector did not look at, in nanoseconds of running time.
   * %GST_CLOCK_TIME_NONE (18446744073709551615) keeps it until that detector
   * looks again. Detectors that do not mark the frames they look at never say
   * that they found nothing: after them it stays for a second then, or for
   * #GstYolov5Overlay:expire-overlay if that is longer, or until another object
   * of the same name is found.
   */
  g_object_class_install_property (object_class, ID (blur_hold),
      g_param_spec_uint64 ("blur-hold", "Blur hold",
          "How long to keep the mosaic on frames without inference, in "
          "nanoseconds (0 = not at all, 18446744073709551615 = until the "
          "detector looks again)",
          0, G_MAXUINT64, GST_CLOCK_TIME_NONE, PLAYING_FLAGS));
}

static void
install_output_properties (GObjectClass *object_class)
{
  /**
   * GstYolov5Overlay:draw-stats:
   *
   * Write into the top left corner how many frames pass per second, and how
   * long their inferences take, where the detector is yolov5dpu. The numbers
   * change twice a second.
   */
  g_object_class_install_property (object_class, ID (draw_stats),
      g_param_spec_boolean ("draw-stats", "Draw statistics",
          "Write frames per second and inference time into a corner", FALSE,
          PLAYING_FLAGS));

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
  g_object_class_install_property (object_class, ID (attach),
      g_param_spec_enum ("attach-composition", "Attach composition",
          "Whether to attach boxes and labels for a sink to draw, instead of "
          "drawing into the video",
          OVERLAY_TYPE_ATTACH, OVERLAY_ATTACH_AUTO, PLAYING_FLAGS));
}

/**
 * overlay_settings_install:
 * @object_class: class of the overlay element
 *
 * Installs the properties, whose ids are at most `sizeof (OverlaySettings)`.
 */
void
overlay_settings_install (GObjectClass *object_class)
{
  install_label_properties (object_class);
  install_box_properties (object_class);
  install_track_properties (object_class);
  install_class_properties (object_class);
  install_time_properties (object_class);
  install_output_properties (object_class);
}

/**
 * overlay_settings_init:
 * @owner: the element
 *
 * Sets the defaults.
 */
void
overlay_settings_init (OverlaySettings *self, GObject *owner)
{
  memset (self, 0, sizeof (*self));
  self->owner = owner;
  gst_yolov5_properties_reset (self, owner);
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
  gst_yolov5_properties_dup_strings (self, self->owner);
  self->colors = share_classes (source->colors);
  self->shown = share_classes (source->shown);
  self->blurred = share_classes (source->blurred);
}

void
overlay_settings_clear (OverlaySettings *self)
{
  if (!self->owner)
    return;
  gst_yolov5_properties_free_strings (self, self->owner);
  g_clear_pointer (&self->colors, overlay_classes_unref);
  g_clear_pointer (&self->shown, overlay_classes_unref);
  g_clear_pointer (&self->blurred, overlay_classes_unref);
}

static void
replace_classes (OverlayClasses **classes, OverlayClasses *parsed)
{
  g_clear_pointer (classes, overlay_classes_unref);
  *classes = parsed;
}

/* classes and their text change together or not at all */
static gboolean
set_classes (OverlaySettings *self, GParamSpec *pspec, const GValue *value,
    OverlayClasses **classes, GError **error)
{
  const gchar *text = g_value_get_string (value);
  OverlayClasses *parsed;

  if (!(classes == &self->colors
              ? overlay_classes_parse_colors
              : overlay_classes_parse) (text, &parsed, error))
    return FALSE;

  gst_yolov5_properties_set (self, pspec, value);
  replace_classes (classes, parsed);
  return TRUE;
}

/* a list that hides nothing is an empty one, or a mistake */
static gboolean
parse_blurred (const gchar *text, OverlayClasses **classes, GError **error)
{
  if (!overlay_classes_parse (text, classes, error))
    return FALSE;
  if (*classes || !text || text[0] == '\0')
    return TRUE;
  g_set_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS,
      "there is no class in it, name one or leave it empty to hide nothing");
  return FALSE;
}

static gboolean
check_blurred (
    const OverlayClasses *classes, const OverlayModels *models, GError **error)
{
  g_autofree gchar *unknown = overlay_models_list_unknown (models, classes);
  g_autofree gchar *labels = NULL;

  if (!unknown)
    return TRUE;
  labels = overlay_models_list_labels (models);
  g_set_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS,
      "no detector finds %s, so it would not be hidden; there are the classes "
      "%s, and \"*\" hides all",
      unknown, labels);
  return FALSE;
}

/**
 * overlay_settings_check_blurred:
 * @models: what is known of the models
 * @error: a sentence that says what is wrong
 *
 * Returns: whether the list of what to hide can be read, and no model that is
 *   known lacks any of its classes
 */
gboolean
overlay_settings_check_blurred (
    const OverlaySettings *self, const OverlayModels *models, GError **error)
{
  g_autoptr (OverlayClasses) classes = NULL;

  return parse_blurred (self->blurred_text, &classes, error)
         && check_blurred (classes, models, error);
}

static gboolean
set_blurred (OverlaySettings *self, GParamSpec *pspec, const GValue *value,
    const OverlayModels *models, GError **error)
{
  g_autoptr (OverlayClasses) classes = NULL;

  if (models
      && (!parse_blurred (g_value_get_string (value), &classes, error)
          || !check_blurred (classes, models, error)))
    return FALSE;
  if (!models)
    parse_blurred (g_value_get_string (value), &classes, NULL);
  gst_yolov5_properties_set (self, pspec, value);
  replace_classes (&self->blurred, g_steal_pointer (&classes));
  return TRUE;
}

/**
 * overlay_settings_set:
 * @pspec: of a property from overlay_settings_install()
 * @models: (nullable): what is known of the models while the element runs;
 *   before, whatever is to be hidden is taken, for
 *   overlay_settings_check_blurred() to find what is wrong with it
 * @error: a sentence that says what is wrong with @value
 *
 * Returns: whether the value was taken; if not, nothing has changed
 */
gboolean
overlay_settings_set (OverlaySettings *self, GParamSpec *pspec,
    const GValue *value, const OverlayModels *models, GError **error)
{
  switch (pspec->param_id) {
    case ID (colors_text):
      return set_classes (self, pspec, value, &self->colors, error);
    case ID (shown_text):
      return set_classes (self, pspec, value, &self->shown, error);
    case ID (blurred_text):
      return set_blurred (self, pspec, value, models, error);
    default:
      gst_yolov5_properties_set (self, pspec, value);
      return TRUE;
  }
}
