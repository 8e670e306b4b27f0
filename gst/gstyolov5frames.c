/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What happens to a frame: whether it goes through the model, its way into a
 * slot, and what is attached to it when it leaves. */

#include "gstyolov5dpu-private.h"

#include "gstinference.h"
#include "gstyolov5mapping.h"
#include "gstyolov5messages.h"

GST_DEBUG_CATEGORY_EXTERN (gst_yolov5_dpu_debug);
#define GST_CAT_DEFAULT gst_yolov5_dpu_debug
GST_DEBUG_CATEGORY_EXTERN (gst_yolov5_dpu_performance_debug);
#define CAT_PERFORMANCE gst_yolov5_dpu_performance_debug

/* what is to happen with one frame */
typedef struct {
  Yolov5Parameters parameters;
  Yolov5ClassRules *class_rules;
  guint min_box_size;
  guint max_box_size;
  guint inference_interval;
  gboolean no_block;
  gboolean late;
} FrameSettings;

/**
 * gst_yolov5_frames_set_caps:
 * @caps: of the frames to come
 *
 * For the sink pad's streaming thread.
 *
 * Returns: whether there can be frames of @caps; if not, an error was posted
 */
gboolean
gst_yolov5_frames_set_caps (GstYolov5Dpu *self, GstCaps *caps)
{
  GstVideoInfo info;
  GError *error = NULL;

  if (!gst_video_info_from_caps (&info, caps)) {
    GST_ELEMENT_ERROR (self, CORE, NEGOTIATION,
        ("The caps %" GST_PTR_FORMAT " do not describe raw video", caps),
        (NULL));
    return FALSE;
  }
  if (self->format && gst_video_info_is_equal (&self->format->info, &info))
    return TRUE;

  g_clear_pointer (&self->format, gst_yolov5_frame_format_unref);
  self->format = gst_yolov5_frame_format_new (self->detector, &info, &error);
  self->memory_checked = FALSE;
  if (!self->format) {
    gst_yolov5_post_error (GST_ELEMENT_CAST (self), error);
    g_error_free (error);
    return FALSE;
  }

  GST_OBJECT_LOCK (self);
  self->frame_duration = GST_CLOCK_TIME_NONE;
  if (GST_VIDEO_INFO_FPS_N (&info) > 0)
    self->frame_duration = gst_util_uint64_scale_int (
        GST_SECOND, GST_VIDEO_INFO_FPS_D (&info), GST_VIDEO_INFO_FPS_N (&info));
  GST_OBJECT_UNLOCK (self);
  return TRUE;
}

/* once per caps */
static void
check_memory (GstYolov5Dpu *self, GstBuffer *buffer)
{
  GstMemory *memory = gst_buffer_peek_memory (buffer, 0);

  if (!gst_memory_is_type (memory, GST_ALLOCATOR_SYSMEM))
    GST_CAT_INFO_OBJECT (CAT_PERFORMANCE, self,
        "frames come in \"%s\" memory, which may be slow to read",
        memory->allocator ? memory->allocator->mem_type : "unknown");
  self->memory_checked = TRUE;
}

static gboolean
write_frame (GstYolov5Dpu *self, GstYolov5Slot *slot, GstBuffer *buffer)
{
  g_autoptr (GError) error = NULL;
  GstVideoFrame frame;

  if (!gst_yolov5_mapping_map (
          &frame, &self->format->info, buffer, GST_MAP_READ, &error)) {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT, ("%s", error->message), (NULL));
    return FALSE;
  }

  if (!self->memory_checked)
    check_memory (self, buffer);
  gst_yolov5_slot_write_frame (slot, self->format, &frame);
  gst_video_frame_unmap (&frame);
  return TRUE;
}

static void
get_frame_settings (
    GstYolov5Dpu *self, GstBuffer *buffer, FrameSettings *settings)
{
  GST_OBJECT_LOCK (self);
  settings->parameters = self->settings.parameters;
  settings->class_rules = self->settings.class_rules;
  if (settings->class_rules)
    yolov5_class_rules_ref (settings->class_rules);
  settings->min_box_size = self->settings.min_box_size;
  settings->max_box_size = self->settings.max_box_size;
  settings->inference_interval = self->settings.inference_interval;
  settings->no_block = self->settings.no_block;
  settings->late =
      self->settings.qos
      && gst_yolov5_qos_is_late (&self->qos, &self->segment, buffer);
  GST_OBJECT_UNLOCK (self);
}

static void
clear_frame_settings (FrameSettings *settings)
{
  g_clear_pointer (&settings->class_rules, yolov5_class_rules_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (FrameSettings, clear_frame_settings)

static void
count_skipped (
    GstYolov5Dpu *self, GstBuffer *buffer, gboolean late, const gchar *reason)
{
  GST_DEBUG_OBJECT (self,
      "frame %" G_GUINT64_FORMAT " at %" GST_TIME_FORMAT
      " passes without inference: %s",
      self->n_frames, GST_TIME_ARGS (GST_BUFFER_PTS (buffer)), reason);
  if (self->n_passed < GST_YOLOV5_NONE_INFERRED)
    self->n_passed++;
  GST_OBJECT_LOCK (self);
  if (late)
    self->stats.late++;
  else
    self->stats.skipped++;
  GST_OBJECT_UNLOCK (self);
}

/* A frame that is due but cannot go through the model leaves it to the next.
 * Returns GST_FLOW_OK without a slot when the frame is to pass. */
static GstFlowReturn
find_slot (GstYolov5Dpu *self, GstBuffer *buffer, const FrameSettings *settings,
    GstYolov5Slot **slot)
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
    *slot = gst_yolov5_slot_pool_acquire (self->slots, !settings->no_block);
    if (*slot) {
      self->n_passed = 0;
      return GST_FLOW_OK;
    }
    flow = gst_yolov5_fifo_get_flow (self->fifo);
    if (flow == GST_FLOW_OK && settings->no_block)
      count_skipped (self, buffer, FALSE, "every slot is in use");
    else if (flow == GST_FLOW_OK)
      flow = GST_FLOW_FLUSHING;
  }
  return flow;
}

static gboolean
fill_slot (GstYolov5Dpu *self, GstYolov5Slot *slot, GstBuffer *buffer,
    FrameSettings *settings)
{
  slot->frame = self->n_frames;
  slot->arrival = gst_util_get_timestamp ();
  if (!write_frame (self, slot, buffer))
    return FALSE;

  gst_yolov5_frame_format_find_limits (self->format, settings->min_box_size,
      settings->max_box_size, &settings->parameters.size_limits);
  gst_yolov5_slot_set_parameters (
      slot, &settings->parameters, settings->class_rules);
  GST_DEBUG_OBJECT (self,
      "frame %" G_GUINT64_FORMAT " at %" GST_TIME_FORMAT
      " goes through the model in slot %u",
      slot->frame, GST_TIME_ARGS (GST_BUFFER_PTS (buffer)), slot->index);
  gst_yolov5_slot_submit (slot);
  return TRUE;
}

/**
 * gst_yolov5_frames_chain:
 *
 * Chain function of the sink pad.
 */
GstFlowReturn
gst_yolov5_frames_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  GstYolov5Dpu *self = GST_YOLOV5_DPU (parent);
  GstFlowReturn flow = gst_yolov5_fifo_get_flow (self->fifo);
  g_auto (FrameSettings) settings = { { 0 } };
  GstYolov5Slot *slot = NULL;

  if (flow == GST_FLOW_OK && !self->format)
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
    GST_DEBUG_OBJECT (self, "refusing %" GST_PTR_FORMAT ": %s", buffer,
        gst_flow_get_name (flow));
    gst_buffer_unref (buffer);
    return flow;
  }

  self->n_frames++;
  return gst_yolov5_fifo_push_buffer (self->fifo, buffer, slot);
}

/* only the buffer's metadata are copied, and only where somebody else still
 * holds it; the memory is shared */
static GstBuffer *
attach_results (GstBuffer *buffer, const GstYolov5Slot *slot, gboolean regions)
{
  GstInference inference = {
    .frame = slot->frame,
    .n_detections = slot->detections->len,
    .letterbox_time = slot->letterbox_time,
    .inference_time = slot->inference_time,
    .postprocess_time = slot->postprocess_time,
  };

  buffer = gst_buffer_make_writable (buffer);
  gst_buffer_attach_inference (buffer, &inference);
  gst_buffer_attach_detections (buffer, &slot->format->info,
      (const GstDetection *) slot->detections->data, slot->detections->len,
      regions);
  return buffer;
}

/* a frame could be pushed when it was done and those before it could be;
 * downstream's own time is not counted */
static void
finish_inference (
    GstYolov5Dpu *self, GstBuffer **buffer, const GstYolov5Slot *slot)
{
  gboolean post_messages, attach_regions, latency_changed;
  GstClockTime total;

  self->last_ready = MAX (self->last_ready, slot->done);
  total = self->last_ready - slot->arrival;

  GST_OBJECT_LOCK (self);
  gst_yolov5_stats_add (&self->stats, slot, total);
  latency_changed =
      gst_yolov5_latency_add (&self->latency, total) && self->live;
  post_messages = self->settings.post_messages;
  attach_regions = self->settings.attach_roi_meta;
  GST_OBJECT_UNLOCK (self);

  GST_DEBUG_OBJECT (self,
      "frame %" G_GUINT64_FORMAT
      " has %u detections; letterbox %" GST_TIME_FORMAT
      ", inference %" GST_TIME_FORMAT ", postprocess %" GST_TIME_FORMAT
      ", in all %" GST_TIME_FORMAT,
      slot->frame, slot->detections->len, GST_TIME_ARGS (slot->letterbox_time),
      GST_TIME_ARGS (slot->inference_time),
      GST_TIME_ARGS (slot->postprocess_time), GST_TIME_ARGS (total));
  *buffer = attach_results (*buffer, slot, attach_regions);
  if (post_messages)
    gst_yolov5_post_detections (
        GST_ELEMENT_CAST (self), self->srcpad, *buffer, slot);
  if (latency_changed)
    gst_element_post_message (GST_ELEMENT_CAST (self),
        gst_message_new_latency (GST_OBJECT_CAST (self)));
}

/**
 * gst_yolov5_frames_finish:
 *
 * The finish function of #GstYolov5FifoCallbacks, whose jobs are slots.
 */
GstFlowReturn
gst_yolov5_frames_finish (GstElement *element, GstBuffer **buffer, gpointer job)
{
  GstYolov5Dpu *self = GST_YOLOV5_DPU (element);
  GstYolov5Slot *slot = job;
  GstFlowReturn flow = GST_FLOW_OK;

  if (!slot) {
    GST_OBJECT_LOCK (self);
    gst_yolov5_stats_add (&self->stats, NULL, 0);
    GST_OBJECT_UNLOCK (self);
    return GST_FLOW_OK;
  }

  if (!gst_yolov5_slot_wait (slot)) {
    flow = GST_FLOW_FLUSHING;
  } else if (slot->error) {
    gst_yolov5_post_error (element, slot->error);
    flow = GST_FLOW_ERROR;
  } else {
    finish_inference (self, buffer, slot);
  }

  gst_yolov5_slot_release (slot);
  return flow;
}
