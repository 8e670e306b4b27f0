/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What the detector says of frames, on buffers and on the bus, and its errors. */

#pragma once

#include "metadata/inference.h"
#include "slot.h"

G_BEGIN_DECLS

/**
 * gst_yolov5_post_error:
 * @element: whose message it is
 * @error: what went wrong, as a sentence
 *
 * Posts @error on the bus, its sentence as the message applications show, with
 * the place in the code that reports it.
 */
#define gst_yolov5_post_error(element, error)                                  \
  gst_yolov5_post_error_from (element, error, __FILE__, GST_FUNCTION, __LINE__)

void gst_yolov5_post_error_from (GstElement *element, const GError *error,
    const gchar *file, const gchar *function, gint line);
GstBuffer *gst_yolov5_attach_results (GstBuffer *buffer,
    const GstYolov5Slot *slot, GstYolov5Inference mark, gboolean regions);
GstClockTime gst_yolov5_find_lag (
    GstPad *srcpad, GstBuffer *buffer, const GstYolov5Slot *slot);
void gst_yolov5_post_detections (
    GstElement *element, GstPad *srcpad, const GstYolov5Slot *slot);

G_END_DECLS
