/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The detector: its pads, states and properties. A frame comes in by the intake,
 * waits in the FIFO, and leaves with the results. */

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
#include "intake.h"
#include "metadata/buffers.h"
#include "metadata/inference.h"
#include "opening.h"
#include "results.h"
#include "session.h"
#include "stream.h"
#include "timing.h"

GST_DEBUG_CATEGORY (gst_yolov5_dpu_debug);
#define GST_CAT_DEFAULT gst_yolov5_dpu_debug
GST_DEBUG_CATEGORY (gst_yolov5_dpu_performance_debug);

/* ids up to here are fields of the settings */
#define PROP_STATS (sizeof (GstYolov5Settings) + 1)

struct _GstYolov5Dpu {
  GstElement element;

  GstPad *sinkpad;
  GstPad *srcpad;

  GstYolov5Opening *opening;
  GstYolov5Fifo *fifo;
  GstYolov5Session session;
  GstYolov5Timing timing;

  /* of the sink pad's streaming thread */
  GstYolov5Stream stream;
  GstYolov5Intake intake;
  gboolean model_told;

  /* of the source pad's task */
  GstYolov5Results results;
};

static GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
        /* the others get a sentence instead of a failed negotiation */
        GST_STATIC_CAPS (GST_YOLOV5_FRAME_CAPS "; video/x-raw"));
static GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS,
        GST_STATIC_CAPS (GST_YOLOV5_FRAME_CAPS "; video/x-raw"));

#define gst_yolov5_dpu_parent_class parent_class
G_DEFINE_TYPE (GstYolov5Dpu, gst_yolov5_dpu, GST_TYPE_ELEMENT)

static void
gst_yolov5_dpu_close (GstYolov5Dpu *self)
{
  gst_yolov5_session_close (&self->session);
  gst_yolov5_stream_clear (&self->stream);
}

/* in a thread of its own */
static gboolean
gst_yolov5_dpu_open (GstElement *element, GCancellable *cancellable)
{
  GstYolov5Dpu *self = GST_YOLOV5_DPU (element);
  GstYolov5SlotPool *slots = self->session.slots;

  if (!gst_yolov5_session_open (&self->session, cancellable))
    return FALSE;

  gst_yolov5_timing_reset (&self->timing,
      gst_yolov5_slot_pool_get_n_slots (slots),
      gst_yolov5_slot_pool_get_warm_up_time (slots));
  gst_yolov5_stream_reset (&self->stream);
  gst_yolov5_intake_reset (&self->intake);
  gst_yolov5_results_reset (&self->results);
  self->model_told = FALSE;
  return TRUE;
}

static GstFlowReturn
gst_yolov5_dpu_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  GstYolov5Dpu *self = GST_YOLOV5_DPU (parent);
  GstFlowReturn flow = gst_yolov5_opening_wait (self->opening);

  if (flow != GST_FLOW_OK) {
    GST_DEBUG_OBJECT (self, "refusing %" GST_PTR_FORMAT ": %s", buffer,
        gst_flow_get_name (flow));
    gst_buffer_unref (buffer);
    return flow;
  }
  return gst_yolov5_intake_take (&self->intake, buffer);
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
      if (!gst_yolov5_stream_set_caps (
              &self->stream, self->session.model, caps)) {
        gst_event_unref (event);
        return GST_FLOW_NOT_NEGOTIATED;
      }
      break;
    case GST_EVENT_SEGMENT:
      gst_yolov5_timing_find_liveness (&self->timing, pad);
      gst_yolov5_intake_start_anew (&self->intake);
      break;
    case GST_EVENT_FLUSH_STOP:
      gst_yolov5_intake_start_anew (&self->intake);
      break;
    default:
      break;
  }

  gst_yolov5_stream_take_event (&self->stream, event);

  flow = gst_yolov5_fifo_sink_event (self->fifo, event);
  /* once, behind the first segment, as the order of sticky events wants it */
  if (type == GST_EVENT_SEGMENT && flow == GST_FLOW_OK && self->session.model
      && !self->model_told) {
    self->model_told = TRUE;
    flow = gst_yolov5_fifo_sink_event (
        self->fifo, gst_yolov5_session_describe (&self->session));
  }
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
        query, gst_yolov5_slot_pool_get_n_slots (self->session.slots));
    GST_DEBUG_OBJECT (self, "upstream learns %" GST_PTR_FORMAT, query);
  }

  return TRUE;
}

static gboolean
gst_yolov5_dpu_src_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  GstYolov5Dpu *self = GST_YOLOV5_DPU (parent);

  if (GST_EVENT_TYPE (event) == GST_EVENT_QOS)
    gst_yolov5_timing_update_qos (&self->timing, event);

  return gst_yolov5_fifo_src_event (self->fifo, event);
}

static gboolean
answer_latency (GstYolov5Dpu *self, GstQuery *query)
{
  gboolean hurries;

  GST_OBJECT_LOCK (self);
  hurries = self->session.settings.no_block == GST_YOLOV5_DPU_NO_BLOCK_AUTO;
  GST_OBJECT_UNLOCK (self);
  return gst_yolov5_timing_answer_latency (&self->timing, self->sinkpad, query,
      gst_yolov5_slot_pool_get_n_slots (self->session.slots), hurries);
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

/* the FIFO's jobs are slots */
static GstFlowReturn
finish_frame (GstElement *element, GstBuffer **buffer, gpointer job)
{
  return gst_yolov5_results_finish (
      &GST_YOLOV5_DPU (element)->results, buffer, job);
}

static void
discard_frame (GstElement *element, gpointer job)
{
  gst_yolov5_slot_release (job);
}

static void
set_flushing (GstElement *element, gboolean flushing)
{
  gst_yolov5_slot_pool_set_flushing (
      GST_YOLOV5_DPU (element)->session.slots, flushing);
}

static void
set_hurrying (GstElement *element, gboolean hurrying)
{
  gst_yolov5_slot_pool_set_hurrying (
      GST_YOLOV5_DPU (element)->session.slots, hurrying);
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
      if (!gst_yolov5_session_check (&self->session))
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
    case GST_STATE_CHANGE_READY_TO_NULL:
      /* one that took long and failed left the element in READY */
      gst_yolov5_opening_end (self->opening);
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
  const GstYolov5OpenedModel *model;
  GError *error = NULL;
  gboolean refused;

  if (prop_id >= PROP_STATS) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    return;
  }

  GST_OBJECT_LOCK (self);
  model = self->session.model;
  refused = self->session.in_use && (pspec->flags & GST_PARAM_MUTABLE_READY);
  if (!refused)
    gst_yolov5_settings_set (&self->session.settings, pspec, value,
        model ? model->yolov5 : NULL, &error);
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
    g_value_take_boxed (value, gst_yolov5_timing_get_stats (&self->timing));
    return;
  }

  GST_OBJECT_LOCK (self);
  gst_yolov5_settings_get (&self->session.settings, pspec, value);
  GST_OBJECT_UNLOCK (self);
}

static void
gst_yolov5_dpu_finalize (GObject *object)
{
  GstYolov5Dpu *self = GST_YOLOV5_DPU (object);

  gst_yolov5_fifo_free (self->fifo);
  gst_yolov5_session_clear (&self->session);
  gst_yolov5_opening_free (self->opening);

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
  GstElement *element = GST_ELEMENT_CAST (self);

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

  self->opening = gst_yolov5_opening_new (element, gst_yolov5_dpu_open);
  self->fifo = gst_yolov5_fifo_new (
      element, self->sinkpad, self->srcpad, &fifo_callbacks);
  gst_yolov5_session_init (&self->session, element);
  gst_yolov5_timing_init (&self->timing, element);
  gst_yolov5_stream_init (&self->stream, element, self->sinkpad, &self->timing);
  gst_yolov5_intake_init (&self->intake, element, &self->session, &self->stream,
      &self->timing, self->fifo);
  gst_yolov5_results_init (
      &self->results, element, self->srcpad, &self->session, &self->timing);
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
