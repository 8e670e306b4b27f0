/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Boxes are for looking at: what is not sure is left away. What is hidden
 * protects people: what is not sure is hidden. */

#include "objects.h"

#include "drawing.h"
#include "metadata/inference.h"
#include "metadata/tracks.h"

/* of a detection whose box was lost on its way */
#define LOST_ID G_MININT

/**
 * overlay_objects_init:
 * @element: posts the messages
 */
void
overlay_objects_init (OverlayObjects *self, GstElement *element)
{
  *self = (OverlayObjects){
    .element = element,
    .detections = g_array_new (FALSE, FALSE, sizeof (GstYolov5Detection)),
    .tracks = g_array_new (FALSE, FALSE, sizeof (GstYolov5TrackedObject)),
    .objects = g_array_new (FALSE, TRUE, sizeof (OverlayObject)),
    .hidden = g_array_new (FALSE, FALSE, sizeof (OverlayObject)),
    .shown = g_array_new (FALSE, TRUE, sizeof (OverlayObject)),
    .blurred = g_array_new (FALSE, FALSE, sizeof (GstVideoRectangle)),
  };
  overlay_hold_init (&self->hold);
  overlay_watch_init (&self->watch);
  gst_yolov5_zones_mark_init (&self->zones);
}

void
overlay_objects_clear (OverlayObjects *self)
{
  overlay_hold_clear (&self->hold);
  overlay_watch_clear (&self->watch);
  gst_yolov5_zones_mark_clear (&self->zones);
  g_array_unref (self->detections);
  g_array_unref (self->tracks);
  g_array_unref (self->objects);
  g_array_unref (self->hidden);
  g_array_unref (self->shown);
  g_array_unref (self->blurred);
}

/**
 * overlay_objects_flush:
 *
 * Forgets what was found, as when frames from elsewhere come.
 */
void
overlay_objects_flush (OverlayObjects *self)
{
  overlay_hold_drop (&self->hold);
  self->predicts = FALSE;
}

/**
 * overlay_objects_reset:
 *
 * Forgets what was found and what was said, as when the element stops.
 */
void
overlay_objects_reset (OverlayObjects *self)
{
  overlay_objects_flush (self);
  overlay_watch_reset (&self->watch);
  self->told_lost = self->told_unclear = FALSE;
}

static gboolean
has_object (const GArray *objects, gint mark)
{
  guint i;

  for (i = 0; i < objects->len; i++)
    if (g_array_index (objects, OverlayObject, i).detection.mark == mark)
      return TRUE;
  return FALSE;
}

/* Where elements in between have dropped all that a detector attached, as
 * videocrop does, its mark still tells what was found, but not where: that may
 * be anywhere in the frame. */
static void
add_lost_objects (
    OverlayObjects *self, const GstYolov5Inference *inference, gint mark)
{
  const GstVideoInfo *info = self->info;
  guint i, n = gst_yolov5_inference_get_n_listed (inference);

  for (i = 0; i < n; i++) {
    GstYolov5Detection *detection;

    g_array_set_size (self->objects, self->objects->len + 1);
    detection =
        &g_array_index (self->objects, OverlayObject, self->objects->len - 1)
             .detection;
    gst_yolov5_inference_get_listed (inference, i, detection);
    detection->width = info->width;
    detection->height = info->height;
    detection->id = LOST_ID;
    detection->mark = mark;
  }
}

/* Conversions drop the numbers of classes, but not their names, and where there
 * are no marks the models tell what belongs to these. */
static void
add_label_ids (OverlayObjects *self)
{
  guint i;

  for (i = 0; i < self->detections->len; i++) {
    GstYolov5Detection *detection =
        &g_array_index (self->detections, GstYolov5Detection, i);

    if (detection->label_id < 0)
      detection->label_id =
          overlay_models_find_label_id (self->models, detection->label);
  }
}

/* what is attached to the frame, and which objects trackers take it for */
static void
collect_attached (OverlayObjects *self, GstBuffer *buffer)
{
  guint i;

  gst_yolov5_detections_collect (buffer, self->detections);
  g_array_set_size (self->tracks, self->detections->len);
  if (self->detections->len > 0)
    gst_yolov5_tracks_collect (buffer,
        (GstYolov5Detection *) self->detections->data,
        (GstYolov5TrackedObject *) self->tracks->data, self->detections->len);
  add_label_ids (self);

  g_array_set_size (self->objects, self->detections->len);
  for (i = 0; i < self->detections->len; i++) {
    const GstYolov5TrackedObject *track =
        &g_array_index (self->tracks, GstYolov5TrackedObject, i);
    OverlayObject *object = &g_array_index (self->objects, OverlayObject, i);

    object->detection = g_array_index (self->detections, GstYolov5Detection, i);
    object->id = track->id;
    object->label = track->id != 0 ? track->label : 0;
    object->is_predicted = track->is_predicted;
    self->predicts |= track->is_predicted;
  }
}

/* microseconds by the pipeline's clock, or by the system's */
static gint64
get_time (GstElement *element)
{
  GstClock *clock = gst_element_get_clock (element);
  gint64 time;

  if (!clock)
    return g_get_monotonic_time ();
  time = (gint64) (gst_clock_get_time (clock) / GST_USECOND);
  gst_object_unref (clock);
  return time;
}

/* What detectors found in the frame, or in the last one each looked at. Boxes are
 * not kept where a tracker says where they are by now, but what is hidden is: the
 * tracker may be wrong. */
static void
collect_objects (OverlayObjects *self, GstBuffer *buffer, GstClockTime time)
{
  const OverlaySettings *settings = self->settings;
  GstYolov5Inference inference;
  gpointer state = NULL;
  gint mark;

  overlay_meter_count_frame (self->meter, get_time (self->element));
  overlay_hold_begin_frame (&self->hold, time, gst_util_get_timestamp ());

  collect_attached (self, buffer);
  for (mark = 0; gst_yolov5_inference_iterate (buffer, &state, &inference);
       mark++) {
    overlay_meter_count_inference (self->meter, inference.inference_time);
    if (!has_object (self->objects, mark))
      add_lost_objects (self, &inference, mark);
    overlay_hold_keep_marked (&self->hold, inference.path, self->objects, mark);
  }
  overlay_hold_keep_unmarked (&self->hold, self->objects);

  g_array_append_vals (self->hidden, self->objects->data, self->objects->len);
  overlay_hold_recall_hidden (
      &self->hold, settings->expiry, settings->blur_hold, self->hidden);
  overlay_hold_recall_boxes (
      &self->hold, settings->expiry, self->predicts, self->objects);
}

static void
tell_lost (OverlayObjects *self, const GstYolov5Detection *detection)
{
  if (self->told_lost)
    return;
  self->told_lost = TRUE;
  GST_ELEMENT_WARNING (self->element, STREAM, FAILED,
      ("Elements between the detector and yolov5overlay have dropped where "
       "\"%s\" was found, so the whole frame is hidden: place yolov5overlay in "
       "front of elements that crop, and leave attach-roi-meta=true",
          detection->label ? g_quark_to_string (detection->label) : ""),
      (NULL));
}

static void
tell_unclear (OverlayObjects *self)
{
  if (self->told_unclear)
    return;
  self->told_unclear = TRUE;
  GST_ELEMENT_WARNING (self->element, STREAM, FAILED,
      ("Objects have come without the name or the number of their class, and are "
       "hidden as they may be what the property \"blur\" says: place "
       "yolov5overlay right behind the detector"),
      (NULL));
}

/* Takes an object for what its tracker does, who has seen more of it than this
 * frame.
 *
 * Returns: whether that is something else */
static gboolean
follow_tracker (OverlayObjects *self, OverlayObject *object)
{
  GstYolov5Detection *detection = &object->detection;

  if (object->label == 0 || object->label == detection->label)
    return FALSE;
  detection->label = object->label;
  detection->label_id =
      overlay_models_find_label_id (self->models, object->label);
  return TRUE;
}

static gboolean
may_be_blurred (OverlayObjects *self, const GstYolov5Detection *detection)
{
  const OverlayClasses *classes = self->settings->blurred;

  if (overlay_classes_find (classes, detection) >= 0)
    return TRUE;
  if (!overlay_classes_is_unclear (classes, detection))
    return FALSE;
  tell_unclear (self);
  return TRUE;
}

/* what is to be hidden, and what may be: what it was taken for on this frame, and
 * what its tracker takes it for */
static gboolean
is_to_be_hidden (OverlayObjects *self, const OverlayObject *object)
{
  OverlayObject tracked = *object;

  return may_be_blurred (self, &object->detection)
         || (follow_tracker (self, &tracked)
             && may_be_blurred (self, &tracked.detection));
}

/* a list of classes that never come is worth a word, unless all that can come
 * are known */
static void
watch_blurred (OverlayObjects *self)
{
  g_autofree gchar *labels = NULL;

  if (overlay_models_is_known (self->models)
      || !overlay_watch_count (
          &self->watch, self->hidden, self->blurred->len > 0))
    return;
  labels = overlay_watch_list_labels (&self->watch);
  GST_ELEMENT_WARNING (self->element, RESOURCE, SETTINGS,
      ("Nothing that the property \"blur\" says (%s) was among the objects of "
       "many frames: nothing is hidden. There were %s",
          self->settings->blurred_text, labels),
      (NULL));
}

static void
find_blurred (OverlayObjects *self)
{
  const GstVideoInfo *info = self->info;
  gboolean is_all_hidden = FALSE;
  guint i;

  for (i = 0; i < self->hidden->len; i++) {
    const OverlayObject *object =
        &g_array_index (self->hidden, OverlayObject, i);
    const GstYolov5Detection *detection = &object->detection;
    GstVideoRectangle box;

    if (!is_to_be_hidden (self, object)
        || !overlay_drawing_get_box (info, detection, &box))
      continue;
    if (detection->id == LOST_ID) {
      /* once is enough */
      if (is_all_hidden)
        continue;
      is_all_hidden = TRUE;
      tell_lost (self, detection);
    }
    g_array_append_val (self->blurred, box);
  }
  watch_blurred (self);
}

static void
find_shown (OverlayObjects *self)
{
  const GstVideoInfo *info = self->info;
  const OverlayClasses *classes = self->settings->shown;
  guint i;

  for (i = 0; i < self->objects->len; i++) {
    OverlayObject *object = &g_array_index (self->objects, OverlayObject, i);
    GstVideoRectangle box;

    follow_tracker (self, object);
    if (object->detection.id != LOST_ID
        && (!classes || overlay_classes_find (classes, &object->detection) >= 0)
        && overlay_drawing_get_box (info, &object->detection, &box))
      g_array_append_vals (self->shown, object, 1);
  }
}

/**
 * overlay_objects_find:
 * @buffer: the frame
 * @info: size and format of the frame
 * @time: its running time, or %GST_CLOCK_TIME_NONE
 * @settings: what to show and to hide
 * @models: what is known of the models
 * @meter: (inout): counts the frame and its inferences
 *
 * Finds the objects of a frame: those attached to it, and those that their
 * detectors found last where they did not look at this one.
 *
 * Returns: whether there is a frame to draw into; gaps have none
 */
gboolean
overlay_objects_find (OverlayObjects *self, GstBuffer *buffer,
    const GstVideoInfo *info, GstClockTime time,
    const OverlaySettings *settings, OverlayModels *models, OverlayMeter *meter)
{
  g_array_set_size (self->detections, 0);
  g_array_set_size (self->objects, 0);
  g_array_set_size (self->hidden, 0);
  g_array_set_size (self->shown, 0);
  g_array_set_size (self->blurred, 0);
  gst_yolov5_zones_mark_empty (&self->zones);
  /* Most gaps have no picture to draw into. The frames that videorate repeats
   * are marked as gaps, but have one. */
  if (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_GAP)
      && gst_buffer_get_size (buffer) == 0)
    return FALSE;

  self->info = info;
  self->settings = settings;
  self->models = models;
  self->meter = meter;
  collect_objects (self, buffer, time);
  if (settings->blurred)
    find_blurred (self);
  find_shown (self);
  if (settings->draw_zones)
    gst_yolov5_zones_mark_collect (&self->zones, buffer);
  return TRUE;
}
