/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The integer kernels. Inner loops run over channels, which lie densely, so
 * that compilers vectorize them. */

#include "kernels.h"
#include "arithmetic.h"
#include "requantize-loops.h"
#include "tile-kernels.h"

#include <string.h>

/* channels that are summed at a time, on the stack */
#define BLOCK 64

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

static void
kernel_max_pool (const Plan *plan, const PlanStep *step,
    const gint8 *const *inputs, gint8 *output)
{
  const PlanWindow *window = &step->max_pool;
  const guint32 *in = plan_tensor (plan, step->inputs[0])->shape.dims;
  const guint32 *out = plan_tensor (plan, step->output)->shape.dims;
  gsize channels = out[PLAN_C];
  gsize stride = plan_get_pixel_stride (plan, plan_tensor (plan, step->output));

  for (guint y = 0; y < out[PLAN_H]; y++) {
    Span rows = clip_window (
        y, window->stride_h, window->kernel_h, window->pad_top, in[PLAN_H]);

    for (guint x = 0; x < out[PLAN_W]; x++, output += stride) {
      Span columns = clip_window (
          x, window->stride_w, window->kernel_w, window->pad_left, in[PLAN_W]);

      memset (output, -128, channels);
      for (guint i = rows.first; i < rows.last; i++) {
        for (guint j = columns.first; j < columns.last; j++) {
          const gint8 *pixel =
              inputs[0] + ((gsize) i * in[PLAN_W] + j) * channels;

          for (gsize c = 0; c < channels; c++)
            output[c] = MAX (output[c], pixel[c]);
        }
      }
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
copy_shifted (const gint8 *input, gsize n, gint shift, gint8 *output)
{
  if (shift == 0) {
    memcpy (output, input, n);
  } else if (shift < 0) {
    gint left = MIN (-shift, 8);

    for (gsize i = 0; i < n; i++)
      output[i] = CLAMP (input[i] * (1 << left), -128, 127);
  } else {
    gint right = MIN (shift, 9);

    for (gsize i = 0; i < n; i++)
      output[i] = (input[i] + (1 << (right - 1))) >> right;
  }
}

/* @size: known to the compiler, which makes a few moves of each copy */
static inline __attribute__ ((always_inline)) void
copy_pieces (
    const gint8 *input, const gsize size, gsize n, gint8 *output, gsize stride)
{
  for (; n > 0; n--, input += size, output += stride)
    memcpy (output, input, size);
}

/* @n pieces of @size bytes each, whose results begin @stride bytes apart */
static void
copy_pieces_shifted (const gint8 *input, gsize size, gsize n, gint shift,
    gint8 *output, gsize stride)
{
  if (shift == 0 && size == 16)
    copy_pieces (input, 16, n, output, stride);
  else if (shift == 0 && size == 32)
    copy_pieces (input, 32, n, output, stride);
  else if (shift == 0 && size == 64)
    copy_pieces (input, 64, n, output, stride);
  else if (shift == 0 && size == 128)
    copy_pieces (input, 128, n, output, stride);
  else
    for (gsize i = 0; i < n; i++)
      copy_shifted (input + i * size, size, shift, output + i * stride);
}

static void
kernel_concatenate (const Plan *plan, const PlanStep *step,
    const gint8 *const *inputs, gint8 *output)
{
  const PlanTensor *out = plan_tensor (plan, step->output);
  guint axis = step->concatenate_axis;
  gsize n_rows = 1, row_size, start = 0;

  for (guint i = 0; i < axis; i++)
    n_rows *= out->shape.dims[i];
  row_size = out->size / n_rows;

  for (guint i = 0; i < step->n_inputs; i++) {
    const PlanTensor *in = plan_tensor (plan, step->inputs[i]);
    gsize size = in->size / n_rows;
    gint shift = in->fix_point - out->fix_point;

    if (!in->is_hosted)
      copy_pieces_shifted (
          inputs[i], size, n_rows, shift, output + start, row_size);
    start += size;
  }
}

static void
kernel_upsample_nearest (const Plan *plan, const PlanStep *step,
    const gint8 *const *inputs, gint8 *output)
{
  const guint32 *in = plan_tensor (plan, step->inputs[0])->shape.dims;
  const guint32 *out = plan_tensor (plan, step->output)->shape.dims;
  gsize channels = out[PLAN_C];
  gsize stride = plan_get_pixel_stride (plan, plan_tensor (plan, step->output));

  for (guint y = 0; y < out[PLAN_H]; y++) {
    gsize row = (guint64) y * in[PLAN_H] / out[PLAN_H];

    for (guint x = 0; x < out[PLAN_W]; x++, output += stride) {
      gsize column = (guint64) x * in[PLAN_W] / out[PLAN_W];

      memcpy (
          output, inputs[0] + (row * in[PLAN_W] + column) * channels, channels);
    }
  }
}

/* two neighbours along an axis and their weights, which add up to @unit */
typedef struct {
  guint first, second;
  gint first_weight, second_weight;
} Neighbours;

static Neighbours
find_neighbours (
    guint position, guint scale, gboolean half_pixel_centers, guint size)
{
  /* in units of 1 / (2 scale) of an input pixel */
  gint unit = 2 * scale;
  gint64 place = half_pixel_centers ? 2 * (gint64) position + 1 - scale
                                    : 2 * (gint64) position;
  gint64 first = place >= 0 ? place / unit : -1;
  gint fraction = place - first * unit;

  return (Neighbours){ CLAMP (first, 0, (gint64) size - 1),
    CLAMP (first + 1, 0, (gint64) size - 1), unit - fraction, fraction };
}

static void
kernel_upsample_bilinear (const Plan *plan, const PlanStep *step,
    const gint8 *const *inputs, gint8 *output)
{
  const PlanTensor *source = plan_tensor (plan, step->inputs[0]);
  const PlanTensor *result = plan_tensor (plan, step->output);
  const guint32 *in = source->shape.dims;
  const guint32 *out = result->shape.dims;
  guint scale_h = out[PLAN_H] / in[PLAN_H];
  guint scale_w = out[PLAN_W] / in[PLAN_W];
  gboolean half = step->bilinear.half_pixel_centers;
  gsize channels = out[PLAN_C];
  /* the weights' product is a fraction of 4 scale_h scale_w */
  gint shift = source->fix_point - result->fix_point
               + g_bit_nth_msf (4 * scale_h * scale_w, -1);

  for (guint y = 0; y < out[PLAN_H]; y++) {
    Neighbours v = find_neighbours (y, scale_h, half, in[PLAN_H]);
    const gint8 *upper = inputs[0] + (gsize) v.first * in[PLAN_W] * channels;
    const gint8 *lower = inputs[0] + (gsize) v.second * in[PLAN_W] * channels;

    for (guint x = 0; x < out[PLAN_W]; x++) {
      Neighbours h = find_neighbours (x, scale_w, half, in[PLAN_W]);
      gsize left = h.first * channels, right = h.second * channels;

      for (gsize c = 0; c < channels; c++) {
        gint32 exact = v.first_weight
                           * (upper[left + c] * h.first_weight
                               + upper[right + c] * h.second_weight)
                       + v.second_weight
                             * (lower[left + c] * h.first_weight
                                 + lower[right + c] * h.second_weight);

        *output++ = swdpu_saturate (swdpu_round_shift (exact, shift));
      }
    }
  }
}

static void
kernel_dilate (const Plan *plan, const PlanStep *step,
    const gint8 *const *inputs, gint8 *output)
{
  const guint32 *in = plan_tensor (plan, step->inputs[0])->shape.dims;
  const PlanTensor *out = plan_tensor (plan, step->output);
  gsize channels = in[PLAN_C];

  memset (output, 0, out->size);
  for (guint y = 0; y < in[PLAN_H]; y++) {
    gsize row = (gsize) y * step->dilate.stride_h * out->shape.dims[PLAN_W];

    for (guint x = 0; x < in[PLAN_W]; x++)
      memcpy (output + (row + (gsize) x * step->dilate.stride_w) * channels,
          inputs[0] + ((gsize) y * in[PLAN_W] + x) * channels, channels);
  }
}

static void
kernel_pad (const Plan *plan, const PlanStep *step, const gint8 *const *inputs,
    gint8 *output)
{
  const PlanTensor *source = plan_tensor (plan, step->inputs[0]);
  const PlanShape *in = &source->shape;
  const PlanTensor *out = plan_tensor (plan, step->output);
  guint n_dims = in->n_dims;
  gsize row_size = in->dims[n_dims - 1];
  guint place[PLAN_MAX_DIMS] = { 0 };

  memset (output, step->pad.value, out->size);
  for (gsize row = 0; row < source->size / row_size; row++) {
    gsize offset = 0;

    for (guint i = 0; i < n_dims; i++)
      offset = offset * out->shape.dims[i] + step->pad.before[i] + place[i];
    memcpy (output + offset, inputs[0] + row * row_size, row_size);

    for (guint i = n_dims - 1; i > 0 && ++place[i - 1] == in->dims[i - 1]; i--)
      place[i - 1] = 0;
  }
}

static void
kernel_gather (const Plan *plan, const PlanStep *step,
    const gint8 *const *inputs, gint8 *output)
{
  const PlanGather *gather = &step->gather;
  guint last = gather->shape.n_dims - 1;
  gsize n = gather->shape.dims[last];
  gsize stride = gather->strides[last];
  gsize n_rows = plan_tensor (plan, step->output)->size / n;
  guint place[PLAN_MAX_DIMS] = { 0 };

  for (gsize row = 0; row < n_rows; row++, output += n) {
    const gint8 *input = inputs[0] + gather->start;

    for (guint i = 0; i < last; i++)
      input += place[i] * gather->strides[i];
    if (stride == 1) {
      memcpy (output, input, n);
    } else {
      for (gsize i = 0; i < n; i++)
        output[i] = input[i * stride];
    }

    for (guint i = last; i > 0 && ++place[i - 1] == gather->shape.dims[i - 1];
         i--)
      place[i - 1] = 0;
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
