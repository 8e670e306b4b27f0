/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tiles.h"
#include "arithmetic.h"
#include "tile-packing.h"

#include <omp.h>
#include <string.h>

#define ALIGNMENT 64
/* Of what is packed: more than the weights where channels fill up units and blocks,
 * as those of a network's first and last layers do. Where hardly any of it would be
 * weights, a hostile model could make much memory of few. */
#define MAX_PACKED_PER_WEIGHT 8
#define MIN_MAX_PACKED ((gsize) 1 << 16)
/* of a second packing, which pays for first layers */
#define MAX_SECOND_PACKED ((gsize) 1 << 18)

/* pixels of a row that rows are joined to: their sums, of a block, are to stay in
 * the first cache with the block's weights */
#define MAX_ROW_PIXELS 256

/* what a network's input is looked through for negative bytes by */
#define LOOK_SIZE 4096

/* the weights for what the input's bytes can be */
typedef struct {
  SwdpuTileBlock *blocks;
  /* with what @shift adds to the sums */
  gint32 *bias;
  /* how bytes are changed while they are copied: 128 more where the kernels want
   * none that is negative */
  guint8 shift;
} Packing;

struct _SwdpuTiles {
  const SwdpuTileKernels *kernels;
  const Plan *plan;
  const PlanTensor *input;
  const PlanTensor *output;
  PlanWindow window;
  /* of both tensors; rows of a 1x1 convolution may have become fewer, longer ones */
  guint in_h, in_w, out_h, out_w;
  /* for any input, and for one without negative bytes, which most pictures are:
   * then more products fit 16 bits */
  Packing packings[2];
  guint n_packings;
  guint n_blocks;
  /* of the sums, to what the exact ones are in */
  gint32 unit;
  PlanRequantize requantize;
  guint threads;

  /* whether windows are read where the input lies, without a copy */
  gboolean is_direct;
  /* of the copy, which is the input with its padding */
  gsize row_size;
  guint n_rows;
  /* of the sums of a row, of as many blocks as are finished at once */
  gsize sums_size;
};

static guint64
get_window_size (const SwdpuTiles *self)
{
  return (guint64) self->window.kernel_h * self->window.kernel_w;
}

static gsize
align (gsize size)
{
  return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/* @channel: of the input, which the convolution's group begins with */
static GArray *
find_runs (const SwdpuTiles *self, guint n_in, guint channel)
{
  const PlanWindow *window = &self->window;
  guint n_channels = self->input->shape.dims[PLAN_C];
  GArray *runs = g_array_new (FALSE, FALSE, sizeof (SwdpuTileRun));

  for (guint y = 0; y < window->kernel_h; y++) {
    gsize row = y * (gsize) window->dilation_h * self->row_size;

    for (guint x = 0; x < window->kernel_w; x++) {
      SwdpuTileRun run = { row + x * (gsize) window->dilation_w * n_channels
                               + channel,
        n_in, (y * window->kernel_w + x) * n_in };
      SwdpuTileRun *last =
          runs->len == 0 ? NULL
                         : &g_array_index (runs, SwdpuTileRun, runs->len - 1);

      if (last != NULL && (guint) last->offset + last->n == (guint) run.offset)
        last->n += n_in;
      else
        g_array_append_val (runs, run);
    }
  }
  return runs;
}

static SwdpuTileBlock *
pack_blocks (const SwdpuTiles *self, const PlanConvolution *convolution,
    SwdpuTileRange range)
{
  guint channels = self->kernels->channels;
  guint n_in = self->input->shape.dims[PLAN_C] / convolution->groups;
  guint n_out = self->output->shape.dims[PLAN_C];
  gsize n_weights =
      (gsize) self->window.kernel_h * self->window.kernel_w * n_in;
  SwdpuTileBlock *blocks = g_new0 (SwdpuTileBlock, self->n_blocks);

  for (guint i = 0; i < self->n_blocks; i++) {
    guint first = i * channels;
    g_autoptr (GArray) runs =
        find_runs (self, n_in, first / (n_out / convolution->groups) * n_in);

    swdpu_tile_block_init (&blocks[i], self->kernels, runs, range,
        convolution->weights + first * n_weights, n_weights,
        MIN (channels, n_out - first));
  }
  return blocks;
}

/* @offset: what each byte of the input is more than it says */
static gint32 *
compute_bias (const SwdpuTiles *self, const PlanConvolution *convolution,
    gint fix_point, gint offset)
{
  guint n_out = self->output->shape.dims[PLAN_C];
  gsize n_weights = (gsize) self->window.kernel_h * self->window.kernel_w
                    * self->input->shape.dims[PLAN_C] / convolution->groups;
  gint32 *biases = g_new0 (gint32, self->n_blocks * self->kernels->channels);

  for (guint c = 0; c < n_out; c++) {
    gint64 bias = 0, sum = 0;

    if (convolution->bias != NULL)
      bias = swdpu_round_shift (
          convolution->bias[c], convolution->bias_fix_point - fix_point);
    for (gsize i = 0; offset != 0 && i < n_weights; i++)
      sum += convolution->weights[c * n_weights + i];
    /* what does not fit wraps around, as do the sums */
    biases[c] = (gint32) (guint32) (bias - offset * sum * self->unit);
  }
  return biases;
}

static void
add_packing (SwdpuTiles *self, const PlanConvolution *convolution,
    gboolean is_non_negative)
{
  gboolean is_shifted = self->kernels->is_unsigned && !is_non_negative;
  SwdpuTileRange range = { is_non_negative || is_shifted ? 0 : -128,
    is_shifted ? 255 : 127 };

  self->packings[self->n_packings++] = (Packing){
    .blocks = pack_blocks (self, convolution, range),
    .bias = compute_bias (
        self, convolution, self->requantize.fix_point, is_shifted ? 128 : 0),
    .shift = is_shifted ? 0x80 : 0,
  };
}

/* The width of rows: where a window is a single pixel, rows do not matter, and long
 * ones leave less over after whole tiles. */
static void
choose_rows (SwdpuTiles *self)
{
  const PlanWindow *window = &self->window;
  const guint32 *in = self->input->shape.dims;
  const guint32 *out = self->output->shape.dims;
  gboolean is_pixel = window->kernel_h == 1 && window->kernel_w == 1
                      && window->stride_h == 1 && window->stride_w == 1
                      && window->pad_top == 0 && window->pad_left == 0
                      && in[PLAN_H] == out[PLAN_H] && in[PLAN_W] == out[PLAN_W];
  guint n_pixels = out[PLAN_H] * out[PLAN_W];

  self->in_h = in[PLAN_H];
  self->in_w = in[PLAN_W];
  self->out_h = out[PLAN_H];
  self->out_w = out[PLAN_W];
  for (guint width = MAX_ROW_PIXELS; is_pixel && width > out[PLAN_W]; width--) {
    /* threads share the rows evenly */
    if (n_pixels % (width * self->threads) == 0) {
      self->in_w = self->out_w = width;
      self->in_h = self->out_h = n_pixels / width;
      break;
    }
  }
}

static void
lay_out (SwdpuTiles *self, guint groups)
{
  const SwdpuTileKernels *kernels = self->kernels;
  const PlanWindow *window = &self->window;
  guint n_in = self->input->shape.dims[PLAN_C];
  guint n_out = self->output->shape.dims[PLAN_C];
  guint reach_h = (window->kernel_h - 1) * window->dilation_h + 1;
  guint reach_w = (window->kernel_w - 1) * window->dilation_w + 1;
  guint n_columns;

  choose_rows (self);
  n_columns = (self->out_w - 1) * window->stride_w + reach_w;
  self->n_rows = (self->out_h - 1) * window->stride_h + reach_h;
  /* entries may end beyond a window, but not beyond the input */
  self->is_direct = (self->input->is_non_negative || !kernels->is_unsigned)
                    && window->pad_top == 0 && window->pad_left == 0
                    && self->n_rows <= self->in_h && n_columns <= self->in_w
                    && n_in / groups % kernels->unit == 0;
  self->row_size = (gsize) n_in * (self->is_direct ? self->in_w : n_columns);
  self->n_blocks = (n_out + kernels->channels - 1) / kernels->channels;
  self->sums_size = align ((gsize) kernels->channels * kernels->finish_blocks
                           * self->out_w * sizeof (gint32));
}

/* bytes of a packing, but for entries that become two */
static guint64
get_packed_size (const SwdpuTiles *self, guint groups)
{
  guint unit = self->kernels->unit;
  guint64 n_in = self->input->shape.dims[PLAN_C] / groups;

  return get_window_size (self) * ((n_in + unit - 1) / unit * unit)
         * self->n_blocks * self->kernels->channels;
}

/* whether what is packed is mostly weights, and offsets fit 32 bits */
static gboolean
is_reasonable (const SwdpuTiles *self, guint groups)
{
  guint64 n_weights = get_window_size (self)
                      * (self->input->shape.dims[PLAN_C] / groups)
                      * self->output->shape.dims[PLAN_C];

  return get_packed_size (self, groups)
             <= MAX (n_weights * MAX_PACKED_PER_WEIGHT, MIN_MAX_PACKED)
         && (guint64) self->row_size * self->n_rows <= G_MAXINT32 / 2;
}

/**
 * swdpu_tiles_new:
 * @step: a convolution of @plan, both of which outlive it
 * @reach: of @step, whose exact sums fit 32 bits
 * @threads: that a run takes
 *
 * Returns: (transfer full) (nullable): %NULL when it is none for tiles: groups
 *   that are no whole blocks of channels, or windows of hardly any channels
 */
SwdpuTiles *
swdpu_tiles_new (const Plan *plan, const PlanStep *step,
    const SwdpuReach *reach, const SwdpuTileKernels *kernels, guint threads)
{
  const PlanConvolution *convolution = &step->convolution;
  g_autoptr (SwdpuTiles) self = g_new0 (SwdpuTiles, 1);

  self->kernels = kernels;
  self->plan = plan;
  self->input = plan_tensor (plan, step->inputs[0]);
  self->output = plan_tensor (plan, step->output);
  self->window = convolution->window;
  self->threads = MAX (threads, 1);
  if (convolution->groups > 1
      && self->output->shape.dims[PLAN_C] / convolution->groups
                 % kernels->channels
             != 0)
    return NULL;
  lay_out (self, convolution->groups);
  if (!is_reasonable (self, convolution->groups))
    return NULL;
  self->unit = 1 << reach->accumulator_shift;
  self->requantize = reach->requantize;
  add_packing (self, convolution, self->input->is_non_negative);
  if (self->input->place == PLAN_PLACE_INPUT && kernels->lane_of != NULL
      && !self->input->is_non_negative && !self->is_direct
      && get_packed_size (self, convolution->groups) <= MAX_SECOND_PACKED)
    add_packing (self, convolution, TRUE);
  return g_steal_pointer (&self);
}

void
swdpu_tiles_free (SwdpuTiles *self)
{
  for (guint i = 0; i < self->n_packings; i++) {
    for (guint j = 0; j < self->n_blocks; j++)
      swdpu_tile_block_clear (&self->packings[i].blocks[j]);
    g_free (self->packings[i].blocks);
    g_free (self->packings[i].bias);
  }
  g_free (self);
}

static gsize
get_copy_size (const SwdpuTiles *self)
{
  /* the last entry may end beyond the last row */
  return self->is_direct
             ? 0
             : align (self->row_size * self->n_rows + SWDPU_TILE_MAX_UNIT);
}

/* bytes, to be aligned to 64 */
gsize
swdpu_tiles_get_scratch_size (const SwdpuTiles *self)
{
  return get_copy_size (self) + self->threads * self->sums_size;
}

static void
copy_shifted (const gint8 *input, gsize n, guint8 shift, guint8 *copy)
{
  if (shift == 0) {
    memcpy (copy, input, n);
  } else {
    for (gsize i = 0; i < n; i++)
      copy[i] = (guint8) input[i] ^ shift;
  }
}

/* a row of the copy, counted with the padding above */
static void
copy_row (const SwdpuTiles *self, guint8 shift, const gint8 *input, guint row,
    guint8 *copy)
{
  guint n_in = self->input->shape.dims[PLAN_C];
  gsize in_size = (gsize) self->in_w * n_in;
  gsize before = MIN ((gsize) self->window.pad_left * n_in, self->row_size);
  gsize n = MIN (in_size, self->row_size - before);
  gint64 y = (gint64) row - self->window.pad_top;

  if (y < 0 || y >= self->in_h) {
    memset (copy, shift, self->row_size);
    return;
  }
  memset (copy, shift, before);
  copy_shifted (input + y * in_size, n, shift, copy + before);
  memset (copy + before + n, shift, self->row_size - before - n);
}

static void
compute_row (const SwdpuTiles *self, const Packing *packing,
    const guint8 *window, gint32 *sums, gint8 *output)
{
  const SwdpuTileKernels *kernels = self->kernels;
  guint n_out = self->output->shape.dims[PLAN_C];
  gsize stride =
      (gsize) self->window.stride_w * self->input->shape.dims[PLAN_C];
  SwdpuTileFinish finish = {
    .sums_stride = kernels->channels,
    .block_stride = (gsize) kernels->channels * self->out_w,
    .output_stride = plan_get_pixel_stride (self->plan, self->output),
    .unit = self->unit,
    .requantize = self->requantize,
  };

  for (guint i = 0; i < self->n_blocks; i += kernels->finish_blocks) {
    guint n = MIN (kernels->finish_blocks, self->n_blocks - i);
    guint first = i * kernels->channels;

    for (guint j = 0; j < n; j++)
      kernels->sum (&packing->blocks[i + j], window, stride, self->out_w,
          sums + j * finish.block_stride);
    finish.bias = packing->bias + first;
    finish.n_channels = MIN (n * kernels->channels, n_out - first);
    kernels->finish (&finish, sums, self->out_w, output + first);
  }
}

/* bytes from where a row begins to where the next does */
static gsize
get_output_row_size (const SwdpuTiles *self)
{
  return self->out_w * plan_get_pixel_stride (self->plan, self->output);
}

/* each row is copied just before it is needed */
static void
compute_rows (const SwdpuTiles *self, const Packing *packing,
    const gint8 *input, guint8 *copy, gint32 *sums, gint8 *output)
{
  const PlanWindow *window = &self->window;
  gsize output_size = get_output_row_size (self);
  guint reach = (window->kernel_h - 1) * window->dilation_h + 1;
  guint copied = 0;
  const guint8 *source = self->is_direct ? (const guint8 *) input : copy;

  for (guint y = 0; y < self->out_h; y++) {
    for (; !self->is_direct && copied < y * window->stride_h + reach; copied++)
      copy_row (
          self, packing->shift, input, copied, copy + copied * self->row_size);
    compute_row (self, packing,
        source + y * (gsize) window->stride_h * self->row_size, sums,
        output + y * output_size);
  }
}

static gboolean
has_negative (const gint8 *input, gsize size)
{
  for (gsize start = 0; start < size; start += LOOK_SIZE) {
    gsize end = MIN (start + LOOK_SIZE, size);
    gint8 all = 0;

    for (gsize i = start; i < end; i++)
      all |= input[i];
    if (all < 0)
      return TRUE;
  }
  return FALSE;
}

/**
 * swdpu_tiles_run:
 * @scratch: swdpu_tiles_get_scratch_size() bytes
 */
void
swdpu_tiles_run (
    const SwdpuTiles *self, const gint8 *input, gint8 *output, guint8 *scratch)
{
  guint n_rows = self->out_h;
  gsize output_size = get_output_row_size (self);
  guint8 *sums = scratch + get_copy_size (self);
  const Packing *packing = &self->packings[0];

  if (self->n_packings > 1 && !has_negative (input, self->input->size))
    packing = &self->packings[1];
  if (self->threads == 1) {
    compute_rows (self, packing, input, scratch, (gint32 *) sums, output);
    return;
  }
  if (!self->is_direct) {
#pragma omp parallel for num_threads(self->threads)
    for (guint row = 0; row < self->n_rows; row++)
      copy_row (
          self, packing->shift, input, row, scratch + row * self->row_size);
  }
#pragma omp parallel for num_threads(self->threads)
  for (guint y = 0; y < n_rows; y++)
    compute_row (self, packing,
        (self->is_direct ? (const guint8 *) input : scratch)
            + y * (gsize) self->window.stride_h * self->row_size,
        (gint32 *) (sums + omp_get_thread_num () * self->sums_size),
        output + y * output_size);
}
