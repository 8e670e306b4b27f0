/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* How long frames stay inside, for LATENCY queries, and which frames come too
 * late for downstream, as QoS events tell. */

#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_YOLOV5_MAX_TIMES 500
#define GST_YOLOV5_LATENCY_WINDOW 64

GstClockTime gst_yolov5_find_percentile (
    const GstClockTime *times, guint n_times, guint percent);

/**
 * GstYolov5Latency:
 * @reported: what LATENCY queries are answered with
 *
 * What is known of the time that frames spend inside.
 */
typedef struct {
  GstClockTime reported;

  /*< private >*/
  GstClockTime spent[GST_YOLOV5_LATENCY_WINDOW];
  guint n_spent;
  guint next;
} GstYolov5Latency;

void gst_yolov5_latency_reset (
    GstYolov5Latency *self, GstClockTime first_guess);
gboolean gst_yolov5_latency_add (GstYolov5Latency *self, GstClockTime spent);
void gst_yolov5_latency_answer (const GstYolov5Latency *self, GstQuery *query,
    guint n_slots, GstClockTime frame_duration);

/**
 * GstYolov5Qos:
 * @earliest: running time up to which frames come too late, or
 *   %GST_CLOCK_TIME_NONE
 */
typedef struct {
  GstClockTime earliest;
} GstYolov5Qos;

void gst_yolov5_qos_reset (GstYolov5Qos *self);
void gst_yolov5_qos_update (GstYolov5Qos *self, GstEvent *event);
gboolean gst_yolov5_qos_is_late (
    const GstYolov5Qos *self, const GstSegment *segment, GstBuffer *buffer);

G_END_DECLS
