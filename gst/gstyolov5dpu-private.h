/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The detector element as its own files see it. */

#pragma once

#include "gstyolov5detector.h"
#include "gstyolov5dpu.h"
#include "gstyolov5fifo.h"
#include "gstyolov5settings.h"
#include "gstyolov5slot.h"
#include "gstyolov5stats.h"
#include "gstyolov5timing.h"

G_BEGIN_DECLS

/* no frame went through the model yet, so the next one is due */
#define GST_YOLOV5_NONE_INFERRED G_MAXUINT

struct _GstYolov5Dpu {
  GstElement element;

  GstPad *sinkpad;
  GstPad *srcpad;

  /* under the object lock */
  GstYolov5Settings settings;
  /* settings of the READY state are in use and may not change */
  gboolean settings_in_use;
  GstYolov5Stats stats;
  GstYolov5Latency latency;
  GstYolov5Qos qos;
  gboolean live;
  GstClockTime frame_duration;

  GstYolov5Fifo *fifo;
  GstYolov5SlotPool *slots;

  /* from READY to PAUSED and back; changed under the object lock, too */
  GstYolov5Detector *detector;

  /* of the sink pad's streaming thread */
  GstYolov5FrameFormat *format;
  GstSegment segment;
  gboolean memory_checked;
  guint64 n_frames;
  /* frames since one went through the model, or GST_YOLOV5_NONE_INFERRED */
  guint n_passed;

  /* of the source pad's task: when the last frame could be pushed */
  GstClockTime last_ready;
};

gboolean gst_yolov5_frames_set_caps (GstYolov5Dpu *self, GstCaps *caps);
GstFlowReturn gst_yolov5_frames_chain (
    GstPad *pad, GstObject *parent, GstBuffer *buffer);
GstFlowReturn gst_yolov5_frames_finish (
    GstElement *element, GstBuffer **buffer, gpointer job);

G_END_DECLS
