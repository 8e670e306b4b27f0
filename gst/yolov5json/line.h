/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What is known of a frame, as a line of JSON. */

#pragma once

#include <json-glib/json-glib.h>

#include "detectors.h"
#include "metadata/zones.h"

G_BEGIN_DECLS

/**
 * GstYolov5Line:
 * @pts: timestamp of the frame, or %GST_CLOCK_TIME_NONE
 * @frame: its number
 * @width: in pixels
 * @height: in pixels
 * @detectors: who could look at it, and who did
 * @detections: (element-type GstYolov5Detection): what was found
 * @tracks: (element-type GstYolov5TrackedObject): what is known of each of the
 *   detections over time
 * @zones: what was counted at lines and in zones
 *
 * What goes into a line.
 */
typedef struct {
  GstClockTime pts;
  guint64 frame;
  gint width;
  gint height;
  const GstYolov5Detectors *detectors;
  const GArray *detections;
  const GArray *tracks;
  const GstYolov5ZonesMark *zones;
} GstYolov5Line;

GString *gst_yolov5_line_write (
    const GstYolov5Line *self, JsonGenerator *generator);

G_END_DECLS
