/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Setting and getting of the detector's properties. */

#include "gstyolov5settings-private.h"

#include <string.h>

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
  self->timeout = DEFAULT_TIMEOUT;
  self->parameters.threshold = DEFAULT_THRESHOLD;
  self->parameters.iou_threshold = DEFAULT_IOU_THRESHOLD;
  self->parameters.max_detections = DEFAULT_MAX_DETECTIONS;
  self->parameters.class_agnostic = DEFAULT_AGNOSTIC_NMS;
  self->min_box_size = DEFAULT_MIN_BOX_SIZE;
  self->max_box_size = DEFAULT_MAX_BOX_SIZE;
  self->inference_interval = DEFAULT_INFERENCE_INTERVAL;
  self->no_block = DEFAULT_NO_BLOCK;
  self->qos = DEFAULT_QOS;
  self->post_messages = DEFAULT_POST_MESSAGES;
  self->attach_roi_meta = DEFAULT_ATTACH_ROI_META;
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
  self->firmware_path = g_strdup (source->firmware_path);
  self->classes = g_strdup (source->classes);
  self->class_thresholds = g_strdup (source->class_thresholds);
  if (source->class_rules)
    self->class_rules = yolov5_class_rules_ref (source->class_rules);
}

void
gst_yolov5_settings_clear (GstYolov5Settings *self)
{
  g_clear_pointer (&self->model_path, g_free);
  g_clear_pointer (&self->info_path, g_free);
  g_clear_pointer (&self->label_path, g_free);
  g_clear_pointer (&self->firmware_path, g_free);
  g_clear_pointer (&self->classes, g_free);
  g_clear_pointer (&self->class_thresholds, g_free);
  g_clear_pointer (&self->class_rules, yolov5_class_rules_unref);
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

/* nothing asked for is nothing to do for each candidate */
static gboolean
make_class_rules (const Yolov5Model *yolov5, const gchar *classes,
    const gchar *thresholds, Yolov5ClassRules **rules, GError **error)
{
  *rules = NULL;
  if (!classes && !thresholds)
    return TRUE;
  *rules = yolov5_class_rules_new (yolov5, classes, thresholds, error);
  return *rules != NULL;
}

/**
 * gst_yolov5_settings_use_classes:
 * @yolov5: (nullable): a model, or %NULL when it is closed
 * @error: #Yolov5Error
 *
 * Finds out what the classes that were named are in the model.
 *
 * Returns: whether all of them are there; if not, the property that is wrong
 *   was unset, and what is left is to be tried again
 */
gboolean
gst_yolov5_settings_use_classes (
    GstYolov5Settings *self, const Yolov5Model *yolov5, GError **error)
{
  g_clear_pointer (&self->class_rules, yolov5_class_rules_unref);
  if (!yolov5)
    return TRUE;

  if (!make_class_rules (
          yolov5, self->classes, NULL, &self->class_rules, error)) {
    g_prefix_error (error, "The property \"classes\" is ignored: ");
    g_clear_pointer (&self->classes, g_free);
    return FALSE;
  }
  g_clear_pointer (&self->class_rules, yolov5_class_rules_unref);
  if (!make_class_rules (yolov5, self->classes, self->class_thresholds,
          &self->class_rules, error)) {
    g_prefix_error (error, "The property \"class-thresholds\" is ignored: ");
    g_clear_pointer (&self->class_thresholds, g_free);
    return FALSE;
  }
  return TRUE;
}

/* @member: self->classes or self->class_thresholds */
static gboolean
set_classes (GstYolov5Settings *self, gchar **member, const GValue *value,
    const Yolov5Model *yolov5, GError **error)
{
  gchar *old = *member;
  Yolov5ClassRules *rules = NULL;

  *member = g_value_dup_string (value);
  if (yolov5
      && !make_class_rules (
          yolov5, self->classes, self->class_thresholds, &rules, error)) {
    g_free (*member);
    *member = old;
    return FALSE;
  }

  g_free (old);
  g_clear_pointer (&self->class_rules, yolov5_class_rules_unref);
  self->class_rules = rules;
  return TRUE;
}

/* an empty path is none, as gst-launch-1.0 cannot write NULL */
static void
set_path (gchar **member, const GValue *value)
{
  const gchar *path = g_value_get_string (value);

  g_free (*member);
  *member = path && *path ? g_strdup (path) : NULL;
}

/**
 * gst_yolov5_settings_set:
 * @prop_id: from 1 to %GST_YOLOV5_LAST_SETTING
 * @yolov5: (nullable): the model that is open
 * @error: #Yolov5Error
 *
 * Returns: whether the value was taken
 */
gboolean
gst_yolov5_settings_set (GstYolov5Settings *self, guint prop_id,
    const GValue *value, const Yolov5Model *yolov5, GError **error)
{
  switch (prop_id) {
    case PROP_MODEL:
      set_path (&self->model_path, value);
      break;
    case PROP_MODEL_INFO:
      set_path (&self->info_path, value);
      break;
    case PROP_LABEL_FILE:
      set_path (&self->label_path, value);
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
    case PROP_TIMEOUT:
      self->timeout = g_value_get_uint64 (value);
      break;
    case PROP_XCLBIN:
      set_path (&self->firmware_path, value);
      break;
    case PROP_CLASSES:
      return set_classes (self, &self->classes, value, yolov5, error);
    case PROP_CLASS_THRESHOLDS:
      return set_classes (self, &self->class_thresholds, value, yolov5, error);
    case PROP_AGNOSTIC_NMS:
      self->parameters.class_agnostic = g_value_get_boolean (value);
      break;
    case PROP_MIN_BOX_SIZE:
      self->min_box_size = g_value_get_uint (value);
      break;
    case PROP_MAX_BOX_SIZE:
      self->max_box_size = g_value_get_uint (value);
      break;
    case PROP_INFERENCE_INTERVAL:
      self->inference_interval = g_value_get_uint (value);
      break;
    case PROP_NO_BLOCK:
      self->no_block = g_value_get_boolean (value);
      break;
    case PROP_QOS:
      self->qos = g_value_get_boolean (value);
      break;
    case PROP_POST_MESSAGES:
      self->post_messages = g_value_get_boolean (value);
      break;
    case PROP_ATTACH_ROI_META:
      self->attach_roi_meta = g_value_get_boolean (value);
      break;
    default:
      g_assert_not_reached ();
  }
  return TRUE;
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
    case PROP_TIMEOUT:
      g_value_set_uint64 (value, self->timeout);
      break;
    case PROP_XCLBIN:
      g_value_set_string (value, self->firmware_path);
      break;
    case PROP_CLASSES:
      g_value_set_string (value, self->classes);
      break;
    case PROP_CLASS_THRESHOLDS:
      g_value_set_string (value, self->class_thresholds);
      break;
    case PROP_AGNOSTIC_NMS:
      g_value_set_boolean (value, self->parameters.class_agnostic);
      break;
    case PROP_MIN_BOX_SIZE:
      g_value_set_uint (value, self->min_box_size);
      break;
    case PROP_MAX_BOX_SIZE:
      g_value_set_uint (value, self->max_box_size);
      break;
    case PROP_INFERENCE_INTERVAL:
      g_value_set_uint (value, self->inference_interval);
      break;
    case PROP_NO_BLOCK:
      g_value_set_boolean (value, self->no_block);
      break;
    case PROP_QOS:
      g_value_set_boolean (value, self->qos);
      break;
    case PROP_POST_MESSAGES:
      g_value_set_boolean (value, self->post_messages);
      break;
    case PROP_ATTACH_ROI_META:
      g_value_set_boolean (value, self->attach_roi_meta);
      break;
    default:
      g_assert_not_reached ();
  }
}
