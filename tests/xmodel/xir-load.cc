/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Gives a file to libxir as the elements do, with its checks throwing. Ends with
 * 0 when libxir loads it, with 3 when it throws; whatever it does not survive
 * shows in another way. */

#include <UniLog/UniLog.hpp>
#include <xir/graph/graph.hpp>

#include <exception>
#include <iostream>

int
main (int argc, char **argv)
{
  if (argc != 2) {
    std::cerr << "usage: " << argv[0] << " FILE\n";
    return 2;
  }
  UniLog::mapLogConfig[UNI_LOG_CHECK_FAKE_LAYER] = true;
  try {
    auto graph = xir::Graph::deserialize (argv[1]);

    std::cout << "loaded " << graph->get_op_num () << " operators\n";
  } catch (const ErrorCode &error) {
    std::cout << "refused: " << error.getErrDsp () << '\n';
    return 3;
  } catch (const std::exception &error) {
    std::cout << "refused: " << error.what () << '\n';
    return 3;
  }
  return 0;
}
