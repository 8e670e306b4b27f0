/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* From int8 heads to candidate boxes. Nearly all cells are told to be empty by
 * comparing integers; only what passes is decoded. */

#include "yolov5/yolov5.h"
#include "yolov5/nms.h"

#include <math.h>
#include <string.h>

/* channels of one anchor, before its classes */
enum {
  CHANNEL_X,
  CHANNEL_Y,
  CHANNEL_WIDTH,
  CHANNEL_HEIGHT,
  CHANNEL_OBJECTNESS,
  N_BOX_CHANNELS,
};

/* one above the largest int8: nothing reaches it */
#define UNREACHABLE (G_MAXINT8 + 1)

/**
 * HeadDecoder:
 * @sigmoid: of every int8 logit q, at (guint8) q
 * @class_limit: for an objectness logit q, at (guint8) q: the smallest class
 *   logit that together with it exceeds the threshold
 * @objectness_limit: the smallest objectness logit for which there is one
 */
typedef struct {
  const Yolov5Head *head;
  gfloat sigmoid[256];
  gint16 class_limit[256];
  gint objectness_limit;
} HeadDecoder;

struct _Yolov5Decoder {
  Yolov5Model *model;
  HeadDecoder heads[YOLOV5_MAX_HEADS];
  guint n_heads;
  guint n_classes;
  /* the lowest of all classes, which the limits are for */
  gfloat threshold;
  Yolov5Nms *nms;
};

/* Both factors of obj * class > threshold rise with their logits, so the limit
 * falls while objectness rises. Products are those of the scores themselves. */
static void
set_limits (HeadDecoder *self, gfloat threshold)
{
  gint limit = UNREACHABLE;

  self->objectness_limit = UNREACHABLE;
  for (gint objectness = G_MININT8; objectness <= G_MAXINT8; objectness++) {
    gfloat score = self->sigmoid[(guint8) objectness];

    while (limit > G_MININT8
           && score * self->sigmoid[(guint8) (limit - 1)] > threshold)
      limit--;
    self->class_limit[(guint8) objectness] = limit;
    if (limit < UNREACHABLE && self->objectness_limit == UNREACHABLE)
      self->objectness_limit = objectness;
  }
}

static void
set_threshold (Yolov5Decoder *self, gfloat threshold)
{
  self->threshold = threshold;
  for (guint i = 0; i < self->n_heads; i++)
    set_limits (&self->heads[i], threshold);
}

/**
 * yolov5_decoder_new:
 * @model: (transfer none): may be shared with other decoders
 *
 * A decoder is for one thread at a time.
 */
Yolov5Decoder *
yolov5_decoder_new (Yolov5Model *model)
{
  Yolov5Decoder *self = g_new0 (Yolov5Decoder, 1);

  self->model = yolov5_model_ref (model);
  self->n_heads = yolov5_model_get_n_heads (model);
  self->n_classes = yolov5_model_get_n_classes (model);
  self->nms = yolov5_nms_new ();
  for (guint i = 0; i < self->n_heads; i++) {
    HeadDecoder *head = &self->heads[i];

    head->head = yolov5_model_get_head (model, i);
    for (gint q = G_MININT8; q <= G_MAXINT8; q++) {
      gdouble logit = ldexp (q, -head->head->tensor.fix_point);

      head->sigmoid[(guint8) q] = 1.0 / (1.0 + exp (-logit));
    }
  }
  set_threshold (self, 0);
  return self;
}

void
yolov5_decoder_free (Yolov5Decoder *self)
{
  yolov5_nms_free (self->nms);
  yolov5_model_unref (self->model);
  g_free (self);
}

/* without signs, as every processor has a maximum of unsigned bytes: x86 of 2003
 * has none of signed ones */
static inline gint8
largest (const gint8 *values, guint n)
{
  guint8 result = 0;

  for (guint i = 0; i < n; i++) {
    guint8 value = (guint8) values[i] ^ 0x80;

    result = MAX (result, value);
  }
  return (gint8) (result ^ 0x80);
}

/* models/yolo.py of YOLOv5, Detect.forward() */
static void
decode_box (const HeadDecoder *self, const gint8 *logits, guint index,
    Yolov5Detection *box)
{
  const Yolov5Head *head = self->head;
  guint cell = index / head->n_anchors;
  const Yolov5Anchor *anchor = &head->anchors[index % head->n_anchors];
  guint column = cell % head->tensor.width;
  guint row = cell / head->tensor.width;
  gfloat x = 2 * self->sigmoid[(guint8) logits[CHANNEL_X]] - 0.5f + column;
  gfloat y = 2 * self->sigmoid[(guint8) logits[CHANNEL_Y]] - 0.5f + row;
  gfloat width = 2 * self->sigmoid[(guint8) logits[CHANNEL_WIDTH]];
  gfloat height = 2 * self->sigmoid[(guint8) logits[CHANNEL_HEIGHT]];

  x *= head->stride_x;
  y *= head->stride_y;
  width *= width * anchor->width;
  height *= height * anchor->height;

  box->x_min = x - width / 2;
  box->y_min = y - height / 2;
  box->x_max = x + width / 2;
  box->y_max = y + height / 2;
}

static gboolean
is_wanted (const Yolov5Detection *box, const Yolov5Parameters *parameters)
{
  const Yolov5SizeLimits *limits = &parameters->size_limits;
  gfloat width = box->x_max - box->x_min;
  gfloat height = box->y_max - box->y_min;

  if (parameters->class_rules != NULL
      && box->confidence <= yolov5_class_rules_get_threshold (
             parameters->class_rules, box->class_id, parameters->threshold))
    return FALSE;

  return width >= limits->min_width && height >= limits->min_height
         && (limits->max_width == 0 || width <= limits->max_width)
         && (limits->max_height == 0 || height <= limits->max_height);
}

/* as YOLOv5's non_max_suppression() without multi_label: the best class only,
 * and what is not wanted is out before it suppresses others */
static void
add_candidate (Yolov5Decoder *self, const HeadDecoder *head,
    const gint8 *logits, guint index, const Yolov5Parameters *parameters)
{
  const gint8 *classes = logits + N_BOX_CHANNELS;
  gint8 best = largest (classes, self->n_classes);
  guint8 objectness = logits[CHANNEL_OBJECTNESS];
  Yolov5Detection candidate;

  if (best < head->class_limit[objectness])
    return;
  candidate.confidence =
      head->sigmoid[objectness] * head->sigmoid[(guint8) best];
  candidate.class_id =
      (const gint8 *) memchr (classes, best, self->n_classes) - classes;
  decode_box (head, logits, index, &candidate);
  if (is_wanted (&candidate, parameters))
    *yolov5_nms_add (self->nms) = candidate;
}

/* the anchors of all cells follow each other without a gap */
static void
scan_head (Yolov5Decoder *self, const HeadDecoder *head, const gint8 *logits,
    const Yolov5Parameters *parameters)
{
  const Yolov5Tensor *tensor = &head->head->tensor;
  guint n = tensor->height * tensor->width * head->head->n_anchors;
  guint step = N_BOX_CHANNELS + self->n_classes;
  gint limit = head->objectness_limit;

  if (limit == UNREACHABLE)
    return;
  for (guint i = 0; i < n; i++, logits += step) {
    if (logits[CHANNEL_OBJECTNESS] >= limit)
      add_candidate (self, head, logits, i, parameters);
  }
}

static gfloat
find_lowest_threshold (
    const Yolov5Decoder *self, const Yolov5Parameters *parameters)
{
  gfloat lowest = G_MAXFLOAT;

  if (parameters->class_rules == NULL)
    return parameters->threshold;
  for (guint i = 0; i < self->n_classes; i++)
    lowest =
        MIN (lowest, yolov5_class_rules_get_threshold (
                         parameters->class_rules, i, parameters->threshold));
  return lowest;
}

/**
 * yolov5_decoder_run:
 * @outputs: int8 NHWC data of every model output, in the order given to
 *   yolov5_model_new()
 * @parameters: may differ from run to run
 * @n_detections: (out)
 *
 * As in YOLOv5, a box has its best class only (of equal logits, the first), its
 * confidence must exceed the threshold, and it is dropped when its IoU with a
 * better box exceeds the IoU threshold. Boxes are in pixels of the model's
 * input and may reach beyond it. Of equally confident boxes the one comes first
 * that has the smaller stride, then the earlier cell row by row, then the
 * earlier anchor.
 *
 * Returns: (transfer none) (array length=n_detections): the detections, best
 *   first; the decoder's, valid until its next run
 */
const Yolov5Detection *
yolov5_decoder_run (Yolov5Decoder *self, const gint8 *const *outputs,
    const Yolov5Parameters *parameters, guint *n_detections)
{
  gfloat threshold = find_lowest_threshold (self, parameters);

  if (threshold != self->threshold)
    set_threshold (self, threshold);

  yolov5_nms_reset (self->nms);
  for (guint i = 0; i < self->n_heads; i++) {
    const HeadDecoder *head = &self->heads[i];

    scan_head (self, head, outputs[head->head->output], parameters);
  }
  return yolov5_nms_run (self->nms, parameters, n_detections);
}
