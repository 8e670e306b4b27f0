/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The objects that lines and zones know. A list in the order of ids, as new
 * tracks come at its end; what each is to lines and zones lies in slots of its
 * own that stay where they are. */

#include "tracking/visitors.h"

#include <string.h>

struct _Visitors {
  GArray *visitors;
  guint n_states;
  /* n_states for each slot */
  GArray *states;
  GArray *free_slots;
};

Visitors *
visitors_new (guint n_states)
{
  Visitors *self = g_new0 (Visitors, 1);

  self->n_states = n_states;
  self->visitors = g_array_new (FALSE, FALSE, sizeof (Visitor));
  self->states = g_array_new (FALSE, TRUE, sizeof (VisitorState));
  self->free_slots = g_array_new (FALSE, FALSE, sizeof (guint));
  return self;
}

void
visitors_free (Visitors *self)
{
  g_array_unref (self->visitors);
  g_array_unref (self->states);
  g_array_unref (self->free_slots);
  g_free (self);
}

guint
visitors_get_n (const Visitors *self)
{
  return self->visitors->len;
}

Visitor *
visitors_get (Visitors *self, guint index)
{
  return &g_array_index (self->visitors, Visitor, index);
}

/* the first with this id or a higher one */
static guint
find_place (const Visitors *self, guint64 id)
{
  guint low = 0, high = self->visitors->len;

  while (low < high) {
    guint middle = low + (high - low) / 2;

    if (g_array_index (self->visitors, Visitor, middle).id < id)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* Returns: (nullable): valid until one is added */
Visitor *
visitors_find (Visitors *self, guint64 id)
{
  guint place = find_place (self, id);

  if (place == self->visitors->len || visitors_get (self, place)->id != id)
    return NULL;
  return visitors_get (self, place);
}

static guint
take_slot (Visitors *self)
{
  guint slot, n_free = self->free_slots->len;

  if (n_free > 0) {
    slot = g_array_index (self->free_slots, guint, n_free - 1);
    g_array_set_size (self->free_slots, n_free - 1);
  } else {
    slot = self->n_states > 0 ? self->states->len / self->n_states
                              : self->visitors->len;
    g_array_set_size (self->states, self->states->len + self->n_states);
  }
  return slot;
}

/* Returns: one that is not known yet, with nothing but its id */
Visitor *
visitors_add (Visitors *self, guint64 id)
{
  Visitor visitor = { .id = id, .slot = take_slot (self) };
  guint place = find_place (self, id);

  g_array_insert_val (self->visitors, place, visitor);
  memset (visitors_get_states (self, &visitor), 0,
      self->n_states * sizeof (VisitorState));
  return visitors_get (self, place);
}

/* for going through all and dropping some: moves the one at @from to @to */
void
visitors_keep (Visitors *self, guint from, guint to)
{
  if (from != to) {
    Visitor dropped = *visitors_get (self, to);

    *visitors_get (self, to) = *visitors_get (self, from);
    *visitors_get (self, from) = dropped;
  }
}

/* drops those from @n on */
void
visitors_truncate (Visitors *self, guint n)
{
  for (guint i = n; i < self->visitors->len; i++)
    g_array_append_val (self->free_slots, visitors_get (self, i)->slot);
  g_array_set_size (self->visitors, n);
}

/* Returns: (array): one for each line and zone */
VisitorState *
visitors_get_states (Visitors *self, const Visitor *visitor)
{
  return &g_array_index (
      self->states, VisitorState, visitor->slot * self->n_states);
}

/* Gives the visitors other lines and zones: the new ones are to them what the
 * old ones were, or nothing yet where there was none (-1). */
void
visitors_map_states (Visitors *self, const gint *old_of_new, guint n_new)
{
  guint n_slots = self->n_states > 0 ? self->states->len / self->n_states : 0;
  GArray *states =
      g_array_sized_new (FALSE, TRUE, sizeof (VisitorState), n_slots * n_new);

  g_array_set_size (states, n_slots * n_new);
  for (guint slot = 0; slot < n_slots; slot++) {
    for (guint i = 0; i < n_new; i++) {
      if (old_of_new[i] >= 0)
        g_array_index (states, VisitorState, slot * n_new + i) = g_array_index (
            self->states, VisitorState, slot * self->n_states + old_of_new[i]);
    }
  }
  g_array_unref (self->states);
  self->states = states;
  self->n_states = n_new;
}
