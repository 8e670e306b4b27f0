/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "source.h"

#include <gst/base/gstbasetransform.h>

#include "detect/orientation.h"

/* a picture is looked at again and again, as settings change */
#define PICTURE_RATE "5/1"
#define TEST_SOURCE                                                            \
  "videotestsrc is-live=true "                                                 \
  "! video/x-raw,width=640,height=480,framerate=30/1"

typedef enum {
  SOURCE_TEST,
  SOURCE_DEVICE,
  SOURCE_DESCRIPTION,
  SOURCE_STREAM,
  SOURCE_CLIP,
  SOURCE_PICTURE,
} SourceKind;

static SourceKind
get_kind (const gchar *source)
{
  g_autofree gchar *type = NULL;

  if (g_str_equal (source, "test"))
    return SOURCE_TEST;
  if (g_str_has_prefix (source, "/dev/video"))
    return SOURCE_DEVICE;
  if (strstr (source, " ! ") != NULL)
    return SOURCE_DESCRIPTION;
  if (g_str_has_prefix (source, "rtsp"))
    return SOURCE_STREAM;
  type = g_content_type_guess (source, NULL, 0, NULL);
  return g_content_type_is_a (type, "image/*")
                 || g_str_has_prefix (type, "image/")
             ? SOURCE_PICTURE
             : SOURCE_CLIP;
}

/* cameras stand upright, clips say how they stand */
static gchar *
describe (const gchar *source, SourceKind kind)
{
  switch (kind) {
    case SOURCE_TEST:
      return g_strdup (TEST_SOURCE);
    case SOURCE_DEVICE:
      return g_strdup ("v4l2src name=source ! decodebin ! videoconvert");
    case SOURCE_DESCRIPTION:
      return g_strconcat (source, " ! videoconvert", NULL);
    case SOURCE_STREAM:
      return g_strdup ("uridecodebin name=source ! videoconvert");
    case SOURCE_PICTURE:
      return g_strdup ("uridecodebin name=source ! videoconvert "
                       "! videoflip name=upright video-direction=auto "
                       "! imagefreeze is-live=true "
                       "! video/x-raw,framerate=" PICTURE_RATE);
    case SOURCE_CLIP:
    default:
      /* at its own pace, as a camera: frames that the detector is too slow for
       * pass without inference */
      return g_strdup ("uridecodebin name=source ! videoconvert "
                       "! videoflip name=upright video-direction=auto "
                       "! clocksync");
  }
}

static void
read_orientation (GstElement *pipeline)
{
  GstElement *decoder = gst_bin_get_by_name (GST_BIN (pipeline), "source");

  detect_orientation_read (decoder);
  gst_object_unref (decoder);
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

static void
set_choice (GstElement *pipeline, const gchar *name, const gchar *property,
    const gchar *value)
{
  GstElement *element = gst_bin_get_by_name (GST_BIN (pipeline), name);

  gst_util_set_object_arg (G_OBJECT (element), property, value);
  gst_object_unref (element);
}

static gboolean
set_location (
    GstElement *pipeline, const gchar *source, SourceKind kind, GError **error)
{
  g_autofree gchar *uri = NULL;

  if (kind == SOURCE_DEVICE)
    set_string (pipeline, "source", "device", source);
  if (kind < SOURCE_STREAM)
    return TRUE;
  uri = gst_uri_is_valid (source) ? g_strdup (source)
                                  : gst_filename_to_uri (source, error);
  if (uri == NULL)
    return FALSE;
  set_string (pipeline, "source", "uri", uri);
  return TRUE;
}

static gboolean
is_element_there (const gchar *name)
{
  GstElementFactory *factory = gst_element_factory_find (name);
  gboolean is_there = factory != NULL;

  gst_clear_object (&factory);
  return is_there;
}

/**
 * view_source_make_pipeline:
 * @source: a device, file, URI, description of elements, or "test"
 * @options: what to detect with
 * @error: return location
 *
 * Returns: (transfer floating) (nullable): a pipeline with a yolov5dpu named
 *   detector and an appsink named frames
 */
GstElement *
view_source_make_pipeline (
    const gchar *source, const ViewCameraOptions *options, GError **error)
{
  SourceKind kind = get_kind (source);
  g_autofree gchar *input = describe (source, kind);
  g_autofree gchar *text = g_strconcat (input,
      " ! yolov5dpu name=detector ! yolov5track name=tracker ",
      options->zones != NULL ? "! yolov5zones name=zones " : "",
      "! appsink name=frames sync=false max-buffers=1 drop=true "
      "enable-last-sample=false",
      NULL);
  GstElement *pipeline;

  if (options->zones != NULL && !is_element_there ("yolov5zones")) {
    g_set_error (error, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN,
        "--zones needs the element yolov5zones, which this installation of "
        "yolov5dpu has not");
    return NULL;
  }
  pipeline =
      gst_parse_launch_full (text, NULL, GST_PARSE_FLAG_FATAL_ERRORS, error);
  if (pipeline == NULL)
    return NULL;
  if (!set_location (pipeline, source, kind, error)) {
    gst_object_unref (gst_object_ref_sink (pipeline));
    return NULL;
  }
  set_string (pipeline, "detector", "model", options->model);
  if (options->zones != NULL)
    set_string (pipeline, "zones", "config", options->zones);
  if (options->device != NULL)
    set_choice (pipeline, "detector", "device", options->device);
  /* frames that find the device busy pass, and what is found is never attached
   * to a later frame: boxes and picture belong together */
  set_choice (pipeline, "detector", "no-block", "true");
  if (kind == SOURCE_PICTURE)
    read_orientation (pipeline);
  start_upright (pipeline);
  return pipeline;
}

/* whoever watches need not know how to get into the camera itself */
static gchar *
leave_out_passwords (const gchar *words)
{
  g_autoptr (GRegex) secret = g_regex_new ("://[^/@\\s]*@", 0, 0, NULL);
  g_autofree gchar *valid = g_utf8_make_valid (words, -1);

  return g_regex_replace_literal (secret, valid, -1, 0, "://", 0, NULL);
}

/**
 * view_source_word_error:
 * @message: an error of the pipeline
 *
 * Returns: (transfer full): what is wrong, in words for who watches
 */
gchar *
view_source_word_error (GstMessage *message)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *details = NULL;

  gst_message_parse_error (message, &error, &details);
  /* decoders do not know what they decode */
  return leave_out_passwords (
      details != NULL && strstr (details, "reason not-linked") != NULL
          ? "There is no video in it"
          : error->message);
}

/**
 * view_source_get_name:
 * @source: a source
 *
 * Returns: (transfer full): what to call it on the page: no password and no
 *   folder is in it
 */
gchar *
view_source_get_name (const gchar *source)
{
  g_autoptr (GUri) uri = g_uri_parse (source, G_URI_FLAGS_PARSE_RELAXED, NULL);
  const gchar *path = uri != NULL ? g_uri_get_path (uri) : source;
  const gchar *host = uri != NULL ? g_uri_get_host (uri) : NULL;
  SourceKind kind = get_kind (source);
  g_autofree gchar *name = NULL;

  if (kind == SOURCE_DESCRIPTION)
    name = g_strndup (source, strcspn (source, " "));
  else if (kind == SOURCE_STREAM || (uri != NULL && strlen (path) < 2))
    name = g_strdup (host != NULL ? host : "stream");
  else
    name = g_path_get_basename (path);
  return g_utf8_make_valid (name, -1);
}
