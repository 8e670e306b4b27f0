/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Renders the texts beside the boxes with Pango, each of them once. */

#pragma once

#include "painter.h"

G_BEGIN_DECLS

typedef struct _OverlayLabels OverlayLabels;

/**
 * OverlayLine:
 * @OVERLAY_LINE_RATE: frames per second
 * @OVERLAY_LINE_INFERENCE: time that an inference takes
 *
 * Lines of figures, which change now and then.
 */
typedef enum {
  OVERLAY_LINE_RATE,
  OVERLAY_LINE_INFERENCE,
  OVERLAY_N_LINES
} OverlayLine;

OverlayLabels *overlay_labels_new (const gchar *font_description,
    gint frame_width, gint frame_height, const OverlayLabels *usual);
void overlay_labels_free (OverlayLabels *self);

gboolean overlay_labels_has_font (const OverlayLabels *self);
const gchar *overlay_labels_get_unwritable (const OverlayLabels *self);
gint overlay_labels_get_font_size (const OverlayLabels *self);
gint overlay_labels_get_ascent (const OverlayLabels *self);
gint overlay_labels_get_descent (const OverlayLabels *self);

const OverlayMask *overlay_labels_get_name (OverlayLabels *self, GQuark name);
guint overlay_labels_get_percent (gdouble confidence);
const OverlayMask *overlay_labels_get_confidence (
    OverlayLabels *self, gdouble confidence);
const OverlayMask *overlay_labels_get_figure (
    OverlayLabels *self, guint figure);
const OverlayMask *overlay_labels_get_text (
    OverlayLabels *self, const gchar *text);
const OverlayMask *overlay_labels_get_line (
    OverlayLabels *self, OverlayLine line, const gchar *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OverlayLabels, overlay_labels_free)

G_END_DECLS
