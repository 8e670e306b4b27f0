/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The letterbox room: colour. YUV against the same sampling and conversion in
 * floating point, and one picture from every format. */

#include <math.h>
#include <string.h>

#include "letterbox/colour.h"
#include "rig.h"

static const gchar *const rgb_formats[] = { "RGB", "BGR", "RGBx", "BGRx",
  "xRGB", "xBGR", "RGBA", "BGRA", "ARGB", "ABGR", "GBR",
#if GST_CHECK_VERSION(1, 20, 0)
  "RGBP", "BGRP"
#endif
};
static const gchar *const yuv_formats[] = { "NV12", "NV21", "I420", "YV12",
  "Y42B", "YUY2", "UYVY", "GRAY8", "A420", "NV16", "NV61", "YVYU", "VYUY",
  "NV24", "Y444", "v308", "IYU2", "AYUV", "VUYA", "P010_10LE", "NV12_10LE32",
  "NV16_10LE32", "I420_10LE", "I422_10LE", "GRAY10_LE32", "GRAY16_LE",
  "GRAY16_BE" };

/* ITU-R BT.601-7 2.5.1, BT.709-6 3.2, BT.2020-2 table 4 */
static const struct {
  GstVideoColorMatrix matrix;
  gdouble kr;
  gdouble kb;
} matrices[] = {
  { GST_VIDEO_COLOR_MATRIX_BT601, 0.299, 0.114 },
  { GST_VIDEO_COLOR_MATRIX_BT709, 0.2126, 0.0722 },
  { GST_VIDEO_COLOR_MATRIX_BT2020, 0.2627, 0.0593 },
};

static const GstVideoChromaSite sites[] = {
  GST_VIDEO_CHROMA_SITE_NONE,
  GST_VIDEO_CHROMA_SITE_H_COSITED,
  GST_VIDEO_CHROMA_SITE_V_COSITED,
  GST_VIDEO_CHROMA_SITE_COSITED,
};

/* position in a plane of a position in luma samples */
static gdouble
plane_position (gdouble luma, guint subsampling, gboolean cosited, gint size)
{
  gdouble position = luma;

  if (subsampling > 0)
    position = cosited ? luma / 2.0 : (luma + 0.5) / 2.0 - 0.5;
  return CLAMP (position, 0.0, size - 1.0);
}

/* the samples of a component */
typedef struct {
  gint width;
  gint height;
  guint across;
  guint down;
  gdouble *levels;
} Plane;

static Plane
read_plane (const GstVideoFrame *frame, guint c)
{
  Plane plane = { GST_VIDEO_FRAME_COMP_WIDTH (frame, c),
    GST_VIDEO_FRAME_COMP_HEIGHT (frame, c),
    GST_VIDEO_FORMAT_INFO_W_SUB (frame->info.finfo, c),
    GST_VIDEO_FORMAT_INFO_H_SUB (frame->info.finfo, c), NULL };
  gint x, y;

  plane.levels = g_new (gdouble, plane.width * plane.height);
  for (y = 0; y < plane.height; y++) {
    for (x = 0; x < plane.width; x++)
      plane.levels[y * plane.width + x] = level_at (frame, c, x, y);
  }

  return plane;
}

static gdouble
sample_plane (
    const Plane *plane, GstVideoChromaSite site, gdouble luma_x, gdouble luma_y)
{
  gdouble x = plane_position (luma_x, plane->across,
      (site & GST_VIDEO_CHROMA_SITE_H_COSITED) != 0, plane->width);
  gdouble y = plane_position (luma_y, plane->down,
      (site & GST_VIDEO_CHROMA_SITE_V_COSITED) != 0, plane->height);
  gint left = (gint) x, top = (gint) y;
  gint right = MIN (left + 1, plane->width - 1);
  gint bottom = MIN (top + 1, plane->height - 1);
  gdouble fx = x - left, fy = y - top;
  const gdouble *upper = plane->levels + top * plane->width;
  const gdouble *lower = plane->levels + bottom * plane->width;

  return (upper[left] * (1.0 - fx) + upper[right] * fx) * (1.0 - fy)
         + (lower[left] * (1.0 - fx) + lower[right] * fx) * fy;
}

/* @white is the greatest level of the full range: 255, or 255.75 of 10 bits */
static void
convert_to_rgb (gdouble y, gdouble u, gdouble v, gdouble kr, gdouble kb,
    gboolean is_limited, gdouble white, gdouble rgb[3])
{
  gdouble light = is_limited ? (y - 16.0) / 219.0 : y / white;
  gdouble cb = (u - 128.0) / (is_limited ? 224.0 : white);
  gdouble cr = (v - 128.0) / (is_limited ? 224.0 : white);
  guint c;

  rgb[0] = light + 2.0 * (1.0 - kr) * cr;
  rgb[2] = light + 2.0 * (1.0 - kb) * cb;
  rgb[1] = (light - kr * rgb[0] - kb * rgb[2]) / (1.0 - kr - kb);
  for (c = 0; c < 3; c++)
    rgb[c] = CLAMP (rgb[c] * 255.0, 0.0, 255.0);
}

static void
check_yuv (const GstVideoFrame *frame, guint matrix, guint width, guint height)
{
  const GstVideoInfo *info = &frame->info;
  const guint n_planes = GST_VIDEO_INFO_IS_GRAY (info) ? 1 : 3;
  gint depth = GST_VIDEO_INFO_COMP_DEPTH (info, 0);
  gdouble yuv[3] = { 0.0, 128.0, 128.0 };
  Plane planes[3];
  /* of more than 8 bits the lower ones are dropped */
  gdouble bound = depth == 8 ? 1.0 : 2.0;
  guint8 *levels = letterbox_levels (frame, width, height, RGB);
  Letterbox *self = new_letterbox (info, width, height, 7, RGB);
  LetterboxRectangle picture;
  guint x, y, c;

  for (c = 0; c < n_planes; c++)
    planes[c] = read_plane (frame, c);
  letterbox_get_picture (self, &picture);
  for (y = 0; y < picture.height; y++) {
    gdouble luma_y = (y + 0.5) * info->height / picture.height - 0.5;

    for (x = 0; x < picture.width; x++) {
      gdouble luma_x = (x + 0.5) * info->width / picture.width - 0.5;
      guint8 *pixel = levels + 3 * ((picture.y + y) * width + picture.x + x);
      gdouble rgb[3];

      for (c = 0; c < n_planes; c++)
        yuv[c] = sample_plane (&planes[c], info->chroma_site, luma_x, luma_y);
      convert_to_rgb (yuv[0], yuv[1], yuv[2], matrices[matrix].kr,
          matrices[matrix].kb,
          info->colorimetry.range == GST_VIDEO_COLOR_RANGE_16_235,
          256.0 - ldexp (256.0, -depth), rgb);
      for (c = 0; c < 3; c++) {
        if (fabs (pixel[c] - rgb[c]) <= bound)
          continue;
        fail ("%s %dx%d to %ux%u, site %d, matrix %u, range %d: channel %u of "
              "(%u, %u) is %d, should be %.2f",
            info->finfo->name, info->width, info->height, width, height,
            info->chroma_site, matrix, info->colorimetry.range, c, x, y,
            pixel[c], rgb[c]);
      }
    }
  }
  for (c = 0; c < n_planes; c++)
    g_free (planes[c].levels);
  letterbox_free (self);
  g_free (levels);
}

static void
check_yuv_colorimetry (const gchar *format, const gint *size)
{
  GstVideoInfo info = make_info (format, size[0], size[1]);
  gboolean is_grey = GST_VIDEO_INFO_IS_GRAY (&info);
  gboolean is_subsampled =
      !is_grey && GST_VIDEO_FORMAT_INFO_W_SUB (info.finfo, 1) > 0;
  guint n_sites = is_subsampled ? G_N_ELEMENTS (sites) : 1;
  guint n_matrices = is_grey ? 1 : G_N_ELEMENTS (matrices);
  guint site, matrix, range;

  for (site = 0; site < n_sites; site++) {
    for (matrix = 0; matrix < n_matrices; matrix++) {
      for (range = 0; range < 2; range++) {
        GstVideoFrame frame;

        info.chroma_site = sites[site];
        info.colorimetry.matrix = matrices[matrix].matrix;
        info.colorimetry.range =
            range ? GST_VIDEO_COLOR_RANGE_0_255 : GST_VIDEO_COLOR_RANGE_16_235;
        frame = new_frame (&info, 0);
        check_yuv (&frame, matrix, size[2], size[3]);
        free_frame (&frame);
      }
    }
  }
}

/* YUV is within 1 level of sampling and converting in floating point, within 2
 * where samples have more than 8 bits */
GST_START_TEST (test_yuv_equals_floating_point)
{
  /* frame, target */
  static const gint sizes[][4] = {
    { 1, 1, 8, 8 },
    { 2, 2, 7, 5 },
    { 3, 5, 16, 16 },
    { 33, 17, 32, 32 },
    { 48, 36, 48, 48 },
    { 65, 49, 40, 44 },
    { 127, 94, 33, 64 },
    { 16, 15, 61, 47 },
    { 320, 2, 40, 40 },
    { 96, 54, 32, 32 },
    /* rows that are gathered in several chunks */
    { 401, 12, 300, 10 },
    { 100, 5, 290, 16 },
  };
  const gchar *format = yuv_formats[__i__];
  guint i;

  for (i = 0; i < G_N_ELEMENTS (sizes); i++)
    check_yuv_colorimetry (format, sizes[i]);
}
GST_END_TEST;

static void
check_mean_error (const GstVideoFrame *frame, guint matrix)
{
  const GstVideoInfo *info = &frame->info;
  const guint size = info->width;
  /* half of a sum's unit; of two offsets that are equally good the lower one is
   * taken. The rest is what coefficients of 13 bits cost. */
  const gdouble bound = 0.5 / (1 << LETTERBOX_COLOUR_SUM_BITS);
  const gdouble coefficients = 0.0025;
  guint8 *levels = letterbox_levels (frame, size, size, RGB);
  gdouble sums[3] = { 0 };
  guint n[3] = { 0 };
  guint x, y, c;

  for (y = 0; y < size; y++) {
    for (x = 0; x < size; x++) {
      gdouble rgb[3];

      convert_to_rgb (level_at (frame, 0, x, y), level_at (frame, 1, x, y),
          level_at (frame, 2, x, y), matrices[matrix].kr, matrices[matrix].kb,
          info->colorimetry.range == GST_VIDEO_COLOR_RANGE_16_235, 255.0, rgb);
      for (c = 0; c < 3; c++) {
        /* clamped ones say nothing */
        if (rgb[c] < 2.0 || rgb[c] > 253.0)
          continue;
        sums[c] += levels[3 * (y * size + x) + c] - rgb[c];
        n[c]++;
      }
    }
  }
  for (c = 0; c < 3; c++) {
    gdouble mean = sums[c] / n[c];

    fail_unless (mean >= -bound - coefficients && mean < bound - coefficients,
        "matrix %u, range %d: channel %u is off by %.4f on average", matrix,
        info->colorimetry.range, c, mean);
  }
  g_free (levels);
}

/* no channel is darker or brighter on average: an offset that is off by one unit
 * is seen, that of green too */
GST_START_TEST (test_rounding_has_no_bias)
{
  GstVideoInfo info = make_info ("Y444", 512, 512);
  guint matrix, range;

  for (matrix = 0; matrix < G_N_ELEMENTS (matrices); matrix++) {
    for (range = 0; range < 2; range++) {
      GstVideoFrame frame;

      info.colorimetry.matrix = matrices[matrix].matrix;
      info.colorimetry.range =
          range ? GST_VIDEO_COLOR_RANGE_0_255 : GST_VIDEO_COLOR_RANGE_16_235;
      frame = new_frame (&info, 0);
      check_mean_error (&frame, matrix);
      free_frame (&frame);
    }
  }
}
GST_END_TEST;

/* caps that leave colorimetry open mean what GStreamer assumes */
GST_START_TEST (test_unknown_colorimetry_is_the_usual_one)
{
  static const gint heights[] = { 576, 578 };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (heights); i++) {
    GstVideoInfo info = make_info ("NV12", 32, heights[i]);
    GstVideoFrame frame = new_frame (&info, 0);
    guint8 *known = letterbox_levels (&frame, 32, 64, RGB);
    guint8 *unknown;

    frame.info.colorimetry.matrix = GST_VIDEO_COLOR_MATRIX_UNKNOWN;
    frame.info.colorimetry.range = GST_VIDEO_COLOR_RANGE_UNKNOWN;
    frame.info.chroma_site = GST_VIDEO_CHROMA_SITE_UNKNOWN;
    unknown = letterbox_levels (&frame, 32, 64, RGB);
    fail_unless (memcmp (known, unknown, 3 * 32 * 64) == 0);
    g_free (known);
    g_free (unknown);
    free_frame (&frame);
  }
}
GST_END_TEST;

/* RGB of limited range is expanded, after resampling */
GST_START_TEST (test_limited_rgb_is_expanded)
{
  GstVideoInfo info = make_info ("BGRx", 256, 1);
  GstVideoFrame frame;
  guint8 *levels;
  gint i;

  info.colorimetry.range = GST_VIDEO_COLOR_RANGE_16_235;
  frame = new_frame (&info, 0);
  for (i = 0; i < 256; i++)
    *sample_at (&frame, 1, i, 0) = i;
  levels = letterbox_levels (&frame, 256, 1, RGB);
  for (i = 0; i < 256; i++) {
    gdouble expected = floor ((i - 16) * 255.0 / 219.0 + 0.5);

    fail_unless_equals_int (
        levels[3 * i + 1], (gint) CLAMP (expected, 0.0, 255.0));
  }
  g_free (levels);
  free_frame (&frame);
}
GST_END_TEST;

/* the order of RGB, packed or in planes, makes no difference at all */
GST_START_TEST (test_rgb_formats_give_the_same_picture)
{
  static const gint sizes[][2] = { { 40, 30 }, { 97, 55 }, { 7, 9 } };
  guint i, f;

  for (i = 0; i < G_N_ELEMENTS (sizes); i++) {
    guint8 *expected = NULL;

    for (f = 0; f < G_N_ELEMENTS (rgb_formats); f++) {
      GstVideoInfo info = make_info (rgb_formats[f], sizes[i][0], sizes[i][1]);
      GstVideoFrame frame = new_frame (&info, f);
      guint8 *levels;

      draw_rgb (&frame, FALSE);
      levels = letterbox_levels (&frame, 40, 40, RGB);
      if (expected == NULL) {
        expected = g_steal_pointer (&levels);
      } else {
        fail_unless (memcmp (levels, expected, 3 * 40 * 40) == 0, "%s %dx%d",
            rgb_formats[f], sizes[i][0], sizes[i][1]);
      }
      g_free (levels);
      free_frame (&frame);
    }
    g_free (expected);
  }
}
GST_END_TEST;

/* a smooth picture in the colours of BT.601, grey if @is_grey */
static void
draw_smooth (GstVideoFrame *frame, gboolean is_grey)
{
  const GstVideoInfo *info = &frame->info;
  const gdouble kr = matrices[0].kr, kb = matrices[0].kb;
  gint x, y;
  guint c;

  for (c = 0; c < MIN (GST_VIDEO_INFO_N_COMPONENTS (info), 3); c++) {
    for (y = 0; y < GST_VIDEO_INFO_COMP_HEIGHT (info, c); y++) {
      for (x = 0; x < GST_VIDEO_INFO_COMP_WIDTH (info, c); x++) {
        gdouble across = (x + 0.5) / GST_VIDEO_INFO_COMP_WIDTH (info, c);
        gdouble down = (y + 0.5) / GST_VIDEO_INFO_COMP_HEIGHT (info, c);
        gdouble r = 0.2 + 0.6 * across;
        gdouble g = is_grey ? r : 0.8 - 0.5 * down;
        gdouble b = is_grey ? r : 0.3 + 0.2 * across + 0.3 * down;
        gdouble luma = kr * r + (1.0 - kr - kb) * g + kb * b;
        gdouble rgb[] = { r, g, b };
        gint depth = GST_VIDEO_INFO_COMP_DEPTH (info, c);
        gdouble value = (256.0 - ldexp (256.0, -depth)) * rgb[c];

        if (GST_VIDEO_INFO_IS_YUV (info)) {
          gdouble yuv[] = { 16.0 + 219.0 * luma,
            128.0 + 112.0 * (b - luma) / (1.0 - kb),
            128.0 + 112.0 * (r - luma) / (1.0 - kr) };

          value = yuv[c];
        }
        set_level (frame, c, x, y, value);
      }
    }
  }
}

/* every YUV format shows what RGB shows; 4 levels are what rounding to 8 bit
 * YUV and the half chroma sample at the borders cost */
GST_START_TEST (test_yuv_formats_give_the_picture_of_rgb)
{
  const gchar *format = yuv_formats[__i__];
  GstVideoInfo rgb_info = make_info ("RGB", 96, 72);
  GstVideoInfo yuv_info = make_info (format, 96, 72);
  GstVideoFrame rgb = new_frame (&rgb_info, 0);
  GstVideoFrame yuv = new_frame (&yuv_info, 3);
  gboolean is_grey = GST_VIDEO_INFO_IS_GRAY (&yuv_info);
  guint8 *expected, *levels;
  gint i;

  draw_smooth (&rgb, is_grey);
  draw_smooth (&yuv, is_grey);
  expected = letterbox_levels (&rgb, 64, 64, RGB);
  levels = letterbox_levels (&yuv, 64, 64, RGB);
  for (i = 0; i < 3 * 64 * 64; i++)
    fail_unless (ABS (levels[i] - expected[i]) <= 4,
        "%s: byte %d is %d, not %d", format, i, levels[i], expected[i]);

  g_free (expected);
  g_free (levels);
  free_frame (&rgb);
  free_frame (&yuv);
}
GST_END_TEST;

/* for a model that wants BGR the first and the third channel change places */
GST_START_TEST (test_channel_order)
{
  static const gchar *const formats[] = { "RGB", "xBGR", "NV12", "YUY2" };
  guint f, i;

  for (f = 0; f < G_N_ELEMENTS (formats); f++) {
    GstVideoInfo info = make_info (formats[f], 50, 31);
    GstVideoFrame frame = new_frame (&info, 0);
    guint8 *rgb = letterbox_levels (&frame, 32, 32, RGB);
    guint8 *bgr = letterbox_levels (&frame, 32, 32, BGR);
    gboolean differs = FALSE;

    for (i = 0; i < 3 * 32 * 32; i += 3) {
      fail_unless_equals_int (rgb[i], bgr[i + 2]);
      fail_unless_equals_int (rgb[i + 1], bgr[i + 1]);
      fail_unless_equals_int (rgb[i + 2], bgr[i]);
      differs |= rgb[i] != bgr[i];
    }
    fail_unless (differs);
    g_free (rgb);
    g_free (bgr);
    free_frame (&frame);
  }
}
GST_END_TEST;

static Suite *
letterbox_colour_suite (void)
{
  Suite *suite = suite_create ("letterbox-colour");
  TCase *tcase = tcase_create ("colour");

  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (
      tcase, test_yuv_equals_floating_point, 0, G_N_ELEMENTS (yuv_formats));
  tcase_add_test (tcase, test_rounding_has_no_bias);
  tcase_add_test (tcase, test_unknown_colorimetry_is_the_usual_one);
  tcase_add_test (tcase, test_limited_rgb_is_expanded);
  tcase_add_test (tcase, test_rgb_formats_give_the_same_picture);
  tcase_add_loop_test (tcase, test_yuv_formats_give_the_picture_of_rgb, 0,
      G_N_ELEMENTS (yuv_formats));
  tcase_add_test (tcase, test_channel_order);

  return suite;
}

GST_CHECK_MAIN (letterbox_colour);
