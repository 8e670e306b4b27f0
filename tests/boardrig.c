/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "boardrig.h"

#include <glib/gstdio.h>
#include <string.h>

static gchar *folder;

void
boardrig_setup (void)
{
  folder = g_dir_make_tmp ("dpu-board-XXXXXX", NULL);
  fail_unless (folder != NULL);
}

void
boardrig_teardown (void)
{
  g_autoptr (GDir) files = g_dir_open (folder, 0, NULL);
  const gchar *name;

  while ((name = g_dir_read_name (files)) != NULL) {
    g_autofree gchar *path = g_build_filename (folder, name, NULL);

    g_unlink (path);
  }
  g_rmdir (folder);
  g_clear_pointer (&folder, g_free);
}

gchar *
boardrig_write_file (const gchar *name, const void *data, gsize size)
{
  gchar *path = g_build_filename (folder, name, NULL);

  fail_unless (g_file_set_contents (path, data, size, NULL));
  return path;
}

gchar *
boardrig_write_model (const XmodelFile__Graph *graph)
{
  g_autoptr (GBytes) bytes = xmodel_sample_pack (graph);
  gsize size;
  gconstpointer data = g_bytes_get_data (bytes, &size);

  return boardrig_write_file ("model.xmodel", data, size);
}

/* a compiled model whose code and parameters begin with @seed; the fake DPU
 * knows it */
gchar *
boardrig_write_sample (guint8 seed)
{
  g_autoptr (XmodelFile__Graph) graph = xmodel_sample_new_compiled ();
  g_autofree gchar *name = g_strdup_printf ("sample%u.xmodel", seed);
  g_autoptr (GBytes) bytes = NULL;
  gchar *path;

  xmodel_sample_seed_compiled (graph, seed);
  bytes = xmodel_sample_pack (graph);
  path = boardrig_write_file (
      name, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  fakedpu_add_model (path);
  return path;
}

static gchar *
write_detector (gboolean shared)
{
  g_autoptr (XmodelFile__Graph) graph = xmodel_sample_new_detector (1, shared);
  gchar *path = boardrig_write_model (graph);

  fakedpu_add_model (path);
  return path;
}

/* a compiled YOLOv5 that the fake DPU knows */
gchar *
boardrig_write_detector (void)
{
  return write_detector (FALSE);
}

/* the same with its input and outputs in one register */
gchar *
boardrig_write_detector_in_one_register (void)
{
  return write_detector (TRUE);
}

gchar *
boardrig_find_data (const gchar *directory, const gchar *name)
{
  return g_build_filename (
      g_getenv ("TEST_DATA_DIR"), "golden", directory, name, NULL);
}

DpuModel *
boardrig_open (const gchar *path, DpuDevice device)
{
  g_autoptr (GError) error = NULL;
  DpuModel *model = dpu_model_open (path, device, &error);

  fail_unless (model != NULL, "%s", error == NULL ? "" : error->message);
  fail_unless_equals_int (dpu_model_get_device (model), device);
  return model;
}

/* @texts: (array zero-terminated=1): what the message must say */
void
boardrig_check_error (
    const GError *error, DpuError code, const gchar *const *texts)
{
  fail_unless (error != NULL);
  fail_unless (g_error_matches (error, DPU_ERROR, code), "not the error %d: %s",
      code, error->message);
  for (; *texts != NULL; texts++)
    fail_unless (strstr (error->message, *texts) != NULL,
        "the message lacks \"%s\": %s", *texts, error->message);
}

void
boardrig_check_refused (const gchar *path, DpuDevice device, DpuError code,
    const gchar *const *texts)
{
  g_autoptr (GError) error = NULL;
  DpuModel *model = dpu_model_open (path, device, &error);

  fail_unless (model == NULL, "%s was accepted", path);
  boardrig_check_error (error, code, texts);
}
