/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* latency MODEL: the latency that the detector reports beside the time that
 * frames really spend inside, on live streams whose rate the device holds. Fails
 * when the two differ by more than 20 %, or when a frame came too late for a
 * video sink. Wants a machine with nothing else to do. */

#include <gst/gst.h>

#include <stdlib.h>

/* until then what is reported may still settle */
#define WARM_UP_FRAMES 100
/* what is reported follows so many frames, and other jobs on the machine */
#define N_FRAMES 64
#define COVERED 95
#define MAX_DIFFERENCE 0.20

static const gint framerates[] = { 15, 30 };

typedef struct {
  gint n_frames;
  gint n_rounds;
  gchar *device;
  gchar **models;
} Options;

typedef struct {
  GstElement *pipeline;
  GstElement *detector;
  GstElement *sink;
  guint n_warnings;

  GMutex lock;
  /* the arrival of each frame inside, in order, and what those that left have
   * spent; all in nanoseconds */
  GQueue arrivals;
  GArray *spent;
} Run;

static GstPadProbeReturn
enter (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  GstClockTime now = gst_util_get_timestamp ();
  Run *self = data;

  g_mutex_lock (&self->lock);
  g_queue_push_tail (&self->arrivals, g_memdup2 (&now, sizeof (now)));
  g_mutex_unlock (&self->lock);
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
leave (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  GstClockTime now = gst_util_get_timestamp ();
  Run *self = data;
  GstClockTime *arrival, spent;

  g_mutex_lock (&self->lock);
  arrival = g_queue_pop_head (&self->arrivals);
  spent = now - *arrival;
  g_array_append_val (self->spent, spent);
  g_mutex_unlock (&self->lock);
  g_free (arrival);
  return GST_PAD_PROBE_OK;
}

static void
add_probe (Run *self, const gchar *name, GstPadProbeCallback callback)
{
  GstPad *pad = gst_element_get_static_pad (self->detector, name);

  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, callback, self, NULL);
  gst_object_unref (pad);
}

static gboolean
run_init (Run *self, const Options *options, gint framerate, GError **error)
{
  /* Lateness and QoS are as a video sink has them. It keeps each frame until
   * its time has come, 20 ms longer than it would have to, while the next one
   * waits to be pushed; without the queue that would be measured, too. */
  g_autofree gchar *description = g_strdup_printf (
      "videotestsrc is-live=true num-buffers=%d ! "
      "video/x-raw,format=NV12,width=640,height=480,framerate=%d/1 ! "
      "yolov5dpu name=detector device=%s ! queue ! "
      "fakesink name=sink sync=true qos=true max-lateness=5000000",
      WARM_UP_FRAMES + options->n_frames, framerate,
      options->device != NULL ? options->device : "cpu");

  *self = (Run){ .pipeline = gst_parse_launch_full (
                     description, NULL, GST_PARSE_FLAG_FATAL_ERRORS, error) };
  if (!self->pipeline)
    return FALSE;
  self->detector = gst_bin_get_by_name (GST_BIN (self->pipeline), "detector");
  self->sink = gst_bin_get_by_name (GST_BIN (self->pipeline), "sink");
  self->spent = g_array_new (FALSE, FALSE, sizeof (GstClockTime));
  g_mutex_init (&self->lock);
  g_queue_init (&self->arrivals);
  g_object_set (self->detector, "model", options->models[0], NULL);
  add_probe (self, "sink", enter);
  add_probe (self, "src", leave);
  return TRUE;
}

static void
run_clear (Run *self)
{
  gst_element_set_state (self->pipeline, GST_STATE_NULL);
  gst_object_unref (self->detector);
  gst_object_unref (self->sink);
  gst_object_unref (self->pipeline);
  g_array_unref (self->spent);
  g_queue_clear_full (&self->arrivals, g_free);
  g_mutex_clear (&self->lock);
}

/* until EOS; FALSE on an error */
static gboolean
play (Run *self)
{
  GstBus *bus = gst_element_get_bus (self->pipeline);
  gboolean playing = TRUE, good = TRUE;

  gst_element_set_state (self->pipeline, GST_STATE_PLAYING);
  while (playing) {
    GstMessage *message = gst_bus_timed_pop_filtered (bus, GST_CLOCK_TIME_NONE,
        GST_MESSAGE_EOS | GST_MESSAGE_ERROR | GST_MESSAGE_WARNING
            | GST_MESSAGE_LATENCY);
    g_autoptr (GError) error = NULL;

    switch (GST_MESSAGE_TYPE (message)) {
      case GST_MESSAGE_LATENCY:
        gst_bin_recalculate_latency (GST_BIN (self->pipeline));
        break;
      case GST_MESSAGE_WARNING:
        gst_message_parse_warning (message, &error, NULL);
        g_printerr ("warning: %s\n", error->message);
        self->n_warnings++;
        break;
      case GST_MESSAGE_ERROR:
        gst_message_parse_error (message, &error, NULL);
        g_printerr ("error: %s\n", error->message);
        good = playing = FALSE;
        break;
      default:
        playing = FALSE;
        break;
    }
    gst_message_unref (message);
  }
  gst_object_unref (bus);
  return good;
}

/* what the detector adds to the latency of what is before it */
static GstClockTime
get_reported (Run *self)
{
  GstPad *sink = gst_element_get_static_pad (self->detector, "sink");
  GstPad *source = gst_element_get_static_pad (self->detector, "src");
  GstQuery *before = gst_query_new_latency ();
  GstQuery *after = gst_query_new_latency ();
  GstClockTime before_min = 0, after_min = 0;

  if (gst_pad_peer_query (sink, before) && gst_pad_query (source, after)) {
    gst_query_parse_latency (before, NULL, &before_min, NULL);
    gst_query_parse_latency (after, NULL, &after_min, NULL);
  }
  gst_query_unref (before);
  gst_query_unref (after);
  gst_object_unref (sink);
  gst_object_unref (source);
  return after_min - before_min;
}

static int
compare_times (const void *a, const void *b)
{
  GstClockTime first = *(const GstClockTime *) a;
  GstClockTime second = *(const GstClockTime *) b;

  return (first > second) - (first < second);
}

static GstClockTime
get_measured (Run *self)
{
  guint n = self->spent->len - WARM_UP_FRAMES;
  GstClockTime *times = (GstClockTime *) self->spent->data + WARM_UP_FRAMES;

  qsort (times, n, sizeof (*times), compare_times);
  return times[n * COVERED / 100];
}

static guint64
get_count (GstElement *element, const gchar *field)
{
  GstStructure *stats = NULL;
  guint64 count = 0;

  g_object_get (element, "stats", &stats, NULL);
  gst_structure_get_uint64 (stats, field, &count);
  gst_structure_free (stats);
  return count;
}

static gboolean
judge (Run *self, gint framerate)
{
  gdouble reported = get_reported (self) / (gdouble) GST_MSECOND;
  gdouble measured = get_measured (self) / (gdouble) GST_MSECOND;
  gdouble ratio = reported / measured;
  guint64 n_late = get_count (self->detector, "late");
  guint64 n_dropped = get_count (self->sink, "dropped");

  g_print ("%4d/s %8.2f ms %8.2f ms %6.2f %6" G_GUINT64_FORMAT
           " %8" G_GUINT64_FORMAT " %9u\n",
      framerate, reported, measured, ratio, n_late, n_dropped,
      self->n_warnings);
  return ABS (ratio - 1) <= MAX_DIFFERENCE && self->n_warnings == 0
         && n_late == 0 && n_dropped == 0;
}

static gboolean
run_rate (const Options *options, gint framerate)
{
  g_autoptr (GError) error = NULL;
  gboolean good;
  Run run;

  if (!run_init (&run, options, framerate, &error)) {
    g_printerr ("%s\n", error->message);
    return FALSE;
  }
  good = play (&run) && judge (&run, framerate);
  run_clear (&run);
  return good;
}

static gboolean
parse_options (Options *options, int *argc, char ***argv, GError **error)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  const GOptionEntry entries[] = {
    { "frames", 0, 0, G_OPTION_ARG_INT, &options->n_frames,
        "How many frames to measure, the last ones (64)", "N" },
    { "rounds", 0, 0, G_OPTION_ARG_INT, &options->n_rounds,
        "How often to measure (3)", "N" },
    { "device", 0, 0, G_OPTION_ARG_STRING, &options->device,
        "What runs the model, as yolov5dpu's property (cpu)", "DEVICE" },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->models,
        NULL, "MODEL" },
    { NULL },
  };

  g_option_context_set_summary (context,
      "Compares the latency that yolov5dpu reports with what it measurably has");
  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_add_group (context, gst_init_get_option_group ());
  if (!g_option_context_parse (context, argc, argv, error))
    return FALSE;
  if (!options->models || options->models[1] || options->n_frames < 1
      || options->n_rounds < 1) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "Give one MODEL, and numbers above 0; see --help");
    return FALSE;
  }
  return TRUE;
}

int
main (int argc, char **argv)
{
  Options options = { .n_frames = N_FRAMES, .n_rounds = 3 };
  g_autoptr (GError) error = NULL;
  gboolean good = TRUE;

  if (!parse_options (&options, &argc, &argv, &error)) {
    g_printerr ("%s\n", error->message);
    return 2;
  }

  g_print ("frames    reported  measured*   ratio   late  dropped  warnings\n");
  for (gint i = 0; i < options.n_rounds; i++)
    for (guint j = 0; j < G_N_ELEMENTS (framerates); j++)
      good = run_rate (&options, framerates[j]) && good;
  g_print ("* %d %% of the frames spent less from pad to pad\n%s\n", COVERED,
      good ? "passed" : "failed");
  g_strfreev (options.models);
  g_free (options.device);
  return good ? 0 : 1;
}
