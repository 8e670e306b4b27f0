/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Plans of one layer, their data and their runs. */

#include "rig.h"

#include <gst/check/gstcheck.h>
#include <math.h>
#include <string.h>

PlanShape
rig_shape (guint height, guint width, guint channels)
{
  return (PlanShape){ 4, { 1, height, width, channels } };
}

gint8 *
rig_random (GRand *random, gsize n)
{
  gint8 *data = g_malloc (n);

  for (gsize i = 0; i < n; i++)
    data[i] = g_rand_int_range (random, -128, 128);
  return data;
}

/* the DPU's rounding as its definition has it, not as the code has it */
gint8
rig_round (gdouble value)
{
  return CLAMP (floor (value + 0.5), -128.0, 127.0);
}

void
layer_rig_init (LayerRig *self, const PlanShape *shape, gint fix_point)
{
  self->op = (XmodelOp){ .name = (gchar *) "name", .type = (gchar *) "type" };
  self->inputs =
      g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  self->layer = (Layer){ plan_new (), &self->op, "output", *shape, fix_point };
}

guint
layer_rig_add_input (
    LayerRig *self, const PlanShape *shape, gint fix_point, const gint8 *data)
{
  guint input = plan_add_tensor (self->layer.plan, "input", shape, fix_point);

  plan_mark_input (self->layer.plan, input);
  g_ptr_array_add (self->inputs,
      g_bytes_new (data, plan_tensor (self->layer.plan, input)->size));
  return input;
}

/* the plan belongs to its program from here on; returns the output's data */
gint8 *
layer_rig_run (LayerRig *self, guint output)
{
  g_autoptr (SwdpuProgram) program = NULL;
  g_autoptr (SwdpuContext) context = NULL;
  g_autoptr (GError) error = NULL;

  plan_mark_output (self->layer.plan, output);
  fail_unless (plan_place_tensors (self->layer.plan, &error));
  program = swdpu_program_new (
      g_steal_pointer (&self->layer.plan), 1, SWDPU_PATH_PLAIN, &error);
  fail_unless (program != NULL);
  context = swdpu_context_new (program, &error);
  fail_unless (context != NULL);
  for (guint i = 0; i < self->inputs->len; i++) {
    gsize size;
    gconstpointer data = g_bytes_get_data (self->inputs->pdata[i], &size);

    memcpy (swdpu_context_get_input (context, i), data, size);
  }
  fail_unless (swdpu_context_run (context, &error));
  return g_memdup2 (swdpu_context_get_output (context, 0),
      swdpu_program_get_output (program, 0).size);
}

void
layer_rig_clear (LayerRig *self)
{
  g_clear_pointer (&self->layer.plan, plan_free);
  g_clear_pointer (&self->inputs, g_ptr_array_unref);
}
