/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* How large a model may be before this reader stops trusting it. All are far
 * above what a DPU can run. libxir's time grows with the square of the number
 * of operators: at the limit it takes some seconds. */

#pragma once

#include "xmodel.h"

#define XMODEL_MAX_BYTES (512 * 1024 * 1024)
/* libprotobuf itself stops at 100 */
#define XMODEL_MAX_NESTING 64
/* fields, and numbers in packed lists */
#define XMODEL_MAX_FIELDS 2000000
/* how many times its own size a file may take when it is unpacked, and how many
 * bytes it may take however small it is */
#define XMODEL_MAX_GROWTH 4
#define XMODEL_FREE_MEMORY (16 * 1024 * 1024)
/* of a map; real ones have a few dozen */
#define XMODEL_MAX_ENTRIES 1024
/* libxir finds every argument by comparing the names of all operators */
#define XMODEL_MAX_EDGES (2 * XMODEL_MAX_OPS)
#define XMODEL_MAX_NAME_BYTES 1024
#define XMODEL_MAX_SUBGRAPH_DEPTH 8
#define XMODEL_MAX_ARGUMENTS 64
#define XMODEL_MAX_DIMS 8
#define XMODEL_MAX_DIM (1 << 28)
#define XMODEL_MAX_BITS 64
/* libxir counts them in an int */
#define XMODEL_MAX_ELEMENTS ((guint64) G_MAXINT32)
/* kernels, strides, dilations, paddings: the DPU's registers are far smaller,
 * and libxir computes with them in 32 bits */
#define XMODEL_MAX_WINDOW (1 << 15)
/* libxir squares it in 32 bits, and divides by that */
#define XMODEL_MAX_SCALE (1 << 12)
#define XMODEL_MAX_FIX_POINT 127
#define XMODEL_MAX_RATIOS 64
