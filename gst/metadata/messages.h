/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What the element messages of several elements have in common. */

#pragma once

#include "detections.h"

G_BEGIN_DECLS

void gst_yolov5_message_set_label (GstStructure *structure, GQuark label);
void gst_yolov5_message_set_box (GstStructure *structure,
    const GstVideoInfo *info, const GstYolov5Detection *detection);
void gst_yolov5_message_set_times (
    GstStructure *structure, const GstSegment *segment, GstClockTime timestamp);
GstStructure *gst_yolov5_message_new_detection (
    const GstVideoInfo *info, const GstYolov5Detection *detection);
void gst_yolov5_message_append (GValue *list, GstStructure *structure);

G_END_DECLS
