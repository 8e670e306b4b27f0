/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What keeps this process from using a DPU, found out without VART, which ends
 * the process or waits for good where it finds the same. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* where VART looks for the path of the bitstream */
#define DPU_FIRMWARE_VARIABLE "XLNX_VART_FIRMWARE"
#define DPU_FIRMWARE_CONFIG "/etc/vart.conf"

gchar *dpu_firmware_find (const gchar *config_path);

G_END_DECLS
