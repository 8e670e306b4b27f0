/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The detector element: pads, events, queries, properties and state changes. */

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
 * gst-launch-1.0 rtspsrc location=rtsp://camera/stream ! decodebin ! yolov5dpu
 *     model=street-640x384_int.xmodel no-block=true classes=person
 *     class-thresholds=person=0.5 ! yolov5overlay ! videoconvert !
 *     autovideosink
 * ]|
 * Finds people in a network camera's stream, and lets frames pass that come
 * faster than the DPU can look at them.
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

#include "gstyolov5dpu-private.h"

#include "gstinference.h"
#include "gstyolov5allocation.h"
#include "gstyolov5messages.h"

GST_DEBUG_CATEGORY (gst_yolov5_dpu_debug);
#define GST_CAT_DEFAULT gst_yolov5_dpu_debug
GST_DEBUG_CATEGORY (gst_yolov5_dpu_performance_debug);

#define PROP_STATS (GST_YOLOV5_LAST_SETTING + 1)

/* a framerate is not needed, and applications leave it out */
/* clang-format off */
#define FRAME_CAPS                                                             \
  "video/x-raw, format = (string) " LETTERBOX_FORMATS ", "                     \
  "width = (int) [ 1, " G_STRINGIFY (LETTERBOX_MAX_FRAME_SIZE) " ], "          \
  "height = (int) [ 1, " G_STRINGIFY (LETTERBOX_MAX_FRAME_SIZE) " ]"
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
  GstYolov5Detector *detector;

  gst_yolov5_slot_pool_stop (self->slots);
  g_clear_pointer (&self->format, gst_yolov5_frame_format_unref);

  GST_OBJECT_LOCK (self);
  detector = g_steal_pointer (&self->detector);
  gst_yolov5_settings_use_classes (&self->settings, NULL, NULL);
  self->settings_in_use = FALSE;
  GST_OBJECT_UNLOCK (self);

  g_clear_pointer (&detector, gst_yolov5_detector_free);
}

/* a class that the model does not have is no reason not to start */
static void
use_classes (GstYolov5Dpu *self)
{
  gboolean used;

  do {
    GError *error = NULL;

    GST_OBJECT_LOCK (self);
    used = gst_yolov5_settings_use_classes (
        &self->settings, self->detector->yolov5, &error);
    GST_OBJECT_UNLOCK (self);
    if (!used)
      GST_ELEMENT_WARNING (
          self, RESOURCE, SETTINGS, ("%s", error->message), (NULL));
    g_clear_error (&error);
  } while (!used);
}

/* everything a stream begins with */
static void
reset (GstYolov5Dpu *self)
{
  GST_OBJECT_LOCK (self);
  gst_yolov5_settings_use_model (&self->settings, self->detector->yolov5);
  gst_yolov5_stats_reset (&self->stats);
  gst_yolov5_latency_reset (
      &self->latency, gst_yolov5_slot_pool_get_warm_up_time (self->slots));
  gst_yolov5_qos_reset (&self->qos);
  self->live = FALSE;
  self->frame_duration = GST_CLOCK_TIME_NONE;
  GST_OBJECT_UNLOCK (self);

  gst_segment_init (&self->segment, GST_FORMAT_UNDEFINED);
  self->n_frames = 0;
  self->n_passed = GST_YOLOV5_NONE_INFERRED;
  self->last_ready = 0;
}

static gboolean
gst_yolov5_dpu_open (GstYolov5Dpu *self)
{
  g_auto (GstYolov5Settings) settings = { NULL };
  GstYolov5Detector *detector;
  GError *error = NULL;
  const gchar *reason;

  GST_OBJECT_LOCK (self);
  self->settings_in_use = TRUE;
  gst_yolov5_settings_copy (&settings, &self->settings);
  GST_OBJECT_UNLOCK (self);

  detector = gst_yolov5_detector_open (&settings, &error);
  if (!detector) {
    post_and_free (self, error);
    gst_yolov5_dpu_close (self);
    return FALSE;
  }
  GST_OBJECT_LOCK (self);
  self->detector = detector;
  GST_OBJECT_UNLOCK (self);

  reason = dpu_model_get_fallback_reason (detector->dpu);
  if (reason)
    GST_ELEMENT_WARNING (self, RESOURCE, NOT_FOUND, ("%s", reason), (NULL));

  use_classes (self);
  if (!start_slots (self)) {
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

  GST_OBJECT_LOCK (self);
  path = g_strdup (self->settings.model_path);
  GST_OBJECT_UNLOCK (self);

  if (!path) {
    GST_ELEMENT_ERROR (self, RESOURCE, SETTINGS,
        ("Set the property \"model\" to the path of an .xmodel file"), (NULL));
    return FALSE;
  }
  if (!g_file_test (path, G_FILE_TEST_EXISTS)) {
    g_autofree gchar *name = g_filename_display_name (path);

    GST_ELEMENT_ERROR (self, RESOURCE, NOT_FOUND,
        ("There is no model \"%s\": set the property \"model\" to the path of "
         "an .xmodel file",
            name),
        (NULL));
    return FALSE;
  }
  return TRUE;
}

/* what was known of the stream does not hold for what follows */
static void
start_anew (GstYolov5Dpu *self)
{
  self->n_passed = GST_YOLOV5_NONE_INFERRED;
  GST_OBJECT_LOCK (self);
  gst_yolov5_qos_reset (&self->qos);
  GST_OBJECT_UNLOCK (self);
}

static GstFlowReturn
gst_yolov5_dpu_sink_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  GstYolov5Dpu *self = GST_YOLOV5_DPU (parent);
  GstCaps *caps;

  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_CAPS:
      gst_event_parse_caps (event, &caps);
      if (!gst_yolov5_frames_set_caps (self, caps)) {
        gst_event_unref (event);
        return GST_FLOW_NOT_NEGOTIATED;
      }
      break;
    case GST_EVENT_SEGMENT:
      gst_event_copy_segment (event, &self->segment);
      start_anew (self);
      break;
    case GST_EVENT_FLUSH_STOP:
      gst_segment_init (&self->segment, GST_FORMAT_UNDEFINED);
      start_anew (self);
      break;
    default:
      break;
  }

  return gst_yolov5_fifo_sink_event (self->fifo, event);
}

static gboolean
gst_yolov5_dpu_sink_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  GstYolov5Dpu *self = GST_YOLOV5_DPU (parent);

  if (!gst_yolov5_fifo_sink_query (self->fifo, query))
    return FALSE;
  if (GST_QUERY_TYPE (query) == GST_QUERY_ALLOCATION) {
    gst_yolov5_allocation_refuse_cropping (query);
    gst_yolov5_allocation_add_buffers (
        query, gst_yolov5_slot_pool_get_n_slots (self->slots));
  }

  return TRUE;
}

static gboolean
gst_yolov5_dpu_src_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  GstYolov5Dpu *self = GST_YOLOV5_DPU (parent);

  if (GST_EVENT_TYPE (event) == GST_EVENT_QOS) {
    GST_OBJECT_LOCK (self);
    gst_yolov5_qos_update (&self->qos, event);
    GST_OBJECT_UNLOCK (self);
  }

  return gst_yolov5_fifo_src_event (self->fifo, event);
}

static gboolean
answer_latency (GstYolov5Dpu *self, GstQuery *query)
{
  guint n_slots = gst_yolov5_slot_pool_get_n_slots (self->slots);

  if (!gst_pad_peer_query (self->sinkpad, query))
    return FALSE;

  GST_OBJECT_LOCK (self);
  gst_query_parse_latency (query, &self->live, NULL, NULL);
  gst_yolov5_latency_answer (
      &self->latency, query, n_slots, self->frame_duration);
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

static const GstYolov5FifoCallbacks fifo_callbacks = {
  .set_flushing = set_flushing,
  .finish = gst_yolov5_frames_finish,
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

  GError *error = NULL;
  gboolean refused;

  if (prop_id > GST_YOLOV5_LAST_SETTING) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    return;
  }

  GST_OBJECT_LOCK (self);
  refused = self->settings_in_use && (pspec->flags & GST_PARAM_MUTABLE_READY);
  if (!refused)
    gst_yolov5_settings_set (&self->settings, prop_id, value,
        self->detector ? self->detector->yolov5 : NULL, &error);
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
      self->sinkpad, GST_DEBUG_FUNCPTR (gst_yolov5_frames_chain));
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
  GST_DEBUG_CATEGORY_GET (gst_yolov5_dpu_performance_debug, "GST_PERFORMANCE");

  gst_inference_meta_register ();

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
   * * #guint64 `inferences`: frames of these that went through the model
   * * #guint64 `skipped`: frames that came and passed without inference, as
   *   they were not due, found the DPU busy or were gaps
   * * #guint64 `late`: frames that passed without inference as they came too
   *   late for downstream
   * * #guint64 `detections`: what was found in all of them
   * * #gdouble `fps`: frames per second that left, over the last 500 frames
   *
   * and median and 99th percentile of the last 500 inferences (#GstClockTime):
   *
   * * `letterbox-median`, `letterbox-p99`: to write a frame into the model's
   *   input
   * * `inference-median`, `inference-p99`: to execute the model, with the wait
   *   for the DPU
   * * `postprocess-median`, `postprocess-p99`: to decode the heads
   * * `total-median`, `total-p99`: from when a frame found a slot until it
   *   could be pushed
   */
  g_object_class_install_property (object_class, PROP_STATS,
      g_param_spec_boxed ("stats", "Statistics",
          "Counts of frames, inferences and detections, frames per second, "
          "and the times of each stage",
          GST_TYPE_STRUCTURE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));

  element_class->change_state = GST_DEBUG_FUNCPTR (gst_yolov5_dpu_change_state);
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "YOLOv5 on DPUs",
      "Filter/Analyzer/Video",
      "Detects objects with a YOLOv5 model on an AMD/Xilinx DPU",
      "The yolov5dpu authors");
  gst_type_mark_as_plugin_api (GST_TYPE_YOLOV5_DPU_DEVICE, 0);
}
