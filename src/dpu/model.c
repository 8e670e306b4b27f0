/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Models: the file, the device that runs it, and what VART makes of it. */

#include "registers.h"
#include "runner.h"

GQuark
dpu_error_quark (void)
{
  return g_quark_from_static_string ("dpu-error-quark");
}

/**
 * DpuModel:
 * @probe: (nullable): the runner that told the tensors. On a DPU it becomes the
 *   first that is asked for, as VART deals runners out to the cores in turn. On
 *   the software DPU it is kept until there is another: what runners share need
 *   not be made twice
 */
struct _DpuModel {
  gatomicrefcount ref_count;
  DpuGraph *graph;
  gchar *fallback_reason;
  gboolean keeps_input;

  GMutex probe_lock;
  DpuRunner *probe;
};

/**
 * Opening:
 * @file: what @part points into
 *
 * Belongs to the thread that opens a device, which may not come back from
 * there.
 */
typedef struct {
  Xmodel *file;
  DpuSubgraph part;
  gchar *runner_library;
  DpuHardware *hardware;
  guint n_cores;
} Opening;

/* on the guard's thread, as the next ones: XRT and VART have work to do, and
 * may fail or hang, already when they are loaded */
static gboolean
open_dpu (gpointer data, GError **error)
{
  Opening *opening = data;

  if (!dpu_device_check (&opening->part, error))
    return FALSE;
  opening->runner_library = dpu_device_find_runner (DPU_DEVICE_DPU, error);
  if (opening->runner_library == NULL)
    return FALSE;
  opening->hardware = dpu_hardware_open (error);
  if (opening->hardware == NULL)
    return FALSE;
  opening->n_cores = dpu_hardware_get_n_cores (opening->hardware);
  return dpu_device_check_fingerprint (
      opening->hardware, &opening->part, error);
}

/* has a limit, too: a library that hangs while it is loaded, as a DPU's may,
 * keeps the lock that loading any other one needs */
static gboolean
open_cpu (gpointer data, GError **error)
{
  Opening *opening = data;

  opening->runner_library = dpu_device_find_runner (DPU_DEVICE_CPU, error);
  return opening->runner_library != NULL;
}

static gboolean
end_opening (gpointer data, GError **error)
{
  Opening *opening = data;

  g_clear_pointer (&opening->hardware, dpu_hardware_close);
  g_free (opening->runner_library);
  xmodel_unref (opening->file);
  g_free (opening);
  return TRUE;
}

static gboolean
open_device (DpuGraph *self, DpuGuardDomain domain, DpuGuardFunction function,
    const gchar *what, GError **error)
{
  DpuGuard *guard = dpu_guard_new (domain, error);
  Opening *opening;

  if (guard == NULL)
    return FALSE;
  opening = g_new0 (Opening, 1);
  opening->file = xmodel_ref (self->file);
  opening->part = self->part;
  if (!dpu_guard_bring_up (guard, function, opening, DPU_OPEN_TIMEOUT, what,
          self->cancellable, error)) {
    dpu_guard_end (guard, end_opening, opening, DPU_END_TIMEOUT);
    return FALSE;
  }
  self->guard = guard;
  self->runner_library = g_steal_pointer (&opening->runner_library);
  self->hardware = g_steal_pointer (&opening->hardware);
  self->n_cores = opening->n_cores;
  end_opening (opening, NULL);
  return TRUE;
}

/* what keeps from it is the end of a sentence */
static gboolean
take_dpu (DpuModel *self, GError **error)
{
  DpuGraph *graph = self->graph;
  g_autofree gchar *fault = dpu_guard_describe_fault ();

  if (fault != NULL) {
    g_set_error_literal (error, DPU_ERROR, DPU_ERROR_NOT_FOUND, fault);
    return FALSE;
  }
  if (!open_device (graph, DPU_GUARD_DPU, open_dpu, "opening the DPU", error))
    return FALSE;
  graph->device = DPU_DEVICE_DPU;
  dpu_memory_measure (&graph->memory, graph->part.subgraph);
  self->keeps_input = dpu_registers_keep_input (graph->part.subgraph);
  return TRUE;
}

static gboolean
take_cpu (DpuModel *self, GError **error)
{
  return open_device (
      self->graph, DPU_GUARD_CPU, open_cpu, "Loading the software DPU", error);
}

static gboolean
take_device (DpuModel *self, DpuDevice wanted, GError **error)
{
  GError *obstacle = NULL, *lack = NULL;
  g_autofree gchar *reason = NULL;

  if (wanted == DPU_DEVICE_CPU)
    return take_cpu (self, error);
  if (take_dpu (self, &obstacle))
    return TRUE;
  if (g_error_matches (obstacle, DPU_ERROR, DPU_ERROR_CANCELLED)) {
    g_propagate_error (error, obstacle);
    return FALSE;
  }
  reason = g_strdup (obstacle->message);
  if (!dpu_device_fall_back (wanted, obstacle, &self->fallback_reason, error))
    return FALSE;
  if (take_cpu (self, &lack))
    return TRUE;
  if (g_error_matches (lack, DPU_ERROR, DPU_ERROR_CANCELLED)) {
    g_propagate_error (error, lack);
    return FALSE;
  }
  /* nothing is left to run the model, and most have a DPU in mind */
  g_set_error (error, DPU_ERROR, lack->code, "No DPU can run it: %s. %s",
      reason, lack->message);
  g_error_free (lack);
  return FALSE;
}

static DpuError
code_of_read_error (const GError *error)
{
  return g_error_matches (error, XMODEL_ERROR, XMODEL_ERROR_NOT_FOUND)
             ? DPU_ERROR_NOT_FOUND
             : DPU_ERROR_MODEL;
}

static DpuModel *
model_new (const gchar *path, const gchar *const *outputs,
    GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) read_error = NULL;
  g_autoptr (Xmodel) file = xmodel_load (path, &read_error);
  DpuSubgraph part = { NULL };
  DpuModel *self;

  if (file == NULL) {
    g_set_error_literal (
        error, DPU_ERROR, code_of_read_error (read_error), read_error->message);
    return NULL;
  }
  if (!dpu_subgraph_find (file, &part, error)) {
    g_prefix_error (error, "%s: ", path);
    return NULL;
  }

  self = g_new0 (DpuModel, 1);
  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->probe_lock);
  self->graph =
      dpu_graph_new (g_steal_pointer (&file), &part, outputs, cancellable);
  self->keeps_input = TRUE;
  return self;
}

static DpuModel *
open_model (const gchar *path, DpuDevice device, const gchar *const *outputs,
    GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) own = NULL;
  g_autofree gchar *message = NULL;
  DpuModel *self = model_new (path, outputs, cancellable, &own);

  if (self != NULL && take_device (self, device, &own)
      && dpu_graph_load (self->graph, &own))
    self->probe = dpu_runner_new_for_graph (self->graph, 1, &own);
  if (own == NULL) {
    dpu_graph_forget_file (self->graph);
    /* others may share the model, which who opened it then cannot cancel */
    g_clear_object (&self->graph->cancellable);
    return self;
  }
  if (self != NULL) {
    g_prefix_error (&own, "%s: ", path);
    dpu_model_unref (self);
  }
  /* the names of its operators are in it */
  message = xmodel_make_printable (own->message);
  g_set_error_literal (error, own->domain, own->code, message);
  return NULL;
}

/**
 * dpu_model_open:
 * @path: an .xmodel file
 * @device: what is to run it
 *
 * Reads and checks the file, chooses the device and lets VART make a first
 * runner, to learn the tensors. Takes part of a second, or several when a DPU's
 * bitstream is to be loaded; any thread may call it.
 *
 * Returns: (transfer full) (nullable): the model, or %NULL with a %DPU_ERROR
 */
DpuModel *
dpu_model_open (const gchar *path, DpuDevice device, GError **error)
{
  return open_model (path, device, NULL, NULL, error);
}

/**
 * dpu_model_open_cancellable:
 * @cancellable: (nullable): ends the opening
 *
 * Is dpu_model_open(), which ends with %DPU_ERROR_CANCELLED within a second of
 * g_cancellable_cancel(), from any thread. Once the model is open, @cancellable
 * is not looked at any more.
 */
DpuModel *
dpu_model_open_cancellable (const gchar *path, DpuDevice device,
    GCancellable *cancellable, GError **error)
{
  return open_model (path, device, NULL, cancellable, error);
}

/**
 * dpu_model_open_outputs:
 * @outputs: (nullable) (array zero-terminated=1): operators whose results are
 *   wanted instead of the model's own; the software DPU can, a DPU cannot
 *
 * Opens a model as dpu_model_open() does, to look inside.
 */
DpuModel *
dpu_model_open_outputs (const gchar *path, DpuDevice device,
    const gchar *const *outputs, GError **error)
{
  return open_model (path, device, outputs, NULL, error);
}

DpuModel *
dpu_model_ref (DpuModel *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/**
 * dpu_model_unref:
 *
 * Does not wait for a DPU that hangs; what VART then still uses is left to it.
 */
void
dpu_model_unref (DpuModel *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_clear_pointer (&self->probe, dpu_runner_free);
  dpu_graph_unref (self->graph);
  g_mutex_clear (&self->probe_lock);
  g_free (self->fallback_reason);
  g_free (self);
}

/**
 * dpu_model_set_timeout:
 * @timeout: milliseconds, at least 1
 *
 * Sets how long a DPU may take for an execution, waiting for other ones
 * included, before that fails: 5 s by default. VART itself gives up after 10 s,
 * and not gracefully. The software DPU takes the time it needs.
 */
void
dpu_model_set_timeout (DpuModel *self, guint timeout)
{
  g_return_if_fail (timeout > 0);

  g_atomic_int_set (&self->graph->timeout, timeout);
}

/**
 * dpu_model_is_usable:
 *
 * Returns: %FALSE for a model on a DPU that cannot be used in this process any
 *   more, or has not come back from a call
 */
gboolean
dpu_model_is_usable (const DpuModel *self)
{
  g_autofree gchar *fault = dpu_guard_describe_fault ();
  g_autofree gchar *delay = dpu_guard_describe_delay ();

  return self->graph->device != DPU_DEVICE_DPU
         || (fault == NULL && delay == NULL);
}

/**
 * dpu_model_get_device:
 *
 * Returns: what runs it: never %DPU_DEVICE_AUTO
 */
DpuDevice
dpu_model_get_device (const DpuModel *self)
{
  return self->graph->device;
}

/**
 * dpu_model_get_n_cores:
 *
 * Returns: how many executions the DPU does at the same time, 0 for the
 *   software DPU
 */
guint
dpu_model_get_n_cores (const DpuModel *self)
{
  return self->graph->n_cores;
}

/**
 * dpu_model_get_fallback_reason:
 *
 * Returns: (nullable): a sentence why %DPU_DEVICE_AUTO became the software DPU,
 *   %NULL when it did not
 */
const gchar *
dpu_model_get_fallback_reason (const DpuModel *self)
{
  return self->fallback_reason;
}

/**
 * dpu_model_keeps_input:
 *
 * Returns: whether what dpu_runner_get_input() holds is still there after a
 *   run; if not, all of it has to be written for each run
 */
gboolean
dpu_model_keeps_input (const DpuModel *self)
{
  return self->keeps_input;
}

const DpuTensor *
dpu_model_get_input (const DpuModel *self)
{
  return &self->graph->input;
}

guint
dpu_model_get_n_outputs (const DpuModel *self)
{
  return self->graph->outputs->len;
}

const DpuTensor *
dpu_model_get_output (const DpuModel *self, guint index)
{
  return &g_array_index (self->graph->outputs, DpuTensor, index);
}

static DpuRunner *
take_probe (DpuModel *self)
{
  DpuRunner *probe;

  g_mutex_lock (&self->probe_lock);
  probe = g_steal_pointer (&self->probe);
  g_mutex_unlock (&self->probe_lock);
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
 *   one thread at a time; it may outlive the model
 */
DpuRunner *
dpu_runner_new (DpuModel *model, guint cpu_threads, GError **error)
{
  DpuRunner *self = NULL, *probe = NULL;

  if (model->graph->device == DPU_DEVICE_DPU)
    self = take_probe (model);
  if (self != NULL)
    return self;

  self = dpu_runner_new_for_graph (model->graph, cpu_threads, error);
  if (self != NULL)
    probe = take_probe (model);
  g_clear_pointer (&probe, dpu_runner_free);
  return self;
}
