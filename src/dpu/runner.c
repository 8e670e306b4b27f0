/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Runners: each has a thread on which VART does its work, and buffers. */

#include "model.h"

struct _DpuRunner {
  DpuModel *model;
  /* whether the reference on the model is the runner's */
  gboolean owns_model;
  DpuGuard *guard;
  guint cpu_threads;
  VartRunner *vart;
};

/* on the guard's thread, as the next ones. The first runner of a model tells
 * its tensors */
static gboolean
make_runner (gpointer data, GError **error)
{
  DpuRunner *self = data;
  DpuModel *model = self->model;

  self->vart = vart_runner_new (model->graph,
      (const gchar *const *) model->output_names, self->cpu_threads, error);
  if (self->vart == NULL)
    return FALSE;
  if (model->input.name == NULL
      && !vart_runner_describe (
          self->vart, &model->input, model->outputs, error))
    return FALSE;
  return vart_runner_map (self->vart, &model->input, model->outputs, error);
}

static gboolean
execute_runner (gpointer data, GError **error)
{
  DpuRunner *self = data;

  return vart_runner_execute (self->vart, error);
}

static gboolean
end_runner (gpointer data, GError **error)
{
  DpuRunner *self = data;

  g_clear_pointer (&self->vart, vart_runner_free);
  if (self->owns_model)
    dpu_model_unref (self->model);
  g_free (self);
  return TRUE;
}

/* where VART gave up, lack of memory is the likeliest reason */
static void
add_advice (const DpuModel *model, GError **error)
{
  g_autofree gchar *advice = NULL, *message = NULL;

  if (error == NULL || model->device != DPU_DEVICE_DPU
      || !g_error_matches (*error, DPU_ERROR, DPU_ERROR_INIT))
    return;
  advice = dpu_memory_describe (&model->memory, DPU_MEMORY_TABLE);
  message = (*error)->message;
  (*error)->message = g_strdup_printf ("%s. %s", message, advice);
}

static DpuRunner *
runner_new (DpuModel *model, guint cpu_threads, GError **error)
{
  DpuRunner *self = g_new0 (DpuRunner, 1);

  self->model = dpu_model_ref (model);
  self->owns_model = TRUE;
  self->cpu_threads = cpu_threads;
  self->guard = dpu_guard_new (dpu_model_get_domain (model), error);
  if (self->guard == NULL) {
    end_runner (self, NULL);
    return NULL;
  }
  if (!dpu_guard_bring_up (self->guard, make_runner, self,
          dpu_model_get_open_timeout (model), "Making a runner", error)) {
    add_advice (model, error);
    dpu_runner_free (self);
    return NULL;
  }
  return self;
}

/**
 * dpu_runner_new_probe:
 *
 * Returns: (transfer full) (nullable): the model's own runner, which does not
 *   keep the model alive
 */
DpuRunner *
dpu_runner_new_probe (DpuModel *model, GError **error)
{
  DpuRunner *self = runner_new (model, 1, error);

  if (self != NULL) {
    self->owns_model = FALSE;
    dpu_model_unref (model);
  }
  return self;
}

/* makes the model as long-lived as the runner */
static void
adopt_model (DpuRunner *self)
{
  self->owns_model = TRUE;
  dpu_model_ref (self->model);
}

/**
 * dpu_runner_free_probe:
 *
 * Frees the last runner of a model that nobody else has a reference on, and the
 * model after it.
 */
void
dpu_runner_free_probe (DpuRunner *self)
{
  self->owns_model = TRUE;
  g_atomic_ref_count_init (&self->model->ref_count);
  dpu_runner_free (self);
}

static DpuRunner *
take_probe (DpuModel *model)
{
  DpuRunner *probe;

  g_mutex_lock (&model->probe_lock);
  probe = g_steal_pointer (&model->probe);
  g_mutex_unlock (&model->probe_lock);
  return probe;
}

/**
 * dpu_runner_new:
 * @model: (transfer none):
 * @cpu_threads: threads of the software DPU, 0 for as many as there are CPUs;
 *   a DPU ignores it
 *
 * The runners of a DPU's models are spread over its cores.
 *
 * Returns: (transfer full) (nullable): a runner with buffers of its own, for
 *   one thread at a time
 */
DpuRunner *
dpu_runner_new (DpuModel *model, guint cpu_threads, GError **error)
{
  DpuRunner *self = NULL, *probe = NULL;

  if (model->device == DPU_DEVICE_DPU)
    self = take_probe (model);
  if (self != NULL) {
    adopt_model (self);
    return self;
  }

  self = runner_new (model, cpu_threads, error);
  if (self != NULL)
    probe = take_probe (model);
  if (probe != NULL) {
    adopt_model (probe);
    dpu_runner_free (probe);
  }
  return self;
}

/**
 * dpu_runner_free:
 *
 * Does not wait for a DPU that hangs; what VART then still uses is left to it.
 */
void
dpu_runner_free (DpuRunner *self)
{
  dpu_guard_end (
      self->guard, end_runner, self, dpu_model_get_end_timeout (self->model));
}

/**
 * dpu_runner_get_input:
 *
 * Returns: (transfer none): the runner's own memory for the input of a frame,
 *   laid out as dpu_model_get_input() says. dpu_model_keeps_input() tells
 *   whether what it holds stays there.
 */
gint8 *
dpu_runner_get_input (DpuRunner *self)
{
  return vart_runner_get_input (self->vart);
}

/**
 * dpu_runner_get_output:
 *
 * Returns: (transfer none): output @index, laid out as dpu_model_get_output()
 *   says; the next run overwrites it
 */
const gint8 *
dpu_runner_get_output (DpuRunner *self, guint index)
{
  return vart_runner_get_output (self->vart, index);
}

/**
 * dpu_runner_execute:
 *
 * Runs the model on the runner's input and waits for its outputs, on a DPU no
 * longer than dpu_model_set_timeout() says. When this fails, the DPU may still
 * write the outputs.
 */
gboolean
dpu_runner_execute (DpuRunner *self, GError **error)
{
  guint timeout = self->model->device == DPU_DEVICE_DPU
                      ? (guint) g_atomic_int_get (&self->model->timeout)
                      : 0;

  return dpu_guard_call (
      self->guard, execute_runner, self, timeout, "Running the model", error);
}

/**
 * dpu_runner_interrupt:
 *
 * Makes executions of this runner end within a fraction of a second, the
 * present one and all later ones: those that take longer fail. For those who
 * stop and cannot wait for the time-out of a DPU that hangs; any thread may
 * call it. The software DPU does not hang, and is left to finish.
 */
void
dpu_runner_interrupt (DpuRunner *self)
{
  if (self->model->device == DPU_DEVICE_DPU)
    dpu_guard_interrupt (self->guard);
}
