/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The detector: its pads, states and properties, and the way of a frame through
 * it: whether it goes through the model, into a slot, and what is attached to it
 * when it leaves. */

/**
 * SECTION:element-yolov5dpu
 * @title: yolov5dpu
 *
 * This element finds objects in video frames with a YOLOv5 model (v6 or v7,
 * raw int8 heads) on an AMD/Xilinx DPU, or, where there is none, on a software
 * DPU that computes the same boxes. Frames pass unchanged and in order; what
 * was found is attached to them as #GstVideoRegionOfInterestMeta, with a
 * structure `detection` as DL Streamer's elements attach it, and as
 * GstAnalytics metadata from GStreamer 1.24 on. `yolov5overlay` draws it.
 *
 * Scaling and colour conversion into the model's input are done inside, so a
 * videoscale or videoconvert in front is not needed and costs speed.
 *
 * Several frames are worked on at once (#GstYolov5Dpu:max-in-flight), so that
 * the DPU does not wait for the processor.
 *
 * A frame goes through the model unless #GstYolov5Dpu:inference-interval leaves
 * it out, #GstYolov5Dpu:no-block finds the DPU busy, downstream reported that it
 * is past it (#GstYolov5Dpu:qos), or it is a gap. Such frames pass in their
 * place, without metadata. Frames that did go through the model carry a
 * #GstCustomMeta `yolov5dpu-inference` (from GStreamer 1.20 on), also when
 * nothing was found, with the fields `frame` (#guint64), `detections` (#guint),
 * `letterbox-time`, `inference-time` and `postprocess-time` (#guint64, in
 * nanoseconds).
 *
 * LATENCY queries are answered with what frames really spend inside. Properties
 * that take effect while playing do so with the next frame that comes in,
 * #GstYolov5Dpu:post-messages and #GstYolov5Dpu:attach-roi-meta with the next
 * that leaves.
 *
 * With #GstYolov5Dpu:post-messages the element posts an element message for
 * each frame that went through the model, also when nothing was found. Its
 * structure is named `yolov5dpu` and has these fields:
 *
 * * #guint64 `frame`: number of the frame, from 0
 * * #guint64 `timestamp`: the frame's timestamp
 * * #guint64 `stream-time`: its stream time
 * * #guint64 `running-time`: its running time
 * * #guint64 `duration`: its duration
 * * #GstValueList `detections`: structures named `detection` with the fields
 *   `label` (string), `label-id` (int), `confidence` (double, 0 to 1), and `x`,
 *   `y`, `width` and `height` (int, in pixels of the frame), best first
 *
 * ## Example pipelines
 * |[
 * gst-launch-1.0 filesrc location=street.mp4 ! decodebin ! videoconvert !
 *     yolov5dpu model=everyday-640x640_int.xmodel ! yolov5overlay !
 *     videoconvert ! autovideosink
 * ]|
 * Shows a file with the objects found in it.
 * |[
 * gst-launch-1.0 v4l2src ! video/x-raw,width=1280,height=720 ! yolov5dpu
 *     model=everyday-640x384_int.xmodel threshold=0.6 ! yolov5overlay !
 *     videoconvert ! autovideosink
 * ]|
 * Does so with a USB camera.
 * |[
 * gst-launch-1.0 rtspsrc location=rtsp://camera/stream ! decodebin ! yolov5dpu
 *     model=everyday-640x384_int.xmodel classes=person
 *     class-thresholds=person=0.5 ! yolov5overlay ! videoconvert !
 *     autovideosink
 * ]|
 * Finds people in a network camera's stream. Frames pass that come faster than
 * the DPU can look at them.
 * |[
 * gst-launch-1.0 -m filesrc location=street.mp4 ! decodebin ! videoconvert !
 *     yolov5dpu model=everyday-640x640_int.xmodel post-messages=true ! fakesink
 * ]|
 * Prints what was found.
 * |[
 * gst-launch-1.0 v4l2src device=/dev/video0 !
 *     video/x-raw,format=NV12,width=1920,height=1080 ! yolov5dpu device=dpu
 *     model=/usr/share/vitis_ai_library/models/yolov5n/yolov5n.xmodel !
 *     yolov5overlay ! kmssink
 * ]|
 * Runs on the DPU of a KV260 and nowhere else.
 */

#include "element.h"

#include "fifo.h"
#include "messages.h"
#include "metadata/buffers.h"
#include "metadata/inference.h"
#include "metadata/model-event.h"
#include "opened-model.h"
#include "opening.h"
#include "schedule.h"
#include "settings.h"
#include "slots.h"
#include "statistics.h"

GST_DEBUG_CATEGORY (gst_yolov5_dpu_debug);
#define GST_CAT_DEFAULT gst_yolov5_dpu_debug
GST_DEBUG_CATEGORY (gst_yolov5_dpu_performance_debug);
#define CAT_PERFORMANCE gst_yolov5_dpu_performance_debug

/* ids up to here are fields of the settings */
#define PROP_STATS (sizeof (GstYolov5Settings) + 1)

/* no frame went through the model yet, so the next one is due */
#define NONE_INFERRED G_MAXUINT

/* What a live frame spends inside at most, by the frames that may come behind it
 * (GST_YOLOV5_FIFO_MAX_PASSING), where caps do not say how long these last. */
#define USUAL_FRAME_DURATION (GST_SECOND / 30)

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
  GstYolov5Throttle throttle;
  gboolean live;
  GstClockTime frame_duration;

  GstYolov5Fifo *fifo;
  GstYolov5SlotPool *slots;
  GstYolov5Opening *opening;

  /* from READY to PAUSED and back; changed under the object lock, too */
  GstYolov5OpenedModel *model;
  /* as long as there is a model: as what it signs its marks, in UTF-8 */
  gchar *name;
  gchar *path;

  /* of the sink pad's streaming thread */
  GstYolov5FrameFormat *format;
  GstSegment segment;
  gboolean model_told;
  gboolean memory_checked;
  /* caps that were an error already, or NULL */
  GstCaps *refused;
  /* the stream says that its frames do not stand upright, and we have warned */
  gboolean turned;
  guint64 n_frames;
  /* frames since one went through the model, or NONE_INFERRED */
  guint n_passed;

  /* of the source pad's task: when the last frame could be pushed */
  GstClockTime last_ready;
};

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

static GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
        /* the others get a sentence instead of a failed negotiation */
        GST_STATIC_CAPS (GST_YOLOV5_FRAME_CAPS "; video/x-raw"));
static GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS,
        GST_STATIC_CAPS (GST_YOLOV5_FRAME_CAPS "; video/x-raw"));

#define gst_yolov5_dpu_parent_class parent_class
G_DEFINE_TYPE (GstYolov5Dpu, gst_yolov5_dpu, GST_TYPE_ELEMENT)

/* what was cancelled is no error to anybody */
static void
post_and_free (GstYolov5Dpu *self, GError *error)
{
  if (!g_error_matches (error, DPU_ERROR, DPU_ERROR_CANCELLED))
    gst_yolov5_post_error (GST_ELEMENT_CAST (self), error);
  g_error_free (error);
}

static void
cancel_slots (GCancellable *cancellable, GstYolov5SlotPool *slots)
{
  gst_yolov5_slot_pool_cancel (slots);
}

static gboolean
start_slots (GstYolov5Dpu *self, GCancellable *cancellable)
{
  GError *error = NULL;
  guint n_slots, cpu_threads;
  gboolean started;
  gulong connection;

  gst_yolov5_opened_model_choose_slots (self->model, &n_slots, &cpu_threads);
  connection = g_cancellable_connect (
      cancellable, G_CALLBACK (cancel_slots), self->slots, NULL);
  started = gst_yolov5_slot_pool_start (
      self->slots, self->model, n_slots, cpu_threads, &error);
  g_cancellable_disconnect (cancellable, connection);
  /* a DPU that was interrupted says so in other words */
  if (!started && g_cancellable_is_cancelled (cancellable))
    g_error_free (error);
  else if (!started)
    post_and_free (self, error);
  return started;
}

/* what the model says of properties that are not set */
static void
notify_thresholds (GstYolov5Dpu *self)
{
  g_object_notify (G_OBJECT (self), "threshold");
  g_object_notify (G_OBJECT (self), "iou-threshold");
}

static void
gst_yolov5_dpu_close (GstYolov5Dpu *self)
{
  GstYolov5OpenedModel *model;
  gboolean thresholds_changed;

  gst_yolov5_slot_pool_stop (self->slots);
  g_clear_pointer (&self->format, gst_yolov5_frame_format_unref);
  gst_caps_replace (&self->refused, NULL);

  GST_OBJECT_LOCK (self);
  model = g_steal_pointer (&self->model);
  gst_yolov5_settings_use_classes (&self->settings, NULL, NULL);
  thresholds_changed = gst_yolov5_settings_use_model (&self->settings, NULL);
  self->settings_in_use = FALSE;
  GST_OBJECT_UNLOCK (self);

  if (thresholds_changed)
    notify_thresholds (self);

  g_clear_pointer (&model, gst_yolov5_opened_model_free);
  g_clear_pointer (&self->name, g_free);
  g_clear_pointer (&self->path, g_free);
}

static void
take_name (GstYolov5Dpu *self)
{
  g_autofree gchar *name = gst_object_get_name (GST_OBJECT_CAST (self));
  g_autofree gchar *path = gst_object_get_path_string (GST_OBJECT_CAST (self));

  self->name = g_utf8_make_valid (name, -1);
  self->path = g_utf8_make_valid (path, -1);
}

/* who asks for a class that the model does not have is not to get all others */
static gboolean
use_classes (GstYolov5Dpu *self)
{
  GError *error = NULL;
  gboolean used;

  GST_OBJECT_LOCK (self);
  used = gst_yolov5_settings_use_classes (
      &self->settings, self->model->yolov5, &error);
  GST_OBJECT_UNLOCK (self);
  if (!used)
    post_and_free (self, error);
  return used;
}

/* everything a stream begins with */
static void
reset (GstYolov5Dpu *self)
{
  GstClockTime warm_up_time =
      gst_yolov5_slot_pool_get_warm_up_time (self->slots);
  gboolean thresholds_changed;

  GST_OBJECT_LOCK (self);
  thresholds_changed =
      gst_yolov5_settings_use_model (&self->settings, self->model->yolov5);
  gst_yolov5_stats_reset (&self->stats);
  gst_yolov5_latency_reset (&self->latency, warm_up_time);
  gst_yolov5_qos_reset (&self->qos);
  gst_yolov5_throttle_reset (&self->throttle,
      gst_yolov5_slot_pool_get_n_slots (self->slots), warm_up_time);
  self->live = FALSE;
  self->frame_duration = GST_CLOCK_TIME_NONE;
  GST_OBJECT_UNLOCK (self);

  if (thresholds_changed)
    notify_thresholds (self);

  gst_segment_init (&self->segment, GST_FORMAT_UNDEFINED);
  self->turned = FALSE;
  self->model_told = FALSE;
  self->n_frames = 0;
  self->n_passed = NONE_INFERRED;
  self->last_ready = 0;
}

/* in a thread of its own */
static gboolean
gst_yolov5_dpu_open (GstElement *element, GCancellable *cancellable)
{
  GstYolov5Dpu *self = GST_YOLOV5_DPU (element);
  g_auto (GstYolov5Settings) settings = { NULL };
  GstYolov5OpenedModel *model;
  GError *error = NULL;
  const gchar *reason;

  GST_OBJECT_LOCK (self);
  self->settings_in_use = TRUE;
  gst_yolov5_settings_copy (&settings, &self->settings);
  GST_OBJECT_UNLOCK (self);

  model = gst_yolov5_opened_model_open (&settings, cancellable, &error);
  if (!model) {
    post_and_free (self, error);
    gst_yolov5_dpu_close (self);
    return FALSE;
  }
  GST_OBJECT_LOCK (self);
  self->model = model;
  GST_OBJECT_UNLOCK (self);
  take_name (self);

  reason = dpu_model_get_fallback_reason (model->dpu);
  GST_INFO_OBJECT (self, "%s runs on %s, as %s", settings.model_path,
      dpu_model_get_device (model->dpu) == DPU_DEVICE_DPU ? "the DPU"
                                                          : "the software DPU",
      reason                               ? "there is no DPU to use"
      : settings.device == DPU_DEVICE_AUTO ? "device=auto takes what is there"
                                           : "the property \"device\" says");
  if (reason)
    GST_ELEMENT_WARNING (self, RESOURCE, NOT_FOUND, ("%s", reason), (NULL));

  if (!use_classes (self) || !start_slots (self, cancellable)) {
    gst_yolov5_dpu_close (self);
    return FALSE;
  }
  reset (self);
  return TRUE;
}

/* what a glance at the properties tells */
static gboolean
check_model_path (GstYolov5Dpu *self)
{
  g_autofree gchar *path = NULL;
  GError *error = NULL;

  GST_OBJECT_LOCK (self);
  path = g_strdup (self->settings.model_path);
  GST_OBJECT_UNLOCK (self);

  if (!gst_yolov5_opened_model_check_path (path, &error)) {
    post_and_free (self, error);
    return FALSE;
  }
  return TRUE;
}

static gboolean
set_caps (GstYolov5Dpu *self, GstCaps *caps)
{
  GstVideoInfo info;
  GError *error = NULL;

  /* pads may be activated by hand */
  if (!self->model) {
    GST_ELEMENT_ERROR (self, CORE, NEGOTIATION,
        ("Caps came before the model is open: set the element to PAUSED first"),
        (NULL));
    return FALSE;
  }
  if (!letterbox_check_caps (caps, &error)) {
    /* they come again with the first frame */
    if (!self->refused || !gst_caps_is_equal (self->refused, caps))
      gst_yolov5_post_error (GST_ELEMENT_CAST (self), error);
    g_error_free (error);
    gst_caps_replace (&self->refused, caps);
    return FALSE;
  }
  if (!gst_video_info_from_caps (&info, caps)) {
    GST_ELEMENT_ERROR (self, CORE, NEGOTIATION,
        ("The caps %" GST_PTR_FORMAT " do not describe raw video", caps),
        (NULL));
    return FALSE;
  }
  if (self->format && gst_video_info_is_equal (&self->format->info, &info)) {
    GST_DEBUG_OBJECT (self, "frames stay as they are: %" GST_PTR_FORMAT, caps);
    return TRUE;
  }

  g_clear_pointer (&self->format, gst_yolov5_frame_format_unref);
  self->format = gst_yolov5_frame_format_new (self->model, &info, &error);
  self->memory_checked = FALSE;
  if (!self->format) {
    post_and_free (self, error);
    return FALSE;
  }

  GST_INFO_OBJECT (self, "frames are %" GST_PTR_FORMAT, caps);
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

  if (!gst_yolov5_buffers_map_frame (
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
  gboolean hurry, pass;

  GST_OBJECT_LOCK (self);
  hurry = self->live && self->settings.no_block == GST_YOLOV5_DPU_NO_BLOCK_AUTO;
  pass = hurry || self->settings.no_block == GST_YOLOV5_DPU_NO_BLOCK_TRUE;
  gst_yolov5_settings_get_parameters (&self->settings, &settings->parameters);
  settings->class_rules = self->settings.class_rules;
  if (settings->class_rules)
    yolov5_class_rules_ref (settings->class_rules);
  settings->min_box_size = self->settings.min_box_size;
  settings->max_box_size = self->settings.max_box_size;
  settings->inference_interval = self->settings.inference_interval;
  settings->hurry = hurry;
  settings->wait = !pass;
  settings->most_in_model = hurry ? self->throttle.most : G_MAXUINT;
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
  GST_LOG_OBJECT (self,
      "frame %" G_GUINT64_FORMAT " at %" GST_TIME_FORMAT
      " passes without inference: %s",
      self->n_frames, GST_TIME_ARGS (GST_BUFFER_PTS (buffer)), reason);
  if (self->n_passed < NONE_INFERRED)
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
    *slot = gst_yolov5_slot_pool_acquire (
        self->slots, settings->most_in_model, settings->wait);
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
fill_slot (GstYolov5Dpu *self, GstYolov5Slot *slot, GstBuffer *buffer,
    FrameSettings *settings)
{
  slot->frame = self->n_frames;
  slot->arrival = gst_util_get_timestamp ();
  slot->timestamp = GST_BUFFER_PTS (buffer);
  slot->duration = GST_BUFFER_DURATION (buffer);
  if (!write_frame (self, slot, buffer))
    return FALSE;

  gst_yolov5_frame_format_find_limits (self->format, settings->min_box_size,
      settings->max_box_size, &settings->parameters.size_limits);
  gst_yolov5_slot_set_parameters (
      slot, &settings->parameters, settings->class_rules);
  GST_LOG_OBJECT (self,
      "frame %" G_GUINT64_FORMAT " at %" GST_TIME_FORMAT
      " goes through the model in slot %u",
      slot->frame, GST_TIME_ARGS (GST_BUFFER_PTS (buffer)), slot->index);
  gst_yolov5_slot_submit (slot);
  return TRUE;
}

/* of controllers, for this frame; one outside of the segment has no stream time */
static void
sync_properties (GstYolov5Dpu *self, GstBuffer *buffer)
{
  GstClockTime stream_time = GST_CLOCK_TIME_NONE;

  if (self->segment.format == GST_FORMAT_TIME)
    stream_time = gst_segment_to_stream_time (
        &self->segment, GST_FORMAT_TIME, GST_BUFFER_PTS (buffer));
  if (GST_CLOCK_TIME_IS_VALID (stream_time))
    gst_object_sync_values (GST_OBJECT_CAST (self), stream_time);
}

static GstFlowReturn
gst_yolov5_dpu_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  GstYolov5Dpu *self = GST_YOLOV5_DPU (parent);
  GstFlowReturn flow = gst_yolov5_opening_wait (self->opening);
  g_auto (FrameSettings) settings = { { 0 } };
  GstYolov5Slot *slot = NULL;

  GST_LOG_OBJECT (self, "frame %" G_GUINT64_FORMAT " is %" GST_PTR_FORMAT,
      self->n_frames, buffer);
  if (flow == GST_FLOW_OK)
    flow = gst_yolov5_fifo_get_flow (self->fifo);
  sync_properties (self, buffer);
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
  return gst_yolov5_fifo_push_buffer (self->fifo, buffer, slot, settings.hurry);
}

/* with the object lock; returns whether downstream is to learn of it */
static gboolean
add_time_inside (GstYolov5Dpu *self, GstClockTime spent)
{
  gboolean changed =
      gst_yolov5_latency_add (&self->latency, spent) && self->live;

  if (gst_yolov5_throttle_add (&self->throttle, spent, self->frame_duration))
    GST_DEBUG_OBJECT (self,
        "%u frames of a live stream may be in the model now, as one spent "
        "%" GST_TIME_FORMAT,
        self->throttle.most, GST_TIME_ARGS (spent));
  return changed;
}

static void
post_latency (GstYolov5Dpu *self)
{
  GST_DEBUG_OBJECT (self, "frames spend another time inside now");
  gst_element_post_message (GST_ELEMENT_CAST (self),
      gst_message_new_latency (GST_OBJECT_CAST (self)));
}

/* Frames are pushed in order: one is ready when it is done itself and all before
 * it are ready. What downstream takes to accept them is not counted. @lag is 0
 * unless @buffer is a later frame than the one in @slot. */
static void
finish_inference (GstYolov5Dpu *self, GstBuffer **buffer,
    const GstYolov5Slot *slot, GstClockTime lag)
{
  GstYolov5Inference mark = {
    .element = self->name, .path = self->path, .lag = lag
  };
  gboolean post_messages, attach_regions, latency_changed = FALSE;
  GstClockTime total;

  self->last_ready = MAX (self->last_ready, slot->done);
  total = self->last_ready - slot->arrival;

  GST_OBJECT_LOCK (self);
  gst_yolov5_stats_add_inference (&self->stats, slot, total);
  if (lag == 0)
    latency_changed = add_time_inside (self, total);
  else
    self->stats.delayed++;
  post_messages = self->settings.post_messages;
  attach_regions = self->settings.attach_roi_meta;
  GST_OBJECT_UNLOCK (self);

  GST_LOG_OBJECT (self,
      "frame %" G_GUINT64_FORMAT
      " has %u detections; letterbox %" GST_TIME_FORMAT
      ", inference %" GST_TIME_FORMAT ", postprocess %" GST_TIME_FORMAT
      ", in all %" GST_TIME_FORMAT,
      slot->frame, slot->detections->len, GST_TIME_ARGS (slot->letterbox_time),
      GST_TIME_ARGS (slot->inference_time),
      GST_TIME_ARGS (slot->postprocess_time), GST_TIME_ARGS (total));
  *buffer = gst_yolov5_attach_results (*buffer, slot, mark, attach_regions);
  if (post_messages)
    gst_yolov5_post_detections (GST_ELEMENT_CAST (self), self->srcpad, slot);
  if (latency_changed)
    post_latency (self);
}

/* frames pile up behind this one: it goes as one that nobody looked at */
static void
leave_results_behind (GstYolov5Dpu *self, const GstYolov5Slot *slot)
{
  GstClockTime spent = gst_util_get_timestamp () - slot->arrival;
  gboolean latency_changed;

  GST_CAT_LOG_OBJECT (CAT_PERFORMANCE, self,
      "frame %" G_GUINT64_FORMAT " leaves before its results, after "
      "%" GST_TIME_FORMAT,
      slot->frame, GST_TIME_ARGS (spent));
  GST_OBJECT_LOCK (self);
  latency_changed = add_time_inside (self, spent);
  GST_OBJECT_UNLOCK (self);
  if (latency_changed)
    post_latency (self);
}

/* results of a frame that left before them go with this one */
static GstFlowReturn
attach_delayed (GstYolov5Dpu *self, GstBuffer **buffer)
{
  GstYolov5Slot *slot = gst_yolov5_slot_pool_take_delayed (self->slots);
  GstFlowReturn flow = GST_FLOW_OK;
  GstClockTime lag;

  if (!slot)
    return GST_FLOW_OK;
  if (slot->error) {
    gst_yolov5_post_error (GST_ELEMENT_CAST (self), slot->error);
    flow = GST_FLOW_ERROR;
  } else if ((lag = gst_yolov5_find_lag (self->srcpad, *buffer, slot)) > 0) {
    finish_inference (self, buffer, slot, lag);
  } else {
    GST_DEBUG_OBJECT (self,
        "the results of frame %" G_GUINT64_FORMAT
        " do not fit the frames that came since",
        slot->frame);
  }
  gst_yolov5_slot_release (slot);
  return flow;
}

/* a callback of the FIFO, whose jobs are slots */
static GstFlowReturn
finish_frame (GstElement *element, GstBuffer **buffer, gpointer job)
{
  GstYolov5Dpu *self = GST_YOLOV5_DPU (element);
  GstYolov5Slot *slot = job;
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
          gst_yolov5_post_error (element, slot->error);
          flow = GST_FLOW_ERROR;
        } else {
          finish_inference (self, buffer, slot, 0);
        }
        break;
    }
  }
  if (slot)
    gst_yolov5_slot_release (slot);

  if (flow == GST_FLOW_OK) {
    GST_OBJECT_LOCK (self);
    gst_yolov5_stats_add_frame (&self->stats);
    GST_OBJECT_UNLOCK (self);
  }
  return flow;
}

/* Whether frames come at their own pace. Sources know from PAUSED on; the base
 * class of elements asks only when the pipeline begins to play. */
static void
find_liveness (GstYolov5Dpu *self)
{
  GstQuery *query = gst_query_new_latency ();
  gboolean live = FALSE;

  if (gst_pad_peer_query (self->sinkpad, query)) {
    gst_query_parse_latency (query, &live, NULL, NULL);
    GST_INFO_OBJECT (self, "the source is %s", live ? "live" : "not live");
    GST_OBJECT_LOCK (self);
    self->live = live;
    GST_OBJECT_UNLOCK (self);
  }
  gst_query_unref (query);
}

/* A picture that is to be turned before it is shown is not what the model was
 * trained on: people that lie on their sides are rarely found. */
static void
check_orientation (GstYolov5Dpu *self, GstEvent *event)
{
  g_autofree gchar *orientation = NULL;
  GstTagList *tags;

  gst_event_parse_tag (event, &tags);
  if (!gst_tag_list_get_string (tags, GST_TAG_IMAGE_ORIENTATION, &orientation)
      || g_str_equal (orientation, "rotate-0") || self->turned
      || gst_yolov5_are_frames_turned_upstream (self->sinkpad))
    return;
  self->turned = TRUE;
  GST_ELEMENT_WARNING (self, STREAM, FORMAT,
      ("The video is to be turned before it is shown (its tag "
       "image-orientation is \"%s\"), and objects that do not stand upright "
       "are hardly found: put \"videoflip video-direction=auto\" in front",
          orientation),
      (NULL));
}

/* what was known of the stream does not hold for what follows */
static void
start_anew (GstYolov5Dpu *self)
{
  self->n_passed = NONE_INFERRED;
  GST_OBJECT_LOCK (self);
  gst_yolov5_qos_reset (&self->qos);
  GST_OBJECT_UNLOCK (self);
}

/* once, behind the first segment, as the order of sticky events wants it */
static GstFlowReturn
tell_model (GstYolov5Dpu *self)
{
  Yolov5Model *model = self->model->yolov5;
  guint n_classes = yolov5_model_get_n_classes (model), i;
  g_autofree const gchar **labels = g_new (const gchar *, n_classes);

  for (i = 0; i < n_classes; i++)
    labels[i] = yolov5_model_get_label (model, i);
  self->model_told = TRUE;
  return gst_yolov5_fifo_sink_event (self->fifo,
      gst_yolov5_model_event_new (self->name, self->path, labels, n_classes));
}

static GstFlowReturn
gst_yolov5_dpu_sink_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  GstYolov5Dpu *self = GST_YOLOV5_DPU (parent);
  GstEventType type = GST_EVENT_TYPE (event);
  GstFlowReturn flow = GST_FLOW_OK;
  GstCaps *caps;

  if (type == GST_EVENT_FLUSH_START || type == GST_EVENT_FLUSH_STOP)
    gst_yolov5_opening_set_flushing (
        self->opening, type == GST_EVENT_FLUSH_START);
  else if (GST_EVENT_IS_SERIALIZED (event))
    flow = gst_yolov5_opening_wait (self->opening);
  if (flow != GST_FLOW_OK) {
    gst_event_unref (event);
    return flow;
  }

  switch (type) {
    case GST_EVENT_CAPS:
      gst_event_parse_caps (event, &caps);
      if (!set_caps (self, caps)) {
        gst_event_unref (event);
        return GST_FLOW_NOT_NEGOTIATED;
      }
      break;
    case GST_EVENT_SEGMENT:
      gst_event_copy_segment (event, &self->segment);
      find_liveness (self);
      start_anew (self);
      break;
    case GST_EVENT_TAG:
      check_orientation (self, event);
      break;
    case GST_EVENT_STREAM_START:
      self->turned = FALSE;
      break;
    case GST_EVENT_FLUSH_STOP:
      gst_segment_init (&self->segment, GST_FORMAT_UNDEFINED);
      start_anew (self);
      break;
    default:
      break;
  }

  flow = gst_yolov5_fifo_sink_event (self->fifo, event);
  if (type == GST_EVENT_SEGMENT && flow == GST_FLOW_OK && self->model
      && !self->model_told)
    flow = tell_model (self);
  return flow;
}

static gboolean
gst_yolov5_dpu_sink_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  GstYolov5Dpu *self = GST_YOLOV5_DPU (parent);

  if (GST_QUERY_TYPE (query) == GST_QUERY_CAPS)
    return gst_yolov5_frame_format_answer_caps (pad, parent, query);
  if (GST_QUERY_TYPE (query) == GST_QUERY_ACCEPT_CAPS)
    return gst_yolov5_frame_format_answer_accept_caps (pad, parent, query);
  if (GST_QUERY_IS_SERIALIZED (query)
      && gst_yolov5_opening_wait (self->opening) != GST_FLOW_OK)
    return FALSE;
  if (!gst_yolov5_fifo_sink_query (self->fifo, query))
    return FALSE;
  if (GST_QUERY_TYPE (query) == GST_QUERY_ALLOCATION) {
    gst_yolov5_buffers_refuse_cropping (query);
    gst_yolov5_buffers_add_buffers (
        query, gst_yolov5_slot_pool_get_n_slots (self->slots));
    GST_DEBUG_OBJECT (self, "upstream learns %" GST_PTR_FORMAT, query);
  }

  return TRUE;
}

static gboolean
gst_yolov5_dpu_src_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  GstYolov5Dpu *self = GST_YOLOV5_DPU (parent);

  if (GST_EVENT_TYPE (event) == GST_EVENT_QOS) {
    GST_OBJECT_LOCK (self);
    gst_yolov5_qos_update (&self->qos, event, self->frame_duration);
    GST_OBJECT_UNLOCK (self);
    GST_LOG_OBJECT (self, "downstream sent %" GST_PTR_FORMAT, event);
  }

  return gst_yolov5_fifo_src_event (self->fifo, event);
}

static gboolean
answer_latency (GstYolov5Dpu *self, GstQuery *query)
{
  guint n_slots = gst_yolov5_slot_pool_get_n_slots (self->slots);
  GstClockTime most = GST_CLOCK_TIME_NONE;

  if (!gst_pad_peer_query (self->sinkpad, query))
    return FALSE;

  GST_OBJECT_LOCK (self);
  gst_query_parse_latency (query, &self->live, NULL, NULL);
  if (self->live && self->settings.no_block == GST_YOLOV5_DPU_NO_BLOCK_AUTO)
    most = GST_YOLOV5_FIFO_MAX_PASSING
           * (GST_CLOCK_TIME_IS_VALID (self->frame_duration)
                   ? self->frame_duration
                   : USUAL_FRAME_DURATION);
  gst_yolov5_latency_answer (
      &self->latency, query, n_slots, self->frame_duration, most);
  GST_OBJECT_UNLOCK (self);
  GST_DEBUG_OBJECT (self, "latency: %" GST_PTR_FORMAT, query);
  return TRUE;
}

static gboolean
gst_yolov5_dpu_src_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  switch (GST_QUERY_TYPE (query)) {
    case GST_QUERY_SCHEDULING:
      gst_query_add_scheduling_mode (query, GST_PAD_MODE_PUSH);
      return TRUE;
    case GST_QUERY_LATENCY:
      return answer_latency (GST_YOLOV5_DPU (parent), query);
    default:
      return gst_pad_query_default (pad, parent, query);
  }
}

static void
discard_frame (GstElement *element, gpointer job)
{
  gst_yolov5_slot_release (job);
}

static void
set_flushing (GstElement *element, gboolean flushing)
{
  gst_yolov5_slot_pool_set_flushing (GST_YOLOV5_DPU (element)->slots, flushing);
}

static void
set_hurrying (GstElement *element, gboolean hurrying)
{
  gst_yolov5_slot_pool_set_hurrying (GST_YOLOV5_DPU (element)->slots, hurrying);
}

static const GstYolov5FifoCallbacks fifo_callbacks = {
  .set_flushing = set_flushing,
  .hurry = set_hurrying,
  .finish = finish_frame,
  .discard = discard_frame,
};

static gboolean
gst_yolov5_dpu_activate_mode (
    GstPad *pad, GstObject *parent, GstPadMode mode, gboolean active)
{
  GstYolov5Dpu *self = GST_YOLOV5_DPU (parent);

  if (mode != GST_PAD_MODE_PUSH)
    return FALSE;
  if (pad == self->sinkpad)
    return gst_yolov5_fifo_sink_activate (self->fifo, active);
  return gst_yolov5_fifo_src_activate (self->fifo, active);
}

/* the model is opened from READY to PAUSED, as its properties may be set until
 * then; what can be seen without opening it is an error from NULL to READY */
static GstStateChangeReturn
gst_yolov5_dpu_change_state (GstElement *element, GstStateChange transition)
{
  GstYolov5Dpu *self = GST_YOLOV5_DPU (element);
  GstStateChangeReturn ret, opened = GST_STATE_CHANGE_SUCCESS;

  switch (transition) {
    case GST_STATE_CHANGE_NULL_TO_READY:
      if (!check_model_path (self))
        return GST_STATE_CHANGE_FAILURE;
      break;
    case GST_STATE_CHANGE_READY_TO_PAUSED:
      opened = gst_yolov5_opening_start (self->opening);
      if (opened == GST_STATE_CHANGE_FAILURE) {
        gst_yolov5_opening_end (self->opening);
        return opened;
      }
      break;
    case GST_STATE_CHANGE_PAUSED_TO_READY:
      gst_yolov5_opening_cancel (self->opening);
      break;
    default:
      break;
  }

  ret = GST_ELEMENT_CLASS (parent_class)->change_state (element, transition);

  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY
      || (transition == GST_STATE_CHANGE_READY_TO_PAUSED
          && ret == GST_STATE_CHANGE_FAILURE)) {
    gst_yolov5_opening_cancel (self->opening);
    gst_yolov5_opening_end (self->opening);
    gst_yolov5_dpu_close (self);
  } else if (opened == GST_STATE_CHANGE_ASYNC) {
    ret = opened;
  }

  return ret;
}

static void
gst_yolov5_dpu_set_property (
    GObject *object, guint prop_id, const GValue *value, GParamSpec *pspec)
{
  GstYolov5Dpu *self = GST_YOLOV5_DPU (object);
  GError *error = NULL;
  gboolean refused;

  if (prop_id >= PROP_STATS) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    return;
  }

  GST_OBJECT_LOCK (self);
  refused = self->settings_in_use && (pspec->flags & GST_PARAM_MUTABLE_READY);
  if (!refused)
    gst_yolov5_settings_set (&self->settings, pspec, value,
        self->model ? self->model->yolov5 : NULL, &error);
  GST_OBJECT_UNLOCK (self);

  if (refused)
    GST_ELEMENT_WARNING (self, RESOURCE, SETTINGS,
        ("The property \"%s\" cannot change while the model is open: set the "
         "element to READY first",
            pspec->name),
        (NULL));
  if (error)
    GST_ELEMENT_WARNING (self, RESOURCE, SETTINGS,
        ("The property \"%s\" stays as it was: %s", pspec->name,
            error->message),
        (NULL));
  g_clear_error (&error);
}

/* sorting takes a while, in which frames need not wait */
static GstStructure *
get_stats (GstYolov5Dpu *self)
{
  GstYolov5Stats *stats = g_new (GstYolov5Stats, 1);
  GstStructure *structure;

  GST_OBJECT_LOCK (self);
  *stats = self->stats;
  GST_OBJECT_UNLOCK (self);

  structure = gst_yolov5_stats_to_structure (stats);
  g_free (stats);
  return structure;
}

static void
gst_yolov5_dpu_get_property (
    GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  GstYolov5Dpu *self = GST_YOLOV5_DPU (object);

  if (prop_id > PROP_STATS) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    return;
  }

  if (prop_id == PROP_STATS) {
    g_value_take_boxed (value, get_stats (self));
    return;
  }

  GST_OBJECT_LOCK (self);
  gst_yolov5_settings_get (&self->settings, pspec, value);
  GST_OBJECT_UNLOCK (self);
}

static void
gst_yolov5_dpu_finalize (GObject *object)
{
  GstYolov5Dpu *self = GST_YOLOV5_DPU (object);

  gst_yolov5_fifo_free (self->fifo);
  gst_yolov5_slot_pool_free (self->slots);
  gst_yolov5_opening_free (self->opening);
  gst_yolov5_settings_clear (&self->settings);

  G_OBJECT_CLASS (parent_class)->finalize (object);
}

static GstPad *
add_pad (GstYolov5Dpu *self, GstStaticPadTemplate *template)
{
  GstPad *pad =
      gst_pad_new_from_static_template (template, template->name_template);

  gst_pad_set_activatemode_function (
      pad, GST_DEBUG_FUNCPTR (gst_yolov5_dpu_activate_mode));
  GST_PAD_SET_PROXY_CAPS (pad);
  gst_element_add_pad (GST_ELEMENT_CAST (self), pad);

  return pad;
}

static void
gst_yolov5_dpu_init (GstYolov5Dpu *self)
{
  self->sinkpad = add_pad (self, &sink_template);
  gst_pad_set_chain_function (
      self->sinkpad, GST_DEBUG_FUNCPTR (gst_yolov5_dpu_chain));
  gst_pad_set_event_full_function (
      self->sinkpad, GST_DEBUG_FUNCPTR (gst_yolov5_dpu_sink_event));
  gst_pad_set_query_function (
      self->sinkpad, GST_DEBUG_FUNCPTR (gst_yolov5_dpu_sink_query));

  self->srcpad = add_pad (self, &src_template);
  gst_pad_set_event_function (
      self->srcpad, GST_DEBUG_FUNCPTR (gst_yolov5_dpu_src_event));
  gst_pad_set_query_function (
      self->srcpad, GST_DEBUG_FUNCPTR (gst_yolov5_dpu_src_query));

  self->slots = gst_yolov5_slot_pool_new (GST_ELEMENT_CAST (self));
  self->opening =
      gst_yolov5_opening_new (GST_ELEMENT_CAST (self), gst_yolov5_dpu_open);
  self->fifo = gst_yolov5_fifo_new (
      GST_ELEMENT_CAST (self), self->sinkpad, self->srcpad, &fifo_callbacks);

  gst_yolov5_settings_init (&self->settings, G_OBJECT (self));
  gst_yolov5_stats_reset (&self->stats);
}

static void
gst_yolov5_dpu_class_init (GstYolov5DpuClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (
      gst_yolov5_dpu_debug, "yolov5dpu", 0, "YOLOv5 on AMD/Xilinx DPUs");
  GST_DEBUG_CATEGORY_GET (gst_yolov5_dpu_performance_debug, "GST_PERFORMANCE");

  gst_yolov5_inference_register ();

  object_class->set_property = gst_yolov5_dpu_set_property;
  object_class->get_property = gst_yolov5_dpu_get_property;
  object_class->finalize = gst_yolov5_dpu_finalize;
  gst_yolov5_settings_install (object_class);

  gst_yolov5_stats_install (object_class, PROP_STATS);

  element_class->change_state = GST_DEBUG_FUNCPTR (gst_yolov5_dpu_change_state);
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "YOLOv5 on DPUs",
      "Filter/Analyzer/Video",
      "Detects objects with a YOLOv5 model on an AMD/Xilinx DPU",
      "The yolov5dpu authors");
  gst_type_mark_as_plugin_api (GST_TYPE_YOLOV5_DPU_DEVICE, 0);
  gst_type_mark_as_plugin_api (GST_TYPE_YOLOV5_DPU_NO_BLOCK, 0);
}
