/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* A detector that is slower than the video looks at some of the frames only.
 * Its boxes stay for a while on those between, or they would flicker. */

#include "hold.h"

void
overlay_hold_init (OverlayHold *self)
{
  self->detections = g_array_new (FALSE, FALSE, sizeof (GstYolov5Detection));
  self->time = self->arrival = GST_CLOCK_TIME_NONE;
  self->width = self->height = 0;
}

void
overlay_hold_clear (OverlayHold *self)
{
  g_array_unref (self->detections);
}

/**
 * overlay_hold_drop:
 *
 * Forgets the detections.
 */
void
overlay_hold_drop (OverlayHold *self)
{
  g_array_set_size (self->detections, 0);
}

/**
 * overlay_hold_keep:
 * @detections: what was found in a frame, which may be nothing
 * @time: running time of the frame, or %GST_CLOCK_TIME_NONE
 * @arrival: when it came, by the clock of the system
 *
 * Keeps @detections in the place of those kept before.
 */
void
overlay_hold_keep (OverlayHold *self, const GArray *detections,
    GstClockTime time, GstClockTime arrival)
{
  g_array_set_size (self->detections, 0);
  g_array_append_vals (self->detections, detections->data, detections->len);
  self->time = time;
  self->arrival = arrival;
}

/* the two clocks have nothing to do with each other */
static GstClockTime
get_age (const OverlayHold *self, GstClockTime time, GstClockTime arrival)
{
  /* timestamps of cameras may jump back a little */
  if (GST_CLOCK_TIME_IS_VALID (self->time) && GST_CLOCK_TIME_IS_VALID (time))
    return (GstClockTime) ABS (GST_CLOCK_DIFF (self->time, time));
  return arrival - self->arrival;
}

/**
 * overlay_hold_recall:
 * @time: running time of a frame that no model looked at, or
 *   %GST_CLOCK_TIME_NONE
 * @arrival: when it came, by the clock of the system
 * @expiry: how long detections stay; 0 for not at all, %GST_CLOCK_TIME_NONE for
 *   ever
 * @detections: where to append those that are kept and have not expired
 */
void
overlay_hold_recall (const OverlayHold *self, GstClockTime time,
    GstClockTime arrival, GstClockTime expiry, GArray *detections)
{
  if (expiry == 0 || self->detections->len == 0
      || (expiry != GST_CLOCK_TIME_NONE
          && get_age (self, time, arrival) > expiry))
    return;
  g_array_append_vals (
      detections, self->detections->data, self->detections->len);
}

/**
 * overlay_hold_resize:
 * @width: columns of the frames to come
 * @height: rows of the frames to come
 *
 * Fits the detections to frames of another size, which show the same scene when
 * a stream changes its quality.
 */
void
overlay_hold_resize (OverlayHold *self, gint width, gint height)
{
  guint i;

  for (i = 0; i < self->detections->len; i++) {
    GstYolov5Detection *detection =
        &g_array_index (self->detections, GstYolov5Detection, i);
    gdouble scale_x = (gdouble) width / self->width;
    gdouble scale_y = (gdouble) height / self->height;

    detection->x *= scale_x;
    detection->y *= scale_y;
    detection->width *= scale_x;
    detection->height *= scale_y;
  }
  self->width = width;
  self->height = height;
}
