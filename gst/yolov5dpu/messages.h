/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What the detector says on the bus. */

#pragma once

#include "slots.h"

G_BEGIN_DECLS

void gst_yolov5_post_error (GstElement *element, const GError *error);
void gst_yolov5_post_detections (GstElement *element, GstPad *srcpad,
    GstBuffer *buffer, const GstYolov5Slot *slot);

G_END_DECLS
