/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The lock by which VART gives a DPU to one process. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

gchar *dpu_lock_find_denied (const gchar *path);
gchar *dpu_lock_find_holder (const gchar *path);

G_END_DECLS
