/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "guard.h"
#include "dpu.h"
#include "fatal.h"

#include <stdlib.h>
#include <unistd.h>

/* what an interrupted call may still take: a frame, but no hang */
#define INTERRUPTED_TIMEOUT (500 * G_TIME_SPAN_MILLISECOND)
/* what the program's end waits for calls that were left behind */
#define EXIT_TIMEOUT (5 * G_TIME_SPAN_SECOND)

typedef enum {
  GUARD_IDLE,
  GUARD_CALLING,
  GUARD_RETURNED,
  /* in a call that nobody waits for any more */
  GUARD_OVERDUE,
  /* parked in a call that will not return */
  GUARD_PARKED,
  GUARD_ENDED,
} GuardState;

struct _DpuGuard {
  /* the owner's and the thread's */
  gatomicrefcount ref_count;
  DpuGuardDomain domain;

  GMutex lock;
  GCond changed;
  GuardState state;
  DpuGuardFunction function;
  gpointer data;
  /* called before the thread ends */
  DpuGuardFunction last;
  gpointer last_data;
  gboolean ending;
  gboolean interrupted;
  /* whether it is one of dpu.n_overdue */
  gboolean counted;
  /* whether it is one of abandoned.n_guards */
  gboolean abandoned;
  gboolean succeeded;
  GError *error;

  /* of the thread alone */
  gchar *fault;
};

/* what makes the DPU unusable in this process. VART is one for all of it. The
 * lock may be taken with a guard's, and not the other way round. */
static struct {
  GMutex lock;
  /* the first fatal one */
  gchar *fault;
  guint n_overdue;
  /* (element-type DpuGuard): those of the domain */
  GPtrArray *guards;
} dpu;

/* the calls a caller in a hurry left behind: they are in VART or XIR, and are
 * to be out of them before the program's end destroys those libraries' statics.
 * The lock may be taken with a guard's, and not the other way round. */
static struct {
  GMutex lock;
  GCond changed;
  guint n_guards;
  gboolean at_exit;
} abandoned;

/* the guard whose thread this is */
static _Thread_local DpuGuard *current;

static DpuGuard *
guard_ref (DpuGuard *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

static void
guard_unref (DpuGuard *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_clear_error (&self->error);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self->fault);
  g_free (self);
}

/* with the guard's lock */
static void
count_as_overdue (DpuGuard *self, gboolean overdue)
{
  if (self->domain != DPU_GUARD_DPU || self->counted == overdue)
    return;
  self->counted = overdue;
  g_mutex_lock (&dpu.lock);
  dpu.n_overdue += overdue ? 1 : -1;
  g_mutex_unlock (&dpu.lock);
}

static void
wait_for_abandoned (void)
{
  gint64 end = g_get_monotonic_time () + EXIT_TIMEOUT;

  g_mutex_lock (&abandoned.lock);
  while (abandoned.n_guards > 0
         && g_cond_wait_until (&abandoned.changed, &abandoned.lock, end))
    ;
  g_mutex_unlock (&abandoned.lock);
}

/* with the guard's lock */
static void
count_as_abandoned (DpuGuard *self, gboolean is_abandoned)
{
  if (self->abandoned == is_abandoned)
    return;
  self->abandoned = is_abandoned;
  g_mutex_lock (&abandoned.lock);
  if (!abandoned.at_exit)
    abandoned.at_exit = atexit (wait_for_abandoned) == 0;
  abandoned.n_guards += is_abandoned ? 1 : -1;
  g_cond_broadcast (&abandoned.changed);
  g_mutex_unlock (&abandoned.lock);
}

static void
add_to_domain (DpuGuard *self)
{
  if (self->domain != DPU_GUARD_DPU)
    return;
  g_mutex_lock (&dpu.lock);
  if (dpu.guards == NULL)
    dpu.guards = g_ptr_array_new ();
  g_ptr_array_add (dpu.guards, self);
  g_mutex_unlock (&dpu.lock);
}

static void
remove_from_domain (DpuGuard *self)
{
  if (self->domain != DPU_GUARD_DPU)
    return;
  g_mutex_lock (&dpu.lock);
  g_ptr_array_remove_fast (dpu.guards, self);
  if (dpu.guards->len == 0)
    g_clear_pointer (&dpu.guards, g_ptr_array_unref);
  g_mutex_unlock (&dpu.lock);
}

/**
 * dpu_guard_describe_fault:
 *
 * Returns: (transfer full) (nullable): why no DPU can be used in this process
 *   any more, as the end of a sentence, or %NULL when that is not so
 */
gchar *
dpu_guard_describe_fault (void)
{
  gchar *text = NULL;

  g_mutex_lock (&dpu.lock);
  if (dpu.fault != NULL)
    text = g_strdup_printf (
        "VART failed before in this process (%s) and cannot be used in it any "
        "more; restart the application",
        dpu.fault);
  g_mutex_unlock (&dpu.lock);
  return text;
}

/**
 * dpu_guard_describe_delay:
 *
 * Returns: (transfer full) (nullable): why a DPU is not to be opened now, as
 *   the end of a sentence, or %NULL when nothing is known against it
 */
gchar *
dpu_guard_describe_delay (void)
{
  gchar *text = NULL;

  g_mutex_lock (&dpu.lock);
  if (dpu.n_overdue > 0)
    text = g_strdup ("the DPU has not come back from an earlier call; if it "
                     "never does, restart the application, and reload the "
                     "bitstream when that does not help");
  g_mutex_unlock (&dpu.lock);
  return text;
}

static gboolean
is_dpu_lost (const DpuGuard *self)
{
  gboolean lost;

  if (self->domain != DPU_GUARD_DPU)
    return FALSE;
  g_mutex_lock (&dpu.lock);
  lost = dpu.fault != NULL;
  g_mutex_unlock (&dpu.lock);
  return lost;
}

/* with lock, which is given up meanwhile */
static void
run_function (DpuGuard *self)
{
  GError *error = NULL;
  gboolean succeeded;

  g_mutex_unlock (&self->lock);
  succeeded = self->function (self->data, &error);
  g_mutex_lock (&self->lock);

  self->function = NULL;
  if (self->state == GUARD_OVERDUE) {
    /* it was only slow */
    count_as_overdue (self, FALSE);
    if (!self->ending)
      count_as_abandoned (self, FALSE);
    g_clear_error (&error);
    self->state = GUARD_IDLE;
    return;
  }
  self->succeeded = succeeded;
  self->error = error;
  self->state = GUARD_RETURNED;
  g_cond_broadcast (&self->changed);
}

static gpointer
run_thread (gpointer data)
{
  DpuGuard *self = data;

  current = self;
  g_mutex_lock (&self->lock);
  while (!self->ending || self->function != NULL) {
    if (self->function != NULL)
      run_function (self);
    else
      g_cond_wait (&self->changed, &self->lock);
  }
  g_mutex_unlock (&self->lock);

  /* who lost patience with this one did not lose patience with VART */
  if (self->last != NULL && !is_dpu_lost (self))
    self->last (self->last_data, NULL);

  g_mutex_lock (&self->lock);
  count_as_overdue (self, FALSE);
  count_as_abandoned (self, FALSE);
  self->state = GUARD_ENDED;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  remove_from_domain (self);
  guard_unref (self);
  return NULL;
}

/* keeps the text of a fatal fault on this thread, if that is a guard's */
static void
note_fault (const gchar *text, gsize size)
{
  if (current == NULL)
    return;
  g_free (current->fault);
  current->fault = g_strchomp (g_strndup (text, size));
}

/* VART's locks are held for good by a parked thread: what waits for one of them
 * is not to be waited for */
static void
give_up_domain (const gchar *fault)
{
  g_autoptr (GPtrArray) guards = NULL;

  g_mutex_lock (&dpu.lock);
  if (dpu.fault == NULL)
    dpu.fault = g_strdup (fault);
  guards = g_ptr_array_new_with_free_func ((GDestroyNotify) guard_unref);
  for (guint i = 0; i < dpu.guards->len; i++)
    g_ptr_array_add (guards, guard_ref (dpu.guards->pdata[i]));
  g_mutex_unlock (&dpu.lock);

  for (guint i = 0; i < guards->len; i++)
    dpu_guard_interrupt (guards->pdata[i]);
}

/* Ends this thread's work after a fatal fault: a guard's thread stays here for
 * good, as there is no way back through VART's frames, and leaving the thread
 * would unwind what must not be. For other threads this returns. */
static void
park (void)
{
  DpuGuard *self = current;

  if (self == NULL)
    return;

  if (self->fault == NULL)
    self->fault = g_strdup ("no reason given");
  if (self->domain == DPU_GUARD_DPU)
    give_up_domain (self->fault);

  g_mutex_lock (&self->lock);
  count_as_overdue (self, FALSE);
  count_as_abandoned (self, FALSE);
  self->state = GUARD_PARKED;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);

  while (TRUE)
    pause ();
}

/**
 * dpu_guard_new:
 * @domain: what its calls are for
 *
 * Returns: (transfer full) (nullable): a thread for dpu_guard_call(), to be
 *   ended with dpu_guard_end()
 */
DpuGuard *
dpu_guard_new (DpuGuardDomain domain, GError **error)
{
  static const DpuFatalHandler handler = { note_fault, park };
  DpuGuard *self = g_new0 (DpuGuard, 1);
  GThread *thread;

  dpu_fatal_install (&handler);
  g_atomic_ref_count_init (&self->ref_count);
  self->domain = domain;
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);

  add_to_domain (self);
  thread =
      g_thread_try_new ("yolov5:vart", run_thread, guard_ref (self), error);
  if (thread == NULL) {
    remove_from_domain (self);
    guard_unref (self);
    guard_unref (self);
    return NULL;
  }
  /* never joined: it may not end */
  g_thread_unref (thread);
  return self;
}

/* with lock; until the state is another one than @state, or it is too late */
static gboolean
wait_while (DpuGuard *self, GuardState state, guint timeout)
{
  gint64 start = g_get_monotonic_time ();
  gint64 end = start + (gint64) timeout * G_TIME_SPAN_MILLISECOND;
  gboolean interrupted = FALSE;

  while (self->state == state) {
    if (self->interrupted && !interrupted) {
      gint64 soon = g_get_monotonic_time () + INTERRUPTED_TIMEOUT;

      end = timeout == 0 ? soon : MIN (end, soon);
      interrupted = TRUE;
    }
    if (timeout == 0 && !interrupted)
      g_cond_wait (&self->changed, &self->lock);
    else if (!g_cond_wait_until (&self->changed, &self->lock, end)
             && self->state == state)
      return FALSE;
  }
  return TRUE;
}

static void
set_overdue (DpuGuard *self, guint timeout, const gchar *what,
    const gchar *advice, GError **error)
{
  g_autofree gchar *fault =
      is_dpu_lost (self) ? dpu_guard_describe_fault () : NULL;

  self->state = GUARD_OVERDUE;
  if (fault != NULL) {
    g_set_error (
        error, DPU_ERROR, DPU_ERROR_FAILED, "%s is given up: %s", what, fault);
  } else if (self->interrupted) {
    /* that the caller is in a hurry says nothing of the DPU */
    count_as_abandoned (self, TRUE);
    g_set_error (error, DPU_ERROR, DPU_ERROR_FAILED,
        "%s was interrupted and has not ended since", what);
  } else {
    count_as_overdue (self, TRUE);
    g_set_error (error, DPU_ERROR, DPU_ERROR_FAILED,
        "%s did not end within %g s: the DPU hangs, or other programs keep it "
        "busy. %s",
        what, timeout / 1000.0, advice);
  }
}

/* @advice: a sentence for when it takes too long */
static gboolean
call (DpuGuard *self, DpuGuardFunction function, gpointer data, guint timeout,
    const gchar *what, const gchar *advice, GError **error)
{
  g_autofree gchar *fault =
      self->domain == DPU_GUARD_DPU ? dpu_guard_describe_fault () : NULL;
  gboolean succeeded = FALSE;

  if (fault != NULL) {
    g_set_error (
        error, DPU_ERROR, DPU_ERROR_FAILED, "%s is not tried: %s", what, fault);
    return FALSE;
  }

  g_mutex_lock (&self->lock);
  if (self->state != GUARD_IDLE) {
    g_set_error (error, DPU_ERROR, DPU_ERROR_FAILED,
        "%s is not tried: an earlier call has not returned", what);
    g_mutex_unlock (&self->lock);
    return FALSE;
  }
  self->function = function;
  self->data = data;
  self->state = GUARD_CALLING;
  g_cond_broadcast (&self->changed);

  if (!wait_while (self, GUARD_CALLING, timeout)) {
    set_overdue (self, timeout, what, advice, error);
  } else if (self->state == GUARD_PARKED) {
    g_set_error (error, DPU_ERROR, DPU_ERROR_FAILED,
        "%s failed: VART says \"%s\" and gives up", what, self->fault);
  } else {
    succeeded = self->succeeded;
    if (self->error != NULL)
      g_propagate_error (error, g_steal_pointer (&self->error));
    self->state = GUARD_IDLE;
  }
  g_mutex_unlock (&self->lock);
  return succeeded;
}

/**
 * dpu_guard_call:
 * @function: called on the guard's thread
 * @data: for @function
 * @timeout: milliseconds until the call is given up, 0 to wait for good
 * @what: the subject of the message when there is trouble
 *
 * Calls a function and waits for it. One thread at a time may call.
 *
 * Returns: what @function returned, or %FALSE with an error when it did not
 *   return
 */
gboolean
dpu_guard_call (DpuGuard *self, DpuGuardFunction function, gpointer data,
    guint timeout, const gchar *what, GError **error)
{
  return call (self, function, data, timeout, what,
      "Reload its bitstream, or allow more time where this is too little",
      error);
}

static void
interrupt (GCancellable *cancellable, gpointer data)
{
  dpu_guard_interrupt (data);
}

/**
 * dpu_guard_bring_up:
 * @cancellable: (nullable): interrupts the guard
 *
 * Is dpu_guard_call() for what comes before any execution: a call that does not
 * return is %DPU_ERROR_INIT, one that fails after it was cancelled
 * %DPU_ERROR_CANCELLED.
 */
gboolean
dpu_guard_bring_up (DpuGuard *self, DpuGuardFunction function, gpointer data,
    guint timeout, const gchar *what, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) own = NULL;
  gulong connection = 0;
  gboolean done;

  if (g_cancellable_is_cancelled (cancellable)) {
    g_set_error (error, DPU_ERROR, DPU_ERROR_CANCELLED,
        "%s was cancelled before it began", what);
    return FALSE;
  }
  if (cancellable != NULL)
    connection =
        g_cancellable_connect (cancellable, G_CALLBACK (interrupt), self, NULL);
  done = call (self, function, data, timeout, what,
      "Reload its bitstream, or end what else uses it", &own);
  g_cancellable_disconnect (cancellable, connection);
  if (done)
    return TRUE;

  if (g_cancellable_is_cancelled (cancellable)) {
    g_set_error (
        error, DPU_ERROR, DPU_ERROR_CANCELLED, "%s was cancelled", what);
    return FALSE;
  }
  if (g_error_matches (own, DPU_ERROR, DPU_ERROR_FAILED))
    own->code = DPU_ERROR_INIT;
  g_propagate_error (error, g_steal_pointer (&own));
  return FALSE;
}

/**
 * dpu_guard_interrupt:
 *
 * Makes the present call and all later ones fail soon unless they end by
 * themselves. Any thread may do this.
 */
void
dpu_guard_interrupt (DpuGuard *self)
{
  g_mutex_lock (&self->lock);
  self->interrupted = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

/**
 * dpu_guard_end:
 * @self: (transfer full):
 * @last: (nullable): called on the guard's thread before that ends, to free
 *   what was used there
 * @data: for @last
 * @timeout: milliseconds to wait for @last, 0 to wait for good
 *
 * Ends the thread. Where a call has not returned, this does not wait: @last is
 * called once it does. If it never does, @data stays as it is, since VART may
 * be using it; the same goes for all of the DPU once VART has failed.
 */
void
dpu_guard_end (
    DpuGuard *self, DpuGuardFunction last, gpointer data, guint timeout)
{
  g_mutex_lock (&self->lock);
  self->last = last;
  self->last_data = data;
  self->ending = TRUE;
  g_cond_broadcast (&self->changed);
  if (self->state == GUARD_IDLE && !wait_while (self, GUARD_IDLE, timeout)) {
    self->state = GUARD_OVERDUE;
    count_as_overdue (self, !self->interrupted);
    count_as_abandoned (self, self->interrupted && !is_dpu_lost (self));
  }
  g_mutex_unlock (&self->lock);
  guard_unref (self);
}
