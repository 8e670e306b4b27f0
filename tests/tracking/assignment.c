/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The best assignment of rows to columns. */

#include <gst/check/gstcheck.h>

#include <math.h>

#include "tracking/assignment.h"

#define MAX_SIDE 6
#define NONE (-1)

/* the best sum that rows from this one on can get from what is left */
static gdouble
find_best (gdouble gains[MAX_SIDE][MAX_SIDE], guint n_rows, guint n_columns,
    guint row, guint taken)
{
  gdouble best;

  if (row >= MIN (n_rows, MAX_SIDE))
    return 0;
  best = find_best (gains, n_rows, n_columns, row + 1, taken);
  for (guint i = 0; i < MIN (n_columns, MAX_SIDE); i++) {
    gdouble sum;

    if (gains[row][i] == 0 || (taken & 1u << i) != 0)
      continue;
    sum = gains[row][i]
          + find_best (gains, n_rows, n_columns, row + 1, taken | 1u << i);
    best = MAX (best, sum);
  }
  return best;
}

/* random problems have the sum that trying everything finds */
GST_START_TEST (test_best)
{
  Assignment *assignment = assignment_new ();
  GRand *random = g_rand_new_with_seed (1 + __i__);

  for (guint round = 0; round < 500; round++) {
    gdouble gains[MAX_SIDE][MAX_SIDE] = { { 0 } };
    gdouble density = g_rand_double (random), sum = 0;
    guint n_rows = g_rand_int_range (random, 0, MAX_SIDE + 1);
    guint n_columns = g_rand_int_range (random, 0, MAX_SIDE + 1);
    gboolean is_taken[MAX_SIDE] = { FALSE };
    const gint *columns;

    assignment_start (assignment, n_rows, n_columns);
    for (guint i = 0; i < n_rows; i++) {
      for (guint j = 0; j < n_columns; j++) {
        if (g_rand_double (random) >= density)
          continue;
        gains[i][j] = g_rand_double_range (random, 0.01, 1);
        assignment_add (assignment, i, j, gains[i][j]);
      }
    }
    columns = assignment_solve (assignment);
    for (guint i = 0; i < n_rows; i++) {
      if (columns[i] == NONE)
        continue;
      fail_unless (columns[i] < (gint) n_columns);
      fail_if (is_taken[columns[i]]);
      fail_unless (gains[i][columns[i]] > 0, "a pair that was not given");
      is_taken[columns[i]] = TRUE;
      sum += gains[i][columns[i]];
    }
    fail_unless (
        fabs (sum - find_best (gains, n_rows, n_columns, 0, 0)) < 1e-9);
  }
  g_rand_free (random);
  assignment_free (assignment);
}
GST_END_TEST;

/* what is best for one is not always best for all */
GST_START_TEST (test_not_greedy)
{
  Assignment *assignment = assignment_new ();
  const gint *columns;

  assignment_start (assignment, 2, 2);
  assignment_add (assignment, 0, 0, 0.9);
  assignment_add (assignment, 0, 1, 0.8);
  assignment_add (assignment, 1, 0, 0.7);
  columns = assignment_solve (assignment);
  assert_equals_int (columns[0], 1);
  assert_equals_int (columns[1], 0);
  assignment_free (assignment);
}
GST_END_TEST;

/* a component too large for the exact method is assigned best pair first */
GST_START_TEST (test_monster)
{
  const guint n = 1000;
  Assignment *assignment = assignment_new ();
  GRand *random = g_rand_new_with_seed (2);
  gboolean *is_taken = g_new0 (gboolean, n);
  const gint *columns;
  guint n_matches = 0;

  assignment_start (assignment, n, n);
  for (guint i = 0; i < n; i++) {
    for (guint j = 0; j < 16; j++)
      assignment_add (assignment, i, (i + j * j) % n,
          i == 500 && j == 3 ? 2 : g_rand_double_range (random, 0.1, 1));
  }
  columns = assignment_solve (assignment);
  for (guint i = 0; i < n; i++) {
    if (columns[i] == NONE)
      continue;
    fail_if (is_taken[columns[i]]);
    is_taken[columns[i]] = TRUE;
    n_matches++;
  }
  assert_equals_int (columns[500], 509);
  fail_unless (n_matches > n * 8 / 10);
  g_free (is_taken);
  g_rand_free (random);
  assignment_free (assignment);
}
GST_END_TEST;

static Suite *
assignment_suite (void)
{
  Suite *suite = suite_create ("tracking-assignment");
  TCase *chain = tcase_create ("general");

  suite_add_tcase (suite, chain);
  tcase_add_loop_test (chain, test_best, 0, 4);
  tcase_add_test (chain, test_not_greedy);
  tcase_add_test (chain, test_monster);
  return suite;
}

GST_CHECK_MAIN (assignment);
