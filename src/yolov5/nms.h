/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Non-maximum suppression. */

#pragma once

#include "yolov5/yolov5.h"

G_BEGIN_DECLS

/* YOLOv5's max_nms: so many candidates take part, the best ones */
#define YOLOV5_MAX_CANDIDATES 30000

typedef struct _Yolov5Nms Yolov5Nms;

Yolov5Nms *yolov5_nms_new (void);
void yolov5_nms_free (Yolov5Nms *self);

void yolov5_nms_reset (Yolov5Nms *self);
Yolov5Detection *yolov5_nms_add (Yolov5Nms *self);
const Yolov5Detection *yolov5_nms_run (
    Yolov5Nms *self, const Yolov5Parameters *parameters, guint *n_detections);

G_END_DECLS
