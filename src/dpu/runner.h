/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* How runners are made, for the model that hands them out. */

#pragma once

#include "graph.h"

G_BEGIN_DECLS

DpuRunner *dpu_runner_new_for_graph (
    DpuGraph *graph, guint cpu_threads, GError **error);

G_END_DECLS
