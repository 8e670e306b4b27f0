/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Detections as buffer metadata, in the forms other elements read: regions of
 * interest in DL Streamer's contract, and GstAnalytics where there is one. */

#pragma once

#include <gst/video/video.h>

G_BEGIN_DECLS

/**
 * GstYolov5Detection:
 * @label: the class as a quark
 * @label_id: the class as a number, or -1 when the attaching element gave none
 * @confidence: 0..1, or a negative number when the attaching element gave none
 * @x: left edge in frame pixels
 * @id: of the region of interest and of the object detection; once attached, and
 *   when collected
 * @mark: when collected, the place of the inference mark that lists it among
 *   the marks of the buffer, or -1
 *
 * A box on a video frame. When attached, @x and @y lie inside the frame and
 * the box does not reach beyond it.
 */
typedef struct {
  GQuark label;
  gint label_id;
  gdouble confidence;
  gdouble x;
  gdouble y;
  gdouble width;
  gdouble height;
  gint id;
  gint mark;
} GstYolov5Detection;

void gst_yolov5_detection_get_pixels (const GstYolov5Detection *self,
    const GstVideoInfo *info, GstVideoRectangle *box);
void gst_yolov5_detections_attach (GstBuffer *buffer, const GstVideoInfo *info,
    GstYolov5Detection *detections, guint n_detections, gboolean regions);
void gst_yolov5_detections_collect (GstBuffer *buffer, GArray *detections);

G_END_DECLS
