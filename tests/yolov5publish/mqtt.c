/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What a broker of MQTT gets, and when. */

#include "mosquitto.h"
#include "publisher.h"
#include "testfolder.h"

#include <signal.h>
#include <string.h>

#define LINE                                                                   \
  "{\"pts\":1,\"detections\":[{\"label\":\"person\"},"                         \
  "{\"label\":\"a/b\"},{\"label\":\"person\"}]}"

static Mosquitto *broker;

static void
set_up (void)
{
  broker = mosquitto_make ("allow_anonymous true");
}

static void
tear_down (void)
{
  mosquitto_remove (broker);
}

/* each line is a message, at each quality of service */
GST_START_TEST (test_lines_become_messages)
{
  Listener *listener = listener_new (broker, "#");
  Publisher *publisher = publisher_new (
      "url=mqtt://127.0.0.1:%u/cameras/door qos=%d", broker->port, __i__);

  publisher_push_numbers (publisher, 0, 500);
  publisher_end (publisher);
  assert_equals_uint64 (publisher_get_stat (publisher, "sent"), 500);
  assert_equals_uint64 (publisher_get_stat (publisher, "waiting"), 0);
  listener_wait_for_numbers (listener, 500);
  assert_equals_string (listener_get (listener, 0)->topic, "cameras/door");
  assert_equals_string (listener_get (listener, 0)->payload, "0");
  assert_equals_int (listener_get_repetitions (listener), 0);
  publisher_free (publisher);
  listener_free (listener);
}
GST_END_TEST;

/* a class has a topic of its own, with what is of this class */
GST_START_TEST (test_topics_by_class)
{
  Listener *listener = listener_new (broker, "#");
  Publisher *publisher = publisher_new (
      "url=mqtt://127.0.0.1:%u/{camera}/{label} camera=door", broker->port);
  guint i;

  publisher_push (publisher, LINE);
  publisher_push (publisher, "{\"detections\":[]}");
  publisher_push (publisher, "no JSON");
  publisher_end (publisher);
  assert_equals_uint64 (publisher_get_stat (publisher, "sent"), 2);
  assert_equals_uint64 (publisher_get_stat (publisher, "skipped"), 2);
  listener_wait (listener, 2);
  for (i = 0; i < 2; i++) {
    const Heard *heard = listener_get (listener, i);

    if (strcmp (heard->topic, "door/person") == 0) {
      assert_equals_string (heard->payload,
          "{\"pts\":1,\"detections\":[{\"label\":\"person\"},"
          "{\"label\":\"person\"}]}");
    } else {
      assert_equals_string (heard->topic, "door/a_b");
      assert_equals_string (
          heard->payload, "{\"pts\":1,\"detections\":[{\"label\":\"a/b\"}]}");
    }
  }
  publisher_free (publisher);
  listener_free (listener);
}
GST_END_TEST;

/* who comes later gets the last line, if it is to be retained */
GST_START_TEST (test_lines_are_retained)
{
  Publisher *publisher =
      publisher_new ("url=mqtt://127.0.0.1:%u/t retain=true", broker->port);
  Listener *listener;

  publisher_push_numbers (publisher, 0, 3);
  publisher_end (publisher);
  publisher_free (publisher);
  listener = listener_new (broker, "t");
  listener_wait (listener, 1);
  assert_equals_string (listener_get (listener, 0)->payload, "2");
  fail_unless (listener_get (listener, 0)->retained);
  listener_free (listener);
}
GST_END_TEST;

/* says that it is there, that it leaves, and by its will that it has vanished */
GST_START_TEST (test_the_status)
{
  Listener *listener = listener_new (broker, "status/#");
  GSubprocess *process;
  Publisher *publisher =
      publisher_new ("url=mqtt://127.0.0.1:%u/t "
                     "status-topic=status/{camera} camera=door",
          broker->port);
  gchar *url = g_strdup_printf ("url=mqtt://127.0.0.1:%u/t", broker->port);

  listener_wait (listener, 1);
  assert_equals_string (listener_get (listener, 0)->topic, "status/door");
  assert_equals_string (listener_get (listener, 0)->payload, "online");
  publisher_free (publisher);
  listener_wait (listener, 2);
  assert_equals_string (listener_get (listener, 1)->payload, "offline");

  process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE, NULL,
      "gst-launch-1.0", "videotestsrc", "is-live=true", "!", "yolov5json", "!",
      "yolov5publish", url, "status-topic=status/door", NULL);
  fail_unless (process != NULL);
  listener_wait (listener, 3);
  assert_equals_string (listener_get (listener, 2)->payload, "online");
  g_subprocess_force_exit (process);
  listener_wait (listener, 4);
  assert_equals_string (listener_get (listener, 3)->payload, "offline");
  g_object_unref (process);
  listener_free (listener);

  listener = listener_new (broker, "status/+");
  listener_wait (listener, 1);
  fail_unless (listener_get (listener, 0)->retained);
  g_free (url);
  listener_free (listener);
}
GST_END_TEST;

/* without a broker the end of the stream comes all the same, and is warned of */
GST_START_TEST (test_the_end_waits_no_longer_than_told)
{
  Publisher *publisher;
  gchar *text;

  mosquitto_stop (broker, SIGKILL);
  publisher = publisher_new (
      "url=mqtt://127.0.0.1:%u/t eos-timeout=1000000", broker->port);
  text = publisher_wait_for_message (publisher, GST_MESSAGE_WARNING);
  fail_unless (strstr (text, "No connection to 127.0.0.1") != NULL, "%s", text);
  g_free (text);
  publisher_push_numbers (publisher, 0, 3);
  publisher_end (publisher);
  text = publisher_wait_for_message (publisher, GST_MESSAGE_WARNING);
  fail_unless (strstr (text, "has not taken 3 messages") != NULL, "%s", text);
  g_free (text);
  assert_equals_uint64 (publisher_get_stat (publisher, "waiting"), 3);
  publisher_free (publisher);
}
GST_END_TEST;

static gpointer
end (gpointer user_data)
{
  Publisher *publisher = user_data;

  /* refused where the pad is flushing already */
  gst_harness_push_event (publisher->harness, gst_event_new_eos ());
  return NULL;
}

/* an end that waits is let go when the pipeline stops */
GST_START_TEST (test_a_stop_ends_the_wait)
{
  Publisher *publisher;
  GThread *thread;

  mosquitto_stop (broker, SIGKILL);
  publisher = publisher_new (
      "url=mqtt://127.0.0.1:%u/t eos-timeout=3600000000000", broker->port);
  publisher_push_numbers (publisher, 0, 3);
  thread = g_thread_new ("end", end, publisher);
  /* with or without the end on its way */
  gst_element_set_state (publisher->element, GST_STATE_NULL);
  g_thread_join (thread);
  publisher_free (publisher);
}
GST_END_TEST;

/* the oldest go where the queue is full, and one warning says so */
GST_START_TEST (test_the_queue_is_bounded)
{
  Listener *listener = listener_new (broker, "#");
  Publisher *publisher;
  gchar *text;

  mosquitto_stop (broker, SIGTERM);
  publisher =
      publisher_new ("url=mqtt://127.0.0.1:%u/t max-messages=10", broker->port);
  g_free (publisher_wait_for_message (publisher, GST_MESSAGE_WARNING));
  publisher_push_numbers (publisher, 0, 30);
  text = publisher_wait_for_message (publisher, GST_MESSAGE_WARNING);
  fail_unless (strstr (text, "Messages are lost") != NULL, "%s", text);
  g_free (text);
  fail_if (gst_bus_have_pending (publisher->bus)
           && gst_bus_pop_filtered (publisher->bus, GST_MESSAGE_WARNING));
  assert_equals_uint64 (publisher_get_stat (publisher, "dropped"), 20);
  mosquitto_start (broker);
  publisher_end (publisher);
  listener_wait (listener, 10);
  assert_equals_string (listener_get (listener, 0)->payload, "20");
  assert_equals_string (listener_get (listener, 9)->payload, "29");
  publisher_free (publisher);
  listener_free (listener);
}
GST_END_TEST;

/* text that comes in pieces is cut at its line breaks */
GST_START_TEST (test_pieces_of_text)
{
  static const gchar *const pieces[] = { "fir", "st\nsecond\r\n\nth", "ird" };
  Listener *listener = listener_new (broker, "#");
  Publisher *publisher =
      publisher_new ("url=mqtt://127.0.0.1:%u/t", broker->port);
  guint i;

  gst_harness_set_src_caps_str (publisher->harness, "text/plain");
  for (i = 0; i < G_N_ELEMENTS (pieces); i++)
    gst_harness_push (publisher->harness,
        gst_buffer_new_wrapped (g_strdup (pieces[i]), strlen (pieces[i])));
  publisher_end (publisher);
  listener_wait (listener, 3);
  assert_equals_string (listener_get (listener, 0)->payload, "first");
  assert_equals_string (listener_get (listener, 1)->payload, "second");
  assert_equals_string (listener_get (listener, 2)->payload, "third");
  publisher_free (publisher);
  listener_free (listener);
}
GST_END_TEST;

static Suite *
yolov5publish_mqtt_suite (void)
{
  Suite *s = suite_create ("yolov5publish-mqtt");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  if (!mosquitto_is_installed ())
    return s;
  testfolder_add (tc);
  tcase_add_checked_fixture (tc, set_up, tear_down);
  tcase_add_loop_test (tc, test_lines_become_messages, 0, 3);
  tcase_add_test (tc, test_topics_by_class);
  tcase_add_test (tc, test_lines_are_retained);
  tcase_add_test (tc, test_the_status);
  tcase_add_test (tc, test_the_end_waits_no_longer_than_told);
  tcase_add_test (tc, test_a_stop_ends_the_wait);
  tcase_add_test (tc, test_the_queue_is_bounded);
  tcase_add_test (tc, test_pieces_of_text);
  return s;
}

GST_CHECK_MAIN (yolov5publish_mqtt);
