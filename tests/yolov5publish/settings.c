/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Settings that make no sense are errors that help. */

#include <gio/gio.h>
#include <gst/check/gstcheck.h>

#include <string.h>

#include "testfolder.h"

/* properties, and what the error says */
static const struct {
  const gchar *properties;
  const gchar *says;
} wrong[] = {
  { "", "set url" },
  { "url=tcp://host/t", "mqtt://, mqtts://, kafka:// or kafkas://" },
  { "url=mqtt://host", "no topic" },
  { "url=mqtt://host/{kamera}", "{camera} and {label}" },
  { "url=mqtt://host/a+", "who subscribes" },
  { "url=kafka://host/a/b", "letters, digits" },
  { "url=mqtt://me:secret@host/t", "password-file" },
  { "url=mqtt://host/t password-file=/nowhere/secret.txt", "/nowhere/" },
  { "url=mqtts://host/t ca-file=/nowhere/ca.pem", "/nowhere/ca.pem" },
  { "url=mqtts://host/t certificate-file=/dev/null", "key-file is missing" },
  { "url=mqtt://host/t status-topic={label}", "a camera is online" },
  { "url=mqtt://host/t status-topic=a/#", "who subscribes" },
  { "url=mqtt://host/t queue-directory=/dev/null/queue", "/dev/null/queue" },
  { "url=kafka://host/t acks=leader", "acks=all" },
  { "url=kafka://host/t key={name}", "{camera} and {label}" },
  { "url=kafka://host/t kafka-options=linger.ms", "no name=value" },
  { "url=kafka://host/t kafka-options=no.such.thing=1", "no.such.thing" },
  { "url=kafka://host/t kafka-options=sasl.password=secret", "password-file" },
};

static gboolean
is_built (const gchar *properties)
{
#ifndef HAVE_MQTT
  if (strstr (properties, "url=mqtt") != NULL)
    return FALSE;
#endif
#ifndef HAVE_KAFKA
  if (strstr (properties, "url=kafka") != NULL)
    return FALSE;
#endif
  return TRUE;
}

GST_START_TEST (test_wrong_settings)
{
  gchar *text = g_strdup_printf ("yolov5publish %s", wrong[__i__].properties);
  GstElement *element = gst_parse_launch (text, NULL);
  GstBus *bus = gst_bus_new ();
  GstMessage *message;
  GError *error;
  const gchar *says =
      is_built (wrong[__i__].properties) ? wrong[__i__].says : "build it again";

  gst_element_set_bus (element, bus);
  assert_equals_int (gst_element_set_state (element, GST_STATE_PAUSED),
      GST_STATE_CHANGE_FAILURE);
  message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  fail_unless (message != NULL, "%s", text);
  gst_message_parse_error (message, &error, NULL);
  fail_unless (strstr (error->message, says) != NULL, "\"%s\" does not say %s",
      error->message, says);
  if (strstr (text, "/secret") == NULL)
    fail_unless (strstr (error->message, "secret") == NULL);
  g_error_free (error);
  gst_message_unref (message);
  gst_element_set_state (element, GST_STATE_NULL);
  /* its messages have the element */
  gst_bus_set_flushing (bus, TRUE);
  gst_object_unref (bus);
  gst_object_unref (element);
  g_free (text);
}
GST_END_TEST;

/* a password in a url is not read back, and forgotten when the url is mended */
GST_START_TEST (test_no_password_is_read_back)
{
  GstElement *element = gst_element_factory_make ("yolov5publish", NULL);
  gchar *url;

  g_object_set (element, "url", "mqtt://me:secret@host/t", NULL);
  g_object_get (element, "url", &url, NULL);
  assert_equals_string (url, "mqtt://me@host/t");
  g_free (url);
  gst_object_unref (element);
}
GST_END_TEST;

/* two elements do not share a folder */
GST_START_TEST (test_a_folder_for_each)
{
  gchar *folder = testfolder_make ();
  gchar *text = g_strdup_printf (
      "yolov5publish url=%s://127.0.0.1:1/t queue-directory=%s",
#ifdef HAVE_MQTT
      "mqtt",
#else
      "kafka",
#endif
      folder);
  GstElement *first_one = gst_parse_launch (text, NULL);
  GstElement *other = gst_parse_launch (text, NULL);

  fail_unless (gst_element_set_state (first_one, GST_STATE_PAUSED)
               != GST_STATE_CHANGE_FAILURE);
  assert_equals_int (gst_element_set_state (other, GST_STATE_PAUSED),
      GST_STATE_CHANGE_FAILURE);
  gst_element_set_state (first_one, GST_STATE_NULL);
  fail_unless (gst_element_set_state (other, GST_STATE_PAUSED)
               != GST_STATE_CHANGE_FAILURE);
  gst_element_set_state (other, GST_STATE_NULL);
  gst_object_unref (first_one);
  gst_object_unref (other);
  g_free (text);
  g_free (folder);
}
GST_END_TEST;

static Suite *
yolov5publish_settings_suite (void)
{
  Suite *s = suite_create ("yolov5publish-settings");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  testfolder_add (tc);
  tcase_add_loop_test (tc, test_wrong_settings, 0, G_N_ELEMENTS (wrong));
  tcase_add_test (tc, test_no_password_is_read_back);
  tcase_add_test (tc, test_a_folder_for_each);
  return s;
}

GST_CHECK_MAIN (yolov5publish_settings);
