/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "boardpipeline.h"

#include <string.h>

#define N_FRAMES 12

/* clang-format off */
#define DETECT                                                                 \
  "videotestsrc pattern=snow num-buffers=%d ! "                                \
  "video/x-raw,format=NV12,width=320,height=240 ! "                            \
  "yolov5dpu model=%s post-messages=true %s ! fakesink"
/* clang-format on */

GstElement *
boardpipeline_new (const gchar *model, gint n_frames, const gchar *properties)
{
  g_autofree gchar *description =
      g_strdup_printf (DETECT, n_frames, model, properties);
  g_autoptr (GError) error = NULL;
  GstElement *pipeline = gst_parse_launch (description, &error);

  fail_unless (pipeline != NULL && error == NULL);
  return pipeline;
}

/* @pipeline: (transfer full): */
void
boardpipeline_stop (GstElement *pipeline)
{
  fail_unless_equals_int (gst_element_set_state (pipeline, GST_STATE_NULL),
      GST_STATE_CHANGE_SUCCESS);
  gst_object_unref (pipeline);
}

/* what was found in all frames; the frames are the same in all pipelines */
gchar *
boardpipeline_detect (const gchar *model, const gchar *properties)
{
  GstElement *pipeline = boardpipeline_new (model, N_FRAMES, properties);
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  GString *found = g_string_new (NULL);
  guint n_frames = 0;
  gboolean done = FALSE;

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  while (!done) {
    g_autoptr (GstMessage) message =
        gst_bus_timed_pop_filtered (bus, GST_CLOCK_TIME_NONE,
            GST_MESSAGE_EOS | GST_MESSAGE_ERROR | GST_MESSAGE_WARNING
                | GST_MESSAGE_ELEMENT);

    if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ELEMENT) {
      const GstStructure *structure = gst_message_get_structure (message);
      g_autofree gchar *text = gst_value_serialize (
          gst_structure_get_value (structure, "detections"));

      g_string_append_printf (found, "%s\n", text);
      n_frames++;
      continue;
    }
    fail_unless_equals_int (GST_MESSAGE_TYPE (message), GST_MESSAGE_EOS);
    done = TRUE;
  }
  boardpipeline_stop (pipeline);
  fail_unless_equals_int (n_frames, N_FRAMES);
  return g_string_free (found, FALSE);
}

/* @texts: (array zero-terminated=1): what the first error's message must say */
void
boardpipeline_wait_error (GstElement *pipeline, const gchar *const *texts)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  g_autoptr (GstMessage) message =
      gst_bus_timed_pop_filtered (bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_ERROR);
  g_autoptr (GError) error = NULL;

  gst_message_parse_error (message, &error, NULL);
  for (; *texts != NULL; texts++)
    fail_unless (strstr (error->message, *texts) != NULL,
        "the message lacks \"%s\": %s", *texts, error->message);
}

/* an endless pipeline runs to its first error, and stops */
void
boardpipeline_check_error (
    const gchar *model, const gchar *properties, const gchar *const *texts)
{
  GstElement *pipeline = boardpipeline_new (model, -1, properties);

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  boardpipeline_wait_error (pipeline, texts);
  boardpipeline_stop (pipeline);
}
