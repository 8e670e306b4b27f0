/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What a model's tensors mean: heads, strides, anchors, classes and labels. */

#include "yolov5/yolov5.h"
#include "yolov5/labels.h"
#include "yolov5/modelinfo.h"

#include <string.h>

#define INFO_SUFFIX ".modelinfo"

/* x, y, width, height and objectness come before the classes */
#define BOX_CHANNELS 5

#define RAW_HEADS                                                              \
  "the model must end in YOLOv5's raw heads (no decoding, no permute inside)"

struct _Yolov5Model {
  gatomicrefcount ref_count;
  Yolov5Tensor input;
  Yolov5Head heads[YOLOV5_MAX_HEADS];
  guint n_heads;
  guint n_classes;
  gchar **labels;
  gboolean has_assumed_labels;
  gboolean has_threshold;
  gfloat threshold;
  gboolean has_iou_threshold;
  gfloat iou_threshold;
  gboolean bgr;
  guint8 pad;
};

#define DEFAULT_ANCHORS_PER_HEAD 3

/* models/yolov5[nsmlx].yaml of YOLOv5: strides 8, 16, 32 */
static const Yolov5Anchor p5_anchors[] = {
  { 10, 13 },
  { 16, 30 },
  { 33, 23 },
  { 30, 61 },
  { 62, 45 },
  { 59, 119 },
  { 116, 90 },
  { 156, 198 },
  { 373, 326 },
};

/* models/hub/yolov5[nsmlx]6.yaml of YOLOv5: strides 8, 16, 32, 64 */
static const Yolov5Anchor p6_anchors[] = {
  { 19, 27 },
  { 44, 40 },
  { 38, 94 },
  { 96, 68 },
  { 86, 152 },
  { 180, 137 },
  { 140, 301 },
  { 303, 264 },
  { 238, 542 },
  { 436, 615 },
  { 739, 380 },
  { 925, 792 },
};

GQuark
yolov5_error_quark (void)
{
  return g_quark_from_static_string ("yolov5-error-quark");
}

static gboolean
check_input (const Yolov5Tensor *input, guint n_outputs, GError **error)
{
  if (input->width == 0 || input->height == 0 || input->channels != 3) {
    g_set_error (error, YOLOV5_ERROR, YOLOV5_ERROR_MODEL,
        "The model's input is %ux%u with %u channels; a YOLOv5 takes pictures "
        "with 3 channels",
        input->width, input->height, input->channels);
    return FALSE;
  }
  if (n_outputs == 0 || n_outputs > YOLOV5_MAX_HEADS) {
    g_set_error (error, YOLOV5_ERROR, YOLOV5_ERROR_MODEL,
        "The model has %u outputs, and a YOLOv5 has from 1 to %u heads; " RAW_HEADS,
        n_outputs, YOLOV5_MAX_HEADS);
    return FALSE;
  }
  return TRUE;
}

/* YOLOv5 has one stride per head, for both axes (models/yolo.py, m.stride) */
static gboolean
init_head (Yolov5Head *head, const Yolov5Tensor *input,
    const Yolov5Tensor *tensor, guint output, GError **error)
{
  head->output = output;
  head->tensor = *tensor;

  if (tensor->width == 0 || tensor->height == 0
      || input->width % tensor->width != 0
      || input->height % tensor->height != 0) {
    g_set_error (error, YOLOV5_ERROR, YOLOV5_ERROR_MODEL,
        "Output %u is %ux%u with %u channels, and the input's %ux%u pixels "
        "cannot be divided into as many cells; " RAW_HEADS,
        output, tensor->width, tensor->height, tensor->channels, input->width,
        input->height);
    return FALSE;
  }

  head->stride_x = input->width / tensor->width;
  head->stride_y = input->height / tensor->height;
  if (head->stride_x != head->stride_y) {
    g_set_error (error, YOLOV5_ERROR, YOLOV5_ERROR_MODEL,
        "Output %u is %ux%u with %u channels, so its cells are %ux%u pixels of "
        "the %ux%u input; a YOLOv5's cells are square; " RAW_HEADS,
        output, tensor->width, tensor->height, tensor->channels, head->stride_x,
        head->stride_y, input->width, input->height);
    return FALSE;
  }
  return TRUE;
}

/* the order of a model's outputs is the compiler's choice: only their sizes
 * tell which head is which */
static gboolean
add_heads (Yolov5Model *self, const Yolov5Tensor *outputs, guint n_outputs,
    GError **error)
{
  for (guint i = 0; i < n_outputs; i++) {
    Yolov5Head head = {
      0,
    };
    guint place = self->n_heads;

    if (!init_head (&head, &self->input, &outputs[i], i, error))
      return FALSE;
    for (; place > 0; place--) {
      const Yolov5Head *other = &self->heads[place - 1];

      if (other->stride_x == head.stride_x) {
        g_set_error (error, YOLOV5_ERROR, YOLOV5_ERROR_MODEL,
            "Outputs %u and %u are both %ux%u, and the heads of a YOLOv5 "
            "differ in size; " RAW_HEADS,
            other->output, i, head.tensor.width, head.tensor.height);
        return FALSE;
      }
      if (other->stride_x < head.stride_x)
        break;
      self->heads[place] = *other;
    }
    self->heads[place] = head;
    self->n_heads++;
  }
  return TRUE;
}

static gboolean
set_anchors (Yolov5Model *self, const Yolov5ModelInfo *info,
    const gchar *info_path, GError **error)
{
  const Yolov5Anchor *anchors = NULL;
  guint n_anchors = DEFAULT_ANCHORS_PER_HEAD;

  if (info->anchors) {
    anchors = (const Yolov5Anchor *) info->anchors->data;
    n_anchors = info->anchors->len / self->n_heads;
    if (info->anchors->len % self->n_heads != 0
        || n_anchors > YOLOV5_MAX_ANCHORS) {
      g_set_error (error, YOLOV5_ERROR, YOLOV5_ERROR_SETTINGS,
          "%s: anchors has %u numbers, which is not 2 x %u heads x the anchors "
          "of a head (1 to %u); give every head equally many width;height "
          "pairs",
          info_path, 2 * info->anchors->len, self->n_heads, YOLOV5_MAX_ANCHORS);
      return FALSE;
    }
  } else if (self->n_heads == 3) {
    anchors = p5_anchors;
  } else if (self->n_heads == 4) {
    anchors = p6_anchors;
  } else {
    g_set_error (error, YOLOV5_ERROR, YOLOV5_ERROR_MODEL,
        "The model has %u heads, and only the anchors of YOLOv5's models with "
        "3 or 4 heads are known; write anchors= into a .modelinfo file beside "
        "the model",
        self->n_heads);
    return FALSE;
  }

  for (guint i = 0; i < self->n_heads; i++) {
    Yolov5Head *head = &self->heads[i];

    head->n_anchors = n_anchors;
    for (guint j = 0; j < n_anchors; j++)
      head->anchors[j] = anchors[i * n_anchors + j];
  }
  return TRUE;
}

static gboolean
set_classes (Yolov5Model *self, GError **error)
{
  for (guint i = 0; i < self->n_heads; i++) {
    const Yolov5Head *head = &self->heads[i];
    const Yolov5Tensor *tensor = &head->tensor;
    guint channels = tensor->channels / head->n_anchors;

    if (tensor->channels % head->n_anchors != 0 || channels <= BOX_CHANNELS) {
      g_set_error (error, YOLOV5_ERROR, YOLOV5_ERROR_MODEL,
          "Output %u is %ux%u with %u channels, which is not %u anchors x "
          "(5 + classes); " RAW_HEADS,
          head->output, tensor->width, tensor->height, tensor->channels,
          head->n_anchors);
      return FALSE;
    }
    if (i == 0) {
      self->n_classes = channels - BOX_CHANNELS;
    } else if (self->n_classes != channels - BOX_CHANNELS) {
      const Yolov5Head *first = &self->heads[0];

      g_set_error (error, YOLOV5_ERROR, YOLOV5_ERROR_MODEL,
          "Output %u is %ux%u with %u channels, that is %u classes, but output "
          "%u is %ux%u with %u channels, that is %u classes; all heads must "
          "have the same classes",
          first->output, first->tensor.width, first->tensor.height,
          first->tensor.channels, self->n_classes, head->output, tensor->width,
          tensor->height, tensor->channels, channels - BOX_CHANNELS);
      return FALSE;
    }
  }
  return TRUE;
}

static gboolean
set_labels (Yolov5Model *self, Yolov5ModelInfo *info, const gchar *info_path,
    const gchar *label_path, GError **error)
{
  const gchar *path = label_path ? label_path : info_path;
  guint n_labels;

  if (label_path) {
    self->labels = yolov5_labels_read (label_path, error);
    if (!self->labels)
      return FALSE;
  } else if (info->labels) {
    self->labels = g_steal_pointer (&info->labels);
  } else if (self->n_classes == YOLOV5_N_COCO_LABELS) {
    self->labels = g_strdupv ((gchar **) yolov5_labels_of_coco ());
    self->has_assumed_labels = TRUE;
    return TRUE;
  } else {
    self->labels = g_new0 (gchar *, (gsize) self->n_classes + 1);
    for (guint i = 0; i < self->n_classes; i++)
      self->labels[i] = g_strdup_printf ("class %u", i);
    return TRUE;
  }

  n_labels = g_strv_length (self->labels);
  if (n_labels != self->n_classes) {
    g_set_error (error, YOLOV5_ERROR, YOLOV5_ERROR_SETTINGS,
        "%s has %u labels, but the model has %u classes; give one label per "
        "class, in the order the model was trained with",
        path, n_labels, self->n_classes);
    return FALSE;
  }
  return TRUE;
}

/**
 * yolov5_model_new:
 * @input: the model's input, height x width x 3
 * @outputs: (array length=n_outputs): the raw heads in any order, each
 *   height x width x (anchors * (5 + classes))
 * @info_path: (nullable): a .modelinfo file, see yolov5_model_find_info()
 * @label_path: (nullable): a file with one label per line, or a data.yaml; goes
 *   before the labels of @info_path
 *
 * Heads are told apart by their size. Without anchors in @info_path, 3 heads
 * have those of YOLOv5's P5 models and 4 heads those of its P6 models. Without
 * labels, 80 classes are COCO's.
 *
 * A model does not change and may be used in several threads.
 *
 * Returns: (transfer full): a model, or %NULL with a #Yolov5Error
 */
Yolov5Model *
yolov5_model_new (const Yolov5Tensor *input, const Yolov5Tensor *outputs,
    guint n_outputs, const gchar *info_path, const gchar *label_path,
    GError **error)
{
  g_autoptr (Yolov5Model) self = g_new0 (Yolov5Model, 1);
  g_auto (Yolov5ModelInfo) info = YOLOV5_MODEL_INFO_INIT;

  g_atomic_ref_count_init (&self->ref_count);
  self->input = *input;

  if (!check_input (input, n_outputs, error)
      || !add_heads (self, outputs, n_outputs, error))
    return NULL;
  if (info_path && !yolov5_model_info_read (&info, info_path, error))
    return NULL;
  if (!set_anchors (self, &info, info_path, error) || !set_classes (self, error)
      || !set_labels (self, &info, info_path, label_path, error))
    return NULL;

  self->has_threshold = info.has_threshold;
  self->threshold = info.threshold;
  self->has_iou_threshold = info.has_iou_threshold;
  self->iou_threshold = info.iou_threshold;
  self->bgr = info.bgr;
  self->pad = info.pad;
  return g_steal_pointer (&self);
}

/**
 * yolov5_model_find_info:
 * @model_path: file name of a model, like `street.xmodel`
 *
 * Looks for `street.xmodel.modelinfo`, then for `street.modelinfo`.
 *
 * Returns: (transfer full) (nullable): the file's name, or %NULL when the model
 *   has none
 */
gchar *
yolov5_model_find_info (const gchar *model_path)
{
  g_autofree gchar *appended = g_strconcat (model_path, INFO_SUFFIX, NULL);
  g_autofree gchar *replaced = NULL;
  g_autofree gchar *name = g_path_get_basename (model_path);
  const gchar *extension = strrchr (name, '.');

  if (g_file_test (appended, G_FILE_TEST_IS_REGULAR))
    return g_steal_pointer (&appended);

  /* a leading dot hides a file, it does not begin an extension */
  if (!extension || extension == name || !g_str_has_suffix (model_path, name))
    return NULL;
  replaced = g_strdup_printf ("%.*s" INFO_SUFFIX,
      (gint) (strlen (model_path) - strlen (extension)), model_path);
  if (g_file_test (replaced, G_FILE_TEST_IS_REGULAR))
    return g_steal_pointer (&replaced);
  return NULL;
}

Yolov5Model *
yolov5_model_ref (Yolov5Model *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
yolov5_model_unref (Yolov5Model *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_strfreev (self->labels);
  g_free (self);
}

const Yolov5Tensor *
yolov5_model_get_input (const Yolov5Model *self)
{
  return &self->input;
}

guint
yolov5_model_get_n_heads (const Yolov5Model *self)
{
  return self->n_heads;
}

/**
 * yolov5_model_get_head:
 * @index: from 0 for the smallest stride
 */
const Yolov5Head *
yolov5_model_get_head (const Yolov5Model *self, guint index)
{
  g_return_val_if_fail (index < self->n_heads, NULL);

  return &self->heads[index];
}

guint
yolov5_model_get_n_classes (const Yolov5Model *self)
{
  return self->n_classes;
}

/**
 * yolov5_model_get_label:
 * @class_id: below yolov5_model_get_n_classes()
 *
 * Returns: (transfer none): the label, or "class N" for a model without labels
 */
const gchar *
yolov5_model_get_label (const Yolov5Model *self, guint class_id)
{
  g_return_val_if_fail (class_id < self->n_classes, NULL);

  return self->labels[class_id];
}

/**
 * yolov5_model_has_assumed_labels:
 *
 * Returns: whether the labels are COCO's because nobody named the classes, of
 *   which there are as many
 */
gboolean
yolov5_model_has_assumed_labels (const Yolov5Model *self)
{
  return self->has_assumed_labels;
}

/**
 * yolov5_model_get_threshold:
 * @threshold: (out): set only when the model info has a threshold
 *
 * Returns: whether it has one
 */
gboolean
yolov5_model_get_threshold (const Yolov5Model *self, gfloat *threshold)
{
  if (self->has_threshold)
    *threshold = self->threshold;
  return self->has_threshold;
}

/**
 * yolov5_model_get_iou_threshold:
 * @iou_threshold: (out): set only when the model info has an IoU threshold
 *
 * Returns: whether it has one
 */
gboolean
yolov5_model_get_iou_threshold (const Yolov5Model *self, gfloat *iou_threshold)
{
  if (self->has_iou_threshold)
    *iou_threshold = self->iou_threshold;
  return self->has_iou_threshold;
}

/**
 * yolov5_model_is_bgr:
 *
 * Returns: whether the input's channels are blue, green, red
 */
gboolean
yolov5_model_is_bgr (const Yolov5Model *self)
{
  return self->bgr;
}

/**
 * yolov5_model_get_pad:
 *
 * Returns: level (0..255) of the bars beside or above the picture
 */
guint8
yolov5_model_get_pad (const Yolov5Model *self)
{
  return self->pad;
}
