/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Lines and zones as a custom meta, which came with GStreamer 1.20 and survives
 * conversions. Its structure says the same in the same words as the statistics
 * and the messages of the element that counts, so that applications read one
 * like the other. */

#include "zones.h"

#include <math.h>

#include "lists.h"
#include "messages.h"

#define FIELD_ELEMENT "element"
#define FIELD_PATH "path"
/* arrays of structures */
#define FIELD_LINES "lines"
#define FIELD_ZONES "zones"
#define FIELD_EVENTS "events"
#define FIELD_CLASSES "classes"

#define FIELD_NAME "name"
#define FIELD_LABEL "label"
#define FIELD_POINTS "points"
#define FIELD_BOX "box"

#define DIRECTION_FORWARD "forward"
#define DIRECTION_BACKWARD "backward"

static const gchar *const event_names[] = {
  [GST_YOLOV5_LINE_CROSSED] = "line-crossed",
  [GST_YOLOV5_ZONE_ENTERED] = "zone-entered",
  [GST_YOLOV5_ZONE_LEFT] = "zone-left",
  [GST_YOLOV5_ZONE_DWELL] = "zone-dwell",
};

typedef struct {
  const gchar *field;
  GstYolov5ShapeKind kind;
  gsize offset;
} Count;

#define COUNT(field, kind, member)                                             \
  {                                                                            \
    field, kind, G_STRUCT_OFFSET (GstYolov5ShapeCounts, member)                \
  }

static const Count counts[] = {
  COUNT ("forward", GST_YOLOV5_SHAPE_LINE, forward),
  COUNT ("backward", GST_YOLOV5_SHAPE_LINE, backward),
  COUNT ("inside", GST_YOLOV5_SHAPE_ZONE, inside),
  COUNT ("entered", GST_YOLOV5_SHAPE_ZONE, entered),
  COUNT ("left", GST_YOLOV5_SHAPE_ZONE, left),
  COUNT ("dwelled", GST_YOLOV5_SHAPE_ZONE, dwelled),
  COUNT ("stayed", GST_YOLOV5_SHAPE_ZONE, stayed),
  COUNT ("longest", GST_YOLOV5_SHAPE_ZONE, longest),
};

#define COUNT_OF(structure, count)                                             \
  ((guint64 *) ((guint8 *) (structure) + (count)->offset))

/**
 * gst_yolov5_zones_mark_register:
 *
 * Makes the meta known to GStreamer, once for all. Elements call it before
 * they attach or collect; any thread may.
 */
void
gst_yolov5_zones_mark_register (void)
{
#if GST_CHECK_VERSION(1, 20, 0)
  static gsize registered = 0;

  if (g_once_init_enter (&registered)) {
    /* no tags: whatever an element does to the picture, counts stay the same */
    static const gchar *tags[] = { NULL };

    if (!gst_meta_get_info (GST_YOLOV5_ZONES_META_NAME))
      gst_meta_register_custom (
          GST_YOLOV5_ZONES_META_NAME, tags, NULL, NULL, NULL);
    g_once_init_leave (&registered, 1);
  }
#endif
}

void
gst_yolov5_zones_mark_init (GstYolov5ZonesMark *self)
{
  *self = (GstYolov5ZonesMark){
    .shapes = g_array_new (FALSE, FALSE, sizeof (GstYolov5Shape)),
    .points = g_array_new (FALSE, FALSE, sizeof (GstYolov5ShapePoint)),
    .classes = g_array_new (FALSE, FALSE, sizeof (GstYolov5ShapeClass)),
    .events = g_array_new (FALSE, FALSE, sizeof (GstYolov5ZonesEvent)),
  };
}

void
gst_yolov5_zones_mark_clear (GstYolov5ZonesMark *self)
{
  g_clear_pointer (&self->shapes, g_array_unref);
  g_clear_pointer (&self->points, g_array_unref);
  g_clear_pointer (&self->classes, g_array_unref);
  g_clear_pointer (&self->events, g_array_unref);
}

/**
 * gst_yolov5_zones_mark_empty:
 *
 * Forgets all, and keeps the memory for what comes next.
 */
void
gst_yolov5_zones_mark_empty (GstYolov5ZonesMark *self)
{
  g_array_set_size (self->shapes, 0);
  g_array_set_size (self->points, 0);
  g_array_set_size (self->classes, 0);
  g_array_set_size (self->events, 0);
}

/**
 * gst_yolov5_zones_event_type_get_name:
 *
 * Returns: what messages and structures of such events are called
 */
const gchar *
gst_yolov5_zones_event_type_get_name (GstYolov5ZonesEventType type)
{
  g_return_val_if_fail (type < G_N_ELEMENTS (event_names), NULL);
  return event_names[type];
}

static void
set_counts (GstStructure *structure, GstYolov5ShapeKind kind,
    const GstYolov5ShapeCounts *values)
{
  for (guint i = 0; i < G_N_ELEMENTS (counts); i++) {
    if (counts[i].kind == kind)
      gst_structure_set (structure, counts[i].field, G_TYPE_UINT64,
          *COUNT_OF (values, &counts[i]), NULL);
  }
}

static void
append_structure (GValue *list, GstStructure *structure)
{
  GValue value = G_VALUE_INIT;

  g_value_init (&value, GST_TYPE_STRUCTURE);
  g_value_take_boxed (&value, structure);
  gst_value_array_append_and_take_value (list, &value);
}

static void
set_points (GstStructure *structure, const GstYolov5ZonesMark *self,
    const GstYolov5Shape *shape)
{
  GValue list = G_VALUE_INIT;

  gst_value_array_init (&list, 2 * shape->n_points);
  for (guint i = 0; i < shape->n_points; i++) {
    const GstYolov5ShapePoint *point = &g_array_index (
        self->points, GstYolov5ShapePoint, shape->first_point + i);

    gst_yolov5_list_append_double (&list, point->x);
    gst_yolov5_list_append_double (&list, point->y);
  }
  gst_structure_take_value (structure, FIELD_POINTS, &list);
}

static void
set_classes (GstStructure *structure, const GstYolov5ZonesMark *self,
    const GstYolov5Shape *shape)
{
  GValue list = G_VALUE_INIT;

  gst_value_array_init (&list, shape->n_classes);
  for (guint i = 0; i < shape->n_classes; i++) {
    const GstYolov5ShapeClass *class = &g_array_index (
        self->classes, GstYolov5ShapeClass, shape->first_class + i);
    GstStructure *own = gst_structure_new_empty ("class");

    gst_yolov5_message_set_label (own, class->label);
    set_counts (own, shape->kind, &class->counts);
    append_structure (&list, own);
  }
  gst_structure_take_value (structure, FIELD_CLASSES, &list);
}

static void
set_shapes (GstStructure *structure, const GstYolov5ZonesMark *self,
    GstYolov5ShapeKind kind)
{
  GValue list = G_VALUE_INIT;

  gst_value_array_init (&list, 0);
  for (guint i = 0; i < self->shapes->len; i++) {
    const GstYolov5Shape *shape =
        &g_array_index (self->shapes, GstYolov5Shape, i);
    GstStructure *own;

    if (shape->kind != kind)
      continue;
    own = gst_structure_new (kind == GST_YOLOV5_SHAPE_LINE ? "line" : "zone",
        FIELD_NAME, G_TYPE_STRING, shape->name, NULL);
    set_points (own, self, shape);
    set_counts (own, kind, &shape->counts);
    set_classes (own, self, shape);
    append_structure (&list, own);
  }
  gst_structure_take_value (structure,
      kind == GST_YOLOV5_SHAPE_LINE ? FIELD_LINES : FIELD_ZONES, &list);
}

/**
 * gst_yolov5_zones_mark_write:
 * @structure: gets the fields
 *
 * Says of each line and zone what is known. `lines` and `zones` are arrays of
 * structures. Each has its `name` (string), its `points` (an array of x, y, x,
 * y... as doubles), and `classes`, an array of structures with the `label`
 * (string) and the counts of one class. The counts (uint64) of lines are
 * `forward` and `backward`, those of zones `inside`, `entered`, `left`,
 * `dwelled`, and `stayed` and `longest` in nanoseconds.
 */
void
gst_yolov5_zones_mark_write (
    const GstYolov5ZonesMark *self, GstStructure *structure)
{
  set_shapes (structure, self, GST_YOLOV5_SHAPE_LINE);
  set_shapes (structure, self, GST_YOLOV5_SHAPE_ZONE);
}

/**
 * gst_yolov5_zones_event_to_structure:
 *
 * Returns: (transfer full): a structure that is named as the type of the event.
 *   It has `line` and `direction`, which is `forward` or `backward`, or `zone`
 *   (strings) and `stayed` (uint64, nanoseconds); the `id` of the object
 *   (uint64), its `label` (string), whether it is `gone` (boolean), and the
 *   `timestamp` (uint64)
 */
GstStructure *
gst_yolov5_zones_event_to_structure (const GstYolov5ZonesEvent *self)
{
  GstStructure *structure = gst_structure_new_empty (event_names[self->type]);

  if (self->type == GST_YOLOV5_LINE_CROSSED)
    gst_structure_set (structure, "line", G_TYPE_STRING, self->shape,
        "direction", G_TYPE_STRING,
        self->is_forward ? DIRECTION_FORWARD : DIRECTION_BACKWARD, NULL);
  else
    gst_structure_set (structure, "zone", G_TYPE_STRING, self->shape, "stayed",
        G_TYPE_UINT64, self->stayed, NULL);
  gst_structure_set (structure, "id", G_TYPE_UINT64, self->id, NULL);
  gst_yolov5_message_set_label (structure, self->label);
  gst_structure_set (structure, "gone", G_TYPE_BOOLEAN, self->is_gone,
      "timestamp", G_TYPE_UINT64, self->timestamp, NULL);
  return structure;
}

#if GST_CHECK_VERSION(1, 20, 0)
static GstStructure *
event_with_box (const GstYolov5ZonesEvent *event)
{
  GstStructure *structure = gst_yolov5_zones_event_to_structure (event);
  GValue box = G_VALUE_INIT;

  gst_value_array_init (&box, 4);
  gst_yolov5_list_append_double (&box, event->x);
  gst_yolov5_list_append_double (&box, event->y);
  gst_yolov5_list_append_double (&box, event->width);
  gst_yolov5_list_append_double (&box, event->height);
  gst_structure_take_value (structure, FIELD_BOX, &box);
  return structure;
}
#endif

/**
 * gst_yolov5_zones_mark_attach:
 * @buffer: a writable buffer
 * @element: name of the element that counts
 * @path: its path, which no other one has
 *
 * Attaches a #GstCustomMeta `yolov5dpu-zones` with `element` and `path`
 * (strings), the fields of gst_yolov5_zones_mark_write(), and `events`, an array
 * of structures as of gst_yolov5_zones_event_to_structure(), which also have the
 * object's `box`, an array of x, y, width and height as doubles, in fractions of
 * the frame. Before GStreamer 1.20 nothing is attached.
 */
void
gst_yolov5_zones_mark_attach (const GstYolov5ZonesMark *self, GstBuffer *buffer,
    const gchar *element, const gchar *path)
{
#if GST_CHECK_VERSION(1, 20, 0)
  GstCustomMeta *meta =
      gst_buffer_add_custom_meta (buffer, GST_YOLOV5_ZONES_META_NAME);
  GValue events = G_VALUE_INIT;
  GstStructure *structure;

  g_return_if_fail (meta != NULL);

  structure = gst_custom_meta_get_structure (meta);
  gst_structure_set (structure, FIELD_ELEMENT, G_TYPE_STRING, element,
      FIELD_PATH, G_TYPE_STRING, path, NULL);
  gst_yolov5_zones_mark_write (self, structure);
  gst_value_array_init (&events, self->events->len);
  for (guint i = 0; i < self->events->len; i++)
    append_structure (&events,
        event_with_box (&g_array_index (self->events, GstYolov5ZonesEvent, i)));
  gst_structure_take_value (structure, FIELD_EVENTS, &events);
#endif
}

#if GST_CHECK_VERSION(1, 20, 0)

static guint64
read_uint64 (const GstStructure *structure, const gchar *field)
{
  guint64 number = 0;

  gst_structure_get_uint64 (structure, field, &number);
  return number;
}

static GQuark
read_label (const GstStructure *structure)
{
  return g_quark_from_string (
      gst_structure_get_string (structure, FIELD_LABEL));
}

static void
read_counts (const GstStructure *structure, GstYolov5ShapeKind kind,
    GstYolov5ShapeCounts *values)
{
  *values = (GstYolov5ShapeCounts){ 0 };
  for (guint i = 0; i < G_N_ELEMENTS (counts); i++) {
    if (counts[i].kind == kind)
      *COUNT_OF (values, &counts[i]) = read_uint64 (structure, counts[i].field);
  }
}

/* Returns: whether there are as many as @shape needs */
static gboolean
read_points (GstYolov5ZonesMark *self, const GstStructure *structure,
    GstYolov5Shape *shape)
{
  guint least = shape->kind == GST_YOLOV5_SHAPE_LINE ? 2 : 3;

  shape->n_points = gst_yolov5_list_get_length (structure, FIELD_POINTS) / 2;
  for (guint i = 0; i < shape->n_points; i++) {
    GstYolov5ShapePoint point = {
      gst_yolov5_list_get_double (structure, FIELD_POINTS, 2 * i),
      gst_yolov5_list_get_double (structure, FIELD_POINTS, 2 * i + 1),
    };

    /* neither what is no number */
    if (!(point.x >= 0 && point.x <= 1 && point.y >= 0 && point.y <= 1))
      return FALSE;
    g_array_append_val (self->points, point);
  }
  return shape->n_points >= least;
}

static void
read_classes (GstYolov5ZonesMark *self, const GstStructure *structure,
    GstYolov5Shape *shape)
{
  guint n = gst_yolov5_list_get_length (structure, FIELD_CLASSES);

  shape->first_class = self->classes->len;
  for (guint i = 0; i < n; i++) {
    const GstStructure *own =
        gst_yolov5_list_get_structure (structure, FIELD_CLASSES, i);
    GstYolov5ShapeClass class;

    if (!own)
      continue;
    class.label = read_label (own);
    read_counts (own, shape->kind, &class.counts);
    g_array_append_val (self->classes, class);
  }
  shape->n_classes = self->classes->len - shape->first_class;
}

static void
read_shapes (GstYolov5ZonesMark *self, const GstStructure *structure,
    const gchar *element, const gchar *field, GstYolov5ShapeKind kind)
{
  guint n = gst_yolov5_list_get_length (structure, field);

  for (guint i = 0; i < n; i++) {
    const GstStructure *own =
        gst_yolov5_list_get_structure (structure, field, i);
    GstYolov5Shape shape = {
      .kind = kind, .element = element, .first_point = self->points->len
    };

    if (!own)
      continue;
    shape.name = gst_structure_get_string (own, FIELD_NAME);
    if (!shape.name || !read_points (self, own, &shape)) {
      g_array_set_size (self->points, shape.first_point);
      continue;
    }
    read_counts (own, kind, &shape.counts);
    read_classes (self, own, &shape);
    g_array_append_val (self->shapes, shape);
  }
}

static gboolean
read_type (const GstStructure *structure, GstYolov5ZonesEventType *type)
{
  for (guint i = 0; i < G_N_ELEMENTS (event_names); i++) {
    if (gst_structure_has_name (structure, event_names[i])) {
      *type = i;
      return TRUE;
    }
  }
  return FALSE;
}

static gboolean
read_box (const GstStructure *structure, GstYolov5ZonesEvent *event)
{
  event->x = gst_yolov5_list_get_double (structure, FIELD_BOX, 0);
  event->y = gst_yolov5_list_get_double (structure, FIELD_BOX, 1);
  event->width = gst_yolov5_list_get_double (structure, FIELD_BOX, 2);
  event->height = gst_yolov5_list_get_double (structure, FIELD_BOX, 3);
  return gst_yolov5_list_get_length (structure, FIELD_BOX) == 4
         && isfinite (event->x) && isfinite (event->y)
         && isfinite (event->width) && isfinite (event->height)
         && event->width >= 0 && event->height >= 0;
}

static gboolean
read_event (const GstStructure *structure, GstYolov5ZonesEvent *event)
{
  gboolean is_line;

  if (!read_type (structure, &event->type) || !read_box (structure, event))
    return FALSE;
  is_line = event->type == GST_YOLOV5_LINE_CROSSED;
  event->shape =
      gst_structure_get_string (structure, is_line ? "line" : "zone");
  event->id = read_uint64 (structure, "id");
  event->label = read_label (structure);
  event->timestamp = GST_CLOCK_TIME_NONE;
  gst_structure_get_uint64 (structure, "timestamp", &event->timestamp);
  gst_structure_get_boolean (structure, "gone", &event->is_gone);
  event->is_forward =
      is_line
      && g_strcmp0 (gst_structure_get_string (structure, "direction"),
             DIRECTION_FORWARD)
             == 0;
  event->stayed = is_line ? 0 : read_uint64 (structure, "stayed");
  return event->shape != NULL;
}

static void
read_mark (GstYolov5ZonesMark *self, const GstStructure *structure)
{
  const gchar *element = gst_structure_get_string (structure, FIELD_ELEMENT);
  guint n_events = gst_yolov5_list_get_length (structure, FIELD_EVENTS);

  read_shapes (self, structure, element, FIELD_LINES, GST_YOLOV5_SHAPE_LINE);
  read_shapes (self, structure, element, FIELD_ZONES, GST_YOLOV5_SHAPE_ZONE);
  for (guint i = 0; i < n_events; i++) {
    const GstStructure *own =
        gst_yolov5_list_get_structure (structure, FIELD_EVENTS, i);
    GstYolov5ZonesEvent event = { .element = element };

    if (own && read_event (own, &event))
      g_array_append_val (self->events, event);
  }
}
#endif

/**
 * gst_yolov5_zones_mark_collect:
 * @buffer: a buffer, whose metadata have to stay while @self is read
 *
 * Reads the marks of all elements that count. What is not as they write it is
 * left out.
 */
void
gst_yolov5_zones_mark_collect (GstYolov5ZonesMark *self, GstBuffer *buffer)
{
#if GST_CHECK_VERSION(1, 20, 0)
  gpointer state = NULL;
  GstMeta *meta;
#endif

  gst_yolov5_zones_mark_empty (self);
#if GST_CHECK_VERSION(1, 20, 0)
  while ((meta = gst_buffer_iterate_meta (buffer, &state))) {
    GstCustomMeta *custom = (GstCustomMeta *) meta;

    if (gst_meta_info_is_custom (meta->info)
        && gst_custom_meta_has_name (custom, GST_YOLOV5_ZONES_META_NAME))
      read_mark (self, gst_custom_meta_get_structure (custom));
  }
#endif
}
