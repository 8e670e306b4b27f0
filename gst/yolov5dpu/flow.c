/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "flow.h"

/**
 * gst_yolov5_flow_set:
 * @result: what downstream, or the work, says
 */
void
gst_yolov5_flow_set (GstYolov5Flow *self, GstFlowReturn result)
{
  self->result = result;
  if (result == GST_FLOW_OK)
    self->work_failed = FALSE;
}

/**
 * gst_yolov5_flow_restart:
 *
 * Buffers may follow an end.
 */
void
gst_yolov5_flow_restart (GstYolov5Flow *self)
{
  self->eos = FALSE;
  self->unexpected = FALSE;
}

/**
 * gst_yolov5_flow_add_event:
 * @type: of an event that was taken
 */
void
gst_yolov5_flow_add_event (GstYolov5Flow *self, GstEventType type)
{
  if (type == GST_EVENT_EOS)
    self->eos = TRUE;
  else if (type == GST_EVENT_SEGMENT)
    self->unexpected = FALSE;
}

/**
 * gst_yolov5_flow_check_buffer:
 *
 * Returns: %GST_FLOW_OK where a buffer may come, else why not
 */
GstFlowReturn
gst_yolov5_flow_check_buffer (const GstYolov5Flow *self)
{
  if (self->result == GST_FLOW_OK && (self->eos || self->unexpected))
    return GST_FLOW_EOS;
  return self->result;
}

/**
 * gst_yolov5_event_type_restarts:
 *
 * Returns: whether buffers may follow again that follow such an event
 */
gboolean
gst_yolov5_event_type_restarts (GstEventType type)
{
  return type == GST_EVENT_STREAM_START || type == GST_EVENT_SEGMENT;
}

/**
 * gst_yolov5_flow_check_event:
 * @type: of a serialized event
 *
 * Sticky events are taken in spite of an error: what matters of them shows in the
 * data flow, except for EOS, which no data follow.
 *
 * Returns: %GST_FLOW_OK where the event may come, else why not
 */
GstFlowReturn
gst_yolov5_flow_check_event (const GstYolov5Flow *self, GstEventType type)
{
  gboolean is_sticky = gst_event_type_get_flags (type) & GST_EVENT_TYPE_STICKY;

  if (gst_yolov5_event_type_restarts (type))
    return GST_FLOW_OK;
  if (self->result != GST_FLOW_OK && (!is_sticky || type == GST_EVENT_EOS))
    return self->result;
  return self->eos ? GST_FLOW_EOS : GST_FLOW_OK;
}

/**
 * gst_yolov5_flow_is_silent_failure:
 *
 * Returns: whether nobody has posted yet that, and why, nothing flows
 */
gboolean
gst_yolov5_flow_is_silent_failure (const GstYolov5Flow *self)
{
  return !self->work_failed
         && (self->result == GST_FLOW_NOT_LINKED
             || self->result < GST_FLOW_EOS);
}
