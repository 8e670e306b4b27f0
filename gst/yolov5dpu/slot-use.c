/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* A slot is acquired by the chain function, filled and submitted, executed and
 * decoded by its worker, waited for and released by the source pad's task. */

#include "slot-pool-private.h"

GST_DEBUG_CATEGORY_EXTERN (gst_yolov5_dpu_debug);
#define GST_CAT_DEFAULT gst_yolov5_dpu_debug

/* states in which a frame is in the model, or about to be */
static gboolean
is_at_work (GstYolov5SlotState state)
{
  return state != SLOT_FREE && state != SLOT_DONE;
}

/**
 * gst_yolov5_slot_set_state:
 *
 * With the pool's lock, but before the worker runs and when it has ended.
 */
void
gst_yolov5_slot_set_state (GstYolov5Slot *slot, GstYolov5SlotState state)
{
  GstYolov5SlotWorker *worker = slot->worker;
  gint change = is_at_work (state) - is_at_work (worker->state);

  if (change != 0)
    gst_yolov5_opened_model_add_work (slot->pool->model, change);
  worker->state = state;
}

/* with lock; a software DPU need not finish what nobody waits for */
static void
release (GstYolov5Slot *slot)
{
  if (slot->worker->state == SLOT_EXECUTING) {
    gst_yolov5_slot_set_state (slot, SLOT_ABANDONED);
    gst_yolov5_runner_set_cancelled (slot->runner, TRUE);
  } else {
    gst_yolov5_slot_set_state (slot, SLOT_FREE);
  }
  slot->delayed = FALSE;
  g_cond_broadcast (&slot->pool->changed);
}

/* with lock */
static void
release_delayed (GstYolov5SlotPool *self)
{
  guint i;

  for (i = 0; i < self->n_slots; i++)
    if (self->slots[i].delayed)
      release (&self->slots[i]);
}

/**
 * gst_yolov5_slot_pool_set_flushing:
 * @self: a pool, started or not
 * @flushing: whether nobody may wait
 *
 * While flushing, gst_yolov5_slot_pool_acquire() and gst_yolov5_slot_wait()
 * return at once; those that wait are woken, and delayed results are given up.
 * Any thread may call it.
 */
void
gst_yolov5_slot_pool_set_flushing (GstYolov5SlotPool *self, gboolean flushing)
{
  g_mutex_lock (&self->lock);
  self->flushing = flushing;
  if (flushing)
    release_delayed (self);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

/* With lock. On a DPU round robin, as runners are spread over its cores in the order
 * of their creation; else the first, whose memory has been used before. */
static GstYolov5Slot *
find_free_slot (GstYolov5SlotPool *self, guint most)
{
  guint i, n_used = 0, n_at_work = 0;

  for (i = 0; i < self->n_slots; i++) {
    n_used += self->slots[i].worker->state != SLOT_FREE;
    n_at_work += is_at_work (self->slots[i].worker->state);
  }
  if (n_at_work >= most || n_used >= self->n_slots
      || !gst_yolov5_opened_model_is_slot_useful (
          self->model, n_used, n_at_work))
    return NULL;

  i = self->next;
  while (self->slots[i].worker->state != SLOT_FREE)
    i = (i + 1) % self->n_slots;
  if (self->is_dpu)
    self->next = (i + 1) % self->n_slots;
  return &self->slots[i];
}

/* with lock; one whose frame went without its results, which are there now */
static GstYolov5Slot *
find_delayed (GstYolov5SlotPool *self)
{
  GstYolov5Slot *oldest = NULL;
  guint i;

  for (i = 0; i < self->n_slots; i++) {
    GstYolov5Slot *slot = &self->slots[i];

    if (slot->delayed && slot->worker->state == SLOT_DONE
        && (!oldest || slot->frame < oldest->frame))
      oldest = slot;
  }
  return oldest;
}

/* With lock. Delayed results leave with frames that pass, of which none comes while
 * one waits for a slot: they are given up for it. */
static gboolean
give_up_delayed (GstYolov5SlotPool *self)
{
  GstYolov5Slot *slot = find_delayed (self);

  if (!slot)
    return FALSE;
  GST_DEBUG_OBJECT (self->element,
      "giving up the delayed results of frame %" G_GUINT64_FORMAT
      " for one that waits for a slot",
      slot->frame);
  release (slot);
  return TRUE;
}

/**
 * gst_yolov5_slot_pool_acquire:
 * @self: a started pool
 * @most: how many frames may be in the model, with the one to come
 * @wait: whether to wait for a slot that nobody uses
 *
 * Returns: (transfer full) (nullable): a slot for gst_yolov5_slot_release(), or
 *   %NULL when flushing, or when there is none and it is not to wait
 */
GstYolov5Slot *
gst_yolov5_slot_pool_acquire (
    GstYolov5SlotPool *self, guint most, gboolean wait)
{
  GstYolov5Slot *slot = NULL;
  gboolean waited = FALSE;

  g_mutex_lock (&self->lock);
  while (!self->flushing && !(slot = find_free_slot (self, most)) && wait) {
    if (give_up_delayed (self))
      continue;
    if (!waited)
      GST_LOG_OBJECT (self->element,
          "waiting for one of %u slots: all are in use, or as many as this "
          "element's part of the processors",
          self->n_slots);
    waited = TRUE;
    g_cond_wait (&self->changed, &self->lock);
  }
  if (slot)
    gst_yolov5_slot_set_state (slot, SLOT_ACQUIRED);
  g_mutex_unlock (&self->lock);

  if (waited && slot)
    GST_LOG_OBJECT (self->element, "slot %u became free", slot->index);
  else if (waited)
    GST_DEBUG_OBJECT (self->element, "flushing, no longer waiting for a slot");

  return slot;
}

/**
 * gst_yolov5_slot_submit:
 * @slot: an acquired slot with a frame
 *
 * Hands the slot to its worker.
 */
void
gst_yolov5_slot_submit (GstYolov5Slot *slot)
{
  GstYolov5SlotWorker *worker = slot->worker;

  g_mutex_lock (&slot->pool->lock);
  g_clear_error (&slot->error);
  slot->delayed = FALSE;
  gst_yolov5_slot_set_state (slot, SLOT_SUBMITTED);
  g_cond_signal (&worker->wake);
  g_mutex_unlock (&slot->pool->lock);
}

/**
 * gst_yolov5_slot_wait:
 * @slot: a submitted slot
 *
 * Waits for the worker.
 *
 * Returns: %GST_YOLOV5_SLOT_DONE when there is a result or an error. With
 *   %GST_YOLOV5_SLOT_DELAYED the slot is for gst_yolov5_slot_pool_take_delayed()
 */
GstYolov5SlotResult
gst_yolov5_slot_wait (GstYolov5Slot *slot)
{
  GstYolov5SlotPool *pool = slot->pool;
  GstYolov5SlotResult result;

  g_mutex_lock (&pool->lock);
  if (!pool->flushing && slot->worker->state != SLOT_DONE)
    GST_LOG_OBJECT (pool->element,
        "waiting for frame %" G_GUINT64_FORMAT " in slot %u, which %s",
        slot->frame, slot->index,
        slot->worker->state == SLOT_EXECUTING ? "the device works on"
                                              : "its thread has not begun");
  while (!pool->flushing && !pool->hurrying && slot->worker->state != SLOT_DONE)
    g_cond_wait (&pool->changed, &pool->lock);

  if (pool->flushing) {
    result = GST_YOLOV5_SLOT_FLUSHING;
  } else if (slot->worker->state == SLOT_DONE) {
    result = GST_YOLOV5_SLOT_DONE;
  } else {
    result = GST_YOLOV5_SLOT_DELAYED;
    slot->delayed = TRUE;
    pool->hurrying = FALSE;
  }
  g_mutex_unlock (&pool->lock);

  if (result == GST_YOLOV5_SLOT_FLUSHING)
    GST_DEBUG_OBJECT (pool->element,
        "flushing, no longer waiting for frame %" G_GUINT64_FORMAT,
        slot->frame);
  return result;
}

/**
 * gst_yolov5_slot_pool_set_hurrying:
 * @self: a pool, started or not
 * @hurrying: whether frames pile up behind the one that is waited for
 *
 * Lets gst_yolov5_slot_wait() wait no longer for one frame, now or the next time
 * it would. Any thread may call it.
 */
void
gst_yolov5_slot_pool_set_hurrying (GstYolov5SlotPool *self, gboolean hurrying)
{
  g_mutex_lock (&self->lock);
  self->hurrying = hurrying;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

/**
 * gst_yolov5_slot_pool_take_delayed:
 * @self: a started pool
 *
 * Returns: (transfer full) (nullable): a slot that gst_yolov5_slot_wait() did
 *   not wait for and that is done by now, the one of the oldest frame
 */
GstYolov5Slot *
gst_yolov5_slot_pool_take_delayed (GstYolov5SlotPool *self)
{
  GstYolov5Slot *slot;

  g_mutex_lock (&self->lock);
  slot = find_delayed (self);
  if (slot)
    slot->delayed = FALSE;
  g_mutex_unlock (&self->lock);

  return slot;
}

/**
 * gst_yolov5_slot_release:
 * @slot: (transfer full): an acquired slot in whatever state
 *
 * Gives the slot back. If it is being executed, that is cancelled, and the slot
 * is free when it has ended.
 */
void
gst_yolov5_slot_release (GstYolov5Slot *slot)
{
  g_mutex_lock (&slot->pool->lock);
  release (slot);
  g_mutex_unlock (&slot->pool->lock);
}
