/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The slots there are, each with a thread of its own. */

#pragma once

#include "slot.h"

G_BEGIN_DECLS

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

void gst_yolov5_slot_submit (GstYolov5Slot *slot);
GstYolov5SlotResult gst_yolov5_slot_wait (GstYolov5Slot *slot);
void gst_yolov5_slot_release (GstYolov5Slot *slot);

G_END_DECLS
