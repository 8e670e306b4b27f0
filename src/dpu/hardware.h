/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The DPU that VART has opened: its cores and what they are. Opening and
 * closing belong on a guard's thread, as does the naming of a fingerprint. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _DpuHardware DpuHardware;

DpuHardware *dpu_hardware_open (GError **error);
void dpu_hardware_close (DpuHardware *self);
guint dpu_hardware_get_n_cores (const DpuHardware *self);
guint64 dpu_hardware_get_fingerprint (const DpuHardware *self, guint core);

gchar *dpu_target_get_name (guint64 fingerprint);

G_END_DECLS
