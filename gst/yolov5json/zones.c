/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What yolov5zones counted, in pixels of the frame as detections are. */

#include "zones.h"

#include <math.h>

static void
add_integer (JsonBuilder *builder, const gchar *name, guint64 value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, (gint64) value);
}

/* @text: (nullable): from anywhere; JSON is UTF-8 */
static void
add_text (JsonBuilder *builder, const gchar *name, const gchar *text)
{
  json_builder_set_member_name (builder, name);
  if (text) {
    g_autofree gchar *valid = g_utf8_make_valid (text, -1);

    json_builder_add_string_value (builder, valid);
  } else {
    json_builder_add_null_value (builder);
  }
}

static void
add_points (JsonBuilder *builder, const GstYolov5ZonesMark *mark,
    const GstYolov5Shape *shape, gint width, gint height)
{
  json_builder_set_member_name (builder, "points");
  json_builder_begin_array (builder);
  for (guint i = 0; i < shape->n_points; i++) {
    const GstYolov5ShapePoint *point = &g_array_index (
        mark->points, GstYolov5ShapePoint, shape->first_point + i);

    json_builder_add_int_value (builder, (gint64) round (point->x * width));
    json_builder_add_int_value (builder, (gint64) round (point->y * height));
  }
  json_builder_end_array (builder);
}

static void
add_counts (JsonBuilder *builder, GstYolov5ShapeKind kind,
    const GstYolov5ShapeCounts *counts)
{
  if (kind == GST_YOLOV5_SHAPE_LINE) {
    add_integer (builder, "forward", counts->forward);
    add_integer (builder, "backward", counts->backward);
  } else {
    add_integer (builder, "inside", counts->inside);
    add_integer (builder, "entered", counts->entered);
    add_integer (builder, "left", counts->left);
    add_integer (builder, "dwelled", counts->dwelled);
    add_integer (builder, "stayed", counts->stayed);
    add_integer (builder, "longest", counts->longest);
  }
}

static void
add_classes (JsonBuilder *builder, const GstYolov5ZonesMark *mark,
    const GstYolov5Shape *shape)
{
  json_builder_set_member_name (builder, "classes");
  json_builder_begin_array (builder);
  for (guint i = 0; i < shape->n_classes; i++) {
    const GstYolov5ShapeClass *class = &g_array_index (
        mark->classes, GstYolov5ShapeClass, shape->first_class + i);

    json_builder_begin_object (builder);
    add_text (builder, "label", g_quark_to_string (class->label));
    add_counts (builder, shape->kind, &class->counts);
    json_builder_end_object (builder);
  }
  json_builder_end_array (builder);
}

/* two may have a line of the same name each */
static gboolean
have_several_elements (const GstYolov5ZonesMark *mark)
{
  for (guint i = 1; i < mark->shapes->len; i++)
    if (g_strcmp0 (g_array_index (mark->shapes, GstYolov5Shape, 0).element,
            g_array_index (mark->shapes, GstYolov5Shape, i).element)
        != 0)
      return TRUE;
  return FALSE;
}

static void
add_shapes (JsonBuilder *builder, const GstYolov5ZonesMark *mark,
    GstYolov5ShapeKind kind, gint width, gint height)
{
  json_builder_set_member_name (
      builder, kind == GST_YOLOV5_SHAPE_LINE ? "lines" : "zones");
  json_builder_begin_array (builder);
  for (guint i = 0; i < mark->shapes->len; i++) {
    const GstYolov5Shape *shape =
        &g_array_index (mark->shapes, GstYolov5Shape, i);

    if (shape->kind != kind)
      continue;
    json_builder_begin_object (builder);
    add_text (builder, "name", shape->name);
    if (have_several_elements (mark))
      add_text (builder, "element", shape->element);
    add_points (builder, mark, shape, width, height);
    add_counts (builder, kind, &shape->counts);
    add_classes (builder, mark, shape);
    json_builder_end_object (builder);
  }
  json_builder_end_array (builder);
}

static void
add_box (JsonBuilder *builder, const GstYolov5ZonesEvent *event, gint width,
    gint height)
{
  gint64 left = llround (event->x * width);
  gint64 top = llround (event->y * height);

  json_builder_set_member_name (builder, "x");
  json_builder_add_int_value (builder, left);
  json_builder_set_member_name (builder, "y");
  json_builder_add_int_value (builder, top);
  json_builder_set_member_name (builder, "width");
  json_builder_add_int_value (
      builder, llround ((event->x + event->width) * width) - left);
  json_builder_set_member_name (builder, "height");
  json_builder_add_int_value (
      builder, llround ((event->y + event->height) * height) - top);
}

static void
add_event (JsonBuilder *builder, const GstYolov5ZonesMark *mark,
    const GstYolov5ZonesEvent *event, gint width, gint height)
{
  json_builder_begin_object (builder);
  add_text (
      builder, "type", gst_yolov5_zones_event_type_get_name (event->type));
  if (event->type == GST_YOLOV5_LINE_CROSSED) {
    add_text (builder, "line", event->shape);
    add_text (builder, "direction", event->is_forward ? "forward" : "backward");
  } else {
    add_text (builder, "zone", event->shape);
    add_integer (builder, "stayed", event->stayed);
  }
  if (have_several_elements (mark))
    add_text (builder, "element", event->element);
  add_integer (builder, "id", event->id);
  add_text (builder, "label", g_quark_to_string (event->label));
  add_box (builder, event, width, height);
  json_builder_set_member_name (builder, "gone");
  json_builder_add_boolean_value (builder, event->is_gone);
  json_builder_set_member_name (builder, "pts");
  if (GST_CLOCK_TIME_IS_VALID (event->timestamp))
    json_builder_add_int_value (builder, (gint64) event->timestamp);
  else
    json_builder_add_null_value (builder);
  json_builder_end_object (builder);
}

/**
 * gst_yolov5_json_add_zones:
 * @builder: in an object
 * @mark: as collected from a frame
 * @width: of the frame in pixels
 * @height: of the frame in pixels
 *
 * Adds `lines`, `zones` and `events`, unless nobody counted at any.
 */
void
gst_yolov5_json_add_zones (JsonBuilder *builder, const GstYolov5ZonesMark *mark,
    gint width, gint height)
{
  if (mark->shapes->len == 0 && mark->events->len == 0)
    return;
  add_shapes (builder, mark, GST_YOLOV5_SHAPE_LINE, width, height);
  add_shapes (builder, mark, GST_YOLOV5_SHAPE_ZONE, width, height);
  json_builder_set_member_name (builder, "events");
  json_builder_begin_array (builder);
  for (guint i = 0; i < mark->events->len; i++)
    add_event (builder, mark,
        &g_array_index (mark->events, GstYolov5ZonesEvent, i), width, height);
  json_builder_end_array (builder);
}
