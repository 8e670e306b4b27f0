/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What is made of the times that frames took, and of QoS events. */

#include <gst/check/gstcheck.h>

#include "yolov5dpu/schedule.h"
#include "yolov5dpu/statistics.h"

#define MS GST_MSECOND

static GstYolov5Latency latency;

/* returns how often what is reported changed */
static guint
add (guint n, GstClockTime spent)
{
  guint n_changes = 0;

  while (n-- > 0)
    n_changes += gst_yolov5_latency_add (&latency, spent);
  return n_changes;
}

/* the value that so many percent of the others are below, in whatever order */
GST_START_TEST (test_percentile)
{
  GstClockTime times[200];

  for (guint i = 0; i < 200; i++)
    times[(i * 77) % 200] = i;
  assert_equals_uint64 (gst_yolov5_find_percentile (times, 200, 50), 100);
  assert_equals_uint64 (gst_yolov5_find_percentile (times, 200, 99), 198);
  assert_equals_uint64 (gst_yolov5_find_percentile (times, 200, 0), 0);
  assert_equals_uint64 (gst_yolov5_find_percentile (times, 1, 99), times[0]);
  assert_equals_uint64 (gst_yolov5_find_percentile (times, 0, 50), 0);
}
GST_END_TEST;

/* before there are frames, a guess is reported, with head-room */
GST_START_TEST (test_first_guess)
{
  gst_yolov5_latency_reset (&latency, 20 * MS);
  assert_equals_uint64 (latency.reported, 22 * MS);
  assert_equals_int (add (200, 20 * MS), 0);
  assert_equals_uint64 (latency.reported, 22 * MS);
}
GST_END_TEST;

/* frames that take longer than reported change it soon, but once */
GST_START_TEST (test_slower)
{
  gst_yolov5_latency_reset (&latency, 20 * MS);
  add (64, 20 * MS);
  assert_equals_int (add (3, 40 * MS), 0);
  assert_equals_int (add (61, 40 * MS), 1);
  assert_equals_uint64 (latency.reported, 44 * MS);
}
GST_END_TEST;

/* one slow frame in twenty is no reason to make the pipeline wait */
GST_START_TEST (test_hiccups)
{
  gst_yolov5_latency_reset (&latency, 20 * MS);
  for (guint i = 0; i < 500; i++)
    assert_equals_int (add (1, i % 25 == 24 ? 200 * MS : 20 * MS), 0);
}
GST_END_TEST;

/* frames that are faster for a while lower it, when it makes a difference */
GST_START_TEST (test_faster)
{
  gst_yolov5_latency_reset (&latency, 40 * MS);
  assert_equals_int (add (500, 37 * MS), 0);
  assert_equals_int (add (30, 10 * MS), 0);
  assert_equals_int (add (500, 10 * MS), 1);
  assert_equals_uint64 (latency.reported, 11 * MS);
}
GST_END_TEST;

/* whatever frames take, what is reported is at most a fifth more */
GST_START_TEST (test_close)
{
  gst_yolov5_latency_reset (&latency, 40 * MS);
  for (guint time = 40; time > 0; time--) {
    add (500, time * MS);
    fail_unless (latency.reported >= time * MS);
    fail_unless (latency.reported <= time * MS * 12 / 10, "%u ms for %u ms",
        (guint) (latency.reported / MS), time);
  }
}
GST_END_TEST;

typedef struct {
  GstClockTime max;
  guint n_slots;
  GstClockTime frame_duration;
  GstClockTime most;
  GstClockTime expected_min;
  GstClockTime expected_max;
} AnswerCase;

#define NONE GST_CLOCK_TIME_NONE

/* upstream's latency grows by one's own, as long as frames wait that long; its
 * limit by the frames that fit in */
static const AnswerCase answer_cases[] = {
  { NONE, 3, 40 * MS, NONE, 55 * MS, NONE },
  { 100 * MS, 3, 40 * MS, NONE, 55 * MS, 202 * MS },
  { 100 * MS, 1, 40 * MS, NONE, 55 * MS, 122 * MS },
  { 100 * MS, 3, NONE, NONE, 55 * MS, 122 * MS },
  { 100 * MS, 0, 40 * MS, NONE, 55 * MS, 122 * MS },
  { NONE, 3, 40 * MS, 22 * MS, 55 * MS, NONE },
  { 100 * MS, 3, 40 * MS, 10 * MS, 43 * MS, 190 * MS },
};

GST_START_TEST (test_answer)
{
  const AnswerCase *c = &answer_cases[__i__];
  GstQuery *query = gst_query_new_latency ();
  GstClockTime min, max;
  gboolean live;

  gst_yolov5_latency_reset (&latency, 20 * MS);
  gst_query_set_latency (query, TRUE, 33 * MS, c->max);
  gst_yolov5_latency_answer (
      &latency, query, c->n_slots, c->frame_duration, c->most);
  gst_query_parse_latency (query, &live, &min, &max);
  fail_unless (live);
  assert_equals_uint64 (min, c->expected_min);
  assert_equals_uint64 (max, c->expected_max);
  gst_query_unref (query);
}
GST_END_TEST;

typedef struct {
  GstClockTimeDiff diff;
  GstClockTime timestamp;
  GstClockTime pts;
  gboolean late;
} LateCase;

/* the stream starts at 1000 ms, its running time at 0 */
static const LateCase late_cases[] = {
  { 50 * MS, 100 * MS, 1240 * MS, TRUE },
  { 50 * MS, 100 * MS, 1241 * MS, FALSE },
  /* a second at most is added for what may come */
  { 2000 * MS, 100 * MS, 2140 * MS, TRUE },
  { 2000 * MS, 100 * MS, 2141 * MS, FALSE },
  { G_MAXINT64, 100 * MS, 2140 * MS, TRUE },
  { G_MAXINT64, 100 * MS, 2141 * MS, FALSE },
  { -50 * MS, 100 * MS, 1050 * MS, TRUE },
  { -50 * MS, 100 * MS, 1051 * MS, FALSE },
  { -100 * MS, 100 * MS, 1001 * MS, FALSE },
  { 50 * MS, GST_CLOCK_TIME_NONE, 1000 * MS, FALSE },
  { 50 * MS, 100 * MS, GST_CLOCK_TIME_NONE, FALSE },
  /* outside the segment */
  { 50 * MS, 100 * MS, 500 * MS, FALSE },
};

/* frames come too late up to where downstream is, as late again, and one more */
GST_START_TEST (test_late)
{
  const LateCase *c = &late_cases[__i__];
  GstEvent *event =
      gst_event_new_qos (GST_QOS_TYPE_UNDERFLOW, 1.5, c->diff, c->timestamp);
  GstBuffer *buffer = gst_buffer_new ();
  GstSegment segment;
  GstYolov5Qos qos;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.start = 1000 * MS;
  GST_BUFFER_PTS (buffer) = c->pts;

  gst_yolov5_qos_reset (&qos);
  fail_if (gst_yolov5_qos_is_late (&qos, &segment, buffer));
  gst_yolov5_qos_update (&qos, event, 40 * MS);
  assert_equals_int (gst_yolov5_qos_is_late (&qos, &segment, buffer), c->late);
  gst_yolov5_qos_reset (&qos);
  fail_if (gst_yolov5_qos_is_late (&qos, &segment, buffer));

  gst_buffer_unref (buffer);
  gst_event_unref (event);
}
GST_END_TEST;

typedef struct {
  GstClockTime warm_up;
  guint first;
  GstClockTime spent[3];
  guint most[3];
} ThrottleCase;

/* at 40 ms from frame to frame, live frames that spend more than 8 of these
 * inside are fewer from then on, as long as there is more than one, and more
 * when they spend less than 4. What frames spend that were inside then does not
 * count: each value stands for all of these and one more */
static const ThrottleCase throttle_cases[] = {
  { 0, 3, { 500 * MS, 500 * MS, 500 * MS }, { 2, 1, 1 } },
  { 10 * MS, 3, { 10 * MS, 321 * MS, 10 * MS }, { 3, 2, 3 } },
  { 100 * MS, 2, { 320 * MS, 160 * MS, 159 * MS }, { 2, 2, 3 } },
  { 4000 * MS, 1, { 4000 * MS, 100 * MS, 100 * MS }, { 1, 2, 3 } },
};

GST_START_TEST (test_throttle)
{
  const ThrottleCase *c = &throttle_cases[__i__];
  GstYolov5Throttle throttle;

  gst_yolov5_throttle_reset (&throttle, 3, c->warm_up);
  assert_equals_int (throttle.most, c->first);
  for (guint i = 0; i < G_N_ELEMENTS (c->spent); i++) {
    gst_yolov5_throttle_add (&throttle, c->spent[i], 40 * MS);
    assert_equals_int (throttle.most, c->most[i]);
    for (guint j = 0; throttle.n_settling > 0; j++) {
      fail_unless (j < 3);
      fail_if (gst_yolov5_throttle_add (&throttle, c->spent[i], 40 * MS));
    }
  }
}
GST_END_TEST;

static Suite *
yolov5dpu_timing_suite (void)
{
  Suite *suite = suite_create ("yolov5dpu-timing");
  TCase *tcase = tcase_create ("timing");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_percentile);
  tcase_add_test (tcase, test_first_guess);
  tcase_add_test (tcase, test_slower);
  tcase_add_test (tcase, test_hiccups);
  tcase_add_test (tcase, test_faster);
  tcase_add_test (tcase, test_close);
  tcase_add_loop_test (tcase, test_answer, 0, G_N_ELEMENTS (answer_cases));
  tcase_add_loop_test (tcase, test_late, 0, G_N_ELEMENTS (late_cases));
  tcase_add_loop_test (tcase, test_throttle, 0, G_N_ELEMENTS (throttle_cases));

  return suite;
}

GST_CHECK_MAIN (yolov5dpu_timing);
