/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Kafka by librdkafka, which connects, batches and tries again by itself, with
 * threads of its own. What it cannot mend, a new producer begins anew with all
 * that is not acknowledged. */

#include "broker.h"

#include <librdkafka/rdkafka.h>
#include <string.h>

/* it batches */
#define WINDOW 10000
#define FIRST_PAUSE_MS "250"
#define LAST_PAUSE_MS "30000"
/* what ending a producer may take */
#define CLOSE_TIMEOUT_MS 500

typedef struct {
  OutboxBroker parent;

  rd_kafka_conf_t *configuration;
  rd_kafka_t *producer;
  /* where its events are written to */
  gint wake_fd;
  gboolean is_away;
  /* why this producer is of no use any more */
  gchar *fatal;
} Kafka;

/* a message that librdkafka has; the payload is ours */
typedef struct {
  guint64 sequence;
  GBytes *payload;
} Delivery;

/* CALLBACKS, from within rd_kafka_poll() */

/* of this message, wherever it is sent */
static gboolean
is_refusal (rd_kafka_resp_err_t error)
{
  switch (error) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
      return TRUE;
    default:
      return FALSE;
  }
}

static void
on_delivery (
    rd_kafka_t *producer, const rd_kafka_message_t *message, void *user_data)
{
  Kafka *self = user_data;
  Delivery *delivery = message->_private;

  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    if (self->is_away)
      self->parent.events->connected (self->parent.user_data);
    self->is_away = FALSE;
    self->parent.events->acknowledged (
        delivery->sequence, self->parent.user_data);
  } else if (is_refusal (message->err)) {
    self->parent.events->refused (delivery->sequence,
        rd_kafka_err2str (message->err), self->parent.user_data);
  } else if (self->fatal == NULL) {
    self->fatal = g_strdup (rd_kafka_err2str (message->err));
  }
  g_bytes_unref (delivery->payload);
  g_free (delivery);
}

static void
on_error (rd_kafka_t *producer, int code, const char *reason, void *user_data)
{
  Kafka *self = user_data;
  gchar text[512];

  self->parent.events->log (reason, self->parent.user_data);
  if (code == RD_KAFKA_RESP_ERR__FATAL) {
    rd_kafka_fatal_error (producer, text, sizeof text);
    g_free (self->fatal);
    self->fatal = g_strdup (text);
  } else if (!self->is_away
             && (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN
                 || code == RD_KAFKA_RESP_ERR__AUTHENTICATION
                 || code == RD_KAFKA_RESP_ERR__SSL)) {
    self->is_away = TRUE;
    self->parent.events->away (reason, self->parent.user_data);
  }
}

static void
on_log (const rd_kafka_t *producer, int level, const char *facility,
    const char *text)
{
  Kafka *self = rd_kafka_opaque (producer);

  self->parent.events->log (text, self->parent.user_data);
}

/* PRODUCER */

static gboolean
make_producer (Kafka *self, GError **error)
{
  rd_kafka_conf_t *configuration = rd_kafka_conf_dup (self->configuration);
  gchar text[512];

  self->producer =
      rd_kafka_new (RD_KAFKA_PRODUCER, configuration, text, sizeof text);
  if (self->producer == NULL) {
    rd_kafka_conf_destroy (configuration);
    g_set_error (error, OUTBOX_ERROR, OUTBOX_ERROR_SETTINGS,
        "librdkafka cannot work with these settings: %s", text);
    return FALSE;
  }
  /* its log, too, when it is polled, and not in its threads */
  rd_kafka_set_log_queue (self->producer, NULL);
  return TRUE;
}

static void
end_producer (Kafka *self)
{
  if (self->producer == NULL)
    return;
  /* each message that it has is given back */
  rd_kafka_purge (
      self->producer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  rd_kafka_flush (self->producer, CLOSE_TIMEOUT_MS);
  g_clear_pointer (&self->producer, rd_kafka_destroy);
  g_clear_pointer (&self->fatal, g_free);
  self->wake_fd = -1;
}

static void
kafka_connect (OutboxBroker *broker)
{
  Kafka *self = (Kafka *) broker;
  g_autoptr (GError) error = NULL;

  g_clear_pointer (&self->fatal, g_free);
  if (self->producer == NULL && !make_producer (self, &error)) {
    self->parent.events->lost (error->message, self->parent.user_data);
    return;
  }
  self->is_away = FALSE;
  self->parent.events->connected (self->parent.user_data);
}

static OutboxSent
kafka_send (OutboxBroker *broker, const OutboxMessage *message, GError **error)
{
  Kafka *self = (Kafka *) broker;
  Delivery *delivery = g_new (Delivery, 1);
  rd_kafka_resp_err_t code;
  gpointer key = message->key;
  gsize key_size = message->key != NULL ? strlen (message->key) : 0;
  gsize size;
  gconstpointer payload = g_bytes_get_data (message->payload, &size);

  delivery->sequence = message->sequence;
  delivery->payload = g_bytes_ref (message->payload);
  code = rd_kafka_producev (self->producer, RD_KAFKA_V_TOPIC (message->topic),
      RD_KAFKA_V_KEY (key, key_size),
      RD_KAFKA_V_VALUE ((gpointer) payload, size), RD_KAFKA_V_OPAQUE (delivery),
      RD_KAFKA_V_END);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
    return OUTBOX_SENT;

  g_bytes_unref (delivery->payload);
  g_free (delivery);
  if (is_refusal (code)) {
    g_set_error (error, OUTBOX_ERROR, OUTBOX_ERROR_MESSAGE, "%s",
        rd_kafka_err2str (code));
    return OUTBOX_REFUSED;
  }
  if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL && self->fatal == NULL)
    self->fatal = g_strdup (rd_kafka_err2str (code));
  return OUTBOX_AGAIN;
}

static void
kafka_wait (OutboxBroker *broker, gint wake_fd, gint timeout_ms)
{
  static const guint64 one = 1;
  Kafka *self = (Kafka *) broker;

  if (self->wake_fd != wake_fd) {
    rd_kafka_queue_t *queue = rd_kafka_queue_get_main (self->producer);

    rd_kafka_queue_io_event_enable (queue, wake_fd, &one, sizeof one);
    rd_kafka_queue_destroy (queue);
    self->wake_fd = wake_fd;
    timeout_ms = 0;
  }
  outbox_wait_for_wake (wake_fd, -1, 0, timeout_ms, NULL);
  while (self->fatal == NULL && rd_kafka_poll (self->producer, 0) > 0)
    ;
  if (self->fatal != NULL) {
    g_autofree gchar *reason = g_steal_pointer (&self->fatal);

    end_producer (self);
    self->parent.events->taken_back (self->parent.user_data);
    self->parent.events->lost (reason, self->parent.user_data);
  }
}

/* OPENING AND CLOSING */

static gboolean
set_option (Kafka *self, const gchar *name, const gchar *value, GError **error)
{
  gchar text[512];

  if (value == NULL
      || rd_kafka_conf_set (self->configuration, name, value, text, sizeof text)
             == RD_KAFKA_CONF_OK)
    return TRUE;
  g_set_error (error, OUTBOX_ERROR, OUTBOX_ERROR_SETTINGS,
      "librdkafka does not take %s: %s", name, text);
  return FALSE;
}

/* `name=value,...` */
static gboolean
set_further_options (Kafka *self, const gchar *options, GError **error)
{
  g_auto (GStrv) list = g_strsplit (options != NULL ? options : "", ",", -1);
  guint i;

  for (i = 0; list[i] != NULL; i++) {
    gchar *equals = strchr (list[i], '=');

    if (equals == NULL) {
      g_set_error (error, OUTBOX_ERROR, OUTBOX_ERROR_SETTINGS,
          "\"%s\" in kafka-options is no name=value", list[i]);
      return FALSE;
    }
    *equals = '\0';
    if (strstr (list[i], "password") != NULL || strstr (list[i], "secret")
        || g_str_has_suffix (list[i], ".pem")) {
      g_set_error (error, OUTBOX_ERROR, OUTBOX_ERROR_SETTINGS,
          "%s in kafka-options would be seen in lists of processes and logs: "
          "put the password into a file and name that with password-file",
          list[i]);
      return FALSE;
    }
    if (!set_option (self, g_strstrip (list[i]), equals + 1, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
configure (Kafka *self, const OutboxSettings *settings, GError **error)
{
  static const gchar *const protocols[2][2] = {
    { "plaintext", "ssl" },
    { "sasl_plaintext", "sasl_ssl" },
  };
  gboolean sasl = settings->username != NULL;

  if (settings->idempotence && !g_str_equal (settings->acks, "all")) {
    g_set_error (error, OUTBOX_ERROR, OUTBOX_ERROR_SETTINGS,
        "With idempotence all replicas acknowledge: set acks=all instead of %s, "
        "or idempotence=false",
        settings->acks);
    return FALSE;
  }
  return set_option (
             self, "bootstrap.servers", settings->address->servers, error)
         && set_option (self, "client.id",
             settings->client_id != NULL ? settings->client_id
                                         : "yolov5publish",
             error)
         && set_option (self, "security.protocol",
             protocols[sasl][settings->address->tls], error)
         && set_option (self, "sasl.mechanism",
             sasl ? settings->address->tls ? "PLAIN" : "SCRAM-SHA-256" : NULL,
             error)
         && set_option (self, "sasl.username", settings->username, error)
         && set_option (
             self, "sasl.password", sasl ? settings->password : NULL, error)
         && set_option (self, "ssl.ca.location", settings->ca_file, error)
         && set_option (self, "ssl.certificate.location",
             settings->certificate_file, error)
         && set_option (self, "ssl.key.location", settings->key_file, error)
         && set_option (self, "acks", settings->acks, error)
         && set_option (self, "compression.type", settings->compression, error)
         && set_option (self, "enable.idempotence",
             settings->idempotence ? "true" : "false", error)
         /* what failed must not be overtaken: all begins anew from there */
         && set_option (self, "enable.gapless.guarantee",
             settings->idempotence ? "true" : NULL, error)
         /* nor what is tried again, whatever brokers check */
         && set_option (
             self, "max.in.flight.requests.per.connection", "1", error)
         /* messages wait for as long as it takes */
         && set_option (self, "message.timeout.ms", "0", error)
         && set_option (self, "reconnect.backoff.ms", FIRST_PAUSE_MS, error)
         && set_option (self, "reconnect.backoff.max.ms", LAST_PAUSE_MS, error)
         && set_option (self, "log.queue", "true", error)
         && set_further_options (self, settings->kafka_options, error);
}

static void
kafka_close (OutboxBroker *broker, gboolean politely)
{
  Kafka *self = (Kafka *) broker;

  end_producer (self);
  g_clear_pointer (&self->configuration, rd_kafka_conf_destroy);
  g_free (self->fatal);
  g_free (self);
}

static OutboxBroker *
kafka_open (const OutboxSettings *settings, const OutboxBrokerEvents *events,
    gpointer user_data, GError **error)
{
  Kafka *self = g_new0 (Kafka, 1);

  self->parent.klass = &outbox_kafka_class;
  self->parent.events = events;
  self->parent.user_data = user_data;
  self->wake_fd = -1;
  self->configuration = rd_kafka_conf_new ();
  rd_kafka_conf_set_opaque (self->configuration, self);
  rd_kafka_conf_set_dr_msg_cb (self->configuration, on_delivery);
  rd_kafka_conf_set_error_cb (self->configuration, on_error);
  rd_kafka_conf_set_log_cb (self->configuration, on_log);
  if (configure (self, settings, error) && make_producer (self, error))
    return &self->parent;
  kafka_close (&self->parent, FALSE);
  return NULL;
}

const OutboxBrokerClass outbox_kafka_class = {
  .window = WINDOW,
  .reconnects = TRUE,
  .open = kafka_open,
  .connect = kafka_connect,
  .send = kafka_send,
  .wait = kafka_wait,
  .close = kafka_close,
};
