/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* One frame of a camera and what was detected in it, as read from the buffer
 * that carries both, so that they belong together. */

#pragma once

#include <gst/gst.h>
#include <json-glib/json-glib.h>

typedef struct {
  GQuark label;
  /* -1 where the detector gave none */
  gint label_id;
  gdouble confidence;
  gint x, y, width, height;
  /* of yolov5track; 0 where it is not tracked */
  gint64 id;
  gboolean predicted;
} ViewDetection;

typedef struct {
  gint ref_count;
  guint camera;
  /* frames of the camera, from 1 */
  guint64 number;
  GstClockTime pts;
  /* when it came to the detector's sink pad, monotonic microseconds */
  gint64 arrived;
  gint width, height;
  gboolean inferred;
  /* nanoseconds, as in docs/metadata.md */
  guint64 inference_time, lag;
  /* of ViewDetections */
  GArray *detections;
  /* of GstStructures: what yolov5zones has counted so far */
  GPtrArray *places;
  GstSample *picture;
} ViewFrame;

ViewFrame *view_frame_new (guint camera, guint64 number, GstSample *sample);
ViewFrame *view_frame_ref (ViewFrame *self);
void view_frame_unref (ViewFrame *self);
void view_frame_add_json (const ViewFrame *self, JsonBuilder *builder);

GstBuffer *view_frame_stamp (GstBuffer *buffer, gint64 now);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ViewFrame, view_frame_unref)
