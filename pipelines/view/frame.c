/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "frame.h"

#include <gst/video/video.h>

#define MARK "yolov5dpu-inference"
#define TRACKS "yolov5dpu-tracks"
#define ZONES "yolov5dpu-zones"

/* a reference timestamp of this kind says when a frame came to the detector */
static GstCaps *
get_stamp_caps (void)
{
  static gsize caps = 0;

  if (g_once_init_enter (&caps)) {
    GstCaps *made = gst_caps_new_empty_simple ("timestamp/x-yolov5dpu-view");

    GST_MINI_OBJECT_FLAG_SET (made, GST_MINI_OBJECT_FLAG_MAY_BE_LEAKED);
    g_once_init_leave (&caps, (gsize) made);
  }
  return (GstCaps *) caps;
}

/**
 * view_frame_stamp:
 * @buffer: (transfer full): a frame in front of the detector
 * @now: monotonic microseconds
 *
 * Returns: (transfer full): the frame with a note of when it came
 */
GstBuffer *
view_frame_stamp (GstBuffer *buffer, gint64 now)
{
  buffer = gst_buffer_make_writable (buffer);
  gst_buffer_add_reference_timestamp_meta (
      buffer, get_stamp_caps (), now * GST_USECOND, GST_CLOCK_TIME_NONE);
  return buffer;
}

#if GST_CHECK_VERSION(1, 20, 0)
static const GstStructure *
get_custom (GstMeta *meta, const gchar *name)
{
  if (!gst_meta_info_is_custom (meta->info)
      || !gst_custom_meta_has_name ((GstCustomMeta *) meta, name))
    return NULL;
  return gst_custom_meta_get_structure ((GstCustomMeta *) meta);
}

static const GValue *
get_element (const GstStructure *structure, const gchar *field, guint i)
{
  const GValue *array = gst_structure_get_value (structure, field);

  if (array == NULL || !GST_VALUE_HOLDS_ARRAY (array)
      || i >= gst_value_array_get_size (array))
    return NULL;
  return gst_value_array_get_value (array, i);
}

/* where region @id with @label is in the arrays of @structure, or -1 */
static gint
find_region (const GstStructure *structure, gint id, const gchar *label)
{
  const GValue *found, *name;

  for (guint i = 0; (found = get_element (structure, "region-ids", i)); i++) {
    name = get_element (structure, "labels", i);
    if (G_VALUE_HOLDS_INT (found) && g_value_get_int (found) == id
        && name != NULL && G_VALUE_HOLDS_STRING (name)
        && g_strcmp0 (g_value_get_string (name), label) == 0)
      return (gint) i;
  }
  return -1;
}

/* what conversions have taken from the region is in the mark */
static void
complete_from_marks (
    ViewDetection *self, GstBuffer *buffer, const gchar *label, gint region)
{
  gpointer state = NULL;
  GstMeta *meta;

  while ((meta = gst_buffer_iterate_meta (buffer, &state))) {
    const GstStructure *mark = get_custom (meta, MARK);
    const GstStructure *tracks = get_custom (meta, TRACKS);
    const GstStructure *structure = mark != NULL ? mark : tracks;
    const GValue *value;
    gint i = structure != NULL ? find_region (structure, region, label) : -1;

    if (i < 0)
      continue;
    value = get_element (structure, "confidences", i);
    if (self->confidence < 0 && value != NULL && G_VALUE_HOLDS_DOUBLE (value))
      self->confidence = g_value_get_double (value);
    value = get_element (structure, "label-ids", i);
    if (self->label_id < 0 && value != NULL && G_VALUE_HOLDS_INT (value))
      self->label_id = g_value_get_int (value);
    value = tracks != NULL ? get_element (tracks, "track-ids", i) : NULL;
    if (value != NULL && G_VALUE_HOLDS_UINT64 (value))
      self->id = (gint64) g_value_get_uint64 (value);
    value = tracks != NULL ? get_element (tracks, "predicted", i) : NULL;
    if (value != NULL && G_VALUE_HOLDS_BOOLEAN (value))
      self->predicted = g_value_get_boolean (value);
  }
}

static void
read_places (ViewFrame *self, const GstStructure *zones, const gchar *field)
{
  const GValue *place;

  for (guint i = 0; (place = get_element (zones, field, i)); i++)
    if (GST_VALUE_HOLDS_STRUCTURE (place))
      g_ptr_array_add (
          self->places, gst_structure_copy (gst_value_get_structure (place)));
}

static void
read_marks (ViewFrame *self, GstBuffer *buffer)
{
  gpointer state = NULL;
  GstMeta *meta;

  while ((meta = gst_buffer_iterate_meta (buffer, &state))) {
    const GstStructure *mark = get_custom (meta, MARK);
    const GstStructure *zones = get_custom (meta, ZONES);

    if (zones != NULL) {
      read_places (self, zones, "lines");
      read_places (self, zones, "zones");
    }

    if (mark == NULL)
      continue;
    self->inferred = TRUE;
    gst_structure_get_uint64 (mark, "inference-time", &self->inference_time);
    gst_structure_get_uint64 (mark, "lag", &self->lag);
  }
}
#endif

static void
read_region (ViewFrame *self, GstBuffer *buffer,
    const GstVideoRegionOfInterestMeta *region)
{
  GstVideoRegionOfInterestMeta *params = (gpointer) region;
  GstStructure *detection =
      gst_video_region_of_interest_meta_get_param (params, "detection");
  GstStructure *object =
      gst_video_region_of_interest_meta_get_param (params, "object_id");
  ViewDetection found = {
    .label = region->roi_type,
    .label_id = -1,
    .confidence = -1,
    .x = (gint) region->x,
    .y = (gint) region->y,
    .width = (gint) region->w,
    .height = (gint) region->h,
  };
  gint id;

  if (detection != NULL) {
    gst_structure_get_int (detection, "label_id", &found.label_id);
    gst_structure_get_double (detection, "confidence", &found.confidence);
  }
  if (object != NULL && gst_structure_get_int (object, "id", &id)) {
    found.id = id;
    gst_structure_get_boolean (object, "predicted", &found.predicted);
  }
#if GST_CHECK_VERSION(1, 20, 0)
  if (detection == NULL)
    complete_from_marks (
        &found, buffer, g_quark_to_string (region->roi_type), region->id);
#endif
  g_array_append_val (self->detections, found);
}

/**
 * view_frame_new:
 * @camera: number of the camera
 * @number: number of the frame
 * @sample: (transfer none): the frame as it left the last element
 *
 * Returns: (transfer full): the frame with what is known of it
 */
ViewFrame *
view_frame_new (guint camera, guint64 number, GstSample *sample)
{
  ViewFrame *self = g_new0 (ViewFrame, 1);
  GstBuffer *buffer = gst_sample_get_buffer (sample);
  GstReferenceTimestampMeta *stamp =
      gst_buffer_get_reference_timestamp_meta (buffer, get_stamp_caps ());
  gpointer state = NULL;
  GstMeta *meta;
  GstVideoInfo info;

  self->ref_count = 1;
  self->camera = camera;
  self->number = number;
  self->pts = GST_BUFFER_PTS (buffer);
  self->arrived = stamp != NULL ? (gint64) (stamp->timestamp / GST_USECOND)
                                : g_get_monotonic_time ();
  /* appsink goes on to use its own, and takes it for its alone */
  self->picture =
      gst_sample_new (buffer, gst_sample_get_caps (sample), NULL, NULL);
  self->detections = g_array_new (FALSE, FALSE, sizeof (ViewDetection));
  self->places =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_structure_free);
  if (gst_video_info_from_caps (&info, gst_sample_get_caps (sample))) {
    self->width = GST_VIDEO_INFO_WIDTH (&info);
    self->height = GST_VIDEO_INFO_HEIGHT (&info);
  }
#if GST_CHECK_VERSION(1, 20, 0)
  read_marks (self, buffer);
#else
  self->inferred = TRUE;
#endif
  while ((meta = gst_buffer_iterate_meta_filtered (
              buffer, &state, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE)))
    read_region (self, buffer, (GstVideoRegionOfInterestMeta *) meta);
  return self;
}

ViewFrame *
view_frame_ref (ViewFrame *self)
{
  g_atomic_int_inc (&self->ref_count);
  return self;
}

void
view_frame_unref (ViewFrame *self)
{
  if (!g_atomic_int_dec_and_test (&self->ref_count))
    return;
  g_array_unref (self->detections);
  g_ptr_array_unref (self->places);
  gst_sample_unref (self->picture);
  g_free (self);
}

static void
add_detection (const ViewDetection *self, JsonBuilder *builder)
{
  /* what an element attached is not UTF-8 for certain */
  g_autofree gchar *label =
      g_utf8_make_valid (g_quark_to_string (self->label), -1);

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "label");
  json_builder_add_string_value (builder, label);
  if (self->label_id >= 0) {
    json_builder_set_member_name (builder, "label_id");
    json_builder_add_int_value (builder, self->label_id);
  }
  if (self->confidence >= 0) {
    json_builder_set_member_name (builder, "confidence");
    json_builder_add_double_value (builder, self->confidence);
  }
  json_builder_set_member_name (builder, "x");
  json_builder_add_int_value (builder, self->x);
  json_builder_set_member_name (builder, "y");
  json_builder_add_int_value (builder, self->y);
  json_builder_set_member_name (builder, "width");
  json_builder_add_int_value (builder, self->width);
  json_builder_set_member_name (builder, "height");
  json_builder_add_int_value (builder, self->height);
  if (self->id > 0) {
    json_builder_set_member_name (builder, "id");
    json_builder_add_int_value (builder, self->id);
    json_builder_set_member_name (builder, "predicted");
    json_builder_add_boolean_value (builder, self->predicted);
  }
  json_builder_end_object (builder);
}

/* a line or a zone: where it is, in parts of the frame, and its counts */
static void
add_place (const GstStructure *self, JsonBuilder *builder)
{
  static const gchar *const counts[] = { "forward", "backward", "inside",
    "entered", "left" };
  const GValue *points = gst_structure_get_value (self, "points");
  const gchar *text = gst_structure_get_string (self, "name");
  g_autofree gchar *name = g_utf8_make_valid (text != NULL ? text : "", -1);

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "kind");
  json_builder_add_string_value (builder, gst_structure_get_name (self));
  json_builder_set_member_name (builder, "name");
  json_builder_add_string_value (builder, name);
  json_builder_set_member_name (builder, "points");
  json_builder_begin_array (builder);
  for (guint i = 0; points != NULL && GST_VALUE_HOLDS_ARRAY (points)
                    && i < gst_value_array_get_size (points);
       i++)
    json_builder_add_double_value (
        builder, g_value_get_double (gst_value_array_get_value (points, i)));
  json_builder_end_array (builder);
  for (guint i = 0; i < G_N_ELEMENTS (counts); i++) {
    guint64 n;

    if (!gst_structure_get_uint64 (self, counts[i], &n))
      continue;
    json_builder_set_member_name (builder, counts[i]);
    json_builder_add_int_value (builder, (gint64) n);
  }
  json_builder_end_object (builder);
}

/**
 * view_frame_add_json:
 * @self: a frame
 * @builder: gets an object that describes it
 */
void
view_frame_add_json (const ViewFrame *self, JsonBuilder *builder)
{
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "camera");
  json_builder_add_int_value (builder, self->camera);
  json_builder_set_member_name (builder, "frame");
  json_builder_add_int_value (builder, (gint64) self->number);
  json_builder_set_member_name (builder, "pts");
  if (GST_CLOCK_TIME_IS_VALID (self->pts))
    json_builder_add_int_value (builder, (gint64) self->pts);
  else
    json_builder_add_null_value (builder);
  json_builder_set_member_name (builder, "width");
  json_builder_add_int_value (builder, self->width);
  json_builder_set_member_name (builder, "height");
  json_builder_add_int_value (builder, self->height);
  json_builder_set_member_name (builder, "inferred");
  json_builder_add_boolean_value (builder, self->inferred);
  if (self->lag > 0) {
    json_builder_set_member_name (builder, "lag");
    json_builder_add_int_value (builder, (gint64) self->lag);
  }
  json_builder_set_member_name (builder, "detections");
  json_builder_begin_array (builder);
  for (guint i = 0; i < self->detections->len; i++)
    add_detection (
        &g_array_index (self->detections, ViewDetection, i), builder);
  json_builder_end_array (builder);
  if (self->places->len > 0) {
    json_builder_set_member_name (builder, "places");
    json_builder_begin_array (builder);
    for (guint i = 0; i < self->places->len; i++)
      add_place (g_ptr_array_index (self->places, i), builder);
    json_builder_end_array (builder);
  }
  json_builder_end_object (builder);
}
