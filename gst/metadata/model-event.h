/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What a detector says of its model to all elements downstream, ahead of its
 * first frame. */

#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* name of the event's structure, with a dot and the element's path behind it */
#define GST_YOLOV5_MODEL_EVENT_NAME "yolov5dpu-model"

GstEvent *gst_yolov5_model_event_new (const gchar *element, const gchar *path,
    const gchar *const *labels, guint n_labels);
gboolean gst_yolov5_model_event_parse (
    GstEvent *event, const gchar **element, const gchar **path, GStrv *labels);

G_END_DECLS
