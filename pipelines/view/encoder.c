/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Elements without a pipeline: what is pushed into the first comes out of the
 * last before the push returns, so a picture cannot be taken for another
 * frame's, and no thread is in between. */

#include "encoder.h"

#include <gst/video/video.h>

struct ViewEncoder {
  gint max_width, quality;
  /* made anew for each format of frames: it is rare that one changes, and
   * elements that are half through a change refuse frames */
  GstElement *bin;
  GstPad *inlet, *outlet;
  GstCaps *caps;
  GstVideoInfo info;
  guint64 n_pushed;
  GstBuffer *encoded;
};

static GstFlowReturn
on_encoded (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  ViewEncoder *self = gst_pad_get_element_private (pad);

  gst_clear_buffer (&self->encoded);
  self->encoded = buffer;
  return GST_FLOW_OK;
}

static gboolean
on_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  gst_event_unref (event);
  return TRUE;
}

static void
link_pads (ViewEncoder *self)
{
  GstElement *first = gst_bin_get_by_name (GST_BIN (self->bin), "scale");
  GstElement *last = gst_bin_get_by_name (GST_BIN (self->bin), "encoder");
  GstPad *sink = gst_element_get_static_pad (first, "sink");
  GstPad *source = gst_element_get_static_pad (last, "src");

  self->inlet = gst_pad_new ("inlet", GST_PAD_SRC);
  self->outlet = gst_pad_new ("outlet", GST_PAD_SINK);
  gst_pad_set_element_private (self->outlet, self);
  gst_pad_set_chain_function (self->outlet, on_encoded);
  gst_pad_set_event_function (self->outlet, on_event);
  gst_pad_link (self->inlet, sink);
  gst_pad_link (source, self->outlet);
  gst_pad_set_active (self->outlet, TRUE);
  gst_pad_set_active (self->inlet, TRUE);
  gst_object_unref (sink);
  gst_object_unref (source);
  gst_object_unref (first);
  gst_object_unref (last);
}

static gboolean
make_elements (ViewEncoder *self, GError **error)
{
  g_autofree gchar *description = g_strdup_printf (
      "videoscale name=scale ! videoconvert ! capsfilter name=format "
      "! jpegenc name=encoder quality=%d",
      self->quality);
  GstElement *bin = gst_parse_bin_from_description_full (
      description, FALSE, NULL, GST_PARSE_FLAG_FATAL_ERRORS, error);

  if (bin == NULL)
    return FALSE;
  self->bin = gst_object_ref_sink (bin);
  link_pads (self);
  gst_element_set_state (self->bin, GST_STATE_PLAYING);
  return TRUE;
}

static void
drop_elements (ViewEncoder *self)
{
  if (self->bin == NULL)
    return;
  gst_pad_set_active (self->inlet, FALSE);
  gst_element_set_state (self->bin, GST_STATE_NULL);
  gst_pad_set_active (self->outlet, FALSE);
  gst_clear_object (&self->bin);
  gst_clear_object (&self->inlet);
  gst_clear_object (&self->outlet);
  gst_clear_buffer (&self->encoded);
  gst_clear_caps (&self->caps);
}

/**
 * view_encoder_new:
 * @max_width: wider frames are scaled down to this
 * @quality: of jpegenc
 * @error: return location
 *
 * Returns: (transfer full) (nullable): an encoder
 */
ViewEncoder *
view_encoder_new (gint max_width, gint quality, GError **error)
{
  ViewEncoder *self = g_new0 (ViewEncoder, 1);

  self->max_width = max_width;
  self->quality = quality;
  /* what is not installed is said at once */
  if (!make_elements (self, error))
    g_clear_pointer (&self, g_free);
  return self;
}

void
view_encoder_free (ViewEncoder *self)
{
  drop_elements (self);
  g_free (self);
}

/* Square pixels, as a browser shows nothing else. jpegenc takes levels of YUV as
 * they are, and videoconvert does not change their range where the format stays
 * the same, so that pictures would look pale: libjpeg makes them of RGB. */
static void
set_format (ViewEncoder *self)
{
  const GstVideoInfo *info = &self->info;
  gint width = (gint) MAX (gst_util_uint64_scale_int_round (
                               info->width, info->par_n, MAX (info->par_d, 1)),
      1);
  gint height = info->height;
  GstElement *format = gst_bin_get_by_name (GST_BIN (self->bin), "format");
  GstCaps *caps;

  if (width > self->max_width) {
    height = (gint) MAX (
        gst_util_uint64_scale_int_round (height, self->max_width, width), 1);
    width = self->max_width;
  }
  caps = gst_caps_new_simple ("video/x-raw", "format", G_TYPE_STRING, "BGRx",
      "width", G_TYPE_INT, width, "height", G_TYPE_INT, height,
      "pixel-aspect-ratio", GST_TYPE_FRACTION, 1, 1, NULL);
  g_object_set (format, "caps", caps, NULL);
  gst_caps_unref (caps);
  gst_object_unref (format);
}

static gboolean
take_caps (ViewEncoder *self, GstCaps *caps, GError **error)
{
  GstSegment segment;

  if (self->caps != NULL && gst_caps_is_equal (self->caps, caps))
    return TRUE;
  if (self->caps != NULL)
    drop_elements (self);
  if (!gst_video_info_from_caps (&self->info, caps)
      || (self->bin == NULL && !make_elements (self, error)))
    return FALSE;
  gst_caps_replace (&self->caps, caps);
  set_format (self);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  return gst_pad_push_event (
             self->inlet, gst_event_new_stream_start ("yolov5dpu-view"))
         && gst_pad_push_event (self->inlet, gst_event_new_caps (caps))
         && gst_pad_push_event (self->inlet, gst_event_new_segment (&segment));
}

/* the pixels without what is attached to them */
static GstBuffer *
copy_pixels (ViewEncoder *self, GstBuffer *frame)
{
  GstBuffer *buffer = gst_buffer_new ();
  GstVideoMeta *meta = gst_buffer_get_video_meta (frame);

  gst_buffer_copy_into (buffer, frame, GST_BUFFER_COPY_MEMORY, 0, -1);
  if (meta != NULL)
    gst_buffer_add_video_meta_full (buffer, meta->flags, meta->format,
        meta->width, meta->height, meta->n_planes, meta->offset, meta->stride);
  GST_BUFFER_PTS (buffer) = self->n_pushed++ * GST_MSECOND;
  return buffer;
}

static GBytes *
to_bytes (GstBuffer *buffer)
{
  gpointer data;
  gsize size;

  gst_buffer_extract_dup (buffer, 0, -1, &data, &size);
  return g_bytes_new_take (data, size);
}

/**
 * view_encoder_encode:
 * @self: an encoder
 * @sample: a frame of raw video
 * @error: return location
 *
 * Returns: (transfer full) (nullable): the JPEG
 */
GBytes *
view_encoder_encode (ViewEncoder *self, GstSample *sample, GError **error)
{
  GstFlowReturn flow = GST_FLOW_NOT_NEGOTIATED;
  GBytes *bytes;

  if (take_caps (self, gst_sample_get_caps (sample), error))
    flow = gst_pad_push (
        self->inlet, copy_pixels (self, gst_sample_get_buffer (sample)));
  if (flow != GST_FLOW_OK || self->encoded == NULL) {
    g_autofree gchar *caps = gst_caps_to_string (gst_sample_get_caps (sample));

    if (error != NULL && *error == NULL)
      g_set_error (error, GST_STREAM_ERROR, GST_STREAM_ERROR_ENCODE,
          "A frame cannot be made a JPEG (%s): %s", gst_flow_get_name (flow),
          caps);
    return NULL;
  }
  bytes = to_bytes (self->encoded);
  gst_clear_buffer (&self->encoded);
  return bytes;
}
