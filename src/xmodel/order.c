/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The order that libxir gives operators. Its topological sort is boost's: a depth
 * first search along the readers of results, those that it leaves first being
 * last. */

#include "xmodel.h"

/**
 * Search:
 * @first: where the readers of each operator's result begin among @readers, and
 *   those of the one before end
 * @next: which of its readers is the next to go to
 * @path: (element-type guint): from where the search began to where it is
 * @places: what is asked for
 * @n_left: how many have no place yet
 */
typedef struct {
  guint *first;
  guint *readers;
  guint *next;
  gboolean *is_met;
  GArray *path;
  guint *places;
  guint n_left;
} Search;

static void
for_each_read (const Xmodel *model, Search *self,
    void (*function) (Search *self, guint read, guint reader))
{
  for (guint i = 0; i < xmodel_get_n_ops (model); i++) {
    const XmodelOp *op = xmodel_get_op (model, i);

    for (guint j = 0; j < op->n_arguments; j++) {
      for (guint k = 0; k < op->arguments[j].n_ops; k++)
        function (self, op->arguments[j].ops[k]->index, i);
    }
  }
}

static void
count_read (Search *self, guint read, guint reader)
{
  self->first[read + 1]++;
}

static void
add_read (Search *self, guint read, guint reader)
{
  self->readers[self->next[read]++] = reader;
}

static void
search_init (Search *self, const Xmodel *model)
{
  guint n_ops = xmodel_get_n_ops (model);

  self->first = g_new0 (guint, n_ops + 1);
  for_each_read (model, self, count_read);
  for (guint i = 0; i < n_ops; i++)
    self->first[i + 1] += self->first[i];
  self->readers = g_new (guint, self->first[n_ops]);
  self->next = g_memdup2 (self->first, n_ops * sizeof (guint));
  for_each_read (model, self, add_read);
  for (guint i = 0; i < n_ops; i++)
    self->next[i] = self->first[i];
  self->is_met = g_new0 (gboolean, n_ops);
  self->path = g_array_new (FALSE, FALSE, sizeof (guint));
  self->places = g_new (guint, n_ops);
  self->n_left = n_ops;
}

static void
meet (Search *self, guint op)
{
  if (self->is_met[op])
    return;
  self->is_met[op] = TRUE;
  g_array_append_val (self->path, op);
}

/* a file may be so deep that functions that call themselves are not for it */
static void
search_from (Search *self, guint op)
{
  meet (self, op);
  while (self->path->len > 0) {
    op = g_array_index (self->path, guint, self->path->len - 1);
    if (self->next[op] < self->first[op + 1]) {
      meet (self, self->readers[self->next[op]++]);
    } else {
      self->places[op] = --self->n_left;
      g_array_set_size (self->path, self->path->len - 1);
    }
  }
}

static gint
compare_places (gconstpointer a, gconstpointer b, gpointer data)
{
  const XmodelOp *const *left = a, *const *right = b;
  const guint *places = data;

  return places[(*left)->index] < places[(*right)->index] ? -1 : 1;
}

/**
 * xmodel_sort_ops:
 * @self: a model
 * @ops: (element-type XmodelOp): some of its operators, each once
 *
 * Sorts them as libxir does, for those who expect results in that order.
 */
void
xmodel_sort_ops (const Xmodel *self, GPtrArray *ops)
{
  Search search;

  search_init (&search, self);
  for (guint i = 0; i < xmodel_get_n_ops (self); i++)
    search_from (&search, i);
  g_ptr_array_sort_with_data (ops, compare_places, search.places);

  g_free (search.first);
  g_free (search.readers);
  g_free (search.next);
  g_free (search.is_met);
  g_array_unref (search.path);
  g_free (search.places);
}
