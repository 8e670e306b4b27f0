/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Counts what a program allocates. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

gboolean allocations_are_counted (void);
guint64 allocations_count (void);

G_END_DECLS
