/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tile-packing.h"

#include <string.h>

/* what 16 bits hold */
#define LEAST_SUM (-32768)
#define LARGEST_SUM 32767
/* An entry joins one of the latest groups; with more of them to choose from,
 * groups hardly get larger. */
#define N_OPEN_GROUPS 8
#define MAX_LANES 32

/* what sums can reach, by channel and lane */
typedef struct {
  gint32 highest[MAX_LANES];
  gint32 lowest[MAX_LANES];
} Reach;

typedef struct {
  const SwdpuTileKernels *kernels;
  SwdpuTileRange range;
  guint n_lanes;
  GArray *offsets;
  GByteArray *weights;
  /* the group of each entry, and how many entries each group has */
  GArray *members;
  GArray *groups;
  Reach open[N_OPEN_GROUPS];
} Packer;

static guint
count_lanes (const SwdpuTileKernels *kernels)
{
  guint n = 0;

  for (guint i = 0; kernels->lane_of != NULL && i < kernels->unit; i++)
    n = MAX (n, kernels->lane_of[i] + 1u);
  return n;
}

static void
find_reach (const Packer *self, const gint8 *weights, Reach *reach)
{
  guint unit = self->kernels->unit;
  gint least = self->range.least, largest = self->range.largest;

  memset (reach, 0, sizeof (*reach));
  for (guint i = 0; i < self->kernels->channels * unit; i++) {
    guint lane = i / unit * self->n_lanes + self->kernels->lane_of[i % unit];
    gint32 weight = weights[i];

    reach->highest[lane] += weight * (weight > 0 ? largest : least);
    reach->lowest[lane] += weight * (weight > 0 ? least : largest);
  }
}

static gboolean
is_within (const Reach *a, const Reach *b)
{
  gint32 beyond = 0;

  for (guint i = 0; i < MAX_LANES; i++) {
    beyond |= a->highest[i] + b->highest[i] > LARGEST_SUM;
    beyond |= a->lowest[i] + b->lowest[i] < LEAST_SUM;
  }
  return !beyond;
}

static void
add_reach (Reach *self, const Reach *other)
{
  for (guint i = 0; i < MAX_LANES; i++) {
    self->highest[i] += other->highest[i];
    self->lowest[i] += other->lowest[i];
  }
}

/* the latest groups share the places in @open */
static guint
packer_choose_group (Packer *self, const Reach *reach)
{
  guint n = self->groups->len;

  for (guint i = n - MIN (n, N_OPEN_GROUPS); i < n; i++) {
    Reach *open = &self->open[i % N_OPEN_GROUPS];

    if (g_array_index (self->groups, guint16, i) < G_MAXUINT16
        && is_within (open, reach)) {
      add_reach (open, reach);
      return i;
    }
  }
  self->open[n % N_OPEN_GROUPS] = *reach;
  g_array_set_size (self->groups, n + 1);
  return n;
}

static void
packer_append (
    Packer *self, gint32 offset, const gint8 *weights, const Reach *reach)
{
  guint32 group = packer_choose_group (self, reach);

  g_array_append_val (self->offsets, offset);
  g_byte_array_append (self->weights, (const guint8 *) weights,
      self->kernels->channels * self->kernels->unit);
  g_array_append_val (self->members, group);
  g_array_index (self->groups, guint16, group)++;
}

/* an entry whose products alone are too large becomes two of half its weights */
static void
packer_add (Packer *self, gint32 offset, const gint8 *weights)
{
  guint n = self->kernels->channels * self->kernels->unit;
  gint8 half[SWDPU_TILE_MAX_CHANNELS * SWDPU_TILE_MAX_UNIT];
  gint8 rest[SWDPU_TILE_MAX_CHANNELS * SWDPU_TILE_MAX_UNIT];
  const Reach none = { { 0 }, { 0 } };
  Reach reach = none;

  if (self->n_lanes > 0)
    find_reach (self, weights, &reach);
  if (is_within (&none, &reach)) {
    packer_append (self, offset, weights, &reach);
    return;
  }
  for (guint i = 0; i < n; i++) {
    half[i] = weights[i] / 2;
    rest[i] = weights[i] - half[i];
  }
  packer_add (self, offset, half);
  packer_add (self, offset, rest);
}

/* @weights: of the block's first channel; @n_weights: of each */
static void
packer_add_run (Packer *self, const SwdpuTileRun *run, const gint8 *weights,
    gsize n_weights, guint n_channels)
{
  const SwdpuTileKernels *kernels = self->kernels;

  for (guint start = 0; start < run->n; start += kernels->unit) {
    gint8 entry[SWDPU_TILE_MAX_CHANNELS * SWDPU_TILE_MAX_UNIT] = { 0 };
    guint n = MIN (kernels->unit, run->n - start);

    for (guint c = 0; c < n_channels; c++)
      memcpy (entry + c * kernels->unit,
          weights + c * n_weights + run->first + start, n);
    packer_add (self, run->offset + start, entry);
  }
}

/* entries by group, and within a group as they came */
static void
packer_arrange (const Packer *self, SwdpuTileBlock *block)
{
  gsize size = self->kernels->channels * self->kernels->unit;
  guint n_groups = self->groups->len, n_entries = self->offsets->len;
  g_autofree guint *next = g_new (guint, n_groups + 1);

  block->n_entries = n_entries;
  block->n_groups = n_groups;
  block->offsets = g_new (gint32, n_entries);
  block->weights = g_malloc (n_entries * size);
  block->groups =
      g_memdup2 (self->groups->data, n_groups * sizeof (*block->groups));
  next[0] = 0;
  for (guint i = 0; i < n_groups; i++)
    next[i + 1] = next[i] + block->groups[i];
  for (guint i = 0; i < n_entries; i++) {
    guint at = next[g_array_index (self->members, guint32, i)]++;

    block->offsets[at] = g_array_index (self->offsets, gint32, i);
    memcpy (block->weights + at * size, self->weights->data + i * size, size);
  }
}

/**
 * swdpu_tile_block_init:
 * @runs: (element-type SwdpuTileRun): all bytes under a window
 * @range: of the input
 * @weights: of the block's first channel, [channel][kernel row][kernel column]
 *   [input channel]
 * @n_weights: of each channel
 * @n_channels: that the block has, at most those of @kernels
 */
void
swdpu_tile_block_init (SwdpuTileBlock *self, const SwdpuTileKernels *kernels,
    const GArray *runs, SwdpuTileRange range, const gint8 *weights,
    gsize n_weights, guint n_channels)
{
  g_autoptr (GArray) offsets = g_array_new (FALSE, FALSE, sizeof (gint32));
  g_autoptr (GByteArray) packed = g_byte_array_new ();
  g_autoptr (GArray) members = g_array_new (FALSE, FALSE, sizeof (guint32));
  g_autoptr (GArray) groups = g_array_new (FALSE, TRUE, sizeof (guint16));
  Packer packer = { kernels, range, count_lanes (kernels), offsets, packed,
    members, groups };

  g_assert (kernels->channels * packer.n_lanes <= MAX_LANES);

  for (guint i = 0; i < runs->len; i++)
    packer_add_run (&packer, &g_array_index (runs, SwdpuTileRun, i), weights,
        n_weights, n_channels);
  packer_arrange (&packer, self);
}

void
swdpu_tile_block_clear (SwdpuTileBlock *self)
{
  g_free (self->offsets);
  g_free (self->weights);
  g_free (self->groups);
}
