/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Opening that may take long: the state change does not wait for all of it, so
 * that it can be given up, and frames wait until it is done. */

#pragma once

#include <gio/gio.h>
#include <gst/gst.h>

G_BEGIN_DECLS

/**
 * GstYolov5OpenFunction:
 * @cancellable: ends it soon
 *
 * Opens what @element needs, in a thread of its own. Posts an error message
 * where that fails, and none where it was cancelled.
 *
 * Returns: whether it is open
 */
typedef gboolean (*GstYolov5OpenFunction) (
    GstElement *element, GCancellable *cancellable);

typedef struct _GstYolov5Opening GstYolov5Opening;

GstYolov5Opening *gst_yolov5_opening_new (
    GstElement *element, GstYolov5OpenFunction function);
void gst_yolov5_opening_free (GstYolov5Opening *self);

GstStateChangeReturn gst_yolov5_opening_start (GstYolov5Opening *self);
void gst_yolov5_opening_cancel (GstYolov5Opening *self);
void gst_yolov5_opening_end (GstYolov5Opening *self);
void gst_yolov5_opening_set_flushing (
    GstYolov5Opening *self, gboolean flushing);
GstFlowReturn gst_yolov5_opening_wait (GstYolov5Opening *self);

G_END_DECLS
