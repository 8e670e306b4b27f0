/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The last detections, for frames that no model looked at. */

#pragma once

#include "metadata/detections.h"

G_BEGIN_DECLS

/**
 * OverlayHold:
 * @detections: the last detections; empty also when there are none to keep
 * @time: running time of the frame they belong to, or %GST_CLOCK_TIME_NONE
 * @arrival: when that frame came, by the clock of the system
 * @width: columns of the frames they are meant for
 * @height: rows of these frames
 */
typedef struct {
  GArray *detections;
  GstClockTime time;
  GstClockTime arrival;
  gint width;
  gint height;
} OverlayHold;

void overlay_hold_init (OverlayHold *self);
void overlay_hold_clear (OverlayHold *self);

void overlay_hold_drop (OverlayHold *self);
void overlay_hold_keep (OverlayHold *self, const GArray *detections,
    GstClockTime time, GstClockTime arrival);
void overlay_hold_recall (const OverlayHold *self, GstClockTime time,
    GstClockTime arrival, GstClockTime expiry, GArray *detections);
void overlay_hold_resize (OverlayHold *self, gint width, gint height);

G_END_DECLS
