/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* worst-models FOLDER: writes models there that are just within the limits of
 * what is taken, each the worst in one way. bench-load tells what opening them
 * costs. */

#include "swdpu/graphrig.h"

#include <xmodel/xmodel.h>

#include <glib/gstdio.h>
#include <string.h>

static const gint32 ones[] = { 1, 1 };
static const gint32 no_padding[] = { 0, 0, 0, 0 };

/* names of @length letters that differ at their end alone */
static gchar *
make_name (guint index, guint length)
{
  g_autofree gchar *number = g_strdup_printf ("%u", index);
  gchar *name = g_malloc (length + 1);

  memset (name, 'n', length);
  memcpy (name + length - strlen (number), number, strlen (number) + 1);
  return name;
}

/* as many operators as are taken, with as long names and as many inputs */
static XmodelFile__Graph *
make_many_operators (void)
{
  static const guint32 dims[] = { 1, 2, 2, 1 };
  XmodelFile__Graph *graph = graphrig_new ();

  graphrig_add_input (graph, "in", dims, 4, 0);
  for (guint i = 0; i < (XMODEL_MAX_OPS - 2) / 2; i++) {
    g_autofree gchar *name = make_name (2 * i, 1024);
    g_autofree gchar *before =
        i == 0 ? g_strdup ("in") : make_name (2 * i - 1, 1024);
    g_autofree gchar *fix = make_name (2 * i + 1, 1024);
    XmodelFile__Op *op = graphrig_add_op (graph, name, "add", dims, 4);

    for (guint j = 0; j < 3; j++)
      xmodel_sample_add_input (op, "input", before);
    graphrig_add_fix (graph, fix, name, 0);
  }
  return graph;
}

/* as many convolutions, all of different shapes: each is tried at load */
static XmodelFile__Graph *
make_many_convolutions (void)
{
  static const guint32 in[] = { 1, 20, 20, 8 };
  g_autofree gint8 *values = g_new0 (gint8, 20 * 20 * 8 * 8);
  XmodelFile__Graph *graph = graphrig_new ();

  for (guint i = 0; i < 20 * 20 * 8 * 8; i++)
    values[i] = i % 7;
  graphrig_add_input (graph, "in", in, 4, 0);
  for (guint i = 0; i < XMODEL_MAX_OPS / 6; i++) {
    const gint32 kernel[] = { 1 + i % 19, 1 + i / 19 };
    const guint32 dims[] = { 1, 21 - kernel[1], 21 - kernel[0], 8 };
    const guint32 weight_dims[] = { 8, kernel[1], kernel[0], 8 };
    g_autofree gchar *weights = g_strdup_printf ("weights%u", i);
    g_autofree gchar *name = g_strdup_printf ("conv%u", i);
    g_autofree gchar *fix = g_strdup_printf ("fix%u", i);
    XmodelFile__Op *op;

    graphrig_add_constant (graph, weights, weight_dims, 4, 0, values);
    op = graphrig_add_op (graph, name, "conv2d", dims, 4);
    xmodel_sample_add_input (op, "input", "in");
    xmodel_sample_add_input (op, "weights", weights);
    graphrig_set_window (op, kernel, ones, ones, no_padding);
    graphrig_add_fix (graph, fix, name, 0);
  }
  return graph;
}

/* as many of one channel, with wide and sparse kernels, which have few neighbours to
 * be packed with, and share their weights as often as they may */
static XmodelFile__Graph *
make_sparse_kernels (void)
{
  static const guint32 in[] = { 1, 721, 725, 1 };
  static const guint32 out[] = { 1, 1, 1, 1 };
  static const guint32 weight_dims[] = { 1, 361, 363, 1 };
  static const gint32 kernel[] = { 363, 361 };
  static const gint32 dilation[] = { 2, 2 };
  g_autofree gint8 *values = g_new0 (gint8, 361 * 363);
  XmodelFile__Graph *graph = graphrig_new ();

  graphrig_add_input (graph, "in", in, 4, 0);
  for (guint i = 0; i < XMODEL_MAX_OPS / 6; i++) {
    /* PLAN_FEW_WEIGHTS are 32 of these kernels, and each may be read eight times */
    guint own = i < 40 ? 0 : 1 + (i - 40) / 8;
    g_autofree gchar *weights = g_strdup_printf ("weights%u", own);
    g_autofree gchar *name = g_strdup_printf ("conv%u", i);
    g_autofree gchar *fix = g_strdup_printf ("fix%u", i);
    XmodelFile__Op *op;

    if (i == 0 || (i >= 40 && i % 8 == 0))
      graphrig_add_constant (graph, weights, weight_dims, 4, 0, values);
    op = graphrig_add_op (graph, name, "conv2d", out, 4);
    xmodel_sample_add_input (op, "input", "in");
    xmodel_sample_add_input (op, "weights", weights);
    graphrig_set_window (op, kernel, ones, dilation, no_padding);
    graphrig_add_fix (graph, fix, name, 0);
  }
  return graph;
}

/* as large a frame, in as much scratch memory, and nearly as much arithmetic */
static XmodelFile__Graph *
make_large_frame (void)
{
  static const guint32 in[] = { 1, 3712, 3712, 3 };
  static const guint32 out[] = { 1, 3712, 3712, 16 };
  static const guint32 weight_dims[] = { 16, 31, 31, 3 };
  static const gint32 kernel[] = { 31, 31 };
  static const gint32 pad[] = { 15, 15, 15, 15 };
  g_autofree gint8 *weights = g_new0 (gint8, 16 * 31 * 31 * 3);
  XmodelFile__Graph *graph = graphrig_new ();
  XmodelFile__Op *op;

  for (guint i = 0; i < 16 * 31 * 31 * 3; i++)
    weights[i] = i % 7;
  graphrig_add_input (graph, "in", in, 4, 0);
  graphrig_add_constant (graph, "weights", weight_dims, 4, 0, weights);
  op = graphrig_add_op (graph, "conv", "conv2d", out, 4);
  xmodel_sample_add_input (op, "input", "in");
  xmodel_sample_add_input (op, "weights", "weights");
  graphrig_set_window (op, kernel, ones, ones, pad);
  graphrig_add_fix (graph, "out", "conv", 0);
  return graph;
}

/* as many fields, in as many small attributes as a file may grow by */
static XmodelFile__Graph *
make_many_fields (void)
{
  static const guint32 dims[] = { 1, 2, 2, 1 };
  XmodelFile__Graph *graph = graphrig_new ();

  graphrig_add_input (graph, "in", dims, 4, 0);
  for (guint i = 0; i < 120; i++) {
    g_autofree gchar *name = g_strdup_printf ("op%u", i);
    g_autofree gchar *fix = g_strdup_printf ("fix%u", i);
    XmodelFile__Op *op = graphrig_add_op (graph, name, "relu", dims, 4);

    xmodel_sample_add_input (op, "input", "in");
    for (guint j = 0; j < 1000; j++) {
      g_autofree gchar *attribute = make_name (j, 200);

      xmodel_sample_set_bool (GRAPHRIG_ATTRIBUTES (op), attribute, TRUE);
    }
    graphrig_add_fix (graph, fix, name, 0);
  }
  return graph;
}

/* a list of as many numbers as are taken */
static XmodelFile__Graph *
make_many_numbers (void)
{
  static const guint32 dims[] = { 1, 2, 2, 1 };
  g_autofree gint32 *numbers = g_new0 (gint32, 1990000);
  XmodelFile__Graph *graph = graphrig_new ();
  XmodelFile__Op *op;

  graphrig_add_input (graph, "in", dims, 4, 0);
  op = graphrig_add_op (graph, "op", "relu", dims, 4);
  xmodel_sample_add_input (op, "input", "in");
  xmodel_sample_set_ints (GRAPHRIG_ATTRIBUTES (op), "list", numbers, 1990000);
  graphrig_add_fix (graph, "out", "op", 0);
  return graph;
}

static const struct {
  const gchar *name;
  XmodelFile__Graph *(*make) (void);
} worst[] = {
  { "operators", make_many_operators },
  { "convolutions", make_many_convolutions },
  { "kernels", make_sparse_kernels },
  { "frame", make_large_frame },
  { "fields", make_many_fields },
  { "numbers", make_many_numbers },
};

int
main (int argc, char **argv)
{
  if (argc != 2) {
    g_printerr ("Usage: %s FOLDER\n", argv[0]);
    return 2;
  }
  g_mkdir_with_parents (argv[1], 0755);
  for (guint i = 0; i < G_N_ELEMENTS (worst); i++) {
    g_autoptr (XmodelFile__Graph) graph = worst[i].make ();
    g_autoptr (GBytes) bytes = xmodel_sample_pack (graph);
    g_autofree gchar *name = g_strconcat (worst[i].name, ".xmodel", NULL);
    g_autofree gchar *path = g_build_filename (argv[1], name, NULL);
    g_autoptr (GError) error = NULL;

    if (!g_file_set_contents (path, g_bytes_get_data (bytes, NULL),
            g_bytes_get_size (bytes), &error)) {
      g_printerr ("%s\n", error->message);
      return 1;
    }
    g_print ("%s: %" G_GSIZE_FORMAT " bytes\n", path, g_bytes_get_size (bytes));
  }
  return 0;
}
