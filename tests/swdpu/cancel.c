/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Where the software DPU looks whether it is to stop. What it looks at lies in its
 * own results here, so that it stops itself, at a known place. */

#include "rig.h"

#include <gst/check/gstcheck.h>
#include <string.h>

#define SIZE 16
#define N_CHANNELS 8

/* a copy of the input, and a convolution of it */
static Plan *
make_plan (const gint8 *weights)
{
  PlanShape shape = rig_shape (SIZE, SIZE, N_CHANNELS);
  PlanGather copy = { .shape = { 1, { SIZE * SIZE * N_CHANNELS } },
    .strides = { 1 } };
  Plan *plan = plan_new ();
  guint input = plan_add_tensor (plan, "input", &shape, 0);
  guint copied = plan_add_tensor (plan, "copied", &shape, 0);
  guint convolved = plan_add_tensor (plan, "convolved", &shape, 0);

  plan_mark_input (plan, input);
  plan_mark_output (plan, copied);
  plan_mark_output (plan, convolved);
  plan_add_step (plan, PLAN_STEP_GATHER, "copy", &input, 1, copied)->gather =
      copy;
  plan_add_step (
      plan, PLAN_STEP_CONVOLUTION, "convolution", &input, 1, convolved)
      ->convolution = (PlanConvolution){
    .window = { 1, 1, 1, 1, 1, 1, 0, 0 },
    .groups = 1,
    .weights = weights,
  };
  fail_unless (plan_place_tensors (plan, NULL));
  return plan;
}

/* @output: what is watched, from its row @row on; rows of the convolution are there
 * up to @n_rows */
static const struct {
  guint output, row, n_rows;
} stops[] = {
  { 0, 0, 0 },
  { 1, 0, 1 },
  { 1, 7, 8 },
};

/* a run ends before the next step, or the next row of a convolution in plain
 * integers */
GST_START_TEST (test_run_ends)
{
  gint8 weights[N_CHANNELS * N_CHANNELS];
  const gsize row_size = SIZE * N_CHANNELS;
  g_autoptr (SwdpuProgram) program = NULL;
  g_autoptr (SwdpuContext) context = NULL;
  g_autoptr (GError) error = NULL;
  const gint8 *watched, *convolved;

  memset (weights, 1, sizeof (weights));
  program = swdpu_program_new (make_plan (weights), 1, SWDPU_PATH_PLAIN, NULL);
  context = swdpu_context_new (program, NULL);
  memset (swdpu_context_get_input (context, 0), 1, SIZE * row_size);
  watched = swdpu_context_get_output (context, stops[__i__].output)
            + stops[__i__].row * row_size;
  convolved = swdpu_context_get_output (context, 1);

  swdpu_context_watch (context, (const gint *) watched);
  fail_if (swdpu_context_run (context, &error));
  fail_unless (g_error_matches (error, SWDPU_ERROR, SWDPU_ERROR_CANCELLED));
  for (guint row = 0; row < SIZE; row++)
    fail_unless_equals_int (
        convolved[row * row_size], row < stops[__i__].n_rows ? N_CHANNELS : 0);
}
GST_END_TEST;

static Suite *
swdpu_cancel_suite (void)
{
  Suite *suite = suite_create ("swdpu-cancel");
  TCase *tcase = tcase_create ("cancel");

  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (tcase, test_run_ends, 0, G_N_ELEMENTS (stops));
  return suite;
}

GST_CHECK_MAIN (swdpu_cancel)
