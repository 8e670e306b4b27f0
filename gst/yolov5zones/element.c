/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Frames pass in place, their pixels are never read. */

/**
 * SECTION:element-yolov5zones
 * @title: yolov5zones
 *
 * Counts who crosses lines and which way, who is in zones, and for how long.
 * Place it behind a tracker, yolov5track or another one: objects are told by
 * their ids, and those without do not count.
 *
 * #GstYolov5Zones:config is a key file with a group for each line and zone, and
 * points in fractions of the frame:
 *
 * |[
 * [line entrance]
 * points=0.20;0.55;0.80;0.55
 * classes=person
 *
 * [zone yard]
 * points=0.1;0.6;0.9;0.6;0.9;0.95;0.1;0.95
 * anchor=bottom
 * dwell=10
 * ]|
 *
 * A line counts forward who comes from the left hand of one who goes along it
 * from its first point to its last, and backward who comes from the right. What
 * happens is posted as element messages `line-crossed`, `zone-entered`,
 * `zone-left` and `zone-dwell`, and attached to the frame with all counts, for
 * yolov5overlay and yolov5json behind. #GstYolov5Zones:stats has the counts, too.
 *
 * All objects are gone, and counts go on, with a flush, a new stream, frames of
 * another size, and when timestamps of a buffer with %GST_BUFFER_FLAG_DISCONT go
 * back or ahead by more than #GstYolov5Zones:max-lost-time (and a second).
 *
 * ## Example pipelines
 * |[
 * gst-launch-1.0 -m filesrc location=street.mp4 ! decodebin ! yolov5dpu model=street-640x640_int.xmodel ! yolov5track ! yolov5zones config=street.ini ! fakesink
 * ]| Prints a message for each crossing of a line and each visit of a zone.
 */

#include "element.h"

#include "messages.h"
#include "metadata/inference.h"
#include "metadata/tracks.h"
#include "properties.h"
#include "settings.h"
#include "stream.h"

GST_DEBUG_CATEGORY_STATIC (gst_yolov5_zones_debug);
#define GST_CAT_DEFAULT gst_yolov5_zones_debug

/* others are fields of the settings */
enum { PROP_STATS = sizeof (ZonesSettings) + 1 };

/* what there was a warning of; once is enough */
typedef enum {
  WARNED_OF_LIMIT = 1 << 0,
  WARNED_OF_IDS = 1 << 1,
  WARNED_OF_TRACKER = 1 << 2,
} Warned;

struct _GstYolov5Zones {
  GstElement element;

  GstPad *sinkpad;
  GstPad *srcpad;

  /* under the object lock */
  ZonesSettings settings;

  /* under its lock, which comes before the object lock and is not held while
   * anything is pushed or posted */
  GMutex stream_lock;
  ZonesStream *stream;
  gboolean is_running;
  gchar *name;
  gchar *path;

  /* streaming thread */
  GstVideoInfo info;
  GstSegment segment;
  Warned warned;
};

/* clang-format off */
static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE (
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS,
    GST_STATIC_CAPS ("video/x-raw(ANY)"));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE (
    "src", GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS ("video/x-raw(ANY)"));
/* clang-format on */

#define gst_yolov5_zones_parent_class parent_class
G_DEFINE_TYPE (GstYolov5Zones, gst_yolov5_zones, GST_TYPE_ELEMENT)

static ZonesConfig *
read_config (GstYolov5Zones *self, GError **error)
{
  g_autofree gchar *path = NULL;

  GST_OBJECT_LOCK (self);
  path = g_strdup (self->settings.config);
  GST_OBJECT_UNLOCK (self);
  if (!path || *path == '\0') {
    g_set_error_literal (error, ZONES_ERROR, ZONES_ERROR_SETTINGS,
        "There are no lines and zones to count at: name a file with [line "
        "NAME] and [zone NAME] groups, config=FILE");
    return NULL;
  }
  return zones_config_new_from_file (path, error);
}

static gint
get_gst_code (const GError *error)
{
  return g_error_matches (error, ZONES_ERROR, ZONES_ERROR_NOT_FOUND)
             ? GST_RESOURCE_ERROR_NOT_FOUND
             : GST_RESOURCE_ERROR_SETTINGS;
}

static void
take_path (GstYolov5Zones *self)
{
  g_autofree gchar *path = gst_object_get_path_string (GST_OBJECT_CAST (self));
  g_autofree gchar *name = gst_object_get_name (GST_OBJECT_CAST (self));

  g_free (self->path);
  g_free (self->name);
  self->path = g_utf8_make_valid (path, -1);
  self->name = g_utf8_make_valid (name, -1);
}

static gboolean
start (GstYolov5Zones *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ZonesConfig) config = read_config (self, &error);

  if (!config) {
    gst_element_message_full (GST_ELEMENT_CAST (self), GST_MESSAGE_ERROR,
        GST_RESOURCE_ERROR, get_gst_code (error), g_strdup (error->message),
        NULL, __FILE__, GST_FUNCTION, __LINE__);
    return FALSE;
  }
  GST_INFO_OBJECT (
      self, "there are %u lines and zones", zones_config_get_n_shapes (config));

  g_mutex_lock (&self->stream_lock);
  g_clear_pointer (&self->stream, zones_stream_free);
  self->stream = zones_stream_new (config);
  self->is_running = TRUE;
  take_path (self);
  g_mutex_unlock (&self->stream_lock);
  self->warned = 0;
  gst_segment_init (&self->segment, GST_FORMAT_UNDEFINED);
  return TRUE;
}

static void
stop (GstYolov5Zones *self)
{
  g_mutex_lock (&self->stream_lock);
  self->is_running = FALSE;
  g_mutex_unlock (&self->stream_lock);
  gst_video_info_init (&self->info);
}

static gboolean
gst_yolov5_zones_reload (GstYolov5Zones *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ZonesConfig) config = read_config (self, &error);

  if (!config) {
    gst_element_message_full (GST_ELEMENT_CAST (self), GST_MESSAGE_WARNING,
        GST_RESOURCE_ERROR, get_gst_code (error), g_strdup (error->message),
        g_strdup ("the lines and zones stay as they are"), __FILE__,
        GST_FUNCTION, __LINE__);
    return FALSE;
  }

  g_mutex_lock (&self->stream_lock);
  if (self->is_running)
    zones_stream_set_config (self->stream, config);
  g_mutex_unlock (&self->stream_lock);
  GST_INFO_OBJECT (self, "there are %u lines and zones now",
      zones_config_get_n_shapes (config));
  return TRUE;
}

static void
gst_yolov5_zones_reset_counts (GstYolov5Zones *self)
{
  g_mutex_lock (&self->stream_lock);
  if (self->stream)
    zones_stream_reset_counts (self->stream);
  g_mutex_unlock (&self->stream_lock);
  GST_INFO_OBJECT (self, "counts begin anew");
}

/* with the stream's lock; returns: (transfer full): messages of the events from
 * @first on */
static GSList *
take_messages (GstYolov5Zones *self, guint first)
{
  const GArray *events = zones_stream_get_mark (self->stream)->events;
  GSList *messages = NULL;
  gboolean are_wanted;

  GST_OBJECT_LOCK (self);
  are_wanted = self->settings.post_messages;
  GST_OBJECT_UNLOCK (self);
  for (guint i = events->len; i > first && are_wanted; i--)
    messages = g_slist_prepend (
        messages, zones_message_new (GST_ELEMENT_CAST (self),
                      &g_array_index (events, GstYolov5ZonesEvent, i - 1),
                      &self->info, &self->segment));
  return messages;
}

static void
post_messages (GstYolov5Zones *self, GSList *messages)
{
  for (GSList *item = messages; item; item = item->next)
    gst_element_post_message (
        GST_ELEMENT_CAST (self), (GstMessage *) item->data);
  g_slist_free (messages);
}

static void
reset_stream (GstYolov5Zones *self)
{
  GSList *messages = NULL;

  GST_DEBUG_OBJECT (self, "all objects are gone");
  g_mutex_lock (&self->stream_lock);
  if (self->is_running)
    messages = take_messages (self, zones_stream_reset (self->stream));
  g_mutex_unlock (&self->stream_lock);
  post_messages (self, messages);
}

static gboolean
is_new_warning (GstYolov5Zones *self, gboolean is_due, Warned warning)
{
  if (!is_due || (self->warned & warning))
    return FALSE;
  self->warned |= warning;
  return TRUE;
}

static void
warn_of_tracker (GstYolov5Zones *self, gboolean is_due)
{
  if (is_new_warning (self, is_due, WARNED_OF_TRACKER))
    GST_ELEMENT_WARNING (self, STREAM, FAILED,
        ("There are objects, but not one has an id, and nothing is counted: "
         "place a tracker such as yolov5track between the detector and %s",
            self->name),
        (NULL));
}

static void
warn (GstYolov5Zones *self, const ZonesStreamReport *report)
{
  if (is_new_warning (self, report->n_left_out > 0, WARNED_OF_LIMIT))
    GST_ELEMENT_WARNING (self, STREAM, FAILED,
        ("%u objects are not counted, as there are more than %u: let the "
         "tracker follow fewer classes, or the detector find fewer",
            report->n_left_out, ZONES_MAX_OBJECTS),
        (NULL));
  if (is_new_warning (self, report->n_repeated > 0, WARNED_OF_IDS))
    GST_ELEMENT_WARNING (self, STREAM, FAILED,
        ("Two objects of a frame have the same id, and one of them is not "
         "counted: with several yolov5track, set unique-ids=process on each"),
        (NULL));
  warn_of_tracker (self, report->has_no_tracker);
}

/* with the stream's lock */
static GstBuffer *
attach (GstYolov5Zones *self, GstBuffer *buffer)
{
#if GST_CHECK_VERSION(1, 20, 0)
  buffer = gst_buffer_make_writable (buffer);
  gst_yolov5_zones_mark_attach (
      zones_stream_get_mark (self->stream), buffer, self->name, self->path);
#endif
  zones_stream_forget_events (self->stream);
  return buffer;
}

static GstFlowReturn
gst_yolov5_zones_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  GstYolov5Zones *self = GST_YOLOV5_ZONES (parent);
  GstClockTime max_lost_time;
  ZonesStreamReport report;
  GSList *messages;

  if (GST_VIDEO_INFO_WIDTH (&self->info) == 0) {
    gst_buffer_unref (buffer);
    return GST_FLOW_NOT_NEGOTIATED;
  }

  GST_OBJECT_LOCK (self);
  max_lost_time = self->settings.max_lost_time;
  GST_OBJECT_UNLOCK (self);
  g_mutex_lock (&self->stream_lock);
  zones_stream_set_max_lost_time (self->stream, max_lost_time);
  messages = take_messages (
      self, zones_stream_follow (self->stream, buffer, &self->info, &report));
  buffer = attach (self, buffer);
  g_mutex_unlock (&self->stream_lock);

  GST_LOG_OBJECT (
      self, "%u events in %" GST_PTR_FORMAT, g_slist_length (messages), buffer);
  post_messages (self, messages);
  warn (self, &report);
  return gst_pad_push (self->srcpad, buffer);
}

/* size and rate are all that matters, so that formats unknown here do as well */
static gboolean
set_caps (GstYolov5Zones *self, const GstCaps *caps)
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

static void
check_tracker (GstYolov5Zones *self)
{
  gboolean had_no_tracker;

  g_mutex_lock (&self->stream_lock);
  had_no_tracker =
      self->is_running && zones_stream_had_no_tracker (self->stream);
  g_mutex_unlock (&self->stream_lock);
  warn_of_tracker (self, had_no_tracker);
}

static gboolean
gst_yolov5_zones_sink_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  GstYolov5Zones *self = GST_YOLOV5_ZONES (parent);
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
    case GST_EVENT_SEGMENT:
      gst_event_copy_segment (event, &self->segment);
      break;
    case GST_EVENT_EOS:
      check_tracker (self);
      break;
    default:
      break;
  }
  return gst_pad_event_default (pad, parent, event);
}

static GstStateChangeReturn
gst_yolov5_zones_change_state (GstElement *element, GstStateChange transition)
{
  GstYolov5Zones *self = GST_YOLOV5_ZONES (element);
  GstStateChangeReturn ret;

  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && !start (self))
    return GST_STATE_CHANGE_FAILURE;
  ret = GST_ELEMENT_CLASS (parent_class)->change_state (element, transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY
      || (transition == GST_STATE_CHANGE_READY_TO_PAUSED
          && ret == GST_STATE_CHANGE_FAILURE))
    stop (self);
  return ret;
}

static void
gst_yolov5_zones_set_property (
    GObject *object, guint prop_id, const GValue *value, GParamSpec *pspec)
{
  GstYolov5Zones *self = GST_YOLOV5_ZONES (object);

  if (prop_id >= PROP_STATS) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    return;
  }
  GST_OBJECT_LOCK (self);
  gst_yolov5_properties_set (&self->settings, pspec, value);
  GST_OBJECT_UNLOCK (self);
}

static GstStructure *
get_statistics (GstYolov5Zones *self)
{
  GstStructure *statistics;

  g_mutex_lock (&self->stream_lock);
  if (self->stream)
    statistics = zones_stream_get_statistics (self->stream);
  else
    statistics = gst_structure_new_empty ("yolov5zones-stats");
  g_mutex_unlock (&self->stream_lock);
  return statistics;
}

static void
gst_yolov5_zones_get_property (
    GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  GstYolov5Zones *self = GST_YOLOV5_ZONES (object);

  if (prop_id == PROP_STATS) {
    g_value_take_boxed (value, get_statistics (self));
    return;
  }
  GST_OBJECT_LOCK (self);
  gst_yolov5_properties_get (&self->settings, pspec, value);
  GST_OBJECT_UNLOCK (self);
}

static void
gst_yolov5_zones_finalize (GObject *object)
{
  GstYolov5Zones *self = GST_YOLOV5_ZONES (object);

  g_clear_pointer (&self->stream, zones_stream_free);
  g_free (self->name);
  g_free (self->path);
  g_mutex_clear (&self->stream_lock);
  gst_yolov5_properties_free_strings (&self->settings, object);

  G_OBJECT_CLASS (parent_class)->finalize (object);
}

static void
install_signals (GType type)
{
  /**
   * GstYolov5Zones::reload:
   * @self: the element
   *
   * Reads #GstYolov5Zones:config anew. Lines and zones that are the same as
   * before keep their counts, the others begin anew. A file that cannot be read
   * is told in a warning and changes nothing.
   *
   * Returns: whether the file was read
   */
  g_signal_new_class_handler ("reload", type,
      G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION, G_CALLBACK (gst_yolov5_zones_reload),
      NULL, NULL, NULL, G_TYPE_BOOLEAN, 0);

  /**
   * GstYolov5Zones::reset-counts:
   * @self: the element
   *
   * Counts from 0 again. Whoever is in a zone still is.
   */
  g_signal_new_class_handler ("reset-counts", type,
      G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION,
      G_CALLBACK (gst_yolov5_zones_reset_counts), NULL, NULL, NULL, G_TYPE_NONE,
      0);
}

static void
gst_yolov5_zones_class_init (GstYolov5ZonesClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (
      gst_yolov5_zones_debug, "yolov5zones", 0, "counts at lines and in zones");

  object_class->set_property = gst_yolov5_zones_set_property;
  object_class->get_property = gst_yolov5_zones_get_property;
  object_class->finalize = gst_yolov5_zones_finalize;
  zones_settings_install (object_class);

  /**
   * GstYolov5Zones:stats:
   *
   * `frames`, `looked-at` of these, `left-out`, objects over the limit (all
   * uint64, since the element started), and `lines` and `zones`, arrays with a
   * structure for each. These have `name`, `points`, the counts `forward` and
   * `backward`, or `inside`, `entered`, `left`, `dwelled`, and in nanoseconds
   * `stayed` and `longest` (all uint64), and `classes`, an array with a structure
   * for each class of `label` and the same counts. Counts go back to 0 with
   * #GstYolov5Zones::reset-counts.
   */
  g_object_class_install_property (object_class, PROP_STATS,
      g_param_spec_boxed ("stats", "Statistics",
          "Who crossed lines, is in zones, and was there", GST_TYPE_STRUCTURE,
          G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));

  install_signals (G_TYPE_FROM_CLASS (klass));

  element_class->change_state =
      GST_DEBUG_FUNCPTR (gst_yolov5_zones_change_state);
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class,
      "Counts at lines and in zones", "Filter/Analyzer/Video",
      "Counts which tracked objects cross lines, are in zones, and for how long",
      "The yolov5dpu authors");

  gst_yolov5_inference_register ();
  gst_yolov5_tracks_register ();
  gst_yolov5_zones_mark_register ();
}

static void
gst_yolov5_zones_init (GstYolov5Zones *self)
{
  self->sinkpad = gst_pad_new_from_static_template (&sink_template, "sink");
  gst_pad_set_chain_function (
      self->sinkpad, GST_DEBUG_FUNCPTR (gst_yolov5_zones_chain));
  gst_pad_set_event_function (
      self->sinkpad, GST_DEBUG_FUNCPTR (gst_yolov5_zones_sink_event));
  /* frames pass as they are: what downstream wants holds upstream. They are
   * pushed, so that nothing is said of scheduling, which may be by pulling */
  GST_PAD_SET_PROXY_CAPS (self->sinkpad);
  GST_PAD_SET_PROXY_ALLOCATION (self->sinkpad);
  gst_element_add_pad (GST_ELEMENT_CAST (self), self->sinkpad);

  self->srcpad = gst_pad_new_from_static_template (&src_template, "src");
  GST_PAD_SET_PROXY_CAPS (self->srcpad);
  gst_element_add_pad (GST_ELEMENT_CAST (self), self->srcpad);

  gst_yolov5_properties_reset (&self->settings, G_OBJECT (self));
  gst_video_info_init (&self->info);
  gst_segment_init (&self->segment, GST_FORMAT_UNDEFINED);
  g_mutex_init (&self->stream_lock);
}
