/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* A detector that is slower than the video looks at some of the frames only.
 * Its boxes stay for a while on those between, or they would flicker; what is
 * to be hidden stays hidden until it looks again.
 *
 * A detector that marks the frames it looks at replaces what it found before,
 * and nothing of others. Those without a mark cannot be told apart, and never
 * say that they found nothing. Their boxes are all replaced by the next ones,
 * but what is hidden is replaced class by class: objects of one detector then do
 * not uncover those of another. */

#include "hold.h"

/* how long something is hidden, at least, where no look that found nothing can
 * ever end it */
#define UNMARKED_BLUR_HOLD GST_SECOND
/* labels may have a number in them that changes all the time */
#define MAX_LOOKS 512

typedef struct {
  /* of a detector that marks frames, or NULL */
  gchar *path;
  /* of what was found without a mark */
  GQuark label;
  GArray *objects;
  guint64 frame;
  GstClockTime time;
  GstClockTime arrival;
  /* boxes are to be seen on other frames, too */
  gboolean has_boxes;
} Look;

static void
look_free (Look *look)
{
  g_free (look->path);
  g_array_unref (look->objects);
  g_free (look);
}

void
overlay_hold_init (OverlayHold *self)
{
  *self = (OverlayHold){ .looks = g_ptr_array_new_with_free_func (
                             (GDestroyNotify) look_free) };
}

void
overlay_hold_clear (OverlayHold *self)
{
  g_ptr_array_unref (self->looks);
}

/**
 * overlay_hold_drop:
 *
 * Forgets the detections, and which detectors there are.
 */
void
overlay_hold_drop (OverlayHold *self)
{
  g_ptr_array_set_size (self->looks, 0);
  self->mark_seen = FALSE;
}

/**
 * overlay_hold_drop_boxes:
 *
 * Shows the detections on no further frame. What is hidden stays hidden.
 */
void
overlay_hold_drop_boxes (OverlayHold *self)
{
  guint i;

  for (i = 0; i < self->looks->len; i++)
    ((Look *) g_ptr_array_index (self->looks, i))->has_boxes = FALSE;
}

/**
 * overlay_hold_begin_frame:
 * @time: running time of the frame, or %GST_CLOCK_TIME_NONE
 * @arrival: when it came, by the clock of the system
 *
 * Begins a frame, for the functions that follow.
 */
void
overlay_hold_begin_frame (
    OverlayHold *self, GstClockTime time, GstClockTime arrival)
{
  self->frame++;
  self->time = time;
  self->arrival = arrival;
}

static Look *
find_look (OverlayHold *self, const gchar *path, GQuark label)
{
  guint i;

  for (i = 0; i < self->looks->len; i++) {
    Look *look = g_ptr_array_index (self->looks, i);

    if (look->label == label && g_strcmp0 (look->path, path) == 0)
      return look;
  }
  return NULL;
}

static void
drop_oldest_label (OverlayHold *self)
{
  guint i;

  for (i = 0; i < self->looks->len; i++)
    if (!((Look *) g_ptr_array_index (self->looks, i))->path) {
      g_ptr_array_remove_index (self->looks, i);
      return;
    }
}

/* an empty one for the current frame in the place of the last */
static Look *
renew_look (OverlayHold *self, const gchar *path, GQuark label)
{
  Look *look = find_look (self, path, label);

  if (!look) {
    if (self->looks->len >= MAX_LOOKS)
      drop_oldest_label (self);
    look = g_new0 (Look, 1);
    look->path = g_strdup (path);
    look->label = label;
    look->objects = g_array_new (FALSE, FALSE, sizeof (OverlayObject));
    g_ptr_array_add (self->looks, look);
  }

  g_array_set_size (look->objects, 0);
  look->frame = self->frame;
  look->time = self->time;
  look->arrival = self->arrival;
  look->has_boxes = TRUE;
  return look;
}

/**
 * overlay_hold_keep_marked:
 * @path: (nullable): of the detector that looked at the frame
 * @objects: (element-type OverlayObject): what is on the frame
 * @mark: of that detector; its detections have it
 *
 * Keeps what the detector found, which may be nothing, in the place of what it
 * found before.
 */
void
overlay_hold_keep_marked (
    OverlayHold *self, const gchar *path, const GArray *objects, gint mark)
{
  Look *look = renew_look (self, path ? path : "", 0);
  guint i;

  self->mark_seen = TRUE;
  for (i = 0; i < objects->len; i++) {
    const OverlayObject *object = &g_array_index (objects, OverlayObject, i);

    if (object->detection.mark == mark)
      g_array_append_vals (look->objects, object, 1);
  }
}

static void
drop_unmarked_boxes (OverlayHold *self)
{
  guint i;

  for (i = 0; i < self->looks->len; i++) {
    Look *look = g_ptr_array_index (self->looks, i);

    if (!look->path)
      look->has_boxes = FALSE;
  }
}

/**
 * overlay_hold_keep_unmarked:
 * @objects: (element-type OverlayObject): what is on the frame
 *
 * Keeps what detectors found that mark no frames.
 */
void
overlay_hold_keep_unmarked (OverlayHold *self, const GArray *objects)
{
  gboolean is_first = TRUE;
  guint i;

  for (i = 0; i < objects->len; i++) {
    const OverlayObject *object = &g_array_index (objects, OverlayObject, i);
    Look *look;

    /* a tracker says on each frame where it expects an object */
    if (object->detection.mark >= 0 || object->is_predicted)
      continue;
    if (is_first)
      drop_unmarked_boxes (self);
    is_first = FALSE;
    look = find_look (self, NULL, object->detection.label);
    if (!look || look->frame != self->frame)
      look = renew_look (self, NULL, object->detection.label);
    g_array_append_vals (look->objects, object, 1);
  }
}

/* whether limit has not passed since; 0 is none at all, for the two clocks have
 * nothing to do with each other */
static gboolean
is_within (const OverlayHold *self, const Look *look, GstClockTime limit)
{
  GstClockTime age = self->arrival - look->arrival;

  if (limit == 0 || limit == GST_CLOCK_TIME_NONE)
    return limit != 0;
  /* timestamps of cameras may jump back a little */
  if (GST_CLOCK_TIME_IS_VALID (look->time)
      && GST_CLOCK_TIME_IS_VALID (self->time))
    age = (GstClockTime) ABS (GST_CLOCK_DIFF (look->time, self->time));
  return age <= limit;
}

/**
 * overlay_hold_recall_boxes:
 * @expiry: how long boxes stay; 0 for not at all, %GST_CLOCK_TIME_NONE for ever
 * @untracked: only of objects that no tracker knows: where the others are it says
 *   itself
 * @objects: where to append what those detectors found last that did not look at
 *   the current frame
 *
 * With a mark once seen, only detectors that mark their frames have boxes on
 * others.
 */
void
overlay_hold_recall_boxes (const OverlayHold *self, GstClockTime expiry,
    gboolean untracked, GArray *objects)
{
  guint i, k;

  for (i = 0; i < self->looks->len; i++) {
    const Look *look = g_ptr_array_index (self->looks, i);

    if (look->frame == self->frame || !look->has_boxes
        || (!look->path && self->mark_seen) || !is_within (self, look, expiry))
      continue;
    for (k = 0; k < look->objects->len; k++) {
      const OverlayObject *object =
          &g_array_index (look->objects, OverlayObject, k);

      if (object->id == 0 || !untracked)
        g_array_append_vals (objects, object, 1);
    }
  }
}

/**
 * overlay_hold_recall_hidden:
 * @expiry: as for overlay_hold_recall_boxes()
 * @blur_hold: how long something stays hidden, %GST_CLOCK_TIME_NONE for until
 *   the detector looks again; without marks that is a second, or @expiry if
 *   longer
 * @objects: where to append what those detectors found last that did not
 *   look at the current frame
 */
void
overlay_hold_recall_hidden (const OverlayHold *self, GstClockTime expiry,
    GstClockTime blur_hold, GArray *objects)
{
  GstClockTime unmarked = blur_hold;
  guint i;

  if (blur_hold == GST_CLOCK_TIME_NONE)
    unmarked = MAX (expiry, UNMARKED_BLUR_HOLD);
  for (i = 0; i < self->looks->len; i++) {
    const Look *look = g_ptr_array_index (self->looks, i);

    if (look->frame != self->frame
        && is_within (self, look, look->path ? blur_hold : unmarked))
      g_array_append_vals (objects, look->objects->data, look->objects->len);
  }
}

/**
 * overlay_hold_resize:
 * @width: columns of the frames to come
 * @height: rows of the frames to come
 *
 * Fits the detections to frames of another size, which show the same scene when
 * a stream changes its quality.
 */
void
overlay_hold_resize (OverlayHold *self, gint width, gint height)
{
  guint i, k;

  for (i = 0; i < self->looks->len; i++) {
    const Look *look = g_ptr_array_index (self->looks, i);

    for (k = 0; k < look->objects->len; k++) {
      GstYolov5Detection *detection =
          &g_array_index (look->objects, OverlayObject, k).detection;
      gdouble scale_x = (gdouble) width / self->width;
      gdouble scale_y = (gdouble) height / self->height;

      detection->x *= scale_x;
      detection->y *= scale_y;
      detection->width *= scale_x;
      detection->height *= scale_y;
    }
  }
  self->width = width;
  self->height = height;
}
