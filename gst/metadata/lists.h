/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Arrays in the structures of custom metas, with an element for each detection.
 * Those that others wrote may be of any type and length. */

#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

void gst_yolov5_list_append_int (GValue *list, gint number);
void gst_yolov5_list_append_boolean (GValue *list, gboolean truth);
void gst_yolov5_list_append_uint64 (GValue *list, guint64 number);
void gst_yolov5_list_append_double (GValue *list, gdouble number);
void gst_yolov5_list_append_label (GValue *list, GQuark label);

guint gst_yolov5_list_get_length (
    const GstStructure *structure, const gchar *field);
gint gst_yolov5_list_get_int (
    const GstStructure *structure, const gchar *field, guint index);
gboolean gst_yolov5_list_get_boolean (
    const GstStructure *structure, const gchar *field, guint index);
guint64 gst_yolov5_list_get_uint64 (
    const GstStructure *structure, const gchar *field, guint index);
gdouble gst_yolov5_list_get_double (
    const GstStructure *structure, const gchar *field, guint index);
const gchar *gst_yolov5_list_get_label (
    const GstStructure *structure, const gchar *field, guint index);
const GstStructure *gst_yolov5_list_get_structure (
    const GstStructure *structure, const gchar *field, guint index);
gboolean gst_yolov5_list_find (const GstStructure *structure, const gchar *ids,
    const gchar *labels, gint id, GQuark label, guint *place);

G_END_DECLS
