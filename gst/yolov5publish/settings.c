/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Defaults and documentation of the publishing element's properties, and what
 * they mean to an outbox. */

#include "settings.h"

#include <string.h>

#include "properties.h"

#define ID(field) GST_YOLOV5_PROPERTY_ID (PublishSettings, field)

#define READY_FLAGS                                                            \
  (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY)
#define PLAYING_FLAGS                                                          \
  (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING)

#define PASSWORD_VARIABLE "YOLOV5PUBLISH_PASSWORD"

#define DEFAULT_MAX_MESSAGES 100000
#define DEFAULT_MAX_BYTES (64 * 1024 * 1024)
#define DEFAULT_EOS_TIMEOUT (10 * GST_SECOND)
#define DEFAULT_RESPONSE_TIMEOUT (10 * GST_SECOND)
#define MIN_RESPONSE_TIMEOUT (100 * GST_MSECOND)
#define MAX_TIME (365 * 24 * 3600 * GST_SECOND)

static const gchar *const acks_names[] = { "all", "1", "0" };
static const gchar *const compression_names[] = { "none", "gzip", "snappy",
  "lz4", "zstd" };

static GType
acks_get_type (void)
{
  static const GEnumValue values[] = {
    { PUBLISH_ACKS_ALL, "All replicas that are in sync", "all" },
    { PUBLISH_ACKS_LEADER, "The partition's leader", "leader" },
    { PUBLISH_ACKS_NONE, "Nobody: what is sent may be lost", "none" },
    { 0, NULL, NULL },
  };
  static gsize type = 0;

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("GstYolov5PublishAcks", values));

  return type;
}

static GType
compression_get_type (void)
{
  static const GEnumValue values[] = {
    { PUBLISH_COMPRESSION_NONE, "None", "none" },
    { PUBLISH_COMPRESSION_GZIP, "gzip", "gzip" },
    { PUBLISH_COMPRESSION_SNAPPY, "Snappy", "snappy" },
    { PUBLISH_COMPRESSION_LZ4, "LZ4", "lz4" },
    { PUBLISH_COMPRESSION_ZSTD, "Zstandard", "zstd" },
    { 0, NULL, NULL },
  };
  static gsize type = 0;

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("GstYolov5PublishCompression", values));

  return type;
}

static void
install_string (GObjectClass *object_class, guint id, const gchar *name,
    const gchar *nick, const gchar *blurb)
{
  g_object_class_install_property (object_class, id,
      g_param_spec_string (name, nick, blurb, NULL, READY_FLAGS));
}

static void
install_time (GObjectClass *object_class, guint id, const gchar *name,
    const gchar *nick, const gchar *blurb, guint64 least, guint64 value,
    GParamFlags flags)
{
  g_object_class_install_property (object_class, id,
      g_param_spec_uint64 (name, nick, blurb, least, MAX_TIME, value, flags));
}

/* where to */
static void
install_connection_properties (GObjectClass *object_class)
{
  /**
   * GstYolov5Publish:url:
   *
   * Broker and topic: `mqtt://host:1883/cameras/door`, `mqtts://` with TLS,
   * `kafka://host:9092/topic`, `kafkas://` with TLS. The topic may have
   * `{camera}` and `{label}` in it, see #GstYolov5Publish:camera. A user may
   * stand before the host, `mqtt://user@host/topic`, a password not: the
   * pipeline does not start with one.
   */
  install_string (object_class, ID (url), "url", "URL",
      "Where to send: mqtt://[user@]host[:1883]/topic, mqtts://, "
      "kafka://host[:9092]/topic or kafkas://; the topic may have {camera} and "
      "{label} in it");

  /**
   * GstYolov5Publish:camera:
   *
   * What `{camera}` in topics and keys stands for. %NULL is this machine's name.
   *
   * With `{label}` in the topic or the key, a line is sent once for each class
   * that it has, with that class's detections alone, and not at all without.
   */
  install_string (object_class, ID (camera), "camera", "Camera",
      "What {camera} in topics and keys stands for (NULL = the name of this "
      "machine)");

  /**
   * GstYolov5Publish:client-id:
   *
   * Two clients of one id throw each other out of an MQTT broker. %NULL is a
   * random one. QoS 2 over broken connections takes one.
   */
  install_string (object_class, ID (client_id), "client-id", "Client id",
      "What this client calls itself, another name for each (NULL = a random "
      "one)");

  /**
   * GstYolov5Publish:response-timeout:
   *
   * An MQTT broker that owes an answer for so long is taken for gone. An idle
   * connection is looked after in the same interval, but of at least 5 s.
   */
  install_time (object_class, ID (response_timeout), "response-timeout",
      "Response timeout",
      "Nanoseconds after which a silent MQTT broker is taken for gone",
      MIN_RESPONSE_TIMEOUT, DEFAULT_RESPONSE_TIMEOUT, READY_FLAGS);
}

/* who it is that sends, and whom it believes to be the broker */
static void
install_login_properties (GObjectClass *object_class)
{
  install_string (object_class, ID (username), "username", "User name",
      "User to log in as (NULL = the one in the url, or none)");

  /**
   * GstYolov5Publish:password-file:
   *
   * A file whose first line is the password. Without it, the environment
   * variable YOLOV5PUBLISH_PASSWORD is. It cannot be given in other ways, as
   * command lines and logs are read by others.
   */
  install_string (object_class, ID (password_file), "password-file",
      "Password file",
      "File with the password as its first line (NULL = the environment "
      "variable " PASSWORD_VARIABLE ", or none)");

  install_string (object_class, ID (ca_file), "ca-file", "CA file",
      "PEM file with who may have signed the broker's certificate (NULL = whom "
      "this system trusts)");
  install_string (object_class, ID (certificate_file), "certificate-file",
      "Certificate file",
      "PEM file with the certificate to show to the broker");
  install_string (object_class, ID (key_file), "key-file", "Key file",
      "PEM file with the private key of the certificate");
}

static void
install_mqtt_properties (GObjectClass *object_class)
{
  /**
   * GstYolov5Publish:qos:
   *
   * MQTT's quality of service. 0 sends and forgets, so that what is on its way
   * when a connection breaks is lost. 1 sends until the broker has it, twice if
   * need be. 2 sends once; over a broken connection only with
   * #GstYolov5Publish:client-id, and not over a restart of this program.
   */
  g_object_class_install_property (object_class, ID (qos),
      g_param_spec_uint ("qos", "QoS",
          "MQTT: 0 = at most once, 1 = at least once, 2 = exactly once", 0, 2,
          1, READY_FLAGS));

  g_object_class_install_property (object_class, ID (retain),
      g_param_spec_boolean ("retain", "Retain",
          "MQTT: the broker keeps the last line of each topic for who comes "
          "later",
          FALSE, READY_FLAGS));

  /**
   * GstYolov5Publish:status-topic:
   *
   * Where the broker retains `online` while this element is connected, and
   * `offline` else, also when it vanishes (as its last will). May have
   * `{camera}` in it.
   */
  install_string (object_class, ID (status_topic), "status-topic",
      "Status topic",
      "MQTT: topic where \"online\" and \"offline\" are retained (NULL = none)");
}

static void
install_kafka_properties (GObjectClass *object_class)
{
  /**
   * GstYolov5Publish:key:
   *
   * Messages of one key go to one partition and stay in order. May have
   * `{camera}` and `{label}` in it.
   */
  install_string (object_class, ID (key), "key", "Key",
      "Kafka: key of the messages, which decides on the partition; may have "
      "{camera} and {label} in it (NULL = none)");

  g_object_class_install_property (object_class, ID (acks),
      g_param_spec_enum ("acks", "Acks", "Kafka: who acknowledges a message",
          acks_get_type (), PUBLISH_ACKS_ALL, READY_FLAGS));

  g_object_class_install_property (object_class, ID (compression),
      g_param_spec_enum ("compression", "Compression",
          "Kafka: how messages are compressed", compression_get_type (),
          PUBLISH_COMPRESSION_NONE, READY_FLAGS));

  /**
   * GstYolov5Publish:idempotence:
   *
   * The brokers leave out what they get twice from one producer. Takes
   * #GstYolov5Publish:acks `all`.
   */
  g_object_class_install_property (object_class, ID (idempotence),
      g_param_spec_boolean ("idempotence", "Idempotence",
          "Kafka: no message twice and none out of order while this producer "
          "lives",
          TRUE, READY_FLAGS));

  /**
   * GstYolov5Publish:kafka-options:
   *
   * Any setting of librdkafka that has no property here, as
   * `sasl.mechanism=SCRAM-SHA-512,linger.ms=50`. Passwords are refused. Without
   * a mechanism a user logs in with PLAIN over TLS and with SCRAM-SHA-256
   * without.
   */
  install_string (object_class, ID (kafka_options), "kafka-options",
      "Kafka options",
      "Kafka: further settings of librdkafka, name=value,name=value");
}

static void
install_queue_properties (GObjectClass *object_class)
{
  g_object_class_install_property (object_class, ID (max_messages),
      g_param_spec_uint64 ("max-messages", "Max messages",
          "How many messages wait at most; then the oldest are dropped", 1,
          G_MAXUINT32, DEFAULT_MAX_MESSAGES, READY_FLAGS));

  g_object_class_install_property (object_class, ID (max_bytes),
      g_param_spec_uint64 ("max-bytes", "Max bytes",
          "How many bytes wait at most; then the oldest messages are dropped",
          1024, G_MAXINT64, DEFAULT_MAX_BYTES, READY_FLAGS));

  install_time (object_class, ID (max_age), "max-age", "Max age",
      "Nanoseconds after which a message that waits is dropped (0 = never)", 0,
      0, READY_FLAGS);

  /**
   * GstYolov5Publish:queue-directory:
   *
   * Messages are written there before they wait, and sent by the next run where
   * this one does not get to it. One folder for each element. What was written
   * is synced once a second: a program that dies loses nothing, a machine that
   * does loses a second.
   */
  install_string (object_class, ID (queue_directory), "queue-directory",
      "Queue directory",
      "Folder where messages wait, over restarts, too; another one for each "
      "element (NULL = they wait in memory)");

  /**
   * GstYolov5Publish:eos-timeout:
   *
   * At the end of the stream, for how long to wait until the broker has
   * everything.
   */
  install_time (object_class, ID (eos_timeout), "eos-timeout", "EOS timeout",
      "Nanoseconds to wait at the end of the stream until all is sent", 0,
      DEFAULT_EOS_TIMEOUT, PLAYING_FLAGS);
}

static void
install_rate_properties (GObjectClass *object_class)
{
  /**
   * GstYolov5Publish:min-interval:
   *
   * Lines that come sooner after the last one that was sent are left out, but
   * not those with `events`. It is time of the stream, where lines have one.
   */
  install_time (object_class, ID (min_interval), "min-interval", "Min interval",
      "Nanoseconds between two lines that are sent; lines with events are "
      "always sent (0 = send all)",
      0, 0, PLAYING_FLAGS);

  /**
   * GstYolov5Publish:only-changes:
   *
   * Leave out lines that say what the last one said. Of lines of yolov5json
   * that is the ids of the objects where yolov5track is before it, else how many
   * there are of each class, and `events`. Frames that nobody looked at say
   * nothing. Of other text it is the text.
   */
  g_object_class_install_property (object_class, ID (only_changes),
      g_param_spec_boolean ("only-changes", "Only changes",
          "Leave out lines in which no object has come or gone", FALSE,
          PLAYING_FLAGS));

  /**
   * GstYolov5Publish:events-only:
   *
   * Send no line but those whose `events` has something in it.
   */
  g_object_class_install_property (object_class, ID (events_only),
      g_param_spec_boolean ("events-only", "Events only",
          "Leave out lines without events", FALSE, PLAYING_FLAGS));
}

/**
 * publish_settings_install:
 * @object_class: class of an element with #PublishSettings
 */
void
publish_settings_install (GObjectClass *object_class)
{
  install_connection_properties (object_class);
  install_login_properties (object_class);
  install_mqtt_properties (object_class);
  install_kafka_properties (object_class);
  install_queue_properties (object_class);
  install_rate_properties (object_class);
}

/**
 * publish_settings_init:
 * @owner: has the properties
 */
void
publish_settings_init (PublishSettings *self, GObject *owner)
{
  memset (self, 0, sizeof *self);
  self->owner = owner;
  gst_yolov5_properties_reset (self, owner);
}

/**
 * publish_settings_copy:
 * @self: (out): to be cleared by the caller
 */
void
publish_settings_copy (PublishSettings *self, const PublishSettings *source)
{
  *self = *source;
  gst_yolov5_properties_dup_strings (self, self->owner);
}

void
publish_settings_clear (PublishSettings *self)
{
  gst_yolov5_properties_free_strings (self, self->owner);
}

/**
 * publish_settings_set:
 *
 * A password in a url is forgotten at once.
 */
void
publish_settings_set (
    PublishSettings *self, GParamSpec *pspec, const GValue *value)
{
  gst_yolov5_properties_set (self, pspec, value);
  if (pspec->param_id == ID (url)) {
    gchar *stripped =
        self->url != NULL ? outbox_url_without_password (self->url) : NULL;

    self->url_had_password = stripped != NULL;
    if (stripped != NULL) {
      g_free (self->url);
      self->url = stripped;
    }
  }
}

void
publish_settings_get (
    const PublishSettings *self, GParamSpec *pspec, GValue *value)
{
  gst_yolov5_properties_get (self, pspec, value);
}

/* OPENING */

/* no error repeats what is in the file */
static gboolean
read_password (const gchar *file, gchar **password, GError **error)
{
  g_autoptr (GError) file_error = NULL;
  g_autofree gchar *text = NULL;

  *password = NULL;
  if (file == NULL) {
    *password = g_strdup (g_getenv (PASSWORD_VARIABLE));
    return TRUE;
  }
  if (!g_file_get_contents (file, &text, NULL, &file_error)) {
    g_set_error (error, OUTBOX_ERROR, OUTBOX_ERROR_SETTINGS,
        "The file of password-file cannot be read: %s", file_error->message);
    return FALSE;
  }
  text[strcspn (text, "\r\n")] = '\0';
  *password = g_steal_pointer (&text);
  return TRUE;
}

static gboolean
check_patterns (
    const PublishSettings *self, const OutboxAddress *address, GError **error)
{
  g_autofree gchar *topic = outbox_pattern_expand (
      address->topic, address->protocol, self->camera, "label");

  if (self->key != NULL && !outbox_pattern_check (self->key, error))
    return FALSE;
  if (self->status_topic != NULL
      && !outbox_pattern_check (self->status_topic, error))
    return FALSE;
  if (outbox_pattern_has (self->status_topic, "{label}")) {
    g_set_error (error, OUTBOX_ERROR, OUTBOX_ERROR_SETTINGS,
        "status-topic \"%s\" has {label} in it: a camera is online, not a "
        "class",
        self->status_topic);
    return FALSE;
  }
  return outbox_topic_check (topic, address->protocol, error);
}

static OutboxAddress *
parse_url (const PublishSettings *self, GError **error)
{
  g_autoptr (OutboxAddress) address = NULL;

  if (self->url == NULL || self->url[0] == '\0') {
    g_set_error (error, OUTBOX_ERROR, OUTBOX_ERROR_SETTINGS,
        "There is nowhere to send to: set url, for example to "
        "mqtt://localhost/cameras/{camera}");
    return NULL;
  }
  if (self->url_had_password) {
    /* one that looks like it has one gives the sentence about it */
    return outbox_address_parse ("mqtt://:@", error);
  }
  address = outbox_address_parse (self->url, error);
  if (address == NULL || !check_patterns (self, address, error))
    return NULL;
  return g_steal_pointer (&address);
}

/**
 * publish_settings_open:
 * @address: (out): what the url says
 *
 * Returns: (transfer full): an outbox as the properties want it
 */
Outbox *
publish_settings_open (const PublishSettings *self,
    const OutboxListener *listener, gpointer user_data, OutboxAddress **address,
    GError **error)
{
  g_autoptr (OutboxAddress) parsed = parse_url (self, error);
  g_autofree gchar *password = NULL;
  g_autofree gchar *status_topic = NULL;
  OutboxSettings settings = { 0 };
  Outbox *outbox;

  if (parsed == NULL || !read_password (self->password_file, &password, error))
    return NULL;
  if (self->status_topic != NULL)
    status_topic = outbox_pattern_expand (
        self->status_topic, OUTBOX_MQTT, self->camera, NULL);

  settings.address = parsed;
  settings.limits.max_messages = self->max_messages;
  settings.limits.max_bytes = self->max_bytes;
  settings.limits.max_age = (gint64) (self->max_age / GST_USECOND);
  settings.directory = self->queue_directory;
  settings.client_id = self->client_id;
  settings.username =
      self->username != NULL ? self->username : parsed->username;
  settings.password = settings.username != NULL || self->password_file != NULL
                          ? password
                          : NULL;
  settings.ca_file = self->ca_file;
  settings.certificate_file = self->certificate_file;
  settings.key_file = self->key_file;
  settings.response_timeout = (gint64) (self->response_timeout / GST_USECOND);
  settings.qos = self->qos;
  settings.retain = self->retain;
  settings.status_topic = status_topic;
  settings.acks = acks_names[self->acks];
  settings.compression = compression_names[self->compression];
  settings.idempotence = self->idempotence;
  settings.kafka_options = self->kafka_options;

  outbox = outbox_new (&settings, listener, user_data, error);
  if (outbox != NULL)
    *address = g_steal_pointer (&parsed);
  return outbox;
}
