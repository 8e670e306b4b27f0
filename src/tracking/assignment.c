/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Which row goes with which column so that the gains sum up to the most.
 *
 * Few rows compete for the same columns, so the pairs fall into components that
 * share nothing (found by union-find). A component of one pair needs no
 * thought, the others are solved by the Hungarian method with shortest
 * augmenting paths (Jonker, Volgenant: A shortest augmenting path algorithm for
 * dense and sparse linear assignment problems, 1987). Its time grows with the
 * cube of a component's size: monsters are assigned best pair first instead. */

#include "tracking/assignment.h"

#include <string.h>

/* 3 million steps at most for as many rows */
#define MAX_SIDE 128
#define NONE (-1)

struct _Assignment {
  guint n_rows;
  guint n_columns;
  guint node_capacity;
  AssignmentPair *pairs;
  guint n_pairs;
  guint pair_capacity;

  /* Rows, then columns. The forest of components: */
  guint *parents;
  /* of the roots, their first and last pair in @next_pairs, or NONE */
  gint *first_pairs;
  gint *last_pairs;
  /* place within the component, or NONE */
  gint *places;
  gint *columns_of_rows;
  gint *rows_of_columns;

  /* of pairs */
  gint *next_pairs;
  guint *order;

  /* the component at hand, as a matrix with no more rows than columns; row and
   * column 0 are the method's own */
  guint members[2][MAX_SIDE];
  gdouble costs[MAX_SIDE][MAX_SIDE];
  gdouble row_potentials[MAX_SIDE + 1];
  gdouble column_potentials[MAX_SIDE + 1];
  gdouble shortest[MAX_SIDE + 1];
  guint matches[MAX_SIDE + 1];
  guint previous[MAX_SIDE + 1];
  gboolean is_reached[MAX_SIDE + 1];
};

Assignment *
assignment_new (void)
{
  return g_new0 (Assignment, 1);
}

void
assignment_free (Assignment *self)
{
  g_free (self->pairs);
  g_free (self->parents);
  g_free (self->first_pairs);
  g_free (self->last_pairs);
  g_free (self->places);
  g_free (self->columns_of_rows);
  g_free (self->rows_of_columns);
  g_free (self->next_pairs);
  g_free (self->order);
  g_free (self);
}

static void
reserve_nodes (Assignment *self, guint n_nodes)
{
  if (n_nodes <= self->node_capacity)
    return;
  self->node_capacity = MAX (n_nodes, 2 * self->node_capacity);
  self->parents = g_renew (guint, self->parents, self->node_capacity);
  self->first_pairs = g_renew (gint, self->first_pairs, self->node_capacity);
  self->last_pairs = g_renew (gint, self->last_pairs, self->node_capacity);
  self->places = g_renew (gint, self->places, self->node_capacity);
  self->columns_of_rows =
      g_renew (gint, self->columns_of_rows, self->node_capacity);
  self->rows_of_columns =
      g_renew (gint, self->rows_of_columns, self->node_capacity);
}

/* forgets all pairs */
void
assignment_start (Assignment *self, guint n_rows, guint n_columns)
{
  reserve_nodes (self, n_rows + n_columns);
  self->n_rows = n_rows;
  self->n_columns = n_columns;
  self->n_pairs = 0;
}

/**
 * assignment_add:
 * @gain: above 0
 *
 * Lets @row go with @column; each two are added at most once.
 */
void
assignment_add (Assignment *self, guint row, guint column, gdouble gain)
{
  if (self->n_pairs == self->pair_capacity) {
    self->pair_capacity = MAX (64, 2 * self->pair_capacity);
    self->pairs = g_renew (AssignmentPair, self->pairs, self->pair_capacity);
    self->next_pairs = g_renew (gint, self->next_pairs, self->pair_capacity);
    self->order = g_renew (guint, self->order, self->pair_capacity);
  }
  self->pairs[self->n_pairs++] = (AssignmentPair){ row, column, gain };
}

static guint
find_root (Assignment *self, guint node)
{
  while (self->parents[node] != node) {
    self->parents[node] = self->parents[self->parents[node]];
    node = self->parents[node];
  }
  return node;
}

/* lists the pairs of each component at its root */
static void
find_components (Assignment *self)
{
  guint n_nodes = self->n_rows + self->n_columns;

  for (guint i = 0; i < n_nodes; i++) {
    self->parents[i] = i;
    self->first_pairs[i] = self->last_pairs[i] = self->places[i] = NONE;
  }
  for (guint i = 0; i < self->n_pairs; i++) {
    guint a = find_root (self, self->pairs[i].row);
    guint b = find_root (self, self->n_rows + self->pairs[i].column);

    self->parents[MAX (a, b)] = MIN (a, b);
  }
  for (guint i = 0; i < self->n_pairs; i++) {
    guint root = find_root (self, self->pairs[i].row);

    if (self->first_pairs[root] == NONE)
      self->first_pairs[root] = i;
    else
      self->next_pairs[self->last_pairs[root]] = i;
    self->next_pairs[i] = NONE;
    self->last_pairs[root] = i;
  }
}

static void
match (Assignment *self, guint row, guint column)
{
  self->columns_of_rows[row] = column;
  self->rows_of_columns[column] = row;
}

/* numbers rows and columns of a component; FALSE if they are too many */
static gboolean
number_members (Assignment *self, gint first, guint counts[2])
{
  counts[0] = counts[1] = 0;
  for (gint i = first; i != NONE; i = self->next_pairs[i]) {
    guint nodes[2] = { self->pairs[i].row,
      self->n_rows + self->pairs[i].column };

    for (guint side = 0; side < 2; side++) {
      if (self->places[nodes[side]] != NONE)
        continue;
      if (counts[side] == MAX_SIDE)
        return FALSE;
      self->places[nodes[side]] = counts[side];
      self->members[side][counts[side]++] = nodes[side];
    }
  }
  return TRUE;
}

/* adds one row to the matching of those before it */
static void
augment (Assignment *self, guint row, guint n_columns)
{
  guint column = 0;

  for (guint j = 0; j <= n_columns; j++) {
    self->shortest[j] = G_MAXDOUBLE;
    self->is_reached[j] = FALSE;
  }
  self->matches[0] = row;
  do {
    guint from = self->matches[column], next = 0;
    gdouble step = G_MAXDOUBLE;

    self->is_reached[column] = TRUE;
    for (guint j = 1; j <= n_columns; j++) {
      gdouble length;

      if (self->is_reached[j])
        continue;
      length = self->costs[from - 1][j - 1] - self->row_potentials[from]
               - self->column_potentials[j];
      if (length < self->shortest[j]) {
        self->shortest[j] = length;
        self->previous[j] = column;
      }
      if (self->shortest[j] < step) {
        step = self->shortest[j];
        next = j;
      }
    }
    for (guint j = 0; j <= n_columns; j++) {
      if (self->is_reached[j]) {
        self->row_potentials[self->matches[j]] += step;
        self->column_potentials[j] -= step;
      } else {
        self->shortest[j] -= step;
      }
    }
    column = next;
  } while (self->matches[column] != 0);

  while (column != 0) {
    self->matches[column] = self->matches[self->previous[column]];
    column = self->previous[column];
  }
}

/* Pairs that are none gain nothing: a match of such two is no match. */
static void
solve_exactly (Assignment *self, gint first, const guint counts[2])
{
  guint rows = counts[0] <= counts[1] ? 0 : 1, columns = 1 - rows;

  for (guint i = 0; i < counts[rows]; i++)
    memset (self->costs[i], 0, counts[columns] * sizeof self->costs[i][0]);
  for (gint i = first; i != NONE; i = self->next_pairs[i]) {
    gint places[2] = { self->places[self->pairs[i].row],
      self->places[self->n_rows + self->pairs[i].column] };

    self->costs[places[rows]][places[columns]] = -self->pairs[i].gain;
  }

  memset (self->row_potentials, 0, sizeof self->row_potentials);
  memset (self->column_potentials, 0, sizeof self->column_potentials);
  memset (self->matches, 0, sizeof self->matches);
  for (guint i = 1; i <= counts[rows]; i++)
    augment (self, i, counts[columns]);

  for (guint j = 1; j <= counts[columns]; j++) {
    guint i = self->matches[j];
    guint nodes[2];

    if (i == 0 || self->costs[i - 1][j - 1] == 0)
      continue;
    nodes[rows] = self->members[rows][i - 1];
    nodes[columns] = self->members[columns][j - 1];
    match (self, nodes[0], nodes[1] - self->n_rows);
  }
}

static gboolean
is_better (const Assignment *self, guint a, guint b)
{
  if (self->pairs[a].gain != self->pairs[b].gain)
    return self->pairs[a].gain > self->pairs[b].gain;
  return a < b;
}

/* moves the entry down to its place in a heap whose worst pair is on top */
static void
sift_down (Assignment *self, guint parent, guint n)
{
  guint entry = self->order[parent];

  for (guint child; (child = 2 * parent + 1) < n; parent = child) {
    if (child + 1 < n
        && is_better (self, self->order[child], self->order[child + 1]))
      child++;
    if (!is_better (self, entry, self->order[child]))
      break;
    self->order[parent] = self->order[child];
  }
  self->order[parent] = entry;
}

/* a heapsort, since qsort() may allocate */
static void
sort_best_first (Assignment *self, guint n)
{
  for (guint i = n / 2; i-- > 0;)
    sift_down (self, i, n);
  for (guint i = n; i-- > 1;) {
    guint worst = self->order[0];

    self->order[0] = self->order[i];
    self->order[i] = worst;
    sift_down (self, 0, i);
  }
}

static void
solve_best_first (Assignment *self, gint first)
{
  guint n = 0;

  for (gint i = first; i != NONE; i = self->next_pairs[i])
    self->order[n++] = i;
  sort_best_first (self, n);
  for (guint i = 0; i < n; i++) {
    const AssignmentPair *pair = &self->pairs[self->order[i]];

    if (self->columns_of_rows[pair->row] == NONE
        && self->rows_of_columns[pair->column] == NONE)
      match (self, pair->row, pair->column);
  }
}

/**
 * assignment_solve:
 *
 * Returns: (transfer none): the column of each row, or -1; valid until the next
 *   start
 */
const gint *
assignment_solve (Assignment *self)
{
  find_components (self);
  for (guint i = 0; i < self->n_rows; i++)
    self->columns_of_rows[i] = NONE;
  for (guint i = 0; i < self->n_columns; i++)
    self->rows_of_columns[i] = NONE;

  /* roots are rows, whose numbers are the least of their component */
  for (guint i = 0; i < self->n_rows; i++) {
    gint first = self->first_pairs[i];
    guint counts[2];

    if (first == NONE)
      continue;
    if (self->next_pairs[first] == NONE)
      match (self, self->pairs[first].row, self->pairs[first].column);
    else if (number_members (self, first, counts))
      solve_exactly (self, first, counts);
    else
      solve_best_first (self, first);
  }
  return self->columns_of_rows;
}
