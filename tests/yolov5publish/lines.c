/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Which lines are sent. */

#include <gst/check/gstcheck.h>

#include <string.h>

#include "yolov5publish/lines.h"

#define EMPTY "{\"inferred\":true,\"detections\":[]}"
#define PASSED "{\"inferred\":false,\"detections\":[]}"
#define CAR "{\"inferred\":true,\"detections\":[{\"label\":\"car\"}]}"
#define BOTH "{\"detections\":[{\"label\":\"person\"},{\"label\":\"car\"}]}"
#define BOTH_AGAIN                                                             \
  "{\"detections\":[{\"label\":\"car\",\"x\":1},{\"label\":\"person\"}]}"
#define ID_1 "{\"detections\":[{\"label\":\"person\",\"id\":1}]}"
#define ID_1_MOVED                                                             \
  "{\"inferred\":false,\"detections\":[{\"label\":\"car\",\"id\":1,\"x\":5}]}"
#define ID_2 "{\"detections\":[{\"label\":\"person\",\"id\":2}]}"
#define EVENT                                                                  \
  "{\"detections\":[],\"events\":[{\"type\":\"enter\",\"label\":\"person\"}]}"
#define NO_EVENT "{\"detections\":[{\"label\":\"person\"}],\"events\":[]}"
#define S GST_SECOND

static void
count (const gchar *label, GBytes *payload, gpointer user_data)
{
  (*(guint *) user_data)++;
}

/* the rules, what comes when, and whether it is sent */
static const struct {
  PublishRules rules;
  struct {
    const gchar *text;
    GstClockTime time;
    gboolean sent;
  } lines[8];
} rows[] = {
  /* without rules, everything */
  { { 0 }, { { "text", 0, TRUE }, { "text", 0, TRUE }, { EMPTY, 0, TRUE } } },
  /* an interval begins with what was sent; events do not wait */
  { { .min_interval = S },
      { { EMPTY, 10 * S, TRUE }, { CAR, 10 * S + 1, FALSE },
          { CAR, 11 * S - 1, FALSE }, { CAR, 11 * S, TRUE },
          { EVENT, 11 * S + 1, TRUE }, { CAR, 12 * S, FALSE },
          { CAR, 5 * S, TRUE } } },
  /* objects come and go; who did not look says nothing */
  { { .only_changes = TRUE },
      { { CAR, 0, TRUE }, { CAR, 0, FALSE }, { PASSED, 0, FALSE },
          { EMPTY, 0, TRUE }, { EMPTY, 0, FALSE }, { BOTH, 0, TRUE },
          { BOTH_AGAIN, 0, FALSE }, { EVENT, 0, TRUE } } },
  /* ids say more than classes */
  { { .only_changes = TRUE },
      { { ID_1, 0, TRUE }, { ID_1_MOVED, 0, FALSE }, { ID_2, 0, TRUE } } },
  /* other text changes as a whole */
  { { .only_changes = TRUE }, { { "a", 0, TRUE }, { "a", 0, FALSE },
                                  { "{\"a", 0, TRUE }, { "[1]", 0, TRUE } } },
  /* a change that comes too soon is told later */
  { { .only_changes = TRUE, .min_interval = S },
      { { EMPTY, 0, TRUE }, { CAR, 1, FALSE }, { CAR, S, TRUE },
          { CAR, 3 * S, FALSE } } },
  { { .events_only = TRUE },
      { { EVENT, 0, TRUE }, { NO_EVENT, 0, FALSE }, { CAR, 0, FALSE },
          { "text", 0, FALSE }, { EVENT, 0, TRUE } } },
  /* by class: what has none has nowhere to go */
  { { .per_label = TRUE },
      { { CAR, 0, TRUE }, { EMPTY, 0, FALSE }, { "text", 0, FALSE },
          { EVENT, 0, TRUE },
          { "{\"detections\":[{\"label\":null},7]}", 0, FALSE } } },
};

GST_START_TEST (test_rules)
{
  PublishLines lines;
  guint i;

  publish_lines_init (&lines);
  for (i = 0; i < 8 && rows[__i__].lines[i].text != NULL; i++) {
    const gchar *text = rows[__i__].lines[i].text;
    guint n = 0;
    gboolean sent = publish_lines_send (&lines, &rows[__i__].rules, text,
        strlen (text), rows[__i__].lines[i].time, count, &n);

    fail_unless (sent == rows[__i__].lines[i].sent, "line %u, %s, was%s sent",
        i, text, sent ? "" : " not");
    assert_equals_int (n > 0, sent);
  }
  publish_lines_clear (&lines);
}
GST_END_TEST;

static void
keep (const gchar *label, GBytes *payload, gpointer user_data)
{
  GHashTable *sent = user_data;
  gsize size;
  const gchar *text = g_bytes_get_data (payload, &size);

  g_hash_table_insert (sent, g_strdup (label), g_strndup (text, size));
}

/* each class has what is of it, and all that is of the frame */
GST_START_TEST (test_classes)
{
  static const gchar line[] =
      "{\"frame\":7,\"detections\":[{\"label\":\"car\",\"x\":1},"
      "{\"label\":\"person\"},{\"label\":\"car\",\"x\":2}],"
      "\"events\":[{\"label\":\"bus\"},{\"label\":\"car\"}],\"zones\":[1]}";
  const PublishRules rules = { .per_label = TRUE };
  GHashTable *sent =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  PublishLines lines;

  publish_lines_init (&lines);
  fail_unless (
      publish_lines_send (&lines, &rules, line, strlen (line), 0, keep, sent));
  assert_equals_int (g_hash_table_size (sent), 3);
  assert_equals_string (g_hash_table_lookup (sent, "car"),
      "{\"frame\":7,\"detections\":[{\"label\":\"car\",\"x\":1},"
      "{\"label\":\"car\",\"x\":2}],\"events\":[{\"label\":\"car\"}],"
      "\"zones\":[1]}");
  assert_equals_string (g_hash_table_lookup (sent, "bus"),
      "{\"frame\":7,\"detections\":[],\"events\":[{\"label\":\"bus\"}],"
      "\"zones\":[1]}");
  publish_lines_clear (&lines);
  g_hash_table_unref (sent);
}
GST_END_TEST;

/* what is nested without end is text like any other, not the end of the stack */
GST_START_TEST (test_deep_nesting)
{
  static const gchar brackets[] = "[{";
  guint i;

  for (i = 0; i < 2; i++) {
    const PublishRules rules = { .events_only = TRUE };
    gchar *text = g_strnfill (1000000, brackets[i]);
    PublishLines lines;
    guint n = 0;

    memcpy (text, "{\"a\":", 5);
    publish_lines_init (&lines);
    fail_if (
        publish_lines_send (&lines, &rules, text, strlen (text), 0, count, &n));
    publish_lines_clear (&lines);
    g_free (text);
  }
}
GST_END_TEST;

static Suite *
yolov5publish_lines_suite (void)
{
  Suite *s = suite_create ("yolov5publish-lines");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_loop_test (tc, test_rules, 0, G_N_ELEMENTS (rows));
  tcase_add_test (tc, test_classes);
  tcase_add_test (tc, test_deep_nesting);
  return s;
}

GST_CHECK_MAIN (yolov5publish_lines);
