/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "access.h"
#include "api.h"
#include "connections.h"
#include "journal.h"
#include "server.h"
#include "settings.h"
#include "watchers.h"

#include <string.h>

#define SOCKET_PATH "/live"
#define RESOURCES "/yolov5dpu/view/"
/* of RFC 6585, which libsoup does not name */
#define STATUS_TOO_MANY_REQUESTS 429
#define MAX_BODY_BYTES (16 * 1024)
#define BODY_KEY "yolov5dpu-view-body"
#define EVENTS_MS 250
#define SECOND_MS 1000
/* a wrong token counts for so many requests */
#define WRONG_TOKEN_COST 4

#define REFUSAL                                                                \
  "<!DOCTYPE html><meta charset=\"utf-8\"><title>yolov5dpu-view</title>"       \
  "<h1>This page needs its token</h1><p>Open the whole address that "          \
  "yolov5dpu-view has printed, with what is behind the question mark.</p>"

struct ViewServer {
  ViewCamera *const *cameras;
  guint n_cameras;
  gboolean read_only, is_secure;
  guint max_clients;
  SoupServer *soup;
  ViewConnections *connections;
  ViewAccess *access;
  ViewJournal *journal;
  ViewWatchers *watchers;
  ViewApi *api;
  guint events_timer, second_timer;
  guint64 last_event;
  void (*failed) (const gchar *camera, const gchar *error, gpointer user_data);
  gpointer user_data;
};

/* no other files are served */
static const struct {
  const gchar *path;
  const gchar *resource;
  const gchar *type;
} files[] = {
  { "/", RESOURCES "index.html", "text/html; charset=utf-8" },
  { "/view.css", RESOURCES "view.css", "text/css; charset=utf-8" },
  { "/drawing.js", RESOURCES "drawing.js", "text/javascript; charset=utf-8" },
  { "/panels.js", RESOURCES "panels.js", "text/javascript; charset=utf-8" },
  { "/view.js", RESOURCES "view.js", "text/javascript; charset=utf-8" },
};

/* WHO MAY ASK */

static const gchar *
get_header (SoupServerMessage *message, const gchar *name)
{
  return soup_message_headers_get_one (
      soup_server_message_get_request_headers (message), name);
}

/* of all answers, whatever is wrong with the request */
static void
on_started (SoupServer *soup, SoupServerMessage *message, gpointer user_data)
{
  static const gchar *const fields[][2] = {
    { "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'" },
    { "X-Content-Type-Options", "nosniff" },
    { "X-Frame-Options", "DENY" },
    { "Referrer-Policy", "no-referrer" },
    { "Cache-Control", "no-store" },
    { "Cross-Origin-Resource-Policy", "same-origin" },
    { "Cross-Origin-Opener-Policy", "same-origin" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    soup_message_headers_replace (
        soup_server_message_get_response_headers (message), fields[i][0],
        fields[i][1]);
}

/* Host was found to be one of ours before, so it is no header of its own;
 * 'self' does not mean WebSockets in all browsers */
static void
allow_page (SoupServerMessage *message)
{
  const gchar *host = get_header (message, "Host");
  g_autofree gchar *policy = g_strdup_printf (
      "default-src 'none'; script-src 'self'; style-src 'self'; "
      "img-src 'self' blob: data:; connect-src 'self' ws://%s wss://%s; "
      "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      host, host);

  soup_message_headers_replace (
      soup_server_message_get_response_headers (message),
      "Content-Security-Policy", policy);
}

static gboolean
is_host_sane (const gchar *host)
{
  return host != NULL
         && strspn (host, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS ".-:[]_%")
                == strlen (host);
}

static gboolean
refuse (SoupServerMessage *message, guint status, const gchar *words)
{
  view_api_refuse (message, status, words);
  return FALSE;
}

static gboolean
refuse_token (SoupServerMessage *message)
{
  const gchar *path = g_uri_get_path (soup_server_message_get_uri (message));

  view_connections_may_ask (message, WRONG_TOKEN_COST);
  if (!g_str_equal (path, "/"))
    return refuse (message, SOUP_STATUS_FORBIDDEN,
        "The token is missing or wrong: it is in the address that "
        "yolov5dpu-view has printed");
  soup_server_message_set_status (message, SOUP_STATUS_FORBIDDEN, NULL);
  soup_server_message_set_response (message, "text/html; charset=utf-8",
      SOUP_MEMORY_STATIC, REFUSAL, strlen (REFUSAL));
  return FALSE;
}

/* a page of somebody else's may send requests with our cookie, but not without
 * a name of its own in them */
static gboolean
check_origin (ViewServer *self, SoupServerMessage *message, const gchar *path,
    ViewAccessKind access)
{
  const gchar *origin = get_header (message, "Origin");
  gboolean needs_one =
      access == VIEW_ACCESS_BY_COOKIE && g_str_equal (path, SOCKET_PATH);

  if (origin == NULL && !needs_one)
    return TRUE;
  if (view_access_is_origin_ours (origin, get_header (message, "Host")))
    return TRUE;
  return refuse (message, SOUP_STATUS_FORBIDDEN,
      "This was asked for by another page than ours");
}

static gboolean
check_request (ViewServer *self, SoupServerMessage *message, const gchar *path,
    GHashTable *query)
{
  const gchar *method = soup_server_message_get_method (message);
  const gchar *host = get_header (message, "Host");
  ViewAccessKind access;

  if (!is_host_sane (host) || !view_access_is_host_ours (self->access, host))
    return refuse (message, SOUP_STATUS_MISDIRECTED_REQUEST,
        "This is not what the machine is called: --host-name adds a name");
  if (!view_connections_may_ask (message, 1))
    return refuse (message, STATUS_TOO_MANY_REQUESTS, "Too many requests");
  if (!g_str_equal (method, "GET") && !g_str_equal (method, "PATCH"))
    return refuse (
        message, SOUP_STATUS_METHOD_NOT_ALLOWED, "Only GET and PATCH");
  access = view_access_check (self->access, message, query);
  if (access == VIEW_ACCESS_NONE)
    return refuse_token (message);
  return check_origin (self, message, path, access);
}

static void
on_body (SoupServerMessage *message, GBytes *chunk, gpointer user_data)
{
  gsize *left = user_data;

  if (g_bytes_get_size (chunk) > *left)
    view_connections_cut (message);
  else
    *left -= g_bytes_get_size (chunk);
}

/* before the body of the request has come */
static void
on_headers (SoupServer *soup, SoupServerMessage *message, const gchar *path,
    GHashTable *query, gpointer user_data)
{
  ViewServer *self = user_data;
  SoupMessageHeaders *headers =
      soup_server_message_get_request_headers (message);
  gsize *left = g_new (gsize, 1);

  *left = MAX_BODY_BYTES;
  g_object_set_data_full (G_OBJECT (message), BODY_KEY, left, g_free);
  g_signal_connect (message, "got-chunk", G_CALLBACK (on_body), left);
  /* parts of parts cost more than they are worth */
  soup_message_headers_remove (headers, "Range");
  if (soup_message_headers_get_content_length (headers) > MAX_BODY_BYTES) {
    refuse (message, SOUP_STATUS_REQUEST_ENTITY_TOO_LARGE,
        "So much is never needed");
    soup_message_headers_replace (headers, "Connection", "close");
  } else if (!check_request (self, message, path, query)) {
    /* what comes behind a request that is refused is of no interest */
    soup_message_headers_replace (headers, "Connection", "close");
  }
}

/* WHAT IS ANSWERED */

static void
serve_file (ViewServer *self, SoupServerMessage *message, guint number)
{
  g_autoptr (GBytes) data = g_resources_lookup_data (
      files[number].resource, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
  g_autofree gchar *cookie = view_access_make_cookie (self->access);
  gsize length;
  const gchar *text = g_bytes_get_data (data, &length);

  if (number == 0) {
    allow_page (message);
    soup_message_headers_replace (
        soup_server_message_get_response_headers (message), "Set-Cookie",
        cookie);
  }
  soup_server_message_set_status (message, SOUP_STATUS_OK, NULL);
  soup_server_message_set_response (
      message, files[number].type, SOUP_MEMORY_COPY, text, length);
}

static void
on_request (SoupServer *soup, SoupServerMessage *message, const gchar *path,
    GHashTable *query, gpointer user_data)
{
  ViewServer *self = user_data;

  /* the early handler has let it pass, or it would not be here */
  if (view_api_handle (self->api, message, path, query))
    return;
  for (guint i = 0; i < G_N_ELEMENTS (files); i++) {
    if (!g_str_equal (path, files[i].path))
      continue;
    if (g_str_equal (soup_server_message_get_method (message), "GET"))
      serve_file (self, message, i);
    else
      refuse (message, SOUP_STATUS_METHOD_NOT_ALLOWED, "Only GET");
    return;
  }
  refuse (message, SOUP_STATUS_NOT_FOUND, "There is nothing of that name");
}

static JsonBuilder *
begin_text (const gchar *type)
{
  JsonBuilder *builder = json_builder_new ();

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "type");
  json_builder_add_string_value (builder, type);
  return builder;
}

static gchar *
end_text (JsonBuilder *builder)
{
  g_autoptr (JsonNode) root = NULL;
  gchar *text;

  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  text = json_to_string (root, FALSE);
  g_object_unref (builder);
  return text;
}

static gchar *
make_greeting (ViewServer *self)
{
  JsonBuilder *builder = begin_text ("hello");

  json_builder_set_member_name (builder, "version");
  json_builder_add_string_value (builder, VERSION);
  json_builder_set_member_name (builder, "read_only");
  json_builder_add_boolean_value (builder, self->read_only);
  json_builder_set_member_name (builder, "settings");
  view_settings_add_json (self->cameras, self->n_cameras, builder);
  json_builder_set_member_name (builder, "stats");
  view_journal_add_stats_json (self->journal, self->cameras, builder);
  json_builder_set_member_name (builder, "history");
  view_journal_add_history_json (self->journal, builder);
  json_builder_set_member_name (builder, "events");
  view_journal_add_events_json (self->journal, 0, builder);
  return end_text (builder);
}

static void
on_socket (SoupServer *soup, SoupServerMessage *message, const gchar *path,
    SoupWebsocketConnection *socket, gpointer user_data)
{
  ViewServer *self = user_data;
  ViewConnection *connection = view_connections_keep (message);
  g_autofree gchar *greeting = NULL;

  if (connection == NULL)
    return;
  if (view_watchers_count (self->watchers) >= self->max_clients) {
    soup_websocket_connection_close (
        socket, SOUP_WEBSOCKET_CLOSE_GOING_AWAY, "too many clients");
    view_connection_unref (connection);
    return;
  }
  greeting = make_greeting (self);
  view_watchers_add (self->watchers, socket, connection, greeting);
}

/* WHAT CAMERAS TELL */

static void
on_frame (ViewFrame *frame, gpointer user_data)
{
  ViewServer *self = user_data;

  view_journal_add_frame (self->journal, frame);
  view_api_show_frame (self->api, frame);
}

static void
on_picture (ViewFrame *frame, guint size, GBytes *jpeg, gpointer user_data)
{
  ViewServer *self = user_data;

  if (size == VIEW_FULL_SIZE)
    view_api_show_picture (self->api, frame, jpeg);
  else
    view_watchers_show (self->watchers, frame, size, jpeg);
}

static void
on_message (guint camera, const GstStructure *message, gpointer user_data)
{
  ViewServer *self = user_data;

  view_journal_add_message (self->journal, camera, message);
}

static void
tell_settings (gpointer user_data)
{
  ViewServer *self = user_data;
  JsonBuilder *builder = begin_text ("settings");
  g_autofree gchar *text = NULL;

  json_builder_set_member_name (builder, "settings");
  view_settings_add_json (self->cameras, self->n_cameras, builder);
  text = end_text (builder);
  view_watchers_tell (self->watchers, text);
}

static void
on_changed (guint camera, gpointer user_data)
{
  tell_settings (user_data);
}

static void
on_failed (guint camera, const gchar *error, gpointer user_data)
{
  ViewServer *self = user_data;

  self->failed (
      view_camera_get_name (self->cameras[camera]), error, self->user_data);
}

static gboolean
tell_events (gpointer user_data)
{
  ViewServer *self = user_data;
  guint64 last = view_journal_get_last_event (self->journal);
  JsonBuilder *builder;
  g_autofree gchar *text = NULL;

  if (last == self->last_event)
    return G_SOURCE_CONTINUE;
  builder = begin_text ("events");
  json_builder_set_member_name (builder, "events");
  view_journal_add_events_json (self->journal, self->last_event, builder);
  text = end_text (builder);
  view_watchers_tell (self->watchers, text);
  self->last_event = last;
  return G_SOURCE_CONTINUE;
}

static gboolean
end_second (gpointer user_data)
{
  ViewServer *self = user_data;
  JsonBuilder *builder;
  g_autofree gchar *text = NULL;

  view_journal_end_second (self->journal, self->cameras);
  view_watchers_check (self->watchers);
  view_api_check (self->api);
  if (view_watchers_count (self->watchers) == 0)
    return G_SOURCE_CONTINUE;
  builder = begin_text ("stats");
  json_builder_set_member_name (builder, "watchers");
  json_builder_add_int_value (builder, view_watchers_count (self->watchers));
  json_builder_set_member_name (builder, "stats");
  view_journal_add_stats_json (self->journal, self->cameras, builder);
  text = end_text (builder);
  view_watchers_tell (self->watchers, text);
  return G_SOURCE_CONTINUE;
}

/* THE SERVER */

static ViewApi *
make_api (ViewServer *self)
{
  const ViewApiOptions options = {
    .server = self->soup,
    .cameras = self->cameras,
    .n_cameras = self->n_cameras,
    .journal = self->journal,
    .read_only = self->read_only,
    .max_clients = self->max_clients,
    .changed = tell_settings,
    .user_data = self,
  };

  return view_api_new (&options);
}

static void
add_handlers (ViewServer *self)
{
  g_signal_connect (
      self->soup, "request-started", G_CALLBACK (on_started), self);
  soup_server_add_early_handler (self->soup, NULL, on_headers, self, NULL);
  soup_server_add_handler (self->soup, NULL, on_request, self, NULL);
  soup_server_add_early_handler (
      self->soup, SOCKET_PATH, on_headers, self, NULL);
  soup_server_add_websocket_handler (
      self->soup, SOCKET_PATH, NULL, NULL, on_socket, self, NULL);
  /* frames are compressed as they are, and inflating costs whoever asks for it
   * nothing */
  soup_server_remove_websocket_extension (
      self->soup, SOUP_TYPE_WEBSOCKET_EXTENSION_DEFLATE);
}

/**
 * view_server_new:
 * @cameras: (transfer none): the cameras, for as long as the server lives
 * @n_cameras: how many
 * @options: how to serve them
 * @error: return location
 *
 * Returns: (transfer full) (nullable): a server that listens
 */
ViewServer *
view_server_new (ViewCamera *const *cameras, guint n_cameras,
    const ViewServerOptions *options, GError **error)
{
  ViewServer *self = g_new0 (ViewServer, 1);

  self->cameras = cameras;
  self->n_cameras = n_cameras;
  self->read_only = options->read_only;
  self->is_secure = options->certificate != NULL;
  self->max_clients = options->max_clients;
  self->journal = view_journal_new (n_cameras);
  self->watchers =
      view_watchers_new (cameras, n_cameras, self->journal, options->max_fps);
  self->soup = soup_server_new (NULL, NULL);
  self->api = make_api (self);
  add_handlers (self);
  self->connections = view_connections_new (
      self->soup, options->address, options->port, options->certificate, error);
  if (self->connections != NULL)
    self->access = view_access_new (options->token, options->hosts,
        view_connections_get_port (self->connections), self->is_secure, error);
  if (self->access == NULL) {
    view_server_free (self);
    return NULL;
  }
  return self;
}

/**
 * view_server_start:
 * @self: a server
 * @failed: what to do when a camera never ran
 * @user_data: for @failed
 */
void
view_server_start (ViewServer *self,
    void (*failed) (
        const gchar *camera, const gchar *error, gpointer user_data),
    gpointer user_data)
{
  static const ViewCameraListener listener = { on_frame, on_picture, on_message,
    on_changed, on_failed };

  self->failed = failed;
  self->user_data = user_data;
  self->events_timer = g_timeout_add (EVENTS_MS, tell_events, self);
  self->second_timer = g_timeout_add (SECOND_MS, end_second, self);
  for (guint i = 0; i < self->n_cameras; i++)
    view_camera_start (self->cameras[i], &listener, self);
}

void
view_server_free (ViewServer *self)
{
  if (self->events_timer != 0)
    g_source_remove (self->events_timer);
  if (self->second_timer != 0)
    g_source_remove (self->second_timer);
  view_api_free (self->api);
  view_watchers_free (self->watchers);
  g_clear_pointer (&self->connections, view_connections_free);
  soup_server_disconnect (self->soup);
  g_object_unref (self->soup);
  g_clear_pointer (&self->access, view_access_free);
  view_journal_free (self->journal);
  g_free (self);
}

/**
 * view_server_get_address:
 * @self: a server
 * @host: where other machines find it
 *
 * Returns: (transfer full): what to open in a browser, with the token
 */
gchar *
view_server_get_address (const ViewServer *self, const gchar *host)
{
  return g_strdup_printf ("%s://%s%s%s:%u/?token=%s",
      self->is_secure ? "https" : "http", strchr (host, ':') ? "[" : "", host,
      strchr (host, ':') ? "]" : "",
      view_connections_get_port (self->connections),
      view_access_get_token (self->access));
}
