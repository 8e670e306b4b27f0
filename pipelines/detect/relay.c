/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* In streaming threads. In the place of a picture's EOS goes an event that tells
 * when all of the picture has come through, and leaves the pipeline ready for the
 * next one. */

#include "relay.h"
#include "pipeline.h"

static void
post (GstElement *sink, GstStructure *structure)
{
  gst_element_post_message (
      sink, gst_message_new_application (GST_OBJECT (sink), structure));
}

static void
on_line (GstElement *sink, GstBuffer *buffer, GstPad *pad, gpointer user_data)
{
  GstMapInfo map;
  g_autofree gchar *line = NULL;

  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    return;
  line = g_strndup ((const gchar *) map.data, map.size);
  gst_buffer_unmap (buffer, &map);
  post (sink,
      gst_structure_new (DETECT_RELAY_LINE, "line", G_TYPE_STRING, line, NULL));
}

static void
on_frame (GstElement *sink, GstBuffer *buffer, GstPad *pad, gpointer user_data)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);
  g_autoptr (GstSample) sample = gst_sample_new (buffer, caps, NULL, NULL);

  post (sink, gst_structure_new (
                  DETECT_RELAY_FRAME, "sample", GST_TYPE_SAMPLE, sample, NULL));
}

static GstPadProbeReturn
on_sink_event (GstPad *pad, GstPadProbeInfo *info, gpointer sink)
{
  if (gst_event_has_name (GST_PAD_PROBE_INFO_EVENT (info), DETECT_RELAY_END))
    post (sink, gst_structure_new_empty (DETECT_RELAY_END));
  return GST_PAD_PROBE_OK;
}

typedef enum {
  PASSED_NOTHING,
  PASSED_PICTURE,
  PASSED_END,
} Passed;

/* lets one frame through, and then the event */
static GstPadProbeReturn
on_picture (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Passed *passed = user_data;
  gboolean is_buffer =
      GST_PAD_PROBE_INFO_TYPE (info) & GST_PAD_PROBE_TYPE_BUFFER;
  GstPad *peer;

  if (*passed == PASSED_NOTHING && is_buffer)
    *passed = PASSED_PICTURE;
  else if (*passed == PASSED_END)
    return GST_PAD_PROBE_DROP;
  else if (is_buffer
           || GST_EVENT_TYPE (GST_PAD_PROBE_INFO_EVENT (info))
                  == GST_EVENT_EOS) {
    *passed = PASSED_END;
    peer = gst_pad_get_peer (pad);
    if (peer != NULL) {
      gst_pad_send_event (
          peer, gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM,
                    gst_structure_new_empty (DETECT_RELAY_END)));
      gst_object_unref (peer);
    }
    return GST_PAD_PROBE_DROP;
  }
  return GST_PAD_PROBE_OK;
}

static void
watch_sink (GstElement *pipeline, const gchar *name, GCallback on_handoff)
{
  GstElement *sink = gst_bin_get_by_name (GST_BIN (pipeline), name);
  GstPad *pad;

  if (sink == NULL)
    return;
  pad = gst_element_get_static_pad (sink, "sink");
  g_signal_connect (sink, "handoff", on_handoff, NULL);
  gst_pad_add_probe (
      pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, on_sink_event, sink, NULL);
  gst_object_unref (pad);
  gst_object_unref (sink);
}

/**
 * detect_relay_watch:
 * @pipeline: of detect_pipeline_new()
 */
void
detect_relay_watch (GstElement *pipeline)
{
  watch_sink (pipeline, DETECT_LINES, G_CALLBACK (on_line));
  watch_sink (pipeline, DETECT_FRAMES, G_CALLBACK (on_frame));
}

/**
 * detect_relay_watch_picture:
 * @input: of detect_pipeline_make_source(), for one picture
 */
void
detect_relay_watch_picture (GstElement *input)
{
  GstPad *pad = gst_element_get_static_pad (input, "src");

  gst_pad_add_probe (pad,
      GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
      on_picture, g_new0 (Passed, 1), g_free);
  gst_object_unref (pad);
}
