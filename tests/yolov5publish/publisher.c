/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "publisher.h"

#include <string.h>

/* longer than anything here takes, also on a busy machine */
#define PATIENCE (100 * GST_SECOND)

/* @properties: as in a pipeline's description */
Publisher *
publisher_new (const gchar *properties, ...)
{
  Publisher *self = g_new0 (Publisher, 1);
  va_list arguments;
  gchar *values, *text;

  va_start (arguments, properties);
  values = g_strdup_vprintf (properties, arguments);
  va_end (arguments);
  text = g_strdup_printf ("yolov5publish %s", values);
  self->element = gst_parse_launch (text, NULL);
  fail_unless (self->element != NULL, "%s", text);
  self->bus = gst_bus_new ();
  gst_element_set_bus (self->element, self->bus);
  self->harness = gst_harness_new_with_element (self->element, "sink", NULL);
  gst_harness_set_src_caps_str (self->harness, "application/x-json");
  g_free (values);
  g_free (text);
  return self;
}

void
publisher_push (Publisher *self, const gchar *line)
{
  gchar *text = g_strconcat (line, "\n", NULL);
  GstBuffer *buffer = gst_buffer_new_wrapped (text, strlen (text));

  assert_equals_int (gst_harness_push (self->harness, buffer), GST_FLOW_OK);
}

void
publisher_push_numbers (Publisher *self, guint first, guint n)
{
  guint i;

  for (i = first; i < first + n; i++) {
    gchar text[16];

    g_snprintf (text, sizeof text, "%u", i);
    publisher_push (self, text);
  }
}

/* returns when the element has let go of the end of the stream */
void
publisher_end (Publisher *self)
{
  fail_unless (gst_harness_push_event (self->harness, gst_event_new_eos ()));
}

guint64
publisher_get_stat (Publisher *self, const gchar *name)
{
  GstStructure *stats;
  guint64 value;

  g_object_get (self->element, "stats", &stats, NULL);
  fail_unless (gst_structure_get_uint64 (stats, name, &value), "%s", name);
  gst_structure_free (stats);
  return value;
}

/* Returns: (transfer full): what the next message of @type says */
gchar *
publisher_wait_for_message (Publisher *self, GstMessageType type)
{
  GstMessage *message = gst_bus_timed_pop_filtered (self->bus, PATIENCE, type);
  GError *error;
  gchar *text;

  fail_unless (message != NULL, "no message has come");
  if (type == GST_MESSAGE_ERROR)
    gst_message_parse_error (message, &error, NULL);
  else
    gst_message_parse_warning (message, &error, NULL);
  text = g_strdup (error->message);
  g_error_free (error);
  gst_message_unref (message);
  return text;
}

void
publisher_free (Publisher *self)
{
  gst_harness_teardown (self->harness);
  /* its messages have the element */
  gst_bus_set_flushing (self->bus, TRUE);
  gst_object_unref (self->element);
  gst_object_unref (self->bus);
  g_free (self);
}
