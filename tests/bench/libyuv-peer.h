/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* libyuv in the letterbox's place: the fewest of its calls that end in the
 * model's int8 input. */

#pragma once

#include <gst/video/video.h>

G_BEGIN_DECLS

typedef struct _LibyuvPeer LibyuvPeer;

LibyuvPeer *libyuv_peer_new (
    const GstVideoInfo *info, guint picture_width, guint picture_height);
void libyuv_peer_free (LibyuvPeer *self);
void libyuv_peer_write_picture (LibyuvPeer *self, const GstVideoFrame *frame,
    gint8 *output, gsize output_stride);

G_END_DECLS
