/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The last detections of each detector, for frames that it did not look at. */

#pragma once

#include "object.h"

G_BEGIN_DECLS

/**
 * OverlayHold:
 * @looks: what each detector found last
 * @frame: number of the frame that came last
 * @mark_seen: some detector marks the frames it looks at
 * @time: running time of that frame, or %GST_CLOCK_TIME_NONE
 * @arrival: when that frame came, by the clock of the system
 * @width: columns of the frames that detections are meant for
 * @height: rows of these frames
 */
typedef struct {
  GPtrArray *looks;
  guint64 frame;
  gboolean mark_seen;
  GstClockTime time;
  GstClockTime arrival;
  gint width;
  gint height;
} OverlayHold;

void overlay_hold_init (OverlayHold *self);
void overlay_hold_clear (OverlayHold *self);

void overlay_hold_drop (OverlayHold *self);
void overlay_hold_drop_boxes (OverlayHold *self);
void overlay_hold_begin_frame (
    OverlayHold *self, GstClockTime time, GstClockTime arrival);
void overlay_hold_keep_marked (
    OverlayHold *self, const gchar *path, const GArray *objects, gint mark);
void overlay_hold_keep_unmarked (OverlayHold *self, const GArray *objects);
void overlay_hold_recall_boxes (const OverlayHold *self, GstClockTime expiry,
    gboolean untracked, GArray *objects);
void overlay_hold_recall_hidden (const OverlayHold *self, GstClockTime expiry,
    GstClockTime blur_hold, GArray *objects);
void overlay_hold_resize (OverlayHold *self, gint width, gint height);

G_END_DECLS
