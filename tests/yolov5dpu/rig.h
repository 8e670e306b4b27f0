/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The detector element on top of the double of the DPU, in a harness that
 * writes down in which order things arrive downstream. */

#pragma once

#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>

#include "dpu/double.h"
#include "metadata/detections.h"
#include "testfolder.h"

#define FRAME_DURATION (40 * GST_MSECOND)

/* what can be opened: a model that is an empty file, as the double does not
 * read it, and labels "even" and "odd" */
typedef struct {
  gchar *directory;
  gchar *model;
  gchar *info;
  gchar *labels;
} ModelFiles;

typedef struct {
  ModelFiles files;
  GstElement *element;
  GstBus *bus;
  GstHarness *harness;

  GMutex lock;
  GCond logged;
  GString *log;
} DetectorRig;

void model_files_init (ModelFiles *self);
void model_files_write_info (ModelFiles *self, const gchar *contents);
void model_files_clear (ModelFiles *self);

/* an element with model and labels set, and a bus */
GstElement *detector_new (const ModelFiles *files, GstBus *bus);

/* upstream is not live, as a file is not, or is, as a camera is */
DetectorRig *detector_rig_new (
    const gchar *first_property, ...) G_GNUC_NULL_TERMINATED;
DetectorRig *detector_rig_new_live (
    const gchar *first_property, ...) G_GNUC_NULL_TERMINATED;
/* checks that nothing of the DPU is left */
void detector_rig_free (DetectorRig *self);

void detector_rig_set_size (DetectorRig *self, guint width, guint height);
GstBuffer *frame_new (guint width, guint height, guint level);
GstFlowReturn detector_rig_push (DetectorRig *self, guint level);
/* the same in a thread of its own, whose result is the flow return */
GThread *detector_rig_push_in_thread (DetectorRig *self, guint level);
GstFlowReturn join_push (GThread *thread);
void detector_rig_push_segment (DetectorRig *self);
/* takes the next frame, which has to be the one with that level */
void detector_rig_pull (DetectorRig *self, guint level);
GstBuffer *detector_rig_push_and_pull (DetectorRig *self, GstBuffer *buffer);
/* how many detections a frame with that level leaves with */
guint detector_rig_count (DetectorRig *self, guint level);

/* waits until the log, events and frames by their levels, ends like that */
void detector_rig_wait_for (DetectorRig *self, const gchar *end);
/* the log since the segment */
gchar *detector_rig_get_log (DetectorRig *self);
void detector_rig_assert_log (DetectorRig *self, const gchar *expected);

/* whether that is the frame with that level, and its one box on it */
void assert_frame (GstBuffer *buffer, guint level);
void assert_box (
    GstBuffer *buffer, guint level, gint x, gint y, gint width, gint height);
guint count_detections (GstBuffer *buffer);

/* the next message of that type, which has to be there already */
GstMessage *pop_message (GstBus *bus, GstMessageType type);
void assert_error (GstBus *bus, GQuark domain, gint code, const gchar *text);
void assert_no_error (GstBus *bus);
