/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The program behind demo.sh: a source through yolov5dpu and yolov5overlay into
 * an .mp4, with progress while it runs and a summary at the end. */

#include <gst/base/gstbasetransform.h>
#include <gst/gst.h>
#include <glib/gstdio.h>
#include <glib-unix.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define PROGRESS_INTERVAL_MS 500

/* what is written before it is complete, so that a run that fails leaves alone
 * what an earlier one wrote */
#define PART_SUFFIX ".part"

typedef struct {
  const gchar *source_name;
  const gchar *output;
  const gchar *part;
  GMainLoop *loop;
  GstElement *pipeline;
  GstElement *detector;
  /* label -> objects over all frames */
  GHashTable *objects;
  guint64 frames;
  gint64 first_frame;
  gint64 last_frame;
  gboolean interactive;
  gboolean interrupted;
  gboolean failed;
} Demo;

static void
count_detections (Demo *self, const GstStructure *message)
{
  const GValue *list = gst_structure_get_value (message, "detections");

  if (self->frames++ == 0)
    self->first_frame = g_get_monotonic_time ();
  self->last_frame = g_get_monotonic_time ();
  for (guint i = 0; list != NULL && i < gst_value_list_get_size (list); i++) {
    const GstStructure *detection =
        gst_value_get_structure (gst_value_list_get_value (list, i));
    const gchar *label = gst_structure_get_string (detection, "label");
    guint n = GPOINTER_TO_UINT (g_hash_table_lookup (self->objects, label));

    g_hash_table_insert (
        self->objects, g_strdup (label), GUINT_TO_POINTER (n + 1));
  }
}

/* per second, without the time it takes to open model and source */
static gdouble
get_rate (const Demo *self)
{
  gint64 time = self->last_frame - self->first_frame;

  return time > 0 ? (self->frames - 1) * 1e6 / time : 0;
}

static gboolean
print_progress (gpointer user_data)
{
  Demo *self = user_data;
  gint64 position = 0, duration = 0;
  gdouble rate = get_rate (self);

  if (!self->interactive || self->frames == 0)
    return G_SOURCE_CONTINUE;
  gst_element_query_position (self->pipeline, GST_FORMAT_TIME, &position);
  if (gst_element_query_duration (self->pipeline, GST_FORMAT_TIME, &duration)
      && duration > 0)
    g_print ("\r%3.0f %%  %" G_GUINT64_FORMAT " frames, %.1f frames/s  ",
        CLAMP (100.0 * position / duration, 0, 100), self->frames, rate);
  else
    g_print (
        "\r%" G_GUINT64_FORMAT " frames, %.1f frames/s  ", self->frames, rate);
  return G_SOURCE_CONTINUE;
}

/* whose fault it is, where the sentence alone does not say: decoders do not
 * know what they decode */
static const gchar *
find_file (const Demo *self, GstObject *origin)
{
  GstElement *source = gst_bin_get_by_name (GST_BIN (self->pipeline), "source");
  GstElement *sink = gst_bin_get_by_name (GST_BIN (self->pipeline), "sink");
  const gchar *name = NULL;

  if (gst_object_has_as_ancestor (origin, GST_OBJECT (source)))
    name = self->source_name;
  else if (gst_object_has_as_ancestor (origin, GST_OBJECT (sink)))
    name = self->output;
  gst_object_unref (source);
  gst_object_unref (sink);
  return name;
}

static void
print_message (const Demo *self, const gchar *kind, GstMessage *message,
    const GError *error, const gchar *details)
{
  const gchar *file = find_file (self, GST_MESSAGE_SRC (message));
  gboolean has_no_video = file == self->source_name && details != NULL
                          && strstr (details, "reason not-linked") != NULL;

  g_printerr ("\n%s: %s%s%s\n", kind, file != NULL ? file : "",
      file != NULL ? ": " : "",
      has_no_video ? "There is no video in it" : error->message);
  if (details != NULL)
    GST_INFO ("%s", details);
}

static gboolean
on_message (GstBus *bus, GstMessage *message, gpointer user_data)
{
  Demo *self = user_data;
  const GstStructure *structure = gst_message_get_structure (message);
  g_autoptr (GError) error = NULL;
  g_autofree gchar *details = NULL;

  switch (GST_MESSAGE_TYPE (message)) {
    case GST_MESSAGE_ELEMENT:
      if (gst_structure_has_name (structure, "yolov5dpu"))
        count_detections (self, structure);
      break;
    case GST_MESSAGE_WARNING:
      gst_message_parse_warning (message, &error, &details);
      print_message (self, "Warning", message, error, details);
      break;
    case GST_MESSAGE_ERROR:
      gst_message_parse_error (message, &error, &details);
      print_message (self, "Error", message, error, details);
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

static gboolean
is_playing (Demo *self)
{
  GstState state;

  return gst_element_get_state (self->pipeline, &state, NULL, 0)
             == GST_STATE_CHANGE_SUCCESS
         && state == GST_STATE_PLAYING;
}

/* The end of the stream lets the muxer write what makes the file playable.
 * Before the first frame there is nothing to be played, and GStreamer may wait
 * for good where a source is told then. */
static gboolean
on_interrupt (gpointer user_data)
{
  Demo *self = user_data;

  if (self->interrupted || !is_playing (self)) {
    g_printerr ("\nStopped; nothing was written\n");
    self->failed = TRUE;
    g_main_loop_quit (self->loop);
  } else {
    g_print ("\nFinishing the file; once more to stop at once\n");
    self->interrupted = TRUE;
    gst_element_send_event (self->pipeline, gst_event_new_eos ());
  }
  return G_SOURCE_CONTINUE;
}

static gint
compare_labels (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const gchar *const *) a, *(const gchar *const *) b);
}

static void
print_objects (const Demo *self)
{
  guint n_labels;
  g_autofree gchar **labels =
      (gchar **) g_hash_table_get_keys_as_array (self->objects, &n_labels);

  qsort (labels, n_labels, sizeof (gchar *), compare_labels);
  g_print ("Objects, counted anew in every frame:\n");
  for (guint i = 0; i < n_labels; i++)
    g_print ("  %-16s %6u\n", labels[i],
        GPOINTER_TO_UINT (g_hash_table_lookup (self->objects, labels[i])));
  if (n_labels == 0)
    g_print ("  none\n");
}

static void
print_stage (const GstStructure *stats, const gchar *field, const gchar *name)
{
  GstClockTime time = 0;

  gst_structure_get_clock_time (stats, field, &time);
  g_print ("  %-16s %6.2f ms\n", name, time / (gdouble) GST_MSECOND);
}

static void
print_summary (Demo *self)
{
  g_autoptr (GstStructure) stats = NULL;

  g_object_get (self->detector, "stats", &stats, NULL);
  g_print ("\n%" G_GUINT64_FORMAT
           " frames, %.1f frames/s with decoding, drawing and encoding\n",
      self->frames, get_rate (self));
  print_objects (self);
  if (stats != NULL) {
    g_print ("Where the time of a frame went in yolov5dpu (medians; stages of "
             "several frames run side by side):\n");
    print_stage (stats, "letterbox-median", "letterbox");
    print_stage (stats, "inference-median", "inference");
    print_stage (stats, "postprocess-median", "postprocess");
    print_stage (stats, "total-median", "total");
  }
  g_print ("Wrote %s\n", self->output);
}

/* pictures have their orientation in EXIF data, which jpegparse reads; decoders
 * do without it unless it ranks above them */
static void
prefer_jpegparse (void)
{
  GstPluginFeature *parser =
      gst_registry_lookup_feature (gst_registry_get (), "jpegparse");

  if (parser != NULL)
    gst_plugin_feature_set_rank (parser, GST_RANK_PRIMARY + 1);
  gst_clear_object (&parser);
}

/* videoflip copies all frames until the first tag that says how they are to be
 * turned, unless it is told that there is nothing to do */
static void
start_upright (GstElement *pipeline)
{
  GstElement *flip = gst_bin_get_by_name (GST_BIN (pipeline), "upright");

  if (flip != NULL)
    gst_base_transform_set_passthrough (GST_BASE_TRANSFORM (flip), TRUE);
  gst_clear_object (&flip);
}

static void
set_string (GstElement *pipeline, const gchar *name, const gchar *property,
    const gchar *value)
{
  GstElement *element = gst_bin_get_by_name (GST_BIN (pipeline), name);

  g_object_set (element, property, value, NULL);
  gst_object_unref (element);
}

/* cameras stand upright; clips and pictures say how they stand */
static GstElement *
make_pipeline (const Demo *self, const gchar *model, GError **error)
{
  const gchar *source = self->source_name;
  gboolean is_camera = g_str_has_prefix (source, "/dev/video");
  g_autofree gchar *text = g_strdup_printf (
      "%s ! yolov5dpu name=detector post-messages=true "
      "! yolov5overlay ! videoconvert ! video/x-raw,format={I420,NV12} "
      "! queue max-size-buffers=4 "
      "! x264enc speed-preset=veryfast bframes=0 rc-lookahead=0 ! mp4mux "
      "! filesink name=sink",
      is_camera ? "v4l2src name=source ! decodebin ! videoconvert"
                : "uridecodebin name=source ! videoconvert "
                  "! videoflip name=upright video-direction=auto");
  g_autofree gchar *uri = NULL;
  GstElement *pipeline;

  if (!is_camera) {
    uri = gst_uri_is_valid (source) ? g_strdup (source)
                                    : gst_filename_to_uri (source, error);
    if (uri == NULL)
      return NULL;
  }
  pipeline =
      gst_parse_launch_full (text, NULL, GST_PARSE_FLAG_FATAL_ERRORS, error);
  if (pipeline == NULL)
    return NULL;

  if (is_camera)
    set_string (pipeline, "source", "device", source);
  else
    set_string (pipeline, "source", "uri", uri);
  set_string (pipeline, "detector", "model", model);
  set_string (pipeline, "sink", "location", self->part);
  start_upright (pipeline);
  return pipeline;
}

static void
run (Demo *self)
{
  GstBus *bus = gst_element_get_bus (self->pipeline);
  guint sources[] = {
    gst_bus_add_watch (bus, on_message, self),
    g_unix_signal_add (SIGINT, on_interrupt, self),
    g_unix_signal_add (SIGTERM, on_interrupt, self),
    g_unix_signal_add (SIGHUP, on_interrupt, self),
    g_timeout_add (PROGRESS_INTERVAL_MS, print_progress, self),
  };

  gst_element_set_state (self->pipeline, GST_STATE_PLAYING);
  g_main_loop_run (self->loop);
  for (guint i = 0; i < G_N_ELEMENTS (sources); i++)
    g_source_remove (sources[i]);
  gst_element_set_state (self->pipeline, GST_STATE_NULL);
  gst_object_unref (bus);
}

/* what was written gets its name, or goes if it is not all there */
static void
finish_output (Demo *self)
{
  if (!self->failed && self->frames == 0) {
    g_printerr ("\nError: %s: There is no video in it\n", self->source_name);
    self->failed = TRUE;
  }
  if (!self->failed && g_rename (self->part, self->output) != 0) {
    g_printerr ("\nError: %s: It cannot be written: %s\n", self->output,
        g_strerror (errno));
    self->failed = TRUE;
  }
  if (self->failed)
    g_unlink (self->part);
}

int
main (int argc, char **argv)
{
  g_autofree gchar *model = NULL;
  g_autofree gchar *output = NULL;
  g_autofree gchar *part = NULL;
  const GOptionEntry entries[] = {
    { "model", 'm', 0, G_OPTION_ARG_FILENAME, &model, "The .xmodel file",
        "FILE" },
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "The .mp4 to write",
        "FILE" },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("SOURCE");
  g_autoptr (GError) error = NULL;
  Demo self = { 0 };

  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_add_group (context, gst_init_get_option_group ());
  if (!g_option_context_parse (context, &argc, &argv, &error)) {
    g_printerr ("%s\n", error->message);
    return 2;
  }
  if (argc != 2 || model == NULL || output == NULL) {
    g_printerr ("A source, --model and --output are needed\n");
    return 2;
  }

  prefer_jpegparse ();
  self.source_name = argv[1];
  self.output = output;
  self.part = part = g_strconcat (output, PART_SUFFIX, NULL);
  self.pipeline = make_pipeline (&self, model, &error);
  if (self.pipeline == NULL) {
    g_printerr ("%s\n", error->message);
    return 1;
  }
  self.detector = gst_bin_get_by_name (GST_BIN (self.pipeline), "detector");
  self.loop = g_main_loop_new (NULL, FALSE);
  self.objects = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self.interactive = isatty (STDOUT_FILENO);

  run (&self);
  finish_output (&self);
  if (!self.failed)
    print_summary (&self);

  gst_object_unref (self.detector);
  gst_object_unref (self.pipeline);
  g_hash_table_unref (self.objects);
  g_main_loop_unref (self.loop);
  return self.failed ? 1 : 0;
}
