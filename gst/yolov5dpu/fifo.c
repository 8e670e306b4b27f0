/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The state machine of GStreamer's queue element (flushes, EOS, serialized
 * queries, when its task runs), for buffers that are still being worked on. How
 * many of these are inside is limited by the work they have; buffers without work
 * are counted here. */

#include "fifo.h"

#include "flow.h"
#include "items.h"

GST_DEBUG_CATEGORY_EXTERN (gst_yolov5_dpu_debug);
#define GST_CAT_DEFAULT gst_yolov5_dpu_debug
GST_DEBUG_CATEGORY_EXTERN (gst_yolov5_dpu_performance_debug);
#define CAT_PERFORMANCE gst_yolov5_dpu_performance_debug

struct _GstYolov5Fifo {
  GstElement *element;
  GstPad *sinkpad;
  GstPad *srcpad;
  const GstYolov5FifoCallbacks *callbacks;

  GMutex lock;
  GCond item_added;
  GCond item_removed;
  GCond query_handled;
  GstYolov5Items items;
  GstYolov5Flow flow;
  /* flushes that wait for the task to pause: it must not wait for items before
   * it has, whoever activates pads meanwhile */
  guint n_pausing;
  /* the query downstream is being asked, and the last it answered */
  GstQuery *running_query;
  GstQuery *answered_query;
  gboolean query_answer;
};

static void gst_yolov5_fifo_loop (gpointer data);

/* with lock */
static void
set_result (GstYolov5Fifo *self, GstFlowReturn result)
{
  gst_yolov5_flow_set (&self->flow, result);
  g_cond_broadcast (&self->item_removed);
  self->callbacks->set_flushing (self->element, result != GST_FLOW_OK);
}

/* with lock */
static void
reset (GstYolov5Fifo *self)
{
  gst_yolov5_flow_restart (&self->flow);
  if (self->n_pausing == 0)
    set_result (self, GST_FLOW_OK);
}

/* with lock */
static gboolean
start_task (GstYolov5Fifo *self)
{
  return gst_pad_start_task (self->srcpad, gst_yolov5_fifo_loop, self, NULL);
}

/* with lock. Elements deactivate their source pads first: nothing may begin to
 * wait for a task then that does not run any more. */
static void
restart (GstYolov5Fifo *self)
{
  gst_yolov5_flow_restart (&self->flow);
  if (gst_pad_is_active (self->srcpad) && self->n_pausing == 0) {
    set_result (self, GST_FLOW_OK);
    start_task (self);
  }
}

/* with lock */
static void
add_item (GstYolov5Fifo *self, GstMiniObject *object, gpointer job)
{
  gst_yolov5_items_add (&self->items, object, job);
  g_cond_signal (&self->item_added);
}

/* with lock; those that wait for a place look when there is one */
static void
tell_places (GstYolov5Fifo *self, guint n_passing_before)
{
  if (self->items.n_passing < n_passing_before)
    g_cond_broadcast (&self->item_removed);
}

/* with lock; FALSE if there is none */
static gboolean
remove_item (GstYolov5Fifo *self, GstYolov5Item *item)
{
  guint n_passing = self->items.n_passing;
  gboolean removed = gst_yolov5_items_remove (&self->items, item);

  tell_places (self, n_passing);
  return removed;
}

/* with lock */
static void
drop_items (GstYolov5Fifo *self, gboolean keep_events)
{
  guint n_passing = self->items.n_passing;

  gst_yolov5_items_drop_all (&self->items, keep_events);
  tell_places (self, n_passing);
  g_cond_broadcast (&self->query_handled);
}

/* with lock */
static void
drop_until_restart (GstYolov5Fifo *self)
{
  guint n_passing = self->items.n_passing;
  GstQuery *query;
  gboolean restarts =
      gst_yolov5_items_drop_until_restart (&self->items, &query);

  tell_places (self, n_passing);
  if (query) {
    self->answered_query = query;
    self->query_answer = FALSE;
    g_cond_broadcast (&self->query_handled);
  }
  if (restarts)
    return;
  GST_DEBUG_OBJECT (self->element,
      "dropped all up to the next segment or the end, which is not here yet");
  self->flow.unexpected = TRUE;
  g_cond_broadcast (&self->item_removed);
}

/* with lock, which is given up meanwhile */
static GstFlowReturn
push_buffer (GstYolov5Fifo *self, GstBuffer *buffer, gpointer job)
{
  GstFlowReturn result;
  gboolean work_failed;

  g_mutex_unlock (&self->lock);
  result = self->callbacks->finish (self->element, &buffer, job);
  work_failed = result != GST_FLOW_OK && result != GST_FLOW_FLUSHING;
  if (result == GST_FLOW_OK) {
    GST_LOG_OBJECT (self->element, "pushing %" GST_PTR_FORMAT, buffer);
    result = gst_pad_push (self->srcpad, buffer);
    GST_LOG_OBJECT (
        self->element, "downstream returned %s", gst_flow_get_name (result));
  } else {
    GST_DEBUG_OBJECT (
        self->element, "no buffer to push: %s", gst_flow_get_name (result));
    gst_buffer_unref (buffer);
  }
  g_mutex_lock (&self->lock);

  if (self->flow.result != GST_FLOW_OK)
    return self->flow.result;

  self->flow.work_failed = work_failed;
  if (result == GST_FLOW_EOS) {
    GST_DEBUG_OBJECT (self->element, "downstream wants no more buffers");
    drop_until_restart (self);
    /* the task goes on, for the events to come */
    return GST_FLOW_OK;
  }
  return result;
}

/* with lock, which is given up meanwhile */
static GstFlowReturn
push_event (GstYolov5Fifo *self, GstEvent *event)
{
  GstEventType type = GST_EVENT_TYPE (event);

  GST_DEBUG_OBJECT (
      self->element, "pushing %s event", gst_event_type_get_name (type));
  g_mutex_unlock (&self->lock);
  gst_pad_push_event (self->srcpad, event);
  g_mutex_lock (&self->lock);

  if (self->flow.result != GST_FLOW_OK)
    return self->flow.result;
  /* the task may pause, unless another stream came in already */
  if (type == GST_EVENT_EOS && self->flow.eos
      && gst_yolov5_items_are_empty (&self->items))
    return GST_FLOW_EOS;
  return GST_FLOW_OK;
}

/* with lock, which is given up meanwhile */
static GstFlowReturn
answer_query (GstYolov5Fifo *self, GstQuery *query)
{
  gboolean answer;

  self->running_query = query;
  g_mutex_unlock (&self->lock);
  answer = gst_pad_peer_query (self->srcpad, query);
  GST_DEBUG_OBJECT (self->element, "downstream answered %d to %" GST_PTR_FORMAT,
      answer, query);
  g_mutex_lock (&self->lock);

  self->running_query = NULL;
  self->answered_query = query;
  self->query_answer = answer;
  g_cond_broadcast (&self->query_handled);

  return self->flow.result;
}

/* with lock, which is given up meanwhile */
static GstFlowReturn
push_item (GstYolov5Fifo *self, GstYolov5Item item)
{
  if (!item.object)
    return GST_FLOW_OK;
  if (GST_IS_BUFFER (item.object))
    return push_buffer (self, GST_BUFFER_CAST (item.object), item.job);
  if (GST_IS_EVENT (item.object))
    return push_event (self, GST_EVENT_CAST (item.object));
  return answer_query (self, GST_QUERY_CAST (item.object));
}

/* with lock, which is given up at the end */
static void
pause_task (GstYolov5Fifo *self)
{
  GstFlowReturn result = self->flow.result;
  gboolean work_failed = self->flow.work_failed;
  gboolean unseen =
      self->flow.eos && gst_yolov5_flow_is_silent_failure (&self->flow);

  GST_DEBUG_OBJECT (self->element, "pausing: %s", gst_flow_get_name (result));
  gst_pad_pause_task (self->srcpad);

  /* a pad that is linked again, or a new stream, starts the task again */
  if (result == GST_FLOW_NOT_LINKED || result == GST_FLOW_EOS)
    g_cond_broadcast (&self->query_handled);
  else
    drop_items (self, TRUE);
  g_mutex_unlock (&self->lock);

  /* upstream, having sent EOS, never sees the flow return */
  if (unseen)
    GST_ELEMENT_FLOW_ERROR (self->element, result);
  /* and downstream, having done no wrong, is to finish its files */
  if (work_failed || unseen)
    gst_pad_push_event (self->srcpad, gst_event_new_eos ());
}

/* the source pad's task */
static void
gst_yolov5_fifo_loop (gpointer data)
{
  GstYolov5Fifo *self = data;
  gboolean found = FALSE;
  GstYolov5Item item;

  g_mutex_lock (&self->lock);
  while (self->flow.result == GST_FLOW_OK
         && !(found = remove_item (self, &item))) {
    GST_LOG_OBJECT (self->element, "empty, waiting for an item");
    g_cond_wait (&self->item_added, &self->lock);
  }

  if (found) {
    GstFlowReturn result = push_item (self, item);

    if (self->flow.result == GST_FLOW_OK && result != GST_FLOW_OK)
      set_result (self, result);
  }

  if (self->flow.result != GST_FLOW_OK)
    pause_task (self);
  else
    g_mutex_unlock (&self->lock);
}

/**
 * gst_yolov5_fifo_new:
 * @element: the element of both pads
 * @sinkpad: where everything comes from
 * @srcpad: where everything goes, in a task of this pad
 * @callbacks: what to do with the work attached to buffers
 *
 * Everything is borrowed and must outlive the FIFO.
 *
 * Returns: (transfer full): a FIFO, refusing everything until its pads are
 *   activated
 */
GstYolov5Fifo *
gst_yolov5_fifo_new (GstElement *element, GstPad *sinkpad, GstPad *srcpad,
    const GstYolov5FifoCallbacks *callbacks)
{
  GstYolov5Fifo *self = g_new0 (GstYolov5Fifo, 1);

  self->element = element;
  self->sinkpad = sinkpad;
  self->srcpad = srcpad;
  self->callbacks = callbacks;
  gst_yolov5_items_init (&self->items, element, srcpad, callbacks->discard);
  self->flow.result = GST_FLOW_FLUSHING;
  g_mutex_init (&self->lock);
  g_cond_init (&self->item_added);
  g_cond_init (&self->item_removed);
  g_cond_init (&self->query_handled);

  return self;
}

/**
 * gst_yolov5_fifo_free:
 * @self: (transfer full): a FIFO whose pads are not active
 */
void
gst_yolov5_fifo_free (GstYolov5Fifo *self)
{
  gst_yolov5_items_clear (&self->items);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->item_added);
  g_cond_clear (&self->item_removed);
  g_cond_clear (&self->query_handled);
  g_free (self);
}

/**
 * gst_yolov5_fifo_get_flow:
 *
 * Returns: what gst_yolov5_fifo_push_buffer() would return now
 */
GstFlowReturn
gst_yolov5_fifo_get_flow (GstYolov5Fifo *self)
{
  GstFlowReturn flow;

  g_mutex_lock (&self->lock);
  flow = gst_yolov5_flow_check_buffer (&self->flow);
  g_mutex_unlock (&self->lock);

  return flow;
}

/**
 * gst_yolov5_fifo_push_buffer:
 * @buffer: (transfer full): a buffer
 * @job: (transfer full) (nullable): the work to finish before it is pushed
 * @hurry: whether work is to be hurried rather than waited for
 *
 * A buffer without work waits while there are too many of them already, which
 * only happens when downstream or the work before them takes long.
 *
 * Returns: what downstream said last; other than %GST_FLOW_OK, the buffer was
 *   not taken and the work was discarded
 */
GstFlowReturn
gst_yolov5_fifo_push_buffer (
    GstYolov5Fifo *self, GstBuffer *buffer, gpointer job, gboolean hurry)
{
  GstFlowReturn flow;
  gboolean hurried = FALSE;

  g_mutex_lock (&self->lock);
  while ((flow = gst_yolov5_flow_check_buffer (&self->flow)) == GST_FLOW_OK
         && !job && self->items.n_passing >= GST_YOLOV5_FIFO_MAX_PASSING) {
    GST_CAT_LOG_OBJECT (CAT_PERFORMANCE, self->element,
        "%u buffers without work are inside, waiting for one to leave",
        self->items.n_passing);
    if (hurry) {
      self->callbacks->hurry (self->element, TRUE);
      hurried = TRUE;
    }
    g_cond_wait (&self->item_removed, &self->lock);
  }
  /* what was hurried for may have left already */
  if (hurried)
    self->callbacks->hurry (self->element, FALSE);
  if (flow == GST_FLOW_OK) {
    add_item (self, GST_MINI_OBJECT_CAST (buffer), job);
  } else {
    GstYolov5Item item = { GST_MINI_OBJECT_CAST (buffer), job };

    gst_yolov5_items_drop (&self->items, item);
  }
  g_mutex_unlock (&self->lock);

  return flow;
}

/* makes everything that waits give up */
static void
begin_flush (GstYolov5Fifo *self)
{
  g_mutex_lock (&self->lock);
  set_result (self, GST_FLOW_FLUSHING);
  g_cond_broadcast (&self->item_added);
  g_cond_broadcast (&self->query_handled);
  g_mutex_unlock (&self->lock);
}

/* the task does pause, as downstream and the work are flushing, too */
static void
begin_flush_and_pause (GstYolov5Fifo *self)
{
  g_mutex_lock (&self->lock);
  self->n_pausing++;
  g_mutex_unlock (&self->lock);

  begin_flush (self);
  gst_pad_pause_task (self->srcpad);

  g_mutex_lock (&self->lock);
  self->n_pausing--;
  g_mutex_unlock (&self->lock);
}

static GstFlowReturn
flush_start (GstYolov5Fifo *self, GstEvent *event)
{
  gboolean pushed;

  GST_DEBUG_OBJECT (self->element, "flushing starts");
  pushed = gst_pad_push_event (self->srcpad, event);
  begin_flush_and_pause (self);

  return pushed ? GST_FLOW_OK : GST_FLOW_ERROR;
}

static GstFlowReturn
flush_stop (GstYolov5Fifo *self, GstEvent *event)
{
  gboolean pushed;

  /* The pads may have been restarted since FLUSH_START. What the task has in
   * hand must not come after FLUSH_STOP, which waits for it downstream, too. */
  begin_flush_and_pause (self);
  pushed = gst_pad_push_event (self->srcpad, event);

  g_mutex_lock (&self->lock);
  drop_items (self, TRUE);
  restart (self);
  GST_DEBUG_OBJECT (self->element, "flushing ends: %s",
      gst_flow_get_name (self->flow.result));
  g_mutex_unlock (&self->lock);

  return pushed ? GST_FLOW_OK : GST_FLOW_ERROR;
}

/* with lock, for an event that restarts */
static void
start_anew (GstYolov5Fifo *self)
{
  if (self->flow.result == GST_FLOW_EOS)
    set_result (self, GST_FLOW_OK);
  if (self->flow.eos)
    restart (self);
}

static GstFlowReturn
add_event (GstYolov5Fifo *self, GstEvent *event)
{
  GstEventType type = GST_EVENT_TYPE (event);
  GstFlowReturn flow;
  gboolean report;

  g_mutex_lock (&self->lock);
  flow = gst_yolov5_flow_check_event (&self->flow, type);
  report =
      type == GST_EVENT_EOS && gst_yolov5_flow_is_silent_failure (&self->flow);
  if (flow == GST_FLOW_OK) {
    if (gst_yolov5_event_type_restarts (type))
      start_anew (self);
    gst_yolov5_flow_add_event (&self->flow, type);
    add_item (self, GST_MINI_OBJECT_CAST (event), NULL);
  }
  g_mutex_unlock (&self->lock);

  if (flow == GST_FLOW_OK)
    return flow;

  GST_DEBUG_OBJECT (self->element, "refusing %s event: %s",
      GST_EVENT_TYPE_NAME (event), gst_flow_get_name (flow));
  if (report)
    GST_ELEMENT_FLOW_ERROR (self->element, flow);
  gst_event_unref (event);
  return flow;
}

/**
 * gst_yolov5_fifo_sink_event:
 * @event: (transfer full): what came to the sink pad
 *
 * Returns: for the pad's event function
 */
GstFlowReturn
gst_yolov5_fifo_sink_event (GstYolov5Fifo *self, GstEvent *event)
{
  GST_DEBUG_OBJECT (self->element, "received %" GST_PTR_FORMAT, event);
  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_FLUSH_START:
      return flush_start (self, event);
    case GST_EVENT_FLUSH_STOP:
      return flush_stop (self, event);
    default:
      if (GST_EVENT_IS_SERIALIZED (event))
        return add_event (self, event);
      return gst_pad_push_event (self->srcpad, event) ? GST_FLOW_OK
                                                      : GST_FLOW_ERROR;
  }
}

/**
 * gst_yolov5_fifo_sink_query:
 * @query: what came to the sink pad
 *
 * Serialized queries wait for what came before them to be pushed, others pass.
 *
 * Returns: whether downstream answered
 */
gboolean
gst_yolov5_fifo_sink_query (GstYolov5Fifo *self, GstQuery *query)
{
  gboolean answer = FALSE;

  if (!GST_QUERY_IS_SERIALIZED (query))
    return gst_pad_query_default (
        self->sinkpad, GST_OBJECT_CAST (self->element), query);

  GST_DEBUG_OBJECT (
      self->element, "%" GST_PTR_FORMAT " waits for what is inside", query);
  g_mutex_lock (&self->lock);
  self->answered_query = NULL;
  if (self->flow.result == GST_FLOW_OK)
    add_item (self, GST_MINI_OBJECT_CAST (query), NULL);
  /* the query is the caller's: not to be left while the task is using it */
  while (self->answered_query != query
         && (self->flow.result == GST_FLOW_OK || self->running_query == query))
    g_cond_wait (&self->query_handled, &self->lock);

  if (self->answered_query == query) {
    answer = self->query_answer;
  } else {
    GST_DEBUG_OBJECT (self->element, "%s query is not answered: %s",
        GST_QUERY_TYPE_NAME (query), gst_flow_get_name (self->flow.result));
    gst_yolov5_items_forget_query (&self->items, query);
  }
  self->answered_query = NULL;
  g_mutex_unlock (&self->lock);

  return answer;
}

/**
 * gst_yolov5_fifo_src_event:
 * @event: (transfer full): what came to the source pad
 *
 * Returns: whether upstream handled it
 */
gboolean
gst_yolov5_fifo_src_event (GstYolov5Fifo *self, GstEvent *event)
{
  if (GST_EVENT_TYPE (event) == GST_EVENT_RECONFIGURE) {
    g_mutex_lock (&self->lock);
    /* somebody may have linked us in the meantime */
    if (self->flow.result == GST_FLOW_NOT_LINKED) {
      GST_DEBUG_OBJECT (self->element, "linked, starting again");
      set_result (self, GST_FLOW_OK);
      start_task (self);
    }
    g_mutex_unlock (&self->lock);
  }

  return gst_pad_push_event (self->sinkpad, event);
}

/**
 * gst_yolov5_fifo_sink_activate:
 * @active: whether the sink pad is being activated in push mode
 *
 * Returns: for the pad's activation function
 */
gboolean
gst_yolov5_fifo_sink_activate (GstYolov5Fifo *self, gboolean active)
{
  GST_DEBUG_OBJECT (
      self->element, "sink pad %s", active ? "activates" : "deactivates");
  if (active) {
    g_mutex_lock (&self->lock);
    reset (self);
    g_mutex_unlock (&self->lock);
  } else {
    begin_flush (self);
    /* the chain function is out when its lock is ours */
    GST_PAD_STREAM_LOCK (self->sinkpad);
    g_mutex_lock (&self->lock);
    drop_items (self, FALSE);
    g_mutex_unlock (&self->lock);
    GST_PAD_STREAM_UNLOCK (self->sinkpad);
  }

  return TRUE;
}

/**
 * gst_yolov5_fifo_src_activate:
 * @active: whether the source pad is being activated in push mode
 *
 * Returns: for the pad's activation function
 */
gboolean
gst_yolov5_fifo_src_activate (GstYolov5Fifo *self, gboolean active)
{
  gboolean done;

  GST_DEBUG_OBJECT (
      self->element, "source pad %s", active ? "activates" : "deactivates");
  if (active) {
    g_mutex_lock (&self->lock);
    reset (self);
    done = start_task (self);
    g_mutex_unlock (&self->lock);
    return done;
  }

  begin_flush (self);
  done = gst_pad_stop_task (self->srcpad);

  g_mutex_lock (&self->lock);
  drop_items (self, TRUE);
  g_mutex_unlock (&self->lock);

  return done;
}
