/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Lines and zones: which tracked objects cross a line and which way, and which
 * are in a zone and for how long. Knows objects by their ids alone, whoever
 * gave them. */

#pragma once

#include "tracking/tracking.h"

G_BEGIN_DECLS

#define ZONES_ERROR (zones_error_quark ())
GQuark zones_error_quark (void);

/**
 * ZonesError:
 * @ZONES_ERROR_NOT_FOUND: the file cannot be read
 * @ZONES_ERROR_SETTINGS: the file says something impossible
 */
typedef enum {
  ZONES_ERROR_NOT_FOUND,
  ZONES_ERROR_SETTINGS,
} ZonesError;

/* lines and zones of a file, and points of each of them */
#define ZONES_MAX_SHAPES 64
#define ZONES_MAX_POINTS 64
/* objects that are known at once; more are left out */
#define ZONES_MAX_OBJECTS 4096

/**
 * ZonesKind:
 * @ZONES_LINE: objects cross it
 * @ZONES_ZONE: objects are in it or not
 */
typedef enum {
  ZONES_LINE,
  ZONES_ZONE,
} ZonesKind;

/**
 * ZonesAnchor:
 * @ZONES_ANCHOR_BOTTOM: middle of the lower edge: where it stands
 * @ZONES_ANCHOR_CENTER: middle of the box
 * @ZONES_ANCHOR_TOP: middle of the upper edge
 * @ZONES_ANCHOR_LEFT: middle of the left edge
 * @ZONES_ANCHOR_RIGHT: middle of the right edge
 *
 * The point of a box that counts.
 */
typedef enum {
  ZONES_ANCHOR_BOTTOM,
  ZONES_ANCHOR_CENTER,
  ZONES_ANCHOR_TOP,
  ZONES_ANCHOR_LEFT,
  ZONES_ANCHOR_RIGHT,
} ZonesAnchor;

/* ZonesPoint: in fractions of the frame's width and height */
typedef struct {
  gdouble x;
  gdouble y;
} ZonesPoint;

/**
 * ZonesShape:
 * @points: (array length=n_points): two or more along the line, or three or
 *   more around the zone
 * @labels: (array length=n_labels): classes that count; none for all
 * @dwell: nanoseconds in the zone that are worth an event, or 0
 */
typedef struct {
  ZonesKind kind;
  gchar *name;
  ZonesPoint *points;
  guint n_points;
  ZonesAnchor anchor;
  GQuark *labels;
  guint n_labels;
  guint64 dwell;
} ZonesShape;

/**
 * ZonesConfig:
 *
 * Lines and zones as a file describes them. Never changes: threads may share
 * it.
 */
typedef struct _ZonesConfig ZonesConfig;

/**
 * ZonesObject:
 * @id: of its track; 0 for none, then it does not count
 * @box: in pixels of the frame
 * @is_predicted: it was not found on this frame: it stays where it was
 */
typedef struct {
  guint64 id;
  TrackingBox box;
  GQuark label;
  gboolean is_predicted;
} ZonesObject;

/**
 * ZonesFrame:
 * @timestamp: nanoseconds, or %TRACKING_TIME_NONE
 * @frame_period: as for tracker_update()
 * @width: of the frame, in pixels, above 0
 * @height: of the frame, in pixels, above 0
 * @has_looked: a detector looked at it: who is not there is not seen
 * @objects: (array length=n_objects) (nullable): the tracked objects
 */
typedef struct {
  guint64 timestamp;
  guint64 frame_period;
  guint width;
  guint height;
  gboolean has_looked;
  const ZonesObject *objects;
  guint n_objects;
} ZonesFrame;

/**
 * ZonesEventType:
 * @ZONES_LINE_CROSSED: an object is on the other side of a line now
 * @ZONES_ZONE_ENTERED: an object is in a zone now
 * @ZONES_ZONE_LEFT: an object left a zone, or was not seen in it any more
 * @ZONES_ZONE_DWELL: an object has been in a zone for its dwell time
 */
typedef enum {
  ZONES_LINE_CROSSED,
  ZONES_ZONE_ENTERED,
  ZONES_ZONE_LEFT,
  ZONES_ZONE_DWELL,
} ZonesEventType;

/**
 * ZonesEvent:
 * @shape: index of the line or zone in the config
 * @box: where the object was seen last
 * @is_forward: for lines: it came from the left hand of one who goes along the
 *   line from its first point to its last
 * @is_gone: the object is not seen any more; this is about when it was last
 * @ago: nanoseconds from then to the frame: 0 unless it is gone
 * @stayed: for zones: nanoseconds since it entered
 */
typedef struct {
  ZonesEventType type;
  guint shape;
  guint64 id;
  GQuark label;
  TrackingBox box;
  gboolean is_forward;
  gboolean is_gone;
  guint64 ago;
  guint64 stayed;
} ZonesEvent;

/**
 * ZonesResult:
 * @events: (array length=n_events): what happened on the frame
 * @n_left_out: objects over %ZONES_MAX_OBJECTS: worth a warning
 * @n_repeated: objects with the id of another one: worth a warning, too
 *
 * Belongs to the zones; valid until their next call.
 */
typedef struct {
  const ZonesEvent *events;
  guint n_events;
  guint n_left_out;
  guint n_repeated;
} ZonesResult;

/**
 * ZonesCounts:
 * @forward: crossings of a line; see #ZonesEvent
 * @backward: crossings of a line the other way
 * @inside: objects in a zone now
 * @entered: how often objects were found to be in the zone that were not before
 * @left: how often they left it, or were not seen in it any more
 * @dwelled: how often they stayed for its dwell time
 * @stayed: nanoseconds that those who left had stayed, summed
 * @longest: the longest of these
 */
typedef struct {
  guint64 forward;
  guint64 backward;
  guint inside;
  guint64 entered;
  guint64 left;
  guint64 dwelled;
  guint64 stayed;
  guint64 longest;
} ZonesCounts;

/* ZonesLabelCounts: of the objects of one class */
typedef struct {
  GQuark label;
  ZonesCounts counts;
} ZonesLabelCounts;

/**
 * Zones:
 *
 * What happens in one stream; for one thread at a time. Once it has seen as
 * much as it gets to see, it allocates nothing.
 */
typedef struct _Zones Zones;

ZonesConfig *zones_config_new_from_file (const gchar *path, GError **error);
ZonesConfig *zones_config_new_from_data (
    const gchar *data, gssize length, const gchar *name, GError **error);
ZonesConfig *zones_config_ref (ZonesConfig *self);
void zones_config_unref (ZonesConfig *self);
guint zones_config_get_n_shapes (const ZonesConfig *self);
const ZonesShape *zones_config_get_shape (const ZonesConfig *self, guint index);

Zones *zones_new (ZonesConfig *config);
void zones_free (Zones *self);
ZonesConfig *zones_get_config (Zones *self);
void zones_set_config (Zones *self, ZonesConfig *config);
void zones_set_max_lost_time (Zones *self, guint64 max_lost_time);
void zones_update (Zones *self, const ZonesFrame *frame, ZonesResult *result);
void zones_reset (Zones *self, ZonesResult *result);
const ZonesCounts *zones_get_counts (const Zones *self, guint shape);
const ZonesLabelCounts *zones_get_label_counts (
    const Zones *self, guint shape, guint *n_labels);
void zones_reset_counts (Zones *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ZonesConfig, zones_config_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Zones, zones_free)

G_END_DECLS
