/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "rig.h"

MetadataRig rig;

void
metadata_rig_set_up (void)
{
  gst_video_info_set_format (&rig.info, GST_VIDEO_FORMAT_RGB, WIDTH, HEIGHT);
  rig.buffer =
      gst_buffer_new_allocate (NULL, GST_VIDEO_INFO_SIZE (&rig.info), NULL);
  gst_buffer_memset (rig.buffer, 0, 0, GST_VIDEO_INFO_SIZE (&rig.info));
  rig.detections = g_array_new (FALSE, FALSE, sizeof (GstYolov5Detection));
}

void
metadata_rig_tear_down (void)
{
  gst_clear_buffer (&rig.buffer);
  g_array_free (rig.detections, TRUE);
}

GstYolov5Detection
new_detection (
    const gchar *label, gdouble x, gdouble y, gdouble width, gdouble height)
{
  return (GstYolov5Detection){ g_quark_from_string (label), 3, 0.75, x, y,
    width, height };
}

GstVideoRegionOfInterestMeta *
get_region (guint index)
{
  GstMeta *meta = NULL;
  gpointer state = NULL;

  for (guint i = 0; i <= index; i++)
    meta = gst_buffer_iterate_meta_filtered (
        rig.buffer, &state, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE);
  return (GstVideoRegionOfInterestMeta *) meta;
}

void
check_detection (guint index, const gchar *label, gint label_id,
    gdouble confidence, gint x, gint y, gint width, gint height)
{
  const GstYolov5Detection *d;

  fail_unless (index < rig.detections->len);
  d = &g_array_index (rig.detections, GstYolov5Detection, index);
  fail_unless_equals_string (g_quark_to_string (d->label), label);
  fail_unless_equals_int (d->label_id, label_id);
  fail_unless_equals_float (d->confidence, confidence);
  fail_unless_equals_float (d->x, x);
  fail_unless_equals_float (d->y, y);
  fail_unless_equals_float (d->width, width);
  fail_unless_equals_float (d->height, height);
}
