/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Geometry of the letterbox and the walk over the picture's rows; what happens
 * to a pixel is in rows.c. */

#include "cpu.h"
#include "letterbox-private.h"
#include "rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* components that are sampled at the same positions, with the two rows that
 * were resampled last: rows of the picture that follow each other often need
 * the same ones */
typedef struct {
  guint n_components;
  LetterboxComponent components[3];
  /* source rows: one that holds all components, or one for each */
  guint n_sources;
  guint source_offsets[3];
  guint8 *unpacked[3];
  LetterboxTaps taps;

  LetterboxRow *rows;
  gsize stride;
  gint16 *samples[2];
  gint source_rows[2];
} Sampler;

struct _Letterbox {
  GstVideoInfo info;
  LetterboxTarget target;
  LetterboxRectangle picture;
  LetterboxKernels kernels;
  LetterboxQuantizer quantizer;
  /* the quantized pad level; the frames' range does not apply to it */
  gint8 pad_value;

  gboolean is_rgb;
  /* RGB: all three components in the model's order; else luma */
  Sampler main;
  /* unused for RGB; without components for grey, where both rows are neutral */
  Sampler chroma;
  LetterboxColour colour;
};

GQuark
letterbox_error_quark (void)
{
  return g_quark_from_static_string ("letterbox-error-quark");
}

static gboolean
check_target (const LetterboxTarget *target, GError **error)
{
  const guint limit = LETTERBOX_MAX_FRAME_SIZE;

  if (target->width < 1 || target->height < 1 || target->width > limit
      || target->height > limit) {
    g_set_error (error, LETTERBOX_ERROR, LETTERBOX_ERROR_SIZE,
        "The model's input is %ux%u, but only sizes from 1x1 to %ux%u can be "
        "written; use a model with an input within them.",
        target->width, target->height, limit, limit);
    return FALSE;
  }

  return TRUE;
}

/* what caps left open is what GStreamer assumes for the format and height */
static void
complete_colorimetry (GstVideoInfo *info)
{
  GstVideoInfo usual;

  gst_video_info_set_format (&usual, GST_VIDEO_INFO_FORMAT (info),
      GST_VIDEO_INFO_WIDTH (info), GST_VIDEO_INFO_HEIGHT (info));
  if (info->colorimetry.range == GST_VIDEO_COLOR_RANGE_UNKNOWN)
    info->colorimetry.range = usual.colorimetry.range;
  if (info->colorimetry.matrix == GST_VIDEO_COLOR_MATRIX_UNKNOWN)
    info->colorimetry.matrix = usual.colorimetry.matrix;
  if (info->chroma_site == GST_VIDEO_CHROMA_SITE_UNKNOWN)
    info->chroma_site = usual.chroma_site;
}

/* width of a pixel in pixel heights. Nothing shows pixels beyond 16:1, so such a
 * ratio is a broken header's, as 0 is, and means nothing. */
static gdouble
get_pixel_aspect_ratio (const GstVideoInfo *info)
{
  const gdouble limit = 16.0;
  gdouble ratio;

  if (GST_VIDEO_INFO_PAR_N (info) < 1 || GST_VIDEO_INFO_PAR_D (info) < 1)
    return 1.0;

  ratio = (gdouble) GST_VIDEO_INFO_PAR_N (info) / GST_VIDEO_INFO_PAR_D (info);
  return ratio > limit || ratio < 1.0 / limit ? 1.0 : ratio;
}

/* YOLOv5's letterbox() of the frame as it is displayed: Python's round() is
 * rint(), and the 0.1 gives the odd row or column to the bottom or the right
 * bar */
static void
place_picture (LetterboxRectangle *picture, const GstVideoInfo *info,
    const LetterboxTarget *target)
{
  gdouble width = GST_VIDEO_INFO_WIDTH (info) * get_pixel_aspect_ratio (info);
  gdouble height = GST_VIDEO_INFO_HEIGHT (info);
  gdouble ratio = MIN (target->width / width, target->height / height);

  picture->width = (guint) MAX (rint (width * ratio), 1.0);
  picture->height = (guint) MAX (rint (height * ratio), 1.0);
  picture->x = (guint) rint ((target->width - picture->width) / 2.0 - 0.1);
  picture->y = (guint) rint ((target->height - picture->height) / 2.0 - 0.1);
}

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
sampler_init_sources (Sampler *sampler, const GstVideoInfo *info,
    const LetterboxColumns *columns, const LetterboxShuffle *shuffle)
{
  const LetterboxComponent *components = sampler->components;
  const guint n = sampler->n_components;
  guint offsets[3] = { 0 };
  guint first = components[0].offset;
  guint i;

  sampler->n_sources = 1;
  for (i = 1; i < n; i++) {
    if (components[i].plane != components[0].plane)
      sampler->n_sources = n;
    first = MIN (first, components[i].offset);
  }

  if (sampler->n_sources == 1) {
    for (i = 0; i < n; i++)
      offsets[i] = components[i].offset - first;
    sampler->source_offsets[0] = first;
  } else {
    for (i = 0; i < n; i++)
      sampler->source_offsets[i] = components[i].offset;
  }
  letterbox_taps_init (&sampler->taps, columns, offsets,
      sampler->n_sources == 1 ? n : 1, shuffle);

  for (i = 0; i < sampler->n_sources; i++) {
    if (components[i].unpack != LETTERBOX_UNPACK_NONE)
      sampler->unpacked[i] = g_malloc (components[i].n_packed);
  }
}

static void
sampler_init (Sampler *sampler, const Letterbox *self, const guint *components,
    guint n_components, guint weight_bits)
{
  const GstVideoInfo *info = &self->info;
  const GstVideoFormatInfo *finfo = info->finfo;
  LetterboxAxis across = { GST_VIDEO_INFO_WIDTH (info), self->picture.width,
    GST_VIDEO_FORMAT_INFO_W_SUB (finfo, components[0]),
    (info->chroma_site & GST_VIDEO_CHROMA_SITE_H_COSITED) != 0 };
  LetterboxAxis down = { GST_VIDEO_INFO_HEIGHT (info), self->picture.height,
    GST_VIDEO_FORMAT_INFO_H_SUB (finfo, components[0]),
    (info->chroma_site & GST_VIDEO_CHROMA_SITE_V_COSITED) != 0 };
  LetterboxColumns columns;
  guint i;

  /* a plane that is not subsampled has no site */
  if (across.subsampling == 0)
    across.cosited = TRUE;
  if (down.subsampling == 0)
    down.cosited = TRUE;

  sampler->n_components = n_components;
  for (i = 0; i < n_components; i++)
    letterbox_component_init (&sampler->components[i], info, components[i]);
  letterbox_columns_init (
      &columns, &across, sampler->components[0].pixel_stride);
  sampler_init_sources (sampler, info, &columns, &self->kernels.shuffle);
  letterbox_columns_clear (&columns);

  sampler->rows = letterbox_rows_new (&down, weight_bits);
  sampler->stride = GST_ROUND_UP_N (sampler->taps.n, LETTERBOX_ROW_MULTIPLE);
  for (i = 0; i < 2; i++)
    sampler->samples[i] = new_samples (sampler->stride * n_components);
}

static void
sampler_clear (Sampler *sampler)
{
  guint i;

  letterbox_taps_clear (&sampler->taps);
  g_clear_pointer (&sampler->rows, g_free);
  for (i = 0; i < G_N_ELEMENTS (sampler->unpacked); i++)
    g_clear_pointer (&sampler->unpacked[i], g_free);
  for (i = 0; i < 2; i++)
    g_clear_pointer (&sampler->samples[i], free);
}

/* grey is luma with a chroma that says so in every row */
static void
init_neutral_chroma (Letterbox *self)
{
  Sampler *chroma = &self->chroma;
  guint i, x;

  chroma->stride = self->main.stride;
  for (i = 0; i < 2; i++) {
    chroma->samples[i] = new_samples (2 * chroma->stride);
    for (x = 0; x < 2 * chroma->stride; x++)
      chroma->samples[i][x] = 128 << LETTERBOX_SAMPLE_BITS;
  }
}

/* a limited range is part of the table: one look-up does both */
static void
expand_rgb_range (Letterbox *self)
{
  guint8 levels[256];

  if (self->info.colorimetry.range != GST_VIDEO_COLOR_RANGE_16_235)
    return;

  letterbox_colour_expand_range (levels, &self->info);
  letterbox_quantizer_map_levels (&self->quantizer, levels);
}

static void
init_rgb (Letterbox *self)
{
  static const guint rgb[] = { GST_VIDEO_COMP_R, GST_VIDEO_COMP_G,
    GST_VIDEO_COMP_B };
  static const guint bgr[] = { GST_VIDEO_COMP_B, GST_VIDEO_COMP_G,
    GST_VIDEO_COMP_R };
  gboolean is_bgr = self->target.channel_order == LETTERBOX_CHANNEL_ORDER_BGR;

  sampler_init (
      &self->main, self, is_bgr ? bgr : rgb, 3, LETTERBOX_RGB_ROW_WEIGHT_BITS);
  expand_rgb_range (self);
}

static void
init_yuv (Letterbox *self)
{
  static const guint luma[] = { GST_VIDEO_COMP_Y };
  static const guint uv[] = { GST_VIDEO_COMP_U, GST_VIDEO_COMP_V };
  static const guint vu[] = { GST_VIDEO_COMP_V, GST_VIDEO_COMP_U };
  gboolean is_bgr = self->target.channel_order == LETTERBOX_CHANNEL_ORDER_BGR;

  letterbox_colour_init (
      &self->colour, &self->info, self->target.channel_order);
  sampler_init (&self->main, self, luma, 1, LETTERBOX_YUV_ROW_WEIGHT_BITS);
  /* see LetterboxColour for the exchange */
  if (GST_VIDEO_INFO_N_COMPONENTS (&self->info) == 1)
    init_neutral_chroma (self);
  else
    sampler_init (&self->chroma, self, is_bgr ? vu : uv, 2,
        LETTERBOX_YUV_ROW_WEIGHT_BITS);
}

/**
 * letterbox_new:
 * @info: format, size and colorimetry of the frames, copied
 * @target: what the model wants, copied
 * @error: (out): %LETTERBOX_ERROR_FORMAT or %LETTERBOX_ERROR_SIZE
 *
 * Computes everything that is the same for all frames: where the picture lies,
 * which source samples make each of its pixels, and the colour coefficients.
 *
 * The picture is as large as fits without cropping or distorting and lies in
 * the middle, as letterbox() of YOLOv5 places it; where pixels are not square, as
 * it places the frame as it is displayed. A pixel-aspect-ratio of 0 or beyond
 * 1:16 and 16:1 counts as square. Range, matrix and chroma site
 * are those of @info; those that are unknown are what GStreamer assumes for the
 * format and the height. Frames are taken as progressive.
 *
 * Returns: (transfer full): a letterbox, or %NULL with @error set
 */
Letterbox *
letterbox_new (
    const GstVideoInfo *info, const LetterboxTarget *target, GError **error)
{
  Letterbox *self;

  g_return_val_if_fail (info != NULL && info->finfo != NULL, NULL);
  g_return_val_if_fail (target != NULL, NULL);

  if (!letterbox_check_frames (info, error) || !check_target (target, error))
    return NULL;

  self = g_new0 (Letterbox, 1);
  self->info = *info;
  self->target = *target;
  letterbox_kernels_init (&self->kernels, letterbox_cpu_get ());
  complete_colorimetry (&self->info);
  place_picture (&self->picture, info, target);
  letterbox_quantizer_init (&self->quantizer, target->fix_point);
  self->pad_value = self->quantizer.table[target->pad];

  self->is_rgb = GST_VIDEO_INFO_IS_RGB (info);
  if (self->is_rgb)
    init_rgb (self);
  else
    init_yuv (self);

  return self;
}

/**
 * letterbox_free:
 * @self: (transfer full) (nullable): a letterbox
 */
void
letterbox_free (Letterbox *self)
{
  if (self == NULL)
    return;

  sampler_clear (&self->main);
  sampler_clear (&self->chroma);
  g_free (self);
}

/**
 * letterbox_get_picture:
 * @self: a letterbox
 * @rectangle: (out): where the picture lies, in pixels of the model's input
 */
void
letterbox_get_picture (const Letterbox *self, LetterboxRectangle *rectangle)
{
  *rectangle = self->picture;
}

/**
 * letterbox_fill_padding:
 * @self: a letterbox
 * @input: (out): the model's input, int8 NHWC, height x width x 3
 *
 * Writes the quantized pad level to the bars and nothing to the picture. Once
 * is enough for an input that is only written by letterbox_write_picture() of
 * the same letterbox afterwards.
 */
void
letterbox_fill_padding (const Letterbox *self, gint8 *input)
{
  const LetterboxRectangle *picture = &self->picture;
  gsize row_size = 3 * (gsize) self->target.width;
  gsize left_size = 3 * (gsize) picture->x;
  gsize right = left_size + 3 * (gsize) picture->width;
  guint bottom = picture->y + picture->height;
  guint y;

  memset (input, self->pad_value, picture->y * row_size);
  for (y = picture->y; y < bottom; y++) {
    gint8 *row = input + y * row_size;

    memset (row, self->pad_value, left_size);
    memset (row + right, self->pad_value, row_size - right);
  }
  memset (input + bottom * row_size, self->pad_value,
      (self->target.height - bottom) * row_size);
}

/* the samples of source @i in a row of the frame, unpacked if need be */
static const guint8 *
find_source (const Letterbox *self, const Sampler *sampler,
    const GstVideoFrame *frame, guint i, guint source_row)
{
  const LetterboxComponent *component = &sampler->components[i];
  const guint8 *row =
      (const guint8 *) GST_VIDEO_FRAME_PLANE_DATA (frame, component->plane)
      + (gssize) GST_VIDEO_FRAME_PLANE_STRIDE (frame, component->plane)
            * source_row;

  if (component->unpack != LETTERBOX_UNPACK_NONE) {
    self->kernels.unpack[component->unpack](
        sampler->unpacked[i], row, component->n_packed);
    row = sampler->unpacked[i];
  }

  return row + sampler->source_offsets[i];
}

/* slot of a resampled row; @other_row is one that must stay */
static guint
fetch_row (const Letterbox *self, Sampler *sampler, const GstVideoFrame *frame,
    guint source_row, guint other_row)
{
  guint slot, i;

  for (slot = 0; slot < 2; slot++) {
    if (sampler->source_rows[slot] == (gint) source_row)
      return slot;
  }

  slot = sampler->source_rows[0] == (gint) other_row ? 1 : 0;
  for (i = 0; i < sampler->n_sources; i++)
    self->kernels.resample (sampler->samples[slot] + i * sampler->stride,
        sampler->stride, find_source (self, sampler, frame, i, source_row),
        &sampler->taps);
  sampler->source_rows[slot] = (gint) source_row;

  return slot;
}

/* the two resampled rows that make row @y of the picture */
static void
sampler_fetch (const Letterbox *self, Sampler *sampler,
    const GstVideoFrame *frame, guint y, LetterboxBlend *blend)
{
  const LetterboxRow *row;
  guint i;

  blend->stride = sampler->stride;
  if (sampler->rows == NULL) {
    blend->rows[0] = sampler->samples[0];
    blend->rows[1] = sampler->samples[1];
    blend->weights[0] = 1 << LETTERBOX_YUV_ROW_WEIGHT_BITS;
    blend->weights[1] = 0;
    return;
  }

  row = &sampler->rows[y];
  for (i = 0; i < 2; i++) {
    guint slot =
        fetch_row (self, sampler, frame, row->source[i], row->source[1 - i]);

    blend->rows[i] = sampler->samples[slot];
    blend->weights[i] = row->weights[i];
  }
}

static void
write_row (Letterbox *self, const GstVideoFrame *frame, guint y, gint8 *output)
{
  const LetterboxKernels *kernels = &self->kernels;
  const guint width = self->picture.width;
  LetterboxBlend blend, chroma;

  sampler_fetch (self, &self->main, frame, y, &blend);
  if (!self->is_rgb) {
    sampler_fetch (self, &self->chroma, frame, y, &chroma);
    kernels->blend_convert (
        output, &blend, &chroma, &self->colour, &self->quantizer, width);
  } else if (self->main.n_sources == 1) {
    kernels->blend (output, &blend, &self->quantizer, 3 * width);
  } else {
    kernels->blend_planes (output, &blend, &self->quantizer, width);
  }
  if (self->quantizer.uses_table)
    kernels->look_up (output, self->quantizer.table, 3 * width);
}

/**
 * letterbox_write_picture:
 * @self: a letterbox
 * @frame: a frame mapped for reading, of the format and size @self was made for
 * @input: (out): the model's input, int8 NHWC, height x width x 3
 *
 * Resizes, converts and quantizes the frame into the picture's part of @input;
 * the bars stay as they are.
 *
 * RGB is resampled as OpenCV's resize() does with INTER_LINEAR, to rounded 8-bit
 * levels; of YUV each plane is resampled at the same positions and the result
 * converted. Of samples of more than 8 bits the upper 8 are used. Only rows that
 * contribute are read, and no byte of a row beyond its last sample (or the word
 * of 32 bits that it shares with others).
 *
 * Scratch rows live in @self, so only one thread at a time may call this.
 */
void
letterbox_write_picture (
    Letterbox *self, const GstVideoFrame *frame, gint8 *input)
{
  const LetterboxRectangle *picture = &self->picture;
  gsize row_size = 3 * (gsize) self->target.width;
  gint8 *output = input + picture->y * row_size + 3 * (gsize) picture->x;
  guint i, y;

  g_return_if_fail (
      GST_VIDEO_FRAME_FORMAT (frame) == GST_VIDEO_INFO_FORMAT (&self->info));
  g_return_if_fail (
      GST_VIDEO_FRAME_WIDTH (frame) == GST_VIDEO_INFO_WIDTH (&self->info));
  g_return_if_fail (
      GST_VIDEO_FRAME_HEIGHT (frame) == GST_VIDEO_INFO_HEIGHT (&self->info));

  for (i = 0; i < 2; i++)
    self->main.source_rows[i] = self->chroma.source_rows[i] = -1;

  for (y = 0; y < picture->height; y++)
    write_row (self, frame, y, output + y * row_size);
}

/**
 * letterbox_map_to_frame:
 * @self: a letterbox
 * @x: (inout): a point in pixels of the model's input, then of the frame
 * @y: (inout): the same, down
 *
 * The inverse of the placement. Points are positions between pixel edges: pixel
 * i covers [i, i + 1), so the picture's edges map to the frame's edges and
 *   x_frame = (x - picture.x) * frame width / picture.width,
 * the same relation that places the samples: the middle of pixel i, i + 0.5,
 * maps to the middle of the sample it was taken from. Points outside of the
 * picture are clamped to the frame: 0 <= @x <= width and 0 <= @y <= height.
 */
void
letterbox_map_to_frame (const Letterbox *self, gfloat *x, gfloat *y)
{
  const LetterboxRectangle *picture = &self->picture;
  gfloat width = GST_VIDEO_INFO_WIDTH (&self->info);
  gfloat height = GST_VIDEO_INFO_HEIGHT (&self->info);
  gfloat frame_x = (*x - picture->x) * width / picture->width;
  gfloat frame_y = (*y - picture->y) * height / picture->height;

  *x = CLAMP (frame_x, 0.0f, width);
  *y = CLAMP (frame_y, 0.0f, height);
}

/**
 * letterbox_keep_levels:
 * @self: a letterbox
 *
 * Makes letterbox_write_picture() write the 8-bit levels themselves, as guint8,
 * so that tests can compare pictures before they are quantized.
 */
void
letterbox_keep_levels (Letterbox *self)
{
  letterbox_quantizer_init_levels (&self->quantizer);
  if (self->is_rgb)
    expand_rgb_range (self);
}
