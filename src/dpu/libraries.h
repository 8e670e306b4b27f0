/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The names of VART's libraries, which differ with its version. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

guint dpu_libraries_get_version (void);
gchar *dpu_libraries_get_name (const gchar *library);

G_END_DECLS
