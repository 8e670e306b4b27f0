/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What downstream said, and what follows from it for what comes from upstream:
 * the rules of GStreamer's queue element. */

#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/**
 * GstYolov5Flow:
 * @result: what downstream said last
 * @work_failed: @result comes from the work on a buffer, whose failure was
 *   posted already
 * @eos: an EOS event has come
 * @unexpected: downstream wants no more buffers until the next segment
 */
typedef struct {
  GstFlowReturn result;
  gboolean work_failed;
  gboolean eos;
  gboolean unexpected;
} GstYolov5Flow;

void gst_yolov5_flow_set (GstYolov5Flow *self, GstFlowReturn result);
void gst_yolov5_flow_restart (GstYolov5Flow *self);
void gst_yolov5_flow_add_event (GstYolov5Flow *self, GstEventType type);

GstFlowReturn gst_yolov5_flow_check_buffer (const GstYolov5Flow *self);
GstFlowReturn gst_yolov5_flow_check_event (
    const GstYolov5Flow *self, GstEventType type);
gboolean gst_yolov5_flow_is_silent_failure (const GstYolov5Flow *self);

gboolean gst_yolov5_event_type_restarts (GstEventType type);

G_END_DECLS
