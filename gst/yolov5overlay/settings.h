/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The properties of the overlay element. */

#pragma once

#include "models.h"

G_BEGIN_DECLS

/**
 * OverlayAttach:
 * @OVERLAY_ATTACH_AUTO: attach if downstream says that it draws compositions
 * @OVERLAY_ATTACH_NEVER: draw into the frame
 * @OVERLAY_ATTACH_ALWAYS: attach whatever downstream says
 *
 * Whether boxes and labels go into the frame, or into a
 * #GstVideoOverlayComposition beside it.
 */
typedef enum {
  OVERLAY_ATTACH_AUTO,
  OVERLAY_ATTACH_NEVER,
  OVERLAY_ATTACH_ALWAYS
} OverlayAttach;

#define OVERLAY_TYPE_ATTACH (overlay_attach_get_type ())
GType overlay_attach_get_type (void);

/**
 * OverlayStyle:
 * @OVERLAY_STYLE_BOX: lines around it
 * @OVERLAY_STYLE_CORNERS: its corners alone
 * @OVERLAY_STYLE_DOT: a dot in its middle
 *
 * How an object is shown.
 */
typedef enum {
  OVERLAY_STYLE_BOX,
  OVERLAY_STYLE_CORNERS,
  OVERLAY_STYLE_DOT
} OverlayStyle;

#define OVERLAY_TYPE_STYLE (overlay_style_get_type ())
GType overlay_style_get_type (void);

/**
 * OverlayColorBy:
 * @OVERLAY_COLOR_BY_CLASS: objects of a class have the same colour
 * @OVERLAY_COLOR_BY_ID: each object has its own, where a tracker tells them apart
 *
 * What the colour of an object means.
 */
typedef enum { OVERLAY_COLOR_BY_CLASS, OVERLAY_COLOR_BY_ID } OverlayColorBy;

#define OVERLAY_TYPE_COLOR_BY (overlay_color_by_get_type ())
GType overlay_color_by_get_type (void);

/**
 * OverlaySettings:
 * @colors: (nullable): classes with a colour of their own
 * @shown: (nullable): the classes to show, %NULL for all
 * @blurred: (nullable): the classes to pixelate
 *
 * Values of the properties. The texts are those that @colors, @shown and
 * @blurred were parsed from, if @blurred_text can be read.
 */
typedef struct {
  gboolean draw_labels;
  gboolean draw_confidence;
  gboolean draw_stats;
  OverlayStyle style;
  OverlayColorBy color_by;
  GstClockTime trails;
  gboolean draw_zones;
  guint thickness;
  gchar *font_desc;
  guint32 labels_color;
  gchar *colors_text;
  OverlayClasses *colors;
  gchar *shown_text;
  OverlayClasses *shown;
  gchar *blurred_text;
  OverlayClasses *blurred;
  GstClockTime expiry;
  GstClockTime blur_hold;
  OverlayAttach attach;

  /*< private >*/
  GObject *owner;
} OverlaySettings;

void overlay_settings_install (GObjectClass *object_class);
void overlay_settings_init (OverlaySettings *self, GObject *owner);
void overlay_settings_copy (
    OverlaySettings *self, const OverlaySettings *source);
void overlay_settings_clear (OverlaySettings *self);
gboolean overlay_settings_set (OverlaySettings *self, GParamSpec *pspec,
    const GValue *value, const OverlayModels *models, GError **error);
gboolean overlay_settings_check_blurred (
    const OverlaySettings *self, const OverlayModels *models, GError **error);

G_END_DECLS
