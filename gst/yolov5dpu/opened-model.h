/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* An opened model. Elements with the same model on the same device share it, and
 * with it the weights. */

#pragma once

#include "settings.h"

G_BEGIN_DECLS

/**
 * GstYolov5OpenedModel:
 * @dpu: the model's tensors, for runners
 * @yolov5: what these tensors mean
 * @labels: (array): names of its classes
 *
 * Nothing in it changes until it is freed. Other elements may share @dpu.
 */
typedef struct {
  DpuModel *dpu;
  Yolov5Model *yolov5;
  GQuark *labels;
  guint max_in_flight;
  guint cpu_threads;
} GstYolov5OpenedModel;

gboolean gst_yolov5_opened_model_check_path (const gchar *path, GError **error);
GstYolov5OpenedModel *gst_yolov5_opened_model_open (
    const GstYolov5Settings *settings, GCancellable *cancellable,
    GError **error);
void gst_yolov5_opened_model_free (GstYolov5OpenedModel *self);
void gst_yolov5_opened_model_choose_slots (
    const GstYolov5OpenedModel *self, guint *n_slots, guint *cpu_threads);
void gst_yolov5_opened_model_add_work (
    const GstYolov5OpenedModel *self, gint n);
gboolean gst_yolov5_opened_model_is_slot_useful (
    const GstYolov5OpenedModel *self, guint n_used, guint n_at_work);

G_END_DECLS
