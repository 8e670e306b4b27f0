/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* live FRAMES PROPERTIES: how many of the frames of a live source of 30 a second
 * a video sink shows, and how many inferences there were. Prints both, and how
 * many of these had their results with a later frame. */

#include <gst/gst.h>

#include <stdlib.h>

/* as a video sink has them (GstVideoSink) */
#define SINK                                                                   \
  "fakesink name=sink sync=true qos=true max-lateness=5000000 "                \
  "processing-deadline=15000000"

static guint64
get_stat (GstElement *element, const gchar *field)
{
  guint64 count = 0;
  GstStructure *stats;

  g_object_get (element, "stats", &stats, NULL);
  gst_structure_get_uint64 (stats, field, &count);
  gst_structure_free (stats);
  return count;
}

/* as gst-launch-1.0 does */
static gboolean
handle_message (GstElement *pipeline, GstMessage *message)
{
  GError *error;

  switch (GST_MESSAGE_TYPE (message)) {
    case GST_MESSAGE_LATENCY:
      gst_bin_recalculate_latency (GST_BIN (pipeline));
      return TRUE;
    case GST_MESSAGE_ERROR:
      gst_message_parse_error (message, &error, NULL);
      g_printerr ("%s\n", error->message);
      exit (1);
    default:
      return GST_MESSAGE_TYPE (message) != GST_MESSAGE_EOS;
  }
}

int
main (int argc, char **argv)
{
  g_autofree gchar *description = NULL;
  GstElement *pipeline, *detector, *sink;
  gboolean goes_on = TRUE;
  GstBus *bus;

  gst_init (&argc, &argv);
  if (argc != 3) {
    g_printerr ("usage: %s FRAMES PROPERTIES\n", argv[0]);
    return 2;
  }
  description = g_strdup_printf (
      "videotestsrc is-live=true num-buffers=%s pattern=black ! "
      "video/x-raw,format=NV12,width=640,height=480,framerate=30/1 ! "
      "yolov5dpu name=detector %s ! " SINK,
      argv[1], argv[2]);
  pipeline = gst_parse_launch (description, NULL);
  detector = gst_bin_get_by_name (GST_BIN (pipeline), "detector");
  sink = gst_bin_get_by_name (GST_BIN (pipeline), "sink");
  bus = gst_element_get_bus (pipeline);

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  while (goes_on) {
    GstMessage *message = gst_bus_timed_pop (bus, GST_CLOCK_TIME_NONE);

    goes_on = handle_message (pipeline, message);
    gst_message_unref (message);
  }
  g_print ("%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT
           "\n",
      get_stat (sink, "rendered"), get_stat (detector, "inferences"),
      get_stat (detector, "delayed"));

  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (bus);
  gst_object_unref (sink);
  gst_object_unref (detector);
  gst_object_unref (pipeline);
  return 0;
}
