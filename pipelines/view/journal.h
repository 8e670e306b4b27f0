/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What has happened: events, counts, and figures for each second of the last
 * minutes. */

#pragma once

#include "camera.h"

typedef struct ViewJournal ViewJournal;

ViewJournal *view_journal_new (guint n_cameras);
void view_journal_free (ViewJournal *self);

void view_journal_add_frame (ViewJournal *self, const ViewFrame *frame);
void view_journal_add_message (
    ViewJournal *self, guint camera, const GstStructure *message);
void view_journal_add_latency (
    ViewJournal *self, guint camera, gint64 microseconds);
void view_journal_end_second (ViewJournal *self, ViewCamera *const *cameras);

guint64 view_journal_get_last_event (const ViewJournal *self);
void view_journal_add_events_json (
    const ViewJournal *self, guint64 after, JsonBuilder *builder);
void view_journal_add_stats_json (
    ViewJournal *self, ViewCamera *const *cameras, JsonBuilder *builder);
void view_journal_add_history_json (
    const ViewJournal *self, JsonBuilder *builder);
