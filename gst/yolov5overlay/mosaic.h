/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Hides what a part of a frame shows behind a mosaic, for privacy. */

#pragma once

#include <gst/video/video.h>

G_BEGIN_DECLS

void overlay_pixelate_rectangle (
    GstVideoFrame *frame, const GstVideoRectangle *rectangle);

G_END_DECLS
