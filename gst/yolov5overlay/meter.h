/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* How fast frames pass, and how long their inferences took, as texts that
 * change slowly enough to be read. */

#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/**
 * OverlayMeter:
 * @rate: frames per second, or "" until it is known
 * @inference: time of an inference, or "" until it is known
 * @serial: another number whenever a text has changed
 */
typedef struct {
  gchar rate[32];
  gchar inference[32];
  guint serial;

  /*< private >*/
  gboolean started;
  gint64 start[2];
  guint n_frames[2];
  GstClockTime inference_sum;
  guint n_inferences;
} OverlayMeter;

void overlay_meter_reset (OverlayMeter *self);
gboolean overlay_meter_has_text (const OverlayMeter *self);
void overlay_meter_count_frame (OverlayMeter *self, gint64 now);
void overlay_meter_count_inference (OverlayMeter *self, GstClockTime duration);

G_END_DECLS
