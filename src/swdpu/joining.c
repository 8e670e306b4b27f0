/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "joining.h"
#include "convolution.h"
#include "tile-kernels.h"

/* whether the step can leave room between the pixels it writes */
static gboolean
can_write_apart (const Plan *plan, guint index, const GPtrArray *convolutions)
{
  const PlanStep *step = plan_step (plan, index);
  const SwdpuConvolution *convolution = convolutions->pdata[index];
  SwdpuTileAddition addition;

  switch (step->type) {
    case PLAN_STEP_CONVOLUTION:
      return swdpu_convolution_get_path (convolution) == SWDPU_PATH_TILES;
    case PLAN_STEP_SUM:
      return swdpu_tile_kernels_get () != NULL
             && swdpu_tile_addition_init (
                 &addition, &step->sum, step->n_inputs);
    case PLAN_STEP_MAX_POOL:
    case PLAN_STEP_UPSAMPLE_NEAREST:
      return TRUE;
    default:
      return FALSE;
  }
}

typedef struct {
  guint n_uses;
  /* whether the step that writes it can leave room between its pixels */
  gboolean can_be_apart;
} Use;

static Use *
find_uses (const Plan *plan, const GPtrArray *convolutions)
{
  Use *uses = g_new0 (Use, plan->tensors->len);

  for (guint i = 0; i < plan->steps->len; i++) {
    const PlanStep *step = plan_step (plan, i);

    uses[step->output].can_be_apart = can_write_apart (plan, i, convolutions);
    for (guint j = 0; j < step->n_inputs; j++)
      uses[step->inputs[j]].n_uses++;
  }
  return uses;
}

static guint
join_inputs (Plan *plan, const PlanStep *step, const Use *uses)
{
  const PlanTensor *out = plan_tensor (plan, step->output);
  gsize start = 0;
  guint n = 0;

  for (guint i = 0; i < step->n_inputs; i++) {
    PlanTensor *in = plan_tensor (plan, step->inputs[i]);
    const Use *use = &uses[step->inputs[i]];

    if (in->place == PLAN_PLACE_ARENA && use->n_uses == 1 && use->can_be_apart
        && in->fix_point == out->fix_point) {
      in->is_hosted = TRUE;
      in->host = step->output;
      in->host_offset = start;
      n++;
    }
    start += in->shape.dims[PLAN_C];
  }
  return n;
}

/**
 * swdpu_join_undo:
 *
 * Makes all tensors of @plan lie alone again.
 */
void
swdpu_join_undo (Plan *plan)
{
  for (guint i = 0; i < plan->tensors->len; i++)
    plan_tensor (plan, i)->is_hosted = FALSE;
}

/**
 * swdpu_join_in_place:
 * @convolutions: (element-type SwdpuConvolution): of @plan's steps
 *
 * What nobody reads but a concatenation of channels is written where that wants
 * it, by steps that can. The tensors of @plan have to be placed after that.
 *
 * Returns: how many tensors became parts of others
 */
guint
swdpu_join_in_place (Plan *plan, const GPtrArray *convolutions)
{
  g_autofree Use *uses = find_uses (plan, convolutions);
  guint n = 0;

  for (guint i = 0; i < plan->steps->len; i++) {
    const PlanStep *step = plan_step (plan, i);
    const PlanTensor *out = plan_tensor (plan, step->output);

    if (step->type == PLAN_STEP_CONCATENATE && out->shape.n_dims == 4
        && step->concatenate_axis == PLAN_C && out->place == PLAN_PLACE_ARENA)
      n += join_inputs (plan, step, uses);
  }
  return n;
}
