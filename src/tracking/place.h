/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "tracking/zones.h"

G_BEGIN_DECLS

/**
 * Place:
 * @points: of the shape, in pixels of the frame
 * @max_clearance: how far from its border an object is clear of it at most
 * @labels: (element-type ZonesLabelCounts): in the order they came
 *
 * A line or zone in a frame, with what is counted on it.
 */
typedef struct {
  const ZonesShape *shape;
  ZonesPoint points[ZONES_MAX_POINTS];
  gdouble max_clearance;
  ZonesCounts counts;
  GArray *labels;
} Place;

void place_init (Place *self, const ZonesShape *shape);
void place_clear (Place *self);
gboolean place_is_same (const Place *self, const ZonesShape *shape);
void place_copy_counts (Place *self, const Place *other);
void place_scale (Place *self, guint width, guint height);
gboolean place_wants (const Place *self, GQuark label);
void place_count (Place *self, const ZonesEvent *event);
void place_reset_counts (Place *self);

G_END_DECLS
