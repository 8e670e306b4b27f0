/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Milliseconds per frame of the letterbox, beside GstVideoConverter with the
 * settings of "videoconvertscale method=bilinear", on one thread each, in turns.
 * The converter does less: its output is not quantized. */

#include "letterbox/letterbox.h"

#include <stdlib.h>
#include <time.h>

#define N_ROUNDS 15
#define N_FRAMES 10

typedef struct {
  const gchar *format;
  gint width;
  gint height;
  guint target_width;
  guint target_height;
} Case;

static const Case cases[] = {
  { "NV12", 1920, 1080, 640, 640 },
  { "NV12", 1920, 1080, 640, 384 },
  { "YUY2", 1920, 1080, 640, 640 },
  { "I420", 1280, 720, 640, 640 },
  { "NV12", 3840, 2160, 640, 640 },
  { "YUY2", 640, 480, 640, 640 },
  { "RGB", 1920, 1080, 640, 640 },
  { "BGRx", 1920, 1080, 640, 640 },
  { "NV12", 640, 640, 640, 640 },
  { "NV12", 1920, 1080, 416, 416 },
};

typedef struct {
  Letterbox *letterbox;
  gint8 *input;
  GstVideoConverter *converter;
  GstVideoFrame source;
  GstVideoFrame picture;
} Peers;

/* ns of processor time, so that a busy machine changes little */
static gint64
thread_time (void)
{
  struct timespec time;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &time);
  return time.tv_sec * G_GINT64_CONSTANT (1000000000) + time.tv_nsec;
}

static int
compare_times (const void *a, const void *b)
{
  gint64 x = *(const gint64 *) a;
  gint64 y = *(const gint64 *) b;

  return (x > y) - (x < y);
}

static GstVideoFrame
new_frame (const GstVideoInfo *info)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, info->size, NULL);
  GstVideoInfo copy = *info;
  GstVideoFrame frame;
  guint32 noise = 1;
  GstMapInfo map;
  gsize i;

  gst_buffer_map (buffer, &map, GST_MAP_WRITE);
  for (i = 0; i < map.size; i++) {
    noise = noise * 1664525u + 1013904223u;
    map.data[i] = noise >> 24;
  }
  gst_buffer_unmap (buffer, &map);

  if (!gst_video_frame_map (&frame, &copy, buffer, GST_MAP_READWRITE))
    g_error ("cannot map a frame of %s",
        gst_video_format_to_string (GST_VIDEO_INFO_FORMAT (info)));
  gst_buffer_unref (buffer);

  return frame;
}

static void
peers_init (Peers *peers, const Case *test)
{
  GstVideoFormat format = gst_video_format_from_string (test->format);
  LetterboxTarget target = { test->target_width, test->target_height, 7,
    LETTERBOX_CHANNEL_ORDER_RGB, 114 };
  LetterboxRectangle rectangle;
  GstVideoInfo source, picture;
  GError *error = NULL;

  gst_video_info_set_format (&source, format, test->width, test->height);
  peers->letterbox = letterbox_new (&source, &target, &error);
  if (peers->letterbox == NULL)
    g_error ("%s", error->message);
  peers->input = g_malloc (3 * target.width * target.height);
  letterbox_fill_padding (peers->letterbox, peers->input);
  letterbox_get_picture (peers->letterbox, &rectangle);

  gst_video_info_set_format (
      &picture, GST_VIDEO_FORMAT_RGB, rectangle.width, rectangle.height);
  peers->source = new_frame (&source);
  peers->picture = new_frame (&picture);
  peers->converter = gst_video_converter_new (&source, &picture,
      gst_structure_new ("options", GST_VIDEO_CONVERTER_OPT_RESAMPLER_METHOD,
          GST_TYPE_VIDEO_RESAMPLER_METHOD, GST_VIDEO_RESAMPLER_METHOD_LINEAR,
          GST_VIDEO_RESAMPLER_OPT_MAX_TAPS, G_TYPE_INT, 2, NULL));
}

static void
peers_clear (Peers *peers)
{
  letterbox_free (peers->letterbox);
  g_free (peers->input);
  gst_video_converter_free (peers->converter);
  gst_video_frame_unmap (&peers->source);
  gst_video_frame_unmap (&peers->picture);
}

static void
run_case (const Case *test)
{
  gint64 ours[N_ROUNDS], theirs[N_ROUNDS];
  gdouble our_time, their_time;
  Peers peers;
  guint round, i;

  peers_init (&peers, test);
  for (round = 0; round < N_ROUNDS; round++) {
    gint64 start = thread_time ();
    gint64 middle;

    for (i = 0; i < N_FRAMES; i++)
      letterbox_write_picture (peers.letterbox, &peers.source, peers.input);
    middle = thread_time ();
    for (i = 0; i < N_FRAMES; i++)
      gst_video_converter_frame (
          peers.converter, &peers.source, &peers.picture);
    ours[round] = middle - start;
    theirs[round] = thread_time () - middle;
  }
  qsort (ours, N_ROUNDS, sizeof (ours[0]), compare_times);
  qsort (theirs, N_ROUNDS, sizeof (theirs[0]), compare_times);
  our_time = ours[N_ROUNDS / 2] / 1e6 / N_FRAMES;
  their_time = theirs[N_ROUNDS / 2] / 1e6 / N_FRAMES;

  g_print ("%-5s %4dx%-4d -> %3ux%-3u   %7.3f ms   %7.3f ms   %5.1f\n",
      test->format, test->width, test->height, test->target_width,
      test->target_height, our_time, their_time, their_time / our_time);
  peers_clear (&peers);
}

int
main (int argc, char **argv)
{
  guint i;

  gst_init (&argc, &argv);

  g_print ("processor time per frame, medians of %d rounds of %d\n", N_ROUNDS,
      N_FRAMES);
  g_print ("frames                     letterbox     converter   ratio\n");
  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    run_case (&cases[i]);

  return 0;
}
