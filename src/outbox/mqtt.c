/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* MQTT by libmosquitto.
 *
 * MQTT 5 tells of a message that a broker refuses, 3.1.1 does not: so 5 is
 * tried first, and 3.1.1 where a broker does not know it.
 *
 * With QoS 0 and 1 each connection begins with a client that knows nothing, and
 * is given again what was out. With QoS 2 the client stays and ends what it has
 * begun, which is what QoS 2 is for; for that the broker has to know it again,
 * by its client id. Then 3.1.1 is spoken, in which a session that outlives its
 * connection is asked for by a flag. */

#include "broker.h"

#include <errno.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#define WINDOW 100
#define ONLINE "online"
#define OFFLINE "offline"
/* what a goodbye may take */
#define GOODBYE_US (G_USEC_PER_SEC / 2)
/* libmosquitto's least */
#define MIN_KEEPALIVE_S 5
#define MAX_KEEPALIVE_S 600
/* in libmosquitto's codes of MQTT 5, from here on they are errors */
#define FIRST_ERROR_CODE 128

typedef struct {
  OutboxBroker parent;

  OutboxAddress address;
  gchar *client_id;
  gboolean persistent;
  gchar *username;
  gchar *password;
  gchar *ca_file;
  gchar *certificate_file;
  gchar *key_file;
  gint keepalive;
  gint qos;
  gboolean retain;
  gchar *status_topic;

  struct mosquitto *client;
  gboolean mqtt5;
  gboolean was_connected;
  /* of IPv4 and IPv6: the broker may listen on one of its addresses only, and
   * libmosquitto tries the first one */
  GSocketFamily first_family;
  gboolean has_both_families;
  gboolean takes_other_family;
  /* whether TCP connected, and what the broker or the library said then */
  gboolean reached;
  gboolean answered;
  gchar *reason;
  /* number of a message on the wire to that in the queue */
  GHashTable *sequences;
  /* the one that is being published: with QoS 0 it may be out before its number
   * is known here */
  guint64 publishing;
  gint publishing_mid;
  /* of the last message of the status, -1 for none */
  gint status_mid;
} Mqtt;

static void
set_reason (Mqtt *self, const gchar *reason)
{
  g_free (self->reason);
  self->reason = g_strdup (reason);
}

static void
lose (Mqtt *self, gint code)
{
  g_autofree gchar *reason = g_steal_pointer (&self->reason);
  const gchar *words = reason != NULL ? reason : mosquitto_strerror (code);

  if (!self->reached && code == MOSQ_ERR_TLS) {
    /* said of a connection that there is not */
    words = "it cannot be reached";
  } else if (self->reached && !self->answered && !self->was_connected
             && code != MOSQ_ERR_ERRNO && code != MOSQ_ERR_EAI
             && !self->persistent) {
    /* some brokers of MQTT 3 hang up at an unknown version */
    self->mqtt5 = !self->mqtt5;
  }
  self->parent.events->lost (words, self->parent.user_data);
}

/* CALLBACKS, from within mosquitto_loop_read() and the like */

static void
send_status (Mqtt *self, const gchar *status)
{
  if (self->status_topic != NULL
      && mosquitto_publish_v5 (self->client, &self->status_mid,
             self->status_topic, (gint) strlen (status), status,
             MIN (self->qos, 1), TRUE, NULL)
             != MOSQ_ERR_SUCCESS)
    self->status_mid = -1;
}

static void
on_connect (struct mosquitto *client, void *user_data, int code, int flags,
    const mosquitto_property *properties)
{
  Mqtt *self = user_data;

  self->answered = TRUE;
  if (code == MQTT_RC_UNSUPPORTED_PROTOCOL_VERSION
      || (code == CONNACK_REFUSED_PROTOCOL_VERSION && self->mqtt5)) {
    self->mqtt5 = FALSE;
    set_reason (self, "it does not speak MQTT 5");
  } else if (code != 0) {
    set_reason (self, code < FIRST_ERROR_CODE ? mosquitto_connack_string (code)
                                              : mosquitto_reason_string (code));
  } else {
    self->was_connected = TRUE;
    send_status (self, ONLINE);
    self->parent.events->connected (self->parent.user_data);
  }
}

static void
on_disconnect (struct mosquitto *client, void *user_data, int code,
    const mosquitto_property *properties)
{
  Mqtt *self = user_data;

  if (code >= FIRST_ERROR_CODE)
    set_reason (self, mosquitto_reason_string (code));
}

static void
finish (Mqtt *self, guint64 sequence, gint code)
{
  if (code >= FIRST_ERROR_CODE)
    self->parent.events->refused (
        sequence, mosquitto_reason_string (code), self->parent.user_data);
  else
    self->parent.events->acknowledged (sequence, self->parent.user_data);
}

static void
on_publish (struct mosquitto *client, void *user_data, int mid, int code,
    const mosquitto_property *properties)
{
  Mqtt *self = user_data;
  guint64 *sequence =
      g_hash_table_lookup (self->sequences, GINT_TO_POINTER (mid));

  if (sequence != NULL) {
    finish (self, *sequence, code);
    g_hash_table_remove (self->sequences, GINT_TO_POINTER (mid));
  } else if (self->publishing != 0 && mid == self->publishing_mid) {
    finish (self, self->publishing, code);
    self->publishing = 0;
  } else if (mid == self->status_mid) {
    self->status_mid = -1;
  }
}

static void
on_log (struct mosquitto *client, void *user_data, int level, const char *text)
{
  Mqtt *self = user_data;

  if (level == MOSQ_LOG_ERR)
    set_reason (self, text);
  self->parent.events->log (text, self->parent.user_data);
}

static int
give_no_key_password (char *buffer, int size, int is_written, void *user_data)
{
  /* else OpenSSL asks on the terminal */
  return 0;
}

/* CONNECTING */

static gint
set_up_client (Mqtt *self)
{
  struct mosquitto *client = self->client;
  gint code = MOSQ_ERR_SUCCESS;

  mosquitto_int_option (client, MOSQ_OPT_TCP_NODELAY, 1);
  /* In MQTT 5 brokers say how many messages they take at once. Before, they hang
   * up at too many, and libmosquitto's own limit is one that they can stand. */
  if (self->mqtt5)
    mosquitto_int_option (client, MOSQ_OPT_SEND_MAXIMUM, WINDOW);
  mosquitto_connect_v5_callback_set (client, on_connect);
  mosquitto_disconnect_v5_callback_set (client, on_disconnect);
  mosquitto_publish_v5_callback_set (client, on_publish);
  mosquitto_log_callback_set (client, on_log);
  if (self->username != NULL || self->password != NULL)
    code = mosquitto_username_pw_set (client, self->username, self->password);
  if (code == MOSQ_ERR_SUCCESS && self->status_topic != NULL)
    code = mosquitto_will_set (client, self->status_topic, strlen (OFFLINE),
        OFFLINE, MIN (self->qos, 1), TRUE);
  if (code == MOSQ_ERR_SUCCESS && self->address.tls) {
    if (self->ca_file == NULL)
      mosquitto_int_option (client, MOSQ_OPT_TLS_USE_OS_CERTS, 1);
    if (self->ca_file != NULL || self->certificate_file != NULL)
      code = mosquitto_tls_set (client, self->ca_file, NULL,
          self->certificate_file, self->key_file, give_no_key_password);
  }
  return code;
}

static gboolean
make_client (Mqtt *self)
{
  gint code;

  g_clear_pointer (&self->client, mosquitto_destroy);
  g_hash_table_remove_all (self->sequences);
  self->parent.events->taken_back (self->parent.user_data);

  self->client = mosquitto_new (self->client_id, !self->persistent, self);
  code = self->client != NULL ? set_up_client (self) : MOSQ_ERR_NOMEM;
  if (code != MOSQ_ERR_SUCCESS) {
    self->reached = self->answered = TRUE;
    lose (self, code);
  }
  return code == MOSQ_ERR_SUCCESS;
}

/* libmosquitto waits for a name server without end, this can be given up; after
 * it, the answer is at hand */
static gboolean
look_up (Mqtt *self)
{
  g_autoptr (GResolver) resolver = g_resolver_get_default ();
  g_autoptr (GError) error = NULL;
  GList *addresses, *l;

  if (g_hostname_is_ip_address (self->address.host))
    return TRUE;
  addresses = g_resolver_lookup_by_name (
      resolver, self->address.host, self->parent.cancellable, &error);
  if (addresses == NULL) {
    self->parent.events->lost (error->message, self->parent.user_data);
    return FALSE;
  }
  self->has_both_families = FALSE;
  for (l = addresses; l != NULL; l = l->next)
    self->has_both_families |= g_inet_address_get_family (l->data)
                               != g_inet_address_get_family (addresses->data);
  self->first_family = g_inet_address_get_family (addresses->data);
  g_resolver_free_addresses (addresses);
  return TRUE;
}

/* Returns: (nullable): what to bind the socket to, which leaves addresses of its
 *   family alone */
static const gchar *
choose_own_address (const Mqtt *self)
{
  if (!self->has_both_families || !self->takes_other_family)
    return NULL;
  return self->first_family == G_SOCKET_FAMILY_IPV6 ? "0.0.0.0" : "::";
}

static void
mqtt_connect (OutboxBroker *broker)
{
  Mqtt *self = (Mqtt *) broker;
  gint code;

  if (!look_up (self))
    return;
  if (self->client == NULL || !self->persistent) {
    if (!make_client (self))
      return;
  }
  mosquitto_int_option (self->client, MOSQ_OPT_PROTOCOL_VERSION,
      self->mqtt5 ? MQTT_PROTOCOL_V5 : MQTT_PROTOCOL_V311);
  g_clear_pointer (&self->reason, g_free);
  /* also where an address swallows what is sent to it, which nobody is told */
  if (!self->reached)
    self->takes_other_family = !self->takes_other_family;
  self->reached = self->answered = FALSE;
  self->status_mid = -1;
  code = mosquitto_connect_bind_async (self->client, self->address.host,
      self->address.port, self->keepalive, choose_own_address (self));
  if (code != MOSQ_ERR_SUCCESS)
    lose (self, code);
}

/* PUBLISHING */

static OutboxSent
mqtt_send (OutboxBroker *broker, const OutboxMessage *message, GError **error)
{
  Mqtt *self = (Mqtt *) broker;
  gsize size;
  gconstpointer payload = g_bytes_get_data (message->payload, &size);
  gint code;

  self->publishing = message->sequence;
  code = size > MQTT_MAX_PAYLOAD
             ? MOSQ_ERR_PAYLOAD_SIZE
             : mosquitto_publish_v5 (self->client, &self->publishing_mid,
                 message->topic, (gint) size, payload, self->qos, self->retain,
                 NULL);
  switch (code) {
    case MOSQ_ERR_INVAL:
    case MOSQ_ERR_PAYLOAD_SIZE:
    case MOSQ_ERR_MALFORMED_UTF8:
    case MOSQ_ERR_QOS_NOT_SUPPORTED:
    case MOSQ_ERR_RETAIN_NOT_SUPPORTED:
    case MOSQ_ERR_OVERSIZE_PACKET:
      self->publishing = 0;
      g_set_error (error, OUTBOX_ERROR, OUTBOX_ERROR_MESSAGE, "%s",
          mosquitto_strerror (code));
      return OUTBOX_REFUSED;
    default:
      break;
  }
  /* that the connection is gone, the next wait finds out */
  if (self->publishing != 0) {
    guint64 *sequence = g_new (guint64, 1);

    *sequence = message->sequence;
    g_hash_table_insert (
        self->sequences, GINT_TO_POINTER (self->publishing_mid), sequence);
  }
  self->publishing = 0;
  return OUTBOX_SENT;
}

static gint
exchange (Mqtt *self, gshort happened)
{
  gint code = MOSQ_ERR_SUCCESS;

  if (happened & (POLLIN | POLLERR | POLLHUP))
    code = mosquitto_loop_read (self->client, 1);
  if (code == MOSQ_ERR_SUCCESS && (happened & POLLOUT))
    code = mosquitto_loop_write (self->client, 1);
  if (code == MOSQ_ERR_SUCCESS)
    code = mosquitto_loop_misc (self->client);
  return code;
}

/* A socket that is being connected is silent. libmosquitto does not see that it
 * failed where TLS has taken the error from it. */
static gboolean
check_reached (Mqtt *self, gint fd, gshort happened)
{
  struct sockaddr_storage peer;
  socklen_t size = sizeof peer;
  gint error = 0;

  self->reached = getpeername (fd, (struct sockaddr *) &peer, &size) == 0;
  if (self->reached || happened == 0)
    return TRUE;
  size = sizeof error;
  getsockopt (fd, SOL_SOCKET, SO_ERROR, &error, &size);
  set_reason (self, g_strerror (error != 0 ? error : ECONNREFUSED));
  return FALSE;
}

static void
mqtt_wait (OutboxBroker *broker, gint wake_fd, gint timeout_ms)
{
  Mqtt *self = (Mqtt *) broker;
  gint fd = mosquitto_socket (self->client);
  gshort events = POLLIN | (mosquitto_want_write (self->client) ? POLLOUT : 0);
  gshort happened;
  gint code = MOSQ_ERR_NO_CONN;

  if (fd >= 0) {
    outbox_wait_for_wake (wake_fd, fd, events, timeout_ms, &happened);
    if (self->reached || check_reached (self, fd, happened))
      code = exchange (self, happened);
  }
  if (code != MOSQ_ERR_SUCCESS)
    lose (self, code);
}

/* OPENING AND CLOSING */

static gboolean
check_file (const gchar *path, const gchar *property, GError **error)
{
  g_autoptr (GMappedFile) file = NULL;
  g_autoptr (GError) file_error = NULL;

  if (path == NULL)
    return TRUE;
  file = g_mapped_file_new (path, FALSE, &file_error);
  if (file == NULL)
    g_set_error (error, OUTBOX_ERROR, OUTBOX_ERROR_SETTINGS,
        "The file of %s cannot be read: %s", property, file_error->message);
  return file != NULL;
}

static gboolean
check_settings (const OutboxSettings *settings, GError **error)
{
  if (settings->status_topic != NULL
      && !outbox_topic_check (settings->status_topic, OUTBOX_MQTT, error))
    return FALSE;
  if (settings->password != NULL && settings->username == NULL) {
    g_set_error (error, OUTBOX_ERROR, OUTBOX_ERROR_SETTINGS,
        "There is a password and no user: set username");
    return FALSE;
  }
  if ((settings->certificate_file == NULL) != (settings->key_file == NULL)) {
    g_set_error (error, OUTBOX_ERROR, OUTBOX_ERROR_SETTINGS,
        "certificate-file and key-file go together, and %s is missing",
        settings->key_file == NULL ? "key-file" : "certificate-file");
    return FALSE;
  }
  return check_file (settings->ca_file, "ca-file", error)
         && check_file (settings->certificate_file, "certificate-file", error)
         && check_file (settings->key_file, "key-file", error);
}

static OutboxBroker *
mqtt_open (const OutboxSettings *settings, const OutboxBrokerEvents *events,
    gpointer user_data, GError **error)
{
  static gsize initialized = 0;
  Mqtt *self;

  if (!check_settings (settings, error))
    return NULL;
  if (g_once_init_enter (&initialized)) {
    mosquitto_lib_init ();
    g_once_init_leave (&initialized, 1);
  }

  self = g_new0 (Mqtt, 1);
  self->parent.klass = &outbox_mqtt_class;
  self->parent.events = events;
  self->parent.user_data = user_data;
  self->address.tls = settings->address->tls;
  self->address.host = g_strdup (settings->address->host);
  self->address.port = settings->address->port;
  self->persistent = settings->qos == 2 && settings->client_id != NULL;
  self->mqtt5 = !self->persistent;
  self->client_id = settings->client_id != NULL
                        ? g_strdup (settings->client_id)
                        : g_strdup_printf ("yolov5-%08x%08x", g_random_int (),
                            g_random_int ());
  self->username = g_strdup (settings->username);
  self->password = g_strdup (settings->password);
  self->ca_file = g_strdup (settings->ca_file);
  self->certificate_file = g_strdup (settings->certificate_file);
  self->key_file = g_strdup (settings->key_file);
  self->keepalive = (gint) CLAMP (settings->response_timeout / G_USEC_PER_SEC,
      MIN_KEEPALIVE_S, MAX_KEEPALIVE_S);
  self->reached = TRUE;
  self->qos = (gint) settings->qos;
  self->retain = settings->retain;
  self->status_topic = g_strdup (settings->status_topic);
  self->status_mid = -1;
  self->sequences = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  return &self->parent;
}

/* the will is for who leaves without a word */
static void
say_goodbye (Mqtt *self)
{
  gint64 end_time = g_get_monotonic_time () + GOODBYE_US;
  gshort happened;

  send_status (self, OFFLINE);
  while ((self->status_mid >= 0 || mosquitto_want_write (self->client))
         && g_get_monotonic_time () < end_time
         && mosquitto_socket (self->client) >= 0) {
    outbox_wait_for_wake (mosquitto_socket (self->client), -1, 0,
        (gint) (GOODBYE_US / 1000 / 10), &happened);
    if (exchange (self, POLLIN | POLLOUT) != MOSQ_ERR_SUCCESS)
      return;
  }
  mosquitto_disconnect_v5 (self->client, 0, NULL);
}

static void
mqtt_close (OutboxBroker *broker, gboolean politely)
{
  Mqtt *self = (Mqtt *) broker;

  if (self->client != NULL && politely)
    say_goodbye (self);
  g_clear_pointer (&self->client, mosquitto_destroy);
  g_hash_table_unref (self->sequences);
  g_free (self->address.host);
  g_free (self->client_id);
  g_free (self->username);
  g_free (self->password);
  g_free (self->ca_file);
  g_free (self->certificate_file);
  g_free (self->key_file);
  g_free (self->status_topic);
  g_free (self->reason);
  g_free (self);
}

const OutboxBrokerClass outbox_mqtt_class = {
  .window = WINDOW,
  .open = mqtt_open,
  .connect = mqtt_connect,
  .send = mqtt_send,
  .wait = mqtt_wait,
  .close = mqtt_close,
};
