/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The stages of a frame in yolov5dpu, one after the other and each on its own
 * watch. */

#include "actions.h"

#include <letterbox/letterbox.h>

#define FRAME_WIDTH 1280
#define FRAME_HEIGHT 720

/* pictures before the watch starts: caches fill, threads come up */
#define N_WARM_UP 2

/* yolov5dpu's own defaults */
#define DEFAULT_THRESHOLD 0.25
#define DEFAULT_IOU_THRESHOLD 0.45
#define MAX_DETECTIONS 300

enum { LETTERBOX, EXECUTE, DECODE, N_STAGES };

/**
 * Bench:
 * @times: (element-type gint64): microseconds, per stage
 */
typedef struct {
  GstBuffer *buffer;
  GstVideoFrame frame;
  Letterbox *letterbox;
  DpuModel *model;
  DpuRunner *runner;
  const gint8 *outputs[YOLOV5_MAX_HEADS];
  Yolov5Decoder *decoder;
  Yolov5Parameters parameters;
  guint n_detections;
  GArray *times[N_STAGES];
} Bench;

static void
bench_clear (Bench *self)
{
  if (self->frame.buffer != NULL)
    gst_video_frame_unmap (&self->frame);
  gst_clear_buffer (&self->buffer);
  g_clear_pointer (&self->letterbox, letterbox_free);
  g_clear_pointer (&self->decoder, yolov5_decoder_free);
  g_clear_pointer (&self->runner, dpu_runner_free);
  g_clear_pointer (&self->model, dpu_model_unref);
  for (guint i = 0; i < N_STAGES; i++)
    g_clear_pointer (&self->times[i], g_array_unref);
}

static gboolean
open_model (Bench *self, const InspectReport *report, GError **error)
{
  DpuDevice device =
      report->verdict == INSPECT_VERDICT_DPU ? DPU_DEVICE_DPU : DPU_DEVICE_CPU;

  self->model = dpu_model_open (report->path, device, error);
  if (self->model == NULL)
    return FALSE;
  self->runner = dpu_runner_new (self->model, 1, error);
  if (self->runner == NULL)
    return FALSE;

  for (guint i = 0; i < dpu_model_get_n_outputs (self->model); i++)
    self->outputs[i] = dpu_runner_get_output (self->runner, i);
  self->decoder = yolov5_decoder_new (report->yolov5);
  self->parameters = (Yolov5Parameters){ DEFAULT_THRESHOLD,
    DEFAULT_IOU_THRESHOLD, MAX_DETECTIONS, FALSE };
  yolov5_model_get_threshold (report->yolov5, &self->parameters.threshold);
  yolov5_model_get_iou_threshold (
      report->yolov5, &self->parameters.iou_threshold);
  return TRUE;
}

/* a picture of any content: the stages before the decoder do the same for all */
static gboolean
make_frame (Bench *self, const InspectReport *report, GError **error)
{
  const Yolov5Tensor *input = yolov5_model_get_input (report->yolov5);
  const LetterboxTarget target = {
    .width = input->width,
    .height = input->height,
    .fix_point = input->fix_point,
    .channel_order = yolov5_model_is_bgr (report->yolov5)
                         ? LETTERBOX_CHANNEL_ORDER_BGR
                         : LETTERBOX_CHANNEL_ORDER_RGB,
    .pad = yolov5_model_get_pad (report->yolov5),
  };
  GstVideoInfo info;

  gst_video_info_set_format (
      &info, GST_VIDEO_FORMAT_NV12, FRAME_WIDTH, FRAME_HEIGHT);
  self->letterbox = letterbox_new (&info, &target, error);
  if (self->letterbox == NULL)
    return FALSE;
  self->buffer = gst_buffer_new_allocate (NULL, info.size, NULL);
  gst_buffer_memset (self->buffer, 0, 128, info.size);
  if (!gst_video_frame_map (&self->frame, &info, self->buffer, GST_MAP_READ)) {
    g_set_error (error, GST_CORE_ERROR, GST_CORE_ERROR_FAILED,
        "A frame of %d x %d pixels cannot be made", FRAME_WIDTH, FRAME_HEIGHT);
    return FALSE;
  }
  letterbox_fill_padding (self->letterbox, dpu_runner_get_input (self->runner));
  return TRUE;
}

static gboolean
run_once (Bench *self, gint64 *times, GError **error)
{
  gint64 start = g_get_monotonic_time ();
  gint64 written, executed;

  letterbox_write_picture (
      self->letterbox, &self->frame, dpu_runner_get_input (self->runner));
  written = g_get_monotonic_time ();
  if (!dpu_runner_execute (self->runner, error))
    return FALSE;
  executed = g_get_monotonic_time ();
  yolov5_decoder_run (
      self->decoder, self->outputs, &self->parameters, &self->n_detections);
  times[LETTERBOX] = written - start;
  times[EXECUTE] = executed - written;
  times[DECODE] = g_get_monotonic_time () - executed;
  return TRUE;
}

static gboolean
run_all (Bench *self, guint n_runs, GError **error)
{
  for (guint i = 0; i < N_STAGES; i++)
    self->times[i] = g_array_new (FALSE, FALSE, sizeof (gint64));
  for (guint i = 0; i < N_WARM_UP + n_runs; i++) {
    gint64 times[N_STAGES];

    if (!run_once (self, times, error))
      return FALSE;
    for (guint j = 0; i >= N_WARM_UP && j < N_STAGES; j++)
      g_array_append_val (self->times[j], times[j]);
  }
  return TRUE;
}

static gint
compare_times (gconstpointer a, gconstpointer b)
{
  gint64 left = *(const gint64 *) a, right = *(const gint64 *) b;

  return (left > right) - (left < right);
}

static gint64
get_median (GArray *times)
{
  g_array_sort (times, compare_times);
  return g_array_index (times, gint64, times->len / 2);
}

/**
 * inspect_bench:
 * @report: of a model that runs
 * @n_runs: pictures, at least one
 *
 * Returns: (transfer full) (nullable): medians; %NULL with @error set when the
 *   model does not run after all
 */
InspectBench *
inspect_bench (const InspectReport *report, guint n_runs, GError **error)
{
  InspectBench *result = NULL;
  Bench self = { NULL };

  gst_init (NULL, NULL);
  if (open_model (&self, report, error) && make_frame (&self, report, error)
      && run_all (&self, n_runs, error)) {
    result = g_new0 (InspectBench, 1);
    result->is_software = dpu_model_get_device (self.model) == DPU_DEVICE_CPU;
    result->device = result->is_software ? "software DPU, one thread" : "DPU";
    result->n_runs = n_runs;
    result->width = FRAME_WIDTH;
    result->height = FRAME_HEIGHT;
    result->letterbox = get_median (self.times[LETTERBOX]);
    result->execute = get_median (self.times[EXECUTE]);
    result->decode = get_median (self.times[DECODE]);
    result->n_detections = self.n_detections;
  }
  bench_clear (&self);
  return result;
}

void
inspect_bench_free (InspectBench *self)
{
  g_free (self);
}
