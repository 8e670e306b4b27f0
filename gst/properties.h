/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Properties that are fields of a structure. */

#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/**
 * GST_YOLOV5_PROPERTY_ID:
 * @Settings: a structure type
 * @field: a field of it: #gboolean, #guint, #guint64, #gfloat, an enumeration,
 *   or a string that the structure owns
 *
 * The id of the property that @field holds is the place of the field, so that
 * ids need no list of their own. Others begin at `sizeof (Settings) + 1`.
 */
#define GST_YOLOV5_PROPERTY_ID(Settings, field)                                \
  ((guint) G_STRUCT_OFFSET (Settings, field) + 1)

void gst_yolov5_properties_set (
    gpointer settings, GParamSpec *pspec, const GValue *value);
void gst_yolov5_properties_get (
    gconstpointer settings, GParamSpec *pspec, GValue *value);

void gst_yolov5_properties_reset (gpointer settings, GObject *object);
void gst_yolov5_properties_dup_strings (gpointer settings, GObject *object);
void gst_yolov5_properties_free_strings (gpointer settings, GObject *object);

G_END_DECLS
