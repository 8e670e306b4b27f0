/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* vart-program RUNNER XMODEL INPUT OUTPUT: any VART program can use the software
 * DPU. This one names it in the "lib" attribute and, as programs for other
 * runners do, brings buffers of its own. Exits 0 when they come out equal. */

#include <vart/mm/host_flat_tensor_buffer.hpp>
#include <vart/runner.hpp>
#include <xir/attrs/attrs.hpp>
#include <xir/graph/graph.hpp>
#include <xir/graph/subgraph.hpp>
#include <xir/tensor/tensor.hpp>

#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace
{

using Libraries = std::map<std::string, std::string>;

std::vector<char>
read_file (const char *path)
{
  std::ifstream file (path, std::ios::binary);

  return { std::istreambuf_iterator<char> (file), {} };
}

char *
get_memory (vart::TensorBuffer &buffer)
{
  return reinterpret_cast<char *> (buffer.data ({ 0, 0, 0, 0 }).first);
}

bool
run (vart::Runner &runner, const char *input_path, const char *output_path)
{
  auto input_data = read_file (input_path);
  auto expected = read_file (output_path);
  vart::mm::HostFlatTensorBuffer input (runner.get_input_tensors ()[0]);
  vart::mm::HostFlatTensorBuffer output (runner.get_output_tensors ()[0]);

  if (input_data.size () != (std::size_t) input.get_tensor ()->get_data_size ()
      || expected.size ()
             != (std::size_t) output.get_tensor ()->get_data_size ())
    return false;
  std::memcpy (get_memory (input), input_data.data (), input_data.size ());
  auto job = runner.execute_async ({ &input }, { &output });
  return job.second == 0 && runner.wait ((int) job.first, -1) == 0
         && std::memcmp (
                get_memory (output), expected.data (), expected.size ())
                == 0;
}

} // namespace

int
main (int argc, char **argv)
{
  if (argc != 5) {
    std::cerr << "usage: " << argv[0] << " RUNNER XMODEL INPUT OUTPUT\n";
    return 2;
  }

  auto graph = xir::Graph::deserialize (argv[2]);
  auto root = graph->get_root_subgraph ();

  root->set_attr<std::string> ("device", "DPU");
  root->set_attr<Libraries> ("runner", { { "run", argv[1] } });

  /* by the subgraph's own entry, then by the attribute that overrides it */
  auto runner = vart::Runner::create_runner (root, "run");
  bool equal = runner != nullptr && run (*runner, argv[3], argv[4]);

  root->set_attr<Libraries> ("runner", { { "run", "not-there.so" } });
  auto attrs = xir::Attrs::create ();
  attrs->set_attr<std::string> ("mode", "run");
  attrs->set_attr<Libraries> ("lib", { { "DPU", argv[1] } });
  auto other = vart::Runner::create_runner_with_attrs (root, attrs.get ());
  equal = equal && other != nullptr && run (*other, argv[3], argv[4]);

  std::cout << (equal ? "equal" : "DIFFERS") << "\n";
  return equal ? 0 : 1;
}
