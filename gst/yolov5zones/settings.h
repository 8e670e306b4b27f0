/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The properties of the element that counts. */

#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/**
 * ZonesSettings:
 *
 * Values of the properties.
 */
typedef struct {
  gchar *config;
  GstClockTime max_lost_time;
  gboolean post_messages;
} ZonesSettings;

void zones_settings_install (GObjectClass *object_class);

G_END_DECLS
