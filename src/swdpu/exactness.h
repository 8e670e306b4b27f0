/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Which of the paths of a convolution computes what the DPU does. That follows
 * from how far its sums can reach, which the weights tell. */

#pragma once

#include "plan.h"

G_BEGIN_DECLS

/**
 * SwdpuPath:
 * @SWDPU_PATH_PLAIN: the integer kernel of kernels.h
 * @SWDPU_PATH_FLOAT: oneDNN's f32 convolution of the integers, exact below 2^24
 * @SWDPU_PATH_TILES: our own int8 kernels of tiles.h
 * @SWDPU_PATH_INT8: oneDNN's int8 convolution, exact on CPUs with VNNI
 * @SWDPU_PATH_INT8_FUSED: the same with activation and rounding in oneDNN
 *
 * From the slowest to the fastest.
 */
typedef enum {
  SWDPU_PATH_PLAIN,
  SWDPU_PATH_FLOAT,
  SWDPU_PATH_TILES,
  SWDPU_PATH_INT8,
  SWDPU_PATH_INT8_FUSED,
} SwdpuPath;

/**
 * SwdpuReach:
 * @accumulator: what a sum of products can reach, either side of 0
 * @bias: and the bias, at the fix point of the exact sum
 * @exact: and both together
 * @accumulator_shift: from the accumulator's fix point to the exact sum's
 * @requantize: what becomes of the exact sum
 */
typedef struct {
  gint64 accumulator;
  gint64 bias;
  gint64 exact;
  gint accumulator_shift;
  PlanRequantize requantize;
} SwdpuReach;

SwdpuPath swdpu_best_path (void);
void swdpu_find_non_negative (const Plan *plan);
SwdpuReach swdpu_reach_find (const Plan *plan, const PlanStep *step);
gfloat swdpu_reach_get_nudge (const SwdpuReach *self);
SwdpuPath swdpu_reach_choose_path (const SwdpuReach *self, SwdpuPath best);

G_END_DECLS
