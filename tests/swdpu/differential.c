/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* differential [N [FIRST]]: N random graphs, in the quantizer's and the compiler's
 * form, give on every path of the software DPU what 64-bit integers give. Says
 * which of them did not; FIRST is the seed to begin with. */

#include "randomgraph.h"

#include <swdpu/program.h>
#include <xmodel/xmodel.h>

#include <stdlib.h>
#include <string.h>

static const gchar *const path_names[] = { "plain", "float", "tiles", "int8",
  "fused" };

/* all nodes but the input, so that the first that is wrong is named; or those alone
 * that nobody reads, so that the others may lie where the program wants them */
static GArray *
list_outputs (const RandomGraph *graph, gboolean leaves)
{
  g_autofree gboolean *is_read = g_new0 (gboolean, graph->nodes->len);
  GArray *outputs = g_array_new (FALSE, FALSE, sizeof (guint));

  for (guint i = 0; i < graph->nodes->len; i++) {
    const Node *node = random_graph_node (graph, i);

    for (guint j = 0; j < node->n_inputs; j++)
      is_read[node->inputs[j]] = TRUE;
  }
  for (guint i = 1; i < graph->nodes->len; i++) {
    if (!leaves || !is_read[i])
      g_array_append_val (outputs, i);
  }
  return outputs;
}

static gchar **
name_outputs (const GArray *outputs)
{
  gchar **names = g_new0 (gchar *, outputs->len + 1);

  for (guint i = 0; i < outputs->len; i++)
    names[i] = node_get_name (g_array_index (outputs, guint, i));
  return names;
}

static Plan *
make_plan (const RandomGraph *graph, const GArray *outputs, GError **error)
{
  g_autoptr (GBytes) bytes = graph->compiled
                                 ? random_graph_write_compiled (graph)
                                 : random_graph_write_quantized (graph);
  g_autoptr (Xmodel) model = xmodel_parse (bytes, error);
  g_auto (GStrv) strings = name_outputs (outputs);
  const gchar *const *names = (const gchar *const *) strings;

  if (model == NULL)
    return NULL;
  if (!graph->compiled)
    return plan_new_from_quantized (model, names, error);
  return plan_new_from_compiled (
      model, xmodel_get_root (model)->children[1], names, error);
}

static gboolean
check_output (const RandomGraph *graph, guint32 seed, SwdpuPath path,
    const gint8 *actual, guint index)
{
  const Node *node = random_graph_node (graph, index);
  gsize n = node_get_size (node);

  if (memcmp (actual, node->values, n) == 0)
    return TRUE;
  for (gsize i = 0; i < n; i++) {
    if (actual[i] == node->values[i])
      continue;
    g_printerr ("seed %u, %s, %s path: node %u of type %d, %ux%ux%u at fix "
                "point %d, is %d instead of %d at %" G_GSIZE_FORMAT "\n",
        seed, graph->compiled ? "compiled" : "quantized", path_names[path],
        index, node->type, node->dims[1], node->dims[2], node->dims[3],
        node->fix_point, actual[i], node->values[i], i);
    return FALSE;
  }
  return TRUE;
}

static gboolean
check_path (const RandomGraph *graph, guint32 seed, SwdpuPath path,
    gboolean leaves, guint *n_hosted)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) outputs = list_outputs (graph, leaves);
  Plan *plan = make_plan (graph, outputs, &error);
  g_autoptr (SwdpuProgram) program = NULL;
  g_autoptr (SwdpuContext) context = NULL;

  if (plan != NULL)
    program = swdpu_program_new (plan, 1, path, &error);
  if (program != NULL)
    context = swdpu_context_new (program, &error);
  if (context != NULL)
    memcpy (swdpu_context_get_input (context, 0),
        random_graph_node (graph, 0)->values,
        node_get_size (random_graph_node (graph, 0)));
  if (context == NULL || !swdpu_context_run (context, &error)) {
    g_printerr ("seed %u, %s: %s\n", seed,
        graph->compiled ? "compiled" : "quantized", error->message);
    return FALSE;
  }
  for (guint i = 0; i < plan->tensors->len; i++)
    *n_hosted += plan_tensor (plan, i)->is_hosted;
  for (guint i = 0; i < outputs->len; i++) {
    if (!check_output (graph, seed, path, swdpu_context_get_output (context, i),
            g_array_index (outputs, guint, i)))
      return FALSE;
  }
  return TRUE;
}

static guint
count_faults (guint32 seed, gboolean compiled, guint *n_hosted)
{
  g_autoptr (RandomGraph) graph = random_graph_new (seed, compiled);
  guint n_faults = 0;

  for (guint path = SWDPU_PATH_PLAIN; path <= swdpu_best_path (); path++)
    n_faults += !check_path (graph, seed, path, FALSE, n_hosted)
                || !check_path (graph, seed, path, TRUE, n_hosted);
  return n_faults;
}

int
main (int argc, char **argv)
{
  guint n_graphs = argc > 1 ? atoi (argv[1]) : 300;
  guint first = argc > 2 ? atoi (argv[2]) : 1;
  guint n_faults = 0, n_hosted = 0;

  for (guint i = 0; i < n_graphs; i++)
    n_faults += count_faults (first + i, i % 2, &n_hosted);
  g_print ("%u graphs, paths up to %s, %u tensors within others, %u faults\n",
      n_graphs, path_names[swdpu_best_path ()], n_hosted, n_faults);
  return n_faults > 0 || (n_graphs >= 100 && n_hosted == 0);
}
