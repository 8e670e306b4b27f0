/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* One frame's memory and the steps bound to it: what one runner owns. */

#include "kernels.h"
#include "program.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY_ALIGNMENT 64

/* a step with the addresses of its tensors */
typedef struct {
  const PlanStep *step;
  SwdpuKernel kernel;
  SwdpuBoundConvolution *convolution;
  const gint8 **inputs;
  gint8 *output;
} BoundStep;

struct _SwdpuContext {
  SwdpuProgram *program;
  const gint *cancelled;
  dnnl_stream_t stream;
  gint8 *arena;
  guint8 *scratch;
  GPtrArray *inputs;
  GPtrArray *outputs;
  BoundStep *steps;
  guint n_steps;

  /* by type of step */
  gint64 times[PLAN_N_STEP_TYPES];
  guint n_runs;
};

static gpointer
allocate (gsize size)
{
  gpointer memory = NULL;

  return posix_memalign (&memory, MEMORY_ALIGNMENT, MAX (size, 1)) == 0 ? memory
                                                                        : NULL;
}

static gboolean
allocate_edge (const Plan *plan, const GArray *tensors, GPtrArray *buffers)
{
  for (guint i = 0; i < tensors->len; i++) {
    guint index = g_array_index (tensors, guint, i);
    gpointer buffer = allocate (plan_tensor (plan, index)->size);

    if (buffer == NULL)
      return FALSE;
    /* a caller that forgets an input gets the same result every time */
    memset (buffer, 0, plan_tensor (plan, index)->size);
    g_ptr_array_add (buffers, buffer);
  }
  return TRUE;
}

static gboolean
allocate_memory (SwdpuContext *self)
{
  const Plan *plan = self->program->plan;

  self->arena = allocate (plan->arena_size);
  self->scratch = allocate (self->program->scratch_size);
  return self->arena != NULL && self->scratch != NULL
         && allocate_edge (plan, plan->inputs, self->inputs)
         && allocate_edge (plan, plan->outputs, self->outputs);
}

static const gint8 *
locate (const SwdpuContext *self, guint index)
{
  const Plan *plan = self->program->plan;
  const PlanTensor *tensor = plan_tensor (plan, index);

  switch (tensor->place) {
    case PLAN_PLACE_INPUT:
      return self->inputs->pdata[tensor->index];
    case PLAN_PLACE_OUTPUT:
      return self->outputs->pdata[tensor->index];
    case PLAN_PLACE_CONSTANT:
      return tensor->data;
    case PLAN_PLACE_ARENA:
      break;
  }
  return self->arena + tensor->offset;
}

static gboolean
bind_step (SwdpuContext *self, guint index)
{
  const PlanStep *step = plan_step (self->program->plan, index);
  const SwdpuConvolution *convolution =
      self->program->convolutions->pdata[index];
  BoundStep *bound = &self->steps[index];

  bound->step = step;
  bound->kernel = swdpu_kernel_get (step->type);
  /* no step writes a constant */
  bound->output = (gint8 *) locate (self, step->output);
  bound->inputs = g_new (const gint8 *, step->n_inputs);
  for (guint i = 0; i < step->n_inputs; i++)
    bound->inputs[i] = locate (self, step->inputs[i]);

  if (convolution == NULL
      || swdpu_convolution_get_path (convolution) == SWDPU_PATH_PLAIN)
    return TRUE;
  bound->convolution = swdpu_convolution_bind (
      convolution, bound->inputs[0], bound->output, self->scratch);
  return bound->convolution != NULL;
}

static gboolean
bind_steps (SwdpuContext *self)
{
  self->n_steps = self->program->plan->steps->len;
  self->steps = g_new0 (BoundStep, self->n_steps);
  for (guint i = 0; i < self->n_steps; i++) {
    if (!bind_step (self, i))
      return FALSE;
  }
  return TRUE;
}

/**
 * swdpu_context_new:
 * @program: (transfer none): what it runs
 *
 * Returns: (transfer full) (nullable): memory for one frame at a time, to be
 *   used by one thread at a time
 */
SwdpuContext *
swdpu_context_new (SwdpuProgram *program, GError **error)
{
  SwdpuContext *self = g_new0 (SwdpuContext, 1);

  self->program = swdpu_program_ref (program);
  self->inputs = g_ptr_array_new_with_free_func (free);
  self->outputs = g_ptr_array_new_with_free_func (free);
  if (!allocate_memory (self)
      || dnnl_stream_create (
             &self->stream, program->engine, dnnl_stream_default_flags)
             != dnnl_success
      || !bind_steps (self)) {
    g_set_error (error, SWDPU_ERROR, SWDPU_ERROR_UNSUPPORTED,
        "Not enough memory for the %" G_GSIZE_FORMAT
        " bytes of a frame in the software DPU",
        program->plan->arena_size + program->scratch_size);
    swdpu_context_free (self);
    return NULL;
  }
  return self;
}

void
swdpu_context_free (SwdpuContext *self)
{
  for (guint i = 0; i < self->n_steps; i++) {
    if (self->steps[i].convolution != NULL)
      swdpu_bound_convolution_free (self->steps[i].convolution);
    g_free (self->steps[i].inputs);
  }
  g_free (self->steps);
  if (self->stream != NULL)
    dnnl_stream_destroy (self->stream);
  g_ptr_array_unref (self->inputs);
  g_ptr_array_unref (self->outputs);
  free (self->arena);
  free (self->scratch);
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

/* row by row, as each may take long */
static gboolean
convolve_plainly (
    const SwdpuContext *self, const BoundStep *bound, GError **error)
{
  const Plan *plan = self->program->plan;
  const PlanTensor *output = plan_tensor (plan, bound->step->output);
  guint n_rows = output->shape.dims[PLAN_H];
  gsize row_size = output->size / n_rows;

  for (guint y = 0; y < n_rows; y++) {
    if (!swdpu_check_cancelled (self->cancelled, error))
      return FALSE;
    swdpu_kernel_convolve_row (
        plan, bound->step, bound->inputs[0], y, bound->output + y * row_size);
  }
  return TRUE;
}

static gboolean
run_step (const SwdpuContext *self, const BoundStep *bound, GError **error)
{
  if (!swdpu_check_cancelled (self->cancelled, error))
    return FALSE;
  if (bound->kernel != NULL) {
    bound->kernel (
        self->program->plan, bound->step, bound->inputs, bound->output);
    return TRUE;
  }
  if (bound->convolution == NULL)
    return convolve_plainly (self, bound, error);
  if (swdpu_bound_convolution_run (bound->convolution, self->stream))
    return TRUE;
  g_set_error (error, SWDPU_ERROR, SWDPU_ERROR_UNSUPPORTED,
      "oneDNN failed to execute \"%s\"", bound->step->name);
  return FALSE;
}

/**
 * swdpu_context_run:
 *
 * Computes the outputs from the inputs, which are left as they are.
 *
 * Returns: %FALSE when it was cancelled or failed; what the outputs hold then is
 *   nothing
 */
gboolean
swdpu_context_run (SwdpuContext *self, GError **error)
{
  gint caller_threads = omp_get_max_threads ();
  gint64 before = g_get_monotonic_time ();
  gboolean done = TRUE;

  /* belongs to the calling thread, which may be another one than before, and a
   * host's that has OpenMP work of its own */
  omp_set_num_threads (self->program->threads);
  for (guint i = 0; done && i < self->n_steps; i++) {
    BoundStep *bound = &self->steps[i];
    gint64 after;

    done = run_step (self, bound, error);
    after = g_get_monotonic_time ();
    self->times[bound->step->type] += after - before;
    before = after;
  }
  omp_set_num_threads (caller_threads);
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
