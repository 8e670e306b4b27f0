/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The software DPU's memory, its shared programs, and what it says about models
 * it cannot run. */

#include "rig.h"
#include "xmodel/samples.h"

#include <gst/check/gstcheck.h>
#include <string.h>

#define N_GRAPHS 200

/* the steps during which a tensor must keep its place */
typedef struct {
  guint first, last;
} Life;

static Plan *
new_random_graph (GRand *random)
{
  Plan *plan = plan_new ();
  PlanShape shape = { 1, { 100 } };
  guint n_steps = g_rand_int_range (random, 1, 40);

  plan_mark_input (plan, plan_add_tensor (plan, "input", &shape, 0));
  for (guint i = 0; i < n_steps; i++) {
    guint n_inputs = g_rand_int_range (random, 1, 4);
    guint inputs[3], output;

    for (guint j = 0; j < n_inputs; j++)
      inputs[j] = g_rand_int_range (random, 0, plan->tensors->len);
    shape.dims[0] = g_rand_int_range (random, 1, 5000);
    output = plan_add_tensor (plan, "tensor", &shape, 0);
    plan_add_step (
        plan, PLAN_STEP_CONCATENATE, "step", inputs, n_inputs, output);
    if (g_rand_int_range (random, 0, 8) == 0)
      plan_mark_output (plan, output);
  }
  return plan;
}

static Life
find_life (const Plan *plan, guint tensor)
{
  Life life = { G_MAXUINT, 0 };

  for (guint i = 0; i < plan->steps->len; i++) {
    const PlanStep *step = plan_step (plan, i);
    gboolean used = step->output == tensor;

    for (guint j = 0; j < step->n_inputs; j++)
      used |= step->inputs[j] == tensor;
    if (used) {
      life.first = MIN (life.first, i);
      life.last = i;
    }
  }
  return life;
}

static void
check_apart (const Plan *plan, guint i, guint j)
{
  const PlanTensor *a = plan_tensor (plan, i), *b = plan_tensor (plan, j);
  Life first = find_life (plan, i), second = find_life (plan, j);

  if (a->place != PLAN_PLACE_ARENA || b->place != PLAN_PLACE_ARENA
      || first.last < second.first || second.last < first.first)
    return;
  fail_unless (
      a->offset + a->size <= b->offset || b->offset + b->size <= a->offset,
      "tensors %u and %u are alive together and overlap", i, j);
}

/* tensors that are needed at the same time lie apart, the others share */
GST_START_TEST (test_living_tensors_lie_apart)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (11);
  guint n_shared = 0;

  for (guint i = 0; i < N_GRAPHS; i++) {
    g_autoptr (Plan) plan = new_random_graph (random);
    gsize total = 0;

    fail_unless (plan_place_tensors (plan, NULL));
    for (guint j = 0; j < plan->tensors->len; j++) {
      const PlanTensor *tensor = plan_tensor (plan, j);

      if (tensor->place == PLAN_PLACE_ARENA) {
        fail_unless (tensor->offset + tensor->size <= plan->arena_size);
        total += tensor->size;
      }
      for (guint k = 0; k < j; k++)
        check_apart (plan, j, k);
    }
    n_shared += plan->arena_size < total;
  }
  fail_unless (n_shared > N_GRAPHS / 2);
}
GST_END_TEST;

/* what does not fit is an error with both sizes */
GST_START_TEST (test_too_large_a_frame_is_refused)
{
  g_autoptr (Plan) plan = plan_new ();
  g_autoptr (GError) error = NULL;
  PlanShape shape = { 1, { PLAN_MAX_TENSOR_SIZE } };
  guint tensors[10];

  for (guint i = 0; i < G_N_ELEMENTS (tensors); i++) {
    tensors[i] = plan_add_tensor (plan, "tensor", &shape, 0);
    if (i == 0)
      plan_mark_input (plan, tensors[0]);
    else
      plan_add_step (
          plan, PLAN_STEP_CONCATENATE, "step", tensors, i, tensors[i]);
  }
  fail_if (plan_place_tensors (plan, &error));
  fail_unless (g_error_matches (error, SWDPU_ERROR, SWDPU_ERROR_UNSUPPORTED));
  fail_unless (strstr (error->message, "268435456") != NULL);
}
GST_END_TEST;

static XmodelFile__Graph *
load_leaky (void)
{
  g_autofree gchar *path = g_build_filename (
      g_getenv ("TEST_DATA_DIR"), "golden", "t_leaky", "int.xmodel", NULL);

  return xmodel_sample_load (path);
}

static gchar *
get_root_name (GBytes *bytes)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Xmodel) model = xmodel_parse (bytes, &error);

  fail_unless (model != NULL, "%s", error == NULL ? "" : error->message);
  return g_strdup (xmodel_get_root (model)->name);
}

/* one program per model, subgraph, outputs and number of threads */
GST_START_TEST (test_programs_are_shared)
{
  g_autoptr (XmodelFile__Graph) graph = load_leaky ();
  g_autoptr (GBytes) bytes = xmodel_sample_pack (graph);
  g_autoptr (GBytes) copy = xmodel_sample_pack (graph);
  g_autofree gchar *root = get_root_name (bytes);
  SwdpuProgram *program = swdpu_program_get (bytes, root, NULL, 1, NULL);
  SwdpuProgram *same = swdpu_program_get (copy, root, NULL, 1, NULL);
  SwdpuProgram *other = swdpu_program_get (bytes, root, NULL, 2, NULL);
  const gchar *outputs[] = { swdpu_program_get_output (program, 0).name, NULL };
  SwdpuProgram *named = swdpu_program_get (bytes, root, outputs, 1, NULL);

  fail_unless (program != NULL && program == same);
  fail_unless (other != NULL && other != program);
  fail_unless (named != NULL && named != program && named != other);
  swdpu_program_unref (named);
  swdpu_program_unref (other);
  swdpu_program_unref (same);

  /* a mark that a program built anew does not have */
  program->threads = 77;
  same = swdpu_program_get (bytes, root, NULL, 1, NULL);
  fail_unless_equals_int (same->threads, 77);
  swdpu_program_unref (same);
  swdpu_program_unref (program);
  program = swdpu_program_get (bytes, root, NULL, 1, NULL);
  fail_unless_equals_int (program->threads, 1);
  swdpu_program_unref (program);
}
GST_END_TEST;

static gpointer
get_and_run (gpointer user_data)
{
  GBytes *bytes = user_data;
  g_autofree gchar *root = get_root_name (bytes);

  for (guint i = 0; i < 20; i++) {
    g_autoptr (SwdpuProgram) program =
        swdpu_program_get (bytes, root, NULL, 1, NULL);
    g_autoptr (SwdpuContext) context = swdpu_context_new (program, NULL);

    fail_unless (swdpu_context_run (context, NULL));
  }
  return NULL;
}

/* programs may come and go on several threads at once */
GST_START_TEST (test_programs_are_shared_by_threads)
{
  g_autoptr (XmodelFile__Graph) graph = load_leaky ();
  g_autoptr (GBytes) bytes = xmodel_sample_pack (graph);
  GThread *threads[3];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("runner", get_and_run, bytes);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}
GST_END_TEST;

static void
change_type (XmodelFile__Graph *graph)
{
  XmodelFile__Op *op = xmodel_sample_find_op (graph, "leaky-relu", 0);

  g_free (op->type);
  op->type = g_strdup ("leaky-relX");
  /* what every operator that is not one of XIR's own needs */
  xmodel_sample_set_ints (XMODEL_SAMPLE_ATTRIBUTES (op), "shape",
      (const gint32 *) op->tensor->dims, op->tensor->n_dims);
  xmodel_sample_set_string (
      XMODEL_SAMPLE_ATTRIBUTES (op), "data_type", "FLOAT32");
}

static void
change_slope (XmodelFile__Graph *graph)
{
  xmodel_sample_set_float (
      XMODEL_SAMPLE_ATTRIBUTES (xmodel_sample_find_op (graph, "leaky-relu", 0)),
      "alpha", 0.25f);
}

static XmodelFile__Op *
find_rounding (XmodelFile__Graph *graph)
{
  for (gsize i = 0; i < graph->n_ops; i++) {
    XmodelFile__Op *op = graph->ops[i];

    if (strcmp (op->type, "fix") == 0
        && strstr (op->arguments[0]->ops[0], "LeakyReLU") != NULL)
      return op;
  }
  g_error ("the sample rounds no LeakyReLU");
}

static void
change_width (XmodelFile__Graph *graph)
{
  xmodel_sample_set_int (
      XMODEL_SAMPLE_ATTRIBUTES (find_rounding (graph)), "bit_width", 16);
}

static void
change_rounding (XmodelFile__Graph *graph)
{
  xmodel_sample_set_string (XMODEL_SAMPLE_ATTRIBUTES (find_rounding (graph)),
      "round_mode", "PY3_ROUND");
}

static void
change_fix_point (XmodelFile__Graph *graph)
{
  xmodel_sample_set_int (
      XMODEL_SAMPLE_ATTRIBUTES (find_rounding (graph)), "fix_point", 100);
}

static void
remove_rounding_of_input (XmodelFile__Graph *graph)
{
  XmodelFile__Op *convolution = xmodel_sample_find_op (graph, "conv2d", 0);
  XmodelFile__Op *data = xmodel_sample_find_op (graph, "data", 0);

  xmodel_sample_remove_input (convolution, "input");
  xmodel_sample_add_input (convolution, "input", data->name);
}

/* @type: of the operator the message must name; @text: the rest of it */
static const struct {
  void (*change) (XmodelFile__Graph *graph);
  const gchar *type;
  const gchar *text;
} refusals[] = {
  { change_type, "leaky-relX", "does not have this operator" },
  { change_slope, "leaky-relu", "has slope 0.25, the DPU's is 26/256" },
  { change_width, "fix", "does not round to 8 signed bits" },
  { change_rounding, "fix", "with DPU_ROUND" },
  { change_fix_point, "conv2d", "to 100" },
  { remove_rounding_of_input, "conv2d", "has no fix operator" },
};

/* a model that cannot be run is an error that names the operator and its type */
GST_START_TEST (test_refusals_name_the_operator)
{
  g_autoptr (XmodelFile__Graph) graph = load_leaky ();
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree gchar *named = NULL;
  SwdpuProgram *program;

  refusals[__i__].change (graph);
  bytes = xmodel_sample_pack (graph);
  program = swdpu_program_get (bytes, graph->root->name, NULL, 1, &error);
  fail_unless (program == NULL);
  fail_unless (error != NULL);
  named = g_strdup_printf ("(%s): ", refusals[__i__].type);
  fail_unless (g_str_has_prefix (error->message, "Operator \"")
                   && strstr (error->message, named) != NULL
                   && strstr (error->message, refusals[__i__].text) != NULL,
      "the message is: %s", error->message);
}
GST_END_TEST;

/* asking for what the model has not is an error that names it */
GST_START_TEST (test_unknown_names_are_refused)
{
  g_autoptr (XmodelFile__Graph) graph = load_leaky ();
  g_autoptr (GBytes) bytes = xmodel_sample_pack (graph);
  g_autofree gchar *root = get_root_name (bytes);
  const gchar *outputs[] = { "no-such-operator", NULL };
  g_autoptr (GError) error = NULL;

  fail_unless (swdpu_program_get (bytes, root, outputs, 1, &error) == NULL);
  fail_unless (strstr (error->message, "no-such-operator") != NULL);
  g_clear_error (&error);
  fail_unless (
      swdpu_program_get (bytes, "no-such-graph", NULL, 1, &error) == NULL);
  fail_unless (strstr (error->message, "no-such-graph") != NULL);
}
GST_END_TEST;

static Suite *
swdpu_suite (void)
{
  Suite *suite = suite_create ("swdpu");
  TCase *tcase = tcase_create ("programs");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_living_tensors_lie_apart);
  tcase_add_test (tcase, test_too_large_a_frame_is_refused);
  tcase_add_test (tcase, test_programs_are_shared);
  tcase_add_test (tcase, test_programs_are_shared_by_threads);
  tcase_add_loop_test (
      tcase, test_refusals_name_the_operator, 0, G_N_ELEMENTS (refusals));
  tcase_add_test (tcase, test_unknown_names_are_refused);
  return suite;
}

GST_CHECK_MAIN (swdpu);
