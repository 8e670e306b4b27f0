/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* overlay [RUNS [CASE]]: what yolov5overlay takes to draw a frame with 20 boxes and
 * their labels: milliseconds of the thread's CPU time, the median of some runs.
 * It draws with the plug-in in GST_PLUGIN_PATH, which may be an older one. With a
 * number of a case it runs that alone, for callgrind. */

#include <gst/gst.h>
#include <gst/video/video.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define N_BOXES 20
#define MAX_RUNS 10000

static const struct {
  const gchar *format;
  gint width, height;
} cases[] = {
  { "NV12", 1920, 1080 },
  { "BGRx", 1920, 1080 },
  { "NV12", 3840, 2160 },
  { "NV12", 1280, 720 },
  { "YUY2", 1280, 720 },
};

static gdouble
get_milliseconds (void)
{
  struct timespec now;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

static int
compare (const void *a, const void *b)
{
  return (*(const gdouble *) a > *(const gdouble *) b)
         - (*(const gdouble *) a < *(const gdouble *) b);
}

/* a street: five rows of four people and cars, who move a little from frame to
 * frame, as do their confidences */
static void
attach_boxes (GstBuffer *buffer, gint width, gint height, guint frame)
{
  static const gchar *labels[] = { "person", "car", "bicycle", "truck" };
  guint i;

  for (i = 0; i < N_BOXES; i++) {
    gint size = height / 12 + height / 40 * (gint) (i % 5);
    gint x = width / 5 * (gint) (i % 5) + (gint) (frame * (i + 3) % 11);
    gint y = height / 4 * (gint) (i / 5) + height / 20;
    GstVideoRegionOfInterestMeta *region =
        gst_buffer_add_video_region_of_interest_meta (buffer, labels[i % 4],
            (guint) x, (guint) y, i % 4 == 1 ? 2 * size : size / 2, size);

    gst_video_region_of_interest_meta_add_param (
        region, gst_structure_new ("detection", "label_id", G_TYPE_INT,
                    (gint) (i % 4), "confidence", G_TYPE_DOUBLE,
                    0.4 + (frame * 7 + i * 13) % 50 / 100.0, NULL));
  }
}

static gboolean
measure (guint index, guint n_runs)
{
  GstElement *overlay = gst_element_factory_make ("yolov5overlay", NULL);
  GstElement *sink = gst_element_factory_make ("fakesink", NULL);
  GstCaps *caps = gst_caps_new_simple ("video/x-raw", "format", G_TYPE_STRING,
      cases[index].format, "width", G_TYPE_INT, cases[index].width, "height",
      G_TYPE_INT, cases[index].height, "framerate", GST_TYPE_FRACTION, 30, 1,
      NULL);
  GstSegment segment;
  GstVideoInfo info;
  guint8 *pixels;
  GstPad *pad;
  gdouble *times = g_new (gdouble, n_runs);
  guint i;

  if (overlay == NULL || sink == NULL) {
    fprintf (stderr, "there is no yolov5overlay or no fakesink\n");
    return FALSE;
  }
  gst_element_link (overlay, sink);
  g_object_set (
      sink, "async", FALSE, "sync", FALSE, "enable-last-sample", FALSE, NULL);
  gst_element_set_state (sink, GST_STATE_PLAYING);
  gst_element_set_state (overlay, GST_STATE_PLAYING);
  pad = gst_element_get_static_pad (overlay, "sink");
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_send_event (pad, gst_event_new_stream_start ("bench"));
  gst_pad_send_event (pad, gst_event_new_caps (caps));
  gst_pad_send_event (pad, gst_event_new_segment (&segment));
  gst_video_info_from_caps (&info, caps);
  pixels = g_malloc (GST_VIDEO_INFO_SIZE (&info));
  memset (pixels, 100, GST_VIDEO_INFO_SIZE (&info));

  for (i = 0; i < n_runs; i++) {
    GstBuffer *buffer =
        gst_buffer_new_wrapped_full (0, pixels, GST_VIDEO_INFO_SIZE (&info), 0,
            GST_VIDEO_INFO_SIZE (&info), NULL, NULL);
    gdouble start;

    attach_boxes (buffer, cases[index].width, cases[index].height, i);
    start = get_milliseconds ();
    gst_pad_chain (pad, buffer);
    times[i] = get_milliseconds () - start;
  }
  qsort (times, n_runs, sizeof (times[0]), compare);
  printf ("%-5s %4dx%-4d %d boxes: %.3f ms\n", cases[index].format,
      cases[index].width, cases[index].height, N_BOXES, times[n_runs / 2]);

  g_free (times);
  g_free (pixels);
  gst_caps_unref (caps);
  gst_object_unref (pad);
  gst_element_set_state (overlay, GST_STATE_NULL);
  gst_element_set_state (sink, GST_STATE_NULL);
  gst_object_unref (overlay);
  gst_object_unref (sink);
  return TRUE;
}

int
main (int argc, char **argv)
{
  guint n_runs, first = 0, last = G_N_ELEMENTS (cases) - 1, i;

  gst_init (&argc, &argv);
  n_runs = argc > 1 ? (guint) atoi (argv[1]) : 400;
  if (argc > 2)
    first = last = (guint) atoi (argv[2]);
  if (n_runs == 0 || n_runs > MAX_RUNS || last >= G_N_ELEMENTS (cases)) {
    fprintf (stderr, "usage: %s [RUNS [CASE]]\n", argv[0]);
    return 1;
  }
  for (i = first; i <= last; i++)
    if (!measure (i, n_runs))
      return 1;
  return 0;
}
