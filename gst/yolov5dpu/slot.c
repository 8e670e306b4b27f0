/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "slot.h"

GST_DEBUG_CATEGORY_EXTERN (gst_yolov5_dpu_debug);
#define GST_CAT_DEFAULT gst_yolov5_dpu_debug

/**
 * gst_yolov5_slot_init:
 * @slot: a slot of zeros
 * @element: for the log, borrowed
 * @index: which slot it is
 */
void
gst_yolov5_slot_init (GstYolov5Slot *slot, GstElement *element, guint index)
{
  slot->index = index;
  slot->element = element;
  slot->detections = g_array_new (FALSE, FALSE, sizeof (GstYolov5Detection));
}

/**
 * gst_yolov5_slot_clear:
 * @slot: a slot that nobody uses
 */
void
gst_yolov5_slot_clear (GstYolov5Slot *slot)
{
  g_clear_pointer (&slot->runner, gst_yolov5_runner_free);
  g_clear_pointer (&slot->class_rules, yolov5_class_rules_unref);
  g_clear_error (&slot->error);
  g_array_unref (slot->detections);
}

/**
 * gst_yolov5_slot_set_parameters:
 * @slot: an acquired slot, not submitted
 * @parameters: how its heads are to be decoded
 * @class_rules: (nullable): in addition to @parameters
 */
void
gst_yolov5_slot_set_parameters (GstYolov5Slot *slot,
    const Yolov5Parameters *parameters, Yolov5ClassRules *class_rules)
{
  if (slot->class_rules != class_rules) {
    g_clear_pointer (&slot->class_rules, yolov5_class_rules_unref);
    if (class_rules)
      slot->class_rules = yolov5_class_rules_ref (class_rules);
  }
  slot->parameters = *parameters;
  slot->parameters.class_rules = slot->class_rules;
}

/**
 * gst_yolov5_slot_write_frame:
 * @slot: an acquired slot, not submitted
 * @format: caps of the frame
 * @frame: the frame, mapped for reading
 *
 * Letterboxes the frame into the memory that the DPU will read.
 */
void
gst_yolov5_slot_write_frame (GstYolov5Slot *slot, GstYolov5FrameFormat *format,
    const GstVideoFrame *frame)
{
  GstClockTime start = gst_util_get_timestamp ();

  gst_yolov5_runner_write_frame (slot->runner, format, frame);
  slot->format = format;
  slot->letterbox_time = gst_util_get_timestamp () - start;
}

/**
 * gst_yolov5_slot_execute:
 * @slot: a submitted slot
 *
 * Finds out what is in its frame, or why that cannot be said.
 */
void
gst_yolov5_slot_execute (GstYolov5Slot *slot)
{
  GstClockTime start, executed;

  GST_LOG_OBJECT (slot->element, "slot %u executes frame %" G_GUINT64_FORMAT,
      slot->index, slot->frame);
  start = gst_util_get_timestamp ();
  if (!gst_yolov5_runner_execute (slot->runner, &slot->error)) {
    if (!g_error_matches (slot->error, DPU_ERROR, DPU_ERROR_CANCELLED))
      GST_WARNING_OBJECT (
          slot->element, "slot %u: %s", slot->index, slot->error->message);
    g_array_set_size (slot->detections, 0);
    slot->done = gst_util_get_timestamp ();
    return;
  }

  executed = gst_util_get_timestamp ();
  gst_yolov5_runner_decode (slot->runner, &slot->parameters, slot->detections);

  slot->done = gst_util_get_timestamp ();
  slot->inference_time = executed - start;
  slot->postprocess_time = slot->done - executed;
}
