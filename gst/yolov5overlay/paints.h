/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Which colour an object has, in the levels of the frames' format. */

#pragma once

#include "color.h"
#include "object.h"
#include "settings.h"

G_BEGIN_DECLS

/**
 * OverlayPaints:
 * @dark: what lies under lines, so that they are seen on any ground
 * @figures: white on black
 *
 * The colours, converted once for the caps.
 */
typedef struct {
  OverlayColor dark;
  OverlayPaint figures;

  /*< private >*/
  /* as they are, and lighter for what is predicted */
  OverlayPaint palette[2][OVERLAY_PALETTE_SIZE];
  OverlayPaint *classes[2];
} OverlayPaints;

void overlay_paints_convert (OverlayPaints *self, const GstVideoInfo *info,
    const OverlaySettings *settings);
void overlay_paints_clear (OverlayPaints *self);
const OverlayPaint *overlay_paints_get (const OverlayPaints *self,
    const OverlaySettings *settings, const OverlayObject *object);
const OverlayPaint *overlay_paints_get_nth (
    const OverlayPaints *self, guint index);

G_END_DECLS
