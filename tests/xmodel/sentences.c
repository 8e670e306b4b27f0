/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What people give for a model by mistake is named for what it is, with what to
 * do; and whatever a file has in its names, messages stay one line of text. */

#include <gst/check/gstcheck.h>

#include "testfolder.h"
#include "xmodel/xmodel.h"

#include "samples.h"

#include <glib/gstdio.h>

static gchar *
write_file (
    const gchar *folder, const gchar *name, gconstpointer data, gssize size)
{
  gchar *path = g_build_filename (folder, name, NULL);

  fail_unless (g_file_set_contents (path, data, size, NULL));
  return path;
}

static void
check_refused (const gchar *path, const gchar *words)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Xmodel) model = xmodel_load (path, &error);

  fail_if (model, "taken in spite of: %s", words);
  fail_unless (strstr (error->message, words), "\"%s\" is not in: %s", words,
      error->message);
}

static const struct {
  const gchar *content;
  const gchar *words;
} files[] = {
  { "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 7\n",
      "\"git lfs pull\"" },
  { "Entry not found", "the words \"Entry not found\", which a server sends" },
  { "<!DOCTYPE html><html>", "a web page" },
  { "<html>", "a web page" },
  { "{\"error\": 404}", "a text" },
};

/* downloads that went wrong say how */
GST_START_TEST (test_downloads)
{
  g_autofree gchar *folder = testfolder_make ();
  g_autofree gchar *path =
      write_file (folder, "a.xmodel", files[__i__].content, -1);

  check_refused (path, files[__i__].words);
  testfolder_remove (folder);
}
GST_END_TEST;

/* a folder leads to the model in it, where there is one and no other */
GST_START_TEST (test_folders)
{
  g_autofree gchar *folder = testfolder_make ();
  g_autofree gchar *words = NULL, *first = NULL, *second = NULL;

  check_refused (folder, "is a folder; name an .xmodel file");
  first = write_file (folder, "a.xmodel", "", 0);
  words = g_strdup_printf ("is a folder; the model in it is \"%s\"", first);
  check_refused (folder, words);
  second = write_file (folder, "b.xmodel", "", 0);
  check_refused (folder, "is a folder; name an .xmodel file");
  testfolder_remove (folder);
}
GST_END_TEST;

/* a file that stops before its end has its size told */
GST_START_TEST (test_cut_off)
{
  g_autoptr (XmodelFile__Graph) graph = xmodel_sample_new_compiled ();
  g_autoptr (GBytes) bytes = xmodel_sample_pack (graph);
  g_autofree gchar *folder = testfolder_make ();
  gsize size = g_bytes_get_size (bytes) - 100;
  g_autofree gchar *path =
      write_file (folder, "a.xmodel", g_bytes_get_data (bytes, NULL), size);
  g_autofree gchar *words = g_strdup_printf (
      "It has %" G_GSIZE_FORMAT " bytes; compare that with the original", size);

  check_refused (path, "or cut off");
  check_refused (path, words);
  testfolder_remove (folder);
}
GST_END_TEST;

/* line breaks, colours, window titles and turned letters of names stay in the file
 */
GST_START_TEST (test_names_are_printable)
{
  static const gchar name[] = "a\nb\033[31mc\033]0;title\007d\342\200\256e";
  g_autoptr (XmodelFile__Graph) graph = xmodel_sample_new_compiled ();
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;

  g_free (graph->ops[1]->name);
  graph->ops[1]->name = g_strdup (name);
  xmodel_file__tensor__free_unpacked (graph->ops[1]->tensor, NULL);
  graph->ops[1]->tensor = NULL;
  bytes = xmodel_sample_pack (graph);
  fail_unless (xmodel_parse (bytes, &error) == NULL);
  fail_unless (
      strstr (error->message, "\"a b\357\277\275[31mc\357\277\275]0;title"
                              "\357\277\275d\357\277\275e\"")
          != NULL,
      "%s", error->message);
  for (const gchar *at = error->message; *at != '\0';
       at = g_utf8_next_char (at))
    fail_unless (
        g_unichar_isprint (g_utf8_get_char (at)), "%s", error->message);
}
GST_END_TEST;

static Suite *
xmodel_sentences_suite (void)
{
  Suite *suite = suite_create ("xmodel-sentences");
  TCase *tcase = tcase_create ("sentences");

  suite_add_tcase (suite, tcase);
  testfolder_add (tcase);
  tcase_add_loop_test (tcase, test_downloads, 0, G_N_ELEMENTS (files));
  tcase_add_test (tcase, test_folders);
  tcase_add_test (tcase, test_cut_off);
  tcase_add_test (tcase, test_names_are_printable);
  return suite;
}

GST_CHECK_MAIN (xmodel_sentences)
