/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Counts, and the times of the last frames, as a structure. */

#include "gstyolov5stats.h"

#include <string.h>

#include "gstyolov5timing.h"

G_STATIC_ASSERT (GST_YOLOV5_STATS_WINDOW <= GST_YOLOV5_MAX_TIMES);

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
 * gst_yolov5_stats_add:
 * @slot: (nullable): the work of the frame that leaves now, or %NULL if it
 *   passes without inference
 * @total_time: from the arrival of the frame in @slot until it could be pushed
 */
void
gst_yolov5_stats_add (
    GstYolov5Stats *self, const GstYolov5Slot *slot, GstClockTime total_time)
{
  guint place = self->inferences % GST_YOLOV5_STATS_WINDOW;

  self->left[self->frames++ % GST_YOLOV5_STATS_WINDOW] =
      gst_util_get_timestamp ();
  if (!slot)
    return;

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
