/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What happens on lines and in zones, as element messages. */

#pragma once

#include <gst/video/video.h>

#include "metadata/zones.h"

G_BEGIN_DECLS

GstMessage *zones_message_new (GstElement *element,
    const GstYolov5ZonesEvent *event, const GstVideoInfo *info,
    const GstSegment *segment);

G_END_DECLS
