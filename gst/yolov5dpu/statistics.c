/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Counts and times as a structure, and what follows from them: the answer to
 * LATENCY queries follows what frames really spend inside, but not every hiccup,
 * as each change makes the whole pipeline wait anew. */

#include "statistics.h"

#include <stdlib.h>
#include <string.h>

/* what is reported covers this percentage of the frames */
#define COVERED 95
/* what is reported is that much more than what was measured, in percent */
#define HEAD_ROOM 10
/* ... and is lowered when it would become less than this percentage of itself:
 * the window is full of faster frames then. With the head-room that makes what
 * is reported at most a fifth more than what was measured */
#define LOWER 92
/* before so many frames, the first guess stands */
#define MIN_FRAMES 8

static int
compare_times (const void *a, const void *b)
{
  GstClockTime first = *(const GstClockTime *) a;
  GstClockTime second = *(const GstClockTime *) b;

  return first < second ? -1 : first > second;
}

/**
 * gst_yolov5_find_percentile:
 * @times: (array length=n_times): in any order
 * @n_times: at most %GST_YOLOV5_STATS_WINDOW
 * @percent: 0 to 99
 *
 * Returns: the time that @percent percent of @times are below, 0 without any
 */
GstClockTime
gst_yolov5_find_percentile (
    const GstClockTime *times, guint n_times, guint percent)
{
  GstClockTime sorted[GST_YOLOV5_STATS_WINDOW];

  g_return_val_if_fail (n_times <= GST_YOLOV5_STATS_WINDOW, 0);
  g_return_val_if_fail (percent < 100, 0);

  if (n_times == 0)
    return 0;
  memcpy (sorted, times, n_times * sizeof (*sorted));
  qsort (sorted, n_times, sizeof (*sorted), compare_times);
  return sorted[n_times * percent / 100];
}

/**
 * gst_yolov5_stats_install:
 * @object_class: class of the detector element
 * @prop_id: id of the property
 *
 * Installs the property that gst_yolov5_stats_to_structure() is for.
 */
void
gst_yolov5_stats_install (GObjectClass *object_class, guint prop_id)
{
  /**
   * GstYolov5Dpu:stats:
   *
   * What was done since the element went to PAUSED, as a structure
   * `yolov5dpu-stats`:
   *
   * * #guint64 `frames`: frames that left the element
   * * #guint64 `inferences`: frames of these that went through the model
   * * #guint64 `skipped`: frames that came and passed without inference, as
   *   they were not due, found the DPU busy or were gaps
   * * #guint64 `late`: frames that passed without inference as they came too
   *   late for downstream
   * * #guint64 `delayed`: inferences whose results left with a later frame of a
   *   live stream, see #GstYolov5Dpu:no-block (Since: 0.2)
   * * #guint64 `detections`: what was found in all of them
   * * #gdouble `fps`: frames per second that left, over the last 500 frames
   *
   * and median and 99th percentile of the last 500 inferences (#GstClockTime):
   *
   * * `letterbox-median`, `letterbox-p99`: to write a frame into the model's
   *   input
   * * `inference-median`, `inference-p99`: to execute the model, with the wait
   *   for the DPU
   * * `postprocess-median`, `postprocess-p99`: to decode the heads
   * * `total-median`, `total-p99`: from when a frame found a slot until it
   *   could be pushed
   */
  g_object_class_install_property (object_class, prop_id,
      g_param_spec_boxed ("stats", "Statistics",
          "Counts of frames, inferences and detections, frames per second, "
          "and the times of each stage",
          GST_TYPE_STRUCTURE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
}

/**
 * gst_yolov5_stats_reset:
 *
 * Nothing has happened yet.
 */
void
gst_yolov5_stats_reset (GstYolov5Stats *self)
{
  memset (self, 0, sizeof (*self));
}

/**
 * gst_yolov5_stats_add_frame:
 *
 * Counts a frame that leaves now.
 */
void
gst_yolov5_stats_add_frame (GstYolov5Stats *self)
{
  self->left[self->frames++ % GST_YOLOV5_STATS_WINDOW] =
      gst_util_get_timestamp ();
}

/**
 * gst_yolov5_stats_add_inference:
 * @slot: a frame's work that is done
 * @total_time: from the arrival of that frame until its results could be pushed
 */
void
gst_yolov5_stats_add_inference (
    GstYolov5Stats *self, const GstYolov5Slot *slot, GstClockTime total_time)
{
  guint place = self->inferences % GST_YOLOV5_STATS_WINDOW;

  self->inferences++;
  self->detections += slot->detections->len;
  self->stages[GST_YOLOV5_STAGE_LETTERBOX][place] = slot->letterbox_time;
  self->stages[GST_YOLOV5_STAGE_INFERENCE][place] = slot->inference_time;
  self->stages[GST_YOLOV5_STAGE_POSTPROCESS][place] = slot->postprocess_time;
  self->stages[GST_YOLOV5_STAGE_TOTAL][place] = total_time;
}

static gdouble
find_rate (const GstYolov5Stats *self)
{
  guint64 n = MIN (self->frames, GST_YOLOV5_STATS_WINDOW);
  GstClockTime first, last;

  if (n < 2)
    return 0;
  first = self->left[(self->frames - n) % GST_YOLOV5_STATS_WINDOW];
  last = self->left[(self->frames - 1) % GST_YOLOV5_STATS_WINDOW];
  return last > first ? (n - 1) * (gdouble) GST_SECOND / (last - first) : 0;
}

static void
add_stage (GstStructure *structure, const GstYolov5Stats *self,
    GstYolov5Stage stage, const gchar *median_field, const gchar *slow_field)
{
  const GstClockTime *times = self->stages[stage];
  guint n = MIN (self->inferences, GST_YOLOV5_STATS_WINDOW);

  gst_structure_set (structure, median_field, GST_TYPE_CLOCK_TIME,
      gst_yolov5_find_percentile (times, n, 50), slow_field,
      GST_TYPE_CLOCK_TIME, gst_yolov5_find_percentile (times, n, 99), NULL);
}

/**
 * gst_yolov5_stats_to_structure:
 *
 * Returns: (transfer full): the counts, the rate at which the last frames left,
 *   and median and 99th percentile of the time each stage took
 */
GstStructure *
gst_yolov5_stats_to_structure (const GstYolov5Stats *self)
{
  /* clang-format off */
  GstStructure *structure = gst_structure_new ("yolov5dpu-stats",
      "frames", G_TYPE_UINT64, self->frames,
      "inferences", G_TYPE_UINT64, self->inferences,
      "skipped", G_TYPE_UINT64, self->skipped,
      "late", G_TYPE_UINT64, self->late,
      "delayed", G_TYPE_UINT64, self->delayed,
      "detections", G_TYPE_UINT64, self->detections,
      "fps", G_TYPE_DOUBLE, find_rate (self),
      NULL);
  /* clang-format on */

  add_stage (structure, self, GST_YOLOV5_STAGE_LETTERBOX, "letterbox-median",
      "letterbox-p99");
  add_stage (structure, self, GST_YOLOV5_STAGE_INFERENCE, "inference-median",
      "inference-p99");
  add_stage (structure, self, GST_YOLOV5_STAGE_POSTPROCESS,
      "postprocess-median", "postprocess-p99");
  add_stage (
      structure, self, GST_YOLOV5_STAGE_TOTAL, "total-median", "total-p99");
  return structure;
}

/**
 * gst_yolov5_latency_reset:
 * @first_guess: what a frame will spend inside, as far as that can be known
 */
void
gst_yolov5_latency_reset (GstYolov5Latency *self, GstClockTime first_guess)
{
  memset (self, 0, sizeof (*self));
  self->reported = first_guess + first_guess * HEAD_ROOM / 100;
}

/**
 * gst_yolov5_latency_add:
 * @spent: from a frame's arrival until it could be pushed
 *
 * Returns: whether what is reported changed, which is worth a latency message
 */
gboolean
gst_yolov5_latency_add (GstYolov5Latency *self, GstClockTime spent)
{
  GstClockTime slow, wanted;

  self->spent[self->next] = spent;
  self->next = (self->next + 1) % GST_YOLOV5_LATENCY_WINDOW;
  self->n_spent = MIN (self->n_spent + 1, GST_YOLOV5_LATENCY_WINDOW);
  if (self->n_spent < MIN_FRAMES)
    return FALSE;

  slow = gst_yolov5_find_percentile (self->spent, self->n_spent, COVERED);
  wanted = slow + slow * HEAD_ROOM / 100;
  if (slow <= self->reported
      && (self->n_spent < GST_YOLOV5_LATENCY_WINDOW
          || wanted >= self->reported * LOWER / 100))
    return FALSE;

  self->reported = wanted;
  return TRUE;
}

/**
 * gst_yolov5_latency_answer:
 * @query: a LATENCY query that upstream has answered
 * @n_slots: how many frames can be inside
 * @frame_duration: time from frame to frame, or %GST_CLOCK_TIME_NONE
 * @most: what a frame waits inside at most, or %GST_CLOCK_TIME_NONE
 *
 * Adds what happens inside.
 */
void
gst_yolov5_latency_answer (const GstYolov5Latency *self, GstQuery *query,
    guint n_slots, GstClockTime frame_duration, GstClockTime most)
{
  GstClockTime own = MIN (self->reported, most);
  GstClockTime min, max;
  gboolean live;

  gst_query_parse_latency (query, &live, &min, &max);
  min += own;
  /* a frame in every slot may wait for downstream */
  if (GST_CLOCK_TIME_IS_VALID (max)) {
    max += own;
    if (GST_CLOCK_TIME_IS_VALID (frame_duration) && n_slots > 0)
      max += (n_slots - 1) * frame_duration;
  }
  gst_query_set_latency (query, live, min, max);
}
