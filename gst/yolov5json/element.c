/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Writes what is attached to a frame as one line of JSON. Frames end here:
 * their pixels are never read. */

/**
 * SECTION:element-yolov5json
 * @title: yolov5json
 *
 * Turns each video frame into a line of JSON that says what a detector before
 * it found, so that a pipeline publishes its results without a program:
 * `filesink`, `fdsink` and `tcpserversink` write or send the lines as they are
 * (JSON Lines). Frames of every format and in every kind of memory do, as no
 * pixel is read. Any element's #GstVideoRegionOfInterestMeta and GstAnalytics
 * object detections are detections.
 *
 * A line is an object with these fields:
 *
 * * `pts`: timestamp of the frame in nanoseconds, or null
 * * `frame`: number of the frame from 0, as yolov5dpu counts, or as they come
 *   here when it is another element that detects
 * * `width`, `height`: size of the frame in pixels
 * * `inferred`: true when the frame went through the model, with several
 *   yolov5dpu through all of theirs, false when it passed without, null when
 *   that is unknown (see below)
 * * `inference_time`: nanoseconds that the models took, with the wait for the
 *   DPU; there only if yolov5dpu did it
 * * `lag`: nanoseconds by which the frame that was looked at is older than this
 *   one; there only if it is another one, as in live video with a slow DPU
 * * `detectors`: there only with several yolov5dpu: an object that has for each
 *   of them, by its name, an object with `inferred` and, if that is true,
 *   `inference_time`
 * * `detections`: a list, in the order of attachment, of objects with `label`
 *   (null when the element gave none), `label_id` (likewise), `confidence` (0
 *   to 1, likewise), and `x`, `y`, `width`, `height` in pixels of the frame;
 *   with several yolov5dpu also `detector`, the name of the one that found it
 *   (null for other elements). Those that yolov5track knows also have `id`,
 *   `predicted`, true where nobody looked and the object is expected, and `age`,
 *   the nanoseconds since it was found first
 * * `lines`, `zones`, `events`: there only behind yolov5zones: what it counted
 *   so far, and what happened on this frame
 *
 * yolov5dpu marks the frames it inferred (with GStreamer 1.20 or later). Other
 * elements do not: from them a frame with detections is taken as inferred and
 * one without has `inferred` null. Behind a yolov5dpu, frames without the mark
 * have `inferred` false.
 *
 * Elements that scale or convert frames drop the confidence and the class's
 * number of detections. The marks have them as well, so that those of yolov5dpu
 * are found again with GStreamer 1.20 or later.
 *
 * ## Example pipelines
 * |[
 * gst-launch-1.0 filesrc location=street.mp4 ! decodebin ! videoconvert ! yolov5dpu model=everyday-640x640_int.xmodel ! yolov5json ! filesink location=street.jsonl
 * ]| Writes a line for each frame of a film into a file.
 * |[
 * gst-launch-1.0 v4l2src ! yolov5dpu model=everyday-640x384_int.xmodel ! yolov5json skip-empty=true ! tcpserversink host=127.0.0.1 port=5000 sync=false
 * ]| Serves what a camera sees to any number of TCP clients, and only when it
 * sees something.
 * |[
 * gst-launch-1.0 v4l2src ! yolov5dpu model=everyday-640x384_int.xmodel ! tee name=t t. ! queue ! yolov5overlay ! videoconvert ! autovideosink t. ! queue ! yolov5json ! fdsink fd=1
 * ]| Shows the camera's picture and prints what is in it.
 */

#include "element.h"

#include "detectors.h"
#include "line.h"
#include "metadata/detections.h"
#include "metadata/inference.h"
#include "metadata/model-event.h"
#include "metadata/tracks.h"

GST_DEBUG_CATEGORY (gst_yolov5_json_debug);
#define GST_CAT_DEFAULT gst_yolov5_json_debug

enum { PROP_0, PROP_SKIP_EMPTY };

#define DEFAULT_SKIP_EMPTY FALSE

struct _GstYolov5Json {
  GstElement element;

  GstPad *sinkpad;
  GstPad *srcpad;

  /* under the object lock */
  gboolean skip_empty;

  /* streaming thread */
  gint width;
  gint height;
  /* what downstream said to the last line since the stream or segment began */
  GstFlowReturn flow;
  guint64 next_frame;
  GstYolov5Detectors detectors;
  GArray *detections;
  GArray *tracks;
  GstYolov5ZonesMark zones;
  JsonGenerator *generator;
};

/* clang-format off */
static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE (
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS,
    GST_STATIC_CAPS ("video/x-raw(ANY)"));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE (
    "src", GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS ("application/x-json"));
/* clang-format on */

#define gst_yolov5_json_parent_class parent_class
G_DEFINE_TYPE (GstYolov5Json, gst_yolov5_json, GST_TYPE_ELEMENT)

/* with the times of the frame in @buffer */
static GstBuffer *
make_line (GstYolov5Json *self, GstBuffer *buffer)
{
  GstYolov5Line description = {
    .pts = GST_BUFFER_PTS (buffer),
    .frame = self->next_frame,
    .width = self->width,
    .height = self->height,
    .detectors = &self->detectors,
    .detections = self->detections,
    .tracks = self->tracks,
    .zones = &self->zones,
  };
  GString *text = gst_yolov5_line_write (&description, self->generator);
  gsize length = text->len;
  GstBuffer *line;

  line = gst_buffer_new_wrapped (g_string_free (text, FALSE), length);
  gst_buffer_copy_into (line, buffer, GST_BUFFER_COPY_TIMESTAMPS, 0, -1);
  if (GST_BUFFER_IS_DISCONT (buffer))
    GST_BUFFER_FLAG_SET (line, GST_BUFFER_FLAG_DISCONT);
  return line;
}

/* Tells sinks that wait for a line that none comes for this frame. What comes
 * back upstream is what a line would have met. */
static void
skip_frame (GstYolov5Json *self, GstBuffer *buffer)
{
  GST_LOG_OBJECT (self, "nothing was found in %" GST_PTR_FORMAT, buffer);
  if (GST_BUFFER_PTS_IS_VALID (buffer))
    gst_pad_push_event (
        self->srcpad, gst_event_new_gap (GST_BUFFER_PTS (buffer),
                          GST_BUFFER_DURATION (buffer)));
  if (self->flow == GST_FLOW_NOT_LINKED && gst_pad_is_linked (self->srcpad))
    self->flow = GST_FLOW_OK;
}

static GstFlowReturn
gst_yolov5_json_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  GstYolov5Json *self = GST_YOLOV5_JSON (parent);
  gboolean skip_empty;

  if (!gst_pad_has_current_caps (self->srcpad)) {
    gst_buffer_unref (buffer);
    return GST_FLOW_NOT_NEGOTIATED;
  }

  gst_yolov5_detectors_read_marks (&self->detectors, buffer, &self->next_frame);
  g_array_set_size (self->detections, 0);
  gst_yolov5_detections_collect (buffer, self->detections);
  g_array_set_size (self->tracks, self->detections->len);
  gst_yolov5_tracks_collect (buffer,
      (GstYolov5Detection *) self->detections->data,
      (GstYolov5TrackedObject *) self->tracks->data, self->detections->len);
  gst_yolov5_zones_mark_collect (&self->zones, buffer);

  GST_OBJECT_LOCK (self);
  skip_empty = self->skip_empty;
  GST_OBJECT_UNLOCK (self);

  if (self->detections->len == 0 && self->zones.events->len == 0 && skip_empty)
    skip_frame (self, buffer);
  else
    self->flow = gst_pad_push (self->srcpad, make_line (self, buffer));

  self->next_frame++;
  gst_buffer_unref (buffer);
  return self->flow;
}

/* the size is all that matters, so that formats unknown here do as well */
static gboolean
set_frame_caps (GstYolov5Json *self, const GstCaps *caps)
{
  const GstStructure *structure = gst_caps_get_structure (caps, 0);
  g_autoptr (GstCaps) json_caps = NULL;

  if (!gst_structure_get_int (structure, "width", &self->width)
      || !gst_structure_get_int (structure, "height", &self->height)) {
    GST_ELEMENT_ERROR (self, CORE, NEGOTIATION,
        ("The caps %" GST_PTR_FORMAT " do not say how large frames are", caps),
        (NULL));
    return FALSE;
  }
  GST_INFO_OBJECT (self, "frames are %" GST_PTR_FORMAT, caps);
  json_caps = gst_static_pad_template_get_caps (&src_template);
  return gst_pad_set_caps (self->srcpad, json_caps);
}

/* before GStreamer 1.20 it does not mark its frames */
static void
expect_detector (GstYolov5Json *self, GstEvent *event)
{
#if GST_CHECK_VERSION(1, 20, 0)
  const gchar *name, *path;

  if (gst_yolov5_model_event_parse (event, &name, &path, NULL))
    gst_yolov5_detectors_get (&self->detectors, name, path);
#endif
}

static gboolean
gst_yolov5_json_sink_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  GstYolov5Json *self = GST_YOLOV5_JSON (parent);
  gboolean accepted;
  GstCaps *caps;

  GST_DEBUG_OBJECT (self, "received %" GST_PTR_FORMAT, event);
  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_CAPS:
      gst_event_parse_caps (event, &caps);
      accepted = set_frame_caps (self, caps);
      gst_event_unref (event);
      return accepted;
    case GST_EVENT_STREAM_START:
    case GST_EVENT_SEGMENT:
    case GST_EVENT_FLUSH_STOP:
      self->flow = GST_FLOW_OK;
      break;
    case GST_EVENT_CUSTOM_DOWNSTREAM_STICKY:
      expect_detector (self, event);
      break;
    default:
      break;
  }
  return gst_pad_event_default (pad, parent, event);
}

static gboolean
gst_yolov5_json_sink_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  if (GST_QUERY_TYPE (query) == GST_QUERY_ALLOCATION) {
    /* frames are not read, so they may lie in memory in any way */
    gst_query_add_allocation_meta (query, GST_VIDEO_META_API_TYPE, NULL);
    return TRUE;
  }
  return gst_pad_query_default (pad, parent, query);
}

static GstStateChangeReturn
gst_yolov5_json_change_state (GstElement *element, GstStateChange transition)
{
  GstYolov5Json *self = GST_YOLOV5_JSON (element);

  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED) {
    self->flow = GST_FLOW_OK;
    self->next_frame = 0;
    gst_yolov5_detectors_forget (&self->detectors);
  }
  return GST_ELEMENT_CLASS (parent_class)->change_state (element, transition);
}

static void
gst_yolov5_json_set_property (
    GObject *object, guint prop_id, const GValue *value, GParamSpec *pspec)
{
  GstYolov5Json *self = GST_YOLOV5_JSON (object);

  GST_OBJECT_LOCK (self);
  switch (prop_id) {
    case PROP_SKIP_EMPTY:
      self->skip_empty = g_value_get_boolean (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
      break;
  }
  GST_OBJECT_UNLOCK (self);
}

static void
gst_yolov5_json_get_property (
    GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  GstYolov5Json *self = GST_YOLOV5_JSON (object);

  GST_OBJECT_LOCK (self);
  switch (prop_id) {
    case PROP_SKIP_EMPTY:
      g_value_set_boolean (value, self->skip_empty);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
      break;
  }
  GST_OBJECT_UNLOCK (self);
}

static void
gst_yolov5_json_finalize (GObject *object)
{
  GstYolov5Json *self = GST_YOLOV5_JSON (object);

  gst_yolov5_detectors_clear (&self->detectors);
  g_array_unref (self->detections);
  g_array_unref (self->tracks);
  gst_yolov5_zones_mark_clear (&self->zones);
  g_object_unref (self->generator);

  G_OBJECT_CLASS (parent_class)->finalize (object);
}

static void
gst_yolov5_json_class_init (GstYolov5JsonClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (
      gst_yolov5_json_debug, "yolov5json", 0, "detections as lines of JSON");

  object_class->set_property = gst_yolov5_json_set_property;
  object_class->get_property = gst_yolov5_json_get_property;
  object_class->finalize = gst_yolov5_json_finalize;

  /**
   * GstYolov5Json:skip-empty:
   *
   * Write no line for a frame without detections, unless yolov5zones says that
   * something happened on it. A gap event goes out instead, so that sinks do not
   * wait.
   */
  g_object_class_install_property (object_class, PROP_SKIP_EMPTY,
      g_param_spec_boolean ("skip-empty", "Skip empty frames",
          "Write no line for frames without detections", DEFAULT_SKIP_EMPTY,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS
              | GST_PARAM_MUTABLE_PLAYING));

  element_class->change_state =
      GST_DEBUG_FUNCPTR (gst_yolov5_json_change_state);
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "Detections as JSON",
      "Analyzer/Converter/Video",
      "Writes what a detector found in each frame as a line of JSON",
      "The yolov5dpu authors");

  gst_yolov5_inference_register ();
  gst_yolov5_tracks_register ();
  gst_yolov5_zones_mark_register ();
}

static void
gst_yolov5_json_init (GstYolov5Json *self)
{
  self->sinkpad = gst_pad_new_from_static_template (&sink_template, "sink");
  gst_pad_set_chain_function (
      self->sinkpad, GST_DEBUG_FUNCPTR (gst_yolov5_json_chain));
  gst_pad_set_event_function (
      self->sinkpad, GST_DEBUG_FUNCPTR (gst_yolov5_json_sink_event));
  gst_pad_set_query_function (
      self->sinkpad, GST_DEBUG_FUNCPTR (gst_yolov5_json_sink_query));
  gst_element_add_pad (GST_ELEMENT_CAST (self), self->sinkpad);

  self->srcpad = gst_pad_new_from_static_template (&src_template, "src");
  gst_pad_use_fixed_caps (self->srcpad);
  gst_element_add_pad (GST_ELEMENT_CAST (self), self->srcpad);

  self->skip_empty = DEFAULT_SKIP_EMPTY;
  gst_yolov5_detectors_init (&self->detectors, GST_ELEMENT_CAST (self));
  self->detections = g_array_new (FALSE, FALSE, sizeof (GstYolov5Detection));
  self->tracks = g_array_new (FALSE, FALSE, sizeof (GstYolov5TrackedObject));
  gst_yolov5_zones_mark_init (&self->zones);
  self->generator = json_generator_new ();
}
