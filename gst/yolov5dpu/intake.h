/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The way of a frame in: whether it goes through the model, and into which
 * slot. */

#pragma once

#include "fifo.h"
#include "session.h"
#include "stream.h"

G_BEGIN_DECLS

/**
 * GstYolov5Intake:
 *
 * Of the sink pad's streaming thread.
 */
typedef struct {
  /*< private >*/
  GstElement *element;
  GstYolov5Session *session;
  GstYolov5Stream *stream;
  GstYolov5Timing *timing;
  GstYolov5Fifo *fifo;
  guint64 n_frames;
  guint n_passed;
} GstYolov5Intake;

void gst_yolov5_intake_init (GstYolov5Intake *self, GstElement *element,
    GstYolov5Session *session, GstYolov5Stream *stream, GstYolov5Timing *timing,
    GstYolov5Fifo *fifo);
void gst_yolov5_intake_reset (GstYolov5Intake *self);
void gst_yolov5_intake_start_anew (GstYolov5Intake *self);
GstFlowReturn gst_yolov5_intake_take (GstYolov5Intake *self, GstBuffer *buffer);

G_END_DECLS
