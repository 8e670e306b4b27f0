/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What the command does with a model beyond reading it. */

#pragma once

#include "report.h"

#include <detect/frame.h>

G_BEGIN_DECLS

/**
 * InspectPicture:
 * @output: the picture with boxes that was written
 * @detections: (element-type DetectBox): best first
 */
typedef struct {
  gchar *output;
  GArray *detections;
} InspectPicture;

/**
 * InspectBench:
 * @device: what executed the model, as words
 * @is_software: whether that was the software DPU
 * @n_runs: pictures the medians are of
 * @letterbox: microseconds for a picture of @width x @height NV12
 * @execute: microseconds in the device
 * @decode: microseconds from int8 heads to boxes
 * @n_detections: boxes the last picture gave
 */
typedef struct {
  const gchar *device;
  gboolean is_software;
  guint n_runs;
  guint width;
  guint height;
  gint64 letterbox;
  gint64 execute;
  gint64 decode;
  guint n_detections;
} InspectBench;

InspectPicture *inspect_run (const InspectReport *report, const gchar *picture,
    const gchar *output, GError **error);
void inspect_picture_free (InspectPicture *self);

InspectBench *inspect_bench (
    const InspectReport *report, guint n_runs, GError **error);
void inspect_bench_free (InspectBench *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (InspectPicture, inspect_picture_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (InspectBench, inspect_bench_free)

G_END_DECLS
