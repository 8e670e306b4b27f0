/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Sums over frames, and their averages as a structure. */

#include "gstyolov5stats.h"

#include <string.h>

/**
 * gst_yolov5_stats_reset:
 *
 * Nothing has happened yet.
 */
void
gst_yolov5_stats_reset (GstYolov5Stats *self)
{
  memset (self, 0, sizeof (*self));
  self->first_frame = GST_CLOCK_TIME_NONE;
  self->last_frame = GST_CLOCK_TIME_NONE;
}

/**
 * gst_yolov5_stats_add:
 * @slot: (nullable): the work of the frame that is finished now, or %NULL if it
 *   passes without inference
 */
void
gst_yolov5_stats_add (GstYolov5Stats *self, const GstYolov5Slot *slot)
{
  self->last_frame = gst_util_get_timestamp ();
  if (self->frames++ == 0)
    self->first_frame = self->last_frame;
  if (!slot)
    return;

  self->inferences++;
  self->detections += slot->detections->len;
  self->letterbox_time += slot->letterbox_time;
  self->inference_time += slot->inference_time;
  self->postprocess_time += slot->postprocess_time;
}

/**
 * gst_yolov5_stats_to_structure:
 *
 * Returns: (transfer full): times as averages per inference, frames per second
 *   from the first finished frame to the last one
 */
GstStructure *
gst_yolov5_stats_to_structure (const GstYolov5Stats *self)
{
  guint64 inferences = MAX (self->inferences, 1);
  gdouble fps = 0;

  if (self->last_frame > self->first_frame)
    fps = (self->frames - 1) * (gdouble) GST_SECOND
          / (self->last_frame - self->first_frame);

  /* clang-format off */
  return gst_structure_new ("yolov5dpu-stats",
      "frames", G_TYPE_UINT64, self->frames,
      "inferences", G_TYPE_UINT64, self->inferences,
      "detections", G_TYPE_UINT64, self->detections,
      "letterbox-time", GST_TYPE_CLOCK_TIME, self->letterbox_time / inferences,
      "inference-time", GST_TYPE_CLOCK_TIME, self->inference_time / inferences,
      "postprocess-time", GST_TYPE_CLOCK_TIME,
      self->postprocess_time / inferences,
      "fps", G_TYPE_DOUBLE, fps,
      NULL);
  /* clang-format on */
}
