/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Objects are those with an id of any tracker. Detectors that mark the frames
 * they look at say so on all of them; of others, a frame without any box may be
 * one on which nothing was found, and is taken for that. */

#include "stream.h"

#include "metadata/inference.h"
#include "metadata/tracks.h"

/* a stream may stutter */
#define SHORTEST_JUMP GST_SECOND

/* So many frames with objects but without ids say that there is no tracker.
 * Trackers wait for a few before they give one. */
#define ENOUGH_FRAMES 100
/* the same of a stream that has ended */
#define ENOUGH_FRAMES_OF_ALL 10

struct _ZonesStream {
  Zones *zones;
  GstClockTime max_lost_time;

  /* of the current frame */
  GArray *detections;
  GArray *tracks;
  GArray *objects;
  gboolean has_looked;
  GstClockTime lag;
  GstClockTime timestamp;
  /* size of the frame that events are of */
  guint width;
  guint height;

  /* its strings are the config's; its counts those of the zones, unless there is
   * something new */
  GstYolov5ZonesMark mark;
  gboolean is_current;

  gboolean has_marks;
  gboolean has_ids;
  guint n_frames_without_ids;
  guint64 n_frames;
  guint64 n_looked_at;
  guint64 n_left_out;
};

/**
 * zones_stream_new:
 * @config: (transfer none): the lines and zones
 *
 * Returns: (transfer full)
 */
ZonesStream *
zones_stream_new (ZonesConfig *config)
{
  ZonesStream *self = g_new0 (ZonesStream, 1);

  self->zones = zones_new (config);
  self->detections = g_array_new (FALSE, FALSE, sizeof (GstYolov5Detection));
  self->tracks = g_array_new (FALSE, FALSE, sizeof (GstYolov5TrackedObject));
  self->objects = g_array_new (FALSE, FALSE, sizeof (ZonesObject));
  self->timestamp = GST_CLOCK_TIME_NONE;
  gst_yolov5_zones_mark_init (&self->mark);
  return self;
}

void
zones_stream_free (ZonesStream *self)
{
  zones_free (self->zones);
  g_array_unref (self->detections);
  g_array_unref (self->tracks);
  g_array_unref (self->objects);
  gst_yolov5_zones_mark_clear (&self->mark);
  g_free (self);
}

/**
 * zones_stream_set_config:
 *
 * Lines and zones that are the same as before keep their counts.
 */
void
zones_stream_set_config (ZonesStream *self, ZonesConfig *config)
{
  /* events have names of the old one */
  gst_yolov5_zones_mark_empty (&self->mark);
  zones_set_config (self->zones, config);
  self->is_current = FALSE;
}

void
zones_stream_set_max_lost_time (ZonesStream *self, GstClockTime max_lost_time)
{
  self->max_lost_time = max_lost_time;
  zones_set_max_lost_time (self->zones, max_lost_time);
}

static void
add_object (ZonesStream *self, const GstYolov5Detection *detection,
    const GstYolov5TrackedObject *track)
{
  ZonesObject object = {
    .id = track->id,
    .box = { detection->x, detection->y, detection->width, detection->height },
    .label = track->label != 0 ? track->label : detection->label,
    .is_predicted = track->is_predicted,
  };

  if (track->id != 0)
    g_array_append_val (self->objects, object);
}

/* Returns: how many were found, rather than predicted */
static guint
collect_objects (ZonesStream *self, GstBuffer *buffer)
{
  guint n_found = 0;

  g_array_set_size (self->detections, 0);
  g_array_set_size (self->objects, 0);
  gst_yolov5_detections_collect (buffer, self->detections);
  g_array_set_size (self->tracks, self->detections->len);
  gst_yolov5_tracks_collect (buffer,
      (GstYolov5Detection *) self->detections->data,
      (GstYolov5TrackedObject *) self->tracks->data, self->detections->len);
  for (guint i = 0; i < self->detections->len; i++) {
    const GstYolov5TrackedObject *track =
        &g_array_index (self->tracks, GstYolov5TrackedObject, i);

    add_object (
        self, &g_array_index (self->detections, GstYolov5Detection, i), track);
    n_found += !track->is_predicted;
  }
  return n_found;
}

static void
collect (ZonesStream *self, GstBuffer *buffer, ZonesStreamReport *report)
{
  guint n_found = collect_objects (self, buffer);
  GstYolov5Inference inference;
  gpointer state = NULL;

  self->has_looked = n_found > 0;
  self->lag = 0;
  while (gst_yolov5_inference_iterate (buffer, &state, &inference)) {
    self->has_looked = self->has_marks = TRUE;
    self->lag = MAX (self->lag, inference.lag);
  }
  if (!self->has_marks && self->detections->len == 0)
    self->has_looked = TRUE;

  self->has_ids |= self->objects->len > 0;
  if (!self->has_ids && n_found > 0)
    self->n_frames_without_ids++;
  report->has_no_tracker =
      !self->has_ids && self->n_frames_without_ids >= ENOUGH_FRAMES;
}

static void
add_events (ZonesStream *self, const ZonesResult *result)
{
  static const GstYolov5ZonesEventType types[] = {
    [ZONES_LINE_CROSSED] = GST_YOLOV5_LINE_CROSSED,
    [ZONES_ZONE_ENTERED] = GST_YOLOV5_ZONE_ENTERED,
    [ZONES_ZONE_LEFT] = GST_YOLOV5_ZONE_LEFT,
    [ZONES_ZONE_DWELL] = GST_YOLOV5_ZONE_DWELL,
  };
  ZonesConfig *config = zones_get_config (self->zones);

  for (guint i = 0; i < result->n_events; i++) {
    const ZonesEvent *event = &result->events[i];
    GstClockTime ago = event->ago + self->lag;
    GstYolov5ZonesEvent said = {
      .type = types[event->type],
      .shape = zones_config_get_shape (config, event->shape)->name,
      .id = event->id,
      .label = event->label,
      .x = event->box.x / self->width,
      .y = event->box.y / self->height,
      .width = event->box.width / self->width,
      .height = event->box.height / self->height,
      .timestamp = GST_CLOCK_TIME_NONE,
      .is_forward = event->is_forward,
      .is_gone = event->is_gone,
      .stayed = event->stayed,
    };

    if (GST_CLOCK_TIME_IS_VALID (self->timestamp))
      said.timestamp = self->timestamp - MIN (ago, self->timestamp);
    g_array_append_val (self->mark.events, said);
    self->is_current = FALSE;
  }
}

/* a seek or another source may say so by no more than that */
static gboolean
is_jump (const ZonesStream *self, GstBuffer *buffer)
{
  GstClockTime timestamp = GST_BUFFER_PTS (buffer);

  if (!GST_BUFFER_IS_DISCONT (buffer) || !GST_CLOCK_TIME_IS_VALID (timestamp)
      || !GST_CLOCK_TIME_IS_VALID (self->timestamp))
    return FALSE;
  return timestamp < self->timestamp
         || timestamp - self->timestamp
                > MAX (self->max_lost_time, SHORTEST_JUMP);
}

static GstClockTime
get_frame_period (const GstVideoInfo *info)
{
  gint fps_n = GST_VIDEO_INFO_FPS_N (info), fps_d = GST_VIDEO_INFO_FPS_D (info);

  return fps_n > 0 && fps_d > 0
             ? gst_util_uint64_scale (GST_SECOND, (guint64) fps_d, fps_n)
             : 0;
}

/**
 * zones_stream_follow:
 * @buffer: the next frame, which stays as it is
 * @info: its size and rate
 * @report: (out caller-allocates): what is worth a warning
 *
 * Moves on to a frame. What happened is behind what the mark still says of
 * before.
 *
 * Returns: index of the first event of the mark that is new
 */
guint
zones_stream_follow (ZonesStream *self, GstBuffer *buffer,
    const GstVideoInfo *info, ZonesStreamReport *report)
{
  guint n_before = self->mark.events->len;
  ZonesResult result;
  ZonesFrame frame;

  *report = (ZonesStreamReport){ 0 };
  if (is_jump (self, buffer))
    zones_stream_reset (self);
  collect (self, buffer, report);
  self->timestamp = GST_BUFFER_PTS (buffer);
  self->width = GST_VIDEO_INFO_WIDTH (info);
  self->height = GST_VIDEO_INFO_HEIGHT (info);

  frame = (ZonesFrame){
    .timestamp = self->timestamp,
    .frame_period = get_frame_period (info),
    .width = self->width,
    .height = self->height,
    .has_looked = self->has_looked,
    .objects = (const ZonesObject *) self->objects->data,
    .n_objects = self->objects->len,
  };
  zones_update (self->zones, &frame, &result);
  add_events (self, &result);

  report->n_left_out = result.n_left_out;
  report->n_repeated = result.n_repeated;
  self->n_left_out += result.n_left_out;
  self->n_frames++;
  self->n_looked_at += self->has_looked;
  return n_before;
}

/**
 * zones_stream_reset:
 *
 * All objects are gone. Counts go on.
 *
 * Returns: index of the first event of the mark that is new
 */
guint
zones_stream_reset (ZonesStream *self)
{
  guint n_before = self->mark.events->len;
  ZonesResult result;

  self->lag = 0;
  zones_reset (self->zones, &result);
  add_events (self, &result);
  self->timestamp = GST_CLOCK_TIME_NONE;
  return n_before;
}

/**
 * zones_stream_reset_counts:
 *
 * Counts from 0 again. Whoever is in a zone still is.
 */
void
zones_stream_reset_counts (ZonesStream *self)
{
  zones_reset_counts (self->zones);
  self->is_current = FALSE;
}

/**
 * zones_stream_had_no_tracker:
 *
 * Returns: whether a stream that has ended had objects, but not one with an id
 */
gboolean
zones_stream_had_no_tracker (const ZonesStream *self)
{
  return !self->has_ids && self->n_frames_without_ids >= ENOUGH_FRAMES_OF_ALL;
}

static GstYolov5ShapeCounts
say_counts (const ZonesCounts *counts)
{
  return (GstYolov5ShapeCounts){
    .forward = counts->forward,
    .backward = counts->backward,
    .inside = counts->inside,
    .entered = counts->entered,
    .left = counts->left,
    .dwelled = counts->dwelled,
    .stayed = counts->stayed,
    .longest = counts->longest,
  };
}

static void
say_shape (ZonesStream *self, guint index)
{
  const ZonesShape *shape =
      zones_config_get_shape (zones_get_config (self->zones), index);
  guint n_labels;
  const ZonesLabelCounts *labels =
      zones_get_label_counts (self->zones, index, &n_labels);
  GstYolov5Shape said = {
    .kind = shape->kind == ZONES_LINE ? GST_YOLOV5_SHAPE_LINE
                                      : GST_YOLOV5_SHAPE_ZONE,
    .name = shape->name,
    .first_point = self->mark.points->len,
    .n_points = shape->n_points,
    .first_class = self->mark.classes->len,
    .n_classes = n_labels,
    .counts = say_counts (zones_get_counts (self->zones, index)),
  };

  for (guint i = 0; i < shape->n_points; i++) {
    GstYolov5ShapePoint point = { shape->points[i].x, shape->points[i].y };

    g_array_append_val (self->mark.points, point);
  }
  for (guint i = 0; i < n_labels; i++) {
    GstYolov5ShapeClass class = { labels[i].label,
      say_counts (&labels[i].counts) };

    g_array_append_val (self->mark.classes, class);
  }
  g_array_append_val (self->mark.shapes, said);
}

/**
 * zones_stream_get_mark:
 *
 * Returns: (transfer none): lines and zones, and what happened since
 *   zones_stream_forget_events(); valid until the next call
 */
const GstYolov5ZonesMark *
zones_stream_get_mark (ZonesStream *self)
{
  guint n_shapes = zones_config_get_n_shapes (zones_get_config (self->zones));

  if (self->is_current)
    return &self->mark;
  g_array_set_size (self->mark.shapes, 0);
  g_array_set_size (self->mark.points, 0);
  g_array_set_size (self->mark.classes, 0);
  for (guint i = 0; i < n_shapes; i++)
    say_shape (self, i);
  self->is_current = TRUE;
  return &self->mark;
}

/**
 * zones_stream_forget_events:
 *
 * All that the mark has were said.
 */
void
zones_stream_forget_events (ZonesStream *self)
{
  g_array_set_size (self->mark.events, 0);
}

/**
 * zones_stream_get_statistics:
 *
 * Returns: (transfer full): counts since the stream was made
 */
GstStructure *
zones_stream_get_statistics (ZonesStream *self)
{
  /* clang-format off */
  GstStructure *structure = gst_structure_new ("yolov5zones-stats",
      "frames", G_TYPE_UINT64, self->n_frames,
      "looked-at", G_TYPE_UINT64, self->n_looked_at,
      "left-out", G_TYPE_UINT64, self->n_left_out,
      NULL);
  /* clang-format on */

  gst_yolov5_zones_mark_write (zones_stream_get_mark (self), structure);
  return structure;
}
