/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Decides what is drawn where: boxes, their line width and colour, and the
 * place of their labels. The painter knows the pixels, the labels the text. */

/**
 * SECTION:element-yolov5overlay
 * @title: yolov5overlay
 *
 * Draws a box around every object that an element before it found, with the
 * object's name and the confidence, for example "person 87%".
 *
 * It draws every #GstVideoRegionOfInterestMeta on a buffer, whichever element
 * attached it, in one colour per class. It works in the frame's own format, so
 * the video is never converted, and costs only as much as the lines and labels
 * are large. A buffer without detections passes untouched.
 *
 * Elements that scale the video keep the boxes but drop the confidence, so
 * place yolov5overlay before them to see it.
 *
 * ## Example pipelines
 * |[
 * gst-launch-1.0 filesrc location=street.mp4 ! decodebin ! videoconvert ! yolov5dpu model=yolov5n.xmodel ! yolov5overlay ! videoconvert ! autovideosink
 * ]| Shows a film with everything that the model finds in it.
 * |[
 * gst-launch-1.0 v4l2src ! videoconvert ! yolov5dpu model=yolov5n.xmodel ! yolov5overlay thickness=6 draw-confidence=false font-desc="Sans 20" ! videoconvert ! autovideosink
 * ]| Shows a camera's picture with bold boxes and large names.
 * |[
 * gst-launch-1.0 videotestsrc ! video/x-raw,width=1280,height=720 ! yolov5dpu model=yolov5n.xmodel ! yolov5overlay ! videoconvert ! autovideosink
 * ]| A quick look without camera or film. A test picture holds few objects, so
 * there may be nothing to draw.
 */

#include "gstyolov5overlay.h"

#include <math.h>

#include "gstdetection.h"
#include "overlaylabels.h"
#include "overlaypainter.h"

GST_DEBUG_CATEGORY_STATIC (gst_yolov5_overlay_debug);
GST_DEBUG_CATEGORY_STATIC (CAT_PERFORMANCE);
#define GST_CAT_DEFAULT gst_yolov5_overlay_debug

enum {
  PROP_0,
  PROP_DRAW_LABELS,
  PROP_DRAW_CONFIDENCE,
  PROP_THICKNESS,
  PROP_FONT_DESC
};

#define DEFAULT_DRAW_LABELS TRUE
#define DEFAULT_DRAW_CONFIDENCE TRUE
#define DEFAULT_THICKNESS 0
#define DEFAULT_FONT_DESC NULL
#define MAX_THICKNESS 100

/* lines as a part of the frame's shorter side: 5 pixels in 1920x1080 */
#define AUTO_THICKNESS_PART 240
#define AUTO_THICKNESS_MIN 2
/* ... and at most this part of the box, or small objects vanish below them */
#define AUTO_THICKNESS_BOX_PART 8

struct _GstYolov5Overlay {
  GstVideoFilter parent;

  /* properties, under the object lock */
  gboolean draw_labels;
  gboolean draw_confidence;
  guint thickness;
  gchar *font_desc;
  gboolean font_changed;

  /* streaming thread */
  OverlayPaint palette[OVERLAY_PALETTE_SIZE];
  OverlayLabels *labels;
  GArray *detections;
};

/* the properties as they are while one frame is drawn */
typedef struct {
  gboolean draw_labels;
  gboolean draw_confidence;
  gint thickness;
} DrawSettings;

/* *INDENT-OFF* */
static GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
        GST_STATIC_CAPS (GST_VIDEO_CAPS_MAKE (OVERLAY_FORMATS)));

static GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS,
        GST_STATIC_CAPS (GST_VIDEO_CAPS_MAKE (OVERLAY_FORMATS)));
/* *INDENT-ON* */

#define gst_yolov5_overlay_parent_class parent_class
G_DEFINE_TYPE (GstYolov5Overlay, gst_yolov5_overlay, GST_TYPE_VIDEO_FILTER)

static void
gst_yolov5_overlay_set_property (
    GObject *object, guint prop_id, const GValue *value, GParamSpec *pspec)
{
  GstYolov5Overlay *self = GST_YOLOV5_OVERLAY (object);

  GST_OBJECT_LOCK (self);
  switch (prop_id) {
    case PROP_DRAW_LABELS:
      self->draw_labels = g_value_get_boolean (value);
      break;
    case PROP_DRAW_CONFIDENCE:
      self->draw_confidence = g_value_get_boolean (value);
      break;
    case PROP_THICKNESS:
      self->thickness = g_value_get_uint (value);
      break;
    case PROP_FONT_DESC:
      g_free (self->font_desc);
      self->font_desc = g_value_dup_string (value);
      self->font_changed = TRUE;
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
      break;
  }
  GST_OBJECT_UNLOCK (self);
}

static void
gst_yolov5_overlay_get_property (
    GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  GstYolov5Overlay *self = GST_YOLOV5_OVERLAY (object);

  GST_OBJECT_LOCK (self);
  switch (prop_id) {
    case PROP_DRAW_LABELS:
      g_value_set_boolean (value, self->draw_labels);
      break;
    case PROP_DRAW_CONFIDENCE:
      g_value_set_boolean (value, self->draw_confidence);
      break;
    case PROP_THICKNESS:
      g_value_set_uint (value, self->thickness);
      break;
    case PROP_FONT_DESC:
      g_value_set_string (value, self->font_desc);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
      break;
  }
  GST_OBJECT_UNLOCK (self);
}

static void
gst_yolov5_overlay_finalize (GObject *object)
{
  GstYolov5Overlay *self = GST_YOLOV5_OVERLAY (object);

  g_free (self->font_desc);
  g_array_unref (self->detections);
  overlay_labels_free (self->labels);

  G_OBJECT_CLASS (parent_class)->finalize (object);
}

/* renders with the font-desc and the size of the moment from here on */
static void
renew_labels (GstYolov5Overlay *self, const GstVideoInfo *info)
{
  g_autofree gchar *font_desc = NULL;

  GST_OBJECT_LOCK (self);
  font_desc = g_strdup (self->font_desc);
  self->font_changed = FALSE;
  GST_OBJECT_UNLOCK (self);

  overlay_labels_free (self->labels);
  self->labels = overlay_labels_new (
      font_desc, GST_VIDEO_INFO_WIDTH (info), GST_VIDEO_INFO_HEIGHT (info));
  GST_DEBUG_OBJECT (self, "drawing labels in \"%s\", %d pixels large",
      GST_STR_NULL (font_desc), overlay_labels_get_font_size (self->labels));
}

static gboolean
gst_yolov5_overlay_set_info (GstVideoFilter *filter, GstCaps *incaps,
    GstVideoInfo *in_info, GstCaps *outcaps, GstVideoInfo *out_info)
{
  GstYolov5Overlay *self = GST_YOLOV5_OVERLAY (filter);
  gboolean draw_labels;

  overlay_palette_convert (in_info, self->palette);

  GST_OBJECT_LOCK (self);
  draw_labels = self->draw_labels;
  GST_OBJECT_UNLOCK (self);

  /* opening the first font takes long, so do it ahead of the first frame */
  g_clear_pointer (&self->labels, overlay_labels_free);
  if (draw_labels)
    renew_labels (self, in_info);
  return TRUE;
}

static gboolean
gst_yolov5_overlay_stop (GstBaseTransform *trans)
{
  GstYolov5Overlay *self = GST_YOLOV5_OVERLAY (trans);

  g_clear_pointer (&self->labels, overlay_labels_free);
  g_array_set_size (self->detections, 0);
  return TRUE;
}

/* buffers pass through as they come, so what downstream wants holds upstream;
 * without a decide query the base classes just forward this one */
static gboolean
gst_yolov5_overlay_propose_allocation (
    GstBaseTransform *trans, GstQuery *decide_query, GstQuery *query)
{
  return GST_BASE_TRANSFORM_CLASS (parent_class)
      ->propose_allocation (trans, NULL, query);
}

/* the pixels of a detection's box; FALSE if it lies outside the frame */
static gboolean
get_box (const GstVideoInfo *info, const GstDetection *detection,
    GstVideoRectangle *box)
{
  gdouble left = floor (detection->x + 0.5);
  gdouble top = floor (detection->y + 0.5);
  gdouble right = floor (detection->x + detection->width + 0.5);
  gdouble bottom = floor (detection->y + detection->height + 0.5);

  /* a box has a pixel at least */
  right = MAX (right, left + 1.0);
  bottom = MAX (bottom, top + 1.0);

  /* clipped before any of it becomes an integer; not met by NaN either */
  if (!(left < info->width && top < info->height && right > 0.0
          && bottom > 0.0))
    return FALSE;

  box->x = (gint) MAX (left, 0.0);
  box->y = (gint) MAX (top, 0.0);
  box->w = (gint) MIN (right, info->width) - box->x;
  box->h = (gint) MIN (bottom, info->height) - box->y;
  return overlay_align_rectangle (info, box);
}

static void
collect_visible_detections (GstYolov5Overlay *self, GstBuffer *buffer)
{
  const GstVideoInfo *info = &GST_VIDEO_FILTER_CAST (self)->in_info;
  guint i, n_visible = 0;

  g_array_set_size (self->detections, 0);
  /* a gap has no picture to draw into */
  if (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_GAP))
    return;

  gst_buffer_collect_detections (buffer, self->detections);
  for (i = 0; i < self->detections->len; i++) {
    GstDetection *detections = (GstDetection *) self->detections->data;
    GstVideoRectangle box;

    if (get_box (info, &detections[i], &box))
      detections[n_visible++] = detections[i];
  }
  g_array_set_size (self->detections, n_visible);
}

/* the base class would make any shared buffer writable, also one that nothing
 * is drawn on */
static GstFlowReturn
gst_yolov5_overlay_prepare_output_buffer (
    GstBaseTransform *trans, GstBuffer *input, GstBuffer **output)
{
  GstYolov5Overlay *self = GST_YOLOV5_OVERLAY (trans);

  collect_visible_detections (self, input);

  if (self->detections->len == 0 || gst_buffer_is_writable (input)) {
    *output = input;
  } else {
    GST_CAT_LOG_OBJECT (CAT_PERFORMANCE, self,
        "somebody else holds the buffer, copying the frame to draw on it");
    *output = gst_buffer_copy (input);
  }
  return GST_FLOW_OK;
}

static GstFlowReturn
gst_yolov5_overlay_transform_ip (GstBaseTransform *trans, GstBuffer *buffer)
{
  GstYolov5Overlay *self = GST_YOLOV5_OVERLAY (trans);

  if (self->detections->len == 0)
    return GST_FLOW_OK;
  return GST_BASE_TRANSFORM_CLASS (parent_class)->transform_ip (trans, buffer);
}

static const OverlayPaint *
get_paint (const GstYolov5Overlay *self, const GstDetection *detection)
{
  guint index = 0;

  if (detection->label_id >= 0)
    index = (guint) detection->label_id;
  else if (detection->label != 0)
    index = g_str_hash (g_quark_to_string (detection->label));
  return &self->palette[index % OVERLAY_PALETTE_SIZE];
}

static gint
get_thickness (
    const GstVideoInfo *info, const GstVideoRectangle *box, gint wanted)
{
  gint thickness = wanted;

  if (thickness == 0) {
    gint side = MIN (info->width, info->height);

    thickness = (side + AUTO_THICKNESS_PART / 2) / AUTO_THICKNESS_PART;
    thickness = MIN (thickness, MIN (box->w, box->h) / AUTO_THICKNESS_BOX_PART);
    thickness = MAX (thickness, AUTO_THICKNESS_MIN);
  }
  return GST_ROUND_UP_N (thickness, overlay_get_grid (info));
}

/* above the box, or in it where there is no room, and always in the frame */
static void
place_label (const GstVideoInfo *info, const GstVideoRectangle *box,
    GstVideoRectangle *label)
{
  gint grid = overlay_get_grid (info);

  label->x = MAX (MIN (box->x, info->width - label->w), 0);
  label->y = box->y >= label->h ? box->y - label->h : box->y;
  label->y = MAX (MIN (label->y, info->height - label->h), 0);
  label->x -= label->x % grid;
  label->y -= label->y % grid;
}

static void
draw_label (GstYolov5Overlay *self, GstVideoFrame *frame,
    const GstVideoRectangle *box, const GstDetection *detection,
    gboolean draw_confidence)
{
  static const OverlayMask nothing = { 0 };
  const GstVideoInfo *info = &frame->info;
  const OverlayPaint *paint = get_paint (self, detection);
  const OverlayMask *name, *confidence = NULL;
  gint grid = overlay_get_grid (info);
  gint font_size = overlay_labels_get_font_size (self->labels);
  gint ascent = overlay_labels_get_ascent (self->labels);
  gint descent = overlay_labels_get_descent (self->labels);
  gint margin_x = MAX (font_size / 4, grid), margin_y = MAX (font_size / 10, 1);
  gint space = MAX (font_size / 3, 4);
  GstVideoRectangle label;
  gint x, baseline;

  name = overlay_labels_get_name (self->labels, detection->label);
  if (draw_confidence)
    confidence =
        overlay_labels_get_confidence (self->labels, detection->confidence);
  if (name == NULL && confidence == NULL)
    return;
  name = name != NULL ? name : &nothing;
  confidence = confidence != NULL ? confidence : &nothing;

  ascent = MAX (ascent, MAX (name->baseline, confidence->baseline));
  descent = MAX (descent, MAX (name->height - name->baseline,
                              confidence->height - confidence->baseline));
  label.h = GST_ROUND_UP_N (ascent + descent + 2 * margin_y, grid);
  label.w = name->width + confidence->width + 2 * margin_x;
  if (name->width > 0 && confidence->width > 0)
    label.w += space;
  label.w = GST_ROUND_UP_N (label.w, grid);
  /* in so small a frame a label would leave nothing to look at */
  if (label.h > MIN (info->width, info->height))
    return;

  place_label (info, box, &label);
  x = label.x + margin_x;
  baseline = label.y + margin_y + ascent;
  if (!overlay_align_rectangle (info, &label))
    return;
  overlay_fill_rectangle (frame, &label, &paint->fill);
  if (name->width > 0) {
    overlay_draw_mask (frame, x, baseline - name->baseline, name, paint);
    x += name->width + space;
  }
  overlay_draw_mask (
      frame, x, baseline - confidence->baseline, confidence, paint);
}

static void
get_settings (
    GstYolov5Overlay *self, const GstVideoInfo *info, DrawSettings *settings)
{
  gboolean font_changed;

  GST_OBJECT_LOCK (self);
  settings->draw_labels = self->draw_labels;
  settings->draw_confidence = self->draw_confidence;
  settings->thickness = (gint) self->thickness;
  font_changed = self->font_changed;
  GST_OBJECT_UNLOCK (self);

  if (settings->draw_labels && (font_changed || self->labels == NULL))
    renew_labels (self, info);
}

static GstFlowReturn
gst_yolov5_overlay_transform_frame_ip (
    GstVideoFilter *filter, GstVideoFrame *frame)
{
  GstYolov5Overlay *self = GST_YOLOV5_OVERLAY (filter);
  const GstVideoInfo *info = &frame->info;
  const GstDetection *detections = (GstDetection *) self->detections->data;
  DrawSettings settings;
  GstVideoRectangle box;
  guint i;

  get_settings (self, info, &settings);

  /* detectors attach the best first: drawn last, it lies on top. No line runs
   * through a label because all labels come after all boxes. */
  for (i = self->detections->len; i-- > 0;)
    if (get_box (info, &detections[i], &box))
      overlay_draw_outline (frame, &box,
          get_thickness (info, &box, settings.thickness),
          &get_paint (self, &detections[i])->fill);

  if (settings.draw_labels)
    for (i = self->detections->len; i-- > 0;)
      if (get_box (info, &detections[i], &box))
        draw_label (
            self, frame, &box, &detections[i], settings.draw_confidence);

  return GST_FLOW_OK;
}

static void
gst_yolov5_overlay_install_properties (GObjectClass *object_class)
{
  const GParamFlags flags =
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING;

  /**
   * GstYolov5Overlay:draw-labels:
   *
   * Write the name of its class beside each box.
   */
  g_object_class_install_property (object_class, PROP_DRAW_LABELS,
      g_param_spec_boolean ("draw-labels", "Draw labels",
          "Write what was found beside each box", DEFAULT_DRAW_LABELS, flags));

  /**
   * GstYolov5Overlay:draw-confidence:
   *
   * Write the confidence behind the name, where the detecting element gave
   * one. Has no effect without #GstYolov5Overlay:draw-labels.
   */
  g_object_class_install_property (object_class, PROP_DRAW_CONFIDENCE,
      g_param_spec_boolean ("draw-confidence", "Draw confidence",
          "Write into each label how sure the detector is, in percent",
          DEFAULT_DRAW_CONFIDENCE, flags));

  /**
   * GstYolov5Overlay:thickness:
   *
   * Width of the boxes' lines. They grow inwards from the box's edges. In
   * formats with subsampled chroma an odd width becomes the next even one.
   */
  g_object_class_install_property (object_class, PROP_THICKNESS,
      g_param_spec_uint ("thickness", "Thickness",
          "Width of the boxes' lines in pixels (0 = suits the frame's size)", 0,
          MAX_THICKNESS, DEFAULT_THICKNESS, flags));

  /**
   * GstYolov5Overlay:font-desc:
   *
   * Font of the labels, as pango_font_description_from_string() reads it. A
   * description without a size gets the one that suits the frame.
   */
  g_object_class_install_property (object_class, PROP_FONT_DESC,
      g_param_spec_string ("font-desc", "Font description",
          "Pango font description of the labels, for example \"Sans Bold 20\" "
          "(NULL = bold, in a size that suits the frame)",
          DEFAULT_FONT_DESC, flags));
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

  object_class->set_property = gst_yolov5_overlay_set_property;
  object_class->get_property = gst_yolov5_overlay_get_property;
  object_class->finalize = gst_yolov5_overlay_finalize;
  gst_yolov5_overlay_install_properties (object_class);

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "Detection overlay",
      "Analyzer/Visualization/Video",
      "Draws boxes and labels around the objects that a detector found",
      "The yolov5dpu authors");

  trans_class->stop = GST_DEBUG_FUNCPTR (gst_yolov5_overlay_stop);
  trans_class->propose_allocation =
      GST_DEBUG_FUNCPTR (gst_yolov5_overlay_propose_allocation);
  trans_class->prepare_output_buffer =
      GST_DEBUG_FUNCPTR (gst_yolov5_overlay_prepare_output_buffer);
  trans_class->transform_ip =
      GST_DEBUG_FUNCPTR (gst_yolov5_overlay_transform_ip);

  filter_class->set_info = GST_DEBUG_FUNCPTR (gst_yolov5_overlay_set_info);
  filter_class->transform_frame_ip =
      GST_DEBUG_FUNCPTR (gst_yolov5_overlay_transform_frame_ip);
}

static void
gst_yolov5_overlay_init (GstYolov5Overlay *self)
{
  self->draw_labels = DEFAULT_DRAW_LABELS;
  self->draw_confidence = DEFAULT_DRAW_CONFIDENCE;
  self->thickness = DEFAULT_THICKNESS;
  self->font_desc = g_strdup (DEFAULT_FONT_DESC);
  self->detections = g_array_new (FALSE, FALSE, sizeof (GstDetection));

  gst_base_transform_set_in_place (GST_BASE_TRANSFORM (self), TRUE);
  gst_base_transform_set_gap_aware (GST_BASE_TRANSFORM (self), TRUE);
}
