/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The mark of frames that went through the model: with it, a frame in which
 * nothing was found differs from one that nobody looked at. A buffer has one of
 * each element that looked. */

#pragma once

#include "detections.h"

G_BEGIN_DECLS

/* name of the #GstCustomMeta and of the structure in it */
#define GST_YOLOV5_INFERENCE_META_NAME "yolov5dpu-inference"

/**
 * GstYolov5Inference:
 * @frame: number of the frame since the element started, from 0; frames that
 *   passed without inference count, too
 * @n_detections: how many detections were attached or could have been
 * @letterbox_time: time to write the frame into the model's input
 * @inference_time: time to execute the model, with the wait for the DPU
 * @postprocess_time: time to decode the heads
 * @lag: how much older the frame is that went through the model, 0 where it is
 *   this one
 * @element: (nullable): name of the element
 * @path: (nullable): path of the element, which no other one has
 *
 * What is known of a frame that went through the model. Live streams do not wait
 * for a slow device: the results of one frame go with a later one then. When read,
 * the strings are the buffer's.
 */
typedef struct {
  guint64 frame;
  guint n_detections;
  GstClockTime letterbox_time;
  GstClockTime inference_time;
  GstClockTime postprocess_time;
  GstClockTime lag;
  const gchar *element;
  const gchar *path;

  /*< private >*/
  const GstStructure *structure;
} GstYolov5Inference;

void gst_yolov5_inference_register (void);
void gst_yolov5_inference_attach (GstBuffer *buffer,
    const GstYolov5Inference *inference, const GstYolov5Detection *detections,
    guint n_detections);
gboolean gst_yolov5_inference_read (
    GstBuffer *buffer, GstYolov5Inference *inference);
gboolean gst_yolov5_inference_iterate (
    GstBuffer *buffer, gpointer *state, GstYolov5Inference *inference);
guint gst_yolov5_inference_get_n_listed (const GstYolov5Inference *inference);
void gst_yolov5_inference_get_listed (const GstYolov5Inference *inference,
    guint index, GstYolov5Detection *detection);
void gst_yolov5_inference_restore (const GstYolov5Inference *inference,
    gint mark, GstYolov5Detection *detections, guint n_detections);

G_END_DECLS
