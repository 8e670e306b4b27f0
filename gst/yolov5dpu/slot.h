/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* A slot: the place in which a frame is being worked on, with what was found in
 * it then. */

#pragma once

#include "metadata/detections.h"
#include "runner.h"

G_BEGIN_DECLS

typedef struct _GstYolov5SlotPool GstYolov5SlotPool;
typedef struct _GstYolov5SlotWorker GstYolov5SlotWorker;

/**
 * GstYolov5Slot:
 * @index: which slot it is
 * @frame: number of the frame in it
 * @arrival: when the frame came, by the clock of the system
 * @timestamp: of the frame, or %GST_CLOCK_TIME_NONE
 * @duration: of the frame, or %GST_CLOCK_TIME_NONE
 * @parameters: how its heads are to be decoded, for
 *   gst_yolov5_slot_set_parameters()
 * @format: (nullable): caps of the frame, kept by the runner that has the frame
 * @detections: (element-type GstYolov5Detection): what was found, best first
 * @error: (nullable): why the frame could not be executed
 * @done: when the worker was done with it
 *
 * Up to @letterbox_time, fields belong to whoever acquired the slot until it is
 * submitted, the others are valid from gst_yolov5_slot_wait() to
 * gst_yolov5_slot_release().
 */
typedef struct {
  guint index;
  guint64 frame;
  GstClockTime arrival;
  GstClockTime timestamp;
  GstClockTime duration;
  Yolov5Parameters parameters;
  GstYolov5FrameFormat *format;
  GstClockTime letterbox_time;

  GArray *detections;
  GError *error;
  GstClockTime inference_time;
  GstClockTime postprocess_time;
  GstClockTime done;

  /*< private >*/
  GstElement *element;
  Yolov5ClassRules *class_rules;
  /* comes and goes under the pool's lock */
  GstYolov5Runner *runner;

  /* the pool's */
  gboolean delayed;
  GstYolov5SlotPool *pool;
  GstYolov5SlotWorker *worker;
} GstYolov5Slot;

void gst_yolov5_slot_init (
    GstYolov5Slot *slot, GstElement *element, guint index);
void gst_yolov5_slot_clear (GstYolov5Slot *slot);
void gst_yolov5_slot_set_parameters (GstYolov5Slot *slot,
    const Yolov5Parameters *parameters, Yolov5ClassRules *class_rules);
void gst_yolov5_slot_write_frame (GstYolov5Slot *slot,
    GstYolov5FrameFormat *format, const GstVideoFrame *frame);
void gst_yolov5_slot_execute (GstYolov5Slot *slot);

G_END_DECLS
