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

/* all nodes but the input, so that the first that is wrong is named */
static gchar **
list_outputs (const RandomGraph *graph)
{
  gchar **names = g_new0 (gchar *, graph->nodes->len);

  for (guint i = 1; i < graph->nodes->len; i++)
    names[i - 1] = node_get_name (i);
  return names;
}

static Plan *
make_plan (const RandomGraph *graph, GError **error)
{
  g_autoptr (GBytes) bytes = graph->compiled
                                 ? random_graph_write_compiled (graph)
                                 : random_graph_write_quantized (graph);
  g_autoptr (Xmodel) model = xmodel_parse (bytes, error);
  g_auto (GStrv) outputs = list_outputs (graph);
  const gchar *const *names = (const gchar *const *) outputs;

  if (model == NULL)
    return NULL;
  if (!graph->compiled)
    return plan_new_from_quantized (model, names, error);
  return plan_new_from_compiled (
      model, xmodel_get_root (model)->children[1], names, error);
}

static gboolean
check_output (const RandomGraph *graph, guint32 seed, SwdpuPath path,
    SwdpuContext *context, guint index)
{
  const Node *node = random_graph_node (graph, index);
  const gint8 *actual = swdpu_context_get_output (context, index - 1);
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
check_path (const RandomGraph *graph, guint32 seed, SwdpuPath path)
{
  g_autoptr (GError) error = NULL;
  Plan *plan = make_plan (graph, &error);
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
  for (guint i = 1; i < graph->nodes->len; i++) {
    if (!check_output (graph, seed, path, context, i))
      return FALSE;
  }
  return TRUE;
}

static guint
count_faults (guint32 seed, gboolean compiled)
{
  g_autoptr (RandomGraph) graph = random_graph_new (seed, compiled);
  guint n_faults = 0;

  for (guint path = SWDPU_PATH_PLAIN; path <= swdpu_best_path (); path++)
    n_faults += !check_path (graph, seed, path);
  return n_faults;
}

int
main (int argc, char **argv)
{
  guint n_graphs = argc > 1 ? atoi (argv[1]) : 300;
  guint first = argc > 2 ? atoi (argv[2]) : 1;
  guint n_faults = 0;

  for (guint i = 0; i < n_graphs; i++)
    n_faults += count_faults (first + i, i % 2);
  g_print ("%u graphs, paths up to %s, %u faults\n", n_graphs,
      path_names[swdpu_best_path ()], n_faults);
  return n_faults > 0;
}
