/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Runners: each has a thread on which VART does its work, and buffers. */

#include "runner.h"

/* why the software DPU is to stop */
typedef enum {
  RUNNER_STOP_CANCELLED = 1 << 0,
  RUNNER_STOP_INTERRUPTED = 1 << 1,
} RunnerStop;

struct _DpuRunner {
  DpuGraph *graph;
  /* what the software DPU looks at: bits of RunnerStop, atomic */
  gint stop;
  DpuGuard *guard;
  guint cpu_threads;
  VartRunner *vart;
};

/* on the guard's thread, as the next ones. The first runner of a graph tells its
 * tensors */
static gboolean
make_runner (gpointer data, GError **error)
{
  DpuRunner *self = data;
  DpuGraph *graph = self->graph;

  self->vart =
      vart_runner_new (graph->vart, (const gchar *const *) graph->output_names,
          self->cpu_threads, &self->stop, error);
  if (self->vart == NULL)
    return FALSE;
  if (graph->input.name == NULL
      && !vart_runner_describe (
          self->vart, &graph->input, graph->outputs, error))
    return FALSE;
  return vart_runner_map (self->vart, &graph->input, graph->outputs, error);
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
  dpu_graph_unref (self->graph);
  g_free (self);
  return TRUE;
}

/* where VART gave up, lack of memory is the likeliest reason */
static void
add_advice (const DpuGraph *graph, GError **error)
{
  g_autofree gchar *advice = NULL, *message = NULL;

  if (error == NULL || graph->device != DPU_DEVICE_DPU
      || !g_error_matches (*error, DPU_ERROR, DPU_ERROR_INIT))
    return;
  advice = dpu_memory_describe (&graph->memory, DPU_MEMORY_TABLE);
  message = (*error)->message;
  (*error)->message = g_strdup_printf ("%s. %s", message, advice);
}

static void
stop_making (GCancellable *cancellable, gpointer data)
{
  DpuRunner *self = data;

  g_atomic_int_or (&self->stop, RUNNER_STOP_INTERRUPTED);
}

/* what is cancelled later is not this any more */
static gboolean
make (DpuRunner *self, GError **error)
{
  GCancellable *cancellable = self->graph->cancellable;
  gulong connection = 0;
  gboolean made;

  if (cancellable != NULL)
    connection = g_cancellable_connect (
        cancellable, G_CALLBACK (stop_making), self, NULL);
  made = dpu_guard_bring_up (self->guard, make_runner, self,
      dpu_graph_get_open_timeout (self->graph), "Making a runner", cancellable,
      error);
  g_cancellable_disconnect (cancellable, connection);
  return made;
}

/**
 * dpu_runner_new_for_graph:
 * @graph: (transfer none): a loaded one
 * @cpu_threads: threads of the software DPU
 */
DpuRunner *
dpu_runner_new_for_graph (DpuGraph *graph, guint cpu_threads, GError **error)
{
  DpuRunner *self = g_new0 (DpuRunner, 1);

  self->graph = dpu_graph_ref (graph);
  self->cpu_threads = cpu_threads;
  self->guard = dpu_guard_new (dpu_graph_get_domain (graph), error);
  if (self->guard == NULL) {
    end_runner (self, NULL);
    return NULL;
  }
  if (!make (self, error)) {
    add_advice (graph, error);
    dpu_runner_free (self);
    return NULL;
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
      self->guard, end_runner, self, dpu_graph_get_end_timeout (self->graph));
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
  guint timeout = self->graph->device == DPU_DEVICE_DPU
                      ? (guint) g_atomic_int_get (&self->graph->timeout)
                      : 0;
  g_autoptr (GError) own = NULL;

  if (g_atomic_int_get (&self->stop) == 0
      && dpu_guard_call (self->guard, execute_runner, self, timeout,
          "Running the model", &own))
    return TRUE;
  if (g_atomic_int_get (&self->stop) != 0)
    g_set_error (error, DPU_ERROR, DPU_ERROR_CANCELLED,
        "Running the model was cancelled");
  else
    g_propagate_error (error, g_steal_pointer (&own));
  return FALSE;
}

/**
 * dpu_runner_set_cancelled:
 * @cancelled: whether nobody wants the results
 *
 * While it is set, executions fail with %DPU_ERROR_CANCELLED: later ones at once,
 * the present one on the software DPU after the step it is at, of which each frame
 * has a hundred or more. A DPU finishes what it has begun. For flushes; any thread
 * may call it, and take it back.
 */
void
dpu_runner_set_cancelled (DpuRunner *self, gboolean cancelled)
{
  if (cancelled)
    g_atomic_int_or (&self->stop, RUNNER_STOP_CANCELLED);
  else
    g_atomic_int_and (&self->stop, ~(guint) RUNNER_STOP_CANCELLED);
}

/**
 * dpu_runner_interrupt:
 *
 * Makes executions of this runner end within a fraction of a second, the
 * present one and all later ones: those that take longer fail, on the software
 * DPU with %DPU_ERROR_CANCELLED. For those who stop and cannot wait for the
 * time-out of a DPU that hangs, or for a model that takes minutes; any thread may
 * call it.
 */
void
dpu_runner_interrupt (DpuRunner *self)
{
  if (self->graph->device != DPU_DEVICE_DPU)
    g_atomic_int_or (&self->stop, RUNNER_STOP_INTERRUPTED);
  dpu_guard_interrupt (self->guard);
}
