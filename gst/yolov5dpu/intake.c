/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "intake.h"

GST_DEBUG_CATEGORY_EXTERN (gst_yolov5_dpu_debug);
#define GST_CAT_DEFAULT gst_yolov5_dpu_debug

/* no frame went through the model yet, so the next one is due */
#define NONE_INFERRED G_MAXUINT

/* what is to happen with one frame */
typedef struct {
  Yolov5Parameters parameters;
  Yolov5ClassRules *class_rules;
  guint min_box_size;
  guint max_box_size;
  guint inference_interval;
  gboolean late;
  /* whether to wait for a slot, and how many frames may be in the model */
  gboolean wait;
  guint most_in_model;
  /* whether not to wait long for the results of other frames either */
  gboolean hurry;
} FrameSettings;

/**
 * gst_yolov5_intake_init:
 * @element: the element
 * @session: has the slots and the settings
 * @stream: what frames are
 * @timing: which of them come too late, and how many may be in the model
 * @fifo: where they all go
 *
 * Everything is borrowed.
 */
void
gst_yolov5_intake_init (GstYolov5Intake *self, GstElement *element,
    GstYolov5Session *session, GstYolov5Stream *stream, GstYolov5Timing *timing,
    GstYolov5Fifo *fifo)
{
  self->element = element;
  self->session = session;
  self->stream = stream;
  self->timing = timing;
  self->fifo = fifo;
}

/**
 * gst_yolov5_intake_reset:
 *
 * Nothing has come yet.
 */
void
gst_yolov5_intake_reset (GstYolov5Intake *self)
{
  self->n_frames = 0;
  self->n_passed = NONE_INFERRED;
}

/**
 * gst_yolov5_intake_start_anew:
 *
 * What was known of the stream does not hold for what follows.
 */
void
gst_yolov5_intake_start_anew (GstYolov5Intake *self)
{
  self->n_passed = NONE_INFERRED;
  gst_yolov5_timing_reset_qos (self->timing);
}

static void
get_frame_settings (
    GstYolov5Intake *self, GstBuffer *buffer, FrameSettings *settings)
{
  const GstYolov5Settings *wanted = &self->session->settings;
  gboolean live = gst_yolov5_timing_is_live (self->timing);
  gboolean late =
      gst_yolov5_timing_is_late (self->timing, &self->stream->segment, buffer);
  guint most = gst_yolov5_timing_get_most_in_model (self->timing);

  GST_OBJECT_LOCK (self->element);
  gst_yolov5_settings_get_parameters (wanted, &settings->parameters);
  settings->class_rules = wanted->class_rules;
  if (settings->class_rules)
    yolov5_class_rules_ref (settings->class_rules);
  settings->min_box_size = wanted->min_box_size;
  settings->max_box_size = wanted->max_box_size;
  settings->inference_interval = wanted->inference_interval;
  settings->hurry = live && wanted->no_block == GST_YOLOV5_DPU_NO_BLOCK_AUTO;
  settings->wait =
      !settings->hurry && wanted->no_block != GST_YOLOV5_DPU_NO_BLOCK_TRUE;
  settings->most_in_model = settings->hurry ? most : G_MAXUINT;
  settings->late = late && wanted->qos;
  GST_OBJECT_UNLOCK (self->element);
}

static void
clear_frame_settings (FrameSettings *settings)
{
  g_clear_pointer (&settings->class_rules, yolov5_class_rules_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (FrameSettings, clear_frame_settings)

static void
count_skipped (GstYolov5Intake *self, GstBuffer *buffer, gboolean late,
    const gchar *reason)
{
  GST_LOG_OBJECT (self->element,
      "frame %" G_GUINT64_FORMAT " at %" GST_TIME_FORMAT
      " passes without inference: %s",
      self->n_frames, GST_TIME_ARGS (GST_BUFFER_PTS (buffer)), reason);
  if (self->n_passed < NONE_INFERRED)
    self->n_passed++;
  gst_yolov5_timing_count_skipped (self->timing, late);
}

/* A frame that is due but cannot go through the model leaves it to the next.
 * Returns GST_FLOW_OK without a slot when the frame is to pass. */
static GstFlowReturn
find_slot (GstYolov5Intake *self, GstBuffer *buffer,
    const FrameSettings *settings, GstYolov5Slot **slot)
{
  GstFlowReturn flow = GST_FLOW_OK;

  *slot = NULL;
  if (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_GAP)) {
    count_skipped (self, buffer, FALSE, "it is a gap");
  } else if (self->n_passed < settings->inference_interval - 1) {
    count_skipped (self, buffer, FALSE, "it is not due");
  } else if (settings->late) {
    count_skipped (self, buffer, TRUE, "it is too late");
  } else {
    *slot = gst_yolov5_slot_pool_acquire (
        self->session->slots, settings->most_in_model, settings->wait);
    if (*slot) {
      self->n_passed = 0;
      return GST_FLOW_OK;
    }
    flow = gst_yolov5_fifo_get_flow (self->fifo);
    if (flow == GST_FLOW_OK && !settings->wait)
      count_skipped (self, buffer, FALSE, "the device is busy");
    else if (flow == GST_FLOW_OK)
      flow = GST_FLOW_FLUSHING;
  }
  return flow;
}

static gboolean
fill_slot (GstYolov5Intake *self, GstYolov5Slot *slot, GstBuffer *buffer,
    FrameSettings *settings)
{
  GstVideoFrame frame;

  slot->frame = self->n_frames;
  slot->arrival = gst_util_get_timestamp ();
  slot->timestamp = GST_BUFFER_PTS (buffer);
  slot->duration = GST_BUFFER_DURATION (buffer);
  if (!gst_yolov5_stream_map_frame (self->stream, buffer, &frame))
    return FALSE;

  gst_yolov5_slot_write_frame (slot, self->stream->format, &frame);
  gst_video_frame_unmap (&frame);
  gst_yolov5_frame_format_find_limits (self->stream->format,
      settings->min_box_size, settings->max_box_size,
      &settings->parameters.size_limits);
  gst_yolov5_slot_set_parameters (
      slot, &settings->parameters, settings->class_rules);
  GST_LOG_OBJECT (self->element,
      "frame %" G_GUINT64_FORMAT " at %" GST_TIME_FORMAT
      " goes through the model in slot %u",
      slot->frame, GST_TIME_ARGS (GST_BUFFER_PTS (buffer)), slot->index);
  gst_yolov5_slot_submit (slot);
  return TRUE;
}

/**
 * gst_yolov5_intake_take:
 * @buffer: (transfer full): a frame
 *
 * Sends it on its way, through the model or past it. Posts what is wrong.
 *
 * Returns: for the pad's chain function
 */
GstFlowReturn
gst_yolov5_intake_take (GstYolov5Intake *self, GstBuffer *buffer)
{
  GstFlowReturn flow = gst_yolov5_fifo_get_flow (self->fifo);
  g_auto (FrameSettings) settings = { { 0 } };
  GstYolov5Slot *slot = NULL;

  GST_LOG_OBJECT (self->element,
      "frame %" G_GUINT64_FORMAT " is %" GST_PTR_FORMAT, self->n_frames,
      buffer);
  gst_yolov5_stream_sync_properties (self->stream, buffer);
  if (flow == GST_FLOW_OK && !self->stream->format)
    flow = GST_FLOW_NOT_NEGOTIATED;
  if (flow == GST_FLOW_OK) {
    get_frame_settings (self, buffer, &settings);
    flow = find_slot (self, buffer, &settings, &slot);
  }
  if (slot && !fill_slot (self, slot, buffer, &settings)) {
    gst_yolov5_slot_release (slot);
    flow = GST_FLOW_ERROR;
  }
  if (flow != GST_FLOW_OK) {
    GST_DEBUG_OBJECT (self->element, "refusing %" GST_PTR_FORMAT ": %s", buffer,
        gst_flow_get_name (flow));
    gst_buffer_unref (buffer);
    return flow;
  }

  self->n_frames++;
  return gst_yolov5_fifo_push_buffer (self->fifo, buffer, slot, settings.hurry);
}
