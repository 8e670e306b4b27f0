/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What was found on a frame. */

#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/**
 * DetectBox:
 * @label: interned
 * @label_id: number of the class, or -1
 * @id: of the track, or 0
 * @is_predicted: nobody looked, and the object is expected here
 *
 * In pixels of the frame.
 */
typedef struct {
  const gchar *label;
  gint label_id;
  gdouble confidence;
  gint x;
  gint y;
  gint width;
  gint height;
  guint64 id;
  gboolean is_predicted;
} DetectBox;

/**
 * DetectFrame:
 * @line: the JSON of yolov5json, without the line's end
 * @number: of the frame, from 0
 * @pts: nanoseconds, or %GST_CLOCK_TIME_NONE
 * @inference_time: nanoseconds the model took, or 0
 * @boxes: (element-type DetectBox): best first
 */
typedef struct {
  gchar *line;
  guint64 number;
  GstClockTime pts;
  gint width;
  gint height;
  GstClockTime inference_time;
  GArray *boxes;
} DetectFrame;

DetectFrame *detect_frame_new (gchar *line);
void detect_frame_free (DetectFrame *self);
gchar *detect_frame_describe (const DetectFrame *self);
gchar *detect_describe_counts (GHashTable *counts);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DetectFrame, detect_frame_free)

G_END_DECLS
