/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* JPEGs of frames, in all sizes, formats and shapes. */

#include "encoder.h"

#include <gst/check/gstcheck.h>
#include <gst/video/video.h>

/* one frame as videotestsrc makes it */
static GstSample *
make_sample (const gchar *pattern, const gchar *caps)
{
  g_autofree gchar *description = g_strdup_printf (
      "videotestsrc num-buffers=1 %s ! %s ! fakesink name=sink "
      "enable-last-sample=true sync=false",
      pattern, caps);
  GstElement *pipeline = gst_parse_launch (description, NULL);
  GstElement *sink = gst_bin_get_by_name (GST_BIN (pipeline), "sink");
  GstBus *bus = gst_element_get_bus (pipeline);
  GstSample *sample = NULL;

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  gst_message_unref (gst_bus_timed_pop_filtered (
      bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
  g_object_get (sink, "last-sample", &sample, NULL);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (bus);
  gst_object_unref (sink);
  gst_object_unref (pipeline);
  fail_unless (sample != NULL, "%s", caps);
  return sample;
}

/* width and height of a JPEG, from the header of its frame */
static void
get_size (GBytes *jpeg, gint *width, gint *height)
{
  gsize length;
  const guint8 *data = g_bytes_get_data (jpeg, &length);

  fail_unless (length > 4 && data[0] == 0xff && data[1] == 0xd8);
  for (gsize i = 2; i + 9 < length;
       i += 2 + GST_READ_UINT16_BE (data + i + 2)) {
    if (data[i + 1] != 0xc0)
      continue;
    *height = GST_READ_UINT16_BE (data + i + 5);
    *width = GST_READ_UINT16_BE (data + i + 7);
    return;
  }
  fail ("no frame in the JPEG");
}

/* pictures are no wider than wanted, never larger than the frame, and keep the
 * shape in which the frame is shown */
GST_START_TEST (test_sizes)
{
  static const struct {
    const gchar *caps;
    gint max_width, width, height;
  } cases[] = {
    { "video/x-raw,format=I420,width=640,height=480", 640, 640, 480 },
    { "video/x-raw,format=I420,width=640,height=480", 320, 320, 240 },
    { "video/x-raw,format=NV12,width=640,height=480", 1920, 640, 480 },
    { "video/x-raw,format=RGB,width=1920,height=1080", 480, 480, 270 },
    { "video/x-raw,format=BGRA,width=33,height=17", 160, 33, 17 },
    { "video/x-raw,format=YUY2,width=720,height=576,"
      "pixel-aspect-ratio=16/15",
        1920, 768, 576 },
    { "video/x-raw,format=P010_10LE,width=320,height=240", 160, 160, 120 },
    { "video/x-raw,format=GRAY8,width=320,height=240", 320, 320, 240 },
    { "video/x-raw,format=I420,width=8192,height=2", 160, 160, 1 },
    { "video/x-raw,format=I420,width=1,height=1", 160, 1, 1 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (ViewEncoder) encoder =
        view_encoder_new (cases[i].max_width, 80, NULL);
    GstSample *sample = make_sample ("", cases[i].caps);
    g_autoptr (GError) error = NULL;
    g_autoptr (GBytes) jpeg = view_encoder_encode (encoder, sample, &error);
    gint width = 0, height = 0;

    fail_unless (jpeg != NULL, "%s", error ? error->message : "");
    get_size (jpeg, &width, &height);
    fail_unless_equals_int (width, cases[i].width);
    fail_unless_equals_int (height, cases[i].height);
    gst_sample_unref (sample);
  }
}
GST_END_TEST;

/* a camera may change what it sends */
GST_START_TEST (test_change_of_format)
{
  g_autoptr (ViewEncoder) encoder = view_encoder_new (1920, 80, NULL);
  static const struct {
    const gchar *caps;
    gint width;
  } cases[] = {
    { "video/x-raw,format=I420,width=640,height=480", 640 },
    { "video/x-raw,format=I420,width=320,height=240", 320 },
    { "video/x-raw,format=RGB,width=800,height=600", 800 },
    { "video/x-raw,format=I420,width=640,height=480", 640 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    GstSample *sample = make_sample ("", cases[i].caps);

    for (guint n = 0; n < 3; n++) {
      g_autoptr (GBytes) jpeg = view_encoder_encode (encoder, sample, NULL);
      gint width = 0, height = 0;

      get_size (jpeg, &width, &height);
      fail_unless_equals_int (width, cases[i].width);
    }
    gst_sample_unref (sample);
  }
}
GST_END_TEST;

/* what is no raw video is an error, and the next frame is fine again */
GST_START_TEST (test_no_video)
{
  g_autoptr (ViewEncoder) encoder = view_encoder_new (1920, 80, NULL);
  GstSample *fine =
      make_sample ("", "video/x-raw,format=I420,width=64,height=48");
  GstCaps *caps = gst_caps_new_empty_simple ("image/png");
  GstSample *wrong =
      gst_sample_new (gst_sample_get_buffer (fine), caps, NULL, NULL);
  g_autoptr (GError) error = NULL;
  GBytes *jpeg = view_encoder_encode (encoder, fine, NULL);

  fail_unless (jpeg != NULL);
  g_bytes_unref (jpeg);
  fail_unless (view_encoder_encode (encoder, wrong, &error) == NULL);
  fail_unless (strstr (error->message, "image/png") != NULL);
  jpeg = view_encoder_encode (encoder, fine, NULL);
  fail_unless (jpeg != NULL);
  g_bytes_unref (jpeg);
  gst_sample_unref (wrong);
  gst_sample_unref (fine);
  gst_caps_unref (caps);
}
GST_END_TEST;

static Suite *
pictures_suite (void)
{
  Suite *suite = suite_create ("pictures");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_sizes);
  tcase_add_test (tcase, test_change_of_format);
  tcase_add_test (tcase, test_no_video);
  return suite;
}

GST_CHECK_MAIN (pictures);
