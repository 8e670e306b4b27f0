/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "workspaces.h"

#include <stdlib.h>

/* how often who waits for a workspace looks whether it is to stop */
#define CANCEL_PERIOD (G_TIME_SPAN_MILLISECOND * 20)

struct _SwdpuWorkspaces {
  const Plan *plan;
  const GPtrArray *convolutions;
  dnnl_engine_t engine;
  gsize scratch_size;
  guint most;

  GMutex lock;
  /* one was given to somebody who waits */
  GCond given;
  /* the one that was used last comes first: parts of it are in a cache */
  GSList *unused;
  guint n_made;
  /* (element-type SwdpuWorkspace*): who waits, by the place of what it gets */
  GQueue waiting;
};

/**
 * swdpu_workspace_locate:
 *
 * Returns: (nullable): where @tensor lies, %NULL for a caller's
 */
const gint8 *
swdpu_workspace_locate (const SwdpuWorkspace *self, const PlanTensor *tensor)
{
  switch (tensor->place) {
    case PLAN_PLACE_CONSTANT:
      return tensor->data;
    case PLAN_PLACE_ARENA:
      return self->arena + tensor->offset;
    case PLAN_PLACE_INPUT:
    case PLAN_PLACE_OUTPUT:
      break;
  }
  return NULL;
}

static void
workspace_free (SwdpuWorkspace *self, guint n_steps)
{
  for (guint i = 0; self->convolutions != NULL && i < n_steps; i++) {
    if (self->convolutions[i] != NULL)
      swdpu_bound_convolution_free (self->convolutions[i]);
  }
  g_free (self->convolutions);
  if (self->stream != NULL)
    dnnl_stream_destroy (self->stream);
  free (self->arena);
  free (self->scratch);
  g_free (self);
}

static gboolean
bind_step (const SwdpuWorkspaces *self, SwdpuWorkspace *workspace, guint index)
{
  const SwdpuConvolution *convolution = self->convolutions->pdata[index];
  const PlanStep *step = plan_step (self->plan, index);
  const gint8 *input, *output;

  if (convolution == NULL
      || swdpu_convolution_get_path (convolution) == SWDPU_PATH_PLAIN)
    return TRUE;
  input = swdpu_workspace_locate (
      workspace, plan_tensor (self->plan, step->inputs[0]));
  output = swdpu_workspace_locate (
      workspace, plan_tensor (self->plan, step->output));
  if (input == NULL || output == NULL)
    return TRUE;
  /* no step writes a constant */
  workspace->convolutions[index] = swdpu_convolution_bind (
      convolution, input, (gint8 *) output, workspace->scratch);
  return workspace->convolutions[index] != NULL;
}

static gpointer
allocate (gsize size)
{
  gpointer memory = NULL;

  return posix_memalign (&memory, SWDPU_MEMORY_ALIGNMENT, MAX (size, 1)) == 0
             ? memory
             : NULL;
}

static SwdpuWorkspace *
workspace_new (const SwdpuWorkspaces *self)
{
  SwdpuWorkspace *workspace = g_new0 (SwdpuWorkspace, 1);
  guint n_steps = self->plan->steps->len;
  gboolean made;

  workspace->arena = allocate (self->plan->arena_size);
  workspace->scratch = allocate (self->scratch_size);
  workspace->convolutions = g_new0 (SwdpuBoundConvolution *, n_steps);
  made = workspace->arena != NULL && workspace->scratch != NULL
         && dnnl_stream_create (
                &workspace->stream, self->engine, dnnl_stream_default_flags)
                == dnnl_success;
  for (guint i = 0; made && i < n_steps; i++)
    made = bind_step (self, workspace, i);
  if (made)
    return workspace;
  workspace_free (workspace, n_steps);
  return NULL;
}

/**
 * swdpu_workspaces_new:
 * @convolutions: (element-type SwdpuConvolution): per step, %NULL for others
 * @scratch_size: of the convolution that needs most
 * @most: how many frames are computed at once
 *
 * Everything is borrowed.
 *
 * Returns: (transfer full): none yet
 */
SwdpuWorkspaces *
swdpu_workspaces_new (const Plan *plan, const GPtrArray *convolutions,
    dnnl_engine_t engine, gsize scratch_size, guint most)
{
  SwdpuWorkspaces *self = g_new0 (SwdpuWorkspaces, 1);

  self->plan = plan;
  self->convolutions = convolutions;
  self->engine = engine;
  self->scratch_size = scratch_size;
  self->most = MAX (most, 1);
  g_mutex_init (&self->lock);
  g_cond_init (&self->given);
  g_queue_init (&self->waiting);
  return self;
}

/**
 * swdpu_workspaces_free:
 * @self: (transfer full): of which nobody has one
 */
void
swdpu_workspaces_free (SwdpuWorkspaces *self)
{
  for (GSList *item = self->unused; item != NULL; item = item->next)
    workspace_free (item->data, self->plan->steps->len);
  g_slist_free (self->unused);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->given);
  g_free (self);
}

/* with lock, which is given up meanwhile; %NULL where there are enough of them,
 * or no memory */
static SwdpuWorkspace *
make_another (SwdpuWorkspaces *self)
{
  SwdpuWorkspace *workspace;

  if (self->n_made == self->most)
    return NULL;
  self->n_made++;
  g_mutex_unlock (&self->lock);
  workspace = workspace_new (self);
  g_mutex_lock (&self->lock);
  if (workspace == NULL)
    self->n_made--;
  return workspace;
}

static void
set_no_memory (const SwdpuWorkspaces *self, GError **error)
{
  g_set_error (error, SWDPU_ERROR, SWDPU_ERROR_UNSUPPORTED,
      "Not enough memory for the %" G_GSIZE_FORMAT
      " bytes of a frame in the software DPU",
      self->plan->arena_size + self->scratch_size);
}

/**
 * swdpu_workspaces_reserve:
 *
 * Returns: whether there is one at least, so that swdpu_workspaces_take() gets
 *   one sooner or later
 */
gboolean
swdpu_workspaces_reserve (SwdpuWorkspaces *self, GError **error)
{
  gboolean reserved = TRUE;

  g_mutex_lock (&self->lock);
  if (self->n_made == 0) {
    SwdpuWorkspace *workspace = make_another (self);

    reserved = workspace != NULL;
    if (reserved)
      self->unused = g_slist_prepend (self->unused, workspace);
  }
  g_mutex_unlock (&self->lock);
  if (!reserved)
    set_no_memory (self, error);
  return reserved;
}

/* with lock; first come, first served */
static SwdpuWorkspace *
wait_for_one (SwdpuWorkspaces *self, const gint *cancelled, GError **error)
{
  SwdpuWorkspace *workspace = NULL;
  GError *own = NULL;

  g_queue_push_tail (&self->waiting, &workspace);
  while (workspace == NULL && self->n_made > 0 && own == NULL)
    if (swdpu_check_cancelled (cancelled, &own))
      g_cond_wait_until (
          &self->given, &self->lock, g_get_monotonic_time () + CANCEL_PERIOD);
  if (workspace == NULL)
    g_queue_remove (&self->waiting, &workspace);
  if (own != NULL)
    g_propagate_error (error, own);
  else if (workspace == NULL)
    set_no_memory (self, error);
  return workspace;
}

/**
 * swdpu_workspaces_take:
 * @cancelled: (nullable): looked at while there is none
 *
 * Waits while as many frames are computed as there may be at once.
 *
 * Returns: (transfer full) (nullable): a workspace for
 *   swdpu_workspaces_give_back(), or %NULL with %SWDPU_ERROR_CANCELLED, or where
 *   there is no memory
 */
SwdpuWorkspace *
swdpu_workspaces_take (
    SwdpuWorkspaces *self, const gint *cancelled, GError **error)
{
  SwdpuWorkspace *workspace = NULL;

  g_mutex_lock (&self->lock);
  if (self->unused != NULL) {
    workspace = self->unused->data;
    self->unused = g_slist_delete_link (self->unused, self->unused);
  } else {
    workspace = make_another (self);
  }
  if (workspace == NULL)
    workspace = wait_for_one (self, cancelled, error);
  g_mutex_unlock (&self->lock);
  return workspace;
}

/**
 * swdpu_workspaces_give_back:
 * @workspace: (transfer full):
 */
void
swdpu_workspaces_give_back (SwdpuWorkspaces *self, SwdpuWorkspace *workspace)
{
  SwdpuWorkspace **place;

  g_mutex_lock (&self->lock);
  place = g_queue_pop_head (&self->waiting);
  if (place != NULL) {
    *place = workspace;
    g_cond_broadcast (&self->given);
  } else {
    self->unused = g_slist_prepend (self->unused, workspace);
  }
  g_mutex_unlock (&self->lock);
}
