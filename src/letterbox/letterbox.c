/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Geometry of the letterbox and the walk over the picture's rows; what happens
 * to a pixel is in rows.c. */

#include "cpu.h"
#include "letterbox-private.h"
#include "sampler.h"

#include <math.h>
#include <string.h>

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
  LetterboxSampler main;
  /* unused for RGB */
  LetterboxSampler chroma;
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

  letterbox_sampler_init (&self->main, &self->kernels, &self->info,
      &self->picture, is_bgr ? bgr : rgb, 3);
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
  letterbox_sampler_init (
      &self->main, &self->kernels, &self->info, &self->picture, luma, 1);
  /* see LetterboxColour for the exchange */
  if (GST_VIDEO_INFO_N_COMPONENTS (&self->info) == 1)
    letterbox_sampler_init_grey (&self->chroma, &self->picture);
  else
    letterbox_sampler_init (&self->chroma, &self->kernels, &self->info,
        &self->picture, is_bgr ? vu : uv, 2);
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

  letterbox_sampler_clear (&self->main);
  letterbox_sampler_clear (&self->chroma);
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

static void
write_row (Letterbox *self, const GstVideoFrame *frame, guint y, gint8 *output)
{
  const LetterboxKernels *kernels = &self->kernels;
  const guint width = self->picture.width;
  LetterboxBlend blend, chroma;

  letterbox_sampler_fetch (&self->main, frame, y, &blend);
  if (!self->is_rgb) {
    letterbox_sampler_fetch (&self->chroma, frame, y, &chroma);
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
  guint y;

  g_return_if_fail (
      GST_VIDEO_FRAME_FORMAT (frame) == GST_VIDEO_INFO_FORMAT (&self->info));
  g_return_if_fail (
      GST_VIDEO_FRAME_WIDTH (frame) == GST_VIDEO_INFO_WIDTH (&self->info));
  g_return_if_fail (
      GST_VIDEO_FRAME_HEIGHT (frame) == GST_VIDEO_INFO_HEIGHT (&self->info));

  letterbox_sampler_start (&self->main, frame);
  letterbox_sampler_start (&self->chroma, frame);
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
