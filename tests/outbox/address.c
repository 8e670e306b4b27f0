/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* URLs, topics and what may not be in them. */

#include <gst/check/gstcheck.h>

#include <string.h>

#include "outbox/address.h"

/* what a url says */
static const struct {
  const gchar *url;
  OutboxProtocol protocol;
  gboolean tls;
  const gchar *servers;
  const gchar *username;
  const gchar *topic;
} right[] = {
  { "mqtt://host/door", OUTBOX_MQTT, FALSE, "host:1883", NULL, "door" },
  { "mqtt://host:7/cameras/door", OUTBOX_MQTT, FALSE, "host:7", NULL,
      "cameras/door" },
  { "mqtts://me@host/d", OUTBOX_MQTT, TRUE, "host:8883", "me", "d" },
  { "mqtt://[::1]:1883/d", OUTBOX_MQTT, FALSE, "[::1]:1883", NULL, "d" },
  { "mqtt://h/{camera}/{label}", OUTBOX_MQTT, FALSE, "h:1883", NULL,
      "{camera}/{label}" },
  { "mqtt://h/at@night", OUTBOX_MQTT, FALSE, "h:1883", NULL, "at@night" },
  { "kafka://a,b:5/t", OUTBOX_KAFKA, FALSE, "a:9092,b:5", NULL, "t" },
  { "kafkas://me@[fe80::1]/t", OUTBOX_KAFKA, TRUE, "[fe80::1]:9092", "me",
      "t" },
};

GST_START_TEST (test_a_url_says_where_to_send)
{
  OutboxAddress *address = outbox_address_parse (right[__i__].url, NULL);

  fail_unless (address != NULL, "%s", right[__i__].url);
  assert_equals_int (address->protocol, right[__i__].protocol);
  assert_equals_int (address->tls, right[__i__].tls);
  assert_equals_string (address->servers, right[__i__].servers);
  fail_unless (g_strcmp0 (address->username, right[__i__].username) == 0);
  assert_equals_string (address->topic, right[__i__].topic);
  outbox_address_free (address);
}
GST_END_TEST;

/* a wrong one is an error that says why */
static const struct {
  const gchar *url;
  const gchar *says;
} wrong[] = {
  { "", "begins with mqtt://" },
  { "http://host/topic", "begins with mqtt://" },
  { "mqtt://", "no host" },
  { "mqtt:///topic", "no host" },
  { "mqtt://host", "no topic" },
  { "mqtt://host/", "no topic" },
  { "mqtt://host:0/t", "1 to 65535" },
  { "mqtt://host:70000/t", "1 to 65535" },
  { "mqtt://host:x/t", "1 to 65535" },
  { "mqtt://[::1/t", "brackets" },
  { "mqtt://a,b/t", "several hosts" },
  { "mqtt://host/{cam}", "{camera} and {label}" },
  { "mqtt://host/}", "{camera} and {label}" },
  { "mqtt://me:secret@host/t", "password-file" },
  { "mqtt://me:se/cr@et@host/t", "password-file" },
  { "mqtt://:secret@host/t", "password-file" },
  { "me:secret@host", "password-file" },
};

GST_START_TEST (test_a_wrong_url_is_an_error)
{
  GError *error = NULL;

  fail_unless (outbox_address_parse (wrong[__i__].url, &error) == NULL, "%s",
      wrong[__i__].url);
  fail_unless (strstr (error->message, wrong[__i__].says) != NULL,
      "\"%s\" does not say \"%s\"", error->message, wrong[__i__].says);
  fail_unless (strstr (error->message, "secret") == NULL);
  fail_unless (strstr (error->message, "et@host") == NULL);
  g_error_free (error);
}
GST_END_TEST;

/* a password is cut out of a url, and nothing else */
GST_START_TEST (test_a_password_is_cut_out)
{
  gchar *url = outbox_url_without_password ("mqtt://me:se/cret@host:1/t");

  assert_equals_string (url, "mqtt://me@host:1/t");
  g_free (url);
  fail_unless (outbox_url_without_password ("mqtt://me@host:1/t") == NULL);
  fail_unless (outbox_url_without_password ("mqtt://host:1/t") == NULL);
}
GST_END_TEST;

/* names of classes bring no levels and no wildcards into topics */
GST_START_TEST (test_patterns_are_expanded)
{
  static const struct {
    const gchar *pattern;
    OutboxProtocol protocol;
    const gchar *expanded;
  } rows[] = {
    { "a/{camera}/{label}", OUTBOX_MQTT, "a/do_or/traffic light" },
    { "{label}{label}", OUTBOX_KAFKA, "traffic_lighttraffic_light" },
    { "{camera}", OUTBOX_KAFKA, "do_or" },
    { "plain", OUTBOX_MQTT, "plain" },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    gchar *text = outbox_pattern_expand (
        rows[i].pattern, rows[i].protocol, "do/or", "traffic light");

    assert_equals_string (text, rows[i].expanded);
    g_free (text);
  }
}
GST_END_TEST;

/* what a broker would refuse is known before */
GST_START_TEST (test_topics_are_checked)
{
  gchar *long_topic = g_strnfill (250, 'a');

  fail_unless (outbox_topic_check ("a/b c/ä", OUTBOX_MQTT, NULL));
  fail_unless (outbox_topic_check ("a.b_c-D9", OUTBOX_KAFKA, NULL));
  fail_if (outbox_topic_check ("", OUTBOX_MQTT, NULL));
  fail_if (outbox_topic_check ("a/+", OUTBOX_MQTT, NULL));
  fail_if (outbox_topic_check ("#", OUTBOX_MQTT, NULL));
  fail_if (outbox_topic_check ("\xff", OUTBOX_MQTT, NULL));
  fail_if (outbox_topic_check ("a/b", OUTBOX_KAFKA, NULL));
  fail_if (outbox_topic_check (long_topic, OUTBOX_KAFKA, NULL));
  g_free (long_topic);
}
GST_END_TEST;

static Suite *
outbox_address_suite (void)
{
  Suite *s = suite_create ("outbox-address");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_loop_test (
      tc, test_a_url_says_where_to_send, 0, G_N_ELEMENTS (right));
  tcase_add_loop_test (
      tc, test_a_wrong_url_is_an_error, 0, G_N_ELEMENTS (wrong));
  tcase_add_test (tc, test_a_password_is_cut_out);
  tcase_add_test (tc, test_patterns_are_expanded);
  tcase_add_test (tc, test_topics_are_checked);
  return s;
}

GST_CHECK_MAIN (outbox_address);
