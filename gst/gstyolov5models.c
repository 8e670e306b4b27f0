/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* A registry, as elements do not know each other. A model stays in it as long
 * as an element uses it; a file that was replaced is another model. */

#include "gstyolov5models.h"

#include <glib/gstdio.h>

typedef struct {
  gchar *path;
  DpuDevice device;
  GStatBuf file;
  DpuModel *model;
  guint n_users;
} OpenModel;

static struct {
  GMutex lock;
  GSList *models;
} registry;

static gboolean
is_same_file (const GStatBuf *a, const GStatBuf *b)
{
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino
         && a->st_size == b->st_size && a->st_mtime == b->st_mtime;
}

/* with lock */
static OpenModel *
find_open (const gchar *path, DpuDevice device, const GStatBuf *file)
{
  GSList *item;

  for (item = registry.models; item != NULL; item = item->next) {
    OpenModel *open = item->data;

    /* messages name the path, so that is to be the same as well */
    if (open->device == device && is_same_file (&open->file, file)
        && g_str_equal (open->path, path))
      return open;
  }
  return NULL;
}

/**
 * gst_yolov5_models_acquire:
 * @path: an .xmodel file
 * @device: what is to run it
 * @error: #DpuError
 *
 * Opens a model, unless it is open already. Any thread may call it; they wait
 * for each other, as VART opens one model at a time anyway.
 *
 * Returns: (transfer full) (nullable): a model for gst_yolov5_models_release()
 */
DpuModel *
gst_yolov5_models_acquire (const gchar *path, DpuDevice device, GError **error)
{
  OpenModel *open = NULL;
  DpuModel *model = NULL;
  GStatBuf file = { 0 };

  g_mutex_lock (&registry.lock);
  if (g_stat (path, &file) == 0)
    open = find_open (path, device, &file);

  if (open) {
    open->n_users++;
    model = open->model;
  } else {
    /* it says best what is wrong with a file that is not there */
    model = dpu_model_open (path, device, error);
    if (model) {
      open = g_new0 (OpenModel, 1);
      open->path = g_strdup (path);
      open->device = device;
      open->file = file;
      open->model = model;
      open->n_users = 1;
      registry.models = g_slist_prepend (registry.models, open);
    }
  }
  g_mutex_unlock (&registry.lock);

  return model;
}

/**
 * gst_yolov5_models_release:
 * @model: (transfer full): a model from gst_yolov5_models_acquire()
 *
 * Closes the model when nobody else uses it.
 */
void
gst_yolov5_models_release (DpuModel *model)
{
  GSList *item;

  g_mutex_lock (&registry.lock);
  for (item = registry.models; item != NULL; item = item->next) {
    OpenModel *open = item->data;

    if (open->model != model)
      continue;
    if (--open->n_users == 0) {
      registry.models = g_slist_delete_link (registry.models, item);
      dpu_model_unref (open->model);
      g_free (open->path);
      g_free (open);
    }
    break;
  }
  g_mutex_unlock (&registry.lock);
}
