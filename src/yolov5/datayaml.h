/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The data.yaml of YOLOv5's training. */

#pragma once

#include "yolov5/yolov5.h"

G_BEGIN_DECLS

gchar **yolov5_data_yaml_parse (
    const gchar *text, const gchar *path, GError **error);

G_END_DECLS
