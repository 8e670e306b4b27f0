/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "items.h"

GST_DEBUG_CATEGORY_EXTERN (gst_yolov5_dpu_debug);
#define GST_CAT_DEFAULT gst_yolov5_dpu_debug

static gboolean
is_passing (const GstYolov5Item *item)
{
  return item->object && GST_IS_BUFFER (item->object) && !item->job;
}

/**
 * gst_yolov5_items_init:
 * @element: whose work it is, borrowed
 * @srcpad: where the items are to go, borrowed
 * @discard: for work that nobody will finish
 */
void
gst_yolov5_items_init (GstYolov5Items *self, GstElement *element,
    GstPad *srcpad, GstYolov5DiscardFunction discard)
{
  self->n_passing = 0;
  self->element = element;
  self->srcpad = srcpad;
  self->discard = discard;
  self->queue = gst_queue_array_new_for_struct (sizeof (GstYolov5Item), 16);
}

void
gst_yolov5_items_clear (GstYolov5Items *self)
{
  gst_yolov5_items_drop_all (self, FALSE);
  gst_queue_array_free (self->queue);
}

gboolean
gst_yolov5_items_are_empty (const GstYolov5Items *self)
{
  return gst_queue_array_is_empty (self->queue);
}

/**
 * gst_yolov5_items_add:
 * @object: a buffer or an event, (transfer full), or a query, (transfer none)
 * @job: (transfer full) (nullable): the work of a buffer
 */
void
gst_yolov5_items_add (GstYolov5Items *self, GstMiniObject *object, gpointer job)
{
  GstYolov5Item item = { object, job };

  if (is_passing (&item))
    self->n_passing++;
  gst_queue_array_push_tail_struct (self->queue, &item);
  GST_LOG_OBJECT (self->element, "added %" GST_PTR_FORMAT ", %u items inside",
      object, gst_queue_array_get_length (self->queue));
}

/**
 * gst_yolov5_items_remove:
 * @item: (out): what came first
 *
 * Returns: whether there was one
 */
gboolean
gst_yolov5_items_remove (GstYolov5Items *self, GstYolov5Item *item)
{
  const GstYolov5Item *head = gst_queue_array_pop_head_struct (self->queue);

  if (!head)
    return FALSE;
  *item = *head;
  if (is_passing (item))
    self->n_passing--;
  return TRUE;
}

/**
 * gst_yolov5_items_drop:
 * @item: (transfer full): something that goes nowhere
 */
void
gst_yolov5_items_drop (GstYolov5Items *self, GstYolov5Item item)
{
  if (item.job)
    self->discard (self->element, item.job);
  if (item.object && !GST_IS_QUERY (item.object))
    gst_mini_object_unref (item.object);
}

/* the source pad still learns of sticky events, as it would have if they had
 * been pushed */
static void
drop_but_keep_event (GstYolov5Items *self, GstYolov5Item item)
{
  if (item.object && GST_IS_EVENT (item.object)) {
    GstEvent *event = GST_EVENT_CAST (item.object);

    if (GST_EVENT_IS_STICKY (event)
        && GST_EVENT_TYPE (event) != GST_EVENT_SEGMENT
        && GST_EVENT_TYPE (event) != GST_EVENT_EOS)
      gst_pad_store_sticky_event (self->srcpad, event);
  }
  gst_yolov5_items_drop (self, item);
}

/**
 * gst_yolov5_items_drop_all:
 * @keep_events: whether the source pad is to learn of sticky events
 */
void
gst_yolov5_items_drop_all (GstYolov5Items *self, gboolean keep_events)
{
  GstYolov5Item item = { 0 };

  while (gst_yolov5_items_remove (self, &item)) {
    if (keep_events)
      drop_but_keep_event (self, item);
    else
      gst_yolov5_items_drop (self, item);
  }
}

static gboolean
is_restart (const GstYolov5Item *item)
{
  GstEventType type;

  if (!item->object || !GST_IS_EVENT (item->object))
    return FALSE;
  type = GST_EVENT_TYPE (item->object);
  return type == GST_EVENT_EOS || type == GST_EVENT_SEGMENT
         || type == GST_EVENT_STREAM_START;
}

/**
 * gst_yolov5_items_drop_until_restart:
 * @query: (out) (nullable): a query that was dropped, whose asker still waits
 *
 * Drops what downstream does not want after it said EOS: all but what starts
 * anew or ends it all.
 *
 * Returns: whether there is something to start anew with
 */
gboolean
gst_yolov5_items_drop_until_restart (GstYolov5Items *self, GstQuery **query)
{
  const GstYolov5Item *head;
  GstYolov5Item item = { 0 };

  *query = NULL;
  while ((head = gst_queue_array_peek_head_struct (self->queue))) {
    if (is_restart (head))
      return TRUE;
    gst_yolov5_items_remove (self, &item);
    if (item.object && GST_IS_QUERY (item.object))
      *query = GST_QUERY_CAST (item.object);
    drop_but_keep_event (self, item);
  }
  return FALSE;
}

/**
 * gst_yolov5_items_forget_query:
 * @query: a query that nobody waits for any more
 */
void
gst_yolov5_items_forget_query (GstYolov5Items *self, GstQuery *query)
{
  guint i, length = gst_queue_array_get_length (self->queue);

  for (i = 0; i < length; i++) {
    GstYolov5Item *item = gst_queue_array_peek_nth_struct (self->queue, i);

    if (item->object == GST_MINI_OBJECT_CAST (query))
      item->object = NULL;
  }
}
