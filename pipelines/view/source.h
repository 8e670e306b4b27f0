/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What people call a source becomes a pipeline. */

#pragma once

#include "camera.h"

GstElement *view_source_make_pipeline (
    const gchar *source, const ViewCameraOptions *options, GError **error);
gchar *view_source_word_error (GstMessage *message);
gchar *view_source_get_name (const gchar *source);
