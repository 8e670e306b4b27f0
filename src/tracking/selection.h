/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "tracking/tracking.h"

G_BEGIN_DECLS

/**
 * Selection:
 * @labels: (element-type GQuark): wanted ones; empty for all
 * @indices: (element-type guint): of the detections that were selected
 * @n_unusable: detections that nothing can be done with, or that nobody wants
 * @n_left_out: usable ones over the limit
 */
typedef struct {
  GArray *labels;
  GArray *indices;
  guint n_unusable;
  guint n_left_out;
} Selection;

void selection_init (Selection *self);
void selection_clear (Selection *self);
void selection_set_labels (
    Selection *self, const GQuark *labels, guint n_labels);
void selection_run (Selection *self, const TrackerDetection *detections,
    guint n_detections, gdouble threshold);

G_END_DECLS
