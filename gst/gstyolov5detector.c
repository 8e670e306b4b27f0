/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Opens a model and finds what it asks of frames and slots. */

#include "gstyolov5detector.h"

#include "gstyolov5models.h"

/* For each core of a DPU: a frame in it, and one that is letterboxed or decoded
 * meanwhile. VART ties runners to cores, so that with fewer slots some cores
 * would wait while frames wait for others. */
#define SLOTS_PER_CORE 2
/* ... and with a single core, one more: letterbox and decoding of the only other
 * frame would have to fit into one execution, every time */
#define MIN_DPU_SLOTS 3

static void
to_yolov5_tensor (const DpuTensor *tensor, Yolov5Tensor *yolov5)
{
  yolov5->height = tensor->height;
  yolov5->width = tensor->width;
  yolov5->channels = tensor->channels;
  yolov5->fix_point = tensor->fix_point;
}

static Yolov5Model *
describe_model (const DpuModel *dpu, const gchar *info_path,
    const gchar *label_path, GError **error)
{
  guint i, n_outputs = dpu_model_get_n_outputs (dpu);
  g_autofree Yolov5Tensor *outputs = g_new (Yolov5Tensor, n_outputs);
  Yolov5Tensor input;

  to_yolov5_tensor (dpu_model_get_input (dpu), &input);
  for (i = 0; i < n_outputs; i++)
    to_yolov5_tensor (dpu_model_get_output (dpu, i), &outputs[i]);

  return yolov5_model_new (
      &input, outputs, n_outputs, info_path, label_path, error);
}

/**
 * gst_yolov5_detector_open:
 * @settings: which model, on which device
 * @error: #DpuError or #Yolov5Error
 *
 * Returns: (transfer full) (nullable): the model
 */
GstYolov5Detector *
gst_yolov5_detector_open (const GstYolov5Settings *settings, GError **error)
{
  g_autofree gchar *info_path = g_strdup (settings->info_path);
  GstYolov5Detector *self;
  Yolov5Model *yolov5;
  DpuModel *dpu;

  if (settings->firmware_path && settings->device != DPU_DEVICE_CPU
      && !dpu_set_firmware (settings->firmware_path, error))
    return NULL;
  dpu = gst_yolov5_models_acquire (settings->model_path, settings->device,
      settings->timeout / GST_MSECOND, error);
  if (!dpu)
    return NULL;

  if (!info_path)
    info_path = yolov5_model_find_info (settings->model_path);
  yolov5 = describe_model (dpu, info_path, settings->label_path, error);
  if (!yolov5) {
    gst_yolov5_models_release (dpu);
    return NULL;
  }

  self = g_new0 (GstYolov5Detector, 1);
  self->dpu = dpu;
  self->yolov5 = yolov5;
  self->max_in_flight = settings->max_in_flight;
  self->cpu_threads = settings->cpu_threads;
  return self;
}

void
gst_yolov5_detector_free (GstYolov5Detector *self)
{
  yolov5_model_unref (self->yolov5);
  gst_yolov5_models_release (self->dpu);
  g_free (self);
}

/**
 * gst_yolov5_detector_choose_slots:
 * @n_slots: (out): how many frames to work on at once
 * @cpu_threads: (out): how many threads the software DPU uses for each
 *
 * On a software DPU frames are worked on side by side, a thread each, while one
 * more is being letterboxed. Several threads for one frame wait for each other
 * after every layer, and do so busily: where decoders and encoders want the
 * processors too, that made frames take 30 times as long.
 */
void
gst_yolov5_detector_choose_slots (
    const GstYolov5Detector *self, guint *n_slots, guint *cpu_threads)
{
  *cpu_threads = MAX (self->cpu_threads, 1);
  *n_slots = self->max_in_flight;
  if (*n_slots != 0)
    return;

  if (dpu_model_get_device (self->dpu) == DPU_DEVICE_DPU)
    *n_slots =
        MAX (SLOTS_PER_CORE * dpu_model_get_n_cores (self->dpu), MIN_DPU_SLOTS);
  else
    *n_slots = MAX (g_get_num_processors () / *cpu_threads, 1) + 1;
  *n_slots = MIN (*n_slots, GST_YOLOV5_MAX_SLOTS);
}

static void
find_target (const Yolov5Model *yolov5, LetterboxTarget *target)
{
  const Yolov5Tensor *input = yolov5_model_get_input (yolov5);

  target->width = input->width;
  target->height = input->height;
  target->fix_point = input->fix_point;
  target->channel_order = yolov5_model_is_bgr (yolov5)
                              ? LETTERBOX_CHANNEL_ORDER_BGR
                              : LETTERBOX_CHANNEL_ORDER_RGB;
  target->pad = yolov5_model_get_pad (yolov5);
}

/**
 * gst_yolov5_frame_format_new:
 * @detector: the model the frames are for
 * @info: caps of the frames
 * @error: #LetterboxError
 *
 * Returns: (transfer full) (nullable): the format
 */
GstYolov5FrameFormat *
gst_yolov5_frame_format_new (
    const GstYolov5Detector *detector, const GstVideoInfo *info, GError **error)
{
  LetterboxTarget target;
  Letterbox *letterbox;
  GstYolov5FrameFormat *self;

  find_target (detector->yolov5, &target);
  letterbox = letterbox_new (info, &target, error);
  if (!letterbox)
    return NULL;

  self = g_atomic_rc_box_new0 (GstYolov5FrameFormat);
  self->info = *info;
  self->letterbox = letterbox;
  return self;
}

/**
 * gst_yolov5_frame_format_find_limits:
 * @min_size: shortest side of a box in pixels of the frame
 * @max_size: longest side of a box in pixels of the frame, or 0
 * @limits: (out): the same in pixels of the model's input
 */
void
gst_yolov5_frame_format_find_limits (const GstYolov5FrameFormat *self,
    guint min_size, guint max_size, Yolov5SizeLimits *limits)
{
  LetterboxRectangle picture;
  gfloat scale_x, scale_y;

  letterbox_get_picture (self->letterbox, &picture);
  scale_x = (gfloat) picture.width / GST_VIDEO_INFO_WIDTH (&self->info);
  scale_y = (gfloat) picture.height / GST_VIDEO_INFO_HEIGHT (&self->info);
  limits->min_width = min_size * scale_x;
  limits->min_height = min_size * scale_y;
  limits->max_width = max_size * scale_x;
  limits->max_height = max_size * scale_y;
}

GstYolov5FrameFormat *
gst_yolov5_frame_format_ref (GstYolov5FrameFormat *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear_frame_format (gpointer data)
{
  GstYolov5FrameFormat *self = data;

  letterbox_free (self->letterbox);
}

void
gst_yolov5_frame_format_unref (GstYolov5FrameFormat *self)
{
  g_atomic_rc_box_release_full (self, clear_frame_format);
}
