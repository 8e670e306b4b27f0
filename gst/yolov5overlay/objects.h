/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Decides which objects are to be seen on a frame, and which are to be hidden
 * in it. */

#pragma once

#include "hold.h"
#include "metadata/zones.h"
#include "meter.h"
#include "settings.h"
#include "watch.h"

G_BEGIN_DECLS

/**
 * OverlayObjects:
 * @shown: (element-type OverlayObject): what is to be seen on the frame
 * @blurred: (element-type GstVideoRectangle): what is to be hidden in it, in
 *   whole chroma samples
 * @zones: lines and zones to be seen
 *
 * The objects of the frame that came last, and what is kept of those before. One
 * belongs to the streaming thread.
 */
typedef struct {
  GArray *shown;
  GArray *blurred;
  GstYolov5ZonesMark zones;

  /*< private >*/
  GstElement *element;
  /* on the frame */
  GArray *detections;
  GArray *tracks;
  /* on the frame, or kept for it: those that may be shown or hidden */
  GArray *objects;
  GArray *hidden;
  /* a tracker says where objects are on frames that nobody looked at */
  gboolean predicts;
  OverlayHold hold;
  OverlayWatch watch;

  /* of the frame */
  const GstVideoInfo *info;
  const OverlaySettings *settings;
  OverlayModels *models;
  OverlayMeter *meter;

  /* what has been said since the element started */
  gboolean told_lost;
  gboolean told_unclear;
} OverlayObjects;

void overlay_objects_init (OverlayObjects *self, GstElement *element);
void overlay_objects_clear (OverlayObjects *self);
void overlay_objects_reset (OverlayObjects *self);
void overlay_objects_flush (OverlayObjects *self);
gboolean overlay_objects_find (OverlayObjects *self, GstBuffer *buffer,
    const GstVideoInfo *info, GstClockTime time,
    const OverlaySettings *settings, OverlayModels *models,
    OverlayMeter *meter);

G_END_DECLS
