/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* xir-order FILE...: our reader has operators in the order of libxir's topological
 * sort. Ends with 0 when that is so of all files. */

#include <xir/graph/graph.hpp>
#include <xir/op/op.hpp>

#include <xmodel/xmodel.h>

#include <iostream>
#include <string>

static bool
is_same_order (const char *path)
{
  g_autoptr (GError) error = nullptr;
  g_autoptr (GPtrArray) ops = g_ptr_array_new ();
  g_autoptr (Xmodel) model = xmodel_load (path, &error);
  auto graph = xir::Graph::deserialize (path);
  auto expected = graph->topological_sort ();

  if (model == nullptr || expected.size () != xmodel_get_n_ops (model)) {
    std::cout << path << ": not what libxir reads\n";
    return false;
  }
  for (guint i = 0; i < xmodel_get_n_ops (model); i++)
    g_ptr_array_add (ops, (gpointer) xmodel_get_op (model, i));
  xmodel_sort_ops (model, ops);
  for (guint i = 0; i < ops->len; i++) {
    auto name = static_cast<const XmodelOp *> (ops->pdata[i])->name;

    if (expected[i]->get_name () != name) {
      std::cout << path << ": operator " << i << " is " << name << ", not "
                << expected[i]->get_name () << '\n';
      return false;
    }
  }
  return true;
}

int
main (int argc, char **argv)
{
  bool same = argc > 1;

  for (int i = 1; i < argc; i++)
    same = is_same_order (argv[i]) && same;
  return same ? 0 : 1;
}
