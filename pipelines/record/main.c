/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* yolov5dpu-record: a video around each event. */

#include <gst/app/app.h>
#include <gst/video/video.h>
#include <glib-unix.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "detect/pipeline.h"
#include "detect/source.h"
#include "folder.h"
#include "recorder.h"

/* what a board has goes first */
static const struct {
  const gchar *element;
  const gchar *description;
} encoders[] = {
  { "omxh264enc", "omxh264enc target-bitrate=4000 gop-length=30 b-frames=0" },
  { "v4l2h264enc", "v4l2h264enc "
                   "extra-controls=\"controls,h264_i_frame_period=30\"" },
  { "x264enc", "x264enc tune=zerolatency speed-preset=veryfast bitrate=4000 "
               "key-int-max=30" },
  { "openh264enc", "openh264enc gop-size=30 bitrate=4000000" },
};

/* a clip begins with a key frame, and encoders make fewer by themselves */
#define KEY_FRAME_INTERVAL GST_SECOND

typedef struct {
  gchar *model;
  gchar *device;
  gdouble threshold;
  gchar *zones;
  gchar **triggers;
  gchar *folder;
  gdouble before;
  gdouble after;
  gdouble max_length;
  gchar *max_disk;
  guint64 max_bytes;
} Options;

typedef struct {
  GMainLoop *loop;
  DetectSource *source;
  GstElement *pipeline;
  /* in it, what reads */
  GstElement *input;
  Recorder *recorder;
  /* video's thread: when the last key frame was asked for */
  GstClockTime last_request;
  gboolean interrupted;
  gboolean failed;
} Program;

/* OPTIONS */

/* 500M, 20G */
static gboolean
parse_size (const gchar *text, guint64 *bytes)
{
  static const gchar units[] = "kMGT";
  gchar *end;
  guint64 number = g_ascii_strtoull (text, &end, 10);
  guint64 unit = 1;
  const gchar *p;

  if (end == text || !g_ascii_isdigit (text[0]))
    return FALSE;
  if (*end != '\0') {
    p = strchr (units, *end == 'K' ? 'k' : *end);
    if (p == NULL || end[1] != '\0')
      return FALSE;
    for (; p >= units; p--)
      unit *= 1000;
  }
  *bytes = number * unit;
  return number > 0 && number <= G_MAXINT64 / unit;
}

static const gchar *
check_options (Options *options, int argc)
{
  if (argc != 2)
    return "One source is needed: a camera (/dev/videoN), a video or a URI";
  if (options->model == NULL)
    return "A model is needed: --model FILE.xmodel";
  if (options->triggers == NULL)
    return "What is to be recorded? --on person, or --on zone-entered with "
           "--zones";
  if (!(options->before >= 0 && options->before <= 600)
      || !(options->after >= 0 && options->after <= 600))
    return "--before and --after are seconds, from 0 to 600";
  if (!(options->max_length >= 1 && options->max_length <= 86400))
    return "--max-length is seconds, from 1 to 86400";
  if (!parse_size (options->max_disk, &options->max_bytes))
    return "--max-disk is a number of bytes, as in 500M or 20G";
  return NULL;
}

static gboolean
parse_options (Options *options, int *argc, char ***argv)
{
  const GOptionEntry entries[] = {
    { "model", 'm', 0, G_OPTION_ARG_FILENAME, &options->model,
        "The .xmodel file", "FILE" },
    { "device", 0, 0, G_OPTION_ARG_STRING, &options->device,
        "auto, dpu or cpu (auto)", "DEVICE" },
    { "threshold", 't', 0, G_OPTION_ARG_DOUBLE, &options->threshold,
        "Least confidence of what counts (the model's)", "NUMBER" },
    { "on", 'o', 0, G_OPTION_ARG_STRING_ARRAY, &options->triggers,
        "A class, or with --zones the type, line or zone of an event; may be "
        "given several times",
        "CLASS|EVENT" },
    { "zones", 'z', 0, G_OPTION_ARG_FILENAME, &options->zones,
        "Lines and zones, as yolov5zones reads them", "FILE" },
    { "folder", 'f', 0, G_OPTION_ARG_FILENAME, &options->folder,
        "Where clips go (.)", "FOLDER" },
    { "before", 'b', 0, G_OPTION_ARG_DOUBLE, &options->before,
        "Seconds before (5)", "SECONDS" },
    { "after", 'a', 0, G_OPTION_ARG_DOUBLE, &options->after,
        "Seconds after the last time (5)", "SECONDS" },
    { "max-length", 0, 0, G_OPTION_ARG_DOUBLE, &options->max_length,
        "Seconds after which what goes on is in the next clip (600)",
        "SECONDS" },
    { "max-disk", 0, 0, G_OPTION_ARG_STRING, &options->max_disk,
        "What clips may take together; the oldest go (10G)", "BYTES" },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("SOURCE");
  g_autoptr (GError) error = NULL;
  const gchar *complaint;

  g_option_context_set_summary (context,
      "Watches SOURCE, a camera (/dev/videoN), a video or a URI, and writes an "
      ".mp4 and a\n.json around each time that something is seen.");
  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_add_group (context, gst_init_get_option_group ());
  if (!g_option_context_parse (context, argc, argv, &error)) {
    g_printerr ("%s\n", error->message);
    return FALSE;
  }
  complaint = check_options (options, *argc);
  if (complaint != NULL)
    g_printerr ("%s\n", complaint);
  return complaint == NULL;
}

/* PIPELINE */

static const gchar *
pick_encoder (GError **error)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (encoders); i++) {
    GstElementFactory *factory = gst_element_factory_find (encoders[i].element);

    if (factory != NULL) {
      gst_object_unref (factory);
      return encoders[i].description;
    }
  }
  g_set_error (error, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN,
      "There is no H.264 encoder here (omxh264enc, v4l2h264enc, x264enc or "
      "openh264enc): install gstreamer1.0-plugins-ugly for x264enc");
  return NULL;
}

static void
ask_for_key_frame (Program *self, GstAppSink *sink, GstSample *sample)
{
  GstClockTime time =
      gst_segment_to_running_time (gst_sample_get_segment (sample),
          GST_FORMAT_TIME, GST_BUFFER_PTS (gst_sample_get_buffer (sample)));
  GstPad *pad;

  if (!GST_CLOCK_TIME_IS_VALID (time)
      || time < self->last_request + KEY_FRAME_INTERVAL)
    return;
  self->last_request = time;
  pad = gst_element_get_static_pad (GST_ELEMENT (sink), "sink");
  gst_pad_push_event (pad, gst_video_event_new_upstream_force_key_unit (
                               GST_CLOCK_TIME_NONE, TRUE, 0));
  gst_object_unref (pad);
}

static GstFlowReturn
on_video (GstAppSink *sink, gpointer user_data)
{
  Program *self = user_data;
  GstSample *sample = gst_app_sink_pull_sample (sink);

  if (sample == NULL)
    return GST_FLOW_EOS;
  recorder_add_video (self->recorder, sample);
  ask_for_key_frame (self, sink, sample);
  gst_sample_unref (sample);
  return GST_FLOW_OK;
}

static GstFlowReturn
on_line (GstAppSink *sink, gpointer user_data)
{
  Program *self = user_data;
  GstSample *sample = gst_app_sink_pull_sample (sink);

  if (sample == NULL)
    return GST_FLOW_EOS;
  recorder_add_line (self->recorder, sample);
  gst_sample_unref (sample);
  return GST_FLOW_OK;
}

static void
listen_to (Program *self, const gchar *name,
    GstFlowReturn (*on_sample) (GstAppSink *, gpointer))
{
  GstAppSinkCallbacks callbacks = { .new_sample = on_sample };
  GstElement *sink = gst_bin_get_by_name (GST_BIN (self->pipeline), name);

  gst_app_sink_set_callbacks (GST_APP_SINK (sink), &callbacks, self, NULL);
  gst_object_unref (sink);
}

static void
set_detector (GstElement *pipeline, const Options *options)
{
  GstElement *detector = gst_bin_get_by_name (GST_BIN (pipeline), "detector");
  GstElement *zones = gst_bin_get_by_name (GST_BIN (pipeline), "zones");

  g_object_set (detector, "model", options->model, NULL);
  if (options->device != NULL)
    gst_util_set_object_arg (G_OBJECT (detector), "device", options->device);
  if (options->threshold >= 0)
    g_object_set (detector, "threshold", (gfloat) options->threshold, NULL);
  gst_object_unref (detector);
  if (zones != NULL)
    g_object_set (zones, "config", options->zones, NULL);
  gst_clear_object (&zones);
}

static gboolean
make_pipeline (
    Program *self, const Options *options, const gchar *name, GError **error)
{
  const gchar *encoder;
  g_autofree gchar *text = NULL;
  GstElement *detector;

  self->source = detect_source_new (name, error);
  encoder = self->source != NULL ? pick_encoder (error) : NULL;
  if (encoder == NULL)
    return FALSE;
  if (self->source->kind == DETECT_PICTURE) {
    g_set_error (error, DETECT_ERROR, DETECT_ERROR_ARGUMENT,
        "\"%s\" is a picture, and there is nothing before and after it", name);
    return FALSE;
  }
  text = g_strdup_printf (
      "yolov5dpu name=detector%s ! tee name=frames "
      "frames. ! queue max-size-bytes=0 max-size-time=0 max-size-buffers=8 "
      "! videoconvert ! video/x-raw,format={I420,NV12} ! %s "
      "! h264parse config-interval=-1 "
      "! video/x-h264,stream-format=byte-stream,alignment=au "
      "! appsink name=video sync=false "
      "frames. ! queue max-size-bytes=0 max-size-time=0 max-size-buffers=8 "
      "! yolov5json ! appsink name=lines sync=false",
      options->zones != NULL ? " ! yolov5track ! yolov5zones name=zones" : "",
      encoder);
  self->pipeline =
      gst_parse_launch_full (text, NULL, GST_PARSE_FLAG_FATAL_ERRORS, error);
  self->input = self->pipeline != NULL
                    ? detect_pipeline_make_source (self->source, error)
                    : NULL;
  if (self->input == NULL)
    return FALSE;
  gst_bin_add (GST_BIN (self->pipeline), self->input);
  detector = gst_bin_get_by_name (GST_BIN (self->pipeline), "detector");
  gst_element_link (self->input, detector);
  gst_object_unref (detector);
  set_detector (self->pipeline, options);
  listen_to (self, "video", on_video);
  listen_to (self, "lines", on_line);
  return TRUE;
}

/* RUN */

static gboolean
on_message (GstBus *bus, GstMessage *message, gpointer user_data)
{
  Program *self = user_data;
  g_autoptr (GError) error = NULL;

  switch (GST_MESSAGE_TYPE (message)) {
    case GST_MESSAGE_WARNING:
      gst_message_parse_warning (message, &error, NULL);
      g_printerr ("Warning: %s\n", error->message);
      break;
    case GST_MESSAGE_ERROR:
      error = detect_pipeline_make_error (
          self->pipeline, self->input, self->source, message);
      /* the first is the reason, the others follow from it */
      if (!self->failed)
        g_printerr ("Error: %s\n", error->message);
      self->failed = TRUE;
      g_main_loop_quit (self->loop);
      break;
    case GST_MESSAGE_EOS:
      g_main_loop_quit (self->loop);
      break;
    default:
      break;
  }
  return G_SOURCE_CONTINUE;
}

/* the first lets what is on its way through, the second does not */
static gboolean
on_interrupt (gpointer user_data)
{
  Program *self = user_data;

  if (self->interrupted)
    g_main_loop_quit (self->loop);
  self->interrupted = TRUE;
  gst_element_send_event (self->pipeline, gst_event_new_eos ());
  return G_SOURCE_CONTINUE;
}

static gboolean
check_input (gpointer user_data)
{
  Program *self = user_data;
  g_autoptr (GError) error = NULL;

  if (!self->failed
      && !detect_pipeline_check_found (self->input, self->source, &error)) {
    g_printerr ("Error: %s\n", error->message);
    self->failed = TRUE;
    g_main_loop_quit (self->loop);
  }
  return G_SOURCE_CONTINUE;
}

static void
run (Program *self)
{
  GstBus *bus = gst_element_get_bus (self->pipeline);
  guint sources[] = {
    gst_bus_add_watch (bus, on_message, self),
    g_timeout_add_seconds (
        detect_source_get_patience (self->source), check_input, self),
    g_unix_signal_add (SIGINT, on_interrupt, self),
    g_unix_signal_add (SIGTERM, on_interrupt, self),
  };
  guint i;

  self->loop = g_main_loop_new (NULL, FALSE);
  if (gst_element_set_state (self->pipeline, GST_STATE_PLAYING)
      == GST_STATE_CHANGE_FAILURE) {
    /* the reason is on the bus */
    while (g_main_context_iteration (NULL, FALSE))
      ;
    self->failed = TRUE;
  } else {
    g_main_loop_run (self->loop);
  }
  gst_element_set_state (self->pipeline, GST_STATE_NULL);
  if (!recorder_end (self->recorder))
    self->failed = TRUE;
  for (i = 0; i < G_N_ELEMENTS (sources); i++)
    g_source_remove (sources[i]);
  g_main_loop_unref (self->loop);
  gst_object_unref (bus);
}

static gboolean
record (Program *self, const Options *options, const gchar *source)
{
  const RecorderSettings settings = {
    .folder = options->folder != NULL ? options->folder : ".",
    .triggers = options->triggers,
    .before = (GstClockTime) (options->before * GST_SECOND),
    .after = (GstClockTime) (options->after * GST_SECOND),
    .max_length = (GstClockTime) (options->max_length * GST_SECOND),
    .max_bytes = options->max_bytes,
  };
  g_autoptr (GError) error = NULL;
  gint lock = -1;

  if (detect_pipeline_find_elements (&error)
      && (lock = record_folder_open (settings.folder, &error)) >= 0
      && make_pipeline (self, options, source, &error)) {
    self->recorder = recorder_new (&settings);
    run (self);
    recorder_free (self->recorder);
  } else {
    g_printerr ("%s\n", error->message);
    self->failed = TRUE;
  }
  gst_clear_object (&self->pipeline);
  g_clear_pointer (&self->source, detect_source_free);
  if (lock >= 0)
    close (lock);
  return !self->failed;
}

int
main (int argc, char **argv)
{
  Options options = {
    .threshold = -1,
    .before = 5,
    .after = 5,
    .max_length = 600,
    .max_disk = g_strdup ("10G"),
  };
  Program self = { 0 };
  int status = 2;

  if (parse_options (&options, &argc, &argv))
    status = record (&self, &options, argv[1]) ? 0 : 1;
  g_free (options.model);
  g_free (options.device);
  g_free (options.zones);
  g_strfreev (options.triggers);
  g_free (options.folder);
  g_free (options.max_disk);
  return status;
}
