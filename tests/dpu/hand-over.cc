/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* hand-over MODEL: the software DPU gets the model's file from who opens it, and
 * does not make libxir write the graph out again, which takes a time that grows
 * with the square of its operators. Exits 0 when that is so. */

#include <dpu/dpu.h>

#include <string>

static unsigned n_serialized;

/* stands before libxir's own: the program's symbols come first */
namespace xir
{
class GraphImp
{
public:
  void serialize_to_string (std::string *) const;
};

void
GraphImp::serialize_to_string (std::string *) const
{
  n_serialized++;
}
} // namespace xir

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = nullptr;
  g_autoptr (DpuModel) model = nullptr;
  g_autoptr (DpuRunner) first = nullptr;
  g_autoptr (DpuRunner) second = nullptr;

  if (argc != 2) {
    g_printerr ("usage: %s MODEL\n", argv[0]);
    return 2;
  }
  model = dpu_model_open (argv[1], DPU_DEVICE_CPU, &error);
  /* each needs a program of its own */
  if (model != nullptr)
    first = dpu_runner_new (model, 2, &error);
  if (first != nullptr)
    second = dpu_runner_new (model, 3, &error);
  if (n_serialized > 0)
    g_printerr ("the graph was written out %u times\n", n_serialized);
  else if (second == nullptr || !dpu_runner_execute (second, &error))
    g_printerr ("%s\n", error->message);
  else
    return 0;
  return 1;
}
