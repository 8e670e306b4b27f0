/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* An RTSP server for one camera or file: the video with boxes drawn into it at
 * /annotated, and on demand at /clean the video as it is, with the detections
 * as a second stream.
 *
 * One producer pipeline reads, detects and encodes, whoever watches. Feeds hand
 * what it makes to the medias of the RTSP server, in which there is nothing to
 * do but to packetize. Each client has a media of its own: in a shared one, a
 * client that does not read may stop the others. */

#include <gst/app/app.h>
#include <gst/base/gstbasetransform.h>
#include <gst/rtsp-server/rtsp-server.h>
#include <gst/video/video.h>
#include <glib-unix.h>

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <signal.h>
#include <string.h>

/* a client that left without a word is forgotten after its time-out: how often
 * to look for such */
#define CLEANUP_INTERVAL_S 5
/* more than this waits for a media only while it starts or is stuck */
#define MAX_QUEUED_BYTES (1024 * 1024)

/* how long a file may take to show its first frame */
#define PREROLL_TIMEOUT (5 * GST_SECOND)

#define VIDEO_CAPS "video/x-h264,stream-format=byte-stream,alignment=au"

typedef enum { FEED_ANNOTATED, FEED_CLEAN, FEED_DETECTIONS, N_FEEDS } FeedId;

/* the appsrc of a media */
typedef struct {
  GstElement *source;
  gboolean needs_key_frame;
} Outlet;

/* from an appsink of the producer to the medias of a path */
typedef struct {
  GMutex lock;
  GstElement *producer;
  GstElement *sink;
  /* of Outlets, under the lock */
  GArray *outlets;
} Feed;

typedef struct {
  const gchar *source_name;
  GMainLoop *loop;
  GstElement *producer;
  GstRTSPServer *rtsp;
  Feed feeds[N_FEEDS];
  gboolean failed;
} Server;

static const gchar *const feed_names[N_FEEDS] = { "annotated", "clean",
  "detections" };

/* best first */
static const struct {
  const gchar *name;
  const gchar *description;
} encoders[] = {
  /* the VCU; detections make it spend its bits on what was found */
  { "omxh264enc", "omxh264enc qp-mode=roi target-bitrate=4000 ! h264parse" },
  { "v4l2h264enc", "v4l2h264enc ! h264parse" },
  { "x264enc", "x264enc tune=zerolatency speed-preset=veryfast bitrate=4000 "
               "key-int-max=30" },
};

/* FEED: the producer's side, in its streaming threads */

/* the time of the clock at which @sample is due, as both pipelines run on the
 * system's clock; then the running time in the media */
static GstClockTime
convert_time (Feed *self, GstElement *source, GstSample *sample)
{
  GstBuffer *buffer = gst_sample_get_buffer (sample);
  GstClockTime base_time = gst_element_get_base_time (source);
  GstClockTime time =
      gst_segment_to_running_time (gst_sample_get_segment (sample),
          GST_FORMAT_TIME, GST_BUFFER_PTS (buffer));

  if (!GST_CLOCK_TIME_IS_VALID (time) || base_time == 0)
    return GST_CLOCK_TIME_NONE;
  time += gst_element_get_base_time (self->producer);
  return time >= base_time ? time - base_time : GST_CLOCK_TIME_NONE;
}

/* with the lock held; a decoder cannot do without what is left out, so after
 * that it goes on with the next key frame */
static void
feed_media (Feed *self, Outlet *outlet, GstSample *sample)
{
  GstAppSrc *source = GST_APP_SRC (outlet->source);
  GstBuffer *buffer = gst_sample_get_buffer (sample);
  GstClockTime time = convert_time (self, outlet->source, sample);

  if (!GST_CLOCK_TIME_IS_VALID (time)
      || gst_app_src_get_current_level_bytes (source) > MAX_QUEUED_BYTES)
    outlet->needs_key_frame = TRUE;
  else if (!GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT))
    outlet->needs_key_frame = FALSE;
  if (outlet->needs_key_frame)
    return;

  buffer = gst_buffer_copy (buffer);
  GST_BUFFER_PTS (buffer) = time;
  GST_BUFFER_DTS (buffer) = GST_CLOCK_TIME_NONE;
  gst_app_src_push_buffer (source, buffer);
}

static GstFlowReturn
on_sample (GstAppSink *sink, gpointer user_data)
{
  Feed *self = user_data;
  GstSample *sample = gst_app_sink_pull_sample (sink);

  if (sample == NULL)
    return GST_FLOW_EOS;
  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->outlets->len; i++)
    feed_media (self, &g_array_index (self->outlets, Outlet, i), sample);
  g_mutex_unlock (&self->lock);
  gst_sample_unref (sample);
  return GST_FLOW_OK;
}

static void
outlet_clear (gpointer outlet)
{
  gst_object_unref (((Outlet *) outlet)->source);
}

static void
feed_init (Feed *self, GstElement *producer, const gchar *name)
{
  static GstAppSinkCallbacks callbacks = { .new_sample = on_sample };

  g_mutex_init (&self->lock);
  self->outlets = g_array_new (FALSE, FALSE, sizeof (Outlet));
  g_array_set_clear_func (self->outlets, outlet_clear);
  self->producer = producer;
  self->sink = gst_bin_get_by_name (GST_BIN (producer), name);
  if (self->sink != NULL)
    gst_app_sink_set_callbacks (
        GST_APP_SINK (self->sink), &callbacks, self, NULL);
}

static void
feed_add_source (Feed *self, GstElement *source)
{
  Outlet outlet = { gst_object_ref (source), TRUE };

  g_mutex_lock (&self->lock);
  g_array_append_val (self->outlets, outlet);
  g_mutex_unlock (&self->lock);
}

static void
feed_remove_source (Feed *self, GstElement *source)
{
  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->outlets->len; i++) {
    if (g_array_index (self->outlets, Outlet, i).source == source)
      g_array_remove_index_fast (self->outlets, i--);
  }
  g_mutex_unlock (&self->lock);
}

static void
feed_ask_for_key_frame (Feed *self)
{
  GstPad *pad = gst_element_get_static_pad (self->sink, "sink");

  gst_pad_push_event (pad, gst_video_event_new_upstream_force_key_unit (
                               GST_CLOCK_TIME_NONE, TRUE, 0));
  gst_object_unref (pad);
}

static void
feed_clear (Feed *self)
{
  g_array_unref (self->outlets);
  gst_clear_object (&self->sink);
  g_mutex_clear (&self->lock);
}

/* MEDIAS: come and go with clients, in threads of the RTSP server */

static void
on_unprepared (GstRTSPMedia *media, gpointer user_data)
{
  Server *self = user_data;
  GstElement *bin = gst_rtsp_media_get_element (media);

  for (guint i = 0; i < N_FEEDS; i++) {
    GstElement *source = gst_bin_get_by_name (GST_BIN (bin), feed_names[i]);

    if (source != NULL)
      feed_remove_source (&self->feeds[i], source);
    gst_clear_object (&source);
  }
  gst_object_unref (bin);
}

static void
on_media (GstRTSPMediaFactory *factory, GstRTSPMedia *media, gpointer user_data)
{
  Server *self = user_data;
  GstElement *bin = gst_rtsp_media_get_element (media);

  g_signal_connect (media, "unprepared", G_CALLBACK (on_unprepared), self);
  for (guint i = 0; i < N_FEEDS; i++) {
    GstElement *source = gst_bin_get_by_name (GST_BIN (bin), feed_names[i]);

    if (source != NULL) {
      feed_add_source (&self->feeds[i], source);
      feed_ask_for_key_frame (&self->feeds[i]);
      gst_object_unref (source);
    }
  }
  gst_object_unref (bin);
}

static void
add_media (Server *self, const gchar *path, const gchar *description)
{
  GstRTSPMountPoints *mounts = gst_rtsp_server_get_mount_points (self->rtsp);
  GstRTSPMediaFactory *factory = gst_rtsp_media_factory_new ();
  GstClock *clock = gst_system_clock_obtain ();

  gst_rtsp_media_factory_set_launch (factory, description);
  gst_rtsp_media_factory_set_clock (factory, clock);
  g_signal_connect (factory, "media-configure", G_CALLBACK (on_media), self);
  gst_rtsp_mount_points_add_factory (mounts, path, factory);
  gst_object_unref (clock);
  g_object_unref (mounts);
}

/* PRODUCER */

static const gchar *
pick_encoder (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (encoders); i++) {
    GstElementFactory *factory = gst_element_factory_find (encoders[i].name);

    if (factory != NULL) {
      g_print ("Encoder: %s\n", encoders[i].name);
      gst_object_unref (factory);
      return encoders[i].description;
    }
  }
  return NULL;
}

/* cameras stand upright, clips say how they stand; "source" is what reads */
static gchar *
describe_source (const gchar *source, GError **error)
{
  g_autofree gchar *uri = NULL;

  if (g_str_equal (source, "test"))
    return g_strdup ("videotestsrc name=source is-live=true "
                     "! video/x-raw,width=640,height=360,framerate=15/1 "
                     "! videoconvert");
  if (g_str_has_prefix (source, "/dev/video"))
    return g_strdup_printf (
        "v4l2src name=source device=\"%s\" ! decodebin ! videoconvert", source);

  uri = gst_uri_is_valid (source) ? g_strdup (source)
                                  : gst_filename_to_uri (source, error);
  return uri != NULL
             ? g_strdup_printf ("uridecodebin name=source uri=\"%s\" "
                                "! videoconvert "
                                "! videoflip name=upright video-direction=auto",
                 uri)
             : NULL;
}

static gchar *
describe_producer (
    const gchar *source, const gchar *encoder, gboolean with_clean)
{
  GString *text = g_string_new (source);

  g_string_append_printf (text,
      " ! yolov5dpu name=detector ! tee name=frames "
      "frames. ! queue max-size-buffers=4 ! yolov5overlay ! videoconvert "
      "! video/x-raw,format={I420,NV12} ! %s ! " VIDEO_CAPS
      " ! appsink name=annotated",
      encoder);
  if (with_clean)
    g_string_append_printf (text,
        " frames. ! queue max-size-buffers=4 ! videoconvert "
        "! video/x-raw,format={I420,NV12} ! %s ! " VIDEO_CAPS
        " ! appsink name=clean "
        "frames. ! queue max-size-buffers=4 ! yolov5json "
        "! appsink name=detections",
        encoder);
  return g_string_free (text, FALSE);
}

/* videoflip copies all frames until the first tag that says how they are to be
 * turned, unless it is told that there is nothing to do */
static void
start_upright (GstElement *producer)
{
  GstElement *flip = gst_bin_get_by_name (GST_BIN (producer), "upright");

  if (flip != NULL)
    gst_base_transform_set_passthrough (GST_BASE_TRANSFORM (flip), TRUE);
  gst_clear_object (&flip);
}

static GstElement *
make_producer (const gchar *source, const gchar *model, gboolean with_clean,
    GError **error)
{
  g_autofree gchar *source_text = describe_source (source, error);
  g_autofree gchar *text = NULL;
  const gchar *encoder;
  GstElement *producer, *detector;
  GstClock *clock;

  if (source_text == NULL)
    return NULL;
  encoder = pick_encoder ();
  if (encoder == NULL) {
    g_set_error (error, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN,
        "There is no H.264 encoder here (omxh264enc, v4l2h264enc or x264enc): "
        "install gstreamer1.0-plugins-ugly for x264enc");
    return NULL;
  }
  text = describe_producer (source_text, encoder, with_clean);
  producer = gst_parse_launch (text, error);
  if (*error != NULL) {
    gst_clear_object (&producer);
    return NULL;
  }

  detector = gst_bin_get_by_name (GST_BIN (producer), "detector");
  g_object_set (detector, "model", model, NULL);
  gst_object_unref (detector);
  start_upright (producer);
  clock = gst_system_clock_obtain ();
  gst_pipeline_use_clock (GST_PIPELINE (producer), clock);
  gst_object_unref (clock);
  return producer;
}

/* Opens model and source, so that what is wrong with them is said at once, and
 * starts. Files are read at their pace, cameras as fast as they come. */
static gboolean
start_producer (Server *self)
{
  GstStateChangeReturn ret =
      gst_element_set_state (self->producer, GST_STATE_PAUSED);
  gboolean live = ret == GST_STATE_CHANGE_NO_PREROLL;

  for (guint i = 0; i < N_FEEDS; i++)
    if (self->feeds[i].sink != NULL)
      g_object_set (self->feeds[i].sink, "sync", !live, NULL);

  if (ret == GST_STATE_CHANGE_FAILURE)
    return FALSE;
  gst_element_get_state (self->producer, NULL, NULL, PREROLL_TIMEOUT);
  return gst_element_set_state (self->producer, GST_STATE_PLAYING)
         != GST_STATE_CHANGE_FAILURE;
}

/* decoders do not know what they decode */
static void
print_message (const Server *self, const gchar *kind, GstMessage *message,
    const GError *error, const gchar *details)
{
  GstElement *source = gst_bin_get_by_name (GST_BIN (self->producer), "source");
  gboolean is_source = gst_object_has_as_ancestor (
      GST_MESSAGE_SRC (message), GST_OBJECT (source));
  gboolean has_no_video = is_source && details != NULL
                          && strstr (details, "reason not-linked") != NULL;

  g_printerr ("%s: %s%s%s\n", kind, is_source ? self->source_name : "",
      is_source ? ": " : "",
      has_no_video ? "There is no video in it" : error->message);
  gst_object_unref (source);
}

static gboolean
on_message (GstBus *bus, GstMessage *message, gpointer user_data)
{
  Server *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree gchar *details = NULL;

  switch (GST_MESSAGE_TYPE (message)) {
    case GST_MESSAGE_WARNING:
      gst_message_parse_warning (message, &error, &details);
      print_message (self, "Warning", message, error, details);
      break;
    case GST_MESSAGE_ERROR:
      gst_message_parse_error (message, &error, &details);
      /* the first is the reason, the others follow from it */
      if (!self->failed)
        print_message (self, "Error", message, error, details);
      self->failed = TRUE;
      g_main_loop_quit (self->loop);
      break;
    case GST_MESSAGE_EOS:
      /* a file starts anew */
      if (!gst_element_seek_simple (self->producer, GST_FORMAT_TIME,
              GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_KEY_UNIT, 0))
        g_main_loop_quit (self->loop);
      break;
    default:
      break;
  }
  return G_SOURCE_CONTINUE;
}

/* SERVER */

static gboolean
clean_up (gpointer user_data)
{
  Server *self = user_data;
  GstRTSPSessionPool *sessions = gst_rtsp_server_get_session_pool (self->rtsp);

  gst_rtsp_session_pool_cleanup (sessions);
  g_object_unref (sessions);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_interrupt (gpointer user_data)
{
  Server *self = user_data;

  g_main_loop_quit (self->loop);
  return G_SOURCE_CONTINUE;
}

static GstRTSPFilterResult
remove_client (GstRTSPServer *rtsp, GstRTSPClient *client, gpointer user_data)
{
  return GST_RTSP_FILTER_REMOVE;
}

/* where other machines find this one, if it listens for all of them */
static gchar *
find_reachable_address (const gchar *address)
{
  gchar text[INET_ADDRSTRLEN];
  struct ifaddrs *interfaces = NULL;
  gchar *found = NULL;

  if (!g_str_equal (address, "0.0.0.0"))
    return g_strdup (address);
  if (getifaddrs (&interfaces) != 0)
    interfaces = NULL;
  for (struct ifaddrs *i = interfaces; found == NULL && i != NULL;
       i = i->ifa_next) {
    if (i->ifa_addr != NULL && i->ifa_addr->sa_family == AF_INET
        && (i->ifa_flags & (IFF_UP | IFF_LOOPBACK)) == IFF_UP
        && inet_ntop (AF_INET,
               &((struct sockaddr_in *) (gpointer) i->ifa_addr)->sin_addr, text,
               sizeof text)
               != NULL)
      found = g_strdup (text);
  }
  if (interfaces != NULL)
    freeifaddrs (interfaces);
  return found != NULL ? found : g_strdup (g_get_host_name ());
}

static void
run (Server *self, const gchar *address, gboolean with_clean)
{
  GstBus *bus = gst_element_get_bus (self->producer);
  guint sources[] = {
    gst_bus_add_watch (bus, on_message, self),
    g_unix_signal_add (SIGINT, on_interrupt, self),
    g_unix_signal_add (SIGTERM, on_interrupt, self),
    g_timeout_add_seconds (CLEANUP_INTERVAL_S, clean_up, self),
    gst_rtsp_server_attach (self->rtsp, NULL),
  };
  gint port = gst_rtsp_server_get_bound_port (self->rtsp);

  if (sources[G_N_ELEMENTS (sources) - 1] == 0) {
    g_printerr ("Cannot listen on %s: is the port taken? Port 0 finds a free "
                "one\n",
        address);
    self->failed = TRUE;
  } else if (!start_producer (self)) {
    /* the reason is on the bus */
    while (g_main_context_iteration (NULL, FALSE))
      ;
    self->failed = TRUE;
  } else {
    g_autofree gchar *reachable = find_reachable_address (address);

    g_print ("rtsp://%s:%d/annotated\n", reachable, port);
    if (with_clean)
      g_print ("rtsp://%s:%d/clean\n", reachable, port);
    g_main_loop_run (self->loop);
  }

  gst_rtsp_server_client_filter (self->rtsp, remove_client, NULL);
  gst_element_set_state (self->producer, GST_STATE_NULL);
  for (guint i = 0; i < G_N_ELEMENTS (sources); i++)
    if (sources[i] != 0)
      g_source_remove (sources[i]);
  gst_object_unref (bus);
}

static void
serve (Server *self, const gchar *address, gint port, gboolean with_clean)
{
  g_autofree gchar *service = g_strdup_printf ("%d", port);

  self->loop = g_main_loop_new (NULL, FALSE);
  for (guint i = 0; i < N_FEEDS; i++)
    feed_init (&self->feeds[i], self->producer, feed_names[i]);

  self->rtsp = gst_rtsp_server_new ();
  gst_rtsp_server_set_address (self->rtsp, address);
  gst_rtsp_server_set_service (self->rtsp, service);
  add_media (self, "/annotated",
      "( appsrc name=annotated is-live=true format=time caps=" VIDEO_CAPS
      " ! rtph264pay name=pay0 pt=96 config-interval=-1 )");
  if (with_clean)
    add_media (self, "/clean",
        "( appsrc name=clean is-live=true format=time caps=" VIDEO_CAPS
        " ! rtph264pay name=pay0 pt=96 config-interval=-1 "
        "appsrc name=detections is-live=true format=time "
        "caps=application/x-json "
        "! rtpgstpay name=pay1 pt=97 config-interval=1 )");

  run (self, address, with_clean);

  g_object_unref (self->rtsp);
  for (guint i = 0; i < N_FEEDS; i++)
    feed_clear (&self->feeds[i]);
  g_main_loop_unref (self->loop);
}

int
main (int argc, char **argv)
{
  g_autofree gchar *model = NULL;
  g_autofree gchar *address = NULL;
  gboolean with_clean = FALSE;
  gint port = 8554;
  const GOptionEntry entries[] = {
    { "model", 'm', 0, G_OPTION_ARG_FILENAME, &model, "The .xmodel file",
        "FILE" },
    { "address", 'a', 0, G_OPTION_ARG_STRING, &address,
        "Address to listen on (127.0.0.1; 0.0.0.0 lets everybody watch)",
        "ADDRESS" },
    { "port", 'p', 0, G_OPTION_ARG_INT, &port,
        "Port to listen on (8554; 0 finds a free one)", "PORT" },
    { "clean", 'c', 0, G_OPTION_ARG_NONE, &with_clean,
        "Serve the video without boxes, too, with lines of JSON beside it",
        NULL },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("SOURCE");
  g_autoptr (GError) error = NULL;
  Server self = { 0 };

  g_option_context_set_summary (context,
      "Serves the video of SOURCE with boxes around what yolov5dpu finds. "
      "SOURCE is a camera\n(/dev/videoN), a file, a URI, or \"test\" for a "
      "test picture.");
  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_add_group (context, gst_init_get_option_group ());
  if (!g_option_context_parse (context, &argc, &argv, &error)) {
    g_printerr ("%s\n", error->message);
    return 2;
  }
  if (argc != 2 || model == NULL || port < 0 || port > G_MAXUINT16) {
    g_printerr ("A source, --model and a port from 0 to 65535 are needed\n");
    return 2;
  }

  self.source_name = argv[1];
  self.producer = make_producer (argv[1], model, with_clean, &error);
  if (self.producer == NULL) {
    g_printerr ("%s\n", error->message);
    return 1;
  }
  serve (&self, address != NULL ? address : "127.0.0.1", port, with_clean);
  gst_object_unref (self.producer);
  return self.failed ? 1 : 0;
}
