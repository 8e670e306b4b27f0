/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What people are told: a line for each source, and what there was in all. */

#pragma once

#include "frame.h"
#include "source.h"

G_BEGIN_DECLS

typedef struct _DetectSummary DetectSummary;

DetectSummary *detect_summary_new (void);
void detect_summary_free (DetectSummary *self);

void detect_summary_begin (DetectSummary *self, const DetectSource *source);
void detect_summary_add (DetectSummary *self, const DetectFrame *frame);
gchar *detect_summary_end (
    DetectSummary *self, const DetectSource *source, const GstStructure *zones);

gdouble detect_summary_get_rate (const DetectSummary *self);
gchar *detect_summary_to_text (
    const DetectSummary *self, const GstStructure *stats);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DetectSummary, detect_summary_free)

G_END_DECLS
