/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Threads of ours for calls into VART, which ends the process on many faults
 * and waits without end on others. Such a fault ends the thread instead, and
 * whoever waits for it gets an error. */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * DpuGuardDomain:
 * @DPU_GUARD_DPU: AMD's runner and all below it. After a fatal fault its locks
 *   may be held forever, so that all of it is given up
 * @DPU_GUARD_CPU: the software DPU, which shares no lock with it
 */
typedef enum {
  DPU_GUARD_DPU,
  DPU_GUARD_CPU,
} DpuGuardDomain;

/**
 * DpuGuardFunction:
 * @data: nothing that the caller of dpu_guard_call() frees when that fails: the
 *   function may still be running then
 */
typedef gboolean (*DpuGuardFunction) (gpointer data, GError **error);

typedef struct _DpuGuard DpuGuard;

DpuGuard *dpu_guard_new (DpuGuardDomain domain, GError **error);
gboolean dpu_guard_call (DpuGuard *self, DpuGuardFunction function,
    gpointer data, guint timeout, const gchar *what, GError **error);
void dpu_guard_interrupt (DpuGuard *self);
void dpu_guard_end (
    DpuGuard *self, DpuGuardFunction last, gpointer data, guint timeout);

gboolean dpu_guard_bring_up (DpuGuard *self, DpuGuardFunction function,
    gpointer data, guint timeout, const gchar *what, GCancellable *cancellable,
    GError **error);
gchar *dpu_guard_describe_fault (void);
gchar *dpu_guard_describe_delay (void);

G_END_DECLS
