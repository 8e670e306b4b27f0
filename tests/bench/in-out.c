/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* bench-in-out N-FRAMES PROPERTIES: lets frames of 1920x1080 in NV12 through
 * the detector as fast as it takes them, and prints frames per second, then the
 * median and the 99th percentile of the milliseconds from a frame's arrival at
 * the element until it leaves. The first frames do not count. */

#include <gst/gst.h>

#include <stdlib.h>

#define N_WARM_UP 20

#define PIPELINE                                                               \
  "videotestsrc num-buffers=1 ! "                                              \
  "video/x-raw,format=NV12,width=1920,height=1080,framerate=1000/1 ! "         \
  "imagefreeze num-buffers=%u ! yolov5dpu name=detector %s ! fakesink"

/* of one frame after the other, as they keep their order; the two pads have a
 * thread each */
typedef struct {
  GArray *in;
  GArray *out;
} Times;

static GstPadProbeReturn
note_time (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  GArray *times = data;
  gint64 now = g_get_monotonic_time ();

  g_array_append_val (times, now);
  return GST_PAD_PROBE_OK;
}

static void
watch (GstElement *detector, const gchar *name, GArray *times)
{
  GstPad *pad = gst_element_get_static_pad (detector, name);

  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, note_time, times, NULL);
  gst_object_unref (pad);
}

static gboolean
run (GstElement *pipeline)
{
  GstBus *bus = gst_element_get_bus (pipeline);
  GstMessage *message;
  gboolean succeeded;

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (
      bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  succeeded = GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS;
  if (!succeeded) {
    GError *error;

    gst_message_parse_error (message, &error, NULL);
    g_printerr ("%s\n", error->message);
    g_error_free (error);
  }
  gst_message_unref (message);
  gst_object_unref (bus);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  return succeeded;
}

static gint
compare_times (gconstpointer a, gconstpointer b)
{
  gint64 left = *(const gint64 *) a, right = *(const gint64 *) b;

  return (left > right) - (left < right);
}

static gint64
get_time (const GArray *times, guint index)
{
  return g_array_index (times, gint64, index);
}

static void
print_results (const Times *times)
{
  GArray *latencies = g_array_new (FALSE, FALSE, sizeof (gint64));
  guint n_frames = times->out->len - N_WARM_UP;
  gint64 first = get_time (times->out, N_WARM_UP);
  gint64 last = get_time (times->out, times->out->len - 1);
  guint i;

  for (i = N_WARM_UP; i < times->out->len; i++) {
    gint64 latency = get_time (times->out, i) - get_time (times->in, i);

    g_array_append_val (latencies, latency);
  }
  g_array_sort (latencies, compare_times);
  g_print ("%.2f %.1f %.1f\n", (n_frames - 1) * 1e6 / (last - first),
      get_time (latencies, n_frames / 2) / 1000.0,
      get_time (latencies, n_frames * 99 / 100) / 1000.0);
  g_array_unref (latencies);
}

int
main (int argc, char **argv)
{
  Times times;
  GstElement *pipeline, *detector;
  GError *error = NULL;
  gchar *description;
  gint n_frames;
  gboolean succeeded;

  gst_init (&argc, &argv);
  n_frames = argc == 3 ? atoi (argv[1]) : 0;
  if (n_frames <= N_WARM_UP + 1) {
    g_printerr ("Usage: %s N-FRAMES PROPERTIES, with more than %d frames\n",
        argv[0], N_WARM_UP + 1);
    return 2;
  }

  description = g_strdup_printf (PIPELINE, (guint) n_frames, argv[2]);
  pipeline = gst_parse_launch (description, &error);
  g_free (description);
  if (error) {
    g_printerr ("%s\n", error->message);
    return 1;
  }
  times.in = g_array_new (FALSE, FALSE, sizeof (gint64));
  times.out = g_array_new (FALSE, FALSE, sizeof (gint64));
  detector = gst_bin_get_by_name (GST_BIN (pipeline), "detector");
  watch (detector, "sink", times.in);
  watch (detector, "src", times.out);
  gst_object_unref (detector);

  succeeded = run (pipeline);
  if (succeeded)
    print_results (&times);
  gst_object_unref (pipeline);
  g_array_unref (times.in);
  g_array_unref (times.out);
  return succeeded ? 0 : 1;
}
