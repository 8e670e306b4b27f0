/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Hands lines to an outbox, which sends them. Here is what is GStreamer's:
 * buffers into lines, the end of the stream, messages. */

/**
 * SECTION:element-yolov5publish
 * @title: yolov5publish
 *
 * Sends lines of yolov5json, or any text, to an MQTT or Kafka broker, a message
 * for each. Lines wait while the broker is away, in memory or in
 * #GstYolov5Publish:queue-directory, and the pipeline never waits for the
 * network.
 *
 * ## Example pipelines
 * |[
 * gst-launch-1.0 v4l2src ! yolov5dpu model=street-640x384_int.xmodel ! yolov5json ! yolov5publish url=mqtt://localhost/cameras/door
 * ]| Tells a broker on this machine what a camera sees.
 * |[
 * gst-launch-1.0 v4l2src ! yolov5dpu model=street-640x384_int.xmodel ! yolov5track ! yolov5json ! yolov5publish url=mqtts://cameras@broker.example/cameras/{camera}/{label} camera=door password-file=/etc/door.password only-changes=true queue-directory=/var/lib/door status-topic=cameras/{camera}/status
 * ]| Encrypted, a topic for each class, and only when someone comes or goes. What
 * the broker does not get now, it gets later, after a restart, too.
 * |[
 * gst-launch-1.0 v4l2src ! yolov5dpu model=street-640x384_int.xmodel ! yolov5json ! yolov5publish url=kafka://kafka1:9092,kafka2:9092/detections key={camera} compression=lz4
 * ]| Into a topic of Kafka whose partitions are by camera.
 */

#include "element.h"

#include <string.h>

#include "lines.h"
#include "properties.h"
#include "settings.h"

GST_DEBUG_CATEGORY_STATIC (gst_yolov5_publish_debug);
#define GST_CAT_DEFAULT gst_yolov5_publish_debug

enum { PROP_STATS = sizeof (PublishSettings) + 1 };

/* text that comes in pieces has ends of lines */
#define MAX_LINE (1024 * 1024)

struct _GstYolov5Publish {
  GstBaseSink parent;

  /* under the object lock */
  PublishSettings settings;
  Outbox *outbox;
  guint64 n_skipped;
  /* of the last run, once it has ended */
  OutboxState last_state;

  /* from start to stop */
  OutboxAddress *address;
  gchar *camera;
  gchar *key;
  gboolean per_label;

  /* streaming thread */
  gboolean buffer_is_line;
  GByteArray *partial;
  PublishLines lines;
};

/* clang-format off */
static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE (
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
/* clang-format on */

#define gst_yolov5_publish_parent_class parent_class
G_DEFINE_TYPE (GstYolov5Publish, gst_yolov5_publish, GST_TYPE_BASE_SINK)

/* OUTBOX */

static void
on_warning (const gchar *text, gpointer user_data)
{
  GstYolov5Publish *self = user_data;

  GST_ELEMENT_WARNING (self, RESOURCE, WRITE, ("%s", text), (NULL));
}

static void
on_log (const gchar *text, gpointer user_data)
{
  GstYolov5Publish *self = user_data;

  GST_DEBUG_OBJECT (self, "%s", text);
}

static gboolean
gst_yolov5_publish_start (GstBaseSink *sink)
{
  static const OutboxListener listener = { on_warning, on_log };
  GstYolov5Publish *self = GST_YOLOV5_PUBLISH (sink);
  g_autoptr (GError) error = NULL;
  PublishSettings settings;
  Outbox *outbox;

  GST_OBJECT_LOCK (self);
  publish_settings_copy (&settings, &self->settings);
  GST_OBJECT_UNLOCK (self);
  if (settings.camera == NULL)
    settings.camera = g_strdup (g_get_host_name ());

  outbox = publish_settings_open (
      &settings, &listener, self, &self->address, &error);
  if (outbox != NULL) {
    self->camera = g_strdup (settings.camera);
    self->key = g_strdup (settings.key);
    self->per_label = outbox_pattern_has (self->address->topic, "{label}")
                      || outbox_pattern_has (self->key, "{label}");
    GST_INFO_OBJECT (self, "sending to %s at %s, as camera %s",
        self->address->topic, self->address->servers, self->camera);
  } else if (g_error_matches (error, OUTBOX_ERROR, OUTBOX_ERROR_NOT_BUILT)) {
    GST_ELEMENT_ERROR (
        self, CORE, MISSING_PLUGIN, ("%s", error->message), (NULL));
  } else if (g_error_matches (error, OUTBOX_ERROR, OUTBOX_ERROR_FOLDER)) {
    GST_ELEMENT_ERROR (
        self, RESOURCE, OPEN_READ_WRITE, ("%s", error->message), (NULL));
  } else {
    GST_ELEMENT_ERROR (
        self, RESOURCE, SETTINGS, ("%s", error->message), (NULL));
  }

  self->buffer_is_line = FALSE;
  publish_lines_init (&self->lines);
  GST_OBJECT_LOCK (self);
  self->outbox = outbox;
  self->n_skipped = 0;
  GST_OBJECT_UNLOCK (self);
  publish_settings_clear (&settings);
  return outbox != NULL;
}

static gboolean
gst_yolov5_publish_stop (GstBaseSink *sink)
{
  GstYolov5Publish *self = GST_YOLOV5_PUBLISH (sink);
  Outbox *outbox;
  OutboxState state;
  gboolean on_disk;

  GST_OBJECT_LOCK (self);
  outbox = g_steal_pointer (&self->outbox);
  on_disk = self->settings.queue_directory != NULL;
  GST_OBJECT_UNLOCK (self);

  outbox_get_state (outbox, &state);
  if (state.counts.messages > 0)
    GST_WARNING_OBJECT (self, "%" G_GUINT64_FORMAT " messages %s",
        state.counts.messages,
        on_disk ? "wait in the queue's folder for the next run" : "are lost");
  outbox_free (outbox);
  state.connected = FALSE;
  GST_OBJECT_LOCK (self);
  self->last_state = state;
  GST_OBJECT_UNLOCK (self);

  publish_lines_clear (&self->lines);
  g_byte_array_set_size (self->partial, 0);
  g_clear_pointer (&self->address, outbox_address_free);
  g_clear_pointer (&self->camera, g_free);
  g_clear_pointer (&self->key, g_free);
  return TRUE;
}

/* LINES */

static void
push_message (const gchar *label, GBytes *payload, gpointer user_data)
{
  GstYolov5Publish *self = user_data;
  OutboxProtocol protocol = self->address->protocol;
  g_autofree gchar *topic = outbox_pattern_expand (
      self->address->topic, protocol, self->camera, label);
  g_autofree gchar *key = self->key != NULL ? outbox_pattern_expand (
                              self->key, protocol, self->camera, label)
                                            : NULL;

  GST_LOG_OBJECT (self, "%" G_GSIZE_FORMAT " bytes to %s",
      g_bytes_get_size (payload), topic);
  outbox_push (self->outbox, topic, key, payload);
}

static void
send_line (GstYolov5Publish *self, const PublishRules *rules, const gchar *text,
    gsize length, GstClockTime time)
{
  if (length > 0 && text[length - 1] == '\r')
    length--;
  if (length > 0
      && !publish_lines_send (
          &self->lines, rules, text, length, time, push_message, self)) {
    GST_OBJECT_LOCK (self);
    self->n_skipped++;
    GST_OBJECT_UNLOCK (self);
  }
}

/* each line that ends in @text, with what came before it */
static void
send_text (GstYolov5Publish *self, const PublishRules *rules,
    const guint8 *text, gsize length, GstClockTime time)
{
  const guint8 *end;

  while ((end = memchr (text, '\n', length)) != NULL) {
    gsize n = (gsize) (end - text);

    if (self->partial->len > 0) {
      g_byte_array_append (self->partial, text, (guint) n);
      send_line (self, rules, (const gchar *) self->partial->data,
          self->partial->len, time);
      g_byte_array_set_size (self->partial, 0);
    } else {
      send_line (self, rules, (const gchar *) text, n, time);
    }
    text += n + 1;
    length -= n + 1;
  }
  if (self->buffer_is_line || self->partial->len + length > MAX_LINE) {
    g_byte_array_append (self->partial, text, (guint) length);
    send_line (self, rules, (const gchar *) self->partial->data,
        self->partial->len, time);
    g_byte_array_set_size (self->partial, 0);
  } else {
    g_byte_array_append (self->partial, text, (guint) length);
  }
}

static void
get_rules (GstYolov5Publish *self, PublishRules *rules)
{
  GST_OBJECT_LOCK (self);
  rules->min_interval = self->settings.min_interval;
  rules->only_changes = self->settings.only_changes;
  rules->events_only = self->settings.events_only;
  GST_OBJECT_UNLOCK (self);
  rules->per_label = self->per_label;
}

static GstClockTime
get_time (GstBaseSink *sink, GstBuffer *buffer)
{
  GstClockTime time = GST_CLOCK_TIME_NONE;

  if (sink->segment.format == GST_FORMAT_TIME)
    time = gst_segment_to_running_time (
        &sink->segment, GST_FORMAT_TIME, GST_BUFFER_PTS (buffer));
  return GST_CLOCK_TIME_IS_VALID (time)
             ? time
             : (GstClockTime) g_get_monotonic_time () * GST_USECOND;
}

static GstFlowReturn
gst_yolov5_publish_render (GstBaseSink *sink, GstBuffer *buffer)
{
  GstYolov5Publish *self = GST_YOLOV5_PUBLISH (sink);
  PublishRules rules;
  GstMapInfo map;

  if (!gst_buffer_map (buffer, &map, GST_MAP_READ)) {
    GST_ELEMENT_ERROR (
        self, RESOURCE, READ, ("A buffer of text cannot be read"), (NULL));
    return GST_FLOW_ERROR;
  }
  get_rules (self, &rules);
  send_text (self, &rules, map.data, map.size, get_time (sink, buffer));
  gst_buffer_unmap (buffer, &map);
  return GST_FLOW_OK;
}

/* others cut text where they like */
static gboolean
gst_yolov5_publish_set_caps (GstBaseSink *sink, GstCaps *caps)
{
  GstYolov5Publish *self = GST_YOLOV5_PUBLISH (sink);
  const GstStructure *structure = gst_caps_get_structure (caps, 0);

  self->buffer_is_line =
      gst_structure_has_name (structure, "application/x-json")
      || gst_structure_has_name (structure, "text/x-raw");
  GST_INFO_OBJECT (self, "caps are %" GST_PTR_FORMAT ", lines end %s", caps,
      self->buffer_is_line ? "with their buffer" : "at line breaks");
  return TRUE;
}

/* END OF STREAM */

static void
send_rest (GstYolov5Publish *self)
{
  PublishRules rules;

  get_rules (self, &rules);
  send_line (self, &rules, (const gchar *) self->partial->data,
      self->partial->len, GST_CLOCK_TIME_NONE);
  g_byte_array_set_size (self->partial, 0);
}

static void
wait_for_broker (GstYolov5Publish *self)
{
  OutboxState state;
  guint64 timeout;
  gboolean on_disk;

  GST_OBJECT_LOCK (self);
  timeout = self->settings.eos_timeout;
  on_disk = self->settings.queue_directory != NULL;
  GST_OBJECT_UNLOCK (self);

  GST_DEBUG_OBJECT (self, "waiting for the broker, for %" GST_TIME_FORMAT,
      GST_TIME_ARGS (timeout));
  if (outbox_wait (self->outbox, (gint64) (timeout / GST_USECOND)))
    return;
  outbox_get_state (self->outbox, &state);
  if (state.counts.messages > 0)
    GST_ELEMENT_WARNING (self, RESOURCE, WRITE,
        ("The stream has ended, and %s has not taken %" G_GUINT64_FORMAT
         " messages. %s",
            self->address->servers, state.counts.messages,
            on_disk ? "They wait in the queue's folder for the next run."
                    : "Unless it takes them before the pipeline stops, they "
                      "are lost: eos-timeout says for how long to wait, and "
                      "queue-directory keeps them."),
        (NULL));
}

static gboolean
gst_yolov5_publish_event (GstBaseSink *sink, GstEvent *event)
{
  GstYolov5Publish *self = GST_YOLOV5_PUBLISH (sink);

  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_EOS:
      send_rest (self);
      wait_for_broker (self);
      break;
    case GST_EVENT_FLUSH_STOP:
      g_byte_array_set_size (self->partial, 0);
      break;
    default:
      break;
  }
  return GST_BASE_SINK_CLASS (parent_class)->event (sink, event);
}

static gboolean
gst_yolov5_publish_unlock (GstBaseSink *sink)
{
  GstYolov5Publish *self = GST_YOLOV5_PUBLISH (sink);

  if (self->outbox != NULL)
    outbox_set_flushing (self->outbox, TRUE);
  return TRUE;
}

static gboolean
gst_yolov5_publish_unlock_stop (GstBaseSink *sink)
{
  GstYolov5Publish *self = GST_YOLOV5_PUBLISH (sink);

  if (self->outbox != NULL)
    outbox_set_flushing (self->outbox, FALSE);
  return TRUE;
}

/* PROPERTIES */

/* with the object lock */
static GstStructure *
make_stats (GstYolov5Publish *self)
{
  OutboxState state = self->last_state;
  const OutboxCounts *counts = &state.counts;

  if (self->outbox != NULL)
    outbox_get_state (self->outbox, &state);
  return gst_structure_new ("application/x-yolov5publish-stats", "connected",
      G_TYPE_BOOLEAN, state.connected, "connections", G_TYPE_UINT64,
      state.connections, "pushed", G_TYPE_UINT64, counts->pushed, "restored",
      G_TYPE_UINT64, counts->restored, "sent", G_TYPE_UINT64,
      counts->acknowledged, "waiting", G_TYPE_UINT64, counts->messages,
      "waiting-bytes", G_TYPE_UINT64, counts->bytes, "dropped", G_TYPE_UINT64,
      counts->dropped, "expired", G_TYPE_UINT64, counts->expired, "refused",
      G_TYPE_UINT64, counts->refused, "unsaved", G_TYPE_UINT64, counts->unsaved,
      "damaged", G_TYPE_UINT64, counts->damaged, "skipped", G_TYPE_UINT64,
      self->n_skipped, NULL);
}

static void
gst_yolov5_publish_set_property (
    GObject *object, guint prop_id, const GValue *value, GParamSpec *pspec)
{
  GstYolov5Publish *self = GST_YOLOV5_PUBLISH (object);

  GST_OBJECT_LOCK (self);
  publish_settings_set (&self->settings, pspec, value);
  GST_OBJECT_UNLOCK (self);
}

static void
gst_yolov5_publish_get_property (
    GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  GstYolov5Publish *self = GST_YOLOV5_PUBLISH (object);

  GST_OBJECT_LOCK (self);
  if (prop_id == PROP_STATS)
    g_value_take_boxed (value, make_stats (self));
  else
    publish_settings_get (&self->settings, pspec, value);
  GST_OBJECT_UNLOCK (self);
}

static void
gst_yolov5_publish_finalize (GObject *object)
{
  GstYolov5Publish *self = GST_YOLOV5_PUBLISH (object);

  g_byte_array_unref (self->partial);
  publish_settings_clear (&self->settings);
  G_OBJECT_CLASS (parent_class)->finalize (object);
}

static void
gst_yolov5_publish_class_init (GstYolov5PublishClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseSinkClass *sink_class = GST_BASE_SINK_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (
      gst_yolov5_publish_debug, "yolov5publish", 0, "detections to brokers");

  object_class->set_property = gst_yolov5_publish_set_property;
  object_class->get_property = gst_yolov5_publish_get_property;
  object_class->finalize = gst_yolov5_publish_finalize;

  publish_settings_install (object_class);

  /**
   * GstYolov5Publish:stats:
   *
   * `connected`: there is a connection now; `connections`: how many there have
   * been; `pushed`: messages since the start; `restored`: that an earlier run
   * left in the folder; `sent`: that the broker has; `waiting`, `waiting-bytes`:
   * that it has not; `dropped`: the oldest, for want of room; `expired`: older
   * than #GstYolov5Publish:max-age; `refused`: by the broker, for good;
   * `unsaved`: that wait in memory because the disk did not take them;
   * `damaged`: that could not be read back; `skipped`: lines that were left out
   * by the rules. (All but the first are guint64.)
   */
  g_object_class_install_property (object_class, PROP_STATS,
      g_param_spec_boxed ("stats", "Statistics", "What became of the lines",
          GST_TYPE_STRUCTURE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));

  sink_class->start = GST_DEBUG_FUNCPTR (gst_yolov5_publish_start);
  sink_class->stop = GST_DEBUG_FUNCPTR (gst_yolov5_publish_stop);
  sink_class->render = GST_DEBUG_FUNCPTR (gst_yolov5_publish_render);
  sink_class->set_caps = GST_DEBUG_FUNCPTR (gst_yolov5_publish_set_caps);
  sink_class->event = GST_DEBUG_FUNCPTR (gst_yolov5_publish_event);
  sink_class->unlock = GST_DEBUG_FUNCPTR (gst_yolov5_publish_unlock);
  sink_class->unlock_stop = GST_DEBUG_FUNCPTR (gst_yolov5_publish_unlock_stop);

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_set_static_metadata (element_class,
      "Detections to a broker", "Sink/Network",
      "Sends lines, as of yolov5json, to an MQTT or Kafka broker",
      "The yolov5dpu authors");
}

static void
gst_yolov5_publish_init (GstYolov5Publish *self)
{
  publish_settings_init (&self->settings, G_OBJECT (self));
  self->partial = g_byte_array_new ();
  /* a line is sent when it is there */
  gst_base_sink_set_sync (GST_BASE_SINK (self), FALSE);
}
