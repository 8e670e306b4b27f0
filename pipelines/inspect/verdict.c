/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Whether yolov5dpu runs the model, found out by opening it as yolov5dpu does:
 * on the DPU if there is one, else on the software DPU. */

#include "facts.h"

#include <yolov5/modelinfo.h>

#include <string.h>

#define FALLBACK_PREFIX "Running on the software DPU: "

#define NOT_COMPILED                                                           \
  "it is the quantizer's output, which a DPU runs only once vai_c_xir has "    \
  "compiled it"

static void
add_reason (InspectReport *report, const gchar *reason)
{
  g_autofree gchar *prefix = g_strconcat (report->path, ": ", NULL);
  gchar *copy;
  gsize length;

  /* the report says anyway which file it is about */
  if (g_str_has_prefix (reason, prefix))
    reason += strlen (prefix);
  copy = g_strdup (reason);
  length = strlen (copy);
  if (length > 0 && copy[length - 1] == '.')
    copy[length - 1] = '\0';
  g_ptr_array_add (report->reasons, copy);
}

/* @tensor as YOLOv5's; a flat one is one pixel, as for the DPU */
static gboolean
convert_tensor (const InspectTensor *tensor, Yolov5Tensor *converted)
{
  guint32 dims[3] = { 1, 1, 1 };

  if (tensor->n_dims < 1 || tensor->n_dims > 4 || tensor->dims[0] != 1)
    return FALSE;
  for (guint i = 1; i < tensor->n_dims; i++)
    dims[3 - tensor->n_dims + i] = tensor->dims[i];
  converted->height = dims[0];
  converted->width = dims[1];
  converted->channels = dims[2];
  converted->fix_point = tensor->fix_point;
  return TRUE;
}

static Yolov5Tensor
convert_dpu_tensor (const DpuTensor *tensor)
{
  return (Yolov5Tensor){ tensor->height, tensor->width, tensor->channels,
    tensor->fix_point };
}

/* which of its facts the model does not have from itself or from defaults */
static void
find_origins (InspectReport *report)
{
  g_auto (Yolov5ModelInfo) info = YOLOV5_MODEL_INFO_INIT;

  if (report->info_path == NULL
      || !yolov5_model_info_read (&info, report->info_path, NULL))
    return;
  report->has_own_anchors = info.anchors != NULL;
  report->has_own_labels = info.labels != NULL;
}

/* as the opened model has them, or without one as the file has them, if it is
 * clear which they are */
static gboolean
find_tensors (const InspectReport *report, const DpuModel *model,
    Yolov5Tensor *input, GArray *outputs)
{
  Yolov5Tensor tensor = { 0 };

  if (model != NULL) {
    *input = convert_dpu_tensor (dpu_model_get_input (model));
    for (guint i = 0; i < dpu_model_get_n_outputs (model); i++) {
      tensor = convert_dpu_tensor (dpu_model_get_output (model, i));
      g_array_append_val (outputs, tensor);
    }
    return TRUE;
  }

  if (report->inputs->len != 1
      || !convert_tensor (
          &g_array_index (report->inputs, InspectTensor, 0), input))
    return FALSE;
  for (guint i = 0; i < report->outputs->len; i++) {
    if (!convert_tensor (
            &g_array_index (report->outputs, InspectTensor, i), &tensor))
      return FALSE;
    g_array_append_val (outputs, tensor);
  }
  return TRUE;
}

static gboolean
find_yolov5 (InspectReport *report, const DpuModel *model)
{
  g_autoptr (GArray) outputs =
      g_array_new (FALSE, FALSE, sizeof (Yolov5Tensor));
  g_autoptr (GError) error = NULL;
  Yolov5Tensor input = { 0 };

  if (!find_tensors (report, model, &input, outputs))
    return FALSE;
  report->yolov5 =
      yolov5_model_new (&input, (const Yolov5Tensor *) outputs->data,
          outputs->len, report->info_path, NULL, &error);
  if (report->yolov5 == NULL)
    add_reason (report, error->message);
  return report->yolov5 != NULL;
}

static void
explain_fallback (InspectReport *report, const gchar *reason)
{
  if (report->kind == INSPECT_KIND_QUANTIZED)
    reason = NOT_COMPILED;
  else if (g_str_has_prefix (reason, FALLBACK_PREFIX))
    reason += strlen (FALLBACK_PREFIX);
  add_reason (report, reason);
}

/**
 * inspect_judge:
 *
 * Needs the fields that the other parts fill, except the hints.
 */
void
inspect_judge (InspectReport *report)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) software_error = NULL;
  g_autoptr (DpuModel) model =
      dpu_model_open (report->path, DPU_DEVICE_AUTO, &error);
  gboolean is_yolov5;

  report->info_path = yolov5_model_find_info (report->path);
  /* what a DPU here refuses, the software DPU may run */
  if (model == NULL)
    model = dpu_model_open (report->path, DPU_DEVICE_CPU, &software_error);

  is_yolov5 = find_yolov5 (report, model);
  find_origins (report);
  if (model == NULL || !is_yolov5) {
    report->verdict = INSPECT_VERDICT_CANNOT_RUN;
    if (model == NULL)
      add_reason (report, error->message);
    if (model == NULL && strcmp (error->message, software_error->message) != 0)
      add_reason (report, software_error->message);
  } else if (dpu_model_get_device (model) == DPU_DEVICE_DPU) {
    report->verdict = INSPECT_VERDICT_DPU;
  } else {
    report->verdict = INSPECT_VERDICT_SOFTWARE_ONLY;
    explain_fallback (report,
        error != NULL ? error->message : dpu_model_get_fallback_reason (model));
  }
}
