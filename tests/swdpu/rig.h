/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Plans of one layer, their data and their runs, for the tests of the software
 * DPU. */

#pragma once

#include <swdpu/layers.h>
#include <swdpu/program.h>

G_BEGIN_DECLS

/**
 * LayerRig:
 * @layer: for the layer functions under test; its shape and fix point are the
 *   output's
 * @inputs: (element-type GBytes): what the plan's inputs hold
 */
typedef struct {
  Layer layer;
  XmodelOp op;
  GPtrArray *inputs;
} LayerRig;

PlanShape rig_shape (guint height, guint width, guint channels);
gint8 *rig_random (GRand *random, gsize n);
gint8 rig_round (gdouble value);

void layer_rig_init (LayerRig *self, const PlanShape *shape, gint fix_point);
guint layer_rig_add_input (
    LayerRig *self, const PlanShape *shape, gint fix_point, const gint8 *data);
gint8 *layer_rig_run (LayerRig *self, guint output);
void layer_rig_clear (LayerRig *self);

G_END_DECLS
