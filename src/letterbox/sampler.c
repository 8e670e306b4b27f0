/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Which rows of a frame are resampled when, and from where. */

#include "sampler.h"

#include <stdlib.h>
#include <string.h>

/* as g_new() does, there is no way without */
static gint16 *
new_samples (gsize n)
{
  gint16 *samples = aligned_alloc (64, n * sizeof (gint16));

  if (samples == NULL)
    g_error ("No memory for a row of %" G_GSIZE_FORMAT " samples.", n);
  memset (samples, 0, n * sizeof (gint16));

  return samples;
}

/* the order of components in memory may be another one than the model's */
static void
init_sources (LetterboxSampler *sampler, const LetterboxColumns *columns)
{
  const LetterboxComponent *components = sampler->components;
  const guint n = sampler->n_components;
  guint offsets[3] = { 0 };
  guint first = components[0].offset, last = components[0].offset;
  guint i;

  sampler->n_sources = 1;
  for (i = 1; i < n; i++) {
    if (components[i].plane != components[0].plane)
      sampler->n_sources = n;
    first = MIN (first, components[i].offset);
    last = MAX (last, components[i].offset);
  }

  if (sampler->n_sources == 1) {
    for (i = 0; i < n; i++)
      offsets[i] = components[i].offset - first;
    sampler->source_offsets[0] = first;
    sampler->source_size = columns->span + last - first;
  } else {
    for (i = 0; i < n; i++)
      sampler->source_offsets[i] = components[i].offset;
    sampler->source_size = columns->span;
  }
  letterbox_taps_init (&sampler->taps, columns, offsets,
      sampler->n_sources == 1 ? n : 1, &sampler->kernels->shuffle);

  for (i = 0; i < sampler->n_sources; i++)
    sampler->scratch[i] =
        g_malloc (MAX (components[i].n_packed, sampler->source_size));
}

/**
 * letterbox_sampler_init:
 * @sampler: (out): a sampler, zeroed, cleared with letterbox_sampler_clear()
 * @kernels: what resamples; must outlive the sampler
 * @info: format, size and chroma site of the frames
 * @picture: size in pixels of what they become
 * @components: GStreamer's numbers of the components, in the order they are
 *     wanted
 * @n_components: 1, 2 or 3 of them, which share their positions
 */
void
letterbox_sampler_init (LetterboxSampler *sampler,
    const LetterboxKernels *kernels, const GstVideoInfo *info,
    const LetterboxRectangle *picture, const guint *components,
    guint n_components)
{
  const GstVideoFormatInfo *finfo = info->finfo;
  LetterboxAxis across = { GST_VIDEO_INFO_WIDTH (info), picture->width,
    GST_VIDEO_FORMAT_INFO_W_SUB (finfo, components[0]),
    (info->chroma_site & GST_VIDEO_CHROMA_SITE_H_COSITED) != 0 };
  LetterboxAxis down = { GST_VIDEO_INFO_HEIGHT (info), picture->height,
    GST_VIDEO_FORMAT_INFO_H_SUB (finfo, components[0]),
    (info->chroma_site & GST_VIDEO_CHROMA_SITE_V_COSITED) != 0 };
  LetterboxColumns columns;
  guint i;

  /* a plane that is not subsampled has no site */
  if (across.subsampling == 0)
    across.cosited = TRUE;
  if (down.subsampling == 0)
    down.cosited = TRUE;

  sampler->kernels = kernels;
  sampler->n_components = n_components;
  for (i = 0; i < n_components; i++)
    letterbox_component_init (&sampler->components[i], info, components[i]);
  letterbox_columns_init (
      &columns, &across, sampler->components[0].pixel_stride);
  init_sources (sampler, &columns);
  letterbox_columns_clear (&columns);

  sampler->rows = letterbox_rows_new (
      &down, GST_VIDEO_INFO_IS_RGB (info) ? LETTERBOX_RGB_ROW_WEIGHT_BITS
                                          : LETTERBOX_YUV_ROW_WEIGHT_BITS);
  sampler->stride = GST_ROUND_UP_N (sampler->taps.n, LETTERBOX_ROW_MULTIPLE);
  for (i = 0; i < 2; i++)
    sampler->samples[i] = new_samples (sampler->stride * n_components);
}

/* the chroma of frames without any: grey in every row */
void
letterbox_sampler_init_grey (
    LetterboxSampler *sampler, const LetterboxRectangle *picture)
{
  guint x;

  sampler->stride = GST_ROUND_UP_N (picture->width, LETTERBOX_ROW_MULTIPLE);
  sampler->samples[0] = new_samples (2 * sampler->stride);
  for (x = 0; x < 2 * sampler->stride; x++)
    sampler->samples[0][x] = 128 << LETTERBOX_SAMPLE_BITS;
}

void
letterbox_sampler_clear (LetterboxSampler *sampler)
{
  guint i;

  letterbox_taps_clear (&sampler->taps);
  g_clear_pointer (&sampler->rows, g_free);
  for (i = 0; i < G_N_ELEMENTS (sampler->scratch); i++)
    g_clear_pointer (&sampler->scratch[i], g_free);
  for (i = 0; i < 2; i++)
    g_clear_pointer (&sampler->samples[i], free);
}

/* whether reading a byte again may cost as much as the first time */
static gboolean
may_be_uncached (GstBuffer *buffer)
{
  guint i;

  for (i = 0; buffer != NULL && i < gst_buffer_n_memory (buffer); i++) {
    if (!gst_memory_is_type (
            gst_buffer_peek_memory (buffer, i), GST_ALLOCATOR_SYSMEM))
      return TRUE;
  }

  return FALSE;
}

/**
 * letterbox_sampler_start:
 * @sampler: a sampler
 * @frame: a mapped frame, of which letterbox_sampler_fetch() is called next
 *
 * Forgets the rows of the last frame. Rows that lie in a device's memory, which
 * is often not cached, are read once from the first to the last byte.
 */
void
letterbox_sampler_start (LetterboxSampler *sampler, const GstVideoFrame *frame)
{
  sampler->source_rows[0] = sampler->source_rows[1] = -1;
  sampler->copies = may_be_uncached (frame->buffer);
}

/* the samples of source @i in a row of the frame, as bytes */
static const guint8 *
find_source (const LetterboxSampler *sampler, const GstVideoFrame *frame,
    guint i, guint source_row)
{
  const LetterboxComponent *component = &sampler->components[i];
  guint8 *scratch = sampler->scratch[i];
  const guint8 *row =
      (const guint8 *) GST_VIDEO_FRAME_PLANE_DATA (frame, component->plane)
      + (gssize) GST_VIDEO_FRAME_PLANE_STRIDE (frame, component->plane)
            * source_row;

  if (component->unpack != LETTERBOX_UNPACK_NONE) {
    sampler->kernels->unpack[component->unpack](
        scratch, row, component->n_packed);
    return scratch + sampler->source_offsets[i];
  }

  row += sampler->source_offsets[i];
  return sampler->copies ? memcpy (scratch, row, sampler->source_size) : row;
}

/* slot of a resampled row; @other_row is one that must stay */
static guint
fetch_row (LetterboxSampler *sampler, const GstVideoFrame *frame,
    guint source_row, guint other_row)
{
  guint slot, i;

  for (slot = 0; slot < 2; slot++) {
    if (sampler->source_rows[slot] == (gint) source_row)
      return slot;
  }

  slot = sampler->source_rows[0] == (gint) other_row ? 1 : 0;
  for (i = 0; i < sampler->n_sources; i++)
    sampler->kernels->resample (sampler->samples[slot] + i * sampler->stride,
        sampler->stride, find_source (sampler, frame, i, source_row),
        &sampler->taps);
  sampler->source_rows[slot] = (gint) source_row;

  return slot;
}

/**
 * letterbox_sampler_fetch:
 * @sampler: a sampler
 * @frame: the frame of letterbox_sampler_start()
 * @y: a row of the picture
 * @blend: (out): the two resampled rows that make it; good until the next call
 */
void
letterbox_sampler_fetch (LetterboxSampler *sampler, const GstVideoFrame *frame,
    guint y, LetterboxBlend *blend)
{
  const LetterboxRow *row;
  guint i;

  blend->stride = sampler->stride;
  if (sampler->rows == NULL) {
    blend->rows[0] = blend->rows[1] = sampler->samples[0];
    blend->weights[0] = G_MAXINT16;
    blend->weights[1] = 0;
    return;
  }

  row = &sampler->rows[y];
  for (i = 0; i < 2; i++) {
    guint slot = fetch_row (sampler, frame, row->source[i], row->source[1 - i]);

    blend->rows[i] = sampler->samples[slot];
    blend->weights[i] = row->weights[i];
  }
}
