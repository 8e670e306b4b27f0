/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What the tests of the detector element share. */

#include "rig.h"

#include <math.h>
#include <string.h>

#include "yolov5dpu/element.h"

static void
write_file (const gchar *path, const gchar *contents)
{
  fail_unless (g_file_set_contents (path, contents, -1, NULL));
}

void
model_files_init (ModelFiles *self)
{
  self->directory = testfolder_make ();
  self->model = g_build_filename (self->directory, "model.xmodel", NULL);
  self->info = g_build_filename (self->directory, "model.modelinfo", NULL);
  self->labels = g_build_filename (self->directory, "labels.txt", NULL);
  write_file (self->model, "");
  write_file (self->labels, "even\nodd\n");
}

void
model_files_write_info (ModelFiles *self, const gchar *contents)
{
  write_file (self->info, contents);
}

void
model_files_clear (ModelFiles *self)
{
  testfolder_remove (self->directory);
  g_free (self->model);
  g_free (self->info);
  g_free (self->labels);
  g_free (self->directory);
}

GstElement *
detector_new (const ModelFiles *files, GstBus *bus)
{
  GstElement *element = g_object_new (GST_TYPE_YOLOV5_DPU, "name", "detector",
      "model", files->model, "label-file", files->labels, NULL);

  gst_element_set_bus (element, bus);
  return gst_object_ref_sink (element);
}

static GstPadProbeReturn
write_down (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  DetectorRig *self = data;

  g_mutex_lock (&self->lock);
  if (info->type & GST_PAD_PROBE_TYPE_BUFFER) {
    GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);

    g_string_append_printf (
        self->log, " %u", (guint) (GST_BUFFER_PTS (buffer) / FRAME_DURATION));
  } else if (info->type & GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM) {
    GstQuery *query = GST_PAD_PROBE_INFO_QUERY (info);

    if (GST_QUERY_IS_SERIALIZED (query))
      g_string_append_printf (self->log, " %s", GST_QUERY_TYPE_NAME (query));
  } else if (GST_EVENT_TYPE (GST_PAD_PROBE_INFO_EVENT (info))
             != GST_EVENT_CUSTOM_DOWNSTREAM_STICKY) {
    /* what the element says of its model is its own */
    g_string_append_printf (self->log, " %s",
        GST_EVENT_TYPE_NAME (GST_PAD_PROBE_INFO_EVENT (info)));
  }
  g_cond_broadcast (&self->logged);
  g_mutex_unlock (&self->lock);

  return GST_PAD_PROBE_OK;
}

/* harnesses say that they are live */
static GstPadProbeReturn
answer_not_live (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  GstQuery *query = GST_PAD_PROBE_INFO_QUERY (info);

  if (GST_QUERY_TYPE (query) != GST_QUERY_LATENCY)
    return GST_PAD_PROBE_OK;
  gst_query_set_latency (query, FALSE, 0, GST_CLOCK_TIME_NONE);
  return GST_PAD_PROBE_HANDLED;
}

static DetectorRig *
rig_new (gboolean live, const gchar *first_property, va_list arguments)
{
  DetectorRig *self = g_new0 (DetectorRig, 1);

  model_files_init (&self->files);
  g_mutex_init (&self->lock);
  g_cond_init (&self->logged);
  self->log = g_string_new (NULL);
  self->bus = gst_bus_new ();
  self->element = detector_new (&self->files, self->bus);
  g_object_set_valist (G_OBJECT (self->element), first_property, arguments);

  self->harness = gst_harness_new_with_element (self->element, "sink", "src");
  gst_pad_add_probe (self->harness->sinkpad,
      GST_PAD_PROBE_TYPE_DATA_DOWNSTREAM | GST_PAD_PROBE_TYPE_EVENT_FLUSH
          | GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM | GST_PAD_PROBE_TYPE_PUSH,
      write_down, self, NULL);
  if (!live)
    gst_pad_add_probe (self->harness->srcpad,
        GST_PAD_PROBE_TYPE_QUERY_UPSTREAM | GST_PAD_PROBE_TYPE_PUSH,
        answer_not_live, NULL, NULL);
  detector_rig_set_size (self, FAKE_DPU_SIZE, FAKE_DPU_SIZE);
  detector_rig_wait_for (self, " segment");

  return self;
}

DetectorRig *
detector_rig_new (const gchar *first_property, ...)
{
  DetectorRig *self;
  va_list arguments;

  va_start (arguments, first_property);
  self = rig_new (FALSE, first_property, arguments);
  va_end (arguments);
  return self;
}

DetectorRig *
detector_rig_new_live (const gchar *first_property, ...)
{
  DetectorRig *self;
  va_list arguments;

  va_start (arguments, first_property);
  self = rig_new (TRUE, first_property, arguments);
  va_end (arguments);
  return self;
}

void
detector_rig_free (DetectorRig *self)
{
  gst_harness_teardown (self->harness);
  gst_element_set_bus (self->element, NULL);
  gst_bus_set_flushing (self->bus, TRUE);
  ASSERT_OBJECT_REFCOUNT (self->element, "element", 1);
  gst_object_unref (self->element);
  gst_object_unref (self->bus);
  g_string_free (self->log, TRUE);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->logged);
  model_files_clear (&self->files);
  g_free (self);

  assert_equals_int (fake_dpu_get_n_runners (), 0);
  assert_equals_int (fake_dpu_get_n_models (), 0);
}

void
detector_rig_set_size (DetectorRig *self, guint width, guint height)
{
  GstCaps *caps = gst_caps_new_simple ("video/x-raw", "format", G_TYPE_STRING,
      "RGB", "width", G_TYPE_INT, width, "height", G_TYPE_INT, height,
      "framerate", GST_TYPE_FRACTION, 25, 1, NULL);

  gst_harness_set_src_caps (self->harness, caps);
}

/* one colour all over, which tells the double which frame it is */
GstBuffer *
frame_new (guint width, guint height, guint level)
{
  gsize size = GST_ROUND_UP_4 (width * 3) * height;
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, size, NULL);

  gst_buffer_memset (buffer, 0, fake_dpu_level_to_pixel (level), size);
  GST_BUFFER_PTS (buffer) = level * FRAME_DURATION;
  GST_BUFFER_DURATION (buffer) = FRAME_DURATION;
  return buffer;
}

GstFlowReturn
detector_rig_push (DetectorRig *self, guint level)
{
  return gst_harness_push (
      self->harness, frame_new (FAKE_DPU_SIZE, FAKE_DPU_SIZE, level));
}

typedef struct {
  DetectorRig *rig;
  guint level;
} Push;

static gpointer
run_push (gpointer data)
{
  Push *push = data;
  GstFlowReturn flow = detector_rig_push (push->rig, push->level);

  g_free (push);
  return GINT_TO_POINTER (flow);
}

GThread *
detector_rig_push_in_thread (DetectorRig *self, guint level)
{
  Push *push = g_new (Push, 1);

  push->rig = self;
  push->level = level;
  return g_thread_new ("push", run_push, push);
}

GstFlowReturn
join_push (GThread *thread)
{
  return (GstFlowReturn) GPOINTER_TO_INT (g_thread_join (thread));
}

void
detector_rig_wait_for (DetectorRig *self, const gchar *end)
{
  g_mutex_lock (&self->lock);
  while (!g_str_has_suffix (self->log->str, end))
    g_cond_wait (&self->logged, &self->lock);
  g_mutex_unlock (&self->lock);
}

gchar *
detector_rig_get_log (DetectorRig *self)
{
  static const gchar start[] = "stream-start caps segment";
  gchar *log;

  g_mutex_lock (&self->lock);
  log = g_strstrip (g_strdup (self->log->str));
  g_mutex_unlock (&self->lock);

  if (g_str_has_prefix (log, start))
    memmove (log, log + strlen (start), strlen (log + strlen (start)) + 1);
  return g_strchug (log);
}

void
assert_box (
    GstBuffer *buffer, guint level, gint x, gint y, gint width, gint height)
{
  GArray *detections = g_array_new (FALSE, FALSE, sizeof (GstYolov5Detection));
  const GstYolov5Detection *detection;

  assert_equals_uint64 (GST_BUFFER_PTS (buffer), level * FRAME_DURATION);
  gst_yolov5_detections_collect (buffer, detections);
  assert_equals_int (detections->len, 1);
  detection = &g_array_index (detections, GstYolov5Detection, 0);
  assert_equals_string (g_quark_to_string (detection->label),
      level % FAKE_DPU_N_CLASSES ? "odd" : "even");
  assert_equals_int (detection->label_id, level % FAKE_DPU_N_CLASSES);
  fail_unless (detection->confidence > 0.99 && detection->confidence <= 1);
  assert_equals_int (detection->x, x);
  assert_equals_int (detection->y, y);
  assert_equals_int (detection->width, width);
  assert_equals_int (detection->height, height);
  g_array_unref (detections);
}

void
assert_frame (GstBuffer *buffer, guint level)
{
  guint cells = FAKE_DPU_SIZE / FAKE_DPU_CELL;
  gdouble x = (level % cells + 0.5) * FAKE_DPU_CELL;
  gdouble y = (level / cells + 0.5) * FAKE_DPU_CELL;
  gint left = round (MAX (x - FAKE_DPU_BOX_WIDTH / 2., 0));
  gint top = round (MAX (y - FAKE_DPU_BOX_HEIGHT / 2., 0));
  gint right = round (MIN (x + FAKE_DPU_BOX_WIDTH / 2., FAKE_DPU_SIZE));
  gint bottom = round (MIN (y + FAKE_DPU_BOX_HEIGHT / 2., FAKE_DPU_SIZE));

  assert_box (buffer, level, left, top, right - left, bottom - top);
}

guint
count_detections (GstBuffer *buffer)
{
  GArray *detections = g_array_new (FALSE, FALSE, sizeof (GstYolov5Detection));
  guint n_detections;

  gst_yolov5_detections_collect (buffer, detections);
  n_detections = detections->len;
  g_array_unref (detections);
  return n_detections;
}

GstMessage *
pop_message (GstBus *bus, GstMessageType type)
{
  GstMessage *message = gst_bus_pop_filtered (bus, type);

  fail_unless (
      message != NULL, "no %s message", gst_message_type_get_name (type));
  return message;
}

void
assert_error (GstBus *bus, GQuark domain, gint code, const gchar *text)
{
  GstMessage *message = pop_message (bus, GST_MESSAGE_ERROR);
  GError *error = NULL;

  gst_message_parse_error (message, &error, NULL);
  fail_unless (g_error_matches (error, domain, code), "%s %d: %s",
      g_quark_to_string (error->domain), error->code, error->message);
  fail_unless (strstr (error->message, text) != NULL, "\"%s\" lacks \"%s\"",
      error->message, text);
  g_error_free (error);
  gst_message_unref (message);
}

void
assert_no_error (GstBus *bus)
{
  GstMessage *message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);

  fail_unless (message == NULL, "%" GST_PTR_FORMAT, message);
}

void
detector_rig_push_segment (DetectorRig *self)
{
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_push_event (self->harness, gst_event_new_segment (&segment));
}

void
detector_rig_pull (DetectorRig *self, guint level)
{
  GstBuffer *buffer = gst_harness_pull (self->harness);

  fail_unless (buffer != NULL);
  assert_frame (buffer, level);
  gst_buffer_unref (buffer);
}

void
detector_rig_assert_log (DetectorRig *self, const gchar *expected)
{
  gchar *log = detector_rig_get_log (self);

  assert_equals_string (log, expected);
  g_free (log);
}

GstBuffer *
detector_rig_push_and_pull (DetectorRig *self, GstBuffer *buffer)
{
  assert_equals_int (gst_harness_push (self->harness, buffer), GST_FLOW_OK);
  return gst_harness_pull (self->harness);
}

guint
detector_rig_count (DetectorRig *self, guint level)
{
  GstBuffer *buffer = detector_rig_push_and_pull (
      self, frame_new (FAKE_DPU_SIZE, FAKE_DPU_SIZE, level));
  guint n_detections = count_detections (buffer);

  gst_buffer_unref (buffer);
  return n_detections;
}
