/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "detectors.h"

#include "metadata/inference.h"

GST_DEBUG_CATEGORY_EXTERN (gst_yolov5_json_debug);
#define GST_CAT_DEFAULT gst_yolov5_json_debug

static void
detector_free (gpointer data)
{
  GstYolov5Detector *detector = data;

  g_free (detector->path);
  g_free (detector->name);
  g_free (detector);
}

/**
 * gst_yolov5_detectors_init:
 * @element: for the log, borrowed
 */
void
gst_yolov5_detectors_init (GstYolov5Detectors *self, GstElement *element)
{
  self->element = element;
  self->list = g_ptr_array_new_with_free_func (detector_free);
}

void
gst_yolov5_detectors_clear (GstYolov5Detectors *self)
{
  g_ptr_array_unref (self->list);
}

/**
 * gst_yolov5_detectors_forget:
 *
 * Begins anew, without any.
 */
void
gst_yolov5_detectors_forget (GstYolov5Detectors *self)
{
  g_ptr_array_set_size (self->list, 0);
}

const GstYolov5Detector *
gst_yolov5_detectors_peek (const GstYolov5Detectors *self, guint index)
{
  return g_ptr_array_index (self->list, index);
}

/* in bins of their own, several may have one name */
static gboolean
is_name_taken (const GstYolov5Detectors *self, const gchar *name)
{
  guint i;

  for (i = 0; i < self->list->len; i++)
    if (g_str_equal (gst_yolov5_detectors_peek (self, i)->name, name))
      return TRUE;
  return FALSE;
}

/**
 * gst_yolov5_detectors_get:
 * @name: of an element
 * @path: of that element in its pipeline
 *
 * Returns: the detector, known from now on
 */
GstYolov5Detector *
gst_yolov5_detectors_get (
    GstYolov5Detectors *self, const gchar *name, const gchar *path)
{
  GstYolov5Detector *detector;
  guint i;

  for (i = 0; i < self->list->len; i++) {
    detector = g_ptr_array_index (self->list, i);
    if (g_str_equal (detector->path, path))
      return detector;
  }

  detector = g_new0 (GstYolov5Detector, 1);
  detector->path = g_strdup (path);
  detector->name = g_strdup (is_name_taken (self, name) ? path : name);
  g_ptr_array_add (self->list, detector);
  GST_INFO_OBJECT (self->element, "there is a detector %s (%s)", name, path);
  return detector;
}

/**
 * gst_yolov5_detectors_read_marks:
 * @buffer: a frame
 * @frame: (inout): its number, which the first detector known may know better
 *
 * Finds out who looked at the frame.
 */
void
gst_yolov5_detectors_read_marks (
    GstYolov5Detectors *self, GstBuffer *buffer, guint64 *frame)
{
  GstYolov5Inference inference;
  gpointer state = NULL;
  guint i;
  gint mark;

  for (i = 0; i < self->list->len; i++)
    ((GstYolov5Detector *) g_ptr_array_index (self->list, i))->inferred = FALSE;
  for (mark = 0; gst_yolov5_inference_iterate (buffer, &state, &inference);
       mark++) {
    GstYolov5Detector *detector = gst_yolov5_detectors_get (self,
        inference.element ? inference.element : "yolov5dpu",
        inference.path ? inference.path : "");

    detector->inferred = TRUE;
    detector->mark = mark;
    detector->inference_time = inference.inference_time;
    detector->lag = inference.lag;
    /* late results carry the number of an older frame */
    if (detector == gst_yolov5_detectors_peek (self, 0) && inference.lag == 0)
      *frame = inference.frame;
  }
}
