/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The parts of a report. Each fills its own fields, from the model alone or
 * from what those before it have found. */

#pragma once

#include "report.h"

G_BEGIN_DECLS

/* target.c: compiler, libraries, target */
void inspect_find_target (InspectReport *report);

/* subgraphs.c: subgraphs, inputs, outputs */
void inspect_find_subgraphs (InspectReport *report);

/* workload.c: multiply_adds, parameter_size */
void inspect_count_workload (InspectReport *report);

/* operators.c: cpu_ops */
void inspect_find_cpu_operators (InspectReport *report);

/* verdict.c: yolov5, info_path, verdict, reasons */
void inspect_judge (InspectReport *report);

/* hints.c: hints */
void inspect_find_hints (InspectReport *report);

G_END_DECLS
