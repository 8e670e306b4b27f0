/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* An object on a frame. */

#pragma once

#include "metadata/detections.h"

G_BEGIN_DECLS

/**
 * OverlayObject:
 * @detection: its box, and what it was taken for
 * @id: the number that a tracker gave it, from 1, or 0
 * @label: what the tracker takes it for, or 0
 * @is_predicted: nobody looked at the frame: a tracker expects it there
 */
typedef struct {
  GstYolov5Detection detection;
  guint64 id;
  GQuark label;
  gboolean is_predicted;
} OverlayObject;

G_END_DECLS
