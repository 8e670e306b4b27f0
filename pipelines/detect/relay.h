/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What comes out of a pipeline, as messages. */

#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* application messages: with the string "line" of yolov5json, with the GstSample
 * "sample" of an annotated picture, and when a sink has all of a picture */
#define DETECT_RELAY_LINE "yolov5dpu-detect-line"
#define DETECT_RELAY_FRAME "yolov5dpu-detect-frame"
#define DETECT_RELAY_END "yolov5dpu-detect-end"

void detect_relay_watch (GstElement *pipeline);
void detect_relay_watch_picture (GstElement *input);

G_END_DECLS
