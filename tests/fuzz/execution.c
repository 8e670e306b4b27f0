/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What the reader takes is lowered or refused, and what is lowered runs, with
 * the same bytes on every path: plain integers, floats, and fused int8. */

#include "swdpu/program.h"
#include "xmodel/xmodel.h"

#include "fuzz/mutate.h"

#include <string.h>

int LLVMFuzzerTestOneInput (const guint8 *data, size_t size);

/* more would only take time: elements of all tensors, and multiply-adds */
#define MAX_ELEMENTS (1 << 20)
#define MAX_WORK (1 << 26)

static const SwdpuPath paths[] = { SWDPU_PATH_PLAIN, SWDPU_PATH_FLOAT,
  SWDPU_PATH_INT8_FUSED };

/* the first subgraph that is meant for a DPU, or NULL */
static const XmodelSubgraph *
find_dpu_subgraph (const XmodelSubgraph *subgraph)
{
  const gchar *device;
  guint i;

  if (xmodel_attributes_get_string (subgraph->attributes, "device", &device)
      && g_str_equal (device, "DPU"))
    return subgraph;
  for (i = 0; i < subgraph->n_children; i++) {
    const XmodelSubgraph *found = find_dpu_subgraph (subgraph->children[i]);

    if (found)
      return found;
  }
  return NULL;
}

static Plan *
make_plan (const Xmodel *model)
{
  const XmodelSubgraph *subgraph = find_dpu_subgraph (xmodel_get_root (model));

  return subgraph ? plan_new_from_compiled (model, subgraph, NULL, NULL)
                  : plan_new_from_quantized (model, NULL, NULL);
}

static gboolean
is_small (const Plan *plan)
{
  guint64 elements = 0, work = 0;
  guint i;

  for (i = 0; i < plan->tensors->len; i++)
    elements += plan_shape_get_size (&plan_tensor (plan, i)->shape);
  for (i = 0; i < plan->steps->len; i++) {
    const PlanStep *step = plan_step (plan, i);

    if (step->type == PLAN_STEP_CONVOLUTION)
      work += plan_shape_get_size (&plan_tensor (plan, step->output)->shape)
              * step->convolution.window.kernel_h
              * step->convolution.window.kernel_w
              * plan_tensor (plan, step->inputs[0])->shape.dims[PLAN_C];
  }
  return elements <= MAX_ELEMENTS && work <= MAX_WORK;
}

/* Returns: (nullable): all outputs, one after another */
static GByteArray *
run (const Xmodel *model, SwdpuPath path)
{
  Plan *plan = make_plan (model);
  g_autoptr (SwdpuProgram) program = NULL;
  g_autoptr (SwdpuContext) context = NULL;
  GByteArray *outputs;
  guint32 noise = 1;
  guint i;
  gsize k;

  if (!plan)
    return NULL;
  if (!is_small (plan)) {
    plan_free (plan);
    return NULL;
  }
  program = swdpu_program_new (plan, 1, path, NULL);
  context = program ? swdpu_context_new (program, NULL) : NULL;
  if (!context)
    return NULL;
  for (i = 0; i < swdpu_program_get_n_inputs (program); i++)
    for (k = 0; k < swdpu_program_get_input (program, i).size; k++)
      swdpu_context_get_input (context, i)[k] =
          (gint8) ((noise = noise * 1664525 + 1013904223) >> 24);
  if (!swdpu_context_run (context, NULL))
    return NULL;

  outputs = g_byte_array_new ();
  for (i = 0; i < swdpu_program_get_n_outputs (program); i++)
    g_byte_array_append (outputs,
        (const guint8 *) swdpu_context_get_output (context, i),
        swdpu_program_get_output (program, i).size);
  return outputs;
}

int
LLVMFuzzerTestOneInput (const guint8 *data, size_t size)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (data, size);
  g_autoptr (Xmodel) model = xmodel_parse (bytes, NULL);
  GByteArray *expected = NULL;
  guint i;

  if (!model)
    return 0;
  for (i = 0; i < G_N_ELEMENTS (paths); i++) {
    GByteArray *outputs = run (model, paths[i]);

    if (i == 0) {
      expected = outputs;
      if (!expected)
        return 0;
      continue;
    }
    if (!outputs)
      g_error ("what runs on one path does not on path %u", paths[i]);
    if (outputs->len != expected->len
        || memcmp (outputs->data, expected->data, outputs->len) != 0)
      g_error ("path %u gives other bytes", paths[i]);
    g_byte_array_unref (outputs);
  }
  g_byte_array_unref (expected);
  return 0;
}
