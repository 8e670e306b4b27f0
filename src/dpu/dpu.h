/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The C face of VART: models, their int8 tensors and the runners that execute
 * them, on a DPU or on the software DPU. Nothing here throws or aborts: where
 * VART does, calls on a DPU fail from then on, and the software DPU goes on. */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define DPU_ERROR (dpu_error_quark ())
GQuark dpu_error_quark (void);

/**
 * DpuError:
 * @DPU_ERROR_NOT_FOUND: the model file or the device does not exist
 * @DPU_ERROR_MODEL: the file was read but cannot be run, and the message says
 *   why and what to do
 * @DPU_ERROR_INIT: VART or its runner could not be brought up
 * @DPU_ERROR_FAILED: an execution failed
 * @DPU_ERROR_CANCELLED: somebody wanted it to stop, and nothing is wrong
 */
typedef enum {
  DPU_ERROR_NOT_FOUND,
  DPU_ERROR_MODEL,
  DPU_ERROR_INIT,
  DPU_ERROR_FAILED,
  DPU_ERROR_CANCELLED,
} DpuError;

/**
 * DpuDevice:
 * @DPU_DEVICE_AUTO: the DPU when there is one, else the software DPU
 * @DPU_DEVICE_DPU: AMD's DPU, through libvart-dpu-runner
 * @DPU_DEVICE_CPU: the software DPU
 */
typedef enum {
  DPU_DEVICE_AUTO,
  DPU_DEVICE_DPU,
  DPU_DEVICE_CPU,
} DpuDevice;

/**
 * DpuTensor:
 * @height: rows
 * @width: columns
 * @channels: innermost, densely packed: element (y, x, c) lies at byte
 *   (y * @width + x) * @channels + c
 * @fix_point: value = int8 * 2^-@fix_point
 * @size: bytes of one frame, @height * @width * @channels
 *
 * An int8 NHWC tensor of batch 1 at the edge of a model.
 */
typedef struct {
  gchar *name;
  guint height;
  guint width;
  guint channels;
  gint fix_point;
  gsize size;
} DpuTensor;

typedef struct _DpuModel DpuModel;
typedef struct _DpuRunner DpuRunner;

gboolean dpu_set_firmware (const gchar *path, GError **error);
gchar *dpu_find_obstacle (void);

DpuModel *dpu_model_open (const gchar *path, DpuDevice device, GError **error);
DpuModel *dpu_model_open_cancellable (const gchar *path, DpuDevice device,
    GCancellable *cancellable, GError **error);
DpuModel *dpu_model_open_outputs (const gchar *path, DpuDevice device,
    const gchar *const *outputs, GError **error);
DpuModel *dpu_model_ref (DpuModel *self);
void dpu_model_unref (DpuModel *self);

void dpu_model_set_timeout (DpuModel *self, guint timeout);
gboolean dpu_model_is_usable (const DpuModel *self);
DpuDevice dpu_model_get_device (const DpuModel *self);
guint dpu_model_get_n_cores (const DpuModel *self);
const gchar *dpu_model_get_fallback_reason (const DpuModel *self);
gboolean dpu_model_keeps_input (const DpuModel *self);
const DpuTensor *dpu_model_get_input (const DpuModel *self);
guint dpu_model_get_n_outputs (const DpuModel *self);
const DpuTensor *dpu_model_get_output (const DpuModel *self, guint index);

DpuRunner *dpu_runner_new (DpuModel *model, guint cpu_threads, GError **error);
void dpu_runner_free (DpuRunner *self);
gint8 *dpu_runner_get_input (DpuRunner *self);
const gint8 *dpu_runner_get_output (DpuRunner *self, guint index);
gboolean dpu_runner_execute (DpuRunner *self, GError **error);
void dpu_runner_set_cancelled (DpuRunner *self, gboolean cancelled);
void dpu_runner_interrupt (DpuRunner *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DpuModel, dpu_model_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DpuRunner, dpu_runner_free)

G_END_DECLS
