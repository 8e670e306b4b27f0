/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Milliseconds per frame of the letterbox, beside libyuv and GstVideoConverter
 * with the settings of "videoconvertscale method=bilinear", on one thread each,
 * in turns. The others do less: libyuv replicates chroma, the converter does not
 * quantize.
 *
 * letterbox INDEX, with FRAMES in its environment, runs that many frames of one case
 * in the letterbox alone: for what counts instructions. */

#include "letterbox/letterbox.h"
#ifdef HAVE_LIBYUV
#include "libyuv-peer.h"
#endif

#include <stdlib.h>
#include <time.h>

#define N_ROUNDS 15
#define N_FRAMES 10

enum { LETTERBOX, LIBYUV, CONVERTER, N_PEERS };

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
  { "NV12", 1280, 720, 640, 640 },
  { "NV12", 3840, 2160, 640, 640 },
  { "NV12", 1920, 1080, 960, 960 },
  { "NV12", 640, 640, 640, 640 },
  { "NV12", 1920, 1080, 416, 416 },
  { "I420", 1280, 720, 640, 640 },
  { "YUY2", 640, 480, 640, 640 },
  { "YUY2", 1280, 720, 640, 640 },
  { "YUY2", 1920, 1080, 640, 640 },
  { "RGB", 1920, 1080, 640, 640 },
  { "BGRx", 1920, 1080, 640, 640 },
  { "GBR", 1920, 1080, 640, 640 },
  { "NV16", 1920, 1080, 640, 640 },
  { "P010_10LE", 1920, 1080, 640, 640 },
  { "NV12_10LE32", 1920, 1080, 640, 640 },
  { "GRAY8", 1920, 1080, 640, 640 },
};

typedef struct {
  Letterbox *letterbox;
  gint8 *input;
#ifdef HAVE_LIBYUV
  LibyuvPeer *libyuv;
#endif
  gint8 *first_pixel;
  gsize row_size;
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

  peers->row_size = 3 * target.width;
  peers->first_pixel =
      peers->input + rectangle.y * peers->row_size + 3 * rectangle.x;
#ifdef HAVE_LIBYUV
  peers->libyuv = libyuv_peer_new (&source, rectangle.width, rectangle.height);
#endif

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
#ifdef HAVE_LIBYUV
  libyuv_peer_free (peers->libyuv);
#endif
  gst_video_converter_free (peers->converter);
  gst_video_frame_unmap (&peers->source);
  gst_video_frame_unmap (&peers->picture);
}

/* a round of frames of each peer in turn; 0 where there is none */
static void
run_round (Peers *peers, gint64 times[N_PEERS])
{
  gint64 start = thread_time ();
  guint i;

  for (i = 0; i < N_FRAMES; i++)
    letterbox_write_picture (peers->letterbox, &peers->source, peers->input);
  times[LETTERBOX] = thread_time () - start;

  times[LIBYUV] = 0;
#ifdef HAVE_LIBYUV
  if (peers->libyuv != NULL) {
    start = thread_time ();
    for (i = 0; i < N_FRAMES; i++)
      libyuv_peer_write_picture (
          peers->libyuv, &peers->source, peers->first_pixel, peers->row_size);
    times[LIBYUV] = thread_time () - start;
  }
#endif

  start = thread_time ();
  for (i = 0; i < N_FRAMES; i++)
    gst_video_converter_frame (
        peers->converter, &peers->source, &peers->picture);
  times[CONVERTER] = thread_time () - start;
}

static void
run_case (const Case *test)
{
  gint64 times[N_PEERS][N_ROUNDS];
  gdouble medians[N_PEERS];
  Peers peers;
  guint round, p;

  peers_init (&peers, test);
  for (round = 0; round < N_ROUNDS; round++) {
    gint64 of_round[N_PEERS];

    run_round (&peers, of_round);
    for (p = 0; p < N_PEERS; p++)
      times[p][round] = of_round[p];
  }
  peers_clear (&peers);
  for (p = 0; p < N_PEERS; p++) {
    qsort (times[p], N_ROUNDS, sizeof (gint64), compare_times);
    medians[p] = times[p][N_ROUNDS / 2] / 1e6 / N_FRAMES;
  }

  g_print ("%-11s %4dx%-4d -> %3ux%-3u %7.3f ms", test->format, test->width,
      test->height, test->target_width, test->target_height,
      medians[LETTERBOX]);
  if (medians[LIBYUV] > 0.0)
    g_print (" %7.3f ms %5.2f", medians[LIBYUV],
        medians[LIBYUV] / medians[LETTERBOX]);
  else
    g_print ("          -     -");
  g_print (" %7.3f ms %5.1f\n", medians[CONVERTER],
      medians[CONVERTER] / medians[LETTERBOX]);
}

static void
run_frames (const Case *test, guint n)
{
  Peers peers;

  peers_init (&peers, test);
  for (; n > 0; n--)
    letterbox_write_picture (peers.letterbox, &peers.source, peers.input);
  peers_clear (&peers);
}

int
main (int argc, char **argv)
{
  const gchar *frames = g_getenv ("FRAMES");
  guint i;

  gst_init (&argc, &argv);

  if (frames != NULL && argc == 2) {
    run_frames (&cases[MIN (atoi (argv[1]), (gint) G_N_ELEMENTS (cases) - 1)],
        atoi (frames));
    return 0;
  }

  g_print ("processor time per frame, medians of %d rounds of %d; ratios are "
           "the peer's time by the letterbox's\n",
      N_ROUNDS, N_FRAMES);
  g_print ("frames                             letterbox     libyuv ratio  "
           "converter ratio\n");
  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    run_case (&cases[i]);

  return 0;
}
