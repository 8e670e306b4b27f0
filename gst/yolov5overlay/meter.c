/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Time goes in steps of half a second. The texts change at the end of each,
 * and the rate is that of the last two. */

#include "meter.h"

#define STEP (G_USEC_PER_SEC / 2)

/* the inference time is the mean of a step */
static void
show_inference (OverlayMeter *self)
{
  g_snprintf (self->inference, sizeof (self->inference), "inference %.1f ms",
      (gdouble) self->inference_sum / self->n_inferences / GST_MSECOND);
  self->serial++;
}

/**
 * overlay_meter_reset:
 *
 * Forgets what was measured.
 */
void
overlay_meter_reset (OverlayMeter *self)
{
  guint serial = self->serial;

  *self = (OverlayMeter){ .serial = serial + 1 };
}

/**
 * overlay_meter_has_text:
 *
 * Returns: whether anything is known
 */
gboolean
overlay_meter_has_text (const OverlayMeter *self)
{
  return self->rate[0] != '\0' || self->inference[0] != '\0';
}

/**
 * overlay_meter_count_frame:
 * @now: time of a clock in microseconds
 *
 * Counts a frame that passed.
 */
void
overlay_meter_count_frame (OverlayMeter *self, gint64 now)
{
  /* another clock may be behind the one before */
  if (!self->started || now < self->start[1]) {
    self->started = TRUE;
    self->start[0] = self->start[1] = now;
    self->n_frames[0] = self->n_frames[1] = 0;
    return;
  }

  self->n_frames[1]++;
  if (now - self->start[1] < STEP)
    return;

  g_snprintf (self->rate, sizeof (self->rate), "%.1f frames/s",
      (gdouble) (self->n_frames[0] + self->n_frames[1]) * G_USEC_PER_SEC
          / (now - self->start[0]));
  self->serial++;
  if (self->n_inferences > 0)
    show_inference (self);

  self->start[0] = self->start[1];
  self->n_frames[0] = self->n_frames[1];
  self->start[1] = now;
  self->n_frames[1] = 0;
  self->inference_sum = 0;
  self->n_inferences = 0;
}

/**
 * overlay_meter_count_inference:
 * @duration: how long it took
 *
 * Counts an inference. The first one is shown at once.
 */
void
overlay_meter_count_inference (OverlayMeter *self, GstClockTime duration)
{
  self->inference_sum += duration;
  self->n_inferences++;
  if (self->inference[0] == '\0')
    show_inference (self);
}
