/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Where frames may lie in the buffers that come to yolov5dpu. */

#include "rig.h"

#include <string.h>

#define SIZE FAKE_DPU_SIZE
#define ROW (3 * SIZE)
#define LEVEL 5

/* a buffer in which everything is the colour of the frame, and what its
 * metadata say of it */
typedef struct {
  gsize size;
  GstVideoFormat format;
  guint width, height;
  gsize offset;
  gint stride;
  /* in the error message, or NULL where there is none */
  const gchar *wrong;
} LayoutCase;

static const LayoutCase layouts[] = {
  /* as the caps say */
  { ROW * SIZE, GST_VIDEO_FORMAT_RGB, SIZE, SIZE, 0, ROW, NULL },
  /* frame in a larger one */
  { (ROW + 48) * (SIZE + 8), GST_VIDEO_FORMAT_RGB, SIZE + 16, SIZE + 8, 0,
      ROW + 48, NULL },
  /* last row ends with its last pixel */
  { (ROW + 64) * (SIZE - 1) + ROW, GST_VIDEO_FORMAT_RGB, SIZE, SIZE, 0,
      ROW + 64, NULL },
  /* from bottom to top */
  { ROW * SIZE, GST_VIDEO_FORMAT_RGB, SIZE, SIZE, ROW *(SIZE - 1), -ROW, NULL },
  /* too short */
  { ROW * SIZE - 1, GST_VIDEO_FORMAT_RGB, SIZE, SIZE, 0, ROW,
      "12287 bytes does not hold" },
  /* starts too late */
  { ROW * SIZE, GST_VIDEO_FORMAT_RGB, SIZE, SIZE, 1, ROW,
      "12288 bytes does not hold" },
  /* starts beyond the end */
  { ROW * SIZE, GST_VIDEO_FORMAT_RGB, SIZE, SIZE, ROW *SIZE, ROW,
      "12288 bytes cannot be mapped" },
  /* rows too far apart */
  { ROW * SIZE, GST_VIDEO_FORMAT_RGB, SIZE, SIZE, 0, 100 * ROW,
      "12288 bytes does not hold" },
  /* rows within each other */
  { ROW + SIZE - 2, GST_VIDEO_FORMAT_RGB, SIZE, SIZE, 0, 1,
      "254 bytes does not hold" },
  /* reaches before the buffer */
  { ROW * SIZE, GST_VIDEO_FORMAT_RGB, SIZE, SIZE, 0, -ROW,
      "12288 bytes does not hold" },
  /* narrower than the caps */
  { ROW * SIZE, GST_VIDEO_FORMAT_RGB, SIZE - 1, SIZE, 0, ROW, "63x64 pixels" },
  /* lower than the caps */
  { ROW * SIZE, GST_VIDEO_FORMAT_RGB, SIZE, SIZE / 2, 0, ROW, "64x32 pixels" },
  /* another format */
  { ROW * SIZE, GST_VIDEO_FORMAT_BGR, SIZE, SIZE, 0, ROW, "BGR" },
};

static GstBuffer *
new_buffer (const LayoutCase *layout)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, layout->size, NULL);
  gsize offsets[GST_VIDEO_MAX_PLANES] = { layout->offset };
  gint strides[GST_VIDEO_MAX_PLANES] = { layout->stride };

  gst_buffer_memset (buffer, 0, fake_dpu_level_to_pixel (LEVEL), -1);
  gst_buffer_add_video_meta_full (buffer, GST_VIDEO_FRAME_FLAG_NONE,
      layout->format, layout->width, layout->height, 1, offsets, strides);
  GST_BUFFER_PTS (buffer) = LEVEL * FRAME_DURATION;
  return buffer;
}

static void
check_frame (DetectorRig *rig, GstBuffer *buffer)
{
  buffer = gst_harness_push_and_pull (rig->harness, buffer);
  assert_frame (buffer, LEVEL);
  gst_buffer_unref (buffer);
}

/* a frame is read where its metadata say it lies, also as a part of a larger
 * one; what they say amiss is an error, and no byte beyond the buffer is read */
GST_START_TEST (test_layout)
{
  const LayoutCase *layout = &layouts[__i__];
  DetectorRig *rig = detector_rig_new ("max-in-flight", 1, NULL);

  if (!layout->wrong) {
    check_frame (rig, new_buffer (layout));
  } else {
    assert_equals_int (
        gst_harness_push (rig->harness, new_buffer (layout)), GST_FLOW_ERROR);
    assert_error (
        rig->bus, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT, layout->wrong);
  }
  detector_rig_free (rig);
}
GST_END_TEST;

/* the planes of a grey frame, in memory of their own */
static GstBuffer *
new_buffer_of_planes (gsize chroma_size)
{
  GstBuffer *buffer = gst_buffer_new ();
  gsize sizes[] = { SIZE * SIZE, chroma_size, chroma_size };
  gsize offsets[GST_VIDEO_MAX_PLANES] = { 0, sizes[0], sizes[0] + sizes[1] };
  gint strides[GST_VIDEO_MAX_PLANES] = { SIZE, SIZE / 2, SIZE / 2 };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (sizes); i++) {
    gst_buffer_append_memory (
        buffer, gst_allocator_alloc (NULL, sizes[i], NULL));
    gst_buffer_memset (buffer, offsets[i],
        i == 0 ? fake_dpu_level_to_pixel (LEVEL) : 128, sizes[i]);
  }
  gst_buffer_add_video_meta_full (buffer, GST_VIDEO_FRAME_FLAG_NONE,
      GST_VIDEO_FORMAT_I420, SIZE, SIZE, 3, offsets, strides);
  GST_BUFFER_PTS (buffer) = LEVEL * FRAME_DURATION;
  return buffer;
}

/* each plane may have memory of its own, which has to hold it */
GST_START_TEST (test_planes)
{
  DetectorRig *rig = detector_rig_new ("max-in-flight", 1, NULL);

  gst_harness_set_src_caps_str (rig->harness,
      "video/x-raw, format=I420, width=64, height=64, framerate=25/1, "
      "colorimetry=1:4:0:0");
  check_frame (rig, new_buffer_of_planes (SIZE * SIZE / 4));
  assert_equals_int (gst_harness_push (rig->harness,
                         new_buffer_of_planes (SIZE * SIZE / 4 - 1)),
      GST_FLOW_ERROR);
  assert_error (rig->bus, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT,
      "6142 bytes does not hold");
  detector_rig_free (rig);
}
GST_END_TEST;

/* rows of an odd width that end before their last chroma do not hold the frame,
 * though they have a byte for each luma */
GST_START_TEST (test_tight_rows)
{
  DetectorRig *rig = detector_rig_new ("max-in-flight", 1, NULL);
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, 3 * 6, NULL);
  gsize offsets[GST_VIDEO_MAX_PLANES] = { 0 };
  gint strides[GST_VIDEO_MAX_PLANES] = { 6 };

  gst_harness_set_src_caps_str (rig->harness,
      "video/x-raw, format=YUY2, width=3, height=3, framerate=25/1");
  gst_buffer_add_video_meta_full (buffer, GST_VIDEO_FRAME_FLAG_NONE,
      GST_VIDEO_FORMAT_YUY2, 3, 3, 1, offsets, strides);
  assert_equals_int (gst_harness_push (rig->harness, buffer), GST_FLOW_ERROR);
  assert_error (rig->bus, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT,
      "18 bytes does not hold");
  detector_rig_free (rig);
}
GST_END_TEST;

static gboolean
map_first_memory (GstVideoMeta *meta, guint plane, GstMapInfo *info,
    gpointer *data, gint *stride, GstMapFlags flags)
{
  GstMapInfo map;

  fail_unless (gst_buffer_map_range (meta->buffer, 0, 1, &map, flags));
  *data = map.data;
  *stride = meta->stride[plane];
  gst_buffer_unmap (meta->buffer, &map);
  return TRUE;
}

static gboolean
unmap_nothing (GstVideoMeta *meta, guint plane, GstMapInfo *info)
{
  return TRUE;
}

/* memory of hardware may be mapped in its own way, which does
 * not say how large it is */
GST_START_TEST (test_own_mapping)
{
  DetectorRig *rig = detector_rig_new ("max-in-flight", 1, NULL);
  GstBuffer *buffer = new_buffer (&layouts[0]);
  GstVideoMeta *meta = gst_buffer_get_video_meta (buffer);

  meta->map = map_first_memory;
  meta->unmap = unmap_nothing;
  check_frame (rig, buffer);
  detector_rig_free (rig);
}
GST_END_TEST;

static Suite *
yolov5dpu_buffers_suite (void)
{
  Suite *suite = suite_create ("yolov5dpu-buffers");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  testfolder_add (tcase);
  tcase_add_checked_fixture (tcase, fake_dpu_reset, NULL);
  tcase_add_loop_test (tcase, test_layout, 0, G_N_ELEMENTS (layouts));
  tcase_add_test (tcase, test_planes);
  tcase_add_test (tcase, test_tight_rows);
  tcase_add_test (tcase, test_own_mapping);

  return suite;
}

GST_CHECK_MAIN (yolov5dpu_buffers);
