/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Which frames go through the model, and how many of them at once, so that
 * pictures reach downstream in time. */

#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/**
 * GstYolov5Qos:
 * @earliest: running time up to which frames come too late, or
 *   %GST_CLOCK_TIME_NONE
 *
 * What downstream says about frames that come too late.
 */
typedef struct {
  GstClockTime earliest;
} GstYolov5Qos;

void gst_yolov5_qos_reset (GstYolov5Qos *self);
void gst_yolov5_qos_update (
    GstYolov5Qos *self, GstEvent *event, GstClockTime frame_duration);
gboolean gst_yolov5_qos_is_late (
    const GstYolov5Qos *self, const GstSegment *segment, GstBuffer *buffer);

/**
 * GstYolov5Throttle:
 * @most: how many frames of a live stream may be in the model at once
 *
 * Each frame in the model waits for those before it, while a live stream goes
 * on. Where the device is slow, fewer frames at once are done sooner.
 */
typedef struct {
  guint most;

  /*< private >*/
  guint n_slots;
  guint n_settling;
} GstYolov5Throttle;

void gst_yolov5_throttle_reset (
    GstYolov5Throttle *self, guint n_slots, GstClockTime first_guess);
gboolean gst_yolov5_throttle_add (
    GstYolov5Throttle *self, GstClockTime spent, GstClockTime frame_duration);

G_END_DECLS
