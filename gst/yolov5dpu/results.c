/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "results.h"

#include "messages.h"

GST_DEBUG_CATEGORY_EXTERN (gst_yolov5_dpu_debug);
#define GST_CAT_DEFAULT gst_yolov5_dpu_debug
GST_DEBUG_CATEGORY_EXTERN (gst_yolov5_dpu_performance_debug);
#define CAT_PERFORMANCE gst_yolov5_dpu_performance_debug

/**
 * gst_yolov5_results_init:
 * @element: the element
 * @srcpad: where frames leave
 * @session: has the slots and the settings
 * @timing: learns how long frames were inside
 *
 * Everything is borrowed.
 */
void
gst_yolov5_results_init (GstYolov5Results *self, GstElement *element,
    GstPad *srcpad, GstYolov5Session *session, GstYolov5Timing *timing)
{
  self->element = element;
  self->srcpad = srcpad;
  self->session = session;
  self->timing = timing;
}

/**
 * gst_yolov5_results_reset:
 *
 * Nothing has left yet.
 */
void
gst_yolov5_results_reset (GstYolov5Results *self)
{
  self->last_ready = 0;
}

/* Frames are pushed in order: one is ready when it is done itself and all before
 * it are ready. What downstream takes to accept them is not counted. @lag is 0
 * unless @buffer is a later frame than the one in @slot. */
static void
finish_inference (GstYolov5Results *self, GstBuffer **buffer,
    const GstYolov5Slot *slot, GstClockTime lag)
{
  GstYolov5Inference mark = {
    .element = self->session->name, .path = self->session->path, .lag = lag
  };
  gboolean post_messages, attach_regions, latency_changed;
  GstClockTime total;

  self->last_ready = MAX (self->last_ready, slot->done);
  total = self->last_ready - slot->arrival;

  latency_changed =
      gst_yolov5_timing_add_inference (self->timing, slot, total, lag);
  GST_OBJECT_LOCK (self->element);
  post_messages = self->session->settings.post_messages;
  attach_regions = self->session->settings.attach_roi_meta;
  GST_OBJECT_UNLOCK (self->element);

  GST_LOG_OBJECT (self->element,
      "frame %" G_GUINT64_FORMAT
      " has %u detections; letterbox %" GST_TIME_FORMAT
      ", inference %" GST_TIME_FORMAT ", postprocess %" GST_TIME_FORMAT
      ", in all %" GST_TIME_FORMAT,
      slot->frame, slot->detections->len, GST_TIME_ARGS (slot->letterbox_time),
      GST_TIME_ARGS (slot->inference_time),
      GST_TIME_ARGS (slot->postprocess_time), GST_TIME_ARGS (total));
  *buffer = gst_yolov5_attach_results (*buffer, slot, mark, attach_regions);
  if (post_messages)
    gst_yolov5_post_detections (self->element, self->srcpad, slot);
  if (latency_changed)
    gst_yolov5_timing_post_latency (self->timing);
}

/* frames pile up behind this one: it goes as one that nobody looked at */
static void
leave_results_behind (GstYolov5Results *self, const GstYolov5Slot *slot)
{
  GstClockTime spent = gst_util_get_timestamp () - slot->arrival;

  GST_CAT_LOG_OBJECT (CAT_PERFORMANCE, self->element,
      "frame %" G_GUINT64_FORMAT " leaves before its results, after "
      "%" GST_TIME_FORMAT,
      slot->frame, GST_TIME_ARGS (spent));
  if (gst_yolov5_timing_add_time_inside (self->timing, spent))
    gst_yolov5_timing_post_latency (self->timing);
}

/* results of a frame that left before them go with this one */
static GstFlowReturn
attach_delayed (GstYolov5Results *self, GstBuffer **buffer)
{
  GstYolov5Slot *slot =
      gst_yolov5_slot_pool_take_delayed (self->session->slots);
  GstFlowReturn flow = GST_FLOW_OK;
  GstClockTime lag;

  if (!slot)
    return GST_FLOW_OK;
  if (slot->error) {
    gst_yolov5_post_error (self->element, slot->error);
    flow = GST_FLOW_ERROR;
  } else if ((lag = gst_yolov5_find_lag (self->srcpad, *buffer, slot)) > 0) {
    finish_inference (self, buffer, slot, lag);
  } else {
    GST_DEBUG_OBJECT (self->element,
        "the results of frame %" G_GUINT64_FORMAT
        " do not fit the frames that came since",
        slot->frame);
  }
  gst_yolov5_slot_release (slot);
  return flow;
}

/**
 * gst_yolov5_results_finish:
 * @buffer: (inout): a frame that is to leave
 * @slot: (transfer full) (nullable): where it went through the model
 *
 * Waits for what was found in the frame and attaches it. Posts what is wrong.
 *
 * Returns: whether the frame may leave; it stays the caller's
 */
GstFlowReturn
gst_yolov5_results_finish (
    GstYolov5Results *self, GstBuffer **buffer, GstYolov5Slot *slot)
{
  GstFlowReturn flow = GST_FLOW_OK;

  if (!slot) {
    flow = attach_delayed (self, buffer);
  } else {
    switch (gst_yolov5_slot_wait (slot)) {
      case GST_YOLOV5_SLOT_DELAYED:
        leave_results_behind (self, slot);
        slot = NULL;
        break;
      case GST_YOLOV5_SLOT_FLUSHING:
        flow = GST_FLOW_FLUSHING;
        break;
      case GST_YOLOV5_SLOT_DONE:
        if (slot->error) {
          gst_yolov5_post_error (self->element, slot->error);
          flow = GST_FLOW_ERROR;
        } else {
          finish_inference (self, buffer, slot, 0);
        }
        break;
    }
  }
  if (slot)
    gst_yolov5_slot_release (slot);

  if (flow == GST_FLOW_OK)
    gst_yolov5_timing_count_frame (self->timing);
  return flow;
}
