/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Why the software DPU does not do something. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define SWDPU_ERROR (swdpu_error_quark ())
GQuark swdpu_error_quark (void);
gboolean swdpu_check_cancelled (const gint *cancelled, GError **error);

/**
 * SwdpuError:
 * @SWDPU_ERROR_UNSUPPORTED: an operator, or a form of one, that the software
 *   DPU does not have
 * @SWDPU_ERROR_INVALID: shapes or parameters that contradict each other
 * @SWDPU_ERROR_CANCELLED: somebody wanted it to stop
 */
typedef enum {
  SWDPU_ERROR_UNSUPPORTED,
  SWDPU_ERROR_INVALID,
  SWDPU_ERROR_CANCELLED,
} SwdpuError;

G_END_DECLS
