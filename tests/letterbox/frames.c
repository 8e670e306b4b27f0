/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The letterbox room: which frames are taken, pixels that are not square, and
 * memory that is not the system's. */

#include <math.h>
#include <string.h>

#include "letterbox/sampler.h"
#include "rig.h"

/* every format of the list makes a letterbox, and is known to GStreamer */
GST_START_TEST (test_listed_formats_are_taken)
{
  GValue list = G_VALUE_INIT;
  guint i;

  g_value_init (&list, GST_TYPE_LIST);
  fail_unless (gst_value_deserialize (&list, LETTERBOX_FORMATS));
  fail_unless (gst_value_list_get_size (&list) > 30);
  for (i = 0; i < gst_value_list_get_size (&list); i++) {
    const gchar *format =
        g_value_get_string (gst_value_list_get_value (&list, i));
    GstVideoInfo info = make_info (format, 33, 21);
    GstCaps *caps = gst_video_info_to_caps (&info);
    GError *error = NULL;

    fail_unless (letterbox_check_frames (&info, &error), "%s", format);
    fail_unless (letterbox_check_caps (caps, &error), "%s", format);
    letterbox_free (new_letterbox (&info, 32, 32, 7, RGB));
    gst_caps_unref (caps);
  }
  g_value_unset (&list);
}
GST_END_TEST;

/* of caps that are not taken one learns why, and what to put in front */
GST_START_TEST (test_refused_caps)
{
  static const struct {
    const gchar *caps;
    const gchar *named[2];
  } cases[] = {
    { "video/x-raw, format=v210, width=64, height=64, framerate=30/1",
        { "v210", "put videoconvert in front" } },
    { "video/x-raw, format=RGB16, width=64, height=64, framerate=30/1",
        { "RGB16", "put videoconvert in front" } },
    /* part of a name that is taken, and none at all */
    { "video/x-raw, format=RG, width=64, height=64, framerate=30/1",
        { "RG,", "put videoconvert in front" } },
    { "video/x-raw, format=DMA_DRM, width=64, height=64, framerate=30/1",
        { "DMA_DRM", "put videoconvert in front" } },
    { "video/x-raw, format=NV12, width=8194, height=64, framerate=30/1",
        { "8194x64", "put videoscale in front" } },
    { "video/x-raw, format=NV12, width=64, height=9000, framerate=30/1",
        { "64x9000", "8192x8192" } },
    { "video/x-raw, format=NV12, framerate=30/1", { "framerate", "width" } },
    { "image/jpeg, width=64, height=64", { "image/jpeg", "decode" } },
  };
  guint i, n;

  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    GstCaps *caps = gst_caps_from_string (cases[i].caps);
    GError *error = NULL;

    fail_if (letterbox_check_caps (caps, &error), "%s", cases[i].caps);
    for (n = 0; n < 2; n++)
      fail_unless (strstr (error->message, cases[i].named[n]) != NULL, "%s: %s",
          cases[i].caps, error->message);
    fail_unless (g_str_has_suffix (error->message, "."));
    g_error_free (error);
    gst_caps_unref (caps);
  }
}
GST_END_TEST;

/* a picture of @width x @height of which every point has the level of a smooth
 * function of its position, so that squeezing it is drawing it smaller */
static GstVideoFrame
draw_picture (const gchar *format, gint width, gint height)
{
  GstVideoInfo info = make_info (format, width, height);
  GstVideoFrame frame = new_frame (&info, 0);
  gint x, y;
  guint c;

  for (c = 0; c < GST_VIDEO_INFO_N_COMPONENTS (&info); c++) {
    gint columns = GST_VIDEO_INFO_COMP_WIDTH (&info, c);
    gint rows = GST_VIDEO_INFO_COMP_HEIGHT (&info, c);

    for (y = 0; y < rows; y++) {
      for (x = 0; x < columns; x++) {
        gdouble across = (x + 0.5) / columns, down = (y + 0.5) / rows;

        set_level (&frame, c, x, y,
            128.0 + 50.0 * sin (6.0 * across + c) + 50.0 * cos (9.0 * down));
      }
    }
  }

  return frame;
}

static gint8 *
make_input (const GstVideoFrame *frame)
{
  Letterbox *self = new_letterbox (&frame->info, 80, 80, 7, RGB);
  gint8 *input = g_malloc (3 * 80 * 80);

  letterbox_fill_padding (self, input);
  letterbox_write_picture (self, frame, input);
  letterbox_free (self);

  return input;
}

/* a squeezed picture gives the model what the upright one gives it, bars
 * included; 2 are what sampling every second column costs */
GST_START_TEST (test_squeezed_picture_is_upright)
{
  static const gchar *const formats[] = { "RGB", "NV12", "YUY2", "GBR" };
  /* size, pixel-aspect-ratio, the size in square pixels */
  static const gint cases[][6] = {
    { 160, 180, 2, 1, 320, 180 },
    { 320, 90, 1, 2, 320, 180 },
    { 150, 240, 32, 15, 320, 240 },
    { 90, 160, 1, 1, 90, 160 },
  };
  guint f, i, n;

  for (f = 0; f < G_N_ELEMENTS (formats); f++) {
    for (i = 0; i < G_N_ELEMENTS (cases); i++) {
      const gint *size = cases[i];
      GstVideoFrame squeezed = draw_picture (formats[f], size[0], size[1]);
      GstVideoFrame upright = draw_picture (formats[f], size[4], size[5]);
      gint8 *input, *expected;

      squeezed.info.par_n = size[2];
      squeezed.info.par_d = size[3];
      input = make_input (&squeezed);
      expected = make_input (&upright);
      for (n = 0; n < 3 * 80 * 80; n++)
        fail_unless (ABS (input[n] - expected[n]) <= 2,
            "%s, case %u: byte %u is %d, not %d", formats[f], i, n, input[n],
            expected[n]);
      g_free (input);
      g_free (expected);
      free_frame (&squeezed);
      free_frame (&upright);
    }
  }
}
GST_END_TEST;

/* boxes come back in stored pixels, whatever shape these have */
GST_START_TEST (test_squeezed_boxes_are_in_stored_pixels)
{
  GstVideoInfo info = make_info ("NV12", 960, 1080);
  LetterboxRectangle picture;
  Letterbox *self;
  gfloat x = 320.0f, y = 140.0f + 90.0f;

  info.par_n = 2;
  self = new_letterbox (&info, 640, 640, 7, RGB);
  letterbox_get_picture (self, &picture);
  fail_unless_equals_int (picture.width, 640);
  fail_unless_equals_int (picture.height, 360);
  fail_unless_equals_int (picture.y, 140);
  letterbox_map_to_frame (self, &x, &y);
  fail_unless (fabsf (x - 480.0f) < 0.01f);
  fail_unless (fabsf (y - 270.0f) < 0.01f);
  letterbox_free (self);
}
GST_END_TEST;

/* ratios that no video has are those of square pixels, extreme ones that some
 * might have are safe */
GST_START_TEST (test_absurd_pixel_aspect_ratios)
{
  /* ratio, width and height of the picture in 64x64 */
  static const gint cases[][4] = {
    { 0, 1, 64, 32 },
    { 1, 0, 64, 32 },
    { 0, 0, 64, 32 },
    { -2, 1, 64, 32 },
    { -1, -1, 64, 32 },
    { G_MAXINT, 1, 64, 32 },
    { 1, G_MAXINT, 64, 32 },
    { G_MAXINT, G_MAXINT, 64, 32 },
    { 17, 1, 64, 32 },
    { 16, 1, 64, 2 },
    { 1, 16, 8, 64 },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    GstVideoInfo info = make_info ("I420", 200, 100);
    GstVideoFrame frame = new_frame (&info, 0);
    LetterboxRectangle picture;
    Letterbox *self;

    frame.info.par_n = cases[i][0];
    frame.info.par_d = cases[i][1];
    self = new_letterbox (&frame.info, 64, 64, 7, RGB);
    letterbox_get_picture (self, &picture);
    fail_unless_equals_int (picture.width, cases[i][2]);
    fail_unless_equals_int (picture.height, cases[i][3]);
    letterbox_free (self);
    g_free (letterbox_levels (&frame, 64, 64, RGB));
    free_frame (&frame);
  }
}
GST_END_TEST;

/* memory of a device, as far as one can see */
typedef struct {
  GstAllocator parent;
} DeviceAllocator;
typedef GstAllocatorClass DeviceAllocatorClass;

static GType device_allocator_get_type (void);
G_DEFINE_TYPE (DeviceAllocator, device_allocator, GST_TYPE_ALLOCATOR)

typedef struct {
  GstMemory parent;
  guint8 *data;
} DeviceMemory;

static gpointer
device_memory_map (GstMemory *memory, gsize size, GstMapFlags flags)
{
  return ((DeviceMemory *) memory)->data;
}

static void
device_memory_unmap (GstMemory *memory)
{
}

static void
device_allocator_free (GstAllocator *allocator, GstMemory *memory)
{
  g_free (((DeviceMemory *) memory)->data);
  g_free (memory);
}

static void
device_allocator_class_init (DeviceAllocatorClass *klass)
{
  klass->free = device_allocator_free;
}

static void
device_allocator_init (DeviceAllocator *self)
{
  GstAllocator *allocator = GST_ALLOCATOR (self);

  allocator->mem_type = "DeviceMemory";
  allocator->mem_map = device_memory_map;
  allocator->mem_unmap = device_memory_unmap;
}

/* a buffer of noise in such memory, or in system memory */
static GstBuffer *
new_noise (gsize size, gboolean is_device)
{
  GstBuffer *buffer = gst_buffer_new ();
  guint8 *data = g_malloc (size);
  gsize i;

  for (i = 0; i < size; i++)
    data[i] = (i * 2654435761u) >> 13;
  if (is_device) {
    GstAllocator *allocator = g_object_new (device_allocator_get_type (), NULL);
    DeviceMemory *memory = g_new0 (DeviceMemory, 1);

    gst_memory_init (
        GST_MEMORY_CAST (memory), 0, allocator, NULL, size, 0, 0, size);
    memory->data = data;
    gst_buffer_append_memory (buffer, GST_MEMORY_CAST (memory));
    gst_object_unref (allocator);
  } else {
    gst_buffer_append_memory (
        buffer, gst_memory_new_wrapped (0, data, size, 0, size, data, g_free));
  }

  return buffer;
}

/* rows in a device's memory are copied before they are looked at from several
 * sides, which changes nothing */
GST_START_TEST (test_device_memory)
{
  static const gchar *const formats[] = { "NV12", "I420", "YUY2", "UYVY", "BGR",
    "ARGB", "GBR", "NV16_10LE32", "I422_10LE", "GRAY8" };
  guint f, i;

  for (f = 0; f < G_N_ELEMENTS (formats); f++) {
    GstVideoInfo info = make_info (formats[f], 97, 43);
    guint8 *levels[2];

    for (i = 0; i < 2; i++) {
      GstBuffer *buffer = new_noise (info.size, i == 1);
      LetterboxSampler sampler = { .n_sources = 0 };
      GstVideoFrame frame;

      fail_unless (gst_video_frame_map (&frame, &info, buffer, GST_MAP_READ));
      levels[i] = letterbox_levels (&frame, 64, 64, RGB);
      letterbox_sampler_start (&sampler, &frame);
      fail_unless_equals_int (sampler.copies, i == 1);
      gst_video_frame_unmap (&frame);
      gst_buffer_unref (buffer);
    }
    fail_unless (
        memcmp (levels[0], levels[1], 3 * 64 * 64) == 0, "%s", formats[f]);
    g_free (levels[0]);
    g_free (levels[1]);
  }
}
GST_END_TEST;

static Suite *
letterbox_frames_suite (void)
{
  Suite *suite = suite_create ("letterbox-frames");
  TCase *tcase = tcase_create ("frames");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_listed_formats_are_taken);
  tcase_add_test (tcase, test_refused_caps);
  tcase_add_test (tcase, test_squeezed_picture_is_upright);
  tcase_add_test (tcase, test_squeezed_boxes_are_in_stored_pixels);
  tcase_add_test (tcase, test_absurd_pixel_aspect_ratios);
  tcase_add_test (tcase, test_device_memory);

  return suite;
}

GST_CHECK_MAIN (letterbox_frames);
