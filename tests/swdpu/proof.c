/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* oneDNN is wrong for rare shapes, other ones in each version and on each CPU.
 * Whatever the shape, a convolution gives what plain integers give. */

#include "rig.h"

#include <gst/check/gstcheck.h>
#include <string.h>

/* small enough to try many, odd enough to find what is wrong */
#define N_SHAPES 1500

typedef struct {
  guint in_h, in_w, kernel_h, kernel_w, stride_h, stride_w;
  guint dilation_h, dilation_w;
  guint pad_top, pad_left, pad_bottom, pad_right;
  /* per group */
  guint n_in, n_out;
  guint groups;
} Geometry;

/* some that oneDNN 2.6.3 gets wrong with VNNI, and with AMX it crashes on the last
 * ones, whose last windows lie in the padding alone */
static const Geometry known[] = {
  { 5, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 8, 2, 4 },
  { 5, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 2, 1, 4 },
  { 6, 6, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0, 2, 2, 4 },
  { 6, 6, 4, 4, 1, 1, 1, 1, 0, 0, 0, 0, 4, 9, 2 },
  { 7, 7, 2, 4, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 16 },
  { 7, 7, 4, 2, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 16 },
  { 5, 7, 1, 3, 2, 2, 1, 1, 0, 0, 3, 1, 16, 16, 1 },
  { 4, 13, 2, 5, 2, 3, 1, 1, 0, 2, 2, 1, 16, 16, 1 },
};

static guint
draw_upto (GRand *random, guint most)
{
  return g_rand_int_range (random, 1, most + 1);
}

static guint
get_extent (guint kernel, guint dilation)
{
  return (kernel - 1) * dilation + 1;
}

static Geometry
draw_geometry (GRand *random)
{
  static const guint groups[] = { 1, 1, 2, 3, 4, 8, 16 };
  Geometry self = {
    .in_h = draw_upto (random, 9),
    .in_w = draw_upto (random, 20),
    .kernel_h = draw_upto (random, 5),
    .kernel_w = draw_upto (random, 5),
    .stride_h = draw_upto (random, 3),
    .stride_w = draw_upto (random, 3),
    .dilation_h = g_rand_int_range (random, 0, 4) == 0 ? 2 : 1,
    .dilation_w = g_rand_int_range (random, 0, 4) == 0 ? 2 : 1,
    .pad_top = g_rand_int_range (random, 0, 4),
    .pad_left = g_rand_int_range (random, 0, 4),
    .pad_bottom = g_rand_int_range (random, 0, 4),
    .pad_right = g_rand_int_range (random, 0, 4),
    .n_in = draw_upto (random, 20),
    .n_out = draw_upto (random, 20),
    .groups = groups[g_rand_int_range (random, 0, G_N_ELEMENTS (groups))],
  };

  if (g_rand_boolean (random))
    self.n_in = self.n_out = self.groups > 1 ? 1 : 16;
  self.in_h = MAX (self.in_h, get_extent (self.kernel_h, self.dilation_h));
  self.in_w = MAX (self.in_w, get_extent (self.kernel_w, self.dilation_w));
  return self;
}

static Plan *
make_plan (const Geometry *geometry, PlanActivation activation,
    const gint8 *weights, const gint8 *bias)
{
  guint extent_h = get_extent (geometry->kernel_h, geometry->dilation_h);
  guint extent_w = get_extent (geometry->kernel_w, geometry->dilation_w);
  PlanShape in = rig_shape (
      geometry->in_h, geometry->in_w, geometry->n_in * geometry->groups);
  PlanShape out = rig_shape (
      (geometry->in_h + geometry->pad_top + geometry->pad_bottom - extent_h)
              / geometry->stride_h
          + 1,
      (geometry->in_w + geometry->pad_left + geometry->pad_right - extent_w)
              / geometry->stride_w
          + 1,
      geometry->n_out * geometry->groups);
  Plan *plan = plan_new ();
  guint input = plan_add_tensor (plan, "input", &in, 5);
  guint output = plan_add_tensor (plan, "output", &out, 4);

  plan_mark_input (plan, input);
  plan_mark_output (plan, output);
  plan_add_step (plan, PLAN_STEP_CONVOLUTION, "convolution", &input, 1, output)
      ->convolution = (PlanConvolution){
    .window = { geometry->kernel_h, geometry->kernel_w, geometry->stride_h,
        geometry->stride_w, geometry->dilation_h, geometry->dilation_w,
        geometry->pad_top, geometry->pad_left },
    .groups = geometry->groups,
    .weights = weights,
    .weights_fix_point = 7,
    .bias = bias,
    .bias_fix_point = 6,
    .activation = activation,
  };
  fail_unless (plan_place_tensors (plan, NULL));
  return plan;
}

/* returns the path that was taken */
static SwdpuPath
run (Plan *plan, SwdpuPath best, const gint8 *input, gint8 **output)
{
  g_autoptr (SwdpuProgram) program = swdpu_program_new (plan, 1, best, NULL);
  g_autoptr (SwdpuContext) context = swdpu_context_new (program, NULL);

  memcpy (swdpu_context_get_input (context, 0), input,
      swdpu_program_get_input (program, 0).size);
  fail_unless (swdpu_context_run (context, NULL));
  *output = g_memdup2 (swdpu_context_get_output (context, 0),
      swdpu_program_get_output (program, 0).size);
  return swdpu_convolution_get_path (program->convolutions->pdata[0]);
}

/* on the fastest path, against plain integers */
static void
check_geometry (GRand *random, const Geometry *geometry, SwdpuPath best)
{
  gsize n_in = (gsize) geometry->in_h * geometry->in_w * geometry->n_in
               * geometry->groups;
  guint n_out = geometry->n_out * geometry->groups;
  g_autofree gint8 *input = rig_random (random, n_in);
  g_autofree gint8 *weights = rig_random (random,
      (gsize) n_out * geometry->kernel_h * geometry->kernel_w * geometry->n_in);
  g_autofree gint8 *bias = rig_random (random, n_out);
  PlanActivation activation =
      g_rand_int_range (random, 0, PLAN_ACTIVATION_LEAKY_RELU + 1);
  Plan *plan = make_plan (geometry, activation, weights, bias);
  gsize size = plan_tensor (plan, 1)->size;
  g_autofree gint8 *actual = NULL, *expected = NULL;
  SwdpuPath path = run (plan, best, input, &actual);

  run (make_plan (geometry, activation, weights, bias), SWDPU_PATH_PLAIN, input,
      &expected);
  fail_unless (memcmp (actual, expected, size) == 0,
      "%ux%u, kernel %ux%u, stride %ux%u, dilation %ux%u, padding %u+%u %u+%u, "
      "%u groups of %u to %u: wrong on path %d",
      geometry->in_w, geometry->in_h, geometry->kernel_w, geometry->kernel_h,
      geometry->stride_w, geometry->stride_h, geometry->dilation_w,
      geometry->dilation_h, geometry->pad_left, geometry->pad_right,
      geometry->pad_top, geometry->pad_bottom, geometry->groups, geometry->n_in,
      geometry->n_out, path);
}

/* what is known to be wrong in oneDNN is right here */
GST_START_TEST (test_known_faults)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (17);

  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    check_geometry (random, &known[i], swdpu_best_path ());
}
GST_END_TEST;

static const SwdpuPath paths[] = { SWDPU_PATH_FLOAT, SWDPU_PATH_TILES,
  SWDPU_PATH_INT8, SWDPU_PATH_INT8_FUSED };

/* and so is what nobody has tried, on each path that this CPU has */
GST_START_TEST (test_random_shapes)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (17);

  if (paths[__i__] > swdpu_best_path ()) {
    g_print (
        "not tried: this CPU, as ONEDNN_MAX_CPU_ISA has it, has no VNNI\n");
    return;
  }
  for (guint i = 0; i < N_SHAPES; i++) {
    Geometry geometry = draw_geometry (random);

    check_geometry (random, &geometry, paths[__i__]);
  }
}
GST_END_TEST;

static Suite *
swdpu_proof_suite (void)
{
  Suite *suite = suite_create ("swdpu-proof");
  TCase *tcase = tcase_create ("shapes");

  tcase_set_timeout (tcase, 300);
  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_known_faults);
  tcase_add_loop_test (tcase, test_random_shapes, 0, G_N_ELEMENTS (paths));
  return suite;
}

GST_CHECK_MAIN (swdpu_proof)
