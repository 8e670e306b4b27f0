/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The answer to LATENCY queries follows what frames really spend inside, but
 * not every hiccup: each change makes the whole pipeline wait anew. */

#include "gstyolov5timing.h"

#include <stdlib.h>
#include <string.h>

/* what is reported covers this percentage of the frames */
#define COVERED 95
/* what is reported is that much more than what was measured, in percent */
#define HEAD_ROOM 10
/* ... and is lowered when it would become less than this percentage of itself:
 * the window is full of faster frames then. With the head-room that makes what
 * is reported at most a fifth more than what was measured */
#define LOWER 92
/* before so many frames, the first guess stands */
#define MIN_FRAMES 8

static int
compare_times (const void *a, const void *b)
{
  GstClockTime first = *(const GstClockTime *) a;
  GstClockTime second = *(const GstClockTime *) b;

  return first < second ? -1 : first > second;
}

/**
 * gst_yolov5_find_percentile:
 * @times: (array length=n_times): in any order
 * @n_times: at most %GST_YOLOV5_MAX_TIMES
 * @percent: 0 to 99
 *
 * Returns: the time that @percent percent of @times are below, 0 without any
 */
GstClockTime
gst_yolov5_find_percentile (
    const GstClockTime *times, guint n_times, guint percent)
{
  GstClockTime sorted[GST_YOLOV5_MAX_TIMES];

  g_return_val_if_fail (n_times <= GST_YOLOV5_MAX_TIMES, 0);
  g_return_val_if_fail (percent < 100, 0);

  if (n_times == 0)
    return 0;
  memcpy (sorted, times, n_times * sizeof (*sorted));
  qsort (sorted, n_times, sizeof (*sorted), compare_times);
  return sorted[n_times * percent / 100];
}

/**
 * gst_yolov5_latency_reset:
 * @first_guess: what a frame will spend inside, as far as that can be known
 */
void
gst_yolov5_latency_reset (GstYolov5Latency *self, GstClockTime first_guess)
{
  memset (self, 0, sizeof (*self));
  self->reported = first_guess + first_guess * HEAD_ROOM / 100;
}

/**
 * gst_yolov5_latency_add:
 * @spent: from a frame's arrival until it could be pushed
 *
 * Returns: whether what is reported changed, which is worth a latency message
 */
gboolean
gst_yolov5_latency_add (GstYolov5Latency *self, GstClockTime spent)
{
  GstClockTime slow, wanted;

  self->spent[self->next] = spent;
  self->next = (self->next + 1) % GST_YOLOV5_LATENCY_WINDOW;
  self->n_spent = MIN (self->n_spent + 1, GST_YOLOV5_LATENCY_WINDOW);
  if (self->n_spent < MIN_FRAMES)
    return FALSE;

  slow = gst_yolov5_find_percentile (self->spent, self->n_spent, COVERED);
  wanted = slow + slow * HEAD_ROOM / 100;
  if (slow <= self->reported
      && (self->n_spent < GST_YOLOV5_LATENCY_WINDOW
          || wanted >= self->reported * LOWER / 100))
    return FALSE;

  self->reported = wanted;
  return TRUE;
}

/**
 * gst_yolov5_latency_answer:
 * @query: a LATENCY query that upstream has answered
 * @n_slots: how many frames can be inside
 * @frame_duration: time from frame to frame, or %GST_CLOCK_TIME_NONE
 *
 * Adds what happens inside.
 */
void
gst_yolov5_latency_answer (const GstYolov5Latency *self, GstQuery *query,
    guint n_slots, GstClockTime frame_duration)
{
  GstClockTime min, max;
  gboolean live;

  gst_query_parse_latency (query, &live, &min, &max);
  min += self->reported;
  /* a frame in every slot may wait for downstream */
  if (GST_CLOCK_TIME_IS_VALID (max)) {
    max += self->reported;
    if (GST_CLOCK_TIME_IS_VALID (frame_duration) && n_slots > 0)
      max += (n_slots - 1) * frame_duration;
  }
  gst_query_set_latency (query, live, min, max);
}

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
 */
void
gst_yolov5_qos_update (GstYolov5Qos *self, GstEvent *event)
{
  GstClockTimeDiff diff;
  GstClockTime timestamp;

  gst_event_parse_qos (event, NULL, NULL, &diff, &timestamp);
  /* a difference is never less than -timestamp */
  self->earliest =
      GST_CLOCK_TIME_IS_VALID (timestamp) ? timestamp + diff : timestamp;
}

/**
 * gst_yolov5_qos_is_late:
 * @segment: the segment of @buffer
 *
 * Returns: whether downstream is already past @buffer
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
