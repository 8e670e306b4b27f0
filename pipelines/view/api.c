/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "api.h"
#include "settings.h"

#include <string.h>

#define PREFIX "/api/v1/"
/* a line of server-sent events that nobody takes */
#define MAX_STALL_S 30
#define MAX_SNAPSHOTS 32

/* server-sent events to one client */
typedef struct {
  ViewApi *api;
  SoupServerMessage *message;
  ViewConnection *connection;
  /* -1 for all */
  gint camera;
  /* 0 when all was written */
  gint64 writing_since;
  gchar *next;
} Stream;

typedef struct {
  ViewApi *api;
  SoupServerMessage *message;
  guint camera;
} Snapshot;

struct ViewApi {
  ViewApiOptions options;
  GPtrArray *streams;
  GPtrArray *snapshots;
};

static void
stream_free (Stream *self)
{
  g_signal_handlers_disconnect_by_data (self->message, self);
  g_object_unref (self->message);
  view_connection_unref (self->connection);
  g_free (self->next);
  g_free (self);
}

static void
snapshot_free (Snapshot *self)
{
  g_signal_handlers_disconnect_by_data (self->message, self);
  g_object_unref (self->message);
  g_free (self);
}

ViewApi *
view_api_new (const ViewApiOptions *options)
{
  ViewApi *self = g_new0 (ViewApi, 1);

  self->options = *options;
  self->streams = g_ptr_array_new_with_free_func ((GDestroyNotify) stream_free);
  self->snapshots =
      g_ptr_array_new_with_free_func ((GDestroyNotify) snapshot_free);
  return self;
}

void
view_api_free (ViewApi *self)
{
  g_ptr_array_unref (self->streams);
  g_ptr_array_unref (self->snapshots);
  g_free (self);
}

static void
pause_message (ViewApi *self, SoupServerMessage *message)
{
#if SOUP_CHECK_VERSION(3, 2, 0)
  soup_server_message_pause (message);
#else
  soup_server_pause_message (self->options.server, message);
#endif
}

static void
unpause_message (ViewApi *self, SoupServerMessage *message)
{
#if SOUP_CHECK_VERSION(3, 2, 0)
  soup_server_message_unpause (message);
#else
  soup_server_unpause_message (self->options.server, message);
#endif
}

static void
respond (SoupServerMessage *message, guint status, JsonBuilder *builder)
{
  g_autoptr (JsonNode) root = json_builder_get_root (builder);
  gchar *text = json_to_string (root, FALSE);

  soup_server_message_set_status (message, status, NULL);
  soup_server_message_set_response (
      message, "application/json", SOUP_MEMORY_TAKE, text, strlen (text));
}

/**
 * view_api_refuse:
 * @message: a request
 * @status: of HTTP
 * @words: why
 */
void
view_api_refuse (SoupServerMessage *message, guint status, const gchar *words)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autofree gchar *valid = g_utf8_make_valid (words, -1);

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "error");
  json_builder_add_string_value (builder, valid);
  json_builder_end_object (builder);
  respond (message, status, builder);
}

/* STATISTICS, EVENTS */

static void
get_stats (ViewApi *self, SoupServerMessage *message)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "cameras");
  view_journal_add_stats_json (
      self->options.journal, self->options.cameras, builder);
  json_builder_end_object (builder);
  respond (message, SOUP_STATUS_OK, builder);
}

static void
get_history (ViewApi *self, SoupServerMessage *message)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "cameras");
  view_journal_add_history_json (self->options.journal, builder);
  json_builder_end_object (builder);
  respond (message, SOUP_STATUS_OK, builder);
}

static void
get_events (ViewApi *self, SoupServerMessage *message, GHashTable *query)
{
  const gchar *text =
      query != NULL ? g_hash_table_lookup (query, "after") : NULL;
  g_autoptr (JsonBuilder) builder = NULL;
  guint64 after = 0;

  if (text != NULL
      && !g_ascii_string_to_unsigned (text, 10, 0, G_MAXINT64, &after, NULL)) {
    view_api_refuse (message, SOUP_STATUS_BAD_REQUEST,
        "\"after\" takes the number of an event");
    return;
  }
  builder = json_builder_new ();
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "events");
  view_journal_add_events_json (self->options.journal, after, builder);
  json_builder_end_object (builder);
  respond (message, SOUP_STATUS_OK, builder);
}

/* SETTINGS */

static void
get_settings (ViewApi *self, SoupServerMessage *message)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "read_only");
  json_builder_add_boolean_value (builder, self->options.read_only);
  json_builder_set_member_name (builder, "cameras");
  view_settings_add_json (
      self->options.cameras, self->options.n_cameras, builder);
  json_builder_end_object (builder);
  respond (message, SOUP_STATUS_OK, builder);
}

static void
patch_settings (ViewApi *self, SoupServerMessage *message)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GBytes) body = soup_message_body_flatten (
      soup_server_message_get_request_body (message));
  g_autoptr (GError) error = NULL;
  gsize length;
  const gchar *text = g_bytes_get_data (body, &length);

  if (self->options.read_only) {
    view_api_refuse (message, SOUP_STATUS_FORBIDDEN,
        "Settings cannot be changed: yolov5dpu-view was started with "
        "--read-only");
    return;
  }
  if (!g_utf8_validate (text, (gssize) length, NULL)) {
    view_api_refuse (
        message, SOUP_STATUS_BAD_REQUEST, "Settings are JSON in UTF-8");
    return;
  }
  if (!json_parser_load_from_data (parser, text, (gssize) length, &error)
      || !view_settings_apply (self->options.cameras, self->options.n_cameras,
          json_parser_get_root (parser), &error)) {
    view_api_refuse (message, SOUP_STATUS_BAD_REQUEST, error->message);
    return;
  }
  get_settings (self, message);
  self->options.changed (self->options.user_data);
}

/* WHICH CAMERA */

/* FALSE when there is none of that number, which the client has been told */
static gboolean
get_camera (
    ViewApi *self, SoupServerMessage *message, GHashTable *query, gint *camera)
{
  const gchar *text =
      query != NULL ? g_hash_table_lookup (query, "camera") : NULL;
  g_autofree gchar *words = NULL;
  guint64 number;

  if (text == NULL)
    return TRUE;
  if (g_ascii_string_to_unsigned (
          text, 10, 0, self->options.n_cameras - 1, &number, NULL)) {
    *camera = (gint) number;
    return TRUE;
  }
  words = g_strdup_printf (
      "There is no camera \"%s\": they have the numbers 0 to %u", text,
      self->options.n_cameras - 1);
  view_api_refuse (message, SOUP_STATUS_NOT_FOUND, words);
  return FALSE;
}

/* SNAPSHOTS */

static void
on_snapshot_finished (SoupServerMessage *message, gpointer user_data)
{
  Snapshot *self = user_data;

  g_ptr_array_remove (self->api->snapshots, self);
}

static void
get_snapshot (ViewApi *self, SoupServerMessage *message, GHashTable *query)
{
  g_autoptr (ViewFrame) latest = NULL;
  gint camera = 0;
  Snapshot *snapshot;

  if (!get_camera (self, message, query, &camera))
    return;
  latest = view_camera_get_latest (self->options.cameras[camera]);
  if (latest == NULL || self->snapshots->len >= MAX_SNAPSHOTS) {
    view_api_refuse (message, SOUP_STATUS_SERVICE_UNAVAILABLE,
        latest == NULL ? "There is no picture yet"
                       : "Too many snapshots at once");
    return;
  }
  snapshot = g_new0 (Snapshot, 1);
  snapshot->api = self;
  snapshot->message = g_object_ref (message);
  snapshot->camera = (guint) camera;
  g_ptr_array_add (self->snapshots, snapshot);
  g_signal_connect (
      message, "finished", G_CALLBACK (on_snapshot_finished), snapshot);
  pause_message (self, message);
  view_camera_want (self->options.cameras[camera], VIEW_FULL_SIZE, 0, 0);
}

/**
 * view_api_show_picture:
 * @self: an API
 * @frame: a frame
 * @jpeg: (nullable): its picture in full size
 */
void
view_api_show_picture (ViewApi *self, const ViewFrame *frame, GBytes *jpeg)
{
  for (guint i = self->snapshots->len; i-- > 0;) {
    Snapshot *snapshot = g_ptr_array_index (self->snapshots, i);
    SoupServerMessage *message;

    if (snapshot->camera != frame->camera)
      continue;
    message = g_object_ref (snapshot->message);
    if (jpeg != NULL) {
      gsize length;
      const gchar *data = g_bytes_get_data (jpeg, &length);

      soup_server_message_set_status (message, SOUP_STATUS_OK, NULL);
      soup_server_message_set_response (
          message, "image/jpeg", SOUP_MEMORY_COPY, data, length);
    } else {
      view_api_refuse (message, SOUP_STATUS_INTERNAL_SERVER_ERROR,
          "The picture cannot be made a JPEG");
    }
    g_ptr_array_remove_index (self->snapshots, i);
    unpause_message (self, message);
    g_object_unref (message);
  }
}

/* SERVER-SENT EVENTS */

static void
stream_write (Stream *self, const gchar *text)
{
  SoupMessageBody *body = soup_server_message_get_response_body (self->message);

  self->writing_since = g_get_monotonic_time ();
  soup_message_body_append (body, SOUP_MEMORY_COPY, text, strlen (text));
  unpause_message (self->api, self->message);
}

static void
on_stream_wrote (SoupServerMessage *message, gpointer user_data)
{
  Stream *self = user_data;
  g_autofree gchar *next = g_steal_pointer (&self->next);

  self->writing_since = 0;
  if (next != NULL)
    stream_write (self, next);
}

static void
on_stream_finished (SoupServerMessage *message, gpointer user_data)
{
  Stream *self = user_data;

  g_ptr_array_remove (self->api->streams, self);
}

static void
get_detections (ViewApi *self, SoupServerMessage *message, GHashTable *query)
{
  SoupMessageHeaders *headers =
      soup_server_message_get_response_headers (message);
  ViewConnection *connection;
  gint camera = -1;
  Stream *stream;

  if (!get_camera (self, message, query, &camera))
    return;
  if (self->streams->len >= self->options.max_clients
      || (connection = view_connections_keep (message)) == NULL) {
    view_api_refuse (message, SOUP_STATUS_SERVICE_UNAVAILABLE,
        "Too many clients: --max-clients lets more in");
    return;
  }
  stream = g_new0 (Stream, 1);
  stream->api = self;
  stream->message = g_object_ref (message);
  stream->connection = connection;
  stream->camera = camera;
  g_ptr_array_add (self->streams, stream);
  g_signal_connect (
      message, "wrote-chunk", G_CALLBACK (on_stream_wrote), stream);
  g_signal_connect (
      message, "finished", G_CALLBACK (on_stream_finished), stream);

  soup_server_message_set_status (message, SOUP_STATUS_OK, NULL);
  soup_message_headers_set_content_type (headers, "text/event-stream", NULL);
  soup_message_headers_set_encoding (headers, SOUP_ENCODING_CHUNKED);
  soup_message_body_set_accumulate (
      soup_server_message_get_response_body (message), FALSE);
  stream->writing_since = g_get_monotonic_time ();
  soup_message_body_append (soup_server_message_get_response_body (message),
      SOUP_MEMORY_STATIC, ": detections\n\n", strlen (": detections\n\n"));
}

/**
 * view_api_show_frame:
 * @self: an API
 * @frame: a frame
 *
 * Sends what was found in it to those who listen. Of what a slow one has not
 * taken, the latest remains.
 */
void
view_api_show_frame (ViewApi *self, const ViewFrame *frame)
{
  g_autofree gchar *text = NULL;

  if (self->streams->len == 0
      || (!frame->inferred && frame->detections->len == 0))
    return;
  for (guint i = 0; i < self->streams->len; i++) {
    Stream *stream = g_ptr_array_index (self->streams, i);

    if (stream->camera >= 0 && (guint) stream->camera != frame->camera)
      continue;
    if (text == NULL) {
      g_autoptr (JsonBuilder) builder = json_builder_new ();
      g_autoptr (JsonNode) root = NULL;
      g_autofree gchar *json = NULL;

      view_frame_add_json (frame, builder);
      root = json_builder_get_root (builder);
      json = json_to_string (root, FALSE);
      text = g_strdup_printf ("data: %s\n\n", json);
    }
    if (stream->writing_since == 0) {
      stream_write (stream, text);
    } else {
      g_free (stream->next);
      stream->next = g_strdup (text);
    }
  }
}

/**
 * view_api_check:
 * @self: an API
 *
 * Forgets those who have stopped to read.
 */
void
view_api_check (ViewApi *self)
{
  gint64 latest = g_get_monotonic_time () - MAX_STALL_S * G_USEC_PER_SEC;

  for (guint i = 0; i < self->streams->len; i++) {
    Stream *stream = g_ptr_array_index (self->streams, i);

    if (stream->writing_since != 0 && stream->writing_since < latest)
      view_connection_cut (stream->connection);
  }
}

/**
 * view_api_handle:
 * @self: an API
 * @message: a request
 * @path: what it is for
 * @query: (nullable): what is behind its question mark
 *
 * Returns: whether it is one for the API, which has answered it then
 */
gboolean
view_api_handle (ViewApi *self, SoupServerMessage *message, const gchar *path,
    GHashTable *query)
{
  const gchar *method = soup_server_message_get_method (message);
  gboolean is_settings = g_str_equal (path, PREFIX "settings");

  if (!g_str_has_prefix (path, PREFIX))
    return FALSE;
  if (is_settings && g_str_equal (method, "PATCH"))
    patch_settings (self, message);
  else if (!g_str_equal (method, "GET"))
    view_api_refuse (message, SOUP_STATUS_METHOD_NOT_ALLOWED,
        "Only GET, and PATCH for settings");
  else if (is_settings)
    get_settings (self, message);
  else if (g_str_equal (path, PREFIX "stats"))
    get_stats (self, message);
  else if (g_str_equal (path, PREFIX "history"))
    get_history (self, message);
  else if (g_str_equal (path, PREFIX "events"))
    get_events (self, message, query);
  else if (g_str_equal (path, PREFIX "detections"))
    get_detections (self, message, query);
  else if (g_str_equal (path, PREFIX "snapshot.jpg"))
    get_snapshot (self, message, query);
  else
    view_api_refuse (message, SOUP_STATUS_NOT_FOUND,
        "There are stats, history, events, detections, snapshot.jpg and "
        "settings");
  return TRUE;
}
