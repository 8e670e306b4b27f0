/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* make-graphs FOLDER: what fuzz-swdpu starts from, graphs of all operators in both
 * forms. */

#include "swdpu/randomgraph.h"

#include <glib/gstdio.h>

#define N_GRAPHS 200

int
main (int argc, char **argv)
{
  if (argc != 2) {
    g_printerr ("Usage: %s FOLDER\n", argv[0]);
    return 2;
  }
  g_mkdir_with_parents (argv[1], 0755);
  for (guint i = 0; i < N_GRAPHS; i++) {
    g_autoptr (RandomGraph) graph = random_graph_new (i, i % 2);
    g_autoptr (GBytes) bytes = i % 2 ? random_graph_write_compiled (graph)
                                     : random_graph_write_quantized (graph);
    g_autofree gchar *name = g_strdup_printf ("graph%03u.xmodel", i);
    g_autofree gchar *path = g_build_filename (argv[1], name, NULL);
    g_autoptr (GError) error = NULL;

    if (!g_file_set_contents (path, g_bytes_get_data (bytes, NULL),
            g_bytes_get_size (bytes), &error)) {
      g_printerr ("%s\n", error->message);
      return 1;
    }
  }
  return 0;
}
