/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* libsoup waits for a request as long as it takes and for any number of them.
 * Here each connection has a time until its next request must be there as a
 * whole; when there are too many, the one that has waited longest gives way. */

#include "connections.h"
#include "metered.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#define MAX_CONNECTIONS 256
/* from its beginning, or from the answer to the one before */
#define REQUEST_S 10
/* until an answer was taken; pictures and pages are small */
#define ANSWER_S 30
#define CHECK_S 1
#define BACKLOG 128
/* of one address: so many at once, and so many a second after that */
#define REQUESTS_AT_ONCE 200.0
#define REQUESTS_A_SECOND 50.0
#define MAX_ADDRESSES 1024
#define CONNECTION_KEY "yolov5dpu-view-connection"

typedef struct {
  gdouble left;
  gint64 since;
} Allowance;

/* has a reference count: a request may know it when it is gone */
struct ViewConnection {
  ViewConnections *all;
  /* NULL when it is gone */
  GSocket *socket;
  /* when it is cut, monotonic microseconds; 0 for never */
  gint64 deadline;
  gboolean has_asked;
};

struct ViewConnections {
  SoupServer *server;
  GTlsCertificate *certificate;
  GSocketService *service;
  guint port;
  /* of ViewConnections, oldest first */
  GQueue connections;
  /* address to Allowance */
  GHashTable *allowances;
  guint timer;
};

/**
 * view_connection_cut:
 * @self: a connection
 *
 * Ends it at once: whoever reads or writes finds the end.
 */
void
view_connection_cut (ViewConnection *self)
{
  if (self->socket != NULL)
    g_socket_shutdown (self->socket, TRUE, TRUE, NULL);
  self->deadline = 0;
}

void
view_connection_unref (ViewConnection *self)
{
  g_rc_box_release (self);
}

/* its socket is gone */
static void
forget (gpointer user_data, GObject *socket)
{
  ViewConnection *self = user_data;

  if (self->all != NULL)
    g_queue_remove (&self->all->connections, self);
  self->socket = NULL;
  view_connection_unref (self);
}

static void
set_deadline (ViewConnection *self, gint seconds)
{
  self->deadline = g_get_monotonic_time () + seconds * G_USEC_PER_SEC;
}

/* who has not asked for anything yet gives way to who comes now */
static gboolean
make_room (ViewConnections *self)
{
  if (self->connections.length < MAX_CONNECTIONS)
    return TRUE;
  for (GList *link = self->connections.head; link; link = link->next) {
    ViewConnection *connection = link->data;

    if (!connection->has_asked && connection->deadline != 0) {
      view_connection_cut (connection);
      return TRUE;
    }
  }
  return FALSE;
}

static void
serve (ViewConnection *self, GIOStream *stream, GSocketConnection *plain)
{
  g_autoptr (GSocketAddress) local =
      g_socket_connection_get_local_address (plain, NULL);
  g_autoptr (GSocketAddress) remote =
      g_socket_connection_get_remote_address (plain, NULL);
  g_autoptr (GIOStream) metered = NULL;

  /* who has left already has no address */
  if (local == NULL || remote == NULL)
    return;
  g_object_set_data_full (G_OBJECT (remote), CONNECTION_KEY,
      g_rc_box_acquire (self), (GDestroyNotify) view_connection_unref);
  metered = view_metered_stream_new (stream);
  soup_server_accept_iostream (self->all->server, metered, local, remote, NULL);
}

static void
on_handshake (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GSocketConnection) plain = user_data;
  ViewConnection *self = g_object_get_data (G_OBJECT (plain), CONNECTION_KEY);
  GTlsConnection *secure = G_TLS_CONNECTION (object);

  if (g_tls_connection_handshake_finish (secure, result, NULL)
      && self->all != NULL)
    serve (self, G_IO_STREAM (secure), plain);
}

/* g_tls_server_connection_new() reads all certificates that the system trusts, each
 * time, in case clients were asked for theirs, which they are not. That took 7 ms of
 * the thread that serves everybody; without a database it takes none. */
static GIOStream *
secure_connection (GSocketConnection *plain, GTlsCertificate *certificate)
{
  GTlsBackend *backend = g_tls_backend_get_default ();

  return g_initable_new (g_tls_backend_get_server_connection_type (backend),
      NULL, NULL, "base-io-stream", plain, "certificate", certificate,
      "database", NULL, NULL);
}

static gboolean
on_incoming (GSocketService *service, GSocketConnection *plain, GObject *source,
    gpointer user_data)
{
  ViewConnections *self = user_data;
  GSocket *socket = g_socket_connection_get_socket (plain);
  ViewConnection *connection;
  GIOStream *secure;

  if (!make_room (self))
    return TRUE;
  connection = g_rc_box_new0 (ViewConnection);
  connection->all = self;
  connection->socket = socket;
  set_deadline (connection, REQUEST_S);
  /* a frame's last bytes do not wait for those before to be acknowledged */
  g_socket_set_option (socket, IPPROTO_TCP, TCP_NODELAY, TRUE, NULL);
  g_queue_push_tail (&self->connections, connection);
  g_object_weak_ref (G_OBJECT (socket), forget, connection);

  if (self->certificate == NULL) {
    serve (connection, G_IO_STREAM (plain), plain);
    return TRUE;
  }
  secure = secure_connection (plain, self->certificate);
  if (secure == NULL)
    return TRUE;
  g_object_set_data (G_OBJECT (plain), CONNECTION_KEY, connection);
  g_tls_connection_handshake_async (G_TLS_CONNECTION (secure),
      G_PRIORITY_DEFAULT, NULL, on_handshake, g_object_ref (plain));
  g_object_unref (secure);
  return TRUE;
}

static gboolean
check_deadlines (gpointer user_data)
{
  ViewConnections *self = user_data;
  gint64 now = g_get_monotonic_time ();

  for (GList *link = self->connections.head; link; link = link->next) {
    ViewConnection *connection = link->data;

    if (connection->deadline != 0 && now >= connection->deadline)
      view_connection_cut (connection);
  }
  return G_SOURCE_CONTINUE;
}

static ViewConnection *
find (SoupServerMessage *message)
{
  GSocketAddress *remote = soup_server_message_get_remote_address (message);

  return remote != NULL ? g_object_get_data (G_OBJECT (remote), CONNECTION_KEY)
                        : NULL;
}

static void
on_request_read (
    SoupServer *server, SoupServerMessage *message, gpointer user_data)
{
  ViewConnection *connection = find (message);

  if (connection != NULL && connection->deadline != 0) {
    connection->has_asked = TRUE;
    set_deadline (connection, ANSWER_S);
  }
}

static void
on_request_finished (
    SoupServer *server, SoupServerMessage *message, gpointer user_data)
{
  ViewConnection *connection = find (message);

  if (connection != NULL && connection->deadline != 0)
    set_deadline (connection, REQUEST_S);
}

static gboolean
start_listening (
    ViewConnections *self, const gchar *address, guint port, GError **error)
{
  g_autoptr (GSocketAddress) wanted =
      g_inet_socket_address_new_from_string (address, port);
  g_autoptr (GSocketAddress) bound = NULL;

  if (wanted == NULL) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
        "%s is no address to listen on: 127.0.0.1 is this machine only, "
        "0.0.0.0 or :: lets other machines in",
        address);
    return FALSE;
  }
  g_socket_listener_set_backlog (G_SOCKET_LISTENER (self->service), BACKLOG);
  if (!g_socket_listener_add_address (G_SOCKET_LISTENER (self->service), wanted,
          G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL, &bound, error)) {
    g_prefix_error (error,
        "Cannot listen on %s, port %u (port 0 finds a free one): ", address,
        port);
    return FALSE;
  }
  self->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  return TRUE;
}

/**
 * view_connections_new:
 * @server: gets what comes
 * @address: to listen on
 * @port: to listen on; 0 finds a free one
 * @certificate: (nullable): with which it speaks TLS
 * @error: return location
 *
 * Returns: (transfer full) (nullable): who is connected
 */
ViewConnections *
view_connections_new (SoupServer *server, const gchar *address, guint port,
    GTlsCertificate *certificate, GError **error)
{
  ViewConnections *self = g_new0 (ViewConnections, 1);

  self->server = g_object_ref (server);
  g_set_object (&self->certificate, certificate);
  self->service = g_socket_service_new ();
  g_queue_init (&self->connections);
  self->allowances =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  if (!start_listening (self, address, port, error)) {
    view_connections_free (self);
    return NULL;
  }
  self->timer = g_timeout_add_seconds (CHECK_S, check_deadlines, self);
  g_signal_connect (self->service, "incoming", G_CALLBACK (on_incoming), self);
  g_signal_connect (server, "request-read", G_CALLBACK (on_request_read), self);
  g_signal_connect (
      server, "request-finished", G_CALLBACK (on_request_finished), self);
  return self;
}

void
view_connections_free (ViewConnections *self)
{
  if (self->timer != 0)
    g_source_remove (self->timer);
  g_signal_handlers_disconnect_by_data (self->server, self);
  g_signal_handlers_disconnect_by_data (self->service, self);
  g_socket_service_stop (self->service);
  g_socket_listener_close (G_SOCKET_LISTENER (self->service));
  for (GList *link = self->connections.head; link; link = link->next) {
    ViewConnection *connection = link->data;

    view_connection_cut (connection);
    connection->all = NULL;
  }
  g_queue_clear (&self->connections);
  g_hash_table_unref (self->allowances);
  g_object_unref (self->service);
  g_clear_object (&self->certificate);
  g_object_unref (self->server);
  g_free (self);
}

guint
view_connections_get_port (const ViewConnections *self)
{
  return self->port;
}

guint
view_connections_count (const ViewConnections *self)
{
  return self->connections.length;
}

static gchar *
get_address (SoupServerMessage *message)
{
  GSocketAddress *remote = soup_server_message_get_remote_address (message);

  return remote != NULL && G_IS_INET_SOCKET_ADDRESS (remote)
             ? g_inet_address_to_string (g_inet_socket_address_get_address (
                 G_INET_SOCKET_ADDRESS (remote)))
             : g_strdup ("");
}

/**
 * view_connections_may_ask:
 * @message: a request
 * @cost: what it counts for
 *
 * Returns: whether its sender has not asked too much lately
 */
gboolean
view_connections_may_ask (SoupServerMessage *message, guint cost)
{
  ViewConnection *connection = find (message);
  g_autofree gchar *address = get_address (message);
  gint64 now = g_get_monotonic_time ();
  GHashTable *allowances;
  Allowance *allowance;

  if (connection == NULL || connection->all == NULL)
    return FALSE;
  allowances = connection->all->allowances;
  allowance = g_hash_table_lookup (allowances, address);
  if (allowance == NULL) {
    if (g_hash_table_size (allowances) >= MAX_ADDRESSES)
      g_hash_table_remove_all (allowances);
    allowance = g_new0 (Allowance, 1);
    allowance->left = REQUESTS_AT_ONCE;
    allowance->since = now;
    g_hash_table_insert (allowances, g_steal_pointer (&address), allowance);
  }
  allowance->left +=
      (gdouble) (now - allowance->since) / G_USEC_PER_SEC * REQUESTS_A_SECOND;
  allowance->left = MIN (allowance->left, REQUESTS_AT_ONCE);
  allowance->since = now;
  if (allowance->left < cost)
    return FALSE;
  allowance->left -= cost;
  return TRUE;
}

/**
 * view_connections_keep:
 * @message: a request
 *
 * Its connection stays without a deadline, and the caller looks after it.
 *
 * Returns: (transfer full) (nullable): the connection
 */
ViewConnection *
view_connections_keep (SoupServerMessage *message)
{
  ViewConnection *connection = find (message);

  if (connection == NULL)
    return NULL;
  connection->has_asked = TRUE;
  connection->deadline = 0;
  return g_rc_box_acquire (connection);
}

/**
 * view_connections_cut:
 * @message: a request
 *
 * Ends its connection at once.
 */
void
view_connections_cut (SoupServerMessage *message)
{
  ViewConnection *connection = find (message);

  if (connection != NULL)
    view_connection_cut (connection);
}
