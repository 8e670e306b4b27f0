/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What happens on lines and in zones.
 *
 * Only boxes that a detector found count: the way from one to the next is the
 * object's, however many frames nobody looked at lie between. Whoever stands on
 * a line or a border is on either side by chance, so that a change of sides
 * counts when the object is clear of it. */

#include "tracking/zones.h"

#include <math.h>

#include "tracking/geometry.h"
#include "tracking/place.h"
#include "tracking/visitors.h"

/* How far from a line an object is clear of it, in sizes (the mean of its box's
 * width and height): two standard deviations of what detectors find. Of a
 * person, a quarter of a metre. */
#define CLEARANCE 0.2
/* longer than the tracker's, so that the tracker is first to let go */
#define DEFAULT_MAX_LOST_TIME (3 * TRACKING_SECOND)
struct _Zones {
  ZonesConfig *config;
  Place *places;
  guint n_places;
  guint width;
  guint height;
  guint64 max_lost_time;

  TrackingClock clock;
  guint64 frame;
  Visitors *visitors;
  GArray *events;
};

static void
init_places (Zones *self)
{
  self->n_places = zones_config_get_n_shapes (self->config);
  self->places = g_new0 (Place, self->n_places);
  for (guint i = 0; i < self->n_places; i++)
    place_init (&self->places[i], zones_config_get_shape (self->config, i));
  /* of no frame yet */
  self->width = self->height = 0;
}

static void
free_places (Place *places, guint n_places)
{
  for (guint i = 0; i < n_places; i++)
    place_clear (&places[i]);
  g_free (places);
}

/**
 * zones_new:
 * @config: (transfer none): the lines and zones
 *
 * Returns: (transfer full): nothing has happened yet
 */
Zones *
zones_new (ZonesConfig *config)
{
  Zones *self = g_new0 (Zones, 1);

  self->config = zones_config_ref (config);
  self->max_lost_time = DEFAULT_MAX_LOST_TIME;
  init_places (self);
  self->visitors = visitors_new (self->n_places);
  self->events = g_array_new (FALSE, FALSE, sizeof (ZonesEvent));
  return self;
}

void
zones_free (Zones *self)
{
  free_places (self->places, self->n_places);
  visitors_free (self->visitors);
  g_array_unref (self->events);
  zones_config_unref (self->config);
  g_free (self);
}

/**
 * zones_get_config:
 *
 * Returns: (transfer none): the lines and zones
 */
ZonesConfig *
zones_get_config (Zones *self)
{
  return self->config;
}

/* from a place that was, -1 if there was none */
static gint
find_place (const Place *places, guint n_places, const ZonesShape *shape)
{
  for (guint i = 0; i < n_places; i++) {
    if (place_is_same (&places[i], shape))
      return i;
  }
  return -1;
}

/**
 * zones_set_config:
 * @config: (transfer none): other lines and zones
 *
 * Lines and zones that are the same as before keep their counts, the others
 * begin anew: whoever is in a new zone enters it on the next frame.
 */
void
zones_set_config (Zones *self, ZonesConfig *config)
{
  ZonesConfig *old_config = self->config;
  Place *old_places = self->places;
  guint n_old = self->n_places;
  gint old_of_new[ZONES_MAX_SHAPES];

  self->config = zones_config_ref (config);
  init_places (self);
  for (guint i = 0; i < self->n_places; i++) {
    Place *place = &self->places[i];

    old_of_new[i] = find_place (old_places, n_old, place->shape);
    if (old_of_new[i] >= 0)
      place_copy_counts (place, &old_places[old_of_new[i]]);
  }
  visitors_map_states (self->visitors, old_of_new, self->n_places);
  free_places (old_places, n_old);
  zones_config_unref (old_config);
}

/**
 * zones_set_max_lost_time:
 * @max_lost_time: nanoseconds (3 s) after which an object is gone that is not
 *   there on frames that were looked at. Should be longer than the tracker's,
 *   which may find it again until then
 */
void
zones_set_max_lost_time (Zones *self, guint64 max_lost_time)
{
  self->max_lost_time = max_lost_time;
}

static void
scale_places (Zones *self, guint width, guint height)
{
  if (width == self->width && height == self->height)
    return;
  self->width = width;
  self->height = height;
  for (guint i = 0; i < self->n_places; i++)
    place_scale (&self->places[i], width, height);
}

/* @event: what is special about it */
static void
emit (Zones *self, guint place, const Visitor *visitor, GQuark label,
    ZonesEvent event)
{
  event.shape = place;
  event.ago = event.is_gone ? self->clock.now - visitor->seen_at : 0;
  event.id = visitor->id;
  event.label = label;
  event.box = (TrackingBox){
    .x = visitor->box.x * self->width,
    .y = visitor->box.y * self->height,
    .width = visitor->box.width * self->width,
    .height = visitor->box.height * self->height,
  };
  place_count (&self->places[place], &event);
  g_array_append_val (self->events, event);
}

static void
cross (Zones *self, guint place, const Visitor *visitor, VisitorState *state,
    gboolean is_gone)
{
  emit (self, place, visitor, visitor->label,
      (ZonesEvent){
          .type = ZONES_LINE_CROSSED,
          .is_forward = state->crossings > 0,
          .is_gone = is_gone,
      });
  state->crossings = 0;
}

static void
enter (Zones *self, guint place, const Visitor *visitor, VisitorState *state)
{
  state->is_inside = TRUE;
  state->has_dwelled = FALSE;
  state->label = visitor->label;
  state->entered_at = self->clock.now;
  emit (self, place, visitor, state->label,
      (ZonesEvent){ .type = ZONES_ZONE_ENTERED });
}

static void
leave (Zones *self, guint place, const Visitor *visitor, VisitorState *state,
    gboolean is_gone)
{
  guint64 left_at = is_gone ? visitor->seen_at : self->clock.now;

  state->is_inside = FALSE;
  emit (self, place, visitor, state->label,
      (ZonesEvent){
          .type = ZONES_ZONE_LEFT,
          .is_gone = is_gone,
          .stayed = left_at - state->entered_at,
      });
}

static ZonesPoint
get_anchor (const Zones *self, const TrackingBox *box, ZonesAnchor anchor)
{
  ZonesPoint point = { box->x + box->width / 2, box->y + box->height / 2 };

  switch (anchor) {
    case ZONES_ANCHOR_BOTTOM:
      point.y = box->y + box->height;
      break;
    case ZONES_ANCHOR_CENTER:
      break;
    case ZONES_ANCHOR_TOP:
      point.y = box->y;
      break;
    case ZONES_ANCHOR_LEFT:
      point.x = box->x;
      break;
    case ZONES_ANCHOR_RIGHT:
      point.x = box->x + box->width;
      break;
  }
  point.x *= self->width;
  point.y *= self->height;
  return point;
}

/* @from: (nullable): where it was, if it is known */
static void
move_on_line (Zones *self, guint index, const Visitor *visitor,
    VisitorState *state, const ZonesPoint *from, ZonesPoint to,
    gdouble clearance)
{
  const Place *place = &self->places[index];
  guint n_points = place->shape->n_points;

  if (from != NULL)
    state->crossings +=
        polyline_count_crossings (place->points, n_points, *from, to);
  if (polyline_get_distance (place->points, n_points, to) < clearance)
    return;
  if (state->crossings != 0)
    cross (self, index, visitor, state, FALSE);
  state->is_settled = TRUE;
}

static void
move_in_zone (Zones *self, guint index, const Visitor *visitor,
    VisitorState *state, ZonesPoint to, gdouble clearance)
{
  const Place *place = &self->places[index];
  guint n_points = place->shape->n_points;

  if (polygon_contains (place->points, n_points, to) == state->is_inside
      || polygon_get_distance (place->points, n_points, to)
             < MIN (clearance, place->max_clearance))
    return;
  if (state->is_inside)
    leave (self, index, visitor, state, FALSE);
  else
    enter (self, index, visitor, state);
}

/* @old_box: (nullable) */
static void
move (Zones *self, const Visitor *visitor, const TrackingBox *old_box)
{
  VisitorState *states = visitors_get_states (self->visitors, visitor);
  gdouble clearance =
      CLEARANCE
      * (visitor->box.width * self->width + visitor->box.height * self->height)
      / 2;

  for (guint i = 0; i < self->n_places; i++) {
    const ZonesShape *shape = self->places[i].shape;
    ZonesPoint from, to = get_anchor (self, &visitor->box, shape->anchor);

    if (!place_wants (&self->places[i], visitor->label)) {
      /* it was taken for something else */
      if (states[i].is_inside)
        leave (self, i, visitor, &states[i], FALSE);
      states[i].crossings = 0;
    } else if (shape->kind == ZONES_ZONE) {
      move_in_zone (self, i, visitor, &states[i], to, clearance);
    } else {
      if (old_box != NULL)
        from = get_anchor (self, old_box, shape->anchor);
      move_on_line (self, i, visitor, &states[i],
          old_box != NULL ? &from : NULL, to, clearance);
    }
  }
}

static void
check_dwell (Zones *self, const Visitor *visitor)
{
  VisitorState *states = visitors_get_states (self->visitors, visitor);

  for (guint i = 0; i < self->n_places; i++) {
    guint64 dwell = self->places[i].shape->dwell;
    guint64 stayed = self->clock.now - states[i].entered_at;

    if (!states[i].is_inside || states[i].has_dwelled || dwell == 0
        || stayed < dwell)
      continue;
    states[i].has_dwelled = TRUE;
    emit (self, i, visitor, states[i].label,
        (ZonesEvent){ .type = ZONES_ZONE_DWELL, .stayed = stayed });
  }
}

/* What vanished on a line, such as in a door, is beyond it. */
static void
say_farewell (Zones *self, const Visitor *visitor)
{
  VisitorState *states = visitors_get_states (self->visitors, visitor);

  for (guint i = 0; i < self->n_places; i++) {
    if (states[i].is_inside)
      leave (self, i, visitor, &states[i], TRUE);
    if (states[i].is_settled && states[i].crossings != 0)
      cross (self, i, visitor, &states[i], TRUE);
  }
}

static gboolean
is_usable (const ZonesObject *object)
{
  const TrackingBox *box = &object->box;

  return object->id != 0 && isfinite (box->x) && isfinite (box->y)
         && isfinite (box->width) && isfinite (box->height) && box->width >= 0
         && box->height >= 0;
}

static void
see_object (Zones *self, const ZonesObject *object, ZonesResult *result)
{
  Visitor *visitor = visitors_find (self->visitors, object->id);
  gboolean is_new = visitor == NULL;
  TrackingBox old_box;

  if (is_new) {
    /* nobody knows where it is */
    if (object->is_predicted)
      return;
    if (visitors_get_n (self->visitors) == ZONES_MAX_OBJECTS) {
      result->n_left_out++;
      return;
    }
    visitor = visitors_add (self->visitors, object->id);
  } else if (visitor->frame == self->frame) {
    result->n_repeated++;
    return;
  }

  visitor->frame = self->frame;
  visitor->label = object->label;
  visitor->is_missed = FALSE;
  visitor->seen_at = self->clock.now;
  if (!object->is_predicted) {
    old_box = visitor->box;
    visitor->box = (TrackingBox){
      .x = object->box.x / self->width,
      .y = object->box.y / self->height,
      .width = object->box.width / self->width,
      .height = object->box.height / self->height,
    };
    move (self, visitor, is_new ? NULL : &old_box);
  }
  check_dwell (self, visitor);
}

/* those that are not on a frame that was looked at */
static void
miss_objects (Zones *self)
{
  guint n = visitors_get_n (self->visitors), n_kept = 0;

  for (guint i = 0; i < n; i++) {
    Visitor *visitor = visitors_get (self->visitors, i);

    if (visitor->frame != self->frame) {
      if (!visitor->is_missed)
        visitor->missed_at = self->clock.now;
      visitor->is_missed = TRUE;
      if (self->clock.now - visitor->missed_at > self->max_lost_time) {
        say_farewell (self, visitor);
        continue;
      }
    }
    visitors_keep (self->visitors, i, n_kept++);
  }
  visitors_truncate (self->visitors, n_kept);
}

/**
 * zones_update:
 * @frame: the frame and its objects
 * @result: (out caller-allocates): what happened
 *
 * Moves on to a frame.
 */
void
zones_update (Zones *self, const ZonesFrame *frame, ZonesResult *result)
{
  g_return_if_fail (frame->width > 0 && frame->height > 0);

  *result = (ZonesResult){ 0 };
  tracking_clock_advance (&self->clock, frame->timestamp, frame->frame_period);
  self->frame++;
  g_array_set_size (self->events, 0);
  scale_places (self, frame->width, frame->height);

  for (guint i = 0; i < frame->n_objects; i++) {
    if (is_usable (&frame->objects[i]))
      see_object (self, &frame->objects[i], result);
  }
  if (frame->has_looked)
    miss_objects (self);
  result->events = (const ZonesEvent *) self->events->data;
  result->n_events = self->events->len;
}

/**
 * zones_reset:
 * @result: (out caller-allocates): what that makes happen
 *
 * All objects are gone, since what comes is another scene or time. Counts stay.
 */
void
zones_reset (Zones *self, ZonesResult *result)
{
  g_array_set_size (self->events, 0);
  for (guint i = 0; i < visitors_get_n (self->visitors); i++)
    say_farewell (self, visitors_get (self->visitors, i));
  visitors_truncate (self->visitors, 0);
  self->clock.is_running = FALSE;
  *result = (ZonesResult){
    .events = (const ZonesEvent *) self->events->data,
    .n_events = self->events->len,
  };
}

/**
 * zones_get_counts:
 * @shape: index of the line or zone in the config
 *
 * Returns: (transfer none): valid until the next call that may change them
 */
const ZonesCounts *
zones_get_counts (const Zones *self, guint shape)
{
  g_return_val_if_fail (shape < self->n_places, NULL);
  return &self->places[shape].counts;
}

/**
 * zones_get_label_counts:
 * @shape: index of the line or zone in the config
 * @n_labels: (out)
 *
 * Returns: (transfer none) (array length=n_labels): the same for each class
 *   that something happened with, in the order they came
 */
const ZonesLabelCounts *
zones_get_label_counts (const Zones *self, guint shape, guint *n_labels)
{
  *n_labels = 0;
  g_return_val_if_fail (shape < self->n_places, NULL);
  *n_labels = self->places[shape].labels->len;
  return (const ZonesLabelCounts *) self->places[shape].labels->data;
}

/**
 * zones_reset_counts:
 *
 * Counts from 0 again. Whoever is in a zone still is.
 */
void
zones_reset_counts (Zones *self)
{
  for (guint i = 0; i < self->n_places; i++)
    place_reset_counts (&self->places[i]);
}
