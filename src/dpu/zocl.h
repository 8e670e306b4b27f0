/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What zocl, the boards' kernel driver for XRT, shows of itself in sysfs. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

gchar *dpu_zocl_find_denied (const gchar *root);
gchar *dpu_zocl_find_other_bitstream (const gchar *root, const gchar *path);

G_END_DECLS
