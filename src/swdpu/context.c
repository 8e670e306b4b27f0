/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* A frame's inputs and outputs, and the way from the ones to the others: what one
 * runner owns. */

#include "kernels.h"
#include "program.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>

struct _SwdpuContext {
  SwdpuProgram *program;
  const gint *cancelled;
  /* (element-type gint8*): in @memory */
  GPtrArray *inputs;
  GPtrArray *outputs;
  GPtrArray *memory;
  /* where the inputs of the step that runs lie */
  const gint8 **step_inputs;

  /* by type of step */
  gint64 times[PLAN_N_STEP_TYPES];
  guint n_runs;
};

/* Zeros, so that a caller that forgets an input gets the same result every time. As
 * they come from the system, they take no memory before they are used: callers may
 * have more contexts than they need at once. */
static gboolean
allocate_edge (SwdpuContext *self, const GArray *tensors, GPtrArray *buffers)
{
  for (guint i = 0; i < tensors->len; i++) {
    guint index = g_array_index (tensors, guint, i);
    gsize size = plan_tensor (self->program->plan, index)->size;
    gint8 *memory = calloc (1, size + SWDPU_MEMORY_ALIGNMENT - 1);

    if (memory == NULL)
      return FALSE;
    g_ptr_array_add (self->memory, memory);
    g_ptr_array_add (
        buffers, memory + (-(guintptr) memory) % SWDPU_MEMORY_ALIGNMENT);
  }
  return TRUE;
}

static gboolean
allocate_memory (SwdpuContext *self)
{
  const Plan *plan = self->program->plan;
  guint most_inputs = 0;

  for (guint i = 0; i < plan->steps->len; i++)
    most_inputs = MAX (most_inputs, plan_step (plan, i)->n_inputs);
  self->step_inputs = g_new (const gint8 *, most_inputs);
  return allocate_edge (self, plan->inputs, self->inputs)
         && allocate_edge (self, plan->outputs, self->outputs);
}

/**
 * swdpu_context_new:
 * @program: (transfer none): what it runs
 *
 * Returns: (transfer full) (nullable): memory for the inputs and outputs of one
 *   frame at a time, to be used by one thread at a time
 */
SwdpuContext *
swdpu_context_new (SwdpuProgram *program, GError **error)
{
  SwdpuContext *self = g_new0 (SwdpuContext, 1);

  self->program = swdpu_program_ref (program);
  self->inputs = g_ptr_array_new ();
  self->outputs = g_ptr_array_new ();
  self->memory = g_ptr_array_new_with_free_func (free);
  if (!allocate_memory (self)) {
    g_set_error (error, SWDPU_ERROR, SWDPU_ERROR_UNSUPPORTED,
        "Not enough memory for the inputs and outputs of a frame in the software "
        "DPU");
    swdpu_context_free (self);
    return NULL;
  }
  if (!swdpu_workspaces_reserve (program->workspaces, error)) {
    swdpu_context_free (self);
    return NULL;
  }
  return self;
}

void
swdpu_context_free (SwdpuContext *self)
{
  g_free (self->step_inputs);
  g_ptr_array_unref (self->inputs);
  g_ptr_array_unref (self->outputs);
  g_ptr_array_unref (self->memory);
  swdpu_program_unref (self->program);
  g_free (self);
}

/**
 * swdpu_context_watch:
 * @cancelled: lives as long as @self
 *
 * Runs look at @cancelled from here on, between their steps, and end with
 * %SWDPU_ERROR_CANCELLED when it is not 0. Any thread may set it.
 */
void
swdpu_context_watch (SwdpuContext *self, const gint *cancelled)
{
  self->cancelled = cancelled;
}

/**
 * swdpu_context_get_input:
 *
 * Returns: (transfer none): dense int8, as swdpu_program_get_input() says
 */
gint8 *
swdpu_context_get_input (SwdpuContext *self, guint index)
{
  return self->inputs->pdata[index];
}

/**
 * swdpu_context_get_output:
 *
 * Returns: (transfer none): dense int8, as swdpu_program_get_output() says;
 *   the next run overwrites it
 */
gint8 *
swdpu_context_get_output (SwdpuContext *self, guint index)
{
  return self->outputs->pdata[index];
}

static gint8 *
locate (const SwdpuContext *self, const SwdpuWorkspace *workspace, guint index)
{
  const PlanTensor *tensor = plan_tensor (self->program->plan, index);

  if (tensor->place == PLAN_PLACE_INPUT)
    return self->inputs->pdata[tensor->index];
  if (tensor->place == PLAN_PLACE_OUTPUT)
    return self->outputs->pdata[tensor->index];
  /* no step writes a constant */
  return (gint8 *) swdpu_workspace_locate (workspace, tensor);
}

/* row by row, as each may take long */
static gboolean
convolve_plainly (const SwdpuContext *self, const PlanStep *step,
    const gint8 *input, gint8 *output, GError **error)
{
  const Plan *plan = self->program->plan;
  const PlanTensor *tensor = plan_tensor (plan, step->output);
  guint n_rows = tensor->shape.dims[PLAN_H];
  gsize row_size = tensor->size / n_rows;

  for (guint y = 0; y < n_rows; y++) {
    if (!swdpu_check_cancelled (self->cancelled, error))
      return FALSE;
    swdpu_kernel_convolve_row (plan, step, input, y, output + y * row_size);
  }
  return TRUE;
}

static gboolean
convolve (const SwdpuContext *self, const SwdpuWorkspace *workspace,
    guint index, GError **error)
{
  const PlanStep *step = plan_step (self->program->plan, index);
  const SwdpuConvolution *convolution =
      self->program->convolutions->pdata[index];
  const gint8 *input = locate (self, workspace, step->inputs[0]);
  gint8 *output = locate (self, workspace, step->output);
  SwdpuBoundConvolution *bound, *own = NULL;
  gboolean done;

  if (convolution == NULL
      || swdpu_convolution_get_path (convolution) == SWDPU_PATH_PLAIN)
    return convolve_plainly (self, step, input, output, error);
  bound = workspace->convolutions[index];
  if (bound == NULL)
    bound = own =
        swdpu_convolution_bind (convolution, input, output, workspace->scratch);
  done =
      bound != NULL && swdpu_bound_convolution_run (bound, workspace->stream);
  g_clear_pointer (&own, swdpu_bound_convolution_free);
  if (!done)
    g_set_error (error, SWDPU_ERROR, SWDPU_ERROR_UNSUPPORTED,
        "oneDNN failed to execute \"%s\"", step->name);
  return done;
}

static gboolean
run_step (const SwdpuContext *self, const SwdpuWorkspace *workspace,
    guint index, GError **error)
{
  const Plan *plan = self->program->plan;
  const PlanStep *step = plan_step (plan, index);
  SwdpuKernel kernel = swdpu_kernel_get (step->type);

  if (!swdpu_check_cancelled (self->cancelled, error))
    return FALSE;
  if (kernel == NULL)
    return convolve (self, workspace, index, error);
  for (guint i = 0; i < step->n_inputs; i++)
    self->step_inputs[i] = locate (self, workspace, step->inputs[i]);
  kernel (
      plan, step, self->step_inputs, locate (self, workspace, step->output));
  return TRUE;
}

static gboolean
run_steps (SwdpuContext *self, const SwdpuWorkspace *workspace, GError **error)
{
  const Plan *plan = self->program->plan;
  gint64 before = g_get_monotonic_time ();
  gboolean done = TRUE;

  for (guint i = 0; done && i < plan->steps->len; i++) {
    gint64 after;

    done = run_step (self, workspace, i, error);
    after = g_get_monotonic_time ();
    self->times[plan_step (plan, i)->type] += after - before;
    before = after;
  }
  return done;
}

/**
 * swdpu_context_run:
 *
 * Computes the outputs from the inputs, which are left as they are. Waits while
 * there are as many runs of the program as processors for them.
 *
 * Returns: %FALSE when it was cancelled or failed; what the outputs hold then is
 *   nothing
 */
gboolean
swdpu_context_run (SwdpuContext *self, GError **error)
{
  SwdpuWorkspaces *workspaces = self->program->workspaces;
  SwdpuWorkspace *workspace =
      swdpu_workspaces_take (workspaces, self->cancelled, error);
  gint caller_threads = omp_get_max_threads ();
  gboolean done;

  if (workspace == NULL)
    return FALSE;
  /* belongs to the calling thread, which may be another one than before, and a
   * host's that has OpenMP work of its own */
  omp_set_num_threads (self->program->threads);
  done = run_steps (self, workspace, error);
  omp_set_num_threads (caller_threads);
  swdpu_workspaces_give_back (workspaces, workspace);
  self->n_runs++;
  return done;
}

/**
 * swdpu_context_describe_times:
 *
 * Returns: (transfer full): where the runs so far spent their time, a line a
 *   type of step, in milliseconds per run
 */
gchar *
swdpu_context_describe_times (const SwdpuContext *self)
{
  static const gchar *const names[PLAN_N_STEP_TYPES] = {
    [PLAN_STEP_CONVOLUTION] = "convolution",
    [PLAN_STEP_SUM] = "sum",
    [PLAN_STEP_PRODUCT] = "product",
    [PLAN_STEP_MAX_POOL] = "max pool",
    [PLAN_STEP_AVERAGE_POOL] = "average pool",
    [PLAN_STEP_CONCATENATE] = "concatenate",
    [PLAN_STEP_UPSAMPLE_NEAREST] = "upsample nearest",
    [PLAN_STEP_UPSAMPLE_BILINEAR] = "upsample bilinear",
    [PLAN_STEP_DILATE] = "dilate",
    [PLAN_STEP_PAD] = "pad",
    [PLAN_STEP_GATHER] = "gather",
    [PLAN_STEP_TABLE] = "table",
  };
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < PLAN_N_STEP_TYPES; i++) {
    if (self->times[i] > 0)
      g_string_append_printf (text, "%-17s %7.3f ms\n", names[i],
          self->times[i] / 1000.0 / MAX (self->n_runs, 1));
  }
  return g_string_free (text, FALSE);
}
