/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What the processor has that kernels are written for. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  LETTERBOX_CPU_SSSE3 = 1 << 0,
  LETTERBOX_CPU_AVX2 = 1 << 1,
  LETTERBOX_CPU_NEON = 1 << 2,
} LetterboxCpu;

guint letterbox_cpu_detect (void);
guint letterbox_cpu_get (void);

G_END_DECLS
