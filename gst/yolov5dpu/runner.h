/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* A runner of VART, with the letterbox before it and the decoder behind it: what
 * makes detections out of a frame. */

#pragma once

#include "frame-format.h"

G_BEGIN_DECLS

typedef struct _GstYolov5Runner GstYolov5Runner;

GstYolov5Runner *gst_yolov5_runner_new (
    const GstYolov5OpenedModel *model, guint cpu_threads, GError **error);
void gst_yolov5_runner_free (GstYolov5Runner *self);
void gst_yolov5_runner_set_cancelled (
    GstYolov5Runner *self, gboolean cancelled);
void gst_yolov5_runner_interrupt (GstYolov5Runner *self);

void gst_yolov5_runner_write_frame (GstYolov5Runner *self,
    GstYolov5FrameFormat *format, const GstVideoFrame *frame);
gboolean gst_yolov5_runner_execute (GstYolov5Runner *self, GError **error);
void gst_yolov5_runner_decode (GstYolov5Runner *self,
    const Yolov5Parameters *parameters, GArray *detections);

G_END_DECLS
