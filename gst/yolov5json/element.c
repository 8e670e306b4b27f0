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

#include <json-glib/json-glib.h>
#include <math.h>

#include "metadata/detections.h"
#include "metadata/inference.h"
#include "metadata/model-event.h"
#include "metadata/tracks.h"

GST_DEBUG_CATEGORY_STATIC (gst_yolov5_json_debug);
#define GST_CAT_DEFAULT gst_yolov5_json_debug

enum { PROP_0, PROP_SKIP_EMPTY };

#define DEFAULT_SKIP_EMPTY FALSE

/* an element that marks the frames it looks at */
typedef struct {
  gchar *path;
  gchar *name;
  /* whether it looked at the current frame, the place of its mark, and how long
   * it took */
  gboolean inferred;
  gint mark;
  GstClockTime inference_time;
  GstClockTime lag;
} Detector;

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
  GPtrArray *detectors;
  GArray *detections;
  GArray *tracks;
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

static void
detector_free (Detector *detector)
{
  g_free (detector->path);
  g_free (detector->name);
  g_free (detector);
}

static Detector *
get_detector (GstYolov5Json *self, const gchar *name, const gchar *path)
{
  Detector *detector;
  guint i;

  for (i = 0; i < self->detectors->len; i++) {
    detector = g_ptr_array_index (self->detectors, i);
    if (g_str_equal (detector->path, path))
      return detector;
  }

  detector = g_new0 (Detector, 1);
  detector->path = g_strdup (path);
  detector->name = g_strdup (name);
  /* in bins of their own, several may have one name */
  for (i = 0; i < self->detectors->len; i++)
    if (g_str_equal (
            ((Detector *) g_ptr_array_index (self->detectors, i))->name,
            name)) {
      g_free (detector->name);
      detector->name = g_strdup (path);
      break;
    }
  g_ptr_array_add (self->detectors, detector);
  GST_INFO_OBJECT (self, "there is a detector %s (%s)", name, path);
  return detector;
}

/* the frame's number is that of the first detector known */
static void
read_marks (GstYolov5Json *self, GstBuffer *buffer)
{
  GstYolov5Inference inference;
  gpointer state = NULL;
  guint i;
  gint mark;

  for (i = 0; i < self->detectors->len; i++)
    ((Detector *) g_ptr_array_index (self->detectors, i))->inferred = FALSE;
  for (mark = 0; gst_yolov5_inference_iterate (buffer, &state, &inference);
       mark++) {
    Detector *detector =
        get_detector (self, inference.element ? inference.element : "yolov5dpu",
            inference.path ? inference.path : "");

    detector->inferred = TRUE;
    detector->mark = mark;
    detector->inference_time = inference.inference_time;
    detector->lag = inference.lag;
    /* late results carry the number of an older frame */
    if (detector == g_ptr_array_index (self->detectors, 0)
        && inference.lag == 0)
      self->next_frame = inference.frame;
  }
}

static void
add_integer (JsonBuilder *builder, const gchar *name, gint64 value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, value);
}

static void
add_label (JsonBuilder *builder, GQuark label)
{
  json_builder_set_member_name (builder, "label");
  if (label != 0) {
    /* labels come from anywhere; JSON is UTF-8 */
    g_autofree gchar *text = g_utf8_make_valid (g_quark_to_string (label), -1);

    json_builder_add_string_value (builder, text);
  } else {
    json_builder_add_null_value (builder);
  }
}

static void
add_detector_name (GstYolov5Json *self, JsonBuilder *builder,
    const GstYolov5Detection *detection)
{
  guint i;

  json_builder_set_member_name (builder, "detector");
  for (i = 0; i < self->detectors->len; i++) {
    const Detector *detector = g_ptr_array_index (self->detectors, i);

    if (detector->inferred && detector->mark == detection->mark) {
      json_builder_add_string_value (builder, detector->name);
      return;
    }
  }
  json_builder_add_null_value (builder);
}

static void
add_track (JsonBuilder *builder, const GstYolov5TrackedObject *track)
{
  if (track->id == 0)
    return;
  add_integer (builder, "id", (gint64) track->id);
  json_builder_set_member_name (builder, "predicted");
  json_builder_add_boolean_value (builder, track->is_predicted);
  if (GST_CLOCK_TIME_IS_VALID (track->age))
    add_integer (builder, "age", (gint64) track->age);
}

static void
add_detection (GstYolov5Json *self, JsonBuilder *builder,
    const GstYolov5Detection *detection, const GstYolov5TrackedObject *track)
{
  json_builder_begin_object (builder);

  add_label (builder, detection->label);
  json_builder_set_member_name (builder, "label_id");
  if (detection->label_id >= 0)
    json_builder_add_int_value (builder, detection->label_id);
  else
    json_builder_add_null_value (builder);
  json_builder_set_member_name (builder, "confidence");
  if (isfinite (detection->confidence) && detection->confidence >= 0.0)
    json_builder_add_double_value (builder, detection->confidence);
  else
    json_builder_add_null_value (builder);
  /* metadata have whole pixels */
  add_integer (builder, "x", (gint64) detection->x);
  add_integer (builder, "y", (gint64) detection->y);
  add_integer (builder, "width", (gint64) detection->width);
  add_integer (builder, "height", (gint64) detection->height);
  if (self->detectors->len > 1)
    add_detector_name (self, builder, detection);
  add_track (builder, track);

  json_builder_end_object (builder);
}

static void
add_inferred (JsonBuilder *builder, gboolean inferred)
{
  json_builder_set_member_name (builder, "inferred");
  json_builder_add_boolean_value (builder, inferred);
}

static void
add_detectors (GstYolov5Json *self, JsonBuilder *builder)
{
  guint i;

  json_builder_set_member_name (builder, "detectors");
  json_builder_begin_object (builder);
  for (i = 0; i < self->detectors->len; i++) {
    const Detector *detector = g_ptr_array_index (self->detectors, i);

    json_builder_set_member_name (builder, detector->name);
    json_builder_begin_object (builder);
    add_inferred (builder, detector->inferred);
    if (detector->inferred)
      add_integer (
          builder, "inference_time", (gint64) detector->inference_time);
    json_builder_end_object (builder);
  }
  json_builder_end_object (builder);
}

/* somebody looked who found it */
static gboolean
has_found (GstYolov5Json *self)
{
  guint i;

  for (i = 0; i < self->tracks->len; i++)
    if (!g_array_index (self->tracks, GstYolov5TrackedObject, i).is_predicted)
      return TRUE;
  return FALSE;
}

static void
add_inference (GstYolov5Json *self, JsonBuilder *builder)
{
  GstClockTime inference_time = 0, lag = 0;
  guint n_inferred = 0, i;

  for (i = 0; i < self->detectors->len; i++) {
    const Detector *detector = g_ptr_array_index (self->detectors, i);

    if (!detector->inferred)
      continue;
    n_inferred++;
    inference_time += detector->inference_time;
    lag = MAX (lag, detector->lag);
  }

  if (self->detectors->len > 0) {
    add_inferred (builder, n_inferred == self->detectors->len);
  } else if (has_found (self)) {
    add_inferred (builder, TRUE);
  } else {
    json_builder_set_member_name (builder, "inferred");
    json_builder_add_null_value (builder);
  }
  if (n_inferred > 0)
    add_integer (builder, "inference_time", (gint64) inference_time);
  if (lag > 0)
    add_integer (builder, "lag", (gint64) lag);
  if (self->detectors->len > 1)
    add_detectors (self, builder);
}

static JsonNode *
frame_to_json (GstYolov5Json *self, GstBuffer *buffer)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  guint i;

  json_builder_begin_object (builder);

  json_builder_set_member_name (builder, "pts");
  if (GST_BUFFER_PTS_IS_VALID (buffer))
    json_builder_add_int_value (builder, (gint64) GST_BUFFER_PTS (buffer));
  else
    json_builder_add_null_value (builder);
  add_integer (builder, "frame", (gint64) self->next_frame);
  add_integer (builder, "width", self->width);
  add_integer (builder, "height", self->height);
  add_inference (self, builder);

  json_builder_set_member_name (builder, "detections");
  json_builder_begin_array (builder);
  for (i = 0; i < self->detections->len; i++)
    add_detection (self, builder,
        &g_array_index (self->detections, GstYolov5Detection, i),
        &g_array_index (self->tracks, GstYolov5TrackedObject, i));
  json_builder_end_array (builder);

  json_builder_end_object (builder);
  return json_builder_get_root (builder);
}

/* as a buffer with the times of the frame in @buffer */
static GstBuffer *
json_to_line (GstYolov5Json *self, JsonNode *json, GstBuffer *buffer)
{
  GString *text = g_string_new (NULL);
  GstBuffer *line;
  gsize length;

  json_generator_set_root (self->generator, json);
  json_generator_to_gstring (self->generator, text);
  g_string_append_c (text, '\n');
  length = text->len;

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

  read_marks (self, buffer);
  g_array_set_size (self->detections, 0);
  gst_yolov5_detections_collect (buffer, self->detections);
  g_array_set_size (self->tracks, self->detections->len);
  gst_yolov5_tracks_collect (buffer,
      (GstYolov5Detection *) self->detections->data,
      (GstYolov5TrackedObject *) self->tracks->data, self->detections->len);

  GST_OBJECT_LOCK (self);
  skip_empty = self->skip_empty;
  GST_OBJECT_UNLOCK (self);

  if (self->detections->len == 0 && skip_empty) {
    skip_frame (self, buffer);
  } else {
    g_autoptr (JsonNode) json = frame_to_json (self, buffer);

    self->flow = gst_pad_push (self->srcpad, json_to_line (self, json, buffer));
  }

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
    get_detector (self, name, path);
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
    g_ptr_array_set_size (self->detectors, 0);
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

  g_ptr_array_unref (self->detectors);
  g_array_unref (self->detections);
  g_array_unref (self->tracks);
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
   * Write no line for a frame without detections. A gap event goes out
   * instead, so that sinks do not wait.
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
  self->detectors =
      g_ptr_array_new_with_free_func ((GDestroyNotify) detector_free);
  self->detections = g_array_new (FALSE, FALSE, sizeof (GstYolov5Detection));
  self->tracks = g_array_new (FALSE, FALSE, sizeof (GstYolov5TrackedObject));
  self->generator = json_generator_new ();
}
