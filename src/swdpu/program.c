/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* A plan made ready to run: weights packed, primitives built. Everything that
 * runs the same model in a process shares one. */

#include "program.h"
#include "joining.h"
#include "proof.h"

#include <omp.h>
#include <string.h>

/* A primitive of oneDNN takes half a megabyte and up to 15 ms to make. So many are
 * made for any model (YOLOX-nano has 113 convolutions, YOLOv5n 60), and one more
 * for as many weights; the convolutions beyond are tiles where these take them,
 * which is all but such of few channels. */
#define MANY_PRIMITIVES 128
#define WEIGHTS_PER_PRIMITIVE (1 << 18)

/* of key -> SwdpuProgram; holds no reference */
static GHashTable *programs;
static GMutex programs_lock;

static void
log_paths (const SwdpuProgram *self)
{
  guint counts[SWDPU_PATH_INT8_FUSED + 1] = { 0 };

  for (guint i = 0; i < self->convolutions->len; i++)
    if (self->convolutions->pdata[i] != NULL)
      counts[swdpu_convolution_get_path (self->convolutions->pdata[i])]++;
  g_debug (
      "convolutions: %u in plain integers, %u in floats, %u in tiles, %u in "
      "oneDNN's integers, %u of these with rounding",
      counts[SWDPU_PATH_PLAIN], counts[SWDPU_PATH_FLOAT],
      counts[SWDPU_PATH_TILES],
      counts[SWDPU_PATH_INT8] + counts[SWDPU_PATH_INT8_FUSED],
      counts[SWDPU_PATH_INT8_FUSED]);
}

static gboolean
is_primitive (const SwdpuConvolution *convolution)
{
  SwdpuPath path = swdpu_convolution_get_path (convolution);

  return path != SWDPU_PATH_PLAIN && path != SWDPU_PATH_TILES;
}

static gboolean
build_convolutions (
    SwdpuProgram *self, SwdpuPath best, const gint *cancelled, GError **error)
{
  g_autoptr (SwdpuProof) proof = swdpu_proof_new (self->engine);
  gint caller_threads = omp_get_max_threads ();
  guint64 n_left =
      MANY_PRIMITIVES + plan_count_weights (self->plan) / WEIGHTS_PER_PRIMITIVE;
  gboolean built = TRUE;

  g_debug ("building for %u threads", self->threads);
  swdpu_find_non_negative (self->plan);
  /* oneDNN reads it when a primitive is created; it belongs to this thread */
  omp_set_num_threads (self->threads);
  for (guint i = 0; built && i < self->plan->steps->len; i++) {
    const PlanStep *step = plan_step (self->plan, i);
    SwdpuConvolution *convolution = NULL;

    built = swdpu_check_cancelled (cancelled, error);
    if (built && step->type == PLAN_STEP_CONVOLUTION) {
      convolution =
          swdpu_proof_make (proof, self->plan, step, best, n_left == 0);
      if (n_left > 0 && is_primitive (convolution))
        n_left--;
      self->scratch_size = MAX (
          self->scratch_size, swdpu_convolution_get_scratch_size (convolution));
    }
    g_ptr_array_add (self->convolutions, convolution);
  }
  omp_set_num_threads (caller_threads);
  log_paths (self);
  g_debug ("trials of convolutions took %" G_GINT64_FORMAT " us",
      swdpu_proof_get_time (proof));
  return built;
}

/* tensors were placed before it was known who can write where */
static void
join_concatenations (SwdpuProgram *self)
{
  guint n = swdpu_join_in_place (self->plan, self->convolutions);

  g_debug ("%u inputs of concatenations are written where they end up", n);
  /* a host lives longer than it would otherwise, so that memory may not do */
  if (!plan_place_tensors (self->plan, NULL)) {
    swdpu_join_undo (self->plan);
    plan_place_tensors (self->plan, NULL);
  }
}

static void
free_convolution (gpointer convolution)
{
  if (convolution != NULL)
    swdpu_convolution_free (convolution);
}

static void
program_free (SwdpuProgram *self)
{
  g_clear_pointer (&self->workspaces, swdpu_workspaces_free);
  g_ptr_array_unref (self->convolutions);
  if (self->engine != NULL)
    dnnl_engine_destroy (self->engine);
  plan_free (self->plan);
  g_free (self->key);
  g_free (self);
}

/* takes @plan */
static SwdpuProgram *
program_build (Plan *plan, guint threads, SwdpuPath best, const gint *cancelled,
    GError **error)
{
  SwdpuProgram *self = g_new0 (SwdpuProgram, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->plan = plan;
  self->threads = threads;
  self->convolutions = g_ptr_array_new_with_free_func (free_convolution);
  if (dnnl_engine_create (&self->engine, dnnl_cpu, 0) != dnnl_success) {
    g_set_error (error, SWDPU_ERROR, SWDPU_ERROR_UNSUPPORTED,
        "oneDNN does not run on this CPU");
  } else if (build_convolutions (self, best, cancelled, error)) {
    join_concatenations (self);
    self->workspaces = swdpu_workspaces_new (plan, self->convolutions,
        self->engine, self->scratch_size, g_get_num_processors () / threads);
    return self;
  }
  program_free (self);
  return NULL;
}

/**
 * swdpu_program_new:
 * @plan: (transfer full):
 * @threads: at least 1
 * @best: the fastest path convolutions may take; swdpu_best_path() but in tests
 *
 * Returns: (transfer full): a program nobody else shares
 */
SwdpuProgram *
swdpu_program_new (Plan *plan, guint threads, SwdpuPath best, GError **error)
{
  return program_build (plan, threads, best, NULL, error);
}

static const XmodelSubgraph *
find_subgraph (const XmodelSubgraph *root, const gchar *name)
{
  if (g_str_equal (root->name, name))
    return root;
  for (guint i = 0; i < root->n_children; i++) {
    if (g_str_equal (root->children[i]->name, name))
      return root->children[i];
  }
  return NULL;
}

static Plan *
make_plan (GBytes *bytes, const gchar *subgraph_name,
    const gchar *const *outputs, GError **error)
{
  g_autoptr (Xmodel) model = xmodel_parse (bytes, error);
  const XmodelSubgraph *root, *subgraph;

  if (model == NULL)
    return NULL;
  root = xmodel_get_root (model);
  subgraph = find_subgraph (root, subgraph_name);
  if (subgraph == NULL) {
    g_set_error (error, SWDPU_ERROR, SWDPU_ERROR_INVALID,
        "The model has no subgraph \"%s\"", subgraph_name);
    return NULL;
  }
  /* only the compiler cuts a graph into subgraphs */
  if (subgraph == root)
    return plan_new_from_quantized (model, outputs, error);
  return plan_new_from_compiled (model, subgraph, outputs, error);
}

static gchar *
make_key (const gchar *digest, const gchar *subgraph_name,
    const gchar *const *outputs, guint threads)
{
  GString *key = g_string_new (digest);

  g_string_append_printf (key, "\n%u\n%s", threads, subgraph_name);
  for (; outputs != NULL && *outputs != NULL; outputs++)
    g_string_append_printf (key, "\n%s", *outputs);
  return g_string_free (key, FALSE);
}

/* called with the lock held */
static SwdpuProgram *
lookup_program (const gchar *key)
{
  SwdpuProgram *self =
      programs == NULL ? NULL : g_hash_table_lookup (programs, key);

  return self == NULL ? NULL : swdpu_program_ref (self);
}

/**
 * swdpu_model_digest:
 * @model: the bytes of an xmodel
 *
 * Returns: (transfer full): what swdpu_program_find() knows a model by
 */
gchar *
swdpu_model_digest (GBytes *model)
{
  return g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, model);
}

/**
 * swdpu_program_find:
 * @digest: of the model
 *
 * Spares those who know a model's digest the model itself.
 *
 * Returns: (transfer full) (nullable): the program that swdpu_program_get()
 *   would give, if it is in use already
 */
SwdpuProgram *
swdpu_program_find (const gchar *digest, const gchar *subgraph_name,
    const gchar *const *outputs, guint threads)
{
  g_autofree gchar *key = make_key (digest, subgraph_name, outputs, threads);
  SwdpuProgram *self;

  g_mutex_lock (&programs_lock);
  self = lookup_program (key);
  g_mutex_unlock (&programs_lock);
  return self;
}

/**
 * swdpu_program_get:
 *
 * Is swdpu_program_get_unless() without a way to stop it.
 */
SwdpuProgram *
swdpu_program_get (GBytes *model, const gchar *subgraph_name,
    const gchar *const *outputs, guint threads, GError **error)
{
  g_autofree gchar *digest = swdpu_model_digest (model);

  return swdpu_program_get_unless (
      model, digest, subgraph_name, outputs, threads, NULL, error);
}

/**
 * swdpu_program_get_unless:
 * @model: the bytes of an xmodel
 * @digest: of @model, which takes as long as all the reading of it
 * @subgraph_name: its root for the quantizer's form, the DPU subgraph of a
 *   compiled one
 * @outputs: (nullable) (array zero-terminated=1): names of the operators whose
 *   results are wanted; %NULL for the model's own, in libxir's order, a compiled
 *   one's in that of their tensors' names
 * @threads: that a run takes, at least 1
 * @cancelled: (nullable): looked at while a program is built, by this thread; when
 *   it is not 0, that ends with %SWDPU_ERROR_CANCELLED
 *
 * Any thread may call this; the first to ask for a program builds it, and others
 * wait for that.
 *
 * Returns: (transfer full) (nullable): the program, shared
 */
SwdpuProgram *
swdpu_program_get_unless (GBytes *model, const gchar *digest,
    const gchar *subgraph_name, const gchar *const *outputs, guint threads,
    const gint *cancelled, GError **error)
{
  g_autofree gchar *key = make_key (digest, subgraph_name, outputs, threads);
  SwdpuProgram *self;
  Plan *plan;

  g_mutex_lock (&programs_lock);
  self = lookup_program (key);
  if (self == NULL) {
    plan = make_plan (model, subgraph_name, outputs, error);
    if (plan != NULL)
      self =
          program_build (plan, threads, swdpu_best_path (), cancelled, error);
    if (self != NULL) {
      if (programs == NULL)
        programs = g_hash_table_new (g_str_hash, g_str_equal);
      self->key = g_steal_pointer (&key);
      g_hash_table_insert (programs, self->key, self);
    }
  }
  g_mutex_unlock (&programs_lock);
  return self;
}

SwdpuProgram *
swdpu_program_ref (SwdpuProgram *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
swdpu_program_unref (SwdpuProgram *self)
{
  gboolean last;

  /* under the lock, so that nobody finds a program that is going away */
  g_mutex_lock (&programs_lock);
  last = g_atomic_ref_count_dec (&self->ref_count);
  if (last && self->key != NULL) {
    g_hash_table_remove (programs, self->key);
    if (g_hash_table_size (programs) == 0)
      g_clear_pointer (&programs, g_hash_table_unref);
  }
  g_mutex_unlock (&programs_lock);
  if (last)
    program_free (self);
}

guint
swdpu_program_get_n_inputs (const SwdpuProgram *self)
{
  return self->plan->inputs->len;
}

guint
swdpu_program_get_n_outputs (const SwdpuProgram *self)
{
  return self->plan->outputs->len;
}

static SwdpuTensor
describe_tensor (const PlanTensor *tensor)
{
  return (SwdpuTensor){ tensor->name, tensor->shape.dims, tensor->shape.n_dims,
    tensor->size, tensor->fix_point };
}

SwdpuTensor
swdpu_program_get_input (const SwdpuProgram *self, guint index)
{
  return describe_tensor (plan_tensor (
      self->plan, g_array_index (self->plan->inputs, guint, index)));
}

SwdpuTensor
swdpu_program_get_output (const SwdpuProgram *self, guint index)
{
  return describe_tensor (plan_tensor (
      self->plan, g_array_index (self->plan->outputs, guint, index)));
}
