/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What the detector did and how long it took, for its property "stats" and for
 * LATENCY queries. */

#pragma once

#include "slot.h"

G_BEGIN_DECLS

/* how many of the last frames the times are of */
#define GST_YOLOV5_STATS_WINDOW 500
/* ... and how many of them LATENCY queries follow */
#define GST_YOLOV5_LATENCY_WINDOW 64

typedef enum {
  GST_YOLOV5_STAGE_LETTERBOX,
  GST_YOLOV5_STAGE_INFERENCE,
  GST_YOLOV5_STAGE_POSTPROCESS,
  GST_YOLOV5_STAGE_TOTAL,
} GstYolov5Stage;

#define GST_YOLOV5_N_STAGES (GST_YOLOV5_STAGE_TOTAL + 1)

/**
 * GstYolov5Stats:
 * @frames: frames that left the element
 * @inferences: frames of these that went through the model
 * @skipped: frames that did not, for another reason than that they were late
 * @late: frames that did not as they came too late for downstream
 * @delayed: inferences of frames that left before, as a live stream does not
 *   wait for them
 *
 * Counts since the element started, and the times of the last frames. Stages
 * of different frames run side by side, so they add up to more than passes.
 */
typedef struct {
  guint64 frames;
  guint64 inferences;
  guint64 skipped;
  guint64 late;
  guint64 delayed;
  guint64 detections;

  /*< private >*/
  GstClockTime stages[GST_YOLOV5_N_STAGES][GST_YOLOV5_STATS_WINDOW];
  GstClockTime left[GST_YOLOV5_STATS_WINDOW];
} GstYolov5Stats;

void gst_yolov5_stats_install (GObjectClass *object_class, guint prop_id);
void gst_yolov5_stats_reset (GstYolov5Stats *self);
void gst_yolov5_stats_add_frame (GstYolov5Stats *self);
void gst_yolov5_stats_add_inference (
    GstYolov5Stats *self, const GstYolov5Slot *slot, GstClockTime total_time);
GstStructure *gst_yolov5_stats_to_structure (const GstYolov5Stats *self);

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
    guint n_slots, GstClockTime frame_duration, GstClockTime most);

G_END_DECLS
