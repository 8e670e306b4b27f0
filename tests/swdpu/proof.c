/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* oneDNN is wrong for rare shapes, other ones in each version and on each CPU.
 * Whatever the shape, a convolution gives what plain integers give. */

#include "rig.h"

#include <gst/check/gstcheck.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <swdpu/kernels.h>
#include <swdpu/tiles.h>

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

/* what weights and inputs are made of; small weights and the largest input bring
 * sums close to what 16 bits hold */
typedef enum {
  FILL_RANDOM,
  FILL_EXTREMES,
  FILL_LARGEST,
  FILL_SMALL_WEIGHTS,
  N_FILLS,
} Fill;

static gint8
draw_value (GRand *random, Fill fill, gboolean is_non_negative)
{
  static const gint8 extremes[] = { -128, 127, -128, 126 };
  gint value = g_rand_int_range (random, -128, 128);

  if (fill == FILL_LARGEST)
    value = is_non_negative ? 127 : -128;
  else if (fill == FILL_EXTREMES)
    value = extremes[value & 3];
  return is_non_negative ? value & 127 : value;
}

static void
fill_values (
    gint8 *values, gsize n, GRand *random, Fill fill, gboolean is_non_negative)
{
  for (gsize i = 0; i < n; i++)
    values[i] = draw_value (random, fill, is_non_negative);
}

/* memory that ends where nobody may read */
typedef struct {
  gint8 *start;
  gsize size;
  gint8 *data;
} GuardedMemory;

static GuardedMemory
guarded_memory_new (gsize n)
{
  gsize page = sysconf (_SC_PAGESIZE);
  GuardedMemory self;

  self.size = (n + page - 1) / page * page + page;
  self.start = mmap (NULL, self.size, PROT_READ | PROT_WRITE,
      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  fail_unless (self.start != MAP_FAILED);
  fail_unless (mprotect (self.start + self.size - page, page, PROT_NONE) == 0);
  self.data = self.start + self.size - page - n;
  return self;
}

/* one convolution by @kernels, whose input and output end where memory does */
static void
check_tiles (GRand *random, const Geometry *geometry,
    const SwdpuTileKernels *kernels, Fill fill)
{
  gboolean is_non_negative = g_rand_boolean (random);
  guint threads = 1 + g_rand_int_range (random, 0, 2);
  guint n_out = geometry->n_out * geometry->groups;
  gsize n_weights =
      (gsize) n_out * geometry->kernel_h * geometry->kernel_w * geometry->n_in;
  g_autofree gint8 *weights = g_malloc (n_weights);
  g_autofree gint8 *bias = rig_random (random, n_out);
  PlanActivation activation =
      g_rand_int_range (random, 0, PLAN_ACTIVATION_LEAKY_RELU + 1);
  g_autoptr (Plan) plan = make_plan (geometry, activation, weights, bias);
  const PlanStep *step = plan_step (plan, 0);
  const PlanTensor *output = plan_tensor (plan, 1);
  gsize n_in = plan_tensor (plan, 0)->size;
  guint n_rows = output->shape.dims[PLAN_H];
  g_autofree gint8 *expected = g_malloc (output->size);
  GuardedMemory in = guarded_memory_new (n_in);
  GuardedMemory out = guarded_memory_new (output->size);
  g_autoptr (SwdpuTiles) tiles = NULL;
  SwdpuReach reach;

  fill_values (weights, n_weights, random, fill, FALSE);
  fill_values (in.data, n_in, random, fill, is_non_negative);
  if (fill == FILL_SMALL_WEIGHTS) {
    for (gsize i = 0; i < n_weights; i++)
      weights[i] = 1 + (weights[i] & 15);
    memset (in.data, 127, n_in);
  }
  plan_tensor (plan, 0)->is_non_negative = is_non_negative;
  reach = swdpu_reach_find (plan, step);
  tiles = swdpu_tiles_new (plan, step, &reach, kernels, threads);
  if (tiles != NULL) {
    gsize size = swdpu_tiles_get_scratch_size (tiles);
    GuardedMemory scratch = guarded_memory_new ((size + 63) / 64 * 64);

    swdpu_tiles_run (tiles, in.data, out.data, (guint8 *) scratch.data);
    for (guint y = 0; y < n_rows; y++)
      swdpu_kernel_convolve_row (
          plan, step, in.data, y, expected + y * (output->size / n_rows));
    fail_unless (memcmp (out.data, expected, output->size) == 0,
        "%s, fill %d, %u threads, activation %d: %ux%u, kernel %ux%u, stride "
        "%ux%u, %u groups of %u to %u: wrong",
        kernels->name, fill, threads, activation, geometry->in_w,
        geometry->in_h, geometry->kernel_w, geometry->kernel_h,
        geometry->stride_w, geometry->stride_h, geometry->groups,
        geometry->n_in, geometry->n_out);
    munmap (scratch.start, scratch.size);
  } else {
    /* whole blocks of channels, or one group */
    fail_unless (geometry->groups > 1);
  }
  munmap (in.start, in.size);
  munmap (out.start, out.size);
}

/* each level's tiles are what plain integers give, whatever the numbers, and touch
 * nothing but their memory */
GST_START_TEST (test_tiles_of_each_level)
{
  const SwdpuTileKernels *const *kernels = swdpu_tile_kernels_list ();
  g_autoptr (GRand) random = g_rand_new_with_seed (18);

  for (; *kernels != NULL; kernels++) {
    for (guint i = 0; i < N_SHAPES / 3; i++) {
      Geometry geometry = draw_geometry (random);

      if (i % 8 == 0)
        geometry.n_in = 64;
      if (i % 8 == 1 && geometry.groups <= 4)
        geometry.n_in = geometry.n_out = 16;
      check_tiles (random, &geometry, *kernels, i % N_FILLS);
    }
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
  tcase_add_test (tcase, test_tiles_of_each_level);
  tcase_add_loop_test (tcase, test_random_shapes, 0, G_N_ELEMENTS (paths));
  return suite;
}

GST_CHECK_MAIN (swdpu_proof)
