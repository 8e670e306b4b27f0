/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Fuzz target: what the reader takes is lowered and run, and all paths of the
 * software DPU agree on the result. */

#include <swdpu/program.h>
#include <xmodel/xmodel.h>

#include "fuzz/mutate.h"

#include <string.h>

/* more of them only take time */
#define MAX_OPERATIONS 3000000
#define MAX_FRAME_SIZE 3000000

int LLVMFuzzerTestOneInput (const guint8 *data, size_t size);

static Plan *
make_plan (const Xmodel *model)
{
  const XmodelSubgraph *root = xmodel_get_root (model);

  if (root->n_children == 0)
    return plan_new_from_quantized (model, NULL, NULL);
  for (guint i = 0; i < root->n_children; i++) {
    if (xmodel_subgraph_is_on (root->children[i], "DPU"))
      return plan_new_from_compiled (model, root->children[i], NULL, NULL);
  }
  return NULL;
}

static gboolean
is_small (const Plan *plan)
{
  gsize size = plan->arena_size;

  for (guint i = 0; i < plan->tensors->len; i++)
    size += plan_tensor (plan, i)->size;
  return size <= MAX_FRAME_SIZE
         && plan_count_operations (plan) <= MAX_OPERATIONS;
}

static void
fill_inputs (const SwdpuProgram *program, SwdpuContext *context)
{
  guint32 state = 1;

  for (guint i = 0; i < swdpu_program_get_n_inputs (program); i++) {
    gint8 *input = swdpu_context_get_input (context, i);
    gsize size = swdpu_program_get_input (program, i).size;

    for (gsize j = 0; j < size; j++) {
      state = state * 1664525 + 1013904223;
      input[j] = state >> 24;
    }
  }
}

/* all outputs, one after the other */
static GByteArray *
run (const Xmodel *model, SwdpuPath path)
{
  GByteArray *outputs = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (SwdpuProgram) program =
      swdpu_program_new (make_plan (model), 1, path, &error);
  g_autoptr (SwdpuContext) context = swdpu_context_new (program, &error);

  if (context == NULL)
    g_error ("what was lowered cannot run: %s", error->message);
  fill_inputs (program, context);
  if (!swdpu_context_run (context, &error))
    g_error ("%s", error->message);
  for (guint i = 0; i < swdpu_program_get_n_outputs (program); i++)
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
  g_autoptr (Plan) plan = model == NULL ? NULL : make_plan (model);
  g_autoptr (GByteArray) plain = NULL;

  if (plan == NULL || !is_small (plan))
    return 0;
  plain = run (model, SWDPU_PATH_PLAIN);
  for (guint path = SWDPU_PATH_FLOAT; path <= swdpu_best_path (); path++) {
    g_autoptr (GByteArray) other = run (model, path);

    if (memcmp (plain->data, other->data, plain->len) != 0)
      g_error ("path %u gives other results than plain integers", path);
  }
  return 0;
}
