/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* decoder [RUNS]: what decoding and suppression take for heads of random logits, with
 * few and with very many candidates, and what the straight way takes for the
 * suppression alone: each candidate, best first, against all that are kept. The CPU
 * time of the thread, the median of some runs.
 *
 * decoder INDEX, with FRAMES in its environment, decodes that many frames of one case:
 * for what counts instructions. */

#include "yolov5/yolov5.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_RUNS 1000
#define N_HEADS 3
#define N_ANCHORS 3
#define FIX_POINT 3

/* objectness is random up to a logit: the higher, the more candidates. Boxes are
 * random too, or all as large as they can be, so that most are suppressed and
 * every candidate is compared with what is kept. */
static const struct {
  guint size;
  guint n_classes;
  gfloat threshold;
  gint highest;
  gboolean overlapping;
  guint max_detections;
} cases[] = {
  { 640, 80, 0.25, -20, FALSE, 300 },
  { 640, 80, 0.25, 30, FALSE, 300 },
  { 960, 80, 0.001, 127, TRUE, 300 },
  { 960, 12, 0.001, 127, TRUE, 300 },
  { 960, 1, 0.001, 127, TRUE, 300 },
  { 960, 80, 0.001, 127, TRUE, 65535 },
  { 960, 1, 0.001, 127, FALSE, 3000 },
};

static gdouble
get_milliseconds (void)
{
  struct timespec now;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

static int
compare (const void *a, const void *b)
{
  return (*(const gdouble *) a > *(const gdouble *) b)
         - (*(const gdouble *) a < *(const gdouble *) b);
}

static gboolean
overlap (const Yolov5Detection *a, const Yolov5Detection *b, gfloat threshold)
{
  gfloat width = MIN (a->x_max, b->x_max) - MAX (a->x_min, b->x_min);
  gfloat height = MIN (a->y_max, b->y_max) - MAX (a->y_min, b->y_min);
  gfloat area_a = (a->x_max - a->x_min) * (a->y_max - a->y_min);
  gfloat area_b = (b->x_max - b->x_min) * (b->y_max - b->y_min);

  if (width <= 0 || height <= 0)
    return FALSE;
  return width * height / (area_a + area_b - width * height) > threshold;
}

/* Returns: how many are kept, which are at the front of @candidates then */
static guint
suppress_straight (
    Yolov5Detection *candidates, guint n, const Yolov5Parameters *parameters)
{
  guint n_kept = 0;

  for (guint i = 0; i < n && n_kept < parameters->max_detections; i++) {
    guint k = 0;

    while (k < n_kept
           && (candidates[k].class_id != candidates[i].class_id
               || !overlap (
                   &candidates[k], &candidates[i], parameters->iou_threshold)))
      k++;
    if (k == n_kept)
      candidates[n_kept++] = candidates[i];
  }
  return n_kept;
}

/* milliseconds, once; ends the program where the decoder kept other boxes */
static gdouble
time_straight (Yolov5Decoder *decoder, const gint8 *const *outputs,
    const Yolov5Parameters *parameters)
{
  Yolov5Parameters all = *parameters;
  const Yolov5Detection *found;
  Yolov5Detection *candidates, *kept;
  guint n, n_kept, n_straight;
  gdouble time;

  /* nothing overlaps by more than all of it */
  all.iou_threshold = 1;
  all.max_detections = G_MAXUINT;
  found = yolov5_decoder_run (decoder, outputs, &all, &n);
  candidates = g_memdup2 (found, n * sizeof (*candidates));
  found = yolov5_decoder_run (decoder, outputs, parameters, &n_kept);
  kept = g_memdup2 (found, n_kept * sizeof (*kept));
  time = get_milliseconds ();
  n_straight = suppress_straight (candidates, n, parameters);
  time = get_milliseconds () - time;
  if (n_kept != n_straight
      || (n_kept > 0
          && memcmp (kept, candidates, n_kept * sizeof (*kept)) != 0)) {
    fprintf (stderr, "the decoder keeps other boxes than the straight way\n");
    exit (1);
  }
  g_free (candidates);
  g_free (kept);
  return time;
}

static void
measure (guint index, guint n_runs, gboolean compares)
{
  guint channels = N_ANCHORS * (5 + cases[index].n_classes);
  Yolov5Tensor input = { cases[index].size, cases[index].size, 3, 6 };
  Yolov5Tensor tensors[N_HEADS];
  gint8 *outputs[N_HEADS];
  Yolov5Parameters parameters = { .threshold = cases[index].threshold,
    .iou_threshold = cases[index].overlapping ? 0.05 : 0.45,
    .max_detections = cases[index].max_detections };
  GRand *rand = g_rand_new_with_seed (1);
  gdouble times[MAX_RUNS];
  Yolov5Decoder *decoder;
  Yolov5Model *model;
  guint n;

  for (guint i = 0; i < N_HEADS; i++) {
    guint side = cases[index].size / 8 >> i;

    tensors[i] = (Yolov5Tensor){ side, side, channels, FIX_POINT };
    outputs[i] = g_malloc (side * side * channels);
    for (guint k = 0; k < side * side * channels; k++) {
      guint channel = k % (channels / N_ANCHORS);

      outputs[i][k] = g_rand_int_range (
          rand, -128, channel == 4 ? cases[index].highest : 128);
      if (cases[index].overlapping && (channel == 2 || channel == 3))
        outputs[i][k] = 40;
    }
  }
  model = yolov5_model_new (&input, tensors, N_HEADS, NULL, NULL, NULL);
  decoder = yolov5_decoder_new (model);
  for (guint run = 0; run < n_runs; run++) {
    gdouble start = get_milliseconds ();

    yolov5_decoder_run (
        decoder, (const gint8 *const *) outputs, &parameters, &n);
    times[run] = get_milliseconds () - start;
  }
  qsort (times, n_runs, sizeof (*times), compare);
  if (compares)
    printf ("%4u  %7u  %9.3f  %10u  %7.3f  %8.3f\n", cases[index].size,
        cases[index].n_classes, cases[index].threshold, n, times[n_runs / 2],
        time_straight (decoder, (const gint8 *const *) outputs, &parameters));

  yolov5_decoder_free (decoder);
  yolov5_model_unref (model);
  for (guint i = 0; i < N_HEADS; i++)
    g_free (outputs[i]);
  g_rand_free (rand);
}

int
main (int argc, char **argv)
{
  guint n_runs = argc > 1 ? CLAMP (atoi (argv[1]), 1, MAX_RUNS) : 21;
  const gchar *frames = g_getenv ("FRAMES");

  if (frames != NULL && argc == 2) {
    measure (MIN (atoi (argv[1]), (gint) G_N_ELEMENTS (cases) - 1),
        CLAMP (atoi (frames), 1, MAX_RUNS), FALSE);
    return 0;
  }

  printf ("size  classes  threshold  detections  CPU ms  straight\n");
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    measure (i, n_runs, TRUE);
  return 0;
}
