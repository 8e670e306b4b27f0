/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "timing.h"

#include "fifo.h"

GST_DEBUG_CATEGORY_EXTERN (gst_yolov5_dpu_debug);
#define GST_CAT_DEFAULT gst_yolov5_dpu_debug

/* What a live frame spends inside at most, by the frames that may come behind it
 * (GST_YOLOV5_FIFO_MAX_PASSING), where caps do not say how long these last. */
#define USUAL_FRAME_DURATION (GST_SECOND / 30)

/**
 * gst_yolov5_timing_init:
 * @element: whose object lock it is under, borrowed
 */
void
gst_yolov5_timing_init (GstYolov5Timing *self, GstElement *element)
{
  self->element = element;
  gst_yolov5_stats_reset (&self->stats);
}

/**
 * gst_yolov5_timing_reset:
 * @n_slots: how many frames there can be in the model at once
 * @warm_up_time: what the model takes for a frame alone
 *
 * Nothing has come yet.
 */
void
gst_yolov5_timing_reset (
    GstYolov5Timing *self, guint n_slots, GstClockTime warm_up_time)
{
  GST_OBJECT_LOCK (self->element);
  gst_yolov5_stats_reset (&self->stats);
  gst_yolov5_latency_reset (&self->latency, warm_up_time);
  gst_yolov5_qos_reset (&self->qos);
  gst_yolov5_throttle_reset (&self->throttle, n_slots, warm_up_time);
  self->live = FALSE;
  self->frame_duration = GST_CLOCK_TIME_NONE;
  GST_OBJECT_UNLOCK (self->element);
}

/**
 * gst_yolov5_timing_find_liveness:
 *
 * Finds out whether frames come at their own pace. Sources know from PAUSED on;
 * the base class of elements asks only when the pipeline begins to play.
 */
void
gst_yolov5_timing_find_liveness (GstYolov5Timing *self, GstPad *sinkpad)
{
  GstQuery *query = gst_query_new_latency ();
  gboolean live = FALSE;

  if (gst_pad_peer_query (sinkpad, query)) {
    gst_query_parse_latency (query, &live, NULL, NULL);
    GST_INFO_OBJECT (
        self->element, "the source is %s", live ? "live" : "not live");
    GST_OBJECT_LOCK (self->element);
    self->live = live;
    GST_OBJECT_UNLOCK (self->element);
  }
  gst_query_unref (query);
}

gboolean
gst_yolov5_timing_is_live (GstYolov5Timing *self)
{
  gboolean live;

  GST_OBJECT_LOCK (self->element);
  live = self->live;
  GST_OBJECT_UNLOCK (self->element);
  return live;
}

/**
 * gst_yolov5_timing_set_frame_duration:
 * @info: caps of the frames, which need not say it
 */
void
gst_yolov5_timing_set_frame_duration (
    GstYolov5Timing *self, const GstVideoInfo *info)
{
  GST_OBJECT_LOCK (self->element);
  self->frame_duration = GST_CLOCK_TIME_NONE;
  if (GST_VIDEO_INFO_FPS_N (info) > 0)
    self->frame_duration = gst_util_uint64_scale_int (
        GST_SECOND, GST_VIDEO_INFO_FPS_D (info), GST_VIDEO_INFO_FPS_N (info));
  GST_OBJECT_UNLOCK (self->element);
}

/**
 * gst_yolov5_timing_reset_qos:
 *
 * What downstream said of late frames does not hold for those that follow.
 */
void
gst_yolov5_timing_reset_qos (GstYolov5Timing *self)
{
  GST_OBJECT_LOCK (self->element);
  gst_yolov5_qos_reset (&self->qos);
  GST_OBJECT_UNLOCK (self->element);
}

/**
 * gst_yolov5_timing_update_qos:
 * @event: a QoS event from downstream
 */
void
gst_yolov5_timing_update_qos (GstYolov5Timing *self, GstEvent *event)
{
  GST_OBJECT_LOCK (self->element);
  gst_yolov5_qos_update (&self->qos, event, self->frame_duration);
  GST_OBJECT_UNLOCK (self->element);
  GST_LOG_OBJECT (self->element, "downstream sent %" GST_PTR_FORMAT, event);
}

/**
 * gst_yolov5_timing_is_late:
 * @segment: the segment of @buffer
 *
 * Returns: whether downstream will be past @buffer
 */
gboolean
gst_yolov5_timing_is_late (
    GstYolov5Timing *self, const GstSegment *segment, GstBuffer *buffer)
{
  gboolean late;

  GST_OBJECT_LOCK (self->element);
  late = gst_yolov5_qos_is_late (&self->qos, segment, buffer);
  GST_OBJECT_UNLOCK (self->element);
  return late;
}

/**
 * gst_yolov5_timing_get_most_in_model:
 *
 * Returns: how many frames of a live stream may be in the model at once
 */
guint
gst_yolov5_timing_get_most_in_model (GstYolov5Timing *self)
{
  guint most;

  GST_OBJECT_LOCK (self->element);
  most = self->throttle.most;
  GST_OBJECT_UNLOCK (self->element);
  return most;
}

/**
 * gst_yolov5_timing_count_frame:
 *
 * Counts a frame that leaves now.
 */
void
gst_yolov5_timing_count_frame (GstYolov5Timing *self)
{
  GST_OBJECT_LOCK (self->element);
  gst_yolov5_stats_add_frame (&self->stats);
  GST_OBJECT_UNLOCK (self->element);
}

/**
 * gst_yolov5_timing_count_skipped:
 * @late: whether downstream is past it
 *
 * Counts a frame that passes without inference.
 */
void
gst_yolov5_timing_count_skipped (GstYolov5Timing *self, gboolean late)
{
  GST_OBJECT_LOCK (self->element);
  if (late)
    self->stats.late++;
  else
    self->stats.skipped++;
  GST_OBJECT_UNLOCK (self->element);
}

/* with the object lock; returns whether downstream is to learn of it */
static gboolean
add_time_inside (GstYolov5Timing *self, GstClockTime spent)
{
  gboolean changed =
      gst_yolov5_latency_add (&self->latency, spent) && self->live;

  if (gst_yolov5_throttle_add (&self->throttle, spent, self->frame_duration))
    GST_DEBUG_OBJECT (self->element,
        "%u frames of a live stream may be in the model now, as one spent "
        "%" GST_TIME_FORMAT,
        self->throttle.most, GST_TIME_ARGS (spent));
  return changed;
}

/**
 * gst_yolov5_timing_add_inference:
 * @slot: a frame that is done
 * @total: what it spent inside
 * @lag: 0 unless its results leave with a later frame
 *
 * Returns: whether it is worth gst_yolov5_timing_post_latency()
 */
gboolean
gst_yolov5_timing_add_inference (GstYolov5Timing *self,
    const GstYolov5Slot *slot, GstClockTime total, GstClockTime lag)
{
  gboolean latency_changed = FALSE;

  GST_OBJECT_LOCK (self->element);
  gst_yolov5_stats_add_inference (&self->stats, slot, total);
  if (lag == 0)
    latency_changed = add_time_inside (self, total);
  else
    self->stats.delayed++;
  GST_OBJECT_UNLOCK (self->element);
  return latency_changed;
}

/**
 * gst_yolov5_timing_add_time_inside:
 * @spent: what a frame spent inside that leaves before its results
 *
 * Returns: whether it is worth gst_yolov5_timing_post_latency()
 */
gboolean
gst_yolov5_timing_add_time_inside (GstYolov5Timing *self, GstClockTime spent)
{
  gboolean latency_changed;

  GST_OBJECT_LOCK (self->element);
  latency_changed = add_time_inside (self, spent);
  GST_OBJECT_UNLOCK (self->element);
  return latency_changed;
}

/**
 * gst_yolov5_timing_post_latency:
 *
 * Lets the pipeline ask for the latency anew.
 */
void
gst_yolov5_timing_post_latency (GstYolov5Timing *self)
{
  GST_DEBUG_OBJECT (self->element, "frames spend another time inside now");
  gst_element_post_message (
      self->element, gst_message_new_latency (GST_OBJECT_CAST (self->element)));
}

/**
 * gst_yolov5_timing_answer_latency:
 * @query: a LATENCY query from downstream
 * @n_slots: how many frames can be inside
 * @hurries: whether frames of a live stream do not wait for results for long
 *
 * Returns: whether the query is answered
 */
gboolean
gst_yolov5_timing_answer_latency (GstYolov5Timing *self, GstPad *sinkpad,
    GstQuery *query, guint n_slots, gboolean hurries)
{
  GstClockTime most = GST_CLOCK_TIME_NONE;

  if (!gst_pad_peer_query (sinkpad, query))
    return FALSE;

  GST_OBJECT_LOCK (self->element);
  gst_query_parse_latency (query, &self->live, NULL, NULL);
  if (self->live && hurries)
    most = GST_YOLOV5_FIFO_MAX_PASSING
           * (GST_CLOCK_TIME_IS_VALID (self->frame_duration)
                   ? self->frame_duration
                   : USUAL_FRAME_DURATION);
  gst_yolov5_latency_answer (
      &self->latency, query, n_slots, self->frame_duration, most);
  GST_OBJECT_UNLOCK (self->element);
  GST_DEBUG_OBJECT (self->element, "latency: %" GST_PTR_FORMAT, query);
  return TRUE;
}

/**
 * gst_yolov5_timing_get_stats:
 *
 * Sorting takes a while, in which frames need not wait.
 *
 * Returns: (transfer full): what the property "stats" says
 */
GstStructure *
gst_yolov5_timing_get_stats (GstYolov5Timing *self)
{
  GstYolov5Stats *stats = g_new (GstYolov5Stats, 1);
  GstStructure *structure;

  GST_OBJECT_LOCK (self->element);
  *stats = self->stats;
  GST_OBJECT_UNLOCK (self->element);

  structure = gst_yolov5_stats_to_structure (stats);
  g_free (stats);
  return structure;
}
