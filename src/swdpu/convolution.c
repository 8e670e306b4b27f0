/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* One convolution on a path that is given, mostly on oneDNN. */

#include "convolution.h"
#include "arithmetic.h"
#include "kernels.h"
#include "onednn.h"
#include "tiles.h"

#include <math.h>
#include <omp.h>
#include <string.h>

#define SCRATCH_ALIGNMENT 64
/* Of weights as oneDNN packs them: it fills up channels to 16 or 64, of which a
 * network's first layer has a few. Where a wide kernel has few channels, a hostile
 * model could make much memory of few weights. */
#define MAX_PACKED_PER_WEIGHT 16
#define MIN_MAX_PACKED (1 << 17)

struct _SwdpuConvolution {
  SwdpuPath path;
  /* where these are the path; the rest is oneDNN's */
  SwdpuTiles *tiles;
  const PlanTensor *input;
  const PlanTensor *output;
  guint channels;
  PlanRequantize requantize;
  /* from the accumulator's fix point to the exact sum's */
  gint accumulator_shift;
  /* at the exact sum's fix point, per output channel, and as many more as a
   * block of channels may have */
  gint32 *exact_bias;

  dnnl_engine_t engine;
  dnnl_primitive_desc_t descriptor;
  dnnl_primitive_t primitive;
  dnnl_memory_t weights;
  dnnl_memory_t bias;
  /* NULL where the primitive knows it */
  dnnl_memory_t scale;

  /* where the parts of the scratch memory begin */
  gsize float_input_offset;
  gsize accumulators_offset;
  gsize scratch_size;
};

struct _SwdpuBoundConvolution {
  const SwdpuConvolution *convolution;
  const gint8 *input;
  gint8 *output;
  guint8 *scratch;
  gfloat *float_input;
  gpointer accumulators;
  dnnl_memory_t memories[3];
  dnnl_exec_arg_t arguments[6];
  gint n_arguments;
};

static SwdpuLayout *
describe_image (const PlanTensor *tensor, dnnl_data_type_t type)
{
  const guint32 *dims = tensor->shape.dims;
  dnnl_dims_t sizes = { 1, dims[PLAN_C], dims[PLAN_H], dims[PLAN_W] };

  return swdpu_layout_new (4, sizes, type, dnnl_nhwc);
}

static SwdpuLayout *
describe_weights (const SwdpuConvolution *self,
    const PlanConvolution *convolution, gboolean packed)
{
  guint groups = convolution->groups;
  guint n_in = self->input->shape.dims[PLAN_C] / groups;
  dnnl_dims_t dense = { self->channels, n_in, convolution->window.kernel_h,
    convolution->window.kernel_w };
  dnnl_dims_t grouped = { groups, self->channels / groups, n_in,
    convolution->window.kernel_h, convolution->window.kernel_w };
  dnnl_data_type_t type = self->path == SWDPU_PATH_FLOAT ? dnnl_f32 : dnnl_s8;

  if (groups == 1)
    return swdpu_layout_new (
        4, dense, type, packed ? dnnl_format_tag_any : dnnl_oihw);
  return swdpu_layout_new (
      5, grouped, type, packed ? dnnl_format_tag_any : dnnl_goihw);
}

static SwdpuLayout *
describe_bias (const SwdpuConvolution *self)
{
  dnnl_dims_t size = { self->channels };

  return swdpu_layout_new (1, size, dnnl_f32, dnnl_x);
}

static gboolean
describe_convolution (SwdpuConvolution *self,
    const PlanConvolution *convolution, dnnl_primitive_attr_t attributes)
{
  const PlanWindow *window = &convolution->window;
  const guint32 *in = self->input->shape.dims;
  const guint32 *out = self->output->shape.dims;
  gboolean is_float = self->path == SWDPU_PATH_FLOAT;
  gboolean is_fused = self->path == SWDPU_PATH_INT8_FUSED;
  dnnl_data_type_t result = is_float ? dnnl_f32 : is_fused ? dnnl_s8 : dnnl_s32;
  dnnl_dim_t reach_h = (window->kernel_h - 1) * (dnnl_dim_t) window->dilation_h;
  dnnl_dim_t reach_w = (window->kernel_w - 1) * (dnnl_dim_t) window->dilation_w;
  dnnl_dims_t strides = { window->stride_h, window->stride_w };
  dnnl_dims_t dilations = { window->dilation_h - 1, window->dilation_w - 1 };
  dnnl_dims_t before = { window->pad_top, window->pad_left };
  dnnl_dims_t after = { MAX (0, (out[PLAN_H] - 1) * strides[0] + reach_h + 1
                                    - in[PLAN_H] - before[0]),
    MAX (0, (out[PLAN_W] - 1) * strides[1] + reach_w + 1 - in[PLAN_W]
                - before[1]) };
  g_autoptr (SwdpuLayout) source =
      describe_image (self->input, is_float                       ? dnnl_f32
                                   : self->input->is_non_negative ? dnnl_u8
                                                                  : dnnl_s8);
  g_autoptr (SwdpuLayout) destination = describe_image (self->output, result);
  g_autoptr (SwdpuLayout) weights = describe_weights (self, convolution, TRUE);
  g_autoptr (SwdpuLayout) bias = describe_bias (self);

  return source != NULL && destination != NULL && weights != NULL
         && bias != NULL
         && swdpu_describe_convolution (&self->descriptor, self->engine, source,
             weights, is_fused ? bias : NULL, destination, strides, dilations,
             before, after, attributes);
}

/* activation and rounding inside oneDNN; it works in units of the output */
static gboolean
add_epilogue (SwdpuConvolution *self, const PlanConvolution *convolution,
    dnnl_primitive_attr_t attributes)
{
  gint output_fix_point = self->requantize.output_fix_point;
  gfloat scale = ldexpf (1.0f, output_fix_point - self->input->fix_point
                                   - convolution->weights_fix_point);
  dnnl_post_ops_t operations;
  gboolean added = TRUE;

  if (!swdpu_attributes_set_scale (
          attributes, self->engine, scale, &self->scale)
      || dnnl_post_ops_create (&operations) != dnnl_success)
    return FALSE;
  switch (self->requantize.activation) {
    case PLAN_ACTIVATION_NONE:
      break;
    case PLAN_ACTIVATION_RELU:
      added =
          swdpu_operations_append (operations, dnnl_eltwise_relu, 0.0f, 0.0f);
      break;
    case PLAN_ACTIVATION_RELU6:
      added = swdpu_operations_append (
          operations, dnnl_eltwise_clip, 0.0f, ldexpf (6.0f, output_fix_point));
      break;
    case PLAN_ACTIVATION_LEAKY_RELU:
      added = swdpu_operations_append (operations, dnnl_eltwise_relu,
          ldexpf (SWDPU_LEAKY_NUMERATOR, -SWDPU_LEAKY_SHIFT), 0.0f);
      break;
  }
  added = added
          && dnnl_primitive_attr_set_post_ops (attributes, operations)
                 == dnnl_success;
  dnnl_post_ops_destroy (operations);
  return added;
}

/* in bytes, before there are any */
static gsize
get_packed_size (const SwdpuConvolution *self)
{
  return dnnl_memory_desc_get_size (dnnl_primitive_desc_query_md (
      self->descriptor, dnnl_query_weights_md, 0));
}

static gboolean
is_mostly_weights (
    const SwdpuConvolution *self, const PlanConvolution *convolution)
{
  gsize n_weights = (gsize) convolution->window.kernel_h
                    * convolution->window.kernel_w
                    * (self->input->shape.dims[PLAN_C] / convolution->groups)
                    * self->channels;

  return get_packed_size (self)
         <= MAX (n_weights * MAX_PACKED_PER_WEIGHT, (gsize) MIN_MAX_PACKED);
}

static gboolean
create_primitive (SwdpuConvolution *self, const PlanConvolution *convolution)
{
  dnnl_primitive_attr_t attributes;
  gboolean created;

  if (dnnl_primitive_attr_create (&attributes) != dnnl_success)
    return FALSE;
  created = dnnl_primitive_attr_set_scratchpad_mode (
                attributes, dnnl_scratchpad_mode_user)
                == dnnl_success
            && (self->path != SWDPU_PATH_INT8_FUSED
                || add_epilogue (self, convolution, attributes))
            && describe_convolution (self, convolution, attributes)
            && is_mostly_weights (self, convolution)
            && dnnl_primitive_create (&self->primitive, self->descriptor)
                   == dnnl_success;
  dnnl_primitive_attr_destroy (attributes);
  return created;
}

/* the primitive's own layout of the weights */
static gboolean
reorder_weights (SwdpuConvolution *self, dnnl_memory_t source)
{
  const SwdpuLayout *from, *to;
  dnnl_primitive_desc_t descriptor;
  dnnl_primitive_t reorder = NULL;
  dnnl_stream_t stream = NULL;
  dnnl_exec_arg_t arguments[2];
  gboolean done;

  to =
      dnnl_primitive_desc_query_md (self->descriptor, dnnl_query_weights_md, 0);
  if (dnnl_memory_get_memory_desc (source, &from) != dnnl_success
      || dnnl_memory_create (
             &self->weights, to, self->engine, DNNL_MEMORY_ALLOCATE)
             != dnnl_success
      || dnnl_reorder_primitive_desc_create (
             &descriptor, from, self->engine, to, self->engine, NULL)
             != dnnl_success)
    return FALSE;

  arguments[0] = (dnnl_exec_arg_t){ DNNL_ARG_FROM, source };
  arguments[1] = (dnnl_exec_arg_t){ DNNL_ARG_TO, self->weights };
  done =
      dnnl_primitive_create (&reorder, descriptor) == dnnl_success
      && dnnl_stream_create (&stream, self->engine, dnnl_stream_default_flags)
             == dnnl_success
      && dnnl_primitive_execute (reorder, stream, 2, arguments) == dnnl_success
      && dnnl_stream_wait (stream) == dnnl_success;
  if (stream != NULL)
    dnnl_stream_destroy (stream);
  if (reorder != NULL)
    dnnl_primitive_destroy (reorder);
  dnnl_primitive_desc_destroy (descriptor);
  return done;
}

/* The plan's weights are OHWI, these are to be OIHW: oneDNN 2.2 has no reorder
 * from the other. @data: floats or bytes, as the path has them */
static void
transpose_weights (const SwdpuConvolution *self,
    const PlanConvolution *convolution, gpointer data)
{
  const PlanWindow *window = &convolution->window;
  gsize n_places = (gsize) window->kernel_h * window->kernel_w;
  gsize n_in = self->input->shape.dims[PLAN_C] / convolution->groups;
  gsize to = 0;

  for (guint o = 0; o < self->channels; o++) {
    const gint8 *from = convolution->weights + o * n_places * n_in;

    for (gsize i = 0; i < n_in; i++) {
      for (gsize place = 0; place < n_places; place++, to++) {
        gint8 weight = from[place * n_in + i];

        if (self->path == SWDPU_PATH_FLOAT)
          ((gfloat *) data)[to] = weight;
        else
          ((gint8 *) data)[to] = weight;
      }
    }
  }
}

static gboolean
pack_weights (SwdpuConvolution *self, const PlanConvolution *convolution)
{
  g_autoptr (SwdpuLayout) layout = describe_weights (self, convolution, FALSE);
  dnnl_memory_t source;
  g_autofree gpointer data = NULL;
  gboolean packed;

  if (layout == NULL)
    return FALSE;
  data = g_malloc (dnnl_memory_desc_get_size (layout));
  transpose_weights (self, convolution, data);
  if (dnnl_memory_create (&source, layout, self->engine, data) != dnnl_success)
    return FALSE;
  packed = reorder_weights (self, source);
  dnnl_memory_destroy (source);
  return packed;
}

/* in the units in which oneDNN adds it, nudged so that its ties go up */
static gboolean
pack_bias (SwdpuConvolution *self, gfloat nudge)
{
  const PlanRequantize *requantize = &self->requantize;
  gint exponent = SWDPU_BIAS_IS_SCALED
                      ? -self->accumulator_shift
                      : requantize->output_fix_point - requantize->fix_point;
  g_autoptr (SwdpuLayout) layout = describe_bias (self);
  gpointer handle;
  gfloat *values;

  if (layout == NULL
      || dnnl_memory_create (
             &self->bias, layout, self->engine, DNNL_MEMORY_ALLOCATE)
             != dnnl_success
      || dnnl_memory_get_data_handle (self->bias, &handle) != dnnl_success)
    return FALSE;
  values = handle;
  for (guint c = 0; c < self->channels; c++)
    values[c] = ldexpf (self->exact_bias[c] + nudge, exponent);
  return TRUE;
}

static gsize
align_scratch (gsize size)
{
  return (size + SCRATCH_ALIGNMENT - 1) / SCRATCH_ALIGNMENT * SCRATCH_ALIGNMENT;
}

static void
lay_out_scratch (SwdpuConvolution *self)
{
  const SwdpuLayout *layout = dnnl_primitive_desc_query_md (
      self->descriptor, dnnl_query_scratchpad_md, 0);

  self->float_input_offset = align_scratch (dnnl_memory_desc_get_size (layout));
  self->accumulators_offset = self->float_input_offset;
  if (self->path == SWDPU_PATH_FLOAT)
    self->accumulators_offset +=
        align_scratch (self->input->size * sizeof (gfloat));
  self->scratch_size = self->accumulators_offset;
  if (self->path != SWDPU_PATH_INT8_FUSED)
    self->scratch_size += align_scratch (
        (self->output->size + SWDPU_TILE_MAX_CHANNELS) * sizeof (gint32));
}

static void
compute_exact_bias (SwdpuConvolution *self, const PlanConvolution *convolution)
{
  self->exact_bias = g_new0 (gint32, self->channels + SWDPU_TILE_MAX_CHANNELS);
  for (guint c = 0; convolution->bias != NULL && c < self->channels; c++)
    self->exact_bias[c] = swdpu_round_shift (convolution->bias[c],
        convolution->bias_fix_point - self->requantize.fix_point);
}

/**
 * swdpu_convolution_new:
 * @step: a convolution of @plan, both of which outlive it
 * @reach: of @step
 * @path: one that swdpu_reach_choose_path() allows
 *
 * To be called with as many OpenMP threads as will run it.
 *
 * Returns: (transfer full) (nullable): %NULL when there is no such path for this
 *   convolution; %SWDPU_PATH_PLAIN is always there
 */
SwdpuConvolution *
swdpu_convolution_new (const Plan *plan, const PlanStep *step,
    const SwdpuReach *reach, dnnl_engine_t engine, SwdpuPath path)
{
  const PlanConvolution *convolution = &step->convolution;
  g_autoptr (SwdpuConvolution) self = g_new0 (SwdpuConvolution, 1);

  self->path = path;
  self->engine = engine;
  self->input = plan_tensor (plan, step->inputs[0]);
  self->output = plan_tensor (plan, step->output);
  self->channels = self->output->shape.dims[PLAN_C];
  self->requantize = reach->requantize;
  self->accumulator_shift = reach->accumulator_shift;
  if (path == SWDPU_PATH_PLAIN)
    return g_steal_pointer (&self);
  if (path == SWDPU_PATH_TILES) {
    const SwdpuTileKernels *kernels = swdpu_tile_kernels_get ();

    if (kernels != NULL)
      self->tiles =
          swdpu_tiles_new (plan, step, reach, kernels, omp_get_max_threads ());
    if (self->tiles == NULL)
      return NULL;
    self->scratch_size = swdpu_tiles_get_scratch_size (self->tiles);
    return g_steal_pointer (&self);
  }

  compute_exact_bias (self, convolution);
  if (!create_primitive (self, convolution) || !pack_weights (self, convolution)
      || (path == SWDPU_PATH_INT8_FUSED
          && !pack_bias (self, swdpu_reach_get_nudge (reach))))
    return NULL;
  lay_out_scratch (self);
  return g_steal_pointer (&self);
}

void
swdpu_convolution_free (SwdpuConvolution *self)
{
  if (self->tiles != NULL)
    swdpu_tiles_free (self->tiles);
  if (self->scale != NULL)
    dnnl_memory_destroy (self->scale);
  if (self->bias != NULL)
    dnnl_memory_destroy (self->bias);
  if (self->weights != NULL)
    dnnl_memory_destroy (self->weights);
  if (self->primitive != NULL)
    dnnl_primitive_destroy (self->primitive);
  if (self->descriptor != NULL)
    dnnl_primitive_desc_destroy (self->descriptor);
  g_free (self->exact_bias);
  g_free (self);
}

/**
 * swdpu_convolution_get_packed_size:
 *
 * Returns: bytes of its weights as oneDNN packs them, 0 on other paths
 */
gsize
swdpu_convolution_get_packed_size (const SwdpuConvolution *self)
{
  return self->descriptor != NULL ? get_packed_size (self) : 0;
}

SwdpuPath
swdpu_convolution_get_path (const SwdpuConvolution *self)
{
  return self->path;
}

/* bytes, to be aligned to 64 */
gsize
swdpu_convolution_get_scratch_size (const SwdpuConvolution *self)
{
  return self->scratch_size;
}

static gboolean
bind_memory (SwdpuBoundConvolution *self, guint index, gint argument,
    dnnl_query_t query, gpointer data)
{
  const SwdpuConvolution *convolution = self->convolution;
  const SwdpuLayout *layout =
      dnnl_primitive_desc_query_md (convolution->descriptor, query, 0);

  if (dnnl_memory_create (
          &self->memories[index], layout, convolution->engine, data)
      != dnnl_success)
    return FALSE;
  self->arguments[self->n_arguments++] =
      (dnnl_exec_arg_t){ argument, self->memories[index] };
  return TRUE;
}

/**
 * swdpu_convolution_bind:
 * @scratch: swdpu_convolution_get_scratch_size() bytes that are free for use
 *   during each run
 *
 * Returns: (transfer full) (nullable): the convolution on this memory, for one
 *   thread at a time
 */
SwdpuBoundConvolution *
swdpu_convolution_bind (const SwdpuConvolution *self, const gint8 *input,
    gint8 *output, guint8 *scratch)
{
  SwdpuBoundConvolution *bound = g_new0 (SwdpuBoundConvolution, 1);
  gpointer source = (gpointer) input, destination = output;

  bound->convolution = self;
  bound->input = input;
  bound->output = output;
  bound->scratch = scratch;
  if (self->path == SWDPU_PATH_TILES)
    return bound;
  if (self->path == SWDPU_PATH_FLOAT)
    source = bound->float_input =
        (gfloat *) (scratch + self->float_input_offset);
  /* fused, there may be no scratch at all */
  if (self->path != SWDPU_PATH_INT8_FUSED)
    destination = bound->accumulators = scratch + self->accumulators_offset;

  if (!bind_memory (bound, 0, DNNL_ARG_SRC, dnnl_query_src_md, source)
      || !bind_memory (bound, 1, DNNL_ARG_DST, dnnl_query_dst_md, destination)
      || !bind_memory (
          bound, 2, DNNL_ARG_SCRATCHPAD, dnnl_query_scratchpad_md, scratch)) {
    swdpu_bound_convolution_free (bound);
    return NULL;
  }
  bound->arguments[bound->n_arguments++] =
      (dnnl_exec_arg_t){ DNNL_ARG_WEIGHTS, self->weights };
  if (self->bias != NULL)
    bound->arguments[bound->n_arguments++] =
        (dnnl_exec_arg_t){ DNNL_ARG_BIAS, self->bias };
  if (self->scale != NULL)
    bound->arguments[bound->n_arguments++] =
        (dnnl_exec_arg_t){ SWDPU_ARG_SCALE, self->scale };
  return bound;
}

void
swdpu_bound_convolution_free (SwdpuBoundConvolution *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->memories); i++) {
    if (self->memories[i] != NULL)
      dnnl_memory_destroy (self->memories[i]);
  }
  g_free (self);
}

/* some blocks of channels after others, by the kernels of tiles */
static void
finish_blocks (
    const SwdpuBoundConvolution *self, const SwdpuTileKernels *kernels)
{
  const SwdpuConvolution *convolution = self->convolution;
  guint channels = convolution->channels;
  SwdpuTileFinish finish = {
    .sums_stride = channels,
    .block_stride = kernels->channels,
    .output_stride = channels,
    .unit = 1 << convolution->accumulator_shift,
    .requantize = convolution->requantize,
  };

  for (guint c = 0; c < channels;
       c += kernels->channels * kernels->finish_blocks) {
    finish.bias = convolution->exact_bias + c;
    finish.n_channels =
        MIN (kernels->channels * kernels->finish_blocks, channels - c);
    kernels->finish (&finish, (gint32 *) self->accumulators + c,
        convolution->output->size / channels, self->output + c);
  }
}

/* adds the biases in place and rounds, pixel by pixel */
static void
finish (const SwdpuBoundConvolution *self)
{
  const SwdpuConvolution *convolution = self->convolution;
  gsize channels = convolution->channels;
  gsize n_pixels = convolution->output->size / channels;
  gboolean is_float = convolution->path == SWDPU_PATH_FLOAT;
  gint unit = 1 << convolution->accumulator_shift;

  for (gsize pixel = 0; pixel < n_pixels; pixel++) {
    gint32 *exact = (gint32 *) self->accumulators + pixel * channels;
    const gfloat *floats = (gfloat *) self->accumulators + pixel * channels;

    for (gsize c = 0; c < channels; c++) {
      gint32 accumulator;

      if (is_float) {
        gfloat value;

        memcpy (&value, &floats[c], sizeof (value));
        accumulator = (gint32) value;
      } else {
        accumulator = exact[c];
      }
      exact[c] = accumulator * unit + convolution->exact_bias[c];
    }
    swdpu_requantize (&convolution->requantize, exact, channels,
        self->output + pixel * channels);
  }
}

gboolean
swdpu_bound_convolution_run (SwdpuBoundConvolution *self, dnnl_stream_t stream)
{
  const SwdpuConvolution *convolution = self->convolution;
  const SwdpuTileKernels *kernels = swdpu_tile_kernels_get ();

  if (convolution->path == SWDPU_PATH_TILES) {
    swdpu_tiles_run (
        convolution->tiles, self->input, self->output, self->scratch);
    return TRUE;
  }
  if (convolution->path == SWDPU_PATH_FLOAT) {
    gsize size = convolution->input->size;

    for (gsize i = 0; i < size; i++)
      self->float_input[i] = self->input[i];
  }
  if (dnnl_primitive_execute (
          convolution->primitive, stream, self->n_arguments, self->arguments)
          != dnnl_success
      || dnnl_stream_wait (stream) != dnnl_success)
    return FALSE;
  if (convolution->path == SWDPU_PATH_INT8 && kernels != NULL)
    finish_blocks (self, kernels);
  else if (convolution->path != SWDPU_PATH_INT8_FUSED)
    finish (self);
  return TRUE;
}
