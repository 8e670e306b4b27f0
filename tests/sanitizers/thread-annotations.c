/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Shows ThreadSanitizer how GLib synchronizes. GLib is not compiled with it,
 * and its mutexes are futexes rather than pthread mutexes: its locks would go
 * unseen, and whatever they protect would look like a race. The functions here
 * take the place of GLib's in the process of a test, where GStreamer calls
 * them, too. Each calls GLib's and tells how that orders threads, no more. */

#include <dlfcn.h>
#include <glib.h>
#include <sanitizer/tsan_interface.h>

static gpointer
find_next (gpointer *function, const gchar *name)
{
  gpointer next = g_atomic_pointer_get (function);

  if (!next) {
    next = dlsym (RTLD_NEXT, name);
    g_atomic_pointer_set (function, next);
  }
  return next;
}

/* get_real_NAME() is GLib's function of that name */
#define DEFINE_REAL(name)                                                      \
  static __typeof__ (&name) get_real_##name (void)                             \
  {                                                                            \
    static gpointer function;                                                  \
                                                                               \
    return (__typeof__ (&name)) find_next (&function, #name);                  \
  }

DEFINE_REAL (g_mutex_init)
DEFINE_REAL (g_mutex_clear)
DEFINE_REAL (g_mutex_lock)
DEFINE_REAL (g_mutex_trylock)
DEFINE_REAL (g_mutex_unlock)
DEFINE_REAL (g_cond_wait)
DEFINE_REAL (g_cond_wait_until)
DEFINE_REAL (g_once_init_leave)
DEFINE_REAL (g_atomic_ref_count_dec)
DEFINE_REAL (g_async_queue_push)
DEFINE_REAL (g_async_queue_pop)
DEFINE_REAL (g_async_queue_try_pop)
DEFINE_REAL (g_async_queue_timeout_pop)
DEFINE_REAL (g_quark_from_string)
DEFINE_REAL (g_thread_pool_new)
DEFINE_REAL (g_thread_pool_push)

void
g_mutex_init (GMutex *mutex)
{
  get_real_g_mutex_init () (mutex);
  __tsan_mutex_create (mutex, __tsan_mutex_not_static);
}

void
g_mutex_clear (GMutex *mutex)
{
  /* one that was never initialized is static, and lives for ever */
  __tsan_mutex_destroy (mutex, __tsan_mutex_not_static);
  get_real_g_mutex_clear () (mutex);
}

void
g_mutex_lock (GMutex *mutex)
{
  __tsan_mutex_pre_lock (mutex, 0);
  get_real_g_mutex_lock () (mutex);
  __tsan_mutex_post_lock (mutex, 0, 0);
}

gboolean
g_mutex_trylock (GMutex *mutex)
{
  gboolean locked;

  __tsan_mutex_pre_lock (mutex, __tsan_mutex_try_lock);
  locked = get_real_g_mutex_trylock () (mutex);
  __tsan_mutex_post_lock (mutex,
      locked ? __tsan_mutex_try_lock
             : __tsan_mutex_try_lock | __tsan_mutex_try_lock_failed,
      0);
  return locked;
}

void
g_mutex_unlock (GMutex *mutex)
{
  __tsan_mutex_pre_unlock (mutex, 0);
  get_real_g_mutex_unlock () (mutex);
  __tsan_mutex_post_unlock (mutex, 0);
}

/* Whoever waits gives the mutex up and takes it again. What is ordered is
 * ordered by the mutex; signals without it order nothing. */
static void
begin_wait (GMutex *mutex)
{
  __tsan_mutex_pre_unlock (mutex, 0);
  __tsan_mutex_post_unlock (mutex, 0);
}

static void
end_wait (GMutex *mutex)
{
  __tsan_mutex_pre_lock (mutex, 0);
  __tsan_mutex_post_lock (mutex, 0, 0);
}

void
g_cond_wait (GCond *cond, GMutex *mutex)
{
  begin_wait (mutex);
  get_real_g_cond_wait () (cond, mutex);
  end_wait (mutex);
}

gboolean
g_cond_wait_until (GCond *cond, GMutex *mutex, gint64 end_time)
{
  gboolean signalled;

  begin_wait (mutex);
  signalled = get_real_g_cond_wait_until () (cond, mutex, end_time);
  end_wait (mutex);
  return signalled;
}

/* those that find the value set read it with an atomic operation, which
 * ThreadSanitizer sees, but not that GLib has set it */
void (g_once_init_leave) (volatile void *location, gsize result)
{
  __tsan_release ((void *) location);
  get_real_g_once_init_leave () (location, result);
}

/* who gives up the last reference comes after all others */
gboolean (g_atomic_ref_count_dec) (gatomicrefcount *count)
{
  gboolean was_last;

  __tsan_release ((void *) count);
  was_last = get_real_g_atomic_ref_count_dec () (count);
  if (was_last)
    __tsan_acquire ((void *) count);
  return was_last;
}

/* GLib locks its own mutex without calling g_mutex_lock() above; GstHarness
 * hands buffers and events over in such queues */
void
g_async_queue_push (GAsyncQueue *queue, gpointer data)
{
  __tsan_release (queue);
  get_real_g_async_queue_push () (queue, data);
}

gpointer
g_async_queue_pop (GAsyncQueue *queue)
{
  gpointer data = get_real_g_async_queue_pop () (queue);

  __tsan_acquire (queue);
  return data;
}

gpointer
g_async_queue_try_pop (GAsyncQueue *queue)
{
  gpointer data = get_real_g_async_queue_try_pop () (queue);

  __tsan_acquire (queue);
  return data;
}

gpointer
g_async_queue_timeout_pop (GAsyncQueue *queue, guint64 timeout)
{
  gpointer data = get_real_g_async_queue_timeout_pop () (queue, timeout);

  __tsan_acquire (queue);
  return data;
}

/* so is the table of quarks */
GQuark
g_quark_from_string (const gchar *string)
{
  static GMutex lock;
  GQuark quark;

  g_mutex_lock (&lock);
  quark = get_real_g_quark_from_string () (string);
  g_mutex_unlock (&lock);
  return quark;
}

typedef struct {
  GFunc func;
  gpointer user_data;
} PoolWork;

static void
run_in_pool (gpointer data, gpointer user_data)
{
  const PoolWork *work = user_data;

  __tsan_acquire (data);
  work->func (data, work->user_data);
}

/* pools hand over what is pushed in such a queue, too; tasks of pads run in
 * one. Pools live as long as the process, and so does what is allocated here */
GThreadPool *
g_thread_pool_new (GFunc func, gpointer user_data, gint max_threads,
    gboolean exclusive, GError **error)
{
  PoolWork *work = g_new (PoolWork, 1);

  work->func = func;
  work->user_data = user_data;
  return get_real_g_thread_pool_new () (
      run_in_pool, work, max_threads, exclusive, error);
}

gboolean
g_thread_pool_push (GThreadPool *pool, gpointer data, GError **error)
{
  __tsan_release (data);
  return get_real_g_thread_pool_push () (pool, data, error);
}
