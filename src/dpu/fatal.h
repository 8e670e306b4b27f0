/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The hook in glog, which all of VART logs with, and by which it ends the
 * process. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * DpuFatalHandler:
 * @note: is given the text of a fatal fault, on the thread that has it
 * @leave: is called on that thread next, and returns where the process is to
 *   end as it did before
 */
typedef struct {
  void (*note) (const gchar *text, gsize size);
  void (*leave) (void);
} DpuFatalHandler;

void dpu_fatal_install (const DpuFatalHandler *handler);
void dpu_warnings_hide (void);
void dpu_warnings_show (void);

G_END_DECLS
