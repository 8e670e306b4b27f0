/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Non-maximum suppression: the best box of every pile of overlapping ones. */

#include "yolov5/nms.h"

#include <string.h>

#define INITIAL_CAPACITY 1024

/* Confidences are sorted by the bits of their floats, three digits each. Candidates
 * with the same first digit are a bin. */
#define DIGIT_BITS 10
#define N_DIGIT_VALUES (1 << DIGIT_BITS)
#define N_DIGITS 3
#define FIRST_DIGIT (N_DIGITS - 1)
/* smaller bins are sorted by insertion */
#define SMALL_BIN 32
#define DIGIT(key, i) (((key) >> ((i) *DIGIT_BITS)) & (N_DIGIT_VALUES - 1))

typedef struct {
  guint32 key;
  guint32 candidate;
} SortEntry;

/* so many boxes are compared at once, without a branch in between that would
 * keep the compiler from using vectors */
#define BLOCK 16
/* What a quotient of floats and a product may differ by, and more */
#define DOUBT 1e-5f

/* The boxes of a class that are kept, a list for each edge, as that is how vectors
 * of them are read. The last block is filled up with boxes that overlap nothing. */
typedef struct {
  gfloat *x_min;
  gfloat *y_min;
  gfloat *x_max;
  gfloat *y_max;
  gfloat *area;
  guint n;
  guint capacity;
} BoxList;

struct _Yolov5Nms {
  Yolov5Detection *candidates;
  guint n_candidates;
  SortEntry *order;
  SortEntry *scratch;
  guint capacity;
  Yolov5Detection *kept;
  guint kept_capacity;
  /* by class; the first is for all where classes do not matter */
  BoxList *boxes;
  guint n_lists;
};

static void
box_list_grow (BoxList *self)
{
  self->capacity = MAX (2 * self->capacity, BLOCK);
  self->x_min = g_renew (gfloat, self->x_min, self->capacity);
  self->y_min = g_renew (gfloat, self->y_min, self->capacity);
  self->x_max = g_renew (gfloat, self->x_max, self->capacity);
  self->y_max = g_renew (gfloat, self->y_max, self->capacity);
  self->area = g_renew (gfloat, self->area, self->capacity);
}

static void
box_list_clear (BoxList *self)
{
  g_free (self->x_min);
  g_free (self->y_min);
  g_free (self->x_max);
  g_free (self->y_max);
  g_free (self->area);
}

static inline gfloat
get_area (const Yolov5Detection *box)
{
  return (box->x_max - box->x_min) * (box->y_max - box->y_min);
}

static void
box_list_add (BoxList *self, const Yolov5Detection *box)
{
  if (self->n % BLOCK == 0) {
    if (self->n == self->capacity)
      box_list_grow (self);
    /* their left edges are right of any right one */
    for (guint i = self->n; i < self->n + BLOCK; i++) {
      self->x_min[i] = self->y_min[i] = G_MAXFLOAT;
      self->x_max[i] = self->y_max[i] = -G_MAXFLOAT;
      self->area[i] = 0;
    }
  }
  self->x_min[self->n] = box->x_min;
  self->y_min[self->n] = box->y_min;
  self->x_max[self->n] = box->x_max;
  self->y_max[self->n] = box->y_max;
  self->area[self->n] = get_area (box);
  self->n++;
}

static BoxList *
get_list (Yolov5Nms *self, guint class_id)
{
  if (class_id >= self->n_lists) {
    self->boxes = g_renew (BoxList, self->boxes, class_id + 1);
    memset (self->boxes + self->n_lists, 0,
        (class_id + 1 - self->n_lists) * sizeof (BoxList));
    self->n_lists = class_id + 1;
  }
  return &self->boxes[class_id];
}

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
  for (guint i = 0; i < self->n_lists; i++)
    box_list_clear (&self->boxes[i]);
  g_free (self->boxes);
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

/* a step of a stable radix sort; @counts: how many have each value, and then where
 * those after them begin */
static void
move_by_digit (
    const SortEntry *from, guint n, guint digit, guint32 *counts, SortEntry *to)
{
  guint32 place = 0;

  for (guint value = 0; value < N_DIGIT_VALUES; value++) {
    guint32 count = counts[value];

    counts[value] = place;
    place += count;
  }
  for (guint i = 0; i < n; i++)
    to[counts[DIGIT (from[i].key, digit)]++] = from[i];
}

/* All candidates into bins, the best first. Floats from 0 to 1 compare like their
 * bits. @ends: of the bins */
static void
sort_into_bins (Yolov5Nms *self, guint32 ends[N_DIGIT_VALUES])
{
  static const gfloat highest = 1.0f;
  guint32 highest_bits;

  memset (ends, 0, N_DIGIT_VALUES * sizeof (*ends));
  memcpy (&highest_bits, &highest, sizeof highest_bits);
  for (guint i = 0; i < self->n_candidates; i++) {
    guint32 bits;

    memcpy (&bits, &self->candidates[i].confidence, sizeof bits);
    self->scratch[i].key = highest_bits - bits;
    self->scratch[i].candidate = i;
    ends[DIGIT (self->scratch[i].key, FIRST_DIGIT)]++;
  }
  move_by_digit (
      self->scratch, self->n_candidates, FIRST_DIGIT, ends, self->order);
}

/* Only bins that are reached are sorted: most candidates are worse than the last
 * that is kept. Equals stay in the order they were added. */
static void
sort_bin (SortEntry *bin, guint n, SortEntry *scratch)
{
  guint32 counts[FIRST_DIGIT][N_DIGIT_VALUES];

  if (n <= SMALL_BIN) {
    for (guint i = 1; i < n; i++) {
      SortEntry entry = bin[i];
      guint place = i;

      for (; place > 0 && bin[place - 1].key > entry.key; place--)
        bin[place] = bin[place - 1];
      bin[place] = entry;
    }
    return;
  }
  memset (counts, 0, sizeof (counts));
  for (guint i = 0; i < n; i++) {
    for (guint digit = 0; digit < FIRST_DIGIT; digit++)
      counts[digit][DIGIT (bin[i].key, digit)]++;
  }
  move_by_digit (bin, n, 0, counts[0], scratch);
  move_by_digit (scratch, n, 1, counts[1], bin);
}

/* Whether one of a block of boxes may overlap @box by more than the threshold. A
 * product says nearly as much as the quotient does, and takes far less time. No
 * branches: see BLOCK. */
static inline gboolean
may_overlap_block (const BoxList *self, guint start, const Yolov5Detection *box,
    gfloat area, gfloat iou_threshold)
{
  gfloat limit = iou_threshold * (1 - DOUBT);
  gfloat limit_of_box = limit * area;
  guint32 any = 0;

  for (guint i = start; i < start + BLOCK; i++) {
    gfloat left = self->x_min[i] > box->x_min ? self->x_min[i] : box->x_min;
    gfloat top = self->y_min[i] > box->y_min ? self->y_min[i] : box->y_min;
    gfloat right = self->x_max[i] < box->x_max ? self->x_max[i] : box->x_max;
    gfloat bottom = self->y_max[i] < box->y_max ? self->y_max[i] : box->y_max;
    gfloat width = right - left > 0 ? right - left : 0;
    /* nothing or less where they do not meet from above */
    gfloat intersection = width * (bottom - top);

    /* more than the limit of what both cover together */
    any |= (guint32) (intersection * (1 + limit)
                      > limit * self->area[i] + limit_of_box);
  }
  return any != 0;
}

/* as torchvision.ops.nms() computes it; boxes without area overlap nothing */
static gboolean
overlap (const BoxList *self, guint i, const Yolov5Detection *box, gfloat area,
    gfloat iou_threshold)
{
  gfloat width =
      MIN (self->x_max[i], box->x_max) - MAX (self->x_min[i], box->x_min);
  gfloat height =
      MIN (self->y_max[i], box->y_max) - MAX (self->y_min[i], box->y_min);
  gfloat intersection;

  if (width <= 0 || height <= 0)
    return FALSE;
  intersection = width * height;
  return intersection / (self->area[i] + area - intersection) > iou_threshold;
}

static gboolean
is_suppressed (
    const BoxList *kept, const Yolov5Detection *candidate, gfloat iou_threshold)
{
  gfloat area = get_area (candidate);

  for (guint start = 0; start < kept->n; start += BLOCK) {
    if (!may_overlap_block (kept, start, candidate, area, iou_threshold))
      continue;
    for (guint i = start; i < MIN (start + BLOCK, kept->n); i++)
      if (overlap (kept, i, candidate, area, iou_threshold))
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
  guint n_kept = 0, sorted = 0;
  guint32 ends[N_DIGIT_VALUES];
  const guint32 *end = ends;

  sort_into_bins (self, ends);
  if (most > self->kept_capacity) {
    self->kept_capacity = MAX (most, 2 * self->kept_capacity);
    self->kept = g_renew (Yolov5Detection, self->kept, self->kept_capacity);
  }
  for (guint i = 0; i < self->n_lists; i++)
    self->boxes[i].n = 0;

  for (guint i = 0; i < n && n_kept < most; i++) {
    const Yolov5Detection *candidate;
    BoxList *rivals;

    for (; sorted <= i; sorted = *end++)
      sort_bin (self->order + sorted, *end - sorted, self->scratch);
    candidate = &self->candidates[self->order[i].candidate];
    rivals =
        get_list (self, parameters->class_agnostic ? 0 : candidate->class_id);

    if (!is_suppressed (rivals, candidate, parameters->iou_threshold)) {
      box_list_add (rivals, candidate);
      self->kept[n_kept++] = *candidate;
    }
  }
  *n_detections = n_kept;
  return self->kept;
}
