/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What there is from READY to PAUSED and back: the opened model, the slots on
 * it, and the settings, of which some may not change meanwhile. */

#pragma once

#include "slot-pool.h"

G_BEGIN_DECLS

/**
 * GstYolov5Session:
 * @settings: what the properties say, under the object lock
 * @in_use: settings of the READY state are in use, under the object lock
 * @model: (nullable): the opened model; it comes and goes under the object lock
 * @slots: slots that are started as long as there is a model
 * @name: as what the element signs its marks as long as there is a model, in
 *   UTF-8
 * @path: likewise, its place in the pipeline
 */
typedef struct {
  GstYolov5Settings settings;
  gboolean in_use;
  GstYolov5OpenedModel *model;
  GstYolov5SlotPool *slots;
  gchar *name;
  gchar *path;

  /*< private >*/
  GstElement *element;
} GstYolov5Session;

void gst_yolov5_session_init (GstYolov5Session *self, GstElement *element);
void gst_yolov5_session_clear (GstYolov5Session *self);

gboolean gst_yolov5_session_check (GstYolov5Session *self);
gboolean gst_yolov5_session_open (
    GstYolov5Session *self, GCancellable *cancellable);
void gst_yolov5_session_close (GstYolov5Session *self);
GstEvent *gst_yolov5_session_describe (GstYolov5Session *self);

G_END_DECLS
