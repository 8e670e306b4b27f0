/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Three threads meet here: the pipeline's leaves its latest frame and goes on,
 * whatever happens to it; one of ours encodes it, if it is wanted; the main
 * context hears of both. What waits for a slower one is bounded, and the latest
 * frame wins. */

#include "camera.h"
#include "encoder.h"
#include "source.h"

#include <gst/app/app.h>

/* frames whose detections wait for the main context */
#define MAX_WAITING_FRAMES 64
/* a camera that was lost is looked for again after this, then less often */
#define FIRST_RETRY_S 1
#define LAST_RETRY_S 30
/* until it is known what is in a source */
#define PATIENCE_S 60
/* a source that ends sooner has nothing to show again */
#define MIN_FRAMES_TO_REPEAT 2

static const gint widths[VIEW_N_SIZES] = { 160, 240, 320, 480, 640, 960, 1280,
  1920 };

typedef struct {
  gboolean wanted;
  guint64 after;
  gint64 not_before;
} Want;

typedef struct {
  ViewFrame *frame;
  guint size;
  GBytes *jpeg;
} Picture;

struct ViewCamera {
  guint number;
  gchar *name;
  gint max_width, quality;
  GstElement *pipeline, *detector;
  guint bus_watch, retry, retry_s, patience;
  gchar *error;
  guint64 frames_at_start;
  const ViewCameraListener *listener;
  gpointer user_data;

  ViewEncoder *encoders[VIEW_N_SIZES + 1];
  gboolean warned;
  GThread *encoding;

  /* what is below is under the lock */
  GMutex lock;
  GCond changed;
  gboolean stopping;
  ViewFrame *latest;
  Want wants[VIEW_N_SIZES + 1];
  GQueue frames;
  /* of Pictures; bounded, as what is made is not wanted until it was taken */
  GQueue pictures;
  guint wake;
  gboolean labels_came;
  gchar **labels;
  ViewCameraCounters counters;
};

static void
picture_free (Picture *self)
{
  view_frame_unref (self->frame);
  g_clear_pointer (&self->jpeg, g_bytes_unref);
  g_free (self);
}

/* MAIN CONTEXT */

static gboolean
deliver (gpointer user_data)
{
  ViewCamera *self = user_data;
  GQueue frames = G_QUEUE_INIT, pictures = G_QUEUE_INIT;
  ViewFrame *frame;
  Picture *picture;
  gboolean labels_came;

  g_mutex_lock (&self->lock);
  self->wake = 0;
  frames = self->frames;
  pictures = self->pictures;
  g_queue_init (&self->frames);
  g_queue_init (&self->pictures);
  labels_came = self->labels_came;
  self->labels_came = FALSE;
  g_mutex_unlock (&self->lock);

  if (self->error != NULL && frames.length > 0) {
    g_clear_pointer (&self->error, g_free);
    self->retry_s = FIRST_RETRY_S;
    labels_came = TRUE;
  }
  if (labels_came)
    self->listener->changed (self->number, self->user_data);
  while ((frame = g_queue_pop_head (&frames)) != NULL) {
    self->listener->frame (frame, self->user_data);
    view_frame_unref (frame);
  }
  while ((picture = g_queue_pop_head (&pictures)) != NULL) {
    self->listener->picture (
        picture->frame, picture->size, picture->jpeg, self->user_data);
    picture_free (picture);
  }
  return G_SOURCE_REMOVE;
}

/* with the lock held */
static void
wake_main_context (ViewCamera *self)
{
  if (self->wake == 0 && !self->stopping)
    self->wake = g_idle_add_full (G_PRIORITY_DEFAULT, deliver, self, NULL);
}

/* PIPELINE'S THREADS */

static GstPadProbeReturn
on_arrival (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  info->data = view_frame_stamp (
      GST_PAD_PROBE_INFO_BUFFER (info), g_get_monotonic_time ());
  return GST_PAD_PROBE_OK;
}

static gchar **
read_labels (const GValue *array)
{
  guint n = array != NULL && GST_VALUE_HOLDS_ARRAY (array)
                ? gst_value_array_get_size (array)
                : 0;
  gchar **labels = g_new0 (gchar *, n + 1);

  for (guint i = 0; i < n; i++) {
    const GValue *label = gst_value_array_get_value (array, i);
    const gchar *text =
        G_VALUE_HOLDS_STRING (label) ? g_value_get_string (label) : NULL;

    labels[i] = g_utf8_make_valid (text != NULL ? text : "", -1);
  }
  return labels;
}

static GstPadProbeReturn
on_detector_event (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  ViewCamera *self = user_data;
  const GstStructure *model =
      gst_event_get_structure (GST_PAD_PROBE_INFO_EVENT (info));

  if (model == NULL
      || !g_str_has_prefix (gst_structure_get_name (model), "yolov5dpu-model."))
    return GST_PAD_PROBE_OK;
  g_mutex_lock (&self->lock);
  g_strfreev (self->labels);
  self->labels = read_labels (gst_structure_get_value (model, "labels"));
  self->labels_came = TRUE;
  wake_main_context (self);
  g_mutex_unlock (&self->lock);
  return GST_PAD_PROBE_OK;
}

static GstFlowReturn
on_sample (GstAppSink *sink, gpointer user_data)
{
  ViewCamera *self = user_data;
  GstSample *sample = gst_app_sink_pull_sample (sink);
  ViewFrame *frame, *dropped = NULL, *before;

  if (sample == NULL)
    return GST_FLOW_EOS;
  /* only this thread counts */
  frame = view_frame_new (self->number, self->counters.frames + 1, sample);
  gst_sample_unref (sample);

  g_mutex_lock (&self->lock);
  self->counters.frames++;
  if (frame->inferred) {
    self->counters.inferences++;
    self->counters.inference_time += frame->inference_time;
  }
  before = self->latest;
  self->latest = view_frame_ref (frame);
  g_queue_push_tail (&self->frames, frame);
  if (self->frames.length > MAX_WAITING_FRAMES)
    dropped = g_queue_pop_head (&self->frames);
  g_cond_signal (&self->changed);
  wake_main_context (self);
  g_mutex_unlock (&self->lock);

  g_clear_pointer (&before, view_frame_unref);
  g_clear_pointer (&dropped, view_frame_unref);
  return GST_FLOW_OK;
}

/* THE ENCODING THREAD */

static GBytes *
encode (ViewCamera *self, ViewFrame *frame, guint size)
{
  g_autoptr (GError) error = NULL;
  GBytes *jpeg = NULL;

  if (self->encoders[size] == NULL)
    self->encoders[size] = view_encoder_new (
        size < VIEW_N_SIZES ? widths[size] : G_MAXINT, self->quality, &error);
  if (self->encoders[size] != NULL)
    jpeg = view_encoder_encode (self->encoders[size], frame->picture, &error);
  if (jpeg == NULL && !self->warned) {
    g_printerr ("Warning: %s: %s\n", self->name, error->message);
    self->warned = TRUE;
  }
  return jpeg;
}

/* with the lock held: which sizes of the latest frame are wanted, as bits */
static guint
take_wants (ViewCamera *self)
{
  guint sizes = 0;

  if (self->latest == NULL)
    return 0;
  for (guint i = 0; i < G_N_ELEMENTS (self->wants); i++) {
    Want *want = &self->wants[i];

    if (want->wanted && self->latest->number > want->after
        && self->latest->arrived >= want->not_before) {
      want->wanted = FALSE;
      sizes |= 1u << i;
    }
  }
  return sizes;
}

static gpointer
encode_frames (gpointer user_data)
{
  ViewCamera *self = user_data;

  g_mutex_lock (&self->lock);
  while (!self->stopping) {
    g_autoptr (ViewFrame) frame = NULL;
    guint sizes = take_wants (self);

    if (sizes == 0) {
      g_cond_wait (&self->changed, &self->lock);
      continue;
    }
    frame = view_frame_ref (self->latest);
    for (guint i = 0; i < G_N_ELEMENTS (self->wants); i++) {
      Picture *picture;

      if ((sizes & 1u << i) == 0)
        continue;
      g_mutex_unlock (&self->lock);
      picture = g_new0 (Picture, 1);
      picture->frame = view_frame_ref (frame);
      picture->size = i;
      picture->jpeg = encode (self, frame, i);
      g_mutex_lock (&self->lock);
      self->counters.encoded++;
      g_queue_push_tail (&self->pictures, picture);
      wake_main_context (self);
    }
  }
  g_mutex_unlock (&self->lock);
  return NULL;
}

/* THE PIPELINE'S LIFE, IN THE MAIN CONTEXT */

static void play (ViewCamera *self);

static guint64
count_frames (ViewCamera *self)
{
  guint64 frames;

  g_mutex_lock (&self->lock);
  frames = self->counters.frames;
  g_mutex_unlock (&self->lock);
  return frames;
}

static gboolean
retry (gpointer user_data)
{
  ViewCamera *self = user_data;

  self->retry = 0;
  play (self);
  return G_SOURCE_REMOVE;
}

/* what ran will be looked for again */
static void
lose (ViewCamera *self, const gchar *words)
{
  gst_element_set_state (self->pipeline, GST_STATE_NULL);
  g_clear_handle_id (&self->patience, g_source_remove);
  if (count_frames (self) == 0) {
    self->listener->failed (self->number, words, self->user_data);
    return;
  }
  g_printerr ("Error: %s: %s; trying again in %u s\n", self->name, words,
      self->retry_s);
  g_free (self->error);
  self->error = g_strdup (words);
  self->retry = g_timeout_add_seconds (self->retry_s, retry, self);
  self->retry_s = MIN (2 * self->retry_s, LAST_RETRY_S);
  self->listener->changed (self->number, self->user_data);
}

/* decodebin drops what an element says that fails while it is being started: now
 * and then, there is neither an error nor an end of a broken file */
static gboolean
check_found (gpointer user_data)
{
  ViewCamera *self = user_data;
  GstPad *pad = gst_element_get_static_pad (self->detector, "sink");
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);

  gst_object_unref (pad);
  self->patience = 0;
  if (caps == NULL)
    lose (self, "Nothing to be shown was found in it within " G_STRINGIFY (
                    PATIENCE_S) " s");
  return G_SOURCE_REMOVE;
}

/* what goes wrong comes as a message */
static void
play (ViewCamera *self)
{
  self->patience = g_timeout_add_seconds (PATIENCE_S, check_found, self);
  gst_element_set_state (self->pipeline, GST_STATE_PLAYING);
}

/* a clip starts anew; a picture stays; a stream that has ended may come back */
static void
take_end (ViewCamera *self)
{
  guint64 frames = count_frames (self);

  if (frames - self->frames_at_start < MIN_FRAMES_TO_REPEAT)
    return;
  self->frames_at_start = frames;
  if (!gst_element_seek_simple (self->pipeline, GST_FORMAT_TIME,
          GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_KEY_UNIT, 0))
    lose (self, "The stream has ended");
}

static gboolean
on_message (GstBus *bus, GstMessage *message, gpointer user_data)
{
  ViewCamera *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree gchar *words = NULL;

  /* the first error is the reason, and what follows from it does not count */
  if (self->retry != 0)
    return G_SOURCE_CONTINUE;
  switch (GST_MESSAGE_TYPE (message)) {
    case GST_MESSAGE_WARNING:
      gst_message_parse_warning (message, &error, NULL);
      g_printerr ("Warning: %s: %s\n", self->name, error->message);
      break;
    case GST_MESSAGE_ERROR:
      words = view_source_word_error (message);
      lose (self, words);
      break;
    case GST_MESSAGE_EOS:
      take_end (self);
      break;
    case GST_MESSAGE_LATENCY:
      gst_bin_recalculate_latency (GST_BIN (self->pipeline));
      break;
    case GST_MESSAGE_ELEMENT:
      self->listener->message (
          self->number, gst_message_get_structure (message), self->user_data);
      break;
    default:
      break;
  }
  return G_SOURCE_CONTINUE;
}

static void
add_probe (GstElement *element, const gchar *name, GstPadProbeType type,
    GstPadProbeCallback callback, gpointer user_data)
{
  GstPad *pad = gst_element_get_static_pad (element, name);

  gst_pad_add_probe (pad, type, callback, user_data, NULL);
  gst_object_unref (pad);
}

/**
 * view_camera_new:
 * @number: its number, from 0
 * @source: what to show
 * @options: how
 * @error: return location
 *
 * Returns: (transfer full) (nullable): a camera that has not been started
 */
ViewCamera *
view_camera_new (guint number, const gchar *source,
    const ViewCameraOptions *options, GError **error)
{
  static GstAppSinkCallbacks callbacks = { .new_sample = on_sample };
  GstElement *pipeline = view_source_make_pipeline (source, options, error);
  ViewCamera *self;
  GstElement *sink;
  GstBus *bus;

  if (pipeline == NULL)
    return NULL;
  self = g_new0 (ViewCamera, 1);
  self->number = number;
  self->name = view_source_get_name (source);
  self->max_width = options->max_width;
  self->quality = options->quality;
  self->retry_s = FIRST_RETRY_S;
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  g_queue_init (&self->frames);
  g_queue_init (&self->pictures);
  self->labels = g_new0 (gchar *, 1);

  self->pipeline = gst_object_ref_sink (pipeline);
  self->detector = gst_bin_get_by_name (GST_BIN (pipeline), "detector");
  add_probe (
      self->detector, "sink", GST_PAD_PROBE_TYPE_BUFFER, on_arrival, self);
  add_probe (self->detector, "src", GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
      on_detector_event, self);
  sink = gst_bin_get_by_name (GST_BIN (pipeline), "frames");
  gst_app_sink_set_callbacks (GST_APP_SINK (sink), &callbacks, self, NULL);
  gst_object_unref (sink);
  bus = gst_element_get_bus (pipeline);
  self->bus_watch = gst_bus_add_watch (bus, on_message, self);
  gst_object_unref (bus);
  return self;
}

void
view_camera_free (ViewCamera *self)
{
  GstBus *bus = gst_element_get_bus (self->pipeline);

  gst_element_set_state (self->pipeline, GST_STATE_NULL);
  gst_bus_remove_watch (bus);
  gst_object_unref (bus);
  g_mutex_lock (&self->lock);
  self->stopping = TRUE;
  g_cond_signal (&self->changed);
  g_mutex_unlock (&self->lock);
  if (self->encoding != NULL)
    g_thread_join (self->encoding);
  if (self->wake != 0)
    g_source_remove (self->wake);
  g_clear_handle_id (&self->retry, g_source_remove);
  g_clear_handle_id (&self->patience, g_source_remove);

  for (guint i = 0; i < G_N_ELEMENTS (self->encoders); i++)
    g_clear_pointer (&self->encoders[i], view_encoder_free);
  g_clear_pointer (&self->latest, view_frame_unref);
  g_queue_clear_full (&self->frames, (GDestroyNotify) view_frame_unref);
  g_queue_clear_full (&self->pictures, (GDestroyNotify) picture_free);
  gst_object_unref (self->detector);
  gst_object_unref (self->pipeline);
  g_strfreev (self->labels);
  g_free (self->error);
  g_free (self->name);
  g_cond_clear (&self->changed);
  g_mutex_clear (&self->lock);
  g_free (self);
}

void
view_camera_start (
    ViewCamera *self, const ViewCameraListener *listener, gpointer user_data)
{
  self->listener = listener;
  self->user_data = user_data;
  self->encoding = g_thread_new ("view:encoding", encode_frames, self);
  play (self);
}

const gchar *
view_camera_get_name (const ViewCamera *self)
{
  return self->name;
}

/**
 * view_camera_get_error:
 * @self: a camera
 *
 * Returns: (transfer none) (nullable): why there are no frames for now
 */
const gchar *
view_camera_get_error (const ViewCamera *self)
{
  return self->error;
}

/**
 * view_camera_get_labels:
 * @self: a camera
 *
 * Returns: (transfer full): the classes of the model; none before it was opened
 */
gchar **
view_camera_get_labels (ViewCamera *self)
{
  gchar **labels;

  g_mutex_lock (&self->lock);
  labels = g_strdupv (self->labels);
  g_mutex_unlock (&self->lock);
  return labels;
}

GstElement *
view_camera_get_detector (ViewCamera *self)
{
  return self->detector;
}

/**
 * view_camera_get_latest:
 * @self: a camera
 *
 * Returns: (transfer full) (nullable): the latest frame
 */
ViewFrame *
view_camera_get_latest (ViewCamera *self)
{
  ViewFrame *frame;

  g_mutex_lock (&self->lock);
  frame = self->latest != NULL ? view_frame_ref (self->latest) : NULL;
  g_mutex_unlock (&self->lock);
  return frame;
}

void
view_camera_get_counters (ViewCamera *self, ViewCameraCounters *counters)
{
  g_mutex_lock (&self->lock);
  *counters = self->counters;
  g_mutex_unlock (&self->lock);
}

/**
 * view_camera_choose_size:
 * @self: a camera
 * @width: how many pixels a viewer has for it
 *
 * Returns: the size of pictures that fills them, or the largest that is allowed
 */
guint
view_camera_choose_size (const ViewCamera *self, gint width)
{
  guint size = 0;

  while (size + 1 < VIEW_N_SIZES && widths[size] < width
         && widths[size + 1] <= self->max_width)
    size++;
  return size;
}

/**
 * view_camera_want:
 * @self: a camera
 * @size: of the picture
 * @after: the number of the frame that the viewer has
 * @not_before: monotonic microseconds
 *
 * Asks for a picture of the first frame after @after that came at @not_before
 * or later. The earliest wish counts.
 */
void
view_camera_want (
    ViewCamera *self, guint size, guint64 after, gint64 not_before)
{
  Want *want = &self->wants[size];

  g_mutex_lock (&self->lock);
  if (want->wanted) {
    want->after = MIN (want->after, after);
    want->not_before = MIN (want->not_before, not_before);
  } else {
    *want = (Want){ TRUE, after, not_before };
  }
  g_cond_signal (&self->changed);
  g_mutex_unlock (&self->lock);
}
