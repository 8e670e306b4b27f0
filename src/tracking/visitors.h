/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "tracking/zones.h"

G_BEGIN_DECLS

/**
 * VisitorState:
 * @is_settled: for lines: it was clear of the line once
 * @crossings: for lines: how often it crossed since, forward less backward
 * @is_inside: for zones
 * @has_dwelled: for zones: in this visit
 * @label: what it was when it entered
 * @entered_at: for zones
 *
 * What an object is to one line or zone.
 */
typedef struct {
  gboolean is_settled;
  gint crossings;
  gboolean is_inside;
  gboolean has_dwelled;
  GQuark label;
  guint64 entered_at;
} VisitorState;

/**
 * Visitor:
 * @box: where it was found last, in fractions of the frame
 * @is_missed: it was not found on the last frame that was looked at
 * @seen_at: when it was there last
 * @missed_at: since when it is missed
 * @frame: the last one that had it
 */
typedef struct {
  guint64 id;
  guint slot;
  GQuark label;
  TrackingBox box;
  gboolean is_missed;
  guint64 seen_at;
  guint64 missed_at;
  guint64 frame;
} Visitor;

/**
 * Visitors:
 *
 * The objects that are known, found by their ids.
 */
typedef struct _Visitors Visitors;

Visitors *visitors_new (guint n_states);
void visitors_free (Visitors *self);
guint visitors_get_n (const Visitors *self);
Visitor *visitors_get (Visitors *self, guint index);
Visitor *visitors_find (Visitors *self, guint64 id);
Visitor *visitors_add (Visitors *self, guint64 id);
void visitors_keep (Visitors *self, guint from, guint to);
void visitors_truncate (Visitors *self, guint n);
VisitorState *visitors_get_states (Visitors *self, const Visitor *visitor);
void visitors_map_states (Visitors *self, const gint *old_of_new, guint n_new);

G_END_DECLS
