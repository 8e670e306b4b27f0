/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The mark of frames that went through the model: with it, a frame in which
 * nothing was found differs from one that nobody looked at. */

#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* name of the #GstCustomMeta and of the structure in it */
#define GST_INFERENCE_META_NAME "yolov5dpu-inference"

/**
 * GstInference:
 * @frame: number of the frame since the element started, from 0; frames that
 *   passed without inference count, too
 * @n_detections: how many detections were attached or could have been
 * @letterbox_time: time to write the frame into the model's input
 * @inference_time: time to execute the model, with the wait for the DPU
 * @postprocess_time: time to decode the heads
 *
 * What is known of a frame that went through the model.
 */
typedef struct {
  guint64 frame;
  guint n_detections;
  GstClockTime letterbox_time;
  GstClockTime inference_time;
  GstClockTime postprocess_time;
} GstInference;

void gst_inference_meta_register (void);
void gst_buffer_attach_inference (
    GstBuffer *buffer, const GstInference *inference);
gboolean gst_buffer_get_inference (GstBuffer *buffer, GstInference *inference);

G_END_DECLS
