/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Decides for each buffer what is to be seen on it, and whether that goes into
 * the frame or is attached to it. */

/**
 * SECTION:element-yolov5overlay
 * @title: yolov5overlay
 *
 * Draws a box around every object that an element before it found, with the
 * object's name and the confidence, for example "person 87%".
 *
 * It draws every #GstVideoRegionOfInterestMeta on a buffer and, with GStreamer
 * 1.24 or later, every #GstAnalyticsODMtd, whichever element attached them, in
 * one colour per class. Labels are placed so that none covers another. It works
 * in the frame's own format, so the video is never converted, and costs only as
 * much as the lines and labels are large. A buffer without detections passes
 * untouched.
 *
 * Behind a tracker such as yolov5track, labels have its numbers, and boxes of
 * frames that nobody looked at are lighter; #GstYolov5Overlay:color-by and
 * #GstYolov5Overlay:draw-trails show who is who. Behind yolov5zones, lines and
 * zones are drawn with what was counted.
 *
 * #GstYolov5Overlay:class-colors gives classes other colours,
 * #GstYolov5Overlay:classes chooses which to show, and #GstYolov5Overlay:blur
 * hides objects behind a mosaic.
 *
 * Where the next elements draw #GstVideoOverlayComposition meta, as glimagesink
 * does, boxes and labels are attached to the video instead, see
 * #GstYolov5Overlay:attach-composition. The mosaic is in the pixels always.
 *
 * ## Frames without inference
 *
 * A detector that is slower than the video looks at some of the frames only.
 * Its last boxes stay on the others for #GstYolov5Overlay:expire-overlay, and
 * the mosaic for #GstYolov5Overlay:blur-hold, which is until it looks again.
 * yolov5dpu marks the frames it looked at: on a marked frame without detections
 * nothing of it is drawn. Other elements have no such mark: after them a frame
 * without detections counts as one that nobody looked at, so that boxes stay a
 * little longer than their objects. Set expire-overlay to 0 to avoid that.
 *
 * ## Privacy
 *
 * yolov5dpu tells what its model finds. A list to blur that cannot be read, or
 * names what no model finds, is an error, and no frame passes. What may be one
 * of the classes to blur is hidden, and the whole frame where only the place of
 * an object is not known.
 *
 * ## Converted and scaled video
 *
 * Elements that scale or convert the video keep the boxes but drop the
 * confidence and the number of the class. Those of yolov5dpu are found again in
 * its mark, with GStreamer 1.20 or later. Where other elements detect, place
 * yolov5overlay before such elements.
 *
 * ## Example pipelines
 * |[
 * gst-launch-1.0 filesrc location=street.mp4 ! decodebin ! videoconvert ! yolov5dpu model=yolov5n.xmodel ! yolov5overlay ! videoconvert ! autovideosink
 * ]| Shows a film with everything that the model finds in it.
 * |[
 * gst-launch-1.0 v4l2src ! videoconvert ! yolov5dpu model=yolov5n.xmodel ! yolov5overlay thickness=6 draw-confidence=false font-desc="Sans 20" ! videoconvert ! autovideosink
 * ]| Shows a camera's picture with bold boxes and large names.
 * |[
 * gst-launch-1.0 v4l2src ! videoconvert ! yolov5dpu model=yolov5n.xmodel ! yolov5overlay classes="person,car" class-colors="person=#ff0000,car=blue" blur=person draw-stats=true ! videoconvert ! autovideosink
 * ]| Shows people and cars alone, in red and blue, hides who the people are and
 * says how fast it goes.
 * |[
 * gst-launch-1.0 filesrc location=street.mp4 ! decodebin ! videoconvert ! yolov5dpu model=yolov5n.xmodel inference-interval=3 ! yolov5track ! yolov5overlay style=corners color-by=id draw-trails=3000000000 ! videoconvert ! autovideosink
 * ]| Shows who is who and where each came from, in a colour for each.
 */

#include "element.h"

#include "metadata/buffers.h"
#include "metadata/inference.h"
#include "metadata/tracks.h"
#include "caps.h"
#include "composition.h"
#include "drawing.h"
#include "messages.h"
#include "meter.h"
#include "mosaic.h"
#include "objects.h"
#include "painter.h"
#include "properties.h"
#include "settings.h"

GST_DEBUG_CATEGORY_STATIC (gst_yolov5_overlay_debug);
GST_DEBUG_CATEGORY_STATIC (CAT_PERFORMANCE);
#define GST_CAT_DEFAULT gst_yolov5_overlay_debug

struct _GstYolov5Overlay {
  GstVideoFilter parent;

  /* under the object lock */
  OverlaySettings settings;
  gboolean settings_changed;
  gboolean started;
  /* changed by the streaming thread alone */
  OverlayModels *models;
  gboolean models_changed;

  /* streaming thread */
  OverlaySettings frame_settings;
  gboolean lists_unchecked;
  gboolean attach;
  OverlayDrawing *drawing;
  gboolean drawing_attaches;
  OverlayObjects objects;
  OverlayMeter meter;
  gboolean has_something_to_show;

  OverlayMessages messages;
};

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE (
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (OVERLAY_CAPS));

static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE (
    "src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (OVERLAY_CAPS));

#define gst_yolov5_overlay_parent_class parent_class
G_DEFINE_TYPE (GstYolov5Overlay, gst_yolov5_overlay, GST_TYPE_VIDEO_FILTER)

static void
gst_yolov5_overlay_set_property (
    GObject *object, guint prop_id, const GValue *value, GParamSpec *pspec)
{
  GstYolov5Overlay *self = GST_YOLOV5_OVERLAY (object);
  gboolean taken, attach_changed, keep_refusal;
  OverlayAttach attach;
  GError *error = NULL;

  if (prop_id == 0 || prop_id > sizeof (OverlaySettings)) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    return;
  }

  GST_OBJECT_LOCK (self);
  attach = self->settings.attach;
  taken = overlay_settings_set (&self->settings, pspec, value,
      self->started ? self->models : NULL, &error);
  if (taken)
    self->settings_changed = TRUE;
  attach_changed = self->settings.attach != attach;
  keep_refusal = !self->started;
  if (keep_refusal)
    overlay_messages_keep_refusal (&self->messages, pspec->name, error);
  GST_OBJECT_UNLOCK (self);

  if (error && !keep_refusal)
    overlay_messages_post_refusal (
        &self->messages, pspec->name, error->message);
  g_clear_error (&error);
  if (attach_changed)
    gst_base_transform_reconfigure_src (GST_BASE_TRANSFORM (self));
}

static void
gst_yolov5_overlay_get_property (
    GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  GstYolov5Overlay *self = GST_YOLOV5_OVERLAY (object);

  if (prop_id == 0 || prop_id > sizeof (OverlaySettings)) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    return;
  }

  GST_OBJECT_LOCK (self);
  gst_yolov5_properties_get (&self->settings, pspec, value);
  GST_OBJECT_UNLOCK (self);
}

static void
gst_yolov5_overlay_finalize (GObject *object)
{
  GstYolov5Overlay *self = GST_YOLOV5_OVERLAY (object);

  overlay_drawing_free (self->drawing);
  overlay_objects_clear (&self->objects);
  overlay_models_free (self->models);
  overlay_messages_clear (&self->messages);
  overlay_settings_clear (&self->frame_settings);
  overlay_settings_clear (&self->settings);

  G_OBJECT_CLASS (parent_class)->finalize (object);
}

static OverlayAttach
get_attach_setting (GstYolov5Overlay *self)
{
  OverlayAttach attach;

  GST_OBJECT_LOCK (self);
  attach = self->settings.attach;
  GST_OBJECT_UNLOCK (self);
  return attach;
}

/* takes the properties as they are for the frame that comes */
static void
take_settings (GstYolov5Overlay *self)
{
  gboolean changed;

  GST_OBJECT_LOCK (self);
  changed = self->settings_changed;
  self->lists_unchecked |= changed || self->models_changed;
  if (changed) {
    overlay_settings_clear (&self->frame_settings);
    overlay_settings_copy (&self->frame_settings, &self->settings);
  }
  self->settings_changed = self->models_changed = FALSE;
  GST_OBJECT_UNLOCK (self);

  if (changed && self->drawing)
    overlay_drawing_configure (self->drawing, &self->frame_settings);
}

/* with a frame, as all detectors upstream have said by then what they find */
static gboolean
check_lists (GstYolov5Overlay *self)
{
  const OverlaySettings *settings = &self->frame_settings;
  g_autoptr (GError) error = NULL;

  if (!self->lists_unchecked)
    return TRUE;
  overlay_messages_warn_of_unknown_classes (
      &self->messages, self->models, settings->shown, settings->colors);
  overlay_watch_reset (&self->objects.watch);
  if (!overlay_settings_check_blurred (settings, self->models, &error)) {
    overlay_messages_post_unusable_blur (&self->messages, error);
    return FALSE;
  }
  self->lists_unchecked = FALSE;
  return TRUE;
}

static GstCaps *
gst_yolov5_overlay_transform_caps (GstBaseTransform *trans,
    GstPadDirection direction, GstCaps *caps, GstCaps *filter)
{
  OverlayAttach attach = get_attach_setting (GST_YOLOV5_OVERLAY (trans));
  GstCaps *result = overlay_caps_transform (caps, direction, attach);

  if (filter) {
    GstCaps *intersection =
        gst_caps_intersect_full (filter, result, GST_CAPS_INTERSECT_FIRST);

    gst_caps_unref (result);
    result = intersection;
  }
  GST_DEBUG_OBJECT (trans,
      "%s pad: %" GST_PTR_FORMAT " become %" GST_PTR_FORMAT,
      direction == GST_PAD_SINK ? "sink" : "source", caps, result);
  return result;
}

static GstCaps *
gst_yolov5_overlay_fixate_caps (GstBaseTransform *trans,
    GstPadDirection direction, GstCaps *caps, GstCaps *othercaps)
{
  GstYolov5Overlay *self = GST_YOLOV5_OVERLAY (trans);

  if (direction == GST_PAD_SINK) {
    othercaps = overlay_caps_choose (GST_BASE_TRANSFORM_SRC_PAD (trans), caps,
        othercaps, get_attach_setting (self), &self->attach);
    GST_DEBUG_OBJECT (self, "%s, with %" GST_PTR_FORMAT,
        self->attach ? "attaching compositions" : "drawing into the video",
        othercaps);
  }
  return GST_BASE_TRANSFORM_CLASS (parent_class)
      ->fixate_caps (trans, direction, caps, othercaps);
}

/* for frames with @info, or compositions beside them */
static void
renew_drawing (GstYolov5Overlay *self, const GstVideoInfo *info)
{
  GstVideoInfo drawing_info = *info;

  if (self->attach)
    overlay_composition_get_info (&drawing_info, info->width, info->height);
  overlay_drawing_free (self->drawing);
  self->drawing = overlay_drawing_new (&drawing_info, &self->frame_settings);
  self->drawing_attaches = self->attach;
}

static gboolean
gst_yolov5_overlay_set_info (GstVideoFilter *filter, GstCaps *incaps,
    GstVideoInfo *in_info, GstCaps *outcaps, GstVideoInfo *out_info)
{
  GstYolov5Overlay *self = GST_YOLOV5_OVERLAY (filter);

  /* opening the first font takes long, so do it ahead of the first frame */
  GST_INFO_OBJECT (self, "%s %" GST_PTR_FORMAT,
      self->attach ? "attaching compositions to" : "drawing into", incaps);
  take_settings (self);
  renew_drawing (self, in_info);
  overlay_hold_resize (&self->objects.hold, in_info->width, in_info->height);
  return TRUE;
}

/* properties are set before there is a bus to complain on */
static gboolean
gst_yolov5_overlay_start (GstBaseTransform *trans)
{
  GstYolov5Overlay *self = GST_YOLOV5_OVERLAY (trans);
  g_autoptr (GError) error = NULL;

  GST_OBJECT_LOCK (self);
  self->started =
      overlay_settings_check_blurred (&self->settings, self->models, &error);
  self->models_changed = TRUE;
  GST_OBJECT_UNLOCK (self);

  overlay_messages_post_kept_refusals (&self->messages);
  if (!error)
    return TRUE;
  overlay_messages_post_unusable_blur (&self->messages, error);
  return FALSE;
}

static gboolean
gst_yolov5_overlay_stop (GstBaseTransform *trans)
{
  GstYolov5Overlay *self = GST_YOLOV5_OVERLAY (trans);
  GstPad *sinkpad = GST_BASE_TRANSFORM_SINK_PAD (trans);

  /* ALLOCATION queries come through an inactive pad, too, and the base class
   * sets the caps when it answers them */
  GST_PAD_STREAM_LOCK (sinkpad);
  g_clear_pointer (&self->drawing, overlay_drawing_free);
  overlay_objects_reset (&self->objects);
  overlay_meter_reset (&self->meter);
  overlay_messages_forget (&self->messages);
  GST_OBJECT_LOCK (self);
  overlay_models_forget (self->models);
  self->started = FALSE;
  GST_OBJECT_UNLOCK (self);
  GST_PAD_STREAM_UNLOCK (sinkpad);
  return TRUE;
}

static gboolean
gst_yolov5_overlay_sink_event (GstBaseTransform *trans, GstEvent *event)
{
  GstYolov5Overlay *self = GST_YOLOV5_OVERLAY (trans);
  gboolean learned;

  GST_DEBUG_OBJECT (self, "received %" GST_PTR_FORMAT, event);
  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_FLUSH_STOP:
      overlay_meter_reset (&self->meter);
      overlay_objects_flush (&self->objects);
      if (self->drawing)
        overlay_drawing_forget (self->drawing);
      break;
    case GST_EVENT_SEGMENT:
      overlay_hold_drop_boxes (&self->objects.hold);
      break;
    case GST_EVENT_CUSTOM_DOWNSTREAM_STICKY:
      GST_OBJECT_LOCK (self);
      learned = overlay_models_learn (self->models, event);
      self->models_changed |= learned;
      GST_OBJECT_UNLOCK (self);
      if (learned)
        GST_INFO_OBJECT (self, "classes are known by %" GST_PTR_FORMAT, event);
      break;
    default:
      break;
  }
  return GST_BASE_TRANSFORM_CLASS (parent_class)->sink_event (trans, event);
}

/* buffers pass through as they come, so what downstream wants holds upstream;
 * without a decide query the base classes just forward this one */
static gboolean
gst_yolov5_overlay_propose_allocation (
    GstBaseTransform *trans, GstQuery *decide_query, GstQuery *query)
{
  GstYolov5Overlay *self = GST_YOLOV5_OVERLAY (trans);

  if (!GST_BASE_TRANSFORM_CLASS (parent_class)
           ->propose_allocation (trans, NULL, query))
    return FALSE;
  gst_yolov5_buffers_refuse_cropping (query);
  GST_DEBUG_OBJECT (self, "upstream learns %" GST_PTR_FORMAT, query);
  return TRUE;
}

/* GST_CLOCK_TIME_NONE for frames without a timestamp in the segment */
static GstClockTime
get_running_time (GstYolov5Overlay *self, GstBuffer *buffer)
{
  const GstSegment *segment = &GST_BASE_TRANSFORM_CAST (self)->segment;

  if (segment->format != GST_FORMAT_TIME)
    return GST_CLOCK_TIME_NONE;
  return gst_segment_to_running_time (
      segment, GST_FORMAT_TIME, GST_BUFFER_PTS (buffer));
}

static void
examine_buffer (GstYolov5Overlay *self, GstBuffer *buffer)
{
  const OverlaySettings *settings = &self->frame_settings;
  OverlayObjects *objects = &self->objects;

  self->has_something_to_show =
      overlay_objects_find (objects, buffer,
          &GST_VIDEO_FILTER_CAST (self)->in_info,
          get_running_time (self, buffer), settings, self->models, &self->meter)
      && (objects->shown->len > 0 || objects->zones.shapes->len > 0
          || (settings->draw_stats && overlay_meter_has_text (&self->meter)));
}

/* the base class would make any shared buffer writable, also one that nothing
 * is drawn on */
static GstFlowReturn
gst_yolov5_overlay_prepare_output_buffer (
    GstBaseTransform *trans, GstBuffer *input, GstBuffer **output)
{
  GstYolov5Overlay *self = GST_YOLOV5_OVERLAY (trans);

  take_settings (self);
  if (!check_lists (self))
    return GST_FLOW_ERROR;
  /* the base class sets no info when it renegotiates for the same caps, as it
   * may do while the element stops, too */
  if (!self->drawing || self->drawing_attaches != self->attach)
    renew_drawing (self, &GST_VIDEO_FILTER_CAST (self)->in_info);
  examine_buffer (self, input);
  GST_LOG_OBJECT (self,
      "%u boxes to show, %u of %u to hide in %" GST_PTR_FORMAT,
      self->objects.shown->len, self->objects.blurred->len,
      self->objects.hidden->len, input);

  *output = input;
  if ((self->has_something_to_show || self->objects.blurred->len > 0)
      && !gst_buffer_is_writable (input)) {
    if (!self->attach || self->objects.blurred->len > 0)
      GST_CAT_LOG_OBJECT (CAT_PERFORMANCE, self,
          "somebody else holds the buffer, copying the frame to draw on it");
    *output = gst_buffer_copy (input);
  }
  return GST_FLOW_OK;
}

/* frames without a timestamp are drawn by the clock of the system */
static OverlayScene
get_scene (GstYolov5Overlay *self, GstBuffer *buffer)
{
  GstClockTime time = get_running_time (self, buffer);

  return (OverlayScene){
    .objects = self->objects.shown,
    .zones = &self->objects.zones,
    .meter = &self->meter,
    .now = GST_CLOCK_TIME_IS_VALID (time) ? time : gst_util_get_timestamp (),
  };
}

static GstFlowReturn
draw_into_frame (GstYolov5Overlay *self, GstBuffer *buffer)
{
  OverlayScene scene = get_scene (self, buffer);
  g_autoptr (GError) error = NULL;
  GstVideoFrame frame;
  guint i;

  if (!gst_yolov5_buffers_map_frame (&frame,
          &GST_VIDEO_FILTER_CAST (self)->in_info, buffer, GST_MAP_READWRITE,
          &error)) {
    /* what was to be hidden must not be seen */
    GST_ELEMENT_ERROR (self, STREAM, FORMAT, ("%s", error->message),
        ("%" GST_PTR_FORMAT, buffer));
    return GST_FLOW_ERROR;
  }

  for (i = 0; i < self->objects.blurred->len; i++)
    overlay_pixelate_rectangle (
        &frame, &g_array_index (self->objects.blurred, GstVideoRectangle, i));
  if (self->has_something_to_show && !self->attach)
    overlay_drawing_draw (self->drawing, &frame, &scene);
  gst_video_frame_unmap (&frame);
  return GST_FLOW_OK;
}

static void
attach_composition (GstYolov5Overlay *self, GstBuffer *buffer)
{
  GstVideoOverlayCompositionMeta *meta =
      gst_buffer_get_video_overlay_composition_meta (buffer);
  OverlayScene scene = get_scene (self, buffer);
  GstVideoOverlayComposition *composition = overlay_drawing_compose (
      self->drawing, meta ? meta->overlay : NULL, &scene);

  if (composition == NULL)
    return;
  /* what was attached is in the composition: once is enough */
  if (meta)
    gst_buffer_remove_video_overlay_composition_meta (buffer, meta);
  gst_buffer_add_video_overlay_composition_meta (buffer, composition);
}

static void
tell_missing_letters (GstYolov5Overlay *self)
{
  const gchar *text = overlay_drawing_get_unwritable (self->drawing);

  if (text || overlay_drawing_lacks_font (self->drawing))
    overlay_messages_warn_of_missing_letters (&self->messages, text);
}

static GstFlowReturn
gst_yolov5_overlay_transform_ip (GstBaseTransform *trans, GstBuffer *buffer)
{
  GstYolov5Overlay *self = GST_YOLOV5_OVERLAY (trans);
  GstFlowReturn flow = GST_FLOW_OK;

  if (self->objects.blurred->len > 0
      || (self->has_something_to_show && !self->attach))
    flow = draw_into_frame (self, buffer);
  if (flow == GST_FLOW_OK && self->has_something_to_show && self->attach)
    attach_composition (self, buffer);
  if (self->has_something_to_show)
    tell_missing_letters (self);
  return flow;
}

static void
gst_yolov5_overlay_class_init (GstYolov5OverlayClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseTransformClass *trans_class = GST_BASE_TRANSFORM_CLASS (klass);
  GstVideoFilterClass *filter_class = GST_VIDEO_FILTER_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (gst_yolov5_overlay_debug, "yolov5overlay", 0,
      "draws detections into the video");
  GST_DEBUG_CATEGORY_GET (CAT_PERFORMANCE, "GST_PERFORMANCE");
  gst_yolov5_inference_register ();
  gst_yolov5_tracks_register ();
  gst_yolov5_zones_mark_register ();

  object_class->set_property = gst_yolov5_overlay_set_property;
  object_class->get_property = gst_yolov5_overlay_get_property;
  object_class->finalize = gst_yolov5_overlay_finalize;
  overlay_settings_install (object_class);

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "Detection overlay",
      "Analyzer/Visualization/Video",
      "Draws boxes and labels around the objects that a detector found, or "
      "hides them behind a mosaic",
      "The yolov5dpu authors");
  gst_type_mark_as_plugin_api (OVERLAY_TYPE_ATTACH, 0);
  gst_type_mark_as_plugin_api (OVERLAY_TYPE_STYLE, 0);
  gst_type_mark_as_plugin_api (OVERLAY_TYPE_COLOR_BY, 0);

  trans_class->transform_caps =
      GST_DEBUG_FUNCPTR (gst_yolov5_overlay_transform_caps);
  trans_class->fixate_caps = GST_DEBUG_FUNCPTR (gst_yolov5_overlay_fixate_caps);
  trans_class->start = GST_DEBUG_FUNCPTR (gst_yolov5_overlay_start);
  trans_class->stop = GST_DEBUG_FUNCPTR (gst_yolov5_overlay_stop);
  trans_class->sink_event = GST_DEBUG_FUNCPTR (gst_yolov5_overlay_sink_event);
  trans_class->propose_allocation =
      GST_DEBUG_FUNCPTR (gst_yolov5_overlay_propose_allocation);
  trans_class->prepare_output_buffer =
      GST_DEBUG_FUNCPTR (gst_yolov5_overlay_prepare_output_buffer);
  trans_class->transform_ip =
      GST_DEBUG_FUNCPTR (gst_yolov5_overlay_transform_ip);

  filter_class->set_info = GST_DEBUG_FUNCPTR (gst_yolov5_overlay_set_info);
}

static void
gst_yolov5_overlay_init (GstYolov5Overlay *self)
{
  overlay_settings_init (&self->settings, G_OBJECT (self));
  overlay_settings_init (&self->frame_settings, G_OBJECT (self));
  overlay_objects_init (&self->objects, GST_ELEMENT_CAST (self));
  self->models = overlay_models_new ();
  overlay_messages_init (&self->messages, GST_ELEMENT_CAST (self));

  gst_base_transform_set_in_place (GST_BASE_TRANSFORM (self), TRUE);
  gst_base_transform_set_gap_aware (GST_BASE_TRANSFORM (self), TRUE);
  /* a late frame is nothing to drop: behind a tee others may want it, and to
   * draw takes little time */
  gst_base_transform_set_qos_enabled (GST_BASE_TRANSFORM (self), FALSE);
}
