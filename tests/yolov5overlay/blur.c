/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The mosaic behind which yolov5overlay hides objects. */

#include "rig.h"

#include <string.h>

/* a harness that draws the mosaic alone */
static GstHarness *
new_blur (
    const gchar *format, gint width, gint height, const gchar *colorimetry)
{
  GstHarness *h = new_overlay (format, width, height, colorimetry);

  g_object_set (h->element, "blur", "person", "classes", "nothing", NULL);
  return h;
}

/* writes the mean of each cell into all its samples */
static void
draw_expected_mosaic (
    GstVideoFrame *frame, const GstVideoRectangle *box, gint cell)
{
  guint c;
  gint left, top, x, y;

  for (c = 0; c < GST_VIDEO_FRAME_N_COMPONENTS (frame); c++) {
    OverlayComponent component;
    gint width, height;

    get_component (frame, c, &component);
    width = cell >> component.shift_x;
    height = cell >> component.shift_y;
    for (top = box->y; top < box->y + box->h; top += cell)
      for (left = box->x; left < box->x + box->w; left += cell) {
        gint first_x = left >> component.shift_x;
        gint first_y = top >> component.shift_y;
        guint sum = 0;

        for (y = 0; y < height; y++)
          for (x = 0; x < width; x++)
            sum += get_sample (&component, first_x + x, first_y + y);
        for (y = 0; y < height; y++)
          for (x = 0; x < width; x++)
            set_sample (&component, first_x + x, first_y + y,
                (sum + width * height / 2) / (width * height));
      }
  }
}

/* replaces the box by the mean colours of its cells in each format, and leaves
 * every other byte as it was */
GST_START_TEST (test_mosaic_in_every_format)
{
  static const struct {
    GstVideoRectangle box;
    gint cell;
  } cases[] = { { { .x = 16, .y = 8, .w = 64, .h = 48 }, 8 },
    { { .x = 16, .y = 16, .w = 80, .h = 96 }, 16 },
    { { .x = 0, .y = 0, .w = 256, .h = 64 }, 32 },
    { { .x = 32, .y = 64, .w = 8, .h = 8 }, 8 },
    { { .x = 128, .y = 0, .w = 64, .h = 128 }, 16 },
    { { .x = 0, .y = 0, .w = 256, .h = 128 }, 32 } };
  const OverlayColors *colors = &overlay_colors[__i__];
  GstHarness *h = new_blur (colors->format, 263, 131, colors->colorimetry);
  GstVideoInfo info;
  guint i;

  get_info (h, &info);
  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    const GstVideoRectangle *box = &cases[i].box;
    GstBuffer *expected = new_frame (h, 12), *buffer = new_frame (h, 12);
    GstVideoFrame frame;
    GBytes *pixels;

    add_region (buffer, "person", 0, 0.5, box->x, box->y, box->w, box->h);
    fail_unless (
        gst_video_frame_map (&frame, &info, expected, GST_MAP_READWRITE));
    draw_expected_mosaic (&frame, box, cases[i].cell);
    gst_video_frame_unmap (&frame);

    pixels = copy_pixels (expected);
    fail_unless (same_and_unref (pixels, push_pixels (h, buffer)),
        "box %u is not as expected", i);
    gst_buffer_unref (expected);
  }
  gst_harness_teardown (h);
}
GST_END_TEST;

/* how many levels the first component has in a box */
static guint
count_levels (GstHarness *h, GstBuffer *buffer, const GstVideoRectangle *box)
{
  static gboolean seen[65536];
  GstVideoInfo info;
  GstVideoFrame frame;
  OverlayComponent component;
  guint n = 0;
  gint x, y;

  get_info (h, &info);
  fail_unless (gst_video_frame_map (&frame, &info, buffer, GST_MAP_READ));
  get_component (&frame, 0, &component);
  memset (seen, 0, sizeof (seen));
  for (y = box->y; y < MIN (box->y + box->h, info.height); y++)
    for (x = box->x; x < MIN (box->x + box->w, info.width); x++) {
      guint level = get_sample (&component, x, y);

      n += !seen[level];
      seen[level] = TRUE;
    }
  gst_video_frame_unmap (&frame);
  return n;
}

/* leaves few colours wherever the box is, however large, in frames of any
 * size, and writes nothing around them */
GST_START_TEST (test_mosaic_in_odd_places)
{
  static const gint sizes[][2] = { { 1, 1 }, { 3, 5 }, { 1, 40 }, { 40, 1 },
    { 33, 31 }, { 101, 99 }, { 320, 240 } };
  static const GstVideoRectangle boxes[] = { { 0, 0, 1, 1 }, { 0, 0, 7, 9 },
    { 5, 3, 90, 91 }, { 31, 29, 300, 7 }, { 1, 1, 1000, 1000 },
    { 100, 98, 1, 1 }, { 3, 7, 64, 65 } };
  guint i, k;

  for (i = 0; i < G_N_ELEMENTS (sizes); i++) {
    GstHarness *h = new_blur (overlay_colors[__i__].format, sizes[i][0],
        sizes[i][1], overlay_colors[__i__].colorimetry);

    for (k = 0; k < G_N_ELEMENTS (boxes); k++) {
      GstBuffer *buffer = draw_region (
          h, "person", 0, 0.5, boxes[k].x, boxes[k].y, boxes[k].w, boxes[k].h);
      gint side =
          MIN (MAX (boxes[k].w, boxes[k].h), MAX (sizes[i][0], sizes[i][1]));
      gint short_side = MIN (boxes[k].w, boxes[k].h);
      /* half a cell at least at each end, cells from an eighth of the side */
      guint n_cells = (side / 8 + 2) * (short_side / 8 + 2);

      n_cells = MIN (n_cells, 9 * 9);
      fail_unless (count_levels (h, buffer, &boxes[k]) <= n_cells,
          "box %u in frame %u shows more than %u levels", k, i, n_cells);
      gst_buffer_unref (buffer);
    }
    gst_harness_teardown (h);
  }
}
GST_END_TEST;

/* destroys what it hides: frames that differ in the order of the pixels within
 * each cell become the same frame */
GST_START_TEST (test_mosaic_destroys_detail)
{
  GstHarness *h = new_blur ("GRAY8", 128, 128, NULL);
  GstBuffer *buffer = new_frame (h, 0), *mirrored = new_frame (h, 0);
  GstMapInfo map;
  GBytes *before[2];
  gint x, y;

  /* cells of 16: rows within each of them change places */
  fail_unless (gst_buffer_map (mirrored, &map, GST_MAP_READWRITE));
  for (y = 0; y < 128; y++)
    if (y % 16 < 8)
      for (x = 0; x < 128; x++) {
        guint8 *a = &map.data[y * 128 + x];
        guint8 *b = &map.data[(y - y % 16 + 15 - y % 16) * 128 + x];
        guint8 swap = *a;

        *a = *b;
        *b = swap;
      }
  gst_buffer_unmap (mirrored, &map);
  before[0] = copy_pixels (buffer);
  before[1] = copy_pixels (mirrored);
  fail_if (same_and_unref (before[0], before[1]));

  add_region (buffer, "person", 0, 0.5, 0, 0, 128, 128);
  add_region (mirrored, "person", 0, 0.5, 0, 0, 128, 128);
  fail_unless (
      same_and_unref (push_pixels (h, buffer), push_pixels (h, mirrored)));
  gst_harness_teardown (h);
}
GST_END_TEST;

/* has no cell at the edges of a box that is thinner than half a cell */
GST_START_TEST (test_no_thin_cells)
{
  GstHarness *h = new_blur ("GRAY8", 128, 128, NULL);
  gint offset;

  /* cells of 8 pixels */
  for (offset = 0; offset < 8; offset++) {
    const GstVideoRectangle box = { 16 + offset, 24 - offset, 45, 50 };
    GstBuffer *buffer =
        draw_region (h, "person", 0, 0.5, box.x, box.y, box.w, box.h);
    const GstVideoRectangle ends[] = { { box.x, box.y, 4, 4 },
      { box.x + box.w - 4, box.y, 4, 4 }, { box.x, box.y + box.h - 4, 4, 4 },
      { box.x + box.w - 4, box.y + box.h - 4, 4, 4 } };
    guint i;

    for (i = 0; i < G_N_ELEMENTS (ends); i++)
      fail_unless_equals_int (count_levels (h, buffer, &ends[i]), 1);
    gst_buffer_unref (buffer);
  }
  gst_harness_teardown (h);
}
GST_END_TEST;

/* keeps its cells where they are when the box trembles, so that the mosaics of
 * many frames do not add up to a sharper picture */
GST_START_TEST (test_mosaic_of_trembling_box)
{
  GstHarness *h = new_blur ("GRAY8", 256, 256, NULL);
  const GstVideoRectangle inner = { .x = 64, .y = 64, .w = 96, .h = 96 };
  GBytes *expected = NULL;
  gint i;

  for (i = 0; i < 5; i++) {
    GstBuffer *buffer =
        draw_region (h, "person", 0, 0.5, 32 + i, 33 - i, 160 - i, 160 + 2 * i);
    GstBuffer *cut = gst_buffer_new ();
    GBytes *pixels;
    gint y;

    for (y = inner.y; y < inner.y + inner.h; y++)
      cut = gst_buffer_append (
          cut, gst_buffer_copy_region (
                   buffer, GST_BUFFER_COPY_MEMORY, y * 256 + inner.x, inner.w));
    pixels = copy_pixels (cut);
    if (expected == NULL)
      expected = g_bytes_ref (pixels);
    fail_unless (same_and_unref (g_bytes_ref (expected), pixels));
    gst_buffer_unref (cut);
    gst_buffer_unref (buffer);
  }
  g_bytes_unref (expected);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* hides the classes that it is told to, whether they are shown or not */
GST_START_TEST (test_blurred_classes)
{
  static const struct {
    const gchar *text;
    const gchar *label;
    gint label_id;
    gboolean blurred;
  } cases[] = { { NULL, "person", 0, FALSE }, { "", "person", 0, FALSE },
    { "person", "person", 0, TRUE }, { "car;person", "person", 0, TRUE },
    { "car", "person", 0, FALSE }, { "0", "person", 0, TRUE },
    { "*", "person", 0, TRUE }, { "all", NULL, NO_LABEL_ID, TRUE },
    /* nobody says that it is not */
    { "0", "person", NO_LABEL_ID, TRUE } };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    GstHarness *h = new_overlay ("NV12", 128, 96, NULL);

    g_object_set (
        h->element, "blur", cases[i].text, "classes", "nothing", NULL);
    fail_unless_equals_int (same_and_unref (blank_pixels (h),
                                draw_region_pixels (h, cases[i].label,
                                    cases[i].label_id, 0.5, 16, 16, 64, 64)),
        !cases[i].blurred);
    gst_harness_teardown (h);
  }
}
GST_END_TEST;

/* draws box and label over the mosaic */
GST_START_TEST (test_box_lies_over_mosaic)
{
  GstHarness *h = new_overlay ("RGB", 128, 96, NULL);
  GstHarness *plain = new_overlay ("RGB", 128, 96, NULL);
  GstBuffer *buffer, *unblurred;
  guint8 rgb[3], other[3];

  g_object_set (h->element, "blur", "person", NULL);
  buffer = draw_region (h, "person", 0, 0.5, 16, 32, 64, 48);
  unblurred = draw_region (plain, "person", 0, 0.5, 16, 32, 64, 48);
  /* line and label */
  get_buffer_rgb (h, buffer, 16, 50, rgb);
  get_buffer_rgb (plain, unblurred, 16, 50, other);
  fail_unless (memcmp (rgb, other, 3) == 0);
  get_buffer_rgb (h, buffer, 17, 31, rgb);
  get_buffer_rgb (plain, unblurred, 17, 31, other);
  fail_unless (memcmp (rgb, other, 3) == 0);
  get_buffer_rgb (h, buffer, 40, 50, rgb);
  get_buffer_rgb (plain, unblurred, 40, 50, other);
  fail_if (memcmp (rgb, other, 3) == 0);
  gst_buffer_unref (buffer);
  gst_buffer_unref (unblurred);
  gst_harness_teardown (h);
  gst_harness_teardown (plain);
}
GST_END_TEST;

/* hides on a copy what somebody else holds */
GST_START_TEST (test_shared_buffer_is_copied)
{
  GstHarness *h = new_blur ("NV12", 128, 96, NULL);
  GstBuffer *held = new_frame (h, 0), *buffer;

  add_region (held, "person", 0, 0.5, 16, 16, 64, 64);
  buffer = gst_harness_push_and_pull (h, gst_buffer_ref (held));
  fail_if (same_and_unref (blank_pixels (h), copy_pixels (buffer)));
  fail_unless (same_and_unref (blank_pixels (h), copy_pixels (held)));
  gst_buffer_unref (held);
  gst_buffer_unref (buffer);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* lets no frame pass unhidden: one that it cannot work on is an error, also when
 * the buffer's metadata say that there is more in it */
GST_START_TEST (test_frame_too_small_for_caps)
{
  static const struct {
    const gchar *format;
    gsize size;
    /* of the GstVideoMeta, 0 without */
    guint width, height;
    const gchar *wrong;
  } cases[] = {
    { "NV12", 1000, 0, 0, "1000 bytes" },
    { "NV12", 1000, 128, 96, "1000 bytes" },
    /* the last row of chroma */
    { "NV12", 128 * 96 * 3 / 2 - 1, 128, 96, "18431 bytes" },
    { "NV12", 128 * 96 * 3 / 2, 64, 48, "64x48" },
    /* the second byte of the last sample, the last word of a row */
    { "GRAY16_LE", 128 * 96 * 2 - 1, 128, 96, "24575 bytes" },
    { "P010_10LE", 128 * 96 * 3 - 1, 128, 96, "36863 bytes" },
    { "GRAY10_LE32", 43 * 4 * 96 - 1, 128, 96, "16511 bytes" },
    { "NV12_10LE32", 43 * 4 * 144 - 1, 128, 96, "24767 bytes" },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    GstHarness *h = new_blur (cases[i].format, 128, 96, NULL);
    GstBus *bus = gst_bus_new ();
    GstBuffer *buffer = gst_buffer_new_and_alloc (cases[i].size);
    GstMessage *message;
    GError *error;

    gst_element_set_bus (h->element, bus);
    if (cases[i].width > 0)
      gst_buffer_add_video_meta (buffer, GST_VIDEO_FRAME_FLAG_NONE,
          gst_video_format_from_string (cases[i].format), cases[i].width,
          cases[i].height);
    add_region (buffer, "person", 0, 0.5, 16, 16, 64, 64);
    fail_unless_equals_int (gst_harness_push (h, buffer), GST_FLOW_ERROR);
    fail_unless_equals_int (gst_harness_buffers_in_queue (h), 0);
    message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
    fail_unless (message != NULL);
    gst_message_parse_error (message, &error, NULL);
    fail_unless (strstr (error->message, cases[i].wrong) != NULL,
        "\"%s\" lacks \"%s\"", error->message, cases[i].wrong);
    g_error_free (error);
    gst_message_unref (message);
    gst_element_set_bus (h->element, NULL);
    gst_object_unref (bus);
    gst_harness_teardown (h);
  }
}
GST_END_TEST;

static Suite *
yolov5overlay_blur_suite (void)
{
  Suite *suite = suite_create ("yolov5overlay-blur");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (tcase, test_mosaic_in_every_format, 0, N_OVERLAY_COLORS);
  tcase_add_loop_test (tcase, test_mosaic_in_odd_places, 0, N_OVERLAY_COLORS);
  tcase_add_test (tcase, test_mosaic_destroys_detail);
  tcase_add_test (tcase, test_no_thin_cells);
  tcase_add_test (tcase, test_mosaic_of_trembling_box);
  tcase_add_test (tcase, test_blurred_classes);
  tcase_add_test (tcase, test_box_lies_over_mosaic);
  tcase_add_test (tcase, test_shared_buffer_is_copied);
  tcase_add_test (tcase, test_frame_too_small_for_caps);
  return suite;
}

GST_CHECK_MAIN (yolov5overlay_blur)
