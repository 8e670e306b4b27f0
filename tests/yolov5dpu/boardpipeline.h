/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Pipelines with the plug-in as it is installed, for tests with the fake
 * DPU. */

#pragma once

#include <gst/check/gstcheck.h>

GstElement *boardpipeline_new (
    const gchar *model, gint n_frames, const gchar *properties);
void boardpipeline_stop (GstElement *pipeline);
gchar *boardpipeline_detect (const gchar *model, const gchar *properties);
void boardpipeline_wait_error (GstElement *pipeline, const gchar *const *texts);
void boardpipeline_check_error (
    const gchar *model, const gchar *properties, const gchar *const *texts);
