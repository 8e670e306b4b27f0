/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Looks at one source after the other. */

#pragma once

#include "frame.h"
#include "pipeline.h"

G_BEGIN_DECLS

typedef struct _DetectRun DetectRun;

/**
 * DetectFrameFunc:
 * @frame: of @source, in their order
 *
 * Called in the thread of detect_run_source().
 */
typedef void (*DetectFrameFunc) (
    const DetectSource *source, const DetectFrame *frame, gpointer user_data);

DetectRun *detect_run_new (const DetectSettings *settings,
    DetectFrameFunc on_frame, gpointer user_data, GError **error);
void detect_run_free (DetectRun *self);

gboolean detect_run_source (
    DetectRun *self, const DetectSource *source, GError **error);
gboolean detect_run_interrupt (DetectRun *self);
gboolean detect_run_is_interrupted (const DetectRun *self);
gboolean detect_run_get_progress (
    const DetectRun *self, gint64 *position, gint64 *duration);
const GPtrArray *detect_run_get_labels (const DetectRun *self);
const GstStructure *detect_run_get_stats (DetectRun *self);
const GstStructure *detect_run_get_zones (const DetectRun *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DetectRun, detect_run_free)

G_END_DECLS
