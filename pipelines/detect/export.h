/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What was found, for other programs. */

#pragma once

#include "frame.h"
#include "source.h"

G_BEGIN_DECLS

/**
 * DetectExportNames:
 * @json: (nullable): of a file of JSON lines, or "-" for standard output
 * @csv: (nullable): likewise, of comma separated values
 * @coco: (nullable): likewise, of a data set in COCO's form
 * @yolo: (nullable): of a folder of label files in YOLO's form
 */
typedef struct {
  gchar *json;
  gchar *csv;
  gchar *coco;
  gchar *yolo;
} DetectExportNames;

typedef struct _DetectExport DetectExport;

DetectExport *detect_export_new (
    const DetectExportNames *names, const GPtrArray *sources, GError **error);
void detect_export_free (DetectExport *self);
void detect_export_add (
    DetectExport *self, const DetectSource *source, const DetectFrame *frame);
gboolean detect_export_finish (
    DetectExport *self, const GPtrArray *labels, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DetectExport, detect_export_free)

G_END_DECLS
