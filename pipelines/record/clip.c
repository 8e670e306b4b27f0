/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* A clip is a pipeline of its own, which a muxer ends. Its file is renamed when
 * it is whole, after its notes are there: who sees an .mp4 has both. */

#include "clip.h"

#include <gst/app/app.h>
#include <json-glib/json-glib.h>

#include <glib/gstdio.h>
#include <string.h>

#include "folder.h"

/* someone who stays is in the notes once in this time */
#define NOTE_INTERVAL GST_SECOND

struct _RecordClip {
  GstElement *pipeline;
  GstElement *source;
  guint watch;
  RecordClipDone done;
  gpointer user_data;

  gchar *path;
  gchar *part;
  gint64 wall_time;
  GstClockTime start;
  GstClockTime end;
  JsonArray *notes;
  /* by what, the time from the start when it was noted last */
  GHashTable *noted;
};

static gdouble
to_seconds (GstClockTime time)
{
  return (gdouble) time / GST_SECOND;
}

static gboolean
write_notes (RecordClip *self, GError **error)
{
  g_autoptr (JsonGenerator) generator = json_generator_new ();
  g_autoptr (JsonNode) root = json_node_new (JSON_NODE_OBJECT);
  g_autoptr (GDateTime) utc =
      g_date_time_new_from_unix_utc (self->wall_time / G_USEC_PER_SEC);
  g_autofree gchar *date = g_date_time_format (utc, "%Y-%m-%dT%H:%M:%S");
  g_autofree gchar *start = g_strdup_printf (
      "%s.%03dZ", date, (gint) (self->wall_time % G_USEC_PER_SEC / 1000));
  g_autofree gchar *name = g_path_get_basename (self->path);
  g_autofree gchar *notes = record_folder_name_notes (self->path);
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "file", name);
  json_object_set_string_member (object, "start", start);
  json_object_set_double_member (
      object, "duration", to_seconds (self->end - self->start));
  json_object_set_array_member (object, "events", json_array_ref (self->notes));
  json_node_take_object (root, object);
  json_generator_set_root (generator, root);
  json_generator_set_pretty (generator, TRUE);
  /* it renames, too */
  return json_generator_to_file (generator, notes, error);
}

static void
complete (RecordClip *self, const GError *failure)
{
  g_autoptr (GError) error = failure != NULL ? g_error_copy (failure) : NULL;

  gst_element_set_state (self->pipeline, GST_STATE_NULL);
  if (error == NULL && write_notes (self, &error)
      && g_rename (self->part, self->path) != 0)
    error = g_error_new (G_FILE_ERROR, G_FILE_ERROR_FAILED,
        "\"%s\" cannot be renamed", self->part);
  if (error != NULL) {
    g_autofree gchar *notes = record_folder_name_notes (self->path);

    g_printerr ("%s: %s\n", self->path, error->message);
    g_unlink (self->part);
    g_unlink (notes);
  } else {
    g_print ("%s: %.1f s\n", self->path, to_seconds (self->end - self->start));
  }
  self->done (self, error == NULL ? self->path : NULL, self->user_data);
}

static gboolean
on_message (GstBus *bus, GstMessage *message, gpointer user_data)
{
  RecordClip *self = user_data;
  g_autoptr (GError) error = NULL;

  switch (GST_MESSAGE_TYPE (message)) {
    case GST_MESSAGE_ERROR:
      gst_message_parse_error (message, &error, NULL);
      break;
    case GST_MESSAGE_EOS:
      break;
    default:
      return G_SOURCE_CONTINUE;
  }
  self->watch = 0;
  complete (self, error);
  return G_SOURCE_REMOVE;
}

/**
 * record_clip_new:
 * @wall_time: when it begins, microseconds since 1970
 * @start: the same in the video's time
 * @caps: of the encoded video
 * @done: called once, then it may be freed
 */
RecordClip *
record_clip_new (const gchar *folder, gint64 wall_time, GstClockTime start,
    GstCaps *caps, RecordClipDone done, gpointer user_data)
{
  RecordClip *self = g_new0 (RecordClip, 1);
  GstElement *sink;
  GstBus *bus;

  self->path = record_folder_name_clip (folder, wall_time);
  self->part = record_folder_name_part (self->path);
  self->wall_time = wall_time;
  self->start = self->end = start;
  self->done = done;
  self->user_data = user_data;
  self->notes = json_array_new ();
  self->noted = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->pipeline =
      gst_parse_launch ("appsrc name=source format=time max-bytes=0 "
                        "! h264parse ! mp4mux ! filesink name=sink",
          NULL);
  self->source = gst_bin_get_by_name (GST_BIN (self->pipeline), "source");
  gst_app_src_set_caps (GST_APP_SRC (self->source), caps);
  sink = gst_bin_get_by_name (GST_BIN (self->pipeline), "sink");
  g_object_set (sink, "location", self->part, NULL);
  gst_object_unref (sink);

  bus = gst_element_get_bus (self->pipeline);
  self->watch = gst_bus_add_watch (bus, on_message, self);
  gst_object_unref (bus);
  /* an error is on the bus */
  gst_element_set_state (self->pipeline, GST_STATE_PLAYING);
  return self;
}

/**
 * record_clip_add_video:
 * @buffer: an encoded frame
 * @time: of it, in the video's time
 */
void
record_clip_add_video (RecordClip *self, GstBuffer *buffer, GstClockTime time)
{
  GstBuffer *copy = gst_buffer_copy (buffer);

  GST_BUFFER_PTS (copy) = GST_BUFFER_DTS (copy) = time - self->start;
  self->end = time;
  if (GST_BUFFER_DURATION_IS_VALID (copy))
    self->end += GST_BUFFER_DURATION (copy);
  gst_app_src_push_buffer (GST_APP_SRC (self->source), copy);
}

/**
 * record_clip_add_note:
 * @what: the class or event that was waited for
 * @line: of JSON, with all that is known of the frame
 */
void
record_clip_add_note (
    RecordClip *self, GstClockTime time, const gchar *what, const gchar *line)
{
  g_autoptr (JsonNode) node = json_from_string (line, NULL);
  GstClockTime at = time > self->start ? time - self->start : 0;
  GstClockTime *last = g_hash_table_lookup (self->noted, what);
  JsonObject *note;

  if (last != NULL && at < *last + NOTE_INTERVAL)
    return;
  g_hash_table_replace (
      self->noted, g_strdup (what), g_memdup2 (&at, sizeof at));
  note = json_object_new ();
  json_object_set_string_member (note, "on", what);
  json_object_set_double_member (note, "time", to_seconds (at));
  if (node != NULL)
    json_object_set_member (note, "frame", g_steal_pointer (&node));
  json_array_add_object_element (self->notes, note);
}

/**
 * record_clip_finish:
 *
 * No more comes.
 */
void
record_clip_finish (RecordClip *self)
{
  gst_app_src_end_of_stream (GST_APP_SRC (self->source));
}

void
record_clip_free (RecordClip *self)
{
  if (self->watch != 0)
    g_source_remove (self->watch);
  gst_element_set_state (self->pipeline, GST_STATE_NULL);
  gst_object_unref (self->source);
  gst_object_unref (self->pipeline);
  json_array_unref (self->notes);
  g_hash_table_unref (self->noted);
  g_free (self->path);
  g_free (self->part);
  g_free (self);
}
