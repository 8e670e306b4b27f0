/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Slots: the places in which frames are being worked on, each with a runner
 * and a thread of its own. */

#pragma once

#include "metadata/detections.h"
#include "frame-format.h"

G_BEGIN_DECLS

typedef struct _GstYolov5SlotPool GstYolov5SlotPool;
typedef struct _GstYolov5SlotWorker GstYolov5SlotWorker;

/**
 * GstYolov5SlotResult:
 * @GST_YOLOV5_SLOT_DONE: there is a result, or an error
 * @GST_YOLOV5_SLOT_DELAYED: the frame is not to be waited for any longer
 * @GST_YOLOV5_SLOT_FLUSHING: nobody wants the frame any more
 */
typedef enum {
  GST_YOLOV5_SLOT_DONE,
  GST_YOLOV5_SLOT_DELAYED,
  GST_YOLOV5_SLOT_FLUSHING,
} GstYolov5SlotResult;

/**
 * GstYolov5Slot:
 * @index: which slot it is
 * @frame: number of the frame in it
 * @arrival: when the frame came, by the clock of the system
 * @timestamp: of the frame, or %GST_CLOCK_TIME_NONE
 * @duration: of the frame, or %GST_CLOCK_TIME_NONE
 * @parameters: how its heads are to be decoded, for
 *   gst_yolov5_slot_set_parameters()
 * @format: (nullable): caps of the frame
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
  Yolov5ClassRules *class_rules;
  gboolean delayed;
  GstYolov5SlotPool *pool;
  GstYolov5SlotWorker *worker;
} GstYolov5Slot;

GstYolov5SlotPool *gst_yolov5_slot_pool_new (GstElement *element);
void gst_yolov5_slot_pool_free (GstYolov5SlotPool *self);
gboolean gst_yolov5_slot_pool_start (GstYolov5SlotPool *self,
    const GstYolov5OpenedModel *model, guint n_slots, guint cpu_threads,
    GError **error);
void gst_yolov5_slot_pool_cancel (GstYolov5SlotPool *self);
void gst_yolov5_slot_pool_stop (GstYolov5SlotPool *self);
guint gst_yolov5_slot_pool_get_n_slots (GstYolov5SlotPool *self);
void gst_yolov5_slot_pool_set_flushing (
    GstYolov5SlotPool *self, gboolean flushing);
GstClockTime gst_yolov5_slot_pool_get_warm_up_time (
    const GstYolov5SlotPool *self);
void gst_yolov5_slot_pool_set_hurrying (
    GstYolov5SlotPool *self, gboolean hurrying);
GstYolov5Slot *gst_yolov5_slot_pool_acquire (
    GstYolov5SlotPool *self, guint most, gboolean wait);
GstYolov5Slot *gst_yolov5_slot_pool_take_delayed (GstYolov5SlotPool *self);

void gst_yolov5_slot_set_parameters (GstYolov5Slot *slot,
    const Yolov5Parameters *parameters, Yolov5ClassRules *class_rules);
void gst_yolov5_slot_write_frame (GstYolov5Slot *slot,
    GstYolov5FrameFormat *format, const GstVideoFrame *frame);
void gst_yolov5_slot_submit (GstYolov5Slot *slot);
GstYolov5SlotResult gst_yolov5_slot_wait (GstYolov5Slot *slot);
void gst_yolov5_slot_release (GstYolov5Slot *slot);

G_END_DECLS
