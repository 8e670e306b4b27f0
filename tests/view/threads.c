/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Cameras, their encoding threads and the server in one process, with doubles of
 * the elements, for ThreadSanitizer and AddressSanitizer to look at. */

#include "server.h"

#include <gst/base/gstbasetransform.h>
#include <gst/check/gstcheck.h>
#include <gst/video/video.h>
#include <libsoup/soup.h>

#define TOKEN "0123456789abcdef"
#define N_CAMERAS 2
#define N_FRAMES 60

/* THE DOUBLES: both elements are the same, and find one thing on each frame */

typedef struct {
  GstBaseTransform parent;
  gdouble threshold, iou_threshold;
  gchar *texts[3];
  gint block;
} Double;

typedef GstBaseTransformClass DoubleClass;

enum {
  PROP_0,
  PROP_MODEL,
  PROP_DEVICE,
  PROP_CLASS_THRESHOLDS,
  PROP_NO_BLOCK,
  PROP_THRESHOLD,
  PROP_IOU_THRESHOLD
};

static GType double_get_type (void);
G_DEFINE_TYPE (Double, double, GST_TYPE_BASE_TRANSFORM)

static GstFlowReturn
double_transform_ip (GstBaseTransform *transform, GstBuffer *buffer)
{
  gst_buffer_add_video_region_of_interest_meta (
      buffer, "person", 10, 20, 30, 40);
  return GST_FLOW_OK;
}

static void
double_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  Double *self = (Double *) object;

  GST_OBJECT_LOCK (self);
  if (id == PROP_THRESHOLD)
    self->threshold = g_value_get_double (value);
  else if (id == PROP_IOU_THRESHOLD)
    self->iou_threshold = g_value_get_double (value);
  else if (id == PROP_NO_BLOCK)
    self->block = g_value_get_boolean (value);
  else {
    g_free (self->texts[id - PROP_MODEL]);
    self->texts[id - PROP_MODEL] = g_value_dup_string (value);
  }
  GST_OBJECT_UNLOCK (self);
}

static void
double_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  Double *self = (Double *) object;

  GST_OBJECT_LOCK (self);
  if (id == PROP_THRESHOLD)
    g_value_set_double (value, self->threshold);
  else if (id == PROP_IOU_THRESHOLD)
    g_value_set_double (value, self->iou_threshold);
  else if (id == PROP_NO_BLOCK)
    g_value_set_boolean (value, self->block);
  else
    g_value_set_string (value, self->texts[id - PROP_MODEL]);
  GST_OBJECT_UNLOCK (self);
}

static void
double_finalize (GObject *object)
{
  for (guint i = 0; i < 3; i++)
    g_free (((Double *) object)->texts[i]);
  G_OBJECT_CLASS (double_parent_class)->finalize (object);
}

static void
double_class_init (DoubleClass *klass)
{
  static GstStaticPadTemplate sink = GST_STATIC_PAD_TEMPLATE (
      "sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS ("video/x-raw"));
  static GstStaticPadTemplate src = GST_STATIC_PAD_TEMPLATE (
      "src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS ("video/x-raw"));
  static const gchar *const texts[] = { "model", "device", "class-thresholds" };
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->set_property = double_set_property;
  object_class->get_property = double_get_property;
  object_class->finalize = double_finalize;
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    g_object_class_install_property (object_class, PROP_MODEL + i,
        g_param_spec_string (texts[i], texts[i], texts[i], NULL,
            G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS));
  g_object_class_install_property (object_class, PROP_NO_BLOCK,
      g_param_spec_boolean ("no-block", "no-block", "no-block", FALSE,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS));
  g_object_class_install_property (object_class, PROP_THRESHOLD,
      g_param_spec_double ("threshold", "threshold", "threshold", -1, 1, 0.25,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS));
  g_object_class_install_property (object_class, PROP_IOU_THRESHOLD,
      g_param_spec_double ("iou-threshold", "iou-threshold", "iou-threshold",
          -1, 1, 0.45, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS));
  gst_element_class_add_static_pad_template (GST_ELEMENT_CLASS (klass), &sink);
  gst_element_class_add_static_pad_template (GST_ELEMENT_CLASS (klass), &src);
  gst_element_class_set_static_metadata (GST_ELEMENT_CLASS (klass), "Double",
      "Filter/Video", "Finds one thing", "nobody");
  klass->transform_ip = double_transform_ip;
}

static void
double_init (Double *self)
{
  self->threshold = 0.25;
  self->iou_threshold = 0.45;
}

/* A CLIENT IN THE SAME MAIN LOOP */

typedef struct {
  GMainLoop *loop;
  SoupSession *session;
  SoupWebsocketConnection *socket;
  gchar *base;
  guint n_frames[N_CAMERAS];
  gboolean answers;
} Client;

static void
on_message (SoupWebsocketConnection *socket, SoupWebsocketDataType type,
    GBytes *message, gpointer user_data)
{
  Client *self = user_data;
  gsize length;
  const guint8 *data = g_bytes_get_data (message, &length);
  g_autofree gchar *answer = NULL;
  guint64 camera, frame;
  gchar *json, *end;

  if (type == SOUP_WEBSOCKET_DATA_TEXT) {
    soup_websocket_connection_send_text (socket, "{\"heard\":1}");
    return;
  }
  json = g_strndup ((const gchar *) data + 4, GST_READ_UINT32_BE (data));
  fail_unless (g_str_has_prefix (json, "{\"camera\":"));
  camera = g_ascii_strtoull (json + strlen ("{\"camera\":"), &end, 10);
  fail_unless (g_str_has_prefix (end, ",\"frame\":"));
  frame = g_ascii_strtoull (end + strlen (",\"frame\":"), NULL, 10);
  fail_unless (strstr (json, "\"label\":\"person\"") != NULL);
  g_free (json);
  answer = g_strdup_printf ("{\"shown\":[%" G_GUINT64_FORMAT
                            ",%" G_GUINT64_FORMAT "]}",
      camera, frame);
  if (self->answers)
    soup_websocket_connection_send_text (socket, answer);
  if (++self->n_frames[camera] == N_FRAMES)
    g_main_loop_quit (self->loop);
}

static void
on_connected (GObject *session, GAsyncResult *result, gpointer user_data)
{
  Client *self = user_data;
  GError *error = NULL;

  self->socket = soup_session_websocket_connect_finish (
      SOUP_SESSION (session), result, &error);
  fail_unless (self->socket != NULL, "%s", error ? error->message : "");
  g_signal_connect (self->socket, "message", G_CALLBACK (on_message), self);
  soup_websocket_connection_send_text (self->socket, "{\"view\":[320,160]}");
}

static void
client_init (Client *self, GMainLoop *loop, const gchar *base)
{
  g_autofree gchar *uri = g_strdup_printf ("%s/live?token=" TOKEN, base);
  SoupMessage *message = soup_message_new ("GET", uri);

  self->loop = loop;
  self->answers = TRUE;
  /* a proxy would be asked for in threads of GIO, which no sanitizer sees */
  self->session =
      soup_session_new_with_options ("proxy-resolver", NULL, NULL);
  soup_session_websocket_connect_async (self->session, message, NULL, NULL,
      G_PRIORITY_DEFAULT, NULL, on_connected, self);
  g_object_unref (message);
}

static void
client_clear (Client *self)
{
  g_signal_handlers_disconnect_by_data (self->socket, self);
  g_object_unref (self->socket);
  soup_session_abort (self->session);
  g_object_unref (self->session);
}

/* settings, pictures and statistics while frames come */
static gboolean
ask (gpointer user_data)
{
  static const struct {
    const gchar *method, *path, *body;
  } requests[] = {
    { "PATCH", "settings", "{\"threshold\":0.5,\"iou_threshold\":0.6}" },
    { "GET", "settings", NULL },
    { "GET", "snapshot.jpg?camera=1", NULL },
    { "GET", "stats", NULL },
    { "GET", "events", NULL },
  };
  Client *self = user_data;
  static guint n = 0;
  guint i = n++ % G_N_ELEMENTS (requests);
  g_autofree gchar *uri =
      g_strdup_printf ("%s/api/v1/%s", self->base, requests[i].path);
  SoupMessage *message = soup_message_new (requests[i].method, uri);

  soup_message_headers_append (soup_message_get_request_headers (message),
      "Authorization", "Bearer " TOKEN);
  if (requests[i].body != NULL) {
    g_autoptr (GBytes) body =
        g_bytes_new_static (requests[i].body, strlen (requests[i].body));

    soup_message_set_request_body_from_bytes (
        message, "application/json", body);
  }
  soup_session_send_async (
      self->session, message, G_PRIORITY_DEFAULT, NULL, NULL, NULL);
  g_object_unref (message);
  return G_SOURCE_CONTINUE;
}

static void
on_failed (const gchar *camera, const gchar *error, gpointer user_data)
{
  fail ("%s: %s", camera, error);
}

/* two cameras, one who watches, one who does not answer, and one who asks: all
 * goes on, and ends in order in the middle of it */
GST_START_TEST (test_threads)
{
  static const gchar *const sources[N_CAMERAS] = {
    "videotestsrc is-live=true ! video/x-raw,width=320,height=240,"
    "framerate=60/1",
    "videotestsrc is-live=true pattern=ball ! video/x-raw,format=NV12,"
    "width=640,height=360,framerate=60/1",
  };
  const ViewCameraOptions camera_options = {
    .model = "none", .max_width = 640, .quality = 80
  };
  const ViewServerOptions server_options = {
    .address = "127.0.0.1", .token = TOKEN, .max_clients = 4
  };
  GMainLoop *loop = g_main_loop_new (NULL, FALSE);
  ViewCamera *cameras[N_CAMERAS];
  Client client = { 0 }, silent = { 0 };
  ViewServer *server;
  gchar *address;
  guint timer;

  for (guint i = 0; i < N_CAMERAS; i++) {
    GError *error = NULL;

    cameras[i] = view_camera_new (i, sources[i], &camera_options, &error);
    fail_unless (cameras[i] != NULL, "%s", error ? error->message : "");
  }
  server = view_server_new (cameras, N_CAMERAS, &server_options, NULL);
  fail_unless (server != NULL);
  address = view_server_get_address (server, "127.0.0.1");
  *strstr (address, "/?token=") = '\0';
  view_server_start (server, on_failed, NULL);

  client.base = address;
  client_init (&client, loop, address);
  client_init (&silent, loop, address);
  silent.answers = FALSE;
  timer = g_timeout_add (20, ask, &client);
  g_main_loop_run (loop);
  fail_unless (client.n_frames[0] + client.n_frames[1] > N_FRAMES);
  fail_unless (silent.n_frames[0] + silent.n_frames[1] < N_FRAMES);

  g_source_remove (timer);
  for (guint i = 0; i < N_CAMERAS; i++)
    view_camera_free (cameras[i]);
  view_server_free (server);
  client_clear (&client);
  client_clear (&silent);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_main_loop_unref (loop);
  g_free (address);
}
GST_END_TEST;

static Suite *
threads_suite (void)
{
  Suite *suite = suite_create ("threads");
  TCase *tcase = tcase_create ("general");

  gst_element_register (NULL, "yolov5dpu", GST_RANK_NONE, double_get_type ());
  gst_element_register (NULL, "yolov5track", GST_RANK_NONE, double_get_type ());
  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_threads);
  return suite;
}

GST_CHECK_MAIN (threads);
