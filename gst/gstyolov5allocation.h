/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What upstream is told about buffers. */

#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

void gst_yolov5_allocation_refuse_cropping (GstQuery *query);
void gst_yolov5_allocation_add_buffers (GstQuery *query, guint n_inside);

G_END_DECLS
