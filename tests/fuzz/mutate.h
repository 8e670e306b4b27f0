/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The fuzzers' own way to change models. */

#pragma once

#include <glib.h>

size_t LLVMFuzzerCustomMutator (
    guint8 *data, size_t size, size_t max_size, unsigned int seed);
