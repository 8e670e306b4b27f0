/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The integer kernels. Inner loops run over channels, which lie densely, so
 * that compilers vectorize them. */

#include "kernels.h"
#include "arithmetic.h"
#include "kernels-private.h"
#include "requantize-loops.h"
#include "tile-kernels.h"

#include <string.h>

/* channels that are summed at a time, on the stack */
#define BLOCK 64
/* of a pool, at once */
#define POOL_CHANNELS 64

static gint64
activate (const PlanRequantize *requantize, gint64 value, gint *shift)
{
  gint fix_point = requantize->fix_point;

  switch (requantize->activation) {
    case PLAN_ACTIVATION_RELU:
      return MAX (value, 0);
    case PLAN_ACTIVATION_RELU6:
      value = swdpu_clip_to_six (value, &fix_point);
      *shift += fix_point - requantize->fix_point;
      return value;
    case PLAN_ACTIVATION_LEAKY_RELU:
      *shift += SWDPU_LEAKY_SHIFT;
      return value
             * (value < 0 ? SWDPU_LEAKY_NUMERATOR : 1 << SWDPU_LEAKY_SHIFT);
    case PLAN_ACTIVATION_NONE:
      break;
  }
  return value;
}

/**
 * swdpu_requantize:
 * @exact: (array length=n): values at @requantize's fix point
 *
 * The end of a layer: activation, one rounding, saturation.
 */
void
swdpu_requantize (const PlanRequantize *requantize, const gint32 *exact,
    gsize n, gint8 *output)
{
  gint shift = requantize->fix_point - requantize->output_fix_point;

  if (requantize_is_usual (requantize)) {
    requantize_usual (requantize, exact, n, output);
    return;
  }
  for (gsize i = 0; i < n; i++) {
    gint total = shift;
    gint64 value = activate (requantize, exact[i], &total);

    output[i] = swdpu_saturate (swdpu_round_shift (value, total));
  }
}

/* weights times the pixels under the window; padding is zero */
static gint32
convolve_at (const PlanConvolution *convolution, const PlanShape *in,
    const gint8 *input, guint channel, guint first_in, guint n_in, gint64 top,
    gint64 left)
{
  const PlanWindow *window = &convolution->window;
  gint32 sum = 0;

  for (guint kh = 0; kh < window->kernel_h; kh++) {
    gint64 y = top + kh * (gint64) window->dilation_h;

    if (y < 0 || y >= in->dims[PLAN_H])
      continue;
    for (guint kw = 0; kw < window->kernel_w; kw++) {
      gint64 x = left + kw * (gint64) window->dilation_w;
      const gint8 *weights =
          convolution->weights
          + (((gsize) channel * window->kernel_h + kh) * window->kernel_w + kw)
                * n_in;
      const gint8 *pixel;

      if (x < 0 || x >= in->dims[PLAN_W])
        continue;
      pixel = input + (y * in->dims[PLAN_W] + x) * in->dims[PLAN_C] + first_in;
      for (guint i = 0; i < n_in; i++)
        sum += pixel[i] * weights[i];
    }
  }
  return sum;
}

/* what a convolution needs for each of its results */
typedef struct {
  const PlanConvolution *convolution;
  const PlanShape *in;
  guint n_in, n_out;
  /* from the accumulator's fix point to the exact sum's */
  gint accumulator_shift;
  gint bias_shift;
  PlanRequantize requantize;
} Convolver;

static void
convolver_init (Convolver *self, const Plan *plan, const PlanStep *step)
{
  const PlanConvolution *convolution = &step->convolution;
  const PlanTensor *in = plan_tensor (plan, step->inputs[0]);
  const PlanTensor *out = plan_tensor (plan, step->output);
  gint fix_point = in->fix_point + convolution->weights_fix_point;
  gint exact_fix_point = MAX (fix_point,
      convolution->bias != NULL ? convolution->bias_fix_point : fix_point);

  self->convolution = convolution;
  self->in = &in->shape;
  self->n_in = in->shape.dims[PLAN_C] / convolution->groups;
  self->n_out = out->shape.dims[PLAN_C] / convolution->groups;
  self->accumulator_shift = fix_point - exact_fix_point;
  self->bias_shift = convolution->bias_fix_point - exact_fix_point;
  self->requantize = (PlanRequantize){ convolution->activation, exact_fix_point,
    out->fix_point };
}

static gint8
convolver_compute (
    const Convolver *self, const gint8 *input, guint y, guint x, guint channel)
{
  const PlanConvolution *convolution = self->convolution;
  const PlanWindow *window = &convolution->window;
  gint64 top = y * (gint64) window->stride_h - window->pad_top;
  gint64 left = x * (gint64) window->stride_w - window->pad_left;
  gint shift = self->requantize.fix_point - self->requantize.output_fix_point;
  gint64 exact = swdpu_round_shift (
      convolve_at (convolution, self->in, input, channel,
          channel / self->n_out * self->n_in, self->n_in, top, left),
      self->accumulator_shift);

  if (convolution->bias != NULL)
    exact += swdpu_round_shift (convolution->bias[channel], self->bias_shift);
  exact = activate (&self->requantize, exact, &shift);
  return swdpu_saturate (swdpu_round_shift (exact, shift));
}

/**
 * swdpu_kernel_convolve_row:
 * @step: a convolution
 * @output: where row @y of the result begins
 *
 * Computes that row: all of them may take very long.
 */
void
swdpu_kernel_convolve_row (const Plan *plan, const PlanStep *step,
    const gint8 *input, guint y, gint8 *output)
{
  const guint32 *dims = plan_tensor (plan, step->output)->shape.dims;
  Convolver convolver;

  convolver_init (&convolver, plan, step);
  for (guint x = 0; x < dims[PLAN_W]; x++) {
    for (guint c = 0; c < dims[PLAN_C]; c++)
      *output++ = convolver_compute (&convolver, input, y, x, c);
  }
}

/**
 * swdpu_kernel_convolve:
 * @step: a convolution
 * @n_channels: how many of its results to compute, from channel @first on, each
 *   @stride channels after the other
 *
 * Computes some of the results for the pixel in row @y and column @x.
 */
void
swdpu_kernel_convolve (const Plan *plan, const PlanStep *step,
    const gint8 *input, guint y, guint x, guint first, guint stride,
    guint n_channels, gint8 *results)
{
  Convolver convolver;

  convolver_init (&convolver, plan, step);
  for (guint i = 0; i < n_channels; i++)
    results[i] =
        convolver_compute (&convolver, input, y, x, first + i * stride);
}

static void
kernel_sum (const Plan *plan, const PlanStep *step, const gint8 *const *inputs,
    gint8 *output)
{
  const PlanSum *sum = &step->sum;
  const PlanTensor *out = plan_tensor (plan, step->output);
  gsize size = out->size;
  const SwdpuTileKernels *kernels = swdpu_tile_kernels_get ();
  SwdpuTileAddition addition;
  gint32 exact[BLOCK];

  if (kernels != NULL
      && swdpu_tile_addition_init (&addition, sum, step->n_inputs)) {
    gsize channels = out->shape.dims[out->shape.n_dims - 1];
    gsize stride =
        out->is_hosted ? plan_get_pixel_stride (plan, out) : channels;

    kernels->add (&addition, inputs[0], inputs[1], channels, size / channels,
        output, stride);
    return;
  }

  for (gsize start = 0; start < size; start += BLOCK) {
    gsize n = MIN (BLOCK, size - start);

    memset (exact, 0, sizeof (exact));
    for (guint i = 0; i < step->n_inputs; i++) {
      const gint8 *input = inputs[i] + start;
      gint shift = sum->shifts[i];

      if (shift <= 0) {
        for (gsize j = 0; j < n; j++)
          exact[j] += input[j] * (1 << -shift);
      } else {
        for (gsize j = 0; j < n; j++)
          exact[j] += (input[j] + (1 << (shift - 1))) >> shift;
      }
    }
    swdpu_requantize (&sum->requantize, exact, n, output + start);
  }
}

static void
kernel_product (const Plan *plan, const PlanStep *step,
    const gint8 *const *inputs, gint8 *output)
{
  gsize size = plan_tensor (plan, step->output)->size;
  gint32 exact[BLOCK];

  for (gsize start = 0; start < size; start += BLOCK) {
    gsize n = MIN (BLOCK, size - start);

    for (gsize j = 0; j < n; j++)
      exact[j] = inputs[0][start + j] * inputs[1][start + j];
    swdpu_requantize (&step->product, exact, n, output + start);
  }
}

/* the part of a window that lies on the input */
typedef struct {
  guint first, last;
} Span;

static Span
clip_window (guint position, guint stride, guint kernel, gint pad, guint size)
{
  gint64 start = position * (gint64) stride - pad;

  return (Span){ MAX (start, 0), MIN (start + kernel, size) };
}

/* The largest of a window, for as many channels as compilers keep in registers.
 * With its sign bit flipped a byte is as large as it says, which each processor
 * compares at once. */
static inline __attribute__ ((always_inline)) void
find_largest (const gint8 *input, gsize channels, gsize row_size,
    const Span *rows, const Span *columns, const guint n, gint8 *output)
{
  guint8 largest[POOL_CHANNELS] = { 0 };

  for (guint i = rows->first; i < rows->last; i++) {
    const gint8 *pixel = input + i * row_size + columns->first * channels;

    for (guint j = columns->first; j < columns->last; j++) {
      for (guint c = 0; c < n; c++) {
        guint8 level = (guint8) pixel[c] ^ 0x80;

        largest[c] = MAX (largest[c], level);
      }
      pixel += channels;
    }
  }
  for (guint c = 0; c < n; c++)
    output[c] = (gint8) (largest[c] ^ 0x80);
}

static void
kernel_max_pool (const Plan *plan, const PlanStep *step,
    const gint8 *const *inputs, gint8 *output)
{
  const PlanWindow *window = &step->max_pool;
  const guint32 *in = plan_tensor (plan, step->inputs[0])->shape.dims;
  const guint32 *out = plan_tensor (plan, step->output)->shape.dims;
  gsize channels = out[PLAN_C], row_size = in[PLAN_W] * channels;
  gsize stride = plan_get_pixel_stride (plan, plan_tensor (plan, step->output));

  for (guint y = 0; y < out[PLAN_H]; y++) {
    Span rows = clip_window (
        y, window->stride_h, window->kernel_h, window->pad_top, in[PLAN_H]);

    for (guint x = 0; x < out[PLAN_W]; x++, output += stride) {
      Span columns = clip_window (
          x, window->stride_w, window->kernel_w, window->pad_left, in[PLAN_W]);
      gsize c = 0;

      for (; c + POOL_CHANNELS <= channels; c += POOL_CHANNELS)
        find_largest (inputs[0] + c, channels, row_size, &rows, &columns,
            POOL_CHANNELS, output + c);
      if (c < channels)
        find_largest (inputs[0] + c, channels, row_size, &rows, &columns,
            channels - c, output + c);
    }
  }
}

static void
kernel_average_pool (const Plan *plan, const PlanStep *step,
    const gint8 *const *inputs, gint8 *output)
{
  const PlanAveragePool *pool = &step->average_pool;
  const PlanWindow *window = &pool->window;
  const guint32 *in = plan_tensor (plan, step->inputs[0])->shape.dims;
  const guint32 *out = plan_tensor (plan, step->output)->shape.dims;
  gsize channels = out[PLAN_C];
  gint32 sums[BLOCK];

  for (guint y = 0; y < out[PLAN_H]; y++) {
    Span rows = clip_window (
        y, window->stride_h, window->kernel_h, window->pad_top, in[PLAN_H]);

    for (guint x = 0; x < out[PLAN_W]; x++, output += channels) {
      Span columns = clip_window (
          x, window->stride_w, window->kernel_w, window->pad_left, in[PLAN_W]);

      for (gsize start = 0; start < channels; start += BLOCK) {
        gsize n = MIN (BLOCK, channels - start);

        memset (sums, 0, sizeof (sums));
        for (guint i = rows.first; i < rows.last; i++) {
          for (guint j = columns.first; j < columns.last; j++) {
            const gint8 *pixel =
                inputs[0] + ((gsize) i * in[PLAN_W] + j) * channels + start;

            for (gsize c = 0; c < n; c++)
              sums[c] += pixel[c];
          }
        }
        for (gsize c = 0; c < n; c++)
          output[start + c] = swdpu_saturate (swdpu_round_shift (
              (gint64) sums[c] * pool->multiplier, pool->shift));
      }
    }
  }
}

static void
kernel_table (const Plan *plan, const PlanStep *step,
    const gint8 *const *inputs, gint8 *output)
{
  gsize size = plan_tensor (plan, step->output)->size;

  for (gsize i = 0; i < size; i++)
    output[i] = step->table[(guint8) inputs[0][i]];
}

/**
 * swdpu_kernel_get:
 *
 * Returns: (nullable): the kernel; convolutions have none for all of their rows
 */
SwdpuKernel
swdpu_kernel_get (PlanStepType type)
{
  static const SwdpuKernel kernels[] = {
    [PLAN_STEP_SUM] = kernel_sum,
    [PLAN_STEP_PRODUCT] = kernel_product,
    [PLAN_STEP_MAX_POOL] = kernel_max_pool,
    [PLAN_STEP_AVERAGE_POOL] = kernel_average_pool,
    [PLAN_STEP_CONCATENATE] = kernel_concatenate,
    [PLAN_STEP_UPSAMPLE_NEAREST] = kernel_upsample_nearest,
    [PLAN_STEP_UPSAMPLE_BILINEAR] = kernel_upsample_bilinear,
    [PLAN_STEP_DILATE] = kernel_dilate,
    [PLAN_STEP_PAD] = kernel_pad,
    [PLAN_STEP_GATHER] = kernel_gather,
    [PLAN_STEP_TABLE] = kernel_table,
  };

  return kernels[type];
}
