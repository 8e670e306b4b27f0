/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Frames for yolov5overlay, and what has become of them. */

#include "rig.h"

#include <string.h>

#include "metadata/inference.h"

const OverlayColors overlay_colors[N_OVERLAY_COLORS] = {
  { "NV12", NULL, 0.299, 0.114, FALSE },
  { "NV21", NULL, 0.299, 0.114, FALSE },
  { "I420", NULL, 0.299, 0.114, FALSE },
  { "YV12", NULL, 0.299, 0.114, FALSE },
  { "Y42B", NULL, 0.299, 0.114, FALSE },
  { "YUY2", NULL, 0.299, 0.114, FALSE },
  { "UYVY", NULL, 0.299, 0.114, FALSE },
  { "RGB", NULL, 0.299, 0.114, TRUE },
  { "BGR", NULL, 0.299, 0.114, TRUE },
  { "RGBx", NULL, 0.299, 0.114, TRUE },
  { "BGRx", NULL, 0.299, 0.114, TRUE },
  { "xRGB", NULL, 0.299, 0.114, TRUE },
  { "xBGR", NULL, 0.299, 0.114, TRUE },
  { "RGBA", NULL, 0.299, 0.114, TRUE },
  { "BGRA", NULL, 0.299, 0.114, TRUE },
  { "ARGB", NULL, 0.299, 0.114, TRUE },
  { "ABGR", NULL, 0.299, 0.114, TRUE },
  { "GRAY8", NULL, 0.299, 0.114, TRUE },
  { "NV16", NULL, 0.299, 0.114, FALSE },
  { "NV61", NULL, 0.299, 0.114, FALSE },
  { "NV24", NULL, 0.299, 0.114, FALSE },
  { "VYUY", NULL, 0.299, 0.114, FALSE },
  { "YVYU", NULL, 0.299, 0.114, FALSE },
  { "v308", NULL, 0.299, 0.114, FALSE },
  { "IYU2", NULL, 0.299, 0.114, FALSE },
  { "Y444", NULL, 0.299, 0.114, FALSE },
  { "AYUV", NULL, 0.299, 0.114, FALSE },
  { "VUYA", NULL, 0.299, 0.114, FALSE },
  { "A420", NULL, 0.299, 0.114, FALSE },
  { "GBR", NULL, 0.299, 0.114, TRUE },
  { "GRAY10_LE32", NULL, 0.299, 0.114, TRUE },
  { "GRAY16_LE", NULL, 0.299, 0.114, TRUE },
  { "GRAY16_BE", NULL, 0.299, 0.114, TRUE },
  { "NV12_10LE32", NULL, 0.299, 0.114, FALSE },
  { "NV16_10LE32", NULL, 0.299, 0.114, FALSE },
  { "P010_10LE", NULL, 0.299, 0.114, FALSE },
  { "I420_10LE", NULL, 0.299, 0.114, FALSE },
  { "I422_10LE", NULL, 0.299, 0.114, FALSE },
#if GST_CHECK_VERSION(1, 20, 0)
  { "RGBP", NULL, 0.299, 0.114, TRUE },
  { "BGRP", NULL, 0.299, 0.114, TRUE },
#endif
  { "NV12", "bt709", 0.2126, 0.0722, FALSE },
  { "NV12", "bt2020", 0.2627, 0.0593, FALSE },
  { "NV12", "1:4:0:0", 0.299, 0.114, TRUE },
  { "I420", "1:3:0:0", 0.2126, 0.0722, TRUE },
  { "RGB", "2:1:0:0", 0.299, 0.114, FALSE },
};

void
get_component (GstVideoFrame *frame, guint component, OverlayComponent *result)
{
  const GstVideoFormatInfo *finfo = frame->info.finfo;

  *result = (OverlayComponent){ frame, component,
    GST_VIDEO_FRAME_PLANE_DATA (frame, finfo->plane[component]),
    GST_VIDEO_FRAME_PLANE_STRIDE (frame, finfo->plane[component]),
    GST_VIDEO_FRAME_COMP_WIDTH (frame, component),
    GST_VIDEO_FRAME_COMP_HEIGHT (frame, component), finfo->w_sub[component],
    finfo->h_sub[component], finfo->depth[component] };
}

/* of 10 bits, three in a word: the word, and the bit at which it begins */
static guint8 *
find_packed (const OverlayComponent *self, gint x, gint y, guint *bit)
{
  guint n = (guint) x;

  if (self->component > 0)
    n = 2 * n + self->component - 1;
  *bit = n % 3 * 10;
  return self->plane + y * self->stride + n / 3 * 4;
}

static gboolean
is_packed (const OverlayComponent *self)
{
  return strstr (self->frame->info.finfo->name, "10LE32") != NULL
         || strstr (self->frame->info.finfo->name, "10_LE32") != NULL;
}

/* the byte that has the lower half of two, or the whole */
static guint8 *
find_bytes (const OverlayComponent *self, gint x, gint y)
{
  const GstVideoFormatInfo *finfo = self->frame->info.finfo;
  guint offset = finfo->poffset[self->component];

  /* what GStreamer says of the second chroma sample is half of what it is */
  if (finfo->format == GST_VIDEO_FORMAT_P010_10LE)
    offset = self->component == 2 ? 2 : 0;
  return self->plane + y * self->stride
         + x * finfo->pixel_stride[self->component] + offset;
}

guint
get_sample (const OverlayComponent *self, gint x, gint y)
{
  const GstVideoFormatInfo *finfo = self->frame->info.finfo;
  const guint8 *bytes;
  guint bit;

  if (is_packed (self)) {
    bytes = find_packed (self, x, y, &bit);
    return (GST_READ_UINT32_LE (bytes) >> bit) & 1023;
  }
  bytes = find_bytes (self, x, y);
  if (self->depth == 8)
    return bytes[0];
  return ((GST_VIDEO_FORMAT_INFO_IS_LE (finfo) ? GST_READ_UINT16_LE (bytes)
                                               : GST_READ_UINT16_BE (bytes))
             >> finfo->shift[self->component])
         & ((1u << self->depth) - 1);
}

void
set_sample (const OverlayComponent *self, gint x, gint y, guint level)
{
  const GstVideoFormatInfo *finfo = self->frame->info.finfo;
  guint8 *bytes;
  guint bit;

  if (is_packed (self)) {
    bytes = find_packed (self, x, y, &bit);
    GST_WRITE_UINT32_LE (
        bytes, (GST_READ_UINT32_LE (bytes) & ~(1023u << bit)) | level << bit);
    return;
  }
  bytes = find_bytes (self, x, y);
  level <<= finfo->shift[self->component];
  if (self->depth == 8)
    bytes[0] = (guint8) level;
  else if (GST_VIDEO_FORMAT_INFO_IS_LE (finfo))
    GST_WRITE_UINT16_LE (bytes, level);
  else
    GST_WRITE_UINT16_BE (bytes, level);
}

gdouble
get_level (const OverlayComponent *self, gint x, gint y, gboolean full_range)
{
  guint level = get_sample (self, x, y);

  if (full_range)
    return level * 255.0 / ((1u << self->depth) - 1);
  return level / (gdouble) (1u << (self->depth - 8));
}

GstHarness *
new_overlay (
    const gchar *format, gint width, gint height, const gchar *colorimetry)
{
  GstHarness *h = gst_harness_new ("yolov5overlay");
  GstCaps *caps = gst_caps_new_simple ("video/x-raw", "format", G_TYPE_STRING,
      format, "width", G_TYPE_INT, width, "height", G_TYPE_INT, height,
      "framerate", GST_TYPE_FRACTION, 30, 1, NULL);

  if (colorimetry != NULL)
    gst_caps_set_simple (caps, "colorimetry", G_TYPE_STRING, colorimetry, NULL);
  gst_harness_set_src_caps (h, caps);
  return h;
}

void
get_info (GstHarness *h, GstVideoInfo *info)
{
  GstCaps *caps = gst_pad_get_current_caps (h->srcpad);

  fail_unless (gst_video_info_from_caps (info, caps));
  gst_caps_unref (caps);
}

GstBuffer *
new_frame (GstHarness *h, guint row_padding)
{
  GstVideoInfo info;
  GstBuffer *buffer;
  gsize offset[GST_VIDEO_MAX_PLANES] = { 0 }, size = 0, i;
  gint stride[GST_VIDEO_MAX_PLANES] = { 0 };
  guint8 *data;
  guint plane;

  get_info (h, &info);
  for (plane = 0; plane < GST_VIDEO_INFO_N_PLANES (&info); plane++) {
    gsize rows = plane + 1 < GST_VIDEO_INFO_N_PLANES (&info)
                     ? info.offset[plane + 1] - info.offset[plane]
                     : info.size - info.offset[plane];

    rows /= info.stride[plane];
    stride[plane] = info.stride[plane] + row_padding;
    offset[plane] = size;
    size += rows * stride[plane];
  }

  data = g_malloc (size + 2 * GUARD_BYTES);
  memset (data, GUARD_LEVEL, size + 2 * GUARD_BYTES);
  for (i = 0; i < size; i++)
    data[GUARD_BYTES + i] = (guint8) (i * 31 + i / 251);
  buffer = gst_buffer_new_wrapped_full (
      0, data, size + 2 * GUARD_BYTES, GUARD_BYTES, size, data, g_free);
  gst_buffer_add_video_meta_full (buffer, GST_VIDEO_FRAME_FLAG_NONE,
      GST_VIDEO_INFO_FORMAT (&info), info.width, info.height,
      GST_VIDEO_INFO_N_PLANES (&info), offset, stride);
  return buffer;
}

void
check_guards (GstBuffer *buffer)
{
  GstMemory *memory = gst_buffer_peek_memory (buffer, 0);
  GstMapInfo map;
  gsize i;

  fail_unless (gst_memory_map (memory, &map, GST_MAP_READ));
  for (i = 0; i < GUARD_BYTES; i++) {
    fail_unless_equals_int (map.data[-1 - (gssize) i], GUARD_LEVEL);
    fail_unless_equals_int (map.data[map.size + i], GUARD_LEVEL);
  }
  gst_memory_unmap (memory, &map);
}

void
add_region (GstBuffer *buffer, const gchar *label, gint label_id,
    gdouble confidence, guint x, guint y, guint width, guint height)
{
  GstVideoRegionOfInterestMeta *region =
      gst_buffer_add_video_region_of_interest_meta (
          buffer, label, x, y, width, height);
  GstStructure *detection = gst_structure_new_empty ("detection");

  if (label_id != NO_LABEL_ID)
    gst_structure_set (detection, "label_id", G_TYPE_INT, label_id, NULL);
  if (confidence != NO_CONFIDENCE)
    gst_structure_set (
        detection, "confidence", G_TYPE_DOUBLE, confidence, NULL);
  gst_video_region_of_interest_meta_add_param (region, detection);
}

GBytes *
copy_pixels (GstBuffer *buffer)
{
  gpointer data;
  gsize size;

  gst_buffer_extract_dup (buffer, 0, -1, &data, &size);
  return g_bytes_new_take (data, size);
}

GstBuffer *
draw_region (GstHarness *h, const gchar *label, gint label_id,
    gdouble confidence, guint x, guint y, guint width, guint height)
{
  GstBuffer *buffer = new_frame (h, 0);

  add_region (buffer, label, label_id, confidence, x, y, width, height);
  buffer = gst_harness_push_and_pull (h, buffer);
  check_guards (buffer);
  return buffer;
}

GBytes *
draw_region_pixels (GstHarness *h, const gchar *label, gint label_id,
    gdouble confidence, guint x, guint y, guint width, guint height)
{
  GstBuffer *buffer =
      draw_region (h, label, label_id, confidence, x, y, width, height);
  GBytes *pixels = copy_pixels (buffer);

  gst_buffer_unref (buffer);
  return pixels;
}

GBytes *
blank_pixels (GstHarness *h)
{
  GstBuffer *buffer = new_frame (h, 0);
  GBytes *pixels = copy_pixels (buffer);

  gst_buffer_unref (buffer);
  return pixels;
}

gboolean
same_and_unref (GBytes *a, GBytes *b)
{
  gboolean same = g_bytes_equal (a, b);

  g_bytes_unref (a);
  g_bytes_unref (b);
  return same;
}

GBytes *
push_pixels (GstHarness *h, GstBuffer *buffer)
{
  GBytes *pixels;

  buffer = gst_harness_push_and_pull (h, buffer);
  check_guards (buffer);
  pixels = copy_pixels (buffer);
  gst_buffer_unref (buffer);
  return pixels;
}

gboolean
is_drawn_on (GstHarness *h, GstBuffer *buffer)
{
  return !same_and_unref (push_pixels (h, buffer), blank_pixels (h));
}

void
mark_inference (GstBuffer *buffer, GstClockTime inference_time)
{
  GstYolov5Inference inference = { .inference_time = inference_time };

  gst_yolov5_inference_attach (buffer, &inference, NULL, 0);
}

void
mark_found (GstHarness *h, GstBuffer *buffer, const gchar *path,
    const gchar *label, gint label_id, gint x, gint y, gint width, gint height)
{
  GstYolov5Detection detection = { .label = g_quark_from_string (label),
    .label_id = label_id,
    .confidence = 0.9,
    .x = x,
    .y = y,
    .width = width,
    .height = height };
  GstYolov5Inference inference = { .element = "detector", .path = path };
  guint n = label ? 1 : 0;
  GstVideoInfo info;

  get_info (h, &info);
  inference.n_detections = n;
  gst_yolov5_detections_attach (buffer, &info, &detection, n, TRUE);
  gst_yolov5_inference_attach (buffer, &inference, &detection, n);
}

void
check_warning (GstBus *bus, const gchar *word, const gchar *other_word)
{
  GstMessage *message = gst_bus_pop_filtered (bus, GST_MESSAGE_WARNING);
  GError *error;

  fail_unless (message != NULL, "no warning with \"%s\"", word);
  gst_message_parse_warning (message, &error, NULL);
  fail_unless (
      g_error_matches (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS),
      "\"%s\" is not about settings", error->message);
  fail_unless (strstr (error->message, word) != NULL
                   && strstr (error->message, other_word) != NULL,
      "\"%s\" lacks \"%s\" or \"%s\"", error->message, word, other_word);
  g_error_free (error);
  gst_message_unref (message);
}

void
get_rgb (GstVideoFrame *frame, gint x, gint y, guint8 rgb[3])
{
  const guint8 *data = GST_VIDEO_FRAME_PLANE_DATA (frame, 0);
  gint c;

  for (c = 0; c < 3; c++)
    rgb[c] = data[y * GST_VIDEO_FRAME_PLANE_STRIDE (frame, 0) + 3 * x + c];
}

void
get_buffer_rgb (GstHarness *h, GstBuffer *buffer, gint x, gint y, guint8 rgb[3])
{
  GstVideoInfo info;
  GstVideoFrame frame;

  get_info (h, &info);
  fail_unless (gst_video_frame_map (&frame, &info, buffer, GST_MAP_READ));
  get_rgb (&frame, x, y, rgb);
  gst_video_frame_unmap (&frame);
}

void
get_class_rgb (gint label_id, guint8 rgb[3])
{
  GstHarness *h = new_overlay ("RGB", 16, 16, NULL);
  GstBuffer *buffer;

  g_object_set (h->element, "draw-labels", FALSE, NULL);
  buffer = draw_region (h, "thing", label_id, 0.5, 0, 0, 16, 16);
  get_buffer_rgb (h, buffer, 0, 0, rgb);
  gst_buffer_unref (buffer);
  gst_harness_teardown (h);
}

gboolean
is_on_outline (gint x, gint y, const GstVideoRectangle *box, gint thickness)
{
  gint right = box->x + box->w, bottom = box->y + box->h;

  if (x < box->x || y < box->y || x >= right || y >= bottom)
    return FALSE;
  return x < box->x + thickness || y < box->y + thickness
         || x >= right - thickness || y >= bottom - thickness;
}

gboolean
is_on_dark_line (gint x, gint y, const GstVideoRectangle *box, gint thickness)
{
  const GstVideoRectangle grown = { box->x - 1, box->y - 1, box->w + 2,
    box->h + 2 };

  return is_on_outline (x, y, &grown, thickness + 2)
         && !is_on_outline (x, y, box, thickness);
}

void
find_label (GstHarness *h, GstBuffer *drawn, const GstVideoRectangle *box,
    gint thickness, GstVideoRectangle *label)
{
  /* with the thin dark line around it */
  const GstVideoRectangle outline = { box->x - 1, box->y - 1, box->w + 2,
    box->h + 2 };
  GstBuffer *blank = new_frame (h, 0);
  GstVideoInfo info;
  GstVideoFrame before, after;
  OverlayComponent a, b;
  gint left = G_MAXINT, top = G_MAXINT, right = 0, bottom = 0, x, y;

  get_info (h, &info);
  fail_unless (gst_video_frame_map (&before, &info, blank, GST_MAP_READ));
  fail_unless (gst_video_frame_map (&after, &info, drawn, GST_MAP_READ));
  get_component (&before, 0, &a);
  get_component (&after, 0, &b);
  for (y = 0; y < info.height; y++)
    for (x = 0; x < info.width; x++) {
      if ((box->w > 0 && is_on_outline (x, y, &outline, thickness + 2))
          || get_sample (&a, x, y) == get_sample (&b, x, y))
        continue;
      left = MIN (left, x);
      top = MIN (top, y);
      right = MAX (right, x + 1);
      bottom = MAX (bottom, y + 1);
    }
  gst_video_frame_unmap (&after);
  gst_video_frame_unmap (&before);
  gst_buffer_unref (blank);
  label->x = MIN (left, right);
  label->y = MIN (top, bottom);
  label->w = right - label->x;
  label->h = bottom - label->y;
}
