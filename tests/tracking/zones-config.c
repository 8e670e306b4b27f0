/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Files with lines and zones, as they should be and otherwise. */

#include <gst/check/gstcheck.h>

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "tracking/zones.h"

/* everything that a file may say is read */
GST_START_TEST (test_good)
{
  static const gchar text[] = "# who comes in\n"
                              "[line entrance]\n"
                              "points=0.20;0.55;0.80;0.55;\n"
                              "classes=person, dog\n"
                              "[zone Hof hinten]\n"
                              "points= 0.1;0.6; 0.9;0.6; 0.9;0.95; 0.1;0.95\n"
                              "anchor=center\n"
                              "dwell=1.5\n";
  g_autoptr (ZonesConfig) config =
      zones_config_new_from_data (text, -1, "good", NULL);
  const ZonesShape *line, *zone;

  fail_unless (config != NULL);
  assert_equals_int (zones_config_get_n_shapes (config), 2);

  line = zones_config_get_shape (config, 0);
  assert_equals_int (line->kind, ZONES_LINE);
  assert_equals_string (line->name, "entrance");
  assert_equals_int (line->n_points, 2);
  assert_equals_float (line->points[1].x, 0.8);
  assert_equals_float (line->points[1].y, 0.55);
  assert_equals_int (line->anchor, ZONES_ANCHOR_BOTTOM);
  assert_equals_int (line->n_labels, 2);
  assert_equals_int (line->labels[0], g_quark_from_string ("person"));
  assert_equals_int (line->labels[1], g_quark_from_string ("dog"));

  zone = zones_config_get_shape (config, 1);
  assert_equals_int (zone->kind, ZONES_ZONE);
  assert_equals_string (zone->name, "Hof hinten");
  assert_equals_int (zone->n_points, 4);
  assert_equals_int (zone->anchor, ZONES_ANCHOR_CENTER);
  assert_equals_int (zone->n_labels, 0);
  assert_equals_uint64 (zone->dwell, TRACKING_SECOND * 3 / 2);
}
GST_END_TEST;

#define LINE "[line a]\n"
#define ZONE "[zone b]\n"
#define GOOD_LINE LINE "points=0;0;1;1\n"

/* what is wrong, and what the message says about it */
static const struct {
  const gchar *text;
  const gchar *where;
  const gchar *what;
} bad[] = {
  { "", "FILE", "0 lines and zones" },
  { "nonsense", "FILE", "cannot be read" },
  { "points=0;0;1;1\n", "FILE", "cannot be read" },
  { "[lines a]\npoints=0;0;1;1\n", "[lines a]", "no line and no zone" },
  { "[line]\npoints=0;0;1;1\n", "[line]", "no line and no zone" },
  { "[line  ]\npoints=0;0;1;1\n", "[line  ]", "name is missing" },
  { GOOD_LINE ZONE "points=0;0;1;0;1;1\n" GOOD_LINE, "[line a]", "twice" },
  { LINE, "[line a]", "no points" },
  { LINE "points=\n", "[line a]", "0 points" },
  { LINE "points=0;0\n", "[line a]", "1 points" },
  { LINE "points=0;0;1\n", "[line a]", "3 numbers" },
  { LINE "points=0;0;1;x\n", "[line a]", "\"x\" in points is not a number" },
  { LINE "points=0;0;1;nan\n", "[line a]", "\"nan\"" },
  { LINE "points=0;0;;1\n", "[line a]", "\"\" in points" },
  { LINE "points=0;0;640;480\n", "[line a]", "640 in points" },
  { LINE "points=0;0;-0.1;1\n", "[line a]", "-0.1 in points" },
  { LINE "points=0.5;0.5;0.5;0.5\n", "[line a]", "needs two" },
  { GOOD_LINE "dwell=3\n", "[line a]", "no key \"dwell\"" },
  { GOOD_LINE "anchor=feet\n", "[line a]", "anchor=feet" },
  { GOOD_LINE ZONE "points=0;0;1;1\n", "[zone b]", "2 points" },
  { GOOD_LINE ZONE "points=0;0;1;1;0.5;0.5\n", "[zone b]", "no area" },
  { ZONE "points=0;0;1;0;1;1\ndwell=-1\n", "[zone b]", "dwell=-1" },
  { ZONE "points=0;0;1;0;1;1\ndwell=soon\n", "[zone b]", "dwell=soon" },
  { ZONE "points=0;0;1;0;1;1\ndwell=1e300\n", "[zone b]", "dwell=1e300" },
  { ZONE "points=0;0;1;0;1;1\nclass=person\n", "[zone b]", "no key \"class\"" },
  { GOOD_LINE "points=\\q\n", "[line a]", "points cannot be read" },
  { LINE "points=\xff\xfe;0;1;1\n", "[line a]", "is not a number" },
};

/* messages name the file, the group, and what is wrong */
GST_START_TEST (test_bad)
{
  GError *error = NULL;
  ZonesConfig *config =
      zones_config_new_from_data (bad[__i__].text, -1, "FILE", &error);

  fail_unless (config == NULL, "taken for good: %s", bad[__i__].text);
  fail_unless (g_error_matches (error, ZONES_ERROR, ZONES_ERROR_SETTINGS));
  fail_unless (g_str_has_prefix (error->message, "FILE"), "%s", error->message);
  fail_unless (
      strstr (error->message, bad[__i__].where) != NULL, "%s", error->message);
  fail_unless (
      strstr (error->message, bad[__i__].what) != NULL, "%s", error->message);
  fail_unless (g_utf8_validate (error->message, -1, NULL));
  g_error_free (error);
}
GST_END_TEST;

/* more lines and points than anyone draws are refused, not stored */
GST_START_TEST (test_too_many)
{
  g_autoptr (GString) shapes = g_string_new (NULL);
  g_autoptr (GString) points = g_string_new (LINE "points=");
  GError *error = NULL;

  for (guint i = 0; i <= ZONES_MAX_SHAPES; i++)
    g_string_append_printf (shapes, "[line %u]\npoints=0;0;1;1\n", i);
  fail_unless (
      zones_config_new_from_data (shapes->str, -1, "FILE", &error) == NULL);
  fail_unless (strstr (error->message, "65 lines") != NULL);
  g_clear_error (&error);

  for (guint i = 0; i <= ZONES_MAX_POINTS; i++)
    g_string_append_printf (points, "%g;0;", i / 100.0);
  fail_unless (
      zones_config_new_from_data (points->str, -1, "FILE", &error) == NULL);
  fail_unless (strstr (error->message, "65 points") != NULL);
  g_clear_error (&error);
}
GST_END_TEST;

/* files are read, and those that are none give a message */
GST_START_TEST (test_files)
{
  g_autofree gchar *path = NULL;
  GError *error = NULL;
  gint file = g_file_open_tmp ("zones-XXXXXX", &path, NULL);
  ZonesConfig *config;

  fail_unless (file >= 0);
  close (file);
  fail_unless (g_file_set_contents (path, GOOD_LINE, -1, NULL));
  config = zones_config_new_from_file (path, NULL);
  fail_unless (config != NULL);
  zones_config_unref (config);
  g_remove (path);

  fail_unless (zones_config_new_from_file (path, &error) == NULL);
  fail_unless (g_error_matches (error, ZONES_ERROR, ZONES_ERROR_NOT_FOUND));
  fail_unless (strstr (error->message, path) != NULL);
  g_clear_error (&error);
  fail_unless (zones_config_new_from_file ("/dev/zero", &error) == NULL);
  fail_unless (g_error_matches (error, ZONES_ERROR, ZONES_ERROR_NOT_FOUND));
  g_clear_error (&error);
  fail_unless (zones_config_new_from_file ("/", &error) == NULL);
  g_clear_error (&error);
}
GST_END_TEST;

/* files with bytes changed at random are read or refused, and nothing else */
GST_START_TEST (test_mutations)
{
  static const gchar text[] = GOOD_LINE "classes=person;car\nanchor=top\n" ZONE
                                        "points=0;0;1;0;1;1\ndwell=3\n";
  GRand *random = g_rand_new_with_seed (5);

  for (guint i = 0; i < 5000; i++) {
    g_autofree gchar *mutated = g_memdup2 (text, sizeof text);
    GError *error = NULL;
    ZonesConfig *config;

    for (guint j = g_rand_int_range (random, 1, 6); j > 0; j--)
      mutated[g_rand_int_range (random, 0, sizeof text - 1)] =
          g_rand_boolean (random)
              ? "[]=;\n .-#0"[g_rand_int_range (random, 0, 10)]
              : (gchar) g_rand_int (random);
    config =
        zones_config_new_from_data (mutated, sizeof text - 1, "FILE", &error);
    fail_unless ((config == NULL) == (error != NULL));
    g_clear_pointer (&config, zones_config_unref);
    g_clear_error (&error);
  }
  g_rand_free (random);
}
GST_END_TEST;

static Suite *
config_suite (void)
{
  Suite *suite = suite_create ("tracking-zones-config");
  TCase *chain = tcase_create ("general");

  suite_add_tcase (suite, chain);
  tcase_add_test (chain, test_good);
  tcase_add_loop_test (chain, test_bad, 0, G_N_ELEMENTS (bad));
  tcase_add_test (chain, test_too_many);
  tcase_add_test (chain, test_files);
  tcase_add_test (chain, test_mutations);
  return suite;
}

GST_CHECK_MAIN (config);
