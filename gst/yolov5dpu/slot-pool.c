/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* A slot is acquired by the chain function, filled and submitted, executed and
 * decoded by its worker, waited for and released by the source pad's task. */

#include "slot-pool.h"

GST_DEBUG_CATEGORY_EXTERN (gst_yolov5_dpu_debug);
#define GST_CAT_DEFAULT gst_yolov5_dpu_debug

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
} SlotState;

/* states in which a frame is in the model, or about to be */
static gboolean
is_at_work (SlotState state)
{
  return state != SLOT_FREE && state != SLOT_DONE;
}

/* the half of a slot that nobody else needs to see */
struct _GstYolov5SlotWorker {
  GThread *thread;
  /* under the pool's lock */
  GCond wake;
  SlotState state;
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

/* with lock, but before the worker runs and when it has ended */
static void
set_state (GstYolov5Slot *slot, SlotState state)
{
  GstYolov5SlotWorker *worker = slot->worker;
  gint change = is_at_work (state) - is_at_work (worker->state);

  if (change != 0)
    gst_yolov5_opened_model_add_work (slot->pool->model, change);
  worker->state = state;
}

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

    set_state (slot, SLOT_EXECUTING);
    gst_yolov5_runner_set_cancelled (slot->runner, FALSE);
    g_mutex_unlock (&pool->lock);
    gst_yolov5_slot_execute (slot);
    g_mutex_lock (&pool->lock);
    set_state (slot, worker->state == SLOT_ABANDONED ? SLOT_FREE : SLOT_DONE);
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
  set_state (slot, SLOT_FREE);
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

/* with lock; a software DPU need not finish what nobody waits for */
static void
release (GstYolov5Slot *slot)
{
  if (slot->worker->state == SLOT_EXECUTING) {
    set_state (slot, SLOT_ABANDONED);
    gst_yolov5_runner_set_cancelled (slot->runner, TRUE);
  } else {
    set_state (slot, SLOT_FREE);
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
      GST_LOG_OBJECT (self->element, "all %u slots are in use, waiting for one",
          self->n_slots);
    waited = TRUE;
    g_cond_wait (&self->changed, &self->lock);
  }
  if (slot)
    set_state (slot, SLOT_ACQUIRED);
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
  set_state (slot, SLOT_SUBMITTED);
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
