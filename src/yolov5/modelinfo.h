/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What stands beside a model: its .modelinfo file. */

#pragma once

#include "yolov5/yolov5.h"

G_BEGIN_DECLS

/**
 * Yolov5ModelInfo:
 * @anchors: (nullable) (element-type Yolov5Anchor): of all heads, from the
 *   smallest stride to the largest
 * @labels: (nullable) (array zero-terminated=1)
 *
 * A .modelinfo file as read, with defaults for what it does not say.
 */
typedef struct {
  GArray *anchors;
  gchar **labels;
  gboolean has_threshold;
  gfloat threshold;
  gboolean has_iou_threshold;
  gfloat iou_threshold;
  gboolean bgr;
  guint8 pad;
} Yolov5ModelInfo;

#define YOLOV5_MODEL_INFO_INIT                                                 \
  {                                                                            \
    .bgr = FALSE, .pad = 114                                                   \
  }

gboolean yolov5_model_info_read (
    Yolov5ModelInfo *self, const gchar *path, GError **error);
void yolov5_model_info_clear (Yolov5ModelInfo *self);

gchar *yolov5_text_read (const gchar *path, const gchar *hint, GError **error);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Yolov5ModelInfo, yolov5_model_info_clear)

G_END_DECLS
