/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "rig.h"

/* a frame without content: nobody reads it */
GstBuffer *
rig_new_frame (guint number)
{
  GstBuffer *buffer = gst_buffer_new ();

  GST_BUFFER_PTS (buffer) = number * RIG_FRAME_TIME;
  GST_BUFFER_DURATION (buffer) = RIG_FRAME_TIME;
  return buffer;
}

/* as yolov5dpu does; @boxes may be NULL */
void
rig_look (GstBuffer *buffer, const gchar *detector, GstClockTime lag,
    const RigBox *boxes)
{
  g_autoptr (GArray) detections =
      g_array_new (FALSE, FALSE, sizeof (GstYolov5Detection));
  GstYolov5Inference inference = {
    .element = detector, .path = detector, .lag = lag
  };
  GstVideoInfo info;

  for (; boxes && boxes->label; boxes++) {
    GstYolov5Detection detection = {
      .label = g_quark_from_string (boxes->label),
      .label_id = 7,
      .confidence = boxes->confidence,
      .x = boxes->x,
      .y = boxes->y,
      .width = boxes->width,
      .height = boxes->height,
    };

    g_array_append_val (detections, detection);
  }
  gst_video_info_set_format (
      &info, GST_VIDEO_FORMAT_NV12, RIG_WIDTH, RIG_HEIGHT);
  inference.n_detections = detections->len;
  gst_yolov5_detections_attach (buffer, &info,
      (GstYolov5Detection *) detections->data, detections->len, TRUE);
  gst_yolov5_inference_register ();
  gst_yolov5_inference_attach (buffer, &inference,
      (GstYolov5Detection *) detections->data, detections->len);
}

/* as elements of others do: no mark, no ids */
void
rig_attach_foreign (GstBuffer *buffer, const RigBox *boxes)
{
  for (; boxes->label; boxes++) {
    GstVideoRegionOfInterestMeta *region =
        gst_buffer_add_video_region_of_interest_meta (buffer, boxes->label,
            boxes->x, boxes->y, boxes->width, boxes->height);

    gst_video_region_of_interest_meta_add_param (
        region, gst_structure_new ("detection", "label_id", G_TYPE_INT, 3,
                    "confidence", G_TYPE_DOUBLE, boxes->confidence, NULL));
  }
}

/* @buffer: (transfer full) */
RigFrame *
rig_frame_new (GstBuffer *buffer)
{
  RigFrame *self = g_new0 (RigFrame, 1);

  self->buffer = buffer;
  self->detections = g_array_new (FALSE, FALSE, sizeof (GstYolov5Detection));
  self->tracks = g_array_new (FALSE, FALSE, sizeof (GstYolov5TrackedObject));
  gst_yolov5_detections_collect (buffer, self->detections);
  g_array_set_size (self->tracks, self->detections->len);
  gst_yolov5_tracks_collect (buffer,
      (GstYolov5Detection *) self->detections->data,
      (GstYolov5TrackedObject *) self->tracks->data, self->tracks->len);
  return self;
}

void
rig_frame_free (RigFrame *self)
{
  gst_buffer_unref (self->buffer);
  g_array_unref (self->detections);
  g_array_unref (self->tracks);
  g_free (self);
}

guint
rig_frame_get_n (const RigFrame *self)
{
  return self->detections->len;
}

const GstYolov5Detection *
rig_frame_get_detection (const RigFrame *self, guint index)
{
  fail_unless (index < self->detections->len, "there is no detection %u of %u",
      index, self->detections->len);
  return &g_array_index (self->detections, GstYolov5Detection, index);
}

const GstYolov5TrackedObject *
rig_frame_get_track (const RigFrame *self, guint index)
{
  fail_unless (index < self->tracks->len, "there is no detection %u of %u",
      index, self->tracks->len);
  return &g_array_index (self->tracks, GstYolov5TrackedObject, index);
}

guint64
rig_frame_get_id (const RigFrame *self, guint index)
{
  return rig_frame_get_track (self, index)->id;
}

guint
rig_frame_get_n_predicted (const RigFrame *self)
{
  guint n = 0;

  for (guint i = 0; i < self->tracks->len; i++)
    n += rig_frame_get_track (self, i)->is_predicted;
  return n;
}

/* what DL Streamer's readers see: the parameter of the region, or 0 */
gint
rig_frame_get_object_id (const RigFrame *self, guint index)
{
  GstVideoRegionOfInterestMeta *region =
      gst_buffer_get_video_region_of_interest_meta_id (
          self->buffer, rig_frame_get_detection (self, index)->id);
  GstStructure *param;
  gint id;

  fail_unless (region != NULL);
  param = gst_video_region_of_interest_meta_get_param (region, "object_id");
  return param && gst_structure_get_int (param, "id", &id) ? id : 0;
}

RigFrame *
rig_push (GstHarness *h, GstBuffer *buffer)
{
  assert_equals_int (gst_harness_push (h, buffer), GST_FLOW_OK);
  return rig_frame_new (gst_harness_pull (h));
}

/* one person who goes to the right */
RigFrame *
rig_push_walker (GstHarness *h, guint number, gboolean look)
{
  GstBuffer *buffer = rig_new_frame (number);
  RigBox boxes[] = { { "person", 20 + RIG_STEP * number, 100, 40, 100, 0.9 },
    { NULL } };

  if (look)
    rig_look (buffer, "detector", 0, boxes);
  return rig_push (h, buffer);
}

/* Looks at every @interval-th frame.
 *
 * Returns: the id of the person in the last one that was looked at */
guint64
rig_walk (GstHarness *h, guint from, guint to, guint interval)
{
  guint64 id = 0;

  for (guint i = from; i < to; i++) {
    gboolean look = (i - from) % interval == 0;
    g_autoptr (RigFrame) frame = rig_push_walker (h, i, look);

    if (look)
      id = rig_frame_get_id (frame, 0);
  }
  return id;
}

guint64
rig_get_count (GstElement *tracker, const gchar *field)
{
  g_autoptr (GstStructure) stats = NULL;
  guint64 count;

  g_object_get (tracker, "stats", &stats, NULL);
  fail_unless (gst_structure_get_uint64 (stats, field, &count), "no %s in %s",
      field, gst_structure_to_string (stats));
  return count;
}
