/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What a tracker knows of detections, as buffer metadata: which object each is,
 * and whether it was found on this frame or is expected there. */

#pragma once

#include "detections.h"

G_BEGIN_DECLS

/* name of the #GstCustomMeta and of the structure in it */
#define GST_YOLOV5_TRACKS_META_NAME "yolov5dpu-tracks"

/**
 * GstYolov5TrackedObject:
 * @id: from 1, or 0 where no tracker knows the object
 * @is_predicted: nobody looked at this frame: the box is where a tracker expects
 *   the object
 * @age: nanoseconds since it was found first, or %GST_CLOCK_TIME_NONE
 * @label: what it was taken for most; one of its detections may say otherwise
 *
 * The object that a detection is of.
 */
typedef struct {
  guint64 id;
  gboolean is_predicted;
  GstClockTime age;
  GQuark label;
} GstYolov5TrackedObject;

void gst_yolov5_tracks_register (void);
void gst_yolov5_tracks_attach (GstBuffer *buffer,
    GstYolov5Detection *detections, const GstYolov5TrackedObject *tracks,
    guint n_detections);
void gst_yolov5_tracks_collect (GstBuffer *buffer,
    GstYolov5Detection *detections, GstYolov5TrackedObject *tracks,
    guint n_detections);

G_END_DECLS
