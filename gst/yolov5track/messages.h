/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The objects of a frame as an element message. */

#pragma once

#include "stream.h"

G_BEGIN_DECLS

void track_message_post (GstElement *element, GstPad *srcpad, GstBuffer *buffer,
    const GstVideoInfo *info, const TrackFrame *frame);

G_END_DECLS
