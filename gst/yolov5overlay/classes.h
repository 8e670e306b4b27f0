/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Classes by name or number, as the text of a property lists them, and the
 * colours that it may give them. */

#pragma once

#include "metadata/detections.h"

G_BEGIN_DECLS

typedef struct _OverlayClasses OverlayClasses;

gboolean overlay_classes_parse (
    const gchar *text, OverlayClasses **classes, GError **error);
gboolean overlay_classes_parse_colors (
    const gchar *text, OverlayClasses **classes, GError **error);
OverlayClasses *overlay_classes_ref (OverlayClasses *self);
void overlay_classes_unref (OverlayClasses *self);

GQuark overlay_classes_fold (const gchar *name);
gint overlay_classes_find (
    const OverlayClasses *self, const GstYolov5Detection *detection);
gboolean overlay_classes_is_unclear (
    const OverlayClasses *self, const GstYolov5Detection *detection);
guint overlay_classes_get_n_entries (const OverlayClasses *self);
const gchar *overlay_classes_get_name (const OverlayClasses *self, guint entry);
gboolean overlay_classes_is_any (const OverlayClasses *self, guint entry);
gboolean overlay_classes_get_number (
    const OverlayClasses *self, guint entry, guint *number);
void overlay_classes_get_rgb (
    const OverlayClasses *self, guint entry, guint8 rgb[3]);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OverlayClasses, overlay_classes_unref)

G_END_DECLS
