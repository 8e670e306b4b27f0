/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* A running pipeline that is treated badly: seeks, state changes, new caps and
 * properties at random moments. Frames are black, so the double finds its box
 * in the top left corner of each. */

#include "rig.h"

#include <math.h>
#include <string.h>

#include "metadata/inference.h"
#include "yolov5dpu/element.h"

#define N_ACTIONS 500
#define FACTORY "detectorwithdouble"
/* of the double's box: x from 4 - 5 to 4 + 5, y from 4 - 6.5 to 4 + 6.5, cut
 * off at the border */
#define BOX_RIGHT 9.
#define BOX_BOTTOM 10.5

#define N_STATES 5

static const GstState states[N_STATES] = { GST_STATE_NULL, GST_STATE_READY,
  GST_STATE_PAUSED, GST_STATE_PLAYING, GST_STATE_PLAYING };

typedef struct {
  GstElement *pipeline;
  GstElement *caps_filter;
  GstElement *detector;
  GstElement *sink;
  GRand *rand;
  ModelFiles files;

  GMutex lock;
  GCond arrived;
  guint n_frames;
  GstClockTime last_pts;
} Stress;

static void
check_inferred_frame (GstBuffer *buffer, gint size)
{
  GArray *detections = g_array_new (FALSE, FALSE, sizeof (GstYolov5Detection));
  const GstYolov5Detection *detection;

  gst_yolov5_detections_collect (buffer, detections);
  assert_equals_int (detections->len, 1);
  detection = &g_array_index (detections, GstYolov5Detection, 0);
  assert_equals_int (detection->x, 0);
  assert_equals_int (detection->y, 0);
  assert_equals_int (
      detection->width, round (BOX_RIGHT * size / FAKE_DPU_SIZE));
  assert_equals_int (
      detection->height, round (BOX_BOTTOM * size / FAKE_DPU_SIZE));
  g_array_unref (detections);
}

/* there is something to be found in each frame; older GStreamers have no mark */
static gboolean
was_inferred (GstBuffer *buffer)
{
#if GST_CHECK_VERSION(1, 20, 0)
  GstYolov5Inference inference;

  return gst_yolov5_inference_read (buffer, &inference);
#else
  return count_detections (buffer) > 0;
#endif
}

static GstPadProbeReturn
watch (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  Stress *self = data;

  g_mutex_lock (&self->lock);
  if (info->type & GST_PAD_PROBE_TYPE_BUFFER) {
    GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);
    GstCaps *caps = gst_pad_get_current_caps (pad);
    GstVideoInfo video;

    fail_unless (gst_video_info_from_caps (&video, caps));
    /* neither twice nor before an earlier one */
    fail_unless (!GST_CLOCK_TIME_IS_VALID (self->last_pts)
                 || GST_BUFFER_PTS (buffer) > self->last_pts);
    assert_equals_uint64 (
        gst_buffer_get_size (buffer), GST_VIDEO_INFO_SIZE (&video));
    if (was_inferred (buffer))
      check_inferred_frame (buffer, GST_VIDEO_INFO_WIDTH (&video));
    else
      assert_equals_int (count_detections (buffer), 0);
    self->last_pts = GST_BUFFER_PTS (buffer);
    self->n_frames++;
    g_cond_broadcast (&self->arrived);
    gst_caps_unref (caps);
  } else if (GST_EVENT_TYPE (GST_PAD_PROBE_INFO_EVENT (info))
             == GST_EVENT_SEGMENT) {
    self->last_pts = GST_CLOCK_TIME_NONE;
  }
  g_mutex_unlock (&self->lock);

  return GST_PAD_PROBE_OK;
}

static void
wait_for_frames (Stress *self, guint n)
{
  g_mutex_lock (&self->lock);
  n += self->n_frames;
  while (self->n_frames < n)
    g_cond_wait (&self->arrived, &self->lock);
  g_mutex_unlock (&self->lock);
}

/* A pipeline that is told something else while it changes its state may stop
 * at PAUSED for ever, with a queue in the place of the detector as well. What
 * happens to an element in such moments is another test. */
static void
settle (Stress *self)
{
  fail_if (
      gst_element_get_state (self->pipeline, NULL, NULL, GST_CLOCK_TIME_NONE)
      == GST_STATE_CHANGE_FAILURE);
}

static void
seek (Stress *self)
{
  /* refused when there is nothing to seek in yet */
  gst_element_seek_simple (self->pipeline, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH,
      g_rand_int_range (self->rand, 0, 1000) * GST_MSECOND);
  settle (self);
}

static void
set_state (Stress *self, GstState state)
{
  fail_if (gst_element_set_state (self->pipeline, state)
           == GST_STATE_CHANGE_FAILURE);
  settle (self);
}

static void
change_state (Stress *self)
{
  set_state (self, states[g_rand_int_range (self->rand, 0, N_STATES)]);
}

static void
change_caps (Stress *self)
{
  static const gint sizes[] = { 64, 128, 320, 640 };
  static const gchar *const formats[] = { "RGB", "BGRx" };
  gint size = sizes[g_rand_int_range (self->rand, 0, 4)];
  GstCaps *caps = gst_caps_new_simple ("video/x-raw", "format", G_TYPE_STRING,
      formats[g_rand_int_range (self->rand, 0, 2)], "width", G_TYPE_INT, size,
      "height", G_TYPE_INT, size, "framerate", GST_TYPE_FRACTION,
      g_rand_int_range (self->rand, 20, 500), 1, NULL);

  g_object_set (self->caps_filter, "caps", caps, NULL);
  gst_caps_unref (caps);
}

static void
change_detector (GstElement *detector, GRand *rand, const gchar *model)
{
  static const gchar *const properties[][2] = {
    { "threshold", "0.5" },
    { "threshold", "0.1" },
    { "iou-threshold", "0.9" },
    { "max-detections", "1" },
    { "max-detections", "50" },
    { "classes", "even" },
    { "classes", "" },
    { "class-thresholds", "even=0.3,odd=1" },
    { "class-thresholds", "" },
    { "agnostic-nms", "true" },
    { "agnostic-nms", "false" },
    { "min-box-size", "3" },
    { "max-box-size", "10000" },
    { "inference-interval", "1" },
    { "inference-interval", "3" },
    { "no-block", "true" },
    { "no-block", "false" },
    { "post-messages", "true" },
    { "post-messages", "false" },
    /* refused while the model is open */
    { "max-in-flight", "1" },
    { "max-in-flight", "4" },
    { "model", NULL },
  };
  const gchar *const *property =
      properties[g_rand_int_range (rand, 0, G_N_ELEMENTS (properties))];
  GstStructure *stats = NULL;

  gst_util_set_object_arg (
      G_OBJECT (detector), property[0], property[1] ? property[1] : model);
  g_object_get (detector, "stats", &stats, NULL);
  gst_structure_free (stats);
}

static void
change_property (Stress *self)
{
  change_detector (self->detector, self->rand, self->files.model);
}

static GstBusSyncReply
refuse_errors (GstBus *bus, GstMessage *message, gpointer data)
{
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    GError *error;
    gchar *debug;

    gst_message_parse_error (message, &error, &debug);
    fail_unless (FALSE, "%s: %s", error->message, debug);
  }
  gst_message_unref (message);
  return GST_BUS_DROP;
}

static void
set_up (Stress *self, guint32 seed)
{
  GstPad *pad;
  GstBus *bus;

  memset (self, 0, sizeof (*self));
  g_mutex_init (&self->lock);
  g_cond_init (&self->arrived);
  self->rand = g_rand_new_with_seed (seed);
  self->last_pts = GST_CLOCK_TIME_NONE;
  model_files_init (&self->files);
  fail_unless (
      gst_element_register (NULL, FACTORY, GST_RANK_NONE, GST_TYPE_YOLOV5_DPU));
  self->pipeline = gst_parse_launch (
      "videotestsrc pattern=black ! capsfilter name=caps caps-change-mode=delayed ! " FACTORY
      " name=detector ! fakesink name=sink sync=true",
      NULL);
  self->caps_filter = gst_bin_get_by_name (GST_BIN (self->pipeline), "caps");
  self->detector = gst_bin_get_by_name (GST_BIN (self->pipeline), "detector");
  self->sink = gst_bin_get_by_name (GST_BIN (self->pipeline), "sink");
  g_object_set (self->detector, "model", self->files.model, "label-file",
      self->files.labels, NULL);
  change_caps (self);
  bus = gst_element_get_bus (self->pipeline);
  gst_bus_set_sync_handler (bus, refuse_errors, NULL, NULL);
  gst_object_unref (bus);
  pad = gst_element_get_static_pad (self->sink, "sink");
  gst_pad_add_probe (pad,
      GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, watch,
      self, NULL);
  gst_object_unref (pad);
}

static void
tear_down (Stress *self)
{
  gst_object_unref (self->caps_filter);
  gst_object_unref (self->detector);
  gst_object_unref (self->sink);
  ASSERT_OBJECT_REFCOUNT (self->pipeline, "pipeline", 1);
  gst_object_unref (self->pipeline);
  g_rand_free (self->rand);
  model_files_clear (&self->files);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->arrived);
}

/* whatever is done to a pipeline at whatever moment, frames keep their order
 * and their boxes, nothing fails, hangs or leaks, and it goes on */
GST_START_TEST (test_pipeline)
{
  static void (*const actions[]) (Stress *) = { seek, seek, change_state,
    change_caps, change_property, change_property };
  Stress stress;

  fake_dpu_set_pace (2 * GST_MSECOND);
  set_up (&stress, 20221125 + __i__);
  set_state (&stress, GST_STATE_PLAYING);
  wait_for_frames (&stress, 1);

  for (guint i = 0; i < N_ACTIONS; i++) {
    actions[g_rand_int_range (stress.rand, 0, G_N_ELEMENTS (actions))](&stress);
    /* at times, let something happen in between */
    if (i % 4 == 3) {
      set_state (&stress, GST_STATE_PLAYING);
      wait_for_frames (&stress, 1);
    }
  }

  set_state (&stress, GST_STATE_PLAYING);
  wait_for_frames (&stress, 10);
  assert_equals_int (gst_element_set_state (stress.pipeline, GST_STATE_NULL),
      GST_STATE_CHANGE_SUCCESS);
  assert_equals_int (fake_dpu_get_n_runners (), 0);
  assert_equals_int (fake_dpu_get_n_models (), 0);
  tear_down (&stress);
}
GST_END_TEST;

/* scrubbing: each of many seeks in PAUSED shows the frame that was sought, with
 * its boxes */
GST_START_TEST (test_seeks_in_paused)
{
  Stress stress;

  set_up (&stress, 1);
  g_object_set (stress.detector, "inference-interval", 5, NULL);
  gst_element_set_state (stress.pipeline, GST_STATE_PAUSED);
  assert_equals_int (
      gst_element_get_state (stress.pipeline, NULL, NULL, GST_CLOCK_TIME_NONE),
      GST_STATE_CHANGE_SUCCESS);

  for (guint i = 0; i < 100; i++) {
    GstClockTime target = (i * 37 % 100) * GST_SECOND;
    GstSample *sample = NULL;

    fail_unless (gst_element_seek_simple (stress.pipeline, GST_FORMAT_TIME,
        GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_ACCURATE, target));
    assert_equals_int (gst_element_get_state (
                           stress.pipeline, NULL, NULL, GST_CLOCK_TIME_NONE),
        GST_STATE_CHANGE_SUCCESS);
    g_object_get (stress.sink, "last-sample", &sample, NULL);
    fail_unless (sample != NULL);
    assert_equals_uint64 (
        GST_BUFFER_PTS (gst_sample_get_buffer (sample)), target);
    fail_unless (was_inferred (gst_sample_get_buffer (sample)));
    assert_equals_int (count_detections (gst_sample_get_buffer (sample)), 1);
    gst_sample_unref (sample);
  }

  gst_element_set_state (stress.pipeline, GST_STATE_NULL);
  tear_down (&stress);
}
GST_END_TEST;

typedef struct {
  DetectorRig *rig;
  gint size;
  gint flushing;
  gint n_frames;
  /* frames and ends of flushes that the element did not take */
  gint n_refused;
  gint quit;
} Pusher;

/* ends a flush; refused when the element is not there at the moment, and to be
 * tried again then, as downstream is still flushing */
static gboolean
end_flush (Pusher *self)
{
  if (!g_atomic_int_get (&self->flushing))
    return TRUE;
  if (!gst_harness_push_event (
          self->rig->harness, gst_event_new_flush_stop (TRUE))) {
    g_atomic_int_inc (&self->n_refused);
    return FALSE;
  }
  g_atomic_int_set (&self->flushing, FALSE);
  return TRUE;
}

/* frames in a stream of their own, until the element does not want any more */
static void
push_stream (Pusher *self)
{
  GstHarness *harness = self->rig->harness;
  gint size = g_atomic_int_get (&self->size);
  GstFlowReturn flow = GST_FLOW_OK;
  GstSegment segment;
  GstCaps *caps;

  caps = gst_caps_new_simple ("video/x-raw", "format", G_TYPE_STRING, "RGB",
      "width", G_TYPE_INT, size, "height", G_TYPE_INT, size, "framerate",
      GST_TYPE_FRACTION, 25, 1, NULL);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_push_event (harness, gst_event_new_stream_start ("stress"));
  gst_harness_push_event (harness, gst_event_new_caps (caps));
  gst_harness_push_event (harness, gst_event_new_segment (&segment));
  gst_caps_unref (caps);

  while (flow == GST_FLOW_OK && g_atomic_int_get (&self->size) == size
         && !g_atomic_int_get (&self->quit)) {
    flow = gst_harness_push (harness, frame_new (size, size, 0));
    fail_unless (flow == GST_FLOW_OK || flow == GST_FLOW_FLUSHING);
  }
  if (flow == GST_FLOW_FLUSHING)
    g_atomic_int_inc (&self->n_refused);
}

static gpointer
run_pusher (gpointer data)
{
  Pusher *self = data;

  while (!g_atomic_int_get (&self->quit)) {
    if (end_flush (self))
      push_stream (self);
    g_thread_yield ();
  }
  return NULL;
}

static GstPadProbeReturn
count_frame (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  g_atomic_int_inc (&((Pusher *) data)->n_frames);
  return GST_PAD_PROBE_OK;
}

/* A restart takes everything from an element that was sent before, and is not to
 * come and go between two of the pusher's calls, which would go on in the
 * middle of a stream then. */
static void
set_element_state (Pusher *self, GstState state)
{
  GstElement *element = self->rig->element;
  gint n_refused = g_atomic_int_get (&self->n_refused);

  while (GST_STATE (element) < GST_STATE_PAUSED && state >= GST_STATE_PAUSED
         && g_atomic_int_get (&self->n_refused) == n_refused)
    g_thread_yield ();
  fail_if (gst_element_set_state (element, state) == GST_STATE_CHANGE_FAILURE);
}

static void
act_on_element (Pusher *self, GRand *rand)
{
  static const gint sizes[] = { 64, 128, 320, 640 };
  GstHarness *harness = self->rig->harness;
  GstQuery *query;

  switch (g_rand_int_range (rand, 0, 5)) {
    case 0:
      set_element_state (self, states[g_rand_int_range (rand, 0, N_STATES)]);
      break;
    case 1:
      /* the pusher ends it, and there is one at a time */
      if (g_atomic_int_get (&self->flushing))
        break;
      gst_harness_push_event (harness, gst_event_new_flush_start ());
      g_atomic_int_set (&self->flushing, TRUE);
      break;
    case 2:
      g_atomic_int_set (&self->size, sizes[g_rand_int_range (rand, 0, 4)]);
      break;
    case 3:
      change_detector (self->rig->element, rand, self->rig->files.model);
      break;
    default:
      query = gst_query_new_latency ();
      gst_pad_peer_query (harness->sinkpad, query);
      gst_query_unref (query);
      gst_harness_push_upstream_event (
          harness, gst_event_new_qos (GST_QOS_TYPE_UNDERFLOW, 1.5,
                       g_rand_int_range (rand, 0, 100) * GST_MSECOND, 0));
      break;
  }
}

/* an element that is treated so in the middle of anything else it does never
 * fails, and ends each state change */
GST_START_TEST (test_element)
{
  DetectorRig *rig = detector_rig_new ("max-in-flight", 3, NULL);
  GRand *rand = g_rand_new_with_seed (20221125 + __i__);
  Pusher pusher = { .rig = rig, .size = 64 };
  GThread *thread;
  gint n_frames;

  fake_dpu_set_pace (GST_MSECOND);
  gst_harness_set_drop_buffers (rig->harness, TRUE);
  gst_pad_add_probe (rig->harness->sinkpad, GST_PAD_PROBE_TYPE_BUFFER,
      count_frame, &pusher, NULL);
  thread = g_thread_new ("pusher", run_pusher, &pusher);

  for (guint i = 0; i < N_ACTIONS; i++) {
    act_on_element (&pusher, rand);
    assert_no_error (rig->bus);
    gst_bus_set_flushing (rig->bus, TRUE);
    gst_bus_set_flushing (rig->bus, FALSE);
    /* at times, let something happen in between */
    if (i % 5 == 4) {
      set_element_state (&pusher, GST_STATE_PLAYING);
      n_frames = g_atomic_int_get (&pusher.n_frames);
      while (g_atomic_int_get (&pusher.n_frames) == n_frames)
        g_thread_yield ();
    }
  }

  g_atomic_int_set (&pusher.quit, TRUE);
  g_thread_join (thread);
  g_rand_free (rand);
  detector_rig_free (rig);
}
GST_END_TEST;

static Suite *
yolov5dpu_stress_suite (void)
{
  Suite *suite = suite_create ("yolov5dpu-stress");
  TCase *tcase = tcase_create ("stress");

  suite_add_tcase (suite, tcase);
  testfolder_add (tcase);
  tcase_add_checked_fixture (tcase, fake_dpu_reset, NULL);
  tcase_add_loop_test (tcase, test_pipeline, 0, 2);
  tcase_add_test (tcase, test_seeks_in_paused);
  tcase_add_loop_test (tcase, test_element, 0, 2);

  return suite;
}

GST_CHECK_MAIN (yolov5dpu_stress);
