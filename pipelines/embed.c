/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* A detector inside an application: it prints what yolov5dpu finds, and takes
 * a new threshold from standard input at any time. Clips that say that they do
 * not stand upright are turned. */

#include <gst/gst.h>

typedef struct {
  GMainLoop *loop;
  GstElement *detector;
  gboolean failed;
} Embed;

/* yolov5dpu posts one of these messages for each frame */
static void
print_detections (const GstStructure *message)
{
  const GValue *list = gst_structure_get_value (message, "detections");
  guint64 frame = 0;

  gst_structure_get_uint64 (message, "frame", &frame);
  for (guint i = 0; i < gst_value_list_get_size (list); i++) {
    const GstStructure *detection =
        gst_value_get_structure (gst_value_list_get_value (list, i));
    gint x, y, width, height;
    gdouble confidence;

    gst_structure_get (detection, "confidence", G_TYPE_DOUBLE, &confidence, "x",
        G_TYPE_INT, &x, "y", G_TYPE_INT, &y, "width", G_TYPE_INT, &width,
        "height", G_TYPE_INT, &height, NULL);
    g_print ("frame %" G_GUINT64_FORMAT ": %s %.2f at %d,%d, %dx%d\n", frame,
        gst_structure_get_string (detection, "label"), confidence, x, y, width,
        height);
  }
}

static gboolean
on_message (GstBus *bus, GstMessage *message, gpointer user_data)
{
  Embed *self = user_data;
  g_autoptr (GError) error = NULL;

  if (gst_message_has_name (message, "yolov5dpu")) {
    print_detections (gst_message_get_structure (message));
  } else if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_WARNING) {
    gst_message_parse_warning (message, &error, NULL);
    g_printerr ("%s: %s\n", GST_MESSAGE_SRC_NAME (message), error->message);
  } else if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    gst_message_parse_error (message, &error, NULL);
    g_printerr ("%s: %s\n", GST_MESSAGE_SRC_NAME (message), error->message);
    self->failed = TRUE;
    g_main_loop_quit (self->loop);
  } else if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS) {
    g_main_loop_quit (self->loop);
  }
  return G_SOURCE_CONTINUE;
}

/* a line with a number sets the threshold, from the next frame on */
static gboolean
on_input (GIOChannel *input, GIOCondition condition, gpointer user_data)
{
  Embed *self = user_data;
  g_autofree gchar *line = NULL;
  gdouble threshold;
  gchar *end;

  if (g_io_channel_read_line (input, &line, NULL, NULL, NULL)
      != G_IO_STATUS_NORMAL)
    return G_SOURCE_REMOVE;
  threshold = g_ascii_strtod (g_strstrip (line), &end);
  if (end == line || *end != '\0' || threshold < 0.0 || threshold > 1.0) {
    g_printerr ("\"%s\" is not a threshold from 0 to 1\n", line);
  } else {
    g_object_set (self->detector, "threshold", threshold, NULL);
    g_print ("threshold %.2f\n", threshold);
  }
  return G_SOURCE_CONTINUE;
}

int
main (int argc, char **argv)
{
  g_autofree gchar *description = NULL;
  g_autoptr (GError) error = NULL;
  GstElement *pipeline;
  GIOChannel *input;
  Embed self = { 0 };
  GstBus *bus;

  gst_init (&argc, &argv);
  if (argc != 3) {
    g_printerr ("usage: %s MODEL.xmodel SOURCE\n"
                "SOURCE is what gst-launch-1.0 takes, for example \"v4l2src\" "
                "or \"filesrc location=street.mp4 ! decodebin\"\n",
        argv[0]);
    return 2;
  }
  description = g_strdup_printf (
      "%s ! videoconvert ! videoflip video-direction=auto ! yolov5dpu "
      "name=detector model=\"%s\" post-messages=true ! fakesink",
      argv[2], argv[1]);
  pipeline = gst_parse_launch (description, &error);
  if (error != NULL) {
    g_printerr ("%s\n", error->message);
    gst_clear_object (&pipeline);
    return 1;
  }

  self.loop = g_main_loop_new (NULL, FALSE);
  self.detector = gst_bin_get_by_name (GST_BIN (pipeline), "detector");
  bus = gst_element_get_bus (pipeline);
  gst_bus_add_watch (bus, on_message, &self);
  input = g_io_channel_unix_new (0);
  g_io_add_watch (input, G_IO_IN | G_IO_HUP, on_input, &self);

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  g_main_loop_run (self.loop);

  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_bus_remove_watch (bus);
  g_io_channel_unref (input);
  gst_object_unref (bus);
  gst_object_unref (self.detector);
  gst_object_unref (pipeline);
  g_main_loop_unref (self.loop);
  return self.failed ? 1 : 0;
}
