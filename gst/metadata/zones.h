/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Lines and zones with what was counted on them, and what happened on this
 * frame, as buffer metadata. Everything is in fractions of the frame, so that it
 * fits whatever size the frame is given later. */

#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* name of the #GstCustomMeta and of the structure in it */
#define GST_YOLOV5_ZONES_META_NAME "yolov5dpu-zones"

/**
 * GstYolov5ShapeKind:
 * @GST_YOLOV5_SHAPE_LINE: objects cross it; its points lie along it
 * @GST_YOLOV5_SHAPE_ZONE: objects are in it or not; its points lie around it
 */
typedef enum {
  GST_YOLOV5_SHAPE_LINE,
  GST_YOLOV5_SHAPE_ZONE
} GstYolov5ShapeKind;

/* GstYolov5ShapePoint: from 0, left and top, to 1, right and bottom */
typedef struct {
  gdouble x;
  gdouble y;
} GstYolov5ShapePoint;

/**
 * GstYolov5ShapeCounts:
 * @forward: of a line: crossings by objects that came from the left hand of one
 *   who goes along it from its first point to its last
 * @backward: of a line: crossings the other way
 * @inside: of a zone, as all that follow: objects that are in it now
 * @entered: how often objects came into it
 * @left: how often they left it, or were not seen in it any more
 * @dwelled: how often they stayed for its dwell time
 * @stayed: nanoseconds that those who left had stayed, summed
 * @longest: the longest of these
 */
typedef struct {
  guint64 forward;
  guint64 backward;
  guint64 inside;
  guint64 entered;
  guint64 left;
  guint64 dwelled;
  GstClockTime stayed;
  GstClockTime longest;
} GstYolov5ShapeCounts;

/* GstYolov5ShapeClass: of the objects of one class; 0 is no label */
typedef struct {
  GQuark label;
  GstYolov5ShapeCounts counts;
} GstYolov5ShapeClass;

/**
 * GstYolov5Shape:
 * @name: as the user called it
 * @element: (nullable): name of the element that counts
 * @first_point: index of its first among the points of the mark
 * @n_points: 2 or more of a line, 3 or more of a zone
 * @first_class: index of its first among the classes of the mark
 * @n_classes: that something happened with
 * @counts: of all classes together
 *
 * A line or a zone.
 */
typedef struct {
  GstYolov5ShapeKind kind;
  const gchar *name;
  const gchar *element;
  guint first_point;
  guint n_points;
  guint first_class;
  guint n_classes;
  GstYolov5ShapeCounts counts;
} GstYolov5Shape;

/**
 * GstYolov5ZonesEventType:
 * @GST_YOLOV5_LINE_CROSSED: an object is on the other side of a line now
 * @GST_YOLOV5_ZONE_ENTERED: an object is in a zone now
 * @GST_YOLOV5_ZONE_LEFT: an object left a zone, or is not seen any more
 * @GST_YOLOV5_ZONE_DWELL: an object has been in a zone for its dwell time
 */
typedef enum {
  GST_YOLOV5_LINE_CROSSED,
  GST_YOLOV5_ZONE_ENTERED,
  GST_YOLOV5_ZONE_LEFT,
  GST_YOLOV5_ZONE_DWELL
} GstYolov5ZonesEventType;

/**
 * GstYolov5ZonesEvent:
 * @shape: name of the line or zone
 * @element: (nullable): name of the element that counts
 * @id: of the object
 * @label: its class
 * @x: left edge of its box where it was found last, in fractions of the frame as
 *   the others
 * @timestamp: when it was, as timestamps of buffers are, or %GST_CLOCK_TIME_NONE
 * @is_forward: of a line: see #GstYolov5ShapeCounts
 * @is_gone: the object is not seen any more; this is about when it was last
 * @stayed: of a zone: nanoseconds since it entered
 */
typedef struct {
  GstYolov5ZonesEventType type;
  const gchar *shape;
  const gchar *element;
  guint64 id;
  GQuark label;
  gdouble x;
  gdouble y;
  gdouble width;
  gdouble height;
  GstClockTime timestamp;
  gboolean is_forward;
  gboolean is_gone;
  GstClockTime stayed;
} GstYolov5ZonesEvent;

/**
 * GstYolov5ZonesMark:
 * @shapes: (element-type GstYolov5Shape): lines and zones
 * @points: (element-type GstYolov5ShapePoint): of all of them
 * @classes: (element-type GstYolov5ShapeClass): of all of them
 * @events: (element-type GstYolov5ZonesEvent): what happened on this frame
 *
 * What is known of lines and zones on a frame. The arrays are kept from frame to
 * frame, so that nothing is allocated once they are large enough; the strings
 * are somebody else's: when collected, the buffer's.
 */
typedef struct {
  GArray *shapes;
  GArray *points;
  GArray *classes;
  GArray *events;
} GstYolov5ZonesMark;

void gst_yolov5_zones_mark_register (void);
void gst_yolov5_zones_mark_init (GstYolov5ZonesMark *self);
void gst_yolov5_zones_mark_clear (GstYolov5ZonesMark *self);
void gst_yolov5_zones_mark_empty (GstYolov5ZonesMark *self);

const gchar *gst_yolov5_zones_event_type_get_name (
    GstYolov5ZonesEventType type);
GstStructure *gst_yolov5_zones_event_to_structure (
    const GstYolov5ZonesEvent *self);

void gst_yolov5_zones_mark_write (
    const GstYolov5ZonesMark *self, GstStructure *structure);
void gst_yolov5_zones_mark_attach (const GstYolov5ZonesMark *self,
    GstBuffer *buffer, const gchar *element, const gchar *path);
void gst_yolov5_zones_mark_collect (
    GstYolov5ZonesMark *self, GstBuffer *buffer);

G_END_DECLS
