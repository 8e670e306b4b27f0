/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* A frame that downstream is past already need not be looked at, and one that
 * is looked at must not hold up those behind it for long. */

#include "schedule.h"

/* frames of a live stream that may come while one is inside: half of those that
 * may wait behind it (GST_YOLOV5_FIFO_MAX_PASSING), so that a slower one than
 * usual has a place, too */
#define WANTED_FRAMES 8
/* where the caps do not say how long a frame lasts */
#define USUAL_FRAME_DURATION (GST_SECOND / 30)

/**
 * gst_yolov5_qos_reset:
 *
 * No frame comes too late, until downstream says so.
 */
void
gst_yolov5_qos_reset (GstYolov5Qos *self)
{
  self->earliest = GST_CLOCK_TIME_NONE;
}

/**
 * gst_yolov5_qos_update:
 * @event: a QoS event from downstream
 * @frame_duration: time from frame to frame, or %GST_CLOCK_TIME_NONE
 *
 * Judges as GstVideoDecoder does: what comes next will be as late again, for at
 * most a second, and a frame more gets ahead of that.
 */
void
gst_yolov5_qos_update (
    GstYolov5Qos *self, GstEvent *event, GstClockTime frame_duration)
{
  GstClockTimeDiff diff;
  GstClockTime timestamp;

  gst_event_parse_qos (event, NULL, NULL, &diff, &timestamp);
  if (!GST_CLOCK_TIME_IS_VALID (timestamp)) {
    self->earliest = GST_CLOCK_TIME_NONE;
  } else if (diff > 0) {
    self->earliest =
        timestamp + MIN ((GstClockTime) diff, GST_SECOND / 2) * 2
        + (GST_CLOCK_TIME_IS_VALID (frame_duration) ? frame_duration : 0);
  } else {
    /* a difference is never less than -timestamp */
    self->earliest = timestamp + diff;
  }
}

/**
 * gst_yolov5_qos_is_late:
 * @segment: the segment of @buffer
 *
 * Returns: whether downstream will be past @buffer
 */
gboolean
gst_yolov5_qos_is_late (
    const GstYolov5Qos *self, const GstSegment *segment, GstBuffer *buffer)
{
  GstClockTime running_time;

  if (!GST_CLOCK_TIME_IS_VALID (self->earliest)
      || segment->format != GST_FORMAT_TIME
      || !GST_BUFFER_PTS_IS_VALID (buffer))
    return FALSE;

  running_time = gst_segment_to_running_time (
      segment, GST_FORMAT_TIME, GST_BUFFER_PTS (buffer));
  return GST_CLOCK_TIME_IS_VALID (running_time)
         && running_time <= self->earliest;
}

static GstClockTime
get_wanted_time (GstClockTime frame_duration)
{
  if (!GST_CLOCK_TIME_IS_VALID (frame_duration))
    frame_duration = USUAL_FRAME_DURATION;
  return WANTED_FRAMES * frame_duration;
}

/**
 * gst_yolov5_throttle_reset:
 * @n_slots: how many frames there can be in the model at once
 * @first_guess: what the model takes for a frame alone
 */
void
gst_yolov5_throttle_reset (
    GstYolov5Throttle *self, guint n_slots, GstClockTime first_guess)
{
  GstClockTime wanted = get_wanted_time (GST_CLOCK_TIME_NONE);

  self->n_slots = n_slots;
  self->most = n_slots;
  self->n_settling = 0;
  /* until there are frames to measure: as if the device did one at a time */
  if (first_guess > 0)
    self->most = CLAMP (wanted / first_guess, 1, n_slots);
}

/**
 * gst_yolov5_throttle_add:
 * @spent: what a frame spent in the element
 * @frame_duration: time from frame to frame, or %GST_CLOCK_TIME_NONE
 *
 * Returns: whether @self->most has changed
 */
gboolean
gst_yolov5_throttle_add (
    GstYolov5Throttle *self, GstClockTime spent, GstClockTime frame_duration)
{
  GstClockTime wanted = get_wanted_time (frame_duration);

  /* those that were inside when it changed say nothing about the change */
  if (self->n_settling > 0) {
    self->n_settling--;
    return FALSE;
  }

  if (spent > wanted && self->most > 1)
    self->most--;
  else if (spent < wanted / 2 && self->most < self->n_slots)
    self->most++;
  else
    return FALSE;
  self->n_settling = self->n_slots;
  return TRUE;
}
