/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* JPEGs of frames, in the thread that asks for them. */

#pragma once

#include <gst/gst.h>

typedef struct ViewEncoder ViewEncoder;

ViewEncoder *view_encoder_new (gint max_width, gint quality, GError **error);
void view_encoder_free (ViewEncoder *self);
GBytes *view_encoder_encode (
    ViewEncoder *self, GstSample *sample, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ViewEncoder, view_encoder_free)
