/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What the overlay says on the bus of its properties and fonts. */

#pragma once

#include "models.h"

G_BEGIN_DECLS

/**
 * OverlayMessages:
 * @element: posts them
 * @refusals: what was wrong with properties that were set before there was a
 *   bus to complain on, by their names; under the element's object lock
 * @told_font: fonts were complained of since the element started
 * @told_unknown: which classes were, of the properties classes and class-colors
 */
typedef struct {
  GstElement *element;
  GHashTable *refusals;
  gboolean told_font;
  gchar *told_unknown[2];
} OverlayMessages;

void overlay_messages_init (OverlayMessages *self, GstElement *element);
void overlay_messages_clear (OverlayMessages *self);
void overlay_messages_forget (OverlayMessages *self);

void overlay_messages_keep_refusal (
    OverlayMessages *self, const gchar *property, const GError *error);
void overlay_messages_post_refusal (
    OverlayMessages *self, const gchar *property, const gchar *reason);
void overlay_messages_post_kept_refusals (OverlayMessages *self);
void overlay_messages_post_unusable_blur (
    OverlayMessages *self, const GError *error);
void overlay_messages_warn_of_unknown_classes (OverlayMessages *self,
    const OverlayModels *models, const OverlayClasses *shown,
    const OverlayClasses *colors);
void overlay_messages_warn_of_missing_letters (
    OverlayMessages *self, const gchar *text);

G_END_DECLS
