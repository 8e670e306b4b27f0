/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The reader of .xmodel files: small files that would take much time or memory
 * are refused for that, with the number that is too large and the limit. */

#include <gst/check/gstcheck.h>

#include "xmodel/xmodel.h"

#include "samples.h"

/* of the file's format */
#define GRAPH_ATTRIBUTES 11
#define GRAPH_OPS 5

static void
check_refused (const XmodelFile__Graph *graph, const gchar *words)
{
  g_autoptr (GBytes) bytes = xmodel_sample_pack (graph);
  g_autoptr (GError) error = NULL;
  g_autoptr (Xmodel) model = xmodel_parse (bytes, &error);

  fail_if (model, "taken in spite of: %s", words);
  fail_unless (g_error_matches (error, XMODEL_ERROR, XMODEL_ERROR_LIMIT), "%s",
      error->message);
  fail_unless (strstr (error->message, words), "\"%s\" is not in: %s", words,
      error->message);
}

/* Attributes are counted, as are the entries of each map. */
GST_START_TEST (test_entries)
{
  g_autoptr (XmodelFile__Graph) wide = xmodel_sample_new_compiled ();
  g_autoptr (XmodelFile__Graph) deep = xmodel_sample_new_compiled ();
  guint i;

  for (i = 0; i < 1025; i++) {
    g_autofree gchar *name = g_strdup_printf ("%u", i);

    xmodel_sample_set_int (XMODEL_SAMPLE_ATTRIBUTES (wide), name, 0);
    xmodel_sample_map_int (XMODEL_SAMPLE_ATTRIBUTES (deep), "map", name, 1);
  }
  check_refused (wide, "has 1025 attributes, more than the 1024");
  check_refused (deep, "the map \"map\" has 1025 entries, more than the 1024");
}
GST_END_TEST;

/* Names that all have the same hash, by which a file could make tables of them
 * slow, are nothing special. */
GST_START_TEST (test_colliding_names)
{
  static const guint32 dims[] = { 1, 8, 8, 4 };
  g_autoptr (XmodelFile__Graph) graph = xmodel_sample_new_compiled ();
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (Xmodel) model = NULL;
  XmodelFile__Subgraph *cpu = xmodel_sample_add_subgraph (graph->root, "more");
  gchar name[10 * 2 + 1] = { 0 };
  guint i, bit;

  for (i = 0; i < 1024; i++) {
    XmodelFile__Op *op;

    /* "aB" and "b!" are alike to g_str_hash() */
    for (bit = 0; bit < 10; bit++)
      memcpy (name + 2 * bit, i >> bit & 1 ? "aB" : "b!", 2);
    fail_unless_equals_int (g_str_hash ("aB"), g_str_hash ("b!"));
    op = xmodel_sample_add_op (graph, name, "relu", dims, 4);
    xmodel_sample_add_input (op, "input", "conv");
    xmodel_sample_subgraph_add_op (cpu, name);
  }
  bytes = xmodel_sample_pack (graph);
  model = xmodel_parse (bytes, &error);
  fail_unless (model != NULL, "%s", error == NULL ? "" : error->message);
  fail_unless (xmodel_find_op (model, name) != NULL);
  fail_unless (xmodel_find_op (model, "aBc") == NULL);
}
GST_END_TEST;

/* A byte of a packed list becomes a number of four or eight. */
GST_START_TEST (test_packed_numbers)
{
  g_autoptr (XmodelFile__Graph) graph = xmodel_sample_new_compiled ();
  XmodelSampleAttributes attributes = XMODEL_SAMPLE_ATTRIBUTES (graph);
  gint32 *zeros = g_new0 (gint32, 2000001);

  xmodel_sample_set_ints (attributes, "zeros", zeros, 2000001);
  g_free (zeros);
  check_refused (graph, "more than 2000000 fields and numbers in lists");
}
GST_END_TEST;

/* A few bytes become structures of a hundred: what the file would grow to is
 * known before it does. */
GST_START_TEST (test_growth)
{
  GByteArray *file = g_byte_array_new ();
  static const guint8 empty_op[] = { GRAPH_OPS << 3 | 2, 0 };
  /* no name, and a boolean */
  static const guint8 attribute[] = { GRAPH_ATTRIBUTES << 3 | 2, 6, 1 << 3 | 2,
    0, 2 << 3 | 2, 2, 4 << 3, 0 };
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  guint i;

  g_byte_array_append (file, empty_op, sizeof (empty_op));
  for (i = 0; i < 300000; i++)
    g_byte_array_append (file, attribute, sizeof (attribute));
  bytes = g_byte_array_free_to_bytes (file);
  fail_unless (xmodel_parse (bytes, &error) == NULL);
  fail_unless (g_error_matches (error, XMODEL_ERROR, XMODEL_ERROR_LIMIT));
  fail_unless (strstr (error->message, "the file of 2400002 bytes would take "
                                       "more than 26377224"),
      "%s", error->message);
}
GST_END_TEST;

/* Ten bytes hold 64 bits with one to spare in the last: more there is read in two
 * ways by two parsers. */
GST_START_TEST (test_tenth_byte_of_a_number)
{
  static const guint8 starts[] = { 0xf8, 0xff, 0x03, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff };
  guint last;

  for (last = 0; last < 256; last++) {
    g_autoptr (XmodelFile__Graph) graph = xmodel_sample_new_compiled ();
    g_autoptr (GBytes) sound = xmodel_sample_pack (graph);
    GByteArray *file = g_byte_array_new ();
    g_autoptr (GBytes) bytes = NULL;
    g_autoptr (Xmodel) model = NULL;
    const guint8 byte = last;

    g_byte_array_append (
        file, g_bytes_get_data (sound, NULL), g_bytes_get_size (sound));
    g_byte_array_append (file, starts, sizeof (starts));
    g_byte_array_append (file, &byte, 1);
    bytes = g_byte_array_free_to_bytes (file);
    model = xmodel_parse (bytes, NULL);
    fail_unless_equals_int (model != NULL, last <= 1);
  }
}
GST_END_TEST;

static Suite *
xmodel_limits_suite (void)
{
  Suite *suite = suite_create ("xmodel-limits");
  TCase *tcase = tcase_create ("limits");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_entries);
  tcase_add_test (tcase, test_colliding_names);
  tcase_add_test (tcase, test_packed_numbers);
  tcase_add_test (tcase, test_growth);
  tcase_add_test (tcase, test_tenth_byte_of_a_number);
  return suite;
}

GST_CHECK_MAIN (xmodel_limits)
