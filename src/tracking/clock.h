/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* a frame without a timestamp; the value of GST_CLOCK_TIME_NONE */
#define TRACKING_TIME_NONE G_MAXUINT64

#define TRACKING_SECOND G_GUINT64_CONSTANT (1000000000)

/**
 * TrackingClock:
 * @now: nanoseconds since the first frame; never goes back
 *
 * All zeros is a clock that has not seen a frame.
 */
typedef struct {
  guint64 now;
  guint64 last_timestamp;
  gboolean is_running;
} TrackingClock;

guint64 tracking_clock_advance (
    TrackingClock *self, guint64 timestamp, guint64 frame_period);

G_END_DECLS
