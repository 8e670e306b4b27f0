/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Names of classes. */

#pragma once

#include "yolov5/yolov5.h"

G_BEGIN_DECLS

#define YOLOV5_N_COCO_LABELS 80

const gchar *const *yolov5_labels_of_coco (void);
gchar **yolov5_labels_read (const gchar *path, GError **error);

G_END_DECLS
