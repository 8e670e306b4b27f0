/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Notices that a class which is to be hidden never comes, where no detector
 * says what it finds. */

#pragma once

#include "classes.h"
#include "object.h"

G_BEGIN_DECLS

/**
 * OverlayWatch:
 * @n_frames: frames with objects on which nothing was hidden
 * @hid_something: something was hidden
 * @labels: up to some of the labels that came, as quarks
 *
 * What has come since the list of classes changed.
 */
typedef struct {
  guint n_frames;
  gboolean hid_something;
  GArray *labels;
} OverlayWatch;

void overlay_watch_init (OverlayWatch *self);
void overlay_watch_clear (OverlayWatch *self);
void overlay_watch_reset (OverlayWatch *self);
gboolean overlay_watch_count (
    OverlayWatch *self, const GArray *objects, gboolean hid_something);
gchar *overlay_watch_list_labels (const OverlayWatch *self);

G_END_DECLS
