/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Frames as detectors hand them over, and what a tracker made of them. */

#pragma once

#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>

#include "metadata/inference.h"
#include "metadata/tracks.h"

G_BEGIN_DECLS

#define RIG_WIDTH 640
#define RIG_HEIGHT 480
#define RIG_CAPS "video/x-raw,format=NV12,width=640,height=480,framerate=25/1"
#define RIG_FRAME_TIME (GST_SECOND / 25)
/* pixels that an object moves from frame to frame */
#define RIG_STEP 4
/* Without marks, which came with GStreamer 1.20, nobody knows who looked at a
 * frame that has no detections, nor what trackers say beside the id. */
#define RIG_HAS_MARKS GST_CHECK_VERSION (1, 20, 0)

/**
 * RigBox:
 * @label: NULL ends a list of them
 */
typedef struct {
  const gchar *label;
  gdouble x;
  gdouble y;
  gdouble width;
  gdouble height;
  gdouble confidence;
} RigBox;

/**
 * RigFrame:
 * @buffer: what came out
 * @detections: (element-type GstYolov5Detection): in it
 * @tracks: (element-type GstYolov5TrackedObject): in it
 */
typedef struct {
  GstBuffer *buffer;
  GArray *detections;
  GArray *tracks;
} RigFrame;

GstBuffer *rig_new_frame (guint number);
void rig_look (GstBuffer *buffer, const gchar *detector, GstClockTime lag,
    const RigBox *boxes);
void rig_attach_foreign (GstBuffer *buffer, const RigBox *boxes);

RigFrame *rig_frame_new (GstBuffer *buffer);
void rig_frame_free (RigFrame *self);
guint rig_frame_get_n (const RigFrame *self);
guint rig_frame_get_n_predicted (const RigFrame *self);
guint64 rig_frame_get_id (const RigFrame *self, guint index);
const GstYolov5Detection *rig_frame_get_detection (
    const RigFrame *self, guint index);
const GstYolov5TrackedObject *rig_frame_get_track (
    const RigFrame *self, guint index);
gint rig_frame_get_object_id (const RigFrame *self, guint index);

RigFrame *rig_push (GstHarness *h, GstBuffer *buffer);
RigFrame *rig_push_walker (GstHarness *h, guint number, gboolean look);
guint64 rig_walk (GstHarness *h, guint from, guint to, guint interval);
guint64 rig_get_count (GstElement *tracker, const gchar *field);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RigFrame, rig_frame_free)

G_END_DECLS
