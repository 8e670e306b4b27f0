/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Detectors that mark the frames they look at are told from each other by their
 * marks. All others are one, which looked at the frames that have detections of
 * it: there is no telling whether it found nothing on the others. */

#include "stream.h"

#include "classes.h"
#include "metadata/inference.h"

/* a stream may stutter */
#define SHORTEST_JUMP GST_SECOND

/**
 * Detector:
 * @path: (nullable): the detector's, %NULL for those that mark no frames
 * @has_looked: at the current frame
 * @lag: how much older than their frame its last results are
 * @time: timestamp of the picture that the tracker is at
 * @looked_at: tracker's time at which it looked last
 * @now: tracker's time
 * @found: (element-type TrackerDetection): of the current frame
 * @places: (element-type guint): of @found among the frame's detections
 */
typedef struct {
  gchar *path;
  Tracker *tracker;
  gboolean has_looked;
  GstClockTime lag;
  GstClockTime time;
  guint64 looked_at;
  guint64 now;
  GArray *found;
  GArray *places;
} Detector;

struct _TrackStream {
  TrackerIdFunc id_func;
  gpointer id_data;

  TrackerSettings settings;
  gboolean predict;
  TrackClasses *classes;

  GPtrArray *detectors;
  /* of the marks of the current frame */
  GPtrArray *marks;
  GstClockTime timestamp;
  guint64 n_frames;
  guint64 n_looked_at;
};

void
track_frame_init (TrackFrame *self)
{
  *self = (TrackFrame){
    .detections = g_array_new (FALSE, FALSE, sizeof (GstYolov5Detection)),
    .tracks = g_array_new (FALSE, FALSE, sizeof (GstYolov5TrackedObject)),
  };
}

void
track_frame_clear (TrackFrame *self)
{
  g_clear_pointer (&self->detections, g_array_unref);
  g_clear_pointer (&self->tracks, g_array_unref);
}

static Detector *
detector_new (TrackStream *stream, const gchar *path)
{
  Detector *self = g_new0 (Detector, 1);

  self->path = g_strdup (path);
  self->tracker = tracker_new ();
  tracker_set_id_func (self->tracker, stream->id_func, stream->id_data);
  tracker_set_settings (self->tracker, &stream->settings);
  self->time = GST_CLOCK_TIME_NONE;
  self->found = g_array_new (FALSE, FALSE, sizeof (TrackerDetection));
  self->places = g_array_new (FALSE, FALSE, sizeof (guint));
  return self;
}

static void
detector_free (Detector *self)
{
  g_free (self->path);
  tracker_free (self->tracker);
  g_array_unref (self->found);
  g_array_unref (self->places);
  g_free (self);
}

static void
detector_reset (Detector *self)
{
  tracker_reset (self->tracker);
  self->lag = 0;
  self->time = GST_CLOCK_TIME_NONE;
  self->looked_at = self->now;
}

/**
 * track_stream_new:
 * @id_func: gives new tracks their ids, which are unique among the detectors
 * @user_data: for @id_func
 *
 * Returns: (transfer full): to be given settings before the first frame
 */
TrackStream *
track_stream_new (TrackerIdFunc id_func, gpointer user_data)
{
  TrackStream *self = g_new0 (TrackStream, 1);

  self->id_func = id_func;
  self->id_data = user_data;
  tracker_settings_init (&self->settings);
  self->classes = track_classes_new ();
  self->detectors =
      g_ptr_array_new_with_free_func ((GDestroyNotify) detector_free);
  self->marks = g_ptr_array_new ();
  self->timestamp = GST_CLOCK_TIME_NONE;
  return self;
}

void
track_stream_free (TrackStream *self)
{
  track_classes_free (self->classes);
  g_ptr_array_unref (self->marks);
  g_ptr_array_unref (self->detectors);
  g_free (self);
}

/**
 * track_stream_set_settings:
 *
 * May be called between any two frames; tracks stay.
 */
void
track_stream_set_settings (TrackStream *self, const TrackSettings *settings)
{
  track_settings_get_tracker (settings, &self->settings);
  self->predict = settings->predict;
  track_classes_set_wanted (self->classes, settings->classes);
  for (guint i = 0; i < self->detectors->len; i++)
    tracker_set_settings (
        ((Detector *) g_ptr_array_index (self->detectors, i))->tracker,
        &self->settings);
}

/* @path: %NULL for detectors that mark no frames */
static Detector *
get_detector (TrackStream *self, const gchar *path)
{
  Detector *detector;

  for (guint i = 0; i < self->detectors->len; i++) {
    detector = g_ptr_array_index (self->detectors, i);
    if (g_strcmp0 (detector->path, path) == 0)
      return detector;
  }
  detector = detector_new (self, path);
  g_ptr_array_add (self->detectors, detector);
  return detector;
}

static void
read_marks (TrackStream *self, GstBuffer *buffer)
{
  GstYolov5Inference inference;
  gpointer state = NULL;

  for (guint i = 0; i < self->detectors->len; i++) {
    Detector *detector = g_ptr_array_index (self->detectors, i);

    detector->has_looked = FALSE;
    g_array_set_size (detector->found, 0);
    g_array_set_size (detector->places, 0);
  }
  g_ptr_array_set_size (self->marks, 0);
  while (gst_yolov5_inference_iterate (buffer, &state, &inference)) {
    Detector *detector =
        get_detector (self, inference.path ? inference.path : "");

    detector->has_looked = TRUE;
    detector->lag = inference.lag;
    g_ptr_array_add (self->marks, detector);
  }
}

static void
add_detection (TrackStream *self, const GstYolov5Detection *detection,
    const GstYolov5TrackedObject *known, guint place)
{
  TrackerDetection found = {
    .box = { detection->x, detection->y, detection->width, detection->height },
    .confidence = detection->confidence >= 0 ? detection->confidence : 1,
    .label = detection->label,
  };
  Detector *detector;

  /* where another tracker expects something, nobody has looked */
  if (known->id != 0 && known->is_predicted)
    return;
  if (detection->mark >= 0 && (guint) detection->mark < self->marks->len)
    detector = g_ptr_array_index (self->marks, detection->mark);
  else
    detector = get_detector (self, NULL);
  detector->has_looked = TRUE;
  if (known->id != 0
      || !track_classes_add (
          self->classes, detection->label, detection->label_id))
    return;
  g_array_append_val (detector->found, found);
  g_array_append_val (detector->places, place);
}

static void
collect (TrackStream *self, GstBuffer *buffer, TrackFrame *frame)
{
  g_array_set_size (frame->detections, 0);
  gst_yolov5_detections_collect (buffer, frame->detections);
  frame->n_collected = frame->detections->len;
  frame->n_tracked = 0;
  frame->n_left_out = 0;
  g_array_set_size (frame->tracks, frame->n_collected);
  gst_yolov5_tracks_collect (buffer,
      (GstYolov5Detection *) frame->detections->data,
      (GstYolov5TrackedObject *) frame->tracks->data, frame->n_collected);

  read_marks (self, buffer);
  for (guint i = 0; i < frame->n_collected; i++)
    add_detection (self,
        &g_array_index (frame->detections, GstYolov5Detection, i),
        &g_array_index (frame->tracks, GstYolov5TrackedObject, i), i);
  /* what others said is on the buffer, and stays there */
  for (guint i = 0; i < frame->n_collected; i++)
    g_array_index (frame->tracks, GstYolov5TrackedObject, i).id = 0;
}

/* The timestamp of the picture that the results of @detector are of. Where it
 * lags behind more and more, that does not go back. */
static GstClockTime
get_time (
    const TrackStream *self, const Detector *detector, GstClockTime timestamp)
{
  GstClockTime time;

  if (!GST_CLOCK_TIME_IS_VALID (timestamp))
    return GST_CLOCK_TIME_NONE;
  time = timestamp - MIN (detector->lag, timestamp);
  if (GST_CLOCK_TIME_IS_VALID (self->timestamp) && timestamp >= self->timestamp
      && GST_CLOCK_TIME_IS_VALID (detector->time))
    time = MAX (time, detector->time);
  return time;
}

static void
take_tracks (
    const Detector *detector, const TrackerResult *result, TrackFrame *frame)
{
  for (guint i = 0; i < result->n_tracks; i++) {
    const TrackerTrack *track = &result->tracks[i];
    guint place;

    if (track->detection < 0)
      continue;
    place = g_array_index (detector->places, guint, track->detection);
    g_array_index (frame->tracks, GstYolov5TrackedObject, place) =
        (GstYolov5TrackedObject){
          .id = track->id, .age = track->age, .label = track->label
        };
    frame->n_tracked++;
  }
}

/* Returns: whether there is anything of it in the frame */
static gboolean
clip_box (const TrackingBox *box, const GstVideoInfo *info,
    GstYolov5Detection *detection)
{
  gdouble right = MIN (box->x + box->width, GST_VIDEO_INFO_WIDTH (info));
  gdouble bottom = MIN (box->y + box->height, GST_VIDEO_INFO_HEIGHT (info));

  detection->x = MAX (box->x, 0);
  detection->y = MAX (box->y, 0);
  detection->width = right - detection->x;
  detection->height = bottom - detection->y;
  /* not that of which less than a pixel is left */
  return detection->width >= 1 && detection->height >= 1;
}

static void
predict_track (TrackStream *self, const TrackerTrack *track,
    const GstVideoInfo *info, TrackFrame *frame)
{
  GstYolov5TrackedObject predicted = {
    .id = track->id,
    .is_predicted = TRUE,
    .age = track->age,
    .label = track->label,
  };
  GstYolov5Detection detection = {
    .label = track->label,
    .label_id = track_classes_get_label_id (self->classes, track->label),
    .confidence = track->confidence,
    .id = -1,
    .mark = -1,
  };

  if (track->state != TRACKER_TRACK_PREDICTED
      || track->unseen_time > self->settings.max_lost_time
      || !clip_box (&track->box, info, &detection))
    return;
  g_array_append_val (frame->detections, detection);
  g_array_append_val (frame->tracks, predicted);
  frame->n_tracked++;
}

/* Nothing says whether a detector that marks no frames still looks. Once it has
 * found nothing for too long, there is nothing. */
static gboolean
has_gone (const TrackStream *self, const Detector *detector)
{
  return !detector->path
         && detector->now - detector->looked_at > self->settings.max_lost_time;
}

static void
follow_detector (TrackStream *self, Detector *detector, GstClockTime timestamp,
    const GstVideoInfo *info, TrackFrame *frame)
{
  gint fps_n = GST_VIDEO_INFO_FPS_N (info), fps_d = GST_VIDEO_INFO_FPS_D (info);
  GstClockTime period = fps_n > 0 && fps_d > 0 ? gst_util_uint64_scale (
                            GST_SECOND, (guint64) fps_d, (guint64) fps_n)
                                               : 0;
  GstClockTime time = get_time (self, detector, timestamp);
  TrackerResult result;

  if (detector->has_looked) {
    tracker_update (detector->tracker, time, period,
        (const TrackerDetection *) detector->found->data, detector->found->len,
        &result);
    take_tracks (detector, &result, frame);
    frame->n_left_out += result.n_left_out;
    detector->looked_at = result.time;
  } else {
    tracker_predict (detector->tracker, time, period, &result);
    for (guint i = 0; i < result.n_tracks && self->predict; i++)
      predict_track (self, &result.tracks[i], info, frame);
  }
  detector->time = time;
  detector->now = result.time;
  if (has_gone (self, detector))
    detector_reset (detector);
}

/* a seek or another source may say so by no more than that */
static gboolean
is_jump (const TrackStream *self, GstBuffer *buffer)
{
  GstClockTime timestamp = GST_BUFFER_PTS (buffer);

  if (!GST_BUFFER_IS_DISCONT (buffer) || !GST_CLOCK_TIME_IS_VALID (timestamp)
      || !GST_CLOCK_TIME_IS_VALID (self->timestamp))
    return FALSE;
  return timestamp < self->timestamp
         || timestamp - self->timestamp
                > MAX (self->settings.max_lost_time, SHORTEST_JUMP);
}

/**
 * track_stream_follow:
 * @buffer: the next frame, which stays as it is
 * @info: its size and rate
 * @frame: (inout): what is in it
 *
 * Moves on to a frame. What has an id of another tracker is left alone.
 */
void
track_stream_follow (TrackStream *self, GstBuffer *buffer,
    const GstVideoInfo *info, TrackFrame *frame)
{
  GstClockTime timestamp = GST_BUFFER_PTS (buffer);

  if (is_jump (self, buffer))
    track_stream_reset (self);
  collect (self, buffer, frame);
  frame->has_looked = FALSE;
  for (guint i = 0; i < self->detectors->len; i++) {
    Detector *detector = g_ptr_array_index (self->detectors, i);

    frame->has_looked |= detector->has_looked;
    follow_detector (self, detector, timestamp, info, frame);
  }
  self->timestamp = timestamp;
  frame->number = self->n_frames++;
  self->n_looked_at += frame->has_looked;
}

/**
 * track_stream_reset:
 *
 * Ends all tracks. Ids and statistics go on.
 */
void
track_stream_reset (TrackStream *self)
{
  for (guint i = 0; i < self->detectors->len; i++)
    detector_reset (g_ptr_array_index (self->detectors, i));
  self->timestamp = GST_CLOCK_TIME_NONE;
}

static void
append_classes (GValue *list, Tracker *tracker)
{
  guint n_labels;
  const TrackerLabelStatistics *labels =
      tracker_get_label_statistics (tracker, &n_labels);

  for (guint i = 0; i < n_labels; i++) {
    const gchar *label = g_quark_to_string (labels[i].label);
    GValue value = G_VALUE_INIT;

    g_value_init (&value, GST_TYPE_STRUCTURE);
    g_value_take_boxed (
        &value, gst_structure_new ("class", "label", G_TYPE_STRING, label,
                    "tracks", G_TYPE_UINT64, labels[i].tracks, "seen-time",
                    G_TYPE_UINT64, labels[i].seen_time, NULL));
    gst_value_array_append_and_take_value (list, &value);
  }
}

/**
 * track_stream_get_statistics:
 *
 * Returns: (transfer full): counts since the stream was made
 */
GstStructure *
track_stream_get_statistics (TrackStream *self)
{
  TrackerStatistics sum = { 0 };
  GValue classes = G_VALUE_INIT;
  GstStructure *structure;

  gst_value_array_init (&classes, 0);
  for (guint i = 0; i < self->detectors->len; i++) {
    const Detector *detector = g_ptr_array_index (self->detectors, i);
    TrackerStatistics own;

    tracker_get_statistics (detector->tracker, &own);
    sum.detections += own.detections;
    sum.left_out += own.left_out;
    sum.ids += own.ids;
    sum.recovered += own.recovered;
    sum.alive += own.alive;
    sum.lost += own.lost;
    append_classes (&classes, detector->tracker);
  }

  /* clang-format off */
  structure = gst_structure_new ("yolov5track-stats",
      "frames", G_TYPE_UINT64, self->n_frames,
      "looked-at", G_TYPE_UINT64, self->n_looked_at,
      "detections", G_TYPE_UINT64, sum.detections,
      "left-out", G_TYPE_UINT64, sum.left_out,
      "tracks", G_TYPE_UINT64, sum.ids,
      "recovered", G_TYPE_UINT64, sum.recovered,
      "alive", G_TYPE_UINT, sum.alive,
      "lost", G_TYPE_UINT, sum.lost,
      NULL);
  /* clang-format on */
  gst_structure_take_value (structure, "classes", &classes);
  return structure;
}
