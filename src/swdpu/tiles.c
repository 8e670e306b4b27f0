/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tiles.h"
#include "arithmetic.h"

#include <omp.h>
#include <string.h>

#define ALIGNMENT 64
/* what 16 bits hold */
#define LEAST_SUM (-32768)
#define LARGEST_SUM 32767
/* of a block, so that a hostile model cannot ask for more than memory has */
#define MAX_ENTRIES_SIZE ((gsize) 1 << 28)

/* sums of a row that rows are joined to: they are to stay in the caches */
#define MAX_ROW_SUMS 16384

/* Bytes under the window that lie side by side, of one kernel row or one place in
 * it. @first: of the weights, how many come before */
typedef struct {
  gint32 offset;
  guint n;
  guint first;
} Run;

struct _SwdpuTiles {
  const SwdpuTileKernels *kernels;
  const PlanTensor *input;
  const PlanTensor *output;
  PlanWindow window;
  /* of both tensors; rows of a 1x1 convolution may have become fewer, longer ones */
  guint in_h, in_w, out_h, out_w;
  SwdpuTileBlock *blocks;
  guint n_blocks;
  gint32 *bias;
  SwdpuTileFinish finish;
  guint threads;

  /* whether windows are read where the input lies, without a copy */
  gboolean is_direct;
  /* the copy: the input with its padding, and 128 more where that is wanted */
  gboolean is_shifted;
  gsize row_size;
  guint n_rows;
  /* of the sums of a row */
  gsize sums_stride;
  gsize sums_size;
};

/* what is packed: the weights of a block, as entries that are still to be grouped */
typedef struct {
  const SwdpuTileKernels *kernels;
  /* of the input's bytes */
  gint least, largest;
  GArray *offsets;
  GByteArray *weights;
  GArray *groups;
  /* what the sums of the group that is open can reach, by channel and lane */
  gint32 highest[SWDPU_TILE_MAX_CHANNELS * SWDPU_TILE_MAX_UNIT];
  gint32 lowest[SWDPU_TILE_MAX_CHANNELS * SWDPU_TILE_MAX_UNIT];
} Packer;

static gsize
align (gsize size)
{
  return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/* Whether the entry's products can be added to those of the open group, which
 * they are then. */
static gboolean
packer_join_group (Packer *self, const gint8 *weights, gboolean is_empty)
{
  const SwdpuTileKernels *kernels = self->kernels;
  guint n_lanes = kernels->channels * kernels->unit;
  gint32 highest[SWDPU_TILE_MAX_CHANNELS * SWDPU_TILE_MAX_UNIT] = { 0 };
  gint32 lowest[SWDPU_TILE_MAX_CHANNELS * SWDPU_TILE_MAX_UNIT] = { 0 };

  if (kernels->lane_of == NULL)
    return TRUE;
  if (!is_empty) {
    memcpy (highest, self->highest, sizeof (highest));
    memcpy (lowest, self->lowest, sizeof (lowest));
  }
  for (guint c = 0; c < kernels->channels; c++) {
    for (guint i = 0; i < kernels->unit; i++) {
      guint lane = c * kernels->unit + kernels->lane_of[i];
      gint32 weight = weights[c * kernels->unit + i];

      highest[lane] += weight * (weight > 0 ? self->largest : self->least);
      lowest[lane] += weight * (weight > 0 ? self->least : self->largest);
    }
  }
  for (guint i = 0; i < n_lanes; i++) {
    if (highest[i] > LARGEST_SUM || lowest[i] < LEAST_SUM)
      return FALSE;
  }
  memcpy (self->highest, highest, sizeof (highest));
  memcpy (self->lowest, lowest, sizeof (lowest));
  return TRUE;
}

static void
packer_append (Packer *self, gint32 offset, const gint8 *weights)
{
  guint16 one = 1;
  guint16 *last;

  g_array_append_val (self->offsets, offset);
  g_byte_array_append (self->weights, (const guint8 *) weights,
      self->kernels->channels * self->kernels->unit);
  last = self->groups->len == 0
             ? NULL
             : &g_array_index (self->groups, guint16, self->groups->len - 1);
  if (last != NULL && *last < G_MAXUINT16
      && packer_join_group (self, weights, FALSE)) {
    (*last)++;
    return;
  }
  packer_join_group (self, weights, TRUE);
  g_array_append_val (self->groups, one);
}

/* an entry whose products alone are too large becomes two of half its weights */
static void
packer_add (Packer *self, gint32 offset, const gint8 *weights)
{
  guint n = self->kernels->channels * self->kernels->unit;
  gint8 half[SWDPU_TILE_MAX_CHANNELS * SWDPU_TILE_MAX_UNIT];
  gint8 rest[SWDPU_TILE_MAX_CHANNELS * SWDPU_TILE_MAX_UNIT];
  Packer alone = {
    .kernels = self->kernels, .least = self->least, .largest = self->largest
  };

  if (packer_join_group (&alone, weights, TRUE)) {
    packer_append (self, offset, weights);
    return;
  }
  for (guint i = 0; i < n; i++) {
    half[i] = weights[i] / 2;
    rest[i] = weights[i] - half[i];
  }
  packer_append (self, offset, half);
  packer_append (self, offset, rest);
}

/* @weights: of the block's first channel; @n_weights: of each */
static void
packer_add_run (Packer *self, const Run *run, const gint8 *weights,
    gsize n_weights, guint n_channels)
{
  const SwdpuTileKernels *kernels = self->kernels;

  for (guint start = 0; start < run->n; start += kernels->unit) {
    gint8 entry[SWDPU_TILE_MAX_CHANNELS * SWDPU_TILE_MAX_UNIT] = { 0 };
    guint n = MIN (kernels->unit, run->n - start);

    for (guint c = 0; c < n_channels; c++)
      memcpy (entry + c * kernels->unit,
          weights + c * n_weights + run->first + start, n);
    packer_add (self, run->offset + start, entry);
  }
}

/* @channel: of the input, which the convolution's group begins with */
static GArray *
find_runs (const SwdpuTiles *self, guint n_in, guint channel)
{
  const PlanWindow *window = &self->window;
  guint n_channels = self->input->shape.dims[PLAN_C];
  GArray *runs = g_array_new (FALSE, FALSE, sizeof (Run));

  for (guint y = 0; y < window->kernel_h; y++) {
    gsize row = y * (gsize) window->dilation_h * self->row_size;

    for (guint x = 0; x < window->kernel_w; x++) {
      Run run = { row + x * (gsize) window->dilation_w * n_channels + channel,
        n_in, (y * window->kernel_w + x) * n_in };
      Run *last =
          runs->len == 0 ? NULL : &g_array_index (runs, Run, runs->len - 1);

      if (last != NULL && (guint) last->offset + last->n == (guint) run.offset)
        last->n += n_in;
      else
        g_array_append_val (runs, run);
    }
  }
  return runs;
}

static void
pack_block (SwdpuTiles *self, SwdpuTileBlock *block,
    const PlanConvolution *convolution, guint first, guint n_channels)
{
  guint n_in = self->input->shape.dims[PLAN_C] / convolution->groups;
  guint n_out = self->output->shape.dims[PLAN_C] / convolution->groups;
  gsize n_weights =
      (gsize) self->window.kernel_h * self->window.kernel_w * n_in;
  g_autoptr (GArray) runs = find_runs (self, n_in, first / n_out * n_in);
  Packer packer = {
    .kernels = self->kernels,
    .least = self->is_shifted || self->input->is_non_negative ? 0 : -128,
    .largest = self->is_shifted ? 255 : 127,
    .offsets = g_array_new (FALSE, FALSE, sizeof (gint32)),
    .weights = g_byte_array_new (),
    .groups = g_array_new (FALSE, FALSE, sizeof (guint16)),
  };

  for (guint i = 0; i < runs->len; i++)
    packer_add_run (&packer, &g_array_index (runs, Run, i),
        convolution->weights + first * n_weights, n_weights, n_channels);
  block->n_entries = packer.offsets->len;
  block->n_groups = packer.groups->len;
  block->offsets = (gint32 *) g_array_free (packer.offsets, FALSE);
  block->weights = (gint8 *) g_byte_array_free (packer.weights, FALSE);
  block->groups = (guint16 *) g_array_free (packer.groups, FALSE);
}

static void
pack_blocks (SwdpuTiles *self, const PlanConvolution *convolution)
{
  guint channels = self->kernels->channels;
  guint n_out = self->output->shape.dims[PLAN_C];

  self->n_blocks = (n_out + channels - 1) / channels;
  self->blocks = g_new0 (SwdpuTileBlock, self->n_blocks);
  for (guint i = 0; i < self->n_blocks; i++)
    pack_block (self, &self->blocks[i], convolution, i * channels,
        MIN (channels, n_out - i * channels));
}

/* @bias: with what the 128 that is added to the input adds to the sums */
static void
compute_bias (SwdpuTiles *self, const PlanConvolution *convolution,
    const SwdpuReach *reach)
{
  guint n_out = self->output->shape.dims[PLAN_C];
  gsize n_weights = (gsize) self->window.kernel_h * self->window.kernel_w
                    * self->input->shape.dims[PLAN_C] / convolution->groups;

  self->bias = g_new0 (gint32, self->sums_stride);
  for (guint c = 0; c < n_out; c++) {
    gint64 bias = 0, sum = 0;

    if (convolution->bias != NULL)
      bias = swdpu_round_shift (convolution->bias[c],
          convolution->bias_fix_point - reach->requantize.fix_point);
    for (gsize i = 0; self->is_shifted && i < n_weights; i++)
      sum += convolution->weights[c * n_weights + i];
    /* what does not fit wraps around, as do the sums */
    self->bias[c] =
        (gint32) (guint32) (bias - 128 * sum * (1 << reach->accumulator_shift));
  }
  self->finish = (SwdpuTileFinish){ self->bias, n_out,
    1 << reach->accumulator_shift, reach->requantize };
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
  guint widest = MAX_ROW_SUMS / out[PLAN_C];

  self->in_h = in[PLAN_H];
  self->in_w = in[PLAN_W];
  self->out_h = out[PLAN_H];
  self->out_w = out[PLAN_W];
  for (guint width = widest; is_pixel && width > out[PLAN_W]; width--) {
    if (n_pixels % width == 0) {
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
  self->is_shifted = kernels->is_unsigned && !self->input->is_non_negative;
  self->n_rows = (self->out_h - 1) * window->stride_h + reach_h;
  /* entries may end beyond a window, but not beyond the input */
  self->is_direct = !self->is_shifted && window->pad_top == 0
                    && window->pad_left == 0 && self->n_rows <= self->in_h
                    && n_columns <= self->in_w
                    && n_in / groups % kernels->unit == 0;
  self->row_size = (gsize) n_in * (self->is_direct ? self->in_w : n_columns);
  self->sums_stride =
      (n_out + kernels->channels - 1) / kernels->channels * kernels->channels;
  self->sums_size = align (self->sums_stride * self->out_w * sizeof (gint32));
}

/* whether packing does not take more memory than the budget of the plan allows
 * for weights, and offsets fit 32 bits */
static gboolean
is_reasonable (const SwdpuTiles *self, guint groups)
{
  const PlanWindow *window = &self->window;
  guint unit = self->kernels->unit;
  guint64 n_in = self->input->shape.dims[PLAN_C] / groups;
  guint64 size = (guint64) window->kernel_h * window->kernel_w
                 * ((n_in + unit - 1) / unit * unit) * self->sums_stride;

  return size <= MAX_ENTRIES_SIZE
         && (guint64) self->row_size * self->n_rows <= G_MAXINT32 / 2;
}

/**
 * swdpu_tiles_new:
 * @step: a convolution of @plan, both of which outlive it
 * @reach: of @step, whose exact sums fit 32 bits
 * @threads: that a run takes
 *
 * Returns: (transfer full) (nullable): %NULL when it is none for tiles: groups
 *   that are no whole blocks of channels, or few channels
 */
SwdpuTiles *
swdpu_tiles_new (const Plan *plan, const PlanStep *step,
    const SwdpuReach *reach, const SwdpuTileKernels *kernels, guint threads)
{
  const PlanConvolution *convolution = &step->convolution;
  g_autoptr (SwdpuTiles) self = g_new0 (SwdpuTiles, 1);

  self->kernels = kernels;
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
  pack_blocks (self, convolution);
  compute_bias (self, convolution, reach);
  return g_steal_pointer (&self);
}

void
swdpu_tiles_free (SwdpuTiles *self)
{
  for (guint i = 0; i < self->n_blocks; i++) {
    g_free (self->blocks[i].offsets);
    g_free (self->blocks[i].weights);
    g_free (self->blocks[i].groups);
  }
  g_free (self->blocks);
  g_free (self->bias);
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
copy_row (const SwdpuTiles *self, const gint8 *input, guint row, guint8 *copy)
{
  guint n_in = self->input->shape.dims[PLAN_C];
  gsize in_size = (gsize) self->in_w * n_in;
  gsize before = MIN ((gsize) self->window.pad_left * n_in, self->row_size);
  gsize n = MIN (in_size, self->row_size - before);
  gint64 y = (gint64) row - self->window.pad_top;
  guint8 shift = self->is_shifted ? 0x80 : 0;

  if (y < 0 || y >= self->in_h) {
    memset (copy, shift, self->row_size);
    return;
  }
  memset (copy, shift, before);
  copy_shifted (input + y * in_size, n, shift, copy + before);
  memset (copy + before + n, shift, self->row_size - before - n);
}

static void
compute_row (
    const SwdpuTiles *self, const guint8 *window, gint32 *sums, gint8 *output)
{
  const SwdpuTileKernels *kernels = self->kernels;
  guint n_pixels = self->out_w;
  gsize stride =
      (gsize) self->window.stride_w * self->input->shape.dims[PLAN_C];

  for (guint i = 0; i < self->n_blocks; i++)
    kernels->sum (&self->blocks[i], window, stride, n_pixels,
        sums + i * kernels->channels, self->sums_stride);
  kernels->finish (&self->finish, sums, self->sums_stride, n_pixels, output);
}

/* rows from @first to before @last, each copied just before it is needed */
static void
compute_rows (const SwdpuTiles *self, const gint8 *input, guint8 *copy,
    gint32 *sums, guint first, guint last, gint8 *output)
{
  const PlanWindow *window = &self->window;
  gsize output_size = self->output->size / self->out_h;
  guint reach = (window->kernel_h - 1) * window->dilation_h + 1;
  guint copied = first * window->stride_h;
  const guint8 *source = self->is_direct ? (const guint8 *) input : copy;

  for (guint y = first; y < last; y++) {
    for (; !self->is_direct && copied < y * window->stride_h + reach; copied++)
      copy_row (self, input, copied, copy + copied * self->row_size);
    compute_row (self, source + y * (gsize) window->stride_h * self->row_size,
        sums, output + y * output_size);
  }
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
  guint8 *sums = scratch + get_copy_size (self);

  if (self->threads == 1) {
    compute_rows (self, input, scratch, (gint32 *) sums, 0, n_rows, output);
    return;
  }
  if (!self->is_direct) {
#pragma omp parallel for num_threads(self->threads)
    for (guint row = 0; row < self->n_rows; row++)
      copy_row (self, input, row, scratch + row * self->row_size);
  }
#pragma omp parallel for num_threads(self->threads)
  for (guint y = 0; y < n_rows; y++)
    compute_row (self,
        (self->is_direct ? (const guint8 *) input : scratch)
            + y * (gsize) self->window.stride_h * self->row_size,
        (gint32 *) (sums + omp_get_thread_num () * self->sums_size),
        output + y * (self->output->size / n_rows));
}
