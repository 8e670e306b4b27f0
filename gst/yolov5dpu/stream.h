/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What of the stream matters for each frame of it: its format, its segment, and
 * whether it stands upright. */

#pragma once

#include "frame-format.h"
#include "timing.h"

G_BEGIN_DECLS

/**
 * GstYolov5Stream:
 * @format: (nullable): what follows from the caps
 *
 * Of the sink pad's streaming thread.
 */
typedef struct {
  GstYolov5FrameFormat *format;
  GstSegment segment;

  /*< private >*/
  GstElement *element;
  GstPad *sinkpad;
  GstYolov5Timing *timing;
  gboolean memory_checked;
  /* caps that were an error already, or NULL */
  GstCaps *refused;
  /* it says that its frames do not stand upright, and we have warned */
  gboolean turned;
} GstYolov5Stream;

void gst_yolov5_stream_init (GstYolov5Stream *self, GstElement *element,
    GstPad *sinkpad, GstYolov5Timing *timing);
void gst_yolov5_stream_clear (GstYolov5Stream *self);
void gst_yolov5_stream_reset (GstYolov5Stream *self);

gboolean gst_yolov5_stream_set_caps (
    GstYolov5Stream *self, const GstYolov5OpenedModel *model, GstCaps *caps);
void gst_yolov5_stream_take_event (GstYolov5Stream *self, GstEvent *event);
void gst_yolov5_stream_sync_properties (
    GstYolov5Stream *self, GstBuffer *buffer);
gboolean gst_yolov5_stream_map_frame (
    GstYolov5Stream *self, GstBuffer *buffer, GstVideoFrame *frame);

G_END_DECLS
