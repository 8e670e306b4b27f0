/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "rig.h"

#include <gst/video/video.h>
#include <string.h>

#include "metadata/inference.h"
#include "testfolder.h"

#define BOX_WIDTH 40
#define BOX_HEIGHT 100
/* pixels that an object moves from frame to frame */
#define STEP 8

gchar *
rig_write_config (const gchar *folder, const gchar *text)
{
  gchar *path = g_build_filename (folder, "zones.ini", NULL);

  fail_unless (g_file_set_contents (path, text, -1, NULL));
  return path;
}

/* @elements: in front of yolov5zones, each with a "!" behind */
Rig *
rig_new_behind (const gchar *elements, const gchar *config)
{
  Rig *self = g_new0 (Rig, 1);
  g_autofree gchar *description = NULL;

  self->folder = testfolder_make ();
  self->config = rig_write_config (self->folder, config);
  description = g_strdup_printf (
      "%s yolov5zones name=zones config=%s", elements, self->config);
  self->h = gst_harness_new_parse (description);
  self->zones = gst_bin_get_by_name (GST_BIN (self->h->element), "zones");
  self->bus = gst_bus_new ();
  gst_element_set_bus (self->h->element, self->bus);
  gst_harness_set_src_caps_str (self->h, RIG_CAPS);
  return self;
}

Rig *
rig_new (const gchar *config)
{
  return rig_new_behind ("", config);
}

void
rig_free (Rig *self)
{
  gst_element_set_bus (self->h->element, NULL);
  gst_object_unref (self->bus);
  gst_object_unref (self->zones);
  gst_harness_teardown (self->h);
  testfolder_remove (self->folder);
  g_free (self->folder);
  g_free (self->config);
  g_free (self);
}

/* a frame without content: nobody reads it */
GstBuffer *
rig_new_frame (guint number)
{
  GstBuffer *buffer = gst_buffer_new ();

  GST_BUFFER_PTS (buffer) = number * RIG_FRAME_TIME;
  GST_BUFFER_DURATION (buffer) = RIG_FRAME_TIME;
  return buffer;
}

/* as a yolov5dpu says it */
void
rig_look (GstBuffer *buffer)
{
  const GstYolov5Inference inference = { .element = "detector", .path = "/d" };

  gst_yolov5_inference_register ();
  gst_yolov5_inference_attach (buffer, &inference, NULL, 0);
}

/* as detectors and trackers of others do */
void
rig_attach (GstBuffer *buffer, const RigObject *object)
{
  GstVideoRegionOfInterestMeta *region =
      gst_buffer_add_video_region_of_interest_meta (buffer, object->label,
          object->x - BOX_WIDTH / 2, object->bottom - BOX_HEIGHT, BOX_WIDTH,
          BOX_HEIGHT);

  if (object->id != 0)
    gst_video_region_of_interest_meta_add_param (
        region, gst_structure_new (
                    "object_id", "id", G_TYPE_INT, (gint) object->id, NULL));
}

/* Returns: (transfer full): what comes out */
GstBuffer *
rig_push (Rig *self, GstBuffer *buffer)
{
  assert_equals_int (gst_harness_push (self->h, buffer), GST_FLOW_OK);
  return gst_harness_pull (self->h);
}

/* @object: (nullable): alone on a frame that was looked at */
void
rig_show (Rig *self, guint number, const RigObject *object)
{
  GstBuffer *buffer = rig_new_frame (number);

  rig_look (buffer);
  if (object)
    rig_attach (buffer, object);
  gst_buffer_unref (rig_push (self, buffer));
}

/* one person on frames from @first on */
void
rig_walk (Rig *self, guint first, guint64 id, gint from, gint to)
{
  gint step = from < to ? STEP : -STEP;
  guint n = (to - from) / step + 1;

  for (guint i = 0; i < n; i++) {
    RigObject person = { id, "person", from + step * (gint) i, 240 };

    rig_show (self, first + i, &person);
  }
}

/* Returns: (nullable) (transfer full) */
GstMessage *
rig_pop (Rig *self, GstMessageType type)
{
  return gst_bus_pop_filtered (self->bus, type);
}

/* Returns: (nullable): of the next element message; @message is its owner's */
const GstStructure *
rig_pop_event (Rig *self, GstMessage **message)
{
  gst_message_replace (message, NULL);
  *message = rig_pop (self, GST_MESSAGE_ELEMENT);
  return *message ? gst_message_get_structure (*message) : NULL;
}

/* takes all messages; those that have @part count */
guint
rig_count_warnings (Rig *self, const gchar *part)
{
  GstMessage *message;
  guint n = 0;

  while ((message = rig_pop (self, GST_MESSAGE_WARNING))) {
    g_autoptr (GError) error = NULL;

    gst_message_parse_warning (message, &error, NULL);
    fail_unless (strstr (error->message, part) != NULL, "\"%s\" has no \"%s\"",
        error->message, part);
    n++;
    gst_message_unref (message);
  }
  return n;
}

/* Returns: (nullable): the line or zone in the statistics */
static const GstStructure *
find_shape (const GstStructure *stats, const gchar *list, const gchar *name)
{
  const GValue *shapes = gst_structure_get_value (stats, list);

  for (guint i = 0; shapes && i < gst_value_array_get_size (shapes); i++) {
    const GstStructure *shape =
        gst_value_get_structure (gst_value_array_get_value (shapes, i));

    if (g_strcmp0 (gst_structure_get_string (shape, "name"), name) == 0)
      return shape;
  }
  return NULL;
}

/* @shape: (nullable): a line's or zone's, or one of the element's own counts */
guint64
rig_get_count (GstElement *zones, const gchar *shape, const gchar *field)
{
  g_autoptr (GstStructure) stats = NULL;
  const GstStructure *found;
  guint64 count = 0;

  g_object_get (zones, "stats", &stats, NULL);
  found = stats;
  if (shape)
    found = find_shape (stats, "lines", shape);
  if (!found)
    found = find_shape (stats, "zones", shape);
  fail_unless (found != NULL, "there is no %s", shape);
  fail_unless (gst_structure_get_uint64 (found, field, &count), "no %s in %s",
      field, shape);
  return count;
}
