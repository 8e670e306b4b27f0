/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The fields of a line, as the element's documentation lists them. */

#include "line.h"

#include <math.h>

#include "metadata/detections.h"
#include "metadata/tracks.h"
#include "zones.h"

static void
add_integer (JsonBuilder *builder, const gchar *name, gint64 value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, value);
}

static void
add_label (JsonBuilder *builder, GQuark label)
{
  json_builder_set_member_name (builder, "label");
  if (label != 0) {
    /* labels come from anywhere; JSON is UTF-8 */
    g_autofree gchar *text = g_utf8_make_valid (g_quark_to_string (label), -1);

    json_builder_add_string_value (builder, text);
  } else {
    json_builder_add_null_value (builder);
  }
}

static void
add_detector_name (const GstYolov5Line *self, JsonBuilder *builder,
    const GstYolov5Detection *detection)
{
  guint i;

  json_builder_set_member_name (builder, "detector");
  for (i = 0; i < self->detectors->list->len; i++) {
    const GstYolov5Detector *detector =
        gst_yolov5_detectors_peek (self->detectors, i);

    if (detector->inferred && detector->mark == detection->mark) {
      json_builder_add_string_value (builder, detector->name);
      return;
    }
  }
  json_builder_add_null_value (builder);
}

static void
add_track (JsonBuilder *builder, const GstYolov5TrackedObject *track)
{
  if (track->id == 0)
    return;
  add_integer (builder, "id", (gint64) track->id);
  json_builder_set_member_name (builder, "predicted");
  json_builder_add_boolean_value (builder, track->is_predicted);
  if (GST_CLOCK_TIME_IS_VALID (track->age))
    add_integer (builder, "age", (gint64) track->age);
}

static void
add_detection (const GstYolov5Line *self, JsonBuilder *builder,
    const GstYolov5Detection *detection, const GstYolov5TrackedObject *track)
{
  json_builder_begin_object (builder);

  add_label (builder, detection->label);
  json_builder_set_member_name (builder, "label_id");
  if (detection->label_id >= 0)
    json_builder_add_int_value (builder, detection->label_id);
  else
    json_builder_add_null_value (builder);
  json_builder_set_member_name (builder, "confidence");
  if (isfinite (detection->confidence) && detection->confidence >= 0.0)
    json_builder_add_double_value (builder, detection->confidence);
  else
    json_builder_add_null_value (builder);
  /* metadata have whole pixels */
  add_integer (builder, "x", (gint64) detection->x);
  add_integer (builder, "y", (gint64) detection->y);
  add_integer (builder, "width", (gint64) detection->width);
  add_integer (builder, "height", (gint64) detection->height);
  if (self->detectors->list->len > 1)
    add_detector_name (self, builder, detection);
  add_track (builder, track);

  json_builder_end_object (builder);
}

static void
add_inferred (JsonBuilder *builder, gboolean inferred)
{
  json_builder_set_member_name (builder, "inferred");
  json_builder_add_boolean_value (builder, inferred);
}

static void
add_detectors (const GstYolov5Line *self, JsonBuilder *builder)
{
  guint i;

  json_builder_set_member_name (builder, "detectors");
  json_builder_begin_object (builder);
  for (i = 0; i < self->detectors->list->len; i++) {
    const GstYolov5Detector *detector =
        gst_yolov5_detectors_peek (self->detectors, i);

    json_builder_set_member_name (builder, detector->name);
    json_builder_begin_object (builder);
    add_inferred (builder, detector->inferred);
    if (detector->inferred)
      add_integer (
          builder, "inference_time", (gint64) detector->inference_time);
    json_builder_end_object (builder);
  }
  json_builder_end_object (builder);
}

/* somebody looked who found it */
static gboolean
has_found (const GstYolov5Line *self)
{
  guint i;

  for (i = 0; i < self->tracks->len; i++)
    if (!g_array_index (self->tracks, GstYolov5TrackedObject, i).is_predicted)
      return TRUE;
  return FALSE;
}

static void
add_inference (const GstYolov5Line *self, JsonBuilder *builder)
{
  GstClockTime inference_time = 0, lag = 0;
  guint n_inferred = 0, i;

  for (i = 0; i < self->detectors->list->len; i++) {
    const GstYolov5Detector *detector =
        gst_yolov5_detectors_peek (self->detectors, i);

    if (!detector->inferred)
      continue;
    n_inferred++;
    inference_time += detector->inference_time;
    lag = MAX (lag, detector->lag);
  }

  if (self->detectors->list->len > 0) {
    add_inferred (builder, n_inferred == self->detectors->list->len);
  } else if (has_found (self)) {
    add_inferred (builder, TRUE);
  } else {
    json_builder_set_member_name (builder, "inferred");
    json_builder_add_null_value (builder);
  }
  if (n_inferred > 0)
    add_integer (builder, "inference_time", (gint64) inference_time);
  if (lag > 0)
    add_integer (builder, "lag", (gint64) lag);
  if (self->detectors->list->len > 1)
    add_detectors (self, builder);
}

static JsonNode *
to_json (const GstYolov5Line *self)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  guint i;

  json_builder_begin_object (builder);

  json_builder_set_member_name (builder, "pts");
  if (GST_CLOCK_TIME_IS_VALID (self->pts))
    json_builder_add_int_value (builder, (gint64) self->pts);
  else
    json_builder_add_null_value (builder);
  add_integer (builder, "frame", (gint64) self->frame);
  add_integer (builder, "width", self->width);
  add_integer (builder, "height", self->height);
  add_inference (self, builder);

  json_builder_set_member_name (builder, "detections");
  json_builder_begin_array (builder);
  for (i = 0; i < self->detections->len; i++)
    add_detection (self, builder,
        &g_array_index (self->detections, GstYolov5Detection, i),
        &g_array_index (self->tracks, GstYolov5TrackedObject, i));
  json_builder_end_array (builder);
  gst_yolov5_json_add_zones (builder, self->zones, self->width, self->height);

  json_builder_end_object (builder);
  return json_builder_get_root (builder);
}

/**
 * gst_yolov5_line_write:
 * @generator: how it is to be written
 *
 * Returns: (transfer full): the line, with its end
 */
GString *
gst_yolov5_line_write (const GstYolov5Line *self, JsonGenerator *generator)
{
  g_autoptr (JsonNode) json = to_json (self);
  GString *text = g_string_new (NULL);

  json_generator_set_root (generator, json);
  json_generator_to_gstring (generator, text);
  g_string_append_c (text, '\n');
  return text;
}
