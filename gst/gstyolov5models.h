/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The models that are open in this process: elements with the same model on
 * the same device share it, and with it the weights. */

#pragma once

#include "dpu/dpu.h"

G_BEGIN_DECLS

DpuModel *gst_yolov5_models_acquire (
    const gchar *path, DpuDevice device, GError **error);
void gst_yolov5_models_release (DpuModel *model);

G_END_DECLS
