/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Executes DPU subgraphs on the memory that a DPU's registers point to. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* REG_0 to REG_7: parameters, workspace, inputs, outputs ... */
#define EXECUTOR_N_REGISTERS 8

/**
 * ExecutorRegister:
 * @memory: (array length=size): where the register points to, %NULL when it is
 *   not set
 */
typedef struct {
  gint8 *memory;
  gsize size;
} ExecutorRegister;

typedef struct _Executor Executor;

Executor *executor_new (const gchar *path, gboolean repeat, GError **error);
void executor_free (Executor *self);
gboolean executor_has_code (const Executor *self, const ExecutorRegister *code);
ExecutorRegister executor_get_overwritten (
    const Executor *self, const ExecutorRegister *registers);
gboolean executor_run (
    Executor *self, const ExecutorRegister *registers, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Executor, executor_free)

G_END_DECLS
