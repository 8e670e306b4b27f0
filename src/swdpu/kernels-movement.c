/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Kernels of the steps that move elements. */

#include "kernels-private.h"
#include "arithmetic.h"

#include <string.h>

static void
copy_rescaled (const gint8 *input, gsize n, gint shift, gint8 *output)
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
copy_pieces_rescaled (const gint8 *input, gsize size, gsize n, gint shift,
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
      copy_rescaled (input + i * size, size, shift, output + i * stride);
}

void
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
      copy_pieces_rescaled (
          inputs[i], size, n_rows, shift, output + start, row_size);
    start += size;
  }
}

void
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

void
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

void
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

void
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

void
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
