/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* XRT's count of devices, without its exceptions. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

guint dpu_count_devices (guint (*probe) (void));

G_END_DECLS
