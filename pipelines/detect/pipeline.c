/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Of a picture or video, everything behind its source:
 *
 *   detector [! tracker [! zones]] ! tee ! yolov5json ! lines
 *                                      ! yolov5overlay ! tee ! display
 *                                                          ! frames or sink
 *
 * Pictures come out at "frames" as they are, one after the other; a video goes
 * through an encoder into a file. */

#include "pipeline.h"
#include "orientation.h"

#include <gst/base/gstbasetransform.h>

#define MODEL_EVENT_PREFIX "yolov5dpu-model."

/* for frames in I420 or NV12: what a board has goes first */
static const struct {
  const gchar *element;
  const gchar *description;
} encoders[] = {
  { "omxh264enc", "omxh264enc target-bitrate=4000 ! h264parse" },
  { "v4l2h264enc", "v4l2h264enc ! h264parse" },
  { "x264enc", "x264enc speed-preset=veryfast bframes=0 rc-lookahead=0" },
  { "openh264enc", "openh264enc ! h264parse" },
};

static gboolean
has_element (const gchar *name)
{
  GstElementFactory *factory = gst_element_factory_find (name);
  gboolean found = factory != NULL;

  gst_clear_object (&factory);
  return found;
}

/**
 * detect_pipeline_find_elements:
 * @error: %DETECT_ERROR_SETUP
 *
 * Finds the project's elements where they are installed, wherever GStreamer
 * looks.
 */
gboolean
detect_pipeline_find_elements (GError **error)
{
  if (!has_element ("yolov5dpu"))
    gst_registry_scan_path (gst_registry_get (), PLUGIN_DIR);
  if (!has_element ("yolov5dpu")) {
    g_set_error (error, DETECT_ERROR, DETECT_ERROR_SETUP,
        "The element yolov5dpu is not in " PLUGIN_DIR
        " nor where GStreamer looks; set GST_PLUGIN_PATH_1_0 to its folder");
    return FALSE;
  }
  return TRUE;
}

static const gchar *
pick_encoder (GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (encoders); i++)
    if (has_element (encoders[i].element))
      return encoders[i].description;
  g_set_error (error, DETECT_ERROR, DETECT_ERROR_SETUP,
      "There is no H.264 encoder here (omxh264enc, v4l2h264enc, x264enc or "
      "openh264enc): install gstreamer1.0-plugins-ugly for x264enc, or use "
      "--no-save");
  return NULL;
}

static gboolean
is_set (const gchar *variable)
{
  const gchar *value = g_getenv (variable);

  return value != NULL && *value != '\0';
}

static const gchar *
pick_display (GError **error)
{
  if ((is_set ("WAYLAND_DISPLAY") || is_set ("DISPLAY"))
      && has_element ("autovideosink"))
    return "autovideosink";
  if (g_file_test ("/dev/dri/card0", G_FILE_TEST_EXISTS)
      && has_element ("kmssink"))
    return "kmssink";
  g_set_error (error, DETECT_ERROR, DETECT_ERROR_SETUP,
      "There is no display here: no desktop (DISPLAY and WAYLAND_DISPLAY are "
      "empty) and no DRM device in /dev/dri for kmssink; leave --show out");
  return NULL;
}

static gboolean
append_detection (
    GString *text, const DetectSettings *settings, gboolean is_video)
{
  /* one picture at a time needs one slot of the DPU */
  g_string_append_printf (text, "yolov5dpu name=" DETECT_DETECTOR "%s",
      is_video ? "" : " max-in-flight=1");
  if (is_video && (settings->tracks || settings->zones != NULL))
    g_string_append (text, " ! yolov5track name=" DETECT_TRACKER);
  if (is_video && settings->zones != NULL)
    g_string_append (text, " ! yolov5zones name=" DETECT_ZONES);
  /* before the pipeline plays, sinks take one frame and encoders want many */
  g_string_append (text,
      " ! tee name=found found. ! queue max-size-buffers=0 max-size-bytes=0 "
      "max-size-time=0 ! yolov5json ! fakesink name=" DETECT_LINES
      " sync=false async=false signal-handoffs=true");
  return TRUE;
}

static gboolean
append_drawing (GString *text, const DetectSettings *settings,
    gboolean is_video, GError **error)
{
  g_string_append (text, " found. ! yolov5overlay");
  /* predicted boxes take the place of those of the last frame */
  if (is_video && (settings->tracks || settings->zones != NULL))
    g_string_append (text, " expire-overlay=0");
  g_string_append (text, " ! tee name=drawn");
  if (settings->shows) {
    const gchar *display = pick_display (error);

    if (display == NULL)
      return FALSE;
    g_string_append_printf (text,
        " drawn. ! queue max-size-buffers=4 ! videoconvert ! %s "
        "name=" DETECT_DISPLAY " sync=false",
        display);
  }
  if (settings->saves && !is_video) {
    g_string_append (text, " drawn. ! fakesink name=" DETECT_FRAMES
                           " sync=false async=false signal-handoffs=true");
  } else if (settings->saves) {
    const gchar *encoder = pick_encoder (error);

    if (encoder == NULL)
      return FALSE;
    /* what every player can show */
    g_string_append_printf (text,
        " drawn. ! videoconvert ! video/x-raw,format={I420,NV12} "
        "! queue max-size-buffers=4 ! %s ! mp4mux ! filesink name=" DETECT_SINK,
        encoder);
  }
  return TRUE;
}

static void
set_string (GstElement *pipeline, const gchar *name, const gchar *property,
    const gchar *value)
{
  GstElement *element = gst_bin_get_by_name (GST_BIN (pipeline), name);

  g_object_set (element, property, value, NULL);
  gst_object_unref (element);
}

static GstPadProbeReturn
show (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  gboolean *has_failed = user_data;
  GstPad *peer = *has_failed ? NULL : gst_pad_get_peer (pad);
  GstFlowReturn flow = GST_FLOW_OK;

  if (peer != NULL)
    flow = gst_pad_chain (peer, GST_PAD_PROBE_INFO_BUFFER (info));
  else
    gst_buffer_unref (GST_PAD_PROBE_INFO_BUFFER (info));
  *has_failed |= flow == GST_FLOW_ERROR;
  info->data = NULL;
  GST_PAD_PROBE_INFO_FLOW_RETURN (info) = *has_failed ? GST_FLOW_OK : flow;
  gst_clear_object (&peer);
  return GST_PAD_PROBE_HANDLED;
}

/* a display that fails says so in a message, and does not take the file with it */
static void
let_display_fail (GstElement *pipeline)
{
  GstElement *display =
      gst_bin_get_by_name (GST_BIN (pipeline), DETECT_DISPLAY);
  GstPad *sinkpad, *pad;

  if (display == NULL)
    return;
  sinkpad = gst_element_get_static_pad (display, "sink");
  pad = gst_pad_get_peer (sinkpad);
  gst_pad_add_probe (
      pad, GST_PAD_PROBE_TYPE_BUFFER, show, g_new0 (gboolean, 1), g_free);
  gst_object_unref (pad);
  gst_object_unref (sinkpad);
  gst_object_unref (display);
}

static void
set_detector (GstElement *pipeline, const DetectSettings *settings)
{
  GstElement *detector =
      gst_bin_get_by_name (GST_BIN (pipeline), DETECT_DETECTOR);

  g_object_set (detector, "model", settings->model, NULL);
  if (settings->classes != NULL)
    g_object_set (detector, "classes", settings->classes, NULL);
  if (settings->threshold >= 0)
    g_object_set (detector, "threshold", settings->threshold, NULL);
  if (settings->device != NULL)
    gst_util_set_object_arg (G_OBJECT (detector), "device", settings->device);
  gst_object_unref (detector);
}

/**
 * detect_pipeline_new:
 * @is_video: of a video; else for any number of pictures
 * @error: %DETECT_ERROR_SETUP
 *
 * Returns: (transfer full) (nullable): a pipeline whose detector's sink pad is
 *   not linked
 */
GstElement *
detect_pipeline_new (
    const DetectSettings *settings, gboolean is_video, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GError) local_error = NULL;
  GstElement *pipeline;

  append_detection (text, settings, is_video);
  if ((settings->saves || settings->shows)
      && !append_drawing (text, settings, is_video, error))
    return NULL;
  /* missing elements are an error, not a part of a pipeline */
  pipeline = gst_parse_launch_full (
      text->str, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &local_error);
  if (pipeline == NULL) {
    g_set_error_literal (
        error, DETECT_ERROR, DETECT_ERROR_SETUP, local_error->message);
    return NULL;
  }
  let_display_fail (pipeline);
  set_detector (pipeline, settings);
  if (is_video && settings->zones != NULL)
    set_string (pipeline, DETECT_ZONES, "config", settings->zones);
  return pipeline;
}

/**
 * detect_pipeline_make_source:
 *
 * Cameras stand upright; videos and pictures say how they stand, and are turned.
 *
 * Returns: (transfer floating) (nullable): a bin with a source pad of raw video
 */
GstElement *
detect_pipeline_make_source (const DetectSource *source, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  GstElement *bin = gst_parse_bin_from_description_full (
      source->kind == DETECT_CAMERA
          ? "v4l2src name=" DETECT_SOURCE
            " ! decodebin ! videoconvert name=upright"
          : "uridecodebin name=" DETECT_SOURCE " ! videoconvert "
            "! videoflip name=upright video-direction=auto",
      FALSE, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &local_error);
  GstElement *last;
  GstPad *pad;

  if (bin == NULL) {
    g_set_error_literal (
        error, DETECT_ERROR, DETECT_ERROR_SETUP, local_error->message);
    return NULL;
  }
  if (source->kind == DETECT_CAMERA)
    set_string (bin, DETECT_SOURCE, "device", source->path);
  else
    set_string (bin, DETECT_SOURCE, "uri", source->uri);

  /* also of a picture that a video is made of */
  if (source->kind != DETECT_CAMERA) {
    GstElement *decoder = gst_bin_get_by_name (GST_BIN (bin), DETECT_SOURCE);

    detect_orientation_read (decoder);
    gst_object_unref (decoder);
  }
  last = gst_bin_get_by_name (GST_BIN (bin), "upright");
  /* videoflip copies all frames until the first tag that says how they are to be
   * turned, unless it is told that there is nothing to do */
  if (source->kind != DETECT_CAMERA)
    gst_base_transform_set_passthrough (GST_BASE_TRANSFORM (last), TRUE);
  pad = gst_element_get_static_pad (last, "src");
  gst_element_add_pad (bin, gst_ghost_pad_new ("src", pad));
  gst_object_unref (pad);
  gst_object_unref (last);
  return bin;
}

/**
 * detect_pipeline_check_found:
 * @input: of detect_pipeline_make_source(), for as long as
 *   detect_source_get_patience() says
 * @source: what it reads
 * @error: %DETECT_ERROR_SOURCE
 *
 * decodebin drops what an element says that fails while it is being started: now
 * and then, there is neither an error nor an end of a broken file.
 *
 * Returns: whether something to be shown was found in the source, or it is a
 *   camera
 */
gboolean
detect_pipeline_check_found (
    GstElement *input, const DetectSource *source, GError **error)
{
  GstElement *element = gst_bin_get_by_name (GST_BIN (input), DETECT_SOURCE);
  gboolean has_found;

  GST_OBJECT_LOCK (element);
  has_found = element->numsrcpads > 0;
  GST_OBJECT_UNLOCK (element);
  gst_object_unref (element);
  if (!has_found)
    g_set_error (error, DETECT_ERROR, DETECT_ERROR_SOURCE,
        "%s: Nothing to be shown was found in it within %u s", source->name,
        detect_source_get_patience (source));
  return has_found;
}

static gboolean
is_of (GstElement *pipeline, GstObject *origin, const gchar *name)
{
  GstElement *element = gst_bin_get_by_name (GST_BIN (pipeline), name);
  gboolean found =
      element != NULL
      && (origin == GST_OBJECT (element)
          || gst_object_has_as_ancestor (origin, GST_OBJECT (element)));

  gst_clear_object (&element);
  return found;
}

static gboolean
is_of_any (GstElement *pipeline, GstObject *origin, const gchar *const *names)
{
  for (; *names != NULL; names++)
    if (is_of (pipeline, origin, *names))
      return TRUE;
  return FALSE;
}

/**
 * detect_pipeline_make_error:
 * @input: (nullable): what is in front of @pipeline
 * @source: what it reads
 * @message: an error
 *
 * What it is about, where the sentence alone does not say: decoders do not know
 * what they decode. What the project's elements refuse to start with will not
 * work with another source either.
 *
 * Returns: (transfer full): a #DetectError
 */
GError *
detect_pipeline_make_error (GstElement *pipeline, GstElement *input,
    const DetectSource *source, GstMessage *message)
{
  static const gchar *const of_all_sources[] = { DETECT_DETECTOR,
    DETECT_TRACKER, DETECT_ZONES, DETECT_DISPLAY, NULL };
  GstObject *origin = GST_MESSAGE_SRC (message);
  g_autoptr (GError) error = NULL;
  g_autofree gchar *details = NULL;

  gst_message_parse_error (message, &error, &details);
  if (details != NULL)
    GST_INFO ("%s", details);
  if (is_of (pipeline, origin, DETECT_SINK))
    return g_error_new (DETECT_ERROR, DETECT_ERROR_OUTPUT, "%s: %s",
        source->output, error->message);
  if (error->domain != GST_STREAM_ERROR
      && is_of_any (pipeline, origin, of_all_sources))
    return g_error_new_literal (
        DETECT_ERROR, DETECT_ERROR_SETUP, error->message);
  return g_error_new (DETECT_ERROR, DETECT_ERROR_SOURCE, "%s: %s", source->name,
      input != NULL && gst_object_has_as_ancestor (origin, GST_OBJECT (input))
              && details != NULL
              && strstr (details, "reason not-linked") != NULL
          ? "There is no video in it"
          : error->message);
}

/**
 * detect_pipeline_is_closed_window:
 * @message: an error
 *
 * Returns: whether it is no failure: all video sinks with a window say so that it
 *   was closed
 */
gboolean
detect_pipeline_is_closed_window (GstElement *pipeline, GstMessage *message)
{
  g_autoptr (GError) error = NULL;

  gst_message_parse_error (message, &error, NULL);
  return g_error_matches (
             error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND)
         && is_of (pipeline, GST_MESSAGE_SRC (message), DETECT_DISPLAY);
}

/**
 * detect_pipeline_close_display:
 * @pipeline: whose window was closed
 *
 * What else is made of the frames goes on.
 */
void
detect_pipeline_close_display (GstElement *pipeline)
{
  GstElement *display =
      gst_bin_get_by_name (GST_BIN (pipeline), DETECT_DISPLAY);

  gst_element_set_locked_state (display, TRUE);
  gst_element_set_state (display, GST_STATE_NULL);
  gst_bin_remove (GST_BIN (pipeline), display);
  gst_object_unref (display);
}

static gboolean
read_labels (GstPad *pad, GstEvent **event, gpointer user_data)
{
  GPtrArray *labels = user_data;
  const GstStructure *structure = gst_event_get_structure (*event);
  const GValue *list;

  if (GST_EVENT_TYPE (*event) != GST_EVENT_CUSTOM_DOWNSTREAM_STICKY
      || structure == NULL
      || !g_str_has_prefix (
          gst_structure_get_name (structure), MODEL_EVENT_PREFIX))
    return TRUE;
  list = gst_structure_get_value (structure, "labels");
  for (guint i = 0; i < gst_value_array_get_size (list); i++)
    g_ptr_array_add (
        labels, g_value_dup_string (gst_value_array_get_value (list, i)));
  return FALSE;
}

/**
 * detect_pipeline_get_labels:
 * @pipeline: in which a frame has come through
 *
 * Returns: (transfer full) (element-type utf8): of the model's classes
 */
GPtrArray *
detect_pipeline_get_labels (GstElement *pipeline)
{
  GPtrArray *labels = g_ptr_array_new_with_free_func (g_free);
  GstElement *detector =
      gst_bin_get_by_name (GST_BIN (pipeline), DETECT_DETECTOR);
  GstPad *pad = gst_element_get_static_pad (detector, "src");

  gst_pad_sticky_events_foreach (pad, read_labels, labels);
  gst_object_unref (pad);
  gst_object_unref (detector);
  return labels;
}
