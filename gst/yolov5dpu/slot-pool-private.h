/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What slot-pool.c, which starts and ends slots, and slot-use.c, which lends them,
 * know of them. */

#pragma once

#include "slot-pool.h"

G_BEGIN_DECLS

typedef enum {
  SLOT_FREE,
  /* somebody acquired it and is filling it */
  SLOT_ACQUIRED,
  /* submitted, the worker has not looked yet */
  SLOT_SUBMITTED,
  SLOT_EXECUTING,
  /* as above, but nobody waits for the result any more */
  SLOT_ABANDONED,
  SLOT_DONE,
} GstYolov5SlotState;

/* the half of a slot that nobody else needs to see */
struct _GstYolov5SlotWorker {
  GThread *thread;
  /* under the pool's lock */
  GCond wake;
  GstYolov5SlotState state;
  gboolean started;
  GError *start_error;
  GstClockTime warm_up_time;
};

struct _GstYolov5SlotPool {
  /* for the log */
  GstElement *element;

  GMutex lock;
  /* a slot became free or done, a worker started, flushing changed */
  GCond changed;
  GstYolov5Slot *slots;
  guint n_slots;
  /* the first slots, while they start, have one */
  guint n_runners;
  /* whether each has memory of a DPU's and may be tied to a core of it */
  gboolean is_dpu;
  /* while there are slots */
  const GstYolov5OpenedModel *model;
  guint next;
  gboolean flushing;
  gboolean stopping;
  gboolean cancelled;
  /* the frame that is waited for is to go without its results */
  gboolean hurrying;
};

void gst_yolov5_slot_set_state (GstYolov5Slot *slot, GstYolov5SlotState state);

G_END_DECLS
