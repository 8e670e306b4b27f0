/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Slots from their start to their end, each with a thread of its own, the worker. */

#include "slot-pool-private.h"

GST_DEBUG_CATEGORY_EXTERN (gst_yolov5_dpu_debug);
#define GST_CAT_DEFAULT gst_yolov5_dpu_debug

/* The first execution is like no other: memory is touched for the first time,
 * and what is wrong with the device shows. No frame has to wait for that, and
 * what it takes is a first guess of what frames will. A software DPU is the same for
 * all slots, and those that are never needed at once with others shall not touch
 * their memory. */
static void
warm_up (GstYolov5Slot *slot, GError **error)
{
  GstClockTime start = gst_util_get_timestamp ();

  slot->worker->warm_up_time = GST_CLOCK_TIME_NONE;
  if (!slot->pool->is_dpu && slot->index > 0)
    return;
  gst_yolov5_runner_execute (slot->runner, error);
  slot->worker->warm_up_time = gst_util_get_timestamp () - start;
}

/* the runner is the worker's from its start to its end */
static gpointer
run_worker (gpointer data)
{
  GstYolov5Slot *slot = data;
  GstYolov5SlotPool *pool = slot->pool;
  GstYolov5SlotWorker *worker = slot->worker;
  GstYolov5Runner *runner;
  GError *error = NULL;
  gboolean failed;

  warm_up (slot, &error);
  failed = error != NULL;

  g_mutex_lock (&pool->lock);
  worker->start_error = error;
  worker->started = TRUE;
  g_cond_broadcast (&pool->changed);

  while (!pool->stopping && !failed) {
    if (worker->state != SLOT_SUBMITTED) {
      g_cond_wait (&worker->wake, &pool->lock);
      continue;
    }

    gst_yolov5_slot_set_state (slot, SLOT_EXECUTING);
    gst_yolov5_runner_set_cancelled (slot->runner, FALSE);
    g_mutex_unlock (&pool->lock);
    gst_yolov5_slot_execute (slot);
    g_mutex_lock (&pool->lock);
    gst_yolov5_slot_set_state (
        slot, worker->state == SLOT_ABANDONED ? SLOT_FREE : SLOT_DONE);
    g_cond_broadcast (&pool->changed);
  }
  runner = g_steal_pointer (&slot->runner);
  g_mutex_unlock (&pool->lock);

  gst_yolov5_runner_free (runner);
  return NULL;
}

/**
 * gst_yolov5_slot_pool_new:
 * @element: the element, borrowed
 *
 * Returns: (transfer full): a pool without slots, flushing
 */
GstYolov5SlotPool *
gst_yolov5_slot_pool_new (GstElement *element)
{
  GstYolov5SlotPool *self = g_new0 (GstYolov5SlotPool, 1);

  self->element = element;
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  self->flushing = TRUE;

  return self;
}

/**
 * gst_yolov5_slot_pool_free:
 * @self: (transfer full): a pool that was stopped
 */
void
gst_yolov5_slot_pool_free (GstYolov5SlotPool *self)
{
  g_return_if_fail (self->n_slots == 0);

  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self);
}

static gboolean
give_runner (GstYolov5SlotPool *self, GstYolov5Slot *slot,
    const GstYolov5OpenedModel *model, guint cpu_threads, GError **error)
{
  GstYolov5Runner *runner = gst_yolov5_runner_new (model, cpu_threads, error);

  if (!runner)
    return FALSE;
  g_mutex_lock (&self->lock);
  slot->runner = runner;
  self->n_runners++;
  if (self->cancelled)
    gst_yolov5_runner_interrupt (runner);
  g_mutex_unlock (&self->lock);
  return TRUE;
}

/* runners are made one after another: a DPU's cores get them in turn, and so do
 * frames get slots */
static gboolean
start_slot (GstYolov5SlotPool *self, guint index,
    const GstYolov5OpenedModel *model, guint cpu_threads, GError **error)
{
  GstYolov5Slot *slot = &self->slots[index];
  GstYolov5SlotWorker *worker = g_new0 (GstYolov5SlotWorker, 1);
  /* Linux shows the first 15 characters of a thread's name */
  g_autofree gchar *name = g_strdup_printf ("yolov5:worker%u", index);

  g_cond_init (&worker->wake);
  gst_yolov5_slot_init (slot, self->element, index);
  slot->pool = self;
  slot->worker = worker;
  if (!give_runner (self, slot, model, cpu_threads, error))
    return FALSE;
  worker->thread = g_thread_try_new (name, run_worker, slot, error);

  return worker->thread != NULL;
}

static void
set_n_slots (GstYolov5SlotPool *self, guint n_slots)
{
  g_mutex_lock (&self->lock);
  self->n_slots = n_slots;
  g_mutex_unlock (&self->lock);
}

static gboolean
wait_for_workers (GstYolov5SlotPool *self, guint n_started, GError **error)
{
  GError *start_error = NULL;
  guint i;

  g_mutex_lock (&self->lock);
  for (i = 0; i < n_started; i++) {
    GstYolov5SlotWorker *worker = self->slots[i].worker;

    while (!worker->started)
      g_cond_wait (&self->changed, &self->lock);
    if (!start_error)
      start_error = g_steal_pointer (&worker->start_error);
  }
  g_mutex_unlock (&self->lock);

  if (start_error) {
    g_propagate_error (error, start_error);
    return FALSE;
  }
  return TRUE;
}

/**
 * gst_yolov5_slot_pool_start:
 * @self: a pool that is not started
 * @model: the opened model, borrowed until the pool is stopped
 * @n_slots: how many frames may be worked on at once
 * @cpu_threads: how many processors a runner of the software DPU uses
 * @error: #DpuError, or #GThreadError
 *
 * Starts the workers and waits until each has its runner and has used it once, or
 * on a software DPU until one has.
 *
 * Returns: whether all of them have one; if not, the pool is not started
 */
gboolean
gst_yolov5_slot_pool_start (GstYolov5SlotPool *self,
    const GstYolov5OpenedModel *model, guint n_slots, guint cpu_threads,
    GError **error)
{
  gboolean started = TRUE;
  guint n_started = 0;

  g_return_val_if_fail (self->n_slots == 0, FALSE);
  g_return_val_if_fail (n_slots > 0, FALSE);

  self->slots = g_new0 (GstYolov5Slot, n_slots);
  self->next = 0;
  self->model = model;
  self->is_dpu = dpu_model_get_device (model->dpu) == DPU_DEVICE_DPU;

  GST_INFO_OBJECT (self->element,
      "starting %u slots, %u threads each on a software DPU", n_slots,
      cpu_threads);
  while (started && n_started < n_slots)
    started = start_slot (self, n_started++, model, cpu_threads, error);
  set_n_slots (self, n_started);
  if (started)
    started = wait_for_workers (self, n_slots, error);
  if (!started)
    gst_yolov5_slot_pool_stop (self);

  return started;
}

static void
end_slot (GstYolov5Slot *slot)
{
  GstYolov5SlotWorker *worker = slot->worker;

  if (worker->thread)
    g_thread_join (worker->thread);
  gst_yolov5_slot_set_state (slot, SLOT_FREE);
  g_clear_error (&worker->start_error);
  g_cond_clear (&worker->wake);
  g_free (worker);
  gst_yolov5_slot_clear (slot);
}

/**
 * gst_yolov5_slot_pool_stop:
 * @self: a pool of which nobody holds a slot
 *
 * Ends the workers. What is being executed is waited for, which takes a fraction
 * of a second: a software DPU gives it up, and so do we with a DPU that hangs.
 * What was only submitted is not begun. Stopping a pool that is not started is
 * fine.
 */
void
gst_yolov5_slot_pool_stop (GstYolov5SlotPool *self)
{
  guint i;

  if (self->n_slots > 0)
    GST_INFO_OBJECT (self->element, "stopping %u slots", self->n_slots);
  g_mutex_lock (&self->lock);
  self->stopping = TRUE;
  for (i = 0; i < self->n_slots; i++) {
    GstYolov5Slot *slot = &self->slots[i];

    if (slot->worker->started && slot->runner)
      gst_yolov5_runner_interrupt (slot->runner);
    g_cond_signal (&slot->worker->wake);
  }
  g_mutex_unlock (&self->lock);

  for (i = 0; i < self->n_slots; i++)
    end_slot (&self->slots[i]);

  set_n_slots (self, 0);
  self->stopping = FALSE;
  self->cancelled = FALSE;
  self->n_runners = 0;
  g_clear_pointer (&self->slots, g_free);
}

/**
 * gst_yolov5_slot_pool_get_n_slots:
 * @self: a pool, started or not
 *
 * Any thread may call it.
 *
 * Returns: how many slots there are, 0 when it is not started
 */
guint
gst_yolov5_slot_pool_get_n_slots (GstYolov5SlotPool *self)
{
  guint n_slots;

  g_mutex_lock (&self->lock);
  n_slots = self->n_slots;
  g_mutex_unlock (&self->lock);

  return n_slots;
}

/**
 * gst_yolov5_slot_pool_get_warm_up_time:
 * @self: a started pool
 *
 * Returns: what the quickest of the first executions took; the others may have
 *   waited for it
 */
GstClockTime
gst_yolov5_slot_pool_get_warm_up_time (const GstYolov5SlotPool *self)
{
  GstClockTime quickest = GST_CLOCK_TIME_NONE;
  guint i;

  for (i = 0; i < self->n_slots; i++)
    quickest = MIN (quickest, self->slots[i].worker->warm_up_time);
  return quickest;
}

/**
 * gst_yolov5_slot_pool_cancel:
 * @self: a pool that is being started
 *
 * Makes gst_yolov5_slot_pool_start() fail soon, also where a DPU hangs. Any
 * thread may call it.
 */
void
gst_yolov5_slot_pool_cancel (GstYolov5SlotPool *self)
{
  guint i;

  g_mutex_lock (&self->lock);
  self->cancelled = TRUE;
  for (i = 0; i < self->n_runners; i++)
    if (self->slots[i].runner)
      gst_yolov5_runner_interrupt (self->slots[i].runner);
  g_mutex_unlock (&self->lock);
}
