/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Which lines of a stream are sent, and as what. */

#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/**
 * PublishRules:
 * @min_interval: nanoseconds between two lines that are sent
 * @only_changes: leave out lines that say what the last one said
 * @events_only: leave out lines without events
 * @per_label: send a line for each class that it has
 */
typedef struct {
  GstClockTime min_interval;
  gboolean only_changes;
  gboolean events_only;
  gboolean per_label;
} PublishRules;

/**
 * PublishLines:
 *
 * What was sent before, which decides on what is sent next.
 */
typedef struct {
  GstClockTime last_time;
  gchar *last_content;
} PublishLines;

/**
 * PublishSend:
 * @label: (nullable): the class that @payload is about, with per_label
 */
typedef void (*PublishSend) (
    const gchar *label, GBytes *payload, gpointer user_data);

void publish_lines_init (PublishLines *self);
void publish_lines_clear (PublishLines *self);
gboolean publish_lines_send (PublishLines *self, const PublishRules *rules,
    const gchar *text, gsize length, GstClockTime time, PublishSend send,
    gpointer user_data);

G_END_DECLS
