/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Which way up a picture is. */

#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

void detect_orientation_read (GstElement *decoder);

G_END_DECLS
