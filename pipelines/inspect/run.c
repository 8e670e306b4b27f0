/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* One picture through the elements themselves. */

#include "actions.h"

#include <glib/gstdio.h>

#include <errno.h>
#include <string.h>

#define PIPELINE                                                               \
  "uridecodebin name=source ! videoconvert ! "                                 \
  "videoflip video-direction=auto ! yolov5dpu name=detector "                  \
  "post-messages=true ! yolov5overlay ! videoconvert ! "                       \
  "pngenc snapshot=true ! filesink name=sink"

/* what is written before it is complete */
#define PART_SUFFIX ".part"

/* finds the elements where they are installed, wherever GStreamer looks */
static gboolean
find_elements (GError **error)
{
  GstElementFactory *factory = gst_element_factory_find ("yolov5dpu");

  if (factory == NULL) {
    gst_registry_scan_path (gst_registry_get (), PLUGIN_DIR);
    factory = gst_element_factory_find ("yolov5dpu");
  }
  if (factory == NULL) {
    g_set_error (error, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN,
        "The element yolov5dpu is not in " PLUGIN_DIR
        " nor where GStreamer looks; set GST_PLUGIN_PATH_1_0 to its folder");
    return FALSE;
  }
  gst_object_unref (factory);
  return TRUE;
}

/* A picture's orientation is in its EXIF data, which jpegparse reads. Decoders do
 * without it unless it ranks above them. */
static void
prefer_jpegparse (void)
{
  GstPluginFeature *parser =
      gst_registry_lookup_feature (gst_registry_get (), "jpegparse");

  if (parser != NULL)
    gst_plugin_feature_set_rank (parser, GST_RANK_PRIMARY + 1);
  gst_clear_object (&parser);
}

static void
set_string (GstElement *pipeline, const gchar *name, const gchar *property,
    const gchar *value)
{
  GstElement *element = gst_bin_get_by_name (GST_BIN (pipeline), name);

  g_object_set (element, property, value, NULL);
  gst_object_unref (element);
}

static GstElement *
make_pipeline (const InspectReport *report, const gchar *picture,
    const gchar *part, GError **error)
{
  g_autofree gchar *uri = gst_uri_is_valid (picture)
                              ? g_strdup (picture)
                              : gst_filename_to_uri (picture, error);
  GstElement *pipeline, *detector;

  if (uri == NULL || !find_elements (error))
    return NULL;
  prefer_jpegparse ();
  /* missing elements are an error, not a part of a pipeline */
  pipeline = gst_parse_launch_full (
      PIPELINE, NULL, GST_PARSE_FLAG_FATAL_ERRORS, error);
  if (pipeline == NULL)
    return NULL;

  set_string (pipeline, "source", "uri", uri);
  set_string (pipeline, "detector", "model", report->path);
  set_string (pipeline, "sink", "location", part);
  detector = gst_bin_get_by_name (GST_BIN (pipeline), "detector");
  gst_util_set_object_arg (G_OBJECT (detector), "device",
      report->verdict == INSPECT_VERDICT_DPU ? "dpu" : "cpu");
  gst_object_unref (detector);
  return pipeline;
}

/* @detections: (out) (nullable): of the first frame */
static gboolean
wait_for_end (GstElement *pipeline, GPtrArray **detections, GError **error)
{
  GstBus *bus = gst_element_get_bus (pipeline);
  gboolean succeeded = FALSE, done = FALSE;

  while (!done) {
    GstMessage *message = gst_bus_timed_pop_filtered (bus, GST_CLOCK_TIME_NONE,
        GST_MESSAGE_EOS | GST_MESSAGE_ERROR | GST_MESSAGE_ELEMENT);
    const GstStructure *structure = gst_message_get_structure (message);

    if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
      gst_message_parse_error (message, error, NULL);
    succeeded = GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS;
    done = succeeded || GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR;
    if (*detections == NULL && gst_message_has_name (message, "yolov5dpu")) {
      const GValue *list = gst_structure_get_value (structure, "detections");

      *detections =
          g_ptr_array_new_with_free_func ((GDestroyNotify) gst_structure_free);
      for (guint i = 0; list != NULL && i < gst_value_list_get_size (list); i++)
        g_ptr_array_add (*detections,
            gst_structure_copy (
                gst_value_get_structure (gst_value_list_get_value (list, i))));
    }
    gst_message_unref (message);
  }
  gst_object_unref (bus);
  return succeeded;
}

/* street.jpg becomes street-detections.png in the current folder */
static gchar *
choose_output (const gchar *picture)
{
  g_autofree gchar *name = g_path_get_basename (picture);
  gchar *dot = strrchr (name, '.');

  if (dot != NULL && dot != name)
    *dot = '\0';
  return g_strconcat (name, "-detections.png", NULL);
}

static InspectPicture *
run_pipeline (
    GstElement *pipeline, const gchar *part, gchar *output, GError **error)
{
  g_autoptr (GPtrArray) detections = NULL;
  InspectPicture *self;
  gboolean succeeded;

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  succeeded = wait_for_end (pipeline, &detections, error);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  if (!succeeded)
    return NULL;
  if (detections == NULL) {
    g_set_error (error, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT,
        "There is no picture in it");
    return NULL;
  }
  if (g_rename (part, output) != 0) {
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno),
        "%s cannot be written: %s", output, g_strerror (errno));
    return NULL;
  }
  self = g_new0 (InspectPicture, 1);
  self->detections = g_steal_pointer (&detections);
  self->output = g_strdup (output);
  return self;
}

/**
 * inspect_run:
 * @report: of a model that runs
 * @picture: a file or a URI; of a video the first frame. It is turned upright
 *   where it says that it does not stand so
 * @output: (nullable): the .png to write, %NULL for one in the current folder
 *   named after @picture
 *
 * Returns: (transfer full) (nullable): what was found, %NULL with the sentence
 *   the pipeline gave, and then nothing is written
 */
InspectPicture *
inspect_run (const InspectReport *report, const gchar *picture,
    const gchar *output, GError **error)
{
  g_autofree gchar *chosen =
      output != NULL ? g_strdup (output) : choose_output (picture);
  g_autofree gchar *part = g_strconcat (chosen, PART_SUFFIX, NULL);
  InspectPicture *self = NULL;
  GstElement *pipeline;

  gst_init (NULL, NULL);
  pipeline = make_pipeline (report, picture, part, error);
  if (pipeline != NULL) {
    self = run_pipeline (pipeline, part, chosen, error);
    gst_object_unref (pipeline);
    if (self == NULL) {
      g_unlink (part);
      g_prefix_error (error, "%s: ", picture);
    }
  }
  return self;
}

void
inspect_picture_free (InspectPicture *self)
{
  g_ptr_array_unref (self->detections);
  g_free (self->output);
  g_free (self);
}
