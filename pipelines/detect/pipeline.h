/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The pipelines that look at sources. */

#pragma once

#include "source.h"

G_BEGIN_DECLS

/* names of elements in them */
#define DETECT_SOURCE "source"
#define DETECT_DETECTOR "detector"
#define DETECT_TRACKER "tracker"
#define DETECT_ZONES "zones"
#define DETECT_LINES "lines"
#define DETECT_FRAMES "frames"
#define DETECT_SINK "sink"
#define DETECT_DISPLAY "display"

/**
 * DetectSettings:
 * @model: an .xmodel file
 * @device: (nullable): "auto", "dpu" or "cpu"
 * @threshold: least confidence, or -1 for the model's own
 * @classes: (nullable): the ones to find
 * @tracks: give objects of videos ids
 * @zones: (nullable): a file of lines and zones to count tracks at
 * @saves: write annotated pictures and videos
 * @shows: show them in a window
 */
typedef struct {
  gchar *model;
  const gchar *device;
  gdouble threshold;
  gchar *classes;
  gboolean tracks;
  gchar *zones;
  gboolean saves;
  gboolean shows;
} DetectSettings;

gboolean detect_pipeline_find_elements (GError **error);
GstElement *detect_pipeline_new (
    const DetectSettings *settings, gboolean is_video, GError **error);
GstElement *detect_pipeline_make_source (
    const DetectSource *source, GError **error);
gboolean detect_pipeline_check_found (
    GstElement *input, const DetectSource *source, GError **error);
GError *detect_pipeline_make_error (GstElement *pipeline, GstElement *input,
    const DetectSource *source, GstMessage *message);
gboolean detect_pipeline_is_closed_window (
    GstElement *pipeline, GstMessage *message);
void detect_pipeline_close_display (GstElement *pipeline);
GPtrArray *detect_pipeline_get_labels (GstElement *pipeline);

G_END_DECLS
