/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Plans rows for kernels that shuffle bytes: where the windows begin that a
 * look-up can reach, and which of their bytes it takes. Any format and scale is
 * the same to such a kernel, and no window reaches beyond the source. */

#include "taps.h"

#include <string.h>

/* byte offsets of the samples of an output of the first component */
typedef struct {
  guint left;
  guint right;
} Tap;

static Tap
get_tap (const LetterboxTaps *taps, guint column)
{
  const gint16 unit = 1 << LETTERBOX_COLUMN_WEIGHT_BITS;
  guint i = MIN (column, taps->n - 1);
  Tap tap = { taps->offsets[i], taps->offsets[i] + taps->step };

  /* all of one sample needs no other */
  if (taps->weights[i] == 0)
    tap.right = tap.left;
  else if (taps->weights[i] == unit)
    tap.left = tap.right;

  return tap;
}

static guint
last_component_offset (const LetterboxTaps *taps)
{
  return MAX (taps->component_offsets[0],
      taps->component_offsets[taps->n_components - 1]);
}

/* lays windows over the eight taps from @column on; which one holds each tap,
 * of all components, goes to @windows */
static guint
lay_windows (const LetterboxTaps *taps, guint column, guint window_size,
    guint source_size, guint32 starts[8], guint windows[8])
{
  guint n_covered = 0, n_windows = 0;
  gboolean is_covered[8] = { FALSE };
  guint i;

  while (n_covered < 8) {
    guint start = source_size - window_size;

    for (i = 0; i < 8; i++) {
      if (!is_covered[i])
        start = MIN (start, get_tap (taps, column + i).left);
    }
    for (i = 0; i < 8; i++) {
      Tap tap = get_tap (taps, column + i);
      guint last = tap.right + last_component_offset (taps);

      if (is_covered[i] || tap.left < start || last >= start + window_size)
        continue;
      is_covered[i] = TRUE;
      windows[i] = n_windows;
      n_covered++;
    }
    starts[n_windows++] = start;
  }

  return n_windows;
}

/* weights of the eight outputs from @column on */
static void
plan_weights (const LetterboxTaps *taps, const LetterboxShuffle *shuffle,
    guint column, guint8 weights[16])
{
  const gint16 unit = 1 << LETTERBOX_COLUMN_WEIGHT_BITS;
  guint i;

  for (i = 0; i < 8; i++) {
    gint16 weight = taps->weights[MIN (column + i, taps->n - 1)];
    guint left = shuffle->alternates ? 2 * i : i;
    guint right = shuffle->alternates ? 2 * i + 1 : i + 8;

    /* the tap has the right sample in both places */
    if (weight == unit)
      weight = 0;
    if (taps->kind == LETTERBOX_TAPS_COARSE) {
      weights[right] = weight * shuffle->weight_unit / unit;
      weights[left] = shuffle->weight_unit - weights[right];
    } else {
      weight = (weight - shuffle->weight_bias) * (1 << shuffle->weight_shift);
      memcpy (weights + 2 * i, &weight, 2);
    }
  }
}

static void
plan_octet (LetterboxTaps *taps, const LetterboxShuffle *shuffle, guint octet,
    guint source_size)
{
  const guint n_together = shuffle->n_octets / taps->n_components;
  const guint block = octet / n_together, place = octet % n_together;
  guint32 starts[8];
  guint windows[8];
  guint n_windows = lay_windows (
      taps, 8 * octet, shuffle->window_size, source_size, starts, windows);
  guint k, i, c;

  for (k = 0; k < taps->n_windows; k++)
    taps->starts[(block * taps->n_windows + k) * n_together + place] =
        starts[MIN (k, n_windows - 1)];

  for (i = 0; i < 8; i++) {
    Tap tap = get_tap (taps, 8 * octet + i);
    gsize row = (block * taps->n_windows + windows[i]) * n_together + place;

    for (c = 0; c < taps->n_components; c++) {
      guint8 *controls = taps->controls + (row * taps->n_components + c) * 16;
      guint first = taps->component_offsets[c] - starts[windows[i]];

      controls[shuffle->alternates ? 2 * i : i] = first + tap.left;
      controls[shuffle->alternates ? 2 * i + 1 : i + 8] =
          taps->kind == LETTERBOX_TAPS_NEAREST ? 0xff : first + tap.right;
    }
  }
  plan_weights (taps, shuffle, 8 * octet,
      taps->shuffle_weights + 16 * (block * n_together + place));
}

static void
plan_shuffles (
    LetterboxTaps *taps, const LetterboxShuffle *shuffle, guint source_size)
{
  const guint n_together = shuffle->n_octets / taps->n_components;
  guint32 starts[8];
  guint windows[8];
  guint n_octets, octet;
  gsize controls_size;

  if (shuffle->window_size == 0 || source_size < shuffle->window_size)
    return;

  taps->n_blocks = (taps->n + 8 * n_together - 1) / (8 * n_together);
  n_octets = taps->n_blocks * n_together;
  for (octet = 0; octet < n_octets; octet++) {
    guint n = lay_windows (
        taps, 8 * octet, shuffle->window_size, source_size, starts, windows);

    taps->n_windows = MAX (taps->n_windows, n);
  }

  taps->starts = g_new (guint32, n_octets * taps->n_windows);
  controls_size = (gsize) n_octets * taps->n_windows * taps->n_components * 16;
  taps->controls = g_malloc (controls_size);
  memset (taps->controls, 0xff, controls_size);
  taps->shuffle_weights = g_malloc (n_octets * 16);
  for (octet = 0; octet < n_octets; octet++)
    plan_octet (taps, shuffle, octet, source_size);
}

static LetterboxTapsKind
find_kind (const LetterboxTaps *taps)
{
  const gint16 unit = 1 << LETTERBOX_COLUMN_WEIGHT_BITS;
  LetterboxTapsKind kind = LETTERBOX_TAPS_NEAREST;
  guint i;

  for (i = 0; i < taps->n; i++) {
    if (taps->weights[i] % (unit / 64) != 0)
      return LETTERBOX_TAPS_FINE;
    if (taps->weights[i] % unit != 0)
      kind = LETTERBOX_TAPS_COARSE;
  }

  return kind;
}

/* columns of @n_interleaved components become one row of outputs */
static void
copy_columns (LetterboxTaps *taps, const LetterboxColumns *columns,
    const guint *component_offsets, guint n_interleaved)
{
  guint i, c;

  taps->n = columns->n_columns * n_interleaved;
  taps->step = columns->step;
  taps->offsets = g_new (guint32, taps->n);
  taps->weights = g_new (gint16, taps->n);
  for (i = 0; i < columns->n_columns; i++) {
    for (c = 0; c < n_interleaved; c++) {
      guint output = i * n_interleaved + c;

      taps->offsets[output] = columns->offsets[i] + component_offsets[c];
      taps->weights[output] = columns->weights[i];
    }
  }
}

/**
 * letterbox_taps_init:
 * @taps: (out): taps, freed with letterbox_taps_clear()
 * @columns: where the columns are sampled
 * @component_offsets: bytes from the source to each component's first sample
 * @n_components: 1, 2 (a row of outputs for each), or 3 (which alternate in one)
 * @shuffle: what the kernels want
 */
void
letterbox_taps_init (LetterboxTaps *taps, const LetterboxColumns *columns,
    const guint *component_offsets, guint n_components,
    const LetterboxShuffle *shuffle)
{
  static const guint nowhere[1] = { 0 };
  guint last_offset = 0;
  guint i;

  memset (taps, 0, sizeof (*taps));
  for (i = 0; i < n_components; i++)
    last_offset = MAX (last_offset, component_offsets[i]);
  if (n_components == 3) {
    copy_columns (taps, columns, component_offsets, 3);
    taps->n_components = 1;
  } else {
    copy_columns (taps, columns, nowhere, 1);
    taps->n_components = n_components;
    memcpy (taps->component_offsets, component_offsets,
        n_components * sizeof (guint));
  }

  taps->kind = find_kind (taps);
  if (taps->kind == LETTERBOX_TAPS_NEAREST) {
    for (i = 0; i < taps->n; i++)
      taps->offsets[i] += taps->weights[i] == 0 ? 0 : taps->step;
    memset (taps->weights, 0, taps->n * sizeof (gint16));
    taps->step = 0;
  }
  taps->is_contiguous =
      taps->kind == LETTERBOX_TAPS_NEAREST && taps->n_components == 1;
  for (i = 0; i < taps->n; i++)
    taps->is_contiguous &= taps->offsets[i] == i;

  plan_shuffles (taps, shuffle, columns->span + last_offset);
}

void
letterbox_taps_clear (LetterboxTaps *taps)
{
  g_clear_pointer (&taps->offsets, g_free);
  g_clear_pointer (&taps->weights, g_free);
  g_clear_pointer (&taps->starts, g_free);
  g_clear_pointer (&taps->controls, g_free);
  g_clear_pointer (&taps->shuffle_weights, g_free);
}
