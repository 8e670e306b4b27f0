/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Detections to buffer metadata and back: regions of interest as DL Streamer's
 * elements write and read them, beside them object detections of GstAnalytics
 * where GStreamer has it. */

#include "detections.h"

#include <math.h>

#include "inference.h"

#ifdef HAVE_GST_ANALYTICS
#include <gst/analytics/analytics.h>

/* first guess of what one object takes in a relation meta, in bytes */
#define OBJECT_SIZE 64
#endif

#define PARAM_NAME "detection"

/**
 * gst_yolov5_detection_get_pixels:
 * @self: a detection
 * @info: of the frame it is in
 * @box: (out): its box in whole pixels of that frame
 *
 * Edges go to the nearest pixel edge, so that boxes which touch still touch; a
 * box thinner than that keeps one pixel.
 */
void
gst_yolov5_detection_get_pixels (const GstYolov5Detection *self,
    const GstVideoInfo *info, GstVideoRectangle *box)
{
  gdouble frame_width = GST_VIDEO_INFO_WIDTH (info);
  gdouble frame_height = GST_VIDEO_INFO_HEIGHT (info);
  gdouble left = CLAMP (round (self->x), 0, frame_width - 1);
  gdouble top = CLAMP (round (self->y), 0, frame_height - 1);
  gdouble right = round (self->x + self->width);
  gdouble bottom = round (self->y + self->height);

  right = CLAMP (right, left + 1, frame_width);
  bottom = CLAMP (bottom, top + 1, frame_height);
  box->x = left;
  box->y = top;
  box->w = right - left;
  box->h = bottom - top;
}

/* the fields of DL Streamer's contract; its readers insist on the types */
static GstStructure *
new_param (const GstVideoInfo *info, const GstYolov5Detection *detection)
{
  gdouble x_min = detection->x / GST_VIDEO_INFO_WIDTH (info);
  gdouble y_min = detection->y / GST_VIDEO_INFO_HEIGHT (info);
  gdouble x_max =
      (detection->x + detection->width) / GST_VIDEO_INFO_WIDTH (info);
  gdouble y_max =
      (detection->y + detection->height) / GST_VIDEO_INFO_HEIGHT (info);

  return gst_structure_new (PARAM_NAME, "label_id", G_TYPE_INT,
      detection->label_id, "confidence", G_TYPE_DOUBLE, detection->confidence,
      "x_min", G_TYPE_DOUBLE, CLAMP (x_min, 0.0, 1.0), "x_max", G_TYPE_DOUBLE,
      CLAMP (x_max, 0.0, 1.0), "y_min", G_TYPE_DOUBLE, CLAMP (y_min, 0.0, 1.0),
      "y_max", G_TYPE_DOUBLE, CLAMP (y_max, 0.0, 1.0), NULL);
}

static GstVideoRegionOfInterestMeta *
next_region (GstBuffer *buffer, gpointer *state)
{
  return (GstVideoRegionOfInterestMeta *) gst_buffer_iterate_meta_filtered (
      buffer, state, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE);
}

/* at least 0, which stands for no id and for no parent */
static gint
get_highest_region_id (GstBuffer *buffer)
{
  const GstVideoRegionOfInterestMeta *region;
  gpointer state = NULL;
  gint highest = 0;

  while ((region = next_region (buffer, &state)))
    highest = MAX (highest, region->id);
  return highest;
}

/* the first id from @id on that no region has; @highest is known to be the
 * last that may be taken */
static gint
find_free_id (GstBuffer *buffer, gint id, gint highest)
{
  while (id <= highest
         && gst_buffer_get_video_region_of_interest_meta_id (buffer, id))
    id++;
  return id;
}

#ifdef HAVE_GST_ANALYTICS
/* Objects are numbered by the relation meta, regions by their elements. An
 * object whose number a region of another element already has would be taken
 * for that region: placeholders without content use up such numbers. */
static void
skip_taken_ids (
    GstBuffer *buffer, GstAnalyticsRelationMeta *relations, gint highest)
{
  static const GstAnalyticsMtdImpl placeholder = { .name = "placeholder" };
  gint next = gst_analytics_relation_get_length (relations);
  gint free_id = find_free_id (buffer, next, highest);

  for (; next < free_id; next++) {
    GstAnalyticsMtd unused;

    gst_analytics_relation_meta_add_mtd (
        relations, &placeholder, sizeof (gpointer), &unused);
  }
}

static gint
add_object (GstAnalyticsRelationMeta *relations, const GstVideoRectangle *box,
    const GstYolov5Detection *detection)
{
  GstAnalyticsODMtd object = {
    0,
  };

  /* No class is related to it: readers disagree on whether that is one class
   * or all the classes there are. */
  gst_analytics_relation_meta_add_od_mtd (relations, detection->label, box->x,
      box->y, box->w, box->h, detection->confidence, &object);
  return object.id;
}
#endif

/**
 * gst_yolov5_detections_attach:
 * @buffer: a writable buffer
 * @info: of the frame in @buffer
 * @detections: (array length=n_detections): in pixels of that frame, with all
 *   fields up to the box set; they get their ids, or -1 where nothing of them
 *   is attached
 * @regions: whether to attach regions of interest
 *
 * Attaches a #GstVideoRegionOfInterestMeta to @buffer for each detection, unless
 * @regions is %FALSE. Its type is the label, its id is unique in @buffer, and
 * its box is that of gst_yolov5_detection_get_pixels(). Its parameter `detection` has
 * `label_id` (int), `confidence`, and `x_min`, `x_max`, `y_min`, `y_max` as
 * parts of the frame's size (all double).
 *
 * Where GStreamer has GstAnalytics there is a #GstAnalyticsODMtd with the same
 * id, label, pixels and confidence, too.
 */
void
gst_yolov5_detections_attach (GstBuffer *buffer, const GstVideoInfo *info,
    GstYolov5Detection *detections, guint n_detections, gboolean regions)
{
  gint highest_id;
#ifdef HAVE_GST_ANALYTICS
  GstAnalyticsRelationMetaInitParams sizes = {
    .initial_relation_order = n_detections,
    .initial_buf_size = (gsize) n_detections * OBJECT_SIZE,
  };
  GstAnalyticsRelationMeta *relations;
#else
  gint last_id = 0;
#endif

  g_return_if_fail (gst_buffer_is_writable (buffer));

  for (guint i = 0; i < n_detections; i++)
    detections[i].id = detections[i].mark = -1;
#ifndef HAVE_GST_ANALYTICS
  if (!regions)
    return;
#endif
  if (n_detections == 0)
    return;
  highest_id = get_highest_region_id (buffer);
#ifdef HAVE_GST_ANALYTICS
  relations = gst_buffer_add_analytics_relation_meta_full (buffer, &sizes);
#endif

  for (guint i = 0; i < n_detections; i++) {
    GstYolov5Detection *detection = &detections[i];
    GstVideoRegionOfInterestMeta *region;
    GstVideoRectangle box;

    gst_yolov5_detection_get_pixels (detection, info, &box);

#ifdef HAVE_GST_ANALYTICS
    skip_taken_ids (buffer, relations, highest_id);
    detection->id = add_object (relations, &box, detection);
#else
    detection->id = last_id = find_free_id (buffer, last_id + 1, highest_id);
#endif
    if (!regions)
      continue;
    region = gst_buffer_add_video_region_of_interest_meta_id (
        buffer, detection->label, box.x, box.y, box.w, box.h);
    region->id = detection->id;
    gst_video_region_of_interest_meta_add_param (
        region, new_param (info, detection));
  }
}

/* Elements that scale drop parameters, and the normalised box in them would no
 * longer be right after cropping: pixels are what holds. */
static GstYolov5Detection
read_region (GstVideoRegionOfInterestMeta *region)
{
  GstStructure *param =
      gst_video_region_of_interest_meta_get_param (region, PARAM_NAME);
  GstYolov5Detection detection = {
    .label = region->roi_type,
    .label_id = -1,
    .confidence = -1,
    .x = region->x,
    .y = region->y,
    .width = region->w,
    .height = region->h,
    .id = region->id,
    .mark = -1,
  };

  if (param) {
    gst_structure_get_int (param, "label_id", &detection.label_id);
    gst_structure_get_double (param, "confidence", &detection.confidence);
  }
  return detection;
}

#ifndef HAVE_GST_ANALYTICS
static gboolean
has_numbers (const GstYolov5Detection *detection)
{
  return detection->label_id >= 0 || detection->confidence >= 0.0;
}

static void
copy_numbers (GstYolov5Detection *self, const GstYolov5Detection *other)
{
  self->label_id = other->label_id;
  self->confidence = other->confidence;
}

/* Before GStreamer 1.22 videoscale leaves the region of the unscaled frame
 * beside the scaled one, which comes first or last and has lost its numbers. Of
 * two of the same id and label that one counts, or else the later. */
static void
add_or_replace (
    GArray *detections, guint first, const GstYolov5Detection *detection)
{
  guint i;

  for (i = first; i < detections->len && detection->id != 0; i++) {
    GstYolov5Detection *twin =
        &g_array_index (detections, GstYolov5Detection, i);
    GstYolov5Detection before = *twin;

    if (twin->id != detection->id || twin->label != detection->label)
      continue;
    if (has_numbers (detection) && !has_numbers (twin)) {
      copy_numbers (twin, detection);
    } else {
      *twin = *detection;
      if (!has_numbers (detection))
        copy_numbers (twin, &before);
    }
    return;
  }
  g_array_append_vals (detections, detection, 1);
}
#endif

#ifdef HAVE_GST_ANALYTICS
/* Whether @region and an object stand for the same thing: elements that set no
 * id leave 0, so that an equal id alone says little. */
static gboolean
match_object (GstAnalyticsRelationMeta *relations,
    const GstVideoRegionOfInterestMeta *region, GstAnalyticsODMtd *object)
{
  GQuark type;

  if (region->id < 0
      || (gsize) region->id >= gst_analytics_relation_get_length (relations)
      || !gst_analytics_relation_meta_get_od_mtd (
          relations, region->id, object))
    return FALSE;
  type = gst_analytics_od_mtd_get_obj_type (object);
  return type == region->roi_type || type == 0 || region->roi_type == 0;
}

static GstYolov5Detection
read_object (GstAnalyticsODMtd *object)
{
  GstYolov5Detection detection = {
    .label_id = -1, .confidence = -1, .id = object->id, .mark = -1
  };
  gint x, y, width, height;
  gfloat confidence;

  detection.label = gst_analytics_od_mtd_get_obj_type (object);
  if (gst_analytics_od_mtd_get_location (
          object, &x, &y, &width, &height, &confidence)) {
    detection.confidence = confidence;
    detection.x = x;
    detection.y = y;
    detection.width = width;
    detection.height = height;
  }
  return detection;
}

static void
collect_with_objects (
    GstBuffer *buffer, GstAnalyticsRelationMeta *relations, GArray *detections)
{
  gsize n = gst_analytics_relation_get_length (relations);
  g_autofree gboolean *matched = g_new0 (gboolean, n);
  GstVideoRegionOfInterestMeta *region;
  GstAnalyticsODMtd object;
  gpointer state = NULL;

  while ((region = next_region (buffer, &state))) {
    GstYolov5Detection detection = read_region (region);

    if (match_object (relations, region, &object) && !matched[object.id]) {
      GstYolov5Detection other = read_object (&object);

      matched[object.id] = TRUE;
      detection.confidence = other.confidence;
      if (detection.label == 0)
        detection.label = other.label;
    }
    g_array_append_val (detections, detection);
  }

  state = NULL;
  while (gst_analytics_relation_meta_iterate (
      relations, &state, gst_analytics_od_mtd_get_mtd_type (), &object)) {
    if (!matched[object.id]) {
      GstYolov5Detection detection = read_object (&object);

      g_array_append_val (detections, detection);
    }
  }
}
#endif

static void
collect_metas (GstBuffer *buffer, GArray *detections)
{
  GstVideoRegionOfInterestMeta *region;
  gpointer state = NULL;
#ifdef HAVE_GST_ANALYTICS
  GstAnalyticsRelationMeta *relations =
      gst_buffer_get_analytics_relation_meta (buffer);

  if (relations) {
    collect_with_objects (buffer, relations, detections);
    return;
  }
#else
  guint first = detections->len;
#endif

  while ((region = next_region (buffer, &state))) {
    GstYolov5Detection detection = read_region (region);

#ifdef HAVE_GST_ANALYTICS
    g_array_append_val (detections, detection);
#else
    add_or_replace (detections, first, &detection);
#endif
  }
}

/**
 * gst_yolov5_detections_collect:
 * @buffer: a buffer
 * @detections: (element-type GstYolov5Detection): where to append
 *
 * Collects what any element attached: regions of interest and, where GStreamer
 * has GstAnalytics, object detections. Boxes are those of the metadata's pixel
 * fields, which may reach beyond the frame when another element attached them.
 * A region and an object detection of the same id and label are one detection;
 * its confidence is the object's, for a region loses its own on scaling. What
 * conversions have dropped is taken from the marks of inference. The label may
 * be 0.
 */
void
gst_yolov5_detections_collect (GstBuffer *buffer, GArray *detections)
{
  guint first = detections->len;
  GstYolov5Inference inference;
  gpointer state = NULL;
  gint mark;

  collect_metas (buffer, detections);
  for (mark = 0; gst_yolov5_inference_iterate (buffer, &state, &inference);
       mark++)
    gst_yolov5_inference_restore (&inference, mark,
        (GstYolov5Detection *) detections->data + first,
        detections->len - first);
}
