/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Time that never goes back, made of timestamps that may do anything. */

#include "tracking/clock.h"

#define DEFAULT_FRAME_PERIOD (TRACKING_SECOND / 30)
/* Nothing tells more about an object after a minute than after an hour, and
 * sums of minutes stay far from the end of 64 bits. */
#define LONGEST_STEP (60 * TRACKING_SECOND)

static guint64
usual_step (guint64 frame_period)
{
  if (frame_period == 0 || frame_period == TRACKING_TIME_NONE)
    return DEFAULT_FRAME_PERIOD;
  return MIN (frame_period, LONGEST_STEP);
}

/**
 * tracking_clock_advance:
 * @timestamp: of the frame in nanoseconds, or %TRACKING_TIME_NONE
 * @frame_period: nanoseconds from one frame to the next where timestamps do not
 *   say it; 0 or %TRACKING_TIME_NONE if that is unknown, too
 *
 * Moves on to a frame: by what its timestamp says or, where it has none or one
 * from before the last frame, by a frame period.
 *
 * Returns: the nanoseconds that have passed since the last frame
 */
guint64
tracking_clock_advance (
    TrackingClock *self, guint64 timestamp, guint64 frame_period)
{
  guint64 step;

  if (!self->is_running)
    step = 0;
  else if (timestamp == TRACKING_TIME_NONE
           || self->last_timestamp == TRACKING_TIME_NONE
           || timestamp < self->last_timestamp)
    step = usual_step (frame_period);
  else
    step = MIN (timestamp - self->last_timestamp, LONGEST_STEP);

  self->is_running = TRUE;
  self->last_timestamp = timestamp;
  self->now += step;
  return step;
}
