/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "runner.h"

#include "metadata/detections.h"

struct _GstYolov5Runner {
  const GstYolov5OpenedModel *model;
  DpuRunner *dpu;
  Yolov5Decoder *decoder;
  gint8 *input;
  const gint8 **outputs;
  /* of the frame that is in the input */
  GstYolov5FrameFormat *format;
};

/**
 * gst_yolov5_runner_new:
 * @model: the opened model, borrowed
 * @cpu_threads: how many processors the software DPU uses
 * @error: #DpuError
 *
 * One thread at a time may use a runner.
 *
 * Returns: (transfer full) (nullable): a runner
 */
GstYolov5Runner *
gst_yolov5_runner_new (
    const GstYolov5OpenedModel *model, guint cpu_threads, GError **error)
{
  DpuRunner *dpu = dpu_runner_new (model->dpu, cpu_threads, error);
  GstYolov5Runner *self;
  guint i, n_outputs;

  if (!dpu)
    return NULL;

  n_outputs = dpu_model_get_n_outputs (model->dpu);
  self = g_new0 (GstYolov5Runner, 1);
  self->model = model;
  self->dpu = dpu;
  self->decoder = yolov5_decoder_new (model->yolov5);
  self->input = dpu_runner_get_input (dpu);
  self->outputs = g_new (const gint8 *, n_outputs);
  for (i = 0; i < n_outputs; i++)
    self->outputs[i] = dpu_runner_get_output (dpu, i);
  return self;
}

void
gst_yolov5_runner_free (GstYolov5Runner *self)
{
  yolov5_decoder_free (self->decoder);
  dpu_runner_free (self->dpu);
  g_free (self->outputs);
  g_clear_pointer (&self->format, gst_yolov5_frame_format_unref);
  g_free (self);
}

/**
 * gst_yolov5_runner_set_cancelled:
 * @cancelled: whether a software DPU is to give up what it executes
 *
 * Any thread may call it.
 */
void
gst_yolov5_runner_set_cancelled (GstYolov5Runner *self, gboolean cancelled)
{
  dpu_runner_set_cancelled (self->dpu, cancelled);
}

/**
 * gst_yolov5_runner_interrupt:
 *
 * Makes gst_yolov5_runner_execute() fail soon, also where a DPU hangs, from now
 * on. Any thread may call it.
 */
void
gst_yolov5_runner_interrupt (GstYolov5Runner *self)
{
  dpu_runner_interrupt (self->dpu);
}

/**
 * gst_yolov5_runner_write_frame:
 * @format: caps of the frame
 * @frame: the frame, mapped for reading
 *
 * Letterboxes the frame into the memory that the DPU will read.
 */
void
gst_yolov5_runner_write_frame (GstYolov5Runner *self,
    GstYolov5FrameFormat *format, const GstVideoFrame *frame)
{
  /* the padding of the last frame is still there, on most devices */
  if (self->format != format || !dpu_model_keeps_input (self->model->dpu))
    letterbox_fill_padding (format->letterbox, self->input);
  if (self->format != format) {
    g_clear_pointer (&self->format, gst_yolov5_frame_format_unref);
    self->format = gst_yolov5_frame_format_ref (format);
  }
  letterbox_write_picture (format->letterbox, frame, self->input);
}

/**
 * gst_yolov5_runner_execute:
 * @error: #DpuError
 *
 * Returns: whether the model was executed
 */
gboolean
gst_yolov5_runner_execute (GstYolov5Runner *self, GError **error)
{
  return dpu_runner_execute (self->dpu, error);
}

/* boxes in pixels of the model's input become boxes on the frame; those that
 * lie wholly in the padding have no pixel there and go */
static void
map_detections (GstYolov5Runner *self, const Yolov5Detection *found,
    guint n_found, GArray *detections)
{
  const Letterbox *letterbox = self->format->letterbox;
  guint i;

  g_array_set_size (detections, 0);
  for (i = 0; i < n_found; i++) {
    gfloat x_min = found[i].x_min, y_min = found[i].y_min;
    gfloat x_max = found[i].x_max, y_max = found[i].y_max;
    GstYolov5Detection detection;

    letterbox_map_to_frame (letterbox, &x_min, &y_min);
    letterbox_map_to_frame (letterbox, &x_max, &y_max);
    if (x_max <= x_min || y_max <= y_min)
      continue;

    detection.label = self->model->labels[found[i].class_id];
    detection.label_id = found[i].class_id;
    detection.confidence = found[i].confidence;
    detection.x = x_min;
    detection.y = y_min;
    detection.width = x_max - x_min;
    detection.height = y_max - y_min;
    g_array_append_val (detections, detection);
  }
}

/**
 * gst_yolov5_runner_decode:
 * @parameters: how heads are to be decoded
 * @detections: (element-type GstYolov5Detection): becomes what was found in the
 *   frame that was executed, best first
 */
void
gst_yolov5_runner_decode (GstYolov5Runner *self,
    const Yolov5Parameters *parameters, GArray *detections)
{
  guint n_found;
  const Yolov5Detection *found =
      yolov5_decoder_run (self->decoder, self->outputs, parameters, &n_found);

  map_detections (self, found, n_found, detections);
}
