/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* One .mp4 that is written, and what is noted about it. */

#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct _RecordClip RecordClip;

/**
 * RecordClipDone:
 * @path: (nullable): %NULL if it could not be written
 *
 * In the main context.
 */
typedef void (*RecordClipDone) (
    RecordClip *self, const gchar *path, gpointer user_data);

RecordClip *record_clip_new (const gchar *folder, gint64 wall_time,
    GstClockTime start, GstCaps *caps, RecordClipDone done, gpointer user_data);
void record_clip_add_video (
    RecordClip *self, GstBuffer *buffer, GstClockTime time);
void record_clip_add_note (
    RecordClip *self, GstClockTime time, const gchar *what, const gchar *line);
void record_clip_finish (RecordClip *self);
void record_clip_free (RecordClip *self);

G_END_DECLS
