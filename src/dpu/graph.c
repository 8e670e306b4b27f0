/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "graph.h"

#define DEFAULT_TIMEOUT 5000

/**
 * dpu_graph_new:
 * @file: (transfer full):
 * @part: what is to run of it
 * @output_names: (nullable) (array zero-terminated=1): of the operators that
 *   are wanted as outputs
 * @cancellable: (nullable): ends the opening, and the making of runners
 *
 * Returns: (transfer full): a graph without a device yet, which counts as the
 *   software DPU's until it has one
 */
DpuGraph *
dpu_graph_new (Xmodel *file, const DpuSubgraph *part,
    const gchar *const *output_names, GCancellable *cancellable)
{
  DpuGraph *self = g_new0 (DpuGraph, 1);

  g_atomic_ref_count_init (&self->ref_count);
  if (cancellable != NULL)
    self->cancellable = g_object_ref (cancellable);
  self->file = file;
  self->part = *part;
  self->output_names = g_strdupv ((gchar **) output_names);
  self->outputs = g_array_new (FALSE, FALSE, sizeof (DpuTensor));
  self->device = DPU_DEVICE_CPU;
  self->timeout = DEFAULT_TIMEOUT;
  return self;
}

DpuGraph *
dpu_graph_ref (DpuGraph *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/* on the guard's thread where there is one, as the next but one */
static gboolean
end_graph (gpointer data, GError **error)
{
  DpuGraph *self = data;

  g_clear_pointer (&self->vart, vart_graph_free);
  g_clear_pointer (&self->hardware, dpu_hardware_close);
  g_clear_pointer (&self->file, xmodel_unref);
  g_free (self->input.name);
  for (guint i = 0; i < self->outputs->len; i++)
    g_free (g_array_index (self->outputs, DpuTensor, i).name);
  g_array_unref (self->outputs);
  g_clear_object (&self->cancellable);
  g_free (self->runner_library);
  g_strfreev (self->output_names);
  g_free (self);
  return TRUE;
}

/**
 * dpu_graph_unref:
 *
 * Does not wait for a DPU that hangs; what VART then still uses is left to it.
 */
void
dpu_graph_unref (DpuGraph *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  if (self->guard == NULL)
    end_graph (self, NULL);
  else
    dpu_guard_end (
        self->guard, end_graph, self, dpu_graph_get_end_timeout (self));
}

static gboolean
load (gpointer data, GError **error)
{
  DpuGraph *self = data;
  GBytes *model = xmodel_get_bytes (self->file);
  const gchar *name = self->part.subgraph->name;

  if (self->device == DPU_DEVICE_DPU)
    self->vart = vart_graph_new (model, name, self->runner_library, error);
  else
    self->vart =
        vart_graph_new_stand_in (model, name, self->runner_library, error);
  return self->vart != NULL;
}

/**
 * dpu_graph_load:
 * @self: one with a device
 *
 * Lets VART read the graph, or have one that stands for it.
 */
gboolean
dpu_graph_load (DpuGraph *self, GError **error)
{
  return dpu_guard_bring_up (self->guard, load, self,
      dpu_graph_get_open_timeout (self), "Loading the model", self->cancellable,
      error);
}

/**
 * dpu_graph_forget_file:
 *
 * Gives up the memory of what is not needed once there is a runner.
 */
void
dpu_graph_forget_file (DpuGraph *self)
{
  g_clear_pointer (&self->file, xmodel_unref);
  self->part.subgraph = NULL;
}

/* 0 for any time: the software DPU, once its library is loaded, does not hang */
guint
dpu_graph_get_open_timeout (const DpuGraph *self)
{
  return self->device == DPU_DEVICE_DPU ? DPU_OPEN_TIMEOUT : 0;
}

guint
dpu_graph_get_end_timeout (const DpuGraph *self)
{
  return self->device == DPU_DEVICE_DPU ? DPU_END_TIMEOUT : 0;
}

DpuGuardDomain
dpu_graph_get_domain (const DpuGraph *self)
{
  return self->device == DPU_DEVICE_DPU ? DPU_GUARD_DPU : DPU_GUARD_CPU;
}
