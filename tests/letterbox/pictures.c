/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The letterbox room: RGB against stored results of OpenCV, placement, padding,
 * strides, quantization and errors. */

#include <math.h>
#include <string.h>

#include "rig.h"

/* around and in inputs, where nothing may be written */
#define POISON 0x7b
#define GUARD_SIZE 64

static gint8
quantized (guint8 level, gint fix_point)
{
  gdouble q = floor (level / 255.0 * pow (2.0, fix_point) + 0.5);

  return (gint8) CLAMP (q, -128.0, 127.0);
}

static GKeyFile *
load_references (guint8 **data, gsize *n_bytes)
{
  const gchar *directory = g_getenv ("TEST_DATA_DIR");
  gchar *index =
      g_build_filename (directory, "letterbox", "references.ini", NULL);
  gchar *rows =
      g_build_filename (directory, "letterbox", "references.rgb", NULL);
  GKeyFile *file = g_key_file_new ();

  fail_unless (g_key_file_load_from_file (file, index, 0, NULL));
  fail_unless (g_file_get_contents (rows, (gchar **) data, n_bytes, NULL));
  g_free (index);
  g_free (rows);

  return file;
}

static void
check_reference (
    GKeyFile *file, const gchar *group, const guint8 *data, gsize n_bytes)
{
  gint *size = g_key_file_get_integer_list (file, group, "frame", NULL, NULL);
  gint *target =
      g_key_file_get_integer_list (file, group, "target", NULL, NULL);
  gchar *picture = g_key_file_get_string (file, group, "picture", NULL);
  gsize n_rows = target[1], row_size = 3 * target[0];
  gint *rows = g_key_file_get_integer_list (file, group, "rows", &n_rows, NULL);
  gsize offset = g_key_file_get_uint64 (file, group, "offset", NULL);
  GstVideoInfo info = make_info ("RGB", size[0], size[1]);
  GstVideoFrame frame = new_frame (&info, 0);
  Letterbox *self = new_letterbox (&info, target[0], target[1], 7, RGB);
  gint8 *input = g_malloc (row_size * target[1]);
  guint8 *levels;
  gsize row, i;

  draw_rgb (&frame, g_str_equal (picture, "ramp"));
  levels = letterbox_levels (&frame, target[0], target[1], RGB);
  letterbox_fill_padding (self, input);
  letterbox_write_picture (self, &frame, input);
  if (rows == NULL)
    n_rows = target[1];
  fail_unless (offset + n_rows * row_size <= n_bytes);

  for (row = 0; row < n_rows; row++) {
    gsize start = (rows ? (gsize) rows[row] : row) * row_size;

    for (i = 0; i < row_size; i++) {
      guint8 expected = data[offset + row * row_size + i];

      fail_unless (levels[start + i] == expected,
          "[%s] %dx%d to %dx%d, byte %" G_GSIZE_FORMAT ": %d, OpenCV has %d",
          group, size[0], size[1], target[0], target[1], start + i,
          levels[start + i], expected);
      fail_unless_equals_int (input[start + i], quantized (expected, 7));
    }
  }

  g_free (levels);
  g_free (input);
  letterbox_free (self);
  free_frame (&frame);
  g_free (size);
  g_free (target);
  g_free (picture);
  g_free (rows);
}

/* RGB is what YOLOv5's letterbox() makes of it with OpenCV, to the bit */
GST_START_TEST (test_rgb_equals_opencv)
{
  guint8 *data;
  gsize n_bytes, n_groups, i;
  GKeyFile *file = load_references (&data, &n_bytes);
  gchar **groups = g_key_file_get_groups (file, &n_groups);

  fail_unless (n_groups > 20);
  for (i = 0; i < n_groups; i++)
    check_reference (file, groups[i], data, n_bytes);

  g_strfreev (groups);
  g_key_file_free (file);
  g_free (data);
}
GST_END_TEST;

static gboolean
is_in_picture (const LetterboxRectangle *picture, guint x, guint y)
{
  return x >= picture->x && x < picture->x + picture->width && y >= picture->y
         && y < picture->y + picture->height;
}

/* bytes of the input that lie in the picture, or in the bars, keep the poison */
static void
check_poison (const gint8 *input, const guint *size,
    const LetterboxRectangle *picture, gboolean of_picture)
{
  guint n_bytes = 3 * size[0] * size[1];
  guint i;

  for (i = 0; i < n_bytes; i++) {
    gboolean inside = is_in_picture (picture, i / 3 % size[0], i / 3 / size[0]);

    fail_unless_equals_int (input[i] == POISON, inside == of_picture);
  }
  for (i = 1; i <= GUARD_SIZE; i++) {
    fail_unless_equals_int (input[-(gint) i], POISON);
    fail_unless_equals_int (input[n_bytes - 1 + i], POISON);
  }
}

static void
check_picture_and_padding (
    const gchar *format, const guint *frame_size, const guint *size)
{
  GstVideoInfo info = make_info (format, frame_size[0], frame_size[1]);
  GstVideoFrame frame = new_frame (&info, 0);
  /* at fix point 6 no level becomes the poison */
  Letterbox *self = new_letterbox (&info, size[0], size[1], 6, RGB);
  gsize n_bytes = 3 * size[0] * size[1];
  gint8 *buffer = g_malloc (n_bytes + 2 * GUARD_SIZE);
  gint8 *input = buffer + GUARD_SIZE;
  LetterboxRectangle picture;

  letterbox_get_picture (self, &picture);

  memset (buffer, POISON, n_bytes + 2 * GUARD_SIZE);
  letterbox_fill_padding (self, input);
  check_poison (input, size, &picture, TRUE);

  memset (buffer, POISON, n_bytes + 2 * GUARD_SIZE);
  letterbox_write_picture (self, &frame, input);
  check_poison (input, size, &picture, FALSE);

  g_free (buffer);
  letterbox_free (self);
  free_frame (&frame);
}

/* the picture and its bars cover the input, and each writes its own part only */
GST_START_TEST (test_picture_and_padding_keep_apart)
{
  /* frame, target */
  static const guint sizes[][4] = { { 64, 36, 40, 40 }, { 36, 64, 40, 41 },
    { 17, 17, 40, 40 }, { 50, 1, 40, 24 }, { 1, 50, 24, 40 } };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (sizes); i++) {
    check_picture_and_padding ("RGB", sizes[i], sizes[i] + 2);
    check_picture_and_padding ("NV12", sizes[i], sizes[i] + 2);
  }
}
GST_END_TEST;

/* the rectangles of YOLOv5's letterbox(), ties of round() and 0.1 included */
GST_START_TEST (test_placement)
{
  static const struct {
    gint frame[2];
    guint target[2];
    LetterboxRectangle picture;
  } cases[] = {
    { { 1920, 1080 }, { 640, 640 }, { 0, 140, 640, 360 } },
    { { 1920, 1080 }, { 640, 384 }, { 0, 12, 640, 360 } },
    { { 1080, 1920 }, { 640, 640 }, { 140, 0, 360, 640 } },
    { { 640, 640 }, { 640, 640 }, { 0, 0, 640, 640 } },
    { { 1, 1 }, { 640, 384 }, { 128, 0, 384, 384 } },
    /* 2.5 and 7.5 round to even, an odd row goes to the bottom */
    { { 128, 5 }, { 64, 64 }, { 0, 31, 64, 2 } },
    { { 128, 15 }, { 64, 64 }, { 0, 28, 64, 8 } },
    { { 64, 33 }, { 64, 64 }, { 0, 15, 64, 33 } },
    /* never less than one row */
    { { 8192, 1 }, { 64, 64 }, { 0, 31, 64, 1 } },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    GstVideoInfo info =
        make_info ("NV12", cases[i].frame[0], cases[i].frame[1]);
    Letterbox *self =
        new_letterbox (&info, cases[i].target[0], cases[i].target[1], 7, RGB);
    LetterboxRectangle picture;

    letterbox_get_picture (self, &picture);
    fail_unless_equals_int (picture.x, cases[i].picture.x);
    fail_unless_equals_int (picture.y, cases[i].picture.y);
    fail_unless_equals_int (picture.width, cases[i].picture.width);
    fail_unless_equals_int (picture.height, cases[i].picture.height);
    letterbox_free (self);
  }
}
GST_END_TEST;

/* corners of the picture map to corners of the frame, points of the bars to its
 * border, and points between them in proportion */
GST_START_TEST (test_map_to_frame)
{
  static const gint sizes[][4] = { { 1920, 1080, 640, 640 },
    { 641, 479, 640, 384 }, { 13, 99, 640, 640 }, { 1, 1, 416, 320 },
    { 8192, 3, 320, 320 } };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (sizes); i++) {
    const gint *size = sizes[i];
    GstVideoInfo info = make_info ("RGB", size[0], size[1]);
    Letterbox *self = new_letterbox (&info, size[2], size[3], 7, RGB);
    LetterboxRectangle picture;
    gfloat right, bottom;
    guint n;

    letterbox_get_picture (self, &picture);
    right = picture.x + picture.width;
    bottom = picture.y + picture.height;
    for (n = 0; n <= 8; n++) {
      gfloat x = picture.x + picture.width * n / 8.0f;
      gfloat y = picture.y + picture.height * n / 8.0f;

      letterbox_map_to_frame (self, &x, &y);
      fail_unless (fabsf (x - size[0] * n / 8.0f) <= 1e-3f * size[0]);
      fail_unless (fabsf (y - size[1] * n / 8.0f) <= 1e-3f * size[1]);
    }
    {
      gfloat before_x = picture.x - 3.0f, before_y = picture.y - 3.0f;
      gfloat behind_x = right + 3.0f, behind_y = bottom + 3.0f;

      letterbox_map_to_frame (self, &before_x, &before_y);
      letterbox_map_to_frame (self, &behind_x, &behind_y);
      fail_unless (before_x == 0.0f && before_y == 0.0f);
      fail_unless (behind_x == size[0] && behind_y == size[1]);
    }
    letterbox_free (self);
  }
}
GST_END_TEST;

/* strides and offsets of a GstVideoMeta are followed, also over two memories */
GST_START_TEST (test_video_meta)
{
  GstVideoInfo info = make_info ("NV12", 37, 22);
  GstVideoFrame packed = new_frame (&info, 0);
  gsize offsets[GST_VIDEO_MAX_PLANES] = { 11, 11 + 22 * 61 + 5 };
  gint strides[GST_VIDEO_MAX_PLANES] = { 61, 83 };
  GstBuffer *buffer = gst_buffer_new ();
  GstVideoFrame frame;
  guint8 *expected, *levels;
  gint c, x, y;

  gst_buffer_append_memory (
      buffer, gst_allocator_alloc (NULL, offsets[1] - 2, NULL));
  gst_buffer_append_memory (
      buffer, gst_allocator_alloc (NULL, 2 + 11 * 83, NULL));
  gst_buffer_add_video_meta_full (buffer, GST_VIDEO_FRAME_FLAG_NONE,
      GST_VIDEO_FORMAT_NV12, 37, 22, 2, offsets, strides);
  fail_unless (gst_video_frame_map (&frame, &info, buffer, GST_MAP_READWRITE));
  for (c = 0; c < 3; c++) {
    for (y = 0; y < GST_VIDEO_INFO_COMP_HEIGHT (&info, c); y++) {
      for (x = 0; x < GST_VIDEO_INFO_COMP_WIDTH (&info, c); x++)
        *sample_at (&frame, c, x, y) = *sample_at (&packed, c, x, y);
    }
  }

  expected = letterbox_levels (&packed, 32, 32, RGB);
  levels = letterbox_levels (&frame, 32, 32, RGB);
  fail_unless (memcmp (levels, expected, 3 * 32 * 32) == 0);

  g_free (expected);
  g_free (levels);
  gst_video_frame_unmap (&frame);
  gst_buffer_unref (buffer);
  free_frame (&packed);
}
GST_END_TEST;

/* every level at every fix point is quantized by the formula, pad included */
GST_START_TEST (test_quantization)
{
  static const gchar *const formats[] = { "RGB", "GRAY8" };
  gint fix_point, level;
  guint f;

  for (f = 0; f < G_N_ELEMENTS (formats); f++) {
    GstVideoInfo info = make_info (formats[f], 256, 1);
    GstVideoFrame frame = new_frame (&info, 0);
    guint c;

    for (c = 0; c < GST_VIDEO_INFO_N_COMPONENTS (&info); c++) {
      for (level = 0; level < 256; level++)
        *sample_at (&frame, c, level, 0) = level;
    }
    for (fix_point = -10; fix_point <= 18; fix_point++) {
      Letterbox *self = new_letterbox (&info, 256, 2, fix_point, RGB);
      gint8 input[2 * 3 * 256];
      gint i;

      letterbox_fill_padding (self, input);
      letterbox_write_picture (self, &frame, input);
      for (i = 0; i < 3 * 256; i++) {
        fail_unless (input[i] == quantized (i / 3, fix_point),
            "%s: level %d at fix point %d is %d, not %d", formats[f], i / 3,
            fix_point, input[i], quantized (i / 3, fix_point));
        fail_unless_equals_int (input[3 * 256 + i], quantized (PAD, fix_point));
      }
      letterbox_free (self);
    }
    free_frame (&frame);
  }
}
GST_END_TEST;

/* what cannot be read is refused in a sentence that names it */
GST_START_TEST (test_errors)
{
  static const struct {
    const gchar *format;
    gint width, height;
    guint target_width, target_height;
    LetterboxError code;
    const gchar *named;
  } cases[] = {
    { "ARGB64", 64, 64, 64, 64, LETTERBOX_ERROR_FORMAT, "ARGB64" },
    { "v210", 64, 64, 64, 64, LETTERBOX_ERROR_FORMAT, "videoconvert" },
    { "RGB", 0, 64, 64, 64, LETTERBOX_ERROR_SIZE, "0x64" },
    { "NV12", 8193, 64, 64, 64, LETTERBOX_ERROR_SIZE, "8193x64" },
    { "NV12", 64, 8193, 64, 64, LETTERBOX_ERROR_SIZE, "8192x8192" },
    { "NV12", 64, 64, 0, 64, LETTERBOX_ERROR_SIZE, "0x64" },
    { "NV12", 64, 64, 64, 9000, LETTERBOX_ERROR_SIZE, "64x9000" },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    GstVideoInfo info = make_info (cases[i].format, 64, 64);
    LetterboxTarget target = { cases[i].target_width, cases[i].target_height, 7,
      RGB, PAD };
    GError *error = NULL;

    info.width = cases[i].width;
    info.height = cases[i].height;
    fail_unless (letterbox_new (&info, &target, &error) == NULL);
    fail_unless (g_error_matches (error, LETTERBOX_ERROR, cases[i].code));
    fail_unless (
        strstr (error->message, cases[i].named) != NULL, "%s", error->message);
    fail_unless (g_str_has_suffix (error->message, "."));
    g_error_free (error);
  }
}
GST_END_TEST;

/* the largest frames and the thinnest pictures work */
GST_START_TEST (test_extreme_sizes)
{
  static const gint sizes[][2] = { { 8192, 1 }, { 1, 8192 }, { 8192, 8192 } };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (sizes); i++) {
    GstVideoInfo info = make_info ("NV12", sizes[i][0], sizes[i][1]);
    GstVideoFrame frame = new_frame (&info, 0);

    g_free (letterbox_levels (&frame, 640, 640, RGB));
    free_frame (&frame);
  }
}
GST_END_TEST;

/* the input a quantizer wrote for a letterboxed picture is reproduced */
GST_START_TEST (test_published_input)
{
  static const gchar *const names[] = { "everyday_640x640", "street_640x640" };
  const gchar *shared = g_getenv ("TEST_SHARED_DIR");
  gchar *directory =
      g_build_filename (shared ? shared : "", "golden", names[__i__], NULL);
  gchar *picture = g_build_filename (directory, "image0.rgb", NULL);
  gchar *quantized_input = g_build_filename (directory, "input0.s8", NULL);
  const gsize size = 3 * 640 * 640;
  gchar *data = NULL, *expected = NULL;
  gsize n_data, n_expected;

  if (g_file_get_contents (picture, &data, &n_data, NULL)
      && g_file_get_contents (quantized_input, &expected, &n_expected, NULL)) {
    GstVideoInfo info = make_info ("RGB", 640, 640);
    GstVideoFrame frame = { .info = info };
    Letterbox *self = new_letterbox (&info, 640, 640, 6, RGB);
    gint8 *input = g_malloc (size);

    fail_unless (n_data == size && n_expected == size);
    frame.data[0] = data;
    letterbox_write_picture (self, &frame, input);
    fail_unless (memcmp (input, expected, size) == 0);
    g_free (input);
    letterbox_free (self);
  } else {
    g_print ("skipped test_published_input: no %s\n", directory);
  }
  g_free (data);
  g_free (expected);
  g_free (picture);
  g_free (quantized_input);
  g_free (directory);
}
GST_END_TEST;

static Suite *
letterbox_suite (void)
{
  Suite *suite = suite_create ("letterbox");
  TCase *tcase = tcase_create ("letterbox");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_rgb_equals_opencv);
  tcase_add_test (tcase, test_picture_and_padding_keep_apart);
  tcase_add_test (tcase, test_placement);
  tcase_add_test (tcase, test_map_to_frame);
  tcase_add_test (tcase, test_video_meta);
  tcase_add_test (tcase, test_quantization);
  tcase_add_test (tcase, test_errors);
  tcase_add_test (tcase, test_extreme_sizes);
  tcase_add_loop_test (tcase, test_published_input, 0, 2);

  return suite;
}

GST_CHECK_MAIN (letterbox);
