/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* An application with functions that are called as some of ours, and that shows
 * them to the plug-ins it loads (-rdynamic): none of them may be taken for ours.
 *
 * usage: clashing-host MODEL
 */

#include <gst/gst.h>

#define CLASHING_FUNCTION(name)                                                \
  void name (void);                                                            \
  void name (void)                                                             \
  {                                                                            \
    g_error ("the application's own %s was called", #name);                    \
  }

/* one of each room, of those that playing calls */
CLASHING_FUNCTION (letterbox_new)
CLASHING_FUNCTION (letterbox_write_picture)
CLASHING_FUNCTION (dpu_model_open)
CLASHING_FUNCTION (yolov5_model_new)
CLASHING_FUNCTION (yolov5_decoder_run)
CLASHING_FUNCTION (xmodel_parse)
CLASHING_FUNCTION (swdpu_context_new)
CLASHING_FUNCTION (overlay_drawing_new)
CLASHING_FUNCTION (gst_yolov5_fifo_new)
CLASHING_FUNCTION (gst_yolov5_detections_attach)

int
main (int argc, char **argv)
{
  g_autofree gchar *description = NULL;
  GstMessage *message;
  GstElement *pipeline;
  GstBus *bus;
  gboolean played;

  gst_init (&argc, &argv);
  description = g_strdup_printf (
      "videotestsrc num-buffers=3 ! video/x-raw,width=320,height=240 ! "
      "yolov5dpu device=cpu model=%s ! yolov5overlay ! fakesink",
      argv[1]);
  pipeline = gst_parse_launch (description, NULL);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);

  bus = gst_element_get_bus (pipeline);
  message = gst_bus_timed_pop_filtered (
      bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  played = GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS;
  if (!played)
    g_printerr ("%s\n",
        gst_structure_to_string (gst_message_get_structure (message)));

  gst_message_unref (message);
  gst_object_unref (bus);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
  return played ? 0 : 1;
}
