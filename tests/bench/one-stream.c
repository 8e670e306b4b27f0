/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* bench-one-stream MODEL N-FRAMES IN-FLIGHT MILLISECONDS...: what one stream of
 * 1920x1080 in NV12 gets of a DPU, where a frame's letterbox takes so long. The
 * letterbox is our own, which sleeps for the rest of that time: as on a
 * processor of which a core is free. Prints frames per second of the DPU alone,
 * of the element, and how much of the first the second is; the two are measured
 * in turns. For one-stream.sh, which sets the DPU up. */

#include <gst/gst.h>
#include <gst/video/video.h>

#include <stdlib.h>

#include "dpu/dpu.h"
#include "fakedpu.h"
#include "letterbox/letterbox.h"
#include "yolov5dpu/element.h"

/* the first frames do not count */
#define N_WARM_UP 10
/* of which the best counts, as other jobs on the machine make only slower */
#define N_ROUNDS 5

#define PIPELINE                                                               \
  "videotestsrc num-buffers=1 ! "                                              \
  "video/x-raw,format=NV12,width=1920,height=1080,framerate=1000/1 ! "         \
  "imagefreeze num-buffers=%u ! "                                              \
  "yolov5dpu name=detector device=dpu model=%s max-in-flight=%u ! fakesink"

/* microseconds */
static gint64 letterbox_time;

/* the linker puts it in the place of the letterbox's (--wrap) */
void __real_letterbox_write_picture (
    const Letterbox *self, const GstVideoFrame *frame, gint8 *output);
void __wrap_letterbox_write_picture (
    const Letterbox *self, const GstVideoFrame *frame, gint8 *output);

void
__wrap_letterbox_write_picture (
    const Letterbox *self, const GstVideoFrame *frame, gint8 *output)
{
  gint64 end = g_get_monotonic_time () + letterbox_time;
  gint64 rest;

  __real_letterbox_write_picture (self, frame, output);
  rest = end - g_get_monotonic_time ();
  if (rest > 0)
    g_usleep (rest);
}

static void
fail (const GError *error)
{
  g_printerr ("%s\n", error->message);
  exit (1);
}

static gdouble
find_rate (gint64 first, gint64 last, guint n_frames)
{
  return n_frames * (gdouble) G_USEC_PER_SEC / (last - first);
}

typedef struct {
  DpuRunner *runner;
  gint *n_left;
} Lane;

static gpointer
execute_until_done (gpointer data)
{
  const Lane *lane = data;
  GError *error = NULL;

  while (g_atomic_int_add (lane->n_left, -1) > 0)
    if (!dpu_runner_execute (lane->runner, &error))
      fail (error);
  return NULL;
}

/* as many runners as the element has slots, and nothing but executions */
static gdouble
run_dpu_alone (const gchar *path, guint n_runners, guint n_frames)
{
  GError *error = NULL;
  DpuModel *model = dpu_model_open (path, DPU_DEVICE_DPU, &error);
  Lane *lanes = g_new (Lane, n_runners);
  GThread **threads = g_new (GThread *, n_runners);
  gint n_left = n_frames;
  gint64 start;
  guint i;

  if (!model)
    fail (error);
  for (i = 0; i < n_runners; i++) {
    lanes[i].n_left = &n_left;
    lanes[i].runner = dpu_runner_new (model, 1, &error);
    if (!lanes[i].runner || !dpu_runner_execute (lanes[i].runner, &error))
      fail (error);
  }
  start = g_get_monotonic_time ();
  for (i = 0; i < n_runners; i++)
    threads[i] = g_thread_new ("lane", execute_until_done, &lanes[i]);
  for (i = 0; i < n_runners; i++)
    g_thread_join (threads[i]);
  n_left = g_get_monotonic_time () - start;

  for (i = 0; i < n_runners; i++)
    dpu_runner_free (lanes[i].runner);
  dpu_model_unref (model);
  g_free (threads);
  g_free (lanes);
  return find_rate (0, n_left, n_frames);
}

/* when frames left, one after the other */
static GstPadProbeReturn
note_time (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  gint64 now = g_get_monotonic_time ();

  g_array_append_val ((GArray *) data, now);
  return GST_PAD_PROBE_OK;
}

static gdouble
run_element (const gchar *path, guint n_slots, guint n_frames)
{
  g_autofree gchar *description =
      g_strdup_printf (PIPELINE, n_frames + N_WARM_UP, path, n_slots);
  g_autoptr (GArray) times = g_array_new (FALSE, FALSE, sizeof (gint64));
  GError *error = NULL;
  GstElement *pipeline = gst_parse_launch (description, &error);
  GstElement *detector;
  GstMessage *message;
  GstBus *bus;
  GstPad *pad;

  if (error)
    fail (error);
  detector = gst_bin_get_by_name (GST_BIN (pipeline), "detector");
  pad = gst_element_get_static_pad (detector, "src");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, note_time, times, NULL);
  bus = gst_element_get_bus (pipeline);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (
      bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    gst_message_parse_error (message, &error, NULL);
    fail (error);
  }
  gst_message_unref (message);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (bus);
  gst_object_unref (pad);
  gst_object_unref (detector);
  gst_object_unref (pipeline);

  return find_rate (g_array_index (times, gint64, N_WARM_UP - 1),
      g_array_index (times, gint64, times->len - 1), n_frames);
}

int
main (int argc, char **argv)
{
  guint n_frames, n_slots;
  gint i, round;

  gst_init (&argc, &argv);
  n_frames = argc > 4 ? atoi (argv[2]) : 0;
  n_slots = argc > 4 ? atoi (argv[3]) : 0;
  if (n_frames == 0 || n_slots == 0) {
    g_printerr (
        "usage: %s MODEL N-FRAMES IN-FLIGHT MILLISECONDS...\n", argv[0]);
    return 2;
  }
  gst_element_register (NULL, "yolov5dpu", GST_RANK_NONE, GST_TYPE_YOLOV5_DPU);

  fakedpu_add_model (argv[1]);

  for (i = 4; i < argc; i++) {
    gdouble alone = 0, element = 0;

    letterbox_time = g_ascii_strtod (argv[i], NULL) * 1000;
    for (round = 0; round < N_ROUNDS; round++) {
      alone = MAX (alone, run_dpu_alone (argv[1], n_slots, n_frames));
      element = MAX (element, run_element (argv[1], n_slots, n_frames));
    }
    g_print (
        "%s %.1f %.1f %.1f\n", argv[i], alone, element, 100 * element / alone);
  }
  return 0;
}
