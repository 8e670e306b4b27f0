/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The software DPU: executes xmodels, compiled or as the quantizer wrote them,
 * with the DPU's integer arithmetic, bit for bit. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * SwdpuTensor:
 * @dims: (array length=n_dims): NHWC, batch 1
 * @fix_point: value = int8 * 2^-@fix_point
 *
 * An input or output. Memory belongs to the program.
 */
typedef struct {
  const gchar *name;
  const guint32 *dims;
  guint n_dims;
  gsize size;
  gint fix_point;
} SwdpuTensor;

typedef struct _SwdpuProgram SwdpuProgram;
typedef struct _SwdpuContext SwdpuContext;

gchar *swdpu_model_digest (GBytes *model);
SwdpuProgram *swdpu_program_find (const gchar *digest,
    const gchar *subgraph_name, const gchar *const *outputs, guint threads);
SwdpuProgram *swdpu_program_get (GBytes *model, const gchar *subgraph_name,
    const gchar *const *outputs, guint threads, GError **error);
SwdpuProgram *swdpu_program_get_unless (GBytes *model, const gchar *digest,
    const gchar *subgraph_name, const gchar *const *outputs, guint threads,
    const gint *cancelled, GError **error);
SwdpuProgram *swdpu_program_ref (SwdpuProgram *self);
void swdpu_program_unref (SwdpuProgram *self);
guint swdpu_program_get_n_inputs (const SwdpuProgram *self);
guint swdpu_program_get_n_outputs (const SwdpuProgram *self);
SwdpuTensor swdpu_program_get_input (const SwdpuProgram *self, guint index);
SwdpuTensor swdpu_program_get_output (const SwdpuProgram *self, guint index);

SwdpuContext *swdpu_context_new (SwdpuProgram *program, GError **error);
void swdpu_context_watch (SwdpuContext *self, const gint *cancelled);
void swdpu_context_free (SwdpuContext *self);
gint8 *swdpu_context_get_input (SwdpuContext *self, guint index);
gint8 *swdpu_context_get_output (SwdpuContext *self, guint index);
gboolean swdpu_context_run (SwdpuContext *self, GError **error);
gchar *swdpu_context_describe_times (const SwdpuContext *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SwdpuProgram, swdpu_program_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SwdpuContext, swdpu_context_free)

G_END_DECLS
