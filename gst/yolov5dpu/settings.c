/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What setting a property does, and what holds where the user leaves it to the
 * model. */

#include "settings.h"

#include <string.h>

#include "properties.h"

#define ID(field) GST_YOLOV5_PROPERTY_ID (GstYolov5Settings, field)

/* where neither the user nor the model's author says anything */
#define DEFAULT_THRESHOLD 0.25
#define DEFAULT_IOU_THRESHOLD 0.45

/**
 * gst_yolov5_settings_init:
 * @owner: the element
 *
 * Sets the defaults.
 */
void
gst_yolov5_settings_init (GstYolov5Settings *self, GObject *owner)
{
  memset (self, 0, sizeof (*self));
  self->owner = owner;
  gst_yolov5_properties_reset (self, owner);
  gst_yolov5_settings_use_model (self, NULL);
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
  gst_yolov5_properties_dup_strings (self, self->owner);
  if (source->class_rules)
    self->class_rules = yolov5_class_rules_ref (source->class_rules);
}

void
gst_yolov5_settings_clear (GstYolov5Settings *self)
{
  if (!self->owner)
    return;
  gst_yolov5_properties_free_strings (self, self->owner);
  g_clear_pointer (&self->class_rules, yolov5_class_rules_unref);
}

/**
 * gst_yolov5_settings_use_model:
 * @yolov5: (nullable): a model, or %NULL when it is closed
 *
 * Takes what the model's author wrote beside it, for what the user leaves unset.
 *
 * Returns: whether a threshold that can be read is another one now
 */
gboolean
gst_yolov5_settings_use_model (
    GstYolov5Settings *self, const Yolov5Model *yolov5)
{
  gfloat threshold = DEFAULT_THRESHOLD;
  gfloat iou_threshold = DEFAULT_IOU_THRESHOLD;
  gboolean changed;

  if (yolov5) {
    yolov5_model_get_threshold (yolov5, &threshold);
    yolov5_model_get_iou_threshold (yolov5, &iou_threshold);
  }
  changed = (self->threshold < 0 && self->model_threshold != threshold)
            || (self->iou_threshold < 0
                && self->model_iou_threshold != iou_threshold);
  self->model_threshold = threshold;
  self->model_iou_threshold = iou_threshold;
  return changed;
}

static gfloat
get_threshold (const GstYolov5Settings *self)
{
  return self->threshold < 0 ? self->model_threshold : self->threshold;
}

static gfloat
get_iou_threshold (const GstYolov5Settings *self)
{
  return self->iou_threshold < 0 ? self->model_iou_threshold
                                 : self->iou_threshold;
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
 * Returns: whether all of them are there; @error names the property where not
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
    g_prefix_error (error, "The property \"classes\" cannot be: ");
    return FALSE;
  }
  g_clear_pointer (&self->class_rules, yolov5_class_rules_unref);
  if (!make_class_rules (yolov5, self->classes, self->class_thresholds,
          &self->class_rules, error)) {
    g_prefix_error (error, "The property \"class-thresholds\" cannot be: ");
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
 * @pspec: of a property from gst_yolov5_settings_install()
 * @yolov5: (nullable): the model that is open
 * @error: #Yolov5Error
 *
 * Returns: whether the value was taken
 */
gboolean
gst_yolov5_settings_set (GstYolov5Settings *self, GParamSpec *pspec,
    const GValue *value, const Yolov5Model *yolov5, GError **error)
{
  switch (pspec->param_id) {
    case ID (model_path):
      set_path (&self->model_path, value);
      return TRUE;
    case ID (info_path):
      set_path (&self->info_path, value);
      return TRUE;
    case ID (label_path):
      set_path (&self->label_path, value);
      return TRUE;
    case ID (firmware_path):
      set_path (&self->firmware_path, value);
      return TRUE;
    case ID (classes):
      return set_classes (self, &self->classes, value, yolov5, error);
    case ID (class_thresholds):
      return set_classes (self, &self->class_thresholds, value, yolov5, error);
    default:
      break;
  }

  gst_yolov5_properties_set (self, pspec, value);
  return TRUE;
}

/**
 * gst_yolov5_settings_get:
 * @pspec: of a property from gst_yolov5_settings_install()
 * @value: (out): what holds, where the user left the choice to the model
 */
void
gst_yolov5_settings_get (
    const GstYolov5Settings *self, GParamSpec *pspec, GValue *value)
{
  switch (pspec->param_id) {
    case ID (threshold):
      g_value_set_float (value, get_threshold (self));
      break;
    case ID (iou_threshold):
      g_value_set_float (value, get_iou_threshold (self));
      break;
    default:
      gst_yolov5_properties_get (self, pspec, value);
  }
}

/**
 * gst_yolov5_settings_get_parameters:
 * @parameters: (out): how heads are to be decoded, but for the limits of sizes;
 *   the class rules are those of @self
 */
void
gst_yolov5_settings_get_parameters (
    const GstYolov5Settings *self, Yolov5Parameters *parameters)
{
  *parameters = (Yolov5Parameters){
    .threshold = get_threshold (self),
    .iou_threshold = get_iou_threshold (self),
    .max_detections = self->max_detections,
    .class_agnostic = self->class_agnostic,
    .class_rules = self->class_rules,
  };
}
