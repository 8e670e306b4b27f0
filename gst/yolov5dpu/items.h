/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What is on its way from the sink pad to the source pad, in order. */

#pragma once

#include <gst/base/gstqueuearray.h>
#include <gst/gst.h>

G_BEGIN_DECLS

/**
 * GstYolov5Item:
 * @object: (nullable): a buffer, an event, or a query, which belongs to whoever
 *   waits for its answer; %NULL where nobody waits any more
 * @job: (nullable): work that has to be finished before a buffer is pushed
 */
typedef struct {
  GstMiniObject *object;
  gpointer job;
} GstYolov5Item;

/**
 * GstYolov5DiscardFunction:
 *
 * Gives @job back unfinished.
 */
typedef void (*GstYolov5DiscardFunction) (GstElement *element, gpointer job);

/**
 * GstYolov5Items:
 * @n_passing: how many buffers without work there are
 *
 * Without a lock of their own.
 */
typedef struct {
  guint n_passing;

  /*< private >*/
  GstElement *element;
  GstPad *srcpad;
  GstYolov5DiscardFunction discard;
  GstQueueArray *queue;
} GstYolov5Items;

void gst_yolov5_items_init (GstYolov5Items *self, GstElement *element,
    GstPad *srcpad, GstYolov5DiscardFunction discard);
void gst_yolov5_items_clear (GstYolov5Items *self);

gboolean gst_yolov5_items_are_empty (const GstYolov5Items *self);
void gst_yolov5_items_add (
    GstYolov5Items *self, GstMiniObject *object, gpointer job);
gboolean gst_yolov5_items_remove (GstYolov5Items *self, GstYolov5Item *item);
void gst_yolov5_items_drop (GstYolov5Items *self, GstYolov5Item item);
void gst_yolov5_items_drop_all (GstYolov5Items *self, gboolean keep_events);
gboolean gst_yolov5_items_drop_until_restart (
    GstYolov5Items *self, GstQuery **query);
void gst_yolov5_items_forget_query (GstYolov5Items *self, GstQuery *query);

G_END_DECLS
