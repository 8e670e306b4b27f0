/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* An opened model, and what it asks of frames and slots. */

#pragma once

#include "gstyolov5settings.h"
#include "letterbox/letterbox.h"

G_BEGIN_DECLS

/**
 * GstYolov5Detector:
 * @dpu: the model's tensors, for runners
 * @yolov5: what these tensors mean
 *
 * An opened model. Nothing in it changes until it is freed. Other elements may
 * share @dpu.
 */
typedef struct {
  DpuModel *dpu;
  Yolov5Model *yolov5;
  guint max_in_flight;
  guint cpu_threads;
} GstYolov5Detector;

/**
 * GstYolov5FrameFormat:
 *
 * What follows from the caps of a frame. Reference counted, as frames of the
 * old caps may still be in flight when new caps come.
 */
typedef struct {
  GstVideoInfo info;
  Letterbox *letterbox;
} GstYolov5FrameFormat;

GstYolov5Detector *gst_yolov5_detector_open (
    const GstYolov5Settings *settings, GError **error);
void gst_yolov5_detector_free (GstYolov5Detector *self);
void gst_yolov5_detector_choose_slots (
    const GstYolov5Detector *self, guint *n_slots, guint *cpu_threads);

GstYolov5FrameFormat *gst_yolov5_frame_format_new (
    const GstYolov5Detector *detector, const GstVideoInfo *info,
    GError **error);
void gst_yolov5_frame_format_find_limits (const GstYolov5FrameFormat *self,
    guint min_size, guint max_size, Yolov5SizeLimits *limits);
GstYolov5FrameFormat *gst_yolov5_frame_format_ref (GstYolov5FrameFormat *self);
void gst_yolov5_frame_format_unref (GstYolov5FrameFormat *self);

G_END_DECLS
