/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* A yolov5publish that tests push lines into. */

#pragma once

#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>

typedef struct {
  GstHarness *harness;
  GstElement *element;
  GstBus *bus;
} Publisher;

Publisher *publisher_new (const gchar *properties, ...) G_GNUC_PRINTF (1, 2);
void publisher_push (Publisher *self, const gchar *line);
void publisher_push_numbers (Publisher *self, guint first, guint n);
void publisher_end (Publisher *self);
guint64 publisher_get_stat (Publisher *self, const gchar *name);
gchar *publisher_wait_for_message (Publisher *self, GstMessageType type);
void publisher_free (Publisher *self);
