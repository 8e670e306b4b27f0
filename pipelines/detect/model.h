/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Models by name. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

gchar *detect_model_find (const gchar *name, GError **error);

G_END_DECLS
