/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The reader of .xmodel files: what is no such file, or only a part of one. */

#include <gst/check/gstcheck.h>

#include "testfolder.h"
#include "xmodel/xmodel.h"

#include "samples.h"

#include <sys/stat.h>
#include <unistd.h>

/* what a parser says of @bytes */
static void
check_refused (
    GBytes *bytes, XmodelError code, const gchar *what, const gchar *words)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Xmodel) model = xmodel_parse (bytes, &error);

  fail_if (model, "%s was taken", what);
  fail_unless (g_error_matches (error, XMODEL_ERROR, code), "%s: %s", what,
      error->message);
  fail_unless (strstr (error->message, words), "%s: %s", what, error->message);
}

/* a root subgraph with children @depth deep, and nothing else */
static GBytes *
nest (guint depth)
{
  GByteArray *bytes = g_byte_array_new ();
  guint i;

  for (i = 0; i < depth; i++) {
    guint8 head[4] = { 10 << 3 | 2, bytes->len & 0x7f, 0, 0 };
    guint n_bytes = 2;

    if (bytes->len > 0x7f) {
      head[1] |= 0x80;
      head[2] = bytes->len >> 7;
      n_bytes = 3;
    }
    g_byte_array_prepend (bytes, head, n_bytes);
  }
  return g_byte_array_free_to_bytes (bytes);
}

/* Messages in messages are refused before the stack or libprotobuf ends. */
GST_START_TEST (test_nesting)
{
  g_autoptr (GBytes) deep = nest (2000);
  g_autoptr (GBytes) flat = nest (60);

  check_refused (deep, XMODEL_ERROR_LIMIT, "deep", "nested more than 64");
  check_refused (flat, XMODEL_ERROR_INVALID, "flat", "has no operators");
}
GST_END_TEST;

static const struct {
  const gchar *what;
  const gchar *data;
  gsize size;
  const gchar *words;
} files[] = {
  { "nothing", "", 0, "is empty" },
  { "text", "#!/bin/sh\necho", 14, "is a text" },
  { "JSON", "{\"model\": 1}", 12, "is a text" },
  { "zip", "PK\003\004abcdef", 10, "zip archive" },
  { "HDF5", "\211HDF\r\n\032\n", 8, "HDF5" },
  { "ONNX", "\010\007\022\007pytorch", 11, "not of the type it should be" },
  { "no number", "\002\000", 2, "no valid number" },
  { "long number", "\377\377\377\377\377\377\377\377\377\377\377", 11,
      "no valid number" },
  { "length", "\012\177abc", 5, "longer than the message" },
  { "cut length", "\012\200", 2, "a length is cut off" },
  { "group", "\013\014", 2, "an encoding that xmodels do not use" },
  { "cut number", "\370\377\003\200", 4, "a number is cut off" },
  { "cut float", "\375\377\003abc", 6, "a number is cut off" },
  { "name twice", "\012\001a\012\001b", 6, "is there twice" },
  { "not UTF-8", "\012\002\303\050", 4, "not UTF-8" },
  { "zero byte", "\012\003a\000b", 5, "zero bytes" },
  { "bad definition", "\252\006\004\012\002\377\376", 7, "not UTF-8" },
  { "only a name", "\012\001a", 3, "has no operators" },
};

/* What is no protobuf message, or one that parsers disagree on, is refused. */
GST_START_TEST (test_files)
{
  g_autoptr (GBytes) bytes =
      g_bytes_new_static (files[__i__].data, files[__i__].size);

  check_refused (
      bytes, XMODEL_ERROR_INVALID, files[__i__].what, files[__i__].words);
}
GST_END_TEST;

/* A model that was not written to its end is refused wherever it stops. */
GST_START_TEST (test_truncated)
{
  g_autoptr (XmodelFile__Graph) graph = xmodel_sample_new_compiled ();
  g_autoptr (GBytes) bytes = xmodel_sample_pack (graph);
  gsize size = g_bytes_get_size (bytes);
  gsize i;

  for (i = 0; i < size; i++) {
    g_autoptr (GBytes) part = g_bytes_new_from_bytes (bytes, 0, i);
    g_autoptr (Xmodel) model = xmodel_parse (part, NULL);

    fail_if (model, "%" G_GSIZE_FORMAT " bytes were taken", i);
  }
}
GST_END_TEST;

/* Files that cannot be read say so, others name the file. */
GST_START_TEST (test_load)
{
  g_autofree gchar *folder = testfolder_make ();
  g_autofree gchar *path = g_build_filename (folder, "a.xmodel", NULL);
  GError *error = NULL;

  fail_if (xmodel_load (path, &error));
  fail_unless (g_error_matches (error, XMODEL_ERROR, XMODEL_ERROR_NOT_FOUND));
  fail_unless (strstr (error->message, path));
  g_clear_error (&error);

  fail_if (xmodel_load (folder, &error));
  fail_unless (g_error_matches (error, XMODEL_ERROR, XMODEL_ERROR_NOT_FOUND));
  g_clear_error (&error);

  fail_unless (g_file_set_contents (path, "", 0, NULL));
  fail_if (xmodel_load (path, &error));
  fail_unless (g_error_matches (error, XMODEL_ERROR, XMODEL_ERROR_INVALID));
  fail_unless (strstr (error->message, path));
  g_clear_error (&error);
  testfolder_remove (folder);
}
GST_END_TEST;

/* What never ends, or is too large for memory, is not even opened. */
GST_START_TEST (test_no_files)
{
  g_autofree gchar *folder = testfolder_make ();
  g_autofree gchar *pipe = g_build_filename (folder, "pipe", NULL);
  g_autofree gchar *large = g_build_filename (folder, "large", NULL);
  GError *error = NULL;

  fail_unless (mkfifo (pipe, 0600) == 0);
  fail_if (xmodel_load (pipe, &error));
  fail_unless (g_error_matches (error, XMODEL_ERROR, XMODEL_ERROR_NOT_FOUND));
  fail_unless (strstr (error->message, "a device or a pipe"));
  g_clear_error (&error);

  fail_if (xmodel_load ("/dev/zero", &error));
  fail_unless (strstr (error->message, "a device or a pipe"));
  g_clear_error (&error);

  /* all hole */
  fail_unless (g_file_set_contents (large, "", 0, NULL));
  fail_unless (truncate (large, (goffset) 1 << 30) == 0);
  fail_if (xmodel_load (large, &error));
  fail_unless (g_error_matches (error, XMODEL_ERROR, XMODEL_ERROR_LIMIT));
  fail_unless (strstr (error->message, "1073741824 bytes"));
  g_clear_error (&error);

  testfolder_remove (folder);
}
GST_END_TEST;

static Suite *
xmodel_files_suite (void)
{
  Suite *suite = suite_create ("xmodel-files");
  TCase *tcase = tcase_create ("files");

  suite_add_tcase (suite, tcase);
  testfolder_add (tcase);
  tcase_add_loop_test (tcase, test_files, 0, G_N_ELEMENTS (files));
  tcase_add_test (tcase, test_nesting);
  tcase_add_test (tcase, test_truncated);
  tcase_add_test (tcase, test_load);
  tcase_add_test (tcase, test_no_files);
  return suite;
}

GST_CHECK_MAIN (xmodel_files);
