/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "watchers.h"

#include <math.h>
#include <string.h>

#define MAX_MESSAGE_BYTES 4096
/* pictures of one camera on their way to one watcher */
#define MIN_WINDOW 2
#define MAX_WINDOW 8
/* texts that were not answered */
#define MAX_TEXTS 16
/* who has not said a word for so long is gone: a page answers each second */
#define MAX_SILENCE_S 30
/* answers to pictures and texts, for each camera, and what people do */
#define MESSAGES_A_SECOND 150.0
/* a way that takes this much longer than at its best is congested */
#define CONGESTED_US (100 * 1000)
#define SMALLER_AFTER_US G_USEC_PER_SEC
#define LARGER_AFTER_US (8 * G_USEC_PER_SEC)
#define MAX_SHRINKING 3

typedef struct {
  guint64 number;
  gint64 arrived, sent;
} Sent;

typedef struct {
  /* pixels that the page has for it; 0 when it is not to be seen */
  gint width;
  Sent window[MAX_WINDOW];
  guint n_sent;
  guint64 last;
  /* the next one: by the rate, and what will do */
  gint64 due, not_before;
  /* microseconds between a picture and its answer, at best */
  gint64 best;
  guint shrinking;
  gint64 shrunk, congested;
} Show;

typedef struct {
  ViewWatchers *all;
  SoupWebsocketConnection *socket;
  ViewConnection *connection;
  Show *shows;
  guint n_texts;
  gint64 heard;
  gdouble messages_left;
} Watcher;

struct ViewWatchers {
  ViewCamera *const *cameras;
  guint n_cameras;
  ViewJournal *journal;
  gint64 interval;
  /* of Watchers */
  GPtrArray *watchers;
};

static void
watcher_free (Watcher *self)
{
  g_signal_handlers_disconnect_by_data (self->socket, self);
  g_object_unref (self->socket);
  view_connection_unref (self->connection);
  g_free (self->shows);
  g_free (self);
}

ViewWatchers *
view_watchers_new (ViewCamera *const *cameras, guint n_cameras,
    ViewJournal *journal, gint max_fps)
{
  ViewWatchers *self = g_new0 (ViewWatchers, 1);

  self->cameras = cameras;
  self->n_cameras = n_cameras;
  self->journal = journal;
  self->interval = max_fps > 0 ? G_USEC_PER_SEC / max_fps : 0;
  self->watchers =
      g_ptr_array_new_with_free_func ((GDestroyNotify) watcher_free);
  return self;
}

void
view_watchers_free (ViewWatchers *self)
{
  for (guint i = 0; i < self->watchers->len; i++) {
    Watcher *watcher = g_ptr_array_index (self->watchers, i);

    view_connection_cut (watcher->connection);
  }
  g_ptr_array_unref (self->watchers);
  g_free (self);
}

guint
view_watchers_count (const ViewWatchers *self)
{
  return self->watchers->len;
}

/* PICTURES */

/* so many that the way to the page is full, and no more */
static guint
get_window (const Watcher *self, const Show *show)
{
  gint64 interval = MAX (self->all->interval, G_USEC_PER_SEC / 30);

  return (guint) CLAMP (
      show->best / interval + MIN_WINDOW, MIN_WINDOW, MAX_WINDOW);
}

static guint
get_size (const Watcher *self, guint camera)
{
  const Show *show = &self->shows[camera];
  guint size =
      view_camera_choose_size (self->all->cameras[camera], show->width);

  return size - MIN (size, show->shrinking);
}

static gboolean
may_send (const Watcher *self, guint camera)
{
  const Show *show = &self->shows[camera];

  return show->width > 0 && show->n_sent < get_window (self, show)
         && soup_websocket_connection_get_state (self->socket)
                == SOUP_WEBSOCKET_STATE_OPEN;
}

static void
want (Watcher *self, guint camera)
{
  const Show *show = &self->shows[camera];

  if (may_send (self, camera))
    view_camera_want (self->all->cameras[camera], get_size (self, camera),
        show->last, show->not_before);
}

/* an interval after this one was due, so that the mean is right whenever frames
 * come; a little earlier will do, as no frame comes on time */
static void
set_next (Show *show, gint64 arrived, gint64 interval)
{
  show->due = MAX (show->due, arrived - interval / 2) + interval;
  show->not_before = show->due - interval / 8;
}

static void
send_picture (Watcher *self, const ViewFrame *frame, GBytes *message)
{
  Show *show = &self->shows[frame->camera];

  show->window[show->n_sent++] =
      (Sent){ frame->number, frame->arrived, g_get_monotonic_time () };
  show->last = frame->number;
  if (self->all->interval > 0)
    set_next (show, frame->arrived, self->all->interval);
  soup_websocket_connection_send_message (
      self->socket, SOUP_WEBSOCKET_DATA_BINARY, message);
}

/* a length, so much JSON, and the JPEG */
static GBytes *
make_message (const ViewFrame *frame, GBytes *jpeg)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;
  g_autofree gchar *json = NULL;
  GByteArray *message = g_byte_array_new ();
  guint32 length;

  view_frame_add_json (frame, builder);
  root = json_builder_get_root (builder);
  json = json_to_string (root, FALSE);
  length = GUINT32_TO_BE (strlen (json));
  g_byte_array_append (message, (const guint8 *) &length, sizeof length);
  g_byte_array_append (message, (const guint8 *) json, (guint) strlen (json));
  g_byte_array_append (
      message, g_bytes_get_data (jpeg, NULL), (guint) g_bytes_get_size (jpeg));
  return g_byte_array_free_to_bytes (message);
}

/**
 * view_watchers_show:
 * @self: all who watch
 * @frame: a frame
 * @size: of the picture
 * @jpeg: (nullable): the picture
 *
 * Sends it to those who want it, and asks for what they want next.
 */
void
view_watchers_show (
    ViewWatchers *self, ViewFrame *frame, guint size, GBytes *jpeg)
{
  g_autoptr (GBytes) message = NULL;

  for (guint i = 0; i < self->watchers->len; i++) {
    Watcher *watcher = g_ptr_array_index (self->watchers, i);
    Show *show = &watcher->shows[frame->camera];

    if (jpeg != NULL && may_send (watcher, frame->camera)
        && get_size (watcher, frame->camera) == size
        && frame->number > show->last && frame->arrived >= show->not_before) {
      if (message == NULL)
        message = make_message (frame, jpeg);
      send_picture (watcher, frame, message);
    }
    /* one that cannot be encoded is not to be tried again */
    if (jpeg == NULL)
      show->last = MAX (show->last, frame->number);
    want (watcher, frame->camera);
  }
}

/* smaller ones where the way is congested, and larger ones again later */
static void
adapt_size (Show *show, gint64 took, gint64 now)
{
  if (show->best == 0 || took < show->best)
    show->best = took;
  else
    show->best += (took - show->best) / 256;
  if (took > 2 * show->best + CONGESTED_US) {
    show->congested = now;
    if (now - show->shrunk > SMALLER_AFTER_US
        && show->shrinking < MAX_SHRINKING) {
      show->shrinking++;
      show->shrunk = now;
    }
  } else if (show->shrinking > 0 && now - show->congested > LARGER_AFTER_US
             && now - show->shrunk > LARGER_AFTER_US) {
    show->shrinking--;
    show->shrunk = now;
  }
}

/* the page has drawn it */
static void
on_shown (Watcher *self, guint camera, guint64 number)
{
  Show *show = &self->shows[camera];
  gint64 now = g_get_monotonic_time ();
  guint n_before = 0;

  for (guint i = 0; i < show->n_sent; i++) {
    if (show->window[i].number > number)
      break;
    if (show->window[i].number == number) {
      view_journal_add_latency (
          self->all->journal, camera, now - show->window[i].arrived);
      adapt_size (show, now - show->window[i].sent, now);
    }
    n_before = i + 1;
  }
  memmove (show->window, show->window + n_before,
      (show->n_sent - n_before) * sizeof (Sent));
  show->n_sent -= n_before;
  want (self, camera);
}

/* WHAT THE PAGE SAYS */

static void
set_widths (Watcher *self, JsonArray *widths)
{
  guint n = MIN (json_array_get_length (widths), self->all->n_cameras);

  for (guint i = 0; i < n; i++) {
    gint64 width = json_node_get_int (json_array_get_element (widths, i));

    self->shows[i].width = (gint) CLAMP (width, 0, G_MAXINT16);
    want (self, i);
  }
}

static gboolean
is_array_of_numbers (JsonNode *node)
{
  JsonArray *array;

  if (node == NULL || !JSON_NODE_HOLDS_ARRAY (node))
    return FALSE;
  array = json_node_get_array (node);
  for (guint i = 0; i < json_array_get_length (array); i++) {
    JsonNode *element = json_array_get_element (array, i);

    if (!JSON_NODE_HOLDS_VALUE (element)
        || json_node_get_value_type (element) != G_TYPE_INT64)
      return FALSE;
  }
  return TRUE;
}

static gboolean
take_words (Watcher *self, JsonObject *words)
{
  JsonNode *node;

  if (json_object_has_member (words, "heard")) {
    self->n_texts -= MIN (self->n_texts, 1);
    return TRUE;
  }
  node = json_object_get_member (words, "view");
  if (is_array_of_numbers (node)) {
    set_widths (self, json_node_get_array (node));
    return TRUE;
  }
  node = json_object_get_member (words, "shown");
  if (is_array_of_numbers (node)
      && json_array_get_length (json_node_get_array (node)) == 2) {
    JsonArray *shown = json_node_get_array (node);
    gint64 camera = json_array_get_int_element (shown, 0);
    gint64 number = json_array_get_int_element (shown, 1);

    if (camera >= 0 && camera < self->all->n_cameras && number >= 0) {
      on_shown (self, (guint) camera, (guint64) number);
      return TRUE;
    }
  }
  return FALSE;
}

static gboolean
is_too_talkative (Watcher *self, gint64 now)
{
  gdouble rate = MESSAGES_A_SECOND * self->all->n_cameras;

  self->messages_left += (gdouble) (now - self->heard) / G_USEC_PER_SEC * rate;
  self->messages_left = MIN (self->messages_left, 2 * rate) - 1;
  self->heard = now;
  return self->messages_left < 0;
}

static void
on_message (SoupWebsocketConnection *socket, SoupWebsocketDataType type,
    GBytes *message, gpointer user_data)
{
  Watcher *self = user_data;
  g_autoptr (JsonParser) parser = NULL;
  JsonNode *root;
  gsize length;
  const gchar *text = g_bytes_get_data (message, &length);

  if (soup_websocket_connection_get_state (socket) != SOUP_WEBSOCKET_STATE_OPEN)
    return;
  if (is_too_talkative (self, g_get_monotonic_time ())) {
    soup_websocket_connection_close (
        socket, SOUP_WEBSOCKET_CLOSE_POLICY_VIOLATION, "too many messages");
    return;
  }
  parser = json_parser_new ();
  if (type != SOUP_WEBSOCKET_DATA_TEXT
      || !json_parser_load_from_data (parser, text, (gssize) length, NULL)
      || (root = json_parser_get_root (parser)) == NULL
      || !JSON_NODE_HOLDS_OBJECT (root)
      || !take_words (self, json_node_get_object (root)))
    soup_websocket_connection_close (socket,
        SOUP_WEBSOCKET_CLOSE_UNSUPPORTED_DATA, "this is not what a page says");
}

static void
on_closed (SoupWebsocketConnection *socket, gpointer user_data)
{
  Watcher *self = user_data;

  g_ptr_array_remove (self->all->watchers, self);
}

static void
tell (Watcher *self, const gchar *text)
{
  if (soup_websocket_connection_get_state (self->socket)
          != SOUP_WEBSOCKET_STATE_OPEN
      || self->n_texts >= MAX_TEXTS)
    return;
  self->n_texts++;
  soup_websocket_connection_send_text (self->socket, text);
}

/**
 * view_watchers_add:
 * @self: all who watch
 * @socket: (transfer none): one more
 * @connection: (transfer full): what it is on
 * @greeting: what it hears first
 */
void
view_watchers_add (ViewWatchers *self, SoupWebsocketConnection *socket,
    ViewConnection *connection, const gchar *greeting)
{
  Watcher *watcher = g_new0 (Watcher, 1);

  watcher->all = self;
  watcher->socket = g_object_ref (socket);
  watcher->connection = connection;
  watcher->shows = g_new0 (Show, self->n_cameras);
  watcher->heard = g_get_monotonic_time ();
  watcher->messages_left = MESSAGES_A_SECOND;
  soup_websocket_connection_set_max_incoming_payload_size (
      socket, MAX_MESSAGE_BYTES);
  g_ptr_array_add (self->watchers, watcher);
  g_signal_connect (socket, "message", G_CALLBACK (on_message), watcher);
  g_signal_connect (socket, "closed", G_CALLBACK (on_closed), watcher);
  tell (watcher, greeting);
}

/**
 * view_watchers_tell:
 * @self: all who watch
 * @text: JSON
 *
 * Sends it to all who have heard what came before.
 */
void
view_watchers_tell (ViewWatchers *self, const gchar *text)
{
  for (guint i = 0; i < self->watchers->len; i++)
    tell (g_ptr_array_index (self->watchers, i), text);
}

/**
 * view_watchers_check:
 * @self: all who watch
 *
 * Forgets those who have stopped to answer.
 */
void
view_watchers_check (ViewWatchers *self)
{
  gint64 latest = g_get_monotonic_time () - MAX_SILENCE_S * G_USEC_PER_SEC;

  for (guint i = 0; i < self->watchers->len; i++) {
    Watcher *watcher = g_ptr_array_index (self->watchers, i);

    if (watcher->heard < latest)
      view_connection_cut (watcher->connection);
  }
}
