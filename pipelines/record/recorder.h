/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Keeps the last seconds of encoded video, and makes clips of them. */

#pragma once

#include "clip.h"

G_BEGIN_DECLS

typedef struct _Recorder Recorder;

/**
 * RecorderSettings:
 * @folder: where clips go
 * @triggers: classes, and types, lines and zones of events
 * @before: of a clip, before what it is made for
 * @after: of a clip, after the last of that
 * @max_length: of a clip; what goes on then goes on in the next
 * @max_bytes: of all clips
 */
typedef struct {
  const gchar *folder;
  gchar **triggers;
  GstClockTime before;
  GstClockTime after;
  GstClockTime max_length;
  guint64 max_bytes;
} RecorderSettings;

Recorder *recorder_new (const RecorderSettings *settings);
void recorder_add_video (Recorder *self, GstSample *sample);
void recorder_add_line (Recorder *self, GstSample *sample);
gboolean recorder_end (Recorder *self);
void recorder_free (Recorder *self);

G_END_DECLS
