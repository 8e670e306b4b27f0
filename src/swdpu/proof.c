/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "proof.h"
#include "kernels.h"

#include <stdlib.h>

#define MEMORY_ALIGNMENT 64
/* of each convolution, in the middle of the picture */
#define N_RANDOM_PIXELS 6
/* of a pixel that are compared, spread over all */
#define MAX_CHANNELS 24
/* bytes beside the tensors; a layer that is larger is no network's, and plain
 * integers need none */
#define MAX_SCRATCH_SIZE ((gsize) 1 << 29)

/* memory that is kept from one trial to the next */
typedef struct {
  gpointer data;
  gsize size;
} Buffer;

struct _SwdpuProof {
  dnnl_engine_t engine;
  dnnl_stream_t stream;
  guint64 random;
  Buffer input;
  /* the same without signs, for what cannot be negative */
  Buffer magnitudes;
  Buffer output;
  Buffer scratch;
  /* of what was tried -> whether it was right */
  GHashTable *tried;
  gint64 time;
};

/**
 * swdpu_proof_new:
 * @engine: of the convolutions
 *
 * Returns: (transfer full): for the convolutions of one plan
 */
SwdpuProof *
swdpu_proof_new (dnnl_engine_t engine)
{
  SwdpuProof *self = g_new0 (SwdpuProof, 1);

  self->engine = engine;
  self->random = G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);
  self->tried = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  if (dnnl_stream_create (&self->stream, engine, dnnl_stream_default_flags)
      != dnnl_success)
    self->stream = NULL;
  return self;
}

void
swdpu_proof_free (SwdpuProof *self)
{
  if (self->stream != NULL)
    dnnl_stream_destroy (self->stream);
  g_hash_table_unref (self->tried);
  free (self->input.data);
  free (self->magnitudes.data);
  free (self->output.data);
  free (self->scratch.data);
  g_free (self);
}

/* microseconds that trials have taken */
gint64
swdpu_proof_get_time (const SwdpuProof *self)
{
  return self->time;
}

/* xorshift: good enough, and fast enough for all of a picture */
static guint64
draw (SwdpuProof *self)
{
  self->random ^= self->random << 13;
  self->random ^= self->random >> 7;
  self->random ^= self->random << 17;
  return self->random;
}

static gboolean
buffer_grow (Buffer *self, gsize size)
{
  /* an address, also for nothing */
  size = MAX (size, 1);
  if (size <= self->size)
    return TRUE;
  free (self->data);
  self->size = (size + MEMORY_ALIGNMENT - 1) & ~(gsize) (MEMORY_ALIGNMENT - 1);
  if (posix_memalign (&self->data, MEMORY_ALIGNMENT, self->size) == 0)
    return TRUE;
  self->data = NULL;
  self->size = 0;
  return FALSE;
}

static gboolean
grow_input (SwdpuProof *self, gsize size)
{
  guint64 *words, *magnitudes;

  if (size <= self->input.size)
    return TRUE;
  if (!buffer_grow (&self->input, size)
      || !buffer_grow (&self->magnitudes, size))
    return FALSE;
  words = self->input.data;
  magnitudes = self->magnitudes.data;
  for (gsize i = 0; i < self->input.size / sizeof (*words); i++) {
    words[i] = draw (self);
    magnitudes[i] = words[i] & G_GUINT64_CONSTANT (0x7f7f7f7f7f7f7f7f);
  }
  return TRUE;
}

static gboolean
run (SwdpuProof *self, const SwdpuConvolution *convolution, const gint8 *input)
{
  SwdpuBoundConvolution *bound = swdpu_convolution_bind (
      convolution, input, self->output.data, self->scratch.data);
  gboolean done;

  if (bound == NULL)
    return FALSE;
  done = swdpu_bound_convolution_run (bound, self->stream);
  swdpu_bound_convolution_free (bound);
  return done;
}

static gboolean
check_pixel (SwdpuProof *self, const Plan *plan, const PlanStep *step,
    const gint8 *input, const gint8 *output, guint y, guint x)
{
  const guint32 *dims = plan_tensor (plan, step->output)->shape.dims;
  guint n = MIN (dims[PLAN_C], MAX_CHANNELS);
  guint stride = dims[PLAN_C] / n;
  guint first = draw (self) % (dims[PLAN_C] - (n - 1) * stride);
  gint8 expected[MAX_CHANNELS];
  const gint8 *pixel =
      output + ((gsize) y * dims[PLAN_W] + x) * dims[PLAN_C] + first;

  swdpu_kernel_convolve (plan, step, input, y, x, first, stride, n, expected);
  for (guint i = 0; i < n; i++) {
    if (pixel[(gsize) i * stride] != expected[i])
      return FALSE;
  }
  return TRUE;
}

/* the corners, a pixel of each border, and random ones */
static gboolean
check_output (SwdpuProof *self, const Plan *plan, const PlanStep *step,
    const gint8 *input, const gint8 *output)
{
  const guint32 *dims = plan_tensor (plan, step->output)->shape.dims;
  guint bottom = dims[PLAN_H] - 1, right = dims[PLAN_W] - 1;
  guint rows[3] = { 0, draw (self) % dims[PLAN_H], bottom };
  guint columns[3] = { 0, draw (self) % dims[PLAN_W], right };

  for (guint i = 0; i < 9; i++) {
    if (!check_pixel (
            self, plan, step, input, output, rows[i / 3], columns[i % 3]))
      return FALSE;
  }
  for (guint i = 0; i < N_RANDOM_PIXELS; i++) {
    if (!check_pixel (self, plan, step, input, output,
            draw (self) % dims[PLAN_H], draw (self) % dims[PLAN_W]))
      return FALSE;
  }
  return TRUE;
}

static gboolean
try (SwdpuProof *self, const Plan *plan, const PlanStep *step,
    const SwdpuConvolution *convolution)
{
  const PlanTensor *tensor = plan_tensor (plan, step->inputs[0]);
  const gint8 *input;

  if (self->stream == NULL || !grow_input (self, tensor->size))
    return FALSE;
  input = tensor->is_non_negative ? self->magnitudes.data : self->input.data;
  return buffer_grow (&self->output, plan_tensor (plan, step->output)->size)
         && buffer_grow (
             &self->scratch, swdpu_convolution_get_scratch_size (convolution))
         && run (self, convolution, input)
         && check_output (self, plan, step, input, self->output.data);
}

/* what oneDNN chooses its code by */
static gchar *
describe (const Plan *plan, const PlanStep *step, SwdpuPath path)
{
  const PlanConvolution *convolution = &step->convolution;
  const PlanWindow *window = &convolution->window;
  const guint32 *in = plan_tensor (plan, step->inputs[0])->shape.dims;
  const guint32 *out = plan_tensor (plan, step->output)->shape.dims;
  gint activation = path == SWDPU_PATH_INT8_FUSED ? convolution->activation
                                                  : PLAN_ACTIVATION_NONE;

  return g_strdup_printf (
      "%ux%ux%u%s to %ux%ux%u, kernel %ux%u, stride %ux%u, dilation %ux%u, "
      "padding %d+%d, %u groups, activation %d, path %d",
      in[PLAN_W], in[PLAN_H], in[PLAN_C],
      plan_tensor (plan, step->inputs[0])->is_non_negative ? " (u8)" : "",
      out[PLAN_W], out[PLAN_H], out[PLAN_C], window->kernel_w, window->kernel_h,
      window->stride_w, window->stride_h, window->dilation_w,
      window->dilation_h, window->pad_left, window->pad_top,
      convolution->groups, activation, path);
}

static gboolean
is_right (SwdpuProof *self, const Plan *plan, const PlanStep *step,
    const SwdpuConvolution *convolution)
{
  gchar *kind = describe (plan, step, swdpu_convolution_get_path (convolution));
  gint64 before = g_get_monotonic_time ();
  gpointer known;

  if (g_hash_table_lookup_extended (self->tried, kind, NULL, &known)) {
    g_free (kind);
    return GPOINTER_TO_INT (known);
  }
  known = GINT_TO_POINTER (try (self, plan, step, convolution));
  self->time += g_get_monotonic_time () - before;
  if (!GPOINTER_TO_INT (known))
    g_info ("oneDNN is wrong for %s: the next path is taken", kind);
  g_hash_table_insert (self->tried, kind, known);
  return GPOINTER_TO_INT (known);
}

/* Whether some windows see nothing but padding, as no network's do. oneDNN 2.6.3
 * crashes on them with AMX. */
static gboolean
sees_only_padding (
    guint in, guint out, guint kernel, guint stride, guint dilation, gint pad)
{
  return (gint64) (kernel - 1) * dilation + 1 <= pad
         || (out - 1) * (gint64) stride - pad >= in;
}

static gboolean
has_empty_windows (const Plan *plan, const PlanStep *step)
{
  const PlanWindow *window = &step->convolution.window;
  const guint32 *in = plan_tensor (plan, step->inputs[0])->shape.dims;
  const guint32 *out = plan_tensor (plan, step->output)->shape.dims;

  return sees_only_padding (in[PLAN_H], out[PLAN_H], window->kernel_h,
             window->stride_h, window->dilation_h, window->pad_top)
         || sees_only_padding (in[PLAN_W], out[PLAN_W], window->kernel_w,
             window->stride_w, window->dilation_w, window->pad_left);
}

/**
 * swdpu_proof_make:
 * @step: a convolution of @plan
 * @best: the fastest path to take
 * @prefers_tiles: whether to take tiles where it can be done, however fast the rest
 *   is: they need no primitive
 *
 * To be called with as many OpenMP threads as will run it.
 *
 * Returns: (transfer full): the fastest convolution that is exact, as its reach
 *   tells, and right, as a trial shows
 */
SwdpuConvolution *
swdpu_proof_make (SwdpuProof *self, const Plan *plan, const PlanStep *step,
    SwdpuPath best, gboolean prefers_tiles)
{
  SwdpuReach reach = swdpu_reach_find (plan, step);
  SwdpuPath path = has_empty_windows (plan, step)
                       ? SWDPU_PATH_PLAIN
                       : swdpu_reach_choose_path (&reach, best);

  if (prefers_tiles && path > SWDPU_PATH_TILES) {
    g_autoptr (SwdpuConvolution) tiles = swdpu_convolution_new (
        plan, step, &reach, self->engine, SWDPU_PATH_TILES);

    if (tiles != NULL
        && swdpu_convolution_get_scratch_size (tiles) <= MAX_SCRATCH_SIZE)
      return g_steal_pointer (&tiles);
  }
  for (; path != SWDPU_PATH_PLAIN;
       path = swdpu_reach_choose_path (&reach, path - 1)) {
    g_autoptr (SwdpuConvolution) convolution =
        swdpu_convolution_new (plan, step, &reach, self->engine, path);

    if (convolution != NULL
        && swdpu_convolution_get_scratch_size (convolution) <= MAX_SCRATCH_SIZE
        && (path == SWDPU_PATH_TILES
            || is_right (self, plan, step, convolution)))
      return g_steal_pointer (&convolution);
  }
  return swdpu_convolution_new (
      plan, step, &reach, self->engine, SWDPU_PATH_PLAIN);
}
