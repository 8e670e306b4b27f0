/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "tracking/zones.h"

G_BEGIN_DECLS

/* Points are in pixels here. A polyline is open, a polygon closed. */

gint polyline_count_crossings (
    const ZonesPoint *points, guint n_points, ZonesPoint from, ZonesPoint to);
gdouble polyline_get_distance (
    const ZonesPoint *points, guint n_points, ZonesPoint point);
gdouble polyline_get_length (const ZonesPoint *points, guint n_points);
gboolean polygon_contains (
    const ZonesPoint *points, guint n_points, ZonesPoint point);
gdouble polygon_get_distance (
    const ZonesPoint *points, guint n_points, ZonesPoint point);
gdouble polygon_get_perimeter (const ZonesPoint *points, guint n_points);
gdouble polygon_get_area (const ZonesPoint *points, guint n_points);

G_END_DECLS
