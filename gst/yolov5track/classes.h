/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Classes that detectors were seen to find: which of them are followed, and
 * their numbers, which trackers do not know. */

#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct _TrackClasses TrackClasses;

TrackClasses *track_classes_new (void);
void track_classes_free (TrackClasses *self);
void track_classes_set_wanted (TrackClasses *self, const gchar *list);
gboolean track_classes_add (TrackClasses *self, GQuark label, gint label_id);
gint track_classes_get_label_id (const TrackClasses *self, GQuark label);

G_END_DECLS
