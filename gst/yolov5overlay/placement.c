/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Labels take their places one after the other, the best first. No label lies
 * over another one, and none over the upper third of another object, where heads
 * are, unless there is no other place.
 *
 * What a label had on the frame before, it keeps as long as nothing is in the
 * way: those that can stay come first, whatever their confidences are now, as a
 * detector's order changes with every frame. */

#include "placement.h"

/* no frame has room for more labels that can be read; the others are tags */
#define MAX_LABELS 256
/* frames until a label that is short, small or in somebody's way tries again */
#define PATIENCE 15
/* frames that a detector may miss an object before its label's place is
 * forgotten */
#define MAX_MISSED 10
/* a label that lies still may come over heads by this part of itself */
#define TOLERATED_PART 4
/* labels cover at most this part of the frame, as far as less of them will do:
 * small frames, and crowds, are for looking at */
#define MAX_LABELLED_PART 8
/* a label in its box is at most this part of it high */
#define INSIDE_PART 4

/* above, inside, below, beside; the last one is for those that find no other */
typedef enum {
  ABOVE,
  ABOVE_RIGHT,
  INSIDE,
  INSIDE_RIGHT,
  BELOW,
  BELOW_RIGHT,
  RIGHT,
  LEFT,
  RIGHT_LOW,
  LEFT_LOW,
  OVER,
  N_POSITIONS
} Position;

/* where the label of an object was */
typedef struct {
  GstVideoRectangle object;
  guint64 id;
  guint kind;
  Position position;
  OverlayLabelForm form;
  /* it was over heads when it was chosen */
  gboolean is_covering;
  guint n_frames;
  guint n_missed;
  gboolean is_claimed;
} Memory;

/* what is known of a label while the frame's are placed */
typedef struct {
  Memory memory;
  gboolean is_placed;
} Choice;

struct _OverlayPlacement {
  gint width;
  gint height;
  gint grid;
  /* of the frames before: Memory */
  GArray *memories;
  /* the best there is, as many labels as there are */
  OverlayLabelForm best_form;

  /* of this frame: Choice of each label, and GstVideoRectangle */
  GArray *choices;
  GArray *taken;
  const OverlayLabelPlace *labels;
  guint n_labels;
};

/**
 * overlay_placement_new:
 * @width: columns of the frames
 * @height: rows of the frames
 * @grid: labels start at multiples of it
 *
 * Returns: (transfer full): a placement
 */
OverlayPlacement *
overlay_placement_new (gint width, gint height, gint grid)
{
  OverlayPlacement *self = g_new0 (OverlayPlacement, 1);

  self->width = width;
  self->height = height;
  self->grid = grid;
  self->memories = g_array_new (FALSE, FALSE, sizeof (Memory));
  self->choices = g_array_new (FALSE, TRUE, sizeof (Choice));
  self->taken = g_array_new (FALSE, FALSE, sizeof (GstVideoRectangle));
  return self;
}

/**
 * overlay_placement_free:
 * @self: (nullable) (transfer full): a placement
 */
void
overlay_placement_free (OverlayPlacement *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->memories);
  g_array_unref (self->choices);
  g_array_unref (self->taken);
  g_free (self);
}

/**
 * overlay_placement_forget:
 *
 * Forgets where labels were, as the frames to come show something else.
 */
void
overlay_placement_forget (OverlayPlacement *self)
{
  g_array_set_size (self->memories, 0);
}

/**
 * overlay_placement_block:
 * @place: where no label may be on the next frame
 */
void
overlay_placement_block (OverlayPlacement *self, const GstVideoRectangle *place)
{
  g_array_append_vals (self->taken, place, 1);
}

/* pixels that two rectangles have in common */
static gint64
get_common_area (const GstVideoRectangle *a, const GstVideoRectangle *b)
{
  gint width = MIN (a->x + a->w, b->x + b->w) - MAX (a->x, b->x);
  gint height = MIN (a->y + a->h, b->y + b->h) - MAX (a->y, b->y);

  return width > 0 && height > 0 ? (gint64) width * height : 0;
}

static gboolean
is_free (const OverlayPlacement *self, const GstVideoRectangle *place)
{
  const GstVideoRectangle *taken = (GstVideoRectangle *) self->taken->data;
  guint i;

  for (i = 0; i < self->taken->len; i++)
    if (get_common_area (&taken[i], place) > 0)
      return FALSE;
  return TRUE;
}

/* how much of a place lies over the upper thirds of objects but the label's
 * own */
static gint64
get_covered_area (
    const OverlayPlacement *self, guint label, const GstVideoRectangle *place)
{
  gint64 area = 0;
  guint i;

  for (i = 0; i < self->n_labels; i++) {
    GstVideoRectangle head = self->labels[i].object;

    head.h /= 3;
    if (i != label)
      area += get_common_area (&head, place);
  }
  return area;
}

/* Where a form of a label comes in a position. Labels slide along the box's edges
 * to stay in the frame.
 *
 * Returns: whether there is such a place */
static gboolean
get_place (const OverlayPlacement *self, const OverlayLabelPlace *label,
    OverlayLabelForm form, Position position, GstVideoRectangle *place)
{
  const GstVideoRectangle *box = &label->anchor;
  gint width = label->sizes[form].width, height = label->sizes[form].height;
  gint max_x = self->width - width, max_y = self->height - height;
  gint x = box->x, y = box->y;

  if (width == 0 || max_x < 0 || max_y < 0)
    return FALSE;

  switch (position) {
    case ABOVE_RIGHT:
    case INSIDE_RIGHT:
    case BELOW_RIGHT:
      x = box->x + box->w - width;
      break;
    case RIGHT:
    case RIGHT_LOW:
      x = GST_ROUND_UP_N (box->x + box->w, self->grid);
      break;
    case LEFT:
    case LEFT_LOW:
      x = box->x - width;
      break;
    default:
      break;
  }
  switch (position) {
    case ABOVE:
    case ABOVE_RIGHT:
      y = box->y - height;
      break;
    case BELOW:
    case BELOW_RIGHT:
      y = GST_ROUND_UP_N (box->y + box->h, self->grid);
      break;
    case RIGHT_LOW:
    case LEFT_LOW:
      y = box->y + box->h - height;
      break;
    default:
      break;
  }

  if (position >= RIGHT && position <= LEFT_LOW) {
    if (x < 0 || x > max_x)
      return FALSE;
    y = CLAMP (y, 0, max_y);
  } else if (position != OVER) {
    if (y < 0 || y > max_y)
      return FALSE;
  }
  if ((position == INSIDE || position == INSIDE_RIGHT)
      && (width > box->w || height * INSIDE_PART > box->h))
    return FALSE;
  x = CLAMP (x, 0, max_x);
  y = CLAMP (y, 0, max_y);
  *place = (GstVideoRectangle){ x - x % self->grid, y - y % self->grid, width,
    height };
  return TRUE;
}

static void
take (OverlayPlacement *self, OverlayLabelPlace *label, Choice *choice,
    OverlayLabelForm form, Position position, const GstVideoRectangle *place)
{
  choice->is_placed = TRUE;
  choice->memory.form = label->form = form;
  choice->memory.position = position;
  label->place = *place;
  if (form != OVERLAY_FORM_TAG)
    g_array_append_vals (self->taken, place, 1);
}

/* Looks for a place that hides no head, in larger forms first, then for the one
 * that hides least. */
static void
find_place (OverlayPlacement *self, OverlayLabelPlace *labels, guint index)
{
  OverlayLabelPlace *label = &labels[index];
  Choice *choice = &g_array_index (self->choices, Choice, index);
  GstVideoRectangle place, best_place;
  gint64 least = G_MAXINT64;
  OverlayLabelForm form, best_form = OVERLAY_FORM_TAG;
  Position position, best_position = OVER;

  choice->memory.n_frames = 0;
  choice->memory.is_covering = FALSE;
  for (form = self->best_form; form < OVERLAY_FORM_TAG; form++)
    for (position = ABOVE; position < N_POSITIONS; position++) {
      gint64 covered;

      if (!get_place (self, label, form, position, &place)
          || !is_free (self, &place))
        continue;
      covered = get_covered_area (self, index, &place);
      if (covered == 0 && position != OVER) {
        take (self, label, choice, form, position, &place);
        return;
      }
      if (covered < least) {
        least = covered;
        best_place = place;
        best_form = form;
        best_position = position;
      }
    }
  choice->memory.is_covering = least > 0;
  if (best_form != OVERLAY_FORM_TAG)
    take (self, label, choice, best_form, best_position, &best_place);
  else if (get_place (self, label, OVERLAY_FORM_TAG, OVER, &place))
    take (self, label, choice, OVERLAY_FORM_TAG, OVER, &place);
  else
    label->sizes[OVERLAY_FORM_TAG].width = 0;
}

static gint64
get_square_distance (const GstVideoRectangle *a, const GstVideoRectangle *b)
{
  /* in half pixels */
  gint64 x = 2 * (a->x - b->x) + a->w - b->w;
  gint64 y = 2 * (a->y - b->y) + a->h - b->h;

  return x * x + y * y;
}

/* what is remembered of a label's object: that with its id, else the nearest of
 * its kind not further away than it is large */
static Memory *
recall (OverlayPlacement *self, const OverlayLabelPlace *label)
{
  gint64 reach = MAX (label->object.w, label->object.h);
  gint64 least = reach * reach;
  Memory *nearest = NULL;
  guint i;

  for (i = 0; i < self->memories->len; i++) {
    Memory *memory = &g_array_index (self->memories, Memory, i);
    gint64 distance;

    if (memory->is_claimed || memory->id != label->id)
      continue;
    if (label->id != 0)
      return memory;
    distance = get_square_distance (&memory->object, &label->object);
    if (memory->kind == label->kind && distance <= least) {
      least = distance;
      nearest = memory;
    }
  }
  return nearest;
}

/* Leaves a label where it was, unless something is in its way, or it may find
 * better by now. */
static void
stay (OverlayPlacement *self, OverlayLabelPlace *label, guint index,
    Choice *choice)
{
  const Memory *memory = &choice->memory;
  OverlayLabelForm form = MAX (memory->form, self->best_form);
  gboolean is_poor = form != self->best_form || memory->is_covering
                     || memory->position == OVER;
  GstVideoRectangle place;

  if ((is_poor && memory->n_frames >= PATIENCE)
      || !get_place (self, label, form, memory->position, &place)
      || (form != OVERLAY_FORM_TAG && !is_free (self, &place)))
    return;
  if (!memory->is_covering
      && get_covered_area (self, index, &place) * TOLERATED_PART
             > (gint64) place.w * place.h)
    return;
  choice->memory.n_frames++;
  take (self, label, choice, form, memory->position, &place);
}

/* Whether the labels leave enough to look at in a form. The one they have now may
 * be a little larger, so that it does not change all the time. */
static gboolean
is_sparse (const OverlayPlacement *self, OverlayLabelForm form)
{
  gint64 area = 0;
  guint i;

  for (i = 0; i < self->n_labels; i++)
    area += (gint64) self->labels[i].sizes[form].width
            * self->labels[i].sizes[form].height;
  if (form == self->best_form)
    area -= area / 4;
  /* one label may always say all */
  return self->n_labels <= 1
         || area * MAX_LABELLED_PART <= (gint64) self->width * self->height;
}

static void
choose_best_form (OverlayPlacement *self)
{
  OverlayLabelForm form = OVERLAY_FORM_WHOLE;

  while (form < OVERLAY_FORM_SMALL && !is_sparse (self, form))
    form++;
  self->best_form = form;
}

static void
remember_all (OverlayPlacement *self)
{
  guint i, n = 0;

  /* those that no label was found for may come again */
  for (i = 0; i < self->memories->len; i++) {
    Memory memory = g_array_index (self->memories, Memory, i);

    if (memory.is_claimed || ++memory.n_missed > MAX_MISSED || n >= MAX_LABELS)
      continue;
    g_array_index (self->memories, Memory, n++) = memory;
  }
  g_array_set_size (self->memories, n);
  for (i = 0; i < self->choices->len; i++) {
    Choice *choice = &g_array_index (self->choices, Choice, i);

    choice->memory.n_missed = 0;
    choice->memory.is_claimed = FALSE;
    g_array_append_val (self->memories, choice->memory);
  }
}

/**
 * overlay_placement_run:
 * @labels: (array length=n_labels): of one frame, the best first
 *
 * Finds a form and a place for each label. Where not even a tag finds room, the
 * width of its form is 0 afterwards.
 */
void
overlay_placement_run (
    OverlayPlacement *self, OverlayLabelPlace *labels, guint n_labels)
{
  guint n = MIN (n_labels, MAX_LABELS), i;

  self->labels = labels;
  self->n_labels = n;
  g_array_set_size (self->choices, 0);
  g_array_set_size (self->choices, n);
  choose_best_form (self);

  for (i = 0; i < n; i++) {
    Choice *choice = &g_array_index (self->choices, Choice, i);
    Memory *memory = recall (self, &labels[i]);

    if (memory) {
      memory->is_claimed = TRUE;
      choice->memory = *memory;
    }
    choice->memory.object = labels[i].object;
    choice->memory.id = labels[i].id;
    choice->memory.kind = labels[i].kind;
    if (memory)
      stay (self, &labels[i], i, choice);
  }
  for (i = 0; i < n; i++)
    if (!g_array_index (self->choices, Choice, i).is_placed)
      find_place (self, labels, i);
  for (i = n; i < n_labels; i++) {
    labels[i].form = OVERLAY_FORM_TAG;
    if (!get_place (self, &labels[i], OVERLAY_FORM_TAG, OVER, &labels[i].place))
      labels[i].sizes[OVERLAY_FORM_TAG].width = 0;
  }
  remember_all (self);
  g_array_set_size (self->taken, 0);
}
