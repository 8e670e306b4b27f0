/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* How well labels are placed beside the detections of a clip, as yolov5json
 * writes them. */

#pragma once

#include "yolov5overlay/placement.h"

/**
 * LabelStatistics:
 * @n_labels: of all frames together; tags count, too
 * @n_forms: how many were drawn in which form
 * @n_covered: labels of which others hide more than a tenth
 * @n_overlapping_frames: frames on which labels overlap
 * @n_over_heads: labels that lie over the upper third of another object
 * @n_followed: labels whose object was on the frame before as well
 * @n_moved: labels of these that are elsewhere beside it than they were
 */
typedef struct {
  guint n_frames;
  guint n_labels;
  guint n_forms[OVERLAY_N_FORMS];
  guint n_covered;
  guint n_overlapping_frames;
  guint n_over_heads;
  guint n_followed;
  guint n_moved;
} LabelStatistics;

/**
 * LabelRule:
 * @LABELS_ABOVE: each label above its box, or in it, as yolov5overlay 0.1 had
 *   them
 * @LABELS_PLACED: as it has them now
 */
typedef enum { LABELS_ABOVE, LABELS_PLACED } LabelRule;

/* FALSE and a sentence on stderr if the file cannot be read */
gboolean label_statistics_measure (
    LabelStatistics *self, const gchar *path, LabelRule rule);
