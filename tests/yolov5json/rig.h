/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The element in a harness, frames that somebody looked at, and lines read back
 * by a JSON parser. */

#pragma once

#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>

#include <json-glib/json-glib.h>

#define CAPS "video/x-raw,format=NV12,width=640,height=480,framerate=30/1"

/* what lines say in "inferred" */
enum { UNKNOWN = -1, NO, YES };

GstHarness *new_json (void);
GstBuffer *new_frame (GstClockTime pts);
void attach_region (GstBuffer *buffer, const gchar *label, gdouble confidence);
void mark_frame (GstBuffer *buffer, guint64 frame);
JsonNode *parse_line (const gchar *text, gsize size);
JsonNode *pull_line (GstHarness *h);
JsonNode *push_and_pull (GstHarness *h, GstBuffer *frame);
JsonObject *get_detection (JsonNode *json, guint i);
guint count_detections (JsonNode *json);
void check_inferred (JsonNode *json, gint expected);
