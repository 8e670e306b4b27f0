/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* soak MODEL: live streams through the detector and the overlay at once, for
 * minutes. Fails when a frame is lost, comes twice or out of its turn, when
 * memory grows, or when anything on the bus complains. */

#include <gst/gst.h>

#include <stdio.h>
#include <unistd.h>

/* until then caches fill and pools grow */
#define WARM_UP_SECONDS 60
/* A pool of frames grows to as many as were inside at once, and never shrinks.
 * How many these are depends on what else the machine does; a stall of
 * downstream, longer than it takes to fill the detector, shows the most there
 * can be. */
#define STALL_SECOND 20
#define MAX_GROWTH_MB 5.
#define FRAMERATE 30

/* as different as cameras are; a further stream begins anew */
static const gchar *const stream_caps[] = {
  "format=NV12,width=1280,height=720",
  "format=I420,width=640,height=480",
  "format=BGRx,width=320,height=240",
  "format=YUY2,width=800,height=600",
};

typedef struct {
  GstElement *detector;

  GMutex lock;
  /* timestamps of the frames that are between the two probes */
  GQueue inside;
  guint64 n_in;
  guint64 n_out;
  guint64 n_lost;
  /* twice, or after one that came later */
  guint64 n_unexpected;
  guint most_inside;
  /* seconds, to be slept through with the next frame */
  gint stall;
} Stream;

typedef struct {
  guint64 frames;
  guint64 inferences;
  guint64 skipped;
  guint64 late;
} Counts;

typedef struct {
  gint n_streams;
  gint seconds;
  gint interval;
  gint stall;
  gchar *device;
  gchar **models;
} Options;

typedef struct {
  Options options;
  GMainLoop *loop;
  GstElement *pipeline;
  Stream *streams;
  gint64 start;
  gdouble base_memory;
  guint n_complaints;
} Soak;

/* resident, in MB */
static gdouble
read_memory (void)
{
  FILE *file = fopen ("/proc/self/statm", "r");
  unsigned long pages = 0;

  if (file) {
    if (fscanf (file, "%*u %lu", &pages) != 1)
      pages = 0;
    fclose (file);
  }
  return pages * (gdouble) sysconf (_SC_PAGESIZE) / (1 << 20);
}

static GstPadProbeReturn
enter (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  GstClockTime time = GST_BUFFER_PTS (GST_PAD_PROBE_INFO_BUFFER (info));
  Stream *self = data;

  g_mutex_lock (&self->lock);
  g_queue_push_tail (&self->inside, g_memdup2 (&time, sizeof (time)));
  self->n_in++;
  self->most_inside = MAX (self->most_inside, self->inside.length);
  g_mutex_unlock (&self->lock);
  return GST_PAD_PROBE_OK;
}

static gint
compare_times (gconstpointer a, gconstpointer b)
{
  return *(const GstClockTime *) a != *(const GstClockTime *) b;
}

static GstPadProbeReturn
leave (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  GstClockTime time = GST_BUFFER_PTS (GST_PAD_PROBE_INFO_BUFFER (info));
  Stream *self = data;
  gint stall;

  g_mutex_lock (&self->lock);
  stall = self->stall;
  self->stall = 0;
  self->n_out++;
  if (!g_queue_find_custom (&self->inside, &time, compare_times)) {
    self->n_unexpected++;
  } else {
    GstClockTime *oldest = g_queue_pop_head (&self->inside);

    for (; *oldest != time; oldest = g_queue_pop_head (&self->inside)) {
      self->n_lost++;
      g_free (oldest);
    }
    g_free (oldest);
  }
  g_mutex_unlock (&self->lock);

  if (stall > 0)
    g_usleep (stall * G_USEC_PER_SEC);
  return GST_PAD_PROBE_OK;
}

static void
add_probe (
    GstElement *element, GstPadProbeCallback callback, gpointer user_data)
{
  GstPad *pad = gst_element_get_static_pad (element, "sink");

  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, callback, user_data, NULL);
  gst_object_unref (pad);
}

static GstElement *
get_element (Soak *self, const gchar *kind, guint index)
{
  g_autofree gchar *name = g_strdup_printf ("%s%u", kind, index);

  return gst_bin_get_by_name (GST_BIN (self->pipeline), name);
}

static void
add_stream (Soak *self, guint index)
{
  Stream *stream = &self->streams[index];
  GstElement *sink = get_element (self, "sink", index);

  g_mutex_init (&stream->lock);
  g_queue_init (&stream->inside);
  stream->detector = get_element (self, "detector", index);
  g_object_set (stream->detector, "model", self->options.models[0], NULL);
  add_probe (stream->detector, enter, stream);
  add_probe (sink, leave, stream);
  gst_object_unref (sink);
}

static gboolean
build_pipeline (Soak *self, GError **error)
{
  g_autoptr (GString) description = g_string_new (NULL);
  gint i;

  for (i = 0; i < self->options.n_streams; i++)
    g_string_append_printf (description,
        "videotestsrc is-live=true pattern=ball ! "
        "video/x-raw,%s,framerate=%d/1 ! "
        "yolov5dpu name=detector%d device=%s no-block=true ! "
        "yolov5overlay ! fakesink name=sink%d sync=true ",
        stream_caps[i % G_N_ELEMENTS (stream_caps)], FRAMERATE, i,
        self->options.device != NULL ? self->options.device : "cpu", i);
  self->pipeline = gst_parse_launch_full (
      description->str, NULL, GST_PARSE_FLAG_FATAL_ERRORS, error);
  if (!self->pipeline)
    return FALSE;

  self->streams = g_new0 (Stream, self->options.n_streams);
  for (i = 0; i < self->options.n_streams; i++)
    add_stream (self, i);
  return TRUE;
}

static void
get_counts (const Stream *self, Counts *counts)
{
  GstStructure *stats = NULL;

  g_object_get (self->detector, "stats", &stats, NULL);
  gst_structure_get (stats, "frames", G_TYPE_UINT64, &counts->frames,
      "inferences", G_TYPE_UINT64, &counts->inferences, "skipped",
      G_TYPE_UINT64, &counts->skipped, "late", G_TYPE_UINT64, &counts->late,
      NULL);
  gst_structure_free (stats);
}

static void
print_counts (const gchar *title, const Counts *counts)
{
  g_print ("%s %8" G_GUINT64_FORMAT " %10" G_GUINT64_FORMAT
           " %8" G_GUINT64_FORMAT " %6" G_GUINT64_FORMAT,
      title, counts->frames, counts->inferences, counts->skipped, counts->late);
}

static gint
get_elapsed (const Soak *self)
{
  return (g_get_monotonic_time () - self->start) / G_USEC_PER_SEC;
}

static gboolean
report_progress (gpointer data)
{
  Soak *self = data;
  g_autofree gchar *title = g_strdup_printf ("%7d", get_elapsed (self));
  Counts counts, sum = { 0 };
  gint i;

  for (i = 0; i < self->options.n_streams; i++) {
    get_counts (&self->streams[i], &counts);
    sum.frames += counts.frames;
    sum.inferences += counts.inferences;
    sum.skipped += counts.skipped;
    sum.late += counts.late;
  }
  print_counts (title, &sum);
  g_print (" %8.1f\n", read_memory ());
  return G_SOURCE_CONTINUE;
}

static gboolean
stall_streams (gpointer data)
{
  Soak *self = data;
  gint i;

  for (i = 0; i < self->options.n_streams; i++) {
    Stream *stream = &self->streams[i];

    g_mutex_lock (&stream->lock);
    stream->stall = self->options.stall;
    g_mutex_unlock (&stream->lock);
  }
  return G_SOURCE_REMOVE;
}

static gboolean
end_warm_up (gpointer data)
{
  ((Soak *) data)->base_memory = read_memory ();
  return G_SOURCE_REMOVE;
}

/* A busy machine may take long for the first frames. GStreamer waits for good
 * where a live source is sent EOS while it cannot push and a sink still is on
 * its way to PLAYING: the event keeps the pipeline's state lock meanwhile, which
 * the sink's state change needs. */
static gboolean
end_streams (gpointer data)
{
  Soak *self = data;
  GstState state;
  gint i;

  if (gst_element_get_state (self->pipeline, &state, NULL, 0)
          != GST_STATE_CHANGE_SUCCESS
      || state != GST_STATE_PLAYING)
    return G_SOURCE_CONTINUE;

  for (i = 0; i < self->options.n_streams; i++) {
    Counts counts;

    get_counts (&self->streams[i], &counts);
    if (counts.inferences == 0)
      return G_SOURCE_CONTINUE;
  }
  gst_element_send_event (self->pipeline, gst_event_new_eos ());
  return G_SOURCE_REMOVE;
}

static void
complain (Soak *self, GstMessage *message)
{
  gchar *details;
  GError *error;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    gst_message_parse_error (message, &error, &details);
  else
    gst_message_parse_warning (message, &error, &details);
  g_printerr ("%s: %s: %s (%s)\n", GST_MESSAGE_TYPE_NAME (message),
      GST_MESSAGE_SRC_NAME (message), error->message, details ? details : "-");
  g_error_free (error);
  g_free (details);
  self->n_complaints++;
}

static gboolean
handle_message (GstBus *bus, GstMessage *message, gpointer data)
{
  Soak *self = data;

  switch (GST_MESSAGE_TYPE (message)) {
    case GST_MESSAGE_ERROR:
      complain (self, message);
      g_main_loop_quit (self->loop);
      break;
    case GST_MESSAGE_WARNING:
      complain (self, message);
      break;
    case GST_MESSAGE_LATENCY:
      gst_bin_recalculate_latency (GST_BIN (self->pipeline));
      break;
    case GST_MESSAGE_EOS:
      g_main_loop_quit (self->loop);
      break;
    default:
      break;
  }
  return G_SOURCE_CONTINUE;
}

static void
run (Soak *self)
{
  GstBus *bus = gst_element_get_bus (self->pipeline);

  self->loop = g_main_loop_new (NULL, FALSE);
  gst_bus_add_watch (bus, handle_message, self);
  g_timeout_add_seconds (self->options.interval, report_progress, self);
  if (self->options.stall > 0)
    g_timeout_add_seconds (STALL_SECOND, stall_streams, self);
  g_timeout_add_seconds (WARM_UP_SECONDS, end_warm_up, self);
  g_timeout_add_seconds (self->options.seconds, end_streams, self);
  self->start = g_get_monotonic_time ();

  g_print ("seconds   frames inferences  skipped   late       MB\n");
  if (gst_element_set_state (self->pipeline, GST_STATE_PLAYING)
      == GST_STATE_CHANGE_FAILURE)
    g_printerr ("The pipeline does not start\n");
  g_main_loop_run (self->loop);
  report_progress (self);

  gst_bus_remove_watch (bus);
  gst_object_unref (bus);
}

/* after EOS nothing may still be inside */
static gboolean
judge_stream (const Stream *self, guint index)
{
  g_autofree gchar *title = g_strdup_printf ("%6u:", index);
  guint64 n_lost = self->n_lost + g_queue_get_length ((GQueue *) &self->inside);
  Counts counts;

  get_counts (self, &counts);
  print_counts (title, &counts);
  g_print ("  in %" G_GUINT64_FORMAT ", out %" G_GUINT64_FORMAT
           ", lost %" G_GUINT64_FORMAT
           ", twice or out of turn %" G_GUINT64_FORMAT ", most inside %u\n",
      self->n_in, self->n_out, n_lost, self->n_unexpected, self->most_inside);
  return n_lost == 0 && self->n_unexpected == 0 && self->n_out > 0
         && counts.inferences > 0;
}

static gboolean
judge (Soak *self)
{
  gdouble growth = read_memory () - self->base_memory;
  gboolean good = self->n_complaints == 0;
  gint i;

  g_print ("streams\n");
  for (i = 0; i < self->options.n_streams; i++)
    good = judge_stream (&self->streams[i], i) && good;
  if (self->base_memory > 0) {
    g_print (
        "memory grew by %.1f MB after the first %d seconds, %.0f allowed\n",
        growth, WARM_UP_SECONDS, MAX_GROWTH_MB);
    good = growth < MAX_GROWTH_MB && good;
  }
  g_print ("%u warnings and errors\n%s\n", self->n_complaints,
      good ? "passed" : "failed");
  return good;
}

static void
clear (Soak *self)
{
  gint i;

  gst_element_set_state (self->pipeline, GST_STATE_NULL);
  for (i = 0; i < self->options.n_streams; i++) {
    Stream *stream = &self->streams[i];

    gst_object_unref (stream->detector);
    g_queue_clear_full (&stream->inside, g_free);
    g_mutex_clear (&stream->lock);
  }
  g_free (self->streams);
  gst_object_unref (self->pipeline);
  g_main_loop_unref (self->loop);
}

static gboolean
parse_options (Options *options, int *argc, char ***argv, GError **error)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  const GOptionEntry entries[] = {
    { "streams", 0, 0, G_OPTION_ARG_INT, &options->n_streams,
        "How many live streams (4)", "N" },
    { "seconds", 0, 0, G_OPTION_ARG_INT, &options->seconds,
        "How long (600); memory is judged after the first minute", "S" },
    { "interval", 0, 0, G_OPTION_ARG_INT, &options->interval,
        "Seconds between two lines of progress (30)", "S" },
    { "stall", 0, 0, G_OPTION_ARG_INT, &options->stall,
        "Let downstream stall for so long in the first minute (0)", "S" },
    { "device", 0, 0, G_OPTION_ARG_STRING, &options->device,
        "What runs the model, as yolov5dpu's property (cpu)", "DEVICE" },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->models,
        NULL, "MODEL" },
    { NULL },
  };

  g_option_context_set_summary (context,
      "Runs live streams through yolov5dpu and yolov5overlay and checks that "
      "every frame comes out once and in its turn, and memory does not grow");
  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_add_group (context, gst_init_get_option_group ());
  if (!g_option_context_parse (context, argc, argv, error))
    return FALSE;
  if (!options->models || options->models[1] || options->n_streams < 1
      || options->seconds < 1 || options->interval < 1 || options->stall < 0) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "Give one MODEL, and numbers above 0; see --help");
    return FALSE;
  }
  return TRUE;
}

int
main (int argc, char **argv)
{
  Soak soak = { .options = { .n_streams = 4, .seconds = 600, .interval = 30 } };
  g_autoptr (GError) error = NULL;
  gboolean good;

  if (!parse_options (&soak.options, &argc, &argv, &error)
      || !build_pipeline (&soak, &error)) {
    g_printerr ("%s\n", error->message);
    return 2;
  }

  run (&soak);
  good = judge (&soak);
  clear (&soak);
  g_strfreev (soak.options.models);
  g_free (soak.options.device);
  return good ? 0 : 1;
}
