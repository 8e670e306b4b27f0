/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* All that is drawn on a frame, in its order. */

#pragma once

#include "metadata/zones.h"
#include "meter.h"
#include "object.h"
#include "settings.h"

G_BEGIN_DECLS

/**
 * OverlayScene:
 * @objects: (element-type OverlayObject): what to show, the best first
 * @zones: lines and zones to show
 * @meter: what to show if the statistics are wanted
 * @now: time of the frame
 *
 * What is to be seen on a frame.
 */
typedef struct {
  const GArray *objects;
  const GstYolov5ZonesMark *zones;
  const OverlayMeter *meter;
  GstClockTime now;
} OverlayScene;

typedef struct _OverlayDrawing OverlayDrawing;

OverlayDrawing *overlay_drawing_new (
    const GstVideoInfo *info, const OverlaySettings *settings);
void overlay_drawing_free (OverlayDrawing *self);
void overlay_drawing_configure (
    OverlayDrawing *self, const OverlaySettings *settings);
void overlay_drawing_forget (OverlayDrawing *self);

gboolean overlay_drawing_lacks_font (const OverlayDrawing *self);
const gchar *overlay_drawing_get_unwritable (const OverlayDrawing *self);
gboolean overlay_drawing_get_box (const GstVideoInfo *info,
    const GstYolov5Detection *detection, GstVideoRectangle *box);

void overlay_drawing_draw (
    OverlayDrawing *self, GstVideoFrame *frame, const OverlayScene *scene);
GstVideoOverlayComposition *overlay_drawing_compose (OverlayDrawing *self,
    GstVideoOverlayComposition *below, const OverlayScene *scene);

G_END_DECLS
