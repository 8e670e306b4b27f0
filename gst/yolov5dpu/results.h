/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The way of a frame out: what was found in it is attached to it, or, where it
 * is not to wait for that, to one after it. */

#pragma once

#include "session.h"
#include "timing.h"

G_BEGIN_DECLS

/**
 * GstYolov5Results:
 *
 * Of the source pad's task.
 */
typedef struct {
  /*< private >*/
  GstElement *element;
  GstPad *srcpad;
  GstYolov5Session *session;
  GstYolov5Timing *timing;
  /* when the last frame could be pushed */
  GstClockTime last_ready;
} GstYolov5Results;

void gst_yolov5_results_init (GstYolov5Results *self, GstElement *element,
    GstPad *srcpad, GstYolov5Session *session, GstYolov5Timing *timing);
void gst_yolov5_results_reset (GstYolov5Results *self);
GstFlowReturn gst_yolov5_results_finish (
    GstYolov5Results *self, GstBuffer **buffer, GstYolov5Slot *slot);

G_END_DECLS
