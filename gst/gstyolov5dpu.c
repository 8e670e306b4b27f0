/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The detector element: properties, state changes, and what happens to a frame
 * between the sink pad and the source pad. */

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
 * With #GstYolov5Dpu:post-messages the element posts an element message for
 * each frame, whose structure is named `yolov5dpu` and has these fields:
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
 * gst-launch-1.0 filesrc location=street.mp4 ! decodebin ! yolov5dpu
 *     model=street-640x640_int.xmodel ! yolov5overlay ! videoconvert !
 *     autovideosink
 * ]|
 * Shows a file with the objects found in it.
 * |[
 * gst-launch-1.0 v4l2src ! video/x-raw,width=1280,height=720 ! yolov5dpu
 *     model=street-640x384_int.xmodel threshold=0.4 ! yolov5overlay !
 *     videoconvert ! autovideosink
 * ]|
 * Does so with a USB camera.
 * |[
 * gst-launch-1.0 -m filesrc location=street.mp4 ! decodebin ! yolov5dpu
 *     model=street-640x640_int.xmodel post-messages=true ! fakesink
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

#include "gstyolov5dpu.h"

#include "gstyolov5detector.h"
#include "gstyolov5fifo.h"
#include "gstyolov5messages.h"
#include "gstyolov5settings.h"
#include "gstyolov5slot.h"
#include "gstyolov5stats.h"

GST_DEBUG_CATEGORY (gst_yolov5_dpu_debug);
#define GST_CAT_DEFAULT gst_yolov5_dpu_debug
GST_DEBUG_CATEGORY_STATIC (CAT_PERFORMANCE);

#define PROP_STATS (GST_YOLOV5_LAST_SETTING + 1)

struct _GstYolov5Dpu {
  GstElement element;

  GstPad *sinkpad;
  GstPad *srcpad;

  /* under the object lock */
  GstYolov5Settings settings;
  GstYolov5Stats stats;

  GstYolov5Fifo *fifo;
  GstYolov5SlotPool *slots;

  /* from READY to PAUSED and back */
  GstYolov5Detector *detector;

  /* of the sink pad's streaming thread */
  GstYolov5FrameFormat *format;
  gboolean memory_checked;
  guint64 n_frames;
};

/* clang-format off */
#define FRAME_CAPS                                                             \
  "video/x-raw, format = (string) " LETTERBOX_FORMATS ", "                     \
  "width = (int) [ 1, " G_STRINGIFY (LETTERBOX_MAX_FRAME_SIZE) " ], "          \
  "height = (int) [ 1, " G_STRINGIFY (LETTERBOX_MAX_FRAME_SIZE) " ], "         \
  "framerate = " GST_VIDEO_FPS_RANGE
/* clang-format on */

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE (
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (FRAME_CAPS));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE (
    "src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (FRAME_CAPS));

#define gst_yolov5_dpu_parent_class parent_class
G_DEFINE_TYPE (GstYolov5Dpu, gst_yolov5_dpu, GST_TYPE_ELEMENT)

static void
post_and_free (GstYolov5Dpu *self, GError *error)
{
  gst_yolov5_post_error (GST_ELEMENT_CAST (self), error);
  g_error_free (error);
}

static gboolean
start_slots (GstYolov5Dpu *self)
{
  GError *error = NULL;
  guint n_slots, cpu_threads;

  gst_yolov5_detector_choose_slots (self->detector, &n_slots, &cpu_threads);
  GST_INFO_OBJECT (self, "%u slots, %u threads each for a software DPU",
      n_slots, cpu_threads);
  if (!gst_yolov5_slot_pool_start (
          self->slots, self->detector, n_slots, cpu_threads, &error)) {
    post_and_free (self, error);
    return FALSE;
  }
  return TRUE;
}

static void
gst_yolov5_dpu_close (GstYolov5Dpu *self)
{
  gst_yolov5_slot_pool_stop (self->slots);
  g_clear_pointer (&self->format, gst_yolov5_frame_format_unref);
  g_clear_pointer (&self->detector, gst_yolov5_detector_free);
}

static gboolean
gst_yolov5_dpu_open (GstYolov5Dpu *self)
{
  g_auto (GstYolov5Settings) settings = { NULL };
  GError *error = NULL;
  const gchar *reason;

  GST_OBJECT_LOCK (self);
  gst_yolov5_settings_copy (&settings, &self->settings);
  GST_OBJECT_UNLOCK (self);

  self->detector = gst_yolov5_detector_open (&settings, &error);
  if (!self->detector) {
    post_and_free (self, error);
    return FALSE;
  }

  reason = dpu_model_get_fallback_reason (self->detector->dpu);
  if (reason)
    GST_ELEMENT_WARNING (self, RESOURCE, NOT_FOUND, ("%s", reason), (NULL));

  GST_OBJECT_LOCK (self);
  gst_yolov5_settings_use_model (&self->settings, self->detector->yolov5);
  gst_yolov5_stats_reset (&self->stats);
  GST_OBJECT_UNLOCK (self);
  self->n_frames = 0;

  if (!start_slots (self)) {
    gst_yolov5_dpu_close (self);
    return FALSE;
  }
  return TRUE;
}

/* what a glance at the properties tells */
static gboolean
check_model_path (GstYolov5Dpu *self)
{
  g_autofree gchar *path = NULL;

  GST_OBJECT_LOCK (self);
  path = g_strdup (self->settings.model_path);
  GST_OBJECT_UNLOCK (self);

  if (!path) {
    GST_ELEMENT_ERROR (self, RESOURCE, SETTINGS,
        ("Set the property \"model\" to the path of an .xmodel file"), (NULL));
    return FALSE;
  }
  if (!g_file_test (path, G_FILE_TEST_EXISTS)) {
    GST_ELEMENT_ERROR (self, RESOURCE, NOT_FOUND,
        ("There is no model \"%s\": set the property \"model\" to the path of "
         "an .xmodel file",
            path),
        (NULL));
    return FALSE;
  }
  return TRUE;
}

static gboolean
set_frame_format (GstYolov5Dpu *self, GstCaps *caps)
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
    post_and_free (self, error);
    return FALSE;
  }
  return TRUE;
}

static GstFlowReturn
gst_yolov5_dpu_sink_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  GstYolov5Dpu *self = GST_YOLOV5_DPU (parent);

  if (GST_EVENT_TYPE (event) == GST_EVENT_CAPS) {
    GstCaps *caps;

    gst_event_parse_caps (event, &caps);
    if (!set_frame_format (self, caps)) {
      gst_event_unref (event);
      return GST_FLOW_NOT_NEGOTIATED;
    }
  }

  return gst_yolov5_fifo_sink_event (self->fifo, event);
}

/* buffers that are inside are missing in upstream's pool */
static void
ask_for_more_buffers (GstYolov5Dpu *self, GstQuery *query)
{
  guint n_slots = gst_yolov5_slot_pool_get_n_slots (self->slots);
  guint i, n_pools = gst_query_get_n_allocation_pools (query);

  for (i = 0; i < n_pools; i++) {
    GstBufferPool *pool;
    guint size, min, max;

    gst_query_parse_nth_allocation_pool (query, i, &pool, &size, &min, &max);
    /* a pool that was offered with a limit keeps to it */
    if (!pool || max == 0) {
      min += n_slots;
      max = max == 0 ? 0 : max + n_slots;
      gst_query_set_nth_allocation_pool (query, i, pool, size, min, max);
    }
    gst_clear_object (&pool);
  }

  if (n_pools == 0) {
    GstVideoInfo info;
    GstCaps *caps;

    gst_query_parse_allocation (query, &caps, NULL);
    if (caps && gst_video_info_from_caps (&info, caps))
      gst_query_add_allocation_pool (query, NULL, info.size, n_slots + 1, 0);
  }
}

static gboolean
gst_yolov5_dpu_sink_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  GstYolov5Dpu *self = GST_YOLOV5_DPU (parent);

  if (!gst_yolov5_fifo_sink_query (self->fifo, query))
    return FALSE;
  if (GST_QUERY_TYPE (query) == GST_QUERY_ALLOCATION)
    ask_for_more_buffers (self, query);

  return TRUE;
}

static gboolean
gst_yolov5_dpu_src_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  return gst_yolov5_fifo_src_event (GST_YOLOV5_DPU (parent)->fifo, event);
}

static gboolean
gst_yolov5_dpu_src_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  if (GST_QUERY_TYPE (query) == GST_QUERY_SCHEDULING) {
    gst_query_add_scheduling_mode (query, GST_PAD_MODE_PUSH);
    return TRUE;
  }

  return gst_pad_query_default (pad, parent, query);
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
  const GstVideoInfo *info = &self->format->info;
  GstVideoFrame frame;

  if (!gst_video_frame_map (&frame, info, buffer,
          GST_MAP_READ | GST_VIDEO_FRAME_MAP_FLAG_NO_REF)) {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("A buffer of %" G_GSIZE_FORMAT " bytes cannot be read as the %s frame "
         "of %dx%d pixels (%" G_GSIZE_FORMAT " bytes) its caps promise",
            gst_buffer_get_size (buffer),
            gst_video_format_to_string (GST_VIDEO_INFO_FORMAT (info)),
            GST_VIDEO_INFO_WIDTH (info), GST_VIDEO_INFO_HEIGHT (info),
            GST_VIDEO_INFO_SIZE (info)),
        (NULL));
    return FALSE;
  }

  if (!self->memory_checked)
    check_memory (self, buffer);
  gst_yolov5_slot_write_frame (slot, self->format, &frame);
  gst_video_frame_unmap (&frame);
  return TRUE;
}

static GstFlowReturn
gst_yolov5_dpu_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  GstYolov5Dpu *self = GST_YOLOV5_DPU (parent);
  GstFlowReturn flow = gst_yolov5_fifo_get_flow (self->fifo);
  GstYolov5Slot *slot;

  if (flow == GST_FLOW_OK && !self->format)
    flow = GST_FLOW_NOT_NEGOTIATED;
  if (flow != GST_FLOW_OK)
    goto out;

  slot = gst_yolov5_slot_pool_acquire (self->slots);
  if (!slot) {
    flow = gst_yolov5_fifo_get_flow (self->fifo);
    if (flow == GST_FLOW_OK)
      flow = GST_FLOW_FLUSHING;
    goto out;
  }
  if (!write_frame (self, slot, buffer)) {
    gst_yolov5_slot_release (slot);
    flow = GST_FLOW_ERROR;
    goto out;
  }

  slot->frame = self->n_frames++;
  GST_OBJECT_LOCK (self);
  slot->parameters = self->settings.parameters;
  GST_OBJECT_UNLOCK (self);
  gst_yolov5_slot_submit (slot);

  return gst_yolov5_fifo_push_buffer (self->fifo, buffer, slot);

out:
  GST_DEBUG_OBJECT (self, "refusing %" GST_PTR_FORMAT ": %s", buffer,
      gst_flow_get_name (flow));
  gst_buffer_unref (buffer);
  return flow;
}

/* only the buffer's metadata are copied, and only where somebody else still
 * holds it; the memory is shared */
static GstBuffer *
attach_detections (
    GstYolov5Dpu *self, GstBuffer *buffer, const GstYolov5Slot *slot)
{
  buffer = gst_buffer_make_writable (buffer);
  gst_buffer_attach_detections (buffer, &slot->format->info,
      (const GstDetection *) slot->detections->data, slot->detections->len);
  return buffer;
}

/* the source pad's task: GstYolov5FifoCallbacks.finish */
static GstFlowReturn
finish_frame (GstElement *element, GstBuffer **buffer, gpointer job)
{
  GstYolov5Dpu *self = GST_YOLOV5_DPU (element);
  GstYolov5Slot *slot = job;
  GstFlowReturn flow = GST_FLOW_OK;
  gboolean post_messages;

  if (!gst_yolov5_slot_wait (slot)) {
    flow = GST_FLOW_FLUSHING;
  } else if (slot->error) {
    gst_yolov5_post_error (element, slot->error);
    flow = GST_FLOW_ERROR;
  } else {
    if (slot->detections->len > 0)
      *buffer = attach_detections (self, *buffer, slot);

    GST_OBJECT_LOCK (self);
    gst_yolov5_stats_add (&self->stats, slot);
    post_messages = self->settings.post_messages;
    GST_OBJECT_UNLOCK (self);

    if (post_messages)
      gst_yolov5_post_detections (element, self->srcpad, *buffer, slot);
  }

  gst_yolov5_slot_release (slot);
  return flow;
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

static const GstYolov5FifoCallbacks fifo_callbacks = {
  .set_flushing = set_flushing,
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
  GstStateChangeReturn ret;

  switch (transition) {
    case GST_STATE_CHANGE_NULL_TO_READY:
      if (!check_model_path (self))
        return GST_STATE_CHANGE_FAILURE;
      break;
    case GST_STATE_CHANGE_READY_TO_PAUSED:
      if (!gst_yolov5_dpu_open (self))
        return GST_STATE_CHANGE_FAILURE;
      break;
    default:
      break;
  }

  ret = GST_ELEMENT_CLASS (parent_class)->change_state (element, transition);

  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY
      || (transition == GST_STATE_CHANGE_READY_TO_PAUSED
          && ret == GST_STATE_CHANGE_FAILURE))
    gst_yolov5_dpu_close (self);

  return ret;
}

static void
gst_yolov5_dpu_set_property (
    GObject *object, guint prop_id, const GValue *value, GParamSpec *pspec)
{
  GstYolov5Dpu *self = GST_YOLOV5_DPU (object);

  if (prop_id > GST_YOLOV5_LAST_SETTING) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    return;
  }

  GST_OBJECT_LOCK (self);
  gst_yolov5_settings_set (&self->settings, prop_id, value);
  GST_OBJECT_UNLOCK (self);
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

  GST_OBJECT_LOCK (self);
  if (prop_id == PROP_STATS)
    g_value_take_boxed (value, gst_yolov5_stats_to_structure (&self->stats));
  else
    gst_yolov5_settings_get (&self->settings, prop_id, value);
  GST_OBJECT_UNLOCK (self);
}

static void
gst_yolov5_dpu_finalize (GObject *object)
{
  GstYolov5Dpu *self = GST_YOLOV5_DPU (object);

  gst_yolov5_fifo_free (self->fifo);
  gst_yolov5_slot_pool_free (self->slots);
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

  self->slots = gst_yolov5_slot_pool_new ();
  self->fifo = gst_yolov5_fifo_new (
      GST_ELEMENT_CAST (self), self->sinkpad, self->srcpad, &fifo_callbacks);

  gst_yolov5_settings_init (&self->settings);
  gst_yolov5_stats_reset (&self->stats);
}

static void
gst_yolov5_dpu_class_init (GstYolov5DpuClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (
      gst_yolov5_dpu_debug, "yolov5dpu", 0, "YOLOv5 on AMD/Xilinx DPUs");
  GST_DEBUG_CATEGORY_GET (CAT_PERFORMANCE, "GST_PERFORMANCE");

  object_class->set_property = gst_yolov5_dpu_set_property;
  object_class->get_property = gst_yolov5_dpu_get_property;
  object_class->finalize = gst_yolov5_dpu_finalize;
  gst_yolov5_settings_install (object_class);

  /**
   * GstYolov5Dpu:stats:
   *
   * What was done since the element went to PAUSED, as a structure
   * `yolov5dpu-stats`:
   *
   * * #guint64 `frames`: frames that left the element
   * * #guint64 `inferences`: frames of these that were executed
   * * #guint64 `detections`: what was found in all of them
   * * #GstClockTime `letterbox-time`: average time to write a frame into the
   *   model's input
   * * #GstClockTime `inference-time`: average time to execute the model,
   *   including the wait for the DPU
   * * #GstClockTime `postprocess-time`: average time to decode the heads
   * * #gdouble `fps`: frames per second, from the first frame that left to the
   *   last
   */
  g_object_class_install_property (object_class, PROP_STATS,
      g_param_spec_boxed ("stats", "Statistics",
          "Number of frames, inferences and detections, and average times",
          GST_TYPE_STRUCTURE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));

  element_class->change_state = GST_DEBUG_FUNCPTR (gst_yolov5_dpu_change_state);
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "YOLOv5 on DPUs",
      "Filter/Analyzer/Video",
      "Detects objects with a YOLOv5 model on an AMD/Xilinx DPU",
      "yolov5dpu developers");
  gst_type_mark_as_plugin_api (GST_TYPE_YOLOV5_DPU_DEVICE, 0);
}
