/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Buffers with work attached, serialized events and queries, in order from the
 * sink pad to the source pad. */

#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/**
 * GstYolov5FifoCallbacks:
 * @set_flushing: nobody may wait for work any more, or may again; any thread,
 *   with the FIFO's lock held
 * @finish: waits for @job, applies it to @buffer and gives @job back; %NULL if
 *   there is no work. In the source pad's task. Other than %GST_FLOW_OK and
 *   %GST_FLOW_FLUSHING it returns only after it posted an error message
 * @hurry: whether buffers pile up behind the one that is being finished, which
 *   may end without its work then; the sink pad's streaming thread, with the
 *   FIFO's lock held
 * @discard: gives @job back unfinished; any thread, with the FIFO's lock held
 *
 * What the element knows about the work attached to buffers.
 */
typedef struct {
  void (*set_flushing) (GstElement *element, gboolean flushing);
  GstFlowReturn (*finish) (
      GstElement *element, GstBuffer **buffer, gpointer job);
  void (*hurry) (GstElement *element, gboolean hurry);
  void (*discard) (GstElement *element, gpointer job);
} GstYolov5FifoCallbacks;

/* Buffers without work that may be inside before the next has to wait: half a
 * second of a camera's, longer than any model takes that is fit for a camera.
 * More would only cost memory, 3 MB each with 1080p. */
#define GST_YOLOV5_FIFO_MAX_PASSING 16

typedef struct _GstYolov5Fifo GstYolov5Fifo;

GstYolov5Fifo *gst_yolov5_fifo_new (GstElement *element, GstPad *sinkpad,
    GstPad *srcpad, const GstYolov5FifoCallbacks *callbacks);
void gst_yolov5_fifo_free (GstYolov5Fifo *self);

GstFlowReturn gst_yolov5_fifo_get_flow (GstYolov5Fifo *self);
GstFlowReturn gst_yolov5_fifo_push_buffer (
    GstYolov5Fifo *self, GstBuffer *buffer, gpointer job, gboolean hurry);
GstFlowReturn gst_yolov5_fifo_sink_event (GstYolov5Fifo *self, GstEvent *event);
gboolean gst_yolov5_fifo_sink_query (GstYolov5Fifo *self, GstQuery *query);
gboolean gst_yolov5_fifo_src_event (GstYolov5Fifo *self, GstEvent *event);
gboolean gst_yolov5_fifo_sink_activate (GstYolov5Fifo *self, gboolean active);
gboolean gst_yolov5_fifo_src_activate (GstYolov5Fifo *self, gboolean active);

G_END_DECLS
