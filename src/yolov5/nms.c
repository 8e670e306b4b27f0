/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Non-maximum suppression: the best box of every pile of overlapping ones. */

#include "yolov5/nms.h"

#include <string.h>

#define INITIAL_CAPACITY 1024

/* confidences are sorted by the bits of their floats, three digits each */
#define DIGIT_BITS 10
#define N_DIGIT_VALUES (1 << DIGIT_BITS)
#define N_DIGITS 3
#define DIGIT(key, i) (((key) >> ((i) *DIGIT_BITS)) & (N_DIGIT_VALUES - 1))

typedef struct {
  guint32 key;
  guint32 candidate;
} SortEntry;

struct _Yolov5Nms {
  Yolov5Detection *candidates;
  guint n_candidates;
  SortEntry *order;
  SortEntry *scratch;
  guint capacity;
  Yolov5Detection *kept;
  guint kept_capacity;
};

Yolov5Nms *
yolov5_nms_new (void)
{
  Yolov5Nms *self = g_new0 (Yolov5Nms, 1);

  self->capacity = INITIAL_CAPACITY;
  self->candidates = g_new (Yolov5Detection, self->capacity);
  self->order = g_new (SortEntry, self->capacity);
  self->scratch = g_new (SortEntry, self->capacity);
  self->kept_capacity = INITIAL_CAPACITY;
  self->kept = g_new (Yolov5Detection, self->kept_capacity);
  return self;
}

void
yolov5_nms_free (Yolov5Nms *self)
{
  g_free (self->candidates);
  g_free (self->order);
  g_free (self->scratch);
  g_free (self->kept);
  g_free (self);
}

/* forgets the candidates of the frame before */
void
yolov5_nms_reset (Yolov5Nms *self)
{
  self->n_candidates = 0;
}

/**
 * yolov5_nms_add:
 *
 * Returns: (transfer none): a candidate to be filled in, with a confidence from
 *   0 to 1; valid until the next call
 */
Yolov5Detection *
yolov5_nms_add (Yolov5Nms *self)
{
  if (self->n_candidates == self->capacity) {
    self->capacity *= 2;
    self->candidates =
        g_renew (Yolov5Detection, self->candidates, self->capacity);
    self->order = g_renew (SortEntry, self->order, self->capacity);
    self->scratch = g_renew (SortEntry, self->scratch, self->capacity);
  }
  return &self->candidates[self->n_candidates++];
}

/* A stable radix sort: equals stay in the order they were added, and unlike
 * qsort() it allocates nothing. Floats from 0 to 1 compare like their bits. */
static void
sort_best_first (Yolov5Nms *self)
{
  static const gfloat highest = 1.0f;
  guint32 counts[N_DIGITS][N_DIGIT_VALUES] = {
    {
        0,
    },
  };
  guint32 highest_bits;

  memcpy (&highest_bits, &highest, sizeof highest_bits);
  for (guint i = 0; i < self->n_candidates; i++) {
    guint32 bits;

    memcpy (&bits, &self->candidates[i].confidence, sizeof bits);
    self->order[i].key = highest_bits - bits;
    self->order[i].candidate = i;
    for (guint digit = 0; digit < N_DIGITS; digit++)
      counts[digit][DIGIT (self->order[i].key, digit)]++;
  }

  for (guint digit = 0; digit < N_DIGITS; digit++) {
    SortEntry *sorted = self->scratch;
    guint32 place = 0;

    for (guint value = 0; value < N_DIGIT_VALUES; value++) {
      guint32 count = counts[digit][value];

      counts[digit][value] = place;
      place += count;
    }
    for (guint i = 0; i < self->n_candidates; i++) {
      guint32 value = DIGIT (self->order[i].key, digit);

      sorted[counts[digit][value]++] = self->order[i];
    }
    self->scratch = self->order;
    self->order = sorted;
  }
}

/* as torchvision.ops.nms() computes it; boxes without area overlap nothing */
static inline gboolean
overlap (
    const Yolov5Detection *a, const Yolov5Detection *b, gfloat iou_threshold)
{
  gfloat width = MIN (a->x_max, b->x_max) - MAX (a->x_min, b->x_min);
  gfloat height = MIN (a->y_max, b->y_max) - MAX (a->y_min, b->y_min);
  gfloat area_a, area_b, intersection;

  if (width <= 0 || height <= 0)
    return FALSE;
  area_a = (a->x_max - a->x_min) * (a->y_max - a->y_min);
  area_b = (b->x_max - b->x_min) * (b->y_max - b->y_min);
  intersection = width * height;
  return intersection / (area_a + area_b - intersection) > iou_threshold;
}

static gboolean
is_suppressed (const Yolov5Nms *self, const Yolov5Detection *candidate,
    guint n_kept, const Yolov5Parameters *parameters)
{
  for (guint i = 0; i < n_kept; i++) {
    const Yolov5Detection *kept = &self->kept[i];

    if ((parameters->class_agnostic || kept->class_id == candidate->class_id)
        && overlap (kept, candidate, parameters->iou_threshold))
      return TRUE;
  }
  return FALSE;
}

/**
 * yolov5_nms_run:
 * @n_detections: (out)
 *
 * Suppresses candidates that overlap a better one. Of equally confident
 * candidates the one added first is the better. The work grows with the number
 * of candidates times the number of detections, both of which are bounded.
 *
 * Returns: (transfer none) (array length=n_detections): the detections, best
 *   first; valid until the next run
 */
const Yolov5Detection *
yolov5_nms_run (
    Yolov5Nms *self, const Yolov5Parameters *parameters, guint *n_detections)
{
  guint n = MIN (self->n_candidates, YOLOV5_MAX_CANDIDATES);
  guint most = MIN (n, parameters->max_detections);
  guint n_kept = 0;

  sort_best_first (self);
  if (most > self->kept_capacity) {
    self->kept_capacity = MAX (most, 2 * self->kept_capacity);
    self->kept = g_renew (Yolov5Detection, self->kept, self->kept_capacity);
  }

  for (guint i = 0; i < n && n_kept < most; i++) {
    const Yolov5Detection *candidate =
        &self->candidates[self->order[i].candidate];

    if (!is_suppressed (self, candidate, n_kept, parameters))
      self->kept[n_kept++] = *candidate;
  }
  *n_detections = n_kept;
  return self->kept;
}
