/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Ids go where DL Streamer's tracker writes and its readers look for them: into
 * a parameter of the region of interest and, with GstAnalytics, into tracking
 * data related to the object. Conversions drop parameters; a custom meta, which
 * came with GStreamer 1.20, survives them. */

#include "tracks.h"

#include "lists.h"

#ifdef HAVE_GST_ANALYTICS
#include <gst/analytics/analytics.h>
#endif

#define PARAM_NAME "object_id"

/* One element for each detection with an id. Regions are found again by their
 * ids and labels. */
#define FIELD_REGION_IDS "region-ids"
#define FIELD_LABELS "labels"
#define FIELD_LABEL_IDS "label-ids"
#define FIELD_CONFIDENCES "confidences"
#define FIELD_IDS "track-ids"
#define FIELD_PREDICTED "predicted"
#define FIELD_AGES "ages"
#define FIELD_TRACK_LABELS "track-labels"

/**
 * gst_yolov5_tracks_register:
 *
 * Makes the meta known to GStreamer, once for all. Elements call it before
 * they attach or collect; any thread may.
 */
void
gst_yolov5_tracks_register (void)
{
#if GST_CHECK_VERSION(1, 20, 0)
  static gsize registered = 0;

  if (g_once_init_enter (&registered)) {
    /* no tags: whatever an element does to the picture, objects stay the same */
    static const gchar *tags[] = { NULL };

    if (!gst_meta_get_info (GST_YOLOV5_TRACKS_META_NAME))
      gst_meta_register_custom (
          GST_YOLOV5_TRACKS_META_NAME, tags, NULL, NULL, NULL);
    g_once_init_leave (&registered, 1);
  }
#endif
}

static GstVideoRegionOfInterestMeta *
next_region (GstBuffer *buffer, gpointer *state)
{
  return (GstVideoRegionOfInterestMeta *) gst_buffer_iterate_meta_filtered (
      buffer, state, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE);
}

/* of each detection, %NULL where it has none; those of most frames need no memory
 * but this */
typedef struct {
  GstVideoRegionOfInterestMeta *few[64];
  GstVideoRegionOfInterestMeta **many;
} Regions;

/* Regions come in the order of the detections that were collected from them or
 * that they were attached for, so that those with equal ids are told apart. */
static GstVideoRegionOfInterestMeta **
regions_find (Regions *self, GstBuffer *buffer,
    const GstYolov5Detection *detections, guint n_detections)
{
  GstVideoRegionOfInterestMeta **regions = self->few;
  GstVideoRegionOfInterestMeta *region;
  gpointer state = NULL;
  guint place = 0;

  self->many = NULL;
  if (n_detections > G_N_ELEMENTS (self->few))
    regions = self->many = g_new (GstVideoRegionOfInterestMeta *, n_detections);
  for (guint i = 0; i < n_detections; i++)
    regions[i] = NULL;
  while ((region = next_region (buffer, &state))) {
    for (guint i = 0; i < n_detections; i++) {
      guint index = (place + i) % n_detections;

      if (regions[index] || region->id != detections[index].id
          || (region->roi_type != detections[index].label
              && region->roi_type != 0))
        continue;
      regions[index] = region;
      place = index + 1;
      break;
    }
  }
  return regions;
}

/* Whether another region might be taken for it. Without GstAnalytics no object has
 * the number 0, and before GStreamer 1.22 videoscale leaves a twin of each. */
static gboolean
is_ambiguous (
    const GstYolov5Detection *detections, guint n_detections, guint index)
{
#ifndef HAVE_GST_ANALYTICS
  if (detections[index].id == 0)
    return TRUE;
#endif
  for (guint i = 0; i < n_detections; i++)
    if (i != index && detections[i].id == detections[index].id
        && detections[i].label == detections[index].label)
      return TRUE;
  return FALSE;
}

/* Elements that set no ids leave 0. Behind a conversion nothing else would tell
 * their regions apart. */
static void
set_missing_ids (GstBuffer *buffer, GstVideoRegionOfInterestMeta **regions,
    GstYolov5Detection *detections, const GstYolov5TrackedObject *tracks,
    guint n_detections)
{
  gint highest = 0;
#ifdef HAVE_GST_ANALYTICS
  GstAnalyticsRelationMeta *relations =
      gst_buffer_get_analytics_relation_meta (buffer);

  if (relations)
    highest = gst_analytics_relation_get_length (relations);
#endif

  for (guint i = 0; i < n_detections; i++)
    highest = MAX (highest, detections[i].id);
  for (guint i = 0; i < n_detections && highest < G_MAXINT; i++)
    if (tracks[i].id != 0 && regions[i]
        && is_ambiguous (detections, n_detections, i))
      regions[i]->id = detections[i].id = ++highest;
}

static void
add_param (
    GstVideoRegionOfInterestMeta *region, const GstYolov5TrackedObject *track)
{
  /* readers insist on an int */
  GstStructure *param = gst_structure_new (
      PARAM_NAME, "id", G_TYPE_INT, (gint) (track->id & G_MAXINT), NULL);

  if (track->is_predicted)
    gst_structure_set (param, "predicted", G_TYPE_BOOLEAN, TRUE, NULL);
  gst_video_region_of_interest_meta_add_param (region, param);
}

#ifdef HAVE_GST_ANALYTICS
static void
relate_track (GstBuffer *buffer, GstAnalyticsRelationMeta *relations,
    const GstYolov5Detection *detection, const GstYolov5TrackedObject *track)
{
  GstClockTime now = GST_BUFFER_PTS (buffer);
  GstClockTime first_seen = GST_CLOCK_TIME_NONE;
  GstAnalyticsTrackingMtd tracking;
  GstAnalyticsODMtd object;

  if (!relations || detection->id < 0
      || !gst_analytics_relation_meta_get_od_mtd (
          relations, detection->id, &object))
    return;
  if (GST_CLOCK_TIME_IS_VALID (now))
    first_seen = now - MIN (now, track->age);
  if (!gst_analytics_relation_meta_add_tracking_mtd (
          relations, track->id, first_seen, &tracking))
    return;
  if (!track->is_predicted)
    gst_analytics_tracking_mtd_update_last_seen (&tracking, now);
  gst_analytics_relation_meta_set_relation (
      relations, GST_ANALYTICS_REL_TYPE_RELATE_TO, object.id, tracking.id);
}
#endif

#if GST_CHECK_VERSION(1, 20, 0)

static void
attach_mark (GstBuffer *buffer, const GstYolov5Detection *detections,
    const GstYolov5TrackedObject *tracks, guint n_detections)
{
  static const gchar *fields[] = { FIELD_REGION_IDS, FIELD_LABELS,
    FIELD_LABEL_IDS, FIELD_CONFIDENCES, FIELD_IDS, FIELD_PREDICTED, FIELD_AGES,
    FIELD_TRACK_LABELS };
  GValue lists[G_N_ELEMENTS (fields)] = { G_VALUE_INIT };
  GstCustomMeta *meta =
      gst_buffer_add_custom_meta (buffer, GST_YOLOV5_TRACKS_META_NAME);
  GstStructure *structure;

  g_return_if_fail (meta != NULL);

  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    gst_value_array_init (&lists[i], n_detections);
  for (guint i = 0; i < n_detections; i++) {
    if (tracks[i].id == 0)
      continue;
    gst_yolov5_list_append_int (&lists[0], detections[i].id);
    gst_yolov5_list_append_label (&lists[1], detections[i].label);
    gst_yolov5_list_append_int (&lists[2], detections[i].label_id);
    gst_yolov5_list_append_double (&lists[3], detections[i].confidence);
    gst_yolov5_list_append_uint64 (&lists[4], tracks[i].id);
    gst_yolov5_list_append_boolean (&lists[5], tracks[i].is_predicted);
    gst_yolov5_list_append_uint64 (&lists[6], tracks[i].age);
    gst_yolov5_list_append_label (&lists[7], tracks[i].label);
  }

  structure = gst_custom_meta_get_structure (meta);
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    gst_structure_take_value (structure, fields[i], &lists[i]);
}
#endif

/**
 * gst_yolov5_tracks_attach:
 * @buffer: a writable buffer
 * @detections: (array length=n_detections): all that were collected from it,
 *   with those that were attached since behind them; where only their order
 *   told two apart, they and their regions get new ids
 * @tracks: (array length=n_detections): of each detection; those without an id
 *   are left alone
 *
 * Attaches the parameter `object_id` with `id` (int) and, where it is so,
 * `predicted` (boolean) to the regions of interest. Where GStreamer has
 * GstAnalytics, a #GstAnalyticsTrackingMtd is related to their objects.
 *
 * All of it is also in a #GstCustomMeta `yolov5dpu-tracks`, whose fields are
 * arrays with an element for each: `region-ids` (int), `labels` (string),
 * `label-ids` (int) and `confidences` (double) of the detections, `track-ids`
 * (uint64), `predicted` (boolean), `ages` (uint64, nanoseconds), and
 * `track-labels` (string).
 */
void
gst_yolov5_tracks_attach (GstBuffer *buffer, GstYolov5Detection *detections,
    const GstYolov5TrackedObject *tracks, guint n_detections)
{
  Regions found;
  GstVideoRegionOfInterestMeta **regions;
#ifdef HAVE_GST_ANALYTICS
  GstAnalyticsRelationMeta *relations =
      gst_buffer_get_analytics_relation_meta (buffer);
#endif

  g_return_if_fail (gst_buffer_is_writable (buffer));

  regions = regions_find (&found, buffer, detections, n_detections);
  set_missing_ids (buffer, regions, detections, tracks, n_detections);
  for (guint i = 0; i < n_detections; i++) {
    if (tracks[i].id == 0)
      continue;
    if (regions[i])
      add_param (regions[i], &tracks[i]);
#ifdef HAVE_GST_ANALYTICS
    relate_track (buffer, relations, &detections[i], &tracks[i]);
#endif
  }
#if GST_CHECK_VERSION(1, 20, 0)
  attach_mark (buffer, detections, tracks, n_detections);
#endif
  g_free (found.many);
}

#if GST_CHECK_VERSION(1, 20, 0)
static void
read_mark (const GstStructure *structure, GstYolov5Detection *detections,
    GstYolov5TrackedObject *tracks, guint n_detections)
{
  guint place = 0;

  for (guint i = 0; i < n_detections; i++) {
    GstYolov5Detection *detection = &detections[i];

    if (tracks[i].id != 0
        || !gst_yolov5_list_find (structure, FIELD_REGION_IDS, FIELD_LABELS,
            detection->id, detection->label, &place))
      continue;
    tracks[i] = (GstYolov5TrackedObject){
      .id = gst_yolov5_list_get_uint64 (structure, FIELD_IDS, place),
      .is_predicted =
          gst_yolov5_list_get_boolean (structure, FIELD_PREDICTED, place),
      .age = gst_yolov5_list_get_uint64 (structure, FIELD_AGES, place),
      .label = g_quark_from_string (
          gst_yolov5_list_get_label (structure, FIELD_TRACK_LABELS, place)),
    };
    if (detection->label_id < 0)
      detection->label_id =
          gst_yolov5_list_get_int (structure, FIELD_LABEL_IDS, place);
    if (!(detection->confidence >= 0.0))
      detection->confidence =
          gst_yolov5_list_get_double (structure, FIELD_CONFIDENCES, place);
    place++;
  }
}

static void
read_marks (GstBuffer *buffer, GstYolov5Detection *detections,
    GstYolov5TrackedObject *tracks, guint n_detections)
{
  gpointer state = NULL;
  GstMeta *meta;

  while ((meta = gst_buffer_iterate_meta (buffer, &state))) {
    GstCustomMeta *custom = (GstCustomMeta *) meta;

    if (gst_meta_info_is_custom (meta->info)
        && gst_custom_meta_has_name (custom, GST_YOLOV5_TRACKS_META_NAME))
      read_mark (gst_custom_meta_get_structure (custom), detections, tracks,
          n_detections);
  }
}
#endif

/* what other trackers attach as well */
static void
read_param (GstVideoRegionOfInterestMeta *region, GQuark label,
    GstYolov5TrackedObject *track)
{
  GstStructure *param =
      gst_video_region_of_interest_meta_get_param (region, PARAM_NAME);
  gboolean is_predicted = FALSE;
  gint id;

  if (!param || !gst_structure_get_int (param, "id", &id) || id <= 0)
    return;
  gst_structure_get_boolean (param, "predicted", &is_predicted);
  *track =
      (GstYolov5TrackedObject){ id, is_predicted, GST_CLOCK_TIME_NONE, label };
}

/**
 * gst_yolov5_tracks_collect:
 * @buffer: a buffer
 * @detections: (array length=n_detections): as collected from it; what
 *   conversions have dropped of those with an id is set again
 * @tracks: (out caller-allocates) (array length=n_detections): the object that
 *   each of them is
 *
 * Finds what trackers attached, those of other plug-ins, too.
 */
void
gst_yolov5_tracks_collect (GstBuffer *buffer, GstYolov5Detection *detections,
    GstYolov5TrackedObject *tracks, guint n_detections)
{
  Regions found;
  GstVideoRegionOfInterestMeta **regions =
      regions_find (&found, buffer, detections, n_detections);

  for (guint i = 0; i < n_detections; i++)
    tracks[i] = (GstYolov5TrackedObject){ 0, FALSE, GST_CLOCK_TIME_NONE, 0 };
#if GST_CHECK_VERSION(1, 20, 0)
  read_marks (buffer, detections, tracks, n_detections);
#endif
  for (guint i = 0; i < n_detections; i++)
    if (tracks[i].id == 0 && regions[i])
      read_param (regions[i], detections[i].label, &tracks[i]);
  g_free (found.many);
}
