/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Lines and zones over the frames of a stream: from what is on buffers to what
 * is said of them. */

#pragma once

#include <gst/video/video.h>

#include "metadata/zones.h"
#include "tracking/zones.h"

G_BEGIN_DECLS

/**
 * ZonesStreamReport:
 * @n_left_out: objects over the limit
 * @n_repeated: objects with the id of another one on the frame
 * @has_no_tracker: frames enough were there with objects, not one of which had
 *   an id
 *
 * What is worth a warning on a frame.
 */
typedef struct {
  guint n_left_out;
  guint n_repeated;
  gboolean has_no_tracker;
} ZonesStreamReport;

/**
 * ZonesStream:
 *
 * For one thread at a time.
 */
typedef struct _ZonesStream ZonesStream;

ZonesStream *zones_stream_new (ZonesConfig *config);
void zones_stream_free (ZonesStream *self);
void zones_stream_set_config (ZonesStream *self, ZonesConfig *config);
void zones_stream_set_max_lost_time (
    ZonesStream *self, GstClockTime max_lost_time);

guint zones_stream_follow (ZonesStream *self, GstBuffer *buffer,
    const GstVideoInfo *info, ZonesStreamReport *report);
guint zones_stream_reset (ZonesStream *self);
void zones_stream_reset_counts (ZonesStream *self);
gboolean zones_stream_had_no_tracker (const ZonesStream *self);

const GstYolov5ZonesMark *zones_stream_get_mark (ZonesStream *self);
void zones_stream_forget_events (ZonesStream *self);
GstStructure *zones_stream_get_statistics (ZonesStream *self);

G_END_DECLS
