/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The lines that yolov5json writes, read back by a JSON parser. */

#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>
#include <gst/video/video.h>

#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

#include "metadata/inference.h"
#include "metadata/model-event.h"
#include "testfolder.h"

#define CAPS "video/x-raw,format=NV12,width=640,height=480,framerate=30/1"

static GstHarness *
new_json (void)
{
  GstHarness *h = gst_harness_new ("yolov5json");

  gst_harness_set_src_caps_str (h, CAPS);
  return h;
}

static GstBuffer *
new_frame (GstClockTime pts)
{
  GstBuffer *buffer = gst_buffer_new ();

  GST_BUFFER_PTS (buffer) = pts;
  GST_BUFFER_DURATION (buffer) = 33 * GST_MSECOND;
  return buffer;
}

static void
attach (GstBuffer *buffer, const gchar *label, gdouble confidence)
{
  GstVideoRegionOfInterestMeta *region =
      gst_buffer_add_video_region_of_interest_meta (
          buffer, label, 10, 20, 30, 40);

  gst_video_region_of_interest_meta_add_param (
      region, gst_structure_new ("detection", "label_id", G_TYPE_INT, 7,
                  "confidence", G_TYPE_DOUBLE, confidence, NULL));
}

static void
mark (GstBuffer *buffer, guint64 frame)
{
  GstYolov5Inference inference = {
    .frame = frame,
    .inference_time = 20 * GST_MSECOND,
  };

  gst_yolov5_inference_register ();
  gst_yolov5_inference_attach (buffer, &inference, NULL, 0);
}

static JsonNode *
parse_line (const gchar *text, gsize size)
{
  JsonParser *parser = json_parser_new ();
  GError *error = NULL;
  JsonNode *json;

  fail_unless (size > 0 && text[size - 1] == '\n', "the line has no end");
  fail_unless (memchr (text, '\n', size - 1) == NULL, "more than one line");
  fail_unless (g_utf8_validate (text, (gssize) size, NULL));
  fail_unless (json_parser_load_from_data (parser, text, size, &error), "%s",
      error != NULL ? error->message : "");
  json = json_parser_steal_root (parser);
  fail_unless (JSON_NODE_HOLDS_OBJECT (json));
  g_object_unref (parser);
  return json;
}

/* takes the next line out of the harness */
static JsonNode *
pull_line (GstHarness *h)
{
  GstBuffer *buffer = gst_harness_pull (h);
  GstMapInfo map;
  JsonNode *json;

  fail_unless (gst_buffer_map (buffer, &map, GST_MAP_READ));
  json = parse_line ((const gchar *) map.data, map.size);
  gst_buffer_unmap (buffer, &map);
  gst_buffer_unref (buffer);
  return json;
}

static JsonNode *
push_and_pull (GstHarness *h, GstBuffer *frame)
{
  assert_equals_int (gst_harness_push (h, frame), GST_FLOW_OK);
  return pull_line (h);
}

static JsonObject *
get_detection (JsonNode *json, guint i)
{
  return json_array_get_object_element (
      json_object_get_array_member (json_node_get_object (json), "detections"),
      i);
}

static guint
count_detections (JsonNode *json)
{
  return json_array_get_length (
      json_object_get_array_member (json_node_get_object (json), "detections"));
}

/* a line says which frame it is of, and what was found where */
GST_START_TEST (test_fields)
{
  GstHarness *h = new_json ();
  GstBuffer *frame = new_frame (40 * GST_MSECOND);
  JsonObject *object;
  JsonNode *json;

  attach (frame, "person", 0.875);
  attach (frame, "car", 0.5);
  json = push_and_pull (h, frame);
  object = json_node_get_object (json);
  assert_equals_int64 (
      json_object_get_int_member (object, "pts"), 40 * GST_MSECOND);
  assert_equals_int64 (json_object_get_int_member (object, "frame"), 0);
  assert_equals_int64 (json_object_get_int_member (object, "width"), 640);
  assert_equals_int64 (json_object_get_int_member (object, "height"), 480);

  assert_equals_int (count_detections (json), 2);
  object = get_detection (json, 0);
  assert_equals_string (
      json_object_get_string_member (object, "label"), "person");
  assert_equals_int64 (json_object_get_int_member (object, "label_id"), 7);
  assert_equals_float (
      json_object_get_double_member (object, "confidence"), 0.875);
  assert_equals_int64 (json_object_get_int_member (object, "x"), 10);
  assert_equals_int64 (json_object_get_int_member (object, "y"), 20);
  assert_equals_int64 (json_object_get_int_member (object, "width"), 30);
  assert_equals_int64 (json_object_get_int_member (object, "height"), 40);
  assert_equals_string (
      json_object_get_string_member (get_detection (json, 1), "label"), "car");
  json_node_unref (json);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* a line has the times and flags of its frame */
GST_START_TEST (test_buffer)
{
  GstHarness *h = new_json ();
  GstBuffer *frame = new_frame (40 * GST_MSECOND);
  GstBuffer *line;

  GST_BUFFER_DTS (frame) = 30 * GST_MSECOND;
  GST_BUFFER_OFFSET (frame) = 12;
  GST_BUFFER_FLAG_SET (frame, GST_BUFFER_FLAG_DISCONT);
  GST_BUFFER_FLAG_SET (frame, GST_BUFFER_FLAG_GAP);
  line = gst_harness_push_and_pull (h, frame);
  assert_equals_uint64 (GST_BUFFER_PTS (line), 40 * GST_MSECOND);
  assert_equals_uint64 (GST_BUFFER_DTS (line), 30 * GST_MSECOND);
  assert_equals_uint64 (GST_BUFFER_DURATION (line), 33 * GST_MSECOND);
  assert_equals_uint64 (GST_BUFFER_OFFSET (line), 12);
  fail_unless (GST_BUFFER_IS_DISCONT (line));
  /* the line is there, even if the picture is not */
  fail_if (GST_BUFFER_FLAG_IS_SET (line, GST_BUFFER_FLAG_GAP));
  gst_buffer_unref (line);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* what nobody said is null: timestamp, label, number, confidence */
GST_START_TEST (test_unknown)
{
  static const gchar *const fields[] = { "label_id", "confidence" };
  GstHarness *h = new_json ();
  GstBuffer *frame = new_frame (GST_CLOCK_TIME_NONE);
  JsonNode *json;

  gst_buffer_add_video_region_of_interest_meta_id (frame, 0, 0, 0, 1, 1);
  gst_buffer_add_video_region_of_interest_meta (frame, "face", 1, 2, 3, 4);
  attach (frame, "ghost", NAN);
  attach (frame, "ghost", INFINITY);
  json = push_and_pull (h, frame);
  fail_unless (
      json_object_get_null_member (json_node_get_object (json), "pts"));
  assert_equals_int (count_detections (json), 4);
  fail_unless (json_object_get_null_member (get_detection (json, 0), "label"));
  assert_equals_string (
      json_object_get_string_member (get_detection (json, 1), "label"), "face");
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    fail_unless (
        json_object_get_null_member (get_detection (json, 1), fields[i]));
  for (guint i = 2; i < 4; i++)
    fail_unless (
        json_object_get_null_member (get_detection (json, i), "confidence"));
  json_node_unref (json);
  gst_harness_teardown (h);
}
GST_END_TEST;

static const struct {
  const gchar *label;
  const gchar *read;
} labels[] = {
  { "traffic light", "traffic light" },
  { "\"quoted\\", "\"quoted\\" },
  { "two\nlines\r\t\b", "two\nlines\r\t\b" },
  { "\x01\x1f\x7f", "\x01\x1f\x7f" },
  { "M\xc3\xbcll", "M\xc3\xbcll" },
  { "\xe7\x8c\xab \xf0\x9f\x90\x88", "\xe7\x8c\xab \xf0\x9f\x90\x88" },
  { "latin M\xfcll", "latin M\xef\xbf\xbdll" },
  { "cut \xe7\x8c", "cut \xef\xbf\xbd\xef\xbf\xbd" },
  { "", "" },
};

/* any label gives valid JSON on one line; what is not UTF-8 is replaced */
GST_START_TEST (test_labels)
{
  GstHarness *h = new_json ();
  GstBuffer *frame = new_frame (0);
  JsonNode *json;

  attach (frame, labels[__i__].label, 0.5);
  json = push_and_pull (h, frame);
  assert_equals_string (
      json_object_get_string_member (get_detection (json, 0), "label"),
      labels[__i__].read);
  json_node_unref (json);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* boxes as large as metadata can say stay what they are */
GST_START_TEST (test_large_box)
{
  GstHarness *h = new_json ();
  GstBuffer *frame = new_frame (0);
  JsonObject *object;
  JsonNode *json;

  gst_buffer_add_video_region_of_interest_meta (
      frame, "wall", G_MAXUINT, 0, G_MAXUINT, 1);
  json = push_and_pull (h, frame);
  object = get_detection (json, 0);
  assert_equals_int64 (json_object_get_int_member (object, "x"), G_MAXUINT);
  assert_equals_int64 (json_object_get_int_member (object, "width"), G_MAXUINT);
  json_node_unref (json);
  gst_harness_teardown (h);
}
GST_END_TEST;

enum { UNKNOWN = -1, NO, YES };

static void
check_inferred (JsonNode *json, gint expected)
{
  JsonObject *object = json_node_get_object (json);

  fail_unless (json_object_has_member (object, "inferred"));
  if (expected == UNKNOWN)
    fail_unless (json_object_get_null_member (object, "inferred"));
  else
    assert_equals_int (
        json_object_get_boolean_member (object, "inferred"), expected);
}

/* another element's frames count as inferred if there is something in them */
GST_START_TEST (test_inferred_without_mark)
{
  GstHarness *h = new_json ();
  GstBuffer *frame = new_frame (0);
  JsonNode *json;

  json = push_and_pull (h, new_frame (0));
  check_inferred (json, UNKNOWN);
  json_node_unref (json);

  attach (frame, "person", 0.5);
  json = push_and_pull (h, frame);
  check_inferred (json, YES);
  fail_if (
      json_object_has_member (json_node_get_object (json), "inference_time"));
  json_node_unref (json);
  gst_harness_teardown (h);
}
GST_END_TEST;

#if GST_CHECK_VERSION(1, 20, 0)
/* a mark tells an empty result from a frame that nobody looked at */
GST_START_TEST (test_inferred_with_mark)
{
  GstHarness *h = new_json ();
  GstBuffer *frame = new_frame (0);
  JsonNode *json;

  mark (frame, 0);
  json = push_and_pull (h, frame);
  check_inferred (json, YES);
  assert_equals_int (count_detections (json), 0);
  assert_equals_int64 (json_object_get_int_member (
                           json_node_get_object (json), "inference_time"),
      20 * GST_MSECOND);
  json_node_unref (json);

  json = push_and_pull (h, new_frame (0));
  check_inferred (json, NO);
  json_node_unref (json);

  /* carried on by a tracker, say */
  frame = new_frame (0);
  attach (frame, "person", 0.5);
  json = push_and_pull (h, frame);
  check_inferred (json, NO);
  json_node_unref (json);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* results that come late say by how much, and leave the numbers of frames alone */
GST_START_TEST (test_lag)
{
  GstHarness *h = new_json ();
  GstYolov5Inference late = { .frame = 3, .lag = 40 * GST_MSECOND };
  GstBuffer *frame = new_frame (0);
  JsonObject *object;
  JsonNode *json;

  mark (frame, 7);
  json = push_and_pull (h, frame);
  fail_if (json_object_has_member (json_node_get_object (json), "lag"));
  json_node_unref (json);

  frame = new_frame (0);
  gst_yolov5_inference_attach (frame, &late, NULL, 0);
  json = push_and_pull (h, frame);
  object = json_node_get_object (json);
  assert_equals_int64 (json_object_get_int_member (object, "frame"), 8);
  assert_equals_int64 (
      json_object_get_int_member (object, "lag"), 40 * GST_MSECOND);
  json_node_unref (json);
  gst_harness_teardown (h);
}
GST_END_TEST;

static void
mark_found (GstBuffer *frame, const gchar *name, const gchar *path,
    const gchar *label, guint64 number)
{
  GstYolov5Inference inference = { .frame = number,
    .inference_time = 20 * GST_MSECOND,
    .element = name,
    .path = path };
  GstYolov5Detection detection = { .label = g_quark_from_string (label),
    .label_id = 3,
    .confidence = 0.5,
    .width = 10,
    .height = 10 };
  GstVideoInfo info;

  gst_video_info_set_format (&info, GST_VIDEO_FORMAT_I420, 640, 480);
  gst_yolov5_inference_register ();
  gst_yolov5_detections_attach (frame, &info, &detection, 1, TRUE);
  gst_yolov5_inference_attach (frame, &inference, &detection, 1);
}

/* with several detectors, a line says which of them looked and who found what;
 * the frame is inferred when all of them looked. They are known by what they
 * say of their models, or by their marks. */
GST_START_TEST (test_several_detectors)
{
  static const gchar *const classes[] = { "car", "person" };
  guint with_events;

  for (with_events = 0; with_events < 2; with_events++) {
    GstHarness *h = new_json ();
    guint i;

    if (with_events) {
      gst_harness_push_event (
          h, gst_yolov5_model_event_new ("cars", "/p/cars", classes, 2));
      gst_harness_push_event (
          h, gst_yolov5_model_event_new ("people", "/p/people", classes, 2));
    }
    for (i = 0; i < 4; i++) {
      gboolean both = i % 2 == with_events;
      GstBuffer *frame = new_frame (0);
      JsonObject *detectors, *object;
      JsonNode *json;

      mark_found (frame, "cars", "/p/cars", "car", 10 + i);
      if (both)
        mark_found (frame, "people", "/p/people", "person", 100 + i);
      gst_buffer_add_video_region_of_interest_meta (frame, "face", 1, 2, 3, 4);
      json = push_and_pull (h, frame);
      check_inferred (json, both);
      object = json_node_get_object (json);
      assert_equals_int64 (
          json_object_get_int_member (object, "frame"), 10 + i);
      assert_equals_int64 (
          json_object_get_int_member (object, "inference_time"),
          (both ? 40 : 20) * GST_MSECOND);
      detectors = json_object_get_object_member (object, "detectors");
      object = json_object_get_object_member (detectors, "cars");
      fail_unless (json_object_get_boolean_member (object, "inferred"));
      object = json_object_get_object_member (detectors, "people");
      assert_equals_int (
          json_object_get_boolean_member (object, "inferred"), both);
      assert_equals_int (
          json_object_has_member (object, "inference_time"), both);

      object = get_detection (json, 0);
      assert_equals_string (
          json_object_get_string_member (object, "detector"), "cars");
      if (both)
        assert_equals_string (
            json_object_get_string_member (get_detection (json, 1), "detector"),
            "people");
      object = get_detection (json, 1 + both);
      fail_unless (json_object_get_null_member (object, "detector"));
      json_node_unref (json);
    }
    gst_harness_teardown (h);
  }
}
GST_END_TEST;

/* two of one name, as in bins of the same kind, are told apart by their paths */
GST_START_TEST (test_detectors_of_one_name)
{
  GstHarness *h = new_json ();
  GstBuffer *frame = new_frame (0);
  JsonObject *detectors;
  JsonNode *json;

  mark_found (frame, "detector", "/p/a/detector", "car", 0);
  mark_found (frame, "detector", "/p/b/detector", "car", 0);
  json = push_and_pull (h, frame);
  detectors =
      json_object_get_object_member (json_node_get_object (json), "detectors");
  fail_unless (json_object_has_member (detectors, "detector"));
  fail_unless (json_object_has_member (detectors, "/p/b/detector"));
  json_node_unref (json);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* a detector that has said what its model is marks what it looks at: frames
 * without its mark passed without inference, from the first on */
GST_START_TEST (test_expected_marks)
{
  static const gchar *const classes[] = { "car" };
  GstHarness *h = new_json ();
  JsonNode *json;

  gst_harness_push_event (
      h, gst_yolov5_model_event_new ("cars", "/p/cars", classes, 1));
  json = push_and_pull (h, new_frame (0));
  check_inferred (json, NO);
  json_node_unref (json);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* conversions keep confidence and number of the class in the mark */
GST_START_TEST (test_converted_frames)
{
  GstHarness *h = gst_harness_new_parse (
      "videoconvert ! video/x-raw,format=RGB ! yolov5json");
  GstBuffer *frame = gst_buffer_new_and_alloc (640 * 480 * 3 / 2);
  JsonObject *object;
  JsonNode *json;

  gst_buffer_memset (frame, 0, 0, -1);
  gst_harness_set_src_caps_str (
      h, "video/x-raw,format=I420,width=640,height=480,framerate=30/1");
  mark_found (frame, "cars", "/p/cars", "car", 0);
  json = push_and_pull (h, frame);
  object = get_detection (json, 0);
  assert_equals_int64 (json_object_get_int_member (object, "label_id"), 3);
  assert_equals_float (
      json_object_get_double_member (object, "confidence"), 0.5);
  json_node_unref (json);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* frames are numbered as the detector does, also when some got lost since, and
 * anew after a restart */
GST_START_TEST (test_numbers)
{
  static const struct {
    gint64 marked;
    gint64 expected;
  } frames[] = { { -1, 0 }, { 1, 1 }, { -1, 2 }, { 7, 7 }, { -1, 8 } };
  GstHarness *h = new_json ();
  JsonNode *json;

  for (guint i = 0; i < G_N_ELEMENTS (frames); i++) {
    GstBuffer *frame = new_frame (0);

    if (frames[i].marked >= 0)
      mark (frame, (guint64) frames[i].marked);
    json = push_and_pull (h, frame);
    assert_equals_int64 (
        json_object_get_int_member (json_node_get_object (json), "frame"),
        frames[i].expected);
    json_node_unref (json);
  }

  gst_element_set_state (h->element, GST_STATE_READY);
  gst_element_set_state (h->element, GST_STATE_PLAYING);
  gst_harness_set_src_caps_str (h, CAPS);
  json = push_and_pull (h, new_frame (0));
  assert_equals_int64 (
      json_object_get_int_member (json_node_get_object (json), "frame"), 0);
  check_inferred (json, UNKNOWN);
  json_node_unref (json);
  gst_harness_teardown (h);
}
GST_END_TEST;
#endif

/* the size follows the caps, frame by frame */
GST_START_TEST (test_caps_change)
{
  GstHarness *h = new_json ();
  JsonNode *json;

  json_node_unref (push_and_pull (h, new_frame (0)));
  gst_harness_set_src_caps_str (
      h, "video/x-raw,format=RGB,width=1920,height=1080,framerate=30/1");
  json = push_and_pull (h, new_frame (0));
  assert_equals_int64 (
      json_object_get_int_member (json_node_get_object (json), "width"), 1920);
  assert_equals_int64 (
      json_object_get_int_member (json_node_get_object (json), "height"), 1080);
  json_node_unref (json);
  gst_harness_teardown (h);
}
GST_END_TEST;

static const gchar *const any_caps[] = {
  "video/x-raw(memory:DMABuf),format=NV12,width=64,height=32",
  "video/x-raw(memory:GLMemory),format=RGBA,width=64,height=32",
  "video/x-raw,format=P010_10LE,width=64,height=32",
  "video/x-raw,format=FROM_THE_FUTURE,width=64,height=32",
};

/* every format and memory does; the frames here have no pixels at all */
GST_START_TEST (test_any_memory)
{
  GstHarness *h = gst_harness_new ("yolov5json");
  JsonNode *json;

  gst_harness_set_src_caps_str (h, any_caps[__i__]);
  json = push_and_pull (h, new_frame (0));
  assert_equals_int64 (
      json_object_get_int_member (json_node_get_object (json), "width"), 64);
  json_node_unref (json);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* upstream may lay out its frames as it likes */
GST_START_TEST (test_allocation)
{
  GstHarness *h = new_json ();
  GstCaps *caps = gst_caps_from_string (CAPS);
  GstQuery *query = gst_query_new_allocation (caps, TRUE);

  fail_unless (gst_pad_peer_query (h->srcpad, query));
  fail_unless (
      gst_query_find_allocation_meta (query, GST_VIDEO_META_API_TYPE, NULL));
  gst_query_unref (query);
  gst_caps_unref (caps);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* skip-empty: only frames with detections give lines, sinks hear of the rest */
GST_START_TEST (test_skip_empty)
{
  GstHarness *h = new_json ();
  GstBuffer *frame = new_frame (66 * GST_MSECOND);
  GstEvent *event;
  GstClockTime time, duration;
  JsonNode *json;

  g_object_set (h->element, "skip-empty", TRUE, NULL);
  while ((event = gst_harness_try_pull_event (h)))
    gst_event_unref (event);

  assert_equals_int (
      gst_harness_push (h, new_frame (33 * GST_MSECOND)), GST_FLOW_OK);
  assert_equals_int (gst_harness_buffers_in_queue (h), 0);
  event = gst_harness_pull_event (h);
  assert_equals_int (GST_EVENT_TYPE (event), GST_EVENT_GAP);
  gst_event_parse_gap (event, &time, &duration);
  assert_equals_uint64 (time, 33 * GST_MSECOND);
  assert_equals_uint64 (duration, 33 * GST_MSECOND);
  gst_event_unref (event);
  assert_equals_int (
      gst_harness_push (h, new_frame (GST_CLOCK_TIME_NONE)), GST_FLOW_OK);

  attach (frame, "person", 0.5);
  json = push_and_pull (h, frame);
  assert_equals_int64 (
      json_object_get_int_member (json_node_get_object (json), "frame"), 2);
  json_node_unref (json);

  /* may change at any time */
  g_object_set (h->element, "skip-empty", FALSE, NULL);
  json_node_unref (push_and_pull (h, new_frame (0)));
  gst_harness_teardown (h);
}
GST_END_TEST;

/* events go through in order, and lines go on after a flush */
GST_START_TEST (test_events)
{
  static const GstEventType expected[] = { GST_EVENT_GAP, GST_EVENT_FLUSH_START,
    GST_EVENT_FLUSH_STOP, GST_EVENT_SEGMENT, GST_EVENT_EOS };
  GstHarness *h = new_json ();
  GstSegment segment;
  GstEvent *event;

  json_node_unref (push_and_pull (h, new_frame (0)));
  while ((event = gst_harness_try_pull_event (h)))
    gst_event_unref (event);

  gst_segment_init (&segment, GST_FORMAT_TIME);
  fail_unless (gst_harness_push_event (h, gst_event_new_gap (1, 2)));
  fail_unless (gst_harness_push_event (h, gst_event_new_flush_start ()));
  assert_equals_int (gst_harness_push (h, new_frame (0)), GST_FLOW_FLUSHING);
  fail_unless (gst_harness_push_event (h, gst_event_new_flush_stop (TRUE)));
  fail_unless (gst_harness_push_event (h, gst_event_new_segment (&segment)));
  json_node_unref (push_and_pull (h, new_frame (0)));
  fail_unless (gst_harness_push_event (h, gst_event_new_eos ()));

  for (guint i = 0; i < G_N_ELEMENTS (expected); i++) {
    event = gst_harness_pull_event (h);
    assert_equals_int (GST_EVENT_TYPE (event), expected[i]);
    gst_event_unref (event);
  }
  assert_equals_int (gst_harness_push (h, new_frame (0)), GST_FLOW_EOS);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* what downstream answers comes back upstream, also for a skipped frame */
GST_START_TEST (test_flow)
{
  GstHarness *h = new_json ();

  gst_pad_set_active (h->sinkpad, FALSE);
  assert_equals_int (gst_harness_push (h, new_frame (0)), GST_FLOW_FLUSHING);
  g_object_set (h->element, "skip-empty", TRUE, NULL);
  assert_equals_int (gst_harness_push (h, new_frame (0)), GST_FLOW_FLUSHING);
  gst_harness_teardown (h);
}
GST_END_TEST;

static GstFlowReturn
want_no_more (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  gst_buffer_unref (buffer);
  return GST_FLOW_EOS;
}

/* what downstream answered once does not end what begins after it: another
 * segment, and what is linked anew */
GST_START_TEST (test_flow_after_restart)
{
  enum { SEGMENT, STREAM, RELINK, N_CASES };
  guint i;

  for (i = 0; i < N_CASES; i++) {
    GstHarness *h = new_json ();
    GstPad *srcpad = gst_element_get_static_pad (h->element, "src");
    GstSegment segment;

    if (i == RELINK)
      gst_pad_unlink (srcpad, h->sinkpad);
    else
      gst_pad_set_chain_function (h->sinkpad, want_no_more);
    fail_unless (gst_harness_push (h, new_frame (0)) != GST_FLOW_OK);
    g_object_set (h->element, "skip-empty", TRUE, NULL);
    fail_unless (gst_harness_push (h, new_frame (0)) != GST_FLOW_OK);

    gst_segment_init (&segment, GST_FORMAT_TIME);
    if (i == RELINK)
      gst_pad_link (srcpad, h->sinkpad);
    else if (i == STREAM)
      gst_harness_push_event (h, gst_event_new_stream_start ("again"));
    else
      gst_harness_push_event (h, gst_event_new_segment (&segment));
    assert_equals_int (gst_harness_push (h, new_frame (0)), GST_FLOW_OK);
    gst_object_unref (srcpad);
    gst_harness_teardown (h);
  }
}
GST_END_TEST;

/* a frame of no known size is refused */
GST_START_TEST (test_no_caps)
{
  GstHarness *h = gst_harness_new ("yolov5json");
  GstSegment segment;

  gst_harness_play (h);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_push_event (h, gst_event_new_stream_start ("frames"));
  gst_harness_push_event (h, gst_event_new_segment (&segment));
  assert_equals_int (
      gst_harness_push (h, new_frame (0)), GST_FLOW_NOT_NEGOTIATED);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* caps without a size are an error that quotes them */
GST_START_TEST (test_no_size)
{
  GstHarness *h = gst_harness_new ("yolov5json");
  GstCaps *caps = gst_caps_from_string ("video/x-raw,format=NV12,width=64");
  GstBus *bus = gst_bus_new ();
  GstMessage *message;
  GError *error = NULL;

  gst_element_set_bus (h->element, bus);
  gst_harness_play (h);
  gst_harness_push_event (h, gst_event_new_stream_start ("frames"));
  gst_harness_push_event (h, gst_event_new_caps (caps));
  message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  fail_unless (message != NULL);
  gst_message_parse_error (message, &error, NULL);
  fail_unless (
      strstr (error->message, "width=(int)64") != NULL, "%s", error->message);
  g_error_free (error);
  gst_message_unref (message);
  gst_caps_unref (caps);
  gst_element_set_bus (h->element, NULL);
  gst_object_unref (bus);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* a pipeline publishes results without code: each frame of it is a line, also
 * those that pass without inference */
GST_START_TEST (test_pipeline)
{
  g_autofree gchar *folder = testfolder_make ();
  g_autofree gchar *path = g_build_filename (folder, "out.jsonl", NULL);
  g_autofree gchar *description = g_strdup_printf (
      "videotestsrc num-buffers=5 ! yolov5dpu device=%s threshold=0.01 "
      "inference-interval=2 model=%s/street/street-640x384_int.xmodel ! yolov5json "
      "! filesink location=%s",
      g_getenv ("TEST_DEVICE"), g_getenv ("TEST_MODELS_DIR"), path);
  GstElement *pipeline = gst_parse_launch (description, NULL);
  GstBus *bus = gst_element_get_bus (pipeline);
  g_autofree gchar *text = NULL;
  g_auto (GStrv) lines = NULL;
  guint n_detections = 0;
  GstMessage *message;

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (
      bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  assert_equals_int (GST_MESSAGE_TYPE (message), GST_MESSAGE_EOS);
  gst_message_unref (message);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (bus);
  gst_object_unref (pipeline);

  fail_unless (g_file_get_contents (path, &text, NULL, NULL));
  lines = g_strsplit (text, "\n", -1);
  assert_equals_int (g_strv_length (lines), 5 + 1);
  assert_equals_string (lines[5], "");
  for (gint64 i = 0; i < 5; i++) {
    g_autofree gchar *line = g_strconcat (lines[i], "\n", NULL);
    JsonNode *json = parse_line (line, strlen (line));

    assert_equals_int64 (
        json_object_get_int_member (json_node_get_object (json), "frame"), i);
#if GST_CHECK_VERSION(1, 20, 0)
    check_inferred (json, i % 2 == 0);
#endif
    n_detections += count_detections (json);
    json_node_unref (json);
  }
  assert_equals_int (n_detections > 0, TRUE);
  testfolder_remove (folder);
}
GST_END_TEST;

static Suite *
yolov5json_suite (void)
{
  Suite *suite = suite_create ("yolov5json");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  testfolder_add (tcase);
  tcase_add_test (tcase, test_fields);
  tcase_add_test (tcase, test_buffer);
  tcase_add_test (tcase, test_unknown);
  tcase_add_loop_test (tcase, test_labels, 0, G_N_ELEMENTS (labels));
  tcase_add_test (tcase, test_large_box);
  tcase_add_test (tcase, test_inferred_without_mark);
#if GST_CHECK_VERSION(1, 20, 0)
  tcase_add_test (tcase, test_inferred_with_mark);
  tcase_add_test (tcase, test_lag);
  tcase_add_test (tcase, test_several_detectors);
  tcase_add_test (tcase, test_detectors_of_one_name);
  tcase_add_test (tcase, test_expected_marks);
  tcase_add_test (tcase, test_converted_frames);
  tcase_add_test (tcase, test_numbers);
#endif
  tcase_add_test (tcase, test_caps_change);
  tcase_add_loop_test (tcase, test_any_memory, 0, G_N_ELEMENTS (any_caps));
  tcase_add_test (tcase, test_allocation);
  tcase_add_test (tcase, test_skip_empty);
  tcase_add_test (tcase, test_events);
  tcase_add_test (tcase, test_flow);
  tcase_add_test (tcase, test_flow_after_restart);
  tcase_add_test (tcase, test_no_caps);
  tcase_add_test (tcase, test_no_size);
  tcase_add_test (tcase, test_pipeline);
  return suite;
}

GST_CHECK_MAIN (yolov5json);
