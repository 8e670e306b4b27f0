/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Frames pass in place, their pixels are never read. */

/**
 * SECTION:element-yolov5track
 * @title: yolov5track
 *
 * Gives detections ids: an object has the same id on all frames, also when some
 * of them are not looked at (`inference-interval`, `no-block`), the detector
 * misses it for a while, or it is hidden for up to
 * #GstYolov5Track:max-lost-time. Place it behind a detector, of any plug-in,
 * and before what reads or draws.
 *
 * On frames that nobody looked at it attaches the boxes where objects are
 * expected to be, marked as predicted (#GstYolov5Track:predict).
 *
 * Ids are in DL Streamer's form, the parameter `object_id` of regions of
 * interest, and in #GstAnalyticsTrackingMtd with GStreamer 1.24 or later.
 * yolov5json writes them. With #GstYolov5Track:post-messages the element posts
 * an element message for each frame that was looked at or has predicted objects.
 * Its structure `yolov5track` has the fields of yolov5dpu's, `looked-at`
 * (boolean), and in each of the `detections`, which are those with an id, `id`
 * (uint64), `predicted` (boolean), and `age` (uint64, nanoseconds).
 *
 * A frame was looked at if a yolov5dpu marked it. Other detectors do not mark
 * frames: those with detections of theirs were looked at. Each yolov5dpu has a
 * tracker of its own, all others have one together. Detections that have an id
 * of another tracker are left alone.
 *
 * All tracks end, and ids go on, with a flush, a new stream, frames of another
 * size, and when timestamps of a buffer with %GST_BUFFER_FLAG_DISCONT go back or
 * ahead by more than #GstYolov5Track:max-lost-time (and a second).
 *
 * ## Example pipelines
 * |[
 * gst-launch-1.0 filesrc location=street.mp4 ! decodebin ! videoconvert ! yolov5dpu model=everyday-640x640_int.xmodel inference-interval=3 ! yolov5track ! yolov5json ! filesink location=street.jsonl
 * ]| Looks at every third frame of a film and writes where objects are on all
 * of them.
 */

#include "element.h"

#include <gst/video/video.h>

#include "messages.h"
#include "metadata/inference.h"
#include "properties.h"
#include "stream.h"

GST_DEBUG_CATEGORY_STATIC (gst_yolov5_track_debug);
#define GST_CAT_DEFAULT gst_yolov5_track_debug

/* others are fields of the settings */
enum { PROP_STATS = sizeof (TrackSettings) + 1 };

struct _GstYolov5Track {
  GstElement element;

  GstPad *sinkpad;
  GstPad *srcpad;

  /* under the object lock */
  TrackSettings settings;
  gboolean settings_changed;
  TrackUniqueIds unique_ids;

  /* under its lock, which comes before the object lock and is not held while
   * anything is pushed or posted */
  GMutex stream_lock;
  TrackStream *stream;
  guint64 last_id;

  /* streaming thread */
  GstVideoInfo info;
  TrackFrame frame;
  gboolean has_warned;
};

/* clang-format off */
static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE (
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS,
    GST_STATIC_CAPS ("video/x-raw(ANY)"));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE (
    "src", GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS ("video/x-raw(ANY)"));
/* clang-format on */

#define gst_yolov5_track_parent_class parent_class
G_DEFINE_TYPE (GstYolov5Track, gst_yolov5_track, GST_TYPE_ELEMENT)

static guint64
take_process_id (void)
{
  G_LOCK_DEFINE_STATIC (process_ids);
  static guint64 last_process_id = 0;
  guint64 id;

  G_LOCK (process_ids);
  id = ++last_process_id;
  G_UNLOCK (process_ids);
  return id;
}

static guint64
take_id (gpointer user_data)
{
  GstYolov5Track *self = user_data;

  return self->unique_ids == TRACK_UNIQUE_IDS_PROCESS ? take_process_id ()
                                                      : ++self->last_id;
}

/* with the stream's lock */
static void
take_settings (GstYolov5Track *self)
{
  GST_OBJECT_LOCK (self);
  if (self->settings_changed) {
    track_stream_set_settings (self->stream, &self->settings);
    self->unique_ids = self->settings.unique_ids;
    self->settings_changed = FALSE;
  }
  GST_OBJECT_UNLOCK (self);
}

static void
start_stream (GstYolov5Track *self)
{
  g_mutex_lock (&self->stream_lock);
  g_clear_pointer (&self->stream, track_stream_free);
  self->stream = track_stream_new (take_id, self);
  self->last_id = 0;
  self->has_warned = FALSE;
  GST_OBJECT_LOCK (self);
  self->settings_changed = TRUE;
  GST_OBJECT_UNLOCK (self);
  g_mutex_unlock (&self->stream_lock);
}

static void
reset_stream (GstYolov5Track *self)
{
  GST_DEBUG_OBJECT (self, "all tracks end");
  g_mutex_lock (&self->stream_lock);
  track_stream_reset (self->stream);
  g_mutex_unlock (&self->stream_lock);
}

static GstBuffer *
attach (GstYolov5Track *self, GstBuffer *buffer)
{
  GstYolov5Detection *detections;
  guint n_collected = self->frame.n_collected;
  guint n = self->frame.detections->len;

  buffer = gst_buffer_make_writable (buffer);
  detections = (GstYolov5Detection *) self->frame.detections->data;
  gst_yolov5_detections_attach (
      buffer, &self->info, detections + n_collected, n - n_collected, TRUE);
  gst_yolov5_tracks_attach (buffer, detections,
      (const GstYolov5TrackedObject *) self->frame.tracks->data, n);
  return buffer;
}

/* once is enough */
static void
warn_of_limit (GstYolov5Track *self)
{
  if (self->has_warned)
    return;
  self->has_warned = TRUE;
  GST_ELEMENT_WARNING (self, STREAM, FAILED,
      ("Of the %u detections of a frame only %u are tracked: let the detector "
       "find fewer, with a higher threshold or a lower max-detections",
          self->frame.n_collected,
          self->frame.n_collected
              - MIN (self->frame.n_collected, self->frame.n_left_out)),
      ("the limit is %u", TRACKER_MAX_DETECTIONS));
}

static GstFlowReturn
gst_yolov5_track_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  GstYolov5Track *self = GST_YOLOV5_TRACK (parent);
  gboolean post_messages;

  if (GST_VIDEO_INFO_WIDTH (&self->info) == 0) {
    gst_buffer_unref (buffer);
    return GST_FLOW_NOT_NEGOTIATED;
  }

  g_mutex_lock (&self->stream_lock);
  take_settings (self);
  track_stream_follow (self->stream, buffer, &self->info, &self->frame);
  g_mutex_unlock (&self->stream_lock);

  GST_LOG_OBJECT (self, "%u detections, %u tracked in %" GST_PTR_FORMAT,
      self->frame.n_collected, self->frame.n_tracked, buffer);
  if (self->frame.n_left_out > 0)
    warn_of_limit (self);
  if (self->frame.n_tracked > 0)
    buffer = attach (self, buffer);

  GST_OBJECT_LOCK (self);
  post_messages = self->settings.post_messages;
  GST_OBJECT_UNLOCK (self);
  if (post_messages && (self->frame.has_looked || self->frame.n_tracked > 0))
    track_message_post (GST_ELEMENT_CAST (self), self->srcpad, buffer,
        &self->info, &self->frame);
  return gst_pad_push (self->srcpad, buffer);
}

/* size and rate are all that matters, so that formats unknown here do as well */
static gboolean
set_caps (GstYolov5Track *self, const GstCaps *caps)
{
  const GstStructure *structure = gst_caps_get_structure (caps, 0);
  gint width, height, fps_n, fps_d;

  if (!gst_structure_get_int (structure, "width", &width)
      || !gst_structure_get_int (structure, "height", &height) || width <= 0
      || height <= 0) {
    GST_ELEMENT_ERROR (self, CORE, NEGOTIATION,
        ("The caps %" GST_PTR_FORMAT " do not say how large frames are", caps),
        (NULL));
    return FALSE;
  }
  if (!gst_structure_get_fraction (structure, "framerate", &fps_n, &fps_d))
    fps_n = 0, fps_d = 1;

  GST_INFO_OBJECT (self, "frames are %" GST_PTR_FORMAT, caps);
  if (width != GST_VIDEO_INFO_WIDTH (&self->info)
      || height != GST_VIDEO_INFO_HEIGHT (&self->info))
    reset_stream (self);
  GST_VIDEO_INFO_WIDTH (&self->info) = width;
  GST_VIDEO_INFO_HEIGHT (&self->info) = height;
  GST_VIDEO_INFO_FPS_N (&self->info) = fps_n;
  GST_VIDEO_INFO_FPS_D (&self->info) = fps_d;
  return TRUE;
}

static gboolean
gst_yolov5_track_sink_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  GstYolov5Track *self = GST_YOLOV5_TRACK (parent);
  GstCaps *caps;

  GST_DEBUG_OBJECT (self, "received %" GST_PTR_FORMAT, event);
  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_CAPS:
      gst_event_parse_caps (event, &caps);
      if (!set_caps (self, caps)) {
        gst_event_unref (event);
        return FALSE;
      }
      break;
    case GST_EVENT_STREAM_START:
    case GST_EVENT_FLUSH_STOP:
      reset_stream (self);
      break;
    default:
      break;
  }
  return gst_pad_event_default (pad, parent, event);
}

static GstStateChangeReturn
gst_yolov5_track_change_state (GstElement *element, GstStateChange transition)
{
  GstYolov5Track *self = GST_YOLOV5_TRACK (element);
  GstStateChangeReturn ret;

  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED)
    start_stream (self);
  ret = GST_ELEMENT_CLASS (parent_class)->change_state (element, transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    gst_video_info_init (&self->info);
  return ret;
}

static void
gst_yolov5_track_set_property (
    GObject *object, guint prop_id, const GValue *value, GParamSpec *pspec)
{
  GstYolov5Track *self = GST_YOLOV5_TRACK (object);

  if (prop_id >= PROP_STATS) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    return;
  }
  GST_OBJECT_LOCK (self);
  gst_yolov5_properties_set (&self->settings, pspec, value);
  self->settings_changed = TRUE;
  GST_OBJECT_UNLOCK (self);
}

static void
gst_yolov5_track_get_property (
    GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  GstYolov5Track *self = GST_YOLOV5_TRACK (object);

  if (prop_id == PROP_STATS) {
    g_mutex_lock (&self->stream_lock);
    g_value_take_boxed (value, track_stream_get_statistics (self->stream));
    g_mutex_unlock (&self->stream_lock);
    return;
  }
  GST_OBJECT_LOCK (self);
  gst_yolov5_properties_get (&self->settings, pspec, value);
  GST_OBJECT_UNLOCK (self);
}

static void
gst_yolov5_track_finalize (GObject *object)
{
  GstYolov5Track *self = GST_YOLOV5_TRACK (object);

  track_stream_free (self->stream);
  track_frame_clear (&self->frame);
  g_mutex_clear (&self->stream_lock);
  gst_yolov5_properties_free_strings (&self->settings, object);

  G_OBJECT_CLASS (parent_class)->finalize (object);
}

static void
gst_yolov5_track_class_init (GstYolov5TrackClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (
      gst_yolov5_track_debug, "yolov5track", 0, "ids of detections");

  object_class->set_property = gst_yolov5_track_set_property;
  object_class->get_property = gst_yolov5_track_get_property;
  object_class->finalize = gst_yolov5_track_finalize;

  track_settings_install (object_class);

  /**
   * GstYolov5Track:stats:
   *
   * Since the element started: `frames`, `looked-at` of these, `detections` that
   * were to be tracked, `left-out` of these over the limit, `tracks` that had an
   * id, `recovered`, how often one was found again that was lost (all uint64),
   * `alive` tracks now and `lost` of these (uint), and `classes`, an array with a
   * structure for each class of `label`, `tracks` and `seen-time`, the sum of
   * the nanoseconds from the first to the last detection of each.
   */
  g_object_class_install_property (object_class, PROP_STATS,
      g_param_spec_boxed ("stats", "Statistics",
          "How many objects there were, and for how long", GST_TYPE_STRUCTURE,
          G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));

  element_class->change_state =
      GST_DEBUG_FUNCPTR (gst_yolov5_track_change_state);
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "Ids of detections",
      "Filter/Analyzer/Video",
      "Follows what a detector found over frames, also those it did not look at",
      "The yolov5dpu authors");
  gst_type_mark_as_plugin_api (TRACK_TYPE_UNIQUE_IDS, 0);

  gst_yolov5_inference_register ();
  gst_yolov5_tracks_register ();
}

static void
gst_yolov5_track_init (GstYolov5Track *self)
{
  self->sinkpad = gst_pad_new_from_static_template (&sink_template, "sink");
  gst_pad_set_chain_function (
      self->sinkpad, GST_DEBUG_FUNCPTR (gst_yolov5_track_chain));
  gst_pad_set_event_function (
      self->sinkpad, GST_DEBUG_FUNCPTR (gst_yolov5_track_sink_event));
  /* frames pass as they are: what downstream wants holds upstream. They are
   * pushed, so that nothing is said of scheduling, which may be by pulling */
  GST_PAD_SET_PROXY_CAPS (self->sinkpad);
  GST_PAD_SET_PROXY_ALLOCATION (self->sinkpad);
  gst_element_add_pad (GST_ELEMENT_CAST (self), self->sinkpad);

  self->srcpad = gst_pad_new_from_static_template (&src_template, "src");
  GST_PAD_SET_PROXY_CAPS (self->srcpad);
  gst_element_add_pad (GST_ELEMENT_CAST (self), self->srcpad);

  gst_yolov5_properties_reset (&self->settings, G_OBJECT (self));
  self->settings_changed = TRUE;
  gst_video_info_init (&self->info);
  track_frame_init (&self->frame);
  g_mutex_init (&self->stream_lock);
  self->stream = track_stream_new (take_id, self);
}
