/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The file with lines and zones: at the start, and replaced while frames come. */

#include <string.h>

#include "rig.h"
#include "testfolder.h"

#define OTHER_LINE "[line other]\npoints=0.25;0;0.25;1\n"

/* what is wrong, and what the error on the bus says */
static const struct {
  const gchar *text;
  gint code;
  const gchar *part;
} bad[] = {
  { NULL, GST_RESOURCE_ERROR_SETTINGS, "config=FILE" },
  { "", GST_RESOURCE_ERROR_SETTINGS, "zones.ini has 0 lines and zones" },
  { "[line gate]\npoints=0;0\n", GST_RESOURCE_ERROR_SETTINGS,
      "zones.ini: [line gate]: " },
  { "[zone yard]\npoints=0;0;1;0;1;1\ndwell=x\n", GST_RESOURCE_ERROR_SETTINGS,
      "zones.ini: [zone yard]: dwell=x" },
  { "not there", GST_RESOURCE_ERROR_NOT_FOUND, "zones.ini" },
};

/* a file that is no good is an error that names it and the group, and the element
 * can be started once it is right */
GST_START_TEST (test_bad_at_start)
{
  GstElement *zones = gst_element_factory_make ("yolov5zones", NULL);
  g_autofree gchar *folder = testfolder_make ();
  g_autofree gchar *path = g_build_filename (folder, "zones.ini", NULL);
  g_autofree gchar *good = NULL;
  g_autoptr (GError) error = NULL;
  GstBus *bus = gst_bus_new ();
  GstMessage *message;

  gst_element_set_bus (zones, bus);
  if (bad[__i__].text)
    g_object_set (zones, "config", path, NULL);
  if (bad[__i__].text && bad[__i__].code != GST_RESOURCE_ERROR_NOT_FOUND)
    g_free (rig_write_config (folder, bad[__i__].text));
  assert_equals_int (gst_element_set_state (zones, GST_STATE_PAUSED),
      GST_STATE_CHANGE_FAILURE);
  message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  fail_unless (message != NULL);
  gst_message_parse_error (message, &error, NULL);
  fail_unless (g_error_matches (error, GST_RESOURCE_ERROR, bad[__i__].code));
  fail_unless (
      strstr (error->message, bad[__i__].part) != NULL, "%s", error->message);
  gst_message_unref (message);

  good = rig_write_config (folder, RIG_LINE);
  g_object_set (zones, "config", good, NULL);
  gst_element_set_state (zones, GST_STATE_NULL);
  assert_equals_int (gst_element_set_state (zones, GST_STATE_PAUSED),
      GST_STATE_CHANGE_SUCCESS);
  gst_element_set_state (zones, GST_STATE_NULL);
  gst_element_set_bus (zones, NULL);
  gst_object_unref (bus);
  gst_object_unref (zones);
  testfolder_remove (folder);
}
GST_END_TEST;

static gboolean
reload (Rig *rig)
{
  gboolean is_read = FALSE;

  g_signal_emit_by_name (rig->zones, "reload", &is_read);
  return is_read;
}

/* a file that is read anew counts from the next frame on; what stays the same in
 * it keeps its counts */
GST_START_TEST (test_reload)
{
  g_autoptr (Rig) rig = rig_new (RIG_ZONE RIG_LINE);

  rig_walk (rig, 0, 1, 360, 280);
  g_free (rig_write_config (rig->folder, OTHER_LINE RIG_LINE));
  assert_equals_uint64 (rig_get_count (rig->zones, "yard", "left"), 1);
  fail_unless (reload (rig));
  assert_equals_uint64 (rig_get_count (rig->zones, "gate", "forward"), 1);
  assert_equals_uint64 (rig_get_count (rig->zones, "other", "forward"), 0);
  rig_walk (rig, 11, 1, 272, 120);
  assert_equals_uint64 (rig_get_count (rig->zones, "gate", "forward"), 1);
  assert_equals_uint64 (rig_get_count (rig->zones, "other", "forward"), 1);
}
GST_END_TEST;

/* a file that cannot be read is told in a warning, and counting goes on */
GST_START_TEST (test_bad_reload)
{
  g_autoptr (Rig) rig = rig_new (RIG_LINE);

  rig_walk (rig, 0, 1, 360, 320);
  g_free (rig_write_config (rig->folder, "[line gate]\npoints=5;5\n"));
  fail_if (reload (rig));
  assert_equals_int (rig_count_warnings (rig, "zones.ini: [line gate]"), 1);
  rig_walk (rig, 6, 1, 312, 280);
  assert_equals_uint64 (rig_get_count (rig->zones, "gate", "forward"), 1);
}
GST_END_TEST;

/* before it runs, an element tells whether its file can be read; afterwards, what
 * was counted stays as it is */
GST_START_TEST (test_reload_at_rest)
{
  g_autoptr (Rig) rig = rig_new (RIG_LINE);
  GstElement *other = gst_element_factory_make ("yolov5zones", NULL);
  gboolean is_read = TRUE;

  g_signal_emit_by_name (other, "reset-counts");
  g_signal_emit_by_name (other, "reload", &is_read);
  fail_if (is_read);
  g_object_set (other, "config", rig->config, NULL);
  g_signal_emit_by_name (other, "reload", &is_read);
  fail_unless (is_read);
  gst_object_unref (other);

  rig_walk (rig, 0, 1, 360, 280);
  gst_element_set_state (rig->h->element, GST_STATE_READY);
  g_free (rig_write_config (rig->folder, OTHER_LINE));
  fail_unless (reload (rig));
  assert_equals_uint64 (rig_get_count (rig->zones, "gate", "forward"), 1);
}
GST_END_TEST;

/* events of before that wait for their frame are forgotten with the lines and
 * zones that they are of */
GST_START_TEST (test_reload_after_flush)
{
  g_autoptr (Rig) rig = rig_new (RIG_ZONE);
  RigObject person = { 1, "person", 400, 240 };
  GstYolov5ZonesMark mark;
  GstBuffer *buffer;
  GstSegment segment;

  rig_show (rig, 0, &person);
  gst_harness_push_event (rig->h, gst_event_new_flush_start ());
  gst_harness_push_event (rig->h, gst_event_new_flush_stop (TRUE));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_push_event (rig->h, gst_event_new_segment (&segment));
  g_free (rig_write_config (rig->folder, OTHER_LINE));
  fail_unless (reload (rig));
  buffer = rig_push (rig, rig_new_frame (1));
  gst_yolov5_zones_mark_init (&mark);
  gst_yolov5_zones_mark_collect (&mark, buffer);
  assert_equals_int (mark.events->len, 0);
  gst_yolov5_zones_mark_clear (&mark);
  gst_buffer_unref (buffer);
}
GST_END_TEST;

/* counts begin anew, but who is in a zone is in it */
GST_START_TEST (test_reset_counts)
{
  g_autoptr (Rig) rig = rig_new (RIG_ZONE RIG_LINE);

  rig_walk (rig, 0, 1, 280, 360);
  assert_equals_uint64 (rig_get_count (rig->zones, "gate", "backward"), 1);
  g_signal_emit_by_name (rig->zones, "reset-counts");
  assert_equals_uint64 (rig_get_count (rig->zones, "gate", "backward"), 0);
  assert_equals_uint64 (rig_get_count (rig->zones, "yard", "entered"), 0);
  assert_equals_uint64 (rig_get_count (rig->zones, "yard", "inside"), 1);
}
GST_END_TEST;

/* the example of the demo can be read */
GST_START_TEST (test_example)
{
  GstElement *zones = gst_element_factory_make ("yolov5zones", NULL);
  gboolean is_read = FALSE;

  g_object_set (zones, "config", g_getenv ("TEST_DEMO_ZONES"), NULL);
  g_signal_emit_by_name (zones, "reload", &is_read);
  fail_unless (is_read);
  gst_object_unref (zones);
}
GST_END_TEST;

static Suite *
yolov5zones_configs_suite (void)
{
  Suite *suite = suite_create ("yolov5zones-configs");
  TCase *tcase = tcase_create ("configs");

  suite_add_tcase (suite, tcase);
  testfolder_add (tcase);
  tcase_add_loop_test (tcase, test_bad_at_start, 0, G_N_ELEMENTS (bad));
  tcase_add_test (tcase, test_reload);
  tcase_add_test (tcase, test_bad_reload);
  tcase_add_test (tcase, test_reload_at_rest);
  tcase_add_test (tcase, test_reload_after_flush);
  tcase_add_test (tcase, test_reset_counts);
  tcase_add_test (tcase, test_example);
  return suite;
}

GST_CHECK_MAIN (yolov5zones_configs);
