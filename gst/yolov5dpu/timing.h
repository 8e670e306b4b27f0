/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* How fast frames come, and how long they spend inside: what LATENCY queries,
 * late frames and live streams need, and the counts of the property "stats". */

#pragma once

#include <gst/video/video.h>

#include "schedule.h"
#include "statistics.h"

G_BEGIN_DECLS

/**
 * GstYolov5Timing:
 *
 * All of it is under the element's object lock, which the functions take.
 */
typedef struct {
  /*< private >*/
  GstElement *element;
  GstYolov5Stats stats;
  GstYolov5Latency latency;
  GstYolov5Qos qos;
  GstYolov5Throttle throttle;
  gboolean live;
  GstClockTime frame_duration;
} GstYolov5Timing;

void gst_yolov5_timing_init (GstYolov5Timing *self, GstElement *element);
void gst_yolov5_timing_reset (
    GstYolov5Timing *self, guint n_slots, GstClockTime warm_up_time);

void gst_yolov5_timing_find_liveness (GstYolov5Timing *self, GstPad *sinkpad);
gboolean gst_yolov5_timing_is_live (GstYolov5Timing *self);
void gst_yolov5_timing_set_frame_duration (
    GstYolov5Timing *self, const GstVideoInfo *info);
void gst_yolov5_timing_reset_qos (GstYolov5Timing *self);
void gst_yolov5_timing_update_qos (GstYolov5Timing *self, GstEvent *event);
gboolean gst_yolov5_timing_is_late (
    GstYolov5Timing *self, const GstSegment *segment, GstBuffer *buffer);
guint gst_yolov5_timing_get_most_in_model (GstYolov5Timing *self);

void gst_yolov5_timing_count_frame (GstYolov5Timing *self);
void gst_yolov5_timing_count_skipped (GstYolov5Timing *self, gboolean late);
gboolean gst_yolov5_timing_add_inference (GstYolov5Timing *self,
    const GstYolov5Slot *slot, GstClockTime total, GstClockTime lag);
gboolean gst_yolov5_timing_add_time_inside (
    GstYolov5Timing *self, GstClockTime spent);
void gst_yolov5_timing_post_latency (GstYolov5Timing *self);
gboolean gst_yolov5_timing_answer_latency (GstYolov5Timing *self,
    GstPad *sinkpad, GstQuery *query, guint n_slots, gboolean hurries);
GstStructure *gst_yolov5_timing_get_stats (GstYolov5Timing *self);

G_END_DECLS
