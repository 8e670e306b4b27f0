/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What the detector did and how long it took, for its property "stats". */

#pragma once

#include "gstyolov5slot.h"

G_BEGIN_DECLS

/**
 * GstYolov5Stats:
 *
 * Sums since the element started. Times are those of each stage, added up over
 * all slots, so stages that run side by side add up to more than has passed.
 */
typedef struct {
  guint64 frames;
  guint64 inferences;
  guint64 detections;
  GstClockTime letterbox_time;
  GstClockTime inference_time;
  GstClockTime postprocess_time;
  GstClockTime first_frame;
  GstClockTime last_frame;
} GstYolov5Stats;

void gst_yolov5_stats_reset (GstYolov5Stats *self);
void gst_yolov5_stats_add (GstYolov5Stats *self, const GstYolov5Slot *slot);
GstStructure *gst_yolov5_stats_to_structure (const GstYolov5Stats *self);

G_END_DECLS
