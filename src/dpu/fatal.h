/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The hook that keeps glog, which all of VART logs with, from ending the
 * process when a guarded call fails. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

void dpu_fatal_install (void);

G_END_DECLS
