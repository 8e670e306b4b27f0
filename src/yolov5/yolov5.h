/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* YOLOv5 v6/v7: what a model's heads mean, their decoding from int8, and
 * non-maximum suppression. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define YOLOV5_ERROR (yolov5_error_quark ())
GQuark yolov5_error_quark (void);

/**
 * Yolov5Error:
 * @YOLOV5_ERROR_NOT_FOUND: a model info or label file cannot be read
 * @YOLOV5_ERROR_SETTINGS: a model info or label file says something impossible
 * @YOLOV5_ERROR_MODEL: the model's tensors are not those of a YOLOv5
 */
typedef enum {
  YOLOV5_ERROR_NOT_FOUND,
  YOLOV5_ERROR_SETTINGS,
  YOLOV5_ERROR_MODEL,
} Yolov5Error;

#define YOLOV5_MAX_HEADS 8
#define YOLOV5_MAX_ANCHORS 16

/* Yolov5Tensor: shape and fix point of an int8 NHWC tensor, batch 1 */
typedef struct {
  guint height;
  guint width;
  guint channels;
  gint fix_point;
} Yolov5Tensor;

/**
 * Yolov5Anchor:
 *
 * In pixels of the model's input.
 */
typedef struct {
  gfloat width;
  gfloat height;
} Yolov5Anchor;

/**
 * Yolov5Head:
 * @output: index of the model output it reads
 * @stride_x: input pixels per cell
 * @stride_y: input pixels per cell
 * @anchors: (array length=n_anchors)
 *
 * Channels of the output are anchor * (5 + classes) + {x, y, w, h, objectness,
 * class...}, all raw logits.
 */
typedef struct {
  guint output;
  Yolov5Tensor tensor;
  guint stride_x;
  guint stride_y;
  Yolov5Anchor anchors[YOLOV5_MAX_ANCHORS];
  guint n_anchors;
} Yolov5Head;

/**
 * Yolov5Detection:
 * @x_min: left edge in pixels of the model's input, not clamped
 * @confidence: objectness * class score, 0..1
 */
typedef struct {
  gfloat x_min;
  gfloat y_min;
  gfloat x_max;
  gfloat y_max;
  gfloat confidence;
  guint class_id;
} Yolov5Detection;

typedef struct _Yolov5ClassRules Yolov5ClassRules;

/**
 * Yolov5SizeLimits:
 *
 * Of boxes, in pixels of the model's input, before anything is cut off at the
 * border. A maximum of 0 is none.
 */
typedef struct {
  gfloat min_width;
  gfloat min_height;
  gfloat max_width;
  gfloat max_height;
} Yolov5SizeLimits;

/**
 * Yolov5Parameters:
 * @threshold: the confidence of a detection exceeds this, 0..1
 * @iou_threshold: boxes that overlap a better one by more than this are dropped
 * @max_detections: at most so many, the best ones
 * @class_agnostic: let boxes of different classes suppress each other
 * @class_rules: (nullable): what is different for single classes
 * @size_limits: other boxes are dropped before they can suppress any
 */
typedef struct {
  gfloat threshold;
  gfloat iou_threshold;
  guint max_detections;
  gboolean class_agnostic;
  const Yolov5ClassRules *class_rules;
  Yolov5SizeLimits size_limits;
} Yolov5Parameters;

typedef struct _Yolov5Model Yolov5Model;
typedef struct _Yolov5Decoder Yolov5Decoder;

Yolov5Model *yolov5_model_new (const Yolov5Tensor *input,
    const Yolov5Tensor *outputs, guint n_outputs, const gchar *info_path,
    const gchar *label_path, GError **error);
gchar *yolov5_model_find_info (const gchar *model_path);
Yolov5Model *yolov5_model_ref (Yolov5Model *self);
void yolov5_model_unref (Yolov5Model *self);

const Yolov5Tensor *yolov5_model_get_input (const Yolov5Model *self);
guint yolov5_model_get_n_heads (const Yolov5Model *self);
const Yolov5Head *yolov5_model_get_head (const Yolov5Model *self, guint index);
guint yolov5_model_get_n_classes (const Yolov5Model *self);
const gchar *yolov5_model_get_label (const Yolov5Model *self, guint class_id);
gboolean yolov5_model_has_assumed_labels (const Yolov5Model *self);
gboolean yolov5_model_get_threshold (
    const Yolov5Model *self, gfloat *threshold);
gboolean yolov5_model_get_iou_threshold (
    const Yolov5Model *self, gfloat *iou_threshold);
gboolean yolov5_model_is_bgr (const Yolov5Model *self);
guint8 yolov5_model_get_pad (const Yolov5Model *self);

Yolov5ClassRules *yolov5_class_rules_new (const Yolov5Model *model,
    const gchar *classes, const gchar *thresholds, GError **error);
Yolov5ClassRules *yolov5_class_rules_ref (Yolov5ClassRules *self);
void yolov5_class_rules_unref (Yolov5ClassRules *self);
gfloat yolov5_class_rules_get_threshold (
    const Yolov5ClassRules *self, guint class_id, gfloat threshold);

Yolov5Decoder *yolov5_decoder_new (Yolov5Model *model);
void yolov5_decoder_free (Yolov5Decoder *self);
const Yolov5Detection *yolov5_decoder_run (Yolov5Decoder *self,
    const gint8 *const *outputs, const Yolov5Parameters *parameters,
    guint *n_detections);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Yolov5Model, yolov5_model_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Yolov5ClassRules, yolov5_class_rules_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Yolov5Decoder, yolov5_decoder_free)

G_END_DECLS
