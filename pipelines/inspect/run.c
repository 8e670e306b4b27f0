/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* One picture through the elements themselves, as yolov5dpu-detect does it. */

#include "actions.h"

#include <detect/run.h>

#include <string.h>

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

static void
on_frame (
    const DetectSource *source, const DetectFrame *frame, gpointer user_data)
{
  GArray *detections = user_data;

  g_array_append_vals (detections, frame->boxes->data, frame->boxes->len);
}

/**
 * inspect_run:
 * @report: of a model that runs
 * @picture: a file or a URI; of a video the first frame. It is turned upright
 *   where it says that it does not stand so
 * @output: (nullable): the .png or .jpg to write, %NULL for a .png in the current
 *   folder named after @picture
 *
 * Returns: (transfer full) (nullable): what was found, %NULL with the sentence
 *   the pipeline gave, and then nothing is written
 */
InspectPicture *
inspect_run (const InspectReport *report, const gchar *picture,
    const gchar *output, GError **error)
{
  g_autoptr (GArray) detections =
      g_array_new (FALSE, FALSE, sizeof (DetectBox));
  const DetectSettings settings = {
    .model = report->path,
    .device = report->verdict == INSPECT_VERDICT_DPU ? "dpu" : "cpu",
    .threshold = -1,
    .saves = TRUE,
  };
  g_autoptr (DetectSource) source = NULL;
  g_autoptr (DetectRun) run = NULL;
  g_autoptr (GError) local_error = NULL;
  InspectPicture *self;

  gst_init (NULL, NULL);
  source = detect_source_new (picture, error);
  if (source == NULL)
    return NULL;
  source->kind = DETECT_PICTURE;
  source->output = output != NULL ? g_strdup (output) : choose_output (picture);
  run = detect_run_new (&settings, on_frame, detections, error);
  if (run == NULL)
    return NULL;
  if (!detect_run_source (run, source, &local_error)) {
    if (strstr (local_error->message, source->name) == NULL)
      g_prefix_error (&local_error, "%s: ", source->name);
    g_propagate_error (error, g_steal_pointer (&local_error));
    return NULL;
  }

  self = g_new0 (InspectPicture, 1);
  self->detections = g_steal_pointer (&detections);
  self->output = g_strdup (source->output);
  return self;
}

void
inspect_picture_free (InspectPicture *self)
{
  g_array_unref (self->detections);
  g_free (self->output);
  g_free (self);
}
