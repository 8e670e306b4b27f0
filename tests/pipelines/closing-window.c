/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* A plug-in with the best of all video sinks, whose window is closed after as many
 * frames as $CLOSING_WINDOW_FRAMES says. Sinks with a window say so as this one
 * does. */

#include <gst/video/gstvideosink.h>

#include <stdlib.h>

#define PACKAGE "closing-window"

G_DECLARE_FINAL_TYPE (
    ClosingWindow, closing_window, CLOSING, WINDOW, GstVideoSink)

struct _ClosingWindow {
  GstVideoSink parent;
  guint n_left;
};

G_DEFINE_TYPE (ClosingWindow, closing_window, GST_TYPE_VIDEO_SINK)

static GstFlowReturn
closing_window_show_frame (GstVideoSink *sink, GstBuffer *buffer)
{
  ClosingWindow *self = CLOSING_WINDOW (sink);

  if (self->n_left > 0) {
    self->n_left--;
    return GST_FLOW_OK;
  }
  GST_ELEMENT_ERROR (
      self, RESOURCE, NOT_FOUND, ("Output window was closed"), (NULL));
  return GST_FLOW_ERROR;
}

static void
closing_window_class_init (ClosingWindowClass *klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstCaps *caps = gst_caps_from_string ("video/x-raw");

  gst_element_class_add_pad_template (element_class,
      gst_pad_template_new ("sink", GST_PAD_SINK, GST_PAD_ALWAYS, caps));
  gst_caps_unref (caps);
  gst_element_class_set_static_metadata (
      element_class, "Closing window", "Sink/Video", "Is closed", "yolov5dpu");
  GST_VIDEO_SINK_CLASS (klass)->show_frame = closing_window_show_frame;
}

static void
closing_window_init (ClosingWindow *self)
{
  self->n_left = atoi (g_getenv ("CLOSING_WINDOW_FRAMES"));
}

static gboolean
plugin_init (GstPlugin *plugin)
{
  return gst_element_register (plugin, "closingwindow", GST_RANK_PRIMARY + 1000,
      closing_window_get_type ());
}

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, closingwindow,
    "A window that is closed", plugin_init, "0", "LGPL", PACKAGE,
    "https://gstreamer.freedesktop.org")
