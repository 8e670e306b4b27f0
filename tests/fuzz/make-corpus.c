/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Makes the seeds of the fuzzer from the models of the tests: without the
 * definitions of operators, which are most of a small file. */

#include "xmodel/samples.h"

static void
write_seed (const gchar *directory, const gchar *name, XmodelFile__Graph *graph)
{
  g_autofree gchar *path = g_build_filename (directory, name, NULL);
  g_autoptr (GBytes) bytes = xmodel_sample_pack (graph);
  g_autoptr (GError) error = NULL;

  if (!g_file_set_contents (path, g_bytes_get_data (bytes, NULL),
          g_bytes_get_size (bytes), &error))
    g_error ("%s", error->message);
}

int
main (int argc, char **argv)
{
  g_autoptr (XmodelFile__Graph) compiled = xmodel_sample_new_compiled ();
  g_autoptr (XmodelFile__Graph) operators = xmodel_sample_new_operators ();
  gint i;

  if (argc < 2) {
    g_printerr ("usage: %s DIRECTORY MODEL...\n", argv[0]);
    return 2;
  }
  g_mkdir_with_parents (argv[1], 0755);
  write_seed (argv[1], "compiled.xmodel", compiled);
  write_seed (argv[1], "operators.xmodel", operators);
  for (i = 2; i < argc; i++) {
    g_autoptr (XmodelFile__Graph) graph = xmodel_sample_load (argv[i]);
    g_autofree gchar *name = g_strdup_printf ("%02d.xmodel", i);

    xmodel_sample_strip_definitions (graph);
    write_seed (argv[1], name, graph);
  }
  return 0;
}
