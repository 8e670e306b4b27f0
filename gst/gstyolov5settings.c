/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Defaults, documentation, setting and getting of the detector's properties. */

#include "gstyolov5settings.h"

#include <string.h>

enum {
  PROP_0,
  PROP_MODEL,
  PROP_MODEL_INFO,
  PROP_LABEL_FILE,
  PROP_DEVICE,
  PROP_THRESHOLD,
  PROP_IOU_THRESHOLD,
  PROP_MAX_DETECTIONS,
  PROP_MAX_IN_FLIGHT,
  PROP_CPU_THREADS,
  PROP_POST_MESSAGES,
};

G_STATIC_ASSERT (PROP_POST_MESSAGES == GST_YOLOV5_LAST_SETTING);

#define DEFAULT_DEVICE DPU_DEVICE_AUTO
#define DEFAULT_THRESHOLD 0.25
#define DEFAULT_IOU_THRESHOLD 0.45
#define DEFAULT_MAX_DETECTIONS 300
#define DEFAULT_MAX_IN_FLIGHT 0
#define DEFAULT_CPU_THREADS 0
#define DEFAULT_POST_MESSAGES FALSE

GType
gst_yolov5_dpu_device_get_type (void)
{
  static const GEnumValue values[] = {
    { DPU_DEVICE_AUTO, "The DPU if there is one, else the software DPU",
        "auto" },
    { DPU_DEVICE_DPU, "AMD's DPU", "dpu" },
    { DPU_DEVICE_CPU, "The software DPU", "cpu" },
    { 0, NULL, NULL },
  };
  static gsize type = 0;

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("GstYolov5DpuDevice", values));

  return type;
}

#define READY_FLAGS                                                            \
  (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY)
#define PLAYING_FLAGS                                                          \
  (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING)

/* what is read when the model is opened */
static void
install_model_properties (GObjectClass *object_class)
{
  /**
   * GstYolov5Dpu:model:
   *
   * The model: an .xmodel file compiled for the DPU, or, for the software DPU,
   * also one as the quantizer wrote it (`*_int.xmodel`).
   */
  g_object_class_install_property (object_class, PROP_MODEL,
      g_param_spec_string ("model", "Model",
          "Path of the .xmodel file with the YOLOv5 to run", NULL,
          READY_FLAGS));

  /**
   * GstYolov5Dpu:model-info:
   *
   * What the model itself does not say, as a key file with a group `[yolov5]`
   * and the keys `anchors`, `labels`, `threshold`, `iou-threshold`,
   * `channel-order` and `pad`, each of them optional. %NULL is the file beside
   * the model that is named as the model but ends in `.modelinfo`, if there is
   * one.
   */
  g_object_class_install_property (object_class, PROP_MODEL_INFO,
      g_param_spec_string ("model-info", "Model information",
          "Path of the .modelinfo file with anchors, labels and the like "
          "(NULL = beside the model, if there is one)",
          NULL, READY_FLAGS));

  /**
   * GstYolov5Dpu:label-file:
   *
   * The names of the classes, one per line. They count more than those in
   * #GstYolov5Dpu:model-info.
   */
  g_object_class_install_property (object_class, PROP_LABEL_FILE,
      g_param_spec_string ("label-file", "Label file",
          "Path of a file with the names of the classes, one per line", NULL,
          READY_FLAGS));

  /**
   * GstYolov5Dpu:device:
   *
   * What executes the model. If `auto` falls back to the software DPU, a
   * warning message says why.
   */
  g_object_class_install_property (object_class, PROP_DEVICE,
      g_param_spec_enum ("device", "Device", "What executes the model",
          GST_TYPE_YOLOV5_DPU_DEVICE, DEFAULT_DEVICE, READY_FLAGS));

  /**
   * GstYolov5Dpu:max-in-flight:
   *
   * How many frames are worked on at once. More of them use the DPU and the
   * processors better, fewer of them are done sooner when frames come faster
   * than they can be worked on. 0 is 3 with a DPU. With the software DPU it is
   * one more than there are processors, or groups of #GstYolov5Dpu:cpu-threads
   * processors.
   */
  g_object_class_install_property (object_class, PROP_MAX_IN_FLIGHT,
      g_param_spec_uint ("max-in-flight", "Maximum in flight",
          "How many frames are worked on at once (0 = automatic)", 0,
          GST_YOLOV5_MAX_SLOTS, DEFAULT_MAX_IN_FLIGHT, READY_FLAGS));

  /**
   * GstYolov5Dpu:cpu-threads:
   *
   * How many threads the software DPU uses for each of the frames it works on
   * at once. 0 is 1. More make a frame faster on processors that have nothing
   * else to do, and a great deal slower on busy ones.
   */
  g_object_class_install_property (object_class, PROP_CPU_THREADS,
      g_param_spec_uint ("cpu-threads", "CPU threads",
          "Threads of the software DPU for each frame in flight "
          "(0 = automatic)",
          0, 1024, DEFAULT_CPU_THREADS, READY_FLAGS));
}

/* what takes effect with the next frame */
static void
install_frame_properties (GObjectClass *object_class)
{
  /**
   * GstYolov5Dpu:threshold:
   *
   * The least confidence, that is objectness times class score, of a detection.
   * Unless it is set, the model's `.modelinfo` file may change it.
   */
  g_object_class_install_property (object_class, PROP_THRESHOLD,
      g_param_spec_float ("threshold", "Threshold",
          "Least confidence of a detection", 0, 1, DEFAULT_THRESHOLD,
          PLAYING_FLAGS));

  /**
   * GstYolov5Dpu:iou-threshold:
   *
   * Boxes of one class that overlap a better one by more than this
   * (intersection over union) are taken for the same object. Unless it is set,
   * the model's `.modelinfo` file may change it.
   */
  g_object_class_install_property (object_class, PROP_IOU_THRESHOLD,
      g_param_spec_float ("iou-threshold", "IoU threshold",
          "Overlap (intersection over union) above which two boxes are taken "
          "for the same object",
          0, 1, DEFAULT_IOU_THRESHOLD, PLAYING_FLAGS));

  /**
   * GstYolov5Dpu:max-detections:
   *
   * The most detections per frame. The best ones stay.
   */
  g_object_class_install_property (object_class, PROP_MAX_DETECTIONS,
      g_param_spec_uint ("max-detections", "Maximum detections",
          "Most detections per frame, of which the best ones stay", 1,
          G_MAXUINT16, DEFAULT_MAX_DETECTIONS, PLAYING_FLAGS));

  /**
   * GstYolov5Dpu:post-messages:
   *
   * Whether to post an element message with what was found in each frame, also
   * when it is nothing.
   */
  g_object_class_install_property (object_class, PROP_POST_MESSAGES,
      g_param_spec_boolean ("post-messages", "Post messages",
          "Post an element message with the detections of each frame",
          DEFAULT_POST_MESSAGES, PLAYING_FLAGS));
}

/**
 * gst_yolov5_settings_install:
 * @object_class: class of the detector element
 *
 * Installs the properties with the ids from 1 to %GST_YOLOV5_LAST_SETTING.
 */
void
gst_yolov5_settings_install (GObjectClass *object_class)
{
  install_model_properties (object_class);
  install_frame_properties (object_class);
}

/**
 * gst_yolov5_settings_init:
 *
 * Sets the defaults.
 */
void
gst_yolov5_settings_init (GstYolov5Settings *self)
{
  memset (self, 0, sizeof (*self));
  self->device = DEFAULT_DEVICE;
  self->max_in_flight = DEFAULT_MAX_IN_FLIGHT;
  self->cpu_threads = DEFAULT_CPU_THREADS;
  self->parameters.threshold = DEFAULT_THRESHOLD;
  self->parameters.iou_threshold = DEFAULT_IOU_THRESHOLD;
  self->parameters.max_detections = DEFAULT_MAX_DETECTIONS;
  self->post_messages = DEFAULT_POST_MESSAGES;
}

/**
 * gst_yolov5_settings_copy:
 * @self: (out): what was in it is not freed
 */
void
gst_yolov5_settings_copy (
    GstYolov5Settings *self, const GstYolov5Settings *source)
{
  *self = *source;
  self->model_path = g_strdup (source->model_path);
  self->info_path = g_strdup (source->info_path);
  self->label_path = g_strdup (source->label_path);
}

void
gst_yolov5_settings_clear (GstYolov5Settings *self)
{
  g_clear_pointer (&self->model_path, g_free);
  g_clear_pointer (&self->info_path, g_free);
  g_clear_pointer (&self->label_path, g_free);
}

/**
 * gst_yolov5_settings_use_model:
 * @yolov5: a model
 *
 * Takes what the model's author wrote beside it, unless the user set something
 * else.
 */
void
gst_yolov5_settings_use_model (
    GstYolov5Settings *self, const Yolov5Model *yolov5)
{
  gfloat threshold = DEFAULT_THRESHOLD;
  gfloat iou_threshold = DEFAULT_IOU_THRESHOLD;

  yolov5_model_get_threshold (yolov5, &threshold);
  yolov5_model_get_iou_threshold (yolov5, &iou_threshold);
  if (!self->threshold_set)
    self->parameters.threshold = threshold;
  if (!self->iou_threshold_set)
    self->parameters.iou_threshold = iou_threshold;
}

/**
 * gst_yolov5_settings_set:
 * @prop_id: from 1 to %GST_YOLOV5_LAST_SETTING
 */
void
gst_yolov5_settings_set (
    GstYolov5Settings *self, guint prop_id, const GValue *value)
{
  switch (prop_id) {
    case PROP_MODEL:
      g_free (self->model_path);
      self->model_path = g_value_dup_string (value);
      break;
    case PROP_MODEL_INFO:
      g_free (self->info_path);
      self->info_path = g_value_dup_string (value);
      break;
    case PROP_LABEL_FILE:
      g_free (self->label_path);
      self->label_path = g_value_dup_string (value);
      break;
    case PROP_DEVICE:
      self->device = g_value_get_enum (value);
      break;
    case PROP_THRESHOLD:
      self->parameters.threshold = g_value_get_float (value);
      self->threshold_set = TRUE;
      break;
    case PROP_IOU_THRESHOLD:
      self->parameters.iou_threshold = g_value_get_float (value);
      self->iou_threshold_set = TRUE;
      break;
    case PROP_MAX_DETECTIONS:
      self->parameters.max_detections = g_value_get_uint (value);
      break;
    case PROP_MAX_IN_FLIGHT:
      self->max_in_flight = g_value_get_uint (value);
      break;
    case PROP_CPU_THREADS:
      self->cpu_threads = g_value_get_uint (value);
      break;
    case PROP_POST_MESSAGES:
      self->post_messages = g_value_get_boolean (value);
      break;
    default:
      g_assert_not_reached ();
  }
}

/**
 * gst_yolov5_settings_get:
 * @prop_id: from 1 to %GST_YOLOV5_LAST_SETTING
 */
void
gst_yolov5_settings_get (
    const GstYolov5Settings *self, guint prop_id, GValue *value)
{
  switch (prop_id) {
    case PROP_MODEL:
      g_value_set_string (value, self->model_path);
      break;
    case PROP_MODEL_INFO:
      g_value_set_string (value, self->info_path);
      break;
    case PROP_LABEL_FILE:
      g_value_set_string (value, self->label_path);
      break;
    case PROP_DEVICE:
      g_value_set_enum (value, self->device);
      break;
    case PROP_THRESHOLD:
      g_value_set_float (value, self->parameters.threshold);
      break;
    case PROP_IOU_THRESHOLD:
      g_value_set_float (value, self->parameters.iou_threshold);
      break;
    case PROP_MAX_DETECTIONS:
      g_value_set_uint (value, self->parameters.max_detections);
      break;
    case PROP_MAX_IN_FLIGHT:
      g_value_set_uint (value, self->max_in_flight);
      break;
    case PROP_CPU_THREADS:
      g_value_set_uint (value, self->cpu_threads);
      break;
    case PROP_POST_MESSAGES:
      g_value_set_boolean (value, self->post_messages);
      break;
    default:
      g_assert_not_reached ();
  }
}
