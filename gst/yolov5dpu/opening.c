/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Most models are open at once, and the state change says how that went. One that
 * takes longer makes it an ASYNC one: applications stay able to stop it, as
 * gst-launch-1.0 does on Ctrl-C. */

#include "opening.h"

GST_DEBUG_CATEGORY_EXTERN (gst_yolov5_dpu_debug);
#define GST_CAT_DEFAULT gst_yolov5_dpu_debug

/* what a state change may take */
#define PATIENCE (G_TIME_SPAN_SECOND / 2)

typedef enum {
  OPENING_CLOSED,
  OPENING_GOES_ON,
  OPENING_DONE,
  OPENING_FAILED,
} OpeningState;

struct _GstYolov5Opening {
  GstElement *element;
  GstYolov5OpenFunction function;

  GMutex lock;
  GCond changed;
  OpeningState state;
  /* nobody waits for the state change any more, it has to be told how it went */
  gboolean is_async;
  /* streaming threads may not wait */
  gboolean flushing;
  GCancellable *cancellable;
  GThread *thread;
};

/* in a thread of GStreamer's, as the state lock may be somebody's who waits for
 * ours to end */
static void
commit_state (GstElement *element, gpointer data)
{
  gboolean opened = GPOINTER_TO_INT (data);

  gboolean is_waited_for;

  GST_STATE_LOCK (element);
  /* it may have been stopped in the meantime */
  is_waited_for = GST_STATE_RETURN (element) == GST_STATE_CHANGE_ASYNC;
  if (is_waited_for) {
    GST_DEBUG_OBJECT (
        element, "%s the state change", opened ? "committing" : "aborting");
    if (opened)
      gst_element_continue_state (element, GST_STATE_CHANGE_SUCCESS);
    else
      gst_element_abort_state (element);
  }
  GST_STATE_UNLOCK (element);

  if (is_waited_for && opened)
    gst_element_post_message (
        element, gst_message_new_async_done (
                     GST_OBJECT_CAST (element), GST_CLOCK_TIME_NONE));
}

static gpointer
run (gpointer data)
{
  GstYolov5Opening *self = data;
  gboolean opened = self->function (self->element, self->cancellable);
  gboolean is_async;

  g_mutex_lock (&self->lock);
  self->state = opened ? OPENING_DONE : OPENING_FAILED;
  is_async = self->is_async;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);

  if (is_async && !g_cancellable_is_cancelled (self->cancellable))
    gst_element_call_async (
        self->element, commit_state, GINT_TO_POINTER (opened), NULL);
  return NULL;
}

/**
 * gst_yolov5_opening_new:
 * @element: whose state it is, borrowed
 * @function: what opens it
 *
 * Returns: (transfer full): something closed
 */
GstYolov5Opening *
gst_yolov5_opening_new (GstElement *element, GstYolov5OpenFunction function)
{
  GstYolov5Opening *self = g_new0 (GstYolov5Opening, 1);

  self->element = element;
  self->function = function;
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  return self;
}

/**
 * gst_yolov5_opening_free:
 * @self: (transfer full): something that was ended
 */
void
gst_yolov5_opening_free (GstYolov5Opening *self)
{
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self);
}

/**
 * gst_yolov5_opening_end:
 *
 * Waits for the opening to end. What it has opened is the caller's to close. Fine
 * also where nothing was started.
 */
void
gst_yolov5_opening_end (GstYolov5Opening *self)
{
  if (self->thread)
    g_thread_join (self->thread);
  self->thread = NULL;
  self->state = OPENING_CLOSED;
  g_clear_object (&self->cancellable);
}

/**
 * gst_yolov5_opening_start:
 * @self: something closed, or that failed to open
 *
 * Begins to open, and waits for it a little.
 *
 * Returns: %GST_STATE_CHANGE_ASYNC when it goes on; the state of the element is
 *   committed when it is done then
 */
GstStateChangeReturn
gst_yolov5_opening_start (GstYolov5Opening *self)
{
  gint64 end = g_get_monotonic_time () + PATIENCE;
  GstStateChangeReturn result = GST_STATE_CHANGE_ASYNC;
  g_autoptr (GError) error = NULL;
  gboolean in_time = TRUE;

  /* the last one may have failed when nobody waited for it any more */
  gst_yolov5_opening_end (self);
  self->cancellable = g_cancellable_new ();
  self->state = OPENING_GOES_ON;
  self->is_async = FALSE;
  self->flushing = FALSE;
  self->thread = g_thread_try_new ("yolov5:opening", run, self, &error);
  if (!self->thread) {
    self->state = OPENING_FAILED;
    GST_ELEMENT_ERROR (
        self->element, CORE, THREAD, ("%s", error->message), (NULL));
    return GST_STATE_CHANGE_FAILURE;
  }

  g_mutex_lock (&self->lock);
  while (self->state == OPENING_GOES_ON && in_time)
    in_time = g_cond_wait_until (&self->changed, &self->lock, end);
  if (self->state == OPENING_GOES_ON)
    self->is_async = TRUE;
  else if (self->state == OPENING_DONE)
    result = GST_STATE_CHANGE_SUCCESS;
  else
    result = GST_STATE_CHANGE_FAILURE;
  g_mutex_unlock (&self->lock);

  if (result == GST_STATE_CHANGE_ASYNC) {
    GST_INFO_OBJECT (self->element, "opening takes long, and goes on");
    gst_element_post_message (self->element,
        gst_message_new_async_start (GST_OBJECT_CAST (self->element)));
  }
  return result;
}

/**
 * gst_yolov5_opening_cancel:
 *
 * Lets streaming threads go, and the opening end soon where it still goes on.
 */
void
gst_yolov5_opening_cancel (GstYolov5Opening *self)
{
  gboolean goes_on;

  g_mutex_lock (&self->lock);
  self->flushing = TRUE;
  goes_on = self->state == OPENING_GOES_ON;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);

  if (goes_on) {
    GST_INFO_OBJECT (self->element, "giving up to open the model");
    g_cancellable_cancel (self->cancellable);
  }
}

/**
 * gst_yolov5_opening_set_flushing:
 * @flushing: whether nobody may wait
 */
void
gst_yolov5_opening_set_flushing (GstYolov5Opening *self, gboolean flushing)
{
  g_mutex_lock (&self->lock);
  self->flushing = flushing;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

/**
 * gst_yolov5_opening_wait:
 *
 * For streaming threads, before they use what is being opened.
 *
 * Returns: %GST_FLOW_OK when it is open or was never started,
 *   %GST_FLOW_FLUSHING, or %GST_FLOW_ERROR after an error message
 */
GstFlowReturn
gst_yolov5_opening_wait (GstYolov5Opening *self)
{
  GstFlowReturn flow = GST_FLOW_OK;

  g_mutex_lock (&self->lock);
  if (self->state == OPENING_GOES_ON && !self->flushing)
    GST_DEBUG_OBJECT (self->element, "waiting for the model to be open");
  while (self->state == OPENING_GOES_ON && !self->flushing)
    g_cond_wait (&self->changed, &self->lock);
  if (self->state == OPENING_GOES_ON)
    flow = GST_FLOW_FLUSHING;
  else if (self->state == OPENING_FAILED)
    flow = GST_FLOW_ERROR;
  g_mutex_unlock (&self->lock);
  return flow;
}
