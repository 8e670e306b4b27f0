/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Prints what yolov5dpu finds, read from the metadata on its frames: nothing
 * but GStreamer's own headers is needed. detections.py does the same. */

#include <gst/video/video.h>

#if GST_CHECK_VERSION(1, 20, 0)
/* The mark of frames that went through the model lists their detections. There
 * may be several, of one detector each. */
static gdouble
find_confidence (GstBuffer *frame, const GstVideoRegionOfInterestMeta *region)
{
  const gchar *label = g_quark_to_string (region->roi_type);
  gpointer state = NULL;
  GstMeta *meta;
  guint i;

  while ((meta = gst_buffer_iterate_meta (frame, &state))) {
    const GValue *ids, *labels, *confidences;
    GstStructure *mark;

    if (!gst_meta_info_is_custom (meta->info)
        || !gst_custom_meta_has_name (
            (GstCustomMeta *) meta, "yolov5dpu-inference"))
      continue;
    mark = gst_custom_meta_get_structure ((GstCustomMeta *) meta);
    ids = gst_structure_get_value (mark, "region-ids");
    labels = gst_structure_get_value (mark, "labels");
    confidences = gst_structure_get_value (mark, "confidences");
    for (i = 0; i < gst_value_array_get_size (ids); i++)
      if (g_value_get_int (gst_value_array_get_value (ids, i)) == region->id
          && g_str_equal (
              g_value_get_string (gst_value_array_get_value (labels, i)),
              label))
        return g_value_get_double (gst_value_array_get_value (confidences, i));
  }
  return 0.0;
}
#endif

static void
print_detection (
    gdouble time, GstBuffer *frame, GstVideoRegionOfInterestMeta *region)
{
  GstStructure *detection =
      gst_video_region_of_interest_meta_get_param (region, "detection");
  gdouble confidence = 0.0;

  /* elements that scale or convert the video drop this structure, not the box
   * nor the mark */
  if (detection != NULL)
    gst_structure_get_double (detection, "confidence", &confidence);
#if GST_CHECK_VERSION(1, 20, 0)
  else
    confidence = find_confidence (frame, region);
#endif
  g_print ("%.3f %.2f %u,%u %ux%u %s\n", time, confidence, region->x, region->y,
      region->w, region->h, g_quark_to_string (region->roi_type));
}

/* A frame without regions: did the model find nothing, or did nobody ask it?
 * Frames that went through the model have a mark (GStreamer >= 1.20). */
static void
print_empty (gdouble time, GstBuffer *frame)
{
  gboolean inferred = FALSE;

#if GST_CHECK_VERSION(1, 20, 0)
  inferred = gst_buffer_get_custom_meta (frame, "yolov5dpu-inference") != NULL;
#endif
  g_print ("%.3f %s\n", time, inferred ? "nothing found" : "not inferred");
}

/* called by a streaming thread for each frame that comes to the end */
static GstPadProbeReturn
on_frame (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  GstBuffer *frame = GST_PAD_PROBE_INFO_BUFFER (info);
  gdouble time = GST_BUFFER_PTS_IS_VALID (frame)
                     ? GST_BUFFER_PTS (frame) / (gdouble) GST_SECOND
                     : 0.0;
  gpointer state = NULL;
  GstMeta *meta;
  guint n = 0;

  while ((meta = gst_buffer_iterate_meta_filtered (
              frame, &state, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE))) {
    print_detection (time, frame, (GstVideoRegionOfInterestMeta *) meta);
    n++;
  }
  if (n == 0)
    print_empty (time, frame);
  return GST_PAD_PROBE_OK;
}

/* to the end of the stream, or to an error */
static gboolean
run (GstElement *pipeline)
{
  GstBus *bus = gst_element_get_bus (pipeline);
  g_autoptr (GstMessage) message = NULL;
  g_autoptr (GError) error = NULL;

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (
      bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    gst_message_parse_error (message, &error, NULL);
    g_printerr ("%s\n", error->message);
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (bus);
  return error == NULL;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *description = NULL;
  g_autofree gchar *properties = NULL;
  g_autofree gchar *uri = NULL;
  GstElement *pipeline, *sink;
  GstPad *pad;
  gboolean finished;

  gst_init (&argc, &argv);
  if (argc < 3) {
    g_printerr (
        "usage: %s MODEL.xmodel FILE|URI [PROPERTY=VALUE...] [! ELEMENT...]\n",
        argv[0]);
    return 2;
  }

  uri = gst_uri_is_valid (argv[2]) ? g_strdup (argv[2])
                                   : gst_filename_to_uri (argv[2], &error);
  if (uri == NULL) {
    g_printerr ("%s\n", error->message);
    return 1;
  }
  properties = g_strjoinv (" ", argv + 3);
  description =
      g_strdup_printf ("uridecodebin uri=\"%s\" ! videoconvert "
                       "! yolov5dpu model=\"%s\" %s ! fakesink name=sink",
          uri, argv[1], properties);
  pipeline = gst_parse_launch (description, &error);
  if (pipeline == NULL) {
    g_printerr ("%s\n", error->message);
    return 1;
  }

  sink = gst_bin_get_by_name (GST_BIN (pipeline), "sink");
  pad = gst_element_get_static_pad (sink, "sink");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, on_frame, NULL, NULL);
  gst_object_unref (pad);
  gst_object_unref (sink);

  finished = run (pipeline);
  gst_object_unref (pipeline);
  return finished ? 0 : 1;
}
