/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Pictures share a pipeline, so that the model is opened once, and the source in
 * front of it is exchanged. A video has a pipeline of its own. What comes out of
 * them is told to this thread by messages. */

#include "run.h"
#include "relay.h"

#include <gst/video/video.h>
#include <glib/gstdio.h>

#include <errno.h>
#include <string.h>

/* what is written before it is complete, so that a run that fails leaves alone
 * what an earlier one wrote */
#define PART_SUFFIX ".part"

#define ENCODING_TIMEOUT (60 * GST_SECOND)
/* for how long a picture is shown */
#define SHOW_MS 2000

/**
 * DetectRun:
 * @pipeline: (nullable): of the pictures, or of the current video
 * @input: (nullable): of the current source, in @pipeline
 * @n_ends: sinks that the whole picture has not come to yet
 * @sample: (nullable): the annotated picture
 * @stats: (nullable): the detector's, of the source with the most frames
 * @zones: (nullable): yolov5zones', of the last video
 * @warnings: those that were printed
 */
struct _DetectRun {
  const DetectSettings *settings;
  DetectFrameFunc on_frame;
  gpointer user_data;

  GMainLoop *loop;
  GstElement *pipeline;
  gboolean is_video;
  const DetectSource *source;
  GstElement *input;
  gchar *part;
  guint n_ends;
  GstSample *sample;
  guint64 n_frames;
  GError *error;

  GPtrArray *labels;
  GstStructure *stats;
  GstStructure *zones;
  GHashTable *warnings;
  gboolean is_interrupted;
};

/**
 * detect_run_new:
 * @settings: outlives the run
 * @on_frame: (scope notified): gets all frames
 * @error: %DETECT_ERROR_SETUP
 */
DetectRun *
detect_run_new (const DetectSettings *settings, DetectFrameFunc on_frame,
    gpointer user_data, GError **error)
{
  DetectRun *self;

  if (!detect_pipeline_find_elements (error))
    return NULL;
  self = g_new0 (DetectRun, 1);
  self->settings = settings;
  self->on_frame = on_frame;
  self->user_data = user_data;
  self->loop = g_main_loop_new (NULL, FALSE);
  self->warnings =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return self;
}

static guint64
get_count (const GstStructure *stats)
{
  guint64 n = 0;

  gst_structure_get_uint64 (stats, "inferences", &n);
  return n;
}

/* before the elements stop: yolov5zones forgets then */
static void
keep_stats (DetectRun *self)
{
  GstElement *zones =
      gst_bin_get_by_name (GST_BIN (self->pipeline), DETECT_ZONES);
  GstElement *detector =
      gst_bin_get_by_name (GST_BIN (self->pipeline), DETECT_DETECTOR);
  GstStructure *stats = NULL;

  g_clear_pointer (&self->zones, gst_structure_free);
  if (zones != NULL)
    g_object_get (zones, "stats", &self->zones, NULL);
  gst_clear_object (&zones);
  g_object_get (detector, "stats", &stats, NULL);
  gst_object_unref (detector);
  if (self->stats != NULL && get_count (self->stats) > get_count (stats)) {
    gst_structure_free (stats);
    return;
  }
  g_clear_pointer (&self->stats, gst_structure_free);
  self->stats = stats;
}

static void
drop_pipeline (DetectRun *self)
{
  GstBus *bus;

  if (self->pipeline == NULL)
    return;
  keep_stats (self);
  gst_element_set_state (self->pipeline, GST_STATE_NULL);
  bus = gst_element_get_bus (self->pipeline);
  gst_bus_remove_watch (bus);
  gst_object_unref (bus);
  gst_clear_object (&self->pipeline);
  self->input = NULL;
}

void
detect_run_free (DetectRun *self)
{
  drop_pipeline (self);
  g_main_loop_unref (self->loop);
  g_hash_table_unref (self->warnings);
  g_clear_pointer (&self->labels, g_ptr_array_unref);
  g_clear_pointer (&self->stats, gst_structure_free);
  g_clear_pointer (&self->zones, gst_structure_free);
  g_free (self);
}

static void
fail (DetectRun *self, GError *error)
{
  /* the first one says most */
  if (self->error == NULL)
    self->error = error;
  else
    g_error_free (error);
  g_main_loop_quit (self->loop);
}

static void
take_line (DetectRun *self, const GstStructure *structure)
{
  g_autoptr (DetectFrame) frame = detect_frame_new (
      g_strdup (gst_structure_get_string (structure, "line")));

  if (frame == NULL)
    return;
  if (self->labels == NULL)
    self->labels = detect_pipeline_get_labels (self->pipeline);
  self->n_frames++;
  self->on_frame (self->source, frame, self->user_data);
}

static void
take_application_message (DetectRun *self, const GstStructure *structure)
{
  if (self->source == NULL)
    return;
  if (gst_structure_has_name (structure, DETECT_RELAY_LINE)) {
    take_line (self, structure);
  } else if (gst_structure_has_name (structure, DETECT_RELAY_FRAME)) {
    g_clear_pointer (&self->sample, gst_sample_unref);
    gst_structure_get (
        structure, "sample", GST_TYPE_SAMPLE, &self->sample, NULL);
  } else if (gst_structure_has_name (structure, DETECT_RELAY_END)) {
    if (--self->n_ends == 0)
      g_main_loop_quit (self->loop);
  }
}

static void
take_error (DetectRun *self, GstMessage *message)
{
  if (detect_pipeline_is_closed_window (self->pipeline, message)) {
    detect_pipeline_close_display (self->pipeline);
    if (!self->is_interrupted)
      detect_run_interrupt (self);
  } else if (self->source != NULL) {
    fail (self, detect_pipeline_make_error (
                    self->pipeline, self->input, self->source, message));
  }
}

static void
print_warning (DetectRun *self, GstMessage *message)
{
  g_autoptr (GError) error = NULL;

  gst_message_parse_warning (message, &error, NULL);
  if (g_hash_table_add (self->warnings, g_strdup (error->message)))
    g_printerr ("Warning: %s\n", error->message);
}

static gboolean
on_message (GstBus *bus, GstMessage *message, gpointer user_data)
{
  DetectRun *self = user_data;

  switch (GST_MESSAGE_TYPE (message)) {
    case GST_MESSAGE_APPLICATION:
      take_application_message (self, gst_message_get_structure (message));
      break;
    case GST_MESSAGE_WARNING:
      print_warning (self, message);
      break;
    case GST_MESSAGE_ERROR:
      take_error (self, message);
      break;
    case GST_MESSAGE_EOS:
      g_main_loop_quit (self->loop);
      break;
    default:
      break;
  }
  return G_SOURCE_CONTINUE;
}

static gboolean
make_pipeline (DetectRun *self, gboolean is_video, GError **error)
{
  GstBus *bus;

  self->pipeline = detect_pipeline_new (self->settings, is_video, error);
  if (self->pipeline == NULL)
    return FALSE;
  self->is_video = is_video;
  detect_relay_watch (self->pipeline);
  bus = gst_element_get_bus (self->pipeline);
  gst_bus_add_watch (bus, on_message, self);
  gst_object_unref (bus);
  return TRUE;
}

/* puts the current source in front */
static gboolean
add_input (DetectRun *self, GError **error)
{
  GstElement *detector;

  self->input = detect_pipeline_make_source (self->source, error);
  if (self->input == NULL)
    return FALSE;
  gst_bin_add (GST_BIN (self->pipeline), self->input);
  detector = gst_bin_get_by_name (GST_BIN (self->pipeline), DETECT_DETECTOR);
  gst_element_link (self->input, detector);
  gst_object_unref (detector);
  if (!self->is_video)
    detect_relay_watch_picture (self->input);
  return TRUE;
}

static void
remove_input (DetectRun *self)
{
  if (self->input == NULL)
    return;
  gst_element_set_state (self->input, GST_STATE_NULL);
  gst_bin_remove (GST_BIN (self->pipeline), self->input);
  self->input = NULL;
}

static gboolean
write_picture (const gchar *output, GstSample *sample, GError **error)
{
  const gchar *dot = strrchr (output, '.');
  gboolean is_png = dot != NULL && g_ascii_strcasecmp (dot, ".png") == 0;
  g_autoptr (GstCaps) caps =
      gst_caps_new_empty_simple (is_png ? "image/png" : "image/jpeg");
  g_autoptr (GError) local_error = NULL;
  g_autoptr (GstSample) encoded =
      gst_video_convert_sample (sample, caps, ENCODING_TIMEOUT, &local_error);
  gboolean is_written;
  GstMapInfo map;

  if (encoded == NULL) {
    g_set_error (error, DETECT_ERROR, DETECT_ERROR_OUTPUT, "%s: %s", output,
        local_error->message);
    return FALSE;
  }
  if (!gst_buffer_map (gst_sample_get_buffer (encoded), &map, GST_MAP_READ)) {
    g_set_error (error, DETECT_ERROR, DETECT_ERROR_OUTPUT,
        "%s: The encoded picture cannot be read", output);
    return FALSE;
  }
  /* beside, and renamed */
  is_written = g_file_set_contents (
      output, (const gchar *) map.data, (gssize) map.size, &local_error);
  gst_buffer_unmap (gst_sample_get_buffer (encoded), &map);
  if (!is_written)
    g_set_error_literal (
        error, DETECT_ERROR, DETECT_ERROR_OUTPUT, local_error->message);
  return is_written;
}

static void
run_loop (DetectRun *self)
{
  if (self->error == NULL)
    g_main_loop_run (self->loop);
}

static gboolean
check_input (gpointer user_data)
{
  DetectRun *self = user_data;
  GError *error = NULL;

  if (self->error == NULL
      && !detect_pipeline_check_found (self->input, self->source, &error))
    fail (self, error);
  return G_SOURCE_CONTINUE;
}

static void
run_input (DetectRun *self)
{
  guint timer = g_timeout_add_seconds (
      detect_source_get_patience (self->source), check_input, self);

  run_loop (self);
  g_source_remove (timer);
}

static gboolean
quit (gpointer user_data)
{
  DetectRun *self = user_data;

  g_main_loop_quit (self->loop);
  return G_SOURCE_CONTINUE;
}

/* pictures are not gone before they are seen */
static void
wait_for_eyes (DetectRun *self)
{
  guint timer = g_timeout_add (SHOW_MS, quit, self);

  run_loop (self);
  g_source_remove (timer);
}

static gboolean
run_picture (DetectRun *self, GError **error)
{
  const gchar *output = self->source->output;

  if (self->pipeline == NULL) {
    if (!make_pipeline (self, FALSE, error))
      return FALSE;
    gst_element_set_state (self->pipeline, GST_STATE_PLAYING);
  }
  self->n_ends = output != NULL ? 2 : 1;
  if (!add_input (self, error))
    return FALSE;
  gst_element_sync_state_with_parent (self->input);
  run_input (self);
  remove_input (self);
  if (self->error != NULL) {
    /* what is half in it would come out with the next one */
    drop_pipeline (self);
    g_propagate_error (error, g_steal_pointer (&self->error));
    return FALSE;
  }
  if (self->n_frames == 0) {
    g_set_error (error, DETECT_ERROR, DETECT_ERROR_SOURCE,
        "%s: There is no picture in it", self->source->name);
    return FALSE;
  }
  if (output != NULL && !write_picture (output, self->sample, error))
    return FALSE;
  if (self->settings->shows)
    wait_for_eyes (self);
  return TRUE;
}

static void
set_part (DetectRun *self)
{
  GstElement *sink =
      gst_bin_get_by_name (GST_BIN (self->pipeline), DETECT_SINK);

  g_object_set (sink, "location", self->part, NULL);
  gst_object_unref (sink);
}

/* what was written gets its name, or goes if it is not all there */
static gboolean
finish_video (DetectRun *self, GError **error)
{
  const gchar *output = self->source->output;

  if (self->error != NULL)
    g_propagate_error (error, g_steal_pointer (&self->error));
  else if (self->n_frames == 0)
    g_set_error (error, DETECT_ERROR, DETECT_ERROR_SOURCE,
        "%s: There is no video in it", self->source->name);
  else if (self->part == NULL || g_rename (self->part, output) == 0)
    return TRUE;
  else
    g_set_error (error, DETECT_ERROR, DETECT_ERROR_OUTPUT,
        "%s: It cannot be written: %s", output, g_strerror (errno));
  if (self->part != NULL)
    g_unlink (self->part);
  return FALSE;
}

static gboolean
run_video (DetectRun *self, GError **error)
{
  const gchar *output = self->source->output;

  drop_pipeline (self);
  if (!make_pipeline (self, TRUE, error) || !add_input (self, error))
    return FALSE;
  if (output != NULL) {
    self->part = g_strconcat (output, PART_SUFFIX, NULL);
    set_part (self);
  }
  gst_element_set_state (self->pipeline, GST_STATE_PLAYING);
  run_input (self);
  drop_pipeline (self);
  return finish_video (self, error);
}

/**
 * detect_run_source:
 * @error: #DetectError; with %DETECT_ERROR_SETUP no other source will do better
 *
 * Returns when all of it has been looked at, and written where it says so, or
 * when it was interrupted in a way that leaves a file.
 */
gboolean
detect_run_source (DetectRun *self, const DetectSource *source, GError **error)
{
  gboolean succeeded;

  self->source = source;
  self->n_frames = 0;
  succeeded = source->kind == DETECT_PICTURE ? run_picture (self, error)
                                             : run_video (self, error);
  self->source = NULL;
  g_clear_pointer (&self->sample, gst_sample_unref);
  g_clear_pointer (&self->part, g_free);
  g_clear_error (&self->error);
  return succeeded;
}

static gboolean
is_playing (const DetectRun *self)
{
  GstState state, pending;

  if (self->pipeline == NULL)
    return FALSE;
  /* it returns a failure once there was an error, which may be a display's */
  gst_element_get_state (self->pipeline, &state, &pending, 0);
  return state == GST_STATE_PLAYING && pending == GST_STATE_VOID_PENDING;
}

/**
 * detect_run_interrupt:
 *
 * The end of the stream lets the muxer write what makes a video playable. Before
 * the first frame there is nothing to be played, and GStreamer may wait for good
 * where a source is told then.
 *
 * Returns: whether the current source is being finished; called once more, it is
 *   given up
 */
gboolean
detect_run_interrupt (DetectRun *self)
{
  gboolean finishes = !self->is_interrupted && is_playing (self);

  self->is_interrupted = TRUE;
  if (!finishes)
    fail (self, g_error_new_literal (DETECT_ERROR, DETECT_ERROR_STOPPED,
                    "Stopped; nothing was written"));
  else if (self->is_video)
    gst_element_send_event (self->pipeline, gst_event_new_eos ());
  return finishes;
}

gboolean
detect_run_is_interrupted (const DetectRun *self)
{
  return self->is_interrupted;
}

/**
 * detect_run_get_progress:
 * @position: (out): nanoseconds
 * @duration: (out): nanoseconds
 *
 * Returns: %FALSE where there is no end to be seen
 */
gboolean
detect_run_get_progress (
    const DetectRun *self, gint64 *position, gint64 *duration)
{
  return self->pipeline != NULL && self->is_video
         && gst_element_query_position (
             self->pipeline, GST_FORMAT_TIME, position)
         && gst_element_query_duration (
             self->pipeline, GST_FORMAT_TIME, duration)
         && *duration > 0;
}

/**
 * detect_run_get_labels:
 *
 * Returns: (nullable) (element-type utf8): of the model's classes, once there
 *   has been a frame
 */
const GPtrArray *
detect_run_get_labels (const DetectRun *self)
{
  return self->labels;
}

/**
 * detect_run_get_zones:
 *
 * Returns: (nullable): yolov5zones' stats, if the last source was a video with
 *   lines and zones
 */
const GstStructure *
detect_run_get_zones (const DetectRun *self)
{
  return self->zones;
}

/**
 * detect_run_get_stats:
 *
 * Returns: (nullable): yolov5dpu's, of the pictures or the video with the most
 *   frames
 */
const GstStructure *
detect_run_get_stats (DetectRun *self)
{
  if (self->pipeline != NULL)
    keep_stats (self);
  return self->stats;
}
