/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The detector's properties that can be set, as they are at one moment. */

#pragma once

#include <gst/gst.h>

#include "dpu/dpu.h"
#include "yolov5/yolov5.h"

G_BEGIN_DECLS

#define GST_TYPE_YOLOV5_DPU_DEVICE (gst_yolov5_dpu_device_get_type ())
GType gst_yolov5_dpu_device_get_type (void);

/**
 * GstYolov5DpuNoBlock:
 * @GST_YOLOV5_DPU_NO_BLOCK_FALSE: frames wait for the device
 * @GST_YOLOV5_DPU_NO_BLOCK_TRUE: frames pass while the device is busy
 * @GST_YOLOV5_DPU_NO_BLOCK_AUTO: frames of a live source pass, and do not wait
 *   long for the results of others either
 *
 * The first two are what the property was when it was a boolean.
 *
 * Since: 0.2
 */
typedef enum {
  GST_YOLOV5_DPU_NO_BLOCK_FALSE,
  GST_YOLOV5_DPU_NO_BLOCK_TRUE,
  GST_YOLOV5_DPU_NO_BLOCK_AUTO,
} GstYolov5DpuNoBlock;

#define GST_TYPE_YOLOV5_DPU_NO_BLOCK (gst_yolov5_dpu_no_block_get_type ())
GType gst_yolov5_dpu_no_block_get_type (void);

/* no threshold, but the wish to have the model's */
#define GST_YOLOV5_UNSET -1

/* most frames that are worked on at once */
#define GST_YOLOV5_MAX_SLOTS 16

/**
 * GstYolov5Settings:
 * @threshold: as the user set it, or %GST_YOLOV5_UNSET for the model's
 * @iou_threshold: likewise
 * @model_threshold: what the model's author says, or a default
 * @model_iou_threshold: likewise
 * @class_rules: (nullable): what @classes and @class_thresholds mean to the
 *   model that is open, %NULL when there is none or they ask for nothing
 * @min_box_size: in pixels of the frame
 * @max_box_size: in pixels of the frame, or 0
 *
 * What the properties say.
 */
typedef struct {
  gchar *model_path;
  gchar *info_path;
  gchar *label_path;
  DpuDevice device;
  guint max_in_flight;
  guint cpu_threads;
  GstClockTime timeout;
  gchar *firmware_path;
  gfloat threshold;
  gfloat iou_threshold;
  guint max_detections;
  gboolean class_agnostic;
  gchar *classes;
  gchar *class_thresholds;
  guint min_box_size;
  guint max_box_size;
  guint inference_interval;
  GstYolov5DpuNoBlock no_block;
  gboolean qos;
  gboolean post_messages;
  gboolean attach_roi_meta;

  gfloat model_threshold;
  gfloat model_iou_threshold;
  Yolov5ClassRules *class_rules;

  /*< private >*/
  GObject *owner;
} GstYolov5Settings;

void gst_yolov5_settings_install (GObjectClass *object_class);

void gst_yolov5_settings_init (GstYolov5Settings *self, GObject *owner);
void gst_yolov5_settings_copy (
    GstYolov5Settings *self, const GstYolov5Settings *source);
void gst_yolov5_settings_clear (GstYolov5Settings *self);
gboolean gst_yolov5_settings_use_model (
    GstYolov5Settings *self, const Yolov5Model *yolov5);
gboolean gst_yolov5_settings_use_classes (
    GstYolov5Settings *self, const Yolov5Model *yolov5, GError **error);
gboolean gst_yolov5_settings_set (GstYolov5Settings *self, GParamSpec *pspec,
    const GValue *value, const Yolov5Model *yolov5, GError **error);
void gst_yolov5_settings_get (
    const GstYolov5Settings *self, GParamSpec *pspec, GValue *value);
void gst_yolov5_settings_get_parameters (
    const GstYolov5Settings *self, Yolov5Parameters *parameters);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (GstYolov5Settings, gst_yolov5_settings_clear)

G_END_DECLS
