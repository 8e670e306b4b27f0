/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The elements before this one that mark the frames they look at. */

#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/**
 * GstYolov5Detector:
 * @name: what lines call it, unlike that of any other
 * @inferred: whether it looked at the current frame; the rest is valid if so
 * @mark: place of its mark among those of the frame
 * @lag: by how much the frame it looked at is older, in nanoseconds
 */
typedef struct {
  gchar *path;
  gchar *name;
  gboolean inferred;
  gint mark;
  GstClockTime inference_time;
  GstClockTime lag;
} GstYolov5Detector;

/**
 * GstYolov5Detectors:
 * @list: (element-type GstYolov5Detector): in the order in which they are known
 */
typedef struct {
  GPtrArray *list;

  /*< private >*/
  GstElement *element;
} GstYolov5Detectors;

void gst_yolov5_detectors_init (GstYolov5Detectors *self, GstElement *element);
void gst_yolov5_detectors_clear (GstYolov5Detectors *self);
void gst_yolov5_detectors_forget (GstYolov5Detectors *self);
GstYolov5Detector *gst_yolov5_detectors_get (
    GstYolov5Detectors *self, const gchar *name, const gchar *path);
void gst_yolov5_detectors_read_marks (
    GstYolov5Detectors *self, GstBuffer *buffer, guint64 *frame);
const GstYolov5Detector *gst_yolov5_detectors_peek (
    const GstYolov5Detectors *self, guint index);

G_END_DECLS
