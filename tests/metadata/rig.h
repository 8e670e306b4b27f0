/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* A frame to attach detections to, and an array to collect them in. */

#pragma once

#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>

#include "metadata/detections.h"

#define WIDTH 640
#define HEIGHT 360

typedef struct {
  GstVideoInfo info;
  GstBuffer *buffer;
  GArray *detections;
} MetadataRig;

/* of the test that runs */
extern MetadataRig rig;

void metadata_rig_set_up (void);
void metadata_rig_tear_down (void);
GstYolov5Detection new_detection (
    const gchar *label, gdouble x, gdouble y, gdouble width, gdouble height);
GstVideoRegionOfInterestMeta *get_region (guint index);
void check_detection (guint index, const gchar *label, gint label_id,
    gdouble confidence, gint x, gint y, gint width, gint height);
