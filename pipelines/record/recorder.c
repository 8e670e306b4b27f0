/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Video and lines come from two threads, either may be ahead. Frames wait in the
 * ring until it is known whether they belong to a clip: until lines have come
 * for all that is in question. A clip that has had its seconds waits for as long
 * as one that would overlap it may begin. */

#include "recorder.h"

#include <json-glib/json-glib.h>

#include "folder.h"

/* the ring is kept for so much longer than asked for, as lines may be late */
#define SLACK (2 * GST_SECOND)
#define RETRY_INTERVAL (10 * GST_SECOND)
/* lines that wait for the first frame of video; an encoder that keeps more frames
 * back is stuck */
#define MAX_EARLY 300
/* what finishing clips may take at the end */
#define END_TIMEOUT_US (20 * G_USEC_PER_SEC)

typedef struct {
  GstBuffer *buffer;
  GstClockTime time;
} Frame;

/* something to record */
typedef struct {
  GstClockTime time;
  gchar *what;
  gchar *line;
} Cause;

struct _Recorder {
  RecorderSettings settings;
  GMutex lock;

  GstCaps *caps;
  /* of Frames; the first @n_written are in the clip */
  GQueue ring;
  guint n_written;
  GstClockTime video_time;
  GstClockTime line_time;
  /* of Causes, until there is video: an encoder may keep its first frames for a
   * while */
  GQueue early;

  /* that is open, with what it has to reach */
  RecordClip *clip;
  GstClockTime clip_cause;
  GstClockTime clip_end;
  /* when the last one began, microseconds since 1970 */
  gint64 last_wall_time;
  /* after one that could not be written, not each frame tries again */
  GstClockTime not_before;
  /* atomic: how many are open or being finished */
  gint n_unfinished;
  /* main context */
  gboolean failed;
};

static void
frame_free (gpointer data)
{
  Frame *frame = data;

  gst_buffer_unref (frame->buffer);
  g_free (frame);
}

static void
cause_free (gpointer data)
{
  Cause *cause = data;

  g_free (cause->what);
  g_free (cause->line);
  g_free (cause);
}

static gboolean
is_key (const Frame *frame)
{
  return !GST_BUFFER_FLAG_IS_SET (frame->buffer, GST_BUFFER_FLAG_DELTA_UNIT);
}

static GstClockTime
minus (GstClockTime time, GstClockTime less)
{
  return time > less ? time - less : 0;
}

/* CLIPS, with the lock */

static void
on_clip_done (RecordClip *clip, const gchar *path, gpointer user_data)
{
  Recorder *self = user_data;

  if (path != NULL)
    record_folder_make_room (
        self->settings.folder, path, self->settings.max_bytes);
  else
    self->failed = TRUE;
  g_mutex_lock (&self->lock);
  if (path == NULL)
    self->not_before = self->video_time + RETRY_INTERVAL;
  if (clip == self->clip) {
    self->clip = NULL;
    self->n_written = 0;
  }
  g_mutex_unlock (&self->lock);
  record_clip_free (clip);
  g_atomic_int_dec_and_test (&self->n_unfinished);
}

/* from the last key frame that is early enough for what happens at @time */
static void
begin_clip (Recorder *self, GstClockTime time, GstClockTime before)
{
  GstClockTime wanted = minus (time, before), start;
  GList *l, *first = NULL;
  guint i = 0;
  gint64 wall_time;

  for (l = self->ring.head; l != NULL; l = l->next, i++) {
    const Frame *frame = l->data;

    if (is_key (frame) && (first == NULL || frame->time <= wanted)) {
      first = l;
      self->n_written = i;
    }
  }
  if (first == NULL)
    return;
  start = ((Frame *) first->data)->time;
  wall_time =
      g_get_real_time () - (gint64) (minus (self->video_time, start) / 1000);
  /* Names sort by age, also where a file is read faster than time goes by: there, a
   * clip with more before its cause would seem to be older than the last one. */
  wall_time = MAX (wall_time, self->last_wall_time + G_USEC_PER_SEC / 1000);
  self->last_wall_time = wall_time;
  g_atomic_int_inc (&self->n_unfinished);
  self->clip = record_clip_new (
      self->settings.folder, wall_time, start, self->caps, on_clip_done, self);
  self->clip_cause = time;
  self->clip_end = time + self->settings.after;
}

static void
end_clip (Recorder *self)
{
  record_clip_finish (self->clip);
  self->clip = NULL;
  self->n_written = 0;
}

static void
write_video (Recorder *self)
{
  Frame *frame;

  while (self->clip != NULL
         && (frame = g_queue_peek_nth (&self->ring, self->n_written)) != NULL
         && frame->time <= self->clip_end) {
    record_clip_add_video (self->clip, frame->buffer, frame->time);
    self->n_written++;
  }
}

/* whole groups of pictures that no clip will want any more */
static void
trim_ring (Recorder *self)
{
  GstClockTime oldest = minus (self->video_time, self->settings.before + SLACK);
  GList *l;
  guint n = 0, i = 0;

  for (l = self->ring.head; l != NULL; l = l->next, i++) {
    const Frame *frame = l->data;

    if (self->clip != NULL && i > self->n_written)
      break;
    if (is_key (frame) && frame->time <= oldest)
      n = i;
  }
  self->n_written = self->n_written > n ? self->n_written - n : 0;
  while (n-- > 0)
    frame_free (g_queue_pop_head (&self->ring));
}

static void
advance (Recorder *self)
{
  write_video (self);
  if (self->clip != NULL
      && MIN (self->line_time, self->video_time)
             > self->clip_end + self->settings.before)
    end_clip (self);
  trim_ring (self);
}

/* LINES */

static const gchar *
get_string (JsonObject *object, const gchar *field)
{
  JsonNode *node = json_object_get_member (object, field);

  return node != NULL && json_node_get_value_type (node) == G_TYPE_STRING
             ? json_node_get_string (node)
             : NULL;
}

static gboolean
is_trigger (
    Recorder *self, JsonObject *object, const gchar *field, const gchar **what)
{
  const gchar *value = get_string (object, field);

  if (value == NULL
      || !g_strv_contains (
          (const gchar *const *) self->settings.triggers, value))
    return FALSE;
  *what = value;
  return TRUE;
}

/* what of a list in @line is waited for, %NULL if nothing */
static const gchar *
find_in_list (Recorder *self, JsonObject *line, const gchar *list,
    const gchar *const *fields)
{
  const gchar *what = NULL;
  JsonArray *array;
  guint i, j;

  if (!json_object_has_member (line, list))
    return NULL;
  array = json_object_get_array_member (line, list);
  for (i = 0; i < json_array_get_length (array); i++)
    for (j = 0; fields[j] != NULL; j++)
      if (is_trigger (
              self, json_array_get_object_element (array, i), fields[j], &what))
        return what;
  return NULL;
}

static void
trigger (
    Recorder *self, GstClockTime time, const gchar *what, const gchar *line)
{
  GstClockTime before = self->settings.before;

  /* what came before is in the clip that is cut */
  if (self->clip != NULL
      && time > self->clip_cause + self->settings.max_length) {
    end_clip (self);
    before = 0;
  }
  if (self->clip == NULL && time >= self->not_before)
    begin_clip (self, time, before);
  if (self->clip == NULL)
    return;
  self->clip_end = MAX (self->clip_end, time + self->settings.after);
  record_clip_add_note (self->clip, time, what, line);
}

static void
wait_for_video (
    Recorder *self, GstClockTime time, const gchar *what, const gchar *line)
{
  Cause *cause;

  if (self->early.length >= MAX_EARLY)
    return;
  cause = g_new (Cause, 1);
  cause->time = time;
  cause->what = g_strdup (what);
  cause->line = g_strdup (line);
  g_queue_push_tail (&self->early, cause);
}

static void
trigger_early (Recorder *self)
{
  Cause *cause;

  while ((cause = g_queue_pop_head (&self->early)) != NULL) {
    trigger (self, cause->time, cause->what, cause->line);
    cause_free (cause);
  }
}

static GstClockTime
get_time (GstSample *sample)
{
  return gst_segment_to_running_time (gst_sample_get_segment (sample),
      GST_FORMAT_TIME, GST_BUFFER_PTS (gst_sample_get_buffer (sample)));
}

/**
 * recorder_add_line:
 * @sample: of yolov5json
 */
void
recorder_add_line (Recorder *self, GstSample *sample)
{
  static const gchar *const of_detections[] = { "label", NULL };
  static const gchar *const of_events[] = { "type", "line", "zone", NULL };
  GstClockTime time = get_time (sample);
  g_autofree gchar *text = NULL;
  g_autoptr (JsonNode) root = NULL;
  const gchar *what;
  GstMapInfo map;

  if (!GST_CLOCK_TIME_IS_VALID (time)
      || !gst_buffer_map (gst_sample_get_buffer (sample), &map, GST_MAP_READ))
    return;
  text = g_strndup ((const gchar *) map.data, map.size);
  gst_buffer_unmap (gst_sample_get_buffer (sample), &map);
  root = json_from_string (text, NULL);

  g_mutex_lock (&self->lock);
  self->line_time = time;
  if (root != NULL && JSON_NODE_HOLDS_OBJECT (root)) {
    JsonObject *line = json_node_get_object (root);

    what = find_in_list (self, line, "events", of_events);
    if (what == NULL)
      what = find_in_list (self, line, "detections", of_detections);
    if (what != NULL && self->caps == NULL)
      wait_for_video (self, time, what, text);
    else if (what != NULL)
      trigger (self, time, what, text);
  }
  advance (self);
  g_mutex_unlock (&self->lock);
}

/**
 * recorder_add_video:
 * @sample: an encoded frame
 */
void
recorder_add_video (Recorder *self, GstSample *sample)
{
  GstClockTime time = get_time (sample);
  Frame *frame;

  if (!GST_CLOCK_TIME_IS_VALID (time))
    return;
  frame = g_new (Frame, 1);
  frame->buffer = gst_buffer_ref (gst_sample_get_buffer (sample));
  frame->time = time;
  g_mutex_lock (&self->lock);
  gst_caps_replace (&self->caps, gst_sample_get_caps (sample));
  self->video_time = time;
  g_queue_push_tail (&self->ring, frame);
  trigger_early (self);
  advance (self);
  g_mutex_unlock (&self->lock);
}

/* RECORDER */

/**
 * recorder_new:
 * @settings: what they point to has to outlive it
 */
Recorder *
recorder_new (const RecorderSettings *settings)
{
  Recorder *self = g_new0 (Recorder, 1);

  self->settings = *settings;
  g_mutex_init (&self->lock);
  g_queue_init (&self->ring);
  g_queue_init (&self->early);
  return self;
}

static gboolean
on_end_timeout (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
  return G_SOURCE_CONTINUE;
}

/**
 * recorder_end:
 *
 * The stream has ended: finishes what is open.
 *
 * Returns: whether all clips could be written
 */
gboolean
recorder_end (Recorder *self)
{
  gboolean too_late = FALSE;
  guint timeout;

  g_mutex_lock (&self->lock);
  write_video (self);
  if (self->clip != NULL)
    end_clip (self);
  g_mutex_unlock (&self->lock);

  timeout = g_timeout_add (END_TIMEOUT_US / 1000, on_end_timeout, &too_late);
  while (g_atomic_int_get (&self->n_unfinished) > 0 && !too_late)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (timeout);
  if (too_late)
    g_printerr ("A clip could not be finished: the disk is too slow\n");
  return !self->failed && !too_late;
}

void
recorder_free (Recorder *self)
{
  g_queue_clear_full (&self->ring, frame_free);
  g_queue_clear_full (&self->early, cause_free);
  gst_caps_replace (&self->caps, NULL);
  g_mutex_clear (&self->lock);
  g_free (self);
}
